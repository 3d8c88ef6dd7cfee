//! What links datasets by keys.

use serde_json::{Value, json};

use super::breach::wrap;
use super::find::{basis_json, basis_text};
use super::text::{count, plural, seen, shorten};
use crate::identity::keys::Status;
use crate::index::StoredPair;
use crate::query::{Key, LinksAnswer};

/// `map --links --format json`: `keys` [{class, columns [{dataset, field, declared}], values, linked, shared}], `links` [{from, to
/// {dataset, field}, status, reason, why, compared, contained, agree, differ, values, values_contained}], `pending` [{dataset,
/// objects}], `absent` [{dataset, field}: named in piimap.toml, and not there], `basis`.
pub fn links_json(a: &LinksAnswer) -> Value {
    let end = |e: &(String, String)| json!({"dataset": e.0, "field": e.1});
    let key = |k: &Key| {
        let columns: Vec<Value> =
            k.columns.iter().map(|(dataset, field, declared)| json!({"dataset": dataset, "field": field, "declared": declared})).collect();
        json!({"class": k.class, "columns": columns, "values": k.values, "linked": k.linked, "shared": k.shared})
    };
    let link = |l: &StoredPair| {
        let p = &l.pair;
        json!({
            "from": end(&p.from), "to": end(&p.to), "status": p.status.code(), "reason": p.verdict.code(), "why": p.verdict.meaning(),
            "compared": p.compared, "contained": p.contained, "agree": p.agree, "differ": p.differ,
            "values": l.all.map(|a| a.0), "values_contained": l.all.map(|a| a.1),
        })
    };
    json!({
        "keys": a.keys.iter().map(key).collect::<Vec<_>>(),
        "links": a.links.iter().map(link).collect::<Vec<_>>(),
        "pending": a.pending.iter().map(|(dataset, objects)| json!({"dataset": dataset, "objects": objects})).collect::<Vec<_>>(),
        "absent": a.absent.iter().map(end).collect::<Vec<_>>(),
        "basis": basis_json(&a.basis),
    })
}

/// The same for people.
pub fn links_text(a: &LinksAnswer) -> String {
    let mut out = String::new();
    if a.keys.is_empty() {
        out += "No columns are linked by keys.\n";
    }
    for k in &a.keys {
        let shared = if k.shared > 0 { format!(", {} shared by several people", count(k.shared)) } else { String::new() };
        out += &format!("{}: {}, {} of them linked by records{shared}\n", k.class, plural(k.values, "value"), count(k.linked));
        for (dataset, field, declared) in &k.columns {
            let said = if *declared { "  (piimap.toml)" } else { "" };
            out += &format!("  {}  {}{said}\n", shorten(dataset, 50), seen(field));
        }
        out.push('\n');
    }
    for (status, title) in [
        (Status::Accepted, "Linked, because the values of one column are keys of the other:"),
        (Status::Proposed, "Proposed, not linked. To link them, name both columns in piimap.toml:"),
        (Status::Contradicted, "Not linked, although the names agree:"),
    ] {
        let open = |l: &&StoredPair| l.pair.status == status && !(status == Status::Proposed && a.is_decided(l));
        let here: Vec<&StoredPair> = a.links.iter().filter(open).collect();
        if here.is_empty() {
            continue;
        }
        out += &format!("{title}\n");
        for l in here {
            let p = &l.pair;
            out += &format!("  {}  {}\n    in {}  {}\n", shorten(&p.from.0, 50), seen(&p.from.1), shorten(&p.to.0, 50), seen(&p.to.1));
            let (inside, all) = l.all.map_or((p.contained, p.compared), |(all, inside)| (inside, all));
            let of = if l.all.is_some() { "" } else { " sampled" };
            out += &format!("    {} of {}{of} values\n    {}\n", count(inside), count(all), p.verdict.meaning());
            if p.agree + p.differ > 0 {
                out += &format!("    {} of {} compared rows name the same person\n", count(p.agree), count(p.agree + p.differ));
            }
        }
        out.push('\n');
    }
    if let Some(l) = a.links.iter().find(|l| l.pair.status == Status::Proposed && !a.is_decided(l)) {
        out += "Such as this; `ignore = true` in the place of a name rejects a proposal:\n";
        for (dataset, field) in [&l.pair.to, &l.pair.from] {
            let text = |t: &str| format!("{:?}", seen(t));
            out += &format!("  [[key]]\n  dataset = {}\n  field = {}\n  name = \"customer\"\n", text(dataset), text(field));
        }
        out.push('\n');
    }
    for (dataset, field) in &a.absent {
        out += &absent_text(dataset, field);
    }
    for (dataset, objects) in &a.pending {
        out += &format!("{} of {} to be read again for its keys: scan its source.\n", plural(*objects, "object"), seen(dataset));
    }
    out + &basis_text(&a.basis)
}

/// A key column of piimap.toml that is nowhere.
pub fn absent_text(dataset: &str, field: &str) -> String {
    wrap(&format!("[[key]] of piimap.toml: no dataset that {dataset} names has a field {field}; it links nothing."))
}
