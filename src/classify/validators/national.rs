//! Numbers of other countries, and of things.

use super::{Digits, luhn, one_separator};

/// Nine digits, Luhn; none begin with 0 or 8 (0 is what samples use, and is kept).
pub fn ca_sin(raw: &[u8]) -> bool {
    Digits::exactly(raw, 9).is_some_and(|d| one_separator(raw) && d.get()[0] != 8 && !d.all_same() && luhn(d.get()))
}

/// Ten digits, weights 10 to 2, modulo 11.
pub fn gb_nhs(raw: &[u8]) -> bool {
    let Some(d) = Digits::exactly(raw, 10) else { return false };
    let sum: u32 = d.get()[..9].iter().zip((2..=10).rev()).map(|(&x, w): (&u8, u32)| u32::from(x) * w).sum();
    let check = match 11 - sum % 11 {
        11 => 0,
        c => c,
    };
    one_separator(raw) && !d.all_same() && check == u32::from(d.get()[9])
}

/// Two letters (some pairs are never used), six digits, A to D.
pub fn gb_nino(raw: &[u8]) -> bool {
    let mut v = [0u8; 9];
    let mut n = 0;
    for b in raw.iter().filter(|b| b.is_ascii_alphanumeric()) {
        let Some(slot) = v.get_mut(n) else { return false };
        *slot = b.to_ascii_uppercase();
        n += 1;
    }
    let pair = [v[0], v[1]];
    n == 9
        && pair.iter().all(|b| b.is_ascii_uppercase() && !b"DFIQUV".contains(b))
        && v[1] != b'O'
        && !matches!(&pair, b"BG" | b"GB" | b"KN" | b"NK" | b"NT" | b"TN" | b"ZZ")
        && v[2..8].iter().all(u8::is_ascii_digit)
        && matches!(v[8], b'A'..=b'D')
}

/// Country and length of its IBANs, from the registry.
const IBAN_LENGTHS: &[(&[u8; 2], usize)] = &[
    (b"AD", 24),
    (b"AE", 23),
    (b"AL", 28),
    (b"AT", 20),
    (b"AZ", 28),
    (b"BA", 20),
    (b"BE", 16),
    (b"BG", 22),
    (b"BH", 22),
    (b"BI", 27),
    (b"BR", 29),
    (b"BY", 28),
    (b"CH", 21),
    (b"CR", 22),
    (b"CY", 28),
    (b"CZ", 24),
    (b"DE", 22),
    (b"DJ", 27),
    (b"DK", 18),
    (b"DO", 28),
    (b"EE", 20),
    (b"EG", 29),
    (b"ES", 24),
    (b"FI", 18),
    (b"FK", 18),
    (b"FO", 18),
    (b"FR", 27),
    (b"GB", 22),
    (b"GE", 22),
    (b"GI", 23),
    (b"GL", 18),
    (b"GR", 27),
    (b"GT", 28),
    (b"HN", 28),
    (b"HR", 21),
    (b"HU", 28),
    (b"IE", 22),
    (b"IL", 23),
    (b"IQ", 23),
    (b"IS", 26),
    (b"IT", 27),
    (b"JO", 30),
    (b"KW", 30),
    (b"KZ", 20),
    (b"LB", 28),
    (b"LC", 32),
    (b"LI", 21),
    (b"LT", 20),
    (b"LU", 20),
    (b"LV", 21),
    (b"LY", 25),
    (b"MC", 27),
    (b"MD", 24),
    (b"ME", 22),
    (b"MK", 19),
    (b"MN", 20),
    (b"MR", 27),
    (b"MT", 31),
    (b"MU", 30),
    (b"NI", 28),
    (b"NL", 18),
    (b"NO", 15),
    (b"OM", 23),
    (b"PK", 24),
    (b"PL", 28),
    (b"PS", 29),
    (b"PT", 25),
    (b"QA", 29),
    (b"RO", 24),
    (b"RS", 22),
    (b"RU", 33),
    (b"SA", 24),
    (b"SC", 31),
    (b"SD", 18),
    (b"SE", 24),
    (b"SI", 19),
    (b"SK", 24),
    (b"SM", 27),
    (b"SO", 23),
    (b"ST", 25),
    (b"SV", 28),
    (b"TL", 23),
    (b"TN", 24),
    (b"TR", 26),
    (b"UA", 29),
    (b"VA", 22),
    (b"VG", 24),
    (b"XK", 20),
    (b"YE", 30),
];

/// Country, its length, and ISO 7064 mod 97-10.
pub fn iban(raw: &[u8]) -> bool {
    let mut v = [0u8; 34];
    let mut n = 0;
    for b in raw.iter().filter(|b| b.is_ascii_alphanumeric()) {
        let Some(slot) = v.get_mut(n) else { return false };
        *slot = b.to_ascii_uppercase();
        n += 1;
    }
    if !IBAN_LENGTHS.iter().any(|(c, len)| v[..2] == c[..] && n == *len) {
        return false;
    }
    let rest = v[4..n].iter().chain(&v[..4]).fold(0u32, |r, &b| {
        if b.is_ascii_digit() { (r * 10 + u32::from(b - b'0')) % 97 } else { (r * 100 + u32::from(b - b'A') + 10) % 97 }
    });
    rest == 1
}

/// Seventeen places without I, O and Q, one of them a letter at least (the maker's code, in practice); the ninth checks the
/// others.
pub fn vin(raw: &[u8]) -> bool {
    const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    if raw.len() != 17 || raw.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let mut sum = 0;
    for (b, w) in raw.iter().map(u8::to_ascii_uppercase).zip(WEIGHTS) {
        let value = match b {
            b'0'..=b'9' => u32::from(b - b'0'),
            b'A'..=b'H' => u32::from(b - b'A') + 1,
            b'J'..=b'N' => u32::from(b - b'J') + 1,
            b'P' => 7,
            b'R' => 9,
            b'S'..=b'Z' => u32::from(b - b'S') + 2,
            _ => return false,
        };
        sum += value * w;
    }
    let check = match sum % 11 {
        10 => b'X',
        c => b'0' + c as u8,
    };
    raw[8].to_ascii_uppercase() == check
}
