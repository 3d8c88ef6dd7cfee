//! Which dataset each object is part of, and what its neighbours say about it.
//!
//! Exports are recognised by what lies there: their control files are read, bounded, and nothing else. Every object gets
//! a hint; what belongs to no export gets a dataset named after its path ([`generic`]).

mod dynamodb;
pub mod generic;
mod lake;
mod logs;
mod markers;
pub(super) mod partitions;
mod rds;
pub(super) mod unload;

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;

use super::old_version;
use crate::base::{DatasetFacts, Error, Hint, Issue, Object, Reason, Result, Role, Timestamp};

/// Control files beyond this size are not read.
pub const CONTROL_LIMIT: u64 = 16 << 20;

/// What was recognised in a listing.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    /// One for each object, in the order of the objects.
    pub hints: Vec<Hint>,
    /// What control files say is missing, with the URI of the control file or of the object concerned.
    pub issues: Vec<(String, Issue)>,
    /// By name of the dataset, what made it and what its columns are.
    pub datasets: BTreeMap<String, DatasetFacts>,
}

/// Recognises layouts in a listing; dataset names are relative to the folder that all objects share.
///
/// `read` gives the whole content of a small control file. Objects are best all those of one source, in any order.
pub fn recognise(objects: &[Object], read: &mut dyn FnMut(&Object) -> Result<Bytes>) -> Layout {
    let mut folders = objects.iter().map(|o| folder(&o.uri));
    let mut root = folders.next().unwrap_or("").to_owned();
    for f in folders {
        while !(f == root || f.starts_with(&format!("{root}/"))) {
            root.truncate(root.rfind('/').unwrap_or(0));
            if root.is_empty() {
                break;
            }
        }
    }
    recognise_under(&root, objects, read)
}

/// The same with names relative to the folder `root` (no slash at its end), so that they stay when objects are added.
///
/// A version that is not current is history of the dataset of the current one, or of what its key says.
pub fn recognise_under(root: &str, objects: &[Object], read: &mut dyn FnMut(&Object) -> Result<Bytes>) -> Layout {
    if objects.iter().all(|o| old_version(o).is_none()) {
        return recognise_current(root, objects, read);
    }
    let current: Vec<Object> = objects.iter().filter(|o| old_version(o).is_none()).cloned().collect();
    let mut layout = recognise_current(root, &current, read);
    let by_uri: HashMap<&str, usize> = current.iter().enumerate().map(|(i, o)| (o.uri.as_str(), i)).collect();
    let mut of_current = std::mem::take(&mut layout.hints);
    let hint = |o: &Object| {
        old_version(o).map(|(uri, _)| match by_uri.get(uri) {
            Some(&i) => Hint { role: Role::History, as_of: None, ..of_current[i].clone() },
            None => {
                let path = relative(root, uri);
                let dataset = generic::dataset(path);
                Hint { dataset, role: Role::History, partitions: partitions::of(path), ..Hint::default() }
            }
        })
    };
    let old: Vec<Option<Hint>> = objects.iter().map(hint).collect();
    let mut rest = of_current.drain(..);
    layout.hints = old.into_iter().map(|h| h.or_else(|| rest.next()).unwrap_or_default()).collect();
    layout
}

fn recognise_current(root: &str, objects: &[Object], read: &mut dyn FnMut(&Object) -> Result<Bytes>) -> Layout {
    let by_uri = objects.iter().enumerate().map(|(i, o)| (o.uri.as_str(), i)).collect();
    let mut f = Finder { objects, by_uri, hints: vec![None; objects.len()], issues: Vec::new(), datasets: BTreeMap::new(), read };
    rds::find(&mut f);
    dynamodb::find(&mut f);
    lake::find(&mut f, root);
    unload::find(&mut f, root);
    logs::find(&mut f);
    let (claimed, issues, datasets) = (f.hints, f.issues, f.datasets);
    let hints = claimed.into_iter().zip(objects);
    let hints = hints.map(|(h, o)| h.unwrap_or_else(|| Hint { dataset: generic::dataset(relative(root, &o.uri)), ..Hint::default() }));
    let mut hints: Vec<Hint> = hints.collect();
    markers::mark(objects, &mut hints);
    for (hint, o) in hints.iter_mut().zip(objects) {
        hint.partitions = partitions::of(relative(root, &o.uri));
    }
    Layout { hints, issues, datasets }
}

