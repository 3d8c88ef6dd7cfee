//! Writes the corpora of the benchmarks to a folder, or one hostile or huge input to a file.
//!
//! `cargo run --release --example make_corpora -- DIR BYTES` writes `a.csv b.log c.txt d.jsonl e.csv`;
//! `-- --hostile json-one-line|csv-open-quote|gzip-zeros BYTES FILE` streams one input to disk, and
//! `-- --huge csv.gz|array.json|parquet SIZE FILE` does and prints what a complete reading finds in it: records, people, and
//! the first, a middle and the last of them with their rows. What was measured so far: 20 GB of CSV, 5 GB of JSON, 10 million
//! rows of Parquet, each by `piimap scan FILE --threads 2 --format json` within `/usr/bin/time -v`.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::Path,
    process::ExitCode,
};

mod corpora;
mod huge;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let done = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--hostile", name, bytes, file] if corpora::HOSTILE.contains(&name) && bytes.parse::<u64>().is_ok() => {
            let bytes = bytes.parse().expect("just parsed");
            to_file(Path::new(file), |out| corpora::hostile(name, bytes, out))
        }
        ["--huge", name, size, file] if huge::HUGE.contains(&name) && size.parse::<u64>().is_ok() => {
            let size = size.parse().expect("just parsed");
            to_file(Path::new(file), |out| huge::write(name, size, out)).map(|truth| tell(&truth))
        }
        [dir, bytes] if !dir.starts_with('-') && bytes.parse::<u64>().is_ok() => all(Path::new(dir), bytes.parse().expect("just parsed")),
        _ => {
            let (hostile, huge) = (corpora::HOSTILE.join("|"), huge::HUGE.join("|"));
            eprintln!("usage: make_corpora DIR BYTES | --hostile {hostile} BYTES FILE | --huge {huge} SIZE FILE");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("{e}");
            ExitCode::from(2)
        }
    }
}

fn tell(truth: &huge::Truth) {
    println!("records {}\npeople {}", truth.records, truth.rows.len());
    let n = truth.rows.len();
    [0, n / 2, n.saturating_sub(1)].into_iter().take(n).for_each(|i| println!("{} {} row {}", huge::email(i), huge::ssn(i), truth.rows[i]));
}

fn all(dir: &Path, bytes: u64) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    corpora::CORPORA.iter().try_for_each(|(name, ending)| {
        let file = dir.join(format!("{name}.{ending}"));
        to_file(&file, |out| corpora::write_corpus(name, bytes, out))
    })
}

fn to_file<T>(file: &Path, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<T>) -> io::Result<T> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(file)?);
    let done = write(&mut out)?;
    out.flush()?;
    Ok(done)
}
