//! What did somebody read? From events of logs to object versions of the index.
//!
//! A request without a version is resolved by time: the version that was stored then. Writes in the logs end versions too,
//! so that one which was never indexed is a gap and not its neighbour. Nothing is concluded from events that are missing.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::breach::Exposed;
use crate::base::Timestamp;
use crate::evidence::{Checked, Event, Events, Kind, Read};
use crate::identity::Hasher;
use crate::index::{IndexError, ObjectRow, Reader};

mod calendar;
mod stored;
#[cfg(test)]
mod tests;

pub use calendar::Silence;
pub use stored::stored_in;
use stored::{Book, Stored, Versions};

/// How names in logs are those of the index.
pub struct Names<'a> {
    /// Tells uris that are personal data apart; without it those are not matched.
    pub hasher: Option<&'a Hasher>,
    /// A uri as it may be shown.
    pub shown: &'a dyn Fn(&str) -> String,
    /// The index holds a copy: prefix in the logs, prefix in the index.
    pub copies: &'a [(String, String)],
    /// A snapshot, database or table holds these datasets: its name as in the logs, and a test of names of datasets.
    pub means: &'a dyn Fn(&str, &str) -> bool,
}

/// Something in the evidence that the index knows nothing of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap {
    /// Why: `never_indexed`, `version_never_indexed`, `unknown_store`, `session`, `public_window`.
    pub kind: &'static str,
    /// What, as it may be shown.
    pub target: String,
    /// The first such event.
    pub first: Timestamp,
    /// How many events.
    pub events: u64,
    /// One line for people.
    pub detail: String,
}

/// What the evidence says.
#[derive(Clone, Debug, Default)]
pub struct Exposure {
    /// Versions that were read or copied, whole or in part.
    pub accessed: Vec<Exposed>,
    /// Versions stored at the time in buckets or stores that were touched with success.
    pub accessible: Vec<Exposed>,
    /// What is not in the index, ordered.
    pub gaps: Vec<Gap>,
    /// Versions that were read and never indexed.
    pub never_indexed: u64,
    /// Requests that read something.
    pub reads: u64,
    /// Requests that were refused or failed: nothing exposed.
    pub failed: u64,
    /// Requests that sent not a byte.
    pub empty: u64,
    /// Reads by nobody in particular.
    pub anonymous: u64,
    /// Reads by links that somebody had signed.
    pub presigned: u64,
    /// Objects matched as copies: by `copies`, or because the key is the path below a scanned folder.
    pub by_copy: u64,
    /// Versions whose end is not known for sure: included.
    pub uncertain_end: u64,
    /// Requests of our own role, left out.
    pub own: u64,
    /// First and last event that was asked for.
    pub span: Option<(Timestamp, Timestamp)>,
    /// Hours of the window without event, log file or digest.
    pub calendar: Vec<Silence>,
    /// What digests say of log files, if there are any.
    pub digests: Option<Checked>,
}

/// What became of one request for an object.
enum Resolved {
    /// This one; whether its end is not known for sure.
    Version(usize, bool),
    NeverIndexed,
}

/// A write in a log is the version of the index that was modified at the same time, give or take.
const SAME_WRITE: i64 = 5_000;

/// Which version a request read. `writes` are the moments at which logs tell of a write, in order.
fn resolve(stored: &Stored, v: &Versions<'_>, event: &Event, writes: &[Timestamp]) -> Resolved {
    let row = |i: usize| &stored.all[i];
    let newest = v.rows[v.rows.len() - 1];
    if let Some(wanted) = &event.version {
        // Versions of Azure are `etag id`.
        let is = |version: &str| version == wanted || version.split_once(' ').is_some_and(|v| v.1 == wanted);
        if let Some(i) = v.rows.iter().find(|i| is(&row(**i).version)) {
            return Resolved::Version(*i, false);
        }
        // An index of ETags cannot say which version id it read.
        if !v.copy && !v.rows.iter().any(|i| is_etag(&row(*i).version)) {
            return Resolved::NeverIndexed;
        }
    }
    if v.copy {
        return Resolved::Version(v.rows.iter().rev().find(|i| row(**i).current).copied().unwrap_or(newest), false);
    }
    let before = v.rows.iter().rev().find(|i| stored.since(**i).is_some_and(|s| s <= event.time.0));
    let Some(&i) = before else { return Resolved::NeverIndexed };
    if event.version.is_some() && !is_etag(&row(i).version) {
        // Its id is known, and is another.
        return Resolved::NeverIndexed;
    }
    if stored.was_replaced(i, event.time, SAME_WRITE) {
        // What stood there then, if it was read, is not in the index.
        return Resolved::NeverIndexed;
    }
    let since = stored.since(i).unwrap_or(i64::MIN);
    // A later write that no indexed version came from: what was read then is not in the index.
    let known = |w: &Timestamp| v.rows.iter().any(|i| row(*i).modified.is_some_and(|m| (m - w.0).abs() <= SAME_WRITE));
    if writes.iter().any(|w| w.0 > since.saturating_add(SAME_WRITE) && *w <= event.time && !known(w)) {
        return Resolved::NeverIndexed;
    }
    Resolved::Version(i, stored.ends_unsure(i, event.time))
}

