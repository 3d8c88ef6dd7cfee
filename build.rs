//! Reads the expressions of the built-in classifiers once and for all: `src/classify/facts.rs` says what is kept of them.

use std::collections::BTreeSet;
use std::path::Path;
use std::{env, fs, io};

#[allow(dead_code, reason = "the program uses the rest of it")]
#[path = "src/classify/automaton.rs"]
mod automaton;
#[allow(dead_code, reason = "the program uses the rest of it")]
#[path = "src/classify/facts.rs"]
mod facts;

/// Collects what stands in `regex = '''...'''` in all files below a folder. What is written in another way is only compiled
/// later, when the program starts.
fn expressions(folder: &Path, all: &mut BTreeSet<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            expressions(&path, all)?;
        } else if path.extension().is_some_and(|e| e == "toml") {
            let text = fs::read_to_string(&path)?;
            for part in text.split("regex = '''").skip(1) {
                all.extend(part.split_once("'''").map(|(e, _)| e.to_owned()));
            }
        }
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = env::var("CARGO_MANIFEST_DIR")?;
    println!("cargo::rerun-if-changed=classifiers");
    for file in ["build.rs", "src/classify/facts.rs", "src/classify/automaton.rs"] {
        println!("cargo::rerun-if-changed={file}");
    }
    let mut all = BTreeSet::new();
    expressions(&Path::new(&root).join("classifiers"), &mut all)?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("facts.bin"), facts::Store::make(&all))?;
    Ok(())
}
