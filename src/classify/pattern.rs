//! One pattern, compiled.

use std::ops::Deref;
use std::sync::OnceLock;

use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::{Anchored, Input, meta};

use super::columns;
use super::definition::{EdgeRule, PatternDef, Requires, Separator};
use super::facts::{self, Facts};
use super::finder::Finder;
use super::stored::Store;
use super::validators::Validator;
use super::wanted::Wanted;
use crate::base::REPORTED_FROM;

/// The facts of all built-in expressions, as the build made them.
static BUILT: Store = Store::new(include_bytes!(concat!(env!("OUT_DIR"), "/facts.bin")));

/// Where the engine looks for a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    /// At numbers: tokens that hold a digit, short words before them, `+` and `(` before a digit. Matches that begin with
    /// one of [`Facts::loose`] are looked for at every token's start.
    Start,
    /// Before every `@`, at most `back` bytes: what has one is rarer than all else that it can begin with.
    At { back: usize },
    /// Behind labels, and where a cell of a column so named begins.
    Label,
    /// Only where a cell of a column so named begins.
    Column,
}

/// A compiled pattern.
pub(super) struct Pattern {
    pub classifier: u16,
    /// Index within its classifier.
    pub index: u8,
    pub validator: Option<Validator>,
    /// What finds values in place of the expression.
    pub finder: Option<Finder>,
    pub confidence: f32,
    pub edges: EdgeRule,
    pub requires: Requires,
    pub separator: Separator,
    /// If not empty, the only names of columns in which it is tried.
    columns: Vec<Wanted>,
    pub anchor: Anchor,
    facts: Facts,
    expression: String,
    /// Few have one: it takes no room in the others.
    dfa: OnceLock<Option<Box<DFA>>>,
    regex: OnceLock<Option<meta::Regex>>,
}

impl Deref for Pattern {
    type Target = Facts;

    fn deref(&self) -> &Facts {
        &self.facts
    }
}

impl Pattern {
    /// Compiles one pattern; the error says what is wrong with its expression.
    pub fn new(classifier: u16, index: u8, def: &PatternDef) -> Result<Pattern, String> {
        let expression = match def.finder {
            Some(f) => f.outline(),
            None => &def.regex,
        };
        let facts = match BUILT.get(expression) {
            Some(facts) => facts,
            None => Facts::of(expression).map_err(|m| format!("pattern `{}`: {m}", def.name))?,
        };
        let anchor = match (def.requires, facts.before_at) {
            (Requires::Label, _) => Anchor::Label,
            (Requires::Column, _) => Anchor::Column,
            (_, Some(back)) => Anchor::At { back },
            _ => Anchor::Start,
        };
        Ok(Pattern {
            classifier,
            index,
            validator: def.validator,
            finder: def.finder,
            confidence: def.confidence,
            edges: def.edges,
            requires: def.requires,
            separator: def.separator,
            columns: def.columns.iter().map(Wanted::of).collect(),
            anchor,
            facts,
            expression: expression.to_owned(),
            dfa: OnceLock::new(),
            regex: OnceLock::new(),
        })
    }

    /// Whether a value says too little alone to be reported.
    pub fn is_quiet(&self) -> bool {
        self.requires == Requires::Nothing && self.confidence < REPORTED_FROM
    }

    /// Whether it is reported wherever it is found, whatever stands around it.
    pub fn is_free(&self) -> bool {
        self.requires == Requires::Nothing && !self.is_quiet()
    }

    /// Whether it is tried in the column `field`, if that speaks for its classifier.
    pub fn is_for(&self, field: &str) -> bool {
        self.columns.is_empty() || columns::names_of(field).iter().any(|name| self.columns.iter().any(|w| w.is_in(name)))
    }

    /// What starts at `p`, with the finder's confidence if one finds it, else the pattern's. `end`: the expression's way.
    pub fn found(&self, bytes: &[u8], p: usize, end: impl FnOnce() -> Option<usize>) -> Option<(usize, f32)> {
        match self.finder {
            Some(f) if !f.may_start(bytes, p) => None,
            Some(f) => self.found_by(f, bytes, p),
            None => end().map(|end| (end, self.confidence)),
        }
    }

    /// The same where its finder `f` says that a value may start.
    pub fn found_by(&self, f: Finder, bytes: &[u8], p: usize) -> Option<(usize, f32)> {
        f.begun(bytes, p).map(|(end, confidence)| (end, confidence.min(self.confidence)))
    }

    /// Where the match ends that begins at `p` (leftmost-first). `cache` is that of this pattern, made where it is needed.
    pub fn end(&self, cache: &mut Option<Cache>, bytes: &[u8], p: usize) -> Option<usize> {
        let limit = bytes.len().min(p + self.max_len);
        if limit - p < self.min_len {
            return None;
        }
        if let Some(automaton) = self.automaton() {
            return automaton.end(&bytes[p..limit]).map(|n| p + n);
        }
        let Some(dfa) = self.dfa.get_or_init(|| facts::lazy(&self.expression).ok().map(Box::new)) else { return self.slow_end(bytes, p) };
        let cache = cache.get_or_insert_with(|| dfa.create_cache());
        let input = Input::new(bytes).span(p..limit).anchored(Anchored::Yes);
        match dfa.try_search_fwd(cache, &input) {
            Ok(m) => m.map(|m| m.offset()),
            // Only possible where an expression makes the lazy automaton give up: the slow one never does.
            Err(_) => self.slow_end(bytes, p),
        }
    }

    /// Where the match ends that begins with `bytes`, most of which are nothing else.
    #[inline]
    pub fn end_of_all(&self, cache: &mut Option<Cache>, bytes: &[u8]) -> Option<usize> {
        let fits = (self.min_len..=self.max_len).contains(&bytes.len());
        if fits && self.automaton().is_some_and(|a| a.ends_with(bytes)) { Some(bytes.len()) } else { self.end(cache, bytes, 0) }
    }

    /// The same by the slow, simple way.
    pub fn slow_end(&self, bytes: &[u8], p: usize) -> Option<usize> {
        let limit = bytes.len().min(p + self.max_len);
        let build = || {
            let config = meta::Config::new().utf8_empty(false).nfa_size_limit(Some(4 << 20));
            meta::Regex::builder().syntax(facts::syntax()).configure(config).build(&self.expression).ok()
        };
        // What `Facts` could read is no larger than this.
        let regex = self.regex.get_or_init(build).as_ref()?;
        regex.search_half(&Input::new(bytes).span(p..limit).anchored(Anchored::Yes)).map(|m| m.offset())
    }

    /// Whether the whole of `value` is a match.
    pub fn is_whole(&self, value: &[u8]) -> bool {
        let whole = |end: Option<usize>| end.filter(|end| *end == value.len());
        value.len() <= self.max_len && self.found(value, 0, || whole(self.slow_end(value, 0))).is_some_and(|(end, _)| end == value.len())
    }
}
