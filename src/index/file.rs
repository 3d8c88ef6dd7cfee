//! The file itself: its permissions, its key.

use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::error::IndexError;
use crate::base::private_file;
use crate::identity::{Hasher, Key};

/// The hashes of an index, if the key is its own.
pub(super) fn unlock(conn: &Connection, key: &Key) -> Result<Hasher, IndexError> {
    let wanted: String = conn.query_row("SELECT value FROM meta WHERE key = 'key_fingerprint'", [], |r| r.get(0))?;
    let given = key.fingerprint();
    if given != wanted {
        return Err(IndexError::WrongKey { given, wanted });
    }
    let wrapped: Vec<u8> = conn.query_row("SELECT wrapped FROM wrapped_key", [], |r| r.get(0))?;
    Ok(Hasher::new(&key.unwrap(&wrapped)?))
}

/// Opens the file for reading. A file on a disk that cannot be written has nowhere for SQLite to note who reads: it is
/// taken as it is if no writer left a log beside it.
pub(super) fn open_read(path: &Path) -> Result<Connection, IndexError> {
    if !path.exists() {
        return Err(IndexError::Missing { path: path.to_owned() });
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = steady(Connection::open_with_flags(path, flags)?)?;
    conn.busy_timeout(std::time::Duration::from_secs(10))?;
    let Err(e) = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())) else { return Ok(conn) };
    let settled = std::fs::metadata(log_of(path)).map_or(true, |m| m.len() == 0);
    if settled && matches!(e.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly)) {
        let name: String = path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
        return steady(Connection::open_with_flags(format!("file:{name}?immutable=1"), flags | OpenFlags::SQLITE_OPEN_URI)?);
    }
    Ok(conn)
}

/// PERF: what was prepared stays as it is, whatever it is asked for. SQLite would plan a statement anew for each value that is compared
/// with what an index is in order of: two thirds of what a look-up takes.
pub(super) fn steady(conn: Connection) -> Result<Connection, IndexError> {
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(conn)
}

/// Opens the file for writing, which is not written into before [`ours`]: what somebody's log beside it holds stays there.
pub(super) fn open_unknown(path: &Path) -> Result<Connection, IndexError> {
    let left = std::fs::metadata(log_of(path)).is_ok_and(|m| m.len() > 0);
    let conn = steady(Connection::open(path)?)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, left)?;
    Ok(conn)
}

/// SQLite's log of what is not in the file yet.
fn log_of(path: &Path) -> PathBuf {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    log.into()
}

/// Refuses files of others and of other formats.
pub(super) fn ours(conn: &Connection, path: &Path) -> Result<(), IndexError> {
    super::schema::check(conn, path)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    Ok(())
}

/// Encrypts the data key of the index at `path` under `new` in the place of `old`, which opens it no more.
pub fn rotate(path: &Path, old: &Key, new: &Key) -> Result<(), IndexError> {
    if !path.exists() {
        return Err(IndexError::Missing { path: path.to_owned() });
    }
    let _lock = super::lock::take(path, &mut |_| false)?;
    let conn = open_unknown(path)?;
    ours(&conn, path)?;
    // What is overwritten must not stay in a free page or in the log.
    conn.execute_batch("PRAGMA secure_delete = ON;")?;
    unlock(&conn, old)?;
    let tx = conn.unchecked_transaction()?;
    let wrapped: Vec<u8> = tx.query_row("SELECT wrapped FROM wrapped_key", [], |r| r.get(0))?;
    tx.execute("UPDATE wrapped_key SET wrapped = ?1", [new.wrap(&old.unwrap(&wrapped)?)?])?;
    tx.execute("UPDATE meta SET value = ?1 WHERE key = 'key_fingerprint'", [new.fingerprint()])?;
    tx.commit()?;
    Ok(conn.execute_batch("PRAGMA wal_checkpoint(TRUNCATE);")?)
}

/// Creates the file for its owner alone, before SQLite does; its WAL inherits the permissions.
pub(super) fn owner_only(path: &Path) -> Result<(), IndexError> {
    private_file().open(path).map(drop).map_err(|source| IndexError::File { path: path.to_owned(), source })
}
