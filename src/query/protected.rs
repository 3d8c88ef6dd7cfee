//! Whose data lies in objects, but masked, cut, hashed, replaced or encrypted?

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::classify::protection::Protection;
use crate::identity::ConsumerId;
use crate::index::{IndexError, Owner, Reader};

/// Distinct people per data element, apart by what is left of their values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProtectedPeople {
    /// Hashed, replaced or encrypted: whoever has the key, or tries all values of a short number, reads them.
    pub protected: BTreeMap<String, People>,
    /// Masked or cut: what is missing is missing.
    pub masked: BTreeMap<String, People>,
}

/// A number of people, by how sure it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct People {
    /// A record of theirs holds such a value.
    pub certain: u64,
    /// And those beside whose identifier one stands.
    pub likely: u64,
    /// And one more person for every value that is nobody's.
    pub upper: u64,
}

/// Counts the people whose protected values lie in these objects, by their numbers.
pub fn protected(reader: &Reader, objects: &[i64]) -> Result<ProtectedPeople, IndexError> {
    let classes = reader.classifiers()?;
    let mut sure: BTreeMap<(bool, &str), BTreeSet<ConsumerId>> = BTreeMap::new();
    let mut all: BTreeMap<(bool, &str), BTreeSet<ConsumerId>> = BTreeMap::new();
    let mut values: BTreeMap<(bool, &str), u64> = BTreeMap::new();
    let is_masked = |state: &str| state == Protection::Masked.name() || state == Protection::Truncated.name();
    let mut who = HashMap::new();
    for object in objects {
        for (class, state, count) in reader.states_of_object(*object)? {
            if let Some((_, element)) = classes.get(&class).filter(|_| state != "allowed") {
                *values.entry((is_masked(&state), element)).or_default() += count;
            }
        }
        let mut here = Vec::new();
        reader.protected_of_object(*object, |id, class, state, certain| here.push((id, class, state, certain)))?;
        for (id, class, state, certain) in here {
            let owner = match who.get(&id) {
                Some(o) => *o,
                None => *who.entry(id).or_insert(reader.owner_of(id)?),
            };
            let Some(consumer) = owner.and_then(Owner::consumer) else { continue };
            let (Some((_, element)), Some(how)) = (classes.get(&class), Protection::ALL.get(usize::from(state))) else { continue };
            let key = (is_masked(how.name()), element.as_str());
            all.entry(key).or_default().insert(consumer);
            if certain {
                sure.entry(key).or_default().insert(consumer);
            }
        }
    }
    let mut out = ProtectedPeople::default();
    for ((masked, element), n) in values {
        let len = |sets: &BTreeMap<(bool, &str), BTreeSet<ConsumerId>>| sets.get(&(masked, element)).map_or(0, |s| s.len() as u64);
        let (certain, likely) = (len(&sure), len(&all));
        let people = People { certain, likely, upper: n.max(likely) };
        let list = if masked { &mut out.masked } else { &mut out.protected };
        list.insert(element.to_owned(), people);
    }
    Ok(out)
}
