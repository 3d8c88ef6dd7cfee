//! What one object says about one identifier, as bytes.
//!
//! A posting is a list of entries without separators. Numbers are LEB128 varints:
//!
//! | entry | bytes |
//! |---|---|
//! | sightings | `0`, field, classifier, certainty * 4 + kind of place, count, number of ranges, ranges |
//! | link | `1`, number of the link |
//! | residence | `2`, two letters of the state, confidence in percent, basis |
//! | protected | `4`, classifier, state * 2 + 1 if it is certain that the record is that person's |
//! | beside | `3`, 16 bytes: the strong identifier in the same record as this weak one |

use super::IndexError;
use super::places::{PlaceList, encode_ranges, read_ranges, read_varint, varint};
use crate::identity::IdHash;

/// What a residence may rest on; the index stores the place in this list.
const BASES: &[&str] = &["state+zip", "zip", "state", "zip!=state"];

/// One thing that an object says about an identifier.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Entry {
    /// Sightings filed under it.
    Sightings { field: i64, classifier: i64, certainty: i64, count: u64, places: PlaceList },
    /// A record joins it with others.
    Link(i64),
    /// A record names a state for its person: USPS code, percent.
    Residence([u8; 2], u8, &'static str),
    /// It is weak and stands beside a strong one.
    Beside(IdHash),
    /// Its record holds what this classifier finds, but protected.
    Protected { classifier: i64, state: u8, certain: bool },
}

const BROKEN: IndexError = IndexError::Damaged("a posting breaks off");

impl Entry {
    /// Appends the entry's bytes.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Entry::Sightings { field, classifier, certainty, count, places } => {
                out.push(0);
                varint(*field as u64, out);
                varint(*classifier as u64, out);
                out.push((*certainty * 4 + places.kind()) as u8);
                varint(*count, out);
                varint(places.ranges().len() as u64, out);
                encode_ranges(places.ranges(), out);
            }
            Entry::Link(id) => {
                out.push(1);
                varint(*id as u64, out);
            }
            Entry::Residence(state, percent, basis) => {
                out.extend_from_slice(&[2, state[0], state[1], *percent]);
                out.push(BASES.iter().position(|b| b == basis).unwrap_or(0) as u8);
            }
            Entry::Beside(id) => {
                out.push(3);
                out.extend_from_slice(&id.0);
            }
            Entry::Protected { classifier, state, certain } => {
                out.push(4);
                varint(*classifier as u64, out);
                out.push(*state * 2 + u8::from(*certain));
            }
        }
    }

    /// Takes the next entry from `bytes`; `None` at the end. An error for bytes that [`Entry::encode`] cannot have
    /// written; never panics.
    pub fn decode(bytes: &mut &[u8]) -> Result<Option<Entry>, IndexError> {
        let Some((tag, rest)) = bytes.split_first() else { return Ok(None) };
        *bytes = rest;
        let number = |b: &mut &[u8]| read_varint(b).ok_or(BROKEN);
        let take = |b: &mut &[u8], n: usize| -> Result<Vec<u8>, IndexError> {
            let (head, rest) = b.split_at_checked(n).ok_or(BROKEN)?;
            *b = rest;
            Ok(head.to_vec())
        };
        Ok(Some(match tag {
            0 => {
                let (field, classifier) = (number(bytes)? as i64, number(bytes)? as i64);
                let how = i64::from(take(bytes, 1)?[0]);
                let (count, ranges) = (number(bytes)?, number(bytes)?);
                let places = PlaceList::from_kind(how % 4, read_ranges(bytes, ranges)?)?;
                Entry::Sightings { field, classifier, certainty: how / 4, count, places }
            }
            1 => Entry::Link(number(bytes)? as i64),
            2 => {
                let b = take(bytes, 4)?;
                Entry::Residence([b[0], b[1]], b[2], BASES.get(usize::from(b[3])).copied().ok_or(BROKEN)?)
            }
            3 => {
                let mut hash = [0; 16];
                hash.copy_from_slice(&take(bytes, 16)?);
                Entry::Beside(IdHash(hash))
            }
            4 => {
                let classifier = number(bytes)? as i64;
                let how = take(bytes, 1)?[0];
                Entry::Protected { classifier, state: how / 2, certain: how % 2 == 1 }
            }
            _ => return Err(IndexError::Damaged("an unknown kind of entry in a posting")),
        }))
    }

    /// All entries of a posting.
    pub fn decode_all(mut bytes: &[u8]) -> Result<Vec<Entry>, IndexError> {
        let mut out = Vec::new();
        while let Some(e) = Entry::decode(&mut bytes)? {
            out.push(e);
        }
        Ok(out)
    }
}

/// The identifiers of a stored link: classifier id of the index, hash.
pub(super) fn link_members(blob: &[u8]) -> impl Iterator<Item = (u16, IdHash)> {
    blob.chunks_exact(18).map(|c| {
        let mut hash = [0; 16];
        hash.copy_from_slice(&c[2..]);
        (u16::from_be_bytes([c[0], c[1]]), IdHash(hash))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry() -> impl Strategy<Value = Entry> {
        let places = (0i64..3, proptest::collection::vec((0u64..1000, 1u64..50), 1..9)).prop_map(|(kind, gaps)| {
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
            (0i64..1 << 40, 0i64..5000, 0i64..4, any::<u32>(), places).prop_map(|(field, classifier, certainty, count, places)| {
                Entry::Sightings { field, classifier, certainty, count: u64::from(count), places }
            }),
            (0i64..i64::MAX).prop_map(Entry::Link),
            (0i64..5000, 0u8..5, any::<bool>()).prop_map(|(classifier, state, certain)| Entry::Protected { classifier, state, certain }),
            (0u8..=100, 0usize..4).prop_map(|(p, b)| Entry::Residence(*b"CA", p, BASES[b])),
            any::<[u8; 16]>().prop_map(|h| Entry::Beside(IdHash(h))),
        ]
    }

    proptest! {
        #[test]
        fn entries_survive_the_round_trip(entries in proptest::collection::vec(entry(), 0..20)) {
            let mut bytes = Vec::new();
            entries.iter().for_each(|e| e.encode(&mut bytes));
            prop_assert_eq!(Entry::decode_all(&bytes).unwrap(), entries);
        }

        #[test]
        fn hostile_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = Entry::decode_all(&bytes);
        }
    }
}
