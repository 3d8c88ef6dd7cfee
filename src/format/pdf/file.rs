//! A PDF file: where its objects are, and what its streams hold.
//!
//! Objects are found by going through the file for `n g obj`, not by the table at its end: a damaged file is read as far
//! as it goes, and of objects that were replaced the last one counts.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::io::Read;

use bytes::Bytes;
use memchr::memmem;

use super::object::{Dict, Obj, Parser};

/// The most bytes that one stream gives.
const MOST_STREAM: u64 = 128 << 20;
/// The most that all streams of a file give together.
const MOST_FILE: u64 = 2 << 30;

enum Place {
    /// Offset behind `obj`.
    File(usize),
    /// Within an unpacked object stream.
    Stream(usize, usize),
}

pub(super) struct File {
    bytes: Bytes,
    places: HashMap<u32, Place>,
    packed: Vec<Vec<u8>>,
    given: Cell<u64>,
    /// Streams were cut off or could not be unpacked.
    pub lossy: Cell<bool>,
}

impl File {
    pub fn new(bytes: Bytes) -> File {
        let mut places = HashMap::new();
        let mut numbers = Vec::new();
        for at in memmem::find_iter(&bytes, b" obj") {
            let head = &bytes[at.saturating_sub(20)..at];
            let digits = |h: &[u8]| h.iter().rev().take_while(|b| b.is_ascii_digit()).count();
            let g = digits(head);
            let blank = head[..head.len() - g].iter().rev().take_while(|b| b.is_ascii_whitespace()).count();
            let n = digits(&head[..head.len() - g - blank]);
            let number = &head[head.len() - g - blank - n..head.len() - g - blank];
            if let Some(n) = std::str::from_utf8(number).ok().filter(|_| g > 0 && blank > 0).and_then(|n| n.parse().ok()) {
                places.insert(n, Place::File(at + 4));
                numbers.push(n);
            }
        }
        let mut file = File { bytes, places, packed: Vec::new(), given: Cell::new(0), lossy: Cell::new(false) };
        numbers.sort_unstable();
        numbers.dedup();
        for n in numbers {
            file.unpack_objects(n);
        }
        file
    }

    /// Whether the file says that it is encrypted.
    pub fn is_encrypted(&self) -> bool {
        let direct = memmem::find_iter(&self.bytes, b"trailer").any(|at| {
            let mut p = Parser { bytes: &self.bytes, at: at + 7 };
            p.object().is_some_and(|o| o.dict().is_some_and(|d| d.contains_key("Encrypt")))
        });
        direct || self.all().iter().any(|(_, o)| o.dict().is_some_and(|d| d.contains_key("Encrypt") && name(d, "Type") == Some("XRef")))
    }

    fn unpack_objects(&mut self, number: u32) {
        let Some(Obj::Dict(d)) = self.get(number) else { return };
        if name(&d, "Type") != Some("ObjStm") {
            return;
        }
        let (Some(n), Some(first)) = (self.number(&d, "N"), self.number(&d, "First")) else { return };
        let Some(data) = self.stream(number, &d) else { return };
        let mut p = Parser { bytes: &data, at: 0 };
        let mut inner = Vec::new();
        for _ in 0..(n as usize).min(1_000_000) {
            let (Some(Obj::Num(id)), Some(Obj::Num(offset))) = (p.object(), p.object()) else { break };
            inner.push((id as u32, first as usize + offset as usize));
        }
        let stream = self.packed.len();
        for (id, at) in inner {
            self.places.entry(id).or_insert(Place::Stream(stream, at));
        }
        self.packed.push(data);
    }

    /// An object by its number.
    pub fn get(&self, number: u32) -> Option<Obj> {
        let (bytes, at): (&[u8], usize) = match self.places.get(&number)? {
            Place::File(at) => (&self.bytes, *at),
            Place::Stream(s, at) => (&self.packed[*s], *at),
        };
        Parser { bytes, at: at.min(bytes.len()) }.object()
    }

    /// What a reference leads to; the object itself if it is none.
    pub fn resolve(&self, o: &Obj) -> Obj {
        let mut o = o.clone();
        for _ in 0..20 {
            let Obj::Ref(n) = o else { return o };
            o = self.get(n).unwrap_or(Obj::Null);
        }
        Obj::Null
    }

    /// An entry of a dictionary, resolved.
    pub fn entry(&self, d: &Dict, key: &str) -> Option<Obj> {
        d.get(key).map(|o| self.resolve(o)).filter(|o| *o != Obj::Null)
    }

    pub fn number(&self, d: &Dict, key: &str) -> Option<f64> {
        self.entry(d, key)?.num()
    }

    /// All objects with their numbers, in order.
    pub fn all(&self) -> Vec<(u32, Obj)> {
        let mut numbers: Vec<u32> = self.places.keys().copied().collect();
        numbers.sort_unstable();
        numbers.into_iter().filter_map(|n| Some((n, self.get(n)?))).collect()
    }

