//! Snapshot exports of RDS and Aurora: `export_info_ID.json` in the folder `ID`, tables in `DATABASE/SCHEMA.TABLE/`.
//!
//! There is no incremental export: each holds every table in full. Of several exports of one instance the newest
//! complete one is the table, the others are history.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::markers::is_marker;
use super::{Finder, file_name, folder, speakable, time, type_word};
use crate::base::{Hint, Reason, Role, Timestamp};

const KIND: &str = "rds-export";

/// Claims the tables of every export in the listing.
pub(super) fn find(f: &mut Finder) {
    let mut tables = Vec::new();
    for i in 0..f.objects.len() {
        let uri = f.objects[i].uri.as_str();
        let id = file_name(uri).strip_prefix("export_info_").and_then(|n| n.strip_suffix(".json"));
        if let Some(id) = id {
            tables.append(&mut export(f, i, id));
        }
    }
    claim(f, &tables);
}

/// One table of one export.
struct Exported {
    /// What was exported, across its snapshots: the ARN without what tells snapshots apart.
    source: String,
    dataset: String,
    as_of: Option<Timestamp>,
    /// The export and the table in it are complete, so that it may replace older ones.
    complete: bool,
    objects: Vec<usize>,
    types: Vec<(String, String)>,
}

fn claim(f: &mut Finder, tables: &[Exported]) {
    let mut newest: BTreeMap<(&str, &str), Timestamp> = BTreeMap::new();
    for t in tables.iter().filter(|t| t.complete) {
        if let Some(at) = t.as_of {
            let known = newest.entry((&t.source, &t.dataset)).or_insert(at);
            *known = at.max(*known);
        }
    }
    // The newest first, so that its types are those of the dataset.
    let mut order: Vec<&Exported> = tables.iter().collect();
    order.sort_by_key(|t| std::cmp::Reverse(t.as_of));
    for t in order {
        let replaced = t.as_of.is_some_and(|at| newest.get(&(&t.source, &t.dataset)).is_some_and(|n| at < *n));
        let role = if replaced { Role::History } else { Role::Data };
        f.facts(&t.dataset, KIND, t.types.clone());
        let only_markers = t.objects.iter().all(|&i| is_marker(file_name(&f.objects[i].uri)));
        for &i in &t.objects {
            // A table without files is empty, and its marker all that stands for it.
            let marker = !only_markers && is_marker(file_name(&f.objects[i].uri));
            let role = if marker { Role::Bookkeeping } else { role };
            f.claim_as(i, Hint { dataset: t.dataset.clone(), role, as_of: t.as_of, ..Hint::default() });
        }
    }
}

