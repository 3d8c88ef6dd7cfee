//! The local web page: who is let in, what each page holds, and that no value is in any of them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Child;

use crate::support::html::{attributes, well_formed};
use crate::support::{Bench, sample_scan};

/// The program, serving; ended when the test is.
struct Site {
    child: Child,
    /// `127.0.0.1:port`.
    host: String,
    token: Option<String>,
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Site {
    fn start(b: &Bench, more: &[&str]) -> Site {
        let mut child = b.command(&[&["serve", "--port", "0"], more].concat()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let open = lines.find_map(|l| l.unwrap().strip_prefix("Open http://").map(str::to_owned)).expect("no address");
        let (host, query) = open.split_once('/').unwrap();
        let token = query.strip_prefix("?token=").map(str::to_owned);
        Site { child, host: host.to_owned(), token }
    }

    /// Sends a request as it stands here and gives the answer.
    fn send(&self, request: &str) -> Answer {
        let mut stream = TcpStream::connect(&self.host).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut all = String::new();
        stream.read_to_string(&mut all).unwrap();
        let (head, body) = all.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        assert!(!head.contains("transfer-encoding"), "{head}");
        Answer { status, head: head.to_lowercase(), body: body.to_owned() }
    }

    fn cookie(&self) -> String {
        self.token.as_ref().map(|t| format!("Cookie: piimap={t}\r\n")).unwrap_or_default()
    }

    fn get(&self, path: &str) -> Answer {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{}\r\n", self.host, self.cookie()))
    }

    fn post(&self, path: &str, body: &str, more: &str) -> Answer {
        let form = "Content-Type: application/x-www-form-urlencoded";
        self.send(&format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{form}\r\nContent-Length: {}\r\n{more}{}\r\n{body}",
            self.host,
            body.len(),
            self.cookie()
        ))
    }
}

const PAGES: &[&str] = &["/", "/find", "/breach", "/changes", "/shared", "/borders", "/records", "/unread", "/classifiers"];

#[test]
fn every_page_is_whole_guarded_and_says_what_it_is() {
    let (b, ..) = sample_scan();
    let site = Site::start(b, &[]);
    for path in PAGES {
        let a = site.get(path);
        assert_eq!(a.status, 200, "{path}: {}", a.body);
        let tags = well_formed(&a.body);
        for tag in ["html lang=\"en\"", "h1", "main id=\"main\"", "nav aria-label=\"Pages\""] {
            assert_eq!(tags.iter().filter(|t| **t == tag).count(), 1, "{path}: {tag}");
        }
        assert!(a.body.contains(&format!("<a href=\"{path}\" aria-current=\"page\">")), "{path}");
        // What a form asks for has a name.
        let ids = attributes(&a.body, "id");
        attributes(&a.body, "for").iter().for_each(|f| assert!(ids.contains(f), "{path}: {f}"));
        for header in [
            "content-security-policy: default-src 'none'",
            "cache-control: no-store",
            "x-content-type-options: nosniff",
            "referrer-policy: same-origin",
        ] {
            assert!(a.head.contains(header), "{path}: {header}");
        }
        assert!(!a.body.contains("http://") && !a.body.contains("https://"), "{path} leads elsewhere");
    }
    assert!(site.get("/").body.contains("<dt>Consumers</dt><dd>"));
    assert!(site.get("/classifiers").body.contains("us.ssn"));
    assert!(site.get("/unread").body.contains("misc/backup.bin"));
    assert_eq!(site.get("/nothing").status, 404);
    assert!(site.get("/filter.js").head.contains("text/javascript"));
}

#[test]
fn people_are_found_and_what_was_typed_is_not_repeated() {
    let (b, ..) = sample_scan();
    let site = Site::start(b, &[]);
    let a = site.post("/find", "value=maren.holloway%40example.com", "");
    assert_eq!(a.status, 200);
    well_formed(&a.body);
    let want = b.run_with(&["find", "-", "--format", "json"], b"maren.holloway@example.com\n").json();
    assert!(a.body.contains(want["consumer"].as_str().unwrap()), "another consumer");
    for p in want["places"].as_array().unwrap() {
        assert!(a.body.contains(p["uri"].as_str().unwrap()), "{} is missing", p["uri"]);
    }
    assert!(!a.body.to_lowercase().contains("maren"));
    // The page asks as the command does, and that is written down.
    let log = std::fs::read_to_string(b.path("piimap.db.audit")).unwrap();
    let last: serde_json::Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
    assert_eq!((&last["command"], last["query"].as_str().map(str::len)), (&"find".into(), Some(32)), "{last}");
    let a = site.post("/find", "value=nobody%40example.com", "");
    assert!(a.status == 200 && a.body.contains("Nothing is known of it") && !a.body.contains("nobody@"));

    let a = site.post("/breach", "dataset=redshift/*&object=", "");
    well_formed(&a.body);
    let want = b.json(&["breach", "--dataset", "redshift/*"]);
    assert!(a.body.contains(&format!("<tr><th scope=\"row\">all</th><td class=\"n\">{}</td>", want["consumers"]["certain"])), "{}", a.body);
    assert!(site.post("/breach", "dataset=%5B", "").status == 400);
}

#[test]
fn only_who_knows_the_word_is_let_in() {
    let (b, ..) = sample_scan();
    let site = Site::start(b, &[]);
    let (host, token) = (&site.host, site.token.clone().unwrap());
    assert_eq!(token.len(), 32);
    let raw = |line: &str, headers: &str| site.send(&format!("{line} HTTP/1.1\r\nConnection: close\r\n{headers}\r\n"));
    assert_eq!(raw("GET /", &format!("Host: {host}\r\n")).status, 403);
    assert_eq!(raw("GET /", &format!("Host: {host}\r\nCookie: piimap=0{token}\r\n")).status, 403);
    // A page elsewhere whose name leads here.
    assert_eq!(raw("GET /", &format!("Host: evil.example\r\nCookie: piimap={token}\r\n")).status, 421);
    let a = raw(&format!("GET /unread?token={token}"), &format!("Host: {host}\r\n"));
    assert_eq!(a.status, 303);
    assert!(a.head.contains("location: /unread\r\n") && a.head.contains("httponly; samesite=strict"), "{}", a.head);
    assert_eq!(site.post("/find", "value=x", "Origin: https://evil.example\r\n").status, 403);
    assert_eq!(site.post("/find", "value=x", &format!("Origin: http://{host}\r\n")).status, 200);

    let open = Site::start(b, &["--no-token"]);
    assert!(open.token.is_none() && open.get("/").status == 200);
}

#[test]
fn look_ups_are_limited_and_need_the_key() {
    let (b, ..) = sample_scan();
    let site = Site::start(b, &[]);
    let last = (0..40).map(|_| site.post("/find", "value=nobody%40example.com", "").status).fold(None, |_, status| Some(status));
    assert_eq!(last, Some(429));
    assert_eq!(site.get("/find").status, 200, "the form is still there");

    // Started without a key, the page shows all but people.
    let mut c = b.command(&["serve", "--port", "0", "--no-token"]);
    let mut child = c.env_remove("PIIMAP_KEY").spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let open = lines.find_map(|l| l.unwrap().strip_prefix("Open http://").map(str::to_owned)).unwrap();
    let site = Site { child, host: open.trim_end_matches('/').to_owned(), token: None };
    assert_eq!(site.get("/").status, 200);
    let a = site.post("/find", "value=maren.holloway%40example.com", "");
    assert!(a.status == 403 && a.body.contains("without the key"), "{}", a.body);
}

#[test]
fn mistakes_say_what_to_do() {
    let b = Bench::new();
    let done = b.run(&["serve", "--port", "0"]);
    assert!(done.status == Some(2) && done.stderr.contains("piimap scan"), "{}", done.stderr);
    let (b, ..) = sample_scan();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let done = b.run(&["serve", "--port", &port]);
    assert!(done.status == Some(2) && done.stderr.contains("try --port 0"), "{}", done.stderr);
}
