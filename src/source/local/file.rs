//! Reading a file that may change while it is read.

use std::fs::{self, File, Metadata};
use std::path::Path;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::version;
use crate::base::{Error, Input, Object, ReadAt, Reason, Result};

pub(super) const CHUNK: usize = 256 << 10;

/// Opens the file that was listed as this object; `changed` where it is another by now.
pub(super) fn open(path: &Path, object: &Object) -> Result<Box<dyn Input>> {
    // Looked at before it is opened: opening a pipe would wait for its other end.
    if !fs::metadata(path)?.is_file() {
        return Err(Error::new(Reason::Changed, "no longer a file"));
    }
    let file = File::open(path)?;
    let meta = file.metadata()?;
    if !meta.is_file() || version(&meta) != object.version {
        return Err(Error::new(Reason::Changed, "the file changed since it was listed"));
    }
    let file = Arc::new(Positioned { len: meta.len(), file: FileAt::new(file) });
    Ok(Box::new(FileInput { file, version: object.version.clone(), read: 0, done: false, buffer: BytesMut::new() }))
}

/// An open file that is read at positions, so that a stream and random access do not move each other.
#[cfg(unix)]
#[derive(Debug)]
struct FileAt(File);

#[cfg(unix)]
impl FileAt {
    fn new(file: File) -> FileAt {
        FileAt(file)
    }

    fn read(&self, buf: &mut [u8], at: u64) -> std::io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(&self.0, buf, at)
    }

    fn metadata(&self) -> std::io::Result<Metadata> {
        self.0.metadata()
    }
}

#[cfg(not(unix))]
#[derive(Debug)]
struct FileAt(std::sync::Mutex<File>);

#[cfg(not(unix))]
impl FileAt {
    fn new(file: File) -> FileAt {
        FileAt(std::sync::Mutex::new(file))
    }

    fn read(&self, buf: &mut [u8], at: u64) -> std::io::Result<usize> {
        use std::io::{Read, Seek, SeekFrom};
        let mut file = self.0.lock().unwrap_or_else(|e| e.into_inner());
        file.seek(SeekFrom::Start(at))?;
        file.read(buf)
    }

    fn metadata(&self) -> std::io::Result<Metadata> {
        self.0.lock().unwrap_or_else(|e| e.into_inner()).metadata()
    }
}

#[derive(Debug)]
struct Positioned {
    file: FileAt,
    /// As listed; bytes beyond it belong to another version.
    len: u64,
}

impl Positioned {
    /// Fills as much of `buf` as there is.
    fn fill(&self, buf: &mut [u8], at: u64) -> std::io::Result<usize> {
        let mut done = 0;
        while done < buf.len() {
            match self.file.read(&mut buf[done..], at + done as u64) {
                Ok(0) => break,
                Ok(n) => done += n,
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(done)
    }
}

impl ReadAt for Positioned {
    fn read_at(&self, offset: u64, len: usize) -> Result<Bytes> {
        if offset.checked_add(len as u64).is_none_or(|end| end > self.len) {
            return Err(Error::new(Reason::Truncated, format!("bytes {offset}..+{len} lie beyond the end")));
        }
        let mut buf = vec![0; len];
        if self.fill(&mut buf, offset)? < len {
            return Err(Error::new(Reason::Changed, "the file became shorter while it was read"));
        }
        Ok(buf.into())
    }

    fn len(&self) -> u64 {
        self.len
    }
}

struct FileInput {
    file: Arc<Positioned>,
    version: String,
    read: u64,
    done: bool,
    /// Reused as soon as the reader of the chunks has let go of them.
    buffer: BytesMut,
}

impl FileInput {
    fn chunk(&mut self) -> Result<Bytes> {
        let want = (self.file.len - self.read).min(CHUNK as u64) as usize;
        self.buffer.resize(want, 0);
        let n = self.file.fill(&mut self.buffer, self.read)?;
        self.buffer.truncate(n);
        self.read += n as u64;
        if n > 0 {
            return Ok(self.buffer.split().freeze());
        }
        // The end: was it the listed version all the way?
        if self.read < self.file.len || version(&self.file.file.metadata()?) != self.version {
            return Err(Error::new(Reason::Changed, "the file changed while it was read"));
        }
        Ok(Bytes::new())
    }
}

impl Input for FileInput {
    fn next_chunk(&mut self) -> Result<Bytes> {
        if self.done {
            return Ok(Bytes::new());
        }
        let got = self.chunk();
        self.done = !matches!(&got, Ok(b) if !b.is_empty());
        got
    }

    fn len(&self) -> Option<u64> {
        Some(self.file.len)
    }

    fn random_access(&self) -> Option<Arc<dyn ReadAt>> {
        Some(self.file.clone())
    }
}
