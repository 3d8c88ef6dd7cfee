//! Who is who, from current links: settled once at the end of each run that changed something.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, Statement, params};

use super::answers::Owner;
use super::error::IndexError;
use super::postings::Finder;
use super::reader::blob;
use super::region::{self, Region};
use super::{links, standing, whose};
use crate::identity::{ById, Class, ConsumerId, Hasher, IdHash, Partition};

/// What was settled.
#[derive(Default)]
pub(super) struct Settled {
    /// The object versions that had begun or ceased to count.
    pub objects: Vec<i64>,
    /// Who may be somebody else's now.
    pub moved: Moved,
}

/// Identifiers of which something else is stored now, ordered, and what was stored of them.
#[derive(Default)]
pub(super) struct Moved {
    now: Vec<(IdHash, Option<Owner>)>,
    was: ById<ConsumerId>,
    was_shared: HashSet<IdHash>,
}

impl Moved {
    /// These identifiers.
    pub fn ids(&self) -> impl Iterator<Item = IdHash> {
        self.now.iter().map(|n| n.0)
    }

    /// What was stored of an identifier of which `now` is.
    pub fn before(&self, id: IdHash, now: Option<Owner>) -> Option<Owner> {
        match self.now.binary_search_by_key(&id, |n| n.0) {
            Ok(_) if self.was_shared.contains(&id) => Some(Owner::Several),
            Ok(_) => self.was.get(&id).map(|c| Owner::Linked(*c)),
            Err(_) => now,
        }
    }
}

/// Recomputes who is who where anything was published or vanished since the last time, and writes the identifiers whose consumer
/// changed. Gives what that was; `None`: everybody was settled anew.
///
/// The cost is that of the links that changed and of the people in them; where these are many, of all links.
pub(super) fn settle(conn: &Connection, hasher: &Hasher, run: i64) -> Result<Option<Settled>, IndexError> {
    let objects: Vec<i64> = conn.prepare("SELECT object_id FROM unsettled")?.query_map([], |r| r.get(0))?.collect::<Result<_, _>>()?;
    if objects.is_empty() {
        return Ok(Some(Settled::default()));
    }
    whose::outdated(conn)?;
    let region = match region::touched(conn)? {
        Some(seeds) => region::around(conn, seeds)?,
        None => None,
    };
    let settled = match region {
        Some(Region { consumers, shared, before, was_shared }) => {
            let before = |each: &mut dyn FnMut(ConsumerId, &[[u8; 16]])| {
                before.iter().for_each(|(id, members)| each(*id, members));
                Ok(())
            };
            let moved = write(conn, hasher, run, (consumers, shared), &before, was_shared)?;
            Some(Settled { objects, moved })
        }
        None => {
            let mut was_shared: HashSet<IdHash> = HashSet::new();
            standing::each_standing(conn, &mut |id, owner| {
                if owner == Owner::Several {
                    was_shared.insert(id);
                }
            })?;
            let found = partition(conn, "o.published = 1 AND o.ended_run IS NULL")?;
            write(conn, hasher, run, found, &|each| standing::each_consumer(conn, each), was_shared)?;
            None
        }
    };
    conn.execute_batch(
        "DELETE FROM link WHERE object_id IN (SELECT object_id FROM unsettled) AND object_id NOT IN (SELECT id FROM object);
         DELETE FROM unsettled;",
    )?;
    Ok(settled)
}

/// Consumers of several identifiers, each sorted, and shared identifiers.
type Found = (Vec<Vec<IdHash>>, Vec<IdHash>);

/// Goes through stored consumers, ordered, with their identifiers.
type Before<'b> = &'b dyn Fn(&mut dyn FnMut(ConsumerId, &[[u8; 16]])) -> Result<(), IndexError>;

