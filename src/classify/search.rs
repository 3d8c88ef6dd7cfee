//! From a batch to its matches: a text as one region, or cell by cell.
//!
//! A cell is asked what was asked before where that is known to be enough: the same bytes in the same column (`memo`), a column
//! of one type (`typed`), digits and signs of the same outline (`outline`). All others are walked through (`engine`).

use std::sync::Arc;

use regex_automata::hybrid::dfa::Cache;

use super::edges;
use super::engine::{Spot, Starts, Walk};
use super::entries::Entries;
use super::finish::finish;
use super::glance::Glances;
use super::hints::{Hints, NamesHeard};
use super::lookout::{Heard, Place};
use super::marks::Marks;
use super::memo::Memo;
use super::outline::{Looked, Outlines};
use super::plan::{Ask, Known, Step};
use super::set::Classifiers;
use super::shapes::Memory;
use super::tables::Engine;
use super::uuid;
use super::verify::{Refusal, Region, Sample, core_cells, span};
use super::words::Hit;
use crate::base::{Batch, Evidence, Match};

/// What a thread keeps between scans. One for each thread and set.
pub struct Scratch {
    caches: Vec<Option<Cache>>,
    /// By field: what its name says.
    hints: Vec<Arc<Hints>>,
    names: NamesHeard,
    /// By field: which quiet patterns its cells of this batch are still tried for.
    samples: Vec<Sample>,
    marks: Marks,
    /// The marks of a cell that does not end where tokens do, or of one of few.
    cell_marks: Marks,
    /// Few cells of the last batch were walked through: each has marks of its own.
    scattered: bool,
    memory: Memory,
    memo: Memo,
    /// Before a column's first cells have shown what it holds, and from then on.
    outlines: [Outlines; 2],
    steps: Vec<Step>,
    words: Vec<Hit>,
    heard: Vec<Heard>,
    glances: Glances,
    /// Whose keywords stand near a number, a bit a classifier.
    spoken: Vec<u64>,
    refusals: Vec<Refusal>,
    normal: Vec<u8>,
    led: Vec<u32>,
    unfit: Vec<u16>,
    every: bool,
    /// What is known of dictionaries.
    pub(super) entries: Entries,
    /// Cells are entries of a dictionary, each to be tried for everything: whether anything was found in each.
    pub(super) trial: Option<Vec<bool>>,
}

/// Marks of a cell of its own cost what those of so many bytes of a batch do.
const MARKS_OF_ONE: usize = 128;

impl Scratch {
    /// For scans with this set only.
    pub fn new(_set: &Classifiers) -> Scratch {
        Scratch {
            caches: Vec::new(),
            hints: Vec::new(),
            names: NamesHeard::default(),
            samples: Vec::new(),
            marks: Marks::default(),
            cell_marks: Marks::default(),
            scattered: false,
            memory: Memory::new(),
            memo: Memo::default(),
            outlines: Default::default(),
            steps: Vec::new(),
            words: Vec::new(),
            heard: Vec::new(),
            glances: Glances::default(),
            spoken: Vec::new(),
            refusals: Vec::new(),
            normal: Vec::new(),
            led: Vec::new(),
            unfit: Vec::new(),
            every: false,
            entries: Entries::default(),
            trial: None,
        }
    }

    /// Whether candidates are given that no column can prove and no word supports: nine digits in a text may be anything.
    pub fn give_all(&mut self, all: bool) {
        self.every = all;
    }

    /// No cell has an outline from now on.
    #[cfg(test)]
    pub(super) fn without_outlines(&mut self) {
        self.outlines.iter_mut().for_each(Outlines::give_up);
    }

    /// Another member follows: what is known of its predecessor's fields is forgotten.
    pub fn reset(&mut self) {
        self.hints.clear();
        self.entries.clear();
        self.memo.clear();
        self.glances.forget_values();
        self.outlines.iter_mut().for_each(Outlines::clear);
        self.refusals.clear();
    }

    /// What the last scan refused, at most one for each cell and classifier, ordered by cell.
    pub fn refusals(&self) -> &[Refusal] {
        &self.refusals
    }
}

