//! Who is affected, of millions: the answer over 40 of 2,000 objects and over all of them, law included.
//!
//! `cargo bench --bench breach -- [MILLIONS OF PEOPLE] [ONE IN HOW MANY HAS A LINKED NUMBER]`, 0.5 and 10 unless told (the figures of the
//! documentation are of 5 and 10). A tenth of the objects say who lives where and join e-mail address and social security number; the
//! others know people by one of the two, beside names, passwords, birth dates. Every person and every rule of every state is compared with what
//! was written. Times are of an index opened anew for each question.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use piimap::classify::Classifiers;
use piimap::identity::{Certainty, IdHash, Key};
use piimap::index::{Piece, PieceField, PlaceList, Posting, Reader, RunTotals, WriteLink, Writer};
use piimap::law::{Elements, Fits, Law, Moment, Moments, Profile, Residence, State};
use piimap::query::{BreachAnswer, Exposed, Question, breach};

mod made;
use made::{any, cost, cpu, forget_peak, hash, peak, size, write};

const OBJECTS: u64 = 2_000;
const MASTERS: u64 = 200;
const PIECE: u64 = 4_096;

const CLASSES: [&str; 5] = ["generic.email", "us.ssn", "generic.person_name", "generic.password", "generic.birth_date"];
const ELEMENTS: [&str; 5] = ["email", "ssn", "full_name", "password", "dob"];
const EMAIL: usize = 0;
const SSN: usize = 1;
const NAME: usize = 2;
const PASSWORD: usize = 3;
const BIRTH: usize = 4;

/// The people of the bench.
#[derive(Clone, Copy)]
struct World {
    people: u64,
    one_in: u64,
}

impl World {
    fn has_number(self, person: u64) -> bool {
        any(person ^ 0x55, self.one_in) == 0
    }

    fn state(self, person: u64) -> Option<&'static str> {
        let states = states();
        let n = any(person ^ 0xaa, states.len() as u64 * 40 / 39 + 1) as usize;
        states.get(n).copied()
    }

    /// Records of an object.
    fn records(self, object: u64) -> u64 {
        if object < MASTERS { self.people / MASTERS } else { self.people / 400 }
    }

    /// Whom a record of an object is of, and which of [`CLASSES`] it holds; the first is the identifier that the others are filed under.
    fn record(self, object: u64, n: u64) -> (u64, &'static [usize]) {
        if object < MASTERS {
            let person = object * (self.people / MASTERS) + n;
            return (person, if self.has_number(person) { &[EMAIL, SSN, NAME] } else { &[EMAIL, NAME] });
        }
        let person = any(object << 32 | n, self.people);
        (
            person,
            match object % 3 {
                0 => &[EMAIL, PASSWORD],
                1 => &[EMAIL, BIRTH],
                _ if self.has_number(person) => &[SSN, NAME],
                _ => &[EMAIL, NAME],
            },
        )
    }

    fn pieces(self, object: u64, classes: [u16; 5]) -> impl Iterator<Item = Piece> {
        let records = self.records(object);
        (0..records).step_by(PIECE as usize).map(move |from| {
            let mut piece = Piece::default();
            if from == 0 {
                piece.fields = CLASSES.map(|c| PieceField { member: None, name: c.replace('.', "_") }).to_vec();
            }
            for n in from..(from + PIECE).min(records) {
                let (person, held) = self.record(object, n);
                let id = |class: usize| hash(person * 2 + class as u64);
                let post = |class: usize, id: IdHash, certainty| Posting {
                    id,
                    field: class as u32,
                    classifier: classes[class],
                    certainty,
                    count: 1,
                    places: PlaceList::Rows(vec![(n, n + 1)]),
                };
                for &class in held {
                    let own = class <= SSN;
                    piece.postings.push(match own {
                        true => post(class, id(class), Certainty::Own),
                        false => post(class, id(held[0]), Certainty::Record),
                    });
                }
                if object < MASTERS {
                    let place = self.state(person).and_then(|s| s.as_bytes().first_chunk().copied());
                    let lives = |place| Residence { place, confidence: 0.98, basis: "state+zip" };
                    piece.residences.extend(place.map(|p| (id(EMAIL), lives(p))));
                    if held.contains(&SSN) {
                        piece.links.push(WriteLink { row: n, members: vec![(classes[SSN], id(SSN)), (classes[EMAIL], id(EMAIL))] });
                    }
                }
            }
            piece
        })
    }
}

fn states() -> &'static [&'static str] {
    static STATES: std::sync::OnceLock<Vec<&'static str>> = std::sync::OnceLock::new();
    STATES.get_or_init(|| State::all().collect())
}

