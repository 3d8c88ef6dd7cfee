//! The pages that go through all people, of millions: how long each takes to make, and how large it is.
//!
//! `cargo bench --bench page -- [MILLIONS OF PEOPLE] [FILE]`, 0.5 unless told (the figures of the documentation are of 5). 2,000 objects that are
//! datasets of their own, ten fields each, all named differently; a tenth of the objects say who lives where and join e-mail address and social
//! security number; a second run has read a hundredth of them again. With FILE the index stays there, to be looked at with `piimap serve` (its key
//! is 64 ones). First each page by itself, of an index opened anew each time; then as `serve` answers on the loopback interface from its start
//! on: how long the first answer took, whether it said that the page is being counted, when the page was there, and how long the next five took.
//! Beside them the script of the pages, which is served as it stands: what any answer takes.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use piimap::base::{Object, Timestamp};
use piimap::classify::Classifiers;
use piimap::identity::{Certainty, Key};
use piimap::index::{
    FieldCount, Listed, ObjectId, ObjectRow, Piece, PieceField, PlaceList, Posting, Published, Reader, RunTotals, WriteLink, Writer,
};
use piimap::law::{Address, Clue, Residence, Says, State};
use piimap::query::{self, Borders, Processing, Region, Tenant, Verdicts};
use piimap::report::{self, DatasetPage, Frame, View};
use piimap::scan::Spend;
use piimap::serve::page::{Options, run};

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
                let clue = |says| Clue { says, of: Address::default(), country: None };
                let clues: Vec<Clue> = state.into_iter().flat_map(|s| [clue(Says::Zip(s)), clue(Says::State(s))]).collect();
                Residence::weigh(&clues, &mut |r| piece.residences.push((id(0), r)));
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
    let (set, key) = (Classifiers::builtin(), Key::from_hex(&"1".repeat(64)).expect("a key"));
    let classes = CLASSES.map(|c| set.index_of(c).unwrap_or_else(|| panic!("no classifier {c}")));
    let dir = tempfile::tempdir().expect("a folder");
    let path = args.get(1).map_or_else(|| dir.path().join("index.db"), std::path::PathBuf::from);
    if !path.exists() {
        let written = cost(|| {
            let mut w = Writer::open(&path, &key).expect("open");
            w.begin_run(&set, &[]).expect("run");
            (0..OBJECTS).for_each(|o| write(&mut w, people, o, "1", classes));
            w.finish_run(&RunTotals::default()).expect("finish");
            // A moment later, so that the runs have different times.
            std::thread::sleep(Duration::from_millis(5));
            w.begin_run(&set, &[]).expect("run");
            (0..OBJECTS).step_by(100).for_each(|o| write(&mut w, people - people / 10, o, "2", classes));
            w.finish_run(&RunTotals::default()).expect("finish");
        });
        println!("{people} people, written in {:.1} s (peak {} MB), {} MB", written.wall.as_secs_f64(), peak(), size(&path) >> 20);
    }
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
        ("borders", &|| report::isolation_page(Frame::Site("/borders"), &query::isolation(&open(), &borders()).expect("isolation"))),
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
    served(&path, key, &set);
    println!("peak {} MB", peak());
}

fn borders() -> Borders {
    Borders {
        tenants: (0..10).map(|t| Tenant { name: format!("t{t}"), owns: Box::new(move |o: &ObjectRow| o.id % 10 == t) }).collect(),
        regions: (0..4).map(|r| Region { name: format!("r{r}"), holds: Box::new(move |o: &ObjectRow| o.id % 4 == r) }).collect(),
        ..Borders::default()
    }
}

/// Writes one version of an object.
fn write(w: &mut Writer, people: u64, object: u64, version: &str, classes: [u16; 5]) {
    let id = begin(w, object, version);
    pieces(people, object, classes).for_each(|p| w.piece(id, p).expect("piece"));
    let n = records(people, object);
    let field = |f: u64| {
        let class = classes[(f % 5) as usize];
        FieldCount { field: f as u32, classifier: class, sightings: n / FIELDS + 1, test_values: 0, cells: n, confidence: 0.9 }
    };
    w.publish(id, &Published { records: n, summaries: (0..FIELDS).map(field).collect(), ..Published::default() }).expect("publish");
}

/// An answer of the page.
struct Answer {
    status: u16,
    head: String,
    body: String,
    took: Duration,
}

fn ask(at: SocketAddr, path: &str, form: Option<&str>) -> Answer {
    let start = Instant::now();
    let mut stream = TcpStream::connect(at).expect("connect");
    let (method, length) = (if form.is_some() { "POST" } else { "GET" }, form.unwrap_or_default().len());
    let kind = "Content-Type: application/x-www-form-urlencoded";
    let request = format!("{method} {path} HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n{kind}\r\nContent-Length: {length}\r\n\r\n");
    stream.write_all((request + form.unwrap_or_default()).as_bytes()).expect("write");
    let mut all = String::new();
    stream.read_to_string(&mut all).expect("read");
    let took = start.elapsed();
    let (head, body) = all.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).expect("a status");
    Answer { status, head: head.to_lowercase(), body: body.to_owned(), took }
}

