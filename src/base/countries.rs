//! Countries, and states of the US, as records name them.

use std::collections::HashMap;
use std::sync::OnceLock;

static TABLE: &str = include_str!("countries.tsv");
static STATES: &str = include_str!("states.tsv");

/// A country by its ISO 3166 code in small letters: `ca` is Canada, while `CA` is a state.
pub type Country = [u8; 2];

/// What a row of the table says: the country, its code of two letters, of three, names.
fn rows() -> impl Iterator<Item = (Country, &'static str, &'static str, &'static str)> {
    TABLE.lines().filter(|l| !l.starts_with('#')).filter_map(|l| {
        let mut columns = l.split('\t');
        let two = columns.next()?;
        Some((*two.as_bytes().first_chunk()?, two, columns.next()?, columns.next()?))
    })
}

/// The country that a code of two or three letters, or a name in English or in the country's own languages means, in any case.
pub fn country(name: &str) -> Option<Country> {
    static KNOWN: OnceLock<HashMap<String, Country>> = OnceLock::new();
    let known = KNOWN.get_or_init(|| {
        let mut known = HashMap::new();
        for (code, two, three, names) in rows() {
            known.extend(names.split(';').map(|n| (n.to_lowercase(), code)));
            known.extend([two, three].map(|c| (c.to_owned(), code)));
        }
        known
    });
    let name = name.trim();
    // No name is longer.
    if name.len() > 80 {
        return None;
    }
    known.get(name.to_lowercase().as_str()).copied()
}

/// A country's English name.
pub fn country_name(code: Country) -> Option<&'static str> {
    rows().find(|r| r.0 == code)?.3.split(';').next()
}

/// The codes of all US states, territories and regions of military mail.
pub fn states() -> impl Iterator<Item = &'static str> {
    STATES.lines().filter(|l| !l.starts_with('#')).filter_map(|l| l.split('\t').next())
}

/// The code of the state with this code, full name or traditional abbreviation, in any case.
pub fn state(name: &[u8]) -> Option<[u8; 2]> {
    static KNOWN: OnceLock<HashMap<String, [u8; 2]>> = OnceLock::new();
    let known = KNOWN.get_or_init(|| {
        let mut known = HashMap::new();
        for (row, code) in STATES.lines().filter(|l| !l.starts_with('#')).filter_map(|l| Some((l, *l.as_bytes().first_chunk()?))) {
            known.extend(row.split(['\t', ';']).filter(|n| *n != "-").map(|n| (n.to_ascii_lowercase(), code)));
        }
        known
    });
    let name = std::str::from_utf8(name).ok()?.trim();
    // No name is longer.
    if name.len() > 40 {
        return None;
    }
    known.get(name.to_ascii_lowercase().as_str()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_have_codes_and_names() {
        for (name, code) in [
            ("DE", "de"),
            ("deu", "de"),
            ("Germany", "de"),
            (" Deutschland ", "de"),
            ("ÖSTERREICH", "at"),
            ("España", "es"),
            ("Éire", "ie"),
            ("UK", "gb"),
            ("England", "gb"),
            ("CA", "ca"),
            ("Georgia", "ge"),
            ("USA", "us"),
            ("United States of America", "us"),
            ("México", "mx"),
            ("The Netherlands", "nl"),
        ] {
            assert_eq!(country(name).as_ref().map(|c| &c[..]), Some(code.as_bytes()), "{name}");
        }
        for name in ["", "ZZ", "California", "Atlantis", "49", "n/a", "unknown"] {
            assert_eq!(country(name), None, "{name}");
        }
        assert_eq!(country_name(*b"de"), Some("Germany"));
    }
}
