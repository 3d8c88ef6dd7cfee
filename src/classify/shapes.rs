//! Which patterns can begin where a number, a mixed token or a sign before a number stands: by the kinds of the bytes there.
//!
//! The kinds of the first [`PREFIX`] bytes (digit, capital, each separator of its own …) are one key. For each position and
//! kind a row of bits says which patterns allow it; the patterns that all rows allow are the candidates. Texts repeat a few
//! hundred keys again and again, so that a memory of keys answers nearly all questions with one look.

use std::ops::Range;

use super::automaton::Automaton;
use super::definition::Requires;
use super::facts::{ByteSet, PREFIX, RUN};
use super::marks::bits;
use super::pattern::Pattern;

// Kinds of bytes. 0 is the end of the text.
const DIGIT: u8 = 1;
const UPPER: u8 = 2;
const LOWER: u8 = 3;
const UNDERSCORE: u8 = 4;
const HYPHEN: u8 = 5;
const BLANK: u8 = 6;
const DOT: u8 = 7;
const OPEN: u8 = 10;
const CLOSE: u8 = 11;
const PLUS: u8 = 12;
const OTHER: u8 = 14;
const HIGH: u8 = 15;
/// A letter or a digit, of a token in which they alternate.
const MIXED: u8 = 16;
/// The same without small letters, and without capitals.
const MIXED_UPPER: u8 = 17;
const MIXED_LOWER: u8 = 18;
/// Not looked at: any byte.
const ANY: u8 = 19;
/// Digits that tell numbers apart where they come first.
const ZERO: u8 = 20;
const ONE: u8 = 21;
const KINDS: usize = 22;

/// Signs with a kind of their own, from 4 on: what is found between the groups of numbers, and before them.
const SIGNS: &[u8; 10] = b"_- ./:()+,";

const fn kinds() -> [u8; 256] {
    let mut t = [OTHER; 256];
    let mut b = 0;
    while b < 256 {
        let c = b as u8;
        t[b] = match c {
            b'0'..=b'9' => DIGIT,
            b'A'..=b'Z' => UPPER,
            b'a'..=b'z' => LOWER,
            0x80.. => HIGH,
            _ => OTHER,
        };
        let mut i = 0;
        while i < SIGNS.len() {
            if SIGNS[i] == c {
                t[b] = 4 + i as u8;
            }
            i += 1;
        }
        b += 1;
    }
    t
}

static KIND: [u8; 256] = kinds();

/// The kind of a byte, 1 to 15; 1 to 4 are word bytes, 6 is a blank.
#[inline]
pub(super) fn kind(b: u8) -> u8 {
    KIND[usize::from(b)]
}

/// Whether a sign, other than the underscore, has a kind of its own.
#[inline]
pub(super) fn is_sign(b: u8) -> bool {
    matches!(kind(b), HYPHEN..OTHER)
}

/// The kind of a value's first byte.
#[inline]
pub(super) fn first_kind(b: u8) -> u8 {
    match b {
        b'0' => ZERO,
        b'1' => ONE,
        _ => KIND[usize::from(b)],
    }
}

fn bytes_of(kind: u8) -> ByteSet {
    let mut set = ByteSet::default();
    let is = |b: u8| match kind {
        MIXED => b.is_ascii_alphanumeric(),
        MIXED_UPPER => b.is_ascii_digit() || b.is_ascii_uppercase(),
        MIXED_LOWER => b.is_ascii_digit() || b.is_ascii_lowercase(),
        ANY => true,
        ZERO => b == b'0',
        ONE => b == b'1',
        _ => KIND[usize::from(b)] == kind,
    };
    (0..=u8::MAX).filter(|b| is(*b)).for_each(|b| set.insert(b));
    set
}

/// What the bytes at a place look like: the kinds of [`PREFIX`] bytes, the first one lowest, and the length of the first run
/// of word bytes (up to [`RUN`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    kinds: u128,
    run: u32,
}

impl Key {
    const NONE: Key = Key { kinds: 0, run: u32::MAX };

