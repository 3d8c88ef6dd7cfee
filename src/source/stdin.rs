//! Standard input as a source of one object, `-`.

use std::io::Read;
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::{Bytes, BytesMut};

use super::{ListingFailure, Source};
use crate::base::{Error, Input, Object, Reason, Result};

const URI: &str = "-";
const CHUNK: usize = 256 << 10;

/// A stream that can be read once, of unknown length. Each is another version of `-`: what was read before it is history, as of a
/// file that was overwritten.
pub struct Stdin {
    /// When it was opened: nothing is known of the content before it is read.
    version: String,
    /// Taken by the first `open`.
    reader: Mutex<Option<Box<dyn Read + Send>>>,
}

impl Stdin {
    /// A source of what `reader` gives (standard input, or a stream in its place).
    pub fn new(reader: Box<dyn Read + Send>) -> Stdin {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Stdin { version: format!("stdin {}.{:09}", now.as_secs(), now.subsec_nanos()), reader: Mutex::new(Some(reader)) }
    }
}

impl Source for Stdin {
    fn uri(&self) -> String {
        URI.to_owned()
    }

    fn list(&self, each: &mut dyn FnMut(Object)) -> Vec<ListingFailure> {
        each(Object { uri: URI.to_owned(), version: self.version.clone(), size: 0, modified: None, until: None });
        Vec::new()
    }

    fn open(&self, object: &Object) -> Result<Box<dyn Input>> {
        if object.uri != URI {
            return Err(Error::new(Reason::NotFound, "standard input has one object, -"));
        }
        let reader = self.reader.lock().unwrap_or_else(|e| e.into_inner()).take();
        match reader {
            Some(reader) => Ok(Box::new(StreamInput { reader: Some(reader), buffer: BytesMut::new() })),
            None => Err(Error::new(Reason::Io, "standard input can be read only once")),
        }
    }

    fn covers(&self, uri: &str) -> bool {
        uri == URI
    }
}

struct StreamInput {
    /// `None` after the end or an error.
    reader: Option<Box<dyn Read + Send>>,
    /// Reused as soon as the reader of the chunks has let go of them.
    buffer: BytesMut,
}

impl Input for StreamInput {
    fn next_chunk(&mut self) -> Result<Bytes> {
        let Some(reader) = &mut self.reader else { return Ok(Bytes::new()) };
        self.buffer.resize(CHUNK, 0);
        loop {
            match reader.read(&mut self.buffer) {
                Ok(0) => {
                    self.reader = None;
                    return Ok(Bytes::new());
                }
                Ok(n) => {
                    self.buffer.truncate(n);
                    return Ok(self.buffer.split().freeze());
                }
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => {
                    self.reader = None;
                    return Err(e.into());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives its pieces one at a time, then an error.
    struct Pieces(Vec<&'static [u8]>);

    impl Read for Pieces {
        fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
            if self.0.is_empty() {
                return Err(std::io::Error::other("secret text"));
            }
            let p = self.0.remove(0);
            buf[..p.len()].copy_from_slice(p);
            Ok(p.len())
        }
    }

    #[test]
    fn one_object_that_is_read_once() {
        let s = Stdin::new(Box::new(Pieces(vec![b"ab", b"c", b""])));
        let mut seen = Vec::new();
        assert!(s.list(&mut |o| seen.push(o)).is_empty());
        assert_eq!((seen.len(), seen[0].uri.as_str()), (1, "-"));
        // Listed again in one run it is the same; the next one is not.
        s.list(&mut |o| assert_eq!(o.version, seen[0].version));
        std::thread::sleep(std::time::Duration::from_millis(1));
        Stdin::new(Box::new(Pieces(Vec::new()))).list(&mut |o| assert_ne!(o.version, seen[0].version));
        let mut input = s.open(&seen[0]).unwrap();
        assert_eq!(input.len(), None);
        assert!(input.random_access().is_none());
        assert_eq!(&input.next_chunk().unwrap()[..], b"ab");
        assert_eq!(&input.next_chunk().unwrap()[..], b"c");
        assert!(input.next_chunk().unwrap().is_empty());
        assert!(input.next_chunk().unwrap().is_empty(), "the end stays the end");
        assert_eq!(s.open(&seen[0]).err().unwrap().reason, Reason::Io);
        assert!(s.covers("-") && !s.covers("/x"));
    }

    #[test]
    fn a_broken_pipe_comes_after_the_bytes_and_quotes_nothing() {
        let s = Stdin::new(Box::new(Pieces(vec![b"ab"])));
        let mut input = s.open(&Object { uri: "-".into(), version: "stdin".into(), size: 0, modified: None, until: None }).unwrap();
        assert_eq!(&input.next_chunk().unwrap()[..], b"ab");
        let e = input.next_chunk().unwrap_err();
        assert_eq!(e.reason, Reason::Io);
        assert!(!e.detail.contains("secret"));
        assert!(input.next_chunk().unwrap().is_empty());
    }
}
