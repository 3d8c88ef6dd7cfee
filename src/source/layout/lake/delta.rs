//! Delta tables: `_delta_log/00000000000000000000.json` and its successors add and remove files; a checkpoint sums up what
//! earlier ones did.

use std::collections::HashSet;

use serde_json::Value;

use super::super::{Finder, file_name, type_word};
use super::Table;
use crate::base::Reason;

const KIND: &str = "delta-table";

/// The version that a file of the log is about.
pub(super) fn version(name: &str) -> Option<u64> {
    let digits = name.split('.').next()?;
    let log = name.ends_with(".json") || name.ends_with(".checkpoint.parquet") || name.contains(".checkpoint.");
    (digits.len() == 20 && digits.bytes().all(|b| b.is_ascii_digit()) && log).then(|| digits.parse().ok())?
}

pub(super) fn claim(f: &mut Finder, table: &Table) {
    let objects = f.objects;
    let (home, name) = (table.home, table.name);
    let mut commits: Vec<(u64, usize)> = Vec::new();
    for (i, path) in table.paths(f) {
        if let Some(file) = path.strip_prefix("_delta_log/")
            && let Some(v) = version(file)
            && file.len() == 25
        {
            commits.push((v, i));
        }
    }
    commits.sort_unstable();
    // Without the beginning (or with a gap) it is only known what was done since.
    let complete = commits.iter().enumerate().all(|(n, (v, _))| *v == n as u64) && !commits.is_empty();
    let (mut added, mut removed) = (HashSet::new(), HashSet::new());
    let mut missing: HashSet<String> = HashSet::new();
    for (_, i) in &commits {
        let uri = objects[*i].uri.clone();
        let content = match f.content(*i) {
            Ok(c) => c,
            Err(e) => {
                f.issue(&uri, e.reason, e.detail);
                continue;
            }
        };
        let mut broken = 0;
        for line in content.split(|b| *b == b'\n').filter(|l| !l.trim_ascii().is_empty()) {
            let Ok(action) = serde_json::from_slice::<Value>(line) else {
                broken += 1;
                continue;
            };
            if let Some(path) = action["add"]["path"].as_str().map(decoded) {
                match super::find_file(f, home, &path) {
                    Some(o) => {
                        removed.remove(&o);
                        added.insert(o);
                    }
                    None => drop(missing.insert(path)),
                }
            }
            if let Some(path) = action["remove"]["path"].as_str().map(decoded) {
                missing.remove(&path);
                if let Some(o) = super::find_file(f, home, &path) {
                    added.remove(&o);
                    removed.insert(o);
                }
            }
            if let Some(schema) = action["metaData"]["schemaString"].as_str() {
                f.facts(name, KIND, types(schema));
            }
        }
        if broken > 0 {
            f.issue(&uri, Reason::Corrupt, format!("{broken} lines of the table's log are not the JSON they should be"));
        }
    }
    f.facts(name, KIND, Vec::new());
    let is_log = |path: &str| {
        path.starts_with("_delta_log/") || path.starts_with("_symlink_format_manifest/") || path.ends_with(".crc") || is_vector(path)
    };
    if !complete {
        // What the checkpoint holds is taken for live unless it was removed since.
        let rest = table.paths(f).filter(|(i, path)| !removed.contains(i) && !is_log(path) && !path.starts_with("_change_data/"));
        added.extend(rest.map(|(i, _)| i));
        let text = "the table's log begins with a checkpoint, which is not read: a file counts as current unless it was removed since";
        let at = table.paths(f).find(|(_, path)| path.starts_with("_delta_log/")).map(|(i, _)| objects[i].uri.clone());
        if let Some(uri) = at {
            f.issue(&uri, Reason::ExportIncomplete, text);
        }
    } else if !missing.is_empty()
        && let Some((_, last)) = commits.last()
    {
        let uri = objects[*last].uri.clone();
        f.issue(&uri, Reason::ExportIncomplete, format!("{} files that the table consists of are not here", missing.len()));
    }
    super::claim(f, table, &added, is_log);
}

/// Which rows of a file were deleted.
fn is_vector(path: &str) -> bool {
    file_name(path).starts_with("deletion_vector_") && path.ends_with(".bin")
}

/// Paths in the log are percent-encoded.
fn decoded(path: &str) -> String {
    let hex = |b: &[u8]| u8::from_str_radix(std::str::from_utf8(b).ok()?, 16).ok();
    let (mut out, mut rest) = (Vec::with_capacity(path.len()), path.as_bytes());
    while let [b, after @ ..] = rest {
        match (b, after.get(..2).and_then(hex)) {
            (b'%', Some(byte)) => {
                out.push(byte);
                rest = &after[2..];
            }
            _ => {
                out.push(*b);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn types(schema: &str) -> Vec<(String, String)> {
    let schema: Value = serde_json::from_str(schema).unwrap_or_default();
    let fields = schema["fields"].as_array();
    fields.into_iter().flatten().filter_map(|c| Some((c["name"].as_str()?.to_owned(), type_word(c["type"].as_str()?)?))).collect()
}