    /// The key of the place at `at`; `run`: how many word bytes stand there.
    #[inline]
    pub fn of(bytes: &[u8], at: usize, run: usize) -> Key {
        let here = match bytes.get(at..at + PREFIX) {
            Some(b) => kinds_of(b),
            None => kinds_of(&bytes[at..]),
        };
        let kind = |i: usize| (here >> (8 * i)) as u8;
        // What follows anything but a separator, and anything but a group behind a separator, is other text: not looked at.
        let mut looked = run.max(1);
        let mut before = if looked < PREFIX { kind(looked - 1) } else { 0 };
        while looked < PREFIX && kind(looked) != 0 {
            let kind = kind(looked);
            looked += 1;
            if kind >= OTHER || !is_word(before) && looked > run.max(1) + 1 && !goes_on(before, kind) {
                break;
            }
            before = kind;
        }
        let seen = if looked >= PREFIX { u128::MAX } else { (1 << (8 * looked)) - 1 };
        let ended = bytes.len() - at <= looked;
        let mut kinds = here & seen | if ended { 0 } else { all(ANY) & !seen };
        // Letters and digits that alternate: which stands where is chance (identifiers, hashes).
        let alnum = from(kinds, DIGIT) & !from(kinds, UNDERSCORE);
        let digit = alnum & !from(kinds, UPPER);
        let turns = alnum & (alnum << 8) & (digit ^ (digit << 8));
        if [(); 2].iter().fold(turns, |t, ()| t & t.wrapping_sub(1)) != 0 {
            let letters = alnum & !digit;
            let small = letters & from(kinds, LOWER);
            let mixed = match (letters != small, small != 0) {
                (true, false) => MIXED_UPPER,
                (false, _) => MIXED_LOWER,
                _ => MIXED,
            };
            let of = (alnum >> 7) * 0xff;
            kinds = kinds & !of | all(mixed) & of;
        }
        kinds = kinds & !0xff | u128::from(first_kind(bytes[at]));
        Key { kinds, run: run.min(RUN) as u32 }
    }

    #[inline]
    fn slot(self) -> usize {
        let folded = self.kinds as u64 ^ ((self.kinds >> 64) as u64).rotate_left(29) ^ (u64::from(self.run) << 57);
        (folded.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - MEMORY_BITS)) as usize
    }
}

/// The same kind in all sixteen bytes.
const fn all(kind: u8) -> u128 {
    u128::from_le_bytes([kind; PREFIX])
}

/// The upper bit of each byte that is `least` or more; bytes are kinds, all below 64.
const fn from(kinds: u128, least: u8) -> u128 {
    (kinds + all(0x80 - least)) & all(0x80)
}

/// The kinds of at most [`PREFIX`] bytes, the first one lowest.
#[inline]
fn kinds_of(bytes: &[u8]) -> u128 {
    let half = |b: &[u8]| b.iter().enumerate().fold(0u64, |m, (i, b)| m | u64::from(KIND[usize::from(*b)]) << (8 * i));
    match bytes.as_chunks::<8>() {
        ([a, b], _) => u128::from(half(a)) | u128::from(half(b)) << 64,
        ([a], rest) => u128::from(half(a)) | u128::from(half(rest)) << 64,
        (_, rest) => u128::from(half(rest)),
    }
}

fn is_word(kind: u8) -> bool {
    matches!(kind, DIGIT..=UNDERSCORE)
}

/// Whether a number may go on with `kind` behind a separator.
fn goes_on(separator: u8, kind: u8) -> bool {
    matches!(kind, DIGIT | UPPER | OPEN | CLOSE | PLUS) || (separator == CLOSE && kind == BLANK)
}

/// Longer groups of digits are not told apart.
const LONG_GROUP: usize = 15;

/// So many letters before the first digit are not told apart.
const MANY_LETTERS: usize = 9;

fn group_at(first: u8, digits: usize, next: u8, behind: u8) -> usize {
    let first = usize::from(first == ZERO) | usize::from(first == ONE) << 1;
    first << 12 | digits << 8 | usize::from(next) << 4 | usize::from(behind)
}

fn two_at(digits: usize, sign: u8, more: usize, next: u8) -> usize {
    digits << 12 | usize::from(sign) << 8 | more << 4 | usize::from(next)
}

