//! The index as of a moment in the past: which object versions count, and who was who in them.
//!
//! A version carries two clocks. **By run** (`AsOf::Run`): it counts in every run from the first that saw it to the one
//! before the first that did not. **By storage** (`AsOf::Time`): from its time of modification to that of its successor.
//! Where the storage does not say, the version may have been there from the last run that did not see it, or until the
//! first that did not: it is counted and marked uncertain.
//!
//! What a version holds is told by its newest reading. Consumers are computed from the links of the versions that count.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension};

use super::answers::{Gap, Owner};
use super::clock;
use super::consumers;
use super::error::IndexError;
use super::postings::{self, Finder, Identified};
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

fn by_storage(conn: &Connection, time: i64, gaps: &mut Vec<Gap>) -> Result<Vec<i64>, IndexError> {
    let (mut out, mut uncertain, mut beside) = (Vec::new(), 0, false);
    clock::each_object(conn, &mut |versions| {
        beside |= versions.iter().any(|v| v.beside.is_some());
        for (id, clock) in clock::of_object(versions) {
            if let Some(is_certain) = clock.at(time) {
                out.push(id);
                uncertain += u64::from(!is_certain);
            }
        }
    })?;
    gaps.extend(beyond_runs(conn, (time, time), beside)?);
    gaps.extend(unsure(uncertain, "at this time"));
    Ok(out)
}

/// What is not known of a time because it lies before the first or after the newest completed run. `beside`: whether versions were listed
/// beside current ones.
pub(super) fn beyond_runs(conn: &Connection, (from, to): (i64, i64), beside: bool) -> Result<Vec<Gap>, IndexError> {
    let runs = conn.query_row("SELECT min(started), max(started) FROM run WHERE completed IS NOT NULL", [], |r| {
        Ok((r.get::<_, Option<i64>>(0)?, r.get::<_, Option<i64>>(1)?))
    })?;
    let gap = |kind, detail: String| Gap { kind, objects: None, detail };
    let (Some(first), Some(newest)) = runs else {
        return Ok(vec![gap("before_first_run", "no run has been completed".to_owned())]);
    };
    let mut out = Vec::new();
    if from < first {
        let detail = match beside {
            true => {
                "no run had been completed: of what was overwritten or deleted before the first, only versions that were still kept are known \
                 where versions were listed, and nothing elsewhere"
            }
            false => "no run had been completed: what was overwritten or deleted before the first is not known",
        };
        out.push(gap("before_first_run", detail.to_owned()));
    }
    if to > newest {
        out.push(gap("after_newest_run", format!("the newest completed run began at {}: nothing later is known", Timestamp(newest))));
    }
    Ok(out)
}

/// So many versions count that may have been stored then; `when` says when.
pub(super) fn unsure(objects: u64, when: &str) -> Option<Gap> {
    let detail = format!("no run saw them {when} and the storage does not say: they are counted, others may have stood in their place");
    (objects > 0).then_some(Gap { kind: "uncertain", objects: Some(objects), detail })
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
}
