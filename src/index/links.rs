//! Records that hold several strong identifiers, as stored: the evidence for who is who.
//!
//! A row of the table `link` is a block of up to 256 links of one object: a check sum (see `postings`), then each link's record
//! and number of members as LEB128 varints and its members, strongest first, 18 bytes each: classifier of the index (big-endian),
//! hash. The number of a link is that of its row times 256 and its place in it. A link that joins nobody any more keeps its place.

use rusqlite::{Connection, OptionalExtension, params};

use super::error::IndexError;
use super::places::{read_varint, varint};
use super::postings::{seal, unseal, unseal_checked};
use crate::identity::IdHash;

/// Bytes of a block: with check sum and header it stays within a page of the file.
const BLOCK: usize = 8_000;

/// Links of a block.
const MANY: i64 = 256;

/// Bytes of a member.
pub(super) const MEMBER: usize = 18;

const BROKEN: IndexError = IndexError::Damaged("a block of links breaks off");

/// A link of a block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link<'b> {
    /// Its number.
    pub id: i64,
    /// The first row that proves it.
    pub record: u64,
    members: &'b [[u8; MEMBER]],
}

impl<'b> Link<'b> {
    /// Classifier of the index, hash; the strongest first. None: it joins nobody any more.
    pub fn members(self) -> impl ExactSizeIterator<Item = (u16, IdHash)> + 'b {
        self.members.iter().map(|m| {
            let [a, b, hash @ ..] = *m;
            (u16::from_be_bytes([a, b]), IdHash(hash))
        })
    }
}

/// Calls `each` with the links of a stored block of this row.
pub(super) fn each_of(row: i64, stored: &[u8], each: &mut dyn FnMut(Link<'_>)) -> Result<(), IndexError> {
    let mut data = unseal(stored)?;
    for place in 0..MANY {
        if data.is_empty() {
            break;
        }
        each(next(&mut data, row * MANY + place)?);
    }
    if data.is_empty() { Ok(()) } else { Err(BROKEN) }
}

/// Whether a block is what was written, and its data.
pub(super) fn whole(stored: &[u8]) -> Result<&[u8], IndexError> {
    unseal_checked(stored)
}

fn next<'b>(data: &mut &'b [u8], id: i64) -> Result<Link<'b>, IndexError> {
    let record = read_varint(data).ok_or(BROKEN)?;
    let n = read_varint(data).ok_or(BROKEN)? as usize;
    let (members, rest) = data.split_at_checked(n.saturating_mul(MEMBER)).ok_or(BROKEN)?;
    *data = rest;
    Ok(Link { id, record, members: members.as_chunks().0 })
}

/// A link by its number, with the object that holds it, if both are there: `found` is called with them.
pub(super) fn get<T>(conn: &Connection, id: i64, found: impl FnOnce(i64, Link<'_>) -> T) -> Result<Option<T>, IndexError> {
    let mut q = conn.prepare_cached("SELECT object_id, data FROM link WHERE id = ?1")?;
    let row: Option<(i64, Vec<u8>)> = q.query_row([id / MANY], |r| Ok((r.get(0)?, r.get(1)?))).optional()?;
    let Some((object, stored)) = row else { return Ok(None) };
    let mut data = unseal(&stored)?;
    for place in 0..=id % MANY {
        if data.is_empty() {
            break;
        }
        let link = next(&mut data, id)?;
        if place == id % MANY {
            return Ok(Some(found(object, link)));
        }
    }
    Ok(None)
}

/// Links of one object on their way into the index.
pub(super) struct Blocks<'c> {
    conn: &'c Connection,
    object: i64,
    data: Vec<u8>,
    /// The members of the links in `data`: their postings are made when the number is known.
    waiting: Vec<(u16, IdHash)>,
    /// Where each link's members end in `waiting`.
    ends: Vec<usize>,
}

