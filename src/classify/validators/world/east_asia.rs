//! China, Hong Kong, Macau, Taiwan, Japan and Korea.

use super::{alnum, digits, is_birth_day, is_yymmdd, number, same, values, weigh};

/// Whether a number begins with a province of the People's Republic.
fn province(d: &[u32]) -> bool {
    matches!(number(d), 11..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=65 | 71 | 81..=83 | 91)
}

/// The resident identity number: the place, the day of birth, a number, a check digit modulo 11-2 (ISO 7064), X for ten.
pub fn cn_ric(raw: &[u8]) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let Some(c) = alnum::<18>(raw) else { return false };
    let Some(d) = values::<17>(&c[..17]) else { return false };
    province(&d[..2]) && is_birth_day(&d[6..14]) && b"10X98765432"[weigh(&d, &WEIGHTS) as usize % 11] == c[17]
}

/// The same as it was until 1999: the place, the day of birth as `yymmdd`, a number.
pub fn cn_ric_old(raw: &[u8]) -> bool {
    digits::<15>(raw).is_some_and(|d| province(&d[..2]) && is_yymmdd(&d[6..12]) && number(&d[12..]) != 0)
}

/// The unified social credit code of organisations: the office, the place, the code, a check sign modulo 31.
pub fn cn_uscc(raw: &[u8]) -> bool {
    const SIGNS: &[u8] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
    const WEIGHTS: [u32; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];
    let Some(c) = alnum::<18>(raw) else { return false };
    let mut d = [0; 18];
    for (slot, b) in d.iter_mut().zip(c) {
        let Some(i) = SIGNS.iter().position(|s| *s == b) else { return false };
        *slot = i as u32;
    }
    let place = values::<6>(&c[2..8]).is_some_and(|p| province(&p[..2]) || number(&p) == 100_000);
    let office = matches!(c[0], b'1'..=b'9' | b'A' | b'N' | b'Y');
    // The organisation's own code ends in a check digit (GB 11714), modulo 11, X for ten. Asked of codes of digits, which other numbers are like.
    let own = values::<8>(&c[8..16]).map(|code| b"0X987654321"[weigh(&code, &[3, 7, 9, 10, 5, 8, 4, 2]) as usize % 11]);
    office && place && !same(&d[8..17]) && own.is_none_or(|own| own == c[16]) && (31 - weigh(&d[..17], &WEIGHTS) % 31) % 31 == d[17]
}

/// The identity card of Hong Kong: one or two letters, six digits, a check digit modulo 11, A for ten.
pub fn hk_id(raw: &[u8]) -> bool {
    let check = |c: &[u8], first: u32| {
        let letters = c.len() - 7;
        let Some(d) = values::<6>(&c[letters..letters + 6]) else { return false };
        let name: u32 = match c[..letters] {
            [a] if a.is_ascii_uppercase() => first + u32::from(a - b'A' + 10) * 8,
            [a, b] if a.is_ascii_uppercase() && b.is_ascii_uppercase() => u32::from(a - b'A' + 10) * 9 + u32::from(b - b'A' + 10) * 8,
            _ => return false,
        };
        let want = match (11 - (name + weigh(&d, &[7, 6, 5, 4, 3, 2])) % 11) % 11 {
            10 => b'A',
            v => b'0' + v as u8,
        };
        !same(&d) && c[c.len() - 1] == want
    };
    // Before a single letter stands a blank, which counts 36.
    alnum::<8>(raw).is_some_and(|c| check(&c, 36 * 9)) || alnum::<9>(raw).is_some_and(|c| check(&c, 0))
}

/// The identity card of Macau: 1, 5 or 7, six digits and a check digit by a rule that is not public.
pub fn mo_id(raw: &[u8]) -> bool {
    digits::<8>(raw).is_some_and(|d| matches!(d[0], 1 | 5 | 7) && !same(&d[1..]))
}

/// What a letter counts in Taiwan: the number of the place where it was issued.
fn taiwan(letter: u8) -> Option<u32> {
    const PLACES: [u32; 26] = [10, 11, 12, 13, 14, 15, 16, 17, 34, 18, 19, 20, 21, 22, 35, 23, 24, 25, 26, 27, 28, 29, 32, 30, 31, 33];
    letter.is_ascii_uppercase().then(|| PLACES[usize::from(letter - b'A')])
}

