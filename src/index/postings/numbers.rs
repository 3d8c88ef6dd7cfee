//! Numbers of the lists of a part, given as they come.
//!
//! PERF: asked for each posting, of thousands of lists in turn. Where objects and shapes are not too many, a table of both is looked at, a
//! quarter of what a map would take in the cache; elsewhere a map of numbers, and of the few that are too large for that, one of the whole.

use std::collections::HashMap;

use super::items::{ONE, SIGHTINGS};
use super::part::Said;
use crate::base::ByNumber;

/// Entries of the table, at most.
const TABLE: usize = if cfg!(test) { 64 } else { 1 << 18 };

/// What sightings say: shapes below this, with a count or without, may have a column of the table.
const SHAPES: usize = if cfg!(test) { 16 } else { 4096 };

const NONE: u32 = u32::MAX;

/// Lists by number, and their numbers.
pub(super) struct Numbers {
    base: i64,
    saids: Vec<Said>,
    /// `None`: it would be too large.
    table: Option<Table>,
    packed: ByNumber<u64, u32>,
    others: HashMap<Said, u32>,
}

impl Numbers {
    /// None yet; no object has a number below `base`.
    pub fn new(base: i64) -> Numbers {
        Numbers { base, saids: Vec::new(), table: Some(Table::default()), packed: ByNumber::default(), others: HashMap::new() }
    }

    /// The number of a list; those of new ones follow each other.
    pub fn of(&mut self, said: Said) -> u32 {
        let next = self.saids.len() as u32;
        let n = match packed(said, self.base) {
            Some(packed) => match self.in_table(said) {
                Some(at) => {
                    if *at == NONE {
                        *at = next;
                    }
                    *at
                }
                None => *self.packed.entry(packed).or_insert(next),
            },
            None => *self.others.entry(said).or_insert(next),
        };
        if n == next {
            self.saids.push(said);
        }
        n
    }

    /// The entry of the table; `None` for what is told by a map.
    fn in_table(&mut self, (object, tag, what): Said) -> Option<&mut u32> {
        let column = match tag {
            ONE => 0,
            SIGHTINGS => 1,
            _ => return None,
        } | usize::try_from(what).ok().filter(|shape| *shape < SHAPES)? << 1;
        let object = usize::try_from(object.checked_sub(self.base)?).ok()?;
        if self.table.as_mut()?.fits(object, column) {
            return self.table.as_mut().map(|t| t.at(object, column));
        }
        // What it held is told by the map from now on.
        self.table = None;
        let (base, saids) = (self.base, &self.saids);
        self.packed.extend((0u32..).zip(saids).filter_map(|(n, said)| Some((packed(*said, base)?, n))));
        None
    }

    /// The lists, in the order of their numbers.
    pub fn all(&self) -> &[Said] {
        &self.saids
    }
}

/// Numbers by object and column.
#[derive(Default)]
struct Table {
    /// By column, its place in a row.
    places: Vec<u32>,
    /// Places that are given; how many a row has.
    given: usize,
    width: usize,
    rows: Vec<u32>,
}

impl Table {
    /// Makes room for it; `false`: that would be too much.
    #[inline]
    fn fits(&mut self, object: usize, column: usize) -> bool {
        match self.places.get(column) {
            Some(place) if *place != NONE && (object + 1) * self.width <= self.rows.len() => true,
            _ => self.grow(object, column),
        }
    }

    #[cold]
    fn grow(&mut self, object: usize, column: usize) -> bool {
        if column >= self.places.len() {
            self.places.resize(column + 1, NONE);
        }
        if self.places[column] == NONE {
            self.places[column] = self.given as u32;
            self.given += 1;
        }
        let (before, height) = (self.width, self.rows.len().checked_div(self.width).unwrap_or(0).max(object.saturating_add(1)));
        let width = self.given.next_power_of_two();
        if height.saturating_mul(width) > TABLE {
            return false;
        }
        if width != before {
            let old = std::mem::take(&mut self.rows);
            for row in old.chunks(before.max(1)) {
                self.rows.extend_from_slice(row);
                self.rows.resize(self.rows.len() + width - row.len(), NONE);
            }
            self.width = width;
        }
        let rows = height.next_power_of_two() * width;
        if rows > self.rows.len() {
            self.rows.resize(rows.min(TABLE / width * width), NONE);
        }
        true
    }

    /// The entry of what [`Table::fits`].
    #[inline]
    fn at(&mut self, object: usize, column: usize) -> &mut u32 {
        &mut self.rows[object * self.width + self.places[column] as usize]
    }
}

/// A number that stands for it alone; `None` where it is too large.
fn packed((object, tag, what): Said, base: i64) -> Option<u64> {
    let object = u64::try_from(object.checked_sub(base)?).ok()?;
    (object >> 30 == 0 && tag >> 3 == 0 && what >> 31 == 0).then_some(object << 34 | u64::from(tag) << 31 | what)
}

#[cfg(test)]
mod tests {
    use super::super::items::{PROTECTED, RESIDENCE};
    use super::*;

    #[test]
    fn lists_are_told_apart_whatever_the_size_of_their_numbers() {
        let mut saids = Vec::new();
        for object in [5, 6, 4 + (1 << 30), 5 + (1 << 30), 6 + (1 << 30), i64::MAX] {
            for what in [0, 1, (1 << 31) - 1, 1 << 31, 1 << 34, u64::MAX] {
                saids.extend([ONE, SIGHTINGS, RESIDENCE, PROTECTED].map(|tag| (object, tag, what)));
            }
        }
        let mut all = Numbers::new(5);
        for _ in 0..2 {
            let numbers: Vec<u32> = saids.iter().map(|s| all.of(*s)).collect();
            assert_eq!(numbers, (0..saids.len() as u32).collect::<Vec<_>>());
        }
        assert_eq!(all.all(), saids);
        assert!(!all.packed.is_empty() && !all.others.is_empty());
    }

    #[test]
    fn a_table_that_grows_too_large_gives_way() {
        let mut random = crate::base::Random::new(3);
        for (objects, shapes, stays) in [(1, 1, true), (3, 4, true), (8, 4, true), (3, 20, false), (9, 4, false), (40, 9, false)] {
            let (mut all, mut known) = (Numbers::new(7), HashMap::new());
            for _ in 0..2_000 {
                let tag = if random.below(3) == 0 { SIGHTINGS } else { ONE };
                let said = (7 + random.below(objects) as i64, tag, random.below(shapes));
                let next = known.len() as u32;
                assert_eq!(all.of(said), *known.entry(said).or_insert(next), "{said:?}");
            }
            assert_eq!(all.table.is_some(), stays, "{objects} {shapes}");
            assert_eq!(all.all().len(), known.len());
        }
    }
}
