//! HTML, XML and the XML of office documents: the text between the tags, entities resolved, and what attributes hold.

use super::{Made, Transform};

/// What a document is, which decides what a tag means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::format) enum Dialect {
    /// Tags that format do not separate words, others end a line.
    Html,
    /// Every element is a line `name: text`, every attribute `name: value`: names are what keywords are looked for in.
    Xml,
    /// Word, PowerPoint, OpenDocument: only paragraphs, cells and breaks separate.
    Office,
}

/// Which dialect a text is in, if it is markup at all; `ext` is the extension of its name.
pub(in crate::format) fn detect(head: &[u8], ext: &str) -> Option<Dialect> {
    let start = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let near = &start[..start.len().min(4096)];
    let low = near.to_ascii_lowercase();
    let has = |what: &str| memchr::memmem::find(&low, what.as_bytes()).is_some();
    if start.first() != Some(&b'<') {
        return (matches!(ext, "html" | "htm" | "xhtml") && has("<")).then_some(Dialect::Html);
    }
    if has("<!doctype html") || low[..low.len().min(1024)].windows(5).any(|w| w == b"<html") || matches!(ext, "html" | "htm" | "xhtml") {
        return Some(Dialect::Html);
    }
    let office = ["wordprocessingml", "presentationml", "spreadsheetml", "opendocument:xmlns:text", "opendocument:xmlns:office"];
    if office.iter().any(|ns| has(ns)) && !has("/package/") && !has("custom-properties") && !has("document-meta") {
        return Some(Dialect::Office);
    }
    let named = matches!(ext, "xml" | "xsd" | "xsl" | "svg" | "rels" | "plist" | "kml" | "gpx" | "rss" | "atom" | "wsdl");
    let element = start.get(1).is_some_and(|b| b.is_ascii_alphabetic() || matches!(b, b'?' | b'!'));
    (has("<?xml") || named && element).then_some(Dialect::Xml)
}

/// Tags of HTML that stand within words and sentences.
const INLINE: &[&str] = &[
    "a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "del", "dfn", "em", "font", "i", "ins", "kbd", "label", "mark", "nobr", "q",
    "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
];

/// How addresses begin that say what one part of an Office file is to another: the same in all of them, and nobody's.
const RELATIONS: [&[u8]; 3] = [b"http://schemas.openxmlformats.org/", b"http://schemas.microsoft.com/", b"http://purl.oclc.org/ooxml/"];

/// A longer tag is no tag.
const MOST_TAG: usize = 1 << 20;

/// Takes off tags.
pub(in crate::format) struct Markup {
    dialect: Dialect,
    /// Within an element whose content is no markup, or not looked at: what ends it, and whether the content is given.
    raw: Option<(Vec<u8>, bool)>,
    cells: Option<Cells>,
}

/// Where the cells of a workbook are left out: the reader of sheets reads them. By the very names that it looks for.
#[derive(Clone, Copy, Default)]
struct Cells {
    /// Within a cell of an ods file that has a value.
    inside: bool,
    /// How many comments within it are open.
    notes: u32,
    /// Within what is printed above or below a sheet of an xlsx file.
    printed: bool,
    /// Whether the cells of an xlsx file are over.
    over: bool,
}

impl Cells {
    fn tag(&mut self, name: &[u8], tag: &[u8], closing: bool) {
        let empty = tag.ends_with(b"/>");
        match name {
            b"table:table-cell" | b"table:covered-table-cell" => {
                let valued = memchr::memmem::find(tag, b"office:value-type").is_some();
                (self.inside, self.notes) = (!closing && !empty && valued, 0);
            }
            _ if empty => {}
            b"office:annotation" if closing => self.notes = self.notes.saturating_sub(1),
            b"office:annotation" => self.notes += 1,
            _ if PRINTED.iter().any(|p| name.ends_with(p)) => self.printed = !closing,
            _ => {}
        }
    }
}

