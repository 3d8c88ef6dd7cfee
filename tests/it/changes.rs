//! `piimap scan --changes`: what messages of S3 name, and nothing else.

use serde_json::{Value, json};

use crate::support::s3_server::{ACCESS_KEY, S3Server, SECRET_KEY};
use crate::support::{Bench, Done};

struct Shop {
    b: Bench,
    server: S3Server,
}

impl Shop {
    fn new(files: &[(&str, &str)]) -> Shop {
        let b = Bench::new();
        files.iter().for_each(|(key, who)| put(&b, key, who));
        let server = S3Server::start(&b.path("store"));
        Shop { b, server }
    }

    fn scan(&self, more: &[&str]) -> Done {
        let url = self.server.url();
        let mut c = self.b.command(&[&["scan", "--endpoint-url", &url, "--format", "json"], more].concat());
        c.env("AWS_ACCESS_KEY_ID", ACCESS_KEY).env("AWS_SECRET_ACCESS_KEY", SECRET_KEY).env("AWS_REGION", "us-east-1");
        c.env("AWS_EC2_METADATA_DISABLED", "true");
        Done::of(c.spawn().unwrap())
    }

    /// Keys of the current places of somebody.
    fn places(&self, who: &str) -> Vec<String> {
        let found = self.b.json(&["find", &format!("{who}@example.com")]);
        let current = found["places"].as_array().unwrap().iter().filter(|p| p["current"] == true);
        current.map(|p| p["uri"].as_str().unwrap().trim_start_matches("s3://data/").to_owned()).collect()
    }

    fn coverage(&self) -> Vec<(String, String, String)> {
        let word = |v: &Value| v.as_str().unwrap().to_owned();
        let lines = self.b.run(&["coverage", "--format", "json"]).lines();
        lines.iter().map(|l| (word(&l["uri"]), word(&l["reason"]), word(&l["detail"]))).collect()
    }
}

fn put(b: &Bench, key: &str, who: &str) {
    b.write(&format!("store/data/{key}"), format!("email\n{who}@example.com\n"));
}

fn notified(bucket: &str, name: &str, key: &str, sequencer: &str) -> Value {
    json!({"eventVersion": "2.1", "eventSource": "aws:s3", "eventName": name, "eventTime": "2026-11-03T22:00:00Z",
        "s3": {"bucket": {"name": bucket}, "object": {"key": key, "sequencer": sequencer}}})
}

fn objects(d: &Done) -> [u64; 5] {
    let o = d.json()["objects"].clone();
    ["listed", "unchanged", "read", "unread", "gone"].map(|k| o[k].as_u64().unwrap())
}

