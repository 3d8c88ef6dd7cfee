//! Text that lies in a member in another form (another encoding, between markup): made plain for the reader of texts,
//! tables or JSON, while every byte remembers which bytes of the member it was made of.

pub(super) mod encoding;
pub(super) mod markup;
pub(super) mod rtf;
pub(super) mod runs;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::{Part, Reader};
use crate::base::{Batch, Error, Input, Issue, Origin, PeekInput, Result};

/// Makes text of bytes.
pub(super) trait Transform: Send {
    /// Takes as much of `bytes` as can be understood without what follows (all, if `last`), and says how much that was.
    /// `at`: offset of `bytes[0]` in the member.
    fn push(&mut self, bytes: &[u8], at: u64, last: bool, out: &mut Made) -> usize;
}

/// Makes text that does not follow the order of the member's bytes.
pub(super) trait Source: Send {
    /// Makes some more; `false` at the end.
    fn more(&mut self, out: &mut Made) -> Result<bool>;
}

/// A run of made text and what it was made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    at: u64,
    /// Bytes of text.
    own: u64,
    start: u64,
    end: u64,
}

/// Made text that was not fetched yet.
#[derive(Default)]
pub(super) struct Made {
    bytes: Vec<u8>,
    /// Offset of `bytes[0]` in the made text.
    offset: u64,
    runs: Vec<Run>,
    /// The last byte that was made, also when it was fetched.
    last: Option<u8>,
}

impl Made {
    /// Adds text that was made of the member's bytes `[start, end)`. Runs of the same proportion grow together.
    pub fn add(&mut self, text: &[u8], start: u64, end: u64) {
        let Some(last) = text.last() else { return };
        self.last = Some(*last);
        let at = self.offset + self.bytes.len() as u64;
        let (own, theirs) = (text.len() as u64, end.saturating_sub(start));
        let whole = |a: u64, b: u64| {
            a > 0 && b > 0 && (a.is_multiple_of(b) && matches!(a / b, 1..=3) || b.is_multiple_of(a) && matches!(b / a, 2 | 4))
        };
        let same = |r: &&mut Run| r.end == start && r.own * theirs == (r.end - r.start) * own && whole(own, theirs);
        match self.runs.last_mut().filter(same) {
            Some(r) => {
                r.end = end;
                r.own += own;
            }
            None => self.runs.push(Run { at, own, start, end }),
        }
        self.bytes.extend_from_slice(text);
    }

    /// Bytes of text that were not fetched.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The text itself, where nobody asks for places.
    pub fn into_text(self) -> Vec<u8> {
        self.bytes
    }

    /// Gives away what was made, and the runs to `map`.
    fn hand_out(&mut self, map: &Map) -> Bytes {
        lock(map).extend(self.runs.drain(..));
        self.offset += self.bytes.len() as u64;
        std::mem::take(&mut self.bytes).into()
    }

    /// Whether the text made so far ends with a line break, or there is none yet.
    pub fn at_line_start(&self) -> bool {
        self.last.is_none_or(|b| b == b'\n')
    }
}

type Map = Arc<Mutex<VecDeque<Run>>>;

fn lock(map: &Map) -> MutexGuard<'_, VecDeque<Run>> {
    map.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is held of a tag or a sequence that does not end.
const MOST_HELD: usize = 4 << 20;

struct Transformed<T> {
    input: PeekInput,
    transform: T,
    held: Vec<u8>,
    /// Offset of `held[0]` in the member.
    at: u64,
    made: Made,
    map: Map,
    failed: Option<Error>,
    ended: bool,
}

impl<T: Transform> Input for Transformed<T> {
    fn next_chunk(&mut self) -> Result<Bytes> {
        loop {
            if self.ended {
                return match self.failed.take() {
                    Some(e) => Err(e),
                    None => Ok(Bytes::new()),
                };
            }
            match self.input.next_chunk() {
                Ok(c) if c.is_empty() => self.ended = true,
                Ok(c) => self.held.extend_from_slice(&c),
                Err(e) => (self.failed, self.ended) = (Some(e), true),
            }
            let last = self.ended || self.held.len() > MOST_HELD;
            let used = self.transform.push(&self.held, self.at, last, &mut self.made).min(self.held.len());
            self.held.drain(..used);
            self.at += used as u64;
            if !self.made.bytes.is_empty() {
                return Ok(self.made.hand_out(&self.map));
            }
        }
    }
}

