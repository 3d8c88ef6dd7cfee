//! Which datasets share consumers, and where the consumers of a dataset live.

use std::collections::{BTreeMap, HashMap};

use super::crowd::each_list;
use super::isolation::state_of;
use super::map::MapAnswer;
use crate::index::{IndexError, ObjectRow, Reader};

/// So many datasets are compared with each other, those with most consumers.
pub const COMPARED: usize = 48;

/// Consumers whom two datasets share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// The dataset with more consumers, and how many it has.
    pub larger: (String, u64),
    /// The other.
    pub smaller: (String, u64),
    /// Distinct consumers in both.
    pub shared: u64,
}

/// Sets of people as bits.
struct Bits(Vec<u64>);

impl Bits {
    fn new(people: usize) -> Bits {
        Bits(vec![0; people / 64 + 1])
    }

    fn add(&mut self, person: u32) {
        self.0[person as usize / 64] |= 1 << (person % 64);
    }

    fn both(&self, other: &Bits) -> u64 {
        self.0.iter().zip(&other.0).map(|(a, b)| u64::from((a & b).count_ones())).sum()
    }

    fn each(&self) -> impl Iterator<Item = u32> + '_ {
        (0..).zip(&self.0).flat_map(|(at, word): (u32, &u64)| (0..64).filter(move |b| word >> b & 1 == 1).map(move |b| at * 64 + b))
    }
}

/// The people of each of these datasets.
fn sets(reader: &Reader, names: &[&str]) -> Result<Vec<Bits>, IndexError> {
    let people = reader.numbering()?.len();
    let at: HashMap<&str, usize> = names.iter().copied().zip(0..).collect();
    let mut out: Vec<Bits> = names.iter().map(|_| Bits::new(people)).collect();
    let objects: Vec<ObjectRow> = reader.objects(true)?.into_iter().filter(|o| at.contains_key(o.dataset.as_str())).collect();
    each_list(reader, &objects, &mut |seen, who| {
        let set = &mut out[at[seen.object.dataset.as_str()]];
        who.for_each(|p| set.add(p));
    })?;
    Ok(out)
}

/// Pairs of datasets with consumers in both, most first; of the [`COMPARED`] datasets with most consumers.
pub fn flows(reader: &Reader, map: &MapAnswer) -> Result<Vec<Flow>, IndexError> {
    let mut datasets: Vec<(&str, u64)> = map.datasets.iter().filter(|d| d.consumers > 0).map(|d| (d.name.as_str(), d.consumers)).collect();
    datasets.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    datasets.truncate(COMPARED);
    let names: Vec<&str> = datasets.iter().map(|d| d.0).collect();
    let sets = sets(reader, &names)?;
    let mut out = Vec::new();
    for (i, a) in datasets.iter().enumerate() {
        for (j, b) in datasets.iter().enumerate().skip(i + 1) {
            let shared = sets[i].both(&sets[j]);
            if shared > 0 {
                let named = |d: &(&str, u64)| (d.0.to_owned(), d.1);
                out.push(Flow { larger: named(a), smaller: named(b), shared });
            }
        }
    }
    out.sort_by(|a, b| b.shared.cmp(&a.shared).then_with(|| (&a.larger, &a.smaller).cmp(&(&b.larger, &b.smaller))));
    Ok(out)
}

/// Where the consumers of a dataset live: state by the best evidence and how many, most first; `None` for those of whom nothing tells.
pub fn lives_of(reader: &Reader, dataset: &str) -> Result<Vec<(Option<String>, u64)>, IndexError> {
    let numbering = reader.numbering()?;
    let homes: Vec<Option<String>> = numbering.homes().iter().map(state_of).collect();
    let sets = sets(reader, &[dataset])?;
    let mut by_home: BTreeMap<u32, u64> = BTreeMap::new();
    for person in sets.iter().flat_map(Bits::each) {
        *by_home.entry(numbering.lives(person)).or_default() += 1;
    }
    let mut out: BTreeMap<Option<String>, u64> = BTreeMap::new();
    for (home, n) in by_home {
        *out.entry(homes.get(home as usize).cloned().flatten()).or_default() += n;
    }
    let mut out: Vec<_> = out.into_iter().collect();
    out.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_sets() {
        let (mut a, mut b) = (Bits::new(200), Bits::new(200));
        [0, 63, 64, 199, 199].into_iter().for_each(|p| a.add(p));
        [63, 100, 199].into_iter().for_each(|p| b.add(p));
        assert_eq!((a.both(&b), a.each().collect::<Vec<_>>()), (2, vec![0, 63, 64, 199]));
    }
}
