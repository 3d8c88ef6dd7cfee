//! The whole way through S3 and a network that fails: the same answers as from a folder.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::fault_proxy::{Fault, FaultProxy};
use crate::support::s3_server::{ACCESS_KEY, S3Server, SECRET_KEY};
use crate::support::{Bench, Done, bench};

/// More than two ranges of 8 MiB.
const LARGE: usize = 18 << 20;

/// The answer without where it was found: uris below `prefix`, no ids of consumers, no times, no versions.
fn relative(v: Value, prefix: &str) -> Value {
    fn walk(v: &mut Value, prefix: &str) {
        match v {
            Value::Object(o) => {
                // Objects of one dataset share a longest prefix; above the root it is the root's own name.
                o.remove("consumers").filter(|c| c.is_array());
                for key in ["consumer", "classifier_set"] {
                    o.remove(key);
                }
                o.values_mut().for_each(|v| walk(v, prefix));
            }
            Value::Array(a) => a.iter_mut().for_each(|v| walk(v, prefix)),
            Value::String(s) => {
                if let Some(below) = s.strip_prefix(prefix) {
                    *s = below.to_owned();
                }
            }
            _ => {}
        }
    }
    let mut v = crate::support::normal(v);
    walk(&mut v, prefix);
    v
}

/// Datasets with their counts of consumers, by field too.
fn consumers(map: &Value) -> Vec<(String, u64, Vec<u64>)> {
    let n = |v: &Value| v["consumers"].as_u64().unwrap();
    let datasets = map["datasets"].as_array().unwrap().iter();
    datasets.map(|d| (d["name"].as_str().unwrap().to_owned(), n(d), d["fields"].as_array().unwrap().iter().map(n).collect())).collect()
}

#[test]
fn a_bucket_is_mapped_as_a_folder_is() {
    let b = Bench::new();
    bench::copy(&bench::repository().join("samples"), &b.path("store/data/company"));
    b.write("store/data/company/logs/large/app-2026-11-04.log", crate::corpora::corpus("b", LARGE));
    b.write("store/data/companion/other.csv", "email\nnot.of.the.prefix@example.com\n");
    let server = S3Server::start(&b.path("store"));
    let proxy = FaultProxy::start(&server.address);

    let s3 = |args: &[&str]| {
        let mut c = b.command(args);
        c.env("AWS_ACCESS_KEY_ID", ACCESS_KEY).env("AWS_SECRET_ACCESS_KEY", SECRET_KEY).env("AWS_REGION", "us-east-1");
        c.env("AWS_EC2_METADATA_DISABLED", "true");
        Done::of(c.spawn().unwrap())
    };
    // Whichever requests meet them: two are refused, some bodies break off.
    let none = Fault::None;
    let slow = Fault::Refuse(503, "SlowDown");
    proxy.next(&[slow, none, slow, none, Fault::Reset(100), none, none, Fault::Reset(2000), none, none, none, none, Fault::Reset(40_000)]);
    let scan = ["scan", "s3://data/company/", "--endpoint-url", &proxy.url(), "--format", "json", "--index", "s3.db"];
    let done = s3(&scan);
    assert_eq!(done.status, Some(3), "the samples hold what cannot be read; {}", done.stderr);
    let seen = proxy.seen();
    let ranges: BTreeSet<&String> = seen.iter().filter(|s| s.contains("app-2026-11-04.log")).collect();
    assert!(ranges.len() >= 3, "the large object is fetched in ranges: {ranges:?}");
    assert!(ranges.iter().all(|r| r.contains("bytes=")), "{ranges:?}");

    let local = b.path("store/data/company");
    let folder = b.run(&["scan", local.to_str().unwrap(), "--format", "json", "--index", "folder.db"]);
    assert_eq!(folder.status, Some(3), "{}", folder.stderr);
    let (remote, folder) = (done.json(), folder.json());
    for key in ["objects", "bytes", "records", "sightings", "consumers", "classifiers"] {
        assert_eq!(remote[key], folder[key], "{key}");
    }

    let (at_s3, at_home) = ("s3://data/company/", format!("{}/", local.display()));
    let ask = |args: &[&str], index: &str| b.json(&[args, &["--index", index]].concat());
    let (map_s3, map_home) = (ask(&["map"], "s3.db"), ask(&["map"], "folder.db"));
    assert_eq!(consumers(&map_s3), consumers(&map_home));
    assert_eq!(map_s3["consumers"], map_home["consumers"]);
    assert_eq!(relative(map_s3, at_s3), relative(map_home, &at_home));
    for who in ["maren.holloway@example.com", "phone-orders@harborlight.example"] {
        let (f3, fh) = (ask(&["find", who], "s3.db"), ask(&["find", who], "folder.db"));
        assert_eq!(f3["consumers"].as_array().unwrap().len(), fh["consumers"].as_array().unwrap().len());
        assert_eq!(relative(f3, at_s3), relative(fh, &at_home), "{who}");
    }
    let other = b.run(&["find", "not.of.the.prefix@example.com", "--index", "s3.db"]);
    assert_eq!(other.status, Some(1), "a prefix that ends at a slash ends there");

    // A second run lists, and fetches only what may have become complete and the manifests that say how tables lie.
    proxy.next(&[]);
    let again = s3(&scan);
    assert_eq!(again.json()["objects"]["read"], 0);
    assert!(!proxy.seen().iter().any(|s| s.contains("app-2026") || s.contains("customers.csv")), "{:?}", proxy.seen());
}

