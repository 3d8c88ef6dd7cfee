//! Text in UTF-16, UTF-32 and code pages to UTF-8.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8};

use super::{Made, Transform};

/// How a text is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::format) enum Form {
    /// Units of two bytes.
    Utf16 { big: bool, mark: usize },
    /// Units of four bytes.
    Utf32 { big: bool, mark: usize },
    /// A code page.
    Page(&'static Encoding),
}

/// How the text that begins with `head` is encoded; `None`: as UTF-8, perhaps with damage, or not to be told.
pub(in crate::format) fn detect(head: &[u8], whole: bool) -> Option<Form> {
    match head {
        [0xff, 0xfe, 0, 0, ..] => return Some(Form::Utf32 { big: false, mark: 4 }),
        [0, 0, 0xfe, 0xff, ..] => return Some(Form::Utf32 { big: true, mark: 4 }),
        [0xff, 0xfe, ..] => return Some(Form::Utf16 { big: false, mark: 2 }),
        [0xfe, 0xff, ..] => return Some(Form::Utf16 { big: true, mark: 2 }),
        _ => {}
    }
    if head.contains(&0) {
        return wide(head);
    }
    let bad = damage(head, whole);
    if bad.0 == 0 || bad.1 > 4 * bad.0 {
        return None;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(head, whole);
    let page = detector.guess(None, Utf8Detection::Deny);
    (page != UTF_8).then_some(Form::Page(page))
}

/// UTF-16 and UTF-32 without a mark: zeros in every other byte, or in three of four.
fn wide(head: &[u8]) -> Option<Form> {
    let head = &head[..head.len().min(4096)];
    let zeros = |of: usize, at: usize| {
        let (mut n, mut all) = (0, 0);
        for b in head.iter().skip(at).step_by(of) {
            all += 1;
            n += usize::from(*b == 0);
        }
        (n * 10 > all * 7 && all >= 4, n == 0)
    };
    let text = |of: usize, at: usize| head.iter().skip(at).step_by(of).all(|b| *b >= b' ' || matches!(b, b'\t' | b'\n' | b'\r'));
    if zeros(4, 1).0 && zeros(4, 2).0 && zeros(4, 3).0 && text(4, 0) {
        return Some(Form::Utf32 { big: false, mark: 0 });
    }
    if zeros(4, 0).0 && zeros(4, 1).0 && zeros(4, 2).0 && text(4, 3) {
        return Some(Form::Utf32 { big: true, mark: 0 });
    }
    if zeros(2, 1).0 && zeros(2, 0).1 && text(2, 0) {
        return Some(Form::Utf16 { big: false, mark: 0 });
    }
    if zeros(2, 0).0 && zeros(2, 1).1 && text(2, 1) {
        return Some(Form::Utf16 { big: true, mark: 0 });
    }
    None
}

/// Bytes that are no UTF-8, and characters of several bytes that are.
fn damage(head: &[u8], whole: bool) -> (usize, usize) {
    let (mut bad, mut good) = (0, 0);
    let mut rest = head;
    loop {
        match std::str::from_utf8(rest) {
            Ok(t) => return (bad, good + t.chars().filter(|c| c.len_utf8() > 1).count()),
            Err(e) => {
                let (ok, after) = rest.split_at(e.valid_up_to());
                good += String::from_utf8_lossy(ok).chars().filter(|c| c.len_utf8() > 1).count();
                match e.error_len() {
                    Some(n) => {
                        bad += 1;
                        rest = &after[n..];
                    }
                    // The head may end within a character.
                    None => return (bad + usize::from(whole), good),
                }
            }
        }
    }
}

/// The transform for a form.
pub(in crate::format) fn transform(form: Form) -> Decode {
    let single = match form {
        Form::Page(p) if p.is_single_byte() => {
            let mut table = Vec::with_capacity(256);
            for b in 0..=255u8 {
                table.push(p.decode_without_bom_handling(&[b]).0.chars().next().unwrap_or('\u{fffd}'));
            }
            Some(table)
        }
        _ => None,
    };
    let page = match form {
        Form::Page(p) if single.is_none() => Some(p.new_decoder_without_bom_handling()),
        _ => None,
    };
    Decode { form, started: false, single, page, from: 0 }
}

pub(in crate::format) struct Decode {
    form: Form,
    started: bool,
    /// The characters of a code page of one byte each.
    single: Option<Vec<char>>,
    /// The decoder of another.
    page: Option<Decoder>,
    /// Where the character begins that the decoder is in.
    from: u64,
}

fn put(out: &mut Made, c: char, start: u64, end: u64) {
    let mut buf = [0; 4];
    out.add(c.encode_utf8(&mut buf).as_bytes(), start, end);
}

impl Transform for Decode {
    fn push(&mut self, bytes: &[u8], at: u64, last: bool, out: &mut Made) -> usize {
        let mut i = 0;
        if !self.started {
            let (Form::Utf16 { mark, .. } | Form::Utf32 { mark, .. }) = self.form else {
                self.started = true;
                self.from = at;
                return self.push(bytes, at, last, out);
            };
            if bytes.len() < mark && !last {
                return 0;
            }
            self.started = true;
            i = mark.min(bytes.len());
        }
        match self.form {
            Form::Utf16 { big, .. } => {
                let unit = |i: usize| {
                    let pair = [bytes[i], bytes[i + 1]];
                    if big { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }
                };
                while i + 2 <= bytes.len() {
                    let a = unit(i);
                    let mut n = 2;
                    let c = match a {
                        0xd800..=0xdbff if i + 4 <= bytes.len() => match char::decode_utf16([a, unit(i + 2)]).next() {
                            Some(Ok(c)) => {
                                n = 4;
                                c
                            }
                            _ => '\u{fffd}',
                        },
                        0xd800..=0xdbff if !last => break,
                        a => char::from_u32(u32::from(a)).unwrap_or('\u{fffd}'),
                    };
                    put(out, c, at + i as u64, at + (i + n) as u64);
                    i += n;
                }
                if last { bytes.len() } else { i }
            }
            Form::Utf32 { big, .. } => {
                while i + 4 <= bytes.len() {
                    let four = [bytes[i], bytes[i + 1], bytes[i + 2], bytes[i + 3]];
                    let unit = if big { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) };
                    put(out, char::from_u32(unit).unwrap_or('\u{fffd}'), at + i as u64, at + i as u64 + 4);
                    i += 4;
                }
                if last { bytes.len() } else { i }
            }
            Form::Page(_) => {
                if let Some(table) = &self.single {
                    let mut from = 0;
                    for (i, b) in bytes.iter().enumerate().filter(|(_, b)| **b >= 0x80) {
                        out.add(&bytes[from..i], at + from as u64, at + i as u64);
                        put(out, table[usize::from(*b)], at + i as u64, at + i as u64 + 1);
                        from = i + 1;
                    }
                    out.add(&bytes[from..], at + from as u64, at + bytes.len() as u64);
                } else if let Some(decoder) = &mut self.page {
                    let mut buf = [0u8; 32];
                    for (i, b) in bytes.iter().enumerate() {
                        let here = at + i as u64;
                        let (result, _, n, _) = decoder.decode_to_utf8(std::slice::from_ref(b), &mut buf, last && i + 1 == bytes.len());
                        debug_assert_eq!(result, CoderResult::InputEmpty);
                        if n > 0 {
                            out.add(&buf[..n], self.from.min(here), here + 1);
                            self.from = here + 1;
                        }
                    }
                }
                bytes.len()
            }
        }
    }
}
