//! Pages of keys.

use std::collections::HashMap;

use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types::{EncodingType, OptionalObjectAttributes, RequestPayer};

use super::super::attempts::{Attempts, Failed};
use super::super::ranges::unquoted;
use super::super::{runtime, versioned};
use super::Bucket;
use super::retry;
use crate::base::{Error, Object, Reason, Result, Timestamp};

/// Storage classes from which nothing can be read before it was restored.
const ARCHIVES: &[&str] = &["GLACIER", "DEEP_ARCHIVE"];

/// Objects that lie in an archive, by their URI, with the class.
pub(super) type Archived = HashMap<String, &'static str>;

/// Lists the keys that start with `prefix`, in the byte order that S3 promises. What is archived goes into `archived`,
/// so that no request is spent on it.
///
/// Directory buckets promise no order, so theirs are collected and sorted.
pub(super) fn list(bucket: &Bucket, prefix: &str, archived: &mut Archived, each: &mut dyn FnMut(Object)) -> Result<()> {
    let mut unordered = bucket.name.ends_with("--x-s3").then(Vec::new);
    let mut token: Option<String> = None;
    loop {
        // `each` is called outside of the runtime: it may open what it is given.
        let page = runtime::shared()?.block_on(page(bucket, prefix, token.as_deref()))?;
        let encoded = page.encoding_type() == Some(&EncodingType::Url);
        for o in page.contents() {
            let Some(key) = o.key() else { continue };
            let Some(object) = listed(bucket, key, encoded, o.size(), o.last_modified(), o.e_tag())? else { continue };
            let restored =
                o.restore_status().is_some_and(|r| r.is_restore_in_progress() != Some(true) && r.restore_expiry_date().is_some());
            if let Some(class) = o.storage_class().and_then(|c| archive(c.as_str())).filter(|_| !restored) {
                archived.insert(object.uri.clone(), class);
            }
            match &mut unordered {
                Some(all) => all.push(object),
                None => each(object),
            }
        }
        if page.is_truncated() != Some(true) {
            break;
        }
        let next = page.next_continuation_token().map(str::to_owned);
        if next.is_none() || next == token {
            return Err(Error::new(Reason::Io, "the server says there are more keys and does not give them"));
        }
        token = next;
    }
    let mut all = unordered.unwrap_or_default();
    all.sort_unstable_by(|a, b| a.uri.cmp(&b.uri));
    all.into_iter().for_each(each);
    Ok(())
}

/// The object with exactly this key: in byte order it stands before all keys that begin with it, so one page tells.
pub(super) fn one(bucket: &Bucket, key: &str, archived: &mut Archived) -> Result<Option<Object>> {
    let page = runtime::shared()?.block_on(page(bucket, key, None))?;
    let encoded = page.encoding_type() == Some(&EncodingType::Url);
    let uri = format!("{}://{}/{key}", bucket.scheme, bucket.name);
    for o in page.contents() {
        let Some(raw) = o.key() else { continue };
        let Some(object) = listed(bucket, raw, encoded, o.size(), o.last_modified(), o.e_tag())? else { continue };
        if object.uri == uri {
            if let Some(class) = o.storage_class().and_then(|c| archive(c.as_str())) {
                archived.insert(uri, class);
            }
            return Ok(Some(object));
        }
    }
    Ok(None)
}

/// Lists as [`list`] does, with the versions that were overwritten or deleted: each under the URI that [`versioned`] gives it, behind
/// the current one.
///
/// Memory: the versions that are not current, since their URIs sort elsewhere.
pub(super) fn list_versions(bucket: &Bucket, prefix: &str, archived: &mut Archived, each: &mut dyn FnMut(Object)) -> Result<()> {
    let (mut all, mut marker): (Vec<Object>, Option<(String, Option<String>)>) = (Vec::new(), None);
    loop {
        let page = runtime::shared()?.block_on(version_page(bucket, prefix, marker.as_ref()))?;
        let encoded = page.encoding_type() == Some(&EncodingType::Url);
        for v in page.versions() {
            let Some(key) = v.key() else { continue };
            let Some(mut object) = listed(bucket, key, encoded, v.size(), v.last_modified(), v.e_tag())? else { continue };
            if v.is_latest() != Some(true) {
                let id = v.version_id().unwrap_or("null");
                object.uri = versioned(&object.uri, id);
                id.clone_into(&mut object.version);
            }
            if let Some(class) = v.storage_class().and_then(|c| archive(c.as_str())) {
                archived.insert(object.uri.clone(), class);
            }
            all.push(object);
        }
        if page.is_truncated() != Some(true) {
            break;
        }
        let next = page.next_key_marker().map(|k| (k.to_owned(), page.next_version_id_marker().map(str::to_owned)));
        if next.is_none() || next == marker {
            return Err(Error::new(Reason::Io, "the server says there are more versions and does not give them"));
        }
        // Markers come back encoded as keys do.
        marker = match next {
            Some((key, id)) if encoded => Some((decode(&key)?, id)),
            next => next,
        };
    }
    all.sort_unstable_by(|a, b| a.uri.cmp(&b.uri));
    all.into_iter().for_each(each);
    Ok(())
}

