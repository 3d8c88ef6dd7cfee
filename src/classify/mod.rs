//! A batch to matches: the hot path.
//!
//! Takes a [`Batch`](crate::base::Batch), gives [`Match`](crate::base::Match)es. Pure and synchronous: knows no file, no
//! network, no SQL, no thread. Classifiers are data, embedded at build.
//!
//! **One value's path.** [`definition`] reads the TOML files; `pattern` compiles each regular expression and derives from it
//! which bytes a value can begin with, and a table of its states (`automaton`) where that is small; `engine` walks a region
//! (a cell, or the whole text) once, asks a table of those bytes at every token's start which patterns are possible there,
//! and verifies the few that are (`verify`): boundaries (`edges`), expression, [`validators`], context (`keywords`,
//! `columns`), `confidence`. `naive` does the same without the tables and is the oracle of the tests. [`Tally`] collects what
//! a column as a whole says and settles the candidates; [`overlap`] decides who keeps bytes that several classifiers claim.
//!
//! Invariants: adding a classifier takes no code; nothing is allocated and no dynamic call is made per value; the result
//! does not depend on the order of files or on where a text was cut (given [`Classifiers::context_bytes`] of context).

mod alone;
mod automaton;
mod columns;
mod confidence;
pub mod definition;
mod edges;
mod engine;
mod keywords;
mod naive;
mod normalise;
pub mod overlap;
mod pattern;
pub mod protection;
mod set;
mod tally;
pub mod validators;
mod verify;

pub use definition::{Classifier, DefinitionError, Identity, Severity};
pub use engine::{Refusal, Scratch};
pub use set::{Classifiers, ExampleFailure};
pub use tally::{ColumnType, Settled, Tally};

#[cfg(test)]
mod tests;
