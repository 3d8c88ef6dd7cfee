//! One document of BSON: its elements in order.

use std::ops::Range;

use chrono::DateTime;

use crate::base::Reason;
use crate::format::blob;
use crate::format::rows::float;
use crate::format::tree::decimal;

/// What takes the parts of a document.
pub(super) trait Sink {
    /// The name of the element that comes next.
    fn key(&mut self, key: &[u8], at: Range<usize>);
    /// A document or an array in it; `false` where they are nested too deeply.
    fn open(&mut self, array: bool) -> bool;
    /// It ends.
    fn close(&mut self);
    /// A value as text, made of the bytes `at` of the document.
    fn value(&mut self, text: &[u8], at: Range<usize>);
    /// A value that only a client with the key can read.
    fn encrypted(&mut self) {}
}

/// Why a document ends before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bad {
    pub reason: Reason,
    pub what: &'static str,
    /// Where in the document.
    pub at: usize,
}

struct Walk<'a> {
    data: &'a [u8],
    at: usize,
    /// Whether the document says that it is longer.
    cut: bool,
}

impl<'a> Walk<'a> {
    fn bad(&self, what: &'static str) -> Bad {
        Bad { reason: Reason::Corrupt, what, at: self.at }
    }

    /// The bytes end before the value does.
    fn beyond(&self) -> Bad {
        match self.cut {
            true => Bad { reason: Reason::Truncated, what: "a document that breaks off", at: self.at },
            false => self.bad("a value that goes beyond its document"),
        }
    }

    fn take(&mut self, n: usize) -> Result<&'a [u8], Bad> {
        let end = self.at.checked_add(n).filter(|e| *e <= self.data.len()).ok_or_else(|| self.beyond())?;
        let out = &self.data[self.at..end];
        self.at = end;
        Ok(out)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Bad> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N)?);
        Ok(out)
    }

    fn int(&mut self) -> Result<i32, Bad> {
        self.array().map(i32::from_le_bytes)
    }

    fn length(&mut self) -> Result<usize, Bad> {
        let n = self.int()?;
        usize::try_from(n).map_err(|_| self.bad("a negative length"))
    }

    /// Bytes up to a zero.
    fn name(&mut self) -> Result<&'a [u8], Bad> {
        let n = memchr::memchr(0, &self.data[self.at..]).ok_or_else(|| self.beyond())?;
        let name = &self.data[self.at..self.at + n];
        self.at += n + 1;
        Ok(name)
    }

    /// Text with its length before it and a zero behind it.
    fn string(&mut self) -> Result<Range<usize>, Bad> {
        let n = self.length()?;
        let start = self.at;
        match self.take(n)? {
            [.., 0] => Ok(start..self.at - 1),
            _ => Err(self.bad("a text that does not end where it should")),
        }
    }
}

/// The length that a document begins with, if it can be one.
pub(super) fn length(data: &[u8]) -> Option<usize> {
    let n = i32::from_le_bytes(*data.first_chunk()?);
    usize::try_from(n).ok().filter(|n| *n >= 5)
}

/// Walks over the document that `data` is, or as much of it as is there.
pub(super) fn walk(data: &[u8], sink: &mut impl Sink) -> Result<(), Bad> {
    let whole = length(data).ok_or(Bad { reason: Reason::Corrupt, what: "a document without a length", at: 0 })?;
    let mut w = Walk { data, at: 4, cut: whole > data.len() };
    // Where the open documents should end.
    let mut ends = vec![whole];
    if !sink.open(false) {
        return Err(Bad { reason: Reason::NestingLimit, what: "documents nested too deeply", at: 0 });
    }
    while let Some(end) = ends.last().copied() {
        let kind = w.array::<1>()?[0];
        if kind == 0 {
            if w.at != end {
                return Err(w.bad("a document that is shorter or longer than it says"));
            }
            sink.close();
            ends.pop();
            continue;
        }
        let start = w.at;
        let key = w.name()?;
        sink.key(key, start..w.at - 1);
        let at = w.at;
        if matches!(kind, 3 | 4 | 15) {
            if kind == 15 {
                // Code with the document of its variables.
                w.length()?;
                let code = w.string()?;
                sink.value(&data[code.clone()], code);
            }
            let at = w.at;
            let n = length(&data[at..]).ok_or_else(|| w.bad("a document without a length"))?;
            w.take(4)?;
            if at.checked_add(n).is_none_or(|e| e >= end) {
                return Err(w.bad("a document that is longer than the one around it"));
            }
            ends.push(at + n);
            if !sink.open(kind == 4) {
                return Err(Bad { reason: Reason::NestingLimit, what: "documents nested too deeply", at });
            }
            continue;
        }
        scalar(&mut w, kind, at, sink)?;
    }
    Ok(())
}

