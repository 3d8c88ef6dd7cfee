//! `piimap map`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use clap::{Args, ValueEnum};

use super::{Exit, Setting, output};
use crate::base::{Timestamp, WholeFile};
use crate::index::Reader;
use crate::{query, report};

/// What personal data lies where: datasets, fields, how much, whose
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  piimap map\n  piimap map --html map.html     a page for people, one file, no values in it\n  piimap map --csv > map.csv\n  piimap map --parquet map.parquet\n  piimap map --format json | jq '.datasets[].name'\n  piimap map --as-of 3\n  piimap map --stale-after 24h   exports older than a day are stale\n  piimap map --links             which columns refer to the keys of other datasets, and why\n  piimap map --isolation         who is under two tenants, whose data lies in which region\n  piimap map --records gdpr --html art30.html\n  piimap map --records california --csv"
)]
pub(super) struct Map {
    /// Write the map as a page that stands alone, readable by you alone; - for standard output
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write a row for each dataset, field and classifier as Parquet, readable by you alone
    #[arg(long, value_name = "FILE", conflicts_with_all = ["html", "csv", "markdown", "links", "isolation", "records"])]
    parquet: Option<PathBuf>,
    /// Print a line for each dataset, field and classifier as CSV
    #[arg(long, conflicts_with_all = ["html", "markdown"])]
    csv: bool,
    /// Print the map as Markdown
    #[arg(long, conflicts_with = "html")]
    markdown: bool,
    /// Show which datasets are linked by keys such as a customer's number, which might be, and why
    #[arg(long, conflicts_with_all = ["html", "csv", "markdown", "as_of"])]
    links: bool,
    /// Show consumers under more than one [[tenant]], and residents by [[region]] of storage (without any: by the region of the bucket)
    #[arg(long, conflicts_with_all = ["html", "csv", "markdown", "links"])]
    isolation: bool,
    /// Print the records that a law asks for, with what [organisation] and [[processing]] say; also as --csv, --html, --format json
    #[arg(long, value_enum, value_name = "LAW", conflicts_with_all = ["markdown", "links", "isolation"])]
    records: Option<Law>,
    /// The same as --format json
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    moment: super::as_of::Moment,
    /// Age from which data counts as stale, such as 90m, 6h or 2d
    #[arg(long, value_name = "AGE", default_value = "6h", value_parser = age)]
    stale_after: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Law {
    /// Records of processing activities, by activity (GDPR Art. 30)
    Gdpr,
    /// Inventory of personal information, by category (Cal. Civ. Code 1798.140)
    California,
}

fn age(s: &str) -> Result<Duration, String> {
    let says = || "an age is a number with m, h or d, such as 6h".to_owned();
    let (number, unit) = s.split_at(s.find(|c: char| !c.is_ascii_digit()).ok_or_else(says)?);
    let seconds = match unit {
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err(says()),
    };
    let n: u64 = number.parse().map_err(|_| says())?;
    n.checked_mul(seconds).filter(|s| *s < 1 << 40).map(Duration::from_secs).ok_or_else(says)
}

impl Map {
    pub fn run(&self, s: &Setting) -> anyhow::Result<Exit> {
        let json = self.is_json(s)?;
        let reader = self.moment.open(s)?;
        if self.links {
            let answer = query::links(&reader, &s.config.keys()?)?;
            if json {
                output::print_json(&report::links_json(&answer))?
            } else {
                output::print(&report::links_text(&answer))?
            }
            return Ok(Exit::Done);
        }
        let (reader, verdicts) = super::decisions::judged(s, reader)?;
        if self.isolation {
            let answer = query::isolation(&reader, &s.config.borders()?)?;
            if json {
                output::print_json(&report::isolation_json(&answer))?
            } else {
                output::print(&report::isolation_text(&answer))?
            }
            return Ok(Exit::Done);
        }
        let mut answer = query::map(&reader)?;
        answer.tell(&reader, &s.config.borders()?)?;
        verdicts.judge_map(&mut answer);
        for about in verdicts.idle(&answer) {
            output::note(&format!("a [[verdict]] of piimap.toml is about nothing in the index: {about}"));
        }
        answer.target = self.stale_after;
        if let Some(law) = self.records {
            return self.records(s, law, &reader, &answer, json);
        }
        if let Some(file) = &self.html {
            let page = report::map_html(&answer, &query::coverage(&reader)?, Timestamp::now());
            write_page(file, &page)?;
        } else if let Some(file) = &self.parquet {
            let table = report::map_parquet(&answer)?;
            write_private(file, &table)?;
            output::note(&format!("{} written", file.display()));
        } else if self.csv {
            output::print(&report::map_csv(&answer))?
        } else if self.markdown {
            output::print(&report::map_markdown(&answer))?
        } else if !json {
            output::print(&report::map_text(&answer))?
        }
        if json {
            output::print_json(&report::map_json(&answer))?;
        }
        Ok(Exit::Done)
    }

    /// Whether JSON is printed, beside files or alone.
    fn is_json(&self, s: &Setting) -> anyhow::Result<bool> {
        let json = s.json || self.json;
        let page = self.html.as_ref().is_some_and(|file| file.as_os_str() == "-");
        let printed = [(self.csv, "--csv"), (self.markdown, "--markdown"), (page, "--html -")].into_iter().find(|(is, _)| *is && json);
        anyhow::ensure!(printed.is_none(), "{} and JSON do not go together: leave one of them out", printed.unwrap_or_default().1);
        Ok(json)
    }

    fn records(&self, s: &Setting, law: Law, reader: &Reader, map: &query::MapAnswer, json: bool) -> anyhow::Result<Exit> {
        let said = s.config.processing()?;
        let answer = query::records(reader, map, &said)?;
        let of = match law {
            Law::Gdpr => report::RecordsOf::Gdpr,
            Law::California => report::RecordsOf::California,
        };
        if let Some(file) = &self.html {
            write_page(file, &report::records_html(&answer, of))?;
        } else if self.csv {
            output::print(&report::records_csv(&answer, of))?;
        } else if !json {
            output::print(&report::records_text(&answer, of))?;
        }
        if json {
            output::print_json(&report::records_json(&answer, of))?;
        }
        Ok(Exit::Done)
    }
}

fn write_private(file: &Path, content: &[u8]) -> anyhow::Result<()> {
    WholeFile::write(file, content).with_context(|| format!("cannot write {}", file.display()))
}

fn write_page(file: &Path, page: &str) -> anyhow::Result<()> {
    if file.as_os_str() == "-" {
        return output::print(page);
    }
    write_private(file, page.as_bytes())?;
    output::note(&format!("{} written; open it in a browser", file.display()));
    Ok(())
}
