//! What lies beside an index, under its data key.

use super::key::{decrypt_in, encrypt_in};
use crate::base::{Seal, Secret};

/// Seals files beside an index; made by [`super::Hasher::beside`]. A new key of the user's opens them as well.
pub struct Beside {
    name: [u8; 32],
    seal: [u8; 32],
}

impl Beside {
    pub(super) fn new(key: &[u8; 32]) -> Beside {
        Beside { name: blake3::derive_key("piimap 2026 beside name", key), seal: blake3::derive_key("piimap 2026 beside seal", key) }
    }
}

impl Seal for Beside {
    fn name(&self, text: &str) -> [u8; 16] {
        let mut out = [0; 16];
        out.copy_from_slice(&blake3::keyed_hash(&self.name, text.as_bytes()).as_bytes()[..16]);
        out
    }

    fn seal(&self, context: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
        let mut nonce = [0u8; 24];
        getrandom::fill(&mut nonce).ok()?;
        encrypt_in(&self.seal, nonce, context, plain).ok()
    }

    fn open(&self, context: &[u8], sealed: &[u8]) -> Option<Secret> {
        decrypt_in(&self.seal, context, sealed).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_under_its_key_and_in_its_context_alone() {
        let (one, other) = (Beside::new(&[1; 32]), Beside::new(&[2; 32]));
        let sealed = one.seal(b"here", b"jane@example.com").unwrap();
        assert_eq!(one.open(b"here", &sealed).unwrap().expose(), b"jane@example.com");
        assert!(!sealed.windows(4).any(|w| w == b"jane"));
        assert!(one.open(b"there", &sealed).is_none() && other.open(b"here", &sealed).is_none());
        for at in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[at] ^= 1;
            assert!(one.open(b"here", &damaged).is_none() && one.open(b"here", &sealed[..at]).is_none(), "{at}");
        }
        assert_ne!(sealed, one.seal(b"here", b"jane@example.com").unwrap(), "no two are alike");
        assert!(one.name("a") == one.name("a") && one.name("a") != other.name("a") && one.name("a") != one.name("b"));
    }
}
