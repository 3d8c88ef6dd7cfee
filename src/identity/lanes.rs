//! Many short values hashed at once: BLAKE3 in keyed mode (BLAKE3 paper, section 2), a value in each lane of a vector.
//!
//! PERF: a value of one block by itself waits for each of its own steps; beside fifteen others it takes less than half of that. What comes
//! out is what [`blake3::keyed_hash`] gives.

use super::key::{Hasher, IdHash};

/// Values that are hashed at once. PERF: 16 fill four registers of any x86-64; 8 are not taken for vectors by the compiler.
const LANES: usize = 16;

/// Values from which on it pays to fill the lanes that are left with nothing.
const WORTH: usize = 7;

/// Bytes of a block.
pub(super) const BLOCK: usize = 64;

/// The first words of the initial state that no key stands for.
const IV: [u32; 4] = [0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A];

/// The flags of a block that is all of a keyed message: start and end of a chunk, root, keyed.
const FLAGS: u32 = 1 | 2 | 8 | 16;

/// Where the words of a message stand in each round.
const ORDER: [[usize; 16]; 7] = {
    let moved = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8];
    let mut out = [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]; 7];
    let mut round = 1;
    while round < 7 {
        let mut at = 0;
        while at < 16 {
            out[round][at] = out[round - 1][moved[at]];
            at += 1;
        }
        round += 1;
    }
    out
};

/// What is mixed in a round: four words of the state, in columns, then in diagonals.
const MIXED: [[usize; 4]; 8] =
    [[0, 4, 8, 12], [1, 5, 9, 13], [2, 6, 10, 14], [3, 7, 11, 15], [0, 5, 10, 15], [1, 6, 11, 12], [2, 7, 8, 13], [3, 4, 9, 14]];

type Lanes = [u32; LANES];

/// Values that wait to be hashed under one key, each with what tells whose hash it is.
///
/// PRIVACY: they are raw; what is left of them is overwritten when they have been hashed, and when they wait no more.
pub(super) struct Waiting<T> {
    blocks: [[u8; BLOCK]; LANES],
    lengths: Lanes,
    whose: Vec<T>,
}

impl<T> Waiting<T> {
    /// None yet.
    pub fn new() -> Waiting<T> {
        Waiting { blocks: [[0; BLOCK]; LANES], lengths: [0; LANES], whose: Vec::with_capacity(LANES) }
    }

    /// Whether no more have room.
    pub fn is_full(&self) -> bool {
        self.whose.len() == LANES
    }

    /// Adds one, in parts; `false`: it is longer than a block, or no more have room.
    #[must_use]
    pub fn add(&mut self, parts: &[&[u8]], whose: T) -> bool {
        let (n, length) = (self.whose.len(), parts.iter().map(|p| p.len()).sum::<usize>());
        let Some(block) = self.blocks.get_mut(n).filter(|_| length <= BLOCK) else { return false };
        let mut at = 0;
        for part in parts {
            block[at..at + part.len()].copy_from_slice(part);
            at += part.len();
        }
        self.lengths[n] = length as u32;
        self.whose.push(whose);
        true
    }

    /// Gives the first 16 bytes of the hash of each; none wait then.
    pub fn hash(&mut self, key: &[u8; 32], each: &mut dyn FnMut(T, [u8; 16])) {
        if self.whose.len() < WORTH {
            for (whose, (block, length)) in self.whose.drain(..).zip(self.blocks.iter().zip(self.lengths)) {
                let mut out = [0; 16];
                out.copy_from_slice(&blake3::keyed_hash(key, &block[..length as usize]).as_bytes()[..16]);
                each(whose, out);
            }
        } else {
            let hashes = keyed(key, &self.blocks, &self.lengths);
            self.whose.drain(..).zip(hashes).for_each(|(whose, hash)| each(whose, hash));
        }
        self.wipe();
    }

    fn wipe(&mut self) {
        self.blocks = [[0; BLOCK]; LANES];
        self.lengths = [0; LANES];
        // The optimiser must not see that nobody reads the zeros.
        std::hint::black_box(&self.blocks);
    }
}

impl<T> Drop for Waiting<T> {
    fn drop(&mut self) {
        self.wipe();
    }
}

/// Hashes many identifiers; see [`Hasher::identifiers`].
pub struct Identifiers<'h> {
    hasher: &'h Hasher,
    waiting: Waiting<usize>,
}

