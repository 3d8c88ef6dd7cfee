//! Numbers of persons and companies that the states of Europe issue.
//!
//! A file a region; here is what they share. All are exact about the separators they take (blank, `-`, `.`, `/`): any other
//! byte that is no letter or digit ends it.

pub mod balkans;
#[cfg(test)]
pub(crate) mod cases;
pub mod east;
pub mod germany;
pub mod isles;
pub mod north;
pub mod south;
pub mod vat;
pub mod west;

use super::dates::THIS_YEAR;
use super::luhn;

/// Letters in upper case and digits of a value, at most 24, without its separators.
pub(super) struct Code {
    c: [u8; 24],
    n: usize,
}

impl Code {
    /// `None` if there is anything else but letters, digits and separators, or too much of it.
    pub fn of(raw: &[u8]) -> Option<Code> {
        let mut out = Code { c: [0; 24], n: 0 };
        for b in raw {
            if b.is_ascii_alphanumeric() {
                *out.c.get_mut(out.n)? = b.to_ascii_uppercase();
                out.n += 1;
            } else if !b" -./".contains(b) {
                return None;
            }
        }
        Some(out)
    }

    pub fn get(&self) -> &[u8] {
        &self.c[..self.n]
    }

    /// What stands behind a country's prefix, or all if there is no prefix.
    pub fn behind(&self, prefix: &[u8]) -> &[u8] {
        self.get().strip_prefix(prefix).unwrap_or(self.get())
    }
}

/// Exactly `N` digits with separators or without, not all the same.
pub(super) fn digits<const N: usize>(raw: &[u8]) -> Option<[u8; N]> {
    Code::of(raw).and_then(|c| values(c.get())).filter(|d: &[u8; N]| d.windows(2).any(|w| w[0] != w[1]))
}

/// The values of exactly `N` digits.
pub(super) fn values<const N: usize>(code: &[u8]) -> Option<[u8; N]> {
    let code: &[u8; N] = code.try_into().ok()?;
    code.iter().all(u8::is_ascii_digit).then(|| code.map(|b| b - b'0'))
}

/// The sum of the digits, each times its weight; the shorter list decides how many.
pub(super) fn weighted(d: &[u8], weights: &[u32]) -> u32 {
    d.iter().zip(weights).map(|(&d, w)| u32::from(d) * w).sum()
}

/// The sum of the digits, each times its weight, products of two digits taken as the sum of both.
pub(super) fn cross_sum(d: &[u8], weights: &[u32]) -> u32 {
    d.iter().zip(weights).map(|(&d, w)| u32::from(d) * w).map(|p| p / 10 + p % 10).sum()
}

/// The digits as one number; at most 18 of them.
pub(super) fn number(d: &[u8]) -> u64 {
    d.iter().take(18).fold(0, |n, &d| n * 10 + u64::from(d))
}

/// What is left of the digits, taken as one number, modulo `m`.
pub(super) fn rest(d: &[u8], m: u32) -> u32 {
    d.iter().fold(0, |r, &d| (r * 10 + u32::from(d)) % m)
}

/// A digit or letter as in machine-readable documents: 0 to 9, A is 10, Z is 35.
pub(super) fn value36(b: u8) -> u8 {
    match b {
        b'0'..=b'9' => b - b'0',
        b'A'..=b'Z' => b - b'A' + 10,
        _ => 0,
    }
}

/// ICAO 9303: digits and letters times 7, 3, 1, modulo 10.
pub(super) fn icao_check(code: &[u8]) -> u32 {
    code.iter().zip([7, 3, 1].iter().cycle()).map(|(&b, w)| u32::from(value36(b)) * w).sum::<u32>() % 10
}

/// Whether the check digit at the end is right by ISO/IEC 7064 MOD 11,10.
pub(super) fn mod_11_10(d: &[u8]) -> bool {
    let Some((&check, front)) = d.split_last() else { return false };
    let product = front.iter().fold(10, |p, &d| {
        let s = (p + u32::from(d)) % 10;
        (if s == 0 { 10 } else { s }) * 2 % 11
    });
    (product + u32::from(check)) % 10 == 1
}

/// Whether the check digit at the end is right by Verhoeff's scheme (the dihedral group of order ten).
pub(super) fn verhoeff(d: &[u8]) -> bool {
    const PERMUTED: [u8; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    let product = |a: u8, b: u8| match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => 5 + (a + b - 5) % 5,
        (false, true) => 5 + (a - 5 + 5 - b) % 5,
        (false, false) => (a + 5 - b) % 5,
    };
    let permuted = |d: u8, times: usize| (0..times % 8).fold(d, |d, _| PERMUTED[usize::from(d % 10)]);
    !d.is_empty() && d.iter().rev().enumerate().fold(0, |c, (i, &d)| product(c, permuted(d, i))) == 0
}

/// Two digits as a number.
pub(super) fn two(d: &[u8], at: usize) -> u32 {
    d.get(at..at + 2).map_or(0, |p| u32::from(p[0]) * 10 + u32::from(p[1]))
}

/// A day of the calendar, not after this year.
pub(super) fn day(year: u32, month: u32, of_month: u32) -> bool {
    year <= *THIS_YEAR && calendar(year, month, of_month)
}

/// A day of the calendar, of any time.
pub(super) fn calendar(year: u32, month: u32, of_month: u32) -> bool {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        _ => return false,
    };
    (1..=days).contains(&of_month)
}

/// A day whose century is not told.
pub(super) fn day_of_some_century(year: u32, month: u32, of_month: u32) -> bool {
    day(1900 + year, month, of_month) || day(2000 + year, month, of_month)
}

/// The number of a European health insurance card: `80` (the industry: health), a country of Europe as in ISO 3166, the
/// insurer and its customer, 20 digits in all. See decision S1 of the Administrative Commission, OJ C 106 of 24 April 2010.
pub fn ehic(raw: &[u8]) -> bool {
    /// AT BE BG CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK.
    const COUNTRIES: [u32; 32] = [
        40, 56, 100, 756, 196, 203, 276, 208, 233, 724, 246, 250, 826, 300, 191, 348, 372, 352, 380, 438, 440, 442, 428, 470, 528, 578,
        616, 620, 642, 752, 705, 703,
    ];
    digits::<20>(raw).is_some_and(|d| d[0] == 8 && d[1] == 0 && COUNTRIES.contains(&rest(&d[2..5], 1000)))
}

/// Nine to fourteen digits, Luhn.
fn luhn_of<const N: usize>(raw: &[u8]) -> bool {
    digits::<N>(raw).is_some_and(|d| luhn(&d))
}
