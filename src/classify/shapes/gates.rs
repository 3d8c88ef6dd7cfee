//! First looks at a place, before its key is made: whether anything can begin there, by a few numbers and kinds.

use super::Shapes;
use super::kinds::{DIGIT, HIGH, KIND, KINDS, LOWER, ONE, UNDERSCORE, UPPER, View, ZERO, is_word};
use crate::classify::facts::{self, ByteSet, PREFIX, RUN};
use crate::classify::pattern::Pattern;
use crate::classify::tables::{form_of, letter_bit};

/// Longer groups of digits are not told apart.
pub(super) const LONG_GROUP: usize = 15;

/// So many letters before the first digit are not told apart.
pub(super) const MANY_LETTERS: usize = 9;

#[inline]
fn group_at(first: u8, digits: usize, next: u8, behind: u8) -> usize {
    let first = usize::from(first == ZERO) | usize::from(first == ONE) << 1;
    first << 12 | digits << 8 | usize::from(next) << 4 | usize::from(behind)
}

#[inline]
fn two_at(digits: usize, sign: u8, more: usize, next: u8) -> usize {
    digits << 12 | usize::from(sign) << 8 | more << 4 | usize::from(next)
}

#[inline]
fn mixed_at(first: u8, second: u8, letters: usize, run: usize) -> usize {
    ((usize::from(first - UPPER) * 4 + usize::from(second - DIGIT)) * (MANY_LETTERS - 1) + letters - 1) * (RUN + 1) + run
}

#[inline]
fn lead_at(first: u8, second: u8, letters: usize, sign: u8) -> usize {
    ((usize::from(first - UPPER) * 3 + usize::from(second - UPPER)) * MANY_LETTERS + letters) * 16 + usize::from(sign)
}

#[inline]
pub(super) fn and(all: &mut [u64], with: &[u64]) {
    all.iter_mut().zip(with).for_each(|(a, b)| *a &= b);
}

#[inline]
fn or(mut all: Vec<u64>, with: &[u64]) -> Vec<u64> {
    all.iter_mut().zip(with).for_each(|(a, b)| *a |= b);
    all
}

/// Whether one has a bit that the other has.
#[inline]
fn meets(some: &[u64], with: &[u64]) -> bool {
    some.iter().zip(with).any(|(a, b)| a & b != 0)
}

/// What some patterns can begin with, a bit for each form.
pub(super) struct Gates {
    /// So many digits and two bytes of these kinds behind them.
    groups: Box<[u64; 256]>,
    /// Two bytes of these kinds, so many letters in all, and a digit, in a token so long.
    mixed: Box<[u64; 64]>,
    /// Two bytes of these kinds, so many letters in all, a sign of this kind and a digit.
    leads: Box<[u64; 64]>,
}

/// What can begin at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::classify) enum Gate {
    Nothing,
    /// Only what needs something beside it.
    Bound,
    Anything,
}

impl Gate {
    /// The same where `bound`: only what needs something beside it can begin.
    #[inline]
    pub fn but(self, bound: bool) -> Gate {
        if bound && self == Gate::Anything { Gate::Bound } else { self }
    }
}

impl Gates {
    pub fn none() -> Gates {
        Gates { groups: Box::new([0; 256]), mixed: Box::new([0; 64]), leads: Box::new([0; 64]) }
    }

    /// Of those patterns whose bits are set.
    pub fn new(shapes: &Shapes, of: &[u64]) -> Gates {
        let mut gates = Gates::none();
        for first in [DIGIT, ZERO, ONE] {
            gates.make_groups(shapes, of, first);
        }
        gates.make_mixed(shapes, of);
        gates.make_leads(shapes, of);
        gates
    }

    fn make_groups(&mut self, shapes: &Shapes, of: &[u64], first: u8) {
        let (mut all, mut some) = (of.to_vec(), of.to_vec());
        and(&mut all, shapes.row(0, first));
        for digits in 1..LONG_GROUP {
            if digits > 1 {
                and(&mut all, shapes.row(digits - 1, DIGIT));
            }
            for next in 0..=HIGH {
                some.copy_from_slice(&all);
                and(&mut some, shapes.row(digits, next));
                if !is_word(next) {
                    and(&mut some, shapes.follow(digits, next));
                }
                let any = some.iter().any(|m| *m != 0);
                for behind in (0..=HIGH).take_while(|_| any) {
                    if next == 0 || meets(&some, shapes.row(digits + 1, behind)) {
                        let at = group_at(first, digits, next, behind);
                        self.groups[at / 64] |= 1 << (at % 64);
                    }
                }
            }
        }
    }

