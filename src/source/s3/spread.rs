//! A listing by several hands: ranges of keys that are listed at once, handed on in the order of the keys.
//!
//! Nobody knows the keys of a bucket beforehand. So one hand lists from the beginning, and the others cut what it still has
//! before it in two: they ask for what lies behind a key that may not even exist. Where nothing lies behind it, the range has
//! shrunk; where something does, the answer is a page of the listing already. A range is cut again as long as hands are idle,
//! and the number of pages bounds the number of cuts that find nothing.
//!
//! This rests on keys in byte order, which not every server keeps. A key outside of its range, or before its predecessor, is
//! [`Trouble::Disorder`]: then the whole has to be listed by one hand. Keys that are cut at end with a slash and have no byte
//! below it behind what they share with a listed key: so a server that orders folder by folder is always found out.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use tokio::runtime::Runtime;
use tokio::sync::Notify;

use super::super::shelf::Part;
use super::cut::between;
pub(super) use super::entry::Entry;
use super::entry::{decode, encode};
use super::listing::NO_MORE;
use super::span::{self, Batch, Range, Sure};
use crate::base::{Error, ReadAt, Reason, Result, Spill};

/// A page of a listing.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// As they came.
    pub entries: Vec<Entry>,
    /// The last key of the page, listed or left out.
    pub last: Option<String>,
    /// What gives the next page; `None`: this was the last one.
    pub next: Option<String>,
}

/// Where a page begins.
#[derive(Clone, Debug)]
pub(super) enum From {
    /// With the first key.
    Start,
    /// Behind this key, whether it exists or not.
    Behind(String),
    /// Where another page ended.
    Token(String),
}

/// Something that has pages.
pub(super) trait Pages: Send + Sync + 'static {
    /// One page, however often it has to be asked for.
    fn page(&self, from: From) -> impl Future<Output = Result<Page>> + Send;
}

/// Why a listing by ranges did not come to its end.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The server does not list keys in byte order.
    Disorder,
    /// Anything else.
    Failed(Error),
}

/// How a prefix is listed.
pub(super) struct Plan<'a> {
    /// What all keys begin with.
    pub prefix: &'a str,
    /// Ranges at once, at least 1.
    pub hands: usize,
    /// Whether byte order is certain, so that entries may be handed on before all have been seen.
    pub ordered: bool,
    /// Whether several entries may have one key, as versions have. They stay together.
    pub repeats: bool,
    /// What a run before listed already, and where this one keeps what it lists; a single page is not kept.
    pub kept: Option<Arc<Part>>,
}

/// Entries that wait for their turn stay in memory up to so many bytes, the others lie in a temporary file.
const HELD: usize = 16 << 20;
/// Cuts that may find nothing, besides one for each page.
const CUTS: u64 = 64;

/// Hands every entry to `each`, in byte order of the keys (those of one key as they came) and once, by `plan.hands` requests at once.
///
/// After a failure `each` has had what lies before the first missing key, and nothing else; nothing at all after disorder, and after
/// `io` where order is not certain. It is called on this thread.
pub(super) fn list(pages: Arc<impl Pages>, plan: &Plan<'_>, runtime: &Runtime, each: &mut dyn FnMut(Entry)) -> Result<(), Trouble> {
    let shared = Arc::new(Shared {
        state: Mutex::new(State::new(plan.repeats, plan.kept.clone())),
        changed: Condvar::new(),
        idle: Notify::new(),
        prefix: plan.prefix.to_owned(),
    });
    let stop = Stop(shared.clone());
    for _ in 0..plan.hands.max(1) {
        runtime.spawn(hand(pages.clone(), shared.clone()));
    }
    let done = shared.drain(plan.ordered, each);
    drop(stop);
    done
}

/// Whatever happens to the listener, no request is made for nobody.
struct Stop(Arc<Shared>);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.lock().stopped = true;
        self.0.idle.notify_waiters();
    }
}

struct Shared {
    state: Mutex<State>,
    /// Something was found, or a range came to its end.
    changed: Condvar,
    /// There may be work for a hand that had none.
    idle: Notify,
    prefix: String,
}

