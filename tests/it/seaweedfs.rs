//! Against an S3 that others made, where one runs: many objects, odd keys, versions, what changes between runs.
//!
//! `PIIMAP_TEST_SEAWEEDFS=http://127.0.0.1:PORT` names it, `PIIMAP_TEST_SEAWEEDFS_KEY` and `…_SECRET` its user. SeaweedFS orders keys folder
//! by folder and takes slashes away at the beginning of a key: what it lists itself is the truth here.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use piimap::base::Object;
use piimap::source::s3::{self, S3};
use piimap::source::{Options, Source};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::support::fault_proxy::{Fault, FaultProxy};
use crate::support::{Bench, Done, of_others};

const SMALL: usize = 20_000;
const LARGE: usize = 20;
/// A little more than one range of 8 MiB.
const LARGE_BYTES: usize = (8 << 20) + 4096;

/// The server, and a client that is not ours.
struct Weed {
    url: String,
    key: String,
    secret: String,
    client: Client,
    runtime: Runtime,
}

impl Weed {
    /// The server that the environment names; else says that `test` was not run.
    fn find(test: &str) -> Option<Weed> {
        let url = of_others("PIIMAP_TEST_SEAWEEDFS", &format!("seaweedfs::{test}"))?;
        let [key, secret] = ["PIIMAP_TEST_SEAWEEDFS_KEY", "PIIMAP_TEST_SEAWEEDFS_SECRET"].map(|name| std::env::var(name).unwrap());
        assert!(url.starts_with("http://127.0.0.1:"), "tests speak to this machine alone");
        let keys = Credentials::new(&key, &secret, None, None, "test");
        let config = aws_sdk_s3::Config::builder().behavior_version(BehaviorVersion::latest()).credentials_provider(keys);
        let config = config.region(Region::from_static("us-east-1")).endpoint_url(&url).force_path_style(true);
        Some(Weed { url, key, secret, client: Client::from_conf(config.build()), runtime: Runtime::new().unwrap() })
    }

    /// A new bucket of this test run's own.
    fn bucket(&self, name: &str) -> String {
        let name = format!("{name}-{}", std::process::id());
        self.runtime.block_on(self.client.create_bucket().bucket(&name).send()).unwrap();
        name
    }

    /// Stores all of them, 32 at a time.
    fn put(&self, bucket: &str, all: impl IntoIterator<Item = (String, Vec<u8>)>) {
        let slots = Arc::new(tokio::sync::Semaphore::new(32));
        self.runtime.block_on(async {
            let mut tasks = tokio::task::JoinSet::new();
            for (key, body) in all {
                let slot = slots.clone().acquire_owned().await.unwrap();
                let request = self.client.put_object().bucket(bucket).key(key).body(body.into());
                tasks.spawn(async move {
                    request.send().await.unwrap();
                    drop(slot);
                });
            }
            tasks.join_all().await;
        });
    }

    fn delete(&self, bucket: &str, key: &str) {
        self.runtime.block_on(self.client.delete_object().bucket(bucket).key(key).send()).unwrap();
    }

    /// Keys and sizes as the server lists them, one page after the other; in byte order.
    fn truth(&self, bucket: &str) -> BTreeMap<String, u64> {
        let (mut out, mut token) = (BTreeMap::new(), None);
        loop {
            let page = self.client.list_objects_v2().bucket(bucket).set_continuation_token(token);
            let page = self.runtime.block_on(page.send()).unwrap();
            out.extend(page.contents().iter().map(|o| (o.key().unwrap().to_owned(), o.size().unwrap() as u64)));
            token = page.next_continuation_token().map(str::to_owned);
            if token.is_none() {
                return out;
            }
        }
    }

    fn source(&self, url: &str, bucket: &str, prefix: &str, listers: usize) -> S3 {
        let keys = Credentials::new(&self.key, &self.secret, None, None, "test");
        let config = aws_sdk_s3::config::Builder::new().credentials_provider(keys).region(Region::from_static("us-east-1"));
        s3::connect(config, bucket, prefix, &Options { endpoint_url: Some(url.to_owned()), listers, ..Options::default() }).unwrap()
    }

