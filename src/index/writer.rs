//! The one writer: takes the output of object scans, publishes whole objects, settles consumers at the end of a run.

use std::collections::{HashMap, HashSet};
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension, params};

use super::error::IndexError;
use super::places::{PlaceList, encode_ranges, tidy};
use super::{consumers, schema};
use crate::base::{Object, Reason, Timestamp};
use crate::classify::{Classifiers, Identity};
use crate::identity::{Certainty, Hasher, IdHash, Key};
use crate::law::Residence;

/// Published objects are committed when this much has come together, or [`COMMIT_AFTER`] has passed.
const COMMIT_BYTES: usize = 64 << 20;
const COMMIT_AFTER: Duration = Duration::from_secs(10);

/// An object while it is being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ObjectId(i64);

/// An object as it enters the index.
#[derive(Clone, Debug)]
pub struct Listed {
    /// What the source listed; its uri is the true one and is stored only if it shows no personal data.
    pub object: Object,
    /// The uri to show: equal to the true one unless that holds personal data.
    pub shown: String,
    /// The dataset's name, without personal data.
    pub dataset: String,
}

/// What the index knows of a current object, to decide whether it must be read again.
#[derive(Clone, Debug)]
pub struct Known {
    id: i64,
    /// The version that was read.
    pub version: String,
    /// The classifiers it was read with.
    pub classifier_set: String,
    /// Whether it was not read for a reason that may have passed.
    pub retry: bool,
    /// Whether it was read in part only, or not at all.
    pub incomplete: bool,
}

/// Sightings of one field and classifier under one identifier.
#[derive(Clone, Debug)]
pub struct Posting {
    /// The identifier.
    pub id: IdHash,
    /// Index into [`Piece::fields`].
    pub field: u32,
    /// Index into the classifier set of the run.
    pub classifier: u16,
    /// How sure it is.
    pub certainty: Certainty,
    /// Number of sightings.
    pub count: u64,
    /// Where; any order, overlaps allowed.
    pub places: PlaceList,
}

/// Sightings that are nobody's.
#[derive(Clone, Debug)]
pub struct Unattributed {
    /// Index into [`Piece::fields`].
    pub field: u32,
    /// Index into the classifier set of the run.
    pub classifier: u16,
    /// Number of sightings.
    pub count: u64,
    /// Where.
    pub places: PlaceList,
}

/// A record that holds several strong identifiers.
#[derive(Clone, Debug)]
pub struct WriteLink {
    /// The first row that proves it.
    pub row: u64,
    /// Classifier (index into the run's set) and hash.
    pub members: Vec<(u16, IdHash)>,
}

/// A part of an object's sightings. Pieces of several objects may come mixed.
#[derive(Clone, Debug, Default)]
pub struct Piece {
    /// Field names as shown, by index; the same list, possibly longer, in every piece of an object. `""` is running text.
    pub fields: Vec<String>,
    /// Sightings that have an owner.
    pub postings: Vec<Posting>,
    /// Sightings that have none.
    pub unattributed: Vec<Unattributed>,
    /// Links.
    pub links: Vec<WriteLink>,
    /// Weak identifier, strong identifier beside it.
    pub weak: Vec<(IdHash, IdHash)>,
    /// Residences named by records.
    pub residences: Vec<(IdHash, Residence)>,
}

/// How reading an object ended.
#[derive(Clone, Debug, Default)]
pub struct Published {
    /// Nothing of it could be read.
    pub unread: bool,
    /// The format that read it.
    pub kind: Option<&'static str>,
    /// Bytes after decompression.
    pub decoded: u64,
    /// Records.
    pub records: u64,
    /// Field index, classifier, sightings, test values, cells that are not empty, highest confidence.
    pub summaries: Vec<(u32, u16, u64, u64, u64, f32)>,
    /// Field names as in the last piece.
    pub fields: Vec<String>,
    /// What was not read.
    pub coverage: Vec<(Option<String>, Reason, String)>,
}

