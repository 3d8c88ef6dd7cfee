//! The fast way through a table: fields from bitmaps of 64 bytes, as long as nothing is odd about them.
//!
//! Quotes whose regions begin where a field begins and end where it ends leave the delimiters and newlines outside of
//! them as borders of fields; a doubled quote is a region that ends and begins at once. Whatever else a quote or an
//! escape may mean is left to [`Scan`](super::field::Scan), which is the definition: the walk stops at the start of the
//! field, and goes on behind it. So both ways give the same cells.
//!
//! Here the borders are found, a part of the buffer at a time; [`walk`](super::walk) makes cells of them. With two steps
//! neither loop holds a branch that the processor cannot foresee.

use std::ops::Range;

use crate::base::Dialect;
use crate::base::bitmap::{BLOCK, any_mask, eq_masks, positions, prefix_xor};

/// Bytes that are done at a time; they and what is known of them stay in the first caches. Few in tests, for the borders.
const PART: usize = if cfg!(test) { 512 } else { 16 << 10 };

/// Bitmaps of a part of the buffer, and what becomes of them.
pub(super) struct Blocks {
    delimiter: u8,
    quote: Option<u8>,
    escape: Option<u8>,
    /// All ones where a doubled quote stands for one, else 0.
    doubling: u64,
    /// Quotes (delimiters again where there are none), delimiters, newlines.
    masks: Vec<[u64; 3]>,
    escapes: Vec<u64>,
    /// What the bitmaps speak of; begins at a whole block.
    part: Range<usize>,
    /// Where fields end in this part: as bits, and as positions.
    borders: Vec<u64>,
    pub ends: Vec<u32>,
    /// Those of them that end a record, as bits.
    newlines: Vec<u64>,
    /// Quotes, as bits.
    quotes: Vec<u64>,
    /// Position of the first bit of `borders`, `newlines` and `quotes`.
    base: usize,
    /// The second quote of each pair, in this part.
    pub doubled: Vec<u32>,
}

/// What a block needs to know of the one before.
pub(super) struct Before {
    /// All ones if it ended within quotes.
    inside: u64,
    /// Whether a field begins with the next byte.
    begins: u64,
    /// Whether the last byte was a closing quote.
    closed: u64,
}

