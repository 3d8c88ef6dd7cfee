//! A proxy between a client and an HTTP server that breaks what passes, as it is told.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use base64::Engine;
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::{Request, Response};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use super::loopback::Loopback;

/// What happens to one answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// Passed on.
    None,
    /// Not asked at all: an error with this status and code, as S3 says it and as Azure does.
    Refuse(u16, &'static str),
    /// The connection is reset after this many bytes of the body.
    Reset(usize),
    /// The body ends, in good order and with the length corrected, after this many bytes.
    Truncate(usize),
    /// The body stops after this many bytes and the connection stays open.
    Hang(usize),
    /// The body comes one byte at a time, with this pause between.
    Trickle(Duration),
    /// Nothing is ever answered.
    Silence,
    /// Another ETag than the object's.
    Etag,
    /// The byte at this place of the body is another one. Where the request asks for check sums, the answer has that of the right
    /// bytes, as S3 has it.
    Flip(usize),
    /// The body comes without its length where no range is asked for, and has more bytes than the object.
    Unmeasured,
    /// Without length and range, whatever was asked for, as a server does that unpacks what was stored.
    Unpacked,
}

/// The fault of a request for an object: by its number, from 0, and its path.
type Rule = Box<dyn FnMut(usize, &str) -> Fault + Send>;

type Body = UnsyncBoxBody<Bytes, std::io::Error>;

#[derive(Default)]
struct State {
    faults: VecDeque<Fault>,
    listings: VecDeque<Fault>,
    always: Option<Fault>,
    /// The fault of a request by its path, where nothing else says.
    rule: Option<Rule>,
    /// Method, path with query and `Range` of each request for an object.
    seen: Vec<String>,
    /// Listings that were asked for.
    listed: usize,
    /// Answers that were cut short indeed.
    cut: usize,
}

/// A running proxy; it stops when dropped.
pub struct FaultProxy {
    server: Loopback,
    state: Arc<Mutex<State>>,
}

impl FaultProxy {
    /// A proxy to `server` (`host:port`) on a free port of the loopback interface.
    pub fn start(server: &str) -> FaultProxy {
        let state = Arc::new(Mutex::new(State::default()));
        let (shared, to) = (state.clone(), server.to_owned());
        let client: Client<_, Incoming> = Client::builder(TokioExecutor::new()).build_http();
        let server = Loopback::http(move |req| handle(req, client.clone(), shared.clone(), to.clone()));
        FaultProxy { server, state }
    }

    /// The endpoint for clients.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// The faults of the next listings, one each; those after them pass.
    pub fn next_listings(&self, faults: &[Fault]) {
        self.state.lock().unwrap().listings = faults.iter().copied().collect();
    }

    /// The faults of the next requests for objects, one each; those after them pass. Listings have their own.
    pub fn next(&self, faults: &[Fault]) {
        let mut s = self.state.lock().unwrap();
        s.faults = faults.iter().copied().collect();
        s.always = None;
        s.rule = None;
        s.seen.clear();
    }

    /// The faults of all requests for objects from now on, by their number and path.
    pub fn by(&self, rule: impl FnMut(usize, &str) -> Fault + Send + 'static) {
        self.next(&[]);
        self.state.lock().unwrap().rule = Some(Box::new(rule));
    }

    /// The fault of every request for an object from now on.
    pub fn always(&self, fault: Fault) {
        self.next(&[]);
        self.state.lock().unwrap().always = Some(fault);
    }

    /// How many listings were asked for, and how many answers of all kinds [`Fault::Truncate`] took something from, since the start.
    pub fn listed_and_cut(&self) -> (usize, usize) {
        let s = self.state.lock().unwrap();
        (s.listed, s.cut)
    }

    /// The requests for objects since the faults were set: `GET path range`.
    pub fn seen(&self) -> Vec<String> {
        self.state.lock().unwrap().seen.clone()
    }
}

