//! A range of a segment's hashes, read to be merged on any thread.

use std::collections::VecDeque;

use rusqlite::{Connection, OptionalExtension, params};

use super::items::{Items, number};
use super::part::Part;
use super::{Identified, Segment, dictionary_row, unseal_checked};
use crate::index::IndexError;
use crate::index::reader::blob;

const BROKEN: IndexError = IndexError::Damaged("a block of postings breaks off");

/// Blocks that are read at once, of one segment at most, and of all that are merged.
const BATCH: usize = 64;
const BATCHES: usize = 1024;

/// A block of postings: the ordinal it begins with, and what is stored.
type Block = (u32, Vec<u8>);

/// Reads a segment, range by range, and deletes what it has read.
pub(super) struct Feed<'c> {
    conn: &'c Connection,
    segment: Segment,
    /// Identifiers that were read and not given; the first of them has this ordinal.
    names: Vec<u8>,
    ordinal: u32,
    /// The next block of the dictionary.
    number: i64,
    /// How many blocks are read at once.
    batch: usize,
    /// Blocks of postings that were read and not given.
    blocks: VecDeque<Block>,
    /// The first ordinal of the block that was read last.
    after: i64,
    /// Whether that was the last of all.
    ended: bool,
}

/// What a segment says of a range.
pub(super) struct Stretch {
    base: i64,
    ordinal: u32,
    names: Vec<u8>,
    blocks: Vec<Block>,
}

impl Stretch {
    /// What was made of what waits; its objects count from `base`.
    pub fn of(part: &Part, base: i64) -> Stretch {
        let starts = std::iter::once(0).chain(part.ends.iter().map(|e| e.1));
        let blocks = starts.zip(&part.ends).map(|(start, (first, end))| (*first, part.blocks[start..*end].to_vec())).collect();
        Stretch { base, ordinal: 0, names: part.dictionary.clone(), blocks }
    }

    /// How much it holds.
    pub fn bytes(&self) -> usize {
        self.names.len() + self.blocks.iter().map(|b| b.1.len()).sum::<usize>()
    }
}

impl<'c> Feed<'c> {
    /// Begins a segment; `among` are read beside one another.
    pub fn new(conn: &'c Connection, segment: Segment, among: usize) -> Feed<'c> {
        let batch = (BATCHES / among.max(1)).clamp(1, BATCH);
        Feed { conn, segment, names: Vec::new(), ordinal: 0, number: 0, batch, blocks: VecDeque::new(), after: -1, ended: false }
    }

    /// All up to the identifiers from `end` on; `None`: all that is left.
    pub fn until(&mut self, end: Option<[u8; 16]>) -> Result<Stretch, IndexError> {
        let behind = |name: &[u8]| end.is_some_and(|end| name[..16] >= end[..]);
        while !self.names.as_chunks::<{ Identified::BYTES }>().0.last().is_some_and(|last| behind(last)) && self.more_names()? {}
        let (list, _) = self.names.as_chunks::<{ Identified::BYTES }>();
        let n = list.partition_point(|name| !behind(name));
        let left = self.names.split_off(n * Identified::BYTES);
        let names = std::mem::replace(&mut self.names, left);
        let (ordinal, next) = (self.ordinal, self.ordinal + n as u32);
        self.ordinal = next;
        let mut blocks = Vec::new();
        if n > 0 {
            // With the block behind them: only that tells where the one before ends.
            while !self.ended && self.blocks.back().is_none_or(|b| b.0 < next) {
                self.more_blocks()?;
            }
            while self.blocks.front().is_some_and(|b| b.0 < next) {
                blocks.extend(self.blocks.pop_front());
            }
            let goes_on = self.blocks.front().map_or(self.segment.identifiers, |b| b.0) > next;
            if let Some(last) = blocks.last().filter(|_| goes_on) {
                self.blocks.push_front(last.clone());
            }
        }
        Ok(Stretch { base: self.segment.base, ordinal, names, blocks })
    }

    /// Reads a block of the dictionary; `false`: there is none.
    fn more_names(&mut self) -> Result<bool, IndexError> {
        let row = dictionary_row(self.segment.id, self.number);
        let mut q = self.conn.prepare_cached("SELECT data FROM segment_identifier WHERE id = ?1")?;
        let Some(data) = q.query_row([row], |r| r.get::<_, Vec<u8>>(0)).optional()? else {
            let all = self.ordinal as usize + self.names.len() / Identified::BYTES == self.segment.identifiers as usize;
            return if all { Ok(false) } else { Err(BROKEN) };
        };
        self.names.extend_from_slice(unseal_checked(&data)?);
        self.number += 1;
        self.conn.prepare_cached("DELETE FROM segment_identifier WHERE id = ?1")?.execute([row])?;
        Ok(true)
    }

    fn more_blocks(&mut self) -> Result<(), IndexError> {
        let sql = "SELECT first, data FROM segment_posting WHERE segment_id = ?1 AND first > ?2 ORDER BY first LIMIT ?3";
        let (from, before) = (self.after, self.blocks.len());
        {
            let mut q = self.conn.prepare_cached(sql)?;
            let mut rows = q.query(params![self.segment.id, self.after, self.batch as i64])?;
            while let Some(r) = rows.next()? {
                self.after = r.get(0)?;
                self.blocks.push_back((r.get(0)?, blob(r, 1)?.to_vec()));
            }
        }
        self.ended = self.blocks.len() < before + self.batch;
        let sql = "DELETE FROM segment_posting WHERE segment_id = ?1 AND first > ?2 AND first <= ?3";
        self.conn.prepare_cached(sql)?.execute([self.segment.id, from, self.after])?;
        Ok(())
    }
}

/// The identifiers of a stretch, one after the other, with their items. Blocks are checked.
pub(super) struct Walk<'s> {
    stretch: &'s Stretch,
    /// The identifier at hand, counted in the stretch; how many were gone to.
    who: Option<Identified>,
    gone: usize,
    /// The next block; what is left of the one at hand, and the ordinal that comes next in it.
    block: usize,
    data: &'s [u8],
    next: u32,
    items: &'s [u8],
}

impl<'s> Walk<'s> {
    /// Stands before the first.
    pub fn new(stretch: &'s Stretch) -> Walk<'s> {
        let next = stretch.blocks.first().map_or(0, |b| b.0);
        Walk { stretch, who: None, gone: 0, block: 0, data: &[], next, items: &[] }
    }

    /// Goes to the next identifier; `None` at the end.
    pub fn step(&mut self) -> Result<Option<Identified>, IndexError> {
        let (list, _) = self.stretch.names.as_chunks::<{ Identified::BYTES }>();
        self.who = list.get(self.gone).map(Identified::decode);
        if self.who.is_none() {
            return Ok(None);
        }
        let ordinal = self.stretch.ordinal + self.gone as u32;
        self.gone += 1;
        loop {
            if self.data.is_empty() {
                let (first, stored) = self.stretch.blocks.get(self.block).ok_or(BROKEN)?;
                if *first != self.next {
                    return Err(BROKEN);
                }
                self.data = unseal_checked(stored)?;
                self.block += 1;
            }
            let length = number(&mut self.data)? as usize;
            (self.items, self.data) = self.data.split_at_checked(length).ok_or(BROKEN)?;
            self.next += 1;
            if self.next > ordinal {
                return if self.next == ordinal + 1 { Ok(self.who) } else { Err(BROKEN) };
            }
        }
    }

    /// The identifier at hand.
    pub fn who(&self) -> Option<Identified> {
        self.who
    }

    /// Its items.
    pub fn items(&self) -> Items<'s> {
        Items::new(self.items, self.stretch.base)
    }
}
