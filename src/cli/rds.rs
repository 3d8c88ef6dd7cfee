//! `piimap scan rds://…` and `dynamodb://…`: the export of a snapshot or a table, and then its scan.

use anyhow::Context;
use clap::Args;

use super::books::Books;
use super::{dynamodb, output};
use crate::source::{self, rds};

/// Where the export of a snapshot or a table goes.
#[derive(Debug, Default, Args)]
pub(super) struct Export {
    /// Start the export of rds://SNAPSHOT-ARN or dynamodb://TABLE-ARN. It costs money: $0.010 for each
    /// GB of the snapshot, $0.10 for each GB of the table; with --incremental, what has to be worked through of
    /// its continuous backup, by the GB
    #[arg(long, requires = "export_to")]
    pub start_export: bool,
    /// Where the export goes
    #[arg(long, value_name = "s3://BUCKET/PREFIX")]
    pub export_to: Option<String>,
    /// The role by which RDS writes there
    #[arg(long, value_name = "ARN")]
    export_role: Option<String>,
    /// The key of AWS KMS that the export is encrypted with (of a table: if the bucket's own will not do)
    #[arg(long, value_name = "KEY")]
    pub export_key: Option<String>,
    /// Export a table in full though its last full export is less than six hours old
    #[arg(long, requires = "start_export", conflicts_with = "incremental")]
    pub export_again: bool,
    /// Of a table of DynamoDB, what changed since the last export to the same place
    #[arg(long, requires = "export_to")]
    pub incremental: bool,
}

impl Export {
    /// The same sources, with the places where exports of snapshots are to lie; what they cost is told, and nothing started.
    pub fn planned(&self, specs: &[String], options: &source::Options) -> anyhow::Result<Vec<String>> {
        let one = |arn: &str| {
            self.check_snapshot()?;
            let snapshot = opened(arn, options)?;
            let costs = cost(&snapshot).1;
            let Some(place) = self.export_to.clone() else {
                anyhow::bail!(
                    "a snapshot is read from its export to S3, which costs {costs}; --export-to s3://BUCKET/PREFIX says where one lies"
                );
            };
            output::note(&format!("rds://{arn}: its export costs {costs}; nothing was started"));
            Ok(rds::place(&rds::To { place, role: String::new(), key: String::new() }, &snapshot.export()))
        };
        let each = |spec: &String| match (spec.strip_prefix("rds://"), spec.strip_prefix("dynamodb://")) {
            (Some(arn), _) => one(arn),
            (_, Some(arn)) => dynamodb::planned(self, arn, options),
            _ => Ok(spec.clone()),
        };
        specs.iter().map(each).collect()
    }

    /// The same sources, with the places of exports for snapshots. Starts the exports and waits for them.
    pub fn places(&self, specs: &[String], options: &source::Options, books: &Books<'_>) -> anyhow::Result<Vec<String>> {
        anyhow::ensure!(
            !self.incremental || specs.iter().any(|s| is_exported(s)),
            "--incremental is for tables of DynamoDB, and no dynamodb:// is among the sources"
        );
        // Nobody pays twice for one that is named twice.
        let mut named = std::collections::HashSet::new();
        let specs = specs.iter().filter(|s| named.insert(s.as_str()) || !is_exported(s));
        let each = |spec: &String| match (spec.strip_prefix("rds://"), spec.strip_prefix("dynamodb://")) {
            (Some(arn), _) => self.one(arn, options, books),
            (_, Some(arn)) => dynamodb::exported(self, arn, options, books),
            _ => Ok(spec.clone()),
        };
        specs.map(each).collect()
    }

    fn check_snapshot(&self) -> anyhow::Result<()> {
        anyhow::ensure!(!self.incremental, "--incremental is for tables of DynamoDB: a snapshot is exported as a whole");
        Ok(())
    }

    fn one(&self, arn: &str, options: &source::Options, books: &Books<'_>) -> anyhow::Result<String> {
        self.check_snapshot()?;
        let snapshot = opened(arn, options)?;
        let (usd, costs) = cost(&snapshot);
        let (true, Some(place), Some(role), Some(key)) =
            (self.start_export, self.export_to.clone(), self.export_role.clone(), self.export_key.clone())
        else {
            anyhow::bail!(
                "a snapshot is read from its export to S3, which costs {costs} and takes from minutes to hours:\n\
                 --start-export --export-to s3://BUCKET/PREFIX --export-role ARN --export-key KEY starts it"
            );
        };
        let (to, export) = (rds::To { place, role, key }, snapshot.export());
        let named = |e: crate::base::Error| anyhow::anyhow!("{}: {}", e.reason, e.detail).context(format!("export {export}"));
        if books.wait {
            books.wait_free()?;
        }
        // Where it is not known whether there is one, none is paid for.
        let is_new = match snapshot.state() {
            Ok(_) => false,
            Err(e) if e.reason == crate::base::Reason::NotFound => true,
            Err(e) => return Err(named(e)),
        };
        if !is_new {
            output::note(&format!("export {export}: it was started before, and costs nothing more"));
        } else {
            let usd = usd.context("RDS does not tell the size of the snapshot (rds:DescribeDBSnapshots): nothing is bought unseen")?;
            books.allow(usd, &costs)?;
            let booked = books.book(usd, &costs)?;
            let started = snapshot.start(&to).map_err(|(e, nothing)| {
                // An answer that was lost may have been that of an export that is paid for.
                if nothing {
                    books.correct(booked, 0.0);
                }
                named(e)
            })?;
            let what = if started { "" } else { "it is there already, perhaps by this request, and stays booked: " };
            output::note(&format!("export {export} to {}: {what}it costs {costs}; the same command finds it again", to.place));
        }
        snapshot.wait(&mut |percent| output::note(&format!("export {export}: {percent} %"))).map_err(named)?;
        Ok(rds::place(&to, &export))
    }
}

/// Whether a source is read from an export that it may have to be paid for.
pub(super) fn is_exported(spec: &str) -> bool {
    spec.starts_with("rds://") || spec.starts_with("dynamodb://")
}

fn opened(arn: &str, options: &source::Options) -> anyhow::Result<rds::Snapshot> {
    rds::Snapshot::open(arn, options).map_err(|e| anyhow::anyhow!(e.detail)).with_context(|| format!("rds://{arn}"))
}

/// The dollars of an export, where RDS tells the size, and the words for them.
fn cost(snapshot: &rds::Snapshot) -> (Option<f64>, String) {
    let usd = snapshot.gigabytes().map(|gb| gb as f64 * rds::PRICE);
    (usd, usd.map_or("$0.010 for each GB of the snapshot".to_owned(), |usd| format!("about ${usd:.2}")))
}
