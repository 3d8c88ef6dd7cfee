//! What a thread remembers of keys: which patterns are candidates there.

use std::ops::Range;

use super::kinds::{Key, Sight};
use crate::classify::definition::Requires;
use crate::classify::pattern::Pattern;

/// Patterns by what they need beside the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::classify) enum Part {
    /// They are reported without anything near them.
    Free,
    /// They need no word, but say little alone.
    Quiet,
    /// They need a word near, or a column's name.
    Bound,
    /// They need a label before them.
    Labelled,
}

impl Part {
    pub(super) const ALL: [Part; 4] = [Part::Free, Part::Quiet, Part::Bound, Part::Labelled];

    pub(super) fn of(p: &Pattern) -> Part {
        match p.requires {
            Requires::Label => Part::Labelled,
            Requires::Context => Part::Bound,
            _ if p.is_quiet() => Part::Quiet,
            _ => Part::Free,
        }
    }
}

/// The candidates of a key.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::classify) struct Candidates {
    /// Where in [`Memory::sets`] their bits begin.
    pub(super) from: u32,
    /// By part: where there its bits end, counted from `from`.
    pub(super) ends: [u16; 4],
    /// The most bytes that one of them can match.
    pub longest: u16,
}

impl Candidates {
    /// Where in [`Memory::sets`] those of a part are.
    #[inline]
    pub(super) fn of(self, part: Part) -> Range<usize> {
        let from = self.from as usize;
        let begin = if part as usize == 0 { 0 } else { self.ends[part as usize - 1] };
        from + usize::from(begin)..from + usize::from(self.ends[part as usize])
    }

    /// Whether some are of a part.
    #[inline]
    pub fn has(self, part: Part) -> bool {
        !self.of(part).is_empty()
    }

    /// Whether there are none.
    #[inline]
    pub fn is_empty(self) -> bool {
        self.all().is_empty()
    }

    /// Where in [`Memory::sets`] all are.
    #[inline]
    pub(super) fn all(self) -> Range<usize> {
        self.from as usize..self.from as usize + usize::from(self.ends[Part::ALL.len() - 1])
    }

    /// Whether all of them are free.
    #[inline]
    pub fn are_free(self) -> bool {
        self.all() == self.of(Part::Free)
    }
}

/// Keys remembered, as a power of two.
pub(super) const MEMORY_BITS: u32 = 12;

/// Sights remembered, likewise.
pub(super) const SIGHT_BITS: u32 = 11;

/// Patterns of one word of bits.
pub(in crate::classify) type Bits = (u32, u64);

/// What a thread remembers of keys, and of what leads to them.
pub(in crate::classify) struct Memory {
    pub(super) slots: Box<[(Key, Candidates)]>,
    pub(super) sights: Box<[(Sight, Candidates)]>,
    pub(super) sets: Vec<Bits>,
    /// See `Shapes::allow`.
    pub allowed: Vec<Bits>,
}

/// So many words of bits, and the memory starts anew.
const MOST_WORDS: usize = 1 << 17;

impl Memory {
    pub fn new() -> Memory {
        let slots = vec![(Key::NONE, Candidates::default()); 1 << MEMORY_BITS].into();
        let sights = vec![(Sight::NONE, Candidates::default()); 1 << SIGHT_BITS].into();
        Memory { slots, sights, sets: Vec::new(), allowed: Vec::new() }
    }

    /// Forgets all if it is full.
    pub(super) fn make_room(&mut self) {
        if self.sets.len() > MOST_WORDS {
            self.sets.clear();
            self.slots.fill((Key::NONE, Candidates::default()));
            self.sights.fill((Sight::NONE, Candidates::default()));
        }
    }
}
