//! The slow, obviously right way: every pattern at every position, every word at every place. The oracle of the tests.

use std::collections::BTreeMap;

use super::columns::Says;
use super::definition::Requires;
use super::edges;
use super::finish::finish;
use super::labels;
use super::letters;
use super::pattern::Pattern;
use super::set::Classifiers;
use super::verify::{self, Outcome, Region, Sample};
use super::words::near_naive;
use crate::base::{Batch, Match};

/// Appends the matches of a batch, ordered by start.
pub(super) fn scan(set: &Classifiers, batch: &Batch, out: &mut Vec<Match>) {
    if batch.cells.is_empty() {
        let from = out.len();
        let span = verify::span(set, batch);
        region(set, &Region::text(&batch.bytes), "", span, out);
        finish(out, from);
    }
    let mut samples: BTreeMap<u32, Sample> = BTreeMap::new();
    for i in verify::core_cells(batch) {
        let from = out.len();
        let field = batch.cells[i].field;
        let name = batch.fields.get(field as usize).map_or("", String::as_str);
        let says = set.says(name);
        let sample = samples.entry(field).or_insert_with(|| {
            let mut s = Sample::default();
            s.start(set.words().stride());
            s
        });
        let r = Region::cell(batch, i, &says, sample.active());
        let engine = set.engine();
        let slow = |p: u32| engine.patterns[p as usize].slow_end(r.bytes, r.whole.0);
        let fills = sample.typed().is_some_and(|t| t.fills(set, &r, &mut Vec::new(), out, &mut Vec::new(), slow));
        if r.bytes.len() >= 2 && !fills {
            region(set, &r, name, 0..r.bytes.len(), out);
        }
        finish(out, from);
        sample.add(engine, &out[from..], &batch.core);
    }
}

fn region(set: &Classifiers, r: &Region<'_>, field: &str, span: std::ops::Range<usize>, out: &mut Vec<Match>) {
    for p in &set.engine().patterns {
        for at in span.clone() {
            match p.requires {
                Requires::Nothing | Requires::Context => attempt(set, p, r, at, false, out),
                Requires::Label => labels(set, p, r, at, out),
                Requires::Column => {}
            }
        }
        let named = r.says.get(usize::from(p.classifier)) == Some(&Says::For);
        if matches!(p.requires, Requires::Label | Requires::Column) && named && r.whole.0 < r.whole.1 && p.is_for(field) {
            attempt(set, p, r, r.whole.0, false, out);
        }
    }
}

fn labels(set: &Classifiers, p: &Pattern, r: &Region<'_>, at: usize, out: &mut Vec<Match>) {
    for label in set.get(p.classifier).labels(p.index) {
        if let Some(end) = edges::phrase_at(r.bytes, at, letters::fold(label).as_bytes()) {
            let (starts, n) = labels::value_starts(r.bytes, at..end, p.separator);
            for &s in &starts[..n] {
                attempt(set, p, r, s, true, out);
            }
        }
    }
}

fn attempt(set: &Classifiers, p: &Pattern, r: &Region<'_>, at: usize, labelled: bool, out: &mut Vec<Match>) {
    if !edges::starts(r.bytes, at, p.edges) {
        return;
    }
    let Some((end, base)) = p.found(r.bytes, at, || p.slow_end(r.bytes, at)) else { return };
    let end = verify::end_of(p, r, at..end, |bytes| p.slow_end(bytes, at));
    let c = set.get(p.classifier);
    if let Outcome::Found(m) = verify::verify(c, p, r, at..end, base, labelled, &mut Vec::new(), || near_naive(c, r.bytes, at, end)) {
        out.push(m);
    }
}
