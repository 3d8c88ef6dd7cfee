//! Denmark, Estonia, Finland, Iceland, Latvia, Lithuania, Norway, Sweden.

use super::{Code, THIS_YEAR, calendar, day, day_of_some_century, digits, luhn, two, values, weighted};

/// Denmark, CPR number: day of birth, the century in the seventh digit, and modulo 11 with weights 4, 3, 2, 7 to 1. For days
/// whose numbers ran out (always 1 January, since 2007) the last digit checks nothing.
pub fn dk_cpr(raw: &[u8]) -> bool {
    let Some(d) = digits::<10>(raw) else { return false };
    let (of_month, month, yy) = (two(&d, 0), two(&d, 2), two(&d, 4));
    let year = yy
        + match (d[6], yy) {
            (0..=3, _) => 1900,
            (4 | 9, 37..) => 1900,
            (4 | 9, _) => 2000,
            (_, 58..) => 1800,
            _ => 2000,
        };
    let ran_out = of_month == 1 && month == 1 && year >= 1960;
    day(year, month, of_month) && (ran_out || weighted(&d, &[4, 3, 2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11))
}

/// Estonia and Lithuania: sex and century, day of birth, serial, and a check digit with weights 1 to 9, 1, or, where that leaves
/// 10, 3 to 9, 1 to 3.
pub fn ee_ik(raw: &[u8]) -> bool {
    let Some(d) = digits::<11>(raw) else { return false };
    let century = match d[0] {
        1 | 2 => 1800,
        3 | 4 => 1900,
        5 | 6 => 2000,
        _ => return false,
    };
    let check = match weighted(&d, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 1]) % 11 {
        10 => weighted(&d, &[3, 4, 5, 6, 7, 8, 9, 1, 2, 3]) % 11 % 10,
        c => c,
    };
    day(century + two(&d, 1), two(&d, 3), two(&d, 5)) && check == u32::from(d[10])
}

/// Finland, henkilötunnus: day of birth, a sign for the century (also U to Y and B to F since 2023), serial, and one of 31 signs.
pub fn fi_hetu(raw: &[u8]) -> bool {
    const SIGNS: &[u8; 31] = b"0123456789ABCDEFHJKLMNPRSTUVWXY";
    let Ok(v) = <&[u8; 11]>::try_from(raw) else { return false };
    let mut d = [0; 9];
    for (slot, b) in d.iter_mut().zip(v[..6].iter().chain(&v[7..10])) {
        if !b.is_ascii_digit() {
            return false;
        }
        *slot = b - b'0';
    }
    let century = match v[6].to_ascii_uppercase() {
        b'+' => 1800,
        b'-' | b'U'..=b'Y' => 1900,
        b'A'..=b'F' => 2000,
        _ => return false,
    };
    let serial = super::number(&d[6..]);
    calendar(century + two(&d, 4), two(&d, 2), two(&d, 0))
        && serial >= 2
        && SIGNS[(super::number(&d) % 31) as usize] == v[10].to_ascii_uppercase()
}

/// Finland, Y-tunnus of a company: seven digits and a check digit with weights 7, 9, 10, 5, 8, 4, 2.
pub fn fi_business_id(raw: &[u8]) -> bool {
    digits::<8>(raw).is_some_and(|d| match weighted(&d, &[7, 9, 10, 5, 8, 4, 2]) % 11 {
        0 => d[7] == 0,
        1 => false,
        r => 11 - r == u32::from(d[7]),
    })
}

