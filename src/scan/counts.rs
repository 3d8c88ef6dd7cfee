//! How often a member holds what, without its places: `piimap classify --count`.
//!
//! Where nobody asks for the places, matches need not wait for the evidence of their columns one by one: those that any
//! evidence would treat alike are counted together and settled once.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::base::{Batch, Evidence, Match, REPORTED_FROM};
use crate::classify::{Classifiers, Settled, Tally, overlap};
use crate::identity::NO_FIELD;

/// So many kinds of groups are held; then they are settled by what is known of their columns so far.
const MOST_GROUPS: usize = 1 << 14;

/// More matches that hang together are not waited for (hostile input).
const LONGEST_GROUP: usize = 1 << 12;

/// Counts of one member.
#[derive(Default)]
pub(super) struct Counts {
    /// Count candidates of any confidence.
    all: bool,
    /// By classifier: what is settled.
    settled: Vec<u64>,
    /// By field: values that fill their cells and share no byte with others, by classifier and step of confidence.
    single: Vec<Vec<(u16, u8, Match, u64)>>,
    /// Matches that share bytes, and fill cells.
    groups: HashMap<Vec<Part>, u64, BuildHasherDefault<Mix>>,
    /// The matches that hang together up to here.
    open: Vec<Part>,
    /// In the member: where the open group begins and ends.
    span: (u64, u64),
    working: (Vec<overlap::Claim>, Vec<bool>),
}

/// A match in its group. A confidence is kept as its bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Part {
    start: u64,
    end: u64,
    confidence: u32,
    field: u32,
    classifier: u16,
    evidence: u16,
}

impl Part {
    fn matched(&self) -> Match {
        let (confidence, evidence) = (f32::from_bits(self.confidence), Evidence(self.evidence));
        Match { start: 0, end: 0, cell: 0, classifier: self.classifier, pattern: 0, confidence, evidence }
    }

    /// Whether the column may change its confidence.
    fn waits(&self) -> bool {
        self.field != NO_FIELD && Evidence(self.evidence).has(Evidence::WHOLE_CELL)
    }
}

/// PERF: a hash of a few small numbers; the usual one costs more than all else that is done with a group. There
/// are never more than [`MOST_GROUPS`] of them.
#[derive(Default)]
struct Mix(u64);

impl Hasher for Mix {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|b| self.write_u64(u64::from(*b)));
    }

    fn write_u16(&mut self, n: u16) {
        self.write_u64(n.into());
    }

    fn write_u32(&mut self, n: u32) {
        self.write_u64(n.into());
    }

    fn write_u64(&mut self, n: u64) {
        self.0 = (self.0.rotate_left(23) ^ n).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn write_usize(&mut self, n: usize) {
        self.write_u64(n as u64);
    }

    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }
}

impl Counts {
    /// Nothing yet; `all` counts candidates of any confidence.
    pub fn new(all: bool) -> Counts {
        Counts { all, ..Counts::default() }
    }

    /// Takes the matches of the next batch, ordered by start.
    pub fn add(&mut self, c: &Classifiers, batch: &Batch, matches: &[Match]) {
        for m in matches {
            let (start, end) = (batch.offset + u64::from(m.start), batch.offset + u64::from(m.end));
            if start >= self.span.1 || start < self.span.0 || self.open.len() >= LONGEST_GROUP {
                self.close(c);
                self.span = (start, end);
            }
            self.span.1 = self.span.1.max(end);
            let field = batch.cells.get(m.cell as usize).map_or(NO_FIELD, |c| c.field);
            let (confidence, evidence) = (m.confidence.to_bits(), m.evidence.0);
            self.open.push(Part { start, end, confidence, field, classifier: m.classifier, evidence });
        }
    }

    /// Whether so much waits that it must be settled by what is known.
    pub fn is_full(&self) -> bool {
        self.groups.len() >= MOST_GROUPS
    }

