//! `piimap.toml`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use serde::Deserialize;

use super::borders::{self, PathEntry, RegionEntry, TenantEntry};
use super::budget::{AccountEntry, Budget, PriceList};
use super::decisions::{Allow, VerdictEntry, with_suggestion};
use super::processing::{self, Organisation, ProcessingEntry};
use super::watch::WatchOptions;
use crate::base::{Reason, Timestamp};
use crate::classify::Folding;
use crate::identity::keys::{Declared, KeyOptions};
use crate::query::{Borders, CoverageLine, Processing};
use crate::scan::Spend;
use crate::source::{Account, Choice, Form};

/// The configuration file. Unknown keys are errors, so that a misspelt one is noticed.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Config {
    /// What `piimap scan` reads when no source is named.
    #[serde(default)]
    pub sources: Vec<String>,
    /// Patterns of the uris that are read; none: all.
    #[serde(default)]
    include: Vec<String>,
    /// Patterns of the uris that are not.
    #[serde(default)]
    exclude: Vec<String>,
    pub index: Option<PathBuf>,
    pub key_file: Option<PathBuf>,
    pub classifiers: Option<PathBuf>,
    /// How long `piimap index prune` keeps history: `400d`.
    pub keep: Option<String>,
    /// How key columns are found.
    #[serde(default)]
    keys: Keys,
    /// Key columns that are known.
    #[serde(default)]
    key: Vec<KeyColumn>,
    /// Which addresses are one person's.
    #[serde(default)]
    identity: Identity,
    /// What `piimap watch` does.
    #[serde(default)]
    pub watch: WatchOptions,
    /// Coverage lines that somebody has looked at and accepts.
    #[serde(default)]
    pub accept: Vec<Accept>,
    /// Values and places whose findings do not count.
    #[serde(default)]
    pub allow: Vec<Allow>,
    /// How text is laid out that does not say so itself.
    #[serde(default)]
    table: Vec<TableForm>,
    /// How sources of other accounts are reached.
    #[serde(default)]
    account: Vec<AccountEntry>,
    /// What runs may cost.
    #[serde(default)]
    pub budget: Budget,
    /// What things cost, where the default prices do not hold; where it is given it holds for any server.
    pub prices: Option<PriceList>,
    /// Whose objects are whose.
    #[serde(default)]
    tenant: Vec<TenantEntry>,
    /// In which region objects lie.
    #[serde(default)]
    region: Vec<RegionEntry>,
    /// What paths tell of both.
    #[serde(default)]
    path: Vec<PathEntry>,
    /// Who answers for the data: for records of processing.
    #[serde(default)]
    organisation: Organisation,
    /// What datasets are for, who gets them, how long they are kept.
    #[serde(default)]
    processing: Vec<ProcessingEntry>,
    /// What people decided about findings.
    #[serde(default)]
    pub verdict: Vec<VerdictEntry>,
}

/// `[identity]`: which spellings of an address are one person's.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Identity {
    /// `jane+news@` is `jane@`.
    fold_plus: bool,
    /// Domains where `j.ane@` is `jane@`.
    fold_dots: Vec<String>,
}

/// `[keys]`: how columns that refer to the key of another dataset are found.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    discover: Option<Discover>,
    /// The least share of a column's values that must be in the key, 0.5 to 1.
    contained: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Discover {
    /// What is found with good reason links; the rest is proposed.
    Accept,
    /// All that is found is only proposed.
    Propose,
    /// No columns are compared.
    Off,
}

/// `[[key]]`: a key column that is known, by dataset and field; columns of one name hold the same keys.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyColumn {
    /// Pattern of datasets, as `piimap map` names them.
    dataset: String,
    field: String,
    /// What it numbers: `customer`.
    name: Option<String>,
    /// This column is no key, whatever it looks like.
    #[serde(default)]
    ignore: bool,
}

/// An accepted coverage line: it stays reported but does not cause exit status 3.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Accept {
    /// Pattern of the uri (`*` within a segment, `**` across).
    uri: String,
    /// The reason code it is accepted for.
    reason: String,
    /// Who decided.
    owner: String,
    /// The day from which it counts again, `2027-01-31`.
    expires: String,
}

