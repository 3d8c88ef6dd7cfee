//! zip, zip64 and the office documents that are zip archives, from the directory at their end; where that is missing,
//! from the headers before each member.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use flate2::Crc;
use memchr::memmem;

use super::checked::{Bounded, Checked};
use super::zip_records::{find, lengths_behind, u16_at, u32_at, u64_at};
use super::{Archive, Content, Limits, Member, bzip2, deflate, deflate64, lzma, pictures, ppmd, workbook, zstd};
use crate::base::{Error, Input, PeekInput, ReadAt, Reason, Result, Section, random_access, whole};

const LOCAL: &[u8] = b"PK\x03\x04";
const CENTRAL: &[u8] = b"PK\x01\x02";
const END: &[u8] = b"PK\x05\x06";
const END64: &[u8] = b"PK\x06\x06";
const LOCATOR64: &[u8] = b"PK\x06\x07";
/// What says which sheets a workbook has is held up to this size.
const MOST_HELD: u64 = 8 << 20;
/// Whether a member of this name is meant.
type Named = fn(&str) -> bool;

/// How much of the directory is read at a time.
const PIECE: u64 = 1 << 20;

pub(super) fn matches(head: &[u8]) -> bool {
    head.starts_with(LOCAL) && head.get(4..6).is_some_and(|v| v[0] < 100) || head.starts_with(END)
}

/// Opens an archive; a spreadsheet is a document, whose sheets a reader of formats wants as a whole.
pub(super) fn open(mut input: PeekInput, limits: &Limits) -> Result<Content> {
    let data = random_access(&mut input, &limits.spill)?;
    let directory = match find_directory(&data)? {
        Some((start, end)) => Walk::Directory { at: start, end, held: Bytes::new(), held_at: start },
        None => Walk::Headers { at: 0 },
    };
    let shift = match &directory {
        Walk::Directory { .. } => directory_shift(&data)?,
        _ => 0,
    };
    let mut zip =
        Zip { data: data.clone(), walk: directory, shift, limits: limits.clone(), skip: None, cells: HashSet::new(), document: false };
    if let Some((cells, skip)) = zip.spreadsheet()? {
        (zip.cells, zip.skip) = (cells, Some(skip));
        let whole = Section::new(data.clone(), 0, data.len());
        return Ok(Content::Document(PeekInput::new(Box::new(whole)), Box::new(zip)));
    }
    Ok(Content::Archive(Box::new(zip)))
}

/// What the end of the archive says: where it lies itself, where the directory should begin, how long it is.
fn end_record(data: &Arc<dyn ReadAt>) -> Result<Option<(u64, u64, u64)>> {
    let len = data.len();
    let tail_at = len.saturating_sub(22 + 65_535);
    let tail = data.read_at(tail_at, (len - tail_at) as usize)?;
    let fits = |at: &usize| tail.len() - at >= 22 && usize::from(u16_at(&tail, at + 20)) <= tail.len() - at - 22;
    let Some(at) = memmem::rfind_iter(&tail, END).find(fits) else { return Ok(None) };
    let mut end = (tail_at + at as u64, u64::from(u32_at(&tail, at + 16)), u64::from(u32_at(&tail, at + 12)));
    if at >= 20 && tail[at - 20..].starts_with(LOCATOR64) {
        let at64 = u64_at(&tail, at - 20 + 8);
        if let Ok(r) = data.read_at(at64, 56)
            && r.starts_with(END64)
        {
            end = (at64, u64_at(&r, 48), u64_at(&r, 40));
        }
    }
    Ok(Some(end))
}

fn find_directory(data: &Arc<dyn ReadAt>) -> Result<Option<(u64, u64)>> {
    let Some((at, _, size)) = end_record(data)? else { return Ok(None) };
    let Some(start) = at.checked_sub(size) else { return Ok(None) };
    let found = size == 0 || data.read_at(start, 4).is_ok_and(|b| &b[..] == CENTRAL);
    Ok(found.then_some((start, at)))
}

/// How many bytes were put in front of the archive after it was written (a self-extracting program).
fn directory_shift(data: &Arc<dyn ReadAt>) -> Result<u64> {
    Ok(end_record(data)?.map_or(0, |(at, start, size)| at.saturating_sub(size).saturating_sub(start)))
}

