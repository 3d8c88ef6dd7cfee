//! The tables, and how a file is recognised as ours.

use std::path::Path;

use rusqlite::Connection;

use super::IndexError;

/// The format this code writes and reads, in `PRAGMA user_version`.
pub const FORMAT: i64 = 8;

/// `PRAGMA application_id` of an index: the bytes "PIIM".
const APPLICATION: i64 = 0x5049_494d;

const TABLES: &str = include_str!("schema.sql");

/// Creates the tables in an empty file. The caller has a transaction open: an index is made whole, with its key, or not at all.
pub(super) fn create(conn: &Connection) -> Result<(), IndexError> {
    conn.execute_batch(&format!("{TABLES}\nPRAGMA application_id = {APPLICATION};\nPRAGMA user_version = {FORMAT};"))?;
    Ok(())
}

/// Whether the file has no tables yet, and nobody has said whose it is.
pub(super) fn is_empty(conn: &Connection, path: &Path) -> Result<bool, IndexError> {
    let none = conn.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |r| r.get(0)).map_err(|e| foreign(e, path))?;
    Ok(none && pragma(conn, "application_id", path)? == 0 && pragma(conn, "user_version", path)? == 0)
}

fn pragma(conn: &Connection, name: &str, path: &Path) -> Result<i64, IndexError> {
    conn.query_row(&format!("PRAGMA {name}"), [], |r| r.get(0)).map_err(|e| foreign(e, path))
}

/// Refuses files of others and of other formats.
pub(super) fn check(conn: &Connection, path: &Path) -> Result<(), IndexError> {
    if pragma(conn, "application_id", path)? != APPLICATION {
        return Err(IndexError::Foreign { path: path.to_owned() });
    }
    match pragma(conn, "user_version", path)? {
        FORMAT => Ok(()),
        found => Err(IndexError::Format { path: path.to_owned(), found, known: FORMAT }),
    }
}

fn foreign(e: rusqlite::Error, path: &Path) -> IndexError {
    match e.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase) => IndexError::Foreign { path: path.to_owned() },
        _ => e.into(),
    }
}
