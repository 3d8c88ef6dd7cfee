//! Who is who, of millions: the rate of linking records, apart from that of writing them.
//!
//! `cargo bench --bench link -- [MILLIONS OF RECORDS]`, 1 unless told (the figures of the documentation are of 10). Every person stands in four
//! datasets under two or three of e-mail address, social security number and telephone; one in 25 shares the telephone with another, and one
//! record in 1,000 names a support address. Prints what the partition alone takes, then writing an index, settling it, and settling runs in
//! which one object of 400 is read anew, or added; and how many people are whole and how many merged with another, against what was made.

use std::collections::HashMap;

use piimap::classify::Classifiers;
use piimap::identity::{ById, Certainty, Class, IdHash, Key, Partition};
use piimap::index::{Owner, Piece, PieceField, PlaceList, Posting, Reader, RunTotals, WriteLink, Writer};

mod made;
use made::{Cost, any, cost, forget_peak, hash, peak, size, write};

const CLASSES: [&str; 3] = ["us.ssn", "generic.email", "generic.phone"];
const ELEMENTS: [&str; 3] = ["ssn", "email", "phone"];
/// What the records of each dataset hold, by number of [`CLASSES`].
const DATASETS: [&[usize]; 4] = [&[0, 1], &[0, 2], &[1, 2], &[0, 1, 2]];
const OBJECTS: u64 = 400;
const PIECE: usize = 4_096;

/// Two of 25 neighbours have one telephone.
fn shares_phone(person: u64) -> bool {
    person % 25 < 2
}

/// The identifier of a class of a person: its number.
fn identifier(person: u64, class: usize) -> u64 {
    let whose = if class == 2 && shares_phone(person) { person - person % 25 } else { person };
    whose * 3 + class as u64 + 1
}

/// Number of the support address.
const SUPPORT: u64 = 0;

/// The person of the `n`th record of an object, and its identifiers with their classes.
fn record(object: u64, n: u64, people: u64) -> (u64, Vec<(usize, IdHash)>) {
    let dataset = (object % 4) as usize;
    let person = (object / 4) * (people * 4 / OBJECTS) + n;
    let mut all: Vec<(usize, IdHash)> = DATASETS[dataset].iter().map(|c| (*c, hash(identifier(person, *c)))).collect();
    if dataset == 1 && any(object << 32 | n, 250) == 0 {
        all.push((1, hash(SUPPORT)));
    }
    (person, all)
}

/// The first so many records of an object.
fn pieces(object: u64, records: u64, people: u64, classes: &[u16]) -> impl Iterator<Item = Piece> {
    (0..records).step_by(PIECE).map(move |from| {
        let fields = CLASSES.map(|c| PieceField { member: None, name: c.replace('.', "_") }).to_vec();
        let mut piece = Piece { fields: if from == 0 { fields } else { Vec::new() }, ..Piece::default() };
        for n in from..(from + PIECE as u64).min(records) {
            let (_, all) = record(object, n, people);
            for (class, id) in &all {
                piece.postings.push(Posting {
                    id: *id,
                    field: *class as u32,
                    classifier: classes[*class],
                    certainty: Certainty::Own,
                    count: 1,
                    places: PlaceList::Rows(vec![(n, n + 1)]),
                });
            }
            piece.links.push(WriteLink { row: n, members: all.iter().map(|(c, id)| (classes[*c], *id)).collect() });
        }
        piece
    })
}

/// People who have all their identifiers and nobody else's, of those who have several; and those who were merged with another.
struct Found {
    whole: u64,
    merged: u64,
}

/// Judges groups of identifiers by what was made.
fn judge(groups: &[Vec<IdHash>], people: u64) -> Found {
    let mut whose: ById<u64> = ById::default();
    let own = |p: u64| (0..3).filter(move |c| *c != 2 || !shares_phone(p)).map(move |c| hash(identifier(p, c)));
    (0..people).for_each(|p| own(p).for_each(|id| _ = whose.insert(id, p)));
    let mut found = Found { whole: 0, merged: 0 };
    for g in groups {
        let person = whose.get(&g[0]);
        if g.iter().any(|id| whose.get(id) != person || person.is_none()) {
            found.merged += 1;
        } else if person.is_some_and(|p| own(*p).count() == g.len()) {
            found.whole += 1;
        }
    }
    found
}

