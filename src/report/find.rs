//! Where a consumer is.

use serde_json::{Value, json};

use super::missing::{missing_json, missing_text};
use super::text::{count, plural, ranges, seen, table};
use crate::base::Role;
use crate::index::{AsOf, Gap};
use crate::query::{Basis, FindAnswer, Judged, Met, Place, Proof};

/// `basis` of every answer: `run`, `completed`, `classifier_set` and the members of [`missing_json`]; `as_of` is null or holds
/// `clock` (`run`, `storage`), `run` or `time`, and `gaps`: what is known to be missing (`kind`, `objects`, `detail`).
pub(super) fn basis_json(b: &Basis) -> Value {
    let gaps = gaps_json(&b.gaps);
    let as_of = b.as_of.map(|a| match a {
        AsOf::Run(run) => json!({"clock": "run", "run": run, "gaps": gaps}),
        AsOf::Time(time) => json!({"clock": "storage", "time": time.to_string(), "gaps": gaps}),
    });
    let mut out = missing_json(&b.missing);
    out.insert("run".to_owned(), json!(b.run));
    out.insert("as_of".to_owned(), json!(as_of));
    out.insert("completed".to_owned(), json!(b.completed.map(|t| t.to_string())));
    out.insert("classifier_set".to_owned(), json!(b.classifier_set));
    out.into()
}

/// What is known to be missing: `kind`, `objects`, `detail`.
pub(super) fn gaps_json(gaps: &[Gap]) -> Vec<Value> {
    gaps.iter().map(|g| json!({"kind": g.kind, "objects": g.objects, "detail": g.detail})).collect()
}

/// A verdict: `verdict`, `reviewer`, `reason`, `date`.
pub(super) fn verdict_json(v: &Judged) -> Value {
    json!({"verdict": v.word.name(), "reviewer": v.reviewer, "reason": v.reason, "date": v.date})
}

/// The same as a closing line.
pub(super) fn basis_text(b: &Basis) -> String {
    let when = match (b.completed, b.status) {
        (Some(t), _) => format!(", completed {t}"),
        (None, Some(status)) => format!(", {status}"),
        (None, None) => String::new(),
    };
    let mut out = match (b.run, b.as_of) {
        (None, _) => "No run has been completed yet; this is what was read so far.\n".to_owned(),
        (Some(run), Some(AsOf::Time(t))) => wrapped(&format!("What was stored at {t}, by what is known since run {run}{when}.")),
        (Some(run), _) => wrapped(&format!("As of run {run}{when}.")),
    };
    let missing = missing_text(&b.missing);
    if !missing.is_empty() {
        out += &wrapped(&format!("Missing: {missing}; see `piimap coverage`."));
    }
    out + &gaps_text(&b.gaps).iter().map(|g| wrapped(g)).collect::<String>()
}

/// A sentence for each gap.
pub(super) fn gaps_text(gaps: &[Gap]) -> Vec<String> {
    let objects = |g: &Gap| g.objects.map(|n| format!("{}: ", plural(n, "object"))).unwrap_or_default();
    gaps.iter().map(|g| format!("Not certain: {}{}.", objects(g), g.detail)).collect()
}

/// A sentence in lines of 80 columns, those after the first indented.
fn wrapped(text: &str) -> String {
    let (mut out, mut width) = (String::new(), 0);
    for word in text.split(' ') {
        let n = word.chars().count();
        if width > 0 && width + 1 + n > 80 {
            out += "\n  ";
            width = 2;
        } else if width > 0 {
            out.push(' ');
            width += 1;
        }
        out += word;
        width += n;
    }
    out + "\n"
}

/// By what people can be found.
pub(super) const NO_IDENTIFIER: &str = "Names, addresses and days are counted and not kept: they cannot be looked up. People are found by an e-mail \
    address, a telephone, a national number, a card or an account, a key of a customer, a consumer's id (c_…).";

/// What to do where the form of a value does not tell what it is.
pub(super) const UNKNOWN_FORM: &str = "A value that has the form of no identifier is looked up if its classifier is named: `piimap find --class ID` (`piimap \
    classifiers list` shows them). Names, addresses and days cannot be looked up.";

/// What to say besides, where nothing is known of values.
pub(super) fn why_unknown(a: &FindAnswer) -> Option<&'static str> {
    let has = |met| a.values.contains(&met);
    has(Met::UnknownForm).then_some(UNKNOWN_FORM).or(has(Met::NoIdentifier).then_some(NO_IDENTIFIER))
}

/// The places, from 1 on, of the values of which nothing is known.
fn places_of(a: &FindAnswer, of: impl Fn(Met) -> bool) -> Vec<usize> {
    a.values.iter().enumerate().filter(|(_, m)| of(**m)).map(|(i, _)| i + 1).collect()
}

/// Of which values nothing is known, by their place in the command: a value is not said again. Empty where something is of all.
fn unknown_text(a: &FindAnswer) -> String {
    let of = places_of(a, |m| m != Met::Known);
    let mut out = match (a.places.is_empty(), &of[..]) {
        (true, _) => "Nothing is known of it.\n".to_owned(),
        (false, []) => return String::new(),
        (false, of) => {
            let (s, of) = (if of.len() == 1 { "" } else { "s" }, of.iter().map(usize::to_string).collect::<Vec<_>>().join(", "));
            wrapped(&format!("Nothing is known of value{s} {of} of {}, in the order given.", a.values.len()))
        }
    };
    out += &why_unknown(a).map(wrapped).unwrap_or_default();
    out + "\n"
}

