//! The compiled set: which patterns are looked for where, as tables.

use std::sync::LazyLock;

use super::address;
use super::byteset::gathered;
use super::definition::{Classifier, Requires};
use super::edges;
use super::facts::{ByteSet, PREFIX, RUN};
use super::finder::Finder;
use super::labels;
use super::marks::{APART, Beginnings, LONG, bits};
use super::pattern::{Anchor, Pattern};
use super::shapes::{Shapes, kind};
use super::uuid::{self, Calm};
use super::words::{Use, Words};

/// Patterns that can begin at any token, 64 at a time.
pub(super) struct Group {
    /// For each length of a token and byte behind it (256: none): which patterns allow it.
    pub follows: Box<[[u64; 257]; RUN + 1]>,
    /// The same by the kind of the byte behind it.
    pub kinds: Box<[[u64; KINDS_BEHIND]; RUN + 1]>,
    /// For each position and byte: which patterns allow it.
    pub masks: Box<[[u64; 256]; PREFIX]>,
    pub patterns: Vec<u32>,
}

/// The compiled set.
pub(super) struct Engine {
    /// By classifier, then in its own order.
    pub patterns: Vec<Pattern>,
    /// By classifier: its first pattern.
    first: Vec<u32>,
    pub words: Words,
    pub shapes: Shapes,
    pub groups: Vec<Group>,
    /// The same for patterns whose values are long tokens.
    pub long: Vec<Group>,
    /// Those whose values hold a token of two capitals, and how far behind their beginning it can be.
    pub paired: Vec<Group>,
    pub pair_within: usize,
    /// Those whose values begin with a sign.
    pub signed: Vec<Group>,
    /// By the length of a token and the kind of the byte behind it: what values of `groups` can begin with, see [`letter_bit`].
    pub starters: Box<[[u64; KINDS_BEHIND]; RUN + 1]>,
    /// Those that `starters` would not tell from most words, by their first three bytes: a bit for each hash.
    pub trigrams: Box<[u64]>,
    /// Whether some of `groups` begin with other word bytes than letters.
    pub odd_starters: bool,
    /// What the values of `signed` can begin with: roughly, then two bytes exactly, a bit for each pair.
    pub beginnings: Beginnings,
    pub bigrams: Box<[u64]>,
    /// Patterns with an `@`.
    pub at: Vec<u32>,
    /// Patterns whose values are found by code.
    pub names: Vec<u32>,
    pub addresses: Vec<u32>,
    /// By the length of a token, up to [`RUN`]: which letters addresses begin with that begin with a small one, see [`letter_bit`].
    pub streets: [u64; RUN + 1],
    /// By classifier: patterns to try on whole cells where the column's name speaks for it.
    pub whole: Vec<Vec<u32>>,
    /// By classifier: patterns that need a word near or a column, and whose values are commoner than these words: short
    /// numbers, and what begins with no number.
    pub called: Vec<Vec<u32>>,
    /// By pattern, of those of `called`: whether each value has a digit; of all, whether each begins with a word byte.
    pub needs_digit: Vec<bool>,
    pub word_first: Vec<bool>,
    /// By pattern: whether its values begin with [`LONG`] bytes at least that none of [`APART`] is among.
    pub solid: Vec<bool>,
    pub uuid: Calm,
    /// Whether some signs begin values that go on with a digit.
    pub sign_and_digit: ByteSet,
    pub longest_value: usize,
    pub longest_label: usize,
}

