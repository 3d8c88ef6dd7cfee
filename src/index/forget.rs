//! One person less: everything that any run noted of some identifiers goes, and a mark stays so that no run notes them again.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use rusqlite::{Connection, params};

use super::answers::Owner;
use super::consumers;
use super::counted;
use super::digest::Digest;
use super::entries::Entry;
use super::error::IndexError;
use super::postings::{self, Identified, Item, Shapes};
use super::reader::{Reader, blob};
use super::writer::Writer;
use super::{journal, links, standing};
use crate::base::Timestamp;
use crate::identity::{Certainty, ConsumerId, IdHash};

/// What [`Writer::forget`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Strong identifiers that were removed and marked.
    pub identifiers: u64,
    /// Object versions, of all runs, that spoke of them.
    pub objects: u64,
    /// Sightings that were removed.
    pub sightings: u64,
    /// Of the identifiers asked for, those that are shared by several people: they stay.
    pub shared: u64,
}

impl Writer {
    /// Removes the people whom `asked` name, with all identifiers that any run has linked to these, from every run.
    ///
    /// An error, and nothing removed, if a run on legal hold saw any of it. Counts per field stay: they are nobody's, and tell that
    /// somebody's data is stored there still, not whose.
    pub fn forget(&mut self, asked: &[IdHash]) -> Result<Forgotten, IndexError> {
        self.conn.execute_batch("PRAGMA secure_delete = ON")?;
        self.before = None;
        let tx = self.conn.unchecked_transaction()?;
        let (ids, shared) = everyone(&tx, asked)?;
        let mut done = Forgotten { shared, identifiers: ids.len() as u64, ..Forgotten::default() };
        if ids.is_empty() {
            return Ok(done);
        }
        let objects = spoken_of(&tx, &ids)?;
        held(&tx, &objects)?;
        done.objects = objects.len() as u64;
        let mut named: BTreeSet<ConsumerId> = BTreeSet::new();
        let mut linked: BTreeSet<i64> = BTreeSet::new();
        let mut left: BTreeMap<(i64, i64, i64), u64> = BTreeMap::new();
        let shapes = Shapes::default();
        for id in &ids {
            for (object, e) in postings::entries(&tx, &shapes, *id)? {
                match e {
                    Entry::Link(link) => drop(linked.insert(link)),
                    Entry::Sightings { field, classifier, certainty, count, .. } => {
                        done.sightings += count;
                        if certainty <= Certainty::Record as i64 && objects.contains(&object) {
                            *left.entry((object, field, classifier)).or_default() += count;
                        }
                    }
                    Entry::Residence(..) | Entry::Beside(_) | Entry::Protected { .. } => {}
                }
            }
            named.extend(standing::standing(&tx, *id)?.and_then(Owner::consumer));
            named.insert(self.hasher.consumer(*id));
            tx.prepare_cached("INSERT OR IGNORE INTO suppressed VALUES (?1, ?2)")?
                .execute(params![self.hasher.mark(*id), Timestamp::now().0])?;
        }
        let gone: Vec<(IdHash, Option<Owner>)> = ids.iter().map(|id| (*id, None)).collect();
        standing::change_standings(&tx, &gone)?;
        let mut broken: HashSet<i64> = HashSet::new();
        links::unlink(&tx, linked, &|id| ids.contains(&id), &mut |link| _ = broken.insert(link))?;
        postings::rewrite(&tx, &objects, &|who, items| cleanse(who, items, &ids, &broken))?;
        let nobody: Vec<(ConsumerId, Option<&[IdHash]>)> = named.iter().map(|c| (*c, None)).collect();
        standing::change_consumers(&tx, &nobody)?;
        for c in named {
            tx.prepare_cached("DELETE FROM consumer_alias WHERE old = ?1 OR new = ?1")?.execute([c.0])?;
        }
        // What is stored still is told as nobody's, by its number alone, until a run finds that it is gone.
        for ((object, field, classifier), count) in left {
            if is_counted(&tx, classifier)? {
                tx.prepare_cached(
                    "INSERT INTO unattributed (object_id, field_id, classifier_id, kind, count, places) VALUES (?1, ?2, ?3, 0, ?4, x'')",
                )?
                .execute([object, field, classifier, count as i64])?;
            }
        }
        for object in &objects {
            let digest = digest(&tx, *object)?;
            tx.prepare_cached("UPDATE object SET digest = ?2 WHERE id = ?1")?.execute(params![object, digest.stored()])?;
        }
        // What the person's records proved of others goes with them.
        tx.execute("INSERT OR IGNORE INTO unsettled VALUES (0)", [])?;
        let run: i64 = tx.query_row("SELECT coalesce(max(id), 0) + 1 FROM run", [], |r| r.get(0))?;
        consumers::settle(&tx, &self.hasher, run)?;
        counted::store(&tx, None)?;
        journal::note_removal(&tx)?;
        tx.commit()?;
        self.tidy_up()?;
        Ok(done)
    }
}

