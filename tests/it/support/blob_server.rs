//! The Blob service of Azure in this process, as much of it as reading needs: pages of two names, ranges, `If-Match`; and a client that
//! uploads, to it and to others.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};
use object_store::ClientOptions;
use object_store::azure::{AzureAccessKey, AzureAuthorizer, AzureCredential};
use object_store::client::{HttpConnector, HttpRequest, HttpRequestBody, ReqwestConnector};
use tokio::runtime::Runtime;

use super::loopback::Loopback;

/// The account of the emulators.
pub const ACCOUNT: &str = "devstoreaccount1";
/// Its key, which stands in the manual of every emulator.
pub const KEY: &str = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// One blob.
#[derive(Clone, Default)]
pub struct Blob {
    pub content: Vec<u8>,
    /// Of the content.
    pub etag: String,
    pub tier: &'static str,
    /// Written into the listing as a folder of a hierarchical namespace.
    pub is_folder: bool,
    /// Headers `x-ms-meta-…` of the answer.
    pub metadata: Vec<&'static str>,
}

#[derive(Default)]
struct State {
    /// By container and name.
    blobs: BTreeMap<(String, String), Blob>,
    puts: u32,
    /// Requests without a signature are refused.
    signed: bool,
}

/// A running server; it stops when dropped.
pub struct BlobServer {
    server: Loopback,
    state: Arc<Mutex<State>>,
}

impl BlobServer {
    /// Without containers, on a free port of the loopback interface.
    pub fn start() -> BlobServer {
        let state = Arc::new(Mutex::new(State { signed: true, ..State::default() }));
        let shared = state.clone();
        let server = Loopback::http(move |req| handle(req, shared.clone()));
        BlobServer { server, state }
    }

    /// `127.0.0.1:port`.
    pub fn address(&self) -> &str {
        &self.server.address
    }

    /// The endpoint for clients.
    pub fn url(&self) -> String {
        format!("http://{}/{ACCOUNT}", self.address())
    }

    /// Everybody may read from now on.
    pub fn open_to_all(&self) {
        self.state.lock().unwrap().signed = false;
    }

    /// Stores a blob, over another.
    pub fn put(&self, container: &str, name: &str, content: &[u8]) {
        self.put_blob(container, name, Blob { content: content.to_vec(), ..Blob::default() });
    }

    /// The same with all that is known of one.
    pub fn put_blob(&self, container: &str, name: &str, blob: Blob) {
        let mut s = self.state.lock().unwrap();
        s.puts += 1;
        let etag = format!("0x8DE{:012X}", s.puts);
        s.blobs.insert((container.to_owned(), name.to_owned()), Blob { etag, ..blob });
    }

    /// Removes a blob.
    pub fn remove(&self, container: &str, name: &str) {
        self.state.lock().unwrap().blobs.remove(&(container.to_owned(), name.to_owned()));
    }
}

type Answer = Response<Full<Bytes>>;

async fn handle(req: Request<Incoming>, state: Arc<Mutex<State>>) -> Result<Answer, Infallible> {
    let s = state.lock().unwrap();
    let header = |name: &str| req.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or("").to_owned();
    if s.signed && !header("authorization").starts_with(&format!("SharedKey {ACCOUNT}:")) {
        return Ok(refusal(403, "AuthenticationFailed"));
    }
    if header("x-ms-version").is_empty() {
        return Ok(refusal(400, "MissingRequiredHeader"));
    }
    let path = decoded(req.uri().path());
    let Some((container, name)) = path.strip_prefix(&format!("/{ACCOUNT}/")).map(|p| p.split_once('/').unwrap_or((p, ""))) else {
        return Ok(refusal(400, "InvalidUri"));
    };
    if !s.blobs.keys().any(|(c, _)| c == container) {
        return Ok(refusal(404, "ContainerNotFound"));
    }
    let query: BTreeMap<String, String> =
        req.uri().query().unwrap_or("").split('&').filter_map(|p| p.split_once('=')).map(|(k, v)| (decoded(k), decoded(v))).collect();
    if query.get("comp").is_some_and(|c| c == "list") {
        return Ok(list(&s, container, &query));
    }
    let Some(blob) = s.blobs.get(&(container.to_owned(), name.to_owned())) else { return Ok(refusal(404, "BlobNotFound")) };
    let tag = format!("\"{}\"", blob.etag);
    if !header("if-match").is_empty() && header("if-match") != tag {
        return Ok(refusal(412, "ConditionNotMet"));
    }
    if blob.tier == "Archive" {
        return Ok(refusal(409, "BlobArchived"));
    }
    let mut answer = Response::builder().header("etag", tag);
    for name in &blob.metadata {
        answer = answer.header(format!("x-ms-meta-{name}"), "x");
    }
    let size = blob.content.len();
    let range = header("range").strip_prefix("bytes=").and_then(|r| r.split_once('-').map(|(a, b)| (a.to_owned(), b.to_owned())));
    let Some((from, to)) = range else { return Ok(answer.body(blob.content.clone().into()).unwrap()) };
    let (from, to) = (from.parse::<usize>().unwrap(), to.parse::<usize>().unwrap().min(size.saturating_sub(1)));
    if from >= size {
        return Ok(refusal(416, "InvalidRange"));
    }
    let answer = answer.status(206).header("content-range", format!("bytes {from}-{to}/{size}"));
    Ok(answer.body(blob.content[from..=to].to_vec().into()).unwrap())
}

