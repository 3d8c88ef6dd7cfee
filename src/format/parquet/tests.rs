use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::base::{Batch, Hint, MemoryInput, PeekInput, Reason};
use crate::format::Limits;
use crate::format::tests::{Value, read};
use arrow_array::builder::{Int64Builder, ListBuilder, StringBuilder};
use arrow_array::{ArrayRef, BinaryArray, RecordBatch, StringArray, StructArray};
use arrow_schema::{DataType, Field};
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder};
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
        // 4 KB that stand for two values of 1 GiB.
        ("large_string_map.brotli.parquet", Reason::MemoryLimit),
        ("ARROW-RS-GH-6229-LEVELS.parquet", Reason::Corrupt),
    ];
    for (name, want) in cases {
        let got = values(&file(name), &Limits::default());
        assert_eq!(got.as_ref().err(), Some(&want), "{name}: {:?}", got.as_ref().map(|g| (g.0.len(), &g.1)));
    }
    let whole = file("list_columns.parquet");
    assert_eq!(values(&whole[..whole.len() - 9], &Limits::default()).err(), Some(Reason::Truncated));
}

#[test]
fn columns_that_are_not_encrypted_are_read() {
    let data = file("encrypt_columns_plaintext_footer.parquet.encrypted");
    let (_, v, issues, failed) = read(&data, "x.parquet", 1000, &Hint::default(), &Limits::default()).unwrap();
    assert_eq!(failed, None);
    assert_eq!(issues.len(), 1, "{issues:?}");
    assert_eq!((issues[0].reason, issues[0].detail.as_str()), (Reason::Encrypted, "2 of 8 columns are encrypted"));
    assert!(v.iter().any(|v| v.1 == "int64_field[]"));
    assert!(v.iter().all(|v| v.1 != "float_field" && v.1 != "double_field"));
}

#[test]
fn names_that_are_values_are_not_shown() {
    let text = |v: &str| Arc::new(arrow_array::StringArray::from(vec![v])) as ArrayRef;
    let person = StructArray::from(vec![(Arc::new(Field::new("bob@example.org", DataType::Utf8, true)), text("c"))]);
    let columns = [("ann@example.org", text("a")), ("078051120", text("b")), ("by\nmail", text("d")), ("p", Arc::new(person) as ArrayRef)];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut w = parquet::arrow::ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    w.write(&batch).unwrap();
    let (v, _) = values(&w.into_inner().unwrap(), &Limits::default()).unwrap();
    assert_eq!(short(&v), "0.*=a 0.*=b 0.*=d 0.p.*=c ");
}

/// A file of these columns.
fn written(columns: Vec<(&str, ArrayRef)>, properties: Option<WriterProperties>) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut w = parquet::arrow::ArrowWriter::try_new(Vec::new(), batch.schema(), properties).unwrap();
    w.write(&batch).unwrap();
    w.into_inner().unwrap()
}

#[test]
fn whole_numbers_in_columns_of_doubles_are_read() {
    use arrow_array::Float64Array;
    use arrow_array::builder::{Float64Builder, MapBuilder};
    let mut list = ListBuilder::new(Float64Builder::new());
    list.append_value([Some(94_110.0), None, Some(0.5)]);
    list.append_null();
    let mut map = MapBuilder::new(None, StringBuilder::new(), Float64Builder::new());
    map.keys().append_value("card");
    map.values().append_value(4_111_111_111_111_111.0);
    map.append(true).unwrap();
    map.append(true).unwrap();
    let ssn = Float64Array::from(vec![Some(536_228_711.0), None]);
    let measured = Float64Array::from(vec![Some(0.25), Some(f64::NAN)]);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("ssn", Arc::new(ssn)),
        ("v", Arc::new(measured)),
        ("latency", Arc::new(Float64Array::from(vec![0.125, 40.5]))),
        ("homeLat", Arc::new(Float64Array::from(vec![Some(40.7128), None]))),
        ("gps_2", Arc::new(Float64Array::from(vec![-74.006, 1e9 + 0.5]))),
        ("l", Arc::new(list.finish())),
        ("m", Arc::new(map.finish())),
    ];
    let (v, issues) = values(&written(columns, None), &Limits::default()).unwrap();
    assert_eq!(
        (short(&v).as_str(), issues.len()),
        ("0.ssn=536228711 0.homeLat=40.7128 0.gps_2=-74.006 0.l[]=94110 0.m[].keys=card 0.m[].values=4111111111111111 ", 0)
    );
}

