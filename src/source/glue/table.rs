//! A table of the catalogue as a scan needs it: where its files lie, how they are written, what its columns are called.

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_glue::types;

use super::super::layout::{partitions, speakable};
use super::form::{Described, Lake};
use super::types as hive;
use crate::base::{Dialect, Error, Reason};

/// A table whose files can be listed.
pub(super) struct Table {
    /// Its name in the database.
    pub name: String,
    /// That of its dataset: `glue/database.table`.
    pub dataset: String,
    /// Folders, or single objects, without a slash at the end: `s3://bucket/key`.
    pub locations: Vec<String>,
    /// The columns that the files hold, in order; `None` where the catalogue does not know them.
    pub columns: Option<Arc<[String]>>,
    /// All columns with their types, nested ones too.
    pub types: Vec<(String, String)>,
    /// Columns whose values partitions have.
    pub keys: Vec<String>,
    /// How the files are written.
    pub described: Described,
    /// Whether partitions are listed in the catalogue.
    pub has_partitions: bool,
}

/// A partition that lies or is written otherwise than its table and its path say.
pub(super) struct Partition {
    pub location: String,
    pub dialect: Option<Dialect>,
    /// Columns with values.
    pub values: Vec<(String, String)>,
}

impl Table {
    /// What the catalogue tells of a table that is called so here, and what of it cannot be listed. `None`: nothing of it can.
    ///
    /// PRIVACY: messages name tables only where the name is plain.
    pub fn new(database: &str, name: &str, t: &types::Table) -> (Option<Table>, Vec<Error>) {
        if let Some(e) = no_files(t) {
            return (None, vec![e]);
        }
        let described = described(t.storage_descriptor(), t.parameters());
        let mut problems = Vec::new();
        let sd = t.storage_descriptor();
        // Delta tables of some writers keep the real place here, and a placeholder as their location.
        let path = described.serde.get("path").map(String::as_str).filter(|p| s3(p).is_ok());
        let own = sd.and_then(|s| s.location()).unwrap_or("");
        let own = Some(own).filter(|l| path.is_none() || s3(l).is_ok());
        let mut locations: Vec<String> = Vec::new();
        for text in own.into_iter().chain(path).chain(sd.into_iter().flat_map(|s| s.additional_locations()).map(String::as_str)) {
            match s3(text) {
                Ok(l) if !locations.contains(&l) => locations.push(l),
                Ok(_) => {}
                Err(e) => problems.push(e),
            }
        }
        let projected = t.parameters().is_some_and(|p| p.get("projection.enabled").is_some_and(|v| v.eq_ignore_ascii_case("true")));
        if projected && let Some(template) = t.parameters().and_then(|p| p.get("storage.location.template")) {
            match template_folder(template) {
                Some(l) if locations.iter().all(|known| !lies_in(&l, known)) => locations.push(l),
                Some(_) => {}
                None => {
                    problems.push(unsupported("its partitions are projected to places that have no folder in common: scan them by s3://"))
                }
            }
        }
        let columns = sd.map(|s| s.columns()).unwrap_or_default();
        let keys: Vec<String> = t.partition_keys().iter().map(|c| c.name().to_owned()).collect();
        let types = columns.iter().chain(t.partition_keys()).flat_map(|c| hive::fields(c.name(), c.r#type().unwrap_or(""))).collect();
        let names: Option<Vec<String>> = (!columns.is_empty()).then(|| columns.iter().map(|c| c.name().to_owned()).collect());
        let table = Table {
            name: name.to_owned(),
            dataset: dataset(database, name),
            columns: names.map(Into::into),
            types,
            has_partitions: !keys.is_empty() && !projected && described.lake() != Some(Lake::Iceberg),
            keys,
            described,
            locations,
        };
        // Its own location may be a placeholder, and all files in partitions.
        let found = !table.locations.is_empty() || table.has_partitions;
        (found.then_some(table), problems)
    }

    /// The name of a partition key in the catalogue's spelling, which is that of the column.
    pub fn spelt(&self, name: String) -> String {
        self.keys.iter().find(|k| k.eq_ignore_ascii_case(&name)).cloned().unwrap_or(name)
    }

    /// A partition, if it says more than the table and its path do; an error if it cannot be listed.
    pub fn partition(&self, p: &types::Partition) -> Result<Option<Partition>, Error> {
        let location = s3(p.storage_descriptor().and_then(|s| s.location()).unwrap_or(""))?;
        let mut own = described(p.storage_descriptor(), p.parameters());
        for (key, value) in &self.described.table {
            own.table.entry(key.clone()).or_insert_with(|| value.clone());
        }
        let dialect = if own.library.is_empty() { self.described.dialect() } else { own.dialect() };
        let values = self.keys.iter().cloned().zip(p.values().iter().cloned());
        let values: Vec<(String, String)> = values.filter(|(_, v)| !v.is_empty() && v != partitions::NULL).collect();
        let told = partitions::of(&format!("{location}/"));
        let in_path = values.iter().all(|(k, v)| told.iter().any(|(name, value)| name.eq_ignore_ascii_case(k) && value == v));
        let usual = in_path && dialect == self.described.dialect() && self.locations.iter().any(|l| lies_in(&location, l));
        Ok((!usual).then_some(Partition { location, dialect, values }))
    }
}

/// The name of a table's dataset; a dot in the name of the database is escaped.
pub(super) fn dataset(database: &str, table: &str) -> String {
    format!("glue/{}.{table}", database.replace('.', "\\."))
}

/// Database and table of such a name.
pub(super) fn named(dataset: &str) -> Option<(String, String)> {
    let name = dataset.strip_prefix("glue/")?;
    let at = name.match_indices('.').map(|(at, _)| at).find(|&at| !name[..at].ends_with('\\'))?;
    Some((name[..at].replace("\\.", "."), name[at + 1..].to_owned()))
}

/// Why a table has no files of its own; `None` where it has.
pub(super) fn no_files(t: &types::Table) -> Option<Error> {
    let is = |ty: &str| t.table_type() == Some(ty);
    if t.target_table().is_some() {
        return Some(linked(t, "it is published where it is"));
    }
    if t.federated_table().is_some() {
        return Some(unsupported("a federated table: its rows lie in another system, not in files"));
    }
    let view = is("VIRTUAL_VIEW") || is("MATERIALIZED_VIEW") || t.is_materialized_view() == Some(true) || t.view_definition().is_some();
    view.then(|| unsupported("a view: what it shows lies in other tables"))
}

/// A link to a table, and what of that.
pub(super) fn linked(t: &types::Table, what: &str) -> Error {
    let part = |p: Option<&str>| speakable(p.unwrap_or("")).to_owned();
    let target = t.target_table().map(|l| format!("{}.{}", part(l.database_name()), part(l.name()))).unwrap_or_default();
    unsupported(format!("a link to the table {target} of another database or account: {what}"))
}

fn unsupported(detail: impl Into<String>) -> Error {
    Error::new(Reason::UnsupportedFormat, detail)
}

fn described(sd: Option<&types::StorageDescriptor>, table: Option<&HashMap<String, String>>) -> Described {
    let serde = sd.and_then(|s| s.serde_info());
    let mut all = table.cloned().unwrap_or_default();
    all.extend(sd.and_then(|s| s.parameters()).cloned().unwrap_or_default());
    Described {
        library: serde.and_then(|s| s.serialization_library()).unwrap_or("").to_owned(),
        input: sd.and_then(|s| s.input_format()).unwrap_or("").to_owned(),
        serde: serde.and_then(|s| s.parameters()).cloned().unwrap_or_default(),
        table: all,
    }
}

/// A location as the URI of a folder or an object in S3, without slashes at its end.
pub(super) fn s3(location: &str) -> Result<String, Error> {
    let location = location.trim();
    let Some((scheme, rest)) = location.split_once(':') else {
        let detail = if location.is_empty() { "it has no location" } else { "its location is no URI" };
        return Err(unsupported(detail));
    };
    let rest = rest.strip_prefix("//").unwrap_or("").trim_end_matches('/');
    let plain = scheme.len() <= 16 && scheme.bytes().all(|b| b.is_ascii_alphanumeric());
    match scheme.to_ascii_lowercase().as_str() {
        "s3" | "s3a" | "s3n" if rest.split('/').next().is_some_and(|b| !b.is_empty()) => Ok(format!("s3://{rest}")),
        "s3" | "s3a" | "s3n" => Err(unsupported("its location names no bucket")),
        _ => Err(unsupported(format!("its location is {}, not s3://", if plain { scheme } else { "of another kind" }))),
    }
}

/// Whether a folder or object is another, or lies below it.
pub(super) fn lies_in(uri: &str, folder: &str) -> bool {
    uri.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The folder above the first variable of `s3://bucket/t/${day}/`; `None` where that is a whole bucket.
fn template_folder(template: &str) -> Option<String> {
    let fixed = template.split("${").next().unwrap_or("");
    let folder = s3(&fixed[..fixed.rfind('/')?]).ok()?;
    folder.strip_prefix("s3://")?.contains('/').then_some(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_folders_in_s3() {
        for (text, want) in [
            ("s3://b/t/", Ok("s3://b/t")),
            (" s3a://b/a b//c ", Ok("s3://b/a b//c")),
            ("S3N://b", Ok("s3://b")),
            ("", Err("no location")),
            ("hdfs://name/x", Err("is hdfs, not")),
            ("shop.public.people", Err("no URI")),
            ("jane@example.com:x", Err("of another kind")),
            ("s3:///t", Err("no bucket")),
        ] {
            match (s3(text), want) {
                (Ok(got), Ok(want)) => assert_eq!(got, want, "{text}"),
                (Err(e), Err(want)) => assert!(e.detail.contains(want) && !e.detail.contains("jane"), "{text}: {}", e.detail),
                (got, _) => panic!("{text}: {got:?}"),
            }
        }
        assert!(lies_in("s3://b/t/x", "s3://b/t") && lies_in("s3://b/t", "s3://b/t") && !lies_in("s3://b/t2", "s3://b/t"));
        for (template, want) in [
            ("s3://b/logs/${day}/${hour}", Some("s3://b/logs")),
            ("s3://b/x/y=${y}", Some("s3://b/x")),
            ("s3://b/${x}", None),
            ("${x}", None),
        ] {
            assert_eq!(template_folder(template).as_deref(), want, "{template}");
        }
    }

    #[test]
    fn datasets_are_named_after_their_table() {
        for (database, table, name) in [("shop", "orders", "glue/shop.orders"), ("a.b", "c.d", "glue/a\\.b.c.d")] {
            assert_eq!(dataset(database, table), name);
            assert_eq!(named(name), Some((database.to_owned(), table.to_owned())));
        }
        assert_eq!((named("glue/x"), named("crm/a.b")), (None, None));
    }
}
