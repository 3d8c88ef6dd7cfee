//! Which entries of a dictionary hold anything: asked once a dictionary, however many rows have them.
//!
//! An entry is tried for all that a cell of the column may be tried for, as the first cells of a batch are. Where nothing
//! comes of that, neither a match nor a refusal, nothing is found in any cell with this value, and the cell can be left out.

use super::engine::{Scratch, scan};
use super::set::Classifiers;
use crate::base::{Batch, Cell, Dictionary, ROW_SCOPE};

/// Entries are tried in batches of so many bytes.
const BATCH_BYTES: usize = 256 << 10;

/// What a thread knows of the dictionaries of a member. PRIVACY: of values it knows nothing but this.
#[derive(Default)]
pub(super) struct Entries {
    /// By field: the dictionary's number, and of each entry whether it may hold anything.
    by_field: Vec<(u64, Vec<bool>)>,
    batch: Batch,
}

impl Entries {
    /// Another member follows.
    pub fn clear(&mut self) {
        self.by_field.clear();
    }
}

impl Classifiers {
    /// Of each entry of a dictionary whether a cell of the field `field` with this value may have a match or a refusal, or
    /// `also` says so; empty if that is so of none. The answer is kept until another dictionary is asked about in this field.
    ///
    /// `fields`: the member's field names by index; they are as before when this returns.
    pub fn may_hold<'s>(
        &self,
        scratch: &'s mut Scratch,
        fields: &mut Vec<String>,
        field: u32,
        dictionary: &Dictionary,
        mut also: impl FnMut(&[u8]) -> bool,
    ) -> &'s [bool] {
        let i = field as usize;
        if scratch.entries.by_field.len() <= i {
            scratch.entries.by_field.resize_with(i + 1, Default::default);
        }
        if scratch.entries.by_field[i].0 != dictionary.id() {
            let mut batch = std::mem::take(&mut scratch.entries.batch);
            std::mem::swap(&mut batch.fields, fields);
            scratch.trial = Some(Vec::with_capacity(dictionary.len()));
            let mut matches = Vec::new();
            let mut entry = 0u32;
            while (entry as usize) < dictionary.len() {
                batch.clear();
                while (entry as usize) < dictionary.len() && batch.bytes.len() < BATCH_BYTES {
                    let value = dictionary.get(entry);
                    let start = batch.bytes.len() as u32;
                    // An empty one is a cell here, so that the answers stand in order; nothing is found in a single byte.
                    batch.bytes.extend_from_slice(if value.is_empty() { b"." } else { value });
                    let end = batch.bytes.len() as u32;
                    batch.bytes.push(b'\n');
                    batch.cells.push(Cell { start, end, raw_end: end, field, row: 0, scope: ROW_SCOPE });
                    entry += 1;
                }
                batch.core = 0..batch.bytes.len();
                matches.clear();
                scan(self, scratch, &batch, &mut matches);
            }
            batch.bytes.fill(0);
            std::mem::swap(&mut batch.fields, fields);
            let mut held = scratch.trial.take().unwrap_or_default();
            // A cell that was not looked at holds anything.
            held.resize(dictionary.len(), true);
            for (entry, held) in (0u32..).zip(&mut held) {
                *held = *held || also(dictionary.get(entry));
            }
            if !held.contains(&true) {
                held.clear();
            }
            scratch.entries.batch = batch;
            scratch.entries.by_field[i] = (dictionary.id(), held);
        }
        &scratch.entries.by_field[i].1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_that_hold_nothing_are_told_from_others() {
        let c = Classifiers::builtin();
        let mut scratch = Scratch::new(&c);
        let mut fields = vec!["kind".to_owned(), "ssn".to_owned()];
        let values = ["page_view", "", "x", "jo@example.com", "457-55-5462", "000-12-3456", "click"];
        let d = Dictionary::new(values.iter().map(|v| v.as_bytes()));
        // What a validator refuses counts: it is evidence against the column.
        let want = [false, false, false, true, true, true, false];
        for field in [0, 1] {
            assert_eq!(c.may_hold(&mut scratch, &mut fields, field, &d, |_| false), want, "{}", values[field as usize]);
        }
        assert_eq!(fields, ["kind", "ssn"]);
        // Kept under the dictionary's number: `also` is not asked again.
        assert!(!c.may_hold(&mut scratch, &mut fields, 0, &d, |_| true)[0]);
        let other = Dictionary::new(values.iter().map(|v| v.as_bytes()));
        assert_eq!(c.may_hold(&mut scratch, &mut fields, 0, &other, |v| v == b"click")[6..], [true]);
        assert!(scratch.entries.batch.bytes.iter().all(|b| *b == 0), "a value is still there");
    }

    #[test]
    fn a_large_dictionary_is_asked_in_pieces() {
        let c = Classifiers::builtin();
        let mut scratch = Scratch::new(&c);
        let values: Vec<String> =
            (0..40_000).map(|n| if n % 1000 == 7 { format!("u{n}@example.com") } else { format!("kind of {n}") }).collect();
        let d = Dictionary::new(values.iter().map(|v| v.as_bytes()));
        let held = c.may_hold(&mut scratch, &mut vec!["x".to_owned()], 0, &d, |_| false);
        assert_eq!(held.len(), values.len());
        assert!(held.iter().zip(0..).all(|(h, n)| *h || n % 1000 != 7));
        assert!(held.iter().filter(|h| **h).count() < 100);
    }
}