enum Walk {
    /// Where the next entry of the directory lies, where the directory ends, and the piece of it that is held.
    Directory {
        at: u64,
        end: u64,
        held: Bytes,
        held_at: u64,
    },
    /// Where the next local header is looked for.
    Headers {
        at: u64,
    },
    Ended,
}

struct Entry {
    name: Vec<u8>,
    utf8: bool,
    flags: u16,
    method: u16,
    crc: u32,
    packed: u64,
    size: u64,
    /// Where its local header lies.
    header: u64,
}

struct Zip {
    data: Arc<dyn ReadAt>,
    walk: Walk,
    shift: u64,
    limits: Limits,
    /// Members that another reader has read.
    skip: Option<Named>,
    /// Members of which the reader of spreadsheets reads the cells.
    cells: HashSet<String>,
    /// Whether it is an office document: its pictures are none of its text.
    document: bool,
}

/// What a method that is not read is called, by the list of PKWARE.
fn method(n: u16) -> &'static str {
    match n {
        1..=5 => " (Shrink or Reduce, of 1989)",
        6 => " (Implode, of 1989)",
        10 => " (PKWARE's data compression library)",
        16 => " (IBM z/OS CMPSC)",
        18 | 19 => " (IBM TERSE or LZ77)",
        94 | 97 => " (sound)",
        96 => " (JPEG: a picture)",
        _ => "",
    }
}

fn corrupt(what: &str) -> Error {
    Error::new(Reason::Corrupt, format!("the zip archive has {what}"))
}

impl Zip {
    /// The next entry of the directory.
    fn entry(&mut self) -> Result<Option<Entry>> {
        let Walk::Directory { at, end, held, held_at } = &mut self.walk else { return Ok(None) };
        if *at >= *end {
            return Ok(None);
        }
        // An entry is 46 bytes and three texts of at most 64 KiB.
        let most = (*end - *at).min(46 + 3 * 65_535);
        if *at < *held_at || *at + most > *held_at + held.len() as u64 {
            *held = self.data.read_at(*at, (*end - *at).min(PIECE) as usize)?;
            *held_at = *at;
        }
        let e = &held[(*at - *held_at) as usize..];
        if e.len() < 46 || !e.starts_with(CENTRAL) {
            return Err(corrupt("a broken directory"));
        }
        let (n, x, c) = (usize::from(u16_at(e, 28)), usize::from(u16_at(e, 30)), usize::from(u16_at(e, 32)));
        let Some(name) = e.get(46..46 + n) else { return Err(corrupt("a broken directory")) };
        let mut entry = Entry {
            name: name.to_vec(),
            utf8: u16_at(e, 8) & 0x800 != 0,
            flags: u16_at(e, 8),
            method: u16_at(e, 10),
            crc: u32_at(e, 16),
            packed: u64::from(u32_at(e, 20)),
            size: u64::from(u32_at(e, 24)),
            header: u64::from(u32_at(e, 42)),
        };
        extras(&mut entry, e.get(46 + n..46 + n + x).unwrap_or_default());
        *at += (46 + n + x + c) as u64;
        Ok(Some(entry))
    }

    /// The next entry by its local header, for an archive without a directory.
    fn found_entry(&mut self) -> Result<Option<Entry>> {
        let Walk::Headers { at } = &mut self.walk else { return Ok(None) };
        let len = self.data.len();
        let Some(found) = find(&self.data, *at, LOCAL)? else { return Ok(None) };
        let h = self.data.read_at(found, (len - found).min(30 + 2 * 65_535) as usize)?;
        let (n, x) = (usize::from(u16_at(&h, 26)), usize::from(u16_at(&h, 28)));
        let Some(name) = h.get(30..30 + n) else {
            *at = len;
            return Ok(None);
        };
        let flags = u16_at(&h, 6);
        let mut entry = Entry {
            name: name.to_vec(),
            utf8: flags & 0x800 != 0,
            flags,
            method: u16_at(&h, 8),
            crc: u32_at(&h, 14),
            packed: u64::from(u32_at(&h, 18)),
            size: u64::from(u32_at(&h, 22)),
            header: found,
        };
        extras(&mut entry, h.get(30 + n..30 + n + x).unwrap_or_default());
        let body = found + (30 + n + x) as u64;
        if flags & 8 != 0 && entry.packed == 0 {
            // The lengths come behind the data: up to the next header at most.
            let next = find(&self.data, body, LOCAL)?.unwrap_or(len);
            let end = find(&self.data, body, CENTRAL)?.unwrap_or(len).min(next);
            let told = lengths_behind(&self.data, body, end)?;
            (entry.crc, entry.packed, entry.size) = told.unwrap_or((0, end.saturating_sub(body), u64::MAX));
        }
        *at = body.saturating_add(entry.packed).max(body);
        Ok(Some(entry))
    }

