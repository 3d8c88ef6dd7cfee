//! Random histories against a model that keeps everything: objects are added, changed, deleted and come back, runs are
//! cut off anywhere; after every run the index says what the model says, for now and as of every run before.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::tests::{Bench, class, id, listed};
use super::*;
use crate::classify::Classifiers;
use crate::identity::{Certainty, Class, IdHash, Partition};

/// What an object holds: records of e-mail, number and perhaps a telephone, each one byte.
type Content = Vec<(u8, u8, Option<u8>)>;

/// What happens to one of six objects before a run.
#[derive(Clone, Debug)]
enum Change {
    Stay,
    Put(Content),
    Delete,
    /// The same version is read again, as with `--full`.
    Again,
}

/// How a run goes: what changed, and after how many steps of writing it is killed or asked to stop.
#[derive(Clone, Debug)]
struct Run {
    changes: Vec<Change>,
    killed: Option<usize>,
    stopped: Option<usize>,
    /// Objects that are written at the same time, as by several threads.
    threads: usize,
}

const OBJECTS: usize = 6;

fn content() -> impl Strategy<Value = Content> {
    proptest::collection::vec((0u8..6, 10u8..18, proptest::option::of(20u8..23)), 0..4)
}

fn run() -> impl Strategy<Value = Run> {
    let change =
        prop_oneof![2 => Just(Change::Stay), 4 => content().prop_map(Change::Put), 2 => Just(Change::Delete), 1 => Just(Change::Again)];
    (
        proptest::collection::vec(change, OBJECTS),
        proptest::option::weighted(0.3, 0usize..24),
        proptest::option::weighted(0.15, 0usize..6),
        1usize..5,
    )
        .prop_map(|(changes, killed, stopped, threads)| Run { changes, killed, stopped, threads })
}

/// Stored objects: version and content.
type World = BTreeMap<usize, (u32, Content)>;

/// The versions that a run leaves, by the content that its newest reading found.
type View = BTreeMap<(usize, u32), ()>;

#[derive(Default)]
struct Model {
    /// Content of every version that was ever read.
    read: BTreeMap<(usize, u32), Content>,
    /// Versions that count after each run.
    views: Vec<View>,
}

type Said = (BTreeMap<u8, BTreeSet<(usize, u32)>>, BTreeSet<BTreeSet<u8>>, BTreeSet<u8>, u64);

fn hash_of(n: u8) -> IdHash {
    id(n + 1)
}

fn class_of(n: u8) -> u16 {
    class(match n {
        0..10 => "generic.email",
        10..20 => "us.ssn",
        _ => "generic.phone",
    })
}

fn members((mail, number, phone): &(u8, u8, Option<u8>)) -> Vec<u8> {
    [Some(*number), Some(*mail), *phone].into_iter().flatten().collect()
}

impl Model {
    /// Where each identifier is, who is who, what is shared, how many consumers there are.
    fn says(&self, view: &View) -> Said {
        let mut places: BTreeMap<u8, BTreeSet<(usize, u32)>> = BTreeMap::new();
        let mut partition = Partition::new();
        for version in view.keys() {
            for record in &self.read[version] {
                let all = members(record);
                for n in &all {
                    places.entry(*n).or_default().insert(*version);
                }
                partition.add(&all.iter().map(|n| (class_of(*n), hash_of(*n))).collect::<Vec<_>>());
            }
        }
        let set = Classifiers::builtin();
        let (consumers, shared) = partition.solve(|c| Class { name: &set.get(c).id, element: &set.get(c).element });
        let number = |h: &IdHash| h.0[0] - 1;
        let groups: BTreeSet<BTreeSet<u8>> = consumers.iter().map(|g| g.iter().map(number).collect()).collect();
        let shared: BTreeSet<u8> = shared.iter().map(number).collect();
        let linked: usize = groups.iter().map(BTreeSet::len).sum();
        let people = groups.len() + places.keys().filter(|n| !shared.contains(n)).count() - linked;
        (places, groups, shared, people as u64)
    }
}

/// The same, asked of the index.
fn index_says(r: &Reader) -> Said {
    let (mut places, mut groups, mut shared) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
    for n in 0..30u8 {
        let mut here = BTreeSet::new();
        for p in r.postings(hash_of(n)).unwrap() {
            let o = r.object(p.object).unwrap().unwrap();
            if r.asked().is_some() || o.current {
                here.insert((o.uri[1..].parse::<usize>().unwrap(), o.version.parse::<u32>().unwrap()));
            }
        }
        if here.is_empty() {
            continue;
        }
        places.insert(n, here);
        match r.owner_of(hash_of(n)).unwrap() {
            Some(Owner::Several) => drop(shared.insert(n)),
            Some(Owner::Linked(c)) => drop(groups.entry(c).or_insert_with(BTreeSet::new).insert(n)),
            Some(Owner::Alone(c)) => assert_eq!(r.identifiers(c).unwrap().len(), 1),
            None => panic!("identifier {n} has postings and is not known"),
        }
    }
    for (c, members) in &groups {
        let listed: BTreeSet<u8> = r.identifiers(*c).unwrap().iter().map(|(h, _)| h.0[0] - 1).collect();
        assert_eq!(&listed, members);
        assert!(r.resolve(*c).unwrap().contains(c));
    }
    (places, groups.into_values().collect(), shared, r.consumer_counts().unwrap().all)
}

fn piece(content: &Content) -> Piece {
    let mut p = Piece {
        fields: vec![PieceField { member: None, name: String::new() }, PieceField { member: None, name: "a".to_owned() }],
        ..Piece::default()
    };
    for (row, record) in content.iter().enumerate() {
        let all = members(record);
        for n in &all {
            let places = PlaceList::Rows(vec![(row as u64, row as u64 + 1)]);
            p.postings.push(Posting { id: hash_of(*n), field: 1, classifier: class_of(*n), certainty: Certainty::Own, count: 1, places });
        }
        p.links.push(WriteLink { row: row as u64, members: all.iter().map(|n| (class_of(*n), hash_of(*n))).collect() });
    }
    p
}

