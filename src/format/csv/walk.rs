//! Cells of the fields whose borders are known.

use super::blocks::{Before, Blocks};
use super::field::Shape;
use crate::base::{Cell, ROW_SCOPE};

/// A position behind all others.
const NOWHERE: u32 = u32::MAX;

/// A walk through a buffer; always at the start of a field.
pub(super) struct Walk<'a> {
    pub bytes: &'a [u8],
    pub cells: &'a mut Vec<Cell>,
    pub fixes: &'a mut Vec<(u32, Shape)>,
    /// The byte around fields, if there is one.
    pub quote: Option<u8>,
    /// Columns that have a name.
    pub columns: usize,
    /// How many fields each row is to have, where that is known, and the rows that have not.
    pub width: Option<usize>,
    pub uneven: &'a mut Vec<u32>,
    /// The longest field in quotes.
    pub longest: usize,
    pub pos: usize,
    /// Where the record began.
    pub record: usize,
    pub column: usize,
    /// Counted from the batch's first.
    pub row: u32,
}

/// Second quotes of pairs that no field was found for yet.
struct Pairs<'a> {
    next: u32,
    rest: std::slice::Iter<'a, u32>,
}

impl Walk<'_> {
    /// Takes fields up to one that needs care, has quotes and more than `longest` bytes, lies in a column that has no
    /// name, or does not end in this buffer.
    pub fn run(&mut self, blocks: &mut Blocks) {
        let (mut from, mut before) = (self.pos, Before::START);
        // Whether the field that goes on from part to part has doubled quotes so far.
        let mut doubled = false;
        while from < self.bytes.len() {
            let (to, quotes, odd) = blocks.find(self.bytes, from, &mut before);
            let mut pairs = Pairs { next: 0, rest: blocks.doubled.iter() };
            if !doubled {
                pairs.pass(0);
            }
            let taken = self.part(blocks, quotes, &mut pairs);
            if !taken || odd {
                return;
            }
            doubled = pairs.next != NOWHERE;
            from = to;
        }
    }

    /// Takes the fields that were found. Whether all of them could be taken.
    fn part(&mut self, blocks: &Blocks, quotes: bool, pairs: &mut Pairs<'_>) -> bool {
        let mut left = &blocks.ends[..];
        // Records of a table have the same number of fields: a guess that saves to look for the last one.
        let mut width = self.columns;
        let mut begun = self.pos < blocks.base();
        while !left.is_empty() {
            let line = blocks.line_end(self.pos);
            let guess = width.saturating_sub(self.column);
            let n = match line {
                Some(line) if left.get(guess.wrapping_sub(1)) == Some(&line) => guess,
                Some(line) => left.partition_point(|e| *e <= line),
                None => left.len(),
            };
            let (record, rest) = left.split_at(n);
            left = rest;
            // A field that goes on from an earlier part may have had its quote there.
            let quotes = quotes && (begun || blocks.has_quotes(self.pos, record.last().map_or(0, |e| *e as usize)));
            begun = false;
            let named = self.column + n <= self.columns;
            let plain = match quotes {
                false if named => self.plain::<false>(record, line),
                true if named && record.last().is_none_or(|e| pairs.next >= *e) => self.plain::<true>(record, line),
                _ => false,
            };
            if !plain && !self.careful(record, line, pairs) {
                return false;
            }
            if line.is_none() {
                return true;
            }
            width = self.column;
            // An empty line is no record.
            let is_row = width > 1 || !self.empty_line();
            if is_row && self.width.is_some_and(|w| w != width) {
                self.uneven.push(self.row);
            }
            self.row += u32::from(is_row);
            self.column = 0;
            self.record = self.pos;
        }
        true
    }

    /// Whether the line that ends before `pos` is one, its carriage return apart. It has no delimiter.
    fn empty_line(&self) -> bool {
        let end = self.pos - 1;
        end == self.record || (end == self.record + 1 && self.bytes[self.record] == b'\r')
    }

    /// 1 if a carriage return stands at the end of the field `begin..border`, which ends a record.
    #[inline]
    fn cr(&self, begin: u32, border: u32) -> u32 {
        u32::from(border > begin && self.bytes[border as usize - 1] == b'\r')
    }

    /// Takes fields of one record that have names and no doubled quotes; `line` is where it ends. Whether it could: none is
    /// taken otherwise.
    #[inline(always)]
    fn plain<const QUOTES: bool>(&mut self, ends: &[u32], line: Option<u32>) -> bool {
        let (column, row) = (self.column as u32, self.row);
        let (mut begin, mut start, mut field) = (0, self.pos as u32, column);
        let (bytes, quote, longest) = (self.bytes, self.quote.map_or(0x100, u16::from), self.longest);
        // Which field is the first without a value; whether the last one has quotes, and any too many bytes in them.
        let (first, mut empty, mut quoted, mut too_long) = (self.cells.len(), u32::MAX, 0, false);
        // All of them, without a branch: which ones are empty cannot be foreseen.
        self.cells.extend(ends.iter().map(|&border| {
            begin = start;
            if QUOTES {
                quoted = u32::from(bytes.get(begin as usize).is_some_and(|b| u16::from(*b) == quote));
                too_long |= quoted == 1 && (border - begin) as usize > longest;
            }
            let end = border - quoted;
            let cell = Cell { start: begin + quoted, end, raw_end: end, field, row, scope: ROW_SCOPE };
            empty = empty.min(if begin + quoted == end { field } else { u32::MAX });
            start = border + 1;
            field += 1;
            cell
        }));
        if too_long {
            self.cells.truncate(first);
            return false;
        }
        (self.pos, self.column) = (start as usize, field as usize);
        if let Some(line) = line
            && self.cr(begin, line) == 1
            && let Some(last) = self.cells.last_mut()
        {
            let end = line - 1 - quoted;
            (last.end, last.raw_end) = (end, end);
            empty = empty.min(if last.start == end { last.field } else { u32::MAX });
        }
        if empty != u32::MAX {
            let first_empty = first + (empty - column) as usize;
            let mut kept = first_empty;
            for i in first_empty..self.cells.len() {
                let cell = self.cells[i];
                self.cells[kept] = cell;
                kept += usize::from(cell.start < cell.end);
            }
            self.cells.truncate(kept);
        }
        true
    }

    /// The same for fields that may have doubled quotes or no name. Whether all could be taken.
    fn careful(&mut self, ends: &[u32], line: Option<u32>, pairs: &mut Pairs<'_>) -> bool {
        let quote = self.quote.map_or(0x100, u16::from);
        for &border in ends {
            let begin = self.pos as u32;
            let cr = if line == Some(border) { self.cr(begin, border) } else { 0 };
            let quoted = u16::from(self.bytes[self.pos]) == quote;
            let (start, end) = (begin + u32::from(quoted), border - cr - u32::from(quoted));
            if (quoted && (border - begin) as usize > self.longest) || (self.column >= self.columns && start < end) {
                return false;
            }
            if pairs.next < border {
                self.fixes.push((self.cells.len() as u32, Shape::QuotedEscaped));
                pairs.pass(border);
            }
            if start < end {
                self.cells.push(Cell { start, end, raw_end: end, field: self.column as u32, row: self.row, scope: ROW_SCOPE });
            }
            self.pos = border as usize + 1;
            self.column += 1;
        }
        true
    }
}

impl Pairs<'_> {
    /// Goes on to the first one that does not lie before `end`.
    fn pass(&mut self, end: u32) {
        self.next = self.rest.find(|p| **p >= end).copied().unwrap_or(NOWHERE);
    }
}
