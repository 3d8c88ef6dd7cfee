//! `piimap verify-bundle` and `piimap audit`: whether evidence is what it was.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use serde_json::{Value, json};

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
        let log = index::audit_exists(&s.index).then(|| index::audit_check(&s.index, head.as_ref()));
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
Every find, breach and verify adds a line to INDEX.audit: when, which user, why (--reason), a
keyed hash of what was asked. Each line holds the hash of the one before it; the last hash stands
in INDEX.audit.head, so that lines cut off the end, and a log that was deleted, are noticed. Who
changes or deletes both files is noticed only by a head kept elsewhere: evidence bundles hold one,
and --format json prints it.

A line that was cut off while it was written, as by a power failure, is told and is no harm: its
question was not answered.

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
        // A log outlives its index.
        if !s.index.exists() && !index::audit_exists(&s.index) {
            return Err(index::IndexError::Missing { path: s.index.clone() }.into());
        }
        let checked = match index::audit_check(&s.index, None) {
            Err(e @ index::AuditError::File { .. }) => return Err(e.into()),
            other => other,
        };
        let why = checked.as_ref().err().map(ToString::to_string);
        if s.json {
            let of = |member: &dyn Fn(&index::AuditChecked) -> Value| checked.as_ref().map_or(Value::Null, member);
            output::print_json(&json!({
                "unbroken": why.is_none(), "lines": of(&|c| json!(c.head.lines)), "head": of(&|c| json!(c.head.hash)), "error": why,
                "torn": of(&|c| json!(c.torn)), "end_kept": of(&|c| json!(c.end_kept)),
            }))?;
        } else {
            output::print(&checked.as_ref().map_or_else(|e| format!("BROKEN: {e}.\n"), told))?;
        }
        Ok(if why.is_none() { Exit::Done } else { Exit::Empty })
    }
}

/// A log that is unbroken.
fn told(c: &index::AuditChecked) -> String {
    if c.head.lines == 0 && c.torn.is_empty() {
        return "No line: nobody has asked this index, or the log and its end were both deleted.\n".to_owned();
    }
    let mut out = format!("{}, unbroken; the last has the hash\n{}\n", report::plural(c.head.lines, "line"), c.head.hash);
    for line in &c.torn {
        out += &format!("Line {line} of the file is half-written, as by a power failure: its question was not answered.\n");
    }
    if !c.end_kept {
        out += "The end of the log was not kept beside it: lines that were cut off would not show.\n";
    }
    out
}
