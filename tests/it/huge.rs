//! Files that are large for what is in them: everything is found and counted once, and memory does not grow with them.
//!
//! What is written here is a few megabytes; the same generator writes gigabytes for `make_corpora --huge`.

use std::io::BufWriter;

use serde_json::json;

use crate::huge_files::{HUGE, email, ssn, write};
use crate::support::Bench;

#[test]
fn what_is_found_is_what_was_planted() {
    for (name, size, field) in [("csv.gz", 24 << 20, "email"), ("array.json", 8 << 20, "user.email"), ("parquet", 300_000, "email")] {
        assert!(HUGE.contains(&name));
        let b = Bench::new();
        std::fs::create_dir_all(b.path("in")).unwrap();
        let file = std::fs::File::create(b.path("in").join(format!("x.{name}"))).unwrap();
        let truth = write(name, size, BufWriter::new(file)).unwrap();
        let people = truth.rows.len();
        assert!((1_500..2_500).contains(&people), "{name}: {people} people");
        let (status, scan) = b.scan("in", &["--threads", "2"]);
        assert_eq!(status, Some(0), "{name}: {scan}");
        assert_eq!((&scan["records"], &scan["consumers"]), (&json!(truth.records), &json!(people)), "{name}: {scan}");
        let found = |id: &str| scan["classifiers"][id]["sightings"].clone();
        assert_eq!((found("generic.email"), found("us.ssn")), (json!(people), json!(people)), "{name}: {scan}");
        for i in [0, people / 2, people - 1] {
            let found = b.json(&["find", &email(i)]);
            let at = found["places"]
                .as_array()
                .unwrap()
                .iter()
                .find(|p| p["classifier"] == "generic.email")
                .unwrap_or_else(|| panic!("{found}"));
            assert_eq!((&at["field"], &at["rows"]), (&json!(field), &json!([[truth.rows[i], truth.rows[i] + 1]])), "{name}");
            assert_eq!(b.json(&["find", &ssn(i)])["consumer"], found["consumer"], "{name}: the row is one person's");
        }
    }
}
