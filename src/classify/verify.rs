//! What both engines share: where they search, what a place must prove, and what becomes of a region's matches.

use std::ops::Range;

use super::columns::Says;
use super::confidence;
use super::definition::{Classifier, EdgeRule, Requires, Separator};
use super::edges;
use super::labels;
use super::lists;
use super::pattern::Pattern;
use super::set::Classifiers;
use super::tables::Engine;
use super::typed::{Held, Typed};
use super::words::Nearby;
use crate::base::{Batch, Evidence, Match, NO_CELL, REPORTED_FROM};

/// From this confidence on a pattern needs no words around it.
const CERTAIN: f32 = 0.95;

/// Where a search takes place.
#[derive(Clone, Copy)]
pub(super) struct Region<'a> {
    /// The cell's bytes, or the whole text.
    pub bytes: &'a [u8],
    /// Where `bytes` begins in the batch.
    pub offset: usize,
    /// The cell's index, or [`NO_CELL`].
    pub cell: u32,
    /// What the column's name says about each classifier; empty in plain text.
    pub says: &'a [Says],
    /// The cell without white space around it; an empty range at `usize::MAX` in plain text.
    pub whole: (usize, usize),
    /// The classifiers whose quiet patterns are still tried in the column, a bit each.
    pub sampled: &'a [u64],
    /// What says little alone is asked for, too.
    pub every: bool,
}

impl<'a> Region<'a> {
    pub fn text(bytes: &'a [u8]) -> Region<'a> {
        Region { bytes, offset: 0, cell: NO_CELL, says: &[], whole: (usize::MAX, usize::MAX), sampled: &[], every: false }
    }

    pub fn cell(batch: &'a Batch, index: usize, says: &'a [Says], sampled: &'a [u64]) -> Region<'a> {
        let cell = &batch.cells[index];
        let bytes = batch.value(cell);
        let start = bytes.len() - bytes.trim_ascii_start().len();
        let whole = (start, start + bytes.trim_ascii().len());
        Region { bytes, offset: cell.start as usize, cell: index as u32, says, whole, sampled, every: false }
    }
}

/// What came of a place.
pub(super) enum Outcome {
    Nothing,
    /// The value fills its cell and has the pattern's shape, but the validator refused it.
    Refused,
    Found(Match),
}

/// A value of a classifier's shape that fills its cell and that the classifier's validator refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refusal {
    /// Index into `Batch::fields`.
    pub field: u32,
    /// Index into the set.
    pub classifier: u16,
}

/// All that follows once a pattern has matched `[start, end)`: edges, validator, context, confidence. Shared by both engines;
/// `base` is its confidence before that, `near` finds the words around.
#[expect(clippy::too_many_arguments, reason = "the facts of one place; a struct would only rename them")]
pub(super) fn verify(
    c: &Classifier,
    p: &Pattern,
    r: &Region<'_>,
    Range { start, end }: Range<usize>,
    base: f32,
    labelled: bool,
    normal: &mut Vec<u8>,
    near: impl FnOnce() -> Nearby,
) -> Outcome {
    if end <= start || !edges::ends(r.bytes, end, p.edges) || p.finder.is_none() && edges::has_prefix(r.bytes, start..end) {
        return Outcome::Nothing;
    }
    if (start, end) == r.whole {
        return worth(p, r, base, labelled).map_or(Outcome::Nothing, |s| s.outcome(c, p, r, normal));
    }
    let raw = &r.bytes[start..end];
    if p.validator.is_some_and(|v| !v.check(raw)) {
        return Outcome::Nothing;
    }
    if labelled && p.separator == Separator::Assign && labels::is_code(r.bytes, start, end) {
        return Outcome::Nothing;
    }
    let unasked = matches!(p.requires, Requires::Label | Requires::Column) || base >= CERTAIN;
    let mut near = if unasked { Nearby::default() } else { near() };
    // What says little alone counts beside a word for it, and where a column may prove it.
    if p.is_alone(r) && (near.keyword.is_none() || near.is_against()) && !labelled {
        return Outcome::Nothing;
    }
    // Nor for a list.
    if near.keyword.is_none() && !labelled && is_listed(p, r.bytes, start..end) {
        near.against = Some(0);
    }
    match confidence::judge(p, base, raw, near, says(r, p), false, labelled) {
        Some((confidence, evidence)) => Outcome::Found(found(c, p, r, start..end, (confidence, evidence), normal)),
        None => Outcome::Nothing,
    }
}

/// Whether what stands beside a value says that it is one of a list by chance.
fn is_listed(p: &Pattern, bytes: &[u8], Range { start, end }: Range<usize>) -> bool {
    lists::in_list_that(bytes, start, end, |other| p.validator.is_some_and(|v| !v.check(other)))
        || p.validator.is_some() && lists::in_dump(bytes, start, end)
}

/// Checks that accept no more than this share of random values refuse most of them.
const REFUSES_MOST: f32 = 0.35;

/// So many tokens behind a value may look like a part of it: those of a day.
const MOST_CUTS: usize = 3;

/// Where a value ends whose expression matched `[start, end)`: before the last of its tokens, if it can be none with them, its check says much
/// of it without them, and they are likely something else. What follows a value may look like its next group
/// (`4012 8888 8888 1881 12/27`). A value that fills its cell has nothing behind it. Shared by both engines; `find`: where the match ends that
/// begins at `start`, in bytes of the region that are cut off behind.
#[inline]
pub(super) fn end_of(p: &Pattern, r: &Region<'_>, Range { start, end }: Range<usize>, find: impl FnMut(&[u8]) -> Option<usize>) -> usize {
    // PERF: most matches are one token.
    if p.finder.is_some() || (start, end) == r.whole || r.bytes[start..end].iter().all(|b| edges::is_word(*b)) {
        return end;
    }
    if p.edges == EdgeRule::Parameter {
        return parameter_end(r.bytes, start..end);
    }
    shortened(p, r.bytes, start..end, find).unwrap_or(end)
}

/// Where `[start, end)` ends if it is a parameter of a query or a form: before the next one, `&name=` or in HTML `&amp;name=`.
fn parameter_end(bytes: &[u8], Range { start, end }: Range<usize>) -> usize {
    let begins = |&p: &usize| {
        let Some(rest) = bytes[p..].strip_prefix(b"&") else { return false };
        let rest = rest.strip_prefix(b"amp;").unwrap_or(rest);
        let name = rest.iter().take_while(|b| edges::is_word(**b) || matches!(b, b'-' | b'.' | b'[' | b']' | b'%')).count();
        name > 0 && rest.get(name) == Some(&b'=')
    };
    (start..end).find(begins).unwrap_or(end)
}

/// See [`end_of`]; `None`: there is no better end.
#[inline(never)]
fn shortened(p: &Pattern, bytes: &[u8], Range { start, end }: Range<usize>, mut find: impl FnMut(&[u8]) -> Option<usize>) -> Option<usize> {
    let v = p.validator?;
    let is_other = match v.accepts() {
        _ if v.leaves_little() => edges::is_apart,
        // Every third of all numbers is some telephone's: only what is certainly no part of one.
        share if share <= REFUSES_MOST => edges::is_moment_behind,
        _ => return None,
    };
    if edges::ends(bytes, end, p.edges) && v.check(&bytes[start..end]) {
        return None;
    }
    let mut limit = end;
    for _ in 0..MOST_CUTS {
        limit -= bytes[start..limit].iter().rev().take_while(|b| !edges::is_word(**b)).count();
        limit -= bytes[start..limit].iter().rev().take_while(|b| edges::is_word(**b)).count();
        limit = find(&bytes[..limit])?;
        if edges::ends(bytes, limit, p.edges) && is_other(bytes, start..limit) && v.check(&bytes[start..limit]) {
            return Some(limit);
        }
    }
    None
}

/// What becomes of a value that fills its cell, once its validator has said whether it is one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Worth {
    /// Its confidence, and what that rests on; `None`: what the pattern requires is missing.
    pub found: Option<(f32, Evidence)>,
    /// Whether it counts as refused where the validator refuses it.
    may_refuse: bool,
}

