//! Numbers of devices, of things and of banks.

use super::{Digits, luhn};

/// Fifteen digits, Luhn; not all the same (3GPP TS 23.003).
pub fn imei(raw: &[u8]) -> bool {
    Digits::exactly(raw, 15).is_some_and(|d| !d.all_same() && luhn(d.get()))
}

/// The number of a SIM card: 89, a country's dialling code, 18 to 20 digits, Luhn (ITU-T E.118). Many print one digit more.
pub fn iccid(raw: &[u8]) -> bool {
    let Some(d) = Digits::of(raw) else { return false };
    let d = d.get();
    matches!(d.len(), 18..=20) && d.starts_with(&[8, 9]) && (luhn(d) || d.len() == 20 && luhn(&d[..19]))
}

/// A subscriber of a mobile network: a country code of one of the world's regions, no filler (ITU-T E.212).
pub fn imsi(raw: &[u8]) -> bool {
    let Some(d) = Digits::of(raw) else { return false };
    matches!(d.get().len(), 14 | 15) && matches!(d.get()[0], 2..=7) && !d.all_same()
}

/// The device identifier of a UDI by GS1: a GTIN of fourteen digits behind `01`, modulo 10 with weights 3 and 1.
pub fn gs1_udi(raw: &[u8]) -> bool {
    let Some(start) = raw.strip_prefix(b"(01)").or_else(|| raw.strip_prefix(b"01")) else { return false };
    let Some((gtin, _)) = start.split_first_chunk::<14>() else { return false };
    let sum: u32 = gtin.iter().enumerate().map(|(i, b)| u32::from(b.wrapping_sub(b'0')) * if i % 2 == 0 { 3 } else { 1 }).sum();
    gtin.iter().all(u8::is_ascii_digit) && sum.is_multiple_of(10) && gtin.iter().any(|b| *b != gtin[0])
}

/// The codes of countries that take part (ISO 3166, and XK).
const COUNTRIES: &[u8] = b"ADAEAFAGAIALAMAOARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBWBYBZCACCCDCFCGCHCICKCLCMCNCOCRCUCVCWCXCYCZDEDJDKDMDODZECEEEGERESETFIFJFKFMFOFRGAGBGDGEGFGGGHGIGLGMGNGPGQGRGTGUGWGYHKHNHRHTHUIDIEILIMINIOIQIRISITJEJMJOJPKEKGKHKIKMKNKPKRKWKYKZLALBLCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMKMLMMMNMOMPMQMRMSMTMUMVMWMXMYMZNANCNENFNGNINLNONPNRNUNZOMPAPEPFPGPHPKPLPMPRPSPTPWPYQARERORSRURWSASBSCSDSESGSHSISKSLSMSNSOSRSSSTSVSXSYSZTCTDTGTHTJTKTLTMTNTOTRTTTVTWTZUAUGUSUYUZVAVCVEVGVIVNVUWFWSXKYEYTZAZMZW";

/// A country's two letters.
pub(crate) fn is_country(code: [u8; 2]) -> bool {
    COUNTRIES.as_chunks::<2>().0.iter().any(|c| c.eq_ignore_ascii_case(&code))
}

/// Eight or eleven places, a country's code at the fifth (ISO 9362); the location is no `0` or `O` alone.
pub fn bic(raw: &[u8]) -> bool {
    matches!(raw.len(), 8 | 11)
        && raw[..6].iter().all(u8::is_ascii_alphabetic)
        && raw[6..].iter().all(u8::is_ascii_alphanumeric)
        && is_country([raw[4], raw[5]])
        && !raw[..8].windows(2).all(|w| w[0] == w[1])
}

/// The month and year to which a card is good: a real month, a year from 2000 to 2059, written with two or four digits.
pub fn card_expiry(raw: &[u8]) -> bool {
    let Some(d) = Digits::of(raw) else { return false };
    let n = d.get().len();
    let year_first = n == 6 && raw.iter().take_while(|b| b.is_ascii_digit()).count() == 4;
    let (month, year) = match n {
        4 => (d.number(0, 2), 2000 + d.number(2, 4)),
        6 if year_first => (d.number(4, 6), d.number(0, 4)),
        5 => (d.number(0, 1), d.number(1, 5)),
        6 => (d.number(0, 2), d.number(2, 6)),
        3 => (d.number(0, 1), 2000 + d.number(1, 3)),
        _ => return false,
    };
    (1..=12).contains(&month) && (2000..2060).contains(&year)
}

