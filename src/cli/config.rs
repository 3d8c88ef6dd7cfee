//! `piimap.toml`.

use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Deserialize;

use super::decisions::{Allow, VerdictEntry, with_suggestion};
use crate::base::{Reason, Timestamp};
use crate::query::CoverageLine;

/// The configuration file. Unknown keys are errors, so that a misspelt one is noticed.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Config {
    /// What `piimap scan` reads when no source is named.
    #[serde(default)]
    pub sources: Vec<String>,
    pub index: Option<PathBuf>,
    pub key_file: Option<PathBuf>,
    pub classifiers: Option<PathBuf>,
    /// How long `piimap index prune` keeps history: `400d`.
    pub keep: Option<String>,
    /// Coverage lines that somebody has looked at and accepts.
    #[serde(default)]
    pub accept: Vec<Accept>,
    /// Values and places whose findings do not count.
    #[serde(default)]
    pub allow: Vec<Allow>,
    /// What people decided about findings.
    #[serde(default)]
    pub verdict: Vec<VerdictEntry>,
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
        for a in &config.accept {
            anyhow::ensure!(
                Reason::from_code(&a.reason).is_some(),
                "{name}: accept: unknown reason {:?}; reasons are {}",
                a.reason,
                codes()
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
        Ok(config)
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

fn codes() -> String {
    Reason::ALL.iter().map(|r| r.code()).collect::<Vec<_>>().join(", ")
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
            ("[[accept]]\nuri = \"**\"\nreason = \"bad\"\nowner = \"x\"\nexpires = \"2099-01-01\"", "unknown reason \"bad\""),
            ("[[accept]]\nuri = \"**\"\nreason = \"truncated\"\nowner = \"x\"\nexpires = \"soon\"", "2027-01-31"),
            ("[[accept]]\nuri = \"**\"\nreason = \"truncated\"\nowner = \"\"\nexpires = \"2099-01-01\"", "owner is empty"),
        ] {
            let e = format!("{:#}", load(text).unwrap_err());
            assert!(e.contains(says), "{e}");
        }
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
        assert!(!load(&accept("2020-01-01")).unwrap().accepts(&line("/data/a.gz", "truncated")));
    }
}