/// Carries out a run on the index and on the model.
fn carry_out(b: &Bench, world: &mut World, next: &mut [u32], model: &mut Model, run: &Run) {
    let mut again = BTreeSet::new();
    for (o, change) in run.changes.iter().enumerate() {
        match change {
            Change::Stay => {}
            Change::Again => drop(again.insert(o)),
            Change::Delete => drop(world.remove(&o)),
            Change::Put(c) => {
                next[o] += 1;
                world.insert(o, (next[o], c.clone()));
            }
        }
    }
    let mut steps = run.killed.unwrap_or(usize::MAX);
    // `true`: the process is killed before this step.
    let mut killed = || {
        steps = steps.saturating_sub(1);
        steps == 0
    };
    let mut view = model.views.last().cloned().unwrap_or_default();
    let mut w = b.writer();
    let known = w.known().unwrap();
    let uri = |o: usize| format!("/{o}");
    let seen = world.keys().map(|o| w.hasher().name(&uri(*o))).collect();
    let mut jobs = Vec::new();
    for (o, (version, _)) in world.iter() {
        match known.get(&w.hasher().name(&uri(*o))) {
            Some(k) if *k.version == *version.to_string() && !again.contains(o) => w.unchanged(k),
            _ => jobs.push(*o),
        }
    }
    w.end_gone(&seen, &|_, _| true).unwrap();
    let mut after: View = view.clone();
    after.retain(|(o, _), ()| world.contains_key(o));
    jobs.truncate(run.stopped.unwrap_or(usize::MAX));
    // What the last commit holds is all that counts when a process is killed.
    let mut uncommitted: Vec<((usize, u32), Content)> = Vec::new();
    let finish = |pending: &mut Vec<((usize, u32), Content)>, after: &mut View, model: &mut Model| {
        for (version, content) in pending.drain(..) {
            after.retain(|(o, _), ()| *o != version.0);
            after.insert(version, ());
            model.read.insert(version, content);
        }
    };
    let mut dead = false;
    'run: for group in jobs.chunks(run.threads) {
        let mut open = Vec::new();
        for o in group {
            let (version, content) = &world[o];
            dead = killed();
            if dead {
                break 'run;
            }
            open.push((*o, *version, w.begin_object(&listed(&uri(*o), &version.to_string())).unwrap(), content.clone()));
        }
        // Pieces of several objects come mixed, the last begun first.
        for (_, _, object, content) in open.iter().rev() {
            dead = killed();
            if dead {
                break 'run;
            }
            let half = content.len() / 2;
            w.piece(*object, piece(&content[..half].to_vec())).unwrap();
            let mut second = piece(&content.to_vec());
            let rows = |p: &Posting| matches!(&p.places, PlaceList::Rows(r) if r[0].0 >= half as u64);
            second.fields.clear();
            second.postings.retain(rows);
            second.links.retain(|l| l.row >= half as u64);
            w.piece(*object, second).unwrap();
        }
        for (o, version, object, content) in open {
            let end = Published { records: content.len() as u64, ..Published::default() };
            w.publish(object, &end).unwrap();
            uncommitted.push(((o, version), content));
            dead = killed();
            if dead {
                break 'run;
            }
            if version % 2 == 0 {
                w.commit_for_test();
                finish(&mut uncommitted, &mut after, model);
                view = after.clone();
            }
        }
    }
    if !dead && killed() {
        dead = true;
    }
    if dead {
        // Nothing of what was not committed was ever there; what vanished is noted again by the next run.
        drop(w);
        model.views.push(view);
        return;
    }
    finish(&mut uncommitted, &mut after, model);
    if run.threads == 1 {
        // Everybody is settled anew, not only those whom the run touched.
        w.conn.execute("INSERT OR IGNORE INTO unsettled VALUES (0)", []).unwrap();
    }
    if run.stopped.is_some() {
        w.stop_run(&RunTotals::default()).unwrap()
    } else {
        w.finish_run(&RunTotals::default()).unwrap()
    }
    model.views.push(after);
}

fn follows_the_model(history: &[Run]) {
    let b = Bench::new();
    let (mut world, mut next, mut model) = (World::new(), [0; OBJECTS], Model::default());
    for (i, run) in history.iter().enumerate() {
        carry_out(&b, &mut world, &mut next, &mut model, run);
        let settled = b.reader().check().unwrap();
        assert_eq!(settled.problems, Vec::<String>::new(), "after run {}", i + 1);
        // Who is who now is settled at the end of a run; as of a run it is computed.
        if b.reader().runs().unwrap().last().unwrap().ended.is_some() {
            assert_eq!(index_says(&b.reader()), model.says(&model.views[i]), "now, after run {}", i + 1);
        }
        for (past, view) in model.views.iter().enumerate() {
            let r = b.reader().as_of(AsOf::Run(past as i64 + 1)).unwrap();
            assert_eq!(index_says(&r), model.says(view), "as of run {}, after run {}", past + 1, i + 1);
        }
    }
}

/// `PIIMAP_HISTORIES=200` tries as many.
#[test]
fn histories_are_what_a_simple_model_says() {
    let cases = std::env::var("PIIMAP_HISTORIES").ok().and_then(|n| n.parse().ok()).unwrap_or(40);
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, max_shrink_iters: 200, ..Config::default() });
    let histories = proptest::collection::vec(run(), 1..7);
    runner
        .run(&histories, |h| {
            follows_the_model(&h);
            Ok(())
        })
        .unwrap();
}
