//! A stretch of a segment in memory: identifiers of a range of hashes, with what objects say about them. Parts are made on any
//! thread, in any order; what numbers their ordinals begin with is known when they are put together (`build`).

use super::items::{self, ONE, PROTECTED, RESIDENCE, SIGHTINGS, shape_and_count};
use super::joint::Joint;
use super::numbers::Numbers;
use super::{Identified, SUM, sum};
use crate::index::IndexError;
use crate::index::places::varint;

/// Bytes of a block of postings, check sum included: one page of the file, so that a look-up reads one. What is said of a
/// single identifier may be longer and goes on in pages of its own.
const BLOCK: usize = 8_100;

/// What a list of an object has in common: the object, the tag, shape or body.
pub(super) type Said = (i64, u8, u64);

/// Ordinals of those of whom an object says the same.
#[derive(Clone, Copy)]
pub(super) struct List {
    pub said: Said,
    pub n: u64,
    /// The first ordinal, counted from the part's first, and the last.
    pub first: u32,
    pub last: u32,
    /// Where what stands behind the first ordinal ends in the part's `listed`; it begins where that of the list before ends. Its count,
    /// if that is told; then the others, each by the distance to the one before.
    pub end: usize,
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
    /// What stands behind the first ordinals of the lists.
    pub listed: Vec<u8>,
    /// The lists of all objects, and what stands behind their first ordinals.
    pub joint: (Vec<List>, Vec<u8>),
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
    /// Lists by number; whether they are wanted.
    lists: Numbers,
    listed: bool,
    /// Who is on a list: its number, the ordinal; and the same of lists that count, with the count.
    ///
    /// PERF: in the order in which they come, sorted by lists at the end: to append to thousands of lists in turn is a cache miss each time.
    once: Vec<(u32, u32)>,
    counted: Vec<(u32, u32, u64)>,
    /// The lists of all objects, where these are wanted.
    joint: Option<Joint>,
}

impl PartBuilder {
    /// Begins; no object has a number below `base`.
    pub fn new(base: i64) -> PartBuilder {
        PartBuilder {
            part: Part::default(),
            base,
            block: None,
            items: Vec::new(),
            at: base,
            lists: Numbers::new(base),
            listed: true,
            once: Vec::new(),
            counted: Vec::new(),
            joint: None,
        }
    }

    /// With lists of all objects, of what is [copied](PartBuilder::copy).
    pub fn with_joint(self) -> PartBuilder {
        PartBuilder { joint: Some(Joint::default()), ..self }
    }

    /// Without lists of objects: it is to be merged, not written.
    pub fn without_lists(self) -> PartBuilder {
        PartBuilder { listed: false, ..self }
    }

    /// Whether lists of objects are made.
    pub fn is_listed(&self) -> bool {
        self.listed
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
        if self.listed { self.lists.of(said) } else { 0 }
    }

    /// Puts the identifier at hand on a list of those that do not count. What is no sighting is listed once.
    pub fn enlist(&mut self, list: u32) {
        if self.listed {
            self.once.push((list, self.part.identifiers));
        }
    }

    /// The same for a list of [`SIGHTINGS`], which tells how many there are.
    pub fn enlist_counted(&mut self, list: u32, count: u64) {
        if self.listed {
            self.counted.push((list, self.part.identifiers, count));
        }
    }

    /// An item as it was stored, with its place on a list.
    pub fn copy(&mut self, object: i64, tag: u8, body: &[u8]) -> Result<(), IndexError> {
        self.item(object, tag).extend_from_slice(body);
        let said = match tag {
            ONE | SIGHTINGS => {
                let (shape, count) = shape_and_count(tag, body)?;
                self.joint.iter_mut().for_each(|j| j.note(shape));
                if count != 1 {
                    let list = self.list((object, SIGHTINGS, shape));
                    self.enlist_counted(list, count);
                    return Ok(());
                }
                (object, ONE, shape)
            }
            RESIDENCE => (object, tag, u64::from(u32::from_le_bytes(items::take(&mut &body[..])?))),
            PROTECTED => {
                let classifier = items::number(&mut &body[..])?;
                (object, tag, classifier << 8 | u64::from(body[body.len() - 1]))
            }
            _ => return Ok(()),
        };
        let list = self.list(said);
        self.enlist(list);
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
        self.joint.iter_mut().for_each(|j| j.end(self.part.identifiers));
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
        self.list_up();
        if let Some(joint) = self.joint {
            self.part.joint = joint.lists();
        }
        self.part
    }

    /// Makes the lists of those who are on them.
    fn list_up(&mut self) {
        let mut ends = vec![0usize; self.lists.all().len()];
        self.once.iter().for_each(|(list, _)| ends[*list as usize] += 1);
        let mut from = 0;
        for end in &mut ends {
            (from, *end) = (from + *end, from);
        }
        let mut ordinals = vec![0u32; self.once.len()];
        for (list, ordinal) in &self.once {
            let at = &mut ends[*list as usize];
            ordinals[*at] = *ordinal;
            *at += 1;
        }
        self.once = Vec::new();
        // Stable: ordinals ascend.
        self.counted.sort_by_key(|c| c.0);
        let Part { lists, listed, .. } = &mut self.part;
        let (mut from, mut counted) = (0, &self.counted[..]);
        for (number, (said, end)) in (0u32..).zip(self.lists.all().iter().zip(ends)) {
            if said.1 == SIGHTINGS {
                let (own, others) = counted.split_at(counted.partition_point(|c| c.0 <= number));
                counted = others;
                lists.extend(list(*said, own.iter().map(|c| (c.1, Some(c.2))), listed));
            } else {
                lists.extend(list(*said, ordinals[from..end].iter().map(|o| (*o, None)), listed));
            }
            from = end;
        }
    }
}

/// A list of these, ascending; nothing of none.
pub(super) fn list(said: Said, mut who: impl Iterator<Item = (u32, Option<u64>)>, listed: &mut Vec<u8>) -> Option<List> {
    let (first, count) = who.next()?;
    count.iter().for_each(|c| varint(*c, listed));
    let (mut n, mut last) = (1, first);
    for (ordinal, count) in who {
        if ordinal == last && said.1 != ONE && said.1 != SIGHTINGS {
            continue;
        }
        varint(u64::from(ordinal - last), listed);
        count.iter().for_each(|c| varint(*c, listed));
        (n, last) = (n + 1, ordinal);
    }
    Some(List { said, n, first, last, end: listed.len() })
}