/// A page of two names, with the byte order mark that Azure sends.
fn list(s: &State, container: &str, query: &BTreeMap<String, String>) -> Answer {
    let asked = |name: &str| query.get(name).map_or("", String::as_str);
    // As the order of UTF-16 is.
    let mut all: Vec<(&String, &Blob)> =
        s.blobs.iter().filter(|((c, n), _)| c == container && n.starts_with(asked("prefix"))).map(|((_, n), b)| (n, b)).collect();
    all.sort_by_key(|(n, _)| n.encode_utf16().collect::<Vec<_>>());
    // Export parts show their time, and what is old is stale.
    let seconds = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64;
    let now = chrono::DateTime::from_timestamp(seconds, 0).unwrap().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let from: usize = asked("marker").strip_prefix("2!& ").map_or(0, |m| m.parse().unwrap());
    let mut xml = format!("\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults ContainerName=\"{container}\"><Blobs>");
    for (name, b) in all.iter().skip(from).take(2) {
        let escaped = name.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let kind = if b.is_folder { "<ResourceType>directory</ResourceType>" } else { "" };
        xml.push_str(&format!(
            "<Blob><Name>{escaped}</Name><Properties><Creation-Time>Fri, 20 Nov 2026 07:28:00 GMT</Creation-Time><Last-Modified>{now}</Last-Modified><Etag>{}</Etag>{kind}<Content-Length>{}</Content-Length><BlobType>BlockBlob</BlobType>\
             <AccessTier>{}</AccessTier></Properties><OrMetadata /></Blob>",
            b.etag,
            b.content.len(),
            b.tier
        ));
    }
    let next = if all.len() > from + 2 { format!("2!&amp; {}", from + 2) } else { String::new() };
    xml.push_str(&format!("</Blobs><NextMarker>{next}</NextMarker></EnumerationResults>"));
    Response::new(xml.into())
}

fn refusal(status: u16, code: &str) -> Answer {
    let xml = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>jane@example.com</Message></Error>");
    Response::builder().status(status).header("x-ms-error-code", code).body(xml.into()).unwrap()
}

fn decoded(text: &str) -> String {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(b) = bytes.next() {
        out.push(match b {
            b'%' => u8::from_str_radix(&format!("{}{}", bytes.next().unwrap() as char, bytes.next().unwrap() as char), 16).unwrap(),
            b => b,
        });
    }
    String::from_utf8(out).unwrap()
}

/// Makes containers and blobs in a service that others made, by requests signed with the key.
pub struct Uploader {
    runtime: Runtime,
    url: String,
}

impl Uploader {
    /// To `http://127.0.0.1:port`, where [`ACCOUNT`] is known.
    pub fn new(url: &str) -> Uploader {
        let address: SocketAddr = url.trim_start_matches("http://").trim_end_matches('/').parse().expect("an address of this machine");
        assert!(address.ip().is_loopback(), "tests speak to this machine alone");
        Uploader { runtime: Runtime::new().unwrap(), url: format!("http://{address}/{ACCOUNT}") }
    }

    /// Where the account answers.
    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn container(&self, name: &str) {
        self.request(&format!("{name}?restype=container"), Vec::new(), &[]);
    }

    /// Stores a blob under exactly this name.
    pub fn put(&self, container: &str, name: &str, content: Vec<u8>) {
        let encoded: String = name.bytes().map(|b| if b == b'/' { "/".to_owned() } else { format!("%{b:02X}") }).collect();
        self.request(&format!("{container}/{encoded}"), content, &[("x-ms-blob-type", "BlockBlob")]);
    }

    /// Moves a blob to another access tier.
    pub fn tier(&self, container: &str, name: &str, tier: &'static str) {
        self.request(&format!("{container}/{name}?comp=tier"), Vec::new(), &[("x-ms-access-tier", tier)]);
    }

    fn request(&self, path: &str, content: Vec<u8>, headers: &[(&'static str, &'static str)]) {
        let credential = AzureCredential::AccessKey(AzureAccessKey::try_new(KEY).unwrap());
        let length = content.len().to_string();
        let mut request = HttpRequest::new(HttpRequestBody::from(content));
        *request.method_mut() = "PUT".parse().unwrap();
        *request.uri_mut() = format!("{}/{path}", self.url).parse().unwrap();
        request.headers_mut().insert("content-length", length.parse().unwrap());
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        AzureAuthorizer::new(&credential, ACCOUNT).authorize(&mut request);
        self.runtime.block_on(async {
            let client = ReqwestConnector::default().connect(&ClientOptions::new().with_allow_http(true)).unwrap();
            let answer = client.execute(request).await.unwrap();
            let status = answer.status();
            let text = answer.into_body().collect().await.unwrap().to_bytes();
            assert!(status.is_success(), "{path}: {status} {}", String::from_utf8_lossy(&text));
        });
    }
}
