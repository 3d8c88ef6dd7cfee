//! Spanish-speaking America.

use super::{alnum, digits, is_day, is_ddmmyy, is_yymmdd, luhn, number, same, values, weigh};

/// The letters of Mexican check digits by value; the 24th place is `&`, the 38th the letter Ñ.
fn mexican(b: u8) -> Option<u32> {
    match b {
        b'0'..=b'9' => Some(u32::from(b - b'0')),
        b'A'..=b'N' => Some(u32::from(b - b'A') + 10),
        b'&' => Some(24),
        b'O'..=b'Z' => Some(u32::from(b - b'O') + 25),
        _ => None,
    }
}

/// Two letters for each state of Mexico in a CURP; NE stands for those born abroad.
const STATES: [&[u8; 2]; 33] = [
    b"AS", b"BC", b"BS", b"CC", b"CH", b"CL", b"CM", b"CS", b"DF", b"DG", b"GR", b"GT", b"HG", b"JC", b"MC", b"MN", b"MS", b"NE", b"NL",
    b"NT", b"OC", b"PL", b"QR", b"QT", b"SL", b"SP", b"SR", b"TC", b"TL", b"TS", b"VZ", b"YN", b"ZS",
];

/// CURP: four letters of the name, the day of birth, the sex, the state, three consonants, one against doubles, a check digit.
pub fn mx_curp(raw: &[u8]) -> bool {
    let Some(c) = alnum::<18>(raw) else { return false };
    let letters = c[..4].iter().chain(&c[10..16]).all(u8::is_ascii_uppercase);
    let day = values::<6>(&c[4..10]).is_some_and(|d| is_yymmdd(&d));
    let sum: u32 = c[..17].iter().zip((2..=18).rev()).map(|(&b, w)| mexican(b).unwrap_or(0) * w).sum();
    letters
        && day
        && matches!(c[10], b'H' | b'M' | b'X')
        && STATES.iter().any(|s| c[11..13] == s[..])
        && c[17].is_ascii_digit()
        && (10 - sum % 10) % 10 == u32::from(c[17] - b'0')
}

/// The places of an RFC by value, right-aligned in thirteen: `None` is the empty place before a company's.
fn rfc_places(raw: &[u8]) -> Option<([Option<u32>; 13], usize)> {
    let mut out = [None; 13];
    let mut n = 0;
    let mut bytes = raw.iter();
    while let Some(&b) = bytes.next() {
        let value = match b.to_ascii_uppercase() {
            b'-' | b' ' | b'_' => continue,
            // The two bytes of the letter in UTF-8, small or capital.
            0xc3 if matches!(bytes.next(), Some(0x91 | 0xb1)) => 38,
            b => mexican(b)?,
        };
        *out.get_mut(n)? = Some(value);
        n += 1;
    }
    Some((out, n))
}

/// Whether an RFC has the shape: three (companies) or four letters, a day, three more signs that are there or not.
fn rfc_shape(places: &[Option<u32>; 13], n: usize) -> bool {
    let letters = match n {
        12 => 3,
        10 | 13 => 4,
        _ => return false,
    };
    let mut day = [0; 6];
    for (slot, p) in day.iter_mut().zip(&places[letters..]) {
        match p {
            Some(v @ 0..=9) => *slot = *v,
            _ => return false,
        }
    }
    places[..letters].iter().all(|p| p.is_some_and(|v| v > 9)) && is_yymmdd(&day)
}

/// RFC with its check digit (modulo 11 over values to 38), or one of the two that stand for anyone.
pub fn mx_rfc(raw: &[u8]) -> bool {
    if alnum::<13>(raw).is_some_and(|c| &c == b"XAXX010101000" || &c == b"XEXX010101000") {
        return true;
    }
    let Some((places, n)) = rfc_places(raw) else { return false };
    if n < 12 || !rfc_shape(&places, n) {
        return false;
    }
    // A company's number is read as if a blank (37) stood before it.
    let blank = if n == 12 { 37 * 13 } else { 0 };
    let sum: u32 = places[..n - 1].iter().flatten().zip((2..=n as u32).rev()).map(|(v, w)| v * w).sum::<u32>() + blank;
    let want = match 11 - sum % 11 {
        11 => 0,
        // The letter A.
        v => v,
    };
    places[n - 1] == Some(want)
}

