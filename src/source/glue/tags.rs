//! What was found in the columns of a table, as LF-tags of Lake Formation: one tag of ours on the table and on its columns, with one
//! of four values. Never a value of the data.
//!
//! Tags decide who may read: a column takes over the tag of its table unless it has one of its own, so that a table has the
//! highest value of its columns, and each column that has another one says so. What may be read by fewer people is written
//! before what may be read by more. Nothing but the tag with our key is touched.
//!
//! `none` is a promise, and made where all objects of the table were read to their end and everything that was found has its
//! column; else it is `unknown`.

use std::collections::BTreeMap;

use aws_sdk_glue::types::Table;
use serde_json::{Value, json};

use super::super::Options;
use super::super::attempts::word;
use super::super::signed::{Message, Service, Signed};
use super::api::At;
use super::publish::{ATTEMPTS, Catalogue, Classes, Classified, Outcome, by_column, mapped};
use super::table;
use crate::base::{Error, Reason, Result};

const SERVICE: Service = Service { name: "lakeformation", endpoint: "AWS_ENDPOINT_URL_LAKEFORMATION" };
/// Columns of one request.
const COLUMNS: usize = 500;

/// What a column, or all of a table, holds; the higher, the fewer people should read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// All was read, and nothing was found.
    None,
    /// Nothing was found, and not all was read.
    Unknown,
    /// Personal data.
    Personal,
    /// Sensitive personal data.
    Sensitive,
}

impl Level {
    /// All, as they are called in tags.
    pub const ALL: [(Level, &str); 4] =
        [(Level::None, "none"), (Level::Unknown, "unknown"), (Level::Personal, "personal"), (Level::Sensitive, "sensitive")];

    /// As it is called in tags.
    pub fn name(self) -> &'static str {
        Level::ALL[self as usize].1
    }
}

/// What is to become of a tag.
#[derive(Clone, Copy, Debug)]
pub struct Tagging<'a> {
    /// The tag's key, in lower case.
    pub key: &'a str,
    /// The tag is taken away.
    pub remove: bool,
    /// Whether it is done, or only said.
    pub write: bool,
}

/// What became of a table's tags, or would.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tagged {
    /// How it ended.
    pub outcome: Outcome,
    /// What differs from what is there: the table first, columns in the order of the catalogue.
    pub changes: Vec<TagChange>,
}

/// One tag: its value before and after; `None` for no tag of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagChange {
    /// The column; `None`: the table.
    pub column: Option<String>,
    /// What is there.
    pub before: Option<String>,
    /// What belongs there.
    pub after: Option<&'static str>,
}

/// Lake Formation in the account of a catalogue.
pub(super) struct Lake {
    pub signed: Signed,
    pub options: Options,
}

impl Catalogue {
    /// Whether the tag is there. With `write` it is made, and is then; fails with `malformed` where somebody uses the key for other
    /// values, and as requests do.
    fn define(&self, tag: Tagging<'_>) -> Result<bool> {
        let there = match self.lake.ask("/GetLFTag", &json!({"TagKey": tag.key})) {
            Ok(answer) => answer["TagValues"].as_array().into_iter().flatten().filter_map(|v| Some(v.as_str()?.to_owned())).collect(),
            Err(e) if e.detail.contains("EntityNotFoundException") => Vec::new(),
            Err(e) => return Err(e),
        };
        let values: Vec<&str> = Level::ALL.iter().map(|l| l.1).collect();
        let missing: Vec<&str> = values.iter().copied().filter(|v| !there.iter().any(|t| t == v)).collect();
        // A tag has one value at least.
        if there.is_empty() {
            if !tag.write || tag.remove {
                return Ok(false);
            }
            return match self.lake.ask("/CreateLFTag", &json!({"TagKey": tag.key, "TagValues": values})) {
                // Somebody else was faster, or the answer to our own request was lost.
                Err(e) if !e.detail.contains("AlreadyExistsException") => Err(e),
                _ => Ok(true),
            };
        }
        if missing.is_empty() {
            return Ok(true);
        }
        let missing = missing.join(", ");
        let detail = format!("there is an LF-tag with this key that has not the values {missing}: add them, or give another --key");
        Err(Error::new(Reason::Malformed, detail))
    }

