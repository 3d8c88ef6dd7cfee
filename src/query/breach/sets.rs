//! Whom each fact is said of: sets of numbers, bit by bit.
//!
//! Lists of objects come in any order and name people far apart; sets of one fact fit a cache, records of people do not. So lists are
//! joined into sets first, and all facts of neighbours are put together afterwards, in one walk over the numbers.

use crate::index::Numbers;

/// Words of 64 numbers in a chunk.
const WORDS: usize = 1 << 10;

type Chunk = [u64; WORDS];

/// A set a fact; only where there is somebody, there is a chunk.
#[derive(Default)]
pub(super) struct Sets {
    by_fact: Vec<Vec<Option<Box<Chunk>>>>,
}

impl Sets {
    /// Adds numbers to the set of a fact.
    pub fn add(&mut self, fact: usize, numbers: Numbers<'_>) {
        if self.by_fact.len() <= fact {
            self.by_fact.resize_with(fact + 1, Vec::new);
        }
        let chunks = &mut self.by_fact[fact];
        for n in numbers.iter() {
            let (chunk, word) = (n as usize / (64 * WORDS), n as usize / 64 % WORDS);
            if chunks.len() <= chunk {
                chunks.resize_with(chunk + 1, || None);
            }
            chunks[chunk].get_or_insert_with(|| Box::new([0; WORDS]))[word] |= 1 << (n % 64);
        }
    }

    /// Calls `step` for each number and fact of it, with what it gave for the fact before (0 for the first), and then `end` for each number
    /// with what came of it; numbers ascend.
    pub fn walk(&self, step: &mut impl FnMut(u32, usize) -> u32, end: &mut impl FnMut(u32, u32)) {
        let chunks = self.by_fact.iter().map(Vec::len).max().unwrap_or(0);
        for chunk in 0..chunks {
            let here: Vec<(usize, &Chunk)> =
                (0..).zip(&self.by_fact).filter_map(|(fact, all)| Some((fact, all.get(chunk)?.as_deref()?))).collect();
            for word in 0..WORDS {
                let (mut any, mut states) = (0u64, [0u32; 64]);
                for (fact, set) in &here {
                    let mut bits = set[word];
                    any |= bits;
                    while bits != 0 {
                        let bit = bits.trailing_zeros() as usize;
                        states[bit] = step(states[bit], *fact);
                        bits &= bits - 1;
                    }
                }
                while any != 0 {
                    let bit = any.trailing_zeros();
                    end((chunk * 64 * WORDS + word * 64) as u32 + bit, states[bit as usize]);
                    any &= any - 1;
                }
            }
        }
    }
}
