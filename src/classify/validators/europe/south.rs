//! Andorra, Cyprus, Greece, Italy, Malta, Portugal, Spain, Turkey.

use super::west::starts_with_day;
use super::{Code, day_of_some_century, digits, luhn, number, two, value36, values, weighted};

/// Andorra, número de registre tributari: a kind, six digits, a letter.
pub fn ad_nrt(raw: &[u8]) -> bool {
    let Some(c) = Code::of(raw) else { return false };
    let [kind, number @ .., last] = c.get() else { return false };
    let Some(d) = values::<6>(number) else { return false };
    let n = super::number(&d);
    last.is_ascii_alphabetic()
        && match kind {
            b'F' => n < 700_000,
            b'A' | b'L' => (700_000..800_000).contains(&n),
            b'C' | b'D' | b'E' | b'G' | b'O' | b'P' | b'U' => true,
            _ => false,
        }
}

/// Cyprus, tax identification code of a person (0 or 9 in front) and VAT number: eight digits and a letter; every other digit is
/// replaced before they are summed up.
pub fn cy_tin(raw: &[u8]) -> bool {
    let Some(c) = Code::of(raw) else { return false };
    cyprus(c.behind(b"CY")).is_some_and(|first| matches!(first, 0 | 9))
}

/// The first digit of a right number.
pub(super) fn cyprus(c: &[u8]) -> Option<u8> {
    const ODD: [u32; 10] = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21];
    let (letter, number) = c.split_last()?;
    let d = values::<8>(number)?;
    let sum: u32 = d.iter().enumerate().map(|(i, &d)| if i % 2 == 0 { ODD[usize::from(d)] } else { u32::from(d) }).sum();
    (u32::from(*letter) == u32::from(b'A') + sum % 26 && d[..2] != [1, 2]).then_some(d[0])
}

/// Greece, AMKA: day of birth, four digits, a check digit by Luhn.
pub fn gr_amka(raw: &[u8]) -> bool {
    digits::<11>(raw).is_some_and(|d| starts_with_day(&d, false) && luhn(&d))
}

/// Greece, tax number (AFM): powers of two, modulo 11, modulo 10.
pub fn gr_tin(raw: &[u8]) -> bool {
    digits::<9>(raw).is_some_and(|d| greek(&d))
}

pub(super) fn greek(d: &[u8; 9]) -> bool {
    weighted(d, &[256, 128, 64, 32, 16, 8, 4, 2]) % 11 % 10 == u32::from(d[8])
}

/// Italy, codice fiscale of a person: six letters of the names, year, month, day (plus 40 for women), place, check letter. Where
/// two persons share one, letters stand for digits.
pub fn it_codice_fiscale(raw: &[u8]) -> bool {
    const ODD: [u32; 26] = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    const DIGIT: &[u8; 10] = b"LMNPQRSTUV";
    const MONTHS: &[u8; 12] = b"ABCDEHLMPRST";
    let Some(code) = Code::of(raw) else { return false };
    let c = code.get();
    if c.len() != 16 || c.iter().enumerate().any(|(i, b)| matches!(i, 0..=5 | 8 | 11 | 15) && !b.is_ascii_alphabetic()) {
        return false;
    }
    let digit = |i: usize| match c[i] {
        b @ b'0'..=b'9' => Some(u32::from(b - b'0')),
        b => DIGIT.iter().position(|&d| d == b).map(|p| p as u32),
    };
    let pair = |i: usize| Some(digit(i)? * 10 + digit(i + 1)?);
    let (Some(year), Some(of_month), Some(place)) = (pair(6), pair(9), pair(12).and_then(|p| Some(p * 10 + digit(14)?))) else {
        return false;
    };
    let Some(month) = MONTHS.iter().position(|&m| m == c[8]) else { return false };
    let sum: u32 = c[..15]
        .iter()
        .enumerate()
        .map(|(i, &b)| {
            let v = if b.is_ascii_digit() { b - b'0' } else { b - b'A' };
            if i % 2 == 0 { ODD[usize::from(v)] } else { u32::from(v) }
        })
        .sum();
    day_of_some_century(year, month as u32 + 1, if of_month > 40 { of_month - 40 } else { of_month })
        && place > 0
        && u32::from(c[15] - b'A') == sum % 26
}

/// Malta, identity card: up to seven digits and a letter for what the holder is.
pub fn mt_id_card(raw: &[u8]) -> bool {
    let Some(c) = Code::of(raw) else { return false };
    let Some((letter, number)) = c.get().split_last() else { return false };
    b"ABGHLMPZ".contains(letter)
        && (3..=7).contains(&number.len())
        && number.iter().all(u8::is_ascii_digit)
        && number.iter().any(|&b| b != b'0')
}

