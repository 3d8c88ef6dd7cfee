//! What changed between two runs.

use serde_json::{Value, json};

use super::find::basis_json;
use super::isolation::{leak_json, leak_says};
use super::missing::missing_text;
use super::text::{count, plural, shorten, wrap};
use crate::query::{Amount, Basis, Cause, Change, DiffAnswer, Turnover, What};

/// `diff --format json`.
pub fn diff_json(a: &DiffAnswer) -> Value {
    let amount = |a: Amount| json!({"count": a.count, "consumers": a.consumers});
    let change = |c: &Change| {
        json!({
            "what": c.what.name(), "dataset": c.dataset, "field": c.field, "classifiers": c.classifiers, "sensitive": c.sensitive,
            "before": amount(c.before), "after": amount(c.after), "growth": c.growth().map(|g| (g * 1000.0).round() / 1000.0),
            "appeared": c.people.map(|p| p.0), "vanished": c.people.map(|p| p.1), "cause": c.cause.name(),
        })
    };
    json!({
        "from": basis_json(&a.from), "to": basis_json(&a.to), "classifier_set_changed": a.from.classifier_set != a.to.classifier_set,
        "consumers": {"before": a.consumers.0, "after": a.consumers.1}, "changes": a.changes.iter().map(change).collect::<Vec<_>>(),
        "objects": {"new": a.objects.new, "rewritten": a.objects.rewritten, "gone": a.objects.gone}, "leaks": a.leaks.iter().map(leak_json).collect::<Vec<_>>(),
    })
}

/// The same for people.
pub fn diff_text(a: &DiffAnswer) -> String {
    let state = |b: &Basis| match (b.run, b.completed) {
        (Some(run), Some(t)) => format!("run {run} ({})", &t.to_string()[..16].replace('T', " ")),
        (Some(run), None) => format!("run {run} (not completed)"),
        _ => "no run".to_owned(),
    };
    let mut out = format!("From {} to {}:\n", state(&a.from), state(&a.to));
    out += &match (a.changes.len() as u64, a.leaks.len() as u64) {
        (0, 0) => "no personal data changed".to_owned(),
        (n, 0) => plural(n, "change"),
        (0, l) => plural(l, "leak"),
        (n, l) => format!("{}, {}", plural(n, "change"), plural(l, "leak")),
    };
    out += &match a.consumers {
        (b, n) if b == n => format!("; {}\n", plural(n, "consumer")),
        (b, n) => format!("; {} consumers, before {}\n", count(n), count(b)),
    };
    out += objects_say(&a.objects).trim_start();
    out += if out.ends_with('\n') { "" } else { "\n" };
    if a.from.classifier_set != a.to.classifier_set {
        out += "The classifiers are others: what only they may have changed is marked (reading).\n";
    }
    let missing = missing_text(&a.to.missing);
    if !missing.is_empty() {
        out += &wrap("", &format!("In the later run {missing}: see `piimap coverage`."));
    }
    for l in &a.leaks {
        out += "\n";
        out += &wrap("! ", &leak_says(l));
        out += &wrap("    ", &format!("in {}", l.datasets.join(", ")));
    }
    for c in &a.changes {
        out += &format!("\n{}\n", told(c));
    }
    out
}

/// How many objects are others, with a blank before it; empty where none is.
pub(super) fn objects_say(o: &Turnover) -> String {
    let parts = [(o.new, "new"), (o.rewritten, "written anew"), (o.gone, "gone")];
    let parts: Vec<String> = parts.iter().filter(|p| p.0 > 0).map(|(n, how)| format!("{} {how}", count(*n))).collect();
    if parts.is_empty() { String::new() } else { format!(" Objects: {}.", parts.join(", ")) }
}

fn told(c: &Change) -> String {
    let place = match c.field.as_deref() {
        None => shorten(&c.dataset, 60),
        Some("") => format!("{} (text)", shorten(&c.dataset, 53)),
        Some(f) => format!("{} in {}", shorten(f, 28), shorten(&c.dataset, 40)),
    };
    let sign = match c.what {
        What::DatasetAppeared | What::FieldAppeared | What::KindAppeared => "+",
        What::AmountChanged | What::PeopleChanged => "~",
        What::KindVanished | What::FieldVanished | What::DatasetVanished => "-",
    };
    let says = match c.what {
        What::DatasetAppeared => "personal data where there was none: ",
        What::FieldAppeared => "personal data in a field that had none: ",
        What::KindAppeared => "another kind of personal data: ",
        What::AmountChanged | What::PeopleChanged => "",
        What::KindVanished => "no longer: ",
        What::FieldVanished | What::DatasetVanished => "personal data is gone: ",
    };
    let sensitive = if c.sensitive { "SENSITIVE " } else { "" };
    let cause = match c.cause {
        Cause::Data => "",
        Cause::Reading => " (reading)",
        Cause::Unclear => " (data or reading)",
    };
    let grew = match c.growth().filter(|_| c.what == What::AmountChanged) {
        Some(g) => format!(", {:+.0} %", g * 100.0),
        None => String::new(),
    };
    let numbers = format!(
        "findings {} -> {}, consumers {} -> {}{grew}{cause}",
        count(c.before.count),
        count(c.after.count),
        count(c.before.consumers),
        count(c.after.consumers)
    );
    let mut lines = format!("{sign} {sensitive}{place}\n");
    if !c.classifiers.is_empty() {
        lines += &wrap("    ", &format!("{says}{}", c.classifiers.join(", ")));
    }
    if let Some((came, left)) = c.people.filter(|p| *p != (0, 0)) {
        lines += &format!("    people: {} came, {} left\n", count(came), count(left));
    }
    lines + "    " + &numbers
}
