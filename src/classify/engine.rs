//! The fast way from bytes to matches.
//!
//! A *region* (a cell, or a text as a whole) is searched a block at a time, without a branch for each byte, for places where
//! something can begin: starts of tokens, camelCase words, and rare bytes. At each a table says which patterns can begin
//! there, one 64-bit word for 64 patterns: by the length of the run of word bytes and what follows it, then by the next
//! [`PREFIX`] bytes. The few that are left are verified one by one, most by a table of their own (`automaton`). Patterns with
//! a rare byte in the middle (`@`) are tried at the starts before it; patterns that need a label, behind labels, which are
//! entries of the same table. A cell without letters holds no keyword, so that what needs one is not tried in it.
//!
//! PERF: the search for places takes about 1 ns a byte; bitmaps of 64 bytes at once (SIMD) would take a tenth.

use regex_automata::hybrid::dfa::Cache;

use super::columns::Says;
use super::definition::{Classifier, Requires};
use super::edges::{self, is_word};
use super::keywords::{Keywords, Nearby, Window};
use super::pattern::{Anchor, ByteSet, NOTHING, PREFIX, Pattern, RUN};
use super::set::Classifiers;
use super::verify::{Outcome, Region, core_cells, finish, span, verify};
use crate::base::{Batch, Evidence, Match, REPORTED_FROM};

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
    /// By field: what its name says about each classifier, once it was asked.
    hints: Vec<Option<Hints>>,
    window: Window,
    refusals: Vec<Refusal>,
    normal: Vec<u8>,
    queue: Box<[u32; BLOCK]>,
}

struct Hints {
    says: Box<[Says]>,
    /// Patterns to be tried on every cell as a whole.
    columns: Vec<u32>,
    /// By group: which entries can be found in a cell without letters, where no word can help.
    wordless: Vec<u64>,
}

