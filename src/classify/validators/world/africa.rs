//! Africa without Egypt.

use super::{alnum, digits, is_birth_day, is_ddmmyy, is_yymmdd, luhn, number, same, values, verhoeff, weigh};

/// The identity number of South Africa: the day of birth, a number, the status (0 to 2), 8 or 9, Luhn.
pub fn za_id(raw: &[u8]) -> bool {
    digits::<13>(raw).is_some_and(|d| is_yymmdd(&d[..6]) && d[10] <= 2 && matches!(d[11], 8 | 9) && luhn(&d))
}

/// The income tax number of South Africa: ten digits, the first 0 to 3 or 9, Luhn.
pub fn za_tax(raw: &[u8]) -> bool {
    digits::<10>(raw).is_some_and(|d| matches!(d[0], 0..=3 | 9) && !same(&d) && luhn(&d))
}

/// NIN of Nigeria: eleven digits with Verhoeff's check digit.
pub fn ng_nin(raw: &[u8]) -> bool {
    digits::<11>(raw).is_some_and(|d| !same(&d) && verhoeff(&d))
}

/// The taxpayer number of Ghana: P, C, G, Q or V, 00, seven digits, a check digit modulo 11, X for ten.
pub fn gh_tin(raw: &[u8]) -> bool {
    let Some(c) = alnum::<11>(raw) else { return false };
    let Some(d) = values::<9>(&c[1..10]) else { return false };
    let want = match weigh(&d, &[1, 2, 3, 4, 5, 6, 7, 8, 9]) % 11 {
        10 => b'X',
        r => b'0' + r as u8,
    };
    matches!(c[0], b'P' | b'C' | b'G' | b'Q' | b'V') && d[..2] == [0, 0] && c[10] == want
}

/// ICE, the common number of companies in Morocco: 15 digits, modulo 97.
pub fn ma_ice(raw: &[u8]) -> bool {
    digits::<15>(raw).is_some_and(|d| !same(&d) && d.iter().fold(0, |r, d| (r * 10 + d) % 97) == 0)
}

/// The national number of Tanzania: the day of birth, the postal code, a number, two digits.
pub fn tz_nida(raw: &[u8]) -> bool {
    digits::<20>(raw).is_some_and(|d| is_birth_day(&d[..8]) && number(&d[8..13]) != 0)
}

/// The identity number of Mauritius: a letter, the day of birth as `ddmmyy`, a number, a check sign modulo 17.
pub fn mu_nid(raw: &[u8]) -> bool {
    let Some(c) = alnum::<14>(raw) else { return false };
    let value = |b: u8| if b.is_ascii_digit() { u32::from(b - b'0') } else { u32::from(b - b'A') + 10 };
    let sum: u32 = c[..13].iter().zip((2..=14).rev()).map(|(b, w)| value(*b) * w).sum();
    let day = values::<6>(&c[1..7]).is_some_and(|d| is_ddmmyy(&d));
    c[0].is_ascii_uppercase() && day && c[7..13].iter().all(u8::is_ascii_digit) && (17 - sum % 17) % 17 == value(c[13])
}

/// NUIT of Mozambique: eight digits and one that checks them, modulo 11.
pub fn mz_nuit(raw: &[u8]) -> bool {
    let Some(d) = digits::<9>(raw) else { return false };
    !same(&d) && [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1][weigh(&d[..8], &[8, 9, 4, 5, 6, 7, 8, 9]) as usize % 11] == d[8]
}

/// The taxpayer's number of Tunisia: seven digits, a letter (not I, O, U), the codes of tax and kind, the branch.
pub fn tn_mf(raw: &[u8]) -> bool {
    let Some(c) = alnum::<13>(raw) else { return false };
    let branch = values::<3>(&c[10..]).is_some_and(|d| number(&d) == 0 || c[9] == b'E');
    values::<7>(&c[..7]).is_some_and(|d| number(&d) != 0)
        && c[7].is_ascii_uppercase()
        && !matches!(c[7], b'I' | b'O' | b'U')
        && matches!(c[8], b'A' | b'P' | b'B' | b'D' | b'N')
        && matches!(c[9], b'M' | b'P' | b'C' | b'N' | b'E')
        && branch
}

/// The identity card of Botswana: nine digits, the fifth is the sex (1 or 2).
pub fn bw_omang(raw: &[u8]) -> bool {
    digits::<9>(raw).is_some_and(|d| matches!(d[4], 1 | 2) && !same(&d[..4]))
}

/// The identity number of Namibia: the day of birth as `yymmdd`, five digits.
pub fn na_id(raw: &[u8]) -> bool {
    digits::<11>(raw).is_some_and(|d| is_yymmdd(&d[..6]) && number(&d[6..]) != 0)
}

/// The identity number of Rwanda: the status (1 to 3), the year of birth, the sex (7 or 8), a number, issue and check.
pub fn rw_id(raw: &[u8]) -> bool {
    let Some(d) = digits::<16>(raw) else { return false };
    (1..=3).contains(&d[0]) && (1900..=super::this_year()).contains(&number(&d[1..5])) && matches!(d[5], 7 | 8) && number(&d[6..13]) != 0
}

/// The national number of Libya: the sex (1 or 2), the year of birth, seven digits.
pub fn ly_national_id(raw: &[u8]) -> bool {
    digits::<12>(raw).is_some_and(|d| matches!(d[0], 1 | 2) && (1900..=super::this_year()).contains(&number(&d[1..5])) && !same(&d[5..]))
}
