//! Bytes a second through the classifiers alone: no container, no format, no index.
//!
//! Each corpus is scanned as plain text, in batches of 256 KiB; the two tables are scanned as cells as well.
//! Beside that `rg` is run with five plain patterns, if it is there, and the ratio printed.
//! `c` and `e` hold no personal data: there only the search costs, not the verification.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use piimap::{
    base::{Batch, Cell, REPORTED_FROM, ROW_SCOPE},
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

/// What a plain search is asked for: mail addresses, telephones, social security numbers, cards, addresses of the net.
const PLAIN: [&str; 5] = [
    r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}",
    r"\(?[0-9]{3}\)?[-. ][0-9]{3}[-. ][0-9]{4}",
    r"[0-9]{3}-[0-9]{2}-[0-9]{4}",
    r"[0-9]{4}[- ]?[0-9]{4}[- ]?[0-9]{4}[- ]?[0-9]{4}",
    r"[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}",
];

/// Prints how many times as fast as `rg -j1` with [`PLAIN`] the whole catalogue is on each corpus as text, by the best of five
/// runs of both in turn, and holds the number of mail addresses against what `rg` counts. Says so where there is no `rg`.
fn beside_ripgrep(_: &mut Criterion) {
    let classifiers = Classifiers::builtin();
    let email = classifiers.index_of("generic.email").expect("it is built in");
    let rg = |path: &Path, patterns: &[&str]| {
        let mut run = Command::new("rg");
        run.args(["-j1", "-c", "--no-unicode", "-o", "-I"]).args(patterns.iter().flat_map(|p| ["-e", p])).arg(path);
        let start = Instant::now();
        let out = run.output().ok()?;
        Some((start.elapsed(), String::from_utf8_lossy(&out.stdout).trim().parse().unwrap_or(0usize)))
    };
    for (name, _) in corpora::CORPORA {
        let bytes = corpora::corpus(name, 4 * CORPUS_BYTES);
        let path = std::env::temp_dir().join(format!("piimap-bench-{}-{name}", std::process::id()));
        std::fs::write(&path, &bytes).expect("a temporary file can be written");
        let batches = text_batches(&bytes);
        let (mut ours, mut theirs) = (Duration::MAX, Duration::MAX);
        let mut mails = 0;
        for _ in 0..5 {
            let (mut scratch, mut found) = (Scratch::new(&classifiers), Vec::new());
            let start = Instant::now();
            batches.iter().for_each(|b| classifiers.scan(&mut scratch, b, &mut found));
            ours = ours.min(start.elapsed());
            mails = found.iter().filter(|m| m.classifier == email && m.confidence >= REPORTED_FROM).count();
            let Some((time, _)) = rg(&path, &PLAIN) else {
                eprintln!("there is no rg to compare with");
                return drop(std::fs::remove_file(&path));
            };
            theirs = theirs.min(time);
        }
        let counted = rg(&path, &PLAIN[..1]).map_or(0, |r| r.1);
        drop(std::fs::remove_file(&path));
        assert_eq!(mails, counted, "mail addresses in {name}");
        let rate = |t: Duration| bytes.len() as f64 / 1e6 / t.as_secs_f64();
        println!("{name}: {:.0} MB/s, rg {:.0} MB/s, ratio {:.2}", rate(ours), rate(theirs), rate(ours) / rate(theirs));
    }
}

criterion_group!(benches, scan, beside_ripgrep);
criterion_main!(benches);
