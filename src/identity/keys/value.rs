//! The values of key columns: what is one, in its one spelling.

use crate::identity::lanes::BLOCK;

/// Longer values are no keys: each is hashed in a block.
const LONGEST: usize = BLOCK;

/// Cell values that say that there is no key.
const FILLERS: &[&[u8]] = &[
    b"null",
    b"nil",
    b"none",
    b"n/a",
    b"na",
    b"nan",
    b"unknown",
    b"undefined",
    b"\\n",
    b"true",
    b"false",
    b"test",
    b"-1",
    b"anonymous",
    b"guest",
];

/// What a byte is in a key.
static IN_KEY: [u8; 256] = {
    let mut out = [SAYS; 256];
    let mut b = 0;
    while b < 256 {
        match b as u8 {
            b'0' | b'-' | b'.' => out[b] = 0,
            b'@' => out[b] = FOREIGN,
            c if c.is_ascii_whitespace() => out[b] = FOREIGN,
            _ => {}
        }
        b += 1;
    }
    out
};

/// It tells keys apart: zeros and hyphens do not.
const SAYS: u8 = 1;
/// It stands in no key.
const FOREIGN: u8 = 2;

/// The one spelling of a key: without white space around it, UUIDs in lower case. `false` for what is no key: fillers, long
/// values, values with blanks, e-mail addresses (which are identifiers of their own).
// PERF: every cell of a column that may be a key comes by here.
pub fn key_value(raw: &[u8], out: &mut Vec<u8>) -> bool {
    out.clear();
    let v = raw.trim_ascii();
    if v.len() > LONGEST || v.iter().fold(0, |all, b| all | IN_KEY[usize::from(*b)]) != SAYS {
        return false;
    }
    // No filler begins with a digit.
    if !v[0].is_ascii_digit() && FILLERS.iter().any(|f| v.eq_ignore_ascii_case(f)) {
        return false;
    }
    out.extend_from_slice(v);
    if v.len() == 36 && v.iter().enumerate().all(|(i, b)| if matches!(i, 8 | 13 | 18 | 23) { *b == b'-' } else { b.is_ascii_hexdigit() }) {
        out.make_ascii_lowercase();
    }
    true
}

/// The number in a key that is one, or ends in one behind a beginning without digits (`HL-00417`).
pub(super) fn number(value: &[u8]) -> Option<u64> {
    let start = value.iter().position(u8::is_ascii_digit)?;
    let digits = &value[start..];
    if start > 8 || digits.len() > 18 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(digits.iter().fold(0, |n, d| n * 10 + u64::from(d - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_one_spelling() {
        for (raw, want) in [
            (" HL-10417 ", "HL-10417"),
            ("17", "17"),
            ("A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
            ("aB3", "aB3"),
            ("", ""),
            ("0", ""),
            ("000-000", ""),
            ("-1", ""),
            ("NULL", ""),
            ("two words", ""),
            ("jane@example.com", ""),
        ] {
            let mut out = Vec::new();
            assert_eq!(key_value(raw.as_bytes(), &mut out), !want.is_empty(), "{raw}");
            assert_eq!(String::from_utf8(out).unwrap(), want);
        }
        assert!(!key_value(&[b'a'; 65], &mut Vec::new()));
    }

    #[test]
    fn no_filler_begins_with_a_digit() {
        for filler in FILLERS {
            assert!(!filler[0].is_ascii_digit() && !key_value(filler, &mut Vec::new()));
            assert!(!key_value(&filler.to_ascii_uppercase(), &mut Vec::new()));
        }
    }

    #[test]
    fn numbers_in_keys() {
        for (v, want) in
            [("17", Some(17)), ("HL-00417", Some(417)), ("a1b2", None), ("abc", None), ("customers-1", None), ("9999999999999999999", None)]
        {
            assert_eq!(number(v.as_bytes()), want, "{v}");
        }
    }
}
