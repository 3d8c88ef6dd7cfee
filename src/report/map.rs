//! The data map.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use super::find::{basis_json, basis_text, verdict_json};
use super::stores::{store_json, stores_text, warnings};
use super::text::{bytes, count, plural, seen, shorten, table, wrap};
use crate::query::{Dataset, Field, FieldClassifier, MapAnswer, Pile};

/// `map --format json`.
pub fn map_json(a: &MapAnswer) -> Value {
    let field = |f: &Field| {
        let classifiers: Vec<Value> = f
            .classifiers
            .iter()
            .map(|c| {
                json!({
                    "id": c.id, "element": c.element, "count": c.count, "counted": c.counted, "allowed": c.allowed, "share": c.share.map(round),
                    "confidence": round(c.confidence), "verdict": c.verdict.as_ref().map(verdict_json),
                })
            })
            .collect();
        let protection: Vec<Value> =
            f.protection.iter().map(|p| json!({"id": p.id, "state": p.state, "count": p.count, "share": p.share.map(round)})).collect();
        json!({
            "name": f.name, "source_type": f.source_type, "classifiers": classifiers, "protection": protection, "consumers": f.consumers,
        })
    };
    let dataset = |d: &Dataset| {
        json!({
            "name": d.name, "uri": d.uri, "kind": d.kind, "data_as_of": d.data_as_of.map(|t| t.to_string()), "stale": a.is_stale(d),
            "history": pile(&d.history), "objects": d.objects, "bytes": d.bytes, "fields": d.fields.iter().map(field).collect::<Vec<_>>(),
            "consumers": d.consumers, "oldest": d.oldest.map(|t| t.to_string()), "newest": d.newest.map(|t| t.to_string()),
            "categories": d.categories, "tenants": d.tenants, "environments": d.environments,
        })
    };
    json!({
        "datasets": a.datasets.iter().map(dataset).collect::<Vec<_>>(), "consumers": a.consumers, "bookkeeping": pile(&a.bookkeeping),
        "stores": a.stores.iter().map(store_json).collect::<Vec<_>>(), "target_seconds": a.target.as_secs(), "basis": basis_json(&a.basis),
    })
}

fn pile(p: &Pile) -> Value {
    json!({"objects": p.objects, "bytes": p.bytes})
}

/// How a kind of export is made anew.
fn refresh(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "rds-export" => "aws rds start-export-task (of a new snapshot; charged per GB)",
        "redshift-unload" => "UNLOAD ('select …') TO 's3://…' … MANIFEST VERBOSE CLEANPATH",
        "dynamodb-export" => "piimap scan dynamodb://TABLE-ARN --start-export --incremental --export-to s3://… (charged per GB)",
        _ => return None,
    })
}

fn round(x: f64) -> f64 {
    (x * 1000.0).round() / 1000.0
}

/// Behind how often something was found, how often it counts, where that is less.
pub(super) fn uncounted(c: &FieldClassifier) -> String {
    if c.counted < c.count { format!(" ({} counted)", count(c.counted)) } else { String::new() }
}

/// What is not counted in a field, and why; empty for most.
fn remarks(f: &Field) -> String {
    let mut out = String::new();
    let name = if f.name.is_empty() { "(text)" } else { &f.name };
    for c in &f.classifiers {
        if let Some(v) = &c.verdict {
            let effect = if v.word.counts() { "" } else { ", not counted" };
            let text = format!("{name}, {}: {}{effect} ({}, {}): {}", c.id, v.word.name(), v.reviewer, v.date, v.reason);
            out += &wrap("    ", &text);
        }
        if c.allowed > 0 {
            out += &wrap("    ", &format!("{name}, {}: {} allowed, not counted", c.id, count(c.allowed)));
        }
    }
    for p in &f.protection {
        let share = p.share.map(|s| format!(" ({:.0} % of the values)", s * 100.0)).unwrap_or_default();
        out += &wrap("    ", &format!("{name}, {}: {} {}{share}", p.id, count(p.count), p.state));
    }
    out
}

/// Whose a dataset is and what for, a line each, where somebody wrote that down.
pub(super) fn told(d: &Dataset) -> Vec<String> {
    let all = [("tenant", &d.tenants), ("environment", &d.environments)];
    all.into_iter().filter(|(_, names)| !names.is_empty()).map(|(what, names)| format!("{what} {}", names.join(", "))).collect()
}