/// `[[table]]`: the form of text that has neither delimiters nor names.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TableForm {
    /// Pattern of datasets, as `piimap map` names them.
    dataset: Option<String>,
    /// Pattern of uris.
    uri: Option<String>,
    /// Names and widths in characters, as `UNLOAD` takes them: `id:11,name:40`.
    fixed_width: String,
}

impl Config {
    /// Reads the file; without a name `piimap.toml`, if it exists.
    pub fn load(path: Option<&Path>) -> anyhow::Result<Config> {
        let text = match path {
            Some(p) => std::fs::read_to_string(p).with_context(|| format!("{}", p.display()))?,
            None => match std::fs::read_to_string("piimap.toml") {
                Ok(text) => text,
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Config::default()),
                Err(e) => return Err(e).context("piimap.toml"),
            },
        };
        let name = path.unwrap_or(Path::new("piimap.toml")).display().to_string();
        let config: Config = toml::from_str(&text).map_err(|e: toml::de::Error| {
            let line = e.span().map(|s| 1 + text.as_bytes()[..s.start.min(text.len())].iter().filter(|b| **b == b'\n').count());
            let at = line.map(|l| format!(":{l}")).unwrap_or_default();
            anyhow::anyhow!("{name}{at}: {}", with_suggestion(e.message()))
        })?;
        if let Some(keep) = &config.keep {
            super::index::keep(keep).map_err(|e| anyhow::anyhow!("{name}: keep: {e}"))?;
        }
        config.watch.terms().with_context(|| format!("{name}: watch"))?;
        for a in &config.accept {
            anyhow::ensure!(
                Reason::from_code(&a.reason).is_some(),
                "{name}: accept: unknown reason {:?}; reasons are {}",
                a.reason,
                Reason::ALL.iter().map(|r| r.code()).collect::<Vec<_>>().join(", ")
            );
            anyhow::ensure!(Timestamp::parse(&a.expires).is_some(), "{name}: accept: expires is a day such as 2027-01-31");
            anyhow::ensure!(!a.owner.trim().is_empty(), "{name}: accept: owner is empty; name who decided");
            globset::Glob::new(&a.uri).with_context(|| format!("{name}: accept: uri"))?;
        }
        for (i, a) in config.allow.iter().enumerate() {
            a.check().with_context(|| format!("{name}: entry {} of [[allow]]", i + 1))?;
        }
        for (i, v) in config.verdict.iter().enumerate() {
            v.check().with_context(|| format!("{name}: entry {} of [[verdict]]", i + 1))?;
        }
        config.borders().with_context(|| name.clone())?;
        config.processing().with_context(|| name.clone())?;
        config.spend().with_context(|| name.clone())?;
        config.accounts().with_context(|| name.clone())?;
        config.choice().with_context(|| name.clone())?;
        config.forms().with_context(|| name.clone())?;
        config.keys().with_context(|| name)?;
        Ok(config)
    }

    /// Which objects are read, checked when the file was read.
    pub fn choice(&self) -> anyhow::Result<Option<Arc<Choice>>> {
        let wrong = |e: crate::base::Error| anyhow::anyhow!("include and exclude: {}", e.detail);
        Ok(Choice::new(&self.include, &self.exclude).map_err(wrong)?.map(Arc::new))
    }

    /// How sources of other accounts are reached, checked when the file was read.
    pub fn accounts(&self) -> anyhow::Result<Arc<[Account]>> {
        self.account.iter().map(AccountEntry::check).collect()
    }

    /// What runs may cost, checked when the file was read.
    pub fn spend(&self) -> anyhow::Result<Spend> {
        self.budget.spend(self.prices.as_ref())
    }

    /// How text is laid out, checked when the file was read.
    pub fn forms(&self) -> anyhow::Result<Arc<[Form]>> {
        let form = |t: &TableForm| {
            let form = Form::fixed_width(t.dataset.as_deref(), t.uri.as_deref(), &t.fixed_width);
            form.map_err(|e| anyhow::anyhow!("table: {}", e.detail))
        };
        self.table.iter().map(form).collect()
    }

    /// The key columns, checked when the file was read.
    pub fn keys(&self) -> anyhow::Result<KeyOptions> {
        let default = KeyOptions::default();
        let contained = self.keys.contained.unwrap_or(default.contained);
        anyhow::ensure!((0.5..=1.0).contains(&contained), "keys: contained is a share from 0.5 to 1");
        let declared = |k: &KeyColumn| -> anyhow::Result<Declared> {
            let name = k.name.as_deref();
            let plain =
                |n: &str| !n.is_empty() && n.len() <= 40 && n.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
            anyhow::ensure!(name.is_none_or(plain), "key: a name is a word of small letters, digits and _, such as customer");
            anyhow::ensure!(
                name.is_some() != k.ignore,
                "key: a key column has either a name, such as name = \"customer\", or ignore = true"
            );
            let dataset = globset::Glob::new(&k.dataset).context("key: dataset")?;
            Ok(Declared { dataset, field: k.field.clone(), name: name.map(str::to_owned) })
        };
        Ok(KeyOptions {
            declared: self.key.iter().map(declared).collect::<anyhow::Result<_>>()?,
            discover: self.keys.discover != Some(Discover::Off),
            accept: self.keys.discover != Some(Discover::Propose),
            contained,
        })
    }

    /// Tenants and regions, checked when the file was read.
    pub fn borders(&self) -> anyhow::Result<Borders> {
        Ok(Borders {
            tenants: borders::tenants(&self.tenant)?,
            regions: borders::regions(&self.region)?,
            templates: borders::paths(&self.path)?,
        })
    }

    /// What personal data is for, checked when the file was read.
    pub fn processing(&self) -> anyhow::Result<Processing> {
        processing::read(&self.organisation, &self.processing)
    }

    /// Which spellings of an address are one.
    pub fn folding(&self) -> Folding {
        let dots = self.identity.fold_dots.iter().map(|d| d.to_ascii_lowercase()).collect();
        Folding { plus: self.identity.fold_plus, dots }
    }

    /// Whether a line is no reason for an exit status: somebody accepts it, or wanted it so.
    pub fn excuses(&self, line: &CoverageLine) -> bool {
        line.reason.is_some_and(Reason::is_by_choice) || self.accepts(line)
    }

    /// Whether somebody accepts this line today.
    pub fn accepts(&self, line: &CoverageLine) -> bool {
        self.accept.iter().any(|a| {
            let fits =
                globset::GlobBuilder::new(&a.uri).literal_separator(true).build().is_ok_and(|g| g.compile_matcher().is_match(&line.uri));
            fits && a.reason == line.code && Timestamp::parse(&a.expires).is_some_and(|t| t > Timestamp::now())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> anyhow::Result<Config> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("piimap.toml");
        std::fs::write(&file, text).unwrap();
        Config::load(Some(&file))
    }

    #[test]
    fn mistakes_are_named() {
        for (text, says) in [
            ("indx = \"a.db\"", "did you mean `index`?"),
            ("sources = []\n[[verdict]]\ndatset = \"x\"", "piimap.toml:3: unknown field `datset`"),
            ("[[allow]]\nreason = \"r\"\nowner = \"o\"\nexpires = \"2099-01-01\"", "it names nothing"),
            ("[[allow]]\nregex = \"(?=x)\"\nreason = \"r\"\nowner = \"o\"\nexpires = \"2099-01-01\"", "look-around"),
            ("[[allow]]\nvalues = [\"jane\"]\nreason = \"r\"\nowner = \"o\"\nexpires = \"2099-01-01\"", "this is no allowed value"),
            (
                "[[verdict]]\ndataset = \"d\"\nverdict = \"wrng\"\nreviewer = \"a\"\nreason = \"r\"\ndate = \"2026-01-01\"",
                "did you mean `wrong`?",
            ),
            (
                "[[verdict]]\ndataset = \"d\"\nverdict = \"wrong\"\nreviewer = \"\"\nreason = \"r\"\ndate = \"2026-01-01\"",
                "reviewer is empty",
            ),
            ("keep = \"400\"", "no time of keeping"),
            ("[[account]]\nsources = [\"s3://b\"]\nassume_role = \"me\"", "account: assume_role is an ARN"),
            ("[budget]\nmax_usd = -1", "max_usd"),
            ("[budget]\nmax_us = 1", "did you mean `max_usd`?"),
            ("[prices]\nget = -0.1", "prices: get"),
            ("[watch]\nevrey = \"6h\"", "did you mean `every`?"),
            ("[watch]\nevery = \"soon\"", "such as 6h"),
            ("[watch]\nmetrics = \"0.0.0.0:9185\"", "loopback"),
            ("[[key]]\ndataset = \"a\"\nfield = \"b\"", "ignore = true"),
            ("[keys]\ncontained = 0.1", "0.5 to 1"),
            ("[[table]]\nfixed_width = \"id:3\"", "give dataset or uri"),
            ("[[table]]\ndataset = \"a\"\nfixed_width = \"id\"", "id:11,name:40"),
            ("[[region]]\nname = \"eu\"", "give datasets or uris"),
            ("[[region]]\nname = \"\"\nuris = [\"s3://eu/**\"]", "a name is"),
            ("[[processing]]\nname = \"crm\"\npurposes = [\"p\"]", "give datasets"),
            ("[[processing]]\nname = \"crm\"\ndatasets = [\"crm\"]\nretention = \"3 moons\"", "such as 90d"),
            ("[[processing]]\nname = \"crm\"\ndatasets = [\"crm\"]\nrole = \"owner\"", "controller or processor"),
            ("[[processing]]\nname = \"crm\"\ndatasets = [\"crm\"]\nreciepients = []", "did you mean `recipients`?"),
            ("[keys]\ndiscover = \"maybe\"", "propose"),
            ("[[accept]]\nuri = \"**\"\nreason = \"bad\"\nowner = \"x\"\nexpires = \"2099-01-01\"", "unknown reason \"bad\""),
            ("[[accept]]\nuri = \"**\"\nreason = \"truncated\"\nowner = \"x\"\nexpires = \"soon\"", "2027-01-31"),
            ("[[accept]]\nuri = \"**\"\nreason = \"truncated\"\nowner = \"\"\nexpires = \"2099-01-01\"", "owner is empty"),
        ] {
            let e = format!("{:#}", load(text).unwrap_err());
            assert!(e.contains(says), "{e}");
        }
    }

    #[test]
    fn the_template_names_every_key_and_means_nothing_by_itself() {
        let template = super::super::init::template(&[]);
        let plain = load(&template).unwrap();
        assert!(plain.sources.is_empty() && plain.index.is_none());
        // With its comments taken away it is a configuration that holds.
        let is_setting = |l: &&str| {
            l.starts_with("# [")
                || l.strip_prefix("# ").is_some_and(|l| l.split(" = ").next().is_some_and(|k| !k.contains(' ') && l.contains(" = ")))
        };
        let full: String = template.lines().filter(is_setting).map(|l| format!("{}\n", &l[2..])).collect();
        let full = load(&full).unwrap();
        assert_eq!((full.sources.len(), full.key.len(), full.accept.len(), full.table.len()), (2, 2, 1, 1));
        assert!(full.index.is_some() && full.key_file.is_some() && full.classifiers.is_some() && full.identity.fold_plus);
        assert_eq!(load(&super::super::init::template(&["s3://b/a \"b\"".to_owned()])).unwrap().sources, ["s3://b/a \"b\""]);
    }

    #[test]
    fn accepted_lines_fit_by_uri_reason_and_time() {
        let accept =
            |expires: &str| format!("[[accept]]\nuri = \"/data/*.gz\"\nreason = \"truncated\"\nowner = \"ops\"\nexpires = \"{expires}\"");
        let line = |uri: &str, code: &str| CoverageLine {
            uri: uri.into(),
            member: None,
            status: "partial".into(),
            reason: Reason::from_code(code),
            code: code.into(),
            detail: String::new(),
        };
        let c = load(&accept("2099-01-01")).unwrap();
        assert!(c.accepts(&line("/data/a.gz", "truncated")));
        assert!(!c.accepts(&line("/data/sub/a.gz", "truncated")));
        assert!(!c.accepts(&line("/data/a.gz", "corrupt")));
        assert!(c.excuses(&line("/data/a.gz", "truncated")) && !c.excuses(&line("/data/a.gz", "corrupt")));
        assert!(c.excuses(&line("rds://crm", "not_configured")), "a census says nothing of a scan");
        assert!(!load(&accept("2020-01-01")).unwrap().accepts(&line("/data/a.gz", "truncated")));
    }
}
