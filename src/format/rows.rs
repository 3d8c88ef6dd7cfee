//! What readers of tables share that make their values themselves: cells in a batch, names of fields.

use std::collections::HashMap;

use super::dynamic_name;
use super::feed::sync_fields;
use crate::base::{Batch, Cell, PlaceKind, ROW_SCOPE, Scope};

/// Fills batches and knows the fields.
#[derive(Default)]
pub(super) struct Rows {
    names: Vec<String>,
    index: HashMap<String, u32>,
    /// Where the next batch begins, counted over all values given.
    offset: u64,
}

impl Rows {
    /// The index of the field of this path.
    pub fn field(&mut self, path: &str) -> u32 {
        if let Some(i) = self.index.get(path) {
            return *i;
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

/// A name as part of a path. PRIVACY: one that is rather a value becomes `*`.
pub(super) fn part(name: &str) -> String {
    let name = name.trim();
    if dynamic_name(name.as_bytes()) || name.contains(char::is_control) { "*".to_owned() } else { name.replace('.', "\\.") }
}

/// A number as people and classifiers expect it: without a fraction where it has none.
pub(super) fn float(v: f64) -> String {
    if v.fract() == 0.0 && v.abs() < 1e18 { format!("{}", v as i64) } else { v.to_string() }
}
