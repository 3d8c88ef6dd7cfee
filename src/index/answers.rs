//! What the reader gives.

use std::collections::HashMap;

use super::input::RunTotals;
use super::places::PlaceList;
use crate::identity::{ConsumerId, IdHash};

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
    /// When it was overwritten or deleted, of a version that was listed beside the current one, as the storage says.
    pub until: Option<i64>,
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
    /// The object's number.
    pub object: i64,
    /// The field's number; see [`super::Reader::field_names`].
    pub field: i64,
    /// The classifier's number; see [`super::Reader::classifiers`].
    pub classifier: i64,
    /// As [`crate::identity::Certainty`] counts.
    pub certainty: i64,
    /// Number of sightings.
    pub count: u64,
    /// Where.
    pub places: PlaceList,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunStatus {
    /// It is at work.
    Running,
    /// To its end.
    Completed,
    /// It was asked to stop; what it had read counts.
    Stopped,
    /// Its process was killed or its machine went down; what it had published counts.
    Killed,
}

impl RunStatus {
    /// `running`, `completed`, `stopped`, `killed`.
    pub fn name(self) -> &'static str {
        match self {
            RunStatus::Running => "running",
            RunStatus::Completed => "completed",
            RunStatus::Stopped => "stopped",
            RunStatus::Killed => "killed",
        }
    }
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
    /// When it completed or was stopped.
    pub ended: Option<i64>,
    /// How it ended.
    pub status: RunStatus,
    /// Why nothing that it saw may be removed.
    pub hold: Option<String>,
    /// Fingerprint of the classifiers.
    pub classifier_set: String,
    /// What it was asked to read.
    pub sources: Vec<String>,
    /// What it did.
    pub totals: RunTotals,
    /// Folders, prefixes and names that it could not list, while that is kept.
    pub unlisted: u64,
}

/// Something that an answer for a moment in the past cannot know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// `run_incomplete`, `before_first_run`, `after_newest_run`, `uncertain`, `pruned`.
    pub kind: &'static str,
    /// How many objects it concerns, where they can be counted.
    pub objects: Option<u64>,
    /// One line for people.
    pub detail: String,
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

/// What answers lack, in numbers: objects apart from what could not be listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Missing {
    /// Current objects of which something could not be read, or could not be read again; each once.
    pub objects: u64,
    /// Of these, those of which nothing is known.
    pub unread: u64,
    /// Of these, those read in part.
    pub partial: u64,
    /// Folders, prefixes and names (links, pipes) that the newest run could not list.
    pub unlisted: u64,
    /// Objects that it listed and did not reach before it was stopped.
    pub unreached: u64,
    /// What was left out because somebody wanted it so, or what no source takes in: no gap.
    pub chosen: u64,
    /// Runs that did not come to their end.
    pub unended: Vec<Unended>,
}

impl Missing {
    /// All that was listed or to be listed and is not known completely; 0: nothing is missing.
    pub fn total(&self) -> u64 {
        self.objects + self.unlisted + self.unreached + self.unended.len() as u64
    }
}

/// A run that was killed or is at work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unended {
    /// Its number.
    pub run: i64,
    /// `Running` or `Killed`.
    pub status: RunStatus,
    /// Those of its sources that no later run has gone through, as shown.
    pub sources: Vec<String>,
}

/// Whom an identifier names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// One consumer, who has no other identifier.
    Alone(ConsumerId),
    /// One consumer, who has others.
    Linked(ConsumerId),
    /// Shared by several people (a support address, a household's telephone): nobody in particular.
    Several,
}

impl Owner {
    /// The one consumer; `None` for several.
    pub fn consumer(self) -> Option<ConsumerId> {
        match self {
            Owner::Alone(c) | Owner::Linked(c) => Some(c),
            Owner::Several => None,
        }
    }
}

/// See [`super::Reader::consumer_counts`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConsumerCounts {
    /// By field number (a field belongs to one dataset).
    pub by_field: HashMap<i64, u64>,
    /// By dataset number.
    pub by_dataset: HashMap<i64, u64>,
    /// By classifier number.
    pub by_classifier: HashMap<i64, u64>,
    /// In all.
    pub all: u64,
    /// By dataset number, where they live: the state that records say with most certainty, `None` where none does. Ordered by state.
    pub lives: HashMap<i64, Vec<(Option<[u8; 2]>, u64)>>,
}
