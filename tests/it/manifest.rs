//! `piimap scan --manifest`: the files of an UNLOAD alone.

use serde_json::{Value, json};

use crate::support::s3_server::{ACCESS_KEY, S3Server, SECRET_KEY};
use crate::support::{Bench, Done};

fn verbose(urls: &[(&str, u64)]) -> String {
    let entries: Vec<Value> = urls.iter().map(|(url, n)| json!({"url": url, "meta": {"content_length": n, "record_count": 1}})).collect();
    let element = |name: &str, base: &str| json!({"name": name, "type": {"base": base, "max_length": 80}});
    json!({"entries": entries, "schema": {"elements": [element("id", "integer"), element("mail", "character varying")]}}).to_string()
}

/// An unload with a leftover of an earlier one, a file of a partition, and something else beside.
fn bench(root: &str) -> Bench {
    let b = Bench::new();
    b.write(&format!("{root}/crm/people_0000_part_00"), "1|ada.winter@example.com\n");
    b.write(&format!("{root}/crm/people_0001_part_00"), "2|ben.summer@example.com\n");
    b.write(&format!("{root}/crm/people_0002_part_00"), "3|left.over@example.com\n");
    b.write(&format!("{root}/crm/other.csv"), "email\nnot.listed@example.com\n");
    b
}

fn mails(b: &Bench) -> Vec<(String, String, String)> {
    let word = |v: &Value| v.as_str().unwrap_or("-").to_owned();
    let found = ["ada.winter", "ben.summer", "left.over", "not.listed"].into_iter().flat_map(|who| {
        let doc = b.json(&["find", &format!("{who}@example.com")]);
        doc["places"].as_array().unwrap().iter().map(|p| (who.to_owned(), word(&p["dataset"]), word(&p["field"]))).collect::<Vec<_>>()
    });
    found.collect()
}

fn coverage(b: &Bench) -> Vec<(String, String)> {
    let word = |v: &Value| v.as_str().unwrap().to_owned();
    b.run(&["coverage", "--format", "json"]).lines().iter().map(|l| (word(&l["uri"]), word(&l["reason"]))).collect()
}

const PEOPLE: [(&str, &str, &str); 2] = [("ada.winter", "crm/people", "mail"), ("ben.summer", "crm/people", "mail")];

fn owned(all: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
    all.iter().map(|(a, b, c)| ((*a).to_owned(), (*b).to_owned(), (*c).to_owned())).collect()
}

#[test]
fn a_copied_unload_is_read_as_its_manifest_lists_it() {
    let b = bench("copy");
    let url = |n: u32| format!("s3://far-away/unloads/crm/people_000{n}_part_00");
    let manifest = b.write("elsewhere/people_manifest", verbose(&[(&url(0), 25), (&url(1), 25)]));
    let (status, doc) = b.scan("copy", &["--manifest", manifest.to_str().unwrap()]);
    assert_eq!((status, &doc["objects"]["listed"]), (Some(0), &json!(2)));
    assert_eq!(mails(&b), owned(&PEOPLE));
    let map = b.json(&["map"]);
    assert_eq!(map["datasets"].as_array().unwrap().len(), 1, "{map}");

    // A file that is gone, one that has another length: lines of coverage; what lies beside is as it was.
    let missing = url(7);
    let manifest = b.write("elsewhere/people_manifest", verbose(&[(&url(0), 25), (&url(1), 99), (&missing, 1)]));
    let (status, _) = b.scan("copy", &["--manifest", manifest.to_str().unwrap(), "--full"]);
    assert_eq!(status, Some(3));
    let home = b.path("copy/crm/people_0001_part_00").display().to_string();
    let mut lines = coverage(&b);
    lines.sort();
    assert_eq!(lines, [(home, "export_incomplete".to_owned()), (missing, "export_incomplete".to_owned())]);
    assert_eq!(mails(&b), owned(&PEOPLE));

    // Everything first, then the manifest: what it does not list stays known.
    assert_eq!(b.scan("copy", &["--index", "all.db"]).0, Some(0));
    let (_, doc) = b.scan("copy", &["--index", "all.db", "--manifest", manifest.to_str().unwrap()]);
    assert_eq!(doc["objects"]["gone"], 0, "{doc}");
    std::fs::remove_file(b.path("copy/crm/people_0001_part_00")).unwrap();
    let (_, doc) = b.scan("copy", &["--index", "all.db", "--manifest", manifest.to_str().unwrap()]);
    assert_eq!(doc["objects"]["gone"], 1, "what the manifest lists and is gone is gone: {doc}");
}

