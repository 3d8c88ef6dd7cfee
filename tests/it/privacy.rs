//! No raw personal value leaves the batch: not into the index, not into an output, not when things break.

use std::collections::BTreeMap;
use std::path::Path;

use aho_corasick::AhoCorasick;

use crate::generate;
use crate::support::{Bench, Done, sample_scan};

/// Every planted value and what else it may be written as, with its classifier; shorter ones occur by chance.
pub(crate) struct Planted {
    values: Vec<(String, String)>,
    machine: AhoCorasick,
}

impl Planted {
    pub(crate) fn new() -> Planted {
        let mut all: BTreeMap<String, String> = BTreeMap::new();
        for line in generate::samples().planted.lines() {
            let (class, value) = line.split_once('\t').unwrap();
            // A city that has its state's name: states are what is answered with.
            if value == "New York" {
                continue;
            }
            let digits: String = value.chars().filter(char::is_ascii_digit).collect();
            for v in [value.to_owned(), value.to_lowercase(), value.to_uppercase(), digits] {
                if v.len() >= 7 {
                    all.entry(v).or_insert_with(|| class.to_owned());
                }
            }
        }
        assert!(all.len() > 4000, "only {} values", all.len());
        let values: Vec<_> = all.into_iter().collect();
        let machine = AhoCorasick::new(values.iter().map(|v| &v.0)).unwrap();
        Planted { values, machine }
    }

    /// The classifiers of what stands in `bytes`. Digits count where no other digit is beside them: times and sizes are longer.
    fn in_bytes(&self, bytes: &[u8]) -> Vec<String> {
        let mut found = Vec::new();
        for m in self.machine.find_overlapping_iter(bytes) {
            let value = &self.values[m.pattern().as_usize()];
            let digit = |at: Option<usize>| at.and_then(|i| bytes.get(i)).is_some_and(u8::is_ascii_digit);
            let inside = digit(m.start().checked_sub(1)) || digit(Some(m.end()));
            if !((inside || in_consumer(bytes, m.range())) && value.0.bytes().all(|b| b.is_ascii_digit())) {
                // A test may name it: these people do not exist.
                found.push(format!("{} {:?} at {}", value.1, value.0, m.start()));
            }
        }
        found
    }

    #[track_caller]
    pub(crate) fn absent(&self, what: &str, bytes: &[u8]) {
        let found = self.in_bytes(bytes);
        assert!(found.is_empty(), "{what} holds {}", found.join(", "));
    }

    #[track_caller]
    fn absent_from(&self, what: &str, done: &Done) {
        self.absent(&format!("stdout of {what}"), done.stdout.as_bytes());
        self.absent(&format!("stderr of {what}"), done.stderr.as_bytes());
    }
}

/// Whether this is a part of a consumer's id: of millions of hexadecimal digits under a random key, some are those of a value.
fn in_consumer(bytes: &[u8], found: std::ops::Range<usize>) -> bool {
    let is_hex = |b: &u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    let is_id = |id: &[u8]| id.starts_with(b"c_") && id[2..].iter().all(is_hex);
    let begins = found.start.saturating_sub(17)..found.start.saturating_sub(1);
    begins.filter(|at| at + 18 >= found.end).any(|at| bytes.get(at..at + 18).is_some_and(is_id))
}

#[test]
fn the_search_finds_what_is_there() {
    let planted = Planted::new();
    let crm = &generate::samples().files["crm/customers.csv"];
    assert!(planted.in_bytes(crm).len() > 2000);
    assert!(!planted.in_bytes(b"... MAREN.HOLLOWAY@EXAMPLE.COM ...").is_empty());
    assert!(planted.in_bytes(b"nobody of them").is_empty());
    let digits = planted.values.iter().map(|v| &v.0).find(|v| v.len() == 8 && v.bytes().all(|b| b.is_ascii_digit())).unwrap();
    for (text, holds) in [
        (format!("c_{digits}abcdabcd"), false),
        (format!("c_abcdabcd{digits}"), false),
        (format!("c_{digits}abcdabc"), true),
        (format!("c_abcd0123 {digits}"), true),
        (format!("c_abcd0123abcd0123 {digits}"), true),
        (format!("x_{digits}abcdabcd"), true),
    ] {
        assert_eq!(planted.in_bytes(text.as_bytes()).is_empty(), !holds, "{}", text.replace(&**digits, "DIGITS"));
    }
}

