//! Germany: taxes, pensions, health, documents.

use super::{Code, cross_sum, digits, icao_check, mod_11_10, two, value36, values, weighted};

/// Steuerliche Identifikationsnummer (§ 139b AO): eleven digits, the first no 0; of the first ten exactly one occurs twice or
/// three times (not three in a row), the others once at most; the last checks them by ISO/IEC 7064 MOD 11,10.
pub fn tax_id(raw: &[u8]) -> bool {
    let Some(d) = digits::<11>(raw) else { return false };
    let mut times = [0; 10];
    d[..10].iter().for_each(|&d| times[usize::from(d)] += 1);
    let repeated = times.iter().filter(|&&t| t > 1).count();
    let in_a_row = d[..10].windows(3).any(|w| w[0] == w[1] && w[1] == w[2]);
    d[0] != 0 && repeated == 1 && times.iter().all(|&t| t <= 3) && !in_a_row && mod_11_10(&d)
}

/// Versicherungsnummer of the pension insurance (§ 147 SGB VI, VKVV): area, day of birth (plus 50 where numbers ran out), first
/// letter of the name at birth, serial, check digit.
pub fn svnr(raw: &[u8]) -> bool {
    let Some(c) = Code::of(raw) else { return false };
    let c = c.get();
    if c.len() != 12 || !c[8].is_ascii_uppercase() || c.iter().enumerate().any(|(i, b)| i != 8 && !b.is_ascii_digit()) {
        return false;
    }
    let letter = c[8] - b'A' + 1;
    let mut d = [0; 12];
    for (slot, b) in
        d.iter_mut().zip(c[..8].iter().copied().chain([letter / 10 + b'0', letter % 10 + b'0']).chain(c[9..11].iter().copied()))
    {
        *slot = b - b'0';
    }
    let (area, of_month, month) = (two(&d, 0), two(&d, 2), two(&d, 4));
    area >= 2
        && (1..=31).contains(&(if of_month > 50 { of_month - 50 } else { of_month }))
        && (1..=12).contains(&month)
        && cross_sum(&d, &[2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1]) % 10 == u32::from(c[11] - b'0')
}

/// Krankenversichertennummer (§ 290 SGB V): a letter, eight digits, a check digit over the letter's place in the alphabet and
/// the digits, weights 1 and 2.
pub fn kvnr(raw: &[u8]) -> bool {
    let Some(c) = Code::of(raw) else { return false };
    let [letter @ b'A'..=b'Z', number @ ..] = c.get() else { return false };
    let Some(n) = values::<9>(number) else { return false };
    let place = letter - b'A' + 1;
    let mut d = [0; 10];
    d[0] = place / 10;
    d[1] = place % 10;
    d[2..].copy_from_slice(&n[..8]);
    cross_sum(&d, &[1, 2, 1, 2, 1, 2, 1, 2, 1, 2]) % 10 == u32::from(n[8])
}

/// Lebenslange Arztnummer: six digits, a check digit with weights 4 and 9, the field of medicine.
pub fn lanr(raw: &[u8]) -> bool {
    digits::<9>(raw).is_some_and(|d| (10 - weighted(&d[..6], &[4, 9, 4, 9, 4, 9]) % 10) % 10 == u32::from(d[6]) && two(&d, 7) > 0)
}

/// What passports and identity cards are numbered with since 2007: no vowels, no B, D, Q, S, U.
fn document_letters(code: &[u8]) -> bool {
    code.iter().all(|b| b.is_ascii_digit() || b"CFGHJKLMNPRTVWXYZ".contains(b))
}

/// The number of a passport or an identity card with its check digit behind it (and `D`, the nationality): nine digits and the
/// check digit on the old identity card, nine letters and digits and the check digit since.
pub fn document(raw: &[u8]) -> bool {
    let Some(c) = Code::of(raw) else { return false };
    let c = match c.get() {
        [front @ .., b'D'] if front.len() == 10 => front,
        all => all,
    };
    let Some((check, front)) = c.split_last() else { return false };
    front.len() == 9
        && (front[0].is_ascii_alphabetic() || front.iter().all(u8::is_ascii_digit))
        && document_letters(front)
        && front.iter().filter(|b| b.is_ascii_digit()).count() >= 2
        && check.is_ascii_digit()
        && u32::from(check - b'0') == icao_check(front)
}

/// Führerscheinnummer: the authority (a letter, three letters or digits), five letters or digits, a check digit (weights 9 to
/// 1, modulo 11, `X` is 10), the number of the copy.
pub fn driver_license(raw: &[u8]) -> bool {
    let Some(c) = Code::of(raw) else { return false };
    let c = c.get();
    if c.len() != 11 || !c[0].is_ascii_alphabetic() || c.iter().filter(|b| b.is_ascii_digit()).count() < 4 {
        return false;
    }
    let sum: u32 = c[..9].iter().zip((1..=9).rev()).map(|(&b, w): (&u8, u32)| u32::from(value36(b)) * w).sum();
    let check = match sum % 11 {
        10 => b'X',
        r => b'0' + r as u8,
    };
    c[9] == check
}

/// Steuernummer in its form for all states: the state (with its tax office), a 0, district and serial, 13 digits.
pub fn stnr(raw: &[u8]) -> bool {
    let Some(d) = digits::<13>(raw) else { return false };
    let state = match two(&d, 0) {
        10 | 11 | 21..=24 | 26..=28 | 30..=32 | 40 | 41 => true,
        n => matches!(n / 10, 5 | 9),
    };
    state && d[4] == 0
}
