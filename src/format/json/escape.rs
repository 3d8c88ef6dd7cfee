//! JSON string escapes, resolved in place.

/// Moves `bytes[from]` to `bytes[to..]` with escapes resolved; where the result ends. What is no valid escape stays as
/// it is; half of a surrogate pair becomes U+FFFD.
pub(in crate::format) fn unescape(bytes: &mut [u8], from: std::ops::Range<usize>, mut to: usize) -> usize {
    let (mut at, end) = (from.start, from.end);
    while at < end {
        let b = bytes[at];
        if b != b'\\' || at + 1 >= end {
            bytes[to] = b;
            (at, to) = (at + 1, to + 1);
            continue;
        }
        let plain = match bytes[at + 1] {
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'b' => 8,
            b'f' => 12,
            c @ (b'"' | b'\\' | b'/') => c,
            b'u' => {
                let Some(unit) = hex(&bytes[..end], at + 2) else {
                    bytes[to] = b;
                    (at, to) = (at + 1, to + 1);
                    continue;
                };
                at += 6;
                let mut code = unit;
                if (0xd800..0xdc00).contains(&unit)
                    && bytes.get(at..at + 2) == Some(b"\\u")
                    && let Some(low @ 0xdc00..0xe000) = hex(&bytes[..end], at + 2)
                {
                    code = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
                    at += 6;
                }
                let c = char::from_u32(code).unwrap_or('\u{fffd}');
                to += c.encode_utf8(&mut bytes[to..]).len();
                continue;
            }
            _ => {
                bytes[to] = b;
                (at, to) = (at + 1, to + 1);
                continue;
            }
        };
        bytes[to] = plain;
        (at, to) = (at + 2, to + 1);
    }
    to
}

fn hex(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.iter().try_fold(0, |n, b| Some(n * 16 + (*b as char).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    #[test]
    fn escapes_are_resolved_in_place() {
        let cases: &[(&str, &str)] = &[
            (r"plain", "plain"),
            (r#"a\"b\\c\/d"#, "a\"b\\c/d"),
            (r"\n\t\r\b\f", "\n\t\r\u{8}\u{c}"),
            (r"\u0041\u00e9\u20ac\ud83d\ude00!", "A\u{e9}\u{20ac}\u{1f600}!"),
            (r"\ud83d x \ude00", "\u{fffd} x \u{fffd}"),
            (r"\u12 \x \", r"\u12 \x \"),
        ];
        for (from, want) in cases {
            let mut b = from.as_bytes().to_vec();
            let n = b.len();
            let n = super::unescape(&mut b, 0..n, 0);
            assert_eq!(std::str::from_utf8(&b[..n]).unwrap(), *want);
        }
    }
}
