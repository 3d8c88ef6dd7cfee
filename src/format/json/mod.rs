//! JSON: lines, concatenated values, an array of records, one document; DynamoDB's typed export unwrapped.
//!
//! A tokenizer over the batch's own buffer; tokens that are as they should be are walked over with bitmaps. Where the buffer ends inside a record, the record is taken back and starts
//! the next batch; where a record is larger than a batch, the batch ends between two tokens and the state (the stack of
//! open values, their scopes) goes on; a string larger than `value_bytes` comes in overlapping pieces. What is no JSON
//! is given as lines of text, so that nothing is lost.

mod damage;
pub(super) mod escape;
mod forms;
pub(super) mod paths;
pub(super) mod state;
#[cfg(test)]
mod tests;
mod tokens;
pub(super) mod typed;
mod walk;

use super::feed::{Feed, Issues, before_escape, cut_piece, sync_fields};
use super::{Limits, Reader};
use crate::base::{Batch, Cell, Issue, PeekInput, PlaceKind, ROW_SCOPE, Result, Scope};
use escape::unescape;
use forms::Forms;
use paths::Paths;
use state::{Expect, Frame, Mark, Raw, Stop};
use walk::Signs;

/// How records lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// JSON Lines or values one after the other.
    Lines,
    /// The elements of one array.
    Array,
    /// One value that is all, as far as the member's first bytes tell. Where another follows, they are lines.
    Document,
    /// Lines of a DynamoDB export: `{"Item":…}`, or the images of an incremental one.
    DynamoDb,
    /// Lines of typed attributes without a wrapper.
    DynamoDbBare,
}

/// Reads JSON.
pub(super) struct Json {
    feed: Feed,
    limits: Limits,
    mode: Mode,
    carry: Vec<u8>,
    offset: u64,
    row: u64,
    paths: Paths,
    stack: Vec<Frame>,
    expect: Expect,
    raw: Raw,
    /// Whether the buffer starts inside a string or line, how much of it is context, and where it belongs.
    inside: Option<(usize, u32, u32)>,
    /// Where the current record began, if in this buffer.
    record: Option<Mark>,
    /// Whether the last cell is a key whose value comes next.
    keyed: bool,
    /// Cells whose escapes are to be resolved.
    fixes: Vec<u32>,
    issues: Issues,
    /// Where strings and numbers end; `None` reads token by token.
    signs: Option<Signs>,
    forms: Forms,
}

impl Json {
    pub fn new(input: PeekInput, mode: Mode, limits: &Limits) -> Json {
        Json {
            feed: Feed::new(input),
            limits: limits.clone(),
            mode,
            carry: Vec::new(),
            offset: 0,
            row: 0,
            paths: Paths::new(),
            stack: Vec::new(),
            expect: Expect::Value,
            raw: Raw::No,
            inside: None,
            record: None,
            keyed: false,
            fixes: Vec::new(),
            issues: Issues::default(),
            signs: Some(Signs::new(mode)),
            forms: Forms::new(),
        }
    }

    /// Whether the value is complete that seemed to be the whole member.
    fn follows_document(&self) -> bool {
        self.mode == Mode::Document && self.row > 0 && self.stack.is_empty() && self.raw == Raw::No
    }

    /// Starts a batch with the scopes that are open.
    fn carry_scopes(&mut self, batch: &mut Batch) {
        let mut last = ROW_SCOPE;
        for i in 0..self.stack.len() {
            let above = i.checked_sub(1).map(|j| self.stack[j].kind);
            if self.stack[i].own {
                batch.scopes.push(Scope { parent: self.stack[i].kind.parent(above, last) });
                last = (batch.scopes.len() - 1) as u32;
            }
            self.stack[i].scope = last;
        }
        batch.carried = batch.scopes.len();
        if let Some(inside) = &mut self.inside
            && self.raw == Raw::No
        {
            inside.2 = last;
        }
    }

