//! Blobs in Azure Blob Storage.
//!
//! `object_store` finds credentials, signs and sends. Its paths and its listings are not used: a path cannot stand for every name
//! that a blob may have, and its listing tells no access tier and fails as a whole at the first such name. So requests are
//! made here (`service`), pages of names are parsed here (`listing`), and ranges are read as those of S3 are
//! (`ranges`).

mod listing;
mod service;

use std::ops::Range;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::BodyExt;
use object_store::HeaderMap;
use object_store::azure::AzureCredential;
use object_store::client::HttpResponseBody;

use super::attempts::Failed;
use super::ranges::{self, Broken, Chunks, Ranged, changed, check, unquoted};
use super::{ListingFailure, Options, Source};
use crate::base::{Error, Input, Object, Reason, Result};
use service::{Credentials, Service};

/// The blobs of a container whose names start with a prefix.
pub struct Azure {
    container: Arc<Container>,
    /// Compared with whole names, as the service does: `logs/a` takes in `logs/abc`.
    prefix: String,
    /// What the listing showed to lie in the archive tier.
    archived: Mutex<listing::Archived>,
}

/// What all requests to one container share.
struct Container {
    service: Service,
    name: String,
    options: Options,
}

/// How a request is authorised, for [`connect`].
#[derive(Debug)]
pub enum Access {
    /// Not at all: the container is open to everybody.
    Anonymous,
    /// By the key of the account, in base64.
    AccountKey(String),
    /// By a shared access signature, the names and values of its query, decoded.
    SharedAccessSignature(Vec<(String, String)>),
}

/// Opens `account/container/prefix` with the credentials that the environment names. Fails with `not_found` where account or
/// container is missing, with `unsupported_format` for options that Azure has not, with `access_denied` without credentials.
pub(super) fn open(spec: &str, options: &Options) -> Result<Azure> {
    let (account, container, prefix) = split(spec)?;
    refuse(options)?;
    let (credentials, endpoint) = service::from_environment(account, container)?;
    let options = Options { endpoint_url: options.endpoint_url.clone().or(endpoint), ..options.clone() };
    new(account, container, prefix, credentials, &options)
}

/// A source of the blobs of `container` whose names start with `prefix`. Fails where a name or the endpoint is not well formed
/// (`not_found`), for options that Azure has not (`unsupported_format`), and for a key that is no base64 (`access_denied`).
pub fn connect(account: &str, container: &str, prefix: &str, access: Access, options: &Options) -> Result<Azure> {
    let spec = format!("{account}/{container}/{prefix}");
    let (account, container, prefix) = split(&spec)?;
    refuse(options)?;
    let credentials = match access {
        Access::Anonymous => Credentials::Anonymous,
        Access::AccountKey(key) => Credentials::fixed(AzureCredential::AccessKey(service::key(&key)?)),
        Access::SharedAccessSignature(pairs) => Credentials::fixed(AzureCredential::SASToken(pairs)),
    };
    new(account, container, prefix, credentials, options)
}

fn new(account: &str, container: &str, prefix: &str, credentials: Credentials, options: &Options) -> Result<Azure> {
    let service = Service::new(account, credentials, options)?;
    let container = Container { service, name: container.to_owned(), options: options.clone() };
    Ok(Azure { container: Arc::new(container), prefix: prefix.to_owned(), archived: Mutex::default() })
}

/// Options of S3 that would silently not be heeded.
fn refuse(o: &Options) -> Result<()> {
    let given = [
        (o.all_versions, "--all-versions"),
        (o.inventory.is_some(), "--inventory"),
        (o.requester_pays, "--requester-pays"),
        (o.expected_owner.is_some(), "--bucket-owner"),
    ];
    match given.iter().find(|(given, _)| *given) {
        Some((_, name)) => Err(Error::new(Reason::UnsupportedFormat, format!("{name} is for s3://; az:// is read as it is now"))),
        None => Ok(()),
    }
}

/// Account, container and prefix.
fn split(spec: &str) -> Result<(&str, &str, &str)> {
    let (account, rest) = spec.split_once('/').unwrap_or((spec, ""));
    let (container, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    // An account becomes part of a host name.
    let plain = |s: &str, more: &str| !s.is_empty() && s.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || more.contains(c));
    if !plain(account, "") || !plain(container, "$") {
        return Err(Error::new(Reason::NotFound, "name an account and a container: az://account/container/prefix"));
    }
    Ok((account, container, prefix))
}

