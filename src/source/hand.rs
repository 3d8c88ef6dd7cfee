//! What receives on the thread that reads.
//!
//! PERF: a connection that some other thread receives from costs two changes of threads for what it hands over, and its bytes have
//! left the processor's cache when they are read. Where one connection is as fast as its reader, nothing is won by that.

use std::any::Any;
use std::cell::OnceCell;
use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinHandle;

use crate::base::{Error, Reason, Result};

/// After so long without anybody who waits, connections are looked at before they are used: the other side may have closed them.
const LONG: Duration = Duration::from_secs(1);

/// An asynchronous runtime without threads: what was spawned on it goes on while somebody waits, and stands still else.
///
/// What runs on it must not hold it, or it would never end: [`Clock`] is for that.
pub(super) struct Hand {
    runtime: Runtime,
    clock: Arc<Clock>,
    /// What belongs to it alone, by whose it is.
    kept: Mutex<HashMap<u64, Box<dyn Any + Send>>>,
}

/// How long nobody waited.
pub(super) struct Clock(Mutex<State>);

struct State {
    waiting: usize,
    /// How long nobody waited, up to `left`.
    away: Duration,
    left: Instant,
}

thread_local! {
    static HAND: OnceCell<Arc<Hand>> = const { OnceCell::new() };
}

/// The hand of this thread. Fails only if the operating system has nothing to wait with.
pub(super) fn own() -> Result<Arc<Hand>> {
    HAND.with(|hand| match hand.get() {
        Some(hand) => Ok(hand.clone()),
        None => {
            let new = Hand::new().map_err(|e| Error::new(Reason::Io, format!("no network for this thread: {}", e.kind())))?;
            Ok(hand.get_or_init(|| Arc::new(new)).clone())
        }
    })
}

impl Hand {
    fn new() -> std::io::Result<Hand> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let state = State { waiting: 0, away: Duration::ZERO, left: Instant::now() };
        Ok(Hand { runtime, clock: Arc::new(Clock(Mutex::new(state))), kept: Mutex::default() })
    }

    pub fn clock(&self) -> &Arc<Clock> {
        &self.clock
    }

    /// What it keeps for `owner` (see [`owner`]), made at the first time. It is let go with the hand.
    pub fn keep<T: Clone + Send + 'static>(&self, owner: u64, make: impl FnOnce() -> T) -> T {
        let mut kept = self.kept.lock().unwrap_or_else(|e| e.into_inner());
        match kept.get(&owner).and_then(|k| k.downcast_ref::<T>()) {
            Some(known) => known.clone(),
            None => {
                let new = make();
                kept.insert(owner, Box::new(new.clone()));
                new
            }
        }
    }

    /// Stops a task and lets go of what it held.
    pub fn stop(&self, task: &mut JoinHandle<()>) {
        task.abort();
        // Within a runtime nobody may wait: it is let go when somebody does.
        if !task.is_finished() && Handle::try_current().is_err() {
            let _ = self.wait(task);
        }
    }

    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
        self.runtime.spawn(task)
    }

    /// Blocks this thread, which need not be the one that the hand was made on, until `what` is done.
    ///
    /// # Panics
    ///
    /// Within a task of any runtime.
    pub fn wait<O>(&self, what: impl Future<Output = O>) -> O {
        let gone = self.clock.enter();
        let _leave = Leave(&self.clock);
        if gone >= LONG {
            // One turn in which connections learn what came meanwhile.
            self.runtime.block_on(async { tokio::time::sleep(Duration::from_millis(1)).await });
        }
        self.runtime.block_on(what)
    }
}

impl Clock {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Somebody waits; how long nobody did.
    fn enter(&self) -> Duration {
        let mut s = self.lock();
        let gone = if s.waiting == 0 { s.left.elapsed() } else { Duration::ZERO };
        s.away += gone;
        s.waiting += 1;
        gone
    }

    /// How long nobody waited since the hand was made, up to now or to when somebody began to wait.
    pub fn away(&self) -> Duration {
        let s = self.lock();
        s.away + if s.waiting == 0 { s.left.elapsed() } else { Duration::ZERO }
    }
}

/// A number for somebody for whom hands keep something; no other has it.
pub(super) fn owner() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

struct Leave<'c>(&'c Clock);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        let mut s = self.0.lock();
        s.waiting -= 1;
        s.left = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_does_stands_still_while_nobody_waits() {
        let hand = own().unwrap();
        assert!(Arc::ptr_eq(&own().unwrap(), &hand), "a thread has one");
        let count = Arc::new(AtomicU64::new(0));
        let counted = count.clone();
        let mut task = hand.spawn(async move {
            loop {
                counted.fetch_add(1, Ordering::SeqCst);
                tokio::task::yield_now().await;
            }
        });
        assert_eq!(count.load(Ordering::SeqCst), 0);
        hand.wait(async { tokio::time::sleep(Duration::from_millis(5)).await });
        let so_far = count.load(Ordering::SeqCst);
        assert!(so_far > 0);
        let before = hand.clock().away();
        std::thread::sleep(Duration::from_millis(20));
        assert_eq!(count.load(Ordering::SeqCst), so_far);
        assert!(hand.clock().away() >= before + Duration::from_millis(20));
        // Somebody else may wait on it, too.
        let other = std::thread::scope(|s| {
            let done = s.spawn(|| {
                hand.wait(async { tokio::time::sleep(Duration::from_millis(5)).await });
                Arc::ptr_eq(&own().unwrap(), &hand)
            });
            done.join().unwrap()
        });
        assert!(count.load(Ordering::SeqCst) > so_far && !other);
        hand.stop(&mut task);
        assert_eq!(Arc::strong_count(&count), 1, "what was stopped holds nothing");
    }

    #[test]
    fn what_it_keeps_goes_with_its_thread() {
        let (kept, us) = (Arc::new(()), owner());
        let theirs = kept.clone();
        std::thread::spawn(move || {
            let hand = own().unwrap();
            let first = hand.keep(us, || theirs.clone());
            let again = hand.keep(us, || unreachable!("it is kept"));
            assert!(Arc::ptr_eq(&first, &again) && us != owner());
            // A task that never ends, too.
            hand.spawn(async move {
                let _held = theirs;
                std::future::pending::<()>().await;
            });
            hand.wait(tokio::task::yield_now());
        })
        .join()
        .unwrap();
        assert_eq!(Arc::strong_count(&kept), 1);
    }
}
