//! The lines of common logs.

use super::names::{ACCESS, ALB, CLOUDWATCH, ELB, S3, SYSLOG, SYSLOG_5424};

/// What a log's lines look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::format) enum Shape {
    /// Apache and nginx, common and combined.
    Access,
    /// S3 server access logs.
    S3,
    /// Application load balancers.
    Alb,
    /// Classic load balancers.
    Elb,
    /// `#Fields:` says what the columns are: CloudFront, IIS. The delimiter is a tab or a space.
    W3c(u8),
    /// VPC flow logs: the first line says what the columns are.
    Flow,
    /// `Nov  3 22:15:00 host program[17]: message` (RFC 3164), with or without its priority.
    Syslog,
    /// `<34>1 2026-11-03T22:15:00Z host program 17 ID47 - message` (RFC 5424).
    Syslog5424,
    /// `2026-11-03T22:15:00.000Z message`: what CloudWatch Logs exports to S3. Lines without a time go on.
    CloudWatch,
}

impl Shape {
    /// What the parts are called; the last name is that of all further ones. Empty where the file says it itself.
    pub fn names(self) -> &'static [&'static str] {
        match self {
            Shape::Access => ACCESS,
            Shape::S3 => S3,
            Shape::Alb => ALB,
            Shape::Elb => ELB,
            Shape::W3c(_) | Shape::Flow => &[],
            Shape::Syslog => SYSLOG,
            Shape::Syslog5424 => SYSLOG_5424,
            Shape::CloudWatch => CLOUDWATCH,
        }
    }

    /// The parts of a line, as ranges, in `out`; `false`: the line has another shape. Parts may be empty.
    pub fn parts(self, line: &[u8], out: &mut Vec<(usize, usize)>) -> bool {
        out.clear();
        match self {
            Shape::W3c(_) | Shape::Flow => {
                let mut at = 0;
                let delimiter = if let Shape::W3c(d) = self { d } else { b' ' };
                for i in memchr::memchr_iter(delimiter, line).chain([line.len()]) {
                    out.push((at, i));
                    at = i + 1;
                }
                out.len() > 2
            }
            Shape::Syslog => syslog(line, out).is_some(),
            Shape::Syslog5424 => syslog_5424(line, out).is_some(),
            Shape::CloudWatch => cloudwatch(line, out).is_some(),
            _ => {
                tokens(line, out);
                let fits = self.fits(line, out);
                if let (true, Some(client)) = (fits, self.client()) {
                    // Cut at the last colon where the address has others of its own.
                    let (start, end) = out[client];
                    let address = &line[start..end];
                    if line[start.saturating_sub(1)] != b'[' && address.iter().filter(|b| **b == b':').count() > 1 {
                        out[client].1 = start + memchr::memrchr(b':', address).unwrap_or(address.len());
                    }
                }
                fits
            }
        }
    }

    /// Which part is the client with its port: an IPv6 address may stand there in brackets, or bare.
    fn client(self) -> Option<usize> {
        match self {
            Shape::Alb => Some(3),
            Shape::Elb => Some(2),
            _ => None,
        }
    }

    /// Whether tokens are those of such a line.
    fn fits(self, line: &[u8], parts: &[(usize, usize)]) -> bool {
        let part = |i: usize| parts.get(i).map_or(&b""[..], |p| &line[p.0..p.1]);
        let within = |i: usize, b: u8| parts.get(i).is_some_and(|p| p.0 > 0 && line[p.0 - 1] == b);
        let status = |i: usize| part(i).len() == 3 && part(i).iter().all(u8::is_ascii_digit);
        match self {
            Shape::Access => within(3, b'[') && is_clf_time(part(3)) && within(4, b'"') && status(5) && is_count(part(6)),
            Shape::S3 => {
                let request = within(8, b'"') || part(8) == b"-";
                parts.len() >= 17
                    && within(2, b'[')
                    && is_clf_time(part(2))
                    && request
                    && (status(9) || part(9) == b"-")
                    && is_count(part(11))
            }
            Shape::Alb => {
                let kind = matches!(part(0), b"http" | b"https" | b"h2" | b"grpcs" | b"ws" | b"wss");
                kind && is_iso_time(part(1)) && within(12, b'"') && within(13, b'"') && is_count(part(10)) && is_count(part(11))
            }
            Shape::Elb => {
                is_iso_time(part(0))
                    && within(11, b'"')
                    && (part(2).contains(&b':') || within(2, b'['))
                    && is_count(part(9))
                    && is_count(part(10))
            }
            _ => false,
        }
    }
}