fn scalar(w: &mut Walk<'_>, kind: u8, at: usize, sink: &mut impl Sink) -> Result<(), Bad> {
    let data = w.data;
    let text = match kind {
        1 => {
            let v = f64::from_le_bytes(w.array()?);
            if v.is_finite() { float(v) } else { String::new() }
        }
        // Text, code, a symbol.
        2 | 13 | 14 => {
            let text = w.string()?;
            sink.value(&data[text.clone()], text);
            return Ok(());
        }
        5 => return binary(w, sink),
        // Nothing: undefined, null, the least and the greatest key.
        6 | 10 | 0xff | 0x7f => return Ok(()),
        7 => hex(w.take(12)?),
        8 => {
            w.take(1)?;
            return Ok(());
        }
        9 => {
            let t = DateTime::from_timestamp_millis(i64::from_le_bytes(w.array()?));
            t.map(|t| t.format("%Y-%m-%dT%H:%M:%S%.fZ").to_string()).unwrap_or_default()
        }
        11 => {
            let start = w.at;
            let pattern = w.name()?;
            sink.value(pattern, start..start + pattern.len());
            w.name()?;
            return Ok(());
        }
        12 => {
            let text = w.string()?;
            sink.value(&data[text.clone()], text);
            w.take(12)?;
            return Ok(());
        }
        16 => w.int()?.to_string(),
        // The time of an operation in a log of a replica set: it says nothing of anybody.
        17 => {
            w.take(8)?;
            return Ok(());
        }
        18 => i64::from_le_bytes(w.array()?).to_string(),
        19 => decimal128(u128::from_le_bytes(w.array()?)),
        _ => return Err(w.bad("an element of an unknown type")),
    };
    sink.value(text.as_bytes(), at..w.at);
    Ok(())
}

fn binary(w: &mut Walk<'_>, sink: &mut impl Sink) -> Result<(), Bad> {
    let n = w.length()?;
    let subtype = w.array::<1>()?[0];
    let start = w.at;
    let mut bytes = w.take(n)?;
    let mut at = start..w.at;
    match subtype {
        // An older form repeats the length.
        2 if n >= 4 => (bytes, at) = (&bytes[4..], start + 4..w.at),
        3 | 4 if n == 16 => {
            let h = hex(bytes);
            let uuid = format!("{}-{}-{}-{}-{}", &h[..8], &h[8..12], &h[12..16], &h[16..20], &h[20..]);
            sink.value(uuid.as_bytes(), at);
            return Ok(());
        }
        6 => sink.encrypted(),
        _ => {}
    }
    let text = blob::text(bytes);
    if !text.is_empty() {
        sink.value(&text, at);
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// A decimal number of IEEE 754 with its coefficient in binary, as BSON has them.
fn decimal128(v: u128) -> String {
    let negative = v >> 127 == 1;
    // Infinities and what is no number begin with 1111; so large a coefficient as begins with 11 is no valid one, and zero.
    if v >> 123 & 0b1111 == 0b1111 {
        return String::new();
    }
    let (exponent, coefficient) = match v >> 125 & 0b11 {
        0b11 => (v >> 111 & 0x3fff, 0),
        _ => (v >> 113 & 0x3fff, v & ((1 << 113) - 1)),
    };
    decimal(negative, &coefficient.to_string(), exponent as i64 - 6176)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_of_128_bits() {
        let number = |coefficient: u128, exponent: i64| (((exponent + 6176) as u128) << 113) | coefficient;
        let cases = [
            (number(457_555_462, 0), "457555462"),
            (number(12_345, -2), "123.45"),
            (number(6, 2), "600"),
            (number(1, 0) | 1 << 127, "-1"),
            (0b11110 << 122, ""),
            (0b11111 << 122, ""),
        ];
        for (v, want) in cases {
            assert_eq!(decimal128(v), want);
        }
    }
}