/// Totals of a run, as printed and stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunTotals {
    /// Objects that the sources listed: unchanged + read + partial + unread.
    pub listed: u64,
    /// Not read again because their version is known.
    pub unchanged: u64,
    /// Read in full.
    pub read: u64,
    /// Read in part.
    pub partial: u64,
    /// Not read.
    pub unread: u64,
    /// No longer listed; their validity ended.
    pub gone: u64,
    /// Stored bytes of the objects read.
    pub stored: u64,
    /// Decompressed bytes read.
    pub decoded: u64,
    /// Records read.
    pub records: u64,
    /// Sightings found.
    pub sightings: u64,
}

struct Pending {
    id: IdHash,
    object: i64,
    field: i64,
    classifier: i64,
    certainty: i64,
    first: u64,
    kind: i64,
    count: u64,
    places: Option<Vec<u8>>,
}

/// Writes an index. One at a time: it holds a lock file beside the index until it is dropped or its process ends.
pub struct Writer {
    conn: Connection,
    hasher: Arc<Hasher>,
    _lock: File,
    run: i64,
    classifier_set: String,
    /// Index ids of the run's classifiers.
    classifiers: Vec<i64>,
    datasets: HashMap<String, i64>,
    fields: HashMap<(i64, String), i64>,
    /// Dataset and field ids of the objects being written.
    open: HashMap<i64, (i64, Vec<i64>)>,
    pending: Vec<Pending>,
    weight: usize,
    committed: Instant,
}

