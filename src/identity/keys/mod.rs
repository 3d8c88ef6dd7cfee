//! Key columns: tables without an e-mail address still hold consumers, by `customer_id`.
//!
//! A key column is declared, or discovered: a column whose values are contained in the key of a dataset that also holds strong
//! identifiers. Discovery never compares values, only small samples of their keyed hashes ([`ColumnSample`]): the smallest
//! hashes of a column are the same in every column that holds the same values, so two samples tell how much of one column
//! lies in another, and whether the rows of both name the same person. [`discover`] decides from all samples together, so that
//! the result does not depend on the order in which objects were read. What is accepted is read as an identifier of the
//! key's own namespace: order 17 and customer 17 never meet.

mod active;
mod discover;
mod names;
mod relation;
mod sample;
mod value;

pub use active::{ActiveKeys, CellCount, KeyCells, Namespace, SampledCell, is_key_class};
pub use discover::{Column, Decision, Declared, KeyColumn, KeyOptions, discover};
pub use names::{is_candidate, key_name};
pub use relation::{KeyPair, Status, Verdict};
pub use sample::{ColumnSample, SAMPLE, Seen};
pub use value::key_value;
