//! Pages that were made: they hold as long as the file of the index is what it was, and some are shown until there is a newer one.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use crate::base::Timestamp;
use crate::index::Mark;

/// Pages that are kept, and their bytes in all; when there are more, those go that nobody asked for longest.
const MOST: usize = 256;
const MOST_BYTES: usize = 64 << 20;

/// The pages that go through all people: they stay.
pub(super) const WARM: [&str; 6] = ["/", "/?by=bytes", "/shared", "/records", "/borders", "/changes"];

/// Length and time of the file of an index and of what was not yet merged into it.
pub(super) type State = [Option<(u64, SystemTime)>; 2];

/// What tells one state of the index from another. And the hour: what is stale or overdue changes with time alone.
pub(super) type Stamp = (State, u64);

/// The stamp of an index.
pub(super) fn stamp(index: &Path) -> Stamp {
    let of = |p: &Path| std::fs::metadata(p).ok().and_then(|m| Some((m.len(), m.modified().ok()?)));
    let mut wal = index.as_os_str().to_owned();
    wal.push("-wal");
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    // An empty one comes and goes with whoever reads, and says nothing.
    ([of(index), of(&PathBuf::from(wal)).filter(|w| w.0 > 0)], now.as_secs() / 3600)
}

/// What a page rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    /// The index, before the page was made.
    pub mark: Mark,
    /// When it was begun.
    pub at: Timestamp,
}

/// A page that was made.
pub(super) enum Page {
    /// To be kept.
    There(String),
    /// The page and others that came with it, each with its name.
    Several(Vec<(String, String)>),
    /// Says that there is nothing of that name; is not kept, for such names are without end.
    Absent(String),
}

/// What whoever asked is told instead of a page that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// Why there is none.
    Broken(String),
    /// A page that says so.
    Absent(String),
}

/// Pages by path and query, each as of the stamp at which it was made. PRIVACY: only what is asked by an address is kept, and no value
/// stands in one. Who is affected by a breach is kept by the number of the question, and shown to nobody before that is written down.
#[derive(Default)]
pub(super) struct Pages(Mutex<All>);

#[derive(Default)]
struct All {
    made: HashMap<String, Made>,
    bytes: usize,
    /// What came instead of a page, until somebody was told; with the turn.
    told: HashMap<String, (Stamp, Told, u64)>,
    /// Since when somebody is at it.
    making: HashMap<String, Instant>,
    turn: u64,
}

struct Made {
    stamp: Stamp,
    origin: Origin,
    page: Arc<str>,
    /// When it was last asked for.
    turn: u64,
}

/// Somebody who was given leave makes a page; when this is dropped nobody does.
pub(super) struct Making<'p>(&'p Pages, &'p str);

impl<'p> Making<'p> {
    /// Of a page whose [`Pages::begin`] said yes.
    pub fn of(pages: &'p Pages, name: &'p str) -> Making<'p> {
        Making(pages, name)
    }
}

impl Drop for Making<'_> {
    fn drop(&mut self) {
        self.0.all().making.remove(self.1);
    }
}

impl Pages {
    fn all(&self) -> MutexGuard<'_, All> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A page that holds at this stamp, or what is told once instead.
    pub fn get(&self, stamp: Stamp, name: &str) -> Option<Result<Arc<str>, Told>> {
        let mut all = self.all();
        all.turn += 1;
        let turn = all.turn;
        if let Some(made) = all.made.get_mut(name).filter(|m| m.stamp == stamp) {
            made.turn = turn;
            return Some(Ok(made.page.clone()));
        }
        let told = all.told.get(name).is_some_and(|f| f.0 == stamp);
        if told { all.told.remove(name).map(|f| Err(f.1)) } else { None }
    }

    /// Whether there is a page that holds at this stamp.
    pub fn has(&self, stamp: Stamp, name: &str) -> bool {
        self.all().made.get(name).is_some_and(|m| m.stamp == stamp)
    }

