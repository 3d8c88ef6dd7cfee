//! Avro object container files, block by block, without a detour: the schema is walked over the bytes.
//!
//! A broken block costs itself: the next one is found by the marker that stands behind every block.

mod schema;
mod walk;

use std::io::Read;

use bytes::Bytes;
use memchr::memmem;

use super::feed::Feed;
use super::rows::Rows;
use super::{Limits, Reader};
use crate::base::{Batch, Error, Issue, PeekInput, Reason, Result};
use schema::{Node, parse};
use walk::Walk;

/// The largest block that is believed, packed and unpacked.
const MOST_BLOCK: usize = 256 << 20;

/// Reads a container file.
pub(super) struct Avro {
    feed: Feed,
    buf: Vec<u8>,
    limits: Limits,
    nodes: Vec<Node>,
    codec: String,
    sync: [u8; 16],
    /// What is left of the current block: bytes, how far they were read, records.
    block: (Bytes, usize, u64),
    row: u64,
    rows: Rows,
    issues: Vec<Issue>,
    /// Stored bytes before `buf`.
    taken: u64,
}

fn corrupt(what: &str) -> Error {
    Error::new(Reason::Corrupt, format!("Avro: {what}"))
}

/// A variable-length number in zigzag; `None` where the bytes end.
fn long(bytes: &[u8], at: &mut usize) -> Option<i64> {
    let mut n = 0u64;
    for shift in (0..64).step_by(7) {
        let b = *bytes.get(*at)?;
        *at += 1;
        n |= u64::from(b & 0x7f) << shift;
        if b & 0x80 == 0 {
            return Some((n >> 1) as i64 ^ -((n & 1) as i64));
        }
    }
    None
}

/// Opens a file.
pub(super) fn open(input: PeekInput, limits: &Limits) -> Result<Avro> {
    let mut a = Avro {
        feed: Feed::new(input),
        buf: Vec::new(),
        limits: limits.clone(),
        nodes: Vec::new(),
        codec: String::new(),
        sync: [0; 16],
        block: (Bytes::new(), 0, 0),
        row: 0,
        rows: Rows::default(),
        issues: Vec::new(),
        taken: 0,
    };
    let mut want = 64 << 10;
    loop {
        a.feed.fill(&mut a.buf, want);
        match a.header() {
            Some(r) => return r.map(|()| a),
            None if a.feed.over() || want > 64 << 20 => {
                let failed = a.feed.end().err();
                return Err(failed.unwrap_or_else(|| Error::new(Reason::Truncated, "the Avro file ends inside its header")));
            }
            None => want *= 4,
        }
    }
}

impl Avro {
    /// Reads the header; `None`: more bytes are needed.
    fn header(&mut self) -> Option<Result<()>> {
        let mut at = 4;
        let (mut schema, mut codec) = (None, String::new());
        loop {
            let mut n = long(&self.buf, &mut at)?;
            if n == 0 {
                break;
            }
            if n < 0 {
                long(&self.buf, &mut at)?;
                n = n.saturating_neg();
            }
            for _ in 0..n {
                let text = |at: &mut usize| -> Option<&[u8]> {
                    let len = usize::try_from(long(&self.buf, at)?).unwrap_or(usize::MAX);
                    let text = self.buf.get(*at..at.checked_add(len)?)?;
                    *at += len;
                    Some(text)
                };
                match text(&mut at)? {
                    b"avro.schema" => schema = Some(text(&mut at)?.to_vec()),
                    b"avro.codec" => codec = String::from_utf8_lossy(text(&mut at)?).into_owned(),
                    _ => drop(text(&mut at)?),
                }
            }
        }
        self.sync.copy_from_slice(self.buf.get(at..at + 16)?);
        self.skip(at + 16);
        let Some(schema) = schema else { return Some(Err(corrupt("no schema"))) };
        self.codec = codec;
        Some(parse(&schema).map(|n| self.nodes = n))
    }

    fn skip(&mut self, n: usize) {
        self.buf.drain(..n);
        self.taken += n as u64;
    }

