//! Austria, Belgium, France, Liechtenstein, Luxembourg, the Netherlands, Switzerland.

use super::{Code, day, day_of_some_century, digits, icao_check, luhn, luhn_of, number, rest, two, values, verhoeff, weighted};

/// Austria, Sozialversicherungsnummer: serial of three digits, check digit, day of birth (months to 15 where numbers ran out).
pub fn at_svnr(raw: &[u8]) -> bool {
    let Some(d) = digits::<10>(raw) else { return false };
    d[0] != 0
        && (1..=31).contains(&two(&d, 4))
        && (1..=15).contains(&two(&d, 6))
        && weighted(&d, &[3, 7, 9, 0, 5, 8, 4, 2, 1, 6]) % 11 == u32::from(d[3])
}

/// Austria, Abgabenkontonummer: two digits of the tax office, six, and a check digit by Luhn.
pub fn at_tin(raw: &[u8]) -> bool {
    luhn_of::<9>(raw)
}

/// Belgium, national register number: year, month (plus 20 or 40 where the sex was unknown or known: bis numbers), day, serial,
/// and 97 less the rest modulo 97; births from 2000 on are checked with a 2 in front.
pub fn be_nn(raw: &[u8]) -> bool {
    let Some(d) = Code::of(raw).and_then(|c| values::<11>(c.get())) else { return false };
    let (year, month, of_month) = (two(&d, 0), two(&d, 2), two(&d, 4));
    let check = two(&d, 9);
    let month = month
        - if month >= 40 {
            40
        } else if month >= 20 {
            20
        } else {
            0
        };
    let of = |lead: u64, century: u32| {
        let n = lead * 1_000_000_000 + number(&d[..9]);
        // Where only the year is known, month and day are 0 (or the day counts on).
        let known = day(century + year, month, of_month) || month == 0 && century + year <= *super::THIS_YEAR;
        known && 97 - n % 97 == u64::from(check)
    };
    number(&d[6..9]) > 0 && (of(0, 1900) || of(2, 2000))
}

/// Belgium, the number of the identity card: ten digits and their rest modulo 97 (97 for 0).
pub fn be_id_card(raw: &[u8]) -> bool {
    digits::<12>(raw).is_some_and(|d| match number(&d[..10]) % 97 {
        0 => two(&d, 10) == 97,
        r => u64::from(two(&d, 10)) == r,
    })
}

/// Switzerland, AHV number: 756, nine digits, a check digit as on goods (EAN-13).
pub fn ch_ahv(raw: &[u8]) -> bool {
    digits::<13>(raw).is_some_and(|d| {
        d[..3] == [7, 5, 6] && weighted(&d, &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]).is_multiple_of(10) && number(&d[3..]) > 9
    })
}

/// France, numéro d'inscription au répertoire (INSEE): sex, year and month of birth, place, order, and 97 less the rest modulo
/// 97. Corsica's `2A` and `2B` count as 19 and 18.
pub fn fr_nir(raw: &[u8]) -> bool {
    let Some(code) = Code::of(raw) else { return false };
    let mut c = [0; 15];
    if code.get().len() != 15 {
        return false;
    }
    c.copy_from_slice(code.get());
    match c[5..7] {
        [b'2', b'A'] => c[5..7].copy_from_slice(b"19"),
        [b'2', b'B'] => c[5..7].copy_from_slice(b"18"),
        _ => {}
    }
    let Some(d) = values::<15>(&c) else { return false };
    let month = two(&d, 3);
    matches!(d[0], 1..=4 | 7 | 8)
        && (matches!(month, 1..=12 | 20 | 30..=42) || month >= 50)
        && two(&d, 5) > 0
        && number(&d[10..13]) > 0
        && 97 - number(&d[..13]) % 97 == u64::from(two(&d, 13))
}

/// France, numéro fiscal (SPI): 0 to 3, nine digits, and the rest of these ten modulo 511.
pub fn fr_nif(raw: &[u8]) -> bool {
    digits::<13>(raw).is_some_and(|d| d[0] < 4 && rest(&d[..10], 511) == u32::from(d[10]) * 100 + two(&d, 11))
}

/// France, SIREN of a company: nine digits, Luhn.
pub fn fr_siren(raw: &[u8]) -> bool {
    luhn_of::<9>(raw)
}

/// France, SIRET of an establishment: SIREN and five digits, Luhn.
pub fn fr_siret(raw: &[u8]) -> bool {
    digits::<14>(raw).is_some_and(|d| luhn(&d) && luhn(&d[..9]))
}

/// France, the machine-readable number of the identity card before 2021: year and month of issue, department and office,
/// serial.
pub fn fr_id_card(raw: &[u8]) -> bool {
    digits::<12>(raw).is_some_and(|d| (1..=12).contains(&two(&d, 2)) && (two(&d, 0) >= 88 || two(&d, 0) <= 21))
}

/// Luxembourg, numéro d'identification national: day of birth, serial, a digit by Luhn over twelve and one by Verhoeff over the
/// first eleven.
pub fn lu_nin(raw: &[u8]) -> bool {
    let Some(d) = digits::<13>(raw) else { return false };
    let mut v = [0; 12];
    v[..11].copy_from_slice(&d[..11]);
    v[11] = d[12];
    let year = two(&d, 0) * 100 + two(&d, 2);
    year >= 1850 && day(year, two(&d, 4), two(&d, 6)) && luhn(&d[..12]) && verhoeff(&v)
}

/// The Netherlands, burgerservicenummer: nine digits (eight with a 0 in front left out), weights 9 to 2 and -1, modulo 11.
pub fn nl_bsn(raw: &[u8]) -> bool {
    let Some(c) = Code::of(raw) else { return false };
    let mut nine = [b'0'; 9];
    let Some(front) = 9usize.checked_sub(c.get().len()).filter(|&f| f <= 2) else { return false };
    nine[front..].copy_from_slice(c.get());
    values::<9>(&nine).is_some_and(|d| {
        d.windows(2).any(|w| w[0] != w[1]) && (weighted(&d, &[9, 8, 7, 6, 5, 4, 3, 2]) + 11 * 9 - u32::from(d[8])).is_multiple_of(11)
    })
}

/// The Netherlands, passport and identity card: two letters, six letters (no O) or digits, a digit that checks them as ICAO 9303
/// says.
pub fn nl_document(raw: &[u8]) -> bool {
    let Some(c) = Code::of(raw) else { return false };
    let c = c.get();
    c.len() == 9
        && c[..2].iter().all(u8::is_ascii_alphabetic)
        && !c.contains(&b'O')
        && c[8].is_ascii_digit()
        && c[2..8].iter().any(u8::is_ascii_digit)
        && icao_check(&c[..8]) == u32::from(c[8] - b'0')
}

/// A day written `YYMMDD` or `DDMMYY` at the start of a number, the century unknown.
pub(super) fn starts_with_day(d: &[u8], year_first: bool) -> bool {
    let (a, m, b) = (two(d, 0), two(d, 2), two(d, 4));
    if year_first { day_of_some_century(a, m, b) } else { day_of_some_century(b, m, a) }
}
