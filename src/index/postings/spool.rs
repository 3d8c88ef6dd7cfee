//! Postings that wait to become a segment.

use rayon::slice::ParallelSliceMut;
use rusqlite::Connection;

use super::items::{BESIDE, PROTECTED, RESIDENCE, encode, shape_of};
use super::{Builder, Identified, Shapes};
use crate::identity::{Hasher, IdHash};
use crate::index::IndexError;
use crate::index::entries::Entry;

/// One thing that an object says about an identifier: class, tag, body.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Waiting {
    hash: u128,
    object: i64,
    /// Its number in the order in which they came.
    number: u32,
    length: u32,
    /// What it says, where that fits; else where it lies in the buffer.
    what: [u8; INLINE],
}

/// PERF: what is short lies with its key; after sorting, the buffer would be read at random.
const INLINE: usize = 16;

impl Waiting {
    /// Class, tag, body.
    fn bytes<'a>(&'a self, long: &'a [u8]) -> &'a [u8] {
        let length = self.length as usize;
        if length <= INLINE {
            return &self.what[..length];
        }
        let mut at = [0; 8];
        at.copy_from_slice(&self.what[..8]);
        let at = u64::from_le_bytes(at) as usize;
        &long[at..at + length]
    }
}

/// Bytes of class and tag before a body.
const HEAD: usize = 3;

/// Postings in the order in which they came.
#[derive(Default)]
pub(in crate::index) struct Spool {
    waiting: Vec<Waiting>,
    /// What is too long to lie with its key.
    long: Vec<u8>,
}

impl Spool {
    /// Bytes that are held.
    pub fn weight(&self) -> usize {
        self.long.len() + self.waiting.len() * size_of::<Waiting>()
    }

    /// Adds what an object says about an identifier. `class`: the number of its classifier if this is itself seen and
    /// strong, else 0.
    pub fn add(
        &mut self,
        conn: &Connection,
        shapes: &Shapes,
        hash: IdHash,
        class: u16,
        object: i64,
        entry: &Entry,
    ) -> Result<(), IndexError> {
        let shape = match shape_of(entry) {
            Some(s) => shapes.number(conn, s)?,
            None => 0,
        };
        let at = self.long.len();
        self.long.extend_from_slice(&class.to_le_bytes());
        self.long.push(0);
        self.long[at + 2] = encode(entry, shape, &mut self.long);
        let said = &self.long[at..];
        let (too_many, too_long) = (IndexError::Damaged("too many postings wait"), IndexError::Damaged("a posting is too long"));
        let mut what = [0; INLINE];
        let length = u32::try_from(said.len()).map_err(|_| too_long)?;
        if said.len() <= INLINE {
            what[..said.len()].copy_from_slice(said);
            self.long.truncate(at);
        } else {
            what[..8].copy_from_slice(&(at as u64).to_le_bytes());
        }
        let number = u32::try_from(self.waiting.len()).map_err(|_| too_many)?;
        self.waiting.push(Waiting { hash: u128::from_be_bytes(hash.0), object, number, length, what });
        Ok(())
    }

    /// Takes an object's postings out.
    pub fn forget(&mut self, object: i64) {
        self.waiting.retain(|w| w.object != object);
    }

    /// Writes all that waits as a segment of the run; the spool is empty then.
    pub fn write(&mut self, conn: &Connection, hasher: &Hasher, run: i64) -> Result<(), IndexError> {
        let Some(base) = self.waiting.iter().map(|w| w.object).min() else { return Ok(()) };
        // What one object says of one identifier keeps the order in which it came.
        self.waiting.par_sort_unstable();
        let mut builder = Builder::new(conn, run, base)?;
        let long = &self.long;
        for same in self.waiting.chunk_by(|a, b| a.hash == b.hash) {
            let class = same.iter().map(|w| u16::from_le_bytes([w.bytes(long)[0], w.bytes(long)[1]])).find(|c| *c != 0).unwrap_or(0);
            let hash = IdHash(same[0].hash.to_be_bytes());
            let who = Identified { hash, class, consumer: hasher.consumer(hash) };
            // A thousand rows may say the same about a residence; once is enough.
            let mut last: Option<(i64, &[u8])> = None;
            let items = same.iter().filter_map(|w| {
                let all = w.bytes(long);
                let again = matches!(all[2], RESIDENCE | BESIDE | PROTECTED) && last == Some((w.object, &all[2..]));
                last = Some((w.object, &all[2..]));
                (!again).then(|| (w.object, all[2], &all[HEAD..]))
            });
            builder.add(&who, items)?;
        }
        builder.finish()?;
        self.waiting.clear();
        self.long.clear();
        Ok(())
    }
}