/// Appends the matches of a batch, ordered by start.
pub(super) fn scan(set: &Classifiers, scratch: &mut Scratch, batch: &Batch, out: &mut Vec<Match>) {
    let Scratch {
        caches,
        hints,
        names,
        samples,
        marks,
        cell_marks,
        scattered,
        memory,
        memo,
        outlines,
        steps,
        words,
        heard,
        glances,
        spoken,
        refusals,
        normal,
        led,
        unfit,
        every,
        trial,
        ..
    } = scratch;
    let engine = set.engine();
    caches.resize_with(engine.patterns.len(), || None);
    spoken.resize(engine.words.stride(), 0);
    refusals.clear();
    let mut walk = Walk {
        set,
        engine,
        caches,
        memory,
        spoken,
        normal,
        led,
        refused: refusals,
        unfit,
        field: 0,
        watched: false,
        steps,
        named: &[],
        out,
    };
    if batch.cells.is_empty() {
        marks.make(&batch.bytes, &engine.beginnings);
        let from = walk.out.len();
        let span = span(set, batch);
        let place = Place { from: 0, to: batch.bytes.len(), begin: span.start, end: span.end };
        walk.region(&mut Spot::new(
            engine,
            marks,
            place,
            0,
            Region { every: *every, ..Region::text(&batch.bytes) },
            (words, heard, glances),
        ));
        walk.refused.clear();
        overwrite(walk.normal);
        glances.forget_values();
        finish(walk.out, from);
        return;
    }
    samples.resize_with(batch.fields.len().max(samples.len()), Sample::default);
    samples.iter_mut().for_each(|s| s.start(engine.words.stride()));
    outlines.iter_mut().for_each(Outlines::begin);
    for name in &batch.fields[hints.len().min(batch.fields.len())..] {
        hints.push(names.of(set, name));
    }
    if !*scattered {
        marks.make(&batch.bytes, &engine.beginnings);
    }
    let mut walked = 0;
    for i in core_cells(batch) {
        let cell = &batch.cells[i];
        let (start, end) = (cell.start as usize, cell.end as usize);
        let field = cell.field as usize;
        let (Some(hint), Some(sample)) = (hints.get(field), samples.get_mut(field)) else { continue };
        let (from, refused_from) = (walk.out.len(), walk.refused.len());
        let inside = batch.core.start <= start && end <= batch.core.end;
        // Before, what is found depends on the cells before: nothing is recalled.
        let decided = sample.is_decided();
        let key = if inside && decided { memo.key(cell.field, batch.value(cell)) } else { None };
        if key.is_some_and(|k| memo.recall(&k, i as u32, cell.start, walk.out, walk.refused)) {
            continue;
        }
        let region = Region { every: *every, ..Region::cell(batch, i, &hint.says, sample.active()) };
        walk.field = cell.field;
        walk.named = &hint.named;
        // Who asks for everything is not content with what the column is of.
        let typed = sample.typed().filter(|_| !*every);
        // Called patterns are looked for by what the bytes are.
        let uncalled = hint.called.is_empty();
        let planned = inside && trial.is_none() && (uncalled || typed.is_some()) && !*every && !engine.odd_starters;
        let outlines = &mut outlines[usize::from(decided)];
        let place = (cell.field, &batch.bytes[..], start, end);
        let looked = if planned { outlines.find(place, sample.active(), typed) } else { Looked::None };
        let known = walk.by_outline(outlines, looked, typed, region);
        if known != Known::All {
            // Values may begin with its signs: their digits are looked at.
            let outline =
                (looked != Looked::None && uncalled).then(|| outlines.current()).filter(|o| !o.opens(|a, b| engine.may_sign(a, b)));
            let Walk { caches, normal, unfit, out, .. } = &mut walk;
            let is_all = region.whole == (0, end - start);
            let find = |i: u32| match (&engine.patterns[i as usize], &mut caches[i as usize]) {
                (p, cache) if is_all => p.end_of_all(cache, region.bytes),
                (p, cache) => p.end(cache, region.bytes, region.whole.0),
            };
            let typed = typed.filter(|_| known == Known::Nothing).is_some_and(|t| t.fills(set, &region, normal, out, unfit, find));
            // Nothing in it but numbers of a machine, and no word that says more of them.
            let uuid = !typed
                && planned
                && decided
                && uncalled
                && outline.is_none()
                && uuid::is_small(region.bytes)
                && hint.columns.is_empty()
                && hint.named.is_empty()
                && sample.active().iter().all(|w| *w == 0)
                && uuid::words(region.bytes).all(|(from, to)| engine.words.start(region.bytes, from, to).is_none());
            if typed {
                walk.refused.extend(walk.unfit.iter().map(|&classifier| Refusal { field: cell.field, classifier }));
            } else if let Some(alone) = engine.uuid.alone.as_ref().filter(|_| uuid) {
                let mut spot = Spot::silent(engine, Place { from: start, to: end, begin: start, end }, start, region);
                for &(at, p) in alone {
                    let fits = engine.patterns[p as usize].prefix.iter().zip(&region.bytes[usize::from(at)..]).all(|(set, b)| set.has(*b));
                    if fits {
                        walk.attempt(p, &mut spot, usize::from(at), false, &mut Starts::default());
                    }
                }
            } else if end - start >= 2 {
                walk.watched = outline.is_some();
                walk.steps.clear();
                let whole = region.whole;
                walked += 1;
                let mut spot = if *scattered || joins(&batch.bytes[..start]) {
                    cell_marks.make(region.bytes, &engine.beginnings);
                    let place = Place { from: 0, to: end - start, begin: 0, end: end - start };
                    Spot::new(engine, cell_marks, place, 0, region, (words, heard, glances))
                } else {
                    Spot::new(engine, marks, Place { from: start, to: end, begin: start, end }, start, region, (words, heard, glances))
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
                if let Some(outline) = outline {
                    // Words are looked up in each cell.
                    if heard.iter().all(|h| h.words == 0) && !has_phrases(engine, region.bytes) {
                        let of = |s: &Step| Ask::of(&engine.patterns[s.pattern as usize], *s, &outline, &region);
                        let asks: Vec<Ask> = walk.steps.iter().filter_map(of).collect();
                        outlines.keep(&asks, &engine.patterns);
                    }
                    walk.watched = false;
                }
            }
        }
        conclude(&mut walk, batch, start, (from, refused_from));
        if let Some(found) = trial {
            found.push(walk.out.len() > from || walk.refused.len() > refused_from);
            continue;
        }
        sample.add(engine, &walk.out[from..], &batch.core);
        if let Some(key) = key {
            memo.keep(key, cell.start, &walk.out[from..], &walk.refused[refused_from..]);
        }
    }
    if trial.is_none() && !core_cells(batch).is_empty() {
        *scattered = walked * MARKS_OF_ONE < batch.bytes.len();
    }
    // PRIVACY: no value outlives its batch.
    memo.forget_values();
    glances.forget_values();
    overwrite(walk.normal);
}

/// Orders what a cell that begins at `start` gave: all matches and refusals behind the first `from` and `refused_from`.
#[inline]
fn conclude(walk: &mut Walk<'_>, batch: &Batch, start: usize, (from, refused_from): (usize, usize)) {
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
    if walk.out.len() > from {
        finish(walk.out, from);
    }
}

/// PRIVACY: a longer value may have been in it before.
fn overwrite(normal: &mut Vec<u8>) {
    normal.resize(normal.capacity(), 0);
    normal.fill(0);
    normal.clear();
}

/// Whether a phrase may begin in the bytes if they had other digits.
fn has_phrases(engine: &Engine, bytes: &[u8]) -> bool {
    let is_start = |at: usize| match at.checked_sub(1).map(|before| bytes[before]) {
        Some(b) => !b.is_ascii_alphanumeric() || b.is_ascii_lowercase() && bytes[at].is_ascii_uppercase(),
        None => true,
    };
    (0..bytes.len()).filter(|at| bytes[*at].is_ascii_alphabetic() && is_start(*at)).any(|at| {
        let run = bytes[at..].iter().take_while(|b| b.is_ascii_alphabetic()).count();
        (1..=run).any(|n| engine.words.start_of(&bytes[at..at + n]) != 0)
    })
}

/// Whether what stands behind these bytes may be taken for a part of what they end with.
fn joins(before: &[u8]) -> bool {
    let Some(&last) = before.last() else { return false };
    let digit = || before.len() > 1 && before[before.len() - 2].is_ascii_digit();
    edges::is_word(last) || last == b'\\' || !last.is_ascii() || (matches!(last, b'-' | b'.' | b':' | b'/' | b'+') && digit())
}
