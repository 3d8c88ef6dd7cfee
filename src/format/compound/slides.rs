//! PowerPoint 97 to 2003: the atoms of text in the order in which they lie, that of the slides ([MS-PPT] 2.3.1, 2.9.40 to 42,
//! 2.10.34).

use std::ops::Range;

use super::file::{Compound, Stream};
use crate::base::{Error, Reason, Result};
use crate::format::feed::Issues;
use crate::format::transform::{Made, Source};

/// Atoms and objects of a file, at most.
const MOST_ATOMS: usize = 2 << 20;
/// Bytes read at a time.
const WINDOW: u64 = 32 << 10;

/// A text.
#[derive(Clone, Copy, Debug)]
struct Atom {
    /// Offset in the stream.
    at: u64,
    /// Bytes.
    len: u64,
    wide: bool,
}

/// An object within the slides, such as a table of numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Object {
    /// Offset in the stream.
    pub at: u64,
    /// Bytes.
    pub len: u64,
    /// Whether they are compressed, behind four bytes of their length.
    pub packed: bool,
}

/// Makes the texts of the slides.
pub(super) struct Slides {
    stream: Stream,
    atoms: std::vec::IntoIter<Atom>,
    now: Option<Atom>,
}

impl Slides {
    /// Goes through the records of the stream. Gives the bytes of the file that its texts and objects take, and the objects.
    ///
    /// # Errors
    /// `encrypted`; `corrupt` where there is no text at all.
    pub fn open(c: &Compound, document: usize, issues: &mut Issues) -> Result<(Slides, Vec<Range<u64>>, Vec<Object>)> {
        let user = c.find(0, "Current User").map(|i| c.stream(i).read(12, 4)).transpose()?;
        if user.is_some_and(|token| token == 0xf3d1_c4df_u32.to_le_bytes()) {
            return Err(Error::new(Reason::Encrypted, "a PowerPoint document with a password"));
        }
        let stream = c.stream(document);
        let (mut atoms, mut objects, mut covered) = (Vec::new(), Vec::new(), Vec::new());
        let mut at = 0;
        while at + 8 <= stream.len {
            let h = stream.read(at, 8)?;
            let (head, kind) = (u16::from_le_bytes([h[0], h[1]]), u16::from_le_bytes([h[2], h[3]]));
            let len = u64::from(u32::from_le_bytes([h[4], h[5], h[6], h[7]]));
            at += 8;
            if head & 15 == 15 {
                // What lies in a container follows.
                continue;
            }
            let there = len.min(stream.len - at);
            if there < len {
                issues.add(Reason::Truncated, "a record of slides that ends early", at);
            }
            if atoms.len() + objects.len() >= MOST_ATOMS {
                issues.add(Reason::MemoryLimit, "more texts in slides than are kept account of", at);
                at = stream.len;
                break;
            }
            match kind {
                // TextCharsAtom, CString; TextBytesAtom.
                0x0fa0 | 0x0fba | 0x0fa8 if there > 0 => {
                    atoms.push(Atom { at, len: there, wide: kind != 0x0fa8 });
                    covered.extend(stream.places(at, there));
                }
                // ExOleObjStg.
                0x1011 if there == len && len > 4 => {
                    objects.push(Object { at, len, packed: head >> 4 == 1 });
                    covered.extend(stream.places(at, there));
                }
                _ => {}
            }
            at += there;
        }
        // Zeros may follow the last record.
        if stream.cut || stream.read(at, 8)?.iter().any(|b| *b != 0) {
            issues.add(Reason::Truncated, "records of slides that end early", at);
        }
        if atoms.is_empty() {
            return Err(Error::new(Reason::Corrupt, "a PowerPoint document without its records"));
        }
        Ok((Slides { stream, atoms: atoms.into_iter(), now: None }, covered, objects))
    }
}

impl Source for Slides {
    fn more(&mut self, out: &mut Made) -> Result<bool> {
        let Some(mut a) = self.now.take().or_else(|| self.atoms.next()) else { return Ok(false) };
        let Some((bytes, from)) = self.stream.piece(a.at, a.len.min(WINDOW))? else { return Ok(true) };
        let step = if a.wide { 2 } else { 1 };
        // A character over the end of a sector is read for itself.
        let bytes = match bytes[..] {
            [_] if a.wide => bytes::Bytes::from(self.stream.read(a.at, a.len.min(2))?),
            [_, 0xd8..=0xdb] | [_, 0xd8..=0xdb, _] if a.wide => bytes::Bytes::from(self.stream.read(a.at, a.len.min(4))?),
            _ => bytes,
        };
        let mut used = bytes.len() / step * step;
        let mut units: Vec<u16> = match a.wide {
            true => bytes.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]])).collect(),
            // The lower halves of characters.
            false => bytes.iter().map(|b| u16::from(*b)).collect(),
        };
        if units.len() > 1 && used as u64 + 2 <= a.len && units.last().is_some_and(|u| matches!(u, 0xd800..=0xdbff)) {
            units.pop();
            used -= step;
        }
        let mut at = from;
        for c in char::decode_utf16(units) {
            let c = c.unwrap_or('\u{fffd}');
            let n = (c.len_utf16() * step) as u64;
            let c = match c {
                '\r' | '\x0b' => '\n',
                c if c < ' ' && !matches!(c, '\t' | '\n') => ' ',
                c => c,
            };
            out.add(c.encode_utf8(&mut [0; 4]).as_bytes(), at, at + n);
            at += n;
        }
        let used = used.max(1) as u64;
        (a.at, a.len) = (a.at + used, a.len.saturating_sub(used));
        if a.len == 0 && !out.at_line_start() {
            out.add(b"\n", at, at);
        }
        self.now = Some(a).filter(|a| a.len > 0);
        Ok(true)
    }
}
