//! What cells of digits and signs are asked, remembered by their outline.
//!
//! Numbers, dates, telephones, prices, numbers of customers: which patterns can begin where in such a cell is decided by the kinds of its
//! bytes alone (digit or which sign, a first digit 0, 1 or another), by its few letters (`02T15`, `C000`, as they are), and by its
//! column. So it is decided once for each outline, and the next cell of that outline is only asked what is left open (`plan`).
//!
//! PRIVACY: an outline is no value: it has three letters at most, and of digits it knows that they are some, of the first of a group that it
//! is 0 or 1. Where no other digit is, there is none.

use super::facts::ByteSet;
use super::marks::bits;
use super::pattern::Pattern;
use super::plan::Ask;
use super::shapes::is_sign;
use super::typed::Typed;

/// Longer cells have no outline here.
pub(super) const LONGEST: usize = 32;

/// Cells up to this length cost half.
const SHORT: usize = 16;

/// What has more letters is no number with a unit or a time, or with a few letters before it, but any identifier: each has an outline of
/// its own.
const MOST_LETTERS: u32 = 3;

/// What stands for a digit, and, by its value, for a first one that is 0 or 1: no letters, no signs.
const DIGIT: u8 = 1;
const FIRST: u8 = 2;

/// After so many cells of a column it is known whether they have outlines, and these repeat.
const TRIAL: u32 = 512;

/// Outlines remembered, as a power of two.
const SLOTS: usize = 1 << 9;

/// So many questions remembered, or bytes of outlines, and the memory starts anew.
const MOST_ASKS: usize = 1 << 15;
const MOST_BYTES: usize = 1 << 14;

/// The kinds of a cell's bytes, and its column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Outline {
    /// Zeros behind the cell, and nowhere else.
    kinds: [u8; LONGEST],
    field: u32,
    len: u32,
}

impl Outline {
    /// Becomes that of the cell `[start, end)` of `text`, in a field; `false`, and of no use, where it has other bytes than digits, the signs
    /// that stand between them and a few letters, or where no digit is that may be another.
    #[inline]
    fn set(&mut self, field: u32, text: &[u8], start: usize, end: usize) -> bool {
        let len = end - start;
        if len > LONGEST || len == 0 {
            return false;
        }
        (self.field, self.len) = (field, len as u32);
        self.kinds = [0; LONGEST];
        let seen = match len {
            ..=SHORT => look_at::<SHORT>(text, start, len, &mut self.kinds),
            _ => look_at::<LONGEST>(text, start, len, &mut self.kinds),
        };
        let Some(seen) = seen else { return false };
        let is = !seen.other && seen.letters <= MOST_LETTERS && (seen.open || !seen.words);
        if !is {
            // PRIVACY: its letters and signs are as they stand in it, and this outlives the batch.
            self.kinds = [0; LONGEST];
        }
        is
    }

    /// How many letters are in it.
    pub fn letters(&self) -> usize {
        self.kinds().iter().filter(|b| b.is_ascii_alphabetic()).count()
    }

    /// Whether a value may begin with one of its signs: `may_begin` with a sign and the byte behind it (any digit, if it is one).
    pub fn opens(&self, may_begin: impl Fn(u8, u8) -> bool) -> bool {
        let byte = |kind: u8| if kind <= FIRST + 1 { b'0' } else { kind };
        self.kinds().windows(2).any(|w| is_sign(byte(w[0])) && may_begin(w[0], byte(w[1])))
    }

    /// Whether no blank stands at either end.
    pub fn is_trimmed(&self) -> bool {
        self.kinds().first().is_some_and(|b| *b != b' ') && self.kinds().last() != Some(&b' ')
    }

    /// What each byte of the cell may be.
    pub fn bytes(&self) -> impl Iterator<Item = ByteSet> {
        self.kinds().iter().enumerate().map(|(i, &kind)| {
            let mut set = ByteSet::default();
            match kind {
                // The first of a group would be told if it were 0 or 1.
                DIGIT if i == 0 || !Outline::is_word(self.kinds[i - 1]) => (b'2'..=b'9').for_each(|b| set.insert(b)),
                DIGIT => (b'0'..=b'9').for_each(|b| set.insert(b)),
                kind if kind <= FIRST + 1 => set.insert(b'0' + kind - FIRST),
                letter_or_sign => set.insert(letter_or_sign),
            }
            set
        })
    }