    /// Fetches the next block; `false` at the end.
    fn next_block(&mut self) -> Result<bool> {
        loop {
            self.feed.fill(&mut self.buf, 64);
            if self.buf.is_empty() {
                return self.feed.end();
            }
            let mut at = 0;
            let (count, size) = (long(&self.buf, &mut at), long(&self.buf, &mut at));
            let sane = |n: Option<i64>| n.and_then(|n| usize::try_from(n).ok());
            let (Some(count), Some(size)) = (sane(count), sane(size).filter(|s| *s <= MOST_BLOCK)) else {
                if !self.resync("a block with a broken head")? {
                    return self.feed.end();
                }
                continue;
            };
            self.feed.fill(&mut self.buf, at + size + 16);
            if self.buf.len() < at + size + 16 {
                let failed = self.feed.end().err();
                let all = self.buf.len();
                self.skip(all);
                return Err(failed.unwrap_or_else(|| {
                    Error::new(Reason::Truncated, format!("the Avro file ends inside a block, at byte {}", self.taken))
                }));
            }
            if self.buf[at + size..at + size + 16] != self.sync {
                if !self.resync("a block without the marker behind it")? {
                    return self.feed.end();
                }
                continue;
            }
            let data = unpack(&self.codec, &self.buf[at..at + size]);
            self.skip(at + size + 16);
            match data {
                Ok(data) => {
                    self.block = (data.into(), 0, count as u64);
                    return Ok(true);
                }
                Err(e) if e.reason == Reason::UnsupportedFormat => return Err(e),
                Err(e) => {
                    // Its records are counted, so that those behind it keep their numbers.
                    self.issues.push(Issue { reason: e.reason, detail: format!("{} rows from row {}: {}", count, self.row, e.detail) });
                    self.row += count as u64;
                }
            }
        }
    }

    /// Goes on behind the next marker; `false` if there is none.
    fn resync(&mut self, what: &str) -> Result<bool> {
        if self.issues.len() < 10 {
            self.issues.push(Issue { reason: Reason::Corrupt, detail: format!("Avro: {what}, at byte {}", self.taken) });
        }
        loop {
            if let Some(i) = memmem::find(&self.buf, &self.sync) {
                self.skip(i + 16);
                return Ok(true);
            }
            let keep = self.buf.len().min(15);
            let gone = self.buf.len() - keep;
            self.skip(gone);
            self.feed.fill(&mut self.buf, 1 << 20);
            if self.buf.len() <= keep {
                let all = self.buf.len();
                self.skip(all);
                return Ok(false);
            }
        }
    }
}

fn unpack(codec: &str, data: &[u8]) -> Result<Vec<u8>> {
    let read = |r: &mut dyn Read| -> Result<Vec<u8>> {
        let mut out = Vec::new();
        r.take(MOST_BLOCK as u64 + 1).read_to_end(&mut out).map_err(|_| corrupt("a block that cannot be unpacked"))?;
        if out.len() > MOST_BLOCK {
            return Err(Error::new(Reason::ExpansionLimit, "a block of Avro that grows too much"));
        }
        Ok(out)
    };
    match codec {
        "" | "null" => Ok(data.to_vec()),
        "deflate" => read(&mut flate2::read::DeflateDecoder::new(data)),
        "bzip2" => read(&mut bzip2::read::BzDecoder::new(data)),
        "xz" => read(&mut liblzma::read::XzDecoder::new(data)),
        "zstandard" => read(&mut zstd::stream::read::Decoder::new(data)?),
        "snappy" => {
            // Behind the data stands a check sum of four bytes.
            let packed = &data[..data.len().saturating_sub(4)];
            let n = snap::raw::decompress_len(packed).map_err(|_| corrupt("a block that cannot be unpacked"))?;
            if n > MOST_BLOCK {
                return Err(Error::new(Reason::ExpansionLimit, "a block of Avro that grows too much"));
            }
            snap::raw::Decoder::new().decompress_vec(packed).map_err(|_| corrupt("a block that cannot be unpacked"))
        }
        _ => Err(Error::new(Reason::UnsupportedFormat, "an Avro codec that is not known")),
    }
}

impl Reader for Avro {
    fn kind(&self) -> &'static str {
        "avro"
    }

    fn next_batch(&mut self, batch: &mut Batch) -> Result<bool> {
        self.rows.begin(batch, self.row);
        loop {
            if self.block.2 == 0 && !self.next_block()? {
                return Ok(false);
            }
            self.rows.begin(batch, self.row);
            let mut records = 0;
            while self.block.2 > 0 && batch.bytes.len() < self.limits.batch_bytes && records < u64::from(u32::MAX) {
                let data = self.block.0.clone();
                let mut walk =
                    Walk { data: &data, at: self.block.1, nodes: &self.nodes, rows: &mut self.rows, batch, row: records as u32, depth: 0 };
                let read = walk.record();
                self.block.1 = walk.at;
                self.block.2 -= 1;
                records += 1;
                if let Err(e) = read {
                    let left = self.block.2 + 1;
                    self.issues
                        .push(Issue { reason: e.reason, detail: format!("{left} rows from row {}: {}", self.row + records - 1, e.detail) });
                    records += self.block.2;
                    self.block.2 = 0;
                }
            }
            self.row += records;
            self.rows.finish(batch, records);
            if records > 0 {
                return Ok(true);
            }
        }
    }

    fn take_issues(&mut self) -> Vec<Issue> {
        std::mem::take(&mut self.issues)
    }
}
