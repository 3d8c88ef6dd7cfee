//! What a catalogue only points at: tables of other databases and accounts, and files that lists name.

use aws_sdk_glue::types;

use super::api::{Api, At};
use super::places::Places;
use super::table::{self, linked};
use super::{Glue, unlisted};
use crate::base::{Error, Object, Reason, Result, whole};
use crate::source::layout::CONTROL_LIMIT;
use crate::source::s3::{self, S3};
use crate::source::{ListingFailure, Options, Source, accounts, aws};

/// Where tables stand: in which catalogue of whom, in which database.
pub(super) struct Origin {
    /// Another way into a catalogue than the source's own.
    api: Option<Api>,
    pub at: At,
}

impl Origin {
    /// The source's own database.
    pub fn own(database: &str) -> Origin {
        Origin { api: None, at: At::own(database) }
    }

    pub fn api<'a>(&'a self, glue: &'a Glue) -> &'a Api {
        self.api.as_ref().unwrap_or(&glue.api)
    }
}

/// A table, what it is called here, and where it stands.
pub(super) struct Found {
    pub name: String,
    pub table: types::Table,
    pub origin: std::sync::Arc<Origin>,
}

impl Glue {
    /// The tables of the source, links followed; what could not be is a line each. Links to tables that are found themselves are not
    /// found twice.
    pub(super) fn tables(&self, failures: &mut Vec<ListingFailure>) -> Vec<Found> {
        let mut origin = Origin::own(&self.database);
        let mut found = self.standing(&origin);
        // A link to a database may show no tables of its own.
        if found.as_ref().map_or_else(|e| e.reason == Reason::NotFound, Vec::is_empty)
            && let Some(target) = self.api.database_link(&self.database)
        {
            let (catalog, database) = (target.catalog_id(), target.database_name().unwrap_or(""));
            let followed = self.origin((catalog, target.region()), database, self.table.as_deref());
            found = followed.and_then(|o| {
                origin = o;
                self.standing(&origin)
            });
        }
        let origin = std::sync::Arc::new(origin);
        let mut out = Vec::new();
        match found {
            Err(e) => failures.push(unlisted(Source::uri(self), &e)),
            Ok(tables) => {
                for t in tables {
                    let name = t.name().to_owned();
                    if t.target_table().is_none() {
                        out.push(Found { name, table: t, origin: origin.clone() });
                        continue;
                    }
                    match self.target(&t) {
                        Ok(Some((table, origin))) => out.push(Found { name, table, origin: origin.into() }),
                        Ok(None) => {}
                        Err(e) => {
                            let error = match e.reason {
                                Reason::UnsupportedFormat => e,
                                reason => Error::new(reason, linked(&t, &e.detail).detail),
                            };
                            failures.push(ListingFailure { uri: self.uri_of(&name), error });
                        }
                    }
                }
            }
        }
        out
    }

    /// The tables that stand at a place: all of the database, or the one that was named.
    fn standing(&self, origin: &Origin) -> Result<Vec<types::Table>> {
        let mut tables = Vec::new();
        match &self.table {
            Some(name) => tables.push(origin.api(self).table(&origin.at, name)?),
            None => origin.api(self).tables(&origin.at, &mut |t| tables.push(t))?,
        }
        Ok(tables)
    }

    /// The table that a link leads to; `None` if it is found by itself.
    fn target(&self, link: &types::Table) -> Result<Option<(types::Table, Origin)>> {
        let Some(to) = link.target_table() else { return Ok(None) };
        let (Some(database), Some(name)) = (to.database_name(), to.name()) else { return Err(linked(link, "it names no table")) };
        let same = to.region().is_none() && to.catalog_id().is_none_or(|id| Some(id) == link.catalog_id());
        if same && database == self.database && self.table.is_none() {
            return Ok(None);
        }
        let catalog = to.catalog_id().filter(|id| Some(*id) != link.catalog_id());
        let origin = self.origin((catalog, to.region()), database, Some(name))?;
        let table = origin.api(self).table(&origin.at, name)?;
        if table.target_table().is_some() {
            return Err(linked(link, "that is a link itself"));
        }
        Ok(Some((table, origin)))
    }