    /// The open group is complete.
    fn close(&mut self, c: &Classifiers) {
        let first = self.span.0;
        match &mut self.open[..] {
            [] => return,
            [one] if one.waits() => {
                let field = one.field as usize;
                if self.single.len() <= field {
                    self.single.resize_with(field + 1, Vec::new);
                }
                let m = one.matched();
                let step = Settled::step(m.confidence);
                let list = &mut self.single[field];
                match list.binary_search_by_key(&(m.classifier, step), |s| (s.0, s.1)) {
                    Ok(i) => list[i].3 += 1,
                    Err(i) => list.insert(i, (m.classifier, step, m, 1)),
                }
            }
            parts if parts.iter().any(Part::waits) => {
                parts.iter_mut().for_each(|p| (p.start, p.end) = (p.start - first, p.end - first));
                match self.groups.get_mut(parts) {
                    Some(n) => *n += 1,
                    None => drop(self.groups.insert(parts.to_vec(), 1)),
                }
            }
            parts => {
                let least = if self.all { f32::MIN } else { REPORTED_FROM };
                count(c, parts, least, 1, |_, m| m.confidence, &mut self.working, &mut self.settled);
            }
        }
        self.open.clear();
    }

    /// Settles everything by what is known of the columns.
    pub fn settle(&mut self, c: &Classifiers, tally: &Tally, fields: &[String]) {
        self.close(c);
        self.span = (0, 0);
        let settled = tally.settle(c, fields);
        let least = if self.all { f32::MIN } else { REPORTED_FROM };
        for (field, list) in self.single.iter_mut().enumerate() {
            for (classifier, _, m, times) in list.drain(..) {
                if settled.confidence(Some(field as u32), &m) >= least {
                    add(&mut self.settled, classifier, times);
                }
            }
        }
        let confidence = |field, m: &Match| settled.confidence(field, m);
        for (parts, times) in self.groups.drain() {
            count(c, &parts, least, times, confidence, &mut self.working, &mut self.settled);
        }
    }

    /// By classifier how often; complete once it is settled.
    pub fn totals(&self) -> impl Iterator<Item = (u16, u64)> {
        (0u16..).zip(&self.settled).filter(|(_, n)| **n > 0).map(|(c, n)| (c, *n))
    }
}

fn add(settled: &mut Vec<u64>, classifier: u16, times: u64) {
    let at = usize::from(classifier);
    if settled.len() <= at {
        settled.resize(at + 1, 0);
    }
    settled[at] += times;
}

