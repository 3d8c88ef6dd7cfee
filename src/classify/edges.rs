//! What may stand next to a value: the rules shared by the fast and the naive engine.

use std::ops::Range;

use super::definition::EdgeRule;
pub(super) use super::facts::is_word;
use super::letters;

fn at(bytes: &[u8], i: Option<usize>) -> u8 {
    i.and_then(|i| bytes.get(i)).copied().unwrap_or(b' ')
}

/// Whether the byte before `p` is the letter of an escape (`\n`, `\t`, `\r`), as in JSON inside a log line.
pub(super) fn after_escape(bytes: &[u8], p: usize) -> bool {
    p >= 2 && matches!(bytes[p - 1], b'n' | b't' | b'r') && bytes[p - 2] == b'\\'
}

/// Whether a token starts at `p`: the byte there does not continue a word.
pub(super) fn token_starts(bytes: &[u8], p: usize) -> bool {
    p == 0 || !is_word(bytes[p - 1]) || !(is_word(bytes[p]) || bytes[p] == b'+') || after_escape(bytes, p)
}

/// Whether a value may start at `p` (`p < bytes.len()`).
pub(super) fn starts(bytes: &[u8], p: usize, rule: EdgeRule) -> bool {
    if !token_starts(bytes, p) {
        return false;
    }
    if p == 0 {
        return true;
    }
    let before = at(bytes, p.checked_sub(2));
    // The inside of a longer run of groups joined by colons is no value.
    let inside = bytes[p - 1] == b':' && (before.is_ascii_hexdigit() || before == b':') || bytes[p] == b':' && is_word(bytes[p - 1]);
    if inside && bytes[p..].iter().take(5).any(|&b| b == b':') {
        return false;
    }
    // The next group of a longer number, of a time or of an address.
    if bytes[p].is_ascii_digit() && before.is_ascii_digit() && matches!(bytes[p - 1], b'-' | b'.' | b':' | b'/' | b'+') {
        return false;
    }
    // `a..b`: two dots, but no ellipsis, join what stands around them.
    if bytes[p - 1] == b'.' && before == b'.' && at(bytes, p.checked_sub(3)).is_ascii_alphanumeric() {
        return false;
    }
    // A dot in front of all else is part of what follows it.
    if bytes[p - 1] == b'.' && (p == 1 || before.is_ascii_whitespace()) {
        return false;
    }
    // A quoted value begins where no word ends.
    if bytes[p] == b'"' && is_word(bytes[p - 1]) {
        return false;
    }
    if rule != EdgeRule::Number {
        return true;
    }
    match bytes[p - 1] {
        // At the very beginning it is a sign.
        b'-' => p > 1 && !(before.is_ascii_hexdigit() || before == b'_' || before.is_ascii_alphabetic() && is_version(&bytes[p..])),
        b'.' | b':' | b'/' | b'+' | b',' if before.is_ascii_digit() => bytes[p - 1] == b',' && !thousands(bytes, p),
        // An ellipsis.
        b'.' => before == b'.',
        b' ' => !inside_groups(bytes, p),
        // A sign, or the beginning of a number that is not known; in an address of the web it is a blank.
        b'+' => is_word(before),
        // A colon that stands behind nothing is part of what follows it.
        b':' => !matches!(before, b' ' | b':'),
        b'$' | b'*' | b'^' | b'~' => false,
        // `>=3.10.0.2` is a version.
        b'=' => !matches!(before, b'<' | b'>' | b'=' | b'~' | b'!'),
        // The last byte of the signs for euro, pound and yen in UTF-8.
        0xac if before == 0x82 => false,
        0xa3 | 0xa5 if before == 0xc2 => false,
        _ => true,
    }
}

/// Whether `[start, end)` begins with the sign of a language before a quote that ends behind it: `b'ann@x.org'`, `N'ann@x.org'`. The value
/// begins behind the quote.
pub(super) fn has_prefix(bytes: &[u8], Range { start, end }: Range<usize>) -> bool {
    let sign = matches!(bytes[start], b'b' | b'B' | b'u' | b'U' | b'r' | b'R' | b'n' | b'N' | b'x' | b'X' | b'e' | b'E' | b'f' | b'F');
    sign && bytes[start..end].get(1) == Some(&b'\'') && bytes.get(end) == Some(&b'\'')
}

