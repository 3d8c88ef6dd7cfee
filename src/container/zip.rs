//! zip, zip64 and the office documents that are zip archives, from the directory at their end; where that is missing, or
//! names less than there is, from the headers before each member.
//!
//! Every byte is a record's, a member's or a comment's; what is not is given as it lies there, and told. What stands in front of
//! the archive is no exception: a file that begins with a program (a self-extractor) is no zip archive here, so that nothing in
//! front can be taken for a mere stub; it is another archive, or the rest of one.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use flate2::Crc;

use super::checked::{Bounded, Checked};
use super::gaps::{Known, behind_zeros};
use super::zip_records::{CENTRAL, END, Ends, Entry, LOCAL, ends, u16_at, u32_at};
use super::zip_strays::{self, Found, Piece};
use super::{Archive, Content, Limits, Member, bzip2, deflate, deflate64, lzma, pictures, ppmd, workbook, zstd};
use crate::base::{Error, Input, PeekInput, ReadAt, Reason, Result, Section, random_access, whole};

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
    let mut zip = Zip {
        data: data.clone(),
        walk: Walk::Ended,
        shift: 0,
        limits: limits.clone(),
        skip: None,
        cells: HashSet::new(),
        document: false,
        known: Known::default(),
        start: 0,
        last: None,
        comment: None,
        told: None,
    };
    let Some(Ends { start, end, shift, records, comment }) = ends(&*data)? else {
        let lost = Error::new(Reason::Truncated, "the zip archive has no directory; its members were found by their headers");
        (zip.told, zip.walk) = (Some(lost), Walk::Gaps { gaps: vec![(0, data.len())].into_iter(), at: 0, end: 0 });
        return Ok(Content::Archive(Box::new(zip)));
    };
    records.into_iter().for_each(|(from, to)| zip.known.add(from, to));
    (zip.walk, zip.start, zip.shift) = (Walk::Directory { at: start, end, held: Bytes::new(), held_at: start }, start, shift);
    let sheets = zip.spreadsheet()?;
    zip.comment = Piece::comment("", comment.0, comment.1);
    if let Some((cells, skip)) = sheets {
        (zip.cells, zip.skip) = (cells, Some(skip));
        let whole = Section::new(data.clone(), 0, data.len());
        return Ok(Content::Document(PeekInput::new(Box::new(whole)), Box::new(zip)));
    }
    Ok(Content::Archive(Box::new(zip)))
}

