//! Objects in S3, or in a server that speaks its protocol: Google Cloud Storage is one, at its own address and with its own
//! HMAC keys (its XML API takes requests as S3 does; its versions are called otherwise and are not listed).
//!
//! The SDK signs, sends and parses. What it does not do is done by `ranges` (a body that breaks in the middle is resumed) and
//! here: every response must be of the version that was listed.

mod around;
mod buckets;
mod cut;
mod entry;
mod fetch;
mod inventory;
mod listing;
mod look;
pub(super) mod retry;
mod span;
mod spread;
mod versions;

use std::sync::{Arc, Mutex, OnceLock};

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::StalledStreamProtectionConfig;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{BehaviorVersion, Builder, IdentityCache, Region, RequestChecksumCalculation, ResponseChecksumValidation};

use super::hand::{self, Hand};
use super::pace::Pace;
use super::ranges;
use super::shelf::{Part, Shelf};
use super::whole::Whole;
use super::{Asked, Charge, ListingFailure, Local, Options, PAGE, Source, aws, runtime};
use crate::base::version::{MARK, may_be_old};
use crate::base::{Error, Input, Object, Reason, Result, Store, Timestamp, old_version};

pub(super) use buckets::buckets;

/// The keys of a bucket that start with a prefix.
pub struct S3 {
    bucket: Arc<Bucket>,
    /// Compared with whole keys, as S3 does: `logs/a` takes in `logs/abc`.
    prefix: String,
    /// What the listing showed to lie in an archive, or where reading costs a fee.
    classes: Mutex<listing::Classes>,
    /// What surrounds it, once it was asked for.
    around: Arc<OnceLock<Store>>,
    /// Reads an inventory in place of the listing.
    inventory: Option<inventory::Behind>,
    shelf: Mutex<Option<Arc<Shelf>>>,
    /// What the last listing took from a run before.
    kept: Mutex<Option<Arc<Part>>>,
}

/// What all requests to one bucket share.
struct Bucket {
    client: Client,
    /// By which hands keep clients for it.
    owner: u64,
    /// How its URIs begin: `s3` or `gs`.
    scheme: &'static str,
    name: String,
    options: Options,
    /// How many requests it bears.
    pace: Arc<Pace>,
    /// Whether it is no bucket of Amazon's: its listing may have another order, and its prices are not known.
    elsewhere: bool,
    /// At which server and by whom it is asked.
    by: Arc<str>,
}

/// What all parts of one bucket have in common, however many are open.
#[derive(Clone, Default)]
pub(super) struct Common {
    pace: Arc<Pace>,
    around: Arc<OnceLock<Store>>,
    elsewhere: bool,
    by: Arc<str>,
}

impl Common {
    /// Of a bucket that this configuration reaches.
    pub fn of(options: &Options, config: &SdkConfig) -> Common {
        Common { elsewhere: aws::is_elsewhere(options, config), by: aws::by_whom(options, config).into(), ..Common::default() }
    }
}

/// Opens `bucket/prefix` with the default credential chain.
pub(super) fn open(spec: &str, options: &Options) -> Result<S3> {
    let (bucket, prefix) = split(spec)?;
    let config = aws::configuration(options)?;
    let mut source = connect_part((&config).into(), bucket, prefix, options, Common::of(options, &config))?;
    if let Some(manifest) = &options.inventory {
        source.inventory = Some(behind(config, manifest, options));
    }
    Ok(source)
}

/// Where Google Cloud Storage answers.
const GOOGLE: &str = "https://storage.googleapis.com";

/// Opens `bucket/prefix` of Google Cloud Storage with an HMAC key from the default credential chain.
pub(super) fn open_google(spec: &str, options: &Options) -> Result<S3> {
    if options.all_versions || options.inventory.is_some() {
        let detail = "gs:// is read as it is now: --all-versions and --inventory are for s3://";
        return Err(Error::new(Reason::UnsupportedFormat, detail));
    }
    let (bucket, prefix) = split(spec)?;
    let endpoint_url = options.endpoint_url.clone().or_else(|| Some(GOOGLE.to_owned()));
    let options = Options { endpoint_url, ..options.clone() };
    let config = aws::configuration(&options).map_err(|e| match e.reason {
        Reason::AccessDenied => Error::new(e.reason, NO_GOOGLE_KEY),
        _ => e,
    })?;
    connect_as("gs", (&config).into(), bucket, prefix, &options, Common::of(&options, &config))
}

