//! The law as tables: ours, with a user's rows over them, and the fingerprint of both.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::calendar::Zone;
use super::numbers::Threshold;
use super::owners::{self, OwnerDuty};
use super::rules::{Rule, rules};
use super::table::{Cells, Table};

/// The tables that a user may lay rows over: name, our text, the columns that say which row is meant.
const TABLES: &[(&str, &str, &[&str])] = &[
    ("statutes", include_str!("data/statutes.tsv"), &["juris"]),
    ("rules", include_str!("data/rules.tsv"), &["rule_id"]),
    ("tokens", include_str!("data/tokens.tsv"), &["element", "token", "juris"]),
    ("zones", include_str!("data/zones.tsv"), &["juris"]),
    ("owners", include_str!("data/owners.tsv"), &["juris"]),
    ("low_confidence", include_str!("data/low_confidence.tsv"), &["juris", "cell"]),
];

/// What is wrong with a table. Names the table and the place, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LawError {
    /// A file that is none of the tables.
    #[error("{file} is no table of the law; there are statutes.tsv, rules.tsv, tokens.tsv, zones.tsv, owners.tsv and low_confidence.tsv")]
    NoTable {
        /// Its name.
        file: String,
    },
    /// No line of column names.
    #[error("{table}.tsv has no line of column names")]
    Empty {
        /// The table.
        table: &'static str,
    },
    /// A line with too few or too many cells.
    #[error("{table}.tsv line {line} has {found} cells, the line of names has {wanted}; cells are separated by tabs")]
    Cells {
        /// The table.
        table: &'static str,
        /// 1-based.
        line: usize,
        /// Cells in the line.
        found: usize,
        /// Names of columns.
        wanted: usize,
    },
    /// A key column is missing.
    #[error("{table}.tsv needs the column {column:?}, which says what its rows replace")]
    NoColumn {
        /// The table.
        table: &'static str,
        /// The column.
        column: String,
    },
    /// A column that the table does not have.
    #[error("{table}.tsv has no column {column:?}")]
    UnknownColumn {
        /// The table.
        table: &'static str,
        /// What was found.
        column: String,
    },
    /// A word or number that means nothing there.
    #[error("{table}.tsv, row {key}: {word:?} means nothing there")]
    Word {
        /// The table.
        table: &'static str,
        /// The row.
        key: String,
        /// What was found.
        word: String,
    },
}

/// What starts the time that a statute gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// The day on which the breach was found.
    Discovery,
    /// The day on which it was determined that there was one.
    Determination,
}

/// The statute of one jurisdiction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statute {
    /// USPS code.
    pub code: String,
    /// Name of the jurisdiction.
    pub name: String,
    /// Citation.
    pub citation: String,
    /// What starts its clock.
    pub start: Start,
    /// The statute's own word for that: `discovery`, `determination`, `detection`, ...
    pub clock: String,
    /// Calendar days to tell the people; `None`: the statute names no number.
    pub days: Option<u64>,
    /// Its words on timing.
    pub timing: String,
    /// `Y`, `N`, or `C`: only under a condition.
    pub regulator_notice: char,
    /// Who is told.
    pub regulator: String,
    /// From how many residents on.
    pub threshold: Threshold,
    /// When: a number of days, a word of the table, or empty.
    pub regulator_days: String,
    /// The same in words.
    pub regulator_text: String,
    /// From how many residents on credit bureaus are told.
    pub bureaus: Threshold,
    /// When: as [`Statute::regulator_days`].
    pub bureaus_days: String,
    /// In words.
    pub bureaus_text: String,
    /// Whether encrypted data are outside: `Y`, `redaction_only`.
    pub encryption: String,
    /// The test of harm under which notice may be excused; `None`: there is none.
    pub harm: Option<String>,
    /// How the row is known: `text`, `summaries`, `unconfirmed`.
    pub source: String,
    /// Its clock on the wall.
    pub zone: Zone,
}

/// All tables.
#[derive(Clone, Debug)]
pub struct Law {
    statutes: BTreeMap<String, Statute>,
    rules: Vec<Rule>,
    /// By jurisdiction: what who keeps data for another must do.
    pub(super) owners: BTreeMap<String, OwnerDuty>,
    low: Vec<(String, String, String)>,
    /// The newest date of a row: `2026-11-21`.
    pub as_of: String,
    /// Fingerprint of all tables as used, 16 hex digits.
    pub hash: String,
    /// Names of the files that were laid over ours.
    pub overrides: Vec<String>,
}

