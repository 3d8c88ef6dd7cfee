//! The fast way from bytes to matches.
//!
//! The bytes of a batch become bitmaps first (`marks`). Then, for each *region* (a cell, or a text as a whole): at every
//! number, and at what stands before numbers, the kinds of the bytes there say which patterns can begin (`shapes`); only if
//! one of them needs a word, the words near are looked up, by their hashes, in one table of all phrases (`words`). Patterns
//! with an `@` are tried at the starts before it; the few that can begin at any token, and the labels that lead to other
//! values, have their first three bytes in the bitmaps. The few candidates that are left are verified one by one
//! (`automaton`, `verify`).
//!
//! PERF: what costs is a token that is looked at, not a classifier: shapes and words answer for all classifiers at once.

use regex_automata::hybrid::dfa::Cache;

use super::columns::Says;
use super::definition::Separator;
use super::edges;
use super::facts::RUN;
use super::lookout::{Lookout, Place, digits_of, each_word, run_of};
use super::marks::{LONG, Mark, Marks, bits};
use super::memo::Memo;
use super::pattern::Anchor;
use super::set::Classifiers;
use super::shapes::{Candidates, Key, Memory};
use super::tables::{Engine, Group, trigram};
use super::verify::{Outcome, Region, Sample, core_cells, finish, has, span, verify};
use super::words::{Hit, WITHIN_AFTER};
use crate::base::{Batch, Evidence, Match};

/// A value of a classifier's shape that fills its cell and that the classifier's validator refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refusal {
    /// Index into `Batch::fields`.
    pub field: u32,
    /// Index into the set.
    pub classifier: u16,
}

/// What a thread keeps between scans. One for each thread and set.
pub struct Scratch {
    caches: Vec<Option<Cache>>,
    /// By field: what its name says.
    hints: Vec<Hints>,
    /// By field: which quiet patterns its cells of this batch are still tried for.
    samples: Vec<Sample>,
    marks: Marks,
    /// The marks of a cell that does not end where tokens do.
    cell_marks: Marks,
    memory: Memory,
    memo: Memo,
    words: Vec<Hit>,
    /// Whose keywords stand near a number, a bit a classifier.
    spoken: Vec<u64>,
    refusals: Vec<Refusal>,
    normal: Vec<u8>,
    led: Vec<u32>,
    every: bool,
}

struct Hints {
    says: Box<[Says]>,
    /// The classifiers that the name speaks for, a bit each.
    named: Box<[u64]>,
    /// Patterns to be tried on every cell as a whole.
    columns: Vec<u32>,
    /// Patterns to be tried at all tokens of a cell.
    called: Vec<u32>,
}

impl Scratch {
    /// For scans with this set only.
    pub fn new(_set: &Classifiers) -> Scratch {
        Scratch {
            caches: Vec::new(),
            hints: Vec::new(),
            samples: Vec::new(),
            marks: Marks::default(),
            cell_marks: Marks::default(),
            memory: Memory::new(),
            memo: Memo::default(),
            words: Vec::new(),
            spoken: Vec::new(),
            refusals: Vec::new(),
            normal: Vec::new(),
            led: Vec::new(),
            every: false,
        }
    }

    /// Whether candidates are given that no column can prove and no word supports: nine digits in a text may be anything.
    pub fn give_all(&mut self, all: bool) {
        self.every = all;
    }

    /// Another member follows: what is known of its predecessor's fields is forgotten.
    pub fn reset(&mut self) {
        self.hints.clear();
        self.memo.clear();
        self.refusals.clear();
    }

    /// What the last scan refused, at most one for each cell and classifier, ordered by cell.
    pub fn refusals(&self) -> &[Refusal] {
        &self.refusals
    }
}

struct Walk<'a> {
    set: &'a Classifiers,
    engine: &'a Engine,
    caches: &'a mut [Option<Cache>],
    memory: &'a mut Memory,
    spoken: &'a mut Vec<u64>,
    normal: &'a mut Vec<u8>,
    /// Patterns whose label leads to a number; working space.
    led: &'a mut Vec<u32>,
    refused: &'a mut Vec<Refusal>,
    field: u32,
    named: &'a [u64],
    out: &'a mut Vec<Match>,
}

/// One region with its marks and words.
struct Spot<'a> {
    r: Region<'a>,
    marks: &'a [Mark],
    place: Place,
    /// What the region's first byte has in the marks.
    shift: usize,
    look: Lookout<'a>,
}

