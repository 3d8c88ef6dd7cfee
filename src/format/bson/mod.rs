//! BSON as `mongodump` writes it: documents one after the other, or an archive of several collections. A document is a record,
//! its paths are those of JSON.
//!
//! A document is held whole: MongoDB has none over 16 MB. A damaged one gives what stands before the damage; the next one
//! is found by its length, else by looking for something that is a document.

#[cfg(test)]
mod tests;
mod walk;

use std::ops::Range;

use super::feed::{Feed, Issues};
use super::rows::is_full;
use super::tree::Tree;
use super::{Limits, Reader};
use crate::base::{Batch, Error, Issue, PeekInput, Reason, Result};
use walk::{Bad, Sink, length, walk};

/// The largest document that is believed: MongoDB has somewhat more room than for one of 16 MB.
const MOST: usize = 17 << 20;
/// The largest one that is believed where it has to be looked for.
const MOST_SOUGHT: usize = 16 << 20;
/// What may be spent on looking for documents, in bytes walked over for each byte skipped.
const PRICE: usize = 16;

/// The first bytes of an archive of `mongodump --archive`.
const ARCHIVE: [u8; 4] = 0x8199_e26du32.to_le_bytes();
/// What ends a run of documents in an archive.
const END: [u8; 4] = [0xff; 4];

/// Nothing but whether a document is one.
#[derive(Default)]
struct Check {
    depth: usize,
    elements: usize,
    /// Names that are no text.
    odd: usize,
}

impl Sink for Check {
    fn key(&mut self, key: &[u8], _: Range<usize>) {
        self.elements += 1;
        self.odd += usize::from(!std::str::from_utf8(key).is_ok_and(|k| !k.contains(char::is_control)));
    }

    fn open(&mut self, _: bool) -> bool {
        self.depth += 1;
        self.depth <= 512
    }

    fn close(&mut self) {
        self.depth -= 1;
    }

    fn value(&mut self, _: &[u8], _: Range<usize>) {}
}

/// Whether a member that begins with `head` is BSON: a document in full, and another one behind it or nothing; or so much of
/// one that it is no accident. Names of elements must be text.
pub(super) fn detect(head: &[u8], whole: bool, ext: &str) -> bool {
    if head.starts_with(&ARCHIVE) {
        return length(&head[4..]).is_some_and(|n| n < 1 << 20) && head.len() > 8;
    }
    let Some(n) = length(head).filter(|n| *n <= MOST) else { return false };
    if !begins(head) {
        return ext == "bson" && n == 5 && head.get(4) == Some(&0);
    }
    let mut check = Check::default();
    match head.get(..n) {
        Some(one) => {
            let next = &head[n..];
            let follows =
                if next.is_empty() { whole } else { next.len() < 8 && !whole || begins(next) || next.starts_with(&[5, 0, 0, 0, 0]) };
            walk(one, &mut check).is_ok() && (follows && check.odd == 0 || ext == "bson")
        }
        None if whole || ext == "bson" => ext == "bson",
        None => matches!(walk(head, &mut check), Err(b) if b.reason == Reason::Truncated) && check.elements > 2 && check.odd == 0,
    }
}

/// Whether what stands here looks like the beginning of a document: a length, a type, a name.
fn begins(data: &[u8]) -> bool {
    let (Some(n), Some(kind)) = (length(data), data.get(4)) else { return false };
    let known = matches!(kind, 1..=19 | 0x7f | 0xff);
    let name = memchr::memchr(0, &data[5.min(data.len())..data.len().min(5 + 256)]);
    let text = |n: usize| std::str::from_utf8(&data[5..5 + n]).is_ok_and(|t| !t.is_empty() && !t.contains(char::is_control));
    n <= MOST && n > 7 && known && name.is_some_and(text)
}

