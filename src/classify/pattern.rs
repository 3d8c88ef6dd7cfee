//! One pattern, compiled, and what its expression says about the bytes it can match.

use std::collections::BTreeMap;

use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input, MatchKind, meta};
use regex_syntax::hir::{Class, Hir, HirKind};

use super::automaton::Automaton;
use super::definition::{PatternDef, Requires, Separator};
use super::edges::is_word;
use super::finder::Finder;
use super::validators::Validator;
use crate::classify::definition::EdgeRule;

/// How many first bytes of a value the table of possible beginnings looks at.
pub(super) const PREFIX: usize = 12;

/// Longer runs of word bytes are not told apart.
pub(super) const RUN: usize = 32;

/// Stands for the end of the bytes where a byte is asked for.
pub(super) const NOTHING: usize = 256;

/// How a value begins: by the number of word bytes that it begins with (up to [`RUN`]), what can follow them, in the value
/// or behind it.
pub(super) type Shape = [[bool; 257]; RUN + 1];

/// The most bytes a pattern may match.
pub(super) const LONGEST_VALUE: usize = 2048;

/// A set of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ByteSet([u64; 4]);

impl ByteSet {
    pub const ALL: ByteSet = ByteSet([u64::MAX; 4]);

    pub fn insert(&mut self, b: u8) {
        self.0[usize::from(b >> 6)] |= 1 << (b & 63);
    }

    pub fn has(&self, b: u8) -> bool {
        self.0[usize::from(b >> 6)] & (1 << (b & 63)) != 0
    }

    pub fn union(&mut self, o: &ByteSet) {
        for (a, b) in self.0.iter_mut().zip(o.0) {
            *a |= b;
        }
    }

    pub fn len(&self) -> u32 {
        self.0.iter().map(|w| w.count_ones()).sum()
    }
}

/// Where the engine looks for a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    /// At the starts of tokens that begin with possible bytes.
    Start,
    /// Before every occurrence of a rare byte, at most `back` bytes.
    Byte { byte: u8, back: usize },
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
    pub min_len: usize,
    pub max_len: usize,
    /// Bytes possible at each of the first positions.
    pub prefix: [ByteSet; PREFIX],
    /// Which runs of word bytes it can begin with.
    pub shape: Box<Shape>,
    /// Bytes possible before the rare byte of [`Anchor::Byte`].
    pub before: ByteSet,
    pub anchor: Anchor,
    /// Whether values are digits and separators only: names like `order_id` speak against these.
    pub digits_only: bool,
    /// The expression as a table, where that is small.
    pub automaton: Option<Automaton>,
    pub dfa: DFA,
    /// The oracle's engine.
    pub regex: meta::Regex,
}

