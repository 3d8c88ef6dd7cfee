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
/// The most records of a block that are believed, though records may take no byte.
const MOST_RECORDS: usize = 1 << 40;

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
    /// Nothing follows.
    ended: bool,
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
        ended: false,
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
            if self.ended {
                return Ok(false);
            }
            self.feed.fill(&mut self.buf, 64);
            if self.buf.is_empty() {
                return self.feed.end();
            }
            let mut at = 0;
            let (count, size) = (long(&self.buf, &mut at), long(&self.buf, &mut at));
            let sane = |n: Option<i64>| n.and_then(|n| usize::try_from(n).ok());
            let (Some(count), Some(size)) = (sane(count).filter(|c| *c <= MOST_RECORDS), sane(size).filter(|s| *s <= MOST_BLOCK)) else {
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
                Err(e) if e.reason == Reason::UnsupportedFormat => {
                    self.ended = true;
                    return Err(e);
                }
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
                let nothing = read.is_ok() && walk.at == self.block.1;
                self.block.1 = walk.at;
                self.block.2 -= 1;
                records += 1;
                if nothing {
                    // A schema whose records take no byte: all others of the block are the same, however many it says they are.
                    records += std::mem::take(&mut self.block.2);
                }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::MemoryInput;

    fn zigzag(n: i64) -> Vec<u8> {
        let (mut z, mut out) = (((n << 1) ^ (n >> 63)) as u64, Vec::new());
        while z >= 0x80 {
            out.push(z as u8 | 0x80);
            z >>= 7;
        }
        out.push(z as u8);
        out
    }

    /// A file of blocks: how many records each says it has, and its bytes.
    fn file(schema: &str, codec: &str, blocks: &[(i64, &[u8])]) -> Vec<u8> {
        let text = |t: &str| [zigzag(t.len() as i64), t.as_bytes().to_vec()].concat();
        let head = [b"Obj\x01".to_vec(), zigzag(2), text("avro.schema"), text(schema), text("avro.codec"), text(codec), vec![0]].concat();
        let block = |b: &(i64, &[u8])| [zigzag(b.0), zigzag(b.1.len() as i64), b.1.to_vec(), vec![7; 16]].concat();
        [head, vec![7; 16], blocks.iter().flat_map(block).collect()].concat()
    }

    fn read(data: Vec<u8>) -> (u64, Vec<Reason>, Option<Reason>) {
        let mut r = open(PeekInput::new(Box::new(MemoryInput::new(data))), &Limits::default()).unwrap();
        let (mut b, mut records) = (Batch::default(), 0);
        let failed = loop {
            match r.next_batch(&mut b) {
                Ok(true) => records += b.records,
                Ok(false) => break None,
                Err(e) => break Some(e.reason),
            }
        };
        assert!(matches!(r.next_batch(&mut b), Ok(false)), "nothing follows the end");
        (records, r.take_issues().iter().map(|i| i.reason).collect(), failed)
    }

    #[test]
    fn blocks_end_whatever_they_say() {
        let empty = r#"{"type":"record","name":"r","fields":[{"name":"n","type":"null"}]}"#;
        let name = r#"{"type":"record","name":"r","fields":[{"name":"n","type":"string"}]}"#;
        let cases: [(&str, &str, &[(i64, &[u8])], _); 5] = [
            (name, "null", &[(2, b"\x02a\x02b"), (1, b"\x02c")], (3, vec![], None)),
            (name, "unheard-of", &[(1, b"\x02a"), (1, b"\x02b")], (0, vec![], Some(Reason::UnsupportedFormat))),
            (empty, "null", &[(1 << 39, b""), (5, b"")], ((1 << 39) + 5, vec![], None)),
            (empty, "null", &[(i64::MAX, b""), (5, b"")], (5, vec![Reason::Corrupt], None)),
            (name, "deflate", &[(7, b"\xff\xff"), (i64::MAX, b"x")], (0, vec![Reason::Corrupt, Reason::Corrupt], None)),
        ];
        for (schema, codec, blocks, want) in cases {
            assert_eq!(read(file(schema, codec, blocks)), want, "{codec} {:?}", blocks[0]);
        }
    }

    #[test]
    fn unions_defaults_and_aliases_leave_the_writers_names() {
        let schema = r#"{"type":"record","name":"org.harbor.Person","aliases":["Human"],"fields":[
            {"name":"email","type":["null","string"],"default":null,"aliases":["mail"]},
            {"name":"age","type":["int","string"],"default":7},
            {"name":"home","type":{"type":"record","name":"Address","aliases":["Place"],"fields":[{"name":"city","type":"string","default":"x"}]}},
            {"name":"other","type":["null","org.harbor.Address"],"default":null},
            {"name":"tags","type":{"type":"array","items":["null","string",{"type":"map","values":"string"}]},"default":[]}]}"#;
        let first = b"\x02\x1aa@example.com\x02\x06old\x06Rye\x02\x06Ely\x04\x02\x02t\x04\x02\x02k\x02v\0\0";
        let second = b"\0\0\x12\0\0\0";
        let data = file(schema, "null", &[(2, &[&first[..], second].concat())]);
        let mut r = open(PeekInput::new(Box::new(MemoryInput::new(data))), &Limits::default()).unwrap();
        let (mut b, mut found) = (Batch::default(), Vec::new());
        while r.next_batch(&mut b).unwrap() {
            for c in &b.cells {
                let text = String::from_utf8_lossy(b.value(c)).into_owned();
                found.push((b.first_row + u64::from(c.row), b.fields[c.field as usize].clone(), text));
            }
        }
        let cell = |row: u64, field: &str, v: &str| (row, field.to_owned(), v.to_owned());
        let want = [
            cell(0, "email", "a@example.com"),
            cell(0, "age", "old"),
            cell(0, "home.city", "Rye"),
            cell(0, "other.city", "Ely"),
            cell(0, "tags[]", "t"),
            cell(0, "tags[].*", "k"),
            cell(0, "tags[].*", "v"),
            cell(1, "age", "9"),
        ];
        assert_eq!((found, r.take_issues().len()), (want.to_vec(), 0));
        // A branch that the union has not costs its record.
        let bad = file(schema, "null", &[(1, b"\x04"), (1, second)]);
        assert_eq!(read(bad), (2, vec![Reason::Corrupt], None));
    }
}