impl Writer {
    /// Opens the index at `path` for writing, creating it (readable by its owner only) if there is none.
    ///
    /// Errors: another writer is at work, the file is not ours, another key.
    pub fn open(path: &Path, key: &Key) -> Result<Writer, IndexError> {
        let lock = lock(path)?;
        owner_only(path)?;
        let conn = Connection::open(path)?;
        conn.execute_batch("PRAGMA page_size = 8192;")?;
        if schema::is_empty(&conn, path)? {
            conn.pragma_update(None, "journal_mode", "WAL")?;
            schema::create(&conn)?;
            let data_key = Key::random()?;
            conn.execute("INSERT INTO wrapped_key VALUES (1, ?1)", [key.wrap(&data_key)?])?;
            let set = |k: &str, v: &str| conn.execute("INSERT INTO meta VALUES (?1, ?2)", [k, v]);
            set("created", &Timestamp::now().to_string())?;
            set("key_fingerprint", &key.fingerprint())?;
        }
        schema::check(&conn, path)?;
        conn.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -65536; PRAGMA foreign_keys = OFF;",
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
            open: HashMap::new(),
            pending: Vec::new(),
            weight: 0,
            committed: Instant::now(),
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
        for id in left {
            delete_object(&tx, id)?;
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
        for c in classifiers.iter() {
            let identity = match c.identity {
                Identity::Strong => "strong",
                Identity::Weak => "weak",
                Identity::None => "none",
            };
            self.conn.execute(
                "INSERT INTO classifier (name, element, identity) VALUES (?1, ?2, ?3)
                 ON CONFLICT (name) DO UPDATE SET element = excluded.element, identity = excluded.identity",
                params![c.id, c.element, identity],
            )?;
            self.classifiers.push(self.conn.query_row("SELECT id FROM classifier WHERE name = ?1", [&c.id], |r| r.get(0))?);
        }
        self.begin()?;
        Ok(self.run)
    }

    /// All current objects by the hash of their uri.
    pub fn known(&self) -> Result<HashMap<[u8; 16], Known>, IndexError> {
        let mut q = self
            .conn
            .prepare("SELECT uri_hash, id, version, classifier_set, retry, status FROM object WHERE ended_run IS NULL AND published = 1")?;
        let rows = q.query_map([], |r| {
            let known = Known {
                id: r.get(1)?,
                version: r.get(2)?,
                classifier_set: r.get(3)?,
                retry: r.get(4)?,
                incomplete: r.get::<_, String>(5)? != "read",
            };
            Ok((r.get::<_, [u8; 16]>(0)?, known))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
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
                self.classifier_set,
                self.run
            ])?;
        let id = self.conn.last_insert_rowid();
        self.open.insert(id, (dataset, Vec::new()));
        Ok(ObjectId(id))
    }

    /// Takes a part of an object's sightings.
    pub fn piece(&mut self, object: ObjectId, mut piece: Piece) -> Result<(), IndexError> {
        let fields = self.object_fields(object, &piece.fields)?;
        for p in piece.postings.drain(..) {
            self.weight += size_of::<Pending>();
            let kind = p.places.kind();
            let (PlaceList::Rows(mut ranges) | PlaceList::Bytes(mut ranges) | PlaceList::Document(mut ranges)) = p.places;
            tidy(&mut ranges, kind == 0);
            let first = ranges.first().map_or(0, |r| r.0);
            let places = (kind != 0 || ranges.len() != 1 || ranges[0].1 - ranges[0].0 != 1).then(|| {
                let mut bytes = Vec::with_capacity(ranges.len() * 4);
                encode_ranges(&ranges, &mut bytes);
                self.weight += bytes.len() + 24;
                bytes
            });
            self.pending.push(Pending {
                id: p.id,
                object: object.0,
                field: fields[p.field as usize],
                classifier: self.classifiers[usize::from(p.classifier)],
                certainty: p.certainty as i64,
                first,
                kind,
                count: p.count,
                places,
            });
        }
        for u in piece.unattributed.drain(..) {
            let kind = u.places.kind();
            let (PlaceList::Rows(mut ranges) | PlaceList::Bytes(mut ranges) | PlaceList::Document(mut ranges)) = u.places;
            tidy(&mut ranges, kind == 0);
            let mut bytes = Vec::new();
            encode_ranges(&ranges, &mut bytes);
            self.weight += bytes.len() + 64;
            self.conn
                .prepare_cached(
                    "INSERT INTO unattributed (object_id, field_id, classifier_id, kind, count, places) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                )?
                .execute(params![
                    object.0,
                    fields[u.field as usize],
                    self.classifiers[usize::from(u.classifier)],
                    kind,
                    u.count as i64,
                    bytes
                ])?;
        }
        for link in &piece.links {
            self.link(object, link)?;
        }
        for (weak, anchor) in &piece.weak {
            self.conn
                .prepare_cached("INSERT OR IGNORE INTO weak_identifier VALUES (?1, ?2, ?3)")?
                .execute(params![weak.0, anchor.0, object.0])?;
        }
        for (id, r) in &piece.residences {
            self.conn
                .prepare_cached(
                    "INSERT INTO residence VALUES (?1, ?2, ?3, ?4, ?5)
                     ON CONFLICT DO UPDATE SET confidence = excluded.confidence, basis = excluded.basis WHERE excluded.confidence > confidence",
                )?
                .execute(params![id.0, object.0, r.state.code(), r.confidence, r.basis])?;
        }
        if self.weight >= COMMIT_BYTES {
            self.commit()?;
        }
        Ok(())
    }

    fn link(&mut self, object: ObjectId, link: &WriteLink) -> Result<(), IndexError> {
        let mut members = Vec::with_capacity(link.members.len() * 18);
        for (class, id) in &link.members {
            members.extend_from_slice(&(self.classifiers[usize::from(*class)] as u16).to_be_bytes());
            members.extend_from_slice(&id.0);
        }
        self.conn.prepare_cached("INSERT INTO link (object_id, record, members) VALUES (?1, ?2, ?3)")?.execute(params![
            object.0,
            link.row as i64,
            members
        ])?;
        let id = self.conn.last_insert_rowid();
        for (_, hash) in &link.members {
            self.conn.prepare_cached("INSERT OR IGNORE INTO link_member VALUES (?1, ?2)")?.execute(params![hash.0, id])?;
        }
        self.weight += members.len() * 3;
        Ok(())
    }

    /// Publishes an object: from the next commit on it counts, and the version that it replaces does not.
    ///
    /// A version that was read before and cannot be read now keeps its sightings; only its coverage changes.
    pub fn publish(&mut self, object: ObjectId, end: &Published) -> Result<(), IndexError> {
        let fields = self.object_fields(object, &end.fields)?;
        let mut id = object.0;
        let (hash, version): ([u8; 16], String) =
            self.conn.query_row("SELECT uri_hash, version FROM object WHERE id = ?1", [id], |r| Ok((r.get(0)?, r.get(1)?)))?;
        let before: Option<(i64, String, i64, String)> = self
            .conn
            .prepare_cached(
                "SELECT id, version, first_run, status FROM object WHERE uri_hash = ?1 AND ended_run IS NULL AND published = 1",
            )?
            .query_row([hash], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))
            .optional()?;
        let retry = end.coverage.iter().any(|c| c.1.retryable());
        let mut first_run = self.run;
        match before {
            Some((old, same, _, status)) if same == version && end.unread && status != "unread" => {
                delete_object(&self.conn, id)?;
                self.conn.execute("UPDATE object SET last_run = ?1, retry = ?2 WHERE id = ?3", params![self.run, retry, old])?;
                self.conn.execute("DELETE FROM coverage WHERE object_id = ?1 AND status = 'unread'", [old])?;
                id = old;
            }
            Some((old, same, first, _)) if same == version => {
                self.flush()?;
                delete_object(&self.conn, old)?;
                first_run = first;
            }
            Some((old, ..)) => {
                self.conn.execute("UPDATE object SET ended_run = ?1 WHERE id = ?2", [self.run, old])?;
            }
            None => {}
        }
        let status = match (end.unread, end.coverage.is_empty()) {
            (true, _) => "unread",
            (false, true) => "read",
            (false, false) => "partial",
        };
        if id == object.0 {
            self.conn
                .prepare_cached(
                    "UPDATE object SET status = ?1, retry = ?2, kind = ?3, decoded = ?4, records = ?5, first_run = ?6, published = 1 WHERE id = ?7",
                )?
                .execute(params![status, retry, end.kind, end.decoded as i64, end.records as i64, first_run, id])?;
            for (field, class, sightings, tests, cells, confidence) in &end.summaries {
                self.conn.prepare_cached("INSERT INTO field_summary VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?.execute(params![
                    id,
                    fields[*field as usize],
                    self.classifiers[usize::from(*class)],
                    *sightings as i64,
                    *tests as i64,
                    *cells as i64,
                    confidence
                ])?;
            }
        }
        for (member, reason, detail) in &end.coverage {
            self.conn
                .prepare_cached(
                    "INSERT INTO coverage (object_id, run_id, uri, member, status, reason, detail)
                     SELECT id, ?1, uri, ?2, ?3, ?4, ?5 FROM object WHERE id = ?6",
                )?
                .execute(params![self.run, member, if end.unread { "unread" } else { "partial" }, reason.code(), detail, id])?;
        }
        self.conn.prepare_cached("INSERT OR REPLACE INTO meta VALUES ('consumers_due', '1')")?.execute([])?;
        self.open.remove(&object.0);
        self.weight += 256;
        if self.weight >= COMMIT_BYTES || self.committed.elapsed() >= COMMIT_AFTER {
            self.commit()?;
        }
        Ok(())
    }

