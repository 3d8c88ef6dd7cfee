//! 7z: the directory at the end, and files that lie one after the other in a few packed streams.

mod header;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use flate2::Crc;
use liblzma::stream::Filters;

use super::checked::{Bounded, Checked};
use super::gaps::{Known, behind_zeros};
use super::{Archive, Content, Limits, Member, STRAY, bzip2, deflate, deflate64, lzma, ppmd};
use crate::base::{Error, Input, MemoryInput, PeekInput, ReadAt, Reason, Result, Section, random_access, whole};
use header::{Coder, Files, Folder, Header, Streams};

const MAGIC: &[u8] = b"7z\xbc\xaf\x27\x1c";
/// The signature header: what stands before the first packed stream.
const START: u64 = 32;
/// The largest directory that is held, unpacked. What is made of it takes a few times that.
const MOST_HEADER: u64 = 16 << 20;
const DIRECTORY: &str = "a directory of a 7z archive";

pub(super) fn matches(head: &[u8]) -> bool {
    head.starts_with(MAGIC)
}

pub(super) fn open(mut input: PeekInput, limits: &Limits) -> Result<Content> {
    let data = random_access(&mut input, &limits.spill)?;
    let (mut sound, mut known) = (true, Known::default());
    let (streams, files) = directory(&data, limits, &mut sound, &mut known)?;
    let gaps = known.gaps(data.len()).into_iter();
    let zip = SevenZip {
        data,
        limits: limits.clone(),
        streams,
        files,
        file: 0,
        name: 0,
        empty: 0,
        folder: 0,
        part: 0,
        packed: (0, 0),
        tape: None,
        sound,
        gaps,
        told: None,
        ended: false,
    };
    Ok(Content::Archive(Box::new(zip)))
}

fn corrupt(what: &str) -> Error {
    Error::new(Reason::Corrupt, format!("the 7z archive has {what}"))
}

fn sum(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// `sound`: whether all check sums of it fit. Where one does not, what can be found is given all the same. `known`: what of the
/// archive is accounted for.
fn directory(data: &Arc<dyn ReadAt>, limits: &Limits, sound: &mut bool, known: &mut Known) -> Result<(Streams, Files)> {
    let cut = |_| Error::new(Reason::Truncated, "the 7z archive ends before its directory");
    let start = data.read_at(0, START as usize).map_err(cut)?;
    let u32_at = |at: usize| start[at..at + 4].iter().rev().fold(0u32, |n, b| n << 8 | u32::from(*b));
    *sound &= sum(&start[12..]) == u32_at(8);
    let u64_at = |at: usize| start[at..at + 8].iter().rev().fold(0u64, |n, b| n << 8 | u64::from(*b));
    let (at, size) = (u64_at(12), u64_at(20));
    known.add(0, START);
    if size == 0 {
        return Ok(Default::default());
    }
    if size > MOST_HEADER {
        return Err(Error::new(Reason::MemoryLimit, format!("{DIRECTORY} of more than {} MiB", MOST_HEADER >> 20)));
    }
    let at = at.checked_add(START).ok_or_else(|| corrupt("no directory where it should be"))?;
    let mut bytes = data.read_at(at, size as usize).map_err(cut)?;
    known.add(at, at + size);
    let mut packed = |streams: &Streams| {
        let from = START.saturating_add(streams.at);
        known.add(from, streams.packed.iter().fold(from, |end, n| end.saturating_add(*n)));
    };
    *sound &= sum(&bytes) == u32_at(28);
    // A packed directory may be packed again; nobody does it often.
    for _ in 0..4 {
        let streams = match header::parse(&bytes).ok_or_else(|| corrupt("a broken directory"))? {
            Header::Plain(streams, files) => {
                packed(&streams);
                // An archive without files has no directory: this was one, before it was damaged.
                *sound &= files.count > 0;
                return Ok((streams, files));
            }
            Header::Packed(streams) => streams,
        };
        packed(&streams);
        let folder = streams.folders.first().ok_or_else(|| corrupt("a broken directory"))?;
        let all = whole(&mut *unpack(data, &streams, folder, streams.at, 0, limits)?, MOST_HEADER, DIRECTORY)?;
        *sound &= folder.crc.is_none_or(|crc| crc == sum(&all));
        bytes = all.into();
    }
    Err(corrupt("a directory packed again and again"))
}

/// The bytes that a folder gives; its packed stream is number `first` and begins at `at` behind the signature header.
fn unpack(data: &Arc<dyn ReadAt>, streams: &Streams, folder: &Folder, at: u64, first: usize, limits: &Limits) -> Result<Box<dyn Input>> {
    let Some(chain) = &folder.chain else {
        return Err(Error::new(Reason::UnsupportedFormat, "7z compression that joins several streams, as for programs"));
    };
    if chain.iter().any(|c| c.method == 0x06f1_0701) {
        return Err(Error::new(Reason::Encrypted, "an encrypted part of a 7z archive"));
    }
    let size = *streams.packed.get(first).ok_or_else(|| corrupt("no data where its directory says"))?;
    let start = START.checked_add(at).ok_or_else(|| corrupt("no data where its directory says"))?;
    if start.checked_add(size).is_none_or(|end| end > data.len()) {
        return Err(Error::new(Reason::Truncated, "data that reaches beyond the end of the 7z archive"));
    }
    let mut input: Box<dyn Input> = Box::new(Section::new(data.clone(), start, start + size));
    let mut rest = &chain[..];
    while let [coder, others @ ..] = rest {
        // Filters behind LZMA 2 are undone by the same decoder.
        let filters = match coder.method {
            0x21 => others.iter().take_while(|c| filter(&mut Filters::new(), c).is_some()).count(),
            _ => 0,
        };
        let unpacked = match coder.method {
            0 => input,
            0x21 => lzma2(input, coder, &others[..filters], limits)?,
            0x03_0101 => lzma::decode_in_7z(input, &coder.properties, coder.size, limits)?,
            0x03_0401 => ppmd::decode_in_7z(input, &coder.properties, limits)?,
            0x04_0202 => bzip2::decode(input, limits)?,
            0x04_0108 => deflate::decode(input, limits)?,
            0x04_0109 => deflate64::decode(input, limits)?,
            n => return Err(Error::new(Reason::UnsupportedFormat, format!("7z compression method {n:x}"))),
        };
        let size = others[..filters].last().unwrap_or(coder).size;
        input = Box::new(Bounded { inner: unpacked, left: size });
        rest = &others[filters..];
    }
    Ok(input)
}

/// Adds the filter that a coder is, if it is one.
fn filter<'a>(filters: &'a mut Filters, coder: &Coder) -> Option<&'a mut Filters> {
    Some(match coder.method {
        3 => filters.delta_properties(&coder.properties).ok()?,
        4 | 0x0303_0103 => filters.x86(),
        5 | 0x0303_0205 => filters.powerpc(),
        6 | 0x0303_0401 => filters.ia64(),
        7 | 0x0303_0501 => filters.arm(),
        8 | 0x0303_0701 => filters.arm_thumb(),
        9 | 0x0303_0805 => filters.sparc(),
        _ => return None,
    })
}

