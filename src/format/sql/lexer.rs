//! The words of a dump, from bytes that may not all be there yet: every method gives `None` where it needs more.

use std::ops::Range;

use super::value::{Call, Value};
use crate::format::blob::from_hex;

/// A word of SQL.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A keyword, a bare name, a number.
    Word(Vec<u8>),
    /// A name in quotes.
    Name(Vec<u8>),
    /// A string, unescaped.
    Text(Vec<u8>),
    Open,
    Close,
    Comma,
    Semicolon,
    Dot,
    Other,
}

pub(super) struct Lexer<'a> {
    pub bytes: &'a [u8],
    pub at: usize,
    pub backslash: bool,
    /// Whether names may stand in brackets here: `[dbo]`. Elsewhere these are arrays.
    pub brackets: bool,
    /// What was gone over and is no word: comments, and what stands behind the rows of an insert.
    pub asides: Vec<Range<usize>>,
}

/// Calls within calls that are told apart.
const DEEPEST: usize = 64;

/// The longest name in brackets.
const LONGEST_NAME: usize = 128;

impl<'a> Lexer<'a> {
    pub fn new(bytes: &'a [u8], at: usize, backslash: bool, brackets: bool) -> Lexer<'a> {
        Lexer { bytes, at, backslash, brackets, asides: Vec::new() }
    }

    /// Goes on behind `end`; what is gone over is not lost.
    fn aside(&mut self, end: usize) {
        match self.asides.last_mut() {
            Some(last) if self.bytes[last.end..self.at].trim_ascii().is_empty() => last.end = end,
            _ => self.asides.push(self.at..end),
        }
        self.at = end;
    }

    /// The next token; `last`: no bytes follow. At the very end a semicolon ends what has none.
    pub fn next(&mut self, last: bool) -> Option<Token> {
        loop {
            let rest = &self.bytes[self.at..];
            let Some(&b) = rest.first() else {
                return (last && self.at > 0).then_some(Token::Semicolon).filter(|_| !self.bytes.is_empty());
            };
            if b.is_ascii_whitespace() {
                self.at += 1;
                continue;
            }
            if rest.len() < 3 && !last {
                return None;
            }
            if rest.starts_with(b"--") || b == b'#' {
                match memchr::memchr(b'\n', rest) {
                    Some(n) => self.aside(self.at + n + 1),
                    None if last => self.aside(self.bytes.len()),
                    None => return None,
                }
                continue;
            }
            if rest.starts_with(b"/*!") {
                // What MySQL reads as a statement: skip the mark and its version.
                let digits = rest[3..].iter().take_while(|b| b.is_ascii_digit()).count();
                self.at += 3 + digits;
                continue;
            }
            if rest.starts_with(b"*/") {
                self.at += 2;
                continue;
            }
            if rest.starts_with(b"/*") {
                match memchr::memmem::find(rest, b"*/") {
                    Some(n) => self.aside(self.at + n + 2),
                    None if last => self.aside(self.bytes.len()),
                    None => return None,
                }
                continue;
            }
            return self.token(b, last);
        }
    }

    fn token(&mut self, b: u8, last: bool) -> Option<Token> {
        let one = |t| Some((t, 1));
        let simple = match b {
            b'(' => one(Token::Open),
            b')' => one(Token::Close),
            b',' => one(Token::Comma),
            b';' => one(Token::Semicolon),
            b'.' => one(Token::Dot),
            _ => None,
        };
        if let Some((t, n)) = simple {
            self.at += n;
            return Some(t);
        }
        match b {
            b'\'' => self.quoted(b'\'', self.backslash, last).map(Token::Text),
            b'"' => self.quoted(b'"', false, last).map(Token::Name),
            b'`' => self.quoted(b'`', false, last).map(Token::Name),
            b'[' if self.brackets => {
                let name = &self.bytes[self.at + 1..];
                let end = name.iter().take(LONGEST_NAME).position(|b| matches!(b, b']' | b'\n'));
                let Some(end) = end.filter(|n| name[*n] == b']') else {
                    let more = end.is_none() && name.len() < LONGEST_NAME && !last;
                    self.at += usize::from(!more);
                    return (!more).then_some(Token::Other);
                };
                self.at += end + 2;
                Some(Token::Name(name[..end].to_vec()))
            }
            _ if word(b) => {
                let rest = &self.bytes[self.at..];
                let n = rest.iter().take_while(|b| word(**b)).count();
                if n == rest.len() && !last {
                    return None;
                }
                let (w, after) = (rest[..n].to_vec(), rest.get(n).copied());
                let from = self.at;
                self.at += n;
                if after != Some(b'\'') {
                    return Some(Token::Word(w));
                }
                // A string with a prefix: E'', N'', X'', B''.
                let escapes = w.eq_ignore_ascii_case(b"E") || self.backslash;
                let text = self.quoted(b'\'', escapes, last);
                if text.is_none() {
                    self.at = from;
                }
                text.map(|t| Token::Text(if w.eq_ignore_ascii_case(b"X") { from_hex(&t).unwrap_or(t) } else { t }))
            }
            _ => {
                self.at += 1;
                Some(Token::Other)
            }
        }
    }

    fn quoted(&mut self, quote: u8, escapes: bool, last: bool) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        let mut i = self.at + 1;
        loop {
            let Some(&b) = self.bytes.get(i) else {
                if last {
                    self.at = self.bytes.len();
                    return Some(out);
                }
                return None;
            };
            if b == quote {
                match self.bytes.get(i + 1) {
                    Some(&n) if n == quote => {
                        out.push(quote);
                        i += 2;
                        continue;
                    }
                    None if !last => return None,
                    _ => {
                        self.at = i + 1;
                        return Some(out);
                    }
                }
            }
            if b == b'\\' && escapes {
                let Some(&n) = self.bytes.get(i + 1) else {
                    if last {
                        self.at = self.bytes.len();
                        return Some(out);
                    }
                    return None;
                };
                out.push(escaped(n));
                i += 2;
                continue;
            }
            out.push(b);
            i += 1;
        }
    }

