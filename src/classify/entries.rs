//! Which entries of a dictionary may hold anything: asked once of each, however many rows have it.
//!
//! An entry is tried for all that a cell of the column may be tried for, as the first cells of a batch are. Where nothing
//! comes of that, neither a match nor a refusal, nothing is found in any cell with this value, and the cell can be left out.

use super::search::{Scratch, scan};
use super::set::Classifiers;
use crate::base::{Batch, Cell, Column, ROW_SCOPE};

/// Entries are tried in batches of so many bytes.
const BATCH_BYTES: usize = 256 << 10;

/// What a thread knows of the dictionaries of a member. PRIVACY: of values it knows nothing but this.
#[derive(Default)]
pub(super) struct Entries {
    by_field: Vec<Known>,
    batch: Batch,
}

/// What is known of a field's dictionary.
#[derive(Default)]
struct Known {
    /// The dictionary's number.
    id: u64,
    /// By entry: it was asked about.
    asked: Vec<bool>,
    /// By entry: it may hold something.
    held: Vec<bool>,
    /// Entries that were not asked about.
    left: usize,
    /// Some entry may hold something.
    any: bool,
}

impl Entries {
    /// Another member follows.
    pub fn clear(&mut self) {
        self.by_field.clear();
    }
}

impl Classifiers {
    /// Of each entry that a column has in this batch whether a cell with this value may have a match or a refusal, or `also`
    /// says so; empty if that is so of none. An entry is asked about once while the column's dictionary stays the same: not
    /// before a batch has it, since many threads may share the batches of a large dictionary.
    ///
    /// `fields`: the member's field names by index; they are as before when this returns.
    pub fn may_hold<'s>(
        &self,
        scratch: &'s mut Scratch,
        fields: &mut Vec<String>,
        column: &Column,
        mut also: impl FnMut(&[u8]) -> bool,
    ) -> &'s [bool] {
        let (i, dictionary) = (column.field as usize, &column.dictionary);
        if scratch.entries.by_field.len() <= i {
            scratch.entries.by_field.resize_with(i + 1, Known::default);
        }
        let mut known = std::mem::take(&mut scratch.entries.by_field[i]);
        if known.id != dictionary.id() {
            let n = dictionary.len();
            known = Known { id: dictionary.id(), asked: vec![false; n], held: vec![false; n], left: n, any: false };
        }
        let mut new = Vec::new();
        if known.left > 0 {
            for &entry in &column.entries {
                if known.asked.get(entry as usize) == Some(&false) {
                    known.asked[entry as usize] = true;
                    new.push(entry);
                }
            }
            known.left -= new.len();
        }
        if !new.is_empty() {
            let mut batch = std::mem::take(&mut scratch.entries.batch);
            std::mem::swap(&mut batch.fields, fields);
            self.ask(scratch, &mut batch, column, &new, &mut known.held);
            std::mem::swap(&mut batch.fields, fields);
            scratch.entries.batch = batch;
            for &entry in &new {
                let held = &mut known.held[entry as usize];
                *held = *held || also(dictionary.get(entry));
                known.any |= *held;
            }
        }
        scratch.entries.by_field[i] = known;
        let known = &scratch.entries.by_field[i];
        if known.any { &known.held } else { &[] }
    }

    /// Tries entries; `batch` is working space that has the names of the fields.
    fn ask(&self, scratch: &mut Scratch, batch: &mut Batch, column: &Column, entries: &[u32], held: &mut [bool]) {
        let (field, mut matches) = (column.field, Vec::new());
        let mut rest = entries;
        while !rest.is_empty() {
            batch.clear();
            let mut n = 0;
            while n < rest.len() && batch.bytes.len() < BATCH_BYTES {
                let value = column.dictionary.get(rest[n]);
                let start = batch.bytes.len() as u32;
                // An empty one is a cell here, so that the answers stand in order; nothing is found in a single byte.
                batch.bytes.extend_from_slice(if value.is_empty() { b"." } else { value });
                let end = batch.bytes.len() as u32;
                batch.bytes.push(b'\n');
                batch.cells.push(Cell { start, end, raw_end: end, field, row: 0, scope: ROW_SCOPE });
                n += 1;
            }
            batch.core = 0..batch.bytes.len();
            matches.clear();
            scratch.trial = Some(Vec::with_capacity(n));
            scan(self, scratch, batch, &mut matches);
            let found = scratch.trial.take().unwrap_or_default();
            for (k, entry) in rest[..n].iter().enumerate() {
                // A cell that was not looked at may hold anything.
                held[*entry as usize] = found.get(k).copied().unwrap_or(true);
            }
            batch.bytes.fill(0);
            rest = &rest[n..];
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::base::Dictionary;

    /// A column of these entries.
    fn column(field: u32, dictionary: &Arc<Dictionary>, entries: Vec<u32>) -> Column {
        let n = entries.len();
        Column::new(field, dictionary.clone(), entries, Arc::new((0..n as u32).collect()), Arc::new(vec![ROW_SCOPE; n]))
    }

    #[test]
    fn entries_that_hold_nothing_are_told_from_others() {
        let c = Classifiers::builtin();
        let mut scratch = Scratch::new(&c);
        let mut fields = vec!["kind".to_owned(), "ssn".to_owned()];
        let values = ["page_view", "", "x", "jo@example.com", "457-55-5462", "000-12-3456", "click"];
        let dictionary = || Arc::new(Dictionary::new(values.iter().map(|v| v.as_bytes())));
        let d = dictionary();
        // What a validator refuses counts: it is evidence against the column.
        for field in [0, 1] {
            let all = column(field, &d, (0..7).collect());
            let want = [false, false, false, true, true, true, false];
            assert_eq!(c.may_hold(&mut scratch, &mut fields, &all, |_| false), want);
        }
        assert_eq!(fields, ["kind", "ssn"]);
        // Known of the dictionary: `also` is not asked again.
        assert!(!c.may_hold(&mut scratch, &mut fields, &column(0, &d, vec![0, 3]), |_| true)[0]);
        // Of another one nothing is known, and only what a batch has is asked about.
        let d = dictionary();
        let empty: [bool; 0] = [];
        assert_eq!(c.may_hold(&mut scratch, &mut fields, &column(0, &d, vec![6, 0, 0, 99]), |_| false), empty);
        assert_eq!(
            c.may_hold(&mut scratch, &mut fields, &column(0, &d, vec![1, 4, 6]), |v| v.is_empty())[..6],
            [false, true, false, false, true, false]
        );
        assert!(scratch.entries.batch.bytes.iter().all(|b| *b == 0), "a value is still there");
    }

    #[test]
    fn a_large_dictionary_is_asked_in_pieces() {
        let c = Classifiers::builtin();
        let mut scratch = Scratch::new(&c);
        let value = |n: usize| if n % 1000 == 7 { format!("u{n}@example.com") } else { format!("kind of {n}") };
        let values: Vec<String> = (0..40_000).map(value).collect();
        let d = Arc::new(Dictionary::new(values.iter().map(|v| v.as_bytes())));
        let held = c.may_hold(&mut scratch, &mut vec!["x".to_owned()], &column(0, &d, (0..40_000).collect()), |_| false);
        assert_eq!(held.len(), values.len());
        assert!(held.iter().zip(0..).all(|(h, n)| *h || n % 1000 != 7));
        assert!(held.iter().filter(|h| **h).count() < 100);
    }
}