enum Walk {
    /// Where the next entry of the directory lies, where the directory ends, and the piece of it that is held.
    Directory {
        at: u64,
        end: u64,
        held: Bytes,
        held_at: u64,
    },
    /// What no directory names: the part of it that is looked at, and those that follow.
    Gaps {
        gaps: std::vec::IntoIter<(u64, u64)>,
        at: u64,
        end: u64,
    },
    Ended,
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
    /// What is accounted for: records that end the archive, and members so far.
    known: Known,
    /// Where the directory begins.
    start: u64,
    /// The member that was named last, where it begins and where its data end: what stands behind them is looked at when they were read.
    last: Option<(u64, u64, Entry)>,
    /// Comes before the next member.
    comment: Option<Piece>,
    /// What is wrong with the archive although members follow: told at the end.
    told: Option<Error>,
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
        entry.extras(e.get(46 + n..46 + n + x).unwrap_or_default());
        let behind = *at + (46 + n + x + c) as u64;
        if c > 0 {
            self.comment = Piece::comment(&entry.shown_name(), (behind - c as u64).min(*end), behind.min(*end));
        }
        *at = behind;
        Ok(Some(entry))
    }

    /// Ends the walk along the directory, and begins that through what it does not name.
    fn begin_gaps(&mut self) -> Result<()> {
        self.settle_last()?;
        if let Walk::Directory { at, .. } = self.walk {
            self.known.add(self.start, at);
        }
        let known = std::mem::take(&mut self.known);
        if known.scattered {
            let what = "more members without an order than can be compared with the whole zip archive";
            self.told.get_or_insert_with(|| Error::new(Reason::MemoryLimit, what));
        }
        // Places that are found are places.
        self.shift = 0;
        self.walk = Walk::Gaps { gaps: known.gaps(self.data.len()).into_iter(), at: 0, end: 0 };
        Ok(())
    }

    /// Accounts for the member that was named last.
    fn settle_last(&mut self) -> Result<()> {
        if let Some((from, end, e)) = self.last.take() {
            let behind = e.lengths(&*self.data, end)?;
            self.known.add(from, end.saturating_add(behind));
        }
        Ok(())
    }

    /// Counts what is given.
    fn count(&mut self) -> Result<()> {
        self.limits.member().inspect_err(|_| self.walk = Walk::Ended)
    }

    /// The next member or piece.
    fn found(&mut self) -> Result<Option<Found>> {
        if let Some(piece) = self.comment.take() {
            return Ok(Some(Found::Bytes(piece)));
        }
        loop {
            match &mut self.walk {
                Walk::Directory { .. } => {
                    self.settle_last()?;
                    match self.entry() {
                        Ok(Some(e)) => return Ok(Some(Found::Member(e))),
                        Ok(None) => {}
                        // What the rest of it names is found by its headers.
                        Err(e) => self.told = Some(e),
                    }
                    self.begin_gaps()?;
                }
                Walk::Gaps { gaps, at, end } => {
                    if let Some(found) = zip_strays::next(&*self.data, at, *end)? {
                        return Ok(Some(found));
                    }
                    let Some(gap) = gaps.next() else { return Ok(None) };
                    (*at, *end) = gap;
                    if let Some(at) = behind_zeros(&*self.data, gap.0, gap.1)? {
                        let what = format!("bytes that its directory does not name, from byte {at} on");
                        self.told.get_or_insert_with(|| corrupt(&what));
                    }
                }
                Walk::Ended => return Ok(None),
            }
        }
    }

    /// Where a member's header and its data begin.
    fn locate(&self, e: &Entry) -> Result<(u64, u64)> {
        // What was put in front of the archive may be counted in the places that its directory names, or not.
        let head = |at: u64| self.data.read_at(at, 30).ok().filter(|h| h.starts_with(LOCAL)).map(|h| (at, h));
        let Some((at, h)) = head(e.header.saturating_add(self.shift)).or_else(|| head(e.header)) else {
            return Err(corrupt("no member where its directory says"));
        };
        Ok((at, at + 30 + u64::from(u16_at(&h, 26)) + u64::from(u16_at(&h, 28))))
    }

    fn content(&self, e: &Entry) -> Result<Box<dyn Input>> {
        self.content_at(e, self.locate(e)?.1)
    }

    fn content_at(&self, e: &Entry, start: u64) -> Result<Box<dyn Input>> {
        if e.flags & 0x2041 != 0 || e.method == 99 {
            return Err(Error::new(Reason::Encrypted, "an encrypted member of a zip archive"));
        }
        if start.saturating_add(e.packed) > self.data.len() && !matches!(self.walk, Walk::Gaps { .. }) {
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
            let found = match self.found() {
                Ok(Some(found)) => found,
                Ok(None) => {
                    self.walk = Walk::Ended;
                    return self.told.take().map_or(Ok(None), Err);
                }
                Err(e) => {
                    self.walk = Walk::Ended;
                    return Err(e);
                }
            };
            let by_headers = matches!(self.walk, Walk::Gaps { .. });
            let entry = match found {
                Found::Member(entry) => entry,
                Found::Bytes(Piece { name, from, to }) => {
                    self.count()?;
                    let content = Ok(Box::new(Section::new(self.data.clone(), from, to)) as Box<dyn Input>);
                    return Ok(Some(Member { name, content, cells_are_read: false }));
                }
            };
            let place = self.locate(&entry);
            if !by_headers && let Ok((header, body)) = place {
                let only_lengths = Entry { name: Vec::new(), ..entry };
                self.last = Some((header, body.saturating_add(entry.packed), only_lengths));
            }
            let name = entry.shown_name();
            // An empty folder may be packed, as everything is: two bytes of deflate.
            if name.ends_with('/') && entry.size == 0 && entry.packed <= 2 || self.skip.is_some_and(|skip| skip(&name)) {
                continue;
            }
            self.count()?;
            self.document |= by_headers && self.of_document(&entry);
            let mut content = place.and_then(|(_, body)| self.content_at(&entry, body));
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
