//! Runs as a journal and a clock: what was known or stored at a moment, and one writer at a time.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::support::{Bench, Done};

const ADA: &str = "ada.winter@example.com";
const BEN: &str = "ben.summer@example.org";
const CY: &str = "cy.autumn@example.net";

/// Writes a file with a time of modification.
fn put(b: &Bench, name: &str, address: &str, ssn: &str, modified: &str) {
    let path = b.write(name, format!("email,ssn,state\n{address},{ssn},CA\n"));
    let ms = piimap::base::Timestamp::parse(modified).unwrap().0;
    let time = SystemTime::UNIX_EPOCH + Duration::from_millis(ms as u64);
    std::fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
}

/// Two runs: `a` is overwritten by another person's data between them, `b` is deleted.
fn two_runs() -> Bench {
    let b = Bench::new();
    put(&b, "data/a.csv", ADA, "457-55-5462", "2026-01-10T00:00:00Z");
    put(&b, "data/b.csv", BEN, "457-55-5463", "2026-02-10T00:00:00Z");
    assert_eq!(b.scan("data", &[]).0, Some(0));
    put(&b, "data/a.csv", CY, "457-55-5464", "2026-03-10T00:00:00Z");
    std::fs::remove_file(b.path("data/b.csv")).unwrap();
    assert_eq!(b.scan("data", &[]).0, Some(0));
    b
}

fn found(b: &Bench, who: &str, moment: &str) -> Vec<String> {
    let doc = b.json(&["find", who, "--as-of", moment]);
    let mut names: Vec<String> = doc["places"].as_array().unwrap().iter().map(|p| p["uri"].as_str().unwrap().to_owned()).collect();
    names.dedup();
    names.iter().map(|n| n.rsplit('/').next().unwrap().to_owned()).collect()
}

#[test]
fn answers_as_of_a_run_are_those_of_that_run() {
    let b = two_runs();
    for (moment, ada, ben, cy) in [("1", vec!["a.csv"], vec!["b.csv"], vec![]), ("2", vec![], vec![], vec!["a.csv"])] {
        assert_eq!((found(&b, ADA, moment), found(&b, BEN, moment), found(&b, CY, moment)), {
            let own = |v: Vec<&str>| v.into_iter().map(str::to_owned).collect::<Vec<_>>();
            (own(ada), own(ben), own(cy))
        });
    }
    let first = b.json(&["map", "--as-of", "1"]);
    assert_eq!((&first["consumers"], first["datasets"].as_array().unwrap().len()), (&json!(2), 2));
    assert_eq!(first["basis"]["as_of"], json!({"clock": "run", "run": 1, "gaps": []}));
    let breach = |moment: &[&str]| b.json(&[&["breach", "--object", "*"], moment].concat());
    assert_eq!(breach(&["--as-of", "1"])["consumers"]["certain"], 2);
    assert_eq!(breach(&["--as-of", "1"])["jurisdictions"][0]["residents"]["certain"], 2);
    assert_eq!(breach(&[])["consumers"]["certain"], 1);
    // Who it was then has the id that was printed then, and that id is found then.
    let then = b.json(&["find", "457-55-5462", "--as-of", "1"])["consumer"].as_str().unwrap().to_owned();
    assert_eq!(b.json(&["find", &then, "--as-of", "1"])["identifiers"].as_array().unwrap().len(), 2);
    assert_eq!(b.run(&["find", ADA, "--as-of", "2"]).status, Some(1));
    for (moment, says) in [("9", "there is no run 9; `piimap runs` lists them"), ("soon", "a run's number, a day such as 2026-11-03")] {
        let done = b.run(&["map", "--as-of", moment]);
        assert_eq!(done.status, Some(2));
        assert!(done.stderr.contains(says), "{}", done.stderr);
    }
}

fn gaps(doc: &Value) -> Vec<&str> {
    doc["basis"]["as_of"]["gaps"].as_array().unwrap().iter().map(|g| g["kind"].as_str().unwrap()).collect()
}

#[test]
fn answers_as_of_a_time_are_what_was_stored_then() {
    let b = two_runs();
    for (time, consumers, missing) in [
        ("2026-01-01", 0, vec!["before_first_run"]),
        ("2026-01-20", 1, vec!["before_first_run"]),
        ("2026-02-20", 2, vec!["before_first_run"]),
        ("2099-01-01", 1, vec!["after_newest_run", "uncertain"]),
    ] {
        let doc = b.json(&["map", "--as-of", time]);
        assert_eq!((&doc["consumers"], gaps(&doc)), (&json!(consumers), missing), "{time}: {doc}");
    }
    // Its time says since when it lay there; before the first run something else may have.
    assert_eq!(found(&b, CY, "2026-03-09T23:59:59Z"), Vec::<String>::new());
    let text = b.run(&["map", "--as-of", "2026-02-20"]).stdout;
    assert!(text.replace("\n  ", " ").contains("What was stored at 2026-02-20T00:00:00.000Z, by what is known since run 2"), "{text}");
    assert!(text.lines().all(|l| l.chars().count() <= 80), "{text}");
}

