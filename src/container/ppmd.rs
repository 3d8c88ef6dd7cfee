//! PPMd, for archives of text: variant H with the range coder of 7z, and variant I of zip.

use std::collections::VecDeque;
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};

use ppmd_rust::{Ppmd7Decoder, Ppmd8Decoder, RestoreMethod};

use super::Limits;
use super::stream::{Decode, Decoded, Resumed, Stored};
use crate::base::{Error, Input, Reason, Result};

/// The largest model that is believed; the strongest setting asks for 192 MiB, a header could ask for 4 GiB.
const MEMORY: u32 = 256 << 20;
/// The decoder cannot go on where it lacked a byte: it is only run with so many at hand, and for so few symbols that
/// these are enough, whatever they are.
const AHEAD: usize = 64 << 10;
const SYMBOLS: usize = 64;

/// The PPMd of 7z: order and memory stand in the directory.
pub(super) fn decode_in_7z(input: Box<dyn Input>, properties: &[u8], limits: &Limits) -> Result<Box<dyn Input>> {
    let &[order, a, b, c, d] = properties else { return Err(corrupt("broken properties of PPMd")) };
    let memory = u32::from_le_bytes([a, b, c, d]);
    if memory > MEMORY {
        return Err(Error::new(Reason::MemoryLimit, format!("a model of PPMd of more than {} MiB", MEMORY >> 20)));
    }
    let order = u32::from(order);
    let make: Make = Box::new(move |held| Ok(Box::new(Ppmd7Decoder::new(held, order, memory)?)));
    Ok(Box::new(Decoded::new(input, Model { held: Held::default(), made: Err(make) }, limits)))
}

/// The PPMd of zip: order, memory and what is done when that is full stand in the first two bytes.
pub(super) fn decode_in_zip(input: Box<dyn Input>, limits: &Limits) -> Result<Box<dyn Input>> {
    let (head, input) = Resumed::behind(input, 2)?.ok_or_else(|| Error::new(Reason::Truncated, "a stream of PPMd without its header"))?;
    let head = u16::from_le_bytes([head[0], head[1]]);
    // All memory that can be asked for here is below the limit: at most 256 MiB.
    let (order, memory) = (u32::from(head & 15) + 1, (u32::from(head >> 4 & 255) + 1) << 20);
    let full = match head >> 12 {
        0 => RestoreMethod::Restart,
        1 => RestoreMethod::CutOff,
        n => return Err(Error::new(Reason::UnsupportedFormat, format!("PPMd whose model is restored by method {n}"))),
    };
    let make: Make = Box::new(move |held| Ok(Box::new(Ppmd8Decoder::new(held, order, memory, full)?)));
    Ok(Box::new(Decoded::new(input, Model { held: Held::default(), made: Err(make) }, limits)))
}

fn corrupt(what: &str) -> Error {
    Error::new(Reason::Corrupt, what)
}

fn truncated() -> Error {
    Error::new(Reason::Truncated, "the stream of PPMd ends early")
}

/// Stored bytes at hand, read by the decoder and filled by us.
#[derive(Clone, Default)]
struct Held(Arc<Mutex<Queue>>);

#[derive(Default)]
struct Queue {
    bytes: VecDeque<u8>,
    /// Whether the decoder wanted a byte where there was none.
    starved: bool,
}