    /// A page that holds no longer and may be shown until there is another: of this run or the one before it. PRIVACY: none from before
    /// something was removed, for it may name who was forgotten.
    pub fn older(&self, name: &str, now: Mark) -> Option<(Arc<str>, Origin)> {
        let all = self.all();
        let made = all.made.get(name)?;
        let mark = made.origin.mark;
        let close = mark.removals == now.removals && (now.run - 1..=now.run).contains(&mark.run);
        close.then(|| (made.page.clone(), made.origin))
    }

    /// Asks for leave to make a page: whoever gets it holds a [`Making`] while at it. No: somebody is at it.
    pub fn begin(&self, name: &str) -> bool {
        let mut all = self.all();
        let free = !all.making.contains_key(name);
        if free {
            all.making.insert(name.to_owned(), Instant::now());
        }
        free
    }

    /// For how long a page is being made; `None`: nobody makes it.
    pub fn made_for(&self, name: &str) -> Option<Duration> {
        self.all().making.get(name).map(Instant::elapsed)
    }

    /// Keeps what was made when the index had this stamp.
    pub fn keep(&self, stamp: Stamp, origin: Origin, name: &str, page: Arc<str>) {
        let mut all = self.all();
        all.turn += 1;
        let turn = all.turn;
        all.bytes += page.len();
        if let Some(old) = all.made.insert(name.to_owned(), Made { stamp, origin, page, turn }) {
            all.bytes -= old.page.len();
        }
        while all.made.len() > MOST || all.bytes > MOST_BYTES {
            // The one that was just made is waited for, however large it is.
            let others = all.made.iter().filter(|m| m.0 != name && !WARM.contains(&m.0.as_str()));
            let Some(oldest) = others.min_by_key(|m| m.1.turn).map(|m| m.0.clone()) else { break };
            all.bytes -= all.made.remove(&oldest).map_or(0, |m| m.page.len());
        }
    }

    /// Keeps what is told instead of a page to the next who asks at this stamp.
    pub fn tell(&self, stamp: Stamp, name: &str, told: Told) {
        let mut all = self.all();
        all.turn += 1;
        let turn = all.turn;
        all.told.insert(name.to_owned(), (stamp, told, turn));
        if all.told.len() > MOST
            && let Some(oldest) = all.told.iter().min_by_key(|t| t.1.2).map(|t| t.0.clone())
        {
            all.told.remove(&oldest);
        }
    }
}

/// Something that is worked out once for each state of the index.
pub(super) struct Kept<T> {
    known: Mutex<Option<(Stamp, Arc<T>)>>,
    making: Mutex<()>,
}

impl<T> Default for Kept<T> {
    fn default() -> Kept<T> {
        Kept { known: Mutex::new(None), making: Mutex::new(()) }
    }
}

