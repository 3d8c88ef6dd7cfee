//! Two pages for machines on the loopback interface: `/metrics` and `/healthz`.
//!
//! Answers GET and HEAD, one request a connection, from a thread of its own; a request is at most 8 KB and five seconds. It has
//! no need of more: whoever scrapes is a neighbour on the same machine.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use super::Metrics;
use crate::base::Timestamp;

const LONGEST: usize = 8 << 10;
const PATIENCE: Duration = Duration::from_secs(5);

/// Listens on `at`, which must be an address of the loopback interface, until the process ends. Gives the address, as port 0 means
/// any that is free.
pub fn listen(at: SocketAddr, metrics: Arc<Metrics>) -> std::io::Result<SocketAddr> {
    if !at.ip().is_loopback() {
        let say = "metrics are served on the loopback interface only, such as 127.0.0.1:9185; put a proxy before it to show them elsewhere";
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, say));
    }
    let listener = TcpListener::bind(at)?;
    let at = listener.local_addr()?;
    std::thread::Builder::new().name("metrics".to_owned()).spawn(move || {
        for stream in listener.incoming().flatten() {
            // One at a time: a neighbour that is slow costs five seconds of nobody's.
            let _ = serve(stream, &metrics);
        }
    })?;
    Ok(at)
}

fn serve(mut stream: TcpStream, metrics: &Metrics) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut request = Vec::new();
    let mut chunk = [0; 1024];
    let end = std::time::Instant::now() + PATIENCE;
    while !request.windows(4).any(|w| w == b"\r\n\r\n") {
        let n = stream.read(&mut chunk)?;
        if n == 0 || request.len() + n > LONGEST || std::time::Instant::now() > end {
            return stream.write_all(&answer(400, "Bad Request", "text/plain", "bad request\n", true));
        }
        request.extend_from_slice(&chunk[..n]);
    }
    stream.write_all(&respond(&request, metrics, Timestamp::now()))
}

/// The answer to a request's head.
fn respond(request: &[u8], metrics: &Metrics, now: Timestamp) -> Vec<u8> {
    let head = String::from_utf8_lossy(request);
    let mut words = head.lines().next().unwrap_or("").split(' ');
    let (method, path) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    if !matches!(method, "GET" | "HEAD") {
        return answer(405, "Method Not Allowed", "text/plain", "only GET\n", true);
    }
    let body = method == "GET";
    match path.split('?').next() {
        Some("/metrics") => answer(200, "OK", "text/plain; version=0.0.4; charset=utf-8", &metrics.text(now), body),
        Some("/healthz") => match metrics.health(now) {
            Ok(word) => answer(200, "OK", "text/plain", &format!("{word}\n"), body),
            Err(why) => answer(503, "Service Unavailable", "text/plain", &format!("{why}\n"), body),
        },
        _ => answer(404, "Not Found", "text/plain", "/metrics or /healthz\n", body),
    }
}

fn answer(status: u16, reason: &str, kind: &str, text: &str, body: bool) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status} {reason}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", text.len());
    (head + if body { text } else { "" }).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_answers() {
        let m = Metrics::default();
        m.begin(Timestamp(0), 1000);
        for (request, now, want) in [
            ("GET /healthz HTTP/1.1\r\n\r\n", 10, "HTTP/1.1 200"),
            ("HEAD /healthz?x=1 HTTP/1.0\r\n\r\n", 10, "HTTP/1.1 200"),
            ("GET /healthz HTTP/1.1\r\n\r\n", 5000, "HTTP/1.1 503"),
            ("GET /metrics HTTP/1.1\r\n\r\n", 10, "HTTP/1.1 200"),
            ("GET / HTTP/1.1\r\n\r\n", 10, "HTTP/1.1 404"),
            ("POST /metrics HTTP/1.1\r\n\r\n", 10, "HTTP/1.1 405"),
            ("\u{0}\u{1}", 10, "HTTP/1.1 405"),
        ] {
            let got = String::from_utf8(respond(request.as_bytes(), &m, Timestamp(now))).unwrap();
            assert!(got.starts_with(want), "{request}: {got}");
        }
    }

    #[test]
    fn only_neighbours_are_served() {
        let m = Arc::new(Metrics::default());
        assert!(listen("0.0.0.0:0".parse().unwrap(), m.clone()).is_err());
        let at = listen("127.0.0.1:0".parse().unwrap(), m).unwrap();
        let ask = |request: &[u8]| {
            let mut s = TcpStream::connect(at).unwrap();
            s.write_all(request).unwrap();
            let mut got = String::new();
            s.read_to_string(&mut got).unwrap();
            got
        };
        assert!(ask(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").contains("piimap_build_info"));
        assert!(ask(&[b'x'; LONGEST + 1]).starts_with("HTTP/1.1 400"));
    }
}