/// Counts the matches of a group that are sure enough and keep their bytes.
fn count(
    c: &Classifiers,
    parts: &[Part],
    least: f32,
    times: u64,
    confidence: impl Fn(Option<u32>, &Match) -> f32,
    (claims, keep): &mut (Vec<overlap::Claim>, Vec<bool>),
    settled: &mut Vec<u64>,
) {
    claims.clear();
    for p in parts {
        let confidence = confidence((p.field != NO_FIELD).then_some(p.field), &p.matched());
        if confidence >= least {
            let (start, end, classifier, evidence) = (p.start, p.end, p.classifier, Evidence(p.evidence));
            claims.push(overlap::Claim { start, end, confidence, classifier, evidence });
        }
    }
    overlap::keep_best(c, claims, keep);
    claims.iter().zip(keep).filter(|(_, keep)| **keep).for_each(|(claim, _)| add(settled, claim.classifier, times));
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::base::{Cell, ROW_SCOPE};
    use crate::identity::{Hit, Kernel, Named};
    use crate::scan::window::{MemberName, Sink, Spool, Window};

    struct Sum(BTreeMap<u16, u64>);

    impl Sink for Sum {
        fn window(&mut self, w: &Window<'_>) {
            w.hits.iter().for_each(|h: &Hit| *self.0.entry(h.m.classifier).or_default() += 1);
        }
    }

    /// What both ways say of these batches.
    fn both(batches: &[Batch]) -> (BTreeMap<u16, u64>, BTreeMap<u16, u64>) {
        let kernel = Kernel::new(Classifiers::builtin(), None);
        let c: &Arc<Classifiers> = kernel.classifiers();
        let mut scratch = crate::classify::Scratch::new(c);
        let (mut tally, mut spool, mut counts, mut sum) =
            (Tally::default(), Spool::new(false, MemberName::default()), Counts::new(false), Sum(BTreeMap::default()));
        let (mut matches, mut hits) = (Vec::new(), Vec::new());
        for b in batches {
            hits.clear();
            kernel.process(&mut scratch, b, &mut matches, &mut tally, &mut Named::default(), &mut hits);
            spool.add(b, &hits, &crate::identity::keys::KeyCells::default());
            counts.add(c, b, &matches);
        }
        let last = batches.last().unwrap();
        spool.settle(&kernel, &tally, last, last.cells.is_empty(), true, &mut sum);
        counts.settle(c, &tally, &last.fields);
        (counts.totals().collect(), sum.0)
    }

    fn table(columns: &[(&str, &[String])]) -> Batch {
        let mut b = Batch { fields: columns.iter().map(|c| c.0.to_owned()).collect(), ..Batch::default() };
        for row in 0..columns[0].1.len() {
            for (field, c) in (0u32..).zip(columns) {
                let start = b.bytes.len() as u32;
                b.bytes.extend_from_slice(c.1[row].as_bytes());
                let end = b.bytes.len() as u32;
                if start < end {
                    b.cells.push(Cell { start, end, raw_end: end, field, row: row as u32, scope: ROW_SCOPE });
                }
                b.bytes.push(b',');
            }
        }
        b.core = 0..b.bytes.len();
        b
    }

    #[test]
    fn counts_are_those_of_the_places() {
        let numbers = |from: u64, step: u64| (0..90).map(|n| (from + n * step).to_string()).collect::<Vec<_>>();
        let words = |list: &[&str]| (0..90).map(|n| list[n % list.len()].to_owned()).collect::<Vec<_>>();
        let mixed = words(&["jo@example.com", "457-55-5462", "Maria Schmidt", "555-23-1187 or 10.1.2.3", "4111111111111111", "n/a"]);
        let cards: Vec<String> = (0..90).map(|n| format!("401288888888188{}", n % 10)).collect();
        let valid = words(&["4012888888881881", "5555555555554444", "378282246310005"]);
        let plain =
            table(&[("a", &numbers(123_456_700, 11)), ("b", &mixed), ("c", &cards), ("d", &valid), ("ssn", &numbers(457_550_001, 7))]);
        let named =
            table(&[("card", &cards), ("phone", &numbers(2_125_550_100, 1)), ("name", &words(&["Ann Lee", "John Smith", "Boston"]))]);
        let text = "SSN: 457-55-5462, phone (212) 555-0134, card 4111 1111 1111 1111, DE89370400440532013000 or 10.0.0.1\n".repeat(7);
        let text = Batch { core: 0..text.len(), bytes: text.into_bytes(), first_line: 1, ..Batch::default() };
        for batch in [plain, named, text] {
            let next = Batch { offset: batch.bytes.len() as u64, ..batch.clone() };
            let (counted, summed) = both(&[batch, next]);
            assert!(counted.len() > 2, "{counted:?}");
            assert_eq!(counted, summed);
        }
    }

    #[test]
    fn a_group_goes_on_in_the_next_batch() {
        // The e-mail address that begins in the first core ends in the second, where its domain could be another value.
        let text = b"mail ann.lee@192.168.0.1.example.com now".to_vec();
        for cut in 1..text.len() {
            let first = Batch { bytes: text.clone(), core: 0..cut, first_line: 1, ..Batch::default() };
            let second = Batch { core: cut..text.len(), ..first.clone() };
            let (counted, summed) = both(&[first, second]);
            assert_eq!(counted, summed, "{cut}");
        }
    }

    proptest! {
        #[test]
        fn any_cells_are_counted_alike(cells in prop::collection::vec("[0-9]{9}|[0-9]{3}-[0-9]{2}-[0-9]{4}|[a-c]@d\\.com|[A-Z][a-z]{3} [A-Z][a-z]{4}|[0-9]{10}", 1..60)) {
            let first = table(&[("x", &cells), ("ssn", &cells)]);
            let second = Batch { offset: first.bytes.len() as u64, ..first.clone() };
            let (counted, summed) = both(&[first, second]);
            prop_assert_eq!(counted, summed);
        }
    }
}
