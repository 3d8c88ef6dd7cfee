//! What a run changes of whose identifiers are, of where people live and of how many they are: the same as if all was worked out anew.

use std::collections::{BTreeMap, HashSet};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use rusqlite::Connection;

use super::tests::{Bench, class, id, listed, person, publish};
use super::*;
use crate::classify::Classifiers;
use crate::identity::Certainty;
use crate::law::Residence;

/// A record: strong identifiers, a weak one, under whom other sightings are filed (of these), whether it links, where it says they live.
#[derive(Clone, Debug)]
struct Record {
    ids: Vec<u8>,
    weak: Option<u8>,
    linked: bool,
    possible: bool,
    place: Option<(usize, u8)>,
}

/// Fields of an object's table, in a member of it or not.
#[derive(Clone, Debug)]
struct Content {
    member: bool,
    records: Vec<Record>,
}

#[derive(Clone, Debug)]
enum Change {
    Stay,
    Put(Content),
    Delete,
    /// The same version is read again: of the one before nothing stays.
    Again(Content),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Finished,
    Stopped,
    /// Killed before anything is settled, or between the last two commits.
    Killed(bool),
}

#[derive(Clone, Debug)]
struct Run {
    changes: BTreeMap<usize, Change>,
    /// After how many objects something is committed.
    commit: usize,
    end: End,
    prune: bool,
}

const OBJECTS: usize = 24;
const PLACES: [&[u8; 2]; 4] = [b"CA", b"NY", b"TX", b"de"];

fn content(most: usize) -> impl Strategy<Value = Content> {
    let record = (
        // Few telephones: those of many people are shared, and may cease to be.
        prop_oneof![
            proptest::collection::vec(0u8..60, 1..4),
            (0u8..20, 20u8..56, 56u8..60).prop_map(|(a, b, c)| vec![a, b, c]),
            (0u8..20, 20u8..56).prop_map(|(a, b)| vec![a, b]),
        ],
        proptest::option::weighted(0.2, 60u8..64),
        proptest::bool::weighted(0.7),
        proptest::bool::weighted(0.2),
        proptest::option::weighted(0.4, (0usize..4, prop_oneof![Just(50u8), Just(80), Just(95)])),
    );
    let record = record.prop_map(|(mut ids, weak, linked, possible, place)| {
        ids.sort_unstable();
        ids.dedup();
        Record { ids, weak, linked, possible, place }
    });
    (proptest::bool::weighted(0.2), proptest::collection::vec(record, 0..most)).prop_map(|(member, records)| Content { member, records })
}

fn run() -> impl Strategy<Value = Run> {
    let change = prop_oneof![
        1 => Just(Change::Stay),
        4 => content(5).prop_map(Change::Put),
        2 => Just(Change::Delete),
        2 => content(5).prop_map(Change::Again),
    ];
    let end = prop_oneof![
        12 => Just(End::Finished),
        2 => Just(End::Stopped),
        1 => Just(End::Killed(false)),
        1 => Just(End::Killed(true)),
    ];
    (proptest::collection::btree_map(0..OBJECTS, change, 0..4), 1usize..4, end, proptest::bool::weighted(0.05))
        .prop_map(|(changes, commit, end, prune)| Run { changes, commit, end, prune })
}

fn class_of(n: u8) -> u16 {
    class(match n {
        0..20 => "us.ssn",
        20..56 => "generic.email",
        56..60 => "generic.phone",
        _ => "generic.ip_address",
    })
}

fn hash_of(n: u8) -> crate::identity::IdHash {
    id(n.wrapping_mul(37) + 1)
}

fn piece(content: &Content) -> Piece {
    let member = content.member.then(|| "a.csv".to_owned());
    let mut p = Piece {
        fields: ["", "a", "b"].map(|name| PieceField { member: member.clone(), name: name.to_owned() }).to_vec(),
        ..Piece::default()
    };
    for (row, r) in content.records.iter().enumerate() {
        let row = row as u64;
        let place = || PlaceList::Rows(vec![(row, row + 1)]);
        let mut say = |n: u8, classifier, certainty| {
            let field = 1 + u32::from(n) % 2;
            p.postings.push(Posting { id: hash_of(n), field, classifier, certainty, count: 1, places: place() });
        };
        r.ids.iter().for_each(|n| say(*n, class_of(*n), Certainty::Own));
        say(r.ids[0], class("generic.person_name"), if r.possible { Certainty::Possible } else { Certainty::Record });
        if let Some(weak) = r.weak {
            say(weak, class_of(weak), Certainty::Weak);
            p.weak.push((hash_of(weak), hash_of(r.ids[0])));
        }
        if r.linked && r.ids.len() > 1 {
            p.links.push(WriteLink { row, members: r.ids.iter().map(|n| (class_of(*n), hash_of(*n))).collect() });
        }
        if let Some((place, percent)) = r.place {
            let said = Residence { place: *PLACES[place], confidence: f32::from(percent) / 100.0, basis: "zip" };
            // Also of somebody of whom the object says nothing else.
            p.residences.push((hash_of(if r.possible { 7 } else { r.ids[0] }), said));
        }
    }
    p
}

fn object(n: usize, version: u32) -> Listed {
    Listed { dataset: format!("d{}", n % 3), ..listed(&format!("/{n}"), &version.to_string()) }
}

