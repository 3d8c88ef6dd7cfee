//! Where values end.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::string::bytes_regex;
use proptest::test_runner::TestRunner;

use crate::base::{Batch, Match, REPORTED_FROM};
use crate::classify::edges::is_word;
use crate::classify::set::example_batch;
use crate::classify::tests::column;
use crate::classify::{Classifiers, Scratch};

/// What both engines report of one classifier.
fn reported(set: &Classifiers, id: &str, b: &Batch) -> Vec<String> {
    let (mut fast, mut slow) = (Vec::new(), Vec::new());
    set.scan(&mut Scratch::new(set), b, &mut fast);
    set.scan_naive(b, &mut slow);
    assert_eq!(fast, slow, "{}", String::from_utf8_lossy(&b.bytes));
    let of = |m: &&Match| set.get(m.classifier).id == id && m.confidence >= REPORTED_FROM;
    let value = |m: &Match| String::from_utf8_lossy(&b.bytes[m.start as usize..m.end as usize]).into_owned();
    fast.iter().filter(of).map(value).collect()
}

#[test]
fn what_follows_a_value_is_no_part_of_it() {
    let set = Classifiers::builtin();
    for (id, text, value) in [
        ("generic.payment_card", "4012 8888 8888 1881 12/27", "4012 8888 8888 1881"),
        ("generic.payment_card", "4012 8888 8888 1881 12.27", "4012 8888 8888 1881"),
        ("generic.payment_card", "4012-8888-8888-1881 2 items", "4012-8888-8888-1881"),
        ("generic.iban", "GB29 NWBK 6016 1331 9268 19 CALL", "GB29 NWBK 6016 1331 9268 19"),
        ("generic.phone", "+44 20 7946 0018 12:30", "+44 20 7946 0018"),
        ("generic.phone", "+44 20 7946 0018 2026-01-01", "+44 20 7946 0018"),
        ("generic.phone", "+44 20 7946 0018 31.12.2026", "+44 20 7946 0018"),
        ("generic.health_insurance_id", "health insurance ID: ABC123456789 GROUP 7", "ABC123456789"),
        ("generic.password", "GET /a?user=j&password=Zq8vN3kL&remember=1", "Zq8vN3kL"),
        ("generic.password", "password=Zq8v!N3kL&amp;next=1", "Zq8v!N3kL"),
        ("generic.password", "password: fish&chips9", "fish&chips9"),
        ("gb.vat", "british vat: GB980180519 2024-02-03", "GB980180519"),
    ] {
        assert_eq!(reported(&set, id, &example_batch(text, None)), [value], "{text}");
    }
    let blob = "Ab1/".repeat(225);
    for (id, text) in [
        // Any four groups of many may add up.
        ("generic.payment_card", "5555 5555 5555 4444 5555 5555 5555 4444 1234"),
        ("generic.payment_card", "5555 5555 5555 4444 1234-5678-9012"),
        ("generic.payment_card", "4917 4941 0674 5671 417087"),
        ("generic.phone", "+4 633 64 7 2477 330 891 711 10 4451"),
        ("generic.phone", "+1 98 5814 565 7 30 4 5542 9 12296"),
        // What is too long is not reported by its beginning.
        ("secret.api_key", &format!("api_key: {blob}")),
        ("secret.bearer_token", &format!("bearer {blob}")),
    ] {
        assert!(reported(&set, id, &example_batch(text, None)).is_empty(), "{text}");
    }
}

#[test]
fn the_longer_of_two_alternatives_comes_first() {
    // An expression takes the first alternative that matches: where that is the beginning of another one, values of the other are cut.
    let set = Classifiers::builtin();
    let mut runner = TestRunner::deterministic();
    let (mut cut, mut tried) = (Vec::new(), 0);
    for c in set.iter() {
        for (k, def) in c.patterns.iter().enumerate().filter(|p| p.1.finder.is_none()) {
            let p = &set.engine().patterns[set.engine().pattern(set.index_of(&c.id).unwrap(), k as u8) as usize];
            let Ok(values) = bytes_regex(&format!("(?-u){}", def.regex)) else { continue };
            for _ in 0..40 {
                let value = values.new_tree(&mut runner).unwrap().current();
                tried += 1;
                let end = p.slow_end(&value, 0).unwrap_or(0);
                let is_within = value.get(end).is_some_and(|b| is_word(*b)) && end.checked_sub(1).is_some_and(|e| is_word(value[e]));
                if is_within && value.len() <= p.max_len {
                    cut.push(format!("{} `{}`", c.id, def.name));
                    break;
                }
            }
        }
    }
    assert!(tried > 30_000, "{tried}");
    assert!(cut.is_empty(), "{cut:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn both_engines_end_values_alike(
        value in prop::sample::select(vec!["4012 8888 8888 1881", "+44 20 7946 0018", "GB29 NWBK 6016 1331 9268 19", "Medicare: 2123 45670 1", "DE 136695976"]),
        behind in prop::collection::vec("[ ,./-]{1,2}[0-9A-C]{1,5}([ /:.-][0-9]{1,4}){0,2}|", 80),
    ) {
        let set = Classifiers::builtin();
        let cells: Vec<String> = behind.iter().map(|b| format!("{value}{b}")).collect();
        reported(&set, "", &example_batch(&cells[0], None));
        // From the 65th on a column's cells are asked by their outlines and its type.
        reported(&set, "", &column("value", &cells));
    }
}
