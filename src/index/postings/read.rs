//! Looking things up in segments.

use rusqlite::{Connection, OptionalExtension, params};

use super::items::{self, Items, LINK, number};
use super::lists::{Says, lists_of};
use super::{DICTIONARY, Identified, Segment, Shapes, dictionary_first, dictionary_row, segments, unseal, unseal_checked};
use crate::identity::IdHash;
use crate::index::IndexError;
use crate::index::entries::Entry;
use crate::index::reader::blob;

const BROKEN: IndexError = IndexError::Damaged("a block of postings breaks off");

/// Where an identifier stands in a segment, if it does.
fn find(conn: &Connection, segment: &Segment, hash: IdHash) -> Result<Option<(u32, Identified)>, IndexError> {
    let mut q =
        conn.prepare_cached("SELECT id, data FROM segment_identifier WHERE segment_id = ?1 AND first <= ?2 ORDER BY first DESC LIMIT 1")?;
    let mut rows = q.query(params![segment.id, hash.0])?;
    let Some(r) = rows.next()? else { return Ok(None) };
    let first = dictionary_first(r.get(0)?);
    let data = unseal(blob(r, 1)?)?;
    let (list, _) = data.as_chunks::<{ Identified::BYTES }>();
    let at = list.binary_search_by(|e| e[..16].cmp(&hash.0[..])).ok();
    Ok(at.map(|at| (first.saturating_add(at as u32), Identified::decode(&list[at]))))
}

/// Calls `each` with the bytes of the items of an ordinal.
pub(super) fn items_at<T>(
    conn: &Connection,
    segment: &Segment,
    ordinal: u32,
    each: impl FnOnce(&[u8]) -> Result<T, IndexError>,
) -> Result<T, IndexError> {
    let mut q =
        conn.prepare_cached("SELECT first, data FROM segment_posting WHERE segment_id = ?1 AND first <= ?2 ORDER BY first DESC LIMIT 1")?;
    let mut rows = q.query(params![segment.id, ordinal])?;
    let r = rows.next()?.ok_or(BROKEN)?;
    let (mut at, mut data) = (r.get::<_, u32>(0)?, unseal(blob(r, 1)?)?);
    loop {
        let length = number(&mut data)? as usize;
        let (items, rest) = data.split_at_checked(length).ok_or(BROKEN)?;
        if at == ordinal {
            return each(items);
        }
        (at, data) = (at + 1, rest);
    }
}

/// What is known of an identifier itself; `None` if no posting speaks of it. Whether objects that do are there is not looked at.
pub(in crate::index) fn identified(conn: &Connection, hash: IdHash) -> Result<Option<Identified>, IndexError> {
    let mut found: Option<Identified> = None;
    for s in segments(conn)? {
        if let Some((_, i)) = find(conn, &s, hash)? {
            if i.is_strong() {
                return Ok(Some(i));
            }
            found = Some(i);
        }
    }
    Ok(found)
}

/// Calls `each` with every item of an identifier.
fn each_item(conn: &Connection, hash: IdHash, each: &mut dyn FnMut(i64, u8, &[u8]) -> Result<(), IndexError>) -> Result<(), IndexError> {
    for s in segments(conn)? {
        let Some((ordinal, _)) = find(conn, &s, hash)? else { continue };
        items_at(conn, &s, ordinal, |bytes| {
            Items::new(bytes, s.base).try_for_each(|item| {
                let (object, tag, body) = item?;
                each(object, tag, body)
            })
        })?;
    }
    Ok(())
}

/// All that objects (dead ones too) say about an identifier: the object's number and the entry. What one
/// object says comes in no particular order.
pub(in crate::index) fn entries(conn: &Connection, shapes: &Shapes, hash: IdHash) -> Result<Vec<(i64, Entry)>, IndexError> {
    let mut out = Vec::new();
    each_item(conn, hash, &mut |object, tag, mut body| {
        out.push((object, items::decode(tag, &mut body, &mut |n| shapes.get(conn, n))?));
        Ok(())
    })?;
    Ok(out)
}

/// Calls `each` with the objects (dead ones too) whose records join an identifier with others, and the numbers of the links.
pub(in crate::index) fn links_of(conn: &Connection, hash: IdHash, each: &mut dyn FnMut(i64, i64)) -> Result<(), IndexError> {
    each_item(conn, hash, &mut |object, tag, mut body| {
        if tag == LINK {
            each(object, number(&mut body)? as i64);
        }
        Ok(())
    })
}

/// The objects that speak of an identifier, dead ones too, ascending.
pub(in crate::index) fn objects_of(conn: &Connection, hash: IdHash) -> Result<Vec<i64>, IndexError> {
    let mut out = Vec::new();
    each_item(conn, hash, &mut |object, _, _| {
        out.push(object);
        Ok(())
    })?;
    out.sort_unstable();
    out.dedup();
    Ok(out)
}

