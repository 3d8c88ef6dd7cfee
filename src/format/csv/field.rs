//! Where one field ends, and what it says once quotes and escapes are taken off.

use std::ops::Range;

use memchr::{memchr, memchr2, memchr3};

use crate::base::Dialect;

/// How a field ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Delimiter,
    /// A newline, or the end of the data.
    Record,
    /// The buffer ends before the field does.
    Open,
}

/// What has to be done to a field's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// They are the value.
    Plain,
    /// They stood in quotes and are the value.
    Quoted,
    /// Escapes are to be resolved.
    Escaped,
    /// They start behind an opening quote: doubled quotes, escapes, a closing quote are to be resolved.
    QuotedEscaped,
}

/// A field in the buffer.
pub(super) struct Found {
    /// Its bytes, without the quotes around them.
    pub value: Range<usize>,
    pub shape: Shape,
    pub end: End,
    /// Where the next field starts.
    pub next: usize,
    /// What is odd about it, and how many bytes were searched in vain.
    pub trouble: Option<(&'static str, usize)>,
}

/// A search for the end of a field.
pub(super) struct Scan<'a> {
    pub bytes: &'a [u8],
    pub dialect: &'a Dialect,
    /// Whether blanks before a field are none of it.
    pub padded: bool,
    /// Whether nothing follows the buffer.
    pub over: bool,
    /// The longest field in quotes.
    pub quoted_bytes: usize,
}

fn open() -> Found {
    Found { value: 0..0, shape: Shape::Plain, end: End::Open, next: 0, trouble: None }
}

impl Scan<'_> {
    /// The field that starts at `start`.
    #[inline]
    pub fn field(&self, start: usize) -> Found {
        let blanks = if self.padded { self.bytes[start..].iter().take_while(|b| **b == b' ').count() } else { 0 };
        let start = start + blanks;
        match self.dialect.quote {
            Some(q) if self.bytes.get(start) == Some(&q) => self.quoted(start, q),
            _ => self.rest(start, 0),
        }
    }

    /// An unquoted field, from `start`; the first `context` bytes are known to belong to it.
    #[inline]
    pub fn rest(&self, start: usize, context: usize) -> Found {
        match self.unquoted_end(start + context) {
            Some((end, how, next, escaped)) => {
                let shape = if escaped { Shape::Escaped } else { Shape::Plain };
                Found { value: start..end.max(start), shape, end: how, next, trouble: None }
            }
            None => open(),
        }
    }

    /// The end of a field outside quotes: `(end of value, how, next field, whether there are escapes)`.
    #[inline]
    fn unquoted_end(&self, start: usize) -> Option<(usize, End, usize, bool)> {
        let (bytes, delimiter) = (self.bytes, self.dialect.delimiter);
        let mut from = start;
        let mut escaped = false;
        loop {
            let hit = match self.dialect.escape {
                None => memchr2(delimiter, b'\n', &bytes[from..]),
                Some(e) => memchr3(delimiter, b'\n', e, &bytes[from..]),
            };
            let Some(i) = hit.map(|i| from + i) else {
                let end = if bytes.last() == Some(&b'\r') && bytes.len() > start { bytes.len() - 1 } else { bytes.len() };
                return self.over.then_some((end, End::Record, bytes.len(), escaped));
            };
            if bytes[i] == delimiter {
                return Some((i, End::Delimiter, i + 1, escaped));
            }
            if bytes[i] == b'\n' {
                let end = if i > start && bytes[i - 1] == b'\r' { i - 1 } else { i };
                return Some((end, End::Record, i + 1, escaped));
            }
            escaped = true;
            from = i + 2;
            if from > bytes.len() {
                return self.over.then_some((bytes.len(), End::Record, bytes.len(), escaped));
            }
        }
    }

    fn quoted(&self, start: usize, quote: u8) -> Found {
        let bytes = self.bytes;
        let mut from = start + 1;
        let mut shape = Shape::Quoted;
        loop {
            // The quote may be searched for this far and no farther.
            let until = bytes.len().min(start.saturating_add(self.quoted_bytes).max(from));
            let hit = match self.dialect.escape {
                None => memchr(quote, &bytes[from..until]),
                Some(e) => memchr2(quote, e, &bytes[from..until]),
            };
            let Some(i) = hit.map(|i| from + i) else {
                if self.over || until < bytes.len() || bytes.len() - start >= self.quoted_bytes {
                    return self.ordinary(
                        start,
                        "a quote that is not closed, or not within 8 MiB, was taken for an ordinary byte",
                        until - start,
                    );
                }
                return open();
            };
            let next = bytes.get(i + 1);
            if next.is_none() && !self.over {
                return open();
            }
            if bytes[i] != quote || (self.dialect.double_quote && next == Some(&quote)) {
                shape = Shape::QuotedEscaped;
                from = (i + 2).min(bytes.len());
                continue;
            }
            let done = |end, next| Found { value: start + 1..i, shape, end, next, trouble: None };
            match next {
                None => return done(End::Record, i + 1),
                Some(b) if *b == self.dialect.delimiter => return done(End::Delimiter, i + 2),
                Some(b'\n') => return done(End::Record, i + 2),
                Some(b'\r') => match bytes.get(i + 2) {
                    Some(b'\n') => return done(End::Record, i + 3),
                    None if self.over => return done(End::Record, i + 2),
                    None => return open(),
                    Some(_) => {}
                },
                Some(_) => {}
            }
            if memchr(b'\n', &bytes[start..i]).is_some() {
                return self.ordinary(start, "a quote that is not closed was taken for an ordinary byte", i - start);
            }
            return match self.unquoted_end(i + 1) {
                Some((end, how, next, _)) => Found {
                    value: start + 1..end,
                    shape: Shape::QuotedEscaped,
                    end: how,
                    next,
                    trouble: Some(("bytes between a closing quote and the next field", 0)),
                },
                None => open(),
            };
        }
    }

    /// The field at `start`, its opening quote taken for an ordinary byte.
    fn ordinary(&self, start: usize, what: &'static str, cost: usize) -> Found {
        let found = self.rest(start, 0);
        Found { trouble: (found.end != End::Open).then_some((what, cost)), ..found }
    }
}

/// Resolves escapes in place; the length of the value.
pub(super) fn resolve(value: &mut [u8], dialect: &Dialect, shape: Shape) -> usize {
    let mut quoted = match shape {
        Shape::Plain | Shape::Quoted => return value.len(),
        Shape::Escaped => false,
        Shape::QuotedEscaped => true,
    };
    let (mut from, mut to) = (0, 0);
    while from < value.len() {
        let b = value[from];
        if dialect.escape == Some(b) && from + 1 < value.len() {
            from += 1;
        } else if quoted && dialect.quote == Some(b) {
            if dialect.double_quote && value.get(from + 1) == Some(&b) {
                from += 1;
            } else {
                quoted = false;
                from += 1;
                continue;
            }
        }
        value[to] = value[from];
        to += 1;
        from += 1;
    }
    to
}