fn mixed_at(first: u8, second: u8, letters: usize, run: usize) -> usize {
    ((usize::from(first - UPPER) * 4 + usize::from(second - DIGIT)) * (MANY_LETTERS - 1) + letters - 1) * (RUN + 1) + run
}

fn lead_at(first: u8, second: u8, letters: usize, sign: u8) -> usize {
    ((usize::from(first - UPPER) * 3 + usize::from(second - UPPER)) * MANY_LETTERS + letters) * 16 + usize::from(sign)
}

fn and(all: &mut [u64], with: &[u64]) {
    all.iter_mut().zip(with).for_each(|(a, b)| *a &= b);
}

/// What some patterns can begin with, a bit for each form.
struct Gates {
    /// So many digits and two bytes of these kinds behind them.
    groups: Box<[u64; 256]>,
    /// Two bytes of these kinds, so many letters in all, and a digit, in a token so long.
    mixed: Box<[u64; 64]>,
    /// Two bytes of these kinds, so many letters in all, a sign of this kind and a digit.
    leads: Box<[u64; 64]>,
}

/// What can begin at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gate {
    Nothing,
    /// Only what needs something beside it.
    Bound,
    Anything,
}

/// Digits, and letters by their case: bytes of one kind that a pattern may tell apart, or that share a kind with others where they
/// alternate.
const VALUES: usize = 12;

const fn values() -> [u8; 256] {
    let mut t = [VALUES as u8; 256];
    let mut b = 0;
    while b < 256 {
        let c = b as u8;
        t[b] = match c {
            b'0'..=b'9' => c - b'0',
            b'A'..=b'Z' => 10,
            b'a'..=b'z' => 11,
            _ => VALUES as u8,
        };
        b += 1;
    }
    t
}

/// The number of a byte among [`VALUES`].
static VALUE: [u8; 256] = values();

/// Patterns by what they need beside the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// They are reported without anything near them.
    Free,
    /// They need no word, but say little alone.
    Quiet,
    /// They need a word near, or a column's name.
    Bound,
    /// They need a label before them.
    Labelled,
}

impl Part {
    const ALL: [Part; 4] = [Part::Free, Part::Quiet, Part::Bound, Part::Labelled];

    fn of(p: &Pattern) -> Part {
        match p.requires {
            Requires::Label => Part::Labelled,
            Requires::Context => Part::Bound,
            _ if p.is_quiet() => Part::Quiet,
            _ => Part::Free,
        }
    }
}

/// In the order of bits: no pattern.
const NONE: u32 = u32::MAX;

/// For each position and kind, which patterns allow it.
pub(super) struct Shapes {
    /// The patterns, in the order of bits: part by part, each from a new word on.
    patterns: Vec<u32>,
    /// By pattern: its bit.
    bit_of: Vec<u32>,
    /// Where the words of the parts begin, and end.
    parts: [usize; 5],
    stride: usize,
    rows: Vec<u64>,
    /// The same by position and value.
    values: Vec<u64>,
    /// The same by the length of the first run and the kind behind it.
    follows: Vec<u64>,
    /// What any of them can begin with, and those that need nothing beside them.
    any: Gates,
    free: Gates,
    /// What values that need nothing beside them can begin with: two groups of digits of these lengths, the kinds of the bytes behind
    /// both, a bit for each.
    two_groups: Box<[u64; 1024]>,
    /// Likewise, by the kind of the first byte and the number of letters before a sign: how long the group of digits behind it
    /// can be, a bit for each length.
    led: [[u16; MANY_LETTERS]; 3],
    /// The most bytes of a value that needs something beside it.
    pub longest: usize,
    /// The most letters that stand before a sign and a number in a value.
    pub lead: usize,
    /// For each pattern and kind where in `samples` its bytes begin.
    sampled: Vec<u32>,
    samples: Vec<u8>,
}

/// The candidates of a key.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Candidates {
    /// Where in [`Memory::sets`] their bits begin.
    from: u32,
    /// A bit for each part: whether some are of it.
    parts: u8,
    /// The most bytes that one of them can match.
    pub longest: u16,
}

impl Candidates {
    /// Whether some are of a part.
    pub fn has(self, part: Part) -> bool {
        self.parts >> part as u8 & 1 != 0
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.parts == 0
    }

