//! A scan that is killed loses nothing that the next one would not find.

use std::time::{Duration, Instant};

use crate::corpora::corpus;
use crate::support::{Bench, Done, bench, normal};

/// Several objects of all formats, enough for some seconds of work.
fn fill(b: &Bench) {
    for (i, (name, ext)) in [("a", "csv"), ("d", "jsonl"), ("b", "log"), ("a", "csv"), ("d", "jsonl"), ("b", "log")].iter().enumerate() {
        b.write(&format!("data/{i}/part.{ext}"), corpus(name, 7_000_000 + i * 40_000));
    }
    bench::copy(&bench::repository().join("samples"), &b.path("data/samples"));
}

/// What must be the same in the end: the map, a consumer, who is affected, what was not read.
fn answers(b: &Bench, index: &str) -> [serde_json::Value; 4] {
    let ask = |args: &[&str]| normal(b.json(&[args, &["--index", index]].concat()));
    let coverage = b.run(&["coverage", "--format", "json", "--index", index]).stdout;
    [ask(&["map"]), ask(&["find", "maren.holloway@example.com", "--why"]), ask(&["breach", "--dataset", "redshift/*"]), coverage.into()]
}

#[test]
fn killed_at_any_moment_the_next_run_completes_and_answers_the_same() {
    let b = Bench::new();
    fill(&b);
    // All indexes begin as copies of one, which share its data key: consumers have the same ids in all of them.
    b.empty_index("seed.db");
    let fresh = |name: &str| assert!(std::fs::copy(b.path("seed.db"), b.path(name)).unwrap() > 0);
    fresh("whole.db");
    let started = Instant::now();
    let (status, doc) = b.scan("data", &["--threads", "2", "--index", "whole.db"]);
    let whole = started.elapsed();
    assert_eq!(status, Some(3), "the samples hold files that cannot be read");
    let wanted = answers(&b, "whole.db");
    assert!(wanted[0]["consumers"].as_u64().unwrap() > 1000);
    let mut caught = 0;
    for (i, fraction) in [0.05, 0.25, 0.45, 0.65, 0.85].into_iter().enumerate() {
        let index = format!("killed{i}.db");
        let mut moment = whole.as_secs_f64() * fraction;
        let child = loop {
            // The first has no index at all to begin with: it may be killed while it makes one.
            if i > 0 {
                fresh(&index);
            }
            let mut child = b.command(&["scan", "data", "--threads", "2", "--index", &index]).spawn().unwrap();
            std::thread::sleep(Duration::from_secs_f64(moment));
            let is_going = child.try_wait().unwrap().is_none();
            caught += u32::from(is_going);
            child.kill().unwrap();
            moment /= 2.0;
            // The first run may have taken longer than this one, with others beside it.
            if is_going || moment < 0.02 * whole.as_secs_f64() {
                break child;
            }
            Done::of(child);
            std::fs::remove_file(b.path(&index)).unwrap();
        };
        let killed = Done::of(child);
        // At once, without any repair, the index answers from what was published.
        let map = b.run(&["map", "--index", &index]);
        let says_none = i == 0 && map.status == Some(2) && map.stderr.contains("index");
        assert!(map.status == Some(0) || says_none, "after {fraction}: {map:?}, killed: {killed:?}");
        let (status, again) = b.scan("data", &["--threads", "2", "--index", &index]);
        assert_eq!(status, Some(3), "after {fraction}");
        assert_eq!(again["consumers"], doc["consumers"], "after {fraction}");
        assert_eq!(again["classifiers"], doc["classifiers"], "after {fraction}");
        assert_eq!(again["objects"]["listed"], doc["objects"]["listed"]);
        let got = answers(&b, &index);
        assert_eq!(got[0], wanted[0], "map after {fraction}");
        if i > 0 {
            assert_eq!(got[1..], wanted[1..], "after {fraction}");
        }
    }
    assert!(caught >= 3, "only {caught} of five runs were still going when they were killed: the test shows nothing");
}

/// An index was once made in steps: killed between them, it had tables and no key, and no later run could open it.
#[test]
fn killed_while_the_index_is_made_the_next_run_makes_it() {
    for n in 0..25 {
        let b = Bench::new();
        b.write("data/a.csv", "email\nada.winter@example.com\n");
        let mut child = b.command(&["scan", "data"]).spawn().unwrap();
        let made = b.path("piimap.db");
        while !made.exists() && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        std::thread::sleep(Duration::from_micros(n * 400));
        child.kill().unwrap();
        Done::of(child);
        let next = b.run(&["scan", "data"]);
        assert_eq!(next.status, Some(0), "killed {} µs after the file was there: {}", n * 400, next.stderr);
        assert_eq!(b.run(&["find", "ada.winter@example.com"]).status, Some(0));
    }
}

#[cfg(unix)]
#[test]
fn asked_to_stop_it_keeps_what_it_has_and_goes_on_from_there() {
    let b = Bench::new();
    fill(&b);
    let mut child = b.command(&["scan", "data", "--threads", "1", "--format", "json"]).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(700));
    assert!(child.try_wait().unwrap().is_none(), "the run was over before it could be asked to stop");
    let asked = std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(asked.success());
    let done = Done::of(child);
    assert_eq!(done.status, Some(3), "{done:?}");
    let first = done.json();
    assert_eq!(first["stopped"], true, "{first}");
    let objects = &first["objects"];
    let n = |k: &str| objects[k].as_u64().unwrap();
    assert_eq!(n("listed"), n("unchanged") + n("read") + n("partial") + n("unread"), "{objects}");
    let (_, second) = b.scan("data", &["--threads", "1"]);
    assert_eq!(second["stopped"], false);
    assert_eq!(second["objects"]["unchanged"].as_u64().unwrap(), n("read") + n("partial"), "nothing was read twice: {first} {second}");
}
