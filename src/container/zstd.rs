//! Zstandard (RFC 8878): any number of frames one after the other, skippable frames among them.

use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation, OutBuffer};

use super::Limits;
use super::stream::{Decode, Decoded, Stored};
use crate::base::{Error, Input, Reason, Result};

/// The largest window that is decoded: 128 MiB, what `zstd --long` writes. A frame may ask for 2 GiB.
const WINDOW_LOG: u32 = 27;

/// Whether `head` starts a frame, or a skippable one.
pub(super) fn matches(head: &[u8]) -> bool {
    matches!(head, [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

pub(super) fn decode(input: Box<dyn Input>, limits: &Limits) -> Result<Box<dyn Input>> {
    let mut decoder = Decoder::new()?;
    decoder.set_parameter(DParameter::WindowLogMax(WINDOW_LOG))?;
    Ok(Box::new(Decoded::new(input, Zstd { decoder, inside: false }, limits)))
}

struct Zstd {
    decoder: Decoder<'static>,
    /// Whether a frame was begun and not finished.
    inside: bool,
}

impl Decode for Zstd {
    fn step(&mut self, stored: &mut Stored, out: &mut Vec<u8>) -> Result<bool> {
        let bytes = stored.bytes()?;
        let at_end = bytes.is_empty();
        if at_end && !self.inside {
            return Ok(false);
        }
        let old_out = out.len();
        let mut from = InBuffer::around(bytes);
        let result = {
            let mut to = OutBuffer::around_pos(out, old_out);
            self.decoder.run(&mut from, &mut to)
        };
        let used = from.pos();
        stored.take(used);
        match result {
            Ok(left) => {
                self.inside = left != 0;
                if used == 0 && out.len() == old_out && self.inside {
                    let (reason, what) = if at_end {
                        (Reason::Truncated, "the zstd stream ends inside a frame,")
                    } else {
                        (Reason::Corrupt, "a zstd stream that stands still")
                    };
                    return Err(Error::new(reason, format!("{what} at stored byte {}", stored.taken)));
                }
                Ok(true)
            }
            // The library's messages name kinds of errors only, but its kind is all that is needed.
            Err(e) if e.to_string().contains("memory") => {
                Err(Error::new(Reason::MemoryLimit, format!("a zstd window of more than {} MiB", 1u32 << (WINDOW_LOG - 20))))
            }
            Err(_) => Err(Error::new(Reason::Corrupt, format!("broken zstd data at stored byte {}", stored.taken))),
        }
    }
}
