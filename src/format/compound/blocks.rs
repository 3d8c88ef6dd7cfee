//! Random access to records of a few bytes, which are not asked for one by one where they lie far away.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use crate::base::{ReadAt, Result};

/// What was read last, in blocks.
pub(super) struct Blocks {
    inner: Arc<dyn ReadAt>,
    held: Mutex<VecDeque<(u64, Bytes)>>,
}

/// Bytes of a block, and how many blocks are held.
const BLOCK: u64 = 64 << 10;
const BLOCKS: usize = 32;

impl Blocks {
    pub fn new(inner: Arc<dyn ReadAt>) -> Blocks {
        Blocks { inner, held: Mutex::default() }
    }
}

impl ReadAt for Blocks {
    fn read_at(&self, offset: u64, len: usize) -> Result<Bytes> {
        let block = offset / BLOCK;
        if len as u64 >= BLOCK || (offset + len as u64).div_ceil(BLOCK) > block + 1 {
            return self.inner.read_at(offset, len);
        }
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = match held.iter().find(|(b, _)| *b == block) {
            Some((_, bytes)) => bytes.clone(),
            None => {
                let start = block * BLOCK;
                let bytes = self.inner.read_at(start, self.inner.len().saturating_sub(start).min(BLOCK) as usize)?;
                held.push_front((block, bytes.clone()));
                held.truncate(BLOCKS);
                bytes
            }
        };
        bytes.read_at(offset % BLOCK, len)
    }

    fn len(&self) -> u64 {
        self.inner.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_the_same_wherever_blocks_begin() {
        let all: Vec<u8> = (0..BLOCK * 40 + 7).map(|i| ((i * 31) >> 3) as u8).collect();
        let blocks = Blocks::new(Arc::new(Bytes::from(all.clone())));
        let mut random = crate::base::Random::new(1);
        for most in [10, 70_000, 200_000] {
            for _ in 0..300 {
                let at = random.below(all.len() as u64) as usize;
                let len = (random.below(most) as usize).min(all.len() - at);
                assert_eq!(&blocks.read_at(at as u64, len).unwrap()[..], &all[at..at + len]);
            }
        }
        assert!(blocks.read_at(all.len() as u64 - 3, 4).is_err() && blocks.read_at(u64::MAX - 1, 1).is_err());
    }
}
