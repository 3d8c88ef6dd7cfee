//! The pages that go through all people, of millions: how long each takes to make, and how large it is.
//!
//! `cargo bench --bench page -- [MILLIONS OF PEOPLE] [FILE]`, 0.5 unless told (the figures of the documentation are of 5). 2,000 objects that are
//! datasets of their own, ten fields each, all named differently; a tenth of the objects say who lives where and join e-mail address and social
//! security number. With FILE the index stays there, to be looked at with `piimap serve`. Times are of an index opened anew for each page,
//! without the pages that `serve` keeps.

use std::time::Instant;

use piimap::base::{Object, Timestamp};
use piimap::classify::Classifiers;
use piimap::identity::{Certainty, Key};
use piimap::index::{
    FieldCount, Listed, ObjectId, ObjectRow, Piece, PieceField, PlaceList, Posting, Published, Reader, RunTotals, WriteLink, Writer,
};
use piimap::law::{Residence, State};
use piimap::query::{self, Borders, Processing, Region, Tenant};
use piimap::report::{self, DatasetPage, Frame, View};

mod made;
use made::{any, cost, hash, peak, size};

const OBJECTS: u64 = 2_000;
const MASTERS: u64 = 200;
const FIELDS: u64 = 10;
const PIECE: u64 = 4_096;
const CLASSES: [&str; 5] = ["generic.email", "us.ssn", "generic.person_name", "generic.password", "generic.birth_date"];

/// The person of a record.
fn person(people: u64, object: u64, n: u64) -> u64 {
    if object < MASTERS { object * (people / MASTERS) + n } else { any(object << 32 | n, people) }
}

fn records(people: u64, object: u64) -> u64 {
    if object < MASTERS { people / MASTERS } else { people / 400 }
}

