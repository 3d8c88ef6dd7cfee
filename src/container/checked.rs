//! A member whose length and CRC-32 the archive tells.

use bytes::Bytes;
use flate2::Crc;

use crate::base::{Error, Input, ReadAt, Reason, Result};

/// Compares when the member has been read to its end.
pub(super) struct Checked {
    pub inner: Box<dyn Input>,
    pub crc: Crc,
    /// Length and sum.
    pub want: (u64, u32),
    pub given: u64,
    pub ended: bool,
}

impl Input for Checked {
    fn next_chunk(&mut self) -> Result<Bytes> {
        if self.ended {
            return Ok(Bytes::new());
        }
        let chunk = self.inner.next_chunk()?;
        self.crc.update(&chunk);
        self.given += chunk.len() as u64;
        if chunk.is_empty() {
            self.ended = true;
            if (self.given, self.crc.sum()) != self.want {
                return Err(Error::new(Reason::Corrupt, "the member's length or check sum is not what the archive says"));
            }
        }
        Ok(chunk)
    }

    fn len(&self) -> Option<u64> {
        self.inner.len()
    }

    fn random_access(&self) -> Option<std::sync::Arc<dyn ReadAt>> {
        self.inner.random_access()
    }
}