const NO_GOOGLE_KEY: &str = "no key: make an HMAC key (`gcloud storage hmac create ACCOUNT`) and set AWS_ACCESS_KEY_ID and \
     AWS_SECRET_ACCESS_KEY to it, or name a profile that has it with --profile";

/// The files of an inventory, in a bucket or on this machine.
fn behind(config: SdkConfig, manifest: &str, options: &Options) -> inventory::Behind {
    // The bucket with the inventories may be another account's.
    let options = Options { expected_owner: None, ..options.clone() };
    let open = move |at: &str| -> Result<Box<dyn Input>> {
        let Some(rest) = at.strip_prefix("s3://") else {
            let file = Local::open(at)?;
            let mut found = None;
            file.list(&mut |o| found = Some(o));
            return file.open(&found.ok_or_else(|| Error::new(Reason::NotFound, "no such file"))?);
        };
        let (bucket, key) = split(rest)?;
        let source = connect_part((&config).into(), bucket, key, &options, Common::of(&options, &config))?;
        let mut found = None;
        let listed = listing::list(&source.bucket, key, None, &mut listing::Classes::new(), &mut |o| {
            if found.is_none() && source.key(&o.uri) == Some(key) {
                found = Some(o);
            }
        });
        listed?;
        source.open(&found.ok_or_else(|| Error::new(Reason::NotFound, "no such object"))?)
    };
    inventory::Behind::new(Arc::new(open), manifest.to_owned())
}

/// A source of the keys of `bucket` that start with `prefix`, from a configuration that knows credentials and region.
/// Endpoint, retries and timeouts are set from `options`.
pub fn connect(config: Builder, bucket: &str, prefix: &str, options: &Options) -> Result<S3> {
    connect_as("s3", config, bucket, prefix, options, Common::default())
}

/// The same for one of several parts of a bucket.
pub(super) fn connect_part(config: Builder, bucket: &str, prefix: &str, options: &Options, common: Common) -> Result<S3> {
    connect_as("s3", config, bucket, prefix, options, common)
}

fn connect_as(scheme: &'static str, config: Builder, bucket: &str, prefix: &str, options: &Options, common: Common) -> Result<S3> {
    runtime::shared()?;
    let elsewhere = common.elsewhere || options.endpoint_url.as_deref().is_some_and(|url| !aws::is_amazon(url));
    let (client, owner, name, options) = (client(config, options), hand::owner(), bucket.to_owned(), options.clone());
    let bucket = Bucket { client, owner, scheme, name, options, pace: common.pace, elsewhere, by: common.by };
    Ok(S3 {
        bucket: Arc::new(bucket),
        prefix: prefix.to_owned(),
        classes: Mutex::default(),
        around: common.around,
        inventory: None,
        shelf: Mutex::default(),
        kept: Mutex::default(),
    })
}

impl Bucket {
    /// The client with connections that go on while somebody waits on this hand. No other may use them: they would stand still.
    fn client_of(&self, hand: &Hand) -> Client {
        hand.keep(self.owner, || {
            // What is made from settings has connections of its own. Whoever asks for credentials through the common cache locks it, and
            // would lock it for as long as nobody waits on this hand: they are cached behind it (`aws`). Nor does a timeout know that
            // nobody waited; an attempt has its own.
            let config = self.client.config().to_builder().identity_cache(IdentityCache::no_cache());
            Client::from_conf(config.timeout_config(TimeoutConfig::disabled()).build())
        })
    }
}

/// A client of the server and region of `options`, which tries once.
fn client(config: Builder, options: &Options) -> Client {
    let connect = options.stall.min(std::time::Duration::from_secs(10));
    let mut config = config
        .behavior_version(BehaviorVersion::latest())
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::builder().connect_timeout(connect).build())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .interceptor(Whole)
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
    if let Some(url) = &options.endpoint_url {
        config = config.endpoint_url(url).force_path_style(true);
    }
    if let Some(r) = &options.region {
        config = config.region(Region::new(r.clone()));
    }
    Client::from_conf(config.build())
}

/// `bucket/prefix`, where the bucket may be the ARN of an access point, which has a slash of its own.
pub(super) fn split(spec: &str) -> Result<(&str, &str)> {
    let from = match spec.find(":accesspoint/") {
        Some(at) if spec.starts_with("arn:") => at + ":accesspoint/".len(),
        _ => 0,
    };
    let (bucket, prefix) = match spec[from..].find('/') {
        Some(at) => (&spec[..from + at], &spec[from + at + 1..]),
        None => (spec, ""),
    };
    if bucket.is_empty() {
        return Err(Error::new(Reason::NotFound, "the name of a bucket is missing: s3://bucket/prefix"));
    }
    Ok((bucket, prefix))
}

