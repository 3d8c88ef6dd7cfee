//! What one object says about one identifier.

use super::places::PlaceList;
use crate::identity::IdHash;

/// One thing that an object says about an identifier.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Entry {
    /// Sightings filed under it.
    Sightings { field: i64, classifier: i64, certainty: i64, count: u64, places: PlaceList },
    /// A record joins it with others.
    Link(i64),
    /// A record names a place for its person: a state by its code, a country by its code in small letters; percent; by the place in
    /// [`crate::law::BASES`] what it rests on.
    Residence([u8; 2], u8, &'static str),
    /// It is weak and stands beside a strong one.
    Beside(IdHash),
    /// Its record holds what this classifier finds, but protected.
    Protected { classifier: i64, state: u8, certain: bool },
}