fn pieces(people: u64, object: u64, classes: [u16; 5]) -> impl Iterator<Item = Piece> {
    let all = records(people, object);
    (0..all).step_by(PIECE as usize).map(move |from| {
        let mut piece = Piece::default();
        if from == 0 {
            piece.fields = (0..FIELDS).map(|f| PieceField { member: None, name: format!("column_{object}_{f}") }).collect();
        }
        for n in from..(from + PIECE).min(all) {
            let who = person(people, object, n);
            let id = |class: u64| hash(who * 2 + class);
            let own = u64::from(object >= MASTERS && object % 3 == 2 && any(who ^ 0x55, 10) == 0);
            for class in [own as usize, 2 + (object % 3) as usize] {
                piece.postings.push(Posting {
                    id: id(own),
                    // Every fifth record fills the second half of the columns.
                    field: (class as u64 + 5 * u64::from(n % 5 == 0)) as u32,
                    classifier: classes[class],
                    certainty: if class < 2 { Certainty::Own } else { Certainty::Record },
                    count: 1,
                    places: PlaceList::Rows(vec![(n, n + 1)]),
                });
            }
            if object < MASTERS {
                let states: Vec<&str> = State::all().collect();
                let state = states.get(any(who ^ 0xaa, 58) as usize).and_then(|s| State::from_name(s.as_bytes()));
                piece.residences.extend(Residence::weigh(state, state).map(|r| (id(0), r)));
                if any(who ^ 0x55, 10) == 0 {
                    piece.links.push(WriteLink { row: n, members: vec![(classes[1], id(1)), (classes[0], id(0))] });
                }
            }
        }
        piece
    })
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let millions: f64 = args.first().and_then(|a| a.parse().ok()).unwrap_or(0.5);
    let people = (millions * 1e6) as u64 / OBJECTS * OBJECTS;
    let set = Classifiers::builtin();
    let classes = CLASSES.map(|c| set.index_of(c).unwrap_or_else(|| panic!("no classifier {c}")));
    let dir = tempfile::tempdir().expect("a folder");
    let path = args.get(1).map_or_else(|| dir.path().join("index.db"), std::path::PathBuf::from);
    if !path.exists() {
        let key = Key::random().expect("a key");
        let written = cost(|| {
            let mut w = Writer::open(&path, &key).expect("open");
            w.begin_run(&set, &[]).expect("run");
            for o in 0..OBJECTS {
                let id = begin(&mut w, o);
                pieces(people, o, classes).for_each(|p| w.piece(id, p).expect("piece"));
                let n = records(people, o);
                let field = |f: u64| {
                    let class = classes[(f % 5) as usize];
                    FieldCount { field: f as u32, classifier: class, sightings: n / FIELDS + 1, test_values: 0, cells: n, confidence: 0.9 }
                };
                let end = Published { records: n, summaries: (0..FIELDS).map(field).collect(), ..Published::default() };
                w.publish(id, &end).expect("publish");
            }
            w.finish_run(&RunTotals::default()).expect("finish");
        });
        println!("{people} people, written in {:.1} s (peak {} MB), {} MB", written.wall.as_secs_f64(), peak(), size(&path) >> 20);
    }
    let borders = Borders {
        tenants: (0..10).map(|t| Tenant { name: format!("t{t}"), owns: Box::new(move |o: &ObjectRow| o.id % 10 == t) }).collect(),
        regions: (0..4).map(|r| Region { name: format!("r{r}"), holds: Box::new(move |o: &ObjectRow| o.id % 4 == r) }).collect(),
    };
    let said = Processing::default();
    let open = || Reader::open(&path).expect("open");
    let pages: [(&str, &dyn Fn() -> String); 6] = [
        ("map", &|| {
            let reader = open();
            report::map_page(Frame::Site("/"), &query::map(&reader).expect("map"), &[], Timestamp::now(), &View::default())
        }),
        ("map --html", &|| report::map_html(&query::map(&open()).expect("map"), &[], Timestamp::now())),
        ("dataset", &|| {
            let reader = open();
            let map = query::map(&reader).expect("map");
            let dataset = map.datasets.first().expect("a dataset");
            let objects: Vec<_> = reader.objects(false).expect("objects").into_iter().filter(|o| o.dataset == dataset.name).collect();
            let page = DatasetPage {
                map: &map,
                dataset,
                objects: &objects,
                lives: &query::lives_of(&reader, &dataset.name).expect("lives"),
                flows: &query::flows(&reader, &map).expect("flows"),
                unread: &[],
                classifiers: &set,
            };
            report::dataset_page(Frame::Site("/dataset"), &page)
        }),
        ("shared", &|| {
            let reader = open();
            let map = query::map(&reader).expect("map");
            report::flows_page(Frame::Site("/shared"), &query::flows(&reader, &map).expect("flows"), query::COMPARED)
        }),
        ("borders", &|| report::isolation_page(Frame::Site("/borders"), &query::isolation(&open(), &borders).expect("isolation"))),
        ("records", &|| {
            let reader = open();
            let map = query::map(&reader).expect("map");
            report::records_page(Frame::Site("/records"), &query::records(&reader, &map, &said).expect("records"))
        }),
    ];
    for (name, make) in pages {
        let mut took = Vec::new();
        let mut length = 0;
        for _ in 0..3 {
            let start = Instant::now();
            length = make().len();
            took.push(start.elapsed());
        }
        took.sort();
        println!("{name}: {:?} median, {:?} slowest of 3; {:.2} MB", took[1], took[2], length as f64 / 1e6);
    }
    println!("peak {} MB", peak());
}

fn begin(w: &mut Writer, object: u64) -> ObjectId {
    let uri = format!("s3://lake-{}/part-{object:05}.csv", object % 7);
    let size = 1_000_000 + any(object, 1 << 30);
    let what = Object { uri: uri.clone(), version: "1".to_owned(), size, modified: Some(Timestamp(1_700_000_000_000)) };
    let listed = Listed { shown: uri, dataset: format!("lake/table_{object:04}"), rules: String::new(), object: what };
    w.begin_object(&listed).expect("begin")
}
