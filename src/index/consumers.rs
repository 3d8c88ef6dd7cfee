//! Who is who, from all current links: run once at the end of each run that changed something.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension, params};

use super::error::IndexError;
use super::writer::link_members;
use crate::identity::{ConsumerId, Hasher, IdHash, Partition};

/// Recomputes consumers and writes the identifiers whose consumer changed. Does nothing if nothing was published and
/// nothing vanished since the last time.
pub(super) fn settle(conn: &Connection, hasher: &Hasher, run: i64) -> Result<(), IndexError> {
    let due: Option<String> = conn.query_row("SELECT value FROM meta WHERE key = 'consumers_due'", [], |r| r.get(0)).optional()?;
    if due.as_deref() != Some("1") {
        return Ok(());
    }
    let names: HashMap<u16, String> =
        conn.prepare("SELECT id, name FROM classifier")?.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?.collect::<Result<_, _>>()?;
    let mut partition = Partition::new();
    let mut links =
        conn.prepare("SELECT members FROM link JOIN object ON object.id = object_id WHERE ended_run IS NULL AND published = 1")?;
    let mut rows = links.query([])?;
    while let Some(row) = rows.next()? {
        let members: Vec<_> = link_members(row.get_ref(0)?.as_blob().map_err(|_| IndexError::Damaged("a link without members"))?).collect();
        partition.add(&members);
    }
    let (consumers, shared) = partition.solve(|class| names.get(&class).map_or("", String::as_str));
    drop(partition);

    let mut wanted: HashMap<IdHash, ConsumerId> = HashMap::new();
    for members in &consumers {
        let name = hasher.consumer(members[0]);
        wanted.extend(members.iter().map(|m| (*m, name)));
    }
    let shared: HashSet<IdHash> = shared.into_iter().collect();
    let before: Vec<([u8; 16], [u8; 8], bool, bool)> = conn
        .prepare("SELECT hash, consumer, linked, shared FROM identifier WHERE linked = 1 OR shared = 1")?
        .query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))?
        .collect::<Result<_, _>>()?;
    let mut same: HashSet<IdHash> = HashSet::new();
    for (hash, consumer, linked, was_shared) in before {
        let id = IdHash(hash);
        let is_shared = shared.contains(&id);
        if wanted.get(&id).map(|c| c.0) == linked.then_some(consumer) && was_shared == is_shared {
            same.insert(id);
        } else if !wanted.contains_key(&id) {
            assign(conn, run, id, hasher.consumer(id), false, is_shared)?;
            same.insert(id);
        }
    }
    for id in &shared {
        if !same.contains(id) && !wanted.contains_key(id) {
            assign(conn, run, *id, hasher.consumer(*id), false, true)?;
        }
    }
    let mut changed: Vec<_> = wanted.into_iter().filter(|(id, _)| !same.contains(id)).collect();
    changed.sort_unstable();
    for (id, consumer) in changed {
        assign(conn, run, id, consumer, true, false)?;
    }
    conn.execute("UPDATE meta SET value = '0' WHERE key = 'consumers_due'", [])?;
    Ok(())
}

/// Gives an identifier to a consumer. An id that an earlier run may have shown stays an alias.
fn assign(conn: &Connection, run: i64, id: IdHash, consumer: ConsumerId, linked: bool, shared: bool) -> Result<(), IndexError> {
    conn.prepare_cached(
        "INSERT OR IGNORE INTO consumer_alias (old, new) SELECT consumer, ?2 FROM identifier WHERE hash = ?1 AND since_run < ?3 AND consumer <> ?2",
    )?
    .execute(params![id.0, consumer.0, run])?;
    conn.prepare_cached("UPDATE identifier SET consumer = ?2, linked = ?3, shared = ?4 WHERE hash = ?1")?
        .execute(params![id.0, consumer.0, linked, shared])?;
    Ok(())
}