    fn make_mixed(&mut self, shapes: &Shapes, of: &[u64]) {
        // By the length of a token: which patterns it can begin.
        let any = |run: usize| (0..KINDS as u8).fold(vec![0; shapes.stride], |all, k| or(all, shapes.follow(run, k)));
        let runs: Vec<Vec<u64>> = (0..=RUN).map(any).collect();
        for first in [UPPER, LOWER, UNDERSCORE] {
            for second in DIGIT..=UNDERSCORE {
                let mut all = of.to_vec();
                and(&mut all, shapes.row(0, first));
                and(&mut all, shapes.row(1, second));
                for letters in 1..MANY_LETTERS {
                    if (letters == 1) != (second == DIGIT) {
                        continue;
                    }
                    if letters > 2 {
                        all = shapes.and_any(&all, letters - 1, UPPER..=UNDERSCORE);
                    }
                    let mut some = all.clone();
                    and(&mut some, shapes.row(letters, DIGIT));
                    for (run, begun) in runs.iter().enumerate().skip(letters + 1) {
                        if meets(&some, begun) {
                            let at = mixed_at(first, second, letters, run);
                            self.mixed[at / 64] |= 1 << (at % 64);
                        }
                    }
                }
            }
        }
    }

    fn make_leads(&mut self, shapes: &Shapes, of: &[u64]) {
        let words = [UPPER, LOWER, UNDERSCORE];
        let mut some = of.to_vec();
        for (first, letters) in words.iter().flat_map(|f| (1..MANY_LETTERS).map(move |n| (*f, n))) {
            // A single letter has no second one: the sign stands for it.
            for second in if letters == 1 { vec![UPPER] } else { words.to_vec() } {
                let mut all = of.to_vec();
                and(&mut all, shapes.row(0, first));
                if letters > 1 {
                    and(&mut all, shapes.row(1, second));
                }
                for k in 2..letters {
                    all = shapes.and_any(&all, k, words.into_iter());
                }
                and(&mut all, shapes.row(letters + 1, DIGIT));
                for sign in (0..=HIGH).filter(|k| *k != 0 && !is_word(*k)) {
                    some.copy_from_slice(&all);
                    and(&mut some, shapes.row(letters, sign));
                    if meets(&some, shapes.follow(letters, sign)) {
                        let at = lead_at(first, second, letters, sign);
                        self.leads[at / 64] |= 1 << (at % 64);
                    }
                }
            }
        }
    }
}

impl Shapes {
    /// The bits of `of` and those of any of `kinds` at a position.
    fn and_any(&self, of: &[u64], position: usize, kinds: impl Iterator<Item = u8>) -> Vec<u64> {
        let mut any = kinds.fold(vec![0; of.len()], |all, k| or(all, self.row(position, k)));
        and(&mut any, of);
        any
    }

    pub(super) fn make_two_groups(&mut self, of: &[u64]) {
        let mut all = self.and_any(of, 0, [DIGIT, ZERO, ONE].into_iter());
        for digits in 1..LONG_GROUP {
            if digits > 1 {
                and(&mut all, self.row(digits - 1, DIGIT));
            }
            for sign in (1..=HIGH).filter(|k| !is_word(*k)) {
                let mut some = all.clone();
                and(&mut some, self.row(digits, sign));
                and(&mut some, self.follow(digits, sign));
                for more in 1..(PREFIX - digits - 1) {
                    and(&mut some, self.row(digits + more, DIGIT));
                    if some.iter().all(|m| *m == 0) {
                        break;
                    }
                    for next in 0..=HIGH {
                        if meets(&some, self.row(digits + more + 1, next)) {
                            let at = two_at(digits, sign, more, next);
                            self.two_groups[at / 64] |= 1 << (at % 64);
                        }
                    }
                }
            }
        }
    }

    pub(super) fn make_led(&mut self, of: &[u64]) {
        // By position: which allow something else than a digit.
        let others = |at| (0..=HIGH).filter(|k| *k != DIGIT).fold(vec![0; self.stride], |all, k| or(all, self.row(at, k)));
        let others: Vec<Vec<u64>> = (0..PREFIX).map(others).collect();
        for (first, letters) in [UPPER, LOWER, UNDERSCORE].into_iter().flat_map(|f| (1..MANY_LETTERS).map(move |n| (f, n))) {
            let mut all = of.to_vec();
            and(&mut all, self.row(0, first));
            for k in 1..letters {
                all = self.and_any(&all, k, [UPPER, LOWER, UNDERSCORE].into_iter());
            }
            all = self.and_any(&all, letters, (1..=HIGH).filter(|k| !is_word(*k)));
            for digits in 1..=LONG_GROUP {
                let place = letters + digits;
                if place < PREFIX {
                    and(&mut all, self.row(place, DIGIT));
                }
                let ends = place + 1 >= PREFIX || digits == LONG_GROUP || meets(&all, &others[place + 1]);
                if ends && all.iter().any(|m| *m != 0) {
                    self.led[usize::from(first - UPPER)][letters] |= 1 << digits;
                }
            }
        }
    }

