//! What an address may begin with: cheap looks before one is read.

use std::sync::LazyLock;

use super::{may_start, military, parser, small, words};

/// The house number that is written as a word: `One Harbor Drive`.
pub(super) const ONE: &[u8] = b"One";

/// By the length of a capitalised word: which letters those begin with that an address may begin with whatever follows them.
static CAPITALS: LazyLock<[u64; LENGTHS]> = LazyLock::new(|| {
    let others = military().chain(parser::RURAL).chain([ONE]);
    let mut all = first_letters();
    for w in words::units().chain(others).chain(words::PREPOSITIONS) {
        all.get_mut(run(w)).into_iter().for_each(|m| *m |= 1 << (w[0].to_ascii_uppercase() & 63));
    }
    all
});

/// By the length of a word: the first letters of those that an address begins with for themselves, in any case: a bit for each, by its lower
/// five bits.
static LISTED: LazyLock<[u32; LENGTHS]> = LazyLock::new(|| {
    let mut all = [0; LENGTHS];
    let others = military().chain(parser::RURAL).chain([ONE]).chain(words::PREPOSITIONS);
    for w in words::firsts().chain(words::units()).chain(others) {
        all[w.strip_suffix(b".").unwrap_or(w).len()] |= 1 << (w[0] & 31);
    }
    all
});

/// Whether a word, a full stop aside, may be one of those that an address begins with for themselves: a cheap look before the lists.
pub(super) fn may_be_listed(plain: &[u8]) -> bool {
    LISTED.get(plain.len()).is_some_and(|firsts| firsts >> (plain[0] & 31) & 1 == 1)
}

/// Longer words are not told apart.
const LENGTHS: usize = 33;

fn run(word: &[u8]) -> usize {
    word.iter().take_while(|b| b.is_ascii_alphanumeric()).count()
}

/// Whether the capitalised word at `p` may begin an address: a cheap look before all else.
pub(super) fn may_begin(bytes: &[u8], p: usize) -> bool {
    let rest = &bytes[p..];
    let letters = rest.iter().take(32).take_while(|b| b.is_ascii_alphabetic()).count();
    let behind = rest.get(letters).copied().unwrap_or(b' ');
    // A slash is part of `C/`.
    let goes_on = behind.is_ascii_digit() || !behind.is_ascii() || matches!(behind, b'\'' | b'-' | b'.') || behind == b'/' && letters == 1;
    if letters == 32 || goes_on {
        return true;
    }
    CAPITALS[letters] >> (rest[0] & 63) & 1 == 1
        || words::compound(&rest[..letters])
        || behind == b' ' && {
            let next = &rest[(letters + 1).min(rest.len())..];
            let next = next.strip_prefix(b" ").unwrap_or(next);
            let letters = next.iter().take(32).take_while(|b| b.is_ascii_alphabetic()).count();
            match next.get(letters) {
                Some(b) if b.is_ascii_digit() || !b.is_ascii() || matches!(b, b'\'' | b'-' | b'.') => true,
                _ => letters > 0 && words::may_be_alone(next[0], letters) && words::alone(&next[..letters]),
            }
        }
}

/// By the length of words (letters and digits of ASCII, up to 32): the first letters of those that addresses begin with that begin with a
/// small letter, in either case: a bit for each, by its lower six bits.
pub(in crate::classify) fn first_letters() -> [u64; LENGTHS] {
    let mut all = [0; LENGTHS];
    for w in words::firsts().chain(parser::BOXES.iter().copied()).chain(military()) {
        let either = 1 << (w[0].to_ascii_lowercase() & 63) | 1 << (w[0].to_ascii_uppercase() & 63);
        all.get_mut(run(w)).into_iter().for_each(|m| *m |= either);
    }
    all
}

/// Whether words that begin so may begin a street's name as its kind, or stand between the number and that.
#[inline]
pub(in crate::classify) fn may_go_on(first: u8, second: Option<&u8>) -> bool {
    static SECOND: LazyLock<[u32; 26]> = LazyLock::new(|| {
        let mut seconds = [0; 26];
        for w in words::firsts().chain(parser::BOXES).chain(military()).chain([&b"bis"[..], b"ter"]).filter(|w| w[0].is_ascii_alphabetic())
        {
            seconds[usize::from(w[0].to_ascii_lowercase() - b'a')] |= 1 << (w[1] & 31);
        }
        seconds
    });
    let first = usize::from(first.to_ascii_lowercase().wrapping_sub(b'a'));
    second.is_some_and(|b| SECOND.get(first).is_some_and(|s| s >> (b & 31) & 1 == 1))
}

/// Whether the bytes from `end` on may follow a house number that begins an address, of which these are the first digits:
/// a cheap look before all else.
#[inline]
pub(in crate::classify) fn may_follow(bytes: &[u8], end: usize, digits: usize) -> bool {
    if digits > 6 {
        return false;
    }
    match bytes.get(end..) {
        // Before a name, a blank; it begins with a letter, or a number.
        Some([b' ', b' ', ..]) => true,
        Some([b' ', b'A'..=b'Z' | 0xc3.., ..]) => true,
        // `221 42nd`, `5 rue`, `5 bis`.
        Some([b' ', b'0'..=b'9', rest @ ..]) => {
            rest.iter().take(5).any(|b| matches!(b, b's' | b'n' | b'r' | b't' | b'S' | b'N' | b'R' | b'T'))
        }
        Some([b' ', next, rest @ ..]) => {
            next.is_ascii_lowercase() && (may_go_on(*next, rest.first()) || small::may_be_led(bytes, end - digits))
        }
        // A comma, and a blank behind it.
        Some([b',', next, ..]) => matches!(next, b' ' | 0xc2),
        // `12-14`, `12a`.
        Some([b'-' | b'/', rest @ ..]) => {
            let more = rest.iter().take(5).take_while(|b| b.is_ascii_digit()).count();
            let behind = match rest.get(more..) {
                Some([b, rest @ ..]) if b.is_ascii_alphabetic() => rest.first(),
                Some([b, ..]) => Some(b),
                _ => None,
            };
            (1..5).contains(&more) && matches!(behind, Some(b' ' | b',' | 0xc2))
        }
        Some([letter, next, ..]) if letter.is_ascii_alphabetic() => matches!(next, b' ' | b',' | 0xc2),
        Some([0xc2, 0xa0, ..]) => true,
        _ => false,
    }
}

/// Whether an address may begin with the token `word` (a letter first), whatever stands behind it but for a sign that goes on with a word
/// or a kind of street for itself.
pub(in crate::classify) fn may_be_first(word: &[u8]) -> bool {
    may_start(word, 0) || parser::BOXES.iter().any(|b| b.get(..word.len()).is_some_and(|b| b.eq_ignore_ascii_case(word)))
}

/// Whether a word is a kind of street that makes one of the word before it.
pub(in crate::classify) fn is_street_alone(word: &[u8]) -> bool {
    words::alone(word)
}
