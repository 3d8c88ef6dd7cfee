//! What lies beside an index for a while, and is nobody's but its owner's.

use super::Secret;

/// Hides what a file beside the index holds.
pub trait Seal: Send + Sync {
    /// A name for `text` that tells nothing of it to who has not the key: the same for the same text.
    fn name(&self, text: &str) -> [u8; 16];

    /// Encrypts `plain` so that it opens in the same `context` alone; `None` where the system gives no random bytes.
    fn seal(&self, context: &[u8], plain: &[u8]) -> Option<Vec<u8>>;

    /// Decrypts what [`Seal::seal`] encrypted; `None` for what is damaged, of another key or of another context.
    fn open(&self, context: &[u8], sealed: &[u8]) -> Option<Secret>;
}
