//! Israel, the Gulf, Iran, Jordan and Egypt.

use super::{digits, is_day, is_yymmdd, luhn, number, same, weigh};

/// The identity number of Israel: nine digits (leading zeros are written) with Luhn.
pub fn il_id(raw: &[u8]) -> bool {
    digits::<9>(raw).is_some_and(|d| !same(&d) && number(&d) >= 1000 && luhn(&d))
}

/// The number of a company in Israel: the same, from 5 on.
pub fn il_company(raw: &[u8]) -> bool {
    digits::<9>(raw).is_some_and(|d| d[0] == 5 && !same(&d) && luhn(&d))
}

/// The Emirates id: 784, the year of birth, seven digits, Luhn.
pub fn ae_id(raw: &[u8]) -> bool {
    let Some(d) = digits::<15>(raw) else { return false };
    number(&d[..3]) == 784 && (1900..=super::this_year()).contains(&number(&d[3..7])) && luhn(&d)
}

/// The tax registration number of the Emirates: 15 digits from 100 on.
pub fn ae_trn(raw: &[u8]) -> bool {
    digits::<15>(raw).is_some_and(|d| number(&d[..3]) == 100 && !same(&d[3..]))
}

/// The identity number of Saudi Arabia: 1 (citizens) or 2 (residents) and nine digits, Luhn.
pub fn sa_id(raw: &[u8]) -> bool {
    digits::<10>(raw).is_some_and(|d| matches!(d[0], 1 | 2) && !same(&d[1..]) && luhn(&d))
}

/// The tax number of Saudi Arabia: 15 digits, the first and the last a 3.
pub fn sa_vat(raw: &[u8]) -> bool {
    digits::<15>(raw).is_some_and(|d| d[0] == 3 && d[14] == 3 && !same(&d))
}

/// The civil id of Kuwait: the century (2 or 3), the day of birth, a number, a check digit modulo 11.
pub fn kw_civil_id(raw: &[u8]) -> bool {
    let Some(d) = digits::<12>(raw) else { return false };
    let want = 11 - weigh(&d[..11], &[2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]) % 11;
    let century = match d[0] {
        2 => 1900,
        3 => 2000,
        _ => return false,
    };
    is_day(century + number(&d[1..3]), number(&d[3..5]), number(&d[5..7])) && want == d[11]
}

/// The identity number of Qatar: the century (2 or 3), the year of birth, the country by its ISO number, five digits.
pub fn qa_qid(raw: &[u8]) -> bool {
    digits::<11>(raw).is_some_and(|d| matches!(d[0], 2 | 3) && (4..=894).contains(&number(&d[3..6])) && !same(&d[6..]))
}

/// The personal number of Bahrain: year and month of birth, four digits, one that checks them by a rule that is not public.
pub fn bh_cpr(raw: &[u8]) -> bool {
    digits::<9>(raw).is_some_and(|d| (1..=12).contains(&number(&d[2..4])) && !same(&d))
}

/// The national code of Iran: nine digits and one that checks them, modulo 11.
pub fn ir_national_code(raw: &[u8]) -> bool {
    let Some(d) = digits::<10>(raw) else { return false };
    let want = match weigh(&d[..9], &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11 {
        r @ (0 | 1) => r,
        r => 11 - r,
    };
    !same(&d) && number(&d[3..9]) != 0 && want == d[9]
}

/// The national number of Egypt: the century (2 or 3), the day of birth, the governorate (88: abroad), a number, a check digit.
pub fn eg_national_id(raw: &[u8]) -> bool {
    let Some(d) = digits::<14>(raw) else { return false };
    let governorate = matches!(number(&d[7..9]), 1..=4 | 11..=19 | 21..=29 | 31..=35 | 88);
    matches!(d[0], 2 | 3) && is_yymmdd(&d[1..7]) && governorate && number(&d[9..13]) != 0
}
