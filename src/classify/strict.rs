//! Conditions of a classifier's file that come after its patterns: words that no value of it may hold, and how near exactly
//! its keyword must stand.
//!
//! Both engines are followed by this, so that neither has to know of it.

use super::definition::{Classifier, Text};
use super::edges;
use super::letters;
use super::set::Classifiers;
use crate::base::{Batch, Evidence, Match};

/// Whether a classifier has such conditions.
pub(super) fn applies(c: &Classifier) -> bool {
    !c.ignore.is_empty() || c.context.distance.is_some()
}

/// Whether a value holds a word that its classifier ignores.
pub(super) fn ignored(c: &Classifier, value: &[u8]) -> bool {
    c.ignore.iter().any(|w| memchr::memmem::find(value, w.as_bytes()).is_some())
}

/// Drops of `out[from..]` what does not fulfil the conditions of its classifier; the order stays. `strict`: which classifiers have such.
pub(super) fn drop_others(set: &Classifiers, strict: &[bool], batch: &Batch, out: &mut Vec<Match>, from: usize) {
    let is_strict = |m: &Match| strict[usize::from(m.classifier)];
    // PERF: few classifiers have conditions.
    let Some(first) = out[from..].iter().position(is_strict) else { return };
    let first = from + first;
    let mut kept = first;
    for i in first..out.len() {
        let m = out[i];
        if !is_strict(&m) || keeps(set, batch, &m, &out[from..kept]) {
            out[kept] = m;
            kept += 1;
        }
    }
    out.truncate(kept);
}

/// `before`: what is kept of what begins before `m`.
fn keeps(set: &Classifiers, batch: &Batch, m: &Match, before: &[Match]) -> bool {
    let c = set.get(m.classifier);
    let (start, end) = (m.start as usize, m.end as usize);
    if ignored(c, &batch.bytes[start..end]) {
        return false;
    }
    match c.context.distance {
        // What the column's name says holds for all its cells.
        Some(distance) if !m.evidence.has(Evidence::COLUMN) => {
            // A keyword of another cell says nothing.
            let cell = batch.cells.get(m.cell as usize);
            let (bytes, offset) = cell.map_or((&batch.bytes[..], 0), |cell| (batch.value(cell), cell.start as usize));
            led(c, bytes, start - offset, end - offset, distance as usize) || is_beside(set, c, m, distance, before)
        }
        _ => true,
    }
}

/// Whether a value that its classifier wants beside it ends before `m`, at most `distance` bytes before the end of `m`.
fn is_beside(set: &Classifiers, c: &Classifier, m: &Match, distance: u32, before: &[Match]) -> bool {
    let is_near = |o: &&Match| o.cell == m.cell && o.end <= m.start && m.end - o.end <= distance;
    before.iter().filter(is_near).any(|o| c.context.beside.iter().any(|id| set.get(o.classifier).id == **id))
}