/// What the pattern and the column decide of a value that fills its cell: around it there is no room for a word. `None`: nothing comes of
/// it. Of the value itself only counts whether it is of digits.
pub(super) fn worth(p: &Pattern, r: &Region<'_>, base: f32, labelled: bool) -> Option<Worth> {
    let column = says(r, p);
    // What says little alone counts where a column may prove it.
    let proof = matches!(column, Says::Nothing | Says::Counted | Says::Vague) && has(r.sampled, p.classifier);
    if p.is_alone(r) && !proof {
        return None;
    }
    let raw = &r.bytes[r.whole.0..r.whole.1];
    // Where the context that the pattern needs is missing, the value says nothing: no word fits beside it in its cell.
    let may_refuse = p.requires != Requires::Context || column == Says::For;
    Some(Worth { found: confidence::judge(p, base, raw, Nearby::default(), column, true, labelled), may_refuse })
}

impl Worth {
    pub fn is_reported(&self) -> bool {
        self.found.is_some_and(|f| f.0 >= REPORTED_FROM)
    }

    /// Asks the validator of `p` for the value that fills the cell.
    #[inline]
    pub fn outcome(self, c: &Classifier, p: &Pattern, r: &Region<'_>, normal: &mut Vec<u8>) -> Outcome {
        let (start, end) = r.whole;
        if p.validator.is_some_and(|v| !v.check(&r.bytes[start..end])) {
            return if self.may_refuse { Outcome::Refused } else { Outcome::Nothing };
        }
        self.found.map_or(Outcome::Nothing, |f| Outcome::Found(found(c, p, r, start..end, f, normal)))
    }
}

