//! What a pattern's expression says about the bytes it can match: how matches begin, how long they are, a table of states.
//!
//! Pure, and free of everything else in this program but `automaton`, `byteset`, `follows`, `reader`, `spans` and `stored`: the build
//! compiles it, too, and keeps the facts of all built-in expressions in one file (`stored`), so that a start costs no compiling.

use std::collections::BTreeSet;

use regex_automata::hybrid::dfa::DFA;
use regex_automata::util::syntax;
use regex_automata::{MatchKind, nfa::thompson};
use regex_syntax::hir::{Class, Hir, HirKind};

use super::automaton::{Automaton, Packed};
pub use super::byteset::ByteSet;
use super::follows::{Follow, Follows};
use super::spans::Spans;

/// What stands for an expression where values are found by code: how they begin, and how long they can be. It allows more.
pub const PERSON_NAME: &str = r"(?s-u:[A-Z\xc3-\xdf].{1,127})";
pub const STREET_ADDRESS: &str = r"(?s-u:[0-9A-Zcpruv\xc3-\xdf].{3,127})";

/// How many first bytes of a value the table of possible beginnings looks at.
pub const PREFIX: usize = 16;

/// Longer runs of word bytes are not told apart.
pub const RUN: usize = 32;

/// The most bytes before a joint that is looked for with values that begin with no number (`fe80::1`).
const SHORT: usize = 4;

/// The longest run of letters before a blank and a number that is looked at with the number (`AB 12 34 56 C`).
const LEAD: usize = 8;

/// The most bytes a pattern may match.
pub const LONGEST_VALUE: usize = 2048;

/// Letters, digits and the underscore. Bytes above ASCII are none: dashes, quotes and no-break blanks are among them.
#[inline]
pub const fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_'
}

/// What is known of one expression.
pub struct Facts {
    pub min_len: usize,
    pub max_len: usize,
    /// Bytes possible at each of the first positions.
    pub prefix: [ByteSet; PREFIX],
    /// What can follow the word bytes that a match begins with.
    pub follows: Follows,
    /// First bytes of matches that do not begin at a number.
    pub loose: ByteSet,
    /// How many letters of other matches can stand before a sign and a number.
    pub lead: usize,
    /// Whether those that begin with `loose` have at most four word bytes, and then `-`, `.`, `:`, `/` or `+`.
    pub is_short: bool,
    /// Whether every match holds a token of two capitals, neither first nor followed by a word byte.
    pub has_pair: bool,
    /// If it is a sequence with an `@` in it, how far before it a match begins.
    pub before_at: Option<usize>,
    /// Bytes possible before that `@`, and directly before it.
    pub before: ByteSet,
    pub beside: ByteSet,
    /// Whether values are digits and separators only: names like `order_id` speak against these.
    pub digits_only: bool,
    /// Whether each value has a digit.
    pub needs_digit: bool,
    /// Where in a UUID matches can lie.
    pub spans: Spans,
    /// See [`Facts::automaton`].
    pub table: Option<Packed>,
}

/// How expressions are read: bytes, no Unicode.
pub fn syntax() -> syntax::Config {
    syntax::Config::new().unicode(false).utf8(false).nest_limit(50)
}

/// The expression as an automaton whose states are made as they are needed.
pub fn lazy(expression: &str) -> Result<DFA, String> {
    DFA::builder()
        .configure(DFA::config().match_kind(MatchKind::LeftmostFirst).cache_capacity(1 << 20).skip_cache_capacity_check(true))
        .syntax(syntax())
        .thompson(thompson::Config::new().utf8(false).nfa_size_limit(Some(4 << 20)))
        .build(expression)
        .map_err(|e| format!("`regex` is too large: {e}"))
}

impl Facts {
    /// The expression as a table, where that is small.
    #[inline]
    pub fn automaton(&self) -> Option<&Automaton> {
        self.table.as_ref().map(Packed::automaton)
    }

    /// Reads an expression; the error says what is wrong with it.
    pub fn of(expression: &str) -> Result<Facts, String> {
        let hir = regex_syntax::ParserBuilder::new()
            .unicode(false)
            .utf8(false)
            .nest_limit(50)
            .build()
            .parse(expression)
            .map_err(|e| format!("`regex` cannot be read: {e}"))?;
        let max_len = hir.properties().maximum_len().ok_or("`regex` must have a bounded length: no `*`, `+` or `{n,}`")?;
        let min_len = hir.properties().minimum_len().unwrap_or(0);
        if min_len == 0 {
            return Err("`regex` matches the empty text".into());
        }
        if max_len > LONGEST_VALUE {
            return Err(format!("`regex` can match {max_len} bytes, allowed are {LONGEST_VALUE}"));
        }
        let automaton = if hir.properties().look_set().is_empty() { Automaton::new(&lazy(expression)?) } else { None };
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
        let (mut before, mut beside) = (ByteSet::default(), ByteSet::default());
        let before_at = before_at(&hir, &mut before, &mut beside);
        let mut all = ByteSet::default();
        every_byte(&hir, &mut all);
        let digits_only = !(0..=u8::MAX).any(|b| all.has(b) && b.is_ascii_alphabetic());
        let (loose, lead) = automaton.as_ref().map_or((prefix[0], 0), |a| loose(a, &prefix[0]));
        let follows = automaton.as_ref().map_or_else(Follows::anything, Follows::of);
        let is_short = is_short(&follows);
        let has_pair = automaton.as_ref().is_some_and(has_pair);
        let needs_digit = automaton.as_ref().is_some_and(|a| !a.may_be_of(|b| !b.is_ascii_digit()));
        let spans = Spans::of(automaton.as_ref(), &prefix);
        Ok(Facts {
            min_len,
            max_len,
            prefix,
            follows,
            loose,
            lead,
            is_short,
            has_pair,
            before_at,
            before,
            beside,
            digits_only,
            needs_digit,
            spans,
            table: automaton.map(Packed::from),
        })
    }
}

