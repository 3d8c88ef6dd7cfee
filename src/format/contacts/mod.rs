//! Address books and calendars: vCard (RFC 6350 and the versions before it) and iCalendar (RFC 5545).
//!
//! A card, an event, a task is a record; its properties are fields, named as the standards do in small letters, but for those
//! whose names say nothing (`FN` is `full_name`). What a card holds belongs to one person; everybody who is named in an event
//! is a person of their own; notes and descriptions are running text. Places are bytes of the file, folds and escapes included.

mod line;

use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::feed::{Feed, Issues, char_boundary};
use super::rows::{self, Rows};
use super::{Limits, Part, Reader};
use crate::base::{Batch, Issue, Origin, PROSE_SCOPE, PeekInput, PlaceKind, Reason, Result};
use line::{Line, Property, Text, unfold};

/// A longer line is cut.
const MOST_LINE: usize = 16 << 20;
/// Components that may lie in one another.
const DEEPEST: usize = 16;

/// Components that are records.
const RECORDS: &[&str] = &["VCARD", "VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY"];

/// What properties hold that have parts, in their order.
const STRUCTURED: &[(&str, &[&str])] = &[
    ("N", &["family_name", "given_name", "middle_name", "prefix", "suffix"]),
    ("ADR", &["po_box", "extended_address", "street", "city", "state", "postal_code", "country"]),
    ("ORG", &["company", "department", "unit"]),
];
/// Fields whose names in the standards say nothing.
const RENAMED: &[(&str, &str)] = &[("FN", "full_name"), ("BDAY", "birthday"), ("TEL", "phone"), ("DTSTART", "start"), ("DTEND", "end")];
/// Running text.
const PROSE: &[&str] = &["NOTE", "DESCRIPTION", "SUMMARY", "COMMENT", "LOCATION", "CONTACT", "X-ALT-DESC"];
/// Who is somebody else than whom the record is about.
const OTHERS: &[&str] = &["ATTENDEE", "ORGANIZER", "RELATED", "AGENT", "MEMBER", "X-ASSISTANT", "X-SPOUSE", "X-MANAGER"];
/// What is seen or heard, and keys.
const SENSES: &[&str] = &["PHOTO", "LOGO", "SOUND", "KEY"];
/// Parameters that name nobody.
const PLAIN: &[&str] = &[
    "TYPE",
    "VALUE",
    "ENCODING",
    "CHARSET",
    "LANGUAGE",
    "PREF",
    "CUTYPE",
    "ROLE",
    "PARTSTAT",
    "RSVP",
    "TZID",
    "FMTTYPE",
    "RANGE",
    "RELTYPE",
    "ALTID",
    "PID",
    "MEDIATYPE",
    "CALSCALE",
    "SORT-AS",
    "FBTYPE",
    "SCHEDULE-AGENT",
    "SCHEDULE-STATUS",
    "INDEX",
    "LEVEL",
    "X-NUM-GUESTS",
];

/// Whether a text is an address book or a calendar.
pub(super) fn detect(head: &[u8]) -> Option<Kind> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let first = head[..head.len().min(64)].to_ascii_uppercase();
    let begins = |what: &[u8]| first.strip_prefix(what).is_some_and(|rest| rest.first().is_none_or(u8::is_ascii_whitespace));
    match () {
        () if begins(b"BEGIN:VCARD") => Some(Kind::Card),
        () if begins(b"BEGIN:VCALENDAR") => Some(Kind::Calendar),
        () => None,
    }
}

/// Which of them it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Card,
    Calendar,
}

/// Reads cards and events.
pub(super) struct Contacts {
    feed: Feed,
    kind: Kind,
    buf: Vec<u8>,
    /// Bytes of `buf` that are done with, and bytes of the file before it.
    at: usize,
    taken: u64,
    limits: Limits,
    rows: Rows,
    row: u64,
    /// The components that are open, and the scope of each in the current batch.
    open: Vec<(String, Option<u32>)>,
    parts: Vec<Part>,
    issues: Issues,
}

impl Contacts {
    pub fn new(input: PeekInput, kind: Kind, limits: &Limits) -> Contacts {
        Contacts {
            feed: Feed::new(input),
            kind,
            buf: Vec::new(),
            at: 0,
            taken: 0,
            limits: limits.clone(),
            rows: Rows::default(),
            row: 0,
            open: Vec::new(),
            parts: Vec::new(),
            issues: Issues::default(),
        }
    }

    /// The next line; `None` at the end.
    fn line(&mut self) -> Option<Line> {
        loop {
            let at = self.taken + self.at as u64;
            if at == 0 && self.buf.starts_with(b"\xef\xbb\xbf") {
                self.at = 3;
                continue;
            }
            let rest = &self.buf[self.at..];
            let long = rest.len() >= MOST_LINE;
            if !rest.is_empty() || self.feed.over() {
                if rest.is_empty() {
                    return None;
                }
                if let Some((line, used)) = unfold(rest, at, self.feed.over() || long) {
                    if long && used == rest.len() {
                        self.issues.add(Reason::MemoryLimit, "a line too long to be held, cut in two", at);
                    }
                    self.at += used;
                    return Some(line);
                }
            }
            self.buf.drain(..self.at);
            self.taken += self.at as u64;
            self.at = 0;
            let want = (2 * self.buf.len()).clamp(256 << 10, MOST_LINE);
            self.feed.fill(&mut self.buf, want);
        }
    }

