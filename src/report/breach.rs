//! Who is affected by an exposure, and whom the law says to tell: as JSON for programs, a page for people.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::breach_duties::notices;
use super::evidence::{evidence_json, evidence_text};
use super::find::{basis_json, basis_text, gaps_json};
use super::protected::{protected_json, protected_text};
use super::review::{review_json, review_line};
use super::tenants::{stale_text, tenant_json, tenants_text};
use super::text::{count, plural, seen, table};
use crate::law::{Numbers, PROTECTED, TARGET_HOURS, Verdict};
use crate::query::{Anywhere, BreachAnswer, First, Jurisdiction, Other, Person};

pub(super) fn numbers(n: &Numbers) -> Value {
    json!({"certain": n.certain, "likely": n.likely, "upper": n.upper})
}

fn verdict(v: Verdict) -> Value {
    match v {
        Verdict::Yes => json!(true),
        Verdict::No => json!(false),
        Verdict::Depends => json!("depends"),
    }
}

fn other(o: &Other) -> Value {
    json!({
        "who": o.who, "required": verdict(o.required), "threshold": o.threshold, "deadline": o.by.day.map(|d| d.to_string()), "clock": o.by.clock,
        "why": o.by.why, "text": o.text,
    })
}

/// One jurisdiction: `code`, `name`, `residents`, `requiring_notice`, `rules` (of the people of each, those whom it fits by hashed, replaced
/// or encrypted values alone are `protected`), `consumer_deadline` with its `clock` (or
/// `deadline_why`), `regulator`, `credit_bureaus`, `statute`, `timing`, `may_excuse` (a test of harm, never applied), `private_action`,
/// `low_confidence` (cell and reason).
fn jurisdiction(j: &Jurisdiction) -> Value {
    let rules: Vec<Value> = j
        .rules
        .iter()
        .map(|r| {
            let protected = r.protected.as_ref().map(|p| json!({"people": p.people, "how": p.how, "qualifier": PROTECTED}));
            json!({
                "id": r.id, "element": r.element, "consumers": numbers(&r.consumers), "qualifier": r.qualifier, "low_confidence": r.unsure,
                "protected": protected,
            })
        })
        .collect();
    let private = j.private_action.map(|p| {
        let range = p.range();
        json!({
            "statute": "Cal. Civ. Code 1798.150", "consumers": numbers(&p.consumers), "dollars_per_consumer": p.text,
            "dollars_per_consumer_adjusted": p.adjusted, "dollars": [range.0, range.1], "low_confidence": true,
            "condition": "nonencrypted and nonredacted, taken for want of reasonable security, not cured within 30 days",
        })
    });
    json!({
        "code": j.code, "name": j.name, "residents": numbers(&j.residents), "requiring_notice": numbers(&j.requiring_notice), "rules": rules,
        "consumer_deadline": j.people_by.day.map(|d| d.to_string()), "clock": j.people_by.clock, "deadline_why": j.people_by.why,
        "regulator": j.regulator.as_ref().map(other), "credit_bureaus": j.bureaus.as_ref().map(other), "statute": j.statute, "timing": j.timing,
        "may_excuse": j.harm, "private_action": private,
        "low_confidence": j.unsure.iter().map(|(cell, why)| json!({"cell": cell, "why": why})).collect::<Vec<_>>(),
    })
}

/// People of unknown residence whom rules of some state fit: `people`, `states`, and who would have to be told first where.
fn anywhere(a: &Anywhere) -> Value {
    let first = |f: &Option<First>| {
        f.as_ref().map(|f| {
            let day = f.by.day.map(|d| d.to_string());
            json!({"code": f.code, "who": f.who, "deadline": day, "clock": f.by.clock, "why": f.by.why})
        })
    };
    json!({"people": numbers(&a.people), "states": a.states, "people_first": first(&a.people_first), "first": first(&a.first)})
}

/// `breach --format json`. `basis` has, besides the usual, `gaps`: what is not known of the time of the window or of the moment asked for.
pub fn breach_json(a: &BreachAnswer) -> Value {
    let elements: BTreeMap<&String, Value> = a.elements.iter().map(|(e, n)| (e, numbers(n))).collect();
    let mut basis = basis_json(&a.basis);
    basis["stale_datasets"] = json!(a.stale);
    basis["law"] = json!({
        "as_of": a.law.as_of, "hash": a.law.hash, "overrides": a.law.overrides, "low_confidence_cells": a.law.unsure, "assumed": a.assumed,
    });
    basis["review"] = a.review.as_ref().map_or(Value::Null, review_json);
    basis["residence"] = json!(a.residence_basis);
    basis["gaps"] = json!(gaps_json(&a.basis.gaps));
    let evidence = a.evidence.as_ref().map(evidence_json);
    json!({
        "evidence": evidence,
        "scope": {"objects": a.objects, "in_scope_unread": a.in_scope_unread, "read_in_part": a.in_part, "without_tenant": a.without_tenant, "unmet": a.unmet},
        "consumers": numbers(&a.consumers),
        "linked": a.linked,
        "single_identifier": a.single_identifier,
        "test_values": a.test_values,
        "unattributed_records": a.unattributed_records,
        "forgotten_records": a.forgotten_records,
        "elements": elements,
        "protected": protected_json(&a.protected.protected),
        "masked": protected_json(&a.protected.masked),
        "discovered": a.moments.discovered.map(|m| m.to_string()),
        "determined": a.moments.determined.map(|m| m.to_string()),
        "internal_target": a.moments.first().map(|m| m.plus_hours(TARGET_HOURS).to_string()),
        "jurisdictions": a.jurisdictions.iter().map(jurisdiction).collect::<Vec<_>>(),
        "tenants": a.tenants.iter().map(tenant_json).collect::<Vec<_>>(),
        "unknown_residence": numbers(&a.unknown_residence),
        "unknown_residence_duties": a.anywhere.as_ref().map(anywhere),
        "basis": basis,
    })
}

