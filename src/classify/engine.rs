//! The fast way from bytes to matches.
//!
//! The bytes of a batch become bitmaps first (`marks`). Then, for each *region* (a cell, or a text as a whole): every word
//! is looked up once, by its hash, in the table of all phrases (`words`); at every number, and at what stands before
//! numbers, the kinds of the bytes there say which patterns can begin (`shapes`); patterns with an `@` are tried at the
//! starts before it; the few that can begin anywhere have a table of possible first bytes at the starts of tokens; labels
//! lead to the rest. The few candidates that are left are verified one by one (`automaton`, `verify`).
//!
//! PERF: what costs is a token that is looked at, not a classifier: words and shapes answer for all classifiers at once.

use std::collections::BTreeMap;

use regex_automata::hybrid::dfa::Cache;

use super::columns::Says;
use super::definition::{Classifier, Separator};
use super::edges;
use super::marks::{Mark, Marks, SIGNS, bits};
use super::pattern::{Anchor, ByteSet, LEAD, PREFIX, Pattern, RUN};
use super::set::Classifiers;
use super::shapes::{Candidates, Key, Memory, Shapes};
use super::verify::{Outcome, Region, Sample, core_cells, finish, has, span, verify};
use super::words::{Hit, Nearby, WITHIN_AFTER, Words};
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
    words: Vec<Hit>,
    /// Whose keywords stand near a number, a bit a classifier.
    spoken: Vec<u64>,
    refusals: Vec<Refusal>,
    normal: Vec<u8>,
}

struct Hints {
    says: Box<[Says]>,
    /// The classifiers that the name speaks for, a bit each.
    named: Box<[u64]>,
    /// Patterns to be tried on every cell as a whole.
    columns: Vec<u32>,
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
            words: Vec::new(),
            spoken: vec![0; set.engine.words.stride()],
            refusals: Vec::new(),
            normal: Vec::new(),
        }
    }

    /// Another member follows: what is known of its predecessor's fields is forgotten.
    pub fn reset(&mut self) {
        self.hints.clear();
        self.refusals.clear();
    }

    /// What the last scan refused, at most one for each cell and classifier, ordered by cell.
    pub fn refusals(&self) -> &[Refusal] {
        &self.refusals
    }
}

/// Patterns that can begin at any token, 64 at a time.
struct Group {
    /// Which patterns can stand where a token has so many word bytes.
    runs: [u64; RUN + 1],
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
    /// Signs that values begin with, the last one repeated.
    signs: Option<[u8; SIGNS]>,
    /// Patterns with an `@`.
    at: Vec<u32>,
    /// By classifier: patterns to try on whole cells where the column's name speaks for it.
    whole: Vec<Vec<u32>>,
    pub longest_value: usize,
    pub longest_label: usize,
}

