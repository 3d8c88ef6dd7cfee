//! Looking many identifiers up.

use rusqlite::{Connection, params};

use super::{Identified, Segment, dictionary_first, segments, unseal};
use crate::identity::IdHash;
use crate::index::IndexError;
use crate::index::reader::blob;

/// Looks up many identifiers, in the order of their hashes: every block is read once.
pub(in crate::index) struct Finder<'c> {
    conn: &'c Connection,
    segments: Vec<Place>,
}

/// Where the search in a segment stands.
struct Place {
    segment: Segment,
    block: Vec<u8>,
    /// The ordinal that the block begins with.
    first: u32,
    /// In the block: no identifier before it is asked for again.
    at: usize,
}

impl Place {
    /// The number of the hash at a place of the block.
    fn number(list: &[[u8; Identified::BYTES]], at: usize) -> Option<u128> {
        list.get(at)?.first_chunk::<16>().map(|hash| u128::from_be_bytes(*hash))
    }

    /// The place of a hash in the block, which the block may hold; that of the next greater one if it does not.
    fn seek(&mut self, hash: u128) -> usize {
        let (list, _) = self.block.as_chunks::<{ Identified::BYTES }>();
        // PERF: who asks in order asks for one nearby, often the next.
        let (mut from, mut step) = (self.at, 1);
        while Place::number(list, from + step).is_some_and(|n| n < hash) {
            from += step;
            step *= 2;
        }
        let until = (from + step + 1).min(list.len());
        let rest = list.get(from..until).unwrap_or_default();
        self.at = from + rest.partition_point(|e| e.first_chunk::<16>().is_some_and(|n| u128::from_be_bytes(*n) < hash));
        self.at
    }
}

impl<'c> Finder<'c> {
    /// Over all segments.
    pub fn new(conn: &'c Connection) -> Result<Finder<'c>, IndexError> {
        let place = |segment| Place { segment, block: Vec::new(), first: 0, at: 0 };
        Ok(Finder { conn, segments: segments(conn)?.into_iter().map(place).collect() })
    }

    /// A strong identifier (not smaller than the one before), and the oldest of the newest runs of the segments that list it.
    pub fn strong(&mut self, hash: IdHash) -> Result<Option<(Identified, i64)>, IndexError> {
        let (mut found, mut oldest) = (None, i64::MAX);
        self.places(hash, &mut |segment, _, who| {
            oldest = oldest.min(segment.run);
            if who.is_strong() && found.is_none() {
                found = Some(who);
            }
        })?;
        Ok(found.map(|who| (who, oldest)))
    }

    /// Calls `each` with the segments that list an identifier (not smaller than the one before), and how: its ordinal, what it is there.
    pub fn places(&mut self, hash: IdHash, each: &mut dyn FnMut(&Segment, u32, Identified)) -> Result<(), IndexError> {
        let number = u128::from_be_bytes(hash.0);
        for place in &mut self.segments {
            let (list, _) = place.block.as_chunks::<{ Identified::BYTES }>();
            if Place::number(list, list.len().wrapping_sub(1)).is_none_or(|last| last < number) {
                let sql = "SELECT id, data FROM segment_identifier WHERE segment_id = ?1 AND first <= ?2 ORDER BY first DESC LIMIT 1";
                let mut q = self.conn.prepare_cached(sql)?;
                let mut rows = q.query(params![place.segment.id, hash.0])?;
                place.at = 0;
                place.block.clear();
                if let Some(r) = rows.next()? {
                    place.first = dictionary_first(r.get(0)?);
                    place.block.extend_from_slice(unseal(blob(r, 1)?)?);
                }
            }
            let at = place.seek(number);
            let (list, _) = place.block.as_chunks::<{ Identified::BYTES }>();
            if let Some(entry) = list.get(at).filter(|e| e[..16] == hash.0) {
                each(&place.segment, place.first.saturating_add(at as u32), Identified::decode(entry));
            }
        }
        Ok(())
    }
}