impl Before {
    /// At the start of a field.
    pub const START: Before = Before { inside: 0, begins: 1, closed: 0 };
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
        Some(Blocks {
            delimiter,
            quote,
            escape,
            doubling: if dialect.double_quote { !0 } else { 0 },
            masks: Vec::new(),
            escapes: Vec::new(),
            part: 0..0,
            borders: Vec::new(),
            ends: Vec::new(),
            newlines: Vec::new(),
            quotes: Vec::new(),
            base: 0,
            doubled: Vec::new(),
        })
    }

    /// Forgets the bitmaps: the buffer holds other bytes now.
    pub fn forget(&mut self) {
        self.part = 0..0;
    }

    /// Makes the bitmaps of the part that holds the byte at `at`.
    fn load(&mut self, bytes: &[u8], at: usize) {
        if self.part.contains(&at) {
            return;
        }
        let base = at - at % BLOCK;
        self.part = base..bytes.len().min(base + PART);
        let part = &bytes[self.part.clone()];
        eq_masks(part, [self.quote.unwrap_or(self.delimiter), self.delimiter, b'\n'], &mut self.masks);
        match self.escape {
            Some(e) => any_mask(part, [e], &mut self.escapes),
            None => self.escapes.clear(),
        }
    }

    /// Finds where the fields end, from `from` on as far as a part goes, or to where something is odd. Gives where it
    /// came to, whether there are quotes, and whether something is odd.
    pub fn find(&mut self, bytes: &[u8], from: usize, before: &mut Before) -> (usize, bool, bool) {
        self.load(bytes, from);
        let within = before.inside | before.closed != 0;
        let (quotes, odd) = self.borders(bytes, from, before);
        (self.part.end, within || quotes, odd)
    }

    /// Finds where the fields end, from `from` to the end of the part or to where something is odd: whether there are
    /// quotes, and whether something is odd.
    fn borders(&mut self, bytes: &[u8], from: usize, before: &mut Before) -> (bool, bool) {
        self.doubled.clear();
        let first = (from - self.part.start) / BLOCK;
        let blocks = self.masks.len() - first;
        for words in [&mut self.borders, &mut self.newlines, &mut self.quotes] {
            words.resize(blocks, 0);
        }
        let mut found = blocks;
        let mut keep = !0 << (from % BLOCK);
        let mut begins_at = from % BLOCK;
        let has_quotes = if self.quote.is_some() { !0 } else { 0 };
        let (mut any_quotes, mut odd) = (0, 0);
        let words = self.borders.iter_mut().zip(&mut self.newlines).zip(&mut self.quotes);
        for (i, (masks, ((border_word, newline_word), quote_word))) in self.masks[first..].iter().zip(words).enumerate() {
            let quotes = masks[0] & has_quotes & keep;
            let ends = (masks[1] | masks[2]) & keep;
            let mut borders = ends;
            odd = self.escapes.get(first + i).map_or(0, |e| e & keep);
            if quotes | before.inside | before.closed != 0 {
                any_quotes |= quotes;
                let base = self.part.start + (first + i) * BLOCK;
                let regions = prefix_xor(quotes) ^ before.inside;
                let (opening, closing) = (quotes & regions, quotes & !regions);
                borders = ends & !regions;
                let starts = borders << 1 | before.begins << begins_at;
                let after = closing << 1 | before.closed;
                let doubled = opening & after & self.doubling;
                odd |= opening & !starts & !doubled;
                let mut strange = after & !(borders | doubled);
                while strange != 0 {
                    // A carriage return and a newline may stand behind a closing quote, too.
                    let at = base + strange.trailing_zeros() as usize;
                    if bytes.get(at..at + 2).is_some_and(|b| b != b"\r\n") {
                        odd |= strange & strange.wrapping_neg();
                    }
                    strange &= strange - 1;
                }
                let mut pairs = doubled & (odd & odd.wrapping_neg()).wrapping_sub(1);
                while pairs != 0 {
                    self.doubled.push(base as u32 + pairs.trailing_zeros());
                    pairs &= pairs - 1;
                }
                (before.closed, before.inside) = (closing >> 63, 0u64.wrapping_sub(regions >> 63));
            }
            before.begins = borders >> 63;
            (keep, begins_at) = (!0, 0);
            // Only what lies before the first odd byte.
            borders &= (odd & odd.wrapping_neg()).wrapping_sub(1);
            *border_word = borders;
            *newline_word = borders & masks[2];
            *quote_word = quotes;
            if odd != 0 {
                found = i + 1;
                break;
            }
        }
        for words in [&mut self.borders, &mut self.newlines, &mut self.quotes] {
            words.truncate(found);
        }
        self.base = self.part.start + first * BLOCK;
        positions(&self.borders, self.base as u32, &mut self.ends);
        (any_quotes != 0, odd != 0)
    }

    /// The first end of a record from `at` on, if it lies in what was found last.
    #[inline]
    pub fn line_end(&self, at: usize) -> Option<u32> {
        let mut i = at.saturating_sub(self.base);
        while i < BLOCK * self.newlines.len() {
            let bits = window(&self.newlines, i);
            if bits != 0 {
                return Some((self.base + i) as u32 + bits.trailing_zeros());
            }
            i += BLOCK;
        }
        None
    }

    /// Whether there is a quote from `at` up to `end`, in what was found last.
    #[inline]
    pub fn has_quotes(&self, at: usize, end: usize) -> bool {
        let (mut i, end) = (at.saturating_sub(self.base), end.saturating_sub(self.base));
        while i < end {
            if window(&self.quotes, i) & (!0 >> (BLOCK - (end - i).min(BLOCK))) != 0 {
                return true;
            }
            i += BLOCK;
        }
        false
    }

    /// Where what was found last begins.
    pub fn base(&self) -> usize {
        self.base
    }
}

/// 64 bits from bit `i` on: where a record lies in its blocks makes no difference, so that the number of steps to its end can
/// be foreseen.
#[inline]
fn window(words: &[u64], i: usize) -> u64 {
    let word = |n: usize| words.get(n).copied().unwrap_or(0);
    let (a, b) = (word(i / BLOCK), word(i / BLOCK + 1));
    a >> (i % BLOCK) | b << 1 << (BLOCK - 1 - i % BLOCK)
}
