//! Several segments into one, without what is dead.
//!
//! The hashes are gone through in ranges. What the segments say of a range is read here, put together on any thread (`part`), and
//! written in order; what was read is deleted at once, so that the new segment takes its room. A range is as wide as some bytes of
//! postings are, whatever an identifier's postings weigh; where it ends follows from what lies in the segments, and from what waits to
//! be written where that is one more of them, the last: it needs no segment of its own then.

use std::collections::BTreeSet;

use rusqlite::Connection;

use super::hands::in_order;
use super::items::{BESIDE, LINK, decode};
use super::part::{Part, PartBuilder};
use super::spool::{Buckets, Ready};
use super::stretch::{Feed, Stretch, Walk};
use super::waiting::Bucket;
use super::{Builder, Identified, Segment, Spool, segments};
use crate::identity::{Hasher, IdHash};
use crate::index::IndexError;
use crate::index::entries::Entry;

/// Where rows of a segment lie.
pub(super) const TABLES: [&str; 6] =
    ["segment_identifier", "segment_posting", "segment_object", "segment_residence", "segment_consumer", "segment_joint"];

/// Bytes of a range, about.
pub(super) const RANGE: u128 = if cfg!(test) { 300 } else { 4 << 20 };

/// Identifiers of the longest segment, or postings that wait, that the first range has, about: nothing is known of their weight yet.
const FIRST: u128 = if cfg!(test) { 2 } else { 310 };

/// Postings from which on lists of all objects are made.
const MANY: u64 = if cfg!(test) { 3 } else { 1 << 20 };

/// Segments that are merged at once. Of each a block or two is held, and looked at again for each range.
pub(super) const TOGETHER: usize = if cfg!(test) { 3 } else { 64 };

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

/// What waits, to be merged with segments that were written before; the hasher makes the consumers that these do not list.
struct Waits<'h> {
    ready: Ready,
    buckets: Buckets,
    hasher: &'h Hasher,
}

/// What segments, and what waits, say of one range of hashes after the other.
pub(super) struct Ranges<'c> {
    feeds: Vec<Feed<'c>>,
    buckets: Buckets,
    /// The first hash behind the range before; `None`: that was the last.
    begin: Option<u128>,
    /// How many hashes the next range spans.
    width: u128,
}

