//! Which identifier has this id? The way back from the id of a consumer of one identifier, which cannot be undone.
//!
//! The table `segment_consumer` holds, for the strong identifiers of a segment, the first four bytes of the id that each is without any
//! link and the block of the dictionary in which it stands, ordered: in rows that fill a page, `varint(distance of the four bytes to those
//! before, in the first entry to the row's)`, `varint(block)`. Ids that begin alike stand in one row. What is found is looked at in the
//! dictionary, so that four bytes are enough. A row -1 says that the segment has its rows.

use rusqlite::{Connection, OptionalExtension, params};

use super::{DICTIONARY, Identified, Segment, dictionary_row, seal, segments, unseal, unseal_checked};
use crate::identity::ConsumerId;
use crate::index::IndexError;
use crate::index::places::{read_varint, varint};
use crate::index::reader::blob;

const TABLES: &str = include_str!("named.sql");

const BROKEN: IndexError = IndexError::Damaged("the way from a consumer to its identifier breaks off");

/// Bytes of a row; with its check sum it fills a page.
const BLOCK: usize = 8_000;

/// Segments of no more identifiers are searched: that takes no longer than to read a few pages.
const SMALL: u32 = if cfg!(test) { 4 } else { 32 } * DICTIONARY as u32;

/// Creates the table.
pub(in crate::index) fn tables(conn: &Connection) -> Result<(), IndexError> {
    Ok(conn.execute_batch(TABLES)?)
}

/// The first four bytes of an id.
fn start_of(consumer: &ConsumerId) -> u32 {
    consumer.0.first_chunk::<4>().map_or(0, |b| u32::from_be_bytes(*b))
}

/// Calls `each` with the identifiers of a block of a dictionary.
fn each_in_block(stored: &[u8], each: &mut dyn FnMut(Identified)) -> Result<(), IndexError> {
    let (list, _) = unseal(stored)?.as_chunks::<{ Identified::BYTES }>();
    list.iter().map(Identified::decode).for_each(each);
    Ok(())
}

/// Calls `each` with all identifiers of a segment, and the number of the block of each.
fn each_of(conn: &Connection, segment: i64, each: &mut dyn FnMut(i64, Identified)) -> Result<(), IndexError> {
    let mut q = conn.prepare_cached("SELECT id, data FROM segment_identifier WHERE id >= ?1 AND id < ?2 ORDER BY id")?;
    let from = dictionary_row(segment, 0);
    let mut rows = q.query([from, dictionary_row(segment + 1, 0)])?;
    while let Some(r) = rows.next()? {
        let number = r.get::<_, i64>(0)? - from;
        each_in_block(blob(r, 1)?, &mut |who| each(number, who))?;
    }
    Ok(())
}

/// Entries that are put in order at once, about: as many times the dictionary of a large segment is gone through as they are fewer than all.
const AT_ONCE: u64 = if cfg!(test) { 1_000 } else { 8 << 20 };

/// Calls `each` with four bytes of an id and a number of a block, of all strong identifiers of a segment, ordered, each once.
fn each_in_order(conn: &Connection, segment: &Segment, each: &mut dyn FnMut(u32, u32) -> Result<(), IndexError>) -> Result<(), IndexError> {
    let passes = u64::from(segment.identifiers) / AT_ONCE + 1;
    let mut ways = Vec::with_capacity((u64::from(segment.identifiers) / passes + 1) as usize);
    for pass in 0..passes {
        each_of(conn, segment.id, &mut |block, who| {
            let start = start_of(&who.consumer);
            if who.is_strong() && (u64::from(start) * passes) >> 32 == pass {
                ways.push((start, block as u32));
            }
        })?;
        ways.sort_unstable();
        ways.dedup();
        ways.drain(..).try_for_each(|(start, block)| each(start, block))?;
    }
    Ok(())
}

/// Writes what segments lack.
pub(in crate::index) fn store(conn: &Connection) -> Result<(), IndexError> {
    let mut insert = conn.prepare("INSERT INTO segment_consumer VALUES (?1, ?2, ?3)")?;
    for s in segments(conn)?.iter().filter(|s| s.identifiers > SMALL) {
        let sql = "SELECT count(*) > 0 FROM segment_consumer WHERE segment_id = ?1 AND first = -1";
        if conn.query_row(sql, [s.id], |r| r.get::<_, bool>(0))? {
            continue;
        }
        let mut data = Vec::with_capacity(BLOCK);
        let (mut first, mut last) = (0, 0);
        each_in_order(conn, s, &mut |start, block| {
            if data.len() + 10 > BLOCK && start != last {
                insert.execute(params![s.id, first, seal(&data)])?;
                data.clear();
            }
            if data.is_empty() {
                (first, last) = (start, start);
            }
            varint(u64::from(start - last), &mut data);
            varint(u64::from(block), &mut data);
            last = start;
            Ok(())
        })?;
        if !data.is_empty() {
            insert.execute(params![s.id, first, seal(&data)])?;
        }
        insert.execute(params![s.id, -1, seal(&[])])?;
    }
    Ok(())
}

