//! Parquet: row group by row group, the leaf columns that can hold text or identifiers, column by column.
//!
//! The decoder is foreign code over foreign bytes: it runs under `catch_unwind`, and its messages, which may quote
//! data, are never passed on. A column that cannot be decoded costs its own values in its row group; encrypted columns
//! are left out from the start.

pub(super) mod cells;
mod dictionary;
mod encryption;
mod schema;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{Fields, Schema};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::basic::{LogicalType, Type};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::Length;

use super::feed::sync_fields;
use super::{Limits, Reader};
use crate::base::pages::Ranges;
use crate::base::{Batch, Error, Issue, PeekInput, PlaceKind, ReadAt, Reason, Result, random_access};
use cells::Filler;
use schema::{counted, holds_map, reason, views};

/// Rows decoded at a time; larger batches fall out of the cache.
const ROWS: u64 = 8192;

/// The most of one row that is read.
const MOST_ROW_BYTES: usize = 256 << 20;

/// How many bytes of values (and rows) one byte of the file may give: a dictionary may repeat a value for ever.
const EXPANSION: u64 = 10_000;
/// Before this many the expansion does not matter.
const EXPANSION_AFTER: u64 = 1 << 30;

/// Opens a Parquet file: over random access where there is some, else spilled.
pub(super) fn open(mut input: PeekInput, limits: &Limits) -> Result<Parquet> {
    Parquet::new(random_access(&mut input, &limits.spill)?, limits)
}

/// Runs the decoder.
fn guarded<T>(f: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|_| Err(Error::new(Reason::DecoderFailed, "the Parquet decoder failed")))
}

/// Reads a Parquet file.
pub(super) struct Parquet {
    data: Ranges,
    limits: Limits,
    metadata: ArrowReaderMetadata,
    /// Its columns as the current row group has them: those of which all pages refer to a dictionary are read as such.
    layout: dictionary::Layout,
    /// The leaf columns that are read, in order.
    wanted: Vec<usize>,
    /// Of how many rows the decoder gives at a time in the current row group.
    batch: usize,
    /// Whether broken columns of the current row group were left out already.
    rescued: bool,
    /// The next row group.
    group: usize,
    /// Row number of the first row of the next row group.
    group_row: u64,
    /// What decodes the current row group.
    rows: Option<ParquetRecordBatchReader>,
    /// Decoded rows and how many of them were given.
    decoded: Option<(RecordBatch, usize)>,
    /// Row number of what is given next.
    row: u64,
    /// How many rows fit a batch, by what was seen so far.
    fit: usize,
    offset: u64,
    filler: Filler,
    issues: Vec<Issue>,
    given: bool,
    failed: Option<Error>,
}

impl Parquet {
    fn new(data: Arc<dyn ReadAt>, limits: &Limits) -> Result<Parquet> {
        let len = data.len();
        let tail = data.read_at(len.saturating_sub(4), 4)?;
        match &tail[..] {
            b"PAR1" => {}
            b"PARE" => return Err(Error::new(Reason::Encrypted, "a Parquet file with an encrypted footer")),
            _ => return Err(Error::new(Reason::Truncated, "a Parquet file without its footer")),
        }
        let (ranges, footer) = Ranges::open(data)?;
        let metadata = guarded(|| {
            let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
            let plain = ArrowReaderMetadata::load(&ranges, options.clone()).map_err(|e| reason(&e))?;
            let fields: Fields =
                plain.schema().fields().iter().map(|f| Arc::new(f.as_ref().clone().with_data_type(views(f.data_type())))).collect();
            let schema = Arc::new(Schema::new(fields));
            Ok({
                let counted = counted(plain.metadata());
                let viewed = ArrowReaderMetadata::try_new(counted.clone(), options.clone().with_schema(schema));
                viewed.or_else(|_| ArrowReaderMetadata::try_new(counted, options)).map_err(|e| reason(&e))?
            })
        })?;
        let schema = metadata.parquet_schema();
        let encrypted = encryption::encrypted_columns(&footer);
        // A column that shares its root with an encrypted one cannot be put together without it.
        let locked: BTreeSet<usize> =
            encrypted.iter().filter(|i| **i < schema.num_columns()).map(|i| schema.get_column_root_idx(*i)).collect();
        let mut issues = Vec::new();
        if !encrypted.is_empty() {
            let detail = format!("{} of {} columns are encrypted", encrypted.len(), schema.num_columns());
            if locked.len() == metadata.schema().fields().len() {
                return Err(Error::new(Reason::Encrypted, detail));
            }
            issues.push(Issue { reason: Reason::Encrypted, detail });
        }
        let wanted: Vec<usize> = (0..schema.num_columns())
            .filter(|i| {
                let c = schema.column(*i);
                let says_nothing = matches!(c.physical_type(), Type::BOOLEAN | Type::FLOAT);
                let root = schema.get_column_root_idx(*i);
                if locked.contains(&root) {
                    return false;
                }
                // A map is read whole or not at all.
                let root = metadata.schema().fields().get(root);
                root.is_some_and(|f| holds_map(f.data_type()))
                    || !says_nothing && !matches!(c.logical_type_ref(), Some(LogicalType::Float16 | LogicalType::Time { .. }))
            })
            .collect();
        ranges.plan(schema.num_columns());
        Ok(Parquet {
            data: ranges,
            limits: limits.clone(),
            metadata,
            layout: dictionary::Layout::default(),
            wanted,
            batch: 1,
            rescued: false,
            group: 0,
            group_row: 0,
            rows: None,
            decoded: None,
            row: 0,
            fit: ROWS as usize,
            offset: 0,
            filler: Filler::default(),
            issues,
            given: false,
            failed: None,
        })
    }

