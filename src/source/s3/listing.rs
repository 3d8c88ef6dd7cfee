//! Pages of keys.

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types::{EncodingType, OptionalObjectAttributes, RequestPayer};

use super::super::ranges::unquoted;
use super::super::runtime;
use super::super::shelf::Part;
use super::Bucket;
use super::retry;
use super::spread::{self, Entry, From, Page, Pages, Plan, Trouble};
use crate::base::{Error, Object, Reason, Result, Timestamp};

/// Storage classes from which reading is not as from others: from the first two nothing can be read before it was restored,
/// from the rest each byte costs a fee.
const CLASSES: &[&str] = &["GLACIER", "DEEP_ARCHIVE", "STANDARD_IA", "ONEZONE_IA", "GLACIER_IR"];

/// Objects in one of these classes, by their URI.
pub(super) type Classes = HashMap<String, &'static str>;

/// Whether nothing can be read from a class at once.
pub(super) fn is_archive(class: &str) -> bool {
    // Inventories tell the archive tiers of Intelligent-Tiering, too.
    CLASSES[..2].contains(&class) || class.ends_with("archived")
}

/// Lists the keys that start with `prefix`, in byte order, by `options.listers` requests at once. What lies in an archive or
/// costs a fee goes into `classes`.
///
/// Directory buckets, and servers that turn out to keep another order or to know no key to begin behind, are listed page by page,
/// collected and sorted. Only what is listed by ranges is `kept`, and may have been by a run before.
pub(super) fn list(
    bucket: &Arc<Bucket>,
    prefix: &str,
    kept: Option<&Arc<Part>>,
    classes: &mut Classes,
    each: &mut dyn FnMut(Object),
) -> Result<()> {
    let keys = Arc::new(Keys { bucket: bucket.clone(), prefix: prefix.to_owned() });
    let mut give = |e: Entry| {
        let object = object(bucket, e, classes);
        each(object);
    };
    // Directory buckets and their access points know no order and no key to start behind.
    if !["--x-s3", "--xa-s3"].iter().any(|end| bucket.name.ends_with(end)) {
        // Amazon and Google promise the order; others may keep it or not.
        let ordered = !bucket.elsewhere || bucket.scheme == "gs";
        let plan = Plan { prefix, hands: bucket.options.listers, ordered, repeats: false, kept: kept.cloned() };
        match spread::list(keys.clone(), &plan, runtime::shared()?, &mut give) {
            Ok(()) => return Ok(()),
            // It may not know what it is to list behind a key; nothing has been handed on.
            Err(Trouble::Failed(e)) if !ordered && e.reason == Reason::Io => {}
            Err(Trouble::Failed(e)) => return Err(e),
            Err(Trouble::Disorder) if ordered => {
                if let Some(kept) = kept {
                    kept.forget();
                }
                return Err(Error::new(Reason::Io, "the server does not list keys in byte order"));
            }
            Err(Trouble::Disorder) => {}
        }
        if let Some(kept) = kept {
            kept.forget();
        }
    }
    let mut all = Vec::new();
    one_by_one(&*keys, &mut |e| all.push(e))?;
    all.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    // What is overwritten while it is listed may come twice.
    all.dedup_by(|b, a| a.key == b.key);
    all.into_iter().for_each(give);
    Ok(())
}

/// All entries as they come, by one hand. Fails where the server gives the same page again and again.
pub(super) fn one_by_one(pages: &impl Pages, each: &mut dyn FnMut(Entry)) -> Result<()> {
    let mut from = From::Start;
    loop {
        let page = runtime::shared()?.block_on(pages.page(from.clone()))?;
        page.entries.into_iter().for_each(&mut *each);
        match page.next {
            None => return Ok(()),
            Some(next) if matches!(&from, From::Token(t) if *t == next) => return Err(Error::new(Reason::Io, NO_MORE)),
            Some(next) => from = From::Token(next),
        }
    }
}

pub(super) const NO_MORE: &str = "the server says there are more keys and does not give them";

/// The keys of a bucket that start with a prefix, page by page.
struct Keys {
    bucket: Arc<Bucket>,
    prefix: String,
}

impl Pages for Keys {
    async fn page(&self, from: From) -> Result<Page> {
        let page = page(&self.bucket, &self.prefix, &from).await?;
        let encoded = page.encoding_type() == Some(&EncodingType::Url);
        let mut out = Page::default();
        for o in page.contents() {
            let Some(key) = o.key() else { continue };
            let mut entry = entry(key, encoded, o.size(), o.last_modified(), o.e_tag())?;
            out.last = Some(entry.key.clone());
            if is_folder(&entry) {
                continue;
            }
            let restored =
                o.restore_status().is_some_and(|r| r.is_restore_in_progress() != Some(true) && r.restore_expiry_date().is_some());
            entry.class = o.storage_class().filter(|_| !restored).and_then(|c| number(c.as_str()));
            out.entries.push(entry);
        }
        if page.is_truncated() == Some(true) {
            let next = page.next_continuation_token().map(str::to_owned);
            out.next = Some(next.ok_or_else(|| Error::new(Reason::Io, NO_MORE))?);
        }
        Ok(out)
    }
}

