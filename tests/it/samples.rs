//! The samples are mapped as they were planted, and the consumer who is everywhere is found everywhere.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::generate;
use crate::support::{bench::repository, sample_scan};

/// Counts per dataset, field and classifier that differ from what was planted: found, planted, why.
const COUNTS: &[(&str, &str, &str, u64, u64, &str)] = &[
    (
        "harborlight-support/support.public.accounts",
        "driver_license",
        "us.driver_license",
        124,
        125,
        "one of Washington's form, WDL and letters among digits, has another sign than its pattern knows",
    ),
    ("support/notes-*.txt", "(text)", "us.zip_code", 0, 6, "a ZIP after a state in a sentence has no word near it that says so"),
];

/// Objects that say something about a table and are none of its data, unless there is nothing else.
const MARKERS: &[&str] = &["_SUCCESS"];

/// Files of no export: datasets of their own, in which nothing personal is.
const CONTROL: &[&str] = &["EXPECTED.md", "misc/backup.bin"];

/// Manifests and markers: two of the RDS export and two of its tables that have files, five of DynamoDB, one of Redshift.
const BOOKKEEPING: u64 = 10;

/// The heroine's places that no answer lists: object, field, why.
const NOT_HERS: &[(&str, &str, &str)] = &[
    ("dynamodb/", "Devices[].Mac", "an element of an array is a scope of its own, and a MAC address names nobody"),
    ("support/notes-0009.txt", "(text) generic.person_name", "a name in running text is nobody's record"),
];

fn truth() -> Value {
    serde_json::from_slice(&std::fs::read(repository().join("tests/data/samples_truth.json")).unwrap()).unwrap()
}

fn heroine() -> String {
    truth()["heroine"]["email"].as_str().unwrap().to_owned()
}

fn u(v: &Value) -> u64 {
    v.as_u64().unwrap_or_else(|| panic!("{v} is no number"))
}

/// A uri below the folder of the samples.
fn below(uri: &Value) -> String {
    uri.as_str().unwrap().split_once("/samples/").unwrap().1.to_owned()
}

#[test]
fn every_field_counts_what_was_planted() {
    let (b, status, scan) = sample_scan();
    let (truth, map) = (truth(), b.json(&["map"]));
    assert_eq!(*status, Some(3), "two files cannot be read and the export warns: incomplete");
    let found: BTreeMap<&str, &Value> = map["datasets"].as_array().unwrap().iter().map(|d| (d["name"].as_str().unwrap(), d)).collect();
    let planted = truth["datasets"].as_object().unwrap();

    let names: BTreeSet<&str> = planted.keys().map(String::as_str).chain(CONTROL.iter().copied()).collect();
    assert_eq!(found.keys().copied().collect::<BTreeSet<_>>(), names);
    for name in CONTROL {
        assert_eq!(found[name]["fields"], serde_json::json!([]), "{name}");
    }

    let (mut wrong, mut met) = (Vec::new(), BTreeSet::new());
    for (name, want) in planted {
        let have = found[name.as_str()];
        let all = want["objects"].as_array().unwrap();
        let data = match all.iter().filter(|o| !MARKERS.iter().any(|m| o.as_str().unwrap().ends_with(m))).count() {
            0 => all.len(),
            n => n,
        };
        if u(&have["objects"]) != data as u64 {
            wrong.push(format!("{name}: {} objects, planted {data}", have["objects"]));
        }
        let counts = |fields: &Value| -> BTreeMap<(String, String), u64> {
            let each = fields.as_object().unwrap().iter();
            each.flat_map(|(f, c)| c.as_object().unwrap().iter().map(move |(c, n)| ((f.clone(), c.clone()), u(n)))).collect()
        };
        let (want_counts, mut have_counts) = (counts(&want["fields"]), BTreeMap::new());
        for f in have["fields"].as_array().unwrap() {
            let field = match f["name"].as_str().unwrap() {
                "" => "(text)",
                name => name,
            };
            for c in f["classifiers"].as_array().unwrap() {
                have_counts.insert((field.to_owned(), c["id"].as_str().unwrap().to_owned()), u(&c["count"]));
            }
        }
        for key in want_counts.keys().chain(have_counts.keys()).collect::<BTreeSet<_>>() {
            let (have, planted) = (have_counts.get(key).copied().unwrap_or(0), want_counts.get(key).copied().unwrap_or(0));
            // What the truth says may be found and need not be.
            let maybe = want["prose"].get(&key.1).map_or(0, u);
            if have == planted || (have > planted && have - planted <= maybe) {
                continue;
            }
            match COUNTS.iter().find(|k| k.0 == name && k.1 == key.0 && k.2 == key.1 && k.3 == have && k.4 == planted) {
                Some(k) => drop(met.insert(k.0.to_owned() + k.1 + k.2)),
                None => wrong.push(format!("{name}: {} {}: found {have}, planted {planted}", key.0, key.1)),
            }
        }
    }
    assert!(wrong.is_empty(), "not as planted:\n  {}", wrong.join("\n  "));
    assert_eq!(met.len(), COUNTS.len(), "a known deviation is gone: take it from the list");

    assert_eq!(u(&map["bookkeeping"]["objects"]), BOOKKEEPING);
    let objects: u64 = found.values().map(|d| u(&d["objects"])).sum();
    assert_eq!(objects + BOOKKEEPING, u(&scan["objects"]["listed"]), "every object is somewhere in the map");
    // Records of every dataset, of the files about exports apart.
    let planted_records: u64 = planted.values().map(|d| u(&d["records"])).sum();
    let records = u(&scan["records"]);
    assert!((planted_records..planted_records + 10).contains(&records), "{records} records, planted {planted_records}");
}

