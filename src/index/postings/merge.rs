//! Several segments into one, without what is dead.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use roaring::RoaringTreemap;
use rusqlite::Connection;

use super::items::{BESIDE, LINK, decode};
use super::read::Scan;
use super::{Builder, Identified, Segment, segments};
use crate::identity::IdHash;
use crate::index::IndexError;
use crate::index::entries::Entry;

/// Where rows of a segment lie.
pub(super) const TABLES: [&str; 4] = ["segment_identifier", "segment_posting", "segment_object", "segment_residence"];

/// One thing that an object says about an identifier, as it is stored.
#[derive(Clone, Copy)]
pub(in crate::index) struct Item<'a> {
    /// The object's number.
    pub object: i64,
    tag: u8,
    body: &'a [u8],
}

impl Item<'_> {
    /// A link or a neighbour; `None` for all else.
    pub fn entry(&self) -> Option<Entry> {
        let mut no_shape = |_| Err(IndexError::Damaged("a shape where none can be"));
        matches!(self.tag, LINK | BESIDE).then(|| decode(self.tag, &mut &self.body[..], &mut no_shape).ok()).flatten()
    }

    /// Whether it names a neighbour.
    pub fn is_beside(&self) -> bool {
        self.tag == BESIDE
    }
}

/// The strong identifiers that a merge left out because nothing in its segments speaks of them any more.
pub(in crate::index) type Removed = Vec<IdHash>;

/// The numbers of all objects that there are.
pub(in crate::index) fn live(conn: &Connection) -> Result<RoaringTreemap, IndexError> {
    let mut q = conn.prepare("SELECT id FROM object ORDER BY id")?;
    let mut rows = q.query([])?;
    let mut out = RoaringTreemap::new();
    while let Some(r) = rows.next()? {
        out.insert(r.get::<_, i64>(0)? as u64);
    }
    Ok(out)
}

/// Writes these segments as one in their place. Postings of objects that are not `live` go; what else goes decides `keep`, which
/// is given all items of an identifier in the order of objects and takes out what it will.
pub(in crate::index) fn merge(
    conn: &Connection,
    which: &[Segment],
    live: &RoaringTreemap,
    keep: &mut dyn for<'a> FnMut(&Identified, &mut Vec<Item<'a>>),
) -> Result<Removed, IndexError> {
    let Some(base) = which.iter().map(|s| s.base).min() else { return Ok(Vec::new()) };
    let run = which.iter().map(|s| s.run).max().unwrap_or(0);
    let mut builder = Builder::new(conn, run, base)?;
    let mut scans: Vec<Scan<'_>> = which.iter().map(|s| Scan::new(conn, *s)).collect();
    let mut heap: BinaryHeap<Reverse<(IdHash, usize)>> = BinaryHeap::with_capacity(scans.len());
    for (at, scan) in scans.iter_mut().enumerate() {
        heap.extend(scan.step()?.map(|who| Reverse((who.hash, at))));
    }
    let (mut same, mut removed) = (Vec::new(), Vec::new());
    while let Some(Reverse((hash, first))) = heap.pop() {
        same.clear();
        same.push(first);
        while let Some(Reverse((_, next))) = heap.peek().filter(|n| n.0.0 == hash).copied() {
            heap.pop();
            same.push(next);
        }
        {
            let mut who: Option<Identified> = None;
            let mut items: Vec<Item<'_>> = Vec::new();
            for at in &same {
                let Some(here) = scans[*at].who() else { continue };
                if who.is_none_or(|w| !w.is_strong()) {
                    who = Some(here);
                }
                for item in scans[*at].items() {
                    let (object, tag, body) = item?;
                    if live.contains(object as u64) {
                        items.push(Item { object, tag, body });
                    }
                }
            }
            if let Some(who) = who {
                if same.len() > 1 {
                    // Stable: what one object says keeps its order.
                    items.sort_by_key(|i| i.object);
                }
                keep(&who, &mut items);
                removed.extend((items.is_empty() && who.is_strong()).then_some(hash));
                builder.add(&who, items.into_iter().map(|i| (i.object, i.tag, i.body)))?;
            }
        }
        for at in &same {
            heap.extend(scans[*at].step()?.map(|who| Reverse((who.hash, *at))));
        }
    }
    builder.finish()?;
    for s in which {
        for table in TABLES {
            conn.execute(&format!("DELETE FROM {table} WHERE segment_id = ?1"), [s.id])?;
        }
        conn.execute("DELETE FROM segment WHERE id = ?1", [s.id])?;
    }
    Ok(removed)
}

/// Rewrites the segments that hold postings of any of these objects, each for itself.
pub(in crate::index) fn rewrite(
    conn: &Connection,
    objects: &BTreeSet<i64>,
    keep: &mut dyn for<'a> FnMut(&Identified, &mut Vec<Item<'a>>),
) -> Result<Removed, IndexError> {
    let mut holders = BTreeSet::new();
    let mut q = conn.prepare_cached("SELECT DISTINCT segment_id FROM segment_object WHERE object_id = ?1")?;
    for o in objects {
        for s in q.query_map([o], |r| r.get::<_, i64>(0))? {
            holders.insert(s?);
        }
    }
    each_for_itself(conn, &holders, keep)
}

/// Rewrites the segments that hold postings of objects that are no more.
pub(in crate::index) fn rewrite_dead(conn: &Connection) -> Result<Removed, IndexError> {
    let mut q = conn.prepare("SELECT DISTINCT segment_id FROM segment_object WHERE object_id NOT IN (SELECT id FROM object)")?;
    let holders = q.query_map([], |r| r.get(0))?.collect::<Result<_, _>>()?;
    each_for_itself(conn, &holders, &mut |_, _| {})
}

fn each_for_itself(
    conn: &Connection,
    which: &BTreeSet<i64>,
    keep: &mut dyn for<'a> FnMut(&Identified, &mut Vec<Item<'a>>),
) -> Result<Removed, IndexError> {
    let (live, mut removed) = (live(conn)?, Vec::new());
    for s in segments(conn)?.into_iter().filter(|s| which.contains(&s.id)) {
        removed.extend(merge(conn, &[s], &live, keep)?);
    }
    Ok(removed)
}

/// All segments become one.
pub(in crate::index) fn merge_all(conn: &Connection) -> Result<Removed, IndexError> {
    merge(conn, &segments(conn)?, &live(conn)?, &mut |_, _| {})
}

/// At the end of a run: its segments become one, and with them older ones that are not much larger, so that their number
/// stays within the logarithm of the whole.
pub(in crate::index) fn tidy(conn: &Connection, run: i64) -> Result<(), IndexError> {
    let all = segments(conn)?;
    let mut from = all.iter().position(|s| s.run >= run).unwrap_or(all.len());
    let mut together: u64 = all[from..].iter().map(|s| s.postings).sum();
    while from > 0 && all[from - 1].postings <= 2 * together {
        from -= 1;
        together += all[from].postings;
    }
    if all.len() - from > 1 {
        merge(conn, &all[from..], &live(conn)?, &mut |_, _| {})?;
    }
    Ok(())
}
