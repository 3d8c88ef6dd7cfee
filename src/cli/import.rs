//! `piimap classifiers import`.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Subcommand;

use super::{Exit, Setting, output};
use crate::classify::macie::{self, Import, Outcome};
use crate::report;

/// Where allow lists go: not a classifier, and nothing that is read before somebody has looked at it.
const LISTS: &str = "allow-lists.txt";

#[derive(Debug, Subcommand)]
pub(super) enum From {
    /// Custom data identifiers and allow lists of Amazon Macie
    #[command(after_help = "\
FILE is what `aws macie2 get-custom-data-identifier` and `get-allow-list` print, one document or
several, an array of them, or a list. Each identifier becomes one file; what cannot be carried over is
a comment in it, and what cannot be a file is named with the reason, and costs itself alone. Allow
lists are written to allow-lists.txt, to be copied into piimap.toml. Exit status 3 if one was left out.

Examples:
  aws macie2 get-custom-data-identifier --id ID > badge.json
  piimap classifiers import macie badge.json --out my-classifiers
  piimap classifiers test my-classifiers")]
    Macie {
        /// JSON; `-` reads standard input
        file: PathBuf,
        /// The folder that the files are written to
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// Replace files that are there
        #[arg(long)]
        force: bool,
    },
}

impl From {
    pub fn run(&self, s: &Setting) -> anyhow::Result<Exit> {
        let From::Macie { file, out, force } = self;
        let name = file.display().to_string();
        let json = if name == "-" {
            let mut text = String::new();
            std::io::stdin().lock().read_to_string(&mut text)?;
            text
        } else {
            std::fs::read_to_string(file).with_context(|| name.clone())?
        };
        let mut all = macie::import(&json).map_err(|e| anyhow::anyhow!("{name}: {e}"))?;
        anyhow::ensure!(!all.is_empty(), "{name} holds neither custom data identifiers nor allow lists of Macie");
        let mut lists = String::new();
        for i in &mut all {
            let failed = match &i.outcome {
                Outcome::Classifier { path, text, .. } => write(&out.join(path), text, *force).err(),
                Outcome::Allow { text, .. } => {
                    lists += &format!("{text}\n");
                    None
                }
                Outcome::Failed(_) => None,
            };
            if let Some(e) = failed {
                i.outcome = Outcome::Failed(format!("{e:#}"));
            }
        }
        if !lists.is_empty() {
            write(&out.join(LISTS), &lists, *force)?;
        }
        if s.json {
            all.iter().try_for_each(|i| output::print_json(&report::import_json(i)))?;
        } else {
            output::print(&report::import_text(&all, &out.display().to_string(), LISTS))?;
        }
        let lost = |i: &Import| matches!(i.outcome, Outcome::Failed(_));
        Ok(if all.iter().any(lost) { Exit::Incomplete } else { Exit::Done })
    }
}

fn write(path: &Path, text: &str, force: bool) -> anyhow::Result<()> {
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir).with_context(|| dir.display().to_string())?;
    }
    let mut o = std::fs::OpenOptions::new();
    o.write(true).create_new(!force).create(true).truncate(force);
    let mut file = match o.open(path) {
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {
            anyhow::bail!("{} is there already; --force replaces it", path.display())
        }
        other => other.with_context(|| path.display().to_string())?,
    };
    Ok(file.write_all(text.as_bytes())?)
}
