//! JSON: lines, concatenated values, an array of records, one document; DynamoDB's typed export unwrapped.
//!
//! A tokenizer over the batch's own buffer. Where the buffer ends inside a record, the record is taken back and starts
//! the next batch; where a record is larger than a batch, the batch ends between two tokens and the state (the stack of
//! open values, their scopes) goes on; a string larger than `value_bytes` comes in overlapping pieces. What is no JSON
//! is given as lines of text, so that nothing is lost.

mod escape;
mod paths;
#[cfg(test)]
mod tests;

use memchr::{memchr, memchr2, memchr3, memrchr};

use super::feed::{Feed, Issues, before_escape, cut_piece, sync_fields};
use super::{Limits, Reader};
use crate::base::{Batch, Cell, Issue, PeekInput, PlaceKind, ROW_SCOPE, Reason, Result, Scope};
use escape::unescape;
use paths::{Paths, ROOT};

/// How records lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// JSON Lines or values one after the other.
    Lines,
    /// The elements of one array.
    Array,
    /// One value that is all.
    Document,
    /// Lines of a DynamoDB export: `{"Item":…}`, or the images of an incremental one.
    DynamoDb,
    /// Lines of typed attributes without a wrapper.
    DynamoDbBare,
}

/// A DynamoDB type descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Typed {
    Scalar,
    Set,
    Map,
    List,
}

/// The descriptor that `key` is.
fn descriptor(key: &[u8]) -> Option<Typed> {
    Some(match key {
        b"S" | b"N" | b"B" | b"BOOL" | b"NULL" | b"s" | b"n" | b"b" | b"bool" | b"bOOL" | b"null" | b"nULLValue" => Typed::Scalar,
        b"SS" | b"NS" | b"BS" | b"ss" | b"ns" | b"bs" | b"sS" | b"nS" | b"bS" => Typed::Set,
        b"M" | b"m" => Typed::Map,
        b"L" | b"l" => Typed::List,
        _ => return None,
    })
}

/// What an open array or object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Object,
    Array,
    /// The root object of a DynamoDB line; its members are maps of typed values.
    Wrapper,
    /// Attributes with typed values.
    TypedMap,
    /// A list of typed values.
    TypedList,
    /// `{"S": …}`; the flag says that it is an element of a list.
    TypedValue(bool, Option<Typed>),
}

#[derive(Clone, Debug)]
struct Frame {
    kind: Kind,
    node: u32,
    /// The path of the value that comes next.
    child: u32,
    /// Where in the node's children the next key is looked for first.
    guess: u32,
    /// The scope of directly held values, in the current batch.
    scope: u32,
    /// Whether it opened that scope itself.
    own: bool,
}

