//! Deflate64: deflate with a window of 64 KiB, as Windows packs what is larger than 2 GiB into zip.

use deflate64::InflaterManaged;

use super::Limits;
use super::stream::{Decode, Decoded, Stored};
use crate::base::{Error, Input, Reason, Result};

/// How many bytes are asked for at a time.
const PIECE: usize = 16 << 10;

pub(super) fn decode(input: Box<dyn Input>, limits: &Limits) -> Result<Box<dyn Input>> {
    Ok(Box::new(Decoded::new(input, Deflate64 { inflate: Box::new(InflaterManaged::new()), broken: false }, limits)))
}

struct Deflate64 {
    inflate: Box<InflaterManaged>,
    /// Whether the data are: what was decoded before still lies in the window, and is given first.
    broken: bool,
}

impl Decode for Deflate64 {
    fn step(&mut self, stored: &mut Stored, out: &mut Vec<u8>) -> Result<bool> {
        if !self.broken && self.inflate.finished() {
            return stored.behind_end("a deflate64 stream");
        }
        let bytes = if self.broken { &[] } else { stored.bytes()? };
        let (at_end, was_broken) = (bytes.is_empty(), self.broken);
        let old = out.len();
        out.resize(old + PIECE.min(out.capacity() - old), 0);
        let done = self.inflate.inflate(bytes, &mut out[old..]);
        out.truncate(old + done.bytes_written);
        stored.take(done.bytes_consumed);
        self.broken |= done.data_error;
        if self.broken && (done.bytes_written > 0 || !was_broken) {
            return Ok(true);
        }
        let still = done.bytes_written == 0 && done.bytes_consumed == 0 && !self.inflate.finished();
        let (reason, what) = match (self.broken, still && at_end, still) {
            (true, ..) => (Reason::Corrupt, "broken deflate64 data"),
            (_, true, _) => (Reason::Truncated, "the deflate64 stream ends early"),
            (.., true) => (Reason::Corrupt, "a deflate64 stream that stands still"),
            _ => return Ok(true),
        };
        Err(Error::new(reason, format!("{what}, at stored byte {}", stored.taken)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::MemoryInput;

    /// A block of usual codes: so many `a`, then a code that stands for nothing.
    fn damaged(n: usize) -> Vec<u8> {
        // The last block, of the kind 1.
        let mut bits = vec![true, true, false];
        let mut code = |value: u32| bits.extend((0..8).rev().map(|i| value >> i & 1 == 1));
        (0..n).for_each(|_| code(0x30 + u32::from(b'a')));
        code(0b1100_0111);
        bits.resize(bits.len() + 200, false);
        bits.chunks(8).map(|c| c.iter().enumerate().fold(0, |b, (i, bit)| b | u8::from(*bit) << i)).collect()
    }

    #[test]
    fn what_comes_before_damage_is_given() {
        for n in [0, 1, 500, 100_000] {
            let mut input = decode(Box::new(MemoryInput::new(damaged(n))), &Limits::default()).unwrap();
            let mut out = Vec::new();
            let why = loop {
                match input.next_chunk() {
                    Ok(c) => {
                        assert!(!c.is_empty(), "{n}: no error");
                        out.extend_from_slice(&c);
                    }
                    Err(e) => break e.reason,
                }
            };
            assert_eq!((out.len(), out.iter().all(|b| *b == b'a'), why), (n, true, Reason::Corrupt));
        }
    }
}
