//! Snapshot exports of RDS and Aurora: `export_info_ID.json` in the folder `ID`, tables in `DATABASE/SCHEMA.TABLE/`.

use std::collections::HashMap;

use serde_json::Value;

use super::{Finder, file_name, folder, speakable};
use crate::base::Reason;

/// Claims the tables of every export in the listing.
pub(super) fn find(f: &mut Finder) {
    for i in 0..f.objects.len() {
        let uri = f.objects[i].uri.as_str();
        let id = file_name(uri).strip_prefix("export_info_").and_then(|n| n.strip_suffix(".json"));
        if let Some(id) = id {
            export(f, i, id);
        }
    }
}

fn export(f: &mut Finder, info_at: usize, id: &str) {
    let objects = f.objects;
    let info_uri = objects[info_at].uri.as_str();
    let root = format!("{}/", folder(info_uri));
    let info = f.json(info_at).unwrap_or_default();
    if let Some(status) = info["status"].as_str().filter(|s| !s.eq_ignore_ascii_case("COMPLETE")) {
        f.issue(info_uri, Reason::ExportIncomplete, format!("the status of the export is {}, not COMPLETE", speakable(status)));
    }
    let instance = info["sourceArn"].as_str().and_then(|a| a.rsplit(':').next()).filter(|s| !s.is_empty()).unwrap_or(id).to_owned();

    // What the folders stand for, by their name as the export writes it.
    let mut targets: HashMap<String, Target> = HashMap::new();
    let tables_prefix = format!("{root}export_tables_info_{id}_from_");
    for (i, o) in objects.iter().enumerate() {
        if o.uri.starts_with(&tables_prefix) && o.uri.ends_with(".json") {
            tables(f, i, &mut targets);
        }
    }
    for (i, o) in objects.iter().enumerate() {
        let Some(below) = o.uri.strip_prefix(&root) else { continue };
        let mut segments = below.splitn(3, '/');
        let (Some(database), Some(table), Some(_)) = (segments.next(), segments.next(), segments.next()) else { continue };
        // MySQL has no schemas: the folder is `db/db.table`, the target may be `db.table`.
        let full = format!("{database}.{table}");
        let key = if targets.contains_key(&full) { full.as_str() } else { table };
        let name = match targets.get_mut(key) {
            Some(t) => {
                t.seen = true;
                t.name.as_str()
            }
            None => full.as_str(),
        };
        let dataset = format!("{instance}/{name}");
        f.claim(i, &dataset, None);
    }
    let mut missing: Vec<&Target> = targets.values().filter(|t| t.has_data && !t.seen).collect();
    missing.sort_by(|a, b| a.name.cmp(&b.name));
    for t in missing {
        f.issue(info_uri, Reason::ExportIncomplete, format!("the table {} has data in the export and no files here", speakable(&t.name)));
    }
}

struct Target {
    /// `db.schema.table`.
    name: String,
    /// Whether the export says that it wrote something.
    has_data: bool,
    /// Whether its folder is in the listing.
    seen: bool,
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
        // PRIVACY: the text of the warning may quote what is in the table.
        if e["warningMessage"].as_str().is_some_and(|w| !w.is_empty()) {
            f.issue(
                uri,
                Reason::ExportIncomplete,
                format!("the export has a warning about {}: it may be missing or incomplete", speakable(name)),
            );
        } else if let Some(status) = e["status"].as_str().filter(|s| !s.eq_ignore_ascii_case("COMPLETE")) {
            let detail = format!("the status of {} is {}, not COMPLETE", speakable(name), speakable(status));
            f.issue(uri, Reason::ExportIncomplete, detail);
        }
        if !name.is_empty() {
            let has_data = e["sizeGB"].as_f64().is_some_and(|s| s > 0.0) && e["warningMessage"] == Value::Null;
            targets.insert(written(name), Target { name: name.to_owned(), has_data, seen: false });
        }
    }
}

/// A name as the export writes it into keys.
fn written(name: &str) -> String {
    name.replace(['\\', '`', '"', ' '], "_")
}
