//! Columns whose values stand in the path of an object: found like any other column's, at row 0 of the object.
//!
//! They hold for every row, but link nothing: the path is read apart from the records below it.

use super::window::{MemberName, MemberSummary, Sink, Spool};
use crate::base::{Batch, Cell, PlaceKind, ROW_SCOPE};
use crate::classify::{Scratch, Tally};
use crate::identity::keys::KeyCells;
use crate::identity::{Kernel, Named};

/// Classifies the values, each as a column of its own, and hands what was found to `sink` as that of a `member` of the object.
pub(super) fn read(
    kernel: &Kernel,
    partitions: &[(String, String)],
    member: MemberName,
    all: bool,
    scratch: &mut Scratch,
    sink: &mut dyn Sink,
) {
    let batch = batch(partitions);
    let (mut matches, mut hits, mut tally) = (Vec::new(), Vec::new(), Tally::default());
    scratch.reset();
    scratch.give_all(all);
    kernel.process(scratch, &batch, &mut matches, &mut tally, &mut Named::default(), &mut hits);
    let mut spool = Spool::new(all, member.clone());
    spool.add(&batch, &hits, &KeyCells::default());
    spool.settle(kernel, &tally, &batch, false, true, sink);
    let settled = tally.settle(kernel.classifiers(), &batch.fields);
    let cells = (0..batch.fields.len() as u32).map(|f| tally.cells(f)).collect();
    sink.member(MemberSummary { member, columns: settled.columns(), settled, cells, fields: batch.fields, keys: Vec::new() });
}

/// The values as a batch of one row.
pub(super) fn batch(partitions: &[(String, String)]) -> Batch {
    let mut batch = Batch::default();
    batch.reset();
    batch.places = PlaceKind::Rows;
    for (name, value) in partitions.iter().filter(|(_, v)| !v.is_empty()) {
        let field = batch.field(name);
        let start = batch.bytes.len() as u32;
        batch.bytes.extend_from_slice(value.as_bytes());
        let end = batch.bytes.len() as u32;
        batch.cells.push(Cell { start, end, raw_end: end, field, row: 0, scope: ROW_SCOPE });
        batch.bytes.push(b'\n');
    }
    batch.core = 0..batch.bytes.len();
    batch
}
