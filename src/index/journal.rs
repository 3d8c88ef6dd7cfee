//! The journal of runs.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::answers::{RunRow, RunStatus};
use super::error::IndexError;
use super::input::RunTotals;
use super::reader::Reader;
use super::{AsOf, Gap, lock};

const RUN: &str =
    "SELECT id, started, completed, ended, hold, classifier_set, sources, listed, unchanged, read, partial, unread, gone, bytes_stored,
    bytes_decoded, records, sightings FROM run";

/// What tells states of an index apart that are not to be mixed up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// The newest run, however it ended; 0 before the first.
    pub run: i64,
    /// How often something was removed: by `forget` or `prune`.
    pub removals: i64,
}

/// Notes that something is removed, in the transaction that does so or before it.
pub(super) fn note_removal(conn: &Connection) -> Result<(), IndexError> {
    let add = "INSERT INTO meta VALUES ('removals', '1') ON CONFLICT (key) DO UPDATE SET value = CAST(value AS INTEGER) + 1";
    conn.execute(add, [])?;
    Ok(())
}

impl Reader {
    /// The newest run and how often something was removed.
    pub fn mark(&self) -> Result<Mark, IndexError> {
        let mark =
            "SELECT (SELECT coalesce(max(id), 0) FROM run), coalesce((SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'removals'), 0)";
        Ok(self.conn.query_row(mark, [], |r| Ok(Mark { run: r.get(0)?, removals: r.get(1)? }))?)
    }

    /// All runs, oldest first.
    pub fn runs(&self) -> Result<Vec<RunRow>, IndexError> {
        let mut runs: Vec<RunRow> = self.conn.prepare(&format!("{RUN} ORDER BY id"))?.query_map([], run)?.collect::<Result<_, _>>()?;
        // Only the newest can still be at work, and while it is, it holds the lock.
        if let Some(newest) = runs.last_mut().filter(|r| r.status == RunStatus::Killed)
            && lock::is_held(self.path())
        {
            newest.status = RunStatus::Running;
        }
        let unlisted = self.unlisted_by_run()?;
        runs.iter_mut().for_each(|r| r.unlisted = unlisted.get(&r.id).copied().unwrap_or(0));
        Ok(runs)
    }

    /// The run that answers rest on: the newest completed one, `None` before the first; the one that was asked for.
    pub fn newest_run(&self) -> Result<Option<RunRow>, IndexError> {
        let mut found = match self.asked() {
            Some(AsOf::Run(id)) => self.conn.query_row(&format!("{RUN} WHERE id = ?1"), params![id], run),
            _ => self.conn.query_row(&format!("{RUN} WHERE completed IS NOT NULL ORDER BY id DESC LIMIT 1"), [], run),
        }
        .optional()?;
        if let Some(found) = &mut found {
            found.unlisted = self.unlisted_by_run()?.get(&found.id).copied().unwrap_or(0);
        }
        Ok(found)
    }

    /// The moment that answers are given for; `None`: now.
    pub fn asked(&self) -> Option<AsOf> {
        self.scope.as_ref().map(|s| s.asked)
    }

    /// What is known to be missing in answers for a moment in the past.
    pub fn gaps(&self) -> &[Gap] {
        self.scope.as_ref().map_or(&[], |s| &s.gaps)
    }
}

fn run(r: &Row<'_>) -> rusqlite::Result<RunRow> {
    let n = |i| r.get::<_, i64>(i).map(|n| n as u64);
    let (completed, ended): (Option<i64>, Option<i64>) = (r.get(2)?, r.get(3)?);
    let status = match (completed, ended) {
        (Some(_), _) => RunStatus::Completed,
        (None, Some(_)) => RunStatus::Stopped,
        (None, None) => RunStatus::Killed,
    };
    Ok(RunRow {
        id: r.get(0)?,
        started: r.get(1)?,
        completed,
        ended,
        status,
        hold: r.get(4)?,
        classifier_set: r.get(5)?,
        sources: r.get::<_, String>(6)?.lines().map(str::to_owned).collect(),
        totals: RunTotals {
            listed: n(7)?,
            unchanged: n(8)?,
            read: n(9)?,
            partial: n(10)?,
            unread: n(11)?,
            gone: n(12)?,
            stored: n(13)?,
            decoded: n(14)?,
            records: n(15)?,
            sightings: n(16)?,
        },
        unlisted: 0,
    })
}
