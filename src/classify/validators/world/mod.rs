//! Numbers of the countries outside Europe and the United States, by region.
//!
//! The algorithms are those the issuing offices publish, or that are generally known where an office is silent; each function
//! says which. What is known of a number beside its check digit (dates, regions, kinds of holders) is checked too.

pub mod africa;
pub mod brazil;
pub mod east_asia;
pub mod general;
pub mod latin_america;
pub mod middle_east;
pub mod north_america;
pub mod oceania;
pub mod south_asia;
pub mod southeast_asia;

#[cfg(test)]
pub(super) mod cases;

/// What may stand between the parts of a number.
fn is_separator(b: u8) -> bool {
    matches!(b, b' ' | b'-' | b'.' | b'/' | b':' | b'_' | b'(' | b')' | b'[' | b']' | b'*')
}

/// The `N` digits of a value that holds nothing else but separators.
pub(crate) fn digits<const N: usize>(raw: &[u8]) -> Option<[u32; N]> {
    let mut out = [0; N];
    let mut n = 0;
    for &b in raw {
        if b.is_ascii_digit() {
            *out.get_mut(n)? = u32::from(b - b'0');
            n += 1;
        } else if !is_separator(b) {
            return None;
        }
    }
    (n == N).then_some(out)
}

/// The `N` letters (as capitals) and digits of a value that holds nothing else but separators.
pub(crate) fn alnum<const N: usize>(raw: &[u8]) -> Option<[u8; N]> {
    let mut out = [0; N];
    let mut n = 0;
    for &b in raw {
        if b.is_ascii_alphanumeric() {
            *out.get_mut(n)? = b.to_ascii_uppercase();
            n += 1;
        } else if !is_separator(b) {
            return None;
        }
    }
    (n == N).then_some(out)
}

/// The digits of text digits, `None` if one is none.
pub(crate) fn values<const N: usize>(text: &[u8]) -> Option<[u32; N]> {
    let mut out = [0; N];
    if text.len() != N {
        return None;
    }
    for (slot, b) in out.iter_mut().zip(text) {
        *slot = b.is_ascii_digit().then(|| u32::from(b - b'0'))?;
    }
    Some(out)
}

/// The sum of digits times weights, pairwise.
pub(crate) fn weigh(d: &[u32], weights: &[u32]) -> u32 {
    d.iter().zip(weights).map(|(d, w)| d * w).sum()
}

/// Digits as a number; at most nine of them.
pub(crate) fn number(d: &[u32]) -> u32 {
    d.iter().take(9).fold(0, |n, d| n * 10 + d)
}

/// Whether all digits are the same: a filler.
pub(crate) fn same(d: &[u32]) -> bool {
    d.windows(2).all(|w| w[0] == w[1])
}

/// Whether the last digit checks the others by ISO/IEC 7812 (Luhn).
pub(crate) fn luhn(d: &[u32]) -> bool {
    let double = |(i, d): (usize, &u32)| if i % 2 == 0 { *d } else { d * 2 - if *d > 4 { 9 } else { 0 } };
    d.iter().rev().enumerate().map(double).sum::<u32>() % 10 == 0
}

/// Whether the last digit checks the others as in EAN codes: weights 1 and 3 from the right.
pub(crate) fn ean(d: &[u32]) -> bool {
    d.iter().rev().enumerate().map(|(i, d)| d * if i % 2 == 0 { 1 } else { 3 }).sum::<u32>() % 10 == 0
}

const VERHOEFF_PRODUCT: [[u8; 10]; 10] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    [1, 2, 3, 4, 0, 6, 7, 8, 9, 5],
    [2, 3, 4, 0, 1, 7, 8, 9, 5, 6],
    [3, 4, 0, 1, 2, 8, 9, 5, 6, 7],
    [4, 0, 1, 2, 3, 9, 5, 6, 7, 8],
    [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
    [6, 5, 9, 8, 7, 1, 0, 4, 3, 2],
    [7, 6, 5, 9, 8, 2, 1, 0, 4, 3],
    [8, 7, 6, 5, 9, 3, 2, 1, 0, 4],
    [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
];

const VERHOEFF_ORDER: [[u8; 10]; 8] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    [1, 5, 7, 6, 2, 8, 3, 0, 9, 4],
    [5, 8, 0, 3, 7, 9, 6, 1, 4, 2],
    [8, 9, 1, 6, 0, 4, 3, 5, 2, 7],
    [9, 4, 5, 3, 1, 2, 6, 8, 7, 0],
    [4, 2, 8, 6, 5, 7, 3, 9, 0, 1],
    [2, 7, 9, 3, 8, 0, 6, 4, 1, 5],
    [7, 0, 4, 6, 9, 1, 3, 2, 5, 8],
];

/// Whether the last digit checks the others by Verhoeff's scheme.
pub(crate) fn verhoeff(d: &[u32]) -> bool {
    let step = |c: u8, (i, d): (usize, &u32)| VERHOEFF_PRODUCT[usize::from(c)][usize::from(VERHOEFF_ORDER[i % 8][*d as usize % 10])];
    d.iter().rev().enumerate().fold(0, step) == 0
}

