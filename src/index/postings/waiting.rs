//! Postings of one range of hashes that wait, and their order.

/// One thing that an object says about an identifier; ordered by both, rows of one kind by their number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Waiting {
    /// The hash.
    pub high: u64,
    pub low: u64,
    /// The number of its kind: object, tag, shape.
    pub kind: u32,
    /// Row, number of a link, or where the rest of the body lies, as the kind tells; else 0.
    pub what: u32,
}

/// Postings of a stretch of a bucket.
const STRETCH: usize = 1024;

/// Postings that are put in order by being compared, about; and into how many such a bucket is parted, at most.
const FEW: usize = 8;
const PLACES: usize = 1 << 12;

/// What waits at one place: the stretch at hand, and those that are full.
///
/// PERF: a single list that grows by doubling would have up to twice the room that it needs; and where the next one goes is found without
/// a detour.
#[derive(Default)]
pub(super) struct Bucket {
    last: Vec<Waiting>,
    full: Vec<Vec<Waiting>>,
}

impl Bucket {
    #[inline]
    pub fn push(&mut self, one: Waiting) {
        if self.last.len() == self.last.capacity() {
            self.grow();
        }
        self.last.push(one);
    }

    #[cold]
    fn grow(&mut self) {
        if self.last.len() < STRETCH {
            // The first grows with what comes: most objects are small.
            self.last.reserve_exact((2 * self.last.len()).clamp(4, STRETCH) - self.last.len());
        } else {
            let next = Vec::with_capacity(STRETCH);
            self.full.push(std::mem::replace(&mut self.last, next));
        }
    }

    pub fn len(&self) -> usize {
        self.full.iter().map(Vec::len).sum::<usize>() + self.last.len()
    }

    /// Bytes of what waits.
    pub fn bytes(&self) -> usize {
        self.len() * size_of::<Waiting>()
    }

    /// Takes out what has a hash below this.
    pub fn below(&mut self, end: u128) -> Bucket {
        let mut taken = Bucket::default();
        let is_below = |w: &Waiting| u128::from(w.high) << 64 | u128::from(w.low) < end;
        self.all().copied().filter(is_below).for_each(|w| taken.push(w));
        self.retain(|w| !is_below(w));
        taken
    }

    /// Leaves out what `stays` is false for.
    pub fn retain(&mut self, stays: impl Fn(&Waiting) -> bool) {
        self.last.retain(&stays);
        self.full.iter_mut().for_each(|s| s.retain(&stays));
        self.full.retain(|s| !s.is_empty());
    }

    fn all(&self) -> impl Iterator<Item = &Waiting> {
        self.full.iter().flatten().chain(&self.last)
    }

    /// All of it in order, each kind as its rank.
    ///
    /// PERF: apart by the next bits at first, as many as leave a few at each place, so that little is to be compared.
    pub fn sorted(self, ranks: &[u32]) -> Vec<Waiting> {
        let places = (self.len() / FEW).next_power_of_two().clamp(1, PLACES);
        let place = |w: &Waiting| (w.high >> (56 - places.ilog2())) as usize & (places - 1);
        let mut ends = vec![0; places];
        self.all().for_each(|w| ends[place(w)] += 1);
        let mut all = 0;
        for end in &mut ends {
            (all, *end) = (all + *end, all);
        }
        let mut out = vec![Waiting { high: 0, low: 0, kind: 0, what: 0 }; all];
        let mut put = |w: Waiting| {
            let at = &mut ends[place(&w)];
            out[*at] = Waiting { kind: ranks[w.kind as usize], ..w };
            *at += 1;
        };
        self.full.into_iter().for_each(|s| s.into_iter().for_each(&mut put));
        self.last.into_iter().for_each(put);
        let mut from = 0;
        for end in ends {
            let some = &mut out[from..end];
            some.sort_unstable_by_key(|w| w.high);
            some.chunk_by_mut(|a, b| a.high == b.high).filter(|s| s.len() > 1).for_each(<[Waiting]>::sort_unstable);
            from = end;
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_comes_in_order() {
        let ranks = [2, 0, 1];
        let mut random = crate::base::Random::new(7);
        // Few hashes and many; such that differ in their first bits, in the last or not at all.
        for (n, hashes) in [(0, 1), (1, 1), (40, 3), (5 * STRETCH + 17, 40), (3 * STRETCH, 1 << 40)] {
            let (mut bucket, mut all) = (Bucket::default(), Vec::new());
            for _ in 0..n {
                let hash = random.below(hashes);
                let (high, low) = (((hash % 7) << 48) | (hash / 3 % 5), hash / 50 % 3);
                let w = Waiting { high, low, kind: random.below(3) as u32, what: random.below(9) as u32 };
                bucket.push(w);
                all.push(w);
            }
            assert!(bucket.len() == n && bucket.full.iter().chain([&bucket.last]).all(|s| s.capacity() <= STRETCH));
            bucket.retain(|w| w.what != 4);
            all.retain(|w| w.what != 4);
            assert_eq!(bucket.len(), all.len());
            for w in &mut all {
                w.kind = ranks[w.kind as usize];
            }
            all.sort();
            let middle = all.get(all.len() / 3).map_or(0, |w| u128::from(w.high) << 64 | u128::from(w.low));
            let before = bucket.below(middle);
            assert_eq!(before.len(), all.partition_point(|w| u128::from(w.high) << 64 | u128::from(w.low) < middle));
            assert_eq!([before.sorted(&ranks), bucket.sorted(&ranks)].concat(), all);
        }
    }
}
