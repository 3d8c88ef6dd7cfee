//! `piimap find`.

use clap::Args;

use super::{Exit, Setting, asking, key, output, request};
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
  piimap find - --request 2026-0117      and freeze it, to prove a deletion later

Of several values those of which nothing is known are named by their place. What is copied from a
mail or a page is understood: Jane <jane@example.com>, mailto:…, tel:…. People are not found by
name, street or day: these are counted and not kept.

Exit status 1 if nothing is known of any.")]
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
    /// Freeze the person's identifiers and places under this id, for `piimap verify --request ID` after a deletion
    #[arg(long, value_name = "ID")]
    request: Option<String>,
    /// Why this is asked; goes into the audit log
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    moment: super::as_of::Moment,
}

impl Find {
    pub fn run(&self, s: &Setting) -> anyhow::Result<Exit> {
        let reader = self.moment.open(s)?;
        let hasher = reader.unlock(&key::load(s, false)?)?;
        let classifiers = key::classifiers(s)?;
        let asked = asking::values(&self.values, self.class.as_deref(), &classifiers, &reader)?;
        let (reader, verdicts) = super::decisions::judged(s, reader)?;
        let mut answer = query::find(&reader, &hasher, &classifiers, &asked, self.why)?;
        verdicts.judge_find(&mut answer);
        if let Some(id) = &self.request {
            let person = query::known(&reader, &hasher, &classifiers, &asked)?;
            anyhow::ensure!(!person.objects.is_empty(), "nothing is known of it: there is nothing to freeze");
            request::freeze(&s.index, id, &person, &hasher)?;
        }
        let query: Vec<_> = asked.iter().map(|a| String::from_utf8_lossy(a.value.expose()).into_owned()).collect();
        asking::log(s, "find", Some(&hasher), &query, self.reason.as_deref(), answer.places.len() as u64)?;
        if s.json {
            output::print_json(&report::find_json(&answer, self.why))?;
        } else {
            output::print(&report::find_text(&answer, self.why))?;
        }
        if answer.places.is_empty() {
            asking::tell_unheard(&reader, &classifiers)?;
        }
        Ok(if answer.places.is_empty() { Exit::Empty } else { Exit::Done })
    }
}
