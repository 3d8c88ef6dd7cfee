//! The words of Ion as text: quoted texts with their escapes, binary values, numbers.

use memchr::memchr2;

use super::{Bad, View};
use crate::base::Reason;
use crate::format::blob;
use crate::format::rows::float;
use crate::format::tree::decimal;

pub(super) fn bad(what: &'static str) -> Bad {
    Bad(Reason::Malformed, what)
}

fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

pub(super) fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$')
}

/// Signs that stand for themselves between round brackets.
pub(super) fn is_operator(b: u8) -> bool {
    b"!#%&*+-./;<=>?@^`|~".contains(&b)
}

/// Whether a number may not go on with this byte.
pub(super) fn ends_number(b: u8) -> bool {
    is_space(b) || b"[]{}()\"',;/".contains(&b)
}

/// The first byte from `at` on that is no white space.
pub(super) fn skip(bytes: &[u8], at: usize) -> usize {
    at + bytes[at.min(bytes.len())..].iter().take_while(|b| is_space(**b)).count()
}

/// A quoted text that begins at `at`, its escapes resolved: where it ends. `None`: not in these bytes.
pub(super) fn quoted(view: &View<'_>, at: usize, quote: u8, out: &mut Vec<u8>) -> Result<Option<usize>, Bad> {
    let mut from = at + 1;
    loop {
        let Some(n) = memchr::memchr3(quote, b'\\', b'\n', &view.bytes[from..]).map(|n| from + n) else {
            return if view.over { Err(bad("a text that is not closed")) } else { Ok(None) };
        };
        out.extend_from_slice(&view.bytes[from..n]);
        from = match view.bytes[n] {
            b'\\' => match escape(view, n, out)? {
                Some(n) => n,
                None => return Ok(None),
            },
            b'\n' => return Err(bad("a text that is not closed")),
            _ => return Ok(Some(n + 1)),
        };
    }
}

/// Texts in three quotes, one behind the other: they are one.
pub(super) fn long(view: &View<'_>, at: usize, out: &mut Vec<u8>) -> Result<Option<usize>, Bad> {
    let unclosed = || if view.over { Err(bad("a text that is not closed")) } else { Ok(None) };
    let mut from = at + 3;
    loop {
        let Some(n) = memchr2(b'\'', b'\\', &view.bytes[from..]).map(|n| from + n) else { return unclosed() };
        out.extend_from_slice(&view.bytes[from..n]);
        if view.bytes[n] == b'\\' {
            match escape(view, n, out)? {
                Some(n) => from = n,
                None => return Ok(None),
            }
            continue;
        }
        match view.bytes.get(n..n + 3) {
            Some(b"'''") => {
                let next = skip(view.bytes, n + 3);
                match view.bytes.get(next..next + 3) {
                    Some(b"'''") => from = next + 3,
                    None if !view.over && view.bytes[next..].iter().all(|b| *b == b'\'') => return Ok(None),
                    _ => return Ok(Some(n + 3)),
                }
            }
            Some(_) => {
                out.push(b'\'');
                from = n + 1;
            }
            None => return unclosed(),
        }
    }
}

/// The escape at `at`: what stands behind it. `None`: it goes on beyond these bytes.
fn escape(view: &View<'_>, at: usize, out: &mut Vec<u8>) -> Result<Option<usize>, Bad> {
    let cut = || if view.over { Err(bad("a text that is not closed")) } else { Ok(None) };
    let Some(&c) = view.bytes.get(at + 1) else { return cut() };
    let digits = match c {
        b'x' => 2,
        b'u' => 4,
        b'U' => 8,
        b'\r' if view.bytes.get(at + 2) == Some(&b'\n') => return Ok(Some(at + 3)),
        b'\r' | b'\n' => return Ok(Some(at + 2)),
        _ => {
            out.push(match c {
                b'0' => 0,
                b'a' => 7,
                b'b' => 8,
                b't' => b'\t',
                b'n' => b'\n',
                b'f' => 12,
                b'r' => b'\r',
                b'v' => 11,
                c => c,
            });
            return Ok(Some(at + 2));
        }
    };
    let hex = |from: usize, n: usize| -> Option<u32> {
        let text = std::str::from_utf8(view.bytes.get(from..from + n)?).ok()?;
        text.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u32::from_str_radix(text, 16).ok()).flatten()
    };
    let mut end = at + 2 + digits;
    if view.bytes.len() < end + 6 && !view.over {
        return Ok(None);
    }
    let Some(mut code) = hex(at + 2, digits) else { return Err(bad("an escape that is none")) };
    if (0xd800..0xdc00).contains(&code)
        && view.bytes.get(end..end + 2) == Some(b"\\u")
        && let Some(low @ 0xdc00..0xe000) = hex(end + 2, 4)
    {
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        end += 6;
    }
    let c = char::from_u32(code).unwrap_or('\u{fffd}');
    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    Ok(Some(end))
}

