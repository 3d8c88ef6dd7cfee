//! ORC, stripe by stripe, through a foreign decoder: it runs under `catch_unwind`, and its messages are not passed on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow_array::RecordBatch;
use bytes::{Buf, Bytes};
use orc_rust::ArrowReader;
use orc_rust::arrow_reader::ArrowReaderBuilder;
use orc_rust::reader::ChunkReader;

use super::feed::sync_fields;
use super::parquet::cells::Filler;
use super::{Limits, Reader};
use crate::base::{Batch, Error, Issue, PeekInput, PlaceKind, ReadAt, Reason, Result, random_access};

const ROWS: usize = 4096;
/// The most of one row that is read.
const MOST_ROW_BYTES: usize = 256 << 20;

/// Random access as the decoder wants it.
struct Source(Arc<dyn ReadAt>);

impl ChunkReader for Source {
    type T = bytes::buf::Reader<Bytes>;

    fn len(&self) -> u64 {
        self.0.len()
    }

    fn get_read(&self, from: u64) -> std::io::Result<Self::T> {
        let n = self.0.len().saturating_sub(from).min(8 << 20);
        Ok(self.0.read_at(from, n as usize).map_err(std::io::Error::other)?.reader())
    }

    fn get_bytes(&self, from: u64, len: u64) -> std::io::Result<Bytes> {
        let len = usize::try_from(len).map_err(|_| std::io::ErrorKind::InvalidInput)?;
        self.0.read_at(from, len).map_err(std::io::Error::other)
    }
}

/// Reads an ORC file.
pub(super) struct Orc {
    rows: ArrowReader<Source>,
    limits: Limits,
    decoded: Option<(RecordBatch, usize)>,
    row: u64,
    total: u64,
    fit: usize,
    offset: u64,
    filler: Filler,
    issues: Vec<Issue>,
    ended: bool,
}

fn guarded<T>(f: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|_| Err(Error::new(Reason::DecoderFailed, "the ORC decoder failed")))
}

fn broken() -> Error {
    Error::new(Reason::Corrupt, "broken ORC data")
}

/// Opens a file.
pub(super) fn open(mut input: PeekInput, limits: &Limits) -> Result<Orc> {
    let data = random_access(&mut input, &limits.spill)?;
    let tail = data.read_at(data.len().saturating_sub(5), data.len().min(5) as usize)?;
    if tail.get(1..4) != Some(b"ORC") {
        return Err(Error::new(Reason::Truncated, "an ORC file without its end"));
    }
    let mut issues = Vec::new();
    let footer = footer(&data).unwrap_or_default();
    if footer.root.is_some_and(|kind| kind != STRUCT) {
        return Err(Error::new(Reason::UnsupportedFormat, "an ORC file whose rows are no structs"));
    }
    if footer.encrypted {
        // Without a key the decoder gives masked values and no error.
        issues.push(Issue { reason: Reason::Encrypted, detail: "some columns are encrypted; what is read of them is masked".into() });
    }
    let rows = guarded(|| Ok(ArrowReaderBuilder::try_new(Source(data)).map_err(|_| broken())?.with_batch_size(ROWS).build()))?;
    let total = rows.total_row_count();
    Ok(Orc {
        rows,
        limits: limits.clone(),
        decoded: None,
        row: 0,
        total,
        fit: ROWS,
        offset: 0,
        filler: Filler::default(),
        issues,
        ended: false,
    })
}

/// The next field of a protobuf message: its number, and its bytes or its value.
fn field<'a>(message: &mut &'a [u8]) -> Option<(u64, &'a [u8], u64)> {
    let varint = |m: &mut &[u8]| -> Option<u64> {
        let mut n = 0;
        for shift in (0..64).step_by(7) {
            let (b, rest) = m.split_first()?;
            *m = rest;
            n |= u64::from(b & 0x7f) << shift;
            if b & 0x80 == 0 {
                return Some(n);
            }
        }
        None
    };
    let key = varint(message)?;
    let (bytes, value) = match key & 7 {
        0 => (0, varint(message)?),
        1 => (8, 0),
        5 => (4, 0),
        2 => (usize::try_from(varint(message)?).ok()?, 0),
        _ => return None,
    };
    let (own, rest) = message.split_at_checked(bytes)?;
    *message = rest;
    Some((key >> 3, own, value))
}

/// The kind of a type that has named columns.
const STRUCT: u64 = 12;

/// What the decoder does not tell of a file.
#[derive(Debug, Default, PartialEq, Eq)]
struct Footer {
    /// Whether it speaks of encrypted columns.
    encrypted: bool,
    /// The kind of its first type, which all others are part of.
    root: Option<u64>,
}