    /// Whether all of them are free.
    pub fn are_free(self) -> bool {
        self.parts & !1 == 0
    }
}

const MEMORY_BITS: u32 = 12;

/// What a thread remembers of keys.
pub(super) struct Memory {
    slots: Box<[(Key, Candidates)]>,
    sets: Vec<u64>,
    allowed: Vec<u64>,
}

/// So many words of bits, and the memory starts anew.
const MOST_WORDS: usize = 1 << 18;

impl Memory {
    pub fn new() -> Memory {
        Memory { slots: vec![(Key::NONE, Candidates::default()); 1 << MEMORY_BITS].into(), sets: Vec::new(), allowed: Vec::new() }
    }

    /// The patterns of a word that are allowed, see [`Shapes::allow`].
    pub fn allowed(&self, word: usize) -> u64 {
        self.allowed[word]
    }
}

impl Gates {
    fn none() -> Gates {
        Gates { groups: Box::new([0; 256]), mixed: Box::new([0; 64]), leads: Box::new([0; 64]) }
    }

    /// Of those patterns whose bits are set.
    fn new(shapes: &Shapes, of: &[u64]) -> Gates {
        let mut gates = Gates::none();
        for first in [DIGIT, ZERO, ONE] {
            gates.make_groups(shapes, of, first);
        }
        gates.make_mixed(shapes, of);
        gates.make_leads(shapes, of);
        gates
    }

    fn make_groups(&mut self, shapes: &Shapes, of: &[u64], first: u8) {
        let mut all = of.to_vec();
        and(&mut all, shapes.row(0, first));
        for digits in 1..LONG_GROUP {
            if digits > 1 {
                and(&mut all, shapes.row(digits - 1, DIGIT));
            }
            for next in 0..=HIGH {
                let mut some = all.clone();
                and(&mut some, shapes.row(digits, next));
                if !is_word(next) {
                    and(&mut some, shapes.follow(digits, next));
                }
                for behind in 0..=HIGH {
                    let one = |w: usize| some[w] & if next == 0 { u64::MAX } else { shapes.row(digits + 1, behind)[w] };
                    if (0..shapes.stride).any(|w| one(w) != 0) {
                        let at = group_at(first, digits, next, behind);
                        self.groups[at / 64] |= 1 << (at % 64);
                    }
                }
            }
        }
    }

    fn make_mixed(&mut self, shapes: &Shapes, of: &[u64]) {
        for first in [UPPER, LOWER, UNDERSCORE] {
            for second in DIGIT..=UNDERSCORE {
                let mut all = of.to_vec();
                and(&mut all, shapes.row(0, first));
                and(&mut all, shapes.row(1, second));
                for letters in 1..MANY_LETTERS {
                    if (letters == 1) != (second == DIGIT) {
                        continue;
                    }
                    if letters > 2 {
                        let any: Vec<u64> =
                            (0..shapes.stride).map(|w| (UPPER..=UNDERSCORE).fold(0, |m, k| m | shapes.row(letters - 1, k)[w])).collect();
                        and(&mut all, &any);
                    }
                    let mut some = all.clone();
                    and(&mut some, shapes.row(letters, DIGIT));
                    for run in letters + 1..=RUN {
                        let any = |w: usize| (0..KINDS as u8).fold(0, |m, k| m | shapes.follow(run, k)[w]);
                        if (0..shapes.stride).any(|w| some[w] & any(w) != 0) {
                            let at = mixed_at(first, second, letters, run);
                            self.mixed[at / 64] |= 1 << (at % 64);
                        }
                    }
                }
            }
        }
    }

