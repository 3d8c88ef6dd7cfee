//! The bytes of a dump: numbers, texts, and data in pieces that say how long they are.

use std::io::{self, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::base::{Error, PeekInput, Reason, Result};
use crate::format::feed::Feed;

/// A longer text in the table of contents is not believed.
const MOST_TEXT: i64 = 64 << 20;
/// What breaks the rules of a dump.
pub(super) fn corrupt(what: &str) -> Error {
    Error::new(Reason::Corrupt, what)
}

/// The stored bytes.
pub(super) struct Stored {
    feed: Feed,
    buf: Vec<u8>,
    at: usize,
    pub taken: u64,
    /// Bytes that a number takes.
    pub int: usize,
    /// Bytes left of the piece of data that is being read; `None`: behind the last one.
    piece: Option<u64>,
    /// What reading met within a block.
    pub failed: Option<Error>,
    /// The last bytes of a piece.
    given: Vec<u8>,
}

impl Stored {
    pub fn new(input: PeekInput) -> Stored {
        Stored { feed: Feed::new(input), buf: Vec::new(), at: 0, taken: 0, int: 4, piece: None, failed: None, given: Vec::new() }
    }

    /// Up to `n` bytes, none only at the end.
    pub fn some(&mut self, n: usize) -> Result<&[u8]> {
        if self.at == self.buf.len() {
            self.buf.clear();
            self.at = 0;
            self.feed.fill(&mut self.buf, 64 << 10);
            if self.buf.is_empty() {
                self.feed.end()?;
            }
        }
        let from = self.at;
        self.at = self.buf.len().min(from + n);
        self.taken += (self.at - from) as u64;
        Ok(&self.buf[from..self.at])
    }

    pub fn exactly(&mut self, n: usize) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        while out.len() < n {
            let bytes = self.some(n - out.len())?;
            if bytes.is_empty() {
                return Err(Error::new(Reason::Truncated, "the dump ends early"));
            }
            out.extend_from_slice(bytes);
        }
        Ok(out)
    }

    pub fn byte(&mut self) -> Result<u8> {
        Ok(self.exactly(1)?[0])
    }

    /// A number: its sign, then its bytes, the lowest first.
    pub fn number(&mut self) -> Result<i64> {
        let b = self.exactly(1 + self.int)?;
        let n = b[1..].iter().rev().try_fold(0i64, |n, b| n.checked_mul(256)?.checked_add(i64::from(*b)));
        n.map(|n| if b[0] == 0 { n } else { -n }).ok_or_else(|| corrupt("a number in a dump that is too large"))
    }

    /// A text; `None` where there is none.
    pub fn text(&mut self) -> Result<Option<Vec<u8>>> {
        match self.number()? {
            n if n < 0 => Ok(None),
            n if n > MOST_TEXT => Err(corrupt("a text in a dump's table of contents that is too long")),
            n => self.exactly(n as usize).map(Some),
        }
    }

    /// Begins a block of data.
    pub fn begin(&mut self) -> Result<()> {
        let n = self.number()?;
        self.piece = (n > 0).then_some(n as u64);
        Ok(())
    }

    /// Bytes of the block, none at its end.
    fn block(&mut self, n: usize) -> Result<&[u8]> {
        let Some(left) = self.piece else { return Ok(&[]) };
        let most = (n as u64).min(left) as usize;
        let have = self.some(most)?.len();
        if have == 0 {
            return Err(Error::new(Reason::Truncated, "the dump ends within the data of a table"));
        }
        self.piece = Some(left - have as u64);
        if left == have as u64 {
            // The length of the next piece must not disturb the bytes that are given.
            let given = self.buf[self.at - have..self.at].to_vec();
            self.begin()?;
            self.given = given;
            return Ok(&self.given);
        }
        Ok(&self.buf[self.at - have..self.at])
    }

    /// Goes behind the block.
    pub fn skip(&mut self) -> Result<()> {
        while !self.block(64 << 10)?.is_empty() {}
        Ok(())
    }
}

/// The bytes, for whoever reads on.
pub(super) type Shared = Arc<Mutex<Stored>>;

pub(super) fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The data of a block, for a decoder.
pub(super) struct Block(pub Shared);

impl Read for Block {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut stored = lock(&self.0);
        let got = stored.block(out.len()).map(|b| {
            out[..b.len()].copy_from_slice(b);
            b.len()
        });
        got.map_err(|e| {
            stored.failed = Some(e);
            io::Error::other("the end of the dump")
        })
    }
}
