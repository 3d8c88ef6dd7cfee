//! The compiled set: which patterns are looked for where, as tables.

use std::collections::BTreeMap;

use super::definition::{Classifier, Requires};
use super::edges;
use super::facts::{ByteSet, Follow, PREFIX, RUN};
use super::marks::{Beginnings, LONG};
use super::pattern::{Anchor, Pattern};
use super::shapes::Shapes;
use super::words::Words;

/// Patterns that can begin at any token, 64 at a time.
pub(super) struct Group {
    /// For each length of a token and byte behind it (256: none): which patterns allow it.
    pub follows: Box<[[u64; 257]; RUN + 1]>,
    /// For each position and byte: which patterns allow it.
    pub masks: Box<[[u64; 256]; PREFIX]>,
    pub patterns: Vec<u32>,
}

/// The compiled set.
pub(super) struct Engine {
    pub patterns: Vec<Pattern>,
    pub words: Words,
    pub shapes: Shapes,
    pub groups: Vec<Group>,
    /// The same for patterns whose values are long tokens, and for those whose values begin with many kinds of capitals.
    pub long: Vec<Group>,
    pub capitals: Vec<Group>,
    /// What the values of `groups` can begin with: roughly, then three bytes exactly, a bit for each hash.
    pub beginnings: Beginnings,
    pub trigrams: Box<[u64]>,
    /// Of values that begin with a sign, two bytes, a bit for each pair.
    pub bigrams: Box<[u64]>,
    /// Patterns with an `@`.
    pub at: Vec<u32>,
    /// Patterns whose values are found by code.
    pub finders: Vec<u32>,
    /// By classifier: patterns to try on whole cells where the column's name speaks for it.
    pub whole: Vec<Vec<u32>>,
    /// By classifier: patterns that need a word near or a column, and whose values are commoner than these words: short
    /// numbers, and what begins with no number.
    pub called: Vec<Vec<u32>>,
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
pub(super) fn trigram(a: u8, b: u8, c: u8) -> usize {
    let n = u32::from(a) | u32::from(b) << 8 | u32::from(c) << 16;
    (n.wrapping_mul(0x9e37_79b1) >> (32 - TRIGRAM_BITS)) as usize
}

/// Calls `with` for the hash of each three bytes that the sets allow.
pub(super) fn each_trigram(sets: &[ByteSet; 3], mut with: impl FnMut(usize)) {
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
pub(super) fn buckets(mut sets: [Vec<[ByteSet; 3]>; 2]) -> Beginnings {
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
    pub fn new(patterns: &[Pattern], chunk: &[u32]) -> Group {
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
