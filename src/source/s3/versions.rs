//! Pages of versions.

use std::collections::HashSet;
use std::sync::Arc;

use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use aws_sdk_s3::types::{EncodingType, RequestPayer};

use super::super::shelf::Part;
use super::super::{runtime, versioned};
use super::listing::{self, Classes, NO_MORE};
use super::spread::{self, Entry, From, Page, Pages, Plan, Trouble};
use super::{Bucket, retry};
use crate::base::version::version_of_old;
use crate::base::{Error, Object, Reason, Result, Timestamp};

/// Lists as [`listing::list`] does, with the versions that were overwritten or deleted: each under the URI that [`versioned`] gives it,
/// and with the time when that happened. At Amazon by several requests at once. After a failure nothing has been handed on.
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
    let mut entries = Vec::new();
    // Other servers disagree about what stands behind a key that does not exist: there are some that leave a version out.
    let mut whole = !bucket.elsewhere;
    if whole {
        match spread::list(versions.clone(), &plan, runtime::shared()?, &mut |e| entries.push(e)) {
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
        entries.clear();
        listing::one_by_one(&*versions, &mut |e| entries.push(e))?;
    }
    // Those of one key stay in the order of the listing: the newest first.
    entries.sort_by(|a, b| a.key.cmp(&b.key));
    let mut ends = Vec::with_capacity(entries.len());
    entries.chunk_by(|a, b| a.key == b.key).for_each(|of_key| add_ends(of_key, &mut ends));
    let all = entries.into_iter().zip(ends).filter(|(e, _)| !e.marker);
    let mut objects: Vec<Object> = all.map(|(e, end)| object(bucket, e, end, classes)).collect();
    objects.sort_unstable_by(|a, b| a.uri.cmp(&b.uri));
    objects.into_iter().for_each(each);
    Ok(())
}

/// When each version of a key was overwritten or deleted; `None` of the current one, and where times do not tell. Times are whole seconds:
/// of what happened within one, the order of the listing tells. A delete marker of that second counts where nothing else has ended a version,
/// and where something has, nobody knows whether the marker came before the version or after it.
fn add_ends(all: &[Entry], out: &mut Vec<Option<i64>>) {
    if all.len() == 1 {
        return out.push(None);
    }
    let mut times: Vec<i64> = all.iter().filter_map(|e| e.modified).collect();
    times.sort_unstable();
    let deleted: HashSet<i64> = all.iter().filter(|e| e.marker).filter_map(|e| e.modified).collect();
    let mut newer = HashSet::new();
    let mut end = |e: &Entry| {
        let at = e.modified.filter(|_| !e.marker)?;
        let is_followed = !newer.insert(at);
        e.old.as_ref()?;
        let later = times.get(times.partition_point(|t| *t <= at)).copied();
        match (is_followed, later, deleted.contains(&at)) {
            (true, ..) | (_, None, true) => Some(at),
            (_, Some(_), true) => None,
            (_, later, false) => later,
        }
    };
    out.extend(all.iter().map(&mut end));
}

/// What an entry says, as an object; its class is noted under the URI that it has here.
fn object(bucket: &Bucket, mut e: Entry, end: Option<i64>, classes: &mut Classes) -> Object {
    let (class, old) = (e.class.take(), e.old.take());
    let mut object = listing::object(bucket, e, classes);
    if let Some(id) = old {
        object.uri = versioned(&object.uri, &id);
        object.version = version_of_old(&id, &object.version, object.modified);
        object.until = end.map(Timestamp);
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
        let mut markers = Vec::new();
        for m in page.delete_markers() {
            let Some(key) = m.key() else { continue };
            let entry = Entry { marker: true, version: String::new(), ..listing::entry(key, encoded, None, m.last_modified(), None)? };
            out.last = out.last.max(Some(entry.key.clone()));
            markers.push(entry);
        }
        let markers = of_versions(markers, &out.entries, out.last.as_deref());
        out.entries = merged(out.entries, markers);
        if page.is_truncated() == Some(true) {
            // Markers come back encoded as keys do.
            let next = page.next_key_marker().map(&decoded).transpose()?;
            let next: Marker = (next.ok_or_else(|| Error::new(Reason::Io, NO_MORE))?, page.next_version_id_marker().map(str::to_owned));
            out.next = Some(serde_json::to_string(&next).map_err(|_| Error::new(Reason::Io, NO_MORE))?);
        }
        Ok(out)
    }
}

/// Those of delete markers that may have ended a version: of a key that lies in the page whole, and has none, there are often many. `last`: the
/// last key of the page; of that, and of the first, more may stand in another.
fn of_versions(mut markers: Vec<Entry>, versions: &[Entry], last: Option<&str>) -> Vec<Entry> {
    let first = versions.first().into_iter().chain(markers.first()).map(|e| e.key.clone()).min();
    let keys: HashSet<&str> = versions.iter().map(|v| v.key.as_str()).collect();
    markers.retain(|m| keys.contains(m.key.as_str()) || Some(m.key.as_str()) == last || first.as_ref() == Some(&m.key));
    markers
}

/// The delete markers among the versions, by their keys; versions out of order stay so, and are found out.
fn merged(versions: Vec<Entry>, markers: Vec<Entry>) -> Vec<Entry> {
    let mut out = Vec::with_capacity(versions.len() + markers.len());
    let mut markers = markers.into_iter().peekable();
    for v in versions {
        while let Some(m) = markers.next_if(|m| m.key <= v.key) {
            out.push(m);
        }
        out.push(v);
    }
    out.extend(markers);
    out
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
