//! Rules over all files, and the two engines against each other.

use proptest::prelude::*;

use super::set::{builtin_files, example_batch};
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
        let own: Vec<_> = set.engine.patterns.iter().filter(|p| usize::from(p.classifier) == i).collect();
        let mut hit = vec![false; own.len()];
        for e in &c.matches {
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
            let refused = c.rejects.iter().any(|e| {
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
    assert_eq!(set.len(), builtin_files().len());
    for (i, c) in set.iter().enumerate() {
        assert_eq!(set.index_of(&c.id), Some(i as u16));
        assert!(!c.title.is_empty(), "{}", c.id);
        assert!(c.patterns.iter().map(|p| &p.name).collect::<std::collections::HashSet<_>>().len() == c.patterns.len(), "{}: names of patterns", c.id);
    }
    assert_eq!(set.fingerprint().len(), 16);
}
