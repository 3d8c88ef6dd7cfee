//! `[[allow]]` and `[[verdict]]` of piimap.toml, and `piimap classifiers allow`.

use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use regex_automata::meta::Regex;
use serde::Deserialize;

use super::{Exit, Setting, key, output};
use crate::base::{Secret, Timestamp};
use crate::identity::{AllowedValue, Allower, Key};
use crate::index::Reader;
use crate::query::{Verdict, Verdicts, Word};
use crate::scan::{AllowList, AllowRule, forms_of, pattern};

/// Values or places whose findings do not count.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Allow {
    /// Hashed values, made by `piimap classifiers allow`.
    values: Option<Vec<String>>,
    /// What the whole of a value must match.
    regex: Option<String>,
    classifier: Option<String>,
    dataset: Option<String>,
    field: Option<String>,
    uri: Option<String>,
    reason: String,
    owner: String,
    /// The day from which they count again.
    expires: String,
}

/// What somebody decided about findings.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VerdictEntry {
    dataset: String,
    field: Option<String>,
    classifier: Option<String>,
    verdict: String,
    reviewer: String,
    reason: String,
    date: String,
}

impl Allow {
    /// Says what is wrong with it.
    pub fn check(&self) -> anyhow::Result<()> {
        anyhow::ensure!(Timestamp::parse(&self.expires).is_some(), "expires is a day such as 2027-01-31");
        anyhow::ensure!(!self.owner.trim().is_empty(), "owner is empty; name who decided");
        anyhow::ensure!(!self.reason.trim().is_empty(), "reason is empty");
        anyhow::ensure!(self.values.is_none() || self.regex.is_none(), "either values or regex; make two entries of it");
        let places = [&self.classifier, &self.dataset, &self.field, &self.uri];
        let named = self.values.is_some() || self.regex.is_some() || places.iter().any(|p| p.is_some());
        anyhow::ensure!(named, "it names nothing: values, regex, classifier, dataset, field or uri");
        for p in places.into_iter().flatten() {
            pattern(p).with_context(|| format!("{p:?} is no pattern"))?;
        }
        for v in self.values.iter().flatten() {
            AllowedValue::parse(v)?;
        }
        if let Some(r) = &self.regex {
            whole(r)?;
        }
        Ok(())
    }

    fn rule(&self, allower: Option<&Allower>) -> anyhow::Result<AllowRule> {
        let glob = |p: &Option<String>| p.as_ref().map(|p| pattern(p)).transpose();
        let values = match (&self.values, allower) {
            (Some(all), Some(a)) => {
                let all: Vec<AllowedValue> = all.iter().map(|v| AllowedValue::parse(v)).collect::<Result<_, _>>()?;
                Some(a.set(&all)?)
            }
            _ => None,
        };
        let parts = [&self.regex, &self.classifier, &self.dataset, &self.field, &self.uri];
        let text = format!("{:?}{parts:?}", self.values);
        Ok(AllowRule {
            values,
            regex: self.regex.as_ref().map(|r| whole(r)).transpose()?,
            classifier: glob(&self.classifier)?,
            dataset: glob(&self.dataset)?,
            field: glob(&self.field)?,
            uri: glob(&self.uri)?,
            text,
        })
    }
}

/// An expression that must match the whole value.
fn whole(regex: &str) -> anyhow::Result<Regex> {
    let syntax = regex_automata::util::syntax::Config::new().utf8(false);
    let config = regex_automata::meta::Config::new().utf8_empty(false).nfa_size_limit(Some(4 << 20));
    let built = Regex::builder().syntax(syntax).configure(config).build(&format!(r"\A(?:{regex})\z"));
    built.map_err(|_| anyhow::anyhow!("regex cannot be read; look-around and references back to groups are unknown here"))
}

/// The rules in force today.
pub(super) fn allow_list(entries: &[Allow], key: &Key) -> anyhow::Result<AllowList> {
    let allower = Allower::new(key);
    let now = Timestamp::now();
    let valid = entries.iter().enumerate().filter(|(_, a)| Timestamp::parse(&a.expires).is_some_and(|t| t > now));
    let rules = valid.map(|(i, a)| a.rule(Some(&allower)).with_context(|| format!("piimap.toml: entry {} of [[allow]]", i + 1)));
    Ok(AllowList { rules: rules.collect::<anyhow::Result<_>>()?, allower: Some(allower) })
}

impl VerdictEntry {
    /// Says what is wrong with it.
    pub fn check(&self) -> anyhow::Result<Verdict> {
        let words = || Word::ALL.map(|w| format!("{:?}", w.name())).join(", ");
        let word = Word::ALL.into_iter().find(|w| w.name() == self.verdict);
        let word = word.with_context(|| {
            format!("verdict is {:?}; it can be {}{}", self.verdict, words(), meant(&self.verdict, &Word::ALL.map(Word::name)))
        })?;
        anyhow::ensure!(Timestamp::parse(&self.date).is_some(), "date is a day such as 2026-11-21");
        anyhow::ensure!(!self.reviewer.trim().is_empty(), "reviewer is empty; name who decided");
        anyhow::ensure!(!self.reason.trim().is_empty(), "reason is empty");
        let glob = |p: &String| pattern(p).with_context(|| format!("{p:?} is no pattern"));
        Ok(Verdict {
            dataset: glob(&self.dataset)?,
            field: self.field.as_ref().map(glob).transpose()?,
            classifier: self.classifier.as_ref().map(glob).transpose()?,
            word,
            reviewer: self.reviewer.clone(),
            reason: self.reason.clone(),
            date: self.date.clone(),
        })
    }
}

