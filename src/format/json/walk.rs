//! The fast way over tokens that are as they should be.
//!
//! Bitmaps tell where a string ends and a number does; a key is compared with the one that stood at the same place in
//! the record before. The walk stops in front of the first token that is anything else (cut off by the end of the buffer,
//! broken, nested too deeply) and leaves everything as `step` would: what it means is said there alone.

use std::ops::Range;

use super::state::{Expect, Frame, Kind, Raw, ends_scalar};
use super::{Json, Mode};
use crate::base::Batch;
use crate::base::bitmap::{BLOCK, class_tables, group_masks};

/// Bytes whose bitmaps are held at a time.
const PART: usize = 16 << 10;

/// Digits; the other bytes of a number; a quote; a backslash; a newline.
const CLASSES: &[(u16, u16)] = &[
    (1 << 3, 0x3ff),
    (1 << 2, 1 << 0xb | 1 << 0xd | 1 << 0xe),
    (1 << 4 | 1 << 6, 1 << 5),
    (1 << 2, 1 << 2),
    (1 << 5, 1 << 0xc),
    (1, 1 << 0xa),
];
const TABLES: ([u8; 16], [u8; 16]) = class_tables(CLASSES);
const OF_NUMBER: u8 = 0b00_0111;
const OF_STRING: u8 = 0b01_1000;
const NEWLINE: u8 = 0b10_0000;

/// Bitmaps of a part of the buffer.
pub(super) struct Signs {
    /// What ends a string, or makes it less simple; all that is no part of a number.
    groups: [u8; 2],
    masks: Vec<[u64; 2]>,
    /// What `masks` speak of; begins at a whole block.
    part: Range<usize>,
}

impl Signs {
    pub fn new(mode: Mode) -> Signs {
        // As for `string_end`: in lines, a newline in a string means that the string was not closed.
        let strict = !matches!(mode, Mode::Document | Mode::Array);
        let string = if strict { OF_STRING | NEWLINE } else { OF_STRING };
        Signs { groups: [string, OF_NUMBER], masks: Vec::new(), part: 0..0 }
    }

    /// Forgets the bitmaps: the buffer holds other bytes now.
    pub fn forget(&mut self) {
        self.masks.clear();
        self.part = 0..0;
    }

    /// The first byte from `at` on that ends a string or makes it less simple; the length if there is none.
    #[inline]
    fn string(&mut self, bytes: &[u8], at: usize) -> usize {
        let block = at.wrapping_sub(self.part.start) / BLOCK;
        match self.masks.get(block).map(|m| m[0] & (!0 << (at % BLOCK))) {
            Some(bits @ 1..) => at - at % BLOCK + bits.trailing_zeros() as usize,
            _ => self.far::<0>(bytes, at),
        }
    }

    /// The first byte from `at` on that is no part of a number; the length if there is none.
    #[inline]
    fn number(&mut self, bytes: &[u8], at: usize) -> usize {
        let block = at.wrapping_sub(self.part.start) / BLOCK;
        match self.masks.get(block).map(|m| !m[1] & (!0 << (at % BLOCK))) {
            // Behind the last byte there is no number either.
            Some(bits @ 1..) => (at - at % BLOCK + bits.trailing_zeros() as usize).min(bytes.len()),
            _ => self.far::<1>(bytes, at),
        }
    }

    /// The same where the bitmaps of the block of `at` do not tell.
    #[cold]
    fn far<const K: usize>(&mut self, bytes: &[u8], at: usize) -> usize {
        let mut keep = !0 << (at % BLOCK);
        let mut base = at - at % BLOCK;
        while base < bytes.len() {
            if !self.part.contains(&base) {
                self.part = base..bytes.len().min(base + PART);
                group_masks(&bytes[self.part.clone()], &TABLES.0, &TABLES.1, self.groups, &mut self.masks);
            }
            let mask = self.masks[(base - self.part.start) / BLOCK];
            let bits = if K == 0 { mask[0] } else { !mask[1] } & keep;
            if bits != 0 {
                return (base + bits.trailing_zeros() as usize).min(bytes.len());
            }
            keep = !0;
            base += BLOCK;
        }
        bytes.len()
    }
}

/// The next byte that is no white space, at `at` then.
#[inline]
fn peek(bytes: &[u8], at: &mut usize) -> Option<u8> {
    loop {
        match bytes.get(*at) {
            Some(b' ' | b'\n' | b'\r' | b'\t' | 0x1e) => *at += 1,
            b => return b.copied(),
        }
    }
}

