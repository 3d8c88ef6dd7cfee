//! The kinds of bytes, and the key that those at a place make.

use crate::classify::facts::{ByteSet, PREFIX, RUN};

// Kinds of bytes. 0 is the end of the text.
pub(super) const DIGIT: u8 = 1;
pub(super) const UPPER: u8 = 2;
pub(super) const LOWER: u8 = 3;
pub(super) const UNDERSCORE: u8 = 4;
pub(super) const HYPHEN: u8 = 5;
pub(super) const BLANK: u8 = 6;
pub(super) const DOT: u8 = 7;
const SLASH: u8 = 8;
pub(super) const OPEN: u8 = 10;
pub(super) const CLOSE: u8 = 11;
pub(super) const PLUS: u8 = 12;
const COMMA: u8 = 13;
pub(super) const OTHER: u8 = 14;
pub(super) const HIGH: u8 = 15;
/// A letter or a digit, of a token in which they alternate.
pub(super) const MIXED: u8 = 16;
/// The same without small letters, and without capitals.
pub(super) const MIXED_UPPER: u8 = 17;
pub(super) const MIXED_LOWER: u8 = 18;
/// Not looked at: any byte.
pub(super) const ANY: u8 = 19;
/// Digits that tell numbers apart where they come first.
pub(super) const ZERO: u8 = 20;
pub(super) const ONE: u8 = 21;
pub(super) const KINDS: usize = 22;

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

pub(in crate::classify) static KIND: [u8; 256] = kinds();

/// The kind of a byte, 1 to 15; 1 to 4 are word bytes, 6 is a blank.
#[inline]
pub(in crate::classify) fn kind(b: u8) -> u8 {
    KIND[usize::from(b)]
}

/// Whether a sign, other than the underscore, has a kind of its own.
#[inline]
pub(in crate::classify) fn is_sign(b: u8) -> bool {
    matches!(kind(b), HYPHEN..OTHER)
}

/// The kind of a value's first byte.
#[inline]
pub(in crate::classify) fn first_kind(b: u8) -> u8 {
    match b {
        b'0' => ZERO,
        b'1' => ONE,
        _ => KIND[usize::from(b)],
    }
}

pub(super) fn bytes_of(kind: u8) -> ByteSet {
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
pub(in crate::classify) struct Key {
    pub(super) kinds: u128,
    pub(super) run: u32,
}

impl Key {
    pub(super) const NONE: Key = Key { kinds: 0, run: u32::MAX };

    /// The key of a place; `here`: its kinds as [`Sight`] has them, `left`: how many bytes there are from it on.
    pub fn of(Sight { kinds: here, run }: Sight, left: usize) -> Key {
        let run = run as usize;
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
        let ended = left <= looked;
        let first = here & 0xff;
        let mut kinds = here & seen | if ended { 0 } else { all(ANY) & !seen };
        if alternates(kinds) {
            let alnum = from(kinds, DIGIT) & !from(kinds, UNDERSCORE);
            let digit = alnum & !from(kinds, UPPER);
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
        kinds = kinds & !0xff | first;
        Key { kinds, run: run as u32 }
    }

    /// Its place in a table of `2^bits`.
    #[inline]
    pub(super) fn slot(self, bits: u32) -> usize {
        slot(self.kinds, self.run, bits)
    }
}

/// Whether letters and digits alternate, so that which stands where is chance (identifiers, hashes).
#[inline]
fn alternates(kinds: u128) -> bool {
    let alnum = from(kinds, DIGIT) & !from(kinds, UNDERSCORE);
    let digit = alnum & !from(kinds, UPPER);
    let turns = alnum & (alnum << 8) & (digit ^ (digit << 8));
    [(); 2].iter().fold(turns, |t, ()| t & t.wrapping_sub(1)) != 0
}

/// The place of kinds and a run in a table of `2^bits`.
#[inline]
fn slot(kinds: u128, run: u32, bits: u32) -> usize {
    let folded = kinds as u64 ^ ((kinds >> 64) as u64).rotate_left(29) ^ (u64::from(run) << 57);
    (folded.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - bits)) as usize
}

/// All that can be seen at a place: the kinds of [`PREFIX`] bytes (0 behind the end), the first one lowest and by [`first_kind`], and the
/// length of the first run of word bytes (up to [`RUN`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::classify) struct Sight {
    pub kinds: u128,
    pub run: u32,
}

impl Sight {
    pub(super) const NONE: Sight = Sight { kinds: 0, run: u32::MAX };

