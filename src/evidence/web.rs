//! Requests that went through a distribution of CloudFront or a load balancer: they name a host and a path, not a bucket.
//!
//! Fields as in the CloudFront developer guide (standard logs, `#Fields:`) and the guides for Application and Classic Load Balancers
//! (access log entries). Which bucket stands behind a host no log says: [`super::Filter::origins`] does.

use super::events::{Event, Events, Kind, Read};
use super::filter::{Actor, Filter};
use super::percent_decoded;
use crate::base::Timestamp;

/// One request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Request<'a> {
    time: Timestamp,
    /// Hosts under which it may be known.
    hosts: Vec<&'a str>,
    path: &'a str,
    method: &'a str,
    status: u16,
    bytes: Option<u64>,
    range: Option<(u64, u64)>,
    ip: &'a str,
    user_agent: String,
    id: &'a str,
}

/// What became of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It was understood.
    Yes,
    /// It was understood, and no origin is known for its host.
    NoOrigin,
    /// It is no line of such a log.
    No,
}

/// The names of a `#Fields:` line.
pub(super) fn fields(line: &str) -> Option<Vec<String>> {
    let names: Vec<String> = line.strip_prefix("#Fields:")?.split_whitespace().map(str::to_owned).collect();
    ["date", "time", "cs-uri-stem", "sc-status"].iter().all(|n| names.iter().any(|f| f == n)).then_some(names)
}

/// A line of a standard log of CloudFront.
pub(super) fn cloudfront<'a>(line: &'a str, names: &[String]) -> Option<Request<'a>> {
    let cells: Vec<&str> = line.split('\t').collect();
    let get = |name: &str| {
        let at = names.iter().position(|n| n == name)?;
        cells.get(at).copied().filter(|c| *c != "-" && !c.is_empty())
    };
    let number = |name: &str| get(name).and_then(|c| c.parse::<u64>().ok());
    let sent = number("sc-bytes");
    let range = number("sc-range-start").zip(number("sc-range-end")).filter(|(a, b)| a <= b).map(|(a, b)| (a, b.saturating_add(1)));
    // What was sent counts headers, too: all of the content went only where there is room for it.
    let bytes = match (number("sc-content-len"), sent) {
        (Some(length), Some(sent)) if sent > length => Some(length),
        (Some(length), Some(sent)) => Some(sent.min(length.saturating_sub(1))),
        (_, sent) => sent,
    };
    Some(Request {
        time: Timestamp::parse(&format!("{}T{}Z", get("date")?, get("time")?))?,
        hosts: ["x-host-header", "cs(Host)"].into_iter().filter_map(get).collect(),
        path: get("cs-uri-stem")?,
        method: get("cs-method").unwrap_or("GET"),
        status: get("sc-status")?.parse().ok()?,
        bytes,
        range,
        ip: get("c-ip").unwrap_or("-"),
        user_agent: percent_decoded(&percent_decoded(get("cs(User-Agent)").unwrap_or("-"))),
        id: get("x-edge-request-id").unwrap_or(""),
    })
}

/// The cells of a balancer's line; `-` is none.
struct Cells<'a>(Vec<&'a str>);

impl<'a> Cells<'a> {
    fn of(line: &'a str) -> Option<Cells<'a>> {
        let (mut cells, mut rest) = (Vec::new(), line);
        while !rest.is_empty() {
            let (cell, after) = match rest.strip_prefix('"') {
                Some(quoted) => quoted.split_once("\" ").or_else(|| quoted.strip_suffix('"').map(|c| (c, "")))?,
                None => rest.split_once(' ').unwrap_or((rest, "")),
            };
            cells.push(cell);
            rest = after;
        }
        Some(Cells(cells))
    }

    fn get(&self, at: usize) -> Option<&'a str> {
        self.0.get(at).copied().filter(|c| *c != "-")
    }

    /// Method, host and path of a request line.
    fn request(&self, at: usize) -> Option<(&'a str, &'a str, &'a str)> {
        let mut request = self.get(at)?.split(' ');
        let (method, url) = (request.next()?, request.next()?);
        let (host, path) = url.split_once("://").and_then(|u| u.1.split_once('/').map(|(h, _)| (h, &u.1[h.len()..])))?;
        Some((method, host.rsplit_once(':').map_or(host, |h| h.0), path.split_once('?').map_or(path, |p| p.0)))
    }
}