impl Frame {
    fn is_array(&self) -> bool {
        matches!(self.kind, Kind::Array | Kind::TypedList)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expect {
    Value,
    FirstValueOrEnd,
    FirstKeyOrEnd,
    Key,
    Colon,
    CommaOrEnd,
}

/// Text that is given as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Raw {
    No,
    /// Up to the next newline.
    Line,
    /// Up to the end.
    Rest,
}

/// Where the buffer's last token goes on beyond it.
enum Stop {
    /// Used up to here; the rest starts the next batch.
    At(usize),
    /// One string or line fills the buffer.
    Piece { field: u32, scope: u32, escapes: bool },
}

/// What can be wrong with a record.
struct Bad {
    reason: Reason,
    what: &'static str,
    at: usize,
}

/// A point that can be returned to.
#[derive(Clone, Copy)]
struct Mark {
    at: usize,
    cells: usize,
    scopes: usize,
    fixes: usize,
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
    /// Cells whose escapes are to be resolved.
    fixes: Vec<u32>,
    issues: Issues,
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
            fixes: Vec::new(),
            issues: Issues::default(),
        }
    }

    /// How deep the stack is between two records.
    fn base(&self) -> usize {
        usize::from(self.mode == Mode::Array && self.row_array())
    }

    /// Whether the outermost array, whose elements are rows, is open.
    fn row_array(&self) -> bool {
        self.mode == Mode::Array && self.stack.first().is_some_and(|f| f.is_array() && !f.own && f.node == ROOT && f.child == ROOT)
    }

    fn mark(&self, batch: &Batch, at: usize) -> Mark {
        Mark { at, cells: batch.cells.len(), scopes: batch.scopes.len(), fixes: self.fixes.len() }
    }

    fn back_to(&mut self, batch: &mut Batch, mark: Mark) {
        batch.cells.truncate(mark.cells);
        batch.scopes.truncate(mark.scopes);
        self.fixes.truncate(mark.fixes);
        self.stack.truncate(self.base());
        self.expect = if self.stack.is_empty() { Expect::Value } else { Expect::FirstValueOrEnd };
    }

    fn push_cell(&mut self, batch: &mut Batch, start: usize, end: usize, field: u32, scope: u32) {
        if start < end {
            let row = (self.row - batch.first_row) as u32;
            batch.cells.push(Cell { start: start as u32, end: end as u32, raw_end: end as u32, field, row, scope });
        }
    }

    /// Path and scope of a scalar that comes now.
    fn place(&mut self) -> (u32, u32) {
        match self.stack.last() {
            Some(f) => (f.child, f.scope),
            None => (ROOT, ROW_SCOPE),
        }
    }

    /// Opens an object or array. `scopes` of the batch may grow.
    fn open(&mut self, batch: &mut Batch, array: bool) {
        let (node, held) = self.place();
        let above = self.stack.last().map(|f| f.kind);
        let rows = array && self.mode == Mode::Array && self.stack.is_empty();
        let kind = match (above, array) {
            (None, false) if self.mode == Mode::DynamoDb => Kind::Wrapper,
            (None, false) if self.mode == Mode::DynamoDbBare => Kind::TypedMap,
            (Some(Kind::Wrapper), false) => Kind::TypedMap,
            (Some(Kind::TypedMap), false) => Kind::TypedValue(false, None),
            (Some(Kind::TypedList), false) => Kind::TypedValue(true, None),
            (Some(Kind::TypedValue(_, Some(Typed::Map))), false) => Kind::TypedMap,
            (Some(Kind::TypedValue(_, Some(Typed::List))), true) => Kind::TypedList,
            (_, true) => Kind::Array,
            (_, false) => Kind::Object,
        };
        let own = !array && !matches!(kind, Kind::TypedValue(..));
        let scope = if own {
            let parent = match above {
                None | Some(Kind::Array | Kind::TypedList | Kind::Wrapper | Kind::TypedValue(true, _)) => None,
                Some(_) => (held != ROW_SCOPE).then_some(held),
            };
            batch.scopes.push(Scope { parent });
            (batch.scopes.len() - 1) as u32
        } else {
            held
        };
        let child = if rows {
            ROOT
        } else if array {
            self.paths.element(node)
        } else {
            node
        };
        self.stack.push(Frame { kind, node, child, guess: 0, scope, own });
        self.expect = if array { Expect::FirstValueOrEnd } else { Expect::FirstKeyOrEnd };
    }

    /// A value ended: the record too, if nothing is open.
    fn value_done(&mut self, batch: &mut Batch) {
        if self.stack.len() == self.base() {
            self.row += 1;
            batch.records += 1;
            self.record = None;
        }
        self.expect = if self.stack.is_empty() { Expect::Value } else { Expect::CommaOrEnd };
    }

    /// Takes a key: what comes next lies under it.
    fn key(&mut self, batch: &mut Batch, start: usize, end: usize) {
        let raw = &batch.bytes[start..end];
        let escaped = memchr(b'\\', raw).is_some();
        let mut owned;
        let key = if escaped {
            owned = raw.to_vec();
            let n = unescape(&mut owned, 0..raw.len(), 0);
            owned.truncate(n);
            &owned[..]
        } else {
            raw
        };
        let Some(f) = self.stack.last_mut() else { return };
        self.expect = Expect::Colon;
        if let Kind::TypedValue(listed, _) = f.kind
            && let Some(t) = descriptor(key)
        {
            (f.kind, f.child) = (Kind::TypedValue(listed, Some(t)), f.node);
            return;
        }
        if f.kind == Kind::Wrapper && key == b"Item" {
            f.child = f.node;
            return;
        }
        let (child, collapsed) = self.paths.child(f.node, key, &mut f.guess);
        f.child = child;
        if collapsed && start < end {
            // The key is data itself.
            let scope = f.scope;
            let field = self.paths.field(child);
            self.push_cell(batch, start, end, field, scope);
            if escaped {
                self.fixes.push((batch.cells.len() - 1) as u32);
            }
        }
    }

    /// Where the string that goes on at `from` ends: the closing quote. `Ok(None)`: not in this buffer.
    fn string_end(&self, bytes: &[u8], mut from: usize) -> Result<Option<(usize, bool)>, usize> {
        let mut escapes = false;
        // A line is a record: a newline in a string means that the string was not closed.
        let strict = !matches!(self.mode, Mode::Document | Mode::Array);
        loop {
            let hit = if strict { memchr3(b'"', b'\\', b'\n', &bytes[from..]) } else { memchr2(b'"', b'\\', &bytes[from..]) };
            let Some(i) = hit.map(|i| from + i) else { return Ok(None) };
            match bytes[i] {
                b'"' => return Ok(Some((i, escapes))),
                b'\n' => return Err(i),
                _ => {
                    escapes = true;
                    from = i + 2;
                    if from > bytes.len() {
                        return Ok(None);
                    }
                }
            }
        }
    }

    /// Reads tokens until the buffer ends.
    fn parse(&mut self, batch: &mut Batch, over: bool) -> Stop {
        let mut pos = 0;
        if self.offset == 0 && batch.bytes.starts_with(b"\xef\xbb\xbf") {
            pos = 3;
        }
        loop {
            match self.step(batch, &mut pos, over) {
                Ok(None) => {}
                Ok(Some(stop)) => return stop,
                Err(bad) => {
                    self.issues.add(bad.reason, bad.what, self.offset + bad.at as u64);
                    pos = self.give_up(batch, pos, bad.at);
                }
            }
        }
    }

    /// After an error at `at`: the record's lines are given as text. Where reading goes on.
    fn give_up(&mut self, batch: &mut Batch, pos: usize, at: usize) -> usize {
        self.inside = None;
        let rest = match self.mode {
            Mode::Array => true,
            Mode::Document => self.row == 0,
            _ => false,
        };
        if rest {
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

    fn raw_step(&mut self, batch: &mut Batch, pos: &mut usize, over: bool) -> Option<Stop> {
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

    /// One token.
    fn step(&mut self, batch: &mut Batch, pos: &mut usize, over: bool) -> Result<Option<Stop>, Bad> {
        if self.raw != Raw::No {
            return Ok(self.raw_step(batch, pos, over));
        }
        let bad = |what, at| Bad { reason: Reason::Malformed, what, at };
        let len = batch.bytes.len();
        if let Some((context, field, scope)) = self.inside {
            return match self.string_end(&batch.bytes, *pos + context) {
                Ok(Some((end, _))) => {
                    self.inside = None;
                    let start = *pos;
                    self.push_cell(batch, start, end, field, scope);
                    if start < end {
                        self.fixes.push((batch.cells.len() - 1) as u32);
                    }
                    *pos = end + 1;
                    self.value_done(batch);
                    Ok(None)
                }
                Ok(None) if over => Err(bad("a JSON string that is not closed", len)),
                Ok(None) if *pos > 0 => Ok(Some(Stop::At(*pos))),
                Ok(None) => Ok(Some(Stop::Piece { field, scope, escapes: true })),
                Err(at) => Err(bad("a JSON string that is not closed", at)),
            };
        }
        while let Some(b' ' | b'\n' | b'\r' | b'\t' | 0x1e) = batch.bytes.get(*pos) {
            *pos += 1;
        }
        let at = *pos;
        let between =
            self.stack.len() == self.base() && matches!(self.expect, Expect::Value | Expect::FirstValueOrEnd | Expect::CommaOrEnd);
        let Some(&b) = batch.bytes.get(at) else {
            if over && !self.stack.is_empty() {
                return Err(bad("JSON that ends inside a value", at));
            }
            return Ok(Some(if between { Stop::At(at) } else { self.cut(batch, at) }));
        };
        if self.stack.len() == self.base() && matches!(self.expect, Expect::Value | Expect::FirstValueOrEnd) && self.record.is_none() {
            self.record = Some(self.mark(batch, at));
        }
        match (self.expect, b) {
            (Expect::FirstValueOrEnd, b']') | (Expect::FirstKeyOrEnd, b'}') => self.close(batch, pos),
            (Expect::CommaOrEnd, b']' | b'}') => {
                if self.stack.last().is_none_or(|f| f.is_array() != (b == b']')) {
                    return Err(bad("a bracket of JSON that closes nothing", at));
                }
                self.close(batch, pos);
            }
            (Expect::CommaOrEnd, b',') => {
                *pos += 1;
                let array = self.stack.last().is_some_and(Frame::is_array);
                self.expect = if array { Expect::Value } else { Expect::Key };
            }
            (Expect::Colon, b':') => {
                *pos += 1;
                self.expect = Expect::Value;
            }
            (Expect::FirstKeyOrEnd | Expect::Key, b'"') => match self.string_end(&batch.bytes, at + 1) {
                Ok(Some((end, _))) => {
                    self.key(batch, at + 1, end);
                    *pos = end + 1;
                }
                Ok(None) if over || (at == 0 && len >= self.limits.value_bytes) => return Err(bad("a JSON key that is not closed", at)),
                Ok(None) => return Ok(Some(self.cut(batch, at))),
                Err(at) => return Err(bad("a JSON string that is not closed", at)),
            },
            (Expect::Value | Expect::FirstValueOrEnd, _) => return self.value(batch, pos, over),
            _ => return Err(bad("text that is no JSON", at)),
        }
        Ok(None)
    }

    fn close(&mut self, batch: &mut Batch, pos: &mut usize) {
        *pos += 1;
        if self.row_array() && self.stack.len() == 1 {
            // The array of rows itself is no record.
            self.stack.clear();
            self.record = None;
            self.expect = Expect::Value;
            return;
        }
        self.stack.pop();
        self.value_done(batch);
    }

    /// A value that starts at `pos`.
    fn value(&mut self, batch: &mut Batch, pos: &mut usize, over: bool) -> Result<Option<Stop>, Bad> {
        let at = *pos;
        let len = batch.bytes.len();
        let bad = |what, at| Bad { reason: Reason::Malformed, what, at };
        match batch.bytes[at] {
            b @ (b'{' | b'[') => {
                if self.stack.len() >= self.limits.json_depth.max(1) {
                    return Err(Bad { reason: Reason::NestingLimit, what: "JSON nested too deeply, read as text", at });
                }
                *pos += 1;
                self.open(batch, b == b'[');
                if self.row_array() && self.stack.len() == 1 {
                    self.record = None;
                }
            }
            b'"' => match self.string_end(&batch.bytes, at + 1) {
                Ok(Some((end, escapes))) => {
                    if end > at + 1 {
                        let (node, scope) = self.place();
                        let field = self.paths.field(node);
                        self.push_cell(batch, at + 1, end, field, scope);
                        if escapes {
                            self.fixes.push((batch.cells.len() - 1) as u32);
                        }
                    }
                    *pos = end + 1;
                    self.value_done(batch);
                }
                Ok(None) if over => return Err(bad("a JSON string that is not closed", at)),
                Ok(None) if at == 0 && len >= self.limits.value_bytes.max(16) => {
                    let (node, scope) = self.place();
                    let field = self.paths.field(node);
                    // The quote is taken off by starting behind it.
                    self.inside = Some((0, field, scope));
                    self.record = None;
                    *pos = 1;
                    return Ok(Some(Stop::At(1)));
                }
                Ok(None) => return Ok(Some(self.cut(batch, at))),
                Err(at) => return Err(bad("a JSON string that is not closed", at)),
            },
            b'-' | b'0'..=b'9' => {
                let rest = &batch.bytes[at..];
                let n = rest.iter().position(|b| !matches!(b, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')).unwrap_or(rest.len());
                if n == rest.len() && !over {
                    if at == 0 && len >= self.limits.value_bytes.max(16) {
                        return Err(bad("a JSON number that does not end", at));
                    }
                    return Ok(Some(self.cut(batch, at)));
                }
                if !rest[..n].iter().any(u8::is_ascii_digit) || rest.get(n).is_some_and(|b| !ends_scalar(*b)) {
                    return Err(bad("text that is no JSON", at));
                }
                let (node, scope) = self.place();
                let field = self.paths.field(node);
                self.push_cell(batch, at, at + n, field, scope);
                *pos = at + n;
                self.value_done(batch);
            }
            _ => {
                let rest = &batch.bytes[at..];
                let word = [&b"true"[..], b"false", b"null", b"t", b"f"].into_iter().find(|w| match rest.strip_prefix(*w) {
                    Some(after) => after.first().map_or(over, |b| ends_scalar(*b)),
                    None => false,
                });
                match word {
                    Some(w) => {
                        *pos = at + w.len();
                        self.value_done(batch);
                    }
                    None if !over && rest.len() < 6 && rest.iter().all(u8::is_ascii_lowercase) => return Ok(Some(self.cut(batch, at))),
                    None => return Err(bad("text that is no JSON", at)),
                }
            }
        }
        Ok(None)
    }

    /// The buffer ends inside a record, at the token that starts at `at`: takes the record back if something stands
    /// before it, else cuts between the tokens.
    fn cut(&mut self, batch: &mut Batch, at: usize) -> Stop {
        match self.record.take() {
            Some(mark) if mark.at > 0 => {
                self.back_to(batch, mark);
                if !self.stack.is_empty() && self.row > 0 {
                    self.expect = Expect::Value;
                }
                Stop::At(mark.at)
            }
            _ => Stop::At(at),
        }
    }

    /// Starts a batch with the scopes that are open.
    fn carry_scopes(&mut self, batch: &mut Batch) {
        let mut last = ROW_SCOPE;
        for i in 0..self.stack.len() {
            let above = i.checked_sub(1).map(|j| self.stack[j].kind);
            if self.stack[i].own {
                let parent = match above {
                    None | Some(Kind::Array | Kind::TypedList | Kind::Wrapper | Kind::TypedValue(true, _)) => None,
                    Some(_) => (last != ROW_SCOPE).then_some(last),
                };
                batch.scopes.push(Scope { parent });
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

fn ends_scalar(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\n' | b'\r' | b',' | b']' | b'}' | b'{' | b'[' | b'"' | 0x1e)
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
        batch.places = if self.mode == Mode::Document { PlaceKind::RowsAndBytes } else { PlaceKind::Rows };
        batch.first_line = 1;
        batch.offset = self.offset;
        batch.first_row = self.row;
        batch.bytes.append(&mut self.carry);
        let held = batch.bytes.len();
        let piece = self.inside.map_or(0, |i| i.0);
        let most = self.limits.batch_bytes.max(self.limits.value_bytes).max(64) + piece;
        let want = self.limits.batch_bytes.max(64).max((2 * held).min(most));
        self.feed.fill(&mut batch.bytes, want);
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
