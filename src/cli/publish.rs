//! `piimap publish`.

use std::collections::{HashMap, HashSet};

use anyhow::Context;
use clap::{Args, Subcommand};
use globset::GlobMatcher;
use serde_json::Value;

use super::{Exit, Setting, decisions, output, tags};
use crate::base::Error;
use crate::index::Reader;
use crate::report::{Written, WrittenTable};
use crate::source::glue::publish::{Catalogues, Classified, source_of, table_of};
use crate::{query, report, scan, source};

/// Write what was found in columns back into a catalogue: classifiers and confidence, or tags; never a value
#[derive(Debug, Args)]
pub(super) struct Publish {
    #[command(subcommand)]
    to: To,
}

#[derive(Debug, Subcommand)]
enum To {
    Glue(Glue),
    Lakeformation(tags::LakeFormation),
}

/// Set parameters of the columns of tables that were scanned by glue://; shows what would change, writes with --apply
#[derive(Debug, Args)]
#[command(after_help = "\
Columns in which something was found get piimap.class (classifiers, as in generic.email,us.ssn),
piimap.confidence (of each), piimap.scanned_at and piimap.run; what is found in a nested field
counts for its column. Columns in which nothing is found any more lose them. All else of the table
stays as it is. A table is written where classes or confidence differ, not because the scan is
newer. Iceberg tables get one parameter of the table instead, piimap.columns (JSON), because their
writers make the columns anew.

Each table is written to where it was read: by the [[account]] of the source by which it was scanned
last (glue://database or glue://database/table). Allowed by glue:GetTable and glue:UpdateTable.
AWS_ENDPOINT_URL_GLUE names another server of Glue.

Exit status 3 if a table could not be written; the others are.

Examples:
  piimap scan glue://shop && piimap publish glue
  piimap publish glue --database shop --table 'cust*' --apply
  piimap publish glue --apply --format json --profile catalog-admin")]
struct Glue {
    #[command(flatten)]
    which: Which,
}

/// Which tables, and how they are reached.
#[derive(Debug, Args)]
pub(super) struct Which {
    /// Write; without it nothing is changed
    #[arg(long)]
    pub apply: bool,
    /// Only tables of databases like this, such as 'shop*'
    #[arg(long, value_name = "PATTERN")]
    database: Option<String>,
    /// Only tables with names like this
    #[arg(long, value_name = "PATTERN")]
    table: Option<String>,
    /// A profile of the AWS configuration
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// AWS region
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
}

impl Publish {
    pub fn run(&self, s: &Setting) -> anyhow::Result<Exit> {
        match &self.to {
            To::Glue(glue) => glue.run(s),
            To::Lakeformation(tags) => tags.run(s),
        }
    }
}

impl Which {
    /// What was found in them, and the catalogues that they lie in.
    pub fn tables(&self, s: &Setting) -> anyhow::Result<(Vec<Classified>, Catalogues)> {
        let glob = |p: &Option<String>| p.as_ref().map(|p| scan::pattern(p).with_context(|| format!("{p:?} is no pattern"))).transpose();
        let (database, table) = (glob(&self.database)?, glob(&self.table)?);
        let fits = |g: &Option<GlobMatcher>, name: &str| g.as_ref().is_none_or(|g| g.is_match(name));
        let all = found(s)?;
        anyhow::ensure!(!all.is_empty(), "no table was scanned through the catalogue; scan one first: piimap scan glue://database");
        let wanted: Vec<Classified> = all.into_iter().filter(|f| fits(&database, &f.database) && fits(&table, &f.table)).collect();
        let options = source::Options {
            profile: self.profile.clone(),
            region: self.region.clone(),
            accounts: s.config.accounts()?,
            ..source::Options::default()
        };
        Ok((wanted, Catalogues::new(options)))
    }

    /// Writes each of these tables, or tells what would change; shows it as it comes where people read it.
    pub fn write<D>(
        &self,
        s: &Setting,
        wanted: &[Classified],
        text: &dyn Fn(&WrittenTable<D>) -> String,
        mut one: impl FnMut(&Classified) -> Result<D, Error>,
    ) -> anyhow::Result<Vec<WrittenTable<D>>> {
        let mut lines = Vec::with_capacity(wanted.len());
        for f in wanted {
            let line = WrittenTable { database: f.database.clone(), table: f.table.clone(), done: one(f) };
            if !s.json {
                output::print(&text(&line))?;
            }
            lines.push(line);
        }
        Ok(lines)
    }

    /// What is said of all of them.
    pub fn end<D: Written>(&self, s: &Setting, lines: &[WrittenTable<D>], json: impl FnOnce() -> Value) -> anyhow::Result<Exit> {
        let due = lines.iter().filter(|l| l.is_due()).count() as u64;
        if s.json {
            output::print_json(&json())?;
        } else if lines.is_empty() {
            output::print("no table that was scanned has such a name\n")?;
        } else if !self.apply {
            let changes = if due == 1 { "would change" } else { "would be changed" };
            output::print(&format!("\nNothing was written: {} {changes} with --apply.\n", report::plural(due, "table")))?;
        }
        Ok(if lines.iter().any(|l| l.done.is_err()) { Exit::Incomplete } else { Exit::Done })
    }
}

impl Glue {
    fn run(&self, s: &Setting) -> anyhow::Result<Exit> {
        let (wanted, mut catalogues) = self.which.tables(s)?;
        let apply = self.which.apply;
        let lines = self.which.write(s, &wanted, &report::published_text, |f| {
            // An account that does not let us in costs its own tables alone.
            catalogues.of(f).and_then(|catalogue| catalogue.publish(f, apply))
        })?;
        self.which.end(s, &lines, || report::published_json(&lines, apply, wanted.first()))
    }
}

/// What the index knows of tables that were scanned through the catalogue, less what somebody has judged or allowed.
fn found(s: &Setting) -> anyhow::Result<Vec<Classified>> {
    let (reader, verdicts) = decisions::judged(s, Reader::open(&s.index)?)?;
    let runs = reader.runs()?;
    let mut map = query::map(&reader)?;
    verdicts.judge_map(&mut map);
    let unread: HashSet<String> = reader.objects(true)?.into_iter().filter(|o| o.status != "read").map(|o| o.dataset).collect();
    let mut unlisted = HashMap::new();
    for run in runs.iter().filter(|r| r.completed.is_some() && r.sources.iter().any(|s| s.starts_with("glue://"))) {
        unlisted.insert(run.id, reader.unlisted(run.id)?);
    }
    let passes: Vec<Pass<'_>> =
        runs.iter().map(|r| Pass { sources: &r.sources, unlisted: unlisted.get(&r.id).map(Vec::as_slice) }).collect();
    let (run, scanned_at) = (map.basis.run.unwrap_or_default(), map.basis.completed);
    let tables = map.datasets.into_iter().filter(|d| d.kind.as_deref().is_some_and(|k| k.starts_with("glue-")));
    let tables = tables.filter_map(|d| {
        let (database, table) = table_of(&d.name)?;
        let classes = |f: query::Field| f.classifiers.into_iter().filter(|c| c.counted > 0).map(|c| (c.id, c.confidence)).collect();
        let fields = d.fields.into_iter().map(|f| (f.name.clone(), classes(f))).collect();
        let source = source_of(&database, &table, runs.iter().map(|r| r.sources.as_slice()));
        let is_complete = !unread.contains(&d.name) && is_listed(&database, &table, &passes);
        Some(Classified { database, table, source, fields, run, scanned_at, is_complete })
    });
    Ok(tables.collect())
}

/// What a run was asked to read, and what it could not list, left out or did not reach.
struct Pass<'a> {
    sources: &'a [String],
    /// `None`: it was stopped or killed, and nobody knows.
    unlisted: Option<&'a [String]>,
}

