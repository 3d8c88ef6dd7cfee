//! Indexes that earlier versions of the program wrote, one for each format that was released or is to be: today's program opens them,
//! answers from them as from its own, and writes on in them, or says clearly that it does not.
//!
//! So far that is format 8. Those of 7 and 9, which are refused, are today's with another number in the header: no more is looked at to refuse them.
//!
//! After a change of the format `PIIMAP_KEEP_INDEX=1 cargo test --test it kept` writes the file of the new one; the others stay as they are.

use std::io::{Read, Write};
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::bench::repository;
use crate::support::s3_server::{ACCESS_KEY, S3Server, SECRET_KEY};
use crate::support::{Bench, Done};

const ADA: &str = "ada.winter@example.com";
const BEN: &str = "ben.summer@example.org";
const CLEO: &str = "cleo.autumn@example.net";

fn folder() -> PathBuf {
    repository().join("tests/data/index")
}

/// Kept files by the number of their format.
fn kept() -> Vec<(i64, PathBuf)> {
    let all = std::fs::read_dir(folder()).unwrap().map(|e| e.unwrap().path());
    let number = |p: &PathBuf| p.file_name()?.to_str()?.strip_prefix("format-")?.strip_suffix(".db.gz")?.parse().ok();
    all.filter_map(|p| Some((number(&p)?, p))).collect()
}

/// What two runs saw: a customer file, orders, a note; between the runs Ben goes, with a note that names him, and Cleo comes.
struct Shop {
    b: Bench,
    server: S3Server,
}

impl Shop {
    fn new() -> Shop {
        let b = Bench::new();
        std::fs::create_dir_all(b.path("store/kept")).unwrap();
        let server = S3Server::start(&b.path("store"));
        Shop { b, server }
    }

    fn first(&self) {
        self.customers(&[("C0000017", "Ada Winter", ADA, "457-55-5462", "CA"), ("C0000018", "Ben Summer", BEN, "457-55-5463", "NY")]);
        let orders = format!("order_id,email,total\n1,{ADA},19.90\n2,{ADA},29.90\n3,{ADA},9.90\n");
        self.b.write("store/kept/shop/orders.csv", orders);
        self.b.write("store/kept/shop/note.txt", format!("Please write to {ADA} or {BEN} about the delivery.\n"));
    }

    fn second(&self) {
        self.customers(&[("C0000017", "Ada Winter", ADA, "457-55-5462", "CA"), ("C0000019", "Cleo Autumn", CLEO, "457-55-5464", "TX")]);
        std::fs::remove_file(self.b.path("store/kept/shop/note.txt")).unwrap();
    }

    fn customers(&self, all: &[(&str, &str, &str, &str, &str)]) {
        let row = |(id, name, mail, ssn, state): &(&str, &str, &str, &str, &str)| format!("{id},{name},{mail},{ssn},{state}\n");
        self.b.write(
            "store/kept/shop/customers.csv",
            "customer_id,name,email,ssn,state\n".to_owned() + &all.iter().map(row).collect::<String>(),
        );
    }

    fn scan(&self) -> Value {
        let url = self.server.url();
        let mut c = self.b.command(&["scan", "s3://kept/shop/", "--endpoint-url", &url, "--format", "json"]);
        c.env("AWS_ACCESS_KEY_ID", ACCESS_KEY).env("AWS_SECRET_ACCESS_KEY", SECRET_KEY).env("AWS_REGION", "us-east-1");
        c.env("AWS_EC2_METADATA_DISABLED", "true");
        let done = Done::of(c.spawn().unwrap());
        assert_eq!(done.status, Some(0), "{}", done.stderr);
        done.json()
    }

    /// An index of both runs.
    fn written() -> Shop {
        let s = Shop::new();
        s.first();
        s.scan();
        // An ETag here is the time and the size.
        std::thread::sleep(std::time::Duration::from_millis(1100));
        s.second();
        s.scan();
        s
    }

    /// The places of somebody, as `file field`, and who it is.
    fn find(&self, who: &str, more: &[&str]) -> (Vec<String>, Value) {
        let doc = self.b.json(&[&["find", who], more].concat());
        let place = |p: &Value| {
            let file = p["uri"].as_str().unwrap().strip_prefix("s3://kept/shop/").unwrap();
            let then = if p["current"] == true { "" } else { " (before)" };
            format!("{file} {}{then}", p["field"].as_str().unwrap_or("-"))
        };
        (doc["places"].as_array().unwrap().iter().map(place).collect(), doc["consumer"].clone())
    }

    /// No answer comes from a format that is not this program's, and nothing is written into it.
    fn is_refused(&self, format: i64, known: i64) {
        let before = std::fs::read(self.b.path("piimap.db")).unwrap();
        for args in [&["map"][..], &["find", ADA], &["index", "check"], &["scan", "store", "--full"], &["index", "compact"]] {
            let done = self.b.run(args);
            let says =
                format!("has index format {format}, this piimap reads format {known}; use the piimap that wrote it, or scan into a new");
            assert!(done.status == Some(2) && done.stdout.is_empty() && done.stderr.contains(&says), "{args:?}: {}", done.stderr);
        }
        assert!(std::fs::read(self.b.path("piimap.db")).unwrap() == before, "it was written into");
    }

