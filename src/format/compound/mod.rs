//! Microsoft's compound files: workbooks, Word and PowerPoint documents of 1997 to 2003, Outlook's messages.
//!
//! What their structure does not name (titles and authors, what was deleted and still lies there) is found as runs of characters,
//! and so is everything where the structure is damaged or unknown; `coverage` says then. A workbook's cells are rows of tables, what
//! else it holds (comments, links, strings that no cell shows any longer) comes behind them.

mod blocks;
mod file;
mod lzfu;
mod names;
mod native;
mod outlook;
mod properties;
mod rebuild;
mod remains;
mod seen;
mod slides;
#[cfg(test)]
mod tests;
mod word;
mod workbook;

use std::io::Read;
use std::sync::Arc;

use bytes::Bytes;
use memchr::memmem;

use super::feed::Issues;
use super::transform::{self, Made, Source, runs};
use super::{Limits, Part, Reader, as_text, sheets};
use crate::base::{Batch, Error, Issue, PeekInput, ReadAt, Reason, Result, Section, random_access};
use file::{Compound, Kind};
use native::{NATIVE, unpack};
use remains::Remains;

/// An object within a document that is larger is not read.
const MOST_OBJECT: u64 = 64 << 20;
/// All of them together may be larger than the file by so much, and four times as large beyond it.
const MOST_OBJECTS: u64 = 256 << 20;

/// Opens a compound file.
///
/// # Errors
/// `encrypted` for workbooks and packages with a password, and what a workbook's reader finds wrong at once.
pub(super) fn open(mut input: PeekInput, limits: &Limits) -> Result<Box<dyn Reader>> {
    let data = random_access(&mut input, &limits.spill)?;
    let file = match Compound::open(data.clone()) {
        Ok(file) => Arc::new(file),
        Err(e) if e.reason.retryable() => return Err(e),
        Err(e) => return damaged(data, e, limits),
    };
    if file.damaged {
        let mut issues = Issues::default();
        issues.add(Reason::Corrupt, "a compound file whose directory is damaged: what it does not name may be missing", 0);
        return Ok(Box::new(Document { issues, ..Document::bare(known(file, data, limits)?) }));
    }
    known(file, data, limits)
}

/// Reads a file by what its directory names.
fn known(file: Arc<Compound>, data: Arc<dyn ReadAt>, limits: &Limits) -> Result<Box<dyn Reader>> {
    let has = |name: &str| file.find(0, name);
    let mut issues = Issues::default();
    if has("EncryptedPackage").is_some() {
        return Err(Error::new(Reason::Encrypted, "an office document with a password"));
    }
    if let Some(document) = has("WordDocument") {
        return match word::Word::open(&file, document, &mut issues) {
            Ok((text, mut covered)) => {
                let objects = rebuild::apart(&file, rebuild::pool(&file), &mut covered, &mut issues);
                let inner = with_remains(text, "doc", &file, &data, covered, limits)?;
                Ok(Box::new(Document { later: objects.into_iter().map(Later::Storage).collect(), ..Document::new(inner, file, issues) }))
            }
            Err(e) => without_structure(e, "doc", file, data, limits),
        };
    }
    if let Some(document) = has("PowerPoint Document") {
        return match slides::Slides::open(&file, document, &mut issues) {
            Ok((text, covered, objects)) => {
                let inner = with_remains(text, "ppt", &file, &data, covered, limits)?;
                let stream = Arc::new(file.stream(document));
                let later = objects.into_iter().map(|o| Later::Object(stream.clone(), o)).collect();
                Ok(Box::new(Document { later, ..Document::new(inner, file, issues) }))
            }
            Err(e) => without_structure(e, "ppt", file, data, limits),
        };
    }
    if has("Workbook").or(has("Book")).is_some() {
        return workbook(data, Some(file), limits);
    }
    if outlook::matches(&file) {
        return Ok(Box::new(outlook::Outlook::new(file, data, limits)));
    }
    if let Some(packed) = packed(&file)? {
        let covered = file.covered(packed);
        let inner = with_remains(Nothing, "compound", &file, &data, covered, limits)?;
        return Ok(Box::new(Document { later: vec![Later::Packed(packed)], ..Document::new(inner, file, issues) }));
    }
    let e = super::unsupported("a compound file of an unknown kind, read as runs of characters");
    let known = !says_more(&file);
    let mut runs = without_structure(e, "compound", file, data, limits)?;
    if known {
        runs.take_issues();
    }
    Ok(runs)
}

