//! How a run ends in which something fails that is no object: the writer of the index, a worker. Never by waiting for each other.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use piimap::base::{Input, Object, Result};
use piimap::classify::Classifiers;
use piimap::identity::Key;
use piimap::identity::keys::KeyOptions;
use piimap::scan::{AllowList, Counters, MemberOptions, ScanError, ScanOptions, Spend, Summary};
use piimap::source::{ListingFailure, Options, Source};
use serde_json::json;

use crate::support::Bench;
use crate::support::bench::KEY;

/// More than workers may send before somebody takes it.
const OBJECTS: usize = 1500;

fn fill(b: &Bench) {
    (0..OBJECTS).for_each(|n| drop(b.write(&format!("data/{n:04}.csv"), format!("id,email\n{n},person{n}@example.com\n"))));
}

/// What `work` gives; fails if it waits for ever.
fn in_time<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || send.send(work()));
    receive.recv_timeout(Duration::from_secs(120)).expect("the run does not end")
}

#[test]
fn a_writer_that_fails_ends_the_run_while_workers_send() {
    let b = Bench::new();
    fill(&b);
    b.empty_index("piimap.db");
    let alter = |sql: &str| rusqlite::Connection::open(b.path("piimap.db")).unwrap().execute_batch(sql).unwrap();
    alter(
        "CREATE TRIGGER no_more BEFORE INSERT ON object WHEN (SELECT count(*) FROM object) > 40 BEGIN SELECT RAISE(FAIL, 'no more'); END",
    );
    let mut scan = b.command(&["scan", "data", "--threads", "4"]);
    let done = in_time(move || crate::support::Done::of(scan.spawn().unwrap()));
    assert_eq!(done.status, Some(2), "{done:?}");
    assert!(done.stderr.contains("no more"), "{}", done.stderr);
    alter("DROP TRIGGER no_more");
    let (status, doc) = b.scan("data", &["--threads", "4"]);
    assert_eq!((status, &doc["consumers"]), (Some(0), &json!(OBJECTS)), "{doc}");
    assert_eq!(b.run(&["index", "check"]).status, Some(0));
}

/// A panic that goes off once more when it is caught and thrown away.
struct Twice;

impl Drop for Twice {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("a test: again");
        }
    }
}

/// A folder of which one object cannot be opened without a panic.
struct Panics {
    inner: Arc<dyn Source>,
    twice: bool,
}

impl Source for Panics {
    fn uri(&self) -> String {
        self.inner.uri()
    }

    fn root(&self) -> String {
        self.inner.root()
    }

    fn list(&self, each: &mut dyn FnMut(Object)) -> Vec<ListingFailure> {
        self.inner.list(each)
    }

    fn open(&self, object: &Object) -> Result<Box<dyn Input>> {
        if object.uri.ends_with("/0200.csv") {
            if self.twice {
                std::panic::panic_any(Twice);
            }
            panic!("a test");
        }
        self.inner.open(object)
    }

    fn covers(&self, uri: &str) -> bool {
        self.inner.covers(uri)
    }
}

fn scan(b: &Bench, twice: bool) -> std::result::Result<Summary, ScanError> {
    let inner = piimap::source::open(b.path("data").to_str().unwrap(), &Options::default()).unwrap();
    let options = ScanOptions {
        index: b.path("piimap.db"),
        full: false,
        wait: false,
        threads: 4,
        allow: AllowList::default(),
        member: MemberOptions::default(),
        keys: KeyOptions::default(),
        first: None,
        spend: Spend::default(),
        unreached: Vec::new(),
    };
    in_time(move || {
        let sources: [Arc<dyn Source>; 1] = [Arc::new(Panics { inner, twice })];
        let (key, stop) = (Key::from_hex(KEY).unwrap(), AtomicBool::new(false));
        piimap::scan::run(&sources, &options, &key, &Classifiers::builtin(), &Counters::default(), &stop)
    })
}

#[test]
fn a_panic_of_one_object_costs_it_alone() {
    let b = Bench::new();
    fill(&b);
    let summary = scan(&b, false).unwrap();
    let t = &summary.totals;
    assert_eq!((t.listed, t.read, t.unread), (OBJECTS as u64, OBJECTS as u64 - 1, 1));
    let lines = b.run(&["coverage", "--format", "json"]).lines();
    assert_eq!((lines.len(), &lines[0]["reason"]), (1, &json!("decoder_failed")));
    assert!(lines[0]["uri"].as_str().unwrap().ends_with("/0200.csv"));
}

#[test]
fn a_worker_that_dies_ends_the_run_with_an_error() {
    let b = Bench::new();
    fill(&b);
    assert!(matches!(scan(&b, true), Err(ScanError::Worker)));
    // What it left is no harm: the next run goes on from there.
    let (status, doc) = b.scan("data", &[]);
    assert_eq!((status, &doc["consumers"]), (Some(0), &json!(OBJECTS)), "{doc}");
    assert_eq!((b.run(&["index", "check"]).status, b.run(&["coverage"]).status), (Some(0), Some(0)));
}
