//! What a pattern's expression says about the bytes it can match: how matches begin, how long they are, a table of states.
//!
//! Pure, and free of everything else in this program but `automaton`: the build compiles it, too, and keeps the facts of all
//! built-in expressions in one file ([`Store`]), so that a start costs no compiling.

use std::collections::BTreeSet;

use regex_automata::hybrid::dfa::DFA;
use regex_automata::util::syntax;
use regex_automata::{MatchKind, nfa::thompson};
use regex_syntax::hir::{Class, Hir, HirKind};

use super::automaton::Automaton;

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

/// A set of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ByteSet(pub [u64; 4]);

impl ByteSet {
    pub const ALL: ByteSet = ByteSet([u64::MAX; 4]);
    pub const DIGITS: ByteSet = ByteSet([0x03ff_0000_0000_0000, 0, 0, 0]);
    /// See [`is_word`].
    pub const WORD: ByteSet = ByteSet([0x03ff_0000_0000_0000, 0x07ff_fffe_87ff_fffe, 0, 0]);

    pub fn insert(&mut self, b: u8) {
        self.0[usize::from(b >> 6)] |= 1 << (b & 63);
    }

    #[inline]
    pub fn has(&self, b: u8) -> bool {
        self.0[usize::from(b >> 6)] & (1 << (b & 63)) != 0
    }

    /// Whether the two have a byte in common.
    pub fn meets(&self, o: &ByteSet) -> bool {
        self.0.iter().zip(o.0).any(|(a, b)| a & b != 0)
    }

    pub fn is_empty(&self) -> bool {
        self.0 == [0; 4]
    }

    /// Its bytes, in order.
    pub fn bytes(self) -> impl Iterator<Item = u8> {
        self.0.into_iter().zip([0u8, 64, 128, 192]).flat_map(|(mut word, from)| {
            std::iter::from_fn(move || {
                let bit = word.trailing_zeros();
                word &= word.wrapping_sub(1);
                (bit < 64).then(|| from + bit as u8)
            })
        })
    }