    /// The pages in their order.
    pub fn pages(&self) -> Vec<Dict> {
        let all = self.all();
        let root = all.iter().rev().find_map(|(_, o)| o.dict().filter(|d| name(d, "Type") == Some("Catalog")));
        let (mut out, mut seen) = (Vec::new(), HashSet::new());
        if let Some(pages) = root.and_then(|r| r.get("Pages")) {
            self.kids(pages, &Dict::new(), &mut out, &mut seen, 0);
        }
        if out.is_empty() {
            out.extend(
                all.into_iter()
                    .filter_map(|(_, o)| if let Obj::Dict(d) = o { Some(d) } else { None })
                    .filter(|d| name(d, "Type") == Some("Page")),
            );
        }
        out
    }

    fn kids(&self, node: &Obj, above: &Dict, out: &mut Vec<Dict>, seen: &mut HashSet<u32>, depth: u32) {
        if let Obj::Ref(n) = node
            && !seen.insert(*n)
        {
            return;
        }
        let Obj::Dict(mut d) = self.resolve(node) else { return };
        if depth > 50 || out.len() > 1_000_000 {
            return;
        }
        if let (None, Some(r)) = (d.get("Resources"), above.get("Resources")) {
            d.insert("Resources".into(), r.clone());
        }
        match self.entry(&d, "Kids") {
            Some(Obj::Arr(kids)) => kids.iter().for_each(|k| self.kids(k, &d, out, seen, depth + 1)),
            _ => out.push(d),
        }
    }

    /// The unpacked bytes of the stream of object `number`, whose dictionary is `d`.
    pub fn stream(&self, number: u32, d: &Dict) -> Option<Vec<u8>> {
        let Place::File(at) = self.places.get(&number)? else { return None };
        let mut p = Parser { bytes: &self.bytes, at: *at };
        p.object()?;
        let Some(Obj::Word(w)) = p.object() else { return None };
        if w != b"stream" {
            return None;
        }
        let mut start = p.at;
        if self.bytes.get(start) == Some(&b'\r') {
            start += 1;
        }
        if self.bytes.get(start) == Some(&b'\n') {
            start += 1;
        }
        let rest = &self.bytes[start.min(self.bytes.len())..];
        let said = self
            .number(d, "Length")
            .filter(|n| *n >= 0.0)
            .map(|n| n as usize)
            .filter(|n| rest.get(*n..).is_some_and(|after| after[..after.len().min(20)].trim_ascii_start().starts_with(b"endstream")));
        let len = said.or_else(|| memmem::find(rest, b"endstream")).unwrap_or_else(|| {
            self.lossy.set(true);
            rest.len()
        });
        let mut data = rest[..len].to_vec();
        let list = |key: &str| match self.entry(d, key) {
            Some(Obj::Arr(a)) => a.iter().map(|o| self.resolve(o)).collect(),
            Some(o) => vec![o],
            None => Vec::new(),
        };
        let (filters, params) = (list("Filter"), list("DecodeParms"));
        for (i, f) in filters.iter().enumerate() {
            let unpacked = match f.name()? {
                "FlateDecode" | "Fl" => inflate(&data),
                "ASCIIHexDecode" | "AHx" => hex(&data),
                "ASCII85Decode" | "A85" => ascii85(&data),
                "RunLengthDecode" | "RL" => run_length(&data),
                "LZWDecode" | "LZW" => {
                    lzw(&data, params.get(i).and_then(Obj::dict).and_then(|p| self.number(p, "EarlyChange")) != Some(0.0))
                }
                // Pictures.
                _ => return None,
            };
            data = match params.get(i).and_then(Obj::dict) {
                Some(p) => self.predicted(unpacked, p),
                None => unpacked,
            };
            let given = self.given.get() + data.len() as u64;
            self.given.set(given);
            if given > MOST_FILE {
                self.lossy.set(true);
                return None;
            }
        }
        Some(data)
    }

    fn predicted(&self, data: Vec<u8>, params: &Dict) -> Vec<u8> {
        let n = |key: &str, or: usize| self.number(params, key).map_or(or, |v| v.clamp(0.0, 1e6) as usize);
        if n("Predictor", 1) < 10 {
            return data;
        }
        let pixel = (n("Colors", 1) * n("BitsPerComponent", 8)).div_ceil(8).max(1);
        let row = (n("Colors", 1) * n("BitsPerComponent", 8) * n("Columns", 1)).div_ceil(8).max(1);
        let mut out: Vec<u8> = Vec::with_capacity(data.len());
        let mut above = vec![0u8; row];
        for line in data.chunks(row + 1) {
            let mut now = line[1..].to_vec();
            now.resize(row, 0);
            for i in 0..row {
                let left = if i >= pixel { now[i - pixel] } else { 0 };
                let corner = if i >= pixel { above[i - pixel] } else { 0 };
                let add = match line[0] {
                    1 => left,
                    2 => above[i],
                    3 => ((u16::from(left) + u16::from(above[i])) / 2) as u8,
                    4 => {
                        let (a, b, c) = (i16::from(left), i16::from(above[i]), i16::from(corner));
                        let p = a + b - c;
                        let (da, db, dc) = ((p - a).abs(), (p - b).abs(), (p - c).abs());
                        if da <= db && da <= dc {
                            left
                        } else if db <= dc {
                            above[i]
                        } else {
                            corner
                        }
                    }
                    _ => 0,
                };
                now[i] = now[i].wrapping_add(add);
            }
            out.extend_from_slice(&now);
            above = now;
        }
        out
    }
}

