//! Keys of AWS KMS: a few bytes are encrypted and decrypted there, by a key that never leaves it.
//!
//! What is encrypted is somebody's secret: it is in no error, goes to no server but KMS, and what this module holds of it is overwritten. The
//! library that speaks HTTP, and what we hand it to be sent, are not.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::json;

use super::signed::{Message, Service, Signed, is_region};
use super::{Options, aws};
use crate::base::{Error, Reason, Result, Secret};

const KMS: Service = Service { name: "kms", endpoint: "AWS_ENDPOINT_URL_KMS" };

/// Keys of one region.
pub struct Kms {
    signed: Signed,
    options: Options,
    key: String,
}

/// The region of the ARN of a key or of an alias, and its last word, `key/ID` or `alias/NAME`; `None` for anything else. Who can change an ARN
/// must not be able to send requests anywhere but to KMS.
pub fn arn(text: &str) -> Option<(&str, &str)> {
    let parts: Vec<&str> = text.split(':').collect();
    let ["arn", partition, "kms", region, account, name] = parts[..] else { return None };
    let is_partition = partition.starts_with("aws") && partition.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    let is_account = !account.is_empty() && account.bytes().all(|b| b.is_ascii_digit());
    let named = name.strip_prefix("key/").or_else(|| name.strip_prefix("alias/")).is_some_and(is_name);
    (is_partition && is_region(region) && is_account && named).then_some((region, name))
}

/// Whether it can be an id, or what stands behind `alias/`.
fn is_name(text: &str) -> bool {
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"/_-.".contains(&b));
    plain && !text.ends_with('/') && text.contains(|c: char| c.is_ascii_alphanumeric())
}

/// What came of an encryption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encrypted {
    /// The ARN of the key that encrypted it, by whatever name it was asked for.
    pub key: String,
    /// What only this key decrypts.
    pub blob: Vec<u8>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer<'a> {
    key_id: Option<&'a str>,
    ciphertext_blob: Option<&'a str>,
    plaintext: Option<&'a str>,
}

impl Kms {
    /// The key of this name: an ARN, whose region is asked, or an id or `alias/NAME` in the region of `options`. Asks for credentials,
    /// and KMS for nothing yet. Fails for what names no key, where there are no credentials, and where the environment's
    /// `AWS_ENDPOINT_URL_KMS` would have secrets sent in the clear.
    pub fn open(key: &str, options: &Options) -> Result<Kms> {
        let region = match (arn(key), key.strip_prefix("alias/").unwrap_or(key)) {
            (Some((region, _)), _) => Some(region.to_owned()),
            (None, name) if is_name(name) => options.region.clone(),
            _ => {
                let detail = "name a key of AWS KMS by its ARN, such as arn:aws:kms:eu-west-1:111122223333:alias/piimap";
                return Err(Error::new(Reason::NotFound, detail));
            }
        };
        let options = Options { region, ..options.clone() };
        let config = aws::configuration(&options).map_err(|e| match (e.reason, &options.profile) {
            (Reason::AccessDenied, None) => Error::new(
                e.reason,
                "no AWS credentials to ask AWS KMS by, which are those of the environment, whatever --profile says: set AWS_ACCESS_KEY_ID and \
                 AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or run `aws sso login`",
            ),
            _ => e,
        })?;
        let signed = Signed::in_private(&config, &options, &KMS)?;
        Ok(Kms { signed, options, key: key.to_owned() })
    }

    /// Encrypts up to 4 KiB, to be decrypted in this context alone, a name and a value that stand in the logs of KMS.
    pub fn encrypt(&self, plain: &Secret, context: (&str, &str)) -> Result<Encrypted> {
        let text = Secret::new(BASE64_STANDARD.encode(plain.expose()));
        let text = std::str::from_utf8(text.expose()).map_err(|_| other())?;
        let answer = self.ask("Encrypt", ("Plaintext", text), context)?;
        let answer: Answer<'_> = serde_json::from_slice(answer.expose()).map_err(|_| other())?;
        let blob = answer.ciphertext_blob.and_then(|b| BASE64_STANDARD.decode(b).ok());
        match (answer.key_id, blob) {
            (Some(key), Some(blob)) if !blob.is_empty() => Ok(Encrypted { key: key.to_owned(), blob }),
            _ => Err(other()),
        }
    }

    /// Decrypts what [`Kms::encrypt`] gave for this key, in the same context.
    pub fn decrypt(&self, blob: &[u8], context: (&str, &str)) -> Result<Secret> {
        let answer = self.ask("Decrypt", ("CiphertextBlob", &BASE64_STANDARD.encode(blob)), context)?;
        let answer: Answer<'_> = serde_json::from_slice(answer.expose()).map_err(|_| other())?;
        answer.plaintext.and_then(|p| BASE64_STANDARD.decode(p).ok()).map(Secret::new).ok_or_else(other)
    }

    fn ask(&self, operation: &str, what: (&str, &str), context: (&str, &str)) -> Result<Secret> {
        let target = if operation == "Encrypt" { "TrentService.Encrypt" } else { "TrentService.Decrypt" };
        // In pieces: a tree of values would keep a copy that nobody overwrites. Base64 needs no escapes.
        let rest = json!({"KeyId": self.key, "EncryptionContext": { context.0: context.1 }}).to_string();
        let pieces = ["{\"", what.0, "\":\"", what.1, "\",", rest.trim_start_matches('{')];
        // At once: a text that grows leaves what it was behind.
        let mut body = String::with_capacity(pieces.iter().map(|p| p.len()).sum());
        pieces.iter().for_each(|p| body.push_str(p));
        let message = Message { path: "/", media: "application/x-amz-json-1.1", target: Some(target), body };
        let answer = self.signed.ask(&KMS, &message, &self.options);
        drop(Secret::new(message.body));
        answer.map(Secret::new).map_err(|e| explained(e, operation, &self.key, self.signed.region()))
    }
}