    /// The bytes that both have.
    pub fn and(&self, o: &ByteSet) -> ByteSet {
        ByteSet(std::array::from_fn(|i| self.0[i] & o.0[i]))
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

/// What is known of one expression.
pub struct Facts {
    pub min_len: usize,
    pub max_len: usize,
    /// Bytes possible at each of the first positions.
    pub prefix: [ByteSet; PREFIX],
    /// By how many word bytes a text begins with (the last one: so many or more): what can follow them where it matches.
    pub follows: Box<[Follow; RUN + 1]>,
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
    /// Bytes possible before that `@`.
    pub before: ByteSet,
    /// Whether values are digits and separators only: names like `order_id` speak against these.
    pub digits_only: bool,
    /// The expression as a table, where that is small.
    pub automaton: Option<Automaton>,
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
        let mut before = ByteSet::default();
        let before_at = before_at(&hir, &mut before);
        let mut all = ByteSet::default();
        every_byte(&hir, &mut all);
        let digits_only = !(0..=u8::MAX).any(|b| all.has(b) && b.is_ascii_alphabetic());
        let (loose, lead) = automaton.as_ref().map_or((prefix[0], 0), |a| loose(a, &prefix[0]));
        let follows = automaton.as_ref().map_or_else(|| Box::new([Follow { end: true, bytes: ByteSet::ALL }; RUN + 1]), follows);
        let is_short = is_short(&follows);
        let has_pair = automaton.as_ref().is_some_and(has_pair);
        Ok(Facts { min_len, max_len, prefix, follows, loose, lead, is_short, has_pair, before_at, before, digits_only, automaton })
    }
}

fn is_short(follows: &[Follow; RUN + 1]) -> bool {
    let joint = |f: &Follow| !f.end && (0..=u8::MAX).all(|b| !f.bytes.has(b) || b"-.:/+".contains(&b));
    follows[0].is_none() && follows[1..=SHORT].iter().all(joint) && follows[SHORT + 1..].iter().all(Follow::is_none)
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

/// What can follow the first run of word bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Follow {
    /// The text can end.
    pub end: bool,
    pub bytes: ByteSet,
}

impl Follow {
    /// Whether nothing can: no match begins with a run of this length.
    pub fn is_none(&self) -> bool {
        !self.end && self.bytes.is_empty()
    }
}

/// See [`Facts::follows`].
fn follows(a: &Automaton) -> Box<[Follow; RUN + 1]> {
    let alphabet = a.alphabet(is_word);
    let mut all = Box::new([Follow::default(); RUN + 1]);
    let mut states = vec![(a.start(), false)];
    for follow in all.iter_mut() {
        let mut following = Vec::new();
        for &(state, accepts) in &states {
            for b in (0..=u8::MAX).filter(|b| !is_word(*b)) {
                // A value that ends here is no part of a longer word.
                if accepts || a.step(state, b).is_some() {
                    follow.bytes.insert(b);
                }
            }
            follow.end |= accepts;
            following.extend(alphabet.iter().filter(|b| is_word(**b)).filter_map(|&b| a.step(state, b)));
        }
        following.sort_unstable();
        following.dedup();
        states = following;
    }
    if !states.is_empty() {
        all[RUN] = Follow { end: true, bytes: ByteSet::ALL };
    }
    all
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

/// If the expression is a sequence with an `@` in it, how far before it a match begins; `before`: what can stand there.
fn before_at(hir: &Hir, before: &mut ByteSet) -> Option<usize> {
    let HirKind::Concat(parts) = hir.kind() else { return None };
    let mut back = 0;
    for part in parts {
        if let HirKind::Literal(l) = part.kind()
            && let Some(i) = l.0.iter().position(|b| *b == b'@')
        {
            l.0[..i].iter().for_each(|&b| before.insert(b));
            return Some(back + i);
        }
        every_byte(part, before);
        back += part.properties().maximum_len()?;
    }
    None
}

/// Facts by expression, as bytes that the build makes and a start reads.
pub struct Store<'a> {
    bytes: &'a [u8],
}

/// A number that tells expressions apart (FNV-1a, 64 bits).
fn number_of(expression: &str) -> u64 {
    expression.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

impl<'a> Store<'a> {
    /// Of what [`Store::make`] made.
    pub fn new(bytes: &'a [u8]) -> Store<'a> {
        Store { bytes }
    }

    /// The facts of all these expressions; those that cannot be read are left out.
    pub fn make(expressions: &std::collections::BTreeSet<String>) -> Vec<u8> {
        let mut entries = Vec::new();
        for e in expressions {
            if let Ok(facts) = Facts::of(e) {
                let mut out = Vec::new();
                put(&mut out, &(e.len() as u32).to_le_bytes());
                put(&mut out, e.as_bytes());
                facts.write(&mut out);
                entries.push((number_of(e), out));
            }
        }
        entries.sort();
        entries.dedup_by_key(|e| e.0);
        // Number of entries; then number and place of each; then the entries.
        let mut all = (entries.len() as u64).to_le_bytes().to_vec();
        let mut at = 8 + 16 * entries.len() as u64;
        for (number, out) in &entries {
            put(&mut all, &number.to_le_bytes());
            put(&mut all, &at.to_le_bytes());
            at += out.len() as u64;
        }
        entries.iter().for_each(|(_, out)| put(&mut all, out));
        all
    }

    /// The facts of an expression, if they are kept.
    pub fn get(&self, expression: &str) -> Option<Facts> {
        let word = |at: usize| Some(u64::from_le_bytes(self.bytes.get(at..at + 8)?.try_into().ok()?));
        let (mut low, mut high) = (0, word(0)? as usize);
        let wanted = number_of(expression);
        while low < high {
            let middle = (low + high) / 2;
            match word(8 + 16 * middle)?.cmp(&wanted) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => {
                    let mut r = Reader(self.bytes.get(word(16 + 16 * middle)? as usize..)?);
                    let len = r.u32()? as usize;
                    return if r.take(len)? == expression.as_bytes() { Facts::read(&mut r) } else { None };
                }
            }
        }
        None
    }
}

fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(bytes);
}

pub struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    pub fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(head)
    }

    pub fn u8(&mut self) -> Option<u8> {
        self.take(1).map(|b| b[0])
    }

    pub fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    fn set(&mut self) -> Option<ByteSet> {
        let mut set = ByteSet::default();
        for w in &mut set.0 {
            *w = u64::from_le_bytes(self.take(8)?.try_into().ok()?);
        }
        Some(set)
    }
}

