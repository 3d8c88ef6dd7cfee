//! Whether data changed, or may have been read otherwise: what earlier and later objects were read with tells.

use std::collections::{BTreeMap, BTreeSet};

use super::diff::{Cause, Change};
use crate::index::{AsOf, IndexError, Reader};

/// Says of changes by data whether other classifiers may have made them: those that read what was replaced were others than those that read
/// what is in its place, or an object that is in both states was read again with others between them.
pub(super) fn tell_apart(changes: &mut [Change], from: &Reader, to: &Reader) -> Result<(), IndexError> {
    let asked: BTreeSet<String> = changes.iter().filter(|c| c.cause == Cause::Data).map(|c| c.dataset.clone()).collect();
    let (old, new) = (objects(from, &asked)?, objects(to, &asked)?);
    for dataset in &asked {
        let none = BTreeSet::new();
        let (before, after) = (old.get(dataset).unwrap_or(&none), new.get(dataset).unwrap_or(&none));
        let replaced = read_with(from, before.difference(after))?;
        let fresh = read_with(to, after.difference(before))?;
        let mut otherwise = false;
        if let (Some(AsOf::Run(from)), Some(AsOf::Run(run))) = (from.asked(), to.asked()) {
            for o in before.intersection(after) {
                otherwise = otherwise || to.read_otherwise(*o, from, run)?;
            }
        }
        if otherwise || !replaced.is_empty() && !fresh.is_empty() && replaced != fresh {
            changes.iter_mut().filter(|c| c.dataset == *dataset && c.cause == Cause::Data).for_each(|c| c.cause = Cause::Unclear);
        }
    }
    Ok(())
}

/// Numbers of the current objects of datasets.
fn objects(reader: &Reader, datasets: &BTreeSet<String>) -> Result<BTreeMap<String, BTreeSet<i64>>, IndexError> {
    let mut out: BTreeMap<String, BTreeSet<i64>> = BTreeMap::new();
    for o in reader.objects(true)?.into_iter().filter(|o| datasets.contains(&o.dataset)) {
        out.entry(o.dataset).or_default().insert(o.id);
    }
    Ok(out)
}

/// The fingerprints of the classifiers that read objects.
fn read_with<'a>(reader: &Reader, objects: impl Iterator<Item = &'a i64>) -> Result<BTreeSet<String>, IndexError> {
    objects.map(|o| Ok(reader.facts_of_object(*o)?.classifier_set)).collect()
}
