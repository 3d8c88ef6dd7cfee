//! Iceberg tables: `metadata/v3.metadata.json` names the current snapshot, that a list of manifests, and these the data files.

use std::collections::HashSet;

use serde_json::Value;

use super::super::{Finder, file_name, type_word};
use super::{Table, avro};
use crate::base::{Error, Reason};

const KIND: &str = "iceberg-table";

/// What a manifest's entry says of a file that is no longer part of the table.
const DELETED: i64 = 2;

pub(super) fn claim(f: &mut Finder, table: &Table) {
    let objects = f.objects;
    let (home, name) = (table.home, table.name);
    let hint = f.by_uri.get(format!("{home}/metadata/version-hint.text").as_str()).copied();
    let hinted = hint.and_then(|i| f.content(i).ok()).and_then(|b| std::str::from_utf8(&b).ok()?.trim().parse::<u64>().ok());
    let newest = table.paths(f).filter_map(|(i, path)| {
        let n = path.strip_prefix("metadata/")?.strip_suffix(".metadata.json")?;
        let n: u64 = n.strip_prefix('v').unwrap_or(n).split(['-', '.']).next()?.parse().ok()?;
        Some((hinted == Some(n), n, objects[i].modified, i))
    });
    let Some((.., at)) = newest.max() else { return };
    let uri = objects[at].uri.clone();
    let mut live = HashSet::new();
    match f.json(at) {
        Some(state) => {
            f.facts(name, KIND, types(&state));
            match files(f, home, &state) {
                Ok((found, missing)) => {
                    live = found;
                    if missing > 0 {
                        f.issue(&uri, Reason::ExportIncomplete, format!("{missing} files that the table consists of are not here"));
                    }
                }
                Err(e) => {
                    f.issue(&uri, e.reason, format!("{}: all files of the table count as current", e.detail));
                    live.extend(data(f, table));
                }
            }
        }
        None => live.extend(data(f, table)),
    }
    super::claim(f, table, &live, is_log);
}

fn is_log(path: &str) -> bool {
    path.starts_with("metadata/")
}

/// All that may be data.
fn data(f: &Finder, table: &Table) -> Vec<usize> {
    table.paths(f).filter(|(_, path)| !is_log(path)).map(|(i, _)| i).collect()
}

/// The files of the current snapshot, and how many of them are not here.
fn files(f: &mut Finder, home: &str, table: &Value) -> Result<(HashSet<usize>, usize), Error> {
    let mut live = HashSet::new();
    let mut missing = HashSet::new();
    // Nothing was ever written, or all of it was taken back.
    let Some(current) = table["current-snapshot-id"].as_i64().filter(|id| *id != -1) else { return Ok((live, 0)) };
    let snapshots = table["snapshots"].as_array();
    let snapshot = snapshots.into_iter().flatten().find(|s| s["snapshot-id"].as_i64() == Some(current));
    let snapshot = snapshot.ok_or_else(|| Error::new(Reason::Corrupt, "the table's current snapshot is not among its snapshots"))?;
    let mut manifests: Vec<String> = Vec::new();
    match snapshot["manifest-list"].as_str() {
        Some(list) => {
            let content = content(f, home, list)?;
            avro::records(&content, &["manifest_path"], &mut |r| manifests.extend(r[0].text()))?;
        }
        // The first form of the format.
        None => manifests.extend(snapshot["manifests"].as_array().into_iter().flatten().filter_map(|m| m.as_str().map(str::to_owned))),
    }
    for m in manifests {
        let content = content(f, home, &m)?;
        let mut paths = Vec::new();
        avro::records(&content, &["status", "data_file.file_path"], &mut |r| {
            if r[0].number() != Some(DELETED) {
                paths.extend(r[1].text());
            }
        })?;
        for p in paths {
            match super::find_file(f, home, &p) {
                Some(i) => drop(live.insert(i)),
                None => drop(missing.insert(p)),
            }
        }
    }
    Ok((live, missing.len()))
}

/// A file of the table's log.
fn content(f: &mut Finder, home: &str, path: &str) -> Result<bytes::Bytes, Error> {
    let below = format!("{home}/metadata/{}", file_name(path));
    let at = super::find_file(f, home, path).or_else(|| f.by_uri.get(below.as_str()).copied());
    let at = at.ok_or_else(|| Error::new(Reason::ExportIncomplete, "a manifest of the table is not here"))?;
    f.content(at)
}

fn types(table: &Value) -> Vec<(String, String)> {
    let current = table["current-schema-id"].as_i64();
    let schemas = table["schemas"].as_array();
    let schema = schemas.into_iter().flatten().find(|s| current.is_some() && s["schema-id"].as_i64() == current);
    let fields = schema.unwrap_or(&table["schema"])["fields"].as_array();
    fields.into_iter().flatten().filter_map(|c| Some((c["name"].as_str()?.to_owned(), type_word(c["type"].as_str()?)?))).collect()
}
