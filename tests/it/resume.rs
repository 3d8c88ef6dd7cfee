//! A listing of many pages that is broken off goes on where it was.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::long_server::LongServer;
use crate::support::{Bench, Done, normal};

const KEYS: usize = 1500;
const FIRST: &str = "people/jane@example.com/00000.csv";

/// Keys that begin in many ways, so that there is much to share; the first is a person's.
fn key(i: usize) -> String {
    match i {
        0 => FIRST.to_owned(),
        _ => format!("people/k{:02x}/{i:05}.csv", 0x80 + i.wrapping_mul(0x9E37) % 128),
    }
}

fn server() -> LongServer {
    LongServer::start((0..KEYS).map(|i| (key(i), format!("email\nreader{}@example.com\n", i % 90))))
}

fn command(b: &Bench, s: &LongServer, more: &[&str]) -> Command {
    let mut c = b.command(&[&["scan", "s3://data", "--endpoint-url", &s.url(), "--format", "json"], more].concat());
    c.env("AWS_ACCESS_KEY_ID", "a").env("AWS_SECRET_ACCESS_KEY", "b").env("AWS_REGION", "us-east-1");
    c.env("AWS_EC2_METADATA_DISABLED", "true");
    c
}

fn scan(b: &Bench, s: &LongServer, more: &[&str]) -> (Option<i32>, Value) {
    let done = Done::of(command(b, s, more).spawn().unwrap());
    (done.status, done.json())
}

/// Kills a run, without a word, when `pages` pages have come and more are waited for.
fn killed(b: &Bench, s: &LongServer, pages: usize, more: &[&str]) {
    s.again(Some(pages));
    let mut child = command(b, s, more).spawn().unwrap();
    let (patience, mut before) = (Instant::now() + Duration::from_secs(60), 0);
    loop {
        std::thread::sleep(Duration::from_millis(300));
        let waiting = s.state.lock().unwrap().waiting;
        if waiting > 0 && waiting == before {
            break;
        }
        before = waiting;
        assert!(Instant::now() < patience && child.try_wait().unwrap().is_none(), "it never came so far");
    }
    child.kill().unwrap();
    Done::of(child);
}

fn holds(path: &Path, text: &str) -> bool {
    std::fs::read(path).unwrap().windows(text.len()).any(|w| w == text.as_bytes())
}

#[test]
fn a_killed_listing_goes_on_and_gives_the_same() {
    let (b, s) = (Bench::new(), server());
    b.empty_index("whole.db");
    std::fs::copy(b.path("whole.db"), b.path("killed.db")).unwrap();
    let (status, whole) = scan(&b, &s, &["--index", "whole.db"]);
    assert!(status == Some(0) && whole["resumed"].is_null(), "{whole}");
    assert_eq!(whole["objects"]["read"], KEYS);
    let (pages, _) = s.again(None);
    assert!(pages >= KEYS / 10, "{pages}");

    let index = ["--index", "killed.db"];
    killed(&b, &s, 100, &index);
    let (_, first) = s.again(None);
    let left = b.path("killed.db.listing");
    assert!(left.exists() && !holds(&left, "jane") && !holds(&left, "people"), "a file that tells nobody anything");
    let (status, doc) = scan(&b, &s, &index);
    assert_eq!(status, Some(0), "{doc}");
    let (again, second) = s.again(None);
    let entries = doc["resumed"]["entries"].as_u64().unwrap() as usize;
    // Pages that end behind their range are counted twice among those that were given.
    assert!(entries >= 500 && entries <= first.len(), "{entries} of {}", first.len());
    // How many depends on how the ranges were cut: with ten keys a page, each end of one costs a page.
    assert!(again < pages, "{again} pages of {pages} were asked for again");
    assert!(!second.iter().any(|k| k == FIRST), "the first page is not asked for again");
    assert!(!left.exists(), "all is listed");
    for what in ["objects", "classifiers", "consumers", "records"] {
        assert_eq!(doc[what], whole[what], "{what}");
    }
    let map = |index: &str| normal(b.json(&["map", "--index", index]));
    assert_eq!(map("killed.db"), map("whole.db"));

    // Killed twice: what the second run has listed counts, too.
    let (b, s) = (Bench::new(), server());
    killed(&b, &s, 50, &[]);
    killed(&b, &s, 60, &[]);
    s.again(None);
    let (_, doc) = scan(&b, &s, &[]);
    let (last, _) = s.again(None);
    assert!(last < pages, "{last} of {pages}");
    assert_eq!(doc["objects"], whole["objects"]);
    // Whoever wants everything anew gets it so.
    killed(&b, &s, 50, &[]);
    s.again(None);
    let (_, doc) = scan(&b, &s, &["--full"]);
    assert!(doc["resumed"].is_null() && s.again(None).0 >= KEYS / 10, "{doc}");
    assert_eq!(doc["objects"]["read"], KEYS);
}

