//! What is exposed: named by patterns, named by logs.

use std::collections::BTreeSet;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::Breach;
use crate::base::Timestamp;
use crate::index::{Gap, Reader};
use crate::query::{self, Exposed, Exposure};

/// The patterns of a command line.
pub(super) struct Scope {
    objects: GlobSet,
    prefixes: Vec<String>,
    datasets: GlobSet,
    names: Vec<String>,
    /// Every version stored in this window is meant, not only the current ones.
    window: Option<(Timestamp, Timestamp)>,
}

impl Scope {
    /// What was typed. A window of logs is one of requests, not of versions.
    pub fn new(b: &Breach) -> anyhow::Result<Scope> {
        Ok(Scope {
            objects: globs(&b.object, true)?,
            prefixes: b.prefix.iter().map(|p| absolute(p)).collect(),
            datasets: globs(&b.dataset, false)?,
            names: b.dataset.clone(),
            window: b.evidence.window().filter(|_| !b.evidence.is_given()),
        })
    }

    /// Whether a pattern names an object by its uri or its dataset, as shown.
    pub fn names(&self, uri: &str, dataset: &str) -> bool {
        self.object(uri) || self.dataset(dataset)
    }

    fn object(&self, uri: &str) -> bool {
        self.objects.is_match(uri) || self.prefixes.iter().any(|p| uri.starts_with(p.as_str()))
    }

    fn dataset(&self, name: &str) -> bool {
        self.datasets.is_match(name) || self.names.iter().any(|d| d == name)
    }

    /// The object versions of an index that are exposed, each once: those that patterns name, then those that logs name. And what is not
    /// known of the time of the window.
    pub fn exposed(&self, reader: &Reader, logs: Option<&Exposure>) -> anyhow::Result<(Vec<Exposed>, Vec<Gap>)> {
        let (object, dataset) = (|uri: &str| self.object(uri), |name: &str| self.dataset(name));
        let (mut exposed, gaps) = match self.window {
            Some(window) => query::stored_in(reader, &object, &dataset, window)?,
            None => (query::current_in(reader, &object, &dataset)?, Vec::new()),
        };
        let known: BTreeSet<i64> = exposed.iter().map(|e| e.object.id).collect();
        exposed.extend(logs.into_iter().flat_map(|l| &l.accessed).filter(|e| !known.contains(&e.object.id)).cloned());
        Ok((exposed, gaps))
    }
}

fn globs(patterns: &[String], anywhere: bool) -> anyhow::Result<GlobSet> {
    let mut set = GlobSetBuilder::new();
    for p in patterns {
        let rooted = p.starts_with('/') || p.contains("://") || p.starts_with("**");
        let p = if anywhere && !rooted { format!("**/{p}") } else { p.clone() };
        set.add(GlobBuilder::new(&p).literal_separator(true).build()?);
    }
    Ok(set.build()?)
}

/// A local prefix as the index writes uris: absolute. Nothing need exist there any more.
pub(super) fn absolute(prefix: &str) -> String {
    if prefix.contains("://") || prefix == "-" {
        return prefix.to_owned();
    }
    let slash = if prefix.ends_with('/') { "/" } else { "" };
    let path = std::fs::canonicalize(prefix).or_else(|_| std::path::absolute(prefix));
    path.map_or_else(|_| prefix.to_owned(), |p| format!("{}{slash}", p.display()))
}