/// Writes what was found, of some people or of all, where it is not what was stored of them. Gives what that was.
fn write(
    conn: &Connection,
    hasher: &Hasher,
    run: i64,
    (consumers, shared): Found,
    before: Before<'_>,
    was_shared: HashSet<IdHash>,
) -> Result<Moved, IndexError> {
    let mut ids = Vec::with_capacity(consumers.len());
    hasher.consumers(consumers.iter().map(|m| m[0]), &mut |id| ids.push(id));
    let mut named: Vec<(ConsumerId, Vec<IdHash>)> = ids.into_iter().zip(consumers).collect();
    named.sort_unstable();

    // Both lists are in order: what is in one alone, or differs, has changed. What stays as it is, is not written.
    let mut was: ById<ConsumerId> = ById::default();
    let mut changed: Vec<(ConsumerId, Option<&[IdHash]>)> = Vec::new();
    let mut new = named.iter().peekable();
    before(&mut |id, members| {
        while let Some((next, theirs)) = new.next_if(|n| n.0 < id) {
            changed.push((*next, Some(theirs)));
        }
        let now = new.next_if(|n| n.0 == id).map(|n| &n.1[..]);
        if !now.is_some_and(|now| now.iter().map(|m| &m.0).eq(members)) {
            was.extend(members.iter().map(|m| (IdHash(*m), id)));
            changed.push((id, now));
        }
    })?;
    changed.extend(new.map(|(id, members)| (*id, Some(&members[..]))));
    // PERF: it may be everybody; a list that grows by doubling would have up to twice the room that it needs.
    let many = shared.len() + changed.iter().filter_map(|c| c.1).map(<[IdHash]>::len).sum::<usize>();
    let mut becomes: Vec<(IdHash, Option<Owner>)> = Vec::with_capacity(many);
    let linked = changed.iter().filter_map(|(c, members)| Some((c, (*members)?)));
    becomes.extend(linked.flat_map(|(c, members)| members.iter().map(|m| (*m, Some(Owner::Linked(*c))))));
    standing::change_consumers(conn, &changed)?;

    let shared: HashSet<IdHash> = shared.into_iter().collect();
    becomes.extend(shared.difference(&was_shared).map(|id| (*id, Some(Owner::Several))));
    let moved: HashSet<IdHash> =
        if was.is_empty() && was_shared.is_empty() { HashSet::new() } else { becomes.iter().map(|b| b.0).collect() };
    let alone: HashSet<IdHash> = was.keys().chain(was_shared.difference(&shared)).filter(|id| !moved.contains(id)).copied().collect();
    becomes.extend(alone.into_iter().map(|id| (id, None)));
    becomes.sort_unstable_by_key(|b| b.0);
    let mut assign = Assign::new(conn, run)?;
    for (id, owner) in &mut becomes {
        // Who was shared was a consumer of its own before, as is whoever was nothing in particular.
        *owner = assign.one(*id, was.get(id).copied(), *owner)?;
    }
    standing::change_standings(conn, &becomes)?;
    Ok(Moved { now: becomes, was, was_shared })
}

/// Consumers of several identifiers, and shared identifiers, by the links of the objects `o` that fit the condition; see
/// [`Partition::solve`].
pub(super) fn partition(conn: &Connection, condition: &str) -> Result<Found, IndexError> {
    let names = Classes::read(conn)?;
    let mut partition = Partition::new();
    let mut q = conn.prepare(&format!("SELECT link.id, data FROM link JOIN object o ON o.id = object_id WHERE {condition}"))?;
    let mut rows = q.query([])?;
    let mut members = Vec::new();
    while let Some(row) = rows.next()? {
        links::whole(blob(row, 1)?)?;
        links::each_of(row.get(0)?, blob(row, 1)?, &mut |link| {
            members.clear();
            members.extend(link.members());
            partition.add(&members);
        })?;
    }
    Ok(partition.solve(|class| names.get(class)))
}

/// What is known of the classes of identifiers, by the number of their classifier.
pub(super) struct Classes(HashMap<u16, (String, String)>);

impl Classes {
    pub fn read(conn: &Connection) -> Result<Classes, IndexError> {
        let mut q = conn.prepare("SELECT id, name, element FROM classifier")?;
        Ok(Classes(q.query_map([], |r| Ok((r.get(0)?, (r.get(1)?, r.get(2)?))))?.collect::<Result<_, _>>()?))
    }

    pub fn get(&self, class: u16) -> Class<'_> {
        self.0.get(&class).map(|(name, element)| Class { name, element }).unwrap_or_default()
    }
}

/// Gives identifiers to consumers.
struct Assign<'c> {
    finder: Finder<'c>,
    run: i64,
    alias: Statement<'c>,
}

impl<'c> Assign<'c> {
    fn new(conn: &'c Connection, run: i64) -> Result<Assign<'c>, IndexError> {
        let alias = conn.prepare("INSERT OR IGNORE INTO consumer_alias (old, new) VALUES (?1, ?2)")?;
        Ok(Assign { finder: Finder::new(conn)?, run, alias })
    }

    /// What is stored of an identifier (greater than the one before) that was linked in `was` and is `becomes` now, `None`: on its
    /// own. An id that an earlier run may have shown stays an alias.
    fn one(&mut self, id: IdHash, was: Option<ConsumerId>, becomes: Option<Owner>) -> Result<Option<Owner>, IndexError> {
        // A link may name an identifier that was seen nowhere itself: it is nobody yet.
        let Some((who, since)) = self.finder.strong(id)? else { return Ok(None) };
        let consumer = match becomes {
            Some(Owner::Linked(consumer)) => consumer,
            _ => who.consumer,
        };
        if let Some(old) = was.or((since < self.run).then_some(who.consumer)).filter(|old| *old != consumer) {
            self.alias.execute(params![old.0, consumer.0])?;
        }
        Ok(becomes)
    }
}
