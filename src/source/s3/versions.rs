//! Pages of versions.

use std::sync::Arc;

use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use aws_sdk_s3::types::{EncodingType, RequestPayer};

use super::super::shelf::Part;
use super::super::{runtime, versioned};
use super::listing::{self, Classes, NO_MORE};
use super::spread::{self, Entry, From, Page, Pages, Plan, Trouble};
use super::{Bucket, retry};
use crate::base::{Error, Object, Reason, Result};

/// Lists as [`listing::list`] does, with the versions that were overwritten or deleted: each under the URI that [`versioned`] gives it.
/// At Amazon by several requests at once. After a failure nothing has been handed on.
///
/// Memory: all of them, since URIs of old versions sort elsewhere than their keys.
pub(super) fn list(
    bucket: &Arc<Bucket>,
    prefix: &str,
    kept: Option<&Arc<Part>>,
    classes: &mut Classes,
    each: &mut dyn FnMut(Object),
) -> Result<()> {
    let versions = Arc::new(Versions { bucket: bucket.clone(), prefix: prefix.to_owned() });
    // Nothing is handed on before all is here: so nobody has to trust in the order of keys.
    let plan = Plan { prefix, hands: bucket.options.listers, ordered: false, repeats: true, kept: kept.cloned() };
    let mut objects = Vec::new();
    // Other servers disagree about what stands behind a key that does not exist: there are some that leave a version out.
    let mut whole = !bucket.elsewhere;
    if whole {
        match spread::list(versions.clone(), &plan, runtime::shared()?, &mut |e| objects.push(object(bucket, e, classes))) {
            Ok(()) => {}
            Err(Trouble::Failed(e)) => return Err(e),
            Err(Trouble::Disorder) => {
                whole = false;
                if let Some(kept) = kept {
                    kept.forget();
                }
            }
        }
    }
    if !whole {
        objects.clear();
        listing::one_by_one(&*versions, &mut |e| objects.push(object(bucket, e, classes)))?;
    }
    objects.sort_unstable_by(|a, b| a.uri.cmp(&b.uri));
    objects.into_iter().for_each(each);
    Ok(())
}

/// What an entry says, as an object; its class is noted under the URI that it has here.
fn object(bucket: &Bucket, mut e: Entry, classes: &mut Classes) -> Object {
    let (class, old) = (e.class.take(), e.old.take());
    let mut object = listing::object(bucket, e, classes);
    if let Some(id) = old {
        object.uri = versioned(&object.uri, &id);
        object.version = id.into_string();
    }
    if let Some(class) = class {
        listing::note(&object.uri, class, classes);
    }
    object
}

/// The versions of keys that start with a prefix, page by page.
struct Versions {
    bucket: Arc<Bucket>,
    prefix: String,
}

/// Where a page begins: behind a key, or behind a version of it.
type Marker = (String, Option<String>);

impl Pages for Versions {
    async fn page(&self, from: From) -> Result<Page> {
        let marker: Option<Marker> = match from {
            From::Start => None,
            From::Behind(key) => Some((key, None)),
            From::Token(token) => Some(serde_json::from_str(&token).map_err(|_| Error::new(Reason::Io, NO_MORE))?),
        };
        let page = page(&self.bucket, &self.prefix, marker.as_ref()).await?;
        let encoded = page.encoding_type() == Some(&EncodingType::Url);
        let decoded = |key: &str| if encoded { listing::decode(key) } else { Ok(key.to_owned()) };
        let mut out = Page::default();
        for v in page.versions() {
            let Some(key) = v.key() else { continue };
            let mut entry = listing::entry(key, encoded, v.size(), v.last_modified(), v.e_tag())?;
            out.last = out.last.max(Some(entry.key.clone()));
            if listing::is_folder(&entry) {
                continue;
            }
            entry.class = v.storage_class().and_then(|c| listing::number(c.as_str()));
            if v.is_latest() != Some(true) {
                entry.old = Some(v.version_id().filter(|id| !id.is_empty()).unwrap_or("null").into());
            }
            out.entries.push(entry);
        }
        for key in page.delete_markers().iter().filter_map(|m| m.key()) {
            out.last = out.last.max(Some(decoded(key)?));
        }
        if page.is_truncated() == Some(true) {
            // Markers come back encoded as keys do.
            let next = page.next_key_marker().map(&decoded).transpose()?;
            let next: Marker = (next.ok_or_else(|| Error::new(Reason::Io, NO_MORE))?, page.next_version_id_marker().map(str::to_owned));
            out.next = Some(serde_json::to_string(&next).map_err(|_| Error::new(Reason::Io, NO_MORE))?);
        }
        Ok(out)
    }
}

/// One page of versions.
async fn page(bucket: &Bucket, prefix: &str, marker: Option<&Marker>) -> Result<ListObjectVersionsOutput> {
    let send = || {
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
        request.send()
    };
    retry::answered(bucket, send).await
}

#[cfg(test)]
#[path = "versions_tests.rs"]
mod tests;
