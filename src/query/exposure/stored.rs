//! All object versions that the index knows, and when each was stored.

use std::collections::HashMap;

use crate::base::Timestamp;
use crate::identity::Hasher;
use crate::index::{Clock, Gap, IndexError, ObjectRow, Reader};
use crate::query::Exposed;
use crate::source::unversioned;

use super::Names;

/// All versions, with the times when they were stored.
pub(super) struct Stored {
    pub all: Vec<ObjectRow>,
    /// `None`: the version was listed as another row as well, and counts by that.
    clocks: Vec<Option<Clock>>,
    by_hash: HashMap<[u8; 16], Vec<usize>>,
}

/// The uri of the object, without the mark of an old version that was listed beside the current one.
fn object_uri(o: &ObjectRow) -> &str {
    unversioned(&o.uri, &o.version).unwrap_or(&o.uri)
}

impl Stored {
    pub fn open(reader: &Reader) -> Result<Stored, IndexError> {
        let all = reader.objects(false)?;
        let by_id = reader.clocks()?;
        let clocks: Vec<Option<Clock>> = all.iter().map(|o| by_id.get(&o.id).copied()).collect();
        let place: HashMap<i64, usize> = all.iter().enumerate().map(|(i, o)| (o.id, i)).collect();
        let mut by_hash = HashMap::new();
        for (hash, ids) in reader.versions_by_object()? {
            let mut versions: Vec<usize> = ids.iter().filter_map(|id| place.get(id).copied()).collect();
            versions.sort_by_key(|i| {
                let since = clocks[*i].map_or(all[*i].modified.unwrap_or(i64::MIN), |c| c.possible.0);
                (since, clocks[*i].map(|c| c.possible.1), all[*i].first_seen, all[*i].id)
            });
            if !versions.is_empty() {
                by_hash.insert(hash, versions);
            }
        }
        Ok(Stored { all, clocks, by_hash })
    }

    /// Since when a version may have been stored; `None`: it counts as another row.
    pub fn since(&self, i: usize) -> Option<i64> {
        self.clocks[i].map(|c| c.possible.0)
    }

    /// Whether a version was stored at any time of a window, as far as is known; what may have been counts.
    pub fn valid_in(&self, i: usize, from: Timestamp, to: Timestamp) -> bool {
        self.within(i, (from, to)).is_some()
    }

    /// The same, and whether it is certain.
    fn within(&self, i: usize, (from, to): (Timestamp, Timestamp)) -> Option<bool> {
        self.clocks[i].and_then(|c| c.within(from.0, to.0))
    }

    /// Whether a version had been overwritten or deleted before this time, give or take, by what the storage says or by a listing that had
    /// it as an old one.
    pub fn was_replaced(&self, i: usize, time: Timestamp, give: i64) -> bool {
        self.clocks[i].is_some_and(|c| (c.told || self.is_old(i)) && c.possible.1.saturating_add(give) < time.0)
    }

    /// Whether nothing says that a version was still there at this time, nor when it ended.
    pub fn ends_unsure(&self, i: usize, time: Timestamp) -> bool {
        let has_ended = !self.all[i].current || self.is_old(i);
        has_ended && self.clocks[i].is_some_and(|c| !c.told && time.0 >= c.certain.1)
    }

    /// Whether it was listed beside the current version.
    fn is_old(&self, i: usize) -> bool {
        unversioned(&self.all[i].uri, &self.all[i].version).is_some()
    }
}

/// The versions that were stored at any time in a window, of the objects that one of the tests names, and what is not known of it. Ends
/// that nobody named are those of time.
pub fn stored_in(
    reader: &Reader,
    object: &dyn Fn(&str) -> bool,
    dataset: &dyn Fn(&str) -> bool,
    window: (Timestamp, Timestamp),
) -> Result<(Vec<Exposed>, Vec<Gap>), IndexError> {
    let stored = Stored::open(reader)?;
    let meant = |i: &usize| object(object_uri(&stored.all[*i])) | dataset(&stored.all[*i].dataset);
    let (mut out, mut uncertain) = (Vec::new(), 0);
    for i in (0..stored.all.len()).filter(meant) {
        if let Some(is_certain) = stored.within(i, window) {
            uncertain += u64::from(!is_certain);
            out.push(Exposed { object: stored.all[i].clone(), whole: true });
        }
    }
    let named = (Some(window.0.0).filter(|t| *t > i64::MIN), Some(window.1.0).filter(|t| *t < i64::MAX));
    Ok((out, reader.gaps_within(named, uncertain)?))
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
