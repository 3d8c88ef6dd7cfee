//! Ion as text: JSON with symbols, comments, annotations and more kinds of values.

use memchr::{memchr, memmem};

use super::tokens::{bad, ends_number, is_operator, is_word, lob, long, number, quoted, skip};
use super::{Bad, Event, Found, Lexer, Name, Recovery, View};

/// Reads values by their first characters.
#[derive(Default)]
pub(in crate::format) struct Text {
    /// The brackets that are open.
    open: Vec<u8>,
    expect: Expect,
    /// Where no comment ends before this byte of the member: what was searched need not be searched for each line anew.
    unclosed: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Expect {
    #[default]
    Value,
    ValueOrEnd,
    KeyOrEnd,
    CommaOrEnd,
}

impl Text {
    /// A value ended.
    fn ended(&mut self) {
        self.expect = match self.open.last() {
            None => Expect::Value,
            Some(b'(') => Expect::ValueOrEnd,
            Some(_) => Expect::CommaOrEnd,
        };
    }

    fn value(&mut self, at: &mut usize, end: usize, event: Event) -> Result<Option<Event>, Bad> {
        *at = end;
        self.ended();
        Ok(Some(event))
    }

    /// A symbol whose text was found up to `end`: a key, an annotation or a value.
    fn symbol(&mut self, view: &View<'_>, at: &mut usize, end: usize, name: Name) -> Result<Option<Event>, Bad> {
        let next = skip(view.bytes, end);
        match (view.bytes.get(next), view.bytes.get(next + 1)) {
            (None, _) | (Some(b':'), None) if !view.over => Ok(None),
            (Some(b':'), Some(b':')) if self.expect != Expect::KeyOrEnd => {
                *at = next + 2;
                Ok(Some(Event::Annotation(name)))
            }
            _ if self.expect == Expect::KeyOrEnd => self.key(view, at, end, name),
            _ => self.value(at, end, Event::Symbol(name)),
        }
    }

    /// The name of a field, which stands before `end`: a colon must follow.
    fn key(&mut self, view: &View<'_>, at: &mut usize, end: usize, name: Name) -> Result<Option<Event>, Bad> {
        let next = skip(view.bytes, end);
        match view.bytes.get(next) {
            Some(b':') => {
                *at = next + 1;
                self.expect = Expect::Value;
                Ok(Some(Event::Key(name)))
            }
            None if !view.over => Ok(None),
            _ => Err(bad("a field without a value")),
        }
    }

    /// Text in quotes: a key or a value.
    fn string(&mut self, view: &View<'_>, at: &mut usize, end: usize) -> Result<Option<Event>, Bad> {
        if self.expect == Expect::KeyOrEnd { self.key(view, at, end, Name::Text) } else { self.value(at, end, Event::Value) }
    }

    /// A comment at `start`, if there is one: its end.
    fn comment(&mut self, view: &View<'_>, start: usize, found: &mut Found) -> Result<Option<Option<usize>>, Bad> {
        let rest = &view.bytes[start..];
        let end = match rest.get(1) {
            None if !view.over => return Ok(Some(None)),
            Some(b'/') => match memchr(b'\n', rest) {
                Some(n) => n,
                None if view.over => rest.len(),
                None => return Ok(Some(None)),
            },
            Some(b'*') => {
                let from =
                    usize::try_from(self.unclosed.saturating_sub(view.base + start as u64)).unwrap_or(rest.len()).clamp(2, rest.len());
                match memmem::find(&rest[from..], b"*/") {
                    Some(n) => from + n + 2,
                    None => {
                        // The last byte may be half of the end.
                        self.unclosed = view.base + view.bytes.len().saturating_sub(1) as u64;
                        return if view.over { Err(bad("a comment that is not closed")) } else { Ok(Some(None)) };
                    }
                }
            }
            _ => return Ok(None),
        };
        let inner = if rest[1] == b'*' { 2..end - 2 } else { 2..end };
        found.text.extend_from_slice(&rest[inner.clone()]);
        found.span = start + inner.start..start + inner.end;
        Ok(Some(Some(start + end)))
    }
}

impl Lexer for Text {
    const KIND: &'static str = "ion";