    fn make_leads(&mut self, shapes: &Shapes, of: &[u64]) {
        let words = [UPPER, LOWER, UNDERSCORE];
        for (first, letters) in words.iter().flat_map(|f| (1..MANY_LETTERS).map(move |n| (*f, n))) {
            // A single letter has no second one: the sign stands for it.
            for second in if letters == 1 { vec![UPPER] } else { words.to_vec() } {
                let mut all = of.to_vec();
                and(&mut all, shapes.row(0, first));
                if letters > 1 {
                    and(&mut all, shapes.row(1, second));
                }
                for k in 2..letters {
                    let any: Vec<u64> = (0..shapes.stride).map(|w| words.iter().fold(0, |m, kind| m | shapes.row(k, *kind)[w])).collect();
                    and(&mut all, &any);
                }
                and(&mut all, shapes.row(letters + 1, DIGIT));
                for sign in (0..=HIGH).filter(|k| *k != 0 && !is_word(*k)) {
                    let one = |w: usize| all[w] & shapes.row(letters, sign)[w] & shapes.follow(letters, sign)[w];
                    if (0..shapes.stride).any(|w| one(w) != 0) {
                        let at = lead_at(first, second, letters, sign);
                        self.leads[at / 64] |= 1 << (at % 64);
                    }
                }
            }
        }
    }
}

impl Shapes {
    /// Of those of `patterns` that `chosen` lists.
    pub fn new(patterns: &[Pattern], numbers: &[u32]) -> Shapes {
        let (mut chosen, mut parts) = (Vec::new(), [0; 5]);
        for (part, end) in Part::ALL.into_iter().zip(1..) {
            chosen.extend(numbers.iter().copied().filter(|p| Part::of(&patterns[*p as usize]) == part));
            chosen.resize(chosen.len().next_multiple_of(64), NONE);
            parts[end] = chosen.len() / 64;
        }
        let stride = chosen.len() / 64;
        let mut bit_of = vec![NONE; patterns.len()];
        (0u32..).zip(&chosen).filter(|c| *c.1 != NONE).for_each(|(bit, p)| bit_of[*p as usize] = bit);
        let sets: Vec<ByteSet> = (0..KINDS as u8).map(bytes_of).collect();
        let mut large = ByteSet::default();
        (b'2'..=b'9').for_each(|b| large.insert(b));
        let mut rows = vec![0u64; PREFIX * KINDS * stride];
        let mut follows = vec![0u64; (RUN + 1) * KINDS * stride];
        let mut values = vec![0u64; PREFIX * VALUES * stride];
        let all = || chosen.iter().enumerate().filter(|c| *c.1 != NONE).map(|(bit, p)| (bit, &patterns[*p as usize]));
        for (bit, p) in all() {
            let one = 1u64 << (bit % 64);
            for (k, prefix) in p.prefix.iter().enumerate() {
                for b in prefix.and(&ByteSet::WORD).bytes().filter(|b| *b != b'_') {
                    values[(k * VALUES + usize::from(VALUE[usize::from(b)])) * stride + bit / 64] |= one;
                }
            }
            for (k, prefix) in p.prefix.iter().enumerate() {
                for (kind, set) in sets.iter().enumerate() {
                    // Of a first digit it is known whether it is 0, 1 or another.
                    let set = if k == 0 && kind == usize::from(DIGIT) { &large } else { set };
                    let allowed = if kind == 0 { p.min_len <= k } else { prefix.meets(set) };
                    if allowed {
                        rows[(k * KINDS + kind) * stride + bit / 64] |= one;
                    }
                }
            }
            for (run, follow) in p.follows.iter().enumerate() {
                for (kind, set) in sets.iter().enumerate() {
                    if if kind == 0 { follow.end } else { follow.bytes.meets(set) } {
                        follows[(run * KINDS + kind) * stride + bit / 64] |= one;
                    }
                }
            }
        }
        let (mut sampled, mut samples) = (vec![0], Vec::new());
        for &p in &chosen {
            let automaton = patterns.get(p as usize).and_then(|p| p.automaton.as_ref());
            for set in &sets {
                if let Some(a) = automaton {
                    let mut seen = ByteSet::default();
                    for b in set.bytes() {
                        if !seen.has(a.class(b)) {
                            seen.insert(a.class(b));
                            samples.push(b);
                        }
                    }
                }
                sampled.push(samples.len() as u32);
            }
        }
        let mut free = vec![0u64; stride];
        all().filter(|(_, p)| p.is_free()).for_each(|(bit, _)| free[bit / 64] |= 1 << (bit % 64));
        let longest = all().filter(|(_, p)| !p.is_free()).map(|(_, p)| p.max_len).max().unwrap_or(0);
        let lead = all().map(|(_, p)| p.lead).max().unwrap_or(0);
        let mut shapes = Shapes {
            patterns: chosen,
            bit_of,
            parts,
            stride,
            rows,
            values,
            follows,
            any: Gates::none(),
            free: Gates::none(),
            two_groups: Box::new([0; 1024]),
            led: [[0; MANY_LETTERS]; 3],
            longest,
            lead,
            sampled,
            samples,
        };
        shapes.any = Gates::new(&shapes, &vec![u64::MAX; shapes.stride]);
        shapes.free = Gates::new(&shapes, &free);
        shapes.make_two_groups(&free);
        shapes.make_led(&free);
        shapes
    }

