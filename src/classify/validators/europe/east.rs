//! Belarus, Bulgaria, Czechia, Hungary, Moldova, Poland, Romania, Russia, Slovakia, Ukraine.

use super::{Code, calendar, day, day_of_some_century, digits, number, rest, two, value36, values, weighted};

/// Belarus, personal number: sex and century, day of birth, region, serial, two letters, a check digit with weights 7, 3, 1.
pub fn by_personal(raw: &[u8]) -> bool {
    let Some(c) = Code::of(raw) else { return false };
    let c = c.get();
    if c.len() != 14 || c.iter().enumerate().any(|(i, b)| b.is_ascii_digit() == matches!(i, 7 | 11 | 12)) {
        return false;
    }
    let Some(d) = values::<7>(&c[..7]) else { return false };
    (1..=6).contains(&d[0])
        && day_of_some_century(two(&d, 5), two(&d, 3), two(&d, 1))
        && b"ABCHKEM".contains(&c[7])
        && super::icao_check(&c[..13]) == u32::from(value36(c[13]))
}

/// Belarus, payer's number (УНП): nine digits, primes as weights, modulo 11; a person's begins with two letters.
pub fn by_unp(raw: &[u8]) -> bool {
    let Some(c) = Code::of(raw) else { return false };
    let c = c.get();
    let Some(d) = c.get(2..).and_then(values::<7>) else { return false };
    let (first, second) = match (c[0], c[1]) {
        (a @ b'1'..=b'7', b @ b'0'..=b'9') => (a - b'0', b - b'0'),
        (a, b) if b"ABCEHKM".contains(&a) => match b"ABCEHKMOPT".iter().position(|&l| l == b) {
            Some(second) => (value36(a), second as u8),
            None => return false,
        },
        _ => return false,
    };
    let check = (u32::from(first) * 29 + u32::from(second) * 23 + weighted(&d, &[19, 17, 13, 7, 5, 3])) % 11;
    check == u32::from(d[6])
}

/// Bulgaria, единен граждански номер: day of birth (month plus 20 before 1900, plus 40 from 2000 on), serial, check digit.
pub fn bg_egn(raw: &[u8]) -> bool {
    digits::<10>(raw).is_some_and(|d| egn(&d))
}

