//! From an object to its table: the longest of all locations that it lies in.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::super::layout::{Layout, partitions};
use super::super::old_version;
use super::table::{Partition, Table};
use crate::base::{DatasetFacts, Dialect, Hint, Object, Role};

/// The locations of tables and partitions.
#[derive(Default)]
pub(super) struct Places {
    tables: Vec<Table>,
    /// By folder or object, without a slash at the end. More than one: they share it.
    at: HashMap<String, Vec<Place>>,
    /// Objects, and folders, that lists name which lie in the locations of tables; what lies in such a location stays with its table.
    named: HashMap<String, Vec<Place>>,
    /// Objects that are such lists.
    lists: HashSet<String>,
}

struct Place {
    table: usize,
    dialect: Option<Dialect>,
    /// Values of partition keys that the path does not tell; `None`: no partition lies exactly there.
    values: Option<Vec<(String, String)>>,
}

impl Places {
    /// Adds a table with its locations; its number.
    pub fn table(&mut self, table: Table) -> usize {
        let (number, dialect) = (self.tables.len(), table.described.dialect());
        for l in &table.locations {
            self.at.entry(l.clone()).or_default().push(Place { table: number, dialect, values: None });
        }
        self.tables.push(table);
        number
    }

    /// Adds a partition of a table.
    pub fn partition(&mut self, table: usize, p: Partition) {
        Places::add(self.at.entry(p.location).or_default(), table, p.dialect, p.values);
    }

    /// The number of the table that an object is part of, if the table's location holds lists and the object is one of them.
    pub fn list(&self, uri: &str) -> Option<usize> {
        let (location, place) = self.above(uri).find_map(|(l, p)| Some((l, p.first()?)))?;
        let is = self.tables[place.table].described.is_symlink() && self.at.contains_key(location);
        (is && !is_hidden(uri, location)).then_some(place.table)
    }

    /// Takes notice of a list of the table with this number, and of the files and folders that it names, without slashes at their ends.
    pub fn follow(&mut self, table: usize, list: &str, names: impl Iterator<Item = String>) {
        let (location, place) = match self.above(list).find_map(|(l, p)| Some((l, p.iter().find(|p| p.table == table)?))) {
            Some((l, p)) => (l.to_owned(), (p.dialect, p.values.clone())),
            None => return,
        };
        let (dialect, values) = place;
        // A list may lie in a partition of its own, and what it names in none.
        let mut values = values.unwrap_or_default();
        for (name, value) in partitions::of(&list[location.len()..]) {
            if values.iter().all(|(known, _)| !known.eq_ignore_ascii_case(&name)) {
                values.push((self.tables[table].spelt(name), value));
            }
        }
        self.lists.insert(list.to_owned());
        for name in names {
            Places::add(self.named.entry(name).or_default(), table, dialect, values.clone());
        }
    }

    /// What lists name and no location holds; in order.
    pub fn beyond(&self) -> BTreeSet<&str> {
        let held = |uri: &str| ancestors(uri).any(|l| self.at.contains_key(l));
        self.named.keys().map(String::as_str).filter(|n| !held(n)).collect()
    }

    fn add(there: &mut Vec<Place>, table: usize, dialect: Option<Dialect>, values: Vec<(String, String)>) {
        match there.iter_mut().find(|q| q.table == table) {
            Some(known) => match &mut known.values {
                // Of two partitions at one place nobody knows which an object is in.
                Some(known) => known.retain(|v| values.contains(v)),
                none => (known.dialect, *none) = (dialect, Some(values)),
            },
            None => there.push(Place { table, dialect, values: Some(values) }),
        }
    }

    /// The table with this number.
    pub fn get(&self, table: usize) -> &Table {
        &self.tables[table]
    }

    /// Folders and objects of which none lies in another, so that nothing is listed twice; in order.
    pub fn roots(&self) -> Vec<String> {
        let folders: BTreeSet<String> = self.at.keys().map(|l| format!("{l}/")).collect();
        let mut out: Vec<String> = Vec::new();
        for f in folders {
            if out.last().is_none_or(|last| !f.starts_with(last.as_str())) {
                out.push(f);
            }
        }
        out.iter_mut().for_each(|f| f.truncate(f.len() - 1));
        out
    }

