//! What is exposed: named by patterns, named by logs.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::Breach;
use crate::base::Timestamp;
use crate::index::{Gap, Reader};
use crate::query::{self, Exposed, Exposure};

/// Patterns of one option, and which of them have matched anything.
struct Patterns {
    set: GlobSet,
    /// As they were typed.
    texts: Vec<String>,
    /// One without a folder is meant in any.
    anywhere: bool,
    met: Vec<AtomicBool>,
}

impl Patterns {
    fn new(texts: &[String], anywhere: bool) -> anyhow::Result<Patterns> {
        let mut set = GlobSetBuilder::new();
        for p in texts {
            let p = if anywhere && !is_rooted(p) { format!("**/{p}") } else { p.clone() };
            set.add(GlobBuilder::new(&p).literal_separator(true).build()?);
        }
        let met = texts.iter().map(|_| AtomicBool::default()).collect();
        Ok(Patterns { set: set.build()?, texts: texts.to_vec(), anywhere, met })
    }

    /// Whether one of them matches, or is the name itself, in which `[` and `?` may stand.
    fn has(&self, name: &str) -> bool {
        let mut any = false;
        let mut meet = |i: usize| {
            any = true;
            self.met[i].store(true, Relaxed);
        };
        if self.set.is_match(name) {
            self.set.matches(name).into_iter().for_each(&mut meet);
        }
        let is = |p: &str| {
            name.strip_suffix(p).is_some_and(|before| before.is_empty() || self.anywhere && !is_rooted(p) && before.ends_with('/'))
        };
        self.texts.iter().enumerate().filter(|(_, p)| is(p)).for_each(|(i, _)| meet(i));
        any
    }
}

fn is_rooted(pattern: &str) -> bool {
    pattern.starts_with('/') || pattern.contains("://") || pattern.starts_with("**")
}

/// The patterns of a command line.
pub(super) struct Scope {
    objects: Patterns,
    /// As they were typed, as the index writes them, and whether any object is there.
    prefixes: Vec<(String, String, AtomicBool)>,
    datasets: Patterns,
    /// Every version stored in this window is meant, not only the current ones.
    window: Option<(Timestamp, Timestamp)>,
}

impl Scope {
    /// What was typed. A window of logs is one of requests, not of versions.
    pub fn new(b: &Breach) -> anyhow::Result<Scope> {
        Ok(Scope {
            objects: Patterns::new(&b.object, true)?,
            prefixes: b.prefix.iter().map(|p| (p.clone(), absolute(p), AtomicBool::default())).collect(),
            datasets: Patterns::new(&b.dataset, false)?,
            window: b.evidence.window().filter(|_| !b.evidence.is_given()),
        })
    }

    /// Whether a pattern names an object by its uri or its dataset, as shown.
    pub fn names(&self, uri: &str, dataset: &str) -> bool {
        let object = self.object(uri);
        self.datasets.has(dataset) || object
    }

    /// What has named nothing so far, with its option.
    pub fn unmet(&self) -> Vec<String> {
        let is_unmet = |met: &AtomicBool| !met.load(Relaxed);
        let of = |option: &'static str, p: &Patterns| {
            let unmet = p.texts.iter().zip(&p.met).filter(|(_, met)| is_unmet(met));
            unmet.map(|(text, _)| format!("{option} {text}")).collect::<Vec<_>>()
        };
        let prefixes = self.prefixes.iter().filter(|(_, _, met)| is_unmet(met)).map(|(typed, ..)| format!("--prefix {typed}"));
        of("--object", &self.objects).into_iter().chain(prefixes).chain(of("--dataset", &self.datasets)).collect()
    }

    fn object(&self, uri: &str) -> bool {
        let mut any = self.objects.has(uri);
        for (.., met) in self.prefixes.iter().filter(|(_, p, _)| uri.starts_with(p.as_str())) {
            met.store(true, Relaxed);
            any = true;
        }
        any
    }

    /// The object versions of an index that are exposed, each once: those that patterns name, then those that logs name. And what is not
    /// known of the time of the window.
    pub fn exposed(&self, reader: &Reader, logs: Option<&Exposure>) -> anyhow::Result<(Vec<Exposed>, Vec<Gap>)> {
        let (object, dataset) = (|uri: &str| self.object(uri), |name: &str| self.datasets.has(name));
        let (mut exposed, gaps) = match self.window {
            Some(window) => query::stored_in(reader, &object, &dataset, window)?,
            None => (query::current_in(reader, &object, &dataset)?, Vec::new()),
        };
        let known: BTreeSet<i64> = exposed.iter().map(|e| e.object.id).collect();
        exposed.extend(logs.into_iter().flat_map(|l| &l.accessed).filter(|e| !known.contains(&e.object.id)).cloned());
        Ok((exposed, gaps))
    }
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