#[test]
fn partitions_keep_apart_and_a_name_that_several_have_is_no_answer() {
    let b = Bench::new();
    b.write("copy/people/day=1/0000_part_00", "1|ada.winter@example.com\n");
    b.write("copy/people/day=2/0000_part_00", "2|ben.summer@example.com\n");
    let of = |day: u32| format!("s3://far/people/day={day}/0000_part_00");
    let manifest = b.write("people_manifest", verbose(&[(&of(2), 25)]));
    let (status, doc) = b.scan("copy", &["--manifest", manifest.to_str().unwrap()]);
    assert_eq!((status, &doc["objects"]["read"]), (Some(0), &json!(1)));
    assert_eq!(mails(&b).iter().map(|m| m.0.as_str()).collect::<Vec<_>>(), ["ben.summer"]);
    let manifest = b.write("people_manifest", verbose(&[("s3://far/x/0000_part_00", 25)]));
    let (status, doc) = b.scan("copy", &["--manifest", manifest.to_str().unwrap()]);
    assert_eq!((status, &doc["objects"]["listed"]), (Some(3), &json!(0)));
    assert_eq!(coverage(&b)[0].0, "s3://far/x/0000_part_00");
}

#[test]
fn a_bucket_is_read_as_its_manifest_lists_it() {
    let b = bench("store/data");
    b.write(
        "store/data/crm/people_manifest",
        verbose(&[("s3://data/crm/people_0000_part_00", 25), ("s3://data/crm/people_0001_part_00", 25)]),
    );
    b.write("store/data/crm/people_manifest2", "no manifest");
    let server = S3Server::start(&b.path("store"));
    let mut c = b.command(&[
        "scan",
        "s3://data/crm/",
        "--manifest",
        "s3://data/crm/people_manifest",
        "--endpoint-url",
        &server.url(),
        "--format",
        "json",
    ]);
    c.env("AWS_ACCESS_KEY_ID", ACCESS_KEY).env("AWS_SECRET_ACCESS_KEY", SECRET_KEY).env("AWS_EC2_METADATA_DISABLED", "true");
    let done = Done::of(c.spawn().unwrap());
    assert_eq!((done.status, &done.json()["objects"]["listed"]), (Some(0), &json!(2)), "{}", done.stderr);
    assert_eq!(mails(&b), owned(&PEOPLE));
}

#[test]
fn what_is_no_manifest_is_refused() {
    let b = bench("copy");
    b.write("text", "jane@example.com");
    b.write("other.json", "{\"entries\": 1, \"mail\": \"jane@example.com\"}");
    for (args, says) in [
        (&["scan", "copy", "--manifest", "none"][..], "--manifest none: there is no such file"),
        (&["scan", "copy", "--manifest", "text"], "--manifest text: the manifest is not the JSON"),
        (&["scan", "copy", "--manifest", "other.json"], "--manifest other.json: it has no entries"),
        (&["scan", "copy", "copy/crm", "--manifest", "text"], "--manifest goes with one source"),
        (&["scan", "-", "--manifest", "text"], "--manifest goes with a folder"),
        (&["scan", "s3://b/", "--manifest", "text", "--all-versions"], "--manifest does not go with"),
    ] {
        let done = b.run(args);
        assert_eq!(done.status, Some(2), "{args:?}: {}", done.stderr);
        assert!(done.stderr.contains(says) && !done.stderr.contains("jane"), "{args:?}: {}", done.stderr);
    }
}
