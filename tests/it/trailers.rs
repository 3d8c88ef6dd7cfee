//! Answers in chunks that end with trailers, as servers send them that know a check sum only behind the bytes.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_s3::config::{Builder, Credentials, Region};
use piimap::base::{Object, Reason};
use piimap::source::{Options, Source, s3};

/// What stands behind the last chunk.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    /// A trailer, whole.
    Trailer,
    /// The connection is closed in the middle of the trailer.
    Torn,
    /// The connection is closed before the last bytes.
    Short,
}

/// A server of one object that sends every body in chunks of odd sizes.
struct Server {
    url: String,
    end: Arc<Mutex<End>>,
    requests: Arc<AtomicUsize>,
}

impl Server {
    fn start(data: Arc<Vec<u8>>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (end, requests) = (Arc::new(Mutex::new(End::Trailer)), Arc::new(AtomicUsize::new(0)));
        let (its_end, its_requests) = (end.clone(), requests.clone());
        std::thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                let (data, end, requests) = (data.clone(), its_end.clone(), its_requests.clone());
                std::thread::spawn(move || drop(serve(&socket, &data, &end, &requests)));
            }
        });
        Server { url, end, requests }
    }
}

fn serve(mut socket: &TcpStream, data: &[u8], end: &Mutex<End>, requests: &AtomicUsize) -> std::io::Result<()> {
    let mut lines = BufReader::new(socket).lines();
    loop {
        let mut range = None;
        loop {
            let Some(line) = lines.next().transpose()? else { return Ok(()) };
            let lower = line.to_ascii_lowercase();
            if let Some((a, b)) = lower.strip_prefix("range: bytes=").and_then(|r| r.split_once('-')) {
                range = Some((a.parse::<usize>().unwrap(), b.parse::<usize>().unwrap() + 1));
            }
            if line.is_empty() {
                break;
            }
        }
        requests.fetch_add(1, Ordering::SeqCst);
        let end = *end.lock().unwrap();
        let (from, to) = range.unwrap_or((0, data.len()));
        let status = if range.is_some() { "206 Partial Content" } else { "200 OK" };
        let mut head = format!(
            "HTTP/1.1 {status}\r\nETag: \"abc\"\r\nTransfer-Encoding: chunked\r\nTrailer: x-amz-checksum-crc32c\r\nx-amz-trailer: x-amz-checksum-crc32c\r\n"
        );
        if range.is_some() {
            head += &format!("Content-Range: bytes {from}-{}/{}\r\n", to - 1, data.len());
        }
        socket.write_all(format!("{head}\r\n").as_bytes())?;
        let short = if end == End::Short { 7 } else { 0 };
        let mut rest = &data[from..to - short];
        for size in [1, 17, 4096, 65_537].into_iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (chunk, behind) = rest.split_at(size.min(rest.len()));
            socket.write_all(format!("{:x};ignored=\"extension\"\r\n", chunk.len()).as_bytes())?;
            socket.write_all(chunk)?;
            socket.write_all(b"\r\n")?;
            rest = behind;
        }
        match end {
            End::Trailer => socket.write_all(b"0\r\nx-amz-checksum-crc32c: AAAAAA==\r\nx-other: 0\r\n\r\n")?,
            End::Torn => return socket.write_all(b"0\r\nx-amz-checksum"),
            End::Short => return Ok(()),
        }
    }
}

#[test]
fn bodies_in_chunks_with_trailers_are_read_to_the_byte() {
    for len in [1usize, 1000, (1 << 20) + 5, (3 << 20) + 77] {
        let data: Arc<Vec<u8>> = Arc::new((0..len as u64).map(|i| (i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8).collect());
        let server = Server::start(data.clone());
        let keys = Credentials::new("a", "b", None, None, "test");
        let config = Builder::new().credentials_provider(keys).region(Region::from_static("us-east-1"));
        let options = Options {
            endpoint_url: Some(server.url.clone()),
            range_bytes: 1 << 20,
            attempts: 3,
            stall: Duration::from_secs(10),
            backoff: Duration::from_millis(5),
            ..Options::default()
        };
        let source = s3::connect(config, "data", "", &options).unwrap();
        let object = Object { uri: "s3://data/one".into(), version: "abc".into(), size: len as u64, modified: None, until: None };
        let read = || {
            let mut all = Vec::new();
            let mut input = source.open(&object)?;
            loop {
                let chunk = input.next_chunk()?;
                if chunk.is_empty() {
                    return Ok::<_, piimap::base::Error>(all);
                }
                all.extend_from_slice(&chunk);
            }
        };
        // Several times over the same connections: a trailer that was left lying would begin the next answer.
        for end in [End::Trailer, End::Trailer, End::Torn, End::Trailer] {
            *server.end.lock().unwrap() = end;
            assert!(read().unwrap() == *data, "{len} {end:?}: other bytes than were stored");
        }
        // Each range once, but for the first: what comes without a length is asked for by its range.
        let ranges = if len > 1 << 20 { 1 + (len - (1 << 20)).div_ceil(1 << 20) } else { 2 };
        assert_eq!(server.requests.load(Ordering::SeqCst), 4 * ranges, "{len}");
        *server.end.lock().unwrap() = End::Short;
        if len > 7 {
            // What was cut off is asked for by its rest, which is cut off as well, until seven bytes are missing for good.
            let failed = read().map(|all| all.len()).unwrap_err();
            assert_eq!(failed.reason, Reason::Network, "{len}: {}", failed.detail);
        }
    }
}
