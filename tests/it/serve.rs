//! The local web page: who is let in, what each page holds, and that no value is in any of them.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Child;
use std::time::Duration;

use crate::privacy::Planted;
use crate::support::html::{attributes, well_formed};
use crate::support::{Bench, sample_scan};

/// The program, serving; ended when the test is.
pub(crate) struct Site {
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

pub(crate) struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Site {
    pub fn start(b: &Bench, more: &[&str]) -> Site {
        Site::of(&mut b.command(&[&["serve", "--port", "0"], more].concat()))
    }

    /// Of a command that serves.
    pub fn of(command: &mut std::process::Command) -> Site {
        let mut child = command.spawn().unwrap();
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

    /// A page as it is once it is there: on a busy machine it may be counted longer than an answer waits, and then says so.
    pub fn get(&self, path: &str) -> Answer {
        for _ in 0..600 {
            let a = self.send(&format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{}\r\n", self.host, self.cookie()));
            if a.status != 503 && !a.body.contains(OLDER) {
                return a;
            }
            let told = a.head.contains("retry-after: 1") && a.body.contains("is being counted") && a.body.contains("data-again");
            assert!(a.status != 503 || told, "{}", a.body);
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("{path} never comes");
    }

    /// Sends a form; where the answer has an address of its own, the answer at that.
    pub fn post(&self, path: &str, body: &str, more: &str) -> Answer {
        let a = self.post_only(path, body, more);
        if a.status == 303 { self.get(&leads_to(&a)) } else { a }
    }

    fn post_only(&self, path: &str, body: &str, more: &str) -> Answer {
        let form = "Content-Type: application/x-www-form-urlencoded";
        self.send(&format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{form}\r\nContent-Length: {}\r\n{more}{}\r\n{body}",
            self.host,
            body.len(),
            self.cookie()
        ))
    }
}

/// Where an answer sends the browser, without the place in the page.
fn leads_to(a: &Answer) -> String {
    let at = a.head.split("location: ").nth(1).expect("no location").split(['\r', '#']).next().unwrap_or_default();
    at.to_owned()
}

/// What a page of the state before says.
const OLDER: &str = "it is being counted anew";

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
    let nothing = site.post("/breach", "dataset=no-such", "");
    assert!(nothing.status == 200 && nothing.body.contains("No object of the index has such a name") && !nothing.body.contains("no-such"));
    assert!(site.get("/breach").body.contains("<option value=\"redshift/customers\">"), "names to choose from");
}

#[test]
fn affected_people_are_listed_in_parts() {
    let (b, ..) = sample_scan();
    let site = Site::start(b, &[]);
    let a = site.post("/breach", "dataset=**&object=&discovered=2026-11-21", "");
    assert_eq!(a.status, 200, "{}", a.body);
    let list = b.run(&["breach", "--dataset", "**", "--list", "all.jsonl"]);
    assert!(matches!(list.status, Some(0 | 3)), "{}", list.stderr);
    let want: BTreeSet<String> = std::fs::read_to_string(b.path("all.jsonl"))
        .unwrap()
        .lines()
        .map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap()["consumer"].as_str().unwrap().to_owned())
        .collect();
    assert!(want.len() > 100, "{} people are one page", want.len());
    let of = |body: &str| -> BTreeSet<String> {
        body.match_indices("<th scope=\"row\">c_").map(|(at, m)| body[at + m.len() - 2..].split('<').next().unwrap().to_owned()).collect()
    };
    let (mut seen, mut body, mut page) = (BTreeSet::new(), a.body, 0);
    loop {
        well_formed(&body);
        let here = of(&body);
        assert!(!here.is_empty() && here.is_disjoint(&seen), "page {page}");
        seen.extend(here);
        page += 1;
        if !body.contains("The next ones") {
            break;
        }
        // The address names the question by a number, not by what was typed.
        let next = attributes(&body, "href").into_iter().find(|h| h.ends_with(&format!("page={page}#people"))).expect("no next part");
        let a = site.get(&next.replace("&amp;", "&").replace("#people", ""));
        assert!(a.status == 200 && a.body.contains("The ones before") && !a.body.contains("value=\"**\""), "{}", a.body);
        body = a.body;
    }
    assert_eq!(seen, want);
    let asked = |day: &str| leads_to(&site.post_only("/breach", &format!("dataset=**&object=&discovered={day}"), ""));
    let (first, other) = (asked("2026-11-21"), asked(""));
    assert!(first.starts_with("/breach?scope=") && first != other && !first.contains("**"), "{first} {other}");
    assert_eq!(asked("2026-11-21"), first, "the same question keeps its number");
    let beyond = site.get(&format!("{first}&page=99"));
    assert!(beyond.status == 200 && beyond.body.contains("This part is empty"), "{}", beyond.body);
    assert_eq!(
        [site.get("/breach?scope=999").status, site.get("/breach?scope=x").status, site.get("/breach?scope=1&page=-1").status],
        [410, 400, 400]
    );
    // So many questions are remembered, and no more.
    (0..16).for_each(|n| _ = site.post_only("/breach", &format!("dataset=none-{n}"), ""));
    assert_eq!(site.get(&first).status, 410);
    let log = std::fs::read_to_string(b.path("piimap.db.audit")).unwrap();
    assert!(log.lines().filter(|l| l.contains("\"command\":\"breach\"")).count() >= page, "each part is in the log");
}

#[test]
fn an_answer_that_is_kept_is_limited_and_written_down_each_time() {
    let (b, ..) = sample_scan();
    let site = Site::start(b, &[]);
    let answer = leads_to(&site.post_only("/breach", "dataset=crm/*", ""));
    let shown = (0..40).take_while(|_| site.get(&answer).status == 200).count();
    assert!((30..36).contains(&shown), "{shown}: as many as look-ups of people");
    let log = std::fs::read_to_string(b.path("piimap.db.audit")).unwrap();
    assert!(log.lines().filter(|l| l.contains("\"command\":\"breach\"")).count() >= shown);
    assert_eq!(site.get("/breach").status, 200, "the form is still there");
}

#[test]
fn samples_are_masked_and_written_down() {
    let (b, ..) = sample_scan();
    let (site, planted) = (Site::start(b, &[]), Planted::new());
    let map = b.json(&["map"]);
    let (mut masked, mut asked) = (0, 0);
    for d in map["datasets"].as_array().unwrap().iter().filter(|d| !d["fields"].as_array().unwrap().is_empty()).take(25) {
        let name = d["name"].as_str().unwrap();
        let form: String = name.bytes().map(|b| format!("%{b:02X}")).collect();
        let a = site.post("/samples", &format!("dataset={form}"), "");
        assert_eq!(a.status, 200, "{name}: {}", a.body);
        well_formed(&a.body);
        planted.absent(name, a.body.as_bytes());
        masked += a.body.matches("<code>").count();
        asked += 1;
    }
    assert!(masked > 60, "only {masked} values");
    let log = std::fs::read_to_string(b.path("piimap.db.audit")).unwrap();
    assert!(log.lines().filter(|l| l.contains("\"command\":\"samples\"")).count() >= asked);
    let crm = site.post("/samples", "dataset=redshift%2Fcustomers", "").body;
    assert!(crm.contains("•••@•••.•••</code>") && crm.contains("<code>••••</code>") && !crm.contains("••••••"), "{crm}");
    assert_eq!(site.post("/samples", "dataset=no-such", "").status, 404);
    assert_eq!(site.post("/samples", "dataset=redshift%2Fcustomers", "Origin: https://evil.example\r\n").status, 403);
    let last = (0..40).map(|_| site.post("/samples", "dataset=redshift%2Fcustomers", "").status).find(|s| *s != 200);
    assert_eq!(last, Some(429), "they are limited");
}

#[test]
fn pages_follow_the_runs() {
    let b = Bench::new();
    b.write("data/a.csv", "email\njane@example.com\njohn@example.org\n");
    assert_eq!(b.run(&["scan", "data"]).status, Some(0));
    let site = Site::start(&b, &[]);
    let consumers = |n: u32| format!("<dt>Consumers</dt><dd>{n}</dd>");
    assert!(site.get("/").body.contains(&consumers(2)));
    b.write("data/b.csv", "email\njune@example.com\n");
    assert_eq!(b.run(&["scan", "data"]).status, Some(0));
    assert!(site.get("/").body.contains(&consumers(3)), "{}", site.get("/").body);
    assert!(site.get("/changes").body.contains("since run 1"));
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
