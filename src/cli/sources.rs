//! `piimap sources`.

use clap::{Args, Subcommand};

use super::{Exit, Setting, output};
use crate::base::Timestamp;
use crate::report::{ConfiguredSource, Covered};
use crate::source::{Discovered, Scope};
use crate::{index, query, report, source};

/// The sources of piimap.toml and the datasets known of each; what exists beside them
#[derive(Debug, Args)]
#[command(after_help = "\
Lists what piimap.toml names and, from the index, the datasets in each: objects, the moment that
the data show, stale when that is more than six hours ago. Nothing is opened or read.

JSON: {\"sources\": [{\"source\", \"kind\" (path, s3, gs, az, glue), \"uri\", \"datasets\": [{\"name\",
\"objects\", \"bytes\", \"data_as_of\", \"stale\"}]}], \"basis\": {\"run\", \"completed\"} or null}

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
Lists the buckets of S3 in all regions and the databases of the Glue Data Catalog in one. What is
of another kind is named as not examined. Allowed by s3:ListAllMyBuckets and glue:GetDatabases.

JSON: {\"region\", \"existing\": [{\"kind\" (s3_bucket, glue_database), \"name\", \"uri\", \"created\",
\"status\" (configured, not_configured), \"whole\" (whether one source takes in all of it),
\"sources\"}], \"not_examined\": [{\"kind\", \"reason\" or null, \"detail\"}]}

Exit status 1 if something is not configured, 3 if buckets or databases could not be listed.

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
    /// Another server of S3; another one of Glue is named by AWS_ENDPOINT_URL_GLUE
    #[arg(long, value_name = "URL")]
    endpoint_url: Option<String>,
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
            ..source::Options::default()
        };
        let found: Discovered = source::discover(&options).map_err(|e| anyhow::anyhow!(e.detail))?;
        let all: Vec<Covered<'_>> = found.existing.iter().map(|e| Covered::compare(e, &s.config.sources)).collect();
        if s.json {
            output::print_json(&report::discovered_json(&found, &all))?;
        } else {
            output::print(&report::discovered_text(&found, &all))?;
        }
        Ok(match () {
            () if !found.failed.is_empty() => Exit::Incomplete,
            () if all.iter().any(|c| c.sources.is_empty()) => Exit::Empty,
            () => Exit::Done,
        })
    }
}
