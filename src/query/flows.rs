//! Which datasets share consumers, and where the consumers of a dataset live.

use std::collections::{BTreeMap, HashMap};

use super::crowd::{Bits, each_list};
use super::map::MapAnswer;
use crate::index::{Home, IndexError, ObjectRow, Reader};
use crate::law::place_name;

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

/// The people of each of these datasets.
fn sets(reader: &Reader, names: &[&str]) -> Result<Vec<Bits>, IndexError> {
    let people = reader.numbering()?.len();
    let at: HashMap<&str, usize> = names.iter().copied().zip(0..).collect();
    let mut out: Vec<Bits> = names.iter().map(|_| Bits::new(people)).collect();
    let objects: Vec<ObjectRow> = reader.objects(true)?.into_iter().filter(|o| at.contains_key(o.dataset.as_str())).collect();
    each_list(reader, &objects, &mut |seen, who| {
        let set = &mut out[at[seen.object.dataset.as_str()]];
        who.iter().for_each(|p| _ = set.add(*p));
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
    let by_state = match reader.stored_counts()? {
        Some(mut counts) => {
            let number = reader.datasets()?.into_iter().find(|d| d.1 == dataset).map(|d| d.0);
            number.and_then(|n| counts.lives.remove(&n)).unwrap_or_default()
        }
        None => counted_lives(reader, dataset)?,
    };
    let mut out: Vec<_> = by_state.into_iter().map(|(state, n)| (state.map(place_name), n)).collect();
    out.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    Ok(out)
}

/// The same by going through its people; ordered by state.
fn counted_lives(reader: &Reader, dataset: &str) -> Result<Vec<(Option<[u8; 2]>, u64)>, IndexError> {
    let numbering = reader.numbering()?;
    let homes: Vec<Option<[u8; 2]>> = numbering.homes().iter().map(Home::place).collect();
    let mut out: BTreeMap<Option<[u8; 2]>, u64> = BTreeMap::new();
    for person in sets(reader, &[dataset])?.iter().flat_map(Bits::each) {
        *out.entry(homes.get(numbering.lives(person) as usize).copied().flatten()).or_default() += 1;
    }
    Ok(out.into_iter().collect())
}

/// What the end of a run has counted is what going through everybody gives.
#[cfg(test)]
pub(super) fn stored_is_counted(reader: &Reader) {
    let stored = reader.stored_counts().unwrap().expect("a completed run has counted");
    assert_eq!(stored, reader.count_consumers().unwrap());
    for (number, name) in reader.datasets().unwrap() {
        assert_eq!(stored.lives.get(&number).cloned().unwrap_or_default(), counted_lives(reader, &name).unwrap(), "{name}");
    }
}