fn lzma2(input: Box<dyn Input>, coder: &Coder, behind: &[Coder], limits: &Limits) -> Result<Box<dyn Input>> {
    let mut filters = Filters::new();
    for c in behind.iter().rev() {
        filter(&mut filters, c).ok_or_else(|| corrupt("a broken filter"))?;
    }
    lzma::decode_lzma2(input, filters, &coder.properties, limits)
}

/// An unpacked folder, shared by the archive and the file that is being read.
struct Tape {
    input: Box<dyn Input>,
    chunk: Bytes,
    /// Number of the file that may read.
    file: u64,
    left: u64,
    /// What ended the folder; it ends all files that follow in it.
    failed: Option<Error>,
}

impl Tape {
    /// At most `self.left` of the next bytes.
    fn some(&mut self) -> Result<Bytes> {
        if let Some(e) = &self.failed {
            return Err(e.clone());
        }
        if self.chunk.is_empty() {
            // Foreign code, called from between members, where a panic would cost the whole archive.
            let next = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.input.next_chunk()));
            let next = next.unwrap_or_else(|_| Err(Error::new(Reason::DecoderFailed, "a decoder failed on a part of a 7z archive")));
            let next = next.and_then(|c| if c.is_empty() { Err(corrupt("files that its data does not fill")) } else { Ok(c) });
            self.chunk = next.inspect_err(|e| self.failed = Some(e.clone()))?;
        }
        let n = self.left.min(self.chunk.len() as u64) as usize;
        self.left -= n as u64;
        Ok(self.chunk.split_to(n))
    }
}

fn lock(tape: &Mutex<Tape>) -> MutexGuard<'_, Tape> {
    tape.lock().unwrap_or_else(PoisonError::into_inner)
}

struct SevenZip {
    data: Arc<dyn ReadAt>,
    limits: Limits,
    streams: Streams,
    files: Files,
    /// Number of the next file, where its name begins, and how many files without content came before.
    file: u64,
    name: usize,
    empty: u64,
    /// The folder and the part of it that come next.
    folder: usize,
    part: usize,
    /// Number and place of the folder's packed stream.
    packed: (usize, u64),
    /// The folder's bytes, once they were asked for.
    tape: Option<Result<Arc<Mutex<Tape>>>>,
    /// Whether the directory is what its check sums say.
    sound: bool,
    /// What the directory does not name; comes behind the files.
    gaps: std::vec::IntoIter<(u64, u64)>,
    /// What is wrong with these: told at the end.
    told: Option<Error>,
    ended: bool,
}