/// `find --format json`; `why` is there if records were asked for. `unknown_values` are the places, from 1 on, of values of which
/// nothing is known, `no_identifiers` those among them that name nobody, or would have to be told what they are: `unknown_forms`.
pub fn find_json(a: &FindAnswer, why: bool) -> Value {
    let consumer = match a.consumers[..] {
        [one] => Some(one.to_string()),
        _ => None,
    };
    let ranges = |r: &Option<Vec<(u64, u64)>>| r.as_ref().map(|r| r.iter().map(|(s, e)| [*s, *e]).collect::<Vec<_>>());
    let place = |p: &Place| {
        json!({
            "consumer": p.consumer.map(|c| c.to_string()), "uri": p.uri, "version": p.version, "member": p.member, "dataset": p.dataset,
            "field": p.field, "classifier": p.classifier, "rows": ranges(&p.rows), "bytes": ranges(&p.bytes), "count": p.count,
            "counted": p.counted, "verdict": p.verdict.as_ref().map(verdict_json),
            "first_seen": p.first_seen.to_string(), "last_seen": p.last_seen.to_string(), "current": p.current && p.role != Role::History,
            "stored": p.current, "role": p.role.code(),
        })
    };
    let proof = |p: &Proof| json!({"consumer": p.consumer.to_string(), "uri": p.uri, "row": p.row, "known": p.known, "adds": p.adds});
    let mut doc = json!({
        "consumer": consumer,
        "consumers": a.consumers.iter().map(|c| c.to_string()).collect::<Vec<_>>(),
        "identifiers": a.identifiers.iter().map(|i| json!({
            "classifier": i.classifier, "sightings": i.sightings, "shared": i.shared, "consumer": i.consumer.map(|c| c.to_string()),
        })).collect::<Vec<_>>(),
        "places": a.places.iter().map(place).collect::<Vec<_>>(),
        "unknown_values": places_of(a, |m| m != Met::Known), "no_identifiers": places_of(a, |m| matches!(m, Met::NoIdentifier | Met::UnknownForm)),
        "unknown_forms": places_of(a, |m| m == Met::UnknownForm),
        "basis": basis_json(&a.basis),
    });
    if why {
        doc["why"] = a.proofs.iter().map(proof).collect();
    }
    doc
}

/// The same for people: by consumer and object, history after what is stored now.
pub fn find_text(a: &FindAnswer, why: bool) -> String {
    if a.places.is_empty() {
        return unknown_text(a) + &basis_text(&a.basis);
    }
    let mut out = unknown_text(a);
    let owners = a.consumers.iter().map(|c| Some(*c)).chain(a.places.iter().any(|p| p.consumer.is_none()).then_some(None));
    for owner in owners {
        let mine: Vec<&Place> = a.places.iter().filter(|p| p.consumer == owner).collect();
        let title = owner.map_or("In nobody's record".to_owned(), |c| format!("Consumer {c}"));
        let mut objects: Vec<&str> = mine.iter().map(|p| p.uri.as_str()).collect();
        objects.dedup();
        out += &format!("{title}: {} in {}\n", plural(mine.len() as u64, "place"), plural(objects.len() as u64, "object"));
        for i in a.identifiers.iter().filter(|i| i.consumer == owner) {
            let shared = if i.shared { ", shared by several people: links nothing" } else { "" };
            out += &format!(
                "  {} seen {}{shared}\n",
                i.classifier,
                if i.sightings == 1 { "once".to_owned() } else { format!("{} times", count(i.sightings)) }
            );
        }
        for same in mine.chunk_by(|a, b| (&a.uri, &a.version, &a.member) == (&b.uri, &b.version, &b.member)) {
            let gone = match (same[0].current, same[0].role) {
                (false, _) => "  (no longer stored)",
                (true, Role::History) => "  (history: something newer has replaced it)",
                _ => "",
            };
            let member = same[0].member.as_ref().map(|m| format!(" in {}", seen(m))).unwrap_or_default();
            out += &format!("\n  {}{member}{gone}\n", seen(&same[0].uri));
            let row = |p: &&Place| {
                let rows = p.rows.as_ref().map(|r| format!("row {}", ranges(r, 4)));
                let bytes = p.bytes.as_ref().map(|b| format!("bytes {}", byte_ranges(b)));
                let at = [rows, bytes].into_iter().flatten().collect::<Vec<_>>().join(", ");
                let at = p.verdict.as_ref().map_or(at.clone(), |v| format!("{at}  [{}: {}]", v.word.name(), v.reviewer));
                vec![p.field.clone().unwrap_or_else(|| "text".to_owned()), p.classifier.clone(), at]
            };
            out += &table(&same.iter().map(row).collect::<Vec<_>>(), &[], "    ");
        }
        out.push('\n');
    }
    if why {
        out += "Records that join the identifiers:\n";
        if a.proofs.is_empty() {
            out += "  none: every consumer above has one identifier only\n";
        }
        for p in &a.proofs {
            out += &format!("  {} row {}: {} with {}\n", seen(&p.uri), p.row, p.known.join(", "), p.adds.join(", "));
        }
        out.push('\n');
    }
    out + &basis_text(&a.basis)
}

/// Byte ranges keep both ends, as editors want them.
fn byte_ranges(b: &[(u64, u64)]) -> String {
    let shown: Vec<String> = b.iter().take(4).map(|(s, e)| format!("{s}..{e}")).collect();
    let more = if b.len() > 4 { format!(" and {} more", count(b.len() as u64 - 4)) } else { String::new() };
    shown.join(", ") + &more
}
