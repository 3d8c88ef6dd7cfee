//! The one writer: takes the output of object scans, publishes whole objects, settles consumers at the end of a run.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};

use super::digest::Digest;
use super::entries::Entry;
use super::error::IndexError;
use super::file::{owner_only, unlock};
use super::input::{self, Known, Listed, Piece, PieceField, RunTotals, Unattributed, WriteLink};
use super::links::{self, Written};
use super::lock::{self, Lock};
use super::places::encode_ranges;
use super::postings::{Shapes, Spool};
use super::publish::delete_object;
use super::{consumers, forget, keys, postings, review, schema, surroundings, whose};
use crate::base::{Reason, Timestamp};
use crate::classify::{Classifiers, Identity};
use crate::identity::keys::ActiveKeys;
use crate::identity::{Certainty, Hasher, IdHash, Key};

/// Published objects are committed when this much has come together, or [`COMMIT_AFTER`] has passed.
pub(super) const COMMIT_BYTES: usize = 64 << 20;
pub(super) const COMMIT_AFTER: Duration = Duration::from_secs(10);

/// An object while it is being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ObjectId(pub(super) i64);

/// An object that is being written.
pub(super) struct Open {
    dataset: i64,
    pub(super) fields: Vec<i64>,
    pub(super) digest: Digest,
}