impl Engine {
    pub fn new(classifiers: &[Classifier], patterns: Vec<Pattern>) -> Engine {
        let (mut numbers, mut loose, mut long, mut at) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (mut names, mut addresses) = (Vec::new(), Vec::new());
        let mut whole = vec![Vec::new(); classifiers.len()];
        let first = (0..classifiers.len()).map(|c| patterns.partition_point(|p| usize::from(p.classifier) < c) as u32).collect();
        let mut called = vec![Vec::new(); classifiers.len()];
        let mut uses: Vec<(&str, Use, u32)> = Vec::new();
        for (i, p) in (0u32..).zip(&patterns) {
            let c = usize::from(p.classifier);
            // A short number is looked for behind its label; a longer one, which is rarer than labels are, looks for it.
            let looks = p.anchor == Anchor::Label && p.loose.is_empty() && p.min_len >= LOOKS_FOR_LABEL;
            match p.anchor {
                Anchor::Start if p.finder == Some(Finder::PersonName) => names.push(i),
                Anchor::Start if p.finder == Some(Finder::StreetAddress) => addresses.push(i),
                Anchor::Start if p.requires == Requires::Context && (p.min_len < LOOKS_FOR_LABEL || !p.loose.is_empty()) => {
                    // Its words are rarer than what looks like it.
                    called[c].push(i);
                    uses.extend(classifiers[c].context.keywords.iter().map(|k| (&**k, Use::Calls, i)));
                }
                Anchor::Start => {
                    if p.loose != p.prefix[0] {
                        numbers.push(i);
                    }
                    let is_long = p.follows.runs() & ((1 << LONG) - 1) == 0 && p.loose.without(&ByteSet::WORD).is_empty();
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
                let of = if looks { Use::Labels } else { Use::Leads };
                uses.extend(classifiers[c].labels(p.index).iter().map(|l| (&**l, of, i)));
            }
        }
        // By classifier, and by pattern of those that look for their label.
        let (mut forms, mut form) = (vec![Forms::default(); classifiers.len()], vec![Forms::default(); patterns.len()]);
        for (i, p) in numbers.iter().map(|&p| (p as usize, &patterns[p as usize])) {
            match p.requires {
                Requires::Label => form[i] = Forms::of(p),
                Requires::Context => forms[usize::from(p.classifier)].add(Forms::of(p)),
                _ if p.is_quiet() => forms[usize::from(p.classifier)].add(Forms::of(p)),
                _ => {}
            }
        }
        let words = Words::new(classifiers, &uses, |c| forms[c], |p| form[p as usize]);
        let firsts = |p: &Pattern, word: bool| {
            let words = p.loose.and(&ByteSet::WORD);
            if word { words } else { p.loose.without(&words) }
        };
        let of = |p: u32| &patterns[p as usize];
        // Pairs are looked for around capitals.
        let is_paired = |p: &Pattern| p.has_pair && firsts(p, true).bytes().all(|b| b.is_ascii_uppercase());
        let signed: Vec<u32> = loose.iter().copied().filter(|&p| !firsts(of(p), false).is_empty()).collect();
        let (paired, loose): (Vec<u32>, Vec<u32>) =
            loose.into_iter().filter(|&p| !firsts(of(p), true).is_empty()).partition(|&p| is_paired(of(p)));
        let mut bigrams = vec![0u64; 1 << 10].into_boxed_slice();
        let mut sets: Vec<[ByteSet; 3]> = Vec::new();
        for p in signed.iter().map(|&p| of(p)) {
            let first = [firsts(p, false), p.prefix[1], p.prefix[2]];
            let follow = |a: u8| (0..=u8::MAX).filter(|b| first[1].has(*b)).map(move |b| usize::from(a) << 8 | usize::from(b));
            (0..=u8::MAX).filter(|a| first[0].has(*a)).flat_map(follow).for_each(|n| bigrams[n / 64] |= 1 << (n % 64));
            sets.push(first);
        }
        let mut starters = Box::new([[0u64; KINDS_BEHIND]; RUN + 1]);
        let mut trigrams = vec![0u64; 1 << (TRIGRAM_BITS - 6)].into_boxed_slice();
        for p in loose.iter().map(|&p| of(p)) {
            let first = [firsts(p, true), p.prefix[1], p.prefix[2]];
            if first.iter().map(|s| u64::from(s.len())).product::<u64>() <= MANY_WAYS {
                each_trigram(&first, |t| trigrams[t / 64] |= 1 << (t % 64));
                continue;
            }
            let firsts = firsts(p, true).bytes().fold(0, |m, b| m | letter_bit(b));
            for (follow, runs) in p.follows.distinct() {
                let kinds = kinds_behind(&follow.bytes) | u64::from(follow.end) << kind_behind(None);
                for run in bits(*runs) {
                    // A longer token than the table knows may be followed by anything.
                    let any = run == RUN && !follow.is_none();
                    bits(if any { (1 << KINDS_BEHIND) - 1 } else { kinds }).for_each(|kind| starters[run][kind] |= firsts);
                }
            }
        }
        let odd_starters = loose.iter().any(|&p| firsts(of(p), true).bytes().any(|b| !b.is_ascii_alphabetic()));
        let apart = |set: &ByteSet| !APART.iter().any(|b| set.has(*b));
        let solid = patterns.iter().map(|p| p.min_len >= LONG && p.prefix.iter().take(LONG).all(apart)).collect();
        let word_first = patterns.iter().map(|p| p.prefix[0].without(&ByteSet::WORD).is_empty()).collect();
        let mut needs_digit = vec![false; patterns.len()];
        called.iter().flatten().for_each(|&p| needs_digit[p as usize] = of(p).needs_digit);
        let longest_value = patterns.iter().map(|p| p.max_len).max().unwrap_or(0);
        let longest_label = edges::longest_text(classifiers.iter().flat_map(Classifier::all_labels).map(|l| &**l));
        let mut sign_and_digit = ByteSet::default();
        for p in signed.iter().map(|&p| of(p)).filter(|p| p.prefix[1].meets(&ByteSet::DIGITS)) {
            sign_and_digit.union(&p.loose);
        }
        Engine {
            first,
            uuid: uuid::calm(&patterns, &numbers, &[&loose, &paired, &signed, &long]),
            sign_and_digit,
            shapes: Shapes::new(&patterns, &numbers),
            words,
            groups: loose.chunks(64).map(|g| Group::new(&patterns, g)).collect(),
            pair_within: paired.iter().map(|&p| of(p).max_len).max().unwrap_or(0),
            paired: paired.chunks(64).map(|g| Group::new(&patterns, g)).collect(),
            signed: signed.chunks(64).map(|g| Group::new(&patterns, g)).collect(),
            starters,
            trigrams,
            odd_starters,
            needs_digit,
            word_first,
            long: long.chunks(64).map(|g| Group::new(&patterns, g)).collect(),
            beginnings: buckets(sets),
            solid,
            bigrams,
            at,
            names,
            addresses,
            streets: address::first_letters(),
            whole,
            called,
            longest_value,
            longest_label: longest_label + labels::LONGEST_GAP,
            patterns,
        }
    }
}

impl Engine {
    /// Whether a value may begin with a sign and the byte behind it, or any other digit if that is one.
    #[inline]
    pub fn may_sign(&self, sign: u8, behind: u8) -> bool {
        let n = usize::from(sign) << 8 | usize::from(behind);
        if behind.is_ascii_digit() { self.sign_and_digit.has(sign) } else { self.bigrams[n / 64] & 1 << (n % 64) != 0 }
    }

