//! `piimap scan`.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Args;

use super::books::Books;
use super::{Exit, Setting, config::Config, key, output, progress::Progress, rds};
use crate::base::{Error, Timestamp};
use crate::classify::Classifiers;
use crate::identity::Key;
use crate::scan::{Counters, MemberOptions, ScanOptions, Spend, Summary};
use crate::{index, query, report, scan, source};

/// List, read, classify, index: only what changed since the last run
#[derive(Debug, Args)]
#[command(after_help = "\
A source is a file, a folder, - (standard input), s3://bucket/prefix, gs://bucket/prefix,
az://account/container/prefix, or tables of the Glue Data Catalog, glue://database or
glue://database/table. RDS snapshot exports, Redshift UNLOADs and DynamoDB exports are recognised
by what lies there. Ctrl-C finishes the objects in hand; the same command goes on from there.

--endpoint-url is a server of S3 or, for az://, of Azure (http://127.0.0.1:10000/account); others
are named by AWS_ENDPOINT_URL_GLUE and AZURE_STORAGE_ENDPOINT. Credentials of Azure come from
AZURE_STORAGE_ACCOUNT_KEY, AZURE_STORAGE_SAS_TOKEN, AZURE_CLIENT_ID with AZURE_TENANT_ID and
AZURE_CLIENT_SECRET, or a managed identity; AZURE_SKIP_SIGNATURE=true reads public containers.

A file that a --manifest lists and that is missing is a line of `piimap coverage`; what lies
beside is not read. A copied file is found by the end of its path or by its name.

With --changes nothing is listed: the objects that messages name are asked for, read if they are new
or changed, and gone if they are not there. What is not named stays as it was. Messages are JSON as
S3 sends them, by SQS, SNS, Lambda or EventBridge, one behind the other, in files or in a queue.
Messages of a queue are deleted once the run has ended and the index has what they tell; those that
are damaged, name other places, or objects that could not be read this time, stay in it.

Before anything is read, requests, retrieval fees, KMS calls and transfer of the run are priced
(Amazon S3 alone). If that and the runs before it in this month cost more than max_usd, a terminal
is asked; without one nothing that costs is read, and `piimap coverage` says budget.

Examples:
  piimap scan ./exports
  piimap scan s3://my-bucket/prefix --profile audit --region eu-west-1
  piimap scan s3://my-bucket --all-versions --bucket-owner 111122223333
  piimap scan s3://my-bucket --dry-run
  piimap scan s3://my-bucket --cold --max-usd 200
  piimap scan s3://my-bucket --changes changes.json
  piimap scan s3://my-bucket --changes sqs://sqs.eu-west-1.amazonaws.com/111122223333/changes
  piimap scan s3://my-bucket/unload/ --manifest s3://my-bucket/unload/customers_manifest
  piimap scan az://myaccount/exports/crm
  piimap scan glue://shop glue://crm/people
  piimap scan rds://arn:aws:rds:eu-west-1:111122223333:snapshot:nightly --start-export \\
      --export-to s3://my-exports/rds --export-role ARN --export-key alias/exports
  piimap scan dynamodb://arn:aws:dynamodb:eu-west-1:111122223333:table/orders --start-export \\
      --export-to s3://my-exports/tables --incremental
  pg_dump mydb | piimap scan - --index dump.db")]
pub(super) struct Scan {
    /// Files, folders, -, s3://bucket/prefix, gs://bucket/prefix, az://account/container/prefix,
    /// glue://database[/table], rds://SNAPSHOT-ARN and dynamodb://TABLE-ARN (see --start-export)
    /// [default: `sources` of piimap.toml]
    #[arg(value_name = "SOURCE")]
    sources: Vec<String>,
    /// Read everything again, changed or not
    #[arg(long)]
    full: bool,
    /// If another piimap is writing to the index, wait for it instead of refusing
    #[arg(long)]
    wait: bool,
    /// List only: how much a scan would read, in how many requests, at what price
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    export: rds::Export,
    #[command(flatten)]
    s3: S3,
}

