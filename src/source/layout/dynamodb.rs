//! Exports of DynamoDB tables: `AWSDynamoDB/ID/manifest-summary.json`, and the data files that `manifest-files.json` names.
//!
//! A full export is the table at one moment: the newest is the table, older ones are history, and so are incremental
//! exports that end before it.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use md5::{Digest, Md5};
use serde_json::Value;

use super::{Finder, file_name, folder, time};
use crate::base::{Hint, Reason, Role, Timestamp};

const HOME: &str = "AWSDynamoDB/";
const KIND: &str = "dynamodb-export";

/// Claims the data files of every export in the listing.
pub(super) fn find(f: &mut Finder) {
    // The folder of each export, with its objects.
    let mut exports: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (i, o) in f.objects.iter().enumerate() {
        if let Some(end) = export_folder(&o.uri) {
            exports.entry(&o.uri[..end]).or_default().push(i);
        }
    }
    let mut found = Vec::new();
    for (folder, objects) in &exports {
        match f.by_uri.get(format!("{folder}/manifest-summary.json").as_str()).copied() {
            Some(summary) => found.extend(export(f, folder, objects, summary)),
            None => {
                let uri = f.objects[objects[0]].uri.as_str();
                f.issue(uri, Reason::ExportIncomplete, "the export has no manifest-summary.json: it did not finish, or failed");
            }
        }
    }
    claim(f, &found);
}

/// One export.
struct Exported {
    arn: String,
    dataset: String,
    as_of: Option<Timestamp>,
    full: bool,
    /// All that its manifest names is here.
    complete: bool,
    data: Vec<usize>,
}

fn claim(f: &mut Finder, exports: &[Exported]) {
    let mut newest: BTreeMap<&str, Timestamp> = BTreeMap::new();
    for e in exports.iter().filter(|e| e.full && e.complete) {
        if let Some(at) = e.as_of {
            let known = newest.entry(&e.arn).or_insert(at);
            *known = at.max(*known);
        }
    }
    for e in exports {
        let base = newest.get(e.arn.as_str()).copied();
        let replaced = e.as_of.zip(base).is_some_and(|(at, base)| if e.full { at < base } else { at <= base });
        let role = if replaced { Role::History } else { Role::Data };
        f.facts(&e.dataset, KIND, Vec::new());
        for &i in &e.data {
            f.claim_as(i, Hint { dataset: e.dataset.clone(), role, as_of: e.as_of, ..Hint::default() });
        }
    }
}

/// The end of `…/AWSDynamoDB/ID` in a URI.
fn export_folder(uri: &str) -> Option<usize> {
    let at = uri.find(HOME).filter(|at| *at == 0 || uri.as_bytes()[at - 1] == b'/')? + HOME.len();
    let end = at + uri[at..].find('/')?;
    let (time, random) = uri[at..end].split_once('-')?;
    let ok = time.len() >= 13 && time.bytes().all(|b| b.is_ascii_digit());
    (ok && random.len() == 8 && random.bytes().all(|b| b.is_ascii_hexdigit())).then_some(end)
}

fn export(f: &mut Finder, home: &str, inside: &[usize], summary_at: usize) -> Option<Exported> {
    let uri = f.objects[summary_at].uri.as_str();
    let summary = f.json(summary_at)?;
    let Some(table) = summary["tableArn"].as_str().and_then(|a| a.rsplit(['/', ':']).next()).filter(|t| !t.is_empty()) else {
        f.issue(uri, Reason::Corrupt, "the export's summary names no table");
        return None;
    };
    let mut export = Exported {
        arn: summary["tableArn"].as_str().unwrap_or("").to_owned(),
        dataset: format!("dynamodb/{table}"),
        as_of: time(&summary["exportToTime"]).or_else(|| time(&summary["exportTime"])),
        full: summary["exportType"].as_str() != Some("INCREMENTAL_EXPORT"),
        complete: true,
        data: Vec::new(),
    };
    verify(f, home, "manifest-summary.json", summary_at);
    match f.by_uri.get(format!("{home}/manifest-files.json").as_str()).copied() {
        Some(files) => {
            verify(f, home, "manifest-files.json", files);
            files_of(f, home, files, &mut export, summary["itemCount"].as_u64());
        }
        None => {
            f.issue(uri, Reason::ExportIncomplete, "the export has no manifest-files.json: what belongs to it is a guess");
            export.complete = false;
        }
    }
    // A full export has its files to itself, whether or not its manifest could be used.
    let data = format!("{home}/data/");
    for &i in inside {
        if f.objects[i].uri.starts_with(&data) {
            export.data.push(i);
        } else {
            f.bookkeeping(i, &export.dataset);
        }
    }
    Some(export)
}

/// Compares a manifest with the check sum beside it, where there is one.
fn verify(f: &mut Finder, home: &str, name: &str, at: usize) {
    let stem = name.trim_end_matches(".json");
    let sum = ["md5", "checksum"].iter().find_map(|e| f.by_uri.get(format!("{home}/{stem}.{e}").as_str()).copied());
    let Some(Ok(sum)) = sum.map(|s| f.content(s)) else { return };
    let Ok(content) = f.content(at) else { return };
    let digest = BASE64_STANDARD.encode(Md5::digest(&content));
    if !sum.trim_ascii().is_empty() && sum.trim_ascii() != digest.as_bytes() {
        f.issue(&f.objects[at].uri, Reason::Corrupt, "the manifest is not the one that its check sum was made of");
    }
}

fn files_of(f: &mut Finder, home: &str, files: usize, export: &mut Exported, items: Option<u64>) {
    let uri = f.objects[files].uri.as_str();
    let content = match f.content(files) {
        Ok(c) => c,
        Err(e) => {
            export.complete = false;
            f.issue(uri, e.reason, e.detail);
            return;
        }
    };
    // Where the tree lies now: the keys in the manifest are those of the bucket it was written to.
    let base = folder(folder(home));
    let (mut bad, mut missing, mut counted) = (0, 0, Some(0u64));
    for line in content.split(|b| *b == b'\n').filter(|l| !l.trim_ascii().is_empty()) {
        let entry: Value = serde_json::from_slice(line).unwrap_or_default();
        let Some(key) = entry["dataFileS3Key"].as_str() else {
            bad += 1;
            continue;
        };
        counted = counted.zip(entry["itemCount"].as_u64()).map(|(a, b)| a.saturating_add(b));
        let below = key.find(HOME).map_or(key, |at| &key[at..]);
        let moved = if base.is_empty() { below.to_owned() } else { format!("{base}/{below}") };
        let beside = format!("{home}/data/{}", file_name(key));
        match f.by_uri.get(moved.as_str()).or_else(|| f.by_uri.get(beside.as_str())).copied() {
            Some(i) => export.data.push(i),
            None => missing += 1,
        }
    }
    if bad > 0 {
        f.issue(uri, Reason::Corrupt, format!("{bad} lines of the manifest name no data file"));
    }
    if missing > 0 {
        f.issue(uri, Reason::ExportIncomplete, format!("{missing} data files of the manifest are not here"));
    }
    if bad == 0 && counted.zip(items).is_some_and(|(counted, items)| counted != items) {
        f.issue(uri, Reason::ExportIncomplete, "the items of the manifest's files are not as many as the export's summary says");
    }
    export.complete &= bad + missing == 0;
}
