//! A stretch of a segment in memory: identifiers of a range of hashes, with what objects say about them. Parts are made on any
//! thread, in any order; what numbers their ordinals begin with is known when they are put together (`build`).

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use super::items::{self, ONE, PROTECTED, RESIDENCE, SIGHTINGS, shape_and_count};
use super::{Identified, SUM, sum};
use crate::base::NumberHasher;
use crate::index::IndexError;
use crate::index::places::varint;

/// Bytes of a block of postings, check sum included: one page of the file, so that a look-up reads one. What is said of a
/// single identifier may be longer and goes on in pages of its own.
const BLOCK: usize = 8_100;

/// What a list of an object has in common: the object, the tag, shape or body.
pub(super) type Said = (i64, u8, u64);

/// Ordinals of those of whom an object says the same.
pub(super) struct List {
    pub said: Said,
    pub n: u64,
    /// The first ordinal, counted from the part's first, and the last.
    pub first: u32,
    pub last: u32,
    /// Behind the first ordinal: its count, if that is told; then the others, each by the distance to the one before.
    pub rest: Vec<u8>,
}

/// What is made of a range of hashes.
#[derive(Default)]
pub(super) struct Part {
    pub identifiers: u32,
    pub postings: u64,
    /// Its identifiers, as in the blocks of a dictionary.
    pub dictionary: Vec<u8>,
    /// Blocks of postings, one after the other, as stored.
    pub blocks: Vec<u8>,
    /// Of each block, the ordinal it begins with, counted from the part's first, and where it ends in `blocks`.
    pub ends: Vec<(u32, usize)>,
    pub lists: Vec<List>,
}

/// Makes one.
pub(super) struct PartBuilder {
    part: Part,
    base: i64,
    /// Where the open block begins in `blocks`, and with what ordinal.
    block: Option<(usize, u32)>,
    /// Items of the identifier at hand, and the object of the last of them.
    items: Vec<u8>,
    at: i64,
    by_said: HashMap<Said, u32, BuildHasherDefault<NumberHasher>>,
}

impl PartBuilder {
    /// Begins; no object has a number below `base`.
    pub fn new(base: i64) -> PartBuilder {
        PartBuilder { part: Part::default(), base, block: None, items: Vec::new(), at: base, by_said: HashMap::default() }
    }

    /// Begins an item of the identifier at hand; its body is to be appended to what is returned. Objects ascend.
    pub fn item(&mut self, object: i64, tag: u8) -> &mut Vec<u8> {
        varint(((object - self.at) as u64) << 3 | u64::from(tag), &mut self.items);
        self.at = object;
        self.part.postings += 1;
        &mut self.items
    }

    /// The number of a list.
    pub fn list(&mut self, said: Said) -> u32 {
        let lists = &mut self.part.lists;
        *self.by_said.entry(said).or_insert_with(|| {
            lists.push(List { said, n: 0, first: 0, last: 0, rest: Vec::new() });
            (lists.len() - 1) as u32
        })
    }

    /// Puts the identifier at hand on a list; `count`: how many sightings that is, where the list tells. What is no sighting is listed
    /// once.
    pub fn enlist(&mut self, list: u32, count: Option<u64>) {
        let ordinal = self.part.identifiers;
        let l = &mut self.part.lists[list as usize];
        if l.n == 0 {
            l.first = ordinal;
        } else {
            if l.last == ordinal && !matches!(l.said.1, ONE | SIGHTINGS) {
                return;
            }
            varint(u64::from(ordinal - l.last), &mut l.rest);
        }
        if let Some(count) = count {
            varint(count, &mut l.rest);
        }
        l.last = ordinal;
        l.n += 1;
    }

    /// An item as it was stored, with its place on a list.
    pub fn copy(&mut self, object: i64, tag: u8, body: &[u8]) -> Result<(), IndexError> {
        self.item(object, tag).extend_from_slice(body);
        let (said, count) = match tag {
            ONE | SIGHTINGS => {
                let (shape, count) = shape_and_count(tag, body)?;
                ((object, if count == 1 { ONE } else { SIGHTINGS }, shape), (count != 1).then_some(count))
            }
            RESIDENCE => ((object, tag, u64::from(u32::from_le_bytes(items::take(&mut &body[..])?))), None),
            PROTECTED => {
                let classifier = items::number(&mut &body[..])?;
                ((object, tag, classifier << 8 | u64::from(body[body.len() - 1])), None)
            }
            _ => return Ok(()),
        };
        let list = self.list(said);
        self.enlist(list, count);
        Ok(())
    }

    /// The identifier at hand is complete; it must be greater than the one before. Without items it is left out.
    pub fn end(&mut self, who: &Identified) -> Result<(), IndexError> {
        self.at = self.base;
        if self.items.is_empty() {
            return Ok(());
        }
        let room = SUM + self.items.len() + 10;
        if self.block.is_some_and(|(from, _)| self.part.blocks.len() - from + room > BLOCK) {
            self.close();
        }
        if self.block.is_none() {
            self.block = Some((self.part.blocks.len(), self.part.identifiers));
            self.part.blocks.extend_from_slice(&[0; SUM]);
        }
        varint(self.items.len() as u64, &mut self.part.blocks);
        self.part.blocks.extend_from_slice(&self.items);
        self.items.clear();
        who.encode(&mut self.part.dictionary);
        self.part.identifiers = self.part.identifiers.checked_add(1).ok_or(IndexError::Damaged("a segment is full"))?;
        Ok(())
    }

    fn close(&mut self) {
        let Some((from, first)) = self.block.take() else { return };
        let sum = sum(&self.part.blocks[from + SUM..]);
        self.part.blocks[from..from + SUM].copy_from_slice(&sum);
        self.part.ends.push((first, self.part.blocks.len()));
    }

    /// What was made.
    pub fn finish(mut self) -> Part {
        self.close();
        self.part
    }
}
