//! Where values, numbers and words can begin, as bitmaps: 64 bytes at a time, without a branch for each byte.

use super::edges::after_escape;
use super::facts::PREFIX;
use super::shapes::KIND;
use super::uuid;
use crate::base::bitmap;

/// What is known of 64 bytes; the lowest bit is that of the first.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mark {
    /// Letters, digits, `_` (ASCII).
    pub word: u64,
    pub digit: u64,
    /// First bytes of tokens: of runs of `word`, and behind the letter of an escape (`\n`).
    pub tokens: u64,
    /// The first digit of each token that has one (of a token of several blocks, that of each block), unless a number goes on
    /// with it: `edges::starts` is false there for all values.
    pub numbers: u64,
    /// Of `numbers`, those that begin a token behind the letter of an escape, and those behind a sign with a letter or `_` before it.
    pub escaped: u64,
    pub led: u64,
    /// First letters of words (a camelCase name has several), and characters of three bytes or more: Chinese, Japanese and
    /// Korean words begin anywhere.
    pub starts: u64,
    /// Bytes that end a word which began before: no letter, or another word's first.
    pub stops: u64,
    /// First bytes of letters of two bytes.
    pub high: u64,
    /// `+` and `(` before a digit or another of them. What lies behind the block counts as one.
    pub open: u64,
    /// `@`.
    pub at: u64,
    /// Where a value may begin that begins with a sign.
    pub signs: u64,
    /// First bytes of tokens that are letters of ASCII.
    pub letters: u64,
    /// Blanks, quotes and the other bytes of [`APART`].
    apart: u64,
    /// First bytes of tokens of two capitals: codes of states and countries. What lies behind the block counts as fitting.
    pub pairs: u64,
    /// First bytes of UUIDs as they are usually written (RFC 9562, section 4).
    pub uuids: u64,
    /// First bytes of tokens of at least [`LONG`] bytes, or of tokens that reach the block's end.
    pub long: u64,
}

impl Mark {
    /// Bytes from which on at least [`LONG`] stand without one of [`APART`].
    pub fn solid(&self) -> u64 {
        runs(!self.apart)
    }
}

/// Bytes that stand in no key or token of a machine.
pub(super) const APART: [u8; 8] = *b" \t\r\n\"\',;";

/// Tokens of this length are long.
pub(super) const LONG: usize = 16;

// Classes of bytes: digits, letters (two: by the upper half), what shares the upper halves of capitals, @, _, + and (,
// first bytes of UTF-8 characters.
const TABLES: ([u8; 16], [u8; 16]) = bitmap::class_tables(&[
    (1 << 3, 0x03ff),
    (1 << 4 | 1 << 6, 0xfffe),
    (1 << 5 | 1 << 7, 0x07ff),
    (1 << 4 | 1 << 5, 0xffff),
    (1 << 4, 0x0001),
    (1 << 5, 0x8000),
    (1 << 2, 0x0900),
    (0xf000, 0xffff),
]);
const GROUPS: [u8; 7] = [1, 0b110, 0b1000, 0b1_0000, 0b10_0000, 0b100_0000, 0b1000_0000];

// Signs: a backslash; - . / + and :, which join numbers; a hyphen; those of [`APART`], in three rows of ASCII.
const SIGNS: ([u8; 16], [u8; 16]) = bitmap::class_tables(&[
    (1 << 5, 1 << 0xc),
    (1 << 2, 1 << 0xb | 1 << 0xd | 1 << 0xe | 1 << 0xf),
    (1 << 3, 1 << 0xa),
    (1 << 2, 1 << 0xd),
    (1 << 2, 1 | 1 << 2 | 1 << 7 | 1 << 0xc),
    (1, 1 << 9 | 1 << 0xa | 1 << 0xd),
    (1 << 3, 1 << 0xb),
]);
const SIGN_GROUPS: [u8; 4] = [1, 0b110, 0b1000, 0b111_0000];

/// First, second and third bytes of values that begin with a sign, in eight buckets.
pub(super) type Beginnings = [([u8; 16], [u8; 16]); 3];

/// The marks of a text, and room to make them.
#[derive(Default)]
pub(super) struct Marks {
    pub all: Vec<Mark>,
    /// The kind of each byte, see `shapes::kind`, and [`PREFIX`] more that say nothing.
    pub kinds: Vec<u8>,
    rough: Rough,
}

/// What marks are made of: which bytes stand where.
#[derive(Default)]
struct Rough {
    classes: Vec<[u64; 7]>,
    signs: Vec<[u64; 4]>,
    beginnings: Vec<u64>,
}

/// The room for what marks of a longer text are made of is given back: it takes one and a half times what the text does.
const KEPT: usize = 4 << 20;