    fn run(&self, b: &Bench, args: &[&str]) -> Done {
        let mut c = b.command(&[args, &["--format", "json", "--endpoint-url", &self.url]].concat());
        c.env("AWS_ACCESS_KEY_ID", &self.key).env("AWS_SECRET_ACCESS_KEY", &self.secret).env("AWS_EC2_METADATA_DISABLED", "true");
        Done::of(c.spawn().unwrap())
    }
}

fn listed(s: &S3) -> Vec<Object> {
    let mut all = Vec::new();
    let failures = s.list(&mut |o| all.push(o));
    assert!(failures.is_empty(), "{failures:?}");
    all
}

/// In what a listing is not the truth: keys that are missing, invented, there twice, out of order, of another size.
fn differs(all: &[(String, u64)], truth: &BTreeMap<String, u64>) -> Option<String> {
    let seen: BTreeMap<&str, u64> = all.iter().map(|(key, size)| (key.as_str(), *size)).collect();
    let missing: Vec<&String> = truth.keys().filter(|k| !seen.contains_key(k.as_str())).collect();
    let invented: Vec<&str> = seen.keys().copied().filter(|k| !truth.contains_key(*k)).collect();
    let other = truth.iter().find(|(k, size)| seen.get(k.as_str()).is_some_and(|s| s != *size));
    let before = all.windows(2).find(|pair| pair[0].0 >= pair[1].0);
    let few = |n: usize| n.min(3);
    (missing.len() + invented.len() > 0 || all.len() != truth.len() || other.is_some() || before.is_some()).then(|| {
        format!(
            "{} listed of {}; {} missing: {:?}…; {} invented: {:?}…; of another size: {other:?}; not in order: {before:?}",
            all.len(),
            truth.len(),
            missing.len(),
            &missing[..few(missing.len())],
            invented.len(),
            &invented[..few(invented.len())],
        )
    })
}

fn objects(d: &Done) -> [u64; 5] {
    let o = d.json()["objects"].clone();
    ["listed", "unchanged", "read", "partial", "gone"].map(|k| o[k].as_u64().unwrap())
}

fn small_key(i: usize) -> String {
    format!("crm/{:02}/part-{i:05}.csv", i % 20)
}

fn small(i: usize, who: &str) -> Vec<u8> {
    format!("id,email\n{i},{who}{i}@example.com\n").into_bytes()
}

/// Lines without anything personal, with an address across the border of two ranges and one at the end.
fn large(i: usize) -> (Vec<u8>, [usize; 2]) {
    let mut text = Vec::with_capacity(LARGE_BYTES + 64);
    while text.len() < LARGE_BYTES {
        text.extend_from_slice(b"the gate of the store opens and closes\n");
    }
    let at = (8 << 20) - 9;
    let who = format!(" edge.person{i:02}@example.com ");
    text[at..at + who.len()].copy_from_slice(who.as_bytes());
    let end = text.len();
    text.extend_from_slice(format!("last.person{i:02}@example.com").as_bytes());
    (text, [at + 1, end])
}

/// The bytes of the only place of this address below a uri.
fn bytes_of(b: &Bench, who: &str) -> (String, Value) {
    let found = b.json(&["find", who]);
    let places = found["places"].as_array().unwrap();
    assert_eq!(places.len(), 1, "{who}: {found}");
    (places[0]["uri"].as_str().unwrap().to_owned(), places[0]["bytes"].clone())
}

