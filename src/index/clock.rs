//! The storage clock: when each version of an object was stored, by what the storage says and what runs saw.
//!
//! A version is listed as the current one, run by run, or, where all versions were asked for, once more beside it after it was
//! overwritten or deleted: then the storage says when that was, and it counts once, by that. What lay there between two runs and
//! is still kept is listed then as well. A version that came back, since what had replaced it was removed, counts a second time.
//!
//! A run lists at some moment between its start and its end: what it saw was there at its start only if it was written before,
//! and what it did not see may have been there until its end.

use std::collections::{HashMap, HashSet};

use rusqlite::Connection;

use super::error::IndexError;
use super::seen::last_run;

/// One version of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Version {
    pub id: i64,
    pub modified: Option<i64>,
    /// Start of the first run that saw it.
    pub first: i64,
    /// End of that run: it has seen it by then.
    pub first_by: i64,
    /// Start of the newest.
    pub last: i64,
    /// Start of the first that did not, and its end.
    pub ended: Option<(i64, i64)>,
    /// When it was overwritten or deleted, as the storage says.
    pub until: Option<i64>,
    pub size: i64,
    /// Whether what it holds is known.
    pub is_read: bool,
    /// Its own name, if it was listed beside the current version, when it had been overwritten or deleted; `None`: as the current one.
    pub beside: Option<[u8; 16]>,
}

/// When a version was stored: certainly within the first range, possibly within the second; milliseconds since 1970, half-open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// It was there at each of these moments; it may be none.
    pub certain: (i64, i64),
    /// At no other moment.
    pub possible: (i64, i64),
    /// The storage itself says when it ended, and not only a run that did not see it.
    pub told: bool,
}

impl Clock {
    /// Whether it was stored at a moment, and whether that is certain; `None`: it was not.
    pub(super) fn at(&self, time: i64) -> Option<bool> {
        self.within(time, time)
    }

    /// The same of any moment from one to another, both within.
    pub fn within(&self, from: i64, to: i64) -> Option<bool> {
        let meets = |range: (i64, i64)| range.0 < range.1 && range.0 <= to && range.1 > from;
        meets(self.possible).then_some(meets(self.certain))
    }

    /// It has certainly not outlasted what is possible.
    fn bounded(mut self) -> Clock {
        self.certain.0 = self.certain.0.max(self.possible.0);
        self.certain.1 = self.certain.1.min(self.possible.1).max(self.certain.0);
        self
    }
}

/// The storage clock of `v`, which was current when it was listed, between such versions of the same object before and after it.
fn stored(before: Option<&Version>, v: &Version, after: Option<&Version>) -> Clock {
    // It cannot have come before its predecessor was last seen, nor before a run saw that nothing was there.
    let floor = before.map(|b| b.ended.map(|e| e.0).filter(|e| *e < v.first).unwrap_or(b.last));
    let (possible_from, certain_from) = match (v.modified, floor) {
        (Some(m), Some(floor)) if m < floor => (floor, v.first_by),
        (Some(m), _) => (m, m),
        (None, Some(floor)) => (floor, v.first_by),
        (None, None) => (i64::MIN, v.first_by),
    };
    let (possible_until, told) = match (v.ended, after) {
        (None, _) => (i64::MAX, false),
        // Replaced: its successor says since when. There may have been others between the two.
        (Some((e, by)), Some(a)) if a.first == e => match a.modified.filter(|m| (v.last..=by).contains(m)) {
            Some(m) => (m, true),
            None => (by, false),
        },
        (Some((_, by)), _) => (by, false),
    };
    // A run saw it, so that it was there at the start of the run, if it was written before.
    let certain = (certain_from, v.last.saturating_add(1));
    Clock { certain, possible: (possible_from, possible_until), told }.bounded()
}

/// When each of the versions of one object was stored, by their numbers; they come in the order in which runs saw them. What was listed as
/// the current one and beside it later is one of the two; the other has no clock.
pub(super) fn of_object(all: &[Version]) -> Vec<(i64, Clock)> {
    let current: Vec<&Version> = all.iter().filter(|v| v.beside.is_none()).collect();
    let alone = |i: usize| stored(i.checked_sub(1).map(|b| current[b]), current[i], current.get(i + 1).copied());
    if current.len() == all.len() {
        return (0..all.len()).map(|i| (all[i].id, alone(i))).collect();
    }
    let history = History::of(all);
    let mut used = HashSet::new();
    // From the newest on: of two lives of one version the later takes what was listed later.
    let mut out: Vec<(i64, Clock)> = (0..current.len()).rev().map(|i| history.seen_as_current(current[i], alone(i), &mut used)).collect();
    out.reverse();
    out.extend(history.beside(all, &used));
    out
}

