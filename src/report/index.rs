//! What was done to the index.

use serde_json::{Value, json};

use super::text::{bytes, count, plural, table};
use crate::index::{CheckReport, Compacted, Exported, Forgotten, Pruned};

/// `index check --format json`: `ok`, what was looked at, `problems` (at most 100) and `problem_count`.
pub fn check_json(r: &CheckReport) -> Value {
    json!({
        "ok": r.problem_count == 0, "objects": r.objects, "postings": r.postings, "links": r.links, "identifiers": r.identifiers,
        "dead": r.dead, "unfinished": r.unfinished, "problems": r.problems, "problem_count": r.problem_count,
    })
}

/// The same for people.
pub fn check_text(r: &CheckReport) -> String {
    let mut out = format!(
        "Looked at {}, {}, {}, {}.\n",
        plural(r.objects, "object version"),
        plural(r.postings, "posting"),
        plural(r.links, "link"),
        plural(r.identifiers, "identifier")
    );
    if r.unfinished > 0 {
        out += &format!("{} left unfinished by a killed run: the next run removes it.\n", plural(r.unfinished, "object version"));
    }
    if r.dead > 0 {
        out += &format!("{} of removed versions: `piimap index compact` removes them.\n", plural(r.dead, "posting"));
    }
    if r.problem_count == 0 {
        return out + "All is well.\n";
    }
    out += &format!("\n{}:\n", plural(r.problem_count, "problem"));
    r.problems.iter().for_each(|p| out += &format!("  {p}\n"));
    out + "\nKeep a copy of the file and scan into a new index.\n"
}

/// `index compact --format json`.
pub fn compact_json(c: &Compacted) -> Value {
    json!({"bytes_before": c.before, "bytes_after": c.after, "identifiers_removed": c.identifiers})
}

/// The same for people.
pub fn compact_text(c: &Compacted) -> String {
    format!("{} before, {} now.\n", bytes(c.before), bytes(c.after))
}

/// `index prune --format json`.
pub fn prune_json(p: &Pruned, dry: bool) -> Value {
    json!({"objects": p.objects, "held": p.held, "identifiers": p.identifiers, "dry_run": dry})
}

/// The same for people.
pub fn prune_text(p: &Pruned, dry: bool) -> String {
    let verb = if dry { "would be removed" } else { "removed" };
    let mut out = format!("{} {verb}", plural(p.objects, "past object version"));
    if p.identifiers > 0 {
        out += &format!(", and {} of which nothing else speaks", plural(p.identifiers, "identifier"));
    }
    out += ".\n";
    if p.held > 0 {
        out += &format!("{} kept by a legal hold, see `piimap runs`.\n", plural(p.held, "version"));
    }
    out
}

/// `index forget --format json`.
pub fn forget_json(f: &Forgotten) -> Value {
    json!({"identifiers": f.identifiers, "objects": f.objects, "sightings": f.sightings, "shared": f.shared})
}

/// The same for people.
pub fn forget_text(f: &Forgotten) -> String {
    let shared = if f.shared == 0 {
        String::new()
    } else {
        format!("{} stays: several people share it. Name another identifier of the person.\n", plural(f.shared, "identifier"))
    };
    if f.identifiers == 0 {
        return if f.shared > 0 { shared } else { "Nothing is known of it.\n".to_owned() };
    }
    format!(
        "Forgotten: {} in {}, {}. Later runs do not index them again.\n{shared}",
        plural(f.identifiers, "identifier"),
        plural(f.objects, "object version"),
        plural(f.sightings, "sighting")
    )
}

/// `index export --format json`.
pub fn export_json(files: &[Exported]) -> Value {
    json!({"files": files.iter().map(|f| json!({"file": f.file, "rows": f.rows})).collect::<Vec<_>>()})
}

/// The same for people.
pub fn export_text(files: &[Exported], dir: &str) -> String {
    let mut rows = vec![vec!["file".to_owned(), "rows".to_owned()]];
    rows.extend(files.iter().map(|f| vec![f.file.clone(), count(f.rows)]));
    format!("{}\nWritten to {dir}, readable by you alone.\n", table(&rows, &[1], ""))
}
