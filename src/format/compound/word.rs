//! Word 97 to 2003: the texts of all stories by the table of pieces ([MS-DOC] 2.4.1): body, footnotes, headers, comments,
//! endnotes, text boxes, in this order, pieces of one and of two bytes a character.
//!
//! What a field was made of (`HYPERLINK "mailto:…"`) stands in a line of its own behind its paragraph.

use std::ops::Range;

use super::file::{Compound, Stream};
use crate::base::{Error, Reason, Result};
use crate::format::feed::Issues;
use crate::format::transform::{Made, Source};

/// Bytes read at a time.
const WINDOW: u64 = 32 << 10;
/// Characters of a field's code that are held back, at most.
const MOST_CODE: usize = 1 << 20;
/// Bytes of the table of pieces and what stands in front of it, at most: a million pieces and more.
const MOST_TABLE: u32 = 16 << 20;

#[derive(Clone, Copy, Debug)]
struct Piece {
    /// Offset in the stream.
    at: u64,
    /// Bytes.
    len: u64,
    wide: bool,
}

/// Makes the texts of a document.
pub(super) struct Word {
    text: Stream,
    pieces: std::vec::IntoIter<Piece>,
    now: Option<Piece>,
    flow: Flow,
}

fn broken(what: &str) -> Error {
    Error::new(Reason::Corrupt, what)
}

fn u16_at(b: &[u8], at: usize) -> Option<u16> {
    b.get(at..at + 2).map(|b| u16::from_le_bytes([b[0], b[1]]))
}

fn u32_at(b: &[u8], at: usize) -> Option<u32> {
    b.get(at..at + 4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
}

impl Word {
    /// Reads the tables of the document in the root storage; `document` is its main stream. Gives the bytes of the file that its
    /// texts take, too.
    ///
    /// # Errors
    /// `encrypted`; `corrupt` where no table of pieces is found.
    pub fn open(c: &Compound, document: usize, issues: &mut Issues) -> Result<(Word, Vec<Range<u64>>)> {
        let text = c.stream(document);
        let fib = text.read(0, 1024)?;
        let pieces = match u16_at(&fib, 0) {
            // Word 6 and 95 have the same beginning.
            Some(0xa5ec | 0xa5dc) if u16_at(&fib, 10).is_some_and(|f| f & 0x0100 != 0) => {
                return Err(Error::new(Reason::Encrypted, "a Word document with a password"));
            }
            Some(0xa5ec) => pieces(c, &fib)?,
            Some(0xa5dc) => simple(&fib)?,
            _ => return Err(broken("a Word document without its header")),
        };
        let (mut good, mut covered, mut taken) = (Vec::new(), Vec::new(), 0u64);
        for mut p in pieces {
            let there = text.len.saturating_sub(p.at).min(p.len);
            if there < p.len {
                issues.add(Reason::Truncated, "a piece of a Word document that ends early", p.at);
                p.len = there;
            }
            if p.len == 0 {
                continue;
            }
            taken += p.len;
            if taken > text.len * 2 + 1024 {
                issues.add(Reason::Corrupt, "pieces of a Word document that lie in one another", p.at);
                break;
            }
            covered.extend(text.places(p.at, p.len));
            good.push(p);
        }
        Ok((Word { text, pieces: good.into_iter(), now: None, flow: Flow::default() }, covered))
    }
}

/// The pieces by the table of Word 97 and later.
fn pieces(c: &Compound, fib: &[u8]) -> Result<Vec<Piece>> {
    let header = || broken("a Word document with a broken header");
    let table = if u16_at(fib, 10).ok_or_else(header)? & 0x0200 != 0 { "1Table" } else { "0Table" };
    // Lengths of the header's parts, each in front of it; fcClx is the 34th pair of the last.
    let words = usize::from(u16_at(fib, 32).ok_or_else(header)?);
    let longs = usize::from(u16_at(fib, 34 + words * 2).ok_or_else(header)?);
    let pairs = 34 + words * 2 + 2 + longs * 4 + 2;
    let (at, len) = u32_at(fib, pairs + 33 * 8).zip(u32_at(fib, pairs + 33 * 8 + 4)).ok_or_else(header)?;
    let table = c.find(0, table).ok_or_else(|| broken("a Word document without its tables"))?;
    if len > MOST_TABLE {
        return Err(Error::new(Reason::MemoryLimit, "a Word document with a table of pieces too long to be held"));
    }
    let clx = c.stream(table).read(u64::from(at), u64::from(len))?;
    let mut i = 0;
    // Changes to properties come first.
    while clx.get(i) == Some(&1) {
        i += 3 + usize::from(u16_at(&clx, i + 1).unwrap_or(0));
    }
    let none = || broken("a Word document without its table of pieces");
    if clx.get(i) != Some(&2) {
        return Err(none());
    }
    let plc = clx.get(i + 5..).ok_or_else(none)?;
    // Its first half says where the second begins: of a shorter one nothing is known.
    let plc = plc.get(..u32_at(&clx, i + 1).ok_or_else(none)? as usize).ok_or_else(none)?;
    let n = plc.len().saturating_sub(4) / 12;
    let mut out = Vec::with_capacity(n);
    for k in 0..n {
        let (from, to) = u32_at(plc, k * 4).zip(u32_at(plc, k * 4 + 4)).ok_or_else(none)?;
        let fc = u32_at(plc, (n + 1) * 4 + k * 8 + 2).ok_or_else(none)?;
        let chars = u64::from(to.checked_sub(from).ok_or_else(none)?);
        let narrow = fc & 0x4000_0000 != 0;
        let at = u64::from(fc & 0x3fff_ffff);
        out.push(if narrow { Piece { at: at / 2, len: chars, wide: false } } else { Piece { at, len: chars * 2, wide: true } });
    }
    if out.is_empty() { Err(none()) } else { Ok(out) }
}

/// The one piece of a document of Word 6 or 95 that was not saved in haste.
fn simple(fib: &[u8]) -> Result<Vec<Piece>> {
    let whole = u16_at(fib, 10).is_some_and(|f| f & 0x1004 == 0);
    let range = u32_at(fib, 24).zip(u32_at(fib, 28)).filter(|(a, b)| whole && a < b);
    let (a, b) = range.ok_or_else(|| broken("a document of Word 6 or 95 in many pieces"))?;
    Ok(vec![Piece { at: u64::from(a), len: u64::from(b - a), wide: false }])
}

impl Source for Word {
    fn more(&mut self, out: &mut Made) -> Result<bool> {
        let Some(mut p) = self.now.take().or_else(|| self.pieces.next()) else {
            self.flow.give_codes(out);
            return Ok(false);
        };
        let Some((bytes, mut from)) = self.text.piece(p.at, p.len.min(WINDOW))? else { return Ok(true) };
        let mut used = bytes.len();
        if p.wide {
            // A character over the end of a sector is read for itself.
            let bytes = match bytes[..] {
                [_] => bytes::Bytes::from(self.text.read(p.at, p.len.min(2))?),
                [_, 0xd8..=0xdb] | [_, 0xd8..=0xdb, _] => bytes::Bytes::from(self.text.read(p.at, p.len.min(4))?),
                _ => bytes,
            };
            used = bytes.len() & !1;
            let mut units: Vec<u16> = bytes.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]])).collect();
            if units.len() > 1 && used as u64 + 2 <= p.len && units.last().is_some_and(|u| matches!(u, 0xd800..=0xdbff)) {
                // Its other half follows.
                units.pop();
                used -= 2;
            }
            for c in char::decode_utf16(units) {
                let (c, n) = c.map_or(('\u{fffd}', 2), |c| (c, c.len_utf16() as u64 * 2));
                self.flow.char(c, from, from + n, out);
                from += n;
            }
            used = used.max(1);
        } else {
            self.flow.narrow(&bytes, from, out);
        }
        p.at += used as u64;
        p.len = p.len.saturating_sub(used as u64);
        self.now = Some(p).filter(|p| p.len > 0);
        Ok(true)
    }
}

