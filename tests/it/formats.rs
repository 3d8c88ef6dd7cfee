//! `piimap classify`: the lines that programs read, and the same counts as a scan's.

use serde_json::{Value, json};

use crate::support::{Bench, sample_scan};

fn keys(v: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = v.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

#[test]
fn cases_are_read_from_files_too() {
    let b = Bench::new();
    b.write("a.jsonl", "{\"id\": \"1\", \"text\": \"jane.roe@example.com\"}\n");
    b.write("b.jsonl", "{\"id\": \"2\", \"text\": \"457-55-5462\"}\nno case\n");
    let done =
        b.run_with(&["classify", "--cases", "--format", "json", "a.jsonl", "b.jsonl", "-"], b"{\"id\": 3, \"text\": \"x@example.org\"}\n");
    let mut cases: Vec<_> = done.lines().iter().map(|f| f["case"].clone()).collect();
    cases.dedup();
    assert_eq!((done.status, cases), (Some(3), vec![json!("1"), json!("2"), json!("3")]), "{}", done.stderr);
    assert!(done.stderr.contains("b.jsonl: line 2 is not"), "{}", done.stderr);
    assert_eq!(b.run(&["classify", "--cases", "nosuch.jsonl"]).status, Some(2));
}

#[test]
fn cases_come_back_in_their_order_with_places_in_bytes() {
    let b = Bench::new();
    let ssn = "SSN: 457-55-5462";
    let input = [
        json!({"id": "17", "text": format!("ä first line\n{ssn}")}),
        json!({"id": 3, "text": "nothing to see"}),
        json!({"id": "x", "text": "to ada.winter@example.com and ben.summer@example.org"}),
    ];
    let lines: String = input.iter().map(|l| format!("{l}\n")).collect();
    let done = b.run_with(&["classify", "--cases", "--format", "json"], (lines + "\n").as_bytes());
    assert_eq!((done.status, done.stderr.as_str()), (Some(0), ""));
    let found = done.lines();
    for f in &found {
        assert_eq!(keys(f), ["case", "classifier", "confidence", "end", "line", "start"], "{f}");
        let c = f["confidence"].as_f64().unwrap();
        assert!((0.4..=1.0).contains(&c), "{f}");
    }
    let short: Vec<(&str, &str, u64, u64, u64)> = found
        .iter()
        .map(|f| {
            let n = |k: &str| f[k].as_u64().unwrap();
            (f["case"].as_str().unwrap(), f["classifier"].as_str().unwrap(), n("start"), n("end"), n("line"))
        })
        .collect();
    // `ä` is two bytes: 13 before the line break's end and 5 of "SSN: ".
    let want = [("17", "us.ssn", 19, 30, 2), ("x", "generic.email", 3, 25, 1), ("x", "generic.email", 30, 52, 1)];
    assert_eq!(short, want);

    let done = b.run_with(&["classify", "--cases", "--format", "json"], b"{\"id\": \"1\", \"txt\": \"jane.roe@example.com\"}\n");
    assert_eq!(done.status, Some(2));
    assert!(done.stderr.contains("line 1") && !done.stderr.contains("jane.roe"), "{}", done.stderr);
}

#[test]
fn a_line_that_is_no_case_costs_itself_alone() {
    let b = Bench::new();
    let lines = "\u{feff}{\"id\":1,\"text\":\"ann.lee@example.com\"}\n{\"id\":2}\n{\"id\":3,\"text\":\"\\ud800\"}\n\
                 {\"id\":4,\"text\":\"bob.ray@example.com\"}\n";
    let done = b.run_with(&["classify", "--cases", "--format", "json"], lines.as_bytes());
    let cases: Vec<_> = done.lines().iter().map(|f| f["case"].clone()).collect();
    assert_eq!((done.status, cases), (Some(3), vec![json!("1"), json!("4")]), "{}", done.stderr);
    assert!(done.stderr.contains("line 2") && done.stderr.contains("line 3"), "{}", done.stderr);

    let done = b.run_with(&["classify", "--cases"], "no case jane.roe@example.com\n".repeat(200).as_bytes());
    assert_eq!((done.status, done.stderr.lines().count()), (Some(2), 11), "{}", done.stderr);
    assert!(done.stderr.contains("190 more"), "{}", done.stderr);
}

#[test]
fn a_file_that_is_not_there_costs_itself_alone() {
    let b = Bench::new();
    b.write("a.csv", "email\nann.lee@example.com\n");
    b.write("b.csv", "email\nbob.ray@example.com\n");
    let done = b.run(&["classify", "--format", "json", "a.csv", "missing.csv", "b.csv"]);
    let found: Vec<_> = done.lines().iter().filter(|f| !f["start"].is_null()).map(|f| f["case"].clone()).collect();
    assert_eq!((done.status, found), (Some(3), vec![json!("a.csv"), json!("b.csv")]), "{}", done.stderr);
    assert!(done.stderr.contains("missing.csv"), "{}", done.stderr);
    assert_eq!(b.run(&["classify", "missing.csv", "gone.csv"]).status, Some(2));
}

#[test]
fn text_from_standard_input_has_lines() {
    let b = Bench::new();
    let done = b.run_with(&["classify", "--format", "json"], b"hello\n\nwrite to ada.winter@example.com\n");
    assert_eq!(done.status, Some(0), "{}", done.stderr);
    let f = &done.lines()[0];
    assert_eq!((&f["case"], &f["line"], &f["start"], &f["end"]), (&json!("-"), &json!(3), &json!(16), &json!(38)));
}

#[test]
fn what_is_unsure_is_printed_on_request() {
    let b = Bench::new();
    // Nine digits that nothing speaks for.
    let text = b"the number 457555462 again\n";
    assert_eq!(b.run_with(&["classify", "--format", "json"], text).stdout, "");
    let all = b.run_with(&["classify", "--format", "json", "--all", "--explain"], text).lines();
    assert!(all.iter().any(|f| f["classifier"] == "us.ssn" && f["confidence"].as_f64().unwrap() < 0.4), "{all:?}");
    assert!(all.iter().all(|f| f["evidence"].as_array().is_some_and(|e| !e.is_empty())), "{all:?}");
}

#[test]
fn tables_have_rows_fields_and_types_of_columns() {
    let (b, ..) = sample_scan();
    let done = b.run(&["classify", "samples/crm/customers.csv", "--format", "json"]);
    assert_eq!((done.status, done.stderr.as_str()), (Some(0), ""));
    let lines = done.lines();
    let (columns, matches): (Vec<&Value>, Vec<&Value>) = lines.iter().partition(|l| l["case"].as_str().unwrap().starts_with("col:"));
    let content = std::fs::read(b.path("samples/crm/customers.csv")).unwrap();
    let mut emails = 0;
    for m in &matches {
        assert_eq!(keys(m), ["case", "classifier", "confidence", "end", "field", "line", "row", "start"], "{m}");
        assert_eq!(m["case"], "customers.csv");
        if m["classifier"] == "generic.email" {
            let at = |k: &str| m[k].as_u64().unwrap() as usize;
            assert!(content[at("start")..at("end")].contains(&b'@'), "{m}");
            emails += 1;
        }
    }
    assert_eq!(emails, 406);
    let email = columns.iter().find(|c| c["case"] == "col:customers.csv:email").expect("the type of a column");
    assert_eq!(keys(email), ["case", "classifier", "confidence", "share"]);
    assert_eq!((&email["classifier"], &email["share"]), (&json!("generic.email"), &json!(1.0)));
    assert!(columns.iter().all(|c| c["confidence"].as_f64().unwrap() >= 0.4));
    let last_match = lines.iter().rposition(|l| !l["case"].as_str().unwrap().starts_with("col:")).unwrap();
    assert!(lines.iter().position(|l| l["case"].as_str().unwrap().starts_with("col:")).unwrap() > last_match);
}

#[test]
fn counts_are_those_of_a_scan() {
    let (samples, ..) = sample_scan();
    for file in [
        "crm/customers.csv",
        "logs/app-2026-11-01.log",
        "logs/app-2026-11-03.log.gz",
        "orders/2026/11/orders-0002.jsonl.gz",
        "support/notes-0009.txt",
        "warehouse/measurements.csv",
        "rds/harborlight-support-2026-11-03/support/public.accounts/1/part-00000-2aca56f8-93e2-4b04-9350-0cf94705b562-c000.gz.parquet",
    ] {
        let path = samples.path("samples").join(file);
        let b = Bench::new();
        let done = b.run(&["classify", "--count", "--format", "json", path.to_str().unwrap()]);
        assert_eq!(done.status, Some(0), "{file}: {}", done.stderr);
        let count = done.json();
        let (status, scan) = b.scan(path.to_str().unwrap(), &[]);
        assert_eq!(status, Some(0), "{file}");
        let of_scan: serde_json::Map<String, Value> =
            scan["classifiers"].as_object().unwrap().iter().map(|(id, c)| (id.clone(), c["sightings"].clone())).collect();
        assert_eq!(count["classifiers"], Value::Object(of_scan), "{file}");
        assert_eq!(count["bytes"], scan["bytes"]["decoded"], "{file}");
    }
}

#[test]
fn documents_have_the_keys_that_programs_read() {
    let (b, _, scan) = sample_scan();
    let has = |v: &Value, wanted: &[&str]| {
        for k in wanted {
            assert!(v.get(k).is_some(), "no {k} in {v}");
        }
    };
    has(scan, &["run", "objects", "bytes", "records", "sightings", "consumers", "classifiers", "seconds", "index"]);
    has(&scan["objects"], &["listed", "unchanged", "read", "partial", "unread", "gone"]);
    let map = b.json(&["map"]);
    for d in map["datasets"].as_array().unwrap() {
        has(d, &["name", "uri", "objects", "bytes", "fields", "consumers", "oldest", "newest", "categories"]);
        for f in d["fields"].as_array().unwrap() {
            has(f, &["name", "classifiers", "consumers"]);
            f["classifiers"].as_array().unwrap().iter().for_each(|c| has(c, &["id", "count", "share", "confidence"]));
        }
    }
    let find = b.json(&["find", "maren.holloway@example.com"]);
    has(&find, &["consumer", "consumers", "identifiers", "places", "basis"]);
    has(&find["basis"], &["run", "completed", "unread_objects", "classifier_set"]);
    for p in find["places"].as_array().unwrap() {
        let keys =
            ["consumer", "uri", "version", "member", "dataset", "field", "classifier", "rows", "bytes", "count", "first_seen", "last_seen"];
        has(p, &keys);
        has(p, &["current"]);
    }
    let breach = b.json(&["breach", "--dataset", "redshift/*"]);
    let keys = ["scope", "consumers", "linked", "single_identifier", "test_values", "unattributed_records", "elements", "protected"];
    has(&breach, &keys);
    has(&breach, &["jurisdictions", "tenants", "unknown_residence", "basis"]);
    has(&breach["scope"], &["objects", "in_scope_unread"]);
    has(&breach["consumers"], &["certain", "likely", "upper"]);
    for j in breach["jurisdictions"].as_array().unwrap() {
        has(j, &["code", "residents", "requiring_notice", "rules", "consumer_deadline", "clock", "regulator", "statute"]);
    }
    for l in b.run(&["coverage", "--format", "json"]).lines() {
        has(&l, &["uri", "member", "status", "reason", "detail"]);
    }
    let classifiers = b.run(&["classifiers", "list", "--format", "json"]).lines();
    assert!(classifiers.len() > 15);
    classifiers.iter().for_each(|c| has(c, &["id", "title", "element", "severity", "identity", "known_as"]));
}

#[test]
fn ids_of_cases_come_back_as_they_were_written() {
    let b = Bench::new();
    let ids = ["12345678901234567890123", "0.10000000000000000001", "1e400", "-7", "1.50", "null", "[1, 2]", "\"a\\u0041\\n\""];
    let lines: String = ids.iter().map(|id| format!("{{\"id\": {id}, \"text\": \"ann.lee@example.com\"}}\n")).collect();
    let done = b.run_with(&["classify", "--cases", "--format", "json"], lines.as_bytes());
    let cases: Vec<_> = done.lines().iter().map(|f| f["case"].as_str().unwrap().to_owned()).collect();
    let mut want: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
    *want.last_mut().unwrap() = "aA\n".to_owned();
    assert_eq!((done.status, cases), (Some(0), want), "{}", done.stderr);
}
