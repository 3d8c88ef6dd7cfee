//! Where the answer goes beside the terminal: files, and the evidence bundle.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use serde_json::{Value, json};

use super::super::output;
use super::contacts;
use crate::base::{WholeFile, private_folder};
use crate::index::AuditHead;
use crate::law::Law;
use crate::query::{self, BreachAnswer, Exposed};
use crate::report;

/// Files to write.
#[derive(Debug, Args)]
pub(super) struct Outputs {
    /// Write one JSON line a person; the file is readable by its owner only
    #[arg(long, value_name = "FILE")]
    pub list: Option<PathBuf>,
    /// Write a table for spreadsheets: a line a jurisdiction and a line a rule
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Write one page that prints
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write an evidence bundle: question, answer, people, object versions, logs with hashes, tables of the law
    #[arg(long, value_name = "DIR")]
    bundle: Option<PathBuf>,
    /// Write a report for each tenant of piimap.toml, with nothing of another's: DIR/TENANT.html, .csv, .json, .jsonl (people)
    #[arg(long, value_name = "DIR")]
    tenant_packs: Option<PathBuf>,
    /// Write name, e-mail, address, telephone and elements of each affected person, read again from the sources, to a .csv or
    /// .json file; goes into the audit log
    #[arg(long, value_name = "FILE")]
    reveal_contacts: Option<PathBuf>,
    /// Sign the bundle with this Ed25519 key, 64 hex digits; a new one is made if there is no such file
    #[arg(long, value_name = "FILE", requires = "bundle")]
    sign_key: Option<PathBuf>,
}

/// Files that are open: begun before the work, because a folder that cannot be written is better known at once.
pub(super) struct Open<'a> {
    outputs: &'a Outputs,
    list: Option<WholeFile>,
    csv: Option<WholeFile>,
    html: Option<WholeFile>,
    contacts: Option<contacts::File>,
    key: Option<report::SigningKey>,
}

/// What goes into a bundle beside the answer.
pub(super) struct Around<'a> {
    pub question: Value,
    pub exposed: &'a [Exposed],
    pub logs: &'a [(String, u64, String)],
    pub law_files: &'a [(String, String)],
    pub audit: Option<&'a AuditHead>,
    pub contacts: &'a [report::Contact<'a>],
}

impl Outputs {
    /// Whether there is to be a report for each tenant.
    pub fn wants_packs(&self) -> bool {
        self.tenant_packs.is_some()
    }

    /// Whether anything is written of people one by one.
    pub fn wants_people(&self) -> bool {
        self.list.is_some() || self.bundle.is_some() || self.wants_packs() || self.wants_contacts()
    }

    /// Whether names and addresses are to be read again.
    pub fn wants_contacts(&self) -> bool {
        self.reveal_contacts.is_some()
    }

    pub fn open(&self) -> anyhow::Result<Open<'_>> {
        let create = |p: &Option<PathBuf>| p.as_ref().map(|p| WholeFile::create(p).with_context(|| p.display().to_string())).transpose();
        if let Some(dir) = &self.bundle {
            let full = dir.exists() && std::fs::read_dir(dir).with_context(|| dir.display().to_string())?.next().is_some();
            anyhow::ensure!(!full || dir.join("manifest.json").exists(), "{} is not empty and no bundle; name a new folder", dir.display());
            private_folder(dir).with_context(|| dir.display().to_string())?;
        }
        if let Some(dir) = &self.tenant_packs {
            private_folder(dir).with_context(|| dir.display().to_string())?;
        }
        let key = self.sign_key.as_ref().map(|p| signing_key(p)).transpose()?;
        let contacts = self.reveal_contacts.as_deref().map(contacts::File::create).transpose()?;
        Ok(Open { outputs: self, list: create(&self.list)?, csv: create(&self.csv)?, html: create(&self.html)?, contacts, key })
    }
}

/// The key of a file; a new one, and its public half beside it, if there is none.
fn signing_key(path: &Path) -> anyhow::Result<report::SigningKey> {
    if !path.exists() {
        let mut seed = [0u8; 32];
        getrandom::fill(&mut seed).map_err(|_| anyhow::anyhow!("the operating system gave no random bytes for a new key"))?;
        let hex: String = seed.iter().map(|b| format!("{b:02x}")).collect();
        WholeFile::write(path, format!("{hex}\n").as_bytes()).with_context(|| path.display().to_string())?;
        let key = report::SigningKey::from_hex(&hex)?;
        output::note(&format!("made a new signing key, {}; its public key is {}", path.display(), key.public()));
        return Ok(key);
    }
    let text = crate::base::Secret::new(std::fs::read(path).with_context(|| path.display().to_string())?);
    let key = std::str::from_utf8(text.expose()).ok().map(report::SigningKey::from_hex);
    key.unwrap_or_else(|| report::SigningKey::from_hex("")).with_context(|| path.display().to_string())
}

