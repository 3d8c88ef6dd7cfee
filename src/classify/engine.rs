//! The fast way from bytes to matches.
//!
//! A *region* (a cell, or a text as a whole) is walked once. At every start of a token a table says, from the next
//! [`PREFIX`] bytes, which patterns can begin there: one 64-bit word for 64 patterns, `and`-ed over the positions. The few
//! that are left are verified one by one. Patterns with a rare byte in the middle (`@`) are tried backwards from it;
//! patterns that need a label, behind labels, which are entries of the same table.
//!
//! PERF: the walk looks up a class for every byte (about 1 ns); bitmaps of 64 bytes at once (SIMD) would take a tenth.

use regex_automata::hybrid::dfa::Cache;

use super::columns::Says;
use super::definition::Classifier;
use super::edges::{self, is_word};
use super::keywords::{Keywords, Window};
use super::pattern::{Anchor, ByteSet, PREFIX, Pattern};
use super::set::Classifiers;
use super::verify::{Outcome, Region, core_cells, finish, span, verify};
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
    /// By field: what its name says about each classifier, once it was asked.
    hints: Vec<Option<Hints>>,
    window: Window,
    refusals: Vec<Refusal>,
    normal: Vec<u8>,
}

struct Hints {
    says: Box<[Says]>,
    /// Patterns to be tried on every cell as a whole.
    columns: Vec<u32>,
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
    entries: Vec<Entry>,
}

/// Lengths from here on are not told apart.
const FITS: usize = 32;

struct Label {
    phrase: Vec<u8>,
    patterns: Vec<u32>,
}

const WORD: u8 = 1;
const START: u8 = 2;
const RARE: u8 = 4;

/// The compiled set.
pub(super) struct Engine {
    pub patterns: Vec<Pattern>,
    groups: Vec<Group>,
    class: [u8; 256],
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
        let mut class = [0u8; 256];
        for b in 0..=u8::MAX {
            let i = usize::from(b);
            class[i] |= if is_word(b) { WORD } else { 0 };
            class[i] |= if entries.iter().any(|e| e.1[0].has(b)) { START } else { 0 };
            class[i] |= if rare.iter().any(|r| r.0 == b) { RARE } else { 0 };
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
            Group { masks, fits, entries: chunk.iter().map(|e| e.0).collect() }
        });
        let groups = groups.collect();
        let longest_value = patterns.iter().map(|p| p.max_len).max().unwrap_or(0);
        let longest_label = classifiers.iter().flat_map(|c| &c.context.labels).map(String::len).max().unwrap_or(0) + edges::LONGEST_GAP;
        Engine { patterns, groups, class, labels, rare, whole, longest_value, longest_label }
    }
}

struct Walk<'a> {
    set: &'a Classifiers,
    keywords: &'a Keywords,
    caches: &'a mut [Option<Cache>],
    window: &'a mut Window,
    normal: &'a mut Vec<u8>,
    refused: &'a mut Vec<Refusal>,
    field: u32,
    out: &'a mut Vec<Match>,
}

impl Walk<'_> {
    fn attempt(&mut self, pattern: u32, r: &Region<'_>, start: usize, labelled: bool) {
        let p = &self.set.engine.patterns[pattern as usize];
        if !edges::starts(r.bytes, start, p.edges) {
            return;
        }
        let Some(end) = p.end(&mut self.caches[pattern as usize], r.bytes, start) else { return };
        let c = self.set.get(p.classifier);
        let (keywords, window) = (self.keywords, &mut *self.window);
        let near = || keywords.near(window, r.bytes, start, end, p.classifier);
        match verify(c, p, r, start, end, labelled, self.normal, near) {
            Outcome::Found(m) => self.out.push(m),
            Outcome::Refused => self.refused.push(Refusal { field: self.field, classifier: p.classifier }),
            Outcome::Nothing => {}
        }
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

    fn rare(&mut self, byte: u8, r: &Region<'_>, at: usize, from: usize) {
        let engine = &self.set.engine;
        let Some((_, patterns)) = engine.rare.iter().find(|x| x.0 == byte) else { return };
        for &i in patterns {
            let p = &engine.patterns[i as usize];
            let Anchor::Byte { back, .. } = p.anchor else { continue };
            let mut s = at;
            while s > from && at - s < back && p.before.has(r.bytes[s - 1]) {
                s -= 1;
                if p.prefix[0].has(r.bytes[s]) && edges::token_starts(r.bytes, s) {
                    self.attempt(i, r, s, false);
                }
            }
        }
    }

    fn region(&mut self, r: &Region<'_>, from: usize, to: usize) {
        let engine = &self.set.engine;
        let bytes = r.bytes;
        let mut word_before = from > 0 && is_word(bytes[from - 1]);
        for at in from..to {
            let class = engine.class[usize::from(bytes[at])];
            // Values start where tokens do; labels, which are letters, also inside camelCase and behind `_` and digits.
            let inside = word_before && class & WORD != 0;
            let starts = class & START != 0
                && (!inside || edges::after_escape(bytes, at) || (bytes[at].is_ascii_alphabetic() && edges::word_starts(bytes, at)));
            word_before = class & WORD != 0;
            if starts {
                self.candidates(r, at);
            }
            if class & RARE != 0 {
                self.rare(bytes[at], r, at, from);
            }
        }
    }

    fn candidates(&mut self, r: &Region<'_>, at: usize) {
        let engine = &self.set.engine;
        let next = &r.bytes[at..];
        for group in &engine.groups {
            let mut m = group.masks[0][usize::from(next[0])] & group.fits[next.len().min(FITS - 1)];
            if m == 0 {
                continue;
            }
            if let Some(next) = next.first_chunk::<PREFIX>() {
                for (mask, &b) in group.masks.iter().zip(next).skip(1) {
                    m &= mask[usize::from(b)];
                    if m == 0 {
                        break;
                    }
                }
            } else {
                for (mask, &b) in group.masks.iter().zip(next) {
                    m &= mask[usize::from(b)];
                }
            }
            while m != 0 {
                let bit = m.trailing_zeros() as usize;
                m &= m - 1;
                match group.entries[bit] {
                    Entry::Pattern(p) => self.attempt(p, r, at, false),
                    Entry::Labels(l) => self.labels(l, r, at),
                }
            }
        }
    }
}

/// Appends the matches of a batch, ordered by start.
pub(super) fn scan(set: &Classifiers, scratch: &mut Scratch, batch: &Batch, out: &mut Vec<Match>) {
    let Scratch { caches, hints, window, refusals, normal } = scratch;
    refusals.clear();
    window.clear();
    let mut walk = Walk { set, keywords: &set.keywords, caches, window, normal, refused: refusals, field: 0, out };
    if batch.cells.is_empty() {
        let from = walk.out.len();
        let span = span(set, batch);
        walk.region(&Region::text(&batch.bytes), span.start, span.end);
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
            walk.region(&region, 0, region.bytes.len());
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
        Hints { says, columns }
    })
}
