//! Snappy, in its own frames (`.sz`) and in those of Hadoop (`.snappy`).

use snap::raw::{Decoder, decompress_len};

use super::Limits;
use super::stream::{Decode, Decoded, Pending, Stored};
use crate::base::{Error, Input, Reason, Result};

const MAGIC: &[u8] = b"\xff\x06\0\0sNaPpY";
/// The most that one chunk of a frame unpacks to.
const FRAME_CHUNK: usize = 64 << 10;
/// The largest block of Hadoop's frames that is believed; its writers use 256 KiB.
const HADOOP_BLOCK: usize = 16 << 20;

pub(super) fn matches_framed(head: &[u8]) -> bool {
    head.starts_with(MAGIC)
}

/// Hadoop's frames have no magic: the length of a block, the length of a chunk, and the chunk's own length must fit.
pub(super) fn matches_hadoop(head: &[u8]) -> bool {
    let [0, a, b, c, 0, d, e, f, body @ ..] = head else { return false };
    let block = u32::from_be_bytes([0, *a, *b, *c]) as usize;
    let chunk = u32::from_be_bytes([0, *d, *e, *f]) as usize;
    let fits = |n: usize| n > 0 && n <= block && chunk <= n + n / 6 + 32 && chunk >= n / 24;
    block > 0 && chunk > 1 && body.len() > 3 && decompress_len(body).is_ok_and(fits)
}

pub(super) fn decode_framed(input: Box<dyn Input>, limits: &Limits) -> Result<Box<dyn Input>> {
    Ok(Box::new(Decoded::new(input, Snappy { hadoop: false, left: 0, packed: Vec::new(), out: Pending::default() }, limits)))
}

pub(super) fn decode_hadoop(input: Box<dyn Input>, limits: &Limits) -> Result<Box<dyn Input>> {
    Ok(Box::new(Decoded::new(input, Snappy { hadoop: true, left: 0, packed: Vec::new(), out: Pending::default() }, limits)))
}

struct Snappy {
    hadoop: bool,
    /// How much of Hadoop's current block is still to come, unpacked.
    left: usize,
    packed: Vec<u8>,
    out: Pending,
}

fn corrupt(stored: &Stored) -> Error {
    Error::new(Reason::Corrupt, format!("broken snappy data at stored byte {}", stored.taken))
}

fn cut_off(stored: &Stored) -> Error {
    Error::new(Reason::Truncated, format!("the snappy stream ends inside a chunk, at stored byte {}", stored.taken))
}

impl Snappy {
    fn fetch(&mut self, n: usize, stored: &mut Stored) -> Result<()> {
        self.packed.clear();
        if stored.exactly(n, &mut self.packed)? { Ok(()) } else { Err(cut_off(stored)) }
    }

    fn unpack(&mut self, from: usize, most: usize, stored: &Stored) -> Result<()> {
        let packed = &self.packed[from..];
        let n = decompress_len(packed).ok().filter(|n| *n <= most).ok_or_else(|| corrupt(stored))?;
        self.out.bytes.resize(n, 0);
        if Decoder::new().decompress(packed, &mut self.out.bytes).is_err() {
            self.out.bytes.clear();
            return Err(corrupt(stored));
        }
        Ok(())
    }

    fn hadoop(&mut self, stored: &mut Stored) -> Result<bool> {
        let Some(first) = stored.byte()? else {
            return if self.left == 0 { Ok(false) } else { Err(cut_off(stored)) };
        };
        let [b, c, d] = stored.array()?.ok_or_else(|| cut_off(stored))?;
        let n = u32::from_be_bytes([first, b, c, d]) as usize;
        if n > HADOOP_BLOCK {
            return Err(corrupt(stored));
        }
        if self.left == 0 {
            self.left = n;
        } else {
            self.fetch(n, stored)?;
            self.unpack(0, self.left, stored)?;
            self.left -= self.out.bytes.len();
        }
        Ok(true)
    }

    fn framed(&mut self, stored: &mut Stored) -> Result<bool> {
        let Some(kind) = stored.byte()? else { return Ok(false) };
        let [a, b, c] = stored.array()?.ok_or_else(|| cut_off(stored))?;
        let n = u32::from_le_bytes([a, b, c, 0]) as usize;
        match kind {
            0 | 1 if !(4..=4 + FRAME_CHUNK + FRAME_CHUNK / 6 + 32).contains(&n) => return Err(corrupt(stored)),
            0 => {
                self.fetch(n, stored)?;
                self.unpack(4, FRAME_CHUNK, stored)?;
            }
            1 => {
                self.fetch(n, stored)?;
                self.out.bytes.extend_from_slice(&self.packed[4..]);
            }
            // The magic again, padding, what may be skipped.
            0x80..=0xff => self.fetch(n, stored)?,
            _ => return Err(corrupt(stored)),
        }
        Ok(true)
    }
}

impl Decode for Snappy {
    fn step(&mut self, stored: &mut Stored, out: &mut Vec<u8>) -> Result<bool> {
        if self.out.give(out) {
            return Ok(true);
        }
        if self.hadoop { self.hadoop(stored) } else { self.framed(stored) }
    }
}
