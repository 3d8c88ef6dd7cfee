//! Records that laws ask for, as JSON, text and CSV: processing activities (GDPR Art. 30) and the inventory of California.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::find::{basis_json, basis_text};
use super::map_tables::cell;
use super::text::{count, plural, wrap};
use crate::base::Timestamp;
use crate::law;
use crate::query::{ActivityFound, CategoryFound, DatasetFound, RecordsAnswer};

/// Whose form the records have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordsOf {
    /// Art. 30: by activity.
    Gdpr,
    /// Cal. Civ. Code 1798.140(v) and (ae): by category.
    California,
}

/// What stands for an activity that nobody named.
pub(super) const UNDECLARED: &str = "(not in piimap.toml)";

pub(super) fn day(t: Option<Timestamp>) -> String {
    t.map(|t| t.to_string()[..10].to_owned()).unwrap_or_default()
}

fn dataset_json(d: &DatasetFound) -> Value {
    json!({"name": d.name, "consumers": d.consumers, "oldest": d.oldest.map(|t| t.to_string()), "overdue": d.overdue})
}

fn elements_json(elements: &[(String, u64)]) -> Vec<Value> {
    elements.iter().map(|(e, n)| json!({"element": e, "consumers": n})).collect()
}

/// `map --records LAW --format json`. What nobody said is `null` or an empty list; times are those of objects' modification.
pub fn records_json(a: &RecordsAnswer<'_>, of: RecordsOf) -> Value {
    let said = |t: &str| if t.is_empty() { Value::Null } else { t.into() };
    let p = a.said;
    let mut out = json!({
        "organisation": said(&p.organisation), "contact": said(&p.contact), "representative": said(&p.representative), "dpo": said(&p.dpo),
        "consumers": a.consumers, "unknown_residence": a.unknown_residence, "basis": basis_json(&a.basis),
    });
    match of {
        RecordsOf::Gdpr => {
            let activity = |f: &ActivityFound<'_>| {
                let mut v = json!({
                    "activity": null, "role": null, "controller": null, "purposes": [], "legal_basis": null, "subjects": [],
                    "collected_from": [], "recipients": [], "transfers": [], "safeguards": null, "security": null, "retention": null,
                    "elements": elements_json(&f.elements), "special_categories": f.special, "protection_found": f.protection,
                    "datasets": f.datasets.iter().map(dataset_json).collect::<Vec<_>>(), "consumers": f.consumers,
                });
                if let Some(s) = f.activity {
                    v["activity"] = s.name.as_str().into();
                    v["role"] = if s.processor { "processor" } else { "controller" }.into();
                    v["controller"] = said(&s.controller);
                    v["purposes"] = json!(s.purposes);
                    v["legal_basis"] = said(&s.legal_basis);
                    v["subjects"] = json!(s.subjects);
                    v["collected_from"] = json!(s.collected_from);
                    v["recipients"] = json!(s.recipients);
                    v["transfers"] = json!(s.transfers);
                    v["safeguards"] = said(&s.safeguards);
                    v["security"] = said(&s.security);
                    v["retention"] = s.retention.as_ref().map(|r| r.text.as_str()).into();
                }
                v
            };
            out["activities"] = a.activities.iter().map(activity).collect();
        }
        RecordsOf::California => {
            out["californians"] = json!({"personal": a.californians.0, "sensitive": a.californians.1});
            let category = |c: &CategoryFound| {
                json!({
                    "category": format!("ccpa.{}", c.code), "name": law::category_name(c.code), "elements": elements_json(&c.elements),
                    "consumers": c.consumers, "californians": c.californians, "purposes": c.purposes, "collected_from": c.collected_from,
                    "recipients": c.recipients, "sold_to": c.sold_to, "retention": c.retention, "undeclared": c.undeclared,
                    "oldest": c.oldest().map(|t| t.to_string()), "datasets": c.datasets.iter().map(dataset_json).collect::<Vec<_>>(),
                })
            };
            out["categories"] = a.categories.iter().map(category).collect();
        }
    }
    out
}

