//! Runs after the first: what changed is read, and nothing else; what went is known to be gone; exit statuses.

use serde_json::{Value, json};

use crate::support::{Bench, bench::repository, normal};

fn objects(doc: &Value) -> [u64; 6] {
    ["listed", "unchanged", "read", "partial", "unread", "gone"].map(|k| doc["objects"][k].as_u64().unwrap())
}

/// Places of the address in this file: current ones, others.
fn places(b: &Bench, address: &str, file: &str) -> (usize, usize) {
    let found = b.json(&["find", address]);
    let here: Vec<&Value> = found["places"].as_array().unwrap().iter().filter(|p| p["uri"].as_str().unwrap().ends_with(file)).collect();
    let current = here.iter().filter(|p| p["current"] == true).count();
    (current, here.len() - current)
}

#[test]
fn only_what_changed_is_read() {
    let b = Bench::with_samples();
    let (status, first) = b.scan("samples", &[]);
    assert_eq!(status, Some(3));
    let [listed, unchanged, read, partial, unread, gone] = objects(&first);
    assert_eq!((unchanged, gone), (0, 0));
    assert_eq!(listed, read + partial + unread);

    let (status, second) = b.scan("samples", &[]);
    assert_eq!(status, Some(3), "what is incomplete stays a reason");
    let [_, unchanged, read, partial, unread, _] = objects(&second);
    assert_eq!(read + partial + unread, 0, "nothing is read again: {second}");
    assert_eq!(unchanged, listed);
    assert_eq!(second["consumers"], first["consumers"]);

    let csv = "samples/crm/customers.csv";
    let text = std::fs::read_to_string(b.path(csv)).unwrap();
    b.write(csv, text + "C-9999,Nora,Quill,nora.quill@example.net,,,,,,,,,\n");
    let (_, third) = b.scan("samples", &[]);
    let [_, unchanged, read, ..] = objects(&third);
    assert_eq!((read, unchanged + objects(&third)[3]), (1, listed - 1), "{third}");
    let (current, past) = places(&b, "nora.quill@example.net", "customers.csv");
    assert!(current > 0 && past == 0, "{current} {past}");
    let current_places = current;
    let (current, past) = places(&b, "maren.holloway@example.com", "customers.csv");
    assert!(current > 0 && past == current, "the version before is history: {current} {past}");

    std::fs::remove_file(b.path(csv)).unwrap();
    let (_, fourth) = b.scan("samples", &[]);
    assert_eq!(objects(&fourth)[5], 1, "one is gone: {fourth}");
    // Her number as a customer was proven by the row that is gone: history lists it no more under her name.
    assert_eq!(places(&b, "nora.quill@example.net", "customers.csv"), (0, current_places - 1));
    let map = b.json(&["map"]);
    assert!(!map["datasets"].as_array().unwrap().iter().any(|d| d["name"] == "crm/customers.csv"));
}

#[test]
fn a_file_that_comes_back_is_current_again() {
    let b = Bench::new();
    let text = "name,email\nIda Holm,ida.holm@example.org\n";
    b.write("data/a.csv", text);
    b.write("data/b.txt", "nothing here\n");
    assert_eq!(b.scan("data", &[]).0, Some(0));
    std::fs::remove_file(b.path("data/a.csv")).unwrap();
    b.scan("data", &[]);
    assert_eq!(places(&b, "ida.holm@example.org", "a.csv").0, 0);
    b.write("data/a.csv", text);
    let (_, doc) = b.scan("data", &[]);
    assert_eq!(objects(&doc)[2], 1);
    assert!(places(&b, "ida.holm@example.org", "a.csv").0 > 0);
}

