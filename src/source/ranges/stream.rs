//! An object from its first byte to its last, by as many connections as it takes.
//!
//! A connection may be faster than anybody reads (a server nearby) or slower (a store far away). Of a fast one the bytes are read as they
//! come, while they are still in the processor's cache, and it is asked for more and more at once; nothing else is received. Where
//! the reader waits, several ranges are received side by side, those ahead into memory. What a store can give by connections of the
//! reader's own ([`Ranged::on`]) is received on its thread while it is fast.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::super::hand::{self, Hand};
use super::super::runtime;
use super::part::{Part, Taken};
use super::read::{BLOCK, Blocks};
use super::{Ranged, fetch};
use crate::base::{Input, ReadAt, Result};

/// Bytes a second of one connection that are enough for one reader: no classifier is as fast on one core.
const FAST: f64 = 256e6;
/// What may wait for the reader of a fast connection.
const NEAR: usize = 2 << 20;
/// The same where the reader itself receives: what comes is read at once, while it is in the processor's cache.
const HERE: usize = 64 << 10;
/// A fast connection is asked for so many ranges at once at most.
const LONGEST: u64 = 8;
/// Requests to fast connections: the one that is read, and one that waits with its answer.
const PAIR: usize = 2;

/// Fetches the first bytes, so that an object that cannot be read fails here.
pub(in crate::source) fn open<T: Ranged>(target: Arc<T>) -> Result<Stream<T>> {
    let range = target.options().range_bytes.max(1) as u64;
    let first = 0..target.size().min(BLOCK.min(range));
    let may_wait = !target.shares_connections();
    let own = if may_wait { Some(hand::own()?) } else { None };
    let own = own.and_then(|hand| Some((Arc::new(target.on(&hand)?), hand)));
    let head = match &own {
        Some((target, hand)) => hand.wait(fetch(&**target, first.clone())),
        None => runtime::shared()?.block_on(fetch(&*target, first.clone())),
    }?;
    let (taken, ahead) = (VecDeque::from([head]), VecDeque::new());
    Ok(Stream {
        asked: first.end,
        target,
        own,
        range,
        step: range,
        taken,
        ahead,
        fast: FAST,
        is_fast: may_wait,
        may_wait,
        patience: Duration::ZERO,
        done: false,
    })
}

/// The object from its first byte to its last.
pub(in crate::source) struct Stream<T> {
    target: Arc<T>,
    /// By connections of the hand's own.
    own: Option<(Arc<T>, Arc<Hand>)>,
    /// Bytes of one range, and of the next one.
    range: u64,
    step: u64,
    /// Not yet given out.
    taken: VecDeque<Bytes>,
    /// Ranges on their way, in order; the first is being read. Nothing is asked for before the head was taken.
    ahead: VecDeque<Part>,
    /// End of the last range asked for.
    asked: u64,
    /// Bytes a second of a connection that is enough.
    pub(super) fast: f64,
    /// Whether one connection is enough; taken for granted until the reader waits.
    is_fast: bool,
    /// Whether an answer may be left unread.
    may_wait: bool,
    /// How long the reader may still wait for the first range before others are received beside it.
    patience: Duration,
    done: bool,
}

impl<T: Ranged> Stream<T> {
    fn chunk(&mut self) -> Result<Bytes> {
        loop {
            if let Some(chunk) = self.taken.pop_front() {
                if !chunk.is_empty() {
                    return Ok(chunk);
                }
                continue;
            }
            self.ask()?;
            let Some(first) = self.ahead.front() else { return Ok(Bytes::new()) };
            match first.take(&mut self.taken, self.is_fast.then_some(&mut self.patience)) {
                Taken::Some => {}
                Taken::Nothing => self.slow(),
                Taken::End(end) => {
                    end?;
                    self.next();
                }
            }
        }
    }

    /// Asks for what is to be on its way.
    fn ask(&mut self) -> Result<()> {
        let most = self.target.options().in_flight.max(1);
        let most = if self.is_fast { most.min(PAIR) } else { most };
        while self.ahead.len() < most && self.asked < self.target.size() {
            let next = self.asked..self.target.size().min(self.asked + self.step);
            self.asked = next.end;
            let room = match (self.is_fast, self.ahead.is_empty()) {
                (true, false) => 0,
                (true, true) => self.near(),
                (false, _) => self.range as usize,
            };
            if self.ahead.is_empty() {
                self.patience = self.time_for(next.end - next.start);
            }
            let (target, hand) = match &self.own {
                Some((own, hand)) if self.is_fast => (own, Some(hand.clone())),
                _ => (&self.target, None),
            };
            self.ahead.push_back(Part::ask(hand, target.clone(), next, room)?);
        }
        Ok(())
    }

    /// What may wait for the reader of a fast connection.
    fn near(&self) -> usize {
        if self.own.is_some() { HERE } else { NEAR }
    }

    /// How long a fast connection takes for so many bytes.
    fn time_for(&self, bytes: u64) -> Duration {
        Duration::try_from_secs_f64(bytes as f64 / self.fast).unwrap_or(Duration::MAX)
    }

    /// One connection is not enough.
    fn slow(&mut self) {
        (self.is_fast, self.step) = (false, self.range);
        self.ahead.iter().for_each(|p| p.allow(self.range as usize));
    }

    /// The first range was read.
    fn next(&mut self) {
        let Some(read) = self.ahead.pop_front() else { return };
        // A range too short to tell says nothing.
        if read.len >= self.range.min(BLOCK) {
            self.is_fast = self.may_wait && read.rate() >= self.fast;
        }
        self.step = if self.is_fast { (2 * self.step).min(LONGEST * self.range) } else { self.range };
        if let Some(first) = self.ahead.front() {
            self.patience = self.time_for(first.len);
            if self.is_fast {
                first.allow(self.near());
            }
        }
        if !self.is_fast {
            self.slow();
        }
    }
}

impl<T: Ranged> Input for Stream<T> {
    fn next_chunk(&mut self) -> Result<Bytes> {
        if self.done {
            return Ok(Bytes::new());
        }
        let got = self.chunk();
        self.done = !matches!(&got, Ok(b) if !b.is_empty());
        got
    }

    fn len(&self) -> Option<u64> {
        Some(self.target.size())
    }

    fn random_access(&self) -> Option<Arc<dyn ReadAt>> {
        Some(Arc::new(Blocks::new(self.target.clone(), self.range)))
    }
}