    /// Whether a value that needs nothing beside it can begin at `at` with so many letters, a sign, and so many digits.
    #[inline]
    pub fn may_lead(&self, bytes: &[u8], at: usize, letters: usize, digits: usize) -> bool {
        let first = KIND[usize::from(bytes[at])];
        letters >= MANY_LETTERS
            || !(UPPER..=UNDERSCORE).contains(&first)
            || self.led[usize::from(first - UPPER)][letters] >> digits.min(LONG_GROUP) & 1 != 0
    }

    /// What can begin where this bit of these tables stands.
    #[inline]
    fn gate(&self, of: impl Fn(&Gates) -> &[u64], bit: usize) -> Gate {
        let has = |g: &Gates| of(g)[bit / 64] & 1 << (bit % 64) != 0;
        match has(&self.any) {
            false => Gate::Nothing,
            true if has(&self.free) => Gate::Anything,
            true => Gate::Bound,
        }
    }

    /// What can begin at `at` with so many letters, the sign behind them and a digit.
    #[inline]
    pub fn may_precede(&self, bytes: &[u8], at: usize, letters: usize) -> Gate {
        let kind = |i: usize| KIND[usize::from(bytes[i])];
        let second = if letters == 1 { UPPER } else { kind(at + 1) };
        if letters >= MANY_LETTERS || !(UPPER..=UNDERSCORE).contains(&kind(at)) || !(UPPER..=UNDERSCORE).contains(&second) {
            // With a digit in it, it was looked at for itself.
            return if letters >= MANY_LETTERS { Gate::Anything } else { Gate::Nothing };
        }
        self.gate(|g| &g.leads[..], lead_at(kind(at), second, letters, kind(at + letters)))
    }

    /// What can begin with a number that begins with so many digits, and its form (see `tables::form`).
    #[inline]
    pub fn may_begin(&self, view: View, digits: usize) -> (Gate, usize) {
        let next = view.kind(digits);
        let form = form_of(digits, next);
        if digits >= LONG_GROUP {
            return (Gate::Anything, form);
        }
        let mut gate = self.gate(|g| &g.groups[..], group_at(view.kind(0), digits, next, view.kind(digits + 1)));
        // Two groups of digits need more than the first.
        if gate == Gate::Anything && next != 0 && !is_word(next) {
            let more = view.digits_from(digits + 1);
            if more > 0 && digits + more + 1 < PREFIX {
                let at = two_at(digits, next, more, view.kind(digits + 1 + more));
                if self.two_groups[at / 64] & 1 << (at % 64) == 0 {
                    gate = Gate::Bound;
                }
            }
        }
        (gate, form)
    }

    /// Whether a value may begin with letters, fewer than [`MANY_LETTERS`], and this sign behind them: a cheap look before all else.
    #[inline]
    pub fn may_lead_by(&self, sign: u8) -> bool {
        self.lead >= MANY_LETTERS || self.leading_signs.has(sign)
    }

    /// Whether a value may begin with the letters at `at`, so many of them, and the sign behind them: a cheap look before
    /// [`Shapes::may_precede`].
    #[inline]
    pub fn may_lead_at(&self, bytes: &[u8], at: usize, letters: usize) -> bool {
        if letters >= MANY_LETTERS {
            return true;
        }
        let sign = usize::from(bytes[at + letters]);
        let (firsts, seconds) = self.leading[letters * 256 + sign];
        firsts & letter_bit(bytes[at]) != 0 && (letters == 1 || seconds & letter_bit(bytes[at + 1]) != 0)
    }

    /// By the number of letters and the sign behind them: which letters values begin with that have a digit behind the sign, and
    /// which come second.
    pub(super) fn make_leading(&mut self, p: &Pattern) {
        for letters in 1..MANY_LETTERS.min(p.lead + 1) {
            let next = p.prefix.get(letters + 1);
            let within = p.prefix[1..letters].iter().all(|set| set.meets(&ByteSet::WORD));
            if !within || next.is_some_and(|set| !set.meets(&ByteSet::DIGITS)) {
                continue;
            }
            let bits = |set: &ByteSet| set.and(&ByteSet::WORD).bytes().fold(0, |m, b| m | letter_bit(b));
            let (first, second) = (bits(&p.prefix[0]), bits(&p.prefix[1]));
            for sign in p.prefix[letters].bytes().filter(|b| !facts::is_word(*b)) {
                let of = &mut self.leading[letters * 256 + usize::from(sign)];
                *of = (of.0 | first, of.1 | second);
                self.leading_signs.insert(sign);
            }
        }
    }

    /// What can begin at `at` with so many letters and then a digit, in a token of `run` bytes (up to [`RUN`]).
    #[inline]
    pub fn may_mix(&self, bytes: &[u8], at: usize, letters: usize, run: usize) -> Gate {
        if letters >= MANY_LETTERS {
            return Gate::Anything;
        }
        let kind = |i: usize| bytes.get(i).map_or(0, |b| KIND[usize::from(*b)]);
        self.gate(|g| &g.mixed[..], mixed_at(kind(at), kind(at + 1), letters, run))
    }
}
