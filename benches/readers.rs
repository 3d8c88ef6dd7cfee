//! Bytes a second through the readers alone, beside what the public crates for the same formats do with the same bytes:
//! csv-core through the `csv` crate (records without copies of their fields), `serde_json` (a tree for each line), and
//! for text the counting of newlines by `memchr`.
//!
//! What a reader gives is compared with what the yardstick gives, before either is timed.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use piimap::{
    base::{Batch, Hint, MemoryInput, PeekInput},
    format::{self, Limits},
};
use serde_json::Value;

mod corpora;

const CORPUS_BYTES: usize = 16 << 20;

/// What was read: records and values that are not empty.
type Counts = (u64, u64);

fn piimap(bytes: &bytes::Bytes, name: &str, batch: &mut Batch) -> Counts {
    batch.reset();
    let input = PeekInput::new(Box::new(MemoryInput::new(bytes.clone())));
    let mut reader = format::open(input, name, &Hint::default(), &Limits::default()).expect("a corpus has a reader");
    let mut counts = (0, 0);
    while reader.next_batch(batch).expect("a corpus is no broken file") {
        counts.0 += batch.records;
        counts.1 += batch.cells.len() as u64 + batch.columns.iter().map(|c| c.values).sum::<u64>();
    }
    counts
}

fn csv_crate(bytes: &[u8]) -> Counts {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    let mut record = csv::ByteRecord::new();
    let mut counts = (0, 0);
    while reader.read_byte_record(&mut record).expect("a corpus is no broken file") {
        counts.0 += 1;
        counts.1 += record.iter().filter(|f| !f.is_empty()).count() as u64;
    }
    counts
}

fn serde_json_crate(bytes: &[u8]) -> Counts {
    fn values(v: &Value) -> u64 {
        match v {
            Value::Null | Value::Bool(_) => 0,
            Value::Number(_) => 1,
            Value::String(s) => u64::from(!s.is_empty()),
            Value::Array(a) => a.iter().map(values).sum(),
            Value::Object(o) => o.values().map(values).sum(),
        }
    }
    let lines = bytes.split(|b| *b == b'\n').filter(|l| !l.is_empty());
    lines.fold((0, 0), |(records, cells), l| (records + 1, cells + values(&serde_json::from_slice(l).expect("a line of JSON"))))
}

fn newlines(bytes: &[u8]) -> Counts {
    black_box(memchr::memchr_iter(b'\n', bytes).count());
    (0, 0)
}

fn read(c: &mut Criterion) {
    let mut group = c.benchmark_group("readers");
    group.sample_size(20);
    for (name, ending) in corpora::CORPORA {
        let bytes = bytes::Bytes::from(corpora::corpus(name, CORPUS_BYTES));
        let (yardstick, other): (&str, fn(&[u8]) -> Counts) = match *ending {
            "csv" => ("csv", csv_crate),
            "jsonl" => ("serde_json", serde_json_crate),
            _ => ("memchr", newlines),
        };
        let file = format!("{name}.{ending}");
        let mut batch = Batch::default();
        assert_eq!(piimap(&bytes, &file, &mut batch), other(&bytes), "records and values of {file}");
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(BenchmarkId::new("piimap", &file), |b| b.iter(|| piimap(&bytes, &file, &mut batch)));
        group.bench_function(BenchmarkId::new(yardstick, &file), |b| b.iter(|| other(&bytes)));
    }
    group.finish();
}

criterion_group!(benches, read);
criterion_main!(benches);
