//! Ranges of a Parquet file for its decoder, small reads joined to larger ones.

use std::io::Read;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};

use crate::base::{Error, ReadAt};

/// All windows together.
const CACHE_BYTES: usize = 32 << 20;
/// How many bytes a small read fetches at most.
const WINDOW: usize = 512 << 10;

/// A file that remembers some windows of itself: the decoder walks through many columns at once, in small steps.
#[derive(Clone)]
pub(super) struct Ranges(Arc<Inner>);

struct Inner {
    data: Arc<dyn ReadAt>,
    window: AtomicUsize,
    /// Windows by start, the one used last at the end.
    cache: Mutex<Vec<(u64, Bytes)>>,
    /// The storage's own words about a failure, since the decoder's error would hide them.
    failed: Mutex<Option<Error>>,
}

impl Ranges {
    pub fn new(data: Arc<dyn ReadAt>) -> Ranges {
        let inner = Inner { data, window: AtomicUsize::new(WINDOW), cache: Mutex::default(), failed: Mutex::default() };
        Ranges(Arc::new(inner))
    }

    /// Sizes the windows for so many columns.
    pub fn plan(&self, columns: usize) {
        self.0.window.store((CACHE_BYTES / columns.max(1)).clamp(16 << 10, WINDOW), Ordering::Relaxed);
    }

    /// What the storage said when it last failed.
    pub fn failure(&self) -> Option<Error> {
        self.0.failed.lock().ok()?.take()
    }

    fn fetch(&self, start: u64, len: usize) -> Result<Bytes, ParquetError> {
        let size = self.0.data.len();
        if start.checked_add(len as u64).is_none_or(|end| end > size) {
            return Err(ParquetError::EOF("a range beyond the end".to_owned()));
        }
        let window = self.0.window.load(Ordering::Relaxed);
        let read = |start, len| {
            self.0.data.read_at(start, len).map_err(|e| {
                if let Ok(mut f) = self.0.failed.lock() {
                    *f = Some(e.clone());
                }
                ParquetError::External(Box::new(e))
            })
        };
        if len > window / 2 {
            return read(start, len);
        }
        let Ok(mut cache) = self.0.cache.lock() else { return read(start, len) };
        let inside = |(s, b): &(u64, Bytes)| *s <= start && start + len as u64 <= *s + b.len() as u64;
        if let Some(i) = cache.iter().rposition(inside) {
            let hit = cache.remove(i);
            let at = (start - hit.0) as usize;
            let out = hit.1.slice(at..at + len);
            cache.push(hit);
            return Ok(out);
        }
        let much = window.min((size - start) as usize);
        let bytes = read(start, much)?;
        while !cache.is_empty() && cache.iter().map(|c| c.1.len()).sum::<usize>() + bytes.len() > CACHE_BYTES {
            cache.remove(0);
        }
        let out = bytes.slice(..len);
        cache.push((start, bytes));
        Ok(out)
    }
}

impl Length for Ranges {
    fn len(&self) -> u64 {
        self.0.data.len()
    }
}

/// A sequential view, as the decoder wants one for page headers.
pub(super) struct From {
    ranges: Ranges,
    at: u64,
}

impl Read for From {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let left = self.ranges.len().saturating_sub(self.at);
        let n = (buf.len() as u64).min(left) as usize;
        let bytes = self.ranges.fetch(self.at, n).map_err(|_| std::io::Error::from(std::io::ErrorKind::UnexpectedEof))?;
        buf[..n].copy_from_slice(&bytes);
        self.at += n as u64;
        Ok(n)
    }
}

impl ChunkReader for Ranges {
    type T = From;

    fn get_read(&self, start: u64) -> Result<From, ParquetError> {
        Ok(From { ranges: self.clone(), at: start })
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        self.fetch(start, length)
    }
}
