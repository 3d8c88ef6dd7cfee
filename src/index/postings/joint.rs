//! Lists of all objects of a segment, put together: who is sighted under a shape, and how often.
//!
//! The table `segment_joint` holds for a shape, in rows with a check sum: per identifier, in the order of their ordinals, `varint(distance
//! to the ordinal before, in the first entry to 0)`, `varint(places on the objects' lists)`. Objects that do not count are in it as well:
//! of whom they speak is taken off by who asks. A segment has rows for all its shapes or none.
//!
//! PERF: an identifier that a thousand objects list is gone through once; a new version of one object costs what is in the two.

use std::collections::HashMap;

use rusqlite::{Connection, params};

use super::items::number;
use super::lists::{Room, Says, each_list};
use super::part::List;
use super::{SIGHTINGS, Segment, Shape, seal, segments, unseal_checked};
use crate::base::ByNumber;
use crate::index::IndexError;
use crate::index::places::varint;
use crate::index::reader::blob;

const BROKEN: IndexError = IndexError::Damaged("a list of all objects breaks off");

/// Bytes of a row, about.
const ROW: usize = if cfg!(test) { 16 } else { 64 << 10 };

/// Places on lists of objects for each on a list of all, at least: where there are fewer, the lists of all would be hardly smaller.
pub(super) const WORTH: u64 = if cfg!(test) { 1 } else { 4 };

/// Ordinals that may have to be taken off, of all segments together: what is held of them.
const OFF: u64 = 8 << 20;

/// Puts the lists of a part together.
#[derive(Default)]
pub(super) struct Joint {
    /// Of the identifier at hand: shapes, and how often; one may come again.
    here: Vec<(u64, u64)>,
    /// Shapes by number, and their numbers.
    shapes: Vec<u64>,
    numbers: ByNumber<u64, u32>,
    /// By number of the shape, how many identifiers.
    many: Vec<usize>,
    /// Number of the shape, ordinal, how often.
    all: Vec<(u32, u32, u64)>,
}

impl Joint {
    /// The identifier at hand stands once more on a list of this shape.
    pub fn note(&mut self, shape: u64) {
        match self.here.last_mut().filter(|h| h.0 == shape) {
            Some(h) => h.1 += 1,
            None => self.here.push((shape, 1)),
        }
    }

    /// The identifier at hand, of this ordinal, is complete.
    pub fn end(&mut self, ordinal: u32) {
        self.here.sort_unstable_by_key(|h| h.0);
        for same in self.here.chunk_by(|a, b| a.0 == b.0) {
            let (shape, n) = (same[0].0, same.iter().map(|h| h.1).sum());
            let next = self.shapes.len() as u32;
            let number = *self.numbers.entry(shape).or_insert(next);
            if number == next {
                self.shapes.push(shape);
                self.many.push(0);
            }
            self.many[number as usize] += 1;
            self.all.push((number, ordinal, n));
        }
        self.here.clear();
    }

    /// The lists, and what stands behind their first ordinals.
    pub fn lists(self) -> (Vec<List>, Vec<u8>) {
        let mut ends = self.many;
        let mut from = 0;
        for end in &mut ends {
            (from, *end) = (from + *end, from);
        }
        let mut who = vec![(0, 0); self.all.len()];
        for (shape, ordinal, n) in self.all {
            let at = &mut ends[shape as usize];
            who[*at] = (ordinal, n);
            *at += 1;
        }
        let (mut lists, mut listed, mut from) = (Vec::with_capacity(self.shapes.len()), Vec::new(), 0);
        for (shape, end) in self.shapes.into_iter().zip(ends) {
            let of_shape = who[from..end].iter().map(|(o, n)| (*o, Some(*n)));
            lists.extend(super::part::list((0, SIGHTINGS, shape), of_shape, &mut listed));
            from = end;
        }
        (lists, listed)
    }
}

/// Writes the list of a shape, of which `rest` stands behind the first ordinal.
pub(super) fn write(conn: &Connection, segment: i64, shape: u64, first: u32, mut rest: &[u8]) -> Result<(), IndexError> {
    let mut insert = conn.prepare_cached("INSERT INTO segment_joint (segment_id, shape_id, data) VALUES (?1, ?2, ?3)")?;
    let (mut data, mut at, mut gap) = (Vec::with_capacity(ROW + 16), first, u64::from(first));
    loop {
        varint(gap, &mut data);
        varint(number(&mut rest)?, &mut data);
        let ended = rest.is_empty();
        if ended || data.len() >= ROW {
            insert.execute(params![segment, shape as i64, seal(&data)])?;
            data.clear();
        }
        if ended {
            return Ok(());
        }
        gap = number(&mut rest)?;
        at = at.saturating_add(gap as u32);
        if data.is_empty() {
            gap = u64::from(at);
        }
    }
}

