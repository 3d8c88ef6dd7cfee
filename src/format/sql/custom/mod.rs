//! Dumps of PostgreSQL in its custom format (`pg_dump -Fc`, versions 1.10 to 1.16): made into the plain dump that `pg_restore`
//! would write of them, table by table, and read as one.
//!
//! The table of contents stands first, with the `COPY` of each table; behind it lies the data, in blocks of pieces that say how
//! long they are, so that a broken one costs its table alone. Definitions come as comments, but for those of tables: what they
//! quote must not be taken for data. Large objects are members of their own.

mod made;
mod stored;

use std::collections::{HashMap, HashSet};
use std::io::Read;
use std::sync::{Arc, Mutex};

use bytes::Bytes;

use super::Sql;
use crate::base::{Batch, Error, Input, Issue, PeekInput, Reason, Result};
use crate::format::feed::Issues;
use crate::format::{Limits, Part, Reader};
use made::{MOST_COPIES, bomb, comment, table};
use stored::{Block, Shared, Stored, corrupt, lock};

/// How such a file begins.
pub(in crate::format) const MAGIC: &[u8] = b"PGDMP";

/// What stands before its data.
const HEAD: &[u8] = b"-- PostgreSQL database dump\n;\n";

const VERSIONS: std::ops::RangeInclusive<u32> = 0x01_0a_00..=0x01_10_ff;
/// A large object that is longer is cut.
const MOST_OBJECT: u64 = 64 << 20;

#[derive(Clone, Copy, PartialEq)]
enum Packing {
    None,
    Zlib,
    Lz4,
    Zstd,
}

enum Step {
    Head,
    /// So many entries of the table of contents are left.
    Contents(i64),
    /// The next block.
    Block,
    /// Data of a table, and whether it is `COPY`'s.
    Data(Box<dyn Read + Send>, bool),
    /// Large objects: nothing more is given until they are fetched.
    Objects,
    End,
}

/// Makes a plain dump.
struct Dump {
    stored: Shared,
    step: Step,
    version: u32,
    offset: usize,
    /// Whether data follows the table of contents, or lies in other files.
    data: bool,
    packing: Packing,
    /// The `COPY` of each table, by its number.
    copies: HashMap<i64, Vec<u8>>,
    /// Numbers of which data is to follow.
    expected: HashSet<i64>,
    /// Bytes that the current table has given, and what was taken before it.
    given: (u64, u64),
    /// Bytes that all tables and objects have given.
    all: u64,
    /// Bytes of `copies`.
    held: usize,
    tail: Vec<u8>,
    issues: Issues,
}

impl Dump {
    fn head(&mut self, out: &mut Vec<u8>) -> Result<()> {
        let mut s = lock(&self.stored);
        let b = s.exactly(MAGIC.len() + 3)?;
        self.version = u32::from(b[5]) << 16 | u32::from(b[6]) << 8 | u32::from(b[7]);
        if !VERSIONS.contains(&self.version) {
            let e = format!("a PostgreSQL dump of version {}.{}", b[5], b[6]);
            return Err(Error::new(Reason::UnsupportedFormat, e));
        }
        let (int, offset, format) = (s.byte()?, s.byte()?, s.byte()?);
        if !(1..=8).contains(&int) || !(1..=8).contains(&offset) {
            return Err(corrupt("a dump with numbers of an impossible size"));
        }
        (s.int, self.offset, self.data) = (usize::from(int), usize::from(offset), format == 1);
        self.packing = match self.version >= 0x01_0f_00 {
            true => match s.byte()? {
                0 => Packing::None,
                1 => Packing::Zlib,
                2 => Packing::Lz4,
                3 => Packing::Zstd,
                _ => return Err(Error::new(Reason::UnsupportedFormat, "a dump compressed in an unknown way")),
            },
            false if s.number()? == 0 => Packing::None,
            false => Packing::Zlib,
        };
        // The time of the dump.
        for _ in 0..7 {
            s.number()?;
        }
        let database = s.text()?.unwrap_or_default();
        let (_, _) = (s.text()?, s.text()?);
        out.extend_from_slice(HEAD);
        comment(out, &[b"Database ", &database[..]].concat());
        let entries = s.number()?;
        drop(s);
        self.step = Step::Contents(entries);
        Ok(())
    }