/// The stream of an object that holds a whole file.
fn packed(file: &Compound) -> Result<Option<usize>> {
    const STARTS: &[&[u8]] = &[b"PK\x03\x04", b"%PDF-", b"\xd0\xcf\x11\xe0"];
    for name in [NATIVE, "Package", "CONTENTS"] {
        let Some(i) = file.find(0, name) else { continue };
        let stream = file.stream(i).read(0, if name == NATIVE { MOST_OBJECT } else { 8 })?;
        let known = STARTS.iter().any(|s| stream.starts_with(s));
        if known && name != NATIVE || name == NATIVE && unpack(&stream).is_some() {
            return Ok(Some(i));
        }
    }
    Ok(None)
}

/// Whether a file of an unknown kind has streams that may hold what runs of characters do not show: neither titles, pictures
/// and other marks of an object, nor macros.
fn says_more(file: &Compound) -> bool {
    let macros = file.entries.iter().any(|e| e.name == "_VBA_PROJECT");
    let more = |e: &file::Entry| e.kind == Kind::Stream && e.size > 0 && (!e.name.starts_with(|c| c < ' ') || e.name == NATIVE);
    !macros && file.entries.iter().any(more)
}

/// No text.
struct Nothing;

impl Source for Nothing {
    fn more(&mut self, _: &mut Made) -> Result<bool> {
        Ok(false)
    }
}

fn section(data: &Arc<dyn ReadAt>) -> PeekInput {
    PeekInput::new(Box::new(Section::new(data.clone(), 0, data.len())))
}

/// A file without a directory: what it was is told from the names that stand in it.
fn damaged(data: Arc<dyn ReadAt>, e: Error, limits: &Limits) -> Result<Box<dyn Reader>> {
    let names = ["EncryptedPackage", "Workbook", "Book"].map(|n| n.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>());
    let mut has = [false; 3];
    let (mut at, piece) = (0, 1 << 20);
    while at < data.len() {
        let bytes = data.read_at(at, (data.len() - at).min(piece + 128) as usize)?;
        for (has, name) in has.iter_mut().zip(&names) {
            *has |= memmem::find_iter(&bytes, name).any(|i| (at + i as u64).is_multiple_of(128));
        }
        at += piece;
    }
    match has {
        [true, ..] => Err(Error::new(Reason::Encrypted, "an office document with a password")),
        [_, false, false] => {
            let inner = transform::open(section(&data), runs::Runs, Some("compound"), as_text(limits))?;
            Ok(Box::new(Document::plain(inner, e)))
        }
        _ => workbook(data, None, limits),
    }
}

/// A workbook; runs of characters where not even its first row can be read.
fn workbook(data: Arc<dyn ReadAt>, file: Option<Arc<Compound>>, limits: &Limits) -> Result<Box<dyn Reader>> {
    let runs = {
        let (data, limits) = (data.clone(), limits.clone());
        move || transform::open(section(&data), runs::Runs, Some("xls"), as_text(&limits))
    };
    let inner = Box::new(sheets::open(section(&data), sheets::Kind::Xls, limits)?);
    let Some(file) = file else { return Ok(Box::new(Document { instead: Some(Box::new(runs)), ..Document::bare(inner) })) };
    // What is embedded lies in storages beside the sheets.
    let (mut issues, mut covered) = (Issues::default(), file.structure.clone());
    let embedded = file.children(0).filter(|(_, e)| e.kind == Kind::Storage && e.name.starts_with("MBD")).map(|(i, _)| i).collect();
    let objects = rebuild::apart(&file, embedded, &mut covered, &mut issues);
    if let Some(stream) = workbook::STREAMS.iter().find_map(|n| file.find(0, n)) {
        covered.extend(workbook::shown(&file.stream(stream))?);
    }
    let remains = Remains::new(data.clone(), file::rest(covered, data.len()));
    let behind = transform::produce(remains, "xls", as_text(limits))?;
    let later = objects.into_iter().map(Later::Storage).collect();
    Ok(Box::new(Document { later, behind: Some(behind), instead: Some(Box::new(runs)), ..Document::new(inner, file, issues) }))
}

