//! What readers of tables share that make their values themselves: cells in a batch, names of fields.

use std::collections::HashMap;

use super::dynamic_name;
use super::feed::{char_boundary, sync_fields};
use crate::base::{Batch, Cell, PlaceKind, ROW_SCOPE, Scope};

/// Distinct fields that a file may name; further ones are `*`.
const FIELDS: usize = 4096;
/// The same where they are the columns of tables, of which there may be hundreds.
const COLUMNS: usize = 1 << 16;

/// Fills batches and knows the fields.
#[derive(Default)]
pub(super) struct Rows {
    names: Vec<String>,
    index: HashMap<String, u32>,
    /// Where the next batch begins, counted over all values given.
    offset: u64,
    /// Whether fields are columns of tables.
    tables: bool,
}

impl Rows {
    /// For fields that are columns of tables.
    pub fn of_tables() -> Rows {
        Rows { tables: true, ..Rows::default() }
    }

    /// The index of the field of this path.
    pub fn field(&mut self, path: &str) -> u32 {
        if let Some(i) = self.index.get(path) {
            return *i;
        }
        if path != "*" && self.names.len() >= if self.tables { COLUMNS } else { FIELDS } {
            return self.field("*");
        }
        let i = self.names.len() as u32;
        self.names.push(path.to_owned());
        self.index.insert(path.to_owned(), i);
        i
    }

    /// Empties the batch for rows from `first_row` on.
    pub fn begin(&self, batch: &mut Batch, first_row: u64) {
        batch.clear();
        batch.places = PlaceKind::Rows;
        batch.first_line = 1;
        batch.first_row = first_row;
        batch.offset = self.offset;
    }

    /// Begins a row that stands for itself, though other tables of the member have rows of the same number.
    pub fn row(batch: &mut Batch) -> u32 {
        scope(batch, None)
    }

    /// Completes the batch.
    pub fn finish(&mut self, batch: &mut Batch, records: u64) {
        batch.core = 0..batch.bytes.len();
        batch.records = records;
        self.offset += batch.bytes.len() as u64;
        sync_fields(batch, &self.names);
    }
}

/// Opens a scope within another.
pub(super) fn scope(batch: &mut Batch, parent: Option<u32>) -> u32 {
    batch.scopes.push(Scope { parent: parent.filter(|p| *p != ROW_SCOPE) });
    (batch.scopes.len() - 1) as u32
}

/// Adds a value that is not empty.
pub(super) fn cell(batch: &mut Batch, field: u32, row: u32, scope: u32, value: &[u8]) {
    if value.is_empty() {
        return;
    }
    let start = batch.bytes.len() as u32;
    batch.bytes.extend_from_slice(value);
    let end = batch.bytes.len() as u32;
    batch.bytes.push(b'\n');
    batch.cells.push(Cell { start, end, raw_end: end, field, row, scope });
}

/// Adds a text in row 0, a very long one in pieces of at most `most` bytes that end with a line.
pub(super) fn pieces(batch: &mut Batch, field: u32, scope: u32, text: &[u8], most: usize) {
    let most = most.max(64);
    let mut rest = text;
    while rest.len() > most {
        let end = char_boundary(rest, most);
        let n = memchr::memrchr(b'\n', &rest[..end]).map_or(end, |n| n + 1);
        cell(batch, field, 0, scope, &rest[..n]);
        rest = &rest[n..];
    }
    cell(batch, field, 0, scope, rest.trim_ascii_end());
}

/// A name as part of a path. PRIVACY: one that is rather a value becomes `*`.
pub(super) fn part(name: &str) -> String {
    let name = name.trim();
    if dynamic_name(name.as_bytes()) || name.contains(char::is_control) { "*".to_owned() } else { name.replace('.', "\\.") }
}

/// A number as people and classifiers expect it: without a fraction where it has none, with an exponent where it is very
/// large or small.
pub(super) fn float(v: f64) -> String {
    match v.abs() {
        // Hundreds of digits say nothing.
        a if a >= 1e18 || a > 0.0 && a < 1e-18 => format!("{v:e}"),
        _ if v.fract() == 0.0 => format!("{}", v as i64),
        _ => v.to_string(),
    }
}

/// The whole number that an identifier is which was stored as a floating number, as far as that is exact.
#[inline]
pub(super) fn whole(v: f64) -> Option<i64> {
    const EXACT: f64 = (1u64 << f64::MANTISSA_DIGITS) as f64;
    (v.abs() <= EXACT && v.fract() == 0.0).then_some(v as i64)
}

/// Whether a batch for about `most` bytes is full: of values, or of scopes that may hold none.
pub(super) fn is_full(batch: &Batch, most: usize) -> bool {
    batch.bytes.len() >= most || batch.scopes.len() - batch.carried >= (most / size_of::<Scope>()).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_not_without_end() {
        for (mut rows, most) in [(Rows::default(), FIELDS), (Rows::of_tables(), COLUMNS)] {
            (0..most + 100).for_each(|i| assert_eq!(rows.field(&format!("f{i}")), i.min(most) as u32));
            assert_eq!(rows.field("f7"), 7);
            assert_eq!((rows.names.len(), rows.names[most].as_str()), (most + 1, "*"));
        }
    }

    #[test]
    fn identifiers_stored_as_floats_are_whole() {
        let cases = [
            (536_228_711.0, Some(536_228_711)),
            (-0.0, Some(0)),
            (4_111_111_111_111_111.0, Some(4_111_111_111_111_111)),
            (0.5, None),
            (1e18, None),
            (f64::NAN, None),
            (f64::INFINITY, None),
        ];
        for (v, want) in cases {
            assert_eq!(whole(v), want, "{v}");
        }
    }

    #[test]
    fn floats_are_short() {
        let cases = [
            (5e-324, "5e-324"),
            (1e300, "1e300"),
            (-1e18, "-1e18"),
            (2e-18, "0.000000000000000002"),
            (0.0, "0"),
            (-7.0, "-7"),
            (1.5, "1.5"),
            (999e15, "999000000000000000"),
        ];
        for (v, want) in cases {
            assert_eq!(float(v), want);
        }
    }
}