#[test]
fn each_reading_of_standard_input_is_another_version() {
    let b = Bench::new();
    for (text, run) in [("write to ida.holm@example.org\n", 1), ("write to ole.lund@example.org\n", 2)] {
        let done = b.run_with(&["scan", "-", "--format", "json"], text.as_bytes());
        assert_eq!((done.status, &done.json()["run"]), (Some(0), &json!(run)), "{}", done.stderr);
    }
    assert_eq!((places(&b, "ida.holm@example.org", "-"), places(&b, "ole.lund@example.org", "-")), ((0, 1), (1, 0)));
    let before = b.json(&["find", "ida.holm@example.org", "--as-of", "1"]);
    assert_eq!(before["places"][0]["uri"], "-", "{before}");
}

#[test]
fn a_scan_of_one_folder_ends_nothing_in_another() {
    let b = Bench::new();
    b.write("x/a.csv", "name,email\nIda Holm,ida.holm@example.org\n");
    b.write("y/b.csv", "name,email\nOle Lund,ole.lund@example.org\n");
    b.scan("x", &[]);
    let (_, doc) = b.scan("y", &[]);
    assert_eq!(objects(&doc)[5], 0);
    assert_eq!(doc["consumers"], 2);
}

#[test]
fn everything_is_read_again_when_asked_or_when_classifiers_change() {
    let b = Bench::new();
    b.write("data/a.csv", "name,email,badge\nIda Holm,ida.holm@example.org,ZQ-1234567\n");
    assert_eq!(objects(&b.scan("data", &[]).1)[2], 1);
    let (_, full) = b.scan("data", &["--full"]);
    assert_eq!(objects(&full)[..3], [1, 0, 1]);
    assert_eq!(places(&b, "ida.holm@example.org", "a.csv").1, 0, "the same version read again is no history");
    b.write(
        "mine/generic/badge.toml",
        r#"
id = "generic.badge"
title = "Badge"
element = "employee_id"
severity = "low"
identity = "weak"
references = ["https://example.com/badges"]
[known_as]
[[pattern]]
name = "badge"
regex = '''ZQ-[0-9]{7}'''
confidence = 0.9
[context]
keywords = ["badge"]
columns = ["badge"]
within = 30
[normalise]
steps = ["upper"]
[[match]]
text = "badge ZQ-1234567"
value = "ZQ-1234567"
[[match]]
text = "ZQ-7654321"
value = "ZQ-7654321"
[[reject]]
text = "ZQ-123456"
why = "six digits"
[[reject]]
text = "ZX-1234567"
why = "another letter"
"#,
    );
    let (status, doc) = b.scan("data", &["--classifiers", "mine"]);
    assert_eq!(status, Some(0), "{doc}");
    assert_eq!(objects(&doc)[2], 1, "another set of classifiers may find more: {doc}");
    assert_eq!(doc["classifiers"]["generic.badge"]["sightings"], 1);
}

const ADA: &str = "ada.winter@example.com";

/// Three small objects, all of them readable.
fn small() -> Bench {
    let b = Bench::new();
    b.write("data/a.csv", format!("name,email\nAda Winter,{ADA}\n"));
    b.write("data/b.csv", "name,email\nBen Summer,ben.summer@example.org\n");
    b.write("data/c.txt", "no person is mentioned here\n");
    b
}

#[test]
fn a_second_run_reads_nothing_and_answers_the_same() {
    let b = small();
    let (status, first) = b.scan("data", &[]);
    assert_eq!((status, objects(&first)), (Some(0), [3, 0, 3, 0, 0, 0]));
    let before = normal(b.json(&["map"]));
    let (status, second) = b.scan("data", &[]);
    assert_eq!((status, objects(&second)), (Some(0), [3, 3, 0, 0, 0, 0]));
    assert_eq!((&second["run"], &second["bytes"]), (&json!(2), &json!({"stored": 0, "decoded": 0})));
    assert_eq!((&second["consumers"], &second["classifiers"]), (&first["consumers"], &first["classifiers"]));
    let after = b.json(&["map"]);
    assert_eq!(after["basis"]["run"], 2);
    assert_eq!(normal(after)["datasets"], before["datasets"]);
    let full = b.scan("data", &["--full"]).1;
    assert_eq!((objects(&full), &full["classifiers"]), ([3, 0, 3, 0, 0, 0], &first["classifiers"]));
    assert_eq!(normal(b.json(&["map"]))["datasets"], before["datasets"]);
}

