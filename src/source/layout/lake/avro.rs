//! As much of Avro as manifests need: a few fields of each record, everything else walked over.

use std::collections::HashMap;
use std::io::Read;

use serde_json::Value as Json;

use crate::base::{Error, Reason};

/// Decompressed blocks beyond this are not read.
const BLOCK: u64 = 64 << 20;
/// How deep types may lie in one another.
const DEPTH: usize = 32;

/// What a field held.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Value {
    #[default]
    None,
    Number(i64),
    Text(String),
}

impl Value {
    pub fn text(&self) -> Option<String> {
        if let Value::Text(t) = self { Some(t.clone()) } else { None }
    }

    pub fn number(&self) -> Option<i64> {
        if let Value::Number(n) = self { Some(*n) } else { None }
    }
}

fn corrupt() -> Error {
    Error::new(Reason::Corrupt, "a manifest of the table is not the Avro it should be")
}

/// Reads a container file: for each record the values of the fields `wanted` (`a.b` lies in the record `a`).
pub(super) fn records(file: &[u8], wanted: &[&str], each: &mut dyn FnMut(&[Value])) -> Result<(), Error> {
    let mut at = At(file);
    if at.take(4)? != b"Obj\x01" {
        return Err(corrupt());
    }
    let (mut schema, mut codec) = (Json::Null, Vec::new());
    while let n @ 1.. = at.count()? {
        for _ in 0..n {
            let key = at.bytes()?;
            let value = at.bytes()?;
            match key {
                b"avro.schema" => schema = serde_json::from_slice(value).map_err(|_| corrupt())?,
                b"avro.codec" => codec = value.to_vec(),
                _ => {}
            }
        }
    }
    let sync = at.take(16)?;
    let mut names = HashMap::new();
    named(&schema, 0, &mut names);
    let mut walk = Walk { names, wanted, found: Vec::new() };
    while !at.0.is_empty() {
        let records = at.long()?;
        let raw = at.bytes()?;
        let block = match codec.as_slice() {
            b"" | b"null" => raw.to_vec(),
            b"deflate" => inflate(flate2::read::DeflateDecoder::new(raw))?,
            b"zstandard" => inflate(zstd::stream::read::Decoder::new(raw).map_err(|_| corrupt())?)?,
            b"snappy" => snap::raw::Decoder::new()
                .decompress_vec(
                    raw.get(..raw.len().saturating_sub(4))
                        .filter(|r| snap::raw::decompress_len(r).is_ok_and(|n| n as u64 <= BLOCK))
                        .ok_or_else(corrupt)?,
                )
                .map_err(|_| corrupt())?,
            _ => return Err(Error::new(Reason::UnsupportedFormat, "a manifest of the table is compressed in a way that is not read")),
        };
        let mut rest = At(&block);
        for _ in 0..records {
            walk.found = vec![Value::None; wanted.len()];
            let before = rest.0.len();
            walk.value(&schema, &mut rest, "", 0)?;
            each(&walk.found);
            if rest.0.is_empty() || rest.0.len() == before {
                break;
            }
        }
        if at.take(16)? != sync {
            return Err(corrupt());
        }
    }
    Ok(())
}

fn inflate(from: impl Read) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    from.take(BLOCK + 1).read_to_end(&mut out).map_err(|_| corrupt())?;
    if out.len() as u64 > BLOCK { Err(Error::new(Reason::MemoryLimit, "a manifest of the table is too large")) } else { Ok(out) }
}

/// Collects types that have names, which other places may refer to.
fn named<'s>(schema: &'s Json, depth: usize, names: &mut HashMap<&'s str, &'s Json>) {
    if depth > DEPTH {
        return;
    }
    match schema {
        Json::Array(branches) => branches.iter().for_each(|b| named(b, depth + 1, names)),
        Json::Object(o) => {
            if let Some(name) = schema["name"].as_str()
                && schema["type"].is_string()
            {
                names.entry(name).or_insert(schema);
            }
            for key in ["type", "items", "values"] {
                o.get(key).into_iter().for_each(|t| named(t, depth + 1, names));
            }
            for field in o.get("fields").and_then(Json::as_array).into_iter().flatten() {
                named(&field["type"], depth + 1, names);
            }
        }
        _ => {}
    }
}

