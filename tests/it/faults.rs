//! The table of faults and outcomes: whatever a network and a store do, a run ends, every object is right or has its reason, and
//! nothing is counted twice.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use aws_sdk_s3::config::{Builder, Credentials, Region};
use piimap::classify::Classifiers;
use piimap::identity::Key;
use piimap::identity::keys::KeyOptions;
use piimap::index::Reader;
use piimap::scan::{AllowList, Counters, MemberOptions, ScanOptions, Spend, Summary};
use piimap::source::{Options, Source, s3};

use crate::support::Bench;
use crate::support::bench::KEY;
use crate::support::fault_proxy::{Fault, FaultProxy};
use crate::support::s3_server::{ACCESS_KEY, S3Server, SECRET_KEY};

const SMALL: usize = 200;
const LARGE: usize = 2;
/// Three ranges and a bit.
const LARGE_ROWS: usize = 12_000;

/// A run with short patience: what takes minutes in earnest takes a second here.
fn scan(b: &Bench, url: &str, index: &str) -> (Summary, BTreeMap<String, usize>) {
    let keys = Credentials::new(ACCESS_KEY, SECRET_KEY, None, None, "test");
    let config = Builder::new().credentials_provider(keys).region(Region::from_static("us-east-1"));
    let options = Options {
        endpoint_url: Some(url.to_owned()),
        range_bytes: 128 << 10,
        attempts: 10,
        stall: Duration::from_secs(3),
        backoff: Duration::from_millis(50),
        ..Options::default()
    };
    let source: Arc<dyn Source> = Arc::new(s3::connect(config, "data", "", &options).unwrap());
    let options = ScanOptions {
        index: b.path(index),
        full: false,
        wait: false,
        threads: 4,
        allow: AllowList::default(),
        member: MemberOptions::default(),
        keys: KeyOptions::default(),
        first: None,
        spend: Spend::default(),
        unreached: Vec::new(),
    };
    let (key, stop) = (Key::from_hex(KEY).unwrap(), AtomicBool::new(false));
    let summary = piimap::scan::run(&[source], &options, &key, &Classifiers::builtin(), &Counters::default(), &stop).unwrap();
    let mut reasons = BTreeMap::new();
    for line in Reader::open(&options.index).unwrap().coverage().unwrap() {
        *reasons.entry(line.reason).or_default() += 1;
    }
    (summary, reasons)
}

#[test]
fn every_fault_has_its_outcome() {
    let b = Bench::new();
    for i in 0..SMALL {
        b.write(&format!("store/data/crm/{i:03}.csv"), format!("id,email\n{i},small{i}@example.com\n"));
    }
    for i in 0..LARGE {
        let rows = (0..LARGE_ROWS).fold("id,email\n".to_owned(), |all, n| all + &format!("{n},large{i}.{n}@example.com\n"));
        b.write(&format!("store/data/large/{i}.csv"), rows);
    }
    let server = S3Server::start(&b.path("store"));
    let proxy = FaultProxy::start(server.address());
    let all = (SMALL + LARGE) as u64;
    let rows = (SMALL + LARGE * LARGE_ROWS) as u64;
    /// Every so many requests, the first one not.
    fn some(every: usize, fault: Fault) -> impl FnMut(usize, &str) -> Fault + Send {
        move |n, _| if n % every == every - 1 { fault } else { Fault::None }
    }
    /// The same keys each time they are asked for.
    fn keys(fault: Fault) -> impl FnMut(usize, &str) -> Fault + Send {
        move |_, path| if path.contains("/crm/050.csv") || path.contains("/crm/150.csv") { fault } else { Fault::None }
    }
    // Flipped once for each small object that it meets; large ones come in ranges, for which S3 has no check sums.
    let mut met = 0;
    let flips = move |_: usize, path: &str| {
        met += usize::from(path.contains("/crm/"));
        if path.contains("/crm/") && met % 20 == 0 { Fault::Flip(12) } else { Fault::None }
    };
    // Stored anew, with the same bytes, at the moment when it is first asked for: another version for all that anybody knows.
    let overwritten = b.path("store/data/crm/050.csv");
    let overwrite = move |_: usize, path: &str| {
        if path.contains("/crm/050.csv") {
            let content = std::fs::read(&overwritten).unwrap();
            std::thread::sleep(Duration::from_millis(20));
            std::fs::write(&overwritten, content).unwrap();
        }
        Fault::None
    };
    type Rule = Box<dyn FnMut(usize, &str) -> Fault + Send>;
    let mut until = None;
    let slow = move |_: usize, _: &str| {
        let until = *until.get_or_insert_with(|| Instant::now() + Duration::from_millis(1500));
        if Instant::now() < until { Fault::Refuse(503, "SlowDown") } else { Fault::None }
    };
    let table: Vec<(&str, Rule, u64, Option<&str>)> = vec![
        ("SlowDown for seconds", Box::new(slow), 0, None),
        ("nothing", Box::new(|_, _| Fault::None), 0, None),
        ("resets in the middle of 5 % of the bodies", Box::new(some(20, Fault::Reset(20))), 0, None),
        ("bodies that hang", Box::new(some(60, Fault::Hang(10))), 0, None),
        ("answers that never come", Box::new(some(90, Fault::Silence)), 0, None),
        ("bodies that trickle", Box::new(some(90, Fault::Trickle(Duration::from_millis(40)))), 0, None),
        ("truncated bodies", Box::new(some(20, Fault::Truncate(15))), 0, None),
        ("errors of the server", Box::new(some(10, Fault::Refuse(500, "InternalError"))), 0, None),
        ("403 on 1 % of the keys", Box::new(keys(Fault::Refuse(403, "AccessDenied"))), 2, Some("access_denied")),
        ("objects in an archive tier", Box::new(keys(Fault::Refuse(403, "InvalidObjectState"))), 2, Some("archived")),
        ("answers of another version", Box::new(keys(Fault::Etag)), 2, Some("changed_during_read")),
        ("overwritten between list and read", Box::new(overwrite), 1, Some("changed_during_read")),
        ("a flipped byte on the way", Box::new(flips), 0, None),
        ("a flipped byte where it lies", Box::new(keys(Fault::Flip(12))), 2, Some("network")),
        ("deleted between list and read", Box::new(keys(Fault::Refuse(404, "NoSuchKey"))), 2, Some("not_found")),
        ("refused for ever", Box::new(keys(Fault::Refuse(500, "InternalError"))), 2, Some("network")),
    ];
    for (i, (fault, rule, lost, reason)) in table.into_iter().enumerate() {
        let index = format!("{i}.db");
        proxy.by(rule);
        let start = Instant::now();
        let (s, reasons) = scan(&b, &proxy.url(), &index);
        assert!(start.elapsed() < Duration::from_secs(120), "{fault}: {:?}", start.elapsed());
        let t = &s.totals;
        assert_eq!((t.listed, t.read, t.unread, t.partial), (all, all - lost, lost, 0), "{fault}: {reasons:?}");
        assert_eq!((t.records, t.sightings, s.consumers), (rows - lost, rows - lost, rows - lost), "{fault}: nothing twice, nothing lost");
        let want: BTreeMap<String, usize> = reason.map(|r| (r.to_owned(), lost as usize)).into_iter().collect();
        assert_eq!(reasons, want, "{fault}");
        if lost > 0 {
            // The fault is gone: the next run reads what is missing, and that alone.
            proxy.next(&[]);
            let (s, reasons) = scan(&b, &proxy.url(), &index);
            assert_eq!((s.totals.read, s.totals.unchanged, s.consumers), (lost, all - lost, rows), "{fault}: {reasons:?}");
        }
    }
}
