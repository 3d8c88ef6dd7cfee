//! Which bytes of an Excel 97 workbook its cells show. What they do not show is looked through as runs of characters: comments,
//! links, texts in drawings, what stands above a printed page, strings that no cell uses any longer.
//!
//! Records: [MS-XLS] 2.1.4 (type, length, data), 2.4.21 BOF, 2.4.28 BoundSheet8, 2.4.58 Continue, 2.4.136 Header, 2.4.149
//! LabelSst, 2.4.265 SST, 2.5.293 XLUnicodeRichExtendedString.

use std::collections::HashSet;
use std::ops::Range;

use super::file::Stream;
use crate::base::Result;
use crate::format::transform::markup::page_code;

/// The streams of a workbook, of Excel 97 and of Excel 5. The second counts where the first is missing.
pub(super) const STREAMS: [&str; 2] = ["Workbook", "Book"];

const BOF: u16 = 0x0809;
const EOF: u16 = 0x000a;
const BOUND_SHEET: u16 = 0x0085;
const SST: u16 = 0x00fc;
const CONTINUE: u16 = 0x003c;
const LABEL_SST: u16 = 0x00fd;
/// What stands above and below a printed page.
const PRINTED: [u16; 2] = [0x0014, 0x0015];
/// Strings of which account is kept, at most, and ranges that are left out. What lies beyond is found a second time.
const MOST_STRINGS: usize = 16 << 20;
const MOST_RANGES: usize = 4 << 20;
const WINDOW: u64 = 256 << 10;

/// Bytes of the file that are read otherwise.
struct Covered<'s> {
    stream: &'s Stream,
    ranges: Vec<Range<u64>>,
}

impl Covered<'_> {
    /// Adds `len` bytes from `at` of the stream on.
    fn add(&mut self, at: u64, len: u64) {
        for r in self.stream.places(at, len).filter(|r| !r.is_empty()) {
            match self.ranges.last_mut() {
                Some(last) if last.end == r.start => last.end = r.end,
                _ => self.ranges.push(r),
            }
            self.ranges.truncate(MOST_RANGES);
        }
    }
}

/// The bytes of the file that are read as cells of the workbook in this stream: of records of sheets that the workbook names.
///
/// # Errors
/// What reading says.
pub(super) fn shown(stream: &Stream) -> Result<Vec<Range<u64>>> {
    let mut covered = Covered { stream, ranges: Vec::new() };
    let (mut strings, mut used, mut sheets) = (Strings::default(), Vec::new(), HashSet::new());
    let (mut window, mut from, mut at, mut last) = (Vec::new(), 0, 0, 0);
    // Substreams lie in one another: a chart in its sheet. Of the outermost, whether it is a sheet.
    let (mut depth, mut sheet, mut old) = (0u32, false, false);
    loop {
        let i = (at - from) as usize;
        let Some(&[k0, k1, l0, l1]) = window.get(i..i + 4) else {
            if at + 4 > stream.len {
                break;
            }
            (window, from) = (stream.read(at, WINDOW)?, at);
            continue;
        };
        let (kind, len) = (u16::from_le_bytes([k0, k1]), u16::from_le_bytes([l0, l1]));
        let data = at + 4;
        if data + u64::from(len) > stream.len {
            break;
        }
        if window.len() - i < 4 + usize::from(len) {
            (window, from) = (stream.read(at, WINDOW)?, at);
            continue;
        }
        let body = &window[i + 4..][..usize::from(len)];
        let word = |at: usize| body.get(at..at + 2).map_or(0, |b| usize::from(u16::from_le_bytes([b[0], b[1]])));
        let in_cells = sheet && depth == 1;
        // Texts have a byte of flags since Excel 97.
        let text = |at: usize| match old {
            true => at + 2 + word(at),
            false => at + 3 + word(at) * if body.get(at + 2).is_some_and(|flags| flags & 1 != 0) { 2 } else { 1 },
        };
        // Of a cell, how much of it is its value.
        let value = match kind {
            0x0203 => Some(14),
            0x027e => Some(10),
            0x00bd => Some(body.len()),
            0x0204 | 0x00d6 => Some(text(6)),
            0x0207 => Some(text(0)),
            _ => None,
        };
        match kind {
            BOF => {
                if depth == 0 {
                    (sheet, old) = (sheets.contains(&at) && word(2) == 0x0010, word(0) < 0x0600);
                }
                depth += 1;
            }
            EOF => depth = depth.saturating_sub(1),
            BOUND_SHEET if body.len() >= 4 => drop(sheets.insert((word(0) | word(2) << 16) as u64)),
            SST if !sheet => strings.part(body, data, true),
            CONTINUE if last == SST => strings.part(body, data, false),
            // Row, column, format, number of the string.
            LABEL_SST if in_cells && body.len() >= 10 => used.push(word(6) | word(8) << 16),
            _ if PRINTED.contains(&kind) => {
                let (head, step) = match old {
                    true => (1, 1),
                    false => (3, if body.get(2).is_some_and(|flags| flags & 1 != 0) { 2 } else { 1 }),
                };
                let text = body.get(head..).unwrap_or_default();
                let letters: Vec<u8> =
                    text.chunks_exact(step).map(|c| if c.iter().skip(1).all(|b| *b == 0) { c[0] } else { b'?' }).collect();
                covered.add(at, 4 + head as u64);
                let mut n = 0;
                while let Some(sign) = memchr::memchr(b'&', &letters[n..]) {
                    let code = 1 + page_code(&letters[n + sign + 1..]);
                    covered.add(data + (head + (n + sign) * step) as u64, (code * step) as u64);
                    n += sign + code;
                }
            }
            _ if in_cells => {
                if let Some(value) = value {
                    covered.add(at, (4 + value.min(body.len())) as u64);
                }
            }
            _ => {}
        }
        if kind != CONTINUE {
            last = kind;
        }
        at = data + u64::from(len);
    }
    used.sort_unstable();
    used.dedup();
    strings.shown(&used, &mut covered);
    Ok(covered.ranges)
}

