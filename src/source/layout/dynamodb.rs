//! Exports of DynamoDB tables: `AWSDynamoDB/ID/manifest-summary.json`, and the data files that `manifest-files.json` names.

use std::collections::BTreeMap;

use super::{Finder, file_name, folder};
use crate::base::Reason;

const HOME: &str = "AWSDynamoDB/";

/// Claims the data files of every export in the listing.
pub(super) fn find(f: &mut Finder) {
    // The folder of each export, with its first object.
    let mut exports: BTreeMap<&str, usize> = BTreeMap::new();
    for (i, o) in f.objects.iter().enumerate() {
        if let Some(end) = export_folder(&o.uri) {
            exports.entry(&o.uri[..end]).or_insert(i);
        }
    }
    for (folder, first) in exports {
        match f.by_uri.get(format!("{folder}/manifest-summary.json").as_str()).copied() {
            Some(summary) => export(f, folder, summary),
            None => {
                let uri = f.objects[first].uri.as_str();
                f.issue(uri, Reason::ExportIncomplete, "the export has no manifest-summary.json: it did not finish, or failed");
            }
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

fn export(f: &mut Finder, home: &str, summary_at: usize) {
    let objects = f.objects;
    let uri = objects[summary_at].uri.as_str();
    let Some(summary) = f.json(summary_at) else { return };
    let Some(table) = summary["tableArn"].as_str().and_then(|a| a.rsplit(['/', ':']).next()).filter(|t| !t.is_empty()) else {
        f.issue(uri, Reason::Corrupt, "the export's summary names no table");
        return;
    };
    let dataset = format!("dynamodb/{table}");
    if let Some(&files) = f.by_uri.get(format!("{home}/manifest-files.json").as_str()) {
        files_of(f, home, files, &dataset);
    } else {
        f.issue(uri, Reason::ExportIncomplete, "the export has no manifest-files.json: what belongs to it is a guess");
    }
    // A full export has its files to itself, whether or not its manifest could be used.
    let data = format!("{home}/data/");
    for (i, _) in objects.iter().enumerate().filter(|(_, o)| o.uri.starts_with(&data)) {
        f.claim(i, &dataset, None);
    }
}

fn files_of(f: &mut Finder, home: &str, files: usize, dataset: &str) {
    let uri = f.objects[files].uri.as_str();
    let content = match f.content(files) {
        Ok(c) => c,
        Err(e) => {
            f.issue(uri, e.reason, e.detail);
            return;
        }
    };
    // Where the tree lies now: the keys in the manifest are those of the bucket it was written to.
    let base = folder(folder(home));
    let (mut bad, mut missing) = (0, 0);
    for line in content.split(|b| *b == b'\n').filter(|l| !l.trim_ascii().is_empty()) {
        let entry: serde_json::Value = serde_json::from_slice(line).unwrap_or_default();
        let Some(key) = entry["dataFileS3Key"].as_str() else {
            bad += 1;
            continue;
        };
        let below = key.find(HOME).map_or(key, |at| &key[at..]);
        let moved = if base.is_empty() { below.to_owned() } else { format!("{base}/{below}") };
        let beside = format!("{home}/data/{}", file_name(key));
        match f.by_uri.get(moved.as_str()).or_else(|| f.by_uri.get(beside.as_str())).copied() {
            Some(i) => f.claim(i, dataset, None),
            None => missing += 1,
        }
    }
    if bad > 0 {
        f.issue(uri, Reason::Corrupt, format!("{bad} lines of the manifest name no data file"));
    }
    if missing > 0 {
        f.issue(uri, Reason::ExportIncomplete, format!("{missing} data files of the manifest are not here"));
    }
}