impl<'a> Spot<'a> {
    fn new(engine: &'a Engine, marks: &'a [Mark], place: Place, shift: usize, r: Region<'a>, hits: &'a mut Vec<Hit>) -> Spot<'a> {
        let look = Lookout { words: &engine.words, hits, marks, place, shift, bytes: r.bytes, from: usize::MAX, to: 0, nearest: 0 };
        Spot { r, marks, place, shift, look }
    }
}

/// Whether a value of either rule may start at a place, once asked.
type Starts = [Option<bool>; 2];

impl Walk<'_> {
    /// Tries one pattern at one place; `true`: it is found there, and would be reported.
    fn attempt(&mut self, pattern: u32, spot: &mut Spot<'_>, start: usize, labelled: bool, starts: &mut Starts) -> bool {
        let p = &self.engine.patterns[pattern as usize];
        let r = &spot.r;
        if !*starts[p.edges as usize].get_or_insert_with(|| edges::starts(r.bytes, start, p.edges)) {
            return false;
        }
        let cache = &mut self.caches[pattern as usize];
        let Some((end, base)) = p.found(r.bytes, start, || p.end(cache, r.bytes, start)) else { return false };
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

    fn region(&mut self, spot: &mut Spot<'_>) {
        let place = spot.place;
        let mut last = usize::MAX;
        // Where the last token of the blocks before began.
        let mut latest = place.from;
        for b in place.blocks() {
            let m = spot.marks[b];
            let range = place.range(b);
            for bit in bits((m.numbers | m.open) & range) {
                let at = b * 64 + bit;
                if m.open >> bit & 1 != 0 {
                    if spot.r.bytes.get(at + 1 - spot.shift).is_some_and(|n| matches!(n, b'0'..=b'9' | b'+' | b'(')) {
                        self.shape(spot, at);
                    }
                } else if m.tokens >> bit & 1 != 0 {
                    self.number(spot, at);
                } else {
                    let before = m.tokens & range & (u64::MAX >> (63 - bit));
                    let start = if before == 0 { latest } else { b * 64 + 63 - before.leading_zeros() as usize };
                    // A number that goes on from another block was looked at there.
                    if start != last && !spot.r.bytes[start - spot.shift].is_ascii_digit() {
                        last = start;
                        self.mixed(spot, start, at);
                    }
                }
            }
            if m.tokens & range != 0 {
                latest = b * 64 + 63 - (m.tokens & range).leading_zeros() as usize;
            }
            for bit in bits(m.at & range) {
                self.before_at(spot, b * 64 + bit - spot.shift);
            }
            if !self.engine.finders.is_empty() {
                for bit in bits((m.tokens | m.high) & range) {
                    self.finders(spot, b * 64 + bit);
                }
            }
            for bit in bits(m.starts & range) {
                self.label(spot, b * 64 + bit);
            }
            for bit in bits(m.loose & range) {
                self.token(spot, b * 64 + bit, &self.engine.groups, false);
            }
            for bit in bits(m.capitals & range) {
                self.token(spot, b * 64 + bit, &self.engine.capitals, true);
            }
            for bit in bits(m.long & range) {
                if run_of(spot.marks, b * 64 + bit, place.to) >= LONG {
                    self.token(spot, b * 64 + bit, &self.engine.long, true);
                }
            }
        }
    }

    /// A number that begins a token.
    #[inline]
    fn number(&mut self, spot: &mut Spot<'_>, start: usize) {
        let (at, engine) = (start - spot.shift, self.engine);
        if at > 1 && edges::is_word(spot.r.bytes[at - 1]) {
            // Behind an escape, which may be none: `\n12` and `n12`.
            self.shape(spot, start - 1);
        } else if at > 1 && engine.shapes.lead > 0 && edges::is_word(spot.r.bytes[at - 2]) {
            // A short word before it: `AB 12 34 56 C`.
            for lead in (start - 1).saturating_sub(engine.shapes.lead).max(spot.place.from)..start - 1 {
                let token = spot.marks[lead / 64].tokens >> (lead % 64) & 1 != 0;
                if token
                    && lead + run_of(spot.marks, lead, spot.place.to) == start - 1
                    && engine.shapes.may_precede(spot.r.bytes, lead - spot.shift, start - 1 - lead)
                {
                    self.shape(spot, lead);
                }
            }
        }
        let digits = digits_of(spot.marks, start, spot.place.to);
        if engine.shapes.may_begin(spot.r.bytes, at, digits) {
            self.shape(spot, start);
        }
    }

    /// A token that begins with letters and has its first digit at `digit`.
    #[inline]
    fn mixed(&mut self, spot: &mut Spot<'_>, start: usize, digit: usize) {
        let at = start - spot.shift;
        if at > 1 && edges::is_word(spot.r.bytes[at - 1]) {
            self.shape(spot, start - 1);
        }
        let run = run_of(spot.marks, start, spot.place.to);
        if self.engine.shapes.may_mix(spot.r.bytes, at, digit - start, run) {
            self.shape(spot, start);
        }
    }

    /// Tries what can begin at `start` with a number, or before one.
    fn shape(&mut self, spot: &mut Spot<'_>, start: usize) {
        if !(spot.place.begin..spot.place.end).contains(&start) {
            return;
        }
        let (at, engine) = (start - spot.shift, self.engine);
        let key = Key::of(spot.r.bytes, at, run_of(spot.marks, start, spot.place.to));
        let found = engine.shapes.candidates(&engine.patterns, self.memory, key);
        if found.is_empty() {
            return;
        }
        let mut starts = Starts::default();
        for i in 0..self.memory.free(found).len() {
            let p = self.memory.free(found)[i];
            self.attempt(p, spot, at, false, &mut starts);
        }
        if !found.are_free() {
            self.bound(spot, at, found, &mut starts);
        }
    }

    /// Patterns that need a word near, a label, or a column.
    fn bound(&mut self, spot: &mut Spot<'_>, at: usize, found: Candidates, starts: &mut Starts) {
        let engine = self.engine;
        let words = spot.look.around(at, at + usize::from(found.longest));
        let words = words.iter().take_while(|h| (h.start as usize) < at + usize::from(found.longest) + WITHIN_AFTER);
        let mut spoken = false;
        let mut labels = false;
        for h in words {
            if !spoken {
                self.spoken.fill(0);
                spoken = true;
            }
            labels |= !engine.words.labels(h.phrase).is_empty();
            self.spoken.iter_mut().zip(engine.words.speaks_for(h.phrase)).for_each(|(a, b)| *a |= b);
        }
        let sampled = if at == spot.r.whole.0 { spot.r.sampled } else { &[] };
        let every = spot.r.every;
        if !spoken && self.named.is_empty() && sampled.is_empty() && !every {
            return;
        }
        let wanted = |w: &Self, c: u16| (spoken && has(w.spoken, c)) || has(w.named, c);
        for i in 0..self.memory.quiet(found).len() {
            let p = self.memory.quiet(found)[i];
            let c = engine.patterns[p as usize].classifier;
            if wanted(self, c) || has(sampled, c) || every {
                self.attempt(p, spot, at, false, starts);
            }
        }
        for i in 0..self.memory.bound(found).len() {
            let p = self.memory.bound(found)[i];
            if wanted(self, engine.patterns[p as usize].classifier) {
                self.attempt(p, spot, at, false, starts);
            }
        }
        if labels && !self.memory.labelled(found).is_empty() {
            self.behind_label(spot, at, found, starts);
        }
    }

    /// Tries at a number the patterns whose label stands before it.
    fn behind_label(&mut self, spot: &mut Spot<'_>, at: usize, found: Candidates, starts: &mut Starts) {
        let engine = self.engine;
        let mut led = std::mem::take(self.led);
        led.clear();
        for h in spot.look.around(at, at).iter().take_while(|h| (h.start as usize) < at) {
            let end = h.end as usize;
            if end > at || end + edges::LONGEST_GAP < at {
                continue;
            }
            for &p in engine.words.labels(h.phrase) {
                if self.memory.labelled(found).binary_search(&p).is_err() || led.contains(&p) {
                    continue;
                }
                let (places, n) = edges::value_starts(spot.r.bytes, end, engine.patterns[p as usize].separator);
                if places[..n].contains(&at) {
                    led.push(p);
                }
            }
        }
        for &p in &led {
            self.attempt(p, spot, at, true, starts);
        }
        *self.led = led;
    }

    /// A place where a label may begin that leads to other values than long numbers.
    fn label(&mut self, spot: &mut Spot<'_>, start: usize) {
        if !(spot.place.begin..spot.place.end).contains(&start) {
            return;
        }
        let (engine, bytes, shift) = (self.engine, spot.r.bytes, spot.shift);
        let mut before = u32::MAX;
        each_word(spot.marks, bytes, start, spot.place.to, shift, |end| {
            if !engine.words.may_lead(bytes, start - shift, end - shift) {
                return;
            }
            for hit in engine.words.look_up(bytes, start - shift, end - shift) {
                let leads = engine.words.leads(hit.phrase);
                if hit.phrase == before {
                    continue;
                }
                before = hit.phrase;
                for &p in engine.words.calls(hit.phrase) {
                    let p_reach = engine.words.reach_of(engine.patterns[p as usize].classifier);
                    let from = (hit.end as usize).saturating_sub(WITHIN_AFTER + engine.patterns[p as usize].max_len);
                    self.everywhere(spot, p, from, hit.start as usize + p_reach + 1);
                }
                if leads.is_empty() {
                    continue;
                }
                for separator in [Separator::Any, Separator::Assign] {
                    let (places, n) = edges::value_starts(bytes, hit.end as usize, separator);
                    for &at in &places[..n] {
                        let mut starts = Starts::default();
                        for &l in leads {
                            let p = &engine.patterns[l as usize];
                            if p.separator == separator && p.prefix[0].has(bytes[at]) {
                                self.attempt(l, spot, at, true, &mut starts);
                            }
                        }
                    }
                }
            }
        });
    }

    /// Tries a pattern wherever it can begin in `[from, to)` of the region.
    fn everywhere(&mut self, spot: &mut Spot<'_>, pattern: u32, from: usize, to: usize) {
        let p = &self.engine.patterns[pattern as usize];
        let bytes = spot.r.bytes;
        let (first, last) = (spot.place.begin - spot.shift, spot.place.end - spot.shift);
        for at in from.max(first)..to.min(last) {
            if p.prefix[0].has(bytes[at]) && edges::token_starts(bytes, at) {
                self.attempt(pattern, spot, at, false, &mut Starts::default());
            }
        }
    }

    fn before_at(&mut self, spot: &mut Spot<'_>, at: usize) {
        let engine = self.engine;
        let bytes = spot.r.bytes;
        for &i in &engine.at {
            let p = &engine.patterns[i as usize];
            let Anchor::At { back } = p.anchor else { continue };
            let least = (spot.place.begin - spot.shift).max(at.saturating_sub(back));
            let run = bytes[least.min(at)..at].iter().rev().take_while(|b| p.before.has(**b)).count();
            for s in at - run..at {
                // What begins later ends at the same place, so that the longer one would win.
                if p.prefix[0].has(bytes[s])
                    && edges::token_starts(bytes, s)
                    && self.attempt(i, spot, s, false, &mut Starts::default())
                    && !p.before.has(b'@')
                {
                    break;
                }
            }
        }
    }

    /// A place where code may find a value.
    #[inline]
    fn finders(&mut self, spot: &mut Spot<'_>, start: usize) {
        if !(spot.place.begin..spot.place.end).contains(&start) {
            return;
        }
        let at = start - spot.shift;
        for &p in &self.engine.finders {
            let p_of = &self.engine.patterns[p as usize];
            let may = p_of.prefix[0].has(spot.r.bytes[at]) && p_of.finder.is_some_and(|f| f.may_start(spot.r.bytes, at));
            if may {
                self.attempt(p, spot, at, false, &mut Starts::default());
            }
        }
    }

    /// A token, or a sign, that a value of one of `groups` may begin with.
    fn token(&mut self, spot: &mut Spot<'_>, start: usize, groups: &[Group], exact: bool) {
        if !(spot.place.begin..spot.place.end).contains(&start) {
            return;
        }
        let at = start - spot.shift;
        let next = &spot.r.bytes[at..];
        if let [a, b, c, ..] = *next {
            let (t, n) = (trigram(a, b, c), usize::from(a) << 8 | usize::from(b));
            let known = self.engine.trigrams[t / 64] & 1 << (t % 64) | self.engine.bigrams[n / 64] & 1 << (n % 64);
            if !exact && known == 0 {
                return;
            }
        }
        let run = run_of(spot.marks, start, spot.place.to);
        let behind = next.get(run).map_or(256, |b| usize::from(*b));
        for group in groups {
            let mut m = group.follows[run][behind] & group.masks[0][usize::from(next[0])];
            // A longer token than the table knows.
            if run == RUN {
                m = group.masks[0][usize::from(next[0])];
            }
            for (mask, &b) in group.masks.iter().zip(next).skip(1) {
                if m == 0 {
                    break;
                }
                m &= mask[usize::from(b)];
            }
            let mut starts = Starts::default();
            for bit in bits(m) {
                self.attempt(group.patterns[bit], spot, at, false, &mut starts);
            }
        }
    }
}

