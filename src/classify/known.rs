//! Published test values, and a first look that tells nearly all values from them before they are normalised.

use super::normalise::{Step, apply, has_two_hyphens};

/// Digits and letters of either case, numbered.
const SIGNS: usize = 36;

/// The test values of a classifier: normalised; one `*` at either end stands for anything.
#[derive(Clone, Debug, Default)]
pub(super) struct TestValues {
    values: Vec<String>,
    /// Which pairs of a first and a last letter or digit one of them has, a bit each.
    ends: [u64; (SIGNS * SIGNS).div_ceil(64)],
    /// Which last letters and digits, however they begin.
    lasts: u64,
    /// The last four digits that one of them has, a bit for each; empty if one has fewer or an open end, or where the look is not at digits.
    fours: Box<[u64]>,
    /// What is between such letters and digits may go, or change: the look is at these alone. `None`: it tells nothing.
    look: Option<Look>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    /// Only digits are kept.
    Digits,
    /// Letters and digits are.
    Signs,
    /// They are where no byte is beyond ASCII, and no label of a domain encodes one.
    Ascii,
    /// Digits are where there are no letters and no brackets.
    Phone,
    /// Letters and digits are where there is no colon.
    Net,
}

/// Whether a telephone number may begin with a country's code.
fn may_be_abroad(raw: &[u8]) -> bool {
    raw.contains(&b'+') || raw.iter().find(|b| b.is_ascii_digit()) == Some(&b'0')
}

/// The last four digits as a number; `None`: there are fewer, or the end is open.
fn last_four(value: &[u8]) -> Option<usize> {
    let mut digits = value.iter().rev().filter(|b| b.is_ascii_digit()).map(|b| usize::from(b - b'0'));
    let mut next = || digits.next();
    let (d, c, b, a) = (next()?, next()?, next()?, next()?);
    (value.last() != Some(&b'*')).then_some(a * 1000 + b * 100 + c * 10 + d)
}

fn number(b: u8) -> Option<usize> {
    match b {
        b'0'..=b'9' => Some(usize::from(b - b'0')),
        b'a'..=b'z' => Some(usize::from(b - b'a') + 10),
        b'A'..=b'Z' => Some(usize::from(b - b'A') + 10),
        _ => None,
    }
}

impl TestValues {
    /// Of the values of a file whose normalisation has these steps.
    pub fn new(values: Vec<String>, steps: &[Step]) -> TestValues {
        let look = match steps {
            [] => Some(Look::Signs),
            [Step::Email] => Some(Look::Ascii),
            [Step::Phone] => Some(Look::Phone),
            [Step::Lower, Step::Ip] => Some(Look::Net),
            _ if steps.iter().all(|s| matches!(s, Step::Alnum | Step::Upper | Step::Lower | Step::Blanks)) => Some(Look::Signs),
            _ if steps.iter().all(|s| matches!(s, Step::Digits | Step::Upper | Step::Lower | Step::Blanks)) => Some(Look::Digits),
            _ => None,
        };
        let (mut ends, mut lasts) = ([0; (SIGNS * SIGNS).div_ceil(64)], 0u64);
        for v in values.iter().map(|v| v.as_bytes()) {
            let (open, shut) = (v.first() == Some(&b'*'), v.last() == Some(&b'*'));
            let first = v.iter().find_map(|b| number(*b)).filter(|_| !open);
            let last = v.iter().rev().find_map(|b| number(*b)).filter(|_| !shut);
            let any = |sign: Option<usize>| sign.map_or(0..SIGNS, |s| s..s + 1);
            for pair in any(first).flat_map(|f| any(last).map(move |l| f * SIGNS + l)) {
                ends[pair / 64] |= 1 << (pair % 64);
                lasts |= 1 << (pair % SIGNS);
            }
        }
        let digits = !values.is_empty() && matches!(look, Some(Look::Digits | Look::Phone));
        let fours = if digits { values.iter().map(|v| last_four(v.as_bytes())).collect() } else { None };
        let fours = fours.map_or_else(Box::default, |all: Vec<usize>| {
            let mut marked = vec![0; 10_000usize.div_ceil(64)];
            all.iter().for_each(|n| marked[n / 64] |= 1 << (n % 64));
            marked.into()
        });
        TestValues { values, ends, lasts, fours, look }
    }

    /// As the file has them.
    #[cfg(test)]
    pub fn all(&self) -> &[String] {
        &self.values
    }

    /// Whether `raw` is one of them once it is normalised by `steps`; `normal` is overwritten, or left.
    pub fn has(&self, steps: &[Step], raw: &[u8], normal: &mut Vec<u8>) -> bool {
        self.may_have(raw) && apply(steps, raw, normal) && self.is_one(normal)
    }

