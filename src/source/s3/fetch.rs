//! One request for a range of one object.

use std::ops::Range;
use std::sync::Arc;

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumMode, RequestPayer};
use bytes::Bytes;

use super::super::attempts::Failed;
use super::super::hand::Hand;
use super::super::pace::Slot;
use super::super::ranges::{Broken, Chunks, Ranged, changed, check, unquoted};
use super::{Bucket, retry};
use crate::base::{Object, Reason, Result, Timestamp};
use crate::source::Options;

/// An object version to be read.
#[derive(Clone)]
pub(super) struct Target {
    pub bucket: Arc<Bucket>,
    /// By whose connections.
    pub client: Client,
    pub key: String,
    pub version: Version,
    /// For a version that is not the latest.
    pub version_id: Option<String>,
    /// As listed.
    pub size: u64,
}

/// How a response shows that it is of the listed version.
#[derive(Clone)]
pub(super) enum Version {
    /// Its ETag, without quotes.
    Etag(String),
    /// The server lists no ETags: its time of modification, which HTTP gives in seconds.
    Modified(Option<Timestamp>),
}

const NO_ETAG: &str = "modified-";

impl Version {
    /// The version of an object as it was listed.
    pub fn of(object: &Object) -> Version {
        match object.version.starts_with(NO_ETAG) {
            true => Version::Modified(object.modified),
            false => Version::Etag(object.version.clone()),
        }
    }

    /// The text that stands for the version of an object without ETag.
    pub fn without_etag(modified: Option<Timestamp>, size: u64) -> String {
        format!("{NO_ETAG}{}-{size}", modified.map_or(0, |t| t.0))
    }
}

impl Ranged for Target {
    type Body = Body;

    fn size(&self) -> u64 {
        self.size
    }

    /// Google's servers speak HTTP/2.
    fn shares_connections(&self) -> bool {
        self.bucket.scheme == "gs"
    }

    fn options(&self) -> &Options {
        &self.bucket.options
    }

    fn on(&self, hand: &Hand) -> Option<Target> {
        Some(Target { client: self.bucket.client_of(hand), ..self.clone() })
    }

    async fn turn(&self) -> Option<Slot<'_>> {
        Some(self.bucket.pace.enter().await)
    }

    async fn ask(&self, range: Range<u64>) -> Result<Body, Failed> {
        // S3 has check sums of whole objects: one that is asked for as a whole comes with its own, which the SDK then holds against
        // the bytes. Google's server knows others, and without a range it may send what it has unpacked.
        let whole = range == (0..self.size) && self.bucket.scheme == "s3";
        let mut answer = self.send(&range, whole).await?;
        // An answer without a length may have anything behind its bytes, which the SDK cannot read where it looks for a check sum, and
        // may be another form of the object than the one that was stored.
        let odd = whole && !range.is_empty() && answer.content_length().is_none();
        if odd {
            answer = self.send(&range, false).await?;
        }
        self.check(&answer, &range)?;
        let checked = whole && !odd && has_sum(&answer);
        Ok(Body { stream: answer.body, checked })
    }
}

/// What an answer's bytes come in.
pub(super) struct Body {
    stream: ByteStream,
    /// Whether the SDK holds a check sum of the whole object against the bytes.
    checked: bool,
}

impl Chunks for Body {
    async fn next(&mut self) -> Option<Result<Bytes, Broken>> {
        self.stream.next().await.map(|chunk| chunk.map_err(|e| broken(&e)))
    }

    fn checked(&self) -> bool {
        self.checked
    }
}

/// Whether an answer has a check sum of its bytes; those of objects in parts are none (`…-3`).
fn has_sum(a: &GetObjectOutput) -> bool {
    let sums = [a.checksum_crc32(), a.checksum_crc32_c(), a.checksum_crc64_nvme(), a.checksum_sha1(), a.checksum_sha256()];
    sums.into_iter().flatten().any(|sum| !sum.contains('-'))
}

