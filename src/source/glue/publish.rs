//! What was found in the columns of a table, written into the catalogue as parameters of these columns: names of classifiers,
//! confidence, and the scan that found them. Never a value.
//!
//! `UpdateTable` replaces a whole definition, so that it is read, changed and sent back with all its members, under the version
//! that was read. A table is written where classes or confidence of some column differ from what stands there: the time of a
//! newer scan alone is no reason. Classes of an earlier publication that were not found again are taken away.
//!
//! Writers of Iceberg tables make the columns anew with every commit and drop what others put there; for these one parameter of
//! the table holds all columns, as JSON.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_glue::types::{Column, StorageDescriptor, Table, TableInput};
use serde_json::{Value, json};

use super::super::signed::Signed;
use super::super::{Options, accounts, aws};
use super::api::{Api, At};
use super::form::{self, Described};
use super::table;
use super::tags::Lake;
use crate::base::{Error, Reason, Result, Timestamp};

const CLASS: &str = "piimap.class";
const CONFIDENCE: &str = "piimap.confidence";
const SCANNED_AT: &str = "piimap.scanned_at";
const RUN: &str = "piimap.run";
/// The parameter of an Iceberg table: `{"email":{"class":"generic.email","confidence":"0.98"}}`.
const COLUMNS: &str = "piimap.columns";

/// How often a table is read again because somebody else has changed it meanwhile.
pub(super) const ATTEMPTS: u32 = 5;

/// What was found in a table.
#[derive(Clone, Debug, Default)]
pub struct Classified {
    /// Its database.
    pub database: String,
    /// Its name.
    pub table: String,
    /// The source by which it was scanned, `glue://database/table` or `glue://database`; `None`: nobody knows.
    pub source: Option<String>,
    /// Fields as readers name them (`address.street`), each with the classifiers found and their confidence.
    pub fields: Vec<(String, Vec<(String, f64)>)>,
    /// The scan that found them.
    pub run: i64,
    /// When it ended; `None`: it was stopped.
    pub scanned_at: Option<Timestamp>,
    /// Whether all of it was read to its end.
    pub is_complete: bool,
}

/// What became of a table, or would.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// How it ended.
    pub outcome: Outcome,
    /// Columns whose classes differ from what stands in the catalogue, in its order.
    pub changes: Vec<Change>,
    /// Fields with personal data that are no column of the catalogue.
    pub unplaced: Vec<String>,
}

/// How the publication of a table ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The catalogue says it already.
    Unchanged,
    /// It was not asked to write.
    Due,
    /// It was written.
    Written,
    /// It has no columns to write to: why.
    Skipped(String),
}

/// One column: `generic.email (0.98)`, before and after; `None` for no class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The column.
    pub column: String,
    /// What stands in the catalogue.
    pub before: Option<Classes>,
    /// What belongs there.
    pub after: Option<Classes>,
}

/// The classes of a column as the catalogue holds them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classes {
    /// Classifiers, ordered, with commas between them.
    pub class: String,
    /// The highest confidence of each, in the same order.
    pub confidence: String,
}

/// Database and table of a dataset that was scanned through the catalogue; `None` for a name of another kind.
pub fn table_of(dataset: &str) -> Option<(String, String)> {
    table::named(dataset)
}

/// The source by which a table was scanned last, of what runs were asked to read, the oldest run first.
pub fn source_of<'a>(database: &str, table: &str, runs: impl DoubleEndedIterator<Item = &'a [String]>) -> Option<String> {
    // Where a run was given both, the narrower one: accounts that are named for a table alone are meant for it.
    let names = [format!("glue://{database}/{table}"), format!("glue://{database}")];
    runs.rev().find_map(|sources| names.iter().find(|n| sources.iter().any(|s| s.trim_end_matches('/') == **n)).cloned())
}

/// The catalogues that tables lie in: each is reached as the source was by which its table was scanned.
pub struct Catalogues {
    options: Options,
    /// By the number of the account among those of the options; `None`: as ourselves. Who refused us is not asked again.
    open: HashMap<Option<usize>, Result<Catalogue>>,
}

impl Catalogues {
    /// Sends nothing yet.
    pub fn new(options: Options) -> Catalogues {
        Catalogues { options, open: HashMap::new() }
    }

    /// The one that this table was read from. Fails as [`Catalogue::connect`] does, and with `malformed` where it is not known how the
    /// table was scanned and its name and that of its database belong to different accounts.
    pub fn of(&mut self, found: &Classified) -> Result<&Catalogue> {
        let number = self.number(found)?;
        let catalogue = self.open.entry(number).or_insert_with(|| {
            let account = number.and_then(|n| self.options.accounts.get(n));
            let options = account.map_or_else(|| self.options.clone(), |a| a.apply(&self.options));
            Catalogue::connect(&options)
        });
        catalogue.as_ref().map_err(Clone::clone)
    }

