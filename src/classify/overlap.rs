//! Who keeps bytes that several classifiers claim.

use super::set::Classifiers;
use crate::base::Evidence;

/// One classifier's claim to a range of bytes, after all evidence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Claim {
    /// First byte, in any unit that all claims share.
    pub start: u64,
    /// One past the last byte.
    pub end: u64,
    /// 0..1.
    pub confidence: f32,
    /// Index into the set.
    pub classifier: u16,
    /// What the confidence rests on.
    pub evidence: Evidence,
}

/// How well a claim is founded, greater is better. Half a confidence step apart, what is said of the value decides before
/// what the value looks like.
fn rank(own: bool, c: &Claim) -> (u8, u8, u64, u32) {
    let reported = u8::from(c.confidence >= crate::base::REPORTED_FROM);
    let e = |f| u8::from(c.evidence.has(f));
    let founded = 2 * e(Evidence::VALIDATED)
        + 2 * (e(Evidence::KEYWORD) | e(Evidence::COLUMN))
        + e(Evidence::COLUMN)
        + 2 * (u8::from(own) & (e(Evidence::KEYWORD) | e(Evidence::COLUMN)))
        - e(Evidence::AGAINST).min(e(Evidence::VALIDATED));
    (reported, founded, c.end - c.start, (c.confidence * 1000.0) as u32)
}

/// Decides for each claim whether it keeps its bytes: of claims that overlap, the one with the better evidence (reported at
/// all, validated and named by a keyword or column, longer, more confident; then the smaller id). `claims` are ordered by
/// `start`; `keep` is overwritten and has their length afterwards. Nothing depends on the order of files.
pub fn keep_best(c: &Classifiers, claims: &[Claim], keep: &mut Vec<bool>) {
    keep.clear();
    keep.resize(claims.len(), true);
    // A better claim ends the worse one, also if it loses its own bytes to a third: groups of claims that hang together
    // are small, and each is decided from the best down.
    let mut from = 0;
    while from < claims.len() {
        let mut to = from + 1;
        let mut end = claims[from].end;
        while to < claims.len() && claims[to].start < end {
            end = end.max(claims[to].end);
            to += 1;
        }
        if to - from > 1 {
            group(c, &claims[from..to], &mut keep[from..to]);
        }
        from = to;
    }
}

/// The most claims of one group that are compared each with each; beyond, only neighbours are (hostile input).
const LARGEST_GROUP: usize = 512;

fn better(c: &Classifiers, a: &Claim, b: &Claim) -> bool {
    match rank(c.get(a.classifier).own, a).cmp(&rank(c.get(b.classifier).own, b)) {
        std::cmp::Ordering::Equal => (&c.get(a.classifier).id, a.start) < (&c.get(b.classifier).id, b.start),
        o => o.is_gt(),
    }
}

fn group(c: &Classifiers, claims: &[Claim], keep: &mut [bool]) {
    if claims.len() > LARGEST_GROUP {
        let half = claims.len() / 2;
        let (l, r) = keep.split_at_mut(half);
        group(c, &claims[..half], l);
        group(c, &claims[half..], r);
        return;
    }
    // Undecided claims are taken from the best down; each takes its bytes from all that are worse.
    let mut done = [false; LARGEST_GROUP];
    while let Some(best) =
        (0..claims.len()).filter(|&i| !done[i] && keep[i]).reduce(|a, b| if better(c, &claims[b], &claims[a]) { b } else { a })
    {
        done[best] = true;
        for i in 0..claims.len() {
            if !done[i] && claims[i].start < claims[best].end && claims[best].start < claims[i].end {
                keep[i] = false;
            }
        }
    }
}
