//! A source of which a manifest says what is read: the files that Redshift's `UNLOAD` wrote, or that a `COPY` would load.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use bytes::Bytes;

use super::layout::unload::Manifest;
use super::layout::{CONTROL_LIMIT, Layout, file_name};
use super::{ListingFailure, Options, Source};
use crate::base::{Error, Input, Issue, Object, Reason, Result, whole};

/// The files of a manifest in a source.
pub(super) struct Listed {
    inner: Arc<dyn Source>,
    manifest: Manifest,
    /// The last part of where the manifest lies.
    name: String,
    /// What the last listing found, and names of files that it did not find.
    found: Mutex<Found>,
}

#[derive(Default)]
struct Found {
    /// By URI, with the length that the manifest says.
    uris: HashMap<String, Option<u64>>,
    missing: HashSet<String>,
}

/// Opens the source `spec` for the files that the manifest at `manifest` lists. Fails where either cannot be opened, for
/// sources that have no files of their own, and with `corrupt` for what is no manifest; the error names which.
pub(super) fn open(spec: &str, manifest: &str, options: &Options) -> Result<Listed> {
    if spec == "-" || spec.starts_with("glue://") {
        return Err(Error::new(Reason::UnsupportedFormat, "--manifest goes with a folder, a file or a prefix"));
    }
    if options.all_versions || options.inventory.is_some() {
        return Err(Error::new(Reason::UnsupportedFormat, "--manifest does not go with --all-versions or --inventory"));
    }
    let options = Options { manifest: None, forms: Arc::default(), ..options.clone() };
    let inner = super::open(spec, &options)?;
    let named =
        |e: Error| Error::new(e.reason, format!("--manifest {manifest}: {}", e.detail.trim_start_matches(&format!("{manifest}: "))));
    let content = content(manifest, &options).map_err(named)?;
    let none = || named(Error::new(Reason::Corrupt, "it has no entries with a url, so it is no manifest of UNLOAD or COPY"));
    let parsed = Manifest::parse(&content).map_err(named)?.ok_or_else(none)?;
    Ok(Listed { inner, manifest: parsed, name: file_name(manifest).to_owned(), found: Mutex::default() })
}

/// The whole of one small file, wherever it lies.
fn content(at: &str, options: &Options) -> Result<Bytes> {
    if at == "-" || at.starts_with("glue://") {
        return Err(Error::new(Reason::UnsupportedFormat, "a path or s3://bucket/key"));
    }
    let source = super::open(at, options)?;
    let (uri, mut found) = (source.uri(), None);
    let failures = source.list(&mut |o| {
        if o.uri == uri {
            found = Some(o);
        }
    });
    if let Some(f) = failures.into_iter().next().filter(|_| found.is_none()) {
        return Err(f.error);
    }
    let object = found.ok_or_else(|| Error::new(Reason::NotFound, "there is no such file"))?;
    Ok(whole(&mut *source.open(&object)?, CONTROL_LIMIT, "a file")?.into())
}

/// A place where an entry's file may lie: its URL, or else below `root`, by as much of its path as is there.
fn places<'a>(url: &'a str, root: &'a str) -> impl Iterator<Item = String> + 'a {
    let path = url.split_once("://").map_or(url, |(_, rest)| rest);
    // The longest first: files in folders of partitions share their names.
    let moved = path.match_indices('/').map(move |(at, _)| format!("{root}{}", &path[at..]));
    std::iter::once(url.to_owned()).chain(moved)
}

impl Listed {
    fn found(&self) -> std::sync::MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(|e| e.into_inner())
    }
}

impl Source for Listed {
    fn uri(&self) -> String {
        self.inner.uri()
    }

    fn root(&self) -> String {
        self.inner.root()
    }

    fn list(&self, each: &mut dyn FnMut(Object)) -> Vec<ListingFailure> {
        let mut all = Vec::new();
        let mut failures = self.inner.list(&mut |o| all.push(o));
        // What is not listed by the manifest may be as it likes.
        let names: HashSet<&str> = self.manifest.entries.iter().filter_map(|e| e.url.as_deref().map(file_name)).collect();
        failures.retain(|f| f.error.reason == Reason::ListingFailed || (f.hides(&f.uri) && names.contains(file_name(&f.uri))));
        let by_uri: HashMap<&str, usize> = all.iter().enumerate().map(|(i, o)| (o.uri.as_str(), i)).collect();
        let mut by_name: HashMap<&str, Option<usize>> = HashMap::new();
        for (i, o) in all.iter().enumerate() {
            by_name.entry(file_name(&o.uri)).and_modify(|known| *known = None).or_insert(Some(i));
        }
        let root = self.inner.root();
        let (mut found, mut lengths) = (Found::default(), HashMap::new());
        for entry in &self.manifest.entries {
            let Some(url) = entry.url.as_deref() else { continue };
            let place = places(url, &root).find_map(|p| by_uri.get(p.as_str()).copied());
            match (place, by_name.get(file_name(url))) {
                (Some(i), _) => drop(lengths.insert(i, entry.length)),
                (None, Some(Some(i))) => drop(lengths.insert(*i, entry.length)),
                (None, other) => {
                    let detail = match other {
                        Some(_) => "listed in the manifest; several files here have its name",
                        None => "listed in the manifest and not here",
                    };
                    found.missing.insert(file_name(url).to_owned());
                    failures.push(ListingFailure { uri: url.to_owned(), error: Error::new(Reason::ExportIncomplete, detail) });
                }
            }
        }
        found.uris = lengths.iter().map(|(i, length)| (all[*i].uri.clone(), *length)).collect();
        let listed: HashSet<usize> = lengths.into_keys().collect();
        *self.found() = found;
        all.into_iter().enumerate().filter(|(i, _)| listed.contains(i)).for_each(|(_, o)| each(o));
        failures
    }

    fn open(&self, object: &Object) -> Result<Box<dyn Input>> {
        self.inner.open(object)
    }

    fn layout(&self, objects: &[Object], read: &mut dyn FnMut(&Object) -> Result<Bytes>) -> Layout {
        let mut layout = self.inner.layout(objects, read);
        self.manifest.name(&self.name, objects, &mut layout);
        let found = self.found();
        for o in objects {
            if found.uris.get(&o.uri).copied().flatten().is_some_and(|length| length != o.size) {
                let detail = "it has not the length that the manifest says".to_owned();
                layout.issues.push((o.uri.clone(), Issue { reason: Reason::ExportIncomplete, detail }));
            }
        }
        layout
    }

    fn wraps(&self) -> Option<&dyn Source> {
        Some(&*self.inner)
    }

    fn covers(&self, uri: &str) -> bool {
        // What lies beside was not looked for, so that nothing is known of it.
        let found = self.found();
        self.inner.covers(uri) && (found.uris.contains_key(uri) || found.missing.contains(file_name(uri)))
    }
}