impl<'c> Blocks<'c> {
    pub fn new(conn: &'c Connection, object: i64) -> Blocks<'c> {
        Blocks { conn, object, data: Vec::with_capacity(BLOCK + 512), waiting: Vec::new(), ends: Vec::new() }
    }

    /// Adds a link; `written` is called with the row and the data of each block that is full, and the numbers of its links with
    /// their members.
    pub fn add(
        &mut self,
        record: u64,
        members: impl ExactSizeIterator<Item = (u16, IdHash)>,
        written: &mut dyn FnMut(Written<'_>) -> Result<(), IndexError>,
    ) -> Result<(), IndexError> {
        let length = members.len() * MEMBER + 20;
        if !self.data.is_empty() && (self.data.len() + length > BLOCK || self.ends.len() as i64 == MANY) {
            self.write(written)?;
        }
        varint(record, &mut self.data);
        varint(members.len() as u64, &mut self.data);
        for (class, id) in members {
            self.data.extend_from_slice(&class.to_be_bytes());
            self.data.extend_from_slice(&id.0);
            self.waiting.push((class, id));
        }
        self.ends.push(self.waiting.len());
        Ok(())
    }

    /// Writes what is left.
    pub fn finish(mut self, written: &mut dyn FnMut(Written<'_>) -> Result<(), IndexError>) -> Result<(), IndexError> {
        self.write(written)
    }

    fn write(&mut self, written: &mut dyn FnMut(Written<'_>) -> Result<(), IndexError>) -> Result<(), IndexError> {
        if self.data.is_empty() {
            return Ok(());
        }
        let sql = "INSERT INTO link (object_id, data) VALUES (?1, ?2)";
        self.conn.prepare_cached(sql)?.execute(params![self.object, seal(&self.data)])?;
        let row = self.conn.last_insert_rowid();
        written(Written { row, data: &self.data, members: &self.waiting, ends: &self.ends })?;
        self.data.clear();
        self.waiting.clear();
        self.ends.clear();
        Ok(())
    }
}

/// A block that was written.
pub(super) struct Written<'b> {
    /// Its row.
    pub row: i64,
    /// Its data.
    pub data: &'b [u8],
    members: &'b [(u16, IdHash)],
    ends: &'b [usize],
}

impl Written<'_> {
    /// The number of each link with each of its members: classifier, hash.
    pub fn links(&self) -> impl Iterator<Item = (i64, (u16, IdHash))> + '_ {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let links = starts.zip(self.ends).zip(self.row * MANY..);
        links.flat_map(|((start, end), id)| self.members[start..*end].iter().map(move |m| (id, *m)))
    }
}

/// Takes identifiers out of links, of which the numbers are given; `goes` says which. Calls `broken` with each link that joins
/// nobody any more.
pub(super) fn unlink(
    conn: &Connection,
    ids: impl IntoIterator<Item = i64>,
    goes: &dyn Fn(IdHash) -> bool,
    broken: &mut dyn FnMut(i64),
) -> Result<(), IndexError> {
    let mut rows: Vec<i64> = ids.into_iter().map(|id| id / MANY).collect();
    rows.sort_unstable();
    rows.dedup();
    for row in rows {
        let mut q = conn.prepare_cached("SELECT data FROM link WHERE id = ?1")?;
        // What a deleted object said is gone already.
        let Some(stored) = q.query_row([row], |r| r.get::<_, Vec<u8>>(0)).optional()? else { continue };
        whole(&stored)?;
        let mut data = Vec::with_capacity(stored.len());
        each_of(row, &stored, &mut |link| {
            let left = || link.members.iter().zip(link.members()).filter(|(_, m)| !goes(m.1)).map(|m| m.0);
            let n = left().count();
            let kept = if n > 1 { n } else { 0 };
            if kept == 0 {
                broken(link.id);
            }
            varint(link.record, &mut data);
            varint(kept as u64, &mut data);
            left().take(kept).for_each(|m| data.extend_from_slice(m));
        })?;
        conn.prepare_cached("UPDATE link SET data = ?2 WHERE id = ?1")?.execute(params![row, seal(&data)])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn empty() -> Connection {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch("CREATE TABLE link (id INTEGER PRIMARY KEY, object_id INTEGER NOT NULL, data BLOB NOT NULL) STRICT").unwrap();
        conn
    }

    type Made = (u64, Vec<(u16, IdHash)>);

    fn made() -> impl Strategy<Value = Vec<Made>> {
        let member = (any::<u16>(), any::<[u8; 16]>()).prop_map(|(c, h)| (c, IdHash(h)));
        proptest::collection::vec((any::<u64>(), proptest::collection::vec(member, 2..6)), 1..700)
    }

    fn write(conn: &Connection, links: &[Made]) -> Vec<(i64, (u16, IdHash))> {
        let mut said = Vec::new();
        let mut blocks = Blocks::new(conn, 7);
        let mut written = |w: Written<'_>| {
            said.extend(w.links());
            assert!(w.data.len() <= BLOCK);
            Ok(())
        };
        for (record, members) in links {
            blocks.add(*record, members.iter().copied(), &mut written).unwrap();
        }
        blocks.finish(&mut written).unwrap();
        said
    }

    proptest! {
        #[test]
        fn links_survive_the_round_trip(links in made()) {
            let conn = empty();
            let said = write(&conn, &links);
            let expected: Vec<(u16, IdHash)> = links.iter().flat_map(|l| l.1.iter().copied()).collect();
            prop_assert_eq!(said.iter().map(|s| s.1).collect::<Vec<_>>(), expected);
            let mut ids: Vec<i64> = said.iter().map(|s| s.0).collect();
            ids.dedup();
            prop_assert_eq!(ids.len(), links.len());
            for (id, (record, members)) in ids.iter().zip(&links) {
                let got = get(&conn, *id, |object, l| (object, l.record, l.members().collect::<Vec<_>>())).unwrap().unwrap();
                prop_assert_eq!(&got, &(7, *record, members.clone()));
            }
            prop_assert!(get(&conn, ids[ids.len() - 1] + 1, |_, _| ()).unwrap().is_none());
        }

        #[test]
        fn hostile_blocks_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = each_of(3, &bytes, &mut |_| {});
        }
    }

