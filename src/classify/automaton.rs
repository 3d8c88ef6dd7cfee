//! A pattern's expression as a table.
//!
//! The lazy automaton of `regex-automata` pays some 40 ns for each search before it looks at a byte, which is more than
//! most values take. So the states that it would ever make are made at once, if they are few and the expression looks at
//! nothing beside the match; then a search is a table look-up per byte.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use regex_automata::hybrid::{LazyStateID, dfa::DFA};
use regex_automata::{Anchored, Input};

/// The most states of a table; expressions with more stay with the lazy automaton.
const MOST_STATES: usize = 2048;

/// In an entry: the state that follows accepts.
const ACCEPTS: u32 = 1 << 31;

/// A deterministic automaton with all its states.
pub struct Automaton {
    class: [u8; 256],
    /// By state times classes plus class: the next state times classes, with [`ACCEPTS`]. State 0 is the dead one.
    table: Vec<u32>,
    start: u32,
}

impl Automaton {
    /// All states of `dfa`, whose expression has no look-around; `None` if they are too many.
    pub fn new(dfa: &DFA) -> Option<Automaton> {
        let mut cache = dfa.create_cache();
        let mut class = [0u8; 256];
        let mut representatives: Vec<u8> = Vec::new();
        for b in 0..=u8::MAX {
            let c = dfa.byte_classes().get(b);
            if usize::from(c) == representatives.len() {
                representatives.push(b);
            }
            class[usize::from(b)] = c;
        }
        let stride = representatives.len();
        let start = dfa.start_state_forward(&mut cache, &Input::new(b"").anchored(Anchored::Yes)).ok()?;
        let mut number: BTreeMap<LazyStateID, usize> = BTreeMap::from([(start, 1)]);
        let mut states = vec![start];
        let mut table = vec![0u32; 2 * stride];
        let mut done = 0;
        while done < states.len() {
            let from = states[done];
            done += 1;
            for (c, &b) in representatives.iter().enumerate() {
                let to = dfa.next_state(&mut cache, from, b).ok()?;
                if to.is_dead() {
                    continue;
                }
                let n = *number.entry(to).or_insert_with(|| {
                    states.push(to);
                    table.resize(table.len() + stride, 0);
                    states.len()
                });
                let accepts = dfa.next_eoi_state(&mut cache, to).ok()?.is_match();
                // A clearing of the cache would have made all numbers meaningless.
                if states.len() > MOST_STATES || cache.clear_count() > 0 || to.is_quit() || to.is_unknown() {
                    return None;
                }
                table[done * stride + c] = (n * stride) as u32 | if accepts { ACCEPTS } else { 0 };
            }
        }
        Some(Automaton { class, table, start: stride as u32 })
    }

    /// The state before the first byte.
    #[inline]
    pub fn start(&self) -> u32 {
        self.start
    }

    /// The state after one more byte, and whether a match may end there; `None` if none goes on so.
    #[inline]
    pub fn step(&self, state: u32, byte: u8) -> Option<(u32, bool)> {
        let next = self.table[(state + u32::from(self.class[usize::from(byte)])) as usize];
        (next != 0).then_some((next & !ACCEPTS, next & ACCEPTS != 0))
    }

    /// Bytes of the same class are not told apart.
    #[inline]
    pub fn class(&self, byte: u8) -> u8 {
        self.class[usize::from(byte)]
    }

    /// One byte for each set of bytes that neither the table nor `kind` tells apart.
    pub fn alphabet<K: Ord>(&self, kind: impl Fn(u8) -> K) -> Vec<u8> {
        let mut all = BTreeMap::new();
        (0..=u8::MAX).for_each(|b| {
            all.entry((self.class(b), kind(b))).or_insert(b);
        });
        all.into_values().collect()
    }

    /// Whether a match may consist of these bytes alone.
    pub fn may_be_of(&self, is: impl Fn(u8) -> bool) -> bool {
        let alphabet: Vec<u8> = self.alphabet(&is).into_iter().filter(|b| is(*b)).collect();
        let mut seen = BTreeSet::from([self.start()]);
        let mut open = vec![self.start()];
        while let Some(state) = open.pop() {
            for (next, accepts) in alphabet.iter().filter_map(|&b| self.step(state, b)) {
                if accepts {
                    return true;
                }
                if seen.insert(next) {
                    open.push(next);
                }
            }
        }
        false
    }

    /// Appends the table to `out`: its length, its first state, the width of its entries, the classes, the entries.
    pub fn write(&self, out: &mut Vec<u8>) {
        let Automaton { class, table, start } = self;
        out.extend_from_slice(&(table.len() as u32).to_le_bytes());
        out.extend_from_slice(&start.to_le_bytes());
        // Two bytes are enough for nearly all tables.
        let small = table.len() < 1 << 15;
        out.push(if small { 2 } else { 4 });
        out.extend_from_slice(class);
        for &entry in table {
            let accepts = ((entry >> 16) & 0x8000) as u16;
            if small { out.extend_from_slice(&(entry as u16 | accepts).to_le_bytes()) } else { out.extend_from_slice(&entry.to_le_bytes()) }
        }
    }

