//! Whether segments hold what was written: every block by its check sum, both directions against each other.

use std::collections::HashMap;

use rusqlite::Connection;

use super::items::shape_of;
use super::joint;
use super::lists::{Says, decode_lists};
use super::merge::TABLES;
use super::read::Scan;
use super::{Identified, Segment, Shape, Shapes, segments, unseal_checked};
use crate::index::IndexError;
use crate::index::entries::Entry;
use crate::index::reader::blob;

/// What a look at all segments found.
#[derive(Default)]
pub(in crate::index) struct Totals {
    /// Postings.
    pub postings: u64,
    /// What is wrong, a line each.
    pub problems: Vec<String>,
}

/// Decodes everything. `each` is given every identifier of each segment, with the objects and entries that speak of it.
pub(in crate::index) fn verify(
    conn: &Connection,
    shapes: &Shapes,
    each: &mut dyn FnMut(&Identified, &[(i64, Entry)]) -> Result<(), IndexError>,
) -> Result<Totals, IndexError> {
    let mut totals = Totals::default();
    for s in segments(conn)? {
        match one(conn, shapes, &s, &mut totals, each) {
            Err(IndexError::Damaged(what)) => totals.problems.push(format!("segment {}: {what}", s.id)),
            other => other?,
        }
    }
    for table in TABLES {
        let sql = format!("SELECT count(*) FROM {table} WHERE segment_id NOT IN (SELECT id FROM segment)");
        let n: i64 = conn.query_row(&sql, [], |r| r.get(0))?;
        if n > 0 {
            totals.problems.push(format!("{n} blocks of postings belong to no segment"));
        }
    }
    Ok(totals)
}

fn one(
    conn: &Connection,
    shapes: &Shapes,
    s: &Segment,
    totals: &mut Totals,
    each: &mut dyn FnMut(&Identified, &[(i64, Entry)]) -> Result<(), IndexError>,
) -> Result<(), IndexError> {
    let mut q = conn.prepare("SELECT data FROM segment_identifier WHERE segment_id = ?1")?;
    let mut rows = q.query([s.id])?;
    while let Some(r) = rows.next()? {
        unseal_checked(blob(r, 0)?)?;
    }
    // One sum over all that each direction says, whatever the order.
    let (mut by_identifier, mut by_object) = (HashMap::new(), HashMap::new());
    let mut scan = Scan::new(conn, *s);
    let (mut postings, mut ordinal, mut last) = (0, 0u32, None);
    // The same of sightings, whatever the object and however many.
    let mut of_all = 0u64;
    while let Some(who) = scan.step()? {
        if last.is_some_and(|l| l >= who.hash) {
            return Err(IndexError::Damaged("identifiers are not in order"));
        }
        last = Some(who.hash);
        let entries = scan.entries(shapes)?;
        postings += entries.len() as u64;
        // What is no sighting is listed once an object, however often it is said.
        let mut said: Vec<(i64, u64)> = Vec::new();
        for (object, e) in &entries {
            let Some(what) = mixed(e) else { continue };
            if !matches!(e, Entry::Sightings { .. }) {
                if said.contains(&(*object, what)) {
                    continue;
                }
                said.push((*object, what));
            }
            let at: &mut u64 = by_identifier.entry(*object).or_default();
            *at = at.wrapping_add(mix([what, u64::from(ordinal)]));
            if let Some(shape) = shape_of(e) {
                of_all = of_all.wrapping_add(sighted(&shape, ordinal));
            }
        }
        each(&who, &entries)?;
        ordinal += 1;
    }
    if postings != s.postings {
        return Err(IndexError::Damaged("postings are missing"));
    }
    totals.postings += postings;
    let (mut live, mut apart) = (0u64, 0u64);
    let mut q = conn.prepare("SELECT object_id, data FROM segment_object WHERE segment_id = ?1 ORDER BY id")?;
    let mut rows = q.query([s.id])?;
    while let Some(r) = rows.next()? {
        let object: i64 = r.get(0)?;
        for list in decode_lists(unseal_checked(blob(r, 1)?)?, &mut |n| shapes.get(conn, n))? {
            let sum: &mut u64 = by_object.entry(object).or_default();
            for (ordinal, count) in &list.who {
                let one = mix([said_by(&list.says, *count), u64::from(*ordinal)]);
                *sum = sum.wrapping_add(one);
                if matches!(list.says, Says::Residence(..)) {
                    live = live.wrapping_add(mix([one, object as u64]));
                }
            }
        }
    }
    if by_identifier != by_object {
        return Err(IndexError::Damaged("what it holds by object is not what it holds by identifier"));
    }
    if of_all_objects(conn, shapes, s)?.is_some_and(|found| found != of_all) {
        return Err(IndexError::Damaged("what all objects say together is not what each says"));
    }
    let mut q = conn.prepare("SELECT object_id, data FROM segment_residence WHERE segment_id = ?1")?;
    let mut rows = q.query([s.id])?;
    while let Some(r) = rows.next()? {
        let object: i64 = r.get(0)?;
        for list in decode_lists(unseal_checked(blob(r, 1)?)?, &mut |n| shapes.get(conn, n))? {
            for (ordinal, count) in &list.who {
                let one = mix([said_by(&list.says, *count), u64::from(*ordinal)]);
                apart = apart.wrapping_add(mix([one, object as u64]));
            }
        }
    }
    if live != apart {
        return Err(IndexError::Damaged("where people live is not what its objects say"));
    }
    Ok(())
}

