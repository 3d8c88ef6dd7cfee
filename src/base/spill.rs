//! A stream made into something that can be read anywhere: in memory, or in a file without a name.
//!
//! Parquet, zip and spreadsheets are read from their end. Inside a compressed stream they have to lie somewhere first.

use std::io::{Read, Seek, SeekFrom, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use bytes::Bytes;
use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher, StreamCipherSeek};

use super::{Error, Input, ReadAt, Reason, Result};

/// How much may lie where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpillLimits {
    /// Up to so many bytes stay in memory.
    pub memory: u64,
    /// Up to so many go to a file; at most 256 GB, what one nonce of the cipher covers.
    pub disk: u64,
}

impl Default for SpillLimits {
    fn default() -> SpillLimits {
        SpillLimits { memory: 32 << 20, disk: 64 << 30 }
    }
}

/// Random access to an input: its own where it has some, else its bytes from where it stands to its end, in memory or,
/// where they are more than `limits.memory`, in a temporary file.
///
/// PRIVACY: the file has no name from the moment it exists, is readable by its owner alone, and what it holds is
/// encrypted under a key that never leaves this process.
///
/// # Errors
/// Those of the input, `memory_limit` where it is larger than the limits allow, and what the file system says.
pub fn random_access(input: &mut dyn Input, limits: &SpillLimits) -> Result<Arc<dyn ReadAt>> {
    if let Some(r) = input.random_access() {
        return Ok(r);
    }
    let mut held = Vec::new();
    let mut spill: Option<Spill> = None;
    loop {
        let chunk = input.next_chunk()?;
        if chunk.is_empty() {
            return Ok(match spill {
                Some(s) => Arc::new(s),
                None => Arc::new(Bytes::from(held)),
            });
        }
        let len = spill.as_ref().map_or(held.len() as u64, |s| s.len) + chunk.len() as u64;
        if len > limits.memory.max(limits.disk) {
            return Err(Error::new(Reason::MemoryLimit, format!("more than {} bytes that cannot be read as a stream", limits.disk)));
        }
        match &mut spill {
            Some(s) => s.append(&chunk)?,
            None if len <= limits.memory => held.extend_from_slice(&chunk),
            None => {
                let mut s = Spill::new()?;
                s.append(&std::mem::take(&mut held))?;
                s.append(&chunk)?;
                spill = Some(s);
            }
        }
    }
}

/// A file without a name, as [`random_access`] makes one: what is appended is encrypted, and can be read back anywhere.
pub struct Spill {
    file: Mutex<std::fs::File>,
    len: u64,
    nonce: [u8; 12],
}

impl Spill {
    /// An empty one. Fails where the system gives no temporary file.
    pub fn new() -> Result<Spill> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let mut nonce = [0; 12];
        nonce[..8].copy_from_slice(&COUNT.fetch_add(1, Ordering::Relaxed).to_le_bytes());
        Ok(Spill { file: Mutex::new(tempfile::tempfile()?), len: 0, nonce })
    }

    fn crypt(&self, at: u64, bytes: &mut [u8]) -> Result<()> {
        static KEY: OnceLock<Option<[u8; 32]>> = OnceLock::new();
        let key = KEY.get_or_init(|| {
            let mut key = [0; 32];
            getrandom::fill(&mut key).is_ok().then_some(key)
        });
        let failed = || Error::new(Reason::Io, "temporary data could not be encrypted");
        let key = key.as_ref().ok_or_else(failed)?;
        let mut cipher = ChaCha20::new(key.into(), (&self.nonce).into());
        cipher.try_seek(at).map_err(|_| failed())?;
        cipher.try_apply_keystream(bytes).map_err(|_| failed())
    }

    /// Puts these bytes behind the last ones; they begin at the length that it had. Fails where the disk is full.
    pub fn append(&mut self, bytes: &[u8]) -> Result<()> {
        let mut sealed = bytes.to_vec();
        self.crypt(self.len, &mut sealed)?;
        let mut file = self.file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // Whoever has read since has moved in the file.
        file.seek(SeekFrom::Start(self.len))?;
        file.write_all(&sealed)?;
        drop(file);
        self.len += bytes.len() as u64;
        Ok(())
    }
}