/// Writes an index. One at a time: it holds a lock file beside the index until it is dropped or its process ends.
pub struct Writer {
    pub(super) conn: Connection,
    pub(super) hasher: Arc<Hasher>,
    _lock: Lock,
    pub(super) run: i64,
    classifier_set: String,
    /// Index ids of the run's classifiers.
    pub(super) classifiers: Vec<i64>,
    datasets: HashMap<String, i64>,
    fields: HashMap<(i64, PieceField), i64>,
    /// The key columns of the run.
    pub(super) keys: Arc<ActiveKeys>,
    /// The objects being written.
    pub(super) open: HashMap<i64, Open>,
    /// Postings that wait to become a segment.
    pub(super) spool: Spool,
    shapes: Shapes,
    /// What was written since the last commit besides these, in bytes.
    pub(super) weight: usize,
    pub(super) committed: Instant,
    /// Marks of identifiers that were forgotten and must not come back.
    suppressed: HashSet<[u8; 16]>,
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
        let conn = Connection::open(path)?;
        // Room that merges leave can be given back without writing the file anew. Both count for a new file only.
        conn.execute_batch("PRAGMA page_size = 8192; PRAGMA auto_vacuum = INCREMENTAL;")?;
        if schema::is_empty(&conn, path)? {
            conn.pragma_update(None, "journal_mode", "WAL")?;
            // One transaction: a process killed in the middle must not leave an index without a key.
            let tx = conn.unchecked_transaction()?;
            schema::create(&tx)?;
            let data_key = Key::random()?;
            tx.execute("INSERT INTO wrapped_key VALUES (1, ?1)", [key.wrap(&data_key)?])?;
            let set = |k: &str, v: &str| tx.execute("INSERT INTO meta VALUES (?1, ?2)", [k, v]);
            set("created", &Timestamp::now().to_string())?;
            set("key_fingerprint", &key.fingerprint())?;
            tx.commit()?;
        }
        schema::check(&conn, path)?;
        surroundings::tables(&conn)?;
        keys::tables(&conn)?;
        review::tables(&conn)?;
        postings::tables(&conn)?;
        whose::tables(&conn)?;
        conn.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -131072; PRAGMA foreign_keys = OFF;",
        )?;
        conn.set_prepared_statement_cache_capacity(64);
        let hasher = Arc::new(unlock(&conn, key)?);
        let mut writer = Writer {
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
        self.conn.execute(
            "INSERT INTO run (started, classifier_set, sources) VALUES (?1, ?2, ?3)",
            params![Timestamp::now().0, self.classifier_set, sources.join("\n")],
        )?;
        self.run = self.conn.last_insert_rowid();
        self.classifiers.clear();
        let known: HashMap<String, String> = self
            .conn
            .prepare("SELECT name, element FROM classifier")?
            .query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?
            .collect::<Result<_, _>>()?;
        if classifiers.iter().any(|c| known.get(&c.id).is_some_and(|element| *element != c.element)) {
            // Which identifiers are shared depends on it.
            self.conn.execute("INSERT OR IGNORE INTO unsettled VALUES (0)", [])?;
        }
        let mut set = self.conn.prepare(
            "INSERT INTO classifier (name, element, identity) VALUES (?1, ?2, ?3)
             ON CONFLICT (name) DO UPDATE SET element = excluded.element, identity = excluded.identity RETURNING id",
        )?;
        for c in classifiers.iter() {
            let identity = match c.identity {
                Identity::Strong => "strong",
                Identity::Weak => "weak",
                Identity::None => "none",
            };
            self.classifiers.push(set.query_row(params![c.id, c.element, identity], |r| r.get(0))?);
        }
        drop(set);
        self.suppressed = forget::marks(&self.conn)?;
        self.begin()?;
        Ok(self.run)
    }

    /// All current objects by the hash of their uri.
    pub fn known(&self) -> Result<HashMap<[u8; 16], Known>, IndexError> {
        input::known(&self.conn)
    }

    /// Notes that a listed object is the version that was read before.
    pub fn unchanged(&mut self, known: &Known) -> Result<(), IndexError> {
        self.conn.prepare_cached("UPDATE object SET last_run = ?1 WHERE id = ?2")?.execute([self.run, known.id])?;
        Ok(())
    }

    /// Notes a folder or prefix that could not be listed.
    pub fn listing_failed(&mut self, shown: &str, reason: Reason, detail: &str) -> Result<(), IndexError> {
        self.conn.execute(
            "INSERT INTO coverage (object_id, run_id, uri, member, status, reason, detail) VALUES (NULL, ?1, ?2, NULL, 'unread', ?3, ?4)",
            params![self.run, shown, reason.code(), detail],
        )?;
        Ok(())
    }

    /// Notes an object that was listed and not reached before the run was stopped.
    pub fn unreached(&mut self, listed: &Listed) -> Result<(), IndexError> {
        self.listing_failed(&listed.shown, Reason::Interrupted, "the run was stopped before it; the next run reads it")
    }

    /// Starts writing an object. It counts when it is published.
    pub fn begin_object(&mut self, listed: &Listed) -> Result<ObjectId, IndexError> {
        let dataset = self.dataset(&listed.dataset)?;
        let sealed = if listed.shown == listed.object.uri { None } else { Some(self.hasher.seal(&listed.object.uri)?) };
        self.conn
            .prepare_cached(
                "INSERT INTO object (uri, uri_hash, uri_sealed, version, size, modified, dataset_id, status, classifier_set, first_run, last_run)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'unread', ?8, ?9, ?9)",
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
                self.run
            ])?;
        let id = self.conn.last_insert_rowid();
        self.read_with(id, &listed.dataset)?;
        self.open.insert(id, Open { dataset, fields: Vec::new(), digest: Digest::default() });
        Ok(ObjectId(id))
    }

    /// Takes a part of an object's sightings.
    pub fn piece(&mut self, object: ObjectId, mut piece: Piece) -> Result<(), IndexError> {
        self.add_fields(object, std::mem::take(&mut piece.fields))?;
        self.suppress(&mut piece);
        for u in piece.unattributed.drain(..) {
            self.unattributed(object, u)?;
        }
        let at = object.0;
        let (conn, shapes, spool) = (&self.conn, &self.shapes, &mut self.spool);
        let mut add = |id: IdHash, class: u16, entry: &Entry| spool.add(conn, shapes, id, class, at, entry);
        let fields = &self.open.get(&at).ok_or(NOT_BEGUN)?.fields;
        for p in piece.postings.drain(..) {
            let classifier = self.classifiers[usize::from(p.classifier)];
            let strong = if p.certainty == Certainty::Own { classifier as u16 } else { 0 };
            let entry = Entry::Sightings {
                field: fields[p.field as usize],
                classifier,
                certainty: p.certainty as i64,
                count: p.count,
                places: p.places.tidied(),
            };
            add(p.id, strong, &entry)?;
        }
        for (weak, anchor) in &piece.weak {
            add(*weak, 0, &Entry::Beside(*anchor))?;
        }
        for (id, class, state, certain) in &piece.protected {
            let classifier = self.classifiers[usize::from(*class)];
            add(*id, 0, &Entry::Protected { classifier, state: *state, certain: *certain })?;
        }
        for (id, r) in &piece.residences {
            let code = r.state.code().as_bytes();
            add(*id, 0, &Entry::Residence([code[0], code[1]], (r.confidence * 100.0).round() as u8, r.basis))?;
        }
        self.links(object, &piece.links)?;
        if self.weight + self.spool.weight() >= COMMIT_BYTES {
            self.commit()?;
        }
        Ok(())
    }

    /// Takes out of a piece what is said of people who were forgotten.
    fn suppress(&self, piece: &mut Piece) {
        if self.suppressed.is_empty() {
            return;
        }
        let mut memory: HashMap<IdHash, bool> = HashMap::new();
        let mut forgotten = |id: IdHash| *memory.entry(id).or_insert_with(|| self.suppressed.contains(&self.hasher.mark(id)));
        let stood: HashSet<IdHash> = piece.weak.iter().map(|w| w.0).collect();
        piece.weak.retain(|(_, anchor)| !forgotten(*anchor));
        let stands: HashSet<IdHash> = piece.weak.iter().map(|w| w.0).collect();
        // A weak identifier that stands beside a forgotten person alone goes as well.
        piece.postings.retain(|p| !forgotten(p.id) && (!stood.contains(&p.id) || stands.contains(&p.id)));
        piece.residences.retain(|(id, _)| !forgotten(*id));
        piece.protected.retain(|p| !forgotten(p.0));
        for link in &mut piece.links {
            link.members.retain(|m| !forgotten(m.1));
        }
        piece.links.retain(|l| l.members.len() > 1);
    }

    fn unattributed(&mut self, object: ObjectId, u: Unattributed) -> Result<(), IndexError> {
        let open = self.open.get_mut(&object.0).ok_or(NOT_BEGUN)?;
        let field = open.fields[u.field as usize];
        let places = u.places.tidied();
        let mut bytes = Vec::new();
        encode_ranges(places.ranges(), &mut bytes);
        let classifier = self.classifiers[usize::from(u.classifier)];
        open.digest.unattributed([field, classifier, places.kind(), u.count as i64], &bytes);
        self.weight += bytes.len() + 64;
        self.conn
            .prepare_cached(
                "INSERT INTO unattributed (object_id, field_id, classifier_id, kind, count, places) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![object.0, field, classifier, places.kind(), u.count as i64, bytes])?;
        Ok(())
    }

    fn links(&mut self, object: ObjectId, links: &[WriteLink]) -> Result<(), IndexError> {
        let (conn, shapes, spool, weight) = (&self.conn, &self.shapes, &mut self.spool, &mut self.weight);
        let digest = &mut self.open.get_mut(&object.0).ok_or(NOT_BEGUN)?.digest;
        let mut written = |block: Written<'_>| {
            digest.links(block.row, block.data);
            *weight += block.data.len();
            block.links().try_for_each(|(link, id)| spool.add(conn, shapes, id, 0, object.0, &Entry::Link(link)))
        };
        let mut blocks = links::Blocks::new(conn, object.0);
        for l in links {
            let members = l.members.iter().map(|(class, id)| (self.classifiers[usize::from(*class)] as u16, *id));
            blocks.add(l.row, members, &mut written)?;
        }
        blocks.finish(&mut written)
    }

    /// Ends the run: settles who is who from all current links, stores the totals, commits.
    pub fn finish_run(&mut self, totals: &RunTotals) -> Result<(), IndexError> {
        self.flush()?;
        consumers::settle(&self.conn, &self.hasher, self.run)?;
        postings::tidy(&self.conn, self.run)?;
        whose::store(&self.conn)?;
        self.totals(totals, true)?;
        self.conn.execute_batch("COMMIT")?;
        self.weight = 0;
        self.give_back()?;
        Ok(self.conn.execute_batch("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA optimize;")?)
    }

    /// Ends an interrupted run: what was published stays, consumers are settled by the next complete run as well as now.
    pub fn stop_run(&mut self, totals: &RunTotals) -> Result<(), IndexError> {
        self.flush()?;
        consumers::settle(&self.conn, &self.hasher, self.run)?;
        postings::tidy(&self.conn, self.run)?;
        whose::store(&self.conn)?;
        self.totals(totals, false)?;
        self.conn.execute_batch("COMMIT")?;
        self.weight = 0;
        Ok(())
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
        self.flush()?;
        self.conn.execute_batch("COMMIT")?;
        self.weight = 0;
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

    /// Gives the file system what merges have left, if it is much: the first run writes everything twice. What is little is
    /// used by the next run.
    fn give_back(&self) -> Result<(), IndexError> {
        let pragma = |name: &str| self.conn.query_row(&format!("PRAGMA {name}"), [], |r| r.get::<_, i64>(0));
        let (free, pages) = (pragma("freelist_count")?, pragma("page_count")?);
        if free > MUCH_FREE && free * 4 > pages {
            self.shrink(free - pages / 20)?;
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

    /// Gives numbers to fields that an object has besides those it had before.
    fn add_fields(&mut self, object: ObjectId, fields: Vec<PieceField>) -> Result<(), IndexError> {
        let open = self.open.get_mut(&object.0).ok_or(NOT_BEGUN)?;
        for field in fields {
            let key = (open.dataset, field);
            let id = match self.fields.get(&key) {
                Some(id) => *id,
                None => {
                    let values = params![open.dataset, key.1.member.as_deref().unwrap_or_default(), key.1.name];
                    self.conn
                        .prepare_cached("INSERT OR IGNORE INTO field (dataset_id, member, name) VALUES (?1, ?2, ?3)")?
                        .execute(values)?;
                    let sql = "SELECT id FROM field WHERE dataset_id = ?1 AND member = ?2 AND name = ?3";
                    let id = self.conn.prepare_cached(sql)?.query_row(values, |r| r.get(0))?;
                    if self.fields.len() >= FIELDS_HELD {
                        self.fields.clear();
                    }
                    self.fields.insert(key, id);
                    id
                }
            };
            open.fields.push(id);
        }
        Ok(())
    }
}

/// Free pages (8 KiB each) below which a file keeps them.
const MUCH_FREE: i64 = 512;

/// Numbers of fields that are remembered; archives may have any number of members.
const FIELDS_HELD: usize = 1 << 16;

const NOT_BEGUN: IndexError = IndexError::Damaged("an object is written that was not begun");