#[test]
fn index_and_outputs_hold_no_planted_value() {
    let planted = Planted::new();
    let (b, ..) = sample_scan();
    let files = b.index_files();
    assert!(files.iter().any(|f| f.ends_with("piimap.db")) && files.len() >= 2, "{files:?}");
    for f in files {
        planted.absent(&f.display().to_string(), &std::fs::read(&f).unwrap());
    }
    let (list, crm) = ("affected.jsonl", "samples/crm/customers.csv");
    let heroine = "samples/support/notes-0009.txt";
    for args in [
        &["map"][..],
        &["map", "--html", "-"],
        &["runs"],
        &["map", "--csv"],
        &["map", "--markdown"],
        &["coverage"],
        &["breach", "--object", "**", "--list", list],
        &["breach", "--dataset", "logs/*"],
        &["classify", crm, "--explain", "--all"],
        &["classify", crm, heroine, "samples/logs/app-2026-11-01.log", "samples/orders/2026/11/orders-0001.jsonl.gz"],
        &["classify", "--count", crm],
    ] {
        // What is printed in a form of its own is not JSON as well.
        let own = ["-", "--csv", "--markdown"].iter().any(|o| args.contains(o));
        for format in ["text", "json"].into_iter().filter(|f| !own || *f == "text") {
            let done = b.run(&[args, &["--format", format]].concat());
            assert!(matches!(done.status, Some(0 | 3)) && !done.stdout.is_empty(), "{args:?}: {}", done.stderr);
            planted.absent_from(&format!("{args:?}"), &done);
        }
    }
    let list = std::fs::read(b.path(list)).unwrap();
    assert!(list.len() > 10_000);
    planted.absent("the list of affected people", &list);

    // What is asked for on standard input is not repeated either.
    for format in ["text", "json"] {
        let done = b.run_with(&["find", "-", "--why", "--format", format], b"maren.holloway@example.com\n");
        assert_eq!(done.status, Some(0));
        planted.absent_from("find -", &done);
    }
}

#[test]
fn a_run_and_its_files_tell_nothing_while_it_goes_on() {
    let planted = Planted::new();
    let b = Bench::with_samples();
    let mut child = b.command(&["scan", "samples", "--threads", "1"]).spawn().unwrap();
    // Killed as soon as there is something in the log that SQLite writes ahead.
    let wal = b.path("piimap.db-wal");
    while std::fs::metadata(&wal).map_or(0, |m| m.len()) < 200_000 && child.try_wait().unwrap().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    child.kill().unwrap();
    planted.absent_from("a killed scan", &Done::of(child));
    let mut bytes = 0;
    for f in b.index_files() {
        let content = std::fs::read(&f).unwrap();
        bytes += content.len();
        planted.absent(&f.display().to_string(), &content);
        owner_only(&f);
    }
    assert!(bytes > 100_000, "nothing had been written yet");
    let done = b.run(&["scan", "samples"]);
    assert_eq!(done.status, Some(3), "{}", done.stderr);
    planted.absent_from("scan", &done);
}

#[cfg(unix)]
#[track_caller]
fn owner_only(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600, "{}", path.display());
}

