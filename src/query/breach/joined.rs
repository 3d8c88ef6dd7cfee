//! Who becomes one person by records of versions that are no longer stored.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::Exposed;
use crate::identity::{Class, ConsumerId, IdHash, Partition};
use crate::index::{IndexError, Owner, Reader};

/// Classifiers by number: id and data element.
pub(super) type Classes = HashMap<i64, (String, String)>;

/// Consumers whom records of versions that are no longer stored (`all`: of any) join: an identifier of each, and one of whom they count
/// as. Who would then have two social security numbers of a kind stays apart: one person too many is safer than one too few.
pub(super) fn joined(reader: &Reader, exposed: &[Exposed], all: bool, classes: &Classes) -> Result<Vec<(IdHash, IdHash)>, IndexError> {
    let mut partition = Partition::new();
    for e in exposed.iter().filter(|e| all || !e.object.current) {
        for link in reader.links_of_object(e.object.id)? {
            partition.add(&link);
        }
    }
    let (groups, _) =
        partition.solve(|class| classes.get(&i64::from(class)).map(|(name, element)| Class { name, element }).unwrap_or_default());
    let mut root: HashMap<ConsumerId, ConsumerId> = HashMap::new();
    let mut numbers: HashMap<ConsumerId, BTreeSet<(i64, IdHash)>> = HashMap::new();
    let mut known: HashMap<ConsumerId, IdHash> = HashMap::new();
    let is_number = |class: &i64| classes.get(class).is_some_and(|c| c.1 == "ssn");
    for group in groups {
        let mut owners: Vec<(IdHash, Owner, ConsumerId)> = Vec::with_capacity(group.len());
        let mut met: HashSet<ConsumerId> = HashSet::new();
        for id in group {
            if let Some(owner) = reader.owner_of(id)?
                && let Some(consumer) = owner.consumer()
                && met.insert(consumer)
            {
                owners.push((id, owner, consumer));
            }
        }
        // PERF: most are one already.
        if owners.len() < 2 {
            continue;
        }
        let mut first: Option<ConsumerId> = None;
        for (id, owner, consumer) in owners {
            if let std::collections::hash_map::Entry::Vacant(e) = numbers.entry(consumer) {
                known.insert(consumer, id);
                let ids = match owner {
                    Owner::Alone(_) => reader.class_of(id)?.map(|c| (id, c)).into_iter().collect(),
                    _ => reader.identifiers(consumer)?,
                };
                e.insert(ids.into_iter().filter(|i| is_number(&i.1)).map(|(id, class)| (class, id)).collect());
            }
            let mut at = consumer;
            while let Some(up) = root.get(&at) {
                at = *up;
            }
            let Some(to) = first else {
                first = Some(at);
                continue;
            };
            let both: BTreeSet<(i64, IdHash)> = numbers[&to].union(&numbers[&at]).copied().collect();
            let apart = both.iter().zip(both.iter().skip(1)).any(|(a, b)| a.0 == b.0);
            if at != to && !apart {
                root.insert(at, to);
                numbers.insert(to, both);
            }
        }
    }
    let end = |mut at: ConsumerId| {
        while let Some(up) = root.get(&at) {
            at = *up;
        }
        at
    };
    Ok(root.keys().filter_map(|c| Some((*known.get(c)?, *known.get(&end(*c))?))).collect())
}