impl Law {
    /// The tables that come with the program.
    pub fn builtin() -> &'static Law {
        static LAW: OnceLock<Law> = OnceLock::new();
        // A test reads them; they are part of the program.
        LAW.get_or_init(|| Law::with(&[]).expect("the built-in tables are sound"))
    }

    /// The built-in tables with a user's over them: file name (`statutes.tsv`) and text each.
    pub fn with(files: &[(String, String)]) -> Result<Law, LawError> {
        let (mut tables, mut hash) = (Vec::new(), blake3::Hasher::new());
        for (name, text, _) in TABLES {
            tables.push(Table::parse(name, text)?);
            hash.update(name.as_bytes()).update(&[0]).update(text.as_bytes()).update(&[0]);
        }
        hash.update(super::elements::TABLE.as_bytes()).update(super::readings::TABLE.as_bytes());
        let mut files: Vec<&(String, String)> = files.iter().collect();
        files.sort();
        for (file, text) in &files {
            let place = TABLES.iter().position(|t| file.strip_suffix(".tsv") == Some(t.0));
            let place = place.ok_or_else(|| LawError::NoTable { file: file.clone() })?;
            tables[place].overlay(&Table::parse(TABLES[place].0, text)?, TABLES[place].2)?;
            hash.update(file.as_bytes()).update(&[0]).update(text.as_bytes()).update(&[0]);
        }
        let [statutes, rows, tokens, zones, keepers, low] = &tables[..] else { return Err(LawError::Empty { table: "statutes" }) };
        let mut law = Law {
            statutes: BTreeMap::new(),
            rules: rules(rows, tokens)?,
            owners: owners::duties(keepers)?,
            low: low.rows().map(|r| (r.get("juris").to_owned(), r.get("cell").to_owned(), r.get("why").to_owned())).collect(),
            as_of: statutes.rows().map(|r| r.get("as_of").to_owned()).max().unwrap_or_default(),
            hash: hash.finalize().to_hex()[..16].to_owned(),
            overrides: files.iter().map(|f| f.0.clone()).collect(),
        };
        for row in statutes.rows() {
            let s = statute(&row, zones)?;
            law.statutes.insert(s.code.clone(), s);
        }
        for r in &law.rules {
            if !law.statutes.contains_key(&r.jurisdiction) {
                return Err(LawError::Word { table: "rules", key: r.id.clone(), word: r.jurisdiction.clone() });
            }
        }
        Ok(law)
    }

    /// The statute of a jurisdiction; `None`: there is none in the tables (American Samoa, military mail).
    pub fn statute(&self, code: &str) -> Option<&Statute> {
        self.statutes.get(code)
    }

    /// All rules, in the order of the table.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter()
    }

    /// The rules of a jurisdiction.
    pub fn rules_of<'a>(&'a self, code: &'a str) -> impl Iterator<Item = &'a Rule> {
        self.rules.iter().filter(move |r| r.jurisdiction == code)
    }

    /// The cells of a jurisdiction that are not sure: cell and reason.
    pub fn unsure(&self, code: &str) -> impl Iterator<Item = (&str, &str)> {
        self.low.iter().filter(move |l| l.0 == code).map(|l| (l.1.as_str(), l.2.as_str()))
    }

    /// Whether a cell is among those that are not sure.
    pub fn is_unsure(&self, code: &str, cell: &str) -> bool {
        self.unsure(code).any(|l| l.0 == cell)
    }

    /// The bytes of the tables as they come with the program: name and text, for evidence.
    pub fn sources() -> impl Iterator<Item = (&'static str, &'static str)> {
        TABLES.iter().map(|t| (t.0, t.1))
    }
}