    /// Whether an object lies in some table.
    pub fn holds(&self, uri: &str) -> bool {
        self.above(uri).next().is_some()
    }

    /// The locations that an object lies in, the longest first, and behind them what lists name.
    fn above<'a>(&'a self, uri: &'a str) -> impl Iterator<Item = (&'a str, &'a [Place])> {
        let of = move |map: &'a HashMap<String, Vec<Place>>| ancestors(uri).filter_map(move |l| Some((l, map.get(l)?.as_slice())));
        of(&self.at).chain(of(&self.named))
    }

    /// Tables that lose objects to another one, which lies at the same place or within: loser, winner, how many.
    pub fn shared(&self, objects: &[Object]) -> Vec<(usize, usize, u64)> {
        let mut out: BTreeMap<(usize, usize), u64> = BTreeMap::new();
        for o in objects {
            let all: Vec<usize> = self.above(current_uri(o)).flat_map(|(_, p)| p.iter().map(|p| p.table)).collect();
            let Some((&winner, others)) = all.split_first() else { continue };
            for loser in others.iter().filter(|l| **l != winner).collect::<BTreeSet<_>>() {
                *out.entry((*loser, winner)).or_default() += 1;
            }
        }
        out.into_iter().map(|((loser, winner), n)| (loser, winner, n)).collect()
    }

    /// Gives every object of a layout the dataset of its table, and what the catalogue knows of it. Roles and times, which
    /// were recognised by what lies there, stay.
    pub fn name(&self, objects: &[Object], layout: &mut Layout) {
        let mut kinds: BTreeMap<usize, &'static str> = BTreeMap::new();
        for (o, hint) in objects.iter().zip(&mut layout.hints) {
            let uri = current_uri(o);
            let Some((location, place)) = self.above(uri).find_map(|(l, p)| Some((l, p.first()?))) else { continue };
            let table = &self.tables[place.table];
            let kind = kinds.entry(place.table).or_insert("glue-table");
            *kind = glue_kind(layout.datasets.get(&hint.dataset).map_or("", |f| f.kind)).unwrap_or(kind);
            hint.dataset.clone_from(&table.dataset);
            if self.lists.contains(uri) {
                hint.role = Role::Bookkeeping;
            }
            let mut values: Vec<(String, String)> = place.values.clone().unwrap_or_default();
            for (name, value) in hint.partitions.drain(..) {
                if values.iter().all(|(known, _)| !known.eq_ignore_ascii_case(&name)) {
                    values.push((table.spelt(name), value));
                }
            }
            hint.partitions = values;
            // Queries leave hidden files out, so that the catalogue says nothing of how these are written.
            if hint.role != Role::Bookkeeping && !is_hidden(uri, location) && place.dialect.is_some() {
                hint.dialect = place.dialect;
                hint.columns = table.columns.clone().or(hint.columns.take());
            }
            hint.told = Some(told(hint));
        }
        let used: BTreeSet<&str> = layout.hints.iter().map(|h| h.dataset.as_str()).collect();
        layout.datasets.retain(|name, _| used.contains(name.as_str()));
        for (number, kind) in kinds {
            let table = &self.tables[number];
            layout.datasets.insert(table.dataset.clone(), DatasetFacts { kind, types: table.types.clone() });
        }
    }
}

/// A URI and the folders above it, the longest first.
fn ancestors(uri: &str) -> impl Iterator<Item = &str> {
    std::iter::once(uri).chain(uri.rmatch_indices('/').map(|(at, _)| &uri[..at]))
}

/// The URI of the object whose version it is.
fn current_uri(o: &Object) -> &str {
    old_version(o).map_or(o.uri.as_str(), |(uri, _)| uri)
}

/// The kind of a dataset that is a table of the catalogue as well.
fn glue_kind(kind: &str) -> Option<&'static str> {
    match kind {
        "delta-table" => Some("glue-delta-table"),
        "iceberg-table" => Some("glue-iceberg-table"),
        "hudi-table" => Some("glue-hudi-table"),
        _ => None,
    }
}