    /// Gives up an object that is being written, as when a run is interrupted: it was never there.
    pub fn abandon(&mut self, object: ObjectId) -> Result<(), IndexError> {
        self.pending.retain(|p| p.object != object.0);
        self.open.remove(&object.0);
        delete_object(&self.conn, object.0)
    }

    /// Ends the validity of current objects that a complete listing covers and did not show. `covers` is asked with
    /// the true uri; `seen` holds the hashes of those listed. Returns how many.
    pub fn end_gone(&mut self, seen: &HashSet<[u8; 16]>, covers: &dyn Fn(&str) -> bool) -> Result<u64, IndexError> {
        let current: Vec<(i64, [u8; 16], String, Option<Vec<u8>>)> = self
            .conn
            .prepare("SELECT id, uri_hash, uri, uri_sealed FROM object WHERE ended_run IS NULL AND published = 1")?
            .query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))?
            .collect::<Result<_, _>>()?;
        let mut gone = 0;
        for (id, hash, shown, sealed) in current {
            let uri = match sealed {
                Some(s) => self.hasher.open(&s)?,
                None => shown,
            };
            if !seen.contains(&hash) && covers(&uri) {
                self.conn.prepare_cached("UPDATE object SET ended_run = ?1 WHERE id = ?2")?.execute([self.run, id])?;
                gone += 1;
            }
        }
        if gone > 0 {
            self.conn.execute("INSERT OR REPLACE INTO meta VALUES ('consumers_due', '1')", [])?;
        }
        Ok(gone)
    }

    /// Ends the run: settles who is who from all current links, stores the totals, commits.
    pub fn finish_run(&mut self, totals: &RunTotals) -> Result<(), IndexError> {
        self.flush()?;
        consumers::settle(&self.conn, &self.hasher, self.run)?;
        self.totals(totals, Some(Timestamp::now().0))?;
        self.conn.execute_batch("COMMIT; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA optimize;")?;
        self.weight = 0;
        Ok(())
    }

    /// Ends an interrupted run: what was published stays, consumers are settled by the next complete run as well as now.
    pub fn stop_run(&mut self, totals: &RunTotals) -> Result<(), IndexError> {
        self.flush()?;
        consumers::settle(&self.conn, &self.hasher, self.run)?;
        self.totals(totals, None)?;
        self.conn.execute_batch("COMMIT")?;
        self.weight = 0;
        Ok(())
    }

    fn totals(&self, t: &RunTotals, completed: Option<i64>) -> Result<(), IndexError> {
        let n = |v: u64| v as i64;
        self.conn.execute(
            "UPDATE run SET completed = ?2, listed = ?3, unchanged = ?4, read = ?5, partial = ?6, unread = ?7, gone = ?8, bytes_stored = ?9,
             bytes_decoded = ?10, records = ?11, sightings = ?12 WHERE id = ?1",
            params![
                self.run,
                completed,
                n(t.listed),
                n(t.unchanged),
                n(t.read),
                n(t.partial),
                n(t.unread),
                n(t.gone),
                n(t.stored),
                n(t.decoded),
                n(t.records),
                n(t.sightings)
            ],
        )?;
        Ok(())
    }

    fn begin(&mut self) -> Result<(), IndexError> {
        self.conn.execute_batch("BEGIN IMMEDIATE")?;
        self.committed = Instant::now();
        Ok(())
    }

    /// Commits what has come together.
    fn commit(&mut self) -> Result<(), IndexError> {
        self.flush()?;
        self.conn.execute_batch("COMMIT")?;
        self.weight = 0;
        self.begin()
    }

    #[cfg(test)]
    pub(super) fn commit_for_test(&mut self) {
        self.commit().expect("the commit failed");
    }

    /// Writes the postings that wait, in the order of their keys: the B-tree is filled in runs instead of at random.
    fn flush(&mut self) -> Result<(), IndexError> {
        let mut pending = std::mem::take(&mut self.pending);
        pending.sort_unstable_by_key(|p| (p.id, p.object, p.field, p.classifier, p.certainty, p.first));
        let mut identifier = self
            .conn
            .prepare_cached("INSERT OR IGNORE INTO identifier (hash, classifier_id, consumer, since_run) VALUES (?1, ?2, ?3, ?4)")?;
        let mut posting = self.conn.prepare_cached(
            // A record that is larger than a window comes in two parts with the same first row.
            "INSERT INTO posting VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO UPDATE SET count = count + excluded.count",
        )?;
        let mut last = None;
        for p in &pending {
            if p.certainty == Certainty::Own as i64 && last != Some(p.id) {
                identifier.execute(params![p.id.0, p.classifier, self.hasher.consumer(p.id).0, self.run])?;
                last = Some(p.id);
            }
            posting.execute(params![
                p.id.0,
                p.object,
                p.field,
                p.classifier,
                p.certainty,
                p.first as i64,
                p.kind,
                p.count as i64,
                p.places
            ])?;
        }
        drop((identifier, posting));
        pending.clear();
        self.pending = pending;
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

    fn object_fields(&mut self, object: ObjectId, names: &[String]) -> Result<Vec<i64>, IndexError> {
        let (dataset, mut known) =
            self.open.get(&object.0).cloned().ok_or(IndexError::Damaged("an object is written that was not begun"))?;
        for name in names.iter().skip(known.len()) {
            let key = (dataset, name.clone());
            let id = match self.fields.get(&key) {
                Some(id) => *id,
                None => {
                    self.conn.execute("INSERT OR IGNORE INTO field (dataset_id, name) VALUES (?1, ?2)", params![dataset, name])?;
                    let id =
                        self.conn
                            .query_row("SELECT id FROM field WHERE dataset_id = ?1 AND name = ?2", params![dataset, name], |r| r.get(0))?;
                    self.fields.insert(key, id);
                    id
                }
            };
            known.push(id);
        }
        self.open.insert(object.0, (dataset, known.clone()));
        Ok(known)
    }
}

