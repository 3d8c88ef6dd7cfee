//! Text that is written in another way: percent encoding, plus signs of forms, HTML entities, base64, and signs of typography (`signs`).

use memchr::{memchr, memchr3};

use super::signs::{sign, typographic};
use crate::format::blob;
use crate::format::transform::markup::entity;

/// How far it is looked for what surrounds an escape.
const AROUND: usize = 128;

/// Shorter base64 is a word. Two of these may be padding.
const LEAST: usize = 20;

/// How bytes in hexadecimal begin.
const HEX: &[u8] = b"\\x";
/// How base64 begins of what gzip has packed.
const GZIP: &[u8] = b"H4sI";

/// Bytes that mean others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Change {
    /// Where they stand, and how many they are.
    pub at: usize,
    pub len: usize,
    /// The character that they mean: never longer than they are, never a line break.
    pub with: char,
}

/// The first change at or behind `from` that ends by `to`. What stands around it may decide.
pub(super) fn next(bytes: &[u8], mut from: usize, to: usize) -> Option<Change> {
    let text = &bytes[..to.min(bytes.len())];
    loop {
        let at = first(text, from)?;
        let found = match text[at] {
            0x80.. => typographic(text, at),
            b'%' => percent(&text[at..]).filter(|_| is_encoded(text, at)),
            b'&' => entity(&text[at..]).filter(|(_, len)| *len > 3),
            _ => is_space(text, at).then_some((' ', 1)),
        };
        from = at + 1;
        let Some((with, len)) = found else { continue };
        let with = if matches!(with, '\n' | '\r' | '\t' | '\u{a0}') { ' ' } else { with };
        if !with.is_control() && with.len_utf8() <= len {
            return Some(Change { at, len, with });
        }
    }
}

/// So many bytes are looked through for one kind of first bytes before they are for the other.
const PIECE: usize = 4096;

/// The first byte at or behind `from` with which a change may begin.
pub(super) fn first(text: &[u8], mut from: usize) -> Option<usize> {
    while let Some(rest @ [_, ..]) = text.get(from..) {
        // PERF: what is rare is not looked for to the end of the text again and again.
        let piece = &rest[..rest.len().min(PIECE)];
        let escape = memchr3(b'%', b'&', b'+', piece);
        let before = &piece[..escape.unwrap_or(piece.len())];
        let mut at = 0;
        while let Some(i) = memchr3(0xc2, 0xe2, 0xef, &before[at..]) {
            if sign(&rest[at + i..]).is_some() {
                return Some(from + at + i);
            }
            at += i + 1;
        }
        if let Some(i) = escape {
            return Some(from + i);
        }
        from += piece.len();
    }
    None
}

/// Whether a text holds something that is written in another way than by signs of typography.
pub(super) fn has_escape(text: &[u8]) -> bool {
    let mut at = 0;
    while let Some(c) = next(text, at, text.len()) {
        if text[c.at].is_ascii() {
            return true;
        }
        at = c.at + c.len;
    }
    false
}

/// Puts the meaning in the place of each escape; how long the text is then. `changes` is working space.
pub(super) fn resolve(bytes: &mut [u8], changes: &mut Vec<Change>) -> usize {
    let end = bytes.len();
    changes.clear();
    let mut at = 0;
    while let Some(c) = next(bytes, at, end) {
        at = c.at + c.len;
        changes.push(c);
    }
    let (mut from, mut to) = (0, 0);
    for c in changes.iter() {
        bytes.copy_within(from..c.at, to);
        to += c.at - from;
        to += c.with.encode_utf8(&mut bytes[to..]).len();
        from = c.at + c.len;
    }
    bytes.copy_within(from..end, to);
    to + end - from
}

fn hex(bytes: &[u8]) -> Option<u8> {
    let digit = |b: u8| (b as char).to_digit(16).map(|d| d as u8);
    (bytes.first() == Some(&b'%')).then_some(digit(*bytes.get(1)?)? << 4 | digit(*bytes.get(2)?)?)
}

/// The character that is percent-encoded here, and how long it is written.
fn percent(rest: &[u8]) -> Option<(char, usize)> {
    let first = hex(rest)?;
    let n = match first {
        0..0x80 => return Some((first as char, 3)),
        0xc2..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0..0xf5 => 4,
        _ => return None,
    };
    let mut utf8 = [first; 4];
    for (i, b) in utf8.iter_mut().enumerate().take(n).skip(1) {
        *b = hex(rest.get(3 * i..)?)?;
    }
    Some((std::str::from_utf8(&utf8[..n]).ok()?.chars().next()?, 3 * n))
}

fn ends_word(b: &u8) -> bool {
    b.is_ascii_whitespace() || matches!(b, b'"' | b'<' | b'>')
}

