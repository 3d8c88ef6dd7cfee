//! A PDF file: where its objects are, and what its streams hold.
//!
//! Objects are found by going through the file for `n g obj`, not by the table at its end: a damaged file is read as far
//! as it goes, and of objects that were replaced the last one counts.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use memchr::memmem;

use super::crypt::Crypt;
use super::filters::{MOST_FILTERS, ascii85, hex, inflate, lzw, run_length};
use super::object::{Dict, Obj, Parser};

/// The most that all streams of a file give together.
const MOST_FILE: u64 = 2 << 30;

/// The most trailers that are looked at: each save of a file adds one.
const MOST_TRAILERS: usize = 256;

enum Place {
    /// Offset behind `obj`, and the object's generation.
    File(usize, u32),
    /// Within an unpacked object stream.
    Stream(usize, usize),
}

/// Whether a file is encrypted.
enum Lock {
    Nothing,
    /// Without a password.
    Open(Crypt),
    Closed,
}

pub(super) struct File {
    bytes: Bytes,
    places: HashMap<u32, Place>,
    packed: Vec<Vec<u8>>,
    lock: Lock,
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
                let generation = std::str::from_utf8(&head[head.len() - g..]).ok().and_then(|g| g.parse().ok()).unwrap_or(0);
                places.insert(n, Place::File(at + 4, generation));
                numbers.push(n);
            }
        }
        let mut file = File { bytes, places, packed: Vec::new(), lock: Lock::Nothing, given: Cell::new(0), lossy: Cell::new(false) };
        file.lock = file.find_lock();
        if file.is_locked() {
            return file;
        }
        numbers.sort_unstable();
        numbers.dedup();
        for n in numbers {
            file.unpack_objects(n);
        }
        file
    }

    /// Whether only a password opens the file.
    pub fn is_locked(&self) -> bool {
        matches!(self.lock, Lock::Closed)
    }

    /// What the file says of being encrypted, in its trailers or in what stands for them.
    fn find_lock(&self) -> Lock {
        // Where no dictionary follows, nothing is parsed: that could go on to the end of the file each time.
        let begins = |at: &usize| self.bytes[at + 7..].iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'<');
        let trailers = memmem::find_iter(&self.bytes, b"trailer").filter(begins).take(MOST_TRAILERS).filter_map(|at| {
            let mut p = Parser { bytes: &self.bytes, at: at + 7 };
            if let Some(Obj::Dict(d)) = p.object() { Some(d) } else { None }
        });
        let streams = self.all().into_iter().filter_map(|(_, o)| match o {
            Obj::Dict(d) if name(&d, "Type") == Some("XRef") => Some(d),
            _ => None,
        });
        let mut locked = false;
        for d in trailers.chain(streams).filter(|d| d.contains_key("Encrypt")).take(8) {
            locked = true;
            let number = if let Some(Obj::Ref(n)) = d.get("Encrypt") { Some(*n) } else { None };
            let Some(Obj::Dict(e)) = self.entry(&d, "Encrypt") else { continue };
            let e = e.into_iter().map(|(k, v)| (k, self.resolve(&v))).collect();
            let id = match self.entry(&d, "ID") {
                Some(Obj::Arr(a)) => a.first().map(|o| self.resolve(o)),
                _ => None,
            };
            let id = if let Some(Obj::Str(id)) = id { id } else { Vec::new() };
            if let Some(c) = Crypt::open(&e, &id, number) {
                return Lock::Open(c);
            }
        }
        if locked { Lock::Closed } else { Lock::Nothing }
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
            inner.push((id as u32, (first as usize).saturating_add(offset as usize)));
        }
        let stream = self.packed.len();
        for (id, at) in inner {
            self.places.entry(id).or_insert(Place::Stream(stream, at));
        }
        self.packed.push(data);
    }

    /// An object by its number.
    pub fn get(&self, number: u32) -> Option<Obj> {
        let (bytes, at, generation): (&[u8], usize, _) = match self.places.get(&number)? {
            Place::File(at, generation) => (&self.bytes, *at, Some(*generation)),
            Place::Stream(s, at) => (&self.packed[*s], *at, None),
        };
        let o = Parser { bytes, at: at.min(bytes.len()) }.object()?;
        Some(match (&self.lock, generation) {
            // What lies in a stream was opened with it.
            (Lock::Open(c), Some(g)) if c.number != Some(number) => c.strings(number, g, o),
            _ => o,
        })
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
        let Place::File(at, generation) = self.places.get(&number)? else { return None };
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
        if let Lock::Open(c) = &self.lock {
            data = c.stream(number, *generation, d, data);
        }
        let list = |key: &str| match self.entry(d, key) {
            Some(Obj::Arr(a)) => a.iter().map(|o| self.resolve(o)).collect(),
            Some(o) => vec![o],
            None => Vec::new(),
        };
        let (filters, params) = (list("Filter"), list("DecodeParms"));
        if filters.len() > MOST_FILTERS {
            self.lossy.set(true);
            return None;
        }
        for (i, f) in filters.iter().enumerate() {
            let unpacked = match f.name()? {
                "FlateDecode" | "Fl" => inflate(&data),
                "ASCIIHexDecode" | "AHx" => hex(&data),
                "ASCII85Decode" | "A85" => ascii85(&data),
                "RunLengthDecode" | "RL" => run_length(&data),
                "LZWDecode" | "LZW" => {
                    lzw(&data, params.get(i).and_then(Obj::dict).and_then(|p| self.number(p, "EarlyChange")) != Some(0.0))
                }
                "Crypt" => data,
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
        let bits = n("Colors", 1).min(64) * n("BitsPerComponent", 8).min(32);
        let (pixel, row) = (bits.div_ceil(8).max(1), (bits * n("Columns", 1)).div_ceil(8).max(1));
        if row > data.len() {
            // A row that is longer than all there is: room is not made for what is only said.
            return data;
        }
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