#[test]
fn text_of_any_encoding_in_binary_columns_is_read() {
    let cells: Vec<Option<&[u8]>> =
        vec![Some(b"Stra\xdfe 5, mail ann@lat.org"), Some(b"plain"), None, Some(b"\x9c\0\xd4\xe2\x01\xfe\x07\x11")];
    let want = "0.b=Straße 5, mail ann@lat.org 1.b=plain ";
    for dictionary in [false, true] {
        let properties = WriterProperties::builder().set_dictionary_enabled(dictionary).build();
        let column: ArrayRef = Arc::new(BinaryArray::from(cells.clone()));
        let (v, _) = values(&written(vec![("b", column)], Some(properties)), &Limits::default()).unwrap();
        assert_eq!(short(&v), want);
    }
    // Repeated often enough to be read as a dictionary.
    let properties = WriterProperties::builder().set_dictionary_enabled(true).build();
    let column: ArrayRef = Arc::new(BinaryArray::from(cells.repeat(100)));
    let (v, _) = values(&written(vec![("b", column)], Some(properties)), &Limits::default()).unwrap();
    assert_eq!((v.len(), v.iter().filter(|v| v.2.starts_with("Straße".as_bytes())).count()), (200, 100));
}

#[test]
fn a_page_header_without_end_ends() {
    // A damaged header of a page in a sample announces a list of 2^60 elements; the decoder would count them all.
    let data = std::fs::read(format!("{}/tests/data/fuzz/parquet_header_without_end.parquet", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let (v, issues) = values(&data, &Limits::default()).unwrap();
    assert!(!v.is_empty() && issues.contains(&Reason::Corrupt), "{issues:?}");
}

#[test]
fn columns_nested_without_end_end_with_a_reason() {
    // A footer of 700 kB whose groups hold one another; the decoder would follow them on the stack.
    let mut footer = vec![0x15, 0x02, 0x19, 0xfc, 0xa1, 0x8d, 0x06];
    footer.extend(b"\x48\x01r\x15\x02\x00".repeat(100_000));
    footer.extend(b"\x15\x0c\x25\x02\x18\x01z\x00\x16\x00\x19\x0c\x00");
    let data = [b"PAR1", &footer[..], &(footer.len() as u32).to_le_bytes(), b"PAR1"].concat();
    let failed = read(&data, "x.parquet", 1000, &Hint::default(), &Limits::default()).err().unwrap();
    assert_eq!((failed.reason, failed.detail.contains("nested too deeply")), (Reason::Corrupt, true));
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

#[test]
fn a_broken_column_costs_itself_alone() {
    let whole = two_groups();
    let metadata = parquet::file::metadata::ParquetMetaDataReader::new().parse_and_finish(&bytes::Bytes::from(whole.clone())).unwrap();
    for (column, lost) in [(0, "id"), (1, "name"), (2, "person.name")] {
        let (start, len) = metadata.row_group(0).column(column).byte_range();
        let mut data = whole.clone();
        data[start as usize..(start + len) as usize].fill(0xff);
        let (v, issues) = values(&data, &Limits::default()).unwrap();
        assert!(!issues.is_empty());
        for name in ["id", "name", "person.name"] {
            let rows: Vec<u64> = v.iter().filter(|v| v.1 == name).map(|v| v.0).collect();
            let from = if name == lost { 100 } else { 0 };
            assert_eq!(rows, (from..200).collect::<Vec<_>>(), "{name} where {lost} is broken");
        }
    }
}

/// A table of kinds, of numbers as text, of bytes and of lists, in row groups of 500 rows.
fn repeating(with: impl Fn(WriterPropertiesBuilder) -> WriterPropertiesBuilder) -> Vec<u8> {
    let text = |n: usize, of: usize| -> ArrayRef {
        Arc::new((0..2000).map(|i| (i % n != 1).then(|| format!("{} of many", i % of))).collect::<StringArray>())
    };
    let bytes: ArrayRef = Arc::new((0..2000).map(|i| Some(if i % 3 == 0 { &b"raw"[..] } else { &[0xff, 0xfe] })).collect::<BinaryArray>());
    let mut list = ListBuilder::new(StringBuilder::new());
    for i in 0..2000 {
        (0..i % 3).for_each(|n| list.values().append_value(["", "red", "green"][(i + n) % 3]));
        list.append(i % 7 != 0);
    }
    let own = StructArray::from(vec![(Arc::new(Field::new("kind", DataType::Utf8, true)), text(5, 4))]);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("kind", text(9, 12)),
        ("each", text(2, 100_000)),
        ("bytes", bytes),
        ("list", Arc::new(list.finish())),
        ("own", Arc::new(own)),
        ("last", text(11, 3)),
    ];
    let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, c)| (n, c, true))).unwrap();
    let properties = with(WriterProperties::builder().set_max_row_group_row_count(Some(500)).set_write_batch_size(32)).build();
    let mut w = parquet::arrow::ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    w.write(&batch).unwrap();
    w.into_inner().unwrap()
}