/// An address before its port.
fn address(client: Option<&str>) -> &str {
    client.and_then(|c| c.rsplit_once(':')).map_or("-", |c| c.0)
}

/// A line of the access log of a Classic Load Balancer.
pub(super) fn classic_balancer(line: &str) -> Option<Request<'_>> {
    let cells = Cells::of(line)?;
    let get = |at| cells.get(at);
    let (method, host, path) = cells.request(11)?;
    Some(Request {
        time: Timestamp::parse(get(0)?)?,
        hosts: [Some(host), get(1)].into_iter().flatten().collect(),
        path,
        method,
        status: get(7)?.parse().ok()?,
        bytes: get(10).and_then(|b| b.parse().ok()),
        range: None,
        ip: address(get(2)),
        user_agent: get(12).unwrap_or("-").to_owned(),
        id: "",
    })
}

/// A line of the access log of an Application Load Balancer.
pub(super) fn balancer(line: &str) -> Option<Request<'_>> {
    let cells = Cells::of(line)?;
    let get = |at| cells.get(at);
    let (method, host, path) = cells.request(12)?;
    Some(Request {
        time: Timestamp::parse(get(1)?)?,
        hosts: [get(18), Some(host), get(2)].into_iter().flatten().collect(),
        path,
        method,
        status: get(8)?.parse().ok()?,
        bytes: get(11).and_then(|b| b.parse().ok()),
        range: None,
        ip: address(get(3)),
        user_agent: get(13).unwrap_or("-").to_owned(),
        id: get(17).unwrap_or(""),
    })
}

