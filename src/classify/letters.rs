//! Letters in the one spelling in which words are compared: that of the phrases that are looked for, and of the text.
//!
//! It is the small letter, with three exceptions where capitals tell less than small letters do: Turkish and its relatives write I
//! for ı and İ for i, Greek capitals bear no accent, and Σ is the capital of both ς and σ.

use std::borrow::Cow;
use std::sync::LazyLock;

/// The spelling of a letter.
///
/// It takes as many bytes of UTF-8 as the letter does, but for ı and İ: `ẞ` is no `ß`, so that what a run of letters is does not depend on
/// their case.
pub(super) fn folded(c: char) -> char {
    match c {
        'ı' | 'İ' => 'i',
        'Ά' | 'ά' => 'α',
        'Έ' | 'έ' => 'ε',
        'Ή' | 'ή' => 'η',
        'Ί' | 'ί' | 'Ϊ' | 'ϊ' | 'ΐ' => 'ι',
        'Ό' | 'ό' => 'ο',
        'Ύ' | 'ύ' | 'Ϋ' | 'ϋ' | 'ΰ' => 'υ',
        'Ώ' | 'ώ' => 'ω',
        'ς' => 'σ',
        _ => {
            let mut small = c.to_lowercase();
            match (small.next(), small.next()) {
                (Some(one), None) if one.len_utf8() == c.len_utf8() => one,
                _ => c,
            }
        }
    }
}

/// A text in that spelling.
// PERF: nearly all that files hold is.
pub(super) fn fold(text: &str) -> Cow<'_, str> {
    let is_plain = text.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase());
    if is_plain || is_folded(text.as_bytes()) { Cow::Borrowed(text) } else { Cow::Owned(text.chars().map(folded).collect()) }
}

fn is_folded(mut text: &[u8]) -> bool {
    while !text.is_empty() {
        let (letter, taken) = first(text);
        if !text.starts_with(&letter.to_le_bytes()[..len_of(letter)]) {
            return false;
        }
        text = &text[taken..];
    }
    true
}

/// The first bytes of letters of two bytes that are capitals, or have one: U+0080 to U+05BF.
const CASED: std::ops::RangeInclusive<u8> = 0xc2..=0xd6;

/// The spelling of these letters: their UTF-8, the first byte lowest.
static TWO: LazyLock<[u16; (*CASED.end() - *CASED.start() + 1) as usize * 64]> = LazyLock::new(|| {
    std::array::from_fn(|i| {
        let c = char::from_u32(0x80 + i as u32).map_or('\0', folded);
        packed(c) as u16
    })
});

/// The UTF-8 of a character, the first byte lowest.
fn packed(c: char) -> u32 {
    let mut bytes = [0; 4];
    c.encode_utf8(&mut bytes);
    u32::from_le_bytes(bytes)
}

/// The spelling of the letter that a text begins with, as UTF-8, the first byte lowest, and how many bytes the text has for it. A
/// byte that begins no character with capitals stands for itself.
#[inline]
pub(super) fn first(text: &[u8]) -> (u32, usize) {
    match *text {
        [a, ..] if a.is_ascii() => (a.to_ascii_lowercase().into(), 1),
        [a, b @ 0x80..=0xbf, ..] if CASED.contains(&a) => {
            let at = usize::from(a - CASED.start()) << 6 | usize::from(b & 0x3f);
            (TWO[at].into(), 2)
        }
        [a @ 0xe0..=0xff, ..] if !is_caseless(a) => wide(text),
        [a, ..] => (a.into(), 1),
        [] => (0, 0),
    }
}

/// [`first`] of a character of three bytes or four.
#[inline(never)]
fn wide(text: &[u8]) -> (u32, usize) {
    let low = |b: u8| u32::from(b & 0x3f);
    let (c, n) = match *text {
        [a @ 0xe0..=0xef, b @ 0x80..=0xbf, c @ 0x80..=0xbf, ..] => (char::from_u32(u32::from(a & 0xf) << 12 | low(b) << 6 | low(c)), 3),
        [a @ 0xf0..=0xf4, b @ 0x80..=0xbf, c @ 0x80..=0xbf, d @ 0x80..=0xbf, ..] => {
            (char::from_u32(u32::from(a & 7) << 18 | low(b) << 12 | low(c) << 6 | low(d)).filter(|c| c.len_utf8() == 4), 4)
        }
        _ => (None, 1),
    };
    c.map_or((text[0].into(), 1), |c| (packed(folded(c)), n))
}

/// Whether a byte begins characters of three bytes none of which is a capital or has one: those of India, China, Japan, most of Korea.
#[inline]
pub(super) fn is_caseless(first: u8) -> bool {
    matches!(first, 0xe0 | 0xe3..=0xe9 | 0xeb..=0xee)
}

/// How many bytes a letter of [`first`] has.
#[inline]
pub(super) fn len_of(letter: u32) -> usize {
    (4 - letter.leading_zeros() as usize / 8).max(1)
}

#[cfg(test)]
#[path = "letters_tests.rs"]
mod tests;
