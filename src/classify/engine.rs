//! The fast way from bytes to matches.
//!
//! The bytes of a batch become bitmaps first (`marks`). Then, for each *region* (a cell, or a text as a whole): at every
//! number, and at what stands before numbers, the kinds of the bytes there say which patterns can begin (`shapes`); only if
//! one of them needs a word, the words near are looked up, by their hashes, in one table of all phrases (`words`). Patterns
//! with an `@` are tried at the starts before it; where one of the few that can begin at any word can, and where names and addresses can,
//! is remembered by word (`glance`). The few candidates that are left are verified one by one
//! (`automaton`, `verify`).
//!
//! PERF: what costs is a token that is looked at, not a classifier: shapes and words answer for all classifiers at once. Within a
//! UUID no token is looked at.

use std::ops::Range;

use regex_automata::hybrid::dfa::Cache;

use super::address;
use super::edges;
use super::facts::RUN;
use super::glance::Glances;
use super::lookout::{self, BEFORE, Heard, Lookout, Place, run_of};
use super::marks::{LONG, Mark, Marks, bits};
use super::pattern::{Anchor, Pattern};
use super::plan::Step;
use super::set::Classifiers;
use super::shapes::{Gate, Memory};
use super::tables::{Engine, FORM_OPEN, Forms, Group, kind_behind, letter_bit, trigram};
use super::uuid::Uuids;
use super::verify::{Outcome, Refusal, Region, end_of, verify};
use super::words::Hit;
use crate::base::Match;

/// A search for the patterns of a set, with what it works on.
pub(super) struct Walk<'a> {
    pub set: &'a Classifiers,
    pub engine: &'a Engine,
    pub caches: &'a mut [Option<Cache>],
    pub memory: &'a mut Memory,
    pub spoken: &'a mut Vec<u64>,
    pub normal: &'a mut Vec<u8>,
    /// Patterns whose label leads to a number; working space.
    pub led: &'a mut Vec<u32>,
    pub refused: &'a mut Vec<Refusal>,
    /// Classifiers that refused a cell of a typed column; working space.
    pub unfit: &'a mut Vec<u16>,
    pub field: u32,
    /// What is tried is written down in `steps`.
    pub watched: bool,
    pub steps: &'a mut Vec<Step>,
    pub named: &'a [u64],
    pub out: &'a mut Vec<Match>,
}

/// One region with its marks and words.
pub(super) struct Spot<'a> {
    pub r: Region<'a>,
    pub marks: &'a [Mark],
    pub kinds: &'a [u8],
    pub place: Place,
    /// What the region's first byte has in the marks.
    pub shift: usize,
    pub look: Lookout<'a>,
    /// What the words say anything about near the block that is walked through, and where in the marks that is known from.
    pub near: (Forms, usize),
}

impl<'a> Spot<'a> {
    pub fn new(
        engine: &'a Engine,
        Marks { all: marks, kinds, .. }: &'a Marks,
        place: Place,
        shift: usize,
        r: Region<'a>,
        (hits, heard, glances): (&'a mut Vec<Hit>, &'a mut Vec<Heard>, &mut Glances),
    ) -> Spot<'a> {
        let (words, bytes) = (&engine.words, r.bytes);
        lookout::listen(engine, marks, bytes, (place, shift), glances, heard);
        let look = Lookout { words, hits: Some(hits), marks, place, shift, bytes, heard, from: usize::MAX, to: 0, nearest: 0 };
        Spot { r, marks, kinds, place, shift, look, near: (Forms::default(), usize::MAX) }
    }
}

impl<'a> Spot<'a> {
    /// A region without a word in it.
    pub fn silent(engine: &'a Engine, place: Place, shift: usize, r: Region<'a>) -> Spot<'a> {
        let look = Lookout {
            words: &engine.words,
            hits: None,
            marks: &[],
            place,
            shift,
            bytes: r.bytes,
            heard: &[],
            from: usize::MAX,
            to: 0,
            nearest: 0,
        };
        Spot { r, marks: &[], kinds: &[], place, shift, look, near: (Forms::default(), usize::MAX) }
    }
}

/// Whether a value of each [`EdgeRule`](super::definition::EdgeRule) may start at a place, once asked.
pub(super) type Starts = [Option<bool>; 4];

