//! `piimap classify`.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Exit, Setting, key, output};
use crate::base::{Evidence, Hint, Object, REPORTED_FROM};
use crate::classify::{Classifiers, Scratch};
use crate::identity::{Hit, Kernel, NO_FIELD};
use crate::report::{self, Found, FoundColumn};
use crate::scan::{MemberOptions, MemberSummary, Sink, Slots, Window, classify_case, read_member};
use crate::source::{self, Source};

/// What is in this text or these files, without an index
#[derive(Debug, Args)]
#[command(after_help = "\
In running text a number needs a form or words that speak for it. A case (--cases) that is nothing
but one value is named by all that its check digits allow, at confidence 0.4.

Examples:
  echo 'SSN: 457-55-5462' | piimap classify --format json
  piimap classify --count exports/customers.csv
  piimap classify --explain exports/customers.csv          what decided the type of each column, too
  piimap classify --cases --format json < cases.jsonl      lines {\"id\": …, \"text\": …}")]
pub(super) struct Classify {
    /// Files; none: standard input
    #[arg(value_name = "FILE")]
    files: Vec<String>,
    /// Input is JSON Lines, each a case of its own: {"id": …, "text": …}
    #[arg(long, conflicts_with = "count")]
    cases: bool,
    /// Print totals per classifier only
    #[arg(long)]
    count: bool,
    /// Also what is less sure than 0.4
    #[arg(long, conflicts_with = "count")]
    all: bool,
    /// Say what each confidence rests on, those of a table's columns too
    #[arg(long, conflicts_with = "count")]
    explain: bool,
}

/// Lines that are no cases, each told by its number; of others how many.
const SHOWN: u64 = 10;

#[derive(Deserialize)]
struct Case {
    /// As it is written: a number may have more digits than any type.
    id: Box<RawValue>,
    text: String,
}

/// What all files come to, and how they are laid out where the configuration says so.
struct Totals {
    forms: Arc<[source::Form]>,
    bytes: u64,
    counts: BTreeMap<String, u64>,
}

impl Classify {
    pub fn run(&self, s: &Setting) -> anyhow::Result<Exit> {
        let classifiers = key::classifiers(s)?;
        let kernel = Kernel::new(classifiers.clone(), None);
        let out = BufWriter::new(std::io::stdout().lock());
        let mut writer = Output { out, json: s.json, explain: self.explain, classifiers, failed: None };
        if self.cases {
            let exit = self.cases(&kernel, &mut writer)?;
            writer.out.flush()?;
            return Ok(exit);
        }
        let pool = (s.threads > 1).then(|| rayon::ThreadPoolBuilder::new().num_threads(s.threads).build()).transpose()?.map(Arc::new);
        let mut slots = Slots::new(&kernel, pool);
        let stdin = ["-".to_owned()];
        let files = if self.files.is_empty() { &stdin[..] } else { &self.files };
        let (mut totals, mut complete) = (Totals { forms: s.config.forms()?, bytes: 0, counts: BTreeMap::new() }, true);
        let mut opened = 0;
        for file in files {
            match open(file) {
                Ok((source, object)) => {
                    opened += 1;
                    complete &= self.file(file, source.as_ref(), &object, &kernel, &mut slots, &mut writer, &mut totals)?;
                }
                // A file that is not there costs itself alone, unless it is all that was asked for.
                Err(e) if files.len() > 1 => {
                    output::error(&format!("{e:#}"));
                    complete = false;
                }
                Err(e) => return Err(e),
            }
        }
        anyhow::ensure!(opened > 0, "none of the files can be read");
        if self.count {
            let text = if s.json {
                format!("{}\n", report::count_json(totals.bytes, &totals.counts))
            } else {
                report::count_text(totals.bytes, &totals.counts)
            };
            writer.out.write_all(text.as_bytes())?;
        }
        writer.out.flush()?;
        Ok(if complete { Exit::Done } else { Exit::Incomplete })
    }

