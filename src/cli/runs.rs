//! `piimap runs`.

use clap::Args;

use super::{Exit, Setting, output};
use crate::{index, report};

/// The journal: every run, what it read, how it ended
#[derive(Debug, Args)]
#[command(after_help = "\
A run is running, completed, stopped (Ctrl-C) or killed. What a stopped or killed run had finished
counts; the next run goes on from there. `--as-of RUN` of find, map and breach answers as of a run.

Example:
  piimap runs --format json | jq -s 'map(select(.status != \"completed\"))'")]
pub(super) struct Runs {}

impl Runs {
    pub fn run(&self, s: &Setting) -> anyhow::Result<Exit> {
        let runs = index::Reader::open(&s.index)?.runs()?;
        if s.json {
            for r in &runs {
                output::print_json(&report::run_json(r))?;
            }
        } else {
            output::print(&report::runs_text(&runs))?;
        }
        Ok(if runs.is_empty() { Exit::Empty } else { Exit::Done })
    }
}
