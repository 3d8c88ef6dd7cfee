//! The number of threads does not show in an answer.

use crate::corpora::corpus;
use crate::support::{Bench, normal};

#[test]
fn one_thread_and_two_give_the_same_answers() {
    let (one, two) = (Bench::with_samples(), Bench::new());
    one.write("samples/large/dense.csv", corpus("a", 3_000_000));
    one.write("samples/large/events.jsonl", corpus("d", 3_000_000));
    let data = one.path("samples");
    let data = data.to_str().unwrap();
    let (_, first) = one.scan(data, &["--threads", "1"]);
    let (_, second) = two.scan(data, &["--threads", "2"]);
    assert_eq!(first["sightings"], second["sightings"]);
    assert_eq!(first["classifiers"], second["classifiers"]);
    let map = |b: &Bench, threads| {
        let mut m = b.json(&["map", "--threads", threads]);
        m["basis"]["completed"] = serde_json::Value::Null;
        m.to_string()
    };
    assert_eq!(map(&one, "1"), map(&two, "2"), "byte for byte, but for the time in basis");
    for args in [&["find", "maren.holloway@example.com", "--why"][..], &["breach", "--object", "*.csv"], &["coverage"]] {
        assert_eq!(normal(one.json(args)), normal(two.json(args)), "{args:?}");
    }
}