#[inline]
fn found(
    c: &Classifier,
    p: &Pattern,
    r: &Region<'_>,
    Range { start, end }: Range<usize>,
    (confidence, mut evidence): (f32, Evidence),
    normal: &mut Vec<u8>,
) -> Match {
    if c.test_values.has(&c.steps, &r.bytes[start..end], normal) {
        evidence = evidence.with(Evidence::TEST_VALUE);
    }
    Match {
        start: (r.offset + start) as u32,
        end: (r.offset + end) as u32,
        cell: r.cell,
        classifier: p.classifier,
        pattern: p.index,
        confidence,
        evidence,
    }
}

/// Whether the bit of `classifier` is set.
pub(super) fn has(set: &[u64], classifier: u16) -> bool {
    set.get(usize::from(classifier) / 64).is_some_and(|w| w & 1 << (classifier % 64) != 0)
}

/// So many cells of a column in each batch are tried for what says little alone: what is tried on the others depends on what
/// was found in these.
pub const FIRST_CELLS: usize = SAMPLE as usize;
const SAMPLE: u32 = 64;

/// What is worth trying in a column of a batch. Of quiet patterns: a classifier that fewer than half of the first cells
/// satisfied cannot be what the column holds (a proven one takes nine in ten), and would cost every number a dozen checks.
/// Of all: its type, if it has one.
#[derive(Clone, Debug, Default)]
pub(super) struct Sample {
    cells: u32,
    held: Vec<Held>,
    active: Box<[u64]>,
    typed: Option<Typed>,
}

impl Sample {
    /// Before the first cell; `stride`: words of bits for all classifiers.
    pub fn start(&mut self, stride: usize) {
        self.cells = 0;
        self.typed = None;
        self.held.clear();
        if self.active.len() != stride {
            self.active = vec![0; stride].into();
        }
        self.active.fill(u64::MAX);
    }

    /// The classifiers that are still tried, a bit each; empty if there are none.
    pub fn active(&self) -> &[u64] {
        if self.cells >= SAMPLE && self.held.is_empty() { &[] } else { &self.active }
    }

    /// Whether it is known which are still tried: from now on cells with the same bytes have the same matches, if they lie within the core of
    /// the batch.
    pub fn is_decided(&self) -> bool {
        self.cells >= SAMPLE
    }

    /// What the column holds, once that is known.
    pub fn typed(&self) -> Option<&Typed> {
        self.typed.as_ref()
    }

    /// Takes what was found in the next cell of the column and begins in the core.
    pub fn add(&mut self, engine: &Engine, found: &[Match], core: &Range<usize>) {
        if self.cells >= SAMPLE {
            return;
        }
        self.cells += 1;
        for (i, m) in found.iter().enumerate() {
            let counts = m.evidence.has(Evidence::WHOLE_CELL) && core.contains(&(m.start as usize));
            if !counts || found[..i].iter().any(|o| o.classifier == m.classifier) {
                continue;
            }
            let at = self.held.iter().position(|h| h.classifier == m.classifier).unwrap_or_else(|| {
                self.held.push(Held::of(m.classifier));
                self.held.len() - 1
            });
            self.held[at].add(engine, m);
        }
        if self.cells == SAMPLE {
            self.typed = Typed::of(engine, &self.held);
            self.held.retain(|h| 2 * h.cells >= SAMPLE);
            self.active.fill(0);
            for h in &self.held {
                self.active[usize::from(h.classifier) / 64] |= 1 << (h.classifier % 64);
            }
        }
    }
}

impl Pattern {
    /// Whether its values say too little in this region to be reported for themselves.
    pub fn is_alone(&self, r: &Region<'_>) -> bool {
        self.is_quiet() && says(r, self) != Says::For && !r.every
    }
}

fn says(r: &Region<'_>, p: &Pattern) -> Says {
    r.says.get(usize::from(p.classifier)).copied().unwrap_or(Says::Nothing)
}

/// The places of a text where matches may start that count, with what surrounds them.
pub(super) fn span(set: &Classifiers, batch: &Batch) -> std::ops::Range<usize> {
    let engine = set.engine();
    let slack = engine.longest_value + engine.longest_label;
    batch.core.start.saturating_sub(slack)..batch.bytes.len().min(batch.core.end.saturating_add(slack))
}

/// The cells that reach into the core.
pub(super) fn core_cells(batch: &Batch) -> std::ops::Range<usize> {
    let from = batch.cells.partition_point(|c| c.end as usize <= batch.core.start);
    let to = batch.cells.partition_point(|c| (c.start as usize) < batch.core.end);
    from..to.max(from)
}

#[cfg(test)]
#[path = "verify_tests.rs"]
mod tests;
