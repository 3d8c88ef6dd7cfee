//! Tables that are a folder of data files and a log of which of them count: Delta, Iceberg, Hudi.
//!
//! Every file below a table's folder is part of its dataset. Those that its newest state names are its content; what deletes,
//! updates and compactions have left behind still lies there, and is history. The log itself is bookkeeping.

mod avro;
mod checkpoint;
mod delta;
mod hudi;
mod iceberg;

use std::collections::{BTreeSet, HashSet};

use super::{Finder, file_name, generic, relative};
use crate::base::{Hint, Role};

/// Folders that the path of a data file may have below its table, where a table was copied elsewhere.
const DEEPEST: usize = 16;

/// Claims all tables of the listing.
pub(super) fn find(f: &mut Finder, root: &str) {
    // The folder of each table, and what it is.
    let mut tables: BTreeSet<(&str, Kind)> = BTreeSet::new();
    for o in f.objects {
        if let Some(found) = table_of(&o.uri) {
            tables.insert(found);
        }
    }
    if tables.is_empty() {
        return;
    }
    // In order of their names, what lies in a folder lies together.
    let objects = f.objects;
    let mut order: Vec<usize> = (0..objects.len()).collect();
    order.sort_unstable_by_key(|&i| objects[i].uri.as_str());
    // Of tables within tables the inner one is first: what it claims is its own.
    for (home, kind) in tables.into_iter().rev() {
        let name = dataset(root, home);
        let prefix = format!("{home}/");
        let from = order.partition_point(|&i| objects[i].uri.as_str() < prefix.as_str());
        let n = order[from..].partition_point(|&i| objects[i].uri.starts_with(&prefix));
        let table = Table { home, name: &name, files: &order[from..from + n] };
        match kind {
            Kind::Delta => delta::claim(f, &table),
            Kind::Iceberg => iceberg::claim(f, &table),
            Kind::Hudi => hudi::claim(f, &table),
        }
    }
}

/// A table.
struct Table<'a> {
    /// Its folder, without a slash at the end.
    home: &'a str,
    /// Its dataset.
    name: &'a str,
    /// All objects below the folder, by their number.
    files: &'a [usize],
}

impl<'a> Table<'a> {
    /// The files, with their paths below the table's folder.
    fn paths<'o>(&self, f: &Finder<'o>) -> impl Iterator<Item = (usize, &'o str)> + use<'o, 'a> {
        let (objects, start) = (f.objects, self.home.len() + 1);
        self.files.iter().map(move |&i| (i, objects[i].uri.get(start..).unwrap_or("")))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Delta,
    Iceberg,
    Hudi,
}

/// The table's folder, if this is a file of its log that nothing else is called like.
fn table_of(uri: &str) -> Option<(&str, Kind)> {
    if let Some(at) = uri.rfind("/_delta_log/") {
        return delta::piece(&uri[at + 12..]).map(|_| (&uri[..at], Kind::Delta));
    }
    if let Some(at) = uri.find("/.hoodie/") {
        return Some((&uri[..at], Kind::Hudi));
    }
    let (folder, name) = uri.rsplit_once('/')?;
    let home = folder.strip_suffix("/metadata")?;
    name.ends_with(".metadata.json").then_some((home, Kind::Iceberg))
}

/// The table's name: its path below the source's root, or that folder's own name.
fn dataset(root: &str, home: &str) -> String {
    let path = if home == root.trim_end_matches('/') { file_name(home) } else { relative(root, home) };
    path.split('/').map(generic::segment).collect::<Vec<_>>().join("/")
}

/// Gives every object below the table's folder its role; whoever lies in `live` is its content.
fn claim(f: &mut Finder, table: &Table, live: &HashSet<usize>, is_log: impl Fn(&str) -> bool) {
    for (i, path) in table.paths(f) {
        let role = if live.contains(&i) {
            Role::Data
        } else if is_log(path) || super::markers::is_marker(file_name(path)) {
            Role::Bookkeeping
        } else {
            Role::History
        };
        f.claim_as(i, Hint { dataset: table.name.to_owned(), role, ..Hint::default() });
    }
}

/// The object that a log names: by its whole URI, or by its path below `home`; by the end of it, where the table was copied.
fn find_file(f: &Finder, home: &str, path: &str) -> Option<usize> {
    named(f, home, path).or_else(|| moved(f, home, path))
}

/// The object with exactly this URI, or with this path below `home`.
fn named(f: &Finder, home: &str, path: &str) -> Option<usize> {
    if !is_whole(path) {
        return f.by_uri.get(format!("{home}/{path}").as_str()).copied();
    }
    let same = path.strip_prefix("file://").or_else(|| path.strip_prefix("file:")).unwrap_or(path).to_owned();
    let s3 = path.strip_prefix("s3a://").or_else(|| path.strip_prefix("s3n://")).map(|p| format!("s3://{p}"));
    std::iter::once(same).chain(s3).find_map(|u| f.by_uri.get(u.as_str()).copied())
}

/// The object below `home` whose path is the longest end of this URI. It may be another one that is called alike.
fn moved(f: &Finder, home: &str, path: &str) -> Option<usize> {
    if !is_whole(path) {
        return None;
    }
    let ends: Vec<usize> = path.rmatch_indices('/').take(DEEPEST).map(|(at, _)| at).collect();
    ends.iter().rev().find_map(|at| f.by_uri.get(format!("{home}{}", &path[*at..]).as_str()).copied())
}

/// Whether the path begins at a root or with a scheme: all others are meant from the table's folder on.
fn is_whole(path: &str) -> bool {
    let scheme = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    path.starts_with('/') || path.split_once(":/").is_some_and(|(s, _)| scheme(s))
}

#[cfg(test)]
mod delta_tests;
#[cfg(test)]
mod tests;
