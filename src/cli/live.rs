//! What the line of a run says, in 80 columns.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::report::bytes;

/// How far a run has come while it reads.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reading {
    /// Stored bytes: fetched, and to fetch.
    pub bytes: (u64, u64),
    /// Objects done.
    pub objects: u64,
    pub sightings: u64,
    pub unread: u64,
}

/// The rate is that of so long.
const WINDOW: Duration = Duration::from_secs(10);
/// Before this no rate is told: the first bytes come from what was fetched ahead.
const FIRST: Duration = Duration::from_secs(2);

/// Bytes a second of the newest seconds.
#[derive(Debug, Default)]
pub(super) struct Rate(VecDeque<(Instant, u64)>);

impl Rate {
    /// Notes how many bytes there are now; the rate, once it is known.
    pub fn at(&mut self, now: Instant, bytes: u64) -> Option<f64> {
        while self.0.len() > 2 && self.0.get(1).is_some_and(|s| now.duration_since(s.0) >= WINDOW) {
            self.0.pop_front();
        }
        self.0.push_back((now, bytes));
        let (start, had) = self.0.front()?;
        let seconds = now.duration_since(*start);
        (seconds >= FIRST).then(|| bytes.saturating_sub(*had) as f64 / seconds.as_secs_f64())
    }
}

/// While objects are read; `stopping` once Ctrl-C was pressed.
pub(super) fn reading(r: &Reading, rate: Option<f64>, stopping: bool) -> String {
    if stopping {
        return format!("finishing the objects in hand, Ctrl-C to stop at once: {} objects read", short(r.objects));
    }
    let (done, all) = (r.bytes.0.min(r.bytes.1), r.bytes.1);
    let mut out = match all {
        0 => String::new(),
        _ => format!("{} % of {}, ", (u128::from(done) * 100 / u128::from(all)), bytes(all)),
    };
    if let Some(rate) = rate.filter(|r| *r >= 1.0) {
        out += &format!("{}/s, ", bytes(rate as u64));
        if done < all {
            out += &format!("ETA {}, ", time((all - done) as f64 / rate));
        }
    }
    out += &format!("{} objects, {} sightings", short(r.objects), short(r.sightings));
    if r.unread > 0 {
        out += &format!(", {} unread", short(r.unread));
    }
    out
}

/// After everything is read.
pub(super) fn settling(r: &Reading, since: Duration) -> String {
    let (objects, sightings) = (short(r.objects), short(r.sightings));
    format!("{objects} objects read; joining {sightings} sightings to people: {}", time(since.as_secs_f64()))
}

/// A number in four characters: `9999`, `12k`, `1.2M`.
fn short(n: u64) -> String {
    if n < 10_000 {
        return n.to_string();
    }
    let mut value = n as f64;
    for unit in ["", "k", "M", "G", "T", "P"] {
        if value < 9.95 {
            return format!("{value:.1}{unit}");
        }
        if value < 999.5 {
            return format!("{value:.0}{unit}");
        }
        value /= 1000.0;
    }
    format!("{value:.0}E")
}

/// A time in its largest unit: `59s`, `12m`, `30h`, `5d`.
fn time(seconds: f64) -> String {
    let s = seconds.max(0.0) as u64;
    match s {
        0..100 => format!("{s}s"),
        100..6000 => format!("{}m", (s + 30) / 60),
        6000..360_000 => format!("{}h", (s + 1800) / 3600),
        _ => format!("{}d", (s / 86_400).min(999)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_fits_80_columns() {
        for n in [0, 1, 99, 9_999, 99_999, 999_499, 12_345_678, 999_999_999, 99_999_999_999] {
            for all in [0, 1, 9_994, 15_800_000_000, 99_900_000_000_000] {
                let r = Reading { bytes: (all, all + 1), objects: n, sightings: n, unread: n };
                for rate in [None, Some(0.0), Some(99_900_000.0), Some(1.0)] {
                    for line in [reading(&r, rate, false), reading(&r, rate, true), settling(&r, Duration::from_secs(n))] {
                        assert!(line.chars().count() < 80, "{} {line}", line.len());
                    }
                }
            }
        }
        let r = Reading { bytes: (450, 1000), objects: 3, sightings: 1_234_567, unread: 0 };
        assert_eq!(reading(&r, None, false), "45 % of 1.00 kB, 3 objects, 1.2M sightings");
        assert_eq!(reading(&r, Some(5.0), false), "45 % of 1.00 kB, 5 B/s, ETA 2m, 3 objects, 1.2M sightings");
        let all = Reading { bytes: (1000, 1000), unread: 2, ..r };
        assert_eq!(reading(&all, Some(5.0), false), "100 % of 1.00 kB, 5 B/s, 3 objects, 1.2M sightings, 2 unread", "and no ETA");
        assert_eq!(settling(&r, Duration::from_secs(7)), "3 objects read; joining 1.2M sightings to people: 7s");
    }

    #[test]
    fn rates_are_of_the_newest_seconds() {
        let (start, mut rate) = (Instant::now(), Rate::default());
        let mut at = |s: u64, b: u64| rate.at(start + Duration::from_secs(s), b);
        assert_eq!((at(0, 1_000_000), at(1, 2_000_000)), (None, None), "what was there at first is no rate");
        assert_eq!(at(2, 3_000_000), Some(1_000_000.0));
        (3..30).for_each(|s| _ = at(s, 3_000_000));
        assert_eq!(at(30, 3_000_000), Some(0.0));
    }
}
