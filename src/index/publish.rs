//! When an object begins to count, and when it ceases to.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension, params};

use super::error::IndexError;
use super::input::Published;
use super::readings;
use super::seen::last_run;
use super::writer::{COMMIT_AFTER, COMMIT_BYTES, ObjectId, Writer};
use crate::base::Timestamp;

impl Writer {
    /// Publishes an object: from the next commit on it counts, and the version that it replaces does not.
    ///
    /// A version that was read before and cannot be read now keeps its sightings; only its coverage changes.
    pub fn publish(&mut self, object: ObjectId, end: &Published) -> Result<(), IndexError> {
        let fields = self.open.get(&object.0).map(|o| o.fields.clone()).unwrap_or_default();
        let digest = self.open.get(&object.0).map(|o| o.digest).unwrap_or_default();
        let mut id = object.0;
        let (hash, version): ([u8; 16], String) =
            self.conn.query_row("SELECT uri_hash, version FROM object WHERE id = ?1", [id], |r| Ok((r.get(0)?, r.get(1)?)))?;
        let before: Option<(i64, String, i64, String)> = self
            .conn
            .prepare_cached(
                "SELECT id, version, first_run, status FROM object WHERE uri_hash = ?1 AND ended_run IS NULL AND published = 1",
            )?
            .query_row([hash], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))
            .optional()?;
        let retry = end.coverage.iter().any(|c| c.1.retryable());
        let mut first_run = self.run;
        match before {
            Some((old, same, _, status)) if same == version && end.unread && status != "unread" => {
                keep_end(&self.conn, old, id, old)?;
                delete_object(&self.conn, id)?;
                self.conn.execute("UPDATE object SET last_run = ?1, retry = ?2 WHERE id = ?3", params![self.run, retry, old])?;
                self.conn.execute("DELETE FROM coverage WHERE object_id = ?1 AND status = 'unread'", [old])?;
                id = old;
            }
            Some((old, same, first, _)) if same == version => {
                keep_end(&self.conn, old, id, id)?;
                // What its links proved is asked when consumers are settled; then they go.
                unsettled(&self.conn, old)?;
                readings::again(&self.conn, self.run, old, id)?;
                delete_but_links(&self.conn, old)?;
                first_run = first;
            }
            Some((old, ..)) => {
                unsettled(&self.conn, old)?;
                self.conn.execute("UPDATE object SET ended_run = ?1 WHERE id = ?2", [self.run, old])?;
            }
            None => {}
        }
        let status = match (end.unread, end.coverage.is_empty()) {
            (true, _) => "unread",
            (false, true) => "read",
            (false, false) => "partial",
        };
        if id == object.0 {
            self.conn
                .prepare_cached(
                    "UPDATE object SET status = ?1, retry = ?2, kind = ?3, decoded = ?4, records = ?5, first_run = ?6, digest = ?7, published = 1 WHERE id = ?8",
                )?
                .execute(params![status, retry, end.kind, end.decoded as i64, end.records as i64, first_run, digest.stored(), id])?;
            self.states(id, &fields, &end.states)?;
            for s in &end.summaries {
                // A column may stand in the path and in the file: two members, one field.
                let sql = "INSERT INTO field_summary VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO UPDATE SET
                           sightings = sightings + excluded.sightings, test_values = test_values + excluded.test_values,
                           cells = cells + excluded.cells, confidence = max(confidence, excluded.confidence)";
                self.conn.prepare_cached(sql)?.execute(params![
                    id,
                    fields[s.field as usize],
                    self.classifiers[usize::from(s.classifier)],
                    s.sightings as i64,
                    s.test_values as i64,
                    s.cells as i64,
                    s.confidence
                ])?;
            }
        }
        if id == object.0 {
            self.store_keys(id, &fields, &end.keys)?;
        }
        for (member, reason, detail) in &end.coverage {
            self.conn
                .prepare_cached(
                    "INSERT INTO coverage (object_id, run_id, uri, member, status, reason, detail)
                     SELECT id, ?1, uri, ?2, ?3, ?4, ?5 FROM object WHERE id = ?6",
                )?
                .execute(params![self.run, member, if end.unread { "unread" } else { "partial" }, reason.code(), detail, id])?;
        }
        if id == object.0 {
            unsettled(&self.conn, id)?;
        }
        self.open.remove(&object.0);
        self.weight += 256;
        if self.weight + self.spool.weight() >= COMMIT_BYTES || self.committed.elapsed() >= COMMIT_AFTER {
            self.commit()?;
        }
        Ok(())
    }

    /// Gives up an object that is being written, as when a run is interrupted: it was never there.
    pub fn abandon(&mut self, object: ObjectId) -> Result<(), IndexError> {
        self.spool.forget(object.0);
        self.open.remove(&object.0);
        delete_object(&self.conn, object.0)
    }

    /// Ends the validity of current objects that a complete listing covers and did not show. `covers` is asked with
    /// the true uri and the moment at which the object is known to have been there: when it was modified, or when the newest run
    /// that saw it began. `seen` holds the hashes of those listed. Returns how many.
    pub fn end_gone(&mut self, seen: &HashSet<[u8; 16]>, covers: &dyn Fn(&str, Timestamp) -> bool) -> Result<u64, IndexError> {
        let mut current =
            self.conn.prepare("SELECT id, uri_hash, uri, uri_sealed FROM object WHERE ended_run IS NULL AND published = 1")?;
        // PERF: asked of what is not listed any more, not of millions that are.
        let there = concat!(
            "SELECT max(started, coalesce(modified, started)) FROM object o JOIN run ON run.id = ",
            last_run!(),
            " WHERE o.id = ?1"
        );
        let mut there = self.conn.prepare(there)?;
        let mut rows = current.query([])?;
        let mut gone = 0;
        while let Some(r) = rows.next()? {
            let (id, hash): (i64, [u8; 16]) = (r.get(0)?, r.get(1)?);
            let uri: String = match r.get::<_, Option<Vec<u8>>>(3)? {
                Some(sealed) => self.hasher.open(&sealed)?,
                None => r.get(2)?,
            };
            if !seen.contains(&hash) && covers(&uri, Timestamp(there.query_row([id], |r| r.get(0))?)) {
                self.conn.prepare_cached("UPDATE object SET ended_run = ?1 WHERE id = ?2")?.execute([self.run, id])?;
                unsettled(&self.conn, id)?;
                gone += 1;
            }
        }
        Ok(gone)
    }
}