/// Compares an answer with what was written to these objects.
fn check(world: World, objects: &[u64], a: &BreachAnswer) {
    let mut of: Vec<u8> = vec![0; world.people as usize];
    for &o in objects {
        for n in 0..world.records(o) {
            let (person, held) = world.record(o, n);
            held.iter().for_each(|c| of[person as usize] |= 1 << c);
        }
    }
    let mut groups: HashMap<(Option<&str>, u8), u64> = HashMap::new();
    for (person, held) in (0u64..).zip(&of).filter(|p| *p.1 != 0) {
        *groups.entry((world.state(person), *held)).or_default() += 1;
    }
    assert_eq!(a.consumers.certain, groups.values().sum::<u64>(), "people");
    for (class, element) in ELEMENTS.iter().enumerate() {
        let want: u64 = groups.iter().filter(|g| g.0.1 & 1 << class != 0).map(|g| g.1).sum();
        assert_eq!(a.elements.get(*element).map_or(0, |n| n.certain), want, "{element}");
    }
    let law = Law::builtin();
    let mut rules = 0;
    for state in states() {
        let here = || groups.iter().filter(|g| g.0.0 == Some(state));
        let j = a.jurisdictions.iter().find(|j| j.code == *state);
        assert_eq!(j.map_or(0, |j| j.residents.certain), here().map(|g| g.1).sum::<u64>(), "{state}");
        for rule in law.rules_of(state) {
            let fits = |held: u8| {
                let certain = (0..5).filter(|c| held & 1 << c != 0).fold(Elements::NONE, |e, c| e.or(Elements::of(ELEMENTS[c])));
                rule.fits(&Profile { certain, possible: Elements::NONE, protected: Elements::NONE }, &[]) == Some(Fits::Certain)
            };
            let want: u64 = here().filter(|g| fits(g.0.1)).map(|g| g.1).sum();
            let found = j.and_then(|j| j.rules.iter().find(|r| r.id == rule.id)).map_or(0, |r| r.consumers.certain);
            assert_eq!(found, want, "{}", rule.id);
            rules += u64::from(want > 0);
        }
    }
    println!("  {} people, {} groups, {rules} rules fire: all as written", a.consumers.certain, groups.len());
}

fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|a| a.parse::<f64>().ok());
    let (millions, one_in) = (numbers.next().unwrap_or(0.5), numbers.next().unwrap_or(10.0));
    let world = World { people: (millions * 1e6) as u64 / OBJECTS * OBJECTS, one_in: one_in as u64 };
    let set = Classifiers::builtin();
    let classes = CLASSES.map(|c| set.index_of(c).unwrap_or_else(|| panic!("no classifier {c}")));
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("index.db");
    let key = Key::random().expect("a key");
    let written = cost(|| {
        let mut w = Writer::open(&path, &key).expect("open");
        w.begin_run(&set, &[]).expect("run");
        write(&mut w, 0..OBJECTS, "1", world.people / 400, |o| world.pieces(o, classes));
        w.finish_run(&RunTotals::default()).expect("finish");
    });
    println!(
        "{} people in {OBJECTS} objects, one in {} with a linked number; written in {:.1} s (peak {} MB), {} MB",
        world.people,
        world.one_in,
        written.wall.as_secs_f64(),
        peak(),
        size(&path) >> 20
    );

    let moments = Moments { discovered: Moment::parse("2026-11-21"), determined: Moment::parse("2026-11-23") };
    let some: Vec<u64> = (0..40).map(|n| n * (OBJECTS / 40) + any(n, OBJECTS / 40)).collect();
    let all: Vec<u64> = (0..OBJECTS).collect();
    for (name, objects, times) in [("40 objects", &some, 7), ("all objects", &all, 3)] {
        forget_peak();
        let before = cpu();
        let mut took: Vec<Duration> = Vec::new();
        let mut answer = BreachAnswer::default();
        for _ in 0..times {
            let start = Instant::now();
            let reader = Reader::open(&path).expect("open");
            let named = |o: &piimap::index::ObjectRow| {
                let n: Option<u64> = o.uri.rsplit('-').next().and_then(|n| n.parse().ok());
                n.is_some_and(|n| objects.binary_search(&n).is_ok())
            };
            let exposed: Vec<Exposed> =
                reader.objects(true).expect("objects").into_iter().filter(named).map(|object| Exposed { object, whole: true }).collect();
            assert_eq!(exposed.len(), objects.len());
            let q = Question {
                exposed: &exposed,
                never_indexed: 0,
                gaps: &[],
                law: Law::builtin(),
                moments,
                assumed: &[],
                list: false,
                part: None,
                identifiers: false,
            };
            answer = breach(&reader, &q).expect("breach");
            took.push(start.elapsed());
        }
        took.sort();
        let cpu = cpu().saturating_sub(before) / times as u32;
        println!("{name}: {:?} median, {:?} slowest of {times}, {cpu:?} of CPU each, peak {} MB", took[times / 2], took[times - 1], peak());
        check(world, objects, &answer);
    }
}