/// Whether the three digits from `p` on are a group of a number written with thousands separators.
fn thousands(bytes: &[u8], p: usize) -> bool {
    let run = bytes[p..].iter().take(4).take_while(|b| b.is_ascii_digit()).count();
    run == 3 && at(bytes, p.checked_add(3)) == b','
}

/// Whether a value may end before `end`.
pub(super) fn ends(bytes: &[u8], end: usize, rule: EdgeRule) -> bool {
    let Some(&next) = bytes.get(end) else { return true };
    if end > 0 && is_word(bytes[end - 1]) && is_word(next) {
        return false;
    }
    let after = at(bytes, end.checked_add(1));
    // `ec2::new` is a path in a program.
    if end > 0 && bytes[end - 1] == b':' && is_word(next) {
        return false;
    }
    if next == b':' && (after == b':' || end + 1 == bytes.len() && bytes[end.saturating_sub(5)..end].contains(&b':')) {
        return false;
    }
    if next == b':' && (after.is_ascii_hexdigit() || after == b':') && bytes[end.saturating_sub(5)..end].contains(&b':') {
        return false;
    }
    if rule == EdgeRule::Name && (is_label_behind(&bytes[end..]) || is_sentence(bytes, end)) {
        return false;
    }
    if rule != EdgeRule::Number {
        // `jane@x.com.au` is one address, `1.2.3.4.5` no address of the net.
        let dot = next == b'.' && end > 0 && is_word(bytes[end - 1]);
        return !((dot || matches!(next, b'-' | b'@')) && after.is_ascii_alphanumeric());
    }
    match next {
        b'.' => !after.is_ascii_digit(),
        b'-' => !after.is_ascii_alphanumeric() || word_follows(&bytes[end + 1..]),
        b'/' => !after.is_ascii_digit(),
        b'%' | b'*' => false,
        b'@' => !after.is_ascii_alphanumeric(),
        _ => true,
    }
}

/// Whether what stands behind a name tells that its last word is the next label (`Ann Gender: f`), a call or a type (`Field(`, `Option<T>`).
fn is_label_behind(behind: &[u8]) -> bool {
    match behind {
        [b'(' | b'[' | b'{', ..] => true,
        [b'<', next, ..] => next.is_ascii_uppercase() || *next == b'&',
        _ => matches!(behind.iter().find(|b| !matches!(b, b' ' | b'\t')), Some(b':' | b'=')),
    }
}

/// Whether a word of small letters behind a blank ends before `end`, and the next word is one of a sentence: `user: please wait`, but neither
/// `user=jsmith from` nor `user: jsmith ip=`.
fn is_sentence(bytes: &[u8], end: usize) -> bool {
    let small = bytes[..end].iter().rev().take_while(|b| b.is_ascii_lowercase()).count();
    let Some([b' ', behind @ ..]) = bytes.get(end..).filter(|_| small > 0 && at(bytes, (end - small).checked_sub(1)) == b' ') else {
        return false;
    };
    let word = behind.iter().take(24).take_while(|b| is_word(**b) || !b.is_ascii()).count();
    word > 0 && !matches!(behind.get(word), Some(b'=' | b':'))
}

/// Whether the four digits from `p` on stand between others of their kind: `5355 |5356 5365 5366 5367` is part of a list.
fn inside_groups(bytes: &[u8], p: usize) -> bool {
    let four = bytes.get(p..p + 5).is_some_and(|g| g[..4].iter().all(u8::is_ascii_digit) && g[4] == b' ');
    let before = p.checked_sub(5).and_then(|from| bytes.get(from..p - 1));
    four && before.is_some_and(|g| g.iter().all(u8::is_ascii_hexdigit) && g.iter().any(u8::is_ascii_digit))
        && !p.checked_sub(6).is_some_and(|i| is_word(bytes[i]))
}

/// Whether a day, a time, or a month and a year stand behind the value and a blank: two digits and `/`, `.` or `:` and two more, or four digits,
/// a hyphen and two that no longer number goes on with.
pub(super) fn is_moment_behind(bytes: &[u8], Range { end, .. }: Range<usize>) -> bool {
    let d = u8::is_ascii_digit;
    match bytes.get(end..).unwrap_or(&[]) {
        [b' ' | b'\t', a, b, b'/' | b'.' | b':', x, y, ..] => d(a) && d(b) && d(x) && d(y),
        [b' ' | b'\t', a, b, x, y, b'-', m, n, rest @ ..] => {
            [a, b, x, y, m, n].into_iter().all(d) && !rest.first().is_some_and(|next| is_word(*next))
        }
        _ => false,
    }
}