    fn content(&self, e: &Entry) -> Result<Box<dyn Input>> {
        if e.flags & 0x2041 != 0 || e.method == 99 {
            return Err(Error::new(Reason::Encrypted, "an encrypted member of a zip archive"));
        }
        // What was put in front of the archive may be counted in the places that its directory names, or not.
        let head = |at: u64| self.data.read_at(at, 30).ok().filter(|h| h.starts_with(LOCAL)).map(|h| (at, h));
        let Some((at, h)) = head(e.header.saturating_add(self.shift)).or_else(|| head(e.header)) else {
            return Err(corrupt("no member where its directory says"));
        };
        let start = at + 30 + u64::from(u16_at(&h, 26)) + u64::from(u16_at(&h, 28));
        if start.saturating_add(e.packed) > self.data.len() && !matches!(self.walk, Walk::Headers { .. }) {
            return Err(Error::new(Reason::Truncated, "a member that reaches beyond the end of the zip archive"));
        }
        let section: Box<dyn Input> = Box::new(Section::new(self.data.clone(), start, start.saturating_add(e.packed)));
        let limits = &self.limits;
        let known = (e.size != u64::MAX).then_some(e.size);
        let inner = match e.method {
            0 => section,
            8 => deflate::decode(section, limits)?,
            9 => deflate64::decode(section, limits)?,
            12 => bzip2::decode(section, limits)?,
            14 => lzma::decode_in_zip(section, known.filter(|_| e.flags & 2 == 0), limits)?,
            20 | 93 => zstd::decode(section, limits)?,
            95 => lzma::decode_xz(section, limits)?,
            // Not everybody's stream of PPMd marks its own end.
            98 => {
                let inner = ppmd::decode_in_zip(section, limits)?;
                match known {
                    Some(left) => Box::new(Bounded { inner, left }),
                    None => inner,
                }
            }
            n => return Err(Error::new(Reason::UnsupportedFormat, format!("zip compression method {n}{}", method(n)))),
        };
        if e.size == u64::MAX {
            return Ok(inner);
        }
        Ok(Box::new(Checked { inner, crc: Crc::new(), want: (e.size, e.crc), given: 0, ended: false }))
    }

    /// Whether only the archives of office documents have this member: of Microsoft's, and of OpenDocument and EPUB.
    fn of_document(&self, e: &Entry) -> bool {
        e.name == b"[Content_Types].xml" || e.name == b"mimetype" && self.mimetype(e).starts_with(b"application/")
    }

    /// The first bytes of a short member.
    fn mimetype(&self, e: &Entry) -> Bytes {
        match e.packed {
            0..200 => self.content(e).and_then(|mut c| c.next_chunk()).unwrap_or_default(),
            _ => Bytes::new(),
        }
    }

    /// A member that is held as a whole; nothing of one that is larger or cannot be read.
    fn held(&self, e: &Entry) -> Vec<u8> {
        self.content(e).and_then(|mut content| whole(&mut *content, MOST_HELD, "a member")).unwrap_or_default()
    }