    /// The number of a classifier's pattern among all.
    pub fn pattern(&self, classifier: u16, index: u8) -> u32 {
        self.first[usize::from(classifier)] + u32::from(index)
    }
}

/// From so many bytes on a number looks for its label.
const LOOKS_FOR_LABEL: usize = 5;

/// Beginnings of three bytes of one pattern that are too many for the table of all.
const MANY_WAYS: u64 = 700;

/// Bits of the look at three bytes.
const TRIGRAM_BITS: u32 = 16;

#[inline]
pub(super) fn trigram(a: u8, b: u8, c: u8) -> usize {
    let n = u32::from(a) | u32::from(b) << 8 | u32::from(c) << 16;
    (n.wrapping_mul(0x9e37_79b1) >> (32 - TRIGRAM_BITS)) as usize
}

/// Calls `with` for the hash of each three bytes that the sets allow.
fn each_trigram(sets: &[ByteSet; 3], mut with: impl FnMut(usize)) {
    let of = |s: &ByteSet| s.bytes().collect::<Vec<_>>();
    let [first, second, third] = [of(&sets[0]), of(&sets[1]), of(&sets[2])];
    for &a in &first {
        for &b in &second {
            third.iter().for_each(|&c| with(trigram(a, b, c)));
        }
    }
}

/// How many kinds of bytes behind a token are told apart.
pub(super) const KINDS_BEHIND: usize = 16;

/// The kind of the byte behind a token, if there is one.
#[inline]
pub(super) fn kind_behind(b: Option<&u8>) -> usize {
    b.map_or(0, |b| usize::from(kind(*b)))
}

/// The kinds of bytes, a bit each.
fn kinds_behind(bytes: &ByteSet) -> u64 {
    bytes.bytes().fold(0, |m, b| m | 1 << kind(b))
}

/// A bit for a first byte; letters have each their own, others share theirs.
#[inline]
pub(super) fn letter_bit(b: u8) -> u64 {
    1 << (b & 63)
}

/// Tables of all beginnings, in the buckets that [`Beginnings`] names. A table knows only the halves of bytes, so that those
/// with like first bytes go into the same bucket.
pub(super) fn buckets(mut sets: Vec<[ByteSet; 3]>) -> Beginnings {
    let mut tables = [([0u8; 16], [0u8; 16]); 3];
    sets.sort_by_key(|s| (s[0].len() > 2, (0..=u8::MAX).find(|b| s[0].has(*b))));
    for (bucket, part) in sets.chunks(sets.len().div_ceil(8).max(1)).enumerate() {
        let bit = 1u8 << bucket;
        for set in part {
            for (table, set) in tables.iter_mut().zip(set) {
                for b in set.bytes() {
                    table.0[usize::from(b & 15)] |= bit;
                    table.1[usize::from(b >> 4)] |= bit;
                }
            }
        }
    }
    tables
}

/// The forms that numbers can have that a pattern begins with: a bit for each length of the first group of digits and kind of
/// what follows it; likewise for what begins with no digit.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Forms(pub [u64; 2]);

/// Bits of the second word of [`Forms`], above those for tokens of letters and digits by their length.
pub(super) const FORM_OPEN: u32 = 40;
pub(super) const FORM_LEAD: u32 = 41;
pub(super) const FORM_ESCAPED: u32 = 42;

/// Longer groups of digits are not told apart.
const LONG_DIGITS: usize = 15;

/// The form of a number: `digits`, and the byte behind them.
#[inline]
pub(super) fn form(digits: usize, next: Option<&u8>) -> usize {
    form_of(digits, next.map_or(0, |b| kind(*b)))
}

/// The same by the kind of the byte behind them, 0 if there is none.
#[inline]
pub(super) fn form_of(digits: usize, next: u8) -> usize {
    let group = match next {
        _ if digits >= LONG_DIGITS => 0,
        1..=4 => 0,
        6 => 1,
        5 | 7..=13 => 2,
        _ => 3,
    };
    (digits.min(LONG_DIGITS) - 1) * 4 + group
}

impl Forms {
    pub fn add(&mut self, other: Forms) {
        self.0[0] |= other.0[0];
        self.0[1] |= other.0[1];
    }

