//! What is left of the matches of a region: in order, and of those of one classifier that overlap the better ones.

use crate::base::{Match, REPORTED_FROM};

/// Orders what a region gave and drops, of overlapping matches of one classifier, the worse. Shared by both engines.
pub(super) fn finish(out: &mut Vec<Match>, from: usize) {
    if out.len() > from + 1 {
        sort(&mut out[from..]);
        empty_worse(&mut out[from..]);
        keep(out, from, |m| m.start < m.end);
    }
}

/// Drops of `out[from..]` all that do not start in `core`: the last step, for what begins before it may have to stand beside what begins in it.
pub(super) fn drop_outside(out: &mut Vec<Match>, from: usize, core: &std::ops::Range<usize>) {
    keep(out, from, |m| core.contains(&(m.start as usize)));
}

fn keep(out: &mut Vec<Match>, from: usize, is_kept: impl Fn(&Match) -> bool) {
    let mut k = from;
    for i in from..out.len() {
        let m = out[i];
        if is_kept(&m) {
            out[k] = m;
            k += 1;
        }
    }
    out.truncate(k);
}

/// After so many steps a match they are sorted in the general way.
const MOST_STEPS: usize = 16;

/// By start, classifier, end (the longest first) and pattern.
// PERF: a walk finds them nearly in this order.
fn sort(found: &mut [Match]) {
    let key = |m: &Match| u128::from(m.start) << 64 | u128::from(m.classifier) << 48 | u128::from(!m.end) << 8 | u128::from(m.pattern);
    let mut steps = MOST_STEPS * found.len();
    for i in 1..found.len() {
        let m = found[i];
        let own = key(&m);
        let mut k = i;
        while k > 0 && own < key(&found[k - 1]) {
            found[k] = found[k - 1];
            k -= 1;
        }
        found[k] = m;
        steps = steps.saturating_sub(i - k);
        if steps == 0 {
            return found.sort_by_key(key);
        }
    }
}

/// So few matches are looked through for those of a classifier.
const FEW: usize = 16;

/// Of sorted matches that overlap and are of one classifier, makes the worse empty.
fn empty_worse(found: &mut [Match]) {
    const NONE: u32 = u32::MAX;
    // By classifier: the last that is left.
    let most = if found.len() > FEW { found.iter().map(|m| m.classifier).max() } else { None };
    let mut last = most.map_or(Vec::new(), |most| vec![NONE; usize::from(most) + 1]);
    for i in 0..found.len() {
        let m = found[i];
        let before = match last.get(usize::from(m.classifier)) {
            Some(&at) => (at != NONE).then_some(at as usize),
            None => found[..i].iter().rposition(|o| o.classifier == m.classifier && o.start < o.end),
        };
        let worse = before.filter(|b| m.start < found[*b].end).map(|b| if prefer(&m, &found[b]) { b } else { i });
        if let Some(worse) = worse {
            found[worse].end = found[worse].start;
        }
        if worse != Some(i)
            && let Some(at) = last.get_mut(usize::from(m.classifier))
        {
            *at = i as u32;
        }
    }
}

/// Whether `a` says more than `b` about the same bytes, both of one classifier.
fn prefer(a: &Match, b: &Match) -> bool {
    let longer = |x: &Match, y: &Match| x.start <= y.start && x.end >= y.end && (x.start, x.end) != (y.start, y.end);
    let reported = |m: &Match| m.confidence >= REPORTED_FROM;
    if longer(a, b) && reported(a) {
        return true;
    }
    if longer(b, a) && reported(b) {
        return false;
    }
    let key = |m: &Match| ((m.confidence * 10_000.0) as u32, m.end - m.start);
    (key(a), b.start, b.pattern) > (key(b), a.start, a.pattern)
}

#[cfg(test)]
mod tests {
    use std::cmp::Reverse;
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::base::{Evidence, NO_CELL};

    /// The same, classifier by classifier.
    fn slow(mut found: Vec<Match>, core: std::ops::Range<usize>) -> Vec<Match> {
        found.sort_by_key(|m| (m.classifier, m.start, Reverse(m.end), m.pattern));
        let mut kept: Vec<Match> = Vec::new();
        for m in found {
            match kept.last_mut() {
                Some(last) if last.classifier == m.classifier && m.start < last.end => {
                    if prefer(&m, last) {
                        *last = m;
                    }
                }
                _ => kept.push(m),
            }
        }
        kept.retain(|m| core.contains(&(m.start as usize)));
        kept.sort_by_key(|m| (m.start, m.classifier, m.end));
        kept
    }

    proptest! {
        #[test]
        fn few_and_many_in_any_order_are_finished_alike(
            found in prop::collection::vec((0u32..300, 1u32..20, 0u16..4, 0u8..3, 0u8..4), 0..120),
            (from, len) in (0usize..40, 0usize..300),
        ) {
            let one = |(start, len, classifier, pattern, sure): (u32, u32, u16, u8, u8)| {
                let confidence = 0.2 + 0.2 * f32::from(sure);
                Match { start, end: start + len, cell: NO_CELL, classifier, pattern, confidence, evidence: Evidence::default() }
            };
            // No pattern finds a value twice.
            let all: BTreeMap<_, _> = found.iter().enumerate().map(|(i, f)| ((f.0, f.1, f.2, f.3), (i, *f))).collect();
            let mut all: Vec<_> = all.into_values().collect();
            all.sort_unstable_by_key(|f| f.0);
            let mut out: Vec<Match> = all.into_iter().map(|f| one(f.1)).collect();
            let want = slow(out.clone(), from..from + len);
            out.insert(0, one((0, 1, 0, 0, 0)));
            finish(&mut out, 1);
            drop_outside(&mut out, 1, &(from..from + len));
            prop_assert_eq!(&out[1..], want);
        }
    }
}
