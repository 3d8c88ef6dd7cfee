//! piimap finds personal information in stored data and remembers whose it is.
#![warn(missing_docs)]

pub mod base;
pub mod classify;
pub mod cli;
pub mod container;
pub mod format;
pub mod identity;
pub mod index;
pub mod law;
pub mod query;
pub mod report;
pub mod scan;
pub mod source;
