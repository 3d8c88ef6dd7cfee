//! `piimap breach`.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::{Exit, Setting, output};
use crate::{query, report};

/// Who is affected if these objects were exposed: distinct people, per data element, per state
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("scope").required(true).multiple(true)), after_help = "\
The scope is every current object (`--as-of`: of then) that one of the patterns names. In patterns
`*` stays within a segment, `**` crosses them; an object pattern without a leading / or scheme may begin anywhere.

Examples:
  piimap breach --dataset 'redshift/*'
  piimap breach --object 'orders-0004.jsonl.gz' --list affected.jsonl")]
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
    /// Write one JSON line a person; the file is readable by its owner only
    #[arg(long, value_name = "FILE")]
    list: Option<PathBuf>,
    #[command(flatten)]
    moment: super::as_of::Moment,
}

impl Breach {
    pub fn run(&self, s: &Setting) -> anyhow::Result<Exit> {
        let (objects, datasets) = (globs(&self.object, true)?, globs(&self.dataset, false)?);
        let (reader, _) = super::decisions::judged(s, self.moment.open(s)?)?;
        // The list is created before the work: a folder that cannot be written is better known at once.
        let mut list = self.list.as_ref().map(|p| output::create_private(p).with_context(|| p.display().to_string())).transpose()?;
        let prefixes: Vec<String> = self.prefix.iter().map(|p| absolute(p)).collect();
        let object = |uri: &str| objects.is_match(uri) || prefixes.iter().any(|p| uri.starts_with(p.as_str()));
        let dataset = |name: &str| datasets.is_match(name) || self.dataset.iter().any(|d| d == name);
        let answer = query::breach(&reader, &query::Scope { object: &object, dataset: &dataset })?;
        let scope = reader.objects(true)?.into_iter().filter(|o| object(&o.uri) || dataset(&o.dataset));
        let protected = query::protected(&reader, &scope.map(|o| o.id).collect::<Vec<_>>())?;
        if let Some(file) = &mut list {
            for p in &answer.people {
                writeln!(file, "{}", report::breach_list(p))?;
            }
            file.flush()?;
        }
        if s.json {
            output::print_json(&report::with_protected(report::breach_json(&answer), &protected))?
        } else {
            output::print(&(report::breach_text(&answer) + &report::protected_text(&protected)))?
        }
        Ok(match (answer.objects, answer.in_scope_unread) {
            (0, _) => Exit::Empty,
            (_, 0) => Exit::Done,
            _ => Exit::Incomplete,
        })
    }
}

fn globs(patterns: &[String], anywhere: bool) -> anyhow::Result<GlobSet> {
    let mut set = GlobSetBuilder::new();
    for p in patterns {
        let rooted = p.starts_with('/') || p.contains("://") || p.starts_with("**");
        let p = if anywhere && !rooted { format!("**/{p}") } else { p.clone() };
        set.add(GlobBuilder::new(&p).literal_separator(true).build()?);
    }
    Ok(set.build()?)
}

/// A local prefix as the index writes uris: absolute. Nothing need exist there any more.
fn absolute(prefix: &str) -> String {
    if prefix.contains("://") || prefix == "-" {
        return prefix.to_owned();
    }
    let slash = if prefix.ends_with('/') { "/" } else { "" };
    let path = std::fs::canonicalize(prefix).or_else(|_| std::path::absolute(prefix));
    path.map_or_else(|_| prefix.to_owned(), |p| format!("{}{slash}", p.display()))
}
