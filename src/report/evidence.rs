//! What logs said, and what they cannot say.

use serde_json::{Value, json};

use super::breach::{numbers, wrap};
use super::text::{count, plural, shorten, table};
use crate::evidence::Checked;
use crate::law::Numbers;
use crate::query::EvidenceAnswer;

/// How many gaps a page shows; the JSON has them all.
const SHOWN: usize = 8;

/// `evidence` of `breach --format json`: `scopes` (`accessed`, `accessible`, `present` with objects and people), `reads`, `failed`, `empty`,
/// `anonymous`, `presigned`, `by_copy`, `uncertain_end`, `own`, `first`, `last`, `gaps` (kind, target, first, events, detail),
/// `calendar` (account, region, from, to, hours: no event, log file or digest), `digests` (null, or read, whole,
/// changed, missing, unlisted, broken, signature: "not checked" or good, bad, unknown), `problems` (log, what), `records`.
pub(super) fn evidence_json(a: &EvidenceAnswer) -> Value {
    let e = &a.exposure;
    let gaps: Vec<Value> = e
        .gaps
        .iter()
        .map(|g| json!({"kind": g.kind, "target": g.target, "first": g.first.to_string(), "events": g.events, "detail": g.detail}))
        .collect();
    let calendar: Vec<Value> = e
        .calendar
        .iter()
        .map(|s| json!({"account": s.account, "region": s.region, "from": s.from.to_string(), "to": s.to.to_string(), "hours": s.hours()}))
        .collect();
    let objects: Vec<Value> = e
        .accessed
        .iter()
        .map(|x| json!({"uri": x.object.uri, "version": x.object.version, "whole": x.whole, "current": x.object.current}))
        .collect();
    json!({
        "scopes": {
            "accessed": {"objects": e.accessed.len(), "consumers": numbers(&a.accessed)},
            "accessible": {"objects": a.accessible.0, "consumers": numbers(&a.accessible.1)},
            "present": {"objects": a.present.0, "consumers": numbers(&a.present.1)},
        },
        "objects": objects, "never_indexed": e.never_indexed,
        "reads": e.reads, "failed": e.failed, "empty": e.empty, "anonymous": e.anonymous, "presigned": e.presigned, "by_copy": e.by_copy,
        "uncertain_end": e.uncertain_end, "own": e.own, "first": e.span.map(|s| s.0.to_string()), "last": e.span.map(|s| s.1.to_string()),
        "gaps": gaps, "calendar": calendar, "digests": e.digests.as_ref().map(digests_json),
        "problems": a.problems.iter().map(|(log, what)| json!({"log": log, "what": what})).collect::<Vec<_>>(), "records": a.records,
        "absence": "events that are missing prove nothing: data events are logged only where a trail asks for them, and delivery is best effort",
    })
}

