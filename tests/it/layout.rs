//! The house keeps its shape: who may know whom, and what may not stand in `src` at all.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::support::bench::repository;

/// Folders by level: each may use those of lower levels and itself, never its neighbours.
const LEVELS: &[&[&str]] = &[
    &["base"],
    &["source", "container", "format", "classify", "law", "evidence"],
    &["identity"],
    &["index"],
    &["scan", "query"],
    &["report"],
    &["serve"],
    &["cli"],
];

/// Files over 400 lines, with the reason. A file that got shorter must go from here.
const LONG: &[(&str, &str)] = &[
    ("classify/validators/mod.rs", "the list of all checks, a line each"),
    ("classify/definition.rs", "what a file may hold, and every mistake in it with its words"),
    ("classify/validators/words.rs", "words, a line each"),
];

/// The one folder that may hold `unsafe`.
const UNSAFE: &str = "base/bitmap/";

/// A file of `src` with its code: comments are gone, line numbers stay.
struct File {
    /// Below `src`, with `/`.
    name: String,
    text: String,
    code: String,
}

fn files() -> Vec<File> {
    fn walk(dir: &Path, out: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, out);
            } else if path.extension().is_some_and(|e| e == "rs") {
                out.push(path);
            }
        }
    }
    let root = repository().join("src");
    let mut paths = Vec::new();
    walk(&root, &mut paths);
    paths.sort();
    assert!(paths.len() > 60, "only {} files found", paths.len());
    let file = |p: PathBuf| {
        let text = std::fs::read_to_string(&p).unwrap();
        let code = without_comments(&text);
        File { name: p.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/"), text, code }
    };
    paths.into_iter().map(file).collect()
}

/// Line comments, doc comments among them, become empty.
fn without_comments(text: &str) -> String {
    let code = |l: &str| if l.trim_start().starts_with("//") { String::new() } else { l.split(" // ").next().unwrap_or(l).to_owned() };
    text.lines().map(code).collect::<Vec<_>>().join("\n")
}

fn level(folder: &str) -> Option<usize> {
    LEVELS.iter().position(|l| l.contains(&folder))
}

/// The folders of `src` that the code of a file in `folder`, `depth` modules below the root, names: by `crate::`, or by enough
/// `super::`.
fn used(code: &str, depth: usize) -> BTreeSet<String> {
    let up = "super::".repeat(depth);
    let mut found = BTreeSet::new();
    for root in ["crate::", &up] {
        for (at, _) in code.match_indices(root) {
            let word_before = code[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '$');
            if !word_before {
                found.extend(heads(&code[at + root.len()..]));
            }
        }
    }
    found.retain(|f| level(f).is_some());
    found
}