    /// Whether the archive is a spreadsheet: of which members the reader of spreadsheets reads the cells, and which it reads
    /// in full.
    fn spreadsheet(&mut self) -> Result<Option<(HashSet<String>, Named)>> {
        let Walk::Directory { at, end, .. } = self.walk else { return Ok(None) };
        let (mut found, mut book, mut relations): (Option<Named>, _, _) = (None, None, None);
        let mut cells = HashSet::new();
        let mut first = true;
        for _ in 0..10_000 {
            let Ok(Some(e)) = self.entry() else { break };
            self.document |= self.of_document(&e);
            if e.name == b"xl/workbook.xml" || e.name == b"xl/workbook.bin" {
                found = Some(|n| n.starts_with("xl/sharedStrings.") || workbook::plumbing(n));
            }
            if first && e.name == b"mimetype" && self.mimetype(&e).starts_with(b"application/vnd.oasis.opendocument.spreadsheet") {
                found = Some(|n| n == "mimetype");
                cells.insert("content.xml".to_owned());
            }
            first = false;
            if e.name == b"xl/workbook.xml" {
                book = Some(e);
            } else if e.name == b"xl/_rels/workbook.xml.rels" {
                relations = Some(e);
            }
        }
        self.walk = Walk::Directory { at, end, held: Bytes::new(), held_at: at };
        if let (Some(book), Some(relations)) = (book, relations) {
            cells.extend(workbook::sheets(&self.held(&book), &self.held(&relations)));
        }
        Ok(found.map(|skip| (cells, skip)))
    }
}

/// Long sizes of zip64, and the name in UTF-8.
fn extras(e: &mut Entry, mut x: &[u8]) {
    while x.len() >= 4 {
        let (id, n) = (u16_at(x, 0), usize::from(u16_at(x, 2)));
        let Some(v) = x.get(4..4 + n) else { return };
        match id {
            1 => {
                let mut at = 0;
                for field in [&mut e.size, &mut e.packed, &mut e.header] {
                    if *field == u64::from(u32::MAX) && at + 8 <= v.len() {
                        *field = u64_at(v, at);
                        at += 8;
                    }
                }
            }
            0x7075 if n > 5 => {
                e.name = v[5..].to_vec();
                e.utf8 = true;
            }
            _ => {}
        }
        x = &x[4 + n..];
    }
}

/// A member's name: UTF-8, or what the bytes look like.
fn decode_name(e: &Entry) -> String {
    match std::str::from_utf8(&e.name) {
        Ok(s) => s.to_owned(),
        Err(_) if e.utf8 => String::from_utf8_lossy(&e.name).into_owned(),
        Err(_) => {
            let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
            detector.feed(&e.name, true);
            let encoding = detector.guess(None, chardetng::Utf8Detection::Deny);
            encoding.decode_without_bom_handling(&e.name).0.into_owned()
        }
    }
}

impl Archive for Zip {
    fn kind(&self) -> &'static str {
        "zip"
    }

    fn give_all(&mut self) {
        // Binary parts say nothing to a reader of texts.
        self.cells.clear();
        self.skip = Some(|n| n.ends_with(".bin") || workbook::looks(n));
    }

    fn next_member(&mut self) -> Result<Option<Member>> {
        loop {
            let by_headers = matches!(self.walk, Walk::Headers { .. });
            let entry = if by_headers { self.found_entry() } else { self.entry() };
            let entry = match entry {
                Ok(Some(e)) => e,
                Ok(None) => {
                    self.walk = Walk::Ended;
                    let lost = Error::new(Reason::Truncated, "the zip archive has no directory; its members were found by their headers");
                    return if by_headers { Err(lost) } else { Ok(None) };
                }
                Err(e) => {
                    self.walk = Walk::Ended;
                    return Err(e);
                }
            };
            let name = decode_name(&entry).replace('\\', "/");
            if name.ends_with('/') && entry.size == 0 || self.skip.is_some_and(|skip| skip(&name)) {
                continue;
            }
            if let Err(e) = self.limits.member() {
                self.walk = Walk::Ended;
                return Err(e);
            }
            self.document |= by_headers && self.of_document(&entry);
            let mut content = self.content(&entry);
            if self.document
                && let Ok(c) = content
            {
                let mut c = PeekInput::new(c);
                if pictures::is_picture(c.peek(pictures::HEAD)) {
                    continue;
                }
                content = Ok(Box::new(c));
            }
            let cells_are_read = self.cells.contains(&name);
            return Ok(Some(Member { name, content, cells_are_read }));
        }
    }
}
