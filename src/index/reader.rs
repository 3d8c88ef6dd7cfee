//! Reading the index: never blocks the writer, is never blocked by it.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension, Row};

use super::error::IndexError;
use super::file::unlock;
use super::places::{PlaceList, decode_ranges};
use super::schema;
use super::writer::link_members;
use crate::identity::{ConsumerId, Hasher, IdHash, Key};

/// A published object.
#[derive(Clone, Debug)]
pub struct ObjectRow {
    /// Its number in the index.
    pub id: i64,
    /// The uri as shown; personal data in it is replaced by `{classifier}`.
    pub uri: String,
    /// Which version.
    pub version: String,
    /// Stored bytes.
    pub size: u64,
    /// Last modification, milliseconds since the epoch.
    pub modified: Option<i64>,
    /// Its dataset.
    pub dataset: String,
    /// `read`, `partial` or `unread`.
    pub status: String,
    /// Whether it is the current version.
    pub current: bool,
    /// Start of the run that first saw it, milliseconds since the epoch.
    pub first_seen: i64,
    /// Start of the newest run that saw it.
    pub last_seen: i64,
}

/// Sightings of one field and classifier of one object under one identifier.
#[derive(Clone, Debug)]
pub struct PostingRow {
    /// The identifier.
    pub id: IdHash,
    /// The object's number.
    pub object: i64,
    /// The field's number; see [`Reader::field_names`].
    pub field: i64,
    /// The classifier's number; see [`Reader::classifiers`].
    pub classifier: i64,
    /// As [`crate::identity::Certainty`] counts.
    pub certainty: i64,
    /// Number of sightings.
    pub count: u64,
    /// Where.
    pub places: PlaceList,
}

/// A run.
#[derive(Clone, Debug)]
pub struct RunRow {
    /// Its number.
    pub id: i64,
    /// Milliseconds since the epoch.
    pub started: i64,
    /// `None`: still going on, stopped or killed.
    pub completed: Option<i64>,
    /// Fingerprint of the classifiers.
    pub classifier_set: String,
}

/// A record that links identifiers.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// The object that holds it.
    pub object: i64,
    /// Its row.
    pub row: u64,
    /// What it links, strongest first, with the classifiers' numbers.
    pub members: Vec<(i64, IdHash)>,
}

/// What a field of a dataset's current objects holds.
#[derive(Clone, Debug)]
pub struct FieldSummary {
    /// The dataset's number.
    pub dataset: i64,
    /// The field's number.
    pub field: i64,
    /// The classifier's number.
    pub classifier: i64,
    /// Sightings.
    pub sightings: u64,
    /// Values that are not empty; 0 in running text.
    pub cells: u64,
    /// The highest confidence.
    pub confidence: f64,
}

/// Something that was not fully read.
#[derive(Clone, Debug)]
pub struct CoverageRow {
    /// The object, folder or prefix.
    pub uri: String,
    /// Path inside an archive.
    pub member: Option<String>,
    /// `partial` or `unread`.
    pub status: String,
    /// The code of a reason.
    pub reason: String,
    /// One line for people.
    pub detail: String,
}

/// Whom an identifier names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// One consumer.
    One(ConsumerId),
    /// Shared by several people (a support address, a household's telephone): nobody in particular.
    Several,
}

/// An index opened for reading.
pub struct Reader {
    conn: Connection,
    path: PathBuf,
}

const OBJECT: &str = "SELECT o.id, o.uri, o.version, o.size, o.modified, d.name, o.status, o.ended_run IS NULL, f.started, l.started
    FROM object o JOIN dataset d ON d.id = o.dataset_id JOIN run f ON f.id = o.first_run JOIN run l ON l.id = o.last_run WHERE o.published = 1";

const POSTING: &str =
    "SELECT p.hash, p.object_id, p.field_id, p.classifier_id, p.certainty, p.first, p.kind, p.count, p.places FROM posting p
    JOIN object o ON o.id = p.object_id AND o.published = 1";