/// How S3 is reached.
#[derive(Debug, Default, PartialEq, Args)]
pub(super) struct S3 {
    /// Another server of S3 or of Azure
    #[arg(long, value_name = "URL")]
    endpoint_url: Option<String>,
    /// A profile of the AWS configuration
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// AWS region
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// Pay for requests to buckets that ask for it
    #[arg(long)]
    requester_pays: bool,
    /// Read versions that were overwritten or deleted too, as history
    #[arg(long)]
    all_versions: bool,
    /// Take the listing from an S3 Inventory instead: its manifest.json, s3://bucket/key or a path
    #[arg(long, value_name = "MANIFEST")]
    inventory: Option<String>,
    /// Read the files alone that this manifest of a Redshift UNLOAD (or for COPY) lists: a path, s3://bucket/key
    #[arg(long, value_name = "MANIFEST")]
    manifest: Option<String>,
    /// Look at those objects alone that messages of S3 name (notifications, EventBridge): a file, a folder, s3://bucket/prefix,
    /// sqs://QUEUE-URL
    #[arg(long, value_name = "MESSAGES")]
    changes: Option<String>,
    /// The account that must own the bucket, else nothing is read
    #[arg(long, value_name = "ACCOUNT")]
    bucket_owner: Option<String>,
    /// Read storage classes that take a fee for each byte (infrequent access, Glacier Instant Retrieval)
    #[arg(long)]
    cold: bool,
    /// Read buckets of other regions than this machine's, which is paid for by the byte
    #[arg(long)]
    cross_region: bool,
    /// At most so many dollars for this month's runs and exports [default: `max_usd` of piimap.toml, else 50]
    #[arg(long, value_name = "DOLLARS")]
    max_usd: Option<f64>,
}

impl Scan {
    pub fn run(&self, s: &Setting) -> anyhow::Result<Exit> {
        if self.dry_run {
            return self.estimate(s);
        }
        let max_usd = self.s3.spend(&s.config)?.max_usd;
        let specs = if self.sources.is_empty() { &s.config.sources } else { &self.sources };
        if specs.iter().any(|s| rds::is_exported(s)) {
            // Nothing is paid for a run that cannot begin.
            let others: Vec<String> = specs.iter().filter(|s| !rds::is_exported(s)).cloned().collect();
            let options = self.s3.options(&others, s)?;
            others.iter().try_for_each(|spec| reach(spec, &options).map(drop))?;
            key::classifiers(s)?;
            key::load(s, !s.index.exists())?;
        }
        let specs = self.export.places(specs, &self.s3.options(specs, s)?, &Books { setting: s, max_usd, wait: self.wait })?;
        let mut work = Work::prepare(s, &specs, &self.s3)?;
        (work.options.full, work.options.wait) = (self.full, self.wait);
        let summary = work.run(None)?;
        tell_undone(&summary);
        let index = s.index.display().to_string();
        if s.json {
            output::print_json(&report::scan_json(&summary, &index))?
        } else {
            output::print(&report::scan_text(&summary, &index))?
        }
        for (dataset, field) in work.options.keys.absent(&index::Reader::open(&s.index)?.columns()?) {
            output::note(report::absent_text(&dataset, &field).trim_end());
        }
        let exit = exit_of(s, &summary)?;
        if summary.listed_nothing && exit == Exit::Incomplete {
            output::error("nothing could be listed; `piimap coverage` says why");
            return Ok(Exit::Fatal);
        }
        Ok(exit)
    }

    /// Makes no key and no index.
    fn estimate(&self, s: &Setting) -> anyhow::Result<Exit> {
        let specs = if self.sources.is_empty() { &s.config.sources } else { &self.sources };
        let specs = self.export.planned(specs, &self.s3.options(specs, s)?)?;
        let ((sources, unreached), options) = open_named(s, &specs, &self.s3)?;
        let spend = self.s3.spend(&s.config)?;
        let month = scan::month_of(Timestamp::now());
        let mut spent = 0.0;
        let before = match s.index.exists() {
            true => {
                let reader = index::Reader::open(&s.index)?;
                spent = reader.spent_since(month)?;
                Some(scan::Before { known: reader.objects_read()?, hasher: reader.unlock(&key::load(s, false)?)? })
            }
            false => None,
        };
        let found = scan::estimate(&sources, &unreached, self.full, before.as_ref(), &key::classifiers(s)?, &options, &spend);
        let terms = report::Terms { spend: &spend, spent };
        if s.json {
            output::print_json(&report::estimate_json(&found, &terms))?
        } else {
            output::print(&report::estimate_text(&found, &terms))?
        }
        Ok(match () {
            () if found.listed_nothing => Exit::Fatal,
            () if found.failures.is_empty() => Exit::Done,
            () => Exit::Incomplete,
        })
    }
}