/// Whether the word around the `%` at `at` may be percent-encoded: it begins so or has letters (`5%10` is a number), and it is not
/// the part of a URL that names its user, which is read as it is written.
fn is_encoded(text: &[u8], at: usize) -> bool {
    let before = &text[at.saturating_sub(AROUND)..at];
    let before = &before[before.iter().rposition(ends_word).map_or(0, |i| i + 1)..];
    if let Some(i) = before.windows(3).rposition(|w| w == b"://")
        && !before[i + 3..].iter().any(|b| matches!(b, b'/' | b'?' | b'#'))
    {
        return false;
    }
    let after = &text[(at + 3).min(text.len())..(at + 3 + AROUND).min(text.len())];
    let after = &after[..after.iter().position(ends_word).unwrap_or(after.len())];
    before.is_empty() || before.iter().chain(after).any(u8::is_ascii_alphabetic)
}

/// Whether the `+` at `at` is the space between two words of a parameter: `name=Jane+Doe`.
fn is_space(text: &[u8], at: usize) -> bool {
    let letter = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphabetic() || !b.is_ascii());
    if at == 0 || !letter(text.get(at - 1)) || !letter(text.get(at + 1)) {
        return false;
    }
    let before = &text[at.saturating_sub(AROUND)..at];
    let Some(i) = before.iter().rposition(|b| matches!(b, b'=' | b'&') || ends_word(b)) else { return false };
    let after = &text[at..(at + AROUND).min(text.len())];
    let after = &after[..after.iter().position(|b| *b == b'&' || ends_word(b)).unwrap_or(after.len())];
    before[i] == b'=' && words(&before[i + 1..]) && words(after)
}

/// Whether a text is words and nothing else: in an address a `+` is a tag, in a key or a signature it is itself.
fn words(mut text: &[u8]) -> bool {
    while let [b, rest @ ..] = text {
        text = match hex(text) {
            Some(b'@') => return false,
            Some(_) => &rest[2..],
            None if b.is_ascii_alphabetic() || !b.is_ascii() || matches!(b, b'+' | b'.' | b'-' | b'\'' | b',') => rest,
            None => return false,
        };
    }
    true
}

const fn sixes() -> [u8; 256] {
    let mut table = [0xff; 256];
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut i = 0;
    while i < 64 {
        table[alphabet[i] as usize] = i as u8;
        i += 1;
    }
    table[b'-' as usize] = 62;
    table[b'_' as usize] = 63;
    table
}

const SIXES: [u8; 256] = sixes();

/// Whether a value may be base64 or bytes in hexadecimal.
#[inline]
pub(super) fn may_be_packed(value: &[u8]) -> bool {
    may_be_base64(value) || value.starts_with(HEX)
}

/// Appends the text that `value` is in base64 (`told`: the format says that it is), or in hexadecimal as PostgreSQL writes bytes; `false`,
/// and nothing, where it is none.
pub(super) fn unpack(value: &[u8], told: bool, out: &mut Vec<u8>) -> bool {
    let bytes = match value.strip_prefix(HEX) {
        Some(digits) => blob::from_hex(digits),
        None if told || value.starts_with(GZIP) => blob::from_base64(value),
        None => return base64(value, out),
    };
    let from = out.len();
    out.extend_from_slice(&blob::text(&bytes.unwrap_or_default()));
    out.len() > from
}

/// Whether it is worth to look closer: a byte test that most values fail at once.
#[inline]
fn may_be_base64(value: &[u8]) -> bool {
    value.len() >= LEAST && value[..LEAST - 2].iter().all(|b| SIXES[usize::from(*b)] != 0xff)
}

/// Appends the text that `value` is in base64 (of either alphabet, in lines or not); `false`, and nothing, where it is none.
fn base64(value: &[u8], out: &mut Vec<u8>) -> bool {
    let from = out.len();
    let taken = decode(value, out).is_some();
    if !taken {
        out.truncate(from);
    }
    taken
}

fn decode(value: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let from = out.len();
    let padding = value.iter().rev().take_while(|b| **b == b'=').count();
    let (mut bits, mut n, mut digits) = (0u32, 0u32, 0usize);
    for b in &value[..value.len() - padding] {
        let six = SIXES[usize::from(*b)];
        if six == 0xff {
            if matches!(b, b'\r' | b'\n') {
                continue;
            }
            return None;
        }
        (bits, n, digits) = (bits << 6 | u32::from(six), n + 6, digits + 1);
        if n >= 8 {
            n -= 8;
            let byte = (bits >> n) as u8;
            // What is no text shows soon.
            if byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r') || byte == 0x7f {
                return None;
            }
            out.push(byte);
        }
    }
    let whole = digits % 4 != 1 && padding < 3 && (padding == 0 || (digits + padding) % 4 == 0) && bits & ((1 << n) - 1) == 0;
    let text = std::str::from_utf8(&out[from..]).ok().filter(|_| whole)?;
    let letters = text.chars().filter(|c| c.is_ascii_graphic() || *c == ' ' || c.is_alphanumeric()).count();
    (letters * 20 >= text.chars().count() * 19).then_some(())
}

