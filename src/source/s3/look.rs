//! Keys that somebody names: whether they are there, and what they are.

use std::collections::VecDeque;
use std::sync::Arc;

use aws_sdk_s3::types::RequestPayer;

use super::super::runtime;
use super::entry::Entry;
use super::listing::{self, Classes};
use super::{Bucket, S3, retry};
use crate::base::{Error, Object, Reason, Result};

/// Keys asked for at once; the store's pace may allow fewer.
const AHEAD: usize = 32;

impl S3 {
    /// Calls `each` with every key, in the order given: the object that has it, `None` where there is none, or why nobody knows.
    /// Marks of folders are no objects.
    pub(in crate::source) fn look<'k>(&self, keys: &[&'k str], each: &mut dyn FnMut(&'k str, Result<Option<Object>>)) {
        let mut classes = Classes::new();
        let mut ahead = VecDeque::new();
        let mut next = keys.iter();
        // Whether the bucket itself is there, once a key is not: who asks for one key is told no difference.
        let mut there: Option<Result<()>> = None;
        loop {
            while ahead.len() < AHEAD
                && let Some(key) = next.next()
            {
                let (bucket, name) = (self.bucket.clone(), (*key).to_owned());
                let task = runtime::shared().map(|r| r.spawn(async move { head(&bucket, &name).await }));
                ahead.push_back((*key, task));
            }
            let Some((key, task)) = ahead.pop_front() else { break };
            let stopped = |_| Err(Error::new(Reason::Io, "a task was stopped"));
            let found = task.and_then(|t| runtime::shared()?.block_on(t).unwrap_or_else(stopped));
            let found = match found {
                Ok(Some(e)) if listing::is_folder(&e) => Ok(None),
                Ok(Some(e)) => Ok(Some(listing::object(&self.bucket, e, &mut classes))),
                Ok(None) => there.get_or_insert_with(|| self.is_there(key)).clone().map(|()| None),
                Err(e) => Err(e),
            };
            each(key, found);
        }
        self.classes.lock().unwrap_or_else(|e| e.into_inner()).extend(classes);
    }

    /// Fails where the bucket is not there. Who may not list it is told so, and is told of keys as well.
    fn is_there(&self, key: &str) -> Result<()> {
        match listing::one(&self.bucket, key, &mut Classes::new()) {
            Err(e) if e.reason != Reason::AccessDenied => Err(Error::new(Reason::ListingFailed, format!("{}: {}", e.reason, e.detail))),
            _ => Ok(()),
        }
    }
}

/// One key, however often it takes.
async fn head(bucket: &Arc<Bucket>, key: &str) -> Result<Option<Entry>> {
    let send = || {
        let request = bucket
            .client
            .head_object()
            .bucket(&bucket.name)
            .key(key)
            .set_expected_bucket_owner(bucket.options.expected_owner.clone())
            .set_request_payer(bucket.options.requester_pays.then_some(RequestPayer::Requester));
        request.send()
    };
    let o = match retry::answered(bucket, send).await {
        Err(e) if e.reason == Reason::NotFound => return Ok(None),
        answer => answer?,
    };
    let mut entry = listing::entry(key, false, o.content_length(), o.last_modified(), o.e_tag())?;
    // A copy that was restored for a while can be read.
    let restored = o.restore().is_some_and(|r| r.contains("ongoing-request=\"false\""));
    entry.class = o.storage_class().filter(|_| !restored).and_then(|c| listing::number(c.as_str()));
    Ok(Some(entry))
}
