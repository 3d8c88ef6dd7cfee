//! When do logs say nothing? Hours of the window without an event, a log file or a digest, per account and region.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::Timestamp;
use crate::evidence::Events;

/// Hours without a trace. That may mean that nothing happened, that logging was off, or that files are missing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Silence {
    /// Account, or what else the log names.
    pub account: String,
    /// Region.
    pub region: String,
    /// The first hour.
    pub from: Timestamp,
    /// The end of the last.
    pub to: Timestamp,
}

impl Silence {
    /// How many hours.
    pub fn hours(&self) -> u64 {
        hour(self.to).abs_diff(hour(self.from))
    }
}

const HOUR: i64 = 3_600_000;

fn hour(t: Timestamp) -> i64 {
    t.0.div_euclid(HOUR)
}

/// The calendar of gaps, by account, region and time. Without a window that was asked for it reaches from the first hour of any log to the last.
pub(super) fn calendar(events: &Events) -> Vec<Silence> {
    let mut heard: BTreeMap<(&str, &str), BTreeSet<i64>> = BTreeMap::new();
    for (account, region, hour) in events.hours.iter().chain(&events.delivered) {
        heard.entry((account, region)).or_default().insert(*hour);
    }
    let all = || heard.values().flatten().copied();
    let (Some(first), Some(last)) = (all().min(), all().max()) else { return Vec::new() };
    let from = events.window.0.map_or(first, hour);
    let to = events.window.1.map_or(last + 1, |t| hour(Timestamp(t.0.saturating_sub(1))) + 1);
    let mut out = Vec::new();
    for ((account, region), hours) in heard {
        let mut at = from;
        for next in hours.into_iter().filter(|h| (from..to).contains(h)).chain([to]) {
            if next > at {
                let time = |hour: i64| Timestamp(hour.saturating_mul(HOUR));
                out.push(Silence { account: account.to_owned(), region: region.to_owned(), from: time(at), to: time(next) });
            }
            at = next + 1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_told_by_account_and_region() {
        let at = |account: &str, region: &str, h: i64| (account.to_owned(), region.to_owned(), h);
        let mut e = Events::default();
        assert_eq!(calendar(&e), []);
        e.hours.extend([at("1", "eu", 10), at("1", "eu", 13), at("2", "us", 11)]);
        e.delivered.extend([at("1", "eu", 11), at("1", "eu", 12)]);
        let of = |e: &Events| calendar(e).iter().map(|s| (s.account.clone(), hour(s.from), hour(s.to), s.hours())).collect::<Vec<_>>();
        assert_eq!(of(&e), [("2".to_owned(), 10, 11, 1), ("2".to_owned(), 12, 14, 2)], "a file without events is a sign of life");
        // The window that was asked for: its ends count, however long ago.
        e.window = (Some(Timestamp(8 * HOUR + 1)), Some(Timestamp(12 * HOUR)));
        let want = [("1".to_owned(), 8, 10, 2), ("2".to_owned(), 8, 11, 3)];
        assert_eq!(of(&e), want, "the end is open, a part of an hour is that hour");
        e.window = (Some(Timestamp(i64::MIN)), Some(Timestamp(i64::MAX)));
        assert_eq!(of(&e).len(), 4);
    }
}