impl Engine {
    /// The error names the sign that is one too many to begin values with.
    pub fn new(classifiers: &[Classifier], patterns: Vec<Pattern>) -> Result<Engine, String> {
        let (mut numbers, mut loose, mut at) = (Vec::new(), Vec::new(), Vec::new());
        let mut whole = vec![Vec::new(); classifiers.len()];
        let mut labels: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        let mut first = ByteSet::default();
        for (i, p) in (0u32..).zip(&patterns) {
            let c = usize::from(p.classifier);
            match p.anchor {
                Anchor::Start => {
                    if p.loose != p.prefix[0] {
                        numbers.push(i);
                    }
                    if !p.loose.is_empty() {
                        loose.push(i);
                        first.union(&p.loose);
                    }
                }
                Anchor::At { .. } => at.push(i),
                Anchor::Label | Anchor::Column => whole[c].push(i),
            }
            if p.anchor == Anchor::Label {
                for l in &classifiers[c].context.labels {
                    labels.entry(l.to_lowercase()).or_default().push(i);
                }
            }
        }
        let signs: Vec<u8> = (0..=u8::MAX).filter(|b| first.has(*b) && !edges::is_word(*b)).collect();
        if signs.len() > SIGNS {
            return Err(format!("values may begin with {SIGNS} signs other than letters and digits, these are {}", signs.len()));
        }
        let signs = signs.last().map(|&last| std::array::from_fn(|i| signs.get(i).copied().unwrap_or(last)));
        let group = |chunk: &[u32]| {
            let mut masks = Box::new([[0u64; 256]; PREFIX]);
            let mut runs = [0u64; RUN + 1];
            for (bit, &p) in chunk.iter().enumerate() {
                let p = &patterns[p as usize];
                for (k, mask) in masks.iter_mut().enumerate() {
                    let set = if k == 0 { &p.loose } else { &p.prefix[k] };
                    (0..=u8::MAX).filter(|b| set.has(*b)).for_each(|b| mask[usize::from(b)] |= 1 << bit);
                }
                runs.iter_mut().enumerate().filter(|(r, _)| p.runs >> r & 1 != 0).for_each(|(_, m)| *m |= 1 << bit);
            }
            Group { runs, masks, patterns: chunk.to_vec() }
        };
        let groups = loose.chunks(64).map(group).collect();
        let longest_value = patterns.iter().map(|p| p.max_len).max().unwrap_or(0);
        let longest_label = classifiers.iter().flat_map(|c| &c.context.labels).map(String::len).max().unwrap_or(0);
        Ok(Engine {
            shapes: Shapes::new(&patterns, numbers),
            words: Words::new(classifiers, &labels),
            groups,
            signs,
            at,
            whole,
            longest_value,
            longest_label: 2 * longest_label + edges::LONGEST_GAP,
            patterns,
        })
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

struct Walk<'a> {
    set: &'a Classifiers,
    engine: &'a Engine,
    caches: &'a mut [Option<Cache>],
    memory: &'a mut Memory,
    words: &'a mut Vec<Hit>,
    spoken: &'a mut Vec<u64>,
    normal: &'a mut Vec<u8>,
    refused: &'a mut Vec<Refusal>,
    field: u32,
    named: &'a [u64],
    /// Where in `words` those near the last value begin.
    nearest: usize,
    out: &'a mut Vec<Match>,
}

/// Whether a value of either rule may start at a place, once asked.
type Starts = [Option<bool>; 2];

impl Walk<'_> {
    /// Tries one pattern at one place; `true`: it is found there, and would be reported.
    fn attempt(&mut self, pattern: u32, r: &Region<'_>, start: usize, labelled: bool, starts: &mut Starts) -> bool {
        let p = &self.engine.patterns[pattern as usize];
        if !*starts[p.edges as usize].get_or_insert_with(|| edges::starts(r.bytes, start, p.edges)) {
            return false;
        }
        let Some(end) = p.end(&mut self.caches[pattern as usize], r.bytes, start) else { return false };
        let (words, hits, nearest) = (&self.engine.words, &*self.words, &mut self.nearest);
        let near =
            || if hits.is_empty() { Nearby::default() } else { words.near(seek(words, hits, nearest, start), start, end, p.classifier) };
        match verify(self.set.get(p.classifier), p, r, start, end, labelled, self.normal, near) {
            Outcome::Found(m) => {
                self.out.push(m);
                return m.confidence >= crate::base::REPORTED_FROM;
            }
            Outcome::Refused => self.refused.push(Refusal { field: self.field, classifier: p.classifier }),
            Outcome::Nothing => {}
        }
        false
    }

    /// Searches a region: `shift` is what its first byte has in the marks.
    fn region(&mut self, marks: &[Mark], place: Place, shift: usize, r: &Region<'_>) {
        self.words.clear();
        self.nearest = 0;
        self.look_up_words(marks, place, shift, r);
        let mut last = usize::MAX;
        for b in place.blocks() {
            let m = &marks[b];
            let range = place.range(b);
            for bit in bits((m.digits | m.open) & range) {
                let at = b * 64 + bit;
                let start = if m.open >> bit & 1 != 0 { at } else { token_of(marks, at, place.from) };
                if start >= place.end {
                    break;
                }
                if start >= place.begin && start != last {
                    last = start;
                    self.number(marks, place, shift, r, start);
                }
            }
            for bit in bits(m.at & range) {
                self.before_at(r, b * 64 + bit - shift, place.begin - shift);
            }
            for bit in bits((m.tokens | m.signs) & range) {
                let at = b * 64 + bit;
                if (place.begin..place.end).contains(&at) {
                    self.token(r, at - shift, run_of(marks, at, place.to));
                }
            }
        }
    }

    /// Remembers the words of a region that mean something, and tries what labels lead to.
    fn look_up_words(&mut self, marks: &[Mark], place: Place, shift: usize, r: &Region<'_>) {
        let engine = self.engine;
        for b in place.blocks() {
            for bit in bits(marks[b].starts & place.range(b)) {
                let start = b * 64 + bit;
                let mut end = start;
                // A camelCase name is looked up to the end of each of its words: `eMail`.
                for _ in 0..MOST_PARTS {
                    end = stop_after(marks, end, place.to);
                    if end - start > 1 {
                        let hits = engine.words.look_up(r.bytes, start - shift, end - shift);
                        for hit in hits {
                            if engine.words.means(hit.phrase)
                                && self.words.last().is_none_or(|l| (l.start, l.phrase) != (hit.start, hit.phrase))
                            {
                                self.words.push(hit);
                            }
                            if (place.begin..place.end).contains(&start) {
                                self.labelled(r, hit);
                            }
                        }
                    }
                    if end >= place.to || marks[end / 64].starts >> (end % 64) & 1 == 0 {
                        break;
                    }
                }
            }
        }
    }

