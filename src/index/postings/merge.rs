//! Several segments into one, without what is dead.
//!
//! The hashes are gone through in ranges. What the segments say of a range is read here, put together on any thread (`part`), and
//! written in order; what was read is deleted at once, so that the new segment takes its room. A range is as wide as some bytes of
//! postings are, whatever an identifier's postings weigh; where it ends follows from what lies in the segments alone.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use rusqlite::Connection;

use super::hands::in_order;
use super::items::{BESIDE, LINK, decode};
use super::part::{Part, PartBuilder};
use super::stretch::{Feed, Stretch, Walk};
use super::{Builder, Identified, Segment, segments};
use crate::identity::IdHash;
use crate::index::IndexError;
use crate::index::entries::Entry;

/// Where rows of a segment lie.
pub(super) const TABLES: [&str; 6] =
    ["segment_identifier", "segment_posting", "segment_object", "segment_residence", "segment_consumer", "segment_joint"];

/// Bytes of a range, about.
const RANGE: u128 = if cfg!(test) { 300 } else { 4 << 20 };

/// Identifiers of the longest segment that the first range has, about: nothing is known of their weight yet.
const FIRST: u128 = if cfg!(test) { 2 } else { 310 };

/// Postings from which on lists of all objects are made.
const MANY: u64 = if cfg!(test) { 1 } else { 1 << 20 };

/// Segments that are merged at once. Of each a block or two is held, and looked at again for each range.
const TOGETHER: usize = if cfg!(test) { 3 } else { 64 };

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

/// Decides what stays of an identifier: is given all items in the order of objects and takes out what it will.
pub(in crate::index) type Keep<'k> = &'k (dyn for<'a> Fn(&Identified, &mut Vec<Item<'a>>) + Sync);

/// The objects that there are, a bit each.
struct Live(Vec<u64>);

impl Live {
    fn read(conn: &Connection) -> Result<Live, IndexError> {
        let last: Option<i64> = conn.query_row("SELECT max(id) FROM object", [], |r| r.get(0))?;
        let mut bits = vec![0; last.map_or(0, |l| l as usize / 64 + 1)];
        let mut q = conn.prepare("SELECT id FROM object")?;
        let mut rows = q.query([])?;
        while let Some(r) = rows.next()? {
            let id = r.get::<_, i64>(0)? as usize;
            bits[id / 64] |= 1 << (id % 64);
        }
        Ok(Live(bits))
    }

    fn contains(&self, object: i64) -> bool {
        self.0.get(object as usize / 64).is_some_and(|word| word >> (object % 64) & 1 == 1)
    }
}

/// Writes these segments as one in their place. Postings of objects that are not `live` go, and what `keep` takes out.
fn merge(conn: &Connection, which: &[Segment], live: &Live, keep: Option<Keep<'_>>) -> Result<Removed, IndexError> {
    let Some(base) = which.iter().map(|s| s.base).min() else { return Ok(Vec::new()) };
    let run = which.iter().map(|s| s.run).max().unwrap_or(0);
    let longest = which.iter().map(|s| u128::from(s.identifiers())).max().unwrap_or(0);
    let with_joint = which.iter().fold(0u64, |n, s| n.saturating_add(s.postings)) >= MANY;
    let mut builder = Builder::new(conn, run, base)?;
    let mut feeds: Vec<Feed<'_>> = which.iter().map(|s| Feed::new(conn, *s, which.len())).collect();
    // The first hash behind the range before; `None`: that was the last.
    let (mut begin, mut width) = (Some(0), u128::MAX / (longest / FIRST + 1));
    let mut next = || {
        let Some(from) = begin else { return Ok(None) };
        begin = u128::checked_add(from, width);
        let stretches = feeds.iter_mut().map(|f| f.until(begin.map(u128::to_be_bytes))).collect::<Result<Vec<_>, _>>()?;
        let bytes: u128 = stretches.iter().map(|s| s.bytes() as u128).sum();
        let fits = (width / bytes.max(1)).saturating_mul(RANGE);
        width = fits.clamp(width / 8, width.saturating_mul(2)).max(1);
        Ok(Some(stretches))
    };
    let mut removed = Vec::new();
    let make = |stretches| {
        let builder = PartBuilder::new(base);
        together(stretches, if with_joint { builder.with_joint() } else { builder }, live, keep)
    };
    in_order(&mut next, &make, &mut |made| {
        let (part, gone) = made?;
        removed.extend(gone);
        builder.add(part)
    })?;
    builder.finish()?;
    for s in which {
        for table in TABLES {
            conn.execute(&format!("DELETE FROM {table} WHERE segment_id = ?1"), [s.id])?;
        }
        conn.execute("DELETE FROM segment WHERE id = ?1", [s.id])?;
    }
    Ok(removed)
}

