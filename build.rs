//! Reads the built-in classifiers once and for all, so that a start parses no TOML and compiles no expression:
//! `src/classify/facts.rs` says what is kept of the expressions, `src/classify/stored.rs` how, `Classifier::built` reads the rest.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::{env, fs};

#[allow(dead_code, reason = "the program uses the rest of it")]
#[path = "src/classify/automaton.rs"]
mod automaton;
#[allow(dead_code, reason = "the program uses the rest of it")]
#[path = "src/classify/byteset.rs"]
mod byteset;
#[allow(dead_code, reason = "the program uses the rest of it")]
#[path = "src/classify/facts.rs"]
mod facts;
#[allow(dead_code, reason = "the program uses the rest of it")]
#[path = "src/classify/stored.rs"]
mod stored;

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

/// What a start needs of a classifier's file, as JSON: all but its examples.
fn definition(text: &str) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let mut all: serde_json::Map<String, serde_json::Value> = toml::from_str(text)?;
    all.retain(|key, _| key != "match" && key != "reject");
    Ok(serde_json::to_vec(&all)?)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("classifiers");
    let out = env::var("OUT_DIR")?;
    println!("cargo::rerun-if-changed=classifiers");
    for file in ["build.rs", "src/classify/byteset.rs", "src/classify/facts.rs", "src/classify/automaton.rs", "src/classify/stored.rs"] {
        println!("cargo::rerun-if-changed={file}");
    }
    let mut all = BTreeMap::new();
    files(&root, &root, &mut all)?;
    let (mut definitions, mut expressions) = (Vec::new(), BTreeSet::new());
    for (path, text) in &all {
        let json = definition(text).map_err(|e| format!("classifiers/{path}: {e}"))?;
        definitions.extend_from_slice(&u32::try_from(json.len())?.to_le_bytes());
        definitions.extend_from_slice(&json);
        // What is written in another way is only compiled later, when the program searches.
        expressions.extend(text.split("regex = '''").skip(1).filter_map(|part| part.split_once("'''")).map(|(e, _)| e.to_owned()));
    }
    fs::write(Path::new(&out).join("definitions.bin"), definitions)?;
    fs::write(Path::new(&out).join("facts.bin"), stored::Store::make(&expressions))?;
    Ok(())
}
