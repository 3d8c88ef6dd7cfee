//! Writing a segment: parts come in the order of their hashes and are put together.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use rusqlite::{Connection, params};

use super::items::{PROTECTED, RESIDENCE};
use super::part::{List, Part, Said};
use super::{DICTIONARY, Identified, seal};
use crate::base::NumberHasher;
use crate::index::IndexError;
use crate::index::places::varint;
use crate::index::whose;

/// Bytes of lists by object that are held before they are written. A list may come in several parts.
const LISTS: usize = 32 << 20;

/// A part of an object's lists that tells of residences.
const RESIDENCES: &str = "INSERT INTO segment_residence (segment_id, object_id, data) VALUES (?1, ?2, ?3)";

/// Writes one segment.
pub(super) struct Builder<'c> {
    conn: &'c Connection,
    segment: i64,
    /// The number of the next identifier: its ordinal.
    ordinal: u32,
    postings: u64,
    /// Identifiers that do not fill a block yet.
    dictionary: Vec<u8>,
    /// Blocks of the dictionary that were written.
    blocks: i64,
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
            ordinal: 0,
            postings: 0,
            dictionary: Vec::with_capacity(DICTIONARY * Identified::BYTES),
            blocks: 0,
            lists: Lists::default(),
        })
    }

    /// Writes a part, whose identifiers are greater than all before.
    pub fn add(&mut self, part: Part) -> Result<(), IndexError> {
        let full = DICTIONARY * Identified::BYTES;
        let (first, rest) = part.dictionary.split_at(part.dictionary.len().min(full - self.dictionary.len()));
        self.dictionary.extend_from_slice(first);
        if self.dictionary.len() == full {
            let block = std::mem::take(&mut self.dictionary);
            self.write_dictionary(&block)?;
            let (whole, left) = rest.split_at(rest.len() / full * full);
            whole.chunks(full).try_for_each(|block| self.write_dictionary(block))?;
            self.dictionary.extend_from_slice(left);
        }
        let mut insert = self.conn.prepare_cached("INSERT INTO segment_posting (segment_id, first, data) VALUES (?1, ?2, ?3)")?;
        let mut from = 0;
        for (first, end) in part.ends {
            insert.execute(params![self.segment, self.ordinal.saturating_add(first), &part.blocks[from..end]])?;
            from = end;
        }
        part.lists.into_iter().for_each(|l| self.lists.add(l, self.ordinal));
        self.postings += part.postings;
        self.ordinal = self.ordinal.checked_add(part.identifiers).ok_or(IndexError::Damaged("a segment is full"))?;
        if self.lists.bytes > LISTS {
            self.lists.write(self.conn, self.segment)?;
        }
        Ok(())
    }

    fn write_dictionary(&mut self, block: &[u8]) -> Result<(), IndexError> {
        let Some(first) = block.first_chunk::<16>() else { return Ok(()) };
        self.conn
            .prepare_cached("INSERT INTO segment_identifier (id, segment_id, first, data) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![super::dictionary_row(self.segment, self.blocks), self.segment, first, seal(block)])?;
        self.blocks += 1;
        Ok(())
    }

    /// Ends the segment. One without postings is not kept.
    pub fn finish(mut self) -> Result<(), IndexError> {
        if self.ordinal == 0 {
            self.conn.execute("DELETE FROM segment WHERE id = ?1", [self.segment])?;
            return Ok(());
        }
        let left = std::mem::take(&mut self.dictionary);
        self.write_dictionary(&left)?;
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
    lists: Vec<List>,
    numbers: HashMap<Said, u32, BuildHasherDefault<NumberHasher>>,
    bytes: usize,
}

impl Lists {
    /// Adds a part's list; its ordinals count from `base`.
    fn add(&mut self, mut list: List, base: u32) {
        (list.first, list.last) = (base.saturating_add(list.first), base.saturating_add(list.last));
        self.bytes += list.rest.len();
        match self.numbers.get(&list.said) {
            Some(n) => {
                let before = &mut self.lists[*n as usize];
                varint(u64::from(list.first - before.last), &mut before.rest);
                before.rest.append(&mut list.rest);
                (before.n, before.last) = (before.n + list.n, list.last);
            }
            None => {
                self.bytes += size_of::<List>();
                self.numbers.insert(list.said, self.lists.len() as u32);
                self.lists.push(list);
            }
        }
    }

    fn write(&mut self, conn: &Connection, segment: i64) -> Result<(), IndexError> {
        let mut lists = std::mem::take(&mut self.lists);
        self.numbers.clear();
        self.bytes = 0;
        lists.sort_unstable_by_key(|l| l.said);
        let mut insert = conn.prepare_cached("INSERT INTO segment_object (segment_id, object_id, data) VALUES (?1, ?2, ?3)")?;
        let mut apart = conn.prepare_cached(RESIDENCES)?;
        let (mut data, mut residences) = (Vec::new(), Vec::new());
        for of_object in lists.chunk_by(|a, b| a.said.0 == b.said.0) {
            data.clear();
            residences.clear();
            for l in of_object {
                let from = data.len();
                let (object, tag, what) = l.said;
                debug_assert_eq!(object, of_object[0].said.0);
                data.push(tag);
                match tag {
                    RESIDENCE => data.extend_from_slice(&(what as u32).to_le_bytes()),
                    PROTECTED => {
                        varint(what >> 8, &mut data);
                        data.push(what as u8);
                    }
                    _ => varint(what, &mut data),
                }
                varint(l.n, &mut data);
                varint(u64::from(l.first), &mut data);
                data.extend_from_slice(&l.rest);
                if tag == RESIDENCE {
                    residences.extend_from_slice(&data[from..]);
                }
            }
            let object = of_object[0].said.0;
            insert.execute(params![segment, object, seal(&data)])?;
            if !residences.is_empty() {
                apart.execute(params![segment, object, seal(&residences)])?;
            }
        }
        Ok(())
    }
}
