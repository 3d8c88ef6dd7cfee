//! The codes that telephones of countries are dialled by (ITU-T E.164, list of assigned codes).

use super::Digits;
use super::phones::{given_out, main_part, nanp};
use crate::base::Country;

/// Countries and their codes.
const DIALLED: &[(&Country, &[u8])] = &[
    (b"ae", &[9, 7, 1]),
    (b"ar", &[5, 4]),
    (b"at", &[4, 3]),
    (b"au", &[6, 1]),
    (b"be", &[3, 2]),
    (b"bg", &[3, 5, 9]),
    (b"br", &[5, 5]),
    (b"ca", &[1]),
    (b"ch", &[4, 1]),
    (b"cl", &[5, 6]),
    (b"cn", &[8, 6]),
    (b"co", &[5, 7]),
    (b"cz", &[4, 2, 0]),
    (b"de", &[4, 9]),
    (b"dk", &[4, 5]),
    (b"ee", &[3, 7, 2]),
    (b"eg", &[2, 0]),
    (b"es", &[3, 4]),
    (b"fi", &[3, 5, 8]),
    (b"fr", &[3, 3]),
    (b"gb", &[4, 4]),
    (b"gr", &[3, 0]),
    (b"hk", &[8, 5, 2]),
    (b"hr", &[3, 8, 5]),
    (b"hu", &[3, 6]),
    (b"id", &[6, 2]),
    (b"ie", &[3, 5, 3]),
    (b"il", &[9, 7, 2]),
    (b"in", &[9, 1]),
    (b"is", &[3, 5, 4]),
    (b"it", &[3, 9]),
    (b"jp", &[8, 1]),
    (b"ke", &[2, 5, 4]),
    (b"kr", &[8, 2]),
    (b"lt", &[3, 7, 0]),
    (b"lu", &[3, 5, 2]),
    (b"lv", &[3, 7, 1]),
    (b"mx", &[5, 2]),
    (b"my", &[6, 0]),
    (b"ng", &[2, 3, 4]),
    (b"nl", &[3, 1]),
    (b"no", &[4, 7]),
    (b"nz", &[6, 4]),
    (b"pe", &[5, 1]),
    (b"ph", &[6, 3]),
    (b"pk", &[9, 2]),
    (b"pl", &[4, 8]),
    (b"pt", &[3, 5, 1]),
    (b"ro", &[4, 0]),
    (b"rs", &[3, 8, 1]),
    (b"sa", &[9, 6, 6]),
    (b"se", &[4, 6]),
    (b"sg", &[6, 5]),
    (b"si", &[3, 8, 6]),
    (b"sk", &[4, 2, 1]),
    (b"th", &[6, 6]),
    (b"tr", &[9, 0]),
    (b"tw", &[8, 8, 6]),
    (b"ua", &[3, 8, 0]),
    (b"us", &[1]),
    (b"vn", &[8, 4]),
    (b"za", &[2, 7]),
];

/// The digits, country code first, of a number as it is dialled inside a country; `None` where the name is no country's, or
/// the country gives out no such number. What is dialled at home only (0, 8, 06) goes.
pub(crate) fn in_country(country: &str, raw: &[u8]) -> Option<Digits> {
    let country = crate::base::country(country)?;
    let code = DIALLED.iter().find(|c| *c.0 == country)?.1;
    let home = Digits::of(main_part(raw))?;
    let valid = |national: &[u8]| {
        let mut whole = [0u8; 20];
        let n = code.len() + national.len();
        if national.len() < 4 || n > 15 {
            return None;
        }
        whole[..code.len()].copy_from_slice(code);
        whole[code.len()..n].copy_from_slice(national);
        let ok = if code == [1] { nanp(national) } else { given_out(&whole[..n]) };
        let text: Vec<u8> = whole[..n].iter().map(|d| d + b'0').collect();
        if ok { Digits::of(&text) } else { None }
    };
    let d = home.get();
    let prefixes: [&[u8]; 4] = [&[0], &[0, 6], &[8], &[1]];
    valid(d).or_else(|| prefixes.iter().filter_map(|p| d.strip_prefix(*p)).find_map(valid))
}
