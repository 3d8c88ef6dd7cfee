//! Where objects live: what is listed, and how its bytes are fetched.
//!
//! Takes what the user typed (a path, `-`, `s3://bucket/prefix`, `gs://bucket/prefix`, `az://account/container/prefix`,
//! `glue://database/table`), gives [`Object`]s in a stable order, their bytes as
//! [`Input`], and the dataset that each belongs to ([`layout`]). Knows nothing of what the bytes mean beyond the control
//! files of export layouts, and nothing of classifiers or the index.
//!
//! The face is synchronous: the network lives on one runtime that this folder owns. `list`, `open` and the inputs block
//! the calling thread, so they must not be called from a task of an asynchronous runtime.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::base::{Error, Input, Object, Reason, Result, Store, Timestamp};
pub use crate::base::{old_version, unversioned, versioned};

mod accounts;
mod attempts;
mod aws;
pub mod azure;
mod census;
mod changes;
mod chosen;
mod discover;
pub mod dynamodb;
mod failure;
mod forms;
pub mod glue;
mod hand;
pub mod kms;
pub mod layout;
mod listed;
mod local;
mod pace;
mod ranges;
pub mod rds;
mod runtime;
pub mod s3;
mod scope;
mod shelf;
mod signed;
mod stdin;
mod whole;

pub use accounts::Account;
pub use census::rights as census_rights;
pub use chosen::Choice;
pub use discover::{Discovered, Existing, NOT_EXAMINED, discover};
pub use failure::ListingFailure;
pub use forms::{Form, tell};
pub use glue::Glue;
use layout::Layout;
pub use local::Local;
pub use scope::Scope;
pub use shelf::{Resumed, Shelf};
pub use stdin::Stdin;

/// A place that holds objects.
pub trait Source: Send + Sync {
    /// The canonical prefix of all its objects' URIs: an absolute path, `s3://bucket/prefix`, `az://account/container/prefix`, or `-`. Of a catalogue its name,
    /// `glue://database`: its objects lie elsewhere.
    fn uri(&self) -> String;

    /// The folder that names of datasets are relative to, for [`layout::recognise_under`]: no slash at its end.
    fn root(&self) -> String {
        let uri = self.uri();
        uri[..uri.rfind('/').unwrap_or(0)].to_owned()
    }

    /// Lists every object, in ascending byte order of the URI, and returns what could not be listed.
    ///
    /// A failure of reason `listing_failed` means that objects below its URI are unknown; any other reason concerns the
    /// one thing that its URI names (a socket, a link that leads nowhere). What no failure hides ([`ListingFailure::hides`]) was
    /// listed completely.
    fn list(&self, each: &mut dyn FnMut(Object)) -> Vec<ListingFailure>;

    /// Before it is listed: where what is listed waits for the next run until all is listed, and where what a run before has listed may
    /// lie, which is not asked for again. Sources that are listed quickly, or cannot begin in the middle, have no use for it.
    fn resume(&self, shelf: &Arc<Shelf>) {
        if let Some(inner) = self.wraps() {
            inner.resume(shelf);
        }
    }

    /// Lists, of the objects whose URIs begin with one of `starts`, so many of each as stand beside it, the first ones: for somebody who
    /// waits for a few of many. In no order, some perhaps several times. A source that cannot be asked so is listed as a whole.
    fn list_near(&self, starts: &[(String, usize)], each: &mut dyn FnMut(Object)) -> Vec<ListingFailure> {
        let mut left: Vec<usize> = starts.iter().map(|s| s.1).collect();
        self.list(&mut |o| {
            let start = (0..starts.len()).find(|n| left[*n] > 0 && o.uri.starts_with(&starts[*n].0));
            if let Some(n) = start {
                left[n] -= 1;
                each(o);
            }
        })
    }

