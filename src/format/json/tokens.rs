//! One token after the other: what every token means, in every state. The definition of the reader; the walk is its fast
//! twin for what is ordinary.

use memchr::{memchr2, memchr3};

use super::escape::unescape;
use super::paths::ROOT;
use super::state::{Bad, Expect, Frame, Kind, Mark, Raw, Stop, Typed, WORD_BYTES, WORDS, descriptor, ends_scalar, is_blank};
use super::{Json, Mode, typed};
use crate::base::{Batch, Cell, ROW_SCOPE, Reason, Scope};

impl Json {
    /// How deep the stack is between two records.
    pub(super) fn base(&self) -> usize {
        usize::from(self.mode == Mode::Array && self.row_array())
    }

    /// Whether the outermost array, whose elements are rows, is open.
    pub(super) fn row_array(&self) -> bool {
        self.mode == Mode::Array && self.stack.first().is_some_and(|f| f.is_array() && !f.own && f.node == ROOT && f.child == ROOT)
    }

    pub(super) fn mark(&self, batch: &Batch, at: usize) -> Mark {
        Mark { at, cells: batch.cells.len(), scopes: batch.scopes.len(), fixes: self.fixes.len() }
    }

    pub(super) fn back_to(&mut self, batch: &mut Batch, mark: Mark) {
        batch.cells.truncate(mark.cells);
        batch.scopes.truncate(mark.scopes);
        self.fixes.truncate(mark.fixes);
        self.keyed = false;
        self.stack.truncate(self.base());
        self.expect = if self.stack.is_empty() { Expect::Value } else { Expect::FirstValueOrEnd };
    }

    pub(super) fn push_cell(&mut self, batch: &mut Batch, start: usize, end: usize, field: u32, scope: u32) {
        if start < end {
            let row = (self.row - batch.first_row) as u32;
            batch.cells.push(Cell { start: start as u32, end: end as u32, raw_end: end as u32, field, row, scope });
        }
    }

    /// Path and scope of a scalar that comes now.
    pub(super) fn place(&self) -> (u32, u32) {
        match self.stack.last() {
            Some(f) => (f.child, f.scope),
            None => (ROOT, ROW_SCOPE),
        }
    }

