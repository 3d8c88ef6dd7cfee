//! What an object says about an identifier, as bytes of a block.
//!
//! An item is `varint(distance to the object before * 8 + tag)` and a body. Numbers are LEB128 varints:
//!
//! | tag | body |
//! |---|---|
//! | 0 seen once, in one row | shape, row |
//! | 1 sightings | shape, count, number of ranges, ranges |
//! | 2 link | number of the link |
//! | 3 residence | two letters of the state, confidence in percent, basis |
//! | 4 beside | 16 bytes: the strong identifier in the same record as this weak one |
//! | 5 protected | classifier, state * 2 + 1 if it is certain that the record is that person's |
//!
//! A *shape* is what sightings say besides where: a number of the table `shape`.

use super::shapes::Shape;
use crate::identity::IdHash;
use crate::index::IndexError;
use crate::index::entries::Entry;
use crate::index::places::{PlaceList, encode_ranges, read_ranges, read_varint, varint};
use crate::law::BASES;

pub(super) const ONE: u8 = 0;
pub(super) const SIGHTINGS: u8 = 1;
pub(super) const LINK: u8 = 2;
pub(super) const RESIDENCE: u8 = 3;
pub(super) const BESIDE: u8 = 4;
pub(super) const PROTECTED: u8 = 5;

const BROKEN: IndexError = IndexError::Damaged("a posting breaks off");

/// The shape of sightings.
pub(in crate::index) fn shape_of(entry: &Entry) -> Option<Shape> {
    match entry {
        Entry::Sightings { field, classifier, certainty, places, .. } => {
            Some(Shape { field: *field, classifier: *classifier, certainty: *certainty, kind: places.kind() })
        }
        _ => None,
    }
}

/// Appends the body; returns the tag. `shape`: the number of [`shape_of`], if there is one.
pub(in crate::index) fn encode(entry: &Entry, shape: u64, out: &mut Vec<u8>) -> u8 {
    match entry {
        Entry::Sightings { count, places, .. } => {
            varint(shape, out);
            if let (1, PlaceList::Rows(rows)) = (*count, places)
                && let [(row, end)] = rows[..]
                && end == row + 1
            {
                varint(row, out);
                return ONE;
            }
            varint(*count, out);
            varint(places.ranges().len() as u64, out);
            encode_ranges(places.ranges(), out);
            SIGHTINGS
        }
        Entry::Link(id) => {
            varint(*id as u64, out);
            LINK
        }
        Entry::Residence(state, percent, basis) => {
            out.extend_from_slice(&[state[0], state[1], *percent]);
            out.push(BASES.iter().position(|b| b == basis).unwrap_or(0) as u8);
            RESIDENCE
        }
        Entry::Beside(id) => {
            out.extend_from_slice(&id.0);
            BESIDE
        }
        Entry::Protected { classifier, state, certain } => {
            varint(*classifier as u64, out);
            out.push(*state * 2 + u8::from(*certain));
            PROTECTED
        }
    }
}

/// Takes a body from the front of `bytes`. `shape` is asked for shapes by number. An error for bytes that [`encode`] cannot
/// have written; never panics.
pub(super) fn decode(tag: u8, bytes: &mut &[u8], shape: &mut dyn FnMut(u64) -> Result<Shape, IndexError>) -> Result<Entry, IndexError> {
    Ok(match tag {
        ONE | SIGHTINGS => {
            let Shape { field, classifier, certainty, kind } = shape(number(bytes)?)?;
            if tag == ONE {
                let row = number(bytes)?;
                let end = row.checked_add(1).ok_or(BROKEN)?;
                return Ok(Entry::Sightings { field, classifier, certainty, count: 1, places: PlaceList::Rows(vec![(row, end)]) });
            }
            let (count, ranges) = (number(bytes)?, number(bytes)?);
            let places = PlaceList::from_kind(kind, read_ranges(bytes, ranges)?)?;
            Entry::Sightings { field, classifier, certainty, count, places }
        }
        LINK => Entry::Link(number(bytes)? as i64),
        RESIDENCE => residence(take(bytes)?)?,
        BESIDE => Entry::Beside(IdHash(take(bytes)?)),
        PROTECTED => {
            let classifier = number(bytes)? as i64;
            let [how] = take(bytes)?;
            Entry::Protected { classifier, state: how / 2, certain: how % 2 == 1 }
        }
        _ => return Err(IndexError::Damaged("an unknown kind of entry in a posting")),
    })
}

/// The residence that four bytes tell.
pub(super) fn residence(b: [u8; 4]) -> Result<Entry, IndexError> {
    Ok(Entry::Residence([b[0], b[1]], b[2], BASES.get(usize::from(b[3])).copied().ok_or(BROKEN)?))
}

