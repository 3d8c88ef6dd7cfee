//! Reading objects again that the index knows: where they lie, and how they are reached.

use std::sync::Arc;

use clap::Args;

use super::{Setting, scan};
use crate::base::Reason;
use crate::index::Reader;
use crate::source::{self, Options, Source};

/// Where objects are read again.
#[derive(Debug, Args)]
pub(super) struct Again {
    /// Where to read [default: the sources of all runs]
    #[arg(long, value_name = "SOURCE")]
    source: Vec<String>,
    /// Another S3 server
    #[arg(long, value_name = "URL")]
    endpoint_url: Option<String>,
}

/// Sources that are open, and those that could not be opened.
pub(super) type Opened = (Vec<Arc<dyn Source>>, Vec<(String, Reason)>);

impl Again {
    /// Opens the sources that were named, or those of the index. One that was named and cannot be opened is a mistake.
    pub fn open(&self, s: &Setting, reader: &Reader) -> anyhow::Result<Opened> {
        self.opener(s)?(reader)
    }

    /// The same for later.
    pub fn opener(&self, s: &Setting) -> anyhow::Result<impl Fn(&Reader) -> anyhow::Result<Opened> + use<>> {
        let options = Options {
            endpoint_url: self.endpoint_url.clone(),
            forms: s.config.forms()?,
            accounts: s.config.accounts()?,
            home: s.config.budget.home(),
            ..Options::default()
        };
        let named = self.source.clone();
        Ok(move |reader: &Reader| {
            if named.is_empty() {
                return sources_of_runs(reader, &options);
            }
            Ok((named.iter().map(|spec| scan::open(spec, &options)).collect::<anyhow::Result<_>>()?, Vec::new()))
        })
    }
}

/// Opens the sources of all runs; one that cannot be opened is not examined.
pub(super) fn sources_of_runs(reader: &Reader, options: &Options) -> anyhow::Result<Opened> {
    let (mut opened, mut closed) = (Vec::new(), Vec::new());
    for spec in reader.sources()? {
        // What came through a pipe cannot be read again.
        match if spec == "-" { Err(Reason::NotFound) } else { source::open(&spec, options).map_err(|e| e.reason) } {
            Ok(s) => opened.push(s),
            Err(reason) => closed.push((spec, reason)),
        }
    }
    Ok((opened, closed))
}
