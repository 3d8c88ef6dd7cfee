//! The summary of a run.

use serde_json::{Value, json};

use super::missing::{missing_json, missing_text};
use super::text::{bytes, count, plural, table, wrap};
use crate::scan::Summary;

/// `scan --format json`: `run`, `objects` {listed, unchanged, read, partial, unread, gone}, `bytes` {stored, decoded},
/// `read_for_keys`, `records`, `sightings`, `consumers`, `classifiers` {id: {sightings, consumers}}, `seconds`, `index`, `usd`
/// (estimated), `over_budget` {usd, spent_this_month, max_usd} or null, `resumed` {entries, since, ignored} or null, `complete`, `stopped`,
/// `missing`: what the index lacks after it, by the same members as in `basis`.
pub fn scan_json(s: &Summary, index: &str) -> Value {
    let t = &s.totals;
    let classifiers: serde_json::Map<String, Value> = s
        .classifiers
        .iter()
        .map(|(id, (sightings, consumers))| (id.clone(), json!({"sightings": sightings, "consumers": consumers})))
        .collect();
    let mut doc = json!({
        "run": s.run,
        "objects": {"listed": t.listed, "unchanged": t.unchanged, "read": t.read, "partial": t.partial, "unread": t.unread, "gone": t.gone},
        "bytes": {"stored": t.stored, "decoded": t.decoded},
        "read_for_keys": s.read_for_keys,
        "records": t.records,
        "sightings": t.sightings,
        "allowed": s.allowed,
        "protected": s.protected,
        "consumers": s.consumers,
        "classifiers": classifiers,
        "seconds": (s.seconds * 1000.0).round() / 1000.0,
        "index": index,
        "usd": (s.usd * 10_000.0).round() / 10_000.0,
        "over_budget": s.over_budget.map(|d| json!({"usd": d.usd, "spent_this_month": d.month, "max_usd": d.max_usd})),
        "resumed": resumed(s),
        "undone": s.undone.iter().map(|(source, e)| json!({"source": source, "detail": e.detail})).collect::<Vec<_>>(),
        "complete": s.is_complete(),
        "stopped": s.stopped,
    });
    doc["missing"] = missing_json(&s.missing).into();
    doc
}

/// `resumed` {entries, since, ignored}; null where a run before left nothing.
fn resumed(s: &Summary) -> Value {
    let r = s.resumed;
    if r.entries == 0 && !r.ignored {
        return Value::Null;
    }
    json!({"entries": r.entries, "since": r.since.filter(|_| r.entries > 0).map(|t| t.to_string()), "ignored": r.ignored})
}

/// The same for people.
pub fn scan_text(s: &Summary, index: &str) -> String {
    let t = &s.totals;
    let mut out = String::new();
    let done = t.read + t.partial + t.unread;
    out += &format!("Run {}: {} listed, {} read in {:.1} s\n", s.run, plural(t.listed, "object"), count(t.read + t.partial), s.seconds);
    let mut rows =
        vec![vec!["unchanged since an earlier run".to_owned(), count(t.unchanged)], vec!["read completely".to_owned(), count(t.read)]];
    if t.partial > 0 {
        rows.push(vec!["read in part".to_owned(), count(t.partial)]);
    }
    if t.unread > 0 {
        rows.push(vec!["not read".to_owned(), count(t.unread)]);
    }
    if t.gone > 0 {
        rows.push(vec!["gone since the run before".to_owned(), count(t.gone)]);
    }
    if s.read_for_keys > 0 {
        rows.push(vec!["read again for key columns".to_owned(), count(s.read_for_keys)]);
    }
    out += &table(&rows, &[1], "  ");
    if done > 0 {
        let rate = t.decoded as f64 / s.seconds.max(0.001);
        out += &format!(
            "\n{} stored, {} after decompression ({}/s), {}\n",
            bytes(t.stored),
            bytes(t.decoded),
            bytes(rate as u64),
            plural(t.records, "record")
        );
    }
    if s.classifiers.is_empty() {
        // Of what nobody has seen there is nothing to say.
        out += if s.listed_nothing { "" } else { "\nNo personal data was found.\n" };
    } else {
        out += &format!("\nPersonal data of {} in all current objects:\n", plural(s.consumers, "consumer"));
        let mut rows = vec![vec!["".to_owned(), "sightings".to_owned(), "consumers".to_owned()]];
        let mut found: Vec<_> = s.classifiers.iter().collect();
        found.sort_by(|a, b| b.1.0.cmp(&a.1.0).then_with(|| a.0.cmp(b.0)));
        rows.extend(found.iter().map(|(id, (n, c))| vec![(*id).clone(), count(*n), count(*c)]));
        out += &table(&rows, &[1, 2], "  ");
    }
    if s.allowed > 0 {
        out += &format!("\n{} allowed by piimap.toml, not counted: see `piimap map`.\n", plural(s.allowed, "finding"));
    }
    if s.protected > 0 {
        out += &format!("\n{} masked, hashed, replaced or encrypted, counted apart: see `piimap map`.\n", plural(s.protected, "value"));
    }
    if let Some(since) = s.resumed.since.filter(|_| s.resumed.entries > 0) {
        let keys = plural(s.resumed.entries, "object");
        let detail = format!(
            "The listing went on from a run that had not ended: {keys} were listed by it, the first at {since}. What is gone of them, the next run tells."
        );
        out += "\n";
        out += &wrap("", &detail);
    }
    if s.resumed.ignored {
        out += "\n";
        out += &wrap(
            "",
            "A listing that a run before had left is damaged or belongs to another index, or the file is none of ours: it was not used.",
        );
    }
    if let Some(d) = &s.over_budget {
        out += "\n";
        out += &wrap(
            "",
            &format!(
                "Nothing that costs anything was read: the run would cost about ${:.2}, with ${:.2} spent this month; max_usd is {:.2}.",
                d.usd, d.month, d.max_usd
            ),
        );
    }
    let missing = missing_text(&s.missing);
    if s.stopped {
        out += "\nStopped before the end. What was read is kept; run the same command again to go on.\n";
    } else if !missing.is_empty() {
        out += &format!("\n{missing}: see `piimap coverage`.\n");
    }
    out += &format!("\nIndex: {index}. Next: `piimap map`, `piimap serve` (pages), `piimap find VALUE`.\n");
    out
}