/// RFC without a look at its check digit: many in use were issued wrong, and people leave the last three places away.
pub fn mx_rfc_shape(raw: &[u8]) -> bool {
    rfc_places(raw).is_some_and(|(places, n)| rfc_shape(&places, n))
}

/// The social security number of IMSS: eleven digits with Luhn.
pub fn mx_nss(raw: &[u8]) -> bool {
    digits::<11>(raw).is_some_and(|d| luhn(&d) && !same(&d))
}

/// The voter's key of INE: six letters, the day of birth, the state (01 to 33), the sex, three digits.
pub fn mx_voter(raw: &[u8]) -> bool {
    let Some(c) = alnum::<18>(raw) else { return false };
    let Some(d) = values::<8>(&c[6..14]) else { return false };
    c[..6].iter().all(u8::is_ascii_uppercase)
        && is_yymmdd(&d[..6])
        && (1..=33).contains(&number(&d[6..]))
        && matches!(c[14], b'H' | b'M')
        && c[15..].iter().all(u8::is_ascii_digit)
}

/// CUIT or CUIL: the kind of holder, the number of the identity card or company, a check digit modulo 11.
pub fn ar_cuit(raw: &[u8]) -> bool {
    let Some(d) = digits::<11>(raw) else { return false };
    let want = match 11 - weigh(&d[..10], &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11 {
        11 => 0,
        10 => 9,
        v => v,
    };
    matches!(number(&d[..2]), 20 | 23 | 24 | 25 | 26 | 27 | 30 | 33 | 34 | 50 | 51 | 55) && number(&d[2..10]) != 0 && want == d[10]
}

/// The card for buses and trains: 16 digits from 6061 on, with Luhn.
pub fn ar_sube(raw: &[u8]) -> bool {
    digits::<16>(raw).is_some_and(|d| number(&d[..4]) == 6061 && luhn(&d))
}

/// RUN or RUT: up to eight digits and a check digit modulo 11, K for ten.
pub fn cl_rut(raw: &[u8]) -> bool {
    let Some((&last, body)) = raw.split_last() else { return false };
    let Some(d) = digits::<8>(body).or_else(|| digits::<7>(body).map(|d| [0, d[0], d[1], d[2], d[3], d[4], d[5], d[6]])) else {
        return false;
    };
    let want = match 11 - weigh(&d, &[3, 2, 7, 6, 5, 4, 3, 2]) % 11 {
        11 => b'0',
        10 => b'K',
        v => b'0' + v as u8,
    };
    !same(&d) && last.to_ascii_uppercase() == want
}

/// NIT: eight to ten digits and one that checks them, modulo 11 with prime weights.
pub fn co_nit(raw: &[u8]) -> bool {
    const PRIMES: [u32; 10] = [3, 7, 13, 17, 19, 23, 29, 37, 41, 43];
    let good = |d: &[u32]| {
        let sum: u32 = d[..d.len() - 1].iter().rev().zip(PRIMES).map(|(d, w)| d * w).sum();
        let want = match sum % 11 {
            r @ (0 | 1) => r,
            r => 11 - r,
        };
        !same(d) && d[d.len() - 1] == want
    };
    digits::<10>(raw).is_some_and(|d| good(&d)) || digits::<9>(raw).is_some_and(|d| good(&d)) || digits::<11>(raw).is_some_and(|d| good(&d))
}

/// RUC of Peru: the kind (10 and 15 to 17 persons, 20 companies), the number, a check digit modulo 11.
pub fn pe_ruc(raw: &[u8]) -> bool {
    let Some(d) = digits::<11>(raw) else { return false };
    let sum = weigh(&d[..10], &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]);
    matches!(number(&d[..2]), 10 | 15 | 16 | 17 | 20) && (11 - sum % 11) % 10 == d[10]
}

/// DNI of Peru: eight digits, and where it is written the check digit or letter.
pub fn pe_dni(raw: &[u8]) -> bool {
    if let Some(d) = digits::<8>(raw) {
        return !same(&d);
    }
    let Some(c) = alnum::<9>(raw) else { return false };
    let Some(d) = values::<8>(&c[..8]) else { return false };
    let rest = weigh(&d, &[3, 2, 7, 6, 5, 4, 3, 2]) as usize % 11;
    !same(&d) && (c[8] == b"65432110987"[rest] || c[8] == b"KJIHGFEDCBA"[rest])
}

