//! What cells without letters are tried for, remembered by their outline.
//!
//! Numbers, dates, telephones, prices: which patterns can begin where in such a cell is decided by the kinds of its bytes alone
//! (digit or which sign, a first digit 0, 1 or another), and by its column. So it is decided once for each outline, and the
//! next cell of that outline is only tried for the patterns that were tried on the first.
//!
//! PRIVACY: an outline is no value: of digits it knows that they are some.

use super::facts::ByteSet;
use super::marks::LONG;
use super::pattern::Pattern;
use super::shapes::{first_kind, is_sign, kind};

/// Longer cells have no outline here.
const LONGEST: usize = 32;

/// Outlines remembered, as a power of two.
const SLOTS: usize = 1 << 9;

/// So many steps remembered, and the memory starts anew.
const MOST_STEPS: usize = 1 << 15;

/// What values of digits and signs alone may be that are not told by the kinds of their bytes.
pub(super) struct Anew {
    /// The signs that they begin with.
    pub firsts: ByteSet,
    /// From so many digits in a row on.
    pub digits: usize,
}

impl Anew {
    /// `signed`, `long`, `odd`: patterns looked for at signs, at long tokens, at tokens that begin with no letter.
    pub fn new(patterns: &[Pattern], signed: &[u32], long: &[u32], odd: &[u32]) -> Anew {
        let bare = |p: &&u32| patterns[**p as usize].may_be_of(|b| b.is_ascii_digit() || is_sign(b));
        let mut firsts = ByteSet::default();
        signed.iter().filter(bare).for_each(|p| firsts.union(&patterns[*p as usize].loose));
        let digits = if odd.iter().any(|p| bare(&p)) {
            1
        } else if long.iter().any(|p| bare(&p)) {
            LONG
        } else {
            usize::MAX
        };
        Anew { firsts, digits }
    }
}

/// The kinds of a cell's bytes, and its column.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Outline {
    kinds: [u8; LONGEST],
    field: u32,
    len: u32,
}

impl Outline {
    /// Of the cell `bytes` of a field; `None` where it has other bytes than digits and the signs that stand between them, or is
    /// to be looked at anew.
    #[inline]
    pub fn of(anew: &Anew, field: u32, bytes: &[u8]) -> Option<Outline> {
        if bytes.len() > LONGEST {
            return None;
        }
        let mut kinds = [0; LONGEST];
        let mut digits = 0;
        for (k, &b) in kinds.iter_mut().zip(bytes) {
            if b.is_ascii_digit() {
                *k = if digits == 0 { first_kind(b) } else { kind(b) };
                digits += 1;
                if digits >= anew.digits {
                    return None;
                }
            } else if is_sign(b) && !anew.firsts.has(b) {
                *k = kind(b);
                digits = 0;
            } else {
                return None;
            }
        }
        Some(Outline { kinds, field, len: bytes.len() as u32 })
    }

    fn slot(&self) -> usize {
        let words = self.kinds.as_chunks::<8>().0;
        let seed = u64::from(self.field) << 32 | u64::from(self.len);
        let mixed = words.iter().fold(seed, |h, w| (h ^ u64::from_le_bytes(*w)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23));
        (mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48) as usize % SLOTS
    }
}

/// A pattern that is tried at a byte of the cell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub pattern: u32,
    pub at: u32,
}

/// What a thread remembers of outlines.
#[derive(Default)]
pub(super) struct Outlines {
    slots: Vec<(Option<Outline>, (u32, u32))>,
    steps: Vec<Step>,
    /// By field: the quiet patterns that were tried when its outlines were taken.
    tried: Vec<Box<[u64]>>,
}

impl Outlines {
    /// Another member follows, or other columns.
    pub fn clear(&mut self) {
        self.slots.clear();
        self.steps.clear();
        self.tried.clear();
    }

    /// Whether outlines of the field's cells are still good: `sampled` are the quiet patterns that are tried in it. What is not is
    /// forgotten.
    pub fn check(&mut self, field: u32, sampled: &[u64]) {
        let i = field as usize;
        if self.tried.len() <= i {
            self.tried.resize(i + 1, Box::default());
        }
        if *self.tried[i] != *sampled {
            self.tried[i] = sampled.into();
            self.slots.iter_mut().filter(|s| s.0.is_some_and(|o| o.field == field)).for_each(|s| s.0 = None);
        }
    }

    /// What cells of this outline are tried for: indexes for [`Outlines::step`].
    #[inline]
    pub fn find(&self, outline: &Outline) -> Option<std::ops::Range<usize>> {
        let (known, (from, to)) = self.slots.get(outline.slot())?;
        (known.as_ref() == Some(outline)).then_some(*from as usize..*to as usize)
    }

    /// One of them.
    pub fn step(&self, index: usize) -> Step {
        self.steps[index]
    }

    /// Remembers what a cell of this outline was tried for, in order.
    pub fn keep(&mut self, outline: Outline, steps: &[Step]) {
        if self.slots.is_empty() || self.steps.len() + steps.len() > MOST_STEPS {
            self.slots.clear();
            self.slots.resize(SLOTS, (None, (0, 0)));
            self.steps.clear();
        }
        let from = self.steps.len() as u32;
        self.steps.extend_from_slice(steps);
        self.slots[outline.slot()] = (Some(outline), (from, self.steps.len() as u32));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Anew = Anew { firsts: ByteSet([0; 4]), digits: usize::MAX };

    #[test]
    fn outlines_tell_what_decides() {
        let of = |text: &str| Outline::of(&NONE, 3, text.as_bytes());
        assert!(of("415-555-2671") == of("982-555-9971") && of("415-555-2671").is_some());
        for other in ["015-555-2671", "115-555-2671", "415-055-2671", "415 555 2671", "4155552671", "415-555-26711"] {
            assert!(of(other).is_some() && of(other) != of("415-555-2671"), "{other}");
        }
        for none in ["415-555-2671x", "a", "4@5", "4_5", "4%", "\u{e9}", "4\\5", "4\t5", &"1".repeat(33)] {
            assert!(of(none).is_none(), "{none}");
        }
        assert!(Outline::of(&NONE, 4, b"12") != Outline::of(&NONE, 3, b"12"));
        let mut anew = Anew { digits: 4, ..NONE };
        anew.firsts.insert(b'+');
        assert!(Outline::of(&anew, 0, b"123-456").is_some());
        assert!(Outline::of(&anew, 0, b"1234").is_none() && Outline::of(&anew, 0, b"+1").is_none());
    }

    #[test]
    fn what_is_remembered_ends_with_its_column() {
        let (mut all, one, two) = (Outlines::default(), Outline::of(&NONE, 0, b"12").unwrap(), Outline::of(&NONE, 1, b"12").unwrap());
        all.check(0, &[1]);
        all.check(1, &[1]);
        all.keep(one, &[Step { pattern: 7, at: 0 }]);
        all.keep(two, &[]);
        assert_eq!((all.find(&one), all.find(&two)), (Some(0..1), Some(1..1)));
        assert_eq!(all.step(0).pattern, 7);
        all.check(0, &[1]);
        assert!(all.find(&one).is_some());
        all.check(0, &[2]);
        assert_eq!((all.find(&one), all.find(&two)), (None, Some(1..1)));
        (0..MOST_STEPS).for_each(|_| all.keep(one, &[Step { pattern: 1, at: 1 }]));
        assert!(all.steps.len() <= MOST_STEPS);
        all.clear();
        assert!(all.find(&one).is_none());
    }
}
