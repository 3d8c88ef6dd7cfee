//! Mail: single messages and mbox files; each message a record, its attachments and its HTML members of their own.
//!
//! Everybody who is named in a header is a person of their own: sender and recipients of one mail are never taken for one.
//! The body is running text, in which nothing belongs together.

use mail_parser::{Address, HeaderValue, MessageParser, MimeHeaders, PartType};
use memchr::memmem;

use super::feed::{Feed, Issues};
use super::rows::{self, Rows};
use super::{Limits, Part, Reader};
use crate::base::{Batch, Issue, PROSE_SCOPE, PeekInput, Reason, Result};

/// A longer message is cut here, and its rest read as another.
const MOST_MESSAGE: usize = 64 << 20;

/// Headers that mails have.
const HEADERS: &[&str] = &[
    "from",
    "to",
    "cc",
    "subject",
    "date",
    "received",
    "message-id",
    "mime-version",
    "return-path",
    "delivered-to",
    "content-type",
    "sender",
    "reply-to",
    "x-mailer",
    "in-reply-to",
    "references",
    "content-transfer-encoding",
    "dkim-signature",
    "x-from-line",
    "list-id",
];

/// Whether a text is a mail or an mbox: `Some(true)` for the latter.
pub(super) fn detect(head: &[u8], ext: &str) -> Option<bool> {
    let mbox = head.starts_with(b"From ");
    let mut lines = head.split(|b| *b == b'\n').map(|l| l.strip_suffix(b"\r").unwrap_or(l));
    if mbox {
        lines.next();
    }
    let (mut known, mut all) = (0, 0);
    for line in lines.take(200) {
        if line.is_empty() || line.starts_with(b" ") || line.starts_with(b"\t") {
            if line.is_empty() {
                break;
            }
            continue;
        }
        let name = line.iter().position(|b| *b == b':').map(|n| line[..n].to_ascii_lowercase())?;
        if name.is_empty() || !name.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')) {
            return None;
        }
        all += 1;
        known += usize::from(HEADERS.iter().any(|h| h.as_bytes() == name));
    }
    let enough = if mbox || matches!(ext, "eml" | "mbox" | "mht" | "mhtml") { 1 } else { 3 };
    (known >= enough && all >= 1).then_some(mbox)
}

/// Longer lines begin no message.
const LONGEST_ENVELOPE: usize = 1000;

/// Whether a line that begins with `From ` begins a message: it ends with the time of its delivery (RFC 4155, appendix A), which
/// sentences do not.
fn is_envelope(line: &[u8]) -> bool {
    line.len() < LONGEST_ENVELOPE
        && line.windows(5).any(|w| matches!(w, [a, b, b':', c, d] if [a, b, c, d].iter().all(|x| x.is_ascii_digit())))
}

/// Reads messages.
pub(super) struct Mail {
    feed: Feed,
    mbox: bool,
    buf: Vec<u8>,
    limits: Limits,
    row: u64,
    offset: u64,
    rows: Rows,
    parts: Vec<Part>,
    issues: Issues,
}

impl Mail {
    pub fn new(input: PeekInput, mbox: bool, limits: &Limits) -> Mail {
        Mail {
            feed: Feed::new(input),
            mbox,
            buf: Vec::new(),
            limits: limits.clone(),
            row: 0,
            offset: 0,
            rows: Rows::default(),
            parts: Vec::new(),
            issues: Issues::default(),
        }
    }

    /// The next message's bytes; empty at the end.
    fn message(&mut self) -> Vec<u8> {
        let mut searched = 0;
        loop {
            if self.mbox {
                let all = memmem::find_iter(&self.buf[searched..], b"\nFrom ").map(|i| searched + i + 1);
                let blank = |at: usize| self.buf[..at].ends_with(b"\n\n") || self.buf[..at].ends_with(b"\r\n\r\n");
                // A line that goes on behind the buffer is looked at again.
                let (mut cut, mut open) = (None, self.buf.len());
                for at in all.filter(|at| *at > 1 && blank(*at)) {
                    match memchr::memchr(b'\n', &self.buf[at..]) {
                        None if open - at < LONGEST_ENVELOPE => open = at,
                        n => {
                            if is_envelope(&self.buf[at..n.map_or(self.buf.len(), |n| at + n)]) {
                                cut = Some(at);
                                break;
                            }
                        }
                    }
                }
                if let Some(at) = cut {
                    return self.take(at);
                }
                searched = open;
            } else {
                searched = self.buf.len();
            }
            searched = searched.saturating_sub(8);
            let have = self.buf.len();
            if have >= MOST_MESSAGE {
                self.issues.add(Reason::MemoryLimit, "a message too long to be held, cut in two", self.offset);
                return self.take(have);
            }
            self.feed.fill(&mut self.buf, (have * 2).clamp(256 << 10, MOST_MESSAGE));
            if self.buf.len() == have {
                return self.take(have);
            }
        }
    }

