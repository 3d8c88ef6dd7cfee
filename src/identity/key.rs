//! Keys, and the hashes under them.
//!
//! The user's key lives outside the index. It wraps a random *data key* that is stored in the index, so that the
//! user's key can be changed without hashing anything again. All hashes are BLAKE3 in keyed mode; each use has a key
//! of its own, derived from the data key by `derive_key` (BLAKE3 paper, section 2.3).

use std::cmp::Ordering;
use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hash, Hasher as StdHasher};

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};

use super::Beside;
use super::lanes::{Identifiers, Waiting};
use crate::base::Secret;

/// A 32-byte key. Prints nothing of itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(Secret);

/// A keyed hash of one normalised identifier together with its classifier; the only trace of a value in the index.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct IdHash(
    /// 16 bytes, uniformly distributed.
    pub [u8; 16],
);

impl Ord for IdHash {
    fn cmp(&self, other: &IdHash) -> Ordering {
        // PERF: in the order of their bytes, without a call: millions of them are sorted.
        u128::from_be_bytes(self.0).cmp(&u128::from_be_bytes(other.0))
    }
}

impl PartialOrd for IdHash {
    fn partial_cmp(&self, other: &IdHash) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for IdHash {
    fn hash<H: StdHasher>(&self, state: &mut H) {
        // Eight uniform bytes tell enough apart.
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        state.write_u64(u64::from_le_bytes([a, b, c, d, e, f, g, h]));
    }
}

/// A map by identifiers. PERF: they are hashes under a key, so that nobody can choose them to collide, and are not hashed again.
pub type ById<V> = HashMap<IdHash, V, BuildHasherDefault<AsIs>>;

/// Takes a uniform number for its own hash; what is not uniform, beside one, only tells apart what shares it.
#[derive(Clone, Copy, Debug, Default)]
pub struct AsIs(u64);

impl StdHasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|b| self.0 = self.0.rotate_left(8) ^ u64::from(*b));
    }

    fn write_u64(&mut self, n: u64) {
        // Of several all count: rows of one telephone and many people must not meet in one place.
        self.0 = self.0.rotate_left(23) ^ n;
    }
}

/// The opaque name of a consumer: prints as `c_` and 16 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConsumerId(
    /// 8 bytes, uniformly distributed.
    pub [u8; 8],
);

/// Why a key was refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum KeyError {
    /// Not 64 hexadecimal digits.
    #[error("a key is 64 hexadecimal digits (32 bytes); this one has another form")]
    Form,
    /// The key does not open what it was asked to open.
    #[error("this key does not belong to this index")]
    Wrong,
    /// The operating system gave no random numbers.
    #[error("the operating system gave no random bytes for a new key")]
    NoRandom,
}

impl Key {
    /// A new random key.
    pub fn random() -> Result<Key, KeyError> {
        let mut bytes = [0u8; 32];
        getrandom::fill(&mut bytes).map_err(|_| KeyError::NoRandom)?;
        Ok(Key(Secret::new(bytes)))
    }

    /// A key from its 64 hex digits; spaces and line ends around them are ignored.
    pub fn from_hex(text: &str) -> Result<Key, KeyError> {
        let text = text.trim().as_bytes();
        let digit = |b: u8| (b as char).to_digit(16).map(|d| d as u8).ok_or(KeyError::Form);
        if text.len() != 64 {
            return Err(KeyError::Form);
        }
        // With room for all: what grows leaves what it was behind.
        let mut bytes = Vec::with_capacity(32);
        let read = text.chunks(2).try_for_each(|p| {
            bytes.push(digit(p[0])? << 4 | digit(p[1])?);
            Ok(())
        });
        let bytes = Secret::new(bytes);
        read.map(|()| Key(bytes))
    }

    /// The 64 hex digits.
    ///
    /// PRIVACY: for the key file only.
    pub fn to_hex(&self) -> Secret {
        Secret::new(hex(self.0.expose()).into_bytes())
    }

