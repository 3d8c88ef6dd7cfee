//! What a whole column says about its values.
//!
//! A random 16-digit number passes Luhn one time in ten: a column in which a tenth of the numbers pass is no card column,
//! one in which all pass is. So the cells that a classifier accepted are set against those of the same shape that its
//! validator refused. Only values that fill their cell are judged so; a number inside a longer text keeps its confidence.

use super::columns::Says;
use super::set::Classifiers;
use super::verify::Refusal;
use crate::base::{Batch, Evidence, Match, NO_CELL, REPORTED_FROM};

/// From how many cells of a shape on their share of valid ones says something.
const ENOUGH: u64 = 12;
/// Below this share of valid ones a column is not of the classifier's type.
const CHANCE: f32 = 0.5;
/// From this share on it is.
const NEARLY_ALL: f32 = 0.9;
/// What findings in a column that is not of the type can have at most.
const BY_CHANCE: f32 = 0.3;
/// What a value of a column whose values nearly all pass a strong check has at least.
const PROVEN: f32 = 0.6;
/// So much of a value's own confidence comes on top: of several types that a column proves, the one stands first whose values say most alone.
/// Fifteen digits that pass are a card where they begin as one does, whatever else has fifteen digits.
const OWN: f32 = 0.05;
/// So many different values must pass for that: one value that fills a column passes some check by chance.
const DIFFERENT: u32 = 6;
/// Which validators are strong: they accept at most this share of random values.
const STRONG: f32 = 0.15;

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Count {
    /// Cells filled by a value.
    whole: u64,
    /// Cells with a value inside.
    inside: u64,
    /// Cells of the shape that the validator refused.
    refused: u64,
    /// Of `whole`, those that a validator accepted.
    validated: u64,
    /// Of `whole`, those that something speaks against.
    against: u64,
    /// Which of 64 hashes the values of `whole` have: a union, so that the order of adding does not matter.
    hashes: u64,
    /// The sum of the confidences of `whole` in thousandths: integers, so that the order of adding does not matter.
    thousandths: u64,
}

/// One of 64 for a value, by its last eight bytes: the first ones are those that numbers of a column share.
fn hash(value: &[u8]) -> u32 {
    let word = match value.last_chunk::<8>() {
        Some(last) => u64::from_le_bytes(*last),
        None => value.iter().fold(0, |w, b| w << 8 | u64::from(*b)),
    };
    (word.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58) as u32
}

/// Column evidence of one member. Adding batches and merging tallies commute.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// Non-empty cells, by field.
    cells: Vec<u64>,
    /// By field: classifier and its counts, by classifier.
    counts: Vec<Vec<(u16, Count)>>,
}

impl Tally {
    /// Forgets everything: another member follows.
    pub fn clear(&mut self) {
        self.cells.clear();
        self.counts.clear();
    }

    fn count(&mut self, field: u32, classifier: u16) -> &mut Count {
        let field = field as usize;
        if self.counts.len() <= field {
            self.counts.resize_with(field + 1, Vec::new);
        }
        let list = &mut self.counts[field];
        let i = match list.binary_search_by_key(&classifier, |c| c.0) {
            Ok(i) => i,
            Err(i) => {
                list.insert(i, (classifier, Count::default()));
                i
            }
        };
        &mut list[i].1
    }

    /// Adds one batch with what [`Classifiers::scan`] found in it (`matches` of this batch only) and refused.
    pub fn add(&mut self, batch: &Batch, matches: &[Match], refusals: &[Refusal]) {
        let from = batch.cells.partition_point(|c| (c.start as usize) < batch.core.start);
        for cell in batch.cells[from..].iter().take_while(|c| (c.start as usize) < batch.core.end) {
            let field = cell.field as usize;
            if self.cells.len() <= field {
                self.cells.resize(field + 1, 0);
            }
            self.cells[field] += 1;
        }
        for &(field, values) in &batch.left_out {
            let field = field as usize;
            if self.cells.len() <= field {
                self.cells.resize(field + 1, 0);
            }
            self.cells[field] += values;
        }
        let mut last = (NO_CELL, u16::MAX);
        for m in matches {
            let Some(cell) = batch.cells.get(m.cell as usize) else { continue };
            let c = self.count(cell.field, m.classifier);
            if m.evidence.has(Evidence::WHOLE_CELL) {
                c.whole += 1;
                c.validated += u64::from(m.evidence.has(Evidence::VALIDATED));
                c.against += u64::from(m.evidence.has(Evidence::AGAINST));
                c.thousandths += (m.confidence * 1000.0) as u64;
                c.hashes |= 1 << hash(&batch.bytes[m.start as usize..m.end as usize]);
            } else if last != (m.cell, m.classifier) {
                c.inside += 1;
                last = (m.cell, m.classifier);
            }
        }
        for r in refusals {
            self.count(r.field, r.classifier).refused += 1;
        }
    }

