//! What was committed goes from the log into the file beside the writer, not instead of it.
//!
//! SQLite would copy it at the commit, on the writer's thread: half of what writing takes. A thread with a connection of its own does it while
//! the next postings come together. The log is begun anew only when all of it is in the file at the moment at which the writer goes on,
//! so that it is waited for once the log is large. That is so for runs; outside of them SQLite copies by itself.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use rusqlite::{Connection, OpenFlags};

use super::error::IndexError;

/// Pages of a log (8 KiB each) from which on it is waited for.
const LARGE: i64 = if cfg!(test) { 8 } else { 512 << 7 };

/// Pages of a log from which on SQLite copies by itself, where no thread does: what it begins with.
const OWN: i64 = 1000;

/// Calls that the thread may leave unanswered.
const LAG: usize = 4;

/// The thread, while there is a run.
pub(super) struct Checkpoint {
    path: PathBuf,
    /// What wakes it, and what it found in the log. `None`: there is no run, or it could not begin; the writer does without.
    hand: Option<(Sender<()>, Receiver<i64>, JoinHandle<()>)>,
    /// Calls that were not answered yet.
    open: usize,
    /// Pages in the log when it was looked at last.
    pages: i64,
    /// Whether something was committed since it began.
    any: bool,
}

impl Checkpoint {
    /// None yet, for the index at `path`.
    pub fn of(path: &Path) -> Checkpoint {
        Checkpoint { path: path.to_owned(), hand: None, open: 0, pages: 0, any: false }
    }

    /// From now on `conn`, the writer's connection, leaves its commits in the log, if the thread can begin.
    pub fn begin(&mut self, conn: &Connection) -> Result<(), IndexError> {
        self.end(conn)?;
        // As the writer opens it, except that nothing is made where the file is gone.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
        let Ok(other) = Connection::open_with_flags(&self.path, flags) else { return Ok(()) };
        other.execute_batch("PRAGMA synchronous = NORMAL")?;
        let ((wake, calls), (answer, answers)) = (channel(), channel());
        let hand = std::thread::Builder::new().name("checkpoint".to_owned()).spawn(move || {
            for () in calls {
                // Whatever hinders it: the writer tries itself.
                if answer.send(copy(&other).unwrap_or(i64::MAX)).is_err() {
                    return;
                }
            }
        });
        self.hand = hand.ok().map(|hand| (wake, answers, hand));
        if self.hand.is_some() {
            conn.pragma_update(None, "wal_autocheckpoint", 0)?;
        }
        Ok(())
    }

    /// Whether something was committed since it began.
    pub fn any(&self) -> bool {
        self.any
    }

    /// Something was committed on `conn`, and nothing is begun yet.
    pub fn committed(&mut self, conn: &Connection) {
        self.any = true;
        if self.open >= LAG {
            self.wait();
        }
        let Some((wake, answers, _)) = &self.hand else { return };
        for pages in answers.try_iter() {
            (self.pages, self.open) = (pages, self.open.saturating_sub(1));
        }
        if self.pages > LARGE {
            self.empty(conn);
        } else if wake.send(()).is_ok() {
            self.open += 1;
        }
    }

    /// The same, but all of the log goes into the file first, so that what comes next begins it anew.
    ///
    /// What fails is tried again at the next commit. What was committed is safe in the log; the end of the run tells.
    pub fn empty(&mut self, conn: &Connection) {
        self.wait();
        if self.hand.is_some() {
            self.pages = copy(conn).map_or(i64::MAX, |_| 0);
        }
    }

    /// There is no run any more: the thread ends, and SQLite copies by itself.
    pub fn end(&mut self, conn: &Connection) -> Result<(), IndexError> {
        self.wait();
        if self.stop() {
            conn.pragma_update(None, "wal_autocheckpoint", OWN)?;
        }
        (self.open, self.pages, self.any) = (0, 0, false);
        Ok(())
    }

    /// Ends the thread; whether there was one.
    fn stop(&mut self) -> bool {
        let Some((wake, _, hand)) = self.hand.take() else { return false };
        drop(wake);
        let _ = hand.join();
        true
    }

