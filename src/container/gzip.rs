//! gzip (RFC 1952): any number of members one after the other, zeros after the last are padding.

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::Limits;
use super::stream::{Decode, Decoded, Stored};
use crate::base::{Error, Input, Reason, Result};

const FHCRC: u8 = 2;
const FEXTRA: u8 = 4;
const FNAME: u8 = 8;
const FCOMMENT: u8 = 16;

/// Whether `head` starts a gzip member: magic, deflate, no reserved flag.
pub(super) fn matches(head: &[u8]) -> bool {
    matches!(head, [0x1f, 0x8b, 8, flags, ..] if flags & 0xe0 == 0)
}

pub(super) fn decode(input: Box<dyn Input>, limits: &Limits) -> Result<Box<dyn Input>> {
    let gzip = Gzip { at: At::Start, inflate: Decompress::new(false), crc: Crc::new(), member: 0 };
    Ok(Box::new(Decoded::new(input, gzip, limits)))
}

/// Where in the stream the decoder stands.
enum At {
    Start,
    Body,
    Trailer,
}

struct Gzip {
    at: At,
    inflate: Decompress,
    crc: Crc,
    /// How many members were finished.
    member: u64,
}

fn cut_off(stored: &Stored) -> Error {
    Error::new(Reason::Truncated, format!("the gzip stream ends inside a member, at stored byte {}", stored.taken))
}

fn corrupt(what: &str, stored: &Stored) -> Error {
    Error::new(Reason::Corrupt, format!("gzip: {what} at stored byte {}", stored.taken))
}

fn need(stored: &mut Stored) -> Result<u8> {
    match stored.byte()? {
        Some(b) => Ok(b),
        None => Err(cut_off(stored)),
    }
}

impl Gzip {
    /// Reads a member's header; `false` where the stream ends instead.
    fn header(&mut self, stored: &mut Stored) -> Result<bool> {
        let mut first = stored.byte()?;
        let mut padding = false;
        while self.member > 0 && first == Some(0) {
            padding = true;
            first = stored.byte()?;
        }
        match first {
            None => return Ok(false),
            Some(0x1f) if !padding => {}
            _ => return Err(corrupt("bytes that are no gzip member", stored)),
        }
        if need(stored)? != 0x8b || need(stored)? != 8 {
            return Err(corrupt("bytes that are no gzip member", stored));
        }
        let flags = need(stored)?;
        for _ in 0..6 {
            need(stored)?;
        }
        if flags & FEXTRA != 0 {
            let len = u16::from_le_bytes([need(stored)?, need(stored)?]);
            for _ in 0..len {
                need(stored)?;
            }
        }
        for text in [FNAME, FCOMMENT] {
            if flags & text != 0 {
                while need(stored)? != 0 {}
            }
        }
        if flags & FHCRC != 0 {
            need(stored)?;
            need(stored)?;
        }
        self.inflate.reset(false);
        self.crc.reset();
        Ok(true)
    }

    fn body(&mut self, stored: &mut Stored, out: &mut Vec<u8>) -> Result<()> {
        let old_out = out.len();
        let (old_in, bytes) = (self.inflate.total_in(), stored.bytes()?);
        let at_end = bytes.is_empty();
        let status = self.inflate.decompress_vec(bytes, out, FlushDecompress::None);
        let used = (self.inflate.total_in() - old_in) as usize;
        stored.take(used);
        self.crc.update(&out[old_out..]);
        match status {
            Ok(Status::StreamEnd) => self.at = At::Trailer,
            Ok(_) if used == 0 && out.len() == old_out => {
                return Err(if at_end { cut_off(stored) } else { corrupt("a deflate stream that stands still", stored) });
            }
            Ok(_) => {}
            Err(_) => return Err(corrupt("broken deflate data", stored)),
        }
        Ok(())
    }

    fn trailer(&mut self, stored: &mut Stored) -> Result<()> {
        let mut t = [0; 8];
        for b in &mut t {
            *b = need(stored)?;
        }
        let [a, b, c, d, e, f, g, h] = t;
        if u32::from_le_bytes([a, b, c, d]) != self.crc.sum() || u32::from_le_bytes([e, f, g, h]) != self.crc.amount() {
            return Err(corrupt("a checksum that does not match", stored));
        }
        self.member += 1;
        self.at = At::Start;
        Ok(())
    }
}

impl Decode for Gzip {
    fn step(&mut self, stored: &mut Stored, out: &mut Vec<u8>) -> Result<bool> {
        match self.at {
            At::Start => {
                let more = self.header(stored)?;
                self.at = At::Body;
                Ok(more)
            }
            At::Body => self.body(stored, out).map(|()| true),
            At::Trailer => self.trailer(stored).map(|()| true),
        }
    }
}