#[test]
fn many_objects_are_listed_and_read_and_only_what_changed_again() {
    let Some(w) = Weed::find("many_objects_are_listed_and_read_and_only_what_changed_again") else { return };
    let (b, bucket) = (Bench::new(), w.bucket("many"));
    w.put(&bucket, (0..SMALL).map(|i| (small_key(i), small(i, "first"))));
    let large_key = |i: usize| format!("logs/large {i:02}+.txt");
    w.put(&bucket, (0..LARGE).map(|i| (large_key(i), large(i).0)));
    let truth = w.truth(&bucket);
    assert_eq!(truth.len(), SMALL + LARGE);

    // The same for one hand and for many, and with pages that fail on the way.
    let proxy = FaultProxy::start(w.url.trim_start_matches("http://"));
    let slow = Fault::Refuse(503, "SlowDown");
    for (way, url, listers) in [("straight", w.url.clone(), 1), ("straight", w.url.clone(), 8), ("through faults", proxy.url(), 8)] {
        proxy.next_listings(&[slow, Fault::None, Fault::Reset(500), slow, Fault::Truncate(900), Fault::None, slow]);
        let all = listed(&w.source(&url, &bucket, "", listers));
        let keys = all.iter().map(|o| (o.uri.strip_prefix(&format!("s3://{bucket}/")).unwrap().to_owned(), o.size));
        assert_eq!(differs(&keys.collect::<Vec<_>>(), &truth), None, "{listers} at once, {way}");
    }
    assert_eq!(listed(&w.source(&w.url, &bucket, "crm/07/part-0", 8)).len(), 500);

    let uri = format!("s3://{bucket}/");
    let done = w.run(&b, &["scan", &uri]);
    assert_eq!((done.status, objects(&done)), (Some(0), [truth.len() as u64, 0, truth.len() as u64, 0, 0]), "{}", done.stderr);
    let doc = done.json();
    assert_eq!(doc["bytes"]["stored"].as_u64().unwrap(), truth.values().sum::<u64>());
    assert_eq!((&doc["consumers"], &doc["records"]), (&json!(SMALL + 2 * LARGE), &json!(SMALL)));
    for i in [0, 7, 19_999] {
        let found = b.json(&["find", &format!("first{i}@example.com")]);
        let place = &found["places"][0];
        assert_eq!(found["places"].as_array().unwrap().len(), 1);
        assert_eq!((&place["uri"], &place["rows"]), (&json!(format!("{uri}{}", small_key(i))), &json!([[0, 1]])));
    }
    for i in [0, 13] {
        let [edge, end] = large(i).1;
        for (who, at) in [("edge", edge), ("last", end)] {
            let place = bytes_of(&b, &format!("{who}.person{i:02}@example.com"));
            assert_eq!(place, (format!("{uri}{}", large_key(i)), json!([[at, at + 25]])));
        }
    }

    // Five are written anew (one with the same bytes), three deleted, two come.
    w.put(&bucket, (0..5).map(|i| (small_key(i), small(i, if i == 4 { "first" } else { "second" }))));
    w.put(&bucket, (SMALL..SMALL + 2).map(|i| (small_key(i), small(i, "first"))));
    (100..103).for_each(|i| w.delete(&bucket, &small_key(i)));
    let done = w.run(&b, &["scan", &uri]);
    let [listed, unchanged, read, partial, gone] = objects(&done);
    assert_eq!((done.status, listed, partial, gone), (Some(0), truth.len() as u64 - 1, 0, 3), "{}", done.stderr);
    assert_eq!((read, unchanged + read), (6, listed), "the ETag of the same bytes is the same");
    let current = |who: &str| b.json(&["find", who])["places"].as_array().unwrap().iter().filter(|p| p["current"] == true).count();
    assert_eq!(["second0@example.com", "first0@example.com", "first100@example.com", "first20001@example.com"].map(current), [1, 0, 0, 1]);
    let done = w.run(&b, &["scan", &uri]);
    assert_eq!(objects(&done), [listed, listed, 0, 0, 0]);
}

#[test]
fn odd_keys_are_read_as_they_are() {
    let Some(w) = Weed::find("odd_keys_are_read_as_they_are") else { return };
    let (b, bucket) = (Bench::new(), w.bucket("odd"));
    let odd = [
        "a",
        "a/x.csv",
        "a-b.csv",
        "a.csv",
        "a0",
        "sp ace/k e y.csv",
        "pl+us.csv",
        "per%2Fcent.csv",
        "100%.csv",
        "emoji-😀.csv",
        "new\nline.csv",
        "/lead.csv",
        "x//y.csv",
        "ü/日本.csv",
        "quote'\".csv",
        "q?a=b&c#d.csv",
        "~.csv",
        "z!/$(x).csv",
    ];
    let body = |i: usize| format!("id,email\n{i},odd{i}@example.com\n").into_bytes();
    w.put(&bucket, odd.iter().enumerate().map(|(i, key)| ((*key).to_owned(), body(i))));
    let truth = w.truth(&bucket);
    assert_eq!(truth.len(), odd.len());
    for listers in [1, 8] {
        let all = listed(&w.source(&w.url, &bucket, "", listers));
        assert!(all.iter().map(|o| o.uri.strip_prefix(&format!("s3://{bucket}/")).unwrap()).eq(truth.keys()), "{all:?}");
    }
    let uri = format!("s3://{bucket}/");
    let done = w.run(&b, &["scan", &uri]);
    assert_eq!((done.status, &done.json()["consumers"]), (Some(0), &json!(odd.len())), "{} {}", done.stderr, b.run(&["coverage"]).stdout);
    for (i, key) in odd.iter().enumerate() {
        // As the server has it.
        let key = key.trim_start_matches('/').replace("//", "/");
        assert!(truth.contains_key(&key), "{key:?} in {truth:?}");
        let found = b.json(&["find", &format!("odd{i}@example.com")]);
        assert_eq!(found["places"][0]["uri"], json!(format!("{uri}{key}")), "{key:?}");
    }
}