/// Calls `each` with all that an object says of identifiers (links and neighbours excepted), in the order of their hashes within a segment.
pub(in crate::index) fn of_object(
    conn: &Connection,
    shapes: &Shapes,
    object: i64,
    each: &mut dyn FnMut(&Identified, Says, u64),
) -> Result<(), IndexError> {
    for (segment, lists) in lists_of(conn, shapes, object)? {
        let mut all: Vec<(u32, u32, u64)> = Vec::with_capacity(lists.iter().map(|l| l.who.len()).sum());
        for (at, l) in lists.iter().enumerate() {
            all.extend(l.who.iter().map(|(ordinal, count)| (*ordinal, at as u32, *count)));
        }
        all.sort_unstable();
        let mut names = Names::new(conn, segment);
        for (ordinal, list, count) in all {
            each(&names.get(ordinal)?, lists[list as usize].says, count);
        }
    }
    Ok(())
}

/// Calls `each` with all entries of an object, in the order of the identifiers' hashes within a segment.
pub(in crate::index) fn entries_of_object(
    conn: &Connection,
    shapes: &Shapes,
    object: i64,
    each: &mut dyn FnMut(Entry),
) -> Result<(), IndexError> {
    let all = segments(conn)?;
    for (id, lists) in lists_of(conn, shapes, object)? {
        let segment = all.iter().find(|s| s.id == id).ok_or(BROKEN)?;
        let mut ordinals: Vec<u32> = lists.iter().flat_map(|l| l.who.iter().map(|w| w.0)).collect();
        ordinals.sort_unstable();
        ordinals.dedup();
        for ordinal in ordinals {
            items_at(conn, segment, ordinal, |bytes| {
                for item in Items::new(bytes, segment.base) {
                    let (of, tag, mut body) = item?;
                    if of == object {
                        each(items::decode(tag, &mut body, &mut |n| shapes.get(conn, n))?);
                    }
                }
                Ok(())
            })?;
        }
    }
    Ok(())
}

/// Identifiers by ordinal; cheap where these ascend.
pub(in crate::index) struct Names<'c> {
    conn: &'c Connection,
    segment: i64,
    number: i64,
    block: Vec<u8>,
}

impl<'c> Names<'c> {
    /// Those of this segment.
    pub fn new(conn: &'c Connection, segment: i64) -> Names<'c> {
        Names { conn, segment, number: -1, block: Vec::new() }
    }

    /// The identifier of this ordinal.
    pub fn get(&mut self, ordinal: u32) -> Result<Identified, IndexError> {
        let (number, at) = (i64::from(ordinal) / DICTIONARY as i64, ordinal as usize % DICTIONARY);
        if number != self.number {
            let mut q = self.conn.prepare_cached("SELECT data FROM segment_identifier WHERE id = ?1")?;
            let row = dictionary_row(self.segment, number);
            self.block = q.query_row([row], |r| r.get(0)).optional()?.ok_or(BROKEN)?;
            self.number = number;
        }
        let (list, _) = unseal(&self.block)?.as_chunks::<{ Identified::BYTES }>();
        list.get(at).map(Identified::decode).ok_or(BROKEN)
    }
}

/// Blocks of a dictionary that are read at once.
const BLOCKS: i64 = if cfg!(test) { 2 } else { 32 };

/// The identifiers of a segment, one after the other.
pub(in crate::index) struct Dictionary<'c> {
    conn: &'c Connection,
    segment: i64,
    number: i64,
    block: Vec<u8>,
    /// Of the identifier at hand, in what was read.
    at: usize,
    who: Option<Identified>,
}

