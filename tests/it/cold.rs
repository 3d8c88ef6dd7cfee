//! `breach --scan`: the question comes before the index is there, and the answer is the same.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use piimap::base::{Input, Object, Result};
use piimap::classify::Classifiers;
use piimap::identity::Key;
use piimap::identity::keys::KeyOptions;
use piimap::scan::{AllowList, Counters, First, MemberOptions, ScanOptions, Spend, Summary};
use piimap::source::{ListingFailure, Options, Source};
use serde_json::{Value, json};

use crate::support::Bench;
use crate::support::bench::{KEY, normal};

/// A database of customers, an export of theirs that was exposed, logs beside it.
fn world() -> Bench {
    let b = Bench::new();
    let person = |i: usize| (format!("person.number{i}@example.com"), format!("5{:02}-{:02}-{:04}", 10 + i % 70, 11 + i / 70, 1200 + i));
    let crm: String = (0..60)
        .map(|i| {
            let (email, ssn) = person(i);
            let (zip, state) = [("94110", "CA"), ("78701", "TX"), ("10001", "NY")][i % 3];
            format!("Ada Winter,{email},{ssn},{zip},{state}\n")
        })
        .collect();
    b.write("data/crm/people.csv", format!("full_name,email,ssn,zip,state\n{crm}"));
    b.write(
        "data/export/a.csv",
        format!("email,password\n{}", (0..20).map(|i| format!("{},Tr0ub4dor&{i}\n", person(i).0)).collect::<String>()),
    );
    b.write(
        "data/export/b.jsonl",
        (10..40).map(|i| json!({"ssn": person(i).1, "name": "Ada Winter"}).to_string() + "\n").collect::<String>(),
    );
    b.write("data/notes/note.txt", format!("Dora Quill called, SSN: {}.\n", person(99).1));
    b
}

/// What the newest run did: read, unchanged.
fn newest(b: &Bench) -> (Value, Value) {
    let run = b.run(&["index", "sql", "select read, unchanged from runs order by run desc limit 1", "--format", "json"]);
    let row = run.json();
    (row["read"].clone(), row["unchanged"].clone())
}

#[test]
fn the_answer_is_that_of_a_full_scan() {
    let b = world();
    assert_eq!(b.scan("data", &[]).0, Some(0));
    b.write(
        "logs/trail.json",
        json!({"Records": [{
            "eventTime": "2030-01-01T00:00:00Z", "eventSource": "s3.amazonaws.com", "eventName": "GetObject", "awsRegion": "us-east-1",
            "recipientAccountId": "111122223333", "sourceIPAddress": "203.0.113.77", "requestID": "R1", "eventID": "E1",
            "userIdentity": {"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/intruder/s"},
            "requestParameters": {"bucketName": "bucket", "key": "export/b.jsonl"}, "additionalEventData": {"bytesTransferredOut": 1_000_000},
        }]})
        .to_string(),
    );
    let data = b.path("data");
    let prefix = format!("{}/export/", data.display());
    for (n, scope) in [
        &["--object", "export/*", "--discovered", "2026-11-21"][..],
        &["--dataset", "export/*"],
        &["--prefix", &prefix],
        &["--prefix", &prefix, "--from", "2020-01-01"],
        &["--cloudtrail", "logs"],
        &["--cloudtrail", "logs", "--object", "a.csv"],
        &["--cloudtrail", "logs", "--principal", "*nobody*"],
    ]
    .into_iter()
    .enumerate()
    {
        let warm = b.run(&[&["breach", "--format", "json"], scope].concat());
        let index = format!("cold{n}.db");
        let cold = b.run(&[&["breach", "--scan", "data", "--format", "json", "--index", &index], scope].concat());
        assert_eq!((cold.status, cold.stderr.as_str()), (warm.status, ""), "{scope:?}");
        assert_eq!(normal(cold.json()), normal(warm.json()), "{scope:?}");
        let map = |index: &str| normal(b.run(&["map", "--format", "json", "--index", index]).json());
        let mut maps = [map("piimap.db"), map(&index)];
        maps.iter_mut().for_each(|m| drop(m.as_object_mut().unwrap().remove("asked")));
        assert_eq!(maps[0], maps[1], "{scope:?}");
    }
    // Text is the same, too, and the sources may stand in the configuration.
    b.write("piimap.toml", "sources = [\"data\"]\n");
    let ask = ["breach", "--object", "export/*"];
    let cold = b.run(&[&ask[..], &["--scan", "--index", "text.db"]].concat());
    assert_eq!((cold.status, cold.stderr.as_str()), (Some(0), ""));
    let people = |text: &str| text.lines().take_while(|l| !l.starts_with("Law as of")).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(people(&cold.stdout), people(&b.run(&ask).stdout));
}

