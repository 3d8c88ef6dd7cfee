//! `piimap scan --changes sqs://…`: messages of a queue are worked on, and deleted when that is done.

use serde_json::{Value, json};

use crate::support::queue_server::QueueServer;
use crate::support::s3_server::{ACCESS_KEY, S3Server, SECRET_KEY};
use crate::support::{Bench, Done, of_others};
use crate::surroundings::request;

struct Shop {
    b: Bench,
    server: S3Server,
    queue: QueueServer,
}

impl Shop {
    fn new() -> Shop {
        let b = Bench::new();
        for key in ["crm/a.csv", "crm/b.csv", "crm/c.csv", "logs/d.csv"] {
            put(&b, key, "first");
        }
        let server = S3Server::start(&b.path("store"));
        let s = Shop { b, server, queue: QueueServer::start() };
        assert_eq!(s.run(&["scan", "s3://data/"]).status, Some(0));
        s
    }

    fn run(&self, args: &[&str]) -> Done {
        scan(&self.b, &self.server.url(), args)
    }

    /// Scans what the queue names.
    fn changes(&self, source: &str, more: &[&str]) -> Done {
        let queue = format!("sqs://{}", self.queue.queue());
        self.run(&[&["scan", source, "--changes", &queue], more].concat())
    }

    fn reasons(&self) -> Vec<String> {
        let lines = self.b.run(&["coverage", "--format", "json"]).lines();
        let mut all: Vec<String> = lines.iter().map(|l| l["reason"].as_str().unwrap().to_owned()).collect();
        all.sort();
        all
    }
}

fn scan(b: &Bench, url: &str, args: &[&str]) -> Done {
    let mut c = b.command(&[args, &["--endpoint-url", url, "--format", "json"]].concat());
    c.env("AWS_ACCESS_KEY_ID", ACCESS_KEY).env("AWS_SECRET_ACCESS_KEY", SECRET_KEY).env("AWS_REGION", "us-east-1");
    c.env("AWS_EC2_METADATA_DISABLED", "true");
    Done::of(c.spawn().unwrap())
}

fn put(b: &Bench, key: &str, who: &str) {
    b.write(&format!("store/data/{key}"), format!("email\n{who}@example.com\n"));
}

fn told(bucket: &str, name: &str, keys: &[&str]) -> Value {
    let one = |key: &&str| {
        json!({"eventVersion": "2.1", "eventSource": "aws:s3", "eventName": name, "eventTime": "2026-11-03T22:00:00Z",
            "s3": {"bucket": {"name": bucket}, "object": {"key": key, "sequencer": "01"}}})
    };
    json!({"Records": keys.iter().map(one).collect::<Vec<_>>()})
}

fn objects(d: &Done) -> [u64; 5] {
    let o = d.json()["objects"].clone();
    ["listed", "unchanged", "read", "unread", "gone"].map(|k| o[k].as_u64().unwrap())
}

const CREATED: &str = "ObjectCreated:Put";

#[test]
fn messages_are_deleted_when_the_index_has_what_they_tell() {
    let s = Shop::new();
    put(&s.b, "crm/a.csv", "second");
    std::fs::remove_file(s.b.path("store/data/crm/b.csv")).unwrap();
    let elsewhere = told("data", CREATED, &["crm/c.csv", "logs/d.csv"]).to_string();
    s.queue.send(told("data", CREATED, &["crm/a.csv"]));
    s.queue.send("{\"Records\":[{\"torn jane@example.com");
    s.queue.send(json!({"Type": "Notification", "Message": told("data", "ObjectRemoved:Delete", &["crm/b.csv"]).to_string()}));
    s.queue.send(&elsewhere);
    s.queue.send(json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "data"}));
    for _ in 0..30 {
        s.queue.send(told("data", CREATED, &["crm/a.csv"]));
    }
    let all = s.queue.visible().len();

    // Whoever only asks what would be read takes nothing out.
    let dry = s.changes("s3://data/crm/", &["--dry-run"]);
    assert_eq!((dry.status, &dry.json()["objects"]), (Some(3), &json!({"listed": 2, "unchanged": 1, "to_read": 1})), "{}", dry.stderr);
    assert_eq!(dry.json()["requests"], json!({"list": 1, "get": 4}), "three looks, a page for the one that is missing, and a range");
    assert_eq!((s.queue.visible().len(), s.queue.requests("DeleteMessageBatch").len()), (all, 0));

    let done = s.changes("s3://data/crm/", &[]);
    assert_eq!((done.status, objects(&done)), (Some(3), [2, 1, 1, 0, 1]), "{}", done.stderr);
    assert_eq!(s.reasons(), ["excluded", "malformed_records"]);
    assert_eq!(s.queue.visible(), ["{\"Records\":[{\"torn jane@example.com", &elsewhere], "they are for somebody else, or for nobody");
    assert_eq!(s.queue.state.lock().unwrap().messages.len(), 2);
    assert!(!done.stderr.contains("jane") && !done.stdout.contains("jane"));
    let order: Vec<String> = s.queue.state.lock().unwrap().seen.iter().map(|(op, _)| op.clone()).collect();
    let (first, last) = (order.iter().position(|o| o == "DeleteMessageBatch"), order.iter().rposition(|o| o == "ReceiveMessage"));
    assert!(first > last, "nothing is deleted before all is done: {order:?}");

    // The whole bucket: the other message is done, too. One that cannot be deleted comes again, and nothing is read twice.
    s.queue.state.lock().unwrap().stuck = 1;
    let done = s.changes("s3://data/", &[]);
    assert_eq!((done.status, objects(&done)), (Some(3), [2, 2, 0, 0, 0]), "{}", done.stderr);
    assert!(done.stderr.contains("1 messages could not be deleted: they will come again"), "{}", done.stderr);
    let done = s.changes("s3://data/", &[]);
    assert_eq!((objects(&done), s.queue.visible().len()), ([2, 2, 0, 0, 0], 1), "{}", done.stderr);
    s.queue.state.lock().unwrap().messages.clear();
    let done = s.changes("s3://data/", &[]);
    assert_eq!((done.status, objects(&done)), (Some(0), [0, 0, 0, 0, 0]), "{}", done.stderr);

    for (args, says) in [
        (&["scan", "s3://data/", "s3://other/", "--changes", "sqs://h/1/q"][..], "a queue goes with one source"),
        (&["scan", "s3://data/", "--changes", "sqs://changes"], "name a queue by its URL"),
    ] {
        let done = s.run(args);
        assert!(done.status == Some(2) && done.stderr.contains(says) && !done.stderr.contains("jane"), "{args:?}: {}", done.stderr);
    }
    // A queue is asked when its source is listed: what it refuses is a line of coverage.
    let done = s.run(&["scan", "s3://data/", "--changes", &format!("sqs://{}x", s.queue.queue())]);
    let lines = s.b.run(&["coverage", "--format", "json"]).stdout;
    assert!(done.status == Some(3) && lines.contains("QueueDoesNotExist"), "{}{lines}", done.stderr);
}

