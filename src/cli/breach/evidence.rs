//! Logs on the command line: opened, filtered, resolved on the index.

use std::cell::RefCell;
use std::collections::HashSet;

use anyhow::Context;
use clap::Args;
use globset::{Glob, GlobMatcher};

use super::super::{Setting, key, scan};
use super::scope::absolute;
use crate::base::{Input, Timestamp};
use crate::classify::Scratch;
use crate::container::Content;
use crate::evidence::{Events, Filter, Kind};
use crate::identity::{Hasher, Kernel};
use crate::index::{Listed, Reader};
use crate::query::{self, EvidenceAnswer};
use crate::{container, evidence, report, source};

/// Where the evidence lies and whose requests are meant.
#[derive(Debug, Args)]
pub(super) struct Evidence {
    /// CloudTrail files or folders (a path, s3://bucket/prefix): what was read, copied, shared or exported
    #[arg(long, value_name = "LOGS", num_args = 1.., group = "scope")]
    pub cloudtrail: Vec<String>,
    /// Access logs of S3, CloudFront, load balancers (not Network) or Azure storage, files or folders
    #[arg(long, value_name = "LOGS", num_args = 1.., group = "scope")]
    pub access_log: Vec<String>,
    /// Public keys of CloudTrail, as `aws cloudtrail list-public-keys` prints them: signatures of digests are checked
    #[arg(long, value_name = "FILE")]
    pub cloudtrail_keys: Option<std::path::PathBuf>,
    /// Only requests of this principal: ARN, role, session or user; * stands for anything
    #[arg(long, value_name = "PATTERN")]
    pub principal: Vec<String>,
    /// Only requests from this address or network
    #[arg(long, value_name = "IP")]
    pub ip: Vec<String>,
    /// Only requests with this access key id
    #[arg(long, value_name = "ID")]
    pub access_key: Vec<String>,
    /// Only requests of this program
    #[arg(long, value_name = "PATTERN")]
    pub user_agent: Vec<String>,
    /// Requests of this principal are ours: left out, and counted
    #[arg(long, value_name = "PATTERN")]
    pub own_role: Vec<String>,
    /// From this time on (a day is its beginning, 00:00 UTC); without logs: every version that was stored in the window
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub from: Option<Timestamp>,
    /// Before this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub to: Option<Timestamp>,
    /// The index holds a copy: s3://bucket/prefix=PATH
    #[arg(long, value_name = "S3=PATH")]
    pub copy_of: Vec<String>,
    /// The paths of this distribution or load balancer lie there: HOST=s3://bucket/prefix
    #[arg(long, value_name = "HOST=S3")]
    pub origin: Vec<String>,
    /// A snapshot, database or table of the logs holds these datasets: NAME=PATTERN
    #[arg(long, value_name = "NAME=PATTERN")]
    pub means: Vec<String>,
}

fn time(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).ok_or_else(|| "not a time like 2026-11-03T01:40:00Z or a day like 2026-11-03 (midnight UTC)".to_owned())
}

impl Evidence {
    /// Whether logs were named.
    pub fn is_given(&self) -> bool {
        !self.cloudtrail.is_empty() || !self.access_log.is_empty()
    }

    /// Refuses a window that ends before it begins, and a day that ends where it begins.
    pub fn check(&self) -> anyhow::Result<()> {
        if let (Some(from), Some(to)) = (self.from, self.to) {
            anyhow::ensure!(from <= to, "--from {from} lies after --to {to}: no moment is between them");
            // Equal moments are that moment; of a day all of it is meant.
            let is_day = from == to && from.0.rem_euclid(24 * 3_600_000) == 0;
            anyhow::ensure!(!is_day, "--to {to} is the beginning of that day: for all of it name the next day");
        }
        Ok(())
    }

    /// The window, open ends as far as time goes; `None`: no end was named.
    pub fn window(&self) -> Option<(Timestamp, Timestamp)> {
        let last = |t: Timestamp| Timestamp(t.0 - 1);
        (self.from.is_some() || self.to.is_some())
            .then(|| (self.from.unwrap_or(Timestamp(i64::MIN)), self.to.map_or(Timestamp(i64::MAX), last)))
    }

    /// The same as it goes into an evidence bundle.
    pub fn question(&self) -> serde_json::Value {
        serde_json::json!({
            "cloudtrail": self.cloudtrail, "access_log": self.access_log, "cloudtrail_keys": self.cloudtrail_keys, "principal": self.principal, "ip": self.ip, "access_key": self.access_key,
            "user_agent": self.user_agent, "own_role": self.own_role, "from": self.from.map(|t| t.to_string()),
            "to": self.to.map(|t| t.to_string()), "copy_of": self.copy_of, "origin": self.origin, "means": self.means,
        })
    }

