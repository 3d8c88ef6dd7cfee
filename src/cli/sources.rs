//! `piimap sources`.

use std::collections::HashSet;

use clap::{Args, Subcommand};

use super::{Exit, Setting, key, output};
use crate::base::Timestamp;
use crate::classify::Scratch;
use crate::identity::Kernel;
use crate::report::{ConfiguredSource, Covered};
use crate::source::{Discovered, Scope};
use crate::{index, query, report, scan, source};

/// The sources of piimap.toml and the datasets known of each; what exists beside them
#[derive(Debug, Args)]
#[command(after_help = "\
Lists what piimap.toml names and, from the index, the datasets in each: objects, the moment that
the data show, stale when that is more than six hours ago. Nothing is opened or read.

JSON: {\"sources\": [{\"source\", \"kind\" (path, s3, gs, az, glue), \"uri\", \"datasets\": [{\"name\",
\"objects\", \"bytes\", \"data_as_of\", \"stale\"}]}], \"basis\": {\"run\", \"completed\", ...} or null}

Exit status 1 if no source is configured.

Examples:
  piimap sources
  piimap sources --format json | jq '.sources[] | select(.datasets == []) | .source'
  piimap sources discover --profile audit --region eu-west-1")]
pub(super) struct Sources {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    Discover(Discover),
}

/// What exists in the AWS account, and which of it no configured source takes in
#[derive(Debug, Args)]
#[command(after_help = "\
Lists the buckets of S3 in all regions; in one region the databases of the Glue Data Catalog, RDS
and Aurora with manual snapshots, Redshift clusters, tables of DynamoDB, log groups of CloudWatch.
For each [[account]] of piimap.toml with a role or a region of its own they are listed again. What
is of another kind is named as not examined. `piimap init --iam-policy --discover` prints the policy.

RDS, DynamoDB and CloudWatch count as configured once the index holds an export of theirs. What is
not configured is noted in the index, where there is one: `piimap coverage` says not_configured.

JSON: {\"region\", \"existing\": [{\"kind\" (s3_bucket, glue_database, rds_instance, rds_cluster,
rds_snapshot, redshift_cluster, dynamodb_table, log_group), \"name\", \"uri\", \"created\", \"region\",
\"account\" (the role that saw it, or null), \"status\" (configured, not_configured), \"whole\" (whether
one source takes in all of it), \"sources\"}], \"not_examined\": [{\"kind\", \"reason\" or null,
\"detail\"}], \"noted\" (whether the index has it)}

Exit status 1 if something is not configured, 3 if some kind could not be listed.

Examples:
  piimap sources discover
  piimap sources discover --format json | jq -r '.existing[] | select(.sources == []) | .uri'")]
struct Discover {
    /// A profile of the AWS configuration
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// AWS region
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// Another server of S3; others are named by AWS_ENDPOINT_URL_GLUE, AWS_ENDPOINT_URL_RDS ...
    #[arg(long, value_name = "URL")]
    endpoint_url: Option<String>,
    /// Look as this role
    #[arg(long, value_name = "ARN")]
    assume_role: Option<String>,
    /// What the owner of the role asks to be told
    #[arg(long, value_name = "ID", requires = "assume_role")]
    external_id: Option<String>,
}

impl Sources {
    pub fn run(&self, s: &Setting) -> anyhow::Result<Exit> {
        if let Some(What::Discover(d)) = &self.what {
            return d.run(s);
        }
        let scopes: Vec<Scope> = s.config.sources.iter().map(|spec| Scope::of(spec)).collect();
        let (known, basis) = match s.index.exists() {
            true => {
                let reader = index::Reader::open(&s.index)?;
                let (known, basis) = query::sources(&reader, scopes.len(), &|i, uri, dataset| scopes[i].holds(uri, dataset))?;
                (known, Some(basis))
            }
            false => (vec![Vec::new(); scopes.len()], None),
        };
        let all = s.config.sources.iter().zip(scopes).zip(known);
        let all: Vec<ConfiguredSource> =
            all.map(|((source, scope), datasets)| ConfiguredSource { source: source.clone(), scope, datasets }).collect();
        if s.json {
            output::print_json(&report::sources_json(&all, basis.as_ref(), Timestamp::now()))?;
        } else if all.is_empty() {
            output::print("no source is configured: list `sources` in piimap.toml (`piimap init` writes one)\n")?;
        } else {
            output::print(&report::sources_text(&all, basis.as_ref(), Timestamp::now()))?;
        }
        Ok(if all.is_empty() { Exit::Empty } else { Exit::Done })
    }
}

