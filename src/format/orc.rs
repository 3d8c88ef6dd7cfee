//! ORC, stripe by stripe, through a foreign decoder: it runs under `catch_unwind`, and its messages are not passed on.

use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow_array::RecordBatch;
use orc_rust::ArrowReader;
use orc_rust::arrow_reader::ArrowReaderBuilder;

use super::feed::sync_fields;
use super::parquet::cells::Filler;
use super::{Limits, Reader};
use crate::base::orc::{Looked, STRUCT, look_at};
use crate::base::{Batch, Error, Issue, PeekInput, PlaceKind, Reason, Result, random_access};

const ROWS: usize = 4096;
/// The most of one row that is read.
const MOST_ROW_BYTES: usize = 256 << 20;

/// Reads an ORC file.
pub(super) struct Orc {
    rows: ArrowReader<Looked>,
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
    let (data, footer) = look_at(data)?;
    if footer.root.is_some_and(|kind| kind != STRUCT) {
        return Err(Error::new(Reason::UnsupportedFormat, "an ORC file whose rows are no structs"));
    }
    if footer.encrypted {
        // Without a key the decoder gives masked values and no error.
        issues.push(Issue { reason: Reason::Encrypted, detail: "some columns are encrypted; what is read of them is masked".into() });
    }
    let rows = guarded(|| Ok(ArrowReaderBuilder::try_new(data).map_err(|_| broken())?.with_batch_size(ROWS).build()))?;
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
    use crate::base::MemoryInput;

    #[test]
    fn types_that_lie_in_one_another_end_with_a_reason() {
        // A list that is its own element, below the root.
        let kind = |kind: u8, parts: &[u8]| [&[0x22, 4 + parts.len() as u8, 8, kind, 0x12, parts.len() as u8], parts].concat();
        let footer = [kind(STRUCT as u8, &[1]), kind(10, &[1])].concat();
        let postscript = [8, footer.len() as u8, 16, 0, 0x82, 0xf4, 3, 3, b'O', b'R', b'C'];
        let data = [&b"ORC"[..], &footer, &postscript, &[postscript.len() as u8]].concat();
        let open = |data: Vec<u8>| open(PeekInput::new(Box::new(MemoryInput::new(data))), &Limits::default());
        assert_eq!(open(data).err().map(|e| (e.reason, e.detail.contains("part of one another"))), Some((Reason::Corrupt, true)));
    }

    #[test]
    fn a_decimal_too_large_for_its_type_ends_with_a_reason() {
        // A damaged decimal of a sample has to be multiplied beyond 128 bits: a wrong number would be worse than none.
        let data = std::fs::read(format!("{}/tests/data/fuzz/orc_decimal_too_large.orc", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let mut r = open(PeekInput::new(Box::new(MemoryInput::new(data))), &Limits::default()).unwrap();
        let (mut batch, mut rows) = (Batch::default(), 0);
        let end = loop {
            match r.next_batch(&mut batch) {
                Ok(true) => rows += batch.records,
                end => break end,
            }
        };
        assert_eq!((end.map_err(|e| e.reason), rows), (Err(Reason::DecoderFailed), 0));
        assert!(matches!(r.next_batch(&mut batch), Ok(false)), "nothing follows");
    }
}