/// The first names of a path or of a group of paths: `a::{b, c}` gives `a`; `{a::b, c::{d, e}}` gives `a`, `c`.
fn heads(path: &str) -> Vec<String> {
    let name = |s: &str| s.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let Some(group) = path.strip_prefix('{') else { return vec![name(path)] };
    let (mut out, mut depth, mut start) = (Vec::new(), 0, 0);
    for (i, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            ',' if depth == 0 => {
                out.push(name(&group[start..i]));
                start = i + 1;
            }
            '}' if depth == 0 => {
                out.push(name(&group[start..i]));
                break;
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    out
}

fn report(rule: &str, wrong: Vec<String>) {
    assert!(wrong.is_empty(), "{rule}:\n  {}", wrong.join("\n  "));
}

#[test]
fn imports_are_understood() {
    let code = "use crate::base::Error;\nuse crate::{index, query::{self, find}, report::x};\nlet y = crate::law::z();\nuse super::super::scan::Sink;\nmycrate::serve::no();";
    let want: BTreeSet<String> = ["base", "index", "query", "report", "law", "scan"].map(str::to_owned).into();
    assert_eq!(used(code, 2), want);
    assert_eq!(used("use super::super::scan::Sink;", 3), BTreeSet::new());
    assert_eq!(without_comments("a // crate::b\n  //! crate::c\nd"), "a\n\nd");
}

#[test]
fn imports_go_downwards() {
    let mut wrong = Vec::new();
    for f in files() {
        let Some((folder, _)) = f.name.split_once('/') else { continue };
        let Some(mine) = level(folder) else {
            wrong.push(format!("{}: the folder has no place among the levels", f.name));
            continue;
        };
        let depth = f.name.matches('/').count() + usize::from(!f.name.ends_with("/mod.rs"));
        for other in used(&f.code, depth) {
            if other != folder && level(&other) >= Some(mine) {
                wrong.push(format!("{} uses {other}", f.name));
            }
        }
    }
    report("a folder knows those below it only", wrong);
}

#[test]
fn the_kernel_knows_no_file_no_network_no_sql() {
    let banned = [
        "tokio",
        "rusqlite",
        "std::path",
        "std::fs",
        "std::process",
        "TcpStream",
        "UdpSocket",
        "ToSocketAddrs",
        "aws_sdk_s3",
        "aws_config",
    ];
    let mut wrong = Vec::new();
    for f in files().iter().filter(|f| f.name.starts_with("classify/") || f.name.starts_with("identity/")) {
        for b in banned {
            // `use std::{fs, …}` names it as well.
            let grouped = b
                .strip_prefix("std::")
                .is_some_and(|m| f.code.match_indices("std::{").any(|(at, _)| heads(&f.code[at + "std::".len()..]).iter().any(|h| h == m)));
            if f.code.contains(b) || grouped {
                wrong.push(format!("{} uses {b}", f.name));
            }
        }
    }
    report("classify and identity are pure", wrong);
}

#[test]
fn only_cli_prints_and_nothing_is_left_undone() {
    let mut wrong = Vec::new();
    for f in files() {
        for (n, line) in f.code.lines().enumerate() {
            let has = |word: &str| {
                line.match_indices(word).any(|(at, _)| !line[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_'))
            };
            let mut banned = vec!["dbg!", "todo!", "unimplemented!", "#[ignore"];
            if !f.name.starts_with("cli/") {
                banned.extend(["println!", "eprintln!", "print!", "eprint!", "io::stdout(", "io::stderr("]);
            }
            let whole = |word: &str| line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|w| w == word);
            if whole("unsafe") && !f.name.starts_with(UNSAFE) {
                wrong.push(format!("{}:{}: unsafe", f.name, n + 1));
            }
            wrong.extend(banned.into_iter().filter(|b| has(b)).map(|b| format!("{}:{}: {b}", f.name, n + 1)));
        }
    }
    report("not in src", wrong);
}

#[test]
fn files_are_short_and_folders_say_what_they_are_for() {
    let mut wrong = Vec::new();
    let all = files();
    for f in &all {
        let lines = f.text.lines().count();
        match LONG.iter().find(|(name, _)| *name == f.name) {
            None if lines > 400 => wrong.push(format!("{} has {lines} lines", f.name)),
            Some(_) if lines <= 400 => wrong.push(format!("{} has {lines} lines: take it from the list of long files", f.name)),
            _ => {}
        }
        if !f.text.starts_with("//!") && !f.name.ends_with("tests.rs") {
            wrong.push(format!("{} does not begin with what it is for", f.name));
        }
    }
    for (name, reason) in LONG {
        assert!(!reason.is_empty() && all.iter().any(|f| f.name == *name), "{name} is no file");
    }
    for folder in all.iter().filter_map(|f| f.name.rsplit_once('/').map(|(folder, _)| folder)).collect::<BTreeSet<_>>() {
        let module = format!("{folder}/mod.rs");
        let sibling = format!("{folder}.rs");
        if !all.iter().any(|f| f.name == module) {
            wrong.push(format!(
                "{folder} has no mod.rs{}",
                if all.iter().any(|f| f.name == sibling) { " but a file beside it" } else { "" }
            ));
        }
    }
    report("shape of files", wrong);
}

/// The version of each direct dependency of piimap, by a lock file.
fn locked(path: &str) -> BTreeMap<String, String> {
    let lock: toml::Table = std::fs::read_to_string(repository().join(path)).unwrap().parse().unwrap();
    let packages = lock["package"].as_array().unwrap();
    let of = |p: &toml::Value, key: &str| p[key].as_str().unwrap().to_owned();
    let own = packages.iter().find(|p| p["name"].as_str() == Some("piimap")).unwrap();
    let version = |dependency: &str| match dependency.split_once(' ') {
        Some((name, version)) => (name.to_owned(), version.to_owned()),
        None => (dependency.to_owned(), of(packages.iter().find(|p| p["name"].as_str() == Some(dependency)).unwrap(), "version")),
    };
    own["dependencies"].as_array().unwrap().iter().map(|d| version(d.as_str().unwrap())).collect()
}

/// The fuzz targets are no part of the crate: nothing else notices that their lock file does not fit any more.
#[test]
fn the_lock_file_of_the_fuzz_targets_fits() {
    let manifest: toml::Table = std::fs::read_to_string(repository().join("Cargo.toml")).unwrap().parse().unwrap();
    let (all, fuzz) = (locked("Cargo.lock"), locked("fuzz/Cargo.lock"));
    let unix = &manifest["target"]["cfg(unix)"]["dependencies"];
    let names = [&manifest["dependencies"], &manifest["build-dependencies"], unix].into_iter().flat_map(|t| t.as_table().unwrap().keys());
    let want: BTreeMap<String, String> = names.map(|n| (n.clone(), all[n].clone())).collect();
    assert!(want.len() > 40, "only {} dependencies found", want.len());
    assert_eq!(fuzz, want, "run `cargo update --workspace` in fuzz/, and set versions that differ with `cargo update --precise`");
}
