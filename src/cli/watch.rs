//! `piimap watch`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context;
use clap::{Args, ValueEnum};
use serde::Deserialize;

use super::alert::Alert;
use super::scan::{S3, open_all, stop_on_ctrl_c};
use super::units::{byte_count, duration};
use super::{Exit, Setting, key, output, rds};
use crate::base::Timestamp;
use crate::index::IndexError;
use crate::scan::{AllowList, Counters, MemberOptions, ScanError, ScanOptions};
use crate::serve::{self, Budget, CatchUp, Metrics, Outcome, Plan, RunReport, SystemClock};
use crate::{index, query, report, scan};

/// How long a hook may take.
pub(super) const HOOK_PATIENCE: Duration = Duration::from_secs(60);

/// Map again and again: the configured sources every six hours, with metrics and hooks
#[derive(Debug, Args)]
#[command(after_help = "\
One run at a time; the first at once, then every interval from there. What a run could not finish
(--max-time, --max-bytes, Ctrl-C) the next goes on with. A run that fails is tried again after 1, 2,
4 ... minutes. One line of JSON per run goes to standard output. http://ADDRESS/metrics is for
Prometheus, http://ADDRESS/healthz for whoever restarts what is ill. Options here go before [watch]
of piimap.toml.

A hook is run by the shell, with the run's line on its standard input and its outcome (complete,
incomplete, budget, stopped, busy, failed) in PIIMAP_OUTCOME. --on-change and --post-change get the
document of `piimap diff` instead, only where something changed; it holds no values. A hook is ended
after a minute, with all that it started; what it prints on standard output goes nowhere.

Example:
  piimap watch --every 6h --jitter 5m --max-time 4h --on-alert 'mail -s piimap ops@example.com'

Exit status: 0 told to stop, or after --runs; 2 could not start; 3 the last run was not complete.")]
pub(super) struct Watch {
    /// Files, folders, s3://bucket/prefix [default: `sources` of piimap.toml]
    #[arg(value_name = "SOURCE")]
    sources: Vec<String>,
    #[command(flatten)]
    options: WatchOptions,
    /// End after so many runs
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    runs: Option<u64>,
    #[command(flatten)]
    s3: S3,
}

/// What the command line and `[watch]` of the configuration may both say.
#[derive(Clone, Debug, Default, Args, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WatchOptions {
    /// From one run to the next, such as 6h or 90m [default: 6h]
    #[arg(long, value_name = "TIME")]
    every: Option<String>,
    /// Begin up to this much later, at random [default: 1m]
    #[arg(long, value_name = "TIME")]
    jitter: Option<String>,
    /// When runs were missed because one took too long: run once at once, or skip them [default: once]
    #[arg(long, value_name = "HOW")]
    catch_up: Option<Missed>,
    /// Stop a run after this time; the next goes on
    #[arg(long, value_name = "TIME")]
    max_time: Option<String>,
    /// Stop a run after so many fetched bytes, such as 500GB; the next goes on
    #[arg(long, value_name = "SIZE")]
    max_bytes: Option<String>,
    /// Where metrics and health are served, on the loopback interface; `off` for nowhere [default: 127.0.0.1:9185]
    #[arg(long, value_name = "ADDRESS")]
    metrics: Option<String>,
    /// Command to run after each run
    #[arg(long, value_name = "COMMAND")]
    on_exit: Option<String>,
    /// Command to run after a run that is incomplete, failed, or found the index busy
    #[arg(long, value_name = "COMMAND")]
    on_alert: Option<String>,
    /// Command to run after a run that found other personal data than the one before, with the JSON of `piimap diff`
    #[arg(long, value_name = "COMMAND")]
    on_change: Option<String>,
    /// Address that gets that JSON by POST: https, or this machine
    #[arg(long, value_name = "URL")]
    post_change: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Missed {
    Once,
    Skip,
}

/// The same, understood.
pub(super) struct Terms {
    pub every: Duration,
    pub jitter: Duration,
    pub catch_up: CatchUp,
    pub budget: Budget,
    pub metrics: Option<SocketAddr>,
}

impl WatchOptions {
    /// What this says, and where it says nothing what `other` says.
    fn or(&self, other: &WatchOptions) -> WatchOptions {
        let of = |a: &Option<String>, b: &Option<String>| a.clone().or_else(|| b.clone());
        WatchOptions {
            every: of(&self.every, &other.every),
            jitter: of(&self.jitter, &other.jitter),
            catch_up: self.catch_up.or(other.catch_up),
            max_time: of(&self.max_time, &other.max_time),
            max_bytes: of(&self.max_bytes, &other.max_bytes),
            metrics: of(&self.metrics, &other.metrics),
            on_exit: of(&self.on_exit, &other.on_exit),
            on_alert: of(&self.on_alert, &other.on_alert),
            on_change: of(&self.on_change, &other.on_change),
            post_change: of(&self.post_change, &other.post_change),
        }
    }

