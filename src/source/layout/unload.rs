//! What Redshift's `UNLOAD` writes: `PREFIXnnnn_part_nn`, and `PREFIXmanifest` if it was asked for.
//!
//! Parts beside a manifest that it does not name are left over from an earlier, larger unload: history.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use super::{Finder, Layout, file_name, folder, generic, relative, type_word};
use crate::base::{Error, Hint, Object, Reason, Result, Role};

const KIND: &str = "redshift-unload";

/// Folders that a part's path may have below the manifest (one for each `PARTITION BY` column).
const DEEPEST: usize = 16;

/// Claims the parts that manifests name, then those that are recognised by their names.
pub(super) fn find(f: &mut Finder, root: &str) {
    let objects = f.objects;
    // One name for two unloads in folders of the same name would mix them: then the whole path is the name.
    let mut homes: HashMap<String, Vec<&str>> = HashMap::new();
    let unloads = objects.iter().filter_map(|o| {
        let name = file_name(&o.uri);
        let prefix = part_prefix(name).or_else(|| name.strip_suffix("manifest"))?;
        Some((without_partitions(folder(&o.uri)), prefix))
    });
    for (home, prefix) in unloads {
        let known = homes.entry(short_name(home, prefix)).or_default();
        if !known.contains(&home) && known.len() < 2 {
            known.push(home);
        }
    }
    let dataset = |home: &str, prefix: &str| {
        let short = short_name(home, prefix);
        match homes.get(&short) {
            Some(known) if known.len() > 1 && short_name_is_bare(home) => {
                let full = format!("{}/{}", relative(root, home), prefix.trim_end_matches(['_', '-', '.']));
                full.trim_matches('/').split('/').map(generic::segment).collect::<Vec<_>>().join("/")
            }
            _ => short,
        }
    };
    // Folder and prefix of the unloads that a manifest lists.
    let mut listed: HashMap<(&str, &str), ()> = HashMap::new();
    for (i, o) in objects.iter().enumerate() {
        if let Some(prefix) = file_name(&o.uri).strip_suffix("manifest")
            && manifest(f, i, &dataset(folder(&o.uri), prefix))
        {
            listed.insert((folder(&o.uri), prefix), ());
        }
    }
    for (i, o) in objects.iter().enumerate() {
        if let Some(prefix) = part_prefix(file_name(&o.uri)) {
            let home = without_partitions(folder(&o.uri));
            let name = dataset(home, prefix);
            let role = if listed.contains_key(&(home, prefix)) { Role::History } else { Role::Data };
            f.facts(&name, KIND, Vec::new());
            f.claim_as(i, Hint { dataset: name, role, as_of: o.modified, ..Hint::default() });
        }
    }
}

/// Whether the folder's own name says where it is (else `short_name` has gone up already).
fn short_name_is_bare(home: &str) -> bool {
    generic::segment(file_name(home)) != "*"
}

/// The folder above `column=value` folders.
fn without_partitions(mut home: &str) -> &str {
    while file_name(home).contains('=') {
        home = folder(home);
    }
    home
}

/// The last folder and the prefix: `redshift/customers` for `…/redshift/customers_0000_part_00`. Folders that are dates
/// or numbers name nothing, so those above them come too.
fn short_name(home: &str, prefix: &str) -> String {
    let prefix = prefix.trim_end_matches(['_', '-', '.']);
    let mut name = generic::segment(prefix);
    let mut needed = if prefix.is_empty() { 2 } else { 1 };
    for segment in without_partitions(home).rsplit('/').filter(|s| !s.is_empty() && !s.ends_with(':')) {
        let s = generic::segment(segment);
        if s != "*" {
            needed -= 1;
        }
        name = if name.is_empty() { s } else { format!("{s}/{name}") };
        if needed == 0 {
            break;
        }
    }
    name
}

/// What stands before `nnnn_part_nn` in a name.
fn part_prefix(name: &str) -> Option<&str> {
    let at = name.rfind("_part_")?;
    let part = name[at + 6..].bytes().take_while(u8::is_ascii_digit).count();
    let rest = &name[at + 6 + part..];
    let slice = name[..at].bytes().rev().take_while(u8::is_ascii_digit).count();
    (part >= 2 && slice >= 4 && (rest.is_empty() || rest.starts_with('.'))).then(|| &name[..at - slice])
}