/// The same for people.
pub fn map_text(a: &MapAnswer) -> String {
    let objects: u64 = a.datasets.iter().map(|d| d.objects).sum();
    let with: Vec<&Dataset> = a.datasets.iter().filter(|d| !d.fields.is_empty()).collect();
    let holds = match with.len() as u64 {
        0 => "none holds personal data".to_owned(),
        1 => format!("1 holds personal data of {}", plural(a.consumers, "consumer")),
        n => format!("{} hold personal data of {}", count(n), plural(a.consumers, "consumer")),
    };
    let mut out = String::new();
    warnings(a).iter().for_each(|w| out += &wrap("Warning: ", w));
    if !out.is_empty() {
        out.push('\n');
    }
    out += &format!("{} in {}; {holds}\n", plural(a.datasets.len() as u64, "dataset"), plural(objects, "object"));
    for d in &with {
        out += &format!("\n{}\n", seen(&d.name));
        let age = match (d.oldest, d.newest) {
            (Some(o), Some(n)) if o.to_string()[..10] == n.to_string()[..10] => format!(", of {}", &o.to_string()[..10]),
            (Some(o), Some(n)) => format!(", {} to {}", &o.to_string()[..10], &n.to_string()[..10]),
            _ => String::new(),
        };
        out += &format!("  {}, {}, {}{age}\n", plural(d.objects, "object"), bytes(d.bytes), plural(d.consumers, "consumer"));
        told(d).iter().for_each(|line| out += &wrap("  ", line));
        if d.kind.as_deref().is_some_and(|k| refresh(k).is_some())
            && let Some(t) = d.data_as_of
        {
            let stale = if a.is_stale(d) { ": stale" } else { "" };
            out += &format!("  data as of {t}{stale}\n");
        }
        if d.history.objects > 0 {
            out += &format!(
                "  of these {}, {}: history, replaced by something newer\n",
                plural(d.history.objects, "object"),
                bytes(d.history.bytes)
            );
        }
        let mut rows = vec![vec!["field".to_owned(), "holds".to_owned(), "found".to_owned(), "share".to_owned(), "consumers".to_owned()]];
        for f in &d.fields {
            for (i, c) in f.classifiers.iter().enumerate() {
                let name = if f.name.is_empty() { "(text)" } else { &f.name };
                let share = c.share.map_or("-".to_owned(), |s| format!("{:.0} %", s * 100.0));
                let first = i == 0;
                rows.push(vec![
                    if first { shorten(name, 26) } else { String::new() },
                    c.id.clone(),
                    count(c.count),
                    share,
                    if first { count(f.consumers) } else { String::new() },
                ]);
            }
        }
        out += &table(&rows, &[2, 3, 4], "    ");
        d.fields.iter().for_each(|f| out += &remarks(f));
    }
    let clean: Vec<&str> = a.datasets.iter().filter(|d| d.fields.is_empty()).map(|d| d.name.as_str()).collect();
    if !clean.is_empty() {
        out += "\nNo personal data found in:\n";
        clean.iter().for_each(|name| out += &format!("  {}\n", shorten(name, 76)));
    }
    if a.bookkeeping.objects > 0 {
        let n = plural(a.bookkeeping.objects, "manifest and marker").replace("manifest and markers", "manifests and markers");
        out += &format!("\nBesides, {n} of exports, read as well: nothing personal in them.\n");
    }
    out += &stores_text(a);
    let stale: BTreeSet<&str> = a.datasets.iter().filter(|d| a.is_stale(d)).filter_map(|d| d.kind.as_deref()).collect();
    let lines: Vec<String> = stale.iter().filter_map(|k| Some(format!("  {k}: {}\n", refresh(k)?))).collect();
    if !lines.is_empty() {
        out += &format!("\nStale: older than {}. To refresh:\n{}", hours(a.target), lines.concat());
    }
    out + "\n" + &basis_text(&a.basis)
}

fn hours(d: Duration) -> String {
    let s = d.as_secs();
    match s {
        0..3600 => plural(s / 60, "minute"),
        _ if s.is_multiple_of(3600) => plural(s / 3600, "hour"),
        _ => format!("{:.1} hours", s as f64 / 3600.0),
    }
}