    /// Compares the tags of a table and its columns with what was found, and with `write` brings them up to that, or takes them away.
    /// `is_sensitive` tells of a classifier. Where somebody else changes tags at the same time, they are read again;
    /// `changed_during_read` if that goes on. `malformed` where a tag with our key has a value that is not ours. Other errors are
    /// those of the requests.
    pub fn tag(&self, found: &Classified, is_sensitive: &dyn Fn(&str) -> bool, tag: Tagging<'_>) -> Result<Tagged> {
        let table = self.api.table(&At::own(&found.database), &found.table)?;
        if let Some(e) = table::no_files(&table) {
            return Ok(Tagged { outcome: Outcome::Skipped(e.detail), changes: Vec::new() });
        }
        let names = columns(&table);
        let wanted = if tag.remove { None } else { Some(levels(&table, &names, found, is_sensitive)) };
        let defined = self.define(tag)?;
        // What the first attempt found to change is what is told: later ones find less, because of the first.
        let (mut first, mut wrote) = (None, false);
        for attempt in 0..ATTEMPTS {
            let there = if defined { self.lake.assigned(found, &names, tag.key)? } else { Assigned::default() };
            there.check()?;
            let changes = changes(&names, &there, wanted.as_ref());
            if changes.is_empty() {
                let outcome = if wrote { Outcome::Written } else { Outcome::Unchanged };
                return Ok(Tagged { outcome, changes: first.filter(|_| wrote).unwrap_or_default() });
            }
            if !tag.write {
                return Ok(Tagged { outcome: Outcome::Due, changes });
            }
            let written = self.lake.write(found, &changes, tag.key, &mut wrote);
            let told = first.get_or_insert(changes);
            match written {
                Ok(()) => return Ok(Tagged { outcome: Outcome::Written, changes: std::mem::take(told) }),
                Err(e) if e.detail.contains("ConcurrentModificationException") => {
                    std::thread::sleep(self.lake.options.backoff.saturating_mul(1 << attempt));
                }
                Err(e) => return Err(partly(wrote, e)),
            }
        }
        let detail = format!("given up after {ATTEMPTS} attempts: somebody else changes tags again and again");
        Err(partly(wrote, Error::new(Reason::Changed, detail)))
    }
}

/// An error after some requests that succeeded, if any did.
fn partly(wrote: bool, e: Error) -> Error {
    if wrote { Error::new(e.reason, format!("{}; some of the tags were changed before", e.detail)) } else { e }
}

/// Data and keys of partitions.
fn columns(table: &Table) -> Vec<String> {
    let data = table.storage_descriptor().map(|s| s.columns()).unwrap_or_default();
    data.iter().chain(table.partition_keys()).map(|c| c.name().to_owned()).collect()
}

/// The level of the table, and those of its columns.
fn levels(table: &Table, names: &[String], found: &Classified, is_sensitive: &dyn Fn(&str) -> bool) -> (Level, BTreeMap<String, Level>) {
    let level = |is: bool| if is { Level::Sensitive } else { Level::Personal };
    let of_column = |c: &Classes| level(c.class.split(',').any(is_sensitive));
    let (by_name, unplaced) = by_column(names, &mapped(table.storage_descriptor()), &found.fields);
    let nothing = if found.is_complete && unplaced.is_empty() { Level::None } else { Level::Unknown };
    let columns: BTreeMap<String, Level> = names.iter().map(|n| (n.clone(), by_name.get(n).map_or(nothing, of_column))).collect();
    let elsewhere = found.fields.iter().filter(|f| unplaced.contains(&f.0)).map(|f| level(f.1.iter().any(|c| is_sensitive(&c.0))));
    let whole = columns.values().copied().chain(elsewhere).max().unwrap_or(nothing);
    (whole, columns)
}

/// The values of our tag that a table and its columns have as their own.
#[derive(Debug, Default)]
struct Assigned {
    table: Option<String>,
    columns: BTreeMap<String, String>,
}

impl Assigned {
    /// Fails where a value is not one of ours: whoever gave it means something else by the key, and keeps it.
    fn check(&self) -> Result<()> {
        let values = self.table.iter().chain(self.columns.values());
        match values.filter(|v| Level::ALL.iter().all(|l| l.1 != v.as_str())).count() {
            0 => Ok(()),
            n => {
                let detail = format!("values that are not ours are given with this key here ({n}): take them away, or give another --key");
                Err(Error::new(Reason::Malformed, detail))
            }
        }
    }
}