    /// Whether it is one byte over and over, as what somebody typed for the time being.
    pub fn is_one_byte(&self) -> bool {
        self.0.expose().windows(2).all(|w| w[0] == w[1])
    }

    fn bytes(&self) -> [u8; 32] {
        let mut out = [0u8; 32];
        out.copy_from_slice(self.0.expose());
        out
    }

    pub(super) fn derive(&self, purpose: &str) -> [u8; 32] {
        blake3::derive_key(purpose, &self.bytes())
    }

    /// What the index stores to tell whether a key is its own: 16 hex digits that say nothing about the key.
    pub fn fingerprint(&self) -> String {
        hex(&blake3::keyed_hash(&self.derive("piimap 2026 key fingerprint"), b"piimap").as_bytes()[..8])
    }

    /// Encrypts another key under this one (XChaCha20-Poly1305).
    pub fn wrap(&self, data_key: &Key) -> Result<Vec<u8>, KeyError> {
        let mut nonce = [0u8; 24];
        getrandom::fill(&mut nonce).map_err(|_| KeyError::NoRandom)?;
        encrypt(&self.derive("piimap 2026 key wrap"), nonce, &data_key.bytes())
    }

    /// Decrypts a key that [`Key::wrap`] encrypted.
    pub fn unwrap(&self, wrapped: &[u8]) -> Result<Key, KeyError> {
        let bytes = decrypt(&self.derive("piimap 2026 key wrap"), wrapped)?;
        if bytes.expose().len() == 32 { Ok(Key(bytes)) } else { Err(KeyError::Wrong) }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.fingerprint())
    }
}

/// Hashes identifiers and seals names under one data key.
#[derive(Clone)]
pub struct Hasher {
    pub(super) identifier: [u8; 32],
    consumer: [u8; 32],
    name: [u8; 32],
    seal: [u8; 32],
    mark: [u8; 32],
    sample: [u8; 32],
    beside: [u8; 32],
}

impl Hasher {
    /// The hashes of this data key.
    pub fn new(data_key: &Key) -> Hasher {
        Hasher {
            identifier: data_key.derive("piimap 2026 identifier"),
            consumer: data_key.derive("piimap 2026 consumer"),
            name: data_key.derive("piimap 2026 name"),
            seal: data_key.derive("piimap 2026 seal"),
            mark: data_key.derive("piimap 2026 suppression"),
            sample: data_key.derive("piimap 2026 key sample"),
            beside: data_key.derive("piimap 2026 beside"),
        }
    }

    /// The hash of a normalised value of a classifier (its id is the namespace: order 17 is not customer 17).
    pub fn identifier(&self, namespace: &str, normalised: &[u8]) -> IdHash {
        let (name, all) = (namespace.len(), namespace.len() + 1 + normalised.len());
        let mut out = [0u8; 16];
        // PERF: almost all fit a block; hashed in one piece they cost half of what pieces cost.
        let mut block = [0u8; 64];
        if all <= block.len() {
            block[..name].copy_from_slice(namespace.as_bytes());
            block[name + 1..all].copy_from_slice(normalised);
            out.copy_from_slice(&blake3::keyed_hash(&self.identifier, &block[..all]).as_bytes()[..16]);
            block.fill(0);
        } else {
            let mut h = blake3::Hasher::new_keyed(&self.identifier);
            h.update(namespace.as_bytes()).update(&[0]).update(normalised);
            out.copy_from_slice(&h.finalize().as_bytes()[..16]);
        }
        IdHash(out)
    }

