//! Which texts were given.

use std::collections::HashSet;

/// Texts that were met. PRIVACY: kept as halves of their hashes, in memory alone.
#[derive(Default)]
pub(super) struct Seen(HashSet<[u8; 16]>);

impl Seen {
    /// Whether the text is met for the first time.
    pub fn insert(&mut self, text: impl AsRef<str>) -> bool {
        let hash = blake3::hash(text.as_ref().as_bytes());
        self.0.insert(std::array::from_fn(|i| hash.as_bytes()[i]))
    }
}
