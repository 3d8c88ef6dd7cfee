//! The compound file around old office documents: streams in storages, each a chain of sectors of which the file's place is
//! known ([MS-CFB] 2.2 to 2.6).
//!
//! Nothing is believed: chains end where they turn back or leave the file, trees where they meet themselves.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;

use super::blocks::Blocks;
use crate::base::{Error, ReadAt, Reason, Result};

/// Sector numbers from here on mean something else than a sector.
const LAST: u32 = 0xffff_fffa;
/// The end of a chain.
const END: u32 = 0xffff_fffe;
/// No entry of the directory.
const NONE: u32 = u32::MAX;
/// Streams below this size lie in sectors of 64 bytes.
const SMALL: u64 = 4096;
/// Sectors of a file that are kept account of, at most: 8 GiB in sectors of 512 bytes.
const MOST_SECTORS: u64 = 16 << 20;
/// Entries of the directory, at most.
const MOST_ENTRIES: usize = 1 << 20;

/// What an entry of the directory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Storage,
    Stream,
}

/// A storage or a stream.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub name: String,
    pub kind: Kind,
    /// Length in bytes, as the directory says.
    pub size: u64,
    start: u32,
    /// What lies in a storage, as indexes of entries.
    inside: Range<usize>,
}

/// A piece of a stream that lies in one piece in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Extent {
    /// Offset in the stream.
    at: u64,
    /// Offset in the file.
    from: u64,
    len: u64,
}

/// A compound file. The first entry is the root.
pub(super) struct Compound {
    data: Arc<dyn ReadAt>,
    pub entries: Vec<Entry>,
    fat: Vec<u32>,
    small_fat: Vec<u32>,
    small: Vec<Extent>,
    sector: u64,
    /// Bytes of the file that hold its structure.
    pub structure: Vec<Range<u64>>,
    /// Whether the directory names less than it did: it ends early, or leads nowhere.
    pub damaged: bool,
    /// Sectors that chains went through, all together: entries that share one long chain would take for ever.
    walked: AtomicU64,
}

fn broken() -> Error {
    Error::new(Reason::Corrupt, "a broken compound file")
}

fn u16_at(b: &[u8], at: usize) -> u16 {
    b.get(at..at + 2).map_or(0, |b| u16::from_le_bytes([b[0], b[1]]))
}

fn u32_at(b: &[u8], at: usize) -> u32 {
    b.get(at..at + 4).map_or(0, |b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
}

/// The words of a table of sectors.
fn words(b: &[u8]) -> impl Iterator<Item = u32> + '_ {
    b.chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
}

impl Compound {
    /// Reads header, tables and directory.
    ///
    /// # Errors
    /// `corrupt` where there is no directory, `memory_limit` for files beyond 16 million sectors, and what reading says.
    pub fn open(data: Arc<dyn ReadAt>) -> Result<Compound> {
        if data.len() < 512 {
            return Err(broken());
        }
        let data: Arc<dyn ReadAt> = Arc::new(Blocks::new(data));
        let head = data.read_at(0, 512)?;
        let shift = u16_at(&head, 30);
        if !matches!(shift, 9 | 12) {
            return Err(broken());
        }
        let sector = 1u64 << shift;
        let sectors = data.len().div_ceil(sector).saturating_sub(1);
        if sectors > MOST_SECTORS {
            return Err(Error::new(Reason::MemoryLimit, "a compound file of too many sectors"));
        }
        let mut c = Compound {
            data,
            entries: Vec::new(),
            fat: Vec::new(),
            small_fat: Vec::new(),
            small: Vec::new(),
            sector,
            structure: vec![Range { start: 0, end: sector }],
            damaged: false,
            walked: AtomicU64::new(0),
        };
        c.read_fat(&head, sectors)?;
        let (directory, ended) = c.walk(u32_at(&head, 48), (MOST_ENTRIES * 128) as u64);
        c.damaged = !ended;
        c.read_directory(&directory)?;
        // A word for each small sector.
        let most = c.small.last().map_or(0, |e| e.at + e.len).div_ceil(16).next_multiple_of(sector);
        let fat = c.chain(u32_at(&head, 60), most);
        for e in &fat {
            let b = c.data.read_at(e.from, e.len as usize)?;
            c.small_fat.extend(words(&b));
        }
        c.structure.extend(fat.iter().chain(&directory).map(|e| e.from..e.from + e.len));
        Ok(c)
    }

    /// Where a sector lies; `None` beyond the file.
    fn place(&self, sector: u32) -> Option<Range<u64>> {
        let from = (u64::from(sector) + 1) * self.sector;
        (sector < LAST && from < self.data.len()).then(|| from..(from + self.sector).min(self.data.len()))
    }