/// Text as it is read: marks become lines and tabs, codes of fields wait for the end of their paragraph.
#[derive(Default)]
struct Flow {
    /// For each field that is open: whether its code is being read.
    fields: Vec<bool>,
    codes: Vec<(char, u64, u64)>,
    /// The last character ended a cell.
    cell: bool,
}

impl Flow {
    /// Characters of one byte, from offset `from` of the file on.
    fn narrow(&mut self, bytes: &[u8], from: u64, out: &mut Made) {
        let mut i = 0;
        while i < bytes.len() {
            let n = if self.in_code() { 0 } else { bytes[i..].iter().take_while(|b| matches!(b, b' '..=b'~')).count() };
            let at = from + i as u64;
            if n > 0 {
                out.add(&bytes[i..i + n], at, at + n as u64);
                self.cell = false;
                i += n;
                continue;
            }
            let (text, _) = encoding_rs::WINDOWS_1252.decode_without_bom_handling(&bytes[i..i + 1]);
            text.chars().for_each(|c| self.char(c, at, at + 1, out));
            i += 1;
        }
    }

    fn in_code(&self) -> bool {
        self.fields.iter().any(|c| *c)
    }

    fn char(&mut self, c: char, start: u64, end: u64, out: &mut Made) {
        let c = match c {
            '\x13' => {
                if self.fields.len() < 100 {
                    self.fields.push(true);
                }
                return;
            }
            '\x14' | '\x15' => {
                let was = self.in_code();
                match self.fields.last_mut() {
                    Some(code) if c == '\x14' => *code = false,
                    _ => drop(self.fields.pop()),
                }
                if was {
                    let mark = if self.in_code() { ' ' } else { '\n' };
                    self.codes.push((mark, start, end));
                }
                return;
            }
            '\x07' if std::mem::take(&mut self.cell) => '\n',
            '\x07' => {
                self.cell = true;
                '\t'
            }
            '\r' | '\x0b' | '\x0c' | '\x0e' => '\n',
            '\x1e' => '-',
            // Pictures, marks of notes, hyphens that are not shown.
            c if c < ' ' && !matches!(c, '\t' | '\n') || c == '\x1f' || c == '\u{ad}' => return,
            c => c,
        };
        self.cell &= c == '\t';
        if self.in_code() {
            if self.codes.len() < MOST_CODE {
                self.codes.push((c, start, end));
                return;
            }
            // No field is that long.
            self.fields.clear();
            self.give_codes(out);
        }
        out.add(c.encode_utf8(&mut [0; 4]).as_bytes(), start, end);
        if c == '\n' {
            self.give_codes(out);
        }
    }

    /// Gives what waits, on lines of its own.
    fn give_codes(&mut self, out: &mut Made) {
        if let Some((_, start, _)) = self.codes.first().filter(|_| !out.at_line_start()) {
            out.add(b"\n", *start, *start);
        }
        for (c, start, end) in self.codes.drain(..) {
            out.add(c.encode_utf8(&mut [0; 4]).as_bytes(), start, end);
        }
    }
}