    fn row(&self, position: usize, kind: u8) -> &[u64] {
        &self.rows[(position * KINDS + usize::from(kind)) * self.stride..][..self.stride]
    }

    fn follow(&self, run: usize, kind: u8) -> &[u64] {
        &self.follows[(run * KINDS + usize::from(kind)) * self.stride..][..self.stride]
    }

    /// The bits of `of` and those of any of `kinds` at a position.
    fn and_any(&self, of: &[u64], position: usize, kinds: impl Iterator<Item = u8> + Clone) -> Vec<u64> {
        let any = |w: usize| kinds.clone().fold(0, |m, k| m | self.row(position, k)[w]);
        of.iter().enumerate().map(|(w, m)| m & any(w)).collect()
    }

    fn make_two_groups(&mut self, of: &[u64]) {
        let mut all = self.and_any(of, 0, [DIGIT, ZERO, ONE].into_iter());
        for digits in 1..LONG_GROUP {
            if digits > 1 {
                and(&mut all, self.row(digits - 1, DIGIT));
            }
            for sign in (1..=HIGH).filter(|k| !is_word(*k)) {
                let mut some = all.clone();
                and(&mut some, self.row(digits, sign));
                and(&mut some, self.follow(digits, sign));
                for more in 1..(PREFIX - digits - 1) {
                    and(&mut some, self.row(digits + more, DIGIT));
                    for next in 0..=HIGH {
                        if some.iter().zip(self.row(digits + more + 1, next)).any(|(a, b)| a & b != 0) {
                            let at = two_at(digits, sign, more, next);
                            self.two_groups[at / 64] |= 1 << (at % 64);
                        }
                    }
                }
            }
        }
    }

    fn make_led(&mut self, of: &[u64]) {
        for (first, letters) in [UPPER, LOWER, UNDERSCORE].into_iter().flat_map(|f| (1..MANY_LETTERS).map(move |n| (f, n))) {
            let mut all = of.to_vec();
            and(&mut all, self.row(0, first));
            for k in 1..letters {
                all = self.and_any(&all, k, [UPPER, LOWER, UNDERSCORE].into_iter());
            }
            all = self.and_any(&all, letters, (1..=HIGH).filter(|k| !is_word(*k)));
            for digits in 1..=LONG_GROUP {
                let place = letters + digits;
                if place < PREFIX {
                    and(&mut all, self.row(place, DIGIT));
                }
                let ends = place + 1 >= PREFIX || digits == LONG_GROUP || {
                    let rest = self.and_any(&all, place + 1, (0..=HIGH).filter(|k| *k != DIGIT));
                    rest.iter().any(|m| *m != 0)
                };
                if ends && all.iter().any(|m| *m != 0) {
                    self.led[usize::from(first - UPPER)][letters] |= 1 << digits;
                }
            }
        }
    }

    /// Whether a value that needs nothing beside it can begin with a group of so many digits at `at`, a sign, and so many digits.
    #[inline]
    pub fn may_group(&self, bytes: &[u8], at: usize, digits: usize, more: usize) -> bool {
        if digits + more + 1 >= PREFIX {
            return true;
        }
        let kind = |i: usize| bytes.get(i).map_or(0, |b| KIND[usize::from(*b)]);
        let at = two_at(digits, kind(at + digits), more, kind(at + digits + 1 + more));
        self.two_groups[at / 64] & 1 << (at % 64) != 0
    }

