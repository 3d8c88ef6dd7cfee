//! What people said of random findings, and what a random choice needs to know.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rusqlite::{Connection, OptionalExtension, params};

use super::entries::Entry;
use super::error::IndexError;
use super::places::{PlaceList, decode_ranges};
use super::postings;
use super::reader::{Reader, blob};
use super::writer::Writer;
use crate::base::Timestamp;

const TABLES: &str = include_str!("review.sql");

/// Creates the tables.
pub(super) fn tables(conn: &Connection) -> Result<(), IndexError> {
    Ok(conn.execute_batch(TABLES)?)
}

/// The outcome of a review: numbers alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Review {
    /// When it ended; milliseconds since the epoch.
    pub at: i64,
    /// The newest completed run then.
    pub run: Option<i64>,
    /// Fingerprint of that run's classifiers.
    pub classifier_set: String,
    /// Repeats the choice.
    pub seed: u32,
    /// Pattern of the datasets that it was confined to.
    pub scope: Option<String>,
    /// By classifier: findings judged, and of these, right ones.
    pub findings: BTreeMap<String, (u64, u64)>,
    /// Non-findings judged, and of these, those that should have been found.
    pub non_findings: (u64, u64),
    /// Shown and not judged.
    pub skipped: u64,
}

impl Review {
    /// Findings judged, and of these, right ones.
    pub fn all_findings(&self) -> (u64, u64) {
        self.findings.values().fold((0, 0), |all, f| (all.0 + f.0, all.1 + f.1))
    }
}

/// A current object that was read to its end.
#[derive(Clone, Debug)]
pub struct ReadObject {
    /// Its number.
    pub id: i64,
    /// Keyed hash of its true uri.
    pub uri_hash: [u8; 16],
    /// Its version.
    pub version: String,
    /// Its dataset.
    pub dataset: String,
    /// Bytes after decompression.
    pub decoded: u64,
    /// Sightings by number of field and classifier.
    pub sightings: Vec<((i64, i64), u64)>,
}

impl Writer {
    /// Keeps the outcome of a review.
    pub fn keep_review(&mut self, r: &Review) -> Result<(), IndexError> {
        let tx = self.conn.transaction()?;
        tx.execute(
            "INSERT INTO review (at, run, classifier_set, seed, scope, non_findings, missed, skipped) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![r.at, r.run, r.classifier_set, r.seed, r.scope, r.non_findings.0 as i64, r.non_findings.1 as i64, r.skipped as i64],
        )?;
        let id = tx.last_insert_rowid();
        for (classifier, (judged, correct)) in &r.findings {
            tx.execute("INSERT INTO review_findings VALUES (?1, ?2, ?3, ?4)", params![id, classifier, *judged as i64, *correct as i64])?;
        }
        Ok(tx.commit()?)
    }
}

impl Reader {
    /// The newest review (as of then, if a moment in the past was asked for); `None`: there was none.
    pub fn last_review(&self) -> Result<Option<Review>, IndexError> {
        let until = self.review_limit()?;
        let n = |v: i64| v as u64;
        let row = self
            .conn
            .query_row(
                "SELECT id, at, run, classifier_set, seed, scope, non_findings, missed, skipped FROM review WHERE at <= ?1 ORDER BY id DESC LIMIT 1",
                [until],
                |r| {
                    let review = Review {
                        at: r.get(1)?,
                        run: r.get(2)?,
                        classifier_set: r.get(3)?,
                        seed: r.get(4)?,
                        scope: r.get(5)?,
                        findings: BTreeMap::new(),
                        non_findings: (n(r.get(6)?), n(r.get(7)?)),
                        skipped: n(r.get(8)?),
                    };
                    Ok((r.get::<_, i64>(0)?, review))
                },
            )
            .optional()?;
        let Some((id, mut review)) = row else { return Ok(None) };
        let mut q = self.conn.prepare("SELECT classifier, judged, correct FROM review_findings WHERE review_id = ?1")?;
        review.findings = q.query_map([id], |r| Ok((r.get(0)?, (n(r.get(1)?), n(r.get(2)?)))))?.collect::<Result<_, _>>()?;
        Ok(Some(review))
    }