impl Open<'_> {
    pub fn write(mut self, a: &BreachAnswer, around: &Around<'_>) -> anyhow::Result<()> {
        let people = || a.people.iter().map(|p| format!("{}\n", report::breach_list(p)));
        let put = |file: Option<WholeFile>, path: &Option<PathBuf>, lines: &mut dyn Iterator<Item = String>| {
            let (Some(mut file), Some(path)) = (file, path) else { return anyhow::Ok(()) };
            let says = || format!("cannot write {}", path.display());
            for line in lines {
                file.write_all(line.as_bytes()).with_context(says)?;
            }
            file.finish().with_context(says)
        };
        put(self.list.take(), &self.outputs.list, &mut people())?;
        put(self.csv.take(), &self.outputs.csv, &mut std::iter::once_with(|| report::breach_csv(a)))?;
        put(self.html.take(), &self.outputs.html, &mut std::iter::once_with(|| report::breach_html(a)))?;
        if let Some(file) = self.contacts.take() {
            file.write(around.contacts)?;
        }
        if let Some(dir) = &self.outputs.tenant_packs {
            a.tenants.iter().try_for_each(|t| write_pack(dir, t))?;
        }
        let Some(dir) = &self.outputs.bundle else { return Ok(()) };
        let object = |e: &Exposed| {
            let o = &e.object;
            json!({
                "uri": o.uri, "version": o.version, "size": o.size, "modified": o.modified.map(|m| crate::base::Timestamp(m).to_string()),
                "dataset": o.dataset, "status": o.status, "current": o.current, "whole": e.whole,
            })
            .to_string()
                + "\n"
        };
        let logs: Vec<Value> = around.logs.iter().map(|(log, bytes, hash)| json!({"log": log, "bytes": bytes, "sha256": hash})).collect();
        let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        let mut put = |name: &str, bytes: Vec<u8>| drop(files.insert(name.to_owned(), bytes));
        put("question.json", format!("{:#}\n", around.question).into_bytes());
        put("answer.json", format!("{:#}\n", report::breach_json(a)).into_bytes());
        put("answer.txt", report::breach_text(a).into_bytes());
        put("answer.csv", report::breach_csv(a).into_bytes());
        put("answer.html", report::breach_html(a).into_bytes());
        put("people.jsonl", people().collect::<String>().into_bytes());
        put("objects.jsonl", around.exposed.iter().map(object).collect::<String>().into_bytes());
        put("logs.json", format!("{:#}\n", Value::from(logs)).into_bytes());
        for (name, text) in Law::sources() {
            put(&format!("law/{name}.tsv"), text.as_bytes().to_vec());
        }
        for (name, text) in around.law_files {
            put(&format!("law/own/{name}"), text.clone().into_bytes());
        }
        let about = json!({
            "audit": around.audit.map(|a| json!({"lines": a.lines, "hash": a.hash})), "run": a.basis.run, "classifier_set": a.basis.classifier_set,
            "law": {"as_of": a.law.as_of, "hash": a.law.hash},
        });
        report::write_bundle(dir, &files, &about, self.key.as_ref())?;
        if self.key.is_none() {
            output::note("The bundle is not signed; --sign-key FILE signs it.");
        }
        Ok(())
    }
}

/// One tenant's report. Its objects alone were asked about, so that nothing of another's is in it but the states that other
/// records of the same people prove.
fn write_pack(dir: &Path, t: &query::TenantAnswer) -> anyhow::Result<()> {
    let people: String = t.answer.people.iter().map(|p| format!("{}\n", report::breach_list(p))).collect();
    for (ext, text) in [
        ("html", report::breach_html(&t.answer)),
        ("csv", report::breach_csv(&t.answer)),
        ("json", format!("{:#}\n", report::tenant_json(t))),
        ("jsonl", people),
    ] {
        let path = dir.join(format!("{}.{ext}", t.tenant));
        WholeFile::write(&path, text.as_bytes()).with_context(|| path.display().to_string())?;
    }
    Ok(())
}