/// The footer; `None` if it cannot be read. Fields by the ORC specification: 4 are types (kind is their field 1), 10 is encryption.
fn footer(data: &Arc<dyn ReadAt>) -> Option<Footer> {
    let len = data.len();
    let n = u64::from(*data.read_at(len - 1, 1).ok()?.first()?);
    let postscript = data.read_at(len.checked_sub(1 + n)?, n as usize).ok()?;
    let (mut footer_len, mut compression, mut m) = (0, 0, &postscript[..]);
    while let Some((number, _, value)) = field(&mut m) {
        match number {
            1 => footer_len = value,
            2 => compression = value,
            _ => {}
        }
    }
    let footer = data.read_at((len - 1 - n).checked_sub(footer_len)?, usize::try_from(footer_len).ok()?).ok()?;
    let mut plain = Vec::new();
    if compression == 0 {
        plain.extend_from_slice(&footer);
    } else {
        let mut rest = &footer[..];
        while rest.len() >= 3 {
            let head = u32::from_le_bytes([rest[0], rest[1], rest[2], 0]);
            let (chunk, after) = rest[3..].split_at_checked((head >> 1) as usize)?;
            rest = after;
            let most = 16 << 20;
            match (head & 1, compression) {
                (1, _) => plain.extend_from_slice(chunk),
                (_, 1) => {
                    let inflate = flate2::read::DeflateDecoder::new(chunk);
                    std::io::Read::read_to_end(&mut std::io::Read::take(inflate, most), &mut plain).ok()?;
                }
                (_, 2) if snap::raw::decompress_len(chunk).ok()? as u64 > most => return None,
                (_, 2) => plain.extend(snap::raw::Decoder::new().decompress_vec(chunk).ok()?),
                // No block of LZ4 grows by more than that.
                (_, 4) => plain.extend(lz4_flex::block::decompress(chunk, chunk.len().saturating_mul(255).min(4 << 20)).ok()?),
                (_, 5) => {
                    let zstd = zstd::stream::read::Decoder::new(chunk).ok()?;
                    std::io::Read::read_to_end(&mut std::io::Read::take(zstd, most), &mut plain).ok()?;
                }
                _ => return None,
            }
            if plain.len() as u64 > most {
                return None;
            }
        }
    }
    let (mut m, mut told) = (&plain[..], Footer::default());
    while let Some((number, own, _)) = field(&mut m) {
        match number {
            4 if told.root.is_none() => {
                let mut own = own;
                let kind = field(&mut own).filter(|f| f.0 == 1);
                told.root = Some(kind.map_or(0, |f| f.2));
            }
            10 => told.encrypted = true,
            _ => {}
        }
    }
    Some(told)
}

impl Reader for Orc {
    fn kind(&self) -> &'static str {
        "orc"
    }

    fn next_batch(&mut self, batch: &mut Batch) -> Result<bool> {
        batch.clear();
        batch.places = PlaceKind::Rows;
        batch.first_line = 1;
        while self.decoded.is_none() {
            if self.ended {
                return Ok(false);
            }
            let rows = &mut self.rows;
            let next = guarded(|| rows.next().transpose().map_err(|_| broken()));
            match next {
                Ok(Some(b)) if b.num_rows() == 0 => {}
                Ok(Some(b)) => self.decoded = Some((b, 0)),
                Ok(None) => {
                    self.ended = true;
                    if self.row < self.total {
                        let detail = format!("{} rows of {}", self.row, self.total);
                        self.issues.push(Issue { reason: Reason::Truncated, detail });
                    }
                }
                Err(e) => {
                    self.ended = true;
                    return Err(Error::new(e.reason, format!("{}, from row {} of {}", e.detail, self.row, self.total)));
                }
            }
        }
        let Some((rows, done)) = &mut self.decoded else { return Ok(false) };
        batch.offset = self.offset;
        batch.first_row = self.row;
        let mut n = (rows.num_rows() - *done).min(self.fit.max(1));
        let most = 4 * self.limits.batch_bytes.max(1);
        loop {
            let slice = rows.slice(*done, n);
            let filler = &mut self.filler;
            if guarded(|| Ok(filler.fill(batch, &slice, if n > 1 { most } else { MOST_ROW_BYTES })))? {
                break;
            }
            if n == 1 {
                self.issues.push(Issue {
                    reason: Reason::MemoryLimit,
                    detail: format!("row {} holds more than {MOST_ROW_BYTES} bytes", self.row),
                });
                break;
            }
            n = (n / 2).max(1);
            batch.clear();
        }
        self.fit = (self.limits.batch_bytes / (batch.bytes.len() / n).max(1)).clamp(1, ROWS);
        *done += n;
        if *done == rows.num_rows() {
            self.decoded = None;
        }
        self.row += n as u64;
        self.offset += batch.bytes.len() as u64;
        batch.records = n as u64;
        batch.core = 0..batch.bytes.len();
        sync_fields(batch, &self.filler.fields);
        Ok(true)
    }

    fn take_issues(&mut self) -> Vec<Issue> {
        std::mem::take(&mut self.issues)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Input, MemoryInput};

    #[test]
    fn footers_tell_of_roots_and_encryption() {
        let of = |encrypted, root| Some(Footer { encrypted, root });
        let cases = [
            ("orc/alltypes.none.orc", of(false, Some(STRUCT))),
            ("orc/alltypes.lz4.orc", of(false, Some(STRUCT))),
            ("orc/alltypes.zstd.orc", of(false, Some(STRUCT))),
            ("orc/alltypes.lzo.orc", None),
            ("orc_encrypted/sample1.orc", of(true, Some(STRUCT))),
            ("orc/TestOrcFile.testTimestamp.orc", of(false, Some(9))),
            ("orc/TestOrcFile.testWithoutCompressionBlockSize.orc", of(false, Some(4))),
        ];
        for (name, want) in cases {
            let path = format!("{}/tests/data/formats/{name}", env!("CARGO_MANIFEST_DIR"));
            let input = MemoryInput::new(std::fs::read(path).unwrap());
            assert_eq!(footer(&input.random_access().unwrap()), want, "{name}");
        }
    }
}