#[test]
fn what_is_up_to_date_is_not_read_again() {
    let b = world();
    let ask = ["breach", "--scan", "data", "--object", "export/*", "--format", "json"];
    let first = b.run(&ask);
    assert_eq!((first.status, newest(&b)), (Some(0), (json!(4), json!(0))), "{}", first.stderr);
    let again = b.run(&ask);
    assert_eq!((again.status, newest(&b)), (Some(0), (json!(0), json!(4))));
    assert_eq!(normal(again.json()), normal(first.json()));
    // What is new is read, and nothing else.
    b.write("data/export/c.csv", "email\nnew.person@example.com\n");
    let more = b.run(&ask).json();
    assert_eq!((newest(&b), more["scope"]["objects"].clone()), ((json!(1), json!(4)), json!(3)));
    assert_eq!(more["consumers"]["certain"].as_u64().unwrap(), first.json()["consumers"]["certain"].as_u64().unwrap() + 1);
}

#[test]
fn what_is_not_there_is_not_searched_for_in_everything() {
    let b = world();
    let done = b.run(&["breach", "--scan", "data", "--object", "exports/*"]);
    assert_eq!(done.status, Some(1), "{}", done.stderr);
    assert!(done.stderr.contains("none of the 4 objects in the sources is in this scope, so nothing was read"), "{}", done.stderr);
    assert!(done.stdout.contains("No object of the index is in this scope"), "{}", done.stdout);
    assert_eq!(newest(&b), (json!(0), json!(0)));
    // The next scan reads it all.
    assert_eq!(b.scan("data", &[]).0, Some(0));
    // An index that knows the scope from other sources answers, whatever lies in this one.
    b.write("other/x.csv", "email\nsomebody@example.com\n");
    let known = b.run(&["breach", "--scan", "other", "--object", "export/*", "--format", "json"]);
    assert_eq!((known.status, &known.json()["scope"]["objects"]), (Some(0), &json!(2)), "{}", known.stderr);

    for (args, says) in [
        (&["breach", "data", "--object", "*"][..], "--scan"),
        (&["breach", "--object", "*", "--endpoint-url", "http://127.0.0.1:9"], "go with --scan or"),
        (&["breach", "--object", "*", "--scan"], "name a source"),
        (&["breach", "--scan", "data"], "--object"),
    ] {
        let done = b.run(args);
        assert!(done.status == Some(2) && done.stderr.contains(says), "{args:?}: {}", done.stderr);
    }
}