    /// Adds another tally of the same member.
    pub fn merge(&mut self, other: &Tally) {
        if self.cells.len() < other.cells.len() {
            self.cells.resize(other.cells.len(), 0);
        }
        for (a, b) in self.cells.iter_mut().zip(&other.cells) {
            *a += b;
        }
        for (field, list) in other.counts.iter().enumerate() {
            for (classifier, n) in list {
                let c = self.count(field as u32, *classifier);
                c.whole += n.whole;
                c.inside += n.inside;
                c.refused += n.refused;
                c.validated += n.validated;
                c.against += n.against;
                c.thousandths += n.thousandths;
                c.hashes |= n.hashes;
            }
        }
    }

    /// Values of a field that are not empty.
    pub fn cells(&self, field: u32) -> u64 {
        self.cells.get(field as usize).copied().unwrap_or(0)
    }

    /// Decides what each column is. `fields`: the member's field names by index.
    pub fn settle(&self, c: &Classifiers, fields: &[String]) -> Settled {
        let mut settled = Settled { columns: Vec::with_capacity(self.counts.len()) };
        for (field, list) in self.counts.iter().enumerate() {
            // PERF: most columns hold nothing, and need not be asked what they are called.
            let says = fields.get(field).filter(|_| !list.is_empty()).map(|f| c.says(f)).unwrap_or_default();
            let cells = self.cells.get(field).copied().unwrap_or(0);
            let judge = |&(classifier, n): &(u16, Count)| {
                let says = says.get(usize::from(classifier)).copied().unwrap_or(Says::Nothing);
                (classifier, Verdict::of(c, classifier, n, cells, says))
            };
            settled.columns.push(list.iter().map(judge).collect());
        }
        settled
    }
}

#[derive(Clone, Copy, Debug)]
struct Verdict {
    effect: Effect,
    says: Says,
    count: Count,
    cells: u64,
    matched: u64,
    share: f32,
    mean: f32,
}

/// What a column does to the confidence of the values that fill its cells.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Effect {
    Nothing,
    /// They are of this type by chance.
    Lower,
    /// Nearly all pass a strong check, the name says nothing.
    Proven,
    /// Nearly all are of this type, and the name agrees.
    Agrees,
}

impl Effect {
    fn on(self, confidence: f32) -> f32 {
        match self {
            Effect::Nothing => confidence,
            Effect::Lower => confidence.min(BY_CHANCE),
            Effect::Proven => confidence.max(PROVEN + OWN * confidence),
            Effect::Agrees => 1.0 - (1.0 - confidence) * 0.5,
        }
    }
}

impl Verdict {
    fn of(c: &Classifiers, classifier: u16, n: Count, cells: u64, says: Says) -> Verdict {
        let shaped = n.whole + n.refused;
        let rate = n.whole as f32 / shaped.max(1) as f32;
        let share = (n.whole + n.inside).min(cells) as f32 / cells.max(1) as f32;
        let strong = n.validated == n.whole && c.strongest_share(classifier) <= STRONG;
        let effect = match says {
            _ if shaped < ENOUGH => Effect::Nothing,
            Says::For if rate >= NEARLY_ALL && n.whole * 2 >= cells && n.against * 2 <= n.whole => Effect::Agrees,
            Says::For => Effect::Nothing,
            _ if rate < CHANCE => Effect::Lower,
            Says::Nothing | Says::Counted | Says::Vague
                if strong && n.hashes.count_ones() >= DIFFERENT && rate >= NEARLY_ALL && n.whole * 10 >= cells * 9 =>
            {
                Effect::Proven
            }
            _ => Effect::Nothing,
        };
        let mean = if n.whole == 0 { 0.0 } else { n.thousandths as f32 / n.whole as f32 / 1000.0 };
        Verdict { effect, says, count: n, cells, matched: (n.whole + n.inside).min(cells), share, mean }
    }

