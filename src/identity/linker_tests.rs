//! Which values of a record are about the same person.

use super::*;
use crate::base::{Evidence, Match, NO_CELL};
use crate::classify::Identity;

/// A hit: classifier, row, scope, the person's number in the place of a value.
fn hit(c: &Classifiers, id: &str, row: u64, scope: u64, value: u8, at: u64) -> (Hit, Row) {
    let classifier = match id {
        "key" => c.len() as u16,
        _ => c.index_of(id).unwrap_or_else(|| panic!("no classifier {id}")),
    };
    let m = Match { start: 0, end: 1, cell: NO_CELL, classifier, pattern: 0, confidence: 0.9, evidence: Evidence::default() };
    let named = id == "key" || c.get(classifier).identity != Identity::None;
    let mut hash = [classifier as u8; 16];
    hash[0] = value;
    let hit = Hit {
        m,
        span: (at, at + 1),
        bytes: (at, at + 1),
        row,
        line: row,
        field: 0,
        scope: 0,
        id: named.then_some(IdHash(hash)),
        clue: None,
    };
    (hit, Row { record: row, scope })
}

fn link(c: &Classifiers, text: bool, hits: &[(&str, u64, u64, u8)], parents: &[(u64, u64)]) -> Linked {
    let made: Vec<_> = hits.iter().enumerate().map(|(i, h)| hit(c, h.0, h.1, h.2, h.3, i as u64)).collect();
    let (hits, rows): (Vec<Hit>, Vec<Row>) = made.into_iter().unzip();
    Linker::new(c, text).link(&hits, &rows, &|s| parents.iter().find(|p| p.0 == s).map(|p| p.1))
}

const ROW: u64 = u64::MAX;

fn certainty(l: &Linked, hit: u32) -> Vec<Certainty> {
    l.anchors.iter().filter(|a| a.hit == hit).map(|a| a.certainty).collect()
}

#[test]
fn a_row_links_its_identifiers_and_owns_its_values() {
    let c = Classifiers::builtin();
    let l = link(&c, false, &[("generic.person_name", 3, ROW, 0), ("generic.email", 3, ROW, 1), ("us.ssn", 3, ROW, 1)], &[]);
    assert_eq!(l.groups.len(), 1);
    let group = l.groups.get(0).unwrap();
    assert_eq!((group.row, group.members.len()), (3, 2));
    assert_eq!(c.get(group.members[0].0).id, "us.ssn", "the strongest identifier comes first");
    assert_eq!(certainty(&l, 0), [Certainty::Record]);
    assert_eq!(l.anchors.iter().find(|a| a.hit == 0).unwrap().id, group.members[0].1);
}

#[test]
fn two_values_of_a_strong_class_link_nothing() {
    let c = Classifiers::builtin();
    let l = link(
        &c,
        false,
        &[("us.ssn", 0, ROW, 1), ("us.ssn", 0, ROW, 2), ("generic.email", 0, ROW, 1), ("generic.person_name", 0, ROW, 0)],
        &[],
    );
    assert!(l.groups.is_empty());
    assert_eq!(certainty(&l, 3), [Certainty::Possible; 3]);
    // The same value twice is one value.
    let l = link(&c, false, &[("generic.email", 0, ROW, 1), ("generic.email", 0, ROW, 1), ("us.ssn", 0, ROW, 1)], &[]);
    assert_eq!(l.groups.len(), 1);
}

#[test]
fn running_text_links_nothing_but_may_belong_to_its_line() {
    let c = Classifiers::builtin();
    let l = link(
        &c,
        true,
        &[("generic.person_name", 5, ROW, 0), ("us.ssn", 5, ROW, 1), ("generic.email", 5, ROW, 1), ("generic.person_name", 6, ROW, 0)],
        &[],
    );
    assert!(l.groups.is_empty());
    assert_eq!(certainty(&l, 0), [Certainty::Possible; 2]);
    assert_eq!(certainty(&l, 3), []);
}

#[test]
fn nested_objects_link_upwards_unless_siblings_disagree() {
    let c = Classifiers::builtin();
    // {order: {customer: {email}}, phone}: scopes 10 (root) > 11 > 12.
    let parents = [(11, 10), (12, 11), (13, 10)];
    let l = link(&c, false, &[("generic.email", 0, 12, 1), ("generic.phone", 0, 10, 1)], &parents);
    assert_eq!(l.groups.len(), 1);
    // {sender: {email}, recipient: {email}, phone}: nothing links upwards.
    let l = link(
        &c,
        false,
        &[
            ("generic.email", 0, 11, 1),
            ("us.ssn", 0, 11, 1),
            ("generic.email", 0, 13, 2),
            ("generic.phone", 0, 10, 3),
            ("generic.person_name", 0, 10, 0),
        ],
        &parents,
    );
    assert_eq!(l.groups.len(), 1, "the sender's own values link, nothing else: {:?}", l.groups);
    assert_eq!(l.groups.get(0).unwrap().members.len(), 2);
    assert_eq!(l.anchors.iter().find(|a| a.hit == 4).unwrap().id.0[0], 3, "the name stands with the phone");
    // Running text within a record links nothing, and nothing links to it.
    let prose = PROSE;
    let l = link(&c, false, &[("generic.email", 0, prose, 1), ("us.ssn", 0, prose, 1), ("generic.phone", 0, 10, 1)], &parents);
    assert!(l.groups.is_empty() && l.anchors.len() == 3, "{l:?}");
    // An element of an array is a root of its own.
    let l = link(&c, false, &[("generic.email", 0, 10, 1), ("us.ssn", 0, 14, 1)], &parents);
    assert!(l.groups.is_empty());
}

