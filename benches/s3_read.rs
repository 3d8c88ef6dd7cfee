//! What reading large objects from S3 costs beside the SDK alone: bytes a second and CPU for each gigabyte, of this process.
//!
//! `cargo bench --bench s3_read -- [MIB OF AN OBJECT]`, 64 unless told. A server in a process of its own gives eight objects out of its
//! memory, by ranges, over plain HTTP on this machine. Four ways in turn, several rounds of each:
//!
//! | way | what |
//! |---|---|
//! | SDK, whole objects | one request for each object, its body to nowhere |
//! | SDK, by ranges | as many requests at once as the source makes, of the same ranges, to nowhere |
//! | source | `Source::open`, every chunk to nowhere |
//! | source and container | the same through `container::open`, as a scan reads a member |
//!
//! Every way must get every byte. The same settings of the SDK for all: without its guard against slow streams, which the source has
//! a way of its own for, and without check sums, which answers by ranges do not have.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Builder, Credentials, Region, ResponseChecksumValidation, StalledStreamProtectionConfig};
use bytes::Bytes;
use http_body_util::Full;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use piimap::base::{Input, Object};
use piimap::container;
use piimap::source::{Options, Source, s3};
use tokio::runtime::Runtime;

mod made;
use made::{any, cost};

const OBJECTS: usize = 8;
const ROUNDS: usize = 5;
/// Objects read at once, by a thread each.
const THREADS: usize = 2;
const ETAG: &str = "\"0123456789abcdef0123456789abcdef\"";

/// Bytes that no container begins with.
fn content(bytes: usize) -> Bytes {
    (0..bytes as u64 / 8).flat_map(|i| any(i, u64::MAX).to_le_bytes().map(|b| b'a' + b % 26)).collect()
}

/// Serves the same object under all names until it is ended; the port is the first line that it prints.
fn serve(bytes: usize) {
    let data = content(bytes);
    Runtime::new().expect("a runtime").block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        println!("{}", listener.local_addr().expect("an address").port());
        loop {
            let Ok((socket, _)) = listener.accept().await else { continue };
            let _ = socket.set_nodelay(true);
            let data = data.clone();
            tokio::spawn(async move {
                let answer = service_fn(move |r: Request<hyper::body::Incoming>| {
                    let range = r.headers().get("range").and_then(|v| v.to_str().ok()?.strip_prefix("bytes=")?.split_once('-'));
                    let range = range.and_then(|(a, b)| Some((a.parse::<usize>().ok()?, b.parse::<usize>().ok()?)));
                    let (first, last) = range.unwrap_or((0, data.len() - 1));
                    let body = data.slice(first..last + 1);
                    let mut answer = Response::builder().header("etag", ETAG).header("last-modified", "Tue, 03 Nov 2026 22:00:00 GMT");
                    if range.is_some() {
                        answer = answer.status(206).header("content-range", format!("bytes {first}-{last}/{}", data.len()));
                    }
                    async move { answer.body(Full::new(body)) }
                });
                let connection = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                let _ = connection.serve_connection(TokioIo::new(socket), answer).await;
            });
        }
    });
}

fn configuration() -> Builder {
    let keys = Credentials::new("bench", "bench", None, None, "bench");
    Builder::new().credentials_provider(keys).region(Region::from_static("us-east-1"))
}

fn client(url: &str) -> Client {
    let config = configuration().behavior_version(BehaviorVersion::latest()).endpoint_url(url).force_path_style(true);
    let config = config.stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    Client::from_conf(config.response_checksum_validation(ResponseChecksumValidation::WhenRequired).build())
}

/// The bytes of an answer's body, to nowhere.
async fn download(client: &Client, key: usize, range: Option<String>) -> u64 {
    let request = client.get_object().bucket("data").key(format!("object-{key}")).if_match(ETAG).set_range(range);
    let mut body = request.send().await.expect("an answer").body;
    let mut all = 0;
    while let Some(chunk) = body.next().await {
        all += chunk.expect("a body without faults").len() as u64;
    }
    all
}

/// All objects by the SDK, as many requests at once as the source has.
fn sdk(runtime: &Runtime, client: &Client, bytes: u64, range: Option<u64>) -> u64 {
    let at_once = THREADS * Options::default().in_flight;
    let mut parts: Vec<(usize, Option<String>)> = Vec::new();
    for key in 0..OBJECTS {
        match range {
            None => parts.push((key, None)),
            Some(step) => {
                let part = |at| format!("bytes={at}-{}", bytes.min(at + step) - 1);
                parts.extend((0..bytes).step_by(step as usize).map(|at| (key, Some(part(at)))));
            }
        }
    }
    let (parts, next, all) = (Arc::new(parts), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicU64::new(0)));
    runtime.block_on(async {
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..at_once {
            let (client, parts, next, all) = (client.clone(), parts.clone(), next.clone(), all.clone());
            tasks.spawn(async move {
                while let Some((key, range)) = parts.get(next.fetch_add(1, Ordering::Relaxed)) {
                    all.fetch_add(download(&client, *key, range.clone()).await, Ordering::Relaxed);
                }
            });
        }
        tasks.join_all().await;
    });
    all.load(Ordering::Relaxed)
}