/// A mark that is gone where all was worked out anew.
fn mark(conn: &Connection) {
    conn.execute("INSERT INTO whose VALUES (-7, 0, x'')", []).unwrap();
}

fn was_changed(conn: &Connection) -> bool {
    conn.execute("DELETE FROM whose WHERE segment_id = -7", []).unwrap() > 0
}

/// Carries runs out; returns how many came to an end, and how many of these were told by what they changed.
fn follow(first: &[Content], runs: &[Run]) -> (usize, usize) {
    let b = Bench::new();
    let mut w = b.writer();
    let mut world: BTreeMap<usize, u32> = BTreeMap::new();
    for (n, content) in first.iter().enumerate() {
        publish(&mut w, &object(n, 1), piece(content));
        world.insert(n, 1);
    }
    w.finish_run(&RunTotals::default()).unwrap();
    let (mut version, mut ended, mut changed) = (1, 0, 0);
    for (at, run) in runs.iter().enumerate() {
        mark(&w.conn);
        w.begin_run(&Classifiers::builtin(), &[]).unwrap();
        for (done, (n, change)) in run.changes.iter().enumerate() {
            version += 1;
            match change {
                Change::Stay => {}
                Change::Delete => drop(world.remove(n)),
                Change::Put(content) => {
                    world.insert(*n, version);
                    publish(&mut w, &object(*n, version), piece(content));
                }
                Change::Again(content) => {
                    let version = *world.entry(*n).or_insert(version);
                    publish(&mut w, &object(*n, version), piece(content));
                }
            }
            if done % run.commit == 0 {
                w.commit_for_test();
            }
        }
        let seen: HashSet<[u8; 16]> = world.keys().map(|n| w.hasher().name(&format!("/{n}"))).collect();
        w.end_gone(&seen, &|_, _| true).unwrap();
        match run.end {
            End::Finished => w.finish_run(&RunTotals::default()).unwrap(),
            End::Stopped => w.stop_run(&RunTotals::default()).unwrap(),
            End::Killed(settled) => {
                if settled {
                    w.put_together(true).unwrap();
                }
                drop(w);
                w = Writer::open(&b.path, &b.key).unwrap();
                // What was not committed is read again.
                let known = w.known().unwrap();
                world.retain(|n, _| known.contains_key(&w.hasher().name(&format!("/{n}"))));
            }
        }
        let (is_ended, was_changed) = (!matches!(run.end, End::Killed(_)), was_changed(&w.conn));
        ended += usize::from(is_ended);
        changed += usize::from(is_ended && was_changed);
        if run.prune {
            w.prune(i64::MAX, false).unwrap();
        }
        assert_eq!(b.reader().check().unwrap().problems, Vec::<String>::new(), "after run {}", at + 2);
        if is_ended {
            assert_eq!(b.reader().stored_counts().unwrap(), Some(b.reader().count_consumers().unwrap()));
        }
    }
    (ended, changed)
}

/// `PIIMAP_HISTORIES=200` tries as many.
#[test]
fn what_a_run_changes_is_what_working_all_out_gives() {
    let cases = std::env::var("PIIMAP_HISTORIES").ok().and_then(|n| n.parse().ok()).unwrap_or(40);
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, max_shrink_iters: 200, ..Config::default() });
    let histories = (proptest::collection::vec(content(8), OBJECTS), proptest::collection::vec(run(), 1..9));
    let (all, changed) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
    runner
        .run(&histories, |(first, runs)| {
            let (ended, told) = follow(&first, &runs);
            all.set(all.get() + ended);
            changed.set(changed.get() + told);
            Ok(())
        })
        .unwrap();
    assert!(changed.get() * 2 > all.get(), "{} of {} runs", changed.get(), all.get());
}

/// Twenty people in twenty objects; the rows of what a run leaves as it is are not written again.
#[test]
fn rows_that_stay_as_they_are_are_not_written() {
    let b = Bench::new();
    let mut w = b.writer();
    for n in 0..20 {
        publish(&mut w, &listed(&format!("/{n}"), "1"), person(2 * n, 2 * n + 1));
    }
    w.finish_run(&RunTotals::default()).unwrap();
    let rows = |conn: &Connection| -> Vec<(i64, i64)> {
        let mut q = conn.prepare("SELECT rowid, segment_id FROM whose WHERE segment_id > 0 ORDER BY rowid").unwrap();
        q.query_map([], |r| Ok((r.get(0)?, r.get(1)?))).unwrap().map(Result::unwrap).collect()
    };
    let before = rows(&w.conn);
    assert!(before.len() > 3);
    // Another version that says the same.
    w.begin_run(&Classifiers::builtin(), &[]).unwrap();
    publish(&mut w, &listed("/7", "2"), person(14, 15));
    w.finish_run(&RunTotals::default()).unwrap();
    let same = rows(&w.conn);
    assert_eq!(same[..before.len()], before);
    assert!(same.len() > before.len(), "a segment of its own");
    // Two people of the first segment turn out to be one: some rows say it, others stay.
    w.begin_run(&Classifiers::builtin(), &[]).unwrap();
    publish(&mut w, &listed("/new", "1"), person(30, 1));
    w.finish_run(&RunTotals::default()).unwrap();
    let after = rows(&w.conn);
    let kept = before.iter().filter(|row| after.contains(row)).count();
    assert!(kept > 0 && kept < before.len(), "{kept} of {}", before.len());
    assert_eq!(b.reader().check().unwrap().problems, Vec::<String>::new());
}