/// Passes over a body; returns it.
pub(super) fn skip<'a>(tag: u8, bytes: &mut &'a [u8]) -> Result<&'a [u8], IndexError> {
    let whole = *bytes;
    match tag {
        ONE => {
            number(bytes)?;
            number(bytes)?;
        }
        SIGHTINGS => {
            number(bytes)?;
            number(bytes)?;
            for _ in 0..number(bytes)? {
                number(bytes)?;
                number(bytes)?;
            }
        }
        LINK => drop(number(bytes)?),
        RESIDENCE => drop(take::<4>(bytes)?),
        BESIDE => drop(take::<16>(bytes)?),
        PROTECTED => {
            number(bytes)?;
            take::<1>(bytes)?;
        }
        _ => return Err(IndexError::Damaged("an unknown kind of entry in a posting")),
    }
    Ok(&whole[..whole.len() - bytes.len()])
}

/// Shape and count of the body of sightings.
pub(super) fn shape_and_count(tag: u8, mut body: &[u8]) -> Result<(u64, u64), IndexError> {
    let shape = number(&mut body)?;
    Ok((shape, if tag == ONE { 1 } else { number(&mut body)? }))
}

pub(super) fn number(bytes: &mut &[u8]) -> Result<u64, IndexError> {
    // PERF: most numbers are small.
    if let Some((&b, rest)) = bytes.split_first()
        && b < 0x80
    {
        *bytes = rest;
        return Ok(u64::from(b));
    }
    read_varint(bytes).ok_or(BROKEN)
}

pub(super) fn take<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N], IndexError> {
    let (head, rest) = bytes.split_first_chunk::<N>().ok_or(BROKEN)?;
    *bytes = rest;
    Ok(*head)
}

/// The items of one identifier: number of the object, tag, body.
pub(super) struct Items<'a> {
    bytes: &'a [u8],
    object: i64,
}

impl<'a> Items<'a> {
    /// `base`: the number that the first distance counts from.
    pub fn new(bytes: &'a [u8], base: i64) -> Items<'a> {
        Items { bytes, object: base }
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Result<(i64, u8, &'a [u8]), IndexError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.bytes.is_empty() {
            return None;
        }
        let mut one = || {
            let head = number(&mut self.bytes)?;
            self.object = self.object.checked_add((head >> 3) as i64).ok_or(BROKEN)?;
            let tag = (head & 7) as u8;
            Ok((self.object, tag, skip(tag, &mut self.bytes)?))
        };
        let item = one();
        if item.is_err() {
            self.bytes = &[];
        }
        Some(item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry() -> impl Strategy<Value = Entry> {
        let places = (0i64..3, proptest::collection::vec((0u64..1000, 1u64..3), 1..9)).prop_map(|(kind, gaps)| {
            let mut at = 0;
            let ranges = gaps
                .into_iter()
                .map(|(gap, len)| {
                    at += gap + len;
                    (at - len, at)
                })
                .collect();
            PlaceList::from_kind(kind, ranges).unwrap()
        });
        prop_oneof![
            (1i64..1 << 40, 0i64..5000, 0i64..4, 1u64..3, places).prop_map(|(field, classifier, certainty, count, places)| {
                Entry::Sightings { field, classifier, certainty, count, places }
            }),
            (0i64..i64::MAX).prop_map(Entry::Link),
            (0i64..5000, 0u8..5, any::<bool>()).prop_map(|(classifier, state, certain)| Entry::Protected { classifier, state, certain }),
            (0u8..=100, 0..BASES.len()).prop_map(|(p, b)| Entry::Residence(*b"CA", p, BASES[b])),
            any::<[u8; 16]>().prop_map(|h| Entry::Beside(IdHash(h))),
        ]
    }

    proptest! {
        #[test]
        fn items_survive_the_round_trip(entries in proptest::collection::vec((0i64..1000, entry()), 0..20)) {
            let shapes: Vec<Shape> = entries.iter().filter_map(|e| shape_of(&e.1)).collect();
            let mut sorted = entries;
            sorted.sort_by_key(|e| e.0);
            let (mut bytes, mut at) = (Vec::new(), 0);
            for (object, e) in &sorted {
                let mut body = Vec::new();
                let shape = shape_of(e).and_then(|s| shapes.iter().position(|x| *x == s)).unwrap_or(0);
                let tag = encode(e, shape as u64, &mut body);
                varint(((object - at) as u64) << 3 | u64::from(tag), &mut bytes);
                bytes.extend(&body);
                at = *object;
            }
            let back: Vec<(i64, Entry)> = Items::new(&bytes, 0)
                .map(|i| {
                    let (object, tag, mut body) = i.unwrap();
                    let e = decode(tag, &mut body, &mut |n| Ok(shapes[n as usize])).unwrap();
                    assert!(body.is_empty());
                    (object, e)
                })
                .collect();
            prop_assert_eq!(back, sorted);
        }

        #[test]
        fn hostile_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            for (_, tag, mut body) in Items::new(&bytes, 0).flatten() {
                let _ = decode(tag, &mut body, &mut |n| Ok(Shape { field: 1, classifier: 1, certainty: 0, kind: (n % 5) as i64 }));
            }
        }
    }
}