    fn is_word(kind: u8) -> bool {
        kind <= FIRST + 1 || kind.is_ascii_alphabetic()
    }

    fn kinds(&self) -> &[u8] {
        &self.kinds[..self.len as usize]
    }

    fn slot(&self) -> usize {
        let words = self.kinds.as_chunks::<8>().0;
        let seed = u64::from(self.field) << 32 | u64::from(self.len);
        let mixed = words.iter().fold(seed, |h, w| (h ^ u64::from_le_bytes(*w)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23));
        (mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48) as usize % SLOTS
    }
}

/// Ones, then zeros: from `LONGEST - n` on, `n` ones.
static MASKS: [u8; 2 * LONGEST] = {
    let mut m = [0; 2 * LONGEST];
    let mut i = 0;
    while i < LONGEST {
        m[i] = 0xff;
        i += 1;
    }
    m
};

/// What the bytes of a cell look like.
struct Seen {
    /// Whether there are others than digits, letters and signs.
    other: bool,
    letters: u32,
    /// Whether there are letters or digits, and digits whose value is not kept.
    words: bool,
    open: bool,
}

/// Of the cell of `len` bytes, at most `N`, at `start` in a text; the first `N` of `kinds` become what stands for them.
#[inline]
fn look_at<const N: usize>(text: &[u8], start: usize, len: usize, kinds: &mut [u8; LONGEST]) -> Option<Seen> {
    let mut room = [0; N];
    let b = match text[start..].first_chunk::<N>() {
        Some(b) => b,
        None => {
            room[..len].copy_from_slice(&text[start..start + len]);
            &room
        }
    };
    Some(look(b, MASKS[LONGEST - len..].first_chunk()?, kinds.first_chunk_mut()?))
}

/// Of the bytes `b` where `cell` is all ones; `kinds` becomes what stands for them.
// PERF: every cell of digits comes by here. Kept apart from its caller, without a branch and one thing in each loop, the compiler makes vectors
// of it: a third of the instructions.
#[inline(never)]
fn look<const N: usize>(b: &[u8; N], cell: &[u8; N], kinds: &mut [u8; N]) -> Seen {
    let mask = |is: bool| 0u8.wrapping_sub(u8::from(is));
    let (mut digit, mut letter, mut other) = ([0; N], [0; N], [0; N]);
    for i in 0..N {
        let sign = mask(b[i].wrapping_sub(b'(') < 8) & mask(b[i] != b'*') | mask(b[i] == b' ') | mask(b[i] == b':');
        digit[i] = mask(b[i].wrapping_sub(b'0') < 10) & cell[i];
        letter[i] = mask((b[i] | 0x20).wrapping_sub(b'a') < 26) & cell[i];
        other[i] = cell[i] & !(digit[i] | letter[i] | sign);
    }
    let mut behind = [0; N];
    for i in 1..N {
        behind[i] = digit[i - 1] | letter[i - 1];
    }
    let mut open = [0; N];
    for i in 0..N {
        let kept = mask(b[i] < b'2') & digit[i] & !behind[i];
        open[i] = digit[i] & !kept;
        let number = kept & (FIRST + (b[i] & 1)) | !kept & DIGIT;
        kinds[i] = cell[i] & (digit[i] & number | !digit[i] & b[i]);
    }
    let words = |masks: &[u8; N]| {
        masks.as_chunks::<8>().0.iter().map(|c| u64::from_le_bytes(*c)).fold((0, 0), |(any, n), w| (any | w, n + (w & ONES)))
    };
    let ((letters, n), (digits, _), (open, _), (other, _)) = (words(&letter), words(&digit), words(&open), words(&other));
    Seen { other: other != 0, letters: (n.wrapping_mul(ONES) >> 56) as u32, words: letters | digits != 0, open: open != 0 }
}

