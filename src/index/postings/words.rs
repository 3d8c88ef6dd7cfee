//! What is said of people that counts or tells where they live, one person at a time.

use std::collections::BTreeMap;

use roaring::RoaringBitmap;
use rusqlite::Connection;

use super::items::{self, Items, ONE, RESIDENCE, SIGHTINGS, shape_and_count};
use super::lists::{Room, Says, each_list_of};
use super::read::items_at;
use super::{Names, Segment, Shapes};
use crate::identity::{Certainty, IdHash};
use crate::index::IndexError;
use crate::index::entries::Entry;
use crate::index::lives::Saying;

/// What an object says of an identifier.
#[derive(Clone, Copy, Debug)]
pub(in crate::index) enum Word {
    /// Sightings: the number of their shape.
    Sightings(u64),
    /// Where its person lives.
    Residence(Saying),
}

/// Calls `each` with the objects (dead ones too) that say this of the identifier of an ordinal; all else is passed over.
pub(in crate::index) fn words(
    conn: &Connection,
    segment: &Segment,
    ordinal: u32,
    each: &mut dyn FnMut(i64, Word) -> Result<(), IndexError>,
) -> Result<(), IndexError> {
    items_at(conn, segment, ordinal, |bytes| {
        Items::new(bytes, segment.base).try_for_each(|item| {
            let (object, tag, body) = item?;
            match tag {
                ONE | SIGHTINGS => each(object, Word::Sightings(shape_and_count(tag, body)?.0)),
                RESIDENCE => match items::residence(items::take(&mut &body[..])?)? {
                    Entry::Residence(state, percent, basis) => each(object, Word::Residence((state, percent, basis))),
                    _ => Ok(()),
                },
                _ => Ok(()),
            }
        })
    })
}

/// The identifiers of whom objects (dead ones too) say such a thing for certain, ordered; `None`: more than so many.
pub(in crate::index) fn spoken_of(
    conn: &Connection,
    shapes: &Shapes,
    objects: &[i64],
    most: u64,
) -> Result<Option<Vec<IdHash>>, IndexError> {
    let (mut who, mut room): (BTreeMap<i64, RoaringBitmap>, Room) = Default::default();
    for object in objects {
        each_list_of(conn, shapes, *object, &mut room, &mut |segment, says, ordinals, _| {
            let counts = match says {
                Says::Sightings(s) => s.certainty <= Certainty::Record as i64,
                Says::Residence(..) => true,
                Says::Protected(..) => false,
            };
            if counts {
                who.entry(segment).or_default().extend(ordinals);
            }
            Ok(())
        })?;
        if who.values().map(RoaringBitmap::len).sum::<u64>() > most {
            return Ok(None);
        }
    }
    let mut out = Vec::new();
    for (segment, ordinals) in who {
        let mut names = Names::new(conn, segment);
        for ordinal in ordinals {
            out.push(names.get(ordinal)?.hash);
        }
    }
    out.sort_unstable();
    out.dedup();
    Ok(Some(out))
}
