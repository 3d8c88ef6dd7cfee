//! The words of a dump, from bytes that may not all be there yet: every method gives `None` where it needs more.

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
}

impl Lexer<'_> {
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
                    Some(n) => self.at += n + 1,
                    None if last => self.at = self.bytes.len(),
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
                    Some(n) => self.at += n + 2,
                    None if last => self.at = self.bytes.len(),
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
                text.map(|t| Token::Text(if w.eq_ignore_ascii_case(b"X") { unhex(&t).unwrap_or(t) } else { t }))
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

    /// Goes behind the next semicolon.
    pub fn skip_to_semicolon(&mut self, last: bool) -> Option<()> {
        while self.next(last)? != Token::Semicolon {}
        Some(())
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
            match self.next(last)? {
                Token::Semicolon => return Some(None),
                Token::Open => break,
                _ => {}
            }
        }
        let (mut values, mut value, mut depth) = (Vec::new(), Vec::new(), 1);
        let mut sign = false;
        loop {
            let before = self.at;
            match self.next(last)? {
                Token::Comma if depth == 1 => values.push(std::mem::take(&mut value)),
                Token::Open => depth += 1,
                Token::Close => {
                    depth -= 1;
                    if depth == 0 {
                        values.push(value);
                        return Some(Some(values));
                    }
                }
                Token::Semicolon if self.at >= self.bytes.len() && last => return None,
                Token::Text(t) | Token::Name(t) => value = t,
                Token::Word(w) if w.eq_ignore_ascii_case(b"NULL") || w.starts_with(b"_") => {}
                Token::Word(w) if value.is_empty() || value == b"-" => {
                    let hex = w.strip_prefix(b"0x").or_else(|| w.strip_prefix(b"0X")).and_then(unhex);
                    value.extend(hex.unwrap_or(w));
                }
                Token::Dot => value.push(b'.'),
                Token::Word(w) if value.ends_with(b".") => value.extend(w),
                Token::Other => {
                    sign |= self.bytes.get(before..self.at).is_some_and(|b| b.ends_with(b"-"));
                    if sign && value.is_empty() {
                        value.push(b'-');
                    }
                    sign = false;
                }
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

fn unhex(t: &[u8]) -> Option<Vec<u8>> {
    let digit = |b: &u8| char::from(*b).to_digit(16).map(|d| d as u8);
    t.len().is_multiple_of(2).then(|| t.chunks(2).map(|p| Some(digit(&p[0])? << 4 | digit(&p[1])?)).collect())?
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
