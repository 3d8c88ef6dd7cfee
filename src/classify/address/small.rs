//! Streets written in small letters: `i live at 123 main st apt 4, springfield, il 62704`.
//!
//! Small words behind numbers are everywhere; these are an address only where words such as "live at" lead to it and a kind of
//! street follows within a few words.

use super::parser::{Parser, Word};
use super::{led, words};

/// Kinds of streets in the US and Britain.
static KINDS: [&[u8]; 28] = [
    b"st",
    b"street",
    b"ave",
    b"avenue",
    b"rd",
    b"road",
    b"dr",
    b"drive",
    b"ln",
    b"lane",
    b"blvd",
    b"boulevard",
    b"ct",
    b"court",
    b"cir",
    b"circle",
    b"pkwy",
    b"parkway",
    b"way",
    b"pl",
    b"place",
    b"ter",
    b"terrace",
    b"hwy",
    b"highway",
    b"sq",
    b"square",
    b"crescent",
];

/// What is counted rather than lived in: `5 minutes drive`.
static COUNTED: [&[u8]; 16] = [
    b"min", b"mins", b"minute", b"minutes", b"hour", b"hours", b"day", b"days", b"week", b"weeks", b"mile", b"miles", b"km", b"am", b"pm",
    b"percent",
];

/// Whether the number at `p` may have words before it that lead to an address: a look at what ends there.
#[inline]
pub(super) fn may_be_led(bytes: &[u8], p: usize) -> bool {
    match bytes.get(..p) {
        Some([.., b':' | b'0'..=b'9', b' '] | [.., b's', b's', b' ']) => true,
        Some([.., b' ', a, b, b' ']) => matches!((a | 0x20, b | 0x20), (b'a', b't') | (b'i', b's' | b'n') | (b't', b'o') | (b'o', b'n')),
        _ => false,
    }
}

/// Whether the small letters of `rest` may begin a ship, a unit or a box.
///
/// PERF: `user`, `using`, `position` are in every log.
#[inline]
pub(super) fn may_begin(rest: &[u8]) -> bool {
    match rest {
        [b'u', b's', c, ..] => matches!(c, b's' | b'n' | b'c' | b'a'),
        [b'u', b'n', c, ..] => *c == b'i',
        [b'p', b'o', c, ..] => matches!(c, b' ' | b's' | b'.'),
        _ => true,
    }
}

fn is_small(w: &Word<'_>) -> bool {
    w.bytes.iter().all(|b| b.is_ascii_lowercase() || *b == b'\'') || w.capital && w.bytes[0].is_ascii_digit()
}

/// A street at `i`, up to four words and its kind: where it ends.
pub(super) fn street(parser: &Parser<'_>, i: usize) -> Option<usize> {
    let mut k = i;
    for n in 0..5 {
        let w = parser.word(k).filter(is_small)?;
        if n > 0 && KINDS.contains(&w.bytes) {
            return Some(w.end);
        }
        if COUNTED.contains(&w.bytes) || words::small(w.bytes) || words::inner(w.bytes) {
            return None;
        }
        k = parser.blank(w.end)?;
    }
    None
}

/// City, state and perhaps its code behind `i`: `, springfield, il 62704`.
fn city(parser: &Parser<'_>, i: usize) -> Option<usize> {
    let mut k = parser.gap(i)?.0;
    for _ in 0..4 {
        let w = parser.word(k).filter(is_small)?;
        let (next, _) = parser.gap(w.end)?;
        if let Some(state) = parser.word(next).filter(|s| s.bytes.len() == 2 && words::state(&s.bytes.to_ascii_uppercase())) {
            let zip = parser.gap(state.end).and_then(|(k, _)| parser.zip(k));
            let apart = parser.bytes[w.end] == b',';
            return zip.or(apart.then_some(state.end));
        }
        k = next;
    }
    None
}

/// The address whose house number at `p` ends at `number`: where it ends, and whether a city or a unit is part of it.
pub(super) fn at(parser: &Parser<'_>, p: usize, number: usize) -> Option<(usize, bool)> {
    let street = street(parser, parser.blank(number)?)?;
    if !led(parser.bytes, p) {
        return None;
    }
    let unit = parser.unit(street).unwrap_or(street);
    let end = city(parser, unit).unwrap_or(unit);
    Some((end, end > street))
}

#[cfg(test)]
mod tests {
    use super::super::at as found;

    #[test]
    fn small_letters_need_words_before() {
        for (text, want) in [
            ("i live at 123 main st apt 4, springfield, il 62704 now", Some("123 main st apt 4, springfield, il 62704")),
            ("send to 12 w 42nd street, new york, ny", Some("12 w 42nd street, new york, ny")),
            ("my address is 7 old mill road", Some("7 old mill road")),
            ("address: 7 old mill road in winter", Some("7 old mill road")),
            ("located at 5 minutes drive", None),
            ("it is 7 old mill road", None),
            ("walked 12 main st", None),
            ("lives at 5 on the road", None),
            ("location: 12 bytes", None),
        ] {
            let p = text.find(|c: char| c.is_ascii_digit()).unwrap();
            assert_eq!(found(text.as_bytes(), p).map(|f| &text[p..f.0]), want, "{text}");
        }
    }
}
