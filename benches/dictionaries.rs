//! A Parquet file of columns that repeat their values: seconds of CPU to decode it with the `parquet` crate (to strings, to
//! views, to dictionaries), to read it, to classify it with every row as a value and with every entry of a dictionary once,
//! and to scan it to an index on one thread. The median of five each, in turn.
//!
//! `cargo bench --bench dictionaries [-- ROWS]`. What both ways find is compared before anything is timed.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use piimap::base::{Batch, Hint, MemoryInput, PeekInput};
use piimap::classify::{Classifiers, Scratch, Tally};
use piimap::format::{self, Limits};
use piimap::identity::keys::KeyCells;
use piimap::identity::{Kernel, Named};

const ROWS: usize = 3_000_000;
const ROW_GROUP: usize = 1 << 20;
const TIMES: usize = 5;

/// Columns without personal data: what events are made of.
fn events() -> Vec<(&'static str, Vec<String>)> {
    let list = |v: &[&str]| v.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
    let numbered = |what: &str, n: usize| (0..n).map(|i| format!("{what} {i}")).collect::<Vec<_>>();
    vec![
        ("event_kind", list(&["page_view", "click", "add_to_cart", "purchase", "refund", "search", "log_in", "log_out"])),
        ("platform", list(&["ios", "android", "web", "desktop"])),
        ("device", numbered("Model X", 400)),
        ("app_version", (0..300).map(|i| format!("{}.{}.{}", 3 + i / 100, i / 10 % 10, i % 10)).collect()),
        ("campaign", numbered("spring sale variant", 120)),
        ("page", (0..2000).map(|i| format!("/catalogue/section-{}/article-{i}", i % 40)).collect()),
        ("referrer", numbered("partner landing", 250)),
        ("outcome", list(&["ok", "retry", "failed", "timed out"])),
        ("plan", list(&["free", "basic", "plus", "team", "business"])),
        ("colour", list(&["red", "green", "blue", "black", "white", "silver", "gold"])),
    ]
}

/// Columns of which every value is personal data, or says where a person lives.
fn people() -> Vec<(&'static str, Vec<String>)> {
    let list = |v: &str| v.split(' ').map(|s| s.replace('_', " ")).collect::<Vec<_>>();
    vec![
        (
            "city",
            list(
                "Boston Chicago Denver Seattle Portland Austin Dallas Houston Phoenix New_York San_Diego San_Jose Columbus Detroit Memphis",
            ),
        ),
        ("state", list("CA NY TX WA OR MA IL CO AZ OH MI TN FL GA NC VA PA NJ MD MN WI MO IN NV UT KY LA AL SC OK")),
        (
            "first_name",
            list("James Mary Robert Patricia John Jennifer Michael Linda David Elizabeth William Barbara Richard Susan Joseph Jessica"),
        ),
        ("country", list("United_States Canada Mexico Germany France")),
    ]
}

fn write(path: &Path, columns: &[(&str, Vec<String>)], rows: usize) {
    let schema = Arc::new(Schema::new(columns.iter().map(|c| Field::new(c.0, DataType::Utf8, true)).collect::<Vec<_>>()));
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).set_max_row_group_row_count(Some(ROW_GROUP)).build();
    let file = std::fs::File::create(path).expect("room for the file");
    let mut writer = ArrowWriter::try_new(file, schema.clone(), Some(properties)).expect("a writer");
    let mut state = 88_172_645_463_325_252u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as usize
    };
    for from in (0..rows).step_by(65_536) {
        let n = 65_536.min(rows - from);
        let made = columns.iter().map(|(_, values)| {
            let mut b = StringBuilder::new();
            for _ in 0..n {
                let at = next();
                if at % 50 == 0 { b.append_null() } else { b.append_value(&values[at / 64 % values.len()]) }
            }
            Arc::new(b.finish()) as ArrayRef
        });
        writer.write(&RecordBatch::try_new(schema.clone(), made.collect()).expect("a batch")).expect("a batch written");
    }
    writer.close().expect("a file");
}

/// Seconds of CPU of this thread, and of children that ended.
fn cpu() -> f64 {
    let own = std::fs::read_to_string("/proc/thread-self/schedstat").expect("the kernel counts time");
    let own: f64 = own.split(' ').next().and_then(|n| n.parse().ok()).expect("nanoseconds");
    let stat = std::fs::read_to_string("/proc/self/stat").expect("the kernel counts time");
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks: f64 = after.split_whitespace().skip(13).take(2).filter_map(|n| n.parse::<f64>().ok()).sum();
    own / 1e9 + ticks / 100.0
}

