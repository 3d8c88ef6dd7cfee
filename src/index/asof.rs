//! The index as of a moment in the past: which object versions count, and who was who in them.
//!
//! A version carries two clocks. **By run** (`AsOf::Run`): it counts in every run from the first that saw it to the one
//! before the first that did not. **By storage** (`AsOf::Time`): from its time of modification to that of its successor.
//! Where the storage does not say, the version may have been there from the last run that did not see it, or until the
//! first that did not: it is counted and marked uncertain.
//!
//! What a version holds is told by its newest reading. Consumers are computed from the links of the versions that count.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension};

use super::answers::{Gap, Owner};
use super::consumers;
use super::error::IndexError;
use super::postings::{self, Finder, Identified};
use super::seen::last_run;
use crate::base::Timestamp;
use crate::identity::{ConsumerId, IdHash};

/// A moment in the past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsOf {
    /// What this run saw.
    Run(i64),
    /// What was stored at this time.
    Time(Timestamp),
}

impl AsOf {
    /// Reads the number of a run, a day (its beginning, UTC) or an RFC 3339 time.
    pub fn parse(text: &str) -> Option<AsOf> {
        match text.parse::<i64>() {
            Ok(run) => Some(AsOf::Run(run)),
            Err(_) => Timestamp::parse(text).map(AsOf::Time),
        }
    }
}

/// The versions that count, and who is who in them.
pub(super) struct Scope {
    pub asked: AsOf,
    pub gaps: Vec<Gap>,
    /// That moment is the present: who is who is what is stored.
    pub is_now: bool,
    standing: HashMap<IdHash, Owner>,
    members: HashMap<ConsumerId, Vec<IdHash>>,
}

impl Scope {
    /// Decides what counts, and leaves the numbers of the objects in the temporary table `scope`.
    pub fn open(conn: &Connection, asked: AsOf) -> Result<Scope, IndexError> {
        conn.execute_batch("DROP TABLE IF EXISTS temp.scope; CREATE TEMP TABLE scope (id INTEGER PRIMARY KEY)")?;
        let mut gaps = Vec::new();
        let objects = match asked {
            AsOf::Run(run) => by_run(conn, run, &mut gaps)?,
            AsOf::Time(time) => by_storage(conn, time.0, &mut gaps)?,
        };
        let mut add = conn.prepare("INSERT INTO temp.scope VALUES (?1)")?;
        for id in &objects {
            add.execute([id])?;
        }
        pruned(conn, asked, &mut gaps)?;
        let mut scope = Scope { asked, gaps, is_now: is_now(conn, asked)?, standing: HashMap::new(), members: HashMap::new() };
        // PERF: who was who among millions takes seconds.
        if !scope.is_now {
            scope.settle(conn)?;
        }
        Ok(scope)
    }

    /// Who was who, by the rules of the present and the links of then.
    fn settle(&mut self, conn: &Connection) -> Result<(), IndexError> {
        let (consumers, shared) = consumers::partition(conn, "o.id IN (SELECT id FROM temp.scope)")?;
        self.standing.extend(shared.into_iter().map(|id| (id, Owner::Several)));
        // They come in the order of their first members.
        let mut finder = Finder::new(conn)?;
        for members in consumers {
            // The first names the consumer; a link may name an identifier that was seen nowhere else.
            let Some(consumer) = finder.strong(members[0])?.map(|(who, _)| who.consumer) else { continue };
            self.standing.extend(members.iter().map(|id| (*id, Owner::Linked(consumer))));
            self.members.insert(consumer, members);
        }
        Ok(())
    }

    /// Whom an identifier named; `None` if it was in none of the versions.
    pub fn owner(&self, conn: &Connection, id: IdHash) -> Result<Option<Owner>, IndexError> {
        if let Some(owner) = self.standing.get(&id) {
            return Ok(Some(*owner));
        }
        let Some(consumer) = alone(conn, id)? else { return Ok(None) };
        Ok(self.names(conn, id)?.then_some(Owner::Alone(consumer)))
    }

