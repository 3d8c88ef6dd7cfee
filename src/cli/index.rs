//! `piimap index`.

use std::borrow::Cow;
use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Subcommand};

use super::{Exit, Setting, asking, key, output};
use crate::base::Timestamp;
use crate::index::{Cell, CheckReport, Reader, VIEWS, Writer, check};
use crate::source::Shelf;
use crate::{query, report, scan};

/// Look after the index: check, compact, retention, legal holds, forgetting a person, SQL, Parquet
#[derive(Debug, Args)]
pub(super) struct Index {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Verify the file: SQLite's structure, every packed row, check sums, counts, consumers against the records that prove them
    #[command(after_help = "Exit status 1 if something is wrong.\n\nExample:\n  piimap index check && piimap map")]
    Check,
    /// Rewrite the file without what was removed, giving room back
    #[command(after_help = "Needs room for a second copy while it works.\n\nExample:\n  piimap index prune && piimap index compact")]
    Compact,
    /// Remove history: object versions that were overwritten or deleted longer ago than `keep`
    #[command(after_help = "\
`keep` stands in piimap.toml or on the command line. Current versions and what a run on legal hold
saw are never removed, nor are the runs in the journal. Answers as of an earlier time say that
history was removed.

Example:
  piimap index prune --keep 400d --dry-run")]
    Prune {
        /// How long history is kept: 400d, 18m (months of 30 days), 7y [default: `keep` of piimap.toml]
        #[arg(long, value_name = "TIME", value_parser = keep)]
        keep: Option<i64>,
        /// Only count
        #[arg(long)]
        dry_run: bool,
    },
    /// Put a run on legal hold: nothing that it saw is removed by prune or forget
    #[command(after_help = "Example:\n  piimap index hold 3 --reason 'matter 2026-117'")]
    Hold {
        /// The run; `piimap runs` lists them
        run: i64,
        /// Why; shown by `piimap runs` and wherever the hold forbids something
        #[arg(long)]
        reason: String,
    },
    /// End the legal hold of a run
    #[command(after_help = "Example:\n  piimap index release 3")]
    Release {
        /// The run
        run: i64,
    },
    /// Remove one person from all runs; a keyed mark keeps later runs from indexing them again
    #[command(after_help = "\
All identifiers that any run has linked to those given go, and what was filed under them. The data
itself stays where it is stored: delete it there first, `piimap find` says where that is. Counts per
field stay, they are nobody's. A run on legal hold that saw the person forbids it.

Example:
  piimap index forget -          type or pipe the values: they stay out of the shell's history

Exit status 1 if nothing was known of them.")]
    Forget {
        /// Identifiers of the person, or a consumer's id (c_…); `-` reads them from standard input, one a line
        #[arg(required = true, value_name = "VALUE")]
        values: Vec<String>,
        /// The classifier that the values belong to, where that is ambiguous
        #[arg(long, value_name = "ID")]
        class: Option<String>,
    },
    /// Ask in SQL; nothing can be written
    #[command(after_help = sql_help())]
    Sql {
        /// One SELECT
        query: String,
    },
    /// Write the index as Parquet files, a file a view of `index sql`, readable by you alone
    #[command(after_help = "Example:\n  piimap index export ./piimap-parquet")]
    Export {
        /// The folder; made if it is not there
        dir: PathBuf,
    },
}

fn sql_help() -> String {
    let mut out = "Views, besides the tables of the file:\n".to_owned();
    for (name, columns, what) in VIEWS {
        out += &format!("  {name}: {what}\n    {columns}\n");
    }
    out + "\nExample:\n  piimap index sql \"select dataset, classifier, sum(sightings) from fields group by 1, 2\""
}

impl Index {
    pub fn run(&self, s: &Setting) -> anyhow::Result<Exit> {
        match &self.verb {
            Verb::Check => {
                let r = check(&s.index)?;
                if s.json {
                    output::print_json(&report::check_json(&r))?
                } else {
                    output::print(&report::check_text(&r))?
                }
                Ok(if sound(&r) { Exit::Done } else { Exit::Empty })
            }
            Verb::Compact => {
                let done = writer(s)?.compact()?;
                if s.json {
                    output::print_json(&report::compact_json(&done))?
                } else {
                    output::print(&report::compact_text(&done))?
                }
                Ok(Exit::Done)
            }
            Verb::Prune { keep, dry_run } => {
                let keep = match (keep, &s.config.keep) {
                    (Some(ms), _) => *ms,
                    (None, Some(text)) => self::keep(text).map_err(|e| anyhow::anyhow!("piimap.toml: keep: {e}"))?,
                    (None, None) => anyhow::bail!("how long is history to be kept? Give --keep 400d, or keep = \"400d\" in piimap.toml"),
                };
                let done = writer(s)?.prune(Timestamp::now().0.saturating_sub(keep), *dry_run)?;
                if s.json {
                    output::print_json(&report::prune_json(&done, *dry_run))?
                } else {
                    output::print(&report::prune_text(&done, *dry_run))?
                }
                Ok(Exit::Done)
            }
            Verb::Hold { run, reason } => {
                anyhow::ensure!(!reason.trim().is_empty(), "a hold needs a reason, such as the number of the matter");
                writer(s)?.hold(*run, Some(reason.trim()))?;
                self.say(s, &format!("Run {run} is on legal hold: nothing that it saw is removed until `piimap index release {run}`."))
            }
            Verb::Release { run } => {
                writer(s)?.hold(*run, None)?;
                self.say(s, &format!("Run {run} is no longer on hold."))
            }
            Verb::Forget { values, class } => forget(s, values, class.as_deref()),
            Verb::Sql { query } => sql(s, query),
            Verb::Export { dir } => {
                let files = Reader::open(&s.index)?.export(dir)?;
                if s.json {
                    output::print_json(&report::export_json(&files))?
                } else {
                    output::print(&report::export_text(&files, &dir.display().to_string()))?
                }
                Ok(Exit::Done)
            }
        }
    }