    /// Whether a value that needs nothing beside it can begin at `at` with so many letters, a sign, and so many digits.
    #[inline]
    pub fn may_lead(&self, bytes: &[u8], at: usize, letters: usize, digits: usize) -> bool {
        let first = KIND[usize::from(bytes[at])];
        letters >= MANY_LETTERS
            || !(UPPER..=UNDERSCORE).contains(&first)
            || self.led[usize::from(first - UPPER)][letters] >> digits.min(LONG_GROUP) & 1 != 0
    }

    /// What can begin where this bit of these tables stands.
    #[inline]
    fn gate(&self, of: impl Fn(&Gates) -> &[u64], bit: usize) -> Gate {
        let has = |g: &Gates| of(g)[bit / 64] & 1 << (bit % 64) != 0;
        match has(&self.any) {
            false => Gate::Nothing,
            true if has(&self.free) => Gate::Anything,
            true => Gate::Bound,
        }
    }

    /// What can begin at `at` with so many letters, the sign behind them and a digit.
    #[inline]
    pub fn may_precede(&self, bytes: &[u8], at: usize, letters: usize) -> Gate {
        let kind = |i: usize| KIND[usize::from(bytes[i])];
        let second = if letters == 1 { UPPER } else { kind(at + 1) };
        if letters >= MANY_LETTERS || !(UPPER..=UNDERSCORE).contains(&kind(at)) || !(UPPER..=UNDERSCORE).contains(&second) {
            // With a digit in it, it was looked at for itself.
            return if letters >= MANY_LETTERS { Gate::Anything } else { Gate::Nothing };
        }
        self.gate(|g| &g.leads[..], lead_at(kind(at), second, letters, kind(at + letters)))
    }

    /// What can begin at `at` with a group of so many digits.
    #[inline]
    pub fn may_begin(&self, bytes: &[u8], at: usize, digits: usize) -> Gate {
        if digits >= LONG_GROUP {
            return Gate::Anything;
        }
        let kind = |i: usize| bytes.get(i).map_or(0, |b| KIND[usize::from(*b)]);
        self.gate(|g| &g.groups[..], group_at(first_kind(bytes[at]), digits, kind(at + digits), kind(at + digits + 1)))
    }

    /// What can begin at `at` with so many letters and then a digit, in a token of `run` bytes (up to [`RUN`]).
    #[inline]
    pub fn may_mix(&self, bytes: &[u8], at: usize, letters: usize, run: usize) -> Gate {
        if letters >= MANY_LETTERS {
            return Gate::Anything;
        }
        let kind = |i: usize| bytes.get(i).map_or(0, |b| KIND[usize::from(*b)]);
        self.gate(|g| &g.mixed[..], mixed_at(kind(at), kind(at + 1), letters, run))
    }

    /// The candidates at a place of this key, remembered in `memory`.
    #[inline]
    pub fn candidates(&self, patterns: &[Pattern], memory: &mut Memory, key: Key) -> Candidates {
        let slot = key.slot();
        let (known, candidates) = memory.slots[slot];
        if known == key {
            return candidates;
        }
        let candidates = self.search(patterns, memory, key);
        memory.slots[slot] = (key, candidates);
        candidates
    }

    #[inline(never)]
    fn search(&self, patterns: &[Pattern], memory: &mut Memory, key: Key) -> Candidates {
        if memory.sets.len() > MOST_WORDS {
            memory.sets.clear();
            memory.slots.fill((Key::NONE, Candidates::default()));
        }
        let mut found = Candidates { from: memory.sets.len() as u32, ..Candidates::default() };
        let kinds = key.kinds.to_le_bytes();
        for (part, words) in Part::ALL.into_iter().zip(self.parts.windows(2)) {
            for w in words[0]..words[1] {
                let mut m = match key.run as usize {
                    run if run < PREFIX => self.follow(run, kinds[run])[w],
                    run => self.follow(run, ANY)[w] | self.follow(run, 0)[w],
                };
                for (k, kind) in kinds.into_iter().enumerate() {
                    if kind == ANY || m == 0 {
                        break;
                    }
                    m &= self.rows[(k * KINDS + usize::from(kind)) * self.stride + w];
                    if kind == 0 {
                        break;
                    }
                }
                let mut fitting = 0;
                for bit in bits(m) {
                    let p = &patterns[self.patterns[w * 64 + bit] as usize];
                    if self.fits(w * 64 + bit, p.automaton.as_ref(), &kinds) {
                        fitting |= 1 << bit;
                        found.longest = found.longest.max(p.max_len.min(usize::from(u16::MAX)) as u16);
                    }
                }
                memory.sets.push(fitting);
                found.parts |= u8::from(fitting != 0) << part as u8;
            }
        }
        found
    }