    /// Until the thread has nothing to do.
    fn wait(&mut self) {
        let Some((_, answers, _)) = &self.hand else { return };
        while self.open > 0
            && let Ok(pages) = answers.recv()
        {
            (self.pages, self.open) = (pages, self.open - 1);
        }
        self.open = 0;
    }
}

impl Drop for Checkpoint {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Copies as much of the log as no reader needs to stay; gives how many pages are in it.
fn copy(conn: &Connection) -> rusqlite::Result<i64> {
    conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |r| r.get(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_goes_into_the_file_and_is_begun_anew_while_the_writer_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("some.db");
        let conn = Connection::open(&path).unwrap();
        conn.execute_batch("PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; CREATE TABLE t (data BLOB NOT NULL)").unwrap();
        let mut beside = Checkpoint::of(&path);
        beside.begin(&conn).unwrap();
        let log = || std::fs::metadata(dir.path().join("some.db-wal")).unwrap().len();
        for n in 1..=60 {
            conn.execute_batch("BEGIN IMMEDIATE; INSERT INTO t VALUES (randomblob(40000)); COMMIT").unwrap();
            beside.committed(&conn);
            let reader = Connection::open(&path).unwrap();
            assert_eq!(reader.query_row("SELECT count(*) FROM t", [], |r| r.get::<_, i64>(0)).unwrap(), n);
        }
        // All together would be three hundred pages and more.
        assert!(log() < 60 * 8192, "{}", log());
        beside.wait();
        assert!(beside.open == 0 && std::fs::metadata(&path).unwrap().len() > 200 * 8192);
        // What a reader still needs stays, and hinders nobody.
        let reader = Connection::open(&path).unwrap();
        reader.execute_batch("BEGIN; SELECT count(*) FROM t").unwrap();
        let seen = || reader.query_row("SELECT count(*) FROM t", [], |r| r.get::<_, i64>(0)).unwrap();
        assert_eq!(seen(), 60);
        for _ in 0..10 {
            conn.execute_batch("BEGIN IMMEDIATE; INSERT INTO t VALUES (randomblob(40000)); COMMIT").unwrap();
            beside.committed(&conn);
        }
        assert_eq!(seen(), 60);
        drop((beside, reader));
        conn.close().unwrap();
        let again = Connection::open(&path).unwrap();
        assert_eq!(again.query_row("SELECT count(*) FROM t", [], |r| r.get::<_, i64>(0)).unwrap(), 70);
    }

    fn database(path: &Path) -> Connection {
        let conn = Connection::open(path).unwrap();
        conn.execute_batch("PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; CREATE TABLE t (data BLOB NOT NULL)").unwrap();
        conn
    }

    #[test]
    fn what_cannot_be_copied_now_is_copied_at_the_next_commit() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("some.db");
        let conn = database(&path);
        let size = || std::fs::metadata(&path).unwrap().len();
        let before = size();
        let mut beside = Checkpoint::of(&path);
        beside.begin(&conn).unwrap();
        conn.execute_batch("INSERT INTO t VALUES (randomblob(400000))").unwrap();
        // SQLite refuses to copy for a connection that has something begun.
        conn.execute_batch("BEGIN IMMEDIATE").unwrap();
        assert!(copy(&conn).is_err());
        beside.pages = LARGE + 1;
        beside.committed(&conn);
        assert!(beside.pages > LARGE && size() == before);
        conn.execute_batch("COMMIT").unwrap();
        beside.committed(&conn);
        assert!(beside.pages == 0 && size() > 400_000);
    }

    #[test]
    fn a_file_that_is_gone_is_not_made_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("some.db");
        let conn = database(&path);
        let (gone, mut beside) = (dir.path().join("gone.db"), Checkpoint::of(&dir.path().join("gone.db")));
        beside.begin(&conn).unwrap();
        conn.execute_batch("INSERT INTO t VALUES (x'00')").unwrap();
        beside.committed(&conn);
        beside.empty(&conn);
        assert!(beside.hand.is_none() && !gone.exists());
        assert_eq!(conn.pragma_query_value(None, "wal_autocheckpoint", |r| r.get::<_, i64>(0)).unwrap(), OWN, "SQLite goes on by itself");
    }
}
