//! India, Pakistan, Sri Lanka, Bangladesh, Azerbaijan, Kazakhstan and Uzbekistan.

use super::{alnum, digits, is_ddmmyy, is_yymmdd, luhn, number, same, values, verhoeff, weigh};

/// Aadhaar: twelve digits, none first below 2, no palindrome, Verhoeff's check digit.
pub fn in_aadhaar(raw: &[u8]) -> bool {
    digits::<12>(raw).is_some_and(|d| d[0] >= 2 && !d.iter().eq(d.iter().rev()) && verhoeff(&d))
}

/// The virtual id that stands for an Aadhaar: the same with 16 digits.
pub fn in_vid(raw: &[u8]) -> bool {
    digits::<16>(raw).is_some_and(|d| d[0] >= 2 && !d.iter().eq(d.iter().rev()) && verhoeff(&d))
}

/// PAN without separators: five letters of which the fourth is the kind of holder, four digits, a letter.
fn is_pan(c: &[u8]) -> bool {
    c.len() == 10
        && c[..5].iter().all(u8::is_ascii_uppercase)
        && matches!(c[3], b'A' | b'B' | b'C' | b'E' | b'F' | b'G' | b'H' | b'J' | b'K' | b'L' | b'P' | b'T')
        && values::<4>(&c[5..9]).is_some_and(|d| number(&d) != 0)
        && c[9].is_ascii_uppercase()
}

/// PAN: the permanent account number of the income tax.
pub fn in_pan(raw: &[u8]) -> bool {
    alnum::<10>(raw).is_some_and(|c| is_pan(&c))
}

/// GSTIN: the state (01 to 38, or 97 and 99), a PAN, the number of the registration, Z, a check sign modulo 36.
pub fn in_gstin(raw: &[u8]) -> bool {
    let Some(c) = alnum::<15>(raw) else { return false };
    let state = values::<2>(&c[..2]).map_or(0, |d| number(&d));
    let value = |b: u8| if b.is_ascii_digit() { u32::from(b - b'0') } else { u32::from(b - b'A') + 10 };
    let product = |(i, b): (usize, &u8)| value(*b) * if i % 2 == 0 { 1 } else { 2 };
    let sum: u32 = c[..14].iter().enumerate().map(product).map(|p| p / 36 + p % 36).sum();
    matches!(state, 1..=38 | 97 | 99) && is_pan(&c[2..12]) && c[12] != b'0' && c[13] == b'Z' && (36 - sum % 36) % 36 == value(c[14])
}

/// EPIC, the voter's card: three letters and seven digits with Luhn.
pub fn in_voter(raw: &[u8]) -> bool {
    let Some(c) = alnum::<10>(raw) else { return false };
    c[..3].iter().all(u8::is_ascii_uppercase) && values::<7>(&c[3..]).is_some_and(|d| luhn(&d) && !same(&d))
}

/// The two letters of India's states on licences and vehicles.
const STATES: [&[u8; 2]; 42] = [
    b"AN", b"AP", b"AR", b"AS", b"BH", b"BR", b"CG", b"CH", b"CT", b"DD", b"DL", b"DN", b"GA", b"GJ", b"HP", b"HR", b"JH", b"JK", b"KA",
    b"KL", b"LA", b"LD", b"MH", b"ML", b"MN", b"MP", b"MZ", b"NL", b"OD", b"OR", b"PB", b"PY", b"RJ", b"SK", b"TG", b"TN", b"TR", b"TS",
    b"UA", b"UK", b"UP", b"WB",
];

/// A driving licence of India: the state, the office, the year of issue, seven digits.
pub fn in_driver_license(raw: &[u8]) -> bool {
    let Some(c) = alnum::<15>(raw) else { return false };
    let Some(d) = values::<13>(&c[2..]) else { return false };
    STATES.iter().any(|s| c[..2] == s[..]) && (1950..=super::this_year()).contains(&number(&d[2..6])) && !same(&d[6..])
}