    #[test]
    fn who_is_taken_out_leaves_the_others_their_numbers() {
        let conn = empty();
        let id = |n: u8| IdHash([n; 16]);
        let said = write(
            &conn,
            &[(1, vec![(1, id(1)), (2, id(2))]), (2, vec![(1, id(1)), (2, id(3)), (3, id(4))]), (3, vec![(1, id(5)), (2, id(6))])],
        );
        let numbers: Vec<i64> = [0, 2, 5].iter().map(|i| said[*i].0).collect();
        let mut broken = Vec::new();
        unlink(&conn, numbers[..2].iter().copied(), &|m| m == id(1), &mut |l| broken.push(l)).unwrap();
        assert_eq!(broken, numbers[..1]);
        let members = |n: i64| get(&conn, n, |_, l| (l.record, l.members().map(|m| m.1).collect::<Vec<_>>())).unwrap().unwrap();
        assert_eq!(members(numbers[0]), (1, vec![]));
        assert_eq!(members(numbers[1]), (2, vec![id(3), id(4)]));
        assert_eq!(members(numbers[2]), (3, vec![id(5), id(6)]));
    }

    /// A block that is written anew gets a new check sum: one that is damaged would look sound from then on.
    #[test]
    fn nobody_is_taken_out_of_a_damaged_block() {
        let conn = empty();
        let id = |n: u8| IdHash([n; 16]);
        let said = write(&conn, &[(1, vec![(1, id(1)), (2, id(2)), (3, id(3))])]);
        let turn = "UPDATE link SET data = CAST(substr(data, 1, length(data) - 1) || x'77' AS BLOB)";
        conn.execute(turn, []).unwrap();
        let stored = || conn.query_row("SELECT data FROM link", [], |r| r.get::<_, Vec<u8>>(0)).unwrap();
        let before = stored();
        assert!(unlink(&conn, [said[0].0], &|m| m == id(1), &mut |_| {}).is_err());
        assert_eq!(stored(), before);
    }
}