#[test]
fn a_key_names_whose_a_row_is() {
    let c = Classifiers::builtin();
    let l = link(&c, false, &[("generic.person_name", 3, ROW, 0), ("key", 3, ROW, 1)], &[]);
    assert_eq!(certainty(&l, 0), [Certainty::Record]);
    let l = link(&c, false, &[("key", 3, ROW, 1), ("generic.email", 3, ROW, 1)], &[]);
    assert_eq!(
        l.groups.get(0).unwrap().members.iter().map(|m| m.0).collect::<Vec<_>>(),
        [c.index_of("generic.email").unwrap(), c.len() as u16]
    );
    // Two keys of one kind in a record: which of them the rest is about is not known.
    let l = link(&c, false, &[("key", 3, ROW, 1), ("key", 3, ROW, 2), ("generic.email", 3, ROW, 1)], &[]);
    assert!(l.groups.is_empty());
    // {customer_id, buyer: {email}, gift: {email}, ship_to: {name}}: the address may be the recipient's.
    let parents = [(11, 10), (12, 10), (13, 10)];
    let hits = [("key", 0, 10, 1), ("generic.email", 0, 11, 1), ("generic.email", 0, 12, 2), ("generic.person_name", 0, 13, 0)];
    let l = link(&c, false, &hits, &parents);
    assert!(l.groups.is_empty());
    assert_eq!(certainty(&l, 3), [Certainty::Possible]);
    let l = link(&c, false, &[hits[0], hits[3]], &parents);
    assert_eq!(certainty(&l, 1), [Certainty::Record]);
}

#[test]
fn weak_identifiers_point_to_the_strong_one_beside_them() {
    let c = Classifiers::builtin();
    let l = link(&c, false, &[("generic.username", 0, ROW, 1), ("generic.email", 0, ROW, 1), ("generic.username", 1, ROW, 2)], &[]);
    assert_eq!(l.weak.len(), 1);
    assert_eq!(certainty(&l, 0), [Certainty::Record, Certainty::Weak]);
    assert_eq!(certainty(&l, 2), [Certainty::Weak]);
    assert!(l.groups.is_empty());
}

/// What is filed under an identifier: the hits' numbers, ascending.
fn filed(l: &Linked, id: IdHash, certainty: Certainty) -> Vec<u32> {
    let mut hits: Vec<u32> = l.anchors.iter().filter(|a| a.id == id && a.certainty == certainty).map(|a| a.hit).collect();
    hits.sort_unstable();
    hits
}

#[test]
fn a_record_is_not_filed_under_what_its_window_proves_to_be_shared() {
    let c = Classifiers::builtin();
    // Patients, each with a telephone, all with the address of the front desk; name, address, telephone, ZIP.
    let of = |patients: u8| -> Linked {
        let names = ["generic.person_name", "generic.email", "generic.phone", "us.zip_code"];
        let hits: Vec<(&str, u64, u64, u8)> = (0..patients)
            .flat_map(|n| names.map(|name| (name, u64::from(n), ROW, if name == "generic.email" { 99 } else { n + 1 })))
            .collect();
        link(&c, false, &hits, &[])
    };
    let (one, several) = (of(5), of(7));
    let id = |l: &Linked, hit: u32| l.anchors.iter().find(|a| a.hit == hit && a.certainty == Certainty::Own).unwrap().id;
    let (desk, phone) = (id(&several, 1), id(&several, 6));
    assert_eq!(filed(&one, id(&one, 1), Certainty::Record).len(), 10, "a handful of telephones is one person's");
    assert!(filed(&several, desk, Certainty::Record).is_empty());
    assert_eq!(filed(&several, desk, Certainty::Own), [1, 5, 9, 13, 17, 21, 25]);
    assert_eq!(filed(&several, phone, Certainty::Own), [6]);
    assert_eq!(filed(&several, phone, Certainty::Record), [4, 5, 7], "their name, the address of the desk, their ZIP");
    assert!(several.groups.len() == 7, "all links stay");
}

#[test]
fn what_a_household_shares_is_a_value_of_each_of_its_records() {
    let c = Classifiers::builtin();
    let row =
        |n: u8| [("us.ssn", u64::from(n), ROW, n), ("generic.email", u64::from(n), ROW, 50), ("generic.phone", u64::from(n), ROW, 60)];
    let l = link(&c, false, &[row(1), row(2)].concat(), &[]);
    let ssn = l.anchors.iter().find(|a| a.hit == 3).unwrap().id;
    assert_eq!(filed(&l, ssn, Certainty::Record), [4, 5]);
    // Without the second number nothing is shared.
    let l = link(&c, false, &row(1), &[]);
    assert!(filed(&l, ssn, Certainty::Record).is_empty());
    // A telephone of two customers goes behind their numbers, with all that was filed under it.
    let row =
        |n: u8| [("generic.phone", u64::from(n), ROW, 60), ("key", u64::from(n), ROW, n), ("generic.person_name", u64::from(n), ROW, 0)];
    let l = link(&c, false, &[row(1), row(2)].concat(), &[]);
    let keys: Vec<IdHash> = [1, 4].map(|hit| l.anchors.iter().find(|a| a.hit == hit).unwrap().id).to_vec();
    assert_eq!((filed(&l, keys[0], Certainty::Record), filed(&l, keys[1], Certainty::Record)), (vec![0, 2], vec![3, 5]));
}