/// Calls `each` with the ordinals of a row without its check sum, and how often each is there.
pub(super) fn each_entry(mut data: &[u8], each: &mut dyn FnMut(u32, u64)) -> Result<(), IndexError> {
    let mut at = 0u32;
    while !data.is_empty() {
        let (gap, n) = (number(&mut data)?, number(&mut data)?);
        at = u32::try_from(gap).ok().and_then(|gap| at.checked_add(gap)).ok_or(BROKEN)?;
        each(at, n);
    }
    Ok(())
}

/// Segments whose lists are put together, without whom the objects speak of that do not count.
#[derive(Default)]
pub(in crate::index) struct Together {
    segments: Vec<i64>,
    /// Of segments and shapes: ordinals that are to be taken off, ascending, each as often as it is on a list.
    off: HashMap<(i64, u64), Vec<u32>>,
}

impl Together {
    /// Those for which that is less to go through than lists of objects. `counts`: whether an object does.
    pub fn read(conn: &Connection, counts: &dyn Fn(i64) -> bool) -> Result<Together, IndexError> {
        Together::read_within(conn, counts, OFF)
    }

    /// The same, if that takes about so many ordinals at most that are to be taken off.
    fn read_within(conn: &Connection, counts: &dyn Fn(i64) -> bool, mut limit: u64) -> Result<Together, IndexError> {
        let (mut out, mut room) = (Together::default(), Room::default());
        for s in segments(conn)? {
            let any = "SELECT count(*) > 0 FROM (SELECT 1 FROM segment_joint WHERE segment_id = ?1 LIMIT 1)";
            if !conn.prepare_cached(any)?.query_row([s.id], |r| r.get::<_, bool>(0))? {
                continue;
            }
            match to_take_off(conn, &s, counts, limit.min(s.postings / 4), &mut room) {
                Ok(Some(off)) => {
                    limit -= off.values().map(|o| o.len() as u64).sum::<u64>().min(limit);
                    out.off.extend(off.into_iter().map(|(shape, o)| ((s.id, shape), o)));
                    out.segments.push(s.id);
                }
                // What is derived can be derived again: who cannot be taken off is counted by the lists of those that count.
                Ok(None) | Err(IndexError::Damaged(_)) => {}
                Err(e) => return Err(e),
            }
        }
        Ok(out)
    }

    /// These segments.
    pub fn segments(&self) -> &[i64] {
        &self.segments
    }

    /// Appends rows of a shape in a segment, with both and as stored, behind the one numbered `after`, until they have so many bytes; gives
    /// the number of the last of them, `None` if all were appended.
    pub fn rows(
        &self,
        conn: &Connection,
        (segment, shape): (i64, u64),
        after: i64,
        bytes: usize,
        out: &mut Vec<(i64, u64, Vec<u8>)>,
    ) -> Result<Option<i64>, IndexError> {
        let sql = "SELECT id, data FROM segment_joint WHERE segment_id = ?1 AND shape_id = ?2 AND id > ?3 ORDER BY id";
        let mut q = conn.prepare_cached(sql)?;
        let (mut rows, mut taken) = (q.query([segment, shape as i64, after])?, 0);
        while let Some(r) = rows.next()? {
            let row = blob(r, 1)?;
            taken += row.len();
            out.push((segment, shape, row.to_vec()));
            if taken >= bytes {
                return Ok(Some(r.get(0)?));
            }
        }
        Ok(None)
    }

    /// Calls `each` with the ordinals of a row of a shape of which an object that counts speaks, ascending, many at a time.
    pub fn each(&self, segment: i64, shape: u64, row: &[u8], each: &mut dyn FnMut(&[u32])) -> Result<(), IndexError> {
        let off = self.off.get(&(segment, shape)).map_or(&[][..], |o| &o[..]);
        let (mut at, mut some) = (None, Vec::with_capacity(ROW / 2));
        each_entry(unseal_checked(row)?, &mut |ordinal, n| {
            let at = at.get_or_insert_with(|| off.partition_point(|o| *o < ordinal));
            while off.get(*at).is_some_and(|o| *o < ordinal) {
                *at += 1;
            }
            let before = *at;
            while off.get(*at) == Some(&ordinal) {
                *at += 1;
            }
            if n > (*at - before) as u64 {
                some.push(ordinal);
            }
        })?;
        each(&some);
        Ok(())
    }
}

