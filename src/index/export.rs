//! The index as Parquet files, a file a view, for those who join it with something else.

use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::{Float64Builder, Int64Builder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use rusqlite::types::ValueRef;

use super::error::IndexError;
use super::reader::Reader;
use super::sql::{VIEWS, open};
use crate::base::{WholeFile, private_folder};

/// Rows that are held in memory.
const ROWS: usize = 65_536;

/// Columns that hold whole numbers; all others are text but one.
const NUMBERS: &[&str] = &[
    "run",
    "listed",
    "unchanged",
    "read",
    "partial",
    "unread",
    "gone",
    "bytes",
    "records",
    "sightings",
    "object",
    "size",
    "current",
    "first_run",
    "last_run",
    "ended_run",
    "test_values",
    "filled",
    "linked",
    "shared",
    "certainty",
    "count",
];

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// Its name in the folder.
    pub file: String,
    /// Rows.
    pub rows: u64,
}

enum Column {
    Integer(Int64Builder),
    Real(Float64Builder),
    Text(StringBuilder),
}

impl Reader {
    /// Writes `runs.parquet`, `objects.parquet` … into `dir`, which is made if it is not there; readable by their owner
    /// only. What is there already is written anew.
    pub fn export(&self, dir: &Path) -> Result<Vec<Exported>, IndexError> {
        let file_error = |path: &Path| {
            let path = path.to_owned();
            move |source| IndexError::File { path, source }
        };
        private_folder(dir).map_err(file_error(dir))?;
        // One connection, one snapshot for all files.
        let conn = open(self.path())?;
        let mut done = Vec::new();
        for (view, columns, _) in VIEWS {
            let name = format!("{view}.parquet");
            let path = dir.join(&name);
            let file = WholeFile::create(&path).map_err(file_error(&path))?;
            let names: Vec<&str> = columns.split(", ").collect();
            let fields: Vec<Field> = names.iter().map(|n| Field::new(*n, kind(n), true)).collect();
            let schema = Arc::new(Schema::new(fields));
            let level = ZstdLevel::try_new(3).map_err(failed)?;
            let properties = WriterProperties::builder().set_compression(Compression::ZSTD(level)).build();
            let mut writer = ArrowWriter::try_new(file, schema.clone(), Some(properties)).map_err(failed)?;
            let mut q = conn.prepare(&format!("SELECT {columns} FROM {view}"))?;
            let mut rows = q.query([])?;
            let mut total = 0;
            loop {
                let (batch, n) = batch(&mut rows, &names, &schema)?;
                if n == 0 {
                    break;
                }
                total += n as u64;
                writer.write(&batch).map_err(failed)?;
            }
            writer.into_inner().map_err(failed)?.finish().map_err(file_error(&path))?;
            done.push(Exported { file: name, rows: total });
        }
        Ok(done)
    }
}

fn batch(rows: &mut rusqlite::Rows<'_>, names: &[&str], schema: &Arc<Schema>) -> Result<(RecordBatch, usize), IndexError> {
    let mut columns: Vec<Column> = names
        .iter()
        .map(|n| match kind(n) {
            DataType::Int64 => Column::Integer(Int64Builder::new()),
            DataType::Float64 => Column::Real(Float64Builder::new()),
            _ => Column::Text(StringBuilder::new()),
        })
        .collect();
    let mut n = 0;
    while n < ROWS {
        let Some(r) = rows.next()? else { break };
        n += 1;
        for (i, c) in columns.iter_mut().enumerate() {
            let v = r.get_ref(i)?;
            match c {
                Column::Integer(b) => b.append_option(if let ValueRef::Integer(n) = v { Some(n) } else { None }),
                Column::Real(b) => b.append_option(if let ValueRef::Real(x) = v { Some(x) } else { None }),
                Column::Text(b) => b.append_option(v.as_str_or_null().ok().flatten()),
            }
        }
    }
    let arrays: Vec<ArrayRef> = columns
        .into_iter()
        .map(|c| match c {
            Column::Integer(mut b) => Arc::new(b.finish()) as ArrayRef,
            Column::Real(mut b) => Arc::new(b.finish()) as ArrayRef,
            Column::Text(mut b) => Arc::new(b.finish()) as ArrayRef,
        })
        .collect();
    Ok((RecordBatch::try_new(schema.clone(), arrays).map_err(|_| IndexError::Damaged("a view gave something else than it says"))?, n))
}

fn kind(column: &str) -> DataType {
    match column {
        "confidence" => DataType::Float64,
        n if NUMBERS.contains(&n) => DataType::Int64,
        _ => DataType::Utf8,
    }
}

fn failed(e: parquet::errors::ParquetError) -> IndexError {
    IndexError::Export(e.to_string())
}