    /// Whether the match that begins with the first of `bytes` ends with the last (leftmost-first).
    #[inline]
    pub fn ends_with(&self, bytes: &[u8]) -> bool {
        let mut state = self.start;
        for &b in bytes {
            // Nothing goes on from the dead state.
            match self.table[((state & !ACCEPTS) + u32::from(self.class[usize::from(b)])) as usize] {
                0 => return false,
                next => state = next,
            }
        }
        state & ACCEPTS != 0
    }

    /// Where the match ends that begins with the first of `bytes` (leftmost-first), counted from there.
    pub fn end(&self, bytes: &[u8]) -> Option<usize> {
        let mut state = self.start;
        let mut end = None;
        for (i, &b) in bytes.iter().enumerate() {
            let next = self.table[(state + u32::from(self.class[usize::from(b)])) as usize];
            if next == 0 {
                break;
            }
            if next & ACCEPTS != 0 {
                end = Some(i + 1);
            }
            state = next & !ACCEPTS;
        }
        end
    }
}

/// An automaton: as the build wrote it down, or made. PERF: it is unpacked at the first look, since a search needs few of all.
pub struct Packed {
    unpacked: OnceLock<Box<Automaton>>,
    start: u32,
    class: &'static [u8],
    /// An entry takes two bytes, else four.
    is_small: bool,
    table: &'static [u8],
}

impl From<Automaton> for Packed {
    fn from(a: Automaton) -> Packed {
        Packed { unpacked: OnceLock::from(Box::new(a)), start: 0, class: &[], is_small: true, table: &[] }
    }
}

impl Packed {
    /// Takes what [`Automaton::write`] wrote; `None` if it is cut short or broken.
    pub fn read(r: &mut super::reader::Reader) -> Option<Packed> {
        let len = r.u32()? as usize;
        let (start, width) = (r.u32()?, r.u8()?);
        let (class, table) = (r.take(256)?, r.take(len * usize::from(width))?);
        matches!(width, 2 | 4).then_some(Packed { unpacked: OnceLock::new(), start, class, is_small: width == 2, table })
    }

    #[inline]
    pub fn automaton(&self) -> &Automaton {
        // PERF: what happens once is kept out of the loops that ask a thousand times.
        match self.unpacked.get() {
            Some(a) => a,
            None => self.unpack(),
        }
    }

    #[cold]
    #[inline(never)]
    fn unpack(&self) -> &Automaton {
        let wide = |e: &[u8; 2]| {
            let e = u32::from(u16::from_le_bytes(*e));
            e & 0x7fff | (e & 0x8000) << 16
        };
        let table = || match self.is_small {
            true => self.table.as_chunks::<2>().0.iter().map(wide).collect(),
            false => self.table.as_chunks::<4>().0.iter().map(|e| u32::from_le_bytes(*e)).collect(),
        };
        let class = || std::array::from_fn(|b| self.class[b]);
        self.unpacked.get_or_init(|| Box::new(Automaton { class: class(), table: table(), start: self.start }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use regex_automata::{MatchKind, util::syntax};

    fn lazy(regex: &str) -> DFA {
        let syntax = syntax::Config::new().unicode(false).utf8(false);
        DFA::builder().configure(DFA::config().match_kind(MatchKind::LeftmostFirst)).syntax(syntax).build(regex).unwrap()
    }

    #[test]
    fn tables_end_where_the_lazy_automaton_does() {
        // Leftmost-first: of alternatives the first that matches, not the longest.
        let cases: &[(&str, &[&str])] = &[
            ("ab|abc", &["abc", "ab", "a", ""]),
            ("abc|ab", &["abc", "abd"]),
            ("[0-9]{2}(?:-[0-9]{2}){0,2}", &["12-34-56-78", "12-3", "12-34-", "1"]),
            ("a(?:b|bc)(?:cd|d)?", &["abcd", "abd", "abc"]),
            ("(?:a|a{2,3}?)b?", &["aab", "ab", "aaa"]),
        ];
        for (regex, texts) in cases {
            let dfa = lazy(regex);
            let table = Automaton::new(&dfa).unwrap();
            for text in *texts {
                let mut cache = dfa.create_cache();
                let want = dfa.try_search_fwd(&mut cache, &Input::new(text).anchored(Anchored::Yes)).unwrap();
                assert_eq!(table.end(text.as_bytes()), want.map(|m| m.offset()), "{regex} on {text}");
                assert_eq!(table.ends_with(text.as_bytes()), want.is_some_and(|m| m.offset() == text.len()), "{regex} on {text}");
            }
        }
    }

    #[test]
    fn large_expressions_stay_lazy() {
        assert!(Automaton::new(&lazy("(?:a[ab]{0,12}b){3}")).is_none());
    }
}