/// The server is this machine's own, and a configuration that has prices says what it costs: a dollar a request.
#[test]
fn looks_are_paid_for_and_what_was_not_read_stays_in_the_queue() {
    let s = Shop::new();
    put(&s.b, "crm/a.csv", "second");
    s.b.write("piimap.toml", "[prices]\nlist = 0\nget = 1000\n");
    s.queue.send(told("data", CREATED, &["crm/a.csv"]));
    s.queue.send(told("data", CREATED, &["crm/c.csv"]));
    let with = ["--config", "piimap.toml"];
    let j = s.changes("s3://data/", &[&with[..], &["--dry-run"]].concat()).json();
    assert_eq!((&j["requests"], &j["usd"]["requests"]), (&json!({"list": 0, "get": 3}), &json!(3.0)), "{j}");

    let done = s.changes("s3://data/", &[&with[..], &["--max-usd", "2.5"]].concat());
    let j = done.json();
    assert_eq!((done.status, &j["usd"], &j["over_budget"]["usd"]), (Some(3), &json!(2.0), &json!(3.0)), "{j}");
    assert_eq!(s.reasons(), ["budget"]);
    let left = s.queue.visible();
    assert!(left.len() == 1 && left[0].contains("crm/a.csv"), "{left:?}");
    let done = s.changes("s3://data/", &[&with[..], &["--max-usd", "9"]].concat());
    assert_eq!((done.status, &done.json()["usd"], objects(&done)), (Some(0), &json!(2.0), [1, 0, 1, 0, 0]), "{}", done.stderr);
    assert!(s.queue.visible().is_empty());
}

#[test]
fn a_queue_that_is_filled_faster_than_it_is_emptied_ends() {
    let s = Shop::new();
    s.queue.state.lock().unwrap().endless = Some(told("data", CREATED, &["crm/a.csv"]).to_string());
    let done = s.changes("s3://data/", &[]);
    assert_eq!((done.status, objects(&done)), (Some(3), [1, 1, 0, 0, 0]), "{}", done.stderr);
    assert_eq!((s.reasons(), s.queue.requests("ReceiveMessage").len()), (vec!["memory_limit".to_owned()], 1000));
    assert!(s.queue.state.lock().unwrap().messages.is_empty(), "all that was received is done");
}

/// Against servers that others made, where they run: `PIIMAP_TEST_MOTO=http://127.0.0.1:PORT`.
#[test]
fn a_queue_of_others_is_emptied() {
    let Some(url) = of_others("PIIMAP_TEST_MOTO", "queue::a_queue_of_others_is_emptied") else { return };
    let (b, name) = (Bench::new(), format!("changes-{}", std::process::id()));
    let sqs = |operation: &str, body: Value| {
        let target = format!("AmazonSQS.{operation}");
        let headers = [("Content-Type", "application/x-amz-json-1.0"), ("X-Amz-Target", target.as_str())];
        let answer = request(&url, "sqs", "POST", "/", &body.to_string(), &headers);
        serde_json::from_str::<Value>(answer.split_once("\r\n\r\n").unwrap().1).unwrap_or_default()
    };
    let queue = sqs("CreateQueue", json!({ "QueueName": name }))["QueueUrl"].as_str().unwrap().to_owned();
    let send = |body: String| sqs("SendMessage", json!({"QueueUrl": queue, "MessageBody": body}));
    request(&url, "s3", "PUT", &format!("/{name}"), "", &[]);
    for n in 0..25 {
        request(&url, "s3", "PUT", &format!("/{name}/{n}.csv"), &format!("email\np{n}@example.com\n"), &[]);
        send(told(&name, CREATED, &[&format!("{n}.csv")]).to_string());
    }
    send("nothing that anybody understands".to_owned());
    let done = scan(&b, &url, &["scan", &format!("s3://{name}"), "--changes", &format!("sqs://{queue}")]);
    assert_eq!((done.status, objects(&done)), (Some(3), [25, 0, 25, 0, 0]), "{}", done.stderr);
    let left = sqs("ReceiveMessage", json!({"QueueUrl": queue, "MaxNumberOfMessages": 10}));
    let bodies: Vec<&Value> = left["Messages"].as_array().unwrap().iter().map(|m| &m["Body"]).collect();
    assert_eq!(bodies, ["nothing that anybody understands"]);
}
