//! Amazon Ion, text and binary: values one after the other, paths and records as for JSON. Exports of DynamoDB give the same table in both.
//!
//! A lexer for each encoding makes the same events; what they mean (symbol tables, records, images of items) is said once, here.
//! Only one value is held at a time, whatever the size of what is around it. Text that is no Ion is given as lines; in a
//! broken binary value what stands before the damage is given, and the next one is found by its length.

mod binary;
mod records;
mod symbols;
#[cfg(test)]
mod tests;
mod text;
mod tokens;

use std::ops::Range;

use super::feed::{Feed, Issues, char_boundary};
use super::rows::is_full;
use super::tree::Tree;
use super::{Limits, Reader};
use crate::base::{Batch, Error, Issue, PeekInput, PlaceKind, Reason, Result};
pub(super) use binary::Binary;
use records::{Mode, mode};
use symbols::{Symbols, Table};
pub(super) use text::Text;

/// The largest value that is held whole.
const MOST_VALUE: usize = 16 << 20;

/// The first bytes of binary Ion.
pub(super) const MAGIC: &[u8] = b"\xe0\x01\0\xea";

/// What a lexer meets.
#[derive(Debug, PartialEq, Eq)]
enum Event {
    /// Ion begins (anew): what symbols mean is forgotten.
    Version,
    /// Said of the value that comes next.
    Annotation(Name),
    /// The name of the value that comes next.
    Key(Name),
    Open {
        array: bool,
    },
    Close,
    /// A value that is text, or nothing.
    Value,
    Symbol(Name),
    /// Text that is no value.
    Comment,
    /// Nothing up to this byte of the member.
    Pad(u64),
    /// A value that is too long to be held; it ends at this byte of the member.
    TooLong(u64),
}

/// A symbol, written out or by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Name {
    Text,
    Id(u64),
}

/// What a lexer cannot make sense of.
struct Bad(Reason, &'static str);

/// Where it goes on.
enum Recovery {
    /// The rest of the line is text.
    Line,
    /// At this byte of the member.
    At(u64),
    /// Nowhere.
    Lost,
}

/// What an event is about.
#[derive(Default)]
struct Found {
    /// The text of a name or a value.
    text: Vec<u8>,
    /// Where in the buffer it stands.
    span: Range<usize>,
}

/// Bytes as a lexer sees them.
struct View<'a> {
    bytes: &'a [u8],
    /// Where in the member they begin.
    base: u64,
    /// Whether nothing follows them.
    over: bool,
}

/// One encoding.
trait Lexer: Send {
    const KIND: &'static str;

    /// The next event, and `at` behind it. `None`: there is none in these bytes; nothing was changed.
    fn next(&mut self, view: &View<'_>, at: &mut usize, found: &mut Found) -> Result<Option<Event>, Bad>;

    /// Forgets what is open in the record that a broken value is part of. `base`: how much is open around records.
    fn recover(&mut self, base: usize) -> Recovery;

    /// How many values are open.
    fn depth(&self) -> usize;
}

/// Whether text is Ion. JSON is Ion, too, but has a faster reader.
pub(super) fn detect(head: &[u8], ext: &str) -> bool {
    let start = head.iter().position(|b| !b.is_ascii_whitespace()).unwrap_or(head.len());
    let marked = head[start..].strip_prefix(b"$ion_1_0").is_some_and(|rest| !rest.first().is_some_and(|b| b.is_ascii_alphanumeric()));
    marked || ext == "ion" && start < head.len()
}

/// Opens a member that is Ion.
pub(super) fn open(input: PeekInput, head: &[u8], whole: bool, limits: &Limits) -> Box<dyn Reader> {
    if head.starts_with(MAGIC) {
        Box::new(Ion::new(input, Binary::default(), mode(Binary::default(), head, whole), limits))
    } else {
        Box::new(Ion::new(input, Text::default(), mode(Text::default(), head, whole), limits))
    }
}

/// Reads values.
struct Ion<L> {
    lexer: L,
    mode: Mode,
    feed: Feed,
    buf: Vec<u8>,
    /// Bytes of `buf` that are done with, and bytes of the member before it.
    at: usize,
    taken: u64,
    limits: Limits,
    tree: Tree,
    found: Found,
    symbols: Symbols,
    table: Table,
    /// How many values are open around records: the list whose elements they are, until it ends.
    around: usize,
    /// Whether the rest of the line is text.
    raw: bool,
    /// Nothing is read before this byte of the member.
    skip_to: u64,
    issues: Issues,
    failed: Option<Error>,
    ended: bool,
}

impl<L: Lexer> Ion<L> {
    fn new(input: PeekInput, lexer: L, mode: Mode, limits: &Limits) -> Ion<L> {
        let mut tree = Tree::new(limits.json_depth, limits.value_bytes);
        tree.wrapped = mode == Mode::DynamoDb;
        if mode == Mode::Document {
            tree.places = PlaceKind::RowsAndBytes;
        }
        Ion {
            lexer,
            mode,
            feed: Feed::new(input),
            buf: Vec::new(),
            at: 0,
            taken: 0,
            limits: limits.clone(),
            tree,
            found: Found::default(),
            symbols: Symbols::default(),
            table: Table::default(),
            around: 0,
            raw: false,
            skip_to: 0,
            issues: Issues::default(),
            failed: None,
            ended: false,
        }
    }

