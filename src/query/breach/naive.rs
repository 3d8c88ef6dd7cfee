//! The same answer person by person: slow and plain, to hold the fast one against on random indexes.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use proptest::prelude::*;

use super::joined::joined;
use super::*;
use crate::base::Object;
use crate::classify::Classifiers;
use crate::identity::{Certainty, Key};
use crate::index::{
    FieldCount, Listed, Owner, Piece, PieceField, PlaceList, Posting, Published, RunTotals, Unattributed, WriteLink, Writer,
};
use crate::law::{BASES, Elements, Fits, Profile, Residence, jurisdiction, place_name};

#[derive(Default)]
struct Affected {
    named: Profile,
    legal: Profile,
    names: [[bool; 3]; 2],
    certain: bool,
    alone: BTreeSet<IdHash>,
    linked: BTreeSet<ConsumerId>,
    gdpr: Option<&'static str>,
    datasets: BTreeSet<String>,
}

/// Everybody, and how many records are nobody's.
fn people(reader: &Reader, q: &Question<'_>) -> (Vec<(Person, bool, Option<&'static str>, Profile)>, u64) {
    let classes = reader.classifiers().unwrap();
    let mut number_of: HashMap<IdHash, ConsumerId> = HashMap::new();
    let consumer = |id: IdHash| reader.owner_of(id).unwrap().and_then(Owner::consumer);
    let mut counts_as: HashMap<ConsumerId, ConsumerId> = HashMap::new();
    for (from, to) in joined(reader, q.exposed, false, &classes).unwrap() {
        counts_as.insert(consumer(from).unwrap(), consumer(to).unwrap());
    }
    let (mut all, mut nobodys): (BTreeMap<ConsumerId, Affected>, u64) = Default::default();
    for e in q.exposed {
        let mut loose: BTreeMap<i64, u64> = reader.unattributed_by_class(e.object.id).unwrap().into_iter().collect();
        let mut here = Vec::new();
        reader.postings_of_object(e.object.id, |id, class, certainty, count| here.push((id, class, certainty, count))).unwrap();
        for (id, class, certainty, count) in here {
            let who = match reader.owner_of(id).unwrap() {
                Some(owner @ (Owner::Alone(c) | Owner::Linked(c))) if certainty <= Certainty::Possible as i64 => (c, owner),
                Some(Owner::Several) if certainty == Certainty::Record as i64 => {
                    *loose.entry(class).or_default() += count;
                    continue;
                }
                _ => continue,
            };
            number_of.insert(id, who.0);
            let p = all.entry(counts_as.get(&who.0).copied().unwrap_or(who.0)).or_default();
            match who.1 {
                Owner::Alone(_) => drop(p.alone.insert(id)),
                _ => drop(p.linked.insert(who.0)),
            }
            let (name, element) = &classes[&class];
            let sure = certainty <= Certainty::Record as i64 && e.whole;
            p.certain |= sure;
            let law = match element.as_str() {
                "ssn" if !name.starts_with("us.") => Elements::of("other_gov_id"),
                "full_name" => Elements::NONE,
                e => Elements::of(e),
            };
            for (profile, e) in [(&mut p.named, Elements::of(element)), (&mut p.legal, law)] {
                let set = if sure { &mut profile.certain } else { &mut profile.possible };
                *set = set.or(e);
            }
            if element == "full_name" {
                let part = match name.as_str() {
                    "generic.first_name" => 1,
                    "generic.last_name" => 2,
                    _ => 0,
                };
                p.names[usize::from(!sure)][part] = true;
            }
            if certainty == Certainty::Own as i64 {
                let gdpr = name.split_once('.').and_then(|c| crate::law::gdpr(c.0));
                p.gdpr = p.gdpr.into_iter().chain(gdpr).min();
            }
            p.datasets.insert(e.object.dataset.clone());
        }
        nobodys += loose.values().max().copied().unwrap_or(0);
    }
    let elements: BTreeSet<&String> = classes.values().map(|c| &c.1).collect();
    let words = |set: Elements| elements.iter().filter(|e| set.meets(Elements::of(e))).map(|e| (*e).clone()).collect::<BTreeSet<_>>();
    let person = |(consumer, p): (ConsumerId, Affected)| {
        let mut identifiers: Vec<IdHash> = p.alone.iter().copied().collect();
        p.linked.iter().for_each(|c| identifiers.extend(reader.identifiers(*c).unwrap().into_iter().map(|i| i.0)));
        let better = |a: (u8, &str), b: (u8, &str)| {
            let rank = |basis: &str| BASES.iter().position(|b| *b == basis);
            a.0 > b.0 || a.0 == b.0 && rank(a.1) < rank(b.1)
        };
        let mut best: BTreeMap<[u8; 2], (u8, &'static str)> = BTreeMap::new();
        for current in [true, false] {
            if best.is_empty() {
                for (place, percent, basis) in identifiers.iter().flat_map(|id| reader.residences_of(*id, current).unwrap()) {
                    let b = best.entry(place).or_insert((percent, basis));
                    *b = if better((percent, basis), *b) { (percent, basis) } else { *b };
                }
            }
        }
        let hint = best.keys().filter_map(|place| crate::law::gdpr(std::str::from_utf8(place).unwrap())).min();
        let mut counting: Vec<_> = best.into_iter().filter(|b| b.1.0 >= 70).collect();
        counting.sort_by(|a, b| {
            if better(a.1, b.1) {
                Ordering::Less
            } else if better(b.1, a.1) {
                Ordering::Greater
            } else {
                a.0.cmp(&b.0)
            }
        });
        let mut counting = counting.into_iter().map(|(place, word)| (place_name(place), word));
        let primary = counting.next();
        let mut legal = p.legal;
        let ([sure, maybe], name) = (p.names, Elements::of("full_name"));
        if sure[0] || (sure[1] && sure[2]) {
            legal.certain = legal.certain.or(name);
        } else if maybe[0] || sure[2] || maybe[2] {
            legal.possible = legal.possible.or(name);
        }
        let state = primary.as_ref().map(|p| p.0.clone());
        let fits = |f| ["upper", "likely", "certain"][f as usize];
        let rules = q.law.rules().filter(|r| Some(&r.jurisdiction) == state.as_ref());
        let several = p.alone.len() > 1 || !p.linked.is_empty();
        let gdpr = p.gdpr.or(hint).filter(|_| state.is_none());
        let out = Person {
            consumer,
            state_basis: primary.as_ref().map(|p| p.1.1),
            state_confidence: primary.as_ref().map_or(0.0, |p| f64::from(p.1.0) / 100.0),
            other_states: counting.map(|c| c.0).collect(),
            elements: words(p.named.certain),
            possible: words(p.named.possible.without(p.named.certain)),
            certain: p.certain,
            rules: rules.filter_map(|r| r.fits(&legal, q.assumed).map(|f| (r.id.clone(), fits(f)))).collect(),
            datasets: p.datasets,
            identifiers,
            state,
        };
        (out, several, gdpr, legal)
    };
    (all.into_iter().map(person).collect(), nobodys)
}

fn numbers<'p>(people: impl Iterator<Item = &'p Person>) -> Numbers {
    people.fold(Numbers::default(), |n, p| n.plus(Numbers { certain: u64::from(p.certain), likely: 1, upper: 1 }))
}