    /// Hashes many identifiers, at less than half of what each costs by itself.
    pub fn identifiers(&self) -> Identifiers<'_> {
        Identifiers::new(self)
    }

    /// The hashes by which the values of columns that may be keys are sampled and compared; none wait then.
    pub(super) fn key_samples<T>(&self, values: &mut Waiting<T>, each: &mut dyn FnMut(T, u64)) {
        values.hash(&self.sample, &mut |whose, [a, b, c, d, e, f, g, h, ..]| each(whose, u64::from_be_bytes([a, b, c, d, e, f, g, h])));
    }

    /// The consumer whose smallest identifier is this.
    pub fn consumer(&self, smallest: IdHash) -> ConsumerId {
        let mut out = [0u8; 8];
        out.copy_from_slice(&blake3::keyed_hash(&self.consumer, &smallest.0).as_bytes()[..8]);
        ConsumerId(out)
    }

    /// The same of many, in their order.
    pub fn consumers(&self, smallest: impl Iterator<Item = IdHash>, each: &mut dyn FnMut(ConsumerId)) {
        let mut waiting = Waiting::new();
        let mut hash = |waiting: &mut Waiting<()>| {
            waiting.hash(&self.consumer, &mut |(), [a, b, c, d, e, f, g, h, ..]| each(ConsumerId([a, b, c, d, e, f, g, h])));
        };
        for id in smallest {
            let _ = waiting.add(&[&id.0], ());
            if waiting.is_full() {
                hash(&mut waiting);
            }
        }
        hash(&mut waiting);
    }

    /// What an index keeps of an identifier that it was told to forget: enough to know it again, not what it was stored under.
    pub fn mark(&self, id: IdHash) -> [u8; 16] {
        let mut out = [0u8; 16];
        out.copy_from_slice(&blake3::keyed_hash(&self.mark, &id.0).as_bytes()[..16]);
        out
    }

    /// Seals what lies beside the index.
    pub fn beside(&self) -> Beside {
        Beside::new(&self.beside)
    }

    /// The hash of a name that may be personal data itself (a URI).
    pub fn name(&self, name: &str) -> [u8; 16] {
        let mut out = [0u8; 16];
        out.copy_from_slice(&blake3::keyed_hash(&self.name, name.as_bytes()).as_bytes()[..16]);
        out
    }

    /// Encrypts a name so that only the key's owner can read it. The nonce is a keyed hash of the name: the same name
    /// seals to the same bytes, which the index needs and which says no more than that they are equal.
    pub fn seal(&self, name: &str) -> Result<Vec<u8>, KeyError> {
        let mut nonce = [0u8; 24];
        nonce.copy_from_slice(&blake3::keyed_hash(&self.seal, name.as_bytes()).as_bytes()[..24]);
        encrypt(&self.seal, nonce, name.as_bytes())
    }

    /// Decrypts what [`Hasher::seal`] encrypted.
    pub fn open(&self, sealed: &[u8]) -> Result<String, KeyError> {
        String::from_utf8(decrypt(&self.seal, sealed)?.expose().to_vec()).map_err(|_| KeyError::Wrong)
    }
}

fn encrypt(key: &[u8; 32], nonce: [u8; 24], plain: &[u8]) -> Result<Vec<u8>, KeyError> {
    encrypt_in(key, nonce, b"", plain)
}

/// The same, to be opened in that context alone.
pub(super) fn encrypt_in(key: &[u8; 32], nonce: [u8; 24], context: &[u8], plain: &[u8]) -> Result<Vec<u8>, KeyError> {
    let payload = Payload { msg: plain, aad: context };
    let sealed = XChaCha20Poly1305::new(key.into()).encrypt(XNonce::from_slice(&nonce), payload).map_err(|_| KeyError::Wrong)?;
    Ok([&nonce[..], &sealed].concat())
}

fn decrypt(key: &[u8; 32], sealed: &[u8]) -> Result<Secret, KeyError> {
    decrypt_in(key, b"", sealed)
}

/// What [`encrypt_in`] gave in that context.
pub(super) fn decrypt_in(key: &[u8; 32], context: &[u8], sealed: &[u8]) -> Result<Secret, KeyError> {
    let (nonce, body) = sealed.split_at_checked(24).ok_or(KeyError::Wrong)?;
    let payload = Payload { msg: body, aad: context };
    XChaCha20Poly1305::new(key.into()).decrypt(XNonce::from_slice(nonce), payload).map(Secret::new).map_err(|_| KeyError::Wrong)
}