    /// Whether what comes next belongs to no record.
    fn outside(&self) -> bool {
        !self.open.iter().any(|o| RECORDS.contains(&o.0.as_str()))
    }

    /// The scope of what a record's properties hold directly.
    fn scope(&mut self, batch: &mut Batch) -> u32 {
        match self.open.iter_mut().rev().find(|o| RECORDS.contains(&o.0.as_str())) {
            // The batch before may have had another.
            Some((_, scope)) => *scope.get_or_insert_with(|| Rows::row(batch)),
            None => PROSE_SCOPE,
        }
    }

    /// Gives a text, long ones in pieces that end with a word.
    fn give(&mut self, batch: &mut Batch, path: &str, scope: u32, text: &Text) {
        let most = self.limits.value_bytes.max(64);
        let lead = text.bytes.len() - text.bytes.trim_ascii_start().len();
        let (mut at, end) = (lead, text.bytes.trim_ascii_end().len());
        if at >= end {
            return;
        }
        let field = self.rows.field(path);
        while at < end {
            let mut n = end - at;
            if n > most {
                let cut = char_boundary(&text.bytes[at..], most).max(1);
                n = memchr::memrchr2(b' ', b'\n', &text.bytes[at..at + cut]).map_or(cut, |n| n + 1);
            }
            let start = batch.bytes.len() as u32;
            rows::cell(batch, field, (self.row - batch.first_row) as u32, scope, &text.bytes[at..at + n]);
            let mut last = 0;
            for (i, run) in text.runs.iter().enumerate() {
                let until = text.runs.get(i + 1).map_or(text.bytes.len(), |r| r.0);
                if until <= at || run.0 >= at + n {
                    continue;
                }
                // A piece of a run that has a byte of the file for each of its own.
                let exact = run.2 - run.1 == (until - run.0) as u64;
                let (skip, left) = (at.saturating_sub(run.0) as u64, until.saturating_sub(at + n) as u64);
                let (from, to) = if exact { (run.1 + skip, run.2 - left) } else { (run.1, run.2) };
                batch.origins.push(Origin { at: start + run.0.saturating_sub(at) as u32, start: from, end: to });
                last = to;
            }
            // What stands between two values comes from nowhere.
            batch.origins.push(Origin { at: start + n as u32, start: last, end: last });
            at += n;
        }
    }

    /// Takes one line. Gives whether a record ended.
    fn take(&mut self, batch: &mut Batch, line: &Line, at: u64) -> bool {
        if line.bytes.trim_ascii().is_empty() {
            return false;
        }
        let Some(p) = line.property() else {
            self.issues.add(Reason::Malformed, "a line that is no property, read as text", at);
            let text = line.text(0..line.bytes.len());
            self.give(batch, "", PROSE_SCOPE, &text);
            return false;
        };
        let word = || String::from_utf8_lossy(&line.bytes[p.value.clone()]).trim().to_ascii_uppercase();
        match p.name.as_str() {
            "BEGIN" => {
                if self.open.len() >= DEEPEST {
                    self.issues.add(Reason::NestingLimit, "components nested too deeply", at);
                    return false;
                }
                self.open.push((word(), None));
                false
            }
            "END" => {
                let name = word();
                let Some(i) = self.open.iter().rposition(|o| o.0 == name) else { return false };
                self.open.truncate(i);
                // A record within a record is a part of it.
                RECORDS.contains(&name.as_str()) && self.outside()
            }
            _ => {
                self.property(batch, line, &p);
                false
            }
        }
    }

