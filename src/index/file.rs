//! The file itself: its lock, its permissions, its key.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

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

/// A process that was killed holds its lock until the system has cleaned up after it.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);

/// Takes the lock file; the operating system releases it when the process ends, however it ends.
pub(super) fn lock(path: &Path) -> Result<File, IndexError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let name = PathBuf::from(name);
    let file = options().open(&name).map_err(|source| IndexError::File { path: name.clone(), source })?;
    let patience = Instant::now() + LOCK_PATIENCE;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < patience => std::thread::sleep(Duration::from_millis(50)),
            Err(TryLockError::WouldBlock) => return Err(IndexError::Busy { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => return Err(IndexError::File { path: name, source }),
        }
    }
}

/// Creates the file for its owner alone, before SQLite does; its WAL inherits the permissions.
pub(super) fn owner_only(path: &Path) -> Result<(), IndexError> {
    options().open(path).map(drop).map_err(|source| IndexError::File { path: path.to_owned(), source })
}

fn options() -> OpenOptions {
    let mut o = OpenOptions::new();
    o.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut o, 0o600);
    o
}