    fn position(&self) -> u64 {
        self.taken + self.at as u64
    }

    /// Brings more bytes into the buffer.
    fn more(&mut self) {
        self.buf.drain(..self.at);
        self.taken += self.at as u64;
        self.at = 0;
        // More than a value may have: what is left of one that is too long must not be moved for each line of it.
        let want = (2 * self.buf.len()).clamp(256 << 10, 2 * MOST_VALUE);
        self.feed.fill(&mut self.buf, want);
    }

    /// Where in the member the last event's text stands.
    fn from(&self) -> Range<u64> {
        self.taken + self.found.span.start as u64..self.taken + self.found.span.end as u64
    }

    /// One step; `false` where the member ends. `records` grows with each that is complete.
    fn step(&mut self, batch: &mut Batch, records: &mut u64) -> bool {
        if self.position() < self.skip_to {
            let n = (self.skip_to - self.position()).min((self.buf.len() - self.at) as u64) as usize;
            self.at += n;
            if n == 0 {
                if self.feed.over() {
                    self.issues.add(Reason::Truncated, "Ion that breaks off", self.position());
                    return false;
                }
                self.more();
            }
            return true;
        }
        if self.raw {
            return self.raw(batch, records);
        }
        let view = View { bytes: &self.buf, base: self.taken, over: self.feed.over() };
        match self.lexer.next(&view, &mut self.at, &mut self.found) {
            Ok(Some(event)) => {
                if let Err(bad) = self.take(event, batch, records) {
                    self.broken(bad, records);
                }
                true
            }
            Ok(None) if view.over => {
                let left = self.buf.len() > self.at && !self.buf[self.at..].iter().all(u8::is_ascii_whitespace);
                if left || self.lexer.depth() > 0 {
                    self.issues.add(Reason::Truncated, "Ion that breaks off", self.position());
                    self.raw = left && L::KIND == Text::KIND;
                    if self.tree.depth() > 0 && !self.raw {
                        *records += 1;
                    }
                }
                self.lexer.recover(0);
                self.tree.close_all();
                self.raw
            }
            Ok(None) if self.buf.len() - self.at >= MOST_VALUE => {
                self.broken(Bad(Reason::MemoryLimit, "a value too long to be held"), records);
                true
            }
            Ok(None) => {
                self.more();
                true
            }
            Err(bad) => {
                self.broken(bad, records);
                true
            }
        }
    }

    /// The value at `at` is broken.
    fn broken(&mut self, Bad(reason, what): Bad, records: &mut u64) {
        self.issues.add(reason, what, self.position());
        let within = self.tree.depth() > 0;
        self.tree.close_all();
        self.table = Table::default();
        let recovery = self.lexer.recover(self.around);
        self.around = self.around.min(self.lexer.depth());
        match recovery {
            Recovery::Line => self.raw = true,
            Recovery::At(byte) => {
                self.skip_to = byte;
                self.record(records);
            }
            Recovery::Lost => {
                if within {
                    self.record(records);
                }
                self.failed = Some(Error::new(reason, format!("Ion: {what}, at byte {}", self.position())));
            }
        }
    }

    fn record(&mut self, records: &mut u64) {
        *records += 1;
        self.tree.next_row();
    }