    /// Tries the patterns that a label leads to.
    fn labelled(&mut self, r: &Region<'_>, label: Hit) {
        let engine = self.engine;
        let labels = engine.words.labels(label.phrase);
        if labels.is_empty() {
            return;
        }
        for separator in [Separator::Any, Separator::Assign] {
            let (places, n) = edges::value_starts(r.bytes, label.end as usize, separator);
            for &at in &places[..n] {
                let mut starts = Starts::default();
                for &l in labels {
                    let p = &engine.patterns[l as usize];
                    if p.separator == separator && p.prefix[0].has(r.bytes[at]) {
                        self.attempt(l, r, at, true, &mut starts);
                    }
                }
            }
        }
    }

    /// A number, or what stands before one; `start` in marks.
    fn number(&mut self, marks: &[Mark], place: Place, shift: usize, r: &Region<'_>, start: usize) {
        let at = start - shift;
        if at > 0 && r.bytes[at].is_ascii_alphanumeric() {
            if edges::is_word(r.bytes[at - 1]) {
                // Behind an escape, which may be none: `\n12` and `n12`.
                self.shape(marks, place, r, start - 1, shift);
            } else if r.bytes[at].is_ascii_digit() && at > 1 && edges::is_word(r.bytes[at - 2]) {
                // A short word before it: `AB 12 34 56 C`.
                for lead in (start - 1).saturating_sub(LEAD).max(place.begin)..start - 1 {
                    if marks[lead / 64].tokens >> (lead % 64) & 1 != 0 && lead + run_of(marks, lead, place.to) == start - 1 {
                        self.shape(marks, place, r, lead, shift);
                    }
                }
            }
        }
        self.shape(marks, place, r, start, shift);
    }

    fn shape(&mut self, marks: &[Mark], place: Place, r: &Region<'_>, start: usize, shift: usize) {
        if start < place.begin {
            return;
        }
        let engine = self.engine;
        let key = Key::of(r.bytes, start - shift, run_of(marks, start, place.to));
        let found = engine.shapes.candidates(&engine.patterns, self.memory, key);
        if found.is_empty() {
            return;
        }
        let at = start - shift;
        let mut starts = Starts::default();
        for i in 0..self.memory.free(found).len() {
            let p = self.memory.free(found)[i];
            self.attempt(p, r, at, false, &mut starts);
        }
        if self.memory.quiet(found).is_empty() && self.memory.bound(found).is_empty() {
            return;
        }
        let spoken = !self.words.is_empty() && self.spoken_near(at, at + usize::from(found.longest));
        let sampled = if at == r.whole.0 { r.sampled } else { &[] };
        if spoken || !self.named.is_empty() || !sampled.is_empty() {
            self.quiet(r, at, found, spoken, sampled, &mut starts);
        }
    }

    fn quiet(&mut self, r: &Region<'_>, at: usize, found: Candidates, spoken: bool, sampled: &[u64], starts: &mut Starts) {
        let engine = self.engine;
        let wanted = |w: &Self, c: u16| (spoken && has(w.spoken, c)) || has(w.named, c);
        for i in 0..self.memory.quiet(found).len() {
            let p = self.memory.quiet(found)[i];
            let c = engine.patterns[p as usize].classifier;
            if wanted(self, c) || has(sampled, c) {
                self.attempt(p, r, at, false, starts);
            }
        }
        for i in 0..self.memory.bound(found).len() {
            let p = self.memory.bound(found)[i];
            if wanted(self, engine.patterns[p as usize].classifier) {
                self.attempt(p, r, at, false, starts);
            }
        }
    }

    /// Collects in `spoken` whose keywords stand near `[start, end)`; `false` if there is no word at all.
    fn spoken_near(&mut self, start: usize, end: usize) -> bool {
        let words = &self.engine.words;
        let mut any = false;
        for h in seek(words, self.words, &mut self.nearest, start).iter().take_while(|h| (h.start as usize) < end + WITHIN_AFTER) {
            if !any {
                self.spoken.fill(0);
                any = true;
            }
            self.spoken.iter_mut().zip(words.speaks_for(h.phrase)).for_each(|(a, b)| *a |= b);
        }
        any
    }