    /// Reads times, sizes and addresses.
    pub fn terms(&self) -> anyhow::Result<Terms> {
        let time = |name: &str, text: &str| duration(text).with_context(|| format!("{name} = {text:?}"));
        let every = self.every.as_deref().map_or(Ok(Duration::from_secs(6 * 3600)), |t| time("every", t))?;
        anyhow::ensure!(every >= Duration::from_secs(1), "every: at least a second");
        if let Some(url) = &self.post_change {
            // The address may hold a secret: it is not repeated.
            serve::check_address(url).map_err(|why| anyhow::anyhow!("post_change: {why}"))?;
        }
        let metrics = match self.metrics.as_deref() {
            Some("off") => None,
            at => {
                let at = at.unwrap_or("127.0.0.1:9185");
                let at: SocketAddr = at.parse().with_context(|| format!("metrics = {at:?} is no address such as 127.0.0.1:9185"))?;
                anyhow::ensure!(at.ip().is_loopback(), "metrics = \"{at}\": only the loopback interface, such as 127.0.0.1:9185");
                Some(at)
            }
        };
        Ok(Terms {
            every,
            jitter: self.jitter.as_deref().map_or(Ok(Duration::from_secs(60)), |t| time("jitter", t))?,
            catch_up: if self.catch_up == Some(Missed::Skip) { CatchUp::Skip } else { CatchUp::Once },
            budget: Budget {
                time: self.max_time.as_deref().map(|t| time("max_time", t)).transpose()?,
                bytes: self.max_bytes.as_deref().map(|b| byte_count(b).with_context(|| format!("max_bytes = {b:?}"))).transpose()?,
            },
            metrics,
        })
    }
}

impl Watch {
    pub fn run(&self, s: &Setting) -> anyhow::Result<Exit> {
        let specs = if self.sources.is_empty() { &s.config.sources } else { &self.sources };
        anyhow::ensure!(!specs.is_empty(), "name a source, such as a folder or s3://bucket/prefix, or list `sources` in piimap.toml");
        anyhow::ensure!(!specs.iter().any(|s| s == "-"), "standard input can be read once only; watch needs sources that stay");
        if let Some(spec) = specs.iter().find(|s| rds::is_exported(s)) {
            let (kind, _) = spec.split_once("://").unwrap_or((spec, ""));
            anyhow::bail!(
                "{kind}:// is for `piimap scan` alone: it has what is named exported, which is paid for. Watch the bucket that the export lies in"
            );
        }
        let options = self.options.or(&s.config.watch);
        let terms = options.terms()?;
        key_is_elsewhere(s)?;
        let classifiers = key::classifiers(s)?;
        let user_key = key::load(s, !s.index.exists())?;
        super::decisions::allow_list(&s.config.allow, &user_key)?;
        let source_options = self.s3.options(specs, s)?;
        open_all(specs, &source_options)?;
        let scan_options = ScanOptions {
            index: s.index.clone(),
            full: false,
            wait: false,
            threads: s.threads,
            allow: AllowList::default(),
            member: MemberOptions::default(),
            keys: s.config.keys()?,
            first: None,
            spend: self.s3.spend(&s.config)?,
            unreached: Vec::new(),
        };
        let metrics = Arc::new(Metrics::default());
        if let Some(at) = terms.metrics {
            let at = serve::http::listen(at, metrics.clone())
                .with_context(|| format!("metrics cannot be served on {at}; choose another with --metrics"))?;
            output::error(&format!("metrics on http://{at}/metrics"));
        }
        let running = Arc::new(AtomicBool::new(false));
        let stop = stop_on_ctrl_c(running.clone())?;
        let mut run = || {
            // Opened anew each time: credentials may have changed, a folder may have come back.
            let (sources, unreached) = match open_all(specs, &source_options) {
                Ok(opened) => opened,
                Err(e) => return failed(Outcome::Failed, format!("{e:#}")),
            };
            // As are decisions: one may have come to its end since.
            let allow = match super::decisions::allow_list(&s.config.allow, &user_key) {
                Ok(allow) => allow,
                Err(e) => return failed(Outcome::Failed, format!("{e:#}")),
            };
            let counters = Arc::new(Counters::default());
            let scan_options = ScanOptions { unreached, allow, ..scan_options.clone() };
            let work = |stop: &_| scan::run(&sources, &scan_options, &user_key, &classifiers, &counters, stop);
            running.store(true, Ordering::Relaxed);
            let (result, over) = serve::guard(terms.budget, &counters, &stop, work);
            running.store(false, Ordering::Relaxed);
            match result {
                Ok(summary) => {
                    super::scan::tell_undone(&summary);
                    let outcome = match () {
                        () if summary.stopped && stop.load(Ordering::Relaxed) => Outcome::Stopped,
                        () if summary.stopped && over => Outcome::Budget,
                        () if summary.is_complete() || summary.undone.is_empty() && self.accepted(s) => Outcome::Complete,
                        () => Outcome::Incomplete,
                    };
                    RunReport { outcome, summary: Some(summary), error: None }
                }
                Err(e @ ScanError::Index(IndexError::Busy { .. })) => failed(Outcome::Busy, e.to_string()),
                Err(e) => failed(Outcome::Failed, format!("{:#}", anyhow::Error::new(e))),
            }
        };
        let index = s.index.display().to_string();
        let mut broken = None;
        let mut told = |r: &RunReport, started: Timestamp, next: Option<Timestamp>| {
            let mut line = r.summary.as_ref().map_or_else(|| serde_json::json!({"index": index}), |s| report::scan_json(s, &index));
            line["outcome"] = r.outcome.code().into();
            line["started"] = started.to_string().into();
            line["error"] = r.error.clone().into();
            line["next"] = next.map(|t| t.to_string()).into();
            if let Err(e) = output::print_json(&line) {
                // Nobody reads the lines any more: the runs matter more.
                broken.get_or_insert(e);
            }
            let hooks = [options.on_exit.as_ref(), options.on_alert.as_ref().filter(|_| r.outcome.alerts())];
            for hook in hooks.into_iter().flatten() {
                if let Err(why) = serve::run_hook(hook, r.outcome.code(), &line.to_string(), HOOK_PATIENCE) {
                    metrics.hook_failed();
                    output::error(&format!("a hook failed: {why}"));
                }
            }
        };
        let alert = Alert { command: options.on_change.as_deref(), url: options.post_change.as_deref() };
        let (borders, verdicts) = (s.config.borders()?, super::decisions::verdicts(s)?);
        let mut told = |r: &RunReport, started: Timestamp, next: Option<Timestamp>| {
            told(r, started, next);
            if alert.is_none() || !matches!(r.outcome, Outcome::Complete | Outcome::Incomplete) {
                return;
            }
            match query::changes(&s.index, None, None, &borders, &verdicts) {
                Ok(changed) => (0..changed.map_or(0, |c| alert.tell(&c))).for_each(|_| metrics.hook_failed()),
                Err(e) => output::error(&format!("what changed could not be told: {e}")),
            }
        };
        let plan = Plan { every: terms.every, jitter: terms.jitter, catch_up: terms.catch_up, runs: self.runs };
        let last = serve::watch(&plan, &SystemClock, &mut random, &stop, &metrics, &mut run, &mut told);
        Ok(match last {
            Some(Outcome::Incomplete | Outcome::Budget | Outcome::Failed | Outcome::Busy) => Exit::Incomplete,
            _ => Exit::Done,
        })
    }