/// Whether what stands behind a value of groups is likely no group of it: behind a blank, a moment, a word with a letter in it, or anything if the
/// value's own groups are joined by other signs.
pub(super) fn is_apart(bytes: &[u8], value: Range<usize>) -> bool {
    let Some((b' ' | b'\t', behind)) = bytes.get(value.end..).and_then(<[u8]>::split_first) else { return false };
    let word = behind.iter().take(24).take_while(|b| is_word(**b));
    word.into_iter().any(u8::is_ascii_alphabetic) || !bytes[value.clone()].contains(&b' ') || is_moment_behind(bytes, value)
}

/// Whether three numbers joined by dots, of one to three digits each, begin here: behind a name and a hyphen, a version.
fn is_version(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    (0..3).all(|i| {
        let digits = rest.iter().take(4).take_while(|b| b.is_ascii_digit()).count();
        let joined = i == 2 || rest.get(digits) == Some(&b'.');
        rest = rest.get(digits + 1..).unwrap_or(&[]);
        (1..4).contains(&digits) && joined
    })
}

/// Whether a word begins here that is no part of a number: three letters at least, not all of them hexadecimal digits, and
/// no digit behind them. `415-555-2671-office` ends where the word begins, `550e8400-e29b` does not.
fn word_follows(bytes: &[u8]) -> bool {
    let n = bytes.iter().take(12).take_while(|b| b.is_ascii_alphabetic()).count();
    (3..12).contains(&n) && !bytes[..n].iter().all(u8::is_ascii_hexdigit) && bytes.get(n).is_none_or(|b| !is_word(*b) && *b != b'-')
}

/// Whether the byte at `p` is one of a letter: ASCII, or the first or second byte of a letter of two (U+00C0 to U+07FF:
/// Latin, Greek, Cyrillic, Hebrew, Arabic). Dashes, curly quotes and no-break blanks are other bytes.
pub(super) fn is_letter(bytes: &[u8], p: usize) -> bool {
    match bytes[p] {
        b if b.is_ascii() => b.is_ascii_alphabetic(),
        0xc3..=0xdf => true,
        0x80..=0xbf => p > 0 && matches!(bytes[p - 1], 0xc3..=0xdf),
        _ => false,
    }
}

/// If `phrase` (as [`letters::fold`] spells it; a blank stands for a blank, `_`, `-`, `.`, `/`, an apostrophe or nothing) stands at `p`, ignoring
/// case and not as part of a longer word, its end.
pub(super) fn phrase_at(bytes: &[u8], p: usize, phrase: &[u8]) -> Option<usize> {
    if !word_starts(bytes, p) {
        return None;
    }
    let (mut i, mut k) = (p, 0);
    while let Some(&c) = phrase.get(k) {
        if c == b' ' {
            k += 1;
            if matches!(bytes.get(i), Some(b' ' | b'_' | b'-' | b'.' | b'/' | b'\'')) {
                i += 1;
            } else if bytes.get(i..).is_some_and(|b| b.starts_with("\u{2019}".as_bytes())) {
                i += 3;
            }
            continue;
        }
        let &b = bytes.get(i)?;
        // PERF: most are small letters of ASCII in both.
        if b == c && c.is_ascii() {
            (i, k) = (i + 1, k + 1);
            continue;
        }
        let (taken, n) = if b.is_ascii() {
            if b.to_ascii_lowercase() != c {
                return None;
            }
            (1, 1)
        } else {
            let (letter, taken) = letters::first(&bytes[i..]);
            let n = letters::len_of(letter);
            if !phrase[k..].starts_with(&letter.to_le_bytes()[..n]) {
                return None;
            }
            (taken, n)
        };
        (i, k) = (i + taken, k + n);
    }
    word_ends(bytes, i).then_some(i)
}

