//! What cells of digits and signs are tried for, remembered by their outline.
//!
//! Numbers, dates, telephones, prices: which patterns can begin where in such a cell is decided by the kinds of its bytes alone
//! (digit or which sign, a first digit 0, 1 or another), by letters that stand behind digits (`02T15`, as they are), and by
//! its column. So it is decided once for each outline, and the next cell of that outline is only tried for the patterns that were tried on
//! the first, as far as they allow its digits.
//!
//! PRIVACY: an outline is no value: of digits it knows that they are some, and it has two letters at most.

use super::marks::bits;
use super::pattern::Pattern;
use super::shapes::{first_kind, is_sign, kind};

/// Longer cells have no outline here.
const LONGEST: usize = 32;

/// What has more letters is no number with a unit or a time, but any identifier: each has an outline of its own.
const MOST_LETTERS: usize = 2;

/// Outlines remembered, as a power of two.
const SLOTS: usize = 1 << 9;

/// So many steps remembered, and the memory starts anew.
const MOST_STEPS: usize = 1 << 15;

/// The kinds of a cell's bytes, and its column.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Outline {
    kinds: [u8; LONGEST],
    field: u32,
    len: u32,
}

impl Outline {
    /// Of the cell `bytes` of a field; `None` where it has other bytes than digits, the signs that stand between them and a few
    /// letters behind them, or where its digits decide what begins in it. `may_begin`: whether a value may begin with a sign and
    /// that byte (or any digit, if it is one).
    #[inline]
    pub fn of(field: u32, bytes: &[u8], may_begin: impl Fn(u8, u8) -> bool) -> Option<Outline> {
        if bytes.len() > LONGEST {
            return None;
        }
        let mut kinds = [0; LONGEST];
        // Whether the token so far has a digit.
        let (mut token, mut letters) = (false, 0);
        for (i, (k, &b)) in kinds.iter_mut().zip(bytes).enumerate() {
            if b.is_ascii_digit() {
                *k = if token { kind(b) } else { first_kind(b) };
                token = true;
            } else if is_sign(b) && !bytes.get(i + 1).is_some_and(|n| may_begin(b, *n)) {
                *k = kind(b);
                token = false;
            } else if b.is_ascii_alphabetic() && token && letters < MOST_LETTERS {
                // No kind has the number of a letter.
                *k = b;
                letters += 1;
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

/// For each digit at a place: which of the first 64 steps allow it.
type Digits = [u64; 10];

/// What cells of an outline are tried for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tried {
    /// In `steps`, half-open.
    steps: (u32, u32),
    /// In `digits`, one for each byte of the cell.
    digits: u32,
}

/// What a thread remembers of outlines.
#[derive(Default)]
pub(super) struct Outlines {
    slots: Vec<(Option<Outline>, Tried)>,
    steps: Vec<Step>,
    digits: Vec<Digits>,
    /// By field: the quiet patterns that were tried when its outlines were taken.
    tried: Vec<Box<[u64]>>,
}

impl Outlines {
    /// Another member follows, or other columns.
    pub fn clear(&mut self) {
        self.slots.clear();
        self.steps.clear();
        self.digits.clear();
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

    /// What cells of this outline are tried for, if it is known.
    #[inline]
    pub fn find(&self, outline: &Outline) -> Option<Tried> {
        let (known, tried) = self.slots.get(outline.slot())?;
        (known.as_ref() == Some(outline)).then_some(*tried)
    }

    /// What the cell `bytes` of the outline is tried for, in order: what does not allow its digits is left out.
    #[inline]
    pub fn steps(&self, tried: Tried, bytes: &[u8]) -> impl Iterator<Item = Step> {
        let (from, to) = (tried.steps.0 as usize, tried.steps.1 as usize);
        let steps = &self.steps[from..to];
        let mut allowed = u64::MAX;
        for (b, digits) in bytes.iter().zip(&self.digits[tried.digits as usize..]) {
            if let Some(by) = digits.get(usize::from(b.wrapping_sub(b'0'))) {
                allowed &= by;
                // Most are decided by their first digits.
                if allowed == 0 {
                    break;
                }
            }
        }
        bits(allowed).take_while(|i| *i < steps.len()).map(|i| steps[i]).chain(steps.iter().skip(64).copied())
    }

    /// Remembers what a cell of this outline was tried for, in order.
    pub fn keep(&mut self, outline: Outline, steps: &[Step], patterns: &[Pattern]) {
        if self.slots.is_empty() || self.steps.len() + steps.len() > MOST_STEPS {
            self.slots.clear();
            self.slots.resize(SLOTS, (None, Tried::default()));
            self.steps.clear();
            self.digits.clear();
        }
        let tried = Tried { steps: (self.steps.len() as u32, (self.steps.len() + steps.len()) as u32), digits: self.digits.len() as u32 };
        self.steps.extend_from_slice(steps);
        // PRIVACY: all digits that the patterns allow, not those of the cell.
        let len = outline.len as usize;
        self.digits.resize(self.digits.len() + len, [u64::MAX; 10]);
        let digits = &mut self.digits[tried.digits as usize..];
        for (i, step) in steps.iter().enumerate().take(64) {
            let prefix = &patterns[step.pattern as usize].prefix;
            for (by, set) in digits.iter_mut().skip(step.at as usize).zip(prefix) {
                for (m, b) in by.iter_mut().zip(b'0'..) {
                    *m &= !(u64::from(!set.has(b)) << i);
                }
            }
        }
        self.slots[outline.slot()] = (Some(outline), tried);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::Classifiers;

    fn of(field: u32, text: &str) -> Option<Outline> {
        // Values may begin with `::`, and with `(` before a digit.
        Outline::of(field, text.as_bytes(), |a, b| matches!((a, b), (b':', b':') | (b'(', b'0'..=b'9')))
    }

    #[test]
    fn outlines_tell_what_decides() {
        assert!(of(3, "415-555-2671") == of(3, "982-555-9971") && of(3, "415-555-2671").is_some());
        for other in ["015-555-2671", "115-555-2671", "415-055-2671", "415 555 2671", "4155552671", "415-555-26711", "415-555-2671x"] {
            assert!(of(3, other).is_some() && of(3, other) != of(3, "415-555-2671"), "{other}");
        }
        for none in ["a", "4@5", "4_5", "4%", "\u{e9}", "4\\5", "4\t5", "4 a", "4-a5", "a4", "4abc", "4::5", "(4)", &"1".repeat(33)] {
            assert!(of(3, none).is_none(), "{none}");
        }
        assert!(of(4, "12") != of(3, "12"));
        assert!(of(3, "2026-08-04T02:49:02Z") == of(3, "2027-01-03T11:25:04Z") && of(3, "2026-08-04T02:49:02Z").is_some());
        assert!(of(3, "12:30") != of(3, "12a30") && of(3, "12a30") != of(3, "12b30"));
    }

    #[test]
    fn what_is_remembered_ends_with_its_column() {
        let set = Classifiers::builtin();
        let patterns = &set.engine().patterns;
        let step = |at| Step { pattern: (0u32..).zip(patterns).find(|p| p.1.min_len > 2).unwrap().0, at };
        let (mut all, one, two) = (Outlines::default(), of(0, "12").unwrap(), of(1, "12").unwrap());
        all.check(0, &[1]);
        all.check(1, &[1]);
        all.keep(one, &[step(0)], patterns);
        all.keep(two, &[], patterns);
        assert!(all.find(&one).is_some() && all.find(&two).is_some_and(|t| all.steps(t, b"34").next().is_none()));
        all.check(0, &[1]);
        assert!(all.find(&one).is_some());
        all.check(0, &[2]);
        assert!(all.find(&one).is_none() && all.find(&two).is_some());
        (0..MOST_STEPS).for_each(|_| all.keep(one, &[step(1)], patterns));
        assert!(all.steps.len() <= MOST_STEPS);
        all.clear();
        assert!(all.find(&one).is_none());
    }

    #[test]
    fn steps_are_those_that_allow_the_digits() {
        let set = Classifiers::builtin();
        let engine = set.engine();
        let ssn = engine.pattern(set.index_of("us.ssn").unwrap(), 0);
        let mut all = Outlines::default();
        let outline = of(0, "457-55-5462").unwrap();
        // More than there are bits for.
        let steps: Vec<Step> = (0..70).map(|at| Step { pattern: ssn, at: at % 2 * 20 }).collect();
        all.keep(outline, &steps, &engine.patterns);
        let tried = all.find(&outline).unwrap();
        let count = |text: &[u8]| all.steps(tried, text).count();
        assert_eq!(count(b"457-55-5462"), 70);
        // No number begins with 9: of the first 64, only what is tried elsewhere is left.
        assert_eq!(engine.patterns[ssn as usize].prefix[0].has(b'9'), count(b"957-55-5462") == 70);
    }
}
