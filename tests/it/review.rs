//! A person judges random findings: what they are shown, what is counted, and that nothing of it stays.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{Bench, Done};

/// Forty people in a table, ten in notes; numbers of tickets that are nobody's.
fn world() -> Bench {
    let b = Bench::new();
    let rows: String = (0..40).map(|i| format!("{},T{i:04},open\n", email(i))).collect();
    b.write("data/crm/people.csv", format!("email,ticket,state_of_it\n{rows}"));
    let notes: String = (40..50).map(|i| format!("Second line of {i}\nplease write to {} about it\n", email(i))).collect();
    b.write("data/notes/notes.txt", notes);
    assert_eq!(b.scan("data", &[]).0, Some(0));
    b
}

fn email(i: usize) -> String {
    format!("person.number{i}@example.com")
}

fn emails() -> BTreeSet<String> {
    (0..50).map(email).collect()
}

/// The questions that were asked: place, value, question.
fn questions(text: &str) -> Vec<(String, String, String)> {
    let mut out = Vec::new();
    let mut lines = text.lines();
    while let Some(l) = lines.next() {
        if l.starts_with('[') {
            let (value, question) = (lines.next().unwrap().trim(), lines.next().unwrap());
            out.push((l.to_owned(), value.to_owned(), question.split(" y/n").next().unwrap().to_owned()));
        }
    }
    out
}

fn review(b: &Bench, more: &[&str], answers: &str) -> Done {
    b.run_with(&[&["review", "--reveal"], more].concat(), answers.as_bytes())
}

#[test]
fn answers_give_precision_and_miss_rate() {
    let b = world();
    assert_eq!(b.json(&["breach", "--object", "**"])["basis"]["review"], Value::Null);
    // Ten findings: nine right, one not known. Ten others: one should have been found, two of them skipped by an early end.
    let answers = "y\n".repeat(8) + "n\n?\n" + "n\n".repeat(7).as_str() + "y\nq\n";
    let ask = ["--sample", "10", "--seed", "4", "--format", "json"];
    let done = review(&b, &ask, &answers);
    assert_eq!(done.status, Some(0), "{}", done.stderr);
    let doc = done.json();
    assert_eq!(doc["findings"], json!({"judged": 9, "right": 8, "precision": {"share": 0.8889, "low": 0.565, "high": 0.9801}}));
    assert_eq!(doc["non_findings"], json!({"judged": 8, "missed": 1, "miss_rate": {"share": 0.125, "low": 0.0224, "high": 0.4709}}));
    assert_eq!((&doc["classifiers"]["generic.email"]["judged"], &doc["skipped"]), (&json!(9), &json!(1)));
    assert_eq!((&doc["seed"], &doc["run"], &doc["not_read"]), (&json!(4), &json!(1), &json!(0)));

    // The questions went to standard error; the findings are planted ones, the others are none.
    let asked = questions(&done.stderr);
    assert_eq!(asked.len(), 19, "{}", done.stderr);
    let planted = emails();
    for (n, (place, value, question)) in asked.iter().enumerate() {
        let bare = value.split('«').next_back().unwrap().split('»').next().unwrap();
        assert_eq!(planted.contains(bare), n < 10, "{place}: {value}");
        assert_eq!(question, if n < 10 { "generic.email?" } else { "personal data that was not found?" });
        if place.contains("notes.txt") && n < 10 {
            assert!(value.starts_with("please write to «person") && value.ends_with("» about it"), "{value}");
        }
    }
    // Two datasets in proportion: of 40 and 10 findings ten are eight and two.
    assert_eq!(asked.iter().take(10).filter(|q| q.0.contains("people.csv")).count(), 8);
    assert_eq!(asked.iter().map(|q| &q.0[q.0.find(']').unwrap()..]).collect::<BTreeSet<_>>().len(), 19, "nothing twice");
    let again = questions(&review(&b, &ask, &answers).stderr);
    assert_eq!(again, asked, "the same seed, the same choice");

    // Answers name the last review; the index holds numbers, the log that somebody looked.
    let done = review(&b, &["--sample", "5", "--seed", "9"], &("y\n".repeat(5) + &"n\n".repeat(5)));
    assert!(done.status == Some(0) && done.stdout.contains("generic.email"), "{}{}", done.stdout, done.stderr);
    assert!(done.stdout.contains("57 to 100 %") && done.stdout.contains("0 to 43 %"), "{}", done.stdout);
    let breach = b.run(&["breach", "--object", "**", "--format", "json"]);
    let last = breach.json()["basis"]["review"].clone();
    assert_eq!((&last["findings"]["judged"], &last["non_findings"]["missed"], &last["seed"]), (&json!(5), &json!(0), &json!(9)));
    let text = b.run(&["breach", "--object", "**", "--html", "breach.html"]).stdout;
    let page = std::fs::read_to_string(b.path("breach.html")).unwrap();
    assert!(text.contains("precision 100 % (57 to 100) of 5 findings") && text.lines().all(|l| l.chars().count() <= 80), "{text}");
    let words = page.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("precision 100 % (57 to 100) of 5 findings, miss rate 0 % (0 to 43) of 5 other values"), "{page}");
    let audit = std::fs::read_to_string(b.path("piimap.db.audit")).unwrap();
    let reviews: Vec<Value> =
        audit.lines().map(|l| serde_json::from_str(l).unwrap()).filter(|l: &Value| l["command"] == "review").collect();
    assert_eq!(reviews.iter().map(|l| l["answered"].clone()).collect::<Vec<_>>(), [json!(20), json!(20), json!(10)]);
    let mut kept = vec![doc.to_string(), breach.stdout, text, page, audit];
    kept.extend(b.index_files().iter().filter(|p| p.is_file()).map(|p| String::from_utf8_lossy(&std::fs::read(p).unwrap()).into_owned()));
    for text in kept {
        assert!(!text.contains("person.number") && !text.contains("please write"), "a value was kept");
    }
}

