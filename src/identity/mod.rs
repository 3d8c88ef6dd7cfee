//! Matches to identifiers, identifiers of one record to consumers.
//!
//! Takes a batch and its matches, gives hits that hold keyed hashes in the place of values, links between the
//! identifiers of one record, and the partition of all identifiers into consumers. A raw value goes in, only its hash
//! comes out. Knows no file, no network, no SQL; [`Kernel`] is pure and may be called from any thread or process.

mod allow;
mod beside;
mod clues;
mod groups;
mod kernel;
mod key;
pub mod keys;
mod lanes;
mod linker;
mod partition;
mod refile;
mod spread;

pub use allow::{AllowError, AllowedValue, Allower};
pub use beside::Beside;
pub use groups::{Certainty, Group, Groups};
pub use kernel::{Allowed, Hit, Kernel, NO_FIELD, Named};
pub use key::{AsIs, ById, ConsumerId, Hasher, IdHash, Key, KeyError};
pub use lanes::Identifiers;
pub use linker::{Anchor, Linked, Linker, Row};
pub use partition::{Class, Partition, strength_rank};
