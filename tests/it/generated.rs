//! `samples/` is what its generator makes.

use std::path::Path;

use crate::generate;

#[test]
fn samples_are_what_the_generator_makes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let made = generate::samples();
    let wrong = generate::differences(&made, &root.join("samples"), &root.join("tests/data/samples_truth.json"));
    assert!(wrong.is_empty(), "run `cargo run --example make_samples -- samples`:\n{}", wrong.join("\n"));
}

#[test]
fn the_expectations_hold_no_planted_identifier() {
    let made = generate::samples();
    let page = String::from_utf8(made.files["EXPECTED.md"].clone()).expect("text");
    let values: Vec<_> = made.planted.lines().filter_map(|line| line.split_once('\t')).collect();
    assert!(values.len() > 2_000, "the list of planted values is complete");
    for (classifier, value) in values {
        let names_a_person =
            !matches!(classifier, "us.state" | "generic.city" | "us.zip_code" | "generic.first_name" | "generic.last_name");
        assert!(!(names_a_person && page.contains(value)), "EXPECTED.md holds a planted {classifier}");
    }
}
