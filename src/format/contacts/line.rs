//! Lines of vCards and calendars: folded over several lines of the file, a name with parameters, a colon, a value.

use std::ops::Range;

use encoding_rs::Encoding;

/// A line without its folds, and where in the file its bytes are.
#[derive(Default)]
pub(super) struct Line {
    pub bytes: Vec<u8>,
    /// Position in `bytes`, position in the file: runs without a fold.
    runs: Vec<(usize, u64)>,
}

/// Text with where it comes from: position in the text, and the file's bytes that the text from there on was made of.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Text {
    pub bytes: Vec<u8>,
    pub runs: Vec<(usize, u64, u64)>,
}

/// A parameter: its name, and where its value stands, without quotes.
pub(super) struct Parameter {
    pub name: String,
    pub value: Range<usize>,
}

/// A line as it is meant.
pub(super) struct Property {
    /// In capitals, without the group before it.
    pub name: String,
    pub parameters: Vec<Parameter>,
    pub value: Range<usize>,
}

/// How many values of parameters a line may have.
const MOST_PARAMETERS: usize = 256;
/// How long the names in a line may be.
const MOST_NAME: usize = 256;

/// The line that begins `bytes` with those that it goes on in, and how long it is in the file. `None`: it may go on.
pub(super) fn unfold(bytes: &[u8], at: u64, over: bool) -> Option<(Line, usize)> {
    let mut line = Line::default();
    let mut from = 0;
    loop {
        let end = match memchr::memchr(b'\n', &bytes[from..]) {
            Some(n) => from + n,
            None if over => bytes.len(),
            None => return None,
        };
        let next = (end + 1).min(bytes.len());
        let text = bytes[from..end].strip_suffix(b"\r").unwrap_or(&bytes[from..end]);
        line.runs.push((line.bytes.len(), at + from as u64));
        line.bytes.extend_from_slice(text);
        match bytes.get(next) {
            Some(b' ' | b'\t') => from = next + 1,
            None if !over => return None,
            // Lines of quoted-printable go on behind their last sign.
            Some(_) if line.bytes.ends_with(b"=") && is_quoted_printable(&line.bytes) => {
                line.bytes.pop();
                from = next;
            }
            _ => return Some((line, next)),
        }
    }
}

fn is_quoted_printable(line: &[u8]) -> bool {
    let head = &line[..line.len().min(256)];
    let head = &head[..memchr::memchr(b':', head).unwrap_or(head.len())];
    memchr::memmem::find(&head.to_ascii_uppercase(), b"QUOTED-PRINTABLE").is_some()
}

impl Line {
    /// The file's byte of a byte of the line.
    fn origin(&self, at: usize) -> u64 {
        let i = self.runs.partition_point(|r| r.0 <= at).saturating_sub(1);
        self.runs.get(i).map_or(0, |r| r.1 + (at - r.0) as u64)
    }

    /// Takes the line apart; `None` for one that is none of these.
    pub fn property(&self) -> Option<Property> {
        let b = &self.bytes;
        let word = |from: usize| b[from..].iter().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.')).count();
        let upper = |r: Range<usize>| String::from_utf8_lossy(&b[r]).to_ascii_uppercase();
        let mut at = word(0);
        let name = upper(b[..at].iter().rposition(|c| *c == b'.').map_or(0, |n| n + 1)..at);
        if name.is_empty() || name.len() > MOST_NAME {
            return None;
        }
        let mut parameters = Vec::new();
        while b.get(at) == Some(&b';') {
            let start = at + 1;
            let n = word(start);
            at = start + n;
            if n > MOST_NAME {
                return None;
            }
            // Old vCards have words without a name.
            let (name, mut from) = if b.get(at) == Some(&b'=') { (upper(start..at), at + 1) } else { ("TYPE".to_owned(), start) };
            at = from;
            // A value, or several with commas between them; quotes may hold what would end it.
            loop {
                if parameters.len() >= MOST_PARAMETERS {
                    return None;
                }
                let quoted = b.get(at) == Some(&b'"');
                let end = match quoted {
                    true => at + 1 + memchr::memchr(b'"', &b[at + 1..])?,
                    false => at + b[at..].iter().position(|c| matches!(c, b';' | b':' | b','))?,
                };
                if quoted {
                    from = at + 1;
                }
                parameters.push(Parameter { name: name.clone(), value: from..end });
                at = end + usize::from(quoted);
                match b.get(at)? {
                    b',' => (at, from) = (at + 1, at + 1),
                    b';' | b':' => break,
                    _ => return None,
                }
            }
        }
        (b.get(at) == Some(&b':')).then(|| Property { name, parameters, value: at + 1..b.len() })
    }

    /// A part of the line as text, its escapes resolved.
    pub fn text(&self, range: Range<usize>) -> Text {
        let mut out = Text::default();
        let (mut at, mut next) = (range.start, u64::MAX);
        while at < range.end {
            let from = self.origin(at);
            let (byte, n) = match (self.bytes[at], self.bytes.get(at + 1).filter(|_| at + 1 < range.end)) {
                (b'\\', Some(b'n' | b'N')) => (b'\n', 2),
                (b'\\', Some(c @ (b',' | b';' | b':' | b'\\'))) => (*c, 2),
                (b, _) => (b, 1),
            };
            let end = self.origin(at + n - 1) + 1;
            // A run has a byte of the file for each of its own.
            match out.runs.last_mut() {
                Some(last) if from == next && n == 1 && last.2 - last.1 == (out.bytes.len() - last.0) as u64 => last.2 = end,
                _ => out.runs.push((out.bytes.len(), from, end)),
            }
            out.bytes.push(byte);
            at += n;
            next = end;
        }
        out
    }