/// Threads that read as long as this process lives, as those of a scan do: connections are theirs.
fn readers() -> &'static rayon::ThreadPool {
    static READERS: std::sync::LazyLock<rayon::ThreadPool> =
        std::sync::LazyLock::new(|| rayon::ThreadPoolBuilder::new().num_threads(THREADS).build().expect("threads"));
    &READERS
}

/// All objects by the source, with what `wrap` puts around each.
fn source(source: &s3::S3, bytes: u64, wrap: fn(Box<dyn Input>) -> Box<dyn Input>) -> u64 {
    let (next, all) = (AtomicUsize::new(0), AtomicU64::new(0));
    readers().scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|_| {
                loop {
                    let key = next.fetch_add(1, Ordering::Relaxed);
                    if key >= OBJECTS {
                        return;
                    }
                    let uri = format!("s3://data/object-{key}");
                    let object = Object { uri, version: ETAG.trim_matches('"').to_owned(), size: bytes, modified: None, until: None };
                    let mut input = wrap(source.open(&object).expect("an object"));
                    loop {
                        let chunk = input.next_chunk().expect("a body without faults");
                        if chunk.is_empty() {
                            break;
                        }
                        all.fetch_add(chunk.len() as u64, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    all.load(Ordering::Relaxed)
}

fn peeled(input: Box<dyn Input>) -> Box<dyn Input> {
    match container::open(input, 0, &container::Limits::default()).expect("no container").content {
        container::Content::Plain(input) => Box::new(input),
        _ => unreachable!("the content is no archive"),
    }
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let mib: usize = words.iter().find_map(|a| a.parse().ok()).unwrap_or(64);
    let bytes = mib.max(1) << 20;
    if words.iter().any(|a| a == "--serve") {
        return serve(bytes);
    }
    let mut server = Command::new(std::env::current_exe().expect("this program"));
    let mut server = server.args(["--serve", &mib.to_string()]).stdout(Stdio::piped()).spawn().expect("a server");
    let mut port = String::new();
    BufReader::new(server.stdout.take().expect("its words")).read_line(&mut port).expect("a port");
    let url = format!("http://127.0.0.1:{}", port.trim());

    let runtime = Runtime::new().expect("a runtime");
    let (client, size) = (client(&url), bytes as u64);
    let options = Options { endpoint_url: Some(url), ..Options::default() };
    let range = options.range_bytes as u64;
    let ours = s3::connect(configuration(), "data", "", &options).expect("a source");
    let ways: [(&str, Box<dyn Fn() -> u64>); 4] = [
        ("SDK, whole objects", Box::new(|| sdk(&runtime, &client, size, None))),
        ("SDK, by ranges", Box::new(|| sdk(&runtime, &client, size, Some(range)))),
        ("source", Box::new(|| source(&ours, size, |input| input))),
        ("source and container", Box::new(|| source(&ours, size, peeled))),
    ];
    println!("{OBJECTS} objects of {mib} MiB, {THREADS} at once, ranges of {} MiB, {} at once for each", range >> 20, options.in_flight);
    let mut took = [(Duration::ZERO, Duration::ZERO); 4];
    // The first round warms up connections and memory.
    for round in 0..=ROUNDS {
        for ((name, way), (wall, cpu)) in ways.iter().zip(&mut took) {
            let mut got = 0;
            let c = cost(|| got = way());
            assert_eq!(got, (OBJECTS * bytes) as u64, "{name} gets every byte");
            if round > 0 {
                (*wall, *cpu) = (*wall + c.wall, *cpu + c.cpu);
            }
        }
    }
    let _ = server.kill();
    let _ = server.wait();
    let gigabytes = (ROUNDS * OBJECTS * bytes) as f64 / 1e9;
    println!("{:<22} {:>8} {:>10} {:>16} {:>16}", "", "MB/s", "CPU s/GB", "beside whole", "beside ranges");
    for ((name, _), (wall, cpu)) in ways.iter().zip(&took) {
        let beside = |other: usize| 100.0 * (cpu.as_secs_f64() / took[other].1.as_secs_f64() - 1.0);
        println!(
            "{name:<22} {:>8.0} {:>10.3} {:>14.1} % {:>14.1} %",
            1000.0 * gigabytes / wall.as_secs_f64(),
            cpu.as_secs_f64() / gigabytes,
            beside(0),
            beside(1)
        );
    }
}