    /// The next decoded rows; `None` at the end of the file.
    fn decode(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if let Some(rows) = &mut self.rows {
                let next = guarded(|| match rows.next() {
                    Some(Ok(b)) => Ok(Some(b)),
                    Some(Err(e)) => Err(match e {
                        arrow_schema::ArrowError::ParquetError(m) if m.contains("ncrypt") => {
                            Error::new(Reason::Encrypted, "encrypted columns")
                        }
                        arrow_schema::ArrowError::ParquetError(m) if m.starts_with("EOF") => {
                            Error::new(Reason::Truncated, "the Parquet data ends too early")
                        }
                        arrow_schema::ArrowError::ParquetError(m) if m.starts_with("NYI") => {
                            Error::new(Reason::UnsupportedFormat, "a Parquet feature that is not supported")
                        }
                        _ => Error::new(Reason::Corrupt, "broken Parquet data"),
                    }),
                    None => Ok(None),
                });
                match next {
                    Ok(Some(b)) => return Ok(Some(b)),
                    Ok(None) => {
                        self.rows = None;
                        if self.row != self.group_row {
                            self.lost(Error::new(Reason::Truncated, "fewer rows than the footer says"));
                        }
                    }
                    Err(e) => {
                        self.rows = None;
                        self.rescue(e);
                    }
                }
                continue;
            }
            let groups = self.metadata.metadata().row_groups();
            let Some(g) = groups.get(self.group) else { return Ok(None) };
            let rows = u64::try_from(g.num_rows()).unwrap_or(0);
            let bytes = u64::try_from(g.total_byte_size()).unwrap_or(0);
            self.row = self.group_row;
            self.group_row = self.group_row.saturating_add(rows);
            self.group += 1;
            let each = (bytes / rows.max(1)).max(1);
            self.batch = (4 * self.limits.batch_bytes as u64 / each).clamp(1, ROWS) as usize;
            self.rescued = false;
            self.filler.dictionaries.start(rows);
            self.layout.start(&self.metadata, self.group - 1);
            match self.build(&self.wanted, 0) {
                Ok(r) => self.rows = Some(r),
                Err(e) => self.rescue(e),
            }
        }
    }

    /// A decoder of these leaf columns of the current row group, from its row `from` on.
    fn build(&self, columns: &[usize], from: u64) -> Result<ParquetRecordBatchReader> {
        let group = self.metadata.metadata().row_group(self.group - 1);
        // A footer may lie about offsets; a chunk that starts nowhere holds no page.
        let start = |c: &ColumnChunkMetaData| u64::try_from(c.dictionary_page_offset().unwrap_or(c.data_page_offset())).ok();
        self.data.start_group(group.columns().iter().filter_map(start).collect(), self.limits.page_bytes);
        let mask = ProjectionMask::leaves(self.metadata.parquet_schema(), columns.iter().copied());
        guarded(|| {
            ParquetRecordBatchReaderBuilder::new_with_metadata(self.data.clone(), self.layout.metadata(&self.metadata))
                .with_row_groups(vec![self.group - 1])
                .with_projection(mask)
                .with_batch_size(self.batch)
                .with_offset(usize::try_from(from).unwrap_or(usize::MAX))
                .build()
                .map_err(|e| reason(&e))
        })
    }

    /// After an error: finds the columns that cannot be decoded to the end of the row group, each by itself, and goes
    /// on without them. Done once a row group, so that the worst file costs twice its time.
    fn rescue(&mut self, e: Error) {
        let rows = self.metadata.metadata().row_group(self.group - 1).num_rows();
        let done = rows_before(self.group_row, rows, self.row);
        let schema = self.metadata.parquet_schema();
        let failure = self.data.failure();
        let storage = failure.as_ref().is_some_and(|f| f.reason.retryable());
        let e = failure.unwrap_or(e);
        if self.rescued || storage || self.wanted.len() < 2 {
            return self.lost(e);
        }
        self.rescued = true;
        let mut good = Vec::new();
        let mut bad = 0;
        for leaves in self.wanted.chunk_by(|a, b| schema.get_column_root_idx(*a) == schema.get_column_root_idx(*b)) {
            let whole = self.build(leaves, done).and_then(|mut r| {
                let mut n = done;
                guarded(move || {
                    for b in &mut r {
                        n += b.map_err(|_| Error::new(Reason::Corrupt, "broken Parquet data"))?.num_rows() as u64;
                    }
                    Ok(n)
                })
            });
            match whole {
                Ok(n) if i64::try_from(n) == Ok(rows) => good.extend_from_slice(leaves),
                _ => bad += leaves.len(),
            }
            if let Some(e) = self.data.failure().filter(|f| f.reason.retryable()) {
                return self.lost(e);
            }
        }
        if bad == 0 || good.is_empty() {
            return self.lost(e);
        }
        match self.build(&good, done) {
            Ok(r) => {
                self.rows = Some(r);
                let what =
                    format!("{bad} of {} columns of row group {} from row {}: {}", self.wanted.len(), self.group - 1, self.row, e.detail);
                self.issue(e.reason, what);
            }
            Err(e) => self.lost(e),
        }
    }

    /// Remembers that the rest of the current row group is lost.
    fn lost(&mut self, e: Error) {
        let e = self.data.failure().unwrap_or(e);
        self.issue(e.reason, format!("row group {} from row {}: {}", self.group - 1, self.row, e.detail));
        self.failed = Some(e);
    }

    /// Notes what is not read, a few times for each reason.
    fn issue(&mut self, reason: Reason, detail: String) {
        match self.issues.iter().filter(|i| i.reason == reason).count() {
            0..10 => self.issues.push(Issue { reason, detail }),
            10 => self.issues.push(Issue { reason, detail: "more row groups like that".to_owned() }),
            _ => {}
        }
    }
}

