//! The index file: one SQLite database that says what lies where, and whose it is.
//!
//! Takes the published output of object scans through [`Writer`], gives answers through [`Reader`]. The only folder that
//! knows SQLite and the tables; the big relations (postings) are hidden behind it, so that they can be stored
//! differently without anybody noticing. Knows no source, no format, no classifier beyond its id.
//!
//! One process writes ([`Writer`] holds a lock file that says who it is); readers are never blocked. An object counts once it is
//! *published*: its rows are written with the object unpublished, in any number of steps, and one transaction publishes
//! it together with the end of the version it replaces. What a killed run left unpublished is removed by the next.

mod answers;
mod asof;
mod audit;
#[cfg(test)]
mod care_tests;
mod check;
mod consumers;
mod decided;
mod digest;
mod entries;
mod error;
mod export;
mod exposure;
mod file;
mod findings;
mod forget;
#[cfg(test)]
mod histories_tests;
mod input;
mod journal;
mod keys;
mod lock;
mod places;
mod prune;
mod publish;
mod reader;
mod review;
mod schema;
mod sql;
mod surroundings;
#[cfg(test)]
mod tests;
mod writer;

pub use answers::{ConsumerCounts, CoverageRow, Evidence, FieldSummary, Gap, ObjectRow, Owner, PostingRow, RunRow, RunStatus};
pub use asof::AsOf;
pub use audit::{AuditError, AuditHead, AuditLine, audit_append, audit_check, audit_path};
pub use check::CheckReport;
pub use decided::{FieldState, StateCount};
pub use error::IndexError;
pub use export::Exported;
pub use file::rotate;
pub use findings::{ObjectFacts, ObjectFinding};
pub use forget::Forgotten;
pub use input::{FieldCount, Known, Listed, Piece, PieceField, Posting, Published, RunTotals, Unattributed, WriteLink};
pub use keys::{Ends, StoredPair};
pub use places::{PlaceList, decode_ranges, encode_ranges, tidy as tidy_ranges};
pub use prune::{Compacted, Pruned};
pub use reader::Reader;
pub use review::{ReadObject, Review};
pub use schema::FORMAT;
pub use sql::{Cell, VIEWS};
pub use surroundings::{DatasetNote, Note};
pub use writer::{ObjectId, Writer};
