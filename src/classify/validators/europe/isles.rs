//! The United Kingdom and Ireland.

use super::{Code, two, values, weighted};

/// United Kingdom, unique taxpayer reference: a check digit (weights 6 to 10, 5 to 2, modulo 11) and nine digits; a `K` and the
/// three digits of the tax office may stand around it.
pub fn gb_utr(raw: &[u8]) -> bool {
    let Some(c) = Code::of(raw) else { return false };
    let c = match c.get() {
        [b'K', rest @ ..] | [rest @ .., b'K'] => rest,
        all => all,
    };
    let c = match c.len() {
        13 if c.iter().all(u8::is_ascii_digit) => &c[3..],
        _ => c,
    };
    const CHECKS: [u8; 11] = [2, 1, 9, 8, 7, 6, 5, 4, 3, 2, 1];
    values::<10>(c)
        .is_some_and(|d| d[1..].iter().any(|&d| d > 0) && CHECKS[(weighted(&d[1..], &[6, 7, 8, 9, 10, 5, 4, 3, 2]) % 11) as usize] == d[0])
}

/// United Kingdom, driver number: five letters of the surname (9 fills up), decade, month (plus 50 for women) and day of birth,
/// last digit of the year, two initials (9 for none), a digit or letter, two letters that the agency computes.
pub fn gb_driver_license(raw: &[u8]) -> bool {
    let Some(c) = Code::of(raw) else { return false };
    let c = c.get();
    // Two digits behind it count the issues of the card.
    let c = if c.len() == 18 && c[16..].iter().all(u8::is_ascii_digit) { &c[..16] } else { c };
    // It is written in one case; `Issue 754016 makes` is a sentence.
    let cased = |f: fn(&u8) -> bool| raw.iter().any(f);
    if c.len() != 16 || cased(u8::is_ascii_uppercase) && cased(u8::is_ascii_lowercase) {
        return false;
    }
    let Some(d) = values::<6>(&c[5..11]) else { return false };
    let letters = c[..5].iter().take_while(|b| b.is_ascii_alphabetic()).count();
    let month = two(&d, 1);
    letters > 0
        && c[letters..5].iter().all(|&b| b == b'9')
        && matches!(month, 1..=12 | 51..=62)
        && (1..=31).contains(&two(&d, 3))
        && (c[11].is_ascii_alphabetic() && (c[12].is_ascii_alphabetic() || c[12] == b'9') || &c[11..13] == b"99")
        && c[14..].iter().all(u8::is_ascii_alphanumeric)
}

/// Scotland, Community Health Index: day of birth, four digits, modulo 11 as for the NHS number.
pub fn gb_chi(raw: &[u8]) -> bool {
    super::digits::<10>(raw).is_some_and(|d| {
        super::day_of_some_century(two(&d, 4), two(&d, 2), two(&d, 0)) && weighted(&d, &[10, 9, 8, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11)
    })
}

/// Ireland, personal public service number: seven digits, a letter (weights 8 to 2, modulo 23), and since 2013 one more letter
/// (A to I, weight 9; W on old cards, T and X on others count nothing).
pub fn ie_pps(raw: &[u8]) -> bool {
    let Some(c) = Code::of(raw) else { return false };
    pps(c.get(), b"ABCDEFGHIWTX")
}

pub(super) fn pps(c: &[u8], second: &[u8]) -> bool {
    let (Some(d), Some(&check)) = (c.get(..7).and_then(values::<7>), c.get(7)) else { return false };
    let more = match c.get(8) {
        None => 0,
        Some(b) if !second.contains(b) => return false,
        Some(b @ b'A'..=b'I') => u32::from(b - b'A' + 1),
        Some(_) => 0,
    };
    let sum = weighted(&d, &[8, 7, 6, 5, 4, 3, 2]) + 9 * more;
    c.len() <= 9 && check == b"WABCDEFGHIJKLMNOPQRSTUV"[(sum % 23) as usize]
}
