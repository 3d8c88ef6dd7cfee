//! Makes `samples/`: the data of Harborlight Outfitters, a small company that does not exist.
//!
//! Takes a seed, gives the files' bytes and the truth about them: what was planted where, and whose it is. The same seed
//! gives the same bytes, as long as the locked versions of the gzip and Parquet crates stay the same. Knows nothing of piimap.
#![allow(missing_docs)]

mod cloudtrail;
mod crm;
mod dynamodb;
mod expected;
mod ids;
mod logs;
mod names;
mod orders;
pub mod people;
mod rds;
mod redshift;
pub mod rng;
mod support;
mod tree;
mod truth;
mod warehouse;

use people::Person;
use rng::Rng;
use tree::Tree;
use truth::Truth;

/// The seed of `samples/`. Another seed makes another company.
pub const SEED: u64 = 20_261_103;

/// How many people buy; those behind them in the list only receive gifts.
const CUSTOMERS: usize = 400;

/// The files and the truth about them.
pub struct Samples {
    /// Path below `samples/` to bytes.
    pub files: std::collections::BTreeMap<String, Vec<u8>>,
    /// `tests/data/samples_truth.json`.
    pub truth_json: String,
    /// Every planted value as it is written in a file, with its classifier: `classifier TAB value` lines.
    pub planted: String,
}

/// What every part of the samples is made from.
struct World {
    people: Vec<Person>,
    tree: Tree,
    truth: Truth,
}

impl World {
    fn customers(&self) -> Vec<Person> {
        self.people[..CUSTOMERS].to_vec()
    }

    fn friends(&self) -> Vec<Person> {
        self.people[CUSTOMERS..].to_vec()
    }

    fn rng(&self, part: &str) -> Rng {
        Rng::named(SEED, part)
    }
}

/// Makes all of it, in memory.
pub fn samples() -> Samples {
    let mut world = World { people: people::people(SEED, CUSTOMERS + 60), tree: Tree::default(), truth: Truth::default() };
    crm::write(&mut world);
    orders::write(&mut world);
    rds::write(&mut world);
    redshift::write(&mut world);
    dynamodb::write(&mut world);
    logs::write(&mut world);
    support::write(&mut world);
    warehouse::write(&mut world);
    // Last, because its events name the other files.
    cloudtrail::write(&mut world);
    let summary = world.truth.summary();
    world.tree.add("EXPECTED.md", expected::page(&summary).into_bytes());
    Samples { files: world.tree.files, truth_json: expected::json(&summary), planted: world.truth.planted_lines() }
}

/// What differs between the folder and what would be written there, a line each; nothing if it is current.
pub fn differences(made: &Samples, dir: &std::path::Path, truth: &std::path::Path) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut compare = |file: std::path::PathBuf, bytes: &[u8]| match std::fs::read(&file) {
        Ok(there) if there == bytes => {}
        Ok(_) => wrong.push(format!("{} differs", file.display())),
        Err(e) => wrong.push(format!("{}: {e}", file.display())),
    };
    for (path, bytes) in &made.files {
        compare(dir.join(path), bytes);
    }
    compare(truth.to_path_buf(), made.truth_json.as_bytes());
    let mut folders = vec![dir.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(below) = path.strip_prefix(dir)
                && !made.files.contains_key(&below.to_string_lossy().replace('\\', "/"))
            {
                wrong.push(format!("{} is not of the samples", path.display()));
            }
        }
    }
    wrong
}
