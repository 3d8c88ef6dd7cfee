//! `piimap diff`.

use clap::Args;

use super::{Exit, Setting, output};
use crate::{query, report};

/// What personal data appeared, changed or vanished between two runs
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  piimap diff                      the two newest completed runs
  piimap diff 3 7                  `piimap runs` lists them
  piimap diff --format json | jq '.changes[] | select(.sensitive)'

Exit status: 0 nothing changed, 1 something changed: fit for an alert from cron.")]
pub(super) struct Diff {
    /// The earlier run [default: the completed one before]
    #[arg(value_name = "RUN", requires = "to")]
    from: Option<i64>,
    /// The later run [default: the newest]
    #[arg(value_name = "RUN")]
    to: Option<i64>,
}

impl Diff {
    pub fn run(&self, s: &Setting) -> anyhow::Result<Exit> {
        let Some(answer) = query::changes(&s.index, self.from, self.to)? else {
            anyhow::bail!("there are no two completed runs to compare; `piimap runs` lists what there is");
        };
        if s.json {
            output::print_json(&report::diff_json(&answer))?;
        } else {
            output::print(&report::diff_text(&answer))?;
        }
        Ok(if answer.changes.is_empty() { Exit::Done } else { Exit::Empty })
    }
}