    /// Goes behind the next semicolon, or before what begins a statement without one.
    pub fn skip_to_semicolon(&mut self, last: bool) -> Option<()> {
        loop {
            match self.next(last)? {
                Token::Semicolon => return Some(()),
                Token::Word(w) if self.begins(&w) => return Some(()),
                _ => {}
            }
        }
    }

    /// Whether this word, just read, begins a statement though none was ended: scripts of SQL Server have `GO` on a line of its
    /// own instead. It is given back then.
    fn begins(&mut self, w: &[u8]) -> bool {
        let start = self.at.saturating_sub(w.len());
        let line = self.bytes[..start].iter().rev().find(|b| !matches!(b, b' ' | b'\t'));
        let is = (w.eq_ignore_ascii_case(b"GO") || w.eq_ignore_ascii_case(b"INSERT")) && line.is_none_or(|b| *b == b'\n');
        if is {
            self.at = start;
        }
        is
    }

    /// A name with its schema: parts joined by NUL.
    pub fn name(&mut self, last: bool) -> Option<String> {
        let mut out = Vec::new();
        loop {
            match self.next(last)? {
                Token::Word(w) if [&b"IF"[..], b"NOT", b"EXISTS", b"ONLY"].iter().any(|k| w.eq_ignore_ascii_case(k)) => continue,
                Token::Word(w) | Token::Name(w) => out.extend_from_slice(&w),
                _ => break,
            }
            let before = self.at;
            if self.next(last)? != Token::Dot {
                self.at = before;
                break;
            }
            out.push(0);
        }
        Some(String::from_utf8_lossy(&out).into_owned())
    }

    /// Names in parentheses, behind the opening one.
    pub fn list(&mut self, last: bool) -> Option<Vec<String>> {
        let mut out = Vec::new();
        loop {
            match self.next(last)? {
                Token::Word(w) | Token::Name(w) | Token::Text(w) => out.push(String::from_utf8_lossy(&w).into_owned()),
                Token::Close | Token::Semicolon => return Some(out),
                _ => {}
            }
        }
    }

    /// The columns of a table's definition, up to the end of the statement.
    pub fn columns(&mut self, last: bool) -> Option<Vec<String>> {
        let (mut out, mut depth, mut first) = (Vec::new(), 0, true);
        loop {
            match self.next(last)? {
                Token::Open => {
                    depth += 1;
                    first = depth == 1;
                    continue;
                }
                Token::Close => depth -= 1,
                Token::Semicolon => return Some(out),
                Token::Word(w) if depth == 0 && self.begins(&w) => return Some(out),
                Token::Comma if depth == 1 => {
                    first = true;
                    continue;
                }
                Token::Name(w) if first && depth == 1 => out.push(String::from_utf8_lossy(&w).into_owned()),
                Token::Word(w) if first && depth == 1 => {
                    let rule =
                        ["PRIMARY", "KEY", "UNIQUE", "CONSTRAINT", "FOREIGN", "CHECK", "INDEX", "FULLTEXT", "SPATIAL", "EXCLUDE", "LIKE"];
                    if !rule.iter().any(|r| w.eq_ignore_ascii_case(r.as_bytes())) {
                        out.push(String::from_utf8_lossy(&w).into_owned());
                    }
                }
                _ => {}
            }
            first = false;
        }
    }