fn decode(data: &bytes::Bytes, to: &dyn Fn() -> Option<DataType>) -> u64 {
    let plain = ParquetRecordBatchReaderBuilder::try_new(data.clone()).expect("a Parquet file");
    let fields: Vec<Field> =
        plain.schema().fields().iter().map(|f| Field::new(f.name(), to().unwrap_or(f.data_type().clone()), true)).collect();
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true).with_schema(Arc::new(Schema::new(fields)));
    let mut rows = 0;
    for group in 0..plain.metadata().num_row_groups() {
        let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(data.clone(), options.clone()).expect("a schema");
        let reader = builder.with_row_groups(vec![group]).with_batch_size(8192).build().expect("a reader");
        rows += reader.map(|b| black_box(b.expect("rows")).num_rows() as u64).sum::<u64>();
    }
    rows
}

/// What is done with batches.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    Read,
    /// Every value of every row is a cell.
    EveryRow,
    EveryEntry,
}

/// Findings by field and classifier, and values by field.
type Found = (BTreeMap<(u32, u16), u64>, Vec<u64>);

fn piimap(data: &bytes::Bytes, kernel: &Kernel, way: Way) -> Found {
    let mut reader =
        format::open(PeekInput::new(Box::new(MemoryInput::new(data.clone()))), "x.parquet", &Hint::default(), &Limits::default())
            .expect("Parquet");
    let (mut batch, mut scratch, mut tally) = (Batch::default(), Scratch::new(kernel.classifiers()), Tally::default());
    let (mut named, mut keys, mut matches, mut found) = (Named::default(), KeyCells::default(), Vec::new(), BTreeMap::new());
    batch.reset();
    kernel.reset_keys(&mut keys, "");
    while reader.next_batch(&mut batch).expect("rows") {
        match way {
            Way::Read => continue,
            Way::EveryRow => batch.spread_all(),
            Way::EveryEntry => kernel.spread(&mut scratch, &mut batch, &mut named, &mut keys),
        }
        kernel.find(&mut scratch, &batch, &mut matches, &mut tally);
        for m in &matches {
            *found.entry((batch.cells[m.cell as usize].field, m.classifier)).or_default() += 1;
        }
    }
    (found, (0..batch.fields.len() as u32).map(|f| tally.cells(f)).collect())
}

fn scan(path: &Path) {
    let folder = tempfile::tempdir().expect("a folder");
    let status = Command::new(env!("CARGO_BIN_EXE_piimap"))
        .args(["scan", "--threads", "1", "--index"])
        .arg(folder.path().join("i.db"))
        .arg(path)
        .env("XDG_CONFIG_HOME", folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    assert!(status.is_ok_and(|s| s.success()), "the scan is complete");
}

fn main() {
    let rows = std::env::args().skip(1).find_map(|a| a.parse().ok()).unwrap_or(ROWS);
    let kernel = Kernel::new(Classifiers::builtin(), None);
    let folder = tempfile::tempdir().expect("a folder");
    for (name, columns) in [("events", events()), ("people", people())] {
        let path = folder.path().join(format!("{name}.parquet"));
        write(&path, &columns, rows);
        let data = bytes::Bytes::from(std::fs::read(&path).expect("the file"));
        let (every_row, every_entry) = (piimap(&data, &kernel, Way::EveryRow), piimap(&data, &kernel, Way::EveryEntry));
        assert_eq!(every_row, every_entry, "{name}: both ways find the same");
        let findings: u64 = every_row.0.values().sum();
        println!("{name}: {rows} rows, {} columns, {} bytes in the file, {findings} candidates", columns.len(), data.len());
        let dictionary = || Some(DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)));
        let steps: Vec<(&str, Box<dyn Fn() + '_>)> = vec![
            ("parquet to strings", Box::new(|| assert_eq!(decode(&data, &|| None), rows as u64))),
            ("parquet to views", Box::new(|| assert_eq!(decode(&data, &|| Some(DataType::Utf8View)), rows as u64))),
            ("parquet to dictionaries", Box::new(|| assert_eq!(decode(&data, &dictionary), rows as u64))),
            ("our reader", Box::new(|| drop(piimap(&data, &kernel, Way::Read)))),
            ("classify every row", Box::new(|| drop(piimap(&data, &kernel, Way::EveryRow)))),
            ("classify every entry", Box::new(|| drop(piimap(&data, &kernel, Way::EveryEntry)))),
            ("scan to an index", Box::new(|| scan(&path))),
        ];
        let mut seconds = vec![Vec::new(); steps.len()];
        for _ in 0..TIMES {
            for (step, seconds) in steps.iter().zip(&mut seconds) {
                let before = cpu();
                step.1();
                seconds.push(cpu() - before);
            }
        }
        let mut strings = 0.0;
        for (step, mut seconds) in steps.iter().zip(seconds) {
            seconds.sort_by(f64::total_cmp);
            let median = seconds[TIMES / 2];
            if step.0 == "parquet to strings" {
                strings = median;
            }
            let rate = (rows * columns.len()) as f64 / median / 1e6;
            println!("  {:<24} {median:>7.3} s CPU  {rate:>7.1} M values/s  {:>6.2} x decoding", step.0, median / strings);
        }
    }
}