    /// A part of the line in quoted-printable, in the character set of that name.
    pub fn decoded(&self, range: Range<usize>, charset: Option<&[u8]>) -> Text {
        let raw = &self.bytes[range.clone()];
        let mut bytes = Vec::with_capacity(raw.len());
        let digit = |b: Option<&u8>| b.and_then(|b| (*b as char).to_digit(16));
        let mut at = 0;
        while at < raw.len() {
            match (raw[at], digit(raw.get(at + 1)), digit(raw.get(at + 2))) {
                (b'=', Some(a), Some(b)) => {
                    bytes.push((a * 16 + b) as u8);
                    at += 3;
                }
                (b, ..) => {
                    bytes.push(b);
                    at += 1;
                }
            }
        }
        if let Some(encoding) = charset.and_then(Encoding::for_label) {
            bytes = encoding.decode_without_bom_handling(&bytes).0.into_owned().into_bytes();
        }
        let end = range.end.checked_sub(1).map_or(0, |e| self.origin(e) + 1);
        Text { runs: vec![(0, self.origin(range.start), end)], bytes }
    }

    /// Where the parts of a value are that has several, with this sign between them.
    pub fn parts(&self, range: Range<usize>, sign: u8) -> Vec<Range<usize>> {
        let (mut out, mut from, mut at) = (Vec::new(), range.start, range.start);
        while at < range.end {
            match self.bytes[at] {
                b'\\' => at += 1,
                b if b == sign => {
                    out.push(from..at);
                    from = at + 1;
                }
                _ => {}
            }
            at += 1;
        }
        out.push(from..range.end);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Line {
        unfold(text.as_bytes(), 0, true).unwrap().0
    }

    #[test]
    fn lines_are_unfolded() {
        let cases = [
            ("A:b\r\n c\r\nD:e", "A:bc", 9),
            ("A:b\n\tc\n", "A:bc", 7),
            ("A;ENCODING=QUOTED-PRINTABLE:x=\r\ny\r\n", "A;ENCODING=QUOTED-PRINTABLE:xy", 35),
            ("A:x=\ny\n", "A:x=", 5),
            ("\nA", "", 1),
        ];
        for (text, want, n) in cases {
            let (line, used) = unfold(text.as_bytes(), 0, true).unwrap();
            assert_eq!((String::from_utf8(line.bytes).unwrap().as_str(), used), (want, n), "{text:?}");
        }
        assert!(unfold(b"A:b\r\n", 0, false).is_none() && unfold(b"A:b", 0, false).is_none());
    }

    #[test]
    fn properties_have_parameters() {
        // Line, name, parameters, value.
        let cases: &[(&str, Option<(&str, &str, &str)>)] = &[
            ("EMAIL:a@example.com", Some(("EMAIL", "", "a@example.com"))),
            ("item1.tel;type=work,voice;PREF:1", Some(("TEL", "TYPE=work TYPE=voice TYPE=PREF ", "1"))),
            ("X;CN=\"a:b;c\";Y=\"\":v:w", Some(("X", "CN=a:b;c Y= ", "v:w"))),
            ("A;MEMBER=\"mailto:x\",\"mailto:y\":v", Some(("A", "MEMBER=mailto:x MEMBER=mailto:y ", "v"))),
            ("no colon", None),
            (":x", None),
            ("A;B", None),
            ("A;B=\"open:x", None),
            ("", None),
            // Values without end, and names.
            (&format!("A;T={}:v", ",".repeat(MOST_PARAMETERS)), None),
            (&format!("A{}:v", ";T=".repeat(MOST_PARAMETERS + 1)), None),
            (&format!("A;{}=x:v", "T".repeat(MOST_NAME + 1)), None),
            (&format!("{}:v", "A".repeat(MOST_NAME + 1)), None),
        ];
        for (text, want) in cases {
            let l = line(text);
            let found = l.property().map(|p| {
                let of = |r: Range<usize>| String::from_utf8_lossy(&l.bytes[r]).into_owned();
                let parameters: String = p.parameters.iter().map(|q| format!("{}={} ", q.name, of(q.value.clone()))).collect();
                (p.name, parameters, of(p.value))
            });
            let want = want.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned()));
            assert_eq!(found, want, "{text}");
        }
    }

    #[test]
    fn text_knows_where_it_comes_from() {
        let file = "N:a\\,b\r\n c\\nd";
        let l = line(file);
        let t = l.text(2..l.bytes.len());
        assert_eq!(String::from_utf8_lossy(&t.bytes), "a,bc\nd");
        assert_eq!(t.runs, [(0, 2, 3), (1, 3, 5), (2, 5, 6), (3, 9, 10), (4, 10, 12), (5, 12, 13)]);
        let l = line("N:J=C3=B6rg");
        assert_eq!(l.decoded(2..l.bytes.len(), None).bytes, "J\u{f6}rg".as_bytes());
        let l = line("N:J=F6rg");
        let t = l.decoded(2..l.bytes.len(), Some(b"iso-8859-1"));
        assert_eq!((t.bytes, t.runs), ("J\u{f6}rg".as_bytes().to_vec(), vec![(0, 2, 8)]));
        assert_eq!(l.parts(2..8, b'='), [2..3, 4..8]);
    }
}