#[test]
fn what_is_named_is_looked_at_and_the_rest_stays() {
    let s = Shop::new(&[("crm/a.csv", "ada"), ("crm/b.csv", "ben"), ("crm/c.csv", "cora"), ("crm/d.csv", "dan"), ("logs/e.csv", "eve")]);
    assert_eq!(objects(&s.scan(&["s3://data/"])), [5, 0, 5, 0, 0]);

    // One is overwritten, one deleted, one comes; of two that changed as well nobody tells.
    put(&s.b, "crm/a.csv", "alma");
    put(&s.b, "crm/new one+ü.csv", "nora");
    put(&s.b, "logs/e.csv", "emil");
    for key in ["crm/b.csv", "crm/d.csv"] {
        std::fs::remove_file(s.b.path(&format!("store/data/{key}"))).unwrap();
    }
    let created = "ObjectCreated:Put";
    let queue = json!({"Messages": [
        {"MessageId": "1", "Body": json!({"Records": [notified("data", created, "crm/a.csv", "01")]}).to_string()},
        {"MessageId": "2", "Body": json!({"Type": "Notification",
            "Message": json!({"Records": [notified("data", "ObjectRemoved:Delete", "crm/b.csv", "0A")]}).to_string()}).to_string()},
        {"MessageId": "3", "Body": json!({"Records": [notified("data", created, "crm/b.csv", "09"), notified("other", created, "x", "01")]}).to_string()},
    ]});
    s.b.write("feed/1.json", format!("{queue:#}\n"));
    let bridge = json!({"source": "aws.s3", "detail-type": "Object Created",
        "detail": {"bucket": {"name": "data"}, "object": {"key": "crm/never there+.csv", "sequencer": "01"}}});
    let new = json!({"Records": [notified("data", created, "crm/new+one%2B%C3%BC.csv", "01")]});
    let log = json!({"Records": [notified("data", created, "logs/e.csv", "02")]});
    s.b.write("feed/2.jsonl", format!("{bridge}\n{{\"Records\":[{{\"torn jane@example.com\n{new}\n{log}\n"));

    let done = s.scan(&["s3://data/crm/", "--changes", "feed"]);
    assert_eq!((done.status, objects(&done)), (Some(3), [2, 0, 2, 0, 1]), "{}", done.stderr);
    let now = ["ada", "alma", "ben", "cora", "dan", "eve", "emil", "nora"].map(|who| s.places(who).concat());
    assert_eq!(now, ["", "crm/a.csv", "", "crm/c.csv", "crm/d.csv", "logs/e.csv", "", "crm/new one+ü.csv"]);
    let mut lines = s.coverage();
    lines.sort();
    let said: Vec<(&str, &str)> = lines.iter().map(|l| (l.0.as_str(), l.1.as_str())).collect();
    assert_eq!(said, [("feed", "excluded"), ("feed", "malformed_records")]);
    assert!(lines[0].2.ends_with(": 2") && lines[1].2.contains("no object: 1") && !lines[1].2.contains("jane"), "{lines:?}");

    // The same messages again, less what is damaged, read nothing; and a deletion that was followed by a new object deletes nothing.
    s.b.write("again.json", format!("{queue}\n{}", json!({"Records": [notified("data", "ObjectRemoved:Delete", "crm/c.csv", "FF")]})));
    let done = s.scan(&["s3://data/crm/", "--changes", "again.json"]);
    assert_eq!((done.status, objects(&done)), (Some(0), [2, 2, 0, 0, 0]), "{}", done.stderr);
    assert_eq!(s.places("cora"), ["crm/c.csv"]);

    // The whole listing finds the rest.
    assert_eq!(objects(&s.scan(&["s3://data/"])), [4, 3, 1, 0, 1]);
    assert_eq!(["dan", "emil"].map(|who| s.places(who).concat()), ["", "logs/e.csv"]);
}

#[test]
fn a_bucket_that_is_not_there_says_nothing_of_its_keys() {
    let s = Shop::new(&[("crm/a.csv", "ada")]);
    assert_eq!(objects(&s.scan(&["s3://data/"])), [1, 0, 1, 0, 0]);
    let feed = json!({"Records": [notified("data", "ObjectRemoved:Delete", "crm/a.csv", "01")]});
    s.b.write("feed.json", feed.to_string());
    std::fs::rename(s.b.path("store/data"), s.b.path("store/moved")).unwrap();
    let done = s.scan(&["s3://data/", "--changes", "feed.json"]);
    assert_eq!((done.status, objects(&done)), (Some(3), [0, 0, 0, 0, 0]), "{}", done.stderr);
    assert_eq!(s.places("ada"), ["crm/a.csv"]);
    assert_eq!(s.coverage()[0].1, "listing_failed");
    // What does not fit is refused before anything is done.
    for (args, says) in [
        (&["store", "--changes", "feed.json"][..], "goes with s3://"),
        (&["s3://data/", "--changes", "feed.json", "--all-versions"], "does not go with --all-versions"),
        (&["s3://data/", "--changes", "no-such.json"], "no-such.json"),
    ] {
        let done = s.scan(args);
        assert!(done.status == Some(2) && done.stderr.contains(says), "{args:?}: {:?} {}", done.status, done.stderr);
    }
}
