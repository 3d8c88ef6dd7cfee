//! No raw personal value leaves the batch.

use std::path::Path;

use crate::generate;
use crate::support::{Bench, Done};

/// What was planted, as written and as it would look normalised; short ones occur by chance.
fn planted() -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    for line in generate::samples().planted.lines() {
        let value = line.split_once('\t').map_or(line, |l| l.1);
        let digits: String = value.chars().filter(char::is_ascii_digit).collect();
        for form in [value.to_owned(), value.to_lowercase(), value.to_uppercase()] {
            out.push(form.into_bytes());
        }
        // Nine digits and more do not turn up in a file by chance.
        if digits.len() >= 9 {
            out.push(digits.into_bytes());
        }
    }
    out.retain(|v| v.len() >= 7);
    out.sort();
    out.dedup();
    out
}

/// The first planted values that these bytes hold.
fn leaks<'v>(bytes: &[u8], search: &aho_corasick::AhoCorasick, values: &'v [Vec<u8>]) -> Vec<&'v [u8]> {
    search.find_iter(bytes).take(5).map(|m| &values[m.pattern().as_usize()][..]).collect()
}

fn check(what: &str, bytes: &[u8], search: &aho_corasick::AhoCorasick, values: &[Vec<u8>]) {
    let found = leaks(bytes, search, values);
    assert!(found.is_empty(), "{what} holds {:?}", found.iter().map(|v| String::from_utf8_lossy(v)).collect::<Vec<_>>());
}

#[test]
fn no_planted_value_is_in_the_index_or_in_any_output() {
    let values = planted();
    assert!(values.len() > 3000, "only {} planted values", values.len());
    let search = aho_corasick::AhoCorasick::new(&values).unwrap();
    // The search would notice: the samples themselves are full of them.
    let b = Bench::with_samples();
    assert!(!leaks(&std::fs::read(b.path("samples/crm/customers.csv")).unwrap(), &search, &values).is_empty());

    let list = b.path("affected.jsonl");
    let list = list.to_str().unwrap();
    let runs: &[&[&str]] = &[
        &["scan", "samples"],
        &["scan", "samples", "--full", "--format", "json"],
        &["map"],
        &["map", "--format", "json"],
        &["coverage"],
        &["breach", "--prefix", "samples", "--list", list],
        &["breach", "--prefix", "samples", "--format", "json"],
        &["find", "nobody@example.invalid"],
        &["classify", "--format", "json", "--all", "--explain", "samples/crm/customers.csv", "samples/logs/app-2026-11-02.log"],
    ];
    for args in runs {
        let Done { stdout, stderr, .. } = b.run(args);
        check(&format!("stdout of {args:?}"), stdout.as_bytes(), &search, &values);
        check(&format!("stderr of {args:?}"), stderr.as_bytes(), &search, &values);
    }
    check("the list of people", &std::fs::read(list).unwrap(), &search, &values);
    let files = b.index_files();
    assert!(files.len() >= 2, "{files:?}");
    for f in files {
        check(&f.display().to_string(), &std::fs::read(&f).unwrap(), &search, &values);
    }
    // By her own value a person is found, and the answer does not repeat it.
    let found = b.run_with(&["find", "-", "--why"], b"maren.holloway@example.com\n");
    assert_eq!(found.status, Some(0));
    check("find", found.stdout.as_bytes(), &search, &values);
}

#[test]
fn a_killed_run_leaves_no_value_in_the_write_ahead_log() {
    let values = planted();
    let search = aho_corasick::AhoCorasick::new(&values).unwrap();
    let b = Bench::with_samples();
    let mut child = b.command(&["scan", "samples"]).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(250));
    let _ = child.kill();
    Done::of(child);
    for f in b.index_files() {
        check(&f.display().to_string(), &std::fs::read(&f).unwrap(), &search, &values);
    }
}

