//! Access logs. Those of S3 itself are read here: a request a line, fields divided by spaces, times in brackets, some fields quoted.
//!
//! Fields as in the Amazon S3 user guide; later versions have more of them at the end, which are passed over.

use std::io::BufRead;

use super::events::{Event, Events, Kind, Read};
use super::filter::{Actor, Filter};
use super::web::{self, Taken};
use super::{Bytes, azure, percent_decoded};
use crate::base::{Input, Timestamp};

/// A line longer than this is none of a log.
const LONGEST: usize = 1 << 20;

/// What kind of log it is, by its first line.
enum Kinds {
    Server,
    CloudFront(Vec<String>),
    Balancer,
    ClassicBalancer,
    /// Connections without a path.
    Connections,
    Azure,
}

impl Kinds {
    fn of(line: &str) -> Kinds {
        let first = line.split(' ').next().unwrap_or("");
        match first {
            _ if line.starts_with("#Version:") || line.starts_with("#Fields:") => Kinds::CloudFront(Vec::new()),
            "http" | "https" | "h2" | "grpcs" | "ws" | "wss" => Kinds::Balancer,
            "tls" => Kinds::Connections,
            _ if first.contains('T') && Timestamp::parse(first).is_some() => Kinds::ClassicBalancer,
            _ if line.starts_with('{') && line.contains("\"operationName\"") => Kinds::Azure,
            _ => Kinds::Server,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Kinds::Server => "an S3 server access log",
            Kinds::CloudFront(_) => "a log of CloudFront",
            Kinds::Balancer => "a log of an Application Load Balancer",
            Kinds::ClassicBalancer => "a log of a Classic Load Balancer",
            Kinds::Connections => "a log of requests",
            Kinds::Azure => "a storage log of Azure",
        }
    }

    fn add(&mut self, line: &str, filter: &Filter, events: &mut Events) -> Taken {
        let yes = |yes| if yes { Taken::Yes } else { Taken::No };
        match self {
            Kinds::Server => yes(Line::parse(line).map(|l| l.add(filter, events)).is_some()),
            Kinds::Azure => yes(azure::add(line, filter, events)),
            Kinds::Balancer => web::balancer(line).map_or(Taken::No, |r| r.add("load balancer", filter, events)),
            Kinds::ClassicBalancer => web::classic_balancer(line).map_or(Taken::No, |r| r.add("load balancer", filter, events)),
            Kinds::Connections => Taken::No,
            Kinds::CloudFront(names) => web::cloudfront(line, names).map_or(Taken::No, |r| r.add("cloudfront", filter, events)),
        }
    }
}

/// Reads one log file of S3, CloudFront, a load balancer or Azure; `log` names it where something in it cannot be used. A line that
/// breaks costs itself alone.
pub fn read(log: &str, input: &mut dyn Input, filter: &Filter, events: &mut Events) {
    let mut lines = std::io::BufReader::new(Bytes::new(input));
    let (mut line, mut good, mut bad, mut nowhere) = (Vec::new(), 0u64, 0u64, 0u64);
    let mut kind: Option<Kinds> = None;
    loop {
        line.clear();
        match std::io::Read::take(&mut lines, LONGEST as u64).read_until(b'\n', &mut line) {
            Ok(0) => break,
            Ok(_) => {}
            Err(_) => {
                events.problem(log, "could not be read to its end");
                break;
            }
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        if text.is_empty() {
            continue;
        }
        let kind = kind.get_or_insert_with(|| Kinds::of(text));
        if let Kinds::Connections = kind {
            return events.problem(log, "is of a Network Load Balancer: it tells of connections, not of what was read");
        }
        if let Kinds::CloudFront(names) = kind
            && text.starts_with('#')
        {
            *names = web::fields(text).unwrap_or_else(|| std::mem::take(names));
            continue;
        }
        match kind.add(text, filter, events) {
            Taken::Yes => good += 1,
            Taken::NoOrigin => nowhere += 1,
            Taken::No => bad += 1,
        }
    }
    events.records += good + nowhere;
    let name = kind.as_ref().map_or(Kinds::Server.name(), Kinds::name);
    if nowhere > 0 {
        let what = "names hosts that stand for no bucket: say which with --origin HOST=s3://bucket/prefix";
        events.problem(log, format!("({}) {what}", name.trim_start_matches("a ")));
    }
    // A distribution that nobody asked has a log of two lines.
    let empty = good + nowhere + bad == 0 && matches!(kind, Some(Kinds::CloudFront(_)));
    if bad > 0 || (good + nowhere == 0 && !empty) {
        let what =
            if good + nowhere == 0 { format!("holds no line of {name}") } else { format!("holds {bad} lines that are none of {name}") };
        events.problem(log, what);
    }
}

/// The fields that matter.
struct Line<'a> {
    bucket: &'a str,
    time: Timestamp,
    ip: &'a str,
    requester: &'a str,
    request: &'a str,
    operation: &'a str,
    key: &'a str,
    status: u16,
    bytes: &'a str,
    user_agent: &'a str,
    version: &'a str,
    authentication: &'a str,
}

