//! Whose data lies in objects, but masked, cut, hashed, replaced or encrypted?

use std::collections::BTreeMap;

use roaring::RoaringBitmap;

use crate::classify::protection::Protection;
use crate::index::{IndexError, Numbering, PeopleList, Reader, Whose};

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

/// Whether what is missing of such values is missing for everybody.
pub(super) fn is_masked(state: &str) -> bool {
    state == Protection::Masked.name() || state == Protection::Truncated.name()
}

/// The people whose protected values lie in objects, by masked or not, and element: those who certainly have one, and all.
#[derive(Default)]
pub(super) struct ProtectedSets(BTreeMap<(bool, String), [RoaringBitmap; 2]>);

impl ProtectedSets {
    /// Adds those whom a list names.
    pub fn add(&mut self, numbering: &Numbering, list: &PeopleList<'_>, element: &str, state: u8, certain: bool) {
        let Some(how) = Protection::ALL.get(usize::from(state)) else { return };
        let [sure, all] = self.0.entry((is_masked(how.name()), element.to_owned())).or_default();
        for number in list.who.iter() {
            if let Whose::Alone(person) | Whose::Linked(person) = numbering.whose(number) {
                all.insert(person);
                if certain {
                    sure.insert(person);
                }
            }
        }
    }

    /// Counts them. `objects`: those whose lists were added.
    pub fn count(&self, reader: &Reader, objects: impl Iterator<Item = i64>) -> Result<ProtectedPeople, IndexError> {
        let classes = reader.classifiers()?;
        let mut values: BTreeMap<(bool, String), u64> = BTreeMap::new();
        for object in objects {
            for (class, state, count) in reader.states_of_object(object)? {
                if let Some((_, element)) = classes.get(&class).filter(|_| state != "allowed") {
                    *values.entry((is_masked(&state), element.clone())).or_default() += count;
                }
            }
        }
        let mut out = ProtectedPeople::default();
        for (key, n) in values {
            let (certain, likely) = self.0.get(&key).map_or((0, 0), |[sure, all]| (sure.len(), all.len()));
            let people = People { certain, likely, upper: n.max(likely) };
            let list = if key.0 { &mut out.masked } else { &mut out.protected };
            list.insert(key.1, people);
        }
        Ok(out)
    }
}