#[test]
fn what_moved_away_is_history_until_it_is_back() {
    let b = small();
    b.scan("data", &[]);
    let (there, away) = (b.path("data/a.csv"), b.path("a.away"));
    std::fs::rename(&there, &away).unwrap();
    assert_eq!(objects(&b.scan("data", &[]).1), [2, 2, 0, 0, 0, 1]);
    assert_eq!(b.json(&["map"])["consumers"], 1);
    let text = b.run(&["find", ADA]);
    assert!(text.status == Some(0) && text.stdout.contains("(no longer stored)"), "{}", text.stdout);
    // The same bytes at the same time under the same name: the very version that was there before.
    std::fs::rename(&away, &there).unwrap();
    let [listed, unchanged, read, ..] = objects(&b.scan("data", &[]).1);
    assert_eq!((listed, unchanged + read), (3, 3));
    assert!(places(&b, ADA, "a.csv").0 > 0);
    assert_eq!(b.json(&["map"])["consumers"], 2);
}

#[test]
fn a_source_that_cannot_be_listed_ends_nothing() {
    let b = small();
    b.scan("data", &[]);
    std::fs::rename(b.path("data"), b.path("data.away")).unwrap();
    assert_eq!(b.run(&["scan", "data"]).status, Some(2));
    assert!(places(&b, ADA, "a.csv").0 > 0, "that is no proof that its objects are gone");
}

#[test]
fn exit_statuses_say_how_it_ended() {
    let b = small();
    assert_eq!(b.run(&["map"]).status, Some(2), "no index");
    assert_eq!(b.scan("data", &[]).0, Some(0));
    assert_eq!(b.run(&["coverage"]).status, Some(0));
    assert_eq!(b.run(&["find", ADA]).status, Some(0));
    assert_eq!(b.run(&["find", "who.is.that@example.com"]).status, Some(1));
    assert_eq!(b.run(&["breach", "--object", "nothing-like-this"]).status, Some(1));
    assert_eq!(b.run(&["breach", "--object", "a.csv"]).status, Some(0));
    assert_eq!(b.run(&["scan", "not-there"]).status, Some(2));
    assert_eq!(b.run(&["scan", "--no-such-option"]).status, Some(2));
    assert_eq!(b.run(&["find"]).status, Some(2));
    assert_eq!(b.run(&["--help"]).status, Some(0));

    let cut = std::fs::read(repository().join("samples/orders/2026/11/orders-0009.jsonl.gz")).unwrap();
    b.write("data/cut.jsonl.gz", cut);
    assert_eq!(b.scan("data", &[]).0, Some(3));
    assert_eq!(b.scan("data", &[]).0, Some(3), "unchanged, and still incomplete");
    assert_eq!(b.run(&["coverage"]).status, Some(3));
    assert_eq!(b.run(&["breach", "--object", "*"]).status, Some(3), "people may be missing");

    let accept = "[[accept]]\nuri = \"**/cut.jsonl.gz\"\nreason = \"truncated\"\nowner = \"operations\"\nexpires = \"2099-01-01\"\n";
    b.write("piimap.toml", accept);
    assert_eq!(b.scan("data", &[]).0, Some(0));
    let lines = b.run(&["coverage", "--format", "json"]);
    assert_eq!((lines.status, &lines.lines()[0]["accepted"]), (Some(0), &json!(true)));
    b.write("piimap.toml", accept.replace("2099", "2020"));
    assert_eq!(b.scan("data", &[]).0, Some(3), "the acceptance expired");
    b.write("piimap.toml", "sources = [\"data\"]\nindx = \"x\"\n");
    assert_eq!(b.run(&["scan"]).status, Some(2));
    b.write("piimap.toml", "sources = [\"data\"]\n");
    assert_eq!(objects(&b.json(&["scan"]))[1], 4, "sources of the configuration");
}