    /// Opens an object that this source listed, now or in an earlier run. Memory is bounded by [`Options`].
    ///
    /// Fails with `changed_during_read` if the object is no longer at the version that was listed; a change while it is
    /// read comes as the same error after the bytes.
    fn open(&self, object: &Object) -> Result<Box<dyn Input>>;

    /// Which dataset each listed object is part of, and what is known of it; `read` gives the whole of a small control file.
    fn layout(&self, objects: &[Object], read: &mut dyn FnMut(&Object) -> Result<Bytes>) -> Layout {
        layout::recognise_under(&self.root(), objects, read)
    }

    /// The source whose objects this one gives, if it only chooses or names them: what follows is answered by that.
    fn wraps(&self) -> Option<&dyn Source> {
        None
    }

    /// What surrounds the objects that were listed: the stores in which they lie. Asks for it; what is refused is not known.
    fn stores(&self) -> Vec<Store> {
        self.wraps().map_or_else(Vec::new, Source::stores)
    }

    /// Whether requests cost what Amazon says: not those to a server of others.
    fn is_priced(&self) -> bool {
        self.wraps().is_some_and(Source::is_priced)
    }

    /// What reading a listed object costs besides its bytes; `None`: nothing, or nobody knows. May ask what surrounds it.
    fn charge(&self, object: &Object) -> Option<Charge> {
        self.wraps().and_then(|s| s.charge(object))
    }

    /// What its last listing took, of so many objects.
    fn asked(&self, objects: u64) -> Asked {
        self.wraps().map_or(Asked { pages: objects.div_ceil(PAGE), single: 0 }, |s| s.asked(objects))
    }

    /// A run over what was listed has ended, and what it found is kept. `again`: whether an object has to be read once more, by its
    /// URI. Fails where something that is due then could not be done; nothing of the run is lost by it.
    fn ended(&self, again: &dyn Fn(&str) -> bool) -> Result<()> {
        self.wraps().map_or(Ok(()), |s| s.ended(again))
    }

    /// The moment that its last listing speaks of, if that is not the listing's own: of what is younger it says nothing.
    fn as_of(&self) -> Option<Timestamp> {
        self.wraps().and_then(Source::as_of)
    }

    /// Whether a complete listing of this source would contain an object with this URI, if it existed.
    fn covers(&self, uri: &str) -> bool;
}

/// Objects of one page of a listing.
const PAGE: u64 = 1000;

/// Requests of a listing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// For pages.
    pub pages: u64,
    /// For single objects.
    pub single: u64,
}

/// What makes an object of Amazon S3 dearer to read than others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Charge {
    /// Its storage class, where each byte read from it costs a fee.
    pub class: Option<&'static str>,
    /// Whether each request is one of AWS KMS as well.
    pub kms: bool,
    /// Whether it lies in another region than this machine.
    pub far: bool,
}

