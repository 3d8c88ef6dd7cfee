//! A stream over ranges fetched ahead, and random access through a few cached blocks.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use bytes::{Bytes, BytesMut};
use tokio::task::JoinHandle;

use super::super::runtime;
use super::{Ranged, fetch};
use crate::base::{Error, Input, ReadAt, Reason, Result};

/// The first range, and the block of random access. Small, because many objects are only looked at: a Parquet file is
/// recognised by its first bytes and then read from its end.
const BLOCK: u64 = 1 << 20;
/// Blocks kept per object.
const BLOCKS: usize = 8;

/// Fetches the first bytes, so that an object that cannot be read fails here.
pub(in crate::source) fn open<T: Ranged>(target: Arc<T>) -> Result<Stream<T>> {
    let range = target.options().range_bytes.max(1) as u64;
    let first = 0..target.size().min(BLOCK.min(range));
    let head = runtime::shared()?.block_on(fetch(&*target, first.clone()))?;
    Ok(Stream { asked: first.end, target, range, head: Some(head), ahead: VecDeque::new(), done: false })
}

/// The object from its first byte to its last.
pub(in crate::source) struct Stream<T> {
    target: Arc<T>,
    range: u64,
    /// Fetched by `open`, not yet given out.
    head: Option<Bytes>,
    /// Ranges on their way, in order. Nothing is fetched ahead before the head was taken.
    ahead: VecDeque<JoinHandle<Result<Bytes>>>,
    /// End of the last range asked for.
    asked: u64,
    done: bool,
}

impl<T: Ranged> Stream<T> {
    fn chunk(&mut self) -> Result<Bytes> {
        if let Some(head) = self.head.take().filter(|h| !h.is_empty()) {
            return Ok(head);
        }
        let runtime = runtime::shared()?;
        // The range being handed out counts, so that no more than `in_flight` are held at once.
        while self.ahead.len() < self.target.options().in_flight.max(1) && self.asked < self.target.size() {
            let next = self.asked..self.target.size().min(self.asked + self.range);
            self.asked = next.end;
            let target = self.target.clone();
            self.ahead.push_back(runtime.spawn(async move { fetch(&*target, next).await }));
        }
        match self.ahead.pop_front() {
            None => Ok(Bytes::new()),
            Some(task) => runtime.block_on(task).unwrap_or_else(|_| Err(Error::new(Reason::Io, "a fetching task was stopped"))),
        }
    }
}

impl<T: Ranged> Input for Stream<T> {
    fn next_chunk(&mut self) -> Result<Bytes> {
        if self.done {
            return Ok(Bytes::new());
        }
        let got = self.chunk();
        self.done = !matches!(&got, Ok(b) if !b.is_empty());
        got
    }

    fn len(&self) -> Option<u64> {
        Some(self.target.size())
    }

    fn random_access(&self) -> Option<Arc<dyn ReadAt>> {
        Some(Arc::new(Blocks { target: self.target.clone(), range: self.range, cache: Mutex::new(VecDeque::new()) }))
    }
}

impl<T> Drop for Stream<T> {
    fn drop(&mut self) {
        self.ahead.iter().for_each(JoinHandle::abort);
    }
}

/// Random access. Blocks are counted from the end of the object, so that the last one, where footers and directories
/// lie, is whole.
struct Blocks<T> {
    target: Arc<T>,
    range: u64,
    /// By end of the block; the least recently used first.
    cache: Mutex<VecDeque<(u64, Bytes)>>,
}

impl<T: Ranged> Blocks<T> {
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
