//! Plain data that every folder speaks, and the one input trait.
//!
//! Takes nothing, gives the words of the house: [`Object`], [`Batch`], [`Match`], [`Error`], [`Secret`], [`Input`]; and
//! [`bitmap`], which tells where in a text which bytes stand.
//! Knows no file system (but for [`random_access`], which may need a file without a name, and [`WholeFile`], as which answers are
//! written), no network, no format (but for what guards the decoders of Parquet and ORC, which data, listings and the logs of tables
//! are read with), no SQL, and depends on no other folder. The names of countries and states are words of all: classifiers, telephones,
//! residence.

mod batch;
pub mod bitmap;
mod column;
mod combinations;
mod countries;
mod error;
mod hash;
mod input;
mod matches;
mod object;
pub(crate) mod orc;
pub(crate) mod pages;
mod place;
mod random;
mod seal;
mod secret;
mod spill;
mod store;
mod time;
pub(crate) mod version;
mod whole;

pub use batch::{Batch, Cell, Origin, PROSE_SCOPE, PlaceKind, ROW_SCOPE, Scope};
pub use column::{Column, Dictionary, NO_ENTRY};
pub use combinations::{Combinations, NOTHING};
pub use countries::{Country, country, country_name, state, states};
pub use error::{Error, Issue, Reason, Result};
pub use hash::{ByNumber, NumberHasher};
pub use input::{Input, MemoryInput, PeekInput, ReadAt, whole};
pub use matches::{Evidence, Match, NO_CELL, REPORTED_FROM};
pub use object::{DatasetFacts, Dialect, Hint, Object, Role};
pub use place::{At, Place};
pub use random::Random;
pub use seal::Seal;
pub use secret::Secret;
pub use spill::{Section, Spill, SpillLimits, random_access};
pub use store::{FACTS, Fact, Store};
pub use time::Timestamp;
pub use version::{old_version, unversioned, versioned};
pub use whole::{WholeFile, private_file, private_folder};
