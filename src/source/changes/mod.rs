//! A source of which those objects alone are looked at that a feed of changes names: messages of S3, kept in files or in a queue.
//!
//! The feed says where to look, the bucket what is there: messages come late, twice and in any order, and whoever asks learns
//! what counts now. What the feed does not name stays as it was; nothing of it is taken for gone.

mod events;
mod queue;

use std::collections::{BTreeMap, HashSet};
use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock};

use bytes::Bytes;
use flate2::read::MultiGzDecoder;

use super::layout::Layout;
use super::s3::{self, S3};
use super::{Asked, ListingFailure, Options, Source, accounts};
use crate::base::{Error, Input, Object, Reason, Result, whole};
use events::{Feed, Last};
use queue::Queue;

/// The most bytes of one file of messages, unpacked.
const LARGEST: u64 = 256 << 20;

/// The objects of a bucket that a feed names.
pub(super) struct Changes {
    inner: S3,
    bucket: String,
    prefix: String,
    /// Where the feed lies, as it was typed.
    feed: String,
    /// What it says; messages of a queue are received when somebody lists.
    named: OnceLock<Named>,
    /// URIs of keys of which the last listing learned whether they are there.
    known: Mutex<HashSet<String>>,
    /// Whether the last listing asked for a page, to learn whether the bucket is there.
    paged: AtomicBool,
    /// Where the messages are from, if they are to be deleted.
    queue: Option<Queue>,
}

/// What a feed says of a bucket.
struct Named {
    /// By key: what the feed says of it.
    keys: BTreeMap<String, Last>,
    /// Messages that tell of no object.
    damaged: u64,
    /// Keys of other buckets, or of other parts of this one.
    elsewhere: u64,
}

impl Named {
    fn new(feed: Feed, bucket: &str, prefix: &str) -> Named {
        let mut all = Named { keys: BTreeMap::new(), damaged: feed.damaged, elsewhere: 0 };
        for ((its, key), last) in feed.last {
            if its == bucket && key.starts_with(prefix) {
                all.keys.insert(key, last);
            } else {
                all.elsewhere += 1;
            }
        }
        all
    }
}

/// Opens the source `spec`, `s3://bucket/prefix`, for the objects that the messages in `feed` name: a file, a folder of files, or what
/// else can be opened, or a queue. `options` are those of the bucket, `feeds` those without an account of its own. Fails where either cannot
/// be opened or read; an error names which.
pub(super) fn open(spec: &str, feed: &str, options: &Options, feeds: &Options) -> Result<Changes> {
    let unfit = |why: &str| Err(Error::new(Reason::UnsupportedFormat, format!("--changes {why}")));
    let rest = ["s3://", "s3a://", "s3n://"].iter().find_map(|scheme| spec.strip_prefix(scheme));
    let Some(rest) = rest.filter(|r| !r.starts_with("arn:")) else {
        return unfit("goes with s3://bucket/prefix, by the bucket's own name");
    };
    if options.all_versions || options.inventory.is_some() || options.manifest.is_some() {
        return unfit("does not go with --all-versions, --inventory or --manifest");
    }
    let named = |e: Error| Error::new(e.reason, format!("--changes {feed}: {}", e.detail.trim_start_matches(&format!("{feed}: "))));
    let inner = s3::open(rest, options)?;
    let (bucket, prefix) = s3::split(rest)?;
    let (named_by, queue) = match feed.strip_prefix("sqs://") {
        Some(url) => (OnceLock::new(), Some(queue::open(url, &accounts::of(feed, feeds)).map_err(named)?)),
        None => (OnceLock::from(Named::new(read(feed, feeds).map_err(named)?, bucket, prefix)), None),
    };
    let (bucket, prefix, feed) = (bucket.to_owned(), prefix.to_owned(), feed.to_owned());
    Ok(Changes { inner, bucket, prefix, feed, named: named_by, known: Mutex::default(), paged: AtomicBool::new(false), queue })
}

/// All messages of all files.
fn read(feed: &str, options: &Options) -> Result<Feed> {
    let options = Options { changes: None, choice: None, forms: Default::default(), expected_owner: None, ..options.clone() };
    if feed.starts_with("glue://") {
        return Err(Error::new(Reason::UnsupportedFormat, "a file, a folder, - or s3://bucket/prefix"));
    }
    let (source, mut files) = (super::open(feed, &options)?, Vec::new());
    if let Some(f) = source.list(&mut |o| files.push(o)).into_iter().next() {
        return Err(f.error);
    }
    let mut out = Feed::default();
    for file in &files {
        out.read(&content(&mut *source.open(file)?)?);
    }
    Ok(out)
}

