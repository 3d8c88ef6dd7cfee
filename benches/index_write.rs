//! What writing the index costs, and what its questions do, beside rows of SQLite: 25,000 sightings an object, ten an identifier.
//!
//! `cargo bench --bench index_write -- [MILLIONS OF SIGHTINGS]`, 5 unless told (the figures of the documentation are of 50). Prints what `index::Writer` takes for them (wall and CPU
//! time, bytes a sighting, peak memory), and the same for a table `(identifier, object, field, rows)` with an index by object, filled in
//! sorted batches; then what a look-up, the consumers of all objects and a new version of one object take. Every answer is compared with
//! what was written.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Instant;

use piimap::classify::Classifiers;
use piimap::identity::{Certainty, IdHash, Key};
use piimap::index::{Numbering, Piece, PieceField, Reader, RunTotals, Said, Single, Whose, Writer};

mod made;
use made::Cost;
use made::{any, cost, forget_peak, hash, peak, size, write};

const PER_OBJECT: u64 = 25_000;
const PIECE: usize = 4_096;
const CLASSES: [&str; 8] =
    ["generic.email", "us.ssn", "generic.phone", "generic.payment_card", "generic.iban", "us.itin", "us.mbi", "us.passport"];

/// The identifier of the `n`th sighting of an object: any of all, the same for the same numbers.
fn who(object: u64, n: u64, identifiers: u64) -> u64 {
    any(object << 32 | n, identifiers)
}

fn pieces(object: u64, seed: u64, identifiers: u64, classes: &[u16]) -> impl Iterator<Item = Piece> {
    (0..PER_OBJECT).step_by(PIECE).map(move |from| Piece {
        fields: if from == 0 { CLASSES.map(|c| PieceField { member: None, name: c.replace('.', "_") }).to_vec() } else { Vec::new() },
        singles: (from..(from + PIECE as u64).min(PER_OBJECT))
            .map(|n| {
                let id = who(object ^ seed, n, identifiers);
                let class = (id % 8) as usize;
                Single { id: hash(id), field: class as u32, classifier: classes[class], certainty: Certainty::Own, row: n }
            })
            .collect(),
        ..Piece::default()
    })
}

/// The same as rows: the design that anybody would begin with.
fn rows(path: &Path, objects: u64, identifiers: u64) {
    let mut conn = rusqlite::Connection::open(path).expect("open");
    conn.execute_batch(
        "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -131072;
         CREATE TABLE sighting (identifier BLOB, object INTEGER, field INTEGER, rows BLOB, PRIMARY KEY (identifier, object, field)) STRICT, WITHOUT ROWID;
         CREATE INDEX by_object ON sighting (object);",
    )
    .expect("tables");
    for some in (0..objects).collect::<Vec<_>>().chunks(50) {
        let mut batch: Vec<(IdHash, u64, u64, u64)> = some
            .iter()
            .flat_map(|o| (0..PER_OBJECT).map(|n| (*o, n)))
            .map(|(o, n)| {
                let id = who(o, n, identifiers);
                (hash(id), o, id % 8, n)
            })
            .collect();
        batch.sort_unstable();
        let tx = conn.transaction().expect("begin");
        {
            let mut insert = tx.prepare("INSERT OR REPLACE INTO sighting VALUES (?1, ?2, ?3, ?4)").expect("insert");
            for (id, object, field, row) in batch {
                let places = [row.to_le_bytes(), (row + 1).to_le_bytes()].concat();
                insert.execute(rusqlite::params![id.0, object as i64, field as i64, places]).expect("row");
            }
        }
        tx.commit().expect("commit");
    }
    conn.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").expect("checkpoint");
}

/// How many consumers these objects name, by the number of the classifier.
fn people(r: &Reader, objects: &[i64]) -> BTreeMap<i64, u64> {
    let numbering: &Numbering = r.numbering().expect("numbers");
    let mut seen: BTreeMap<i64, Vec<u64>> = BTreeMap::new();
    for o in objects {
        let add = &mut |list: piimap::index::PeopleList<'_>| {
            let Said::Sightings { classifier, .. } = list.said else { return };
            let bits = seen.entry(classifier).or_insert_with(|| vec![0; numbering.len() / 64 + 1]);
            for n in list.who.iter() {
                if let Whose::Alone(p) | Whose::Linked(p) = numbering.whose(n) {
                    bits[p as usize / 64] |= 1 << (p % 64);
                }
            }
        };
        r.people_of_object(*o, add).expect("an object");
    }
    seen.into_iter().map(|(class, bits)| (class, bits.iter().map(|w| u64::from(w.count_ones())).sum())).collect()
}