    fn read_fat(&mut self, head: &[u8], sectors: u64) -> Result<()> {
        let most = sectors.div_ceil(self.sector / 4) as usize + 1;
        let mut listed: Vec<u32> = words(&head[76..512]).take_while(|s| *s < LAST).collect();
        let mut next = u32_at(head, 68);
        let mut seen = 0;
        while let Some(at) = self.place(next).filter(|_| seen < most && listed.len() <= most) {
            let b = self.data.read_at(at.start, (at.end - at.start) as usize)?;
            let per = (self.sector / 4 - 1) as usize;
            listed.extend(words(&b).take(per).take_while(|s| *s < LAST));
            next = u32_at(&b, per * 4);
            self.structure.push(at);
            seen += 1;
        }
        listed.truncate(most);
        for s in listed {
            let Some(at) = self.place(s) else { break };
            let b = self.data.read_at(at.start, (at.end - at.start) as usize)?;
            self.fat.extend(words(&b));
            self.structure.push(at);
        }
        Ok(())
    }

    /// How many sectors a chain may still go through: each is gone through a few times.
    fn left(&self) -> usize {
        let most = 16 * (self.fat.len() + self.small_fat.len()) + (1 << 16);
        most.saturating_sub(self.walked.load(Ordering::Relaxed) as usize)
    }

    /// The pieces of a chain of sectors, up to `most` bytes.
    fn chain(&self, first: u32, most: u64) -> Vec<Extent> {
        self.walk(first, most).0
    }

    /// The same, and whether the chain ended as one should.
    fn walk(&self, first: u32, most: u64) -> (Vec<Extent>, bool) {
        let mut out: Vec<Extent> = Vec::new();
        let (mut next, mut at, mut steps) = (first, 0, 0);
        let longest = self.fat.len().min(self.left());
        while at < most && steps <= longest {
            let Some(place) = self.place(next) else { break };
            let len = (place.end - place.start).min(most - at);
            match out.last_mut().filter(|e| e.from + e.len == place.start) {
                Some(e) => e.len += len,
                None => out.push(Extent { at, from: place.start, len }),
            }
            at += len;
            steps += 1;
            next = self.fat.get(next as usize).copied().unwrap_or(u32::MAX);
        }
        self.walked.fetch_add(steps as u64, Ordering::Relaxed);
        (out, next == END)
    }

    fn small_chain(&self, first: u32, most: u64) -> Vec<Extent> {
        let mut out: Vec<Extent> = Vec::new();
        let (mut next, mut at, mut steps) = (first, 0, 0);
        let longest = self.small_fat.len().min(self.left());
        while at < most && steps <= longest && next < LAST {
            let start = u64::from(next) * 64;
            let i = self.small.partition_point(|e| e.at <= start);
            let Some(e) = i.checked_sub(1).map(|i| self.small[i]).filter(|e| start < e.at + e.len) else { break };
            let from = e.from + (start - e.at);
            let len = (most - at).min(64).min(e.at + e.len - start);
            match out.last_mut().filter(|e| e.from + e.len == from) {
                Some(e) => e.len += len,
                None => out.push(Extent { at, from, len }),
            }
            at += len;
            steps += 1;
            next = self.small_fat.get(next as usize).copied().unwrap_or(u32::MAX);
        }
        self.walked.fetch_add(steps as u64, Ordering::Relaxed);
        out
    }

    fn read_directory(&mut self, chain: &[Extent]) -> Result<()> {
        let mut raw = Vec::new();
        for e in chain {
            raw.extend_from_slice(&self.data.read_at(e.from, e.len as usize)?);
        }
        let raw: Vec<&[u8]> = raw.chunks_exact(128).collect();
        let root = raw.first().filter(|r| r[66] == 5).ok_or_else(broken)?;
        self.small = self.chain(u32_at(root, 116), u64::from(u32_at(root, 120)));
        let entry = |r: &[u8], kind| {
            let units = usize::from(u16_at(r, 64) / 2).saturating_sub(1).min(31);
            let name = char::decode_utf16((0..units).map(|i| u16_at(r, i * 2))).map(|c| c.unwrap_or('\u{fffd}')).collect();
            // Files of small sectors have sizes of four bytes; what follows is not always zero.
            let high = if self.sector == 512 { 0 } else { u64::from(u32_at(r, 124)) << 32 };
            Entry { name, kind, size: u64::from(u32_at(r, 120)) | high, start: u32_at(r, 116), inside: 0..0 }
        };
        let mut entries = vec![entry(root, Kind::Storage)];
        let mut seen = vec![false; raw.len()];
        seen[0] = true;
        // Each storage's children are a tree by their names, read in order.
        let (mut waiting, mut damaged) = (vec![(u32_at(root, 76), 0)], false);
        while let Some((first, parent)) = waiting.pop() {
            let (mut stack, mut next, before) = (Vec::new(), first, entries.len());
            loop {
                while let Some(seen) = seen.get_mut(next as usize).filter(|seen| !**seen) {
                    *seen = true;
                    stack.push(next as usize);
                    next = u32_at(raw[next as usize], 68);
                }
                damaged |= next != NONE;
                let Some(i) = stack.pop() else { break };
                let r = raw[i];
                match r[66] {
                    1 => {
                        entries.push(entry(r, Kind::Storage));
                        waiting.push((u32_at(r, 76), entries.len() - 1));
                    }
                    2 => entries.push(entry(r, Kind::Stream)),
                    _ => damaged = true,
                }
                next = u32_at(r, 72);
            }
            entries[parent].inside = before..entries.len();
        }
        self.entries = entries;
        self.damaged |= damaged;
        Ok(())
    }