impl Pattern {
    /// Compiles one pattern; the error says what is wrong with its expression.
    pub fn new(classifier: u16, index: u8, def: &PatternDef) -> Result<Pattern, String> {
        let fail = |m: String| format!("pattern `{}`: {m}", def.name);
        let expression = match def.finder {
            Some(f) => f.outline(),
            None => &def.regex,
        };
        let hir = regex_syntax::ParserBuilder::new()
            .unicode(false)
            .utf8(false)
            .nest_limit(50)
            .build()
            .parse(expression)
            .map_err(|e| fail(format!("`regex` cannot be read: {e}")))?;
        let max_len =
            hir.properties().maximum_len().ok_or_else(|| fail("`regex` must have a bounded length: no `*`, `+` or `{n,}`".into()))?;
        let min_len = hir.properties().minimum_len().unwrap_or(0);
        if min_len == 0 {
            return Err(fail("`regex` matches the empty text".into()));
        }
        if max_len > LONGEST_VALUE {
            return Err(fail(format!("`regex` can match {max_len} bytes, allowed are {LONGEST_VALUE}")));
        }
        let syntax = syntax::Config::new().unicode(false).utf8(false).nest_limit(50);
        let nfa = regex_automata::nfa::thompson::Config::new().utf8(false).nfa_size_limit(Some(4 << 20));
        let dfa = DFA::builder()
            .configure(DFA::config().match_kind(MatchKind::LeftmostFirst).cache_capacity(1 << 20).skip_cache_capacity_check(true))
            .syntax(syntax)
            .thompson(nfa)
            .build(expression)
            .map_err(|e| fail(format!("`regex` is too large: {e}")))?;
        let automaton = if hir.properties().look_set().is_empty() { Automaton::new(&dfa) } else { None };
        let regex = meta::Regex::builder()
            .syntax(syntax)
            .configure(meta::Config::new().utf8_empty(false).nfa_size_limit(Some(4 << 20)))
            .build(expression)
            .map_err(|e| fail(format!("`regex` is too large: {e}")))?;
        let mut prefix = [ByteSet::default(); PREFIX];
        let mut last = ByteSet::default();
        last_bytes(&hir, &mut last);
        let last_is_word = (0..=u8::MAX).all(|b| !last.has(b) || is_word(b));
        let ends = possible(&hir, 1, &mut prefix);
        for (i, set) in prefix.iter_mut().enumerate() {
            // A value may have ended before this position: anything can follow. Where it ends just here, what follows
            // does not continue its last word.
            if ends & ((1 << i) - 1) != 0 || (ends & (1 << i) != 0 && !last_is_word) {
                *set = ByteSet::ALL;
            } else if ends & (1 << i) != 0 {
                (0..=u8::MAX).filter(|b| !is_word(*b)).for_each(|b| set.insert(b));
            }
        }
        let mut before = ByteSet::default();
        let anchor = match def.requires {
            Requires::Label => Anchor::Label,
            Requires::Column => Anchor::Column,
            _ => rare_byte(&hir, &mut before).filter(|_| prefix[0].len() > 12).unwrap_or(Anchor::Start),
        };
        let mut all = ByteSet::default();
        every_byte(&hir, &mut all);
        let digits_only = !(0..=u8::MAX).any(|b| all.has(b) && b.is_ascii_alphabetic());
        Ok(Pattern {
            classifier,
            index,
            validator: def.validator,
            finder: def.finder,
            confidence: def.confidence,
            edges: def.edges,
            requires: def.requires,
            separator: def.separator,
            min_len,
            max_len,
            prefix,
            shape: shape(&dfa),
            before,
            anchor,
            digits_only,
            automaton,
            dfa,
            regex,
        })
    }

    /// Where the match ends that begins at `p` (leftmost-first). `cache` is that of this pattern, made where it is needed.
    pub fn end(&self, cache: &mut Option<Cache>, bytes: &[u8], p: usize) -> Option<usize> {
        let limit = bytes.len().min(p + self.max_len);
        if limit - p < self.min_len {
            return None;
        }
        if let Some(automaton) = &self.automaton {
            return automaton.end(&bytes[p..limit]).map(|n| p + n);
        }
        let cache = cache.get_or_insert_with(|| self.dfa.create_cache());
        let input = Input::new(bytes).span(p..limit).anchored(Anchored::Yes);
        match self.dfa.try_search_fwd(cache, &input) {
            Ok(m) => m.map(|m| m.offset()),
            // Only possible where an expression makes the lazy automaton give up: the slow one never does.
            Err(_) => self.slow_end(bytes, p),
        }
    }

    /// What starts at `p`, with the finder's confidence if one finds it, else the pattern's. `end`: the expression's way.
    pub fn found(&self, bytes: &[u8], p: usize, end: impl FnOnce() -> Option<usize>) -> Option<(usize, f32)> {
        match self.finder {
            Some(f) => f.at(bytes, p).map(|(end, confidence)| (end, confidence.min(self.confidence))),
            None => end().map(|end| (end, self.confidence)),
        }
    }

    /// The same by the slow, simple way.
    pub fn slow_end(&self, bytes: &[u8], p: usize) -> Option<usize> {
        let limit = bytes.len().min(p + self.max_len);
        self.regex.search_half(&Input::new(bytes).span(p..limit).anchored(Anchored::Yes)).map(|m| m.offset())
    }
}

/// Walks all values as far as their first run of word bytes goes. What is doubtful is allowed.
fn shape(dfa: &DFA) -> Box<Shape> {
    let mut shape = Box::new([[false; 257]; RUN + 1]);
    if walk_runs(dfa, &mut shape).is_none() {
        *shape = [[true; 257]; RUN + 1];
    }
    shape
}