/// How many of the `rows` of a row group that ends before row `end` lie before row `at`.
fn rows_before(end: u64, rows: i64, at: u64) -> u64 {
    at.saturating_sub(end.saturating_sub(u64::try_from(rows).unwrap_or(0)))
}

impl Reader for Parquet {
    fn kind(&self) -> &'static str {
        "parquet"
    }

    fn next_batch(&mut self, batch: &mut Batch) -> Result<bool> {
        batch.clear();
        batch.places = PlaceKind::Rows;
        batch.first_line = 1;
        let expanded = self.offset.saturating_add(self.row);
        if expanded > EXPANSION_AFTER.max(self.data.len().saturating_mul(EXPANSION)) && self.group < usize::MAX {
            (self.rows, self.decoded, self.failed, self.group) = (None, None, None, usize::MAX);
            let detail = format!("one byte of the file gives more than {EXPANSION} bytes, after row {}", self.row);
            return Err(Error::new(Reason::ExpansionLimit, detail));
        }
        if self.decoded.is_none() {
            self.decoded = self.decode()?.map(|b| (b, 0));
        }
        let Some((rows, done)) = &mut self.decoded else {
            // A file of which nothing could be read has failed; one that gave some of its rows is partial.
            return match self.failed.take() {
                Some(e) if !self.given => {
                    self.issues.clear();
                    Err(e)
                }
                _ => Ok(false),
            };
        };
        batch.offset = self.offset;
        batch.first_row = self.row;
        let left = rows.num_rows() - *done;
        let mut n = left.min(self.fit.max(1));
        let most = 4 * self.limits.batch_bytes.max(1);
        loop {
            let slice = rows.slice(*done, n);
            let filler = &mut self.filler;
            let fits = guarded(|| Ok(filler.fill(batch, &slice, if n > 1 { most } else { MOST_ROW_BYTES })))?;
            if fits {
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
        // Few bytes: more rows next time; many: fewer.
        let bytes = batch.bytes.len() + self.filler.repeated;
        let per_row = (bytes / n).max(1);
        self.fit = (self.limits.batch_bytes / per_row).clamp(1, ROWS as usize);
        *done += n;
        if *done == rows.num_rows() {
            self.decoded = None;
        }
        self.row += n as u64;
        self.offset += bytes as u64;
        self.given = true;
        batch.records = n as u64;
        batch.core = 0..batch.bytes.len();
        sync_fields(batch, &self.filler.fields);
        Ok(true)
    }

    fn take_issues(&mut self) -> Vec<Issue> {
        std::mem::take(&mut self.issues)
    }
}