#[test]
fn nothing_is_shown_that_nobody_asked_to_see() {
    let b = world();
    for format in ["text", "json"] {
        let done = b.run_with(&["review", "--format", format], b"y\ny\n");
        assert_eq!((done.status, done.stdout.as_str()), (Some(2), ""));
        assert!(done.stderr.contains("--reveal") && !done.stderr.contains("person.number"), "{}", done.stderr);
    }
    assert!(!b.path("piimap.db.audit").exists(), "nothing was revealed");
    // Nobody says anything: nothing is kept.
    let done = review(&b, &[], "");
    assert!(done.status == Some(0) && done.stderr.contains("nothing is kept"), "{}", done.stderr);
    assert_eq!(b.json(&["breach", "--object", "**"])["basis"]["review"], Value::Null);
    let done = review(&b, &["--dataset", "none*"], "y\n");
    assert!(done.status == Some(1) && done.stderr.contains("nothing to judge"), "{}", done.stderr);
    let done = review(&b, &["--dataset", "notes/*", "--sample", "3"], &"y\n".repeat(6));
    assert!(questions(&done.stdout).iter().all(|q| q.0.contains("notes.txt")), "{}", done.stdout);
    // What changed after the scan is not shown: the rows are others.
    b.write("data/crm/people.csv", "email,ticket\nsomebody.else@example.com,T1\n");
    let done = review(&b, &["--sample", "10"], &"y\n".repeat(20));
    assert_eq!(done.status, Some(3), "{}", done.stderr);
    assert!(done.stderr.contains("could not be read again") && !done.stdout.contains("somebody.else"), "{}", done.stderr);
}

#[test]
fn every_format_gives_its_values_again() {
    let b = Bench::with_samples();
    // UTF-16, escapes, a document, an archive: places are those of the bytes as they lie there.
    let utf16: Vec<u8> =
        [0xfeff].into_iter().chain("Grüße an wide.person@example.com, bitte.\n".encode_utf16()).flat_map(u16::to_le_bytes).collect();
    b.write("samples/more/wide.txt", utf16);
    b.write("samples/more/page.html", "<html><body><p>Write to <b>html.person&#64;example.com</b> &amp; wait.</p></body></html>");
    b.write("samples/more/doc.json", "{\"a\": [{\"mail\": \"json.person\\u0040example.com\"}], \"b\": \"x\"}");
    assert_eq!(b.scan("samples", &[]).0, Some(3));
    let done = review(&b, &["--sample", "1500", "--seed", "1", "--reason", "quarterly"], &"y\n".repeat(3000));
    let asked = questions(&done.stdout);
    let findings: Vec<_> = asked.iter().filter(|q| q.2 != "personal data that was not found?").collect();
    assert!(findings.len() > 1000 && asked.len() > findings.len() + 300, "{} of {}", findings.len(), asked.len());
    assert!(done.status == Some(0), "{}", done.stderr);
    let mut wrong = Vec::new();
    for (place, value, class) in &findings {
        let digits = value.bytes().filter(u8::is_ascii_digit).count();
        let fits = match class.trim_end_matches('?') {
            "generic.email" => value.contains('@') || value.contains("%40") || value.contains("&#64;"),
            "us.ssn" => digits >= 9,
            "generic.phone" => digits >= 7,
            "generic.ip_address" => value.contains(['.', ':']),
            "us.zip_code" => digits >= 4,
            _ => !value.is_empty(),
        };
        if !fits {
            wrong.push(format!("{place}: {class} {value}"));
        }
    }
    assert!(wrong.is_empty(), "{} values are not what was found:\n{}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
    let more = review(&b, &["--sample", "50", "--dataset", "more/*"], &"y\n".repeat(100));
    let shown: Vec<String> = questions(&more.stdout).into_iter().map(|q| q.1).collect();
    for want in ["wide.person@example.com", "html.person@example.com", "json.person@example.com"] {
        assert!(shown.iter().any(|v| v.contains(want)), "{want}: {shown:?}");
    }
}
