//! Canada.

use super::{alnum, digits, is_day, luhn, number, same, values, weigh};

/// A business number: nine digits with Luhn; with a program account behind it (`RT0001`) or not.
pub fn ca_bn(raw: &[u8]) -> bool {
    let good = |d: &[u32; 9]| luhn(d) && !same(d);
    match alnum::<15>(raw) {
        Some(c) => {
            let program = matches!(&c[9..11], b"RT" | b"RP" | b"RC" | b"RM" | b"RR" | b"RZ");
            program && c[11..].iter().all(u8::is_ascii_digit) && values(&c[..9]).is_some_and(|d| good(&d))
        }
        None => digits(raw).is_some_and(|d| good(&d)),
    }
}

/// British Columbia's personal health number: ten digits from 9 on, the last checks eight of them modulo 11.
pub fn ca_bc_phn(raw: &[u8]) -> bool {
    let Some(d) = digits::<10>(raw) else { return false };
    let sum: u32 = d[1..9].iter().zip([2, 4, 8, 5, 10, 9, 7, 3]).map(|(d, w)| d * w % 11).sum();
    d[0] == 9 && !same(&d) && (11 - sum % 11) % 11 == d[9]
}

/// Ontario's health number: ten digits with Luhn, then the card's version of up to two letters.
pub fn ca_ohip(raw: &[u8]) -> bool {
    let end = raw.iter().rposition(u8::is_ascii_digit).map_or(0, |i| i + 1);
    let version = raw[end..].iter().filter(|b| b.is_ascii_alphabetic()).count();
    let clean = raw[end..].iter().all(|b| b.is_ascii_alphabetic() || matches!(b, b' ' | b'-'));
    version <= 2 && clean && digits::<10>(&raw[..end]).is_some_and(|d| d[0] != 0 && luhn(&d) && !same(&d))
}

/// Quebec's health insurance number: four letters of the name, the day of birth (women's months from 51 on), two more.
pub fn ca_ramq(raw: &[u8]) -> bool {
    let Some(c) = alnum::<12>(raw) else { return false };
    let Some(d) = values::<8>(&c[4..]) else { return false };
    let month = number(&d[2..4]);
    let month = if month > 50 { month - 50 } else { month };
    c[..4].iter().all(u8::is_ascii_uppercase) && is_day(2000 + number(&d[..2]), month, number(&d[4..6]))
}

/// Ontario's driver's licence: a letter, eight digits, and the day of birth (women's months from 51 on).
pub fn ca_ontario_licence(raw: &[u8]) -> bool {
    let Some(c) = alnum::<15>(raw) else { return false };
    let Some(d) = values::<14>(&c[1..]) else { return false };
    let month = number(&d[10..12]);
    let month = if month > 50 { month - 50 } else { month };
    c[0].is_ascii_uppercase() && is_day(2000 + number(&d[8..10]), month, number(&d[12..14]))
}

/// Quebec's driver's licence: a letter, four digits, the day of birth as `ddmmyy`, two more.
pub fn ca_quebec_licence(raw: &[u8]) -> bool {
    let Some(c) = alnum::<13>(raw) else { return false };
    c[0].is_ascii_uppercase() && values::<12>(&c[1..]).is_some_and(|d| super::is_ddmmyy(&d[4..10]))
}

/// Manitoba, Nova Scotia and others number with nine or ten digits and publish no check; fillers are refused.
pub fn ca_health(raw: &[u8]) -> bool {
    digits::<9>(raw).is_some_and(|d| !same(&d) && weigh(&d, &[1; 9]) > 0) || digits::<10>(raw).is_some_and(|d| !same(&d))
}