impl Json {
    /// Reads tokens from `pos` on as long as they are as they should be.
    pub(super) fn walk(&mut self, batch: &mut Batch, pos: &mut usize) {
        if self.raw != Raw::No || self.inside.is_some() {
            return;
        }
        let Some(mut signs) = self.signs.take() else { return };
        let bytes = std::mem::take(&mut batch.bytes);
        self.walk_over(&bytes, &mut signs, batch, pos);
        batch.bytes = bytes;
        self.signs = Some(signs);
    }

    fn walk_over(&mut self, bytes: &[u8], signs: &mut Signs, batch: &mut Batch, pos: &mut usize) {
        let mut at = *pos;
        loop {
            *pos = at;
            let Some(mut b) = peek(bytes, &mut at) else { return };
            match (self.expect, b) {
                (Expect::FirstKeyOrEnd | Expect::Key, b'"') => {
                    let Some(end) = self.walk_key(bytes, signs, batch, at + 1) else { return };
                    at = end + 1;
                    *pos = at;
                    if peek(bytes, &mut at) != Some(b':') {
                        return;
                    }
                    at += 1;
                    self.expect = Expect::Value;
                    *pos = at;
                    let Some(first) = peek(bytes, &mut at) else { return };
                    b = first;
                }
                (Expect::CommaOrEnd, b',') => {
                    at += 1;
                    let array = self.stack.last().is_some_and(Frame::is_array);
                    self.expect = if array { Expect::Value } else { Expect::Key };
                    continue;
                }
                (Expect::CommaOrEnd, b']' | b'}') if self.stack.last().is_some_and(|f| f.is_array() == (b == b']')) => {
                    self.close(batch, &mut at);
                    continue;
                }
                (Expect::FirstValueOrEnd, b']') | (Expect::FirstKeyOrEnd, b'}') => {
                    self.close(batch, &mut at);
                    continue;
                }
                (Expect::Value | Expect::FirstValueOrEnd, _) => {
                    if self.stack.len() == self.base() && self.record.is_none() {
                        self.record = Some(self.mark(batch, at));
                    }
                }
                _ => return,
            }
            match b {
                b'"' => {
                    let Some((end, escapes)) = string_end(bytes, signs, at + 1) else { return };
                    if end > at + 1 {
                        let (node, scope) = self.place();
                        let field = self.paths.field(node);
                        self.push_string(batch, at + 1, end, (field, scope), escapes);
                    }
                    at = end + 1;
                    self.value_done(batch);
                }
                b'-' | b'0'..=b'9' => {
                    let end = signs.number(bytes, at + 1);
                    if !bytes.get(end).is_some_and(|b| ends_scalar(*b)) || !(b != b'-' || bytes[at + 1].is_ascii_digit()) {
                        return;
                    }
                    let (node, scope) = self.place();
                    let field = self.paths.field(node);
                    self.push_cell(batch, at, end, field, scope);
                    at = end;
                    self.value_done(batch);
                }
                b'{' | b'[' => {
                    if self.stack.len() >= self.limits.json_depth.max(1) {
                        return;
                    }
                    at += 1;
                    self.open(batch, b == b'[');
                    if self.row_array() && self.stack.len() == 1 {
                        self.record = None;
                    }
                }
                b't' | b'f' | b'n' => {
                    let word: &[u8] = match b {
                        b't' => b"true",
                        b'f' => b"false",
                        _ => b"null",
                    };
                    match bytes[at..].strip_prefix(word) {
                        Some([after, ..]) if ends_scalar(*after) => at += word.len(),
                        _ => return,
                    }
                    self.value_done(batch);
                }
                _ => return,
            }
        }
    }

    /// Takes the key that starts at `at`; where its closing quote stands. `None`: nothing was taken.
    #[inline]
    fn walk_key(&mut self, bytes: &[u8], signs: &mut Signs, batch: &mut Batch, at: usize) -> Option<usize> {
        let f = self.stack.last_mut()?;
        if matches!(f.kind, Kind::Object | Kind::TypedMap)
            && let Some((child, end)) = self.paths.expected(f.node, &mut f.guess, bytes, at)
        {
            f.child = child;
            self.expect = Expect::Colon;
            return Some(end);
        }
        let (end, escaped) = string_end(bytes, signs, at)?;
        if let Some(place) = self.key(&bytes[at..end], escaped) {
            self.push_string(batch, at, end, place, escaped);
        }
        Some(end)
    }
}

/// The closing quote of the string that goes on at `at`, and whether there are escapes in it.
#[inline]
fn string_end(bytes: &[u8], signs: &mut Signs, at: usize) -> Option<(usize, bool)> {
    let mut end = signs.string(bytes, at);
    let mut escapes = false;
    loop {
        match bytes.get(end)? {
            b'"' => return Some((end, escapes)),
            b'\\' => {
                escapes = true;
                end = signs.string(bytes, end + 2);
            }
            _ => return None,
        }
    }
}
