//! What all streaming readers share: filling a buffer from the input, counting issues, cutting long text into pieces.

use bytes::{Buf, Bytes};

use crate::base::{Batch, Error, Input, Issue, PeekInput, Reason, Result};

/// The input, with its end or failure remembered until everything before it was given away.
pub(super) struct Feed {
    input: PeekInput,
    chunk: Bytes,
    failed: Option<Error>,
    ended: bool,
}

impl Feed {
    pub fn new(input: PeekInput) -> Feed {
        Feed { input, chunk: Bytes::new(), failed: None, ended: false }
    }

    /// Appends to `buf` until it holds `want` bytes or there are no more.
    pub fn fill(&mut self, buf: &mut Vec<u8>, want: usize) {
        while buf.len() < want {
            if self.chunk.is_empty() {
                if self.over() {
                    return;
                }
                match self.input.next_chunk() {
                    Ok(c) if c.is_empty() => self.ended = true,
                    Ok(c) => self.chunk = c,
                    Err(e) => self.failed = Some(e),
                }
            }
            let n = self.chunk.len().min(want - buf.len());
            buf.extend_from_slice(&self.chunk[..n]);
            self.chunk.advance(n);
        }
    }

    /// Whether nothing is left to be filled in.
    pub fn over(&self) -> bool {
        self.chunk.is_empty() && (self.ended || self.failed.is_some())
    }

    /// Asks an input again that has ended.
    pub fn resume(&mut self) {
        self.ended = false;
    }

    /// What a reader returns when it has given everything: the failure once, then the end.
    pub fn end(&mut self) -> Result<bool> {
        match self.failed.take() {
            Some(e) => {
                self.ended = true;
                Err(e)
            }
            None => Ok(false),
        }
    }

    /// What a reader of a table returns for a batch; `read`: whether there were bytes for it. Without cells it is emptied: it
    /// would mean plain text.
    pub fn give(&mut self, batch: &mut Batch, read: bool) -> Result<bool> {
        if batch.cells.is_empty() {
            batch.bytes.clear();
            batch.core = 0..0;
            if !read && self.over() {
                return self.end();
            }
        }
        Ok(true)
    }
}

/// Issues of one member, counted by kind: a file of broken lines gives one issue, not a million.
#[derive(Default)]
pub(super) struct Issues(Vec<(Reason, &'static str, u64, u64)>);

impl Issues {
    /// Counts one more of `what`, met at byte or row `at`.
    pub fn add(&mut self, reason: Reason, what: &'static str, at: u64) {
        match self.0.iter_mut().find(|i| i.0 == reason && i.1 == what) {
            Some(i) => i.2 += 1,
            None => self.0.push((reason, what, 1, at)),
        }
    }

    /// Those since the last call.
    pub fn take(&mut self) -> Vec<Issue> {
        let text = |(reason, what, n, at)| {
            let often = if n == 1 { format!("once, at {at}") } else { format!("{n} times, first at {at}") };
            Issue { reason, detail: format!("{what}: {often}") }
        };
        self.0.drain(..).map(text).collect()
    }
}

/// Brings the names that a reader has found so far into a batch, which may be the one of the last call or a fresh one.
pub(super) fn sync_fields(batch: &mut Batch, names: &[String]) {
    let have = batch.fields.len().min(names.len());
    batch.fields.truncate(have);
    batch.fields.extend_from_slice(&names[have..]);
}

/// The largest position up to `at` that does not lie inside a UTF-8 character (where the bytes are UTF-8 at all).
pub(super) fn char_boundary(bytes: &[u8], at: usize) -> usize {
    let is_boundary = |i: usize| bytes.get(i).is_none_or(|b| b & 0xc0 != 0x80);
    (at.saturating_sub(3)..=at).rev().find(|i| is_boundary(*i)).unwrap_or(at)
}

/// Where a text that goes on behind `bytes` is cut, and from where the next piece repeats it as context: `(keep, cut)`.
/// The piece just given counts up to `cut`; both positions are in `bytes`, and `start < cut`.
pub(super) fn cut_piece(bytes: &[u8], start: usize, overlap: usize) -> (usize, usize) {
    let overlap = overlap.min((bytes.len() - start) / 4);
    let cut = char_boundary(bytes, bytes.len() - overlap).max(start + 1).min(bytes.len());
    let keep = char_boundary(bytes, cut.saturating_sub(overlap));
    (keep.min(cut), cut)
}

/// Moves `at` in front of an escape sequence of JSON or of a backslash dialect that it would cut through.
pub(super) fn before_escape(bytes: &[u8], mut at: usize, least: usize, escape: u8) -> usize {
    let odd_run = |end: usize| bytes[..end].iter().rev().take_while(|b| **b == escape).count() % 2 == 1;
    // `\uXXXX`: the backslash lies at most five bytes before a position inside.
    for back in 2..=5 {
        if let Some(u) = at.checked_sub(back)
            && escape == b'\\'
            && bytes.get(u + 1) == Some(&b'u')
            && bytes[u] == b'\\'
            && odd_run(u + 1)
        {
            at = u;
            break;
        }
    }
    if odd_run(at) {
        at -= 1;
    }
    at.max(least)
}