    fn next(&mut self, view: &View<'_>, at: &mut usize, found: &mut Found) -> Result<Option<Event>, Bad> {
        found.text.clear();
        let mut start = skip(view.bytes, *at);
        if view.base + start as u64 == 0 && view.bytes.starts_with(b"\xef\xbb\xbf") {
            start = skip(view.bytes, 3);
        }
        // What is skipped here is nothing that could be broken.
        *at = start;
        let Some(&b) = view.bytes.get(start) else { return Ok(None) };
        found.span = start..start;
        let two = view.bytes.get(start + 1).copied();
        if b == b'/'
            && let Some(end) = self.comment(view, start, found)?
        {
            let Some(end) = end else { return Ok(None) };
            *at = end;
            return Ok(Some(Event::Comment));
        }
        let closes = match b {
            b'}' => b'{',
            b']' => b'[',
            b')' => b'(',
            _ => 0,
        };
        if closes != 0 {
            if self.open.last() != Some(&closes) || self.expect == Expect::Value {
                return Err(bad("a bracket that closes nothing"));
            }
            self.open.pop();
            return self.value(at, start + 1, Event::Close);
        }
        if self.expect == Expect::CommaOrEnd {
            if b != b',' {
                return Err(bad("text that is no Ion"));
            }
            *at = start + 1;
            self.expect = if self.open.last() == Some(&b'{') { Expect::KeyOrEnd } else { Expect::ValueOrEnd };
            return self.next(view, at, found);
        }
        let end = match b {
            b'"' => match quoted(view, start, b'"', &mut found.text)? {
                Some(end) => end,
                None => return Ok(None),
            },
            b'\'' if two == Some(b'\'') && view.bytes.get(start + 2).is_none() && !view.over => return Ok(None),
            b'\'' if view.bytes[start..].starts_with(b"'''") => match long(view, start, &mut found.text)? {
                Some(end) => {
                    found.span = start + 3..end - 3;
                    return self.string(view, at, end);
                }
                None => return Ok(None),
            },
            b'\'' => match quoted(view, start, b'\'', &mut found.text)? {
                Some(end) => {
                    found.span = start + 1..end - 1;
                    return self.symbol(view, at, end, Name::Text);
                }
                None => return Ok(None),
            },
            b if is_word(b) && !b.is_ascii_digit() => {
                let end = start + view.bytes[start..].iter().take_while(|b| is_word(**b)).count();
                if end == view.bytes.len() && !view.over {
                    return Ok(None);
                }
                return self.word(view, at, start..end, found);
            }
            _ if self.expect == Expect::KeyOrEnd => return Err(bad("text that is no Ion")),
            b'{' if two == Some(b'{') => match lob(view, start, &mut found.text)? {
                Some(end) => {
                    found.span = start..end;
                    return self.value(at, end, Event::Value);
                }
                None => return Ok(None),
            },
            b'{' if two.is_none() && !view.over => return Ok(None),
            b'{' | b'[' | b'(' => {
                self.open.push(b);
                *at = start + 1;
                self.expect = if b == b'{' { Expect::KeyOrEnd } else { Expect::ValueOrEnd };
                return Ok(Some(Event::Open { array: b != b'{' }));
            }
            b if b.is_ascii_digit() || b == b'-' && two.is_some_and(|d| d.is_ascii_digit()) => {
                let end = start + view.bytes[start..].iter().take_while(|b| !ends_number(**b)).count();
                if end == view.bytes.len() && !view.over {
                    return Ok(None);
                }
                found.text.extend_from_slice(number(&view.bytes[start..end]).as_bytes());
                found.span = start..end;
                return self.value(at, end, Event::Value);
            }
            b'-' | b'+' if view.bytes.len() < start + 4 && !view.over => return Ok(None),
            b'-' | b'+' if view.bytes[start + 1..].starts_with(b"inf") => return self.value(at, start + 4, Event::Value),
            b if is_operator(b) && self.open.last() == Some(&b'(') => {
                let end = start + view.bytes[start..].iter().take_while(|b| is_operator(**b)).count();
                found.text.extend_from_slice(&view.bytes[start..end]);
                found.span = start..end;
                return self.value(at, end, Event::Symbol(Name::Text));
            }
            _ => return Err(bad("text that is no Ion")),
        };
        found.span = start + 1..end - 1;
        self.string(view, at, end)
    }

    fn recover(&mut self, _: usize) -> Recovery {
        *self = Text { unclosed: self.unclosed, ..Text::default() };
        Recovery::Line
    }

    fn depth(&self) -> usize {
        self.open.len()
    }
}

impl Text {
    /// A word without quotes: a symbol, a number of one, or a value that says nothing.
    fn word(&mut self, view: &View<'_>, at: &mut usize, word: std::ops::Range<usize>, found: &mut Found) -> Result<Option<Event>, Bad> {
        let text = &view.bytes[word.clone()];
        if self.expect != Expect::KeyOrEnd && matches!(text, b"null" | b"true" | b"false" | b"nan") {
            let mut end = word.end;
            if text == b"null" && view.bytes.get(end) == Some(&b'.') {
                end += 1 + view.bytes[end + 1..].iter().take_while(|b| is_word(**b)).count();
                if end == view.bytes.len() && !view.over {
                    return Ok(None);
                }
            }
            return self.value(at, end, Event::Value);
        }
        if let Some(id) = text.strip_prefix(b"$").and_then(|id| std::str::from_utf8(id).ok()?.parse().ok()) {
            return self.symbol(view, at, word.end, Name::Id(id));
        }
        // A marker of the version between records.
        let next = skip(view.bytes, word.end);
        if self.open.is_empty() && text.starts_with(b"$ion_1_") {
            if next == view.bytes.len() && !view.over {
                return Ok(None);
            }
            if view.bytes.get(next) != Some(&b':') {
                *at = word.end;
                return Ok(Some(Event::Version));
            }
        }
        found.text.extend_from_slice(text);
        found.span = word.clone();
        self.symbol(view, at, word.end, Name::Text)
    }
}