/// The shapes that are told by their lines alone.
const BY_LINES: &[Shape] = &[Shape::Access, Shape::S3, Shape::Alb, Shape::Elb, Shape::Syslog, Shape::Syslog5424];

/// How many lines are looked at, and how many of ten must have the shape.
const LINES: usize = 200;
const OF_TEN: usize = 9;

/// Finds the shape of a log from its first bytes. `exported`: it lies where CloudWatch Logs exports to.
pub(in crate::format) fn detect(head: &[u8], whole: bool, exported: bool) -> Option<Shape> {
    // Cut off, or nothing behind the last line break.
    let end = match memchr::memrchr(b'\n', head) {
        Some(end) if !whole || end + 1 == head.len() => end,
        _ if whole && !head.is_empty() => head.len(),
        _ => return None,
    };
    let all = || head[..end].split(|b| *b == b'\n');
    if let Some(fields) = all().take(5).find_map(|l| l.strip_prefix(b"#Fields:")) {
        let comments = all().take_while(|l| l.starts_with(b"#")).count();
        let delimiter = if all().nth(comments).is_some_and(|l| l.contains(&b'\t')) { b'\t' } else { b' ' };
        return (comments > 0 && names_of(fields).count() > 2).then_some(Shape::W3c(delimiter));
    }
    if all().next().is_some_and(|l| names_flows(without_cr(l))) {
        return Some(Shape::Flow);
    }
    let lines: Vec<&[u8]> = all().map(without_cr).filter(|l| !l.is_empty()).take(LINES).collect();
    let mut parts = Vec::new();
    // PERF: most texts are no logs, and a few lines show it.
    let misfits = lines.len() * (10 - OF_TEN) / 10;
    let most = |shape: Shape, parts: &mut Vec<_>| {
        !lines.is_empty() && lines.iter().filter(|l| !shape.parts(l, parts)).take(misfits + 1).count() <= misfits
    };
    if exported && lines.first().is_some_and(|l| cloudwatch(l, &mut parts).is_some()) {
        return Some(Shape::CloudWatch);
    }
    BY_LINES.iter().copied().find(|s| most(*s, &mut parts))
}

/// Whether a line names the columns of a VPC flow log.
pub(super) fn names_flows(line: &[u8]) -> bool {
    let all = || line.split(|b| *b == b' ');
    let is = |name: &[u8]| all().any(|n| n == name);
    is(b"srcaddr") && is(b"dstaddr") && all().all(|n| n.iter().all(|b| b.is_ascii_lowercase() || *b == b'-'))
}

/// The names that stand behind `#Fields:`.
pub(super) fn names_of(fields: &[u8]) -> impl Iterator<Item = &[u8]> {
    fields.split(u8::is_ascii_whitespace).filter(|n| !n.is_empty())
}