    /// Every log with its stored bytes and their SHA-256.
    pub fn hashes(&self, s: &Setting) -> anyhow::Result<Vec<(String, u64, String)>> {
        let mut out = Vec::new();
        let options = source::Options { accounts: s.config.accounts()?, ..source::Options::default() };
        for spec in self.cloudtrail.iter().chain(&self.access_log) {
            let source = scan::open(spec, &options)?;
            let mut objects = Vec::new();
            source.list(&mut |o| objects.push(o));
            for o in objects {
                let mut sum = report::Sum::default();
                let mut input = match source.open(&o) {
                    Ok(input) => input,
                    // That it cannot be read is among the problems of the answer.
                    Err(_) => continue,
                };
                while let Ok(chunk) = input.next_chunk() {
                    if chunk.is_empty() {
                        break;
                    }
                    sum.add(&chunk);
                }
                let (bytes, hash) = sum.end();
                out.push((o.uri, bytes, hash));
            }
        }
        Ok(out)
    }

    /// Reads the logs; `None`: none were named.
    pub fn read(&self, s: &Setting) -> anyhow::Result<Option<Logs>> {
        if !self.is_given() {
            return Ok(None);
        }
        let mut filter = Filter::new(&self.principal, &self.ip, &self.access_key, &self.user_agent, &self.own_role)?;
        (filter.from, filter.to) = (self.from, self.to);
        let origins = self.origin.iter().map(|o| {
            let (host, prefix) = o
                .split_once('=')
                .filter(|o| o.1.contains("://"))
                .with_context(|| format!("--origin {o}: expected HOST=s3://bucket/prefix"))?;
            Ok((host.to_owned(), prefix.to_owned()))
        });
        filter.origins = origins.collect::<anyhow::Result<_>>()?;
        let copies = self.copy_of.iter().map(|c| {
            let (from, to) = c.split_once('=').with_context(|| format!("--copy-of {c}: expected s3://bucket/prefix=PATH"))?;
            let slash = |p: &str| format!("{}/", p.trim_end_matches('/'));
            Ok((slash(from), slash(&absolute(to))))
        });
        let copies = copies.collect::<anyhow::Result<Vec<_>>>()?;
        let means = self.means.iter().map(|m| {
            let (name, pattern) = m.split_once('=').with_context(|| format!("--means {m}: expected NAME=PATTERN"))?;
            Ok((name.to_owned(), Glob::new(pattern)?.compile_matcher()))
        });
        let means = means.collect::<anyhow::Result<Vec<(String, GlobMatcher)>>>()?;
        let mut events = Events::default();
        events.window = (self.from, self.to);
        if let Some(file) = &self.cloudtrail_keys {
            let json = std::fs::read(file).with_context(|| format!("--cloudtrail-keys {}", file.display()))?;
            let keys = evidence::PublicKeys::parse(&json)
                .with_context(|| format!("--cloudtrail-keys {}: not what `aws cloudtrail list-public-keys` prints", file.display()))?;
            events.digests.trust(keys);
        }
        let mut logs = Logs { events, copies, means, kernel: Kernel::new(key::classifiers(s)?, None) };
        let scratch = RefCell::new(Scratch::new(logs.kernel.classifiers()));
        let shown = |name: &str| crate::scan::shown(&logs.kernel, &mut scratch.borrow_mut(), name);
        type Parser = fn(&str, &mut dyn Input, &Filter, &mut Events);
        let kinds: [(&[String], Parser); 2] =
            [(&self.cloudtrail, evidence::read_cloudtrail), (&self.access_log, evidence::read_access_log)];
        let options = source::Options { accounts: s.config.accounts()?, ..source::Options::default() };
        for (specs, parse) in kinds {
            for spec in specs {
                read_logs((spec, &options), parse, &filter, &mut logs.events, &shown)?;
            }
        }
        Ok(Some(logs))
    }
}

/// Logs that were read, and how their names are those of an index.
pub(super) struct Logs {
    events: Events,
    copies: Vec<(String, String)>,
    means: Vec<(String, GlobMatcher)>,
    kernel: Kernel,
}

impl Logs {
    /// What was read according to them, and what is not known.
    pub fn exposure(&self, reader: &Reader, hasher: Option<&Hasher>) -> anyhow::Result<query::Exposure> {
        let scratch = RefCell::new(Scratch::new(self.kernel.classifiers()));
        let shown = |name: &str| crate::scan::shown(&self.kernel, &mut scratch.borrow_mut(), name);
        let holds = |store: &str, dataset: &str| means(&self.means, store, dataset);
        let names = query::Names { hasher, shown: &shown, copies: &self.copies, means: &holds };
        Ok(query::exposure(reader, &self.events, &names)?)
    }

