//! Where people live, apart from all else: questions about people read all of it and little more.

use rusqlite::Connection;

use crate::index::IndexError;

const TABLES: &str = include_str!("residence.sql");

/// Creates the table.
pub(in crate::index) fn tables(conn: &Connection) -> Result<(), IndexError> {
    Ok(conn.execute_batch(TABLES)?)
}