/// The identifiers asked for, and all that are or were one person's with them by the records of any run; without shared
/// ones, which are counted.
fn everyone(conn: &Connection, asked: &[IdHash]) -> Result<(BTreeSet<IdHash>, u64), IndexError> {
    let known = |id: &IdHash| -> Result<bool, IndexError> { Ok(postings::identified(conn, *id)?.is_some_and(|i| i.is_strong())) };
    let (ever, mut shared) = consumers::partition(conn, "o.published = 1")?;
    let (now, _) = consumers::partition(conn, "o.published = 1 AND o.ended_run IS NULL")?;
    standing::each_standing(conn, &mut |id, owner| {
        if owner == Owner::Several {
            shared.push(id);
        }
    })?;
    let shared: HashSet<IdHash> = shared.into_iter().collect();
    let asked: BTreeSet<IdHash> = asked.iter().copied().collect();
    let mut out: BTreeSet<IdHash> = BTreeSet::new();
    for id in asked.difference(&shared.iter().copied().collect()) {
        if known(id)? {
            out.insert(*id);
        }
    }
    for members in ever.iter().chain(&now) {
        if members.iter().any(|m| out.contains(m)) {
            out.extend(members.iter().filter(|m| !shared.contains(m)));
        }
    }
    Ok((out, asked.iter().filter(|a| shared.contains(a)).count() as u64))
}

/// Object versions with a posting of any of the identifiers, ordered.
fn spoken_of(conn: &Connection, ids: &BTreeSet<IdHash>) -> Result<BTreeSet<i64>, IndexError> {
    let mut out = BTreeSet::new();
    for id in ids {
        out.extend(postings::objects_of(conn, *id)?);
    }
    // What a deleted object said counts for nothing, and goes as well.
    let mut there = conn.prepare("SELECT EXISTS (SELECT 1 FROM object WHERE id = ?1)")?;
    let mut living = BTreeSet::new();
    for object in out {
        if there.query_row([object], |r| r.get(0))? {
            living.insert(object);
        }
    }
    Ok(living)
}

fn held(conn: &Connection, objects: &BTreeSet<i64>) -> Result<(), IndexError> {
    let mut q = conn.prepare(
        "SELECT h.id, h.hold FROM run h JOIN object o ON o.id = ?1 AND h.id >= o.first_run AND (o.ended_run IS NULL OR h.id < o.ended_run)
         WHERE h.hold IS NOT NULL ORDER BY h.id LIMIT 1",
    )?;
    for object in objects {
        if let Some(found) = q.query_map([object], |r| Ok((r.get(0)?, r.get(1)?)))?.next() {
            let (run, reason) = found?;
            return Err(IndexError::Held { run, reason });
        }
    }
    Ok(())
}

/// Takes the identifiers out, and out of what is said of others what points to them: links that are gone, and weak identifiers
/// that stood beside nobody else in an object.
fn cleanse(who: &Identified, items: &mut Vec<Item<'_>>, ids: &BTreeSet<IdHash>, gone: &HashSet<i64>) {
    if ids.contains(&who.hash) {
        items.clear();
        return;
    }
    let points_to_them = |item: &Item<'_>| match item.entry() {
        Some(Entry::Beside(anchor)) => ids.contains(&anchor),
        Some(Entry::Link(link)) => gone.contains(&link),
        _ => false,
    };
    let goes: Vec<bool> = items.iter().map(points_to_them).collect();
    if !goes.contains(&true) {
        return;
    }
    // Per object: whether the identifier stood beside one of them, and whether it stands beside somebody still.
    let mut beside: HashMap<i64, (bool, bool)> = HashMap::new();
    for (item, goes) in items.iter().zip(&goes) {
        if item.is_beside() {
            let (stood, stands) = beside.entry(item.object).or_default();
            *stood |= goes;
            *stands |= !goes;
        }
    }
    let mut at = 0;
    items.retain(|item| {
        at += 1;
        !goes[at - 1] && beside.get(&item.object).is_none_or(|(stood, stands)| !stood || *stands)
    });
}

/// The check sum of an object as it stands.
fn digest(conn: &Connection, object: i64) -> Result<Digest, IndexError> {
    let mut sum = Digest::default();
    let mut q = conn.prepare_cached("SELECT id, data FROM link WHERE object_id = ?1")?;
    let mut rows = q.query([object])?;
    while let Some(r) = rows.next()? {
        sum.links(r.get(0)?, links::whole(blob(r, 1)?)?);
    }
    let mut q = conn.prepare_cached("SELECT field_id, classifier_id, kind, count, places FROM unattributed WHERE object_id = ?1")?;
    let mut rows = q.query([object])?;
    while let Some(r) = rows.next()? {
        sum.unattributed([r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?], r.get_ref(4)?.as_blob().unwrap_or_default());
    }
    Ok(sum)
}

/// Whether sightings of a classifier are counted by field: those of keys are not.
pub(super) fn is_counted(conn: &Connection, classifier: i64) -> Result<bool, IndexError> {
    Ok(conn.prepare_cached("SELECT name NOT LIKE 'key.%' FROM classifier WHERE id = ?1")?.query_row([classifier], |r| r.get(0))?)
}

impl Reader {
    /// How many records of an object at least are of people who were forgotten: those that are counted and have no place.
    pub fn forgotten_records(&self, object: i64) -> Result<u64, IndexError> {
        let sql = "SELECT coalesce(max(n), 0) FROM (SELECT sum(count) AS n FROM unattributed WHERE object_id = ?1 AND length(places) = 0
                   GROUP BY field_id, classifier_id)";
        Ok(self.conn.prepare_cached(sql)?.query_row([object], |r| r.get::<_, i64>(0))? as u64)
    }
}

/// The marks of forgotten identifiers.
pub(super) fn marks(conn: &Connection) -> Result<HashSet<[u8; 16]>, IndexError> {
    Ok(conn.prepare("SELECT hash FROM suppressed")?.query_map([], |r| r.get(0))?.collect::<Result<_, _>>()?)
}
