//! The fast way through a table: fields from bitmaps of 64 bytes, as long as nothing is odd about them.
//!
//! Quotes whose regions begin where a field begins and end where it ends leave the delimiters and newlines outside of
//! them as borders of fields; a doubled quote is a region that ends and begins at once. Whatever else a quote or an
//! escape may mean is left to [`Scan`](super::field::Scan), which is the definition: the walk stops at the start of the
//! field, and goes on behind it. So both ways give the same cells.

use std::ops::Range;

use super::field::Shape;
use crate::base::bitmap::{BLOCK, eq_masks, prefix_xor};
use crate::base::{Cell, Dialect, ROW_SCOPE};

/// Bytes whose bitmaps are held at a time; they stay in the first cache.
const PART: usize = 8 << 10;

/// Not the value of a byte.
const NO_BYTE: u16 = 0x100;

/// Bitmaps of a part of the buffer, and what of them counts in this dialect.
pub(super) struct Blocks {
    /// Quote, delimiter, newline, carriage return, escape.
    needles: [u8; 5],
    /// All ones or 0: whether there are quotes, doubled quotes, escapes.
    quotes: u64,
    doubling: u64,
    escapes: u64,
    quote: u16,
    masks: Vec<[u64; 5]>,
    /// What `masks` speak of; begins at a whole block.
    part: Range<usize>,
    /// The cells of one block.
    found: [Cell; BLOCK],
}

/// Where the walk through a buffer is: always at the start of a field.
pub(super) struct At {
    pub pos: usize,
    /// Where the record began.
    pub record: usize,
    pub column: usize,
    /// Counted from the batch's first.
    pub row: u32,
}

impl Blocks {
    /// `None` for a dialect in which one byte has two meanings.
    pub fn new(dialect: &Dialect) -> Option<Blocks> {
        let Dialect { delimiter, quote, escape, .. } = *dialect;
        let special = [Some(delimiter), Some(b'\n'), Some(b'\r'), quote, escape];
        let twice = |i: usize| special[i].is_some() && special[..i].contains(&special[i]);
        if (0..special.len()).any(twice) {
            return None;
        }
        let all = |on: bool| if on { !0 } else { 0 };
        Some(Blocks {
            needles: [quote.unwrap_or(0), delimiter, b'\n', b'\r', escape.unwrap_or(0)],
            quotes: all(quote.is_some()),
            doubling: all(dialect.double_quote),
            escapes: all(escape.is_some()),
            quote: quote.map_or(NO_BYTE, u16::from),
            masks: Vec::new(),
            part: 0..0,
            found: [Cell { start: 0, end: 0, raw_end: 0, field: 0, row: 0, scope: ROW_SCOPE }; BLOCK],
        })
    }

    /// Forgets the bitmaps: the buffer holds other bytes now.
    pub fn forget(&mut self) {
        self.part = 0..0;
    }

    /// The bitmaps of the block that begins at `base`.
    #[inline]
    fn block(&mut self, bytes: &[u8], base: usize) -> [u64; 5] {
        if !self.part.contains(&base) {
            self.part = base..bytes.len().min(base + PART);
            eq_masks(&bytes[self.part.clone()], self.needles, &mut self.masks);
        }
        self.masks[(base - self.part.start) / BLOCK]
    }

    /// Takes fields from `at` on, up to one that needs care, is longer than `longest`, lies in a column beyond `columns`,
    /// or does not end in this buffer.
    pub fn walk(
        &mut self,
        bytes: &[u8],
        columns: usize,
        longest: usize,
        at: &mut At,
        cells: &mut Vec<Cell>,
        fixes: &mut Vec<(u32, Shape)>,
    ) {
        let At { pos: mut start, mut record, mut column, mut row } = *at;
        let mut from = start;
        // What the block before says of the first byte of this one: lies in quotes (all ones), begins a field, follows a
        // closing quote, follows a carriage return behind one, a carriage return. And whether the open field has doubled
        // quotes so far.
        let (mut inside, mut begins, mut closed, mut closed_cr, mut before_cr, mut doubled_before) = (0, 1u64, 0, 0, 0, false);
        'blocks: while from < bytes.len() {
            let base = from - from % BLOCK;
            let masks = self.block(bytes, base);
            let keep = !0 << (from % BLOCK);
            let [_, delimiters, newlines, crs, _] = masks;
            let (quotes, escapes) = (masks[0] & self.quotes & keep, masks[4] & self.escapes & keep);
            let ends = (delimiters | newlines) & keep;
            let (mut borders, mut odd, mut doubled) = (ends, escapes, 0);
            if quotes | inside | closed | closed_cr != 0 {
                let regions = prefix_xor(quotes) ^ inside;
                let (opening, closing) = (quotes & regions, quotes & !regions);
                borders = ends & !regions;
                let starts = borders << 1 | begins << (from % BLOCK);
                let after = closing << 1 | closed;
                doubled = opening & after & self.doubling;
                let cr_after = crs & after;
                let then = cr_after << 1 | closed_cr;
                odd |= opening & !starts & !doubled | after & !(borders | doubled | cr_after) | then & !newlines;
                (closed, closed_cr, inside) = (closing >> 63, cr_after >> 63, 0u64.wrapping_sub(regions >> 63));
            }
            begins = borders >> 63;
            let behind_cr = crs << 1 | before_cr;
            before_cr = crs >> 63;
            // Only what lies before the first odd byte.
            borders &= (odd & odd.wrapping_neg()).wrapping_sub(1);
            let (mut k, mut stop, careful) = (0, odd != 0, doubled_before || doubled != 0);
            while borders != 0 {
                let t = borders.trailing_zeros();
                borders &= borders - 1;
                let end = base + t as usize;
                let newline = newlines >> t & 1;
                let cr = (newline & behind_cr >> t) as usize & usize::from(end > start);
                let quoted = usize::from(u16::from(bytes[start]) == self.quote);
                let (first, last) = (start + quoted, end - cr - quoted);
                let some = usize::from(first < last);
                // Neither changes anything, so that the field can be read again.
                if end - start > longest || (column >= columns && some == 1) {
                    stop = true;
                    break;
                }
                if careful {
                    let below = (1u64 << t) - 1;
                    if doubled_before || doubled & below != 0 {
                        fixes.push(((cells.len() + k) as u32, Shape::QuotedEscaped));
                    }
                    doubled_before = false;
                    doubled &= !below;
                }
                self.found[k % BLOCK] =
                    Cell { start: first as u32, end: last as u32, raw_end: last as u32, field: column as u32, row, scope: ROW_SCOPE };
                k += some;
                // An empty line is no record.
                row += (newline & u64::from((column > 0) | (end - cr > start))) as u32;
                column = (column + 1) & (newline as usize).wrapping_sub(1);
                start = end + 1;
                record = if newline == 1 { start } else { record };
            }
            cells.extend_from_slice(&self.found[..k]);
            if stop {
                break 'blocks;
            }
            doubled_before |= doubled != 0;
            from = base + BLOCK;
        }
        *at = At { pos: start, record, column, row };
    }
}
