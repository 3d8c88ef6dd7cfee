//! Writing a segment: identifiers come in the order of their hashes, with what objects say about them.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use rusqlite::{Connection, params};

use super::items::{ONE, PROTECTED, RESIDENCE, SIGHTINGS, shape_and_count};
use super::{DICTIONARY, Identified, seal};
use crate::base::NumberHasher;
use crate::index::IndexError;
use crate::index::places::varint;
use crate::index::whose;

/// Bytes of a block of postings, check sum included: one page of the file, so that a look-up reads one. What is said of a
/// single identifier may be longer and goes on in pages of its own.
const BLOCK: usize = 8_100;

/// Bytes of lists by object that are held before they are written. A list may come in several parts.
const LISTS: usize = 32 << 20;

/// A part of an object's lists that tells of residences.
const RESIDENCES: &str = "INSERT INTO segment_residence (segment_id, object_id, data) VALUES (?1, ?2, ?3)";

/// Writes one segment.
pub(in crate::index) struct Builder<'c> {
    conn: &'c Connection,
    segment: i64,
    base: i64,
    /// The number of the next identifier: its ordinal.
    ordinal: u32,
    postings: u64,
    dictionary: Vec<u8>,
    block: Vec<u8>,
    block_first: u32,
    scratch: Vec<u8>,
    lists: Lists,
}

impl<'c> Builder<'c> {
    /// Begins a segment of the run; no object in it has a number below `base`.
    pub fn new(conn: &'c Connection, run: i64, base: i64) -> Result<Builder<'c>, IndexError> {
        whose::outdated(conn)?;
        conn.prepare_cached("INSERT INTO segment (run_id, base, identifiers, postings) VALUES (?1, ?2, 0, 0)")?.execute([run, base])?;
        Ok(Builder {
            conn,
            segment: conn.last_insert_rowid(),
            base,
            ordinal: 0,
            postings: 0,
            dictionary: Vec::with_capacity(DICTIONARY * Identified::BYTES),
            block: Vec::with_capacity(BLOCK),
            block_first: 0,
            scratch: Vec::new(),
            lists: Lists::default(),
        })
    }

    /// Adds an identifier, greater than the one before, with its items: number of the object (ascending), tag, body. Without
    /// items it is left out.
    pub fn add<'a>(&mut self, who: &Identified, items: impl Iterator<Item = (i64, u8, &'a [u8])>) -> Result<(), IndexError> {
        self.scratch.clear();
        let mut at = self.base;
        for (object, tag, body) in items {
            varint(((object - at) as u64) << 3 | u64::from(tag), &mut self.scratch);
            self.scratch.extend_from_slice(body);
            at = object;
            self.postings += 1;
            self.lists.add(object, tag, body, self.ordinal)?;
        }
        if self.scratch.is_empty() {
            return Ok(());
        }
        if self.block.len() + self.scratch.len() + 12 > BLOCK && !self.block.is_empty() {
            self.write_block()?;
        }
        if self.block.is_empty() {
            self.block_first = self.ordinal;
        }
        varint(self.scratch.len() as u64, &mut self.block);
        self.block.extend_from_slice(&self.scratch);
        who.encode(&mut self.dictionary);
        self.ordinal = self.ordinal.checked_add(1).ok_or(IndexError::Damaged("a segment is full"))?;
        if self.dictionary.len() == DICTIONARY * Identified::BYTES {
            self.write_dictionary()?;
        }
        if self.lists.bytes > LISTS {
            self.lists.write(self.conn, self.segment)?;
        }
        Ok(())
    }

    fn write_dictionary(&mut self) -> Result<(), IndexError> {
        let Some(first) = self.dictionary.first_chunk::<16>() else { return Ok(()) };
        let number = (i64::from(self.ordinal) - 1) / DICTIONARY as i64;
        self.conn
            .prepare_cached("INSERT INTO segment_identifier (id, segment_id, first, data) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![super::dictionary_row(self.segment, number), self.segment, first, seal(&self.dictionary)])?;
        self.dictionary.clear();
        Ok(())
    }

    fn write_block(&mut self) -> Result<(), IndexError> {
        self.conn.prepare_cached("INSERT INTO segment_posting (segment_id, first, data) VALUES (?1, ?2, ?3)")?.execute(params![
            self.segment,
            self.block_first,
            seal(&self.block)
        ])?;
        self.block.clear();
        Ok(())
    }

    /// Ends the segment. One without postings is not kept.
    pub fn finish(mut self) -> Result<(), IndexError> {
        if self.ordinal == 0 {
            self.conn.execute("DELETE FROM segment WHERE id = ?1", [self.segment])?;
            return Ok(());
        }
        self.write_block()?;
        self.write_dictionary()?;
        self.lists.write(self.conn, self.segment)?;
        self.conn.prepare_cached("UPDATE segment SET identifiers = ?2, postings = ?3 WHERE id = ?1")?.execute(params![
            self.segment,
            self.ordinal,
            self.postings as i64
        ])?;
        Ok(())
    }
}