impl<'c> Ranges<'c> {
    /// Stands before the first.
    pub fn new(conn: &'c Connection, which: &[Segment], buckets: Buckets) -> Ranges<'c> {
        let longest = which.iter().map(|s| u64::from(s.identifiers())).fold(buckets.len(), u64::max);
        let feeds = which.iter().map(|s| Feed::new(conn, *s, which.len())).collect();
        Ranges { feeds, buckets, begin: Some(0), width: u128::MAX / (u128::from(longest) / FIRST + 1) }
    }

    /// What is said of the next one; `None`: that was all.
    pub fn read(&mut self) -> Result<Option<(Vec<Stretch>, Vec<Bucket>)>, IndexError> {
        let Some(from) = self.begin else { return Ok(None) };
        let end = from.checked_add(self.width);
        self.begin = end;
        let stretches = self.feeds.iter_mut().map(|f| f.until(end.map(u128::to_be_bytes))).collect::<Result<Vec<_>, _>>()?;
        let waiting = self.buckets.until(end);
        let bytes = stretches.iter().map(Stretch::bytes).chain(waiting.iter().map(Bucket::bytes)).sum::<usize>();
        let fits = (self.width / (bytes as u128).max(1)).saturating_mul(RANGE);
        self.width = fits.clamp(self.width / 8, self.width.saturating_mul(2)).max(1);
        Ok(Some((stretches, waiting)))
    }
}

/// Writes these segments, and what waits, as one in their place. Postings of objects that are not `live` go, and what `keep` takes out.
fn merge(
    conn: &Connection,
    which: &[Segment],
    waits: Option<Waits<'_>>,
    live: &Live,
    keep: Option<Keep<'_>>,
) -> Result<Removed, IndexError> {
    let (buckets, waits) = waits.map(|w| (w.buckets, (w.ready, w.hasher))).unzip();
    let Some(base) = which.iter().map(|s| s.base).chain(waits.iter().map(|w| w.0.base)).min() else { return Ok(Vec::new()) };
    let run = which.iter().map(|s| s.run).max().unwrap_or(0);
    let buckets: Buckets = buckets.unwrap_or_default();
    let with_joint = which.iter().fold(buckets.len(), |n, s| n.saturating_add(s.postings)) >= MANY;
    let mut builder = Builder::new(conn, run, base)?;
    let mut ranges = Ranges::new(conn, which, buckets);
    let mut removed = Vec::new();
    let make = |(mut stretches, waiting): (Vec<Stretch>, Vec<Bucket>)| {
        if let Some((ready, _)) = &waits {
            stretches.push(Stretch::of(&ready.part(waiting, PartBuilder::new(ready.base).without_lists())?, ready.base));
        }
        let builder = PartBuilder::new(base);
        let mut made = together(stretches, if with_joint { builder.with_joint() } else { builder }, live, keep)?;
        if let Some((_, hasher)) = &waits {
            Identified::name(&mut made.0.dictionary, hasher);
        }
        Ok::<_, IndexError>(made)
    };
    in_order(&mut || ranges.read(), &make, &mut |made| {
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

/// Puts together what segments say of a range of hashes; what waited comes last.
fn together(stretches: Vec<Stretch>, mut builder: PartBuilder, live: &Live, keep: Option<Keep<'_>>) -> Result<(Part, Removed), IndexError> {
    let (mut removed, number) = (Vec::new(), |who: Identified| u128::from_be_bytes(who.hash.0));
    let mut walks: Vec<Walk<'_>> = stretches.iter().map(Walk::new).collect();
    // PERF: looked through for each identifier; most of them are in most segments.
    let mut heads = Vec::with_capacity(walks.len());
    for walk in &mut walks {
        heads.push(walk.step()?.map(number));
    }
    let (mut same, mut items): (Vec<usize>, Vec<Item<'_>>) = (Vec::new(), Vec::new());
    while let Some(hash) = heads.iter().flatten().min().copied() {
        same.clear();
        same.extend((0..heads.len()).filter(|at| heads[*at] == Some(hash)));
        let mut who: Option<Identified> = None;
        items.clear();
        for at in &same {
            let Some(here) = walks[*at].who() else { continue };
            if who.is_none_or(|w| !w.is_strong()) {
                // The first that lists it has its consumer; what waited has none.
                who = Some(Identified { consumer: who.map_or(here.consumer, |w| w.consumer), ..here });
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
            heads[*at] = walks[*at].step()?.map(number);
        }
    }
    // PERF: what was put together goes before lists of it are made: several ranges are on their way at a time.
    drop((walks, items));
    drop(stretches);
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
        removed.extend(merge(conn, &[s], None, &live, keep)?);
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
            removed.extend(merge(conn, some, None, &live, None)?);
            fewer.extend(segments(conn)?.into_iter().filter(|s| Some(s.id) > newest));
        }
        which = fewer;
    }
    removed.extend(merge(conn, &which, None, &live, None)?);
    Ok(removed)
}

/// At the end of a run: its segments become one, and with them older ones that are not much larger, so that their number
/// stays within the logarithm of the whole.
pub(in crate::index) fn tidy(conn: &Connection, run: i64) -> Result<Removed, IndexError> {
    let due = due(conn, run, 0)?;
    if due.len() > 1 { merge_many(conn, due) } else { Ok(Removed::new()) }
}

/// The same, of what waits and the run's own segments, so that it is not written twice; `false` where that is not to be done: older
/// ones are to be part of it, the run has none, or has more than are merged at once. After an error what waited is gone, and what was
/// written is to be rolled back.
pub(in crate::index) fn tidy_waiting(conn: &Connection, hasher: &Hasher, run: i64, spool: &mut Spool) -> Result<bool, IndexError> {
    let due = due(conn, run, spool.len() as u64)?;
    if spool.len() == 0 || !(1..=TOGETHER).contains(&due.len()) || due.iter().any(|s| s.run < run) {
        return Ok(false);
    }
    let (ready, buckets) = spool.close();
    merge(conn, &due, Some(Waits { ready, buckets, hasher }), &Live::read(conn)?, None)?;
    Ok(true)
}

/// The segments that the end of a run makes one of, `waiting` postings beside them.
fn due(conn: &Connection, run: i64, waiting: u64) -> Result<Vec<Segment>, IndexError> {
    let mut all = segments(conn)?;
    let mut from = all.iter().position(|s| s.run >= run).unwrap_or(all.len());
    let mut together = all[from..].iter().fold(waiting, |n, s| n.saturating_add(s.postings));
    while from > 0 && all[from - 1].postings <= together.saturating_mul(2) {
        from -= 1;
        together = together.saturating_add(all[from].postings);
    }
    Ok(all.split_off(from))
}
