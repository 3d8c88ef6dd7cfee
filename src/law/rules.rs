//! Which combinations of data elements make a duty to notify, and whether a person's elements are such a combination.

use super::book::LawError;
use super::elements::element_number;
use super::table::Table;

/// A set of data elements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Elements(u128);

impl Elements {
    /// No element.
    pub const NONE: Elements = Elements(0);

    /// The set of one element; empty for a name that is no element.
    pub fn of(element: &str) -> Elements {
        element_number(element).map_or(Elements(0), |n| Elements(1 << n))
    }

    /// The elements of both sets.
    pub fn or(self, other: Elements) -> Elements {
        Elements(self.0 | other.0)
    }

    /// The elements of this set that the other has not.
    pub fn without(self, other: Elements) -> Elements {
        Elements(self.0 & !other.0)
    }

    /// Whether the sets have an element in common.
    pub fn meets(self, other: Elements) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether it holds all of the other.
    pub fn holds(self, other: Elements) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether it has no element.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Its elements, each as a set of one.
    pub fn each(self) -> impl Iterator<Item = Elements> {
        (0..128).map(|n| Elements(1 << n)).filter(move |e| self.meets(*e))
    }
}

/// What of a person was exposed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Profile {
    /// Elements that are certainly theirs.
    pub certain: Elements,
    /// Elements that are possibly theirs.
    pub possible: Elements,
    /// Elements of theirs that lie there hashed, replaced or encrypted: whoever has the key, or tries all values, reads them.
    pub protected: Elements,
}

/// The qualifier of whatever a rule fits by protected values alone.
pub const PROTECTED: &str = "only_if_protected_values_can_be_read";

/// One rule of a jurisdiction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// `CA-01`.
    pub id: String,
    /// USPS code.
    pub jurisdiction: String,
    /// What the statute calls it: `fin_acct_plus_code`.
    pub element: String,
    /// All of these must be met, each by any of its elements.
    pub clauses: Vec<Elements>,
    /// Why a person must judge; such a rule never counts as certain.
    pub qualifier: Option<String>,
}

/// How sure it is that a rule fits a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fits {
    /// Needs a person's judgement, or something that is not known.
    Upper,
    /// By elements that are possibly theirs.
    Likely,
    /// By elements that are certainly theirs.
    Certain,
}

impl Rule {
    /// Whether the rule fits a person with these elements. A rule with a qualifier fits as [`Fits::Upper`] at most, unless the
    /// qualifier is among `assumed`; nor does what fits by protected values, unless [`PROTECTED`] is.
    pub fn fits(&self, p: &Profile, assumed: &[String]) -> Option<Fits> {
        let all = |set: Elements| self.clauses.iter().all(|c| c.meets(set));
        let readable = assumed.iter().any(|a| a == PROTECTED);
        let certain = if readable { p.certain.or(p.protected) } else { p.certain };
        let (fits, sealed) = if all(certain) {
            (Fits::Certain, false)
        } else if all(certain.or(p.possible)) {
            (Fits::Likely, false)
        } else if all(p.certain.or(p.possible).or(p.protected)) {
            (Fits::Upper, true)
        } else {
            return None;
        };
        let open = sealed || self.qualifier.as_ref().is_some_and(|q| !assumed.contains(q));
        Some(if open { Fits::Upper } else { fits })
    }
}

/// What the words of the rules mean.
struct Tokens<'a>(Vec<(&'a str, &'a str, &'a str, Elements)>);

impl Tokens<'_> {
    /// The nearest row: for this element and jurisdiction, the element, the jurisdiction, all.
    fn get(&self, element: &str, token: &str, jurisdiction: &str) -> Option<Elements> {
        let rank = |row: &&(&str, &str, &str, Elements)| {
            let fits = row.1 == token && (row.0 == element || row.0 == "*") && (row.2 == jurisdiction || row.2 == "*");
            fits.then_some(2 * usize::from(row.0 == element) + usize::from(row.2 == jurisdiction))
        };
        self.0.iter().filter(|r| rank(r).is_some()).max_by_key(|r| rank(r)).map(|r| r.3)
    }
}

/// Words that alone identify nobody's harm: not what "any listed element" means.
const NOT_LISTED: &[&str] = &["name", "username", "email", "password", "security_answer", "access_code"];

