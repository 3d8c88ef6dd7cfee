//! A member whose length, or length and CRC-32, the archive tells.

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

/// The first bytes of a stream, and an error where there are not so many.
pub(super) struct Bounded {
    pub inner: Box<dyn Input>,
    /// How many are still to come.
    pub left: u64,
}

impl Input for Bounded {
    fn next_chunk(&mut self) -> Result<Bytes> {
        if self.left == 0 {
            return Ok(Bytes::new());
        }
        let mut chunk = self.inner.next_chunk()?;
        if chunk.is_empty() {
            self.left = 0;
            return Err(Error::new(Reason::Truncated, "a stream of an archive gives less than the archive says"));
        }
        chunk.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
        self.left -= chunk.len() as u64;
        Ok(chunk)
    }
}