fn delete_object(conn: &Connection, id: i64) -> Result<(), IndexError> {
    let links: Vec<(i64, Vec<u8>)> = conn
        .prepare_cached("SELECT id, members FROM link WHERE object_id = ?1")?
        .query_map([id], |r| Ok((r.get(0)?, r.get(1)?)))?
        .collect::<Result<_, _>>()?;
    for (link, members) in links {
        for (_, hash) in link_members(&members) {
            conn.prepare_cached("DELETE FROM link_member WHERE hash = ?1 AND link_id = ?2")?.execute(params![hash.0, link])?;
        }
    }
    for sql in [
        "DELETE FROM link WHERE object_id = ?1",
        "DELETE FROM posting WHERE object_id = ?1",
        "DELETE FROM unattributed WHERE object_id = ?1",
        "DELETE FROM weak_identifier WHERE object_id = ?1",
        "DELETE FROM residence WHERE object_id = ?1",
        "DELETE FROM field_summary WHERE object_id = ?1",
        "DELETE FROM coverage WHERE object_id = ?1",
        "DELETE FROM object WHERE id = ?1",
    ] {
        conn.prepare_cached(sql)?.execute([id])?;
    }
    Ok(())
}

/// The identifiers of a stored link: classifier id of the index, hash.
pub(super) fn link_members(blob: &[u8]) -> impl Iterator<Item = (u16, IdHash)> {
    blob.chunks_exact(18).map(|c| {
        let mut hash = [0; 16];
        hash.copy_from_slice(&c[2..]);
        (u16::from_be_bytes([c[0], c[1]]), IdHash(hash))
    })
}