/// Per object the ordinals of those it speaks of, apart by what it says.
#[derive(Default)]
struct Lists {
    by_object: HashMap<i64, Vec<List>, BuildHasherDefault<NumberHasher>>,
    bytes: usize,
}

struct List {
    tag: u8,
    /// Shape, or the body.
    what: u64,
    n: u64,
    last: u32,
    ordinals: Vec<u8>,
}

impl Lists {
    fn add(&mut self, object: i64, tag: u8, body: &[u8], ordinal: u32) -> Result<(), IndexError> {
        let (tag, what, count) = match tag {
            ONE | SIGHTINGS => {
                let (shape, count) = shape_and_count(tag, body)?;
                (if count == 1 { ONE } else { SIGHTINGS }, shape, count)
            }
            RESIDENCE => (tag, u64::from(u32::from_le_bytes(super::items::take(&mut &body[..])?)), 1),
            PROTECTED => {
                let classifier = super::items::number(&mut &body[..])?;
                (tag, classifier << 8 | u64::from(body[body.len() - 1]), 1)
            }
            _ => return Ok(()),
        };
        let lists = self.by_object.entry(object).or_default();
        let list = match lists.iter().position(|l| l.what == what && l.tag == tag) {
            Some(at) => &mut lists[at],
            None => {
                self.bytes += size_of::<List>();
                lists.push(List { tag, what, n: 0, last: 0, ordinals: Vec::new() });
                let last = lists.len() - 1;
                &mut lists[last]
            }
        };
        if list.n > 0 && list.last == ordinal && !matches!(tag, ONE | SIGHTINGS) {
            return Ok(());
        }
        let before = list.ordinals.len();
        varint(u64::from(ordinal - list.last), &mut list.ordinals);
        if tag == SIGHTINGS {
            varint(count, &mut list.ordinals);
        }
        list.last = ordinal;
        list.n += 1;
        self.bytes += list.ordinals.len() - before;
        Ok(())
    }

    fn write(&mut self, conn: &Connection, segment: i64) -> Result<(), IndexError> {
        let mut objects: Vec<_> = std::mem::take(&mut self.by_object).into_iter().collect();
        objects.sort_unstable_by_key(|o| o.0);
        let mut insert = conn.prepare_cached("INSERT INTO segment_object (segment_id, object_id, data) VALUES (?1, ?2, ?3)")?;
        let mut apart = conn.prepare_cached(RESIDENCES)?;
        let (mut data, mut residences) = (Vec::new(), Vec::new());
        for (object, lists) in objects {
            data.clear();
            residences.clear();
            for l in lists {
                let from = data.len();
                data.push(l.tag);
                match l.tag {
                    RESIDENCE => data.extend_from_slice(&(l.what as u32).to_le_bytes()),
                    PROTECTED => {
                        varint(l.what >> 8, &mut data);
                        data.push(l.what as u8);
                    }
                    _ => varint(l.what, &mut data),
                }
                varint(l.n, &mut data);
                data.extend_from_slice(&l.ordinals);
                if l.tag == RESIDENCE {
                    residences.extend_from_slice(&data[from..]);
                }
            }
            insert.execute(params![segment, object, seal(&data)])?;
            if !residences.is_empty() {
                apart.execute(params![segment, object, seal(&residences)])?;
            }
        }
        self.bytes = 0;
        Ok(())
    }
}
