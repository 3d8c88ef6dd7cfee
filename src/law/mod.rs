//! What laws count: data elements, their categories, states of residence.
//!
//! Takes the names and values that records hold, gives what a statute calls them. The facts are tables under `data/`,
//! each with its source and date; the code here only looks them up. Knows no file, no network, no index.

mod elements;
mod residence;

pub use elements::{categories, category_name, is_element};
pub use residence::{Residence, State};
