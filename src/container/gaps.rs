//! Which bytes of an archive nothing accounts for: neither its directory, nor the members that this names.

use bytes::Bytes;

use crate::base::{ReadAt, Result};

/// How many ranges are held that do not touch. Members in the order of their places are one.
const MOST: usize = 1 << 20;
/// How much is read at a time: little first, since most searches end soon.
const FIRST: u64 = 4 << 10;
const PIECE: u64 = 1 << 20;

/// Ranges that are accounted for.
#[derive(Default)]
pub(super) struct Known {
    ranges: Vec<(u64, u64)>,
    /// More ranges than can be held: nothing is said of gaps.
    pub scattered: bool,
}

impl Known {
    /// The bytes `[from, to)`.
    pub fn add(&mut self, from: u64, to: u64) {
        match self.ranges.last_mut() {
            Some(last) if (last.0..=last.1).contains(&from) => last.1 = last.1.max(to),
            _ if from >= to || self.scattered => {}
            _ => self.ranges.push((from, to)),
        }
        if self.ranges.len() >= MOST {
            self.merge();
            // They would be merged again and again.
            self.scattered = self.ranges.len() > MOST / 2;
            if self.scattered {
                self.ranges = Vec::new();
            }
        }
    }

    fn merge(&mut self) {
        self.ranges.sort_unstable();
        self.ranges.dedup_by(|next, last| {
            let touch = next.0 <= last.1;
            if touch {
                last.1 = last.1.max(next.1);
            }
            touch
        });
    }

    /// What is left of `len` bytes.
    pub fn gaps(mut self, len: u64) -> Vec<(u64, u64)> {
        if self.scattered {
            return Vec::new();
        }
        self.merge();
        let starts = self.ranges.iter().map(|r| r.0).chain([len]);
        let ends = [0].into_iter().chain(self.ranges.iter().map(|r| r.1));
        ends.zip(starts).map(|(from, to)| (from, to.min(len))).filter(|(from, to)| from < to).collect()
    }
}

/// The first place in `[from, end)` that `what` finds in a piece. Pieces overlap by `overlap` bytes.
pub(super) fn search(
    data: &dyn ReadAt,
    mut from: u64,
    end: u64,
    overlap: u64,
    what: impl Fn(&Bytes) -> Option<usize>,
) -> Result<Option<u64>> {
    let mut size = FIRST;
    while from < end {
        let piece = data.read_at(from, (end - from).min(size) as usize)?;
        if let Some(i) = what(&piece) {
            return Ok(Some(from + i as u64));
        }
        if from + piece.len() as u64 >= end {
            break;
        }
        from += piece.len() as u64 - overlap;
        size = (size * 4).min(PIECE);
    }
    Ok(None)
}

/// The first byte of `[from, end)` that is no padding.
pub(super) fn behind_zeros(data: &dyn ReadAt, from: u64, end: u64) -> Result<Option<u64>> {
    search(data, from, end, 0, |piece| piece.iter().position(|b| *b != 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_what_no_range_covers() {
        let gaps = |ranges: &[(u64, u64)], len| {
            let mut known = Known::default();
            ranges.iter().for_each(|(from, to)| known.add(*from, *to));
            known.gaps(len)
        };
        assert_eq!(gaps(&[], 0), []);
        assert_eq!(gaps(&[], 9), [(0, 9)]);
        assert_eq!(gaps(&[(0, 3), (3, 9)], 9), []);
        assert_eq!(gaps(&[(5, 7), (0, 3), (1, 4)], 9), [(4, 5), (7, 9)]);
        assert_eq!(gaps(&[(2, u64::MAX), (1, 0), (4, 5)], 9), [(0, 2)]);
        assert_eq!(gaps(&[(20, 30), (3, 4)], 9), [(0, 3), (4, 9)]);
    }

    #[test]
    fn ranges_without_number_are_no_gaps() {
        let mut known = Known::default();
        (0..3 * MOST as u64).for_each(|i| known.add(i * 2, i * 2 + 1));
        assert!(known.scattered && known.ranges.is_empty());
        assert_eq!(known.gaps(u64::MAX), []);
        // In another order, they are one in the end.
        let mut known = Known::default();
        (0..3 * MOST as u64).rev().for_each(|i| known.add(i, i + 1));
        assert!(!known.scattered);
        assert_eq!(known.gaps(4 * MOST as u64), [(3 * MOST as u64, 4 * MOST as u64)]);
    }
}
