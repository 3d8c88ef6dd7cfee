//! The index file: one SQLite database that says what lies where, and whose it is.
//!
//! Takes the published output of object scans through [`Writer`], gives answers through [`Reader`]. The only folder that
//! knows SQLite and the tables. What people ask for in SQL lies in readable tables; the big relation, what objects say about
//! identifiers, is packed into segments (`postings`), where a look-up costs two pages a segment and a question about objects
//! reads their sets of people; who is who (`standing`) and the records that prove it (`links`) lie in blocks as well (`packed`).
//! Knows no source, no format, no classifier beyond its id.
//!
//! One process writes ([`Writer`] holds a lock file that says who it is); readers are never blocked. An object counts once it is
//! *published*: its rows are written with the object unpublished, in any number of steps, and one transaction publishes
//! it together with the end of the version it replaces. What a killed run left unpublished is removed by the next. Each commit
//! of a run leaves one segment; the end of the run makes one of them all and of what waits then, and says whose each of its identifiers is (`whose`), where people live
//! (`lives`) and how many they are (`counted`): of the people whom the run touched (`renumber`, `recount`), of all where these are many or not known.

mod answers;
mod asof;
mod audit;
#[cfg(test)]
mod care_tests;
mod check;
mod checkpoint;
mod clock;
mod consumers;
mod counted;
mod decided;
mod digest;
mod distinct;
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
mod links;
mod listings;
mod lives;
mod lock;
mod missing;
mod ordinals;
mod packed;
mod people;
mod pieces;
mod places;
mod postings;
mod prune;
mod publish;
mod reader;
mod readings;
mod recount;
#[cfg(test)]
mod recount_tests;
mod region;
mod renumber;
mod review;
mod rows;
mod schema;
mod seen;
#[cfg(test)]
mod settle_tests;
mod sql;
mod standing;
mod stores;
mod surroundings;
#[cfg(test)]
mod tests;
mod whose;
mod writer;

pub use answers::{
    ConsumerCounts, CoverageRow, Evidence, FieldSummary, Gap, Missing, ObjectRow, Owner, PostingRow, RunRow, RunStatus, Unended,
};
pub use asof::AsOf;
pub use audit::{AuditChecked, AuditError, AuditHead, AuditLine, audit_append, audit_check, audit_exists};
pub use check::{CheckReport, check};
pub use clock::Clock;
pub use decided::{FieldState, StateCount};
pub use error::IndexError;
pub use export::Exported;
pub use file::rotate;
pub use findings::{ObjectFacts, ObjectFinding};
pub use forget::Forgotten;
pub use input::{FieldCount, Known, Listed, Piece, PieceField, Posting, Published, RunTotals, Single, Unattributed, WriteLink};
pub use journal::Mark;
pub use keys::{Ends, StoredPair};
pub use lives::Home;
pub use people::{Numbers, PeopleList, Said};
pub use places::{PlaceList, decode_ranges, encode_ranges, tidy as tidy_ranges};
pub use prune::{Compacted, Pruned};
pub use reader::Reader;
pub use review::{ReadObject, Review};
pub use schema::FORMAT;
pub use sql::{Cell, VIEWS};
pub use stores::StoreFact;
pub use surroundings::{DatasetNote, Note};
pub use whose::{ByNumber, Numbering, Whose};
pub use writer::{ObjectId, Writer};
