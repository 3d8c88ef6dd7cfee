//! Compressed streams to the bytes of their members, with limits that guard against bombs.
//!
//! Takes an [`Input`], gives another whose bytes are the decompressed ones. Recognises by magic bytes, never by name
//! alone. Knows no format of data, no source, no classifier.
//!
//! A decoder hands out everything it could decode before it reports what broke, so that a truncated or damaged stream
//! still gives its good part.

mod gzip;
mod stream;
mod zstd;

use crate::base::{Error, Input, PeekInput, Reason, Result};

/// Guards against streams that unpack to more than anybody meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many layers of compression may lie in one another.
    pub depth: u32,
    /// How many decoded bytes one stored byte may give, on the average of the whole stream so far.
    pub ratio: u64,
    /// The ratio is not looked at before so many bytes were decoded.
    pub ratio_after: u64,
    /// The most decoded bytes of one member; `None` for no such limit.
    pub member_bytes: Option<u64>,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { depth: 5, ratio: 1000, ratio_after: 16 << 20, member_bytes: None }
    }
}

/// The innermost bytes of an object.
pub struct Opened {
    /// The decompressed bytes; with random access only where nothing was compressed.
    pub input: PeekInput,
    /// The layers that were taken off, outermost first: `["gzip"]`.
    pub layers: Vec<&'static str>,
}

/// One kind of compressed stream.
struct Kind {
    name: &'static str,
    matches: fn(&[u8]) -> bool,
    decode: fn(Box<dyn Input>, &Limits) -> Result<Box<dyn Input>>,
}

/// Every container that is read. Adding one: its file, and its line here.
const KINDS: &[Kind] = &[
    Kind { name: "gzip", matches: gzip::matches, decode: gzip::decode },
    Kind { name: "zstd", matches: zstd::matches, decode: zstd::decode },
];

/// How many bytes the magic numbers need.
const MAGIC_BYTES: usize = 16;

/// Takes off all layers of compression that are recognised by their first bytes; what is not compressed passes through
/// with its random access kept.
///
/// # Errors
/// `nesting_limit` where more than `limits.depth` layers lie in one another. Errors of the data itself come later, from
/// the returned input, after the bytes that are good.
pub fn open(input: Box<dyn Input>, limits: &Limits) -> Result<Opened> {
    let mut input = PeekInput::new(input);
    let mut layers = Vec::new();
    loop {
        let head = input.peek(MAGIC_BYTES);
        let Some(kind) = KINDS.iter().find(|k| (k.matches)(head)) else {
            return Ok(Opened { input, layers });
        };
        if layers.len() as u64 >= u64::from(limits.depth) {
            return Err(Error::new(Reason::NestingLimit, format!("more than {} layers of compression", limits.depth)));
        }
        layers.push(kind.name);
        input = PeekInput::new((kind.decode)(Box::new(input), limits)?);
    }
}

#[cfg(test)]
mod tests;
