//! Where people live, apart from all else: questions about people read all of it and little more.

use rusqlite::Connection;

use crate::index::IndexError;

const TABLES: &str = include_str!("residence.sql");

/// Creates the table where it is missing.
pub(in crate::index) fn tables(conn: &Connection) -> Result<(), IndexError> {
    Ok(conn.execute_batch(TABLES)?)
}

/// Whether the lists of this segment are there: an earlier build may have written it.
pub(super) fn is_apart(conn: &Connection, segment: i64) -> Result<bool, IndexError> {
    let there = "SELECT count(*) > 0 FROM sqlite_schema WHERE name = 'segment_residence' AND type = 'table'";
    if !conn.prepare_cached(there)?.query_row([], |r| r.get(0))? {
        return Ok(false);
    }
    let mut q = conn.prepare_cached("SELECT EXISTS (SELECT 1 FROM segment_residence WHERE segment_id = ?1 AND object_id = -1)")?;
    Ok(q.query_row([segment], |r| r.get(0))?)
}