/// Opens what was typed, or what the configuration names.
fn open_named(s: &Setting, specs: &[String], s3: &S3) -> anyhow::Result<(Opened, source::Options)> {
    let specs = if specs.is_empty() { s.config.sources.as_slice() } else { specs };
    anyhow::ensure!(!specs.is_empty(), "name a source, such as a folder or s3://bucket/prefix, or list `sources` in piimap.toml");
    let options = s3.options(specs, s)?;
    Ok((open_all(specs, &options)?, options))
}

/// Says what was due after a run and could not be done.
pub(super) fn tell_undone(summary: &Summary) {
    summary.undone.iter().for_each(|(source, e)| output::error(&format!("{}: {}", report::seen(source), report::seen(&e.detail))));
}

/// Complete, or incomplete: what somebody has looked at and accepted is no reason for an exit status.
pub(super) fn exit_of(s: &Setting, summary: &Summary) -> anyhow::Result<Exit> {
    if summary.is_complete() {
        return Ok(Exit::Done);
    }
    let lines = query::coverage(&index::Reader::open(&s.index)?)?;
    let accepted = !summary.stopped && summary.undone.is_empty() && lines.iter().all(|l| s.config.excuses(l));
    Ok(if accepted { Exit::Done } else { Exit::Incomplete })
}

/// A scan that may begin: its sources are open, its key and classifiers are at hand.
pub(super) struct Work {
    pub sources: Vec<Arc<dyn source::Source>>,
    pub options: ScanOptions,
    pub counters: Arc<Counters>,
    stop: Arc<AtomicBool>,
    key: Key,
    classifiers: Arc<Classifiers>,
}

/// What is done beside a scan while somebody looks on: shown on its progress line, until the flag is set.
pub(super) type Meanwhile<'a> = dyn Fn(&Progress, &AtomicBool) + Sync + 'a;

impl Work {
    /// Opens what was typed, or what the configuration names.
    pub fn prepare(s: &Setting, specs: &[String], s3: &S3) -> anyhow::Result<Work> {
        let ((sources, unreached), _) = open_named(s, specs, s3)?;
        let classifiers = key::classifiers(s)?;
        // A new key for an index that has one already would only hide that the right one is missing.
        let key = key::load(s, !s.index.exists())?;
        let allow = super::decisions::allow_list(&s.config.allow, &key)?;
        let options = ScanOptions {
            index: s.index.clone(),
            full: false,
            wait: false,
            threads: s.threads,
            allow,
            member: MemberOptions::default(),
            keys: s.config.keys()?,
            first: None,
            spend: Spend { ask: super::budget::asker(s), ..s3.spend(&s.config)? },
            unreached,
        };
        Ok(Work {
            sources,
            options,
            counters: Arc::new(Counters::default()),
            stop: stop_on_ctrl_c(Arc::new(AtomicBool::new(true)))?,
            key,
            classifiers,
        })
    }

    /// Scans, with a progress line on a terminal.
    pub fn run(&self, meanwhile: Option<&Meanwhile<'_>>) -> anyhow::Result<Summary> {
        /// Also after a panic: nobody waits for a scan that is no more.
        struct Over<'a>(&'a AtomicBool);
        impl Drop for Over<'_> {
            fn drop(&mut self) {
                self.0.store(true, Ordering::Relaxed);
            }
        }
        let progress = Progress::show(&self.counters, &self.stop);
        let over = AtomicBool::new(false);
        let summary = std::thread::scope(|threads| {
            if let Some(meanwhile) = meanwhile.filter(|_| progress.is_shown()) {
                threads.spawn(|| meanwhile(&progress, &over));
            }
            let _over = Over(&over);
            scan::run(&self.sources, &self.options, &self.key, &self.classifiers, &self.counters, &self.stop)
        });
        drop(progress);
        Ok(summary?)
    }
}