#[test]
fn what_cannot_be_read_is_said() {
    for broken in ["data/export/x.csv.gz", "data/crm/x.csv.gz"] {
        let b = world();
        b.write(broken, b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03broken");
        let done = b.run(&["breach", "--scan", "data", "--object", "export/*", "--format", "json"]);
        assert_eq!(done.status, Some(3), "{broken}: {}", done.stderr);
        assert!(done.stderr.contains("piimap coverage"), "{}", done.stderr);
        let in_scope = u64::from(broken.contains("export"));
        assert_eq!(done.json()["scope"]["in_scope_unread"], in_scope);
        // What somebody has accepted is no reason for a status, unless it is in scope.
        b.write(
            "piimap.toml",
            "[[accept]]\nuri = \"**/x.csv.gz\"\nreason = \"unsupported_format\"\nowner = \"me\"\nexpires = \"2099-01-01\"\n",
        );
        let done = b.run(&["breach", "--scan", "data", "--object", "export/*"]);
        assert_eq!(done.status, Some(if in_scope == 1 { 3 } else { 0 }), "{broken}: {}", done.stderr);
    }
}

/// A folder that notes what is opened, and may ask for a stop then.
struct Watched {
    inner: Arc<dyn Source>,
    opened: Mutex<Vec<String>>,
    stop: Option<Arc<AtomicBool>>,
}

impl Source for Watched {
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
        let name = object.uri.rsplit('/').next().unwrap().to_owned();
        self.opened.lock().unwrap().push(name);
        if let Some(stop) = &self.stop {
            stop.store(true, Ordering::Relaxed);
        }
        self.inner.open(object)
    }

    fn covers(&self, uri: &str) -> bool {
        self.inner.covers(uri)
    }
}

fn scan(b: &Bench, stop_at_once: bool) -> (Summary, Vec<String>, Counters) {
    let stop = Arc::new(AtomicBool::new(false));
    let inner = piimap::source::open(b.path("data").to_str().unwrap(), &Options::default()).unwrap();
    let watched = Arc::new(Watched { inner, opened: Mutex::default(), stop: stop_at_once.then(|| stop.clone()) });
    let options = ScanOptions {
        index: b.path("piimap.db"),
        full: false,
        wait: false,
        threads: 1,
        allow: AllowList::default(),
        member: MemberOptions::default(),
        keys: KeyOptions::default(),
        first: Some(First { is: Arc::new(|o| o.object.uri.contains("/export/")), or_nothing: true }),
        spend: Spend::default(),
        unreached: Vec::new(),
    };
    let counters = Counters::default();
    let sources: Vec<Arc<dyn Source>> = vec![watched.clone()];
    let key = Key::from_hex(KEY).unwrap();
    let summary = piimap::scan::run(&sources, &options, &key, &Classifiers::builtin(), &counters, &stop).unwrap();
    let opened = watched.opened.lock().unwrap().clone();
    (summary, opened, counters)
}

#[test]
fn what_is_exposed_is_read_first() {
    let b = world();
    let (summary, opened, counters) = scan(&b, false);
    assert!(summary.is_complete() && summary.first == (2, vec![]), "{summary:?}");
    assert_eq!(opened, ["a.csv", "b.jsonl", "people.csv", "note.txt"]);
    assert!(counters.first_read.load(Ordering::Relaxed));
    assert_eq!(counters.first_to_read.load(Ordering::Relaxed), 2);
    // Stopped in the first of them: the other is named as not reached, and a question says so.
    let b = world();
    let (summary, opened, counters) = scan(&b, true);
    assert_eq!((summary.first.0, summary.first.1.len(), opened.len()), (2, 1, 1), "{summary:?}");
    assert!(summary.first.1[0].0.ends_with("/export/b.jsonl") && !counters.first_read.load(Ordering::Relaxed));
}

#[test]
fn people_are_counted_while_who_is_who_is_open() {
    let b = world();
    assert_eq!(b.scan("data", &[]).0, Some(0));
    let reader = || piimap::index::Reader::open(&b.path("piimap.db")).unwrap();
    let exposed = piimap::query::current_in(&reader(), &|uri| uri.ends_with("people.csv"), &|_| false).unwrap();
    let settled = piimap::query::affected(&reader(), &exposed).unwrap();
    // As a run leaves it before its end: every identifier stands alone.
    let db = rusqlite::Connection::open(b.path("piimap.db")).unwrap();
    db.execute_batch("DELETE FROM standing; DELETE FROM consumer; DELETE FROM whose").unwrap();
    assert_eq!(piimap::query::affected(&reader(), &exposed).unwrap().certain, 2 * settled.certain);
    assert_eq!(piimap::query::so_far(&reader(), &exposed).unwrap(), settled);
}
