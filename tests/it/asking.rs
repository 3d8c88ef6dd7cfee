//! What is said where a question has no answer, or cannot have one; and what lies beside an answer.

use serde_json::json;

use crate::support::Bench;

const PEOPLE: &str =
    "full_name,email,phone\nAnna Quistgaard,anna.q@example.com,+1-415-555-2671\nBen Summer,ben.s@example.com,+1-415-555-2672\n";

#[test]
fn values_of_which_nothing_is_known_are_told_by_their_place() {
    let b = Bench::new();
    b.write("d/people.csv", PEOPLE);
    assert_eq!(b.scan("d", &[]).0, Some(0));
    let both = b.run(&["find", "anna.q@example.com", "typo@example.com", "ben.s@example.com"]);
    assert!(both.status == Some(0) && both.stdout.contains("Nothing is known of value 2 of 3"), "{}", both.stdout);
    assert!(!both.stdout.contains("typo@"), "a value is not said again");
    let doc = b.json(&["find", "anna.q@example.com", "typo@example.com", "ben.s@example.com"]);
    assert_eq!((&doc["unknown_values"], &doc["no_identifiers"]), (&json!([2]), &json!([])));
    assert!(!b.run(&["find", "anna.q@example.com"]).stdout.contains("Nothing is known"));

    // Names are counted, and nobody is found by one.
    for args in [&["find", "Anna Quistgaard"][..], &["find", "Anna Quistgaard", "--class", "generic.person_name"]] {
        let done = b.run(args);
        assert!(done.status == Some(1) && done.stdout.contains("cannot be looked up"), "{args:?}: {}", done.stdout);
        assert!(done.stdout.lines().all(|l| l.chars().count() <= 80), "{}", done.stdout);
    }
    let doc = b.run(&["find", "Anna Quistgaard", "--format", "json"]).json();
    assert_eq!((&doc["unknown_values"], &doc["no_identifiers"]), (&json!([1]), &json!([1])));
    assert!(!b.run(&["find", "typo@example.com"]).stdout.contains("looked up"), "an address is one, known or not");

    // What people copy.
    for typed in ["<anna.q@example.com>", "Anna <anna.q@example.com>", "mailto:anna.q@example.com", "tel:+1-415-555-2671"] {
        assert_eq!(b.run(&["find", typed]).status, Some(0), "{typed}");
    }
}

#[test]
fn moments_in_the_wrong_order_are_refused() {
    let b = Bench::new();
    b.write("d/people.csv", PEOPLE);
    assert_eq!(b.scan("d", &[]).0, Some(0));
    for (args, says) in [
        (&["--discovered", "2026-11-21", "--determined", "2026-11-20"][..], "--determined 2026-11-20 lies before --discovered 2026-11-21"),
        (&["--from", "2026-11-04", "--to", "2026-11-03"], "lies after --to 2026-11-03"),
        (&["--from", "2026-11-03", "--to", "2026-11-03"], "is the beginning of that day"),
    ] {
        let done = b.run(&[&["breach", "--object", "**"], args].concat());
        assert!(done.status == Some(2) && done.stderr.contains(says), "{args:?}: {}", done.stderr);
    }
    let same = b.run(&["breach", "--object", "**", "--discovered", "2026-11-21T22:00:00Z", "--determined", "2026-11-21"]);
    assert_ne!(same.status, Some(2), "the day may be that of the hour: {}", same.stderr);
}

#[test]
fn a_name_with_brackets_is_in_scope_and_what_names_nothing_is_told() {
    let b = Bench::new();
    b.write("d/people[1].csv", PEOPLE);
    b.write("d/sub/people[1].csv", PEOPLE);
    assert_eq!(b.scan("d", &[]).0, Some(0));
    let uri = b.path("d/people[1].csv").display().to_string();
    for (object, objects) in [(uri.as_str(), 1), ("people[1].csv", 2), ("d/people[1].csv", 1), ("people[[]1[]].csv", 2)] {
        let done = b.run(&["breach", "--object", object, "--format", "json"]);
        let scope = done.json()["scope"].clone();
        assert_eq!((&scope["objects"], &scope["unmet"]), (&objects.into(), &serde_json::json!([])), "{object}: {}", done.stderr);
    }
    let args = [
        "breach",
        "--object",
        "people[1].csv",
        "--object",
        "nosuch.csv",
        "--prefix",
        "/nowhere",
        "--dataset",
        "other/*",
        "--dataset",
        "**",
    ];
    let done = b.run(&args);
    let told: Vec<&str> = done.stdout.lines().filter(|l| l.starts_with("Nothing in the index is named by")).collect();
    let wanted = ["--object nosuch.csv", "--prefix /nowhere", "--dataset other/*"].map(|w| format!("Nothing in the index is named by {w}"));
    assert_eq!(told, wanted, "{}", done.stdout);
    let json = b.json(&args);
    assert_eq!(json["scope"]["unmet"].as_array().map(Vec::len), Some(3));
}

