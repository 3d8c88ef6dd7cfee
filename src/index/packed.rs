//! Small tables with millions of entries, packed: the entries of a table in the order of their keys, in rows that fill a page each.
//!
//! A row is `(first key, block)`. A block is a check sum (see `postings`) and entries: key, length of the value as a LEB128
//! varint, value. All keys of a table are equally long. An entry that is longer than a block has one for itself.
//!
//! PERF: a row of SQLite for each entry costs ten times as much to write as the entry in a block, and twice the room.

use rusqlite::{Connection, params};

use super::error::IndexError;
use super::places::{read_varint, varint};
use super::postings::{seal, unseal, unseal_checked};
use super::reader::blob;

/// Bytes of a block: with its key, check sum and header it stays within a page of the file.
const BLOCK: usize = 8_000;

const BROKEN: IndexError = IndexError::Damaged("a block of entries breaks off");
const MISPLACED: IndexError = IndexError::Damaged("an entry stands where it is not looked for");

/// A packed table.
pub(super) struct Packed {
    /// Bytes of a key.
    key: usize,
    find: &'static str,
    next: &'static str,
    all: &'static str,
    insert: &'static str,
    delete: &'static str,
}

/// The table of this name, whose keys have so many bytes.
macro_rules! packed {
    ($name:literal, $key:expr) => {
        $crate::index::packed::Packed::new(
            $key,
            [
                concat!("SELECT id, first, data FROM ", $name, " WHERE first <= ?1 ORDER BY first DESC LIMIT 1"),
                concat!("SELECT id, first, data FROM ", $name, " WHERE first > ?1 ORDER BY first LIMIT 1"),
                concat!("SELECT first, data FROM ", $name, " ORDER BY first"),
                concat!("INSERT INTO ", $name, " (first, data) VALUES (?1, ?2)"),
                concat!("DELETE FROM ", $name, " WHERE id = ?1"),
            ],
        )
    };
}
pub(super) use packed;

/// The block that was read last: who asks in the order of the keys reads each once.
#[derive(Default)]
pub(super) struct Cursor {
    /// The keys that it answers for, half-open: its first, and the first of the block after it (empty: there is none).
    range: Option<(Vec<u8>, Vec<u8>)>,
    data: Vec<u8>,
}

