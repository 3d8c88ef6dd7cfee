//! One range on its way, from the task that receives it to the thread that reads it.
//!
//! Bytes are handed on as they came, without a copy, and many at a time: to wake a thread costs as much as to receive some
//! 10 kB. How much may wait for the reader is the reader's to say. The task runs beside the reader, or on the reader's own thread while
//! that waits.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::super::hand::{Clock, Hand};
use super::super::runtime;
use super::{Ranged, Sink, fill};
use crate::base::{Error, Reason, Result};

/// The reader is woken for no less, but for the end.
const HAND: usize = 1 << 20;
/// Smaller chunks (TLS gives 16 kB) are put together, into pieces of so many bytes at most.
const SMALL: usize = 64 << 10;
const PIECE: usize = 256 << 10;

/// A range that a task receives. The task ends when this is dropped.
pub(super) struct Part {
    shared: Arc<Shared>,
    /// Where the task runs; none: in threads of its own.
    hand: Option<Arc<Hand>>,
    task: JoinHandle<()>,
    /// Bytes in the range.
    pub len: u64,
}

/// What there was to take.
pub(super) enum Taken {
    /// Bytes.
    Some,
    /// Nothing more: the range is whole, or why it is not.
    End(Result<()>),
    /// Nothing in the time that was given.
    Nothing,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// The reader may look again: one that sleeps, and one that has the task run.
    came: Condvar,
    came_here: Notify,
    /// The task may look again.
    space: Notify,
}

#[derive(Default)]
struct State {
    /// In order, and their bytes.
    chunks: VecDeque<Bytes>,
    held: usize,
    /// Whether the task receives more depends on whether less is held.
    room: usize,
    /// How long the connection was waited for.
    waited: Duration,
    end: Option<Result<()>>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }

    fn wake(&self) {
        self.came.notify_one();
        self.came_here.notify_one();
    }

    /// Waits, so long at most, until there is something to take.
    fn sleep(&self, limit: Option<Duration>) {
        let (s, waits) = (self.lock(), |s: &mut State| !s.is_ready());
        match limit {
            None => drop(self.came.wait_while(s, waits)),
            Some(limit) => drop(self.came.wait_timeout_while(s, limit, waits)),
        }
    }

    /// The same, on a hand.
    async fn ready(&self, limit: Option<Duration>) {
        let ready = async {
            while !self.lock().is_ready() {
                self.came_here.notified().await;
            }
        };
        match limit {
            None => ready.await,
            Some(limit) => drop(timeout(limit, ready).await),
        }
    }
}

impl State {
    /// What is worth to be handed over.
    fn enough(&self) -> usize {
        HAND.min(self.room.max(1))
    }

    fn is_ready(&self) -> bool {
        self.held >= self.enough() || self.end.is_some()
    }
}

impl Part {
    /// Asks for a range, on a hand or beside the reader. Of its bytes a little more than `room` wait for the reader at most; none are
    /// received for 0.
    pub fn ask<T: Ranged>(hand: Option<Arc<Hand>>, target: Arc<T>, range: Range<u64>, room: usize) -> Result<Part> {
        let len = range.end - range.start;
        let shared = Arc::new(Shared { state: Mutex::new(State { room, ..State::default() }), ..Shared::default() });
        let clock = hand.as_ref().map(|h| h.clock().clone());
        let mut feed = Feed { shared: shared.clone(), clock, got: 0, small: BytesMut::new(), done: None };
        let received = async move {
            let done = fill(&*target, range, &mut feed).await;
            feed.finish(done);
        };
        let task = match &hand {
            Some(hand) => hand.spawn(received),
            None => runtime::shared()?.spawn(received),
        };
        Ok(Part { shared, hand, task, len })
    }

    /// From now on so much may wait. Of a range that is being read, less than [`HAND`] is handed over where there
    /// is less room.
    pub fn allow(&self, room: usize) {
        self.shared.lock().room = room;
        self.shared.space.notify_one();
    }

    /// Moves what waits into `into`. Blocks the thread until there is enough that it is worth it, or no more to come, or so much time
    /// has passed; that is taken off `patience`.
    pub fn take(&self, into: &mut VecDeque<Bytes>, patience: Option<&mut Duration>) -> Taken {
        if !self.shared.lock().is_ready() {
            let (since, limit) = (Instant::now(), patience.as_deref().copied());
            match &self.hand {
                None => self.shared.sleep(limit),
                Some(hand) => hand.wait(self.shared.ready(limit)),
            }
            if let Some(left) = patience {
                *left = left.saturating_sub(since.elapsed());
            }
        }
        let mut s = self.shared.lock();
        if s.held > 0 && s.is_ready() {
            into.append(&mut s.chunks);
            s.held = 0;
            drop(s);
            self.shared.space.notify_one();
            return Taken::Some;
        }
        s.end.take().map_or(Taken::Nothing, Taken::End)
    }

    /// How many bytes a second its connection gave, of which it was asked for so many.
    pub fn rate(&self) -> f64 {
        self.len as f64 / self.shared.lock().waited.as_secs_f64().max(1e-6)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        match &self.hand {
            Some(hand) => hand.stop(&mut self.task),
            None => self.task.abort(),
        }
    }
}

/// The task's end of a range.
struct Feed {
    shared: Arc<Shared>,
    /// Of the hand that it runs on.
    clock: Option<Arc<Clock>>,
    got: usize,
    /// Small chunks, put together.
    small: BytesMut,
    done: Option<Result<()>>,
}

impl Feed {
    /// All of it is handed on.
    fn finish(mut self, done: Result<()>) {
        self.done = Some(done);
    }

    /// Hands on what is put together.
    fn flush(&mut self) {
        if !self.small.is_empty() {
            let piece = self.small.split().freeze();
            self.hand(piece);
        }
    }

    fn hand(&mut self, chunk: Bytes) {
        let mut s = self.shared.lock();
        let before = s.held;
        s.held += chunk.len();
        s.chunks.push_back(chunk);
        let wake = before < s.enough() && s.held >= s.enough();
        drop(s);
        if wake {
            self.shared.wake();
        }
    }
}

impl Sink for Feed {
    fn len(&self) -> usize {
        self.got
    }

    async fn room(&mut self) {
        loop {
            {
                let s = self.shared.lock();
                if s.held < s.room {
                    return;
                }
            }
            self.shared.space.notified().await;
        }
    }

    fn put(&mut self, chunk: Bytes, waited: Duration) {
        self.got += chunk.len();
        self.shared.lock().waited += waited;
        if chunk.len() >= SMALL {
            self.flush();
            self.hand(chunk);
            return;
        }
        if self.small.capacity() - self.small.len() < chunk.len() {
            self.flush();
            self.small.reserve(PIECE);
        }
        self.small.extend_from_slice(&chunk);
    }

    fn away(&self) -> Duration {
        self.clock.as_ref().map_or(Duration::ZERO, |clock| clock.away())
    }

    /// What was handed on is read already.
    fn forget(&mut self) -> bool {
        false
    }
}

/// Also of a task that was stopped the reader learns that nothing more comes.
impl Drop for Feed {
    fn drop(&mut self) {
        self.flush();
        let stopped = || Err(Error::new(Reason::Io, "a fetching task was stopped"));
        self.shared.lock().end = Some(self.done.take().unwrap_or_else(stopped));
        self.shared.wake();
    }
}
