//! `piimap publish`.

use anyhow::Context;
use clap::{Args, Subcommand};
use globset::GlobMatcher;

use super::{Exit, Setting, decisions, output};
use crate::index::Reader;
use crate::source::glue::publish::{Catalogues, Classified, Outcome, source_of, table_of};
use crate::{query, report, scan, source};

/// Write what was found in columns back into a catalogue: classifiers and confidence, never a value
#[derive(Debug, Args)]
pub(super) struct Publish {
    #[command(subcommand)]
    to: To,
}

#[derive(Debug, Subcommand)]
enum To {
    Glue(Glue),
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
    /// Write; without it nothing is changed
    #[arg(long)]
    apply: bool,
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
        let To::Glue(glue) = &self.to;
        glue.run(s)
    }
}

impl Glue {
    fn run(&self, s: &Setting) -> anyhow::Result<Exit> {
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
        let mut catalogues = Catalogues::new(options);
        let (mut lines, mut failed, mut due) = (Vec::new(), false, 0u64);
        for f in &wanted {
            // An account that does not let us in costs its own tables alone.
            let done = catalogues.of(f).and_then(|catalogue| catalogue.publish(f, self.apply));
            failed |= done.is_err();
            due += u64::from(done.as_ref().is_ok_and(|d| d.outcome == Outcome::Due));
            let line = report::PublishedTable { database: f.database.clone(), table: f.table.clone(), done };
            if !s.json {
                output::print(&report::published_text(&line))?;
            }
            lines.push(line);
        }
        if s.json {
            output::print_json(&report::published_json(&lines, self.apply, wanted.first()))?;
        } else if wanted.is_empty() {
            output::print("no table that was scanned has such a name\n")?;
        } else if !self.apply {
            let changes = if due == 1 { "would change" } else { "would be changed" };
            output::print(&format!("\nNothing was written: {} {changes} with --apply.\n", report::plural(due, "table")))?;
        }
        Ok(if failed { Exit::Incomplete } else { Exit::Done })
    }
}

/// What the index knows of tables that were scanned through the catalogue, less what somebody has judged or allowed.
fn found(s: &Setting) -> anyhow::Result<Vec<Classified>> {
    let (reader, verdicts) = decisions::judged(s, Reader::open(&s.index)?)?;
    let runs = reader.runs()?;
    let mut map = query::map(&reader)?;
    verdicts.judge_map(&mut map);
    let (run, scanned_at) = (map.basis.run.unwrap_or_default(), map.basis.completed);
    let tables = map.datasets.into_iter().filter(|d| d.kind.as_deref().is_some_and(|k| k.starts_with("glue-")));
    let tables = tables.filter_map(|d| {
        let (database, table) = table_of(&d.name)?;
        let classes = |f: query::Field| f.classifiers.into_iter().filter(|c| c.counted > 0).map(|c| (c.id, c.confidence)).collect();
        let fields = d.fields.into_iter().map(|f| (f.name.clone(), classes(f))).collect();
        let source = source_of(&database, &table, runs.iter().map(|r| r.sources.as_slice()));
        Some(Classified { database, table, source, fields, run, scanned_at })
    });
    Ok(tables.collect())
}
