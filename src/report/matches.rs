//! Matches of `piimap classify`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::text::{bytes, count, seen, table};

/// A match with its place, without its value.
#[derive(Clone, Debug)]
pub struct Found<'a> {
    /// The case's id or the file's name.
    pub case: &'a str,
    /// Path in an archive, if it lies in one.
    pub member: Option<&'a str>,
    /// The classifier.
    pub classifier: &'a str,
    /// First byte.
    pub start: u64,
    /// One past the last.
    pub end: u64,
    /// 0..1.
    pub confidence: f32,
    /// 1-based line of a text.
    pub line: Option<u64>,
    /// Field of a table or document.
    pub field: Option<&'a str>,
    /// Row of a table or document.
    pub row: Option<u64>,
    /// What the confidence rests on, if asked for.
    pub evidence: Option<Vec<String>>,
}

/// One line of `classify --format json`.
pub fn match_json(m: &Found<'_>) -> Value {
    let mut o = Map::new();
    o.insert("case".into(), json!(m.case));
    if let Some(member) = m.member {
        o.insert("member".into(), json!(member));
    }
    o.insert("classifier".into(), json!(m.classifier));
    o.insert("start".into(), json!(m.start));
    o.insert("end".into(), json!(m.end));
    o.insert("confidence".into(), json!(round(m.confidence)));
    o.insert("line".into(), json!(m.line));
    if let (Some(field), Some(row)) = (m.field, m.row) {
        o.insert("field".into(), json!(field));
        o.insert("row".into(), json!(row));
    }
    if let Some(e) = &m.evidence {
        o.insert("evidence".into(), json!(e));
    }
    Value::Object(o)
}

/// The same for people.
pub fn match_text(m: &Found<'_>) -> String {
    let at = match (m.field, m.row, m.line) {
        (Some(f), Some(r), _) => format!("row {r}, {}", seen(f)),
        (_, _, Some(l)) => format!("line {l}, bytes {}..{}", m.start, m.end),
        _ => format!("bytes {}..{}", m.start, m.end),
    };
    let why = m.evidence.as_ref().map(|e| format!("  ({})", e.join(", "))).unwrap_or_default();
    format!("{}: {}  {}  {:.2}{why}", seen(m.case), at, m.classifier, m.confidence)
}

/// What a column of a table is.
#[derive(Clone, Debug)]
pub struct FoundColumn<'a> {
    /// The case's id or the file's name.
    pub case: &'a str,
    /// Path in an archive, if it lies in one.
    pub member: Option<&'a str>,
    /// The column.
    pub field: &'a str,
    /// The classifier.
    pub classifier: &'a str,
    /// 0..1.
    pub confidence: f32,
    /// Of its values that are not empty, 0..1.
    pub share: f32,
    /// What the confidence rests on, if asked for.
    pub evidence: Option<Vec<String>>,
}

/// The line at the end of a table's field.
pub fn column_json(c: &FoundColumn<'_>) -> Value {
    let case = format!("col:{}:{}", c.case, c.field);
    let mut line = json!({"case": case, "classifier": c.classifier, "confidence": round(c.confidence), "share": round(c.share)});
    if let Some(member) = c.member {
        line["member"] = json!(member);
    }
    if let Some(e) = &c.evidence {
        line["evidence"] = json!(e);
    }
    line
}

/// The same for people.
pub fn column_text(c: &FoundColumn<'_>) -> String {
    let why = c.evidence.as_ref().map(|e| format!("  ({})", e.join(", "))).unwrap_or_default();
    format!("{}: column {}  {}  {:.2}{why}", seen(c.case), seen(c.field), c.classifier, c.confidence)
}

/// `classify --count --format json`.
pub fn count_json(total: u64, counts: &BTreeMap<String, u64>) -> Value {
    json!({"bytes": total, "classifiers": counts})
}

/// The same for people.
pub fn count_text(total: u64, counts: &BTreeMap<String, u64>) -> String {
    let mut rows: Vec<(&String, &u64)> = counts.iter().collect();
    rows.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
    let rows: Vec<Vec<String>> = rows.into_iter().map(|(id, n)| vec![id.clone(), count(*n)]).collect();
    format!("{}{} read\n", table(&rows, &[1], ""), bytes(total))
}

fn round(x: f32) -> f64 {
    (f64::from(x) * 1000.0).round() / 1000.0
}
