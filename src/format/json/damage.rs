//! What is no JSON is given as lines of text.

use memchr::{memchr, memrchr};

use super::state::{Expect, Raw, Stop};
use super::{Json, Mode};
use crate::base::{Batch, ROW_SCOPE};

impl Json {
    /// After an error at `at`: the record's lines are given as text. Where reading goes on.
    pub(super) fn give_up(&mut self, batch: &mut Batch, pos: usize, at: usize) -> usize {
        (self.inside, self.keyed) = (None, false);
        if matches!(self.mode, Mode::Array | Mode::Document) {
            self.stack.clear();
            self.raw = Raw::Rest;
            return pos;
        }
        let Some(mark) = self.record.take() else {
            // The record began in an earlier batch; what it gave stays.
            self.stack.clear();
            self.expect = Expect::Value;
            self.raw = Raw::Line;
            return pos;
        };
        self.back_to(batch, mark);
        self.raw = Raw::Line;
        // Where the error is the first thing on a later line, that line may be a good record.
        let line = memrchr(b'\n', &batch.bytes[mark.at..at.min(batch.bytes.len())]).map(|i| mark.at + i + 1);
        let Some(line) = line else { return mark.at };
        let field = self.paths.raw_field();
        let mut from = mark.at;
        while let Some(n) = memchr(b'\n', &batch.bytes[from..line]).map(|i| from + i) {
            self.line(batch, from, n, field);
            from = n + 1;
        }
        if batch.bytes[line..at.min(batch.bytes.len())].iter().all(|b| b.is_ascii_whitespace()) {
            self.raw = Raw::No;
        }
        line
    }

    /// Gives one line of text.
    fn line(&mut self, batch: &mut Batch, from: usize, end: usize, field: u32) {
        let end = if end > from && batch.bytes[end - 1] == b'\r' { end - 1 } else { end };
        self.push_cell(batch, from, end, field, ROW_SCOPE);
        if self.raw != Raw::Rest {
            self.row += 1;
            batch.records += 1;
        }
    }

    pub(super) fn raw_step(&mut self, batch: &mut Batch, pos: &mut usize, over: bool) -> Option<Stop> {
        let (start, from) = match self.inside {
            Some((context, ..)) => (*pos, *pos + context),
            None => (*pos, *pos),
        };
        let field = self.paths.raw_field();
        match memchr(b'\n', &batch.bytes[from..]) {
            Some(i) => {
                self.line(batch, start, from + i, field);
                *pos = from + i + 1;
                if self.raw == Raw::Line {
                    self.raw = Raw::No;
                    self.record = None;
                }
            }
            None if over => {
                if from < batch.bytes.len() {
                    self.line(batch, start, batch.bytes.len(), field);
                }
                *pos = batch.bytes.len();
                self.inside = None;
                self.raw = Raw::No;
                self.stack.clear();
                self.expect = Expect::Value;
                return Some(Stop::At(*pos));
            }
            None if start > 0 || batch.bytes.is_empty() => return Some(Stop::At(start)),
            None => return Some(Stop::Piece { field, scope: ROW_SCOPE, escapes: false }),
        }
        self.inside = None;
        None
    }
}
