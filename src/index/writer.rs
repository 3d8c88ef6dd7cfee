//! The one writer: takes the output of object scans, publishes whole objects, settles consumers at the end of a run.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use roaring::RoaringTreemap;
use rusqlite::{Connection, OptionalExtension, params};

use super::checkpoint::Checkpoint;
use super::digest::Digest;
use super::error::IndexError;
use super::file::{open_unknown, ours, owner_only, unlock};
use super::input::{self, Known, Listed, PieceField, RunTotals};
use super::lock::{self, Lock};
use super::postings::{Shapes, Spool};
use super::publish::delete_object;
use super::recount::{Before, Change};
use super::{consumers, counted, forget, keys, postings, review, schema, seen, surroundings, whose};
use crate::base::{Timestamp, old_version};
use crate::classify::{Classifiers, Identity};
use crate::identity::keys::ActiveKeys;
use crate::identity::{Hasher, Key};

/// Published objects are committed when this much has come together, or [`COMMIT_AFTER`] has passed.
pub(super) const COMMIT_BYTES: usize = 232 << 20;
pub(super) const COMMIT_AFTER: Duration = Duration::from_secs(10);

/// An object while it is being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ObjectId(pub(super) i64);

/// An object that is being written.
pub(super) struct Open {
    pub(super) dataset: i64,
    pub(super) fields: Vec<i64>,
    pub(super) digest: Digest,
}

/// Writes an index. One at a time: it holds a lock file beside the index until it is dropped or its process ends.
pub struct Writer {
    /// Before the connection: the last one that is closed leaves no log.
    pub(super) checkpoint: Checkpoint,
    pub(super) conn: Connection,
    pub(super) hasher: Arc<Hasher>,
    _lock: Lock,
    pub(super) run: i64,
    classifier_set: String,
    /// Index ids of the run's classifiers.
    pub(super) classifiers: Vec<i64>,
    datasets: HashMap<String, i64>,
    pub(super) fields: HashMap<(i64, PieceField), i64>,
    /// The key columns of the run.
    pub(super) keys: Arc<ActiveKeys>,
    /// The objects being written.
    pub(super) open: HashMap<i64, Open>,
    /// Postings that wait to become a segment.
    pub(super) spool: Spool,
    pub(super) shapes: Shapes,
    /// What was written since the last commit besides these, in bytes.
    pub(super) weight: usize,
    pub(super) committed: Instant,
    /// Marks of identifiers that were forgotten and must not come back.
    pub(super) suppressed: HashSet<[u8; 16]>,
    /// Objects that the run saw unchanged.
    seen: RoaringTreemap,
    /// What the run could not list, each once.
    pub(super) unlisted: HashSet<[u8; 16]>,
    /// What was known of people when the run began, and what it changed of that.
    pub(super) before: Option<Before>,
    change: Option<Change>,
}

impl Writer {
    /// Opens the index at `path` for writing, creating it (readable by its owner only) if there is none.
    ///
    /// Errors: another writer is at work, the file is not ours, another key.
    pub fn open(path: &Path, key: &Key) -> Result<Writer, IndexError> {
        Writer::open_when(path, key, &mut |_| false)
    }

