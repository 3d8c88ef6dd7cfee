//! How phrases begin in a text: the hash of a run of letters, what the run may be, and how the text must go on behind it.

use super::letters;
use super::tables::Forms;

/// What is known of all phrases that begin with a run of letters.
#[derive(Clone, Copy, Default)]
pub(super) struct Start {
    pub hash: u64,
    /// Where in `lists` they are.
    pub list: (u32, u32),
    /// With which letters they go on (a bit for each, [`OTHER`] for all other signs), or end ([`END`]).
    pub next: u32,
    /// Whether patterns are looked for behind or around one of them.
    pub leads: bool,
    /// Which numbers they can say something about.
    pub forms: Forms,
}

const OTHER: u32 = 1;
const END: u32 = 1 << 31;

/// The hash of a word: of its first eight bytes, its last eight if it has more, and their number.
#[inline]
fn hash(first: u64, last: u64, len: usize) -> u64 {
    let first = (first | SMALL) & (u64::MAX >> (64 - 8 * len.min(8)));
    let last = if len > 8 { last | SMALL } else { 0 };
    (first ^ last.rotate_left(29) ^ ((len as u64) << 56)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// By byte: the difference between capitals and small letters of ASCII; what is not ASCII.
const SMALL: u64 = 0x2020_2020_2020_2020;
const HIGH: u64 = 0x8080_8080_8080_8080;

#[inline]
fn eight(bytes: &[u8], at: usize) -> u64 {
    if let Some(b) = bytes[at..].first_chunk() {
        return u64::from_le_bytes(*b);
    }
    match bytes.last_chunk() {
        // The last eight, without those before `at`.
        Some(b) => u64::from_le_bytes(*b) >> (8 * (at + 8 - bytes.len())),
        None => bytes[at..].iter().rev().fold(0, |n, b| n << 8 | u64::from(*b)),
    }
}

/// The first and last eight of `bytes[start..end]`, at least one byte.
#[inline]
fn ends(bytes: &[u8], start: usize, end: usize) -> (u64, u64) {
    let len = end - start;
    (eight(bytes, start) & (u64::MAX >> (64 - 8 * len.min(8))), if len > 8 { eight(bytes, end - 8) } else { 0 })
}

/// The hash of a text, at least one byte, in the spelling of [`letters::fold`].
pub(super) fn hash_of_folded(text: &str) -> u64 {
    let (first, last) = ends(text.as_bytes(), 0, text.len());
    hash(first, last, text.len())
}

/// The hash of `bytes[start..end]`, at least one byte, whatever the case of its letters.
#[inline(always)]
pub(super) fn hash_of(bytes: &[u8], start: usize, end: usize) -> u64 {
    let len = end - start;
    let (first, last) = ends(bytes, start, end);
    // PERF: where words have no blanks between them, each of their characters comes by here.
    if ((first | last) & HIGH != 0 || len > 16) && !(len == 3 && letters::is_caseless(bytes[start])) {
        return hash_of_letters(&bytes[start..end], first, last);
    }
    hash(first, last, len)
}

/// The same of letters that may be other than ASCII; `first`, `last`: what it is of where they are not.
#[inline(never)]
fn hash_of_letters(mut rest: &[u8], first: u64, last: u64) -> u64 {
    if rest.is_ascii() {
        return hash(first, last, rest.len());
    }
    let (mut first, mut last, mut len) = (0, 0, 0);
    while !rest.is_empty() {
        let (letter, taken) = letters::first(rest);
        let (letter, n) = (u64::from(letter), letters::len_of(letter));
        if len < 8 {
            first |= letter << (8 * len);
        }
        last = last >> (8 * n) | letter << (64 - 8 * n);
        (len, rest) = (len + n, &rest[taken..]);
    }
    hash(first, last, len)
}

/// Calls `with` for what the first run of letters of a text may be that begins with `phrase` (its blanks may be left out), and how it goes
/// on there, see [`Start::next`]. `joined`: working space.
pub(super) fn beginnings(phrase: &str, joined: &mut String, mut with: impl FnMut(&str, u32)) {
    if let Some(c) = phrase.chars().next().filter(|c| c.len_utf8() > 2) {
        // Scripts without blanks: the first character is enough.
        return with(&phrase[..c.len_utf8()], u32::MAX);
    }
    joined.clear();
    let mut rest = Some(phrase);
    while let Some(text) = rest {
        let end = text.bytes().position(|b| b == b' ');
        let w = &text[..end.unwrap_or(text.len())];
        rest = end.map(|end| &text[end + 1..]);
        // A digit ends the run, and so does what is no letter in a text (`º`), or a word for itself: a character of three bytes or more.
        let letters = w.bytes().position(|b| b.is_ascii_digit() || b == 0xc2 || b >= 0xe0).unwrap_or(w.len());
        joined.push_str(&w[..letters]);
        if joined.is_empty() {
            break;
        }
        let next = match rest {
            _ if letters < w.len() => OTHER,
            Some(next) => next.bytes().next().map_or(OTHER, letter),
            None => END,
        };
        with(joined, next);
        if letters < w.len() {
            break;
        }
        if rest.is_none() {
            joined.push('s');
            with(joined, END);
        }
    }
}

/// By byte: its bits in [`Start::next`].
static NEXT: [u32; 256] = {
    let mut next = [OTHER; 256];
    let mut b = 0u8;
    while b < 26 {
        next[(b'a' + b) as usize] = 2 << b;
        next[(b'A' + b) as usize] = 2 << b;
        b += 1;
    }
    // The first byte of two letters that are spelled like `i`.
    next[0xc4] |= 1 << (b'i' & 31);
    next
};

#[inline]
fn letter(b: u8) -> u32 {
    NEXT[usize::from(b)]
}

/// Which of [`Start::next`] a run of letters that ends before `end` may be.
#[inline]
pub(super) fn next_at(bytes: &[u8], end: usize) -> u32 {
    // Where a run ends, a phrase may end: behind it are no letters, or another word of the name.
    match bytes.get(end) {
        None => END,
        Some(b' ' | b'_' | b'-' | b'.' | b'/' | b'\'') => bytes.get(end + 1).map_or(END, |b| END | letter(*b)),
        Some(b) if b.is_ascii() => END | letter(*b),
        Some(_) => u32::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Evidence;
    use crate::classify::set::example_batch;
    use crate::classify::{Classifiers, Scratch};

    #[test]
    fn phrases_begin_with_their_words_alone_or_joined() {
        for (phrase, want) in [
            ("ssn", &["ssn", "ssns"][..]),
            ("social security", &["social", "socialsecurity", "socialsecuritys"]),
            ("sha1 sum", &["sha"]),
            ("form w2", &["form", "formw"]),
            ("d o b", &["d", "do", "dob", "dobs"]),
            ("身份证 号", &["身"]),
            ("hộ chiếu", &["h"]),
            ("thẻ số", &["th"]),
            ("qq号", &["qq"]),
        ] {
            let mut all = Vec::new();
            beginnings(phrase, &mut String::new(), |b, _| all.push(b.to_owned()));
            assert_eq!(all, want, "{phrase}");
        }
    }

    #[test]
    fn hashes_know_no_case_and_no_neighbours() {
        let h = |t: &str, a, b| hash_of(t.as_bytes(), a, b);
        assert_eq!(h("my Social-", 3, 9), h("SOCIAL", 0, 6));
        assert_eq!(h("x Verkehrskontrolle.", 2, 19), h("verkehrskontrolle", 0, 17));
        assert_eq!(h("geführt", 0, 8), h("GEFüHRT", 0, 8));
        assert_ne!(h("aaaaaaaa", 0, 8), h("aaaaaaaaa", 0, 9));
        assert_ne!(h("ssn", 0, 3), h("ssm", 0, 3));
    }

    #[test]
    fn words_of_all_scripts_are_heard_by_both_engines() {
        let set = Classifiers::builtin();
        let mut scratch = Scratch::new(&set);
        let mut heard = 0;
        for c in set.iter() {
            let Some(value) = c.examples().matches.first().map(|m| &m.value) else { continue };
            for word in c.context.keywords.iter().chain(c.all_labels()).filter(|w| !w.is_ascii()) {
                for text in [format!("{word}: {value}"), format!("{}: {value}", word.to_uppercase())] {
                    let b = example_batch(&text, None);
                    let (mut fast, mut slow) = (Vec::new(), Vec::new());
                    scratch.reset();
                    set.scan(&mut scratch, &b, &mut fast);
                    set.scan_naive(&b, &mut slow);
                    assert_eq!(fast, slow, "{text}");
                    heard += usize::from(fast.iter().any(|m| m.evidence.has(Evidence::KEYWORD)));
                }
            }
        }
        assert!(heard > 300, "{heard}");
    }
}