    /// The way to a database of another catalogue, or of this one: by the account that `[[account]]` names for it, else as we are.
    fn origin(&self, (catalog, region): (Option<&str>, Option<&str>), database: &str, table: Option<&str>) -> Result<Origin> {
        let at = At { catalog: catalog.map(str::to_owned), database: database.to_owned() };
        let spec = table.map_or(format!("glue://{database}"), |t| format!("glue://{database}/{t}"));
        let other = accounts::number(&spec, &self.options);
        let own = accounts::number(&Source::uri(self), &self.options);
        if (other.is_none() || other == own) && region.is_none() {
            return Ok(Origin { api: None, at });
        }
        let options = accounts::of(&spec, &self.options);
        let options = Options { region: region.map(str::to_owned).or_else(|| options.region.clone()), ..options.into_owned() };
        Ok(Origin { api: Some(Api::new(&aws::configuration(&options)?, &options)), at })
    }

    /// Reads the lists that tables consist of, and finds what they name.
    pub(super) fn follow(&self, places: &mut Places, parts: &mut Vec<S3>, all: &mut Vec<Object>, failures: &mut Vec<ListingFailure>) {
        let lists: Vec<(usize, Object)> = all.iter().filter_map(|o| Some((places.list(&o.uri)?, o.clone()))).collect();
        for (table, list) in lists {
            let part = part_of(parts, &list).ok_or_else(|| Error::new(Reason::Io, "nobody lists it"));
            let content = match part.and_then(|p| whole(&mut *p.open(&list)?, CONTROL_LIMIT, "a list of files")) {
                Ok(content) => content,
                Err(e) => {
                    failures.push(unlisted(list.uri.clone(), &e));
                    continue;
                }
            };
            let text = String::from_utf8_lossy(&content);
            let lines = text.lines().map(str::trim).filter(|l| !l.is_empty());
            let (mut names, mut wrong) = (Vec::new(), 0);
            lines.for_each(|l| match table::s3(l) {
                Ok(uri) => names.push(uri),
                Err(_) => wrong += 1,
            });
            if wrong > 0 {
                let error = Error::new(Reason::ExportIncomplete, format!("lines that name nothing in S3: {wrong}"));
                failures.push(ListingFailure { uri: list.uri.clone(), error });
            }
            places.follow(table, &list.uri, names.into_iter());
        }
        let known: std::collections::HashSet<&str> = all.iter().map(|o| o.uri.as_str()).collect();
        let named: Vec<String> = places.beyond().into_iter().filter(|n| !known.contains(n)).map(str::to_owned).collect();
        let mut rest = named.as_slice();
        while let Some(first) = rest.first() {
            let bucket =
                |uri: &str| s3::split(uri.strip_prefix("s3://").unwrap_or(uri)).map_or_else(|_| String::new(), |(b, _)| b.to_owned());
            let of = bucket(first);
            let (these, others) = rest.split_at(rest.iter().take_while(|n| bucket(n) == of).count());
            rest = others;
            self.look(&of, these, parts, all, failures);
        }
    }

    /// What is named in one bucket: objects, else folders.
    fn look(&self, bucket: &str, named: &[String], parts: &mut Vec<S3>, all: &mut Vec<Object>, failures: &mut Vec<ListingFailure>) {
        let part = match self.part(&format!("s3://{bucket}"), "") {
            Ok(part) => part,
            Err(e) => return failures.push(unlisted(format!("s3://{bucket}"), &e)),
        };
        let before = part.bucket_uri().len();
        let keys: Vec<&str> = named.iter().map(|uri| uri.get(before..).unwrap_or("")).collect();
        let mut missing = Vec::new();
        part.look(&keys, &mut |key, found| match found {
            Ok(Some(o)) => all.push(o),
            Ok(None) => missing.push(key),
            Err(e) => failures.push(unlisted(format!("{}{key}", part.bucket_uri()), &e)),
        });
        let missing: Vec<String> = missing.into_iter().map(|key| format!("{}{key}", part.bucket_uri())).collect();
        parts.push(part);
        for uri in missing {
            let before = all.len();
            if let Err(f) = self.location(&uri, parts, all) {
                failures.push(f);
            } else if all.len() == before {
                let error = Error::new(Reason::ExportIncomplete, "named in a list of files and not there");
                failures.push(ListingFailure { uri, error });
            }
        }
    }
}

/// The part that listed an object: a single object's part covers its neighbours too, so it is the nearest.
pub(super) fn part_of<'a>(parts: &'a [S3], object: &Object) -> Option<&'a S3> {
    parts.iter().filter(|p| p.covers(&object.uri)).max_by_key(|p| p.uri().len())
}
