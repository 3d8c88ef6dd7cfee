//! Writing a segment: parts come in the order of their hashes and are put together.

use rusqlite::{Connection, params};

use super::items::{PROTECTED, RESIDENCE};
use super::part::{List, Part};
use super::{DICTIONARY, Identified, joint, seal};
use crate::index::IndexError;
use crate::index::places::varint;
use crate::index::whose;

/// Bytes of lists by object that are held before they are written. A list may come in several parts.
const LISTS: usize = 32 << 20;

/// The same of lists of all objects.
const JOINT: usize = 8 << 20;

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
    /// The lists of all objects; `None`: they are not worth it. That is told by the first part, which is like the others.
    joint: Option<Lists>,
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
            joint: None,
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
        // A part of which nothing is left tells nothing.
        if self.ordinal == 0 && part.identifiers > 0 {
            let n = part.joint.0.iter().map(|l| l.n).sum::<u64>();
            self.joint = (n * joint::WORTH <= part.postings).then(Lists::default);
        }
        if let Some(all) = &mut self.joint {
            all.add(part.joint.0, part.joint.1, self.ordinal);
            if all.bytes > JOINT {
                all.write_joint(self.conn, self.segment)?;
            }
        }
        self.lists.add(part.lists, part.listed, self.ordinal);
        self.postings += part.postings;
        self.ordinal = self.ordinal.checked_add(part.identifiers).ok_or(IndexError::Damaged("a segment is full"))?;
        if self.lists.bytes > LISTS {
            self.lists.join();
            if self.lists.bytes > LISTS / 2 {
                self.lists.write(self.conn, self.segment)?;
            }
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
        if let Some(all) = &mut self.joint {
            all.write_joint(self.conn, self.segment)?;
        }
        self.conn.prepare_cached("UPDATE segment SET identifiers = ?2, postings = ?3 WHERE id = ?1")?.execute(params![
            self.segment,
            self.ordinal,
            self.postings as i64
        ])?;
        Ok(())
    }
}

/// Per object the ordinals of those it speaks of, apart by what it says: lists of parts, to be put together.
#[derive(Default)]
struct Lists {
    lists: Vec<Piece>,
    /// What stands behind the first ordinals, by part.
    listed: Vec<Vec<u8>>,
    bytes: usize,
}

/// A part's list, and where its own of what is listed lies.
struct Piece {
    list: List,
    part: u32,
    from: usize,
}

impl Lists {
    /// Adds a part's lists; their ordinals count from `base`.
    fn add(&mut self, lists: Vec<List>, listed: Vec<u8>, base: u32) {
        self.bytes += listed.len() + lists.len() * size_of::<Piece>();
        let part = self.listed.len() as u32;
        self.listed.push(listed);
        let mut from = 0;
        self.lists.extend(lists.into_iter().map(|list| {
            let piece =
                Piece { list: List { first: base.saturating_add(list.first), last: base.saturating_add(list.last), ..list }, part, from };
            from = list.end;
            piece
        }));
    }

    /// Pieces of one list become one, in the order of what they say.
    fn join(&mut self) {
        self.lists.sort_unstable_by_key(|l| (l.list.said, l.part));
        let mut listed = Vec::with_capacity(self.listed.iter().map(Vec::len).sum::<usize>() + 2 * self.lists.len());
        let mut joined = Vec::new();
        for same in self.lists.chunk_by(|a, b| a.list.said == b.list.said) {
            let (from, mut whole) = (listed.len(), List { n: 0, ..same[0].list });
            for Piece { list, part, from } in same {
                // The first by itself, the others by the distance.
                if whole.n > 0 {
                    varint(u64::from(list.first - whole.last), &mut listed);
                }
                listed.extend_from_slice(&self.listed[*part as usize][*from..list.end]);
                (whole.n, whole.last) = (whole.n + list.n, list.last);
            }
            whole.end = listed.len();
            joined.push(Piece { list: whole, part: 0, from });
        }
        self.bytes = listed.len() + joined.len() * size_of::<Piece>();
        (self.lists, self.listed) = (joined, vec![listed]);
    }

    /// Writes lists of all objects.
    fn write_joint(&mut self, conn: &Connection, segment: i64) -> Result<(), IndexError> {
        self.join();
        let Lists { lists, listed, .. } = std::mem::take(self);
        lists.iter().try_for_each(|l| joint::write(conn, segment, l.list.said.2, l.list.first, &listed[0][l.from..l.list.end]))
    }

    fn write(&mut self, conn: &Connection, segment: i64) -> Result<(), IndexError> {
        self.join();
        let Lists { lists, listed, .. } = std::mem::take(self);
        let listed = &listed[0];
        let mut insert = conn.prepare_cached("INSERT INTO segment_object (segment_id, object_id, data) VALUES (?1, ?2, ?3)")?;
        let mut apart = conn.prepare_cached(RESIDENCES)?;
        let (mut data, mut residences) = (Vec::new(), Vec::new());
        for of_object in lists.chunk_by(|a, b| a.list.said.0 == b.list.said.0) {
            data.clear();
            residences.clear();
            for Piece { list, from, .. } in of_object {
                let begin = data.len();
                let (_, tag, what) = list.said;
                data.push(tag);
                match tag {
                    RESIDENCE => data.extend_from_slice(&(what as u32).to_le_bytes()),
                    PROTECTED => {
                        varint(what >> 8, &mut data);
                        data.push(what as u8);
                    }
                    _ => varint(what, &mut data),
                }
                varint(list.n, &mut data);
                varint(u64::from(list.first), &mut data);
                data.extend_from_slice(&listed[*from..list.end]);
                if tag == RESIDENCE {
                    residences.extend_from_slice(&data[begin..]);
                }
            }
            let object = of_object[0].list.said.0;
            insert.execute(params![segment, object, seal(&data)])?;
            if !residences.is_empty() {
                apart.execute(params![segment, object, seal(&residences)])?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{ConsumerId, IdHash};
    use crate::index::postings::part::PartBuilder;

    #[test]
    fn the_first_part_that_holds_something_tells_whether_lists_of_all_are_worth_it() {
        let conn = Connection::open_in_memory().unwrap();
        crate::index::schema::create(&conn).unwrap();
        crate::index::postings::tables(&conn).unwrap();
        crate::index::whose::tables(&conn).unwrap();
        let rows = || conn.query_row("SELECT count(*) FROM segment_joint", [], |r| r.get::<_, i64>(0)).unwrap();
        let part = |who: &[u8]| {
            let mut part = PartBuilder::new(1).with_joint();
            for n in who {
                part.copy(1, super::super::items::ONE, &[3, 9]).unwrap();
                part.end(&Identified { hash: IdHash([*n; 16]), class: 1, consumer: ConsumerId([*n; 8]) }).unwrap();
            }
            part.finish()
        };
        for (worth, want) in [(false, 0), (true, 1)] {
            let mut builder = Builder::new(&conn, 1, 1).unwrap();
            builder.add(part(&[])).unwrap();
            let mut first = part(&[1, 2]);
            first.postings *= u64::from(worth);
            builder.add(first).unwrap();
            builder.add(part(&[3])).unwrap();
            builder.finish().unwrap();
            assert_eq!(rows(), want);
        }
    }
}