/// Reads documents.
pub(super) struct Bson {
    feed: Feed,
    buf: Vec<u8>,
    /// Bytes of `buf` that are done with, and bytes of the member before it.
    at: usize,
    taken: u64,
    batch_bytes: usize,
    tree: Tree,
    /// In an archive: what the next document is.
    archive: Option<Part>,
    issues: Issues,
    /// Whether a document had to be looked for: what was found may lie in another one, so what follows it may be none.
    lost: bool,
    /// What ended it, until it is told.
    failed: Option<Option<Error>>,
}

/// What stands in an archive.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// The version and the collections' options, up to the first end mark.
    Prelude,
    /// Which collection comes next.
    Header,
    Documents,
}

/// Writes into a batch.
struct Write<'a> {
    tree: &'a mut Tree,
    batch: &'a mut Batch,
    /// Where in the member the document begins.
    base: u64,
    encrypted: u64,
}

impl Write<'_> {
    fn from(&self, at: Range<usize>) -> Range<u64> {
        self.base + at.start as u64..self.base + at.end as u64
    }
}

impl Sink for Write<'_> {
    fn key(&mut self, key: &[u8], at: Range<usize>) {
        let from = self.from(at);
        self.tree.key(self.batch, key, from);
    }

    fn open(&mut self, array: bool) -> bool {
        self.tree.open(self.batch, array)
    }

    fn close(&mut self) {
        self.tree.close();
    }

    fn value(&mut self, text: &[u8], at: Range<usize>) {
        let from = self.from(at);
        self.tree.value(self.batch, text, from);
    }

    fn encrypted(&mut self) {
        self.encrypted += 1;
    }
}

/// The name of the collection in a header of an archive.
#[derive(Default)]
struct Header {
    key: Vec<u8>,
    collection: String,
}

impl Sink for Header {
    fn key(&mut self, key: &[u8], _: Range<usize>) {
        self.key = key.to_vec();
    }

    fn open(&mut self, _: bool) -> bool {
        true
    }

    fn close(&mut self) {}

    fn value(&mut self, text: &[u8], _: Range<usize>) {
        if self.key == b"collection" {
            self.collection = super::rows::part(&String::from_utf8_lossy(text));
        }
    }
}

impl Bson {
    pub fn new(input: PeekInput, head: &[u8], limits: &Limits) -> Bson {
        Bson {
            feed: Feed::new(input),
            buf: Vec::new(),
            at: 0,
            taken: 0,
            batch_bytes: limits.batch_bytes,
            tree: Tree::new(limits.json_depth, limits.value_bytes),
            archive: head.starts_with(&ARCHIVE).then_some(Part::Prelude),
            issues: Issues::default(),
            lost: false,
            failed: None,
        }
    }

    /// Brings `n` bytes from `at` on into the buffer: how many there are, at most `n`.
    fn fill(&mut self, n: usize) -> usize {
        if self.buf.len() - self.at < n && !self.feed.over() {
            self.buf.drain(..self.at);
            self.taken += self.at as u64;
            self.at = 0;
            self.feed.fill(&mut self.buf, n + (256 << 10));
        }
        (self.buf.len() - self.at).min(n)
    }

    fn position(&self) -> u64 {
        self.taken + self.at as u64
    }