/// `wanted`: the level of the table and those of its columns; `None`: no tags at all.
fn changes(names: &[String], there: &Assigned, wanted: Option<&(Level, BTreeMap<String, Level>)>) -> Vec<TagChange> {
    let whole = wanted.map(|w| w.0.name());
    let mut out = Vec::new();
    if there.table.as_deref() != whole {
        out.push(TagChange { column: None, before: there.table.clone(), after: whole });
    }
    for name in names {
        let before = there.columns.get(name);
        let after = wanted.and_then(|w| w.1.get(name)).map(|l| l.name());
        // Without one of its own it has that of its table.
        let is_right = before.map(String::as_str).or(whole) == after;
        if !is_right {
            out.push(TagChange { column: Some(name.clone()), before: before.cloned(), after });
        }
    }
    out
}

impl Lake {
    fn ask(&self, path: &'static str, body: &Value) -> Result<Value> {
        let message = Message { path, media: "application/json", target: None, body: body.to_string() };
        let text = self.signed.ask(&SERVICE, &message, &self.options).map_err(|e| match e.reason {
            Reason::AccessDenied => Error::new(
                e.reason,
                format!("{}: see `piimap init --iam-policy --publish`; Lake Formation itself must grant ASSOCIATE and DESCRIBE on the tag, and CREATE_LF_TAG where it is not there yet, or make us an administrator", e.detail),
            ),
            _ => e,
        })?;
        if text.trim().is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&text).map_err(|_| Error::new(Reason::Io, "Lake Formation answered with no JSON"))
    }

    fn assigned(&self, found: &Classified, names: &[String], key: &str) -> Result<Assigned> {
        let mut out = Assigned::default();
        let value = |tags: &Value| {
            let ours = tags.as_array()?.iter().find(|t| t["TagKey"].as_str().is_some_and(|k| k.eq_ignore_ascii_case(key)))?;
            Some(ours["TagValues"][0].as_str()?.to_owned())
        };
        let one = json!({"Resource": {"Table": at(found)}, "ShowAssignedLFTags": true});
        out.table = value(&self.ask("/GetResourceLFTags", &one)?["LFTagsOnTable"]);
        for some in names.chunks(COLUMNS) {
            let several = json!({"Resource": on(found, some), "ShowAssignedLFTags": true});
            let answer = self.ask("/GetResourceLFTags", &several)?;
            for c in answer["LFTagsOnColumns"].as_array().into_iter().flatten() {
                out.columns.extend(c["Name"].as_str().map(str::to_owned).zip(value(&c["LFTags"])));
            }
        }
        Ok(out)
    }

    /// Makes the changes: what closes first, what opens last. `wrote` is set as soon as one of them is made.
    fn write(&self, found: &Classified, changes: &[TagChange], key: &str, wrote: &mut bool) -> Result<()> {
        let level = |name: Option<&str>| Level::ALL.iter().position(|l| Some(l.1) == name);
        // The requests, by what they open: values fall, then the table falls, then tags go, those of columns first.
        let mut calls: BTreeMap<(u8, usize, Option<&str>), Vec<String>> = BTreeMap::new();
        for c in changes {
            let (before, after) = (level(c.before.as_deref()), level(c.after));
            let step = match (&c.column, c.after) {
                (None, Some(_)) if after >= before => 0,
                (Some(_), Some(_)) => 1,
                (None, Some(_)) => 2,
                (Some(_), None) => 3,
                (None, None) => 4,
            };
            let what = c.after.or(c.before.as_deref());
            let order = Level::ALL.len() - level(what).map_or(0, |l| l + 1);
            calls.entry((step, order, what)).or_default().extend(c.column.clone());
        }
        for ((step, _, value), names) in calls {
            let path = if step < 3 { "/AddLFTagsToResource" } else { "/RemoveLFTagsFromResource" };
            let tags = json!([{"TagKey": key, "TagValues": [value]}]);
            if names.is_empty() {
                self.change(path, &json!({"Resource": {"Table": at(found)}, "LFTags": tags}))?;
                *wrote = true;
            }
            for some in names.chunks(COLUMNS) {
                self.change(path, &json!({"Resource": on(found, some), "LFTags": tags}))?;
                *wrote = true;
            }
        }
        Ok(())
    }

    /// A change may fail in part, and is answered all the same. PRIVACY: codes only.
    fn change(&self, path: &'static str, body: &Value) -> Result<()> {
        let answer = self.ask(path, body)?;
        match answer["Failures"].as_array().and_then(|f| f.first()) {
            None => Ok(()),
            Some(failure) => {
                let code = word(failure["Error"]["ErrorCode"].as_str());
                let reason = if code == "AccessDeniedException" { Reason::AccessDenied } else { Reason::Io };
                Err(Error::new(reason, format!("Lake Formation refused a tag: {code}")))
            }
        }
    }
}