/// The lowest bit of each byte.
const ONES: u64 = u64::MAX / 255;

/// For each digit at a place: which of the first 64 questions allow it.
type Digits = [u64; 10];

/// What is known of an outline: questions, half-open ranges of [`Outlines`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Plan {
    /// Of the column's type.
    typed: Option<(u32, u32)>,
    /// Of all that begins in such a cell.
    all: Option<(u32, u32)>,
    /// In `digits`, one for each byte of the cell up to the last whose digit is asked for; half-open.
    digits: (u32, u32),
}

/// What a thread remembers of a column.
#[derive(Clone, Debug, Default)]
struct Field {
    /// Cells asked for, those without an outline among them, and those whose outline was known.
    asked: u32,
    found: u32,
    /// For which quiet patterns and for which type its outlines were taken.
    sampled: Box<[u64]>,
    typed: Option<Typed>,
    is_checked: bool,
    /// The last two outlines, the newest first, and their plans: of no cell where there is none.
    last: [([u8; LONGEST], u32); 2],
}

/// What is known of a cell's outline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Looked {
    /// It has none, or it is not worth while.
    None,
    New,
    /// The number of its plan.
    Known(u32),
}

/// What a thread remembers of outlines.
#[derive(Default)]
pub(super) struct Outlines {
    slots: Vec<Option<(Outline, u32)>>,
    plans: Vec<Plan>,
    asks: Vec<Ask>,
    digits: Vec<Digits>,
    fields: Vec<Field>,
    current: Outline,
}

impl Outlines {
    /// Another member follows, or other columns.
    pub fn clear(&mut self) {
        self.forget();
        self.fields.clear();
    }

    fn forget(&mut self) {
        self.slots.clear();
        self.plans.clear();
        self.asks.clear();
        self.digits.clear();
        self.fields.iter_mut().for_each(|f| f.last = Default::default());
    }

    /// As if cells of no column had outlines that repeat.
    #[cfg(test)]
    pub fn give_up(&mut self) {
        self.fields = vec![Field { asked: TRIAL, ..Field::default() }; 64];
    }

    /// Another batch follows: what its columns hold may have changed.
    pub fn begin(&mut self) {
        self.fields.iter_mut().for_each(|f| f.is_checked = false);
    }

    /// What is known of a cell, if cells of its field have outlines that repeat, as far as is known; [`Outlines::current`] is its outline then.
    /// `sampled`: the quiet patterns that are tried in the field; `typed`: what it holds. What was learnt under others is forgotten.
    #[inline]
    pub fn find(&mut self, (field, text, start, end): (u32, &[u8], usize, usize), sampled: &[u64], typed: Option<&Typed>) -> Looked {
        let i = field as usize;
        if self.fields.len() <= i {
            self.fields.resize_with(i + 1, Field::default);
        }
        let f = &self.fields[i];
        if f.asked >= TRIAL && f.found < f.asked / 4 {
            return Looked::None;
        }
        if !f.is_checked {
            self.check(field, sampled, typed);
        }
        let f = &mut self.fields[i];
        f.asked = f.asked.saturating_add(1);
        if !self.current.set(field, text, start, end) {
            return Looked::None;
        }
        for last in &f.last {
            if last.0 == self.current.kinds {
                f.found = f.found.saturating_add(1);
                return Looked::Known(last.1);
            }
        }
        match self.slots.get(self.current.slot()) {
            Some(Some((outline, plan))) if *outline == self.current => {
                f.found = f.found.saturating_add(1);
                f.last = [(outline.kinds, *plan), f.last[0]];
                Looked::Known(*plan)
            }
            _ => Looked::New,
        }
    }

    /// The outline that was looked for last.
    pub fn current(&self) -> Outline {
        self.current
    }

    fn check(&mut self, field: u32, sampled: &[u64], typed: Option<&Typed>) {
        let f = &mut self.fields[field as usize];
        f.is_checked = true;
        if *f.sampled != *sampled || f.typed.as_ref() != typed {
            (f.sampled, f.typed, f.last) = (sampled.into(), typed.cloned(), Default::default());
            self.slots.iter_mut().filter(|s| s.is_some_and(|o| o.0.field == field)).for_each(|s| *s = None);
        }
    }

