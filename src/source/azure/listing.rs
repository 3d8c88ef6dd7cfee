//! Pages of blobs.

use std::collections::HashSet;

use bytes::BytesMut;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use tokio::time::timeout;

use super::super::attempts::{Attempts, Failed};
use super::super::ranges::{Chunks, unquoted};
use super::super::runtime;
use super::super::whole::is_whole;
use super::service::encoded;
use super::{Container, version};
use crate::base::{Error, Object, Reason, Result, Timestamp};

/// Entries of one page, as many as the service gives.
const ENTRIES: u32 = 5000;

/// Bytes of one page; ten times what the longest names make.
const LONGEST_PAGE: usize = 256 << 20;

/// Blobs that lie in the archive tier, by their URI.
pub(super) type Archived = HashSet<String>;

/// Lists the blobs whose names start with `prefix`. What is archived goes into `archived`, so that no request is spent on it.
///
/// Memory: the listing. The service promises an order, but accounts with a hierarchical namespace have another one.
pub(super) fn list(container: &Container, prefix: &str, archived: &mut Archived, each: &mut dyn FnMut(Object)) -> Result<()> {
    let mut all = Vec::new();
    pages(container, prefix, archived, &mut |o| {
        all.push(o);
        true
    })?;
    all.sort_unstable_by(|a, b| a.uri.cmp(&b.uri));
    all.into_iter().for_each(each);
    Ok(())
}

/// Lists page by page, in the order of the service, as long as `each` wants more.
pub(super) fn pages(container: &Container, prefix: &str, archived: &mut Archived, each: &mut dyn FnMut(Object) -> bool) -> Result<()> {
    let mut marker = String::new();
    loop {
        // Parsed outside of the runtime, which has other things to do.
        let text = runtime::shared()?.block_on(page(container, prefix, &marker))?;
        let page = parse(&text)?;
        for b in page.blobs {
            // Folders of a hierarchical namespace, and the empty blobs that tools make to show folders.
            if b.is_folder || (b.size == 0 && b.name.ends_with('/')) {
                continue;
            }
            let uri = container.uri(&b.name);
            if b.tier == "Archive" {
                archived.insert(uri.clone());
            }
            let version = version(unquoted(&b.etag), &b.version_id);
            if !each(Object { uri, version, size: b.size, modified: b.modified, until: None }) {
                return Ok(());
            }
        }
        if page.next.is_empty() {
            return Ok(());
        }
        if page.next == marker {
            return Err(Error::new(Reason::Io, "the server says there are more blobs and does not give them"));
        }
        marker = page.next;
    }
}

/// One page, however often it takes.
async fn page(container: &Container, prefix: &str, marker: &str) -> Result<String> {
    let mut query = format!("restype=container&comp=list&maxresults={ENTRIES}");
    for (name, value) in [("prefix", prefix), ("marker", marker)] {
        if !value.is_empty() {
            query.push_str(&format!("&{name}={}", encoded(value, "")));
        }
    }
    let mut attempts = Attempts::new(&container.options);
    loop {
        match attempt(container, &query).await {
            Ok(text) => return Ok(text),
            Err(failed) => attempts.after(failed).await?,
        }
    }
}

async fn attempt(container: &Container, query: &str) -> Result<String, Failed> {
    let stall = container.options.stall;
    let late = |_| Failed::again("no answer in time");
    let mut body = timeout(stall, container.service.get(&container.name, query, &[])).await.map_err(late)??.into_body();
    let mut all = BytesMut::new();
    while let Some(chunk) = timeout(stall, body.next()).await.map_err(|_| Failed::again("the data stopped coming"))? {
        all.extend_from_slice(&chunk?);
        if all.len() > LONGEST_PAGE {
            return Err(Failed::for_good(Reason::MemoryLimit, "a page of the listing is larger than 256 MiB"));
        }
    }
    if !is_whole(&all) {
        return Err(Failed::again("the listing was cut off"));
    }
    String::from_utf8(all.into()).map_err(|_| Failed::for_good(Reason::UnsupportedEncoding, "the listing is not UTF-8"))
}

#[derive(Debug, Default, PartialEq)]
struct Page {
    blobs: Vec<Blob>,
    /// Where the next page begins; empty on the last.
    next: String,
}

#[derive(Debug, Default, PartialEq)]
struct Blob {
    name: String,
    etag: String,
    version_id: String,
    size: u64,
    modified: Option<Timestamp>,
    tier: String,
    is_folder: bool,
}