impl Packed {
    pub const fn new(key: usize, [find, next, all, insert, delete]: [&'static str; 5]) -> Packed {
        Packed { key, find, next, all, insert, delete }
    }

    /// The value of a key.
    pub fn get(&self, conn: &Connection, key: &[u8]) -> Result<Option<Vec<u8>>, IndexError> {
        let mut q = conn.prepare_cached(self.find)?;
        let mut rows = q.query([key])?;
        let Some(r) = rows.next()? else { return Ok(None) };
        Ok(self.within(unseal(blob(r, 2)?)?, key)?.map(<[u8]>::to_vec))
    }

    /// The same for one who goes on asking about keys nearby.
    pub fn get_next<'c>(&self, conn: &Connection, cursor: &'c mut Cursor, key: &[u8]) -> Result<Option<&'c [u8]>, IndexError> {
        let held = cursor.range.as_ref().is_some_and(|(from, to)| &from[..] <= key && (to.is_empty() || key < &to[..]));
        if !held {
            cursor.data.clear();
            let mut from = Vec::new();
            if let Some(r) = conn.prepare_cached(self.find)?.query([key])?.next()? {
                from.extend_from_slice(blob(r, 1)?);
                cursor.data.extend_from_slice(unseal(blob(r, 2)?)?);
            }
            let to = match conn.prepare_cached(self.next)?.query([key])?.next()? {
                Some(r) => blob(r, 1)?.to_vec(),
                None => Vec::new(),
            };
            cursor.range = Some((from, to));
        }
        self.within(&cursor.data, key)
    }

    /// The value of a key in a block.
    fn within<'b>(&self, mut block: &'b [u8], key: &[u8]) -> Result<Option<&'b [u8]>, IndexError> {
        while !block.is_empty() {
            let (k, value) = self.entry(&mut block)?;
            if k >= key {
                return Ok((k == key).then_some(value));
            }
        }
        Ok(None)
    }

    fn entry<'b>(&self, block: &mut &'b [u8]) -> Result<(&'b [u8], &'b [u8]), IndexError> {
        let (key, mut rest) = block.split_at_checked(self.key).ok_or(BROKEN)?;
        let length = read_varint(&mut rest).ok_or(BROKEN)? as usize;
        let (value, rest) = rest.split_at_checked(length).ok_or(BROKEN)?;
        *block = rest;
        Ok((key, value))
    }

    /// Calls `each` with the entries of a stored block, whose row has the key `first` and stands behind the key `before` (empty:
    /// behind none). Returns its last key. An error for entries that are out of order: a look-up would miss them.
    pub fn of_block(&self, before: &[u8], first: &[u8], stored: &[u8], each: &mut dyn FnMut(&[u8], &[u8])) -> Result<Vec<u8>, IndexError> {
        let mut block = unseal_checked(stored)?;
        let mut last = before.to_vec();
        let mut at_first = true;
        while !block.is_empty() {
            let (key, value) = self.entry(&mut block)?;
            if key <= &last[..] || at_first && key != first {
                return Err(MISPLACED);
            }
            at_first = false;
            last.clear();
            last.extend_from_slice(key);
            each(key, value);
        }
        Ok(last)
    }

    /// Calls `each` with all entries in order. An error for a block that is not what was written.
    pub fn each(&self, conn: &Connection, each: &mut dyn FnMut(&[u8], &[u8])) -> Result<(), IndexError> {
        let mut q = conn.prepare_cached(self.all)?;
        let mut rows = q.query([])?;
        let mut last = Vec::new();
        while let Some(r) = rows.next()? {
            last = self.of_block(&last, blob(r, 0)?, blob(r, 1)?, each)?;
        }
        Ok(())
    }

    /// Sets and (`None`) removes entries, in the order of their keys, each key once. Blocks that none of them falls into stay.
    pub fn change<K: AsRef<[u8]>, V: AsRef<[u8]>>(
        &self,
        conn: &Connection,
        changes: impl Iterator<Item = (K, Option<V>)>,
    ) -> Result<(), IndexError> {
        let mut changes = changes.peekable();
        while let Some((key, _)) = changes.peek() {
            let key = key.as_ref();
            // The block that holds the keys around this one; what comes before all blocks goes to the first.
            let held = match self.block(conn, self.find, key)? {
                None => self.block(conn, self.next, key)?,
                found => found,
            };
            let until = match &held {
                None => None,
                Some((_, first, _)) => self.block(conn, self.next, first.as_slice().max(key))?.map(|b| b.1),
            };
            let mut old: &[u8] = &[];
            if let Some((id, _, stored)) = &held {
                old = unseal_checked(stored)?;
                conn.prepare_cached(self.delete)?.execute([id])?;
            }
            let mut blocks = Blocks { table: self, conn, block: Vec::with_capacity(2 * BLOCK), starts: Vec::new() };
            while let Some((key, value)) = changes.next_if(|c| until.as_ref().is_none_or(|u| c.0.as_ref() < &u[..])) {
                let key = key.as_ref();
                while !old.is_empty() {
                    let mut rest = old;
                    let (k, v) = self.entry(&mut rest)?;
                    if k > key {
                        break;
                    }
                    old = rest;
                    if k < key {
                        blocks.add(k, v)?;
                    }
                }
                if let Some(value) = value {
                    blocks.add(key, value.as_ref())?;
                }
            }
            while !old.is_empty() {
                let (k, v) = self.entry(&mut old)?;
                blocks.add(k, v)?;
            }
            blocks.finish()?;
        }
        Ok(())
    }

    /// The block behind the one that begins with this key, or the first for an empty one: its first key, as stored.
    pub fn after(&self, conn: &Connection, key: &[u8]) -> Result<Option<(Vec<u8>, Vec<u8>)>, IndexError> {
        Ok(self.block(conn, self.next, key)?.map(|b| (b.1, b.2)))
    }

    /// A row: number, first key, block as stored.
    fn block(&self, conn: &Connection, sql: &str, key: &[u8]) -> Result<Option<(i64, Vec<u8>, Vec<u8>)>, IndexError> {
        let mut q = conn.prepare_cached(sql)?;
        let mut rows = q.query([key])?;
        Ok(match rows.next()? {
            Some(r) => Some((r.get(0)?, r.get(1)?, r.get(2)?)),
            None => None,
        })
    }
}

/// Entries on their way into blocks.
struct Blocks<'c> {
    table: &'c Packed,
    conn: &'c Connection,
    block: Vec<u8>,
    /// Where the entries begin.
    starts: Vec<usize>,
}