fn statute(row: &Cells<'_>, zones: &Table) -> Result<Statute, LawError> {
    let code = row.get("juris").to_owned();
    let wrong = |column: &str| LawError::Word { table: "statutes", key: code.clone(), word: row.get(column).to_owned() };
    let clock = row.get("clock_start").replace('_', " ");
    let start = match row.get("clock_start") {
        "discovery" | "detection" | "learns_of_acquisition" => Start::Discovery,
        "determination" | "confirmation" => Start::Determination,
        _ => return Err(wrong("clock_start")),
    };
    let days = match row.get("consumer_days") {
        "" => None,
        n => Some(n.parse::<u64>().map_err(|_| wrong("consumer_days"))?),
    };
    let zone =
        zones.rows().find(|z| z.get("juris") == code).ok_or(LawError::Word { table: "zones", key: code.clone(), word: String::new() })?;
    let zone = Zone {
        name: zone.get("zone").to_owned(),
        minutes: zone.get("minutes").parse().map_err(|_| LawError::Word {
            table: "zones",
            key: code.clone(),
            word: zone.get("minutes").to_owned(),
        })?,
        summer: zone.get("summer") == "Y",
    };
    let threshold = |op: &str, n: &str| Threshold::parse(row.get(op), row.get(n)).ok_or_else(|| wrong(op));
    let harm = Some(row.get("risk_of_harm")).filter(|h| !h.is_empty() && !h.starts_with("none"));
    for column in ["reg_days", "cra_days"] {
        super::duty::When::parse(row.get(column)).ok_or_else(|| wrong(column))?;
    }
    Ok(Statute {
        name: row.get("name").to_owned(),
        citation: row.get("statute").to_owned(),
        start,
        clock,
        days,
        timing: row.get("consumer_timing_text").to_owned(),
        regulator_notice: row.get("reg_notice").chars().next().unwrap_or('N'),
        regulator: row.get("reg_who").to_owned(),
        threshold: threshold("reg_threshold_op", "reg_threshold_n")?,
        regulator_days: row.get("reg_days").to_owned(),
        regulator_text: row.get("reg_text").to_owned(),
        bureaus: threshold("cra_op", "cra_n")?,
        bureaus_days: row.get("cra_days").to_owned(),
        bureaus_text: row.get("cra_text").to_owned(),
        encryption: row.get("encryption_safe_harbor").to_owned(),
        harm: harm.map(str::to_owned),
        source: row.get("source").to_owned(),
        zone,
        code,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_whole() {
        let law = Law::builtin();
        assert_eq!(law.statutes.len(), 54);
        assert_eq!(law.as_of, "2026-11-21");
        assert_eq!(law.hash.len(), 16);
        assert!(law.overrides.is_empty());
        for s in law.statutes.values() {
            assert!(law.rules_of(&s.code).count() >= 3, "{} has rules", s.code);
            assert!(!s.citation.is_empty() && !s.timing.is_empty() && !s.zone.name.is_empty(), "{s:?}");
            assert_eq!(s.regulator_notice == 'Y', s.threshold != Threshold::None, "{}", s.code);
        }
        for (code, cell, why) in &law.low {
            assert!(law.statutes.contains_key(code) || matches!(code.as_str(), "EU" | "UK"), "{code}");
            assert!(!why.is_empty());
            if let Some(element) = cell.strip_prefix("rule:") {
                assert!(law.rules_of(code).any(|r| r.element == element), "{code} {cell}");
            }
        }
        let no_exception = law.statutes.values().filter(|s| s.harm.is_none()).map(|s| s.code.as_str()).collect::<Vec<_>>();
        assert_eq!(no_exception, ["CA", "GA", "IL", "MN", "ND", "NV", "PR", "TN", "TX", "VI"]);
    }

    #[test]
    fn a_users_row_goes_before_ours() {
        let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        let law = Law::with(&[
            file("statutes.tsv", "juris\tconsumer_days\treg_threshold_n\nCA\t10\t99\n"),
            file("rules.tsv", "juris\trule_id\telement\tall_of\tqualifier\nCA\tCA-99\tdob\tname&dob\t-\n"),
        ])
        .unwrap();
        let ca = law.statute("CA").unwrap();
        assert_eq!((ca.days, ca.threshold), (Some(10), Threshold::Over(99)));
        assert_eq!(ca.citation, Law::builtin().statute("CA").unwrap().citation);
        assert_eq!(law.rules().count(), 397);
        assert_eq!(law.overrides, ["rules.tsv", "statutes.tsv"]);
        assert_ne!(law.hash, Law::builtin().hash);
    }

    #[test]
    fn mistakes_of_a_user_are_named() {
        for (name, text, says) in [
            ("laws.tsv", "a\n1\n", "laws.tsv is no table"),
            ("statutes.tsv", "juris\tconsumer_days\nCA\tsoon\n", "\"soon\""),
            ("statutes.tsv", "juris\tdays\nCA\t10\n", "\"days\""),
            ("statutes.tsv", "juris\treg_days\nCA\tafter_lunch\n", "\"after_lunch\""),
            ("rules.tsv", "juris\trule_id\telement\tall_of\tqualifier\nCA\tCA-99\tdob\tname&birthday\t-\n", "\"birthday\""),
            ("rules.tsv", "juris\trule_id\telement\tall_of\tqualifier\nXX\tXX-01\tdob\tname&dob\t-\n", "\"XX\""),
            ("tokens.tsv", "element\ttoken\tjuris\tdetected\n*\tname\t*\tfull_nam\n", "\"full_nam\""),
        ] {
            let e = Law::with(&[(name.to_owned(), text.to_owned())]).unwrap_err().to_string();
            assert!(e.contains(says), "{e}");
        }
    }
}
