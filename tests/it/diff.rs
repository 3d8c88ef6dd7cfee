//! What changed between two runs: each change of a history is named once, and nothing else.

use serde_json::Value;

use crate::support::Bench;

fn people(from: usize, to: usize, ssn: bool) -> String {
    let head = if ssn { "email,ssn\n" } else { "email\n" };
    let row = |n: usize| format!("p{n}@example.com{}\n", if ssn { format!(",457-55-{:04}", 1000 + n) } else { String::new() });
    (from..to).fold(head.to_owned(), |all, n| all + &row(n))
}

/// The changes between two runs, a line each.
fn told(b: &Bench, runs: &[&str]) -> Vec<String> {
    let done = b.run(&[&["diff", "--format", "json"], runs].concat());
    let doc = done.json();
    let changes = doc["changes"].as_array().unwrap();
    assert_eq!(done.status, Some(i32::from(!changes.is_empty())), "{}", done.stderr);
    let text = b.run(&[&["diff"], runs].concat());
    assert_eq!(text.stdout.lines().filter(|l| l.starts_with(['+', '-', '~'])).count(), changes.len(), "{}", text.stdout);
    assert!(text.stdout.lines().all(|l| l.chars().count() <= 80), "{}", text.stdout);
    let tell = |c: &Value| {
        let field = c["field"].as_str().map(|f| format!(".{f}")).unwrap_or_default();
        let amount = |a: &Value| format!("{}/{}", a["count"], a["consumers"]);
        format!(
            "{} {}{field} {} > {} {}",
            c["what"].as_str().unwrap(),
            c["dataset"].as_str().unwrap(),
            amount(&c["before"]),
            amount(&c["after"]),
            c["sensitive"]
        )
    };
    changes.iter().map(tell).collect()
}

#[test]
fn six_runs() {
    let b = Bench::new();
    b.write("d/crm.csv", people(0, 10, false));
    b.scan("d", &[]);
    // Before there are two, there is nothing to compare.
    let done = b.run(&["diff"]);
    assert!(done.status == Some(2) && done.stderr.contains("no two completed runs"), "{}", done.stderr);
    b.scan("d", &[]);
    assert_eq!(told(&b, &[]), [""; 0]);

    b.write("d/leads.csv", people(20, 23, false));
    b.scan("d", &[]);
    assert_eq!(told(&b, &[]), ["dataset_appeared leads.csv 0/0 > 3/3 false"]);

    b.write("d/crm.csv", people(0, 12, true));
    b.scan("d", &[]);
    assert_eq!(told(&b, &[]), ["field_appeared crm.csv.ssn 0/0 > 12/12 true"]);

    b.write("d/crm.csv", people(0, 15, true));
    std::fs::remove_file(b.path("d/leads.csv")).unwrap();
    b.scan("d", &[]);
    assert_eq!(told(&b, &[]), ["amount_changed crm.csv 24/12 > 30/15 false", "dataset_vanished leads.csv 3/3 > 0/0 false"]);

    b.write("d/crm.csv", "sku,price\nA-1,3\nA-2,4\n");
    b.scan("d", &[]);
    assert_eq!(told(&b, &[]), ["dataset_vanished crm.csv 30/15 > 0/0 true"]);

    // Any two, and the first against the last.
    assert_eq!(told(&b, &["2", "3"]), ["dataset_appeared leads.csv 0/0 > 3/3 false"]);
    assert_eq!(told(&b, &["1", "6"]), ["dataset_vanished crm.csv 10/10 > 0/0 false"]);
    let done = b.run(&["diff", "1", "17"]);
    assert!(done.status == Some(2) && done.stderr.contains("17"), "{}", done.stderr);
}
