//! Reads the built-in classifiers once and for all, so that a start parses no TOML and compiles no expression:
//! `src/classify/facts.rs` says what is kept of the expressions and `src/classify/stored.rs` how, `src/classify/written.rs` how the rest is
//! written down, for `src/classify/built.rs` to read, and `src/classify/names/weights.rs` the weights that tell names. What is written depends on
//! the files alone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::{env, fs};

/// What the build and the program have in common.
#[allow(dead_code, reason = "the program uses the rest of it")]
#[path = "src/classify"]
mod classify {
    pub mod automaton;
    pub mod byteset;
    pub mod facts;
    pub mod follows;
    pub mod reader;
    pub mod spans;
    pub mod stored;
    pub mod written;
    pub mod names {
        pub mod weights;
    }
}

use classify::{facts, names::weights, stored::Store, written::Writer};

/// The files below a folder of classifiers, each with its path there.
fn files(root: &Path, folder: &Path, all: &mut BTreeMap<String, String>) -> Result<(), Box<dyn std::error::Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files(root, &path, all)?;
        } else if path.extension().is_some_and(|e| e == "toml") {
            let name = path.strip_prefix(root)?.to_str().ok_or("a path that is no text")?.replace('\\', "/");
            all.insert(name, fs::read_to_string(&path)?);
        }
    }
    Ok(())
}

/// The expressions of a file.
fn expressions(file: &toml::Table) -> impl Iterator<Item = String> {
    let patterns = file.get("pattern").and_then(toml::Value::as_array).into_iter().flatten();
    patterns.filter_map(|p| p.get("regex")?.as_str().map(str::to_owned))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("classifiers");
    let out = env::var("OUT_DIR")?;
    let write = |name: &str, bytes: &[u8]| fs::write(Path::new(&out).join(name), bytes);
    println!("cargo::rerun-if-changed=classifiers");
    // What the build is compiled from needs no line: another build is run.
    let table = "src/classify/names/weights.tsv";
    println!("cargo::rerun-if-changed={table}");
    let made = weights::make(&fs::read_to_string(table)?).ok_or(format!("{table}: a line is no block, index and weight"))?;
    write("weights.bin", &made)?;
    let mut texts = BTreeMap::new();
    files(&root, &root, &mut texts)?;
    // By id, which is the path with dots.
    let mut all = BTreeMap::new();
    for (path, text) in &texts {
        let id = path.strip_suffix(".toml").unwrap_or(path).replace('/', ".");
        let file: toml::Table = toml::from_str(text).map_err(|e| format!("classifiers/{path}: {e}"))?;
        if file.get("id").and_then(toml::Value::as_str) != Some(&id) {
            return Err(format!("classifiers/{path}: its `id` must be `{id}`").into());
        }
        all.insert(id, (path, file));
    }
    let mut definitions = Writer::default();
    let mut distinct: BTreeSet<String> = [facts::PERSON_NAME, facts::STREET_ADDRESS].map(str::to_owned).into();
    let mut list = String::from("&[\n");
    for (path, file) in all.values() {
        definitions.file(file).map_err(|e| format!("classifiers/{path}: {e}"))?;
        distinct.extend(expressions(file));
        list += &format!("({path:?}, include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/classifiers/\", {path:?}))),\n");
    }
    write("files.rs", (list + "]\n").as_bytes())?;
    write("definitions.bin", &definitions.numbers)?;
    write("definitions.txt", definitions.text.as_bytes())?;
    write("facts.bin", &Store::make(&distinct))?;
    Ok(())
}