/// Whether such a day exists; `year` with its century.
pub(crate) fn is_day(year: u32, month: u32, day: u32) -> bool {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let longest = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 0,
    };
    (1..=longest).contains(&day)
}

/// Whether the six digits are a day as `yymmdd` of this or the last century.
pub(crate) fn is_yymmdd(d: &[u32]) -> bool {
    d.len() == 6 && is_day(2000 + number(&d[..2]), number(&d[2..4]), number(&d[4..]))
}

/// Whether the six digits are a day as `ddmmyy` of this or the last century.
pub(crate) fn is_ddmmyy(d: &[u32]) -> bool {
    d.len() == 6 && is_day(2000 + number(&d[4..]), number(&d[2..4]), number(&d[..2]))
}

/// Whether the eight digits are a day as `yyyymmdd` on which someone alive can be born.
pub(crate) fn is_birth_day(d: &[u32]) -> bool {
    let year = number(d.get(..4).unwrap_or(&[]));
    d.len() == 8 && (1900..=this_year()).contains(&year) && is_day(year, number(&d[4..6]), number(&d[6..]))
}

/// The current year.
fn this_year() -> u32 {
    use std::sync::LazyLock;
    static YEAR: LazyLock<u32> =
        LazyLock::new(|| u32::try_from(crate::base::Timestamp::now().0 / 31_556_952_000 + 1970).unwrap_or(2026).clamp(2026, 2200));
    *YEAR
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_of_general_use() {
        // The worked examples of the schemes' descriptions.
        assert!(verhoeff(&[2, 3, 6, 3]) && !verhoeff(&[2, 3, 6, 4]) && !verhoeff(&[3, 2, 6, 3]));
        assert!(luhn(&[7, 9, 9, 2, 7, 3, 9, 8, 7, 1, 3]) && !luhn(&[7, 9, 9, 2, 7, 3, 9, 8, 7, 1, 4]));
        assert!(ean(&[4, 0, 0, 6, 3, 8, 1, 3, 3, 3, 9, 3, 1]) && !ean(&[4, 0, 0, 6, 3, 8, 1, 3, 3, 3, 9, 3, 2]));
    }

    /// Luhn, Verhoeff and the sums modulo a prime find every single wrong digit.
    #[test]
    fn no_digit_can_be_wrong() {
        let cases: &[(fn(&[u8]) -> bool, &[u8])] = &[
            (africa::ng_nin, b"12345678902"),
            (east_asia::cn_ric, b"11010519491231002X"),
            (latin_america::cl_rut, b"12345678-5"),
            (latin_america::do_cedula, b"00100000017"),
            (latin_america::mx_nss, b"12345678903"),
            (middle_east::ae_id, b"784-1980-1234567-8"),
            (middle_east::il_id, b"219472156"),
            (north_america::ca_bn, b"123456782"),
            (oceania::au_abn, b"51824753556"),
            (oceania::au_tfn, b"876543210"),
            (south_asia::in_aadhaar, b"399876543211"),
            (southeast_asia::sg_nric, b"S1234567D"),
        ];
        for (check, good) in cases {
            assert!(check(good), "{}", good.escape_ascii());
            for i in (0..good.len()).filter(|&i| good[i].is_ascii_digit()) {
                for other in (b'0'..=b'9').filter(|b| *b != good[i]) {
                    let mut bad = good.to_vec();
                    bad[i] = other;
                    assert!(!check(&bad), "{}", bad.escape_ascii());
                }
            }
        }
    }

    #[test]
    fn days_exist() {
        for (y, m, d, yes) in [(2000, 2, 29, true), (1900, 2, 29, false), (2023, 4, 31, false), (2023, 13, 1, false), (2023, 1, 0, false)] {
            assert_eq!(is_day(y, m, d), yes, "{y}-{m}-{d}");
        }
        assert!(is_birth_day(&[1, 9, 8, 5, 0, 3, 0, 4]) && !is_birth_day(&[2, 9, 8, 5, 0, 3, 0, 4]) && !is_birth_day(&[1, 9]));
        assert!(is_yymmdd(&[8, 5, 0, 3, 0, 4]) && !is_yymmdd(&[8, 5, 1, 3, 0, 4]) && is_ddmmyy(&[0, 4, 0, 3, 8, 5]));
    }

    #[test]
    fn only_separators_may_stand_between() {
        assert_eq!(digits::<4>(b"12-3.4"), Some([1, 2, 3, 4]));
        assert_eq!(digits::<4>(b"12a34"), None);
        assert_eq!(digits::<4>(b"12345"), None);
        assert_eq!(alnum::<4>(b"1a-(B) 2"), Some(*b"1AB2"));
        assert_eq!(alnum::<3>(b"1\xc3\xa92"), None);
    }
}
