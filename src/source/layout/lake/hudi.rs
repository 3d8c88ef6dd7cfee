//! Hudi tables: `.hoodie/INSTANT.commit` says that what was written at an instant counts; a file's name says at which it was, and of
//! which group of rows it is a version (`GROUP_TOKEN_INSTANT.parquet`).

use std::collections::{BTreeMap, HashSet};

use super::super::{Finder, file_name, folder};
use super::Table;
use crate::base::Reason;

const KIND: &str = "hudi-table";

/// Endings of what says that an instant is complete.
const DONE: &[&str] = &["commit", "deltacommit", "replacecommit"];

pub(super) fn claim(f: &mut Finder, table: &Table) {
    let mut done: HashSet<&str> = HashSet::new();
    let mut replaces = Vec::new();
    let mut open: HashSet<&str> = HashSet::new();
    for (i, path) in table.paths(f) {
        let Some(file) = path.strip_prefix(".hoodie/") else { continue };
        // Since 1.0 in a folder of its own, with the time of completion behind the instant.
        let file = file.strip_prefix("timeline/").unwrap_or(file);
        let Some((instant, ending)) = file.split_once('.') else { continue };
        let instant = instant.split('_').next().unwrap_or(instant);
        if !is_instant(instant) {
            continue;
        }
        if DONE.contains(&ending) {
            done.insert(instant);
            if ending == "replacecommit" {
                replaces.push(i);
            }
        } else if ending.ends_with("inflight") || ending.ends_with("requested") {
            open.insert(instant);
        }
    }
    // What is older than the timeline has been archived, and counts.
    let first = done.iter().chain(&open).min().copied().unwrap_or("");
    let mut replaced = HashSet::new();
    for i in replaces {
        replaced.extend(replaced_groups(f, i));
    }
    // The newest version of each group of rows.
    let mut newest: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    let mut files = Vec::new();
    for (i, path) in table.paths(f).filter(|(_, path)| !path.starts_with(".hoodie/")) {
        let Some((group, instant)) = version(file_name(path)) else { continue };
        if done.contains(instant) || instant < first {
            let known = newest.entry((folder(path), group)).or_insert(instant);
            *known = instant.max(*known);
        }
        files.push((i, folder(path), group, instant));
    }
    let is_newest = |at: &str, group: &str, instant: &str| newest.get(&(at, group)) == Some(&instant) && !replaced.contains(group);
    let live: HashSet<usize> = files.iter().filter(|(_, at, group, instant)| is_newest(at, group, instant)).map(|(i, ..)| *i).collect();
    f.facts(table.name, KIND, Vec::new());
    super::claim(f, table, &live, |path| path.starts_with(".hoodie/") || file_name(path).starts_with(".hoodie_partition_metadata"));
}

/// Groups that newer ones have taken the place of.
fn replaced_groups(f: &mut Finder, at: usize) -> Vec<String> {
    let uri = f.objects[at].uri.clone();
    let content = match f.content(at) {
        Ok(c) => c,
        Err(e) => {
            f.issue(&uri, e.reason, e.detail);
            return Vec::new();
        }
    };
    let Ok(v) = serde_json::from_slice::<serde_json::Value>(&content) else {
        f.issue(&uri, Reason::UnsupportedFormat, "the commit is not JSON: files that it replaced are taken for current ones");
        return Vec::new();
    };
    let ids = v["partitionToReplaceFileIds"].as_object().into_iter().flat_map(|p| p.values());
    ids.filter_map(|ids| ids.as_array()).flatten().filter_map(|id| id.as_str().map(str::to_owned)).collect()
}

fn is_instant(s: &str) -> bool {
    matches!(s.len(), 14 | 17) && s.bytes().all(|b| b.is_ascii_digit())
}

/// The group and the instant of a data file: `GROUP_TOKEN_INSTANT.parquet`, or `.GROUP_INSTANT.log.1_TOKEN`.
fn version(name: &str) -> Option<(&str, &str)> {
    if let Some((stem, _)) = name.strip_prefix('.').and_then(|n| n.split_once(".log.")) {
        let (group, instant) = stem.rsplit_once('_')?;
        return is_instant(instant).then_some((group, instant));
    }
    let (stem, _) = name.split_once('.')?;
    let (rest, instant) = stem.rsplit_once('_')?;
    let (group, _) = rest.rsplit_once('_')?;
    is_instant(instant).then_some((group, instant))
}