async fn handle(
    mut req: Request<Incoming>,
    client: Client<hyper_util::client::legacy::connect::HttpConnector, Incoming>,
    state: Arc<Mutex<State>>,
    server: String,
) -> Result<Response<Body>, hyper_util::client::legacy::Error> {
    let path = req.uri().path_and_query().map_or("/", |p| p.as_str()).to_owned();
    // Settings of buckets are asked for beside everything else.
    let setting = [
        "acl",
        "encryption",
        "lifecycle",
        "location",
        "logging",
        "policyStatus",
        "publicAccessBlock",
        "replication",
        "tagging",
        "versioning",
    ];
    let fault = if setting.iter().any(|s| path.ends_with(&format!("?{s}"))) {
        Fault::None
    } else if ["list-type=2", "comp=list"].iter().any(|list| path.contains(list)) {
        let mut s = state.lock().unwrap();
        s.listed += 1;
        s.listings.pop_front().unwrap_or(Fault::None)
    } else {
        let mut s = state.lock().unwrap();
        let range = req.headers().get("range").map_or("", |r| r.to_str().unwrap_or(""));
        s.seen.push(format!("{} {path} {range}", req.method()));
        let number = s.seen.len() - 1;
        let next = s.faults.pop_front().or(s.always);
        next.or_else(|| s.rule.as_mut().map(|rule| rule(number, &path))).unwrap_or(Fault::None)
    };
    if fault == Fault::Silence {
        std::future::pending::<Infallible>().await;
    }
    if let Fault::Refuse(status, code) = fault {
        let xml = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>jane@example.com</Message></Error>");
        let body = Full::new(Bytes::from(xml)).map_err(|never| match never {}).boxed_unsync();
        return Ok(Response::builder().status(status).header("x-ms-error-code", code).body(body).unwrap());
    }
    let ranged = req.headers().contains_key("range");
    let asks = req.headers().contains_key("x-amz-checksum-mode") && !req.headers().contains_key("range");
    // The Host header stays as the client signed it.
    *req.uri_mut() = format!("http://{server}{path}").parse().unwrap();
    let (mut head, body) = client.request(req).await?.into_parts();
    if fault == Fault::Etag {
        head.headers.insert("etag", "\"another\"".parse().unwrap());
    }
    if fault == Fault::None || fault == Fault::Etag {
        return Ok(Response::from_parts(head, body.map_err(std::io::Error::other).boxed_unsync()));
    }
    let whole = body.collect().await.map(|b| b.to_bytes()).unwrap_or_default();
    // That of the right bytes, as S3 has it.
    if asks {
        let mut sum = flate2::Crc::new();
        sum.update(&whole);
        let sum = base64::engine::general_purpose::STANDARD.encode(sum.sum().to_be_bytes());
        head.headers.insert("x-amz-checksum-crc32", sum.parse().unwrap());
    }
    if fault == Fault::Unmeasured || fault == Fault::Unpacked {
        let changed = fault == Fault::Unpacked || !ranged;
        let more = if changed { [&whole[..], b"more"].concat().into() } else { whole };
        if changed {
            ["content-length", "content-range"].iter().for_each(|h| drop(head.headers.remove(*h)));
            head.status = hyper::StatusCode::OK;
        }
        return Ok(Response::from_parts(head, broken(more, Fault::Truncate(usize::MAX))));
    }
    if let Fault::Flip(at) = fault {
        let mut other = whole.to_vec();
        other.iter_mut().skip(at).take(1).for_each(|b| *b ^= 1);
        return Ok(Response::from_parts(head, Full::new(other.into()).map_err(|never| match never {}).boxed_unsync()));
    }
    if let Fault::Truncate(at) = fault {
        head.headers.insert("content-length", whole.len().min(at).into());
        state.lock().unwrap().cut += usize::from(at < whole.len());
    }
    Ok(Response::from_parts(head, broken(whole, fault)))
}

/// A body with the fault in it.
fn broken(whole: Bytes, fault: Fault) -> Body {
    let (send, receive) = tokio::sync::mpsc::channel::<std::io::Result<Frame<Bytes>>>(1);
    tokio::spawn(async move {
        match fault {
            Fault::Reset(at) => {
                let _ = send.send(Ok(Frame::data(whole.slice(..at.min(whole.len()))))).await;
                // So that the bytes are on their way before the connection goes.
                tokio::time::sleep(Duration::from_millis(50)).await;
                let _ = send.send(Err(std::io::ErrorKind::ConnectionReset.into())).await;
            }
            Fault::Truncate(at) => drop(send.send(Ok(Frame::data(whole.slice(..at.min(whole.len()))))).await),
            Fault::Hang(at) => {
                let _ = send.send(Ok(Frame::data(whole.slice(..at.min(whole.len()))))).await;
                send.closed().await;
            }
            Fault::Trickle(pause) => {
                for i in 0..whole.len() {
                    if send.send(Ok(Frame::data(whole.slice(i..i + 1)))).await.is_err() {
                        return;
                    }
                    tokio::time::sleep(pause).await;
                }
            }
            _ => {}
        }
    });
    Channel(receive).boxed_unsync()
}

/// What a task sends, as a body.
struct Channel(tokio::sync::mpsc::Receiver<std::io::Result<Frame<Bytes>>>);

impl hyper::body::Body for Channel {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<std::io::Result<Frame<Bytes>>>> {
        self.0.poll_recv(cx)
    }
}