fn hex(bytes: &[u8]) -> String {
    // At once, and without pieces: it may be a key.
    let mut text = String::with_capacity(2 * bytes.len());
    bytes.iter().flat_map(|b| [b >> 4, b & 15]).for_each(|half| text.push(char::from_digit(half.into(), 16).unwrap_or('0')));
    text
}

impl fmt::Display for ConsumerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "c_{}", hex(&self.0))
    }
}

impl fmt::Debug for ConsumerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl ConsumerId {
    /// Reads the printed form.
    pub fn parse(text: &str) -> Option<ConsumerId> {
        let digits = text.strip_prefix("c_").filter(|d| d.len() == 16)?;
        Some(ConsumerId(u64::from_str_radix(digits, 16).ok()?.to_be_bytes()))
    }
}

impl fmt::Debug for IdHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdHash({}..)", hex(&self.0[..3]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    #[test]
    fn a_key_is_64_hex_digits() {
        assert!(Key::from_hex(HEX).is_ok());
        assert!(Key::from_hex(&format!(" {}\n", HEX.to_uppercase())).is_ok());
        for bad in ["", "00", &HEX[1..], &HEX.replace('f', "g"), &format!("{HEX}00")] {
            assert_eq!(Key::from_hex(bad).unwrap_err(), KeyError::Form);
        }
        assert_eq!(Key::from_hex(HEX).unwrap().to_hex().expose(), HEX.as_bytes());
        let is_one = |text: &str| Key::from_hex(text).unwrap().is_one_byte();
        assert!(is_one(&"0".repeat(64)) && is_one(&"ab".repeat(32)) && !is_one(HEX) && !is_one(&"abcd".repeat(16)));
    }

    #[test]
    fn only_the_right_key_unwraps() {
        let (user, other, data) = (Key::random().unwrap(), Key::random().unwrap(), Key::random().unwrap());
        let wrapped = user.wrap(&data).unwrap();
        assert_eq!(user.unwrap(&wrapped).unwrap(), data);
        assert_eq!(other.unwrap(&wrapped).unwrap_err(), KeyError::Wrong);
        assert_eq!(user.unwrap(&wrapped[..30]).unwrap_err(), KeyError::Wrong);
        assert_eq!(user.unwrap(&[]).unwrap_err(), KeyError::Wrong);
        assert_ne!(user.fingerprint(), other.fingerprint());
    }

    #[test]
    fn hashes_depend_on_key_namespace_and_value() {
        let (a, b) = (Hasher::new(&Key::from_hex(HEX).unwrap()), Hasher::new(&Key::random().unwrap()));
        let h = a.identifier("generic.email", b"jane@example.com");
        assert_eq!(h, a.identifier("generic.email", b"jane@example.com"));
        assert_ne!(h, a.identifier("generic.email", b"june@example.com"));
        assert_ne!(h, a.identifier("generic.username", b"jane@example.com"));
        assert_ne!(h, b.identifier("generic.email", b"jane@example.com"));
        let c = a.consumer(h);
        assert_eq!(ConsumerId::parse(&c.to_string()), Some(c));
        assert_eq!(ConsumerId::parse("c_12"), None);
    }

    #[test]
    fn names_are_sealed_and_opened() {
        let h = Hasher::new(&Key::random().unwrap());
        let sealed = h.seal("s3://b/jane@x.com.pdf").unwrap();
        assert!(!String::from_utf8_lossy(&sealed).contains("jane"));
        assert_eq!(h.open(&sealed).unwrap(), "s3://b/jane@x.com.pdf");
        assert_eq!(Hasher::new(&Key::random().unwrap()).open(&sealed).unwrap_err(), KeyError::Wrong);
    }

    #[test]
    fn printing_a_key_shows_no_key() {
        let k = Key::from_hex(HEX).unwrap();
        assert!(!format!("{k:?}").contains("0001020304"));
    }
}
