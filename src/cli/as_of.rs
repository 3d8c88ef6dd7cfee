//! `--as-of`, the same for every question.

use clap::Args;

use super::Setting;
use crate::index::{AsOf, Reader};

/// A moment in the past.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Moment {
    /// Answer as of a run (its number: what it saw) or a time (RFC 3339: what was stored then; a day is its beginning, 00:00 UTC)
    #[arg(long, value_name = "RUN|TIME", value_parser = parse)]
    as_of: Option<AsOf>,
}

fn parse(text: &str) -> Result<AsOf, String> {
    AsOf::parse(text).ok_or_else(|| "a run's number, a day such as 2026-11-03, or a time such as 2026-11-03T22:15:00Z".to_owned())
}

impl Moment {
    /// The index, as of the moment.
    pub fn open(&self, s: &Setting) -> anyhow::Result<Reader> {
        let reader = Reader::open(&s.index)?;
        Ok(match self.as_of {
            Some(asked) => reader.as_of(asked)?,
            None => reader,
        })
    }
}