/// A table with its head: the same cells in CSV and on the page. Lists are joined by `; `.
pub(super) fn rows(a: &RecordsAnswer<'_>, of: RecordsOf) -> (Vec<&'static str>, Vec<Vec<String>>) {
    let join = |all: &mut dyn Iterator<Item = String>| all.collect::<Vec<_>>().join("; ");
    let names = |all: &[String]| all.join("; ");
    let words = |all: &std::collections::BTreeSet<String>| join(&mut all.iter().cloned());
    let elements = |all: &[(String, u64)]| join(&mut all.iter().map(|(e, n)| format!("{} ({n})", e.replace('_', " "))));
    let datasets = |all: &[DatasetFound]| join(&mut all.iter().map(|d| d.name.clone()));
    let late = |all: &[DatasetFound]| join(&mut all.iter().filter(|d| d.overdue).map(|d| d.name.clone()));
    match of {
        RecordsOf::Gdpr => {
            let head = vec![
                "activity",
                "role",
                "controller",
                "purposes",
                "legal basis",
                "data subjects",
                "consumers",
                "personal data",
                "special categories",
                "recipients",
                "transfers",
                "safeguards",
                "retention",
                "oldest data",
                "overdue",
                "security",
                "datasets",
            ];
            let row = |f: &ActivityFound<'_>| {
                let s = f.activity;
                let text = |of: fn(&crate::query::Activity) -> &String| s.map(of).cloned().unwrap_or_default();
                let list = |of: fn(&crate::query::Activity) -> &Vec<String>| s.map(|s| names(of(s))).unwrap_or_default();
                let found = if f.protection.is_empty() { String::new() } else { format!("values found {}", f.protection.join(", ")) };
                let security = [text(|s| &s.security), found].into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join("; ");
                vec![
                    s.map_or(UNDECLARED.to_owned(), |s| s.name.clone()),
                    s.map_or("", |s| if s.processor { "processor" } else { "controller" }).to_owned(),
                    match s {
                        Some(s) if s.controller.is_empty() && !s.processor => a.said.organisation.clone(),
                        _ => text(|s| &s.controller),
                    },
                    list(|s| &s.purposes),
                    text(|s| &s.legal_basis),
                    list(|s| &s.subjects),
                    f.consumers.to_string(),
                    elements(&f.elements),
                    f.special.join("; "),
                    list(|s| &s.recipients),
                    list(|s| &s.transfers),
                    text(|s| &s.safeguards),
                    s.and_then(|s| s.retention.as_ref()).map(|r| r.text.clone()).unwrap_or_default(),
                    day(f.datasets.iter().filter_map(|d| d.oldest).min()),
                    late(&f.datasets),
                    security,
                    datasets(&f.datasets),
                ]
            };
            (head, a.activities.iter().map(row).collect())
        }
        RecordsOf::California => {
            let head = vec![
                "category",
                "name",
                "found",
                "consumers",
                "californians",
                "elements",
                "collected from",
                "purposes",
                "recipients",
                "sold or shared to",
                "retention",
                "oldest data",
                "overdue",
                "undeclared datasets",
                "datasets",
            ];
            let row = |c: &CategoryFound| {
                let yes = |b: bool| if b { "yes" } else { "no" }.to_owned();
                vec![
                    c.code.to_owned(),
                    law::category_name(c.code).to_owned(),
                    yes(!c.elements.is_empty()),
                    c.consumers.to_string(),
                    c.californians.to_string(),
                    elements(&c.elements),
                    words(&c.collected_from),
                    words(&c.purposes),
                    words(&c.recipients),
                    words(&c.sold_to),
                    words(&c.retention),
                    day(c.oldest()),
                    late(&c.datasets),
                    yes(c.undeclared),
                    datasets(&c.datasets),
                ]
            };
            (head, a.categories.iter().map(row).collect())
        }
    }
}

/// `map --records LAW --csv`, by RFC 4180 with `\n`: a line for each activity or category. Lists are joined by `; `.
pub fn records_csv(a: &RecordsAnswer<'_>, of: RecordsOf) -> String {
    let (head, rows) = rows(a, of);
    let line = |cells: &mut dyn Iterator<Item = String>| cells.collect::<Vec<_>>().join(",") + "\n";
    let mut out = line(&mut head.iter().map(|h| h.replace(' ', "_")));
    rows.iter().for_each(|r| out += &line(&mut r.iter().map(|c| cell(c))));
    out
}

/// The title of the records.
pub(super) fn title(of: RecordsOf) -> &'static str {
    match of {
        RecordsOf::Gdpr => "Records of processing activities (GDPR Art. 30)",
        RecordsOf::California => "Inventory of personal information (Cal. Civ. Code 1798.140(v), (ae))",
    }
}

/// What is wrong or missing in the records, a sentence each.
pub(super) fn remarks(a: &RecordsAnswer<'_>) -> Vec<String> {
    let mut out = Vec::new();
    // One may be part of several activities.
    let late: BTreeSet<&str> = a.activities.iter().flat_map(|f| &f.datasets).filter(|d| d.overdue).map(|d| d.name.as_str()).collect();
    if !late.is_empty() {
        out.push(format!("{} older than their retention.", plural(late.len() as u64, "dataset")));
    }
    if let Some(f) = a.activities.iter().find(|f| f.activity.is_none()) {
        let n = plural(f.datasets.len() as u64, "dataset");
        out.push(format!("{n} with personal data in no [[processing]] of piimap.toml: purposes and recipients of them are missing."));
    }
    if a.said.organisation.is_empty() {
        out.push("[organisation] of piimap.toml is empty: name and contact are missing.".to_owned());
    }
    out
}

/// The records for people.
pub fn records_text(a: &RecordsAnswer<'_>, of: RecordsOf) -> String {
    let mut out = format!("{}\n", title(of));
    let p = a.said;
    for (name, text) in [
        ("organisation", &p.organisation),
        ("contact", &p.contact),
        ("representative", &p.representative),
        ("data protection officer", &p.dpo),
    ] {
        if !text.is_empty() {
            out += &wrap(&format!("  {name}: "), text);
        }
    }
    if of == RecordsOf::California {
        let (personal, sensitive) = a.californians;
        let line = format!(
            "residents of California: {}, with sensitive personal information {}; {} of unknown residence",
            count(personal),
            count(sensitive),
            count(a.unknown_residence)
        );
        out += &wrap("  ", &line);
    }
    let (head, rows) = rows(a, of);
    for row in rows {
        let (name, from) = match of {
            RecordsOf::Gdpr => (row[0].clone(), 1),
            RecordsOf::California => (format!("{}  {}", row[0], row[1]), 3),
        };
        out += &format!("\n{name}\n");
        if of == RecordsOf::California && row[2] == "no" {
            out += "    nothing was found\n";
            continue;
        }
        for (h, text) in head.iter().zip(&row).skip(from).filter(|(_, t)| !t.is_empty()) {
            let text =
                if matches!(*h, "consumers" | "californians") { text.parse().map_or_else(|_| text.clone(), count) } else { text.clone() };
            let head = if *h == "overdue" { "OVERDUE" } else { h };
            out += &wrap(&format!("    {head}: "), &text);
        }
    }
    let remarks = remarks(a);
    if !remarks.is_empty() {
        out.push('\n');
        remarks.iter().for_each(|r| out += &wrap("! ", r));
    }
    out + "\n" + &basis_text(&a.basis)
}
