//! What words can begin, remembered: a text repeats its own.
//!
//! A word is looked at in full once: which phrases it may be the first word of, whether patterns that begin with letters allow it,
//! whether a name or an address may begin with it. From then on one look at a table tells that of most words nothing can come.

use super::edges::is_word;
use super::lookout::{self, Place, run_of};
use super::marks::Mark;
use super::tables::{Engine, Group, kind_behind};
use super::{address, names};

/// Longer words are not remembered.
const LONGEST: usize = 16;

const SLOT_BITS: u32 = 12;

/// Beyond so many words that were learnt all slots are emptied rather than those.
const MANY: usize = 1 << (SLOT_BITS - 2);

/// What is known of a word, wherever it stands.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Glance {
    /// The phrases it may begin, see `Words::start_of`, and how these go on, see `Start::next`.
    pub phrases: u32,
    pub next: u32,
    /// The kinds of bytes behind it before which a pattern allows it, a bit each.
    kinds: u16,
    /// Those before which anything may come of it, a bit each.
    stirs: u16,
    flags: u8,
}

/// A name may begin with it.
const NAME: u8 = 1;
/// An address may begin with it.
const STREET: u8 = 2;
/// Patterns that hold a pair of capitals allow it.
const PAIRED: u8 = 4;
/// It is a kind of street for itself.
const ALONE: u8 = 8;
/// A capital comes first.
const LARGE: u8 = 16;
/// Addresses may begin with longer words that begin like it.
const OPEN: u8 = 32;

/// What may begin with a token, a bit each: values of patterns, names, addresses.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Begins {
    pub values: bool,
    pub names: bool,
    pub streets: bool,
}

/// A word of at most [`LONGEST`] bytes, the first one lowest, in two halves.
type Key = (u64, u64);

#[derive(Clone, Copy, Default)]
struct Entry {
    key: Key,
    glance: Glance,
}

/// The words of a batch. PRIVACY: they are forgotten behind it.
pub(super) struct Glances {
    slots: Box<[Entry; 1 << SLOT_BITS]>,
    used: Vec<u16>,
}

impl Default for Glances {
    fn default() -> Glances {
        Glances { slots: Box::new([Entry::default(); 1 << SLOT_BITS]), used: Vec::new() }
    }
}

/// By length: which bits of the two halves of a key a word has.
static HALVES: [(u64, u64); LONGEST + 1] = {
    let mut halves = [(0, 0); LONGEST + 1];
    let mut n = 1;
    while n <= LONGEST {
        let all = u128::MAX >> (8 * (LONGEST - n));
        halves[n] = (all as u64, (all >> 64) as u64);
        n += 1;
    }
    halves
};

/// The word `bytes[at..at + len]`, of at most [`LONGEST`] bytes.
#[inline(always)]
fn key_of(bytes: &[u8], at: usize, len: usize) -> (u64, u64) {
    let all = match bytes[at..].first_chunk() {
        Some(b) => u128::from_le_bytes(*b),
        None => {
            let mut b = [0; LONGEST];
            b[..len].copy_from_slice(&bytes[at..at + len]);
            u128::from_le_bytes(b)
        }
    };
    let (low, high) = HALVES[len];
    (all as u64 & low, (all >> 64) as u64 & high)
}

