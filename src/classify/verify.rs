//! What both engines share: where they search, what a place must prove, and what becomes of a region's matches.

use super::columns::Says;
use super::confidence;
use super::definition::{Classifier, Requires};
use super::edges;
use super::keywords::Nearby;
use super::normalise;
use super::pattern::Pattern;
use super::set::Classifiers;
use crate::base::{Batch, Evidence, Match, NO_CELL};

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
}

impl<'a> Region<'a> {
    pub fn text(bytes: &'a [u8]) -> Region<'a> {
        Region { bytes, offset: 0, cell: NO_CELL, says: &[], whole: (usize::MAX, usize::MAX) }
    }

    pub fn cell(batch: &'a Batch, index: usize, says: &'a [Says]) -> Region<'a> {
        let cell = &batch.cells[index];
        let bytes = batch.value(cell);
        let start = bytes.len() - bytes.trim_ascii_start().len();
        Region { bytes, offset: cell.start as usize, cell: index as u32, says, whole: (start, start + bytes.trim_ascii().len()) }
    }
}

/// What came of a place.
pub(super) enum Outcome {
    Nothing,
    /// The value fills its cell and has the pattern's shape, but the validator refused it.
    Refused,
    Found(Match),
}

/// All that follows once a pattern has matched `[start, end)`: edges, validator, context, confidence. Shared by both engines;
/// `near` finds the words around.
#[expect(clippy::too_many_arguments, reason = "the facts of one place; a struct would only rename them")]
pub(super) fn verify(
    c: &Classifier,
    p: &Pattern,
    r: &Region<'_>,
    start: usize,
    end: usize,
    labelled: bool,
    normal: &mut Vec<u8>,
    near: impl FnOnce() -> Nearby,
) -> Outcome {
    if end <= start || !edges::ends(r.bytes, end, p.edges) {
        return Outcome::Nothing;
    }
    let whole = (start, end) == r.whole;
    let raw = &r.bytes[start..end];
    if p.validator.is_some_and(|v| !v.check(raw)) {
        // Where the context that the pattern needs is missing, the value says nothing: no word fits beside it in its cell.
        let asked = p.requires != Requires::Context || says(r, p) == Says::For;
        return if whole && asked { Outcome::Refused } else { Outcome::Nothing };
    }
    // Around a value that fills its cell there is no room for a word.
    let unasked = whole || matches!(p.requires, Requires::Label | Requires::Column) || p.confidence >= CERTAIN;
    let mut near = if unasked { Nearby::default() } else { near() };
    if near.keyword.is_none() && !labelled && edges::in_list_that(r.bytes, start, end, |other| p.validator.is_some_and(|v| !v.check(other)))
    {
        near.against = Some(0);
    }
    let Some((confidence, mut evidence)) = confidence::judge(p, raw, near, says(r, p), whole, labelled) else { return Outcome::Nothing };
    if !c.test_values.is_empty() && normalise::apply(&c.steps, raw, normal) && is_test_value(c, normal) {
        evidence = evidence.with(Evidence::TEST_VALUE);
    }
    Outcome::Found(Match {
        start: (r.offset + start) as u32,
        end: (r.offset + end) as u32,
        cell: r.cell,
        classifier: p.classifier,
        pattern: p.index,
        confidence,
        evidence,
    })
}

fn says(r: &Region<'_>, p: &Pattern) -> Says {
    r.says.get(usize::from(p.classifier)).copied().unwrap_or(Says::Nothing)
}

/// Whether a normalised value is one of the published test values of its classifier.
fn is_test_value(c: &Classifier, value: &[u8]) -> bool {
    let (Some(first), Some(last)) = (value.first(), value.last()) else { return false };
    c.test_values.iter().any(|t| match t.as_bytes() {
        [b'*', end @ ..] => end.last() == Some(last) && value.ends_with(end),
        [start @ .., b'*'] => start.first() == Some(first) && value.starts_with(start),
        whole => whole.first() == Some(first) && value == whole,
    })
}

/// Orders what a region gave and drops, of overlapping matches of one classifier, the worse; then all that do not start in
/// `core`. Shared by both engines.
pub(super) fn finish(out: &mut Vec<Match>, from: usize, core: std::ops::Range<usize>) {
    let found = &mut out[from..];
    if let [one] = found {
        if !core.contains(&(one.start as usize)) {
            out.truncate(from);
        }
        return;
    }
    if !found.is_sorted_by_key(|m| (m.classifier, m.start, std::cmp::Reverse(m.end), m.pattern)) {
        found.sort_unstable_by_key(|m| (m.classifier, m.start, std::cmp::Reverse(m.end), m.pattern));
    }
    let mut kept = 0usize;
    for i in 0..found.len() {
        let m = found[i];
        match kept.checked_sub(1).map(|k| found[k]) {
            Some(last) if last.classifier == m.classifier && m.start < last.end => {
                if prefer(&m, &last) {
                    found[kept - 1] = m;
                }
            }
            _ => {
                found[kept] = m;
                kept += 1;
            }
        }
    }
    out.truncate(from + kept);
    let mut k = from;
    for i in from..out.len() {
        if core.contains(&(out[i].start as usize)) {
            out[k] = out[i];
            k += 1;
        }
    }
    out.truncate(k);
    if !out[from..].is_sorted_by_key(|m| (m.start, m.classifier, m.end)) {
        out[from..].sort_unstable_by_key(|m| (m.start, m.classifier, m.end));
    }
}

/// Whether `a` says more than `b` about the same bytes, both of one classifier.
fn prefer(a: &Match, b: &Match) -> bool {
    let longer = |x: &Match, y: &Match| x.start <= y.start && x.end >= y.end && (x.start, x.end) != (y.start, y.end);
    let reported = |m: &Match| m.confidence >= crate::base::REPORTED_FROM;
    if longer(a, b) && reported(a) {
        return true;
    }
    if longer(b, a) && reported(b) {
        return false;
    }
    let key = |m: &Match| ((m.confidence * 10_000.0) as u32, m.end - m.start);
    (key(a), b.start, b.pattern) > (key(b), a.start, a.pattern)
}

/// The places of a text where matches may start that count, with what surrounds them.
pub(super) fn span(set: &Classifiers, batch: &Batch) -> std::ops::Range<usize> {
    let slack = set.engine.longest_value + set.engine.longest_label;
    batch.core.start.saturating_sub(slack)..batch.bytes.len().min(batch.core.end.saturating_add(slack))
}

/// The cells that reach into the core.
pub(super) fn core_cells(batch: &Batch) -> std::ops::Range<usize> {
    let from = batch.cells.partition_point(|c| c.end as usize <= batch.core.start);
    let to = batch.cells.partition_point(|c| (c.start as usize) < batch.core.end);
    from..to.max(from)
}
