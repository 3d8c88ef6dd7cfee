//! `piimap find`.

use std::io::{BufRead, IsTerminal};

use clap::Args;

use super::{Exit, Setting, key, output};
use crate::base::Secret;
use crate::classify::Classifiers;
use crate::index::Reader;
use crate::{query, report};

/// Every place of a consumer, from one or more identifiers
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  piimap find -                          type or pipe the value: it stays out of the shell's history
  piimap find jane@example.com --why     and the records that join her identifiers
  piimap find 457-55-5462 --class us.ssn
  piimap find HL-10417                   a customer's number, where a key column holds it
  piimap find - --as-of 2026-11-03       where it was then

Exit status 1 if nothing is known of it.")]
pub(super) struct Find {
    /// An e-mail address, a social security number, a telephone, a consumer's id (c_…); `-` reads values from standard input, one a line
    #[arg(required = true, value_name = "VALUE")]
    values: Vec<String>,
    /// The classifier that the values belong to, where that is ambiguous
    #[arg(long, value_name = "ID")]
    class: Option<String>,
    /// Show the records that link the identifiers
    #[arg(long)]
    why: bool,
    #[command(flatten)]
    moment: super::as_of::Moment,
}

impl Find {
    pub fn run(&self, s: &Setting) -> anyhow::Result<Exit> {
        let reader = self.moment.open(s)?;
        let hasher = reader.unlock(&key::load(s, false)?)?;
        let classifiers = key::classifiers(s)?;
        let asked = asked(&self.values, self.class.as_deref(), &classifiers, &reader)?;
        let (reader, verdicts) = super::decisions::judged(s, reader)?;
        let mut answer = query::find(&reader, &hasher, &classifiers, &asked, self.why)?;
        verdicts.judge_find(&mut answer);
        if s.json {
            output::print_json(&report::find_json(&answer, self.why))?;
        } else {
            output::print(&report::find_text(&answer, self.why))?;
        }
        Ok(if answer.places.is_empty() { Exit::Empty } else { Exit::Done })
    }
}

/// The values typed; `-` reads them from standard input.
pub(super) fn asked(values: &[String], class: Option<&str>, classifiers: &Classifiers, reader: &Reader) -> anyhow::Result<Vec<query::Asked>> {
    if let Some(class) = class {
        let known = classifiers.index_of(class).is_some() || reader.key_columns()?.iter().any(|c| c.namespace.class == *class);
        anyhow::ensure!(known, "there is no classifier {class}; `piimap classifiers list` shows them, `piimap map --links` the keys");
    }
    let mut asked = Vec::new();
    for v in values {
        if v == "-" {
            if std::io::stdin().is_terminal() {
                output::error("type one value a line, then Ctrl-D");
            }
            for line in std::io::stdin().lock().lines() {
                asked.push(Secret::new(line?));
            }
        } else {
            asked.push(Secret::new(v.as_bytes()));
        }
    }
    asked.retain(|a| !a.expose().trim_ascii().is_empty());
    anyhow::ensure!(!asked.is_empty(), "no value was given");
    Ok(asked.into_iter().map(|value| query::Asked { value, class: class.map(str::to_owned) }).collect())
}
