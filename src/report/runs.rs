//! The journal of runs.

use serde_json::{Value, json};

use super::text::{count, plural, table};
use crate::base::Timestamp;
use crate::index::RunRow;

/// One line of `runs --format json`: `run`, `status` (`running`, `completed`, `stopped`, `killed`), `started`, `ended`, `sources`,
/// `objects` and `bytes` as in `scan`, `unlisted` (what it could not list), `records`, `sightings`, `classifier_set`, `hold`.
pub fn run_json(r: &RunRow) -> Value {
    let t = &r.totals;
    json!({
        "run": r.id,
        "status": r.status.name(),
        "started": Timestamp(r.started).to_string(),
        "ended": r.ended.map(|t| Timestamp(t).to_string()),
        "sources": r.sources,
        "objects": {"listed": t.listed, "unchanged": t.unchanged, "read": t.read, "partial": t.partial, "unread": t.unread, "gone": t.gone},
        "unlisted": r.unlisted,
        "bytes": {"stored": t.stored, "decoded": t.decoded},
        "records": t.records,
        "sightings": t.sightings,
        "classifier_set": r.classifier_set,
        "hold": r.hold,
    })
}

/// The same for people, oldest first, of the newest `most`; legal holds of all.
pub fn runs_text(runs: &[RunRow], most: usize) -> String {
    let (earlier, shown) = runs.split_at(runs.len().saturating_sub(most));
    let minute = |t: i64| Timestamp(t).to_string()[..16].replace('T', " ");
    let mut rows =
        vec![["run", "began (UTC)", "took", "status", "listed", "read", "unread", "unlisted", "gone"].map(str::to_owned).to_vec()];
    for r in shown {
        let t = &r.totals;
        let took = r.ended.map_or("-".to_owned(), |e| took((e - r.started).max(0) as u64));
        let n = |n| if r.ended.is_some() { count(n) } else { "-".to_owned() };
        let mut row = vec![r.id.to_string(), minute(r.started), took, r.status.name().to_owned()];
        row.extend([n(t.listed), n(t.read + t.partial), n(t.unread), n(r.unlisted), n(t.gone)]);
        rows.push(row);
    }
    let mut out = table(&rows, &[0, 2, 4, 5, 6, 7, 8], "");
    if !earlier.is_empty() {
        out += &format!("\n{} before these: `piimap runs --all`.\n", plural(earlier.len() as u64, "run"));
    }
    for r in runs {
        if let Some(why) = &r.hold {
            out += &format!("\nRun {} is on legal hold: {why}\n", r.id);
        }
    }
    out
}

fn took(ms: u64) -> String {
    match ms / 1000 {
        s if s < 60 => format!("{:.1} s", ms as f64 / 1000.0),
        s if s < 3600 => format!("{} min", s / 60),
        s => format!("{} h {:02} min", s / 3600, s / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn durations_have_the_unit_that_fits() {
        for (ms, want) in [(0, "0.0 s"), (1_250, "1.2 s"), (59_999, "60.0 s"), (60_000, "1 min"), (3_600_000 + 120_000, "1 h 02 min")] {
            assert_eq!(super::took(ms), want);
        }
    }
}