/// A name in a dictionary.
pub(super) fn name<'a>(d: &'a Dict, key: &str) -> Option<&'a str> {
    d.get(key)?.name()
}

fn inflate(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    // What comes before an error is kept.
    let ok = flate2::read::ZlibDecoder::new(data).take(MOST_STREAM).read_to_end(&mut out).is_ok();
    if !ok && out.is_empty() {
        let _ = flate2::read::DeflateDecoder::new(data.get(2..).unwrap_or_default()).take(MOST_STREAM).read_to_end(&mut out);
    }
    out
}

fn hex(data: &[u8]) -> Vec<u8> {
    let digits: Vec<u8> = data.iter().take_while(|b| **b != b'>').filter_map(|b| char::from(*b).to_digit(16).map(|d| d as u8)).collect();
    digits.chunks(2).map(|p| p[0] << 4 | p.get(1).copied().unwrap_or(0)).collect()
}

fn ascii85(data: &[u8]) -> Vec<u8> {
    let (mut out, mut group) = (Vec::new(), Vec::new());
    for &b in data {
        match b {
            b'~' => break,
            b'z' if group.is_empty() => out.extend([0; 4]),
            b'!'..=b'u' => {
                group.push(u32::from(b - b'!'));
                if group.len() == 5 {
                    let v = group.iter().fold(0u32, |v, d| v.wrapping_mul(85).wrapping_add(*d));
                    out.extend(v.to_be_bytes());
                    group.clear();
                }
            }
            _ => {}
        }
    }
    if group.len() > 1 {
        let n = group.len() - 1;
        group.resize(5, 84);
        let v = group.iter().fold(0u32, |v, d| v.wrapping_mul(85).wrapping_add(*d));
        out.extend(&v.to_be_bytes()[..n]);
    }
    out
}

fn run_length(data: &[u8]) -> Vec<u8> {
    let (mut out, mut i) = (Vec::new(), 0);
    while let Some(&n) = data.get(i).filter(|n| **n != 128) {
        if n < 128 {
            let end = (i + 2 + usize::from(n)).min(data.len());
            out.extend_from_slice(&data[i + 1..end]);
            i = end;
        } else {
            let Some(b) = data.get(i + 1) else { break };
            out.resize(out.len() + 257 - usize::from(n), *b);
            i += 2;
        }
    }
    out
}

fn lzw(data: &[u8], early: bool) -> Vec<u8> {
    let (mut out, mut table): (Vec<u8>, Vec<(usize, usize)>) = (Vec::new(), Vec::new());
    let (mut bits, mut have, mut width, mut last) = (0u32, 0, 9, None::<(usize, usize)>);
    for &b in data {
        bits = bits << 8 | u32::from(b);
        have += 8;
        if have < width {
            continue;
        }
        let code = (bits >> (have - width)) as usize & ((1 << width) - 1);
        have -= width;
        match code {
            256 => {
                table.clear();
                (width, last) = (9, None);
                continue;
            }
            257 => break,
            _ => {}
        }
        let start = out.len();
        if code < 256 {
            out.push(code as u8);
        } else if let Some(&(from, len)) = table.get(code - 258) {
            out.extend_from_within(from..from + len);
        } else if let Some((from, len)) = last {
            out.extend_from_within(from..from + len);
            out.push(out[from]);
        } else {
            break;
        }
        if let Some((from, len)) = last {
            // The entry lies in the output already: what was given last, and the byte behind it.
            table.push((from, len + 1));
        }
        last = Some((start, out.len() - start));
        let n = table.len() + 258 + 1 + usize::from(early);
        width = if n > 2048 {
            12
        } else if n > 1024 {
            11
        } else if n > 512 {
            10
        } else {
            9
        };
        if out.len() as u64 > MOST_STREAM {
            break;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_give_what_was_packed() {
        assert_eq!(hex(b"48 65 6c6C 6f>"), b"Hello");
        assert_eq!(ascii85(b"87cURD]j7BEbo80~>"), b"Hello world!");
        assert_eq!(run_length(&[2, b'a', b'b', b'c', 254, b'x', 128]), b"abcxxx");
        // The example of the PDF standard, 7.4.4.2.
        assert_eq!(lzw(&[0x80, 0x0b, 0x60, 0x50, 0x22, 0x0c, 0x0c, 0x85, 0x01], true), [45, 45, 45, 45, 45, 65, 45, 45, 45, 66]);
    }
}
