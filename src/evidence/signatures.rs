//! Signatures of digests, held against CloudTrail's public keys.
//!
//! A digest's signature lies in the metadata of its S3 object, and again in the digest after it: of all but the newest digest of a
//! chain it is known from files alone. Signed are four lines: the end of the digest's time, `bucket/object`, the SHA-256 of its
//! decompressed bytes in hex, and the signature of the digest before it in hex, or `null` (AWS CloudTrail user guide, "Custom
//! implementations of CloudTrail log file integrity validation"); the algorithm is RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017).

use std::collections::BTreeMap;

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use serde_json::Value;

use super::requests::text;

/// Public keys of CloudTrail by their fingerprints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKeys(BTreeMap<String, Vec<u8>>);

impl PublicKeys {
    /// Reads what `aws cloudtrail list-public-keys` prints: `{"PublicKeyList":[{"Value":…,"Fingerprint":…}]}`, the values RSA public
    /// keys (PKCS #1, DER) in base64. `None` if it is something else, or lists no key.
    pub fn parse(json: &[u8]) -> Option<PublicKeys> {
        let v: Value = serde_json::from_slice(json).ok()?;
        let key = |k: &Value| {
            let value = base64::engine::general_purpose::STANDARD.decode(text(k, "Value")?).ok()?;
            Some((text(k, "Fingerprint")?.to_ascii_lowercase(), value))
        };
        let keys = v["PublicKeyList"].as_array()?.iter().map(key).collect::<Option<BTreeMap<_, _>>>()?;
        (!keys.is_empty()).then_some(PublicKeys(keys))
    }

    /// Whether the key of this fingerprint is among them and has signed `message`.
    fn has_signed(&self, fingerprint: &str, message: &[u8], signature: &[u8]) -> bool {
        let key = self.0.get(&fingerprint.to_ascii_lowercase());
        key.is_some_and(|key| UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key).verify(message, signature).is_ok())
    }
}

/// What of a digest is signed, and the signature of the one before it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Signed {
    message: Vec<u8>,
    fingerprint: String,
    /// Of the digest before.
    pub before: Option<Vec<u8>>,
}

impl Signed {
    /// Of a digest whose bytes have this hash; empty where the digest does not say what is signed.
    pub fn of(digest: &Value, hash: &[u8; 32]) -> Signed {
        let before = text(digest, "previousDigestSignature").and_then(bytes);
        let message = || {
            let hex: String = hash.iter().map(|b| format!("{b:02x}")).collect();
            let (bucket, object) = (text(digest, "digestS3Bucket")?, text(digest, "digestS3Object")?);
            let last = text(digest, "previousDigestSignature").unwrap_or("null");
            Some(format!("{}\n{bucket}/{object}\n{hex}\n{last}", text(digest, "digestEndTime")?).into_bytes())
        };
        let fingerprint = text(digest, "digestPublicKeyFingerprint").unwrap_or_default().to_owned();
        Signed { message: message().unwrap_or_default(), fingerprint, before }
    }

    /// Whether this is its signature by one of the keys.
    pub fn is_signed(&self, keys: &PublicKeys, signature: &[u8]) -> bool {
        keys.has_signed(&self.fingerprint, &self.message, signature)
    }
}

/// The bytes of an even number of hex digits.
pub(super) fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digit = |d: u8| char::from(d).to_digit(16).map(|d| d as u8);
    let (pairs, odd) = hex.as_bytes().as_chunks::<2>();
    odd.is_empty().then(|| pairs.iter().map(|[a, b]| Some(digit(*a)? << 4 | digit(*b)?)).collect())?
}

/// What CloudTrail's keys say of digests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signatures {
    /// Digests that one of the keys has signed.
    pub good: u64,
    /// Names of digests that none has, by what the digest after them says.
    pub bad: Vec<String>,
    /// Digests of which nothing can be said: the digest after them is not here.
    pub unknown: u64,
}

#[cfg(test)]
pub(super) mod tests {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};

    use super::*;

    /// A key, and what `list-public-keys` prints of it.
    pub(in crate::evidence) fn key(fingerprint: &str) -> (RsaKeyPair, PublicKeys) {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let value = base64::engine::general_purpose::STANDARD.encode(pair.public_key().as_ref());
        let json = serde_json::json!({"PublicKeyList": [{"Value": value, "Fingerprint": fingerprint}]}).to_string();
        (pair, PublicKeys::parse(json.as_bytes()).unwrap())
    }

    /// The signature of a digest in hex, as its successor names it.
    pub(in crate::evidence) fn sign(pair: &RsaKeyPair, digest: &str) -> String {
        use sha2::Digest as _;
        let hash: [u8; 32] = sha2::Sha256::digest(digest.as_bytes()).into();
        let message = Signed::of(&serde_json::from_str(digest).unwrap(), &hash).message;
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &message, &mut signature).unwrap();
        signature.iter().map(|b| format!("{b:02x}")).collect()
    }

    #[test]
    fn keys_are_read_or_refused() {
        for bad in [
            "",
            "[]",
            "{}",
            "{\"PublicKeyList\":[]}",
            "{\"PublicKeyList\":[{\"Value\":\"?\",\"Fingerprint\":\"a\"}]}",
            "{\"PublicKeyList\":[{\"Value\":\"AA==\"}]}",
        ] {
            assert_eq!(PublicKeys::parse(bad.as_bytes()), None, "{bad}");
        }
        let (_, keys) = key("ab");
        assert!(!keys.has_signed("cd", b"x", b"y") && !keys.has_signed("AB", b"x", b"y"));
        let short = PublicKeys::parse(b"{\"PublicKeyList\":[{\"Value\":\"AA==\",\"Fingerprint\":\"a\"}]}").unwrap();
        assert!(!short.has_signed("a", b"x", b"y"), "what is no key has signed nothing");
    }

    #[test]
    fn hex_of_odd_length_is_none() {
        assert_eq!(bytes("0aff"), Some(vec![10, 255]));
        assert_eq!((bytes("0af"), bytes("+1"), bytes("éé")), (None, None, None));
    }
}