#[test]
fn consumers_are_those_that_records_join() {
    let (b, _, scan) = sample_scan();
    let (truth, map) = (truth(), b.json(&["map"]));
    // The planted consumers do not count who owns an access key; CloudTrail's keys stand with nobody else's identifier.
    let keys = map["datasets"].as_array().unwrap().iter().find(|d| d["name"] == "cloudtrail/111122223333/us-east-1").unwrap();
    assert_eq!(keys["consumers"], 2, "two access keys");
    // Keys join what records alone leave apart, and never two people: the module `keys` counts without them.
    let people = u(&truth["customers"]) + u(&truth["others"]);
    assert!((people + 2..u(&truth["consumers"])).contains(&u(&map["consumers"])), "{}", map["consumers"]);
    assert_eq!(scan["consumers"], map["consumers"]);
    assert_eq!(map["basis"]["run"], 1);
}

#[test]
fn coverage_says_what_was_not_read() {
    let (b, _, scan) = sample_scan();
    let done = b.run(&["coverage", "--format", "json"]);
    assert_eq!(done.status, Some(3));
    let lines: BTreeSet<(String, String, String)> = done
        .lines()
        .iter()
        .map(|l| {
            assert!(l["member"].is_null() && !l["detail"].as_str().unwrap().is_empty(), "{l}");
            (below(&l["uri"]), l["status"].as_str().unwrap().to_owned(), l["reason"].as_str().unwrap().to_owned())
        })
        .collect();
    let warning = "rds/harborlight-support-2026-11-03/export_tables_info_harborlight-support-2026-11-03_from_1_to_4.json".to_owned();
    let want = [
        ("misc/backup.bin".to_owned(), "unread".to_owned(), "unsupported_format".to_owned()),
        ("orders/2026/11/orders-0009.jsonl.gz".to_owned(), "partial".to_owned(), "truncated".to_owned()),
        (warning, "partial".to_owned(), "export_incomplete".to_owned()),
    ];
    assert_eq!(lines, want.into());
    assert!(done.stdout.contains("support.public.call_recordings"), "the table that the export skipped is named");
    let o = &scan["objects"];
    assert_eq!((u(&o["partial"]), u(&o["unread"]), u(&o["gone"])), (2, 1, 0));
    assert_eq!(u(&o["listed"]), u(&o["unchanged"]) + u(&o["read"]) + u(&o["partial"]) + u(&o["unread"]));
    assert_eq!(u(&o["listed"]), generate::samples().files.len() as u64);
}

