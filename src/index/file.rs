//! The file itself: its permissions, its key.

use std::fs::OpenOptions;
use std::path::Path;

use rusqlite::Connection;

use super::error::IndexError;
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

/// Creates the file for its owner alone, before SQLite does; its WAL inherits the permissions.
pub(super) fn owner_only(path: &Path) -> Result<(), IndexError> {
    options().open(path).map(drop).map_err(|source| IndexError::File { path: path.to_owned(), source })
}

/// Opens or creates a file that its owner alone may read.
pub(super) fn options() -> OpenOptions {
    let mut o = OpenOptions::new();
    o.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut o, 0o600);
    o
}
