//! Australia and New Zealand.

use super::{alnum, digits, ean, luhn, number, same, values, weigh};

/// The tax file number: nine digits, of early ones eight; the weighted sum divides by 11.
pub fn au_tfn(raw: &[u8]) -> bool {
    digits::<9>(raw).is_some_and(|d| !same(&d) && weigh(&d, &[1, 4, 3, 7, 5, 8, 6, 9, 10]).is_multiple_of(11))
        || digits::<8>(raw).is_some_and(|d| !same(&d) && weigh(&d, &[10, 7, 8, 4, 6, 3, 5, 1]).is_multiple_of(11))
}

/// The business number: eleven digits; with one taken from the first, the weighted sum divides by 89.
pub fn au_abn(raw: &[u8]) -> bool {
    const WEIGHTS: [u32; 11] = [10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19];
    digits::<11>(raw).is_some_and(|d| number(&d[..2]) > 10 && (weigh(&d, &WEIGHTS) - 10).is_multiple_of(89))
}

/// The company number: eight digits and one that checks them, modulo 10.
pub fn au_acn(raw: &[u8]) -> bool {
    let Some(d) = digits::<9>(raw) else { return false };
    number(&d) != 0 && (10 - weigh(&d[..8], &[8, 7, 6, 5, 4, 3, 2, 1]) % 10) % 10 == d[8]
}

/// The Medicare number: eight digits from 2 to 6 on and one that checks them, the card's issue, the person on it or not.
pub fn au_medicare(raw: &[u8]) -> bool {
    let good = |d: &[u32]| (2..=6).contains(&d[0]) && weigh(&d[..8], &[1, 3, 7, 9, 1, 3, 7, 9]) % 10 == d[8] && d[9] != 0;
    digits::<10>(raw).is_some_and(|d| good(&d)) || digits::<11>(raw).is_some_and(|d| good(&d))
}

/// The healthcare identifier of a person (800360), a provider (800361) or an organisation (800362): 16 digits with Luhn.
pub fn au_ihi(raw: &[u8]) -> bool {
    digits::<16>(raw).is_some_and(|d| matches!(number(&d[..6]), 800_360..=800_362) && luhn(&d))
}

/// The number of Inland Revenue: eight or nine digits, modulo 11, and with other weights where that leaves ten.
pub fn nz_ird(raw: &[u8]) -> bool {
    let Some(d) = digits::<9>(raw).or_else(|| digits::<8>(raw).map(|d| [0, d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7]])) else {
        return false;
    };
    let check = |weights: &[u32; 8]| (11 - weigh(&d[..8], weights) % 11) % 11;
    let want = match check(&[3, 2, 7, 6, 5, 4, 3, 2]) {
        10 => check(&[7, 4, 3, 2, 5, 2, 7, 6]),
        v => v,
    };
    (10_000_000..200_000_000).contains(&number(&d)) && !same(&d[1..]) && want == d[8]
}

/// The national health index: three letters (without I and O), then four digits with a check digit modulo 11, or since 2019
/// two digits, a letter and a check letter modulo 24.
pub fn nz_nhi(raw: &[u8]) -> bool {
    let Some(c) = alnum::<7>(raw) else { return false };
    let mut d = [0; 7];
    for (slot, b) in d.iter_mut().zip(c) {
        *slot = match b {
            b'0'..=b'9' => u32::from(b - b'0'),
            b'A'..=b'H' => u32::from(b - b'A') + 1,
            b'J'..=b'N' => u32::from(b - b'J') + 9,
            b'P'..=b'Z' => u32::from(b - b'P') + 14,
            _ => return false,
        };
    }
    let sum = weigh(&d[..6], &[7, 6, 5, 4, 3, 2]);
    let letters = c[..3].iter().all(u8::is_ascii_uppercase);
    let old = values::<4>(&c[3..]).is_some() && !sum.is_multiple_of(11) && (11 - sum % 11) % 10 == d[6];
    let new = values::<2>(&c[3..5]).is_some() && c[5..].iter().all(u8::is_ascii_uppercase) && 24 - sum % 24 == d[6];
    letters && (old || new)
}

/// The business number: 13 digits from 9429 on, checked as an EAN.
pub fn nz_business(raw: &[u8]) -> bool {
    digits::<13>(raw).is_some_and(|d| number(&d[..4]) == 9429 && ean(&d))
}
