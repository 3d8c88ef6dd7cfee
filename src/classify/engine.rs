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

use std::collections::BTreeMap;

use regex_automata::hybrid::dfa::Cache;

use super::columns::Says;
use super::definition::{Classifier, Requires, Separator};
use super::edges;
use super::facts::{ByteSet, Follow, PREFIX, RUN};
use super::marks::{Beginnings, LONG, Mark, Marks, bits};
use super::memo::Memo;
use super::pattern::{Anchor, Pattern};
use super::set::Classifiers;
use super::shapes::{Candidates, Key, Memory, Shapes};
use super::verify::{Outcome, Region, Sample, core_cells, finish, has, span, verify};
use super::words::{Hit, WITHIN_AFTER, Words};
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
    pub fn new(set: &Classifiers) -> Scratch {
        Scratch {
            caches: set.engine.patterns.iter().map(|_| None).collect(),
            hints: Vec::new(),
            samples: Vec::new(),
            marks: Marks::default(),
            cell_marks: Marks::default(),
            memory: Memory::new(),
            memo: Memo::default(),
            words: Vec::new(),
            spoken: vec![0; set.engine.words.stride()],
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

/// Patterns that can begin at any token, 64 at a time.
struct Group {
    /// For each length of a token and byte behind it (256: none): which patterns allow it.
    follows: Box<[[u64; 257]; RUN + 1]>,
    /// For each position and byte: which patterns allow it.
    masks: Box<[[u64; 256]; PREFIX]>,
    patterns: Vec<u32>,
}

/// The compiled set.
pub(super) struct Engine {
    pub patterns: Vec<Pattern>,
    pub words: Words,
    shapes: Shapes,
    groups: Vec<Group>,
    /// The same for patterns whose values are long tokens, and for those whose values begin with many kinds of capitals.
    long: Vec<Group>,
    capitals: Vec<Group>,
    /// What the values of `groups` can begin with: roughly, then three bytes exactly, a bit for each hash.
    beginnings: Beginnings,
    trigrams: Box<[u64]>,
    /// Of values that begin with a sign, two bytes, a bit for each pair.
    bigrams: Box<[u64]>,
    /// Patterns with an `@`.
    at: Vec<u32>,
    /// Patterns whose values are found by code.
    finders: Vec<u32>,
    /// By classifier: patterns to try on whole cells where the column's name speaks for it.
    whole: Vec<Vec<u32>>,
    /// By classifier: patterns that need a word near or a column, and whose values are commoner than these words: short
    /// numbers, and what begins with no number.
    called: Vec<Vec<u32>>,
    pub longest_value: usize,
    pub longest_label: usize,
}

impl Engine {
    pub fn new(classifiers: &[Classifier], patterns: Vec<Pattern>) -> Engine {
        let (mut numbers, mut loose, mut long, mut at, mut finders) = (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut whole = vec![Vec::new(); classifiers.len()];
        let mut called = vec![Vec::new(); classifiers.len()];
        let mut labels: BTreeMap<String, [Vec<u32>; 3]> = BTreeMap::new();
        for (i, p) in (0u32..).zip(&patterns) {
            let c = usize::from(p.classifier);
            // A short number is looked for behind its label; a longer one, which is rarer than labels are, looks for it.
            let looks = p.anchor == Anchor::Label && p.loose.is_empty() && p.min_len >= LOOKS_FOR_LABEL;
            match p.anchor {
                Anchor::Start if p.finder.is_some() => finders.push(i),
                Anchor::Start if p.requires == Requires::Context && (p.min_len < LOOKS_FOR_LABEL || !p.loose.is_empty()) => {
                    // Its words are rarer than what looks like it.
                    called[c].push(i);
                    for k in &classifiers[c].context.keywords {
                        labels.entry(k.to_lowercase()).or_default()[2].push(i);
                    }
                }
                Anchor::Start => {
                    if p.loose != p.prefix[0] {
                        numbers.push(i);
                    }
                    let is_long =
                        p.follows[..LONG].iter().all(Follow::is_none) && (0..=u8::MAX).all(|b| !p.loose.has(b) || edges::is_word(b));
                    if !p.loose.is_empty() {
                        if is_long { &mut long } else { &mut loose }.push(i);
                    }
                }
                Anchor::At { .. } => at.push(i),
                Anchor::Label | Anchor::Column => whole[c].push(i),
            }
            if looks {
                numbers.push(i);
            }
            if p.anchor == Anchor::Label {
                for l in &classifiers[c].context.labels {
                    labels.entry(l.to_lowercase()).or_default()[usize::from(looks)].push(i);
                }
            }
        }
        let words = Words::new(classifiers, labels);
        let mut sets: [Vec<[ByteSet; 3]>; 2] = Default::default();
        let mut trigrams = vec![0u64; 1 << (TRIGRAM_BITS - 6)].into_boxed_slice();
        let mut bigrams = vec![0u64; 1 << 10].into_boxed_slice();
        // What begins in many ways would leave nothing out of a table of beginnings.
        let ways = |p: &Pattern| [p.loose, p.prefix[1], p.prefix[2]].iter().map(|s| u64::from(s.len())).product::<u64>();
        let upper = |p: &Pattern| (0..=u8::MAX).all(|b| !p.loose.has(b) || b.is_ascii_uppercase());
        let (capitals, loose): (Vec<u32>, Vec<u32>) = loose.into_iter().partition(|&p| {
            let p = &patterns[p as usize];
            upper(p) && ways(p) > MANY_WAYS
        });
        for p in loose.iter().map(|&p| &patterns[p as usize]) {
            let first = [p.loose, p.prefix[1], p.prefix[2]];
            if (0..=u8::MAX).any(|b| p.loose.has(b) && !edges::is_word(b)) {
                let follow = |a: u8| (0..=u8::MAX).filter(|b| first[1].has(*b)).map(move |b| usize::from(a) << 8 | usize::from(b));
                (0..=u8::MAX).filter(|a| p.loose.has(*a)).flat_map(follow).for_each(|n| bigrams[n / 64] |= 1 << (n % 64));
            } else {
                each_trigram(&first, |t| trigrams[t / 64] |= 1 << (t % 64));
            }
            sets[usize::from(p.is_short)].push(first);
        }
        let longest_value = patterns.iter().map(|p| p.max_len).max().unwrap_or(0);
        let longest_label = classifiers.iter().flat_map(|c| &c.context.labels).map(String::len).max().unwrap_or(0);
        Engine {
            shapes: Shapes::new(&patterns, numbers),
            words,
            groups: loose.chunks(64).map(|g| Group::new(&patterns, g)).collect(),
            capitals: capitals.chunks(64).map(|g| Group::new(&patterns, g)).collect(),
            long: long.chunks(64).map(|g| Group::new(&patterns, g)).collect(),
            beginnings: buckets(sets),
            trigrams,
            bigrams,
            at,
            finders,
            whole,
            called,
            longest_value,
            longest_label: 2 * longest_label + edges::LONGEST_GAP,
            patterns,
        }
    }
}

/// From so many bytes on a number looks for its label.
const LOOKS_FOR_LABEL: usize = 5;

/// More beginnings of three bytes are too many for their table.
const MANY_WAYS: u64 = 4000;

/// Bits of the look at three bytes.
const TRIGRAM_BITS: u32 = 17;

#[inline]
fn trigram(a: u8, b: u8, c: u8) -> usize {
    let n = u32::from(a) | u32::from(b) << 8 | u32::from(c) << 16;
    (n.wrapping_mul(0x9e37_79b1) >> (32 - TRIGRAM_BITS)) as usize
}

/// Calls `with` for the hash of each three bytes that the sets allow.
fn each_trigram(sets: &[ByteSet; 3], mut with: impl FnMut(usize)) {
    let of = |s: &ByteSet| (0..=u8::MAX).filter(|b| s.has(*b)).collect::<Vec<_>>();
    let [first, second, third] = [of(&sets[0]), of(&sets[1]), of(&sets[2])];
    for &a in &first {
        for &b in &second {
            third.iter().for_each(|&c| with(trigram(a, b, c)));
        }
    }
}

/// Tables of all beginnings, in the buckets that [`Beginnings`] names. A table knows only the halves of bytes, so that those
/// with like first bytes go into the same bucket.
fn buckets(mut sets: [Vec<[ByteSet; 3]>; 2]) -> Beginnings {
    let mut tables = [([0u8; 16], [0u8; 16]); 3];
    for (list, (first, many)) in sets.iter_mut().zip([(0, 4), (4, 2)]) {
        list.sort_by_key(|s| (s[0].len() > 2, (0..=u8::MAX).find(|b| s[0].has(*b)).map(|b| b.to_ascii_lowercase())));
        for (bucket, part) in list.chunks(list.len().div_ceil(many).max(1)).enumerate() {
            let bit = 1u8 << (first + bucket);
            for set in part {
                for (table, set) in tables.iter_mut().zip(set) {
                    for b in (0..=u8::MAX).filter(|b| set.has(*b)) {
                        table.0[usize::from(b & 15)] |= bit;
                        table.1[usize::from(b >> 4)] |= bit;
                    }
                }
            }
        }
    }
    tables
}

impl Group {
    fn new(patterns: &[Pattern], chunk: &[u32]) -> Group {
        let mut masks = Box::new([[0u64; 256]; PREFIX]);
        let mut follows = Box::new([[0u64; 257]; RUN + 1]);
        for (bit, &p) in chunk.iter().enumerate() {
            let p = &patterns[p as usize];
            for (k, mask) in masks.iter_mut().enumerate() {
                let set = if k == 0 { &p.loose } else { &p.prefix[k] };
                (0..=u8::MAX).filter(|b| set.has(*b)).for_each(|b| mask[usize::from(b)] |= 1 << bit);
            }
            for (row, follow) in follows.iter_mut().zip(p.follows.iter()) {
                for (b, m) in (0..=u8::MAX).zip(row.iter_mut()) {
                    *m |= u64::from(follow.bytes.has(b)) << bit;
                }
                row[256] |= u64::from(follow.end) << bit;
            }
        }
        Group { follows, masks, patterns: chunk.to_vec() }
    }
}

/// Where a region lies in marks, half-open, and where in it values may begin.
#[derive(Clone, Copy)]
struct Place {
    from: usize,
    to: usize,
    begin: usize,
    end: usize,
}

impl Place {
    /// The blocks that it reaches into.
    fn blocks(&self) -> std::ops::Range<usize> {
        self.from / 64..self.to.div_ceil(64)
    }

    /// Its bits in a block.
    #[inline]
    fn range(&self, block: usize) -> u64 {
        let low = if block == self.from / 64 { u64::MAX << (self.from % 64) } else { u64::MAX };
        let high = if block == self.to / 64 { !(u64::MAX << (self.to % 64)) } else { u64::MAX };
        low & high
    }
}

/// The words near a value that say something about it, looked up when they are asked for.
struct Lookout<'a> {
    words: &'a Words,
    hits: &'a mut Vec<Hit>,
    marks: &'a [Mark],
    place: Place,
    shift: usize,
    bytes: &'a [u8],
    /// Where in the marks words were looked up, half-open.
    from: usize,
    to: usize,
    /// Where in `hits` those near the last value begin.
    nearest: usize,
}

impl Lookout<'_> {
    /// The words that begin in the region's bytes `[start - reach, end + WITHIN_AFTER)`, and some before it.
    fn around(&mut self, start: usize, end: usize) -> &[Hit] {
        let reach = self.words.reach();
        let from = (start + self.shift).saturating_sub(reach).max(self.place.from);
        let to = (end + self.shift + WITHIN_AFTER).min(self.place.to);
        if from < self.from || from > self.to {
            self.hits.clear();
            (self.from, self.to, self.nearest) = (from, from, 0);
        }
        if to > self.to {
            let range = Place { from: self.to, to, ..self.place };
            for b in range.blocks() {
                for bit in bits(self.marks[b].starts & range.range(b)) {
                    let at = b * 64 + bit;
                    each_word(self.marks, self.bytes, at, self.place.to, self.shift, |end| {
                        if !self.words.may_be(self.bytes, at - self.shift, end - self.shift) {
                            return;
                        }
                        for hit in self.words.look_up(self.bytes, at - self.shift, end - self.shift) {
                            if self.hits.last().is_none_or(|l| (l.start, l.phrase) != (hit.start, hit.phrase)) {
                                self.hits.push(hit);
                            }
                        }
                    });
                }
            }
            self.to = to;
        }
        let far = |h: &Hit| (h.start as usize) + reach < start;
        while self.hits[..self.nearest].last().is_some_and(|h| !far(h)) {
            self.nearest -= 1;
        }
        while self.hits.get(self.nearest).is_some_and(far) {
            self.nearest += 1;
        }
        &self.hits[self.nearest..]
    }
}

/// Calls `look` with the end of the word that begins at `at`, and of what it makes with the words behind it in one
/// camelCase name (`eMail`).
#[inline]
fn each_word(marks: &[Mark], bytes: &[u8], at: usize, to: usize, shift: usize, mut look: impl FnMut(usize)) {
    if let Some(wide) = [(0xf0, 4), (0xe0, 3)].iter().find(|w| bytes[at - shift] >= w.0) {
        return look((at + wide.1).min(to));
    }
    let mut end = at;
    for _ in 0..MOST_PARTS {
        end = stop_after(marks, end, to);
        look(end);
        if end >= to || marks[end / 64].starts >> (end % 64) & 1 == 0 {
            break;
        }
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

/// More words of a camelCase name are not looked up together.
const MOST_PARTS: usize = 6;

/// How many word bytes stand from `at` on, up to [`RUN`]; none from `to` on.
#[inline]
fn run_of(marks: &[Mark], at: usize, to: usize) -> usize {
    let bit = at % 64;
    let mut word = marks[at / 64].word >> bit;
    if bit > 64 - RUN
        && let Some(next) = marks.get(at / 64 + 1)
    {
        word |= next.word << (64 - bit);
    }
    (word.trailing_ones() as usize).min(RUN).min(to - at)
}

/// How many digits stand from `at` on, up to 64; none from `to` on.
#[inline]
fn digits_of(marks: &[Mark], at: usize, to: usize) -> usize {
    let bit = at % 64;
    let mut digits = marks[at / 64].digit >> bit;
    if bit > 64 - RUN
        && let Some(next) = marks.get(at / 64 + 1)
    {
        digits |= next.digit << (64 - bit);
    }
    (digits.trailing_ones() as usize).min(to - at)
}

/// The first byte behind `at` that ends a word; `to` if there is none before.
#[inline]
fn stop_after(marks: &[Mark], at: usize, to: usize) -> usize {
    let mut block = at / 64;
    // Two shifts: one of 64 would be none.
    let mut stops = marks[block].stops & (u64::MAX << (at % 64) << 1);
    while stops == 0 {
        block += 1;
        if block * 64 >= to {
            return to;
        }
        stops = marks[block].stops;
    }
    (block * 64 + stops.trailing_zeros() as usize).min(to)
}

/// Appends the matches of a batch, ordered by start.
pub(super) fn scan(set: &Classifiers, scratch: &mut Scratch, batch: &Batch, out: &mut Vec<Match>) {
    let Scratch { caches, hints, samples, marks, cell_marks, memory, memo, words, spoken, refusals, normal, led, every } = scratch;
    let engine = &set.engine;
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
        // While quiet patterns are tried, what is found depends on the cells before.
        let key = if inside && sample.active().is_empty() { memo.key(cell.field, region.bytes) } else { None };
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
        let says = set.says(name).into_boxed_slice();
        let of = |list: &[Vec<u32>]| list.iter().zip(&says).filter(|(_, s)| **s == Says::For).flat_map(|(w, _)| w.clone()).collect();
        let (columns, called) = (of(&set.engine.whole), of(&set.engine.called));
        let mut named = vec![0u64; set.engine.words.stride()];
        says.iter().enumerate().filter(|(_, s)| **s == Says::For).for_each(|(c, _)| named[c / 64] |= 1 << (c % 64));
        if named.iter().all(|w| *w == 0) {
            named.clear();
        }
        Hints { columns, called, named: named.into(), says }
    }
}