const PRINTED: [&[u8]; 6] = [b"oddHeader", b"evenHeader", b"firstHeader", b"oddFooter", b"evenFooter", b"firstFooter"];

/// How long a sign of what is printed above or below a sheet is, without the `&` that it begins with: `C` in the middle, a size,
/// `K` with a colour, a font between quotes (ECMA-376-1, 18.3.1.46). 0: it is none.
pub(in crate::format) fn page_code(rest: &[u8]) -> usize {
    let quoted = |q: &[u8]| rest.strip_prefix(q).and_then(|r| memchr::memmem::find(r, q)).map_or(0, |n| n + 2 * q.len());
    let colour = |c: &[u8]| {
        let theme = |(i, b): (usize, &u8)| if i == 2 { matches!(b, b'+' | b'-') } else { b.is_ascii_digit() };
        c.iter().all(u8::is_ascii_hexdigit) || c.iter().enumerate().all(theme)
    };
    match rest {
        [b'0'..=b'9', ..] => rest.iter().take_while(|b| b.is_ascii_digit()).count(),
        [b'K', c @ ..] if c.get(..6).is_some_and(colour) => 7,
        [b'"', ..] => quoted(b"\""),
        [b'&', ..] => quoted(b"&quot;"),
        [b, ..] => usize::from(b.is_ascii_alphabetic()),
        [] => 0,
    }
}

impl Markup {
    pub fn new(dialect: Dialect) -> Markup {
        Markup { dialect, raw: None, cells: None }
    }

    /// Of an office document's sheets, all but the cells.
    pub fn beside_cells() -> Markup {
        Markup { cells: Some(Cells::default()), ..Markup::new(Dialect::Office) }
    }

    fn text(&self, bytes: &[u8], at: u64, out: &mut Made) {
        let printed = self.cells.is_some_and(|c| c.printed);
        let mut from = 0;
        while let Some(n) = memchr::memchr(b'&', &bytes[from..]) {
            let amp = from + n;
            out.add(&bytes[from..amp], at + from as u64, at + amp as u64);
            let (mut text, mut len) = entity(&bytes[amp..]).unwrap_or(('&', 1));
            let code = if printed && text == '&' { page_code(&bytes[amp + len..]) } else { 0 };
            if code > 0 {
                (text, len) = (' ', len + code);
            }
            out.add(text.encode_utf8(&mut [0; 4]).as_bytes(), at + amp as u64, at + (amp + len) as u64);
            from = amp + len;
        }
        out.add(&bytes[from..], at + from as u64, at + bytes.len() as u64);
    }

    fn line(out: &mut Made, start: u64, end: u64) {
        if !out.at_line_start() {
            out.add(b"\n", start, end);
        }
    }

    fn tag(&mut self, tag: &[u8], at: u64, out: &mut Made) {
        let end = at + tag.len() as u64;
        let inner = &tag[1..tag.len() - 1];
        let closing = inner.first() == Some(&b'/');
        let body = if closing { &inner[1..] } else { inner };
        let n = body.iter().take_while(|b| !b.is_ascii_whitespace() && **b != b'/').count();
        let name = String::from_utf8_lossy(&body[..n]).to_ascii_lowercase();
        let local = name.rsplit(':').next().unwrap_or(&name);
        if let Some(cells) = &mut self.cells {
            cells.tag(&body[..n], tag, closing);
            let is = |what: &[u8]| body[..n].strip_suffix(what).is_some_and(|prefix| prefix.is_empty() || prefix.ends_with(b":"));
            if is(b"sheetData") && !cells.over {
                cells.over = true;
                if !closing && !inner.ends_with(b"/") {
                    self.raw = Some(([b"</", &body[..n]].concat(), false));
                }
            }
            if body[..n].starts_with(b"table:table") {
                return Self::line(out, at, end);
            }
        }
        match self.dialect {
            Dialect::Html => {
                if !closing && matches!(local, "script" | "style") {
                    self.raw = Some((format!("</{local}").into_bytes(), local == "script"));
                }
                let inline = INLINE.contains(&local);
                match local {
                    "td" | "th" => out.add(b"\t", at, end),
                    _ if !inline => Self::line(out, at, end),
                    _ => {}
                }
                if !closing {
                    self.attributes(tag, 1 + n, at, inline, out);
                }
            }
            Dialect::Office => match local {
                "p" | "h" | "tr" | "table-row" | "row" | "br" | "line-break" | "cr" | "comment" | "si"
                    if closing || inner.ends_with(b"/") =>
                {
                    Self::line(out, at, end);
                }
                "tc" | "table-cell" | "c" | "f" | "v" | "is" if closing => out.add(b"\t", at, end),
                "tab" => out.add(b"\t", at, end),
                "s" if name.starts_with("text:") => out.add(b" ", at, end),
                _ if !closing => self.attributes(tag, 1 + n, at, true, out),
                _ => {}
            },
            Dialect::Xml => {
                Self::line(out, at, end);
                if !closing {
                    out.add(local.as_bytes(), at, end);
                    out.add(b": ", at, end);
                    self.attributes(tag, 1 + n, at, false, out);
                }
            }
        }
    }

