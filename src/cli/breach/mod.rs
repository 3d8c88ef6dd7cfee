//! `piimap breach`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use clap::Args;

use super::{Exit, Setting, asking, key, output};
use crate::base::Timestamp;
use crate::index::Reader;
use crate::law::{Law, Moment, Moments, PROTECTED};
use crate::{query, report};

mod cold;
mod contacts;
mod evidence;
mod outputs;
mod scope;

use scope::Scope;

/// Who is affected if these objects were exposed, whom the law says to tell, and by when
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("scope").required(true).multiple(true)), override_usage = "piimap breach [OPTIONS] SCOPE...\n       piimap breach --scan [SOURCE]... [OPTIONS] SCOPE...\n\nSCOPE is one or more of --object, --prefix, --dataset, --cloudtrail, --access-log.", after_help = "\
The scope is every current object (`--as-of`: of then) that one of the patterns names (with --from
and --to: every version stored in the window), and what the logs say was read. In patterns `*` stays
within a segment, `**` crosses them; an object pattern without a leading / or scheme may begin anywhere.

Logs may overlap, repeat and come in any order. A read of fewer bytes than the object has makes its
people likely, not certain. Refused requests expose nothing. Missing events prove nothing.

With --scan the sources are read as by `piimap scan`, what is exposed first; a
terminal shows what is known so far.