/// A key as it stands in a URL or a form; `None` where it is no text.
pub(super) fn key_of_url(text: &str) -> Option<String> {
    listing::decode(text).ok()
}

impl S3 {
    /// How the URIs of all its bucket's objects begin.
    pub(super) fn bucket_uri(&self) -> String {
        format!("{}://{}/", self.bucket.scheme, self.bucket.name)
    }

    /// The object with exactly this key; `None` if there is none.
    pub(super) fn one(&self, key: &str) -> Result<Option<Object>> {
        let mut classes = listing::Classes::new();
        let found = listing::one(&self.bucket, key, &mut classes);
        self.classes.lock().unwrap_or_else(|e| e.into_inner()).extend(classes);
        found
    }

    /// What a run before has left of this listing.
    fn kept_before(&self) -> Option<Arc<Part>> {
        let shelf = self.shelf.lock().unwrap_or_else(|e| e.into_inner()).clone();
        let (b, o) = (&self.bucket, &self.bucket.options);
        // Whatever decides what is listed.
        let what = (b.scheme, &b.name, &self.prefix, o.all_versions, o.requester_pays);
        let by = (&b.by, &o.endpoint_url, &o.region, &o.profile, &o.assume_role, &o.external_id, &o.expected_owner);
        let part = shelf.filter(|_| self.inventory.is_none()).and_then(|s| s.part(&format!("{what:?} {by:?}"))).map(Arc::new);
        self.kept.lock().unwrap_or_else(|e| e.into_inner()).clone_from(&part);
        part
    }

    fn around(&self) -> &Store {
        self.around.get_or_init(|| runtime::shared().map(|r| r.block_on(around::store(&self.bucket))).unwrap_or_default())
    }

    fn key<'a>(&self, uri: &'a str) -> Option<&'a str> {
        uri.strip_prefix(self.bucket.scheme)?.strip_prefix("://")?.strip_prefix(self.bucket.name.as_str())?.strip_prefix('/')
    }
}

impl Source for S3 {
    fn uri(&self) -> String {
        format!("{}://{}/{}", self.bucket.scheme, self.bucket.name, self.prefix)
    }

    fn list(&self, each: &mut dyn FnMut(Object)) -> Vec<ListingFailure> {
        let mut classes = listing::Classes::new();
        let all_versions = self.bucket.options.all_versions;
        let kept = self.kept_before();
        let done = match &self.inventory {
            Some(inventory) => inventory.list(&self.bucket.name, &self.prefix, all_versions, &mut classes, each),
            None if all_versions => versions::list(&self.bucket, &self.prefix, kept.as_ref(), &mut classes, each),
            None => listing::list(&self.bucket, &self.prefix, kept.as_ref(), &mut classes, each),
        };
        *self.classes.lock().unwrap_or_else(|e| e.into_inner()) = classes;
        match done {
            Ok(()) => {
                kept.iter().for_each(|k| k.done());
                Vec::new()
            }
            Err(e) => {
                let error = Error::new(Reason::ListingFailed, format!("{}: {}", e.reason, e.detail));
                vec![ListingFailure { uri: self.uri(), error }]
            }
        }
    }

    fn resume(&self, shelf: &Arc<Shelf>) {
        *self.shelf.lock().unwrap_or_else(|e| e.into_inner()) = Some(shelf.clone());
    }

    fn list_near(&self, starts: &[(String, usize)], each: &mut dyn FnMut(Object)) -> Vec<ListingFailure> {
        let (mut failures, mut classes) = (Vec::new(), listing::Classes::new());
        for (start, most) in starts {
            let own = self.key(start).filter(|k| k.starts_with(&self.prefix) || self.prefix.starts_with(k));
            let Some(prefix) = own.map(|k| if k.len() > self.prefix.len() { k } else { &self.prefix }) else { continue };
            if let Err(e) = listing::first(&self.bucket, prefix, *most, &mut classes, each) {
                let error = Error::new(Reason::ListingFailed, format!("{}: {}", e.reason, e.detail));
                failures.push(ListingFailure { uri: start.clone(), error });
            }
        }
        self.classes.lock().unwrap_or_else(|e| e.into_inner()).extend(classes);
        failures
    }

