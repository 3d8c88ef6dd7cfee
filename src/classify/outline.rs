//! What cells of digits and signs are tried for, remembered by their outline.
//!
//! Numbers, dates, telephones, prices, numbers of customers: which patterns can begin where in such a cell is decided by the kinds of its
//! bytes alone (digit or which sign, a first digit 0, 1 or another), by its few letters (`02T15`, `C000`, as they are), and by its
//! column. So it is decided once for each outline, and the next cell of that outline is only tried for the patterns that were tried on
//! the first, as far as they allow its digits.
//!
//! PRIVACY: an outline is no value: it has three letters at most, and of digits it knows that they are some, of the first of a group that it
//! is 0 or 1. Where no other digit is, there is none.

use super::marks::bits;
use super::pattern::Pattern;
use super::shapes::is_sign;

/// Longer cells have no outline here.
const LONGEST: usize = 32;

/// What has more letters is no number with a unit or a time, or with a few letters before it, but any identifier: each has an outline of
/// its own.
const MOST_LETTERS: u32 = 3;

/// What stands for a digit, and, by its value, for a first one that is 0 or 1: no letters, no signs.
const DIGIT: u8 = 1;
const FIRST: u8 = 2;

/// In an entry of [`LOOKS`]: where those begin that count behind the byte; no byte of an outline; from this bit on, one for a letter, then
/// for a digit, then for one whose value is kept.
const BEHIND: usize = 0x100;
const BAD: u32 = 0x200;
const COUNTS: u32 = 16;
const LETTER: u32 = 1;
const NUMBER: u32 = 1 << 6;
const KEPT: u32 = 1 << 12;

/// By byte, and again by byte behind a letter or digit: what stands for it in an outline, in the lowest eight bits, and the rest.
static LOOKS: [u32; 512] = {
    let mut looks = [0; 512];
    let mut i = 0;
    while i < looks.len() {
        let b = (i % 256) as u8;
        looks[i] = match b {
            b'0' | b'1' if i < BEHIND => (FIRST + (b & 1)) as u32 | BEHIND as u32 | (NUMBER | KEPT) << COUNTS,
            b'0'..=b'9' => DIGIT as u32 | BEHIND as u32 | NUMBER << COUNTS,
            b'A'..=b'Z' | b'a'..=b'z' => b as u32 | BEHIND as u32 | LETTER << COUNTS,
            b'-' | b' ' | b'.' | b'/' | b':' | b'(' | b')' | b'+' | b',' => b as u32,
            _ => BAD,
        };
        i += 1;
    }
    looks
};

/// After so many cells of a column it is known whether their outlines repeat.
const TRIAL: u32 = 512;

/// Outlines remembered, as a power of two.
const SLOTS: usize = 1 << 9;

/// So many steps remembered, or bytes of outlines, and the memory starts anew.
const MOST_STEPS: usize = 1 << 15;
const MOST_BYTES: usize = 1 << 14;

/// The kinds of a cell's bytes, and its column.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Outline {
    kinds: [u8; LONGEST],
    field: u32,
    len: u32,
}