impl SevenZip {
    fn next_name(&mut self) -> Result<String> {
        let bytes = self.files.names.get(self.name..).unwrap_or_default();
        let units: Vec<u16> = bytes.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]])).take_while(|u| *u != 0).collect();
        self.name += 2 * units.len() + 2;
        if self.name > self.files.names.len() {
            return Err(corrupt("fewer names than files"));
        }
        Ok(String::from_utf16_lossy(&units).replace('\\', "/"))
    }

    fn next(&mut self) -> Result<Option<Member>> {
        while self.file < self.files.count {
            let i = self.file;
            self.file += 1;
            let name = self.next_name()?;
            if self.files.has_content(i) {
                self.limits.member()?;
                return Ok(Some(Member { name, content: self.content(i)?, cells_are_read: false }));
            }
            self.empty += 1;
            if self.files.is_file(self.empty - 1) {
                self.limits.member()?;
                return Ok(Some(Member { name, content: Ok(Box::new(MemoryInput::new(Bytes::new()))), cells_are_read: false }));
            }
        }
        for (from, to) in self.gaps.by_ref() {
            if let Some(from) = behind_zeros(&*self.data, from, to)? {
                self.limits.member()?;
                self.told = Some(corrupt("bytes that its directory does not name"));
                let content = Ok(Box::new(Section::new(self.data.clone(), from, to)) as Box<dyn Input>);
                return Ok(Some(Member { name: STRAY.to_owned(), content, cells_are_read: false }));
            }
        }
        if !self.sound {
            return Err(corrupt("a directory that is not what its check sum says"));
        }
        self.told.take().map_or(Ok(None), Err)
    }

    /// The content of file `number`, the next one that has some; the outer error ends the archive.
    fn content(&mut self, number: u64) -> Result<Result<Box<dyn Input>>> {
        let (size, sum) = loop {
            let folder = self.streams.folders.get(self.folder).ok_or_else(|| corrupt("more files than contents"))?;
            if let Some(part) = folder.files.get(self.part) {
                break *part;
            }
            let last = self.packed.0.saturating_add(folder.packed).min(self.streams.packed.len());
            let gone = self.streams.packed[self.packed.0.min(last)..last].iter().fold(0u64, |n, s| n.saturating_add(*s));
            self.packed = (last, self.packed.1.saturating_add(gone));
            (self.folder, self.part, self.tape) = (self.folder + 1, 0, None);
        };
        self.part += 1;
        let tape = self.tape.get_or_insert_with(|| {
            let folder = &self.streams.folders[self.folder];
            let at = self.streams.at.saturating_add(self.packed.1);
            let input = unpack(&self.data, &self.streams, folder, at, self.packed.0, &self.limits)?;
            Ok(Arc::new(Mutex::new(Tape { input, chunk: Bytes::new(), file: 0, left: 0, failed: None })))
        });
        let tape = match tape {
            Ok(tape) => tape.clone(),
            Err(e) => return Ok(Err(e.clone())),
        };
        let mut t = lock(&tape);
        // What nobody has read of the file before has to be unpacked all the same.
        while t.left > 0 {
            if let Err(e) = t.some() {
                return Ok(Err(e));
            }
        }
        if let Some(e) = &t.failed {
            return Ok(Err(e.clone()));
        }
        (t.file, t.left) = (number, size);
        drop(t);
        let inner = Box::new(File { tape, number, size });
        Ok(Ok(match sum {
            Some(sum) => Box::new(Checked { inner, crc: Crc::new(), want: (size, sum), given: 0, ended: false }),
            None => inner,
        }))
    }
}

impl Archive for SevenZip {
    fn kind(&self) -> &'static str {
        "7z"
    }

    fn next_member(&mut self) -> Result<Option<Member>> {
        if self.ended {
            return Ok(None);
        }
        let next = self.next();
        self.ended = !matches!(next, Ok(Some(_)));
        next
    }
}

/// A file of a folder.
struct File {
    tape: Arc<Mutex<Tape>>,
    number: u64,
    size: u64,
}

impl Input for File {
    fn next_chunk(&mut self) -> Result<Bytes> {
        let mut tape = lock(&self.tape);
        if tape.file != self.number || tape.left == 0 {
            return Ok(Bytes::new());
        }
        tape.some()
    }

    fn len(&self) -> Option<u64> {
        Some(self.size)
    }
}

#[cfg(test)]
mod tests;