/// Object, field, classifier, row, bytes.
type Spot = (String, String, String, Option<u64>, Option<(u64, u64)>);

fn spots(find: &Value) -> BTreeSet<Spot> {
    let mut out = BTreeSet::new();
    for p in find["places"].as_array().unwrap() {
        let field = p["field"].as_str().unwrap_or("(text)").to_owned();
        let mut add = |row, bytes| {
            assert!(out.insert((below(&p["uri"]), field.clone(), p["classifier"].as_str().unwrap().to_owned(), row, bytes)), "twice: {p}")
        };
        let ranges = |v: &Value| -> Vec<(u64, u64)> { v.as_array().into_iter().flatten().map(|r| (u(&r[0]), u(&r[1]))).collect() };
        let (rows, bytes) = (ranges(&p["rows"]), ranges(&p["bytes"]));
        assert_ne!(rows.is_empty(), bytes.is_empty(), "{p}");
        rows.iter().flat_map(|r| r.0..r.1).for_each(|row| add(Some(row), None));
        bytes.iter().for_each(|b| add(None, Some(*b)));
        assert_eq!(u(&p["count"]) as usize, rows.iter().map(|r| (r.1 - r.0) as usize).sum::<usize>() + bytes.len(), "{p}");
        assert_eq!((p["current"].as_bool(), p["member"].is_null()), (Some(true), true));
    }
    out
}

#[test]
fn the_heroine_is_found_wherever_she_is() {
    let (b, ..) = sample_scan();
    let truth = truth();
    let email = truth["heroine"]["email"].as_str().unwrap();
    let found = b.json(&["find", email]);
    let mut expected = BTreeSet::new();
    let mut not_hers = vec![0; NOT_HERS.len()];
    for p in truth["heroine"]["places"].as_array().unwrap() {
        let (object, field, class) = (p["object"].as_str().unwrap(), p["field"].as_str().unwrap(), p["classifier"].as_str().unwrap());
        let with_class = format!("{field} {class}");
        match NOT_HERS.iter().position(|n| object.contains(n.0) && (n.1 == "*" || n.1 == field || n.1 == with_class)) {
            Some(i) => not_hers[i] += 1,
            None => {
                let bytes = p["bytes"].as_array().map(|b| (u(&b[0]), u(&b[1])));
                expected.insert((object.to_owned(), field.to_owned(), class.to_owned(), p["row"].as_u64(), bytes));
            }
        }
    }
    assert!(expected.len() > 40 && not_hers.iter().all(|n| *n > 0), "the list of what is not hers is out of date: {not_hers:?}");
    let places = spots(&found);
    // Her numbers as a customer are no planted values; the module `keys` looks for them.
    let extra = places.difference(&expected).filter(|p| !p.2.starts_with("key."));
    let (missing, extra): (Vec<_>, Vec<_>) = (expected.difference(&places).collect(), extra.collect());
    assert!(missing.is_empty() && extra.is_empty(), "missing {missing:#?}\nextra {extra:#?}");
    // She is in the table, the document, the Parquet file, the log by its bytes.
    for (object, field) in [("crm/customers.csv", "email"), ("orders/", "buyer.email"), ("public.accounts/", "email"), ("logs/", "(text)")]
    {
        assert!(places.iter().any(|s| s.0.contains(object) && s.1 == field && s.2 == "generic.email"), "{object} {field}");
    }
    // The bytes are hers: in the stored object the value stands there.
    let log = places.iter().find(|s| s.0.ends_with(".log") && s.2 == "generic.email").expect("a log that is not compressed");
    let (start, end) = log.4.unwrap();
    let content = std::fs::read(b.path("samples").join(&log.0)).unwrap();
    assert_eq!(&content[start as usize..end as usize], email.as_bytes());
}