    /// Length of the file in bytes.
    pub fn len(&self) -> u64 {
        self.data.len()
    }

    /// What lies in a storage, by its index, in the order of the directory.
    pub fn children(&self, storage: usize) -> impl Iterator<Item = (usize, &Entry)> {
        self.entries[storage].inside.clone().map(|i| (i, &self.entries[i]))
    }

    /// The stream of this name in a storage; capitals and small letters are the same.
    pub fn find(&self, storage: usize, name: &str) -> Option<usize> {
        self.children(storage).find(|(_, e)| e.kind == Kind::Stream && e.name.eq_ignore_ascii_case(name)).map(|(i, _)| i)
    }

    /// The bytes of the file that a stream takes.
    pub fn covered(&self, index: usize) -> Vec<Range<u64>> {
        self.stream(index).places(0, u64::MAX).collect()
    }

    /// A stream, by its index.
    pub fn stream(&self, index: usize) -> Stream {
        let e = &self.entries[index];
        let extents = if e.size < SMALL { self.small_chain(e.start, e.size) } else { self.chain(e.start, e.size) };
        let len = extents.last().map_or(0, |e| e.at + e.len);
        Stream { data: self.data.clone(), extents, len, cut: len < e.size }
    }
}

/// One stream.
pub(super) struct Stream {
    data: Arc<dyn ReadAt>,
    extents: Vec<Extent>,
    /// How many bytes there are.
    pub len: u64,
    /// There should be more.
    pub cut: bool,
}

impl Stream {
    /// The bytes from `at` on that lie in one piece of the file, at most `most`, and their offset there; `None` at the end.
    pub fn piece(&self, at: u64, most: u64) -> Result<Option<(Bytes, u64)>> {
        let i = self.extents.partition_point(|e| e.at <= at);
        let Some(e) = i.checked_sub(1).map(|i| self.extents[i]).filter(|e| at < e.at + e.len) else { return Ok(None) };
        let from = e.from + (at - e.at);
        let len = most.min(e.at + e.len - at);
        Ok(Some((self.data.read_at(from, len as usize)?, from)))
    }

    /// The bytes `[at, at + len)`, fewer at the end.
    pub fn read(&self, mut at: u64, len: u64) -> Result<Vec<u8>> {
        let end = at.saturating_add(len).min(self.len);
        let mut out = Vec::new();
        while at < end {
            let Some((bytes, _)) = self.piece(at, end - at)? else { break };
            at += bytes.len() as u64;
            out.extend_from_slice(&bytes);
        }
        Ok(out)
    }

    /// Where the bytes `[at, at + len)` lie in the file.
    pub fn places(&self, at: u64, len: u64) -> impl Iterator<Item = Range<u64>> + '_ {
        let end = at.saturating_add(len);
        let from = self.extents.partition_point(|e| e.at + e.len <= at);
        self.extents[from..].iter().take_while(move |e| e.at < end).map(move |e| {
            let (a, b) = (at.max(e.at), end.min(e.at + e.len));
            e.from + (a - e.at)..e.from + (b - e.at)
        })
    }
}

/// What of `[0, len)` none of the ranges covers, in order.
pub(super) fn rest(mut covered: Vec<Range<u64>>, len: u64) -> Vec<Range<u64>> {
    covered.sort_unstable_by_key(|r| r.start);
    let (mut out, mut at) = (Vec::new(), 0);
    for r in covered {
        if r.start > at {
            out.push(at..r.start.min(len));
        }
        at = at.max(r.end);
    }
    if at < len {
        out.push(at..len);
    }
    out
}

#[cfg(test)]
mod tests;
