//! `piimap diff`.

use clap::Args;

use super::alert::{self, Alert};
use super::{Exit, Setting, output};
use crate::{query, report};

/// What personal data appeared, changed or vanished between two runs
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  piimap diff                      the two newest completed runs
  piimap diff 3                    run 3 and the newest completed one
  piimap diff 3 7                  `piimap runs` lists them
  piimap diff --format json | jq '.changes[] | select(.sensitive)'

Where objects of a dataset were added, rewritten or deleted and its numbers changed, or nothing
else did, it says how many people came into it and how many left, even if as many are there as
before: those whom an identifier names. Objects that were written anew are counted, whatever they
hold; values that identify nobody, such as names, are not told apart.

With two [[tenant]] or two [[region]] in piimap.toml it also says who appeared under a second tenant
or in a second region; regions that buckets tell count only by the names written there.

A change is by data, or by reading: the objects are the same, but other classifiers read them
again, or what joins people is not what it was. Where objects and classifiers are others, it may be
either. Findings are compared as each run's reading had them, consumers by the newest reading.
What is told to others holds names of datasets and fields, numbers, no values.

  piimap diff --on-change 'mail -s \"personal data changed\" ops@example.com'
  piimap diff --post-change https://alerts.example/piimap

Exit status: 0 no personal data changed, 1 something changed: fit for an alert from cron;
2 somebody could not be told.")]
pub(super) struct Diff {
    /// The earlier run [default: the completed one before]
    #[arg(value_name = "RUN")]
    from: Option<i64>,
    /// The later run [default: the newest]
    #[arg(value_name = "RUN")]
    to: Option<i64>,
    /// Command to run if something changed, with the JSON on its standard input
    #[arg(long, value_name = "COMMAND")]
    on_change: Option<String>,
    /// Address that gets the JSON by POST if something changed: https, or this machine
    #[arg(long, value_name = "URL", value_parser = alert::address)]
    post_change: Option<String>,
}

impl Diff {
    pub fn run(&self, s: &Setting) -> anyhow::Result<Exit> {
        let Some(answer) = query::changes(&s.index, self.from, self.to, &s.config.borders()?, &super::decisions::verdicts(s)?)? else {
            match self.from {
                Some(from) => {
                    anyhow::bail!("no completed run is newer than run {from}: name an earlier one, or two; `piimap runs` lists them")
                }
                None => anyhow::bail!("there are no two completed runs to compare; `piimap runs` lists what there is"),
            }
        };
        if s.json {
            output::print_json(&report::diff_json(&answer))?;
        } else {
            output::print(&report::diff_text(&answer))?;
        }
        let alert = Alert { command: self.on_change.as_deref(), url: self.post_change.as_deref() };
        if alert.tell(&answer) > 0 {
            return Ok(Exit::Fatal);
        }
        Ok(if answer.is_empty() { Exit::Done } else { Exit::Empty })
    }
}