/// The identity card of Uruguay: six or seven digits and one that checks them, modulo 10.
pub fn uy_ci(raw: &[u8]) -> bool {
    let Some(d) = digits::<8>(raw).or_else(|| digits::<7>(raw).map(|d| [0, d[0], d[1], d[2], d[3], d[4], d[5], d[6]])) else {
        return false;
    };
    !same(&d[..7]) && (10 - weigh(&d[..7], &[2, 9, 8, 7, 6, 3, 4]) % 10) % 10 == d[7]
}

/// RUT of Uruguay: the register (01 to 22), a number, 001, a check digit modulo 11.
pub fn uy_rut(raw: &[u8]) -> bool {
    let Some(d) = digits::<12>(raw) else { return false };
    let rest = weigh(&d[..11], &[4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    (1..=22).contains(&number(&d[..2])) && number(&d[2..8]) != 0 && number(&d[8..11]) == 1 && (11 - rest) % 11 == d[11]
}

/// RIF of Venezuela: the kind of holder as a letter, eight digits, a check digit modulo 11.
pub fn ve_rif(raw: &[u8]) -> bool {
    let Some(c) = alnum::<10>(raw) else { return false };
    let Some(d) = values::<9>(&c[1..]) else { return false };
    let kind = match c[0] {
        b'V' => 4,
        b'E' => 8,
        b'J' | b'C' => 12,
        b'P' => 16,
        b'G' => 20,
        _ => return false,
    };
    let want = match (kind + weigh(&d[..8], &[3, 2, 7, 6, 5, 4, 3, 2])) % 11 {
        0 | 1 => 0,
        r => 11 - r,
    };
    number(&d[..8]) != 0 && want == d[8]
}

/// Whether a number of Ecuador begins with a province (30: abroad).
fn ecuador_province(d: &[u32]) -> bool {
    matches!(number(&d[..2]), 1..=24 | 30 | 50)
}

/// The identity card of Ecuador: the province, a digit up to 6, a number, a check digit modulo 10.
pub fn ec_ci(raw: &[u8]) -> bool {
    digits::<10>(raw).is_some_and(|d| ecuador_province(&d) && d[2] <= 6 && number(&d[3..9]) != 0 && luhn(&d))
}

/// RUC of Ecuador: of persons the identity card and 001, of companies and offices with a check digit modulo 11.
pub fn ec_ruc(raw: &[u8]) -> bool {
    let Some(d) = digits::<13>(raw) else { return false };
    let person = d[2] <= 6 && luhn(&d[..10]) && number(&d[10..]) != 0;
    let office = matches!(d[2], 6 | 9) && weigh(&d[..9], &[3, 2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11) && number(&d[9..]) != 0;
    let company = d[2] == 9 && weigh(&d[..10], &[4, 3, 2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11) && number(&d[10..]) != 0;
    ecuador_province(&d) && number(&d[3..9]) != 0 && (person || office || company)
}

/// RUC of Paraguay: five to eight digits and one that checks them, modulo 11.
pub fn py_ruc(raw: &[u8]) -> bool {
    let good = |d: &[u32]| {
        let sum: u32 = d[..d.len() - 1].iter().rev().zip(2..).map(|(d, w)| d * w).sum();
        !same(d) && (11 - sum % 11) % 11 % 10 == d[d.len() - 1]
    };
    digits::<6>(raw).is_some_and(|d| good(&d))
        || digits::<7>(raw).is_some_and(|d| good(&d))
        || digits::<8>(raw).is_some_and(|d| good(&d))
        || digits::<9>(raw).is_some_and(|d| good(&d))
}

/// The identity card of the Dominican Republic: eleven digits with Luhn.
pub fn do_cedula(raw: &[u8]) -> bool {
    digits::<11>(raw).is_some_and(|d| number(&d[..3]) != 0 && number(&d[3..10]) != 0 && luhn(&d))
}

/// RNC of the Dominican Republic: eight digits and one that checks them.
pub fn do_rnc(raw: &[u8]) -> bool {
    let Some(d) = digits::<9>(raw) else { return false };
    let rest = weigh(&d[..8], &[7, 9, 8, 6, 5, 4, 3, 2]) % 11;
    !same(&d) && matches!(d[0], 1 | 4 | 5) && (10 - rest) % 9 + 1 == d[8]
}

/// The identity cards of Costa Rica: of persons the province (8 naturalised, 9 special) and two numbers, of companies the
/// class and kind from 2 to 5.
pub fn cr_cedula(raw: &[u8]) -> bool {
    digits::<9>(raw).is_some_and(|d| d[0] != 0 && !same(&d)) || digits::<10>(raw).is_some_and(|d| d[0] == 0 && d[1] != 0)
}

/// The number of a company of Costa Rica.
pub fn cr_juridica(raw: &[u8]) -> bool {
    let Some(d) = digits::<10>(raw) else { return false };
    matches!((d[0], number(&d[1..4])), (2, 100 | 200 | 300 | 400) | (3, 2..=14 | 101..=110) | (4, 0) | (5, 1))
}

/// CUI of Guatemala: eight digits and one that checks them modulo 11, the department (01 to 22) and municipality of birth.
pub fn gt_cui(raw: &[u8]) -> bool {
    const TOWNS: [u32; 22] = [17, 8, 16, 16, 13, 14, 19, 8, 24, 21, 9, 30, 32, 21, 8, 17, 14, 5, 11, 11, 7, 17];
    let Some(d) = digits::<13>(raw) else { return false };
    let (department, town) = (number(&d[9..11]) as usize, number(&d[11..]));
    let known = department.checked_sub(1).and_then(|i| TOWNS.get(i)).is_some_and(|n| (1..=*n).contains(&town));
    known && number(&d[..8]) != 0 && weigh(&d[..8], &[2, 3, 4, 5, 6, 7, 8, 9]) % 11 == d[8]
}

/// NIT of Guatemala: up to eight digits and one that checks them modulo 11, K for ten.
pub fn gt_nit(raw: &[u8]) -> bool {
    let Some((&last, body)) = raw.split_last() else { return false };
    let (mut sum, mut n, mut weight) = (0, 0, 2);
    for &b in body.iter().rev() {
        match b {
            b'0'..=b'9' => {
                sum += u32::from(b - b'0') * weight;
                weight += 1;
                n += 1;
            }
            b'-' | b' ' => {}
            _ => return false,
        }
        if n > 11 {
            return false;
        }
    }
    let want = match (11 - sum % 11) % 11 {
        10 => b'K',
        v => b'0' + v as u8,
    };
    n >= 4 && sum > 0 && last.to_ascii_uppercase() == want
}

/// DUI of El Salvador: eight digits and one that checks them, modulo 10.
pub fn sv_dui(raw: &[u8]) -> bool {
    let Some(d) = digits::<9>(raw) else { return false };
    !same(&d) && (10 - weigh(&d[..8], &[9, 8, 7, 6, 5, 4, 3, 2]) % 10) % 10 == d[8]
}

/// NIT of El Salvador: the municipality, the day of birth as `ddmmyy`, a number, a check digit modulo 11.
pub fn sv_nit(raw: &[u8]) -> bool {
    let Some(d) = digits::<14>(raw) else { return false };
    let want = if number(&d[10..13]) <= 100 {
        weigh(&d[..13], &[14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11 % 10
    } else {
        (11 - weigh(&d[..13], &[2, 7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11) % 11 % 10
    };
    matches!(d[0], 0 | 1 | 9) && is_ddmmyy(&d[4..10]) && want == d[13]
}

/// The identity number of Honduras: the department (01 to 18) and municipality, the year of birth, a number.
pub fn hn_dni(raw: &[u8]) -> bool {
    let Some(d) = digits::<13>(raw) else { return false };
    let year = number(&d[4..8]);
    (1..=18).contains(&number(&d[..2])) && (1..=28).contains(&number(&d[2..4])) && (1900..=super::this_year()).contains(&year)
}

/// The identity card of Nicaragua: the municipality, the day of birth as `ddmmyy`, a number, a letter.
pub fn ni_cedula(raw: &[u8]) -> bool {
    let Some(c) = alnum::<14>(raw) else { return false };
    values::<13>(&c[..13]).is_some_and(|d| is_ddmmyy(&d[3..9]) && number(&d[..3]) != 0) && c[13].is_ascii_uppercase()
}

/// The identity number of Cuba: the day of birth as `yymmdd`, the century, a number.
pub fn cu_ni(raw: &[u8]) -> bool {
    let Some(d) = digits::<11>(raw) else { return false };
    // The seventh digit: to 5 the last century, 6 to 8 this, 9 the one before.
    let century = match d[6] {
        9 => 1800,
        0..=5 => 1900,
        _ => 2000,
    };
    is_day(century + number(&d[..2]), number(&d[2..4]), number(&d[4..6]))
}