fn export(f: &mut Finder, info_at: usize, id: &str) -> Vec<Exported> {
    let objects = f.objects;
    let info_uri = objects[info_at].uri.as_str();
    let root = format!("{}/", folder(info_uri));
    let info = f.json(info_at).unwrap_or_default();
    let status = info["status"].as_str();
    let complete = status.is_some_and(|s| s.eq_ignore_ascii_case("COMPLETE"));
    if let Some(status) = status.filter(|_| !complete) {
        f.issue(info_uri, Reason::ExportIncomplete, format!("the status of the export is {}, not COMPLETE", speakable(status)));
    }
    warnings(f, info_uri, &info["warningMessage"]);
    let arn = info["sourceArn"].as_str().unwrap_or("");
    let source = source_of(arn);
    let instance = source.rsplit(':').next().filter(|s| !s.is_empty()).unwrap_or(id).to_owned();
    let as_of = time(&info["snapshotTime"]).or_else(|| time(&info["taskStartTime"]));

    // What the folders stand for, by their name as the export writes it.
    let mut targets: HashMap<String, Target> = HashMap::new();
    let tables_prefix = format!("{root}export_tables_info_{id}_from_");
    let mut listed = false;
    for (i, o) in objects.iter().enumerate() {
        if o.uri.starts_with(&tables_prefix) && o.uri.ends_with(".json") {
            tables(f, i, &mut targets);
            f.bookkeeping(i, &instance);
            listed = true;
        }
    }
    f.bookkeeping(info_at, &instance);
    if !listed {
        f.issue(info_uri, Reason::ExportIncomplete, "the export has no export_tables_info: which tables it skipped is unknown");
    }
    let mut found: BTreeMap<String, Exported> = BTreeMap::new();
    // Batch folders with files, and those whose marker says that they are whole.
    let (mut batches, mut whole) = (BTreeSet::new(), BTreeSet::new());
    for (i, o) in objects.iter().enumerate() {
        let Some(below) = o.uri.strip_prefix(&root) else { continue };
        let mut segments = below.splitn(3, '/');
        let (Some(database), Some(table), Some(rest)) = (segments.next(), segments.next(), segments.next()) else { continue };
        // MySQL has no schemas: the folder is `db/db.table`, the target may be `db.table`.
        let full = format!("{database}.{table}");
        let key = if targets.contains_key(&full) { full.as_str() } else { table };
        let (name, whole_table, types) = match targets.get_mut(key) {
            Some(t) => {
                t.seen = true;
                (t.name.as_str(), t.complete, t.types.clone())
            }
            None => (full.as_str(), true, Vec::new()),
        };
        let dataset = format!("{instance}/{name}");
        if rest.split_once('/').is_some_and(|(n, _)| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit())) {
            let set = if file_name(rest) == "_SUCCESS" { &mut whole } else { &mut batches };
            set.insert((name.to_owned(), folder(&o.uri)));
        }
        let table = found.entry(dataset.clone()).or_insert_with(|| Exported {
            source: source.clone(),
            dataset,
            as_of,
            complete: complete && whole_table,
            objects: Vec::new(),
            types,
        });
        table.objects.push(i);
    }
    // Copies may lack all markers; where some have one, those without are suspect.
    if !whole.is_empty() {
        for (name, _) in batches.difference(&whole) {
            let detail = format!("a part of the table {} has no _SUCCESS: it may be incomplete", speakable(name));
            f.issue(info_uri, Reason::ExportIncomplete, detail);
        }
    }
    let mut missing: Vec<&Target> = targets.values().filter(|t| t.has_data && !t.seen).collect();
    missing.sort_by(|a, b| a.name.cmp(&b.name));
    for t in missing {
        f.issue(info_uri, Reason::ExportIncomplete, format!("the table {} has data in the export and no files here", speakable(&t.name)));
    }
    found.into_values().collect()
}

/// What was exported, as an ARN: snapshots of one instance are told apart by a date at their end, automatic ones begin
/// with `rds:` as well.
fn source_of(arn: &str) -> String {
    let Some((before, name)) = arn.rsplit_once(':') else { return arn.to_owned() };
    let before = before.strip_suffix(":rds").unwrap_or(before);
    let digits_and_dashes = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-');
    let date = &name[digits_and_dashes.len()..];
    let year = date.trim_start_matches('-').get(..4).is_some_and(|y| y.starts_with("19") || y.starts_with("20"));
    let is_date = date.starts_with('-') && year && date.bytes().filter(u8::is_ascii_digit).count() >= 8;
    // Snapshots and live instances of one name are one source.
    let before =
        before.trim_end_matches("cluster-snapshot").trim_end_matches("snapshot").trim_end_matches("cluster").trim_end_matches("db");
    format!("{before}:{}", if is_date && !digits_and_dashes.is_empty() { digits_and_dashes } else { name })
}

struct Target {
    /// `db.schema.table`.
    name: String,
    /// Whether the export says that it wrote something.
    has_data: bool,
    /// Whether the export says that it wrote all.
    complete: bool,
    /// Whether its folder is in the listing.
    seen: bool,
    types: Vec<(String, String)>,
}

