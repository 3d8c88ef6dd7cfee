//! What the next cell of a known outline is asked: of each pattern only what the digits leave open.
//!
//! Of a value that fills its cell, the column and the pattern alone decide what it is worth; often they decide that it fills it, too, and
//! that it is worth nothing. Then a cell costs the check of its digits.

use super::engine::{Spot, Starts, Walk};
use super::lookout::Place;
use super::outline::{Looked, Outline, Outlines};
use super::pattern::Pattern;
use super::typed::{Typed, is_telling};
use super::verify::{Outcome, Refusal, Region, Worth, worth};

/// A pattern that is tried at a byte of the cell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub pattern: u32,
    pub at: u32,
}

/// A question to a cell of an outline.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask {
    pub step: Step,
    /// What becomes of a value that fills the cell; `None`: nothing is known, the pattern is tried as in any cell.
    sure: Option<Sure>,
}

#[derive(Clone, Copy, Debug)]
struct Sure {
    worth: Worth,
    /// The cell's digits decide whether the value fills it.
    depends: bool,
    /// It is of the column's type.
    is_main: bool,
}

/// Where the match of a pattern ends that begins with a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    Never,
    /// With the cell, whatever its digits are.
    WithCell,
    Somewhere,
}

/// Of the cells of an outline.
fn ends(p: &Pattern, outline: &Outline) -> Ends {
    let Some(a) = p.automaton() else { return Ends::Somewhere };
    let len = outline.bytes().count();
    if len < p.min_len {
        return Ends::Never;
    }
    let mut states = vec![a.start()];
    let (mut dies, mut matched, mut all) = (len > p.max_len, false, false);
    for set in outline.bytes().take(p.max_len) {
        let mut next = Vec::new();
        all = true;
        // Digits that the table does not tell apart are one.
        let mut classes = [0u64; 4];
        for b in set.bytes() {
            let class = a.class(b);
            let seen = &mut classes[usize::from(class / 64)];
            if *seen >> (class % 64) & 1 != 0 {
                continue;
            }
            *seen |= 1 << (class % 64);
            for state in &states {
                match a.step(*state, b) {
                    Some((to, accepts)) => {
                        (matched, all) = (matched | accepts, all & accepts);
                        next.push(to);
                    }
                    None => dies = true,
                }
            }
        }
        next.sort_unstable();
        next.dedup();
        states = next;
    }
    match (matched, dies) {
        (false, _) => Ends::Never,
        (true, false) if all => Ends::WithCell,
        _ => Ends::Somewhere,
    }
}

impl Ask {
    /// Of a step of which nothing is known.
    pub fn open(step: Step) -> Ask {
        Ask { step, sure: None }
    }

    /// Of a pattern that begins with a cell of the outline, where nothing but digits, letters and signs is; `None`: it never fills one.
    fn of_all(p: &Pattern, step: Step, outline: &Outline, worth: Worth) -> Option<Ask> {
        match ends(p, outline) {
            Ends::Never => None,
            ends => Some(Ask { step, sure: Some(Sure { worth, depends: ends == Ends::Somewhere, is_main: false }) }),
        }
    }

    /// Of a step that was taken in a cell of the outline, in which no words stand; `None`: nothing comes of it in any such cell.
    pub fn of(p: &Pattern, step: Step, outline: &Outline, r: &Region<'_>) -> Option<Ask> {
        if p.finder.is_some() {
            // No name and no address has one letter alone.
            return (outline.letters() > 1).then(|| Ask::open(step));
        }
        // Blanks may stand around what fills a cell.
        let may_fill = step.at as usize == r.whole.0;
        // What says little alone counts only where it fills a cell whose column may prove it.
        let worth = worth(p, r, p.confidence, false).filter(|_| may_fill || !p.is_alone(r))?;
        if may_fill && outline.is_trimmed() { Ask::of_all(p, step, outline, worth) } else { Some(Ask::open(step)) }
    }

    /// What a cell of the outline is asked in a column of a type; `None`: that depends on more.
    pub fn typed(patterns: &[Pattern], typed: &Typed, outline: &Outline, r: &Region<'_>) -> Option<Vec<Ask>> {
        let of = |pattern: &u32| (&patterns[*pattern as usize], Step { pattern: *pattern, at: 0 });
        if !outline.is_trimmed() || typed.patterns.iter().any(|p| of(p).0.finder.is_some()) {
            return None;
        }
        let ask = |(p, step): (&Pattern, Step)| {
            let worth = worth(p, r, p.confidence, false)?;
            let mut ask = Ask::of_all(p, step, outline, worth)?;
            let is_main = p.classifier == typed.main && worth.is_reported() && worth.found.is_some_and(|f| is_telling(p, f.1));
            ask.sure.iter_mut().for_each(|s| s.is_main = is_main);
            Some(ask)
        };
        Some(typed.patterns.iter().map(of).filter_map(ask).collect())
    }
}