    /// Every answer that is expected of the two runs, whoever wrote them down.
    fn answers(&self) -> Value {
        let as_of = &["--as-of", "1"][..];
        let map = |more: &[&str]| {
            let doc = self.b.json(&[&["map"], more].concat());
            let dataset = |d: &Value| json!([d["name"], d["objects"], d["fields"].as_array().map(Vec::len)]);
            json!([doc["consumers"], doc["datasets"].as_array().unwrap().iter().map(dataset).collect::<Vec<_>>()])
        };
        let breach = self.b.json(&["breach", "--object", "s3://kept/**"]);
        let states = breach["jurisdictions"].as_array().unwrap().iter().map(|j| json!([j["code"], j["residents"]["certain"]]));
        let diff = self.b.json(&["diff", "1", "2"]);
        json!({
            "check": self.b.run(&["index", "check"]).status,
            "key": self.b.run(&["key", "check"]).status,
            "people": [self.find(ADA, &[]), self.find("457-55-5462", &[]), self.find(BEN, &[]), self.find(CLEO, &[])],
            "before": [self.find(ADA, as_of), self.find(BEN, as_of), self.find(CLEO, as_of)],
            "map": [map(&[]), map(as_of)],
            "breach": [breach["consumers"], states.collect::<Vec<_>>()],
            "diff": diff["consumers"],
            "coverage": self.b.run(&["coverage"]).status,
        })
    }
}

#[test]
fn indexes_of_every_format_are_opened_or_refused() {
    let today = Shop::written();
    // `user_version`, where SQLite's header has it; pages of 8 KiB, incremental vacuum.
    let bytes = std::fs::read(today.b.path("piimap.db")).unwrap();
    assert_eq!((&bytes[16..18], &bytes[64..68]), (&[0x20, 0][..], &[0, 0, 0, 1][..]));
    let pragma = i64::from(u32::from_be_bytes(bytes[60..64].try_into().unwrap()));
    if std::env::var_os("PIIMAP_KEEP_INDEX").is_some() {
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gz.write_all(&bytes).unwrap();
        std::fs::write(folder().join(format!("format-{pragma}.db.gz")), gz.finish().unwrap()).unwrap();
    }
    let expected = today.answers();
    assert_eq!((&expected["check"], &expected["key"], &expected["coverage"]), (&json!(0), &json!(0), &json!(0)));
    let (places, ada) = today.find(ADA, &[]);
    let here = ["customers.csv", "orders.csv"];
    assert!(ada.is_string() && here.iter().all(|f| places.iter().any(|p| p.starts_with(f))), "{places:?}");
    assert_eq!(expected["map"][0][0], 2);

    let all = kept();
    assert!(all.iter().any(|(format, _)| *format == pragma), "no index of format {pragma} is kept: see the head of this file");
    for (format, path) in all {
        let s = Shop::new();
        let mut bytes = Vec::new();
        flate2::read::GzDecoder::new(std::fs::File::open(&path).unwrap()).read_to_end(&mut bytes).unwrap();
        s.b.write("piimap.db", bytes);
        if format != pragma {
            s.is_refused(format, pragma);
            continue;
        }
        // Ids differ by the data key, and by nothing else.
        let ids = |s: &Shop| [ADA, CLEO].map(|who| s.find(who, &[]).1.as_str().unwrap().to_owned());
        let same = |text: String, s: &Shop| ids(s).iter().enumerate().fold(text, |t, (n, id)| t.replace(id.as_str(), &format!("c_{n}")));
        // Ben's present name is that of his address alone, or of his number: hashes decide.
        let ben = |s: &Shop, more: &[&str]| s.find(BEN, more).1.as_str().unwrap().to_owned();
        let told = |s: &Shop| same(s.answers().to_string(), s).replace(&ben(s, &[]), "c_ben").replace(&ben(s, &["--as-of", "1"]), "c_ben");
        assert_eq!(told(&s), told(&today), "format {format}");
        // It is written on: the files are there again, at other times.
        s.first();
        s.second();
        let run = s.scan();
        assert_eq!((&run["run"], &run["consumers"], &run["objects"]["listed"]), (&json!(3), &json!(2), &json!(2)), "{run}");
        assert_eq!((s.find(ADA, &[]).1, s.b.run(&["index", "check"]).status), (json!(ids(&s)[0]), Some(0)));
        assert_eq!(s.find(BEN, &["--as-of", "1"]).0.len(), today.find(BEN, &["--as-of", "1"]).0.len());
    }
    // One of a format before, or of one to come.
    for other in [pragma - 1, pragma + 1] {
        let mut bytes = bytes.clone();
        bytes[60..64].copy_from_slice(&(other as u32).to_be_bytes());
        let s = Shop::new();
        s.b.write("piimap.db", bytes);
        s.is_refused(other, pragma);
    }
}