/// The whole of a file; Firehose packs them with gzip.
fn content(input: &mut dyn Input) -> Result<Vec<u8>> {
    let all = whole(input, LARGEST, "a file of messages")?;
    if !all.starts_with(&[0x1f, 0x8b]) {
        return Ok(all);
    }
    let mut out = Vec::new();
    let corrupt = |_| Error::new(Reason::Corrupt, "a gzipped file of messages is damaged");
    MultiGzDecoder::new(&all[..]).take(LARGEST + 1).read_to_end(&mut out).map_err(corrupt)?;
    if out.len() as u64 > LARGEST {
        return Err(Error::new(Reason::MemoryLimit, format!("messages of more than {} MiB", LARGEST >> 20)));
    }
    Ok(out)
}

impl Changes {
    fn known(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.known.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// What the feed says. A queue is asked once.
    fn named(&self) -> Result<&Named> {
        if let (None, Some(queue)) = (self.named.get(), &self.queue) {
            let _ = self.named.set(Named::new(queue.receive()?, &self.bucket, &self.prefix));
        }
        self.named.get().ok_or_else(|| Error::new(Reason::Io, "nothing was received"))
    }

    fn uri_of(&self, key: &str) -> String {
        format!("{}{key}", self.inner.bucket_uri())
    }
}

impl Source for Changes {
    fn uri(&self) -> String {
        self.inner.uri()
    }

    fn root(&self) -> String {
        self.inner.root()
    }

    fn list(&self, each: &mut dyn FnMut(Object)) -> Vec<ListingFailure> {
        let named = match self.named() {
            Ok(named) => named,
            Err(error) => return vec![ListingFailure { uri: self.feed.clone(), error }],
        };
        let (mut failures, mut known, mut gone, mut missing) = (Vec::new(), HashSet::new(), Vec::new(), false);
        let keys: Vec<&str> = named.keys.keys().map(String::as_str).collect();
        self.inner.look(&keys, &mut |key, found| match found {
            Ok(Some(found)) => {
                known.insert(self.uri_of(key));
                each(found);
            }
            Ok(None) => {
                missing = true;
                gone.push(self.uri_of(key));
            }
            // Who may not list a bucket is not told that a key is gone: the feed's word has to do.
            Err(e) if e.reason == Reason::AccessDenied && named.keys[key].removed => gone.push(self.uri_of(key)),
            Err(error) => failures.push(ListingFailure { uri: self.uri_of(key), error }),
        });
        // After a listing that failed nothing is taken for gone, and no message that says so for done.
        if failures.iter().all(|f| f.error.reason != Reason::ListingFailed) {
            known.extend(gone);
        }
        *self.known() = known;
        self.paged.store(missing, Ordering::Relaxed);
        if self.queue.as_ref().is_some_and(Queue::is_long) {
            let detail = "more messages may wait than one run takes: they are for the next one";
            failures.push(ListingFailure { uri: self.feed.clone(), error: Error::new(Reason::MemoryLimit, detail) });
        }
        if named.damaged > 0 {
            let detail = format!("messages that tell of no object: {}; what they were to tell stays as it was", named.damaged);
            failures.push(ListingFailure { uri: self.feed.clone(), error: Error::new(Reason::Malformed, detail) });
        }
        if named.elsewhere > 0 {
            let detail = format!("objects named that do not lie in {}: {}", self.uri(), named.elsewhere);
            failures.push(ListingFailure { uri: self.feed.clone(), error: Error::new(Reason::Excluded, detail) });
        }
        failures
    }

    fn open(&self, object: &Object) -> Result<Box<dyn Input>> {
        self.inner.open(object)
    }

    fn layout(&self, objects: &[Object], read: &mut dyn FnMut(&Object) -> Result<Bytes>) -> Layout {
        self.inner.layout(objects, read)
    }

    fn wraps(&self) -> Option<&dyn Source> {
        Some(&self.inner)
    }

    fn asked(&self, _: u64) -> Asked {
        Asked { pages: u64::from(self.paged.load(Ordering::Relaxed)), single: self.named.get().map_or(0, |n| n.keys.len() as u64) }
    }

    fn ended(&self, again: &dyn Fn(&str) -> bool) -> Result<()> {
        let Some(queue) = &self.queue else { return Ok(()) };
        let known = self.known().clone();
        queue.delete(&|bucket, key| {
            let uri = self.uri_of(key);
            bucket == self.bucket && known.contains(&uri) && !again(&uri)
        })
    }

    fn covers(&self, uri: &str) -> bool {
        self.known().contains(uri)
    }
}