/// By shape, the ordinals of a segment of whom objects speak that do not count, ascending. `None`: more than so many.
fn to_take_off(
    conn: &Connection,
    s: &Segment,
    counts: &dyn Fn(i64) -> bool,
    mut left: u64,
    room: &mut Room,
) -> Result<Option<HashMap<u64, Vec<u32>>>, IndexError> {
    let mut off = HashMap::<u64, Vec<u32>>::new();
    let mut long = conn.prepare_cached("SELECT length(data) FROM segment_object WHERE id = ?1")?;
    let mut read = conn.prepare_cached("SELECT data FROM segment_object WHERE id = ?1")?;
    for (row, _) in rows_of(conn, s.id)?.into_iter().filter(|row| !counts(row.1)) {
        // An ordinal takes a byte or two.
        if left == 0 || long.query_row([row], |r| r.get::<_, i64>(0))? as u64 / 2 > left {
            return Ok(None);
        }
        let mut rows = read.query([row])?;
        let Some(r) = rows.next()? else { continue };
        let number_alone = &mut |n: u64| Ok(Shape { field: n as i64, classifier: 0, certainty: 0, kind: 0 });
        each_list(unseal_checked(blob(r, 0)?)?, number_alone, room, &mut |says, who, _| {
            if let Says::Sightings(shape) = says {
                off.entry(shape.field as u64).or_default().extend_from_slice(who);
                left = left.saturating_sub(who.len() as u64);
            }
            Ok(())
        })?;
    }
    off.values_mut().for_each(|o| o.sort_unstable());
    Ok(Some(off))
}