#[test]
fn a_listing_that_was_refused_in_its_middle_goes_on() {
    let (b, s) = (Bench::new(), server());
    s.again(Some(100));
    s.state.lock().unwrap().refuses = true;
    let (status, doc) = scan(&b, &s, &[]);
    assert!(status == Some(3) && b.run(&["coverage"]).stdout.contains("listing_failed"), "{doc}");
    assert!(b.path("piimap.db.listing").exists());
    s.again(None);
    let (status, doc) = scan(&b, &s, &[]);
    assert!(status == Some(0) && doc["resumed"]["entries"].as_u64() > Some(500), "{doc}");
    assert_eq!((&doc["objects"]["listed"], &doc["objects"]["gone"]), (&Value::from(KEYS), &Value::from(0)), "{doc}");
    let (again, _) = s.again(None);
    assert!(again < KEYS / 10 && !b.path("piimap.db.listing").exists(), "{again}");
}

#[test]
fn what_a_broken_listing_says_is_not_believed_too_far() {
    let (b, s) = (Bench::new(), server());
    let (status, doc) = scan(&b, &s, &[]);
    assert!(status == Some(0) && doc["objects"]["read"] == KEYS, "{doc}");
    // One that the index knows is deleted before the listing that is broken off, three things happen after it.
    let first: Vec<String> = s.state.lock().unwrap().objects.keys().take(5).cloned().collect();
    let set = |key: &str, to: Option<u32>| {
        let mut state = s.state.lock().unwrap();
        match to {
            Some(tag) => _ = state.objects.insert(key.to_owned(), (tag, "email\nnew.reader@example.com\n".to_owned())),
            None => _ = state.objects.remove(key),
        }
    };
    set(&first[0], None);
    set(&first[1], Some(2));
    killed(&b, &s, 100, &[]);
    s.again(None);
    set(&first[1], Some(3));
    set(&first[2], Some(2));
    set(&format!("{}0", first[3]), Some(1));
    let (status, doc) = scan(&b, &s, &[]);
    assert!(doc["resumed"]["entries"].as_u64() > Some(500), "{doc}");
    assert_eq!(doc["objects"]["gone"], 0, "what is not in an old listing may be there");
    assert_eq!((status, &doc["objects"]["unread"]), (Some(3), &Value::from(1)), "{doc}");
    let coverage = b.run(&["coverage"]).stdout;
    assert!(coverage.contains("changed_during_read"), "{coverage}");
    let (status, doc) = scan(&b, &s, &[]);
    assert!(status == Some(0) && doc["resumed"].is_null(), "{doc}");
    assert_eq!((&doc["objects"]["gone"], &doc["objects"]["read"]), (&Value::from(1), &Value::from(3)), "{doc}");

    // Damaged, or another's: said, and everything is listed.
    killed(&b, &s, 100, &[]);
    s.again(None);
    let left = b.path("piimap.db.listing");
    let mut bytes = std::fs::read(&left).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&left, bytes).unwrap();
    let whole = std::fs::read(&left).unwrap();
    assert_eq!(b.run(&["index", "forget", "reader7@example.com"]).status, Some(0));
    assert!(!left.exists(), "keys may name who is forgotten");
    std::fs::write(&left, whole).unwrap();
    let (status, doc) = scan(&b, &s, &[]);
    assert!(status == Some(0) && doc["resumed"]["ignored"] == true && doc["resumed"]["entries"] == 0, "{doc}");
    assert!(s.again(None).0 >= KEYS / 10 && !left.exists());
    b.write("piimap.db.listing", "something else");
    let text = Done::of(b.command(&["scan", "nothing"]).spawn().unwrap());
    assert_eq!(text.status, Some(2), "{text:?}");
    b.write("folder/a.txt", "nothing");
    let text = b.run(&["scan", "folder"]);
    assert!(text.stdout.contains("belongs to another index"), "{text:?}");
}
