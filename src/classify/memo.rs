//! Values that a column repeats: what was found in a cell is found again in each cell of the column with the same bytes.
//!
//! Names, cities, states, kinds of events: a column of few values is classified once for each of them. Only a memory: with
//! it or without, the matches are the same.
//!
//! PRIVACY: it holds values; [`Memo::forget_values`] overwrites them when the batch that they came from is done.

use super::verify::Refusal;
use crate::base::Match;

/// Longer values are not remembered.
const LONGEST: usize = 64;

/// Values remembered, as a power of two.
const SLOTS: usize = 1 << 12;

/// So many matches remembered, and the memory starts anew.
const MOST_MATCHES: usize = 1 << 16;

/// After so many values of a column it is known whether they repeat.
const TRIAL: u32 = 768;

/// A value in its column, and where it would be.
#[derive(Clone, Copy)]
pub(super) struct Key<'a> {
    value: &'a [u8],
    field: u32,
    slot: u32,
}

fn slot(field: u32, value: &[u8]) -> u32 {
    let word = |at: usize| value[at..].first_chunk::<8>().map_or(0, |c| u64::from_le_bytes(*c));
    let half = |c: Option<&[u8; 4]>| c.map_or(0, |c| u64::from(u32::from_le_bytes(*c)));
    let mix = |h: u64, w: u64| (h ^ w).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23);
    let seed = u64::from(field) << 32 | value.len() as u64;
    let last = match value.len() {
        0 => 0,
        n @ 1..4 => u64::from(value[0]) << 16 | u64::from(value[n / 2]) << 8 | u64::from(value[n - 1]),
        4..8 => half(value.first_chunk()) << 32 | half(value.last_chunk()),
        n => word(n - 8),
    };
    let mixed = (0..value.len().saturating_sub(8)).step_by(8).fold(mix(seed, last), |h, at| mix(h, word(at)));
    ((mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48) as usize % SLOTS) as u32
}

#[derive(Clone, Copy)]
struct Entry {
    bytes: [u8; LONGEST],
    field: u32,
    len: u32,
    /// In `matches` and `refusals`, half-open.
    matches: (u32, u32),
    refusals: (u32, u32),
}

impl Entry {
    /// No value is that long.
    const NONE: Entry = Entry { bytes: [0; LONGEST], field: 0, len: u32::MAX, matches: (0, 0), refusals: (0, 0) };
}

/// What a thread remembers of a batch's cells.
#[derive(Default)]
pub(super) struct Memo {
    slots: Vec<Entry>,
    /// Which slots hold a value.
    used: Vec<u32>,
    matches: Vec<Match>,
    refusals: Vec<Refusal>,
    /// By field: values asked for, and found.
    worth: Vec<(u32, u32)>,
}

impl Memo {
    /// Another member follows: which of its columns repeat is not known yet.
    pub fn clear(&mut self) {
        self.forget_values();
        self.worth.clear();
    }

    /// Overwrites all values.
    pub fn forget_values(&mut self) {
        for slot in self.used.drain(..) {
            self.slots[slot as usize] = Entry::NONE;
        }
        self.matches.clear();
        self.refusals.clear();
    }

    /// The key of a value, if such values are remembered in its column.
    #[inline]
    pub fn key<'a>(&mut self, field: u32, value: &'a [u8]) -> Option<Key<'a>> {
        if value.len() > LONGEST {
            return None;
        }
        let i = field as usize;
        if self.worth.len() <= i {
            self.worth.resize(i + 1, (0, 0));
        }
        let (asked, found) = &mut self.worth[i];
        if *asked > TRIAL && *found < *asked / 4 {
            return None;
        }
        *asked += 1;
        Some(Key { value, field, slot: slot(field, value) })
    }

    /// Gives what was found in a cell of this key, as if it had been found in the cell `cell` that begins at `start`; `false` if
    /// nothing is known.
    #[inline]
    pub fn recall(&mut self, key: &Key<'_>, cell: u32, start: u32, matches: &mut Vec<Match>, refusals: &mut Vec<Refusal>) -> bool {
        let Some(e) = self.slots.get(key.slot as usize) else { return false };
        let n = key.value.len();
        if (e.len as usize, e.field) != (n, key.field) || e.bytes.get(..n) != Some(key.value) {
            return false;
        }
        self.worth[key.field as usize].1 += 1;
        let known = &self.matches[e.matches.0 as usize..e.matches.1 as usize];
        matches.extend(known.iter().map(|m| Match { start: m.start + start, end: m.end + start, cell, ..*m }));
        refusals.extend_from_slice(&self.refusals[e.refusals.0 as usize..e.refusals.1 as usize]);
        true
    }

    /// Remembers what was found in a cell that begins at `start`.
    pub fn keep(&mut self, key: Key<'_>, start: u32, matches: &[Match], refusals: &[Refusal]) {
        if self.slots.is_empty() {
            self.slots.resize(SLOTS, Entry::NONE);
        }
        if self.matches.len() + self.refusals.len() > MOST_MATCHES {
            self.forget_values();
        }
        let (m, r) = (self.matches.len() as u32, self.refusals.len() as u32);
        self.matches.extend(matches.iter().map(|m| Match { start: m.start - start, end: m.end - start, ..*m }));
        self.refusals.extend_from_slice(refusals);
        let (matches, refusals) = ((m, self.matches.len() as u32), (r, self.refusals.len() as u32));
        let n = key.value.len();
        let mut entry = Entry { field: key.field, len: n as u32, matches, refusals, ..Entry::NONE };
        entry.bytes[..n].copy_from_slice(key.value);
        self.slots[key.slot as usize] = entry;
        self.used.push(key.slot);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Evidence;

    #[test]
    fn what_is_remembered_moves_to_the_cell() {
        let mut memo = Memo::default();
        let m = Match { start: 12, end: 15, cell: 3, classifier: 7, pattern: 0, confidence: 0.5, evidence: Evidence::WHOLE_CELL };
        let r = Refusal { field: 2, classifier: 9 };
        let key = memo.key(2, b"Ada").unwrap();
        let (mut matches, mut refusals) = (Vec::new(), Vec::new());
        assert!(!memo.recall(&key, 4, 40, &mut matches, &mut refusals));
        memo.keep(key, 12, &[m], &[r]);
        assert!(memo.recall(&key, 4, 40, &mut matches, &mut refusals));
        assert_eq!(matches, [Match { start: 40, end: 43, cell: 4, ..m }]);
        assert_eq!(refusals, [r]);
        // The same bytes in another column are another value.
        let other = memo.key(3, b"Ada").unwrap();
        assert!(!memo.recall(&other, 4, 40, &mut matches, &mut refusals));
        assert!(memo.key(2, &[b'x'; LONGEST + 1]).is_none());
        memo.forget_values();
        assert!(memo.slots.iter().all(|e| e.bytes == [0; LONGEST]), "a value is still there");
        assert!(memo.key(2, b"Ada").is_some_and(|k| !memo.recall(&k, 4, 40, &mut matches, &mut refusals)));
    }

    #[test]
    fn columns_that_do_not_repeat_are_given_up() {
        let mut memo = Memo::default();
        let asked = (0..9000u32).filter(|n| memo.key(0, &n.to_le_bytes()).is_some()).count();
        assert!(asked < 900, "{asked}");
    }
}