/// Claims what a manifest lists; whether it is one.
fn manifest(f: &mut Finder, at: usize, dataset: &str) -> bool {
    let objects = f.objects;
    let uri = objects[at].uri.as_str();
    // Other things are called manifest too; only what looks like one of these may complain.
    let content = match f.content(at) {
        Ok(c) if c.trim_ascii_start().starts_with(b"{") => c,
        Ok(_) => return false,
        Err(e) => {
            f.issue(uri, e.reason, e.detail);
            return false;
        }
    };
    let manifest = match Manifest::parse(&content) {
        Ok(Some(m)) => m,
        Ok(None) => return false,
        Err(e) => {
            f.issue(uri, e.reason, e.detail);
            return false;
        }
    };
    f.facts(dataset, KIND, manifest.types);
    f.bookkeeping(at, dataset);
    let home = folder(uri);
    let (mut missing, mut shorter) = (0, 0);
    let entries = manifest.entries;
    for entry in &entries {
        let found = entry.url.as_deref().and_then(|url| {
            let moved = url.rmatch_indices('/').take(DEEPEST).map(|(at, _)| format!("{home}{}", &url[at..]));
            std::iter::once(url.to_owned()).chain(moved).find_map(|u| f.by_uri.get(u.as_str()).copied())
        });
        match found {
            Some(i) => {
                let as_of = objects[i].modified;
                let (dataset, columns) = (dataset.to_owned(), manifest.columns.clone());
                f.claim_as(i, Hint { dataset, columns, records: entry.records, as_of, ..Hint::default() });
                // A file that was copied in part, or written again since.
                shorter += usize::from(entry.length.is_some_and(|l| l != objects[i].size));
            }
            None => missing += 1,
        }
    }
    if shorter > 0 {
        f.issue(uri, Reason::ExportIncomplete, format!("{shorter} of {} files have not the length that the manifest says", entries.len()));
    }
    if missing > 0 {
        f.issue(uri, Reason::ExportIncomplete, format!("{missing} of {} files of the manifest are not here", entries.len()));
    }
    true
}

/// What a manifest of `UNLOAD` or for `COPY` says.
#[derive(Debug)]
pub(in crate::source) struct Manifest {
    pub entries: Vec<Entry>,
    /// Names of the columns, where it is verbose.
    columns: Option<Arc<[String]>>,
    types: Vec<(String, String)>,
}

/// A file of a manifest.
#[derive(Debug)]
pub(in crate::source) struct Entry {
    /// As it was when the manifest was written; copies lie elsewhere.
    pub url: Option<String>,
    /// Bytes.
    pub length: Option<u64>,
    /// Records, headers among them.
    records: Option<u64>,
}

impl Manifest {
    /// Parses one. `None` for JSON that is something else; fails with `corrupt` for what is no JSON. PRIVACY: the parser's
    /// message may quote data.
    pub fn parse(content: &[u8]) -> Result<Option<Manifest>> {
        let manifest: Value =
            serde_json::from_slice(content).map_err(|_| Error::new(Reason::Corrupt, "the manifest is not the JSON it should be"))?;
        let Some(entries) = manifest["entries"].as_array() else { return Ok(None) };
        if !entries.is_empty() && entries.iter().all(|e| e["url"].as_str().is_none()) {
            return Ok(None);
        }
        let entry = |e: &Value| Entry {
            url: e["url"].as_str().map(str::to_owned),
            length: e["meta"]["content_length"].as_u64(),
            records: e["meta"]["record_count"].as_u64(),
        };
        let entries = entries.iter().map(entry).collect();
        Ok(Some(Manifest { entries, columns: columns(&manifest), types: types(&manifest) }))
    }

    /// Gives the objects of a layout the columns of the manifest, and the names that they have beside a manifest of this file name.
    pub fn name(&self, file: &str, objects: &[Object], layout: &mut Layout) {
        let prefix = file.strip_suffix("manifest").filter(|p| !p.is_empty());
        for (hint, o) in layout.hints.iter_mut().zip(objects) {
            let name = file_name(&o.uri);
            // Without PARALLEL a part has no more of a name than its number.
            if let Some(prefix) = prefix.filter(|p| part_prefix(name).is_none() && name.starts_with(p)) {
                hint.dataset = short_name(without_partitions(folder(&o.uri)), prefix);
            }
            if self.columns.is_some() {
                hint.columns = self.columns.clone();
            }
            let facts = layout.datasets.entry(hint.dataset.clone()).or_default();
            if facts.kind.is_empty() {
                facts.kind = KIND;
            }
            if !self.types.is_empty() {
                facts.types = self.types.clone();
            }
        }
    }
}

/// Column names of a verbose manifest; `None` unless every column has one.
fn columns(manifest: &Value) -> Option<Arc<[String]>> {
    let elements = manifest["schema"]["elements"].as_array()?;
    let names: Option<Vec<String>> = elements.iter().map(|e| e["name"].as_str().map(str::to_owned)).collect();
    names.filter(|n| !n.is_empty()).map(Into::into)
}

/// Column types of a verbose manifest, `character varying(80)` with their length where it is told.
fn types(manifest: &Value) -> Vec<(String, String)> {
    let elements = manifest["schema"]["elements"].as_array();
    let typed = elements.into_iter().flatten().filter_map(|e| {
        let t = &e["type"];
        let base = t["base"].as_str()?;
        let length = ["max_length", "length", "byte_length"].iter().find_map(|k| t[*k].as_u64());
        let word = match (length, t["precision"].as_u64(), t["scale"].as_u64()) {
            (Some(n), ..) => format!("{base}({n})"),
            (None, Some(p), Some(s)) => format!("{base}({p},{s})"),
            _ => base.to_owned(),
        };
        Some((e["name"].as_str()?.to_owned(), type_word(&word)?))
    });
    typed.collect()
}