    fn take(&mut self, n: usize) -> Vec<u8> {
        let rest = self.buf.split_off(n);
        self.offset += n as u64;
        std::mem::replace(&mut self.buf, rest)
    }

    fn text(&mut self, batch: &mut Batch, path: &str, text: &str) {
        let field = self.rows.field(path);
        rows::pieces(batch, field, PROSE_SCOPE, text.as_bytes(), self.limits.value_bytes);
    }

    fn person(&mut self, batch: &mut Batch, path: &str, name: Option<&str>, address: Option<&str>) {
        let scope = Rows::row(batch);
        for (part, value) in [("name", name), ("address", address)] {
            if let Some(v) = value {
                let field = self.rows.field(&format!("{path}.{part}"));
                rows::cell(batch, field, 0, scope, v.trim().as_bytes());
            }
        }
    }

    fn addresses(&mut self, batch: &mut Batch, path: &str, a: &Address<'_>) {
        let lists: Vec<&[mail_parser::Addr<'_>]> = match a {
            Address::List(l) => vec![l],
            Address::Group(g) => g.iter().map(|g| &g.addresses[..]).collect(),
        };
        for one in lists.into_iter().flatten() {
            self.person(batch, path, one.name.as_deref(), one.address.as_deref());
        }
    }

    fn part(&mut self, name: String, data: &[u8]) {
        let name = if self.mbox { format!("message-{}/{name}", self.row) } else { name };
        if !data.is_empty() {
            self.parts.push(Part { name, data: bytes::Bytes::copy_from_slice(data) });
        }
    }

    fn read(&mut self, batch: &mut Batch, bytes: &[u8]) {
        let body = if self.mbox && bytes.starts_with(b"From ") { memchr::memchr(b'\n', bytes).map_or(bytes.len(), |n| n + 1) } else { 0 };
        let Some(m) = MessageParser::default().parse(&bytes[body..]) else {
            self.issues.add(Reason::Malformed, "a message that is none, read as text", self.offset);
            self.text(batch, "body", &String::from_utf8_lossy(bytes));
            return;
        };
        if body > 0 {
            self.text(batch, "envelope", &String::from_utf8_lossy(&bytes[..body]));
        }
        for h in m.headers() {
            let name = h.name().to_ascii_lowercase();
            let mut path = if HEADERS.contains(&name.as_str()) { rows::part(&name) } else { format!("header.{}", rows::part(&name)) };
            // Other mails (RFC 5322, section 3.6.4), not mailboxes, however much they look like them: the path says so.
            if matches!(name.as_str(), "in-reply-to" | "references") {
                path += ".message-id";
            }
            match &h.value {
                HeaderValue::Address(a) => self.addresses(batch, &path, a),
                HeaderValue::Text(t) => self.text(batch, &path, t),
                HeaderValue::TextList(l) => l.iter().for_each(|t| self.text(batch, &path, t)),
                // Types and dates name nobody; the names of files are those of the members.
                HeaderValue::ContentType(_) | HeaderValue::DateTime(_) | HeaderValue::Empty => {}
                HeaderValue::Received(_) => {
                    let raw = bytes[body..].get(h.offset_start() as usize..h.offset_end() as usize).unwrap_or_default();
                    self.text(batch, &path, &String::from_utf8_lossy(raw));
                }
            }
        }
        for (i, p) in m.parts.iter().enumerate() {
            let named = p.attachment_name().map(str::to_owned);
            match &p.body {
                PartType::Text(t) if named.is_none() => self.text(batch, "body", t),
                PartType::Text(t) => self.part(named.unwrap_or_default(), t.as_bytes()),
                PartType::Html(t) => self.part(named.unwrap_or_else(|| format!("part-{i}.html")), t.as_bytes()),
                PartType::Binary(b) | PartType::InlineBinary(b) => self.part(named.unwrap_or_else(|| format!("part-{i}")), b),
                PartType::Message(inner) => self.part(named.unwrap_or_else(|| format!("part-{i}.eml")), inner.raw_message()),
                PartType::Multipart(_) => {}
            }
        }
    }
}