/// How sources are reached. The defaults suit AWS and a machine near it.
#[derive(Clone, Debug)]
pub struct Options {
    /// Another server of S3, addressed in path style, or of Azure.
    pub endpoint_url: Option<String>,
    /// A profile of the AWS configuration files; else the default credential chain.
    pub profile: Option<String>,
    /// The region; else that of the profile or the environment, else `us-east-1`.
    pub region: Option<String>,
    /// The region in which this machine stands, where it is known.
    pub home: Option<String>,
    /// Whether the prices of Amazon hold for the server at `endpoint_url` as well.
    pub priced: bool,
    /// The role that is taken for all requests, and what its owner asks to be told; `None`: none.
    pub assume_role: Option<String>,
    /// See `assume_role`.
    pub external_id: Option<String>,
    /// Sources that are reached otherwise, the first that fits.
    pub accounts: Arc<[Account]>,
    /// Whether we pay for requests to buckets that ask for it.
    pub requester_pays: bool,
    /// The account that must own the bucket: a name that somebody else has taken since is refused.
    pub expected_owner: Option<String>,
    /// List versions that were overwritten or deleted too; they are history.
    pub all_versions: bool,
    /// Take the listing from an S3 Inventory: its `manifest.json`, as `s3://bucket/key` or a path.
    pub inventory: Option<String>,
    /// Read the files alone that a manifest of `UNLOAD` or for `COPY` lists: a path, or what else can be opened.
    pub manifest: Option<String>,
    /// Look at those objects of a bucket alone that messages of S3 name: a file of them, a folder, or what else can be opened, or a
    /// queue, `sqs://QUEUE-URL`.
    pub changes: Option<String>,
    /// Which objects are read; `None`: all.
    pub choice: Option<Arc<Choice>>,
    /// Files of the program itself (the index, the key): no listing of a folder has them.
    pub own: Arc<[PathBuf]>,
    /// How text is laid out that does not say so itself.
    pub forms: Arc<[Form]>,
    /// Ranges of keys of one bucket that are listed at once; the listing is the same for any number.
    pub listers: usize,
    /// Ranges of one object that are fetched ahead of the reader.
    pub in_flight: usize,
    /// Bytes of one range. An open object holds little more than `in_flight * range_bytes` at most; where a connection is faster than the
    /// reader needs, it is asked for up to eight times as much at once, and little is held.
    pub range_bytes: usize,
    /// How often a request is tried without progress before the object is given up.
    pub attempts: u32,
    /// Time without a byte after which a request is broken off and tried again.
    pub stall: Duration,
    /// Bytes per second, measured over `stall`, below which a connection is replaced.
    pub min_rate: u64,
    /// The longest wait before the second attempt; doubled from there on to at most 20 seconds.
    pub backoff: Duration,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            endpoint_url: None,
            profile: None,
            region: None,
            assume_role: None,
            external_id: None,
            accounts: Arc::default(),
            home: None,
            priced: false,
            requester_pays: false,
            expected_owner: None,
            all_versions: false,
            inventory: None,
            manifest: None,
            changes: None,
            choice: None,
            own: Arc::default(),
            forms: Arc::default(),
            listers: 8,
            in_flight: 4,
            range_bytes: 8 << 20,
            attempts: 10,
            stall: Duration::from_secs(30),
            min_rate: 1024,
            backoff: Duration::from_millis(200),
        }
    }
}

/// Opens what the user typed: a file or a folder, `-` for standard input, `s3://bucket/prefix`, `gs://bucket/prefix`,
/// `az://account/container/prefix`, `glue://database[/table]`.
///
/// Fails for a path that does not exist (`not_found`, naming it as typed), for kinds of source that are not supported,
/// where there are no credentials, and where a manifest cannot be read. Nothing is listed yet.
pub fn open(spec: &str, options: &Options) -> Result<Arc<dyn Source>> {
    let (common, options) = (options, &accounts::of(spec, options));
    let inner = match &options.changes {
        Some(feed) => Arc::new(changes::open(spec, feed, options, common)?),
        None => open_bare(spec, options)?,
    };
    let inner: Arc<dyn Source> = match &options.choice {
        Some(choice) => Arc::new(chosen::Chosen { inner, choice: choice.clone() }),
        None => inner,
    };
    let forms = options.forms.clone();
    Ok(if forms.is_empty() { inner } else { Arc::new(forms::Formed { inner, forms }) })
}

fn open_bare(spec: &str, options: &Options) -> Result<Arc<dyn Source>> {
    if let Some(manifest) = &options.manifest {
        return Ok(Arc::new(listed::open(spec, manifest, options)?));
    }
    if spec == "-" {
        return Ok(Arc::new(Stdin::new(Box::new(std::io::stdin()))));
    }
    match spec.split_once("://") {
        Some(("s3" | "s3a" | "s3n", rest)) => Ok(Arc::new(s3::open(rest, options)?)),
        Some(("gs", rest)) => Ok(Arc::new(s3::open_google(rest, options)?)),
        Some(("az", rest)) => Ok(Arc::new(azure::open(rest, options)?)),
        Some(("glue", rest)) => Ok(Arc::new(glue::open(rest, options)?)),
        Some((scheme, _)) if is_scheme(scheme) => {
            let detail = format!(
                "{scheme}:// sources are not supported yet; a path, -, s3://bucket/prefix, gs://bucket/prefix, az://account/container/prefix and glue://database are"
            );
            Err(Error::new(Reason::UnsupportedFormat, detail))
        }
        _ => Ok(Arc::new(Local::open(spec)?.without(&options.own))),
    }
}