/// The run that comes later moves the file's beginning: a's second content is younger than the first run.
#[test]
fn between_two_runs_the_time_of_the_successor_decides() {
    let b = Bench::new();
    put(&b, "data/a.csv", ADA, "457-55-5462", "2026-01-10T00:00:00Z");
    b.scan("data", &[]);
    std::thread::sleep(Duration::from_millis(30));
    let before = piimap::base::Timestamp::now().to_string();
    std::thread::sleep(Duration::from_millis(30));
    b.write("data/a.csv", format!("email\n{CY}\n"));
    std::thread::sleep(Duration::from_millis(30));
    let after = piimap::base::Timestamp::now().to_string();
    std::thread::sleep(Duration::from_millis(30));
    b.scan("data", &[]);
    assert_eq!((found(&b, ADA, &before), found(&b, CY, &before)), (vec!["a.csv".to_owned()], vec![]));
    assert_eq!((found(&b, ADA, &after), found(&b, CY, &after)), (vec![], vec!["a.csv".to_owned()]));
    assert_eq!(gaps(&b.json(&["map", "--as-of", &before])), ["uncertain"], "it may have been overwritten twice");
    assert_eq!(gaps(&b.json(&["map", "--as-of", &after])), Vec::<&str>::new());
}

/// Waits until the journal says that this run is at work.
fn until_running(b: &Bench, run: usize) {
    for _ in 0..600 {
        let lines = b.run(&["runs", "--format", "json"]);
        if lines.status == Some(0) && lines.lines().get(run - 1).is_some_and(|r| r["status"] == "running") {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("run {run} never began");
}

#[test]
fn the_journal_tells_how_runs_ended() {
    let b = two_runs();
    for i in 0..6 {
        b.write(&format!("data/big{i}.csv"), crate::corpora::corpus("a", 4_000_000 + i));
    }
    let mut child = b.command(&["scan", "data", "--threads", "1"]).spawn().unwrap();
    until_running(&b, 3);
    assert!(child.try_wait().unwrap().is_none(), "the run was over too soon");

    // A second run refuses and says who is at work; readers are not kept waiting.
    let second = b.run(&["scan", "data"]);
    assert_eq!(second.status, Some(2));
    assert!(second.stderr.contains(&format!("(process {} on ", child.id())), "{}", second.stderr);
    assert!(second.stderr.contains("--wait"), "{}", second.stderr);
    assert_eq!(b.run(&["map"]).status, Some(0));
    // Or it waits, until the first is gone, however it went.
    let waiting = b.command(&["scan", "data", "--wait", "--format", "json"]).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(300));
    child.kill().unwrap();
    Done::of(child);
    let waited = Done::of(waiting);
    assert_eq!(waited.status, Some(0), "{}", waited.stderr);

    let runs = b.run(&["runs", "--format", "json"]).lines();
    let how: Vec<&str> = runs.iter().map(|r| r["status"].as_str().unwrap()).collect();
    assert_eq!(how, ["completed", "completed", "killed", "completed"]);
    assert_eq!((&runs[0]["objects"]["read"], &runs[1]["objects"]["gone"], &runs[2]["ended"]), (&json!(2), &json!(1), &Value::Null));
    let doc = b.json(&["map", "--as-of", "3"]);
    assert_eq!((gaps(&doc), &doc["basis"]["run"]), (vec!["run_incomplete"], &json!(3)));
    let text = b.run(&["runs"]).stdout;
    assert!(text.lines().all(|l| l.chars().count() <= 80) && text.contains("killed"), "{text}");
}

#[cfg(unix)]
#[test]
fn what_a_stopped_run_did_not_reach_is_in_coverage_until_the_next() {
    let b = Bench::new();
    for i in 0..6 {
        b.write(&format!("data/big{i}.csv"), crate::corpora::corpus("a", 3_000_000 + i));
    }
    let mut child = b.command(&["scan", "data", "--threads", "1", "--format", "json"]).spawn().unwrap();
    until_running(&b, 1);
    assert!(child.try_wait().unwrap().is_none(), "the run was over too soon");
    assert!(std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    let doc = Done::of(child).json();
    let unread = doc["objects"]["unread"].as_u64().unwrap();
    assert!(unread > 0, "{doc}");
    let lines = b.run(&["coverage", "--format", "json"]).lines();
    assert_eq!(lines.iter().filter(|l| l["reason"] == "interrupted").count() as u64, unread);
    assert_eq!(b.run(&["runs", "--format", "json"]).lines()[0]["status"], "stopped");
    assert_eq!(b.scan("data", &[]).0, Some(0));
    assert_eq!(b.run(&["coverage"]).status, Some(0));
    assert_eq!(gaps(&b.json(&["map", "--as-of", "1"])), ["run_incomplete"]);
}
