//! Writes the corpora of the benchmarks to a folder, or one hostile input to a file.
//!
//! `cargo run --release --example make_corpora -- DIR BYTES` writes `a.csv b.log c.txt d.jsonl e.csv`;
//! `-- --hostile json-one-line|csv-open-quote|gzip-zeros BYTES FILE` streams one input to disk.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::Path,
    process::ExitCode,
};

mod corpora;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let done = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--hostile", name, bytes, file] if corpora::HOSTILE.contains(&name) && bytes.parse::<u64>().is_ok() => {
            let bytes = bytes.parse().expect("just parsed");
            to_file(Path::new(file), |out| corpora::hostile(name, bytes, out))
        }
        [dir, bytes] if !dir.starts_with('-') && bytes.parse::<u64>().is_ok() => all(Path::new(dir), bytes.parse().expect("just parsed")),
        _ => {
            eprintln!("usage: make_corpora DIR BYTES | --hostile {} BYTES FILE", corpora::HOSTILE.join("|"));
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

fn all(dir: &Path, bytes: u64) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    corpora::CORPORA.iter().try_for_each(|(name, ending)| {
        let file = dir.join(format!("{name}.{ending}"));
        to_file(&file, |out| corpora::write_corpus(name, bytes, out))
    })
}

fn to_file(file: &Path, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(file)?);
    write(&mut out)?;
    out.flush()
}
