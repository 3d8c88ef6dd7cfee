//! Neither the number of threads nor the order in which objects are read shows in an answer.

use crate::corpora::corpus;
use crate::support::{Bench, normal};
use serde_json::Value;

/// What a new index says after a scan with these arguments: of each answer its name and its text. It begins as a copy of one
/// that is shared, with its data key: consumers have the same ids.
fn answers(b: &Bench, index: &str, scan: &[&str], threads: &str) -> Vec<(&'static str, String)> {
    if !b.path("seed.db").exists() {
        b.empty_index("seed.db");
    }
    std::fs::copy(b.path("seed.db"), b.path(index)).unwrap();
    let ask = |args: &[&str]| b.json(&[args, &["--index", index, "--threads", threads]].concat());
    let scan = normal(ask(&[&["scan"], scan].concat()));
    let find = normal(ask(&["find", "maren.holloway@example.com", "--why"]));
    let mut map = ask(&["map"]);
    assert!(find["places"].as_array().unwrap().len() > 20 && find["why"].as_array().unwrap().len() > 1);
    map["basis"]["completed"] = Value::Null;
    for d in map["datasets"].as_array_mut().unwrap() {
        // The moment of the scan, where the data names none.
        d["data_as_of"] = Value::Null;
    }
    let breach = normal(ask(&["breach", "--object", "**"]));
    let coverage = b.run(&["coverage", "--index", index]).stdout;
    let texts = [("scan", scan), ("find", find), ("map", map), ("breach", breach)].map(|(name, v)| (name, v.to_string()));
    texts.into_iter().chain([("coverage", coverage)]).collect()
}

#[test]
fn answers_do_not_depend_on_threads() {
    let b = Bench::with_samples();
    // Objects that several threads classify together.
    b.write("samples/large/dense.csv", corpus("a", 3_000_000));
    b.write("samples/large/events.jsonl", corpus("d", 3_000_000));
    let one = answers(&b, "1.db", &["samples"], "1");
    for threads in ["2", "5"] {
        for (other, one) in answers(&b, &format!("{threads}.db"), &["samples"], threads).iter().zip(&one) {
            assert_eq!(other, one, "with {threads} threads");
        }
    }
}

/// The chain of `find --why` began at the object that was read first.
#[test]
fn answers_do_not_depend_on_which_object_is_read_first() {
    let b = Bench::with_samples();
    let mut sources: Vec<String> =
        std::fs::read_dir(b.path("samples")).unwrap().map(|e| format!("samples/{}", e.unwrap().file_name().display())).collect();
    sources.sort();
    let mut args: Vec<&str> = sources.iter().map(String::as_str).collect();
    let one = answers(&b, "one.db", &args, "1");
    args.reverse();
    for (other, one) in answers(&b, "other.db", &args, "1").iter().zip(&one) {
        assert_eq!(other, one, "from the last folder to the first");
    }
}
