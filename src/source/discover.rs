//! What there is in an account that a source could be.

use super::census::census;
use super::glue::api::Api;
use super::{Options, aws, s3};
use crate::base::{Error, Result, Timestamp};

/// A store or a catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Existing {
    /// `s3_bucket`, `glue_database`, `rds_instance`, `rds_cluster`, `rds_snapshot`, `redshift_cluster`, `dynamodb_table`, `log_group`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// The source that takes in all of it: `s3://bucket`, `glue://database`; for the other kinds, which are scanned as exports, their
    /// name behind that of the service: `rds://shop`.
    pub uri: String,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// Where it was found; buckets: where they were asked for.
    pub region: String,
    /// The role that saw it; `None`: we ourselves.
    pub account: Option<String>,
}

/// What was found in an account, and what was not looked for.
#[derive(Debug)]
pub struct Discovered {
    /// Where catalogues were looked for; buckets are those of all regions.
    pub region: String,
    /// Ordered by kind and name.
    pub existing: Vec<Existing>,
    /// Kinds that should have been listed and could not.
    pub failed: Vec<(&'static str, Error)>,
}

/// Kinds of stores that are never looked for, with what to do about each.
pub const NOT_EXAMINED: &[(&str, &str)] = &[
    ("redshift_workgroup", "workgroups of Redshift Serverless: UNLOAD tables to S3 and name the files as a source"),
    ("ebs_volume", "disks of EC2, EFS and FSx: scan them where they are mounted"),
    ("azure_container", "containers of Azure: name them as az://account/container"),
    ("google_bucket", "buckets of Google Cloud: name them as gs://bucket"),
];

/// Lists buckets of all regions, and of one region the databases of the Glue Data Catalog, RDS and Aurora, Redshift, DynamoDB and log
/// groups. Fails with `access_denied` where there are no credentials;
/// what may not be listed is part of the answer.
pub fn discover(options: &Options) -> Result<Discovered> {
    let config = aws::configuration(options)?;
    let region = config.region().map_or_else(String::new, |r| r.as_ref().to_owned());
    let mut out = Discovered { region: region.clone(), existing: Vec::new(), failed: Vec::new() };
    let done = s3::buckets((&config).into(), options, &mut |name, created| {
        let (region, account) = (region.clone(), None);
        out.existing.push(Existing { kind: "s3_bucket", uri: format!("s3://{name}"), name, created, region, account });
    });
    out.failed.extend(done.err().map(|e| ("s3_bucket", e)));
    let done = Api::new(&config, options).databases(&mut |name, created| {
        let (region, account) = (region.clone(), None);
        out.existing.push(Existing { kind: "glue_database", uri: format!("glue://{name}"), name, created, region, account });
    });
    out.failed.extend(done.err().map(|e| ("glue_database", e)));
    // Nobody waits for a census as for a scan.
    let few = Options { attempts: options.attempts.min(3), ..options.clone() };
    census(&config, &few, &mut out.existing, &mut out.failed)?;
    out.existing.iter_mut().for_each(|e| e.account.clone_from(&options.assume_role));
    out.existing.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
    Ok(out)
}