/// The most bytes that a text has for one of these phrases.
pub(super) fn longest_text<'a>(phrases: impl Iterator<Item = &'a str>) -> usize {
    let of = |b| match b {
        // An apostrophe of three bytes.
        b' ' => 3,
        // Letters that are spelled like it have two.
        b'i' | b'I' => 2,
        _ => 1,
    };
    // PERF: most are too short for it.
    phrases.fold(0, |most, phrase| if 3 * phrase.len() <= most { most } else { most.max(phrase.bytes().map(of).sum()) })
}

/// Whether a word of running text, a snake_case or a camelCase name starts at `p`.
pub(super) fn word_starts(bytes: &[u8], p: usize) -> bool {
    let (Some(&first), true) = (bytes.get(p), p > 0) else { return p == 0 && !bytes.is_empty() };
    let before = bytes[p - 1];
    !(before.is_ascii_digit() || is_letter(bytes, p - 1))
        || (first.is_ascii_uppercase() && before.is_ascii_lowercase())
        || after_escape(bytes, p)
}

/// Whether such a word ends before `end`; a plural's `s` may follow.
pub(super) fn word_ends(bytes: &[u8], end: usize) -> bool {
    let Some(&next) = bytes.get(end) else { return true };
    if !is_letter(bytes, end) || (next.is_ascii_uppercase() && end > 0 && bytes[end - 1].is_ascii_lowercase()) {
        return true;
    }
    next == b's' && bytes.get(end + 1).is_none_or(|_| !is_letter(bytes, end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_not_cut_out_of_longer_ones() {
        // The value is what stands between the bars.
        let cases = [
            ("|457555462|", true),
            ("ssn |457555462|.", true),
            ("a,|457555462|,b", true),
            ("1,|457555462|,2", true),
            ("x|457555462|", false),
            ("3.|457555462|", false),
            ("|457555462|.5", false),
            ("550e8400-|446655440|", false),
            ("|12345678|-1234", false),
            ("-|457555462|", false),
            (" -|457555462|", true),
            ("$|457555462|", false),
            ("|457555462|%", false),
            (">=|457555462|", false),
            ("ssn=|457555462|", true),
            ("\\n|457555462|\\n", true),
            ("n|457555462|", false),
            ("\"|457555462|\"", true),
            ("10:|457555462|", false),
            ("id:|457555462|", true),
            ("|457555462|-Office", true),
            ("|457555462|-fax\\,", true),
            ("|457555462|-face", false),
            ("|457555462|-office2", false),
            ("|457555462|-us-west", false),
            (":|457555462|", false),
            ("PyMySQL-|1.0.19.1|.tar.gz", false),
            ("host |1.0.19.1|", true),
            ("5355 |5356 5365|", false),
            ("face |5356 5365|", true),
            ("45355 |5356 5365|", true),
            ("[.|4300|", false),
            ("tel +|457555462|", false),
            ("q=a+|457555462|", true),
            ("a..|457555462|", false),
            ("a...|457555462|", true),
            ("|457555462|::", false),
        ];
        for (text, good) in cases {
            let start = text.find('|').unwrap();
            let plain = text.replace('|', "");
            let end = text.rfind('|').unwrap() - 1;
            let b = plain.as_bytes();
            assert_eq!(starts(b, start, EdgeRule::Number) && ends(b, end, EdgeRule::Number), good, "{text}");
        }
    }

    #[test]
    fn a_sign_before_a_quote_is_no_part_of_its_value() {
        for (text, want) in
            [("b'ann@x.org'", true), ("N'ann@x.org'", true), ("b'elanna@x.org", false), ("O'neil@x.org'", false), ("bann@x.org'", false)]
        {
            let end = text.len() - usize::from(text.ends_with('\''));
            assert_eq!(has_prefix(text.as_bytes(), 0..end), want, "{text}");
        }
    }

    #[test]
    fn phrases_stand_alone_in_any_spelling() {
        for (text, at, end) in [
            ("Social Security:", 0, Some(15)),
            ("social_security", 0, Some(15)),
            ("socialSecurity=", 0, Some(14)),
            ("mySocialSecurityNumber", 2, Some(16)),
            ("antisocial security", 4, None),
            ("social securityx", 0, None),
            ("social securities", 0, None),
        ] {
            assert_eq!(phrase_at(text.as_bytes(), at, b"social security"), end, "{text}");
        }
    }
}
