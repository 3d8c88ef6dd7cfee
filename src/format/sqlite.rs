//! SQLite databases: every table, field `table.column`, rows in the order of the table.
//!
//! The bytes are held in memory (a database may lie in an archive or in S3) and opened read-only, with the defences that
//! SQLite offers against hostile schemas. Only tables are read, no view and no virtual table, so that no code of the
//! file's author runs.

use std::time::Duration;

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use rusqlite::types::ValueRef;

use super::pump::{Out, Pump, give};
use super::rows::{self, Rows};
use super::{Limits, Reader, blob};
use crate::base::{Batch, Error, Issue, PeekInput, Reason, Result, whole};

const PATIENCE: Duration = Duration::from_secs(300);
/// Rows sent at a time.
const ROWS: usize = 1024;
/// Longer values are cut off here.
const MOST_VALUE: usize = 64 << 20;

enum Event {
    Table(String, Vec<String>),
    Rows(Vec<Vec<Vec<u8>>>),
    Lost(Error),
}

fn broken(e: &rusqlite::Error) -> Error {
    match e.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase) => Error::new(Reason::Encrypted, "an SQLite database that is encrypted, or none"),
        Some(rusqlite::ErrorCode::OutOfMemory) => Error::new(Reason::MemoryLimit, "an SQLite database that asks for too much memory"),
        _ => Error::new(Reason::Corrupt, "a broken SQLite database"),
    }
}

/// Databases up to this size are read. They are held in memory: SQLite cannot be given a cipher here, and a copy of the
/// data in plain must not lie on a disk.
const MOST: u64 = 256 << 20;

fn hold(input: &mut PeekInput) -> Result<Vec<u8>> {
    let mut all = whole(input, MOST, "an SQLite database")?;
    // A database in write-ahead mode cannot be opened in memory; its pages are the same.
    if let Some(mode) = all.get_mut(18..20) {
        mode.fill(1);
    }
    Ok(all)
}

fn connect(bytes: &[u8]) -> rusqlite::Result<Connection> {
    let mut conn = Connection::open_in_memory()?;
    conn.deserialize_read_exact("main", bytes, bytes.len(), true)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    conn.execute_batch("PRAGMA query_only = 1; PRAGMA cell_size_check = 1; PRAGMA mmap_size = 0; PRAGMA cache_size = -16384;")?;
    Ok(conn)
}

fn decode(held: Vec<u8>, out: &Out<Event>) -> Result<()> {
    let conn = connect(&held).map_err(|e| broken(&e))?;
    drop(held);
    // Shadow tables of full-text search are tables, and hold the text.
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 ORDER BY rowid";
    let tables = || -> rusqlite::Result<Vec<String>> { conn.prepare(sql)?.query_map([], |r| r.get(0))?.collect() };
    for table in tables().map_err(|e| broken(&e))? {
        let quoted = format!("\"{}\"", table.replace('"', "\"\""));
        let read = || -> rusqlite::Result<bool> {
            let mut q = conn.prepare(&format!("SELECT * FROM main.{quoted}"))?;
            let columns: Vec<String> = q.column_names().map(str::to_owned).collect();
            let n = columns.len();
            if give(out, Event::Table(table.clone(), columns)).is_err() {
                return Ok(false);
            }
            let mut rows = q.query([])?;
            let (mut piece, mut bytes) = (Vec::new(), 0);
            let sent = loop {
                let row = match rows.next() {
                    Ok(Some(r)) => r,
                    Ok(None) => break Ok(()),
                    Err(e) => break Err(e),
                };
                let cells: Vec<Vec<u8>> = (0..n).map(|i| row.get_ref(i).map(text).unwrap_or_default()).collect();
                bytes += cells.iter().map(Vec::len).sum::<usize>();
                piece.push(cells);
                if piece.len() >= ROWS || bytes > 4 << 20 {
                    bytes = 0;
                    if give(out, Event::Rows(std::mem::take(&mut piece))).is_err() {
                        return Ok(false);
                    }
                }
            };
            if give(out, Event::Rows(piece)).is_err() {
                return Ok(false);
            }
            sent.map(|()| true)
        };
        match read() {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(e) => {
                if give(out, Event::Lost(broken(&e))).is_err() {
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}

fn text(v: ValueRef<'_>) -> Vec<u8> {
    match v {
        ValueRef::Null => Vec::new(),
        ValueRef::Integer(i) => i.to_string().into_bytes(),
        ValueRef::Real(f) => rows::float(f).into_bytes(),
        ValueRef::Text(t) => t[..t.len().min(MOST_VALUE)].to_vec(),
        ValueRef::Blob(b) => blob::text(&b[..b.len().min(MOST_VALUE)]).into_owned(),
    }
}

/// Reads a database.
pub(super) struct Sqlite {
    pump: Pump<Event>,
    table: String,
    columns: Vec<u32>,
    row: u64,
    rows: Rows,
    waiting: std::vec::IntoIter<Vec<Vec<u8>>>,
    batch_bytes: usize,
    issues: Vec<Issue>,
}

/// Opens a database.
pub(super) fn open(mut input: PeekInput, limits: &Limits) -> Result<Sqlite> {
    let held = hold(&mut input)?;
    let pump = Pump::start(PATIENCE, move |out| decode(held, out))?;
    Ok(Sqlite {
        pump,
        table: String::new(),
        columns: Vec::new(),
        row: 0,
        rows: Rows::of_tables(),
        waiting: Vec::new().into_iter(),
        batch_bytes: limits.batch_bytes,
        issues: Vec::new(),
    })
}

impl Reader for Sqlite {
    fn kind(&self) -> &'static str {
        "sqlite"
    }

    fn next_batch(&mut self, batch: &mut Batch) -> Result<bool> {
        self.rows.begin(batch, self.row);
        loop {
            let mut records = 0;
            while batch.bytes.len() < self.batch_bytes
                && let Some(row) = self.waiting.next()
            {
                let scope = Rows::row(batch);
                for (value, field) in row.iter().zip(&self.columns) {
                    rows::cell(batch, *field, records, scope, value);
                }
                records += 1;
            }
            self.row += u64::from(records);
            if records > 0 {
                self.rows.finish(batch, u64::from(records));
                return Ok(true);
            }
            self.rows.begin(batch, self.row);
            if self.waiting.len() > 0 {
                continue;
            }
            match self.pump.next()? {
                None => return Ok(false),
                Some(Event::Table(name, columns)) => {
                    (self.table, self.row) = (rows::part(&name), 0);
                    self.columns = columns.iter().map(|c| self.rows.field(&format!("{}.{}", self.table, rows::part(c)))).collect();
                    self.rows.begin(batch, 0);
                }
                Some(Event::Rows(r)) => self.waiting = r.into_iter(),
                Some(Event::Lost(e)) => {
                    let detail = format!("{}: from row {} of one of its tables", e.detail, self.row);
                    self.issues.push(Issue { reason: e.reason, detail });
                }
            }
        }
    }

    fn take_issues(&mut self) -> Vec<Issue> {
        std::mem::take(&mut self.issues)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blobs_are_text_in_any_encoding() {
        assert_eq!(text(ValueRef::Blob(b"Stra\xdfe 5, mail ann@lat.org")), "Straße 5, mail ann@lat.org".as_bytes());
        assert_eq!(text(ValueRef::Blob(b"\x9c\0\xd4\xe2\x01\xfe\x07\x11")), b"");
    }
}
