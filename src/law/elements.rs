//! Data elements and the categories of Cal. Civ. Code 1798.140 they fall in.

use std::collections::BTreeMap;
use std::sync::OnceLock;

pub(super) static TABLE: &str = include_str!("data/elements.tsv");

fn table() -> &'static BTreeMap<&'static str, Vec<&'static str>> {
    static PARSED: OnceLock<BTreeMap<&'static str, Vec<&'static str>>> = OnceLock::new();
    PARSED.get_or_init(|| {
        rows(TABLE)
            .filter_map(|l| l.split_once('\t'))
            .map(|(element, codes)| (element, codes.split(',').filter(|c| *c != "-").collect()))
            .collect()
    })
}

/// The lines of an embedded table that are no comment.
pub(super) fn rows(table: &'static str) -> impl Iterator<Item = &'static str> {
    table.lines().filter(|l| !l.is_empty() && !l.starts_with('#'))
}

/// The California categories of a data element, in order (`["A", "B", "L"]` for `ssn`); empty for an unknown element.
///
/// Source: Cal. Civ. Code 1798.140(v)(1) and (ae), as of 2026-11-21.
pub fn categories(element: &str) -> &'static [&'static str] {
    table().get(element).map_or(&[], |v| v)
}

/// What a category of California is called; the code itself if there is none of that letter.
///
/// Source: Cal. Civ. Code 1798.140(v)(1)(A) to (L), (ae).
pub fn category_name(code: &str) -> &str {
    match code {
        "A" => "identifiers",
        "B" => "customer records",
        "C" => "protected characteristics",
        "D" => "commercial information",
        "E" => "biometric information",
        "F" => "internet activity",
        "G" => "geolocation",
        "H" => "audio, visual and like information",
        "I" => "professional information",
        "J" => "education information",
        "K" => "inferences",
        "L" => "sensitive personal information",
        other => other,
    }
}

/// The special category of a data element under GDPR, in a few words; `None` for most.
///
/// Source: Regulation (EU) 2016/679, Art. 9(1), and Art. 10 for criminal convictions and offences.
pub fn special_category(element: &str) -> Option<&'static str> {
    Some(match element {
        "race_ethnicity" | "national_origin" => "racial or ethnic origin",
        "political_opinion" => "political opinions",
        "religion" => "religious or philosophical beliefs",
        "union_membership" => "trade union membership",
        "genetic_dna" => "genetic data",
        "biometric_template" | "fingerprint" => "biometric data",
        "diagnosis_medical" | "prescription" | "medical_record_number" | "health_insurance_id" | "disability" => "health",
        "sex_life" | "sexual_orientation" => "sex life or sexual orientation",
        "criminal_history" => "criminal convictions and offences (Art. 10)",
        _ => return None,
    })
}

/// The place of an element in the closed list, below 128; `None` for an unknown one.
pub(super) fn element_number(element: &str) -> Option<u32> {
    table().keys().position(|e| *e == element).map(|n| n as u32)
}

/// Whether the closed list of data elements holds this name.
pub fn is_element(element: &str) -> bool {
    table().contains_key(element)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_known_categories() {
        assert!(table().len() > 70 && table().len() <= 128, "sets of elements are 128 bits");
        for (element, codes) in table() {
            assert!(element.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{element}");
            for c in codes {
                assert!(matches!(*c, "A" | "B" | "C" | "D" | "E" | "F" | "G" | "H" | "I" | "J" | "K" | "L"), "{element}: {c}");
            }
        }
        assert_eq!(categories("ssn"), ["A", "B", "L"]);
        assert_eq!(categories("no_such_element"), [""; 0]);
        let special = table().keys().filter(|e| special_category(e).is_some()).count();
        assert_eq!(special, 16, "a special category names an element that is in no list");
    }
}