/// Asks for a page until it is there and five times more, and prints how long that took; gives the page.
fn timed(at: SocketAddr, name: &str, path: &str, form: Option<&str>) -> String {
    let (begun, first) = (Instant::now(), ask(at, path, form));
    let (took, mut a) = (first.took, first);
    let waited = a.status == 503;
    while a.status == 503 {
        std::thread::sleep(Duration::from_millis(100));
        a = ask(at, path, form);
    }
    let there = begun.elapsed();
    assert_eq!(a.status, 200, "{name}: {}", a.body);
    let mut next: Vec<Duration> = (0..5).map(|_| ask(at, path, form).took).collect();
    next.sort();
    let ms = |d: Duration| d.as_secs_f64() * 1e3;
    let counted = if waited { format!("being counted, there after {:.1} s", there.as_secs_f64()) } else { String::new() };
    let size = a.body.len() / 1024;
    println!("{name}: first {:.0} ms; then {:.1} ms median, {:.1} slowest of 5; {size} KB; {counted}", ms(took), ms(next[2]), ms(next[4]));
    a.body
}

/// The pages as `serve` gives them.
fn served(path: &std::path::Path, key: Key, set: &std::sync::Arc<Classifiers>) {
    let options = Options {
        index: path.to_owned(),
        key: Some(key),
        classifiers: set.clone(),
        address: ([127, 0, 0, 1], 0).into(),
        token: None,
        borders: borders(),
        processing: Processing::default(),
        verdicts: Verdicts::default(),
        asked: Box::new(|_, _, _, _| Ok(())),
        sources: Box::new(|_| Ok(Vec::new())),
        spend: Spend::default(),
    };
    let (send, address) = std::sync::mpsc::channel();
    std::thread::spawn(move || run(options, |at| send.send(at).expect("somebody listens"), std::future::pending()));
    let at = address.recv().expect("an address");
    println!("served, from the start on:");
    timed(at, "script (as it stands)", "/filter.js", None);
    let map = timed(at, "/", "/", None);
    let datasets = report_links(&map, "/dataset?name=");
    for (name, path) in [
        ("/?by=bytes", "/?by=bytes"),
        ("/?from=150", "/?from=150"),
        ("/?in=", "/?in=lake/table_0007"),
        ("/?group=", "/?group=lake"),
        ("/find", "/find"),
        ("/breach", "/breach"),
        ("/shared", "/shared"),
        ("/records", "/records"),
        ("/borders", "/borders"),
        ("/changes", "/changes"),
        ("/changes?from=&to=", "/changes?from=1&to=2"),
        ("/unread", "/unread"),
        ("/classifiers", "/classifiers"),
    ] {
        if name == "/?group=" && !map.contains("group=") {
            continue;
        }
        timed(at, name, path, None);
    }
    timed(at, "/dataset, the first", &datasets[0], None);
    let mut others: Vec<Duration> = (1..datasets.len().min(41)).map(|n| ask(at, &datasets[n], None).took).collect();
    others.sort();
    println!(
        "/dataset, {} others: {:?} median, {:?} slowest at first look",
        others.len(),
        others[others.len() / 2],
        others[others.len() - 1]
    );
    let mut person = String::new();
    for (name, form) in [
        ("/breach of a dataset", "dataset=lake/table_0007"),
        ("/breach of a tenth", "dataset=lake/table_01*"),
        ("/breach of everything", "dataset=**"),
    ] {
        let sent = ask(at, "/breach", Some(form));
        println!("{name}: sent, {:.1} ms", sent.took.as_secs_f64() * 1e3);
        let answer = sent.head.split("location: ").nth(1).and_then(|l| l.split(['#', '\r']).next()).expect("an address").to_owned();
        let page = timed(at, name, &answer, None);
        person = page.split("<th scope=\"row\">c_").nth(1).and_then(|p| p.split('<').next()).expect("a person").to_owned();
        // No more than may be looked up at once.
        std::thread::sleep(Duration::from_secs(14));
    }
    timed(at, "/find, a person", "/find", Some(&format!("value=c_{person}")));
    // One whom no record joins with anything: it is found by the id alone.
    let hasher = Reader::open(path).and_then(|r| r.unlock(&Key::from_hex(&"1".repeat(64)).expect("a key"))).expect("the key");
    let single = (0u64..).find(|who| any(who ^ 0x55, 10) != 0).map(|who| hasher.consumer(hash(who * 2))).expect("somebody");
    timed(at, "/find, a person of one identifier", "/find", Some(&format!("value={single}")));
    timed(at, "/find, nobody", "/find", Some("value=nobody@example.com"));
}

/// Where the links of a page lead that begin so, each once.
fn report_links(page: &str, start: &str) -> Vec<String> {
    let mut all: Vec<String> = page
        .match_indices(&format!("href=\"{start}"))
        .map(|(at, _)| page[at + 6..].split('"').next().unwrap_or_default().to_owned())
        .collect();
    all.dedup();
    all
}

fn begin(w: &mut Writer, object: u64, version: &str) -> ObjectId {
    let uri = format!("s3://lake-{}/part-{object:05}.csv", object % 7);
    let size = 1_000_000 + any(object, 1 << 30);
    let what = Object { uri: uri.clone(), version: version.to_owned(), size, modified: Some(Timestamp(1_700_000_000_000)), until: None };
    let listed = Listed { shown: uri, dataset: format!("lake/table_{object:04}"), rules: String::new(), object: what };
    w.begin_object(&listed).expect("begin")
}
