//! Columns of one type: once the first cells of a batch have shown what a column holds, the others are asked for that alone.
//!
//! A value that fills its cell and passes the check of the column's type is of that type; what else it might be by chance would
//! lose against it. A cell that is not what the column holds is searched like any other, so that a card number among
//! telephones is found. Shared by both engines.

use super::definition::Requires;
use super::edges;
use super::pattern::Pattern;
use super::set::Classifiers;
use super::tables::Engine;
use super::verify::{FIRST_CELLS, Outcome, Region, verify};
use super::words::Nearby;
use crate::base::{Evidence, Match, REPORTED_FROM};

/// So many of the first cells hold the column's type: all but two.
const MAIN: u32 = FIRST_CELLS as u32 - 2;
/// A type that so many of them hold as well is counted on: a column may be proven by nine in ten.
const BESIDE: u32 = FIRST_CELLS as u32 * 9 / 10;

/// What the first cells of a column held, by classifier.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Held {
    pub classifier: u16,
    /// Cells filled by a value of it.
    pub cells: u32,
    /// Those of them that are reported and that its own check accepted.
    sure: u32,
    /// The sum of their confidences in thousandths.
    thousandths: u32,
    /// Its patterns that found them, a bit for each of the first 64.
    patterns: u64,
}

impl Held {
    pub fn of(classifier: u16) -> Held {
        Held { classifier, ..Held::default() }
    }

    /// Takes a value that fills a cell.
    pub fn add(&mut self, engine: &Engine, m: &Match) {
        self.cells += 1;
        let p = engine.pattern(m.classifier, m.pattern);
        self.sure += u32::from(m.confidence >= REPORTED_FROM && is_telling(&engine.patterns[p as usize], m.evidence));
        self.thousandths += (m.confidence * 1000.0) as u32;
        self.patterns |= 1u64.checked_shl(m.pattern.into()).unwrap_or(0);
    }
}

/// Whether a value that the pattern accepts is hardly anything else. What a column's name lets pass as a password or a user name
/// may be a mail address as well.
pub(super) fn is_telling(p: &Pattern, evidence: Evidence) -> bool {
    let checked = evidence.has(Evidence::VALIDATED) || p.finder.is_some();
    checked && (matches!(p.requires, Requires::Nothing | Requires::Context) || p.digits_only)
}

/// The type of a column in a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Typed {
    pub main: u16,
    /// The patterns that found it and what nearly all cells hold beside it.
    pub patterns: Vec<u32>,
}

impl Typed {
    /// By what the first cells of the column held; `None`: no single type.
    pub fn of(engine: &Engine, held: &[Held]) -> Option<Typed> {
        let main = held.iter().filter(|h| h.sure >= MAIN).max_by_key(|h| (h.thousandths, std::cmp::Reverse(h.classifier)))?;
        let beside = held.iter().filter(|h| h.cells >= BESIDE);
        let mut patterns: Vec<u32> =
            beside.flat_map(|h| (0..64).filter(|i| h.patterns >> i & 1 != 0).map(|i| engine.pattern(h.classifier, i))).collect();
        patterns.sort_unstable();
        Some(Typed { main: main.classifier, patterns })
    }

    /// Tries the column's patterns on a cell: `true` if it is of the column's type; what was found is in `out` then, and
    /// `refused` knows the classifiers that refused it. Otherwise nothing was done. `end`: where a pattern's match ends.
    pub fn fills(
        &self,
        set: &Classifiers,
        r: &Region<'_>,
        normal: &mut Vec<u8>,
        out: &mut Vec<Match>,
        refused: &mut Vec<u16>,
        mut end: impl FnMut(u32) -> Option<usize>,
    ) -> bool {
        let from = out.len();
        refused.clear();
        let (start, to) = r.whole;
        if start >= to {
            return false;
        }
        let mut is_main = false;
        for &i in &self.patterns {
            let p = &set.engine().patterns[i as usize];
            if !edges::starts(r.bytes, start, p.edges) {
                continue;
            }
            let Some((found, base)) = p.found(r.bytes, start, || end(i)).filter(|f| f.0 == to) else { continue };
            match verify(set.get(p.classifier), p, r, start..found, base, false, normal, Nearby::default) {
                Outcome::Found(m) => {
                    is_main |= m.classifier == self.main && m.confidence >= REPORTED_FROM && is_telling(p, m.evidence);
                    out.push(m);
                }
                Outcome::Refused => refused.push(p.classifier),
                Outcome::Nothing => {}
            }
        }
        if !is_main {
            out.truncate(from);
        }
        is_main
    }
}

#[cfg(test)]
#[path = "typed_tests.rs"]
mod tests;