/// Where shared strings lie in a stream. A string may go on in the next record, there with a width of its own.
#[derive(Default)]
struct Strings {
    /// Pieces of all strings: where each lies, and whether it is of characters. What is not (lengths, looks) tells nobody anything.
    pieces: Vec<(Range<u64>, bool)>,
    /// Where each string's pieces begin.
    starts: Vec<usize>,
    /// Characters to come of the last string.
    characters: u64,
    wide: bool,
    /// Bytes behind its characters: how they look, how they are spoken.
    behind: u64,
}

impl Strings {
    /// Takes a record's data, which lies at `at` in the stream.
    fn part(&mut self, data: &[u8], at: u64, first: bool) {
        // How many strings there are is not believed.
        let mut i = if first { 8 } else { 0 };
        if self.characters > 0 {
            self.wide = data.first().is_some_and(|flags| flags & 1 != 0);
            i = 1;
        }
        while i < data.len() {
            if self.characters > 0 {
                let width = if self.wide { 2 } else { 1 };
                let take = self.characters.min((data.len() - i) as u64 / width);
                self.piece(at + i as u64, take * width, true);
                self.characters -= take;
                i += (take * width) as usize;
                if self.characters > 0 {
                    return;
                }
            }
            let skip = self.behind.min((data.len() - i) as u64);
            self.piece(at + i as u64, skip, false);
            self.behind -= skip;
            i += skip as usize;
            if self.behind > 0 || i == data.len() {
                continue;
            }
            let Some(&[a, b, flags]) = data.get(i..i + 3) else { return };
            if self.starts.len() == MOST_STRINGS {
                return;
            }
            let number = |at: usize, n: usize| data.get(at..at + n).map_or(0, |b| b.iter().rev().fold(0, |v, b| v << 8 | u64::from(*b)));
            let mut head = 3;
            if flags & 8 != 0 {
                self.behind += 4 * number(i + head, 2);
                head += 2;
            }
            if flags & 4 != 0 {
                self.behind += number(i + head, 4);
                head += 4;
            }
            self.starts.push(self.pieces.len());
            self.piece(at + i as u64, head as u64, false);
            i += head;
            self.characters = u64::from(u16::from_le_bytes([a, b]));
            self.wide = flags & 1 != 0;
        }
    }

    fn piece(&mut self, at: u64, len: u64, text: bool) {
        if len > 0 {
            self.pieces.push((at..at + len, text));
        }
    }

    /// Covers all but the characters of strings that are not among `used`, which ascend.
    fn shown(&self, used: &[usize], covered: &mut Covered<'_>) {
        for (n, from) in self.starts.iter().enumerate() {
            let to = self.starts.get(n + 1).copied().unwrap_or(self.pieces.len());
            let is_used = used.binary_search(&n).is_ok();
            for (piece, _) in self.pieces[*from..to].iter().filter(|(_, text)| is_used || !text) {
                covered.add(piece.start, piece.end - piece.start);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_go_on_in_the_next_record() {
        let mut s = Strings::default();
        // "Ana" with a look, then "Bée" whose last two characters are in the next record, of two bytes each.
        let first = [&[9; 8][..], &[3, 0, 8, 1, 0], b"Ana", &[0; 4], &[3, 0, 0], b"B"].concat();
        s.part(&first, 100, true);
        s.part(&[&[1][..], &[0xe9, 0, 0x65, 0], &[2, 0, 4, 3, 0, 0, 0], b"Cy", &[7, 7]].concat(), 500, false);
        s.part(&[&[7][..], &[1, 0, 1, 0x44, 0]].concat(), 600, false);
        let text = |n: usize| {
            let to = s.starts.get(n + 1).copied().unwrap_or(s.pieces.len());
            s.pieces[s.starts[n]..to].iter().filter(|p| p.1).map(|p| (p.0.start, p.0.end)).collect::<Vec<_>>()
        };
        let want: [&[(u64, u64)]; 4] = [&[(113, 116)], &[(123, 124), (501, 505)], &[(512, 514)], &[(604, 606)]];
        assert_eq!(s.starts.len(), want.len());
        for (n, want) in want.iter().enumerate() {
            assert_eq!(text(n), *want, "{n}");
        }
        assert_eq!(s.pieces.iter().find(|p| !p.1).map(|p| p.0.clone()), Some(108..113), "the head of the first");
    }
}