#[test]
fn damaged_files_do_not_make_it_talk() {
    let values = planted();
    let search = aho_corasick::AhoCorasick::new(&values).unwrap();
    let b = Bench::with_samples();
    let mut state = 20_261_103u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as usize % below.max(1)
    };
    for file in files_below(&b.path("samples")) {
        let mut bytes = std::fs::read(&file).unwrap();
        for _ in 0..3 {
            if !bytes.is_empty() {
                let at = random(bytes.len());
                match random(3) {
                    0 => bytes[at] ^= 1 << random(8),
                    1 => bytes.truncate(at),
                    _ => drop(bytes.drain(at..(at + random(40)).min(bytes.len()))),
                }
            }
        }
        std::fs::write(&file, bytes).unwrap();
    }
    for args in [&["scan", "samples"][..], &["coverage"], &["map"]] {
        let done = b.run(args);
        assert!(matches!(done.status, Some(0 | 3)), "{args:?}: {done:?}");
        check(&format!("stdout of {args:?}"), done.stdout.as_bytes(), &search, &values);
        check(&format!("stderr of {args:?}"), done.stderr.as_bytes(), &search, &values);
    }
    for f in b.index_files() {
        check(&f.display().to_string(), &std::fs::read(&f).unwrap(), &search, &values);
    }
}

fn files_below(dir: &Path) -> Vec<std::path::PathBuf> {
    let mut out = Vec::new();
    for e in std::fs::read_dir(dir).unwrap() {
        let p = e.unwrap().path();
        if p.is_dir() { out.extend(files_below(&p)) } else { out.push(p) }
    }
    out.sort();
    out
}

#[test]
fn names_that_are_personal_data_are_sealed() {
    let b = Bench::new();
    b.write("data/letters/ida.holm@example.org.txt", "Dear customer, your order is on its way.\n");
    b.write("data/users.json", r#"{"users": {"ole.lund@example.org": {"age": 30}, "eva.berg@example.org": {"age": 31}}}"#);
    let names = ["ida.holm@example.org", "ole.lund@example.org", "eva.berg@example.org"];
    assert_eq!(b.scan("data", &[]).0, Some(0));
    for args in [&["map"][..], &["map", "--format", "json"], &["coverage"], &["breach", "--object", "*"]] {
        let done = b.run(args);
        for n in names {
            assert!(!done.stdout.contains(n) && !done.stderr.contains(n), "{args:?} shows a name: {done:?}");
        }
    }
    assert!(b.run(&["map"]).stdout.contains("{generic.email}"));
    for f in b.index_files() {
        let bytes = std::fs::read(&f).unwrap();
        assert!(!names.iter().any(|n| memchr::memmem::find(&bytes, n.as_bytes()).is_some()), "{}", f.display());
    }
    let found = b.json(&["find", "ole.lund@example.org"]);
    assert_eq!(found["places"].as_array().unwrap().len(), 1, "a key of a JSON object is a place: {found}");
    let (_, again) = b.scan("data", &[]);
    assert_eq!(again["objects"]["unchanged"], 2, "a sealed name is recognised: {again}");
    std::fs::remove_file(b.path("data/letters/ida.holm@example.org.txt")).unwrap();
    assert_eq!(b.scan("data", &[]).1["objects"]["gone"], 1);
}

#[cfg(unix)]
#[test]
fn what_is_written_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let b = Bench::with_samples();
    let mut scan = b.command(&["scan", "samples/crm"]);
    scan.env_remove("PIIMAP_KEY");
    assert_eq!(Done::of(scan.spawn().unwrap()).status, Some(0));
    let mut breach = b.command(&["breach", "--object", "*.csv", "--list", "affected.jsonl"]);
    breach.env_remove("PIIMAP_KEY");
    assert_eq!(Done::of(breach.spawn().unwrap()).status, Some(0));
    let mut files = b.index_files();
    files.extend([b.path("config/piimap/key"), b.path("affected.jsonl")]);
    for f in files {
        let mode = std::fs::metadata(&f).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", f.display());
    }
}
