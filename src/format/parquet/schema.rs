//! What the decoder is told of a file, and what its errors mean.

use std::sync::Arc;

use arrow_schema::{DataType, Field, Fields};
use parquet::errors::ParquetError;
use parquet::file::metadata::{FileMetaData, ParquetMetaData};

use crate::base::{Error, Reason};

/// What an error of the decoder means. Its text is looked at for its kind, never repeated.
pub(super) fn reason(e: &ParquetError) -> Error {
    let text = e.to_string();
    if text.contains("ncrypt") {
        return Error::new(Reason::Encrypted, "the Parquet file or some of its columns are encrypted");
    }
    match e {
        ParquetError::NYI(_) => Error::new(Reason::UnsupportedFormat, "a Parquet feature that is not supported"),
        ParquetError::EOF(_) | ParquetError::NeedMoreData(_) | ParquetError::NeedMoreDataRange(_) => {
            Error::new(Reason::Truncated, "the Parquet data ends too early")
        }
        ParquetError::External(e) => match e.downcast_ref::<Error>() {
            Some(e) => e.clone(),
            None => Error::new(Reason::Corrupt, "broken Parquet data"),
        },
        _ => Error::new(Reason::Corrupt, "broken Parquet data"),
    }
}

/// Views instead of offsets: no copy of the values, and no limit of 2 GiB a column.
pub(super) fn views(t: &DataType) -> DataType {
    let field = |f: &Arc<Field>| Arc::new(f.as_ref().clone().with_data_type(views(f.data_type())));
    match t {
        DataType::Utf8 | DataType::LargeUtf8 => DataType::Utf8View,
        DataType::Binary | DataType::LargeBinary => DataType::BinaryView,
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(field).collect::<Fields>()),
        DataType::List(f) => DataType::List(field(f)),
        DataType::LargeList(f) => DataType::LargeList(field(f)),
        DataType::Map(f, sorted) => DataType::Map(field(f), *sorted),
        t => t.clone(),
    }
}

/// Some writers leave the file's number of rows at zero, and the decoder then gives none: the row groups are believed.
pub(super) fn counted(m: &Arc<ParquetMetaData>) -> Arc<ParquetMetaData> {
    let rows = m.row_groups().iter().fold(0i64, |n, g| n.saturating_add(g.num_rows().max(0)));
    let f = m.file_metadata();
    if f.num_rows() == rows {
        return m.clone();
    }
    let kv = f.key_value_metadata().cloned();
    let orders = f.column_orders().cloned();
    let f = FileMetaData::new(f.version(), rows, f.created_by().map(str::to_owned), kv, f.schema_descr_ptr(), orders);
    Arc::new(ParquetMetaData::new(f, m.row_groups().to_vec()))
}

pub(super) fn holds_map(t: &DataType) -> bool {
    match t {
        DataType::Map(..) => true,
        DataType::Struct(fields) => fields.iter().any(|f| holds_map(f.data_type())),
        DataType::List(f) | DataType::LargeList(f) => holds_map(f.data_type()),
        _ => false,
    }
}