impl Request<'_> {
    /// Adds the event.
    pub fn add(&self, kind: &str, filter: &Filter, events: &mut Events) -> Taken {
        let some = |v| Some(v).filter(|v| *v != "-");
        let origin = self.hosts.iter().find_map(|h| filter.origins.iter().find(|o| o.0.eq_ignore_ascii_case(h)));
        let Some((host, prefix)) = origin else { return Taken::NoOrigin };
        events.hour(&format!("{kind} {host}"), "-", self.time);
        // Nobody has signed in to S3: there is no principal.
        let actor = Actor { names: Vec::new(), access_key: None, ip: some(self.ip), user_agent: some(&self.user_agent) };
        let theirs = filter.fits(&actor, self.time);
        let failed = !matches!(self.status, 200 | 206);
        // What the browser still had was not sent.
        if self.method != "GET" || !theirs || self.status == 304 {
            return Taken::Yes;
        }
        let path = percent_decoded(self.path);
        let target = format!("{}/{}", prefix.trim_end_matches('/'), path.trim_start_matches('/'));
        // A part that nobody names is some part.
        let some_part = self.status == 206 && self.range.is_none();
        let read = Read { bytes: self.bytes, range: self.range, some: some_part, anonymous: true, ..Read::default() };
        let request = if self.id.is_empty() { format!("{} {} {target}", self.time, self.ip) } else { self.id.to_owned() };
        events.add(&request, Event { time: self.time, target, version: None, kind: Kind::Read(read), failed, theirs });
        Taken::Yes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: &str = "#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol sc-content-len sc-range-start sc-range-end";

    fn edge(bytes: &str, method: &str, path: &str, status: &str, length: &str, range: (&str, &str)) -> String {
        format!(
            "2026-11-03\t02:00:00\tFRA2\t{bytes}\t203.0.113.77\t{method}\td1.cloudfront.net\t{path}\t{status}\t-\tcurl/8\t-\t-\tMiss\tR1\tcdn.example.com\thttps\t{length}\t{}\t{}",
            range.0, range.1
        )
    }

    fn read(r: &Request<'_>) -> (Taken, Vec<Event>) {
        let (mut filter, mut events) = (Filter::default(), Events::default());
        filter.origins.push(("cdn.example.com".to_owned(), "s3://b/site/".to_owned()));
        (r.add("cloudfront", &filter, &mut events), events.sorted())
    }

    #[test]
    fn paths_of_a_distribution_are_keys_of_its_origin() {
        let names = fields(NAMES).unwrap();
        let none = ("-", "-");
        for (line, want) in [
            (edge("5400", "GET", "/in/a%20b.csv", "200", "5000", none), Some(("s3://b/site/in/a b.csv", Some(5000), None, false, false))),
            (edge("4000", "GET", "/k", "200", "5000", none), Some(("s3://b/site/k", Some(4000), None, false, false))),
            (edge("5000", "GET", "/k", "200", "5000", none), Some(("s3://b/site/k", Some(4999), None, false, false))),
            (edge("400", "GET", "/k", "206", "100", ("0", "99")), Some(("s3://b/site/k", Some(100), Some((0, 100)), false, false))),
            (edge("400", "GET", "/k", "206", "-", none), Some(("s3://b/site/k", Some(400), None, true, false))),
            (edge("400", "GET", "/k", "403", "-", none), Some(("s3://b/site/k", Some(400), None, false, true))),
            (edge("400", "GET", "/k", "304", "-", none), None),
            (edge("400", "HEAD", "/k", "200", "-", none), None),
        ] {
            let (taken, events) = read(&cloudfront(&line, &names).unwrap());
            assert_eq!(taken, Taken::Yes);
            let got = events.first().map(|e| match &e.kind {
                Kind::Read(r) => (e.target.as_str(), r.bytes, r.range, r.some, e.failed),
                other => panic!("{other:?}"),
            });
            assert_eq!(got, want, "{line}");
        }
        let other = edge("1", "GET", "/k", "200", "-", none).replace("cdn.example.com", "x.example.com");
        assert_eq!(read(&cloudfront(&other, &names).unwrap()).0, Taken::NoOrigin);
        assert_eq!(fields("#Fields: a b c"), None);
        assert_eq!(cloudfront("2026-11-03\tx", &names), None);
    }

    #[test]
    fn lines_of_load_balancers() {
        let line = |request: &str| {
            format!(
                "https 2026-11-03T02:00:00.186641Z app/my-lb/50dc6c495c0c9188 203.0.113.77:2817 10.0.0.1:80 0.000 0.001 0.000 200 200 34 5366 \"{request}\" \"curl/7.46.0\" ECDHE TLSv1.2 arn:aws:x \"Root=1-58337262-36d228ad5d99923122bbe354\" \"cdn.example.com\" \"-\" 0 2026-11-03T02:00:00.000000Z \"forward\" \"-\" \"-\" \"10.0.0.1:80\" \"200\" \"-\" \"-\" TID_1"
            )
        };
        let text = line("GET https://cdn.example.com:443/in/k.csv?x=1 HTTP/1.1");
        let (taken, events) = read(&balancer(&text).unwrap());
        assert_eq!((taken, events.len()), (Taken::Yes, 1));
        assert_eq!((events[0].target.as_str(), events[0].failed), ("s3://b/site/in/k.csv", false));
        for bad in ["", "https x", &line("GET"), &line("- - -"), "\"", "https \"é", &line("GET https://h HTTP/1.1")] {
            assert_eq!(balancer(bad), None, "{bad}");
        }
    }

    #[test]
    fn lines_of_classic_load_balancers() {
        let line = |request: &str| {
            format!(
                "2026-11-03T02:00:00.943958Z my-lb 203.0.113.77:2817 10.0.0.1:80 0.000073 0.001048 0.000057 200 200 0 29 \"{request}\" \"curl/7.38.0\" - -"
            )
        };
        let text = line("GET https://cdn.example.com:443/in/k.csv?x=1 HTTP/1.1");
        let request = classic_balancer(&text).unwrap();
        assert_eq!((request.ip, request.bytes, request.status), ("203.0.113.77", Some(29), 200));
        let (taken, events) = read(&request);
        assert_eq!((taken, events[0].target.as_str()), (Taken::Yes, "s3://b/site/in/k.csv"));
        // Connections without a request.
        for bad in ["", "2026-11-03T02:00:00Z my-lb", &line("- - -"), "\"", &line("- - - ")] {
            assert_eq!(classic_balancer(bad), None, "{bad}");
        }
    }
}
