//! Sets of ordinals of segments, many at a time: what is to be counted, before it is translated to people.

use std::collections::BTreeMap;

/// So many are handed on at once.
pub(super) const TOGETHER: usize = 1024;

/// Ordinals of a segment: as they come while they are few, as bits once these take no more room.
pub(super) struct Ordinals {
    few: Vec<u32>,
    /// How many `few` may be before those that came twice are looked for.
    limit: usize,
    bits: Vec<u64>,
    /// How many the segment has.
    all: usize,
}

/// Ordinals of which nobody asks whether they came twice.
const FEW: usize = if cfg!(test) { 4 } else { 4096 };

impl Ordinals {
    /// None, of so many.
    fn new(all: usize) -> Ordinals {
        Ordinals { few: Vec::new(), limit: FEW, bits: Vec::new(), all }
    }

    /// Adds some; those that the segment does not have are nobody's.
    pub fn add(&mut self, ordinals: &[u32]) {
        if !self.bits.is_empty() {
            return self.set(ordinals);
        }
        self.few.extend_from_slice(ordinals);
        if self.few.len() > self.limit {
            self.tidy();
            self.limit = FEW.max(2 * self.few.len());
        }
        if self.few.len() > self.all / 32 {
            self.bits = vec![0; self.all / 64 + 1];
            let few = std::mem::take(&mut self.few);
            self.set(&few);
        }
    }

    fn set(&mut self, ordinals: &[u32]) {
        for o in ordinals {
            if let Some(word) = self.bits.get_mut(*o as usize / 64) {
                *word |= 1 << (o % 64);
            }
        }
    }

    fn join(&mut self, mut other: Ordinals) {
        if self.bits.is_empty() {
            std::mem::swap(self, &mut other);
        }
        self.bits.iter_mut().zip(&other.bits).for_each(|(word, theirs)| *word |= theirs);
        self.add(&other.few);
    }

    fn tidy(&mut self) {
        self.few.sort_unstable();
        self.few.dedup();
    }

    /// Calls `each` with all of them, ascending, many at a time.
    pub fn each(mut self, each: &mut dyn FnMut(&[u32])) {
        self.tidy();
        self.few.chunks(TOGETHER).for_each(&mut *each);
        let mut some = self.few;
        some.clear();
        for (base, mut word) in (0u32..).step_by(64).zip(self.bits) {
            while word != 0 {
                some.push(base + word.trailing_zeros());
                word &= word - 1;
            }
            if some.len() >= TOGETHER {
                each(&some);
                some.clear();
            }
        }
        each(&some);
    }
}

/// The sets of one dataset, by field and classifier, in each segment.
#[derive(Default)]
pub(super) struct Sets(pub BTreeMap<(i64, i64), Vec<(i64, Ordinals)>>);

impl Sets {
    /// The set of a key in a segment that has so many identifiers.
    pub fn of(&mut self, key: (i64, i64), segment: i64, all: usize) -> &mut Ordinals {
        let of_key = self.0.entry(key).or_default();
        let at = of_key.iter().position(|k| k.0 == segment).unwrap_or(of_key.len());
        if at == of_key.len() {
            of_key.push((segment, Ordinals::new(all)));
        }
        &mut of_key[at].1
    }

    /// How many bytes its ordinals take.
    pub fn weight(&self) -> usize {
        let own = size_of::<(i64, Ordinals)>();
        self.0.values().flatten().map(|(_, o)| own + 8 * o.bits.len() + 4 * o.few.capacity()).sum()
    }

    /// Adds all of another.
    pub fn join(&mut self, other: Sets) {
        for (key, of_key) in other.0 {
            for (segment, theirs) in of_key {
                self.of(key, segment, theirs.all).join(theirs);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// However many come at a time, from however many threads, and however often one comes, each is there once, in order.
        #[test]
        fn ordinals_are_a_set(
            lists in proptest::collection::vec(proptest::collection::vec(0u32..3_000, 0..40), 0..60),
            all in 0u32..3_000,
            threads in 1usize..4,
        ) {
            let (mut sets, mut wanted) = (Vec::new(), BTreeSet::new());
            sets.resize_with(threads, Sets::default);
            for (n, list) in lists.iter().enumerate() {
                sets[n % threads].of((1, 2), 3, all as usize).add(list);
                wanted.extend(list.iter().copied().filter(|o| *o < all));
            }
            let mut joined = Sets::default();
            sets.into_iter().for_each(|s| joined.join(s));
            let mut found = Vec::new();
            let ordinals = joined.0.into_values().flatten().map(|k| k.1);
            ordinals.for_each(|o| o.each(&mut |some| found.extend(some.iter().copied().filter(|o| *o < all))));
            prop_assert_eq!(found, wanted.into_iter().collect::<Vec<_>>());
        }
    }
}
