//! Lists of objects: of whom an object says what.

use rusqlite::Connection;

use super::items::{self, ONE, PROTECTED, RESIDENCE, SIGHTINGS, number, take};
use super::{Shape, Shapes, segments, unseal};
use crate::index::IndexError;
use crate::index::entries::Entry;
use crate::index::reader::blob;

const BROKEN: IndexError = IndexError::Damaged("a list of an object breaks off");

/// What an object says of all that a list names.
#[derive(Clone, Copy, Debug)]
pub(in crate::index) enum Says {
    /// Sightings of this shape.
    Sightings(Shape),
    /// State, percent, basis.
    Residence([u8; 2], u8, &'static str),
    /// A protected value: classifier, state, whether that is certain.
    Protected(i64, u8, bool),
}

/// A list of an object: ordinals in a segment, ascending (one may come twice), and how many sightings each has.
#[derive(Debug)]
pub(super) struct ObjectList {
    pub says: Says,
    pub who: Vec<(u32, u64)>,
}

/// The lists of an object by segment.
pub(super) fn lists_of(conn: &Connection, shapes: &Shapes, object: i64) -> Result<Vec<(i64, Vec<ObjectList>)>, IndexError> {
    let mut q = conn.prepare_cached("SELECT segment_id, data FROM segment_object WHERE object_id = ?1 ORDER BY id")?;
    let mut rows = q.query([object])?;
    let mut out: Vec<(i64, Vec<ObjectList>)> = Vec::new();
    while let Some(r) = rows.next()? {
        let segment = r.get(0)?;
        let lists = decode_lists(unseal(blob(r, 1)?)?, &mut |n| shapes.get(conn, n))?;
        match out.iter_mut().find(|s| s.0 == segment) {
            Some(s) => s.1.extend(lists),
            None => out.push((segment, lists)),
        }
    }
    Ok(out)
}

/// The lists of a stored row.
pub(super) fn decode_lists(data: &[u8], shape: &mut dyn FnMut(u64) -> Result<Shape, IndexError>) -> Result<Vec<ObjectList>, IndexError> {
    let mut out = Vec::new();
    each_list(data, shape, &mut Room::default(), &mut |says, who, counts| {
        let count = |at: usize| counts.get(at).copied().unwrap_or(1);
        out.push(ObjectList { says, who: who.iter().enumerate().map(|(at, ordinal)| (*ordinal, count(at))).collect() });
        Ok(())
    })?;
    Ok(out)
}

/// Room for one list, used again and again.
#[derive(Default)]
pub(in crate::index) struct Room {
    who: Vec<u32>,
    counts: Vec<u64>,
}

/// Appends the rows of an object's lists, each with its segment (none of `without`) and as stored, behind the one numbered `after`, until
/// they have so many bytes; gives the number of the last of them, `None` if all were appended.
pub(in crate::index) fn stored(
    conn: &Connection,
    without: &[i64],
    object: i64,
    after: i64,
    bytes: usize,
    out: &mut Vec<(i64, Vec<u8>)>,
) -> Result<Option<i64>, IndexError> {
    let mut q = conn.prepare_cached("SELECT id, segment_id, data FROM segment_object WHERE object_id = ?1 AND id > ?2 ORDER BY id")?;
    let (mut rows, mut taken) = (q.query([object, after])?, 0);
    while let Some(r) = rows.next()? {
        let segment = r.get(1)?;
        if without.contains(&segment) {
            continue;
        }
        let row = blob(r, 2)?;
        taken += row.len();
        out.push((segment, row.to_vec()));
        if taken >= bytes {
            return Ok(Some(r.get(0)?));
        }
    }
    Ok(None)
}

/// Calls `each` with the lists of a row without its check sum: what it says, ordinals, and how many sightings each has; without counts it
/// is one each.
pub(in crate::index) fn each_list(
    mut data: &[u8],
    shape: &mut dyn FnMut(u64) -> Result<Shape, IndexError>,
    room: &mut Room,
    each: &mut dyn FnMut(Says, &[u32], &[u64]) -> Result<(), IndexError>,
) -> Result<(), IndexError> {
    while let Some((&tag, rest)) = data.split_first() {
        data = rest;
        let says = match tag {
            ONE | SIGHTINGS => Says::Sightings(shape(number(&mut data)?)?),
            RESIDENCE => match items::residence(take(&mut data)?)? {
                Entry::Residence(state, percent, basis) => Says::Residence(state, percent, basis),
                _ => return Err(BROKEN),
            },
            PROTECTED => {
                let classifier = number(&mut data)? as i64;
                let [how] = take(&mut data)?;
                Says::Protected(classifier, how / 2, how % 2 == 1)
            }
            _ => return Err(IndexError::Damaged("an unknown kind of list of an object")),
        };
        let n = number(&mut data)?;
        room.who.clear();
        room.counts.clear();
        room.who.reserve(n.min(data.len() as u64) as usize);
        let mut at = 0u32;
        for _ in 0..n {
            let gap = match data {
                // PERF: most gaps are of one or two bytes.
                [a, rest @ ..] if *a < 0x80 => {
                    data = rest;
                    u32::from(*a)
                }
                [a, b, rest @ ..] if *b < 0x80 => {
                    data = rest;
                    u32::from(*a & 0x7f) | u32::from(*b) << 7
                }
                _ => u32::try_from(number(&mut data)?).map_err(|_| BROKEN)?,
            };
            let Some(next) = at.checked_add(gap) else { return Err(BROKEN) };
            at = next;
            room.who.push(at);
            if tag == SIGHTINGS {
                room.counts.push(number(&mut data)?);
            }
        }
        each(says, &room.who, &room.counts)?;
    }
    Ok(())
}

/// Calls `each` with all lists of an object: segment, what it says, ordinals, and how many sightings each has; without counts it is one
/// each.
pub(in crate::index) fn each_list_of(
    conn: &Connection,
    shapes: &Shapes,
    object: i64,
    room: &mut Room,
    each: &mut dyn FnMut(i64, Says, &[u32], &[u64]) -> Result<(), IndexError>,
) -> Result<(), IndexError> {
    let mut q = conn.prepare_cached("SELECT segment_id, data FROM segment_object WHERE object_id = ?1 ORDER BY id")?;
    let mut rows = q.query([object])?;
    while let Some(r) = rows.next()? {
        let segment = r.get(0)?;
        let mut one = |says, who: &[u32], counts: &[u64]| each(segment, says, who, counts);
        each_list(unseal(blob(r, 1)?)?, &mut |n| shapes.get(conn, n), room, &mut one)?;
    }
    Ok(())
}

/// Calls `each` with all that objects say about residences: segment, state, percent, basis, ordinals. `objects`: a condition on object `o`.
pub(in crate::index) fn residences(
    conn: &Connection,
    objects: &str,
    each: &mut dyn FnMut(i64, [u8; 2], u8, &'static str, &[u32]) -> Result<(), IndexError>,
) -> Result<(), IndexError> {
    let mut room = Room::default();
    for s in segments(conn)? {
        let mut q = conn.prepare_cached(&format!(
            "SELECT s.data FROM segment_residence s JOIN object o ON o.id = s.object_id WHERE s.segment_id = ?1 AND ({objects}) ORDER BY s.id"
        ))?;
        let mut rows = q.query([s.id])?;
        while let Some(r) = rows.next()? {
            let no_shape = Shape { field: 0, classifier: 0, certainty: 0, kind: 0 };
            each_list(unseal(blob(r, 0)?)?, &mut |_| Ok(no_shape), &mut room, &mut |says, who, _| match says {
                Says::Residence(state, percent, basis) => each(s.id, state, percent, basis, who),
                _ => Ok(()),
            })?;
        }
    }
    Ok(())
}