/// CNIC of Pakistan: the province (1 to 7) and place, a number, the sex.
pub fn pk_cnic(raw: &[u8]) -> bool {
    digits::<13>(raw).is_some_and(|d| (1..=7).contains(&d[0]) && d[12] != 0 && !same(&d[5..12]))
}

/// Whether a number of Sri Lanka is a day of the year; women's are 500 more.
fn lankan_day(day: u32) -> bool {
    matches!(day, 1..=366 | 501..=866)
}

/// NIC of Sri Lanka: the year and day of birth and a number, with V or X behind it in two digits, without in four.
pub fn lk_nic(raw: &[u8]) -> bool {
    if let Some(d) = digits::<12>(raw) {
        return (1900..=super::this_year()).contains(&number(&d[..4])) && lankan_day(number(&d[4..7]));
    }
    let Some(c) = alnum::<10>(raw) else { return false };
    let day = values::<9>(&c[..9]).is_some_and(|d| d[0] != 0 && lankan_day(number(&d[2..5])));
    day && matches!(c[9], b'V' | b'X')
}

/// NIC with X at the end that is no ISBN: these end so, too, and their sum divides by 11.
pub fn lk_nic_no_isbn(raw: &[u8]) -> bool {
    let Some(c) = alnum::<10>(raw) else { return false };
    let isbn = |d: [u32; 9]| (weigh(&d, &[10, 9, 8, 7, 6, 5, 4, 3, 2]) + 10).is_multiple_of(11);
    lk_nic(raw) && !values::<9>(&c[..9]).is_some_and(isbn)
}

/// The national id of Bangladesh: ten digits, or thirteen of a paper card, or these behind the year of birth.
pub fn bd_nid(raw: &[u8]) -> bool {
    digits::<10>(raw).is_some_and(|d| d[0] != 0 && !same(&d))
        || digits::<13>(raw).is_some_and(|d| number(&d[..2]) != 0 && !same(&d))
        || digits::<17>(raw).is_some_and(|d| (1900..=super::this_year()).contains(&number(&d[..4])) && !same(&d[4..]))
}

/// The check digit of both Kazakh numbers: modulo 11, and with other weights where that leaves ten.
fn kazakh(d: &[u32; 12]) -> bool {
    let check = |weights: &[u32; 11]| weigh(&d[..11], weights) % 11;
    let want = match check(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]) {
        10 => check(&[3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2]),
        v => v,
    };
    want == d[11]
}

/// IIN of Kazakhstan: the day of birth, the century and sex (0 to 6), a number, a check digit modulo 11.
pub fn kz_iin(raw: &[u8]) -> bool {
    digits::<12>(raw).is_some_and(|d| is_yymmdd(&d[..6]) && d[6] <= 6 && kazakh(&d))
}

/// VÖEN of Azerbaijan: eight digits, a check digit (weights 4, 1, 8, 6, 2, 7, 5, 3, modulo 11), 1 for a company or 2 for a person.
pub fn az_voen(raw: &[u8]) -> bool {
    digits::<10>(raw).is_some_and(|d| weigh(&d, &[4, 1, 8, 6, 2, 7, 5, 3]) % 11 == d[8] && matches!(d[9], 1 | 2) && !same(&d[..8]))
}

/// BIN of Kazakhstan: year and month, the kind (4 to 6), a number, a check digit modulo 11.
pub fn kz_bin(raw: &[u8]) -> bool {
    digits::<12>(raw).is_some_and(|d| (1..=12).contains(&number(&d[2..4])) && (4..=6).contains(&d[4]) && d[5] <= 4 && kazakh(&d))
}

/// PINFL of Uzbekistan: the century and sex (1 to 6), the day of birth as `ddmmyy`, a place and number, a check digit.
pub fn uz_pinfl(raw: &[u8]) -> bool {
    let Some(d) = digits::<14>(raw) else { return false };
    let want = weigh(&d[..13], &[7, 3, 1, 7, 3, 1, 7, 3, 1, 7, 3, 1, 7]) % 10;
    (1..=6).contains(&d[0]) && is_ddmmyy(&d[1..7]) && want == d[13]
}