impl ReadAt for Spill {
    fn read_at(&self, offset: u64, len: usize) -> Result<Bytes> {
        if offset.checked_add(len as u64).is_none_or(|end| end > self.len) {
            return Err(Error::new(Reason::Truncated, format!("bytes {offset}..+{len} lie beyond the end")));
        }
        let mut bytes = vec![0; len];
        let mut file = self.file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(&mut bytes)?;
        drop(file);
        self.crypt(offset, &mut bytes)?;
        Ok(bytes.into())
    }

    fn len(&self) -> u64 {
        self.len
    }
}

/// The bytes `[start, end)` of something that can be read anywhere, as an input of their own.
pub struct Section {
    inner: Arc<dyn ReadAt>,
    at: u64,
    end: u64,
    start: u64,
}

impl Section {
    /// The part of `inner` between the two; what lies beyond its end is cut off.
    pub fn new(inner: Arc<dyn ReadAt>, start: u64, end: u64) -> Section {
        let end = end.min(inner.len());
        let start = start.min(end);
        Section { inner, at: start, end, start }
    }
}

impl Input for Section {
    fn next_chunk(&mut self) -> Result<Bytes> {
        let n = (self.end - self.at).min(1 << 20);
        let chunk = self.inner.read_at(self.at, n as usize)?;
        self.at += n;
        Ok(chunk)
    }

    fn len(&self) -> Option<u64> {
        Some(self.end - self.start)
    }

    fn random_access(&self) -> Option<Arc<dyn ReadAt>> {
        Some(Arc::new(Section { inner: self.inner.clone(), at: self.start, end: self.end, start: self.start }))
    }
}

impl ReadAt for Section {
    fn read_at(&self, offset: u64, len: usize) -> Result<Bytes> {
        let at = self.start.checked_add(offset).filter(|at| at.checked_add(len as u64).is_some_and(|e| e <= self.end));
        match at {
            Some(at) => self.inner.read_at(at, len),
            None => Err(Error::new(Reason::Truncated, format!("bytes {offset}..+{len} lie beyond the end"))),
        }
    }

    fn len(&self) -> u64 {
        self.end - self.start
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::MemoryInput;

    struct Stream(MemoryInput);

    impl Input for Stream {
        fn next_chunk(&mut self) -> Result<Bytes> {
            self.0.next_chunk()
        }
    }

    #[test]
    fn what_is_spilled_is_read_back() {
        let data: Vec<u8> = (0..100_000u32).flat_map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        for memory in [1000, 1 << 20] {
            let mut input = Stream(MemoryInput::with_chunk(data.clone(), 777));
            let r = random_access(&mut input, &SpillLimits { memory, disk: 1 << 20 }).unwrap();
            assert_eq!(r.len(), data.len() as u64);
            for (at, n) in [(0, 100), (63, 66), (1_000, 0), (399_900, 100), (0, 400_000)] {
                assert_eq!(&r.read_at(at as u64, n).unwrap()[..], &data[at..at + n]);
            }
            assert_eq!(r.read_at(399_999, 2).unwrap_err().reason, Reason::Truncated);
            let mut part = Section::new(r, 500, 1500);
            assert_eq!(part.random_access().unwrap().read_at(10, 5).unwrap(), data[510..515]);
            assert_eq!(part.next_chunk().unwrap(), data[500..1500]);
            assert!(part.next_chunk().unwrap().is_empty());
            assert!(ReadAt::read_at(&part, 999, 2).is_err());
        }
        let mut input = Stream(MemoryInput::new(data));
        let e = random_access(&mut input, &SpillLimits { memory: 10, disk: 1000 }).err();
        assert_eq!(e.map(|e| e.reason), Some(Reason::MemoryLimit));
    }

    #[test]
    fn the_file_does_not_hold_what_was_written() {
        let mut s = Spill::new().unwrap();
        s.append(b"maren.holloway@example.com").unwrap();
        let mut file = s.file.lock().unwrap();
        file.seek(SeekFrom::Start(0)).unwrap();
        let mut raw = Vec::new();
        file.read_to_end(&mut raw).unwrap();
        assert_eq!(raw.len(), 26);
        assert!(!raw.windows(5).any(|w| w == b"maren"));
        drop(file);
        assert_eq!(s.read_at(0, 5).unwrap(), b"maren"[..]);
        s.append(b"; ben").unwrap();
        assert_eq!(s.read_at(16, 15).unwrap(), b"xample.com; ben"[..]);
    }
}