/// Track 1 or 2 of a card's stripe: the number between its signs passes Luhn, a real month follows (ISO/IEC 7813).
pub fn card_track(raw: &[u8]) -> bool {
    let body = raw.strip_prefix(b"%B").or_else(|| raw.strip_prefix(b";")).unwrap_or(raw);
    let n = body.iter().take_while(|b| b.is_ascii_digit()).count();
    let Some(pan) = Digits::of(&body[..n]) else { return false };
    let rest = &body[n..];
    let dates = match rest.first() {
        Some(b'=') => &rest[1..],
        Some(b'^') => rest[1..].iter().position(|b| *b == b'^').map_or(&[][..], |i| &rest[i + 2..]),
        _ => return false,
    };
    let month = match dates {
        [_, _, a, b, ..] if a.is_ascii_digit() && b.is_ascii_digit() => (a - b'0') * 10 + (b - b'0'),
        _ => return false,
    };
    (13..=19).contains(&n) && !pan.all_same() && luhn(pan.get()) && (1..=12).contains(&month)
}

/// Two decimal degrees, at least one of them with three places or more; not the point where both are zero.
pub fn geo_pair(raw: &[u8]) -> bool {
    let mut numbers = raw.split(|b| !(b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+'))).filter(|n| n.iter().any(u8::is_ascii_digit));
    let (Some(lat), Some(lon), None) = (numbers.next(), numbers.next(), numbers.next()) else { return false };
    // GeoJSON puts the longitude first.
    let places = |lat, lon| degrees(lat, 90).zip(degrees(lon, 180)).map(|(a, b)| a.max(b));
    places(lat, lon).or_else(|| places(lon, lat)).is_some_and(|n| n >= 3) && raw.iter().any(|b| matches!(b, b'1'..=b'9'))
}

/// One decimal degree up to 180 with four places at least.
pub fn geo_degree(raw: &[u8]) -> bool {
    degrees(raw, 180).is_some_and(|places| places >= 3) && raw.iter().any(|b| matches!(b, b'1'..=b'9'))
}

/// The number of decimal places, if the number's absolute value is at most `limit`.
fn degrees(raw: &[u8], limit: u32) -> Option<usize> {
    let raw = raw.strip_prefix(b"-").or_else(|| raw.strip_prefix(b"+")).unwrap_or(raw);
    let dot = raw.iter().position(|b| *b == b'.')?;
    let (whole, places) = (&raw[..dot], &raw[dot + 1..]);
    if whole.is_empty() || whole.len() > 3 || !whole.iter().chain(places).all(u8::is_ascii_digit) {
        return None;
    }
    let value = whole.iter().fold(0, |n, b| n * 10 + u32::from(b - b'0'));
    (value < limit || value == limit && places.iter().all(|b| *b == b'0')).then_some(places.len())
}

/// The key of a French account, RIB: bank, branch, account, two digits; modulo 97, letters as digits (A and J are 1, S is 2).
pub fn fr_rib(raw: &[u8]) -> bool {
    let mut rest = 0u32;
    let mut n = 0;
    for b in raw.iter().filter(|b| b.is_ascii_alphanumeric()) {
        let digit = match b.to_ascii_uppercase() {
            d @ b'0'..=b'9' => d - b'0',
            l @ b'A'..=b'I' => l - b'A' + 1,
            l @ b'J'..=b'R' => l - b'J' + 1,
            l => l - b'S' + 2,
        };
        rest = (rest * 10 + u32::from(digit)) % 97;
        n += 1;
    }
    n == 23 && rest == 0 && raw.iter().any(|b| matches!(b, b'1'..=b'9'))
}

/// Whether the last digit makes the sum of all, weighted by `weights` over and over, a multiple of ten; its own weight is one.
fn tens(digits: &[u8], weights: &[u32]) -> bool {
    let Some((check, rest)) = digits.split_last() else { return false };
    let sum: u32 = rest.iter().zip(weights.iter().cycle()).map(|(d, w)| u32::from(*d) * w).sum();
    (sum + u32::from(*check)).is_multiple_of(10)
}

/// The CLABE of a Mexican account: bank, place, account and a check digit.
///
/// Source: Banco de México, circular 3/2012, annex.
pub fn mx_clabe(raw: &[u8]) -> bool {
    Digits::exactly(raw, 18).is_some_and(|d| tens(d.get(), &[3, 7, 1]) && !d.all_same())
}

/// The CBU of an Argentine account: bank and branch, then the account, each with a check digit.
///
/// Source: Banco Central de la República Argentina, "Clave Bancaria Uniforme".
pub fn ar_cbu(raw: &[u8]) -> bool {
    let Some(d) = Digits::exactly(raw, 22) else { return false };
    let (branch, account) = d.get().split_at(8);
    tens(branch, &[7, 1, 3, 9]) && tens(account, &[3, 9, 7, 1]) && !d.all_same()
}

/// The two control digits of a Spanish account, CCC: bank and branch, then the account, weights of powers of 2 modulo 11.
pub fn es_ccc(raw: &[u8]) -> bool {
    const WEIGHTS: [u32; 10] = [1, 2, 4, 8, 5, 10, 9, 7, 3, 6];
    let Some(d) = Digits::exactly(raw, 20) else { return false };
    let d = d.get();
    let control = |digits: &[u8], skip: usize| {
        let sum: u32 = digits.iter().zip(&WEIGHTS[skip..]).map(|(d, w)| u32::from(*d) * w).sum();
        match 11 - sum % 11 {
            10 => 1,
            11 => 0,
            c => c as u8,
        }
    };
    control(&d[..8], 2) == d[8] && control(&d[10..], 0) == d[9] && d.windows(2).any(|w| w[0] != w[1])
}

/// The letter in front of an Italian account, CIN: values of odd places by a table, of even places as they are, modulo 26.
pub fn it_bban(raw: &[u8]) -> bool {
    const ODD: [u32; 26] = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    let mut places = raw.iter().filter(|b| b.is_ascii_alphanumeric()).map(u8::to_ascii_uppercase);
    let Some(cin) = places.next().filter(u8::is_ascii_uppercase) else { return false };
    let (mut sum, mut n) = (0, 0);
    for b in places {
        let value = if b.is_ascii_digit() { b - b'0' } else { b - b'A' };
        sum += if n % 2 == 0 { ODD[usize::from(value)] } else { u32::from(value) };
        n += 1;
    }
    n == 22 && sum % 26 == u32::from(cin - b'A') && raw.iter().any(|b| matches!(b, b'1'..=b'9'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_their_neighbours() {
        let cases: &[(fn(&[u8]) -> bool, &[&str], &[&str])] = &[
            (mx_clabe, &["032180000118359719", "032 180 00011835971 9"], &["032180000118359718", "000000000000000000", "0321"]),
            (ar_cbu, &["2850590940090418135201"], &["2850590940090418135202", "2850590840090418135201", "0000000000000000000000", "2850"]),
            (imei, &["490154203237518", "49-015420-323751-8"], &["490154203237517", "000000000000000", "49015420323751"]),
            (iccid, &["8991101200003204514", "89911012000032045147"], &["8991101200003204510", "8891101200003204510", "89911012"]),
            (imsi, &["310150123456789"], &["910150123456789", "222222222222222", "31015012"]),
            (gs1_udi, &["(01)00643169001763", "0100643169001763"], &["(01)00643169001764", "(02)00643169001763", "01006"]),
            (bic, &["DEUTDEFF", "DEUTDEFF500", "nedszajj"], &["DEUTXXFF", "DEUTDEF", "DE1TDEFF", "AAAAAAAA", "SBICKENXX"]),
            (card_expiry, &["12/29", "1/29", "12-2029", "2029-12", "1/2029", "1229"], &["13/29", "00/29", "12/1999", "2029-13", "12"]),
            (
                card_track,
                &["%B4012888888881881^DOE/JANE^2912101000000000?", ";4012888888881881=2912101000000000?"],
                &[";4012888888881882=29121010", ";4012888888881881=29131010", "%B4012888888881881^DOE/JANE", "%B^^", ";"],
            ),
            (
                geo_pair,
                &["40.7128, -74.0060", "-33.8688,151.2093", "POINT(40.712 -74.006)", "-150.123, 61.234"],
                &["91.123, 100.123", "40.7, -74.0", "0.000, 0.000", "40.7128", "1.234, 2.345, 3.456", "1.2.3, 4.567"],
            ),
            (geo_degree, &["40.7128", "-179.9999"], &["40.71", "181.1234", "0.0000", "1234", ""]),
            (fr_rib, &["20041 01005 0500013M026 06", "20041010050500013M02606"], &["20041 01005 0500013M026 07", "2004101005", ""]),
            (es_ccc, &["2100 0418 45 0200051332", "21000418450200051332"], &["2100 0418 46 0200051332", "00000000000000000000", "2100"]),
            (it_bban, &["X 05428 11101 000000123456", "X0542811101000000123456"], &["Y 05428 11101 000000123456", "X05428", ""]),
        ];
        for (check, good, bad) in cases {
            good.iter().for_each(|g| assert!(check(g.as_bytes()), "refuses {g}"));
            bad.iter().for_each(|b| assert!(!check(b.as_bytes()), "accepts {b}"));
        }
        assert!(COUNTRIES.len().is_multiple_of(2) && is_country(*b"us") && !is_country(*b"EU"));
    }
}