    /// Reads what comes next into the batch; `None` at the end, else how many records it was.
    fn next(&mut self, batch: &mut Batch) -> Result<Option<u64>> {
        let have = self.fill(4);
        if have == 0 {
            return match self.feed.end() {
                Ok(_) => Ok(None),
                Err(e) => Err(e),
            };
        }
        if let Some(part) = self.archive
            && have == 4
        {
            let head = &self.buf[self.at..self.at + 4];
            if head == END || (head == ARCHIVE && self.position() == 0) {
                self.archive = Some(if head == END { Part::Header } else { part });
                self.at += 4;
                return Ok(Some(0));
            }
        }
        if have < 4 {
            self.issues.add(Reason::Truncated, "a document that breaks off", self.position());
            self.at += have;
            return Ok(Some(0));
        }
        if self.lost {
            self.fill(5 + 256);
        }
        let head = &self.buf[self.at..];
        let believed = |n: &usize| *n <= MOST && (!self.lost || begins(head) || head.starts_with(&[5, 0, 0, 0, 0]));
        let Some(n) = length(head).filter(believed) else {
            self.issues.add(Reason::Corrupt, "bytes that are no document", self.position());
            self.at += 1;
            self.seek()?;
            return Ok(Some(0));
        };
        let have = self.fill(n);
        let document = &self.buf[self.at..self.at + have];
        if self.archive == Some(Part::Header) {
            let mut header = Header::default();
            let read = walk(document, &mut header);
            self.archive = Some(Part::Documents);
            match read {
                Ok(()) => {
                    self.tree.rooted(&header.collection);
                    self.at += have;
                }
                Err(Bad { reason, what, at }) => {
                    self.issues.add(reason, what, self.position() + at as u64);
                    self.tree.rooted("");
                    self.at += at.clamp(1, have);
                    self.seek()?;
                }
            }
            return Ok(Some(0));
        }
        let mut write = Write { tree: &mut self.tree, batch, base: self.taken + self.at as u64, encrypted: 0 };
        let read = walk(document, &mut write);
        if write.encrypted > 0 {
            self.issues.add(Reason::Encrypted, "values that a client encrypted", write.base);
        }
        self.tree.close_all();
        self.tree.next_row();
        if let Err(Bad { reason, what, at }) = read {
            self.issues.add(reason, what, self.position() + at as u64);
            let next = self.fill(n + 5 + 256);
            let behind = &self.buf[self.at..self.at + next][have..];
            // Its length may be what is damaged.
            let sound = have == n && (behind.is_empty() || begins(behind) || behind.starts_with(&END) && self.archive.is_some());
            if sound || reason == Reason::NestingLimit {
                self.at += have;
            } else {
                self.at += at.clamp(1, have);
                self.seek()?;
            }
        } else {
            self.at += n;
        }
        Ok(Some(1))
    }

    /// Goes on to the next place that is a document.
    fn seek(&mut self) -> Result<()> {
        self.lost = true;
        let (mut skipped, mut spent) = (0, 0);
        while self.fill(8) == 8 {
            if self.archive.is_some() && self.buf[self.at..].starts_with(&END) {
                return Ok(());
            }
            self.fill(5 + 256);
            if begins(&self.buf[self.at..])
                && let Some(n) = length(&self.buf[self.at..]).filter(|n| *n <= MOST_SOUGHT)
                && self.fill(n) == n
            {
                match walk(&self.buf[self.at..self.at + n], &mut Check::default()) {
                    Ok(()) => return Ok(()),
                    Err(bad) => spent += bad.at,
                }
                if spent > (1 << 20) + PRICE * skipped {
                    return Err(Error::new(Reason::Corrupt, format!("BSON: no document is found again behind byte {}", self.position())));
                }
            }
            self.at += 1;
            skipped += 1;
        }
        self.at = self.buf.len();
        Ok(())
    }
}

impl Reader for Bson {
    fn kind(&self) -> &'static str {
        "bson"
    }

    fn next_batch(&mut self, batch: &mut Batch) -> Result<bool> {
        self.tree.begin(batch);
        let (mut records, mut more) = (0, self.failed.is_none());
        while more && !is_full(batch, self.batch_bytes) && records < u64::from(u32::MAX) {
            match self.next(batch) {
                Ok(Some(n)) => records += n,
                Ok(None) => more = false,
                Err(e) => {
                    self.failed = Some(Some(e));
                    more = false;
                }
            }
        }
        self.tree.finish(batch, records);
        if more || records > 0 {
            return Ok(true);
        }
        match self.failed.replace(None).flatten() {
            Some(e) => Err(e),
            None => Ok(false),
        }
    }

    fn take_issues(&mut self) -> Vec<Issue> {
        self.issues.take()
    }
}