    /// Takes an event.
    fn take(&mut self, event: Event, batch: &mut Batch, records: &mut u64) -> Result<(), Bad> {
        let depth = self.lexer.depth();
        // A symbol table is nested in nothing else, so this is said before it is taken.
        if matches!(event, Event::Open { .. }) && depth > self.limits.json_depth.max(1) + self.around {
            return Err(Bad(Reason::NestingLimit, "Ion nested too deeply"));
        }
        if let Event::Pad(to) | Event::TooLong(to) = event {
            self.skip_to = to;
            if matches!(event, Event::TooLong(_)) {
                self.issues.add(Reason::MemoryLimit, "a value too long to be held", self.position());
                if !self.table.too_long(depth) && self.tree.depth() == 0 {
                    self.record(records);
                }
            }
            return Ok(());
        }
        if self.table.takes(&event, &self.found, depth, &mut self.symbols) {
            return Ok(());
        }
        let from = self.from();
        match event {
            Event::Version => self.symbols = Symbols::default(),
            Event::Comment => self.tree.raw(batch, self.found.text.trim_ascii(), from),
            Event::Annotation(_) | Event::Pad(_) | Event::TooLong(_) => {}
            Event::Key(name) => {
                let key = self.symbols.once(name, &self.found, b"*");
                self.tree.key(batch, key.unwrap_or(b"*"), from);
                if key.is_none() {
                    self.unknown();
                }
            }
            Event::Open { array } if array && self.mode == Mode::List && depth == 1 => self.around = 1,
            Event::Open { array } => {
                if !self.tree.open(batch, array) {
                    return Err(Bad(Reason::NestingLimit, "Ion nested too deeply"));
                }
            }
            Event::Close => {
                self.around = self.around.min(depth);
                // The list around records is not among what is held.
                let held = self.tree.depth() > 0;
                self.tree.close();
                if held && self.tree.depth() == 0 {
                    self.record(records);
                }
            }
            Event::Value => {
                self.tree.value(batch, &self.found.text, from);
                if self.tree.depth() == 0 {
                    self.record(records);
                }
            }
            Event::Symbol(name) => {
                match self.symbols.once(name, &self.found, b"") {
                    Some(text) => self.tree.value(batch, text, from),
                    None => self.unknown(),
                }
                if self.tree.depth() == 0 {
                    self.record(records);
                }
            }
        }
        Ok(())
    }

    fn unknown(&mut self) {
        self.issues.add(Reason::UnsupportedFormat, "a symbol of a shared table that is not at hand", self.position());
    }

    /// Gives the rest of the line as text.
    fn raw(&mut self, batch: &mut Batch, records: &mut u64) -> bool {
        let rest = &self.buf[self.at..];
        let (n, last) = match memchr::memchr(b'\n', rest) {
            Some(n) => (n + 1, true),
            None if self.feed.over() => (rest.len(), true),
            None if rest.len() >= self.limits.value_bytes.max(64) => {
                let most = char_boundary(rest, rest.len() - 4).max(1);
                (memchr::memrchr2(b' ', b',', &rest[..most]).map_or(most, |n| n + 1), false)
            }
            None => {
                self.more();
                return true;
            }
        };
        let text = rest[..n].trim_ascii_end();
        let start = self.taken + self.at as u64;
        self.tree.raw(batch, text, start..start + text.len() as u64);
        self.at += n;
        if last {
            self.raw = false;
            self.record(records);
        }
        true
    }
}

impl<L: Lexer> Reader for Ion<L> {
    fn kind(&self) -> &'static str {
        if self.mode == Mode::DynamoDb { "dynamodb-ion" } else { L::KIND }
    }

    fn next_batch(&mut self, batch: &mut Batch) -> Result<bool> {
        self.tree.begin(batch);
        let mut records = 0;
        while !self.ended && self.failed.is_none() && !is_full(batch, self.limits.batch_bytes) && records < self.tree.most_records() {
            self.ended = !self.step(batch, &mut records);
        }
        self.tree.finish(batch, records);
        if records > 0 || !batch.bytes.is_empty() || !(self.ended || self.failed.is_some()) {
            return Ok(true);
        }
        self.ended = true;
        let (failed, end) = (self.failed.take(), self.feed.end());
        // Bytes that failed to come may come another time.
        failed.filter(|_| !end.as_ref().is_err_and(|e| e.reason.retryable())).map_or(end, Err)
    }

    fn take_issues(&mut self) -> Vec<Issue> {
        self.issues.take()
    }
}