impl Container {
    fn uri(&self, name: &str) -> String {
        format!("az://{}/{}/{name}", self.service.account, self.name)
    }
}

impl Azure {
    fn name<'a>(&self, uri: &'a str) -> Option<&'a str> {
        uri.strip_prefix(&self.container.uri("")).filter(|n| n.starts_with(&self.prefix))
    }
}

impl Source for Azure {
    fn uri(&self) -> String {
        self.container.uri(&self.prefix)
    }

    fn list(&self, each: &mut dyn FnMut(Object)) -> Vec<ListingFailure> {
        let mut archived = listing::Archived::new();
        let done = listing::list(&self.container, &self.prefix, &mut archived, each);
        *self.archived.lock().unwrap_or_else(|e| e.into_inner()) = archived;
        match done {
            Ok(()) => Vec::new(),
            Err(e) => {
                let error = Error::new(Reason::ListingFailed, format!("{}: {}", e.reason, e.detail));
                vec![ListingFailure { uri: self.uri(), error }]
            }
        }
    }

    fn list_near(&self, starts: &[(String, usize)], each: &mut dyn FnMut(Object)) -> Vec<ListingFailure> {
        let (mut failures, mut archived) = (Vec::new(), listing::Archived::new());
        for (start, most) in starts {
            let own = start.strip_prefix(&self.container.uri("")).filter(|n| n.starts_with(&self.prefix) || self.prefix.starts_with(n));
            let Some(prefix) = own.map(|n| if n.len() > self.prefix.len() { n } else { &self.prefix }) else { continue };
            let mut left = *most;
            let done = listing::pages(&self.container, prefix, &mut archived, &mut |o| {
                each(o);
                left = left.saturating_sub(1);
                left > 0
            });
            if let Err(e) = done {
                let error = Error::new(Reason::ListingFailed, format!("{}: {}", e.reason, e.detail));
                failures.push(ListingFailure { uri: start.clone(), error });
            }
        }
        self.archived.lock().unwrap_or_else(|e| e.into_inner()).extend(archived);
        failures
    }

    fn open(&self, object: &Object) -> Result<Box<dyn Input>> {
        let Some(name) = self.name(&object.uri) else {
            return Err(Error::new(Reason::NotFound, "the object does not lie in this source"));
        };
        if self.archived.lock().unwrap_or_else(|e| e.into_inner()).contains(&object.uri) {
            let detail = "access tier Archive: rehydrate it (`az storage blob set-tier --tier Hot`), then scan again";
            return Err(Error::new(Reason::Archived, detail));
        }
        // A client resolves such segments before it sends, whatever their spelling, and would ask for another blob.
        if name.split('/').any(|s| matches!(s, "." | "..")) {
            return Err(Error::new(Reason::Io, "a part of the name is . or .., which no URL can carry"));
        }
        let etag = etag(&object.version).to_owned();
        let target = Target { container: self.container.clone(), name: name.to_owned(), etag, size: object.size };
        Ok(Box::new(ranges::open(Arc::new(target))?))
    }

    fn covers(&self, uri: &str) -> bool {
        self.name(uri).is_some()
    }
}

/// The version of a blob: its ETag, and the id of the version where the service tells one.
fn version(etag: &str, id: &str) -> String {
    if id.is_empty() { etag.to_owned() } else { format!("{etag} {id}") }
}

/// The ETag of a version, which has no space in it.
fn etag(version: &str) -> &str {
    version.split(' ').next().unwrap_or(version)
}

/// A blob to be read.
struct Target {
    container: Arc<Container>,
    name: String,
    /// Without quotes.
    etag: String,
    /// As listed.
    size: u64,
}

impl Ranged for Target {
    type Body = HttpResponseBody;

    fn size(&self) -> u64 {
        self.size
    }

    fn options(&self) -> &Options {
        &self.container.options
    }