impl Scratch {
    /// For scans with this set only.
    pub fn new(set: &Classifiers) -> Scratch {
        Scratch {
            caches: set.engine.patterns.iter().map(|_| None).collect(),
            hints: Vec::new(),
            window: Window::default(),
            refusals: Vec::new(),
            normal: Vec::new(),
            queue: Box::new([0; BLOCK]),
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

/// What a bit of the table stands for.
#[derive(Clone, Copy)]
enum Entry {
    Pattern(u32),
    /// Labels with the same first two letters, as an index into `Engine::labels`.
    Labels(u32),
}

struct Group {
    /// For each position and byte: which entries allow it.
    masks: Box<[[u64; 256]; PREFIX]>,
    /// Which entries can fit into so many bytes.
    fits: [u64; FITS],
    /// Which entries can begin with so many word bytes and the byte that follows them.
    shape: Box<[[u64; 257]; RUN + 1]>,
    entries: Vec<Entry>,
}

/// Lengths from here on are not told apart.
const FITS: usize = 32;

struct Label {
    phrase: Vec<u8>,
    patterns: Vec<u32>,
}

/// How many bytes are searched for places before the places are looked at.
const BLOCK: usize = 512;

// Why a place is looked at. A byte's entry in `Engine::class` says in its lowest byte which of these its being there
// allows, in the next one which of them the byte before allows, in the third one which of them the byte before that does.
/// A value can begin with it, and no word goes on.
const AFTER_NO_WORD: u32 = 1;
/// A letter behind an underscore: a label can begin.
const AFTER_UNDERSCORE: u32 = 1 << 1;
/// A capital behind a small letter: a label can begin.
const CAMEL: u32 = 1 << 2;
/// Behind the letter of an escape such as `\n`.
const AFTER_ESCAPE: u32 = 1 << 3;
/// A value can begin with it, and it is no part of a word.
const NO_WORD: u32 = 1 << 4;
/// A rare byte in the middle of values.
const RARE: u32 = 1 << 5;
const REASONS: u32 = 0x3f;
const STARTS: u32 = REASONS & !RARE;
/// The byte is a letter, or none that ASCII knows.
const LETTER: u32 = 1 << 31;

/// The compiled set.
pub(super) struct Engine {
    pub patterns: Vec<Pattern>,
    groups: Vec<Group>,
    class: [u32; 256],
    /// Bytes that can follow the first one, of any entry.
    pair: Box<[[u64; 4]; 256]>,
    labels: Vec<Vec<Label>>,
    /// Patterns with a rare byte, by that byte.
    rare: Vec<(u8, Vec<u32>)>,
    /// By classifier: patterns to try on whole cells where the column's name speaks for it.
    whole: Vec<Vec<u32>>,
    pub longest_value: usize,
    pub longest_label: usize,
}

impl Engine {
    pub fn new(classifiers: &[Classifier], patterns: Vec<Pattern>) -> Engine {
        let mut entries: Vec<(Entry, [ByteSet; PREFIX])> = Vec::new();
        let mut rare: Vec<(u8, Vec<u32>)> = Vec::new();
        let mut whole = vec![Vec::new(); classifiers.len()];
        let mut by_letter: std::collections::BTreeMap<[u8; 2], Vec<Label>> = std::collections::BTreeMap::new();
        for (i, p) in patterns.iter().enumerate() {
            match p.anchor {
                Anchor::Start => entries.push((Entry::Pattern(i as u32), p.prefix)),
                Anchor::Byte { byte, .. } => match rare.iter_mut().find(|r| r.0 == byte) {
                    Some(r) => r.1.push(i as u32),
                    None => rare.push((byte, vec![i as u32])),
                },
                Anchor::Label | Anchor::Column => whole[usize::from(p.classifier)].push(i as u32),
            }
        }
        for (c, classifier) in classifiers.iter().enumerate() {
            let led: Vec<u32> = (0..patterns.len() as u32)
                .filter(|&i| usize::from(patterns[i as usize].classifier) == c && patterns[i as usize].anchor == Anchor::Label)
                .collect();
            if led.is_empty() {
                continue;
            }
            for l in &classifier.context.labels {
                let phrase = l.to_ascii_lowercase().into_bytes();
                by_letter
                    .entry([phrase[0], phrase.get(1).copied().unwrap_or(0)])
                    .or_default()
                    .push(Label { phrase, patterns: led.clone() });
            }
        }
        let mut labels = Vec::new();
        for (_, list) in by_letter {
            let mut sets = [ByteSet::default(); PREFIX];
            for l in &list {
                let sure = l.phrase.iter().position(|&b| b == b' ').unwrap_or(l.phrase.len());
                for (k, set) in sets.iter_mut().enumerate() {
                    if k < sure {
                        set.insert(l.phrase[k]);
                        set.insert(l.phrase[k].to_ascii_uppercase());
                    } else if k > sure {
                        *set = ByteSet::ALL;
                    } else {
                        // A separator or the next word, or the label's end, behind which a plural's `s` may stand.
                        let next = l.phrase.get(k + 1).copied().unwrap_or(b's');
                        (0..=u8::MAX).filter(|b| !b.is_ascii_lowercase() || *b == next).for_each(|b| set.insert(b));
                    }
                }
            }
            entries.push((Entry::Labels(labels.len() as u32), sets));
            labels.push(list);
        }
        let mut class = [0u32; 256];
        let mut pair = Box::new([[0u64; 4]; 256]);
        for b in 0..=u8::MAX {
            let starting = entries.iter().filter(|e| e.1[0].has(b));
            let mut second = ByteSet::default();
            starting.clone().for_each(|e| second.union(&e.1[1]));
            (0..=u8::MAX).filter(|n| second.has(*n)).for_each(|n| pair[usize::from(b)][usize::from(n >> 6)] |= 1 << (n & 63));
            let bit = |on: bool, bit: u32| if on { bit } else { 0 };
            let start = starting.count() > 0;
            let here = bit(start && is_word(b), AFTER_NO_WORD | AFTER_ESCAPE)
                | bit(start && b.is_ascii_alphabetic(), AFTER_UNDERSCORE)
                | bit(start && b.is_ascii_uppercase(), CAMEL)
                | bit(start && !is_word(b), NO_WORD)
                | bit(rare.iter().any(|r| r.0 == b), RARE);
            let before = bit(!is_word(b), AFTER_NO_WORD)
                | bit(b == b'_', AFTER_UNDERSCORE)
                | bit(b.is_ascii_lowercase(), CAMEL)
                | bit(matches!(b, b'n' | b't' | b'r'), AFTER_ESCAPE)
                | NO_WORD
                | RARE;
            let before_that = bit(b == b'\\', AFTER_ESCAPE) | (REASONS & !AFTER_ESCAPE);
            class[usize::from(b)] = here | before << 8 | before_that << 16 | bit(b.is_ascii_alphabetic() || !b.is_ascii(), LETTER);
        }
        let groups = entries.chunks(64).map(|chunk| {
            let mut masks = Box::new([[0u64; 256]; PREFIX]);
            for (bit, (_, sets)) in chunk.iter().enumerate() {
                for (mask, set) in masks.iter_mut().zip(sets) {
                    for b in (0..=u8::MAX).filter(|b| set.has(*b)) {
                        mask[usize::from(b)] |= 1 << bit;
                    }
                }
            }
            let mut fits = [0u64; FITS];
            for (bit, (entry, _)) in chunk.iter().enumerate() {
                let least = match entry {
                    Entry::Pattern(p) => patterns[*p as usize].min_len,
                    Entry::Labels(_) => 3,
                };
                fits.iter_mut().skip(least.min(FITS - 1)).for_each(|f| *f |= 1 << bit);
            }
            let mut shape = Box::new([[0u64; 257]; RUN + 1]);
            for (bit, (entry, _)) in chunk.iter().enumerate() {
                for (length, row) in shape.iter_mut().enumerate() {
                    for (b, mask) in row.iter_mut().enumerate() {
                        let allowed = match entry {
                            Entry::Pattern(p) => patterns[*p as usize].shape[length][b],
                            Entry::Labels(_) => true,
                        };
                        *mask |= u64::from(allowed) << bit;
                    }
                }
            }
            Group { masks, fits, shape, entries: chunk.iter().map(|e| e.0).collect() }
        });
        let groups = groups.collect();
        let longest_value = patterns.iter().map(|p| p.max_len).max().unwrap_or(0);
        let longest_label = classifiers.iter().flat_map(|c| &c.context.labels).map(String::len).max().unwrap_or(0) + edges::LONGEST_GAP;
        Engine { patterns, groups, class, pair, labels, rare, whole, longest_value, longest_label }
    }
}

impl Engine {
    /// Writes to `queue` where in `here` something can begin; gives their number, and the classes of all bytes together.
    /// `before`: the classes of the two bytes before; `next`: the bytes from the second on, and the one behind if there is one.
    #[inline(never)]
    fn places(&self, before: [u32; 2], here: &[u8], next: &[u8], queue: &mut [u32; BLOCK]) -> (usize, u32) {
        let [mut before_that, mut before] = before;
        let (mut n, mut all) = (0usize, 0);
        for (at, (&b, &follows)) in here.iter().zip(next).enumerate() {
            let class = self.class[usize::from(b)];
            let why = class & (before >> 8) & (before_that >> 16);
            let follows = (self.pair[usize::from(b)][usize::from(follows >> 6)] >> (follows & 63)) as u32 & 1;
            let look = (why & RARE) | ((why & STARTS) * follows);
            queue[n % BLOCK] = at as u32;
            n += usize::from(look != 0);
            all |= class;
            before_that = before;
            before = class;
        }
        // With the last byte of all nothing is known of what follows.
        if let Some(&b) = here.get(next.len()) {
            let class = self.class[usize::from(b)];
            queue[n % BLOCK] = next.len() as u32;
            n += usize::from(class & (before >> 8) & (before_that >> 16) & REASONS != 0);
            all |= class;
        }
        (n, all)
    }
}

struct Walk<'a> {
    set: &'a Classifiers,
    keywords: &'a Keywords,
    caches: &'a mut [Option<Cache>],
    window: &'a mut Window,
    normal: &'a mut Vec<u8>,
    queue: &'a mut [u32; BLOCK],
    refused: &'a mut Vec<Refusal>,
    field: u32,
    /// The region holds no letter, and so no word either.
    wordless: bool,
    out: &'a mut Vec<Match>,
}

impl Walk<'_> {
    /// Tries one pattern at one place; `true`: it is found there, and would be reported.
    fn attempt(&mut self, pattern: u32, r: &Region<'_>, start: usize, labelled: bool) -> bool {
        let p = &self.set.engine.patterns[pattern as usize];
        edges::starts(r.bytes, start, p.edges) && self.verified(pattern, r, start, labelled)
    }

    /// The same where a value may start.
    fn verified(&mut self, pattern: u32, r: &Region<'_>, start: usize, labelled: bool) -> bool {
        let p = &self.set.engine.patterns[pattern as usize];
        let cache = &mut self.caches[pattern as usize];
        let Some((end, base)) = p.found(r.bytes, start, || p.end(cache, r.bytes, start)) else { return false };
        let c = self.set.get(p.classifier);
        let (keywords, window, wordless) = (self.keywords, &mut *self.window, self.wordless);
        let near = || if wordless { Nearby::default() } else { keywords.near(window, r.bytes, start, end, p.classifier) };
        match verify(c, p, r, start..end, base, labelled, self.normal, near) {
            Outcome::Found(m) => {
                self.out.push(m);
                return m.confidence >= REPORTED_FROM;
            }
            Outcome::Refused => self.refused.push(Refusal { field: self.field, classifier: p.classifier }),
            Outcome::Nothing => {}
        }
        false
    }

    fn labels(&mut self, group: u32, r: &Region<'_>, at: usize) {
        let engine = &self.set.engine;
        for l in &engine.labels[group as usize] {
            let Some(end) = edges::phrase_at(r.bytes, at, &l.phrase) else { continue };
            for &p in &l.patterns {
                let (starts, n) = edges::value_starts(r.bytes, end, engine.patterns[p as usize].separator);
                for &s in &starts[..n] {
                    self.attempt(p, r, s, true);
                }
            }
        }
    }

    fn rare(&mut self, r: &Region<'_>, at: usize, from: usize) {
        let engine = &self.set.engine;
        let Some((_, patterns)) = engine.rare.iter().find(|x| x.0 == r.bytes[at]) else { return };
        for &i in patterns {
            let p = &engine.patterns[i as usize];
            let Anchor::Byte { byte, back } = p.anchor else { continue };
            let least = from.max(at.saturating_sub(back));
            let run = r.bytes[least..at].iter().rev().take_while(|b| p.before.has(**b)).count();
            for s in at - run..at {
                // What begins later ends at the same place, so that the longer one would win.
                if p.prefix[0].has(r.bytes[s]) && edges::token_starts(r.bytes, s) && self.attempt(i, r, s, false) && !p.before.has(byte) {
                    break;
                }
            }
        }
    }

    /// Looks for places where something can begin, a block at a time and without a branch for each byte, then at each.
    fn region(&mut self, r: &Region<'_>, from: usize, to: usize, wordless: &[u64]) {
        let engine = &self.set.engine;
        let bytes = r.bytes;
        let class = |i: Option<usize>| i.map_or(engine.class[usize::from(b' ')], |i| engine.class[usize::from(bytes[i])]);
        let mut block = from;
        while block < to {
            let end = to.min(block + BLOCK);
            let before = [class(block.checked_sub(2)), class(block.checked_sub(1))];
            let (n, all) = engine.places(before, &bytes[block..end], &bytes[block + 1..bytes.len().min(end + 1)], self.queue);
            self.wordless = from == block && end == to && all & LETTER == 0 && self.keywords.have_letters();
            let mut looked = 0;
            while looked < n {
                let at = block + self.queue[looked] as usize;
                looked += 1;
                if engine.class[usize::from(bytes[at])] & RARE != 0 {
                    self.rare(r, at, from);
                }
                if engine.class[usize::from(bytes[at])] & STARTS != 0 {
                    self.candidates(r, at, if self.wordless { wordless } else { &[] });
                }
            }
            block = end;
        }
        self.wordless = false;
    }

    fn candidates(&mut self, r: &Region<'_>, at: usize, wordless: &[u64]) {
        let engine = &self.set.engine;
        let next = &r.bytes[at..];
        // Whether a value of either rule may start here, once asked.
        let mut starts = [None; 2];
        let (length, follows) = run_of(next);
        for (g, group) in engine.groups.iter().enumerate() {
            let mut m = group.masks[0][usize::from(next[0])] & group.shape[length][follows] & group.fits[next.len().min(FITS - 1)];
            m &= wordless.get(g).copied().unwrap_or(u64::MAX);
            if m == 0 {
                continue;
            }
            for (mask, &b) in group.masks.iter().zip(next).skip(1) {
                m &= mask[usize::from(b)];
                if m == 0 {
                    break;
                }
            }
            while m != 0 {
                let bit = m.trailing_zeros() as usize;
                m &= m - 1;
                match group.entries[bit] {
                    Entry::Pattern(p) => {
                        let edges = engine.patterns[p as usize].edges;
                        if *starts[edges as usize].get_or_insert_with(|| edges::starts(r.bytes, at, edges)) {
                            self.verified(p, r, at, false);
                        }
                    }
                    Entry::Labels(l) => self.labels(l, r, at),
                }
            }
        }
    }
}

/// How many word bytes `bytes` begins with, up to [`RUN`], and the byte behind them.
fn run_of(bytes: &[u8]) -> (usize, usize) {
    let length = bytes.iter().take(RUN).take_while(|b| is_word(**b)).count();
    (length, bytes.get(length).map_or(NOTHING, |b| usize::from(*b)))
}

/// Appends the matches of a batch, ordered by start.
pub(super) fn scan(set: &Classifiers, scratch: &mut Scratch, batch: &Batch, out: &mut Vec<Match>) {
    let Scratch { caches, hints, window, refusals, normal, queue } = scratch;
    refusals.clear();
    window.clear();
    let mut walk = Walk { set, keywords: &set.keywords, caches, window, normal, queue, refused: refusals, field: 0, wordless: false, out };
    if batch.cells.is_empty() {
        let from = walk.out.len();
        let span = span(set, batch);
        walk.region(&Region::text(&batch.bytes), span.start, span.end, &[]);
        walk.refused.clear();
        finish(walk.out, from, batch.core.clone());
        return;
    }
    for i in core_cells(batch) {
        let field = batch.cells[i].field;
        let hint = hint(set, hints, batch, field);
        let region = Region::cell(batch, i, &hint.says);
        walk.field = field;
        walk.window.clear();
        let (from, refused_from) = (walk.out.len(), walk.refused.len());
        if region.bytes.len() >= 2 {
            for &p in &hint.columns {
                if region.whole.0 < region.whole.1 {
                    walk.attempt(p, &region, region.whole.0, false);
                }
            }
            walk.region(&region, 0, region.bytes.len(), &hint.wordless);
        }
        // A cell that one pattern of a classifier accepts is not refused by another.
        let mut k = refused_from;
        for j in refused_from..walk.refused.len() {
            let r = walk.refused[j];
            let accepted = walk.out[from..].iter().any(|m| m.classifier == r.classifier && m.evidence.has(Evidence::WHOLE_CELL));
            if !accepted && !walk.refused[refused_from..k].contains(&r) && batch.core.contains(&(batch.cells[i].start as usize)) {
                walk.refused[k] = r;
                k += 1;
            }
        }
        walk.refused.truncate(k);
        finish(walk.out, from, batch.core.clone());
    }
}

fn hint<'a>(set: &Classifiers, hints: &'a mut Vec<Option<Hints>>, batch: &Batch, field: u32) -> &'a Hints {
    let i = field as usize;
    if hints.len() <= i {
        hints.resize_with(i + 1, || None);
    }
    hints[i].get_or_insert_with(|| {
        let says = set.says(batch.fields.get(i).map_or("", String::as_str)).into_boxed_slice();
        let columns = set.engine.whole.iter().zip(&says).filter(|(_, s)| **s == Says::For).flat_map(|(w, _)| w.iter().copied()).collect();
        let found = |e: &Entry| match e {
            Entry::Pattern(p) => {
                let p = &set.engine.patterns[*p as usize];
                p.requires != Requires::Context || says[usize::from(p.classifier)] == Says::For
            }
            Entry::Labels(_) => false,
        };
        let bits = |g: &Group| g.entries.iter().enumerate().filter(|(_, e)| found(e)).fold(0, |m, (bit, _)| m | 1 << bit);
        let wordless = set.engine.groups.iter().map(bits).collect();
        Hints { columns, wordless, says }
    })
}
