//! The number of threads does not show in an answer.

use crate::corpora::corpus;
use crate::support::{Bench, normal};

#[test]
fn answers_do_not_depend_on_threads() {
    let b = Bench::with_samples();
    // Objects that several threads classify together.
    b.write("samples/large/dense.csv", corpus("a", 3_000_000));
    b.write("samples/large/events.jsonl", corpus("d", 3_000_000));
    // Indexes that begin as copies of one share its data key: consumers have the same ids.
    b.empty_index("seed.db");
    let mut answers = Vec::new();
    for threads in ["1", "2", "5"] {
        let index = format!("{threads}.db");
        std::fs::copy(b.path("seed.db"), b.path(&index)).unwrap();
        let ask = |args: &[&str]| normal(b.json(&[args, &["--index", &index, "--threads", threads]].concat()));
        let scan = ask(&["scan", "samples"]);
        let (map, find) = (ask(&["map"]), ask(&["find", "maren.holloway@example.com", "--why"]));
        let breach = ask(&["breach", "--object", "**"]);
        let coverage = b.run(&["coverage", "--index", &index]).stdout;
        assert!(find["places"].as_array().unwrap().len() > 20 && map["consumers"].as_u64().unwrap() > 600);
        let mut whole = b.json(&["map", "--index", &index]);
        whole["basis"]["completed"] = serde_json::Value::Null;
        for d in whole["datasets"].as_array_mut().unwrap() {
            // The moment of the scan, where the data names none.
            d["data_as_of"] = serde_json::Value::Null;
        }
        answers.push((threads, scan, map, find, breach, coverage, whole.to_string()));
    }
    let (_, scan, map, find, breach, coverage, whole) = &answers[0];
    for a in &answers[1..] {
        assert_eq!(&a.1, scan, "scan with {} threads", a.0);
        assert_eq!(&a.2, map, "map with {} threads", a.0);
        assert_eq!(&a.3, find, "find with {} threads", a.0);
        assert_eq!(&a.4, breach, "breach with {} threads", a.0);
        assert_eq!(&a.5, coverage, "coverage with {} threads", a.0);
        assert_eq!(&a.6, whole, "map with {} threads, byte for byte but for the times of the runs", a.0);
    }
}