impl Walk<'_> {
    /// Tries one pattern at one place; `true`: it is found there, and would be reported.
    pub fn attempt(&mut self, pattern: u32, spot: &mut Spot<'_>, start: usize, labelled: bool, starts: &mut Starts) -> bool {
        if self.watched {
            self.steps.push(Step { pattern, at: start as u32 });
        }
        let p = &self.engine.patterns[pattern as usize];
        let r = &spot.r;
        if !*starts[p.edges as usize].get_or_insert_with(|| edges::starts(r.bytes, start, p.edges)) {
            return false;
        }
        let cache = &mut self.caches[pattern as usize];
        let Some((end, base)) = p.found(r.bytes, start, || p.end(cache, r.bytes, start)) else { return false };
        let end = end_of(p, r, start..end, |bytes| p.end(cache, bytes, start));
        self.judge(p, spot, start..end, base, labelled)
    }

    /// What matches a pattern's expression, or is found by code; `true`: it would be reported.
    fn judge(&mut self, p: &Pattern, spot: &mut Spot<'_>, Range { start, end }: Range<usize>, base: f32, labelled: bool) -> bool {
        let r = &spot.r;
        let look = &mut spot.look;
        let near = || look.words.near(look.around(start, end), start, end, p.classifier);
        match verify(self.set.get(p.classifier), p, r, start..end, base, labelled, self.normal, near) {
            Outcome::Found(m) => {
                self.out.push(m);
                return m.confidence >= crate::base::REPORTED_FROM;
            }
            Outcome::Refused => self.refused.push(Refusal { field: self.field, classifier: p.classifier }),
            Outcome::Nothing => {}
        }
        false
    }

    pub fn region(&mut self, spot: &mut Spot<'_>) {
        let (place, marks, heard) = (spot.place, spot.marks, spot.look.heard);
        let first = place.from / 64;
        let mut last = usize::MAX;
        // Where the last token of the blocks before began.
        let mut latest = place.from;
        let mut uuids = Uuids::default();
        for b in place.blocks() {
            let m = &marks[b];
            let range = place.range(b);
            uuids.enter(&self.engine.uuid, m, range, (b * 64, place.to, spot.shift), spot.r.bytes);
            let free = range & !uuids.nothing();
            let numbers = (m.numbers | m.open) & free;
            if numbers != 0 {
                spot.near = (spot.look.forms_near(b, self.engine.shapes.longest), (b * 64).saturating_sub(BEFORE));
            }
            for bit in bits(numbers) {
                let at = b * 64 + bit;
                if m.open >> bit & 1 != 0 {
                    if spot.r.bytes.get(at + 1 - spot.shift).is_some_and(|n| matches!(n, b'0'..=b'9' | b'+' | b'(')) {
                        self.shape(spot, at, Gate::Anything, (1, FORM_OPEN));
                    }
                } else if m.tokens >> bit & 1 != 0 {
                    let free = at >= place.from + 2;
                    self.number(spot, at, free && m.escaped >> bit & 1 != 0, free && m.led >> bit & 1 != 0, uuids.at(bit));
                } else {
                    let before = m.tokens & range & (u64::MAX >> (63 - bit));
                    let start = if before == 0 { latest } else { b * 64 + 63 - before.leading_zeros() as usize };
                    // A number that goes on from another block was looked at there.
                    if start != last && !spot.r.bytes[start - spot.shift].is_ascii_digit() {
                        last = start;
                        self.mixed(spot, start, at, uuids.at(bit));
                    }
                }
            }
            if m.tokens & range != 0 {
                latest = b * 64 + 63 - (m.tokens & range).leading_zeros() as usize;
            }
            for bit in bits(m.at & range) {
                self.before_at(spot, b * 64 + bit - spot.shift);
            }
            for bit in bits(heard[b - first].leads) {
                self.label(spot, b * 64 + bit);
            }
            let begins = if self.engine.odd_starters { m.tokens } else { heard[b - first].begins };
            let free = free & !uuids.silent();
            for bit in bits(begins & free) {
                self.begin(spot, b * 64 + bit);
            }
            let h = &heard[b - first];
            for bit in bits((h.names | h.streets) & free) {
                self.find(spot, b * 64 + bit, h.names >> bit & 1 != 0, h.streets >> bit & 1 != 0);
            }
            for bit in bits(m.high & range) {
                self.finders(spot, b * 64 + bit, [&self.engine.names, &self.engine.addresses]);
            }
            for bit in bits(m.signs & range) {
                self.sign(spot, b * 64 + bit);
            }
            for bit in bits(m.long & free) {
                let run = run_of(spot.marks, b * 64 + bit, place.to);
                if run >= LONG {
                    self.token(spot, b * 64 + bit, run, &self.engine.long);
                }
            }
        }
    }

    /// A token that begins with a letter.
    #[inline]
    fn begin(&mut self, spot: &mut Spot<'_>, start: usize) {
        let (engine, at) = (self.engine, start - spot.shift);
        let run = run_of(spot.marks, start, spot.place.to);
        let (first, behind) = (spot.r.bytes[at], spot.r.bytes.get(at + run));
        if engine.starters[run][kind_behind(behind)] & letter_bit(first) != 0 {
            self.token(spot, start, run, &engine.groups);
        } else if let [a, b, c, ..] = spot.r.bytes[at..] {
            let t = trigram(a, b, c);
            let other = self.watched && (b.is_ascii_digit() || c.is_ascii_digit());
            if other || engine.trigrams[t / 64] >> (t % 64) & 1 != 0 {
                self.token(spot, start, run, &engine.groups);
            }
        }
        if first.is_ascii_uppercase()
            && !engine.paired.is_empty()
            && lookout::any(spot.marks, start, (start + engine.pair_within).min(spot.place.to), |m| m.pairs)
        {
            self.token(spot, start, run, &engine.paired);
        }
    }

    /// A token that begins with a letter and that a name may begin with, or an address.
    fn find(&mut self, spot: &mut Spot<'_>, start: usize, name: bool, street: bool) {
        let (engine, at) = (self.engine, start - spot.shift);
        let first = spot.r.bytes[at];
        if first.is_ascii_uppercase() {
            let none = &[][..];
            self.finders(spot, start, [if name { &engine.names } else { none }, if street { &engine.addresses } else { none }]);
        } else if street {
            let run = run_of(spot.marks, start, spot.place.to);
            let next = spot.r.bytes.get(at + 1);
            let other = self.watched && next.is_some_and(u8::is_ascii_digit);
            if engine.streets[run] & letter_bit(first) != 0 && (other || address::may_go_on(first, next)) {
                self.finders(spot, start, [&engine.addresses, &[]]);
            }
        }
    }

    /// A sign that a value may begin with.
    fn sign(&mut self, spot: &mut Spot<'_>, start: usize) {
        if let [a, b, ..] = spot.r.bytes[start - spot.shift..] {
            let n = usize::from(a) << 8 | usize::from(b);
            if self.engine.bigrams[n / 64] & 1 << (n % 64) != 0 {
                let run = run_of(spot.marks, start, spot.place.to);
                self.token(spot, start, run, &self.engine.signed);
            }
        }
    }

    fn before_at(&mut self, spot: &mut Spot<'_>, at: usize) {
        let engine = self.engine;
        let bytes = spot.r.bytes;
        for &i in &engine.at {
            let p = &engine.patterns[i as usize];
            let Anchor::At { back } = p.anchor else { continue };
            let least = (spot.place.begin - spot.shift).max(at.saturating_sub(back)).min(at);
            if least == at || !p.beside.has(bytes[at - 1]) {
                continue;
            }
            let run = bytes[least..at].iter().rev().take_while(|b| p.before.has(**b)).count();
            for s in at - run..at {
                // What begins later ends at the same place, so that the longer one would win.
                if p.prefix.iter().zip(&bytes[s..at]).all(|(set, b)| set.has(*b))
                    && edges::token_starts(bytes, s)
                    && self.attempt(i, spot, s, false, &mut Starts::default())
                    && !p.before.has(b'@')
                {
                    break;
                }
            }
        }
    }

    /// A place where code may find a value, by the patterns of `lists`.
    pub fn finders(&mut self, spot: &mut Spot<'_>, start: usize, lists: [&[u32]; 2]) {
        if !(spot.place.begin..spot.place.end).contains(&start) {
            return;
        }
        let at = start - spot.shift;
        for &p in lists.into_iter().flatten() {
            let (pattern, bytes) = (&self.engine.patterns[p as usize], spot.r.bytes);
            let Some(finder) = pattern.finder.filter(|_| pattern.prefix[0].has(bytes[at])) else { continue };
            if self.watched {
                self.steps.push(Step { pattern: p, at: at as u32 });
            }
            if finder.may_start(bytes, at)
                && edges::starts(bytes, at, pattern.edges)
                && let Some((end, base)) = pattern.found_by(finder, bytes, at)
            {
                self.judge(pattern, spot, at..end, base, false);
            }
        }
    }

    /// A token of `run` bytes, or a sign, that a value of one of `groups` may begin with.
    fn token(&mut self, spot: &mut Spot<'_>, start: usize, run: usize, groups: &[Group]) {
        if !(spot.place.begin..spot.place.end).contains(&start) {
            return;
        }
        let at = start - spot.shift;
        let next = &spot.r.bytes[at..];
        let watched = self.watched;
        let behind = next.get(run).map_or(256, |b| usize::from(*b));
        for group in groups {
            // A longer token than the table knows may be followed by anything.
            let follows = if run == RUN { u64::MAX } else { group.follows[run][behind] };
            let mut m = follows & group.masks[0][usize::from(next[0])];
            if m == 0 {
                continue;
            }
            for (mask, &b) in group.masks[1..].iter().zip(&next[1..]) {
                // What is written down is tried for other digits, too.
                m &= match watched && b.is_ascii_digit() {
                    true => (b'0'..=b'9').fold(0, |m, b| m | mask[usize::from(b)]),
                    false => mask[usize::from(b)],
                };
                if m == 0 {
                    break;
                }
            }
            let mut starts = Starts::default();
            for bit in bits(m) {
                self.attempt(group.patterns[bit], spot, at, false, &mut starts);
            }
        }
    }
}