#[test]
#[cfg(unix)]
fn index_key_and_list_are_their_owners_alone() {
    let b = Bench::new();
    b.write("data/a.csv", "email\nada.winter@example.com\n");
    // Without a key in the environment one is made; a generous umask changes nothing.
    let exe = env!("CARGO_BIN_EXE_piimap");
    let script = format!("umask 000; '{exe}' scan data && '{exe}' breach --object '*' --list list.jsonl");
    let mut c = std::process::Command::new("/bin/sh");
    c.args(["-c", &script]).current_dir(b.path("")).env_clear().env("XDG_CONFIG_HOME", b.path("config")).env("PATH", "/usr/bin:/bin");
    let out = c.output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let files = b.index_files();
    assert!(files.len() >= 2);
    files.iter().for_each(|f| owner_only(f));
    owner_only(&b.path("config/piimap/key"));
    owner_only(&b.path("list.jsonl"));
    let key = std::fs::read_to_string(b.path("config/piimap/key")).unwrap();
    let said = [out.stdout, out.stderr].concat();
    assert!(!said.windows(key.trim().len()).any(|w| w == key.trim().as_bytes()), "the key is printed");
    for f in files {
        assert!(!std::fs::read(f).unwrap().windows(64).any(|w| w == key.trim().as_bytes()), "the key is in the index");
    }
}

/// A stream of numbers that is the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % n.max(1)
    }
}

/// Breaks bytes in one of several ways.
fn mutate(bytes: &mut Vec<u8>, rng: &mut Numbers) {
    if bytes.is_empty() {
        bytes.extend_from_slice(b"PAR1{\"a\":");
    }
    for _ in 0..=rng.below(4) {
        let at = rng.below(bytes.len());
        match rng.below(6) {
            0 => bytes.truncate(at.max(1)),
            1 => {
                let len = bytes.len();
                (0..8).for_each(|i| bytes[(at + i * 31) % len] ^= 1 << (i % 8));
            }
            2 => drop(bytes.splice(at..at, [0xff; 9])),
            3 => {
                let end = (at + 200).min(bytes.len());
                let again = bytes[at..end].to_vec();
                bytes.splice(at..at, again);
            }
            4 => drop(bytes.drain(at..(at + 40).min(bytes.len() - 1).max(at))),
            _ => bytes.splice(at..at, *b"\"\"\",{[\n").for_each(drop),
        }
        if bytes.is_empty() {
            return;
        }
    }
}

#[test]
fn broken_input_makes_nothing_talk() {
    let planted = Planted::new();
    let b = Bench::new();
    let files: Vec<_> = generate::samples().files.into_iter().filter(|(_, bytes)| !bytes.is_empty()).collect();
    let mut rng = Numbers(7);
    for n in 0..30 {
        // Every third is of those that have a structure to break: Parquet, gzip, JSON.
        let pick = loop {
            let f = &files[rng.below(files.len())];
            let structured = [".parquet", ".gz", ".json", ".jsonl"].iter().any(|e| f.0.ends_with(e));
            if structured || n % 3 != 0 {
                break f;
            }
        };
        let mut bytes = pick.1.clone();
        mutate(&mut bytes, &mut rng);
        b.write(&format!("broken/{n}/{}", pick.0), bytes);
    }
    let done = b.run(&["scan", "broken"]);
    assert!(matches!(done.status, Some(0 | 3)), "{:?} {}", done.status, done.stderr);
    assert!(!done.stderr.contains("internal error"), "{}", done.stderr);
    planted.absent_from("scan", &done);
    for format in ["text", "json"] {
        for args in [&["coverage"][..], &["map"], &["breach", "--object", "**"]] {
            planted.absent_from(&format!("{args:?}"), &b.run(&[args, &["--format", format]].concat()));
        }
    }
    for f in b.index_files() {
        planted.absent(&f.display().to_string(), &std::fs::read(&f).unwrap());
    }
    let doc = b.json(&["scan", "broken"]);
    assert_eq!(doc["objects"]["listed"], 30);
    let decoder = b.run(&["coverage", "--format", "json"]).lines().iter().filter(|l| l["reason"] == "decoder_failed").count();
    assert_eq!(decoder, 0, "a decoder panicked");
}

