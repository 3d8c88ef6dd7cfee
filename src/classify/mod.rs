//! A batch to matches: the hot path.
//!
//! Takes a [`Batch`](crate::base::Batch), gives [`Match`](crate::base::Match)es. Pure and synchronous: knows no file, no
//! network, no SQL, no thread. Classifiers are data, embedded at build.