    fn before_at(&mut self, r: &Region<'_>, at: usize, from: usize) {
        let engine = self.engine;
        for &i in &engine.at {
            let p = &engine.patterns[i as usize];
            let Anchor::At { back } = p.anchor else { continue };
            let least = from.max(at.saturating_sub(back));
            let run = r.bytes[least.min(at)..at].iter().rev().take_while(|b| p.before.has(**b)).count();
            for s in at - run..at {
                // What begins later ends at the same place, so that the longer one would win.
                if p.prefix[0].has(r.bytes[s])
                    && edges::token_starts(r.bytes, s)
                    && self.attempt(i, r, s, false, &mut Starts::default())
                    && !p.before.has(b'@')
                {
                    break;
                }
            }
        }
    }

    /// A token, or a sign, that a value may begin with which begins with no number.
    #[inline]
    fn token(&mut self, r: &Region<'_>, at: usize, run: usize) {
        let engine = self.engine;
        let next = &r.bytes[at..];
        for group in &engine.groups {
            let mut m = group.runs[run] & group.masks[0][usize::from(next[0])];
            if m == 0 {
                continue;
            }
            for (mask, &b) in group.masks.iter().zip(next).skip(1) {
                m &= mask[usize::from(b)];
                if m == 0 {
                    break;
                }
            }
            let mut starts = Starts::default();
            for bit in bits(m) {
                self.attempt(group.patterns[bit], r, at, false, &mut starts);
            }
        }
    }
}

/// The words from the first one on that can stand near a value at `start`; values are asked for in about their order.
fn seek<'a>(words: &Words, hits: &'a [Hit], nearest: &mut usize, start: usize) -> &'a [Hit] {
    let far = |h: &Hit| (h.start as usize) + words.widest() < start;
    while hits[..*nearest].last().is_some_and(|h| !far(h)) {
        *nearest -= 1;
    }
    while hits.get(*nearest).is_some_and(far) {
        *nearest += 1;
    }
    &hits[*nearest..]
}

/// More words of a camelCase name are not looked up together.
const MOST_PARTS: usize = 6;

/// Where the token begins that has a byte at `at`; not before `from`.
#[inline]
fn token_of(marks: &[Mark], at: usize, from: usize) -> usize {
    let mut block = at / 64;
    let mut before = marks[block].tokens & (u64::MAX >> (63 - at % 64));
    while before == 0 && block > from / 64 {
        block -= 1;
        before = marks[block].tokens;
    }
    let start = block * 64 + 63 - (before.leading_zeros() as usize).min(63);
    start.max(from)
}

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
    let Scratch { caches, hints, samples, marks, cell_marks, memory, words, spoken, refusals, normal } = scratch;
    let engine = &set.engine;
    refusals.clear();
    marks.make(&batch.bytes, engine.signs);
    let mut walk = Walk { set, engine, caches, memory, words, spoken, normal, refused: refusals, field: 0, named: &[], nearest: 0, out };
    if batch.cells.is_empty() {
        let from = walk.out.len();
        let span = span(set, batch);
        let place = Place { from: 0, to: batch.bytes.len(), begin: span.start, end: span.end };
        walk.region(&marks.all, place, 0, &Region::text(&batch.bytes));
        walk.refused.clear();
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
        let region = Region::cell(batch, i, &hint.says, sample.active());
        walk.field = cell.field;
        walk.named = &hint.named;
        let (from, refused_from) = (walk.out.len(), walk.refused.len());
        if end - start >= 2 {
            for &p in &hint.columns {
                if region.whole.0 < region.whole.1 {
                    walk.attempt(p, &region, region.whole.0, false, &mut Starts::default());
                }
            }
            let joined = start.checked_sub(1).is_some_and(|b| joins(batch.bytes[b]));
            if joined {
                cell_marks.make(region.bytes, engine.signs);
                let place = Place { from: 0, to: end - start, begin: 0, end: end - start };
                walk.region(&cell_marks.all, place, 0, &region);
            } else {
                walk.region(&marks.all, Place { from: start, to: end, begin: start, end }, start, &region);
            }
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
    }
}

/// Whether what stands behind this byte may be taken for a part of what it ends.
fn joins(before: u8) -> bool {
    edges::is_word(before) || before == b'\\' || !before.is_ascii()
}

impl Hints {
    fn new(set: &Classifiers, name: &str) -> Hints {
        let says = set.says(name).into_boxed_slice();
        let columns = set.engine.whole.iter().zip(&says).filter(|(_, s)| **s == Says::For).flat_map(|(w, _)| w.iter().copied()).collect();
        let mut named = vec![0u64; set.engine.words.stride()];
        says.iter().enumerate().filter(|(_, s)| **s == Says::For).for_each(|(c, _)| named[c / 64] |= 1 << (c % 64));
        if named.iter().all(|w| *w == 0) {
            named.clear();
        }
        Hints { columns, named: named.into(), says }
    }
}