    /// The same, but while another writer is at work, `wait` is asked several times a second whether to go on waiting; it
    /// is told who that is.
    pub fn open_when(path: &Path, key: &Key, wait: &mut dyn FnMut(&str) -> bool) -> Result<Writer, IndexError> {
        let lock = lock::take(path, wait)?;
        owner_only(path)?;
        // A file that is not to be written into, somebody else's or of another format, stays as it is to the last byte.
        let conn = open_unknown(path)?;
        if schema::is_empty(&conn, path)? {
            // Room that merges leave can be given back without writing the file anew.
            conn.execute_batch("PRAGMA page_size = 8192; PRAGMA auto_vacuum = INCREMENTAL;")?;
            conn.pragma_update(None, "journal_mode", "WAL")?;
            // One transaction: a process killed in the middle must not leave an index without a key.
            let tx = conn.unchecked_transaction()?;
            schema::create(&tx)?;
            surroundings::tables(&tx)?;
            keys::tables(&tx)?;
            review::tables(&tx)?;
            postings::tables(&tx)?;
            whose::tables(&tx)?;
            let data_key = Key::random()?;
            tx.execute("INSERT INTO wrapped_key VALUES (1, ?1)", [key.wrap(&data_key)?])?;
            let set = |k: &str, v: &str| tx.execute("INSERT INTO meta VALUES (?1, ?2)", [k, v]);
            set("created", &Timestamp::now().to_string())?;
            set("key_fingerprint", &key.fingerprint())?;
            tx.commit()?;
        }
        ours(&conn, path)?;
        conn.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -65536; PRAGMA foreign_keys = OFF;",
        )?;
        // What a page held before it was given back must not stay behind what it holds then. (A query: it answers.)
        conn.query_row("PRAGMA secure_delete = FAST", [], |_| Ok(())).optional()?;
        conn.set_prepared_statement_cache_capacity(64);
        let hasher = Arc::new(unlock(&conn, key)?);
        let mut writer = Writer {
            checkpoint: Checkpoint::of(path),
            conn,
            hasher,
            _lock: lock,
            run: 0,
            classifier_set: String::new(),
            classifiers: Vec::new(),
            datasets: HashMap::new(),
            fields: HashMap::new(),
            keys: Arc::default(),
            open: HashMap::new(),
            spool: Spool::default(),
            shapes: Shapes::default(),
            weight: 0,
            committed: Instant::now(),
            suppressed: HashSet::new(),
            seen: RoaringTreemap::new(),
            unlisted: HashSet::new(),
            before: None,
            change: None,
        };
        writer.remove_unpublished()?;
        Ok(writer)
    }

    /// The hashes of this index.
    pub fn hasher(&self) -> &Arc<Hasher> {
        &self.hasher
    }

    /// What a killed run left behind does not count and would only cost room.
    fn remove_unpublished(&mut self) -> Result<(), IndexError> {
        let left: Vec<i64> =
            self.conn.prepare("SELECT id FROM object WHERE published = 0")?.query_map([], |r| r.get(0))?.collect::<Result<_, _>>()?;
        let tx = self.conn.transaction()?;
        for id in &left {
            delete_object(&tx, *id)?;
        }
        if !left.is_empty() {
            postings::rewrite_dead(&tx)?;
        }
        Ok(tx.commit()?)
    }

    /// Starts a run; everything until [`Writer::finish_run`] belongs to it. Returns its number.
    pub fn begin_run(&mut self, classifiers: &Classifiers, sources: &[String]) -> Result<i64, IndexError> {
        self.classifier_set = classifiers.fingerprint().to_owned();
        // PERF: a commit for each of hundreds of classifiers would cost more than a small run.
        let tx = self.conn.unchecked_transaction()?;
        tx.execute(
            "INSERT INTO run (started, classifier_set, sources) VALUES (?1, ?2, ?3)",
            params![Timestamp::now().0, self.classifier_set, sources.join("\n")],
        )?;
        self.run = tx.last_insert_rowid();
        self.before = if self.open.is_empty() { Before::read(&tx)? } else { None };
        self.seen.clear();
        self.unlisted.clear();
        self.classifiers.clear();
        let known: HashMap<String, (i64, String, String)> = tx
            .prepare("SELECT name, id, element, identity FROM classifier")?
            .query_map([], |r| Ok((r.get(0)?, (r.get(1)?, r.get(2)?, r.get(3)?))))?
            .collect::<Result<_, _>>()?;
        if classifiers.iter().any(|c| known.get(&c.id).is_some_and(|(_, element, _)| *element != c.element)) {
            // Which identifiers are shared depends on it.
            tx.execute("INSERT OR IGNORE INTO unsettled VALUES (0)", [])?;
        }
        let mut set = tx.prepare(
            "INSERT INTO classifier (name, element, identity) VALUES (?1, ?2, ?3)
             ON CONFLICT (name) DO UPDATE SET element = excluded.element, identity = excluded.identity RETURNING id",
        )?;
        for c in classifiers.iter() {
            let identity = match c.identity {
                Identity::Strong => "strong",
                Identity::Weak => "weak",
                Identity::None => "none",
            };
            self.classifiers.push(match known.get(&c.id) {
                Some((id, element, as_before)) if *element == c.element && as_before == identity => *id,
                _ => set.query_row(params![c.id, c.element, identity], |r| r.get(0))?,
            });
        }
        drop(set);
        tx.commit()?;
        self.suppressed = forget::marks(&self.conn)?;
        self.checkpoint.begin(&self.conn)?;
        self.begin()?;
        Ok(self.run)
    }

    /// All current objects by the hash of their uri.
    pub fn known(&self) -> Result<HashMap<[u8; 16], Known>, IndexError> {
        input::known(&self.conn)
    }

    /// Notes that a listed object is the version that was read before. It is stored when the run ends.
    pub fn unchanged(&mut self, known: &Known) {
        self.seen.extend(u64::try_from(known.id));
    }

    /// Notes when an old version ended of which no listing had told it. What is known stays as it is.
    pub fn ended(&mut self, known: &Known, until: Option<Timestamp>) -> Result<(), IndexError> {
        if let Some(until) = until.filter(|_| known.open_end) {
            let sql = "UPDATE object SET until = ?2 WHERE id = ?1 AND until IS NULL AND version_of IS NOT NULL";
            self.conn.prepare_cached(sql)?.execute([known.id, until.0])?;
        }
        Ok(())
    }

    /// Starts writing an object. It counts when it is published.
    pub fn begin_object(&mut self, listed: &Listed) -> Result<ObjectId, IndexError> {
        let dataset = self.dataset(&listed.dataset)?;
        let sealed = if listed.shown == listed.object.uri { None } else { Some(self.hasher.seal(&listed.object.uri)?) };
        self.conn
            .prepare_cached(
                "INSERT INTO object (uri, uri_hash, uri_sealed, version, size, modified, dataset_id, status, classifier_set, first_run, last_run,
                 until, version_of) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'unread', ?8, ?9, ?9, ?10, ?11)",
            )?
            .execute(params![
                listed.shown,
                self.hasher.name(&listed.object.uri),
                sealed,
                listed.object.version,
                listed.object.size as i64,
                listed.object.modified.map(|t| t.0),
                dataset,
                format!("{}{}", self.classifier_set, listed.rules),
                self.run,
                listed.object.until.map(|t| t.0),
                old_version(&listed.object).map(|(uri, _)| self.hasher.name(uri)),
            ])?;
        let id = self.conn.last_insert_rowid();
        self.read_with(id, &listed.dataset)?;
        self.open.insert(id, Open { dataset, fields: Vec::new(), digest: Digest::default() });
        Ok(ObjectId(id))
    }

    /// Ends the run: settles who is who from all current links, stores the totals, commits.
    pub fn finish_run(&mut self, totals: &RunTotals) -> Result<(), IndexError> {
        self.settle(totals, true)?;
        Ok(self.conn.execute_batch("PRAGMA optimize")?)
    }

    /// Ends an interrupted run: what was published stays, consumers are settled by the next complete run as well as now.
    pub fn stop_run(&mut self, totals: &RunTotals) -> Result<(), IndexError> {
        self.settle(totals, false)
    }

    fn settle(&mut self, totals: &RunTotals, completed: bool) -> Result<(), IndexError> {
        self.put_together(completed)?;
        counted::store(&self.conn, self.change.take())?;
        seen::store(&self.conn, self.run, &std::mem::take(&mut self.seen))?;
        self.totals(totals, completed)?;
        self.conn.execute_batch("COMMIT")?;
        self.weight = 0;
        self.checkpoint.end(&self.conn)?;
        Ok(self.conn.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?)
    }

    /// Settles who is who and makes one segment of those of the run; commits that, and begins anew.
    ///
    /// What a complete run has not committed by then goes into that segment without being written before, where older segments are no part
    /// of it: if the merge does not come to its end, the next run reads the objects of that last unit again. An interrupted run
    /// commits first.
    pub(super) fn put_together(&mut self, completed: bool) -> Result<(), IndexError> {
        // Not what older segments list: who is who asks what earlier runs knew.
        let one = completed && postings::tidy_waiting(&self.conn, &self.hasher, self.run, &mut self.spool)?;
        if !one {
            if self.checkpoint.any() {
                // What a merge writes is in the log as a whole: with the run before it, that would be all of the run twice.
                self.write_out(true)?;
            }
            self.flush()?;
        }
        let settled = consumers::settle(&self.conn, &self.hasher, self.run)?;
        self.change = match (self.before.take(), settled) {
            (Some(before), Some(settled)) => Change::of(&self.conn, before, &settled)?,
            _ => None,
        };
        if !one {
            let gone = postings::tidy(&self.conn, self.run)?;
            self.change.iter_mut().for_each(|c| c.touched.extend(&gone));
        }
        if completed {
            self.give_back()?;
        }
        // PERF: what is large goes into the file while people are counted.
        self.conn.execute_batch("COMMIT")?;
        self.checkpoint.committed(&self.conn);
        self.begin()
    }

    fn totals(&self, t: &RunTotals, completed: bool) -> Result<(), IndexError> {
        let n = |v: u64| v as i64;
        let now = Timestamp::now().0;
        self.conn.execute(
            "UPDATE run SET completed = ?2, listed = ?3, unchanged = ?4, read = ?5, partial = ?6, unread = ?7, gone = ?8, bytes_stored = ?9,
             bytes_decoded = ?10, records = ?11, sightings = ?12, ended = ?13 WHERE id = ?1",
            params![
                self.run,
                completed.then_some(now),
                n(t.listed),
                n(t.unchanged),
                n(t.read),
                n(t.partial),
                n(t.unread),
                n(t.gone),
                n(t.stored),
                n(t.decoded),
                n(t.records),
                n(t.sightings),
                now
            ],
        )?;
        Ok(())
    }

    fn begin(&mut self) -> Result<(), IndexError> {
        self.conn.execute_batch("BEGIN IMMEDIATE")?;
        self.committed = Instant::now();
        Ok(())
    }

    /// Commits what has come together, so that readers see all that is published. A run does it by itself from time to time.
    pub fn commit(&mut self) -> Result<(), IndexError> {
        self.write_out(false)
    }

    /// The same; `empty`: all that is in the log goes into the file before more is begun.
    fn write_out(&mut self, empty: bool) -> Result<(), IndexError> {
        self.flush()?;
        self.conn.execute_batch("COMMIT")?;
        self.weight = 0;
        if empty {
            self.checkpoint.empty(&self.conn)
        } else {
            self.checkpoint.committed(&self.conn)
        }
        self.begin()
    }

    #[cfg(test)]
    pub(super) fn commit_for_test(&mut self) {
        self.commit().expect("the commit failed");
    }

    /// Writes the postings that wait as a segment.
    pub(super) fn flush(&mut self) -> Result<(), IndexError> {
        self.spool.write(&self.conn, &self.hasher, self.run)
    }

    /// Gives the file system what merges have left, if it is much: what a run commits on its way is written twice. What is little is
    /// used by the next run.
    fn give_back(&self) -> Result<(), IndexError> {
        let pragma = |name: &str| self.conn.query_row(&format!("PRAGMA {name}"), [], |r| r.get::<_, i64>(0));
        let (free, pages) = (pragma("freelist_count")?, pragma("page_count")?);
        if free > MUCH_FREE && free * 32 > pages {
            self.shrink(free - pages / 50)?;
        }
        Ok(())
    }

    fn dataset(&mut self, name: &str) -> Result<i64, IndexError> {
        if let Some(id) = self.datasets.get(name) {
            return Ok(*id);
        }
        self.conn.execute("INSERT OR IGNORE INTO dataset (name) VALUES (?1)", [name])?;
        let id = self.conn.query_row("SELECT id FROM dataset WHERE name = ?1", [name], |r| r.get(0))?;
        self.datasets.insert(name.to_owned(), id);
        Ok(id)
    }
}

/// Free pages (8 KiB each) below which a file keeps them.
const MUCH_FREE: i64 = 512;

pub(super) const NOT_BEGUN: IndexError = IndexError::Damaged("an object is written that was not begun");