/// A line without the carriage return at its end.
pub(super) fn without_cr(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Parts between single spaces; those in brackets or quotes without them. A quote ends where a space or nothing follows: a program
/// may send quotes of its own in the name it gives itself.
fn tokens(line: &[u8], out: &mut Vec<(usize, usize)>) {
    let mut at = 0;
    while at < line.len() {
        let (start, end, next) = match line[at] {
            b'[' => match memchr::memchr(b']', &line[at..]) {
                Some(n) => (at + 1, at + n, at + n + 1),
                None => (at, line.len(), line.len()),
            },
            b'"' => {
                let ends = |i: &usize| line.get(at + 2 + i).is_none_or(|b| *b == b' ') && !escaped(&line[at + 1..at + 1 + i]);
                match memchr::memchr_iter(b'"', &line[at + 1..]).find(ends) {
                    Some(n) => (at + 1, at + 1 + n, at + 2 + n),
                    None => (at + 1, line.len(), line.len()),
                }
            }
            _ => {
                let n = memchr::memchr(b' ', &line[at..]).unwrap_or(line.len() - at);
                (at, at + n, at + n)
            }
        };
        // The port behind an address in brackets.
        let port = line[next..]
            .strip_prefix(b":")
            .filter(|_| line[at] == b'[')
            .map_or(0, |p| 1 + p.iter().take_while(|b| b.is_ascii_digit()).count());
        let next = next + port;
        out.push((start, end));
        at = if line.get(next) == Some(&b' ') { next + 1 } else { next };
    }
}

/// Whether a backslash stands before what follows, and no backslash before that.
fn escaped(before: &[u8]) -> bool {
    before.iter().rev().take_while(|b| **b == b'\\').count() % 2 == 1
}

fn is_count(b: &[u8]) -> bool {
    b == b"-" || b == b"-1" || (!b.is_empty() && b.iter().all(u8::is_ascii_digit))
}

/// `0` stands for a digit, `a` for a letter.
fn is_like(b: &[u8], form: &[u8]) -> bool {
    let fits = |(b, f): (&u8, &u8)| match f {
        b'0' => b.is_ascii_digit(),
        b'a' => b.is_ascii_alphabetic(),
        f => b == f,
    };
    b.len() >= form.len() && b.iter().zip(form).all(fits)
}

fn is_clf_time(b: &[u8]) -> bool {
    is_like(b, b"00/aaa/0000:00:00:00 ")
}

fn is_iso_time(b: &[u8]) -> bool {
    is_like(b, b"0000-00-00T00:00:00")
}

/// The length of `<34>` here, 0 if there is none.
fn priority(line: &[u8]) -> usize {
    match line.iter().take(5).position(|b| *b == b'>') {
        Some(n @ 2..=4) if line[0] == b'<' && line[1..n].iter().all(u8::is_ascii_digit) => n + 1,
        _ => 0,
    }
}

/// The word at `at`, and where the next begins.
fn word(line: &[u8], at: usize) -> Option<((usize, usize), usize)> {
    let n = memchr::memchr(b' ', line.get(at..)?)?;
    (n > 0).then_some(((at, at + n), at + n + 1))
}

fn syslog(line: &[u8], out: &mut Vec<(usize, usize)>) -> Option<()> {
    let start = priority(line);
    let rest = &line[start..];
    let end = if is_like(rest, b"aaa 00 00:00:00 ") || is_like(rest, b"aaa  0 00:00:00 ") {
        if !MONTHS.contains(&&rest[..3]) {
            return None;
        }
        15
    } else if is_iso_time(rest) {
        memchr::memchr(b' ', rest)?
    } else {
        return None;
    };
    out.push((start, start + end));
    let (host, at) = word(line, start + end + 1)?;
    // A program's own log has its level there.
    if LEVELS.iter().any(|l| l.eq_ignore_ascii_case(&line[host.0..host.1])) {
        return None;
    }
    out.push(host);
    // `program[17]: `, or `program: `.
    let tag = memchr::memchr(b':', line.get(at..)?)?;
    let name = &line[at..at + tag];
    let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/' | b'[' | b']' | b'(' | b')' | b'@');
    if !(1..=64).contains(&tag) || !name.iter().all(plain) || line.get(at + tag + 1).is_some_and(|b| *b != b' ') {
        return None;
    }
    out.push((at, at + tag));
    out.push(((at + tag + 2).min(line.len()), line.len()));
    Some(())
}

const LEVELS: &[&[u8]] =
    &[b"trace", b"debug", b"info", b"notice", b"warn", b"warning", b"error", b"err", b"crit", b"critical", b"alert", b"emerg", b"fatal"];

const MONTHS: &[&[u8]] = &[b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];

fn syslog_5424(line: &[u8], out: &mut Vec<(usize, usize)>) -> Option<()> {
    let start = priority(line);
    if start == 0 || line.get(start..start + 2)? != b"1 " {
        return None;
    }
    let mut at = start + 2;
    for i in 0..5 {
        let (part, next) = word(line, at)?;
        if i == 0 && !is_iso_time(&line[part.0..part.1]) && &line[part.0..part.1] != b"-" {
            return None;
        }
        out.push(part);
        at = next;
    }
    // Structured data: `-`, or elements in brackets, in which `\]` and `\"` are escaped.
    let rest = line.get(at..)?;
    let end = match rest.first()? {
        b'-' => 1,
        b'[' => {
            let mut quoted = false;
            let mut i = 0;
            loop {
                match rest.get(i)? {
                    b'\\' => i += 1,
                    b'"' => quoted = !quoted,
                    b']' if !quoted && rest.get(i + 1) != Some(&b'[') => break i + 1,
                    _ => {}
                }
                i += 1;
            }
        }
        _ => return None,
    };
    out.push((at, at + end));
    out.push(((at + end + 1).min(line.len()), line.len()));
    Some(())
}

fn cloudwatch(line: &[u8], out: &mut Vec<(usize, usize)>) -> Option<()> {
    let end = if is_like(line, b"0000-00-00T00:00:00.000Z ") {
        24
    } else if is_like(line, b"0000000000000 ") {
        13
    } else {
        return None;
    };
    out.push((0, end));
    out.push((end + 1, line.len()));
    Some(())
}