/// What the SDK means. Its error for check sums has a name only in a library of its own, so that it is known by its text.
fn broken(e: &(dyn std::error::Error + 'static)) -> Broken {
    let says = |e: &(dyn std::error::Error + 'static)| e.to_string().contains("checksum mismatch");
    match std::iter::successors(Some(e), |e| e.source()).any(says) {
        true => Broken::Sum,
        false => Broken::Connection,
    }
}

impl Target {
    /// One request for a range, or for all of the object with its check sum.
    async fn send(&self, range: &Range<u64>, whole: bool) -> Result<GetObjectOutput, Failed> {
        let request = self
            .client
            .get_object()
            .bucket(&self.bucket.name)
            .key(&self.key)
            .set_range((!whole && !range.is_empty()).then(|| format!("bytes={}-{}", range.start, range.end - 1)))
            .set_checksum_mode(whole.then_some(ChecksumMode::Enabled))
            .set_if_match(match &self.version {
                Version::Etag(tag) => Some(format!("\"{tag}\"")),
                Version::Modified(_) => None,
            })
            .set_version_id(self.version_id.clone())
            .set_expected_bucket_owner(self.bucket.options.expected_owner.clone())
            .set_request_payer(self.bucket.options.requester_pays.then_some(RequestPayer::Requester));
        request.send().await.map_err(|e| retry::sort(&e))
    }

    /// Whether the answer is of the listed version and of the range. Some servers ignore `If-Match`.
    fn check(&self, a: &GetObjectOutput, range: &Range<u64>) -> Result<(), Failed> {
        if let Some(metadata) = a.metadata().filter(|m| is_client_side_encrypted(|k| m.contains_key(k))) {
            let with = metadata.get("x-amz-matdesc").is_some_and(|d| d.contains("kms_cmk_id"));
            let key = if with { "a KMS key" } else { "a key of the writer's" };
            return Err(Failed::for_good(Reason::Encrypted, format!("encrypted by its writer before the upload, under {key}")));
        }
        match (&self.version, a.e_tag()) {
            (Version::Etag(listed), Some(tag)) if unquoted(tag) != listed => return Err(changed("the ETag")),
            (Version::Modified(Some(listed)), _) => {
                let now = a.last_modified().map(|t| t.secs());
                if now.is_some_and(|s| s != listed.0.div_euclid(1000)) {
                    return Err(changed("the time of modification"));
                }
            }
            // Without a range nothing but its length says what should come: what is shorter and of the right version was cut off.
            (Version::Etag(_), Some(_)) if a.content_range().is_none() && a.content_length().is_some_and(|l| (l as u64) < range.end) => {
                return Err(Failed::again("the data ended too early"));
            }
            _ => {}
        }
        // Google's server unpacks objects that were stored packed, and says neither what it sends nor how much.
        if !range.is_empty() && a.content_length().is_none() && a.content_range().is_none() {
            let detail = "the answer tells neither its length nor its range: it may not be the bytes that were stored";
            return Err(Failed::for_good(Reason::Io, detail));
        }
        check(range, self.size, a.content_range(), a.content_length().and_then(|l| u64::try_from(l).ok()))
    }
}

/// Whether an object's metadata says that the client encrypted it: an envelope key, under the names of the three
/// generations of the S3 encryption client (the first is what Redshift's `UNLOAD … ENCRYPTED` writes).
fn is_client_side_encrypted(has: impl Fn(&str) -> bool) -> bool {
    (has("x-amz-key") && has("x-amz-iv")) || has("x-amz-key-v2") || (has("x-amz-3") && has("x-amz-c"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encryption_by_the_client_is_noticed() {
        for (names, yes) in [
            (&["x-amz-key", "x-amz-iv"][..], true),
            (&["x-amz-key-v2", "x-amz-iv", "x-amz-cek-alg"], true),
            (&["x-amz-3", "x-amz-c"], true),
            (&["x-amz-iv"], false),
            (&["author"], false),
        ] {
            assert_eq!(is_client_side_encrypted(|k| names.contains(&k)), yes, "{names:?}");
        }
    }
}