impl Outline {
    /// Of the cell `bytes` of a field; `None` where it has other bytes than digits, the signs that stand between them and a few
    /// letters, where no digit is, or where its digits decide what begins in it. `may_begin`: whether a value may begin with a sign and
    /// that byte (or any digit, if it is one).
    #[inline]
    pub fn of(field: u32, bytes: &[u8], may_begin: impl Fn(u8, u8) -> bool) -> Option<Outline> {
        if bytes.len() > LONGEST {
            return None;
        }
        let mut kinds = [0; LONGEST];
        let (mut behind, mut bad, mut counts) = (0, 0, 0u32);
        // PERF: every cell of digits comes by here: one look at a table for each byte.
        for (k, &b) in kinds.iter_mut().zip(bytes) {
            let known = LOOKS[behind | usize::from(b)];
            *k = known as u8;
            behind = known as usize & BEHIND;
            bad |= known & BAD;
            counts += known >> COUNTS;
        }
        let (letters, digits, kept) = (counts % NUMBER, counts % KEPT / NUMBER, counts / KEPT);
        let opens = || bytes.iter().zip(&bytes[1..]).any(|(a, b)| is_sign(*a) && may_begin(*a, *b));
        let fits = bad == 0 && letters <= MOST_LETTERS && (digits > kept || letters + digits == 0);
        let signs = (digits + letters) as usize != bytes.len();
        (fits && !(signs && opens())).then_some(Outline { kinds, field, len: bytes.len() as u32 })
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
    /// By field: outlines asked for, and found.
    worth: Vec<(u32, u32)>,
}

impl Outlines {
    /// Another member follows, or other columns.
    pub fn clear(&mut self) {
        self.slots.clear();
        self.steps.clear();
        self.digits.clear();
        self.tried.clear();
        self.worth.clear();
    }