    fn number(&self, found: &Classified) -> Result<Option<usize>> {
        let of = |name: &str| accounts::number(name, &self.options);
        let database = format!("glue://{}", found.database);
        let (narrow, wide) = (of(&format!("{database}/{}", found.table)), of(&database));
        match &found.source {
            Some(source) => Ok(of(source)),
            None if narrow == wide => Ok(narrow),
            None => {
                let detail = "no run tells which account it was read from, and several fit: scan it again as glue://database/table";
                Err(Error::new(Reason::Malformed, detail))
            }
        }
    }
}

/// The catalogue of an account, to write to, and Lake Formation in front of it.
pub struct Catalogue {
    pub(super) api: Api,
    pub(super) lake: Lake,
}

impl Catalogue {
    /// Connects with the default credential chain, or the profile and region of `options`. Fails where there are no credentials.
    pub fn connect(options: &Options) -> Result<Catalogue> {
        let config = aws::configuration(options)?;
        let lake = Lake { signed: Signed::new(&config, options)?, options: options.clone() };
        Ok(Catalogue { api: Api::new(&config, options), lake })
    }

    /// Compares a table with what was found in it, and with `write` brings the catalogue up to that. A table that is changed by
    /// somebody else meanwhile is read again; `changed_during_read` if that goes on. Other errors are those of the requests.
    pub fn publish(&self, found: &Classified, write: bool) -> Result<Published> {
        for _ in 0..ATTEMPTS {
            let table = self.api.table(&At::own(&found.database), &found.table)?;
            if let Some(e) = table::no_files(&table) {
                return Ok(Published { outcome: Outcome::Skipped(e.detail), changes: Vec::new(), unplaced: Vec::new() });
            }
            let mut input = input(&table)?;
            let (changes, unplaced) = apply(&mut input, found);
            let done = |outcome| Ok(Published { outcome, changes: changes.clone(), unplaced: unplaced.clone() });
            if changes.is_empty() {
                return done(Outcome::Unchanged);
            }
            if !write {
                return done(Outcome::Due);
            }
            match self.api.update(&found.database, &input, table.version_id()) {
                Ok(()) => return done(Outcome::Written),
                Err(e) if e.reason == Reason::Changed => {}
                Err(e) => return Err(e),
            }
        }
        Err(Error::new(Reason::Changed, format!("given up after {ATTEMPTS} attempts: somebody else changes the table again and again")))
    }
}

/// The members of a table that a definition has: all others are the catalogue's own and are not sent.
fn input(t: &Table) -> Result<TableInput> {
    let input = TableInput::builder()
        .name(t.name())
        .set_description(t.description.clone())
        .set_owner(t.owner.clone())
        .set_last_access_time(t.last_access_time)
        .set_last_analyzed_time(t.last_analyzed_time)
        .retention(t.retention)
        .set_storage_descriptor(t.storage_descriptor.clone())
        .set_partition_keys(t.partition_keys.clone())
        .set_view_original_text(t.view_original_text.clone())
        .set_view_expanded_text(t.view_expanded_text.clone())
        .set_table_type(t.table_type.clone())
        .set_parameters(t.parameters.clone());
    input.build().map_err(|_| Error::new(Reason::Io, "the catalogue gives a table without a name"))
}

/// Brings a definition up to what was found; what changes, and which fields have no column.
fn apply(input: &mut TableInput, found: &Classified) -> (Vec<Change>, Vec<String>) {
    let serde = input.storage_descriptor().and_then(|s| s.serde_info()).and_then(|s| s.parameters());
    let mapped = mapped(input.storage_descriptor());
    let table = input.parameters().cloned().unwrap_or_default();
    let described = Described { serde: serde.cloned().unwrap_or_default(), table, ..Described::default() };
    let columns = input.storage_descriptor().map(|s| s.columns()).unwrap_or_default().iter().chain(input.partition_keys());
    let names: Vec<String> = columns.map(|c| c.name().to_owned()).collect();
    let (wanted, unplaced) = by_column(&names, &mapped, &found.fields);
    let changes = match described.lake() {
        Some(form::Lake::Iceberg) => in_table(input, &names, &wanted, found),
        _ => in_columns(input, &wanted, found),
    };
    (changes, unplaced)
}

/// The columns that a SerDe reads from keys of other names, by these.
pub(super) fn mapped(storage: Option<&StorageDescriptor>) -> BTreeMap<String, String> {
    let serde = storage.and_then(|s| s.serde_info()).and_then(|s| s.parameters());
    serde.into_iter().flatten().filter_map(|(k, v)| Some((v.clone(), k.strip_prefix("mapping.")?.to_owned()))).collect()
}

