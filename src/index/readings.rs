//! What was found in an object before it was read again with other classifiers: so that a change of these is told as one.

use rusqlite::{Connection, params};

use super::error::IndexError;
use super::reader::Reader;
use crate::index::AsOf;

/// A version is read again in a run: `old` is the number that it had, `new` the one it gets. Its earlier readings stay known; the one before is
/// noted if other classifiers made it.
pub(super) fn again(conn: &Connection, run: i64, old: i64, new: i64) -> Result<(), IndexError> {
    conn.prepare_cached("UPDATE reading SET object_id = ?2 WHERE object_id = ?1")?.execute([old, new])?;
    let others = "SELECT a.classifier_set <> b.classifier_set FROM object a, object b WHERE a.id = ?1 AND b.id = ?2";
    if conn.prepare_cached(others)?.query_row([old, new], |r| r.get::<_, bool>(0))? {
        conn.prepare_cached("INSERT OR IGNORE INTO reading VALUES (?1, ?2, 0, 0, 0, 0, 0.0)")?.execute([new, run])?;
        conn.prepare_cached(
            "INSERT OR IGNORE INTO reading SELECT ?1, ?2, field_id, classifier_id, sightings, cells, confidence
             FROM field_summary WHERE object_id = ?3",
        )?
        .execute(params![new, run, old])?;
    }
    Ok(())
}

/// What summaries of fields are taken from: those of the newest reading, or of the one that held then. Columns as in `field_summary`, without
/// test values.
pub(super) fn summaries(asked: Option<AsOf>) -> String {
    match asked {
        Some(AsOf::Run(run)) => format!(
            "(SELECT object_id, field_id, classifier_id, sightings, cells, confidence FROM field_summary
              WHERE object_id NOT IN (SELECT object_id FROM reading WHERE run_id > {run})
              UNION ALL SELECT r.object_id, r.field_id, r.classifier_id, r.sightings, r.cells, r.confidence FROM reading r
              WHERE r.field_id <> 0 AND r.run_id = (SELECT min(n.run_id) FROM reading n WHERE n.object_id = r.object_id AND n.run_id > {run}))"
        ),
        _ => "field_summary".to_owned(),
    }
}

impl Reader {
    /// Whether an object was read again with other classifiers in a run after `from`, up to `to`.
    pub fn read_otherwise(&self, object: i64, from: i64, to: i64) -> Result<bool, IndexError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM reading WHERE object_id = ?1 AND run_id > ?2 AND run_id <= ?3)";
        Ok(self.conn.prepare_cached(sql)?.query_row([object, from, to], |r| r.get(0))?)
    }
}
