//! The questions, one file each: what is asked, the answer as a struct, its tests.
//!
//! Takes an index opened for reading, gives plain structs that `report` turns into text or JSON. Knows no source, prints
//! nothing, and never sees a raw value except the one that the user asks for.

mod basis;
mod breach;
mod cause;
mod contacts;
mod coverage;
mod crowd;
mod diff;
mod export;
mod exposure;
mod find;
mod flows;
mod isolation;
mod known;
mod links;
mod map;
mod person;
mod protected;
mod records;
mod review;
mod sources;
mod stores;
mod turnover;
mod typed;
mod verdicts;

pub use basis::Basis;
pub use breach::{
    Anywhere, BreachAnswer, ByProtected, EvidenceAnswer, Exposed, First, Jurisdiction, LawBasis, Other, Person, Question, RuleCount,
    Tenant, TenantAnswer, affected, breach, current_in, scopes, so_far, tenants,
};
pub use contacts::{ContactBook, ContactPlace, ContactPlaces, Group, Part};
pub use coverage::{CoverageLine, coverage};
pub use diff::{Amount, Cause, Change, DiffAnswer, What, changes, diff};
pub use export::{ExportedFinding, ExportedObject, Numbers, exported, numbers};
pub use exposure::{Exposure, Gap, Names, Silence, exposure, store_holds, stored_in};
pub use find::{FindAnswer, FoundIdentifier, Met, Place, Proof, find};
pub use flows::{COMPARED, Flow, flows, lives_of};
pub use isolation::{Borders, IsolationAnswer, Leak, Region, Residents, Template, TenantPeople, Told, isolation, leaks};
pub use known::{KnownPerson, known};
pub use links::{Key, LinksAnswer, links};
pub use map::{Dataset, Field, FieldClassifier, FieldState, Kind, MapAnswer, Pile, TARGET, map};
pub use person::known_identifiers;
pub use protected::{People, ProtectedPeople};
pub use records::{Activity, ActivityFound, CategoryFound, DatasetFound, Processing, RecordsAnswer, Retention, records};
pub use review::{Chosen, Drawn, Finding, choose, draw, few, wilson};
pub use sources::{SourceDataset, kinds_of_datasets, sources};
pub use stores::StoreAnswer;
pub use turnover::Turnover;
pub use typed::{Asked, unheard};
pub use verdicts::{Judged, Verdict, Verdicts, Word};