impl S3 {
    /// What runs may cost.
    pub fn spend(&self, config: &Config) -> anyhow::Result<Spend> {
        let mut spend = config.spend()?;
        (spend.cold, spend.cross_region) = (spend.cold || self.cold, spend.cross_region || self.cross_region);
        spend.max_usd = self.max_usd.unwrap_or(spend.max_usd);
        anyhow::ensure!(spend.max_usd >= 0.0, "--max-usd is an amount of dollars, such as 50");
        Ok(spend)
    }

    /// The same for these sources.
    pub fn options(&self, specs: &[String], s: &Setting) -> anyhow::Result<source::Options> {
        let config = &s.config;
        anyhow::ensure!(self.manifest.is_none() || specs.len() == 1, "--manifest goes with one source: where the files lie that it lists");
        let queue = self.changes.as_deref().is_some_and(|c| c.starts_with("sqs://"));
        anyhow::ensure!(!queue || specs.len() == 1, "a queue goes with one source: what one takes from it, the other does not see");
        Ok(source::Options {
            endpoint_url: self.endpoint_url.clone(),
            profile: self.profile.clone(),
            region: self.region.clone(),
            requester_pays: self.requester_pays,
            all_versions: self.all_versions,
            inventory: self.inventory.clone(),
            manifest: self.manifest.clone(),
            changes: self.changes.clone(),
            expected_owner: self.bucket_owner.clone(),
            accounts: config.accounts()?,
            choice: config.choice()?,
            own: s.own_files(),
            home: config.budget.home(),
            priced: config.prices.is_some(),
            forms: config.forms()?,
            ..source::Options::default()
        })
    }
}

/// Sources that are open, and places that could not be reached.
pub(super) type Opened = (Vec<Arc<dyn source::Source>>, Vec<source::ListingFailure>);

/// Opens what can be reached. What cannot costs itself alone, unless it is all that was asked for, and is named on standard error.
pub(super) fn open_all(specs: &[String], options: &source::Options) -> anyhow::Result<Opened> {
    let (mut opened, mut unreached, mut said) = (Vec::new(), Vec::new(), Vec::new());
    for spec in specs {
        match reach(spec, options)? {
            Ok(source) => opened.push(source),
            Err((place, e)) => {
                unreached.push(place);
                said.push(format!("{e:#}"));
            }
        }
    }
    anyhow::ensure!(!opened.is_empty() || said.is_empty(), said.join("; "));
    said.iter().for_each(|e| output::error(&format!("{e}; it is a line of `piimap coverage`")));
    Ok((opened, unreached))
}

/// Opens a source, or says why it cannot be reached. Fails where what was typed is wrong.
fn reach(
    spec: &str,
    options: &source::Options,
) -> anyhow::Result<Result<Arc<dyn source::Source>, (source::ListingFailure, anyhow::Error)>> {
    source::open(spec, options).map(Ok).or_else(|e| match source::unreached(spec, options, &e) {
        Some(place) => Ok(Err((place, named(spec, e)))),
        None => Err(named(spec, e)),
    })
}

/// Opens a source; an error names it, once.
pub(super) fn open(spec: &str, options: &source::Options) -> anyhow::Result<Arc<dyn source::Source>> {
    source::open(spec, options).map_err(|e| named(spec, e))
}

fn named(spec: &str, e: Error) -> anyhow::Error {
    let named = e.detail.starts_with(spec);
    let e = anyhow::anyhow!(e.detail);
    if named { e } else { e.context(spec.to_owned()) }
}

/// A flag that the first Ctrl-C (or a polite kill) sets; the second ends the program at once, which loses nothing that
/// was committed. `running`: whether objects are in hand.
pub(super) fn stop_on_ctrl_c(running: Arc<AtomicBool>) -> anyhow::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = stop.clone();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        runtime.block_on(async {
            if asked_to_stop().await.is_err() {
                return;
            }
            flag.store(true, Ordering::Relaxed);
            // On a terminal the progress line says so.
            if !running.load(Ordering::Relaxed) {
                output::error("stopping; no run is going on");
            } else if !std::io::stderr().is_terminal() {
                output::error("finishing the objects in hand; once more to stop at once");
            }
            if asked_to_stop().await.is_ok() {
                std::process::exit(Exit::Incomplete as i32);
            }
        });
    })?;
    Ok(stop)
}

#[cfg(unix)]
async fn asked_to_stop() -> std::io::Result<()> {
    let mut term = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        r = tokio::signal::ctrl_c() => r,
        _ = term.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn asked_to_stop() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}