fn main() {
    let millions: f64 = std::env::args().skip(1).find_map(|a| a.parse().ok()).unwrap_or(1.0);
    let people = ((millions * 1e6) as u64 / 4 / OBJECTS * OBJECTS).max(OBJECTS);
    let (per_object, records) = (people * 4 / OBJECTS, people * 4);
    println!("{records} records of {people} people in {OBJECTS} objects of 4 datasets");
    let print = |what: &str, c: &Cost| {
        let (wall, cpu) = (c.wall.as_secs_f64(), c.cpu.as_secs_f64());
        println!("{what:<34} {wall:7.2} s wall {cpu:7.2} s CPU  {:6.2} M records/s", records as f64 / wall / 1e6);
    };

    forget_peak();
    let before = peak();
    let (mut partition, mut solved) = (Partition::new(), (Vec::new(), Vec::new()));
    let added = cost(|| {
        for o in 0..OBJECTS {
            for n in 0..per_object {
                let (_, all) = record(o, n, people);
                let members: Vec<(u16, IdHash)> = all.iter().map(|(c, id)| (*c as u16, *id)).collect();
                partition.add(&members);
            }
        }
    });
    print("taking links in (making them too)", &added);
    let found = cost(|| solved = partition.solve(|c| Class { name: CLASSES[usize::from(c)], element: ELEMENTS[usize::from(c)] }));
    print("finding who is who", &found);
    println!("memory: {} MB", peak() - before);
    let Found { whole, merged } = judge(&solved.0, people);
    let phones = people / 25;
    println!("{whole} of {people} people whole, {merged} merged, {} identifiers shared", solved.1.len());
    assert_eq!((whole, merged, solved.1.len() as u64), (people, 0, phones + 1));
    drop(solved);

    let set = Classifiers::builtin();
    let classes: Vec<u16> = CLASSES.iter().map(|c| set.index_of(c).unwrap_or_else(|| panic!("no classifier {c}"))).collect();
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("index.db");
    let key = Key::random().expect("a key");
    forget_peak();
    let mut w = Writer::open(&path, &key).expect("open");
    w.begin_run(&set, &[]).expect("run");
    let written = cost(|| write(&mut w, 0..OBJECTS, "1", per_object, |o| pieces(o, per_object, people, &classes)));
    print("writing an index of them", &written);
    let settled = cost(|| w.finish_run(&RunTotals::default()).expect("finish"));
    print("ending the run: merging, settling", &settled);
    println!("memory: {} MB; {:.1} bytes a record", peak(), size(&path) as f64 / records as f64);
    let mut again = |what: &str, object: u64, like: u64, records: u64| {
        w.begin_run(&set, &[]).expect("run");
        write(&mut w, object..object + 1, "2", records, |_| pieces(like, records, people, &classes));
        forget_peak();
        let Cost { wall, cpu } = cost(|| w.finish_run(&RunTotals::default()).expect("finish"));
        println!("ending a run with {what}: {wall:?} ({cpu:?} CPU), {} MB", peak());
    };
    again(&format!("one object of {OBJECTS} anew"), 7, 7, per_object);
    again("one object of 100 records more", OBJECTS, 11, 100.min(per_object));
    again("one object more of which all was known", OBJECTS + 1, 15, per_object);
    drop(w);

    let r = Reader::open(&path).expect("open");
    let mut owners: HashMap<u64, Owner> = HashMap::new();
    for p in (0..people).step_by((people / 20_000).max(1) as usize) {
        let own = |c| r.owner_of(hash(identifier(p, c))).expect("owner").expect("known");
        assert_eq!(own(0), own(1), "person {p}");
        assert_eq!(own(2) == Owner::Several, shares_phone(p));
        assert!(shares_phone(p) || own(2) == own(0));
        owners.insert(p, own(0));
    }
    let mut all: Vec<_> = owners.values().filter_map(|o| o.consumer()).collect();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), owners.len(), "nobody is merged with another");
    assert_eq!(r.consumer_counts().expect("counts").all, people);
}
