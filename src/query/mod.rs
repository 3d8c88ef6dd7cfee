//! The questions, one file each: what is asked, the answer as a struct, its tests.
//!
//! Takes an index opened for reading, gives plain structs that `report` turns into text or JSON. Knows no source, prints
//! nothing, and never sees a raw value except the one that the user asks for.

mod basis;
mod breach;
mod coverage;
mod find;
mod links;
mod map;
mod person;
mod protected;
mod verdicts;

pub use basis::Basis;
pub use breach::{BreachAnswer, Jurisdiction, Numbers, Person, Scope, breach};
pub use coverage::{CoverageLine, coverage};
pub use find::{Asked, FindAnswer, FoundIdentifier, Place, Proof, find};
pub use links::{Key, LinksAnswer, links};
pub use map::{Dataset, Field, FieldClassifier, FieldState, Kind, MapAnswer, Pile, TARGET, map};
pub use person::known_identifiers;
pub use protected::{People, ProtectedPeople, protected};
pub use verdicts::{Judged, Verdict, Verdicts, Word};