    /// Whether one of the versions names an identifier.
    pub fn names(&self, conn: &Connection, id: IdHash) -> Result<bool, IndexError> {
        let mut counts = conn.prepare_cached("SELECT EXISTS (SELECT 1 FROM temp.scope WHERE id = ?1)")?;
        for object in postings::objects_of(conn, id)? {
            if counts.query_row([object], |r| r.get(0))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The identifiers of a consumer of then.
    pub fn members(&self, conn: &Connection, consumer: ConsumerId) -> Result<Vec<IdHash>, IndexError> {
        if let Some(members) = self.members.get(&consumer) {
            return Ok(members.clone());
        }
        let mut out = Vec::new();
        for Identified { hash: id, .. } in postings::alone(conn, consumer)? {
            if self.owner(conn, id)? == Some(Owner::Alone(consumer)) {
                out.push(id);
            }
        }
        Ok(out)
    }

    /// The identifiers that did not stand alone in these versions, by hash, with their consumer; `None` for nobody in particular.
    pub fn standings(&self) -> Vec<(IdHash, Option<ConsumerId>)> {
        let mut out: Vec<_> = self.standing.iter().map(|(id, owner)| (*id, owner.consumer())).collect();
        out.sort_unstable();
        out
    }
}

/// Whether what a run saw is what the index holds now: it is the newest, it was completed, and nothing was published or ended since that
/// is not settled.
fn is_now(conn: &Connection, asked: AsOf) -> Result<bool, IndexError> {
    let AsOf::Run(run) = asked else { return Ok(false) };
    let sql = "SELECT id = ?1 AND completed IS NOT NULL AND NOT EXISTS (SELECT 1 FROM unsettled) FROM run ORDER BY id DESC LIMIT 1";
    Ok(conn.query_row(sql, [run], |r| r.get(0)).optional()?.unwrap_or(false))
}

/// The consumer that an identifier is without any link.
fn alone(conn: &Connection, id: IdHash) -> Result<Option<ConsumerId>, IndexError> {
    Ok(postings::identified(conn, id)?.filter(Identified::is_strong).map(|i| i.consumer))
}

fn by_run(conn: &Connection, run: i64, gaps: &mut Vec<Gap>) -> Result<Vec<i64>, IndexError> {
    let ended: Option<(Option<i64>, Option<i64>)> =
        conn.query_row("SELECT completed, ended FROM run WHERE id = ?1", [run], |r| Ok((r.get(0)?, r.get(1)?))).optional()?;
    match ended {
        None => return Err(IndexError::NoRun(run)),
        Some((Some(_), _)) => {}
        Some((None, ended)) => {
            let how = if ended.is_some() { "was stopped" } else { "was killed or is still going on" };
            let detail = format!("run {run} {how}: objects that it did not reach are as the run before saw them, or missing");
            gaps.push(Gap { kind: "run_incomplete", objects: None, detail });
        }
    }
    let sql = "SELECT id FROM object WHERE published = 1 AND first_run <= ?1 AND (ended_run IS NULL OR ended_run > ?1)";
    Ok(conn.prepare(sql)?.query_map([run], |r| r.get(0))?.collect::<Result<_, _>>()?)
}

/// One version of an object, in the order in which runs saw them.
#[derive(Clone, Copy, Debug)]
struct Version {
    id: i64,
    modified: Option<i64>,
    /// Start of the first run that saw it.
    first: i64,
    /// Start of the newest.
    last: i64,
    /// Start of the first that did not.
    ended: Option<i64>,
}

/// When a version was stored: certainly within the first range, possibly within the second; half-open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stored {
    certain: (i64, i64),
    possible: (i64, i64),
}

/// The storage clock of `v`, between the versions of the same object before and after it.
fn stored(before: Option<&Version>, v: &Version, after: Option<&Version>) -> Stored {
    // It cannot have come before its predecessor was last seen, nor before a run saw that nothing was there.
    let floor = before.map(|b| b.ended.filter(|e| *e < v.first).unwrap_or(b.last));
    let (possible_from, certain_from) = match (v.modified, floor) {
        (Some(m), Some(floor)) if m < floor => (floor, v.first),
        (Some(m), _) => (m, m),
        (None, Some(floor)) => (floor, v.first),
        (None, None) => (i64::MIN, v.first),
    };
    let possible_until = match (v.ended, after) {
        (None, _) => i64::MAX,
        // Replaced: its successor says since when. There may have been others between the two.
        (Some(e), Some(a)) if a.first == e => a.modified.filter(|m| (v.last..=e).contains(m)).unwrap_or(e),
        (Some(e), _) => e,
    };
    // A run saw it, so that it was there at the moment of the run.
    let certain_until = v.last.saturating_add(1).max(certain_from).min(possible_until);
    Stored { certain: (certain_from, certain_until), possible: (possible_from, possible_until) }
}

fn by_storage(conn: &Connection, time: i64, gaps: &mut Vec<Gap>) -> Result<Vec<i64>, IndexError> {
    let mut q = conn.prepare(concat!(
        "SELECT o.uri_hash, o.id, o.modified, f.started, l.started, e.started FROM object o JOIN run f ON f.id = o.first_run
         JOIN run l ON l.id = ",
        last_run!(),
        " LEFT JOIN run e ON e.id = o.ended_run WHERE o.published = 1 ORDER BY o.uri_hash, o.first_run, o.id",
    ))?;
    let mut rows = q.query([])?;
    let (mut out, mut uncertain) = (Vec::new(), HashSet::new());
    let mut settle = |versions: &mut Vec<Version>| {
        for i in 0..versions.len() {
            let s = stored(i.checked_sub(1).map(|b| &versions[b]), &versions[i], versions.get(i + 1));
            if (s.possible.0..s.possible.1).contains(&time) {
                out.push(versions[i].id);
                if !(s.certain.0..s.certain.1).contains(&time) {
                    uncertain.insert(versions[i].id);
                }
            }
        }
        versions.clear();
    };
    let (mut uri, mut versions): ([u8; 16], Vec<Version>) = Default::default();
    while let Some(r) = rows.next()? {
        let this = r.get(0)?;
        if uri != this {
            settle(&mut versions);
            uri = this;
        }
        versions.push(Version { id: r.get(1)?, modified: r.get(2)?, first: r.get(3)?, last: r.get(4)?, ended: r.get(5)? });
    }
    settle(&mut versions);
    let runs = conn.query_row("SELECT min(started), max(started) FROM run WHERE completed IS NOT NULL", [], |r| {
        Ok((r.get::<_, Option<i64>>(0)?, r.get::<_, Option<i64>>(1)?))
    })?;
    let mut gap = |kind, objects, detail: String| gaps.push(Gap { kind, objects, detail });
    match runs {
        (Some(first), _) if time < first => {
            let detail = "no run had been completed: what was overwritten or deleted before the first is not known";
            gap("before_first_run", None, detail.to_owned());
        }
        (_, Some(newest)) if time > newest => {
            gap("after_newest_run", None, format!("the newest completed run began at {}: nothing later is known", Timestamp(newest)));
        }
        (None, _) => gap("before_first_run", None, "no run has been completed".to_owned()),
        _ => {}
    }
    if !uncertain.is_empty() {
        let detail = "no run saw them at this time and the storage does not say: they are counted, others may have stood in their place";
        gap("uncertain", Some(uncertain.len() as u64), detail.to_owned());
    }
    Ok(out)
}

/// History that was removed on purpose.
fn pruned(conn: &Connection, asked: AsOf, gaps: &mut Vec<Gap>) -> Result<(), IndexError> {
    let before: Option<i64> =
        conn.query_row("SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'pruned_run'", [], |r| r.get(0)).optional()?;
    let Some(before) = before else { return Ok(()) };
    let (affected, held) = match asked {
        AsOf::Run(run) => (
            run < before,
            conn.query_row("SELECT hold IS NOT NULL FROM run WHERE id = ?1", [run], |r| r.get(0)).optional()?.unwrap_or(false),
        ),
        AsOf::Time(t) => {
            let sql = "SELECT started FROM run WHERE id = ?1";
            let started: Option<i64> = conn.query_row(sql, [before], |r| r.get(0)).optional()?;
            (started.is_none_or(|s| t.0 < s), false)
        }
    };
    if affected && !held {
        let detail = format!("`piimap index prune` has removed versions that only runs before run {before} saw");
        gaps.push(Gap { kind: "pruned", objects: None, detail });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_days_and_times_are_understood() {
        for (text, want) in [
            ("3", Some(AsOf::Run(3))),
            ("2026-11-03", Timestamp::parse("2026-11-03T00:00:00Z").map(AsOf::Time)),
            ("2026-11-03T22:15:00+01:00", Timestamp::parse("2026-11-03T21:15:00Z").map(AsOf::Time)),
            ("last week", None),
            ("", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(AsOf::parse(text), want, "{text}");
        }
    }

    const NEVER: i64 = i64::MAX;

    /// Runs begin at 100, 200, 300 …
    fn v(modified: Option<i64>, first: i64, last: i64, ended: Option<i64>) -> Version {
        Version { id: 0, modified, first, last, ended }
    }

    #[test]
    fn the_storage_clock_says_what_it_knows() {
        let one = |v: Version| stored(None, &v, None);
        let s = |certain, possible| Stored { certain, possible };
        for (what, got, want) in [
            ("still there", one(v(Some(50), 100, 300, None)), s((50, 301), (50, NEVER))),
            ("deleted between two runs", one(v(Some(50), 100, 200, Some(300))), s((50, 201), (50, 300))),
            ("without a time", one(v(None, 200, 300, None)), s((200, 301), (i64::MIN, NEVER))),
            (
                "replaced at a known time",
                stored(None, &v(Some(50), 100, 200, Some(300)), Some(&v(Some(250), 300, 300, None))),
                s((50, 201), (50, 250)),
            ),
            (
                "replaced by one whose time says nothing",
                stored(None, &v(Some(50), 100, 200, Some(300)), Some(&v(Some(10), 300, 300, None))),
                s((50, 201), (50, 300)),
            ),
            (
                "that successor",
                stored(Some(&v(Some(50), 100, 200, Some(300))), &v(Some(10), 300, 300, None), None),
                s((300, 301), (200, NEVER)),
            ),
            (
                "a successor with its time",
                stored(Some(&v(Some(50), 100, 200, Some(300))), &v(Some(250), 300, 400, None), None),
                s((250, 401), (250, NEVER)),
            ),
            (
                "back with its old time after a run saw nothing",
                stored(Some(&v(Some(50), 100, 100, Some(200))), &v(Some(50), 400, 400, None), None),
                s((400, 401), (200, NEVER)),
            ),
            ("modified while the run went on", one(v(Some(105), 100, 100, None)), s((105, 105), (105, NEVER))),
        ] {
            assert_eq!(got, want, "{what}");
        }
    }
}
