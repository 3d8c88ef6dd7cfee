//! The data map.

use serde_json::{Value, json};

use super::find::{basis_json, basis_text, verdict_json};
use super::text::{bytes, count, plural, shorten, table, wrap};
use crate::query::{Dataset, Field, MapAnswer};

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
        json!({"name": f.name, "classifiers": classifiers, "protection": protection, "consumers": f.consumers})
    };
    let dataset = |d: &Dataset| {
        json!({
            "name": d.name, "uri": d.uri, "objects": d.objects, "bytes": d.bytes, "fields": d.fields.iter().map(field).collect::<Vec<_>>(),
            "consumers": d.consumers, "oldest": d.oldest.map(|t| t.to_string()), "newest": d.newest.map(|t| t.to_string()),
            "categories": d.categories,
        })
    };
    json!({"datasets": a.datasets.iter().map(dataset).collect::<Vec<_>>(), "consumers": a.consumers, "basis": basis_json(&a.basis)})
}

fn round(x: f64) -> f64 {
    (x * 1000.0).round() / 1000.0
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

/// The same for people.
pub fn map_text(a: &MapAnswer) -> String {
    let objects: u64 = a.datasets.iter().map(|d| d.objects).sum();
    let with: Vec<&Dataset> = a.datasets.iter().filter(|d| !d.fields.is_empty()).collect();
    let holds = match with.len() as u64 {
        0 => "none holds personal data".to_owned(),
        1 => format!("1 holds personal data of {}", plural(a.consumers, "consumer")),
        n => format!("{} hold personal data of {}", count(n), plural(a.consumers, "consumer")),
    };
    let mut out = format!("{} in {}; {holds}\n", plural(a.datasets.len() as u64, "dataset"), plural(objects, "object"));
    for d in &with {
        out += &format!("\n{}\n", d.name);
        let age = match (d.oldest, d.newest) {
            (Some(o), Some(n)) if o.to_string()[..10] == n.to_string()[..10] => format!(", of {}", &o.to_string()[..10]),
            (Some(o), Some(n)) => format!(", {} to {}", &o.to_string()[..10], &n.to_string()[..10]),
            _ => String::new(),
        };
        out += &format!("  {}, {}, {}{age}\n", plural(d.objects, "object"), bytes(d.bytes), plural(d.consumers, "consumer"));
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
    out + "\n" + &basis_text(&a.basis)
}