/// Iceland, kennitala: day of birth (plus 40 for companies), two digits, a check digit with weights 3, 2, 7 to 2, the century.
pub fn is_kennitala(raw: &[u8]) -> bool {
    let Some(d) = digits::<10>(raw) else { return false };
    let century = match d[9] {
        8 => 1800,
        9 => 1900,
        0 => 2000,
        _ => return false,
    };
    let of_month = two(&d, 0);
    day(century + two(&d, 4), two(&d, 2), if of_month > 40 { of_month - 40 } else { of_month })
        && weighted(&d, &[3, 2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11)
}

/// Lithuania, asmens kodas.
pub fn lt_asmens(raw: &[u8]) -> bool {
    ee_ik(raw)
}

/// Latvia, personas kods: day of birth, century, serial, check digit. Since July 2017 numbers begin with 32 and tell nothing.
pub fn lv_pk(raw: &[u8]) -> bool {
    let Some(d) = digits::<11>(raw) else { return false };
    // Given out since 2017, without a date.
    if d[..2] == [3, 2] {
        return d[2..].iter().any(|&d| d != 0);
    }
    let century = match d[6] {
        0 => 1800,
        1 => 1900,
        2 => 2000,
        _ => return false,
    };
    day(century + two(&d, 4), two(&d, 2), two(&d, 0)) && (1 + weighted(&d, &[10, 5, 8, 4, 2, 1, 6, 3, 7, 9])) % 11 % 10 == u32::from(d[10])
}

/// Norway, fødselsnummer: day of birth (plus 40 for D numbers; the month plus 40, 65 or 80 for help and test numbers), serial,
/// two check digits modulo 11.
pub fn no_fnr(raw: &[u8]) -> bool {
    let Some(d) = digits::<11>(raw) else { return false };
    let of_month = two(&d, 0) - if d[0] >= 4 { 40 } else { 0 };
    let month = match two(&d, 2) {
        m @ 41..=52 => m - 40,
        m @ 66..=77 => m - 65,
        m @ 81..=92 => m - 80,
        m => m,
    };
    day_of_some_century(two(&d, 4), month, of_month)
        && weighted(&d, &[3, 7, 6, 1, 8, 9, 4, 5, 2, 1]).is_multiple_of(11)
        && weighted(&d, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11)
}

/// Norway, organisasjonsnummer: nine digits, weights 3, 2, 7 to 2, modulo 11; the first is 8 or 9.
pub fn no_orgnr(raw: &[u8]) -> bool {
    digits::<9>(raw).is_some_and(|d| d[0] >= 8 && weighted(&d, &[3, 2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11))
}

/// Sweden, personnummer and samordningsnummer: year (with its century or not), month, day (plus 60 where nobody is registered;
/// then the month may be unknown), `-` or, from the hundredth birthday on, `+`, three digits, a check digit by Luhn over ten.
pub fn se_personnummer(raw: &[u8]) -> bool {
    /// Births before are in no register of our time.
    const OLDEST: u32 = 1890;
    let hundred = raw.contains(&b'+');
    let mut plain = [0; 14];
    let Some(copy) = plain.get_mut(..raw.len()) else { return false };
    for (slot, &b) in copy.iter_mut().zip(raw) {
        *slot = if b == b'+' { b'-' } else { b };
    }
    let Some(c) = Code::of(&plain[..raw.len()]) else { return false };
    let (years, d) = match c.get().len() {
        10 => (None, values::<10>(c.get())),
        12 => (values::<2>(&c.get()[..2]).map(|y| two(&y, 0) * 100), values::<10>(&c.get()[2..])),
        _ => return false,
    };
    let Some(d) = d else { return false };
    let (yy, month, of_month) = (two(&d, 0), two(&d, 2), two(&d, 4));
    let year = match years {
        Some(y) => y + yy,
        None => {
            let latest = *THIS_YEAR - if hundred { 100 } else { 0 };
            let century = latest / 100 * 100 + yy;
            if century > latest { century - 100 } else { century }
        }
    };
    let real = match of_month {
        61..=91 if month == 0 => true,
        61..=91 => day(year, month, of_month - 60),
        n => day(year, month, n),
    };
    real && (OLDEST..=*THIS_YEAR).contains(&year) && luhn(&d)
}

/// Sweden, organisationsnummer: ten digits, Luhn; the third is 2 at least, so that it is no day of birth (`16` in front is
/// dropped).
pub fn se_orgnr(raw: &[u8]) -> bool {
    let Some(c) = Code::of(raw) else { return false };
    let c = c.get();
    let c = if c.len() == 12 { c.strip_prefix(b"16").unwrap_or(c) } else { c };
    values::<10>(c).is_some_and(|d| matches!(d[0], 1..=3 | 5..=9) && d[2] >= 2 && luhn(&d))
}
