//! Packed postings: what objects say about identifiers, in segments that are written once and merged.
//!
//! A segment holds the postings of a batch of work in the order of the identifiers' hashes, as rows of SQLite that fill a
//! page each. Its identifiers are numbered by that order: their *ordinals*. Seven relations, all of blocks with a check sum:
//!
//! | table | a row |
//! |---|---|
//! | `segment` | the segment: the newest run in it, how much it holds |
//! | `segment_identifier` | 310 identifiers: hash, classifier, consumer without any link (26 bytes each) |
//! | `segment_posting` | for ordinals from `first` on: length, items (see `items`) |
//! | `segment_object` | for one object: lists of ordinals by what the object says of them |
//! | `segment_residence` | of these lists, those that tell where people live |
//! | `segment_joint` | these lists put together for all objects (see `joint`) |
//! | `segment_consumer` | from ids of consumers of one identifier to blocks of identifiers (see `named`) |
//!
//! The fourth is the other direction of the third. A look-up costs two pages a segment, whatever the size; a question about
//! objects reads their lists. A segment is never changed. Objects that are deleted leave dead postings behind, which count
//! for nothing (their numbers are never used again) and go when the segment is merged or rewritten.

use twox_hash::XxHash3_64;

use crate::identity::{ConsumerId, Hasher, IdHash};
use crate::index::IndexError;

mod build;
mod finder;
mod functions;
mod hands;
mod items;
mod joint;
mod lists;
mod merge;
mod named;
mod numbers;
mod part;
mod read;
mod residence;
mod shapes;
mod spool;
mod stretch;
mod verify;
mod waiting;
mod words;

pub(super) use finder::Finder;
pub(super) use functions::register;
pub(super) use hands::in_order;
pub(super) use joint::{Together, rows_of};
pub(super) use lists::{Room, Says, each_list, each_list_of, residences, stored};
pub(super) use merge::{Item, merge_all, rewrite, rewrite_dead, tidy, tidy_waiting};
pub(super) use named::{alone, holds as ways_hold, store as store_ways};
pub(super) use read::{
    Dictionary, Names, Scan, entries, entries_of_object, identified, identifiers_where, links_of, objects_of, of_object, ordinal,
};
pub(super) use shapes::Shapes;
pub(super) use spool::Spool;
pub(super) use verify::verify;
pub(super) use words::{Word, spoken_of, words};
#[cfg(test)]
mod tests;

pub(super) use crate::base::NumberHasher;
use build::Builder;
use items::SIGHTINGS;
pub(super) use shapes::Shape;

/// Creates the tables that are not part of the schema, where they are missing.
pub(super) fn tables(conn: &rusqlite::Connection) -> Result<(), IndexError> {
    residence::tables(conn)?;
    named::tables(conn)
}

/// Identifiers of a dictionary block; with its check sum it fills a page.
const DICTIONARY: usize = 310;

/// An identifier as a segment lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identified {
    /// Its keyed hash.
    pub hash: IdHash,
    /// The number of its classifier if it is strong and was itself seen here, or a record here joins it with others; else 0.
    pub class: u16,
    /// The consumer that it is without any link.
    pub consumer: ConsumerId,
}

/// Stands for the consumer of an identifier as long as nobody has made it.
const NO_CONSUMER: ConsumerId = ConsumerId([0; 8]);

impl Identified {
    const BYTES: usize = 26;

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.hash.0);
        out.extend_from_slice(&self.class.to_le_bytes());
        out.extend_from_slice(&self.consumer.0);
    }

    fn decode(bytes: &[u8; Identified::BYTES]) -> Identified {
        let mut out = Identified { hash: IdHash([0; 16]), class: u16::from_le_bytes([bytes[16], bytes[17]]), consumer: ConsumerId([0; 8]) };
        out.hash.0.copy_from_slice(&bytes[..16]);
        out.consumer.0.copy_from_slice(&bytes[18..]);
        out
    }

    /// Makes the consumers of those in a dictionary that have none yet.
    fn name(dictionary: &mut [u8], hasher: &Hasher) {
        let (list, _) = dictionary.as_chunks_mut::<{ Identified::BYTES }>();
        let mut nameless: Vec<&mut [u8; Identified::BYTES]> = list.iter_mut().filter(|who| who[18..] == NO_CONSUMER.0).collect();
        let hashes: Vec<IdHash> = nameless.iter().map(|who| Identified::decode(who).hash).collect();
        let mut who = nameless.iter_mut();
        hasher.consumers(hashes.into_iter(), &mut |consumer| who.next().into_iter().for_each(|w| w[18..].copy_from_slice(&consumer.0)));
    }

    /// Whether it can make somebody a consumer.
    pub fn is_strong(&self) -> bool {
        self.class != 0
    }
}

/// A segment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    pub id: i64,
    /// The newest run in it.
    pub run: i64,
    /// No object in it has a smaller number.
    base: i64,
    identifiers: u32,
    postings: u64,
}

impl Segment {
    /// How many identifiers it lists.
    pub fn identifiers(&self) -> u32 {
        self.identifiers
    }
}

/// The segments by their newest run, the oldest first.
pub(super) fn segments(conn: &rusqlite::Connection) -> Result<Vec<Segment>, IndexError> {
    let mut q = conn.prepare_cached("SELECT id, run_id, base, identifiers, postings FROM segment ORDER BY run_id, id")?;
    let row = |r: &rusqlite::Row<'_>| {
        let postings = r.get::<_, i64>(4)?;
        // Nothing checks this row: what it says is no more than a hint of the size.
        let postings = u64::try_from(postings).unwrap_or(0);
        Ok(Segment { id: r.get(0)?, run: r.get(1)?, base: r.get(2)?, identifiers: r.get(3)?, postings })
    };
    Ok(q.query_map([], row)?.collect::<Result<_, _>>()?)
}

/// The row of the `number`th dictionary block of a segment.
fn dictionary_row(segment: i64, number: i64) -> i64 {
    segment << 24 | number
}

/// The ordinal that the dictionary block of this row begins with.
fn dictionary_first(row: i64) -> u32 {
    (row & 0xff_ffff) as u32 * DICTIONARY as u32
}

/// Bytes of a check sum.
const SUM: usize = 8;

fn sum(data: &[u8]) -> [u8; SUM] {
    // PERF: it is to find damage, not whoever means harm; every block is summed up when it is written and when it is merged.
    XxHash3_64::oneshot(data).to_le_bytes()
}

/// The block as stored: check sum, data.
pub(super) fn seal(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len() + SUM);
    out.extend_from_slice(&sum(data));
    out.extend_from_slice(data);
    out
}

/// The data of a stored block. Its check sum is looked at where postings are copied or checked (`verify`), not by questions.
pub(super) fn unseal(block: &[u8]) -> Result<&[u8], IndexError> {
    block.get(SUM..).ok_or(IndexError::Damaged("a block of postings breaks off"))
}

/// The same, with a look at the check sum.
pub(super) fn unseal_checked(block: &[u8]) -> Result<&[u8], IndexError> {
    let data = unseal(block)?;
    if block[..SUM] == sum(data) { Ok(data) } else { Err(IndexError::Damaged("a block of postings is not what was written (check sum)")) }
}