    async fn ask(&self, range: Range<u64>) -> Result<HttpResponseBody, Failed> {
        let mut headers = vec![("if-match", format!("\"{}\"", self.etag))];
        if !range.is_empty() {
            headers.push(("range", format!("bytes={}-{}", range.start, range.end - 1)));
        }
        let path = format!("{}/{}", self.container.name, self.name);
        let (head, body) = self.container.service.get(&path, "", &headers).await?.into_parts();
        self.check(&head.headers, &range)?;
        Ok(body)
    }
}

impl Target {
    /// Whether the answer is of the listed version and of the range. Some servers ignore `If-Match`.
    fn check(&self, headers: &HeaderMap, range: &Range<u64>) -> Result<(), Failed> {
        let header = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
        // What the client libraries write when they encrypt before the upload.
        if headers.contains_key("x-ms-meta-encryptiondata") {
            return Err(Failed::for_good(Reason::Encrypted, "encrypted by its writer before the upload, under a key of the writer's"));
        }
        if header("etag").is_some_and(|tag| unquoted(tag) != self.etag) {
            return Err(changed("the ETag"));
        }
        check(range, self.size, header("content-range"), header("content-length").and_then(|l| l.parse().ok()))
    }
}

impl Chunks for HttpResponseBody {
    async fn next(&mut self) -> Option<Result<Bytes, Broken>> {
        loop {
            match self.frame().await? {
                Err(_) => return Some(Err(Broken::Connection)),
                // What comes behind the data in HTTP/2.
                Ok(frame) => match frame.into_data() {
                    Ok(data) => return Some(Ok(data)),
                    Err(_) => continue,
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(spec: &str, options: &Options) -> Result<Azure> {
        let (account, container, prefix) = split(spec)?;
        connect(account, container, prefix, Access::Anonymous, options)
    }

    #[test]
    fn a_prefix_is_compared_with_whole_names() {
        let s = source("acc/box/logs/a", &Options::default()).unwrap();
        assert_eq!((s.uri().as_str(), s.root().as_str()), ("az://acc/box/logs/a", "az://acc/box/logs"));
        for (uri, yes) in [
            ("az://acc/box/logs/abc", true),
            ("az://acc/box/logs/a", true),
            ("az://acc/box/logs/b", false),
            ("az://acc/box2/logs/a", false),
            ("az://acc2/box/logs/a", false),
            ("s3://box/logs/a", false),
        ] {
            assert_eq!(s.covers(uri), yes, "{uri}");
        }
        for (spec, want) in
            [("a/b", ("a", "b", "")), ("a/b/", ("a", "b", "")), ("a/$web/x/y", ("a", "$web", "x/y")), ("a/b//x", ("a", "b", "/x"))]
        {
            assert_eq!(split(spec).unwrap(), want, "{spec}");
        }
        for spec in ["", "a", "a/", "/b", "a.example.com/b", "a@b/c", "a:1/b", "a/b c"] {
            assert_eq!(split(spec).unwrap_err().reason, Reason::NotFound, "{spec}");
        }
    }

    #[test]
    fn options_of_s3_are_refused_and_no_segment_is_resolved() {
        for (name, options) in [
            ("--all-versions", Options { all_versions: true, ..Options::default() }),
            ("--inventory", Options { inventory: Some("x".into()), ..Options::default() }),
            ("--requester-pays", Options { requester_pays: true, ..Options::default() }),
            ("--bucket-owner", Options { expected_owner: Some("1".into()), ..Options::default() }),
        ] {
            let e = source("a/b", &options).err().unwrap();
            assert!(e.reason == Reason::UnsupportedFormat && e.detail.starts_with(name), "{e:?}");
        }
        let e = connect("a", "b", "", Access::AccountKey("no base64!".into()), &Options::default()).err().unwrap();
        assert!(e.reason == Reason::AccessDenied && !e.detail.contains("no base64"), "{e:?}");
        let s = source("a/b", &Options::default()).unwrap();
        let up = Object { uri: "az://a/b/x/../y".into(), version: "0x1".into(), size: 1, modified: None, until: None };
        assert_eq!(s.open(&up).err().map(|e| e.reason), Some(Reason::Io));
        assert_eq!((version("0x1", ""), version("0x1", "2026"), etag("0x1 2026")), ("0x1".into(), "0x1 2026".into(), "0x1"));
    }
}
