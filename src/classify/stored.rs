//! Facts of expressions as bytes: the build makes them, a start reads them.
//!
//! Number of expressions, number of sets of bytes; for each expression its number and place; the sets, each once; for each expression what
//! a start needs; the tables, of which a search needs few.

use std::collections::{BTreeMap, BTreeSet};

use super::automaton::Packed;
use super::facts::{ByteSet, Facts, PREFIX};
use super::follows::{Follow, Follows};
use super::reader::Reader;
use super::spans::Spans;

/// Facts by expression, as bytes that the build makes and a start reads.
pub struct Store {
    bytes: &'static [u8],
}

/// A number that tells expressions apart (FNV-1a, 64 bits).
fn number_of(expression: &str) -> u64 {
    expression.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

/// Where the index begins, and the bytes of one of its entries, and of a set.
const INDEX: usize = 16;
const ENTRY: usize = 16;
const SET: usize = 32;

impl Store {
    /// Of what [`Store::make`] made.
    pub const fn new(bytes: &'static [u8]) -> Store {
        Store { bytes }
    }

    /// The facts of all these expressions; those that cannot be read are left out.
    pub fn make(expressions: &BTreeSet<String>) -> Vec<u8> {
        let mut all: BTreeMap<u64, (&str, Facts)> = BTreeMap::new();
        for e in expressions {
            if let Ok(facts) = Facts::of(e) {
                all.entry(number_of(e)).or_insert((e, facts));
            }
        }
        let mut sets = Vec::new();
        let (mut heads, mut tables) = (Vec::new(), Vec::new());
        for (e, facts) in all.values() {
            let mut head = (e.len() as u32).to_le_bytes().to_vec();
            head.extend_from_slice(e.as_bytes());
            facts.write(&mut head, &mut sets);
            heads.push(head);
            let mut table = Vec::new();
            facts.automaton().iter().for_each(|a| a.write(&mut table));
            tables.push(table);
        }
        let word = |n: usize| (n as u64).to_le_bytes();
        let mut out = [word(all.len()), word(sets.len())].concat();
        // Behind each head stands where its table begins, or 0.
        let mut head_at = INDEX + ENTRY * all.len() + SET * sets.len();
        let mut table_at = head_at + heads.iter().map(|h| h.len() + 8).sum::<usize>();
        for (number, head) in all.keys().zip(&heads) {
            out.extend([number.to_le_bytes(), word(head_at)].concat());
            head_at += head.len() + 8;
        }
        sets.iter().flat_map(|set| set.0).for_each(|w| out.extend(w.to_le_bytes()));
        for (head, table) in heads.iter().zip(&tables) {
            out.extend_from_slice(head);
            out.extend(word(if table.is_empty() { 0 } else { table_at }));
            table_at += table.len();
        }
        out.extend(tables.concat());
        out
    }

    /// The facts of an expression, if they are kept.
    pub fn get(&self, expression: &str) -> Option<Facts> {
        let word = |at: usize| Some(u64::from_le_bytes(*self.bytes.get(at..)?.first_chunk()?));
        let (count, sets) = (word(0)? as usize, word(8)? as usize);
        let (mut low, mut high) = (0, count);
        let wanted = number_of(expression);
        while low < high {
            let middle = (low + high) / 2;
            match word(INDEX + ENTRY * middle)?.cmp(&wanted) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => {
                    let mut r = Reader(self.bytes.get(word(INDEX + ENTRY * middle + 8)? as usize..)?);
                    let len = r.u32()? as usize;
                    if r.take(len)? != expression.as_bytes() {
                        return None;
                    }
                    let sets = self.bytes.get(INDEX + ENTRY * count..)?.get(..SET * sets)?;
                    return Facts::read(&mut r, sets.as_chunks().0, self.bytes);
                }
            }
        }
        None
    }
}

/// How many sets of bytes all expressions' facts have: those of its first bytes, and three more. Then come those behind its first run.
const SETS: usize = PREFIX + 3;

impl Facts {
    /// All but the table; `sets`: those that are kept already.
    fn write(&self, out: &mut Vec<u8>, sets: &mut Vec<ByteSet>) {
        for n in [self.min_len, self.max_len, self.lead, self.before_at.map_or(0, |b| b + 1)] {
            out.extend((n as u32).to_le_bytes());
        }
        let flags = [self.is_short, self.has_pair, self.digits_only, self.needs_digit];
        out.extend(flags.map(u8::from));
        out.extend(self.spans.0.to_le_bytes());
        let mut number = |set: &ByteSet| {
            let at = sets.iter().position(|s| s == set).unwrap_or_else(|| {
                sets.push(*set);
                sets.len() - 1
            });
            u16::try_from(at).expect("as many sets as two bytes number").to_le_bytes()
        };
        for set in self.prefix.iter().chain([&self.loose, &self.before, &self.beside]) {
            out.extend(number(set));
        }
        out.push(self.follows.distinct().len() as u8);
        for (follow, runs) in self.follows.distinct() {
            out.extend(number(&follow.bytes));
            out.push(u8::from(follow.end));
            out.extend(runs.to_le_bytes());
        }
    }

