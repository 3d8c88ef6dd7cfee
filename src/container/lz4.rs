//! The lz4 frame format, and the older one of the Linux kernel and `lz4 -l`; skippable frames among them.
//!
//! Check sums are not compared: what they would say is said by the reader of what comes out.

use lz4_flex::block::decompress_into_with_dict;

use super::Limits;
use super::stream::{Decode, Decoded, Pending, Stored};
use crate::base::{Error, Input, Reason, Result};

const FRAME: [u8; 4] = [0x04, 0x22, 0x4d, 0x18];
const LEGACY: [u8; 4] = [0x02, 0x21, 0x4c, 0x18];
const LEGACY_BLOCK: usize = 8 << 20;
/// How far back a block may refer to those before it.
const WINDOW: usize = 64 << 10;

pub(super) fn matches(head: &[u8]) -> bool {
    // Version 01 of the frame, no reserved bit.
    head.starts_with(&LEGACY) || head.starts_with(&FRAME) && head.get(4).is_some_and(|f| f & 0xc2 == 0x40)
}

pub(super) fn decode(input: Box<dyn Input>, limits: &Limits) -> Result<Box<dyn Input>> {
    let lz4 = Lz4 { at: At::Start, frames: 0, stored_block: Vec::new(), window: Vec::new(), out: Pending::default() };
    Ok(Box::new(Decoded::new(input, lz4, limits)))
}

enum At {
    Start,
    Blocks { most: usize, block_sum: bool, content_sum: bool },
    Legacy,
}

struct Lz4 {
    at: At,
    frames: u64,
    stored_block: Vec<u8>,
    /// What was decoded last, as far back as blocks refer.
    window: Vec<u8>,
    out: Pending,
}

fn corrupt(stored: &Stored) -> Error {
    Error::new(Reason::Corrupt, format!("broken lz4 data at stored byte {}", stored.taken))
}

fn cut_off(stored: &Stored) -> Error {
    Error::new(Reason::Truncated, format!("the lz4 stream ends inside a frame, at stored byte {}", stored.taken))
}

fn need<const N: usize>(stored: &mut Stored) -> Result<[u8; N]> {
    match stored.array()? {
        Some(a) => Ok(a),
        None => Err(cut_off(stored)),
    }
}

impl Lz4 {
    fn header(&mut self, magic: [u8; 4], stored: &mut Stored) -> Result<()> {
        self.window.clear();
        match magic {
            FRAME => {}
            LEGACY => {
                self.at = At::Legacy;
                return Ok(());
            }
            [0x50..=0x5f, 0x2a, 0x4d, 0x18] => {
                for _ in 0..u32::from_le_bytes(need(stored)?) {
                    let [_] = need(stored)?;
                }
                return Ok(());
            }
            _ => return Err(corrupt(stored)),
        }
        let [flags, sizes] = need(stored)?;
        if flags & 0xc2 != 0x40 {
            return Err(corrupt(stored));
        }
        if flags & 8 != 0 {
            let [..] = need::<8>(stored)?;
        }
        if flags & 1 != 0 {
            return Err(Error::new(Reason::UnsupportedFormat, "lz4 with a dictionary of its own"));
        }
        let [_sum] = need(stored)?;
        let most = match (sizes >> 4) & 7 {
            n @ 4..=7 => 1usize << (8 + 2 * n),
            _ => return Err(corrupt(stored)),
        };
        self.at = At::Blocks { most, block_sum: flags & 16 != 0, content_sum: flags & 4 != 0 };
        Ok(())
    }

    fn block(&mut self, len: usize, most: usize, packed: bool, stored: &mut Stored) -> Result<()> {
        self.stored_block.clear();
        let whole = stored.exactly(len, &mut self.stored_block)?;
        if !whole {
            return Err(cut_off(stored));
        }
        if packed {
            self.out.bytes.resize(most, 0);
            match decompress_into_with_dict(&self.stored_block, &mut self.out.bytes, &self.window) {
                Ok(n) => self.out.bytes.truncate(n),
                Err(_) => {
                    self.out.bytes.clear();
                    return Err(corrupt(stored));
                }
            }
        } else {
            self.out.bytes.extend_from_slice(&self.stored_block);
        }
        let last = &self.out.bytes[self.out.bytes.len().saturating_sub(WINDOW)..];
        self.window.extend_from_slice(last);
        let old = self.window.len().saturating_sub(WINDOW);
        self.window.drain(..old);
        Ok(())
    }
}

impl Decode for Lz4 {
    fn step(&mut self, stored: &mut Stored, out: &mut Vec<u8>) -> Result<bool> {
        if self.out.give(out) {
            return Ok(true);
        }
        match self.at {
            At::Start => {
                let Some(first) = stored.byte()? else {
                    return if self.frames > 0 { Ok(false) } else { Err(cut_off(stored)) };
                };
                let [b, c, d] = need(stored)?;
                self.frames += 1;
                self.header([first, b, c, d], stored)?;
            }
            At::Blocks { most, block_sum, content_sum } => {
                let word = u32::from_le_bytes(need(stored)?);
                let len = (word & 0x7fff_ffff) as usize;
                if word == 0 {
                    if content_sum {
                        let [..] = need::<4>(stored)?;
                    }
                    self.at = At::Start;
                    return Ok(true);
                }
                if len > most {
                    return Err(corrupt(stored));
                }
                self.block(len, most, word >> 31 == 0, stored)?;
                if block_sum {
                    let [..] = need::<4>(stored)?;
                }
            }
            At::Legacy => {
                let Some(first) = stored.byte()? else { return Ok(false) };
                let [b, c, d] = need(stored)?;
                let word = [first, b, c, d];
                let len = u32::from_le_bytes(word) as usize;
                if len > LEGACY_BLOCK + LEGACY_BLOCK / 128 {
                    // No block is so long: another frame begins.
                    return self.header(word, stored).map(|()| true);
                }
                self.window.clear();
                self.block(len, LEGACY_BLOCK, true, stored)?;
            }
        }
        Ok(true)
    }
}
