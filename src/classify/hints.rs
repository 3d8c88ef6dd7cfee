//! What the names of fields say, remembered: small objects, one after the other, have the same fields.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use super::columns::Says;
use super::set::Classifiers;

/// What a field's name says about its cells.
pub(super) struct Hints {
    pub says: Box<[Says]>,
    /// The classifiers that the name speaks for, a bit each.
    pub named: Box<[u64]>,
    /// Patterns to be tried on every cell as a whole.
    pub columns: Vec<u32>,
    /// Patterns to be tried at all tokens of a cell.
    pub called: Vec<u32>,
}

/// What is known of names.
#[derive(Default)]
pub(super) struct NamesHeard {
    /// PRIVACY: by two hashes with keys of this run alone: a header may be a row of data.
    known: HashMap<(u64, u64), Arc<Hints>>,
    keys: [RandomState; 2],
}

/// So many names, and all are forgotten.
const MANY: usize = 512;

impl NamesHeard {
    /// What a name says; always of the same set.
    pub fn of(&mut self, set: &Classifiers, name: &str) -> Arc<Hints> {
        let key = (self.keys[0].hash_one(name), self.keys[1].hash_one(name));
        if self.known.len() >= MANY {
            self.known.clear();
        }
        self.known.entry(key).or_insert_with(|| Arc::new(Hints::new(set, name))).clone()
    }
}

impl Hints {
    fn new(set: &Classifiers, name: &str) -> Hints {
        let engine = set.engine();
        let says = set.says(name).into_boxed_slice();
        let of = |list: &[Vec<u32>]| list.iter().zip(&says).filter(|(_, s)| **s == Says::For).flat_map(|(w, _)| w.clone()).collect();
        let (mut columns, called): (Vec<u32>, _) = (of(&engine.whole), of(&engine.called));
        columns.retain(|p| engine.patterns[*p as usize].is_for(name));
        let mut named = vec![0u64; engine.words.stride()];
        says.iter().enumerate().filter(|(_, s)| **s == Says::For).for_each(|(c, _)| named[c / 64] |= 1 << (c % 64));
        if named.iter().all(|w| *w == 0) {
            named.clear();
        }
        Hints { columns, called, named: named.into(), says }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_asked_once() {
        let set = Classifiers::builtin();
        let mut heard = NamesHeard::default();
        let (first, other) = (heard.of(&set, "email"), heard.of(&set, "weight_kg"));
        assert!(Arc::ptr_eq(&first, &heard.of(&set, "email")) && !Arc::ptr_eq(&first, &other));
        let email = usize::from(set.index_of("generic.email").unwrap());
        assert!(first.says[email] == Says::For && other.says[email] == Says::Nothing);
        for n in 0..2 * MANY {
            heard.of(&set, &format!("field {n}"));
            assert!(heard.known.len() <= MANY);
        }
        assert!(heard.of(&set, "email").says[email] == Says::For);
    }
}