    /// An entry of the table of contents.
    fn entry(&mut self, out: &mut Vec<u8>) -> Result<()> {
        let version = self.version;
        let mut s = lock(&self.stored);
        let (id, dumped) = (s.number()?, s.number()? != 0);
        // Numbers in the catalogue.
        let _ = (s.text()?, s.text()?);
        let (tag, kind) = (s.text()?.unwrap_or_default(), s.text()?.unwrap_or_default());
        if version >= 0x01_0b_00 {
            s.number()?;
        }
        let (definition, _, copy) = (s.text()?.unwrap_or_default(), s.text()?, s.text()?.unwrap_or_default());
        // Schema and tablespace.
        let _ = (s.text()?, s.text()?);
        if version >= 0x01_0e_00 {
            s.text()?;
        }
        if version >= 0x01_10_00 {
            s.number()?;
        }
        let owner = s.text()?.unwrap_or_default();
        s.text()?;
        // What it depends on.
        while s.text()?.is_some() {}
        if self.data {
            // 3: there is none.
            if s.exactly(1 + self.offset)?[0] != 3 && dumped {
                self.expected.insert(id);
            }
        } else {
            s.text()?;
        }
        drop(s);
        comment(out, &[&kind[..], b" ", &tag, b", of ", &owner].concat());
        match &kind[..] {
            b"TABLE" => table(out, &definition),
            _ => comment(out, &definition),
        }
        self.held += copy.len();
        if self.held > MOST_COPIES {
            return Err(Error::new(Reason::MemoryLimit, "a dump with a table of contents too long to be held"));
        }
        if !copy.is_empty() {
            self.copies.insert(id, copy);
        }
        Ok(())
    }

    fn block(&mut self, out: &mut Vec<u8>) -> Result<()> {
        let mut s = lock(&self.stored);
        let kind = match s.some(1)? {
            [] => {
                let (missing, taken) = (self.expected.len(), s.taken);
                (0..missing).for_each(|_| self.issues.add(Reason::Truncated, "the dump ends before the data of a table", taken));
                self.step = Step::End;
                return Ok(());
            }
            b => b[0],
        };
        let id = s.number()?;
        self.expected.remove(&id);
        match kind {
            1 => {
                s.begin()?;
                self.given = (0, s.taken);
                self.tail.clear();
                drop(s);
                let copy = self.copies.get(&id);
                if let Some(copy) = copy {
                    out.extend_from_slice(copy);
                }
                let raw = Block(self.stored.clone());
                let failed = |_| corrupt("the data of a table whose compression is broken");
                let decoder: Box<dyn Read + Send> = match self.packing {
                    Packing::None => Box::new(raw),
                    Packing::Zlib => Box::new(flate2::read::ZlibDecoder::new(raw)),
                    Packing::Lz4 => Box::new(lz4_flex::frame::FrameDecoder::new(raw)),
                    Packing::Zstd => {
                        let mut d = zstd::stream::read::Decoder::new(raw).map_err(failed)?;
                        d.window_log_max(27).map_err(failed)?;
                        Box::new(d)
                    }
                };
                self.step = Step::Data(decoder, copy.is_some());
                Ok(())
            }
            3 => {
                self.step = Step::Objects;
                Ok(())
            }
            _ => Err(corrupt("a dump with data of an unknown kind")),
        }
    }

    /// Data of the table; `false` at its end.
    fn data(&mut self, out: &mut Vec<u8>) -> Result<bool> {
        let Step::Data(decoder, copy) = &mut self.step else { return Ok(false) };
        let mut piece = vec![0; 32 << 10];
        let (read, copy) = (decoder.read(&mut piece), *copy);
        let mut stored = lock(&self.stored);
        if let Some(e) = stored.failed.take() {
            return Err(e);
        }
        let bytes = &piece[..*read.as_ref().unwrap_or(&0)];
        out.extend_from_slice(bytes);
        self.tail.extend_from_slice(bytes);
        self.tail.drain(..self.tail.len().saturating_sub(8));
        self.given.0 += bytes.len() as u64;
        self.all += bytes.len() as u64;
        if bomb(self.given.0, stored.taken - self.given.1) || bomb(self.all, stored.taken) {
            return Err(Error::new(Reason::ExpansionLimit, "the data of a table grows too much"));
        }
        if !bytes.is_empty() {
            return Ok(true);
        }
        if read.is_err() {
            let taken = stored.taken;
            self.issues.add(Reason::Corrupt, "the data of a table whose compression is broken, read up to there", taken);
        }
        stored.skip()?;
        if copy && !self.tail.trim_ascii_end().ends_with(b"\\.") {
            out.extend_from_slice(b"\n\\.\n");
        }
        Ok(false)
    }