/// The hashes of an index, if the key is its own.
pub(super) fn unlock(conn: &Connection, key: &Key) -> Result<Hasher, IndexError> {
    let wanted: String = conn.query_row("SELECT value FROM meta WHERE key = 'key_fingerprint'", [], |r| r.get(0))?;
    let given = key.fingerprint();
    if given != wanted {
        return Err(IndexError::WrongKey { given, wanted });
    }
    let wrapped: Vec<u8> = conn.query_row("SELECT wrapped FROM wrapped_key", [], |r| r.get(0))?;
    Ok(Hasher::new(&key.unwrap(&wrapped)?))
}

/// Takes the lock file; the operating system releases it when the process ends, however it ends.
fn lock(path: &Path) -> Result<File, IndexError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let name = PathBuf::from(name);
    let file = options().open(&name).map_err(|source| IndexError::File { path: name.clone(), source })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(IndexError::Busy { path: path.to_owned() }),
        Err(std::fs::TryLockError::Error(source)) => Err(IndexError::File { path: name, source }),
    }
}

/// Creates the file for its owner alone, before SQLite does; its WAL inherits the permissions.
fn owner_only(path: &Path) -> Result<(), IndexError> {
    options().open(path).map(drop).map_err(|source| IndexError::File { path: path.to_owned(), source })
}

fn options() -> OpenOptions {
    let mut o = OpenOptions::new();
    o.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut o, 0o600);
    o
}
