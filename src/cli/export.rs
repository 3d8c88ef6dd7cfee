//! `piimap export`.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, ValueEnum};

use super::{Exit, Setting, decisions, key, output};
use crate::base::Timestamp;
use crate::index::Reader;
use crate::{query, report};

/// The map for other tools: findings, discovery results, lineage, metrics; no values in it
#[derive(Debug, Args)]
#[command(after_help = "\
Rows count records from 1, without the line of column names. Places in running
text are byte offsets. Nothing needs the key.

Examples:
  piimap export ocsf | gzip > findings.jsonl.gz      for Security Hub, a SIEM
  piimap export macie --out results.jsonl            one line for each object
  piimap export openlineage --out datasets.jsonl     columns tagged pii
  piimap export prometheus --out piimap.prom         gauges for node_exporter")]
pub(super) struct Export {
    /// What to write
    #[arg(value_enum, value_name = "FORMAT")]
    what: What,
    /// Write to a file, readable by you alone, that is there whole or not at all; - for standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    /// JSON Lines: OCSF 1.6.0, a Data Security Finding for each object, field and classifier
    Ocsf,
    /// JSON Lines: like the discovery results of Amazon Macie, one for each object
    Macie,
    /// JSON Lines: OpenLineage, a DatasetEvent for each dataset, with tags
    Openlineage,
    /// Text: gauges for Prometheus
    Prometheus,
}

impl Export {
    pub fn run(&self, s: &Setting) -> anyhow::Result<Exit> {
        let (reader, verdicts) = decisions::judged(s, Reader::open(&s.index)?)?;
        match &self.out {
            Some(file) if file.as_os_str() != "-" => {
                let dir = file.parent().filter(|d| !d.as_os_str().is_empty()).unwrap_or(Path::new("."));
                let says = || format!("cannot write {}", file.display());
                let beside = tempfile::NamedTempFile::new_in(dir).with_context(says)?;
                let mut out = BufWriter::new(beside);
                self.write(s, &reader, &verdicts, &mut out)?;
                let beside = out.into_inner().map_err(io::IntoInnerError::into_error).with_context(says)?;
                beside.as_file().sync_all().with_context(says)?;
                beside.persist(file).map_err(|e| e.error).with_context(says)?;
                output::note(&format!("{} written", file.display()));
            }
            _ => {
                let mut out = BufWriter::new(io::stdout().lock());
                self.write(s, &reader, &verdicts, &mut out)?;
                out.flush()?;
            }
        }
        Ok(Exit::Done)
    }

    fn write(&self, s: &Setting, reader: &Reader, verdicts: &query::Verdicts, out: &mut dyn Write) -> anyhow::Result<()> {
        let map = || -> anyhow::Result<query::MapAnswer> {
            let mut map = query::map(reader)?;
            verdicts.judge_map(&mut map);
            Ok(map)
        };
        match self.what {
            What::Ocsf => {
                let classifiers = key::classifiers(s)?;
                for o in query::exported(reader, verdicts, report::OCSF_PLACES)? {
                    for event in report::ocsf_findings(&o?, &classifiers) {
                        writeln!(out, "{event}")?;
                    }
                }
            }
            What::Macie => {
                let classifiers = key::classifiers(s)?;
                let run = reader.newest_run()?.map(|r| r.id);
                for o in query::exported(reader, verdicts, report::MACIE_PLACES)? {
                    writeln!(out, "{}", report::macie_result(&o?, &classifiers, run))?;
                }
            }
            What::Openlineage => {
                let at = reader.newest_run()?.map_or_else(Timestamp::now, |r| Timestamp(r.completed.unwrap_or(r.started)));
                for event in report::openlineage_events(&map()?, at) {
                    writeln!(out, "{event}")?;
                }
            }
            What::Prometheus => out.write_all(report::prometheus_text(&map()?, &query::numbers(reader)?).as_bytes())?,
        }
        Ok(())
    }
}
