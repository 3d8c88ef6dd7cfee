//! What one run may cost.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::scan::Counters;

/// Limits of a run; what is left over is read by the next.
#[derive(Clone, Copy, Debug, Default)]
pub struct Budget {
    /// Time from its start, in which objects in hand are still finished.
    pub time: Option<Duration>,
    /// Stored bytes fetched.
    pub bytes: Option<u64>,
}

/// Runs `work` with a flag that stops it: set when `stop` is, or when the budget is used up. Also says whether the budget was.
pub fn guard<T>(budget: Budget, counters: &Counters, stop: &AtomicBool, work: impl FnOnce(&AtomicBool) -> T) -> (T, bool) {
    let (own, over, done) = (AtomicBool::new(false), AtomicBool::new(false), AtomicBool::new(false));
    let started = Instant::now();
    let result = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let late = budget.time.is_some_and(|t| started.elapsed() >= t);
                let much = budget.bytes.is_some_and(|b| counters.bytes.load(Ordering::Relaxed) >= b);
                if late || much {
                    over.store(true, Ordering::Relaxed);
                }
                if late || much || stop.load(Ordering::Relaxed) {
                    own.store(true, Ordering::Relaxed);
                }
                std::thread::park_timeout(Duration::from_millis(20));
            }
        });
        // A panic of the work must not leave the guard waiting.
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(&own)));
        done.store(true, Ordering::Relaxed);
        result
    });
    match result {
        Ok(result) => (result, over.into_inner()),
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(flag: &AtomicBool) -> bool {
        let patience = Instant::now() + Duration::from_secs(20);
        while !flag.load(Ordering::Relaxed) && Instant::now() < patience {
            std::thread::sleep(Duration::from_millis(5));
        }
        flag.load(Ordering::Relaxed)
    }

    #[test]
    fn a_budget_stops_its_run() {
        let (counters, stop) = (Counters::default(), AtomicBool::new(false));
        assert_eq!(guard(Budget::default(), &counters, &stop, |s| s.load(Ordering::Relaxed)), (false, false));
        let time = Budget { time: Some(Duration::from_millis(30)), bytes: None };
        assert_eq!(guard(time, &counters, &stop, wait), (true, true));
        counters.bytes.store(1000, Ordering::Relaxed);
        assert_eq!(guard(Budget { time: None, bytes: Some(1000) }, &counters, &stop, wait), (true, true));
        stop.store(true, Ordering::Relaxed);
        assert_eq!(guard(Budget::default(), &counters, &stop, wait), (true, false), "the user's stop is no budget");
    }
}
