//! All object versions that the index knows, and when each was stored.

use std::collections::HashMap;

use crate::base::Timestamp;
use crate::identity::Hasher;
use crate::index::{IndexError, ObjectRow, Reader};
use crate::query::Exposed;
use crate::source::unversioned;

use super::Names;

/// All versions, with their ends.
pub(super) struct Stored {
    pub all: Vec<ObjectRow>,
    /// When the next version of the same object was written.
    ends: Vec<Option<i64>>,
    by_hash: HashMap<[u8; 16], Vec<usize>>,
}

/// The uri of the object, without the mark of an old version that was listed beside the current one.
fn object_uri(o: &ObjectRow) -> &str {
    unversioned(&o.uri, &o.version).unwrap_or(&o.uri)
}

impl Stored {
    /// `hasher`: without it, versions that lie beside the current one belong to the object that is shown by the same name.
    pub fn open(reader: &Reader, hasher: Option<&Hasher>) -> Result<Stored, IndexError> {
        let all = reader.objects(false)?;
        let place: HashMap<i64, usize> = all.iter().enumerate().map(|(i, o)| (o.id, i)).collect();
        let mut by_hash: HashMap<[u8; 16], Vec<usize>> = HashMap::new();
        let mut beside: Vec<([u8; 16], Vec<usize>)> = Vec::new();
        for (hash, ids) in reader.versions_by_uri_hash()? {
            let versions: Vec<usize> = ids.iter().filter_map(|id| place.get(id).copied()).collect();
            let Some(first) = versions.first().map(|i| &all[*i]) else { continue };
            match unversioned(&first.uri, &first.version) {
                Some(_) => beside.push((hash, versions)),
                None => drop(by_hash.insert(hash, versions)),
            }
        }
        let shown: HashMap<&str, [u8; 16]> = by_hash.iter().map(|(hash, v)| (all[v[0]].uri.as_str(), *hash)).collect();
        let mut whose = Vec::new();
        for (hash, versions) in beside {
            let o = &all[versions[0]];
            let of = match hasher {
                Some(h) => reader.true_uri(&hash, h)?.and_then(|uri| unversioned(&uri, &o.version).map(|uri| h.name(uri))),
                None => shown.get(object_uri(o)).copied(),
            };
            whose.push((of.unwrap_or_else(|| alone(object_uri(o))), versions));
        }
        drop(shown);
        whose.into_iter().for_each(|(hash, versions)| by_hash.entry(hash).or_default().extend(versions));
        let mut ends = vec![None; all.len()];
        for versions in by_hash.values_mut() {
            versions.sort_by_key(|i| (all[*i].modified, all[*i].first_seen, all[*i].id));
            for pair in versions.windows(2) {
                ends[pair[0]] = all[pair[1]].modified;
            }
        }
        Ok(Stored { all, ends, by_hash })
    }

    /// Whether a version was stored at any time of a window, as far as is known; what may have been counts.
    pub fn valid_in(&self, i: usize, from: Timestamp, to: Timestamp) -> bool {
        self.all[i].modified.is_none_or(|m| m <= to.0) && self.ends[i].is_none_or(|e| e > from.0)
    }

    /// Whether a later version is known.
    pub fn has_successor(&self, i: usize) -> bool {
        self.ends[i].is_some()
    }
}

/// Tells objects apart of which old versions alone are known, where there is no key.
fn alone(uri: &str) -> [u8; 16] {
    let mut out = [0; 16];
    out.copy_from_slice(&blake3::hash(uri.as_bytes()).as_bytes()[..16]);
    out
}

/// The versions that were stored at any time in a window, of the objects that one of the tests names.
pub fn stored_in(
    reader: &Reader,
    object: &dyn Fn(&str) -> bool,
    dataset: &dyn Fn(&str) -> bool,
    window: (Timestamp, Timestamp),
) -> Result<Vec<Exposed>, IndexError> {
    let stored = Stored::open(reader, None)?;
    let meant = |i: &usize| object(object_uri(&stored.all[*i])) || dataset(&stored.all[*i].dataset);
    let valid = |i: &usize| stored.valid_in(*i, window.0, window.1);
    Ok((0..stored.all.len()).filter(meant).filter(valid).map(|i| Exposed { object: stored.all[i].clone(), whole: true }).collect())
}

/// All versions of one object, oldest first, by their places in [`Stored::all`].
pub(super) struct Versions<'a> {
    pub rows: &'a [usize],
    /// Found as a copy: times of the copy say nothing.
    pub copy: bool,
}

/// Finds the objects that logs name.
pub(super) struct Book<'a> {
    names: &'a Names<'a>,
    stored: &'a Stored,
    by_uri: HashMap<&'a str, &'a [usize]>,
    /// Folders that were scanned.
    pub roots: Vec<String>,
}

impl<'a> Book<'a> {
    pub fn open(reader: &Reader, stored: &'a Stored, names: &'a Names<'a>) -> Result<Book<'a>, IndexError> {
        let by_uri = stored.by_hash.values().map(|v| (object_uri(&stored.all[v[0]]), v.as_slice())).collect();
        let local = |s: &String| !s.contains("://") && s != "-";
        let mut roots: Vec<String> = reader.sources()?.into_iter().filter(local).map(|s| s.trim_end_matches('/').to_owned()).collect();
        // A file that was named itself lies in a folder.
        roots.extend(roots.clone().iter().filter_map(|r| r.rsplit_once('/').map(|r| r.0.to_owned())));
        roots.sort();
        roots.dedup();
        Ok(Book { names, stored, by_uri, roots })
    }

    fn rows(&self, uri: &str) -> Option<&'a [usize]> {
        let by_key = |h: &Hasher| self.stored.by_hash.get(&h.name(uri)).map(Vec::as_slice);
        match self.names.hasher {
            Some(h) => by_key(h),
            // Without the key a uri that is shown otherwise may be any of several.
            None => self.by_uri.get(uri).copied().filter(|_| (self.names.shown)(uri) == uri),
        }
    }

    pub fn versions(&self, target: &str) -> Option<Versions<'a>> {
        if let Some(rows) = self.rows(target) {
            return Some(Versions { rows, copy: false });
        }
        for (from, to) in self.names.copies {
            if let Some(rows) = target.strip_prefix(from.as_str()).and_then(|rest| self.rows(&format!("{to}{rest}"))) {
                return Some(Versions { rows, copy: true });
            }
        }
        // A folder that was scanned may be a copy of the bucket: the whole key is the path below it, in one place only.
        let key = target.strip_prefix("s3://")?.split_once('/')?.1;
        let mut found = self.roots.iter().filter_map(|root| self.rows(&format!("{root}/{key}")));
        let first = found.next()?;
        found.all(|other| other[0] == first[0]).then_some(Versions { rows: first, copy: true })
    }
}