/// Holds every number of the fast answer against the people of the slow one.
fn compare(reader: &Reader, exposed: &[Exposed]) {
    let law = Law::builtin();
    let q = Question {
        exposed,
        never_indexed: 0,
        gaps: &[],
        law,
        moments: Moments::default(),
        assumed: &[],
        list: true,
        part: None,
        identifiers: true,
    };
    let fast = breach(reader, &q).unwrap();
    let (slow, nobodys) = people(reader, &q);
    let persons: Vec<&Person> = slow.iter().map(|p| &p.0).collect();
    assert_eq!(fast.people.iter().collect::<Vec<_>>(), persons);
    // Parts of the list are the list.
    let part = |n| breach(reader, &Question { part: Some((3, n)), ..q }).unwrap().people;
    let mut parts: Vec<Person> = (0..fast.people.len()).step_by(3).flat_map(part).collect();
    parts.sort_by_key(|p| p.consumer);
    assert_eq!(parts, fast.people);
    let mut consumers = numbers(persons.iter().copied());
    consumers.upper += nobodys;
    assert_eq!((fast.consumers, fast.unattributed_records), (consumers, nobodys));
    assert_eq!(affected(reader, exposed).unwrap(), consumers);
    let certain = |several: bool| slow.iter().filter(|p| p.0.certain && p.1 == several).count() as u64;
    assert_eq!((fast.linked, fast.single_identifier), (certain(true), certain(false)));
    let mut unknown = numbers(persons.iter().copied().filter(|p| p.state.is_none()));
    unknown.upper += nobodys;
    assert_eq!(fast.unknown_residence, unknown);
    let mut basis: BTreeMap<String, u64> = BTreeMap::new();
    persons.iter().filter(|p| p.certain).filter_map(|p| p.state_basis).for_each(|b| *basis.entry(b.to_owned()).or_default() += 1);
    assert_eq!(fast.residence_basis, basis);
    for (element, n) in &fast.elements {
        let with = |set: fn(&Person) -> &BTreeSet<String>| persons.iter().filter(|p| set(p).contains(element)).count() as u64;
        let (sure, maybe) = (with(|p| &p.elements), with(|p| &p.possible));
        assert_eq!((n.certain, n.likely), (sure, sure + maybe), "{element}");
    }
    let mut codes: BTreeSet<&str> =
        persons.iter().flat_map(|p| p.state.iter().chain(&p.other_states)).map(|place| jurisdiction(place)).collect();
    codes.extend(slow.iter().filter_map(|p| p.2));
    assert_eq!(fast.jurisdictions.iter().map(|j| j.code.as_str()).collect::<BTreeSet<_>>(), codes);
    for j in &fast.jurisdictions {
        let here = |p: &(Person, bool, Option<&'static str>, Profile)| match &p.0.state {
            Some(s) => {
                let mostly = jurisdiction(s) == j.code;
                (mostly, mostly && p.0.other_states.iter().all(|o| jurisdiction(o) == j.code))
            }
            None => (p.2 == Some(j.code.as_str()), false),
        };
        let sum = |fits: &dyn Fn(&Profile) -> Option<Fits>| {
            let (mut certain, mut likely) = (0, 0);
            for p in &slow {
                let (mostly, surely) = here(p);
                certain += u64::from(surely && p.0.certain && fits(&p.3) == Some(Fits::Certain));
                likely += u64::from(mostly && fits(&p.3) >= Some(Fits::Likely));
            }
            (certain, likely)
        };
        assert_eq!((j.residents.certain, j.residents.likely), sum(&|_| Some(Fits::Certain)), "{}", j.code);
        for r in law.rules_of(&j.code) {
            let found = j.rules.iter().find(|x| x.id == r.id).map_or((0, 0), |x| (x.consumers.certain, x.consumers.likely));
            assert_eq!(found, sum(&|p| r.fits(p, &[])), "{}", r.id);
        }
    }
}

