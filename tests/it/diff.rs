//! What changed between two runs: each change of a history is named once, and nothing else.

use serde_json::Value;

use crate::serve::Site;
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

    // The newest with itself: no answer, least of all that nothing changed.
    let done = b.run(&["diff", "6"]);
    assert!(done.status == Some(2) && done.stderr.contains("newer than run 6"), "{}", done.stderr);
}

#[test]
fn other_people_in_as_many_rows_are_a_change() {
    let b = Bench::new();
    let rows = |names: &[&str]| names.iter().fold("email,city\n".to_owned(), |all, n| all + &format!("{n}@example.com,Oslo\n"));
    b.write("d/b.csv", rows(&["ann", "dora", "eve"]));
    b.write("d/c.csv", rows(&["zoe"]));
    b.scan("d", &[]);
    b.write("d/b.csv", rows(&["gus", "hal", "eve"]));
    b.scan("d", &[]);
    assert_eq!(told(&b, &[]), ["people_changed b.csv 6/3 > 6/3 false"]);
    let doc = b.run(&["diff", "--format", "json"]).json();
    assert_eq!((&doc["changes"][0]["appeared"], &doc["changes"][0]["vanished"]), (&2.into(), &2.into()));
    assert_eq!(doc["objects"], serde_json::json!({"new": 0, "rewritten": 1, "gone": 0}));
    let text = b.run(&["diff"]).stdout;
    assert!(text.contains("people: 2 came, 2 left") && text.contains("Objects: 1 written anew."), "{text}");

    // One run named: up to the newest.
    assert_eq!(told(&b, &["1"]), told(&b, &["1", "2"]));

    // Written anew with the same people in it: nothing changed but the object.
    b.write("d/b.csv", rows(&["eve", "hal", "gus"]) + "\n\n");
    b.scan("d", &[]);
    assert_eq!(told(&b, &[]), [""; 0]);
    let text = b.run(&["diff"]).stdout;
    assert!(text.contains("no personal data changed; 4 consumers\nObjects: 1 written anew."), "{text}");
}

#[test]
fn data_and_reading_are_told_apart() {
    let b = Bench::new();
    b.write("own.json", r#"[{"name":"Project","regex":"QX[A-Z]{4}[0-9]{2}-[A-Z]+"}]"#);
    assert_eq!(b.run(&["classifiers", "import", "macie", "own.json", "--out", "own"]).status, Some(0));
    let rows = |from: usize, to: usize| {
        (from..to).fold("email,project\n".to_owned(), |all, n| all + &format!("p{n}@example.com,QXABCD{n:02}-ALPHA\n"))
    };
    let causes = |runs: &[&str]| {
        let doc = b.json(&[&["diff"], runs].concat());
        let one =
            |c: &Value| format!("{} {} {}", c["what"].as_str().unwrap(), c["field"].as_str().unwrap_or("-"), c["cause"].as_str().unwrap());
        (doc["classifier_set_changed"].as_bool().unwrap(), doc["changes"].as_array().unwrap().iter().map(one).collect::<Vec<_>>())
    };
    b.write("d/orders-0001.csv", rows(10, 20));
    b.scan("d", &[]);
    // The same objects, read with other classifiers: what these found is told as their doing, in every form.
    b.scan("d", &["--classifiers", "own", "--full"]);
    assert_eq!(causes(&[]), (true, vec!["field_appeared project reading".to_owned()]));
    let doc = b.json(&["diff"]);
    assert_eq!((&doc["changes"][0]["before"]["count"], &doc["changes"][0]["after"]["count"]), (&Value::from(0), &Value::from(10)), "{doc}");
    let text = b.run(&["diff"]).stdout;
    assert!(text.contains("The classifiers are others") && text.contains("(reading)"), "{text}");
    let page = Site::start(&b, &[]).get("/changes?from=1&to=2").body;
    assert!(page.contains("project") && page.contains("<td>reading</td>"), "{page}");
    // An object that is new is data, whatever reads it.
    b.write("d/orders-0002.csv", rows(20, 30));
    b.scan("d", &["--classifiers", "own"]);
    assert_eq!(causes(&[]), (false, vec!["amount_changed - data".to_owned()]));
    assert_eq!(b.json(&["diff"])["changes"][0]["growth"], 1.0);
    assert!(b.run(&["diff"]).stdout.contains("+100 %"));
    // An object that was replaced, by something that other classifiers read.
    b.write("d/solo.csv", rows(40, 50));
    b.scan("d", &["--full"]);
    // The one that is new, and what the classifiers of before no longer find; in two objects of which none changed.
    let told = vec!["field_vanished project reading".to_owned(), "dataset_appeared - data".to_owned()];
    assert_eq!(causes(&[]), (true, told));
    // From the first run to this one the same classifiers read the first object, and what came is data.
    let first = causes(&["1", "4"]).1;
    assert!(
        first.iter().all(|c| c.ends_with(" data") || c.ends_with(" data_or_reading")) && !first.iter().any(|c| c.contains("project")),
        "{first:?}"
    );
    b.write("d/solo.csv", rows(40, 51));
    b.scan("d", &["--classifiers", "own"]);
    let told = vec!["field_appeared project reading".to_owned(), "field_appeared project data_or_reading".to_owned()];
    assert_eq!(causes(&[]), (true, told), "what is unchanged is read again, too");
    assert!(b.run(&["diff"]).stdout.contains("(data or reading)"));
}

/// Takes one request and answers it; gives what was sent.
fn listener(status: &'static str) -> (String, std::thread::JoinHandle<String>) {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook?secret=hush", listener.local_addr().unwrap());
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let (mut got, mut buffer) = (Vec::new(), [0; 4096]);
        loop {
            let n = stream.read(&mut buffer).unwrap();
            got.extend_from_slice(&buffer[..n]);
            let text = String::from_utf8_lossy(&got);
            let whole = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
                let length = head.to_lowercase().lines().find_map(|l| l.strip_prefix("content-length: ").map(str::to_owned));
                length.is_some_and(|l| body.len() >= l.parse().unwrap())
            });
            if n == 0 || whole {
                break;
            }
        }
        stream.write_all(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").as_bytes()).unwrap();
        String::from_utf8(got).unwrap()
    });
    (url, thread)
}