fn walk_runs(dfa: &DFA, shape: &mut Shape) -> Option<()> {
    let mut cache = dfa.create_cache();
    let start = dfa.start_state_forward(&mut cache, &Input::new(b"").anchored(Anchored::Yes)).ok()?;
    // One byte of each class that the expression and words tell apart.
    let mut classes: BTreeMap<(u8, bool), Vec<u8>> = BTreeMap::new();
    (0..=u8::MAX).for_each(|b| classes.entry((dfa.byte_classes().get(b), is_word(b))).or_default().push(b));
    let mut states = vec![start];
    for (length, allowed) in shape.iter_mut().enumerate() {
        let mut following = Vec::new();
        for &state in &states {
            // A value that ends here is no part of a longer word: anything else can follow.
            if length > 0 && dfa.next_eoi_state(&mut cache, state).ok()?.is_match() {
                (0..=u8::MAX).filter(|b| !is_word(*b)).for_each(|b| allowed[usize::from(b)] = true);
                allowed[NOTHING] = true;
            }
            for (&(_, word), bytes) in &classes {
                let next = dfa.next_state(&mut cache, state, bytes[0]).ok()?;
                if next.is_dead() {
                    continue;
                }
                if word {
                    following.push(next);
                } else {
                    bytes.iter().for_each(|b| allowed[usize::from(*b)] = true);
                }
            }
        }
        following.sort_unstable();
        following.dedup();
        states = following;
    }
    if !states.is_empty() {
        shape[RUN] = [true; 257];
    }
    (cache.clear_count() == 0).then_some(())
}

/// A class's bytes. Unicode is off, so that every class is one of bytes or of ASCII characters.
fn class_bytes(class: &Class) -> ByteSet {
    let mut set = ByteSet::default();
    match class {
        Class::Bytes(c) => c.ranges().iter().for_each(|r| (r.start()..=r.end()).for_each(|b| set.insert(b))),
        Class::Unicode(c) => {
            for r in c.ranges() {
                if !r.end().is_ascii() {
                    return ByteSet::ALL;
                }
                (r.start() as u8..=r.end() as u8).for_each(|b| set.insert(b));
            }
        }
    }
    set
}

/// Adds to `sets` the bytes that can stand at each of the first positions if `hir` begins at one of `starts` (a bit a
/// position, beyond [`PREFIX`] dropped) and gives the positions at which it can end.
fn possible(hir: &Hir, starts: u32, sets: &mut [ByteSet; PREFIX]) -> u32 {
    const MASK: u32 = (1 << PREFIX) - 1;
    let starts = starts & MASK;
    if starts == 0 {
        return 0;
    }
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => starts,
        HirKind::Literal(l) => {
            let mut at = starts;
            for &b in &l.0 {
                for (i, set) in sets.iter_mut().enumerate() {
                    if at & (1 << i) != 0 {
                        set.insert(b);
                    }
                }
                at = (at << 1) & MASK;
            }
            at
        }
        HirKind::Class(c) => {
            let bytes = class_bytes(c);
            for (i, set) in sets.iter_mut().enumerate() {
                if starts & (1 << i) != 0 {
                    set.union(&bytes);
                }
            }
            (starts << 1) & MASK
        }
        HirKind::Repetition(r) => {
            let mut at = starts;
            // Beyond PREFIX rounds nothing changes: each takes a byte, or takes none and changes nothing at all.
            for _ in 0..r.min.min(PREFIX as u32 + 1) {
                at = possible(&r.sub, at, sets);
            }
            let mut ends = at;
            for _ in r.min..r.max.unwrap_or(u32::MAX).min(r.min.saturating_add(PREFIX as u32 + 1)) {
                at = possible(&r.sub, at, sets);
                ends |= at;
            }
            ends
        }
        HirKind::Capture(c) => possible(&c.sub, starts, sets),
        HirKind::Concat(all) => all.iter().fold(starts, |at, h| possible(h, at, sets)),
        HirKind::Alternation(all) => all.iter().fold(0, |ends, h| ends | possible(h, starts, sets)),
    }
}

