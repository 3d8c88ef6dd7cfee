//! `piimap scan rds://…`: the export of a snapshot, and then its scan.

use anyhow::Context;
use clap::Args;

use super::output;
use crate::source::{self, rds};

/// Where the export of a snapshot goes.
#[derive(Debug, Default, Args)]
pub(super) struct Export {
    /// Start the export of rds://SNAPSHOT-ARN. It costs money: $0.010 for each GB of the snapshot
    #[arg(long, requires_all = ["export_to", "export_role", "export_key"])]
    start_export: bool,
    /// Where the export goes
    #[arg(long, value_name = "s3://BUCKET/PREFIX")]
    export_to: Option<String>,
    /// The role by which RDS writes there
    #[arg(long, value_name = "ARN")]
    export_role: Option<String>,
    /// The key of AWS KMS that the export is encrypted with
    #[arg(long, value_name = "KEY")]
    export_key: Option<String>,
}

impl Export {
    /// The same sources, with the places where exports of snapshots are to lie; what they cost is told, and nothing started.
    pub fn planned(&self, specs: &[String], options: &source::Options) -> anyhow::Result<Vec<String>> {
        let one = |arn: &str| {
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
        specs.iter().map(|spec| spec.strip_prefix("rds://").map_or_else(|| Ok(spec.clone()), one)).collect()
    }

    /// The same sources, with the places of exports for snapshots. Starts the exports and waits for them.
    pub fn places(&self, specs: &[String], options: &source::Options, max_usd: f64) -> anyhow::Result<Vec<String>> {
        specs
            .iter()
            .map(|spec| spec.strip_prefix("rds://").map_or_else(|| Ok(spec.clone()), |arn| self.one(arn, options, max_usd)))
            .collect()
    }

    fn one(&self, arn: &str, options: &source::Options, max_usd: f64) -> anyhow::Result<String> {
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
        anyhow::ensure!(usd.is_none_or(|usd| usd <= max_usd), "the export costs {costs}; max_usd is {max_usd:.2}: --max-usd allows more");
        let (to, export) = (rds::To { place, role, key }, snapshot.export());
        let named = |e: crate::base::Error| anyhow::anyhow!("{}: {}", e.reason, e.detail).context(format!("export {export}"));
        snapshot.start(&to).map_err(named)?;
        output::note(&format!("export {export} to {}: it costs {costs}; the same command finds it again", to.place));
        snapshot.wait(&mut |percent| output::note(&format!("export {export}: {percent} %"))).map_err(named)?;
        Ok(rds::place(&to, &export))
    }
}

fn opened(arn: &str, options: &source::Options) -> anyhow::Result<rds::Snapshot> {
    rds::Snapshot::open(arn, options).map_err(|e| anyhow::anyhow!(e.detail)).with_context(|| format!("rds://{arn}"))
}

/// The dollars of an export, where RDS tells the size, and the words for them.
fn cost(snapshot: &rds::Snapshot) -> (Option<f64>, String) {
    let usd = snapshot.gigabytes().map(|gb| gb as f64 * rds::PRICE);
    (usd, usd.map_or("$0.010 for each GB of the snapshot".to_owned(), |usd| format!("about ${usd:.2}")))
}