struct State {
    /// By the key behind which they begin. They border on each other; what came to its end and was handed on is gone.
    ranges: BTreeMap<String, Range>,
    trouble: Option<Trouble>,
    stopped: bool,
    /// Bytes of entries that wait in memory.
    held: usize,
    spill: Option<Spill>,
    /// Cuts that may still find nothing.
    cuts: u64,
    repeats: bool,
    kept: Option<Arc<Part>>,
}

impl State {
    fn new(repeats: bool, kept: Option<Arc<Part>>) -> State {
        let ranges = span::ranges(kept.as_deref());
        State { ranges, trouble: None, stopped: false, held: 0, spill: None, cuts: CUTS, repeats, kept }
    }

    /// What the next request is for: a range that nobody lists, or half of one that somebody does.
    fn task(&mut self, prefix: &str) -> Option<(String, From)> {
        if let Some((key, range)) = self.ranges.iter_mut().find(|(_, r)| !r.busy && !r.done) {
            range.busy = true;
            let from = match (&range.token, &range.at) {
                (Some(token), _) => From::Token(token.clone()),
                (None, Some(at)) => From::Behind(at.clone()),
                (None, None) if key.is_empty() => From::Start,
                (None, None) => From::Behind(key.clone()),
            };
            return Some((key.clone(), from));
        }
        while self.cuts > 0 {
            let (_, range) = self.ranges.iter_mut().filter(|(_, r)| !r.done && !r.whole && r.at.is_some()).min_by_key(|(_, r)| r.cuts)?;
            let Some(middle) = between(range.at.as_deref().unwrap_or_default(), range.to.as_deref(), prefix) else {
                range.whole = true;
                continue;
            };
            range.cuts += 1;
            let upper = Range { to: range.to.replace(middle.clone()), busy: true, cuts: range.cuts, ..Range::default() };
            self.ranges.insert(middle.clone(), upper);
            self.cuts -= 1;
            return Some((middle.clone(), From::Behind(middle)));
        }
        None
    }

    /// Takes the page that a range asked for; what is to be kept now.
    fn take(&mut self, key: &str, page: Page) -> Result<Option<Sure>, Trouble> {
        let Some(range) = self.ranges.get_mut(key) else { return Ok(None) };
        range.busy = false;
        let mut before = range.at.clone().unwrap_or_else(|| key.to_owned());
        // What the range begins behind is not in it, however often it comes.
        let mut again = self.repeats && range.at.is_some();
        let mut kept = Vec::with_capacity(page.entries.len());
        for e in page.entries {
            // The empty key is before all others, and none itself.
            if e.key <= before && !before.is_empty() && !(again && e.key == before) {
                return Err(Trouble::Disorder);
            }
            again = self.repeats;
            before.clone_from(&e.key);
            // Behind the end the other half goes on; that its order holds has been looked at all the same.
            if range.to.as_ref().is_none_or(|to| e.key <= *to) {
                kept.push(e);
            }
        }
        let last = page.last.unwrap_or(before);
        // There may be more of the last key.
        let is_behind = |to: &String| last > *to || (last == *to && !self.repeats);
        range.done = page.next.is_none() || range.to.as_ref().is_some_and(is_behind);
        if !range.done && range.at.as_ref().is_some_and(|at| *at == last) && range.token == page.next {
            return Err(Trouble::Failed(Error::new(Reason::Io, NO_MORE)));
        }
        // A bucket of one page is listed again as soon as it is read from a file.
        let is_all = range.done && range.at.is_none() && range.to.is_none() && key.is_empty();
        let sure = if self.kept.is_some() && !is_all { range.sure(key, &kept, &last, self.repeats) } else { None };
        (range.at, range.token) = (Some(last), page.next);
        if kept.is_empty() {
            return Ok(sure);
        }
        self.cuts += 1;
        let bytes = kept.iter().map(|e| e.key.len() + e.version.len() + 80).sum::<usize>();
        let batch = if self.held + bytes <= HELD {
            self.held += bytes;
            Batch::Held(kept, bytes)
        } else {
            self.spill(&kept).map_err(Trouble::Failed)?
        };
        if let Some(range) = self.ranges.get_mut(key) {
            range.found.push_back(batch);
        }
        Ok(sure)
    }

