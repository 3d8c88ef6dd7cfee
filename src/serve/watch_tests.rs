use std::cell::Cell;

use super::*;

/// A clock that a test moves; waiting takes no time.
struct Hand {
    now: Cell<i64>,
    stop_at: i64,
}

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp(self.now.get())
    }

    fn wait(&self, until: Timestamp, stop: &AtomicBool) {
        if until.0 >= self.stop_at {
            stop.store(true, Ordering::Relaxed);
        }
        self.now.set(self.now.get().max(until.0.min(self.stop_at)));
    }
}

const HOUR: i64 = 3_600_000;
const MINUTE: i64 = 60_000;

/// Runs that take so long and end so, in turn (the last again and again); gives when each began, and what was said of the next.
fn history(plan: Plan, stop_at: i64, runs: &[(i64, Outcome)]) -> (Vec<i64>, Vec<Option<i64>>, Metrics) {
    let clock = Hand { now: Cell::new(0), stop_at };
    let (stop, metrics) = (AtomicBool::new(false), Metrics::default());
    let (mut began, mut next, mut n) = (Vec::new(), Vec::new(), 0);
    watch(
        &plan,
        &clock,
        &mut || 0.5,
        &stop,
        &metrics,
        &mut || {
            let (takes, outcome) = runs[n.min(runs.len() - 1)];
            n += 1;
            began.push(clock.now.get());
            clock.now.set(clock.now.get() + takes);
            RunReport { outcome, summary: None, error: None }
        },
        &mut |_, _, at| next.push(at.map(|t| t.0)),
    );
    (began, next, metrics)
}

fn plan(catch_up: CatchUp) -> Plan {
    Plan { every: Duration::from_secs(6 * 3600), jitter: Duration::ZERO, catch_up, runs: None }
}

#[test]
fn runs_begin_on_the_grid() {
    use Outcome::{Budget, Busy, Complete, Failed, Incomplete};
    let h = |v: &[f64]| v.iter().map(|h| (h * HOUR as f64) as i64).collect::<Vec<_>>();
    let m = |v: &[i64]| v.iter().map(|m| m * MINUTE).collect::<Vec<_>>();
    for (what, catch_up, runs, until, want) in [
        ("every six hours", CatchUp::Once, &[(HOUR, Complete)][..], 20 * HOUR, h(&[0.0, 6.0, 12.0, 18.0])),
        (
            "incomplete and budget are runs like others",
            CatchUp::Once,
            &[(HOUR, Incomplete), (HOUR, Budget)],
            14 * HOUR,
            h(&[0.0, 6.0, 12.0]),
        ),
        (
            "a long run is followed by one",
            CatchUp::Once,
            &[(14 * HOUR, Complete), (HOUR, Complete)],
            30 * HOUR,
            h(&[0.0, 14.0, 18.0, 24.0]),
        ),
        ("or by the next point", CatchUp::Skip, &[(14 * HOUR, Complete), (HOUR, Complete)], 30 * HOUR, h(&[0.0, 18.0, 24.0])),
        ("runs longer than the interval never overlap", CatchUp::Once, &[(7 * HOUR, Complete)], 22 * HOUR, h(&[0.0, 7.0, 14.0, 21.0])),
        ("and leave gaps where they may", CatchUp::Skip, &[(7 * HOUR, Complete)], 40 * HOUR, h(&[0.0, 12.0, 24.0, 36.0])),
        ("a run to the minute of the next point", CatchUp::Skip, &[(6 * HOUR, Complete)], 20 * HOUR, h(&[0.0, 12.0])),
        (
            "failures are tried again, each later",
            CatchUp::Once,
            &[(0, Failed), (0, Busy), (0, Failed), (0, Complete)],
            7 * HOUR,
            m(&[0, 1, 3, 7, 360]),
        ),
        (
            "but no later than the next point",
            CatchUp::Once,
            &[(0, Failed)],
            7 * HOUR,
            m(&[0, 1, 3, 7, 15, 31, 63, 127, 255, 360, 360 + 60]),
        ),
    ] {
        let (began, ..) = history(plan(catch_up), until, runs);
        let n = if what.starts_with("but") { 10 } else { want.len().max(began.len()) };
        assert_eq!(began[..n.min(began.len())], want[..n.min(want.len())], "{what}");
    }
}

#[test]
fn jitter_moves_a_start_but_not_the_grid() {
    let jittered = Plan { jitter: Duration::from_secs(600), ..plan(CatchUp::Once) };
    let (began, next, _) = history(jittered, 20 * HOUR, &[(HOUR, Outcome::Complete)]);
    assert_eq!(began, [0, 6 * HOUR + 5 * MINUTE, 12 * HOUR + 5 * MINUTE, 18 * HOUR + 5 * MINUTE]);
    assert_eq!(next[0], Some(6 * HOUR + 5 * MINUTE), "what is said is what comes");
    // More jitter than interval would make runs change places.
    let wild = Plan { jitter: Duration::from_secs(100 * 3600), ..plan(CatchUp::Once) };
    let (began, ..) = history(wild, 30 * HOUR, &[(MINUTE, Outcome::Complete)]);
    assert!(began.windows(2).all(|w| w[0] < w[1]), "{began:?}");
}

#[test]
fn it_ends_after_so_many_runs_or_when_told() {
    let three = Plan { runs: Some(3), ..plan(CatchUp::Once) };
    let (began, next, metrics) = history(three, i64::MAX, &[(HOUR, Outcome::Complete), (HOUR, Outcome::Failed), (HOUR, Outcome::Complete)]);
    assert_eq!((began.len(), next[2]), (3, None));
    let text = metrics.text(Timestamp(20 * HOUR));
    assert!(
        text.contains("piimap_runs_total{outcome=\"complete\"} 2") && text.contains("piimap_runs_total{outcome=\"failed\"} 1"),
        "{text}"
    );
    let (began, ..) = history(plan(CatchUp::Once), 1, &[(HOUR, Outcome::Stopped)]);
    assert_eq!(began, [0]);
}
