//! Who is who, from all current links: run once at the end of each run that changed something.

use std::collections::{BTreeMap, HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension, params};

use super::entries::link_members;
use super::error::IndexError;
use crate::identity::{Class, ConsumerId, Hasher, IdHash, Partition};

/// Recomputes consumers and writes the identifiers whose consumer changed. Does nothing if nothing was published and
/// nothing vanished since the last time.
pub(super) fn settle(conn: &Connection, hasher: &Hasher, run: i64) -> Result<(), IndexError> {
    let due: Option<String> = conn.query_row("SELECT value FROM meta WHERE key = 'consumers_due'", [], |r| r.get(0)).optional()?;
    if due.as_deref() != Some("1") {
        return Ok(());
    }
    let (consumers, shared) = partition(conn, "o.published = 1 AND o.ended_run IS NULL")?;

    let before: HashMap<ConsumerId, Vec<u8>> = conn
        .prepare("SELECT id, members FROM consumer")?
        .query_map([], |r| Ok((ConsumerId(r.get(0)?), r.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let was_shared: HashSet<IdHash> =
        conn.prepare("SELECT hash FROM identifier WHERE shared = 1")?.query_map([], |r| r.get(0).map(IdHash))?.collect::<Result<_, _>>()?;

    // What every identifier that is or was linked or shared becomes; what stays as it is, is not written.
    let mut becomes: BTreeMap<IdHash, Standing> = BTreeMap::new();
    for (id, members) in &before {
        let alone = |m: &[u8]| {
            let mut h = [0; 16];
            h.copy_from_slice(m);
            IdHash(h)
        };
        becomes.extend(members.chunks_exact(16).map(alone).map(|m| (m, Standing::Alone)));
        debug_assert!(!members.is_empty(), "{id} has no members");
    }
    becomes.extend(was_shared.iter().map(|id| (*id, Standing::Alone)));
    let mut kept: HashSet<ConsumerId> = HashSet::new();
    let mut write = conn.prepare("INSERT OR REPLACE INTO consumer VALUES (?1, ?2)")?;
    let mut named: Vec<(ConsumerId, Vec<IdHash>)> = consumers.into_iter().map(|m| (hasher.consumer(m[0]), m)).collect();
    named.sort_unstable();
    for (name, members) in named {
        let bytes: Vec<u8> = members.iter().flat_map(|m| m.0).collect();
        kept.insert(name);
        if before.get(&name) == Some(&bytes) {
            for m in &members {
                becomes.remove(m);
            }
        } else {
            write.execute(params![name.0, bytes])?;
            becomes.extend(members.into_iter().map(|m| (m, Standing::Of(name))));
        }
    }
    for gone in before.keys().filter(|id| !kept.contains(id)) {
        conn.prepare_cached("DELETE FROM consumer WHERE id = ?1")?.execute([gone.0])?;
    }
    for id in shared {
        if was_shared.contains(&id) {
            becomes.remove(&id);
        } else {
            becomes.insert(id, Standing::Shared);
        }
    }
    // In the order of the table's keys.
    for (id, standing) in becomes {
        match standing {
            Standing::Alone => assign(conn, hasher, run, id, hasher.consumer(id), (false, false))?,
            Standing::Of(consumer) => assign(conn, hasher, run, id, consumer, (true, false))?,
            Standing::Shared => assign(conn, hasher, run, id, hasher.consumer(id), (false, true))?,
        }
    }
    conn.execute("UPDATE meta SET value = '0' WHERE key = 'consumers_due'", [])?;
    Ok(())
}

/// Consumers of several identifiers, and shared identifiers, by the links of the objects `o` that fit the condition; see
/// [`Partition::solve`].
pub(super) fn partition(conn: &Connection, condition: &str) -> Result<(Vec<Vec<IdHash>>, Vec<IdHash>), IndexError> {
    let names: HashMap<u16, (String, String)> = conn
        .prepare("SELECT id, name, element FROM classifier")?
        .query_map([], |r| Ok((r.get(0)?, (r.get(1)?, r.get(2)?))))?
        .collect::<Result<_, _>>()?;
    let mut partition = Partition::new();
    let mut links = conn.prepare(&format!("SELECT members FROM link JOIN object o ON o.id = object_id WHERE {condition}"))?;
    let mut rows = links.query([])?;
    while let Some(row) = rows.next()? {
        let members: Vec<_> = link_members(row.get_ref(0)?.as_blob().map_err(|_| IndexError::Damaged("a link without members"))?).collect();
        partition.add(&members);
    }
    Ok(partition.solve(|class| names.get(&class).map(|(name, element)| Class { name, element }).unwrap_or_default()))
}

/// What an identifier is after settling.
enum Standing {
    /// A consumer of its own.
    Alone,
    /// One of several of this consumer.
    Of(ConsumerId),
    /// Nobody's in particular.
    Shared,
}

/// Gives an identifier to a consumer. An id that an earlier run may have shown stays an alias.
fn assign(
    conn: &Connection,
    hasher: &Hasher,
    run: i64,
    id: IdHash,
    consumer: ConsumerId,
    (linked, shared): (bool, bool),
) -> Result<(), IndexError> {
    conn.prepare_cached(
        "INSERT OR IGNORE INTO consumer_alias (old, new) SELECT consumer, ?2 FROM identifier WHERE hash = ?1 AND since_run < ?3 AND consumer <> ?2",
    )?
    .execute(params![id.0, consumer.0, run])?;
    let alone = Some(hasher.consumer(id)).filter(|a| *a != consumer).map(|a| a.0);
    conn.prepare_cached("UPDATE identifier SET consumer = ?2, linked = ?3, shared = ?4, alone = ?5 WHERE hash = ?1")?
        .execute(params![id.0, consumer.0, linked, shared, alone])?;
    Ok(())
}