    /// Those candidates of a part that allow the very digits of `bytes`, and capitals and small letters where they stand: [`Memory::allowed`]
    /// holds their bits in the words that are given, until the next call. What a search finds there is among them.
    #[inline]
    pub fn allow(&self, memory: &mut Memory, found: Candidates, part: Part, bytes: &[u8]) -> Range<usize> {
        let range = self.parts[part as usize]..self.parts[part as usize + 1];
        memory.allowed.resize(self.stride, 0);
        let allowed = &mut memory.allowed[range.clone()];
        allowed.copy_from_slice(&memory.sets[found.from as usize + range.start..][..range.len()]);
        for (k, b) in bytes.iter().take(PREFIX).enumerate() {
            let value = usize::from(VALUE[usize::from(*b)]);
            if value == VALUES {
                continue;
            }
            let row = &self.values[(k * VALUES + value) * self.stride + range.start..][..range.len()];
            let mut any = 0;
            for (m, r) in allowed.iter_mut().zip(row) {
                *m &= r;
                any |= *m;
            }
            if any == 0 {
                return 0..0;
            }
        }
        range
    }

    /// The pattern of a bit of a word of [`Memory::allowed`].
    #[inline]
    pub fn pattern(&self, word: usize, bit: usize) -> u32 {
        self.patterns[word * 64 + bit]
    }

    /// Whether a pattern is among the candidates.
    pub fn is_among(&self, memory: &Memory, found: Candidates, pattern: u32) -> bool {
        let bit = self.bit_of.get(pattern as usize).copied().unwrap_or(NONE) as usize;
        bit / 64 < self.stride && memory.sets[found.from as usize + bit / 64] >> (bit % 64) & 1 != 0
    }
}

/// The most states of a table that are followed at a time.
const MOST_STATES: usize = 48;

impl Shapes {
    /// Whether a match of the pattern with this bit can begin with bytes of these kinds and end where a value may
    /// (`edges::ends`). What is doubtful is allowed.
    fn fits(&self, bit: usize, automaton: Option<&Automaton>, kinds: &[u8; PREFIX]) -> bool {
        let Some(automaton) = automaton else { return true };
        let mut states = [0u32; MOST_STATES];
        states[0] = automaton.start();
        let mut many = 1;
        for (i, &kind) in kinds.iter().enumerate() {
            if kind == ANY {
                return true;
            }
            let mut following = [0u32; MOST_STATES];
            let (mut n, mut ends) = (0, false);
            for &state in &states[..many] {
                for &b in self.samples(bit, kind) {
                    let Some((next, accepts)) = automaton.step(state, b) else { continue };
                    ends |= accepts;
                    if !following[..n].contains(&next) {
                        if n == MOST_STATES {
                            return true;
                        }
                        following[n] = next;
                        n += 1;
                    }
                }
            }
            let kind_at = |k: usize| kinds.get(k).copied().unwrap_or(ANY);
            if ends && may_end(kind, kind_at(i + 1), kind_at(i + 2)) {
                return true;
            }
            if n == 0 {
                return false;
            }
            (states, many) = (following, n);
        }
        true
    }

    /// One byte of each set of those of a kind that the pattern's table does not tell apart.
    fn samples(&self, bit: usize, kind: u8) -> &[u8] {
        let at = bit * KINDS + usize::from(kind);
        &self.samples[self.sampled[at] as usize..self.sampled[at + 1] as usize]
    }
}

/// Whether a value may end with a byte of the kind `last` before bytes of these kinds.
fn may_end(last: u8, next: u8, behind: u8) -> bool {
    let alnum = |k: u8| matches!(k, DIGIT..=LOWER | MIXED..=MIXED_LOWER);
    let word = |k: u8| alnum(k) || k == UNDERSCORE;
    !(word(last) && word(next) || next == HYPHEN && behind == DIGIT || next == DOT && word(last) && behind == DIGIT)
}
