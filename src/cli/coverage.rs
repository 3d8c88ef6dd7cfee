//! `piimap coverage`.

use clap::Args;

use super::{Exit, Setting, output};
use crate::{index, query, report};

/// What was read in part or not at all, and why
#[derive(Debug, Args)]
#[command(after_help = "\
What is listed is missing in every answer. A place that a run could not list stays until a later run
has listed it, whatever others read. A run that was killed or is still going on is a line for each
of its sources, until a later run has gone through it.

Exit status 3 if anything is listed that piimap.toml does not accept; excluded and not_configured
count as accepted.

Example:
  piimap coverage --format json")]
pub(super) struct Coverage {}

impl Coverage {
    pub fn run(&self, s: &Setting) -> anyhow::Result<Exit> {
        let reader = index::Reader::open(&s.index)?;
        let (missing, lines) = (reader.missing()?, query::coverage(&reader)?);
        let lines: Vec<_> = lines
            .into_iter()
            .map(|l| {
                let excused = s.config.excuses(&l);
                (l, excused)
            })
            .collect();
        if s.json {
            for (l, accepted) in &lines {
                output::print_json(&report::coverage_json(l, *accepted))?;
            }
        } else {
            output::print(&report::coverage_text(&missing, &lines))?;
        }
        Ok(if lines.iter().all(|l| l.1) { Exit::Done } else { Exit::Incomplete })
    }
}
