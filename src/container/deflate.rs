//! Deflate without any frame (RFC 1951), as zip and Avro hold it.

use flate2::{Decompress, FlushDecompress, Status};

use super::Limits;
use super::stream::{Decode, Decoded, Stored};
use crate::base::{Error, Input, Reason, Result};

pub(super) fn decode(input: Box<dyn Input>, limits: &Limits) -> Result<Box<dyn Input>> {
    Ok(Box::new(Decoded::new(input, Deflate { inflate: Decompress::new(false), ended: false }, limits)))
}

struct Deflate {
    inflate: Decompress,
    ended: bool,
}

impl Decode for Deflate {
    fn step(&mut self, stored: &mut Stored, out: &mut Vec<u8>) -> Result<bool> {
        if self.ended {
            return stored.behind_end("a deflate stream");
        }
        let (old_in, old_out) = (self.inflate.total_in(), out.len());
        let bytes = stored.bytes()?;
        let at_end = bytes.is_empty();
        let status = self.inflate.decompress_vec(bytes, out, FlushDecompress::None);
        let used = (self.inflate.total_in() - old_in) as usize;
        stored.take(used);
        match status {
            Ok(Status::StreamEnd) => self.ended = true,
            Ok(_) if used == 0 && out.len() == old_out => {
                let (reason, what) = if at_end {
                    (Reason::Truncated, "the deflate stream ends early")
                } else {
                    (Reason::Corrupt, "a deflate stream that stands still")
                };
                return Err(Error::new(reason, format!("{what}, at stored byte {}", stored.taken)));
            }
            Ok(_) => {}
            Err(_) => return Err(Error::new(Reason::Corrupt, format!("broken deflate data at stored byte {}", stored.taken))),
        }
        Ok(true)
    }
}