#[test]
fn versions_are_history() {
    let Some(w) = Weed::find("versions_are_history") else { return };
    let (b, bucket) = (Bench::new(), w.bucket("versions"));
    let on = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
    w.runtime.block_on(w.client.put_bucket_versioning().bucket(&bucket).versioning_configuration(on).send()).unwrap();
    let text = |who: &str| format!("id,email\n1,{who}@example.com\n").into_bytes();
    for who in ["ada", "ben", "cleo"] {
        w.put(&bucket, [("crm/one key+.csv".to_owned(), text(who))]);
    }
    w.put(&bucket, [("crm/gone.csv".to_owned(), text("dora")), ("crm/stays.csv".to_owned(), text("emil"))]);
    w.delete(&bucket, "crm/gone.csv");
    let uri = format!("s3://{bucket}/crm/");
    let done = w.run(&b, &["scan", &uri]);
    assert_eq!((done.status, objects(&done)), (Some(0), [2, 0, 2, 0, 0]), "{}", done.stderr);
    assert_eq!(b.run(&["find", "ada@example.com"]).status, Some(1), "an old version is not listed unless it is asked for");
    let done = w.run(&b, &["scan", &uri, "--all-versions"]);
    assert_eq!((done.status, objects(&done)), (Some(0), [5, 2, 3, 0, 0]), "{}", done.stderr);
    let store = b.json(&["map"])["stores"][0].clone();
    assert_eq!((&store["uri"], &store["facts"]["versioning"]), (&json!(format!("s3://{bucket}")), &json!("enabled")), "{store}");
    let place = |who: &str| {
        let found = b.json(&["find", &format!("{who}@example.com")]);
        // What ended as the current object goes on as a version.
        let stored: Vec<&Value> = found["places"].as_array().unwrap().iter().filter(|p| p["stored"] == true).collect();
        assert_eq!(stored.len(), 1, "{found}");
        let p = stored[0];
        (p["uri"].as_str().unwrap().split("?versionId=").next().unwrap().to_owned(), p["role"].clone(), p["current"].clone())
    };
    for (who, key, role) in
        [("ada", "one key+", "history"), ("ben", "one key+", "history"), ("cleo", "one key+", "data"), ("dora", "gone", "history")]
    {
        let current = json!(role == "data");
        assert_eq!(place(who), (format!("{uri}{key}.csv"), json!(role), current), "{who}");
    }
    // Overwritten once more: one version more, nothing read twice.
    w.put(&bucket, [("crm/one key+.csv".to_owned(), text("fritz"))]);
    let done = w.run(&b, &["scan", &uri, "--all-versions"]);
    let [listed, _, read, ..] = objects(&done);
    assert_eq!((listed, done.status), (6, Some(0)), "{}", done.stderr);
    assert!((1..=2).contains(&read), "the new one, and the old current one under its version: {}", done.stdout);
    assert_eq!(place("cleo").1, json!("history"));
    assert_eq!(objects(&w.run(&b, &["scan", &uri, "--all-versions"]))[2], 0);
}