fn tables(f: &mut Finder, at: usize, targets: &mut HashMap<String, Target>) {
    let uri = f.objects[at].uri.as_str();
    let Some(info) = f.json(at) else { return };
    let Some(entries) = info["perTableStatus"].as_array() else {
        f.issue(uri, Reason::Corrupt, "the export's list of tables has no perTableStatus");
        return;
    };
    for e in entries {
        let name = e["target"].as_str().unwrap_or("");
        let warned = e["warningMessage"].as_str().is_some_and(|w| !w.is_empty());
        let complete = e["status"].as_str().is_none_or(|s| s.eq_ignore_ascii_case("COMPLETE"));
        // PRIVACY: the text of the warning may quote what is in the table.
        if warned {
            f.issue(
                uri,
                Reason::ExportIncomplete,
                format!("the export has a warning about {}: it may be missing or incomplete", speakable(name)),
            );
        } else if !complete {
            let status = e["status"].as_str().unwrap_or("");
            let detail = format!("the status of {} is {}, not COMPLETE", speakable(name), speakable(status));
            f.issue(uri, Reason::ExportIncomplete, detail);
        }
        if !name.is_empty() {
            let has_data = e["sizeGB"].as_f64().is_some_and(|s| s > 0.0) && e["warningMessage"] == Value::Null;
            let mappings = e["schemaMetadata"]["originalTypeMappings"].as_array();
            let types = mappings
                .into_iter()
                .flatten()
                .filter_map(|c| Some((c["columnName"].as_str()?.to_owned(), type_word(c["originalType"].as_str()?)?)));
            let types = types.collect();
            let target = Target { name: name.to_owned(), has_data, complete: complete && !warned, seen: false, types };
            targets.insert(written(name), target);
        }
    }
}

/// What the task says it left out: JSON in a string, `{"skippedTables":[…],"skippedObjectives":[…],"general":[{"reason":…}]}`.
///
/// PRIVACY: reasons are codes; anything else of it is only counted.
fn warnings(f: &mut Finder, uri: &str, message: &Value) {
    let Some(text) = message.as_str().filter(|m| !m.trim().is_empty()) else { return };
    let parsed: Value = serde_json::from_str(text).unwrap_or_default();
    let many = |key: &str| parsed[key].as_array().map_or(0, Vec::len);
    let (tables, others) = (many("skippedTables"), many("skippedObjectives"));
    if tables + others > 0 {
        f.issue(uri, Reason::ExportIncomplete, format!("the export skipped {tables} tables and {others} other objects"));
    }
    for reason in parsed["general"].as_array().into_iter().flatten().filter_map(|g| g["reason"].as_str()) {
        f.issue(uri, Reason::ExportIncomplete, format!("the export warns: {}", speakable(reason)));
    }
    if parsed == Value::Null {
        f.issue(uri, Reason::ExportIncomplete, "the export has a warning");
    }
}

/// A name as the export writes it into keys.
fn written(name: &str) -> String {
    name.replace(['\\', '`', '"', ' '], "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snapshots_of_one_instance_have_one_source() {
        for (arn, want) in [
            ("arn:aws:rds:us-east-1:1:snapshot:rds:shop-2026-11-03-06-10", "arn:aws:rds:us-east-1:1::shop"),
            ("arn:aws:rds:us-east-1:1:snapshot:shop-20261103", "arn:aws:rds:us-east-1:1::shop"),
            ("arn:aws:rds:us-east-1:1:cluster-snapshot:rds:shop-2026-11-03-06-10", "arn:aws:rds:us-east-1:1::shop"),
            ("arn:aws:rds:us-east-1:1:db:shop", "arn:aws:rds:us-east-1:1::shop"),
            ("arn:aws:rds:us-east-1:1:cluster:shop", "arn:aws:rds:us-east-1:1::shop"),
            ("arn:aws:rds:us-east-1:1:snapshot:shop-2", "arn:aws:rds:us-east-1:1::shop-2"),
            ("arn:aws:rds:us-east-1:1:snapshot:shop-99887766", "arn:aws:rds:us-east-1:1::shop-99887766"),
            ("arn:aws:rds:us-east-1:1:snapshot:2026-11-03", "arn:aws:rds:us-east-1:1::2026-11-03"),
            ("", ""),
        ] {
            assert_eq!(source_of(arn), want, "{arn}");
        }
    }
}