/// What the recognisers share.
struct Finder<'a> {
    objects: &'a [Object],
    by_uri: HashMap<&'a str, usize>,
    /// `None`: nobody has claimed the object yet.
    hints: Vec<Option<Hint>>,
    issues: Vec<(String, Issue)>,
    datasets: BTreeMap<String, DatasetFacts>,
    read: &'a mut dyn FnMut(&Object) -> Result<Bytes>,
}

impl Finder<'_> {
    /// The object is part of the dataset, unless somebody else has claimed it before.
    fn claim(&mut self, object: usize, dataset: &str) {
        self.claim_as(object, Hint { dataset: dataset.to_owned(), ..Hint::default() });
    }

    /// The same with all that is known.
    fn claim_as(&mut self, object: usize, hint: Hint) {
        self.hints[object].get_or_insert(hint);
    }

    /// The object is about the dataset.
    fn bookkeeping(&mut self, object: usize, dataset: &str) {
        self.claim_as(object, Hint { dataset: dataset.to_owned(), role: Role::Bookkeeping, ..Hint::default() });
    }

    /// What made a dataset; types are kept from the first that gives any.
    fn facts(&mut self, dataset: &str, kind: &'static str, types: Vec<(String, String)>) {
        let known = self.datasets.entry(dataset.to_owned()).or_default();
        known.kind = kind;
        if known.types.is_empty() {
            known.types = types;
        }
    }

    fn issue(&mut self, uri: &str, reason: Reason, detail: impl Into<String>) {
        self.issues.push((uri.to_owned(), Issue { reason, detail: detail.into() }));
    }

    /// The content of a control file.
    fn content(&mut self, object: usize) -> Result<Bytes> {
        let o = &self.objects[object];
        if o.size > CONTROL_LIMIT {
            return Err(Error::new(Reason::MemoryLimit, "the control file is larger than 16 MiB and was not used"));
        }
        (self.read)(o)
    }

    /// The same as JSON; what went wrong becomes an issue. PRIVACY: the parser's message may quote data.
    fn json(&mut self, object: usize) -> Option<serde_json::Value> {
        let parsed = self.content(object).and_then(|b| {
            serde_json::from_slice(&b).map_err(|_| Error::new(Reason::Corrupt, "the export's control file is not the JSON it should be"))
        });
        match parsed {
            Ok(v) => Some(v),
            Err(e) => {
                self.issue(&self.objects[object].uri, e.reason, e.detail);
                None
            }
        }
    }
}

/// The part of a URI before its last slash.
fn folder(uri: &str) -> &str {
    uri.rfind('/').map_or("", |at| &uri[..at])
}

/// The part behind it.
pub(super) fn file_name(uri: &str) -> &str {
    &uri[uri.rfind('/').map_or(0, |at| at + 1)..]
}

/// `uri` below `root`; what does not lie there is named without its scheme.
fn relative<'a>(root: &str, uri: &'a str) -> &'a str {
    match uri.strip_prefix(root.trim_end_matches('/')).and_then(|r| r.strip_prefix('/')) {
        Some(r) if !r.is_empty() => r,
        _ => uri.split_once("://").map_or(uri, |(_, r)| r).trim_start_matches('/'),
    }
}

/// A table's name if it is plain enough to be repeated in a message, else a description.
///
/// PRIVACY: a name can be personal data; what looks like an address or a number is not shown.
pub(super) fn speakable(name: &str) -> &str {
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_$.".contains(&b));
    if plain && digits < 7 && name.len() <= 200 && name.starts_with(|c: char| c.is_ascii_alphabetic()) { name } else { "(name not shown)" }
}

/// A time as control files write it: RFC 3339, or with a space and any offset (`2021-03-04 05:06:07.123000+00:00`).
fn time(v: &serde_json::Value) -> Option<Timestamp> {
    let s = v.as_str()?;
    Timestamp::parse(s)
        .or_else(|| Timestamp::parse(&s.replacen(' ', "T", 1)))
        .or_else(|| Timestamp::parse(&format!("{s}Z").replacen(' ', "T", 1)))
}

/// A column's type, if it is a plain word of a database (`character varying`, `numeric(10,2)`), else nothing.
pub(super) fn type_word(s: &str) -> Option<String> {
    let plain = s.bytes().all(|b| b.is_ascii_alphanumeric() || b" _(),<>:[]-".contains(&b));
    (plain && !s.is_empty() && s.len() <= 120).then(|| s.to_owned())
}

#[cfg(test)]
mod tests;
