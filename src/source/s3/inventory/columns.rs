//! Files of an inventory in ORC and Parquet: columns of the manifest's names in small letters, keys as they are.
//!
//! The decoders are foreign code over foreign bytes: they run under `catch_unwind`, and their messages are not passed on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Int32Type, Int64Type, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Fields, Schema, TimeUnit};
use orc_rust::arrow_reader::ArrowReaderBuilder;
use orc_rust::projection::ProjectionMask as OrcMask;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};

use super::Row;
use crate::base::orc::look_at;
use crate::base::pages::Ranges;
use crate::base::{Error, ReadAt, Reason, Result, Timestamp};

/// Rows decoded at a time.
const ROWS: usize = 1024;
/// The most bytes of pages that the decoder of Parquet may hold.
const PAGES: u64 = 256 << 20;

/// What is taken of a row, if it is there.
const COLUMNS: [&str; 10] = [
    "bucket",
    "key",
    "size",
    "version_id",
    "is_latest",
    "is_delete_marker",
    "last_modified_date",
    "e_tag",
    "storage_class",
    "intelligent_tiering_access_tier",
];
/// So many of them must be.
const NEEDED: usize = 3;

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Orc,
    Parquet,
}

/// Calls `each` with the rows of a file.
pub(super) fn rows(data: Arc<dyn ReadAt>, kind: Kind, each: &mut dyn FnMut(&Row<'_>) -> Result<()>) -> Result<()> {
    let decode = || match kind {
        Kind::Orc => orc(data, each),
        Kind::Parquet => parquet(data, each),
    };
    catch_unwind(AssertUnwindSafe(decode))
        .unwrap_or_else(|_| Err(Error::new(Reason::DecoderFailed, "the decoder failed on a file of the inventory")))
}

fn broken(kind: Kind) -> Error {
    let name = if kind == Kind::Orc { "ORC" } else { "Parquet" };
    Error::new(Reason::Corrupt, format!("a file of the inventory is not the {name} it should be"))
}

fn orc(data: Arc<dyn ReadAt>, each: &mut dyn FnMut(&Row<'_>) -> Result<()>) -> Result<()> {
    let broken = || broken(Kind::Orc);
    let (data, _) = look_at(data).map_err(|_| broken())?;
    let file = ArrowReaderBuilder::try_new(data).map_err(|_| broken())?;
    let mask = OrcMask::named_roots(file.file_metadata().root_data_type(), &COLUMNS);
    let rows = file.with_projection(mask).with_batch_size(ROWS).build();
    let (total, mut seen) = (rows.total_row_count(), 0);
    for batch in rows {
        let batch = batch.map_err(|_| broken())?;
        seen += batch.num_rows() as u64;
        take(&batch, Kind::Orc, each)?;
    }
    // A file without rows shows its columns nowhere.
    if seen == total { Ok(()) } else { Err(broken()) }
}

fn parquet(data: Arc<dyn ReadAt>, each: &mut dyn FnMut(&Row<'_>) -> Result<()>) -> Result<()> {
    let (ranges, _) = Ranges::open(data).map_err(|e| if e.reason.retryable() { e } else { broken(Kind::Parquet) })?;
    let failed = || ranges.failure().filter(|e| e.reason == Reason::MemoryLimit).unwrap_or_else(|| broken(Kind::Parquet));
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let plain = ArrowReaderMetadata::load(&ranges, options.clone()).map_err(|_| failed())?;
    // Views: a value that a dictionary holds once is not copied for each row that has it.
    let view = |f: &Arc<Field>| match f.data_type() {
        DataType::Utf8 => Arc::new(f.as_ref().clone().with_data_type(DataType::Utf8View)),
        DataType::Binary => Arc::new(f.as_ref().clone().with_data_type(DataType::BinaryView)),
        _ => f.clone(),
    };
    let schema = Arc::new(Schema::new(plain.schema().fields().iter().map(view).collect::<Fields>()));
    let metadata = ArrowReaderMetadata::try_new(plain.metadata().clone(), options.with_schema(schema)).map_err(|_| failed())?;
    let mask = ProjectionMask::columns(metadata.parquet_schema(), COLUMNS);
    ranges.plan(COLUMNS.len());
    for (g, group) in metadata.metadata().row_groups().iter().enumerate() {
        let starts = group.columns().iter().filter_map(|c| u64::try_from(c.dictionary_page_offset().unwrap_or(c.data_page_offset())).ok());
        ranges.start_group(starts.collect(), PAGES);
        let rows = ParquetRecordBatchReaderBuilder::new_with_metadata(ranges.clone(), metadata.clone())
            .with_row_groups(vec![g])
            .with_projection(mask.clone())
            .with_batch_size(ROWS)
            .build()
            .map_err(|_| failed())?;
        let mut seen = 0;
        for batch in rows {
            let batch = batch.map_err(|_| failed())?;
            seen += batch.num_rows() as i64;
            take(&batch, Kind::Parquet, each)?;
        }
        if seen != group.num_rows() {
            return Err(failed());
        }
    }
    Ok(())
}

/// Gives the rows of a batch.
fn take(batch: &RecordBatch, kind: Kind, each: &mut dyn FnMut(&Row<'_>) -> Result<()>) -> Result<()> {
    let columns = COLUMNS.map(|name| batch.column_by_name(name));
    if columns[..NEEDED].iter().any(Option::is_none) {
        let detail = "a file of the inventory lacks one of the columns bucket, key and size; configure the inventory with them";
        return Err(Error::new(Reason::Corrupt, detail));
    }
    let [bucket, key, size, version, latest, deleted, modified, tag, class, tier] = columns;
    for i in 0..batch.num_rows() {
        let row = Row {
            bucket: text(bucket, i).unwrap_or(""),
            key: text(key, i).ok_or_else(|| broken(kind))?.into(),
            size: number(size, i).and_then(|n| u64::try_from(n).ok()).unwrap_or(0),
            version: text(version, i),
            old: truth(latest, i) == Some(false),
            deleted: truth(deleted, i) == Some(true),
            modified: number(modified, i).map(Timestamp).or_else(|| Timestamp::parse(text(modified, i)?)),
            tag: text(tag, i),
            class: text(class, i),
            tier: text(tier, i),
        };
        each(&row)?;
    }
    Ok(())
}

fn there(column: Option<&ArrayRef>, i: usize) -> Option<&ArrayRef> {
    column.filter(|c| c.is_valid(i))
}

/// A text that is not empty.
fn text(column: Option<&ArrayRef>, i: usize) -> Option<&str> {
    let c = there(column, i)?;
    let bytes = || {
        let bytes = c.as_binary_view_opt().map(|c| c.value(i)).or_else(|| Some(c.as_binary_opt::<i32>()?.value(i)))?;
        std::str::from_utf8(bytes).ok()
    };
    let text = c.as_string_view_opt().map(|c| c.value(i)).or_else(|| Some(c.as_string_opt::<i32>()?.value(i)));
    text.or_else(bytes).filter(|t| !t.is_empty())
}

/// A truth, written as such or as a word.
fn truth(column: Option<&ArrayRef>, i: usize) -> Option<bool> {
    let word = || text(column, i)?.to_ascii_lowercase().parse().ok();
    there(column, i)?.as_boolean_opt().map(|c| c.value(i)).or_else(word)
}

/// A number; of a moment the milliseconds since 1970.
fn number(column: Option<&ArrayRef>, i: usize) -> Option<i64> {
    let c = there(column, i)?;
    match c.data_type() {
        DataType::Int64 => Some(c.as_primitive_opt::<Int64Type>()?.value(i)),
        DataType::Int32 => Some(i64::from(c.as_primitive_opt::<Int32Type>()?.value(i))),
        DataType::Timestamp(TimeUnit::Second, _) => c.as_primitive_opt::<TimestampSecondType>()?.value(i).checked_mul(1000),
        DataType::Timestamp(TimeUnit::Millisecond, _) => Some(c.as_primitive_opt::<TimestampMillisecondType>()?.value(i)),
        DataType::Timestamp(TimeUnit::Microsecond, _) => Some(c.as_primitive_opt::<TimestampMicrosecondType>()?.value(i).div_euclid(1000)),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            Some(c.as_primitive_opt::<TimestampNanosecondType>()?.value(i).div_euclid(1_000_000))
        }
        _ => None,
    }
}
