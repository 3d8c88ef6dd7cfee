//! The whole way through S3 and a network that fails: the same answers as from a folder.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::fault_proxy::{Fault, FaultProxy};
use crate::support::s3_server::{ACCESS_KEY, S3Server, SECRET_KEY};
use crate::support::{Bench, Done, bench};

/// More than two ranges of 8 MiB.
const LARGE: usize = 18 << 20;

/// The answer without where it was found: uris below `prefix`, no ids of consumers, no times, no versions.
pub fn relative(v: Value, prefix: &str) -> Value {
    fn walk(v: &mut Value, prefix: &str) {
        match v {
            Value::Object(o) => {
                // Objects of one dataset share a longest prefix; above the root it is the root's own name.
                o.remove("consumers").filter(|c| c.is_array());
                for key in ["consumer", "classifier_set", "stores"] {
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
pub fn consumers(map: &Value) -> Vec<(String, u64, Vec<u64>)> {
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
    let proxy = FaultProxy::start(server.address());

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
fn google_storage_is_read_under_its_own_name() {
    let b = Bench::new();
    b.write("store/data/crm/customers.csv", "email\nada.winter@example.com\n");
    let server = S3Server::start(&b.path("store"));
    let url = format!("http://{}", server.address());
    let gs = |args: &[&str]| {
        let mut c = b.command(args);
        c.env("AWS_ACCESS_KEY_ID", ACCESS_KEY).env("AWS_SECRET_ACCESS_KEY", SECRET_KEY).env("AWS_EC2_METADATA_DISABLED", "true");
        Done::of(c.spawn().unwrap())
    };
    let scan = ["scan", "gs://data/crm/", "--endpoint-url", &url, "--format", "json"];
    let done = gs(&scan);
    assert_eq!(done.status, Some(0), "{}", done.stderr);
    assert_eq!(gs(&scan).json()["objects"]["unchanged"], 1);
    let found = b.json(&["find", "ada.winter@example.com"]);
    assert_eq!(found["places"][0]["uri"], "gs://data/crm/customers.csv");
    let done = gs(&["scan", "gs://data/crm/", "--all-versions"]);
    assert_eq!(done.status, Some(2), "{}", done.stderr);
    assert!(done.stderr.contains("--all-versions"), "{}", done.stderr);
}

#[test]
fn a_dry_run_lists_and_leaves_nothing_behind() {
    let b = Bench::new();
    b.write("store/data/crm/customers.csv", "email\nada.winter@example.com\n");
    b.write("store/data/logs/app.log", vec![b'x'; LARGE]);
    b.write("store/data/crm/old.csv", "email\nben.summer@example.com\n");
    let server = S3Server::start(&b.path("store"));
    let url = format!("http://{}", server.address());
    let s3 = |args: &[&str]| {
        let mut c = b.command(args);
        c.env("AWS_ACCESS_KEY_ID", ACCESS_KEY).env("AWS_SECRET_ACCESS_KEY", SECRET_KEY).env("AWS_EC2_METADATA_DISABLED", "true");
        Done::of(c.spawn().unwrap())
    };
    let dry = ["scan", "s3://data/", "--endpoint-url", &url, "--dry-run", "--format", "json"];
    let done = s3(&dry);
    assert_eq!(done.status, Some(0), "{}", done.stderr);
    let j = done.json();
    assert_eq!(j["objects"], json!({"listed": 3, "unchanged": 0, "to_read": 3}));
    // 18 MiB in ranges of 8 MiB, and two small ones.
    assert_eq!(j["requests"], json!({"list": 1, "get": 5}));
    assert_eq!(j["usd"], Value::Null, "nobody knows the prices of that server");
    assert!(!b.path("piimap.db").exists());
    assert_eq!(s3(&["scan", "s3://data/crm/", "--endpoint-url", &url, "--format", "json"]).status, Some(0));
    assert_eq!(s3(&dry).json()["objects"], json!({"listed": 3, "unchanged": 2, "to_read": 1}));
    let all = s3(&["scan", "s3://data/", "--endpoint-url", &url, "--dry-run", "--full", "--format", "json"]);
    assert_eq!(all.json()["objects"]["to_read"], 3);
    let text = s3(&dry[..5]).stdout;
    assert!(text.contains("A scan would read 1 of 3 objects") && text.lines().all(|l| l.chars().count() <= 80), "{text}");
}

#[test]
fn what_s3_refuses_is_a_line_and_no_secret_is_told() {
    let b = Bench::new();
    b.write("store/data/a.csv", "email\nada.winter@example.com\n");
    b.write("store/data/b.csv", "email\nben.summer@example.com\n");
    let server = S3Server::start(&b.path("store"));
    let proxy = FaultProxy::start(server.address());
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

#[test]
fn versions_archives_and_owners() {
    let b = Bench::new();
    b.write("store/data/crm/a b+ü%2F.csv", "email\nada.winter@example.com\n");
    b.write("store/data/crm/plain.csv", "email\nben.summer@example.com\n");
    b.write("store/data-versions/crm/a b+ü%2F.csv/v1", "email\ncleo.autumn@example.com\n");
    b.write("store/data-versions/crm/a b+ü%2F.csv/v2", "email\ncleo.autumn@example.com\ndora.spring@example.com\n");
    b.write("store/data-versions/crm/deleted.csv/dm1", "");
    b.write("store/data-versions/crm/deleted.csv/v3", "email\nemil.frost@example.com\n");
    let server = S3Server::start(&b.path("store"));
    let scan = |more: &[&str]| {
        let url = server.url();
        let args = [&["scan", "s3://data/crm/", "--endpoint-url", &url, "--format", "json"], more].concat();
        let mut c = b.command(&args);
        c.env("AWS_ACCESS_KEY_ID", ACCESS_KEY).env("AWS_SECRET_ACCESS_KEY", SECRET_KEY).env("AWS_REGION", "us-east-1");
        c.env("AWS_EC2_METADATA_DISABLED", "true");
        Done::of(c.spawn().unwrap())
    };
    let objects = |d: &Done| {
        let o = d.json()["objects"].clone();
        ["listed", "unchanged", "read", "gone"].map(|k| o[k].as_u64().unwrap())
    };
    let done = scan(&[]);
    assert_eq!((done.status, objects(&done)), (Some(0), [2, 0, 2, 0]), "{}", done.stderr);
    let done = scan(&["--all-versions"]);
    assert_eq!((done.status, objects(&done)), (Some(0), [5, 2, 3, 0]), "{}", done.stderr);
    let found = b.json(&["find", "cleo.autumn@example.com"]);
    let places: Vec<(&str, &str, bool)> = found["places"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| (p["uri"].as_str().unwrap(), p["role"].as_str().unwrap(), p["current"].as_bool().unwrap()))
        .collect();
    let at = "s3://data/crm/a b+ü%2F.csv?versionId=";
    assert_eq!(places, [(&*format!("{at}v1"), "history", false), (&*format!("{at}v2"), "history", false)]);
    assert_eq!(b.json(&["find", "emil.frost@example.com"])["places"][0]["uri"], "s3://data/crm/deleted.csv?versionId=v3");
    let map = b.json(&["map"]);
    let odd = map["datasets"].as_array().unwrap().iter().find(|d| d["name"].as_str().unwrap().starts_with("a b")).unwrap();
    assert_eq!((&odd["objects"], &odd["history"]["objects"]), (&json!(3), &json!(2)));

    // A listing without versions ends none, and one with them reads none again.
    assert_eq!(objects(&scan(&[])), [2, 2, 0, 0]);
    assert_eq!(objects(&scan(&["--all-versions"])), [5, 5, 0, 0]);
    std::fs::remove_file(b.path("store/data-versions/crm/deleted.csv/v3")).unwrap();
    assert_eq!(objects(&scan(&["--all-versions"])), [4, 4, 0, 1]);
}

#[test]
fn an_inventory_takes_the_place_of_the_listing() {
    use md5::{Digest, Md5};
    use std::io::Write;
    let hex = |b: &[u8]| Md5::digest(b).iter().map(|b| format!("{b:02x}")).collect::<String>();
    let b = Bench::new();
    b.write("store/data/crm/odd key+.csv", "email\nada.winter@example.com\n");
    b.write("store/data/crm/unlisted.csv", "email\nben.summer@example.com\n");
    let rows = "\"data\",\"crm/odd%20key%2B.csv\",\"29\",\"STANDARD\"\n\"data\",\"crm/cold.csv\",\"29\",\"DEEP_ARCHIVE\"\n";
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(rows.as_bytes()).unwrap();
    let gz = gz.finish().unwrap();
    let manifest = json!({"sourceBucket": "data", "fileFormat": "CSV", "fileSchema": "Bucket, Key, Size, StorageClass",
        "files": [{"key": "inv/data/1.csv.gz", "size": gz.len(), "MD5checksum": hex(&gz)}]})
    .to_string();
    for folder in ["store/reports/inv", "copy"] {
        b.write(&format!("{folder}/data/1.csv.gz"), &gz);
        b.write(&format!("{folder}/2026-11-03T01-00Z/manifest.json"), &manifest);
        b.write(&format!("{folder}/2026-11-03T01-00Z/manifest.checksum"), hex(manifest.as_bytes()));
    }
    let server = S3Server::start(&b.path("store"));
    let scan = |manifest: &str, index: &str| {
        let url = server.url();
        let mut c =
            b.command(&["scan", "s3://data/crm/", "--endpoint-url", &url, "--format", "json", "--inventory", manifest, "--index", index]);
        c.env("AWS_ACCESS_KEY_ID", ACCESS_KEY).env("AWS_SECRET_ACCESS_KEY", SECRET_KEY).env("AWS_REGION", "us-east-1");
        c.env("AWS_EC2_METADATA_DISABLED", "true");
        Done::of(c.spawn().unwrap())
    };
    let copy = b.path("copy/2026-11-03T01-00Z/manifest.json");
    for (at, index) in [("s3://reports/inv/2026-11-03T01-00Z/manifest.json", "a.db"), (copy.to_str().unwrap(), "b.db")] {
        let done = scan(at, index);
        assert_eq!(done.status, Some(3), "{}", done.stderr);
        let o = &done.json()["objects"];
        assert_eq!((&o["listed"], &o["read"], &o["unread"]), (&json!(2), &json!(1), &json!(1)));
        let line = &b.run(&["coverage", "--format", "json", "--index", index]).lines()[0];
        assert_eq!((&line["uri"], &line["reason"]), (&json!("s3://data/crm/cold.csv"), &json!("archived")));
        assert!(line["detail"].as_str().unwrap().contains("DEEP_ARCHIVE"));
        let found = b.json(&["find", "ada.winter@example.com", "--index", index]);
        assert_eq!(found["places"][0]["uri"], "s3://data/crm/odd key+.csv");
        assert_eq!(b.run(&["find", "ben.summer@example.com", "--index", index]).status, Some(1));
    }
    // What is not whole is no listing: nothing is taken for gone.
    b.write("copy/data/1.csv.gz", &gz[..gz.len() - 3]);
    let done = scan(copy.to_str().unwrap(), "b.db");
    assert_eq!((done.status, &done.json()["objects"]["gone"]), (Some(2), &json!(0)), "{}", done.stderr);
    let lines = b.run(&["coverage", "--format", "json", "--index", "b.db"]).lines();
    assert!(lines.iter().any(|l| l["reason"] == "listing_failed"), "{lines:?}");
}

/// However a server of others is named, nobody knows its prices.
#[test]
fn a_dry_run_knows_other_servers_however_they_are_named() {
    let b = Bench::new();
    b.write("store/data/a.csv", "email\nada.winter@example.com\n");
    let server = S3Server::start(&b.path("store"));
    let url = server.url();
    let profile = "[profile other]\nregion = us-east-1\nservices = ours\n\n[services ours]\ns3 =\n  endpoint_url = ";
    b.write("aws", format!("{profile}{url}\n"));
    let config = b.path("aws").display().to_string();
    let ways: [&[(&str, &str)]; 3] =
        [&[("AWS_ENDPOINT_URL", &url)], &[("AWS_ENDPOINT_URL_S3", &url)], &[("AWS_CONFIG_FILE", &config), ("AWS_PROFILE", "other")]];
    for way in ways {
        let mut c = b.command(&["scan", "s3://data/", "--dry-run", "--format", "json"]);
        c.env("AWS_ACCESS_KEY_ID", ACCESS_KEY).env("AWS_SECRET_ACCESS_KEY", SECRET_KEY).env("AWS_REGION", "us-east-1");
        c.env("AWS_EC2_METADATA_DISABLED", "true").envs(way.iter().copied());
        let done = Done::of(c.spawn().unwrap());
        assert_eq!(done.status, Some(0), "{way:?}: {}", done.stderr);
        let doc = done.json();
        assert_eq!((&doc["sources"][0]["to_read"], &doc["usd"]), (&json!(1), &serde_json::Value::Null), "{way:?}: {doc}");
    }
}