#[test]
fn versions_and_delete_markers_leave_no_moment_between_runs_open() {
    let Some(w) = Weed::find("versions_and_delete_markers_leave_no_moment_between_runs_open") else { return };
    let (b, bucket) = (Bench::new(), w.bucket("moments"));
    let on = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
    w.runtime.block_on(w.client.put_bucket_versioning().bucket(&bucket).versioning_configuration(on).send()).unwrap();
    let put = |who: &str| w.put(&bucket, [("crm/one.csv".to_owned(), format!("id,email\n1,{who}@example.com\n").into_bytes())]);
    // Times of versions are whole seconds.
    let moment = || {
        let wait = || std::thread::sleep(std::time::Duration::from_millis(1200));
        wait();
        let now = piimap::base::Timestamp::now().to_string();
        wait();
        now
    };
    let scan = || {
        let done = w.run(&b, &["scan", &format!("s3://{bucket}/crm/"), "--all-versions"]);
        assert_eq!(done.status, Some(0), "{}", done.stderr);
    };
    put("ada");
    scan();
    let mut moments = vec![(moment(), Some("ada"))];
    for who in [Some("ben"), Some("cleo"), None, Some("dora")] {
        match who {
            Some(who) => put(who),
            None => w.delete(&bucket, "crm/one.csv"),
        }
        moments.push((moment(), who));
    }
    scan();
    for (at, there) in &moments {
        for who in ["ada", "ben", "cleo", "dora"] {
            let found = b.json(&["find", &format!("{who}@example.com"), "--as-of", at]);
            let places = found["places"].as_array().unwrap();
            assert_eq!(places.len(), usize::from(*there == Some(who)), "{who} at {at}, when {there:?} was stored: {found}");
            assert_eq!(found["basis"]["as_of"]["gaps"], json!([]), "{found}");
        }
        assert_eq!(b.json(&["map", "--as-of", at])["consumers"], u64::from(there.is_some()), "{at}");
    }
}

#[test]
fn objects_that_messages_name_are_looked_at() {
    let Some(w) = Weed::find("objects_that_messages_name_are_looked_at") else { return };
    let (b, bucket) = (Bench::new(), w.bucket("changes"));
    let on = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
    w.runtime.block_on(w.client.put_bucket_versioning().bucket(&bucket).versioning_configuration(on).send()).unwrap();
    let odd = ["sp ace/k e y.csv", "pl+us.csv", "per%2Fcent.csv", "emoji-😀.csv", "q?a=b&c#d.csv", "ü/日本.csv", "gone.csv", "stays.csv"];
    let text = |who: &str, i: usize| format!("id,email\n{i},{who}{i}@example.com\n").into_bytes();
    w.put(&bucket, odd.iter().enumerate().map(|(i, key)| ((*key).to_owned(), text("first", i))));
    let uri = format!("s3://{bucket}/");
    assert_eq!(objects(&w.run(&b, &["scan", &uri])), [8, 0, 8, 0, 0]);
    w.put(&bucket, odd[..6].iter().enumerate().map(|(i, key)| ((*key).to_owned(), text("second", i))));
    w.delete(&bucket, "gone.csv");
    // As EventBridge tells it, with keys as they are; the removed one got a delete marker.
    let event = |(i, key): (usize, &&str)| {
        let kind = if *key == "gone.csv" { "Object Deleted" } else { "Object Created" };
        let object = json!({"key": key, "sequencer": format!("{i:016X}")});
        json!({"source": "aws.s3", "detail-type": kind, "detail": {"bucket": {"name": bucket}, "object": object}}).to_string() + "\n"
    };
    b.write("feed.jsonl", odd[..7].iter().enumerate().map(event).collect::<String>());
    let done = w.run(&b, &["scan", &uri, "--changes", "feed.jsonl"]);
    assert_eq!((done.status, objects(&done)), (Some(0), [6, 0, 6, 0, 1]), "{}", done.stderr);
    let current = |who: String| b.json(&["find", &who])["places"].as_array().unwrap().iter().filter(|p| p["current"] == true).count();
    for (i, key) in odd.iter().enumerate() {
        let [first, second] = ["first", "second"].map(|who| current(format!("{who}{i}@example.com")));
        assert_eq!((first, second), (usize::from(i == 7), usize::from(i < 6)), "{key}");
    }
    // What is listed afterwards is what is known.
    assert_eq!(objects(&w.run(&b, &["scan", &uri])), [7, 7, 0, 0, 0]);
}