    /// Whether somebody accepts all that the newest run could not read.
    fn accepted(&self, s: &Setting) -> bool {
        let lines = index::Reader::open(&s.index).and_then(|r| query::coverage(&r));
        lines.is_ok_and(|lines| lines.iter().all(|l| s.config.excuses(l)))
    }
}

fn failed(outcome: Outcome, error: String) -> RunReport {
    RunReport { outcome, summary: None, error: Some(error) }
}

/// A number from 0 to 1; 0.5 where the system has none.
fn random() -> f64 {
    let mut bytes = [0; 4];
    getrandom::fill(&mut bytes).map_or(0.5, |()| f64::from(u32::from_be_bytes(bytes)) / f64::from(u32::MAX))
}

/// Who steals the folder of the index must not get the key with it.
fn key_is_elsewhere(s: &Setting) -> anyhow::Result<()> {
    let folder = |p: &Path| -> PathBuf {
        let parent = p.parent().filter(|d| !d.as_os_str().is_empty()).unwrap_or(Path::new("."));
        parent.canonicalize().unwrap_or_else(|_| parent.to_owned())
    };
    let Some(file) = key::file(s)? else { return Ok(()) };
    // What KMS has encrypted opens nothing by itself.
    if key::kept(s)?.is_some_and(|(kept, _)| kept.kms().is_some()) {
        return Ok(());
    }
    // A link beside the index is no better than the key, and a key that is linked from elsewhere no worse.
    let real = file.canonicalize().unwrap_or_else(|_| file.clone());
    let beside = [folder(&file), folder(&real)].contains(&folder(&s.index));
    anyhow::ensure!(
        !beside,
        "the key file {} lies beside the index: whoever copies the folder has both. Move it elsewhere, give the key in PIIMAP_KEY, or have it \
         encrypted by AWS KMS: `piimap key rotate --new-key-file FILE --kms KEY`, or `piimap key wrap`",
        file.display()
    );
    Ok(())
}