/// What versions of an object say of each other.
struct History<'a> {
    /// When versions were written, and the start of the first run that saw each, in order.
    times: Vec<(i64, i64)>,
    /// Those that were listed beside the current one, by when they were written and their size: an ETag is not their name.
    beside: HashMap<(i64, i64), Vec<&'a Version>>,
}

impl<'a> History<'a> {
    fn of(all: &'a [Version]) -> History<'a> {
        let mut times: Vec<(i64, i64)> = all.iter().filter_map(|v| Some((v.modified?, v.first))).collect();
        times.sort_unstable();
        let mut beside: HashMap<(i64, i64), Vec<&Version>> = HashMap::new();
        for b in all.iter().filter(|v| v.beside.is_some()) {
            if let Some(m) = b.modified {
                beside.entry((m, b.size)).or_default().push(b);
            }
        }
        History { times, beside }
    }

    /// Those that were written after a moment.
    fn since(&self, time: i64) -> &[(i64, i64)] {
        &self.times[self.times.partition_point(|t| t.0 <= time)..]
    }

    /// The clock of `v`, which is `c` by what was seen as the current version alone.
    fn seen_as_current(&self, v: &Version, mut c: Clock, used: &mut HashSet<i64>) -> (i64, Clock) {
        let Some(m) = v.modified else { return (v.id, c) };
        let same = self.beside.get(&(m, v.size)).map_or(&[][..], Vec::as_slice);
        // It had been replaced before, and came back; in one listing the two would be different ones.
        let earlier = same.iter().filter(|b| b.last < v.last && b.first != v.first);
        // What is written and replaced within a second may be another of the same size.
        let floor = earlier.clone().filter(|b| b.until != b.modified).map(|b| b.last).max();
        c.possible.0 = c.possible.0.max(floor.unwrap_or(c.possible.0));
        let other = self.since(m).iter().map(|t| t.0).take_while(|t| *t <= v.last).filter(|t| *t > c.possible.0).last();
        if let Some(not_there) = earlier.map(|b| b.last).max().max(other) {
            let since = if not_there < v.first { v.first_by } else { i64::MAX };
            c.certain.0 = c.certain.0.max(since).min(c.possible.1);
        }
        // Later it was listed as an old one; the zero-length one of two in a second is the other.
        let later = same.iter().filter(|b| b.first > v.last && !used.contains(&b.id));
        let twin = later.min_by_key(|b| (b.first, std::cmp::Reverse(b.until)));
        // Another one had come before the next that a run saw as the current one.
        let next = self.since(m).iter().find(|(t, first)| *t >= v.last && *first > v.last).map(|t| t.0);
        match (twin.and_then(|t| t.until).filter(|u| *u > c.possible.0), twin) {
            (Some(until), _) => {
                (c.possible.1, c.told) = (until, true);
                c.certain.1 = next.map_or(until, |n| n.min(until));
            }
            (None, twin) => {
                let by = twin.map_or(i64::MAX, |t| t.first_by);
                if next.is_some_and(|n| n < c.possible.1.min(by)) {
                    c.told = true;
                }
                c.possible.1 = c.possible.1.min(by).min(next.unwrap_or(i64::MAX));
            }
        }
        used.extend(twin.map(|t| t.id));
        let id = twin.filter(|_| !v.is_read).map_or(v.id, |t| t.id);
        (id, c.bounded())
    }

    /// The clocks of those that no run saw as the current one, or that had another life then.
    fn beside(&self, all: &[Version], used: &HashSet<i64>) -> Vec<(i64, Clock)> {
        let mut out: Vec<(i64, Clock)> = Vec::new();
        // Of each, by its name: the newest row, and where it stands in the answer.
        let mut before: HashMap<_, (&Version, Option<usize>)> = HashMap::new();
        for b in all.iter().filter(|v| v.beside.is_some()) {
            let key = (b.beside, b.modified, b.size);
            let c = self.replaced(b);
            let place = match before.get(&key) {
                _ if used.contains(&b.id) => None,
                // It was away and came back, as the old one that it was.
                Some((p, place)) if p.until == b.until || c.possible.1 <= p.last => {
                    if let Some(i) = place.filter(|_| b.is_read || !p.is_read) {
                        out[i].0 = b.id;
                    }
                    *place
                }
                // It was the current one again in between, and no run saw it.
                Some((p, _)) => {
                    let possible = (p.last, c.possible.1);
                    out.push((b.id, Clock { certain: (p.last, p.last), possible, told: c.told }.bounded()));
                    Some(out.len() - 1)
                }
                None => {
                    out.push((b.id, c));
                    Some(out.len() - 1)
                }
            };
            before.insert(key, (b, place));
        }
        out
    }

    /// The clock of a version that was no longer current when it was listed.
    fn replaced(&self, v: &Version) -> Clock {
        let Some(from) = v.modified else {
            let until = v.until.unwrap_or(v.first_by);
            return Clock { certain: (i64::MIN, i64::MIN), possible: (i64::MIN, until), told: v.until.is_some() };
        };
        let next = self.since(from).first().map(|t| t.0);
        let clock = match v.until {
            // What came in between is kept no more: then this one may have been the current one again.
            Some(until) => Clock { certain: (from, next.map_or(until, |n| n.min(until))), possible: (from, until), told: true },
            // A delete marker may have come before the next that is known, and before a run saw it as an old one something had.
            None => {
                let told = next.is_some_and(|n| n <= v.first_by);
                Clock { certain: (from, from), possible: (from, next.map_or(v.first_by, |n| n.min(v.first_by)).max(from)), told }
            }
        };
        clock.bounded()
    }
}

/// Hands on the versions of each object, in the order in which runs saw them.
///
/// Memory: all versions that were listed beside a current one.
pub(super) fn each_object(conn: &Connection, each: &mut dyn FnMut(&[Version])) -> Result<(), IndexError> {
    let mut runs: HashMap<i64, (i64, i64)> = HashMap::new();
    // One that was killed had ended when the next one began.
    let mut next = i64::MAX;
    let mut q = conn.prepare("SELECT id, started, ended FROM run ORDER BY id DESC")?;
    let mut rows = q.query([])?;
    while let Some(r) = rows.next()? {
        let (started, ended): (i64, Option<i64>) = (r.get(1)?, r.get(2)?);
        runs.insert(r.get(0)?, (started, ended.unwrap_or(next).max(started)));
        next = started;
    }
    let run = |id: i64| runs.get(&id).copied().ok_or(IndexError::Damaged("an object names a run that is missing"));
    const COLUMNS: &str = concat!(
        "SELECT o.uri_hash, o.id, o.modified, o.first_run, ",
        last_run!(),
        ", o.ended_run, o.until, o.size, o.status <> 'unread', o.version_of FROM object o WHERE o.published = 1"
    );
    let version = |r: &rusqlite::Row<'_>| -> Result<Version, IndexError> {
        let (first, first_by) = run(r.get(3)?)?;
        let ended = r.get::<_, Option<i64>>(5)?.map(run).transpose()?;
        let (id, modified, last, until, size, is_read) = (r.get(1)?, r.get(2)?, run(r.get(4)?)?.0, r.get(6)?, r.get(7)?, r.get(8)?);
        Ok(Version { id, modified, first, first_by, last, ended, until, size, is_read, beside: None })
    };
    let mut beside: HashMap<[u8; 16], Vec<Version>> = HashMap::new();
    let mut q = conn.prepare(&format!("{COLUMNS} AND o.version_of IS NOT NULL"))?;
    let mut rows = q.query([])?;
    while let Some(r) = rows.next()? {
        beside.entry(r.get(9)?).or_default().push(Version { beside: Some(r.get(0)?), ..version(r)? });
    }
    let mut hand_on = |versions: &mut Vec<Version>| {
        versions.sort_by_key(|v| (v.first, v.id));
        each(versions);
        versions.clear();
    };
    // PERF: by an index, so that millions are not sorted for one question.
    let mut q = conn.prepare(&format!("{COLUMNS} AND o.version_of IS NULL ORDER BY o.uri_hash"))?;
    let mut rows = q.query([])?;
    let (mut object, mut versions): (Option<[u8; 16]>, Vec<Version>) = Default::default();
    while let Some(r) = rows.next()? {
        let this = r.get(0)?;
        if object != Some(this) {
            hand_on(&mut versions);
            object = Some(this);
            versions.extend(beside.remove(&this).into_iter().flatten());
        }
        versions.push(version(r)?);
    }
    hand_on(&mut versions);
    beside.into_values().for_each(|mut versions| hand_on(&mut versions));
    Ok(())
}

#[cfg(test)]
#[path = "clock_tests.rs"]
mod tests;
