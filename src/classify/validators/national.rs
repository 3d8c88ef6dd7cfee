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

/// Seventeen places without I, O and Q, one of them a letter at least (the maker's code, in practice); the ninth checks the
/// others.
pub fn vin(raw: &[u8]) -> bool {
    const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    // ISO 3779 leaves room for three digits of ten in the maker's code and five in the description: one with a single letter is a number with
    // a prefix.
    if raw.len() != 17 || raw.iter().filter(|b| b.is_ascii_alphabetic()).count() < 2 {
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
