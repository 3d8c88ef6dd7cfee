//! Hashes of small numbers of our own.

use std::hash::{BuildHasherDefault, Hasher};

/// Spreads small numbers over a table; they are ours, nobody chooses them to collide.
#[derive(Default)]
pub struct NumberHasher(u64);

impl Hasher for NumberHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|b| self.write_u64(u64::from(*b)));
    }

    fn write_u64(&mut self, n: u64) {
        self.0 = (self.0 ^ n).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23);
    }

    fn write_i64(&mut self, n: i64) {
        self.write_u64(n as u64);
    }
}

/// A table by such numbers.
pub type ByNumber<K, V> = std::collections::HashMap<K, V, BuildHasherDefault<NumberHasher>>;