/// Whether Hive and Athena pass over a file: its name, or that of a folder below the table, begins with `_` or `.`.
fn is_hidden(uri: &str, location: &str) -> bool {
    uri[location.len()..].split('/').any(|s| s.starts_with(['_', '.']))
}

/// Changes when the catalogue says something else.
fn told(hint: &Hint) -> [u8; 16] {
    let mut h = blake3::Hasher::new();
    let mut part = |text: &str| {
        h.update(&(text.len() as u64).to_le_bytes());
        h.update(text.as_bytes());
    };
    part(&hint.dataset);
    hint.columns.iter().flat_map(|c| c.iter()).for_each(|c| part(c));
    part(&format!("{:?}", hint.dialect));
    hint.partitions.iter().for_each(|(name, value)| [name, value].into_iter().for_each(|t| part(t)));
    let mut out = [0; 16];
    out.copy_from_slice(&h.finalize().as_bytes()[..16]);
    out
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::super::form::Described;
    use super::*;
    use crate::source::layout;

    fn table(name: &str, locations: &[&str]) -> Table {
        let described =
            Described { library: "x.LazySimpleSerDe".into(), input: String::new(), serde: HashMap::new(), table: HashMap::new() };
        Table {
            name: name.into(),
            dataset: format!("glue/d.{name}"),
            locations: locations.iter().map(|l| (*l).to_owned()).collect(),
            columns: Some(["email".to_owned()].into()),
            types: Vec::new(),
            keys: vec!["day".into()],
            described,
            has_partitions: true,
        }
    }

    fn objects(uris: &[&str]) -> Vec<Object> {
        uris.iter().map(|u| Object { uri: (*u).into(), version: String::new(), size: 1, modified: None, until: None }).collect()
    }

    #[test]
    fn an_object_is_of_the_table_that_is_nearest() {
        let mut p = Places::default();
        let outer = p.table(table("outer", &["s3://b/t", "s3://b/other"]));
        p.table(table("inner", &["s3://b/t/in"]));
        p.table(table("twin", &["s3://b/t"]));
        let values = vec![("day".to_owned(), "1".to_owned())];
        p.partition(outer, Partition { location: "s3://far/p1".into(), dialect: None, values });
        for day in ["1", "2", "3"] {
            let values = vec![("day".to_owned(), day.to_owned())];
            p.partition(outer, Partition { location: "s3://far/same".into(), dialect: None, values });
        }
        assert_eq!(p.roots(), ["s3://b/other", "s3://b/t", "s3://far/p1", "s3://far/same"]);
        let o = objects(&["s3://b/t/a", "s3://b/t/_tmp/Day=2/x", "s3://b/t/in/b", "s3://far/p1/c", "s3://b/t2/d", "s3://far/same/e"]);
        let mut layout = layout::recognise_under("", &o, &mut |_| unreachable!("there are no control files"));
        p.name(&o, &mut layout);
        let seen: Vec<(&str, bool)> = layout.hints.iter().map(|h| (h.dataset.as_str(), h.dialect.is_some())).collect();
        assert_eq!(
            seen,
            [
                ("glue/d.outer", true),
                ("glue/d.outer", false),
                ("glue/d.inner", true),
                ("glue/d.outer", false),
                ("b/t2/d", false),
                ("glue/d.outer", false)
            ]
        );
        let pairs = |i: usize| layout.hints[i].partitions.iter().map(|(n, v)| format!("{n}={v}")).collect::<Vec<_>>();
        assert_eq!((pairs(1), pairs(3), pairs(5)), (vec!["day=2".to_owned()], vec!["day=1".to_owned()], vec![]));
        assert_eq!(p.shared(&o), [(0, 1, 1), (2, 0, 2), (2, 1, 1)]);
        assert!(p.holds("s3://b/t/x/y") && !p.holds("s3://b/t2/x") && !p.holds("s3://b"));
    }

    #[test]
    fn folders_within_others_are_listed_once() {
        let mut p = Places::default();
        p.table(table("a", &["s3://b/a", "s3://b/a-b", "s3://b/a/b", "s3://b/a0", "s3://c"]));
        assert_eq!(p.roots(), ["s3://b/a-b", "s3://b/a", "s3://b/a0", "s3://c"]);
    }
}