    fn cases(&self, kernel: &Kernel, writer: &mut Output<'_>) -> anyhow::Result<Exit> {
        let mut scratch = Scratch::new(kernel.classifiers());
        let (mut cases, mut others) = (0, 0);
        let mut inputs: Vec<(&str, Box<dyn BufRead>)> = Vec::new();
        for file in &self.files {
            let read = || anyhow::Ok(Box::new(BufReader::new(std::fs::File::open(file)?)) as Box<dyn BufRead>);
            let input = if file == "-" { Box::new(std::io::stdin().lock()) } else { read().with_context(|| file.clone())? };
            inputs.push((file, input));
        }
        if inputs.is_empty() {
            inputs.push(("-", Box::new(std::io::stdin().lock())));
        }
        let several = inputs.len() > 1;
        let lines = inputs.into_iter().flat_map(|(file, input)| input.split(b'\n').enumerate().map(move |(n, line)| (file, n, line)));
        for (file, n, line) in lines {
            let line = line.with_context(|| file.to_owned())?;
            let line = line.strip_prefix(b"\xef\xbb\xbf").filter(|_| n == 0).unwrap_or(&line);
            if line.trim_ascii().is_empty() {
                continue;
            }
            // PRIVACY: the parser's own message may quote the line.
            let Ok(case) = serde_json::from_slice::<Case>(line) else {
                others += 1;
                if others <= SHOWN {
                    let of = if several { format!("{file}: ") } else { String::new() };
                    output::error(&format!("{of}line {} is not {{\"id\": …, \"text\": …}}", n + 1));
                }
                continue;
            };
            cases += 1;
            let id = serde_json::from_str(case.id.get()).unwrap_or_else(|_| case.id.get().to_owned());
            for h in classify_case(kernel, &mut scratch, case.text.as_bytes(), self.all) {
                writer.hit(&id, None, &h, None)?;
            }
        }
        if others > SHOWN {
            output::error(&format!("{} more are not, either", report::count(others - SHOWN)));
        }
        Ok(match (cases, others) {
            (_, 0) => Exit::Done,
            (0, _) => Exit::Fatal,
            _ => Exit::Incomplete,
        })
    }

    #[expect(clippy::too_many_arguments, reason = "all that one file is classified with, used here alone")]
    fn file(
        &self,
        spec: &str,
        source: &dyn Source,
        object: &Object,
        kernel: &Kernel,
        slots: &mut Slots,
        writer: &mut Output<'_>,
        totals: &mut Totals,
    ) -> anyhow::Result<bool> {
        let case =
            if spec == "-" { "-".to_owned() } else { Path::new(spec).file_name().unwrap_or_default().to_string_lossy().into_owned() };
        let options = MemberOptions { all: self.all, ..MemberOptions::default() };
        let mut hint = Hint::default();
        source::tell(&totals.forms, &object.uri, &mut hint);
        let mut sink = FileSink { case: &case, count: self.count, all: self.all, writer, counts: &mut totals.counts };
        let end = read_member(source.open(object), object, &hint, kernel, &options, slots, &mut sink);
        if let Some(e) = writer.failed.take() {
            return Err(e);
        }
        totals.bytes += end.decoded;
        for (member, issue) in &end.issues {
            let member = member.as_ref().map(|m| format!(": {}", report::seen(m))).unwrap_or_default();
            output::error(&format!("{}{member}: {}: {}", report::seen(&case), issue.reason, report::seen(&issue.detail)));
        }
        Ok(end.issues.is_empty())
    }
}

/// The one object that a file is.
fn open(spec: &str) -> anyhow::Result<(Arc<dyn Source>, Object)> {
    if spec != "-" {
        let meta = std::fs::metadata(spec).with_context(|| spec.to_owned())?;
        anyhow::ensure!(!meta.is_dir(), "{spec} is a folder; classify takes files, scan takes folders");
    }
    let source = super::scan::open(spec, &source::Options::default())?;
    let mut objects = Vec::new();
    let failures = source.list(&mut |o| objects.push(o));
    match objects.pop() {
        Some(object) if failures.is_empty() && objects.is_empty() => Ok((source, object)),
        _ => anyhow::bail!("{spec} cannot be read"),
    }
}