impl Glances {
    /// What is known of `bytes[at..at + len]`; `None` if that is too long.
    #[inline(always)]
    pub fn of(&mut self, engine: &Engine, bytes: &[u8], at: usize, len: usize) -> Option<&Glance> {
        if len == 0 || len > LONGEST {
            return None;
        }
        let key = key_of(bytes, at, len);
        let folded = key.0 ^ key.1.rotate_left(29);
        let slot = (folded.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - SLOT_BITS)) as usize;
        let e = &self.slots[slot];
        if e.key != key {
            self.learn(engine, &bytes[at..at + len], slot, key);
        }
        Some(&self.slots[slot].glance)
    }

    #[inline(never)]
    fn learn(&mut self, engine: &Engine, word: &[u8], slot: usize, key: Key) {
        self.slots[slot] = Entry { key, glance: Glance::new(engine, word) };
        if self.used.len() <= MANY {
            self.used.push(slot as u16);
        }
    }

    /// Forgets all words.
    pub fn forget_values(&mut self) {
        if self.used.len() > MANY {
            self.slots.fill(Entry::default());
        } else {
            self.used.iter().for_each(|slot| self.slots[usize::from(*slot)] = Entry::default());
        }
        self.used.clear();
    }

    /// What may begin with the token of `run` bytes at `at` in the marks, a letter first.
    #[inline(always)]
    pub fn begins(
        &mut self,
        glance: Glance,
        engine: &Engine,
        marks: &[Mark],
        bytes: &[u8],
        (place, shift): (Place, usize),
        (at, run): (usize, usize),
    ) -> Begins {
        let behind = bytes.get(at - shift + run);
        let mut begins = Begins {
            values: glance.kinds >> kind_behind(behind) & 1 != 0,
            names: glance.flags & NAME != 0,
            streets: glance.flags & STREET != 0,
        };
        if glance.flags & (LARGE | OPEN) != 0 {
            match behind {
                // Only what stands behind these tells what it is the first part of.
                // Neither goes on behind these with a sign or a digit.
                Some(b'\'' | b'-') if bytes.get(at - shift + run + 1).is_none_or(|b| b.is_ascii() && !b.is_ascii_alphabetic()) => {
                    begins.names = false;
                }
                Some(b'\'' | b'-' | 0x80..) => {
                    begins.names = glance.flags & LARGE != 0;
                    begins.streets = true;
                }
                // Names go on with none; of streets a full stop may be a part.
                Some(b'.') => begins.streets = true,
                Some(b' ') if glance.flags & (LARGE | STREET) == LARGE => {
                    begins.streets = self.precedes_street(engine, marks, bytes, (place, shift), at + run);
                }
                _ => {}
            }
            if glance.flags & PAIRED != 0 && !begins.values {
                begins.values = lookout::any(marks, at, (at + engine.pair_within).min(place.to), |m| m.pairs);
            }
        }
        begins
    }

    /// Whether a kind of street may stand behind the blank at `blank`.
    fn precedes_street(&mut self, engine: &Engine, marks: &[Mark], bytes: &[u8], (place, shift): (Place, usize), blank: usize) -> bool {
        let next = blank + 1 + usize::from(bytes.get(blank + 1 - shift) == Some(&b' '));
        match bytes.get(next - shift) {
            Some(0x80..) => true,
            Some(b) if next < place.to && is_word(*b) => {
                let run = run_of(marks, next, place.to);
                matches!(bytes.get(next - shift + run), Some(b'\'' | b'-' | b'.' | b'/' | 0x80..))
                    || self.of(engine, bytes, next - shift, run).is_none_or(|g| g.flags & ALONE != 0)
            }
            _ => false,
        }
    }
}

impl Glance {
    fn new(engine: &Engine, word: &[u8]) -> Glance {
        let first = word[0];
        let large = first.is_ascii_uppercase();
        let open = engine.streets[word.len()] >> (first & 63) & 1 != 0;
        let name = large && names::may_be_first(word);
        let street = (large || open) && address::may_be_first(word);
        let paired = large && allowed(&engine.paired, word) != 0;
        let (phrases, kinds) = (engine.words.start_of(word), allowed(&engine.groups, word));
        let all = [(name, NAME), (street, STREET), (paired, PAIRED), (address::is_street_alone(word), ALONE)];
        let flags = all.into_iter().chain([(large, LARGE), (open, OPEN)]).filter(|f| f.0).fold(0, |m, f| m | f.1);
        // What goes on with a longer word, and before a kind of street.
        let longer = b"'-.\xff".iter().chain(large.then_some(&b' ')).fold(0, |m, b| m | 1 << kind_behind(Some(b)));
        let stirs = match phrases != 0 || name || street || paired {
            true => u16::MAX,
            false if large || open => kinds | longer,
            false => kinds,
        };
        Glance { phrases, next: engine.words.next_of(phrases), kinds, stirs, flags }
    }

    /// Whether nothing comes of it before this byte, whatever else stands around it.
    #[inline(always)]
    pub fn is_calm(&self, behind: Option<&u8>) -> bool {
        self.stirs >> kind_behind(behind) & 1 == 0
    }
}

/// The kinds of bytes behind a token before which a pattern allows it, a bit each.
fn allowed(groups: &[Group], word: &[u8]) -> u16 {
    let mut kinds = 0;
    for group in groups {
        let m = group.masks.iter().zip(word).fold(u64::MAX, |m, (mask, b)| m & mask[usize::from(*b)]);
        if m != 0 {
            kinds |= group.kinds[word.len()].iter().enumerate().fold(0, |kinds, (kind, f)| kinds | u16::from(m & f != 0) << kind);
        }
    }
    kinds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_forgotten() {
        let set = crate::classify::Classifiers::builtin();
        let mut glances = Glances::default();
        let text = b"Jane lives at the Harbor, password and passwords";
        let of = |g: &mut Glances, at, len| *g.of(set.engine(), text, at, len).unwrap();
        assert!(of(&mut glances, 0, 4).flags & NAME != 0 && of(&mut glances, 14, 3).flags & (NAME | STREET) == 0);
        assert!(of(&mut glances, 26, 8).phrases != 0);
        assert_eq!(of(&mut glances, 26, 8).phrases, of(&mut glances, 26, 8).phrases);
        glances.forget_values();
        assert!(glances.slots.iter().all(|e| e.key == (0, 0)), "a word is still there");
        assert!(glances.of(set.engine(), &[b'a'; 20], 0, 17).is_none());
    }
}