#[test]
fn what_s3_refuses_is_a_line_and_no_secret_is_told() {
    let b = Bench::new();
    b.write("store/data/a.csv", "email\nada.winter@example.com\n");
    b.write("store/data/b.csv", "email\nben.summer@example.com\n");
    let server = S3Server::start(&b.path("store"));
    let proxy = FaultProxy::start(&server.address);
    let scan = |secret: &str, source: &str| {
        let mut c = b.command(&["scan", source, "--endpoint-url", &proxy.url(), "--format", "json", "--threads", "1"]);
        c.env("AWS_ACCESS_KEY_ID", ACCESS_KEY).env("AWS_SECRET_ACCESS_KEY", secret).env("AWS_REGION", "us-east-1");
        c.env("AWS_EC2_METADATA_DISABLED", "true");
        Done::of(c.spawn().unwrap())
    };
    proxy.next(&[Fault::Refuse(403, "AccessDenied")]);
    let done = scan(SECRET_KEY, "s3://data");
    assert_eq!((done.status, &done.json()["objects"]["unread"]), (Some(3), &json!(1)), "{}", done.stderr);
    let coverage = b.run(&["coverage", "--format", "json"]);
    assert_eq!(coverage.lines()[0]["reason"], "access_denied");
    assert!(!coverage.stdout.contains("jane@"), "the server's message is quoted");
    // What may be allowed by now is tried again.
    let done = scan(SECRET_KEY, "s3://data");
    assert_eq!((done.status, &done.json()["objects"]["read"]), (Some(0), &json!(1)));

    for (secret, source) in [("wrong-secret-wrong-secret", "s3://data"), (SECRET_KEY, "s3://no-such-bucket/x")] {
        let done = scan(secret, source);
        assert!(matches!(done.status, Some(2 | 3)), "{source}: {:?} {}", done.status, done.stdout);
        let all = done.stdout + &done.stderr + &b.run(&["coverage"]).stdout;
        assert!(!all.contains(SECRET_KEY) && !all.contains("wrong-secret") && !all.contains(ACCESS_KEY), "{all}");
    }
    let find = b.run(&["find", "ada.winter@example.com", "--format", "json"]);
    assert_eq!(find.json()["places"][0]["current"], true, "a listing that fails ends nothing");
}
