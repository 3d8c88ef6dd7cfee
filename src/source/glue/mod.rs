//! Tables of the Glue Data Catalog: which objects in S3 they consist of, what their columns are called, how they are written.
//!
//! The catalogue is asked for tables and partitions (`api`), each gives locations in S3 (`table`, `places`), and these are
//! listed and read as [`super::s3`] does. What has no files (views, federated tables, locations elsewhere) is a line of
//! coverage each; links are followed, and so are lists of files in place of files (`links`). An object is listed once; where locations lie within each other it is part of the table whose location is the
//! longest. [`publish`] writes back into the catalogue what was found in the columns.
//!
//! A table that left the catalogue is no longer covered: dropping one removes no data, so that nothing is taken for gone.

pub(super) mod api;
mod form;
mod links;
mod places;
pub mod publish;
mod table;
pub mod tags;
mod types;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use aws_config::SdkConfig;
use bytes::Bytes;

use super::layout::{self, Layout};
use super::s3::{self, S3};
use super::{Charge, ListingFailure, Options, Shelf, Source, aws};
use crate::base::{Error, Input, Object, Reason, Result, Store};
use api::Api;
use links::part_of;
use places::Places;
use table::Table;

/// The tables of a database, or one of them.
pub struct Glue {
    api: Api,
    config: SdkConfig,
    options: Options,
    database: String,
    table: Option<String>,
    /// What parts of the same bucket share, by its name: settings are asked for once, requests are counted together.
    buckets: Mutex<HashMap<String, s3::Common>>,
    /// What the last listing found.
    found: Mutex<Arc<Found>>,
    shelf: Mutex<Option<Arc<Shelf>>>,
}

#[derive(Default)]
struct Found {
    places: Places,
    /// The parts of buckets that were listed: they know what lies in an archive.
    parts: Vec<S3>,
}

/// Opens `database` or `database/table` with the default credential chain. Fails with `not_found` for anything else, and where
/// there are no credentials; whether there is such a database is known when it is listed.
pub(super) fn open(spec: &str, options: &Options) -> Result<Glue> {
    let (database, table) = match spec.trim_end_matches('/').split_once('/') {
        Some((d, t)) => (d, Some(t)),
        None => (spec.trim_end_matches('/'), None),
    };
    if database.is_empty() || table.is_some_and(|t| t.is_empty() || t.contains('/')) {
        return Err(Error::new(Reason::NotFound, "name a database or a table: glue://database or glue://database/table"));
    }
    if options.inventory.is_some() {
        return Err(Error::new(Reason::UnsupportedFormat, "--inventory is for s3://; the catalogue tells where its tables lie"));
    }
    let config = aws::configuration(options)?;
    Ok(Glue {
        api: Api::new(&config, options),
        config,
        options: options.clone(),
        database: database.to_owned(),
        table: table.map(str::to_owned),
        buckets: Mutex::default(),
        found: Mutex::default(),
        shelf: Mutex::default(),
    })
}

impl Glue {
    fn uri_of(&self, table: &str) -> String {
        format!("glue://{}/{table}", self.database)
    }

    fn found(&self) -> Arc<Found> {
        self.found.lock().unwrap_or_else(|e| e.into_inner()).clone()
    }

    /// The places of all tables.
    fn catalogue(&self, failures: &mut Vec<ListingFailure>) -> Places {
        let mut tables = self.tables(failures);
        // The first of those that share a place gives its name, whatever the order of pages.
        tables.sort_by(|a, b| a.name.cmp(&b.name));
        let mut places = Places::default();
        for t in tables {
            let uri = self.uri_of(&t.name);
            let (table, problems) = Table::new(&self.database, &t.name, &t.table);
            failures.extend(problems.into_iter().map(|error| ListingFailure { uri: uri.clone(), error }));
            let Some(table) = table else { continue };
            let has_partitions = table.has_partitions;
            let number = places.table(table);
            if has_partitions {
                let mut wrong: Option<(Error, u64)> = None;
                let done = t.origin.api(self).partitions(&t.origin.at, t.table.name(), &mut |p| match places.get(number).partition(&p) {
                    Ok(Some(p)) => places.partition(number, p),
                    Ok(None) => {}
                    Err(e) => wrong = Some((e, wrong.take().map_or(0, |w| w.1) + 1)),
                });
                failures.extend(done.err().map(|e| unlisted(uri.clone(), &e)));
                // One line for all of them: what is wrong with one is mostly wrong with many.
                if let Some((e, n)) = wrong {
                    let error = Error::new(e.reason, format!("partitions that cannot be listed: {n}; of the last {}", e.detail));
                    failures.push(ListingFailure { uri, error });
                }
            }
        }
        places
    }

    /// A part of a bucket, by a key or the beginning of keys.
    fn part(&self, uri: &str, slash: &str) -> Result<S3> {
        let (bucket, key) = s3::split(uri.strip_prefix("s3://").unwrap_or(uri))?;
        let prefix = if key.is_empty() { String::new() } else { format!("{key}{slash}") };
        let common = self
            .buckets
            .lock()
            .unwrap_or_else(|e| e.into_inner())
            .entry(bucket.to_owned())
            .or_insert_with(|| s3::Common::of(&self.options, &self.config))
            .clone();
        s3::connect_part((&self.config).into(), bucket, &prefix, &self.options, common)
    }

