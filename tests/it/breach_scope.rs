//! An intruder reads part of a bucket; the answer from the logs is what the generator knows, person by person.
//!
//! Then the same question without an index: the sources are read for it (`--scan`), with the versions that they keep.
//!
//! `PIIMAP_SCENARIO_PEOPLE` makes it smaller or larger.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::support::s3_server::{ACCESS_KEY, S3Server, SECRET_KEY};
use crate::support::{Bench, Done};

const STATES: &[(&str, &str)] =
    &[("CA", "94110"), ("IN", "46204"), ("ND", "58102"), ("TX", "78701"), ("NY", "10001"), ("NJ", "07030"), ("CO", "80202")];
const NAMES: &[&str] = &["Ada Winter", "Dora Quill", "Ben Summer", "Maren Holloway"];
const OBJECTS: usize = 60;
/// The first ones say who is who and where they live.
const MASTERS: usize = 10;
/// What columns an object has.
const COLUMNS: &[&[&str]] =
    &[&["full_name", "email", "ssn"], &["email", "password"], &["full_name", "email", "birth_date"], &["order_no", "ssn"]];
const FORMATS: &[&str] = &["csv", "jsonl", "tsv.gz", "json", "txt"];

/// Seconds since the epoch of a moment in October 2026.
fn october(day: u64, second: u64) -> u64 {
    1_790_812_800 + (day - 1) * 86_400 + second
}

fn time(at: u64) -> String {
    piimap::base::Timestamp(at as i64 * 1000).to_string()[..19].to_owned() + "Z"
}

struct Lcg(u64);

impl Lcg {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % n
    }
}

/// Everything about person `i`.
fn value(i: usize, column: &str) -> String {
    let state = STATES.get(i % (STATES.len() + 1));
    match column {
        "full_name" => NAMES[i % NAMES.len()].to_owned(),
        "email" => format!("person.number{i}@example.com"),
        "ssn" => format!("5{:02}-{:02}-{:04}", 10 + i % 70, 11 + i / 70 % 80, 1000 + i % 9000),
        "birth_date" => format!("19{:02}-0{}-1{}", 40 + i % 60, 1 + i % 9, i % 10),
        "password" => format!("Tr0ub4dor&{i}"),
        "order_no" => format!("A{i}"),
        "zip" => state.map_or(String::new(), |s| s.1.to_owned()),
        "state" => state.map_or(String::new(), |s| s.0.to_owned()),
        _ => unreachable!("{column}"),
    }
}

fn residence(i: usize) -> Option<&'static str> {
    STATES.get(i % (STATES.len() + 1)).map(|s| s.0)
}

/// One version of one object: who is in it, with which columns.
#[derive(Clone)]
struct Version {
    key: String,
    format: &'static str,
    columns: &'static [&'static str],
    people: Vec<usize>,
}

impl Version {
    fn bytes(&self) -> Vec<u8> {
        let row = |i: usize, sep: &str| self.columns.iter().map(|c| value(i, c)).collect::<Vec<_>>().join(sep);
        let table = |sep: &str| {
            let rows: String = self.people.iter().map(|i| row(*i, sep) + "\n").collect();
            format!("{}\n{rows}", self.columns.join(sep))
        };
        let object = |i: &usize| Value::Object(self.columns.iter().map(|c| ((*c).to_owned(), json!(value(*i, c)))).collect());
        match self.format {
            "csv" => table(",").into_bytes(),
            "tsv.gz" => gzip(table("\t").as_bytes()),
            "jsonl" => self.people.iter().map(|i| object(i).to_string() + "\n").collect::<String>().into_bytes(),
            "json" => Value::Array(self.people.iter().map(object).collect()).to_string().into_bytes(),
            _ => {
                let line = |i: &usize| format!("Note of 3 May: {} called, SSN: {}.\n", value(*i, "full_name"), value(*i, "ssn"));
                self.people.iter().map(line).collect::<String>().into_bytes()
            }
        }
    }

    /// Adds what is exposed of each person; what stands together in a text, or in an object read in part, is possible. In a
    /// text the number is its own.
    fn expose(&self, whole: bool, truth: &mut Truth) {
        for i in &self.people {
            let p = truth.entry(*i).or_default();
            for c in if self.format == "txt" { &["full_name", "ssn"][..] } else { self.columns } {
                let sure = whole && (self.format != "txt" || *c == "ssn");
                let set = if sure { &mut p.0 } else { &mut p.1 };
                set.insert(*c);
            }
        }
    }
}

/// Certain and possible columns a person.
type Truth = BTreeMap<usize, (BTreeSet<&'static str>, BTreeSet<&'static str>)>;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut e = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    e.write_all(bytes).unwrap();
    e.finish().unwrap()
}