/// What is known of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    Nothing,
    /// It is not of its column's type.
    NotOfType,
    All,
}

impl Walk<'_> {
    /// Asks a cell with an outline, the one that was looked for last, what is left open, and takes what it holds. `typed`: what its column
    /// holds.
    #[inline]
    pub fn by_outline(&mut self, outlines: &mut Outlines, looked: Looked, typed: Option<&Typed>, r: Region<'_>) -> Known {
        let mut plan = match looked {
            Looked::None => return Known::Nothing,
            Looked::New => None,
            Looked::Known(plan) => Some(plan),
        };
        let mut known = Known::Nothing;
        if let Some(typed) = typed {
            if plan.is_none_or(|p| outlines.typed(p).is_none())
                && let Some(asks) = Ask::typed(&self.engine.patterns, typed, &outlines.current(), &r)
            {
                // What was known may be forgotten for it.
                plan = Some(outlines.keep_typed(&asks));
            }
            let Some(asks) = plan.and_then(|p| outlines.typed(p)) else { return Known::Nothing };
            if self.ask_type(asks, &r) {
                return Known::All;
            }
            known = Known::NotOfType;
        }
        let Some(asks) = plan.and_then(|p| outlines.all(p, r.bytes)) else { return known };
        self.ask(asks, r);
        Known::All
    }

    /// Asks a cell of an outline what is left open.
    fn ask(&mut self, asks: impl Iterator<Item = Ask>, r: Region<'_>) {
        let engine = self.engine;
        let (start, end) = (r.offset, r.offset + r.bytes.len());
        let mut spot = None;
        let (mut starts, mut at) = (Starts::default(), u32::MAX);
        for Ask { step, sure } in asks {
            if let Some(sure) = sure {
                match self.filled(step, sure, &r) {
                    None => continue,
                    Some(true) => {
                        self.take(step.pattern, sure.worth, &r);
                        continue;
                    }
                    Some(false) => {}
                }
            }
            if step.at != at {
                (starts, at) = (Starts::default(), step.at);
            }
            let place = || Place { from: start, to: end, begin: start, end };
            let spot = spot.get_or_insert_with(|| Spot::silent(engine, place(), start, r));
            self.attempt(step.pattern, spot, at as usize, false, &mut starts);
        }
    }

    /// Asks a cell of an outline for the type of its column; `true`: it is of that type, and all is known of it. Otherwise nothing was done.
    fn ask_type(&mut self, asks: &[Ask], r: &Region<'_>) -> bool {
        let (from, refused_from) = (self.out.len(), self.refused.len());
        let mut is_main = false;
        for ask in asks {
            if let Some(sure) = ask.sure
                && self.filled(ask.step, sure, r) == Some(true)
            {
                is_main |= self.take(ask.step.pattern, sure.worth, r) && sure.is_main;
            }
        }
        if !is_main {
            self.out.truncate(from);
            self.refused.truncate(refused_from);
        }
        is_main
    }

    /// Whether the match that begins with the cell fills it; `None`: there is none.
    // PERF: its call would cost as much as the check itself.
    #[inline(always)]
    fn filled(&mut self, step: Step, sure: Sure, r: &Region<'_>) -> Option<bool> {
        if !sure.depends {
            return Some(true);
        }
        let end = self.engine.patterns[step.pattern as usize].end_of_all(&mut self.caches[step.pattern as usize], r.bytes)?;
        Some(end == r.bytes.len())
    }

    /// Takes the cell as a value of the pattern; `true`: it is one.
    #[inline]
    fn take(&mut self, pattern: u32, worth: Worth, r: &Region<'_>) -> bool {
        let p = &self.engine.patterns[pattern as usize];
        match worth.outcome(self.set.get(p.classifier), p, r, self.normal) {
            Outcome::Found(m) => {
                self.out.push(m);
                return true;
            }
            Outcome::Refused => self.refused.push(Refusal { field: self.field, classifier: p.classifier }),
            Outcome::Nothing => {}
        }
        false
    }
}