    /// What it rests on, in words for people; no value is among them.
    fn reasons(&self) -> Vec<String> {
        let n = &self.count;
        let mut out = vec![format!("{} of {} values", self.matched, self.cells)];
        if n.inside > 0 {
            out.push(format!("{} inside longer ones", n.inside));
        }
        if n.validated > 0 {
            out.push(format!("{} pass the validator", n.validated));
        }
        if n.refused > 0 {
            out.push(format!("{} of the same shape do not", n.refused));
        }
        if n.against > 0 {
            out.push(format!("words against {}", n.against));
        }
        out.extend(match self.says {
            Says::For => Some("the name speaks for it".to_owned()),
            Says::Against => Some("the name speaks against it".to_owned()),
            Says::Counted => Some("the name is that of a number or count".to_owned()),
            Says::Nothing | Says::Vague => None,
        });
        let (mean, all) = (self.mean, self.effect.on(self.mean));
        out.extend(match self.effect {
            Effect::Nothing => None,
            Effect::Lower => Some(format!("by chance, as few pass: {mean:.2} to {all:.2}")),
            Effect::Proven => Some(format!("nearly all pass a strong check: {mean:.2} to {all:.2}")),
            Effect::Agrees => Some(format!("nearly all are of the type and the name agrees: {mean:.2} to {all:.2}")),
        });
        out
    }
}

/// The decisions about the columns of one member.
#[derive(Clone, Debug, Default)]
pub struct Settled {
    columns: Vec<Vec<(u16, Verdict)>>,
}

/// The type of one column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ColumnType {
    /// Index into `Batch::fields`.
    pub field: u32,
    /// Index into the set.
    pub classifier: u16,
    /// 0..1.
    pub confidence: f32,
    /// Cells with such a value, of the cells that are not empty, 0..1.
    pub share: f32,
    /// Cells that are not empty.
    pub cells: u64,
    /// Cells with such a value.
    pub matched: u64,
}

impl Settled {
    /// Values that fill cells of one column, of one classifier and with confidences of the same step, are all reported or none
    /// is, whatever the column turns out to be.
    pub fn step(confidence: f32) -> u8 {
        let all = [Effect::Nothing, Effect::Lower, Effect::Proven, Effect::Agrees];
        all.into_iter().fold(0, |step, effect| step << 1 | u8::from(effect.on(confidence) >= REPORTED_FROM))
    }

    fn verdict(&self, field: u32, classifier: u16) -> Option<&Verdict> {
        let list = self.columns.get(field as usize)?;
        list.binary_search_by_key(&classifier, |c| c.0).ok().map(|i| &list[i].1)
    }

    /// The final confidence of a match in the column `field` (`None`: plain text). Only matches that fill their cell change.
    pub fn confidence(&self, field: Option<u32>, m: &Match) -> f32 {
        match field.and_then(|f| self.verdict(f, m.classifier)) {
            Some(v) if m.evidence.has(Evidence::WHOLE_CELL) => v.effect.on(m.confidence),
            _ => m.confidence,
        }
    }

    /// What the type of a column rests on, and what else most of its values could be, with the confidence of that.
    pub fn why(&self, t: &ColumnType) -> (Vec<String>, Option<(u16, f32)>) {
        let reasons = self.verdict(t.field, t.classifier).map(Verdict::reasons).unwrap_or_default();
        let others = self.columns.get(t.field as usize).into_iter().flatten().filter(|(c, v)| *c != t.classifier && v.share >= 0.5);
        let next = others.map(|(c, v)| (*c, v.effect.on(v.mean))).reduce(|a, b| if b.1 > a.1 { b } else { a });
        (reasons, next.filter(|n| n.1 > 0.0))
    }

    /// The types of the columns, by field: at most one each, the most confident of those that at least half of the cells
    /// hold and that would be reported.
    pub fn columns(&self) -> Vec<ColumnType> {
        let mut out = Vec::new();
        for (field, list) in self.columns.iter().enumerate() {
            let types = list.iter().map(|&(classifier, v)| ColumnType {
                field: field as u32,
                classifier,
                confidence: v.effect.on(v.mean),
                share: v.share,
                cells: v.cells,
                matched: v.matched,
            });
            let best = types
                .filter(|t| t.share >= 0.5 && t.confidence >= REPORTED_FROM)
                .reduce(|a, b| if (b.confidence, b.share) > (a.confidence, a.share) { b } else { a });
            out.extend(best);
        }
        out
    }
}

#[cfg(test)]
#[path = "tally_tests.rs"]
mod tests;