    /// Gives what attributes hold. In the middle of a sentence only what may be somebody's, between blanks.
    fn attributes(&self, tag: &[u8], mut i: usize, at: u64, inline: bool, out: &mut Made) {
        while i < tag.len() {
            let Some(eq) = memchr::memchr(b'=', &tag[i..]) else { return };
            let name = tag[i..i + eq].trim_ascii();
            let name = name.rsplit(|b| b.is_ascii_whitespace()).next().unwrap_or_default();
            let mut v = i + eq + 1;
            while tag.get(v).is_some_and(u8::is_ascii_whitespace) {
                v += 1;
            }
            let (start, end) = match tag.get(v) {
                Some(q @ (b'"' | b'\'')) => (v + 1, memchr::memchr(*q, &tag[v + 1..]).map_or(tag.len() - 1, |n| v + 1 + n)),
                _ => (v, v + tag[v.min(tag.len())..].iter().take_while(|b| !b.is_ascii_whitespace() && **b != b'>').count()),
            };
            i = (end + 1).max(v + 1);
            let Some(value) = tag.get(start..end).filter(|v| !v.is_empty()) else { continue };
            let plumbing = name.starts_with(b"xmlns")
                || matches!(name, b"class" | b"style" | b"src" | b"rel")
                || name.ends_with(b"schemaLocation")
                || name == b"Type" && RELATIONS.iter().any(|r| value.starts_with(r)) && !value.contains(&b'@') && !value.contains(&b'?');
            let somebodys = value.contains(&b'@') || value.iter().filter(|b| b.is_ascii_digit()).count() >= 5 && !name.ends_with(b"Id");
            let (a, b) = (at + start as u64, at + end as u64);
            if inline {
                // Identifiers of the program itself are numbers too.
                if value.contains(&b'@') || value.starts_with(b"tel:") || value.starts_with(b"mailto:") {
                    out.add(b" ", a, a);
                    self.text(value, a, out);
                    out.add(b" ", b, b);
                }
            } else if !plumbing && (self.dialect == Dialect::Xml || somebodys) {
                Self::line(out, a, a);
                out.add(name, a, a);
                out.add(b": ", a, a);
                self.text(value, a, out);
                out.add(b"\n", b, b);
            }
        }
    }
}