impl Marks {
    /// Marks `bytes`; what was marked before is overwritten.
    pub fn make(&mut self, bytes: &[u8], beginnings: &Beginnings) {
        bitmap::group_masks(bytes, &TABLES.0, &TABLES.1, GROUPS, &mut self.rough.classes);
        bitmap::group_masks(bytes, &SIGNS.0, &SIGNS.1, SIGN_GROUPS, &mut self.rough.signs);
        bitmap::beginnings(bytes, beginnings, &mut self.rough.beginnings);
        self.all.clear();
        // Of the byte before a block, in the lowest bit: does a token, a letter or digit, a small letter go on; was it a
        // first byte of two; a backslash; of the two bytes before: do they carry a number on.
        let (mut token, mut alnum, mut small, mut lead, mut slash) = (0, 0, 0, 0, 0);
        let (mut digit_before, mut joint_before, mut slash_before) = (0, 0, 0);
        let (mut letter_before, mut escape_before) = (0, 0);
        let Marks { all, rough: Rough { classes, signs, beginnings }, .. } = self;
        all.extend(classes.iter().enumerate().map(|(i, &[digit, latin, capitals, at, under, open, leads])| {
            let ([backslash, joint, hyphen, apart], beginning) = (signs[i], beginnings[i]);
            let word = digit | latin | under;
            let upper = latin & capitals;
            let mut letter = latin;
            let mut escaped = 0;
            let mut behind_escape = 0;
            let mut high = 0;
            let mut wide = 0;
            if leads | lead != 0 {
                // C0 to C2 are no first bytes of letters; what follows the others is their second half.
                let first = bits(leads).filter(|b| (0xc3..0xe0).contains(&bytes[i * 64 + b])).fold(0, |m, b| m | 1 << b);
                wide = bits(leads).filter(|b| bytes[i * 64 + b] >= 0xe0).fold(0, |m, b| m | 1 << b);
                let second = bits(first << 1 | lead).filter(|b| bytes.get(i * 64 + b).is_some_and(|b| (0x80..0xc0).contains(b)));
                letter |= first | second.fold(0, |m, b| m | 1 << b);
                lead = first >> 63;
                high = first;
            }
            if backslash | slash != 0 {
                let here = bits(backslash << 1 | slash).map(|b| i * 64 + b).filter(|p| *p < bytes.len() && after_escape(bytes, p + 1));
                escaped = here.fold(0, |m, p| m | 1 << (p % 64));
                behind_escape = escaped << 1 | u64::from(i > 0 && after_escape(bytes, i * 64));
                slash = backslash >> 63;
            } else if slash_before != 0 {
                behind_escape = u64::from(after_escape(bytes, i * 64));
            }
            // The letter of an escape is no part of the token behind it.
            let joined = word & !escaped;
            let begin = joined & !(joined << 1 | token);
            // The sum runs through each token that begins here or goes on, up to its first digit or its end.
            let first = (joined & !digit).wrapping_add(begin | (token & joined)) & joined & digit;
            let inner = begin & (joint << 1 | joint_before) & (digit << 2 | digit_before);
            let camel = upper & (small | ((latin & !upper) << 1));
            let starts = letter & (!(alnum | (letter | digit) << 1) | camel | behind_escape) | wide;
            let tokens = begin | escaped;
            let long = runs(joined);
            let behind = signs.get(i + 1).map_or(0, |next| next[2]);
            let mut uuids = 0;
            if hyphen | behind != 0 {
                let hyphen = u128::from(hyphen) | u128::from(behind) << 64;
                let may = uuid::GROUPS[1..].iter().fold(begin, |m, from| m & (hyphen >> (from - 1)) as u64);
                uuids = bits(may).filter(|b| uuid::begins(&bytes[i * 64 + b..])).fold(0, |m, b| m | 1 << b);
            }
            let after_escape = escaped << 1 | escape_before;
            let after_letter = (word & !digit) << 2 | letter_before;
            (escape_before, letter_before) = (escaped >> 63, (word & !digit) >> 62);
            slash_before = backslash >> 62;
            token = joined >> 63;
            alnum = (letter | digit) >> 63;
            small = (latin & !upper) >> 63;
            (digit_before, joint_before) = (digit >> 62, joint >> 63);
            Mark {
                word,
                digit,
                tokens,
                numbers: first & !inner,
                escaped: first & !inner & begin & after_escape,
                led: first & !inner & begin & !after_escape & after_letter,
                starts,
                stops: !letter | starts,
                high,
                open: open & ((digit | open) >> 1 | 1 << 63),
                at,
                signs: beginning & !word,
                letters: tokens & latin,
                apart,
                pairs: tokens & upper & (upper >> 1 | 1 << 63) & !((word >> 2) & (u64::MAX >> 2)),
                uuids,
                long: long & tokens,
            }
        }));
        if bytes.len() > KEPT {
            self.rough = Rough::default();
        }
        bitmap::translate(bytes, &KIND, &mut self.kinds);
        self.kinds.resize(bytes.len() + PREFIX, 0);
    }
}

/// Where runs of 16 begin; what lies behind the block counts as one.
fn runs(bits: u64) -> u64 {
    let two = bits & (bits >> 1 | 1 << 63);
    let four = two & (two >> 2 | 3 << 62);
    let eight = four & (four >> 4 | 15 << 60);
    eight & (eight >> 8 | 255 << 56)
}

/// The positions of the ones, from the lowest.
#[inline]
pub(super) fn bits(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let at = bits.trailing_zeros() as usize;
        bits &= bits.wrapping_sub(1);
        (at < 64).then_some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_are_told_by_their_halves() {
        let all: Vec<u8> = (0..=u8::MAX).collect();
        let mut masks = Vec::new();
        bitmap::group_masks(&all, &SIGNS.0, &SIGNS.1, SIGN_GROUPS, &mut masks);
        for b in all {
            let has = masks[usize::from(b) / 64].map(|m: u64| m >> (b % 64) & 1 != 0);
            assert_eq!(has, [b == b'\\', b"-.:/+".contains(&b), b == b'-', APART.contains(&b)], "{b}");
        }
    }
}