#[cfg(unix)]
#[test]
fn folders_of_answers_are_their_owners() {
    use std::os::unix::fs::PermissionsExt;
    let b = Bench::new();
    b.write("d/people.csv", PEOPLE);
    assert_eq!(b.scan("d", &[]).0, Some(0));
    assert_ne!(b.run(&["breach", "--object", "**", "--bundle", "case"]).status, Some(2));
    assert_eq!(b.run(&["find", "anna.q@example.com", "--request", "17"]).status, Some(0));
    assert_eq!(b.run(&["index", "export", "tables"]).status, Some(0));
    let mode = |name: &str| std::fs::metadata(b.path(name)).unwrap().permissions().mode() & 0o777;
    for folder in ["case", "case/law", "piimap.db.requests", "tables"] {
        assert_eq!(mode(folder), 0o700, "{folder}");
    }
    for file in ["case/answer.txt", "piimap.db.requests/17.json", "tables/runs.parquet", "piimap.db.audit", "piimap.db.audit.head"] {
        assert_eq!(mode(file), 0o600, "{file}");
    }
}

#[test]
fn what_stands_behind_a_value_in_a_list_is_none_of_it() {
    let b = Bench::new();
    b.write("d/people.csv", PEOPLE);
    let rows = |of: &dyn Fn(u32) -> String| (0..300).map(of).collect::<String>();
    let number = |n: u32| format!("HL-{:06}", 100_000 + n * 791_911 % 899_999);
    b.write("d/crm/customers.csv", format!("customer_id,email\n{}", rows(&|n| format!("{},person{n}@example.com\n", number(n)))));
    b.write("d/shop/orders.csv", format!("order_id,customer_id\n{}", rows(&|n| format!("{n},{}\n", number(n)))));
    assert_eq!(b.scan("d", &[]).0, Some(0));
    for typed in [
        "anna.q@example.com,",
        "anna.q@example.com;",
        "ben.s@example.com.",
        "Anna <anna.q@example.com>,",
        "+1-415-555-2671.",
        "mailto:anna.q%40example.com",
        "mailto:typo@example.com,anna.q@example.com?subject=a%20b",
    ] {
        assert_eq!(b.run(&["find", typed]).status, Some(0), "{typed}");
    }
    assert_eq!(b.json(&["find", "anna.q@example.com,"])["places"], b.json(&["find", "anna.q@example.com"])["places"]);
    assert_eq!(b.json(&["find", &number(2)])["consumers"].as_array().map(Vec::len), Some(1), "no key column");
    assert_eq!(b.json(&["find", &format!("{},", number(2))])["places"], b.json(&["find", &number(2)])["places"]);
}

#[test]
fn a_value_of_unknown_form_says_what_to_do() {
    let b = Bench::new();
    b.write("d/people.csv", PEOPLE);
    assert_eq!(b.scan("d", &[]).0, Some(0));
    let done = b.run(&["find", "#7/7~b?"]);
    let text = done.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(done.status == Some(1) && text.contains("is looked up if its classifier is named: `piimap find --class ID`"), "{text}");
    assert!(done.stdout.lines().all(|l| l.chars().count() <= 80), "{}", done.stdout);
    let doc = b.run(&["find", "#7/7~b?", "Anna Quistgaard", "typo@example.com", "--format", "json"]).json();
    assert_eq!((&doc["unknown_forms"], &doc["no_identifiers"], &doc["unknown_values"]), (&json!([1]), &json!([1, 2]), &json!([1, 2, 3])));
}
