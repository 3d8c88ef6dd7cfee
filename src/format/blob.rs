//! Text in values that a file says are binary: in UTF-8, in another encoding, packed by gzip, or between other bytes.
//!
//! What is compressed, encrypted or a hash has letters and digits too, by chance. So nothing is text of which not most is readable.

use std::borrow::Cow;
use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::transform::encoding::{self, Form};
use super::transform::runs::Runs;
use super::transform::{Made, Transform};

/// What is read of a value that gzip has packed; of a short one so many times its bytes, and a little: few texts are packed better, and
/// a file of values that unpack to thousands of times their size has no end.
const MOST_UNPACKED: u64 = 4 << 20;
const MOST_TIMES: u64 = 16;
const LITTLE: u64 = 1 << 10;
/// So many bytes tell whether a value is worth to be looked at.
const HEAD: usize = 1024;
/// Shorter values tell nothing of their encoding.
const LEAST: usize = 6;
/// Shorter ones are letters of some language by chance; they are text where most is ASCII.
const LEAST_FOREIGN: usize = 24;
/// Shorter values tell nothing that have other bytes than those of text.
const LEAST_MIXED: usize = 16;
/// The shortest run that is kept of those.
const LEAST_RUN: usize = 6;

/// The text that a binary value is or holds; nothing if it is none.
pub(super) fn text(value: &[u8]) -> Cow<'_, [u8]> {
    if value.starts_with(b"\x1f\x8b\x08") {
        let mut out = Vec::new();
        // Of what is damaged, the beginning is read.
        let _ = flate2::read::MultiGzDecoder::new(value)
            .take(MOST_UNPACKED.min(MOST_TIMES * value.len() as u64 + LITTLE))
            .read_to_end(&mut out);
        return Cow::Owned(unpacked(&out).into_owned());
    }
    unpacked(value)
}

/// The bytes that a value in base64 is.
pub(super) fn from_base64(value: &[u8]) -> Option<Vec<u8>> {
    STANDARD.decode(value).ok()
}

/// The bytes that pairs of hexadecimal digits are.
pub(super) fn from_hex(value: &[u8]) -> Option<Vec<u8>> {
    let digit = |b: &u8| char::from(*b).to_digit(16).map(|d| d as u8);
    value.len().is_multiple_of(2).then(|| value.chunks(2).map(|p| Some(digit(&p[0])? << 4 | digit(&p[1])?)).collect())?
}

fn unpacked(value: &[u8]) -> Cow<'_, [u8]> {
    // A value of fixed length is filled up with zeros.
    let filled = value.iter().rposition(|b| *b != 0).map_or(0, |i| i + 1);
    let value = if value[..filled].contains(&0) { value } else { &value[..filled] };
    let has_zeros = value.contains(&0);
    if !has_zeros && std::str::from_utf8(value).is_ok() {
        let controls = value.iter().filter(|b| is_control(**b)).count();
        return Cow::Borrowed(if controls * 4 > value.len() { b"" } else { value });
    }
    let head = &value[..value.len().min(HEAD)];
    if value.len() < LEAST {
        return Cow::Borrowed(b"");
    }
    let form = match head {
        // A mark is two bytes, which other values begin with as well.
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => encoding::detect(value, true),
        _ if has_zeros || !head.iter().any(|b| is_control(*b)) => encoding::detect(value, true),
        _ => None,
    };
    let decoded = form.map(|form| decode(form, value)).filter(|t| reads_well(t, value.len()));
    Cow::Owned(decoded.map(String::into_bytes).or_else(|| between(value, head)).unwrap_or_default())
}

fn decode(form: Form, value: &[u8]) -> String {
    let mut made = Made::default();
    encoding::transform(form).push(value, 0, true, &mut made);
    String::from_utf8_lossy(&made.into_text()).into_owned()
}

fn is_control(b: u8) -> bool {
    b < b' ' && !matches!(b, b'\t' | b'\n' | b'\r') || b == 0x7f
}

