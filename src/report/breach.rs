//! Who is affected by an exposure.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::find::{basis_json, basis_text};
use super::text::{count, plural, table};
use crate::query::{BreachAnswer, Numbers, Person};

fn numbers(n: &Numbers) -> Value {
    json!({"certain": n.certain, "likely": n.likely, "upper": n.upper})
}

/// `breach --format json`. Duties to notify are not decided yet: `requiring_notice`, deadlines and `regulator` are null
/// and `rules` is empty.
pub fn breach_json(a: &BreachAnswer) -> Value {
    let elements: BTreeMap<&String, Value> = a.elements.iter().map(|(e, n)| (e, numbers(n))).collect();
    let jurisdictions: Vec<Value> = a
        .jurisdictions
        .iter()
        .map(|j| {
            json!({
                "code": j.code, "residents": numbers(&j.residents), "requiring_notice": null, "rules": [], "consumer_deadline": null,
                "clock": null, "regulator": null, "statute": null,
            })
        })
        .collect();
    json!({
        "scope": {"objects": a.objects, "in_scope_unread": a.in_scope_unread},
        "consumers": numbers(&a.consumers),
        "linked": a.linked,
        "single_identifier": a.single_identifier,
        "test_values": a.test_values,
        "unattributed_records": a.unattributed_records,
        "elements": elements,
        "protected": {},
        "jurisdictions": jurisdictions,
        "tenants": [],
        "unknown_residence": numbers(&a.unknown_residence),
        "basis": basis_json(&a.basis),
    })
}

/// The same for people.
pub fn breach_text(a: &BreachAnswer) -> String {
    if a.objects == 0 {
        return format!("No current object of the index is in this scope.\n\n{}", basis_text(&a.basis));
    }
    let mut out = format!("{} in scope", plural(a.objects, "object"));
    if a.in_scope_unread > 0 {
        out += &format!(", {} of them not read completely: people in them are missing here", count(a.in_scope_unread));
    }
    out += "\n\n";
    let row = |name: &str, n: &Numbers| vec![name.to_owned(), count(n.certain), count(n.likely), count(n.upper)];
    let mut rows =
        vec![vec!["distinct people".to_owned(), "certain".to_owned(), "likely".to_owned(), "at most".to_owned()], row("all", &a.consumers)];
    rows.extend(a.elements.iter().map(|(e, n)| row(&format!("  {e}"), n)));
    out += &table(&rows, &[1, 2, 3], "");
    out += "\n";
    let mut rows = vec![vec!["by state of residence".to_owned(), "certain".to_owned(), "likely".to_owned(), "at most".to_owned()]];
    rows.extend(a.jurisdictions.iter().map(|j| row(&format!("  {}", j.code), &j.residents)));
    rows.push(row("  unknown", &a.unknown_residence));
    out += &table(&rows, &[1, 2, 3], "");
    out += &format!(
        "\nOf the certain people {} have several identifiers, {} have one.\n{} and {} counted for nobody.\n",
        count(a.linked),
        count(a.single_identifier),
        plural(a.unattributed_records, "record without an identifier")
            .replace("identifiers", "identifier")
            .replace("record ", if a.unattributed_records == 1 { "record " } else { "records " }),
        plural(a.test_values, "test value")
    );
    out += "Whom the law says to tell is not decided here; the numbers are what it depends on.\n\n";
    out + &basis_text(&a.basis)
}

/// One line a person for `--list`: JSON with `consumer`, `state`, `certain`, `elements`, `possible`.
pub fn breach_list(p: &Person) -> Value {
    json!({"consumer": p.consumer.to_string(), "state": p.state, "certain": p.certain, "elements": p.elements, "possible": p.possible})
}