impl<'c> Dictionary<'c> {
    /// Stands at the first.
    pub fn open(conn: &'c Connection, segment: i64) -> Result<Dictionary<'c>, IndexError> {
        let mut out = Dictionary { conn, segment, number: 0, block: Vec::new(), at: 0, who: None };
        out.turn()?;
        Ok(out)
    }

    /// The identifier at hand; `None` at the end.
    pub fn at(&self) -> Option<&Identified> {
        self.who.as_ref()
    }

    /// Its ordinal.
    pub fn ordinal(&self) -> u32 {
        (self.number as usize * DICTIONARY + self.at) as u32
    }

    /// Goes on to the next.
    pub fn step(&mut self) -> Result<(), IndexError> {
        self.at += 1;
        self.look();
        self.turn_at_end()
    }

    /// Reads on where what was read ends with a full block.
    fn turn_at_end(&mut self) -> Result<(), IndexError> {
        if self.who.is_none() && self.at > 0 && self.at.is_multiple_of(DICTIONARY) {
            self.number += (self.at / DICTIONARY) as i64;
            self.turn()?;
        }
        Ok(())
    }

    /// Goes on to the first that is not before `until` (`None`: to the end); `each` is told the ordinals of those before, and whether
    /// they are strong.
    pub fn run_until(&mut self, until: Option<IdHash>, each: &mut dyn FnMut(u32, bool)) -> Result<(), IndexError> {
        let until = until.map(|u| u128::from_be_bytes(u.0));
        while self.who.is_some() {
            let (list, _) = self.block.as_chunks::<{ Identified::BYTES }>();
            for entry in list.iter().skip(self.at) {
                let here = entry.first_chunk::<16>().map(|hash| u128::from_be_bytes(*hash));
                if until.is_some() && here >= until {
                    self.look();
                    return Ok(());
                }
                each((self.number as usize * DICTIONARY + self.at) as u32, entry[16..18] != [0, 0]);
                self.at += 1;
            }
            self.who = None;
            self.turn_at_end()?;
        }
        Ok(())
    }

    fn look(&mut self) {
        let (list, _) = self.block.as_chunks::<{ Identified::BYTES }>();
        self.who = list.get(self.at).map(Identified::decode);
    }

    /// Reads the next blocks, as long as they are full.
    fn turn(&mut self) -> Result<(), IndexError> {
        let mut q = self.conn.prepare_cached("SELECT id, data FROM segment_identifier WHERE id >= ?1 AND id < ?2 ORDER BY id")?;
        self.block.clear();
        let first = dictionary_row(self.segment, self.number);
        let mut rows = q.query([first, first + BLOCKS])?;
        while let Some(r) = rows.next()? {
            let (row, data) = (r.get::<_, i64>(0)?, unseal(blob(r, 1)?)?);
            if (row - first) as usize * DICTIONARY * Identified::BYTES != self.block.len() {
                break;
            }
            self.block.extend_from_slice(data);
        }
        self.at = 0;
        self.look();
        Ok(())
    }
}

/// The ordinal of an identifier in a segment, if it is there.
pub(in crate::index) fn ordinal(conn: &Connection, segment: &Segment, hash: IdHash) -> Result<Option<u32>, IndexError> {
    Ok(find(conn, segment, hash)?.map(|f| f.0))
}

/// All identifiers of a segment in the order of their hashes, with their items.
pub(in crate::index) struct Scan<'c> {
    conn: &'c Connection,
    segment: Segment,
    names: Names<'c>,
    /// The identifier at hand.
    ordinal: u32,
    who: Option<Identified>,
    block: Vec<u8>,
    /// Where the items of the identifier at hand lie, and where the block goes on behind them.
    from: usize,
    to: usize,
    block_first: i64,
}

impl<'c> Scan<'c> {
    /// Stands before the first identifier.
    pub fn new(conn: &'c Connection, segment: Segment) -> Scan<'c> {
        let names = Names::new(conn, segment.id);
        Scan { conn, segment, names, ordinal: 0, who: None, block: Vec::new(), from: 0, to: 0, block_first: -1 }
    }

    /// Goes to the next identifier and returns it; `None` at the end. Blocks are checked.
    pub fn step(&mut self) -> Result<Option<Identified>, IndexError> {
        let next = if self.who.is_some() { self.ordinal + 1 } else { 0 };
        if next >= self.segment.identifiers {
            self.who = None;
            return Ok(None);
        }
        self.ordinal = next;
        if self.to >= self.block.len() {
            let mut q = self
                .conn
                .prepare_cached("SELECT first, data FROM segment_posting WHERE segment_id = ?1 AND first > ?2 ORDER BY first LIMIT 1")?;
            let mut rows = q.query([self.segment.id, self.block_first])?;
            let r = rows.next()?.ok_or(BROKEN)?;
            self.block_first = r.get(0)?;
            if self.block_first != i64::from(next) {
                return Err(BROKEN);
            }
            self.block.clear();
            self.block.extend_from_slice(unseal_checked(blob(r, 1)?)?);
            self.to = 0;
        }
        let mut rest = &self.block[self.to..];
        let length = number(&mut rest)? as usize;
        self.from = self.block.len() - rest.len();
        self.to = self.from.checked_add(length).filter(|to| *to <= self.block.len()).ok_or(BROKEN)?;
        let who = self.names.get(next)?;
        self.who = Some(who);
        Ok(self.who)
    }

    /// The items of the identifier at hand.
    pub(super) fn items(&self) -> Items<'_> {
        Items::new(&self.block[self.from..self.to], self.segment.base)
    }

    /// What is said of it: object, entry.
    pub fn entries(&self, shapes: &Shapes) -> Result<Vec<(i64, Entry)>, IndexError> {
        self.items()
            .map(|item| {
                let (object, tag, mut body) = item?;
                Ok((object, items::decode(tag, &mut body, &mut |n| shapes.get(self.conn, n))?))
            })
            .collect()
    }
}

/// The strong identifiers that `wanted` fits, with the hash in order; each once.
pub(in crate::index) fn identifiers_where(
    conn: &Connection,
    mut wanted: impl FnMut(&Identified) -> bool,
) -> Result<Vec<Identified>, IndexError> {
    let mut out: Vec<Identified> = Vec::new();
    let mut q = conn.prepare_cached("SELECT data FROM segment_identifier")?;
    let mut rows = q.query([])?;
    while let Some(r) = rows.next()? {
        let (list, _) = unseal(blob(r, 0)?)?.as_chunks::<{ Identified::BYTES }>();
        out.extend(list.iter().map(Identified::decode).filter(|i| i.is_strong() && wanted(i)));
    }
    out.sort_unstable_by_key(|i| (i.hash, i.class));
    out.dedup_by_key(|i| i.hash);
    Ok(out)
}