/// The sum of what all objects of a segment say together; `None` where that is not kept.
fn of_all_objects(conn: &Connection, shapes: &Shapes, s: &Segment) -> Result<Option<u64>, IndexError> {
    let mut q = conn.prepare("SELECT shape_id, data FROM segment_joint WHERE segment_id = ?1 ORDER BY id")?;
    let (mut rows, mut found) = (q.query([s.id])?, None);
    let mut behind: HashMap<u64, Option<u32>> = HashMap::new();
    while let Some(r) = rows.next()? {
        let number = r.get::<_, i64>(0)? as u64;
        let (shape, before) = (shapes.get(conn, number)?, behind.entry(number).or_default());
        let (sum, mut in_order) = (found.get_or_insert(0u64), true);
        joint::each_entry(unseal_checked(blob(r, 1)?)?, &mut |ordinal, n| {
            in_order &= before.is_none_or(|b| b < ordinal) && n > 0;
            *before = Some(ordinal);
            *sum = sum.wrapping_add(sighted(&shape, ordinal).wrapping_mul(n));
        })?;
        if !in_order {
            return Err(IndexError::Damaged("a list of all objects is not in order"));
        }
    }
    Ok(found)
}

/// A number for what both directions say of an entry; `None` for what one alone does.
fn mixed(e: &Entry) -> Option<u64> {
    Some(match e {
        Entry::Sightings { field, classifier, certainty, count, places } => {
            mix([1, *field as u64, *classifier as u64, (*certainty * 4 + places.kind()) as u64, *count])
        }
        Entry::Residence(state, percent, basis) => residence(*state, *percent, basis),
        Entry::Protected { classifier, state, certain } => protected(*classifier, *state, *certain),
        _ => return None,
    })
}

/// A number for one sighting of an identifier.
fn sighted(s: &Shape, ordinal: u32) -> u64 {
    mix([4, s.field as u64, s.classifier as u64, (s.certainty * 4 + s.kind) as u64, u64::from(ordinal)])
}

fn said_by(says: &Says, count: u64) -> u64 {
    match says {
        Says::Sightings(s) => mix([1, s.field as u64, s.classifier as u64, (s.certainty * 4 + s.kind) as u64, count]),
        Says::Residence(state, percent, basis) => residence(*state, *percent, basis),
        Says::Protected(classifier, state, certain) => protected(*classifier, *state, *certain),
    }
}

fn residence(state: [u8; 2], percent: u8, basis: &str) -> u64 {
    mix([2, u64::from(u16::from_le_bytes(state)), u64::from(percent), basis.len() as u64])
}

fn protected(classifier: i64, state: u8, certain: bool) -> u64 {
    mix([3, classifier as u64, u64::from(state), u64::from(certain)])
}

/// Mixes numbers into one (the finaliser of SplitMix64 over a running product).
fn mix<const N: usize>(numbers: [u64; N]) -> u64 {
    numbers.into_iter().fold(0x9e37_79b9_7f4a_7c15, |sum, n| {
        let mut z = (sum ^ n).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    })
}
