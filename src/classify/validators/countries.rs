//! Countries as records name them, and the codes that their telephones are dialled by (ITU-T E.164, list of assigned codes).

use super::Digits;
use super::phones::{given_out, main_part, nanp};

/// ISO 3166 codes of two and three letters, English and own names in small letters, country code.
const COUNTRIES: &[(&str, &str, &[&str], &[u8])] = &[
    ("ae", "are", &["united arab emirates"], &[9, 7, 1]),
    ("ar", "arg", &["argentina"], &[5, 4]),
    ("at", "aut", &["austria", "österreich"], &[4, 3]),
    ("au", "aus", &["australia"], &[6, 1]),
    ("be", "bel", &["belgium", "belgië", "belgique", "belgien"], &[3, 2]),
    ("bg", "bgr", &["bulgaria"], &[3, 5, 9]),
    ("br", "bra", &["brazil", "brasil"], &[5, 5]),
    ("ca", "can", &["canada"], &[1]),
    ("ch", "che", &["switzerland", "schweiz", "suisse", "svizzera"], &[4, 1]),
    ("cl", "chl", &["chile"], &[5, 6]),
    ("cn", "chn", &["china"], &[8, 6]),
    ("co", "col", &["colombia"], &[5, 7]),
    ("cz", "cze", &["czechia", "czech republic", "česko"], &[4, 2, 0]),
    ("de", "deu", &["germany", "deutschland"], &[4, 9]),
    ("dk", "dnk", &["denmark", "danmark"], &[4, 5]),
    ("ee", "est", &["estonia", "eesti"], &[3, 7, 2]),
    ("eg", "egy", &["egypt"], &[2, 0]),
    ("es", "esp", &["spain", "españa"], &[3, 4]),
    ("fi", "fin", &["finland", "suomi"], &[3, 5, 8]),
    ("fr", "fra", &["france"], &[3, 3]),
    ("gb", "gbr", &["united kingdom", "great britain", "uk", "england", "scotland", "wales"], &[4, 4]),
    ("gr", "grc", &["greece"], &[3, 0]),
    ("hk", "hkg", &["hong kong"], &[8, 5, 2]),
    ("hr", "hrv", &["croatia", "hrvatska"], &[3, 8, 5]),
    ("hu", "hun", &["hungary", "magyarország"], &[3, 6]),
    ("id", "idn", &["indonesia"], &[6, 2]),
    ("ie", "irl", &["ireland"], &[3, 5, 3]),
    ("il", "isr", &["israel"], &[9, 7, 2]),
    ("in", "ind", &["india"], &[9, 1]),
    ("is", "isl", &["iceland", "ísland"], &[3, 5, 4]),
    ("it", "ita", &["italy", "italia"], &[3, 9]),
    ("jp", "jpn", &["japan"], &[8, 1]),
    ("ke", "ken", &["kenya"], &[2, 5, 4]),
    ("kr", "kor", &["south korea", "korea"], &[8, 2]),
    ("lt", "ltu", &["lithuania", "lietuva"], &[3, 7, 0]),
    ("lu", "lux", &["luxembourg"], &[3, 5, 2]),
    ("lv", "lva", &["latvia", "latvija"], &[3, 7, 1]),
    ("mx", "mex", &["mexico", "méxico"], &[5, 2]),
    ("my", "mys", &["malaysia"], &[6, 0]),
    ("ng", "nga", &["nigeria"], &[2, 3, 4]),
    ("nl", "nld", &["netherlands", "the netherlands", "nederland"], &[3, 1]),
    ("no", "nor", &["norway", "norge"], &[4, 7]),
    ("nz", "nzl", &["new zealand"], &[6, 4]),
    ("pe", "per", &["peru", "perú"], &[5, 1]),
    ("ph", "phl", &["philippines"], &[6, 3]),
    ("pk", "pak", &["pakistan"], &[9, 2]),
    ("pl", "pol", &["poland", "polska"], &[4, 8]),
    ("pt", "prt", &["portugal"], &[3, 5, 1]),
    ("ro", "rou", &["romania", "românia"], &[4, 0]),
    ("rs", "srb", &["serbia"], &[3, 8, 1]),
    ("sa", "sau", &["saudi arabia"], &[9, 6, 6]),
    ("se", "swe", &["sweden", "sverige"], &[4, 6]),
    ("sg", "sgp", &["singapore"], &[6, 5]),
    ("si", "svn", &["slovenia", "slovenija"], &[3, 8, 6]),
    ("sk", "svk", &["slovakia", "slovensko"], &[4, 2, 1]),
    ("th", "tha", &["thailand"], &[6, 6]),
    ("tr", "tur", &["turkey", "türkiye"], &[9, 0]),
    ("tw", "twn", &["taiwan"], &[8, 8, 6]),
    ("ua", "ukr", &["ukraine"], &[3, 8, 0]),
    ("us", "usa", &["united states", "united states of america", "u.s.", "u.s.a."], &[1]),
    ("vn", "vnm", &["vietnam", "viet nam"], &[8, 4]),
    ("za", "zaf", &["south africa"], &[2, 7]),
];

/// The digits, country code first, of a number as it is dialled inside a country; `None` where the name is no country's, or
/// the country gives out no such number. What is dialled at home only (0, 8, 06) goes.
pub(crate) fn in_country(country: &str, raw: &[u8]) -> Option<Digits> {
    let name = country.trim().to_lowercase();
    let code = COUNTRIES.iter().find(|c| c.0 == name || c.1 == name || c.2.contains(&name.as_str()))?.3;
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