/// Runs of characters, and why there is nothing else. What is encrypted holds none.
fn without_structure(e: Error, kind: &'static str, file: Arc<Compound>, data: Arc<dyn ReadAt>, limits: &Limits) -> Result<Box<dyn Reader>> {
    if e.reason.retryable() {
        return Err(e);
    }
    let mut covered = Vec::new();
    if e.reason == Reason::Encrypted {
        let hidden = ["WordDocument", "0Table", "1Table", "Data", "PowerPoint Document", "Pictures"];
        covered.extend(hidden.iter().filter_map(|n| file.find(0, n)).flat_map(|i| file.covered(i)));
        covered.extend(file.structure.iter().cloned());
    }
    let remains = Remains::new(data.clone(), file::rest(covered, data.len()));
    Ok(Box::new(Document::plain(transform::produce(remains, kind, as_text(limits))?, e)))
}

/// A document's own text, and behind it what else the file holds.
fn with_remains<S: Source + 'static>(
    text: S,
    kind: &'static str,
    file: &Compound,
    data: &Arc<dyn ReadAt>,
    mut covered: Vec<std::ops::Range<u64>>,
    limits: &Limits,
) -> Result<Box<dyn Reader>> {
    covered.extend(file.structure.iter().cloned());
    let remains = Remains::new(data.clone(), file::rest(covered, data.len()));
    transform::produce(Both { text, remains, over: false }, kind, as_text(limits))
}

struct Both<S> {
    text: S,
    remains: Remains,
    over: bool,
}

impl<S: Source> Source for Both<S> {
    fn more(&mut self, out: &mut Made) -> Result<bool> {
        if !self.over {
            self.over = !self.text.more(out)?;
            if self.over && !out.at_line_start() {
                out.add(b"\n", 0, 0);
            }
            return Ok(true);
        }
        self.remains.more(out)
    }
}

/// What is given as a member of its own, when the text is over.
enum Later {
    /// A storage, as a compound file.
    Storage(usize),
    /// A piece of this stream.
    Object(Arc<file::Stream>, slides::Object),
    /// A stream that holds a file.
    Packed(usize),
}

/// A document with what lies in it.
struct Document {
    inner: Box<dyn Reader>,
    file: Option<Arc<Compound>>,
    issues: Issues,
    /// What is wrong with the whole.
    whole: Option<Error>,
    later: Vec<Later>,
    /// How many of `later` were given.
    given: usize,
    /// Bytes that objects may still give.
    room: u64,
    parts: Vec<Part>,
    /// What is read instead of `inner`, if that fails at once.
    instead: Option<Box<dyn FnOnce() -> Result<Box<dyn Reader>> + Send>>,
    /// What the file holds besides.
    behind: Option<Box<dyn Reader>>,
    over: bool,
}

impl Document {
    fn bare(inner: Box<dyn Reader>) -> Document {
        Document {
            inner,
            file: None,
            issues: Issues::default(),
            whole: None,
            later: Vec::new(),
            given: 0,
            room: 0,
            parts: Vec::new(),
            instead: None,
            behind: None,
            over: false,
        }
    }

    fn new(inner: Box<dyn Reader>, file: Arc<Compound>, issues: Issues) -> Document {
        let room = MOST_OBJECTS + 4 * file.len();
        Document { file: Some(file), issues, room, ..Document::bare(inner) }
    }

    fn plain(inner: Box<dyn Reader>, whole: Error) -> Document {
        Document { whole: Some(whole), ..Document::bare(inner) }
    }