#[test]
fn others_are_told_what_changed_and_nothing_else() {
    let b = Bench::new();
    b.write("d/crm.csv", people(0, 3, false));
    b.scan("d", &[]);
    b.write("d/crm.csv", people(0, 3, true));
    b.scan("d", &[]);
    let (url, got) = listener("204 No Content");
    let done = b.run(&["diff", "--on-change", "cat > told.json; echo \"$PIIMAP_OUTCOME\" > outcome", "--post-change", &url]);
    assert_eq!((done.status, done.stderr.as_str()), (Some(1), ""));
    let want = b.json(&["diff"]);
    assert_eq!(serde_json::from_str::<Value>(&std::fs::read_to_string(b.path("told.json")).unwrap()).unwrap(), want);
    assert_eq!(std::fs::read_to_string(b.path("outcome")).unwrap(), "changed\n");
    let request = got.join().unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(
        head.starts_with("POST /hook?secret=hush HTTP/1.1") && head.to_lowercase().contains("content-type: application/json"),
        "{head}"
    );
    assert_eq!(serde_json::from_str::<Value>(body).unwrap(), want);
    assert!(!body.contains("@example.com") && !body.contains("457-55"));

    // Who cannot be told is no secret; the address is.
    let (url, got) = listener("500 Oh");
    let done = b.run(&["diff", "--post-change", &url]);
    got.join().unwrap();
    assert!(done.status == Some(2) && done.stderr.contains("answered 500") && !done.stderr.contains("hush"), "{}", done.stderr);
    let done = b.run(&["diff", "--on-change", "exit 3"]);
    assert!(done.status == Some(2) && done.stderr.contains("ended with"), "{}", done.stderr);
    let done = b.run(&["diff", "--post-change", "http://alerts.example/x"]);
    assert!(done.status == Some(2) && done.stderr.contains("use https"), "{}", done.stderr);

    // Nothing changed: nobody is told.
    b.scan("d", &[]);
    let done = b.run(&["diff", "--on-change", "touch called"]);
    assert!(done.status == Some(0) && !b.path("called").exists());

    // The schedule tells it, too.
    b.write("d/more.csv", people(10, 12, true));
    b.write("piimap.toml", "[watch]\non_change = \"cat > watched.json\"\n");
    let done = b.run(&["watch", "d", "--runs", "1", "--metrics", "off", "--jitter", "0s"]);
    assert_eq!(done.status, Some(0), "{}", done.stderr);
    let watched: Value = serde_json::from_str(&std::fs::read_to_string(b.path("watched.json")).unwrap()).unwrap();
    assert_eq!((&watched["changes"][0]["what"], &watched["changes"][0]["sensitive"]), (&"dataset_appeared".into(), &true.into()));
    b.write("bad.toml", "[watch]\npost_change = \"http://alerts.example/?key=hush\"\n");
    let done = b.run(&["watch", "d", "--config", "bad.toml"]);
    assert!(done.status == Some(2) && done.stderr.contains("use https") && !done.stderr.contains("hush"), "{}", done.stderr);
}

#[test]
fn what_was_judged_to_count_nothing_is_no_change() {
    let b = Bench::new();
    b.write("d/crm/x.csv", people(0, 3, false));
    b.scan("d", &[]);
    b.write("d/crm/z.csv", "label,ref\na,call 415-731-2001 now\nb,call 415-731-2002 now\n");
    b.write("d/crm/x.csv", people(0, 3, false).replace('\n', " \n"));
    b.scan("d", &[]);
    let before = b.json(&["diff"]);
    assert!(before["changes"].to_string().contains("generic.phone"), "{before}");
    let verdict = |dataset: &str| {
        format!(
            "[[verdict]]\ndataset = \"{dataset}\"\nclassifier = \"generic.phone\"\nverdict = \"wrong\"\nreviewer = \"ann\"\n\
             reason = \"order numbers\"\ndate = \"2026-11-21\"\n"
        )
    };
    b.write("piimap.toml", verdict("crm*/*"));
    let after = b.json(&["diff"]);
    assert!(!after["changes"].to_string().contains("generic.phone"), "{after}");
    assert_eq!(b.run(&["diff", "--on-change", "touch called"]).status, Some(0), "{after}");
    assert!(!b.path("called").exists());
}