    /// Whether cells of the field have outlines that repeat, as far as is known.
    #[inline]
    pub fn are_worth(&mut self, field: u32) -> bool {
        let i = field as usize;
        if self.worth.len() <= i {
            self.worth.resize(i + 1, (0, 0));
        }
        let (asked, found) = self.worth[i];
        asked < TRIAL || found >= asked / 4
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

    /// What cells of this outline are tried for, if it is known. Ask [`Outlines::are_worth`] first.
    #[inline]
    pub fn find(&mut self, outline: &Outline) -> Option<Tried> {
        let known = self.slots.get(outline.slot()).filter(|s| s.0.as_ref() == Some(outline)).map(|s| s.1);
        if let Some((asked, found)) = self.worth.get_mut(outline.field as usize) {
            *asked = asked.saturating_add(1);
            *found = found.saturating_add(u32::from(known.is_some()));
        }
        known
    }

    /// What the cell `bytes` of the outline is tried for, in order: what does not allow its digits is left out.
    #[inline]
    pub fn steps(&self, tried: Tried, bytes: &[u8]) -> impl Iterator<Item = Step> {
        let (from, to) = (tried.steps.0 as usize, tried.steps.1 as usize);
        let steps = &self.steps[from..to];
        let mut allowed = if steps.is_empty() { 0 } else { u64::MAX };
        let bytes = if steps.is_empty() { &[] } else { bytes };
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
        // Where nothing is tried, no digits are asked for.
        let len = if steps.is_empty() { 0 } else { outline.len as usize };
        if self.slots.is_empty() || self.steps.len() + steps.len() > MOST_STEPS || self.digits.len() + len > MOST_BYTES {
            self.slots.clear();
            self.slots.resize(SLOTS, (None, Tried::default()));
            self.steps.clear();
            self.digits.clear();
        }
        let tried = Tried { steps: (self.steps.len() as u32, (self.steps.len() + steps.len()) as u32), digits: self.digits.len() as u32 };
        self.steps.extend_from_slice(steps);
        // PRIVACY: all digits that the patterns allow, not those of the cell.
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
    use proptest::prelude::*;

    use super::*;
    use crate::classify::{Classifiers, Scratch};

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
        for none in ["a", "a-b", "4@5", "4_5", "4%", "\u{e9}", "4\\5", "4\t5", "a4bcd", "4abcd", "4::5", "(4)", &"1".repeat(33)] {
            assert!(of(3, none).is_none(), "{none}");
        }
        assert!(of(4, "12") != of(3, "12"));
        assert!(of(3, "2026-08-04T02:49:02Z") == of(3, "2027-01-03T11:25:04Z") && of(3, "2026-08-04T02:49:02Z").is_some());
        assert!(of(3, "12:30") != of(3, "12a30") && of(3, "12a30") != of(3, "12b30"));
        assert!(of(3, "C001-7") == of(3, "C002-9") && of(3, "C001-7").is_some() && of(3, "C001-7") != of(3, "D001-7"));
    }

    #[test]
    fn signs_are_those_with_a_kind_of_their_own() {
        for b in 0..=u8::MAX {
            let is = LOOKS[usize::from(b)] & BAD == 0 && !b.is_ascii_alphanumeric();
            assert_eq!(is, is_sign(b), "{b}");
        }
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
    fn many_outlines_take_no_more_room() {
        let set = Classifiers::builtin();
        let patterns = &set.engine().patterns;
        let mut all = Outlines::default();
        for n in 0..100_000u32 {
            let letter = |k: u32| char::from(b'A' + (n / 26u32.pow(k) % 26) as u8);
            let outline = of(n % 7, &format!("{}{}{} 234567", letter(0), letter(1), letter(2))).unwrap();
            all.keep(outline, &[Step { pattern: 0, at: 4 }][..usize::from(n % 3 == 0)], patterns);
            assert!(all.digits.len() <= MOST_BYTES && all.steps.len() <= MOST_STEPS);
            assert!(all.find(&outline).is_some_and(|t| all.steps(t, b"XYZ 987654").count() <= 1));
        }
        assert!(of(0, "AB-0").is_none() && of(0, "1-0-1").is_none() && of(0, "AB-02").is_some());
    }

    #[test]
    fn columns_whose_outlines_do_not_repeat_are_given_up() {
        let mut all = Outlines::default();
        let mut asked = 0;
        for n in 0..9000u32 {
            if all.are_worth(0) {
                asked += 1;
                let outline = of(0, &format!("{}a{}", "1".repeat(n as usize % 29), n % 10)).unwrap();
                if all.find(&Outline { len: n + 40, ..outline }).is_none() {
                    all.keep(outline, &[], &[]);
                }
            }
        }
        assert_eq!(asked, TRIAL);
        assert!(all.are_worth(1) && all.are_worth(1));
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

    proptest! {
        #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

        /// Numbers with the same few letters and signs, and other digits in each cell; UUIDs.
        #[test]
        fn columns_of_one_outline_are_found_as_the_naive_engine_finds_them(
            form in prop_oneof![
                8 => "([A-Z]{0,3}|[a-z]{0,2})[- ./(+]?#{1,10}[-. /:,]?#{0,6}[A-Za-z]{0,2}[ -]?#{0,4}",
                2 => "#{1,3} (rue|r|bis|st|Rd|no)#{0,3}",
                1 => "(HB|DE|CP|BE)[- ]?#{6,12}",
                2 => "U[ ,;]?#{0,3}",
            ],
            name in prop::sample::select(vec!["id", "note", "customer_no", "account", "ssn"]),
            seed in any::<u64>(),
        ) {
            let set = Classifiers::builtin();
            let mut random = seed | 1;
            let mut next = move || {
                random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                random >> 33
            };
            let cells: Vec<String> = (0..120).map(|_| {
                let mut uuid = || {
                    let digit = |n: u64| char::from_digit((n % 16) as u32, 16).unwrap_or('0');
                    [8, 4, 4, 4, 12].map(|n| (0..n).map(|_| digit(next())).collect::<String>()).join("-")
                };
                let with_uuid = form.replace('U', &uuid());
                with_uuid.chars().map(|c| if c == '#' { char::from(b'0' + (next() % 10) as u8) } else { c }).collect()
            }).collect();
            let b = crate::classify::tests::column(name, &cells);
            let (mut fast, mut slow) = (Vec::new(), Vec::new());
            let mut s = Scratch::new(&set);
            // Twice: what was learnt in the first batch is known in the second.
            for _ in 0..2 {
                fast.clear();
                set.scan(&mut s, &b, &mut fast);
            }
            set.scan_naive(&b, &mut slow);
            prop_assert_eq!(&fast, &slow, "{}", form);
        }
    }
}
