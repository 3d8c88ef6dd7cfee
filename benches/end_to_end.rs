//! What an index costs beside the search alone: the CPU time of `piimap scan --threads 1` as a ratio to that of `piimap classify --count`.
//!
//! `cargo bench --bench end_to_end -- [MB OF EACH CORPUS] [CORPORA]`, 16 of each of `abcde` unless told. The program itself is run, from its
//! start to its end, both ways in turn; the least of five runs counts. `a` is dense, a customer table with eleven findings a row, and may take 1.5
//! times as long; the others are sparse and may take 1.15 times. What both find must be the same. Where the ratio cannot be had (no `/proc`), it says so.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

mod corpora;

const ROUNDS: usize = 5;
const KEY: &str = "5a1f00c3b2d4e6f8091a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f70";

/// CPU time of all children that have ended, as far as the system tells: hundredths of a second.
fn of_children() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let ticks = stat.rsplit(')').next()?.split_whitespace().skip(13).take(2).map(|t| t.parse::<u64>().ok()).sum::<Option<u64>>()?;
    Some(Duration::from_millis(ticks * 10))
}

/// Runs the program in a folder; its CPU time and what it printed.
fn run(dir: &Path, args: &[&str]) -> (Option<Duration>, Value) {
    let before = of_children();
    let mut command = Command::new(env!("CARGO_BIN_EXE_piimap"));
    command.args(args).args(["--threads", "1", "--format", "json"]).current_dir(dir);
    command.env("PIIMAP_KEY", KEY).env("HOME", dir).env("XDG_CONFIG_HOME", dir).stdin(Stdio::null()).stderr(Stdio::inherit());
    let out = command.output().expect("the program runs");
    assert!(out.status.success(), "{args:?}: {}", out.status);
    let took = of_children().zip(before).map(|(after, before)| after - before);
    (took, serde_json::from_slice(&out.stdout).expect("a document"))
}

/// What a document says of each classifier: findings.
fn found(document: &Value, of: impl Fn(&Value) -> Option<u64>) -> BTreeMap<String, u64> {
    let all = document["classifiers"].as_object().expect("classifiers");
    all.iter().map(|(name, n)| (name.clone(), of(n).expect("a number"))).collect()
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let megabytes: f64 = args.iter().find_map(|a| a.parse().ok()).unwrap_or(16.0);
    let which = args.iter().find(|a| a.chars().all(|c| ('a'..='e').contains(&c))).map_or("abcde", String::as_str);
    let dir = tempfile::tempdir().expect("a folder");
    println!("corpus   classify      scan   ratio   index");
    for (name, ending) in corpora::CORPORA.iter().filter(|c| which.contains(c.0)) {
        let bytes = corpora::corpus(name, (megabytes * 1e6) as usize);
        let file = format!("{name}.{ending}");
        std::fs::write(dir.path().join(&file), &bytes).expect("a file");
        let (mut search, mut whole): (Option<Duration>, Option<Duration>) = (None, None);
        let mut size = 0;
        for round in 0..ROUNDS {
            let (took, counted) = run(dir.path(), &["classify", "--count", &file]);
            let least = |best: Option<Duration>, took: Option<Duration>| best.map_or(took, |b| took.map(|t| t.min(b)));
            search = least(search, took);
            let index = format!("{name}{round}.db");
            let (took, scanned) = run(dir.path(), &["scan", &file, "--index", &index]);
            whole = least(whole, took);
            assert_eq!(found(&scanned, |c| c["sightings"].as_u64()), found(&counted, Value::as_u64), "what {file} holds");
            size = std::fs::metadata(dir.path().join(&index)).expect("an index").len();
            std::fs::remove_file(dir.path().join(&index)).expect("it can be removed");
        }
        let Some((search, whole)) = search.zip(whole) else {
            println!("{name}: the system does not tell what a program takes");
            continue;
        };
        let (search, whole) = (search.as_secs_f64(), whole.as_secs_f64());
        println!("{name:<6} {search:8.2} s {whole:8.2} s {:7.2} {:6.1} MB", whole / search, size as f64 / 1e6);
    }
}
