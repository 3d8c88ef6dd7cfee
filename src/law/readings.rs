//! What laws take the values of a classifier for.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::elements::rows;
use super::rules::Elements;

pub(super) static TABLE: &str = include_str!("data/readings.tsv");

fn table() -> &'static BTreeMap<&'static str, (Elements, bool)> {
    static PARSED: OnceLock<BTreeMap<&'static str, (Elements, bool)>> = OnceLock::new();
    PARSED.get_or_init(|| {
        let row = |line: &'static str| {
            let [class, elements, sure] = line.split('\t').collect::<Vec<_>>()[..] else { return None };
            let set = elements.split('|').fold(Elements::NONE, |all, e| all.or(Elements::of(e)));
            Some((class, (set, sure == "Y")))
        };
        rows(TABLE).skip(1).filter_map(row).collect()
    })
}

/// What the values of a classifier with this element are to a law, and whether they surely are. Numbers that other countries give to
/// persons are numbers of another government; a state or a town alone is no address.
pub fn read_as(class: &str, element: &str) -> (Elements, bool) {
    match (table().get(class), element) {
        (Some(known), _) => *known,
        (None, "ssn" | "itin_tax_id") if !class.starts_with("us.") => (Elements::of("other_gov_id"), true),
        (None, e) => (Elements::of(e), true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_says_something() {
        let lines: Vec<&str> = rows(TABLE).skip(1).collect();
        assert_eq!(table().len(), lines.len(), "no class twice, three cells each");
        for line in lines {
            let cells: Vec<&str> = line.split('\t').collect();
            assert!(cells[1] == "-" || cells[1].split('|').all(|e| !Elements::of(e).is_empty()), "{line}");
            assert!(matches!(cells[2], "Y" | "N"), "{line}");
        }
    }

    #[test]
    fn numbers_are_read_as_what_they_are() {
        for (class, element, want, sure) in [
            ("us.ssn", "ssn", "ssn", true),
            ("gb.nino", "ssn", "other_gov_id", true),
            ("us.itin", "itin_tax_id", "itin_tax_id", true),
            ("de.tax_id", "itin_tax_id", "other_gov_id", true),
            ("de.vat", "itin_tax_id", "-", true),
            ("us.ein", "employer_tax_id", "employer_tax_id", true),
            ("us.state", "postal_address", "-", true),
            ("generic.street_address", "postal_address", "postal_address", true),
        ] {
            assert_eq!(read_as(class, element), (Elements::of(want), sure), "{class}");
        }
        let (any, sure) = read_as("generic.tax_id", "itin_tax_id");
        assert!(any.holds(Elements::of("itin_tax_id").or(Elements::of("employer_tax_id"))) && !sure);
    }
}
