//! Which objects a run saw unchanged: as ranges of their numbers, so that a run over millions of unchanged objects writes as little as
//! one over a few.
//!
//! The newest run that saw an object listed is [`LAST_RUN`]: the range that holds its number, or what its own row says.

use roaring::RoaringTreemap;
use rusqlite::{Connection, params};

use super::error::IndexError;

/// The newest run that saw object `o` listed, in SQL.
macro_rules! last_run {
    () => {
        "max(o.last_run, coalesce((SELECT CASE WHEN s.last >= o.id THEN s.run_id END FROM main.seen s WHERE s.first <= o.id ORDER BY s.first DESC LIMIT 1), 0))"
    };
}
pub(super) use last_run;

/// Stores that the run saw these objects. What earlier runs say of them is forgotten.
pub(super) fn store(conn: &Connection, run: i64, now: &RoaringTreemap) -> Result<(), IndexError> {
    if now.is_empty() {
        return Ok(());
    }
    let number = |n: i64| u64::try_from(n).map_err(|_| IndexError::Damaged("an object has no number"));
    // Of the ranges of earlier runs, what now leaves of them: nothing, or pieces.
    let mut cut: Vec<((i64, i64, i64), RoaringTreemap)> = Vec::new();
    let mut q = conn.prepare("SELECT first, last, run_id FROM seen")?;
    let mut rows = q.query([])?;
    while let Some(r) = rows.next()? {
        let before: (i64, i64, i64) = (r.get(0)?, r.get(1)?, r.get(2)?);
        let mut left = RoaringTreemap::new();
        left.insert_range(number(before.0)?..=number(before.1)?);
        let whole = left.len();
        left -= now;
        if left.len() < whole {
            cut.push((before, left));
        }
    }
    drop(rows);
    let mut delete = conn.prepare("DELETE FROM seen WHERE first = ?1")?;
    let mut insert = conn.prepare("INSERT INTO seen (first, last, run_id) VALUES (?1, ?2, ?3)")?;
    for (before, _) in &cut {
        delete.execute([before.0])?;
    }
    let mut write = |set: &RoaringTreemap, run: i64| {
        ranges(set).into_iter().try_for_each(|(first, last)| insert.execute(params![first as i64, last as i64, run]).map(drop))
    };
    for (before, left) in &cut {
        write(left, before.2)?;
    }
    Ok(write(now, run)?)
}

/// The ranges of a set, first and last number of each.
fn ranges(set: &RoaringTreemap) -> Vec<(u64, u64)> {
    let mut out: Vec<(u64, u64)> = Vec::new();
    for n in set {
        match out.last_mut() {
            Some(range) if range.1 + 1 == n => range.1 = n,
            _ => out.push((n, n)),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        /// Whatever runs saw, each object's newest run is the newest that saw it, and no two ranges overlap.
        #[test]
        fn the_newest_run_counts(runs in proptest::collection::vec(proptest::collection::vec((0i64..120, 1i64..40), 0..5), 1..6)) {
            let conn = Connection::open_in_memory().unwrap();
            conn.execute_batch("CREATE TABLE seen (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, run_id INTEGER NOT NULL) STRICT;
                CREATE TABLE object (id INTEGER PRIMARY KEY, last_run INTEGER NOT NULL) STRICT").unwrap();
            for id in 0..160 {
                conn.execute("INSERT INTO object VALUES (?1, 1)", [id]).unwrap();
            }
            let mut newest: BTreeMap<i64, i64> = (0..160).map(|id| (id, 1)).collect();
            for (run, seen) in (2..).zip(&runs) {
                let ids: RoaringTreemap = seen.iter().flat_map(|(from, n)| *from..*from + *n).map(|n| n as u64).collect();
                store(&conn, run, &ids).unwrap();
                ids.iter().for_each(|id| _ = newest.insert(id as i64, run));
            }
            let mut q = conn.prepare(concat!("SELECT o.id, ", last_run!(), " FROM object o")).unwrap();
            let got: BTreeMap<i64, i64> = q.query_map([], |r| Ok((r.get(0)?, r.get(1)?))).unwrap().map(Result::unwrap).collect();
            prop_assert_eq!(got, newest);
            let overlaps = "SELECT count(*) FROM seen a JOIN seen b ON a.first < b.first AND a.last >= b.first";
            prop_assert_eq!(conn.query_row(overlaps, [], |r| r.get::<_, i64>(0)).unwrap(), 0);
        }
    }

    #[test]
    fn many_that_stand_together_are_one_range() {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch("CREATE TABLE seen (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, run_id INTEGER NOT NULL) STRICT").unwrap();
        let mut all = RoaringTreemap::new();
        all.insert_range(1..=1_000_000u64);
        store(&conn, 2, &all).unwrap();
        all.remove(500);
        store(&conn, 3, &all).unwrap();
        let mut q = conn.prepare("SELECT first, last, run_id FROM seen ORDER BY first").unwrap();
        let rows: Vec<(i64, i64, i64)> = q.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?))).unwrap().map(Result::unwrap).collect();
        assert_eq!(rows, [(1, 499, 3), (500, 500, 2), (501, 1_000_000, 3)]);
    }
}