/// The rules of these states that such columns can meet, told here once more.
const RULES: &[(&str, &str, &[&[&str]])] = &[
    ("CA", "CA-01", &[&["full_name"], &["ssn"]]),
    ("CA", "CA-08", &[&["email"], &["password"]]),
    ("IN", "IN-01", &[&["ssn"]]),
    ("ND", "ND-01", &[&["full_name"], &["ssn"]]),
    ("ND", "ND-06", &[&["full_name"], &["birth_date"]]),
    ("TX", "TX-01", &[&["full_name"], &["ssn"]]),
    ("NY", "NY-01", &[&["full_name", "email"], &["ssn"]]),
    ("NY", "NY-06", &[&["email"], &["password"]]),
    ("NJ", "NJ-01", &[&["full_name"], &["ssn"]]),
    ("NJ", "NJ-04", &[&["full_name"], &["email"], &["password"]]),
    ("CO", "CO-07", &[&["email"], &["password"]]),
    ("CO", "CO-01", &[&["full_name"], &["ssn"]]),
];

/// Certain and upper of a rule, and of all rules of a state together.
fn expected(truth: &Truth, state: &str, rules: &[&[&[&str]]]) -> (u64, u64) {
    let (mut certain, mut upper) = (0, 0);
    for (i, (sure, maybe)) in truth {
        let meets = |has: &dyn Fn(&str) -> bool| rules.iter().any(|r| r.iter().all(|clause| clause.iter().any(|c| has(c))));
        let here = residence(*i) == Some(state);
        certain += u64::from(here && meets(&|c| sure.contains(c)));
        upper += u64::from((here || residence(*i).is_none()) && meets(&|c| sure.contains(c) || maybe.contains(c)));
    }
    (certain, upper)
}

struct World {
    b: Bench,
    server: S3Server,
}

impl World {
    fn run(&self, args: &[&str]) -> Done {
        let mut c = self.b.command(args);
        c.env("AWS_ACCESS_KEY_ID", ACCESS_KEY).env("AWS_SECRET_ACCESS_KEY", SECRET_KEY).env("AWS_REGION", "us-east-1");
        c.env("AWS_EC2_METADATA_DISABLED", "true");
        Done::of(c.spawn().unwrap())
    }

    fn put(&self, v: &Version, at: u64) -> u64 {
        let bytes = v.bytes();
        let path = self.b.write(&format!("store/data/{}", v.key), &bytes);
        let file = std::fs::File::options().write(true).open(path).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(at)).unwrap();
        bytes.len() as u64
    }

    /// A version beside the current one.
    fn put_old(&self, v: &Version, id: &str, at: u64) {
        let path = self.b.write(&format!("store/data-versions/{}/{id}", v.key), v.bytes());
        let file = std::fs::File::options().write(true).open(path).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(at)).unwrap();
    }

    fn scan(&self) {
        let done = self.run(&["scan", "s3://data/", "--endpoint-url", &self.server.url()]);
        assert_eq!(done.status, Some(0), "{}{}", done.stdout, done.stderr);
    }
}

fn event(n: usize, who: &str, name: &str, key: &str, at: u64, bytes: Option<u64>, failed: bool) -> String {
    let request = match name {
        "CopyObject" => json!({"bucketName": "cold-archive", "key": format!("in/{key}"), "x-amz-copy-source": format!("data/{key}")}),
        _ => json!({"bucketName": "data", "key": key}),
    };
    let mut e = json!({
        "eventTime": time(at), "eventSource": "s3.amazonaws.com", "eventName": name, "awsRegion": "us-east-1", "recipientAccountId": "111122223333",
        "sourceIPAddress": "203.0.113.77", "userIdentity": {"type": "AssumedRole", "arn": format!("arn:aws:sts::111122223333:assumed-role/{who}/s")},
        "requestParameters": request, "additionalEventData": {"bytesTransferredOut": bytes}, "requestID": format!("R{n}"), "eventID": format!("E{n}"),
    });
    if failed {
        e["errorCode"] = json!("AccessDenied");
    }
    e.to_string()
}

