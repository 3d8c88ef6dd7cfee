//! Binary Ion: every value says what it is and how long.

use chrono::DateTime;

use super::{Bad, Event, Found, Lexer, MAGIC, MOST_VALUE, Name, Recovery, View};
use crate::base::Reason;
use crate::format::blob;
use crate::format::rows::float;
use crate::format::tree::decimal;

/// Reads values by their heads.
#[derive(Default)]
pub(in crate::format) struct Binary {
    /// What is open.
    frames: Vec<Frame>,
    /// Where the value between records ends that was begun last.
    top_end: Option<u64>,
    /// Where the value that comes next must end, since annotations were said of it.
    annotated: Option<u64>,
}

struct Frame {
    end: u64,
    array: bool,
    /// Whether the name of the next value was read.
    named: bool,
}

fn corrupt(what: &'static str) -> Bad {
    Bad(Reason::Corrupt, what)
}

/// A number of seven bits a byte, the last byte marked. `None` where the bytes end.
fn var_uint(bytes: &[u8], at: &mut usize) -> Result<Option<u64>, Bad> {
    let mut n = 0u64;
    for _ in 0..10 {
        let Some(b) = bytes.get(*at) else { return Ok(None) };
        *at += 1;
        if n >> 57 != 0 {
            break;
        }
        n = n << 7 | u64::from(b & 0x7f);
        if b & 0x80 != 0 {
            return Ok(Some(n));
        }
    }
    Err(corrupt("a number that does not end"))
}

/// The same with a sign in the first byte.
fn var_int(bytes: &[u8], at: &mut usize) -> Option<(bool, i64)> {
    let first = *bytes.get(*at)?;
    *at += 1;
    let mut n = i64::from(first & 0x3f);
    let mut last = first & 0x80 != 0;
    while !last {
        let b = *bytes.get(*at)?;
        *at += 1;
        n = n.checked_mul(128)? | i64::from(b & 0x7f);
        last = b & 0x80 != 0;
    }
    let negative = first & 0x40 != 0;
    Some((negative, if negative { -n } else { n }))
}

/// A whole number, the greatest byte first.
fn uint(bytes: &[u8]) -> Option<u128> {
    let bytes = &bytes[bytes.iter().take_while(|b| **b == 0).count()..];
    (bytes.len() <= 16).then(|| bytes.iter().fold(0, |n, b| n << 8 | u128::from(*b)))
}

impl Lexer for Binary {
    const KIND: &'static str = "ion-binary";

    fn next(&mut self, view: &View<'_>, at: &mut usize, found: &mut Found) -> Result<Option<Event>, Bad> {
        let position = view.base + *at as u64;
        found.text.clear();
        found.span = *at..*at;
        let end = match self.frames.last_mut() {
            Some(f) if f.end <= position => {
                self.frames.pop();
                self.ended();
                return Ok(Some(Event::Close));
            }
            Some(f) if !f.array && !f.named => {
                let mut p = *at;
                let Some(id) = var_uint(view.bytes, &mut p)? else { return Ok(None) };
                if view.base + p as u64 > f.end {
                    return Err(corrupt("a name that is longer than what is around it"));
                }
                f.named = true;
                *at = p;
                return Ok(Some(Event::Key(Name::Id(id))));
            }
            Some(f) => f.end,
            None => u64::MAX,
        };
        if self.frames.is_empty() {
            self.top_end = None;
        }
        let Some(&head) = view.bytes.get(*at) else { return Ok(None) };
        if head == MAGIC[0] && self.frames.is_empty() {
            let Some(marker) = view.bytes.get(*at..*at + 4) else { return Ok(None) };
            if marker != MAGIC {
                return Err(corrupt("a version of Ion that is not known"));
            }
            *at += 4;
            return Ok(Some(Event::Version));
        }
        let (kind, low) = (head >> 4, head & 15);
        let mut p = *at + 1;
        let length = match (kind, low) {
            (15, _) => return Err(corrupt("a value of an unknown type")),
            (14, 0..=2 | 15) => return Err(corrupt("annotations of nothing")),
            (_, 15) | (1, _) => 0,
            (_, 14) | (13, 1) => match var_uint(view.bytes, &mut p)? {
                Some(n) => n,
                None => return Ok(None),
            },
            _ => u64::from(low),
        };
        let body = view.base + p as u64;
        let Some(body_end) = body.checked_add(length).filter(|e| *e <= end) else {
            return Err(corrupt("a value that is longer than the one around it"));
        };
        if self.frames.is_empty() {
            self.top_end = Some(body_end);
        }
        if self.annotated.is_some_and(|end| end != body_end) {
            return Err(corrupt("annotations that do not fit their value"));
        }
        match (kind, low) {
            (0, 0..15) => {
                *at = p;
                self.ended();
                return Ok(Some(Event::Pad(body_end)));
            }
            (11..=13, 0..15) => {
                *at = p;
                self.annotated = None;
                self.frames.push(Frame { end: body_end, array: kind != 13, named: false });
                return Ok(Some(Event::Open { array: kind != 13 }));
            }
            (14, _) => {
                let Some(n) = var_uint(view.bytes, &mut p)? else { return Ok(None) };
                let names = p;
                let after = usize::try_from(n).ok().and_then(|n| names.checked_add(n)).filter(|a| view.base + *a as u64 <= body_end);
                let Some(after) = after else { return Err(corrupt("annotations that are longer than their value")) };
                if view.bytes.len() < after {
                    return if n > 1 << 20 { Err(corrupt("too many annotations")) } else { Ok(None) };
                }
                let Some(id) = var_uint(view.bytes, &mut p)? else { return Ok(None) };
                *at = after;
                self.annotated = Some(body_end);
                return Ok(Some(Event::Annotation(Name::Id(id))));
            }
            _ => {}
        }
        if length > MOST_VALUE as u64 {
            *at = p;
            self.ended();
            return Ok(Some(Event::TooLong(body_end)));
        }
        let Some(bytes) = view.bytes.get(p..p + length as usize) else { return Ok(None) };
        found.span = p..p + bytes.len();
        *at = found.span.end;
        self.ended();
        if low == 15 {
            return Ok(Some(Event::Value));
        }
        if kind == 7 {
            let id = uint(bytes).and_then(|n| u64::try_from(n).ok()).ok_or(corrupt("a symbol with too great a number"))?;
            return Ok(Some(Event::Symbol(Name::Id(id))));
        }
        scalar(kind, bytes, &mut found.text);
        Ok(Some(Event::Value))
    }