impl Transform for Markup {
    fn push(&mut self, bytes: &[u8], at: u64, last: bool, out: &mut Made) -> usize {
        let mut i = 0;
        while i < bytes.len() {
            let here = at + i as u64;
            let rest = &bytes[i..];
            if let Some((until, given)) = &self.raw {
                let found = match self.cells {
                    Some(_) => memchr::memmem::find(rest, until),
                    None => rest.windows(until.len()).position(|w| w.eq_ignore_ascii_case(until)),
                };
                let n = match found {
                    Some(n) => n,
                    None if last => rest.len(),
                    None => rest.len().saturating_sub(until.len()),
                };
                if *given {
                    out.add(&rest[..n], here, here + n as u64);
                }
                i += n;
                if found.is_none() && !last {
                    return i;
                }
                self.raw = None;
                continue;
            }
            if rest[0] != b'<' {
                let n = memchr::memchr(b'<', rest).unwrap_or(rest.len());
                // An entity may go on in what follows.
                let open = memchr::memrchr(b'&', &rest[..n]).filter(|a| !last && n == rest.len() && n - a < 12);
                let n = open.unwrap_or(n);
                if n == 0 {
                    return i;
                }
                if !self.cells.is_some_and(|c| c.inside && c.notes == 0) {
                    self.text(&rest[..n], here, out);
                }
                i += n;
                continue;
            }
            let (end, skip): (&[u8], usize) = if rest.starts_with(b"<!--") {
                (b"-->", 4)
            } else if rest.starts_with(b"<![CDATA[") {
                (b"]]>", 9)
            } else if rest.starts_with(b"<?") {
                (b"?>", 2)
            } else {
                (b"", 0)
            };
            if skip == 0 && rest.len() < 10 && !last {
                return i;
            }
            if skip > 0 {
                let found = memchr::memmem::find(&rest[skip.min(rest.len())..], end);
                let Some(n) = found.or(last.then_some(rest.len() - skip.min(rest.len()))) else { return i };
                let from = here + skip as u64;
                match skip {
                    4 => {
                        Self::line(out, here, from);
                        self.text(&rest[4..4 + n], from, out);
                        Self::line(out, from + n as u64, from + n as u64);
                    }
                    9 => out.add(&rest[9..9 + n], from, from + n as u64),
                    _ => {}
                }
                i = (i + skip + n + end.len()).min(bytes.len());
                continue;
            }
            let is_tag = rest.get(1).is_some_and(|b| b.is_ascii_alphabetic() || matches!(b, b'/' | b'!' | b'_') || *b >= 0x80);
            let close = if is_tag { tag_end(rest) } else { None };
            match close {
                Some(n) => {
                    self.tag(&rest[..n], here, out);
                    i += n;
                }
                None if is_tag && !last && rest.len() < MOST_TAG => return i,
                None => {
                    out.add(b"<", here, here + 1);
                    i += 1;
                }
            }
        }
        bytes.len()
    }
}

/// The length of the tag that begins here: up to a `>` outside of quotes.
fn tag_end(rest: &[u8]) -> Option<usize> {
    let mut quote = 0;
    for (i, b) in rest.iter().enumerate().skip(1).take(MOST_TAG) {
        match *b {
            q if q == quote => quote = 0,
            b'"' | b'\'' if quote == 0 && rest[..i].trim_ascii_end().ends_with(b"=") => quote = *b,
            b'>' if quote == 0 => return Some(i + 1),
            _ => {}
        }
    }
    // A quote that does not end is none.
    (quote != 0).then(|| memchr::memchr(b'>', rest).map(|n| n + 1))?
}

/// The character and the length of the entity that begins here.
pub(in crate::format) fn entity(rest: &[u8]) -> Option<(char, usize)> {
    let n = memchr::memchr(b';', &rest[..rest.len().min(12)])?;
    let name = std::str::from_utf8(&rest[1..n]).ok()?;
    let c = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        "auml" => 'ä',
        "ouml" => 'ö',
        "uuml" => 'ü',
        "Auml" => 'Ä',
        "Ouml" => 'Ö',
        "Uuml" => 'Ü',
        "szlig" => 'ß',
        "eacute" => 'é',
        "egrave" => 'è',
        "agrave" => 'à',
        "ccedil" => 'ç',
        "ntilde" => 'ñ',
        "commat" => '@',
        "period" => '.',
        _ => {
            let digits = name.strip_prefix('#')?;
            let code = match digits.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => digits.parse().ok()?,
            };
            char::from_u32(code)?
        }
    };
    Some((c, n + 1))
}