const STRONG: [&str; 4] = ["generic.email", "us.ssn", "generic.phone", "gb.nino"];
const FILED: [&str; 6] =
    ["generic.person_name", "generic.first_name", "generic.last_name", "generic.password", "generic.birth_date", "us.ssn"];

const LIVES: [&[u8; 2]; 5] = [b"CA", b"NY", b"TX", b"de", b"mx"];

/// One record: the identifiers of a person (by number and class), what stands beside them.
#[derive(Clone, Debug)]
struct Row {
    ids: Vec<(u8, usize)>,
    filed: Vec<(usize, bool)>,
    weak: bool,
    lives: Option<(usize, bool)>,
    loose: bool,
}

fn row() -> impl Strategy<Value = Row> {
    let ids = proptest::collection::vec((0u8..12, 0usize..STRONG.len()), 1..3);
    let filed = proptest::collection::vec((0usize..FILED.len(), any::<bool>()), 0..3);
    let lives = proptest::option::of((0usize..LIVES.len(), any::<bool>()));
    (ids, filed, any::<bool>(), lives, any::<bool>()).prop_map(|(ids, filed, weak, lives, loose)| Row { ids, filed, weak, lives, loose })
}

fn id(n: u8, class: usize) -> IdHash {
    let mut h = [n.wrapping_mul(151).wrapping_add(class as u8 * 71); 16];
    (h[8], h[9]) = (n, class as u8);
    IdHash(h)
}

