//! Who came under another tenant, or into another region, between two states of the index.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use roaring::RoaringBitmap;

use super::super::crowd::{Crowd, each_list};
use super::{Borders, Sides, gather};
use crate::index::{IndexError, ObjectRow, Reader, Whose};

/// Consumers that appeared on the other side of a border, where they were on one already or came to both at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leak {
    /// Whether the border is one of regions, and not of tenants.
    pub region: bool,
    /// Where they were before and still are, ordered as configured; empty: they are new.
    pub beside: Vec<String>,
    /// Where they appeared.
    pub appeared: Vec<String>,
    /// How many.
    pub consumers: u64,
    /// The datasets in which they appeared there, ordered.
    pub datasets: Vec<String>,
}

type Key = (bool, BTreeSet<u32>, BTreeSet<u32>);

/// The leaks from one state to a later one of the same index, tenants first; of regions those alone that were written down. Two people who turn out to be one are no leak: nothing was
/// stored anywhere else.
///
/// # Errors
/// Beside those of the index: `Damaged` if a run ended between the two readers being opened, so that their numbers differ.
pub fn leaks(from: &Reader, to: &Reader, borders: &Borders) -> Result<Vec<Leak>, IndexError> {
    // PERF: who names neither is not asked for the objects.
    if borders.templates.is_empty() && borders.tenants.len() < 2 && borders.regions.len() < 2 {
        return Ok(Vec::new());
    }
    let (objects, old) = (to.objects(true)?, from.objects(true)?);
    let told = (!borders.templates.is_empty()).then(|| borders.of_objects(objects.iter().chain(&old)));
    let borders = &Sides::of(to, told.as_ref().unwrap_or(borders))?;
    if borders.tenants().len() < 2 && borders.written_regions().len() < 2 {
        return Ok(Vec::new());
    }
    let (before, _) = gather(from, borders, &old)?;
    let (after, _) = gather(to, borders, &objects)?;
    if before.numbering.len() != after.numbering.len() {
        return Err(IndexError::Damaged("a run ended while two states were read; ask again"));
    }
    let tenants = 0..borders.tenants().len() as u32;
    let regions = borders.written_regions();
    let mut found: BTreeMap<Key, RoaringBitmap> = BTreeMap::new();
    let mut were = was(&before, &after, |set| [&tenants, &regions].into_iter().any(|r| set.range(r.clone()).nth(1).is_some()));
    for (person, set) in after.people() {
        let Some(old) = were.remove(&person) else { continue };
        for (is_region, range) in [(false, &tenants), (true, &regions)] {
            let now: BTreeSet<u32> = after.set(set).range(range.clone()).copied().collect();
            let new: BTreeSet<u32> = now.difference(&old).copied().collect();
            if now.len() > 1 && !new.is_empty() {
                let beside = now.intersection(&old).copied().collect();
                found.entry((is_region, beside, new)).or_default().insert(person);
            }
        }
    }
    let mut out = Vec::new();
    for ((region, beside, appeared), people) in found {
        let name = |facts: &BTreeSet<u32>| -> Vec<String> {
            let first = if region { borders.region_fact(0) } else { 0 };
            let one = |f: &u32| match region {
                true => borders.regions[(f - first) as usize].clone(),
                false => borders.tenants()[*f as usize].name.clone(),
            };
            facts.iter().map(one).collect()
        };
        let datasets = appeared_in(to, borders, &objects, &appeared, &people)?;
        out.push(Leak { region, beside: name(&beside), appeared: name(&appeared), consumers: people.len(), datasets });
    }
    out.sort_by_key(|l| (l.region, std::cmp::Reverse(l.consumers)));
    Ok(out)
}

/// What was true before of the people of a later state whose facts fit: of all their identifiers together.
fn was(before: &Crowd<'_>, after: &Crowd<'_>, fits: impl Fn(&BTreeSet<u32>) -> bool) -> HashMap<u32, BTreeSet<u32>> {
    let mut out: HashMap<u32, BTreeSet<u32>> = HashMap::new();
    let numbers: Vec<bool> = after.sets().iter().map(|s| fits(s.0)).collect();
    let who: RoaringBitmap = after.people().filter(|p| numbers[p.1 as usize]).map(|p| p.0).collect();
    for number in 0..after.numbering.len() as u32 {
        if let Whose::Alone(person) | Whose::Linked(person) = after.numbering.whose(number)
            && who.contains(person)
        {
            let old = out.entry(person).or_default();
            if let Whose::Alone(then) | Whose::Linked(then) = before.numbering.whose(number) {
                old.extend(before.facts(then));
            }
        }
    }
    out
}

/// The datasets on the new side in which these people are.
fn appeared_in(
    to: &Reader,
    borders: &Sides<'_>,
    objects: &[ObjectRow],
    appeared: &BTreeSet<u32>,
    people: &RoaringBitmap,
) -> Result<Vec<String>, IndexError> {
    let mut out = BTreeSet::new();
    for o in objects.iter().filter(|o| borders.facts_of(o).iter().any(|f| appeared.contains(f))) {
        if out.contains(&o.dataset) {
            continue;
        }
        let mut there = false;
        each_list(to, std::slice::from_ref(o), &mut |_, who| {
            there = there || who.iter().any(|p| people.contains(*p));
        })?;
        if there {
            out.insert(o.dataset.clone());
        }
    }
    Ok(out.into_iter().collect())
}
