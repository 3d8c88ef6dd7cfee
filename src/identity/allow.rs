//! Values that somebody allows: known by a keyed hash of their normal form, never by themselves.
//!
//! The hash is under the user's key, not under the key of an index: one piimap.toml serves several indexes. An entry says
//! under which key it was made, so that one of another key is noticed instead of allowing nothing.

use std::collections::HashSet;

use super::key::Key;

/// How an entry begins.
const SCHEME: &str = "allow1";

/// A hashed value: prints as `allow1:`, 16 hex digits that tell the key, `:`, 32 hex digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedValue {
    key: String,
    hash: [u8; 16],
}

/// Why an entry is of no use.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum AllowError {
    /// It has not the form of one.
    #[error("this is no allowed value; `piimap classifiers allow -` makes one without writing the value down")]
    Form,
    /// It belongs to another key.
    #[error("an allowed value was hashed under another key; add it again with `piimap classifiers allow -`")]
    OtherKey,
}

/// Hashes values under one key.
#[derive(Clone)]
pub struct Allower {
    secret: [u8; 32],
    fingerprint: String,
}

impl Allower {
    /// For entries under this key.
    pub fn new(key: &Key) -> Allower {
        Allower { secret: key.derive("piimap 2026 allowed value"), fingerprint: key.fingerprint() }
    }

    /// The entry of a value in its normal form.
    pub fn entry(&self, normal: &[u8]) -> AllowedValue {
        AllowedValue { key: self.fingerprint.clone(), hash: self.hash(normal) }
    }

    /// The hash that is looked up; letters have no case.
    pub fn hash(&self, normal: &[u8]) -> [u8; 16] {
        let mut h = blake3::Hasher::new_keyed(&self.secret);
        match std::str::from_utf8(normal) {
            Ok(text) => h.update(text.to_lowercase().as_bytes()),
            Err(_) => h.update(&normal.to_ascii_lowercase()),
        };
        let mut out = [0u8; 16];
        out.copy_from_slice(&h.finalize().as_bytes()[..16]);
        out
    }

    /// The hashes of entries; an error if one was made under another key.
    pub fn set(&self, entries: &[AllowedValue]) -> Result<HashSet<[u8; 16]>, AllowError> {
        let hash = |e: &AllowedValue| if e.key == self.fingerprint { Ok(e.hash) } else { Err(AllowError::OtherKey) };
        entries.iter().map(hash).collect()
    }
}

impl AllowedValue {
    /// Reads the printed form.
    pub fn parse(text: &str) -> Result<AllowedValue, AllowError> {
        let mut parts = text.trim().split(':');
        let (Some(SCHEME), Some(key), Some(hex), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
            return Err(AllowError::Form);
        };
        let is_hex = |t: &str, n: usize| t.len() == n && t.bytes().all(|b| b.is_ascii_hexdigit());
        if !is_hex(key, 16) || !is_hex(hex, 32) {
            return Err(AllowError::Form);
        }
        let n = u128::from_str_radix(hex, 16).map_err(|_| AllowError::Form)?;
        Ok(AllowedValue { key: key.to_ascii_lowercase(), hash: n.to_be_bytes() })
    }
}

impl std::fmt::Display for AllowedValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{SCHEME}:{}:{:032x}", self.key, u128::from_be_bytes(self.hash))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read_as_written_and_belong_to_a_key() {
        let (one, two) = (Allower::new(&Key::random().unwrap()), Allower::new(&Key::random().unwrap()));
        let entry = one.entry(b"jane@example.com");
        assert_eq!(AllowedValue::parse(&entry.to_string()), Ok(entry.clone()));
        assert!(!entry.to_string().contains("jane"));
        assert!(one.set(std::slice::from_ref(&entry)).unwrap().contains(&one.hash("JANE@example.com".as_bytes())));
        assert_eq!(two.set(&[entry]), Err(AllowError::OtherKey));
        assert_ne!(one.hash(b"x"), two.hash(b"x"));
        for bad in [
            "",
            "jane@example.com",
            "allow1:00:11",
            "allow1:0123456789abcdef:zz",
            "allow2:0123456789abcdef:00112233445566778899aabbccddeeff",
        ] {
            assert_eq!(AllowedValue::parse(bad), Err(AllowError::Form), "{bad}");
        }
    }
}