    /// Opens an object or array. `scopes` of the batch may grow.
    /// `item`: its members are typed values of DynamoDB.
    pub(super) fn open(&mut self, batch: &mut Batch, array: bool, item: bool) {
        let (node, held) = self.place();
        let keyed = std::mem::take(&mut self.keyed);
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
            (_, false) if item => Kind::TypedMap,
            (_, false) => Kind::Object,
        };
        let own = !array && !matches!(kind, Kind::TypedValue(..));
        let scope = if own {
            batch.scopes.push(Scope { parent: kind.parent(above, held) });
            let own = (batch.scopes.len() - 1) as u32;
            if keyed && let Some(key) = batch.cells.last_mut() {
                // A key that is data is about the object under it.
                key.scope = own;
            }
            own
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

    /// Whether items of DynamoDB may lie in the object that comes now.
    pub(super) fn may_be_item(&self) -> bool {
        self.stack.last().is_some_and(|f| matches!(f.kind, Kind::Object | Kind::Array) && self.paths.may_be_item(f.child))
    }

    /// A value ended: the record too, if nothing is open.
    pub(super) fn value_done(&mut self, batch: &mut Batch) {
        self.keyed = false;
        if self.stack.len() == self.base() {
            self.row += 1;
            batch.records += 1;
            self.record = None;
        }
        self.expect = if self.stack.is_empty() { Expect::Value } else { Expect::CommaOrEnd };
    }

    /// Takes a key as it is written: what comes next lies under it. Gives field and scope of a key that is data itself.
    pub(super) fn key(&mut self, raw: &[u8], escaped: bool) -> Option<(u32, u32)> {
        let mut owned;
        let key = if escaped {
            owned = raw.to_vec();
            let n = unescape(&mut owned, 0..raw.len(), 0);
            owned.truncate(n);
            &owned[..]
        } else {
            raw
        };
        let f = self.stack.last_mut()?;
        self.expect = Expect::Colon;
        if let Kind::TypedValue(listed, _) = f.kind
            && let Some(t) = descriptor(key)
        {
            (f.kind, f.child) = (Kind::TypedValue(listed, Some(t)), f.node);
            let node = f.node;
            match key {
                b"B" | b"b" => self.paths.note_base64(node),
                b"BS" | b"bs" | b"bS" => {
                    let element = self.paths.element(node);
                    self.paths.note_base64(element);
                }
                _ => {}
            }
            return None;
        }
        if f.kind == Kind::Wrapper && key == b"Item" {
            f.child = f.node;
            return None;
        }
        let (child, collapsed) = self.paths.child(f.node, key, &mut f.guess);
        f.child = child;
        (collapsed && !raw.is_empty()).then(|| (self.paths.field(child), f.scope))
    }

    /// Gives a key that is data.
    pub(super) fn push_key(&mut self, batch: &mut Batch, start: usize, end: usize, place: (u32, u32), escaped: bool) {
        self.push_string(batch, start, end, place, escaped);
        self.keyed = true;
    }

    /// Gives a string as a cell.
    pub(super) fn push_string(&mut self, batch: &mut Batch, start: usize, end: usize, place: (u32, u32), escaped: bool) {
        if start < end {
            self.push_cell(batch, start, end, place.0, place.1);
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
    pub(super) fn parse(&mut self, batch: &mut Batch, over: bool) -> Stop {
        let mut pos = 0;
        if self.offset == 0 && batch.bytes.starts_with(b"\xef\xbb\xbf") {
            pos = 3;
        }
        if let Some(s) = &mut self.signs {
            s.forget();
        }
        loop {
            self.walk(batch, &mut pos);
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
                    self.push_string(batch, start, end, (field, scope), true);
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
        while batch.bytes.get(*pos).is_some_and(|b| is_blank(*b)) {
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
        if self.follows_document() {
            // The places of what follows are written in another way.
            return Ok(Some(Stop::At(at)));
        }
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
                Ok(Some((end, escaped))) => {
                    if let Some(place) = self.key(&batch.bytes[at + 1..end], escaped) {
                        self.push_key(batch, at + 1, end, place, escaped);
                    }
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

    pub(super) fn close(&mut self, batch: &mut Batch, pos: &mut usize) {
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
                let mut item = false;
                if b == b'{' && self.may_be_item() {
                    match typed::holds_attributes(&batch.bytes[at..]) {
                        Some(told) => item = told,
                        None if over || at == 0 && len >= self.limits.value_bytes.max(16) => {}
                        None => return Ok(Some(self.cut(batch, at))),
                    }
                }
                *pos += 1;
                self.open(batch, b == b'[', item);
                if self.row_array() && self.stack.len() == 1 {
                    self.record = None;
                }
            }
            b'"' => match self.string_end(&batch.bytes, at + 1) {
                Ok(Some((end, escapes))) => {
                    if end > at + 1 {
                        let (node, scope) = self.place();
                        let field = self.paths.field(node);
                        self.push_string(batch, at + 1, end, (field, scope), escapes);
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
            b'-' | b'0'..=b'9' if batch.bytes.get(at + 1) != Some(&b'I') => {
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
                let word = WORDS.into_iter().find(|w| match rest.strip_prefix(*w) {
                    Some(after) => after.first().map_or(over, |b| ends_scalar(*b)),
                    None => false,
                });
                match word {
                    Some(w) => {
                        *pos = at + w.len();
                        self.value_done(batch);
                    }
                    None if !over && rest.len() <= WORD_BYTES && rest.iter().all(|b| b.is_ascii_alphabetic() || *b == b'-') => {
                        return Ok(Some(self.cut(batch, at)));
                    }
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
}
