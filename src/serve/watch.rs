//! When to run, and what a run meant.
//!
//! Runs begin on a grid: the start of the watch, and every interval after it, each moved by a random part of the jitter so that
//! many machines do not ask one storage at the same moment. One run at a time. A run that goes on past the next point of the grid is
//! followed at once by one run (`once`: however many points were missed), or by the next point that is still to come
//! (`skip`). A run that failed is tried again after one minute, two, four and so on, never later than the next point.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::Metrics;
use crate::base::Timestamp;
use crate::scan::Summary;

/// Where the time comes from.
pub trait Clock {
    /// The present.
    fn now(&self) -> Timestamp;
    /// Returns at `until`, or soon after `stop` is set.
    fn wait(&self, until: Timestamp, stop: &AtomicBool);
}

/// The machine's clock. A machine that slept wakes up to a point of the grid that has passed, which counts as missed.
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn wait(&self, until: Timestamp, stop: &AtomicBool) {
        while Timestamp::now() < until && !stop.load(Ordering::Relaxed) {
            let left = (until.0 - Timestamp::now().0).clamp(1, 200);
            std::thread::sleep(Duration::from_millis(left as u64));
        }
    }
}

/// What happens when points of the grid pass during a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CatchUp {
    /// One run at once, however many were missed.
    Once,
    /// None; the next point that is still to come.
    Skip,
}

/// When to run.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// From point to point of the grid.
    pub every: Duration,
    /// Runs begin up to this much after their point.
    pub jitter: Duration,
    /// What of missed points.
    pub catch_up: CatchUp,
    /// End after so many runs, those included that failed.
    pub runs: Option<u64>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Everything was read.
    Complete,
    /// Something could not be read: see coverage.
    Incomplete,
    /// The budget was used up; the next run goes on.
    Budget,
    /// The watch was told to stop.
    Stopped,
    /// Another process was writing to the index.
    Busy,
    /// There was no result.
    Failed,
}

impl Outcome {
    /// All.
    pub const ALL: &'static [Outcome] =
        &[Outcome::Complete, Outcome::Incomplete, Outcome::Budget, Outcome::Stopped, Outcome::Busy, Outcome::Failed];

    /// As printed.
    pub fn code(self) -> &'static str {
        match self {
            Outcome::Complete => "complete",
            Outcome::Incomplete => "incomplete",
            Outcome::Budget => "budget",
            Outcome::Stopped => "stopped",
            Outcome::Busy => "busy",
            Outcome::Failed => "failed",
        }
    }

    /// Whether the run left a new state of the index behind.
    pub fn is_good(self) -> bool {
        matches!(self, Outcome::Complete | Outcome::Incomplete | Outcome::Budget)
    }

    /// Whether somebody should look: anything but complete, budget and stopped.
    pub fn alerts(self) -> bool {
        matches!(self, Outcome::Incomplete | Outcome::Busy | Outcome::Failed)
    }
}

/// What one run gave.
#[derive(Clone, Debug)]
pub struct RunReport {
    /// How it ended.
    pub outcome: Outcome,
    /// What it did; `None` if it failed.
    pub summary: Option<Summary>,
    /// Why it failed, without values of the data.
    pub error: Option<String>,
}

/// The first wait after a failure; doubles with each.
const RETRY: i64 = 60_000;

/// Runs by the plan until `stop` is set or the plan ends. `random` gives numbers from 0 to 1; `run` does one run; `told` learns
/// what it gave, when it began, and when the next begins (`None`: none does). Returns the last outcome.
pub fn watch(
    plan: &Plan,
    clock: &dyn Clock,
    random: &mut dyn FnMut() -> f64,
    stop: &AtomicBool,
    metrics: &Metrics,
    run: &mut dyn FnMut() -> RunReport,
    told: &mut dyn FnMut(&RunReport, Timestamp, Option<Timestamp>),
) -> Option<Outcome> {
    let every = (plan.every.as_millis() as i64).max(1);
    let jitter = (plan.jitter.as_millis() as i64).min(every - 1) as f64;
    let begin = clock.now();
    metrics.begin(begin, every * 3);
    // The first run begins at once: somebody is looking.
    let (mut point, mut start) = (begin.0, begin.0);
    let (mut failures, mut done, mut last) = (0u32, 0u64, None);
    while !stop.load(Ordering::Relaxed) && plan.runs.is_none_or(|n| done < n) {
        clock.wait(Timestamp(start), stop);
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let started = clock.now();
        metrics.started(started);
        let report = run();
        let now = clock.now().0;
        (done, last) = (done + 1, Some(report.outcome));
        failures = if report.outcome.is_good() { 0 } else { failures + 1 };
        // The point that this run stood for; a retry stands for the one before it.
        let passed = point + (now - point).max(0) / every * every;
        let missed = passed > point;
        let next = passed + every;
        start = if failures > 0 {
            (now + (RETRY << (failures - 1).min(20))).min(next)
        } else if missed && plan.catch_up == CatchUp::Once {
            now
        } else {
            next + (jitter * random().clamp(0.0, 1.0)) as i64
        };
        // A run at once stands for the newest point that was missed.
        point = if start >= next { next } else { passed };
        let over = stop.load(Ordering::Relaxed) || plan.runs.is_some_and(|n| done >= n);
        let next = (!over).then_some(Timestamp(start));
        metrics.ended(Timestamp(now), report.outcome, report.summary.as_ref(), next);
        told(&report, started, next);
    }
    last
}

#[cfg(test)]
#[path = "watch_tests.rs"]
mod tests;
