//! `--scan`: the question comes before the index is there. What is exposed is read first, then what says who and where
//! these people are; meanwhile a terminal shows what is known.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::Args;

use super::super::scan::{S3, Work, exit_of};
use super::super::{Exit, Setting, decisions, key, output, progress::Progress};
use super::evidence::Logs;
use super::scope::Scope;
use crate::index::{Listed, Reader};
use crate::scan::{Counters, First};
use crate::{query, report, source};

/// From one answer on the way to the next.
const EVERY: Duration = Duration::from_secs(55);

/// Reading before answering.
#[derive(Debug, Args)]
pub(super) struct Cold {
    /// Read what is new or changed in the sources before answering, what is exposed first; needs no index
    #[arg(long)]
    scan: bool,
    /// With --scan: files, folders, -, s3://bucket/prefix [default: `sources` of piimap.toml]
    #[arg(value_name = "SOURCE", requires = "scan")]
    sources: Vec<String>,
    #[command(flatten)]
    s3: S3,
}

/// How the scan ended.
pub(super) struct Scanned {
    /// Complete or not.
    pub exit: Exit,
    /// Uri and dataset of objects that were to be read first and were not reached.
    left: Vec<(String, String)>,
}

impl Scanned {
    /// Objects that patterns name and that were not reached; those that logs name are told from the logs.
    pub fn unreached(&self, scope: &Scope) -> u64 {
        self.left.iter().filter(|(uri, dataset)| scope.names(uri, dataset)).count() as u64
    }
}

impl Cold {
    /// Whether the sources are to be read.
    pub fn is_wanted(&self) -> bool {
        self.scan
    }

    /// How sources are reached. `read`: some are read again whether there is a scan or not.
    pub fn options(&self, s: &Setting, read: bool) -> anyhow::Result<source::Options> {
        let used = self.scan || read || self.s3 == S3::default();
        anyhow::ensure!(used, "options of sources (--endpoint-url, --profile, ...) go with --scan or --reveal-contacts");
        self.s3.options(&self.sources, s)
    }

    /// Scans; `None`: that was not asked for.
    pub fn scan(&self, s: &Setting, scope: &Arc<Scope>, logs: Option<&Arc<Logs>>) -> anyhow::Result<Option<Scanned>> {
        if !self.scan {
            return Ok(None);
        }
        let mut work = Work::prepare(s, &self.sources, &self.s3)?;
        let roots: Vec<String> = work.sources.iter().flat_map(|s| [s.uri().trim_end_matches('/').to_owned(), s.root()]).collect();
        let (names, named) = (scope.clone(), logs.map(|l| l.named(&roots)));
        let is = move |o: &Listed| names.names(&o.shown, &o.dataset) || named.as_ref().is_some_and(|n| n.is(o));
        // Logs and an index that knows versions of the scope have something to say even if it is not listed now.
        let known = s.index.exists() && !scope.exposed(&Reader::open(&s.index)?, None)?.0.is_empty();
        let or_nothing = logs.is_none() && !known;
        work.options.first = Some(First { is: Arc::new(is), or_nothing });
        let counters = work.counters.clone();
        let meanwhile = |progress: &Progress, over: &AtomicBool| {
            tell(&counters, over, &|| so_far(s, scope, logs.map(Arc::as_ref)), &mut |text| progress.say(text));
        };
        let summary = work.run(Some(&meanwhile))?;
        super::super::scan::tell_undone(&summary);
        let nothing = or_nothing && summary.first.0 == 0;
        let mut exit = exit_of(s, &summary)?;
        if nothing {
            output::error(&format!(
                "none of the {} in the sources is in this scope, so nothing was read; `*` stays within a folder, `**` crosses folders",
                report::plural(summary.totals.listed, "object")
            ));
            exit = if summary.listing_failures > 0 { exit } else { Exit::Done };
        } else if summary.stopped {
            output::error("stopped before everything was read: the answer is that of a part; the same command goes on from there");
        } else if exit == Exit::Incomplete {
            output::error("some of the sources could not be read completely: see `piimap coverage`");
        }
        Ok(Some(Scanned { exit, left: summary.first.1 }))
    }
}

/// Distinct people in what is in scope and published by now.
fn so_far(s: &Setting, scope: &Scope, logs: Option<&Logs>) -> anyhow::Result<crate::law::Numbers> {
    let (reader, _) = decisions::judged(s, Reader::open(&s.index)?)?;
    let hasher = key::load(s, false).ok().and_then(|k| reader.unlock(&k).ok());
    let exposure = logs.map(|l| l.exposure(&reader, hasher.as_ref())).transpose()?;
    Ok(query::so_far(&reader, &scope.exposed(&reader, exposure.as_ref())?.0)?)
}

/// Says what is known, again and again, and when all that is exposed has been read, until the scan is over. An answer that fails
/// on the way is left out: the last one tells the reason.
fn tell(counters: &Counters, over: &AtomicBool, so_far: &dyn Fn() -> anyhow::Result<crate::law::Numbers>, say: &mut dyn FnMut(&str)) {
    let n = |c: &AtomicU64| c.load(Ordering::Relaxed);
    let (mut begun, mut last, mut told) = (None, Instant::now(), false);
    while !over.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(50));
        if n(&counters.to_read) == 0 {
            continue;
        }
        let begun = *begun.get_or_insert_with(Instant::now);
        let first_read = counters.first_read.load(Ordering::Relaxed);
        if last.elapsed() < EVERY && (told || !first_read) {
            continue;
        }
        (last, told) = (Instant::now(), told || first_read);
        let Ok(people) = so_far() else { continue };
        let left = n(&counters.first_to_read).saturating_sub(n(&counters.done));
        let text = report::interim_text(&report::Interim {
            people,
            objects: (n(&counters.first).saturating_sub(left), n(&counters.first)),
            bytes: (n(&counters.bytes), n(&counters.bytes_to_read)),
            seconds: begun.elapsed().as_secs_f64(),
        });
        if !over.load(Ordering::Relaxed) {
            say(&text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_comes_when_what_is_exposed_was_read() {
        let (counters, over) = (Counters::default(), AtomicBool::new(false));
        for (c, v) in [(&counters.first, 3), (&counters.first_to_read, 2), (&counters.to_read, 5), (&counters.done, 2)] {
            c.store(v, Ordering::Relaxed);
        }
        counters.first_read.store(true, Ordering::Relaxed);
        let mut said = Vec::new();
        tell(&counters, &over, &|| Ok(crate::law::Numbers { certain: 7, likely: 8, upper: 9 }), &mut |text| {
            said.push(text.to_owned());
            over.store(true, Ordering::Relaxed);
        });
        assert_eq!(said.len(), 1);
        assert!(said[0].contains("3 of 3 objects in scope") && said[0].contains("7 certain"), "{said:?}");
    }
}