/// Parses a page. By events and not by a deserializer, because names may begin and end with spaces. PRIVACY: the parser's messages
/// may quote names.
fn parse(text: &str) -> Result<Page> {
    let garbled = || Error::new(Reason::Corrupt, "the listing is not the XML it should be");
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = Reader::from_str(text);
    let (mut page, mut blob): (Page, Option<Blob>) = Default::default();
    let (mut content, mut name_is_encoded, mut is_listing) = (String::new(), false, false);
    loop {
        match reader.read_event().map_err(|_| garbled())? {
            Event::Start(tag) => {
                content.clear();
                match tag.name().as_ref() {
                    "Blob" => blob = Some(Blob::default()),
                    "Name" => name_is_encoded = says_encoded(&tag),
                    _ => {}
                }
            }
            Event::Text(t) => content.push_str(&t),
            Event::CData(t) => content.push_str(&t),
            Event::GeneralRef(r) => content.push(character(&r).ok_or_else(garbled)?),
            Event::End(tag) => {
                let value = std::mem::take(&mut content);
                match (tag.name().as_ref(), &mut blob) {
                    ("Blob", of) => page.blobs.extend(of.take().filter(|b| !b.name.is_empty())),
                    ("NextMarker", None) => page.next = value,
                    ("EnumerationResults", None) => is_listing = true,
                    ("Name", Some(b)) if name_is_encoded => b.name = decoded(&value)?,
                    ("Name", Some(b)) => b.name = value,
                    ("Etag", Some(b)) => b.etag = value,
                    ("VersionId", Some(b)) => b.version_id = value,
                    ("Content-Length", Some(b)) => b.size = value.trim().parse().map_err(|_| garbled())?,
                    ("Last-Modified", Some(b)) => b.modified = time(&value),
                    ("AccessTier", Some(b)) => b.tier = value,
                    ("ResourceType", Some(b)) => b.is_folder = value == "directory",
                    _ => {}
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    // Something else, such as the page of a proxy, would be a listing of nothing. What was cut off was asked for again before.
    if is_listing { Ok(page) } else { Err(garbled()) }
}

fn says_encoded(tag: &BytesStart<'_>) -> bool {
    tag.attributes().flatten().any(|a| a.key.as_ref() == "Encoded" && a.value.as_ref() == "true")
}

/// What `&name;` and `&#10;` stand for.
fn character(r: &quick_xml::events::BytesRef<'_>) -> Option<char> {
    match r.resolve_char_ref() {
        Ok(Some(c)) => Some(c),
        _ => match &**r {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => None,
        },
    }
}

/// A name with characters that XML cannot carry comes percent-encoded.
fn decoded(name: &str) -> Result<String> {
    let mut out = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = tail.get(..2).and_then(|h| std::str::from_utf8(h).ok()).and_then(|h| u8::from_str_radix(h, 16).ok());
        (rest, _) = match (first, hex) {
            (b'%', Some(b)) => (&tail[2..], out.push(b)),
            _ => (tail, out.push(*first)),
        };
    }
    String::from_utf8(out).map_err(|_| Error::new(Reason::UnsupportedEncoding, "a name is not UTF-8"))
}

/// `Mon, 21 Nov 2026 07:28:00 GMT`.
fn time(text: &str) -> Option<Timestamp> {
    chrono::DateTime::parse_from_rfc2822(text.trim()).ok().map(|t| Timestamp(t.timestamp_millis()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_parsed() {
        let text = "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults ServiceEndpoint=\"http://x/\" ContainerName=\"box\"><Prefix> p</Prefix>\
            <Blobs><Blob><Name> a &amp;%2F+&#252;\tü </Name><VersionId>2026-11-20T01:02:03.0000001Z</VersionId><IsCurrentVersion>true</IsCurrentVersion><Properties>\
            <Last-Modified>Fri, 20 Nov 2026 07:28:01 GMT</Last-Modified><Etag>0x8D1</Etag><Content-Length>17</Content-Length>\
            <AccessTier>Archive</AccessTier></Properties><Metadata/></Blob>\n<Blob><Name Encoded=\"true\">b%0B%25</Name><Properties><Etag>\"0x2\"</Etag>\
            <Content-Length>0</Content-Length><ResourceType>directory</ResourceType></Properties><Tags><TagSet><Tag><Key>Name</Key></Tag></TagSet></Tags></Blob>\
            <BlobPrefix><Name>no</Name></BlobPrefix></Blobs><NextMarker>2!8&amp;</NextMarker></EnumerationResults>";
        let page = parse(text).unwrap();
        assert_eq!(page.next, "2!8&");
        let first = Blob {
            name: " a &%2F+ü\tü ".into(),
            etag: "0x8D1".into(),
            version_id: "2026-11-20T01:02:03.0000001Z".into(),
            size: 17,
            modified: Timestamp::parse("2026-11-20T07:28:01Z"),
            tier: "Archive".into(),
            is_folder: false,
        };
        assert_eq!(page.blobs[0], first);
        assert!(page.blobs[0].modified.is_some());
        let second = &page.blobs[1];
        assert_eq!((second.name.as_str(), second.etag.as_str(), second.is_folder, page.blobs.len()), ("b\u{b}%", "\"0x2\"", true, 2));
        assert_eq!(parse("<EnumerationResults><Blobs/><NextMarker/></EnumerationResults>").unwrap(), Page::default());
    }

    #[test]
    fn a_page_that_is_none_is_an_error() {
        let cut = "<EnumerationResults><Blobs><Blob><Name>jane@example.com</Name></Blob>";
        for text in [
            "",
            "<html></html>",
            cut,
            "<EnumerationResults><Blobs></EnumerationResults>",
            "<EnumerationResults>&jane;</EnumerationResults>",
        ] {
            let e = parse(text).unwrap_err();
            assert!(e.reason == Reason::Corrupt && !e.detail.contains("jane"), "{text}");
        }
        assert_eq!(decoded("%FF").unwrap_err().reason, Reason::UnsupportedEncoding);
    }
}
