//! `piimap verify-bundle` and `piimap audit`: whether evidence is what it was.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use serde_json::json;

use super::{Exit, Setting, output};
use crate::{index, report};

/// Whether an evidence bundle is untouched since it was signed
#[derive(Debug, Args)]
#[command(after_help = "\
Compares every file with the signed list. With --index (or an index in this folder) the audit log is
checked, too: whether the chain of questions still holds the line that the bundle was made with.

Example:
  piimap verify-bundle incident-17 --public-key d75a980182b10ab7…

Exit status 1 if something was changed, or the bundle is not signed.")]
pub(super) struct VerifyBundle {
    /// The folder
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// The public key that must have signed it, 64 hex digits, or a file with them
    #[arg(long, value_name = "KEY")]
    public_key: Option<String>,
}

impl VerifyBundle {
    pub fn run(&self, s: &Setting) -> anyhow::Result<Exit> {
        let public = match &self.public_key {
            Some(k) if k.len() != 64 => Some(std::fs::read_to_string(k).with_context(|| k.clone())?),
            other => other.clone(),
        };
        let c = report::check_bundle(&self.dir, public.as_deref())?;
        let head = c.audit.as_ref().map(|(lines, hash)| index::AuditHead { lines: *lines, hash: hash.clone() });
        // The log lies beside the index, which need not be here.
        let log = index::audit_path(&s.index).exists().then(|| index::audit_check(&s.index, head.as_ref()));
        let broken = log.as_ref().and_then(|l| l.as_ref().err()).map(|e| e.to_string());
        let good = c.is_untouched() && broken.is_none();
        if s.json {
            output::print_json(&json!({
                "untouched": c.is_untouched(), "signed": c.signed.is_some(), "signature": c.signed.as_ref().map(|s| s.1),
                "public_key": c.signed.as_ref().map(|s| s.0.clone()), "files": c.files, "made": c.made,
                "wrong": c.wrong.iter().map(|(file, how)| json!({"file": file, "how": how})).collect::<Vec<_>>(),
                "audit": match (&log, &broken) { (None, _) => json!(null), (_, None) => json!(true), _ => json!(false) }, "audit_error": broken,
            }))?;
        } else {
            output::print(&report::bundle_text(&c, broken.as_deref(), log.is_some()))?;
        }
        Ok(if good { Exit::Done } else { Exit::Empty })
    }
}

/// Whether the log of questions is unbroken
#[derive(Debug, Args)]
#[command(after_help = "\
Every find, breach and verify adds a line to INDEX.audit: when, which user, why (--reason), a keyed hash
of what was asked. Each line holds the hash of the one before it.

Example:
  piimap audit check --index piimap.db

Exit status 1 if a line was changed, removed or added.")]
pub(super) struct Audit {
    #[command(subcommand)]
    verb: AuditVerb,
}

#[derive(Debug, clap::Subcommand)]
enum AuditVerb {
    /// Go through the chain
    Check,
}

impl Audit {
    pub fn run(&self, s: &Setting) -> anyhow::Result<Exit> {
        let AuditVerb::Check = self.verb;
        let checked = index::audit_check(&s.index, None);
        if let Err(e @ index::AuditError::File { .. }) = checked {
            return Err(e.into());
        }
        let (lines, hash) = checked.as_ref().map_or((None, None), |h| (Some(h.lines), Some(h.hash.clone())));
        let why = checked.as_ref().err().map(ToString::to_string);
        if s.json {
            output::print_json(&json!({"unbroken": why.is_none(), "lines": lines, "head": hash, "error": why}))?;
        } else {
            output::print(&match &why {
                None => format!("{} lines, unbroken; the last has the hash\n{}\n", lines.unwrap_or(0), hash.unwrap_or_default()),
                Some(why) => format!("BROKEN: {why}.\n"),
            })?;
        }
        Ok(if why.is_none() { Exit::Done } else { Exit::Empty })
    }
}
