//! What logs tell, each request once.

use std::collections::{BTreeMap, BTreeSet};

use super::digests::Digests;
use crate::base::Timestamp;

/// A request for the bytes of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Read {
    /// Bytes sent, if the log says so.
    pub bytes: Option<u64>,
    /// The bytes asked for, half-open, if the log says so.
    pub range: Option<(u64, u64)>,
    /// The object was copied whole, whatever was sent.
    pub copied: bool,
    /// Part of the content was asked for, nobody knows which (a query on the object).
    pub some: bool,
    /// By nobody in particular: an anonymous request.
    pub anonymous: bool,
    /// By a link that somebody had signed before.
    pub presigned: bool,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Bytes of an object were read or copied.
    Read(Read),
    /// An object was written: the version before it ends.
    Write,
    /// An object was deleted.
    Delete,
    /// Names in a bucket were listed.
    List,
    /// A snapshot, table or database was shared, exported or copied: its whole content. The event's name.
    Whole(String),
    /// Part of a table was read: the event's name.
    Part(String),
    /// A session in which anything of a database may have been read; logs of this kind do not say what.
    Session(String),
    /// A bucket may have become public.
    Public(String),
}

/// One thing done, on one object, bucket or store.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Event {
    /// When.
    pub time: Timestamp,
    /// `s3://bucket/key`; `s3://bucket/` of a bucket; `rds:`, `dynamodb:`, `redshift:` and a name.
    pub target: String,
    /// The version, if the request or the log names it.
    pub version: Option<String>,
    /// What.
    pub kind: Kind,
    /// It was refused or failed: nothing was exposed.
    pub failed: bool,
    /// Whether it is one of those that were asked for ([`super::Filter`]); writes of others are kept too, because they end
    /// versions.
    pub theirs: bool,
}

/// Something in a log that could not be used.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The log.
    pub log: String,
    /// What.
    pub what: String,
}

/// Events of any number of logs, in any order, duplicated or split: the result is the same.
#[derive(Clone, Debug, Default)]
pub struct Events {
    by_request: BTreeMap<[u8; 16], Event>,
    /// Account, region, hour since the epoch: what some event was logged in.
    pub hours: BTreeSet<(String, String, i64)>,
    /// The same of log files that were delivered, and of digests.
    pub delivered: BTreeSet<(String, String, i64)>,
    /// What digests say of log files.
    pub digests: Digests,
    /// What is asked about, if that was said: from, before.
    pub window: (Option<Timestamp>, Option<Timestamp>),
    /// What could not be used.
    pub problems: BTreeSet<Problem>,
    /// Records read, each as often as it came.
    pub records: u64,
    /// Requests of the role that was named as our own, left out: by request.
    own: BTreeSet<[u8; 16]>,
}

impl Events {
    /// Takes an event; `request` names the request that it tells of. Two logs may tell of one request: what one knows and
    /// the other does not is kept.
    pub fn add(&mut self, request: &str, event: Event) {
        let mut h = blake3::Hasher::new();
        let kind = match event.kind {
            Kind::Read(_) => 0u8,
            Kind::Write => 1,
            Kind::Delete => 2,
            Kind::List => 3,
            Kind::Whole(_) => 4,
            Kind::Part(_) => 5,
            Kind::Session(_) => 6,
            Kind::Public(_) => 7,
        };
        h.update(request.as_bytes()).update(&[0, kind]).update(event.target.as_bytes());
        let mut key = [0; 16];
        key.copy_from_slice(&h.finalize().as_bytes()[..16]);
        match self.by_request.entry(key) {
            std::collections::btree_map::Entry::Vacant(e) => drop(e.insert(event)),
            std::collections::btree_map::Entry::Occupied(mut e) => merge(e.get_mut(), event),
        }
    }

    /// Notes that an event was logged: account (or log), region, time.
    ///
    /// PRIVACY: both are printed; what is no such name becomes `-`.
    pub(super) fn hour(&mut self, account: &str, region: &str, time: Timestamp) {
        let plain = |s: &str| {
            let is = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b' ');
            if !s.is_empty() && s.len() <= 100 && s.bytes().all(is) { s.to_owned() } else { "-".to_owned() }
        };
        self.hours.insert((plain(account), plain(region), time.0.div_euclid(3_600_000)));
    }

    /// Notes a request of our own role.
    pub fn add_own(&mut self, request: &str) {
        let mut key = [0; 16];
        key.copy_from_slice(&blake3::hash(request.as_bytes()).as_bytes()[..16]);
        self.own.insert(key);
    }

    /// Requests of our own role that were left out.
    pub fn own(&self) -> u64 {
        self.own.len() as u64
    }

    /// Notes what could not be used.
    pub fn problem(&mut self, log: &str, what: impl Into<String>) {
        self.problems.insert(Problem { log: log.to_owned(), what: what.into() });
    }

    /// All events, by time.
    pub fn sorted(&self) -> Vec<Event> {
        let mut all: Vec<Event> = self.by_request.values().cloned().collect();
        all.sort();
        all
    }
}

/// The same result whichever comes first.
fn merge(a: &mut Event, b: Event) {
    a.time = a.time.min(b.time);
    a.version = a.version.take().max(b.version);
    // A request that failed in one log did not succeed in another; a log that knows no error may not log errors.
    a.failed |= b.failed;
    a.theirs |= b.theirs;
    if let (Kind::Read(a), Kind::Read(b)) = (&mut a.kind, b.kind) {
        a.bytes = a.bytes.max(b.bytes);
        a.range = a.range.max(b.range);
        a.copied |= b.copied;
        a.some |= b.some;
        a.anonymous |= b.anonymous;
        a.presigned |= b.presigned;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(second: i64, version: Option<&str>, bytes: Option<u64>) -> Event {
        Event {
            time: Timestamp(second * 1000),
            target: "s3://b/k".into(),
            version: version.map(str::to_owned),
            kind: Kind::Read(Read { bytes, ..Read::default() }),
            failed: false,
            theirs: true,
        }
    }

    #[test]
    fn one_request_is_one_event_in_any_order() {
        let all = [
            ("r1", read(5, None, Some(10))),
            ("r1", read(4, Some("v"), None)),
            ("r2", read(9, None, None)),
            ("r1", read(5, None, Some(10))),
        ];
        let of = |order: &[usize]| {
            let mut e = Events::default();
            order.iter().for_each(|i| e.add(all[*i].0, all[*i].1.clone()));
            e.sorted()
        };
        let want = [read(4, Some("v"), Some(10)), read(9, None, None)];
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 0, 2, 1], [2, 3, 1, 1]] {
            assert_eq!(of(&order), want);
        }
    }
}