    /// Those that `p` allows; what is doubtful is allowed.
    pub fn of(p: &Pattern) -> Forms {
        // The bytes behind a group of digits, by what the form makes of them.
        static BEHIND: LazyLock<[(ByteSet, u8); 4]> = LazyLock::new(|| {
            let mut sets = [(ByteSet::default(), 0); 4];
            (0..=u8::MAX).for_each(|b| {
                let (set, one) = &mut sets[form(1, Some(&b))];
                set.insert(b);
                *one = b;
            });
            sets
        });
        let mut forms = [0u64; 2];
        for digits in (1..=LONG_DIGITS).take_while(|d| p.prefix[d - 1].meets(&ByteSet::DIGITS)) {
            if digits == LONG_DIGITS {
                forms[0] |= 1 << form(digits, None);
                continue;
            }
            let follow = p.follows.behind(digits);
            let mut behind = follow.bytes;
            behind.union(&ByteSet::WORD);
            let behind = behind.and(&p.prefix[digits]);
            BEHIND.iter().filter(|(set, _)| set.meets(&behind)).for_each(|(_, one)| forms[0] |= 1 << form(digits, Some(one)));
            forms[0] |= u64::from(p.min_len <= digits && follow.end) << form(digits, None);
        }
        let first = &p.prefix[0];
        let begins = |with: &[u8]| with.iter().any(|b| first.has(*b));
        if first.and(&ByteSet::WORD).without(&ByteSet::DIGITS) != ByteSet::default() {
            forms[1] |= p.follows.runs();
        }
        forms[1] |= u64::from(p.lead > 0) << FORM_LEAD;
        forms[1] |= u64::from(begins(b"+(")) << FORM_OPEN;
        forms[1] |= u64::from(begins(b"ntr")) << FORM_ESCAPED;
        Forms(forms)
    }
}

impl Group {
    pub fn new(patterns: &[Pattern], chunk: &[u32]) -> Group {
        let all = || chunk.iter().enumerate().map(|(bit, &p)| (1u64 << bit, &patterns[p as usize]));
        let mut masks = Box::new([[0u64; 256]; PREFIX]);
        for (k, row) in masks.iter_mut().enumerate() {
            fill(row, all().map(|(bit, p)| (if k == 0 { p.loose } else { p.prefix[k] }, bit)));
        }
        let mut follows = Box::new([[0u64; 257]; RUN + 1]);
        let mut kinds = Box::new([[0u64; KINDS_BEHIND]; RUN + 1]);
        for (run, (row, kinds)) in follows.iter_mut().zip(kinds.iter_mut()).enumerate() {
            let behind = all().map(|(bit, p)| (bit, p.follows.behind(run)));
            row[256] = behind.clone().filter(|(_, follow)| follow.end).fold(0, |m, (bit, _)| m | bit);
            fill(row, behind.map(|(bit, follow)| (follow.bytes, bit)));
            let kind = (0..=u8::MAX).map(|b| kind_behind(Some(&b))).chain([kind_behind(None)]);
            kind.zip(row).for_each(|(kind, m)| kinds[kind] |= *m);
        }
        Group { follows, kinds, masks, patterns: chunk.to_vec() }
    }
}

/// Sets the bits of all bytes of a row.
fn fill(row: &mut [u64], sets: impl Iterator<Item = (ByteSet, u64)>) {
    for (set, bits) in gathered(sets) {
        set.bytes().for_each(|b| row[usize::from(b)] |= bits);
    }
}
