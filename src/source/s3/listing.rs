//! Pages of keys.

use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::types::{EncodingType, RequestPayer};

use super::super::runtime;
use super::Bucket;
use super::retry::{self, Attempts, Failed};
use crate::base::{Error, Object, Reason, Result, Timestamp};

/// Lists the keys that start with `prefix`, in the byte order that S3 promises.
///
/// Directory buckets promise none, so theirs are collected and sorted.
pub(super) fn list(bucket: &Bucket, prefix: &str, each: &mut dyn FnMut(Object)) -> Result<()> {
    let mut unordered = bucket.name.ends_with("--x-s3").then(Vec::new);
    let mut token: Option<String> = None;
    loop {
        // `each` is called outside of the runtime: it may open what it is given.
        let page = runtime::shared()?.block_on(page(bucket, prefix, token.as_deref()))?;
        let encoded = page.encoding_type() == Some(&EncodingType::Url);
        for o in page.contents() {
            let Some(key) = o.key() else { continue };
            let key = if encoded { decode(key)? } else { key.to_owned() };
            let size = o.size().and_then(|s| u64::try_from(s).ok()).unwrap_or(0);
            // The console makes empty keys like these to show folders; they are no objects of anybody's.
            if size == 0 && key.ends_with('/') {
                continue;
            }
            let modified = o.last_modified().and_then(|t| t.to_millis().ok()).map(Timestamp);
            let version = match o.e_tag().map(unquoted) {
                Some(tag) if !tag.is_empty() => tag.to_owned(),
                _ => super::fetch::Version::without_etag(modified, size),
            };
            let object = Object { uri: format!("s3://{}/{key}", bucket.name), version, size, modified };
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
            .set_continuation_token(token.map(str::to_owned))
            .set_request_payer(bucket.options.requester_pays.then_some(RequestPayer::Requester));
        let failed = match tokio::time::timeout(bucket.options.stall, request.send()).await {
            Ok(Ok(page)) => return Ok(page),
            Ok(Err(e)) => retry::sort(&e),
            Err(_) => Failed::again("no answer in time"),
        };
        attempts.after(failed).await?;
    }
}

/// An ETag without its quotes.
pub(super) fn unquoted(tag: &str) -> &str {
    tag.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(tag)
}

/// Undoes `encoding-type=url`: `%XX`, and `+` for a space.
fn decode(key: &str) -> Result<String> {
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
    }
}