impl Reader {
    /// Opens the index at `path`; an error if there is none or it is not ours.
    pub fn open(path: &Path) -> Result<Reader, IndexError> {
        if !path.exists() {
            return Err(IndexError::Missing { path: path.to_owned() });
        }
        let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        conn.busy_timeout(std::time::Duration::from_secs(10))?;
        schema::check(&conn, path)?;
        // One snapshot for the whole answer, whatever a writer does meanwhile.
        conn.execute_batch("BEGIN")?;
        Ok(Reader { conn, path: path.to_owned() })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The hashes of this index; an error if the key is another's.
    pub fn unlock(&self, key: &Key) -> Result<Hasher, IndexError> {
        unlock(&self.conn, key)
    }

    /// The newest completed run; `None` before the first.
    pub fn newest_run(&self) -> Result<Option<RunRow>, IndexError> {
        Ok(self
            .conn
            .query_row(
                "SELECT id, started, completed, classifier_set FROM run WHERE completed IS NOT NULL ORDER BY id DESC LIMIT 1",
                [],
                |r| Ok(RunRow { id: r.get(0)?, started: r.get(1)?, completed: r.get(2)?, classifier_set: r.get(3)? }),
            )
            .optional()?)
    }

    /// All published objects, current ones only if asked, ordered by uri.
    pub fn objects(&self, current_only: bool) -> Result<Vec<ObjectRow>, IndexError> {
        let filter = if current_only { " AND o.ended_run IS NULL" } else { "" };
        let mut q = self.conn.prepare(&format!("{OBJECT}{filter} ORDER BY o.uri, o.first_run, o.id"))?;
        let rows = q.query_map([], object)?.collect::<Result<_, _>>()?;
        Ok(rows)
    }

    /// One object.
    pub fn object(&self, id: i64) -> Result<Option<ObjectRow>, IndexError> {
        Ok(self.conn.prepare_cached(&format!("{OBJECT} AND o.id = ?1"))?.query_row([id], object).optional()?)
    }

    /// Names of the fields by number.
    pub fn field_names(&self) -> Result<HashMap<i64, String>, IndexError> {
        Ok(self.conn.prepare("SELECT id, name FROM field")?.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?.collect::<Result<_, _>>()?)
    }

    /// Classifiers by number: id and data element.
    pub fn classifiers(&self) -> Result<HashMap<i64, (String, String)>, IndexError> {
        Ok(self
            .conn
            .prepare("SELECT id, name, element FROM classifier")?
            .query_map([], |r| Ok((r.get(0)?, (r.get(1)?, r.get(2)?))))?
            .collect::<Result<_, _>>()?)
    }

    /// Whom a strong identifier names; `None` if the index does not know it.
    pub fn owner_of(&self, id: IdHash) -> Result<Option<Owner>, IndexError> {
        Ok(self
            .conn
            .prepare_cached("SELECT consumer, shared FROM identifier WHERE hash = ?1")?
            .query_row([id.0], |r| Ok(if r.get(1)? { Owner::Several } else { Owner::One(ConsumerId(r.get(0)?)) }))
            .optional()?)
    }

    /// The consumers of a weak identifier, through the strong ones beside it in current records.
    pub fn consumers_of_weak(&self, id: IdHash) -> Result<BTreeSet<ConsumerId>, IndexError> {
        let mut q = self.conn.prepare_cached(
            "SELECT DISTINCT i.consumer FROM weak_identifier w JOIN object o ON o.id = w.object_id AND o.published = 1 AND o.ended_run IS NULL
             JOIN identifier i ON i.hash = w.anchor AND i.shared = 0 WHERE w.hash = ?1",
        )?;
        Ok(q.query_map([id.0], |r| r.get(0).map(ConsumerId))?.collect::<Result<_, _>>()?)
    }

    /// What an id that was printed once stands for now: itself, or those that it was merged into or split to.
    pub fn resolve(&self, consumer: ConsumerId) -> Result<BTreeSet<ConsumerId>, IndexError> {
        let (mut out, mut seen, mut todo) = (BTreeSet::new(), BTreeSet::new(), vec![consumer]);
        while let Some(c) = todo.pop() {
            if !seen.insert(c) {
                continue;
            }
            let exists: bool = self
                .conn
                .prepare_cached("SELECT EXISTS (SELECT 1 FROM identifier WHERE consumer = ?1 AND shared = 0)")?
                .query_row([c.0], |r| r.get(0))?;
            if exists {
                out.insert(c);
            }
            let mut q = self.conn.prepare_cached("SELECT new FROM consumer_alias WHERE old = ?1")?;
            for next in q.query_map([c.0], |r| r.get(0).map(ConsumerId))? {
                todo.push(next?);
            }
        }
        Ok(out)
    }

    /// The strong identifiers of a consumer with the number of their classifier, ordered by hash.
    pub fn identifiers(&self, consumer: ConsumerId) -> Result<Vec<(IdHash, i64)>, IndexError> {
        let mut q =
            self.conn.prepare_cached("SELECT hash, classifier_id FROM identifier WHERE consumer = ?1 AND shared = 0 ORDER BY hash")?;
        Ok(q.query_map([consumer.0], |r| Ok((IdHash(r.get(0)?), r.get(1)?)))?.collect::<Result<_, _>>()?)
    }

    /// All sightings filed under an identifier, in published objects, current or not.
    pub fn postings(&self, id: IdHash) -> Result<Vec<PostingRow>, IndexError> {
        let mut q = self.conn.prepare_cached(&format!("{POSTING} WHERE p.hash = ?1"))?;
        let mut rows = q.query([id.0])?;
        let mut out = Vec::new();
        while let Some(r) = rows.next()? {
            out.push(posting(r)?);
        }
        Ok(out)
    }

    /// Calls `each` with identifier, classifier number, certainty and count of every posting of an object.
    pub fn postings_of_object(&self, object: i64, mut each: impl FnMut(IdHash, i64, i64, u64)) -> Result<(), IndexError> {
        let mut q = self.conn.prepare_cached("SELECT hash, classifier_id, certainty, count FROM posting WHERE object_id = ?1")?;
        let mut rows = q.query([object])?;
        while let Some(r) = rows.next()? {
            each(IdHash(r.get(0)?), r.get(1)?, r.get(2)?, r.get::<_, i64>(3)? as u64);
        }
        Ok(())
    }

    /// Per classifier number the sightings of an object that are nobody's in the field that has
    /// most: so many records at least are meant.
    pub fn unattributed_by_class(&self, object: i64) -> Result<Vec<(i64, u64)>, IndexError> {
        let mut q = self.conn.prepare_cached(
            "SELECT classifier_id, max(n) FROM (SELECT classifier_id, sum(count) AS n FROM unattributed WHERE object_id = ?1
             GROUP BY classifier_id, field_id) GROUP BY 1",
        )?;
        Ok(q.query_map([object], |r| Ok((r.get(0)?, r.get::<_, i64>(1)? as u64)))?.collect::<Result<_, _>>()?)
    }