impl Reader for Mail {
    fn kind(&self) -> &'static str {
        if self.mbox { "mbox" } else { "mail" }
    }

    fn next_batch(&mut self, batch: &mut Batch) -> Result<bool> {
        loop {
            self.rows.begin(batch, self.row);
            let bytes = self.message();
            if bytes.is_empty() {
                return self.feed.end();
            }
            self.read(batch, &bytes);
            self.row += 1;
            self.rows.finish(batch, 1);
            if !batch.bytes.is_empty() || !self.parts.is_empty() {
                return Ok(true);
            }
        }
    }

    fn take_issues(&mut self) -> Vec<Issue> {
        self.issues.take()
    }

    fn take_parts(&mut self) -> Vec<Part> {
        std::mem::take(&mut self.parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::MemoryInput;

    const MAIL: &str = "From: Jane Roe <jane@example.com>\r\nTo: \"Bob\" <bob@example.org>, carol@example.net\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\
        X-Phone: 212-555-0187\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nhello dave@example.com\r\n\
        --b\r\nContent-Type: application/csv; name=a.csv\r\nContent-Disposition: attachment; filename=a.csv\r\nContent-Transfer-Encoding: base64\r\n\r\naWQsbmFtZQo=\r\n--b--\r\n";

    fn read(data: &str, mbox: bool) -> (Vec<(u64, String, String, u32)>, Vec<(String, Vec<u8>)>) {
        let mut r = Mail::new(PeekInput::new(Box::new(MemoryInput::with_chunk(data.as_bytes().to_vec(), 10))), mbox, &Limits::default());
        let mut b = Batch::default();
        let (mut values, mut parts) = (Vec::new(), Vec::new());
        while r.next_batch(&mut b).unwrap() {
            for c in &b.cells {
                let text = String::from_utf8_lossy(b.value(c)).into_owned();
                values.push((b.first_row + u64::from(c.row), b.fields[c.field as usize].clone(), text, c.scope));
            }
            parts.extend(r.take_parts().into_iter().map(|p| (p.name, p.data.to_vec())));
        }
        (values, parts)
    }

    #[test]
    fn a_mail_is_a_record_of_several_people() {
        let (values, parts) = read(MAIL, false);
        let of = |field: &str| values.iter().filter(|v| v.1 == field).map(|v| (v.2.as_str(), v.3)).collect::<Vec<_>>();
        assert_eq!(of("from.name")[0].1, of("from.address")[0].1);
        let to = of("to.address");
        assert_eq!((to[0].0, to[1].0), ("bob@example.org", "carol@example.net"));
        assert!(to[0].1 != to[1].1 && to[0].1 != of("from.address")[0].1);
        assert_eq!(of("subject"), [("Grüße", PROSE_SCOPE)]);
        assert_eq!(of("header.x-phone"), [("212-555-0187", PROSE_SCOPE)]);
        assert_eq!(of("body"), [("hello dave@example.com", PROSE_SCOPE)]);
        assert_eq!(parts, [("a.csv".to_owned(), b"id,name\n".to_vec())]);
    }

    #[test]
    fn ids_of_messages_stand_in_fields_of_that_name() {
        let ids = "Message-ID: <c@host.example>\r\nIn-Reply-To: <b@host.example>\r\nReferences: <a@host.example> <b@host.example>\r\n\r\nhello\r\n";
        let (values, _) = read(&format!("From: jane@example.com\r\n{ids}"), false);
        let fields: Vec<&str> = values.iter().filter(|v| v.2.contains("@host")).map(|v| v.1.as_str()).collect();
        assert!(fields.iter().all(|f| f.ends_with("message-id")), "{fields:?}");
        assert_eq!(fields.len(), 4);
    }

    #[test]
    fn an_mbox_is_cut_at_its_lines() {
        let one = "From x Mon Jan  1 00:00:00 2026\nFrom: a@example.com\n\nFrom the start\nno From here\n\n";
        let (values, _) = read(&one.repeat(3), true);
        let from: Vec<u64> = values.iter().filter(|v| v.1 == "from.address").map(|v| v.0).collect();
        assert_eq!(from, [0, 1, 2]);
        assert_eq!(detect(one.as_bytes(), ""), Some(true));
        assert_eq!(detect(MAIL.as_bytes(), ""), Some(false));
        for text in ["name: value\nother: 1\n", "From here on it is text", "plain", "", "From: only\n"] {
            assert_eq!(detect(text.as_bytes(), "txt"), None, "{text}");
        }
    }
}
