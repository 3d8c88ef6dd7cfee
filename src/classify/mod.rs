//! A batch to matches: the hot path.
//!
//! Takes a [`Batch`](crate::base::Batch), gives [`Match`](crate::base::Match)es. Pure and synchronous: knows no file, no
//! network, no SQL, no thread. Classifiers are data, embedded at build.
//!
//! **One value's path.** [`definition`] reads the TOML files; `facts` derives from each regular expression which bytes a value can begin
//! with (`byteset`, `follows`, `spans`), and a table of its states (`automaton`) where that is small; `pattern` is one with its facts. Of the
//! built-in files the build has done both: `built` reads what it wrote down (`written`), and `stored` its facts. `search` turns a batch
//! into bitmaps (`marks`) and asks of a cell what is enough: it recalls what a column repeats (`memo`), what it is of (`typed`), what
//! numbers of this outline leave open (`outline`, `plan`). Else `engine` asks at every number which patterns are possible there
//! (`numbers`, `shapes`; of a `uuid` only what can begin there is tried) and behind every label (`calls`), looks up the words near where one needs them (`lookout`, `words`, `phrases`, `starts`, in any case: `letters`; what a word can begin is remembered in `glance`; the compiled set is `tables`), lets code
//! look for `names` and addresses (`address`), and verifies the few that are (`verify`; test values are `known`): boundaries (`edges`), what a label leads to (`labels`), lists (`lists`), expression, [`validators`], context (`words`,
//! `columns`, `wanted`), `confidence`; of those that overlap the better stay (`finish`). `naive` does the same without the tables and is the oracle of the tests. [`Tally`] collects what
//! a column as a whole says and settles the candidates; [`overlap`] decides who keeps bytes that several classifiers claim.
//!
//! Invariants: adding a classifier takes no code; nothing is allocated and no dynamic call is made per value; the result
//! does not depend on the order of files or on where a text was cut (given [`Classifiers::context_bytes`] of context).

mod abbreviations;
mod address;
mod alone;
#[cfg_attr(not(test), allow(dead_code, reason = "the build uses the rest of it"))]
mod automaton;
mod built;
mod byteset;
mod calls;
mod columns;
mod confidence;
pub mod definition;
mod edges;
mod engine;
mod entries;
#[cfg_attr(not(test), allow(dead_code, reason = "the build uses the rest of it"))]
mod facts;
mod finder;
mod finish;
#[cfg_attr(not(test), allow(dead_code, reason = "the build uses the rest of it"))]
mod follows;
mod glance;
mod hints;
mod known;
mod labels;
mod letters;
mod lists;
mod lookout;
pub mod macie;
mod marks;
mod memo;
mod naive;
mod names;
mod normalise;
mod numbers;
mod outline;
pub mod overlap;
mod pattern;
pub mod peers;
mod phrases;
mod plan;
pub mod protection;
mod reader;
mod search;
mod set;
mod shapes;
mod spans;
mod starts;
#[cfg_attr(not(test), allow(dead_code, reason = "the build uses the rest of it"))]
mod stored;
mod strict;
mod tables;
mod tally;
mod trial;
mod typed;
mod uuid;
pub mod validators;
mod verify;
mod wanted;
mod words;
#[cfg_attr(not(test), allow(dead_code, reason = "the build uses the rest of it"))]
mod written;

pub use definition::{Classifier, DefinitionError, Identity, Severity, SeverityLevel};
pub use normalise::Folding;
pub use search::Scratch;
pub use set::Classifiers;
pub use tally::{ColumnType, Settled, Tally};
pub use trial::ExampleFailure;
pub use verify::{FIRST_CELLS, Refusal};

#[cfg(test)]
mod tests;