    fn property(&mut self, batch: &mut Batch, line: &Line, p: &Property) {
        let parameter = |name: &str| p.parameters.iter().find(|q| q.name == name).map(|q| &line.bytes[q.value.clone()]);
        let is = |v: Option<&[u8]>, word: &str| v.is_some_and(|v| v.eq_ignore_ascii_case(word.as_bytes()));
        let encoding = parameter("ENCODING");
        let named = |word: &str| p.parameters.iter().any(|q| q.name == "TYPE" && is(Some(&line.bytes[q.value.clone()]), word));
        let binary = is(encoding, "b") || is(encoding, "base64") || named("BASE64");
        let printable = is(encoding, "quoted-printable") || named("QUOTED-PRINTABLE");
        let name = p.name.as_str();
        let own = RENAMED.iter().find(|r| r.0 == name).map_or_else(|| rows::part(&name.to_ascii_lowercase()), |r| r.1.to_owned());
        // What stands around the records says so.
        let path = match self.open.last() {
            Some((c, _)) if self.outside() && c != "VCALENDAR" => format!("{}.{own}", rows::part(&c.to_ascii_lowercase())),
            _ if self.outside() => format!("calendar.{own}"),
            _ => own,
        };
        let scope = match () {
            () if PROSE.contains(&name) => PROSE_SCOPE,
            () if OTHERS.contains(&name) => Rows::row(batch),
            () => self.scope(batch),
        };
        for q in p.parameters.iter().filter(|q| !PLAIN.contains(&q.name.as_str())) {
            let word = if q.name == "CN" { "name".to_owned() } else { rows::part(&q.name.to_ascii_lowercase()) };
            self.give(batch, &format!("{path}.{word}"), scope, &line.text(without_scheme(line, q.value.clone())));
        }
        let data = data_uri(&line.bytes[p.value.clone()]);
        // Pictures, sounds and keys are no text; what else is binary is a file.
        if SENSES.contains(&name) && (binary || data.is_some()) {
            return;
        }
        if binary || data.is_some_and(|d| d.0) {
            let value = data.map_or(p.value.clone(), |d| p.value.start + d.1..p.value.end);
            self.attached(&line.bytes[value], parameter("FILENAME").or(parameter("X-FILENAME")));
            return;
        }
        let charset = parameter("CHARSET").filter(|c| !c.eq_ignore_ascii_case(b"utf-8"));
        let text = |range: Range<usize>| if printable { line.decoded(range, charset) } else { line.text(range) };
        if let Some((_, parts)) = STRUCTURED.iter().find(|s| s.0 == name) {
            for (i, range) in line.parts(p.value.clone(), b';').into_iter().enumerate() {
                let part = parts.get(i).unwrap_or(&"more");
                self.give(batch, &format!("{path}.{part}"), scope, &text(range));
            }
            return;
        }
        let value = without_scheme(line, p.value.clone());
        let address = OTHERS.contains(&name) && line.bytes[value.clone()].contains(&b'@');
        self.give(batch, &if address { format!("{path}.address") } else { path }, scope, &text(value));
    }

    /// A file in a card or a calendar.
    fn attached(&mut self, base64: &[u8], name: Option<&[u8]>) {
        match STANDARD.decode(base64.trim_ascii()) {
            Ok(data) if !data.is_empty() => {
                let name = name.map_or_else(|| "attachment".to_owned(), |n| String::from_utf8_lossy(n).into_owned());
                self.parts.push(Part { name: format!("record-{}/{name}", self.row), data: data.into() });
            }
            Ok(_) => {}
            Err(_) => self.issues.add(Reason::Corrupt, "an attachment that is no base64", self.taken + self.at as u64),
        }
    }
}

/// Of a value that is a `data:` URI: whether it is base64, and where its data begin.
fn data_uri(value: &[u8]) -> Option<(bool, usize)> {
    value.get(..5).filter(|v| v.eq_ignore_ascii_case(b"data:"))?;
    let comma = memchr::memchr(b',', value)?;
    let head = value[5..comma].to_ascii_lowercase();
    // No URI has white space there; running text does.
    (!head.contains(&b' ')).then(|| (head.ends_with(b";base64") || head.ends_with(b";base64\\"), comma + 1))
}

/// What stands behind `mailto:` or `tel:`.
fn without_scheme(line: &Line, value: Range<usize>) -> Range<usize> {
    let bytes = &line.bytes[value.clone()];
    let scheme = [&b"mailto:"[..], b"tel:"].into_iter().find(|s| bytes.get(..s.len()).is_some_and(|b| b.eq_ignore_ascii_case(s)));
    value.start + scheme.map_or(0, <[u8]>::len)..value.end
}

impl Reader for Contacts {
    fn kind(&self) -> &'static str {
        match self.kind {
            Kind::Card => "vcard",
            Kind::Calendar => "icalendar",
        }
    }

    fn next_batch(&mut self, batch: &mut Batch) -> Result<bool> {
        self.rows.begin(batch, self.row);
        batch.places = PlaceKind::Bytes;
        self.open.iter_mut().for_each(|o| o.1 = None);
        let (mut records, mut ended) = (0, false);
        // A batch ends with a record, unless that is very large.
        let most = self.limits.batch_bytes;
        while !(rows::is_full(batch, 4 * most) || rows::is_full(batch, most) && self.outside()) {
            let at = self.taken + self.at as u64;
            let Some(line) = self.line() else {
                ended = true;
                break;
            };
            if self.take(batch, &line, at) {
                self.row += 1;
                records += 1;
            }
            if !self.parts.is_empty() {
                break;
            }
        }
        if ended && !self.open.is_empty() {
            self.issues.add(Reason::Truncated, "a component that is not closed", self.taken + self.at as u64);
            records += u64::from(!self.outside());
            self.open.clear();
        }
        self.rows.finish(batch, records);
        if !ended || records > 0 || !batch.bytes.is_empty() {
            return Ok(true);
        }
        self.feed.end()
    }

    fn take_issues(&mut self) -> Vec<Issue> {
        self.issues.take()
    }

    fn take_parts(&mut self) -> Vec<Part> {
        std::mem::take(&mut self.parts)
    }
}

#[cfg(test)]
mod tests;