/// What a run over other sources notes of one that [`open`] failed for: the place, of which nothing is known. `None` where what was
/// typed is wrong, not the place: no run begins with that.
pub fn unreached(spec: &str, options: &Options, failed: &Error) -> Option<ListingFailure> {
    let bare = options.manifest.is_none() && options.changes.is_none();
    let is_path = !spec.is_empty() && spec != "-" && !spec.split_once("://").is_some_and(|(scheme, _)| is_scheme(scheme));
    let refused = matches!(failed.reason, Reason::AccessDenied | Reason::Network | Reason::Io);
    let uri = match spec.split_once("://") {
        _ if bare && is_path => local::absolute(spec),
        Some(("s3a" | "s3n", rest)) if refused => format!("s3://{rest}"),
        _ if refused => spec.to_owned(),
        _ => return None,
    };
    // PRIVACY: names are data, too; that of the place is shown as all others are, and nowhere else.
    let detail = failed.detail.strip_prefix(spec).map_or(&*failed.detail, |rest| rest.trim_start_matches(": "));
    Some(ListingFailure { uri, error: Error::new(Reason::ListingFailed, format!("{}: {detail}", failed.reason)) })
}

fn is_scheme(s: &str) -> bool {
    s.starts_with(|c: char| c.is_ascii_alphabetic()) && s.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_opened_says_why() {
        let o = Options::default();
        for (spec, reason, says) in [
            ("ftp://host/x", Reason::UnsupportedFormat, "ftp:// sources are not supported yet"),
            ("az://account", Reason::NotFound, "az://account/container"),
            ("glue://", Reason::NotFound, "glue://database"),
            ("glue://a/b/c", Reason::NotFound, "glue://database/table"),
            ("gs://", Reason::NotFound, "bucket"),
            ("no/such/path", Reason::NotFound, "no/such/path"),
            ("s3://", Reason::NotFound, "bucket"),
            ("", Reason::NotFound, "empty"),
        ] {
            let e = open(spec, &o).err().unwrap_or_else(|| panic!("{spec} opened"));
            assert_eq!(e.reason, reason, "{spec}");
            assert!(e.detail.contains(says), "{spec}: {}", e.detail);
        }
        for (spec, typed_wrong) in [("ftp://host/x", true), ("s3://", true), ("glue://", true), ("", true), ("no/jane@example.com", false)]
        {
            let e = open(spec, &o).err().unwrap();
            let found = unreached(spec, &o, &e);
            assert_eq!(found.is_none(), typed_wrong, "{spec}");
            if let Some(f) = found {
                assert!(f.uri.starts_with('/') && f.uri.ends_with(spec), "{}", f.uri);
                assert_eq!(f.error.to_string(), "listing_failed: not_found: there is no such file or folder");
            }
        }
        let refused = Error::new(Reason::AccessDenied, "no credentials");
        assert_eq!(unreached("s3a://b/p", &o, &refused).map(|f| f.uri).as_deref(), Some("s3://b/p"));
        let changes = Options { changes: Some("no/such".to_owned()), ..Options::default() };
        assert!(unreached("data", &changes, &Error::new(Reason::NotFound, "--changes no/such")).is_none(), "it is all sources'");
        let versions = Options { all_versions: true, ..Options::default() };
        assert_eq!(open("gs://b", &versions).err().map(|e| e.reason), Some(Reason::UnsupportedFormat));
    }
}
