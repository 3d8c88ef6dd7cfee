//! Cells of the fields whose borders are known.

use super::blocks::{Before, Blocks};
use super::field::Shape;
use crate::base::{Cell, Dialect, ROW_SCOPE};

/// Cells that are put together before they go to the batch; a power of two.
const CELLS: usize = 256;

/// A position behind all others.
const NOWHERE: u32 = u32::MAX;

/// What the walk keeps from call to call, so that it is neither allocated nor zeroed again.
pub(super) struct Fast {
    pub blocks: Blocks,
    room: Box<[Cell; CELLS]>,
}

impl Fast {
    /// `None` for a dialect in which one byte has two meanings.
    pub fn new(dialect: &Dialect) -> Option<Fast> {
        let room = Box::new([Cell { start: 0, end: 0, raw_end: 0, field: 0, row: 0, scope: ROW_SCOPE }; CELLS]);
        Some(Fast { blocks: Blocks::new(dialect)?, room })
    }
}

/// A walk through a buffer; always at the start of a field.
pub(super) struct Walk<'a> {
    pub bytes: &'a [u8],
    pub cells: &'a mut Vec<Cell>,
    pub fixes: &'a mut Vec<(u32, Shape)>,
    /// The byte around fields, if there is one.
    pub quote: Option<u8>,
    /// Columns that have a name.
    pub columns: usize,
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
    pub fn run(&mut self, fast: &mut Fast) {
        let Fast { blocks, room } = fast;
        let (mut from, mut before) = (self.pos, Before::START);
        // Whether the field that goes on from part to part has doubled quotes so far.
        let mut doubled = false;
        while from < self.bytes.len() {
            let (to, quotes, odd) = blocks.find(self.bytes, from, &mut before);
            let mut pairs = Pairs { next: 0, rest: blocks.doubled.iter() };
            if !doubled {
                pairs.pass(0);
            }
            let (cells, taken) = self.part(blocks, quotes, &mut pairs, room);
            self.cells.extend_from_slice(&room[..cells]);
            if !taken || odd {
                return;
            }
            doubled = pairs.next != NOWHERE;
            from = to;
        }
    }

    /// Takes the fields that were found. How many cells wait in `room`, and whether all fields could be taken.
    fn part(&mut self, blocks: &Blocks, quotes: bool, pairs: &mut Pairs<'_>, room: &mut [Cell; CELLS]) -> (usize, bool) {
        let (mut left, mut waiting) = (&blocks.ends[..], 0);
        // Records of a table have the same number of fields: a guess that saves to look for the last one.
        let mut width = self.columns;
        let mut begun = self.pos < blocks.base();
        while !left.is_empty() {
            let line = &blocks.line_end(self.pos);
            let guess = width.saturating_sub(self.column);
            let n = match line {
                Some(line) if left.get(guess.wrapping_sub(1)) == Some(line) => guess,
                Some(line) => left.partition_point(|e| e <= line),
                None => left.len(),
            };
            let (record, rest) = left.split_at(n);
            left = rest;
            // A field that goes on from an earlier part may have had its quote there.
            let quotes = quotes && (begun || blocks.has_quotes(self.pos, record.last().map_or(0, |e| *e as usize)));
            begun = false;
            // The last field of a record may have a carriage return behind it.
            let (before_last, last) = record.split_at(n - usize::from(line.is_some()));
            for ends in before_last.chunks(CELLS) {
                if waiting + ends.len() > CELLS {
                    self.cells.extend_from_slice(&room[..waiting]);
                    waiting = 0;
                }
                if quotes || self.column + ends.len() > self.columns {
                    let Some(n) = self.careful(ends, 0, pairs, room, waiting) else { return (0, false) };
                    waiting = n;
                } else {
                    waiting = self.plain(ends, 0, room, waiting);
                }
            }
            let [end] = *last else { continue };
            if waiting == CELLS {
                self.cells.extend_from_slice(&room[..waiting]);
                waiting = 0;
            }
            let begin = self.pos as u32;
            let cr = u32::from(end > begin && self.bytes[end as usize - 1] == b'\r');
            if quotes || self.column >= self.columns {
                let Some(n) = self.careful(&[end], cr, pairs, room, waiting) else { return (0, false) };
                waiting = n;
            } else {
                waiting = self.plain(&[end], cr, room, waiting);
            }
            // An empty line is no record.
            self.row += u32::from(self.column > 1 || end - cr > begin);
            width = self.column;
            self.column = 0;
            self.record = self.pos;
        }
        (waiting, true)
    }

    /// Takes fields of one record that have names and no quotes. The last byte of each is left out if `cr` is 1.
    #[inline(always)]
    fn plain(&mut self, ends: &[u32], cr: u32, room: &mut [Cell; CELLS], mut waiting: usize) -> usize {
        let (mut start, mut field, row) = (self.pos as u32, self.column as u32, self.row);
        for &border in ends {
            let end = border - cr;
            // No branch: whether a field is empty cannot be foreseen.
            room[waiting % CELLS] = Cell { start, end, raw_end: end, field, row, scope: ROW_SCOPE };
            waiting += usize::from(start < end);
            start = border + 1;
            field += 1;
        }
        (self.pos, self.column) = (start as usize, field as usize);
        waiting
    }

    /// The same for fields that may have quotes or no name. `None` if one could not be taken; those before it are in the
    /// batch then.
    fn careful(&mut self, ends: &[u32], cr: u32, pairs: &mut Pairs<'_>, room: &mut [Cell; CELLS], mut waiting: usize) -> Option<usize> {
        let quote = self.quote.map_or(0x100, u16::from);
        for &border in ends {
            let begin = self.pos as u32;
            let quoted = u16::from(self.bytes[self.pos]) == quote;
            let (start, end) = (begin + u32::from(quoted), border - cr - u32::from(quoted));
            if (quoted && (border - begin) as usize > self.longest) || (self.column >= self.columns && start < end) {
                self.cells.extend_from_slice(&room[..waiting]);
                return None;
            }
            if pairs.next < border {
                self.fixes.push(((self.cells.len() + waiting) as u32, Shape::QuotedEscaped));
                pairs.pass(border);
            }
            room[waiting % CELLS] = Cell { start, end, raw_end: end, field: self.column as u32, row: self.row, scope: ROW_SCOPE };
            waiting += usize::from(start < end);
            self.pos = border as usize + 1;
            self.column += 1;
        }
        Some(waiting)
    }
}

impl Pairs<'_> {
    /// Goes on to the first one that does not lie before `end`.
    fn pass(&mut self, end: u32) {
        self.next = self.rest.find(|p| **p >= end).copied().unwrap_or(NOWHERE);
    }
}
