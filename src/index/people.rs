//! The people of an object: as lists of numbers, for questions about all of them at once.

use super::answers::Owner;
use super::error::IndexError;
use super::postings::{self, Room, Says};
use super::reader::Reader;
use super::standing;
use crate::identity::IdHash;

/// What an object says of all whom a list names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// Sightings.
    Sightings {
        /// The classifier's number.
        classifier: i64,
        /// As [`crate::identity::Certainty`] counts.
        certainty: i64,
    },
    /// A protected value in their record.
    Protected {
        /// The classifier's number.
        classifier: i64,
        /// A number of `Protection::ALL`.
        state: u8,
        /// Whether the record is certainly theirs.
        certain: bool,
    },
}

/// Numbers of identifiers (see [`super::Numbering`]), ascending.
#[derive(Clone, Copy, Debug)]
pub struct Numbers<'a> {
    start: u32,
    ordinals: &'a [u32],
}

impl<'a> Numbers<'a> {
    /// One after the other.
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = u32> + use<'a> {
        let start = self.start;
        self.ordinals.iter().map(move |o| start.saturating_add(*o))
    }
}

/// A list of an object.
#[derive(Clone, Copy, Debug)]
pub struct PeopleList<'a> {
    /// What it says.
    pub said: Said,
    /// Of whom.
    pub who: Numbers<'a>,
    counts: &'a [u64],
}

impl PeopleList<'_> {
    /// How many sightings it has of those whose numbers are given, ascending.
    pub fn count_of(&self, numbers: &[u32]) -> u64 {
        let Numbers { start, ordinals } = self.who;
        let (Some(first), Some(last)) = (ordinals.first(), ordinals.last()) else { return 0 };
        let from = numbers.partition_point(|n| *n < start.saturating_add(*first));
        let to = numbers.partition_point(|n| *n <= start.saturating_add(*last));
        let numbers = &numbers[from..to.max(from)];
        let count = |at: usize| self.counts.get(at).copied().unwrap_or(1);
        // PERF: whichever of the two is shorter is gone through.
        if ordinals.len() < numbers.len() {
            let given = |o: &u32| numbers.binary_search(&start.saturating_add(*o)).is_ok();
            return ordinals.iter().enumerate().filter(|(_, o)| given(o)).map(|(at, _)| count(at)).sum();
        }
        let mut sum = 0;
        for n in numbers {
            let at = ordinals.partition_point(|o| start.saturating_add(*o) < *n);
            let same = ordinals[at..].iter().take_while(|o| start.saturating_add(**o) == *n).count();
            sum += (at..at + same).map(count).sum::<u64>();
        }
        sum
    }
}

impl Reader {
    /// Calls `each` with all lists of an object.
    pub fn people_of_object(&self, object: i64, each: &mut dyn FnMut(PeopleList<'_>)) -> Result<(), IndexError> {
        let (numbering, mut room) = (self.numbering()?, Room::default());
        postings::each_list_of(&self.conn, &self.shapes, object, &mut room, &mut |segment, says, ordinals, counts| {
            let said = match says {
                Says::Sightings(s) if self.counts_in(s.field, s.classifier) => {
                    Said::Sightings { classifier: s.classifier, certainty: s.certainty }
                }
                Says::Protected(classifier, state, certain) => Said::Protected { classifier, state, certain },
                Says::Sightings(_) | Says::Residence(..) => return Ok(()),
            };
            each(PeopleList { said, who: Numbers { start: numbering.start(segment)?, ordinals }, counts });
            Ok(())
        })
    }

    /// Whom an identifier names that is linked or shared.
    pub(super) fn standing(&self, id: IdHash) -> Result<Option<Owner>, IndexError> {
        standing::standing(&self.conn, id)
    }

    /// What records of current objects (or of all published ones) say about the residence of an identifier's person: state, percent, basis.
    #[cfg(test)]
    pub(crate) fn residences_of(&self, id: IdHash, current_only: bool) -> Result<Vec<([u8; 2], u8, &'static str)>, IndexError> {
        let residence = |(_, entry)| match entry {
            super::entries::Entry::Residence(state, percent, basis) => Some((state, percent, basis)),
            _ => None,
        };
        Ok(self.entries(id, current_only)?.into_iter().filter_map(residence).collect())
    }
}