impl<'h> Identifiers<'h> {
    pub(super) fn new(hasher: &'h Hasher) -> Identifiers<'h> {
        Identifiers { hasher, waiting: Waiting::new() }
    }

    /// Takes one, which the caller knows by a number; `each` is told hashes that are made, in any order.
    pub fn add(&mut self, namespace: &str, normalised: &[u8], number: usize, each: &mut dyn FnMut(usize, IdHash)) {
        if self.waiting.add(&[namespace.as_bytes(), &[0], normalised], number) {
            if self.waiting.is_full() {
                self.finish(each);
            }
        } else {
            each(number, self.hasher.identifier(namespace, normalised));
        }
    }

    /// Tells those that were not told.
    pub fn finish(&mut self, each: &mut dyn FnMut(usize, IdHash)) {
        self.waiting.hash(&self.hasher.identifier, &mut |number, hash| each(number, IdHash(hash)));
    }
}

/// The first 16 bytes of the keyed hash of each block, of which so many bytes count and the others are zero.
fn keyed(key: &[u8; 32], blocks: &[[u8; BLOCK]; LANES], lengths: &Lanes) -> [[u8; 16]; LANES] {
    let word = |bytes: &[u8], at: usize| u32::from_le_bytes([bytes[4 * at], bytes[4 * at + 1], bytes[4 * at + 2], bytes[4 * at + 3]]);
    let mut message: [Lanes; 16] = std::array::from_fn(|at| std::array::from_fn(|lane| word(&blocks[lane], at)));
    let mut state: [Lanes; 16] = std::array::from_fn(|at| match at {
        0..8 => [word(key, at); LANES],
        8..12 => [IV[at - 8]; LANES],
        14 => *lengths,
        15 => [FLAGS; LANES],
        _ => [0; LANES],
    });
    for order in &ORDER {
        for (mixed, words) in MIXED.iter().zip(order.as_chunks().0) {
            mix(&mut state, *mixed, words.map(|w: usize| &message[w]));
        }
    }
    let mut out = [[0; 16]; LANES];
    for (lane, out) in out.iter_mut().enumerate() {
        for (at, bytes) in out.as_chunks_mut().0.iter_mut().enumerate() {
            *bytes = (state[at][lane] ^ state[at + 8][lane]).to_le_bytes();
        }
    }
    // PRIVACY: the message is what was to be hashed, and the state tells of it. Nobody reads the zeros; they are written all the same.
    (message, state) = ([[0; LANES]; 16], [[0; LANES]; 16]);
    std::hint::black_box((&message, &state));
    out
}

#[inline(always)]
fn mix(state: &mut [Lanes; 16], [a, b, c, d]: [usize; 4], [x, y]: [&Lanes; 2]) {
    let (mut va, mut vb, mut vc, mut vd) = (state[a], state[b], state[c], state[d]);
    for lane in 0..LANES {
        let (mut a, mut b, mut c, mut d) = (va[lane], vb[lane], vc[lane], vd[lane]);
        a = a.wrapping_add(b).wrapping_add(x[lane]);
        d = (d ^ a).rotate_right(16);
        c = c.wrapping_add(d);
        b = (b ^ c).rotate_right(12);
        a = a.wrapping_add(b).wrapping_add(y[lane]);
        d = (d ^ a).rotate_right(8);
        c = c.wrapping_add(d);
        b = (b ^ c).rotate_right(7);
        (va[lane], vb[lane], vc[lane], vd[lane]) = (a, b, c, d);
    }
    (state[a], state[b], state[c], state[d]) = (va, vb, vc, vd);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::identity::Key;

    #[test]
    fn key_samples_of_any_length_and_number() {
        let key = Key::from_hex(&"3c".repeat(32)).unwrap();
        let (hasher, sample) = (Hasher::new(&key), key.derive("piimap 2026 key sample"));
        for length in [0, 1, 63, 64] {
            for many in [1, 6, 7, 15, 16, 17] {
                let values: Vec<Vec<u8>> = (0..many).map(|n| vec![n as u8 + 1; length]).collect();
                let (mut waiting, mut found) = (Waiting::new(), Vec::new());
                for (number, value) in values.iter().enumerate() {
                    assert!(waiting.add(&[value], number));
                    if waiting.is_full() {
                        hasher.key_samples(&mut waiting, &mut |number, hash| found.push((number, hash)));
                    }
                }
                hasher.key_samples(&mut waiting, &mut |number, hash| found.push((number, hash)));
                let alone = |v: &Vec<u8>| u64::from_be_bytes(*blake3::keyed_hash(&sample, v).as_bytes().first_chunk().unwrap());
                let wanted: Vec<(usize, u64)> = values.iter().map(alone).enumerate().collect();
                assert_eq!(found, wanted, "{many} of {length} bytes");
                assert!(waiting.blocks.as_flattened().iter().all(|b| *b == 0));
            }
        }
    }

    proptest! {
        #[test]
        fn many_are_hashed_as_each_by_itself(values in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..70), 0..70)) {
            let hasher = Hasher::new(&Key::from_hex(&"3c".repeat(32)).unwrap());
            let mut found = vec![None; values.len()];
            let mut each = |number: usize, hash| assert_eq!(found[number].replace(hash), None);
            let mut many = hasher.identifiers();
            for (number, value) in values.iter().enumerate() {
                many.add("generic.email", value, number, &mut each);
            }
            many.finish(&mut each);
            prop_assert!(many.waiting.blocks.iter().flatten().all(|b| *b == 0));
            let wanted: Vec<Option<IdHash>> = values.iter().map(|v| Some(hasher.identifier("generic.email", v))).collect();
            prop_assert_eq!(&found, &wanted);
            let mut consumers = Vec::new();
            hasher.consumers(found.iter().flatten().copied(), &mut |c| consumers.push(c));
            prop_assert_eq!(consumers, wanted.iter().flatten().map(|id| hasher.consumer(*id)).collect::<Vec<_>>());
        }
    }
}