/// The rules of the two tables, in their order.
pub(super) fn rules(rules: &Table, tokens: &Table) -> Result<Vec<Rule>, LawError> {
    let mut meaning = Vec::new();
    for row in tokens.rows() {
        let mut set = Elements::NONE;
        for name in row.get("detected").split('|').filter(|n| !n.is_empty()) {
            let one = Elements::of(name);
            if one.is_empty() {
                return Err(LawError::Word { table: tokens.name, key: row.get("token").to_owned(), word: name.to_owned() });
            }
            set = set.or(one);
        }
        meaning.push((row.get("element"), row.get("token"), row.get("juris"), set));
    }
    let tokens = Tokens(meaning);
    let mut out = Vec::new();
    for row in rules.rows() {
        let (id, juris, element) = (row.get("rule_id"), row.get("juris"), row.get("element"));
        let meaning = |word: &str, element: &str| {
            let unknown = || LawError::Word { table: rules.name, key: id.to_owned(), word: word.to_owned() };
            tokens.get(element, word, juris).ok_or_else(unknown)
        };
        let mut clauses = Vec::new();
        for clause in row.get("all_of").split('&') {
            let mut set = Elements::NONE;
            for word in clause.split('|') {
                let more = match word {
                    "any_listed_element" => {
                        let mut listed = Elements::NONE;
                        for other in rules.rows().filter(|o| o.get("juris") == juris && o.get("rule_id") != id) {
                            for w in other.get("all_of").split(['&', '|']).filter(|w| !NOT_LISTED.contains(w) && *w != word) {
                                listed = listed.or(meaning(w, other.get("element"))?);
                            }
                        }
                        listed
                    }
                    _ => meaning(word, element)?,
                };
                set = set.or(more);
            }
            if set.is_empty() {
                return Err(LawError::Word { table: rules.name, key: id.to_owned(), word: clause.to_owned() });
            }
            clauses.push(set);
        }
        let qualifier = Some(row.get("qualifier")).filter(|q| !q.is_empty()).map(str::to_owned);
        out.push(Rule { id: id.to_owned(), jurisdiction: juris.to_owned(), element: element.to_owned(), clauses, qualifier });
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::super::Law;
    use super::*;

    /// Every combination that meets the clauses with one element each.
    fn combinations(rule: &Rule) -> Vec<Vec<Elements>> {
        rule.clauses.iter().fold(vec![Vec::new()], |all, clause| {
            all.iter().flat_map(|c| clause.each().map(|e| [c.as_slice(), &[e]].concat()).collect::<Vec<_>>()).collect()
        })
    }

    fn set(elements: &[Elements]) -> Elements {
        elements.iter().fold(Elements::NONE, |a, b| a.or(*b))
    }

    #[test]
    fn every_rule_needs_all_of_its_elements() {
        let law = Law::builtin();
        let mut tried = 0;
        for rule in law.rules() {
            let want = if rule.qualifier.is_some() { Fits::Upper } else { Fits::Certain };
            for elements in combinations(rule) {
                tried += 1;
                let whole = set(&elements);
                let person = Profile { certain: whole, ..Profile::default() };
                assert_eq!(rule.fits(&person, &[]), Some(want), "{} with {elements:?}", rule.id);
                let held = rule.qualifier.clone().into_iter().collect::<Vec<_>>();
                assert_eq!(rule.fits(&person, &held), Some(Fits::Certain), "{} as assumed", rule.id);
                for less in whole.each() {
                    let person = Profile { certain: whole.without(less), ..Profile::default() };
                    assert_eq!(rule.fits(&person, &[]), None, "{} with one element less than {elements:?}", rule.id);
                    // What is possibly there makes it possible.
                    let person = Profile { possible: less, ..person };
                    let likely = if rule.qualifier.is_some() { Fits::Upper } else { Fits::Likely };
                    assert_eq!(rule.fits(&person, &[]), Some(likely), "{}", rule.id);
                    // What lies there protected needs a decision.
                    let person = Profile { possible: Elements::NONE, protected: less, ..person };
                    assert_eq!(rule.fits(&person, &[]), Some(Fits::Upper), "{}", rule.id);
                    let decided = [held.as_slice(), &[PROTECTED.to_owned()]].concat();
                    assert_eq!(rule.fits(&person, &decided), Some(Fits::Certain), "{}", rule.id);
                }
            }
        }
        assert_eq!(law.rules().count(), 396);
        assert!(tried > 800, "{tried}");
    }

    #[test]
    fn famous_cases() {
        let law = Law::builtin();
        let fires = |juris: &str, elements: &[&str]| {
            let certain = elements.iter().fold(Elements::NONE, |s, e| s.or(Elements::of(e)));
            let p = Profile { certain, ..Profile::default() };
            law.rules()
                .filter(|r| r.jurisdiction == juris)
                .filter(|r| r.fits(&p, &[]) == Some(Fits::Certain))
                .map(|r| r.element.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(fires("CA", &["full_name", "ssn"]), ["ssn"]);
        assert_eq!(fires("IN", &["ssn"]), ["ssn"], "Indiana needs no name");
        assert_eq!(fires("CA", &["email", "password"]), ["login_plus_password"]);
        assert_eq!(fires("NJ", &["email", "password"]), [""; 0]);
        assert_eq!(fires("NY", &["email", "ssn"]), ["ssn"], "New York: any identifier");
        assert_eq!(fires("CA", &["email", "ssn"]), [""; 0]);
        assert_eq!(fires("ND", &["full_name", "dob"]), ["dob"]);
        assert_eq!(fires("CA", &["full_name", "dob"]), [""; 0]);
        assert_eq!(fires("AL", &["full_name", "payment_card_number", "card_expiry"]), ["fin_acct_plus_code"]);
        assert_eq!(fires("CA", &["full_name", "payment_card_number", "card_expiry"]), [""; 0]);
        assert_eq!(fires("CO", &["payment_card_number", "cvv"]), ["fin_acct_plus_code"]);
        assert_eq!(fires("TX", &["diagnosis_medical"]), ["medical"]);
        assert_eq!(fires("FL", &["full_name", "coarse_geolocation"]), ["precise_geolocation"]);
        assert_eq!(fires("CT", &["full_name", "coarse_geolocation"]), [""; 0]);
        for (juris, individual, employer) in [("DE", true, false), ("NC", false, true), ("CA", true, true)] {
            assert_eq!(fires(juris, &["full_name", "itin_tax_id"]) == ["tax_id"], individual, "{juris}");
            assert_eq!(fires(juris, &["full_name", "employer_tax_id"]) == ["tax_id"], employer, "{juris}");
        }
        assert_eq!(fires("CA", &["full_name", "license_plate"]), [""; 0], "a number plate need not come from a system that reads them");
        for juris in ["CA", "NY", "TX", "DC", "WA"] {
            assert_eq!(fires(juris, &["email", "phone"]), [""; 0], "an address or a telephone alone never");
        }
    }
}
