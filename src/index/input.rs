//! What the writer takes, and what it knows already.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use rusqlite::Connection;

use super::decided::StateCount;
use super::error::IndexError;
use super::places::PlaceList;
use crate::base::{Object, Reason, Timestamp};
use crate::identity::keys::ColumnSample;
use crate::identity::{Certainty, Groups, IdHash};
use crate::law::Residence;

/// An object as it enters the index.
#[derive(Clone, Debug)]
pub struct Listed {
    /// What the source listed; its uri is the true one and is stored only if it shows no personal data.
    pub object: Object,
    /// The uri to show: equal to the true one unless that holds personal data.
    pub shown: String,
    /// The dataset's name, without personal data.
    pub dataset: String,
    /// Tells the rules that concern the object besides the classifiers; when it changes the object is read again.
    pub rules: String,
}

/// What the index knows of a current object, to decide whether it must be read again.
#[derive(Clone, Debug)]
pub struct Known {
    pub(super) id: i64,
    /// The version that was read.
    pub version: Box<str>,
    /// When that was modified.
    pub modified: Option<Timestamp>,
    /// The classifiers it was read with.
    pub classifier_set: Arc<str>,
    /// It is an old version that was listed beside the current one, and nothing has told when it ended.
    pub open_end: bool,
    /// Whether it was not read for a reason that may have passed.
    pub retry: bool,
    /// Whether it was read in part only, or not at all.
    pub incomplete: bool,
    /// The key columns it was read with ([`crate::identity::keys::ActiveKeys::fingerprint`]).
    pub keys: Arc<str>,
}

/// See [`super::Writer::known`].
pub(super) fn known(conn: &Connection) -> Result<HashMap<[u8; 16], Known>, IndexError> {
    let mut q = conn.prepare(
        "SELECT uri_hash, id, version, classifier_set, retry, status, keys, version_of IS NOT NULL AND until IS NULL, modified FROM object LEFT JOIN object_keys ON object_id = id
             WHERE ended_run IS NULL AND published = 1",
    )?;
    // PERF: of millions of objects most say the same of classifiers and keys.
    let mut said: HashSet<Arc<str>> = HashSet::new();
    let mut once = |text: &str| match said.get(text) {
        Some(known) => known.clone(),
        None => {
            let text: Arc<str> = text.into();
            said.insert(text.clone());
            text
        }
    };
    let mut out = HashMap::new();
    let mut rows = q.query([])?;
    while let Some(r) = rows.next()? {
        let known = Known {
            id: r.get(1)?,
            version: r.get(2)?,
            modified: r.get::<_, Option<i64>>(8)?.map(Timestamp),
            classifier_set: once(r.get_ref(3)?.as_str().map_err(rusqlite::Error::from)?),
            open_end: r.get(7)?,
            retry: r.get(4)?,
            incomplete: r.get_ref(5)?.as_str().map_err(rusqlite::Error::from)? != "read",
            keys: once(r.get_ref(6)?.as_str_or_null().map_err(rusqlite::Error::from)?.unwrap_or_default()),
        };
        out.insert(r.get(0)?, known);
    }
    Ok(out)
}

/// Sightings of one field and classifier under one identifier.
#[derive(Clone, Debug)]
pub struct Posting {
    /// The identifier.
    pub id: IdHash,
    /// The field's number in the object, see [`Piece::fields`].
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

/// A sighting in one row under one identifier: a [`Posting`] that needs no list of places. There may be several of one identifier, and
/// of one row.
#[derive(Clone, Copy, Debug)]
pub struct Single {
    /// The identifier.
    pub id: IdHash,
    /// The field's number in the object, see [`Piece::fields`].
    pub field: u32,
    /// Index into the classifier set of the run.
    pub classifier: u16,
    /// How sure it is.
    pub certainty: Certainty,
    /// The row.
    pub row: u64,
}

/// Sightings that are nobody's.
#[derive(Clone, Debug)]
pub struct Unattributed {
    /// The field's number in the object, see [`Piece::fields`].
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

/// A field of an object or of one of its members.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PieceField {
    /// The member's path as shown; `None` for the object itself.
    pub member: Option<String>,
    /// The name as shown; `""` is running text.
    pub name: String,
}

/// A part of an object's sightings. Pieces of several objects may come mixed.
#[derive(Clone, Debug, Default)]
pub struct Piece {
    /// Fields that no earlier piece of the object named; all of them together are numbered from 0 in the order they came.
    pub fields: Vec<PieceField>,
    /// Sightings that have an owner.
    pub postings: Vec<Posting>,
    /// More of them, in one row each.
    pub singles: Vec<Single>,
    /// Sightings that have none.
    pub unattributed: Vec<Unattributed>,
    /// Links.
    pub links: Vec<WriteLink>,
    /// More of them, as they were found.
    pub groups: Groups,
    /// Weak identifier, strong identifier beside it.
    pub weak: Vec<(IdHash, IdHash)>,
    /// Identifier, classifier (index into the run's set) and state (of `classify::protection::Protection::ALL`) of a protected
    /// value in its record, and whether that is certain.
    pub protected: Vec<(IdHash, u16, u8, bool)>,
    /// Residences named by records.
    pub residences: Vec<(IdHash, Residence)>,
}

/// What one field of an object holds of one kind.
#[derive(Clone, Copy, Debug)]
pub struct FieldCount {
    /// The field's number in the object.
    pub field: u32,
    /// Index into the classifier set of the run.
    pub classifier: u16,
    /// Sightings.
    pub sightings: u64,
    /// Of these, published test values and fillers.
    pub test_values: u64,
    /// Values of the field that are not empty; 0 in running text.
    pub cells: u64,
    /// The highest confidence.
    pub confidence: f32,
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
    /// What its fields hold.
    pub summaries: Vec<FieldCount>,
    /// What they hold that does not count as found.
    pub states: Vec<StateCount>,
    /// Samples of the columns that may be keys: the field's number in the object, sample with classes of the run's set.
    pub keys: Vec<(u32, ColumnSample)>,
    /// What was not read, with the member's path as shown.
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
