//! bzip2: any number of streams one after the other, as parallel compressors write them.

use bzip2::{Decompress, Status};

use super::Limits;
use super::stream::{Decode, Decoded, Stored};
use crate::base::{Error, Input, Reason, Result};

/// Whether `head` starts a stream: magic, block size, and the magic of a block or of the end.
pub(super) fn matches(head: &[u8]) -> bool {
    matches!(
        head,
        [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, ..] | [b'B', b'Z', b'h', b'1'..=b'9', 0x17, 0x72, 0x45, 0x38, ..]
    )
}

pub(super) fn decode(input: Box<dyn Input>, limits: &Limits) -> Result<Box<dyn Input>> {
    Ok(Box::new(Decoded::new(input, Bzip2 { decoder: Decompress::new(false), fresh: true, streams: 0 }, limits)))
}

struct Bzip2 {
    decoder: Decompress,
    /// Whether nothing of the current stream was read yet.
    fresh: bool,
    streams: u64,
}

impl Decode for Bzip2 {
    fn step(&mut self, stored: &mut Stored, out: &mut Vec<u8>) -> Result<bool> {
        let bytes = stored.bytes()?;
        let at_end = bytes.is_empty();
        if at_end && self.fresh && self.streams > 0 {
            return Ok(false);
        }
        let (old_in, old_out) = (self.decoder.total_in(), out.len());
        let status = self.decoder.decompress_vec(bytes, out);
        let used = (self.decoder.total_in() - old_in) as usize;
        stored.take(used);
        self.fresh &= used == 0;
        match status {
            Ok(Status::StreamEnd) => {
                self.streams += 1;
                (self.decoder, self.fresh) = (Decompress::new(false), true);
            }
            Ok(Status::MemNeeded) => return Err(Error::new(Reason::MemoryLimit, "no memory for a bzip2 block")),
            Ok(_) if used == 0 && out.len() == old_out => {
                let (reason, what) = if at_end {
                    (Reason::Truncated, "the bzip2 stream ends early")
                } else {
                    (Reason::Corrupt, "a bzip2 stream that stands still")
                };
                return Err(Error::new(reason, format!("{what}, at stored byte {}", stored.taken)));
            }
            Ok(_) => {}
            Err(_) => return Err(Error::new(Reason::Corrupt, format!("broken bzip2 data at stored byte {}", stored.taken))),
        }
        Ok(true)
    }
}
