//! `piimap publish lakeformation`.

use std::collections::HashSet;

use clap::Args;

use super::publish::Which;
use super::{Exit, Setting};
use crate::index::Reader;
use crate::source::glue::tags::Tagging;
use crate::{law, report};

/// Tag tables and columns that were scanned by glue:// in Lake Formation; shows what would change, writes with --apply
#[derive(Debug, Args)]
#[command(after_help = "\
One LF-tag (--key) says what a table and its columns hold: none, unknown, personal or sensitive (in
the sense of Cal. Civ. Code 1798.140(ae)). A table has the highest value of its columns; columns
that differ from their table have a tag of their own. What is masked or hashed does not count, nor
what somebody has judged or allowed. none is said where the whole table was read; else what holds
nothing that was found is unknown. All other tags stay as they are.

Tags decide who may read: look at what would change first. What closes is written before what opens.
With --apply the tag is made where it is not there yet; a key that somebody uses for other values is
refused. --remove takes the tag away from tables and columns, and leaves its definition.

Each table is tagged in the account from which it was read, as `publish glue` does. Allowed by
`piimap init --iam-policy --publish` and, in Lake Formation, by ASSOCIATE and DESCRIBE on the tag,
and CREATE_LF_TAG where it is not there yet (an administrator of the data lake has them).
AWS_ENDPOINT_URL_LAKEFORMATION names another server.

Exit status 3 if a table could not be tagged; the others are.

Examples:
  piimap scan glue://shop && piimap publish lakeformation
  piimap publish lakeformation --database shop --apply
  piimap publish lakeformation --key pii --remove --apply")]
pub(super) struct LakeFormation {
    #[command(flatten)]
    which: Which,
    /// The tag's key: lower case
    #[arg(long, value_name = "NAME", default_value = "piimap")]
    key: String,
    /// Take the tag away
    #[arg(long)]
    remove: bool,
}

impl LakeFormation {
    pub fn run(&self, s: &Setting) -> anyhow::Result<Exit> {
        let known = |c: char| c.is_alphanumeric() && !c.is_uppercase() || "_-./:@+=".contains(c);
        let fits = !self.key.is_empty() && self.key.chars().count() <= 128 && self.key.chars().all(known);
        anyhow::ensure!(fits, "--key is the name of a tag: at most 128 letters, digits and signs, in lower case");
        let (wanted, mut catalogues) = self.which.tables(s)?;
        let classifiers = Reader::open(&s.index)?.classifiers()?;
        let sensitive: HashSet<&str> =
            classifiers.values().filter(|(_, element)| law::categories(element).contains(&"L")).map(|(id, _)| id.as_str()).collect();
        let tag = Tagging { key: &self.key, remove: self.remove, write: self.which.apply };
        let lines = self.which.write(s, &wanted, &report::tagged_text, |f| {
            catalogues.of(f).and_then(|catalogue| catalogue.tag(f, &|id| sensitive.contains(id), tag))
        })?;
        self.which.end(s, &lines, || report::tagged_json(&lines, self.which.apply, &self.key))
    }
}