    fn spill(&mut self, entries: &[Entry]) -> Result<Batch> {
        if self.spill.is_none() {
            self.spill = Some(Spill::new()?);
        }
        let Some(spill) = &mut self.spill else { return Err(Error::new(Reason::Io, "no temporary file")) };
        let (at, bytes) = (spill.len(), encode(entries));
        spill.append(&bytes)?;
        Ok(Batch::Spilled(at, bytes.len()))
    }

    /// What is next in the order of keys: entries, or nothing yet, or nothing any more.
    fn next(&mut self) -> Result<Next> {
        loop {
            let Some(mut first) = self.ranges.first_entry() else { return Ok(Next::End) };
            match first.get_mut().found.pop_front() {
                Some(Batch::Held(entries, bytes)) => {
                    self.held -= bytes;
                    return Ok(Next::Entries(entries));
                }
                Some(Batch::Spilled(at, len)) => {
                    let bytes = self.spill.as_ref().map(|s| s.read_at(at, len)).transpose()?;
                    return Ok(Next::Entries(decode(&bytes.unwrap_or_default())));
                }
                Some(Batch::Kept(at)) => {
                    let bytes = self.kept.as_ref().map(|k| k.read(at)).transpose()?;
                    return Ok(Next::Entries(decode(&bytes.unwrap_or_default())));
                }
                None if first.get().done => drop(first.remove()),
                None => return Ok(Next::Later),
            }
        }
    }
}

enum Next {
    Entries(Vec<Entry>),
    Later,
    End,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }

    fn drain(&self, ordered: bool, each: &mut dyn FnMut(Entry)) -> Result<(), Trouble> {
        let mut state = self.lock();
        loop {
            // Where the order is not certain and the server refused, one hand begins anew.
            let failed = matches!(&state.trouble, Some(Trouble::Failed(e)) if ordered || e.reason != Reason::Io);
            let complete = state.ranges.values().all(|r| r.done);
            // Before all have been seen, nobody knows whether there is disorder.
            let next = match ordered || complete || failed {
                true if !matches!(state.trouble, Some(Trouble::Disorder)) => state.next().map_err(Trouble::Failed)?,
                _ => Next::Later,
            };
            match next {
                Next::Entries(entries) => {
                    drop(state);
                    entries.into_iter().for_each(&mut *each);
                    state = self.lock();
                }
                Next::End => return Ok(()),
                Next::Later => match state.trouble.take() {
                    Some(trouble) => return Err(trouble),
                    None => state = self.changed.wait(state).unwrap_or_else(|e| e.into_inner()),
                },
            }
        }
    }
}

/// Lists until nothing is left to do.
async fn hand(pages: Arc<impl Pages>, shared: Arc<Shared>) {
    loop {
        let waiting = shared.idle.notified();
        let mut waiting = std::pin::pin!(waiting);
        // From here on it is told of every change, also of one that comes before it waits.
        waiting.as_mut().enable();
        let task = {
            let mut state = shared.lock();
            if state.stopped || state.trouble.is_some() || state.ranges.values().all(|r| r.done) {
                None
            } else {
                Some(state.task(&shared.prefix))
            }
        };
        let (key, from) = match task {
            None => {
                shared.idle.notify_waiters();
                shared.changed.notify_all();
                return;
            }
            Some(None) => {
                waiting.await;
                continue;
            }
            Some(Some(task)) => task,
        };
        let page = pages.page(from).await;
        let mut state = shared.lock();
        let (sure, kept) = match page.map_err(Trouble::Failed).and_then(|page| state.take(&key, page)) {
            // A page is good though another request has failed, but not where the order is wrong. What comes when the listing is
            // forgotten is not kept (`Part::add`).
            Ok(sure) => (sure, state.kept.clone().filter(|_| !matches!(state.trouble, Some(Trouble::Disorder)))),
            Err(trouble) => {
                state.trouble.get_or_insert(trouble);
                (None, None)
            }
        };
        drop(state);
        shared.idle.notify_waiters();
        shared.changed.notify_all();
        // Nobody waits for this.
        if let Some((s, kept)) = sure.zip(kept) {
            kept.add(&s.from, s.to.as_deref(), s.entries.len(), &encode(&s.entries));
        }
    }
}

#[cfg(test)]
#[path = "spread_tests.rs"]
mod tests;