/// Where a JSON object begins behind something else, in a text that ends as one does.
pub(super) fn json_behind(value: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        at += memchr(b'{', value.get(at..)?)?;
        let next = value[at + 1..].iter().find(|b| !b.is_ascii_whitespace())?;
        if *next == b'"' {
            return Some(at);
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plain(text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        let n = resolve(&mut bytes, &mut Vec::new());
        bytes.truncate(n);
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn escapes_are_resolved_where_they_are_some() {
        for (text, want) in [
            ("jane%40example.com", "jane@example.com"),
            ("mailto:jane%2Bx%40example.com?subject=Hi", "mailto:jane+x@example.com?subject=Hi"),
            ("%2B12025550147", "+12025550147"),
            ("q=J%C3%BCrgen%20M%c3%bcller&x", "q=Jürgen Müller&x"),
            ("jane&#64;example.com &amp; O&#x27;Brien&commat;", "jane@example.com & O'Brien@"),
            ("name=Jane+Doe&city=San+Jose", "name=Jane Doe&city=San Jose"),
            ("a%0Ab%09c", "a b c"),
            (
                "457\u{2011}55\u{2011}5462 and 457\u{2013}55\u{2013}5462, 457\u{2212}55\u{2012}5462",
                "457-55-5462 and 457-55-5462, 457-55-5462",
            ),
            // What stays as it is.
            ("email=jane+tag@example.com", "email=jane+tag@example.com"),
            ("sig=abc+def/ghi", "sig=abc+def/ghi"),
            ("n=J%C3%BCrgen+Holm", "n=Jürgen Holm"),
            ("n=jane+x%40y.de", "n=jane+x@y.de"),
            ("tel=+12025550147", "tel=+12025550147"),
            ("a+b", "a+b"),
            ("100% of %s and %d, 5%10, 7%40.", "100% of %s and %d, 5%10, 7%40."),
            ("%00%01x%ff%c3x", "%00%01x%ff%c3x"),
            ("postgres://u:p%40ss@h/db?x=%40", "postgres://u:p%40ss@h/db?x=@"),
            ("?a=1&copy=2&lt", "?a=1&copy=2&lt"),
            ("x%2540y", "x%40y"),
            ("", ""),
            ("%", "%"),
            ("x%4", "x%4"),
            ("457\u{2011}55%2D5462&nbsp;x%C2%A0y, jane%40x.com”", "457-55-5462 x y, jane@x.com”"),
        ] {
            assert_eq!(plain(text), want, "{text}");
        }
    }

    #[test]
    fn base64_of_text_alone() {
        let of = |v: &str| {
            let mut out = b"before".to_vec();
            let taken = may_be_base64(v.as_bytes()) && base64(v.as_bytes(), &mut out);
            assert!(taken || out == b"before");
            taken.then(|| String::from_utf8(out[6..].to_vec()).unwrap())
        };
        for (text, want) in [
            ("amFuZS5yb2VAZXhhbXBsZS5jb20=", Some("jane.roe@example.com")),
            ("amFuZS5yb2VAZXhhbXBsZS5jb20", Some("jane.roe@example.com")),
            ("amFuZS5yb2VAZXhhbXBsZS5j\r\nb20=", Some("jane.roe@example.com")),
            ("eyJlbWFpbCI6IsO8QHguZGUifQ", Some(r#"{"email":"ü@x.de"}"#)),
            ("amFuZUB4LmV1LCAxMg==", Some("jane@x.eu, 12")),
            ("amFuZQ==", None),
            ("customerServiceDepartment", None),
            ("aaaaaaaaaaaaaaaaaaaaaaaaaaaa", None),
            ("550e8400-e29b-41d4-a716-446655440000", None),
            ("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", None),
            ("amFuZS5yb2VAZXhhbXBsZS5jb20==", None),
            ("amFuZS5yb2VAZXhhbXBsZS5jb20 x", None),
        ] {
            assert_eq!(of(text).as_deref(), want, "{text}");
        }
    }

    #[test]
    fn json_is_found_behind_words() {
        for (text, want) in
            [("INFO {\"a\":1}", Some(5)), ("{x} { \"a\"}", Some(4)), ("{\"a\":1}", None), ("if {x}", None), ("", None), ("{", None)]
        {
            assert_eq!(json_behind(text.as_bytes()), want, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_taken(text in "[%&+=#;a-f0-9 @:/?ü\u{a0}\u{2013}\u{2009}\u{ff10}]{0,80}") {
            let n = plain(&text).len();
            prop_assert!(n <= text.len());
        }
    }
}