fn other() -> Error {
    Error::new(Reason::Malformed, "the answer of AWS KMS is not what it should be")
}

/// A refusal by what helps against it.
fn explained(e: Error, operation: &str, key: &str, region: &str) -> Error {
    let said = |codes: &[&str]| codes.iter().any(|c| e.detail.split([' ', ':']).any(|word| word == *c));
    let detail = if said(&["AccessDeniedException", "AccessDenied"]) {
        format!(
            "AWS KMS refuses: allow kms:{operation} on {key} by a policy of these credentials (`piimap init --iam-policy --kms KEY` prints it) or of the key; \
             or the key is gone, or lies in another account or region than {region}"
        )
    } else if said(&["NotFoundException"]) {
        format!("there is no {key} in {region}: name the key by its ARN, or its region by AWS_REGION")
    } else if said(&["DisabledException"]) {
        format!("{key} is disabled: `aws kms enable-key` enables it again")
    } else if said(&["KMSInvalidStateException", "KMSInvalidState"]) {
        format!(
            "{key} cannot be used in its present state. If it waits for its deletion, `aws kms cancel-key-deletion` and `aws kms enable-key` \
             save it: what it encrypted cannot be decrypted any more once it is gone"
        )
    } else if said(&["InvalidCiphertextException"]) {
        "AWS KMS cannot decrypt it: it was changed or cut off, or its fingerprint is another key's; take a copy of it".to_owned()
    } else if said(&["IncorrectKeyException"]) {
        format!("it was not encrypted by {key}")
    } else if said(&["InvalidKeyUsageException"]) {
        format!("{key} does not encrypt: take a symmetric key (ENCRYPT_DECRYPT, SYMMETRIC_DEFAULT)")
    } else if said(&[
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "RequestExpired",
        "RequestTimeTooSkewed",
    ]) {
        format!(
            "AWS does not accept the signature by these credentials ({}): renew them, or name others by AWS_PROFILE; or the clock of this machine is wrong",
            e.detail
        )
    } else if said(&[
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "ExpiredToken",
        "ExpiredTokenException",
    ]) {
        format!("AWS does not accept these credentials ({}): renew them, or name others by AWS_PROFILE", e.detail)
    } else {
        format!("AWS KMS in {region}: {}", e.detail)
    };
    Error::new(e.reason, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_named_as_kms_names_them() {
        for wrong in [
            "",
            "alias/",
            "arn:aws:kms:eu-west-1:1:grant/x",
            "arn:aws:s3:::bucket",
            "arn:aws:kms:eu-west-1:1:key/",
            "arn:aws:kms:evil.example/:1:key/x",
            "arn:aws:kms:evil.example:1:key/x",
            "arn:aws:kms:EU-WEST-1:1:key/x",
            "arn:aws:kms::1:key/x",
            "arn:aws:kms:eu-west-1::key/x",
            "arn:aws:kms:eu-west-1:one:key/x",
            "arn:evil:kms:eu-west-1:1:key/x",
            "arn::kms:eu-west-1:1:key/x",
            "arn:aws/:kms:eu-west-1:1:key/x",
            "arn:aws:kms:eu-west-1:1:key/x:y",
            "kms://x",
            "a key",
            "x:y",
        ] {
            let e = Kms::open(wrong, &Options::default()).err().unwrap();
            assert!(e.detail.contains("name a key of AWS KMS by its ARN"), "{wrong}: {}", e.detail);
        }
        for (right, (region, name)) in [
            ("arn:aws:kms:eu-west-1:111122223333:key/mrk-12_ab", ("eu-west-1", "key/mrk-12_ab")),
            ("arn:aws-us-gov:kms:us-gov-west-1:1:alias/team/piimap", ("us-gov-west-1", "alias/team/piimap")),
            ("arn:aws-cn:kms:cn-north-1:1:key/k", ("cn-north-1", "key/k")),
        ] {
            assert_eq!(arn(right), Some((region, name)), "{right}");
        }
    }

    #[test]
    fn every_refusal_says_what_helps() {
        let key = "arn:aws:kms:eu-west-1:1:key/k";
        let told = |detail: &str| explained(Error::new(Reason::Io, detail), "Decrypt", key, "eu-west-1");
        for (code, says) in [
            ("AccessDeniedException", "allow kms:Decrypt on arn:aws:kms:eu-west-1:1:key/k"),
            ("NotFoundException", "in eu-west-1: name the key by its ARN"),
            ("DisabledException", "aws kms enable-key"),
            ("KMSInvalidStateException", "cancel-key-deletion"),
            ("InvalidCiphertextException", "changed or cut off"),
            ("IncorrectKeyException", "not encrypted by"),
            ("InvalidKeyUsageException", "SYMMETRIC_DEFAULT"),
            ("ExpiredTokenException", "renew them"),
            ("UnrecognizedClientException", "AWS_PROFILE"),
            ("InvalidSignatureException", "or the clock of this machine is wrong"),
            ("SomethingNewException", "HTTP 400 SomethingNewException"),
        ] {
            let e = told(&format!("HTTP 400 {code}"));
            assert!(e.detail.contains(says), "{code}: {}", e.detail);
        }
        let e = explained(Error::new(Reason::Network, "given up after 6 attempts: HTTP 500 KeyUnavailableException"), "Decrypt", key, "r");
        assert!(e.reason == Reason::Network && e.detail.starts_with("AWS KMS in r: given up after 6 attempts"), "{}", e.detail);
    }
}