/// Calls `each` with the entries of a stored row.
fn each_way(first: u32, stored: &[u8], each: &mut dyn FnMut(u32, u32)) -> Result<(), IndexError> {
    let (mut start, mut data) = (first, unseal_checked(stored)?);
    while !data.is_empty() {
        let (gap, block) = (read_varint(&mut data).ok_or(BROKEN)?, read_varint(&mut data).ok_or(BROKEN)?);
        start = u32::try_from(gap).ok().and_then(|g| start.checked_add(g)).ok_or(BROKEN)?;
        each(start, u32::try_from(block).map_err(|_| BROKEN)?);
    }
    Ok(())
}

/// The blocks of a segment in which an id may stand; `None`: the segment has no rows.
fn blocks(conn: &Connection, segment: i64, start: u32) -> Result<Option<Vec<u32>>, IndexError> {
    let mut q =
        conn.prepare_cached("SELECT first, data FROM segment_consumer WHERE segment_id = ?1 AND first <= ?2 ORDER BY first DESC LIMIT 1")?;
    let row: Option<(i64, Vec<u8>)> = q.query_row([segment, i64::from(start)], |r| Ok((r.get(0)?, r.get(1)?))).optional()?;
    let Some((first, stored)) = row else { return Ok(None) };
    let mut out = Vec::new();
    if let Ok(first) = u32::try_from(first) {
        each_way(first, &stored, &mut |s, block| out.extend((s == start).then_some(block)))?;
    }
    Ok(Some(out))
}

/// The strong identifiers of this id, each once, ordered: one, as a rule, that may be linked by now.
pub(in crate::index) fn alone(conn: &Connection, consumer: ConsumerId) -> Result<Vec<Identified>, IndexError> {
    let mut out: Vec<Identified> = Vec::new();
    for s in segments(conn)? {
        let fits = |who: &Identified| who.is_strong() && who.consumer == consumer;
        match way(conn, &s, consumer)? {
            Some(blocks) => {
                for number in blocks {
                    let mut q = conn.prepare_cached("SELECT data FROM segment_identifier WHERE id = ?1")?;
                    let mut rows = q.query([dictionary_row(s.id, i64::from(number))])?;
                    if let Some(r) = rows.next()? {
                        each_in_block(blob(r, 0)?, &mut |who| out.extend(fits(&who).then_some(who)))?;
                    }
                }
            }
            None => each_of(conn, s.id, &mut |_, who| out.extend(fits(&who).then_some(who)))?,
        }
    }
    out.sort_unstable_by_key(|i| (i.hash, i.class));
    out.dedup_by_key(|i| i.hash);
    Ok(out)
}

/// What is derived can be derived again: damaged rows are as if they were not there.
fn way(conn: &Connection, s: &Segment, consumer: ConsumerId) -> Result<Option<Vec<u32>>, IndexError> {
    match blocks(conn, s.id, start_of(&consumer)) {
        Err(IndexError::Damaged(_)) => Ok(None),
        other => other,
    }
}