fn is_etag(version: &str) -> bool {
    let (hex, part) = version.split_once('-').unwrap_or((version, "1"));
    hex.len() == 32 && hex.bytes().all(|b| b.is_ascii_hexdigit()) && part.bytes().all(|b| b.is_ascii_digit())
}

/// What was sent of one version, over all requests.
#[derive(Default)]
struct Sent {
    whole: bool,
    bytes: u64,
    ranges: Vec<(u64, u64)>,
}

impl Sent {
    fn add(&mut self, read: &Read) {
        match (read.copied, read.some, read.range, read.bytes) {
            (true, ..) => self.whole = true,
            (_, true, ..) => {}
            (_, _, Some(r), _) => self.ranges.push(r),
            (_, _, None, Some(b)) => self.bytes = self.bytes.saturating_add(b),
            // The log does not say how much: all of it may have gone.
            (_, _, None, None) => self.whole = true,
        }
    }

    /// Whether everything of an object of this size was sent.
    fn covers(mut self, size: u64) -> bool {
        self.ranges.sort_unstable();
        let (mut covered, mut upto) = (0u64, 0u64);
        for (start, end) in self.ranges {
            let end = end.min(size);
            covered += end.saturating_sub(start.max(upto));
            upto = upto.max(end);
        }
        self.whole || covered.saturating_add(self.bytes) >= size
    }
}

/// Resolves the events on the index.
pub fn exposure(reader: &Reader, events: &Events, names: &Names<'_>) -> Result<Exposure, IndexError> {
    let stored = Stored::open(reader)?;
    let all = &stored.all;
    let book = Book::open(reader, &stored, names)?;
    let sorted = events.sorted();
    let mut writes: HashMap<&str, Vec<Timestamp>> = HashMap::new();
    for e in sorted.iter().filter(|e| !e.failed && e.kind == Kind::Write) {
        writes.entry(&e.target).or_default().push(e.time);
    }
    let mut out = Exposure { own: events.own(), ..Exposure::default() };
    (out.calendar, out.digests) = (calendar::calendar(events), events.digests.check(events.window));
    let mut sent: BTreeMap<usize, Sent> = BTreeMap::new();
    let mut touched: BTreeSet<String> = BTreeSet::new();
    let mut gaps: BTreeMap<(&'static str, String), (Timestamp, u64, String)> = BTreeMap::new();
    let mut missing: BTreeSet<String> = BTreeSet::new();
    let (mut copies, mut uncertain) = (BTreeSet::new(), BTreeSet::new());
    for e in sorted.iter().filter(|e| e.theirs) {
        let gap = |kind: &'static str, detail: &str, gaps: &mut BTreeMap<_, (Timestamp, u64, String)>| {
            let g = gaps.entry((kind, (names.shown)(&e.target))).or_insert((e.time, 0, detail.to_owned()));
            g.1 += 1;
        };
        out.span = Some(out.span.map_or((e.time, e.time), |(a, b)| (a.min(e.time), b.max(e.time))));
        if e.failed {
            out.failed += u64::from(!matches!(e.kind, Kind::Write | Kind::Delete));
            continue;
        }
        touched.extend(bucket(&e.target));
        match &e.kind {
            Kind::Read(read) => {
                out.reads += 1;
                out.anonymous += u64::from(read.anonymous);
                out.presigned += u64::from(read.presigned);
                let Some(versions) = book.versions(&e.target) else {
                    missing.insert(e.target.clone());
                    gap("never_indexed", "read, and no version of it is in the index", &mut gaps);
                    continue;
                };
                match resolve(&stored, &versions, e, writes.get(e.target.as_str()).map_or(&[], Vec::as_slice)) {
                    Resolved::NeverIndexed => {
                        missing.insert(format!("{} {:?} {}", e.target, e.version, boundary(&stored, &versions, &writes, e)));
                        gap("version_never_indexed", "the version that was read is not in the index", &mut gaps);
                    }
                    Resolved::Version(i, ends_unsure) => {
                        if read.bytes == Some(0) && !read.copied && !read.some && all[i].size > 0 {
                            out.empty += 1;
                            continue;
                        }
                        if versions.copy {
                            copies.insert(i);
                        }
                        if ends_unsure {
                            uncertain.insert(i);
                        }
                        sent.entry(i).or_default().add(read);
                    }
                }
            }
            Kind::Whole(name) | Kind::Part(name) | Kind::Session(name) => {
                let whole = matches!(e.kind, Kind::Whole(_));
                let prefix = e.target.starts_with("s3://").then_some(e.target.as_str());
                let held = |o: &ObjectRow| match prefix {
                    Some(p) => o.uri.starts_with(p),
                    None => store_holds(&e.target, &o.uri, &o.dataset, names.means),
                };
                let rows: Vec<usize> =
                    (0..all.len()).filter(|i| held(&all[*i]) && (all[*i].current || stored.valid_in(*i, e.time, e.time))).collect();
                if rows.is_empty() {
                    let detail = format!("{name}: the index knows no dataset of this store; name them with --means NAME=PATTERN");
                    if prefix.is_none() {
                        gap("unknown_store", &detail, &mut gaps);
                    }
                }
                if let Kind::Session(_) = e.kind {
                    gap("session", "SQL leaves no trace in these logs: the scope is the whole database, shown as accessible", &mut gaps);
                }
                touched.insert(e.target.clone());
                for i in rows.into_iter().filter(|_| !matches!(e.kind, Kind::Session(_))) {
                    sent.entry(i).or_default().whole |= whole;
                }
            }
            Kind::Public(name) => {
                let detail = format!("{name}: from then on anybody may have read it; requests without a name are counted as anonymous");
                gap("public_window", &detail, &mut gaps);
            }
            Kind::Write | Kind::Delete | Kind::List => {}
        }
    }
    for (i, s) in sent {
        out.accessed.push(Exposed { object: all[i].clone(), whole: s.covers(all[i].size) });
    }
    out.never_indexed = missing.len() as u64;
    out.by_copy = copies.len() as u64;
    out.uncertain_end = uncertain.len() as u64;
    out.gaps = gaps.into_iter().map(|((kind, target), (first, events, detail))| Gap { kind, target, first, events, detail }).collect();
    if let Some((from, to)) = out.span {
        out.accessible = accessible(&stored, &touched, names, &book, (from, to), &out.accessed);
    }
    Ok(out)
}