impl Facts {
    fn write(&self, out: &mut Vec<u8>) {
        for n in [self.min_len, self.max_len, self.lead, self.before_at.map_or(0, |b| b + 1)] {
            put(out, &(n as u32).to_le_bytes());
        }
        put(out, &[u8::from(self.is_short), u8::from(self.has_pair), u8::from(self.digits_only)]);
        // Most sets are the same: each is written once.
        let all: Vec<ByteSet> =
            self.prefix.iter().chain([&self.loose, &self.before]).copied().chain(self.follows.iter().map(|f| f.bytes)).collect();
        let mut distinct: Vec<ByteSet> = Vec::new();
        let numbers: Vec<u8> = all
            .iter()
            .map(|s| {
                let at = distinct.iter().position(|d| d == s).unwrap_or_else(|| {
                    distinct.push(*s);
                    distinct.len() - 1
                });
                at as u8
            })
            .collect();
        put(out, &[distinct.len() as u8]);
        distinct.iter().flat_map(|d| d.0).for_each(|w| put(out, &w.to_le_bytes()));
        put(out, &numbers);
        self.follows.iter().for_each(|f| out.push(u8::from(f.end)));
        match &self.automaton {
            Some(a) => a.write(out),
            None => put(out, &0u32.to_le_bytes()),
        }
    }

    fn read(r: &mut Reader<'_>) -> Option<Facts> {
        let [min_len, max_len, lead, back] = [r.u32()?, r.u32()?, r.u32()?, r.u32()?].map(|n| n as usize);
        let (is_short, has_pair, digits_only) = (r.u8()? != 0, r.u8()? != 0, r.u8()? != 0);
        let count = r.u8()?;
        let distinct: Vec<ByteSet> = (0..count).map(|_| r.set()).collect::<Option<_>>()?;
        let mut next = || distinct.get(usize::from(r.u8()?)).copied();
        let mut prefix = [ByteSet::default(); PREFIX];
        for p in &mut prefix {
            *p = next()?;
        }
        let (loose, before) = (next()?, next()?);
        let mut follows = Box::new([Follow::default(); RUN + 1]);
        for f in follows.iter_mut() {
            f.bytes = next()?;
        }
        for f in follows.iter_mut() {
            f.end = r.u8()? != 0;
        }
        let before_at = back.checked_sub(1);
        let automaton = Automaton::read(r)?;
        Some(Facts { min_len, max_len, prefix, follows, loose, lead, is_short, has_pair, before_at, before, digits_only, automaton })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(regex: &str) -> Result<Facts, String> {
        Facts::of(regex)
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
    fn an_at_anchors() {
        let p = pattern("[a-z][a-z.]{0,9}@[a-z]{1,9}").unwrap();
        assert_eq!(p.before_at, Some(10));
        assert!(p.before.has(b'.') && !p.before.has(b'@'));
        assert_eq!(pattern("(?:[a-z]@|b)x").unwrap().before_at, None);
    }

    #[test]
    fn what_cannot_be_searched_is_refused() {
        for bad in ["a+", "[0-9]*x", "x{3,}", "(", "a?", "[a-z]{1,3000}"] {
            assert!(pattern(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn facts_are_kept() {
        let all = ["[a-z]{2}@x", "[0-9]{3}-[0-9]{2}", "a(?:[ab]{0,12}b){3}", "(?:a[ab]{0,12}b){3}", "(", "::[0-9a-f]{1,4}"];
        let bytes = Store::make(&all.iter().map(|e| (*e).to_owned()).collect());
        let store = Store::new(&bytes);
        for e in all {
            let (kept, fresh) = (store.get(e), Facts::of(e));
            assert_eq!(kept.is_some(), fresh.is_ok(), "{e}");
            let (Some(kept), Ok(fresh)) = (kept, fresh) else { continue };
            let mut both = [Vec::new(), Vec::new()];
            kept.write(&mut both[0]);
            fresh.write(&mut both[1]);
            assert_eq!(both[0], both[1], "{e}");
        }
        assert!(store.get("[0-9]{3}-[0-9]{3}").is_none());
        for n in 0..bytes.len() {
            // What is cut short is not read, and nothing panics.
            let cut = Store::new(&bytes[..n]);
            all.iter().for_each(|e| drop(cut.get(e)));
        }
    }
}