/// Adds the bytes that a match can end with; `true` if the expression also matches nothing.
fn last_bytes(hir: &Hir, set: &mut ByteSet) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(l) => {
            l.0.last().iter().for_each(|b| set.insert(**b));
            l.0.is_empty()
        }
        HirKind::Class(c) => {
            set.union(&class_bytes(c));
            false
        }
        HirKind::Repetition(r) => last_bytes(&r.sub, set) || r.min == 0,
        HirKind::Capture(c) => last_bytes(&c.sub, set),
        HirKind::Concat(all) => all.iter().rev().all(|h| last_bytes(h, set)),
        HirKind::Alternation(all) => {
            // Every branch must be looked at: no short circuit.
            let mut empty = false;
            for h in all {
                empty |= last_bytes(h, set);
            }
            empty
        }
    }
}

/// All bytes that occur in the expression.
fn every_byte(hir: &Hir, set: &mut ByteSet) {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(l) => l.0.iter().for_each(|&b| set.insert(b)),
        HirKind::Class(c) => set.union(&class_bytes(c)),
        HirKind::Repetition(r) => every_byte(&r.sub, set),
        HirKind::Capture(c) => every_byte(&c.sub, set),
        HirKind::Concat(all) | HirKind::Alternation(all) => all.iter().for_each(|h| every_byte(h, set)),
    }
}

/// If the expression is a sequence with a rare literal byte in it, that byte and how far before it a match begins.
fn rare_byte(hir: &Hir, before: &mut ByteSet) -> Option<Anchor> {
    let HirKind::Concat(parts) = hir.kind() else { return None };
    let mut back = 0;
    for part in parts {
        if let HirKind::Literal(l) = part.kind()
            && let Some(i) = l.0.iter().position(|b| b"@~^|#&".contains(b))
        {
            l.0[..i].iter().for_each(|&b| before.insert(b));
            return Some(Anchor::Byte { byte: l.0[i], back: back + i });
        }
        every_byte(part, before);
        back += part.properties().maximum_len()?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(regex: &str) -> Result<Pattern, String> {
        let def = PatternDef {
            name: "p".into(),
            regex: regex.into(),
            finder: None,
            validator: None,
            confidence: 0.5,
            edges: EdgeRule::Token,
            requires: Requires::Nothing,
            separator: Separator::Any,
        };
        Pattern::new(0, 0, &def)
    }

    #[test]
    fn beginnings_are_derived() {
        let p = pattern("[0-9]{2}(?:-|)[a-c]x").unwrap();
        assert!(p.prefix[0].has(b'7') && !p.prefix[0].has(b'-'));
        assert!(p.prefix[2].has(b'-') && p.prefix[2].has(b'b') && !p.prefix[2].has(b'1'));
        assert!(p.prefix[3].has(b'b') && p.prefix[3].has(b'x') && !p.prefix[3].has(b'-'));
        // May end after four bytes; then no letter follows.
        assert!(p.prefix[4].has(b'-') && p.prefix[4].has(b'x') && !p.prefix[4].has(b'a'));
        assert_eq!(p.prefix[5], ByteSet::ALL);
        let p = pattern("a{3,9}").unwrap();
        assert!(p.prefix[2].has(b'a') && !p.prefix[2].has(b'b') && !p.prefix[3].has(b'b') && p.prefix[3].has(b' '));
    }

    #[test]
    fn rare_bytes_anchor() {
        let p = pattern("[a-z][a-z.]{0,9}@[a-z]{1,9}").unwrap();
        assert_eq!(p.anchor, Anchor::Byte { byte: b'@', back: 10 });
        assert!(p.before.has(b'.') && !p.before.has(b'@'));
        assert_eq!(pattern("(?:[a-z]@|b)x").unwrap().anchor, Anchor::Start);
    }

    #[test]
    fn what_cannot_be_searched_is_refused() {
        for bad in ["a+", "[0-9]*x", "x{3,}", "(", "a?", "[a-z]{1,3000}"] {
            assert!(pattern(bad).is_err(), "{bad}");
        }
    }
}