/// The verdicts of the configuration, and the reader that counts by them.
pub(super) fn judged(s: &Setting, reader: Reader) -> anyhow::Result<(Reader, Verdicts)> {
    let verdicts = verdicts(s)?;
    Ok((verdicts.apply(reader)?, verdicts))
}

/// The verdicts of the configuration.
pub(super) fn verdicts(s: &Setting) -> anyhow::Result<Verdicts> {
    Ok(Verdicts(s.config.verdict.iter().map(VerdictEntry::check).collect::<anyhow::Result<_>>()?))
}

/// `, did you mean …?` where one of the words is near; else nothing.
pub(super) fn meant(typed: &str, known: &[&str]) -> String {
    let near = known.iter().map(|k| (distance(typed, k), *k)).min();
    match near {
        Some((d, k)) if d > 0 && d <= 1 + k.len() / 4 => format!("; did you mean `{k}`?"),
        _ => String::new(),
    }
}

/// Letters to insert, drop or change until the two are the same (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().take(64).enumerate() {
        let mut before = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let change = before + usize::from(x != *y);
            before = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(before + 1);
        }
    }
    row[b.len()]
}

/// An error about an unknown key, with the key that is nearest.
pub(super) fn with_suggestion(message: &str) -> String {
    let mut names = message.split('`').skip(1).step_by(2);
    match (message.contains("unknown field"), names.next()) {
        (true, Some(typed)) => format!("{message}{}", meant(typed, &names.collect::<Vec<_>>())),
        _ => message.to_owned(),
    }
}

/// Allow values without writing them down: keyed hashes are added to piimap.toml
#[derive(Debug, Args)]
#[command(after_help = "\
An allowed value is not counted and is nobody's, but `piimap map` shows how many there are. Objects are
read again by the next scan.

Examples:
  piimap classifiers allow - --reason 'our own hotline' --owner support --expires 2027-12-31
  aws s3 cp s3://lists/names.txt - | piimap classifiers allow - --reason names --owner hr --expires 2027-12-31")]
pub(super) struct AllowValues {
    /// Values; `-` reads them from standard input, one a line
    #[arg(required = true, value_name = "VALUE")]
    values: Vec<String>,
    /// Allow them as this classifier only
    #[arg(long, value_name = "ID")]
    class: Option<String>,
    /// Why they do not count
    #[arg(long)]
    reason: String,
    /// Who decided
    #[arg(long)]
    owner: String,
    /// The day from which they count again
    #[arg(long, value_name = "DAY")]
    expires: String,
}

impl AllowValues {
    pub fn run(&self, s: &Setting) -> anyhow::Result<Exit> {
        let classifiers = key::classifiers(s)?;
        let class = match &self.class {
            Some(id) => Some(
                classifiers.index_of(id).with_context(|| format!("there is no classifier {id}; `piimap classifiers list` shows them"))?,
            ),
            None => None,
        };
        anyhow::ensure!(Timestamp::parse(&self.expires).is_some(), "--expires is a day such as 2027-01-31");
        let mut values = Vec::new();
        for v in &self.values {
            if v == "-" {
                if std::io::stdin().is_terminal() {
                    output::error("type one value a line, then Ctrl-D");
                }
                for line in std::io::stdin().lock().lines() {
                    values.push(Secret::new(line?));
                }
            } else {
                values.push(Secret::new(v.as_bytes()));
            }
        }
        values.retain(|v| !v.expose().trim_ascii().is_empty());
        anyhow::ensure!(!values.is_empty(), "no value was given");
        let allower = Allower::new(&key::load(s, true)?);
        let mut lines = Vec::new();
        for v in &values {
            for mut form in forms_of(&classifiers, class, v.expose()) {
                lines.push(allower.entry(&form).to_string());
                form.fill(0);
            }
        }
        lines.sort();
        lines.dedup();
        let quoted = |t: &str| serde_json::Value::from(t).to_string();
        let mut text = format!(
            "\n[[allow]]\nreason = {}\nowner = {}\nexpires = {}\n",
            quoted(&self.reason),
            quoted(&self.owner),
            quoted(&self.expires)
        );
        if let Some(id) = &self.class {
            text += &format!("classifier = {}\n", quoted(id));
        }
        text += "values = [\n";
        lines.iter().for_each(|l| text += &format!("  {},\n", quoted(l)));
        text += "]\n";
        let file = s.config_file.clone().unwrap_or_else(|| PathBuf::from("piimap.toml"));
        append(&file, &text)?;
        let n = values.len();
        let plural = if n == 1 { "value" } else { "values" };
        output::print(&format!("{n} {plural} allowed in {} until {}; the next scan applies it\n", file.display(), self.expires))?;
        Ok(Exit::Done)
    }
}

fn append(file: &Path, text: &str) -> anyhow::Result<()> {
    let mut o = std::fs::OpenOptions::new().append(true).create(true).open(file).with_context(|| file.display().to_string())?;
    o.write_all(text.as_bytes())?;
    Ok(o.sync_all()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_suggested() {
        for (typed, want) in [("reasn", "; did you mean `reason`?"), ("datset", "; did you mean `dataset`?"), ("xyz", ""), ("", "")] {
            assert_eq!(meant(typed, &["reason", "dataset", "owner"]), want, "{typed}");
        }
        let message = "unknown field `reasn`, expected one of `uri`, `reason`";
        assert_eq!(with_suggestion(message), format!("{message}; did you mean `reason`?"));
        assert_eq!(with_suggestion("something `else`"), "something `else`");
        assert_eq!([distance("", "abc"), distance("abc", ""), distance("kitten", "sitting")], [3, 3, 3]);
    }
}