#[test]
fn bounds_are_what_the_generator_knows() {
    let people: usize = std::env::var("PIIMAP_SCENARIO_PEOPLE").ok().and_then(|p| p.parse().ok()).unwrap_or(100_000);
    let b = Bench::new();
    b.write("store/data/keep.txt", "a bucket\n");
    let w = World { server: S3Server::start(&b.path("store")), b };
    let mut rng = Lcg(7);
    let mut subset = |n: usize| (0..n).map(|_| rng.below(people)).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>();
    let each = (people / 40).max(10);
    let mut first: Vec<Version> = (0..OBJECTS)
        .map(|o| {
            let format = if o < MASTERS { "csv" } else { FORMATS[o % FORMATS.len()] };
            let columns: &[&str] =
                if o < MASTERS { &["full_name", "email", "ssn", "zip", "state"] } else { COLUMNS[o / FORMATS.len() % COLUMNS.len()] };
            let people = if o < MASTERS { (o * people / MASTERS..(o + 1) * people / MASTERS).collect() } else { subset(each) };
            Version { key: format!("in/{o:02}/part.{format}"), format, columns, people }
        })
        .collect();
    let sizes: Vec<u64> = first.iter().map(|v| w.put(v, october(1, 0))).collect();
    w.scan();

    // What happens to some of them later: overwritten by other people's rows, deleted.
    let (overwritten, never, deleted) = ([20, 31, 42], 43, 52);
    let old = first.clone();
    for o in overwritten.into_iter().chain([never]) {
        first[o].people = subset(each);
        w.put(&first[o], october(10, 0));
    }
    std::fs::remove_file(w.b.path(&format!("store/data/{}", first[deleted].key))).unwrap();
    w.scan();

    // The intruder, on 5 October: 17 objects, two of them in part, one refused, one at a version that nobody indexed.
    let (whole, part, refused) = ([3, 11, 12, 15, 23, 26, 27, 34, 39], [16, 28], 30);
    let mut truth = Truth::new();
    let mut log = Vec::new();
    let mut say = |who: &str, name: &str, o: usize, second: u64, bytes: Option<u64>, failed: bool| {
        let n = log.len();
        log.push(event(n, who, name, &old[o].key, october(5, second), bytes, failed));
    };
    for (n, o) in whole.into_iter().chain(overwritten).chain([deleted]).enumerate() {
        if n % 4 == 3 {
            say("intruder", "CopyObject", o, 100 + n as u64, Some(243), false);
        } else {
            // Large objects are read in ranges.
            let half = sizes[o] / 2;
            say("intruder", "GetObject", o, 100 + n as u64, Some(half), false);
            say("intruder", "GetObject", o, 101 + n as u64, Some(sizes[o] - half), false);
        }
        old[o].expose(true, &mut truth);
    }
    for o in part {
        say("intruder", "GetObject", o, 300, Some(sizes[o] - 1), false);
        old[o].expose(false, &mut truth);
    }
    say("intruder", "GetObject", refused, 400, Some(243), true);
    say("intruder", "GetObject", never, 500, Some(sizes[never]), false);
    say("loader", "PutObject", never, 0, None, false);
    for (o, size) in sizes.iter().enumerate().take(OBJECTS) {
        say("analyst", "GetObject", o, 600 + o as u64, Some(*size), false);
    }
    log.push(event(log.len(), "intruder", "GetObject", "in/99/unknown.csv", october(5, 700), Some(10), false));

    // In one file, and shuffled, repeated, split over several kinds of files.
    let records = |r: &[&String]| format!("{{\"Records\":[{}]}}", r.iter().map(|r| r.as_str()).collect::<Vec<_>>().join(","));
    w.b.write("one/a.json", records(&log.iter().collect::<Vec<_>>()));
    let mut shuffled: Vec<&String> = log.iter().chain(log.iter().take(40)).collect();
    for i in (1..shuffled.len()).rev() {
        shuffled.swap(i, rng.below(i + 1));
    }
    let (x, y) = shuffled.split_at(30);
    w.b.write("many/x.json.gz", gzip(records(x).as_bytes()));
    w.b.write("many/sub/y.json", y.iter().map(|l| format!("{l}\n")).collect::<String>());
    w.b.write("many/AWSLogs/CloudTrail-Insight/z.json", "{\"insight\":\"x\"}");

    let more = ["--principal", "*/intruder/*", "--discovered", "2026-11-21", "--list", "list.jsonl"];
    let ask = |logs: &[&'static str]| [&["breach", "--cloudtrail"], logs, &more].concat();
    let begun = std::time::Instant::now();
    let doc = w.run(&[&ask(&["one"])[..], &["--format", "json"]].concat()).json();
    let seconds = begun.elapsed().as_secs_f64();
    let again = w.run(&[&ask(&["many", "one/a.json"])[..], &["--format", "json"]].concat()).json();
    let mut same = again.clone();
    same["evidence"]["records"] = doc["evidence"]["records"].clone();
    assert_eq!(same, doc, "logs in any order, repeated, split");

    let e = &doc["evidence"];
    assert_eq!((&e["failed"], &e["never_indexed"], &doc["scope"]["read_in_part"]), (&json!(1), &json!(2), &json!(2)), "{e}");
    assert_eq!(doc["scope"]["objects"], 17, "15 in the index, 2 that are not");
    assert_eq!(doc["scope"]["in_scope_unread"], 2);
    let kinds: BTreeSet<&str> = e["gaps"].as_array().unwrap().iter().map(|g| g["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["never_indexed", "version_never_indexed"].into());

    let sure = truth.values().filter(|p| !p.0.is_empty()).count() as u64;
    assert_eq!(doc["consumers"]["certain"], sure, "{}", doc["consumers"]);
    assert_eq!(doc["consumers"]["upper"], truth.len() as u64);
    assert_eq!(doc["unattributed_records"], 0);
    let j = |state: &str| doc["jurisdictions"].as_array().unwrap().iter().find(|j| j["code"] == state).unwrap();
    let mut wrong = Vec::new();
    for (state, id, clauses) in RULES {
        let (certain, upper) = expected(&truth, state, &[clauses]);
        let found =
            j(state)["rules"].as_array().unwrap().iter().find(|r| r["id"] == *id).map(|r| r["consumers"].clone()).unwrap_or_default();
        let have = (found["certain"].as_u64().unwrap_or(0), found["upper"].as_u64().unwrap_or(0));
        if have != (certain, upper) {
            wrong.push(format!("{id}: {have:?}, planted {:?}", (certain, upper)));
        }
    }
    for (state, _) in STATES {
        let rules: Vec<_> = RULES.iter().filter(|r| r.0 == *state).map(|r| r.2).collect();
        let want = expected(&truth, state, &rules);
        let n = &j(state)["requiring_notice"];
        let have = (n["certain"].as_u64().unwrap(), n["upper"].as_u64().unwrap());
        if have != want {
            wrong.push(format!("{state}: {have:?} to tell, planted {want:?}"));
        }
        let residents = truth.iter().filter(|(i, p)| residence(**i) == Some(state) && !p.0.is_empty()).count() as u64;
        assert_eq!(j(state)["residents"]["certain"], residents, "{state}");
    }
    assert!(wrong.is_empty(), "not as planted:\n  {}", wrong.join("\n  "));
    let scopes = &e["scopes"];
    assert_eq!(scopes["accessed"]["consumers"], doc["consumers"]);
    assert!(scopes["accessible"]["consumers"]["certain"].as_u64().unwrap() >= people as u64);
    println!("{people} people: answered in {seconds:.2} s");

    // Without an index: a bucket with versions keeps what was overwritten and deleted, but for the version that nobody ever saw.
    for o in overwritten.into_iter().chain([never, deleted]) {
        w.put_old(&old[o], "v1", october(1, 0));
    }
    w.b.write(&format!("store/data-versions/{}/dm1", old[deleted].key), "");
    let url = w.server.url();
    let scan = ["--scan", "s3://data/", "--all-versions", "--endpoint-url", &url, "--index", "cold.db", "--format", "json"];
    let begun = std::time::Instant::now();
    let cold = w.run(&[&ask(&["one"])[..], &scan].concat());
    println!("{people} people: the same without an index in {:.1} s", begun.elapsed().as_secs_f64());
    assert_eq!(cold.status, Some(3), "{}", cold.stderr);
    let cold = cold.json();
    for part in ["consumers", "elements", "jurisdictions", "unknown_residence", "unattributed_records", "scope"] {
        assert_eq!(cold[part], doc[part], "{part} without an index");
    }
    for part in ["scopes/accessed", "gaps", "never_indexed", "reads", "failed", "anonymous", "uncertain_end"] {
        let at = format!("/evidence/{part}");
        assert_eq!(cold.pointer(&at), doc.pointer(&at), "{part} without an index");
    }

    // A person a line, the same people; no value of anybody anywhere.
    let list = std::fs::read_to_string(w.b.path("list.jsonl")).unwrap();
    assert_eq!(list.lines().count(), truth.len());
    let text = w.run(&ask(&["many"]));
    assert!(text.stdout.lines().all(|l| l.chars().count() <= 80), "{}", text.stdout);
    assert!(text.stdout.contains("Missing events prove nothing"));
    let planted = (0..people).flat_map(|i| ["email", "ssn", "password"].map(|column| value(i, column)));
    let planted = aho_corasick::AhoCorasick::new(planted).unwrap();
    for out in [&list, &text.stdout, &text.stderr, &doc.to_string(), &cold.to_string()] {
        assert!(!planted.is_match(out), "a value of somebody");
    }
    assert!(planted.is_match(&value(people / 2, "email")));
}