/// Whether all objects of a table were listed and reached by the newest run, the last of `passes`, that was asked for it. Whatever is
/// doubtful, such as a place in S3 that may be the table's, says no.
fn is_listed(database: &str, table: &str, passes: &[Pass<'_>]) -> bool {
    let names = [format!("glue://{database}/{table}"), format!("glue://{database}")];
    let newest = passes.iter().rev().find(|p| p.sources.iter().any(|s| names.iter().any(|n| s.trim_end_matches('/') == *n)));
    // A name that is not shown in full may be anybody's.
    let is_anothers = |uri: &String| match uri.strip_prefix("glue://").filter(|rest| !rest.contains('{')).map(|rest| rest.split_once('/')) {
        Some(Some(of)) => of != (database, table),
        Some(None) => uri[7..] != *database,
        None => false,
    };
    newest.and_then(|p| p.unlisted).is_some_and(|lines| lines.iter().all(is_anothers))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_listed_where_the_newest_run_of_its_source_says_nothing_else() {
        let own = |all: &[&str]| all.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        type Run<'a> = (&'a [&'a str], Option<&'a [&'a str]>);
        let of = |runs: &[Run<'_>]| {
            let runs: Vec<_> = runs.iter().map(|(sources, lines)| (own(sources), lines.map(own))).collect();
            let passes: Vec<_> = runs.iter().map(|(sources, lines)| Pass { sources, unlisted: lines.as_deref() }).collect();
            is_listed("shop", "people", &passes)
        };
        let shop: &[&str] = &["glue://shop"];
        assert!(of(&[(shop, Some(&[]))]));
        assert!(!of(&[]) && !of(&[(&["s3://lake"], Some(&[]))]), "nobody was asked for it");
        for (line, fits) in [
            ("glue://shop", false),
            ("glue://shop/people", false),
            ("glue://shop/{generic.email}", false),
            ("s3://lake/people/0", false),
            ("/srv/people", false),
            ("glue://shop/goods", true),
            ("glue://shops", true),
            ("glue://crm/people", true),
        ] {
            assert_eq!(of(&[(shop, Some(&[line]))]), fits, "{line}");
            // What others were asked later changes nothing.
            assert_eq!(of(&[(shop, Some(&[line])), (&["folder", "glue://crm"], Some(&[]))]), fits, "{line}");
            assert!(of(&[(shop, Some(&[line])), (&["folder", "glue://shop/people/"], Some(&[]))]), "{line}");
        }
        assert!(!of(&[(shop, Some(&[])), (shop, None)]), "stopped, or killed without a word");
    }
}
