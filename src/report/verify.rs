//! What remains of a person who must be gone.

use serde_json::{Value, json};

use super::breach::wrap;
use super::text::{count, plural, ranges, seen, shorten};
use crate::base::Timestamp;
use crate::scan::{Look, Looked, Spot};

/// What this proof does not look at, whatever the sources are.
const ELSEWHERE: &str = "older versions, replicas, snapshots, backups, point-in-time windows, and what no source names";

/// The answer of `verify`.
#[derive(Clone, Debug, Default)]
pub struct VerifyAnswer {
    /// The request that was frozen, and when.
    pub request: Option<(String, String)>,
    /// Classifiers of the identifiers that were looked for, with how many of each.
    pub identifiers: Vec<(String, u64)>,
    /// Whether everything was read, not only known places.
    pub everywhere: bool,
    /// What was read.
    pub look: Look,
    /// Known places that are no longer listed: uri.
    pub gone: Vec<String>,
    /// Known places that no source lists, or that could not be listed: uri.
    pub not_examined: Vec<String>,
    /// Classifiers of identifiers that this look cannot recognise: not among those that it was given.
    pub blind: Vec<String>,
    /// When.
    pub at: Option<Timestamp>,
}

impl VerifyAnswer {
    /// Objects in which something remains.
    pub fn remains(&self) -> impl Iterator<Item = &Looked> {
        self.look.objects.iter().filter(|o| !o.spots.is_empty())
    }

    /// Whether all that was meant to be read was read.
    pub fn is_complete(&self) -> bool {
        self.blind.is_empty()
            && self.not_examined.is_empty()
            && self.look.failures.is_empty()
            && self.look.objects.iter().all(|o| o.unread.is_empty())
    }
}

fn state(o: &Looked) -> &'static str {
    match (o.spots.is_empty(), o.unread.is_empty()) {
        (false, _) => "remains",
        (true, true) => "clear",
        (true, false) => "not_examined",
    }
}

/// `verify --format json`: `remains` (objects), `clear`, `gone`, `not_examined`, `identifiers`, `objects` with `uri`, `dataset`, `state`, `version`,
/// `modified`, `places` (field, classifier, rows, bytes, count), `reasons`; `not_recognised`: classifiers
/// of identifiers that were asked for and cannot be met with those at hand; `elsewhere`: what is never looked at.
pub fn verify_json(a: &VerifyAnswer) -> Value {
    let place = |s: &Spot| json!({"member": s.member, "field": s.field, "classifier": s.classifier, "rows": s.rows, "bytes": s.bytes, "count": s.count});
    let looked = a.look.objects.iter().map(|o| {
        json!({
            "uri": o.uri, "dataset": o.dataset, "state": state(o), "version": o.version, "modified": o.modified.map(|t| t.to_string()),
            "places": o.spots.iter().map(place).collect::<Vec<_>>(),
            "reasons": o.unread.iter().map(|(r, d)| json!({"reason": r.code(), "detail": d})).collect::<Vec<_>>(),
        })
    });
    let missing = a.gone.iter().map(|u| (u, "gone")).chain(a.not_examined.iter().map(|u| (u, "not_examined")));
    let missing = missing.map(
        |(uri, state)| json!({"uri": uri, "dataset": null, "state": state, "version": null, "modified": null, "places": [], "reasons": []}),
    );
    let n = |s: &str| a.look.objects.iter().filter(|o| state(o) == s).count() as u64;
    json!({
        "remains": n("remains"), "clear": n("clear"), "gone": a.gone.len(), "not_examined": n("not_examined") + a.not_examined.len() as u64,
        "everywhere": a.everywhere, "at": a.at.map(|t| t.to_string()),
        "request": a.request.as_ref().map(|(id, made)| json!({"id": id, "frozen": made})),
        "identifiers": a.identifiers.iter().map(|(c, n)| json!({"classifier": c, "count": n})).collect::<Vec<_>>(),
        "objects": looked.chain(missing).collect::<Vec<_>>(), "not_listed": a.look.failures.iter().map(|(u, r)| json!({"uri": u, "reason": r.code()})).collect::<Vec<_>>(),
        "not_recognised": a.blind, "elsewhere": ELSEWHERE,
    })
}

/// The same for people: what remains first.
pub fn verify_text(a: &VerifyAnswer) -> String {
    let remains: Vec<&Looked> = a.remains().collect();
    let mut out = String::new();
    let n: u64 = a.identifiers.iter().map(|i| i.1).sum();
    out += &match (&a.request, a.everywhere) {
        (Some((id, made)), _) => format!("Request {id}, frozen {made}: {} looked for.\n", plural(n, "identifier")),
        (None, true) => format!("{} looked for everywhere.\n", plural(n, "identifier")),
        (None, false) => format!("{} looked for where they were known.\n", plural(n, "identifier")),
    };
    if remains.is_empty() {
        out += "Nothing remains in what was read.\n";
    } else {
        out += &format!("REMAINS in {}:\n", plural(remains.len() as u64, "object"));
    }
    for o in &remains {
        out += &format!("\n  {}\n", shorten(&o.uri, 78));
        for s in &o.spots {
            let at = match (&s.rows, &s.bytes) {
                (Some(r), _) => format!("row {}", ranges(r, 4)),
                (_, Some(b)) => format!("bytes {}", b.iter().take(3).map(|(a, b)| format!("{a}..{b}")).collect::<Vec<_>>().join(", ")),
                _ => String::new(),
            };
            let member = s.member.as_ref().map(|m| format!("{}: ", seen(m))).unwrap_or_default();
            out += &format!("    {member}{}  {}  {at}\n", seen(s.field.as_deref().unwrap_or("text")), s.classifier);
        }
    }
    if !remains.is_empty() {
        out.push('\n');
    }
    let clear = a.look.objects.iter().filter(|o| state(o) == "clear").count() as u64;
    out += &format!("{} clear, {} no longer there, ", plural(clear, "object"), count(a.gone.len() as u64));
    let unread: Vec<&Looked> = a.look.objects.iter().filter(|o| !o.unread.is_empty()).collect();
    out += &format!("{} not examined.\n", count((unread.len() + a.not_examined.len()) as u64));
    for o in unread.iter().take(8) {
        out += &format!("  {}: {}\n", shorten(&o.uri, 56), o.unread[0].0.code());
    }
    for uri in a.not_examined.iter().take(8) {
        out += &format!("  {}: no source lists it\n", shorten(uri, 56));
    }
    for (uri, reason) in a.look.failures.iter().take(8) {
        out += &format!("  {}: {}\n", shorten(uri, 56), reason.code());
    }
    if !a.blind.is_empty() {
        let all = a.blind.join(", ");
        out += &wrap(&format!(
            "Not to be recognised by this look: {all}. What is left of it was not met; give what the scan was given (--classifiers)."
        ));
    }
    let newest = a.look.objects.iter().filter_map(|o| o.modified).max();
    let state = newest.map(|t| format!("; the newest object was written {t}")).unwrap_or_default();
    out += &wrap(&format!("Read {}{state}.", a.at.map(|t| t.to_string()).unwrap_or_default()));
    out + &wrap(&format!("Never looked at here: {ELSEWHERE}."))
}