/// The same for people: one page, the earliest deadline first.
pub fn breach_text(a: &BreachAnswer) -> String {
    if a.objects == 0 {
        let logs = a.evidence.as_ref().map(evidence_text).unwrap_or_default();
        return format!("No object of the index is in this scope.\n{}\n{logs}{}", unmet_text(a), basis_text(&a.basis));
    }
    let mut out = format!("{} in scope", plural(a.objects, "object"));
    if a.in_part > 0 {
        out += &format!(", {} of them read in part: their people likely, not certain", count(a.in_part));
    }
    if a.in_scope_unread > 0 {
        let sep = if a.in_part > 0 { ";\n" } else { ", " };
        out += &format!("{sep}{} not indexed completely: people in them are missing", count(a.in_scope_unread));
    }
    out += "\n";
    out += &unmet_text(a);
    out += "\n";
    out += &a.evidence.as_ref().map(evidence_text).unwrap_or_default();
    let row = |name: &str, n: &Numbers| vec![name.to_owned(), count(n.certain), count(n.likely), count(n.upper)];
    let mut rows =
        vec![vec!["distinct people".to_owned(), "certain".to_owned(), "likely".to_owned(), "at most".to_owned()], row("all", &a.consumers)];
    rows.extend(a.elements.iter().map(|(e, n)| row(&format!("  {e}"), n)));
    out += &table(&rows, &[1, 2, 3], "");
    out += "\n";
    out += &tenants_text(a);
    out += &notices(a);
    out += &format!(
        "\nOf the certain people {} have several identifiers, {} have one.\n{} and {} counted for nobody.\n",
        count(a.linked),
        count(a.single_identifier),
        plural(a.unattributed_records, "record without an identifier")
            .replace("identifiers", "identifier")
            .replace("record ", if a.unattributed_records == 1 { "record " } else { "records " }),
        plural(a.test_values, "test value")
    );
    if a.forgotten_records > 0 {
        out += &wrap(&format!(
            "Still stored: {} of people who were forgotten; the index does not know whose. They stand in \"at most\". Delete them, and scan again.",
            plural(a.forgotten_records, "record")
        ));
    }
    out +=
        "\"At most\" also counts people whose state is unknown, records that are nobody's,\nand rules that need a person's judgement.\n\n";
    out += &stale_text(a);
    out += &a.review.as_ref().map(|r| review_line(r, a.basis.classifier_set.as_deref())).unwrap_or_default();
    out += &law_text(a);
    out += &basis_text(&a.basis);
    out + &protected_text(&a.protected)
}

/// What was asked for and names nothing: a word that was mistyped leaves people out.
fn unmet_text(a: &BreachAnswer) -> String {
    a.unmet.iter().map(|u| wrap(&format!("Nothing in the index is named by {u}"))).collect()
}

/// A sentence in lines of at most 80 characters.
pub(super) fn wrap(text: &str) -> String {
    let (mut out, mut width) = (String::new(), 0);
    for word in seen(text).split(' ') {
        let n = word.chars().count();
        if width > 0 && width + 1 + n > 80 {
            out.push('\n');
            width = 0;
        } else if width > 0 {
            out.push(' ');
            width += 1;
        }
        out += word;
        width += n;
    }
    out.push('\n');
    out
}

fn law_text(a: &BreachAnswer) -> String {
    let l = &a.law;
    let over = if l.overrides.is_empty() { String::new() } else { format!(", with {}", l.overrides.join(", ")) };
    let mut out = wrap(&format!("Law as of {}, tables {}{over}. No legal advice.", l.as_of, l.hash));
    if !l.unsure.is_empty() {
        out += &wrap(&format!("* rests on cells of low confidence: {}.", l.unsure.join(" ")));
    }
    if !a.assumed.is_empty() {
        out += &wrap(&format!("Taken as met by decision of the operator: {}.", a.assumed.join(", ")));
    }
    out
}

/// One line a person for `--list`: JSON with `consumer`, `state` and what it rests on, `certain`, `elements`, `possible`, `rules`, `datasets`.
pub fn breach_list(p: &Person) -> Value {
    json!({
        "consumer": p.consumer.to_string(), "state": p.state, "state_basis": p.state_basis, "state_confidence": p.state_confidence,
        "other_states": p.other_states, "certain": p.certain, "elements": p.elements, "possible": p.possible,
        "rules": p.rules.iter().map(|(id, fits)| json!({"id": id, "fits": fits})).collect::<Vec<_>>(), "datasets": p.datasets,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_wrapped() {
        let text = wrap(&"word ".repeat(40));
        assert!(text.lines().all(|l| l.chars().count() <= 80) && text.lines().count() == 3, "{text}");
    }
}