/// A binary value between `{{` and `}}`: text, or base64, which stays as it is written but for its white space where it is no text.
pub(super) fn lob(view: &View<'_>, at: usize, out: &mut Vec<u8>) -> Result<Option<usize>, Bad> {
    let start = skip(view.bytes, at + 2);
    let end = match view.bytes.get(start) {
        None if !view.over => return Ok(None),
        Some(b'"') => quoted(view, start, b'"', out)?,
        Some(b'\'') => match view.bytes.get(start..start + 3) {
            Some(b"'''") => long(view, start, out)?,
            None if !view.over => return Ok(None),
            _ => return Err(bad("a binary value that is none")),
        },
        _ => {
            // Only up to what is no base64: where nothing closes it, much may follow.
            let is_base64 = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
            let n = view.bytes[start..].iter().take_while(|b| is_base64(b) || is_space(**b)).count();
            match view.bytes[start + n..] {
                [b'}', b'}', ..] => {}
                [] | [b'}'] if !view.over => return Ok(None),
                [] | [b'}'] => return Err(bad("a binary value that is not closed")),
                _ => return Err(bad("a binary value that is none")),
            }
            out.extend(view.bytes[start..start + n].iter().filter(|b| !is_space(**b)));
            if let Some(bytes) = blob::from_base64(out)
                && let text = blob::text(&bytes)
                && !text.is_empty()
            {
                *out = text.into_owned();
                return Ok(Some(start + n + 2));
            }
            return if out.len().is_multiple_of(4) { Ok(Some(start + n + 2)) } else { Err(bad("a binary value that is none")) };
        }
    };
    let Some(end) = end else { return Ok(None) };
    let close = skip(view.bytes, end);
    match view.bytes.get(close..close + 2) {
        Some(b"}}") => Ok(Some(close + 2)),
        None if !view.over => Ok(None),
        _ => Err(bad("a binary value that is not closed")),
    }
}

/// A number or a time as it is written: without what only Ion writes so.
pub(super) fn number(token: &[u8]) -> String {
    let text = String::from_utf8_lossy(token).replace('_', "");
    let b = text.as_bytes();
    if b.len() > 4 && b[..4].iter().all(u8::is_ascii_digit) && matches!(b[4], b'-' | b'T') {
        return text.trim_end_matches('T').to_owned();
    }
    let (negative, digits) = match text.strip_prefix('-') {
        Some(d) => (true, d),
        None => (false, &text[..]),
    };
    for (prefix, radix) in [("0x", 16), ("0X", 16), ("0b", 2), ("0B", 2)] {
        if let Some(n) = digits.strip_prefix(prefix).and_then(|d| u128::from_str_radix(d, radix).ok()) {
            return decimal(negative, &n.to_string(), 0);
        }
    }
    if digits.contains(['e', 'E']) {
        return text.parse::<f64>().ok().filter(|v| v.is_finite()).map(float).unwrap_or_default();
    }
    let (mantissa, exponent) = digits.split_once(['d', 'D']).unwrap_or((digits, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    match exponent.parse::<i32>() {
        Ok(e) if !all.is_empty() && all.bytes().all(|b| b.is_ascii_digit()) => {
            decimal(negative, &all, i64::from(e) - fraction.len() as i64)
        }
        _ => text,
    }
}