struct Walk<'a> {
    names: HashMap<&'a str, &'a Json>,
    wanted: &'a [&'a str],
    found: Vec<Value>,
}

impl<'a> Walk<'a> {
    fn value(&mut self, schema: &'a Json, at: &mut At<'_>, path: &str, depth: usize) -> Result<(), Error> {
        if depth > DEPTH {
            return Err(corrupt());
        }
        let kind = match schema {
            Json::String(s) => s.as_str(),
            Json::Array(branches) => {
                let n = usize::try_from(at.long()?).map_err(|_| corrupt())?;
                return self.value(branches.get(n).ok_or_else(corrupt)?, at, path, depth + 1);
            }
            Json::Object(_) => match &schema["type"] {
                Json::String(s) => s.as_str(),
                inner => return self.value(inner, at, path, depth + 1),
            },
            _ => return Err(corrupt()),
        };
        match kind {
            "null" => {}
            "boolean" => drop(at.take(1)?),
            "int" | "long" | "enum" => {
                let n = at.long()?;
                self.note(path, || Value::Number(n));
            }
            "float" => drop(at.take(4)?),
            "double" => drop(at.take(8)?),
            "bytes" | "string" => {
                let b = at.bytes()?;
                self.note(path, || Value::Text(String::from_utf8_lossy(b).into_owned()));
            }
            "fixed" => drop(at.take(schema["size"].as_u64().and_then(|n| usize::try_from(n).ok()).ok_or_else(corrupt)?)?),
            "array" | "map" => {
                let inner = &schema[if kind == "array" { "items" } else { "values" }];
                while let n @ 1.. = at.count()? {
                    for _ in 0..n {
                        let before = at.0.len();
                        if kind == "map" {
                            at.bytes()?;
                        }
                        // Elements are many; none of them is wanted.
                        self.value(inner, at, "*", depth + 1)?;
                        if at.0.len() == before {
                            return Err(corrupt());
                        }
                    }
                }
            }
            "record" => {
                for field in schema["fields"].as_array().ok_or_else(corrupt)? {
                    let name = field["name"].as_str().unwrap_or("");
                    let below = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
                    self.value(&field["type"], at, &below, depth + 1)?;
                }
            }
            name => {
                let short = name.rsplit('.').next().unwrap_or(name);
                let known = self.names.get(name).or_else(|| self.names.get(short)).copied().ok_or_else(corrupt)?;
                return self.value(known, at, path, depth + 1);
            }
        }
        Ok(())
    }

    fn note(&mut self, path: &str, value: impl FnOnce() -> Value) {
        if let Some(i) = self.wanted.iter().position(|w| *w == path) {
            self.found[i] = value();
        }
    }
}

/// What is still to be read.
struct At<'a>(&'a [u8]);

impl<'a> At<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8], Error> {
        let (taken, rest) = self.0.split_at_checked(n).ok_or_else(corrupt)?;
        self.0 = rest;
        Ok(taken)
    }

    fn long(&mut self) -> Result<i64, Error> {
        let (mut n, mut shift) = (0u64, 0);
        loop {
            let b = self.take(1)?[0];
            n |= u64::from(b & 0x7f) << shift;
            if b < 0x80 {
                return Ok((n >> 1) as i64 ^ -((n & 1) as i64));
            }
            shift += 7;
            if shift > 63 {
                return Err(corrupt());
            }
        }
    }

    fn bytes(&mut self) -> Result<&'a [u8], Error> {
        let n = usize::try_from(self.long()?).map_err(|_| corrupt())?;
        self.take(n)
    }

    /// The number of elements that follow; 0 at the end. A negative one has its length in bytes behind it.
    fn count(&mut self) -> Result<i64, Error> {
        let n = self.long()?;
        if n < 0 {
            self.long()?;
        }
        n.checked_abs().ok_or_else(corrupt)
    }
}
