//! How many requests a store is sent at once: half as many when it asks for patience, slowly more again when it does not.

use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

use tokio::sync::Notify;

/// So many at first, at most and at least.
const START: f64 = 64.0;
const MOST: f64 = 512.0;
const LEAST: f64 = 1.0;

/// The requests to one store that wait for an answer.
pub(super) struct Pace {
    state: Mutex<State>,
    room: Notify,
}

struct State {
    limit: f64,
    inside: usize,
    /// When the limit was cut: what was asked before that says nothing of the new one.
    cut: Option<Instant>,
}

/// The right to one request. Given back when dropped.
pub(super) struct Slot<'a> {
    pace: &'a Pace,
    since: Instant,
}

impl Default for Pace {
    fn default() -> Pace {
        Pace { state: Mutex::new(State { limit: START, inside: 0, cut: None }), room: Notify::new() }
    }
}

impl Pace {
    /// Waits until one request more may be sent.
    pub async fn enter(&self) -> Slot<'_> {
        loop {
            let mut room = std::pin::pin!(self.room.notified());
            // From here on it is told of every slot, also of one that comes before it waits.
            room.as_mut().enable();
            {
                let mut s = self.lock();
                if s.inside < s.limit as usize {
                    s.inside += 1;
                    return Slot { pace: self, since: Instant::now() };
                }
            }
            room.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }
}

impl Slot<'_> {
    /// The request was answered; `slow`: with the wish for fewer of them.
    pub fn answered(self, slow: bool) {
        let mut s = self.pace.lock();
        if !slow {
            // One more for each time that all of them were answered.
            s.limit = (s.limit + 1.0 / s.limit).min(MOST);
        } else if s.cut.is_none_or(|cut| self.since > cut) {
            s.limit = (s.limit / 2.0).max(LEAST);
            s.cut = Some(Instant::now());
        }
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.pace.lock().inside -= 1;
        // All that wait look: after a growth there may be room for two.
        self.pace.room.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;
    use crate::source::runtime;

    /// Sends requests to a store that answers so many at once and asks for patience beyond; most at once, and the limit at the end.
    fn load(requests: usize, capacity: usize, pace: &Arc<Pace>) -> (usize, usize, f64) {
        let (inside, most, slowed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        runtime::shared().unwrap().block_on(async {
            let mut all = tokio::task::JoinSet::new();
            for _ in 0..requests {
                let (pace, inside, most, slowed) = (pace.clone(), inside.clone(), most.clone(), slowed.clone());
                all.spawn(async move {
                    let slot = pace.enter().await;
                    let now = inside.fetch_add(1, Ordering::SeqCst) + 1;
                    most.fetch_max(now, Ordering::SeqCst);
                    tokio::time::sleep(Duration::from_millis(2)).await;
                    inside.fetch_sub(1, Ordering::SeqCst);
                    slowed.fetch_add(usize::from(now > capacity), Ordering::SeqCst);
                    slot.answered(now > capacity);
                });
            }
            all.join_all().await;
        });
        let limit = pace.lock().limit;
        (most.load(Ordering::SeqCst), slowed.load(Ordering::SeqCst), limit)
    }

    #[test]
    fn it_backs_off_and_grows_again() {
        let pace = Arc::new(Pace::default());
        let (most, slowed, limit) = load(2000, 8, &pace);
        assert!(most <= START as usize, "{most}");
        // What was under way at the first refusal is refused, then it stays near what the store bears.
        assert!(slowed < 600 && limit < 24.0, "{slowed} refused, limit {limit}");
        let before = limit;
        let (_, slowed, limit) = load(4000, usize::MAX, &pace);
        assert!(slowed == 0 && limit > before + 20.0, "{before} to {limit}");
        assert_eq!(pace.lock().inside, 0);
    }

    #[test]
    fn one_always_may() {
        let pace = Arc::new(Pace::default());
        // One behind the other, so that each was sent after the limit was cut.
        for _ in 0..8 {
            load(1, 0, &pace);
        }
        let (_, slowed, limit) = load(100, 0, &pace);
        assert_eq!((slowed, limit), (100, LEAST));
    }
}