    /// What is seen at a place whose first byte is `first`. `kinds`: those of the bytes from there on, at least [`PREFIX`] of them, of which
    /// `left` count.
    #[inline]
    pub fn of(kinds: &[u8], left: usize, first: u8, run: usize) -> Sight {
        let all = kinds.first_chunk().map_or(0, |k| u128::from_le_bytes(*k));
        let seen = if left >= PREFIX { u128::MAX } else { (1 << (8 * left)) - 1 };
        Sight { kinds: all & seen & !0xff | u128::from(first_kind(first)), run: run.min(RUN) as u32 }
    }

    /// The same as if letters and digits alternated in the first `n` bytes, but for the very first.
    #[inline]
    pub fn mixed(self, n: usize) -> Sight {
        let those = if n >= PREFIX { !0xff } else { ((1 << (8 * n)) - 1) & !0xff };
        let alnum = from(self.kinds, DIGIT) & !from(self.kinds, UNDERSCORE) & those;
        let of = (alnum >> 7) * 0xff;
        let capitals = from(self.kinds, UPPER) & !from(self.kinds, LOWER) & those != 0;
        let kinds = self.kinds & !of | all(if capitals { MIXED } else { MIXED_LOWER }) & of;
        Sight { kinds, ..self }
    }

    /// Whether the kinds are these.
    #[inline]
    pub(super) fn is(self, view: View) -> bool {
        self.kinds == view.0
    }

    /// Its place in a table of `2^bits`: all with the same kinds have the same.
    #[inline]
    pub(super) fn slot(self, bits: u32) -> usize {
        slot(self.kinds, 0, bits)
    }
}

/// The kinds of [`PREFIX`] bytes at a number, 0 behind the end, the first one lowest and by [`first_kind`].
#[derive(Clone, Copy, Debug)]
pub(in crate::classify) struct View(u128);

impl View {
    /// See [`Sight::of`].
    #[inline]
    pub fn of(kinds: &[u8], left: usize, first: u8) -> View {
        View(Sight::of(kinds, left, first, 0).kinds)
    }

    /// The same with the length of the first run.
    #[inline]
    pub fn sight(self, run: usize) -> Sight {
        Sight { kinds: self.0, run: run.min(RUN) as u32 }
    }

    /// The kind at a position, 0 from [`PREFIX`] on.
    #[inline]
    pub(super) fn kind(self, at: usize) -> u8 {
        if at < PREFIX { (self.0 >> (8 * at)) as u8 } else { 0 }
    }

    /// How many digits stand from a position on, as far as is seen.
    #[inline]
    pub(super) fn digits_from(self, at: usize) -> usize {
        if at >= PREFIX {
            return 0;
        }
        let others = (self.0 >> (8 * at)) ^ all(DIGIT);
        (others.trailing_zeros() as usize / 8).min(PREFIX - at)
    }

    /// How many digits it begins with, at least one, as far as is seen.
    #[inline]
    pub fn digits(self) -> usize {
        1 + self.digits_from(1)
    }

    /// Whether what stands behind so many digits may stand behind a house number.
    #[inline]
    pub fn may_be_house(self, digits: usize) -> bool {
        // A letter, a blank, `-`, `/`, `,`, what is beyond ASCII.
        digits <= 6 && 1u32 << self.kind(digits) & HOUSE != 0
    }
}

/// Kinds of bytes behind house numbers, a bit each.
const HOUSE: u32 = 1 << UPPER | 1 << LOWER | 1 << HYPHEN | 1 << BLANK | 1 << SLASH | 1 << COMMA | 1 << HIGH;

/// The same kind in all sixteen bytes.
#[inline]
pub(super) const fn all(kind: u8) -> u128 {
    u128::from_le_bytes([kind; PREFIX])
}

/// The upper bit of each byte that is `least` or more; bytes are kinds, all below 64.
#[inline]
pub(super) const fn from(kinds: u128, least: u8) -> u128 {
    (kinds + all(0x80 - least)) & all(0x80)
}

#[inline]
pub(super) fn is_word(kind: u8) -> bool {
    matches!(kind, DIGIT..=UNDERSCORE)
}

/// Whether a number may go on with `kind` behind a separator.
#[inline]
pub(super) fn goes_on(separator: u8, kind: u8) -> bool {
    matches!(kind, DIGIT | UPPER | OPEN | CLOSE | PLUS) || (separator == CLOSE && kind == BLANK)
}