#[test]
fn every_identifier_of_hers_leads_to_the_same_consumer() {
    let (b, ..) = sample_scan();
    let email = &*heroine();
    let first = b.json(&["find", email]);
    let consumer = first["consumer"].as_str().expect("one consumer").to_owned();
    assert_eq!(first["consumers"], serde_json::json!([consumer]));

    // Her SSN stands in the first row of the CRM.
    let crm = std::fs::read_to_string(b.path("samples/crm/customers.csv")).unwrap();
    let ssn = crm.lines().nth(1).unwrap().split(',').nth(5).unwrap().to_owned();
    assert!(generate::samples().planted.contains(&format!("us.ssn\t{ssn}\n")));
    let bare = ssn.replace('-', "");
    let upper = email.to_uppercase();
    for (args, stdin) in [
        (vec!["find", ssn.as_str()], ""),
        (vec!["find", ssn.as_str(), "--class", "us.ssn"], ""),
        (vec!["find", bare.as_str(), "--class", "us.ssn"], ""),
        (vec!["find", upper.as_str()], ""),
        (vec!["find", consumer.as_str()], ""),
        (vec!["find", email, ssn.as_str()], ""),
        (vec!["find", "-"], &*format!("{email}\n")),
        (vec!["find", "-"], &*format!("\n  {ssn}  \r\n")),
    ] {
        let done = b.run_with(&[&args[..], &["--format", "json"]].concat(), stdin.as_bytes());
        let doc = done.json();
        assert_eq!((done.status, doc["consumer"].as_str()), (Some(0), Some(consumer.as_str())), "{args:?}");
        assert_eq!(doc["places"], first["places"], "{args:?}");
    }
}

#[test]
fn why_names_records_that_join_all_identifiers() {
    let (b, ..) = sample_scan();
    let doc = b.json(&["find", &heroine(), "--why"]);
    let joined: BTreeSet<&str> =
        doc["why"].as_array().unwrap().iter().flat_map(|w| w["adds"].as_array().unwrap()).map(|c| c.as_str().unwrap()).collect();
    let identifiers: BTreeSet<&str> = doc["identifiers"].as_array().unwrap().iter().map(|i| i["classifier"].as_str().unwrap()).collect();
    assert!(identifiers.len() >= 4, "{identifiers:?}");
    // The e-mail was typed; records add all the others.
    let mut with_typed = joined.clone();
    with_typed.insert("generic.email");
    assert_eq!(with_typed, identifiers);
    let text = b.run(&["find", &heroine(), "--why"]).stdout;
    assert!(text.contains("Records that join the identifiers") && text.contains("crm/customers.csv row 0"), "{text}");
}

/// Street and city of one unattributed record once counted as two possible people with a postal address.
#[test]
fn no_element_affects_more_people_than_there_are() {
    let (b, ..) = sample_scan();
    for scope in [&["--object", "**"][..], &["--dataset", "redshift/*", "--object", "orders-0009.jsonl.gz"], &["--dataset", "orders/**"]] {
        let doc = b.json(&[&["breach"], scope].concat());
        let elements = doc["elements"].as_object().unwrap();
        assert!(elements.len() > 2, "{doc}");
        for (element, n) in elements {
            for bound in ["certain", "likely", "upper"] {
                assert!(u(&n[bound]) <= u(&doc["consumers"][bound]), "{element} {bound}: {n} of {}", doc["consumers"]);
            }
            assert!(u(&n["certain"]) <= u(&n["likely"]) && u(&n["likely"]) <= u(&n["upper"]), "{element}: {n}");
        }
    }
}

#[test]
fn nobody_is_an_answer_of_its_own() {
    let (b, ..) = sample_scan();
    let done = b.run(&["find", "nobody.at.all@example.com", "--format", "json"]);
    let doc = done.json();
    assert_eq!(done.status, Some(1));
    assert!(doc["consumer"].is_null() && doc["consumers"] == serde_json::json!([]) && doc["places"] == serde_json::json!([]), "{doc}");
    assert_eq!(doc["basis"]["run"], 1);
    assert_eq!(b.run(&["find", "nobody.at.all@example.com"]).status, Some(1));
    assert_eq!(b.run_with(&["find", "-"], b"\n").status, Some(2), "no value at all is a mistake");
}
