//! The data map as Parquet, for analysts: a row for each dataset, field and classifier.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMillisecondArray};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use crate::law;
use crate::query::{Dataset, Field, FieldClassifier, MapAnswer};

/// `map --parquet`: the columns of `map --csv`, with types: counts and sizes are 64-bit integers, `share` and `confidence` doubles, `oldest` and
/// `newest` timestamps (milliseconds, UTC). Datasets without personal data have one row with nulls.
///
/// # Errors
/// The writer's, which happen only where memory runs out or names are longer than the format can tell.
pub fn map_parquet(a: &MapAnswer) -> Result<Vec<u8>, ParquetError> {
    type Row<'a> = (&'a Dataset, Option<(&'a Field, &'a FieldClassifier)>);
    let mut rows: Vec<Row<'_>> = Vec::new();
    for d in &a.datasets {
        let before = rows.len();
        rows.extend(d.fields.iter().flat_map(|f| f.classifiers.iter().map(move |c| (d, Some((f, c))))));
        if rows.len() == before {
            rows.push((d, None));
        }
    }
    let text = |of: &dyn Fn(&Row<'_>) -> Option<String>| Arc::new(rows.iter().map(of).collect::<StringArray>()) as ArrayRef;
    let number =
        |of: &dyn Fn(&Row<'_>) -> Option<u64>| Arc::new(rows.iter().map(|r| of(r).map(|n| n as i64)).collect::<Int64Array>()) as ArrayRef;
    let real = |of: &dyn Fn(&Row<'_>) -> Option<f64>| Arc::new(rows.iter().map(of).collect::<Float64Array>()) as ArrayRef;
    let time = |of: &dyn Fn(&Dataset) -> Option<i64>| {
        Arc::new(rows.iter().map(|r| of(r.0)).collect::<TimestampMillisecondArray>().with_timezone("UTC")) as ArrayRef
    };
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("dataset", text(&|r| Some(r.0.name.clone()))),
        ("uri", text(&|r| Some(r.0.uri.clone()))),
        ("field", text(&|r| Some(r.1?.0.name.clone()))),
        ("classifier", text(&|r| Some(r.1?.1.id.clone()))),
        ("element", text(&|r| Some(r.1?.1.element.clone()))),
        ("categories", text(&|r| Some(law::categories(&r.1?.1.element).join(" ")))),
        ("count", number(&|r| Some(r.1?.1.count))),
        ("counted", number(&|r| Some(r.1?.1.counted))),
        ("allowed", number(&|r| Some(r.1?.1.allowed))),
        ("verdict", text(&|r| Some(r.1?.1.verdict.as_ref()?.word.name().to_owned()))),
        ("share", real(&|r| r.1?.1.share)),
        ("confidence", real(&|r| Some(r.1?.1.confidence))),
        ("field_consumers", number(&|r| Some(r.1?.0.consumers))),
        ("dataset_consumers", number(&|r| Some(r.0.consumers))),
        ("objects", number(&|r| Some(r.0.objects))),
        ("bytes", number(&|r| Some(r.0.bytes))),
        ("oldest", time(&|d| d.oldest.map(|t| t.0))),
        ("newest", time(&|d| d.newest.map(|t| t.0))),
        ("tenants", text(&|r| Some(r.0.tenants.join("; ")))),
        ("environments", text(&|r| Some(r.0.environments.join("; ")))),
    ];
    let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, c)| (n, c, true)))?;
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?)).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties))?;
    writer.write(&batch)?;
    writer.into_inner()
}