fn at(found: &Classified) -> Value {
    json!({"DatabaseName": found.database, "Name": found.table})
}

fn on(found: &Classified, names: &[String]) -> Value {
    json!({"TableWithColumns": {"DatabaseName": found.database, "Name": found.table, "ColumnNames": names}})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_have_the_highest_level_and_columns_say_what_differs() {
        let names: Vec<String> = ["id", "mail", "ssn"].map(str::to_owned).into();
        let levels = |id, mail, ssn| {
            let all = names.iter().cloned().zip([id, mail, ssn]).collect::<BTreeMap<_, _>>();
            (all.values().copied().max().unwrap(), all)
        };
        let said = |there: &Assigned, wanted: Option<&(Level, BTreeMap<String, Level>)>| {
            let one =
                |c: TagChange| format!("{}:{}>{}", c.column.unwrap_or_default(), c.before.unwrap_or_default(), c.after.unwrap_or("-"));
            changes(&names, there, wanted).into_iter().map(one).collect::<Vec<_>>().join(" ")
        };
        let wanted = levels(Level::None, Level::Personal, Level::Sensitive);
        assert_eq!(said(&Assigned::default(), Some(&wanted)), ":>sensitive id:>none mail:>personal");
        let there = |table: &str, columns: &[(&str, &str)]| Assigned {
            table: Some(table.to_owned()),
            columns: columns.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
        };
        let done = there("sensitive", &[("id", "none"), ("mail", "personal")]);
        assert_eq!(said(&done, Some(&wanted)), "");
        // Nothing is found any more: what takes over the table's falls with it.
        let nothing = levels(Level::None, Level::None, Level::None);
        assert_eq!(said(&done, Some(&nothing)), ":sensitive>none mail:personal>none");
        assert_eq!(said(&done, None), ":sensitive>- id:none>- mail:personal>-");
        assert!(there("sensitive", &[("ssn", "none")]).check().is_ok() && Assigned::default().check().is_ok());
        for others in [there("none", &[("ssn", "odd")]), there("None", &[])] {
            assert_eq!(others.check().unwrap_err().reason, Reason::Malformed, "{others:?}");
        }
        assert!(Level::ALL.iter().all(|l| l.0.name() == l.1) && Level::ALL.is_sorted());
    }

    #[test]
    fn nothing_is_promised_of_what_was_not_read() {
        let of = |is_complete, fields: &[(&str, &str)]| {
            let fields = fields.iter().map(|(f, c)| ((*f).to_owned(), vec![((*c).to_owned(), 0.9)])).collect();
            let found = Classified { fields, is_complete, ..Classified::default() };
            let table = Table::builder().name("t").build().unwrap();
            let (whole, columns) = levels(&table, &["id".to_owned(), "mail".to_owned()], &found, &|c| c == "us.ssn");
            (whole, columns["id"], columns["mail"])
        };
        let mail = [("mail.work", "generic.email")];
        assert_eq!(of(true, &mail), (Level::Personal, Level::None, Level::Personal));
        assert_eq!(of(false, &mail), (Level::Personal, Level::Unknown, Level::Personal));
        assert_eq!(of(true, &[]), (Level::None, Level::None, Level::None));
        assert_eq!(of(true, &[("", "us.ssn")]), (Level::Sensitive, Level::Unknown, Level::Unknown), "in running text");
    }
}
