//! A run over millions of objects of which few have changed: what it takes, and what it leaves in the index.
//!
//! `cargo bench --bench listing -- [MILLIONS OF OBJECTS]`, 0.2 unless told (the figures of the documentation are of 10). Objects come from a
//! stub that lists them as S3 would, a thousand a request; one in 1,000 has another version in each run. Prints the listing alone beside the
//! runs. Every object must be counted, those that changed read, and what the index holds be what was listed.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use piimap::base::{Input, MemoryInput, Object, Result};
use piimap::classify::Classifiers;
use piimap::identity::Key;
use piimap::identity::keys::KeyOptions;
use piimap::index::{Listed, Published, Reader, RunTotals, Writer};
use piimap::scan::{AllowList, Counters, MemberOptions, ScanOptions, Spend, run};
use piimap::source::{ListingFailure, Source};

mod made;
use made::{any, cost, forget_peak, peak, size};

const ONE_IN: u64 = 1_000;
const PREFIX: &str = "s3://lake/";

/// A bucket as of a moment.
struct Bucket {
    objects: u64,
    moment: u64,
    opened: AtomicU64,
}

impl Bucket {
    fn new(objects: u64, moment: u64) -> Bucket {
        Bucket { objects, moment, opened: AtomicU64::new(0) }
    }

    /// The newest moment, not after this one, at which an object got a new version.
    fn version(&self, n: u64) -> u64 {
        (1..=self.moment).rev().find(|m| any(n << 8 | m, ONE_IN) == 0).unwrap_or(0)
    }

    fn object(&self, n: u64) -> Object {
        let uri = format!("{PREFIX}events/2026/{:02}/part-{n:09}.csv", n * 12 / self.objects + 1);
        Object {
            uri,
            version: format!("{:032x}-{}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15), self.version(n)),
            size: 64,
            modified: None,
            until: None,
        }
    }
}

impl Source for Bucket {
    fn uri(&self) -> String {
        PREFIX.to_owned()
    }

    fn list(&self, each: &mut dyn FnMut(Object)) -> Vec<ListingFailure> {
        (0..self.objects).for_each(|n| each(self.object(n)));
        Vec::new()
    }

    fn open(&self, object: &Object) -> Result<Box<dyn Input>> {
        let n = self.opened.fetch_add(1, Ordering::Relaxed);
        Ok(Box::new(MemoryInput::new(format!("email,note\nperson{n}@example.com,{}\n", object.size).into_bytes())))
    }

    fn covers(&self, uri: &str) -> bool {
        uri.starts_with(PREFIX)
    }
}

/// An index that has read the bucket's first moment, without what a scan would have found.
fn first(path: &Path, key: &Key, set: &Classifiers, bucket: &Bucket) {
    let mut w = Writer::open(path, key).expect("open");
    w.begin_run(set, &[bucket.uri()]).expect("run");
    bucket.list(&mut |object| {
        let dataset = object.uri[..object.uri.rfind('/').unwrap_or(0)].trim_start_matches("s3://").to_owned();
        let id = w.begin_object(&Listed { shown: object.uri.clone(), dataset, rules: String::new(), object }).expect("begin");
        w.publish(id, &Published { records: 1, ..Published::default() }).expect("publish");
    });
    w.finish_run(&RunTotals { listed: bucket.objects, read: bucket.objects, ..RunTotals::default() }).expect("finish");
}

fn main() {
    let millions: f64 = std::env::args().skip(1).find_map(|a| a.parse().ok()).unwrap_or(0.2);
    let objects = ((millions * 1e6) as u64).max(1_000);
    println!("{objects} objects, one in {ONE_IN} changed in each run");
    let set = Classifiers::builtin();
    let (dir, key) = (tempfile::tempdir().expect("a folder"), Key::random().expect("a key"));
    let path = dir.path().join("index.db");
    let filled = cost(|| first(&path, &key, &set, &Bucket::new(objects, 0)));
    let full = size(&path);
    println!("filling the index: {:.1?} wall, {} bytes an object", filled.wall, full / objects);

    forget_peak();
    let before = peak();
    let mut all = Vec::new();
    let listed = cost(|| assert!(Bucket::new(objects, 1).list(&mut |o| all.push(o)).is_empty()));
    println!("listing alone:     {:.1?} wall, {:.1?} CPU, {} MB to hold it", listed.wall, listed.cpu, peak() - before);
    drop(all);

    for moment in 1..=3 {
        let (bucket, before) = (Arc::new(Bucket::new(objects, moment)), size(&path));
        let changed = (0..objects).filter(|n| any(n << 8 | moment, ONE_IN) == 0).count() as u64;
        let options = ScanOptions {
            index: path.clone(),
            full: false,
            wait: false,
            threads: 2,
            allow: AllowList::default(),
            member: MemberOptions::default(),
            keys: KeyOptions::default(),
            first: None,
            spend: Spend::default(),
            unreached: Vec::new(),
        };
        let mut done = None;
        forget_peak();
        let held = peak();
        let took = cost(|| {
            let sources: [Arc<dyn Source>; 1] = [bucket.clone()];
            done = Some(run(&sources, &options, &key, &set, &Counters::default(), &AtomicBool::new(false)).expect("a run"));
        });
        let totals = done.expect("it ran").totals;
        assert_eq!((totals.listed, totals.unchanged, totals.read), (objects, objects - changed, changed));
        let requests = objects.div_ceil(1_000) + bucket.opened.load(Ordering::Relaxed);
        let grown = size(&path) as i64 - before as i64;
        println!(
            "run {moment}: {:.1?} wall, {:.1?} CPU, {} MB, {requests} requests, {changed} objects read, index {:+} KB",
            took.wall,
            took.cpu,
            peak() - held,
            grown / 1024
        );
    }
    let reader = Reader::open(&path).expect("open");
    let current = reader.objects(true).expect("objects");
    let newest = current.iter().map(|o| o.last_seen).max();
    assert!(current.len() as u64 == objects && current.iter().all(|o| Some(o.last_seen) == newest), "the newest run saw them all");
    assert_eq!(reader.check().expect("check").problems, Vec::<String>::new());
}
