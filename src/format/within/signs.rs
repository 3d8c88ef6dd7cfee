//! Blanks, hyphens and wide signs of typography, which stand in documents where data has those of ASCII.

/// The sign of ASCII that the blank, hyphen or wide sign at the beginning of a text stands for, and how long it is.
pub(super) fn sign(text: &[u8]) -> Option<(char, usize)> {
    match *text {
        // U+00A0; U+2000 to U+200A, U+202F, U+205F.
        [0xc2, 0xa0, ..] => Some((' ', 2)),
        [0xe2, 0x80, 0x80..=0x8a | 0xaf, ..] | [0xe2, 0x81, 0x9f, ..] => Some((' ', 3)),
        // U+2010 to U+2013 and U+2212.
        [0xe2, 0x80, 0x90..=0x93, ..] | [0xe2, 0x88, 0x92, ..] => Some(('-', 3)),
        // U+FF01 to U+FF5E: wide ASCII.
        [0xef, 0xbc, b @ 0x81..=0xbf, ..] => Some((char::from(b - 0x81 + b'!'), 3)),
        [0xef, 0xbd, b @ 0x80..=0x9e, ..] => Some((char::from(b - 0x80 + b'`'), 3)),
        _ => None,
    }
}

/// The sign at `at`, as far as it means that of ASCII there: a dash does between digits (not between words), a blank does not between the
/// thousands of a number (`732 829 320 €`), which is no number of anybody.
pub(super) fn typographic(text: &[u8], at: usize) -> Option<(char, usize)> {
    let is_digit = |at: Option<usize>| at.and_then(|at| text.get(at)).is_some_and(u8::is_ascii_digit);
    let found = sign(&text[at..])?;
    let between_digits = is_digit(at.checked_sub(1)) && is_digit(Some(at + found.1));
    let is_hyphen = matches!(text[at..], [0xe2, 0x80, 0x90 | 0x91, ..]);
    let counts = match found {
        ('-', 3) => is_hyphen || between_digits || text[at] == 0xef,
        (' ', n) => !(between_digits && parts_thousands(text, at, n)),
        _ => true,
    };
    counts.then_some(found)
}

/// Whether the blank of `n` bytes at `at` stands in a number of groups of three digits, the first of which may be shorter.
fn parts_thousands(text: &[u8], at: usize, n: usize) -> bool {
    let blank = &text[at..at + n];
    let digits = |bytes: &[u8]| bytes.iter().take(4).take_while(|b| b.is_ascii_digit()).count();
    let digits_before = |bytes: &[u8]| bytes.iter().rev().take(4).take_while(|b| b.is_ascii_digit()).count();
    let (mut before, mut behind) = (&text[..at], &text[at + n..]);
    loop {
        let first = digits_before(before);
        before = &before[..before.len() - first];
        match before.strip_suffix(blank).filter(|b| first == 3 && b.last().is_some_and(u8::is_ascii_digit)) {
            Some(more) => before = more,
            None if !(1..=3).contains(&first) || before.last() == Some(&b'+') => return false,
            None => break,
        }
    }
    loop {
        if digits(behind) != 3 {
            return false;
        }
        behind = &behind[3..];
        match behind.strip_prefix(blank).filter(|b| b.first().is_some_and(u8::is_ascii_digit)) {
            Some(more) => behind = more,
            None => return true,
        }
    }
}

/// A text with the signs of ASCII where it has those of typography, and nothing else resolved.
pub(super) fn with_plain_signs(text: &[u8]) -> Vec<u8> {
    let (mut out, mut at) = (Vec::with_capacity(text.len()), 0);
    while at < text.len() {
        match typographic(text, at) {
            Some((sign, n)) => {
                out.push(sign as u8);
                at += n;
            }
            None => {
                out.push(text[at]);
                at += 1;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn signs_are_plain_where_they_mean_those_of_ascii() {
        for (text, want) in [
            (
                "457\u{2011}55\u{2011}5462 and 457\u{2013}55\u{2013}5462, 457\u{2212}55\u{2012}5462",
                "457-55-5462 and 457-55-5462, 457-55-5462",
            ),
            ("+44\u{a0}20\u{202f}7946\u{2009}0018\u{a0}x", "+44 20 7946 0018 x"),
            ("ｊａｎｅ＠ｅｘａｍｐｌｅ．ｃｏｍ ４５７", "jane@example.com 457"),
            ("Jean\u{2010}Luc \u{2013} 1939\u{2013}45, “x” – y, 5 – 6, ％４０", "Jean-Luc \u{2013} 1939-45, “x” – y, 5 – 6, %40"),
            ("–", "–"),
            ("4–", "4–"),
            ("☃ ～ｶ ￥ ü", "☃ ~ｶ ￥ ü"),
            // Thousands are no groups of somebody's number; with a plus or a longer group they are.
            ("732\u{202f}829\u{202f}320 €, 1\u{a0}234, 12\u{a0}345,50", "732\u{202f}829\u{202f}320 €, 1\u{a0}234, 12\u{a0}345,50"),
            ("+1\u{a0}415\u{a0}555\u{a0}267, 415\u{a0}555\u{a0}2671, 12\u{a0}34", "+1 415 555 267, 415 555 2671, 12 34"),
        ] {
            assert_eq!(String::from_utf8(with_plain_signs(text.as_bytes())).unwrap(), want);
        }
    }

    proptest! {
        #[test]
        fn what_is_plain_stays(text in "[a-f0-9 +-\u{a0}\u{2013}\u{2009}\u{ff10}ü]{0,40}") {
            let once = with_plain_signs(text.as_bytes());
            prop_assert!(std::str::from_utf8(&once).is_ok() && once.len() <= text.len());
            if text.is_ascii() {
                prop_assert_eq!(once, text.as_bytes());
            }
        }
    }
}