    /// Lists a location: the folder of this name, and the object of this name where there is no such folder.
    fn location(&self, uri: &str, parts: &mut Vec<S3>, all: &mut Vec<Object>) -> std::result::Result<(), ListingFailure> {
        let before = all.len();
        let folder = self.part(uri, "/").map_err(|e| unlisted(uri.to_owned(), &e))?;
        if let Some(shelf) = &*self.shelf.lock().unwrap_or_else(|e| e.into_inner()) {
            folder.resume(shelf);
        }
        let failed = folder.list(&mut |o| all.push(o));
        parts.push(folder);
        if let Some(f) = failed.into_iter().next() {
            return Err(f);
        }
        if all.len() == before && uri.trim_start_matches("s3://").contains('/') {
            let single = self.part(uri, "").map_err(|e| unlisted(uri.to_owned(), &e))?;
            let key = s3::split(uri.strip_prefix("s3://").unwrap_or(uri)).map_or("", |(_, key)| key);
            let found = single.one(key).map_err(|e| unlisted(uri.to_owned(), &e))?;
            all.extend(found);
            parts.push(single);
        }
        Ok(())
    }
}

/// Objects below this are unknown.
fn unlisted(uri: String, e: &Error) -> ListingFailure {
    ListingFailure { uri, error: Error::new(Reason::ListingFailed, format!("{}: {}", e.reason, e.detail)) }
}

impl Source for Glue {
    fn uri(&self) -> String {
        match &self.table {
            Some(t) => self.uri_of(t),
            None => format!("glue://{}", self.database),
        }
    }

    fn list(&self, each: &mut dyn FnMut(Object)) -> Vec<ListingFailure> {
        let (mut failures, mut all, mut parts) = (Vec::new(), Vec::new(), Vec::new());
        let mut places = self.catalogue(&mut failures);
        for root in places.roots() {
            failures.extend(self.location(&root, &mut parts, &mut all).err());
        }
        self.follow(&mut places, &mut parts, &mut all, &mut failures);
        for (loser, winner, n) in places.shared(&all) {
            let (loser, winner) = (places.get(loser), places.get(winner));
            let objects = if n == 1 { "1 object".to_owned() } else { format!("{n} objects") };
            let detail = format!("{objects} in its location are read as those of the table {}", layout::speakable(&winner.name));
            failures.push(ListingFailure { uri: self.uri_of(&loser.name), error: Error::new(Reason::SharedLocation, detail) });
        }
        all.sort_unstable_by(|a, b| a.uri.cmp(&b.uri));
        all.dedup_by(|a, b| a.uri == b.uri);
        *self.found.lock().unwrap_or_else(|e| e.into_inner()) = Arc::new(Found { places, parts });
        all.into_iter().for_each(each);
        failures
    }

    fn resume(&self, shelf: &Arc<Shelf>) {
        *self.shelf.lock().unwrap_or_else(|e| e.into_inner()) = Some(shelf.clone());
    }

    fn list_near(&self, starts: &[(String, usize)], each: &mut dyn FnMut(Object)) -> Vec<ListingFailure> {
        let (mut failures, mut parts) = (Vec::new(), Vec::new());
        let places = self.catalogue(&mut failures);
        for root in places.roots() {
            let folder = format!("{root}/");
            let near: Vec<_> =
                starts.iter().filter(|s| folder.starts_with(&s.0) || s.0.starts_with(&folder) || s.0 == root).cloned().collect();
            if near.is_empty() {
                continue;
            }
            // The folder of this name, and the object of this name where somebody looks for it.
            for slash in ["/", ""].into_iter().take(if near.iter().any(|s| s.0 == root) { 2 } else { 1 }) {
                match self.part(&root, slash) {
                    Ok(part) => {
                        failures.extend(part.list_near(&near, each));
                        parts.push(part);
                    }
                    Err(e) => failures.push(unlisted(root.clone(), &e)),
                }
            }
        }
        *self.found.lock().unwrap_or_else(|e| e.into_inner()) = Arc::new(Found { places, parts });
        failures
    }

    fn open(&self, object: &Object) -> Result<Box<dyn Input>> {
        match part_of(&self.found().parts, object) {
            Some(part) => part.open(object),
            // Listed in an earlier run.
            None if object.uri.starts_with("s3://") => self.part(&object.uri, "")?.open(object),
            None => Err(Error::new(Reason::NotFound, "the object does not lie in S3")),
        }
    }

    fn stores(&self) -> Vec<Store> {
        let mut all: Vec<Store> = Vec::new();
        for part in &self.found().parts {
            // Buckets are asked once, however many tables lie in them.
            if !all.iter().any(|s| part.uri().starts_with(&format!("{}/", s.uri))) {
                all.extend(part.stores());
            }
        }
        all
    }

    fn is_priced(&self) -> bool {
        self.found().parts.iter().all(|p| p.is_priced())
    }

    fn charge(&self, object: &Object) -> Option<Charge> {
        part_of(&self.found().parts, object)?.charge(object)
    }

    fn covers(&self, uri: &str) -> bool {
        let found = self.found();
        let current = uri.split("?versionId=").next().unwrap_or(uri);
        found.places.holds(current) && found.parts.iter().any(|p| p.covers(uri))
    }

    fn layout(&self, objects: &[Object], read: &mut dyn FnMut(&Object) -> Result<Bytes>) -> Layout {
        // Without a folder above all of them: names are those of tables.
        let mut layout = layout::recognise_under("", objects, read);
        self.found().places.name(objects, &mut layout);
        layout
    }
}
