//! Objects in S3, through a network that fails.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::fault_proxy::{Fault, FaultProxy};
use crate::support::s3_server::{ACCESS_KEY, S3Server, SECRET_KEY};
use aws_sdk_s3::config::{Builder, Credentials, Region};
use piimap::base::{Input, Object, Reason};
use piimap::source::s3::{self, S3};
use piimap::source::{Options, Source};

/// Short times, small ranges: what takes minutes in earnest takes milliseconds here.
fn options() -> Options {
    Options {
        range_bytes: 1 << 20,
        attempts: 4,
        stall: Duration::from_millis(400),
        backoff: Duration::from_millis(5),
        ..Options::default()
    }
}

fn source(url: &str, prefix: &str, options: Options) -> S3 {
    let keys = Credentials::new(ACCESS_KEY, SECRET_KEY, None, None, "test");
    let config = Builder::new().credentials_provider(keys).region(Region::from_static("us-east-1"));
    s3::connect(config, "data", prefix, &Options { endpoint_url: Some(url.to_owned()), ..options }).unwrap()
}

fn listed(s: &S3) -> Vec<Object> {
    let mut all = Vec::new();
    let failures = s.list(&mut |o| all.push(o));
    assert!(failures.is_empty(), "{failures:?}");
    all
}

fn put(root: &Path, key: &str, content: &[u8]) {
    let path = root.join("data").join(key);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

/// Content in which no two places look the same.
fn content(len: usize) -> Vec<u8> {
    (0..len as u64).map(|i| (i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8).collect()
}

fn drain(input: &mut dyn Input) -> (Vec<u8>, Option<Reason>) {
    let mut all = Vec::new();
    loop {
        match input.next_chunk() {
            Ok(c) if c.is_empty() => return (all, None),
            Ok(c) => all.extend_from_slice(&c),
            Err(e) => {
                assert!(!e.detail.contains("jane@"), "an error quotes the server's message");
                return (all, Some(e.reason));
            }
        }
    }
}

fn read(s: &S3, o: &Object) -> (Vec<u8>, Option<Reason>) {
    match s.open(o) {
        Ok(mut input) => drain(&mut *input),
        Err(e) => {
            assert!(!e.detail.contains("jane@"), "an error quotes the server's message");
            (Vec::new(), Some(e.reason))
        }
    }
}

/// A bucket with one object, behind a proxy.
struct Bench {
    root: tempfile::TempDir,
    data: Vec<u8>,
    object: Object,
    source: S3,
    proxy: FaultProxy,
    _server: S3Server,
}

fn bench(len: usize) -> Bench {
    let root = tempfile::tempdir().unwrap();
    let data = content(len);
    put(root.path(), "one", &data);
    let server = S3Server::start(root.path());
    let proxy = FaultProxy::start(server.address());
    let source = source(&proxy.url(), "", options());
    let object = listed(&source).remove(0);
    Bench { root, data, object, source, proxy, _server: server }
}

#[test]
fn keys_are_listed_as_they_are_in_byte_order_over_pages() {
    let root = tempfile::tempdir().unwrap();
    let mut keys: Vec<String> = (0..1500).map(|i| format!("many/{i}.txt")).collect();
    let odd = ["many/a b+c.txt", "many/ü %41 100%.txt", "many/x&y=<z>?#'\".txt", "many/日本/ü.txt", "manyfold"];
    keys.extend(odd.map(str::to_owned));
    for k in &keys {
        put(root.path(), k, k.as_bytes());
    }
    put(root.path(), "man", b"not of the prefix");
    put(root.path(), "other/x", b"not of the prefix");
    let server = S3Server::start(root.path());
    // The server reads all its files for each page, which takes its time on a busy machine.
    let s = source(&server.url(), "many", Options { stall: Duration::from_secs(30), ..options() });
    let objects = listed(&s);
    keys.sort();
    assert_eq!(objects.iter().map(|o| o.uri.strip_prefix("s3://data/").unwrap()).collect::<Vec<_>>(), keys);
    for o in objects.iter().filter(|o| odd.iter().any(|k| o.uri.ends_with(k))) {
        let key = o.uri.strip_prefix("s3://data/").unwrap();
        assert_eq!(read(&s, o), (key.as_bytes().to_vec(), None), "{key}");
        assert!(s.covers(&o.uri) && o.modified.is_some() && !o.version.contains('"'));
    }
    // What is listed may be opened at once.
    let mut opened = 0;
    assert!(s.list(&mut |o| opened += usize::from(o.uri.ends_with("manyfold") && s.open(&o).is_ok())).is_empty());
    assert_eq!(opened, 1);
    assert!(!s.covers("s3://data/man") && !s.covers("s3://data2/many"));
}

/// The SDK takes half a page for a whole one, the last if what says that more follow is missing.
#[test]
fn a_page_that_was_cut_off_is_asked_for_again() {
    let root = tempfile::tempdir().unwrap();
    let keys: Vec<String> = (0..12).map(|i| format!("cut/{i:02}.txt")).collect();
    keys.iter().for_each(|k| put(root.path(), k, b"x"));
    let server = S3Server::start(root.path());
    let proxy = FaultProxy::start(server.address());
    let s = source(&proxy.url(), "cut", options());
    let versions = source(&proxy.url(), "cut", Options { all_versions: true, ..options() });
    let before = proxy.listed_and_cut().0;
    listed(&s);
    let pages = proxy.listed_and_cut().0 - before;
    proxy.next(&[]);
    listed(&versions);
    let pages_of_versions = proxy.seen().len();
    let mut cuts = 0;
    for end in (0..4000).step_by(61) {
        proxy.next_listings(&[Fault::Truncate(end)]);
        let before = proxy.listed_and_cut();
        assert_eq!(listed(&s).len(), keys.len(), "{end} bytes");
        let after = proxy.listed_and_cut();
        let cut = after.1 - before.1;
        assert_eq!(after.0 - before.0, pages + cut, "{end} bytes: once more where something was missing");
        // Three entries are a page of versions.
        proxy.next(&[Fault::None, Fault::Truncate(end.min(900))]);
        assert_eq!(listed(&versions).len(), keys.len(), "{end} bytes of versions");
        let cut_version = proxy.listed_and_cut().1 - after.1;
        assert_eq!(proxy.seen().len(), pages_of_versions + cut_version, "{end} bytes of versions: {:?}", proxy.seen());
        cuts += cut + cut_version;
    }
    assert!(cuts > 40, "only {cuts} answers were cut short");
    // For ever: a failure, and no short listing.
    proxy.next_listings(&[Fault::Truncate(900); 20]);
    let failures = s.list(&mut |_| ());
    assert_eq!(failures.len(), 1);
    assert!(failures[0].error.detail.contains("network: given up"), "{}", failures[0].error.detail);
}

#[test]
fn a_flipped_byte_is_noticed_where_there_is_a_check_sum() {
    let b = bench(1 << 20);
    b.proxy.next(&[Fault::Flip(700_000), Fault::Flip(0)]);
    assert_eq!(read(&b.source, &b.object), (b.data.clone(), None));
    b.proxy.always(Fault::Flip(700_000));
    assert_eq!(read(&b.source, &b.object), (Vec::new(), Some(Reason::Network)));
    assert_eq!(b.proxy.seen().len(), 4);
    let says = b.source.open(&b.object).err().unwrap().detail;
    assert!(says.ends_with("the bytes do not fit the check sum that the store keeps of them"), "{says}");
}

/// A rest has no check sum: what broke is asked for as a whole, and only if that goes on by its rest.
#[test]
fn a_small_object_that_broke_off_is_held_against_its_check_sum_too() {
    let b = bench(1 << 20);
    b.proxy.next(&[Fault::Reset(300_000), Fault::Flip(100), Fault::Reset(0)]);
    assert_eq!(read(&b.source, &b.object), (b.data.clone(), None));
    let seen = b.proxy.seen();
    assert!(seen.len() == 4 && seen.iter().all(|r| !r.contains("bytes=")), "{seen:?}");
    b.proxy.next(&[Fault::Reset(300_000); 3]);
    assert_eq!(read(&b.source, &b.object), (b.data.clone(), None));
    let seen = b.proxy.seen();
    assert!(seen.len() == 4 && seen[3].contains("bytes=") && !seen[3].contains("bytes=0-"), "{seen:?}");
}

/// Nobody knows what stands behind the bytes of an answer without a length: a range is asked for, as of larger objects.
#[test]
fn an_answer_without_a_length_is_asked_for_by_a_range() {
    let b = bench(1000);
    b.proxy.always(Fault::Unmeasured);
    assert_eq!(read(&b.source, &b.object), (b.data.clone(), None));
    let seen = b.proxy.seen();
    assert!(seen.len() == 2 && seen[1].ends_with("bytes=0-999"), "{seen:?}");
    b.proxy.always(Fault::Unpacked);
    assert_eq!(read(&b.source, &b.object), (Vec::new(), Some(Reason::Io)));
    assert_eq!(b.proxy.seen().len(), 2);
}

#[test]
fn large_and_empty_objects_stream_and_seek() {
    let b = bench((5 << 20) + 12_345);
    b.proxy.next(&[]);
    assert_eq!(read(&b.source, &b.object), (b.data.clone(), None));
    assert_eq!(b.proxy.seen().len(), 6, "one request a range: {:?}", b.proxy.seen());

    b.proxy.next(&[]);
    let input = b.source.open(&b.object).unwrap();
    let seek = input.random_access().unwrap();
    let len = b.data.len();
    for (at, n) in [(len - 8, 8), (len - 700_000, 1000), (0, 4), (123, 0), (len - (1 << 20) - 5, 10), (7, 3 << 20), (0, len)] {
        assert_eq!(&seek.read_at(at as u64, n).unwrap()[..], &b.data[at..at + n], "{at} +{n}");
    }
    for (at, n) in [(len, 1), (usize::MAX, 2), (0, usize::MAX)] {
        assert_eq!(seek.read_at(at as u64, n).unwrap_err().reason, Reason::Truncated);
    }
    put(b.root.path(), "empty", b"");
    let objects = listed(&b.source);
    assert_eq!((objects[0].uri.as_str(), read(&b.source, &objects[0])), ("s3://data/empty", (vec![], None)));
}

#[test]
fn a_footer_costs_one_request_and_looking_costs_one() {
    let b = bench(4 << 20);
    b.proxy.next(&[]);
    let mut input = b.source.open(&b.object).unwrap();
    assert!(!input.next_chunk().unwrap().is_empty());
    let seek = input.random_access().unwrap();
    let end = b.data.len() as u64;
    seek.read_at(end - 8, 8).unwrap();
    seek.read_at(end - 60_000, 59_992).unwrap();
    seek.read_at(end - (1 << 20), 100).unwrap();
    drop(input);
    assert_eq!(b.proxy.seen().len(), 2, "{:?}", b.proxy.seen());
}

#[test]
fn what_passes_is_tried_again_and_no_byte_is_lost() {
    let mut b = bench((2 << 20) + 99);
    // One at a time, so that faults meet the requests they are meant for.
    b.source = source(&b.proxy.url(), "", Options { in_flight: 1, ..options() });
    let slow = Fault::Refuse(503, "SlowDown");
    for faults in [
        &[slow, slow][..],
        &[Fault::Refuse(500, "InternalError"), Fault::Refuse(400, "RequestTimeout"), slow],
        &[Fault::Reset(300_000)],
        &[Fault::Reset(0)],
        &[Fault::None, Fault::Reset(500_000), Fault::Reset(200_000)],
        &[Fault::Hang(1000)],
        &[Fault::Hang(0)],
        &[Fault::Silence],
        &[Fault::Trickle(Duration::from_millis(20))],
        // Progress between failures: more of them than attempts.
        &[
            Fault::Reset(70_000),
            Fault::Reset(70_000),
            Fault::Reset(70_000),
            Fault::Reset(70_000),
            Fault::Reset(70_000),
            Fault::Reset(70_000),
        ],
    ] {
        b.proxy.next(faults);
        let (data, error) = read(&b.source, &b.object);
        assert_eq!(error, None, "{faults:?}");
        assert!(data == b.data, "{faults:?}: other bytes than were stored");
        assert_eq!(b.proxy.seen().len(), 3 + faults.iter().filter(|f| **f != Fault::None).count(), "{faults:?}: {:?}", b.proxy.seen());
    }
    // What arrived is not fetched again.
    b.proxy.next(&[Fault::Reset(300_000)]);
    read(&b.source, &b.object);
    let seen = b.proxy.seen();
    let from: u64 = seen[1].split("bytes=").nth(1).and_then(|r| r.split('-').next()).unwrap().parse().unwrap();
    assert!(from > 0 && from <= 300_000, "{seen:?}");
}

#[test]
fn truncated_bodies_are_completed() {
    let b = bench(1_500_000);
    b.proxy.next(&[Fault::Truncate(1000), Fault::Truncate(0)]);
    assert_eq!(read(&b.source, &b.object), (b.data.clone(), None));
}

#[test]
fn what_does_not_pass_ends_in_time_with_its_reason() {
    let b = bench(1_200_000);
    for (fault, reason, requests) in [
        (Fault::Refuse(503, "SlowDown"), Reason::Network, 4),
        (Fault::Reset(10), Reason::Network, 4),
        (Fault::Hang(10), Reason::Network, 4),
        (Fault::Silence, Reason::Network, 4),
        (Fault::Truncate(10), Reason::Network, 4),
        (Fault::Trickle(Duration::from_millis(50)), Reason::Network, 4),
        (Fault::Refuse(403, "AccessDenied"), Reason::AccessDenied, 1),
        (Fault::Refuse(403, "InvalidObjectState"), Reason::Archived, 1),
        (Fault::Refuse(404, "NoSuchKey"), Reason::NotFound, 1),
        (Fault::Refuse(412, "PreconditionFailed"), Reason::Changed, 1),
        (Fault::Refuse(416, "InvalidRange"), Reason::Changed, 1),
        (Fault::Etag, Reason::Changed, 1),
    ] {
        b.proxy.always(fault);
        let start = Instant::now();
        assert_eq!(read(&b.source, &b.object), (Vec::new(), Some(reason)), "{fault:?}");
        assert_eq!(b.proxy.seen().len(), requests, "{fault:?}");
        assert!(start.elapsed() < Duration::from_secs(8), "{fault:?} took {:?}", start.elapsed());
    }
    // Later ranges: the bytes before the failure are good.
    b.proxy.next(&[Fault::None, Fault::Etag]);
    assert_eq!(read(&b.source, &b.object), (b.data[..1 << 20].to_vec(), Some(Reason::Changed)));
}

#[test]
fn an_object_that_changes_is_noticed() {
    let b = bench(3 << 20);
    let mut input = b.source.open(&b.object).unwrap();
    put(b.root.path(), "one", &content(3 << 20)[1..]);
    let (data, error) = drain(&mut *input);
    assert_eq!(error, Some(Reason::Changed));
    assert!(b.data.starts_with(&data));
    assert_eq!(read(&b.source, &b.object).1, Some(Reason::Changed));
    let seek = input.random_access().unwrap();
    assert_eq!(seek.read_at(2 << 20, 10).unwrap_err().reason, Reason::Changed);
    std::fs::remove_file(b.root.path().join("data/one")).unwrap();
    assert_eq!(read(&b.source, &b.object).1, Some(Reason::NotFound));
    assert!(listed(&b.source).is_empty());
}

#[test]
fn a_bucket_that_cannot_be_listed_is_a_failure() {
    let b = bench(10);
    let keys = Credentials::new(ACCESS_KEY, "wrong", None, None, "test");
    let config = || Builder::new().region(Region::from_static("us-east-1"));
    let at = |url: String| Options { endpoint_url: Some(url), attempts: 2, ..options() };
    let nobody = s3::connect(config().credentials_provider(keys.clone()), "data", "p", &at(b.proxy.url())).unwrap();
    let right = Credentials::new(ACCESS_KEY, SECRET_KEY, None, None, "test");
    let nowhere = s3::connect(config().credentials_provider(right.clone()), "nothing", "", &at(b.proxy.url())).unwrap();
    let unreachable = s3::connect(config().credentials_provider(right), "data", "", &at("http://127.0.0.1:9".into())).unwrap();
    for (s, uri, says) in [
        (nobody, "s3://data/p", "access_denied: HTTP 403 SignatureDoesNotMatch"),
        (nowhere, "s3://nothing/", "not_found: HTTP 404 NoSuchBucket"),
        (unreachable, "s3://data/", "network: given up after 2 attempts"),
    ] {
        let failures = s.list(&mut |o| panic!("listed {}", o.uri));
        assert_eq!((failures.len(), failures[0].uri.as_str(), failures[0].error.reason), (1, uri, Reason::ListingFailed));
        assert!(failures[0].error.detail.starts_with(says), "{}", failures[0].error.detail);
        assert!(!failures[0].error.detail.contains(SECRET_KEY) && !failures[0].error.detail.contains(ACCESS_KEY));
    }
}

#[test]
fn what_is_near_is_listed_by_few_requests() {
    let root = tempfile::tempdir().unwrap();
    for n in 0..2_500 {
        put(root.path(), &format!("crm/part-{n:04}.csv"), b"x");
    }
    put(root.path(), "crm/part-2400.csv.bak", b"x");
    put(root.path(), "zoo/a.csv", b"x");
    let server = S3Server::start(root.path());
    let proxy = FaultProxy::start(server.address());
    let near = |prefix: &str, starts: &[(&str, usize)]| {
        let (s, before) = (source(&proxy.url(), prefix, Options { stall: Duration::from_secs(30), ..options() }), proxy.listed_and_cut().0);
        let starts: Vec<_> = starts.iter().map(|(start, most)| (format!("s3://data/{start}"), *most)).collect();
        let mut all = Vec::new();
        assert!(s.list_near(&starts, &mut |o| all.push(o)).is_empty());
        (all, proxy.listed_and_cut().0 - before)
    };
    let (found, asked) = near("", &[("crm/part-2400.csv", 100)]);
    assert_eq!(
        (found.iter().map(|o| o.uri.as_str()).collect::<Vec<_>>(), asked),
        (vec!["s3://data/crm/part-2400.csv", "s3://data/crm/part-2400.csv.bak"], 1)
    );
    let (found, asked) = near("", &[("crm/", 1_500)]);
    assert_eq!((found.len(), asked), (1_500, 2), "two pages of three");
    let (found, asked) = near("crm/", &[("", 10), ("zoo/a.csv", 10)]);
    assert!(
        found.len() == 10 && asked == 1 && found.iter().all(|o| o.uri.starts_with("s3://data/crm/")),
        "what lies outside is not asked for"
    );
    let object = found.last().unwrap();
    assert_eq!(read(&source(&proxy.url(), "crm/", options()), object), (b"x".to_vec(), None));
}
