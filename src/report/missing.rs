//! What answers lack, in one phrase and in one set of members, wherever it is told.

use serde_json::{Map, Value, json};

use super::text::plural;
use crate::index::{Missing, RunStatus, Unended};

/// `3 objects not read completely, 2 locations not listed`; empty if nothing is missing.
pub(super) fn missing_text(m: &Missing) -> String {
    let some = |n: u64, noun: &str, what: &str| (n > 0).then(|| format!("{} {what}", plural(n, noun)));
    let objects =
        [(m.objects, "object", "not read completely"), (m.unlisted, "location", "not listed"), (m.unreached, "object", "not reached")];
    let mut said: Vec<String> = objects.into_iter().filter_map(|(n, noun, what)| some(n, noun, what)).collect();
    said.extend(m.unended.iter().map(unended));
    said.join(", ")
}

fn unended(u: &Unended) -> String {
    let how = if u.status == RunStatus::Running { "still going on" } else { "killed before its end" };
    format!("run {} {how}", u.run)
}

/// `unread_objects`, `partial_objects`, `incomplete_objects` (these, and those that could not be read again), `unlisted` (folders,
/// prefixes, links, pipes), `unreached` (objects of a run that was stopped), `unended_runs` (killed or going on).
pub(super) fn missing_json(m: &Missing) -> Map<String, Value> {
    let runs: Vec<i64> = m.unended.iter().map(|u| u.run).collect();
    let all = json!({
        "unread_objects": m.unread, "partial_objects": m.partial, "incomplete_objects": m.objects, "unlisted": m.unlisted,
        "unreached": m.unreached, "unended_runs": runs,
    });
    match all {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