/// Puts together what segments say of a range of hashes.
fn together(stretches: Vec<Stretch>, mut builder: PartBuilder, live: &Live, keep: Option<Keep<'_>>) -> Result<(Part, Removed), IndexError> {
    let mut removed = Vec::new();
    let mut walks: Vec<Walk<'_>> = stretches.iter().map(Walk::new).collect();
    let mut heap: BinaryHeap<Reverse<(u128, usize)>> = BinaryHeap::with_capacity(walks.len());
    let number = |who: &Identified| u128::from_be_bytes(who.hash.0);
    for (at, walk) in walks.iter_mut().enumerate() {
        heap.extend(walk.step()?.map(|who| Reverse((number(&who), at))));
    }
    let (mut same, mut items): (Vec<usize>, Vec<Item<'_>>) = (Vec::new(), Vec::new());
    while let Some(Reverse((hash, first))) = heap.pop() {
        same.clear();
        same.push(first);
        while let Some(Reverse((_, next))) = heap.peek().filter(|n| n.0.0 == hash).copied() {
            heap.pop();
            same.push(next);
        }
        let mut who: Option<Identified> = None;
        items.clear();
        for at in &same {
            let Some(here) = walks[*at].who() else { continue };
            if who.is_none_or(|w| !w.is_strong()) {
                who = Some(here);
            }
            for item in walks[*at].items() {
                let (object, tag, body) = item?;
                if live.contains(object) {
                    items.push(Item { object, tag, body });
                }
            }
        }
        if let Some(who) = who {
            if same.len() > 1 && !items.is_sorted_by_key(|i| i.object) {
                // Stable: what one object says keeps its order.
                items.sort_by_key(|i| i.object);
            }
            if let Some(keep) = keep {
                keep(&who, &mut items);
            }
            removed.extend((items.is_empty() && who.is_strong()).then_some(who.hash));
            items.iter().try_for_each(|i| builder.copy(i.object, i.tag, i.body))?;
            builder.end(&who)?;
        }
        for at in &same {
            heap.extend(walks[*at].step()?.map(|who| Reverse((number(&who), *at))));
        }
    }
    Ok((builder.finish(), removed))
}

/// Rewrites the segments that hold postings of any of these objects, each for itself.
pub(in crate::index) fn rewrite(conn: &Connection, objects: &BTreeSet<i64>, keep: Keep<'_>) -> Result<Removed, IndexError> {
    let mut holders = BTreeSet::new();
    let mut q = conn.prepare_cached("SELECT DISTINCT segment_id FROM segment_object WHERE object_id = ?1")?;
    for o in objects {
        for s in q.query_map([o], |r| r.get::<_, i64>(0))? {
            holders.insert(s?);
        }
    }
    each_for_itself(conn, &holders, Some(keep))
}

/// Rewrites the segments that hold postings of objects that are no more.
pub(in crate::index) fn rewrite_dead(conn: &Connection) -> Result<Removed, IndexError> {
    let mut q = conn.prepare("SELECT DISTINCT segment_id FROM segment_object WHERE object_id NOT IN (SELECT id FROM object)")?;
    let holders = q.query_map([], |r| r.get(0))?.collect::<Result<_, _>>()?;
    each_for_itself(conn, &holders, None)
}

fn each_for_itself(conn: &Connection, which: &BTreeSet<i64>, keep: Option<Keep<'_>>) -> Result<Removed, IndexError> {
    let (live, mut removed) = (Live::read(conn)?, Vec::new());
    for s in segments(conn)?.into_iter().filter(|s| which.contains(&s.id)) {
        removed.extend(merge(conn, &[s], &live, keep)?);
    }
    Ok(removed)
}

/// All segments become one.
pub(in crate::index) fn merge_all(conn: &Connection) -> Result<Removed, IndexError> {
    merge_many(conn, segments(conn)?)
}

/// These segments, neighbours, become one: where they are many, a few become one first.
fn merge_many(conn: &Connection, mut which: Vec<Segment>) -> Result<Removed, IndexError> {
    let (live, mut removed) = (Live::read(conn)?, Vec::new());
    while which.len() > TOGETHER {
        let mut fewer = Vec::new();
        for some in which.chunks(TOGETHER) {
            let newest = segments(conn)?.iter().map(|s| s.id).max();
            removed.extend(merge(conn, some, &live, None)?);
            fewer.extend(segments(conn)?.into_iter().filter(|s| Some(s.id) > newest));
        }
        which = fewer;
    }
    removed.extend(merge(conn, &which, &live, None)?);
    Ok(removed)
}

/// At the end of a run: its segments become one, and with them older ones that are not much larger, so that their number
/// stays within the logarithm of the whole.
pub(in crate::index) fn tidy(conn: &Connection, run: i64) -> Result<(), IndexError> {
    let all = segments(conn)?;
    let mut from = all.iter().position(|s| s.run >= run).unwrap_or(all.len());
    let mut together = all[from..].iter().fold(0u64, |n, s| n.saturating_add(s.postings));
    while from > 0 && all[from - 1].postings <= together.saturating_mul(2) {
        from -= 1;
        together = together.saturating_add(all[from].postings);
    }
    if all.len() - from > 1 {
        merge_many(conn, all[from..].to_vec())?;
    }
    Ok(())
}
