//! Keys that AWS KMS has encrypted: one line of text, which is of no use without the right to ask KMS.
//!
//! `piimap-kms1`, the ARN of the KMS key, the fingerprint of what is encrypted, and that in Base64, with blanks between. What is encrypted
//! are the 64 hex digits of a key file, so that `aws kms decrypt` gives one back without this program.

use std::fmt;
use std::time::Duration;

use anyhow::Context;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::base::Error;
use crate::identity::Key;
use crate::source::Options;
use crate::source::kms::Kms;

/// How the line begins.
const SCHEME: &str = "piimap-kms1";

/// What the context of the encryption is called: its value is the fingerprint. Logs of KMS tell it with each use, and a policy can ask for it.
pub(super) const CONTEXT: &str = "piimap-key";

/// A key that KMS has encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrapped {
    /// The ARN of the KMS key.
    pub kms: String,
    fingerprint: String,
    blob: Vec<u8>,
}

/// A key that cannot be had within a minute cannot be had: nothing else begins before.
fn options() -> Options {
    Options { attempts: 6, stall: Duration::from_secs(10), ..Options::default() }
}

fn told(e: Error) -> anyhow::Error {
    anyhow::anyhow!(e.detail)
}

impl Wrapped {
    /// Has `key` encrypted by the KMS key of this name, and decrypted again: an index must not be written under a key that cannot be had
    /// back.
    pub fn new(key: &Key, kms: &str) -> anyhow::Result<Wrapped> {
        let fingerprint = key.fingerprint();
        let encrypted = Kms::open(kms, &options()).and_then(|k| k.encrypt(&key.to_hex(), (CONTEXT, &fingerprint))).map_err(told)?;
        let wrapped = Wrapped { kms: encrypted.key, fingerprint, blob: encrypted.blob };
        anyhow::ensure!(Wrapped::parse(&wrapped.to_string())? == Some(wrapped.clone()), "the answer of AWS KMS is not what it should be");
        wrapped.open()?;
        Ok(wrapped)
    }

    /// Has it decrypted.
    pub fn open(&self) -> anyhow::Result<Key> {
        let hex = Kms::open(&self.kms, &options()).and_then(|k| k.decrypt(&self.blob, (CONTEXT, &self.fingerprint))).map_err(told)?;
        let key = std::str::from_utf8(hex.expose()).ok().and_then(|hex| Key::from_hex(hex).ok());
        let key = key.filter(|k| k.fingerprint() == self.fingerprint);
        key.context("what AWS KMS decrypted is not the key that was encrypted")
    }

    /// Reads the line; `None` for what does not begin as one.
    pub fn parse(text: &str) -> anyhow::Result<Option<Wrapped>> {
        let mut words = text.split_ascii_whitespace();
        if words.next() != Some(SCHEME) {
            return Ok(None);
        }
        let whole = "this encrypted key is not whole: it is one line of four words, as `piimap key` wrote it";
        let (Some(kms), Some(fingerprint), Some(blob), None) = (words.next(), words.next(), words.next(), words.next()) else {
            anyhow::bail!(whole);
        };
        let is_print = fingerprint.len() == 16 && fingerprint.bytes().all(|b| b.is_ascii_hexdigit());
        let blob = BASE64_STANDARD.decode(blob).ok().filter(|b| is_print && !b.is_empty() && kms.starts_with("arn:")).context(whole)?;
        Ok(Some(Wrapped { kms: kms.to_owned(), fingerprint: fingerprint.to_owned(), blob }))
    }
}

impl fmt::Display for Wrapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME} {} {} {}", self.kms, self.fingerprint, BASE64_STANDARD.encode(&self.blob))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_read_as_written_or_not_at_all() {
        let key = "arn:aws:kms:eu-west-1:111122223333:key/k";
        let wrapped = Wrapped { kms: key.to_owned(), fingerprint: "0123456789abcdef".to_owned(), blob: vec![1, 2, 3, 250] };
        let line = wrapped.to_string();
        assert_eq!(Wrapped::parse(&format!(" {line}\n")).unwrap(), Some(wrapped));
        assert_eq!(Wrapped::parse(&"ab".repeat(32)).unwrap(), None);
        assert_eq!(Wrapped::parse("").unwrap(), None);
        for cut in ["AQID+g==", "0123456789abcdef", key] {
            assert!(Wrapped::parse(line.split(cut).next().unwrap()).is_err(), "{cut}");
        }
        for (from, to) in [("AQID", "A*ID"), ("0123", "012x"), ("arn:", "key:"), ("AQID+g==", "")] {
            assert!(Wrapped::parse(&line.replace(from, to)).is_err(), "{to}");
        }
        assert!(Wrapped::parse(&format!("{line} more")).is_err());
    }
}
