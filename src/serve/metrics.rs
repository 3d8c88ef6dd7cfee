//! What the runs counted, as Prometheus reads it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::watch::Outcome;
use crate::base::Timestamp;
use crate::scan::Summary;

/// Numbers of the runs so far. Holds no name and no value of the data.
#[derive(Debug, Default)]
pub struct Metrics {
    state: Mutex<State>,
}

#[derive(Clone, Debug, Default)]
struct State {
    runs: BTreeMap<&'static str, u64>,
    active: bool,
    started: Option<Timestamp>,
    ended: Option<Timestamp>,
    good: Option<Timestamp>,
    next: Option<Timestamp>,
    failures: u64,
    last: Option<Summary>,
    bytes: (u64, u64),
    hook_failures: u64,
    since: Option<Timestamp>,
    patience: i64,
}

impl Metrics {
    fn with<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        // Numbers are whole at any time.
        f(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The watch begins; it is ill when no run ended well for `patience` milliseconds.
    pub fn begin(&self, now: Timestamp, patience: i64) {
        self.with(|s| (s.since, s.patience) = (Some(now), patience));
    }

    /// A run begins.
    pub fn started(&self, now: Timestamp) {
        self.with(|s| (s.active, s.started) = (true, Some(now)));
    }

    /// A run ended; the next begins at `next`.
    pub fn ended(&self, now: Timestamp, outcome: Outcome, summary: Option<&Summary>, next: Option<Timestamp>) {
        self.with(|s| {
            *s.runs.entry(outcome.code()).or_default() += 1;
            (s.active, s.ended, s.next) = (false, Some(now), next);
            if outcome.is_good() {
                (s.good, s.failures) = (Some(now), 0);
            } else if outcome != Outcome::Stopped {
                s.failures += 1;
            }
            if let Some(summary) = summary {
                s.bytes.0 += summary.totals.stored;
                s.bytes.1 += summary.totals.decoded;
                s.last = Some(summary.clone());
            }
        });
    }

    /// A hook failed.
    pub fn hook_failed(&self) {
        self.with(|s| s.hook_failures += 1);
    }

    /// Whether all is well, with a line that says why not: a run failed three times in turn, or none ended well for too long.
    pub fn health(&self, now: Timestamp) -> Result<&'static str, &'static str> {
        self.with(|s| {
            let since = s.good.or(s.since).unwrap_or(now);
            match () {
                () if s.failures >= 3 => Err("the last three runs failed"),
                () if now.0 - since.0 > s.patience => Err("no run has ended well for three intervals"),
                () if s.good.is_none() => Ok("starting"),
                () => Ok("ok"),
            }
        })
    }

    /// The text format of Prometheus, version 0.0.4.
    pub fn text(&self, now: Timestamp) -> String {
        let s = self.with(|s| s.clone());
        let mut out = String::new();
        let mut metric = |name: &str, kind: &str, help: &str, values: &[(String, f64)]| {
            out += &format!("# HELP piimap_{name} {help}\n# TYPE piimap_{name} {kind}\n");
            for (labels, value) in values {
                out += &format!("piimap_{name}{labels} {value}\n");
            }
        };
        let one = |v: f64| vec![(String::new(), v)];
        let label = |key: &str, value: &str, n: f64| (format!("{{{key}=\"{value}\"}}"), n);
        let seconds = |t: Option<Timestamp>| t.map(|t| vec![(String::new(), t.0 as f64 / 1000.0)]).unwrap_or_default();
        metric("build_info", "gauge", "The version that runs.", &[label("version", env!("CARGO_PKG_VERSION"), 1.0)]);
        metric("healthy", "gauge", "1 if /healthz says ok.", &one(f64::from(u8::from(self.health(now).is_ok()))));
        let runs: Vec<_> =
            Outcome::ALL.iter().map(|o| label("outcome", o.code(), s.runs.get(o.code()).copied().unwrap_or(0) as f64)).collect();
        metric("runs_total", "counter", "Runs by how they ended.", &runs);
        metric("run_active", "gauge", "1 while a run is going on.", &one(f64::from(u8::from(s.active))));
        metric("run_failures_in_turn", "gauge", "Runs that failed since the last that did not.", &one(s.failures as f64));
        metric("last_run_start_timestamp_seconds", "gauge", "When the newest run began.", &seconds(s.started));
        metric("last_run_end_timestamp_seconds", "gauge", "When the newest run ended.", &seconds(s.ended));
        metric("last_success_timestamp_seconds", "gauge", "When a run last ended well.", &seconds(s.good));
        metric("next_run_timestamp_seconds", "gauge", "When the next run begins.", &seconds(s.next));
        metric(
            "read_bytes_total",
            "counter",
            "Bytes read.",
            &[label("kind", "stored", s.bytes.0 as f64), label("kind", "decoded", s.bytes.1 as f64)],
        );
        metric("hook_failures_total", "counter", "Hooks that failed.", &one(s.hook_failures as f64));
        if let Some(last) = &s.last {
            let t = &last.totals;
            let objects = [
                ("listed", t.listed),
                ("unchanged", t.unchanged),
                ("read", t.read),
                ("partial", t.partial),
                ("unread", t.unread),
                ("gone", t.gone),
            ];
            let objects: Vec<_> = objects.iter().map(|(state, n)| label("state", state, *n as f64)).collect();
            metric("last_run_objects", "gauge", "Objects of the newest run.", &objects);
            metric("last_run_seconds", "gauge", "How long the newest run took.", &one(last.seconds));
            metric(
                "last_run_incomplete",
                "gauge",
                "Objects and listings not read completely, older ones included.",
                &one(last.missing.total() as f64),
            );
            metric("consumers", "gauge", "Consumers in all current objects.", &one(last.consumers as f64));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn health_follows_the_runs() {
        let m = Metrics::default();
        m.begin(Timestamp(0), 1000);
        assert_eq!(m.health(Timestamp(10)), Ok("starting"));
        assert!(m.health(Timestamp(2000)).is_err());
        m.started(Timestamp(20));
        m.ended(Timestamp(30), Outcome::Complete, Some(&Summary { consumers: 7, ..Summary::default() }), Some(Timestamp(900)));
        assert_eq!(m.health(Timestamp(1000)), Ok("ok"));
        for _ in 0..3 {
            assert!(m.health(Timestamp(1000)).is_ok());
            m.ended(Timestamp(40), Outcome::Failed, None, None);
        }
        assert!(m.health(Timestamp(1000)).is_err());
        let text = m.text(Timestamp(1000));
        for line in [
            "piimap_runs_total{outcome=\"failed\"} 3",
            "piimap_consumers 7",
            "piimap_healthy 0",
            "piimap_last_success_timestamp_seconds 0.03",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} in {text}");
        }
        // Every line is a comment or a name, perhaps labels, and a number.
        assert!(text.lines().all(|l| l.starts_with("# ") || l.rsplit_once(' ').is_some_and(|(_, n)| n.parse::<f64>().is_ok())));
    }
}
