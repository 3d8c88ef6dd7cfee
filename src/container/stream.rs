//! What all decoders of streams share: a cursor over stored bytes, and the guard against bombs.

use bytes::{Buf, Bytes};

use super::Limits;
use crate::base::{Error, Input, Reason, Result};

/// How many decoded bytes are handed out at a time.
pub(super) const CHUNK: usize = 64 << 10;

/// The stored bytes, as a cursor that keeps count.
pub(super) struct Stored {
    inner: Box<dyn Input>,
    chunk: Bytes,
    /// How many bytes were taken so far.
    pub taken: u64,
}

impl Stored {
    pub fn new(inner: Box<dyn Input>) -> Stored {
        Stored { inner, chunk: Bytes::new(), taken: 0 }
    }

    /// The bytes at hand; empty only at the end of the stream.
    pub fn bytes(&mut self) -> Result<&[u8]> {
        if self.chunk.is_empty() {
            self.chunk = self.inner.next_chunk()?;
        }
        Ok(&self.chunk)
    }

    /// Takes `n` of the bytes at hand.
    pub fn take(&mut self, n: usize) {
        self.chunk.advance(n);
        self.taken += n as u64;
    }

    /// Exactly `n` bytes, appended to `to`; `false` if the stream ends before.
    pub fn exactly(&mut self, mut n: usize, to: &mut Vec<u8>) -> Result<bool> {
        while n > 0 {
            let have = self.bytes()?;
            if have.is_empty() {
                return Ok(false);
            }
            let take = have.len().min(n);
            to.extend_from_slice(&have[..take]);
            self.take(take);
            n -= take;
        }
        Ok(true)
    }

    /// Exactly `N` bytes; `None` if the stream ends before.
    pub fn array<const N: usize>(&mut self) -> Result<Option<[u8; N]>> {
        let mut out = [0; N];
        for b in &mut out {
            match self.byte()? {
                Some(x) => *b = x,
                None => return Ok(None),
            }
        }
        Ok(Some(out))
    }

    /// Looks at what follows the end of what `kind` names: zeros are padding, the end is told as `Ok(false)`, as a decoder does.
    pub fn behind_end(&mut self, kind: &str) -> Result<bool> {
        loop {
            let have = self.bytes()?;
            let (n, zeros) = (have.len(), have.iter().all(|b| *b == 0));
            if n == 0 {
                return Ok(false);
            }
            if !zeros {
                let what = format!("bytes behind the end of {kind}, from stored byte {} on", self.taken);
                return Err(Error::new(Reason::Corrupt, what));
            }
            self.take(n);
        }
    }

    /// The next byte; `None` at the end.
    pub fn byte(&mut self) -> Result<Option<u8>> {
        let b = self.bytes()?.first().copied();
        if b.is_some() {
            self.take(1);
        }
        Ok(b)
    }
}

/// An input behind bytes that come first.
pub(super) struct Resumed {
    first: Option<Bytes>,
    input: Box<dyn Input>,
}

impl Resumed {
    /// `first`, and then what `input` gives.
    pub fn begin(first: Bytes, input: Box<dyn Input>) -> Box<dyn Input> {
        Box::new(Resumed { first: Some(first), input })
    }

    /// The first `n` bytes, and an input of those that follow; `None` if there are fewer.
    pub fn behind(mut input: Box<dyn Input>, n: usize) -> Result<Option<(Bytes, Box<dyn Input>)>> {
        let mut first = Vec::new();
        while first.len() < n {
            let chunk = input.next_chunk()?;
            if chunk.is_empty() {
                return Ok(None);
            }
            first.extend_from_slice(&chunk);
        }
        let mut first = Bytes::from(first);
        let head = first.split_to(n);
        Ok(Some((head, Resumed::begin(first, input))))
    }
}

impl Input for Resumed {
    fn next_chunk(&mut self) -> Result<Bytes> {
        match self.first.take().filter(|f| !f.is_empty()) {
            Some(f) => Ok(f),
            None => self.input.next_chunk(),
        }
    }
}

/// Bytes that were decoded in one go and are given away in pieces.
#[derive(Default)]
pub(super) struct Pending {
    pub bytes: Vec<u8>,
    at: usize,
}

impl Pending {
    /// Moves as much into `out` as it has room for; `false` if there was nothing left.
    pub fn give(&mut self, out: &mut Vec<u8>) -> bool {
        let n = (self.bytes.len() - self.at).min(out.capacity() - out.len());
        out.extend_from_slice(&self.bytes[self.at..self.at + n]);
        self.at += n;
        if self.at == self.bytes.len() {
            self.bytes.clear();
            self.at = 0;
        }
        n > 0
    }
}

/// Something that decodes a stream piece by piece.
pub(super) trait Decode: Send {
    /// Appends decoded bytes to `out`, at most up to its capacity. `false`: the stream ended as it should. On an error
    /// `out` holds what could be decoded before it.
    fn step(&mut self, stored: &mut Stored, out: &mut Vec<u8>) -> Result<bool>;
}

/// An [`Input`] over a decoder, guarded by [`Limits`].
pub(super) struct Decoded<D> {
    stored: Stored,
    decoder: D,
    limits: Limits,
    given: u64,
    /// Met after the bytes that were handed out last.
    failed: Option<Error>,
    ended: bool,
}

impl<D: Decode> Decoded<D> {
    pub fn new(inner: Box<dyn Input>, decoder: D, limits: &Limits) -> Decoded<D> {
        Decoded { stored: Stored::new(inner), decoder, limits: limits.clone(), given: 0, failed: None, ended: false }
    }

    /// The error for a stream that grew too much, if it did.
    fn too_much(&self, decoded: u64) -> Option<Error> {
        if let Some(most) = self.limits.member_bytes.filter(|m| decoded > *m) {
            return Some(Error::new(Reason::ExpansionLimit, format!("more than {most} bytes in one member")));
        }
        let ratio = decoded / self.stored.taken.max(1);
        (decoded > self.limits.ratio_after && ratio > self.limits.ratio)
            .then(|| Error::new(Reason::ExpansionLimit, format!("one stored byte gives {ratio} bytes, after {decoded} bytes")))
    }
}

impl<D: Decode> Input for Decoded<D> {
    fn next_chunk(&mut self) -> Result<Bytes> {
        if let Some(e) = self.failed.take() {
            self.ended = true;
            return Err(e);
        }
        if self.ended {
            return Ok(Bytes::new());
        }
        let mut out = Vec::with_capacity(CHUNK);
        while out.len() < CHUNK {
            match self.decoder.step(&mut self.stored, &mut out) {
                Ok(true) => {}
                Ok(false) => {
                    self.ended = true;
                    break;
                }
                Err(e) => {
                    self.failed = Some(e);
                    break;
                }
            }
        }
        if let Some(e) = self.too_much(self.given + out.len() as u64) {
            // The stream lies; what it gave until now was handed out, the rest is not worth having, nor is what else is wrong.
            (self.ended, self.failed) = (true, None);
            return Err(e);
        }
        if let Err(e) = self.limits.decoded(out.len() as u64) {
            (self.ended, self.failed) = (true, None);
            return Err(e);
        }
        self.given += out.len() as u64;
        if out.is_empty()
            && let Some(e) = self.failed.take()
        {
            self.ended = true;
            return Err(e);
        }
        Ok(out.into())
    }
}
