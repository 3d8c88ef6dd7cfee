//! A source of which those objects alone are looked at that a feed of changes names: messages of S3, kept in files.
//!
//! The feed says where to look, the bucket what is there: messages come late, twice and in any order, and whoever asks learns
//! what counts now. What the feed does not name stays as it was; nothing of it is taken for gone.

mod events;

use std::collections::{BTreeMap, HashSet};
use std::io::Read;
use std::sync::Mutex;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;

use super::layout::Layout;
use super::s3::{self, S3};
use super::{ListingFailure, Options, Source};
use crate::base::{Error, Input, Object, Reason, Result};
use events::{Feed, Last};

/// The most bytes of one file of messages, unpacked.
const LARGEST: usize = 256 << 20;

/// The objects of a bucket that a feed names.
pub(super) struct Changes {
    inner: S3,
    /// By key: what the feed says of it.
    keys: BTreeMap<String, Last>,
    /// Where the feed lies, as it was typed.
    feed: String,
    /// Messages that tell of no object.
    damaged: u64,
    /// Keys of other buckets, or of other parts of this one.
    elsewhere: u64,
    /// Keys of which the last listing learned whether they are there.
    known: Mutex<HashSet<String>>,
}

/// Opens the source `spec`, `s3://bucket/prefix`, for the objects that the messages in `feed` name: a file, a folder of files, or what
/// else can be opened. Fails where either cannot be opened or read; an error names which.
pub(super) fn open(spec: &str, feed: &str, options: &Options) -> Result<Changes> {
    let unfit = |why: &str| Err(Error::new(Reason::UnsupportedFormat, format!("--changes {why}")));
    let rest = ["s3://", "s3a://", "s3n://"].iter().find_map(|scheme| spec.strip_prefix(scheme));
    let Some(rest) = rest.filter(|r| !r.starts_with("arn:")) else {
        return unfit("goes with s3://bucket/prefix, by the bucket's own name");
    };
    if options.all_versions || options.inventory.is_some() || options.manifest.is_some() {
        return unfit("does not go with --all-versions, --inventory or --manifest");
    }
    let named = |e: Error| Error::new(e.reason, format!("--changes {feed}: {}", e.detail.trim_start_matches(&format!("{feed}: "))));
    let found = read(feed, options).map_err(named)?;
    let inner = s3::open(rest, options)?;
    let (bucket, prefix) = s3::split(rest)?;
    let mut all =
        Changes { inner, keys: BTreeMap::new(), feed: feed.to_owned(), damaged: found.damaged, elsewhere: 0, known: Mutex::default() };
    for ((its, key), last) in found.last {
        if its == bucket && key.starts_with(prefix) {
            all.keys.insert(key, last);
        } else {
            all.elsewhere += 1;
        }
    }
    Ok(all)
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
    let too_large = || Error::new(Reason::MemoryLimit, "a file of messages of more than 256 MiB: split it");
    let mut all = Vec::new();
    loop {
        let chunk = input.next_chunk()?;
        if chunk.is_empty() {
            break;
        }
        all.extend_from_slice(&chunk);
        if all.len() > LARGEST {
            return Err(too_large());
        }
    }
    if !all.starts_with(&[0x1f, 0x8b]) {
        return Ok(all);
    }
    let mut out = Vec::new();
    let corrupt = |_| Error::new(Reason::Corrupt, "a gzipped file of messages is damaged");
    MultiGzDecoder::new(&all[..]).take(LARGEST as u64 + 1).read_to_end(&mut out).map_err(corrupt)?;
    if out.len() > LARGEST { Err(too_large()) } else { Ok(out) }
}

impl Changes {
    fn known(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.known.lock().unwrap_or_else(|e| e.into_inner())
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
        let (mut failures, mut known) = (Vec::new(), HashSet::new());
        let keys: Vec<&str> = self.keys.keys().map(String::as_str).collect();
        self.inner.look(&keys, &mut |key, found| match found {
            Ok(found) => {
                known.insert(self.uri_of(key));
                found.into_iter().for_each(&mut *each);
            }
            // Who may not list a bucket is not told that a key is gone: the feed's word has to do.
            Err(e) if e.reason == Reason::AccessDenied && self.keys[key].removed => drop(known.insert(self.uri_of(key))),
            Err(error) => failures.push(ListingFailure { uri: self.uri_of(key), error }),
        });
        *self.known() = known;
        if self.damaged > 0 {
            let detail = format!("messages that tell of no object: {}; what they were to tell stays as it was", self.damaged);
            failures.push(ListingFailure { uri: self.feed.clone(), error: Error::new(Reason::Malformed, detail) });
        }
        if self.elsewhere > 0 {
            let detail = format!("objects named that do not lie in {}: {}", self.uri(), self.elsewhere);
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

    fn covers(&self, uri: &str) -> bool {
        self.known().contains(uri)
    }
}