/// The same for people.
pub(super) fn evidence_text(a: &EvidenceAnswer) -> String {
    let e = &a.exposure;
    let row =
        |name: &str, objects: u64, n: &Numbers| vec![name.to_owned(), count(objects), count(n.certain), count(n.likely), count(n.upper)];
    let rows = vec![
        ["by the logs", "objects", "certain", "likely", "at most"].map(str::to_owned).to_vec(),
        row("  accessed (read or copied)", e.accessed.len() as u64, &a.accessed),
        row("  accessible to the same requests", a.accessible.0, &a.accessible.1),
        row("  present in the index", a.present.0, &a.present.1),
    ];
    let mut out = table(&rows, &[1, 2, 3, 4], "");
    let mut said = vec![plural(e.reads, "read")];
    let mut say = |n: u64, what: &str| {
        if n > 0 {
            said.push(format!("{} {what}", count(n)));
        }
    };
    say(e.failed, "refused or failed, which exposed nothing");
    say(e.empty, "that sent nothing");
    say(e.anonymous, "by nobody in particular");
    say(e.presigned, "by links signed before");
    say(e.own, "of our own role, left out");
    out += &wrap(&format!("{}.", said.join("; ")));
    if e.by_copy > 0 {
        out += &wrap(&format!(
            "{} found as copies below a scanned folder: which version was read is not known, the newest copy counts.",
            plural(e.by_copy, "object")
        ));
    }
    if e.uncertain_end > 0 {
        out += &wrap(&format!("{} may have ended before the read: included.", plural(e.uncertain_end, "version")));
    }
    if !e.gaps.is_empty() {
        out += &format!("Not in the index ({}):\n", count(e.gaps.len() as u64));
        for g in e.gaps.iter().take(SHOWN) {
            out += &format!("  {} {}\n", g.kind, shorten(&g.target, 76 - g.kind.len()));
        }
        if e.gaps.len() > SHOWN {
            out += &format!("  and {} more: see --format json\n", count((e.gaps.len() - SHOWN) as u64));
        }
    }
    for (log, what) in a.problems.iter().take(SHOWN) {
        out += &wrap(&format!("Log {} {what}.", shorten(log, 50)));
    }
    if let Some(d) = &e.digests {
        out += &wrap(&digests_line(d));
    }
    out += &wrap(&format!("Missing events prove nothing.{}", if e.calendar.is_empty() { "" } else { " No event, log file or digest:" }));
    for s in e.calendar.iter().take(SHOWN) {
        let (from, to) = (s.from.to_string(), s.to.to_string());
        let short = |t: &str| t.get(..16).unwrap_or(t).to_owned();
        let who = shorten(&format!("{} {}", s.account, s.region), 26);
        out += &format!("  {who}  {}Z to {}Z, {}\n", short(&from), short(&to), plural(s.hours(), "hour"));
    }
    if e.calendar.len() > SHOWN {
        out += &format!("  and {} more: see --format json\n", count((e.calendar.len() - SHOWN) as u64));
    }
    out.push('\n');
    out
}

/// What digests say, as `digests`; lists are names of files.
fn digests_json(d: &Checked) -> Value {
    let signature = match &d.signatures {
        None => Value::from("not checked"),
        Some(s) => json!({ "good": s.good, "bad": s.bad, "unknown": s.unknown }),
    };
    json!({
        "read": d.digests, "whole": d.whole, "changed": d.changed, "missing": d.missing, "unlisted": d.unlisted, "broken": d.broken,
        "signature": signature,
    })
}

/// The same in a line.
pub(super) fn digests_line(d: &Checked) -> String {
    let mut said = vec![format!("{} as delivered", plural(d.whole, "log file"))];
    let mut say = |list: &[String], what: &str| {
        if let Some(first) = list.first() {
            said.push(format!("{} {what} (first {})", count(list.len() as u64), shorten(first, 60)));
        }
    };
    say(&d.changed, "changed");
    say(&d.missing, "missing");
    say(&d.unlisted, "that no digest names");
    say(&d.broken, "digests that do not follow their predecessor");
    let signed = match &d.signatures {
        None => "Their signatures were not checked: see --cloudtrail-keys.".to_owned(),
        Some(s) => {
            let mut all = vec![format!("The keys have signed {}", count(s.good))];
            if let Some(first) = s.bad.first() {
                all.push(format!("they have not signed {} (first {})", count(s.bad.len() as u64), shorten(first, 60)));
            }
            if s.unknown > 0 {
                all.push(format!("of {} it is not known (the digest after them is not here)", count(s.unknown)));
            }
            format!("{}.", all.join("; "))
        }
    };
    format!("By {}: {}. {signed}", plural(d.digests, "digest"), said.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Signatures;

    #[test]
    fn what_digests_say_is_one_sentence() {
        let mut d = Checked { digests: 24, whole: 100, ..Checked::default() };
        assert_eq!(
            digests_line(&d),
            "By 24 digests: 100 log files as delivered. Their signatures were not checked: see --cloudtrail-keys."
        );
        d.missing = vec!["a.json.gz".into(), "b.json.gz".into()];
        assert!(digests_line(&d).contains("as delivered; 2 missing (first a.json.gz)."), "{}", digests_line(&d));
        d.signatures = Some(Signatures { good: 22, bad: vec!["d.json.gz".into()], unknown: 1 });
        let signed = "The keys have signed 22; they have not signed 1 (first d.json.gz); of 1 it is not known";
        assert!(digests_line(&d).contains(signed), "{}", digests_line(&d));
    }
}