    fn open(&self, object: &Object) -> Result<Box<dyn Input>> {
        let (uri, id) = old_version(object).map_or((object.uri.as_str(), None), |(uri, id)| (uri, Some(id.to_owned())));
        let Some(key) = self.key(uri).filter(|k| k.starts_with(&self.prefix)) else {
            return Err(Error::new(Reason::NotFound, "the object does not lie in this source"));
        };
        if let Some(class) = self.classes.lock().unwrap_or_else(|e| e.into_inner()).get(&object.uri).filter(|c| listing::is_archive(c)) {
            let detail = format!("storage class {class}: restore it (`aws s3api restore-object`), then scan again");
            return Err(Error::new(Reason::Archived, detail));
        }
        // The id of a version is all that has to be compared: versions do not change.
        let version = if id.is_some() { fetch::Version::Modified(object.modified) } else { fetch::Version::of(object) };
        let (bucket, client) = (self.bucket.clone(), self.bucket.client.clone());
        let target = fetch::Target { bucket, client, key: key.to_owned(), version, version_id: id, size: object.size };
        Ok(Box::new(ranges::open(Arc::new(target))?))
    }

    fn stores(&self) -> Vec<Store> {
        // Google has its own settings under its own names.
        if self.bucket.scheme == "s3" { vec![self.around().clone()] } else { Vec::new() }
    }

    fn is_priced(&self) -> bool {
        self.bucket.scheme == "s3" && (!self.bucket.elsewhere || self.bucket.options.priced)
    }

    fn charge(&self, object: &Object) -> Option<Charge> {
        let options = &self.bucket.options;
        if !self.is_priced() {
            return None;
        }
        let class = self.classes.lock().unwrap_or_else(|e| e.into_inner()).get(&object.uri).copied();
        // Nothing is read from an archive, and nothing paid.
        if class.is_some_and(listing::is_archive) {
            return None;
        }
        let around = self.around();
        Some(Charge {
            class,
            kms: around.get("encryption").is_some_and(|e| e.starts_with("aws:kms") && !e.ends_with("bucket key")),
            far: options.home.as_deref().zip(around.get("region")).is_some_and(|(here, there)| here != there),
        })
    }

    fn asked(&self, objects: u64) -> Asked {
        let kept = self.kept.lock().unwrap_or_else(|e| e.into_inner()).as_ref().map_or(0, |k| k.entries());
        Asked { pages: objects.saturating_sub(kept).div_ceil(PAGE), single: 0 }
    }

    fn as_of(&self) -> Option<Timestamp> {
        self.inventory.as_ref().and_then(inventory::Behind::as_of)
    }

    fn covers(&self, uri: &str) -> bool {
        let asked = self.bucket.options.all_versions || !may_be_old(uri);
        let Some(key) = self.key(uri).filter(|k| asked && k.starts_with(&self.prefix)) else { return false };
        // What a run before listed says nothing of what is gone now.
        let kept = self.kept.lock().unwrap_or_else(|e| e.into_inner());
        let current = key.split(MARK).next().unwrap_or(key);
        kept.as_ref().is_none_or(|k| !k.holds(key) && !k.holds(current))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_compared_with_whole_keys() {
        for (spec, bucket, prefix) in [
            ("b", "b", ""),
            ("b/", "b", ""),
            ("b/logs/2026", "b", "logs/2026"),
            ("b//odd key+%20", "b", "/odd key+%20"),
            ("arn:aws:s3:us-east-1:123456789012:accesspoint/reader/x/y", "arn:aws:s3:us-east-1:123456789012:accesspoint/reader", "x/y"),
        ] {
            assert_eq!(split(spec).unwrap(), (bucket, prefix), "{spec}");
        }
        let config = Builder::new().region(Region::from_static("us-east-1"));
        let versions = Options { all_versions: true, ..Options::default() };
        let s = connect(config.clone(), "b", "logs/a", &versions).unwrap();
        assert!(s.covers("s3://b/logs/a?versionId=1"));
        let s = connect(config, "b", "logs/a", &Options::default()).unwrap();
        assert!(!s.covers("s3://b/logs/a?versionId=1"), "a listing without versions says nothing about them");
        assert_eq!((s.uri().as_str(), s.root().as_str()), ("s3://b/logs/a", "s3://b/logs"));
        for (uri, yes) in
            [("s3://b/logs/abc", true), ("s3://b/logs/a", true), ("s3://b/logs/b", false), ("s3://b2/logs/a", false), ("/b/logs/a", false)]
        {
            assert_eq!(s.covers(uri), yes, "{uri}");
        }
    }
}