/// The names of the fields that come as columns, not as cells, and how many dictionaries they have.
fn as_columns(data: &[u8]) -> Vec<(String, usize)> {
    let input = PeekInput::new(Box::new(MemoryInput::new(data.to_vec())));
    let mut r = crate::format::open(input, "x.parquet", &Hint::default(), &Limits::default()).unwrap();
    let (mut b, mut out) = (Batch::default(), BTreeMap::<String, BTreeSet<u64>>::new());
    while r.next_batch(&mut b).unwrap() {
        for c in &b.columns {
            out.entry(b.fields[c.field as usize].clone()).or_default().insert(c.dictionary.id());
        }
    }
    out.into_iter().map(|(field, ids)| (field, ids.len())).collect()
}

#[test]
fn columns_come_as_dictionaries_where_these_pay() {
    let whole = repeating(|p| p);
    let want = ["bytes", "kind", "last", "list[]", "own.kind"].map(|f| (f.to_owned(), 4));
    assert_eq!(as_columns(&whole), want, "one dictionary for each row group");
    let plain = repeating(|p| p.set_dictionary_enabled(false));
    assert_eq!(as_columns(&plain), []);
    // Full after a few values: the rest of each chunk is plain.
    let half = repeating(|p| p.set_dictionary_page_size_limit(40).set_data_page_row_count_limit(50));
    assert!(!as_columns(&half).iter().any(|(f, _)| f == "kind" || f == "own.kind"), "{:?}", as_columns(&half));
    let sorted = |data: &[u8], limits: &Limits| {
        let (mut v, issues) = values(data, limits).unwrap();
        assert!(issues.is_empty(), "{issues:?}");
        v.sort();
        v
    };
    let want = sorted(&plain, &Limits::default());
    assert!(want.len() > 8000);
    for data in [&whole, &half] {
        assert_eq!(sorted(data, &Limits::default()), want);
        assert_eq!(sorted(data, &Limits { batch_bytes: 300, ..Limits::default() }), want);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn damaged_files_do_no_harm(edits in proptest::collection::vec((0usize..20_000, any::<u8>()), 1..5), which in 0usize..4) {
        let mut data = match which {
            0 => two_groups(),
            1 => repeating(|p| p),
            2 => file("nested_maps.snappy.parquet"),
            _ => file("repeated_no_annotation.parquet"),
        };
        for (at, b) in edits {
            let n = data.len();
            data[at % n] = b;
        }
        let _ = values(&data, &Limits::default());
    }
}
