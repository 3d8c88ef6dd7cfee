//! Ranges of a Parquet file for its decoder, small reads joined to larger ones, pages that are too large refused: whoever decodes
//! Parquet reads through it.

mod schema;
pub mod thrift;

use std::collections::HashMap;
use std::io::Read;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};

use super::{Error, ReadAt, Reason};
use thrift::{I32, Walk};

/// All windows together.
const CACHE_BYTES: usize = 32 << 20;
/// How many bytes a small read fetches at most.
const WINDOW: usize = 512 << 10;

/// A file that remembers some windows of itself: the decoder walks through many columns at once, in small steps.
#[derive(Clone)]
pub struct Ranges(Arc<Inner>);

struct Inner {
    data: Arc<dyn ReadAt>,
    window: AtomicUsize,
    /// Windows by start, the one used last at the end.
    cache: Mutex<Vec<(u64, Bytes)>>,
    /// The storage's own words about a failure, since the decoder's error would hide them.
    failed: Mutex<Option<Error>>,
    pages: Mutex<Pages>,
}

/// The pages that the decoder holds: it unpacks each whole, and a few bytes may stand for gigabytes.
#[derive(Default)]
struct Pages {
    /// The most bytes that they may have together.
    most: u64,
    /// Where the column chunks of the current row group start, ascending.
    chunks: Vec<u64>,
    /// Size of the last page, by chunk and whether it is a dictionary.
    held: HashMap<(usize, bool), u64>,
    /// Where the content of a chunk's last page begins: the decoder may come back for it.
    content: HashMap<usize, u64>,
}

impl Pages {
    /// Takes notice of the page whose header starts `bytes`, at `at` in the file. `false`: the header is not whole.
    fn see(&mut self, at: u64, bytes: &[u8]) -> Result<bool, Error> {
        let Some(chunk) = self.chunks.partition_point(|c| *c <= at).checked_sub(1) else { return Ok(true) };
        if self.content.get(&chunk) == Some(&at) {
            return Ok(true);
        }
        let (mut kind, mut size, mut stored) = (0, 0, 0);
        let mut walk = Walk::new(bytes);
        // `PageHeader.type`, `.uncompressed_page_size` and `.compressed_page_size` are its first three fields.
        let whole = walk.fields(|walk, id, t| {
            match (id, t) {
                (1, I32) => kind = walk.integer()?,
                (2, I32) => size = walk.integer()?,
                (3, I32) => stored = walk.integer()?,
                _ => walk.pass_over(t)?,
            }
            Some(())
        });
        if whole.is_none() {
            return Ok(false);
        }
        self.content.remove(&chunk);
        // Behind a page without content the next header stands in its place.
        if stored > 0 {
            self.content.insert(chunk, at + (bytes.len() - walk.left()) as u64);
        }
        self.held.insert((chunk, kind == DICTIONARY_PAGE), u64::try_from(size).unwrap_or(0));
        let all = self.held.values().fold(0u64, |n, s| n.saturating_add(*s));
        if all > self.most {
            self.held.clear();
            return Err(Error::new(Reason::MemoryLimit, format!("pages of {all} bytes at once, more than {}", self.most)));
        }
        Ok(true)
    }
}

const DICTIONARY_PAGE: i64 = 2;
/// The longest page header: old writers put whole values into its statistics.
const HEADER: u64 = 16 << 20;

impl Ranges {
    /// A file whose columns have been looked at, and its serialised footer: one that a decoder would follow without end is refused.
    ///
    /// # Errors
    /// `truncated` or `corrupt`, and what reading says.
    pub fn open(data: Arc<dyn ReadAt>) -> Result<(Ranges, Bytes), Error> {
        let inner =
            Inner { data, window: AtomicUsize::new(WINDOW), cache: Mutex::default(), failed: Mutex::default(), pages: Mutex::default() };
        let ranges = Ranges(Arc::new(inner));
        let footer = ranges.footer()?;
        Ok((ranges, footer))
    }

    /// Sizes the windows for so many columns.
    pub fn plan(&self, columns: usize) {
        self.0.window.store((CACHE_BYTES / columns.max(1)).clamp(16 << 10, WINDOW), Ordering::Relaxed);
    }

    /// From now on pages are read, of column chunks that start here, and may take `most` bytes together.
    pub fn start_group(&self, mut chunks: Vec<u64>, most: u64) {
        chunks.sort_unstable();
        if let Ok(mut pages) = self.0.pages.lock() {
            *pages = Pages { most, chunks, ..Pages::default() };
        }
    }

    /// What the storage said when it last failed.
    pub fn failure(&self) -> Option<Error> {
        self.0.failed.lock().ok()?.take()
    }

    fn footer(&self) -> Result<Bytes, Error> {
        let at = self.len().checked_sub(8).ok_or_else(|| Error::new(Reason::Truncated, "a Parquet file without its footer"))?;
        let broken = |_| self.failure().unwrap_or_else(|| Error::new(Reason::Corrupt, "broken Parquet data"));
        let n = self.get_bytes(at, 4).map_err(broken)?;
        let n = u32::from_le_bytes([n[0], n[1], n[2], n[3]]);
        let start = at.checked_sub(u64::from(n)).ok_or_else(|| Error::new(Reason::Corrupt, "a Parquet footer larger than the file"))?;
        let footer = self.get_bytes(start, n as usize).map_err(broken)?;
        match schema::is_too_deep(&footer) {
            true => Err(Error::new(Reason::Corrupt, "a Parquet file whose columns are nested too deeply")),
            false => Ok(footer),
        }
    }

    /// Reads a page's header before the decoder does, which counts to 2^31 for a header that says so, and unpacks any page.
    fn look_at_header(&self, start: u64) -> Result<(), Error> {
        let left = self.len().saturating_sub(start);
        let small = (self.0.window.load(Ordering::Relaxed) / 2) as u64;
        for most in [small, HEADER] {
            let Ok(head) = self.fetch(start, most.min(left) as usize) else {
                return Err(self.failure().unwrap_or_else(|| Error::new(Reason::Truncated, "a page beyond the end")));
            };
            let Ok(mut pages) = self.0.pages.lock() else { return Ok(()) };
            if pages.see(start, &head)? {
                return Ok(());
            }
        }
        Err(Error::new(Reason::Corrupt, "bytes that are no page header"))
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
pub struct From {
    ranges: Ranges,
    at: u64,
}

impl Read for From {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let left = self.ranges.len().saturating_sub(self.at);
        if left == 0 && !buf.is_empty() {
            // The decoder takes an end for success where it passes over what it does not need, and may do so for ever.
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
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
        self.look_at_header(start).map_err(|e| {
            if let Ok(mut f) = self.0.failed.lock() {
                *f = Some(e.clone());
            }
            ParquetError::External(Box::new(e))
        })?;
        Ok(From { ranges: self.clone(), at: start })
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        self.fetch(start, length)
    }
}