    /// The first look.
    #[inline]
    fn may_have(&self, raw: &[u8]) -> bool {
        if self.values.is_empty() {
            return false;
        }
        let kept =
            |b: &u8| if matches!(self.look, Some(Look::Digits | Look::Phone)) { b.is_ascii_digit() } else { b.is_ascii_alphanumeric() };
        let (Some(first), Some(last)) = (raw.iter().find(|b| kept(b)), raw.iter().rev().find(|b| kept(b))) else { return true };
        let (Some(first), Some(last)) = (number(*first), number(*last)) else { return true };
        let pair = first * SIGNS + last;
        if self.ends[pair / 64] >> (pair % 64) & 1 != 0 {
            return self.may_end(raw);
        }
        match self.look {
            Some(Look::Digits | Look::Signs) => false,
            Some(Look::Ascii) => !raw.is_ascii() || has_two_hyphens(raw),
            // A country's code may be put before the first digit; a zero behind one goes.
            Some(Look::Phone) => {
                let odd = last == 0
                    || self.lasts >> last & 1 != 0
                    || raw.iter().any(|b| b.is_ascii_alphabetic() || matches!(b, b'#' | b'(' | b')'));
                odd && self.may_end(raw)
            }
            Some(Look::Net) => raw.contains(&b':'),
            None => true,
        }
    }

    /// Whether one of them may end as `raw` does.
    fn may_end(&self, raw: &[u8]) -> bool {
        if self.fours.is_empty() {
            return true;
        }
        let may = |raw: &[u8]| last_four(raw).is_none_or(|n| self.fours[n / 64] >> (n % 64) & 1 != 0);
        if self.look != Some(Look::Phone) {
            return may(raw);
        }
        // What stands behind a letter or a `#` may be an extension, and a zero in brackets may go. Of short numbers the last four may not stay:
        // before them there may be what one dials abroad, a country's code and a zero that goes.
        let (mut digits, mut behind) = (0, 0);
        for (i, b) in raw.iter().enumerate() {
            match b {
                b'0'..=b'9' => digits += 1,
                b')' => behind = i + 1,
                b'#' | b'a'..=b'z' | b'A'..=b'Z' => return true,
                _ => {}
            }
        }
        digits < 8 || digits < 11 && may_be_abroad(raw) || may(&raw[behind..])
    }

    /// Whether a normalised value is one of them.
    fn is_one(&self, value: &[u8]) -> bool {
        let (Some(first), Some(last)) = (value.first(), value.last()) else { return false };
        self.values.iter().any(|t| match t.as_bytes() {
            [b'*', end @ ..] => end.last() == Some(last) && value.ends_with(end),
            [start @ .., b'*'] => start.first() == Some(first) && value.starts_with(start),
            // PERF: a comparison of whole values is a call; of those of a kind, most differ at the end.
            whole => whole.last() == Some(last) && whole.len() == value.len() && value == whole,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::classify::Classifiers;

    #[test]
    fn the_first_look_loses_no_test_value() {
        let set = Classifiers::builtin();
        let mut normal = Vec::new();
        for c in (0..set.len()).map(|i| set.get(i as u16)) {
            for v in c.test_values.all() {
                for raw in [v.replace('*', ""), v.replace('*', "7"), v.replace('*', "-x "), v.to_uppercase().replace('*', "A9")] {
                    let slow = apply(&c.steps, raw.as_bytes(), &mut normal) && c.test_values.is_one(&normal);
                    assert_eq!(c.test_values.has(&c.steps, raw.as_bytes(), &mut normal), slow, "{} {raw}", c.id);
                }
            }
        }
    }

    proptest! {
        #[test]
        fn the_last_four_digits_lose_no_test_value(raw in "[+]?(00|011|1|44|49|0)?[ (]?0?[).-]?(4123|5555|0100|[0-9]{2,9})?[. -]?([0-9]{0,4}4123|555[- ]?5555|[0-9]{0,7}|123)(x12| ?ext 4123|[(]0[)])?") {
            let values = ["*5555555", "12345", "*4123", "+14155550100", "+44123", "4155550100"].map(str::to_owned).to_vec();
            for steps in [&[Step::Digits][..], &[Step::Phone], &[Step::Blanks, Step::Digits]] {
                let t = TestValues::new(values.clone(), steps);
                let mut normal = Vec::new();
                let slow = apply(steps, raw.as_bytes(), &mut normal) && t.is_one(&normal);
                prop_assert!(!t.fours.is_empty());
                prop_assert_eq!(t.has(steps, raw.as_bytes(), &mut normal), slow);
            }
        }

        #[test]
        fn the_first_look_agrees_with_the_second(raw in "[ +]?[(]?[0-9a-cA-C@.é(]{0,4}[-. )x#]{0,2}[0-57]{0,7}[)é0.]{0,3}") {
            let values = |v: &[&str]| v.iter().map(|v| (*v).to_owned()).collect::<Vec<_>>();
            for steps in [&[][..], &[Step::Digits], &[Step::Alnum, Step::Upper], &[Step::Email], &[Step::Phone], &[Step::Date], &[Step::Lower], &[Step::Lower, Step::Ip]] {
                let t = TestValues::new(values(&["*5555555", "1*", "a*", "+1*", "*00", "a@c.c", "12345", "0", "*1", "A1"]), steps);
                let mut normal = Vec::new();
                let slow = apply(steps, raw.as_bytes(), &mut normal) && t.is_one(&normal);
                prop_assert_eq!(t.has(steps, raw.as_bytes(), &mut normal), slow);
            }
        }
    }
}