    fn say(&self, s: &Setting, done: &str) -> anyhow::Result<Exit> {
        if s.json {
            output::print_json(&serde_json::json!({"done": done}))?
        } else {
            output::print(&format!("{done}\n"))?
        }
        Ok(Exit::Done)
    }
}

fn sound(r: &CheckReport) -> bool {
    r.problem_count == 0
}

/// The index for writing; it must be there.
fn writer(s: &Setting) -> anyhow::Result<Writer> {
    drop(Reader::open(&s.index)?);
    Ok(Writer::open(&s.index, &key::load(s, false)?)?)
}

fn forget(s: &Setting, values: &[String], class: Option<&str>) -> anyhow::Result<Exit> {
    let classifiers = key::classifiers(s)?;
    let asked = asking::values(values, class, &classifiers, &Reader::open(&s.index)?)?;
    // The lock first: nothing changes between the question and the removal.
    let mut writer = writer(s)?;
    let ids: Vec<_> = {
        let reader = Reader::open(&s.index)?;
        query::known_identifiers(&reader, writer.hasher(), &classifiers, &asked)?.into_iter().collect()
    };
    // A listing that was broken off may name the person in the keys of objects. Nobody is told of a person forgotten who stands there.
    let listing = scan::shelf_of(&s.index);
    Shelf::remove(&listing).with_context(|| format!("nothing was forgotten: {} could not be deleted", listing.display()))?;
    let done = writer.forget(&ids)?;
    if s.json {
        output::print_json(&report::forget_json(&done))?
    } else {
        output::print(&report::forget_text(&done))?
    }
    if done.identifiers == 0 {
        asking::tell_unheard(&Reader::open(&s.index)?, &classifiers)?;
    }
    Ok(if done.identifiers == 0 { Exit::Empty } else { Exit::Done })
}

fn sql(s: &Setting, query: &str) -> anyhow::Result<Exit> {
    let reader = Reader::open(&s.index)?;
    // PERF: text is made as the rows come; columns are as wide as a tab makes them.
    let out = std::cell::RefCell::new(std::io::BufWriter::new(std::io::stdout()));
    let (names, mut rows) = (std::cell::RefCell::new(Vec::new()), 0u64);
    let asked = reader.sql(
        query,
        &mut |head| {
            if !s.json {
                writeln!(out.borrow_mut(), "{}", line(head.iter().map(|h| report::seen(h))))?;
            }
            *names.borrow_mut() = head;
            Ok(())
        },
        &mut |cells| {
            rows += 1;
            let mut out = out.borrow_mut();
            if s.json {
                let row: serde_json::Map<_, _> = names.borrow().iter().cloned().zip(cells.into_iter().map(json)).collect();
                writeln!(out, "{}", serde_json::Value::Object(row))
            } else {
                writeln!(out, "{}", line(cells.iter().map(text)))
            }
        },
    );
    match asked {
        Err(crate::index::IndexError::File { source, .. }) => return Err(source.into()),
        other => other?,
    }
    out.borrow_mut().flush()?;
    Ok(if rows == 0 { Exit::Empty } else { Exit::Done })
}

fn json(c: Cell) -> serde_json::Value {
    match c {
        Cell::Null => serde_json::Value::Null,
        Cell::Integer(n) => n.into(),
        Cell::Real(x) => x.into(),
        Cell::Text(t) => t.into(),
    }
}

fn text(c: &Cell) -> Cow<'_, str> {
    match c {
        Cell::Null => Cow::Borrowed(""),
        Cell::Integer(n) => n.to_string().into(),
        Cell::Real(x) => x.to_string().into(),
        // Whoever names a file must not write columns and lines of the answer.
        Cell::Text(t) => report::seen(t),
    }
}

fn line<'a>(cells: impl Iterator<Item = Cow<'a, str>>) -> String {
    cells.collect::<Vec<_>>().join("\t")
}

/// A time of keeping in milliseconds.
pub(super) fn keep(text: &str) -> Result<i64, String> {
    const DAY: i64 = 86_400_000;
    let unit = match text.chars().last() {
        Some('d') => DAY,
        Some('w') => 7 * DAY,
        Some('m') => 30 * DAY,
        Some('y') => 365 * DAY,
        _ => 0,
    };
    let n = text.get(..text.len().saturating_sub(1)).and_then(|n| n.parse::<u32>().ok());
    match n.and_then(|n| i64::from(n).checked_mul(unit)) {
        Some(ms) if unit > 0 => Ok(ms),
        _ => Err(format!("{text:?} is no time of keeping; write days, weeks, months or years as in 400d, 60w, 18m, 7y")),
    }
}

#[cfg(test)]
mod tests {
    use super::keep;

    #[test]
    fn times_of_keeping_have_a_unit() {
        let day = 86_400_000;
        for (text, want) in
            [("400d", Some(400 * day)), ("2w", Some(14 * day)), ("18m", Some(540 * day)), ("7y", Some(2555 * day)), ("0d", Some(0))]
        {
            assert_eq!(keep(text).ok(), want, "{text}");
        }
        for text in ["", "d", "400", "-1d", "1.5d", "4h", "99999999999d", "€"] {
            assert!(keep(text).is_err(), "{text}");
        }
    }
}