impl<'a> Line<'a> {
    fn parse(line: &'a str) -> Option<Line<'a>> {
        let (head, rest) = line.split_once(" [")?;
        let (_owner, bucket) = head.split_once(' ')?;
        let (time, rest) = rest.split_once("] ")?;
        let time = chrono::DateTime::parse_from_str(time, "%d/%b/%Y:%H:%M:%S %z").ok()?;
        let (front, rest) = rest.split_once(" \"").or_else(|| rest.split_once(" - "))?;
        let mut f = front.split(' ');
        let (ip, requester, request, operation, key) = (f.next()?, f.next()?, f.next()?, f.next()?, f.next()?);
        // A request line may hold quotes; the status that follows it tells where it ends.
        let status_at = rest.match_indices("\" ").map(|(i, _)| i + 2).find(|i| {
            let s = rest[*i..].split(' ').next().unwrap_or("");
            s == "-" || (s.len() == 3 && s.bytes().all(|b| b.is_ascii_digit()))
        });
        let rest = &rest[status_at.unwrap_or(0)..];
        // So may the user agent; what follows it never does.
        let (middle, tail) = match rest.rfind('"') {
            Some(end) => (&rest[..end], rest[end + 1..].trim_start()),
            None => (rest, ""),
        };
        let mut m = middle.split(' ');
        let status = m.next()?;
        let (_error, bytes, _size, _total) = (m.next()?, m.next()?, m.next()?, m.next()?);
        let user_agent = middle.rfind(" \"").map_or("-", |i| &middle[i + 2..]);
        let mut t = tail.split(' ');
        let version = t.next().unwrap_or("-");
        let (_host, _signature, _cipher) = (t.next(), t.next(), t.next());
        let status = if status == "-" { 0 } else { status.parse().ok()? };
        let authentication = t.next().unwrap_or("-");
        let time = Timestamp(time.timestamp_millis());
        Some(Line { bucket, time, ip, requester, request, operation, key, status, bytes, user_agent, version, authentication })
    }

    fn add(&self, filter: &Filter, events: &mut Events) {
        let some = |v: &'a str| Some(v).filter(|v| *v != "-" && !v.is_empty());
        // What stands behind the last slash of a role's ARN is its session.
        let names = some(self.requester).into_iter().collect();
        let actor = Actor { names, access_key: None, ip: some(self.ip), user_agent: some(self.user_agent) };
        events.hour(&format!("s3 access log {}", self.bucket), "-", self.time);
        let request = if self.request == "-" { format!("{} {} {}", self.time, self.operation, self.key) } else { self.request.to_owned() };
        if filter.is_own(&actor) {
            events.add_own(&request);
            return;
        }
        let read = Read {
            bytes: Some(self.bytes.parse().unwrap_or(0)),
            anonymous: self.requester == "-",
            presigned: self.authentication == "QueryString",
            ..Read::default()
        };
        // S3 encodes keys in its logs; some of them twice.
        let key = percent_decoded(&percent_decoded(self.key));
        let kind = match self.operation {
            "REST.GET.OBJECT" | "WEBSITE.GET.OBJECT" => Kind::Read(read),
            "REST.COPY.OBJECT_GET" => Kind::Read(Read { copied: true, ..read }),
            "REST.COPY.PART_GET" => Kind::Read(Read { some: true, bytes: None, ..read }),
            "REST.SELECT.OBJECT" | "REST.POST.OBJECT_SELECT" => Kind::Read(Read { some: true, ..read }),
            "REST.PUT.OBJECT" | "REST.COPY.OBJECT" | "REST.POST.OBJECT" | "REST.POST.UPLOAD" => Kind::Write,
            "REST.DELETE.OBJECT" | "BATCH.DELETE.OBJECT" | "S3.EXPIRE.OBJECT" => Kind::Delete,
            "REST.GET.BUCKET" | "REST.GET.BUCKETVERSIONS" => Kind::List,
            _ => return,
        };
        let failed = self.status >= 300 || self.status == 0;
        let theirs = filter.fits(&actor, self.time);
        if theirs || (!failed && matches!(kind, Kind::Write | Kind::Delete)) {
            let target = format!("s3://{}/{}", self.bucket, if kind == Kind::List { "" } else { &key });
            // A copy's destination is not named in the record of its source.
            let version = some(self.version).filter(|_| matches!(kind, Kind::Read(_))).map(str::to_owned);
            events.add(&request, Event { time: self.time, target, version, kind, failed, theirs });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::MemoryInput;

    const OWNER: &str = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be";

    fn events(log: &str, principal: &[&str]) -> Events {
        let principals: Vec<String> = principal.iter().map(|p| (*p).to_owned()).collect();
        let filter = Filter::new(&principals, &[], &[], &[], &[]).unwrap();
        let mut e = Events::default();
        read("log", &mut MemoryInput::with_chunk(log.as_bytes().to_vec(), 11), &filter, &mut e);
        e
    }

    fn line(request: &str, operation: &str, key: &str, status: &str, bytes: &str, agent: &str, version: &str) -> String {
        format!(
            "{OWNER} b [06/Feb/2026:00:00:38 +0000] 192.0.2.3 arn:aws:iam::123456789012:user/x {request} {operation} {key} \"GET /b/{key}?x=\"1\" HTTP/1.1\" {status} - {bytes} 5000 7 6 \"-\" \"{agent}\" {version} hostid SigV4 ECDHE-RSA-AES128-GCM-SHA256 QueryString b.s3.us-west-1.amazonaws.com TLSv1.2 - - us-east-1\n"
        )
    }

    #[test]
    fn connections_are_no_requests() {
        let e = events(
            "tls 2.0 2026-11-03T02:59:40 net/my-nlb/c6e77e28c25b2234 g3d4b5e8bb8464cd 72.21.218.154:51341 172.100.100.185:443 5 2 98 246 - - - ECDHE tlsv12 - - - -\n",
            &[],
        );
        assert!(e.problems.iter().any(|p| p.what.contains("Network Load Balancer")) && e.problems.len() == 1, "{:?}", e.problems);
    }

    #[test]
    fn lines_are_requests() {
        let log = line("R1", "REST.GET.OBJECT", "in/a%2520b.csv", "200", "5000", "S3Console/0.4", "v1")
            + &line("R2", "REST.GET.OBJECT", "k", "403", "243", "says \"hello\" often", "-")
            + &line("R3", "REST.COPY.OBJECT_GET", "k", "200", "-", "-", "-")
            + &line("R4", "REST.HEAD.OBJECT", "k", "200", "-", "-", "-")
            + &line("R1", "REST.GET.OBJECT", "in/a%2520b.csv", "200", "5000", "S3Console/0.4", "v1");
        let e = events(&log, &[]);
        assert!(e.problems.is_empty(), "{:?}", e.problems);
        let got: Vec<_> = e.sorted().into_iter().map(|e| (e.target, e.version, e.failed, e.kind)).collect();
        let read = |bytes, copied| Kind::Read(Read { bytes: Some(bytes), copied, presigned: true, ..Read::default() });
        assert_eq!(
            got,
            [
                ("s3://b/in/a b.csv".to_owned(), Some("v1".to_owned()), false, read(5000, false)),
                ("s3://b/k".to_owned(), None, false, read(0, true)),
                ("s3://b/k".to_owned(), None, true, read(243, false)),
            ]
        );
        assert_eq!(events(&log, &["*user/y"]).sorted(), []);
        assert_eq!(events(&log, &["*user/x"]).sorted().len(), 3);
    }

    #[test]
    fn logs_are_told_by_their_first_line() {
        let balancer =
            "https 2026-11-03T00:00:00.000000Z app/x/1 1.2.3.4:5 - 0 0 0 200 200 1 2 \"GET https://x/k HTTP/1.1\" \"-\" - - - \"-\"\n";
        for (log, says) in [
            (
                "#Version: 1.0\n#Fields: date time c-ip cs-method x-host-header cs-uri-stem sc-status\n2026-11-03\t00:00:00\t1.2.3.4\tGET\tx\t/k\t200\n",
                "--origin",
            ),
            (balancer, "--origin"),
            ("#Version: 1.0\n#Fields: x\nx\n", "no line of a log of CloudFront"),
            ("{\"operationName\":5}\n", "no line of a storage log of Azure"),
            ("just a text\n", "no line of an S3"),
            ("", "no line of an S3"),
        ] {
            let e = events(log, &[]);
            assert!(e.problems.iter().any(|p| p.what.contains(says)), "{:?}", e.problems);
        }
        let e = events("#Version: 1.0\n#Fields: date time cs-uri-stem sc-status\n", &[]);
        assert!(e.problems.is_empty(), "{:?}", e.problems);
        let mixed = line("R1", "REST.GET.OBJECT", "k", "200", "5", "-", "-") + "a broken line\n";
        let e = events(&mixed, &[]);
        assert_eq!((e.sorted().len(), e.problems.len()), (1, 1));
    }

    #[test]
    fn hostile_lines_do_not_panic() {
        for l in ["[", "\"", " [] ", "a b [x] c", "a b [06/Feb/2026:00:00:38 +0000] ", "é b [06/Feb/2026:00:00:38 +0000] 1 2 3 4 5 \"é\" é"]
        {
            assert!(Line::parse(l).is_none(), "{l}");
        }
    }
}
