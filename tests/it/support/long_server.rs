//! An S3 server in this process with one bucket, `data`, whose listing is long: ten keys a page, in byte order. It can stop to answer
//! in the middle of it. Objects lie in memory and change when a test says so; nobody is asked who he is.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};

use super::loopback::Loopback;

const PER_PAGE: usize = 10;

/// What the server holds and has seen.
#[derive(Default)]
pub struct State {
    /// ETag and content, by key; keys have no character that would have to be encoded.
    pub objects: BTreeMap<String, (u32, String)>,
    /// Pages that were given.
    pub pages: usize,
    /// Keys that were given.
    pub given: Vec<String>,
    /// After so many pages no page is answered any more.
    pub stops_after: Option<usize>,
    /// They are refused instead.
    pub refuses: bool,
    /// Requests for pages that wait for ever.
    pub waiting: usize,
}

/// A running server; it stops when dropped.
pub struct LongServer {
    server: Loopback,
    pub state: Arc<Mutex<State>>,
}

impl LongServer {
    pub fn start(keys: impl Iterator<Item = (String, String)>) -> LongServer {
        let objects = keys.map(|(key, content)| (key, (1, content))).collect();
        let state = Arc::new(Mutex::new(State { objects, ..State::default() }));
        let shared = state.clone();
        let server = Loopback::http(move |req| handle(req, shared.clone()));
        LongServer { server, state }
    }

    /// The endpoint for clients.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// Answers pages again, or so many, and counts from nothing; what was counted.
    pub fn again(&self, stops_after: Option<usize>) -> (usize, Vec<String>) {
        let mut s = self.state.lock().unwrap();
        (s.stops_after, s.waiting) = (stops_after, 0);
        (std::mem::take(&mut s.pages), std::mem::take(&mut s.given))
    }
}

async fn handle(req: Request<Incoming>, state: Arc<Mutex<State>>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (path, query) = (decoded(req.uri().path()), req.uri().query().unwrap_or("").to_owned());
    let Some(key) = path.strip_prefix("/data/").filter(|k| !k.is_empty()) else {
        let page = if query.contains("list-type=2") {
            page(&state, &query)
        } else {
            Some((403, "<Error><Code>AccessDenied</Code></Error>".to_owned()))
        };
        let Some((status, body)) = page else {
            std::future::pending::<()>().await;
            unreachable!()
        };
        return Ok(Response::builder().status(status).body(Full::new(Bytes::from(body))).unwrap());
    };
    let state = state.lock().unwrap();
    let header = |name: &str| req.headers().get(name).and_then(|v| v.to_str().ok());
    let answer = Response::builder();
    let Some((tag, content)) = state.objects.get(key) else {
        return Ok(answer.status(404).body(Full::new(Bytes::from_static(b"<Error><Code>NoSuchKey</Code></Error>"))).unwrap());
    };
    let tag = format!("\"{tag}\"");
    if header("if-match").is_some_and(|wanted| wanted != tag) {
        return Ok(answer.status(412).body(Full::new(Bytes::from_static(b"<Error><Code>PreconditionFailed</Code></Error>"))).unwrap());
    }
    let range = header("range").and_then(|r| r.strip_prefix("bytes=")?.split_once('-')).map(|(a, b)| {
        let from = a.parse::<usize>().unwrap();
        from..b.parse().map_or(content.len(), |b: usize| (b + 1).min(content.len()))
    });
    let answer = answer.header("etag", tag).header("last-modified", "Fri, 20 Nov 2026 07:28:01 GMT");
    Ok(match range {
        Some(r) => answer
            .status(206)
            .header("content-range", format!("bytes {}-{}/{}", r.start, r.end - 1, content.len()))
            .body(Full::new(Bytes::from(content[r].to_owned())))
            .unwrap(),
        None => answer.body(Full::new(Bytes::from(content.clone()))).unwrap(),
    })
}

/// A page of the listing; `None`: no more are given.
fn page(state: &Mutex<State>, query: &str) -> Option<(u16, String)> {
    let of = |name: &str| query.split('&').find_map(|f| f.strip_prefix(name)?.strip_prefix('='));
    let behind = of("continuation-token").or_else(|| of("start-after")).map(decoded).unwrap_or_default();
    let mut s = state.lock().unwrap();
    if s.stops_after.is_some_and(|most| s.pages >= most) {
        s.waiting += 1;
        return s.refuses.then(|| (403, "<Error><Code>AccessDenied</Code></Error>".to_owned()));
    }
    s.pages += 1;
    let all: Vec<(&String, &(u32, String))> = s.objects.iter().filter(|(k, _)| **k > behind).take(PER_PAGE + 1).collect();
    let (more, shown) = (all.len() > PER_PAGE, &all[..all.len().min(PER_PAGE)]);
    let mut out = "<ListBucketResult><Name>data</Name><EncodingType>url</EncodingType>".to_owned();
    for (key, (tag, content)) in shown {
        let size = content.len();
        out += &format!("<Contents><Key>{key}</Key><LastModified>2026-11-20T07:28:01.000Z</LastModified>");
        out += &format!("<ETag>&quot;{tag}&quot;</ETag><Size>{size}</Size></Contents>");
    }
    if more {
        out += &format!("<NextContinuationToken>{}</NextContinuationToken>", shown[PER_PAGE - 1].0);
    }
    let given: Vec<String> = shown.iter().map(|(k, _)| (*k).clone()).collect();
    s.given.extend(given);
    Some((200, out + &format!("<IsTruncated>{more}</IsTruncated></ListBucketResult>")))
}

/// Undoes percent-encoding.
fn decoded(text: &str) -> String {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(b) = bytes.next() {
        let hex: Option<Vec<u8>> = (b == b'%').then(|| bytes.by_ref().take(2).collect());
        out.push(hex.map_or(b, |h| u8::from_str_radix(std::str::from_utf8(&h).unwrap(), 16).unwrap()));
    }
    String::from_utf8(out).unwrap()
}