    /// Resolves escapes in the cells that stay. A piece is resolved part by part, so that its core stays true.
    fn resolve(&mut self, batch: &mut Batch) {
        for i in self.fixes.drain(..) {
            let Batch { bytes, cells, core, .. } = batch;
            let c = &mut cells[i as usize];
            let (start, raw_end) = (c.start as usize, c.raw_end as usize);
            let (from, until) = (core.start.clamp(start, raw_end), core.end.clamp(start, raw_end));
            let a = unescape(bytes, start..from, start);
            let b = unescape(bytes, from..until, a);
            let end = unescape(bytes, until..raw_end, b);
            if core.start > start && core.start <= raw_end {
                core.start = a;
            }
            if core.end >= start && core.end < raw_end {
                core.end = b;
            }
            bytes[end..raw_end].fill(b'\n');
            c.end = end as u32;
        }
    }
}

impl Reader for Json {
    fn kind(&self) -> &'static str {
        match self.mode {
            Mode::Lines => "jsonl",
            Mode::Array | Mode::Document => "json",
            Mode::DynamoDb | Mode::DynamoDbBare => "dynamodb-json",
        }
    }

    fn next_batch(&mut self, batch: &mut Batch) -> Result<bool> {
        batch.clear();
        batch.first_line = 1;
        batch.offset = self.offset;
        batch.first_row = self.row;
        batch.bytes.append(&mut self.carry);
        let held = batch.bytes.len();
        let piece = self.inside.map_or(0, |i| i.0);
        let most = self.limits.batch_bytes.max(self.limits.value_bytes).max(64) + piece;
        let want = self.limits.batch_bytes.max(64).max((2 * held).min(most));
        self.feed.fill(&mut batch.bytes, want);
        if self.follows_document() && !batch.bytes.iter().all(|b| state::is_blank(*b)) {
            (self.mode, self.signs) = (Mode::Lines, self.signs.is_some().then(|| Signs::new(Mode::Lines)));
        }
        batch.places = if self.mode == Mode::Document { PlaceKind::RowsAndBytes } else { PlaceKind::Rows };
        self.carry_scopes(batch);
        self.record = None;
        let start = piece;
        let stop = self.parse(batch, self.feed.over());
        batch.core = start..batch.bytes.len();
        match stop {
            Stop::At(end) => {
                self.carry.extend_from_slice(&batch.bytes[end..]);
                batch.bytes.truncate(end);
                batch.core = start.min(end)..end;
                self.offset += end as u64;
            }
            Stop::Piece { field, scope, escapes } => {
                let (mut keep, mut cut) = cut_piece(&batch.bytes, start, self.limits.overlap);
                let len = batch.bytes.len();
                if escapes {
                    cut = before_escape(&batch.bytes, cut, start + 1, b'\\');
                    keep = before_escape(&batch.bytes, keep.min(cut), 0, b'\\');
                    self.fixes.push(batch.cells.len() as u32);
                }
                batch.cells.push(Cell { start: 0, end: len as u32, raw_end: len as u32, field, row: 0, scope });
                batch.core.end = cut;
                self.carry.extend_from_slice(&batch.bytes[keep..]);
                self.inside = Some((cut - keep, field, scope));
                self.offset += keep as u64;
            }
        }
        batch.open.extend(self.stack.iter().filter(|f| f.own).map(|f| f.scope));
        self.resolve(batch);
        sync_fields(batch, &self.paths.fields);
        batch.base64_fields.clone_from(&self.paths.base64);
        if batch.cells.is_empty() {
            // No cells would mean plain text.
            let read = !batch.bytes.is_empty() || batch.records > 0;
            batch.bytes.clear();
            batch.core = 0..0;
            if !read && self.carry.is_empty() && self.feed.over() {
                return self.feed.end();
            }
        }
        Ok(true)
    }

    fn take_issues(&mut self) -> Vec<Issue> {
        self.issues.take()
    }
}
