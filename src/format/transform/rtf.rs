//! Rich Text Format: the text between control words.

use super::{Made, Transform};

/// Destinations without text of the document.
const SKIPPED: &[&str] = &[
    "fonttbl",
    "colortbl",
    "stylesheet",
    "pict",
    "themedata",
    "colorschememapping",
    "latentstyles",
    "datastore",
    "rsidtbl",
    "listtable",
    "listoverridetable",
    "generator",
    "xmlnstbl",
    "filetbl",
    "revtbl",
    "objdata",
    "blipuid",
];

/// Takes off control words.
pub(in crate::format) struct Rtf {
    /// For each open group: whether it is skipped, and how many characters stand for a Unicode one.
    groups: Vec<(bool, usize)>,
    /// Characters still to be skipped behind a `\u`.
    skip: usize,
    /// Whether the last thing was the beginning of a group, perhaps with `\*`.
    fresh: bool,
    star: bool,
    page: &'static encoding_rs::Encoding,
}

impl Default for Rtf {
    fn default() -> Rtf {
        Rtf { groups: vec![(false, 1)], skip: 0, fresh: false, star: false, page: encoding_rs::WINDOWS_1252 }
    }
}

impl Rtf {
    fn hidden(&self) -> bool {
        self.groups.last().is_some_and(|g| g.0)
    }

    fn give(&mut self, text: &str, start: u64, end: u64, out: &mut Made) {
        if self.skip > 0 {
            self.skip -= 1;
        } else if !self.hidden() {
            out.add(text.as_bytes(), start, end);
        }
    }

    fn word(&mut self, word: &str, number: Option<i32>, start: u64, end: u64, out: &mut Made) {
        let destination = self.fresh && (self.star && word != "fldinst" || SKIPPED.contains(&word));
        self.star = false;
        if destination && let Some(g) = self.groups.last_mut() {
            g.0 = true;
        }
        match word {
            "par" | "line" | "page" | "sect" | "row" => self.give("\n", start, end, out),
            "tab" | "cell" => self.give("\t", start, end, out),
            "emdash" | "endash" => self.give("-", start, end, out),
            "lquote" | "rquote" => self.give("'", start, end, out),
            "ldblquote" | "rdblquote" => self.give("\"", start, end, out),
            "uc" => {
                if let Some(g) = self.groups.last_mut() {
                    g.1 = number.unwrap_or(1).clamp(0, 16) as usize;
                }
            }
            "ansicpg" => {
                let label = format!("windows-{}", number.unwrap_or(1252));
                self.page = encoding_rs::Encoding::for_label(label.as_bytes()).unwrap_or(encoding_rs::WINDOWS_1252);
            }
            "u" => {
                let code = number.unwrap_or(0).rem_euclid(65_536) as u32;
                self.skip = 0;
                let c = char::from_u32(code).unwrap_or('\u{fffd}');
                self.give(c.encode_utf8(&mut [0; 4]), start, end, out);
                self.skip = self.groups.last().map_or(1, |g| g.1);
            }
            _ => {}
        }
    }
}

impl Transform for Rtf {
    fn push(&mut self, bytes: &[u8], at: u64, last: bool, out: &mut Made) -> usize {
        let mut i = 0;
        while i < bytes.len() {
            let start = at + i as u64;
            let fresh = self.fresh;
            match bytes[i] {
                b'{' => {
                    let top = self.groups.last().copied().unwrap_or((false, 1));
                    if self.groups.len() < 10_000 {
                        self.groups.push(top);
                    }
                    (self.fresh, self.star, self.skip) = (true, false, 0);
                    i += 1;
                }
                b'}' => {
                    if self.groups.len() > 1 {
                        self.groups.pop();
                    }
                    (self.fresh, self.skip) = (false, 0);
                    i += 1;
                }
                b'\r' | b'\n' => i += 1,
                b'\\' => {
                    // A control word is at most this long.
                    if bytes.len() - i < 64 && !last {
                        return i;
                    }
                    let rest = &bytes[i + 1..];
                    let letters = rest.iter().take_while(|b| b.is_ascii_alphabetic()).count().min(32);
                    if letters == 0 {
                        let (text, n) = match rest.first() {
                            Some(b'\'') => {
                                let hex =
                                    rest.get(1..3).and_then(|h| std::str::from_utf8(h).ok()).and_then(|h| u8::from_str_radix(h, 16).ok());
                                (hex.map(|b| self.page.decode_without_bom_handling(&[b]).0.into_owned()), 4.min(rest.len() + 1))
                            }
                            Some(b'*') => {
                                self.star = true;
                                (None, 2)
                            }
                            Some(b'~') => (Some(" ".into()), 2),
                            Some(b'_') => (Some("-".into()), 2),
                            Some(b'\n' | b'\r') => (Some("\n".into()), 2),
                            Some(c @ (b'\\' | b'{' | b'}')) => (Some(char::from(*c).to_string()), 2),
                            Some(_) => (None, 2),
                            None => (None, 1),
                        };
                        if let Some(t) = text {
                            self.give(&t, start, start + n as u64, out);
                            self.fresh = false;
                        }
                        i += n;
                        continue;
                    }
                    let word = String::from_utf8_lossy(&rest[..letters]).into_owned();
                    let mut n = letters;
                    let sign = usize::from(rest.get(n) == Some(&b'-'));
                    let digits = rest[n + sign..].iter().take_while(|b| b.is_ascii_digit()).count().min(10);
                    let number = std::str::from_utf8(&rest[n..n + sign + digits]).ok().and_then(|d| d.parse().ok());
                    if digits > 0 {
                        n += sign + digits;
                    }
                    n += usize::from(rest.get(n) == Some(&b' '));
                    self.fresh = fresh;
                    if word == "bin" {
                        n += usize::try_from(number.unwrap_or(0)).unwrap_or(0).min(rest.len() - n);
                    }
                    self.word(&word, number, start, start + 1 + n as u64, out);
                    self.fresh = false;
                    i += 1 + n;
                }
                _ => {
                    let n = bytes[i..].iter().take_while(|b| !matches!(b, b'{' | b'}' | b'\\' | b'\r' | b'\n')).count();
                    let skipped = self.skip.min(n);
                    self.skip -= skipped;
                    if !self.hidden() {
                        out.add(&bytes[i + skipped..i + n], start + skipped as u64, start + n as u64);
                    }
                    self.fresh = false;
                    i += n;
                }
            }
        }
        bytes.len()
    }
}