    /// The next row of an insert: `Some(None)` where the statement ends. Where more bytes are needed nothing is taken.
    pub fn row(&mut self, last: bool) -> Option<Option<Vec<Vec<u8>>>> {
        let start = self.at;
        let row = self.row_or_end(last);
        if row.is_none() {
            self.at = start;
        }
        row
    }

    fn row_or_end(&mut self, last: bool) -> Option<Option<Vec<Vec<u8>>>> {
        loop {
            let before = self.at;
            match self.next(last)? {
                Token::Semicolon => return Some(None),
                Token::Word(w) if self.begins(&w) => return Some(None),
                Token::Open => break,
                // MySQL: `VALUES ROW(1), ROW(2)`.
                Token::Word(w) if w.eq_ignore_ascii_case(b"ROW") => {}
                // `ON CONFLICT (id) DO UPDATE SET email = '…'`: what stands in parentheses there is no row.
                Token::Word(_) | Token::Name(_) | Token::Text(_) => {
                    self.skip_to_semicolon(last)?;
                    self.asides.retain(|a| a.start < before);
                    self.asides.push(before..self.at);
                    return Some(None);
                }
                _ => {}
            }
        }
        let (mut values, mut value, mut calls) = (Vec::new(), Value::default(), Vec::<Call>::new());
        let mut name = Vec::new();
        // Calls deeper than anybody writes are not told apart.
        let mut deeper = 0usize;
        loop {
            let before = self.at;
            let token = self.next(last)?;
            let called = std::mem::take(&mut name);
            match token {
                Token::Comma => {
                    let value = std::mem::take(&mut value);
                    match calls.last_mut() {
                        Some(call) => call.arguments.push(value),
                        None => values.push(value.bytes),
                    }
                }
                Token::Open if calls.len() >= DEEPEST => deeper += 1,
                Token::Close if deeper > 0 => deeper -= 1,
                Token::Open => {
                    // The name of a function is no value.
                    if !value.is_text && value.bytes == called {
                        value.bytes.clear();
                    }
                    calls.push(Call { name: called, arguments: Vec::new(), before: std::mem::take(&mut value) });
                }
                Token::Close => {
                    let Some(mut call) = calls.pop() else {
                        values.push(value.bytes);
                        return Some(Some(values));
                    };
                    call.arguments.push(std::mem::take(&mut value));
                    let before = std::mem::take(&mut call.before);
                    value = before.and(call.result());
                }
                Token::Semicolon if self.at >= self.bytes.len() && last => return None,
                Token::Text(bytes) | Token::Name(bytes) => value = value.and(Value { bytes, is_text: true }),
                Token::Word(w) if w.eq_ignore_ascii_case(b"NULL") || w.starts_with(b"_") => {}
                Token::Word(w) => {
                    if !value.is_text && (value.bytes.is_empty() || value.bytes == b"-" || value.bytes.ends_with(b".")) {
                        let hex = w.strip_prefix(b"0x").or_else(|| w.strip_prefix(b"0X")).and_then(from_hex);
                        value.bytes.extend_from_slice(hex.as_ref().unwrap_or(&w));
                    }
                    name = w;
                }
                Token::Dot if !value.is_text => value.bytes.push(b'.'),
                Token::Other if value.bytes.is_empty() && self.bytes[before..self.at].ends_with(b"-") => value.bytes.push(b'-'),
                _ => {}
            }
        }
    }
}

fn word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$' | b'@') || b >= 0x80
}

fn escaped(n: u8) -> u8 {
    match n {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'0' => 0,
        b'b' => 8,
        b'Z' => 26,
        n => n,
    }
}

/// A value of a `COPY` line, unescaped.
pub(super) fn copy_value(v: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(v.len());
    let mut i = 0;
    while i < v.len() {
        let b = if v[i] == b'\\' && i + 1 < v.len() {
            i += 1;
            match v[i] {
                b'f' => 12,
                b'v' => 11,
                b'Z' => b'Z',
                n => escaped(n),
            }
        } else {
            v[i]
        };
        out.push(b);
        i += 1;
    }
    out
}
