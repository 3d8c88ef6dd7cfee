//! What can go wrong with the index file, in words that say what to do.

use std::path::PathBuf;

/// Why the index cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// No index at this path.
    #[error("there is no index at {0}; run `piimap scan SOURCE --index {0}` first", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The file is no piimap index.
    #[error("{} is not a piimap index", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// Written by another version of piimap.
    #[error("{} has index format {found}, this piimap reads format {known}; use the piimap that wrote it, or scan into a new index", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// The key does not belong to this index.
    #[error(
        "the key (fingerprint {given}) is not the key of this index (fingerprint {wanted}); name the right one with --key-file or PIIMAP_KEY"
    )]
    WrongKey {
        /// Fingerprint of the key that was given.
        given: String,
        /// Fingerprint of the key that the index was made with.
        wanted: String,
    },
    /// Another run is writing.
    #[error("another piimap is writing to {} ({owner}); try again when it has ended, or let `piimap scan --wait` wait for it", path.display())]
    Busy {
        /// The index.
        path: PathBuf,
        /// Who it is, for people.
        owner: String,
    },
    /// A run on legal hold saw what was to be removed.
    #[error("run {run} is on legal hold ({reason}) and saw it: nothing was removed; `piimap index release {run}` ends the hold")]
    Held {
        /// The run.
        run: i64,
        /// Why it is held.
        reason: String,
    },
    /// A query that is not one, or that would write.
    #[error("{0}")]
    Query(String),
    /// An answer that would take too much memory.
    #[error(
        "{people} people and {facts} tenants, regions, processing activities or kinds of them are more than are held in memory at once (1 GiB); name fewer in piimap.toml"
    )]
    TooMany {
        /// Everybody of the index.
        people: u64,
        /// What is asked of each, as far as it was counted.
        facts: u64,
    },
    /// A table could not be exported.
    #[error("the export failed: {0}")]
    Export(String),
    /// No such run.
    #[error("there is no run {0}; `piimap runs` lists them")]
    NoRun(i64),
    /// The key machinery failed.
    #[error(transparent)]
    Key(#[from] crate::identity::KeyError),
    /// The operating system refused a file.
    #[error("{}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What it said.
        source: std::io::Error,
    },
    /// SQLite failed. Its messages name tables and columns, never bound values.
    #[error("the index could not be read or written")]
    Sql(#[source] rusqlite::Error),
    /// The disk is full or refuses.
    #[error(
        "the disk has no room for the index or refuses to write it; nothing that was published is lost: make room, then run the same command again"
    )]
    Disk(#[source] rusqlite::Error),
    /// The file or its folder cannot be written.
    #[error("the index cannot be written: the file or its folder is read-only")]
    ReadOnly(#[source] rusqlite::Error),
    /// A stored value breaks the rules of the format.
    #[error("the index is damaged: {0}; `piimap index check` says more; restore an older copy of the file, or scan into a new index")]
    Damaged(&'static str),
    /// A run ended while two states were read, so that their numbers differ.
    #[error("a run ended while two states of the index were read; ask again")]
    Moved,
}

impl From<rusqlite::Error> for IndexError {
    fn from(e: rusqlite::Error) -> IndexError {
        match e.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => IndexError::Disk(e),
            // Extended codes: writing, truncating, syncing; a limit on the size of files shows as such.
            Some(rusqlite::ErrorCode::SystemIoFailure)
                if matches!(e.sqlite_extended_error_code(), Some(778 | 1034 | 1290 | 1546 | 4618 | 4874)) =>
            {
                IndexError::Disk(e)
            }
            Some(rusqlite::ErrorCode::ReadOnly) => IndexError::ReadOnly(e),
            Some(rusqlite::ErrorCode::DatabaseCorrupt) => IndexError::Damaged("SQLite cannot read it"),
            _ => IndexError::Sql(e),
        }
    }
}
