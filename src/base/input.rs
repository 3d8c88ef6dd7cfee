//! How bytes reach containers and formats, wherever they lie.

use std::sync::Arc;

use bytes::Bytes;

use super::{Error, Reason, Result};

/// A stream of bytes, with random access where the storage offers it.
///
/// Sources give it, containers take one and give another, formats take it. An error ends the stream, but the chunks
/// before it are good: readers use them and report the error after that.
pub trait Input: Send {
    /// The next bytes, of any length; empty means the end, and stays empty.
    fn next_chunk(&mut self) -> Result<Bytes>;

    /// The whole length in bytes, where it is known before reading.
    fn len(&self) -> Option<u64> {
        None
    }

    /// Whether the length is known to be zero.
    fn is_empty(&self) -> bool {
        self.len() == Some(0)
    }

    /// Random access to the same bytes, independent of how far the stream has been read.
    fn random_access(&self) -> Option<Arc<dyn ReadAt>> {
        None
    }
}

/// All bytes of an input that is small enough to be held.
///
/// # Errors
/// What reading says, and `memory_limit` once there are more than `most` bytes: "`what` of more than N MiB".
pub fn whole(input: &mut dyn Input, most: u64, what: &str) -> Result<Vec<u8>> {
    let mut all = Vec::new();
    loop {
        let chunk = input.next_chunk()?;
        if chunk.is_empty() {
            return Ok(all);
        }
        if (all.len() + chunk.len()) as u64 > most {
            return Err(Error::new(Reason::MemoryLimit, format!("{what} of more than {} MiB", most >> 20)));
        }
        all.extend_from_slice(&chunk);
    }
}

/// Random access to bytes of a known length.
pub trait ReadAt: Send + Sync {
    /// Exactly the bytes `[offset, offset + len)`; an error of reason `truncated` where they reach beyond the end.
    fn read_at(&self, offset: u64, len: usize) -> Result<Bytes>;

    /// The length in bytes.
    fn len(&self) -> u64;

    /// Whether the length is zero.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Bytes that lie in memory.
#[derive(Clone, Debug)]
pub struct MemoryInput {
    data: Bytes,
    read: usize,
    chunk: usize,
}

impl MemoryInput {
    /// An input over `data`, handed out in chunks of at most 64 KiB.
    pub fn new(data: impl Into<Bytes>) -> MemoryInput {
        MemoryInput { data: data.into(), read: 0, chunk: 64 << 10 }
    }

    /// The same in chunks of at most `chunk` bytes (at least 1): tests use it to show that chunking does not matter.
    pub fn with_chunk(data: impl Into<Bytes>, chunk: usize) -> MemoryInput {
        MemoryInput { chunk: chunk.max(1), ..MemoryInput::new(data) }
    }
}

impl Input for MemoryInput {
    fn next_chunk(&mut self) -> Result<Bytes> {
        let end = self.data.len().min(self.read + self.chunk);
        let out = self.data.slice(self.read..end);
        self.read = end;
        Ok(out)
    }

    fn len(&self) -> Option<u64> {
        Some(self.data.len() as u64)
    }

    fn random_access(&self) -> Option<Arc<dyn ReadAt>> {
        Some(Arc::new(self.data.clone()))
    }
}

impl ReadAt for Bytes {
    fn read_at(&self, offset: u64, len: usize) -> Result<Bytes> {
        let start = usize::try_from(offset).ok().filter(|s| s.checked_add(len).is_some_and(|e| e <= Bytes::len(self)));
        match start {
            Some(s) => Ok(self.slice(s..s + len)),
            None => Err(Error::new(Reason::Truncated, format!("bytes {offset}..+{len} lie beyond the end"))),
        }
    }

    fn len(&self) -> u64 {
        Bytes::len(self) as u64
    }
}

/// An input whose first bytes can be looked at before they are read.
pub struct PeekInput {
    inner: Box<dyn Input>,
    head: Vec<u8>,
    /// An error met while peeking; given to the reader after the bytes before it.
    failed: Option<Error>,
    ended: bool,
}

impl PeekInput {
    /// Wraps an input that has not been read yet (random access must agree with the stream).
    pub fn new(inner: Box<dyn Input>) -> PeekInput {
        PeekInput { inner, head: Vec::new(), failed: None, ended: false }
    }

    /// The first `want` bytes, fewer only if the stream ends or breaks before. Call before the first `next_chunk`.
    pub fn peek(&mut self, want: usize) -> &[u8] {
        while self.head.len() < want && !self.ended && self.failed.is_none() {
            match self.inner.next_chunk() {
                Ok(c) if c.is_empty() => self.ended = true,
                Ok(c) => self.head.extend_from_slice(&c),
                Err(e) => self.failed = Some(e),
            }
        }
        &self.head[..self.head.len().min(want)]
    }

    /// Whether all bytes of the stream have been peeked at (so that `peek` showed the whole of it).
    pub fn is_whole(&self) -> bool {
        self.ended
    }
}

impl Input for PeekInput {
    fn next_chunk(&mut self) -> Result<Bytes> {
        if !self.head.is_empty() {
            return Ok(Bytes::from(std::mem::take(&mut self.head)));
        }
        if let Some(e) = self.failed.take() {
            self.ended = true;
            return Err(e);
        }
        if self.ended { Ok(Bytes::new()) } else { self.inner.next_chunk() }
    }

    fn len(&self) -> Option<u64> {
        self.inner.len()
    }

    fn random_access(&self) -> Option<Arc<dyn ReadAt>> {
        self.inner.random_access()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(i: &mut dyn Input) -> Vec<u8> {
        let mut all = Vec::new();
        loop {
            let c = i.next_chunk().unwrap();
            if c.is_empty() {
                return all;
            }
            all.extend_from_slice(&c);
        }
    }

    #[test]
    fn peeking_loses_nothing() {
        for want in [0, 1, 5, 10, 99] {
            let mut p = PeekInput::new(Box::new(MemoryInput::with_chunk(&b"0123456789"[..], 3)));
            assert_eq!(p.peek(want), &b"0123456789"[..want.min(10)]);
            assert_eq!(drain(&mut p), b"0123456789");
            assert_eq!(drain(&mut p), b"");
        }
    }

    #[test]
    fn what_is_larger_than_may_be_held_is_refused() {
        let of = |most| whole(&mut MemoryInput::with_chunk(vec![b'x'; 2 << 20], 1000), most, "a list");
        assert_eq!(of(2 << 20).unwrap().len(), 2 << 20);
        let e = of((2 << 20) - 1).unwrap_err();
        assert_eq!((e.reason, e.detail.as_str()), (Reason::MemoryLimit, "a list of more than 1 MiB"));
    }

    #[test]
    fn random_access_refuses_what_lies_beyond() {
        let r = MemoryInput::new(&b"0123456789"[..]).random_access().unwrap();
        assert_eq!(&r.read_at(3, 4).unwrap()[..], b"3456");
        assert_eq!(r.read_at(8, 3).unwrap_err().reason, Reason::Truncated);
        assert_eq!(r.read_at(u64::MAX, 1).unwrap_err().reason, Reason::Truncated);
    }
}