/// Of two rows of one version, the end that was told first stays, with the row `to`.
fn keep_end(conn: &Connection, first: i64, second: i64, to: i64) -> Result<(), IndexError> {
    let sql = "UPDATE object SET until = coalesce((SELECT until FROM object WHERE id = ?1), (SELECT until FROM object WHERE id = ?2))
               WHERE id = ?3 AND version_of IS NOT NULL";
    conn.prepare_cached(sql)?.execute([first, second, to])?;
    Ok(())
}

/// Notes that an object began or ceased to count: who is who is to be settled.
fn unsettled(conn: &Connection, id: i64) -> Result<(), IndexError> {
    conn.prepare_cached("INSERT OR IGNORE INTO unsettled VALUES (?1)")?.execute([id])?;
    Ok(())
}

/// Removes an object and everything it proved. Its postings are dead from then on and go with the next merge.
pub(super) fn delete_object(conn: &Connection, id: i64) -> Result<(), IndexError> {
    // What its links proved can be asked no more: if it was not yet, everybody is settled anew.
    conn.prepare_cached("INSERT OR IGNORE INTO unsettled SELECT 0 FROM unsettled WHERE object_id = ?1")?.execute([id])?;
    conn.prepare_cached("DELETE FROM link WHERE object_id = ?1")?.execute([id])?;
    delete_but_links(conn, id)
}

fn delete_but_links(conn: &Connection, id: i64) -> Result<(), IndexError> {
    for sql in [
        "DELETE FROM unattributed WHERE object_id = ?1",
        "DELETE FROM field_summary WHERE object_id = ?1",
        "DELETE FROM field_state WHERE object_id = ?1",
        "DELETE FROM reading WHERE object_id = ?1",
        "DELETE FROM coverage WHERE object_id = ?1",
        "DELETE FROM key_sample WHERE object_id = ?1",
        "DELETE FROM object_keys WHERE object_id = ?1",
        "DELETE FROM object WHERE id = ?1",
    ] {
        conn.prepare_cached(sql)?.execute([id])?;
    }
    Ok(())
}
