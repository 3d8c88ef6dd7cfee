//! The catalogue of classifiers: current, and true to the lists it is measured against.

use std::collections::BTreeSet;

use piimap::classify::Classifiers;
use piimap::classify::peers::peers;
use piimap::{law, report};

use crate::support::bench::repository;

#[test]
fn the_catalogue_is_current() {
    let committed = std::fs::read_to_string(repository().join("classifiers/CATALOGUE.md")).unwrap();
    let now = report::classifiers_markdown(&Classifiers::builtin());
    let differs = committed.lines().zip(now.lines()).find(|(a, b)| a != b).map(|(_, b)| b);
    assert!(
        committed == now,
        "classifiers/CATALOGUE.md is out of date (first at {differs:?}): run `piimap classifiers --markdown > classifiers/CATALOGUE.md`"
    );
}

#[test]
fn every_identifier_of_macie_is_claimed() {
    let all = Classifiers::builtin();
    let claimed: BTreeSet<&str> = all.iter().filter_map(|c| c.known_as.get("macie")).flatten().map(String::as_str).collect();
    let list: Vec<_> = peers().filter(|p| p.system == "macie").map(|p| p.name).collect();
    assert_eq!(list.len(), 166);
    let missing: Vec<_> = list.into_iter().filter(|name| !claimed.contains(name)).collect();
    assert!(missing.is_empty(), "{} identifiers of Amazon Macie have no classifier: {}", missing.len(), missing.join(", "));
}

#[test]
fn every_name_that_is_claimed_exists() {
    let known: BTreeSet<_> = peers().map(|p| (p.system, p.name)).collect();
    let all = Classifiers::builtin();
    let mut wrong = Vec::new();
    for c in all.iter() {
        for (system, names) in &c.known_as {
            wrong.extend(
                names.iter().filter(|n| !known.contains(&(system.as_str(), n.as_str()))).map(|n| format!("{}: {system} {n}", c.id)),
            );
        }
    }
    assert!(wrong.is_empty(), "no such name in src/classify/peers.tsv:\n  {}", wrong.join("\n  "));
}

#[test]
fn every_element_is_one_that_laws_count() {
    let all = Classifiers::builtin();
    let wrong: Vec<_> = all.iter().filter(|c| !law::is_element(&c.element)).map(|c| format!("{}: {}", c.id, c.element)).collect();
    assert!(wrong.is_empty(), "not in src/law/data/elements.tsv:\n  {}", wrong.join("\n  "));
}
