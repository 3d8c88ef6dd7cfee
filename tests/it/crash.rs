//! A scan that is killed loses nothing that the next one would not find.

use std::time::{Duration, Instant};

use crate::corpora::corpus;
use crate::support::{Bench, Done, normal};

/// Several objects of all formats, enough for some seconds of work.
fn fill(b: &Bench) {
    for (i, (name, ext)) in [("a", "csv"), ("d", "jsonl"), ("b", "log"), ("a", "csv"), ("d", "jsonl"), ("b", "log")].iter().enumerate() {
        b.write(&format!("data/{i}/part.{ext}"), corpus(name, 1_500_000 + i * 40_000));
    }
    crate::support::copy(&crate::support::bench::repository().join("samples"), &b.path("data/samples"));
}

fn answers(b: &Bench) -> [serde_json::Value; 3] {
    let normal_of = |args: &[&str]| normal(b.json(args));
    [normal_of(&["map"]), normal_of(&["find", "maren.holloway@example.com"]), normal_of(&["breach", "--dataset", "redshift/*"])]
}

#[test]
fn killed_at_any_moment_the_next_run_completes_and_answers_the_same() {
    let undisturbed = Bench::new();
    fill(&undisturbed);
    // The same absolute paths for all runs: uris are part of the answers.
    let data = undisturbed.path("data");
    let data = data.to_str().unwrap();
    let started = Instant::now();
    let (status, doc) = undisturbed.scan(data, &["--threads", "2"]);
    let whole = started.elapsed();
    assert_eq!(status, Some(3), "the samples hold files that cannot be read");
    let wanted = answers(&undisturbed);
    let mut caught = 0;
    for fraction in [0.05, 0.25, 0.45, 0.65, 0.85] {
        let b = Bench::new();
        let mut child = b.command(&["scan", data, "--threads", "2"]).spawn().unwrap();
        std::thread::sleep(Duration::from_secs_f64(whole.as_secs_f64() * fraction));
        caught += u32::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        let killed = Done::of(child);
        // The index opens, if the run lived long enough to make one, and says what it knows.
        if b.path("piimap.db").exists() && std::fs::metadata(b.path("piimap.db")).unwrap().len() > 0 {
            let map = b.run(&["map"]);
            assert!(matches!(map.status, Some(0 | 2)), "after {fraction}: {map:?}, killed: {killed:?}");
        }
        let (status, again) = b.scan(data, &["--threads", "2"]);
        assert_eq!(status, Some(3), "after {fraction}");
        assert_eq!(again["consumers"], doc["consumers"], "after {fraction}");
        assert_eq!(again["objects"]["listed"], doc["objects"]["listed"]);
        for (got, want) in answers(&b).iter().zip(&wanted) {
            assert_eq!(got, want, "after {fraction}");
        }
    }
    assert!(caught >= 3, "only {caught} of five runs were still going when they were killed: the test shows nothing");
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
