//! The objects of a PDF file, from bytes that may be anything.

use std::collections::BTreeMap;

/// One object.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Obj {
    Null,
    Num(f64),
    Name(String),
    Str(Vec<u8>),
    Arr(Vec<Obj>),
    Dict(Dict),
    Ref(u32),
    /// A word that is none of these: an operator, `stream`, `endobj`.
    Word(Vec<u8>),
}

pub(super) type Dict = BTreeMap<String, Obj>;

impl Obj {
    pub fn num(&self) -> Option<f64> {
        if let Obj::Num(n) = self { Some(*n) } else { None }
    }

    pub fn name(&self) -> Option<&str> {
        if let Obj::Name(n) = self { Some(n) } else { None }
    }

    pub fn dict(&self) -> Option<&Dict> {
        if let Obj::Dict(d) = self { Some(d) } else { None }
    }
}

/// Arrays and dictionaries in one another, at most.
const DEPTH: u32 = 60;

/// Reads one object after the other.
pub(super) struct Parser<'a> {
    pub bytes: &'a [u8],
    pub at: usize,
}

fn space(b: u8) -> bool {
    matches!(b, 0 | b'\t' | b'\n' | 0x0c | b'\r' | b' ')
}

fn delimiter(b: u8) -> bool {
    matches!(b, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

impl Parser<'_> {
    fn skip_space(&mut self) {
        while let Some(&b) = self.bytes.get(self.at) {
            if b == b'%' {
                while self.bytes.get(self.at).is_some_and(|b| !matches!(b, b'\n' | b'\r')) {
                    self.at += 1;
                }
            } else if space(b) {
                self.at += 1;
            } else {
                return;
            }
        }
    }

    /// The next object; `None` at the end. References (`1 0 R`) are put together.
    pub fn object(&mut self) -> Option<Obj> {
        self.nested(0)
    }

    fn nested(&mut self, depth: u32) -> Option<Obj> {
        self.skip_space();
        let b = *self.bytes.get(self.at)?;
        if depth > DEPTH {
            self.at = self.bytes.len();
            return None;
        }
        match b {
            b'/' => {
                self.at += 1;
                Some(Obj::Name(self.name()))
            }
            b'(' => Some(Obj::Str(self.string())),
            b'<' if self.bytes.get(self.at + 1) == Some(&b'<') => {
                self.at += 2;
                let mut d = Dict::new();
                loop {
                    self.skip_space();
                    if self.bytes[self.at.min(self.bytes.len())..].starts_with(b">>") {
                        self.at += 2;
                        return Some(Obj::Dict(d));
                    }
                    match self.nested(depth + 1) {
                        Some(Obj::Name(k)) => {
                            let Some(v) = self.nested(depth + 1) else { return Some(Obj::Dict(d)) };
                            d.insert(k, v);
                        }
                        // Something that does not belong here.
                        Some(Obj::Word(w)) if w == b"endobj" || w == b"stream" => return Some(Obj::Dict(d)),
                        Some(_) => {}
                        None => return Some(Obj::Dict(d)),
                    }
                }
            }
            b'<' => {
                self.at += 1;
                let mut out = Vec::new();
                let mut half = None;
                while let Some(&b) = self.bytes.get(self.at) {
                    self.at += 1;
                    if b == b'>' {
                        break;
                    }
                    let Some(d) = char::from(b).to_digit(16) else { continue };
                    match half.take() {
                        None => half = Some(d as u8),
                        Some(h) => out.push(h << 4 | d as u8),
                    }
                }
                out.extend(half.map(|h| h << 4));
                Some(Obj::Str(out))
            }
            b'[' => {
                self.at += 1;
                let mut out = Vec::new();
                loop {
                    self.skip_space();
                    if self.bytes.get(self.at) == Some(&b']') {
                        self.at += 1;
                        return Some(Obj::Arr(out));
                    }
                    match self.nested(depth + 1) {
                        Some(Obj::Word(w)) if w == b"endobj" => return Some(Obj::Arr(out)),
                        Some(o) => out.push(o),
                        None => return Some(Obj::Arr(out)),
                    }
                }
            }
            b')' | b'>' | b']' | b'{' | b'}' => {
                self.at += 1;
                Some(Obj::Word(vec![b]))
            }
            _ => {
                let from = self.at;
                while self.bytes.get(self.at).is_some_and(|b| !space(*b) && !delimiter(*b)) {
                    self.at += 1;
                }
                let word = &self.bytes[from..self.at];
                let Some(n) = std::str::from_utf8(word).ok().filter(|w| w.len() < 40).and_then(|w| w.parse::<f64>().ok()) else {
                    return Some(if word == b"null" { Obj::Null } else { Obj::Word(word.to_vec()) });
                };
                if n >= 0.0 && n.fract() == 0.0 && word.iter().all(u8::is_ascii_digit) && self.is_reference() {
                    return Some(Obj::Ref(n as u32));
                }
                Some(Obj::Num(n))
            }
        }
    }

    /// Whether a generation and `R` follow; takes them.
    fn is_reference(&mut self) -> bool {
        let rest = &self.bytes[self.at..self.bytes.len().min(self.at + 12)];
        let blanks = rest.iter().take_while(|b| space(**b)).count();
        let digits = rest[blanks..].iter().take_while(|b| b.is_ascii_digit()).count();
        let after = blanks + digits;
        let more = rest[after..].iter().take_while(|b| space(**b)).count();
        let end = after + more;
        let is = blanks > 0
            && digits > 0
            && more > 0
            && rest.get(end) == Some(&b'R')
            && rest.get(end + 1).is_none_or(|b| space(*b) || delimiter(*b));
        if is {
            self.at += end + 1;
        }
        is
    }

    fn name(&mut self) -> String {
        let mut out = Vec::new();
        while let Some(&b) = self.bytes.get(self.at).filter(|b| !space(**b) && !delimiter(**b)) {
            let hex = (b == b'#').then(|| self.bytes.get(self.at + 1..self.at + 3)).flatten();
            let code = hex.and_then(|h| std::str::from_utf8(h).ok()).and_then(|h| u8::from_str_radix(h, 16).ok());
            out.push(code.unwrap_or(b));
            self.at += if code.is_some() { 3 } else { 1 };
        }
        String::from_utf8_lossy(&out).into_owned()
    }

    fn string(&mut self) -> Vec<u8> {
        let (mut out, mut depth) = (Vec::new(), 0);
        while let Some(&b) = self.bytes.get(self.at) {
            self.at += 1;
            match b {
                b'(' => {
                    depth += 1;
                    if depth > 1 {
                        out.push(b);
                    }
                }
                b')' => {
                    depth -= 1;
                    if depth == 0 {
                        break;
                    }
                    out.push(b);
                }
                b'\\' => {
                    let Some(&n) = self.bytes.get(self.at) else { break };
                    self.at += 1;
                    match n {
                        b'n' => out.push(b'\n'),
                        b'r' => out.push(b'\r'),
                        b't' => out.push(b'\t'),
                        b'b' | b'f' => {}
                        b'\r' | b'\n' => {
                            if n == b'\r' && self.bytes.get(self.at) == Some(&b'\n') {
                                self.at += 1;
                            }
                        }
                        b'0'..=b'7' => {
                            let mut v = u32::from(n - b'0');
                            for _ in 0..2 {
                                match self.bytes.get(self.at) {
                                    Some(d @ b'0'..=b'7') => {
                                        v = v * 8 + u32::from(d - b'0');
                                        self.at += 1;
                                    }
                                    _ => break,
                                }
                            }
                            out.push(v as u8);
                        }
                        n => out.push(n),
                    }
                }
                b => out.push(b),
            }
        }
        out
    }
}

/// A string of the document itself (not of a page): UTF-16 with a mark, UTF-8 with a mark, else as Latin-1.
pub(super) fn text_string(s: &[u8]) -> String {
    match s {
        [0xfe, 0xff, rest @ ..] => encoding_rs::UTF_16BE.decode_without_bom_handling(rest).0.into_owned(),
        [0xff, 0xfe, rest @ ..] => encoding_rs::UTF_16LE.decode_without_bom_handling(rest).0.into_owned(),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => encoding_rs::WINDOWS_1252.decode_without_bom_handling(s).0.into_owned(),
    }
}