/// The rows of lists of objects of a segment: number, object.
pub(in crate::index) fn rows_of(conn: &Connection, segment: i64) -> Result<Vec<(i64, i64)>, IndexError> {
    let mut q = conn.prepare_cached("SELECT id, object_id FROM segment_object WHERE segment_id = ?1")?;
    Ok(q.query_map([segment], |r| Ok((r.get(0)?, r.get(1)?)))?.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::identity::{Hasher, IdHash, Key};
    use crate::index::PlaceList;
    use crate::index::entries::Entry;
    use crate::index::postings::{Shapes, Spool, merge_all, verify};

    const OBJECTS: i64 = 6;

    /// Six objects that list some of forty identifiers in three columns, in two segments that became one.
    fn index() -> Connection {
        let conn = Connection::open_in_memory().unwrap();
        crate::index::schema::create(&conn).unwrap();
        crate::index::postings::tables(&conn).unwrap();
        crate::index::whose::tables(&conn).unwrap();
        conn.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
        let hasher = Hasher::new(&Key::random().unwrap());
        let (mut spool, shapes, mut random) = (Spool::default(), Shapes::default(), crate::base::Random::new(5));
        for object in 1..=OBJECTS {
            let sql = "INSERT INTO object (id, uri, uri_hash, version, size, dataset_id, status, classifier_set, first_run, last_run)
                 VALUES (?1, '', x'', '', 0, 1, 'read', '', 1, 1)";
            conn.execute(sql, [object]).unwrap();
            for row in 0..60 {
                let mut hash = [7; 16];
                hash[0] = random.below(40) as u8 * 6;
                let field = random.below(3) as i64;
                let places = PlaceList::Rows(vec![(row, row + 1)]);
                let entry = Entry::Sightings { field, classifier: 2, certainty: 0, count: 1 + row % 2, places };
                spool.add(&conn, &shapes, IdHash(hash), 2, object, &entry).unwrap();
            }
            if object == 3 {
                spool.write(&conn, &hasher, 1).unwrap();
            }
        }
        spool.write(&conn, &hasher, 1).unwrap();
        merge_all(&conn).unwrap();
        conn
    }

    type Listed = BTreeMap<u64, BTreeSet<u32>>;

    fn by_objects(conn: &Connection, counts: &dyn Fn(i64) -> bool) -> Listed {
        let (mut out, mut room) = (Listed::new(), Room::default());
        let mut q = conn.prepare("SELECT object_id, data FROM segment_object").unwrap();
        let mut rows = q.query([]).unwrap();
        while let Some(r) = rows.next().unwrap() {
            if counts(r.get(0).unwrap()) {
                let mut shape = |n: u64| Ok(Shape { field: n as i64, classifier: 0, certainty: 0, kind: 0 });
                each_list(unseal_checked(blob(r, 1).unwrap()).unwrap(), &mut shape, &mut room, &mut |says, who, _| {
                    let Says::Sightings(s) = says else { panic!("a sighting") };
                    out.entry(s.field as u64).or_default().extend(who);
                    Ok(())
                })
                .unwrap();
            }
        }
        out
    }

    fn together(conn: &Connection, counts: &dyn Fn(i64) -> bool) -> Option<Listed> {
        let (all, mut out) = (Together::read(conn, counts).unwrap(), Listed::new());
        let segment = *all.segments().first()?;
        let shapes: Vec<i64> =
            conn.prepare("SELECT id FROM shape").unwrap().query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect();
        for shape in shapes {
            let (mut rows, mut after) = (Vec::new(), Some(i64::MIN));
            while let Some(at) = after {
                after = all.rows(conn, (segment, shape as u64), at, 20, &mut rows).unwrap();
            }
            for (_, _, row) in rows {
                all.each(segment, shape as u64, &row, &mut |who| out.entry(shape as u64).or_default().extend(who)).unwrap();
            }
        }
        out.retain(|_, who| !who.is_empty());
        Some(out)
    }

    #[test]
    fn who_counts_is_whom_an_object_lists_that_does() {
        let conn = index();
        let rows = |sql| conn.query_row(sql, [], |r| r.get::<_, i64>(0)).unwrap();
        assert!(rows("SELECT count(*) FROM segment") == 1 && rows("SELECT count(*) FROM segment_joint") > 6);
        let mut answered = 0;
        for which in 0u8..1 << OBJECTS {
            let counts = |o: i64| which >> (o - 1) & 1 == 1;
            if let Some(found) = together(&conn, &counts) {
                assert_eq!(found, by_objects(&conn, &counts), "{which:b}");
                answered += 1;
            }
        }
        // Where much would be to be taken off, the objects' own lists are read.
        assert!((2..1 << OBJECTS).contains(&answered), "{answered}");
    }

    #[test]
    fn damage_is_found() {
        let conn = index();
        let problems = || verify(&conn, &Shapes::default(), &mut |_, _| Ok(())).unwrap().problems;
        assert_eq!(problems(), Vec::<String>::new());
        let (id, mut data): (i64, Vec<u8>) =
            conn.query_row("SELECT id, data FROM segment_joint LIMIT 1 OFFSET 2", [], |r| Ok((r.get(0)?, r.get(1)?))).unwrap();
        // One more than there are, with the right check sum.
        *data.last_mut().unwrap() += 1;
        for damage in [seal(&data[super::super::SUM..]), data.clone(), seal(&[])] {
            conn.execute_batch("SAVEPOINT s").unwrap();
            conn.execute("UPDATE segment_joint SET data = ?2 WHERE id = ?1", params![id, damage]).unwrap();
            assert_eq!(problems().len(), 1);
            conn.execute_batch("ROLLBACK TO s; RELEASE s").unwrap();
        }
    }

    #[test]
    fn what_is_held_of_those_who_do_not_count_has_a_bound() {
        let conn = index();
        let read = |counts: &dyn Fn(i64) -> bool, limit| Together::read_within(&conn, counts, limit).unwrap();
        assert_eq!(read(&|_| true, 0).segments().len(), 1);
        let held = |t: &Together| t.off.values().map(Vec::len).sum::<usize>() as u64;
        let whole = read(&|o| o != 2, OFF);
        assert!(whole.segments().len() == 1 && held(&whole) > 20);
        assert!(read(&|o| o != 2, held(&whole) / 4).segments().is_empty(), "not even read");
        for limit in 0..held(&whole) * 2 {
            assert!(held(&read(&|o| o != 2, limit)) <= limit * 2, "{limit}");
        }
    }

    #[test]
    fn an_identifier_on_many_lists_in_any_order_is_on_each_once() {
        let mut joint = Joint::default();
        for n in 0..4000u64 {
            joint.note(n * 7 % 1000);
        }
        joint.end(3);
        joint.note(5);
        joint.end(9);
        let (lists, listed) = joint.lists();
        assert_eq!((lists.len(), lists.iter().map(|l| l.n).sum::<u64>()), (1000, 1001));
        let mut from = 0;
        for l in &lists {
            let want = if l.said.2 == 5 { &[4, 6, 1][..] } else { &[4] };
            assert_eq!((l.first, &listed[from..l.end]), (3, want), "four times, and shape 5 once more");
            from = l.end;
        }
    }
}