impl<T> Kept<T> {
    fn known(&self, stamp: Stamp) -> Option<Arc<T>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).as_ref().filter(|k| k.0 == stamp).map(|k| k.1.clone())
    }

    /// What was made at this stamp, or what `make` makes now. One at a time makes it, and who comes meanwhile waits for that.
    pub fn get<E>(&self, stamp: Stamp, make: impl FnOnce() -> Result<T, E>) -> Result<Arc<T>, E> {
        if let Some(known) = self.known(stamp) {
            return Ok(known);
        }
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = self.known(stamp) {
            return Ok(known);
        }
        let made = Arc::new(make()?);
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some((stamp, made.clone()));
        Ok(made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Origin = Origin { mark: Mark { run: 1, removals: 0 }, at: Timestamp(0) };

    #[test]
    fn pages_hold_as_long_as_the_index_is_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.db");
        let none = stamp(&file);
        std::fs::write(&file, "1").unwrap();
        let first = stamp(&file);
        std::fs::write(dir.path().join("a.db-wal"), "").unwrap();
        assert_eq!(stamp(&file), first, "nothing is written");
        std::fs::write(dir.path().join("a.db-wal"), "1").unwrap();
        let second = stamp(&file);
        assert!(none != first && first != second);
        let pages = Pages::default();
        let made = |stamp, name: &str| pages.get(stamp, name).map(|p| p.map(|p| p.to_string()));
        pages.keep(first, FIRST, "/", "page".into());
        assert_eq!((made(first, "/"), made(first, "/x"), made(second, "/")), (Some(Ok("page".into())), None, None));
        let why = Told::Broken("why".into());
        pages.tell(second, "/x", why.clone());
        assert_eq!((made(first, "/x"), made(second, "/x"), made(second, "/x")), (None, Some(Err(why)), None), "is told once");
        assert!(pages.begin("/") && !pages.begin("/"));
        drop(Making::of(&pages, "/"));
        assert!(pages.begin("/"));
        let kept = Kept::<u32>::default();
        let get = |stamp, n| *kept.get::<()>(stamp, || Ok(n)).unwrap();
        assert_eq!([get(first, 1), get(first, 2), get(second, 3), get(first, 4)], [1, 1, 3, 4]);
    }

    #[test]
    fn only_the_state_before_is_shown_and_nobody_who_was_forgotten() {
        let (pages, at) = (Pages::default(), stamp(Path::new("none")));
        pages.keep(at, FIRST, "/", "page".into());
        let shown = |run, removals| pages.older("/", Mark { run, removals }).is_some();
        assert_eq!([shown(1, 0), shown(2, 0), shown(3, 0), shown(0, 0)], [true, true, false, false]);
        assert!(!shown(1, 1) && !shown(2, 1), "something was removed since");
        assert!(pages.older("/x", FIRST.mark).is_none());
    }

    #[test]
    fn the_oldest_pages_go_and_the_warm_ones_stay() {
        let (pages, at) = (Pages::default(), stamp(Path::new("none")));
        let (page, has): (Arc<str>, _) = ("page".into(), |name: &str| pages.get(at, name).is_some());
        WARM.iter().for_each(|n| pages.keep(at, FIRST, n, page.clone()));
        (0..MOST - WARM.len()).for_each(|n| pages.keep(at, FIRST, &n.to_string(), page.clone()));
        assert!(has("0"), "and so it was asked for");
        pages.keep(at, FIRST, "another", page.clone());
        assert!(WARM.into_iter().all(has) && has("0") && !has("1") && has("2") && has("another"));
        let large: Arc<str> = "x".repeat(MOST_BYTES / 3).into();
        ["a", "b", "c"].iter().for_each(|n| pages.keep(at, FIRST, n, large.clone()));
        assert!(WARM.into_iter().all(has) && !has("2") && !has("a") && has("b") && has("c"), "by bytes");
        let held = |p: &Pages| p.all().made.values().map(|m| m.page.len()).sum::<usize>();
        assert!(held(&pages) == pages.all().bytes && held(&pages) <= MOST_BYTES);
        (0..2 * MOST).for_each(|n| pages.tell(at, &n.to_string(), Told::Absent("no".into())));
        assert!(pages.all().told.len() <= MOST && has("b"), "what is not there takes nothing's place");
    }

    #[test]
    fn one_makes_it_and_the_others_wait() {
        let (kept, at, made) = (Kept::<u32>::default(), stamp(Path::new("none")), std::sync::atomic::AtomicU32::new(0));
        let make = || {
            std::thread::sleep(std::time::Duration::from_millis(20));
            Ok::<_, ()>(made.fetch_add(1, std::sync::atomic::Ordering::SeqCst))
        };
        let all: Vec<u32> = std::thread::scope(|s| {
            let each: Vec<_> = (0..8).map(|_| s.spawn(|| *kept.get(at, make).unwrap())).collect();
            each.into_iter().map(|t| t.join().unwrap()).collect()
        });
        assert_eq!(all, [0; 8]);
    }
}
