//! Segments against a model that keeps everything: what is written, merged and rewritten says what the model says.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use rusqlite::Connection;

use super::merge::{RANGE, Ranges, TOGETHER};
use super::*;
use crate::identity::{Hasher, Key};
use crate::index::PlaceList;
use crate::index::entries::Entry;

fn database() -> Connection {
    let conn = Connection::open_in_memory().unwrap();
    crate::index::schema::create(&conn).unwrap();
    tables(&conn).unwrap();
    crate::index::whose::tables(&conn).unwrap();
    conn.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    for object in 0..OBJECTS {
        revive(&conn, object);
    }
    conn
}

const OBJECTS: i64 = 6;

fn revive(conn: &Connection, object: i64) {
    let sql = "INSERT INTO object (id, uri, uri_hash, version, size, dataset_id, status, classifier_set, first_run, last_run)
               VALUES (?1, '', x'', '', 0, 1, 'read', '', 1, 1)";
    conn.execute(sql, [object]).unwrap();
}

/// An identifier of the test; several dictionary blocks are filled by `spread`.
fn hash(n: u16) -> IdHash {
    let mut h = [0; 16];
    h[..8].copy_from_slice(&u64::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    IdHash(h)
}

#[derive(Clone, Debug)]
enum Step {
    Add(u16, i64, bool, Entry),
    Write,
    Tidy,
    TidyWaiting,
    MergeAll,
    Delete(i64),
    RewriteDead,
}

fn entry() -> impl Strategy<Value = Entry> {
    prop_oneof![
        4 => (1i64..4, 1i64..3, 0i64..4, 0u64..300).prop_map(|(field, classifier, certainty, row)| Entry::Sightings {
            field, classifier, certainty, count: 1, places: PlaceList::Rows(vec![(row, row + 1)])
        }),
        2 => (1i64..4, 1u64..9, 0u64..300).prop_map(|(field, count, at)| Entry::Sightings {
            field, classifier: 7, certainty: 0, count, places: PlaceList::Bytes(vec![(at, at + 9), (at + 20, at + 21)])
        }),
        1 => (0i64..99).prop_map(Entry::Link),
        1 => (0u8..3).prop_map(|p| Entry::Residence(*b"CA", p, "zip")),
        1 => (0u16..5).prop_map(|n| Entry::Beside(hash(n))),
        1 => (1i64..3, 0u8..5).prop_map(|(classifier, state)| Entry::Protected { classifier, state, certain: state > 2 }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        30 => (0u16..40, 0..OBJECTS, any::<bool>(), entry()).prop_map(|(n, o, strong, e)| Step::Add(n, o, strong, e)),
        3 => Just(Step::Write),
        1 => Just(Step::Tidy),
        1 => Just(Step::TidyWaiting),
        1 => Just(Step::MergeAll),
        1 => (0..OBJECTS).prop_map(Step::Delete),
        1 => Just(Step::RewriteDead),
    ]
}

/// What is said, by identifier and object, in the order in which it was said.
type Model = BTreeMap<(u16, i64), Vec<Entry>>;

/// What both directions know of an identifier: how many sightings of each shape, and what else.
type Told = BTreeMap<(IdHash, String), u64>;

fn tell(told: &mut Told, who: IdHash, what: &Entry) {
    match what {
        Entry::Sightings { field, classifier, certainty, count, places } => {
            *told.entry((who, format!("{field} {classifier} {certainty} {}", places.kind()))).or_default() += count;
        }
        Entry::Link(_) | Entry::Beside(_) => {}
        other => drop(told.insert((who, format!("{other:?}")), 1)),
    }
}

fn hear(told: &mut Told, who: IdHash, says: Says, count: u64) {
    match says {
        Says::Sightings(s) => {
            *told.entry((who, format!("{} {} {} {}", s.field, s.classifier, s.certainty, s.kind))).or_default() += count;
        }
        Says::Residence(state, percent, basis) => tell(told, who, &Entry::Residence(state, percent, basis)),
        Says::Protected(classifier, state, certain) => tell(told, who, &Entry::Protected { classifier, state, certain }),
    }
}

/// The same with each row alone, for rows that wait together become one item. A row that comes again is counted, and told once.
fn apart(entries: Vec<(i64, Entry)>) -> Vec<(i64, Entry)> {
    let mut out: Vec<(i64, Entry)> = Vec::new();
    for (object, e) in entries {
        let Entry::Sightings { field, classifier, certainty, count, places: PlaceList::Rows(rows) } = e else {
            out.push((object, e));
            continue;
        };
        let again = |row| {
            let places = PlaceList::Rows(vec![(row, row + 1)]);
            (object, Entry::Sightings { field, classifier, certainty, count: 1, places })
        };
        let mut left = count;
        for row in rows.iter().flat_map(|(from, to)| *from..*to).map(again) {
            left -= 1;
            let known = out.contains(&row);
            out.push(if known { again(u64::MAX - 1) } else { row });
        }
        out.extend((0..left).map(|_| again(u64::MAX - 1)));
    }
    out
}

fn compare(conn: &Connection, model: &Model, strong: &BTreeSet<u16>, living: &BTreeSet<i64>) {
    let shapes = Shapes::default();
    for n in 0..40 {
        let mut want: Vec<(i64, Entry)> = Vec::new();
        for ((_, object), entries) in model.range((n, 0)..=(n, OBJECTS)).filter(|e| living.contains(&e.0.1)) {
            want.extend(entries.iter().map(|e| (*object, e.clone())));
        }
        let got: Vec<(i64, Entry)> = entries(conn, &shapes, hash(n)).unwrap().into_iter().filter(|e| living.contains(&e.0)).collect();
        // Repetitions that say nothing new may be left out.
        let plain = |list: Vec<(i64, Entry)>| {
            let mut out: Vec<(i64, Entry)> = Vec::new();
            for e in apart(list) {
                if matches!(e.1, Entry::Sightings { .. } | Entry::Link(_)) || !out.contains(&e) {
                    out.push(e);
                }
            }
            let mut out: Vec<String> = out.into_iter().map(|e| format!("{e:?}")).collect();
            out.sort();
            out
        };
        assert_eq!(plain(got), plain(want.clone()), "identifier {n}");
        let found = identified(conn, hash(n)).unwrap();
        if !want.is_empty() {
            assert_eq!(found.is_some_and(|i| i.is_strong()), strong.contains(&n), "identifier {n}");
        }
    }
    for object in living {
        let (mut got, mut want) = (Told::new(), Told::new());
        of_object(conn, &shapes, *object, &mut |who, says, count| hear(&mut got, who.hash, says, count)).unwrap();
        for ((n, _), entries) in model.iter().filter(|e| e.0.1 == *object) {
            entries.iter().for_each(|e| tell(&mut want, hash(*n), e));
        }
        assert_eq!(got, want, "object {object}");
    }
}

proptest! {
    #[test]
    fn segments_say_what_was_written(steps in proptest::collection::vec(step(), 0..300)) {
        let conn = database();
        let hasher = Hasher::new(&Key::random().unwrap());
        let (mut spool, shapes) = (Spool::default(), Shapes::default());
        let (mut model, mut strong): (Model, BTreeSet<u16>) = Default::default();
        let mut living: BTreeSet<i64> = (0..OBJECTS).collect();
        for s in steps {
            match s {
                Step::Add(n, object, class, entry) if living.contains(&object) => {
                    // Who is strong is known from its own sightings; the test says it of the identifier as such.
                    let class = class && n % 2 == 0;
                    spool.add(&conn, &shapes, hash(n), u16::from(class), object, &entry).unwrap();
                    if class {
                        strong.insert(n);
                    }
                    model.entry((n, object)).or_default().push(entry);
                }
                Step::Add(..) => {}
                Step::Write => spool.write(&conn, &hasher, 1).unwrap(),
                Step::Tidy => drop(tidy(&conn, 1).unwrap()),
                Step::TidyWaiting => {
                    let (segments_before, waiting) = (segments(&conn).unwrap().len(), spool.len());
                    let one = tidy_waiting(&conn, &hasher, 1, &mut spool).unwrap();
                    let due = waiting > 0 && (1..=TOGETHER).contains(&segments_before);
                    assert_eq!((one, spool.len()), (due, if due { 0 } else { waiting }));
                    assert!(!one || segments(&conn).unwrap().len() <= 1);
                }
                Step::MergeAll => drop(merge_all(&conn).unwrap()),
                Step::Delete(object) => {
                    spool.forget(object);
                    conn.execute("DELETE FROM object WHERE id = ?1", [object]).unwrap();
                    living.remove(&object);
                    model.retain(|key, _| key.1 != object);
                }
                Step::RewriteDead => drop(rewrite_dead(&conn).unwrap()),
            }
        }
        spool.write(&conn, &hasher, 2).unwrap();
        // Who was strong in deleted objects alone may be known as such or not.
        strong.retain(|n| identified(&conn, hash(*n)).unwrap().is_none_or(|i| i.is_strong()));
        let problems = verify(&conn, &shapes, &mut |_, _| Ok(())).unwrap().problems;
        prop_assert_eq!(problems, Vec::<String>::new());
        for who in (0..40).filter_map(|n| identified(&conn, hash(n)).unwrap()) {
            prop_assert_eq!(who.consumer, hasher.consumer(who.hash));
        }
        compare(&conn, &model, &strong, &living);
        merge_all(&conn).unwrap();
        strong.retain(|n| identified(&conn, hash(*n)).unwrap().is_none_or(|i| i.is_strong()));
        compare(&conn, &model, &strong, &living);
        prop_assert!(segments(&conn).unwrap().len() <= 1);
    }

    #[test]
    fn hostile_lists_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        let shape = Shape { field: 1, classifier: 1, certainty: 0, kind: 0 };
        let _ = lists::decode_lists(&bytes, &mut |_| Ok(shape));
    }
}

/// What waits may be much beside the run's segment: ranges are no wider for it, and lists of all objects are made of both.
#[test]
fn much_that_waits_beside_a_segment_of_one_identifier() {
    let hasher = Hasher::new(&Key::random().unwrap());
    let row = Entry::Sightings { field: 1, classifier: 2, certainty: 0, count: 1, places: PlaceList::Rows(vec![(3, 4)]) };
    let filled = || {
        let (conn, mut spool, shapes) = (database(), Spool::default(), Shapes::default());
        spool.add(&conn, &shapes, hash(1), 2, 1, &row).unwrap();
        spool.write(&conn, &hasher, 1).unwrap();
        (0..3_000).for_each(|n| spool.add(&conn, &shapes, hash(n), 2, 2, &row).unwrap());
        (conn, spool, shapes)
    };
    let (conn, mut spool, _) = filled();
    let mut ranges = Ranges::new(&conn, &segments(&conn).unwrap(), spool.close().1);
    let mut all = 0;
    while let Some((stretches, waiting)) = ranges.read().unwrap() {
        let bytes = stretches.iter().map(|s| s.bytes()).chain(waiting.iter().map(|b| b.bytes())).sum::<usize>();
        assert!(bytes as u128 <= 4 * RANGE, "{bytes}");
        all += waiting.iter().map(|b| b.len()).sum::<usize>();
    }
    assert_eq!(all, 3_000);
    let (conn, mut spool, shapes) = filled();
    assert!(tidy_waiting(&conn, &hasher, 1, &mut spool).unwrap());
    assert_eq!(segments(&conn).unwrap().iter().map(|s| s.postings).collect::<Vec<_>>(), [3_001]);
    assert!(conn.query_row("SELECT count(*) FROM segment_joint", [], |r| r.get::<_, i64>(0)).unwrap() > 0);
    assert_eq!(verify(&conn, &shapes, &mut |_, _| Ok(())).unwrap().problems, Vec::<String>::new());
}

#[test]
fn what_was_taken_out_again_leaves_nothing_in_the_spool() {
    let conn = database();
    let hasher = Hasher::new(&Key::random().unwrap());
    let (mut spool, shapes) = (Spool::default(), Shapes::default());
    let said = Entry::Sightings { field: 1, classifier: 2, certainty: 0, count: 2, places: PlaceList::Bytes(vec![(3, 9), (20, 21)]) };
    spool.add(&conn, &shapes, hash(1), 2, 1, &said).unwrap();
    spool.forget(1);
    assert!(spool.len() == 0 && spool.weight() > 0);
    spool.write(&conn, &hasher, 1).unwrap();
    assert!(spool.weight() == 0 && segments(&conn).unwrap().is_empty());
}

/// Many identifiers, many blocks, one of them longer than a page.
#[test]
fn blocks_of_all_sizes_are_found() {
    let conn = database();
    let hasher = Hasher::new(&Key::random().unwrap());
    let (mut spool, shapes) = (Spool::default(), Shapes::default());
    let row = |row| Entry::Sightings { field: 1, classifier: 2, certainty: 0, count: 1, places: PlaceList::Rows(vec![(row, row + 1)]) };
    let long = Entry::Sightings {
        field: 1,
        classifier: 2,
        certainty: 0,
        count: 9_000,
        places: PlaceList::Rows((0..9_000).map(|n| (n * 2, n * 2 + 1)).collect()),
    };
    for n in 0..3_000 {
        spool.add(&conn, &shapes, hash(n), 2, 1, &row(u64::from(n))).unwrap();
        if n % 1_000 == 7 {
            spool.add(&conn, &shapes, hash(n), 2, 2, &long).unwrap();
        }
    }
    spool.write(&conn, &hasher, 1).unwrap();
    assert!(spool.weight() == 0 && segments(&conn).unwrap().len() == 1);
    for n in 0..3_000 {
        let mut want = vec![(1, row(u64::from(n)))];
        if n % 1_000 == 7 {
            want.push((2, long.clone()));
        }
        assert_eq!(entries(&conn, &shapes, hash(n)).unwrap(), want, "{n}");
    }
    assert!(entries(&conn, &shapes, hash(3_000)).unwrap().is_empty());
    let mut finder = Finder::new(&conn).unwrap();
    let mut all: Vec<IdHash> = (0..4_000).map(hash).collect();
    all.sort();
    let found = all.iter().filter(|h| finder.strong(**h).unwrap().is_some_and(|f| f.0.hash == **h && f.1 == 1)).count();
    assert_eq!(found, 3_000);
    assert_eq!(alone(&conn, hasher.consumer(hash(17))).unwrap().len(), 1);
    let mut pages = conn.prepare("SELECT max(length(data)) FROM segment_identifier").unwrap();
    assert!(pages.query_row([], |r| r.get::<_, i64>(0)).unwrap() <= 8_128, "a block fits a page");
    assert!(verify(&conn, &shapes, &mut |_, _| Ok(())).unwrap().problems.is_empty());
}
