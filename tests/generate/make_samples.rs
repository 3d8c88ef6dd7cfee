//! Writes `samples/`, or says whether it is what would be written.
//!
//! `cargo run --example make_samples -- samples` writes the folder and `tests/data/samples_truth.json`;
//! `-- --check samples` compares both byte for byte; `-- --planted FILE` writes every planted value for tests that search for it.

use std::{fs, path::Path, process::ExitCode};

#[path = "mod.rs"]
mod generate;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let truth = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/samples_truth.json");
    let made = generate::samples();
    let done = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--check", dir] => {
            let wrong = generate::differences(&made, Path::new(dir), &truth);
            wrong.iter().for_each(|w| eprintln!("{w}"));
            return if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) };
        }
        ["--planted", file] => fs::write(file, &made.planted),
        [dir] if !dir.starts_with('-') => write(&made, Path::new(dir), &truth),
        _ => {
            eprintln!("usage: make_samples DIR | --check DIR | --planted FILE");
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

fn write(made: &generate::Samples, dir: &Path, truth: &Path) -> std::io::Result<()> {
    for (path, bytes) in &made.files {
        let file = dir.join(path);
        fs::create_dir_all(file.parent().expect("a file lies in a folder"))?;
        fs::write(file, bytes)?;
    }
    fs::create_dir_all(truth.parent().expect("a file lies in a folder"))?;
    fs::write(truth, &made.truth_json)
}
