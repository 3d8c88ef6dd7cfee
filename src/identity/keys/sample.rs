//! What is kept of a column that may be a key: its smallest hashes.
//!
//! Of `n` distinct values the [`SAMPLE`] with the smallest keyed hashes are kept (a *bottom-k* or KMV sketch; Cohen and Kaplan,
//! "Summarizing data using bottom-k sketches", 2007). Samples merge into that of the union; the largest hash kept tells how
//! many distinct values there are; and since all columns choose the same values, what of one sample lies below the largest
//! hash of another must be in it if the value is in the other column.

use std::collections::BTreeMap;

/// Hashes kept of a column.
pub const SAMPLE: usize = 256;

/// Identifiers kept with a sampled value.
const IDS: usize = 4;

/// A sampled value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Strong identifiers of the rows that hold it: class (the caller's numbering), first bytes of the hash. Sorted.
    pub ids: Vec<(u16, u64)>,
}

/// What is kept of a column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnSample {
    /// Cells that are not empty, fillers left out.
    pub cells: u64,
    /// Of these, those with numbers: digits, or one beginning for all and digits behind it (`HL-00417`).
    pub numbers: u64,
    /// Bits of the difference between the smallest and the largest number: never the numbers themselves.
    pub spread: u8,
    /// Cells in objects of which all values differ, as they do in the table that a key belongs to.
    pub distinct_cells: u64,
    values: BTreeMap<u64, Seen>,
}

impl ColumnSample {
    /// The largest hash that a value can have and be kept.
    pub fn limit(&self) -> u64 {
        if self.values.len() < SAMPLE { u64::MAX } else { self.values.last_key_value().map_or(u64::MAX, |v| *v.0) }
    }

    /// Takes a value by its hash. Whether it is (still) among those kept.
    pub fn add(&mut self, hash: u64) -> bool {
        if hash > self.limit() {
            return false;
        }
        self.values.entry(hash).or_default();
        if self.values.len() > SAMPLE {
            self.values.pop_last();
        }
        self.values.contains_key(&hash)
    }

    /// Notes identifiers of a row that holds the value.
    pub fn note(&mut self, hash: u64, ids: &[(u16, u64)]) {
        if let Some(seen) = self.values.get_mut(&hash) {
            seen.ids.extend_from_slice(ids);
            seen.ids.sort_unstable();
            seen.ids.dedup();
            seen.ids.truncate(IDS);
        }
    }

    /// Adds what another object of the same column gave.
    pub fn merge(&mut self, other: &ColumnSample) {
        self.cells += other.cells;
        self.numbers += other.numbers;
        self.spread = self.spread.max(other.spread);
        self.distinct_cells += other.distinct_cells;
        for (hash, seen) in &other.values {
            if self.add(*hash) {
                self.note(*hash, &seen.ids);
            }
        }
    }

    /// The sampled values.
    pub fn values(&self) -> &BTreeMap<u64, Seen> {
        &self.values
    }

    /// How many distinct values the column has: exact below [`SAMPLE`], an estimate above.
    pub fn distinct(&self) -> u64 {
        if self.values.len() < SAMPLE {
            return self.values.len() as u64;
        }
        let share = self.limit() as f64 / u64::MAX as f64;
        ((SAMPLE - 1) as f64 / share.max(f64::MIN_POSITIVE)) as u64
    }

    /// Notes, once an object is complete, whether its values all differ (give or take the error of the estimate).
    pub fn close(&mut self) {
        let slack = if self.values.len() < SAMPLE { 0.95 } else { 0.8 };
        self.distinct_cells = if self.distinct() as f64 >= self.cells as f64 * slack { self.cells } else { 0 };
    }

    /// Of the values of this column that the other's sample can tell about: how many there are, how many of them it holds, and
    /// of those whose rows name people in both, how many name the same and how many name others.
    pub fn within(&self, other: &ColumnSample) -> (u64, u64, u64, u64) {
        let (mut compared, mut inside, mut agree, mut differ) = (0, 0, 0, 0);
        let limit = other.limit();
        for (hash, seen) in self.values.range(..=limit) {
            compared += 1;
            let Some(there) = other.values.get(hash) else { continue };
            inside += 1;
            let comparable = seen.ids.iter().any(|(class, _)| there.ids.iter().any(|(c, _)| c == class));
            if seen.ids.iter().any(|id| there.ids.contains(id)) {
                agree += 1;
            } else if comparable {
                differ += 1;
            }
        }
        (compared, inside, agree, differ)
    }

