//! Who is who, from all current links: run once at the end of each run that changed something.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension, Statement, params};

use super::entries::link_members;
use super::error::IndexError;
use super::postings::Finder;
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
        conn.prepare("SELECT hash FROM standing WHERE shared = 1")?.query_map([], |r| r.get(0).map(IdHash))?.collect::<Result<_, _>>()?;

    // What every identifier that is or was linked or shared was and becomes; what stays as it is, is not written.
    let mut was: HashMap<IdHash, ConsumerId> = HashMap::new();
    for (id, members) in &before {
        let (members, _) = members.as_chunks::<16>();
        was.extend(members.iter().map(|m| (IdHash(*m), *id)));
    }
    let mut becomes: Vec<(IdHash, Standing)> = Vec::new();
    let mut kept: HashSet<ConsumerId> = HashSet::new();
    let mut write = conn.prepare("INSERT OR REPLACE INTO consumer VALUES (?1, ?2)")?;
    let mut named: Vec<(ConsumerId, Vec<IdHash>)> = consumers.into_iter().map(|m| (hasher.consumer(m[0]), m)).collect();
    named.sort_unstable();
    let mut bytes: Vec<u8> = Vec::new();
    for (name, members) in named {
        bytes.clear();
        members.iter().for_each(|m| bytes.extend_from_slice(&m.0));
        kept.insert(name);
        if before.get(&name) == Some(&bytes) {
            members.iter().for_each(|m| _ = was.remove(m));
        } else {
            write.execute(params![name.0, bytes])?;
            becomes.extend(members.into_iter().map(|m| (m, Standing::Of(name))));
        }
    }
    for gone in before.keys().filter(|id| !kept.contains(id)) {
        conn.prepare_cached("DELETE FROM consumer WHERE id = ?1")?.execute([gone.0])?;
    }
    let shared: HashSet<IdHash> = shared.into_iter().collect();
    becomes.extend(shared.difference(&was_shared).map(|id| (*id, Standing::Shared)));
    let moved: HashSet<IdHash> = becomes.iter().map(|b| b.0).collect();
    let alone = was.keys().chain(was_shared.iter().filter(|id| !shared.contains(id)));
    let alone: HashSet<IdHash> = alone.filter(|id| !moved.contains(id)).copied().collect();
    becomes.extend(alone.into_iter().map(|id| (id, Standing::Alone)));
    // In the order of the table's keys.
    becomes.sort_unstable_by_key(|b| b.0);
    let mut assign = Assign::new(conn, run)?;
    for (id, standing) in becomes {
        // Who was shared was a consumer of its own before, as is whoever was nothing in particular.
        assign.one(id, was.get(&id).copied(), standing)?;
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

/// Gives identifiers to consumers.
struct Assign<'c> {
    finder: Finder<'c>,
    run: i64,
    write: Statement<'c>,
    remove: Statement<'c>,
    alias: Statement<'c>,
}

impl<'c> Assign<'c> {
    fn new(conn: &'c Connection, run: i64) -> Result<Assign<'c>, IndexError> {
        Ok(Assign {
            finder: Finder::new(conn)?,
            run,
            write: conn.prepare("INSERT OR REPLACE INTO standing (hash, consumer, shared) VALUES (?1, ?2, ?3)")?,
            remove: conn.prepare("DELETE FROM standing WHERE hash = ?1")?,
            alias: conn.prepare("INSERT OR IGNORE INTO consumer_alias (old, new) VALUES (?1, ?2)")?,
        })
    }

    /// Gives one (greater than the one before) that was linked in `was` to its consumer. An id that an earlier run may have
    /// shown stays an alias.
    fn one(&mut self, id: IdHash, was: Option<ConsumerId>, becomes: Standing) -> Result<(), IndexError> {
        // A link may name an identifier that was seen nowhere itself: it is nobody yet.
        let Some((who, since)) = self.finder.strong(id)? else {
            self.remove.execute([id.0])?;
            return Ok(());
        };
        let (consumer, shared) = match becomes {
            Standing::Alone => (who.consumer, None),
            Standing::Of(consumer) => (consumer, Some(false)),
            Standing::Shared => (who.consumer, Some(true)),
        };
        match shared {
            None => self.remove.execute([id.0])?,
            Some(shared) => self.write.execute(params![id.0, consumer.0, shared])?,
        };
        if let Some(old) = was.or((since < self.run).then_some(who.consumer)).filter(|old| *old != consumer) {
            self.alias.execute([old.0, consumer.0])?;
        }
        Ok(())
    }
}
