//! Logs of common shapes: a line is a row, its parts have names (`clientip`, `request`, `message`).
//!
//! What a log is, its first lines must say clearly; then every line is taken apart where it lies. A line of another shape goes on
//! as text, under no name. Places are bytes, and nothing in a line is linked, as in running text.

mod names;
mod shapes;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use memchr::{memchr, memrchr};

use super::feed::{Feed, cut_piece, sync_fields};
use super::rows::part;
use super::{Limits, Reader};
use crate::base::{Batch, Cell, Issue, PROSE_SCOPE, PeekInput, PlaceKind, Result};
pub(super) use shapes::{Shape, detect};

/// The most columns that a line may name.
const COLUMNS: usize = 1024;
/// Distinct names that a file may give its columns; further ones are `*`.
const NAMES: usize = 4096;

/// Reads a log.
pub(super) struct Logs {
    feed: Feed,
    limits: Limits,
    shape: Shape,
    /// Names of fields; the first, of lines without a shape, is none.
    names: Vec<String>,
    /// Their places in `names`.
    index: HashMap<String, u32>,
    /// The fields of the parts, in their order.
    fields: Vec<u32>,
    carry: Vec<u8>,
    offset: u64,
    row: u64,
    /// Whether the buffer starts inside a line too long for it, and how much of it is context.
    inside: Option<usize>,
    parts: Vec<(usize, usize)>,
}

impl Logs {
    pub fn new(input: PeekInput, shape: Shape, limits: &Limits) -> Logs {
        let names: Vec<String> = [""].iter().chain(shape.names()).map(|n| (*n).to_owned()).collect();
        let index = names.iter().enumerate().rev().map(|(i, n)| (n.clone(), i as u32)).collect();
        let fields = (1..=shape.names().len() as u32).collect();
        let (feed, limits, parts) = (Feed::new(input), limits.clone(), Vec::new());
        Logs { feed, limits, shape, names, index, fields, carry: Vec::new(), offset: 0, row: 0, inside: None, parts }
    }

    /// The columns are called otherwise from here on.
    fn columns(&mut self, fields: &[u8]) {
        self.fields.clear();
        for name in shapes::names_of(fields).take(COLUMNS) {
            let field = self.field(part(&String::from_utf8_lossy(name)));
            self.fields.push(field);
        }
    }

    /// The index of the field of this name.
    fn field(&mut self, name: String) -> u32 {
        let name = if self.index.contains_key(&name) || self.names.len() < NAMES { name } else { "*".to_owned() };
        let next = self.names.len() as u32;
        *self.index.entry(name).or_insert_with_key(|name| {
            self.names.push(name.clone());
            next
        })
    }

    /// Takes the line `start..end` apart.
    fn line(&mut self, batch: &mut Batch, start: usize, end: usize) {
        let line = shapes::without_cr(&batch.bytes[start..end]);
        if line.is_empty() {
            return;
        }
        let row = (self.row - batch.first_row) as u32;
        let mut push = |from: usize, to: usize, field: u32| {
            let (start, end) = ((start + from) as u32, (start + to) as u32);
            batch.cells.push(Cell { start, end, raw_end: end, field, row, scope: PROSE_SCOPE });
        };
        if line[0] == b'#' && matches!(self.shape, Shape::W3c(_)) {
            if let Some(fields) = line.strip_prefix(b"#Fields:") {
                let fields = fields.to_vec();
                return self.columns(&fields);
            }
            return push(0, line.len(), 0);
        }
        if self.shape == Shape::Flow && shapes::names_flows(line) {
            let fields = line.to_vec();
            return self.columns(&fields);
        }
        let mut parts = std::mem::take(&mut self.parts);
        if self.shape.parts(line, &mut parts) {
            let last = self.fields.last().copied().unwrap_or(0);
            for (i, (from, to)) in parts.iter().enumerate().filter(|(_, (from, to))| from < to && &line[*from..*to] != b"-") {
                push(*from, *to, self.fields.get(i).copied().unwrap_or(last));
            }
        } else {
            // A message goes on, or something else was written here.
            push(0, line.len(), if self.shape == Shape::CloudWatch { 2 } else { 0 });
        }
        self.parts = parts;
        batch.records += 1;
        self.row += 1;
    }
}

impl Reader for Logs {
    fn kind(&self) -> &'static str {
        "log"
    }

    fn next_batch(&mut self, batch: &mut Batch) -> Result<bool> {
        batch.clear();
        batch.places = PlaceKind::Bytes;
        batch.first_line = 1;
        batch.first_row = self.row;
        batch.offset = self.offset;
        batch.bytes.append(&mut self.carry);
        let context = self.inside.unwrap_or(0);
        let held = batch.bytes.len();
        let want = self.limits.batch_bytes.max(64).max(2 * held.min(self.limits.value_bytes)) + context;
        self.feed.fill(&mut batch.bytes, want);
        let (len, over) = (batch.bytes.len(), self.feed.over());
        if over && len == context {
            batch.bytes.clear();
            batch.core = 0..0;
            sync_fields(batch, &self.names);
            return self.feed.end();
        }
        // Where whole lines end.
        let end = if over { len } else { memrchr(b'\n', &batch.bytes[context..]).map_or(context, |i| context + i + 1) };
        let mut at = 0;
        if self.inside.is_some() || end == context {
            let line_end = memchr(b'\n', &batch.bytes[context..]).map(|i| context + i).or(over.then_some(len));
            let whole = line_end.is_some() || self.inside.is_some() || len - context >= self.limits.value_bytes;
            if !whole {
                // The buffer grows until the line ends or is too long.
                self.carry.append(&mut batch.bytes);
                batch.core = 0..0;
                sync_fields(batch, &self.names);
                return Ok(true);
            }
            let row = (self.row - batch.first_row) as u32;
            let until = line_end.unwrap_or(len) as u32;
            if until > 0 {
                batch.cells.push(Cell { start: 0, end: until, raw_end: until, field: 0, row, scope: PROSE_SCOPE });
            }
            let Some(line_end) = line_end else {
                let (keep, cut) = cut_piece(&batch.bytes, context, self.limits.overlap);
                batch.core = context..cut;
                self.carry.extend_from_slice(&batch.bytes[keep..]);
                self.inside = Some(cut - keep);
                self.offset += keep as u64;
                sync_fields(batch, &self.names);
                return Ok(true);
            };
            self.inside = None;
            self.row += 1;
            batch.records += 1;
            at = (line_end + 1).min(len);
        }
        while at < end {
            let n = memchr(b'\n', &batch.bytes[at..end]).map_or(end, |i| at + i);
            self.line(batch, at, n);
            at = n + 1;
        }
        let end = end.max(at.min(len));
        self.carry.extend_from_slice(&batch.bytes[end..]);
        batch.bytes.truncate(end);
        batch.core = context.min(end)..end;
        self.offset += end as u64;
        sync_fields(batch, &self.names);
        if batch.cells.is_empty() {
            batch.bytes.clear();
            batch.core = 0..0;
        }
        Ok(true)
    }

    fn take_issues(&mut self) -> Vec<Issue> {
        Vec::new()
    }
}
