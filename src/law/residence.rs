//! US states: by their names, by ZIP codes, by the end of an address.

use std::collections::HashMap;
use std::fmt;
use std::sync::OnceLock;

use super::elements::rows;

static ZIP3: &str = include_str!("data/zip3_state.tsv");
static ZIP5: &str = include_str!("data/zip5_exceptions.tsv");

/// A US state, the District of Columbia, a territory, or a military mail region (AA, AE, AP), by its USPS code.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct State([u8; 2]);

struct Tables {
    zip3: Vec<Option<State>>,
    zip5: HashMap<u32, State>,
}

fn tables() -> &'static Tables {
    static PARSED: OnceLock<Tables> = OnceLock::new();
    PARSED.get_or_init(|| {
        let code = |s: &str| State([s.as_bytes()[0], s.as_bytes()[1]]);
        let mut zip3 = vec![None; 1000];
        for row in rows(ZIP3) {
            let c: Vec<&str> = row.split('\t').collect();
            if let [from, to, state] = c[..]
                && let (Ok(from), Ok(to)) = (from.parse::<usize>(), to.parse::<usize>())
            {
                zip3[from..=to].fill(Some(code(state)));
            }
        }
        let zip5 = rows(ZIP5).filter_map(|r| r.split_once('\t')).filter_map(|(z, s)| Some((z.parse().ok()?, code(s)))).collect();
        Tables { zip3, zip5 }
    })
}

impl State {
    /// The codes of all states, territories and military regions, in the order of the table.
    pub fn all() -> impl Iterator<Item = &'static str> {
        crate::base::states()
    }

    /// The two-letter USPS code.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("??")
    }

    /// The state with this USPS code, full name or traditional abbreviation, in any case, spaces around it ignored.
    pub fn from_name(name: &[u8]) -> Option<State> {
        crate::base::state(name).map(State)
    }

    /// The state that a ZIP code delivers to: five digits, nine with or without a hyphen, a number of a spreadsheet (`94110.0`).
    /// `None` for what is no ZIP code, unassigned, or an obvious filler (00000, 12345, 99999).
    pub fn from_zip(zip: &[u8]) -> Option<State> {
        State::of_digits(zip, 5)
    }

    /// The same of a number that lost its leading zeros: three or four digits are left.
    pub fn from_short_zip(zip: &[u8]) -> Option<State> {
        State::of_digits(zip, 3).or_else(|| State::of_digits(zip, 4))
    }

    fn of_digits(zip: &[u8], digits: usize) -> Option<State> {
        let zip = zip.trim_ascii();
        let zip = zip.strip_suffix(b".0").unwrap_or(zip);
        let (zip, more) = zip.split_at_checked(digits)?;
        let more = more.strip_prefix(b"-").unwrap_or(more);
        let is_more = more.is_empty() || more.len() == 4 && digits == 5;
        if !is_more || !zip.iter().chain(more).all(u8::is_ascii_digit) {
            return None;
        }
        let n = zip.iter().fold(0u32, |n, b| n * 10 + u32::from(b - b'0'));
        if matches!(n, 0 | 12345 | 99999) {
            return None;
        }
        let t = tables();
        t.zip5.get(&n).copied().or_else(|| t.zip3[(n / 100) as usize])
    }

    /// ZIP code and state at the end of a postal address (`9 Pine Road, Austin, TX 78701`).
    pub fn at_end(address: &str) -> Option<(State, State)> {
        let (before, zip) = address.trim_end_matches([' ', ',', '.']).rsplit_once([' ', ','])?;
        let zip = State::from_zip(zip.as_bytes()).filter(|_| zip.len() >= 5)?;
        let before = before.trim_end_matches([' ', ',']);
        // The longest name first: `West Virginia`, `District of Columbia`.
        let starts: Vec<usize> = before.rmatch_indices([' ', ',']).map(|(at, _)| at + 1).take(4).collect();
        let state = starts.iter().rev().find_map(|at| State::from_name(&before.as_bytes()[*at..]))?;
        Some((zip, state))
    }

    /// Whether it is a region of military mail: where somebody lives it does not say.
    pub fn is_military(self) -> bool {
        matches!(&self.0, b"AA" | b"AE" | b"AP")
    }

    /// Its code as it is stored.
    pub(super) fn letters(self) -> [u8; 2] {
        self.0
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zip_codes_lead_to_states() {
        let cases = [
            ("94110", Some("CA")),
            ("94110-1234", Some("CA")),
            ("02139", Some("MA")),
            ("941101234", Some("CA")),
            ("94110.0", Some("CA")),
            ("2139", None),
            ("501", None),
            ("06390", Some("NY")),
            ("20588", Some("MD")),
            ("00000", None),
            ("12345", None),
            ("99999", None),
            ("941101", None),
            ("94110-12", None),
            ("9411x1234", None),
            ("ABCDE", None),
            ("94110x1234567", None),
            ("", None),
        ];
        for (zip, want) in cases {
            assert_eq!(State::from_zip(zip.as_bytes()).map(|s| s.code().to_owned()).as_deref(), want, "{zip}");
        }
    }

    #[test]
    fn zip_codes_lose_their_zeros() {
        for (zip, want) in [
            ("2139", Some("MA")),
            ("2139.0", Some("MA")),
            ("501", Some("NY")),
            ("94110", None),
            ("0", None),
            ("99", None),
            ("2139-1234", None),
        ] {
            assert_eq!(State::from_short_zip(zip.as_bytes()).map(|s| s.code().to_owned()).as_deref(), want, "{zip}");
        }
    }

    #[test]
    fn addresses_end_in_state_and_zip_code() {
        for (address, want) in [
            ("9 Pine Road Apt 4, Austin, TX 78701", Some(("TX", "TX"))),
            ("9 Pine Road, Charleston, West Virginia 25301-1234,", Some(("WV", "WV"))),
            ("1 Main St, Washington, District of Columbia 20001", Some(("DC", "DC"))),
            ("1 Main St,Austin,TX,78701", Some(("TX", "TX"))),
            ("1 Main St, Reno, NY 94110", Some(("CA", "NY"))),
            ("12, rue de la Paix, 75002 Paris", None),
            ("Calle Mayor 3, Madrid 28013", None),
            ("9 Pine Road, Austin, TX", None),
            ("9 Pine Road, Cambridge, MA 2139", None),
            ("78701", None),
            ("", None),
        ] {
            let found = State::at_end(address).map(|(z, s)| (z.code().to_owned(), s.code().to_owned()));
            assert_eq!(found.as_ref().map(|(z, s)| (z.as_str(), s.as_str())), want, "{address}");
        }
    }

    #[test]
    fn states_have_several_names() {
        for name in ["CA", "ca", "California", " california ", "Calif."] {
            assert_eq!(State::from_name(name.as_bytes()).map(|s| s.code().to_owned()).as_deref(), Some("CA"), "{name}");
        }
        assert_eq!(State::from_name(b"Atlantis"), None);
        assert_eq!(State::from_name(&[0xff, 0xfe]), None);
    }
}