/// Appends the matches of a batch, ordered by start.
pub(super) fn scan(set: &Classifiers, scratch: &mut Scratch, batch: &Batch, out: &mut Vec<Match>) {
    let Scratch { caches, hints, samples, marks, cell_marks, memory, memo, words, spoken, refusals, normal, led, every } = scratch;
    let engine = set.engine();
    caches.resize_with(engine.patterns.len(), || None);
    spoken.resize(engine.words.stride(), 0);
    refusals.clear();
    marks.make(&batch.bytes, &engine.beginnings);
    let mut walk = Walk { set, engine, caches, memory, spoken, normal, led, refused: refusals, field: 0, named: &[], out };
    if batch.cells.is_empty() {
        let from = walk.out.len();
        let span = span(set, batch);
        let place = Place { from: 0, to: batch.bytes.len(), begin: span.start, end: span.end };
        walk.region(&mut Spot::new(engine, &marks.all, place, 0, Region { every: *every, ..Region::text(&batch.bytes) }, words));
        walk.refused.clear();
        walk.normal.fill(0);
        finish(walk.out, from, batch.core.clone());
        return;
    }
    samples.resize_with(batch.fields.len().max(samples.len()), Sample::default);
    samples.iter_mut().for_each(|s| s.start(engine.words.stride()));
    for name in &batch.fields[hints.len().min(batch.fields.len())..] {
        hints.push(Hints::new(set, name));
    }
    for i in core_cells(batch) {
        let cell = &batch.cells[i];
        let (start, end) = (cell.start as usize, cell.end as usize);
        let field = cell.field as usize;
        let (Some(hint), Some(sample)) = (hints.get(field), samples.get_mut(field)) else { continue };
        let region = Region { every: *every, ..Region::cell(batch, i, &hint.says, sample.active()) };
        walk.field = cell.field;
        walk.named = &hint.named;
        let (from, refused_from) = (walk.out.len(), walk.refused.len());
        let inside = batch.core.start <= start && end <= batch.core.end;
        // Before, what is found depends on the cells before.
        let key = if inside && sample.is_decided() { memo.key(cell.field, region.bytes) } else { None };
        if key.is_some_and(|k| memo.recall(&k, i as u32, cell.start, walk.out, walk.refused)) {
            continue;
        }
        if end - start >= 2 {
            let whole = region.whole;
            let mut spot = if joins(&batch.bytes[..start]) {
                cell_marks.make(region.bytes, &engine.beginnings);
                let place = Place { from: 0, to: end - start, begin: 0, end: end - start };
                Spot::new(engine, &cell_marks.all, place, 0, region, words)
            } else {
                Spot::new(engine, &marks.all, Place { from: start, to: end, begin: start, end }, start, region, words)
            };
            if whole.0 < whole.1 {
                for &p in &hint.columns {
                    walk.attempt(p, &mut spot, whole.0, false, &mut Starts::default());
                }
                for &p in &hint.called {
                    walk.everywhere(&mut spot, p, 0, end - start);
                }
            }
            walk.region(&mut spot);
        }
        // A cell that one pattern of a classifier accepts is not refused by another.
        let mut k = refused_from;
        for j in refused_from..walk.refused.len() {
            let r = walk.refused[j];
            let accepted = walk.out[from..].iter().any(|m| m.classifier == r.classifier && m.evidence.has(Evidence::WHOLE_CELL));
            if !accepted && !walk.refused[refused_from..k].contains(&r) && batch.core.contains(&start) {
                walk.refused[k] = r;
                k += 1;
            }
        }
        walk.refused.truncate(k);
        finish(walk.out, from, batch.core.clone());
        sample.add(&walk.out[from..]);
        if let Some(key) = key {
            memo.keep(key, cell.start, &walk.out[from..], &walk.refused[refused_from..]);
        }
    }
    // PRIVACY: no value outlives its batch.
    memo.forget_values();
    walk.normal.fill(0);
}

/// Whether what stands behind these bytes may be taken for a part of what they end with.
fn joins(before: &[u8]) -> bool {
    let Some(&last) = before.last() else { return false };
    let digit = || before.len() > 1 && before[before.len() - 2].is_ascii_digit();
    edges::is_word(last) || last == b'\\' || !last.is_ascii() || (matches!(last, b'-' | b'.' | b':' | b'/' | b'+') && digit())
}

impl Hints {
    fn new(set: &Classifiers, name: &str) -> Hints {
        let engine = set.engine();
        let says = set.says(name).into_boxed_slice();
        let of = |list: &[Vec<u32>]| list.iter().zip(&says).filter(|(_, s)| **s == Says::For).flat_map(|(w, _)| w.clone()).collect();
        let (columns, called) = (of(&engine.whole), of(&engine.called));
        let mut named = vec![0u64; engine.words.stride()];
        says.iter().enumerate().filter(|(_, s)| **s == Says::For).for_each(|(c, _)| named[c / 64] |= 1 << (c % 64));
        if named.iter().all(|w| *w == 0) {
            named.clear();
        }
        Hints { columns, called, named: named.into(), says }
    }
}
