//! Pages that were made and still hold: as long as the file of the index is what it was.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// Pages that are kept; when there are more all of them go.
const MOST: usize = 256;

/// What tells one state of the index from another: length and time of its file and of what was not yet merged into it. And the hour: what
/// is stale or overdue changes with time alone.
pub(super) type Stamp = ([Option<(u64, SystemTime)>; 2], u64);

/// The stamp of an index.
pub(super) fn stamp(index: &Path) -> Stamp {
    let of = |p: &Path| std::fs::metadata(p).ok().and_then(|m| Some((m.len(), m.modified().ok()?)));
    let mut wal = index.as_os_str().to_owned();
    wal.push("-wal");
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    ([of(index), of(&PathBuf::from(wal))], now.as_secs() / 3600)
}

/// Pages by path and query, all of one stamp. PRIVACY: only what is asked by an address is kept, and no value stands in one.
#[derive(Default)]
pub(super) struct Pages(Mutex<(Stamp, HashMap<String, Arc<str>>)>);

impl Pages {
    /// A page that holds at this stamp.
    pub fn get(&self, stamp: Stamp, name: &str) -> Option<Arc<str>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (kept.0 == stamp).then(|| kept.1.get(name).cloned()).flatten()
    }

    /// Keeps a page that was made when the index had this stamp.
    pub fn keep(&self, stamp: Stamp, name: &str, page: &Arc<str>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.0 != stamp || kept.1.len() >= MOST {
            *kept = (stamp, HashMap::new());
        }
        kept.1.insert(name.to_owned(), page.clone());
    }
}

/// Something that is worked out once for each state of the index.
pub(super) struct Kept<T>(Mutex<Option<(Stamp, Arc<T>)>>);

impl<T> Default for Kept<T> {
    fn default() -> Kept<T> {
        Kept(Mutex::new(None))
    }
}

impl<T> Kept<T> {
    /// What was made at this stamp, or what `make` makes now. Two who ask at once may both make it: nobody waits for the other.
    pub fn get<E>(&self, stamp: Stamp, make: impl FnOnce() -> Result<T, E>) -> Result<Arc<T>, E> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref().filter(|k| k.0 == stamp).map(|k| k.1.clone());
        if let Some(known) = known {
            return Ok(known);
        }
        let made = Arc::new(make()?);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((stamp, made.clone()));
        Ok(made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold_as_long_as_the_index_is_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.db");
        let none = stamp(&file);
        std::fs::write(&file, "1").unwrap();
        let first = stamp(&file);
        std::fs::write(dir.path().join("a.db-wal"), "1").unwrap();
        let second = stamp(&file);
        assert!(none != first && first != second);
        let (pages, page): (Pages, Arc<str>) = (Pages::default(), "page".into());
        pages.keep(first, "/", &page);
        assert_eq!(pages.get(first, "/").as_deref(), Some("page"));
        assert_eq!((pages.get(first, "/x"), pages.get(second, "/")), (None, None));
        pages.keep(second, "/x", &page);
        assert_eq!((pages.get(second, "/"), pages.get(first, "/")), (None, None));
        let kept: Kept<u32> = Kept::default();
        let get = |stamp, n| *kept.get::<()>(stamp, || Ok(n)).unwrap();
        assert_eq!([get(first, 1), get(first, 2), get(second, 3), get(first, 4)], [1, 1, 3, 4]);
        (0..2 * MOST).for_each(|n| pages.keep(second, &n.to_string(), &page));
        assert!(pages.0.lock().unwrap().1.len() <= MOST);
    }
}