fn main() {
    let millions: f64 = std::env::args().skip(1).find_map(|a| a.parse().ok()).unwrap_or(5.0);
    let objects = ((millions * 1e6) as u64 / PER_OBJECT).max(2);
    let sightings = objects * PER_OBJECT;
    let identifiers = sightings / 10;
    let set = Classifiers::builtin();
    let classes: Vec<u16> = CLASSES.iter().map(|c| set.index_of(c).unwrap_or_else(|| panic!("no classifier {c}"))).collect();
    let dir = tempfile::tempdir().expect("a folder");
    println!("{sightings} sightings of {identifiers} identifiers in {objects} objects");

    let made = cost(|| (0..objects).for_each(|o| pieces(o, 0, identifiers, &classes).for_each(|p| drop(std::hint::black_box(p)))));
    println!("making them: {:.1} s of CPU, within the figures below", made.cpu.as_secs_f64());
    let path = dir.path().join("index.db");
    let key = Key::random().expect("a key");
    forget_peak();
    let ours = cost(|| {
        let mut w = Writer::open(&path, &key).expect("open");
        w.begin_run(&set, &[]).expect("run");
        write(&mut w, 0..objects, "1", PER_OBJECT, |o| pieces(o, 0, identifiers, &classes));
        w.finish_run(&RunTotals::default()).expect("finish");
    });
    let memory = peak();
    let per = size(&path) as f64 / sightings as f64;
    let rate = |c: &Cost| sightings as f64 / c.wall.as_secs_f64() / 1e6;
    println!("index      {:6.2} M/s wall {:6.1} s CPU {:5.1} bytes a sighting, peak {memory} MB", rate(&ours), ours.cpu.as_secs_f64(), per);

    let few = objects.min(200);
    let path_rows = dir.path().join("rows.db");
    let theirs = cost(|| rows(&path_rows, few, few * PER_OBJECT / 10));
    let n = (few * PER_OBJECT) as f64;
    let (rate_rows, per_rows) = (n / theirs.wall.as_secs_f64() / 1e6, size(&path_rows) as f64 / n);
    println!("rows       {rate_rows:6.2} M/s wall {:6.1} s CPU {per_rows:5.1} bytes a sighting ({few} objects)", theirs.cpu.as_secs_f64());
    println!("ratio      {:6.2} x as fast, {:.2} x the size", rate(&ours) / rate_rows, per / per_rows);

    // Look-ups, against what was written.
    let asked: Vec<u64> = (0..2_000).map(|n| who(u64::MAX >> 40, n, identifiers)).collect();
    let wanted: BTreeSet<u64> = asked.iter().copied().collect();
    let mut truth: BTreeMap<u64, BTreeSet<(u64, u64)>> = BTreeMap::new();
    for o in 0..objects {
        for n in 0..PER_OBJECT {
            let id = who(o, n, identifiers);
            if wanted.contains(&id) {
                truth.entry(id).or_default().insert((o, n));
            }
        }
    }
    let r = Reader::open(&path).expect("open");
    let names: BTreeMap<i64, u64> =
        r.objects(false).expect("objects").into_iter().map(|o| (o.id, o.uri[o.uri.len() - 5..].parse().expect("a number"))).collect();
    let mut times = Vec::new();
    for id in asked {
        let start = Instant::now();
        let found = r.postings(hash(id)).expect("postings");
        times.push(start.elapsed());
        let got: BTreeSet<(u64, u64)> =
            found.iter().flat_map(|p| p.places.ranges().iter().flat_map(|(s, e)| *s..*e).map(|row| (names[&p.object], row))).collect();
        assert_eq!(Some(&got).filter(|g| !g.is_empty()), truth.get(&id), "identifier {id}");
    }
    times.sort();
    println!("look-up    {:?} median, {:?} p99", times[times.len() / 2], times[times.len() * 99 / 100]);
    let start = Instant::now();
    let counts = r.consumer_counts().expect("counts");
    let read = start.elapsed();
    drop(r);
    let r = Reader::open(&path).expect("open");
    let start = Instant::now();
    assert_eq!(r.count_consumers().expect("counts"), counts);
    println!("consumers of all objects, by classifier, field and dataset: {:?}, as counted by the run {read:?}", start.elapsed());
    drop(r);
    let some: Vec<u64> = (0..40).map(|n| n * (objects / 40).max(1)).take_while(|o| *o < objects).collect();
    let numbers: BTreeMap<u64, i64> = names.iter().map(|(id, n)| (*n, *id)).collect();
    let r = Reader::open(&path).expect("open");
    let start = Instant::now();
    let by_class = people(&r, &some.iter().map(|o| numbers[o]).collect::<Vec<_>>());
    println!("consumers of {} objects, by classifier: {:?}", some.len(), start.elapsed());
    let mut wanted = [0u64; 8];
    let ids: BTreeSet<u64> = some.iter().flat_map(|o| (0..PER_OBJECT).map(|n| who(*o, n, identifiers))).collect();
    ids.iter().for_each(|id| wanted[(id % 8) as usize] += 1);
    let known = r.classifiers().expect("classifiers");
    for (class, want) in CLASSES.iter().zip(wanted) {
        let got = by_class.iter().find(|c| known[c.0].0 == *class).map_or(0, |c| *c.1);
        assert_eq!(got, want, "{class} in {} objects", some.len());
    }
    let mut seen: BTreeSet<u64> = BTreeSet::new();
    (0..objects).for_each(|o| seen.extend((0..PER_OBJECT).map(|n| who(o, n, identifiers))));
    assert_eq!(counts.all, seen.len() as u64);
    drop(r);

    let mut w = Writer::open(&path, &key).expect("open");
    w.begin_run(&set, &[]).expect("run");
    let again = cost(|| {
        write(&mut w, 1..2, "2", PER_OBJECT, |o| pieces(o, 7, identifiers, &classes));
        w.finish_run(&RunTotals::default()).expect("finish");
    });
    println!("a new version of one object: {:?}", again.wall);
    drop(w);
    let start = Instant::now();
    let report = Reader::open(&path).expect("open").check().expect("check");
    assert_eq!(report.problems, Vec::<String>::new());
    println!("check: {:?} for {} postings", start.elapsed(), report.postings);
}
