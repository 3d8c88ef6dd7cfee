//! What a thread remembers of keys: which patterns are candidates there.

use super::kinds::Key;
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
    /// A bit for each part: whether some are of it.
    pub(super) parts: u8,
    /// The most bytes that one of them can match.
    pub longest: u16,
}

impl Candidates {
    /// Whether some are of a part.
    #[inline]
    pub fn has(self, part: Part) -> bool {
        self.parts >> part as u8 & 1 != 0
    }

    /// Whether there are none.
    #[inline]
    pub fn is_empty(self) -> bool {
        self.parts == 0
    }

    /// Whether all of them are free.
    #[inline]
    pub fn are_free(self) -> bool {
        self.parts & !1 == 0
    }
}

/// Keys remembered, as a power of two.
pub(super) const MEMORY_BITS: u32 = 12;

/// What a thread remembers of keys.
pub(in crate::classify) struct Memory {
    pub(super) slots: Box<[(Key, Candidates)]>,
    pub(super) sets: Vec<u64>,
    pub(super) allowed: Vec<u64>,
}

/// So many words of bits, and the memory starts anew.
pub(super) const MOST_WORDS: usize = 1 << 18;

impl Memory {
    pub fn new() -> Memory {
        Memory { slots: vec![(Key::NONE, Candidates::default()); 1 << MEMORY_BITS].into(), sets: Vec::new(), allowed: Vec::new() }
    }

    /// The patterns of a word that are allowed, see [`Shapes::allow`].
    #[inline]
    pub fn allowed(&self, word: usize) -> u64 {
        self.allowed[word]
    }
}
