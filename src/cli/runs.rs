//! `piimap runs`.

use clap::Args;

use super::{Exit, Setting, output};
use crate::{index, report};

/// Runs that are shown unless all are asked for.
const NEWEST: usize = 20;

/// The journal: every run, what it read, how it ended
#[derive(Debug, Args)]
#[command(after_help = "\
A run is running, completed, stopped (Ctrl-C) or killed. What a stopped or killed run had finished
counts; the next run goes on from there. `--as-of RUN` of find, map and breach answers as of a run.

Text shows the newest 20, JSON all of them. The journal is kept: `piimap index prune` removes what
runs have read, never the runs.

Example:
  piimap runs --format json | jq -s 'map(select(.status != \"completed\"))'")]
pub(super) struct Runs {
    /// Show all runs, not the newest 20
    #[arg(long)]
    all: bool,
}

impl Runs {
    pub fn run(&self, s: &Setting) -> anyhow::Result<Exit> {
        let runs = index::Reader::open(&s.index)?.runs()?;
        if s.json {
            for r in &runs {
                output::print_json(&report::run_json(r))?;
            }
        } else {
            output::print(&report::runs_text(&runs, if self.all { usize::MAX } else { NEWEST }))?;
        }
        Ok(if runs.is_empty() { Exit::Empty } else { Exit::Done })
    }
}