/// So many keys that start with `prefix`, those that the server gives first, page by page.
pub(super) fn first(bucket: &Arc<Bucket>, prefix: &str, most: usize, classes: &mut Classes, each: &mut dyn FnMut(Object)) -> Result<()> {
    let keys = Keys { bucket: bucket.clone(), prefix: prefix.to_owned() };
    let (mut from, mut left) = (From::Start, most);
    loop {
        let page = runtime::shared()?.block_on(keys.page(from))?;
        for e in page.entries.into_iter().take(left) {
            left -= 1;
            each(object(bucket, e, classes));
        }
        match page.next.filter(|_| left > 0) {
            None => return Ok(()),
            Some(next) => from = From::Token(next),
        }
    }
}

/// The object with exactly this key: in byte order it stands before all keys that begin with it, so one page tells.
pub(super) fn one(bucket: &Arc<Bucket>, key: &str, classes: &mut Classes) -> Result<Option<Object>> {
    let keys = Keys { bucket: bucket.clone(), prefix: key.to_owned() };
    let page = runtime::shared()?.block_on(keys.page(From::Start))?;
    Ok(page.entries.into_iter().find(|e| e.key == key).map(|e| object(bucket, e, classes)))
}

/// One entry of a listing.
pub(super) fn entry(key: &str, encoded: bool, size: Option<i64>, at: Option<&DateTime>, tag: Option<&str>) -> Result<Entry> {
    let key = if encoded { decode(key)? } else { key.to_owned() };
    let size = size.and_then(|s| u64::try_from(s).ok()).unwrap_or(0);
    let modified = at.and_then(|t| t.to_millis().ok());
    let version = match tag.map(unquoted) {
        Some(tag) if !tag.is_empty() => tag.to_owned(),
        _ => super::fetch::Version::without_etag(modified.map(Timestamp), size),
    };
    Ok(Entry { key, version, size, modified, class: None, old: None, marker: false })
}

/// The console makes empty keys like these to show folders; they are nobody's objects.
pub(super) fn is_folder(e: &Entry) -> bool {
    e.size == 0 && e.key.ends_with('/')
}

/// What an entry says, as an object; its class is noted.
pub(super) fn object(bucket: &Bucket, e: Entry, classes: &mut Classes) -> Object {
    let uri = format!("{}://{}/{}", bucket.scheme, bucket.name, e.key);
    if let Some(class) = e.class {
        note(&uri, class, classes);
    }
    Object { uri, version: e.version, size: e.size, modified: e.modified.map(Timestamp), until: None }
}

/// Notes the class with this number.
pub(super) fn note(uri: &str, class: u8, classes: &mut Classes) {
    classes.insert(uri.to_owned(), CLASSES[usize::from(class)]);
}

/// The number of the class among those that matter.
pub(super) fn number(class: &str) -> Option<u8> {
    CLASSES.iter().position(|c| *c == class).map(|n| n as u8)
}

/// The class, if it is one that matters.
pub(super) fn class(name: &str) -> Option<&'static str> {
    CLASSES.iter().copied().find(|c| *c == name)
}

/// One page, however often it takes.
async fn page(bucket: &Bucket, prefix: &str, from: &From) -> Result<ListObjectsV2Output> {
    let (behind, token) = match from {
        From::Start => (None, None),
        From::Behind(key) => (Some(key.clone()), None),
        From::Token(token) => (None, Some(token.clone())),
    };
    let send = || {
        let request = bucket
            .client
            .list_objects_v2()
            .bucket(&bucket.name)
            .prefix(prefix)
            // Keys may hold bytes that XML cannot carry.
            .encoding_type(EncodingType::Url)
            .optional_object_attributes(OptionalObjectAttributes::RestoreStatus)
            .set_start_after(behind.clone())
            .set_continuation_token(token.clone())
            .set_expected_bucket_owner(bucket.options.expected_owner.clone())
            .set_request_payer(bucket.options.requester_pays.then_some(RequestPayer::Requester));
        request.send()
    };
    retry::answered(bucket, send).await
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
        assert_eq!((class("DEEP_ARCHIVE"), class("GLACIER_IR"), class("STANDARD")), (Some("DEEP_ARCHIVE"), Some("GLACIER_IR"), None));
        assert!(is_archive("GLACIER") && is_archive("DEEP_ARCHIVE") && !is_archive("GLACIER_IR"));
    }
}

#[cfg(test)]
#[path = "listing_tests.rs"]
mod pages;
