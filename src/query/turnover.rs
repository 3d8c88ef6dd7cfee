//! Which objects are others in a later state, and who came into their datasets and who left.

use std::collections::{BTreeMap, BTreeSet};

use roaring::{RoaringBitmap, RoaringTreemap};

use crate::identity::Certainty;
use crate::index::{IndexError, Numbering, Reader, Said, Whose};

/// Objects that are in one of two states alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Turnover {
    /// Objects where there were none.
    pub new: u64,
    /// Objects of which the later state has another version.
    pub rewritten: u64,
    /// Objects that are gone.
    pub gone: u64,
    /// People who came into a dataset with such objects and who left it, each by the state that has them.
    pub(super) people: BTreeMap<String, (u64, u64)>,
}

/// What is in one of two states of an index and not in the other.
///
/// # Errors
/// Beside those of the index: `Moved` if a run ended between the two readers being opened, so that their numbers differ.
pub(super) fn turnover(from: &Reader, to: &Reader) -> Result<Turnover, IndexError> {
    let (old, new) = (from.counted(None)?, to.counted(None)?);
    let (ended, fresh) = (&old - &new, &new - &old);
    // PERF: who changed nothing is asked for nobody.
    if ended.is_empty() && fresh.is_empty() {
        return Ok(Turnover::default());
    }
    let (mut before, mut after) = (BTreeSet::new(), BTreeSet::new());
    let mut datasets = BTreeSet::new();
    for (reader, ids, uris) in [(from, &ended, &mut before), (to, &fresh, &mut after)] {
        for id in ids {
            if let Some(o) = reader.object(id as i64)? {
                uris.insert(o.uri);
                datasets.insert(o.dataset);
            }
        }
    }
    let rewritten = before.intersection(&after).count() as u64;
    let mut out =
        Turnover { new: after.len() as u64 - rewritten, rewritten, gone: before.len() as u64 - rewritten, people: BTreeMap::new() };
    let (then, now) = (from.numbering()?, to.numbering()?);
    if then.len() != now.len() {
        return Err(IndexError::Moved);
    }
    for dataset in datasets {
        let (old, new) = (from.counted(Some(&dataset))?, to.counted(Some(&dataset))?);
        let common = identifiers(to, &(&old & &new))?;
        let before = identifiers(from, &(&old - &new))? | &common;
        let after = identifiers(to, &(&new - &old))? | &common;
        // By one state's partition on both sides: two who turn out to be one neither came nor left.
        let came = people(now, &after) - people(now, &before);
        let left = people(then, &before) - people(then, &after);
        out.people.insert(dataset, (came.len(), left.len()));
    }
    Ok(out)
}

/// Numbers of the identifiers that are certainly seen in objects.
fn identifiers(reader: &Reader, objects: &RoaringTreemap) -> Result<RoaringBitmap, IndexError> {
    let mut out = RoaringBitmap::new();
    for id in objects {
        reader.people_of_object(id as i64, &mut |list| {
            if let Said::Sightings { certainty, .. } = list.said
                && certainty <= Certainty::Record as i64
            {
                out.extend(list.who.iter());
            }
        })?;
    }
    Ok(out)
}

fn people(numbering: &Numbering, identifiers: &RoaringBitmap) -> RoaringBitmap {
    let person = |n| match numbering.whose(n) {
        Whose::Alone(p) | Whose::Linked(p) => Some(p),
        Whose::Nobody | Whose::Several => None,
    };
    identifiers.iter().filter_map(person).collect()
}