/// Whether a keyword ends before `start`, at most `distance` bytes before `end`.
fn led(c: &Classifier, bytes: &[u8], start: usize, end: usize, distance: usize) -> bool {
    let reach = c.context.within.map_or(distance, |w| w as usize);
    let near = |word: &Text| {
        let word = letters::fold(word);
        let at = |p: usize| edges::phrase_at(bytes, p, word.as_bytes());
        (end.saturating_sub(reach)..start).filter_map(at).any(|e| e <= start && end - e <= distance)
    };
    c.context.keywords.iter().any(near)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::REPORTED_FROM;
    use crate::classify::Scratch;
    use crate::classify::set::example_batch;

    const FILE: &str = r#"
id = "own.badge"
title = "Badge"
element = "employee_id"
severity = "high"
severity_levels = [{ occurrences = 2, severity = "low" }, { occurrences = 10, severity = "high" }]
ignore = ["QXTEST"]
identity = "none"
references = []
[[pattern]]
name = "badge"
regex = '[A-Z]{2}[A-Z]{4}-[0-9]{6}'
confidence = 0.5
requires = "context"
[context]
keywords = ["badge", "staff card"]
columns = ["badge"]
distance = 30
[[match]]
text = "badge QXABCD-123456"
value = "QXABCD-123456"
[[match]]
text = "QXABCD-123456"
field = "badge_no"
value = "QXABCD-123456"
[[reject]]
text = "badge QXTEST-123456"
why = "it holds an ignored word"
[[reject]]
text = "a word, QXABCD-123456"
why = "no keyword"
"#;

    #[test]
    fn a_keyword_must_stand_as_near_as_the_file_says() {
        let set = Classifiers::only([("own/badge.toml".to_owned(), FILE.to_owned())]).unwrap();
        assert_eq!(set.self_test(), []);
        let own = set.index_of("own.badge").unwrap();
        let mut scratch = Scratch::new(&set);
        for (text, field, want) in [
            ("badge: QXABCD-123456", None, true),
            ("Staff-Card is my QXABCD-123456", None, true),
            // 30 bytes from the end of the keyword to the end of the value, and 31.
            ("badge                 QXABCD-123456", None, true),
            ("badge                  QXABCD-123456", None, false),
            ("QXABCD-123456 (badge)", None, false),
            ("QXABCD-123456 badge QXABCE-123457", None, true),
            ("QXABCD-123456", Some("badge"), true),
            ("QXTEST-123456", Some("badge"), false),
            ("QXABCD-123456", Some("other"), false),
        ] {
            let found = set.found_in(&mut scratch, text, field);
            let hit = found.iter().any(|m| m.classifier == own && m.confidence >= REPORTED_FROM);
            assert_eq!(hit, want, "{text} in {field:?}");
            let mut slow = Vec::new();
            set.scan_naive(&example_batch(text, field), &mut slow);
            assert_eq!(slow.iter().any(|m| m.classifier == own), want, "{text}");
        }
        assert!(set.candidates(b"QXTEST-123456").iter().all(|c| *c != own));
    }

    #[test]
    fn what_stands_beside_a_value_may_begin_before_the_core() {
        let set = Classifiers::builtin();
        let expiry = set.index_of("generic.card_expiry").unwrap();
        let mut scratch = Scratch::new(&set);
        let mut b = example_batch("paid by card 4012888888881881 exp 12/29 today", None);
        let n = b.bytes.len();
        let mut scan = |b: &Batch| {
            let (mut fast, mut slow) = (Vec::new(), Vec::new());
            set.scan(&mut scratch, b, &mut fast);
            set.scan_naive(b, &mut slow);
            assert_eq!(fast, slow);
            fast
        };
        let whole = scan(&b);
        assert!(whole.iter().any(|m| m.classifier == expiry));
        for cut in 0..=n {
            let parts = [0..cut, cut..n].map(|core| {
                b.core = core;
                scan(&b)
            });
            assert_eq!(parts.concat(), whole, "cut at {cut}");
        }
    }

    #[test]
    fn severity_depends_on_how_many_there_are() {
        let c = Classifier::parse("own/badge.toml", FILE).unwrap();
        let of = |n| c.severity_of(n).map(|s| s.name());
        assert_eq!([1, 2, 9, 10, 11].map(of), [None, Some("low"), Some("low"), Some("high"), Some("high")]);
    }

    #[test]
    fn mistakes_are_named() {
        for (from, to, says) in [
            ("distance = 30", "distance = 0", "`distance` may be 1 to"),
            ("distance = 30", "distance = 30\nwithin = 10", "takes the place of `within`"),
            ("occurrences = 10", "occurrences = 2", "ordered by `occurrences`"),
            ("\"QXTEST\"", "\"\"", "an empty word"),
        ] {
            let e = Classifier::parse("own/badge.toml", &FILE.replace(from, to)).unwrap_err();
            assert!(e.message.contains(says), "{e}");
        }
    }
}