    /// The same beside what could have been read.
    pub fn answer(&self, reader: &Reader, exposure: query::Exposure) -> anyhow::Result<EvidenceAnswer> {
        let mut answer = query::scopes(reader, exposure)?;
        answer.problems = self.events.problems.iter().map(|p| (p.log.clone(), p.what.clone())).collect();
        answer.records = self.events.records;
        Ok(answer)
    }

    /// What they name, as the sources below `roots` may list it.
    pub fn named(&self, roots: &[String]) -> Named {
        let mut out = Named { uris: HashSet::new(), prefixes: Vec::new(), stores: Vec::new(), means: self.means.clone() };
        for e in self.events.sorted().into_iter().filter(|e| e.theirs && !e.failed) {
            match e.kind {
                Kind::Read(_) => {
                    let copies = self.copies.iter().filter_map(|(from, to)| Some(format!("{to}{}", e.target.strip_prefix(from)?)));
                    out.uris.extend(copies);
                    // A folder may be a copy of the bucket.
                    if let Some((_, key)) = e.target.strip_prefix("s3://").and_then(|t| t.split_once('/')) {
                        out.uris.extend(roots.iter().map(|root| format!("{root}/{key}")));
                    }
                    out.uris.insert(e.target);
                }
                Kind::Whole(_) | Kind::Part(_) if e.target.starts_with("s3://") => out.prefixes.push(e.target),
                Kind::Whole(_) | Kind::Part(_) => out.stores.push(e.target),
                Kind::Session(_) | Kind::Public(_) | Kind::Write | Kind::Delete | Kind::List => {}
            }
        }
        out.prefixes.dedup();
        out.stores.dedup();
        out
    }
}

fn means(all: &[(String, GlobMatcher)], store: &str, dataset: &str) -> bool {
    all.iter().any(|(name, p)| name == store && p.is_match(dataset))
}

/// What logs name.
pub(super) struct Named {
    uris: HashSet<String>,
    prefixes: Vec<String>,
    stores: Vec<String>,
    means: Vec<(String, GlobMatcher)>,
}

impl Named {
    /// Whether a listed object, or a version of it, is among it.
    pub fn is(&self, listed: &Listed) -> bool {
        let uri = source::old_version(&listed.object).map_or(listed.object.uri.as_str(), |v| v.0);
        let holds = |store: &str, dataset: &str| means(&self.means, store, dataset);
        self.uris.contains(uri)
            || self.prefixes.iter().any(|p| uri.starts_with(p.as_str()))
            || self.stores.iter().any(|s| query::store_holds(s, uri, &listed.dataset, &holds))
    }
}

/// Reads all logs below a path or prefix. One that cannot be read is a problem of the answer, not its end.
fn read_logs(
    (spec, options): (&str, &source::Options),
    parse: fn(&str, &mut dyn Input, &Filter, &mut Events),
    filter: &Filter,
    events: &mut Events,
    shown: &dyn Fn(&str) -> String,
) -> anyhow::Result<()> {
    let source = scan::open(spec, options)?;
    let mut objects = Vec::new();
    for failure in source.list(&mut |o| objects.push(o)) {
        events.problem(&shown(&failure.uri), format!("could not be listed: {}", failure.error.reason.code()));
    }
    // Insights lie beside the logs and are none.
    objects.retain(|o| !o.uri.contains("/CloudTrail-Insight/"));
    for o in &objects {
        let log = shown(&o.uri);
        let limits = container::Limits::default().for_object(o.size);
        let mut one = |log: &str, input: &mut dyn Input, events: &mut Events| match log.contains("/CloudTrail-Digest/") {
            true => evidence::read_digest(log, input, events),
            false => parse(log, input, filter, events),
        };
        read_log(source.open(o), 0, &limits, &mut one, (&log, shown), events);
    }
    anyhow::ensure!(!objects.is_empty(), "{spec} holds no log");
    Ok(())
}

/// One log, or the logs of an archive, by its name.
fn read_log(
    input: crate::base::Result<Box<dyn Input>>,
    above: u32,
    limits: &container::Limits,
    parse: &mut dyn FnMut(&str, &mut dyn Input, &mut Events),
    (log, shown): (&str, &dyn Fn(&str) -> String),
    events: &mut Events,
) {
    let opened = match input.and_then(|i| container::open(i, above, limits)) {
        Ok(opened) => opened,
        Err(e) => return events.problem(log, format!("could not be read: {}", e.reason.code())),
    };
    let above = above + opened.layers.len() as u32;
    match opened.content {
        Content::Plain(mut input) | Content::Document(mut input, _) => parse(log, &mut input, events),
        Content::Archive(mut archive) => loop {
            match archive.next_member() {
                Ok(Some(member)) => {
                    let name = format!("{log}/{}", shown(&member.name));
                    read_log(member.content, above, limits, parse, (&name, shown), events);
                }
                Ok(None) => break,
                Err(e) => return events.problem(log, format!("could not be read to its end: {}", e.reason.code())),
            }
        },
    }
}
