//! `piimap export`.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, ValueEnum};

use super::{Exit, Setting, decisions, key, output};
use crate::base::{Timestamp, WholeFile};
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
  piimap export prometheus --out piimap.prom         gauges for node_exporter
  piimap export asff --account 111122223333 --region eu-central-1 | jq -s '.[:100]' > findings.json
      then: aws securityhub batch-import-findings --findings file://findings.json
  piimap export datahub --out tags.json              a source of type `file` for `datahub ingest`
  piimap export openmetadata --service glue.default  a line a column: PUT its `update` to
      /api/v1/columns/name/{fullyQualifiedName}?entityType=table; it replaces the tags of that column")]
pub(super) struct Export {
    /// What to write
    #[arg(value_enum, value_name = "FORMAT")]
    what: What,
    /// Write to a file, readable by you alone, that is there whole or not at all; - for standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// asff: the AWS account, 12 digits
    #[arg(long, value_name = "ID", value_parser = account, required_if_eq("what", "asff"))]
    account: Option<String>,
    /// asff: the region of Security Hub, such as eu-central-1
    #[arg(long, value_name = "NAME", value_parser = region, required_if_eq("what", "asff"))]
    region: Option<String>,
    /// openmetadata: the service (and what comes between it and the schema) that names of tables begin with
    #[arg(long, value_name = "NAME", default_value = "piimap")]
    service: String,
    /// datahub: the environment of datasets
    #[arg(long, value_name = "NAME", default_value = "PROD")]
    env: String,
}

fn account(text: &str) -> Result<String, String> {
    let fits = text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
    if fits { Ok(text.to_owned()) } else { Err("an account is 12 digits".to_owned()) }
}

fn region(text: &str) -> Result<String, String> {
    let fits = text.split('-').count() >= 3 && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if fits { Ok(text.to_owned()) } else { Err("a region is a name such as eu-central-1".to_owned()) }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    /// JSON Lines: OCSF 1.6.0, a Data Security Finding for each object, field and classifier
    Ocsf,
    /// JSON Lines: like the discovery results of Amazon Macie, one for each object
    Macie,
    /// JSON Lines: OpenLineage, a DatasetEvent for each dataset, with tags
    Openlineage,
    /// JSON Lines: AWS Security Finding Format, one for each object with personal data (--account, --region)
    Asff,
    /// JSON: metadata change proposals of DataHub that add tags to fields
    Datahub,
    /// JSON Lines: columns of OpenMetadata with the tags PII.Sensitive and PII.NonSensitive (--service)
    Openmetadata,
    /// Text: gauges for Prometheus
    Prometheus,
}

impl Export {
    pub fn run(&self, s: &Setting) -> anyhow::Result<Exit> {
        let is_text = s.json && matches!(self.what, What::Prometheus);
        anyhow::ensure!(!is_text, "prometheus and --format json do not go together: the gauges are text; leave it out");
        let (reader, verdicts) = decisions::judged(s, Reader::open(&s.index)?)?;
        match &self.out {
            Some(file) if file.as_os_str() != "-" => {
                let says = || format!("cannot write {}", file.display());
                let mut out = WholeFile::private(file).with_context(says)?;
                self.write(s, &reader, &verdicts, &mut out)?;
                out.finish().with_context(says)?;
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
            What::Asff => {
                let classifiers = key::classifiers(s)?;
                let account =
                    report::Account { id: self.account.clone().unwrap_or_default(), region: self.region.clone().unwrap_or_default() };
                for o in query::exported(reader, verdicts, report::ASFF_PLACES)? {
                    if let Some(finding) = report::asff_finding(&o?, &classifiers, &account) {
                        writeln!(out, "{finding}")?;
                    }
                }
            }
            What::Datahub => {
                let classifiers = key::classifiers(s)?;
                let mut before = "[";
                for proposal in report::datahub_proposals(&map()?, &classifiers, &self.env) {
                    write!(out, "{before}\n{proposal}")?;
                    before = ",";
                }
                writeln!(out, "{}\n]", if before == "[" { "[" } else { "" })?;
            }
            What::Openmetadata => {
                for column in report::openmetadata_columns(&map()?, &self.service) {
                    writeln!(out, "{column}")?;
                }
            }
            What::Prometheus => out.write_all(report::prometheus_text(&map()?, &query::numbers(reader)?).as_bytes())?,
        }
        Ok(())
    }
}