    /// Until when reviews count.
    fn review_limit(&self) -> Result<i64, IndexError> {
        use super::asof::AsOf;
        Ok(match self.asked() {
            None => i64::MAX,
            Some(AsOf::Time(Timestamp(t))) => t,
            // What was said before the next run began.
            Some(AsOf::Run(run)) => self
                .conn
                .query_row("SELECT min(started) FROM run WHERE id > ?1", [run], |r| r.get::<_, Option<i64>>(0))?
                .unwrap_or(i64::MAX),
        })
    }

    /// The current objects that were read to their end, ordered by number, with what was found in them.
    pub fn read_objects(&self) -> Result<Vec<ReadObject>, IndexError> {
        self.read_objects_that("")
    }

    /// Up to `most` of them, by chance, of one dataset: those in which something was found, up to so many bytes (decompressed).
    pub fn some_read_objects(&self, dataset: &str, largest: u64, most: usize) -> Result<Vec<ReadObject>, IndexError> {
        let mut q = self.conn.prepare(
            "SELECT o.id FROM object o JOIN dataset d ON d.id = o.dataset_id
             WHERE d.name = ?1 AND o.decoded <= ?2 AND o.published = 1 AND o.ended_run IS NULL AND o.status = 'read'
             AND EXISTS (SELECT 1 FROM field_summary s WHERE s.object_id = o.id AND s.sightings > 0) ORDER BY random() LIMIT ?3",
        )?;
        let largest = i64::try_from(largest).unwrap_or(i64::MAX);
        let ids = q.query_map(params![dataset, largest, most as i64], |r| r.get::<_, i64>(0))?;
        let ids: Vec<String> = ids.map(|id| id.map(|n| n.to_string())).collect::<Result<_, _>>()?;
        self.read_objects_that(&format!("AND o.id IN ({})", ids.join(", ")))
    }

    /// Those that a further condition of SQL leaves, written here alone.
    fn read_objects_that(&self, condition: &str) -> Result<Vec<ReadObject>, IndexError> {
        let mut sightings: HashMap<i64, Vec<((i64, i64), u64)>> = HashMap::new();
        let mut q = self.conn.prepare(&format!(
            "SELECT s.object_id, s.field_id, s.classifier_id, s.sightings FROM field_summary s JOIN object o ON o.id = s.object_id
             WHERE o.published = 1 AND o.ended_run IS NULL AND o.status = 'read' AND s.sightings > 0 {condition} ORDER BY 1, 2, 3",
        ))?;
        let mut rows = q.query([])?;
        while let Some(r) = rows.next()? {
            sightings.entry(r.get(0)?).or_default().push(((r.get(1)?, r.get(2)?), r.get::<_, i64>(3)? as u64));
        }
        let mut q = self.conn.prepare(&format!(
            "SELECT o.id, o.uri_hash, o.version, d.name, o.decoded FROM object o JOIN dataset d ON d.id = o.dataset_id
             WHERE o.published = 1 AND o.ended_run IS NULL AND o.status = 'read' {condition} ORDER BY 1",
        ))?;
        let rows = q.query_map([], |r| {
            let id = r.get(0)?;
            Ok(ReadObject {
                id,
                uri_hash: r.get(1)?,
                version: r.get(2)?,
                dataset: r.get(3)?,
                decoded: r.get::<_, i64>(4)? as u64,
                sightings: sightings.remove(&id).unwrap_or_default(),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Calls `each` with number of field and classifier and the places of everything that was found in an object.
    pub fn places_in(&self, object: i64, mut each: impl FnMut(i64, i64, &PlaceList)) -> Result<(), IndexError> {
        postings::entries_of_object(&self.conn, &self.shapes, object, &mut |entry| {
            if let Entry::Sightings { field, classifier, places, .. } = entry {
                each(field, classifier, &places);
            }
        })?;
        let mut q =
            self.conn.prepare_cached("SELECT field_id, classifier_id, kind, places FROM unattributed WHERE object_id = ?1 ORDER BY id")?;
        let mut rows = q.query([object])?;
        while let Some(r) = rows.next()? {
            each(r.get(0)?, r.get(1)?, &PlaceList::from_kind(r.get(2)?, decode_ranges(blob(r, 3)?)?)?);
        }
        Ok(())
    }

    /// Fields of an object that hold values which do not count as found: masked, allowed.
    pub fn fields_with_states(&self, object: i64) -> Result<BTreeSet<i64>, IndexError> {
        let mut q = self.conn.prepare_cached("SELECT DISTINCT field_id FROM field_state WHERE object_id = ?1")?;
        Ok(q.query_map([object], |r| r.get(0))?.collect::<Result<_, _>>()?)
    }
}