/// Whether the rows that segments have are what their dictionaries say.
pub(in crate::index) fn holds(conn: &Connection) -> Result<bool, IndexError> {
    for s in segments(conn)? {
        let mut q = conn.prepare("SELECT first, data FROM segment_consumer WHERE segment_id = ?1 ORDER BY first")?;
        let (mut rows, mut found, mut complete, mut any) = (q.query([s.id])?, Vec::new(), false, false);
        while let Some(r) = rows.next()? {
            any = true;
            match u32::try_from(r.get::<_, i64>(0)?) {
                // A look-up would miss what stands before the first of its row, or behind that of the next.
                Ok(first) if found.last().is_some_and(|l: &(u32, u32)| l.0 >= first) => return Ok(false),
                Ok(first) => match each_way(first, blob(r, 1)?, &mut |start, block| found.push((start, block))) {
                    Err(IndexError::Damaged(_)) => return Ok(false),
                    other => other?,
                },
                Err(_) => complete = true,
            }
        }
        if !any {
            continue;
        }
        let (mut stored, mut same) = (found.iter(), complete);
        each_in_order(conn, &s, &mut |start, block| {
            same &= stored.next() == Some(&(start, block));
            Ok(())
        })?;
        if !same || stored.next().is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{Hasher, IdHash, Key};
    use crate::index::PlaceList;
    use crate::index::entries::Entry;
    use crate::index::postings::{Shapes, Spool, merge_all, verify};

    fn hash(n: u64) -> IdHash {
        let mut h = [0; 16];
        h[..8].copy_from_slice(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
        IdHash(h)
    }

    /// `MANY` people of one identifier each, in one segment.
    fn index(hasher: &Hasher) -> Connection {
        let conn = Connection::open_in_memory().unwrap();
        crate::index::schema::create(&conn).unwrap();
        crate::index::postings::tables(&conn).unwrap();
        crate::index::whose::tables(&conn).unwrap();
        conn.execute_batch(
            "PRAGMA foreign_keys = OFF; INSERT INTO object (id, uri, uri_hash, version, size, dataset_id, status, classifier_set, first_run, last_run)
             VALUES (1, '', x'', '', 0, 1, 'read', '', 1, 1)",
        )
        .unwrap();
        let (mut spool, shapes) = (Spool::default(), Shapes::default());
        let row = |n| Entry::Sightings { field: 1, classifier: 2, certainty: 0, count: 1, places: PlaceList::Rows(vec![(n, n + 1)]) };
        for n in 0..MANY {
            // Every fiftieth is weak: nobody's.
            spool.add(&conn, &shapes, hash(n), if n % 50 == 9 { 0 } else { 2 }, 1, &row(n)).unwrap();
        }
        spool.write(&conn, hasher, 1).unwrap();
        conn
    }

    const MANY: u64 = 5_000;

    #[test]
    fn one_block_is_read_for_an_id() {
        let hasher = Hasher::new(&Key::random().unwrap());
        let conn = index(&hasher);
        let all = || -> Vec<Vec<Identified>> { (0..MANY).map(|n| alone(&conn, hasher.consumer(hash(n))).unwrap()).collect() };
        let searched = all();
        assert!(searched.iter().zip(0..).all(|(found, n)| match n % 50 {
            9 => found.is_empty(),
            _ => found.len() == 1 && found[0].hash == hash(n),
        }));
        store(&conn).unwrap();
        store(&conn).unwrap();
        assert!(holds(&conn).unwrap() && all() == searched);
        assert!(alone(&conn, ConsumerId([7; 8])).unwrap().is_empty());
        // All blocks of the dictionary but one are lost: whoever reads another notices.
        let segment = segments(&conn).unwrap()[0].id;
        for (n, found) in (0..MANY).zip(&searched).step_by(613).filter(|(n, _)| n % 50 != 9) {
            let mut at = None;
            each_of(&conn, segment, &mut |block, who| at = if who.hash == hash(n) { Some(block) } else { at }).unwrap();
            conn.execute_batch("SAVEPOINT s").unwrap();
            let lost =
                conn.execute("UPDATE segment_identifier SET data = x'' WHERE id <> ?1", [dictionary_row(segment, at.unwrap())]).unwrap();
            assert!(lost > 10 && alone(&conn, hasher.consumer(hash(n))).unwrap() == *found, "{n}");
            conn.execute_batch("DELETE FROM segment_consumer").unwrap();
            assert!(alone(&conn, hasher.consumer(hash(n))).is_err(), "a search goes through all");
            conn.execute_batch("ROLLBACK TO s; RELEASE s").unwrap();
        }
    }

    #[test]
    fn rows_go_with_their_segment_and_what_is_damaged_is_searched_for() {
        let hasher = Hasher::new(&Key::random().unwrap());
        let conn = index(&hasher);
        store(&conn).unwrap();
        let people = || (0..MANY).step_by(7).filter(|n| alone(&conn, hasher.consumer(hash(*n))).unwrap().len() == 1).count();
        let (rows, before) = (|| conn.query_row("SELECT count(*) FROM segment_consumer", [], |r| r.get::<_, i64>(0)).unwrap(), people());
        assert!(rows() > 2);
        for damage in [
            "UPDATE segment_consumer SET data = CAST(substr(data, 1, length(data) - 1) AS BLOB) WHERE first >= 0",
            "DELETE FROM segment_consumer WHERE first = -1",
            "UPDATE segment_consumer SET first = first + 1 WHERE first > 0",
        ] {
            conn.execute_batch(&format!("SAVEPOINT s; {damage}")).unwrap();
            assert!(!holds(&conn).unwrap(), "{damage}");
            conn.execute_batch("ROLLBACK TO s; RELEASE s").unwrap();
        }
        conn.execute_batch("SAVEPOINT s; UPDATE segment_consumer SET data = zeroblob(9) WHERE first >= 0").unwrap();
        assert_eq!(people(), before);
        conn.execute_batch("ROLLBACK TO s; RELEASE s").unwrap();
        merge_all(&conn).unwrap();
        assert!(rows() == 0 && people() == before);
        store(&conn).unwrap();
        assert!(rows() > 2 && people() == before && verify(&conn, &Shapes::default(), &mut |_, _| Ok(())).unwrap().problems.is_empty());
    }
}
