//! What a thread remembers of keys: which patterns are candidates there.

use std::ops::Range;

use super::Shapes;
use super::gates::Gate;
use super::kinds::{Key, Sight, View};
use crate::classify::definition::Requires;
use crate::classify::facts::PREFIX;
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

/// What is known of a number by what is seen at it.
#[derive(Clone, Copy, Debug)]
pub(in crate::classify) struct Number {
    /// What can begin with it.
    pub gate: Gate,
    /// Its form, see `tables::form`.
    pub form: u8,
    /// How many digits it begins with, as far as is seen, and how many word bytes, up to `RUN`.
    pub digits: u8,
    pub run: u8,
    /// Whether what stands behind these may stand behind a house number.
    pub may_be_house: bool,
    /// Whether there may be candidates, and some of [`Part::Free`].
    pub has_any: bool,
    pub has_free: bool,
}

/// What is known of a sight.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub sight: Sight,
    /// Once they were looked for.
    pub candidates: Option<Candidates>,
    /// If it is one of a number, and was asked for.
    pub number: Option<Number>,
}

impl Seen {
    const NOTHING: Seen = Seen { sight: Sight::NONE, candidates: None, number: None };
}

impl Shapes {
    /// What is known of the number at a place. `run`: as [`Sight`] has it.
    #[inline]
    pub fn number(&self, memory: &mut Memory, view: View, run: impl Fn() -> usize) -> Number {
        // PERF: a run that ends in what is seen needs no other look.
        let seen = &memory.sights[view.sight(0).slot(SIGHT_BITS)];
        match seen.number {
            Some(number) if seen.sight.is(view) && (seen.sight.run < PREFIX as u32 || seen.sight.run == run() as u32) => number,
            _ => self.meet(memory, view, run()),
        }
    }

    #[inline(never)]
    fn meet(&self, memory: &mut Memory, view: View, run: usize) -> Number {
        let digits = view.digits();
        let (gate, form) = self.may_begin(view, digits);
        let sight = view.sight(run);
        let seen = &mut memory.sights[sight.slot(SIGHT_BITS)];
        if seen.sight != sight {
            *seen = Seen { sight, ..Seen::NOTHING };
        }
        let number = Number {
            gate,
            form: form as u8,
            digits: digits as u8,
            run: sight.run as u8,
            may_be_house: view.may_be_house(digits),
            has_any: seen.candidates.is_none_or(|c| !c.is_empty()),
            has_free: seen.candidates.is_none_or(|c| c.has(Part::Free)),
        };
        seen.number = Some(number);
        number
    }

    /// Keeps the candidates of a sight.
    pub(super) fn keep(memory: &mut Memory, sight: Sight, candidates: Candidates) {
        let seen = &mut memory.sights[sight.slot(SIGHT_BITS)];
        let (has_any, has_free) = (!candidates.is_empty(), candidates.has(Part::Free));
        let number = seen.number.filter(|_| seen.sight == sight).map(|n| Number { has_any, has_free, ..n });
        *seen = Seen { sight, candidates: Some(candidates), number };
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
    pub(super) sights: Box<[Seen]>,
    pub(super) sets: Vec<Bits>,
    /// See `Shapes::allow`.
    pub allowed: Vec<Bits>,
}

/// So many words of bits, and the memory starts anew.
const MOST_WORDS: usize = 1 << 17;

impl Memory {
    pub fn new() -> Memory {
        let slots = vec![(Key::NONE, Candidates::default()); 1 << MEMORY_BITS].into();
        let sights = vec![Seen::NOTHING; 1 << SIGHT_BITS].into();
        Memory { slots, sights, sets: Vec::new(), allowed: Vec::new() }
    }

    /// Forgets all if it is full.
    pub(super) fn make_room(&mut self) {
        if self.sets.len() > MOST_WORDS {
            self.sets.clear();
            self.slots.fill((Key::NONE, Candidates::default()));
            self.sights.fill(Seen::NOTHING);
        }
    }
}
