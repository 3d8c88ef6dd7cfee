//! Who may have become another person: the identifiers in links that changed, and everybody who is linked with them.
//!
//! A run that changes little settles little. Whether an identifier is shared depends on its own links alone, so that one that was
//! shared and whose links did not change is where the search ends: it links nobody, before and after.

use std::collections::{BTreeMap, HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension};

use super::answers::Owner;
use super::consumers::Classes;
use super::error::IndexError;
use super::packed::Cursor;
use super::reader::blob;
use super::{links, postings, standing};
use crate::identity::{ConsumerId, IdHash, Partition};

/// All links are gone through where more than one identifier in so many has one that changed, times the segments: a search costs more for
/// each, and looks into every segment.
const FEW: u64 = if cfg!(test) { 1 } else { 24 };

/// Some people, as their links prove them and as they are stored.
#[derive(Debug, Default)]
pub(super) struct Region {
    /// Consumers of several identifiers, each sorted.
    pub consumers: Vec<Vec<IdHash>>,
    /// Shared identifiers.
    pub shared: Vec<IdHash>,
    /// The stored consumers of several identifiers that any of them was.
    pub before: BTreeMap<ConsumerId, Vec<[u8; 16]>>,
    /// Identifiers that are stored as shared.
    pub was_shared: HashSet<IdHash>,
}

/// How many identifiers may be searched: the segments list so many, and each search looks into all of them.
pub(super) fn most_searched(conn: &Connection) -> Result<u64, IndexError> {
    let sql = "SELECT coalesce(sum(identifiers), 0), count(*) FROM segment";
    let (all, segments): (i64, i64) = conn.query_row(sql, [], |r| Ok((r.get(0)?, r.get(1)?)))?;
    Ok(all as u64 / (FEW * if cfg!(test) { 1 } else { segments.max(1) as u64 }))
}

/// The identifiers in links that changed since consumers were settled; `None`: too many, or any.
pub(super) fn touched(conn: &Connection) -> Result<Option<HashSet<IdHash>>, IndexError> {
    if conn.query_row("SELECT EXISTS (SELECT 1 FROM unsettled WHERE object_id = 0)", [], |r| r.get(0))? {
        return Ok(None);
    }
    let most = most_searched(conn)?;
    let mut seeds = HashSet::new();
    let mut q = conn.prepare("SELECT l.id, l.data FROM unsettled u JOIN link l ON l.object_id = u.object_id")?;
    let mut rows = q.query([])?;
    while let Some(r) = rows.next()? {
        links::whole(blob(r, 1)?)?;
        links::each_of(r.get(0)?, blob(r, 1)?, &mut |l| seeds.extend(l.members().map(|m| m.1)))?;
        if seeds.len() as u64 > most {
            return Ok(None);
        }
    }
    Ok(Some(seeds))
}

/// Who is who around these identifiers, whose links may have changed; no other's have. `None`: they are linked with too many.
pub(super) fn around(conn: &Connection, seeds: HashSet<IdHash>) -> Result<Option<Region>, IndexError> {
    let most = most_searched(conn)?;
    let names = Classes::read(conn)?;
    let mut search = Search { conn, current: HashMap::new(), cursor: Cursor::default() };
    let mut out = Region::default();
    let mut partition = Partition::new();
    // Those whose links need not be known.
    let mut several: HashSet<IdHash> = HashSet::new();
    let (mut added, mut known): (HashSet<i64>, HashSet<IdHash>) = (HashSet::new(), seeds.clone());
    let mut queue: Vec<IdHash> = seeds.iter().copied().collect();
    queue.sort_unstable();
    while let Some(id) = queue.pop() {
        if known.len() as u64 > most {
            return Ok(None);
        }
        let mut meet = |other: IdHash| {
            if known.insert(other) {
                queue.push(other);
            }
        };
        match standing::standing_next(conn, &mut search.cursor, id)? {
            Some(Owner::Linked(c)) if !out.before.contains_key(&c) => {
                let members = standing::members(conn, c)?.unwrap_or_default();
                members.iter().for_each(|m| meet(*m));
                out.before.insert(c, members.into_iter().map(|m| m.0).collect());
            }
            Some(Owner::Several) => {
                out.was_shared.insert(id);
                if !seeds.contains(&id) || search.is_shared(id, &names)? {
                    several.insert(id);
                    continue;
                }
            }
            _ => {}
        }
        for link in search.links(id)? {
            if added.insert(link) {
                let found = links::get(conn, link, |_, l| l.members().collect::<Vec<_>>())?;
                let members = found.ok_or(IndexError::Damaged("a link is missing"))?;
                members.iter().for_each(|m| meet(m.1));
                partition.add(&members);
            }
        }
    }
    (out.consumers, out.shared) = partition.solve_where(|class| names.get(class), &several);
    let listed: HashSet<IdHash> = out.shared.iter().copied().collect();
    out.shared.extend(several.into_iter().filter(|id| !listed.contains(id)));
    Ok(Some(out))
}

struct Search<'c> {
    conn: &'c Connection,
    /// Whether an object counts.
    current: HashMap<i64, bool>,
    cursor: Cursor,
}

impl Search<'_> {
    /// The links of current objects that join an identifier with others.
    fn links(&mut self, id: IdHash) -> Result<Vec<i64>, IndexError> {
        let mut all = Vec::new();
        postings::links_of(self.conn, id, &mut |object, link| all.push((object, link)))?;
        let mut out = Vec::with_capacity(all.len());
        for (object, link) in all {
            let counts = match self.current.get(&object) {
                Some(counts) => *counts,
                None => {
                    let sql = "SELECT published = 1 AND ended_run IS NULL FROM object WHERE id = ?1";
                    let counts = self.conn.prepare_cached(sql)?.query_row([object], |r| r.get(0)).optional()?.unwrap_or(false);
                    self.current.insert(object, counts);
                    counts
                }
            };
            if counts {
                out.push(link);
            }
        }
        Ok(out)
    }

    /// Whether an identifier that was shared still is. PERF: a few of its links tell, as a rule; it may have millions.
    fn is_shared(&mut self, id: IdHash, names: &Classes) -> Result<bool, IndexError> {
        let mut partition = Partition::new();
        let (mut added, mut ask) = (0, 8);
        for link in self.links(id)? {
            if let Some(members) = links::get(self.conn, link, |_, l| l.members().collect::<Vec<_>>())? {
                partition.add(&members);
                added += 1;
            }
            if added == ask {
                if partition.is_shared(id, |class| names.get(class)) {
                    return Ok(true);
                }
                ask *= 4;
            }
        }
        Ok(partition.is_shared(id, |class| names.get(class)))
    }
}