    fn recover(&mut self, base: usize) -> Recovery {
        let end = match self.frames.get(base).or(self.frames.last()) {
            Some(f) => Some(f.end),
            None => self.top_end,
        };
        self.frames.truncate(if self.frames.len() > base { base } else { 0 });
        (self.top_end, self.annotated) = (None, None);
        end.map_or(Recovery::Lost, Recovery::At)
    }

    fn depth(&self) -> usize {
        self.frames.len()
    }
}

impl Binary {
    /// A value ended: the next one in a struct has a name of its own.
    fn ended(&mut self) {
        self.annotated = None;
        if let Some(f) = self.frames.last_mut() {
            f.named = false;
        }
    }
}

/// A value as text; nothing for one that says nothing.
fn scalar(kind: u8, bytes: &[u8], out: &mut Vec<u8>) {
    let text = match kind {
        2 | 3 => uint(bytes).map(|n| decimal(kind == 3, &n.to_string(), 0)),
        4 => match bytes.len() {
            4 => bytes.first_chunk().map(|b| f64::from(f32::from_be_bytes(*b))),
            8 => bytes.first_chunk().map(|b| f64::from_be_bytes(*b)),
            _ => None,
        }
        .filter(|v| v.is_finite())
        .map(float),
        5 => number(bytes),
        6 => time(bytes),
        9 | 10 => {
            out.extend_from_slice(&blob::text(bytes));
            None
        }
        8 => Some(String::from_utf8_lossy(bytes).into_owned()),
        _ => None,
    };
    out.extend_from_slice(text.unwrap_or_default().as_bytes());
}

/// A decimal number: an exponent, and a whole number with a sign in its first bit.
fn number(bytes: &[u8]) -> Option<String> {
    let mut at = 0;
    if bytes.is_empty() {
        return Some("0".to_owned());
    }
    let (_, exponent) = var_int(bytes, &mut at)?;
    let mut digits = bytes[at..].to_vec();
    let negative = digits.first().is_some_and(|b| b & 0x80 != 0);
    if let Some(first) = digits.first_mut() {
        *first &= 0x7f;
    }
    Some(decimal(negative, &uint(&digits)?.to_string(), exponent))
}

/// A moment, as exact as it was written: a year, a day, a second and less. It is kept in universal time.
fn time(bytes: &[u8]) -> Option<String> {
    let mut at = 0;
    // How far the local time was from it.
    var_int(bytes, &mut at)?;
    let mut next = || var_uint(bytes, &mut at).ok().flatten();
    let year = next()?;
    let Some(month) = next() else { return Some(format!("{year:04}")) };
    let Some(day) = next() else { return Some(format!("{year:04}-{month:02}")) };
    let (Some(hour), Some(minute)) = (next(), next()) else { return Some(format!("{year:04}-{month:02}-{day:02}")) };
    let second = next().unwrap_or(0);
    let date = chrono::NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, u32::try_from(month).ok()?, u32::try_from(day).ok()?)?;
    let t = date.and_hms_opt(u32::try_from(hour).ok()?, u32::try_from(minute).ok()?, u32::try_from(second).ok()?)?;
    Some(DateTime::<chrono::Utc>::from_naive_utc_and_offset(t, chrono::Utc).format("%Y-%m-%dT%H:%M:%SZ").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_text() {
        let cases: &[(u8, &[u8], &str)] = &[
            (2, &[], "0"),
            (2, &[0x1b, 0x45, 0xaf, 0xba], "457551802"),
            (3, &[5], "-5"),
            (2, &[1; 17], ""),
            (4, &[], ""),
            (4, &1.5f32.to_be_bytes(), "1.5"),
            (4, &457_555_462f64.to_be_bytes(), "457555462"),
            (4, &f64::INFINITY.to_be_bytes(), ""),
            (5, &[], "0"),
            (5, &[0x82, 6], "600"),
            (5, &[0xc2, 0x30, 0x39], "123.45"),
            (5, &[0xc1, 0x85], "-0.5"),
            (6, &[0x80, 0x0f, 0xc4, 0x82, 0x9d], "1988-02-29"),
            (6, &[0x80, 0x0f, 0xc4, 0x82, 0x9e, 0x8c, 0x80], ""),
            (6, &[0x80, 0x0f, 0xc4, 0x82, 0x9d, 0x8c, 0x9e, 0x81], "1988-02-29T12:30:01Z"),
            (6, &[0x80, 0x0f, 0xc4], "1988"),
            (6, &[], ""),
            (8, b"text", "text"),
            (8, b"\xff", "\u{fffd}"),
            (10, b"text", "text"),
            (10, b"\xff\0", ""),
            (10, b"Stra\xdfe 5, ann@x.com", "Straße 5, ann@x.com"),
        ];
        for (kind, bytes, want) in cases {
            let mut out = Vec::new();
            scalar(*kind, bytes, &mut out);
            assert_eq!(String::from_utf8_lossy(&out), *want, "{kind} {bytes:x?}");
        }
    }
}
