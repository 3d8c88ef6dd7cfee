//! Numbers that US authorities and banks give out.

use super::{Digits, dates, luhn_sum, one_separator};

/// Areas 001-665 and 667-899, groups and serials not all zeros.
pub fn us_ssn(raw: &[u8]) -> bool {
    // PERF: as nearly all are written.
    let plain = match *raw {
        [a, b, c, s, d, e, t, f, g, h, i] if s == t && !s.is_ascii_digit() => Some([a, b, c, d, e, f, g, h, i]),
        _ => None,
    };
    if let Some(d) = plain.filter(|d| d.iter().all(u8::is_ascii_digit)) {
        let zero = |d: &[u8]| d.iter().all(|d| *d == b'0');
        return d[0] != b'9' && !zero(&d[..3]) && d[..3] != *b"666" && !zero(&d[3..5]) && !zero(&d[5..]);
    }
    let Some(d) = Digits::exactly(raw, 9) else { return false };
    let (area, group, serial) = (d.number(0, 3), d.number(3, 5), d.number(5, 9));
    one_separator(raw) && area != 0 && area != 666 && area < 900 && group != 0 && serial != 0
}

/// The same of eight digits that were nine before the leading zero was lost.
pub fn us_ssn_short(raw: &[u8]) -> bool {
    if raw.len() != 8 || raw[0] == b'0' {
        return false;
    }
    let mut nine = [b'0'; 9];
    nine[1..].copy_from_slice(raw);
    us_ssn(&nine)
}

/// 9xx with the groups that are given out.
pub fn us_itin(raw: &[u8]) -> bool {
    let Some(d) = Digits::exactly(raw, 9) else { return false };
    let group = d.number(3, 5);
    one_separator(raw) && d.get()[0] == 9 && matches!(group, 50..=65 | 70..=88 | 90..=92 | 94..=99)
}

/// Prefixes of the campuses and of the internet, serial not zero.
pub fn us_ein(raw: &[u8]) -> bool {
    let Some(d) = Digits::exactly(raw, 9) else { return false };
    let prefix = d.number(0, 2);
    let issued = !matches!(prefix, 0 | 7..=9 | 17..=19 | 28 | 29 | 49 | 69 | 70 | 78 | 79 | 89 | 96 | 97);
    issued && d.number(2, 9) != 0
}

/// Ten digits from 1 or 2, Luhn over them behind 80840 (whose digits add 24).
pub fn us_npi(raw: &[u8]) -> bool {
    let Some(d) = Digits::exactly(raw, 10) else { return false };
    matches!(d.get()[0], 1 | 2) && (luhn_sum(d.get()) + 24).is_multiple_of(10)
}

/// Eleven places: C A AN N A AN N A A N N, letters without S, L, O, I, B, Z.
pub fn us_mbi(raw: &[u8]) -> bool {
    let mut n = 0;
    for &b in raw.iter().filter(|b| **b != b'-' && **b != b' ') {
        let letter = b.is_ascii_alphabetic() && !b"SLOIBZ".contains(&b.to_ascii_uppercase());
        let ok = match n {
            0 => (b'1'..=b'9').contains(&b),
            3 | 6 | 9 | 10 => b.is_ascii_digit(),
            1 | 4 | 7 | 8 => letter,
            2 | 5 => letter || b.is_ascii_digit(),
            _ => false,
        };
        if !ok {
            return false;
        }
        n += 1;
    }
    n == 11
}

/// Federal Reserve districts and check digit.
pub fn aba_routing(raw: &[u8]) -> bool {
    let Some(d) = Digits::exactly(raw, 9) else { return false };
    let x = d.get();
    let sum = 3 * (u32::from(x[0]) + u32::from(x[3]) + u32::from(x[6]))
        + 7 * (u32::from(x[1]) + u32::from(x[4]) + u32::from(x[7]))
        + u32::from(x[2])
        + u32::from(x[5])
        + u32::from(x[8]);
    matches!(d.number(0, 2), 1..=12 | 21..=32 | 61..=72 | 80) && sum.is_multiple_of(10) && !d.all_same()
}

/// Four to seventeen digits, not all the same, and no date in groups.
pub fn bank_account(raw: &[u8]) -> bool {
    let day = raw.contains(&b'-') && dates::date(raw);
    !day && Digits::of(raw).is_some_and(|d| (4..=17).contains(&d.get().len()) && !d.all_same())
}

/// An assigned range of ZIP codes; of a number in a spreadsheet (`2139.0`) leading zeros are lost.
pub fn us_zip(raw: &[u8]) -> bool {
    let number = raw.strip_suffix(b".0");
    let Some(d) = Digits::of(number.unwrap_or(raw)) else { return false };
    let zip = match (number, d.get().len()) {
        (Some(_), n @ 3..=5) => d.number(0, n),
        (None, 5 | 9) => d.number(0, 5),
        _ => return false,
    };
    (501..=99_950).contains(&zip) && !matches!(zip / 100, 0 | 213 | 269 | 343 | 345 | 348 | 353 | 419 | 428 | 429 | 517 | 518 | 519)
}

/// A postal code of any country: three to ten letters and digits, two digits at least that are not all zeros.
pub fn postal_code(raw: &[u8]) -> bool {
    let digits = raw.iter().filter(|b| b.is_ascii_digit()).count();
    (3..=10).contains(&raw.len())
        && digits >= 2
        && raw.iter().any(|b| (b'1'..=b'9').contains(b))
        && raw.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b' ' | b'-'))
}

/// A state's code, name or traditional abbreviation in any case.
pub fn us_state(raw: &[u8]) -> bool {
    crate::base::state(raw).is_some()
}