impl Discover {
    fn run(&self, s: &Setting) -> anyhow::Result<Exit> {
        let options = source::Options {
            profile: self.profile.clone(),
            region: self.region.clone(),
            endpoint_url: self.endpoint_url.clone(),
            assume_role: self.assume_role.clone(),
            external_id: self.external_id.clone(),
            ..source::Options::default()
        };
        let mut found: Discovered = source::discover(&options).map_err(|e| anyhow::anyhow!(e.detail))?;
        // Of several entries for one account and region one is enough.
        let mut seen = HashSet::from([(options.assume_role.clone(), options.region.clone(), options.profile.clone())]);
        for account in s.config.accounts()?.iter() {
            let options = account.apply(&options);
            if !seen.insert((options.assume_role.clone(), options.region.clone(), options.profile.clone())) {
                continue;
            }
            match source::discover(&options) {
                Ok(more) => {
                    found.existing.extend(more.existing);
                    found.failed.extend(more.failed);
                }
                Err(e) => found.failed.push(("account", e)),
            }
        }
        // The same bucket from two regions.
        let mut buckets = HashSet::new();
        found.existing.retain(|e| e.kind != "s3_bucket" || buckets.insert((e.uri.clone(), e.account.clone())));
        let known =
            if s.index.exists() { index::Reader::open(&s.index).and_then(|r| query::kinds_of_datasets(&r)) } else { Ok(Vec::new()) };
        // What was found is worth telling without an index.
        let known = known.unwrap_or_else(|e| {
            output::error(&format!("the index says nothing of exports: {e}"));
            Vec::new()
        });
        let all: Vec<Covered<'_>> = found.existing.iter().map(|e| Covered::compare(e, &s.config.sources, &known)).collect();
        let failed: Vec<&str> = found.failed.iter().map(|f| f.0).collect();
        let noted = s.index.exists()
            && note(s, &all, &failed).unwrap_or_else(|e| {
                output::error(&format!("not noted in the index: {e:#}"));
                false
            });
        if s.json {
            output::print_json(&report::discovered_json(&found, &all, noted))?;
        } else {
            output::print(&report::discovered_text(&found, &all, noted))?;
        }
        Ok(match () {
            () if !found.failed.is_empty() => Exit::Incomplete,
            () if all.iter().any(|c| c.sources.is_empty()) => Exit::Empty,
            () => Exit::Done,
        })
    }
}

/// Writes into the index what no source takes in; of kinds that could not be listed, what is known stays. `false`: somebody else is
/// writing to it.
fn note(s: &Setting, all: &[Covered<'_>], failed: &[&str]) -> anyhow::Result<bool> {
    let mut writer = match index::Writer::open(&s.index, &key::load(s, false)?) {
        Ok(writer) => writer,
        Err(index::IndexError::Busy { .. }) => return Ok(false),
        Err(e) => return Err(e.into()),
    };
    let kernel = Kernel::new(key::classifiers(s)?, None);
    let mut scratch = Scratch::new(kernel.classifiers());
    let missing = all.iter().filter(|c| c.sources.is_empty());
    // PRIVACY: names may be personal data.
    let lines: Vec<(String, String)> =
        missing.map(|c| (scan::shown(&kernel, &mut scratch, &c.existing.uri), report::what_to_do(c.existing.kind).to_owned())).collect();
    // An account that did not answer may have any of them.
    let of = |kind: &str, uri: &str| kind.split('_').next().is_some_and(|service| uri.split("://").next() == Some(service));
    let stays = |uri: &str| failed.iter().any(|kind| *kind == "account" || of(kind, uri));
    writer.census(&lines, &stays)?;
    Ok(true)
}
