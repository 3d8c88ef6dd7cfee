//! Rules over all files, and the two engines against each other.

use proptest::prelude::*;

use super::set::example_batch;
use super::*;
use crate::base::{Batch, Cell, Evidence, Match, ROW_SCOPE};

#[test]
fn every_example_of_every_file_comes_out_as_it_says() {
    let failures = Classifiers::builtin().self_test();
    assert!(failures.is_empty(), "{}", failures.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
}

#[test]
fn every_pattern_is_hit_and_every_validator_refuses() {
    let set = Classifiers::builtin();
    let mut missing = Vec::new();
    let mut scratch = Scratch::new(&set);
    for (i, c) in set.iter().enumerate() {
        let own: Vec<_> = set.engine().patterns.iter().filter(|p| usize::from(p.classifier) == i).collect();
        let mut hit = vec![false; own.len()];
        for e in &c.examples().matches {
            let mut found = Vec::new();
            scratch.reset();
            set.scan(&mut scratch, &example_batch(&e.text, e.field.as_deref()), &mut found);
            found.iter().filter(|m| usize::from(m.classifier) == i).for_each(|m| hit[usize::from(m.pattern)] = true);
        }
        for p in own {
            let name = &c.patterns[usize::from(p.index)].name;
            if !hit[usize::from(p.index)] {
                missing.push(format!("{}: no example hits `{name}`", c.id));
            }
            let Some(v) = p.validator else { continue };
            let refused = c.examples().rejects.iter().any(|e| {
                let b = e.text.as_bytes();
                (0..b.len()).any(|at| p.slow_end(b, at).is_some_and(|end| !v.check(&b[at..end])))
            });
            if !refused {
                missing.push(format!("{}: the validator of `{name}` refuses nothing", c.id));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn files_keep_the_rules() {
    let set = Classifiers::builtin();
    assert_eq!(set.len(), built::files().len());
    for (i, c) in set.iter().enumerate() {
        assert_eq!(set.index_of(&c.id), Some(i as u16));
        assert!(!c.title.is_empty(), "{}", c.id);
        assert!(
            c.patterns.iter().map(|p| &p.name).collect::<std::collections::HashSet<_>>().len() == c.patterns.len(),
            "{}: names of patterns",
            c.id
        );
    }
    assert_eq!(set.fingerprint().len(), 16);
}

#[test]
fn what_the_build_read_is_what_the_files_say() {
    let set = Classifiers::builtin();
    for (path, text) in built::files() {
        let read = Classifier::parse(path, text).unwrap();
        let built = set.get(set.index_of(&read.id).unwrap());
        built.examples();
        assert_eq!(format!("{built:?}"), format!("{read:?}"), "{path}");
    }
}

#[test]
fn what_is_not_searched_is_not_compiled() {
    let (set, extra) = (Classifiers::uncompiled(), Classifiers::with_extra([]).unwrap());
    let mut scratch = Scratch::new(&set);
    assert!(set.index_of("us.ssn").is_some() && set.fingerprint() == extra.fingerprint() && !set.is_compiled());
    let (mut found, mut same) = (Vec::new(), Vec::new());
    let batch = example_batch("SSN: 457-55-5462", None);
    set.scan(&mut scratch, &batch, &mut found);
    extra.scan(&mut Scratch::new(&extra), &batch, &mut same);
    assert!(set.is_compiled() && found == same && !found.is_empty());
}

#[test]
fn broken_files_are_refused_and_say_why() {
    let good = built::files().iter().find(|f| f.0 == "us/ssn.toml").unwrap().1;
    let cases: &[(&str, &str, &str)] = &[
        ("severity = \"critical\"", "severty = \"critical\"", "severty"),
        ("severity = \"critical\"", "severity = \"awful\"", "critical"),
        ("id = \"us.ssn\"", "id = \"us.sns\"", "us.ssn"),
        ("validator = \"us_ssn\"", "validator = \"us_sns\"", "us_mbi"),
        ("confidence = 0.85", "confidence = 1.5", "confidence"),
        ("[0-9]{4}'''", "[0-9]+'''", "bounded"),
        ("[0-9]{4}'''", "[0-9'''", "regex"),
        ("[0-9]{4}'''", "[0-9]{4}'''\nrequires = \"luck\"", "label"),
        ("[0-9]{4}'''", "[0-9]{4}'''\nrequires = \"label\"", ""),
        ("steps = [\"digits\", ", "steps = [\"digit\", ", "alnum"),
        ("edges = \"number\"", "edges = \"number\"\ncolumns = [\"ssn\"]", "need `requires"),
        ("\"soc sec\"", "\"soc  sec\"", "blank"),
        ("[[match]]", "[[matches]]", "matches"),
    ];
    for (old, new, says) in cases {
        assert!(good.contains(old), "{old}");
        let r = Classifiers::with_extra([("us/ssn.toml".to_owned(), good.replacen(old, new, if *old == "[[match]]" { 99 } else { 1 }))]);
        match r {
            Err(e) => {
                assert_eq!(e.file, "us/ssn.toml");
                assert!(e.to_string().contains(says), "{new}: {e}");
            }
            Ok(_) => assert!(says.is_empty(), "{new} was accepted"),
        }
    }
    let changed = Classifiers::with_extra([("us/ssn.toml".to_owned(), good.replace("US Social", "American Social"))]).unwrap();
    assert_eq!(changed.len(), Classifiers::builtin().len());
    assert_ne!(changed.fingerprint(), Classifiers::builtin().fingerprint());
    let added = Classifiers::with_extra([("acme/badge.toml".to_owned(), good.replace("us.ssn", "acme.badge"))]).unwrap();
    assert_eq!(added.len(), Classifiers::builtin().len() + 1);
    assert!(added.index_of("acme.badge").is_some());
}

#[test]
fn typed_values_have_candidates() {
    let set = Classifiers::builtin();
    let ids = |v: &str| set.candidates(v.as_bytes()).iter().map(|&i| set.get(i).id.clone()).collect::<Vec<_>>();
    assert!(ids(" jane.doe@example.com ").contains(&"generic.email".to_owned()));
    assert!(ids("457-55-5462").contains(&"us.ssn".to_owned()));
    assert!(ids("(415) 555-2671").contains(&"generic.phone".to_owned()));
    assert!(ids("4012888888881881").contains(&"generic.payment_card".to_owned()));
    assert!(ids("").is_empty());
    assert!(!ids("666-12-1234").contains(&"us.ssn".to_owned()));
    let mut out = Vec::new();
    assert!(!set.normalise(set.index_of("us.ssn").unwrap(), b"none", &mut out));
}

/// A one-column table.
pub(super) fn column(name: &str, values: &[String]) -> Batch {
    let mut b = Batch { fields: vec![name.to_owned()], ..Batch::default() };
    for (row, v) in values.iter().enumerate() {
        let start = b.bytes.len() as u32;
        b.bytes.extend_from_slice(v.as_bytes());
        let end = b.bytes.len() as u32;
        b.cells.push(Cell { start, end, raw_end: end, field: 0, row: row as u32, scope: ROW_SCOPE });
        b.bytes.push(b'\n');
    }
    b.core = 0..b.bytes.len();
    b
}

#[test]
fn better_evidence_keeps_the_bytes() {
    let set = Classifiers::builtin();
    let i = |id| set.index_of(id).unwrap();
    let claim = |classifier, start, end, confidence, evidence| overlap::Claim { start, end, confidence, classifier, evidence };
    let v = Evidence::VALIDATED;
    let ssn = claim(i("us.ssn"), 0, 9, 0.7, v.with(Evidence::KEYWORD));
    let aba = claim(i("us.bank_routing"), 0, 9, 0.3, v);
    let phone = claim(i("generic.phone"), 0, 12, 0.8, v);
    let other = claim(i("generic.email"), 20, 30, 0.9, v);
    let mut keep = Vec::new();
    overlap::keep_best(&set, &[aba, ssn, other], &mut keep);
    assert_eq!(keep, [false, true, true]);
    overlap::keep_best(&set, &[ssn, aba, phone], &mut keep);
    assert_eq!(keep, [true, false, false]);
    overlap::keep_best(&set, &[], &mut keep);
    assert!(keep.is_empty());
}

#[test]
fn the_longest_values_are_found_by_both_engines() {
    let set = Classifiers::builtin();
    let mut s = Scratch::new(&set);
    for n in [1, 63, 64] {
        let address = format!("{}@{}.example.com", "a".repeat(n), "b".repeat(n.min(63)));
        for text in [address.clone(), format!("to {address}, from"), format!("x{}@{address}", " ".repeat(600))] {
            let b = example_batch(&text, None);
            let (mut fast, mut slow) = (Vec::new(), Vec::new());
            set.scan(&mut s, &b, &mut fast);
            set.scan_naive(&b, &mut slow);
            assert_eq!(fast, slow, "{text}");
            assert!(fast.iter().any(|m| (m.end - m.start) as usize == address.len()), "{text}");
        }
    }
}

#[test]
fn fillers_are_flagged() {
    let set = Classifiers::builtin();
    let mut s = Scratch::new(&set);
    for (text, flagged) in [
        ("card 4111111111111111", true),
        ("card 4012888888881881", false),
        ("ssn 123-45-6789", true),
        ("ssn 457-55-5462", false),
        ("mail test@example.org", true),
        ("mail jane@example.org", false),
        ("call 415-555-5555", true),
        ("call 415-555-0134", false),
    ] {
        let mut found = Vec::new();
        set.scan(&mut s, &example_batch(text, None), &mut found);
        assert!(!found.is_empty(), "{text}");
        assert_eq!(found.iter().any(|m| m.evidence.has(Evidence::TEST_VALUE)), flagged, "{text}");
    }
}

#[test]
fn columns_that_repeat_their_values_are_found_as_the_naive_engine_finds_them() {
    let set = Classifiers::builtin();
    let values = ["Maren", "457-55-5462", "555-55", "4012888888881881", "CA", "jane@example.com", "", "CA ", "12345678901"];
    for name in ["first_name", "note", "ssn"] {
        // More than the first cells, in which quiet patterns are tried, and then the same values again.
        let column: Vec<String> = (0..160).map(|i| values[(i * 7 + i / 9) % values.len()].to_owned()).collect();
        let b = self::column(name, &column);
        let (mut fast, mut slow) = (Vec::new(), Vec::new());
        let mut s = Scratch::new(&set);
        set.scan(&mut s, &b, &mut fast);
        set.scan_naive(&b, &mut slow);
        assert_eq!(fast, slow, "{name}");
        let again = fast.clone();
        fast.clear();
        set.scan(&mut s, &b, &mut fast);
        assert_eq!(fast, again, "{name}");
    }
}

/// Pieces that values, their neighbours and their surroundings are made of.
pub(super) fn piece() -> impl Strategy<Value = String> {
    let examples: Vec<String> = Classifiers::builtin()
        .iter()
        .flat_map(|c| c.examples().matches.iter().map(|m| m.text.clone()).chain(c.examples().rejects.iter().map(|r| r.text.clone())))
        .collect();
    let words: Vec<String> = Classifiers::builtin()
        .iter()
        .flat_map(|c| {
            c.context.keywords.iter().chain(&c.context.labels).chain(&c.context.against).map(ToString::to_string).collect::<Vec<_>>()
        })
        .collect();
    let capitals = |w: String| w.to_uppercase();
    let capital = |w: String| w.char_indices().map(|(i, c)| if i == 0 { c.to_uppercase().to_string() } else { c.to_string() }).collect();
    prop_oneof![
        3 => "[0-9]{1,10}",
        3 => prop::sample::select(vec![" ", "-", ".", "@", ":", "=", "/", "\n", ",", "(", ")", "+", "_", "\"", "\\n", "::", "x", "A", "é", "I", "İ", "ı", "Š", "š", "Р", "р", "Σ", "ς", "ẞ", "Ậ"]).prop_map(str::to_owned),
        2 => prop::sample::select(words.clone()),
        1 => prop::sample::select(words.clone()).prop_map(capitals),
        1 => prop::sample::select(words).prop_map(capital),
        2 => prop::sample::select(examples),
        1 => "[A-Za-z]{1,8}",
        1 => "[0-9a-f]{8}-[0-9a-f]{4}-[0-9A-F]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn the_fast_engine_agrees_with_the_naive_one(
        pieces in proptest::collection::vec(piece(), 1..24),
        cuts in proptest::collection::vec((0usize..400, 0u32..4), 0..8),
        core in (0usize..200, 0usize..400),
        names in proptest::collection::vec(prop::sample::select(vec!["ssn", "email", "phone.number", "full_name", "notes", "order_id", "card", "state", "x"]), 4),
    ) {
        let set = Classifiers::builtin();
        let text = pieces.concat().into_bytes();
        let n = text.len();
        let mut b = Batch { core: core.0.min(n)..core.1.max(core.0).min(n), fields: names.iter().map(|s| (*s).to_owned()).collect(), ..Batch::default() };
        let mut ends: Vec<(usize, u32)> = cuts.iter().map(|&(at, f)| (at.min(n), f)).collect();
        ends.sort_unstable();
        let mut start = 0;
        for (end, field) in ends {
            if end > start {
                b.cells.push(Cell { start: start as u32, end: end as u32, raw_end: end as u32, field, row: 0, scope: ROW_SCOPE });
            }
            start = end;
        }
        b.bytes = text;
        let (mut fast, mut slow): (Vec<Match>, Vec<Match>) = Default::default();
        let mut s = Scratch::new(&set);
        set.scan(&mut s, &b, &mut fast);
        set.scan_naive(&b, &mut slow);
        prop_assert_eq!(&fast, &slow);
        prop_assert!(fast.is_sorted_by_key(|m| m.start));
        // Where a text is cut does not matter.
        let whole = b.core.clone();
        let middle = (whole.start + whole.end) / 2;
        let mut parts = Vec::new();
        for core in [whole.start..middle, middle..whole.end] {
            b.core = core;
            set.scan(&mut s, &b, &mut parts);
        }
        b.core = whole;
        prop_assert_eq!(&fast, &parts);
        for m in &fast {
            prop_assert!(b.core.contains(&(m.start as usize)) && m.start < m.end);
            if let Some(c) = b.cells.get(m.cell as usize) {
                prop_assert!(c.start <= m.start && m.end <= c.end);
            }
        }
    }
}