    /// Its name, where it has one, its bytes, and whether there should be more.
    fn object(&self, what: &Later) -> Result<(Option<String>, Vec<u8>, bool)> {
        let Some(file) = &self.file else { return Ok((None, Vec::new(), false)) };
        let large = || Error::new(Reason::MemoryLimit, "an object within a document that is too large to be held");
        match what {
            Later::Storage(i) => rebuild::storage(file, *i, MOST_OBJECT).map(|(data, cut)| (None, data, cut)),
            Later::Packed(i) if file.entries[*i].size > MOST_OBJECT => Err(large()),
            Later::Packed(i) => {
                let from = file.stream(*i);
                let stream = from.read(0, MOST_OBJECT)?;
                Ok(match unpack(&stream).filter(|_| file.entries[*i].name.starts_with('\u{1}')) {
                    Some((name, data)) => (Some(name), data.to_vec(), from.cut),
                    None => (None, stream, from.cut),
                })
            }
            Later::Object(_, o) if o.len > MOST_OBJECT => Err(large()),
            Later::Object(stream, o) => {
                let bytes = stream.read(o.at, o.len)?;
                if !o.packed {
                    return Ok((None, bytes, false));
                }
                let mut out = Vec::new();
                let inflated =
                    flate2::read::ZlibDecoder::new(bytes.get(4..).unwrap_or_default()).take(MOST_OBJECT + 1).read_to_end(&mut out);
                if out.len() as u64 > MOST_OBJECT {
                    return Err(large());
                }
                inflated.map_err(|_| Error::new(Reason::Corrupt, "an object within a document whose compression is broken"))?;
                Ok((None, out, false))
            }
        }
    }
}

impl Reader for Document {
    fn kind(&self) -> &'static str {
        self.inner.kind()
    }

    fn next_batch(&mut self, batch: &mut Batch) -> Result<bool> {
        if !self.over {
            match self.inner.next_batch(batch) {
                Ok(true) => {
                    self.instead = None;
                    return Ok(true);
                }
                Ok(false) => {}
                Err(e) if e.reason == Reason::Encrypted || e.reason.retryable() => {
                    // What is behind is no text either.
                    self.behind = None;
                    return Err(e);
                }
                Err(e) => match self.instead.take() {
                    Some(instead) => {
                        self.inner = instead()?;
                        self.behind = None;
                        self.later.clear();
                        self.whole = Some(e);
                        return self.next_batch(batch);
                    }
                    None => return Err(e),
                },
            }
            self.over = true;
        }
        while let Some(what) = self.later.get(self.given) {
            let object = self.object(what);
            self.given += 1;
            match object {
                Ok((_, data, false)) if data.is_empty() => {}
                Ok((_, data, _)) if data.len() as u64 > self.room => {
                    self.issues.add(Reason::ExpansionLimit, "objects within a document that give more than they may", self.given as u64);
                    self.given = self.later.len();
                }
                Ok((name, data, cut)) => {
                    if cut {
                        self.issues.add(Reason::Truncated, "an object within a document that ends early", self.given as u64);
                    }
                    self.room -= data.len() as u64;
                    let name = name.filter(|n| !n.is_empty()).unwrap_or_else(|| format!("object-{}", self.given));
                    self.parts.push(Part { name, data: Bytes::from(data) });
                    batch.clear();
                    return Ok(true);
                }
                Err(e) if e.reason.retryable() => return Err(e),
                Err(e) => self.issues.add(e.reason, "an object within a document", self.given as u64),
            }
        }
        batch.clear();
        Ok(false)
    }

    fn take_issues(&mut self) -> Vec<Issue> {
        let mut all = self.inner.take_issues();
        all.extend(self.whole.take().map(|e| Issue { reason: e.reason, detail: e.detail }));
        all.extend(self.issues.take());
        all
    }

    fn take_parts(&mut self) -> Vec<Part> {
        let mut all = self.inner.take_parts();
        all.append(&mut self.parts);
        all
    }

    fn take_behind(&mut self) -> Option<Box<dyn Reader>> {
        self.behind.take()
    }
}