/// Portugal, número de identificação fiscal: weights 9 to 2, modulo 11; first digits tell persons from companies.
pub fn pt_nif(raw: &[u8]) -> bool {
    let Some(c) = Code::of(raw) else { return false };
    values::<9>(c.behind(b"PT")).is_some_and(|d| {
        let kind = matches!(d[0], 1 | 2 | 3 | 5 | 6 | 8) || matches!(two(&d, 0), 45 | 70..=72 | 74 | 75 | 77..=79 | 90 | 91 | 98 | 99);
        let check = match weighted(&d, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11 {
            0 | 1 => 0,
            r => 11 - r,
        };
        kind && d.windows(2).any(|w| w[0] != w[1]) && check == u32::from(d[8])
    })
}

/// Portugal, número de identificação de segurança social: weights are primes, 9 less the sum modulo 10.
pub fn pt_niss(raw: &[u8]) -> bool {
    digits::<11>(raw)
        .is_some_and(|d| matches!(d[0], 1 | 2) && 9 - weighted(&d, &[29, 23, 19, 17, 13, 11, 7, 5, 3, 2]) % 10 == u32::from(d[10]))
}

/// Portugal, cartão de cidadão: eight digits, a digit, two letters or digits of the version, a digit; as Luhn, with A as 10.
pub fn pt_citizen_card(raw: &[u8]) -> bool {
    let Some(c) = Code::of(raw) else { return false };
    let c = c.get();
    let shape = c.len() == 12 && c.iter().enumerate().all(|(i, b)| b.is_ascii_digit() || matches!(i, 9 | 10));
    let add = |(i, &b): (usize, &u8)| {
        let v = u32::from(value36(b));
        match (i % 2, 2 * v) {
            (0, _) => v,
            (_, double @ 10..) => double - 9,
            (_, double) => double,
        }
    };
    shape && c[..8].iter().any(|&b| b != b'0') && c.iter().rev().enumerate().map(add).sum::<u32>().is_multiple_of(10)
}

/// The letter of a number modulo 23.
fn spanish(n: u64) -> u8 {
    b"TRWAGMYFPDXBNJZSQVHLCKE"[(n % 23) as usize]
}

/// Spain, NIF of a person: seven or eight digits (DNI), or `K`, `L`, `M` and seven, and the letter.
pub fn es_nif(raw: &[u8]) -> bool {
    let Some(c) = Code::of(raw) else { return false };
    spanish_nif(c.get())
}

pub(super) fn spanish_nif(c: &[u8]) -> bool {
    let Some((&letter, front)) = c.split_last() else { return false };
    let front = match front {
        [b'K' | b'L' | b'M', seven @ ..] if seven.len() == 7 => seven,
        [_, _, _, _, _, _, _] | [_, _, _, _, _, _, _, _] => front,
        _ => return false,
    };
    front.iter().all(u8::is_ascii_digit) && spanish(front.iter().fold(0, |n, b| n * 10 + u64::from(b - b'0'))) == letter
}

/// Spain, NIE of a foreigner: `X`, `Y` or `Z`, seven digits, the letter.
pub fn es_nie(raw: &[u8]) -> bool {
    let Some(c) = Code::of(raw) else { return false };
    spanish_nie(c.get())
}

pub(super) fn spanish_nie(c: &[u8]) -> bool {
    let [kind @ b'X'..=b'Z', number @ .., letter] = c else { return false };
    values::<7>(number).is_some_and(|d| spanish(u64::from(kind - b'X') * 10_000_000 + super::number(&d)) == *letter)
}

/// Spain, CIF of a company: a letter for its kind, seven digits, and a check digit (Luhn) or its letter.
pub fn es_cif(raw: &[u8]) -> bool {
    let Some(c) = Code::of(raw) else { return false };
    spanish_cif(c.get())
}

pub(super) fn spanish_cif(c: &[u8]) -> bool {
    let [kind, number @ .., last] = c else { return false };
    let Some(d) = values::<7>(number) else { return false };
    let check = (10 - super::cross_sum(&d, &[2, 1, 2, 1, 2, 1, 2]) % 10) % 10;
    let (digit, letter) = (b'0' + check as u8 == *last, b"JABCDEFGHI"[check as usize] == *last);
    match kind {
        b'A' | b'B' | b'E' | b'H' => digit,
        b'N' | b'P' | b'Q' | b'R' | b'S' | b'W' => letter,
        b'C' | b'D' | b'F' | b'G' | b'J' | b'U' | b'V' => digit || letter,
        _ => false,
    }
}

/// Spain, número de afiliación a la Seguridad Social: province, eight digits (a 0 in front does not count), the rest modulo 97.
pub fn es_nuss(raw: &[u8]) -> bool {
    digits::<12>(raw).is_some_and(|d| {
        let (province, n) = (number(&d[..2]), number(&d[2..10]));
        let whole = if n < 10_000_000 { province * 10_000_000 + n } else { province * 100_000_000 + n };
        province > 0 && whole % 97 == u64::from(two(&d, 10))
    })
}

/// Turkey, T.C. kimlik numarası: eleven digits, two of them check the others.
pub fn tr_tckimlik(raw: &[u8]) -> bool {
    digits::<11>(raw).is_some_and(|d| {
        let odd = weighted(&d[..9], &[1, 0, 1, 0, 1, 0, 1, 0, 1]);
        let even = weighted(&d[..8], &[0, 1, 0, 1, 0, 1, 0, 1]);
        d[0] != 0
            && (odd * 7 + 100 - even) % 10 == u32::from(d[9])
            && d[..10].iter().map(|&d| u32::from(d)).sum::<u32>() % 10 == u32::from(d[10])
    })
}

/// Turkey, vergi kimlik numarası: ten digits.
pub fn tr_vkn(raw: &[u8]) -> bool {
    digits::<10>(raw).is_some_and(|d| {
        let add = |(i, &d): (usize, &u8)| {
            let shifted = (u32::from(d) + 9 - i as u32) % 10;
            match (shifted, (shifted << (9 - i)) % 9) {
                (0, _) => 0,
                (_, 0) => 9,
                (_, r) => r,
            }
        };
        let sum: u32 = d[..9].iter().enumerate().map(add).sum();
        (10 - sum % 10) % 10 == u32::from(d[9])
    })
}