impl Held {
    fn with<T>(&self, f: impl FnOnce(&mut Queue) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Read for Held {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        self.with(|held| {
            held.starved |= held.bytes.is_empty() && !buf.is_empty();
            held.bytes.read(buf)
        })
    }
}

type Make = Box<dyn FnOnce(Held) -> ppmd_rust::Result<Box<dyn Read + Send>> + Send>;

struct Model {
    held: Held,
    /// The decoder, or how it is made when the first bytes are at hand.
    made: std::result::Result<Box<dyn Read + Send>, Make>,
}

impl Model {
    /// The error of a decoder that does not go on: the crate takes missing bytes for an end.
    fn error(&self) -> Error {
        if self.held.with(|h| h.starved) { truncated() } else { corrupt("a broken stream of PPMd") }
    }
}

impl Decode for Model {
    fn step(&mut self, stored: &mut Stored, out: &mut Vec<u8>) -> Result<bool> {
        while self.held.with(|h| h.bytes.len()) < AHEAD {
            let bytes = stored.bytes()?;
            if bytes.is_empty() {
                break;
            }
            let n = bytes.len().min(AHEAD);
            self.held.with(|h| h.bytes.extend(&bytes[..n]));
            stored.take(n);
        }
        if let Err(make) = &mut self.made {
            let make = std::mem::replace(make, Box::new(|_| Ok(Box::new(std::io::empty()))));
            self.made = Ok(make(self.held.clone()).map_err(|_| self.error())?);
        }
        for _ in 0..SYMBOLS.min(out.capacity() - out.len()) {
            let Ok(decoder) = &mut self.made else { return Err(corrupt("a broken stream of PPMd")) };
            // One at a time: of several, those before an error would be lost.
            let mut symbol = [0];
            match decoder.read(&mut symbol) {
                Ok(1) => out.push(symbol[0]),
                Ok(_) if !self.held.with(|h| h.starved) => return Ok(false),
                _ => return Err(self.error()),
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use ppmd_rust::Ppmd8Encoder;

    use super::*;
    use crate::base::MemoryInput;

    fn packed(data: &[u8], mark: bool) -> Vec<u8> {
        let mut e = Ppmd8Encoder::new(Vec::new(), 6, 1 << 20, RestoreMethod::Restart).unwrap();
        e.write_all(data).unwrap();
        // Order 6, 1 MiB.
        [vec![5, 0], e.finish(mark).unwrap()].concat()
    }

    fn unpacked(stored: &[u8]) -> (Vec<u8>, Option<Reason>) {
        let mut out = Vec::new();
        let mut input = match decode_in_zip(Box::new(MemoryInput::with_chunk(stored.to_vec(), 50)), &Limits::default()) {
            Ok(i) => i,
            Err(e) => return (out, Some(e.reason)),
        };
        loop {
            match input.next_chunk() {
                Ok(c) if c.is_empty() => return (out, None),
                Ok(c) => out.extend_from_slice(&c),
                Err(e) => return (out, Some(e.reason)),
            }
        }
    }

    #[test]
    fn the_end_is_where_the_stream_says() {
        let data: Vec<u8> = (0..3000).flat_map(|n| format!("{n},jane{}@x.com\n", n * 7919 % 1000).into_bytes()).collect();
        let marked = packed(&data, true);
        assert_eq!(unpacked(&marked), (data.clone(), None));
        assert_eq!(unpacked(&[&marked[..], b"PK\x07\x08 and more"].concat()), (data.clone(), None));
        // Without its mark it ends too early, wherever it ends; all that was decoded is given.
        let bare = packed(&data, false);
        for cut in [2, 3, 6, 100, 101, bare.len() / 2, bare.len() - 30, bare.len()] {
            let (given, why) = unpacked(&bare[..cut]);
            assert_eq!(why, Some(Reason::Truncated), "{cut}");
            assert!(cut == bare.len() || data.starts_with(&given), "{cut}");
            assert!(given.len() >= cut.saturating_sub(30), "{cut}: {}", given.len());
        }
        // Damage that the model notices: what came before it is kept.
        let hurt = |at: usize| unpacked(&[&marked[..at], &[0xff; 64], &marked[at + 64..]].concat());
        let half = hurt(marked.len() / 2);
        let same = half.0.iter().zip(&data).take_while(|(a, b)| a == b).count();
        assert!(same >= marked.len() / 2 - 30 && half.1.is_some(), "{same} of {}, {:?}", data.len(), half.1);
    }
}