Numbers of people are certain, likely (combinations that only stand together in a text) and at most
(unknown residence, records that are nobody's, rules that need judgement). Nothing is legal advice.

Examples:
  piimap breach --dataset 'redshift/*' --discovered 2026-11-21 --determined 2026-11-23
  piimap breach --cloudtrail ./AWSLogs --principal '*ci-deploy*' --from 2026-11-03T01:40:00Z
  piimap breach --object 'orders-0004.jsonl.gz' --list affected.jsonl
  piimap breach --prefix s3://my-bucket/exports/2026/ --reveal-contacts letters.csv
  piimap breach --scan s3://my-bucket/exports --prefix s3://my-bucket/exports/2026/")]
pub(super) struct Breach {
    /// Objects by uri, with wildcards
    #[arg(long, value_name = "PATTERN", group = "scope")]
    object: Vec<String>,
    /// Objects whose uri begins so
    #[arg(long, value_name = "PREFIX", group = "scope")]
    prefix: Vec<String>,
    /// Datasets by name, with wildcards
    #[arg(long, value_name = "PATTERN", group = "scope")]
    dataset: Vec<String>,
    #[command(flatten)]
    evidence: evidence::Evidence,
    #[command(flatten)]
    cold: cold::Cold,
    /// When the breach was found: 2026-11-21, or 2026-11-21T22:15:00-08:00
    #[arg(long, value_name = "TIME", value_parser = moment)]
    discovered: Option<Moment>,
    /// When it was determined that there was one
    #[arg(long, value_name = "TIME", value_parser = moment)]
    determined: Option<Moment>,
    /// Folder with tables whose rows go before the built-in law (statutes.tsv, rules.tsv, tokens.tsv, zones.tsv, owners.tsv, low_confidence.tsv)
    #[arg(long, value_name = "DIR")]
    law: Option<PathBuf>,
    /// Take rules with this qualifier as met: only_if_usable_without_code, limited_see_notes, only_if_sufficient_for_identity_theft,
    /// only_if_collected_by_an_alpr_system; only_if_protected_values_can_be_read counts what is hashed or encrypted like what is not
    #[arg(long, value_name = "QUALIFIER")]
    assume: Vec<String>,
    #[command(flatten)]
    outputs: outputs::Outputs,
    /// Why this is asked; goes into the audit log
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    moment: super::as_of::Moment,
}

fn moment(text: &str) -> Result<Moment, String> {
    Moment::parse(text).ok_or_else(|| "not a day like 2026-11-21 or a time with its zone like 2026-11-21T22:15:00-08:00".to_owned())
}

impl Breach {
    pub fn run(&self, s: &Setting) -> anyhow::Result<Exit> {
        self.evidence.check()?;
        if let (Some(found), Some(determined)) = (self.discovered, self.determined) {
            anyhow::ensure!(
                !determined.is_before(found),
                "--determined {determined} lies before --discovered {found}: a breach is found first, then it is determined that it is one"
            );
        }
        for (option, moment) in [("--discovered", self.discovered), ("--determined", self.determined)] {
            if let Some(m) = moment.filter(|m| Moment::Instant(Timestamp::now()).is_before(*m)) {
                output::note(&format!("{option} {m} lies in the future: every day below is counted from then."));
            }
        }
        let scope = Arc::new(Scope::new(self)?);
        let law_files = law_files(self.law.as_deref())?;
        let law = if law_files.is_empty() { Law::builtin().clone() } else { Law::with(&law_files)? };
        for q in &self.assume {
            let known: BTreeSet<&str> = law.rules().filter_map(|r| r.qualifier.as_deref()).chain([PROTECTED]).collect();
            anyhow::ensure!(
                known.contains(q.as_str()),
                "no rule has the qualifier {q}; there are {}",
                known.into_iter().collect::<Vec<_>>().join(", ")
            );
        }
        if !self.cold.is_wanted() {
            // Without an index nothing else needs to be looked at.
            Reader::open(&s.index)?;
        }
        let options = self.cold.options(s, self.outputs.wants_contacts())?;
        let files = self.outputs.open()?;
        let logs = self.evidence.read(s)?.map(Arc::new);
        let scanned = self.cold.scan(s, &scope, logs.as_ref())?;
        let (reader, _) = super::decisions::judged(s, self.moment.open(s)?)?;
        // Objects whose names are personal data can only be told apart with the key; everything else goes without.
        let hasher = key::hasher_if_any(s, &reader);
        let exposure = logs.as_ref().map(|l| l.exposure(&reader, hasher.as_ref())).transpose()?;
        let (exposed, gaps) = scope.exposed(&reader, exposure.as_ref())?;
        let never_indexed = exposure.as_ref().map_or(0, |e| e.never_indexed) + scanned.as_ref().map_or(0, |c| c.unreached(&scope));
        let hashes = if logs.is_some() { self.evidence.hashes(s)? } else { Vec::new() };
        let logs = logs.zip(exposure).map(|(l, e)| l.answer(&reader, e)).transpose()?;
        let moments = Moments { discovered: self.discovered, determined: self.determined };
        let question = query::Question {
            exposed: &exposed,
            never_indexed,
            gaps: &gaps,
            law: &law,
            moments,
            assumed: &self.assume,
            list: self.outputs.wants_people(),
            part: None,
            identifiers: self.outputs.wants_contacts(),
        };
        let mut answer = query::breach(&reader, &question)?;
        let borders = s.config.borders()?;
        let tenants = borders.tenants_of(exposed.iter().map(|e| &e.object));
        anyhow::ensure!(
            borders.tells_of_tenants() || !self.outputs.wants_packs(),
            "--tenant-packs: piimap.toml names no tenant; [[tenant]] and [[path]] say whose objects are whose"
        );
        (answer.tenants, answer.without_tenant) = query::tenants(&reader, &question, &tenants)?;
        answer.evidence = logs;
        answer.unmet = scope.unmet();
        let query = format!("{self:?}");
        let audit = asking::log(s, "breach", hasher.as_ref(), &[query], self.reason.as_deref(), answer.consumers.likely)?;
        let question = serde_json::json!({
            "object": self.object, "prefix": self.prefix, "dataset": self.dataset, "logs": self.evidence.question(),
            "discovered": self.discovered.map(|m| m.to_string()), "determined": self.determined.map(|m| m.to_string()),
            "assume": self.assume, "index": s.index.display().to_string(),
        });
        let mut contacts = Vec::new();
        if self.outputs.wants_contacts() {
            let hasher = hasher
                .as_ref()
                .context("names and addresses are read again with the key of this index; name it with --key-file or PIIMAP_KEY")?;
            contacts = contacts::read(s, &answer.people, hasher, &options)?;
            let shown = contacts.iter().filter(|c| c.holds_any()).count() as u64;
            let query = format!("{:?}", self.outputs);
            asking::log(s, "reveal", Some(hasher), &[query], self.reason.as_deref(), shown)?;
        }
        let (logs, law_files, audit) = (&hashes, &law_files, audit.as_ref());
        let around = outputs::Around { question, exposed: &exposed, logs, law_files, audit, contacts: &contacts };
        files.write(&answer, &around)?;
        if s.json {
            output::print_json(&report::breach_json(&answer))?
        } else {
            output::print(&report::breach_text(&answer))?
        }
        let touched = |e: &query::EvidenceAnswer| e.exposure.digests.as_ref().is_some_and(|d| !d.is_whole());
        let broken_logs = answer.evidence.as_ref().is_some_and(|e| !e.problems.is_empty() || touched(e));
        let half_read = scanned.is_some_and(|c| c.exit == Exit::Incomplete);
        Ok(match (answer.objects, answer.in_scope_unread) {
            _ if broken_logs || half_read => Exit::Incomplete,
            (0, _) => Exit::Empty,
            (_, 0) => Exit::Done,
            _ => Exit::Incomplete,
        })
    }
}

/// The tables of a folder that go before the law that is built in.
fn law_files(dir: Option<&Path>) -> anyhow::Result<Vec<(String, String)>> {
    let Some(dir) = dir else { return Ok(Vec::new()) };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).with_context(|| dir.display().to_string())? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "tsv") {
            let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            files.push((path.file_name().unwrap_or_default().to_string_lossy().into_owned(), text));
        }
    }
    anyhow::ensure!(!files.is_empty(), "{} holds no table; expected statutes.tsv, rules.tsv, ...", dir.display());
    Ok(files)
}
