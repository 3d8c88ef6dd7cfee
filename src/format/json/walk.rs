//! The fast way over tokens that are as they should be.
//!
//! Bitmaps tell where a string ends and a number does; a key is compared with the one that stood at the same place in
//! the record before. The walk stops in front of the first token that is anything else (cut off by the end of the buffer,
//! broken, nested too deeply) and leaves everything as `step` would: what it means is said there alone.

use std::ops::Range;

use super::forms::Taker;
use super::state::{Expect, Frame, Kind, Raw, WORDS, ends_scalar, is_blank};
use super::{Json, Mode, typed};
use crate::base::Batch;
use crate::base::bitmap::{BLOCK, class_tables, group_masks};

/// Bytes whose bitmaps are held at a time. Few in tests, for the borders.
const PART: usize = if cfg!(test) { 512 } else { 16 << 10 };

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
    #[inline(always)]
    fn string(&mut self, bytes: &[u8], at: usize) -> usize {
        match self.window::<0>(at) {
            bits @ 1.. => at + bits.trailing_zeros() as usize,
            0 => self.far::<0>(bytes, at),
        }
    }

    /// The first byte from `at` on that is no part of a number; the length if there is none.
    #[inline(always)]
    fn number(&mut self, bytes: &[u8], at: usize) -> usize {
        match self.window::<1>(at) {
            // Behind the last byte there is no number either.
            bits @ 1.. => (at + bits.trailing_zeros() as usize).min(bytes.len()),
            0 => self.far::<1>(bytes, at),
        }
    }

    /// The end of the number that starts at `at`. `None`: it is none, or goes on beyond the buffer.
    #[inline(always)]
    pub fn number_end(&mut self, bytes: &[u8], at: usize) -> Option<usize> {
        let end = self.number(bytes, at + 1);
        let ends = ends_scalar(*bytes.get(end)?);
        (ends && (bytes[at] != b'-' || bytes[at + 1].is_ascii_digit())).then_some(end)
    }

    /// What the bitmaps tell of 64 bytes from `at` on: without a branch on where `at` lies in its block, which could not
    /// be foreseen. 0 if they do not tell.
    #[inline(always)]
    fn window<const K: usize>(&self, at: usize) -> u64 {
        let block = at.wrapping_sub(self.part.start) / BLOCK;
        let Some([a, b]) = self.masks.get(block..).and_then(|m| m.first_chunk::<2>()) else { return 0 };
        let (a, b) = if K == 0 { (a[0], b[0]) } else { (!a[1], !b[1]) };
        a >> (at % BLOCK) | b << 1 << (BLOCK - 1 - at % BLOCK)
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
            Some(b) if is_blank(*b) => *at += 1,
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
        let mut learned_from = (0, 0);
        self.forms.forget();
        loop {
            *pos = at;
            if self.forms.is_learning() && self.record.is_none() {
                self.forms.learned(bytes, learned_from.0, at, learned_from.1, batch);
            }
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
                        if self.follows_document() {
                            return;
                        }
                        if matches!(b, b'{' | b'[') && self.has_forms() && self.forms.wanted() {
                            let row = (self.row - batch.first_row) as u32;
                            let to = Taker { batch, row, paths: &mut self.paths, fixes: &mut self.fixes };
                            if let Some(end) = self.forms.follow(bytes, at, signs, to) {
                                at = end;
                                self.value_done(batch);
                                continue;
                            }
                            self.forms.missed();
                            learned_from = (at, batch.scopes.len());
                        }
                        self.record = Some(self.mark(batch, at));
                    }
                }
                _ => return,
            }
            match b {
                b'"' => {
                    let Some((end, escapes)) = string_end(bytes, signs, at + 1) else { return };
                    self.see(at, end + 1);
                    if end > at + 1 {
                        let (node, scope) = self.place();
                        let field = self.paths.field(node);
                        self.push_string(batch, at + 1, end, (field, scope), escapes);
                    }
                    at = end + 1;
                    self.value_done(batch);
                }
                b'-' | b'0'..=b'9' => {
                    let Some(end) = signs.number_end(bytes, at) else { return };
                    let (node, scope) = self.place();
                    let field = self.paths.field(node);
                    self.push_cell(batch, at, end, field, scope);
                    self.see(at, end);
                    at = end;
                    self.value_done(batch);
                }
                b'{' | b'[' => {
                    if self.stack.len() >= self.limits.json_depth.max(1) {
                        return;
                    }
                    let mut item = false;
                    if b == b'{' && self.may_be_item() {
                        // What the next record has here may be of another kind.
                        self.forms.forget();
                        let Some(told) = typed::holds_attributes(&bytes[at..]) else { return };
                        item = told;
                    }
                    at += 1;
                    self.open(batch, b == b'[', item);
                    if self.row_array() && self.stack.len() == 1 {
                        self.record = None;
                    }
                }
                _ => {
                    let Some(end) = word_end(bytes, at) else { return };
                    self.see(at, end);
                    at = end;
                    self.value_done(batch);
                }
            }
        }
    }

    /// Whether what begins now is one record of many.
    fn has_forms(&self) -> bool {
        match self.mode {
            Mode::Document => false,
            Mode::Array => !self.stack.is_empty(),
            _ => true,
        }
    }

    /// Remembers a value for the record's form.
    #[inline]
    fn see(&mut self, start: usize, end: usize) {
        if self.forms.is_learning() {
            let (node, scope) = self.place();
            self.forms.see(start, end, node, scope);
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
            // The key is data: the next record has another.
            self.forms.forget();
            self.push_key(batch, at, end, place, escaped);
        }
        Some(end)
    }
}

/// The closing quote of the string that goes on at `at`, and whether there are escapes in it.
#[inline]
pub(super) fn string_end(bytes: &[u8], signs: &mut Signs, at: usize) -> Option<(usize, bool)> {
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

/// The end of the word that starts at `at`. `None`: it is none of JSON's, or may go on beyond the buffer.
#[inline]
pub(super) fn word_end(bytes: &[u8], at: usize) -> Option<usize> {
    let (first, rest) = bytes[at..].split_first()?;
    let ends = |word: &[u8]| matches!(rest.strip_prefix(&word[1..]), Some([after, ..]) if ends_scalar(*after));
    WORDS.iter().find(|w| w[0] == *first && ends(w)).map(|w| at + w.len())
}
