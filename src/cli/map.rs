//! `piimap map`.

use clap::Args;

use super::{Exit, Setting, output};
use crate::{index, query, report};

/// What personal data lies where: datasets, fields, how much, whose
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  piimap map --format json | jq '.datasets[].name'")]
pub(super) struct Map {}

impl Map {
    pub fn run(&self, s: &Setting) -> anyhow::Result<Exit> {
        let answer = query::map(&index::Reader::open(&s.index)?)?;
        if s.json {
            output::print_json(&report::map_json(&answer))?
        } else {
            output::print(&report::map_text(&answer))?
        }
        Ok(Exit::Done)
    }
}
