//! Bytes a second through the classifiers alone: no container, no format, no index.
//!
//! Each corpus is scanned as plain text, in batches of 256 KiB; the two tables are scanned as cells as well.
//! `c` and `e` hold no personal data: there only the search costs, not the verification.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use piimap::{
    base::{Batch, Cell, ROW_SCOPE},
    classify::{Classifiers, Scratch},
};

mod corpora;

const CORPUS_BYTES: usize = 4 << 20;
const BATCH_BYTES: usize = 256 << 10;

/// Plain text in batches that end at a line's end.
fn text_batches(bytes: &[u8]) -> Vec<Batch> {
    pieces(bytes).map(|piece| Batch { bytes: piece.to_vec(), core: 0..piece.len(), first_line: 1, ..Batch::default() }).collect()
}

/// A CSV file in batches of cells. Splits at commas outside quotes, which is all that the corpora need.
fn table_batches(bytes: &[u8]) -> Vec<Batch> {
    let head_end = bytes.iter().position(|b| *b == b'\n').expect("a header line");
    let fields: Vec<String> = String::from_utf8_lossy(&bytes[..head_end]).split(',').map(str::to_owned).collect();
    let batch = |piece: &[u8]| {
        let mut batch = Batch { bytes: piece.to_vec(), core: 0..piece.len(), fields: fields.clone(), ..Batch::default() };
        let (mut start, mut field, mut row, mut quoted) = (0, 0, 0, false);
        for (at, byte) in piece.iter().enumerate() {
            quoted ^= *byte == b'"';
            if !quoted && matches!(byte, b',' | b'\n') {
                if at > start {
                    let (from, to) = (start as u32, at as u32);
                    batch.cells.push(Cell { start: from, end: to, raw_end: to, field, row, scope: ROW_SCOPE });
                }
                start = at + 1;
                (field, row) = if *byte == b'\n' { (0, row + 1) } else { (field + 1, row) };
            }
        }
        batch.records = u64::from(row);
        batch
    };
    pieces(&bytes[head_end + 1..]).map(batch).collect()
}

/// Pieces of about [`BATCH_BYTES`], whole lines each.
fn pieces(mut rest: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let target = BATCH_BYTES.min(rest.len());
        let end = rest[target..].iter().position(|b| *b == b'\n').map_or(rest.len(), |at| target + at + 1);
        let (piece, tail) = rest.split_at(end);
        rest = tail;
        (!piece.is_empty()).then_some(piece)
    })
}

fn scan(c: &mut Criterion) {
    let classifiers = Classifiers::builtin();
    let mut group = c.benchmark_group("classify_scan");
    group.sample_size(10);
    for (name, ending) in corpora::CORPORA {
        let bytes = corpora::corpus(name, CORPUS_BYTES);
        let mut forms = vec![("text", text_batches(&bytes))];
        if *ending == "csv" {
            forms.push(("cells", table_batches(&bytes)));
        }
        for (form, batches) in forms {
            group.throughput(Throughput::Bytes(batches.iter().map(|b| b.bytes.len() as u64).sum()));
            group.bench_function(BenchmarkId::new(*name, form), |bench| {
                let mut scratch = Scratch::new(&classifiers);
                let mut found = Vec::new();
                bench.iter(|| {
                    scratch.reset();
                    batches
                        .iter()
                        .map(|batch| {
                            found.clear();
                            classifiers.scan(&mut scratch, batch, &mut found);
                            found.len()
                        })
                        .sum::<usize>()
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, scan);
criterion_main!(benches);
