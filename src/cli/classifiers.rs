//! `piimap classifiers`.

use std::collections::HashSet;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Exit, Setting, decisions, import, key, output};
use crate::classify::Classifiers;
use crate::report;

/// The kinds of personal information that are recognised
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  piimap classifiers list\n  piimap classifiers show us.ssn\n  piimap classifiers test ./my-classifiers\n  piimap classifiers import macie identifier.json --out ./my-classifiers\n  piimap classifiers --markdown"
)]
pub(super) struct Show {
    #[command(subcommand)]
    what: Option<What>,
    /// Print the catalogue, and what of other systems' lists it covers, as Markdown
    #[arg(long)]
    markdown: bool,
}

#[derive(Debug, Subcommand)]
enum What {
    /// One line a classifier
    List,
    /// One classifier's definition
    Show {
        /// Its id, such as us.ssn
        id: String,
    },
    /// Run every example of the built-in classifiers, and of those in DIR
    Test {
        /// A folder of classifiers
        dir: Option<PathBuf>,
    },
    /// Allow values, by keyed hashes in piimap.toml
    Allow(decisions::AllowValues),
    /// Make classifier files of another system's
    Import {
        #[command(subcommand)]
        from: import::From,
    },
}

impl Show {
    pub fn run(&self, s: &Setting) -> anyhow::Result<Exit> {
        if let Some(What::Test { dir }) = &self.what {
            return test(dir.as_ref(), s);
        }
        if let Some(What::Allow(values)) = &self.what {
            return values.run(s);
        }
        if let Some(What::Import { from }) = &self.what {
            return from.run(s);
        }
        let all = key::classifiers(s)?;
        if self.markdown {
            output::print(&report::classifiers_markdown(&all))?;
            return Ok(Exit::Done);
        }
        match &self.what {
            Some(What::Show { id }) => {
                let found = all.iter().find(|c| c.id == *id);
                let c = found.ok_or_else(|| anyhow::anyhow!("there is no classifier {id}; `piimap classifiers list` shows them"))?;
                if s.json { output::print_json(&report::classifiers_json(c))? } else { output::print(&c.source)? }
            }
            _ if s.json => {
                for c in all.iter() {
                    output::print_json(&report::classifiers_json(c))?;
                }
            }
            _ => output::print(&report::classifiers_text(&all))?,
        }
        Ok(Exit::Done)
    }
}

fn test(dir: Option<&PathBuf>, s: &Setting) -> anyhow::Result<Exit> {
    let dir = dir.or(s.classifiers.as_ref());
    let files = dir.map(|d| key::files(d)).transpose()?.unwrap_or_default();
    let own: HashSet<String> = files.iter().map(|(path, _)| path.clone()).collect();
    let all = dir.map_or_else(|| Classifiers::with_extra([]), |d| key::with_files(d, files))?;
    let failures = if dir.is_some() { all.self_test_own() } else { all.self_test() };
    let file = |id: &str| {
        let path = format!("{}.toml", id.replace('.', "/"));
        let dir = dir.filter(|_| own.contains(&path));
        dir.map_or_else(|| format!("built-in {path}"), |d| d.join(&path).display().to_string())
    };
    if s.json {
        for f in &failures {
            output::print_json(&report::example_json(f, &file(&f.classifier)))?;
        }
        output::print_json(&report::examples_json(&failures, all.len()))?;
    } else {
        output::print(&report::examples_text(&failures, &file, all.len()))?;
    }
    Ok(if failures.is_empty() { Exit::Done } else { Exit::Empty })
}