    /// What a cell of an outline is asked in its column of a type, if that is known.
    #[inline]
    pub fn typed(&self, plan: u32) -> Option<&[Ask]> {
        self.plans[plan as usize].typed.map(|(from, to)| &self.asks[from as usize..to as usize])
    }

    /// What the cell `bytes` of an outline is asked, in order, if that is known: what does not allow its digits is left out.
    #[inline]
    pub fn all(&self, plan: u32, bytes: &[u8]) -> Option<impl Iterator<Item = Ask>> {
        let plan = &self.plans[plan as usize];
        let (from, to) = plan.all?;
        let asks = &self.asks[from as usize..to as usize];
        let mut allowed = if asks.is_empty() { 0 } else { u64::MAX };
        for (b, digits) in bytes.iter().zip(&self.digits[plan.digits.0 as usize..plan.digits.1 as usize]) {
            if let Some(by) = digits.get(usize::from(b.wrapping_sub(b'0'))) {
                allowed &= by;
                // Most are decided by their first digits.
                if allowed == 0 {
                    break;
                }
            }
        }
        Some(bits(allowed).take_while(|i| *i < asks.len()).map(|i| asks[i]).chain(asks.iter().skip(64).copied()))
    }

    /// Remembers what a cell of the current outline is asked in its column of a type; gives the number of its plan.
    pub fn keep_typed(&mut self, asks: &[Ask]) -> u32 {
        let plan = self.plan(asks.len(), 0);
        let from = self.asks.len() as u32;
        self.asks.extend_from_slice(asks);
        self.plans[plan as usize].typed = Some((from, self.asks.len() as u32));
        plan
    }

    /// Remembers what a cell of the current outline is asked, in order.
    pub fn keep(&mut self, asks: &[Ask], patterns: &[Pattern]) {
        // Where nothing is asked, nothing is of digits.
        let len = if asks.is_empty() { 0 } else { self.current.len as usize };
        let plan = self.plan(asks.len(), len);
        let from = self.asks.len() as u32;
        self.asks.extend_from_slice(asks);
        // PRIVACY: all digits that the patterns allow, not those of the cell.
        let at = self.digits.len();
        self.digits.resize(at + len, [u64::MAX; 10]);
        for (i, ask) in asks.iter().enumerate().take(64) {
            let prefix = &patterns[ask.step.pattern as usize].prefix;
            for (by, set) in self.digits[at..].iter_mut().skip(ask.step.at as usize).zip(prefix) {
                for (m, b) in by.iter_mut().zip(b'0'..) {
                    *m &= !(u64::from(!set.has(b)) << i);
                }
            }
        }
        // PERF: most patterns ask for the first few digits alone.
        let told = self.digits[at..].iter().rposition(|by| *by != [u64::MAX; 10]).map_or(0, |last| last + 1);
        self.digits.truncate(at + told);
        let known = &mut self.plans[plan as usize];
        (known.all, known.digits) = (Some((from, self.asks.len() as u32)), (at as u32, self.digits.len() as u32));
    }

    /// The number of the current outline's plan; there is room for so many more questions and bytes.
    fn plan(&mut self, asks: usize, bytes: usize) -> u32 {
        let outline = self.current;
        if self.slots.is_empty()
            || self.asks.len() + asks > MOST_ASKS
            || self.digits.len() + bytes > MOST_BYTES
            || self.plans.len() >= MOST_BYTES
        {
            self.forget();
            self.slots.resize(SLOTS, None);
        }
        let slot = &mut self.slots[outline.slot()];
        match slot {
            Some((known, plan)) if *known == outline => *plan,
            _ => {
                let plan = self.plans.len() as u32;
                self.plans.push(Plan::default());
                *slot = Some((outline, plan));
                plan
            }
        }
    }
}

#[cfg(test)]
#[path = "outline_tests.rs"]
mod tests;
