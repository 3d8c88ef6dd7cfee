//! Postings that wait to become a segment.

use rayon::slice::ParallelSliceMut;
use rusqlite::Connection;

use super::items::{BESIDE, PROTECTED, RESIDENCE, encode, shape_of};
use super::{Builder, Identified, Shapes};
use crate::identity::{Hasher, IdHash};
use crate::index::IndexError;
use crate::index::entries::Entry;

/// One thing that an object says about an identifier; what, lies in the buffer: class, tag, body.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Waiting {
    hash: u128,
    object: i64,
    at: u64,
    length: u32,
}

/// Bytes of class and tag before a body.
const HEAD: usize = 3;

/// Postings in the order in which they came.
#[derive(Default)]
pub(in crate::index) struct Spool {
    waiting: Vec<Waiting>,
    bytes: Vec<u8>,
}

impl Spool {
    /// Bytes that are held.
    pub fn weight(&self) -> usize {
        self.bytes.len() + self.waiting.len() * size_of::<Waiting>()
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
        let at = self.bytes.len();
        self.bytes.extend_from_slice(&class.to_le_bytes());
        self.bytes.push(0);
        self.bytes[at + 2] = encode(entry, shape, &mut self.bytes);
        let length = u32::try_from(self.bytes.len() - at).map_err(|_| IndexError::Damaged("a posting is too long"))?;
        self.waiting.push(Waiting { hash: u128::from_be_bytes(hash.0), object, at: at as u64, length });
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
        let at = |w: &Waiting| &self.bytes[w.at as usize..w.at as usize + w.length as usize];
        for same in self.waiting.chunk_by(|a, b| a.hash == b.hash) {
            let class = same.iter().map(|w| u16::from_le_bytes([at(w)[0], at(w)[1]])).find(|c| *c != 0).unwrap_or(0);
            let hash = IdHash(same[0].hash.to_be_bytes());
            let who = Identified { hash, class, consumer: hasher.consumer(hash) };
            // A thousand rows may say the same about a residence; once is enough.
            let mut last: Option<(i64, &[u8])> = None;
            let items = same.iter().filter_map(|w| {
                let all = at(w);
                let again = matches!(all[2], RESIDENCE | BESIDE | PROTECTED) && last == Some((w.object, &all[2..]));
                last = Some((w.object, &all[2..]));
                (!again).then(|| (w.object, all[2], &all[HEAD..]))
            });
            builder.add(&who, items)?;
        }
        builder.finish()?;
        self.waiting.clear();
        self.bytes.clear();
        Ok(())
    }
}
