//! Singapore, Malaysia, Thailand, Indonesia, the Philippines and Vietnam.

use super::{alnum, digits, is_day, is_yymmdd, luhn, number, same, values, weigh};

/// NRIC or FIN: S, T, F, G or M, seven digits, a check letter modulo 11.
pub fn sg_nric(raw: &[u8]) -> bool {
    let Some(c) = alnum::<9>(raw) else { return false };
    let Some(d) = values::<7>(&c[1..8]) else { return false };
    let (more, letters): (u32, &[u8; 11]) = match c[0] {
        b'S' => (0, b"JZIHGFEDCBA"),
        b'T' => (4, b"JZIHGFEDCBA"),
        b'F' => (0, b"XWUTRQPNMLK"),
        b'G' => (4, b"XWUTRQPNMLK"),
        b'M' => (3, b"XWUTRQPNJLK"),
        _ => return false,
    };
    !same(&d) && letters[(weigh(&d, &[2, 7, 6, 5, 4, 3, 2]) + more) as usize % 11] == c[8]
}

/// The kinds of entities in the newest form of a UEN.
const ENTITIES: [&[u8; 2]; 38] = [
    b"CC", b"CD", b"CH", b"CL", b"CM", b"CP", b"CS", b"CX", b"DP", b"FB", b"FC", b"FM", b"FN", b"GA", b"GB", b"GS", b"HS", b"LL", b"LP",
    b"MB", b"MC", b"MD", b"MH", b"MM", b"MQ", b"NB", b"NR", b"PA", b"PB", b"PF", b"RF", b"RP", b"SM", b"SS", b"TC", b"TU", b"VH", b"XL",
];

/// UEN: a business (eight digits), a company (year and five digits) or another entity (T, year, kind, four digits), each with
/// a check letter modulo 11.
pub fn sg_uen(raw: &[u8]) -> bool {
    if let Some(c) = alnum::<9>(raw) {
        let business = |d: [u32; 8]| b"XMKECAWLJDB"[weigh(&d, &[10, 4, 9, 3, 8, 2, 7, 1]) as usize % 11] == c[8] && !same(&d);
        return values::<8>(&c[..8]).is_some_and(business);
    }
    let Some(c) = alnum::<10>(raw) else { return false };
    if let Some(d) = values::<9>(&c[..9]) {
        let year = number(&d[..4]);
        let letter = b"ZKCMDNERGWH"[weigh(&d, &[10, 8, 6, 4, 9, 7, 5, 3, 1]) as usize % 11];
        return (1800..=super::this_year()).contains(&year) && letter == c[9];
    }
    const SIGNS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWX0123456789";
    let shape = matches!(c[0], b'R' | b'S' | b'T')
        && values::<2>(&c[1..3]).is_some_and(|d| c[0] != b'T' || 2000 + number(&d) <= super::this_year())
        && ENTITIES.iter().any(|e| c[3..5] == e[..])
        && values::<4>(&c[5..9]).is_some();
    let mut d = [0; 9];
    for (slot, b) in d.iter_mut().zip(c) {
        let Some(i) = SIGNS.iter().position(|s| *s == b) else { return false };
        *slot = i as u32;
    }
    shape && SIGNS[(weigh(&d, &[4, 3, 5, 3, 10, 2, 2, 5, 7]) + 6) as usize % 11] == c[9]
}

/// NRIC of Malaysia: the day of birth as `yymmdd`, the place of birth, a number.
pub fn my_nric(raw: &[u8]) -> bool {
    let Some(d) = digits::<12>(raw) else { return false };
    let place = matches!(number(&d[6..8]), 1..=16 | 21..=68 | 71 | 72 | 74..=79 | 82..=93 | 98 | 99);
    is_yymmdd(&d[..6]) && place && number(&d[8..]) != 0
}

/// Whether two digits are a province of Thailand.
fn thai_province(code: u32) -> bool {
    matches!(code, 10..=27 | 30..=49 | 50..=58 | 60..=67 | 70..=77 | 80..=86 | 90..=96)
}

/// The weighted sum of Thai numbers, modulo 11.
fn thai_check(d: &[u32; 13]) -> bool {
    (11 - weigh(&d[..12], &[13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11) % 10 == d[12]
}

/// The identity number of Thailand: the kind of person (1 to 8), the province, numbers, a check digit modulo 11.
pub fn th_pin(raw: &[u8]) -> bool {
    digits::<13>(raw).is_some_and(|d| (1..=8).contains(&d[0]) && thai_province(number(&d[1..3])) && !same(&d) && thai_check(&d))
}

/// The tax number of a company in Thailand: as the identity number, with 0 first and the province behind it.
pub fn th_tin(raw: &[u8]) -> bool {
    digits::<13>(raw).is_some_and(|d| d[0] == 0 && (thai_province(number(&d[1..3])) || number(&d[1..3]) == 99) && thai_check(&d))
}

/// Whether 16 digits are the place (province, regency, district), the day of birth (women's plus 40), a number.
fn nik(d: &[u32; 16]) -> bool {
    let day = number(&d[6..8]);
    let day = if day > 40 { day - 40 } else { day };
    let province = matches!(number(&d[..2]), 11..=19 | 21 | 31..=36 | 51..=53 | 61..=65 | 71..=76 | 81 | 82 | 91..=97);
    province
        && (1..=79).contains(&number(&d[2..4]))
        && number(&d[4..6]) != 0
        && is_day(2000 + number(&d[10..12]), number(&d[8..10]), day)
        && number(&d[12..]) != 0
}

/// NIK of Indonesia.
pub fn id_nik(raw: &[u8]) -> bool {
    digits::<16>(raw).is_some_and(|d| nik(&d))
}

/// NPWP of Indonesia: nine digits with Luhn and six for the tax office and branch; since 2024 a 0 stands before them, and
/// persons use their NIK.
pub fn id_npwp(raw: &[u8]) -> bool {
    digits::<15>(raw).is_some_and(|d| number(&d[..9]) != 0 && luhn(&d[..9]))
        || digits::<16>(raw).is_some_and(|d| d[0] == 0 && number(&d[..9]) != 0 && luhn(&d[..10]) || nik(&d))
}

/// TIN of the Philippines: eight digits and one that checks them modulo 11, the branch in three or five or none.
pub fn ph_tin(raw: &[u8]) -> bool {
    let good = |d: &[u32]| number(&d[..8]) != 0 && !same(&d[..9]) && weigh(&d[..8], &[9, 8, 7, 6, 5, 4, 3, 2]) % 11 == d[8];
    digits::<9>(raw).is_some_and(|d| good(&d)) || digits::<12>(raw).is_some_and(|d| good(&d)) || digits::<14>(raw).is_some_and(|d| good(&d))
}

/// The tax code of Vietnam: nine digits and one that checks them modulo 11, three for a branch or none.
pub fn vn_mst(raw: &[u8]) -> bool {
    let good = |d: &[u32]| number(&d[2..9]) != 0 && 10 - weigh(&d[..9], &[31, 29, 23, 19, 17, 13, 7, 5, 3]) % 11 == d[9];
    digits::<10>(raw).is_some_and(|d| good(&d)) || digits::<13>(raw).is_some_and(|d| good(&d) && number(&d[10..]) != 0)
}

/// The citizen's number of Vietnam: the province or country (001 to 096, or from 100 on), the century and sex, the year of
/// birth, a number.
pub fn vn_cccd(raw: &[u8]) -> bool {
    digits::<12>(raw).is_some_and(|d| (1..=96).contains(&number(&d[..3])) && d[3] <= 3 && number(&d[6..]) != 0)
}
