//! Pages of versions as S3 itself writes them.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Mutex;

use aws_sdk_s3::config::{Builder, Credentials, Region};

use super::*;
use crate::source::Options;

/// A version, or a delete marker: key, id, and whether it is one.
type Stored = (String, String, bool);

/// Forty keys with one to twelve versions, the newest first; every fifth key is deleted.
fn stored() -> Vec<Stored> {
    let of =
        |i: usize| (0..1 + i * 5 % 12).rev().map(move |n| (format!("k{i:02}/x"), format!("v{n}"), i.is_multiple_of(5) && n == i * 5 % 12));
    (0..40).flat_map(of).collect()
}

/// When a version was written: an hour after the one before.
fn written(id: &str) -> i64 {
    1_790_000_000_000 + id[1..].parse::<i64>().unwrap() * 3_600_000
}

/// Serves them, ten a page, for as long as the process lives. `sloppy`: behind a key, one is left out.
fn serve(sloppy: bool) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (url, asked) = (format!("http://{}", listener.local_addr().unwrap()), Arc::new(Mutex::new(Vec::new())));
    let seen = asked.clone();
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let seen = seen.clone();
            std::thread::spawn(move || {
                let mut socket = socket.unwrap();
                let (mut head, mut byte) = (Vec::new(), [0]);
                while !head.ends_with(b"\r\n\r\n") && socket.read(&mut byte).unwrap() == 1 {
                    head.push(byte[0]);
                }
                let head = String::from_utf8(head).unwrap();
                let query = head.split(' ').nth(1).unwrap().split_once('?').unwrap().1.to_owned();
                let of = |name: &str| query.split('&').find_map(|f| f.strip_prefix(name)).map(|v| listing::decode(v).unwrap());
                let page = page_of(&stored(), of("key-marker="), of("version-id-marker="), sloppy);
                seen.lock().unwrap().push(query);
                let _ = write!(socket, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{page}", page.len());
            });
        }
    });
    (url, asked)
}

fn page_of(all: &[Stored], key: Option<String>, id: Option<String>, sloppy: bool) -> String {
    let from = match (key, id) {
        (Some(key), Some(id)) => all.iter().position(|v| v.0 == key && v.1 == id).unwrap() + 1,
        (Some(key), None) => all.iter().filter(|v| v.0 <= key).count() + usize::from(sloppy),
        (None, _) => 0,
    };
    let shown: Vec<&Stored> = all.iter().skip(from).take(10).collect();
    let more = from + 10 < all.len();
    let mut out =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListVersionsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">".to_owned();
    out +=
        &format!("<Name>b</Name><Prefix></Prefix><MaxKeys>10</MaxKeys><EncodingType>url</EncodingType><IsTruncated>{more}</IsTruncated>");
    if let Some(last) = shown.last().filter(|_| more) {
        out += &format!("<NextKeyMarker>{}</NextKeyMarker><NextVersionIdMarker>{}</NextVersionIdMarker>", last.0, last.1);
    }
    for v @ (key, id, deleted) in shown {
        let latest = all.iter().find(|other| other.0 == *key) == Some(v);
        let (name, more) = if *deleted { ("DeleteMarker", "") } else { ("Version", "<ETag>&quot;e&quot;</ETag><Size>1</Size>") };
        let at = format!("<LastModified>{}</LastModified>", Timestamp(written(id)));
        out += &format!("<{name}><Key>{key}</Key><VersionId>{id}</VersionId><IsLatest>{latest}</IsLatest>{at}{more}</{name}>");
    }
    out + "</ListVersionsResult>"
}

fn bucket(url: String, elsewhere: bool, listers: usize) -> Arc<Bucket> {
    let config =
        Builder::new().credentials_provider(Credentials::new("a", "b", None, None, "test")).region(Region::from_static("us-east-1"));
    let options = Options { endpoint_url: Some(url), listers, ..Options::default() };
    let client = super::super::client(config, &options);
    let (owner, pace) = (crate::source::hand::owner(), Arc::default());
    Arc::new(Bucket { client, owner, scheme: "s3", name: "b".to_owned(), options, pace, elsewhere, by: "".into() })
}

#[test]
fn several_hands_give_the_versions_that_one_gives() {
    let all = stored();
    // One that is not the newest ended when the next was written, or the key deleted.
    let mut want: Vec<(String, Option<i64>)> = all
        .iter()
        .filter(|v| !v.2)
        .map(|v| match all.iter().find(|other| other.0 == v.0) == Some(v) {
            true => (format!("s3://b/{}", v.0), None),
            false => (versioned(&format!("s3://b/{}", v.0), &v.1), Some(written(&v.1) + 3_600_000)),
        })
        .collect();
    want.sort();
    // Who is not Amazon may be sloppy: it is not asked what lies behind a key.
    for (elsewhere, listers, sloppy) in [(false, 1, false), (false, 8, false), (false, 30, false), (true, 8, true)] {
        let (url, asked) = serve(sloppy);
        let mut seen = Vec::new();
        list(&bucket(url, elsewhere, listers), "", None, &mut Classes::new(), &mut |o| seen.push((o.uri, o.until.map(|t| t.0)))).unwrap();
        assert_eq!(seen, want, "{listers} at once");
        let cuts = asked.lock().unwrap().iter().filter(|q| q.contains("key-marker=") && !q.contains("version-id-marker=")).count();
        assert_eq!(cuts > 0, listers > 1 && !elsewhere, "{cuts} cuts of {}", asked.lock().unwrap().len());
    }
}

#[test]
fn a_version_ends_with_what_came_next() {
    let entry = |old: &str, modified: Option<i64>, marker| Entry {
        key: "k".into(),
        version: "e".into(),
        size: 1,
        modified,
        class: None,
        old: (!old.is_empty()).then(|| old.into()),
        marker,
    };
    let (current, old) = (|at| entry("", Some(at), false), |at| entry("v", Some(at), false));
    let marker = |at| entry("", Some(at), true);
    for (what, all, want) in [
        ("one", vec![current(5)], vec![None]),
        ("overwritten twice", vec![current(9), old(7), old(5)], vec![None, Some(9), Some(7)]),
        ("deleted", vec![marker(9), old(7)], vec![None, Some(9)]),
        ("deleted and written again", vec![marker(7), current(9), old(5)], vec![None, None, Some(7)]),
        ("written twice in one second", vec![current(9), old(5), old(5)], vec![None, Some(9), Some(5)]),
        ("written and deleted in one second", vec![marker(5), old(5)], vec![None, Some(5)]),
        (
            "deleted and written in one second, in whatever order, and overwritten",
            vec![marker(5), current(9), old(5)],
            vec![None, None, None],
        ),
        ("alone", vec![old(5)], vec![None]),
        ("of no known time", vec![current(9), entry("v", None, false)], vec![None, None]),
    ] {
        let mut ends = Vec::new();
        add_ends(&all, &mut ends);
        assert_eq!(ends, want, "{what}");
    }
}

#[test]
fn delete_markers_of_keys_without_versions_do_not_stay() {
    let entry =
        |key: &str, marker| Entry { key: key.into(), version: String::new(), size: 0, modified: Some(5), class: None, old: None, marker };
    let markers = ["a", "b", "c", "c", "d", "f"].map(|key| entry(key, true)).to_vec();
    let left = of_versions(markers, &[entry("d", false), entry("e", false)], Some("f"));
    // The first key may have a version on the page before, the last on the next.
    assert_eq!(left.iter().map(|m| m.key.as_str()).collect::<Vec<_>>(), ["a", "d", "f"]);
}
