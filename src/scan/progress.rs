//! How far a run has come, as counters that any thread may read.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Counters of a run. All only grow, except `waiting` and `asking`.
#[derive(Debug, Default)]
pub struct Counters {
    /// Another run is at work on the index; this one has not begun.
    pub waiting: AtomicBool,
    /// Objects listed so far.
    pub listed: AtomicU64,
    /// Objects listed that are to be read first, unchanged ones among them.
    pub first: AtomicU64,
    /// Of these, those to read in this run; complete when `to_read` is.
    pub first_to_read: AtomicU64,
    /// All of these are read and published.
    pub first_read: AtomicBool,
    /// Objects to read in this run; 0 until the listing is complete.
    pub to_read: AtomicU64,
    /// Their stored bytes.
    pub bytes_to_read: AtomicU64,
    /// Objects done.
    pub done: AtomicU64,
    /// Stored bytes fetched. Formats with random access may fetch less than the whole.
    pub bytes: Arc<AtomicU64>,
    /// Sightings found.
    pub sightings: AtomicU64,
    /// Objects not fully read.
    pub incomplete: AtomicU64,
    /// Somebody is asked whether the run may go on.
    pub asking: AtomicBool,
    /// Objects are read, the consumers are being settled.
    pub settling: AtomicBool,
}

impl Counters {
    pub(super) fn add(counter: &AtomicU64, n: u64) {
        counter.fetch_add(n, Ordering::Relaxed);
    }
}