/// Whether a decoded value is letters, digits and blanks; in JSON and the like, signs of ASCII between them.
fn reads_well(text: &str, bytes: usize) -> bool {
    let (mut all, mut letters, mut plain) = (0usize, 0usize, 0usize);
    for c in text.chars() {
        if c == '\u{fffd}' || c.is_control() && !matches!(c, '\t' | '\n' | '\r') {
            return false;
        }
        all += 1;
        letters += usize::from(c.is_alphanumeric() || c.is_whitespace());
        plain += usize::from(c.is_ascii());
    }
    (letters * 100 >= all * 85 && (bytes >= LEAST_FOREIGN || plain * 4 >= all * 3)) || plain * 5 >= all * 4 && letters * 2 >= all
}

/// Runs of characters between other bytes, where they are most of the value.
fn between(value: &[u8], head: &[u8]) -> Option<Vec<u8>> {
    let readable = |bytes: &[u8]| bytes.iter().filter(|b| matches!(b, b' '..=b'~')).count();
    if value.len() < LEAST_MIXED || readable(head) * 2 < head.len() && !head.contains(&0) {
        return None;
    }
    let mut made = Made::default();
    Runs.push(value, 0, true, &mut made);
    let mut out = Vec::new();
    for run in made.into_text().split(|b| *b == b'\n').filter(|run| readable(run) >= LEAST_RUN) {
        out.extend_from_slice(run);
        out.push(b'\n');
    }
    // Zeros fill up, and are the upper halves of characters of two bytes.
    let counted = value.iter().filter(|b| **b != 0).count();
    (readable(&out) * 3 >= counted * 2).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn text_is_read_in_whatever_encoding() {
        let wide: Vec<u8> = "mail ann@lat.org, Jürgen".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let marked = [b"\xff\xfe", &wide[..]].concat();
        let (japanese, _, _) = encoding_rs::SHIFT_JIS.encode("山田太郎 東京都千代田区 taro@sj.jp");
        let (russian, _, _) = encoding_rs::WINDOWS_1251.encode("Иванов Иван, ул. Ленина 5");
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(br#"{"email":"ann@gz.org"}"#).unwrap();
        for (value, want) in [
            (&b"plain"[..], "plain"),
            ("J\u{fc}rgen".as_bytes(), "Jürgen"),
            (b"Stra\xdfe 5, mail ann@lat.org ssn 536-22-8711", "Straße 5, mail ann@lat.org ssn 536-22-8711"),
            (b"{\"name\":\"J\xfcrgen\",\"e\":\"a@b.de\"}", r#"{"name":"Jürgen","e":"a@b.de"}"#),
            (b"Stra\xdfe", "Straße"),
            (&wide, "mail ann@lat.org, Jürgen"),
            (&marked, "mail ann@lat.org, Jürgen"),
            (&japanese, "山田太郎 東京都千代田区 taro@sj.jp"),
            (&russian, "Иванов Иван, ул. Ленина 5"),
            (&gzip.finish().unwrap(), r#"{"email":"ann@gz.org"}"#),
            (b"\x0a\x0bann@pb.org\x12\x0b536-22-8711\x18\x96\x01", "ann@pb.org\n536-22-8711\n"),
            (b"\0\x01ssn 536-22-8711 ann@lat.org\0\0\x02", "ssn 536-22-8711 ann@lat.org\n"),
            (b"ann@lat.org\0\0\0\0\0", "ann@lat.org"),
            (b"\x01\0\0\0\0\0\0\0", ""),
            (b"\x07[\xcd\x15\0\0\0\0", ""),
            (b"a\xdf", ""),
            (b"", ""),
        ] {
            assert_eq!(String::from_utf8_lossy(&text(value)), want, "{value:x?}");
        }
    }

    #[test]
    fn what_is_packed_or_encrypted_is_no_text() {
        // A xorshift: as even as a cipher's output.
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut random = |n: usize| -> Vec<u8> {
            (0..n)
                .map(|_| {
                    state ^= state << 13;
                    state ^= state >> 7;
                    state ^= state << 17;
                    (state >> 32) as u8
                })
                .collect()
        };
        for (n, most) in [(8, 250), (16, 30), (20, 10), (32, 10), (64, 0), (1000, 0)] {
            let taken = (0..10_000).filter(|_| !text(&random(n)).is_empty()).count();
            assert!(taken <= most, "{taken} of 10,000 values of {n} bytes");
        }
        let words = "name Jane Roe, mail jane@example.com; ".repeat(100);
        let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        packed.write_all(words.as_bytes()).unwrap();
        assert!(text(&packed.finish().unwrap()).is_empty());
    }
}
