//! One range of one object, whatever the network does.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::RequestPayer;
use bytes::{Bytes, BytesMut};
use tokio::time::{Instant, timeout};

use super::Bucket;
use super::listing::unquoted;
use super::retry::{self, Attempts, Failed};
use crate::base::{Error, Object, Reason, Result, Timestamp};

/// Bytes that count as progress, so that a server that gives a byte a connection does not hold us for ever.
const PROGRESS: usize = 64 << 10;

/// An object version to be read.
pub(super) struct Target {
    pub bucket: Arc<Bucket>,
    pub key: String,
    pub version: Version,
    /// For a version that is not the latest.
    pub version_id: Option<String>,
    /// As listed.
    pub size: u64,
}

/// How a response shows that it is of the listed version.
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

impl Target {
    /// The bytes of a range that lies within the object; for an empty range the object is asked for all the same.
    ///
    /// Memory: the range, once. Time: bounded by attempts, stall and backoff of the options.
    pub async fn fetch(&self, range: Range<u64>) -> Result<Bytes> {
        let want = (range.end - range.start) as usize;
        let mut got = BytesMut::with_capacity(want);
        let mut attempts = Attempts::new(&self.bucket.options);
        let mut counted = 0;
        loop {
            let failed = match self.attempt(&range, &mut got, want).await {
                Ok(()) => return Ok(got.freeze()),
                Err(f) => f,
            };
            if got.len() - counted >= PROGRESS {
                counted = got.len();
                attempts.progress();
            }
            attempts.after(failed).await?;
        }
    }

    /// One request for what is missing in `got`; what arrived stays there.
    async fn attempt(&self, range: &Range<u64>, got: &mut BytesMut, want: usize) -> Result<(), Failed> {
        let from = range.start + got.len() as u64;
        let stall = self.bucket.options.stall;
        let request = self
            .bucket
            .client
            .get_object()
            .bucket(&self.bucket.name)
            .key(&self.key)
            .set_range((want > 0).then(|| format!("bytes={from}-{}", range.end - 1)))
            .set_if_match(match &self.version {
                Version::Etag(tag) => Some(format!("\"{tag}\"")),
                Version::Modified(_) => None,
            })
            .set_version_id(self.version_id.clone())
            .set_expected_bucket_owner(self.bucket.options.expected_owner.clone())
            .set_request_payer(self.bucket.options.requester_pays.then_some(RequestPayer::Requester));
        let mut answer = match timeout(stall, request.send()).await {
            Ok(Ok(a)) => a,
            Ok(Err(e)) => return Err(retry::sort(&e)),
            Err(_) => return Err(Failed::again("no answer in time")),
        };
        self.check(&answer, from, range.end)?;
        if want == 0 {
            return Ok(());
        }
        receive(&mut answer.body, got, want, stall, self.bucket.options.min_rate).await
    }

    /// Whether the answer is of the listed version and starts at `from`. Some servers ignore `If-Match`.
    fn check(&self, a: &GetObjectOutput, from: u64, end: u64) -> Result<(), Failed> {
        if let Some(metadata) = a.metadata().filter(|m| is_client_side_encrypted(|k| m.contains_key(k))) {
            let with = metadata.get("x-amz-matdesc").is_some_and(|d| d.contains("kms_cmk_id"));
            let key = if with { "a KMS key" } else { "a key of the writer's" };
            return Err(Failed::for_good(Reason::Encrypted, format!("encrypted by its writer before the upload, under {key}")));
        }
        let changed = |what: &str| Err(Failed::for_good(Reason::Changed, format!("{what} is not the one that was listed")));
        match (&self.version, a.e_tag()) {
            (Version::Etag(listed), Some(tag)) if unquoted(tag) != listed => return changed("the ETag"),
            (Version::Modified(Some(listed)), _) => {
                let now = a.last_modified().map(|t| t.secs());
                if now.is_some_and(|s| s != listed.0.div_euclid(1000)) {
                    return changed("the time of modification");
                }
            }
            _ => {}
        }
        let whole = match a.content_range().map(content_range) {
            Some(Some((start, last, total))) => {
                if start != from || last >= end {
                    return Err(Failed::again("the server sent another range than was asked for"));
                }
                total
            }
            Some(None) => return Err(Failed::again("the server sent a range that makes no sense")),
            None if from > 0 => return Err(Failed::for_good(Reason::Io, "the server does not give ranges")),
            None => a.content_length().and_then(|l| u64::try_from(l).ok()),
        };
        match whole {
            Some(size) if size != self.size => changed("the size"),
            _ => Ok(()),
        }
    }
}

/// Whether an object's metadata says that the client encrypted it: an envelope key, under the names of the three
/// generations of the S3 encryption client (the first is what Redshift's `UNLOAD … ENCRYPTED` writes).
fn is_client_side_encrypted(has: impl Fn(&str) -> bool) -> bool {
    (has("x-amz-key") && has("x-amz-iv")) || has("x-amz-key-v2") || (has("x-amz-3") && has("x-amz-c"))
}

/// `bytes 0-9/100` as first byte, last byte and total, where `*` is an unknown total.
fn content_range(s: &str) -> Option<(u64, u64, Option<u64>)> {
    let (range, total) = s.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let total = if total == "*" { None } else { Some(total.parse().ok()?) };
    Some((first.parse().ok()?, last.parse().ok()?, total))
}

/// Reads the body until `got` holds `want` bytes.
async fn receive(body: &mut ByteStream, got: &mut BytesMut, want: usize, stall: Duration, min_rate: u64) -> Result<(), Failed> {
    let mut since = Instant::now();
    let mut before = got.len();
    while got.len() < want {
        match timeout(stall, body.next()).await {
            Err(_) => return Err(Failed::again("the data stopped coming")),
            Ok(Some(Err(_))) => return Err(Failed::again("the connection broke")),
            Ok(None) => return Err(Failed::again("the data ended too early")),
            Ok(Some(Ok(chunk))) => got.extend_from_slice(&chunk[..chunk.len().min(want - got.len())]),
        }
        let passed = since.elapsed();
        if passed >= stall {
            if ((got.len() - before) as f64) < min_rate as f64 * passed.as_secs_f64() && got.len() < want {
                return Err(Failed::again("the data came too slowly"));
            }
            (since, before) = (Instant::now(), got.len());
        }
    }
    Ok(())
}

/// The error for bytes beyond the end.
pub(super) fn beyond(offset: u64, len: usize) -> Error {
    Error::new(Reason::Truncated, format!("bytes {offset}..+{len} lie beyond the end"))
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

    #[test]
    fn content_ranges() {
        for (s, r) in [
            ("bytes 0-9/100", Some((0, 9, Some(100)))),
            ("bytes 5-5/*", Some((5, 5, None))),
            ("bytes */100", None),
            ("bytes 1-99999999999999999999/3", None),
            ("", None),
        ] {
            assert_eq!(content_range(s), r, "{s}");
        }
    }
}
