//! Logs on the command line: opened, filtered, resolved on the index.

use std::cell::RefCell;

use anyhow::Context;
use clap::Args;
use globset::{Glob, GlobMatcher};

use super::super::{Setting, key, scan};
use super::absolute;
use crate::base::{Input, Timestamp};
use crate::classify::Scratch;
use crate::container::Content;
use crate::evidence::{Events, Filter};
use crate::identity::{Hasher, Kernel};
use crate::index::Reader;
use crate::query::{self, EvidenceAnswer, Exposed};
use crate::{container, evidence, report, source};

/// Where the evidence lies and whose requests are meant.
#[derive(Debug, Args)]
pub(super) struct Evidence {
    /// CloudTrail files or folders (a path, s3://bucket/prefix): what was read, copied, shared or exported
    #[arg(long, value_name = "LOGS", num_args = 1.., group = "scope")]
    pub cloudtrail: Vec<String>,
    /// S3 server access logs, files or folders
    #[arg(long, value_name = "LOGS", num_args = 1.., group = "scope")]
    pub access_log: Vec<String>,
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
    /// From this time on; without logs: every version that was stored in the window
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub from: Option<Timestamp>,
    /// Before this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub to: Option<Timestamp>,
    /// The index holds a copy: s3://bucket/prefix=PATH
    #[arg(long, value_name = "S3=PATH")]
    pub copy_of: Vec<String>,
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

    /// The window, open ends as far as time goes; `None`: no end was named.
    pub fn window(&self) -> Option<(Timestamp, Timestamp)> {
        let last = |t: Timestamp| Timestamp(t.0 - 1);
        (self.from.is_some() || self.to.is_some())
            .then(|| (self.from.unwrap_or(Timestamp(i64::MIN)), self.to.map_or(Timestamp(i64::MAX), last)))
    }

    /// The same as it goes into an evidence bundle.
    pub fn question(&self) -> serde_json::Value {
        serde_json::json!({
            "cloudtrail": self.cloudtrail, "access_log": self.access_log, "principal": self.principal, "ip": self.ip, "access_key": self.access_key,
            "user_agent": self.user_agent, "own_role": self.own_role, "from": self.from.map(|t| t.to_string()),
            "to": self.to.map(|t| t.to_string()), "copy_of": self.copy_of, "means": self.means,
        })
    }

    /// Every log with its stored bytes and their SHA-256.
    pub fn hashes(&self) -> anyhow::Result<Vec<(String, u64, String)>> {
        let mut out = Vec::new();
        for spec in self.cloudtrail.iter().chain(&self.access_log) {
            let source = scan::open(spec, &source::Options::default())?;
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

    /// Reads the logs and says what was read, what could have been, and what is not known.
    pub fn resolve(&self, s: &Setting, reader: &Reader, hasher: Option<&Hasher>) -> anyhow::Result<(EvidenceAnswer, Vec<Exposed>)> {
        let mut filter = Filter::new(&self.principal, &self.ip, &self.access_key, &self.user_agent, &self.own_role)?;
        (filter.from, filter.to) = (self.from, self.to);
        let kernel = Kernel::new(key::classifiers(s)?, None);
        let scratch = RefCell::new(Scratch::new(kernel.classifiers()));
        let shown = |name: &str| crate::scan::shown(&kernel, &mut scratch.borrow_mut(), name);
        let mut events = Events::default();
        type Parser = fn(&str, &mut dyn Input, &Filter, &mut Events);
        let kinds: [(&[String], Parser); 2] =
            [(&self.cloudtrail, evidence::read_cloudtrail), (&self.access_log, evidence::read_access_log)];
        for (specs, parse) in kinds {
            for spec in specs {
                read_logs(spec, parse, &filter, &mut events, &shown)?;
            }
        }
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
        let holds = |store: &str, dataset: &str| means.iter().any(|(name, p)| name == store && p.is_match(dataset));
        let names = query::Names { hasher, shown: &shown, copies: &copies, means: &holds };
        let exposure = query::exposure(reader, &events, &names)?;
        let accessed = exposure.accessed.clone();
        let mut answer = query::scopes(reader, exposure)?;
        answer.problems = events.problems.iter().map(|p| (p.log.clone(), p.what.clone())).collect();
        answer.records = events.records;
        Ok((answer, accessed))
    }
}

/// Reads all logs below a path or prefix. One that cannot be read is a problem of the answer, not its end.
fn read_logs(
    spec: &str,
    parse: fn(&str, &mut dyn Input, &Filter, &mut Events),
    filter: &Filter,
    events: &mut Events,
    shown: &dyn Fn(&str) -> String,
) -> anyhow::Result<()> {
    let source = scan::open(spec, &source::Options::default())?;
    let mut objects = Vec::new();
    for failure in source.list(&mut |o| objects.push(o)) {
        events.problem(&shown(&failure.uri), format!("could not be listed: {}", failure.error.reason.code()));
    }
    // Digests and insights lie beside the logs and are none.
    objects.retain(|o| !o.uri.contains("/CloudTrail-Digest/") && !o.uri.contains("/CloudTrail-Insight/"));
    for o in &objects {
        let log = shown(&o.uri);
        let limits = container::Limits::default().for_object(o.size);
        read_log(source.open(o), 0, &limits, &mut |input, events| parse(&log, input, filter, events), &log, events);
    }
    anyhow::ensure!(!objects.is_empty(), "{spec} holds no log");
    Ok(())
}

/// One log, or the logs of an archive.
fn read_log(
    input: crate::base::Result<Box<dyn Input>>,
    above: u32,
    limits: &container::Limits,
    parse: &mut dyn FnMut(&mut dyn Input, &mut Events),
    log: &str,
    events: &mut Events,
) {
    let opened = match input.and_then(|i| container::open(i, above, limits)) {
        Ok(opened) => opened,
        Err(e) => return events.problem(log, format!("could not be read: {}", e.reason.code())),
    };
    let above = above + opened.layers.len() as u32;
    match opened.content {
        Content::Plain(mut input) | Content::Document(mut input, _) => parse(&mut input, events),
        Content::Archive(mut archive) => loop {
            match archive.next_member() {
                Ok(Some(member)) => read_log(member.content, above, limits, parse, log, events),
                Ok(None) => break,
                Err(e) => return events.problem(log, format!("could not be read to its end: {}", e.reason.code())),
            }
        },
    }
}
