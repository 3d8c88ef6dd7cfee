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

/// What waits at one place, in stretches that are full but the last.
///
/// PERF: a single list that grows by doubling would have up to twice the room that it needs.
#[derive(Default)]
pub(super) struct Bucket(Vec<Vec<Waiting>>);

impl Bucket {
    pub fn push(&mut self, one: Waiting) {
        match self.0.last_mut() {
            Some(last) if last.len() < STRETCH => last.push(one),
            last => {
                // The first grows with what comes: most objects are small.
                let mut next = Vec::with_capacity(if last.is_some() { STRETCH } else { 0 });
                next.push(one);
                self.0.push(next);
            }
        }
    }

    pub fn len(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }

    /// Leaves out what `stays` is false for.
    pub fn retain(&mut self, stays: impl Fn(&Waiting) -> bool) {
        self.0.iter_mut().for_each(|s| s.retain(&stays));
        self.0.retain(|s| !s.is_empty());
    }

    /// All of it in order, each kind as its rank.
    ///
    /// PERF: apart by the next bits at first, so that little is to be compared.
    pub fn sorted(self, ranks: &[u32]) -> Vec<Waiting> {
        let place = |w: &Waiting| usize::from((w.high >> 48) as u8);
        let mut ends = [0; 256];
        self.0.iter().flatten().for_each(|w| ends[place(w)] += 1);
        let mut all = 0;
        for end in &mut ends {
            (all, *end) = (all + *end, all);
        }
        let mut out = vec![Waiting { high: 0, low: 0, kind: 0, what: 0 }; all];
        for w in self.0.into_iter().flatten() {
            let at = &mut ends[place(&w)];
            out[*at] = Waiting { kind: ranks[w.kind as usize], ..w };
            *at += 1;
        }
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
            assert!(bucket.len() == n && bucket.0.iter().all(|s| s.capacity() <= STRETCH));
            bucket.retain(|w| w.what != 4);
            all.retain(|w| w.what != 4);
            assert_eq!(bucket.len(), all.len());
            for w in &mut all {
                w.kind = ranks[w.kind as usize];
            }
            all.sort();
            assert_eq!(bucket.sorted(&ranks), all);
        }
    }
}