/// Writes what a scan would hand over.
fn write(w: &mut Writer, object: usize, version: usize, rows: &[Row]) {
    let set = Classifiers::builtin();
    let class = |name: &str| set.index_of(name).unwrap_or_else(|| panic!("no classifier {name}"));
    let uri = format!("/data/{object}");
    let listed = Listed {
        shown: uri.clone(),
        dataset: format!("d{}", object % 2),
        rules: String::new(),
        object: Object { uri, version: version.to_string(), size: 1, modified: None, until: None },
    };
    let o = w.begin_object(&listed).unwrap();
    let mut piece = Piece { fields: vec![PieceField { member: None, name: "f".to_owned() }], ..Piece::default() };
    for (n, row) in (0u64..).zip(rows) {
        let post = |id, class, certainty| Posting {
            id,
            field: 0,
            classifier: class,
            certainty,
            count: 1,
            places: PlaceList::Rows(vec![(n, n + 1)]),
        };
        let mut ids = row.ids.clone();
        ids.dedup_by_key(|i| i.1);
        ids.iter().for_each(|(n, c)| piece.postings.push(post(id(*n, *c), class(STRONG[*c]), Certainty::Own)));
        let anchor = id(ids[0].0, ids[0].1);
        for (c, sure) in &row.filed {
            piece.postings.push(post(anchor, class(FILED[*c]), if *sure { Certainty::Record } else { Certainty::Possible }));
        }
        if row.weak {
            piece.postings.push(post(IdHash([200 + (n % 3) as u8; 16]), class("generic.ip_address"), Certainty::Weak));
            piece.weak.push((IdHash([200 + (n % 3) as u8; 16]), anchor));
        }
        if let Some((place, both)) = row.lives {
            let (confidence, basis) = if both { (0.95, "country") } else { (0.7, "zip!=state") };
            piece.residences.push((anchor, Residence { place: *LIVES[place], confidence, basis }));
            if place == 0 {
                piece.residences.push((anchor, Residence { place: *b"fr", confidence: 0.6, basis: "account" }));
            }
        }
        if ids.len() > 1 {
            piece.links.push(WriteLink { row: n, members: ids.iter().map(|(n, c)| (class(STRONG[*c]), id(*n, *c))).collect() });
        }
        if row.loose {
            let places = PlaceList::Rows(vec![(n, n + 1)]);
            piece.unattributed.push(Unattributed { field: 0, classifier: class("generic.person_name"), count: 1, places });
        }
    }
    let sightings = piece.unattributed.len() as u64;
    let cells = rows.len() as u64;
    let summary = FieldCount { field: 0, classifier: class("generic.person_name"), sightings, test_values: 0, cells, confidence: 1.0 };
    w.piece(o, piece).unwrap();
    w.publish(o, &Published { records: cells, summaries: vec![summary], ..Published::default() }).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_fast_answer_is_the_plain_one(
        runs in proptest::collection::vec(proptest::collection::vec((0usize..4, proptest::collection::vec(row(), 1..6)), 1..4), 1..4),
        scope in proptest::collection::vec((any::<bool>(), any::<bool>()), 16),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let (path, key) = (dir.path().join("i.db"), Key::random().unwrap());
        let mut w = Writer::open(&path, &key).unwrap();
        for (version, objects) in runs.iter().enumerate() {
            w.begin_run(&Classifiers::builtin(), &[]).unwrap();
            let objects: BTreeMap<usize, &Vec<Row>> = objects.iter().map(|(o, rows)| (*o, rows)).collect();
            objects.into_iter().for_each(|(o, rows)| write(&mut w, o, version, rows));
            w.finish_run(&RunTotals::default()).unwrap();
        }
        let exposed = |reader: &Reader| -> Vec<Exposed> {
            let of = reader.objects(false).unwrap().into_iter().zip(&scope);
            of.filter(|(_, s)| s.0).map(|(object, s)| Exposed { object, whole: s.1 }).collect()
        };
        let reader = Reader::open(&path).unwrap();
        compare(&reader, &exposed(&reader));
        crate::query::flows::stored_is_counted(&reader);
        let problems = reader.check().unwrap().problems;
        prop_assert!(problems.is_empty(), "{:?}", problems);
        // What is stored of who is whose, and what is worked out without it, say the same.
        drop(reader);
        rusqlite::Connection::open(&path).unwrap().execute_batch("DELETE FROM whose").unwrap();
        let reader = Reader::open(&path).unwrap();
        compare(&reader, &exposed(&reader));
        let then = reader.as_of(crate::index::AsOf::Run(1)).unwrap();
        let current: Vec<Exposed> = current_in(&then, &|_| true, &|_| false).unwrap();
        compare(&then, &current);
    }
}