    /// The same with the classes of identifiers in another numbering; those that have no number there go.
    #[must_use]
    pub fn with_classes(&self, number: impl Fn(u16) -> Option<u16>) -> ColumnSample {
        let mut out = self.clone();
        for seen in out.values.values_mut() {
            seen.ids = seen.ids.iter().filter_map(|(class, id)| Some((number(*class)?, *id))).collect();
            seen.ids.sort_unstable();
        }
        out
    }

    /// As bytes: fixed-width numbers, big-endian, then a value after the other.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(26 + self.values.len() * 20);
        for n in [self.cells, self.numbers, self.distinct_cells] {
            out.extend_from_slice(&n.to_be_bytes());
        }
        out.push(self.spread);
        for (hash, seen) in &self.values {
            out.extend_from_slice(&hash.to_be_bytes());
            out.push(seen.ids.len() as u8);
            for (class, id) in &seen.ids {
                out.extend_from_slice(&class.to_be_bytes());
                out.extend_from_slice(&id.to_be_bytes());
            }
        }
        out
    }

    /// What [`ColumnSample::encode`] wrote; `None` for other bytes. Never panics.
    pub fn decode(mut bytes: &[u8]) -> Option<ColumnSample> {
        fn take<const N: usize>(b: &mut &[u8]) -> Option<[u8; N]> {
            let (head, rest) = b.split_first_chunk::<N>()?;
            *b = rest;
            Some(*head)
        }
        let b = &mut bytes;
        let mut out = ColumnSample {
            cells: u64::from_be_bytes(take(b)?),
            numbers: u64::from_be_bytes(take(b)?),
            distinct_cells: u64::from_be_bytes(take(b)?),
            spread: take::<1>(b)?[0],
            values: BTreeMap::new(),
        };
        while !b.is_empty() {
            let hash = u64::from_be_bytes(take(b)?);
            let many = take::<1>(b)?[0];
            let ids = (0..many).map(|_| Some((u16::from_be_bytes(take(b)?), u64::from_be_bytes(take(b)?)))).collect::<Option<_>>()?;
            out.values.insert(hash, Seen { ids });
        }
        (out.values.len() <= SAMPLE).then_some(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A number well mixed, in the place of a keyed hash.
    fn mix(n: u64) -> u64 {
        let mut h = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
        h = (h ^ (h >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        h = (h ^ (h >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        h ^ (h >> 31)
    }

    fn of(values: impl Iterator<Item = u64>) -> ColumnSample {
        let mut s = ColumnSample::default();
        for v in values {
            s.cells += 1;
            s.add(mix(v));
        }
        s.close();
        s
    }

    #[test]
    fn distinct_values_are_counted_and_estimated() {
        assert_eq!(of(0..200).distinct(), 200);
        for n in [1_000u64, 50_000] {
            let d = of(0..n).distinct() as f64 / n as f64;
            assert!((0.8..1.25).contains(&d), "{n}: {d}");
        }
        assert_eq!(of(0..1000).distinct_cells, 1000);
        assert_eq!(of((0..1000).map(|n| n / 3)).distinct_cells, 0);
    }

    #[test]
    fn containment_is_seen_from_samples() {
        let key = of(0..10_000);
        for (inside, of_all) in [(4_000u64, 4_000u64), (2_000, 4_000), (0, 4_000)] {
            let column = of((0..inside).chain(100_000..100_000 + of_all - inside));
            let (compared, found, ..) = column.within(&key);
            assert!(compared > 50, "{compared}");
            let share = found as f64 / compared as f64;
            assert!((share - inside as f64 / of_all as f64).abs() < 0.15, "{share}");
        }
    }

    #[test]
    fn rows_that_name_people_agree_or_differ() {
        let (mut a, mut b) = (of(0..10), of(0..10));
        a.note(mix(1), &[(5, 77)]);
        b.note(mix(1), &[(5, 77), (6, 1)]);
        a.note(mix(2), &[(5, 78)]);
        b.note(mix(2), &[(5, 79)]);
        a.note(mix(3), &[(5, 78)]);
        b.note(mix(3), &[(6, 79)]);
        assert_eq!(a.within(&b), (10, 10, 1, 1));
    }

    proptest! {
        #[test]
        fn samples_do_not_depend_on_order_or_parts(values in proptest::collection::vec(0u64..3000, 0..900), cut in 0usize..900) {
            let whole = of(values.iter().copied());
            let cut = cut.min(values.len());
            let mut parts = of(values[cut..].iter().rev().copied());
            parts.merge(&of(values[..cut].iter().copied()));
            prop_assert_eq!(&whole.values, &parts.values);
            prop_assert_eq!(ColumnSample::decode(&whole.encode()), Some(whole));
        }

        #[test]
        fn hostile_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            let _ = ColumnSample::decode(&bytes);
        }
    }
}