    /// Published test values and fillers in an object.
    pub fn test_values(&self, object: i64) -> Result<u64, IndexError> {
        let sql = "SELECT coalesce(sum(test_values), 0) FROM field_summary WHERE object_id = ?1";
        Ok(self.conn.prepare_cached(sql)?.query_row([object], |r| r.get::<_, i64>(0))? as u64)
    }

    /// What the fields of current objects hold, ordered by dataset, field, classifier.
    pub fn field_summaries(&self) -> Result<Vec<FieldSummary>, IndexError> {
        let mut q = self.conn.prepare(
            "SELECT o.dataset_id, s.field_id, s.classifier_id, sum(s.sightings), sum(s.cells), max(s.confidence)
             FROM field_summary s JOIN object o ON o.id = s.object_id AND o.published = 1 AND o.ended_run IS NULL
             GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
        )?;
        let rows = q.query_map([], |r| {
            Ok(FieldSummary {
                dataset: r.get(0)?,
                field: r.get(1)?,
                classifier: r.get(2)?,
                sightings: r.get::<_, i64>(3)? as u64,
                cells: r.get::<_, i64>(4)? as u64,
                confidence: r.get(5)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Distinct consumers with a certain sighting in current objects: per dataset and field, per dataset, per classifier, and in all.
    pub fn consumer_counts(&self) -> Result<ConsumerCounts, IndexError> {
        // PERF: one pass over all postings; sets per object would answer this without reading them.
        let count = |key: &str| {
            format!(
                "SELECT {key}, count(DISTINCT i.consumer) FROM posting p JOIN object o ON o.id = p.object_id AND o.published = 1 AND o.ended_run IS NULL
                 JOIN identifier i ON i.hash = p.hash AND i.shared = 0 WHERE p.certainty <= 1 GROUP BY 1"
            )
        };
        let by = |key: &str| -> Result<HashMap<i64, u64>, IndexError> {
            let mut q = self.conn.prepare(&count(key))?;
            Ok(q.query_map([], |r| Ok((r.get(0)?, r.get::<_, i64>(1)? as u64)))?.collect::<Result<_, _>>()?)
        };
        Ok(ConsumerCounts {
            by_field: by("p.field_id")?,
            by_dataset: by("o.dataset_id")?,
            by_classifier: by("p.classifier_id")?,
            all: by("0")?.get(&0).copied().unwrap_or(0),
        })
    }

    /// The records that hold an identifier together with others, in current objects.
    pub fn links(&self, id: IdHash) -> Result<Vec<Evidence>, IndexError> {
        let mut q = self.conn.prepare_cached(
            "SELECT l.object_id, l.record, l.members FROM link_member m JOIN link l ON l.id = m.link_id
             JOIN object o ON o.id = l.object_id AND o.published = 1 AND o.ended_run IS NULL WHERE m.hash = ?1 ORDER BY l.object_id, l.record",
        )?;
        let rows = q.query_map([id.0], |r| {
            let members: Vec<u8> = r.get(2)?;
            let members = link_members(&members).map(|(c, h)| (i64::from(c), h)).collect();
            Ok(Evidence { object: r.get(0)?, row: r.get::<_, i64>(1)? as u64, members })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What current records say about the residence of an identifier's person: state and confidence.
    pub fn residences(&self, id: IdHash) -> Result<Vec<(String, f64)>, IndexError> {
        let mut q = self.conn.prepare_cached(
            "SELECT r.state, max(r.confidence) FROM residence r JOIN object o ON o.id = r.object_id AND o.published = 1 AND o.ended_run IS NULL
             WHERE r.hash = ?1 GROUP BY 1 ORDER BY 2 DESC, 1",
        )?;
        Ok(q.query_map([id.0], |r| Ok((r.get(0)?, r.get(1)?)))?.collect::<Result<_, _>>()?)
    }

    /// What was not fully read: current objects that are incomplete, and the listing failures of the newest run.
    pub fn coverage(&self) -> Result<Vec<CoverageRow>, IndexError> {
        let mut q = self.conn.prepare(
            "SELECT c.uri, c.member, c.status, c.reason, c.detail FROM coverage c LEFT JOIN object o ON o.id = c.object_id
             WHERE (o.published = 1 AND o.ended_run IS NULL) OR (c.object_id IS NULL AND c.run_id = (SELECT max(id) FROM run))
             ORDER BY c.uri, c.member, c.reason, c.id",
        )?;
        let row =
            |r: &Row<'_>| Ok(CoverageRow { uri: r.get(0)?, member: r.get(1)?, status: r.get(2)?, reason: r.get(3)?, detail: r.get(4)? });
        Ok(q.query_map([], row)?.collect::<Result<_, _>>()?)
    }

    /// Names of the datasets by number.
    pub fn datasets(&self) -> Result<HashMap<i64, String>, IndexError> {
        Ok(self.conn.prepare("SELECT id, name FROM dataset")?.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?.collect::<Result<_, _>>()?)
    }
}

/// See [`Reader::consumer_counts`].
#[derive(Clone, Debug, Default)]
pub struct ConsumerCounts {
    /// By field number (a field belongs to one dataset).
    pub by_field: HashMap<i64, u64>,
    /// By dataset number.
    pub by_dataset: HashMap<i64, u64>,
    /// By classifier number.
    pub by_classifier: HashMap<i64, u64>,
    /// In all.
    pub all: u64,
}

fn object(r: &Row<'_>) -> rusqlite::Result<ObjectRow> {
    Ok(ObjectRow {
        id: r.get(0)?,
        uri: r.get(1)?,
        version: r.get(2)?,
        size: r.get::<_, i64>(3)? as u64,
        modified: r.get(4)?,
        dataset: r.get(5)?,
        status: r.get(6)?,
        current: r.get(7)?,
        first_seen: r.get(8)?,
        last_seen: r.get(9)?,
    })
}

fn posting(r: &Row<'_>) -> Result<PostingRow, IndexError> {
    let first = r.get::<_, i64>(5)? as u64;
    let ranges = match r.get::<_, Option<Vec<u8>>>(8)? {
        Some(bytes) => decode_ranges(&bytes)?,
        None => vec![(first, first + 1)],
    };
    Ok(PostingRow {
        id: IdHash(r.get(0)?),
        object: r.get(1)?,
        field: r.get(2)?,
        classifier: r.get(3)?,
        certainty: r.get(4)?,
        count: r.get::<_, i64>(7)? as u64,
        places: PlaceList::from_kind(r.get(6)?, ranges)?,
    })
}