/// Whether a letter, a second sign that counts `second`, and eight digits have the right sum.
fn taiwan_sum(c: &[u8; 10], second: u32) -> bool {
    let (Some(place), Some(d)) = (taiwan(c[0]), values::<8>(&c[2..])) else { return false };
    let sum = place / 10 + place % 10 * 9 + second * 8 + weigh(&d, &[7, 6, 5, 4, 3, 2, 1, 1]);
    !same(&d) && sum.is_multiple_of(10)
}

/// The national identity number of Taiwan: a letter, 1 or 2, eight digits, modulo 10.
pub fn tw_id(raw: &[u8]) -> bool {
    alnum::<10>(raw).is_some_and(|c| matches!(c[1], b'1' | b'2') && taiwan_sum(&c, u32::from(c[1] - b'0')))
}

/// A resident certificate of Taiwan: since 2021 as the identity number with 8 or 9, before with a second letter.
pub fn tw_arc(raw: &[u8]) -> bool {
    alnum::<10>(raw).is_some_and(|c| match c[1] {
        b'8' | b'9' => taiwan_sum(&c, u32::from(c[1] - b'0')),
        b'A'..=b'D' => taiwan_sum(&c, taiwan(c[1]).unwrap_or(0) % 10),
        _ => false,
    })
}

/// The unified business number of Taiwan: the digits of the products with 1, 2, 1, 2, 1, 2, 4, 1 divide by 5 in sum (as since
/// 2023); a 7 in the seventh place leaves one open.
pub fn tw_ubn(raw: &[u8]) -> bool {
    let Some(d) = digits::<8>(raw) else { return false };
    let sum: u32 = d.iter().zip([1, 2, 1, 2, 1, 2, 4, 1]).map(|(d, w)| d * w / 10 + d * w % 10).sum();
    !same(&d) && (sum.is_multiple_of(5) || d[6] == 7 && (sum + 1).is_multiple_of(5))
}

/// My Number of Japan: eleven digits and one that checks them, modulo 11.
pub fn jp_my_number(raw: &[u8]) -> bool {
    let Some(d) = digits::<12>(raw) else { return false };
    let want = match weigh(&d[..11], &[6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11 {
        0 | 1 => 0,
        r => 11 - r,
    };
    !same(&d) && want == d[11]
}

/// The corporate number of Japan: twelve digits behind one that checks them, modulo 9.
pub fn jp_corporate(raw: &[u8]) -> bool {
    let Some(d) = digits::<13>(raw) else { return false };
    !same(&d) && 9 - weigh(&d[1..], &[2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1]) % 9 == d[0]
}

/// The invoice number of Japan's consumption tax: T and thirteen digits, of companies the corporate number.
pub fn jp_invoice(raw: &[u8]) -> bool {
    matches!(raw.first(), Some(b'T' | b't')) && jp_corporate(&raw[1..])
}

/// A resident registration number of Korea: the day of birth, the century and sex (1 to 4). What follows is random since 2020.
pub fn kr_rrn(raw: &[u8]) -> bool {
    digits::<13>(raw).is_some_and(|d| is_yymmdd(&d[..6]) && (1..=4).contains(&d[6]))
}

/// A foreigner's registration number of Korea: the same with 5 to 8.
pub fn kr_frn(raw: &[u8]) -> bool {
    digits::<13>(raw).is_some_and(|d| is_yymmdd(&d[..6]) && (5..=8).contains(&d[6]))
}

/// A business registration number of Korea: nine digits and one that checks them, modulo 10.
pub fn kr_brn(raw: &[u8]) -> bool {
    let Some(d) = digits::<10>(raw) else { return false };
    let sum = weigh(&d[..9], &[1, 3, 7, 1, 3, 7, 1, 3, 5]) + d[8] * 5 / 10;
    number(&d[..3]) > 100 && number(&d[3..5]) > 0 && (10 - sum % 10) % 10 == d[9]
}

/// A driver's licence of Korea: the region (11 to 28), the year, a number, two digits by a rule that is not public.
pub fn kr_driver_license(raw: &[u8]) -> bool {
    digits::<12>(raw).is_some_and(|d| matches!(number(&d[..2]), 11..=26 | 28) && !same(&d[4..]))
}
