//! Random access through a few cached blocks.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use bytes::{Bytes, BytesMut};
use tokio::task::JoinHandle;

use super::super::runtime;
use super::{Ranged, fetch};
use crate::base::{Error, ReadAt, Reason, Result};

/// The block of random access, and the first range of a stream. Small, because many objects are only looked at: a Parquet file is
/// recognised by its first bytes and then read from its end.
pub(super) const BLOCK: u64 = 1 << 20;
/// Blocks kept per object.
const BLOCKS: usize = 8;

/// Random access. Blocks are counted from the end of the object, so that the last one, where footers and directories
/// lie, is whole.
pub(super) struct Blocks<T> {
    target: Arc<T>,
    range: u64,
    /// By end of the block; the least recently used first.
    cache: Mutex<VecDeque<(u64, Bytes)>>,
}

impl<T: Ranged> Blocks<T> {
    /// Nothing is fetched yet; long pieces come in ranges of `range` bytes.
    pub fn new(target: Arc<T>, range: u64) -> Blocks<T> {
        Blocks { target, range, cache: Mutex::new(VecDeque::new()) }
    }

    fn cached(&self, end: u64) -> Option<Bytes> {
        let mut cache = self.cache.lock().unwrap_or_else(|e| e.into_inner());
        let found = cache.iter().position(|(e, _)| *e == end).and_then(|i| cache.remove(i))?;
        cache.push_back(found.clone());
        Some(found.1)
    }

    /// The block that holds the byte at `at`.
    fn block(&self, at: u64) -> Result<(Range<u64>, Bytes)> {
        let end = self.target.size() - (self.target.size() - 1 - at) / BLOCK * BLOCK;
        let range = end.saturating_sub(BLOCK)..end;
        if let Some(bytes) = self.cached(end) {
            return Ok((range, bytes));
        }
        let bytes = runtime::shared()?.block_on(fetch(&*self.target, range.clone()))?;
        let mut cache = self.cache.lock().unwrap_or_else(|e| e.into_inner());
        if cache.len() >= BLOCKS {
            cache.pop_front();
        }
        cache.push_back((end, bytes.clone()));
        Ok((range, bytes))
    }

    /// A long piece: ranges side by side, past the cache.
    fn long(&self, all: Range<u64>) -> Result<Bytes> {
        let runtime = runtime::shared()?;
        let mut out = BytesMut::with_capacity((all.end - all.start) as usize);
        let mut tasks = VecDeque::new();
        let mut asked = all.start;
        loop {
            while tasks.len() < self.target.options().in_flight.max(1) && asked < all.end {
                let next = asked..all.end.min(asked + self.range);
                asked = next.end;
                let target = self.target.clone();
                tasks.push_back(runtime.spawn(async move { fetch(&*target, next).await }));
            }
            let Some(task) = tasks.pop_front() else { return Ok(out.freeze()) };
            match runtime.block_on(task).unwrap_or_else(|_| Err(Error::new(Reason::Io, "a fetching task was stopped"))) {
                Ok(bytes) => out.extend_from_slice(&bytes),
                Err(e) => {
                    tasks.iter().for_each(JoinHandle::abort);
                    return Err(e);
                }
            }
        }
    }
}

impl<T: Ranged> ReadAt for Blocks<T> {
    fn read_at(&self, offset: u64, len: usize) -> Result<Bytes> {
        let end = offset.checked_add(len as u64).filter(|e| *e <= self.target.size()).ok_or_else(|| beyond(offset, len))?;
        if len == 0 {
            return Ok(Bytes::new());
        }
        if len as u64 > 2 * BLOCK {
            return self.long(offset..end);
        }
        let mut out = BytesMut::new();
        let mut at = offset;
        loop {
            let (range, bytes) = self.block(at)?;
            let piece = bytes.slice((at - range.start) as usize..(end.min(range.end) - range.start) as usize);
            at = end.min(range.end);
            if at == end && out.is_empty() {
                return Ok(piece);
            }
            out.extend_from_slice(&piece);
            if at == end {
                return Ok(out.freeze());
            }
        }
    }

    fn len(&self) -> u64 {
        self.target.size()
    }
}

/// The error for bytes beyond the end.
fn beyond(offset: u64, len: usize) -> Error {
    Error::new(Reason::Truncated, format!("bytes {offset}..+{len} lie beyond the end"))
}