/// Prints matches as they are settled.
struct Output<'a> {
    out: BufWriter<std::io::StdoutLock<'a>>,
    json: bool,
    explain: bool,
    classifiers: Arc<Classifiers>,
    /// The first failure to write; the sink has no way to give it back.
    failed: Option<anyhow::Error>,
}

impl Output<'_> {
    fn hit(&mut self, case: &str, member: Option<&str>, h: &Hit, field: Option<&str>) -> anyhow::Result<()> {
        let c = self.classifiers.get(h.m.classifier);
        let found = Found {
            case,
            member,
            classifier: &c.id,
            start: h.bytes.0,
            end: h.bytes.1,
            confidence: h.m.confidence,
            line: (h.field == NO_FIELD).then_some(h.line),
            field,
            row: field.map(|_| h.row),
            evidence: self.explain.then(|| evidence(h, c.pattern_name(h.m.pattern), c.validator_name(h.m.pattern))),
        };
        if self.json {
            writeln!(self.out, "{}", report::match_json(&found))?;
        } else {
            writeln!(self.out, "{}", report::match_text(&found))?;
        }
        Ok(())
    }
}

struct FileSink<'a, 'b> {
    case: &'a str,
    count: bool,
    all: bool,
    writer: &'a mut Output<'b>,
    counts: &'a mut BTreeMap<String, u64>,
}

impl Sink for FileSink<'_, '_> {
    fn window(&mut self, w: &Window<'_>) {
        for h in w.hits {
            if self.writer.failed.is_none() {
                let field = (h.field != NO_FIELD).then(|| w.fields.get(h.field as usize).map_or("", String::as_str));
                self.writer.failed = self.writer.hit(self.case, w.member.path.as_deref(), h, field).err();
            }
        }
    }

    fn member(&mut self, summary: MemberSummary) {
        if self.count || !(self.writer.json || self.writer.explain) || self.writer.failed.is_some() {
            return;
        }
        let classifiers = self.writer.classifiers.clone();
        for c in summary.columns.iter().filter(|c| self.all || c.confidence >= REPORTED_FROM) {
            let field = summary.fields.get(c.field as usize).map_or("", String::as_str);
            let evidence = || {
                let (mut reasons, next) = summary.settled.why(c);
                reasons.extend(next.map(|(other, sure)| format!("next {} {sure:.2}", classifiers.get(other).id)));
                reasons
            };
            let found = FoundColumn {
                case: self.case,
                member: summary.member.path.as_deref(),
                field,
                classifier: &classifiers.get(c.classifier).id,
                confidence: c.confidence,
                share: c.share,
                evidence: self.writer.explain.then(evidence),
            };
            let line = if self.writer.json { report::column_json(&found).to_string() } else { report::column_text(&found) };
            if let Err(e) = writeln!(self.writer.out, "{line}") {
                self.writer.failed = Some(e.into());
                return;
            }
        }
    }

    fn counts_only(&self) -> bool {
        self.count
    }

    fn counted(&mut self, classifier: u16, times: u64) {
        *self.counts.entry(self.writer.classifiers.get(classifier).id.clone()).or_default() += times;
    }
}

fn evidence(h: &Hit, pattern: &str, validator: Option<&str>) -> Vec<String> {
    let mut out = vec![format!("pattern {pattern}")];
    let flags = [
        (Evidence::KEYWORD, "keyword near"),
        (Evidence::COLUMN, "column name"),
        (Evidence::WHOLE_CELL, "whole value"),
        (Evidence::AGAINST, "words against it"),
        (Evidence::TEST_VALUE, "test value"),
        (Evidence::CONTESTED, "others claim it"),
    ];
    if h.m.evidence.has(Evidence::VALIDATED) {
        out.push(format!("validator {}", validator.unwrap_or("passed")));
    }
    out.extend(flags.iter().filter(|(f, _)| h.m.evidence.has(*f)).map(|(_, name)| (*name).to_owned()));
    out
}