impl Blocks<'_> {
    fn add(&mut self, key: &[u8], value: &[u8]) -> Result<(), IndexError> {
        self.starts.push(self.block.len());
        self.block.extend_from_slice(key);
        varint(value.len() as u64, &mut self.block);
        self.block.extend_from_slice(value);
        while self.block.len() > 2 * BLOCK {
            self.write(BLOCK)?;
        }
        Ok(())
    }

    /// Writes a block of as many entries as fit, at least one.
    fn write(&mut self, most: usize) -> Result<(), IndexError> {
        let n = self.starts.partition_point(|s| *s <= most);
        // The entry that begins last before the limit goes beyond it, unless it ends there.
        let end = |n: usize| self.starts.get(n).copied().unwrap_or(self.block.len());
        let n = if n > 1 && end(n) > most { n - 1 } else { n.max(1) };
        let end = end(n);
        let row = params![&self.block[..self.table.key], seal(&self.block[..end])];
        self.conn.prepare_cached(self.table.insert)?.execute(row)?;
        self.block.drain(..end);
        self.starts.drain(..n);
        self.starts.iter_mut().for_each(|s| *s -= end);
        Ok(())
    }

    /// What is left: two halves rather than a full block and a crumb.
    fn finish(mut self) -> Result<(), IndexError> {
        while !self.starts.is_empty() {
            let most = if self.block.len() > BLOCK { (self.block.len() / 2).min(BLOCK) } else { BLOCK };
            self.write(most)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    const TABLE: Packed = packed!("small", 4);

    fn empty() -> Connection {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch("CREATE TABLE small (id INTEGER PRIMARY KEY, first BLOB NOT NULL UNIQUE, data BLOB NOT NULL) STRICT").unwrap();
        conn
    }

    fn all(conn: &Connection) -> BTreeMap<u32, Vec<u8>> {
        let mut out = BTreeMap::new();
        TABLE.each(conn, &mut |k, v| drop(out.insert(u32::from_be_bytes(k.try_into().unwrap()), v.to_vec()))).unwrap();
        out
    }

    proptest! {
        /// Whatever is set and removed, in however many goes, the table is a map.
        #[test]
        fn it_is_a_map(goes in proptest::collection::vec(proptest::collection::btree_map(0u32..3000, proptest::option::weighted(0.7, 0usize..40), 1..400), 1..6),
                       long in 0u32..3000) {
            let (conn, mut map) = (empty(), BTreeMap::new());
            for go in &goes {
                let changes: Vec<([u8; 4], Option<Vec<u8>>)> =
                    go.iter().map(|(k, n)| (k.to_be_bytes(), n.map(|n| vec![*k as u8; if *k == long { 20_000 } else { n }]))).collect();
                TABLE.change(&conn, changes.iter().map(|(k, v)| (k, v.as_ref()))).unwrap();
                for (k, v) in changes {
                    let k = u32::from_be_bytes(k);
                    match v {
                        Some(v) => drop(map.insert(k, v)),
                        None => drop(map.remove(&k)),
                    }
                }
                prop_assert_eq!(&all(&conn), &map);
            }
            let mut cursor = Cursor::default();
            for k in (0..3000u32).step_by(7) {
                let key = k.to_be_bytes();
                prop_assert_eq!(TABLE.get(&conn, &key).unwrap(), map.get(&k).cloned());
                prop_assert_eq!(TABLE.get_next(&conn, &mut cursor, &key).unwrap(), map.get(&k).map(Vec::as_slice));
            }
        }

        #[test]
        fn hostile_blocks_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = TABLE.within(&bytes, &[1; 4]);
            let _ = TABLE.of_block(&[], &bytes, &bytes, &mut |_, _| {});
        }
    }

    #[test]
    fn blocks_are_well_filled_and_never_longer_than_a_page() {
        let conn = empty();
        let value = [7; 8];
        let keys: Vec<[u8; 4]> = (0..20_000u32).map(u32::to_be_bytes).collect();
        TABLE.change(&conn, keys.iter().map(|k| (k, Some(value)))).unwrap();
        let rows = |sql: &str| conn.query_row(sql, [], |r| r.get::<_, i64>(0)).unwrap();
        assert!(rows("SELECT count(*) FROM small") <= 20_000 * 13 / 8_000 + 2);
        // One key in a hundred is set again: blocks split, and none is left nearly empty.
        let long = [8; 200];
        TABLE.change(&conn, keys.iter().step_by(100).map(|k| (k, Some(long)))).unwrap();
        assert!(rows("SELECT max(length(data)) FROM small") <= 8_100 && rows("SELECT min(length(data)) FROM small") > 3_000);
        assert_eq!(all(&conn).values().filter(|v| v.len() == 200).count(), 200);
    }

    #[test]
    fn entries_out_of_order_are_noticed() {
        let conn = empty();
        let keys: Vec<[u8; 4]> = (0..4_000u32).map(u32::to_be_bytes).collect();
        TABLE.change(&conn, keys.iter().map(|k| (k, Some([7; 8])))).unwrap();
        let all = || TABLE.each(&conn, &mut |_, _| {});
        assert!(all().is_ok());
        // A row that says another first key than its block, and two rows that overlap: both sound as blocks.
        conn.execute_batch("SAVEPOINT s; UPDATE small SET first = x'00000001' WHERE first = x'00000000'").unwrap();
        assert!(all().is_err());
        conn.execute_batch("ROLLBACK TO s").unwrap();
        assert!(all().is_ok());
        conn.execute("INSERT INTO small (first, data) VALUES (x'00000005', ?1)", [seal(&[0, 0, 0, 5, 0])]).unwrap();
        assert!(all().is_err());
    }

    #[test]
    fn a_block_that_changed_is_noticed() {
        let conn = empty();
        TABLE.change(&conn, [([1u8; 4], Some([5u8; 3]))].into_iter()).unwrap();
        conn.execute("UPDATE small SET data = CAST(substr(data, 1, length(data) - 1) || x'06' AS BLOB)", []).unwrap();
        assert!(TABLE.each(&conn, &mut |_, _| {}).is_err());
        assert!(TABLE.change(&conn, [([2u8; 4], None::<[u8; 3]>)].into_iter()).is_err());
    }
}
