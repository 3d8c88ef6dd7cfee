//! In which US state a record says that its person lives.
//!
//! The duty to notify follows the residence of the individual; the mailing address on file is the best evidence
//! (A.R.S. 18-551(4) says so in words). A record's ZIP code ranks before its state column, because carriers validate
//! ZIP codes while a state is often the default of a form.

use std::collections::HashMap;
use std::fmt;
use std::sync::OnceLock;

use super::elements::rows;

static STATES: &str = include_str!("data/states.tsv");
static ZIP3: &str = include_str!("data/zip3_state.tsv");
static ZIP5: &str = include_str!("data/zip5_exceptions.tsv");

/// A US state, the District of Columbia, a territory, or a military mail region (AA, AE, AP), by its USPS code.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct State([u8; 2]);

struct Tables {
    by_name: HashMap<String, State>,
    zip3: Vec<Option<State>>,
    zip5: HashMap<u32, State>,
}

fn tables() -> &'static Tables {
    static PARSED: OnceLock<Tables> = OnceLock::new();
    PARSED.get_or_init(|| {
        let code = |s: &str| State([s.as_bytes()[0], s.as_bytes()[1]]);
        let mut by_name = HashMap::new();
        for row in rows(STATES) {
            let mut columns = row.split('\t');
            let state = code(columns.next().unwrap_or_default());
            by_name.insert(state.code().to_ascii_lowercase(), state);
            for name in columns.filter(|n| *n != "-").flat_map(|n| n.split(';')) {
                by_name.insert(name.to_ascii_lowercase(), state);
            }
        }
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
        Tables { by_name, zip3, zip5 }
    })
}

impl State {
    /// The codes of all states, territories and military regions, in the order of the table.
    pub fn all() -> impl Iterator<Item = &'static str> {
        rows(STATES).filter_map(|r| r.split('\t').next())
    }

    /// The two-letter USPS code.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("??")
    }

    /// The state with this USPS code, full name or traditional abbreviation, in any case, spaces around it ignored.
    pub fn from_name(name: &[u8]) -> Option<State> {
        let name = std::str::from_utf8(name).ok()?.trim();
        if name.len() > 40 {
            return None;
        }
        tables().by_name.get(&name.to_ascii_lowercase()).copied()
    }

    /// The state that a ZIP code delivers to: five digits, ZIP+4, or an integer that lost its leading zeros (3 or 4
    /// digits). `None` for what is no ZIP code, unassigned, or an obvious filler (00000, 12345, 99999).
    pub fn from_zip(zip: &[u8]) -> Option<State> {
        let zip = zip.trim_ascii();
        let digits = zip.iter().take_while(|b| b.is_ascii_digit()).count();
        if !(3..=5).contains(&digits) || !matches!(zip.len() - digits, 0 | 1 | 5) {
            return None;
        }
        let n = zip[..digits].iter().fold(0u32, |n, b| n * 10 + u32::from(b - b'0'));
        if matches!(n, 0 | 12345 | 99999) {
            return None;
        }
        let t = tables();
        t.zip5.get(&n).copied().or_else(|| t.zip3[(n / 100) as usize])
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// What one record says about residence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Residence {
    /// The state.
    pub state: State,
    /// 0..1, by the ladder of evidence: address with agreeing state and ZIP 0.98, ZIP 0.95, state column 0.93.
    pub confidence: f32,
    /// What it rests on: `state+zip`, `zip`, `state`, `zip!=state`.
    pub basis: &'static str,
}

impl Residence {
    /// Weighs a record's ZIP code and state column; where they disagree the ZIP counts.
    pub fn weigh(zip: Option<State>, state: Option<State>) -> Option<Residence> {
        Some(match (zip, state) {
            (Some(z), Some(s)) if z == s => Residence { state: z, confidence: 0.98, basis: "state+zip" },
            (Some(z), Some(_)) => Residence { state: z, confidence: 0.7, basis: "zip!=state" },
            (Some(z), None) => Residence { state: z, confidence: 0.95, basis: "zip" },
            (None, Some(s)) => Residence { state: s, confidence: 0.93, basis: "state" },
            (None, None) => return None,
        })
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
            ("2139", Some("MA")),
            ("501", Some("NY")),
            ("06390", Some("NY")),
            ("20588", Some("MD")),
            ("00000", None),
            ("12345", None),
            ("99999", None),
            ("941101", None),
            ("ABCDE", None),
            ("94110x1234567", None),
            ("", None),
        ];
        for (zip, want) in cases {
            assert_eq!(State::from_zip(zip.as_bytes()).map(|s| s.code().to_owned()).as_deref(), want, "{zip}");
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

    #[test]
    fn the_zip_code_wins_over_the_state_column() {
        let (ca, ny) = (State::from_name(b"CA"), State::from_name(b"NY"));
        assert_eq!(Residence::weigh(ca, ny).unwrap().state, ca.unwrap());
        assert_eq!(Residence::weigh(None, ny).unwrap().basis, "state");
        assert!(Residence::weigh(ca, ca).unwrap().confidence > Residence::weigh(ca, None).unwrap().confidence);
        assert_eq!(Residence::weigh(None, None), None);
    }
}