    /// `all`: where its table is.
    fn read(r: &mut Reader, sets: &[[u8; SET]], all: &'static [u8]) -> Option<Facts> {
        let [min_len, max_len, lead, back] = [r.u32()?, r.u32()?, r.u32()?, r.u32()?].map(|n| n as usize);
        let [is_short, has_pair, digits_only, needs_digit] = r.chunk()?.map(|flag| flag != 0);
        let spans = Spans(r.u16()?);
        let set = |number: &[u8; 2]| {
            let words = sets.get(usize::from(u16::from_le_bytes(*number)))?.as_chunks::<8>().0;
            Some(ByteSet(std::array::from_fn(|w| u64::from_le_bytes(words[w]))))
        };
        let numbers = r.chunk::<{ 2 * SETS }>()?.as_chunks::<2>().0;
        let mut prefix = [ByteSet::default(); PREFIX];
        for (to, number) in prefix.iter_mut().zip(numbers) {
            *to = set(number)?;
        }
        let (loose, before, beside) = (set(&numbers[PREFIX])?, set(&numbers[PREFIX + 1])?, set(&numbers[PREFIX + 2])?);
        let count = r.u8()?;
        let mut follows = Vec::with_capacity(count.into());
        for _ in 0..count {
            let (bytes, end) = (set(r.chunk()?)?, r.u8()? != 0);
            follows.push((Follow { end, bytes }, r.u64()?));
        }
        let follows = Follows::new(follows)?;
        let table = match r.u64()? {
            0 => None,
            at => Some(Packed::read(&mut Reader(all.get(at as usize..)?))?),
        };
        let before_at = back.checked_sub(1);
        Some(Facts {
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
            table,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::Classifier;
    use crate::classify::facts::{PERSON_NAME, STREET_ADDRESS};

    /// All that facts are, with their table.
    fn written(facts: &Facts) -> (Vec<u8>, Vec<ByteSet>) {
        let (mut out, mut sets) = (Vec::new(), Vec::new());
        facts.write(&mut out, &mut sets);
        facts.automaton().iter().for_each(|a| a.write(&mut out));
        (out, sets)
    }

    #[test]
    fn facts_are_kept() {
        let all = ["[a-z]{2}@x", "[0-9]{3}-[0-9]{2}", "a(?:[ab]{0,12}b){3}", "(?:a[ab]{0,12}b){3}", "(", "::[0-9a-f]{1,4}"];
        let bytes: &'static [u8] = Store::make(&all.iter().map(|e| (*e).to_owned()).collect()).leak();
        let store = Store::new(bytes);
        for e in all {
            let (kept, fresh) = (store.get(e), Facts::of(e));
            assert_eq!(kept.is_some(), fresh.is_ok(), "{e}");
            let (Some(kept), Ok(fresh)) = (kept, fresh) else { continue };
            assert_eq!(written(&kept), written(&fresh), "{e}");
        }
        assert!(store.get("[0-9]{3}-[0-9]{3}").is_none());
        // What is cut short is read as it is or not at all, and nothing panics.
        let whole: Vec<_> = all.iter().map(|e| store.get(e).map(|f| written(&f))).collect();
        for n in 0..bytes.len() {
            let cut = Store::new(&bytes[..n]);
            let read = all.iter().map(|e| cut.get(e).map(|f| written(&f)));
            assert!(read.zip(&whole).all(|(read, whole)| read.is_none() || read == *whole), "{n}");
        }
    }

    #[test]
    fn what_the_build_kept_is_what_the_program_makes() {
        let files = crate::classify::built::files();
        let all = files.iter().flat_map(|(path, text)| Classifier::parse(path, text).unwrap().patterns);
        let all = all.filter(|p| p.finder.is_none()).map(|p| p.regex.into_owned());
        let expressions: BTreeSet<String> = all.chain([PERSON_NAME, STREET_ADDRESS].map(str::to_owned)).collect();
        let kept: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/facts.bin"));
        assert!(kept == Store::make(&expressions), "facts.bin is not of these files");
        let store = Store::new(kept);
        assert!(expressions.len() > 800);
        for e in &expressions {
            assert_eq!(store.get(e).map(|f| written(&f)), Facts::of(e).ok().map(|f| written(&f)), "{e}");
        }
    }
}