#[test]
fn names_that_are_personal_data_are_sealed() {
    let b = Bench::new();
    let (jane, bob, kim) = ("jane.roe@corp.example.com", "bob.stone@corp.example.com", "kim.park@corp.example.com");
    b.write(&format!("data/letters/{jane}.csv"), format!("email,note\n{jane},a letter\n"));
    b.write(&format!("data/{bob}.bin"), (0..4000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect::<Vec<_>>());
    b.write(&format!("data/by/email={kim}/part.json"), format!("{{\"{kim}\": {{\"phone\": \"+1 207 555 0142\"}}}}\n"));
    let scan = b.run(&["scan", "data", "--format", "json"]);
    assert_eq!(scan.status, Some(3), "{}", scan.stderr);
    let mut said = vec![scan.stdout.clone(), scan.stderr.clone()];
    for args in [&["map"][..], &["coverage"], &["breach", "--object", "**"]] {
        for format in ["text", "json"] {
            let done = b.run(&[args, &["--format", format]].concat());
            said.extend([done.stdout, done.stderr]);
        }
    }
    // Typed on the line, the value may be ours to know; the name of the file is still shown sealed.
    let find = b.run_with(&["find", "-", "--format", "json"], jane.as_bytes());
    let uri = find.json()["places"][0]["uri"].as_str().unwrap().to_owned();
    assert!(uri.ends_with("/letters/{generic.email}.csv") || uri.ends_with("/letters/{generic.email}"), "{uri}");
    said.extend([find.stdout, find.stderr]);
    let coverage = b.run(&["coverage", "--format", "json"]).lines();
    assert!(coverage.iter().any(|l| l["uri"].as_str().unwrap().contains("/{generic.email}")), "{coverage:?}");
    for (name, files) in [("outputs", said.into_iter().map(String::into_bytes).collect::<Vec<_>>()), ("index", raw(&b))] {
        for bytes in files {
            let text = String::from_utf8_lossy(&bytes).to_lowercase();
            for secret in ["jane.roe", "bob.stone", "kim.park", "207 555 0142", "2075550142"] {
                assert!(!text.contains(secret), "{name}: {secret}");
            }
        }
    }
    // Sealed names are still told apart, and known again.
    let again = b.run(&["scan", "data", "--format", "json"]).json();
    assert_eq!((&again["objects"]["unchanged"], &again["objects"]["gone"]), (&3.into(), &0.into()), "{again}");
    std::fs::remove_file(b.path(&format!("data/letters/{jane}.csv"))).unwrap();
    assert_eq!(b.scan("data", &[]).1["objects"]["gone"], 1);
}

#[test]
fn keys_of_json_objects_that_are_personal_data_are_places() {
    let b = Bench::new();
    b.write("data/users.json", r#"{"users": {"ole.lund@example.org": {"age": 30}, "eva.berg@example.org": {"age": 31}}}"#);
    assert_eq!(b.scan("data", &[]).0, Some(0));
    let found = b.run_with(&["find", "-", "--format", "json"], b"ole.lund@example.org\n");
    // The address, and the age in the object under it.
    assert_eq!(found.json()["places"].as_array().unwrap().len(), 2, "{}", found.stdout);
    let map = b.run(&["map"]);
    for text in [found.stdout, map.stdout].into_iter().map(String::into_bytes).chain(raw(&b)) {
        let text = String::from_utf8_lossy(&text);
        assert!(!text.contains("ole.lund") && !text.contains("eva.berg"));
    }
}

fn raw(b: &Bench) -> Vec<Vec<u8>> {
    b.index_files().iter().map(|f| std::fs::read(f).unwrap()).collect()
}

#[test]
fn a_dry_run_shows_names_of_folders_as_a_scan_does() {
    let b = Bench::new();
    b.write("data/a.csv", "id\n1\n");
    // What leads nowhere cannot be listed, and is told by its name.
    std::os::unix::fs::symlink("nowhere", b.path("data/ada.winter@example.com.csv")).unwrap();
    for format in ["text", "json"] {
        let done = b.run(&["scan", "data", "--dry-run", "--format", format]);
        assert_eq!(done.status, Some(3), "{}", done.stderr);
        assert!(done.stdout.contains("{generic.email}"), "{}", done.stdout);
        assert!(!(done.stdout + &done.stderr).contains("ada.winter"));
    }
}
