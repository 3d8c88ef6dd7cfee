//! Looking many identifiers up.

use rusqlite::{Connection, params};

use super::{Identified, Segment, segments, unseal};
use crate::identity::IdHash;
use crate::index::IndexError;
use crate::index::reader::blob;

/// Looks up many identifiers, in the order of their hashes: every block is read once.
pub(in crate::index) struct Finder<'c> {
    conn: &'c Connection,
    segments: Vec<(Segment, Vec<u8>)>,
}

impl<'c> Finder<'c> {
    /// Over all segments.
    pub fn new(conn: &'c Connection) -> Result<Finder<'c>, IndexError> {
        Ok(Finder { conn, segments: segments(conn)?.into_iter().map(|s| (s, Vec::new())).collect() })
    }

    /// A strong identifier, and the oldest of the newest runs of the segments that list it.
    pub fn strong(&mut self, hash: IdHash) -> Result<Option<(Identified, i64)>, IndexError> {
        let mut found: Option<(Identified, i64)> = None;
        let mut oldest = i64::MAX;
        for (segment, block) in &mut self.segments {
            let (list, _) = block.as_chunks::<{ Identified::BYTES }>();
            let within = list.first().is_some_and(|f| f[..16] <= hash.0[..]) && list.last().is_some_and(|l| l[..16] >= hash.0[..]);
            if !within {
                let sql = "SELECT data FROM segment_identifier WHERE segment_id = ?1 AND first <= ?2 ORDER BY first DESC LIMIT 1";
                let mut q = self.conn.prepare_cached(sql)?;
                let mut rows = q.query(params![segment.id, hash.0])?;
                block.clear();
                if let Some(r) = rows.next()? {
                    block.extend_from_slice(unseal(blob(r, 0)?)?);
                }
            }
            let (list, _) = block.as_chunks::<{ Identified::BYTES }>();
            if let Ok(at) = list.binary_search_by(|e| e[..16].cmp(&hash.0[..])) {
                let who = Identified::decode(&list[at]);
                oldest = oldest.min(segment.run);
                if who.is_strong() && found.is_none() {
                    found = Some((who, 0));
                }
            }
        }
        Ok(found.map(|f| (f.0, oldest)))
    }
}