fn is_short(follows: &Follows) -> bool {
    let joint = |f: Follow| !f.end && f.bytes.bytes().all(|b| b"-.:/+".contains(&b));
    follows.runs() & !((2 << SHORT) - 2) == 0 && (1..=SHORT).all(|run| joint(follows.behind(run)))
}

/// See [`Facts::has_pair`]. What ends before a word byte is no value.
fn has_pair(a: &Automaton) -> bool {
    // How many capitals the token has that goes on, if it has nothing else.
    const OTHER: u8 = 3;
    let alphabet = a.alphabet(|b| (is_word(b), b.is_ascii_uppercase()));
    let mut seen = BTreeSet::from([(a.start(), 0)]);
    let mut open = vec![(a.start(), 0u8)];
    while let Some((state, token)) = open.pop() {
        for &b in &alphabet {
            let Some((next, accepts)) = a.step(state, b) else { continue };
            let token = match (is_word(b), b.is_ascii_uppercase(), token) {
                (false, _, 2) => continue,
                (false, ..) => 0,
                (true, true, 0 | 1) => token + 1,
                _ => OTHER,
            };
            if accepts && token != 2 {
                return false;
            }
            if seen.insert((next, token)) {
                open.push((next, token));
            }
        }
    }
    true
}

/// See [`Facts::loose`] and [`Facts::lead`]; `first`: what matches can begin with.
fn loose(a: &Automaton, first: &ByteSet) -> (ByteSet, usize) {
    let mut longest = 0;
    let alphabet = a.alphabet(|b| (is_word(b), b.is_ascii_digit(), matches!(b, b'+' | b'(')));
    let number = |state: u32, also: &[u8]| alphabet.iter().all(|&b| b.is_ascii_digit() || also.contains(&b) || a.step(state, b).is_none());
    let at_number = |b: u8, lead: &mut usize| {
        let Some((state, accepts)) = a.step(a.start(), b) else { return true };
        match b {
            b'0'..=b'9' => true,
            b'+' | b'(' => !accepts && number(state, b"+("),
            _ if is_word(b) => {
                // Every way on meets a digit in the same run, or one sign and then a digit.
                let mut states = vec![state];
                let mut any = accepts;
                for length in 1..=LEAD {
                    let mut following = Vec::new();
                    for &state in &states {
                        for &b in alphabet.iter().filter(|b| !b.is_ascii_digit()) {
                            let Some((next, accepts)) = a.step(state, b) else { continue };
                            any |= accepts || !is_word(b) && !number(next, b"");
                            if is_word(b) {
                                following.push(next);
                            } else {
                                *lead = length.max(*lead);
                            }
                        }
                    }
                    following.sort_unstable();
                    following.dedup();
                    states = following;
                    any |= length == LEAD && !states.is_empty();
                }
                !any
            }
            _ => false,
        }
    };
    let mut loose = ByteSet::default();
    for b in (0..=u8::MAX).filter(|b| first.has(*b)) {
        let mut lead = 0;
        if at_number(b, &mut lead) {
            longest = longest.max(lead);
        } else {
            loose.insert(b);
        }
    }
    (loose, longest)
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

/// If the expression is a sequence with an `@` in it, how far before it a match begins; `before`: what can stand there, `beside`: what can
/// stand directly before it.
fn before_at(hir: &Hir, before: &mut ByteSet, beside: &mut ByteSet) -> Option<usize> {
    let HirKind::Concat(parts) = hir.kind() else { return None };
    let mut back = 0;
    for (n, part) in parts.iter().enumerate() {
        if let HirKind::Literal(l) = part.kind()
            && let Some(i) = l.0.iter().position(|b| *b == b'@')
        {
            l.0[..i].iter().for_each(|&b| before.insert(b));
            match l.0[..i].last() {
                Some(&b) => beside.insert(b),
                None => _ = parts[..n].iter().rev().all(|h| last_bytes(h, beside)),
            }
            return Some(back + i);
        }
        every_byte(part, before);
        back += part.properties().maximum_len()?;
    }
    None
}

#[cfg(test)]
#[path = "facts_tests.rs"]
mod tests;
