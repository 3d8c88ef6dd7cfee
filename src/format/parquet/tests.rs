use std::sync::Arc;

use crate::base::{Hint, Reason};
use crate::format::Limits;
use crate::format::tests::{Value, read};
use arrow_array::builder::{Int64Builder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch, StructArray};
use arrow_schema::{DataType, Field};
use proptest::prelude::*;

fn file(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/data/parquet/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn values(data: &[u8], limits: &Limits) -> Result<(Vec<Value>, Vec<Reason>), Reason> {
    let (_, v, i, e) = read(data, "x.parquet", 1000, &Hint::default(), limits).map_err(|e| e.reason)?;
    e.map_or(Ok((v, i.iter().map(|i| i.reason).collect())), Err)
}

fn short(v: &[Value]) -> String {
    v.iter().map(|(r, f, v)| format!("{r}.{f}={} ", String::from_utf8_lossy(v))).collect()
}

#[test]
fn samples_are_read() {
    // file, how many values, what stands among them
    let cases: &[(&str, &str)] = &[
        ("alltypes_plain.snappy.parquet", "0.date_string_col=04/01/09 1.date_string_col=04/01/09 "),
        ("alltypes_plain.snappy.parquet", "0.timestamp_col=2009-04-01T00:00:00Z 1.timestamp_col=2009-04-01T00:01:00Z "),
        ("nested_maps.snappy.parquet", "0.a[].key=a "),
        ("list_columns.parquet", "0.utf8_list[]=abc 0.utf8_list[]=efg 0.utf8_list[]=hij "),
        ("int96_from_spark.parquet", "=2024-01-01T20:34:56.123456Z "),
        ("fixed_length_decimal.parquet", "0.value=1.00 1.value=2.00 "),
        ("byte_array_decimal.parquet", "0.value=1.00 1.value=2.00 "),
        ("repeated_no_annotation.parquet", "4.phoneNumbers.phone[].number=1111111111 "),
        ("binary.parquet", ""),
        ("nested_lists.snappy.parquet", "0.a[][][]=a 0.a[][][]=b "),
        ("concatenated_gzip_members.parquet", "0.long_col=1 "),
    ];
    for (name, want) in cases {
        let (v, issues) = values(&file(name), &Limits::default()).unwrap();
        assert!(short(&v).contains(want), "{name}: {}", &short(&v)[..short(&v).len().min(2000)]);
        assert!(issues.is_empty(), "{name}: {issues:?}");
    }
}

#[test]
fn what_cannot_be_read_says_why() {
    let cases = [
        ("uniform_encryption.parquet.encrypted", Reason::Encrypted),
        ("PARQUET-1481.parquet", Reason::Corrupt),
        ("ARROW-RS-GH-6229-LEVELS.parquet", Reason::Corrupt),
    ];
    for (name, want) in cases {
        let got = values(&file(name), &Limits::default());
        assert_eq!(got.as_ref().err(), Some(&want), "{name}: {:?}", got.as_ref().map(|g| (g.0.len(), &g.1)));
    }
    let whole = file("list_columns.parquet");
    assert_eq!(values(&whole[..whole.len() - 9], &Limits::default()).err(), Some(Reason::Truncated));
}

/// Two row groups of names and people.
fn two_groups() -> Vec<u8> {
    let schema = |b: &RecordBatch| b.schema();
    let batch = |from: i64| {
        let (mut id, mut name) = (Int64Builder::new(), StringBuilder::new());
        for i in from..from + 100 {
            id.append_value(i);
            name.append_value(format!("name {i}"));
        }
        let name: ArrayRef = Arc::new(name.finish());
        let person = StructArray::from(vec![(Arc::new(Field::new("name", DataType::Utf8, true)), name.clone())]);
        RecordBatch::try_from_iter([("id", Arc::new(id.finish()) as ArrayRef), ("name", name), ("person", Arc::new(person) as ArrayRef)])
            .unwrap()
    };
    let first = batch(0);
    let mut w = parquet::arrow::ArrowWriter::try_new(Vec::new(), schema(&first), None).unwrap();
    w.write(&first).unwrap();
    w.flush().unwrap();
    w.write(&batch(100)).unwrap();
    w.into_inner().unwrap()
}

#[test]
fn rows_count_through_row_groups_and_small_batches() {
    let data = two_groups();
    let (all, _) = values(&data, &Limits::default()).unwrap();
    assert_eq!(all.len(), 600);
    let (mut small, _) = values(&data, &Limits { batch_bytes: 50, ..Limits::default() }).unwrap();
    let mut all = all;
    small.sort();
    all.sort();
    assert_eq!(small, all);
    assert!(all.iter().filter(|v| v.1 == "name" || v.1 == "person.name").all(|v| v.2 == format!("name {}", v.0).into_bytes()));
}

#[test]
fn a_broken_row_group_costs_itself_alone() {
    let mut data = two_groups();
    // The page headers of the first row group.
    data[4..60].fill(0xff);
    let (v, issues) = values(&data, &Limits::default()).unwrap();
    assert!(v.iter().any(|v| v.0 == 150 && v.2 == b"name 150"));
    assert!(!issues.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn damaged_files_do_no_harm(edits in proptest::collection::vec((0usize..20_000, any::<u8>()), 1..5), which in 0usize..3) {
        let mut data = match which {
            0 => two_groups(),
            1 => file("nested_maps.snappy.parquet"),
            _ => file("repeated_no_annotation.parquet"),
        };
        for (at, b) in edits {
            let n = data.len();
            data[at % n] = b;
        }
        let _ = values(&data, &Limits::default());
    }
}