    /// The next bytes of the plain dump; none at its end and before large objects.
    fn more(&mut self) -> Result<Bytes> {
        let mut out = Vec::new();
        while out.len() < 32 << 10 {
            let done = match &mut self.step {
                Step::Head => self.head(&mut out),
                Step::Contents(left) if *left <= 0 => {
                    self.step = if self.data { Step::Block } else { Step::End };
                    Ok(())
                }
                Step::Contents(left) => {
                    *left -= 1;
                    self.entry(&mut out)
                }
                Step::Block => self.block(&mut out),
                Step::Data(..) => self.data(&mut out).map(|more| {
                    if !more {
                        self.step = Step::Block;
                    }
                }),
                Step::Objects | Step::End => break,
            };
            if let Err(e) = done {
                self.step = Step::End;
                if out.is_empty() {
                    return Err(e);
                }
                // What could be read comes first; the failure is met again as an issue.
                self.lost(e);
                break;
            }
        }
        Ok(out.into())
    }

    fn lost(&mut self, e: Error) {
        let taken = lock(&self.stored).taken;
        self.issues.add(e.reason, "a dump that could be read up to there", taken);
    }

    /// The next large object; `None` behind the last one.
    fn object(&mut self) -> Result<Option<Part>> {
        let id = lock(&self.stored).number()?;
        if id == 0 {
            self.step = Step::Block;
            return Ok(None);
        }
        lock(&self.stored).begin()?;
        let raw = Block(self.stored.clone());
        let mut data = Vec::new();
        let read = match self.packing {
            Packing::None => raw.take(MOST_OBJECT).read_to_end(&mut data),
            Packing::Zlib => flate2::read::ZlibDecoder::new(raw).take(MOST_OBJECT).read_to_end(&mut data),
            Packing::Lz4 => lz4_flex::frame::FrameDecoder::new(raw).take(MOST_OBJECT).read_to_end(&mut data),
            Packing::Zstd => zstd::stream::read::Decoder::new(raw).and_then(|mut d| {
                d.window_log_max(27)?;
                d.take(MOST_OBJECT).read_to_end(&mut data)
            }),
        };
        let mut stored = lock(&self.stored);
        if let Some(e) = stored.failed.take() {
            return Err(e);
        }
        let taken = stored.taken;
        self.all += data.len() as u64;
        if bomb(self.all, taken) {
            return Err(Error::new(Reason::ExpansionLimit, "large objects grow too much"));
        }
        if read.is_err() {
            self.issues.add(Reason::Corrupt, "a large object whose compression is broken", taken);
        } else if data.len() as u64 >= MOST_OBJECT {
            self.issues.add(Reason::MemoryLimit, "a large object too long to be held, cut", taken);
        }
        stored.skip()?;
        Ok(Some(Part { name: format!("large-object-{id}"), data: data.into() }))
    }
}

struct Plain(Arc<Mutex<Dump>>);

impl Input for Plain {
    fn next_chunk(&mut self) -> Result<Bytes> {
        lock(&self.0).more()
    }
}

/// Reads a dump.
pub(in crate::format) struct Custom {
    dump: Arc<Mutex<Dump>>,
    inner: Sql,
    parts: Vec<Part>,
}

impl Custom {
    pub fn new(input: PeekInput, limits: &Limits) -> Custom {
        let dump = Dump {
            stored: Arc::new(Mutex::new(Stored::new(input))),
            step: Step::Head,
            version: 0,
            offset: 8,
            data: true,
            packing: Packing::None,
            copies: HashMap::new(),
            expected: HashSet::new(),
            given: (0, 0),
            all: 0,
            held: 0,
            tail: Vec::new(),
            issues: Issues::default(),
        };
        let dump = Arc::new(Mutex::new(dump));
        let inner = Sql::new(PeekInput::new(Box::new(Plain(dump.clone()))), HEAD, limits);
        Custom { dump, inner, parts: Vec::new() }
    }
}

impl Reader for Custom {
    fn kind(&self) -> &'static str {
        "pgdump"
    }

    fn next_batch(&mut self, batch: &mut Batch) -> Result<bool> {
        loop {
            if self.inner.next_batch(batch)? {
                return Ok(true);
            }
            let mut dump = lock(&self.dump);
            if !matches!(dump.step, Step::Objects) {
                return Ok(false);
            }
            match dump.object() {
                Ok(Some(part)) => {
                    self.parts.push(part);
                    batch.clear();
                    return Ok(true);
                }
                Ok(None) => self.inner.resume(),
                Err(e) => {
                    dump.step = Step::End;
                    return Err(e);
                }
            }
        }
    }

    fn take_issues(&mut self) -> Vec<Issue> {
        let mut all = self.inner.take_issues();
        all.extend(lock(&self.dump).issues.take());
        all
    }

    fn take_parts(&mut self) -> Vec<Part> {
        std::mem::take(&mut self.parts)
    }
}

#[cfg(test)]
mod tests;