/// The classes of each column, those of nested fields with it, and the fields that belong to none.
pub(super) fn by_column(
    names: &[String],
    mapped: &BTreeMap<String, String>,
    fields: &[(String, Vec<(String, f64)>)],
) -> (BTreeMap<String, Classes>, Vec<String>) {
    let (mut found, mut unplaced): (BTreeMap<&str, BTreeMap<&str, f64>>, Vec<String>) = Default::default();
    for (field, classes) in fields.iter().filter(|(_, c)| !c.is_empty()) {
        let top = top(field);
        // A SerDe may read a column from a key of another name.
        let called = |name: &str| mapped.get(name).cloned().unwrap_or_else(|| name.to_owned());
        let (whole, top) = (called(field), called(&top));
        let column = names.iter().find(|n| n.eq_ignore_ascii_case(&whole)).or_else(|| names.iter().find(|n| n.eq_ignore_ascii_case(&top)));
        let Some(column) = column else {
            unplaced.push(field.clone());
            continue;
        };
        for (id, confidence) in classes {
            let known = found.entry(column).or_default().entry(id).or_insert(*confidence);
            *known = known.max(*confidence);
        }
    }
    let classes = |c: BTreeMap<&str, f64>| Classes {
        class: c.keys().copied().collect::<Vec<_>>().join(","),
        confidence: c.values().map(|v| format!("{v:.2}")).collect::<Vec<_>>().join(","),
    };
    (found.into_iter().map(|(column, c)| (column.to_owned(), classes(c))).collect(), unplaced)
}

/// The first name of a field's path, without its escapes: `a` of `a.b[].c`, `a.b` of `a\.b`.
fn top(field: &str) -> String {
    let mut out = String::new();
    let mut chars = field.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.extend(chars.next()),
            '.' | '[' => break,
            c => out.push(c),
        }
    }
    out
}

fn in_columns(input: &mut TableInput, wanted: &BTreeMap<String, Classes>, found: &Classified) -> Vec<Change> {
    let mut changes = Vec::new();
    let data = input.storage_descriptor.iter_mut().flat_map(|s| s.columns.iter_mut().flatten());
    for column in data.chain(input.partition_keys.iter_mut().flatten()) {
        changes.extend(in_column(column, wanted.get(&column.name), found));
    }
    changes
}

fn in_column(column: &mut Column, after: Option<&Classes>, found: &Classified) -> Option<Change> {
    let read = |key: &str| column.parameters.as_ref().and_then(|p| p.get(key)).cloned();
    let ours = [CLASS, CONFIDENCE, SCANNED_AT, RUN].into_iter().any(|k| read(k).is_some());
    let before = ours.then(|| Classes { class: read(CLASS).unwrap_or_default(), confidence: read(CONFIDENCE).unwrap_or_default() });
    if before.as_ref() == after {
        return None;
    }
    let parameters = column.parameters.get_or_insert_default();
    match after {
        Some(c) => {
            let values = [(CLASS, c.class.clone()), (CONFIDENCE, c.confidence.clone())];
            parameters.remove(SCANNED_AT);
            parameters.extend(values.into_iter().chain(scan(found)).map(|(k, v)| (k.to_owned(), v)));
        }
        None => [CLASS, CONFIDENCE, SCANNED_AT, RUN].into_iter().for_each(|k| drop(parameters.remove(k))),
    }
    if parameters.is_empty() {
        column.parameters = None;
    }
    Some(Change { column: column.name.clone(), before, after: after.cloned() })
}

/// The scan, as parameters.
fn scan(found: &Classified) -> impl Iterator<Item = (&'static str, String)> {
    let at = found.scanned_at.map(|t| (SCANNED_AT, t.to_string()));
    std::iter::once((RUN, found.run.to_string())).chain(at)
}

fn in_table(input: &mut TableInput, names: &[String], wanted: &BTreeMap<String, Classes>, found: &Classified) -> Vec<Change> {
    let known = input.parameters().and_then(|p| p.get(COLUMNS)).map(|t| serde_json::from_str::<Value>(t).unwrap_or_default());
    let known = known.unwrap_or_default();
    let text = |v: &Value| v.as_str().unwrap_or("").to_owned();
    let before = |name: &str| known.get(name).map(|c| Classes { class: text(&c["class"]), confidence: text(&c["confidence"]) });
    let gone = known.as_object().into_iter().flatten().map(|(name, _)| name).filter(|n| !names.contains(n));
    let changes: Vec<Change> = names
        .iter()
        .chain(gone)
        .map(|n| Change { column: n.clone(), before: before(n), after: wanted.get(n).cloned() })
        .filter(|c| c.before != c.after)
        .collect();
    if changes.is_empty() {
        return changes;
    }
    let parameters = input.parameters.get_or_insert_default();
    let columns: serde_json::Map<String, Value> =
        wanted.iter().map(|(name, c)| (name.clone(), json!({"class": c.class, "confidence": c.confidence}))).collect();
    if columns.is_empty() {
        [COLUMNS, SCANNED_AT, RUN].into_iter().for_each(|k| drop(parameters.remove(k)));
    } else {
        parameters.insert(COLUMNS.to_owned(), Value::Object(columns).to_string());
        parameters.extend(scan(found).map(|(k, v)| (k.to_owned(), v)));
    }
    changes
}

#[cfg(test)]
#[path = "publish_tests.rs"]
mod tests;