/// The bucket or container of an object, as a prefix; `None` for what is no object.
fn bucket(target: &str) -> Option<String> {
    let (scheme, rest) = target.split_once("://")?;
    let names = if scheme == "az" { 2 } else { 1 };
    let end = rest.match_indices('/').nth(names - 1)?.0;
    Some(format!("{scheme}://{}/", &rest[..end]))
}

/// What tells one version that nobody indexed from another: the last write before the read.
fn boundary(stored: &Stored, v: &Versions<'_>, writes: &HashMap<&str, Vec<Timestamp>>, e: &Event) -> i64 {
    let write = writes.get(e.target.as_str()).into_iter().flatten().filter(|w| **w <= e.time).map(|w| w.0).max();
    let row = v.rows.iter().filter_map(|i| stored.all[*i].modified).filter(|m| *m <= e.time.0).max();
    write.max(row).unwrap_or(i64::MIN)
}

/// Whether a store that a log names holds an object of this uri and dataset: by what the user said ([`Names::means`]), else by a
/// part of the dataset's name or of the path that is the store's name.
pub fn store_holds(target: &str, uri: &str, dataset: &str, means: &dyn Fn(&str, &str) -> bool) -> bool {
    let name = target.split_once(':').map_or(target, |t| t.1);
    let parts = |text: &str| text.split('/').any(|p| p == name);
    !name.is_empty() && (means(target, dataset) || means(name, dataset) || parts(dataset) || parts(uri))
}

/// What the same requests could have reached: everything stored then in the buckets and stores that were touched.
fn accessible(
    stored: &Stored,
    touched: &BTreeSet<String>,
    names: &Names<'_>,
    book: &Book<'_>,
    window: (Timestamp, Timestamp),
    accessed: &[Exposed],
) -> Vec<Exposed> {
    let all = &stored.all;
    let certainly: BTreeSet<i64> = accessed.iter().map(|e| e.object.id).collect();
    let copied = |t: &String| -> Vec<String> {
        names.copies.iter().filter(|c| t.starts_with(&c.0) || c.0.starts_with(t.as_str())).map(|c| c.1.clone()).collect()
    };
    // Where a folder was taken for a copy of a bucket, all of it may be.
    let roots = || book.roots.iter().filter(|r| accessed.iter().any(|e| e.object.uri.starts_with(&format!("{r}/"))));
    let prefixes: Vec<String> = touched.iter().filter(|t| t.contains("://")).flat_map(|t| [copied(t), vec![t.clone()]].concat()).collect();
    let local: Vec<String> = roots().map(|r| format!("{r}/")).collect();
    let stores: Vec<&String> = touched.iter().filter(|t| !t.contains("://")).collect();
    let meant = |i: usize| {
        let o = &all[i];
        let bucket = prefixes.iter().any(|p| o.uri.starts_with(p.as_str())) && stored.valid_in(i, window.0, window.1);
        let copy = o.current && local.iter().any(|p| o.uri.starts_with(p.as_str()));
        bucket || copy || certainly.contains(&o.id) || (o.current && stores.iter().any(|s| store_holds(s, &o.uri, &o.dataset, names.means)))
    };
    (0..all.len()).filter(|i| meant(*i)).map(|i| Exposed { object: all[i].clone(), whole: true }).collect()
}