pub(super) fn egn(d: &[u8; 10]) -> bool {
    let (century, month) = match two(d, 2) {
        m @ 41.. => (2000, m - 40),
        m @ 21.. => (1800, m - 20),
        m => (1900, m),
    };
    calendar(century + two(d, 0), month, two(d, 4)) && weighted(d, &[2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11 % 10 == u32::from(d[9])
}

/// Bulgaria, personal number of a foreigner (ЛНЧ): weights 21 to 1, modulo 10.
pub fn bg_lnch(raw: &[u8]) -> bool {
    digits::<10>(raw).is_some_and(|d| lnch(&d))
}

pub(super) fn lnch(d: &[u8; 10]) -> bool {
    weighted(d, &[21, 19, 17, 13, 11, 9, 7, 3, 1]) % 10 == u32::from(d[9])
}

/// Czechia and Slovakia, rodné číslo: year, month (plus 50 for women, since 2004 also plus 20 or 70), day, serial; from 1954 on
/// with a tenth digit so that 11 divides it (or, to 1985, 0 where the nine left 10).
pub fn cz_rc(raw: &[u8]) -> bool {
    let Some(c) = Code::of(raw) else { return false };
    birth_number(c.behind(b"CZ"))
}

pub(super) fn birth_number(c: &[u8]) -> bool {
    if !c.iter().all(u8::is_ascii_digit) || !(9..=10).contains(&c.len()) {
        return false;
    }
    let mut d = [0; 10];
    d.iter_mut().zip(c).for_each(|(slot, b)| *slot = b - b'0');
    let d = &d[..c.len()];
    let yy = two(d, 0);
    let year = match (d.len(), yy) {
        (9, 54..) => return false,
        (9, _) => 1900 + yy,
        (_, 54..) => 1900 + yy,
        _ => 2000 + yy,
    };
    let extra = year >= 2004;
    let month = match two(d, 2) {
        m @ 1..=12 => m,
        m @ 51..=62 => m - 50,
        m @ 21..=32 if extra => m - 20,
        m @ 71..=82 if extra => m - 70,
        _ => return false,
    };
    let checked = d.len() == 9 && number(&d[6..]) > 0
        || d.len() == 10 && (rest(d, 11) == 0 || d[9] == 0 && rest(&d[..9], 11) == 10 && (1954..=1985).contains(&year));
    checked && calendar(year, month, two(d, 4))
}

/// Czechia, identification number of a company (IČO): eight digits, weights 8 to 2, modulo 11.
pub fn cz_ico(raw: &[u8]) -> bool {
    digits::<8>(raw).is_some_and(|d| ico(&d))
}

pub(super) fn ico(d: &[u8; 8]) -> bool {
    (11 - weighted(d, &[8, 7, 6, 5, 4, 3, 2]) % 11) % 10 == u32::from(d[7])
}

/// Czechia, daňové identifikační číslo: CZ (or not) and the birth number of a person or the number of a company.
pub fn cz_dic(raw: &[u8]) -> bool {
    let Some(c) = Code::of(raw) else { return false };
    let c = c.behind(b"CZ");
    birth_number(c) || values::<8>(c).is_some_and(|d| d[0] != 9 && ico(&d))
}

/// Hungary, adóazonosító jel of a person: 8, nine digits, the sum of digits times their places modulo 11.
pub fn hu_tin(raw: &[u8]) -> bool {
    digits::<10>(raw).is_some_and(|d| d[0] == 8 && weighted(&d, &[1, 2, 3, 4, 5, 6, 7, 8, 9]) % 11 == u32::from(d[9]))
}

/// Hungary, TAJ of the health insurance: nine digits, weights 3 and 7, modulo 10.
pub fn hu_taj(raw: &[u8]) -> bool {
    digits::<9>(raw).is_some_and(|d| weighted(&d, &[3, 7, 3, 7, 3, 7, 3, 7]) % 10 == u32::from(d[8]))
}

/// Hungary, személyi azonosító: sex and century, day of birth, serial, modulo 11 (weights 1 to 10, from 1997 on 10 to 1).
pub fn hu_personal(raw: &[u8]) -> bool {
    digits::<11>(raw).is_some_and(|d| {
        let year = two(&d, 1)
            + match d[0] {
                1 | 2 => 1900,
                3 | 4 if two(&d, 1) < 90 => 2000,
                3 | 4 => 1800,
                _ => return false,
            };
        let sum = match year {
            1997.. => weighted(&d, &[10, 9, 8, 7, 6, 5, 4, 3, 2, 1]),
            _ => weighted(&d, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        };
        day(year, two(&d, 3), two(&d, 5)) && sum % 11 == u32::from(d[10])
    })
}

/// Moldova, IDNP: thirteen digits, weights 7, 3, 1, modulo 10; persons begin with 0 or 2, companies with 1.
pub fn md_idnp(raw: &[u8]) -> bool {
    digits::<13>(raw).is_some_and(|d| d[0] <= 2 && weighted(&d, &[7, 3, 1, 7, 3, 1, 7, 3, 1, 7, 3, 1]) % 10 == u32::from(d[12]))
}

/// Poland, PESEL: day of birth (the month tells the century), serial, weights 1, 3, 7, 9, modulo 10.
pub fn pl_pesel(raw: &[u8]) -> bool {
    digits::<11>(raw).is_some_and(|d| {
        let (century, month) = match two(&d, 2) {
            m @ 81.. => (1800, m - 80),
            m @ 61.. => (2200, m - 60),
            m @ 41.. => (2100, m - 40),
            m @ 21.. => (2000, m - 20),
            m => (1900, m),
        };
        // The scheme reaches to 2299, and numbers of days to come are in every set of samples.
        calendar(century + two(&d, 0), month, two(&d, 4)) && weighted(&d, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]).is_multiple_of(10)
    })
}

/// Poland, NIP: ten digits, weights 6, 5, 7, 2 to 7, modulo 11.
pub fn pl_nip(raw: &[u8]) -> bool {
    let Some(c) = Code::of(raw) else { return false };
    values::<10>(c.behind(b"PL"))
        .is_some_and(|d| d.windows(2).any(|w| w[0] != w[1]) && weighted(&d, &[6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 == u32::from(d[9]))
}

/// Poland, REGON: nine digits (weights 8, 9, 2 to 7) or these and five of a branch (weights 2, 4, 8, 5, 0, 9, 7, 3, 6, 1, 2, 4, 8).
pub fn pl_regon(raw: &[u8]) -> bool {
    let nine = |d: &[u8]| weighted(d, &[8, 9, 2, 3, 4, 5, 6, 7]) % 11 % 10 == u32::from(d[8]);
    digits::<9>(raw).is_some_and(|d| nine(&d))
        || digits::<14>(raw)
            .is_some_and(|d| nine(&d[..9]) && weighted(&d, &[2, 4, 8, 5, 0, 9, 7, 3, 6, 1, 2, 4, 8]) % 11 % 10 == u32::from(d[13]))
}

/// Poland, identity card: three letters, a check digit, five digits; weights 7, 3, 1.
pub fn pl_id_card(raw: &[u8]) -> bool {
    polish_document(raw, 3, &[7, 3, 1, 0, 7, 3, 1, 7, 3])
}

/// Poland, passport: two letters, a check digit, six digits.
pub fn pl_passport(raw: &[u8]) -> bool {
    polish_document(raw, 2, &[7, 3, 0, 1, 7, 3, 1, 7, 3])
}

fn polish_document(raw: &[u8], letters: usize, weights: &[u32; 9]) -> bool {
    let Some(c) = Code::of(raw) else { return false };
    let c = c.get();
    let shape = c.len() == 9 && c.iter().enumerate().all(|(i, b)| b.is_ascii_alphabetic() == (i < letters));
    // No series holds the letters O and Q.
    shape
        && !c[..letters].iter().any(|b| b"OQ".contains(b))
        && c.iter().zip(weights).map(|(&b, w)| u32::from(value36(b)) * w).sum::<u32>() % 10 == u32::from(value36(c[letters]))
}

/// Romania, cod numeric personal: sex and century, day of birth, county, serial, modulo 11 over 279146358279.
pub fn ro_cnp(raw: &[u8]) -> bool {
    digits::<13>(raw).is_some_and(|d| {
        let (yy, month, of_month) = (two(&d, 1), two(&d, 3), two(&d, 5));
        let born = match d[0] {
            1 | 2 => day(1900 + yy, month, of_month),
            3 | 4 => day(1800 + yy, month, of_month),
            5 | 6 => day(2000 + yy, month, of_month),
            7..=9 => day_of_some_century(yy, month, of_month),
            _ => false,
        };
        let check = match weighted(&d, &[2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11 {
            10 => 1,
            c => c,
        };
        born && matches!(two(&d, 7), 1..=48 | 51 | 52 | 70) && number(&d[9..12]) > 0 && check == u32::from(d[12])
    })
}

/// Russia, ИНН: ten digits of a company or twelve of a person, one or two of them check the others.
pub fn ru_inn(raw: &[u8]) -> bool {
    const WEIGHTS: [u32; 11] = [3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8];
    digits::<10>(raw).is_some_and(|d| two(&d, 0) > 0 && weighted(&d, &WEIGHTS[2..]) % 11 % 10 == u32::from(d[9]))
        || digits::<12>(raw).is_some_and(|d| {
            two(&d, 0) > 0
                && weighted(&d, &WEIGHTS[1..]) % 11 % 10 == u32::from(d[10])
                && weighted(&d, &WEIGHTS) % 11 % 10 == u32::from(d[11])
        })
}

/// Russia, СНИЛС: nine digits with weights 9 to 1, modulo 101 (100 is 00); numbers to 001-001-998 have no check.
pub fn ru_snils(raw: &[u8]) -> bool {
    digits::<11>(raw).is_some_and(|d| number(&d[..9]) > 1_001_998 && weighted(&d, &[9, 8, 7, 6, 5, 4, 3, 2, 1]) % 101 % 100 == two(&d, 9))
}

/// Russia, ОГРН of a company (13 digits, modulo 11) and ОГРНИП of a trader (15, modulo 13).
pub fn ru_ogrn(raw: &[u8]) -> bool {
    digits::<13>(raw).is_some_and(|d| matches!(d[0], 1 | 5) && number(&d[..12]) % 11 % 10 == u64::from(d[12]))
        || digits::<15>(raw).is_some_and(|d| d[0] == 3 && number(&d[..14]) % 13 % 10 == u64::from(d[14]))
}

/// Russia, policy of the mandatory health insurance: sixteen digits, Luhn.
pub fn ru_oms(raw: &[u8]) -> bool {
    super::luhn_of::<16>(raw)
}

/// Slovakia, tax number (DIČ, also for VAT): ten digits that 11 divides.
pub fn sk_dic(raw: &[u8]) -> bool {
    let Some(c) = Code::of(raw) else { return false };
    values::<10>(c.behind(b"SK")).is_some_and(|d| d[0] != 0 && matches!(d[2], 2 | 3 | 4 | 7 | 8 | 9) && rest(&d, 11) == 0)
}

/// Ukraine, РНОКПП: days since 1899, serial, check digit.
pub fn ua_rntrc(raw: &[u8]) -> bool {
    digits::<10>(raw).is_some_and(|d| {
        // The first weight is -1, which is 10 modulo 11.
        weighted(&d, &[10, 5, 7, 9, 4, 6, 10, 5, 7]) % 11 % 10 == u32::from(d[9]) && number(&d[..5]) > 0
    })
}

/// Ukraine, ЄДРПОУ of a company: eight digits, weights 1 to 7 (or 7, 1 to 6 in the middle of the range), else 3 to 9, modulo 11.
pub fn ua_edrpou(raw: &[u8]) -> bool {
    digits::<8>(raw).is_some_and(|d| {
        let middle = (30_000_000..60_000_000).contains(&number(&d));
        let (first, second): (&[u32], &[u32]) =
            if middle { (&[7, 1, 2, 3, 4, 5, 6], &[9, 3, 4, 5, 6, 7, 8]) } else { (&[1, 2, 3, 4, 5, 6, 7], &[3, 4, 5, 6, 7, 8, 9]) };
        let check = match weighted(&d, first) % 11 {
            10 => weighted(&d, second) % 11 % 10,
            c => c,
        };
        check == u32::from(d[7])
    })
}

/// Ukraine, УНЗР of the demographic register: day of birth, four digits, a check digit with weights 7, 3, 1.
pub fn ua_unzr(raw: &[u8]) -> bool {
    digits::<13>(raw).is_some_and(|d| {
        let year = two(&d, 0) * 100 + two(&d, 2);
        let weights = [7, 3, 1, 7, 3, 1, 7, 3, 1, 7, 3, 1];
        year >= 1890 && day(year, two(&d, 4), two(&d, 6)) && weighted(&d, &weights) % 10 == u32::from(d[12])
    })
}