/// One entry of a listing; `None` for what is no object of anybody's.
fn listed(
    bucket: &Bucket,
    key: &str,
    encoded: bool,
    size: Option<i64>,
    at: Option<&DateTime>,
    tag: Option<&str>,
) -> Result<Option<Object>> {
    let key = if encoded { decode(key)? } else { key.to_owned() };
    let size = size.and_then(|s| u64::try_from(s).ok()).unwrap_or(0);
    // The console makes empty keys like these to show folders.
    if size == 0 && key.ends_with('/') {
        return Ok(None);
    }
    let modified = at.and_then(|t| t.to_millis().ok()).map(Timestamp);
    let version = match tag.map(unquoted) {
        Some(tag) if !tag.is_empty() => tag.to_owned(),
        _ => super::fetch::Version::without_etag(modified, size),
    };
    Ok(Some(Object { uri: format!("{}://{}/{key}", bucket.scheme, bucket.name), version, size, modified }))
}

/// The class, if nothing can be read from it at once.
pub(super) fn archive(class: &str) -> Option<&'static str> {
    ARCHIVES.iter().copied().find(|a| *a == class)
}

/// One page, however often it takes.
async fn page(bucket: &Bucket, prefix: &str, token: Option<&str>) -> Result<ListObjectsV2Output> {
    let mut attempts = Attempts::new(&bucket.options);
    loop {
        let request = bucket
            .client
            .list_objects_v2()
            .bucket(&bucket.name)
            .prefix(prefix)
            // Keys may hold bytes that XML cannot carry.
            .encoding_type(EncodingType::Url)
            .optional_object_attributes(OptionalObjectAttributes::RestoreStatus)
            .set_continuation_token(token.map(str::to_owned))
            .set_expected_bucket_owner(bucket.options.expected_owner.clone())
            .set_request_payer(bucket.options.requester_pays.then_some(RequestPayer::Requester));
        let failed = match tokio::time::timeout(bucket.options.stall, request.send()).await {
            Ok(Ok(page)) => return Ok(page),
            Ok(Err(e)) => retry::sort(&e),
            Err(_) => Failed::again("no answer in time"),
        };
        attempts.after(failed).await?;
    }
}

/// One page of versions.
async fn version_page(bucket: &Bucket, prefix: &str, marker: Option<&(String, Option<String>)>) -> Result<ListObjectVersionsOutput> {
    let mut attempts = Attempts::new(&bucket.options);
    loop {
        let request = bucket
            .client
            .list_object_versions()
            .bucket(&bucket.name)
            .prefix(prefix)
            .encoding_type(EncodingType::Url)
            .set_key_marker(marker.map(|m| m.0.clone()))
            .set_version_id_marker(marker.and_then(|m| m.1.clone()))
            .set_expected_bucket_owner(bucket.options.expected_owner.clone())
            .set_request_payer(bucket.options.requester_pays.then_some(RequestPayer::Requester));
        let failed = match tokio::time::timeout(bucket.options.stall, request.send()).await {
            Ok(Ok(page)) => return Ok(page),
            Ok(Err(e)) => retry::sort(&e),
            Err(_) => Failed::again("no answer in time"),
        };
        attempts.after(failed).await?;
    }
}

/// Undoes `encoding-type=url`: `%XX`, and `+` for a space.
pub(super) fn decode(key: &str) -> Result<String> {
    let mut out = Vec::with_capacity(key.len());
    let mut rest = key.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = tail.get(..2).and_then(|h| std::str::from_utf8(h).ok()).and_then(|h| u8::from_str_radix(h, 16).ok());
        (rest, _) = match (first, hex) {
            (b'%', Some(b)) => (&tail[2..], out.push(b)),
            (b'+', _) => (tail, out.push(b' ')),
            _ => (tail, out.push(*first)),
        };
    }
    String::from_utf8(out).map_err(|_| Error::new(Reason::UnsupportedEncoding, "a key is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_decoded() {
        for (raw, key) in
            [("a%20b+c%2Bd", "a b c+d"), ("%C3%BC/%25", "ü/%"), ("100%", "100%"), ("%zz%4", "%zz%4"), ("", ""), ("%0A%00", "\n\0")]
        {
            assert_eq!(decode(raw).unwrap(), key, "{raw}");
        }
        assert_eq!(decode("%FF").unwrap_err().reason, Reason::UnsupportedEncoding);
        assert_eq!((unquoted("\"ab\""), unquoted("ab"), unquoted("\"")), ("ab", "ab", "\""));
        assert_eq!((archive("DEEP_ARCHIVE"), archive("GLACIER_IR"), archive("STANDARD")), (Some("DEEP_ARCHIVE"), None, None));
    }
}