/// Opens what `transform` makes of the input with `open`, and puts the places right.
pub(super) fn open<T: Transform + 'static>(
    input: PeekInput,
    transform: T,
    kind: Option<&'static str>,
    open: impl FnOnce(PeekInput) -> Result<Box<dyn Reader>>,
) -> Result<Box<dyn Reader>> {
    let map: Map = Map::default();
    let made = Made::default();
    let inner = Transformed { input, transform, held: Vec::new(), at: 0, made, map: map.clone(), failed: None, ended: false };
    let reader = open(PeekInput::new(Box::new(inner)))?;
    Ok(Box::new(Mapped { kind: kind.unwrap_or(reader.kind()), reader, map }))
}

struct Produced<S> {
    source: S,
    made: Made,
    map: Map,
    failed: Option<Error>,
    ended: bool,
}

impl<S: Source> Input for Produced<S> {
    fn next_chunk(&mut self) -> Result<Bytes> {
        while !self.ended && self.made.bytes.len() < 64 << 10 {
            match self.source.more(&mut self.made) {
                Ok(true) => {}
                Ok(false) => self.ended = true,
                Err(e) => (self.failed, self.ended) = (Some(e), true),
            }
        }
        match self.failed.take_if(|_| self.made.bytes.is_empty()) {
            Some(e) => Err(e),
            None => Ok(self.made.hand_out(&self.map)),
        }
    }
}

/// Opens what `source` makes with `open`, and puts the places right.
pub(super) fn produce<S: Source + 'static>(
    source: S,
    kind: &'static str,
    open: impl FnOnce(PeekInput) -> Result<Box<dyn Reader>>,
) -> Result<Box<dyn Reader>> {
    let map: Map = Map::default();
    let inner = Produced { source, made: Made::default(), map: map.clone(), failed: None, ended: false };
    let reader = open(PeekInput::new(Box::new(inner)))?;
    Ok(Box::new(Mapped { kind, reader, map }))
}

/// A reader of made text.
struct Mapped {
    reader: Box<dyn Reader>,
    kind: &'static str,
    map: Map,
}

/// The runs around the text's bytes `[start, end)`.
fn between(map: &VecDeque<Run>, start: u64, end: u64) -> impl Iterator<Item = &Run> {
    let from = map.partition_point(|r| r.at <= start).saturating_sub(1);
    map.range(from.min(map.len())..).take_while(move |r| r.at < end)
}

/// The member's bytes of the text's bytes `[start, end)`.
fn back(map: &VecDeque<Run>, start: u64, end: u64) -> (u64, u64) {
    let one = |at: u64| {
        let i = map.partition_point(|r| r.at <= at).saturating_sub(1);
        let Some(r) = map.get(i) else { return (0, 0) };
        origin(r, at - r.at.min(at))
    };
    let first = one(start);
    let last = one(end.max(start + 1) - 1);
    // What follows may lie before: then the first byte stands for all.
    (first.0, last.1.max(first.1))
}

/// The member's bytes of the byte at `d` of a run.
fn origin(r: &Run, d: u64) -> (u64, u64) {
    let (own, theirs) = (r.own, r.end - r.start);
    match [1, 2, 4].into_iter().find(|k| theirs == own.saturating_mul(*k)) {
        Some(k) => (r.start + d * k, r.start + (d + 1) * k),
        None => match [2, 3].into_iter().find(|k| theirs * k == own) {
            Some(k) => (r.start + d / k, r.start + d / k + 1),
            None => (r.start, r.end),
        },
    }
}

impl Reader for Mapped {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn next_batch(&mut self, batch: &mut Batch) -> Result<bool> {
        let more = self.reader.next_batch(batch)?;
        let mut map = lock(&self.map);
        if more {
            if batch.origins.is_empty() {
                let (start, end) = (batch.offset, batch.offset + batch.bytes.len() as u64);
                for r in between(&map, start, end) {
                    let at = r.at.max(start);
                    let mut o = Origin { at: (at - start) as u32, start: r.start, end: r.end };
                    // A run that the batch cuts through is given from there on, in its proportion.
                    if at > r.at {
                        o.start = origin(r, at - r.at).0;
                    }
                    if r.at + r.own > end {
                        o.end = origin(r, end - 1 - r.at).1;
                    }
                    batch.origins.push(o);
                }
            } else {
                for o in &mut batch.origins {
                    (o.start, o.end) = back(&map, o.start, o.end);
                }
            }
        }
        // Later batches begin no earlier; those of other readers within this one look further back by what they hold.
        let keep = batch.offset.saturating_sub(MOST_HELD as u64);
        while map.len() > 1 && map[1].at <= keep {
            map.pop_front();
        }
        Ok(more)
    }

    fn take_issues(&mut self) -> Vec<Issue> {
        self.reader.take_issues()
    }

    fn take_parts(&mut self) -> Vec<Part> {
        self.reader.take_parts()
    }
}

#[cfg(test)]
mod tests;
