//! The proof of deletion: what is still there is named, what was not read is no proof.

use serde_json::{Value, json};

use crate::support::Bench;

const EMAIL: &str = "ada.winter@example.com";
const SSN: &str = "457-55-5462";

/// The CRM knows that address and number are one person; eleven other objects know one of them.
fn world() -> Bench {
    let b = Bench::new();
    b.write("data/crm.csv", format!("full_name,email,ssn\nAda Winter,{EMAIL},{SSN}\nBen Summer,ben.summer@example.com,536-90-4399\n"));
    for n in 0..11 {
        let (column, value) = if n % 2 == 0 { ("email", EMAIL) } else { ("ssn", SSN) };
        b.write(&format!("data/part{n:02}.csv"), format!("{column},order_no\n{value},A{n}\n"));
    }
    assert_eq!(b.scan("data", &[]).0, Some(0));
    b
}

fn remove(b: &Bench, name: &str) {
    let path = b.path(&format!("data/{name}"));
    let text = std::fs::read_to_string(&path).unwrap();
    let kept: String = text.lines().filter(|l| !l.contains(EMAIL) && !l.contains(SSN)).map(|l| format!("{l}\n")).collect();
    std::fs::write(path, kept).unwrap();
}

fn remaining(doc: &Value) -> Vec<String> {
    let all = doc["objects"].as_array().unwrap().iter().filter(|o| o["state"] == "remains");
    all.map(|o| o["uri"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()).collect()
}

#[test]
fn the_twelfth_place_is_named_although_the_link_is_gone() {
    let b = world();
    let frozen = b.run_with(&["find", "-", "--request", "2026-0117", "--reason", "request to delete"], format!("{EMAIL}\n").as_bytes());
    assert_eq!(frozen.status, Some(0), "{}", frozen.stderr);
    let before = b.json(&["verify", "--request", "2026-0117"]);
    assert_eq!((before["remains"].as_u64(), remaining(&before).len()), (Some(12), 12), "{before}");

    // The row that proved the link goes first, then all but one of the others; and the index forgets the link.
    remove(&b, "crm.csv");
    for n in 0..11 {
        if n != 7 {
            remove(&b, &format!("part{n:02}.csv"));
        }
    }
    std::fs::remove_file(b.path("data/part04.csv")).unwrap();
    assert_eq!(b.scan("data", &[]).0, Some(0));
    let ask = ["verify", "--request", "2026-0117", "--format", "json"];
    let done = b.run(&ask);
    assert_eq!(done.status, Some(1));
    let doc = done.json();
    assert_eq!(remaining(&doc), ["part07.csv"], "{doc}");
    assert_eq!(doc["gone"], 1);
    let place = &doc["objects"].as_array().unwrap().iter().find(|o| o["state"] == "remains").unwrap()["places"][0];
    assert_eq!((&place["field"], &place["classifier"], &place["rows"]), (&json!("ssn"), &json!("us.ssn"), &json!([[0, 1]])));
    // What the row that is gone proved is the person's for as long as the index keeps it; what is frozen, for good.
    let typed = |b: &Bench| b.run_with(&["verify", "-", "--format", "json"], format!("{EMAIL}\n").as_bytes());
    let history = typed(&b);
    assert_eq!((history.status, remaining(&history.json())), (Some(1), vec!["part07.csv".to_owned()]));
    assert_eq!(history.json()["identifiers"], doc["identifiers"]);
    assert_eq!(b.run(&["index", "prune", "--keep", "0d"]).status, Some(0));
    assert_eq!(typed(&b).status, Some(3), "no place of the address is known any more, and the number is not looked for");
    let everywhere = b.run_with(&["verify", "-", "--everywhere", "--format", "json"], format!("{EMAIL}\n{SSN}\n").as_bytes());
    assert_eq!((everywhere.status, remaining(&everywhere.json())), (Some(1), vec!["part07.csv".to_owned()]));

    remove(&b, "part07.csv");
    let done = b.run(&ask[..3]);
    assert_eq!(done.status, Some(0), "{}", done.stdout);
    assert!(done.stdout.contains("Nothing remains") && done.stdout.contains("Never looked at here"), "{}", done.stdout);
    assert!(done.stdout.lines().all(|l| l.chars().count() <= 80), "{}", done.stdout);

    // What is frozen, and what was written down about it, holds no value; an id is not taken twice.
    for file in ["piimap.db.requests/2026-0117.json", "piimap.db.audit"] {
        let text = std::fs::read_to_string(b.path(file)).unwrap();
        assert!(text.contains("2026-") && !text.contains(EMAIL) && !text.contains(SSN), "{file}: {text}");
    }
    assert_eq!(b.run(&["find", "ben.summer@example.com", "--request", "2026-0117"]).status, Some(2));
    assert_eq!(b.run(&["find", "ben.summer@example.com", "--request", "../x"]).status, Some(2));
    assert_eq!(b.run(&["verify", "--request", "none"]).status, Some(2));
}

#[test]
fn what_cannot_be_read_is_no_proof() {
    let b = world();
    // A source that is no longer there, a damaged file, a person whom the index does not know.
    std::fs::rename(b.path("data"), b.path("moved")).unwrap();
    let done = b.run_with(&["verify", "-", "--format", "json"], format!("{EMAIL}\n").as_bytes());
    assert_eq!(done.status, Some(3), "{}", done.stdout);
    assert_eq!(done.json()["not_examined"], 12);
    std::fs::rename(b.path("moved"), b.path("data")).unwrap();
    assert_eq!(b.run_with(&["verify", "-"], b"nobody.at.all@example.com\n").status, Some(3));
    b.write("data/crm.csv", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03broken");
    let doc = b.run_with(&["verify", "-", "--format", "json"], format!("{EMAIL}\n").as_bytes()).json();
    assert_eq!((doc["not_examined"].as_u64(), doc["remains"].as_u64()), (Some(1), Some(11)), "{doc}");
}

#[test]
fn what_stands_in_key_columns_is_looked_for() {
    let b = Bench::new();
    let column = |dataset: &str| format!("[[key]]\ndataset = \"{dataset}\"\nfield = \"customer_id\"\nname = \"customer\"\n");
    b.write("piimap.toml", format!("{}{}", column("crm*"), column("orders*")));
    b.write("data/crm/c.csv", format!("customer_id,email,ssn\nHL-10417,{EMAIL},{SSN}\nHL-10418,ben.summer@example.com,536-90-4399\n"));
    b.write("data/orders/o.csv", "order_id,customer_id,dob\n900000,HL-10417,1961-02-03\n900001,HL-10418,1970-05-06\n");
    b.scan("data", &[]);
    let frozen = b.run(&["find", "HL-10417", "--request", "K1"]);
    assert_eq!(frozen.status, Some(0), "{}", frozen.stderr);

    // Her customer row is deleted, her order is not: whatever she is asked by, it is named.
    std::fs::remove_file(b.path("data/crm/c.csv")).unwrap();
    let who = frozen.stdout.split_whitespace().find(|w| w.starts_with("c_")).unwrap().trim_end_matches(':').to_owned();
    let asks: [&[&str]; 5] =
        [&["HL-10417"], &["HL-10417", "--class", "key.customer"], &[EMAIL], &[&who, "--everywhere"], &["--request", "K1"]];
    for ask in asks {
        let done = b.run(&[&["verify", "--format", "json"], ask].concat());
        assert_eq!((done.status, remaining(&done.json())), (Some(1), vec!["o.csv".to_owned()]), "{ask:?} {}", done.stdout);
    }
    // Her columns are known to the index, whatever the configuration of whoever asks says.
    std::fs::remove_file(b.path("piimap.toml")).unwrap();
    let done = b.run(&["verify", EMAIL, "--format", "json"]);
    let place = done.json()["objects"].as_array().unwrap().iter().find(|o| o["state"] == "remains").unwrap()["places"][0].clone();
    assert_eq!((&place["classifier"], &place["field"], &place["rows"]), (&json!("key.customer"), &json!("customer_id"), &json!([[0, 1]])));

    // And a customer's number is enough to be forgotten by.
    assert_eq!(b.run(&["index", "forget", "HL-10417"]).status, Some(0));
    assert_eq!(b.run(&["find", EMAIL]).status, Some(1));
}

const BADGE: &str = r#"id = "acme.badge"
title = "Badge"
element = "custom"
severity = "high"
identity = "strong"
references = ["https://example.com/badges"]
[[pattern]]
name = "badge"
regex = '''BDG-[0-9]{6}'''
confidence = 0.8
[[match]]
text = "x BDG-123456"
value = "BDG-123456"
[[match]]
text = "y BDG-223456 z"
value = "BDG-223456"
[[reject]]
text = "BDG-12345"
why = "short"
[[reject]]
text = "ABDG123456"
why = "another word"
"#;

#[test]
fn what_a_look_cannot_recognise_is_no_proof() {
    let b = Bench::new();
    b.write("own/acme/badge.toml", BADGE);
    b.write("data/badges.csv", format!("badge,email\nBDG-123456,{EMAIL}\n"));
    b.scan("data", &["--classifiers", "own"]);
    assert_eq!(b.run(&["find", EMAIL, "--request", "Q1", "--classifiers", "own"]).status, Some(0));
    b.write("data/badges.csv", "badge,email\nBDG-123456,\n");
    for ask in [&[EMAIL][..], &[EMAIL, "--everywhere"], &["--request", "Q1"]] {
        let with = b.run(&[&["verify", "--classifiers", "own"], ask].concat());
        assert_eq!(with.status, Some(1), "{ask:?} {}", with.stdout);
        let without = b.run(&[&["verify"], ask].concat());
        assert_eq!(without.status, Some(3), "{ask:?} {}", without.stdout);
        assert!(without.stdout.contains("Not to be recognised by this look: acme.badge."), "{}", without.stdout);
        assert!(without.stdout.lines().all(|l| l.chars().count() <= 80), "{}", without.stdout);
        let doc = b.run(&[&["verify", "--format", "json"], ask].concat()).json();
        assert_eq!(doc["not_recognised"], json!(["acme.badge"]));
    }
    // Nothing is known of it is not said without a word of what was not looked for.
    for ask in [&["find", "BDG-123456"][..], &["index", "forget", "BDG-123456"]] {
        let done = b.run(ask);
        assert_eq!(done.status, Some(1));
        assert!(done.stderr.contains("acme.badge, which was not looked for: give --classifiers"), "{}", done.stderr);
    }
}
