//! What an index lets go of, and what it must not: retention, legal holds, and the room that is left.

use rusqlite::{Connection, OptionalExtension, params};

use super::counted;
use super::error::IndexError;
use super::journal;
use super::listings::{self, TELLING_RUN};
use super::postings::{self, Finder};
use super::publish::delete_object;
use super::whose;
use super::writer::Writer;
use crate::identity::IdHash;

/// Object versions that are removed in one transaction.
const BATCH: usize = if cfg!(test) { 20 } else { 500 };

/// Object versions that ended before a time and that no held run saw.
const DUE: &str = "o.published = 1 AND o.ended_run IS NOT NULL AND (SELECT started FROM run WHERE id = o.ended_run) < ?1
    AND NOT EXISTS (SELECT 1 FROM run h WHERE h.hold IS NOT NULL AND h.id >= o.first_run AND h.id < o.ended_run)";

/// What [`Writer::prune`] did, or would do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Object versions removed.
    pub objects: u64,
    /// Versions that are old enough and that a legal hold keeps.
    pub held: u64,
    /// Identifiers that nothing speaks of any more.
    pub identifiers: u64,
}

/// What [`Writer::compact`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compacted {
    /// Bytes of the file before.
    pub before: u64,
    /// Bytes after.
    pub after: u64,
    /// Identifiers that nothing spoke of any more.
    pub identifiers: u64,
}

impl Writer {
    /// Removes object versions that were seen to be gone before `until` (milliseconds since the epoch), unless a held
    /// run saw them. `dry`: only counts. May be killed at any point: what is left is removed by the next.
    pub fn prune(&mut self, until: i64, dry: bool) -> Result<Pruned, IndexError> {
        let old = "SELECT count(*) FROM object o WHERE o.published = 1 AND (SELECT started FROM run WHERE id = o.ended_run) < ?1";
        let old: i64 = self.conn.query_row(old, [until], |r| r.get(0))?;
        let due: Vec<(i64, i64)> = self
            .conn
            .prepare(&format!("SELECT o.id, o.ended_run FROM object o WHERE {DUE} ORDER BY o.id"))?
            .query_map([until], |r| Ok((r.get(0)?, r.get(1)?)))?
            .collect::<Result<_, _>>()?;
        let mut done = Pruned { objects: due.len() as u64, held: old as u64 - due.len() as u64, identifiers: 0 };
        if dry {
            return Ok(done);
        }
        self.before = None;
        // What is removed is overwritten in the file, too.
        self.conn.execute_batch("PRAGMA secure_delete = ON")?;
        if let Some(newest) = due.iter().map(|d| d.1).max() {
            journal::note_removal(&self.conn)?;
            // Said before it is done: an answer as of then must never look complete when it is not.
            self.conn.execute(
                "INSERT INTO meta VALUES ('pruned_run', ?1) ON CONFLICT (key) DO UPDATE SET value = max(CAST(value AS INTEGER), excluded.value)",
                [newest.to_string()],
            )?;
        }
        for batch in due.chunks(BATCH) {
            let tx = self.conn.transaction()?;
            for (id, _) in batch {
                delete_object(&tx, *id)?;
            }
            // They may have told where somebody lives.
            whose::clear(&tx)?;
            tx.commit()?;
        }
        let tx = self.conn.transaction()?;
        listings::register(&tx, None)?;
        // What the newest complete run of a catalogue says of it holds until there is a newer one of the same sources.
        tx.execute(
            &format!(
                "DELETE FROM coverage WHERE object_id IS NULL AND run_id < ({TELLING_RUN}) AND NOT still_unlisted(run_id, uri)
             AND run_id IN (SELECT id FROM run r WHERE started < ?1 AND hold IS NULL
             AND (completed IS NULL OR sources NOT LIKE '%glue://%'
             OR EXISTS (SELECT 1 FROM run newer WHERE newer.id > r.id AND newer.sources = r.sources)))"
            ),
            [until],
        )?;
        tx.execute("DELETE FROM field WHERE dataset_id NOT IN (SELECT dataset_id FROM object)", [])?;
        tx.execute("DELETE FROM dataset WHERE id NOT IN (SELECT dataset_id FROM object)", [])?;
        tx.commit()?;
        let tx = self.conn.transaction()?;
        done.identifiers = gone(&tx, postings::rewrite_dead(&tx)?)?;
        tx.execute("DELETE FROM shape WHERE field_id NOT IN (SELECT id FROM field)", [])?;
        counted::store(&tx, None)?;
        tx.commit()?;
        self.tidy_up()?;
        Ok(done)
    }

    /// Puts a run on legal hold: nothing that it saw is removed by `prune` or `forget`. `None` releases it.
    pub fn hold(&mut self, run: i64, reason: Option<&str>) -> Result<(), IndexError> {
        match self.conn.execute("UPDATE run SET hold = ?2 WHERE id = ?1", params![run, reason])? {
            0 => Err(IndexError::NoRun(run)),
            _ => Ok(()),
        }
    }

    /// Gives room back to the file system: rewrites the file without what was removed.
    pub fn compact(&mut self) -> Result<Compacted, IndexError> {
        let size = |conn: &rusqlite::Connection| -> Result<u64, IndexError> {
            let pages: i64 = conn.query_row("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size", [], |r| r.get(0))?;
            Ok(pages as u64)
        };
        let before = size(&self.conn)?;
        let tx = self.conn.unchecked_transaction()?;
        let identifiers = gone(&tx, postings::merge_all(&tx)?)?;
        counted::store(&tx, None)?;
        tx.commit()?;
        self.conn.execute_batch("VACUUM; ANALYZE")?;
        self.tidy_up()?;
        Ok(Compacted { before, after: size(&self.conn)?, identifiers })
    }

    /// All that the file knows in one file, and nothing that it no longer knows: free pages go, for merges of runs leave in them
    /// what was true then.
    pub(super) fn tidy_up(&mut self) -> Result<(), IndexError> {
        // SQLite waits for readers, not for another that copies.
        self.checkpoint.end(&self.conn)?;
        // Zero: all of them.
        self.shrink(0)?;
        // Busy readers keep the log; that costs nothing but room.
        self.conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).optional()?;
        Ok(())
    }

    /// Gives free pages back to the file system; 0 for all.
    pub(super) fn shrink(&self, pages: i64) -> Result<(), IndexError> {
        let mut step = self.conn.prepare(&format!("PRAGMA incremental_vacuum({pages})"))?;
        let mut steps = step.query([])?;
        while steps.next()?.is_some() {}
        Ok(())
    }
}

/// How many of the identifiers that segments left out are in none.
fn gone(conn: &Connection, mut left_out: Vec<IdHash>) -> Result<u64, IndexError> {
    left_out.sort_unstable();
    left_out.dedup();
    let (mut finder, mut n) = (Finder::new(conn)?, 0);
    for hash in left_out {
        n += u64::from(finder.strong(hash)?.is_none());
    }
    Ok(n)
}
