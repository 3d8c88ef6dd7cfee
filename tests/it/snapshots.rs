//! What people see, word for word: status, standard output, standard error.
//!
//! After a change that is meant, `INSTA_UPDATE=always cargo test --test it snapshots` writes them anew; read the difference.

use regex_automata::meta::Regex;

use crate::support::{Bench, Done, sample_scan};

/// Replaces what differs between machines and runs.
fn stable(b: &Bench, text: &str) -> String {
    let mut text = text.replace(b.path("").to_str().unwrap().trim_end_matches('/'), "[DIR]");
    for (pattern, with) in [
        (r"c_[0-9a-f]{16}", "c_[ID]"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[TIME]"),
        // Old by the clock of this year, not by that of the year before.
        (r"\[TIME\]: stale", "[TIME]"),
        (r"read in \d+\.\d s", "read in [SECONDS] s"),
        (r"\([0-9.]+ [kMGT]?B/s\)", "([RATE]/s)"),
        // Files are copied for the test: today.
        (r"consumers?, of \d{4}-\d\d-\d\d", "consumers, of [DATE]"),
    ] {
        let regex = Regex::new(pattern).unwrap();
        let (mut out, mut at) = (String::new(), 0);
        for m in regex.find_iter(text.as_bytes()) {
            out += &text[at..m.start()];
            out += with;
            at = m.end();
        }
        text = out + &text[at..];
    }
    text
}

fn shown(b: &Bench, done: &Done) -> String {
    let part = |name: &str, text: &str| if text.is_empty() { String::new() } else { format!("--- {name}\n{}", stable(b, text)) };
    format!("status {}\n{}{}", done.status.unwrap_or(-1), part("stdout", &done.stdout), part("stderr", &done.stderr))
}

#[test]
fn help() {
    let b = Bench::new();
    for verb in [
        "",
        "scan",
        "find",
        "map",
        "breach",
        "verify",
        "verify-bundle",
        "audit",
        "review",
        "coverage",
        "runs",
        "diff",
        "export",
        "publish glue",
        "publish lakeformation",
        "serve",
        "sources",
        "sources discover",
        "classify",
        "classifiers",
        "index check",
        "index compact",
        "index prune",
        "index hold",
        "index release",
        "index forget",
        "index sql",
        "index export",
        "init",
        "key",
    ] {
        let args: Vec<&str> = verb.split(' ').chain(["--help"]).filter(|a| !a.is_empty()).collect();
        let done = b.run(&args);
        for line in done.stdout.lines() {
            assert!(line.chars().count() <= 100, "{verb} --help is wider than a terminal: {line}");
        }
        assert!(done.stdout.contains("Example"), "{verb} --help has no example");
        assert!(done.status == Some(0) && done.stderr.is_empty());
        insta::assert_snapshot!(format!("help_{}", verb.replace(' ', "_")), shown(&b, &done));
    }
}

#[test]
fn mistakes() {
    let b = Bench::new();
    b.write("data/a.csv", "email\nada.winter@example.com\n");
    let mut all = String::new();
    let mut note = |what: &str, done: Done| {
        assert_eq!(done.status, Some(2), "{what}");
        all += &format!("## {what}\n{}\n", shown(&b, &done));
    };
    note("a question without an index", b.run(&["map"]));
    note("a path that is not there", b.run(&["scan", "not-there"]));
    note("a source of an unknown kind", b.run(&["scan", "ftp://example.com/x"]));
    note("a scan of nothing", b.run(&["scan"]));
    note("no command", b.run(&[]));
    note("an unknown command", b.run(&["fnd"]));
    note("breach without a scope", b.run(&["breach"]));
    note("classify of a folder", b.run(&["classify", "data"]));
    note("classify of a file that is not there", b.run(&["classify", "not-there.csv"]));
    note("cases that are none", b.run_with(&["classify", "--cases"], b"ada.winter@example.com\n"));
    note("an unknown classifier", b.run(&["classifiers", "show", "us.snn"]));
    note("a file that is no index", {
        b.write("other.db", "not a database, but long enough to be looked at as one: ".repeat(40));
        b.run(&["map", "--index", "other.db"])
    });
    note("a configuration with a misspelt key", {
        b.write("bad.toml", "indx = \"x.db\"\n");
        b.run(&["map", "--config", "bad.toml"])
    });
    note("a configuration that is not there", b.run(&["map", "--config", "none.toml"]));
    note("a key that is none", {
        let mut c = b.command(&["scan", "data"]);
        Done::of(c.env("PIIMAP_KEY", "12345").spawn().unwrap())
    });
    assert_eq!(b.scan("data", &[]).0, Some(0));
    let keyed = |args: &[&str], key: &str| Done::of(b.command(args).env("PIIMAP_KEY", key).spawn().unwrap());
    note("find with another key", keyed(&["find", "ada.winter@example.com"], &"ab1c".repeat(16)));
    note("scan with another key", keyed(&["scan", "data"], &"ab1c".repeat(16)));
    note("a key file that is not there", b.run(&["find", "x@example.com", "--key-file", "none"]));
    note("find of no value", b.run_with(&["find", "-"], b""));
    note("find with an unknown classifier", b.run(&["find", "x@example.com", "--class", "generic.mail"]));
    note("a folder for the index that is not there", b.run(&["scan", "data", "--index", "no/folder/x.db"]));
    note("a list that cannot be written", b.run(&["breach", "--object", "*", "--list", "no/folder/list.jsonl"]));
    insta::assert_snapshot!("mistakes", all);
}

#[test]
fn answers_of_the_samples() {
    let (b, ..) = sample_scan();
    for (name, args) in [
        ("find", &["find", "maren.holloway@example.com", "--why"][..]),
        ("find_shared", &["find", "phone-orders@harborlight.example"]),
        ("find_nothing", &["find", "nobody.at.all@example.com"]),
        ("map", &["map"]),
        ("coverage", &["coverage"]),
        ("breach", &["breach", "--dataset", "redshift/*", "--object", "orders-0009.jsonl.gz"]),
        ("breach_nothing", &["breach", "--object", "nothing-like-this"]),
    ] {
        let mut done = b.run(args);
        if name == "map" {
            done.stdout = done.stdout.lines().take(45).map(|l| format!("{l}\n")).collect();
        }
        if name == "find_shared" {
            done.stdout = done.stdout.lines().take(12).map(|l| format!("{l}\n")).collect();
        }
        insta::assert_snapshot!(format!("samples_{name}"), shown(b, &done));
    }
}

#[test]
fn a_scan_and_the_next() {
    let b = Bench::with_samples();
    insta::assert_snapshot!("scan_first", shown(&b, &b.run(&["scan", "samples"])));
    std::fs::remove_file(b.path("samples/support/notes-0009.txt")).unwrap();
    insta::assert_snapshot!("scan_second", shown(&b, &b.run(&["scan", "samples"])));
    b.write("clean/readme.txt", "nothing personal\n");
    let done = b.run(&["scan", "clean", "--index", "clean.db"]);
    let map = b.run(&["map", "--index", "clean.db"]);
    let coverage = b.run(&["coverage", "--index", "clean.db"]);
    insta::assert_snapshot!("scan_clean", shown(&b, &done) + &shown(&b, &map) + &shown(&b, &coverage));
    // The first key is made and said to be made.
    let mut c = b.command(&["scan", "clean", "--index", "new.db"]);
    insta::assert_snapshot!("scan_first_key", shown(&b, &Done::of(c.env_remove("PIIMAP_KEY").spawn().unwrap())));
}

#[test]
fn classify_and_classifiers() {
    let b = Bench::new();
    b.write("people.csv", "name,email,ssn\nAda Winter,ada.winter@example.com,457-55-5462\nBen Summer,ben.summer@example.org,\n");
    let text = b.run_with(&["classify", "--explain"], b"SSN: 457-55-5462\ncall 207-555-0142 or write to ada.winter@example.com\n");
    insta::assert_snapshot!("classify_text", shown(&b, &text));
    insta::assert_snapshot!("classify_table", shown(&b, &b.run(&["classify", "people.csv"])));
    insta::assert_snapshot!("classify_table_explained", shown(&b, &b.run(&["classify", "people.csv", "--explain"])));
    insta::assert_snapshot!("classify_count", shown(&b, &b.run(&["classify", "--count", "people.csv"])));
    let list = b.run(&["classifiers", "list"]).stdout;
    let widest = list.lines().map(|l| l.chars().count()).max().unwrap();
    assert!(widest <= 120, "{widest} columns");
    let head: String = list.lines().take(4).map(|l| l.split_whitespace().collect::<Vec<_>>().join(" ") + "\n").collect();
    insta::assert_snapshot!("classifiers_head", head);
}
