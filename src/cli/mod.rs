//! What was typed: clap structs and one `run` per verb.
//!
//! Takes arguments, gives an exit status; the only folder that prints. What was typed is validated here and turned into
//! what the program needs; the work is done elsewhere.

mod again;
mod alert;
mod as_of;
mod asking;
mod books;
mod borders;
mod breach;
mod budget;
mod bundle;
mod classifiers;
mod classify;
mod config;
mod coverage;
mod decisions;
mod diff;
mod dynamodb;
mod exit;
mod export;
mod find;
mod import;
mod index;
mod init;
mod key;
mod keys;
mod kms;
mod live;
mod map;
mod output;
mod processing;
mod progress;
mod publish;
mod rds;
mod request;
mod review;
mod runs;
mod scan;
mod serve;
mod sources;
mod tags;
mod units;
mod verify;
mod watch;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::identity::Key;
use crate::index::IndexError;
use crate::scan::ScanError;

pub use exit::Exit;

/// Finds personal information in stored data and remembers whose it is.
#[derive(Debug, Parser)]
#[command(name = "piimap", version, max_term_width = 100, after_help = AFTER)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    common: Common,
}

const AFTER: &str = "\
Examples:
  piimap scan s3://my-bucket/exports ./crm     index two sources
  piimap map                                   what personal data lies where
  piimap find -                                where is this person? (type the value, then Ctrl-D)
  piimap breach --prefix s3://my-bucket/exports/2026

Exit status: 0 done and complete; 1 the answer is empty, or something differs or remains; 2 usage or fatal error, nothing lost;
3 done, but some input could not be read: see `piimap coverage`.";

/// Options of every command.
#[derive(Clone, Debug, Args)]
struct Common {
    /// Threads that read and classify [default: all cores]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
    /// Output for people or for programs
    #[arg(long, global = true, value_enum, default_value = "text")]
    format: Format,
    /// Configuration file [default: piimap.toml, if there is one]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The index [default: piimap.db]
    #[arg(long, global = true, value_name = "FILE")]
    index: Option<PathBuf>,
    /// File with the key, plain or encrypted by AWS KMS [default: PIIMAP_KEY, else piimap/key in the user's configuration
    /// folder]
    #[arg(long, global = true, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Folder with classifiers that add to the built-in ones or replace them
    #[arg(long, global = true, value_name = "DIR")]
    classifiers: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Scan(scan::Scan),
    Find(find::Find),
    Map(map::Map),
    Breach(Box<breach::Breach>),
    Verify(verify::Verify),
    VerifyBundle(bundle::VerifyBundle),
    Audit(bundle::Audit),
    Review(review::Review),
    Coverage(coverage::Coverage),
    Runs(runs::Runs),
    Index(index::Index),
    Classify(classify::Classify),
    Classifiers(classifiers::Show),
    Diff(diff::Diff),
    Export(export::Export),
    Publish(publish::Publish),
    Serve(serve::Serve),
    Sources(sources::Sources),
    Watch(Box<watch::Watch>),
    Init(init::Init),
    #[command(name = "key")]
    Keys(keys::Keys),
}

/// What a verb works with: options over configuration over defaults.
struct Setting {
    threads: usize,
    json: bool,
    index: PathBuf,
    key_file: Option<PathBuf>,
    /// The key, once AWS KMS has decrypted it.
    decrypted: OnceLock<Key>,
    config: config::Config,
    /// Where it came from, if it was named.
    config_file: Option<PathBuf>,
    classifiers: Option<PathBuf>,
}

impl Setting {
    fn new(c: Common) -> anyhow::Result<Setting> {
        let config = config::Config::load(c.config.as_deref())?;
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Setting {
            threads: c.threads.map_or_else(cores, usize::from),
            json: c.format == Format::Json,
            index: c.index.or_else(|| config.index.clone()).unwrap_or_else(|| PathBuf::from("piimap.db")),
            key_file: c.key_file.or_else(|| config.key_file.clone()),
            decrypted: OnceLock::new(),
            config_file: c.config.clone(),
            classifiers: c.classifiers.or_else(|| config.classifiers.clone()),
            config,
        })
    }

    /// Files of ours, which no source lists: the index, where a link to it leads, what SQLite and we lay beside it, and the key.
    fn own_files(&self) -> Arc<[PathBuf]> {
        let index = [Some(self.index.clone()), std::fs::canonicalize(&self.index).ok()];
        let beside = index.into_iter().flatten().flat_map(|index| {
            ["", "-wal", "-shm", "-journal", ".lock", ".listing", ".audit", ".audit.head"].map(|suffix| {
                let mut file = index.clone().into_os_string();
                file.push(suffix);
                PathBuf::from(file)
            })
        });
        beside.chain(key::file(self).ok().flatten()).collect()
    }
}

/// Parses the command line, does what it says, and gives the exit status. Never panics with a value in its message.
pub fn main() -> ExitCode {
    quiet_panics();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) => {
            // Help and version are answers, everything else is a usage error.
            let _ = e.print();
            return if e.use_stderr() { Exit::Fatal } else { Exit::Done }.into();
        }
    };
    let done = |s: &Setting| match cli.verb {
        Verb::Scan(v) => v.run(s),
        Verb::Find(v) => v.run(s),
        Verb::Map(v) => v.run(s),
        Verb::Breach(v) => v.run(s),
        Verb::Verify(v) => v.run(s),
        Verb::VerifyBundle(v) => v.run(s),
        Verb::Audit(v) => v.run(s),
        Verb::Review(v) => v.run(s),
        Verb::Coverage(v) => v.run(s),
        Verb::Runs(v) => v.run(s),
        Verb::Index(v) => v.run(s),
        Verb::Classify(v) => v.run(s),
        Verb::Classifiers(v) => v.run(s),
        Verb::Diff(v) => v.run(s),
        Verb::Export(v) => v.run(s),
        Verb::Publish(v) => v.run(s),
        Verb::Serve(v) => v.run(s),
        Verb::Sources(v) => v.run(s),
        Verb::Watch(v) => v.run(s),
        Verb::Init(v) => v.run(s),
        Verb::Keys(v) => v.run(s),
    };
    let outcome = Setting::new(cli.common).and_then(|s| done(&s).map_err(|e| of_file(e, &s.index)));
    match outcome {
        Ok(exit) => exit.into(),
        Err(e) if output::is_closed(&e) => Exit::Done.into(),
        Err(e) => {
            output::error(format!("{e:#}").trim_end());
            Exit::Fatal.into()
        }
    }
}

/// What is told of an index that is damaged names its file.
fn of_file(e: anyhow::Error, index: &Path) -> anyhow::Error {
    let inner = match e.downcast_ref::<ScanError>() {
        Some(ScanError::Index(inner)) => Some(inner),
        _ => e.downcast_ref::<IndexError>(),
    };
    match inner {
        Some(IndexError::Damaged(_)) => e.context(index.display().to_string()),
        _ => e,
    }
}

/// PRIVACY: the message of a panic may quote what a decoder was given. Only its place is printed, and nothing at all
/// where the panic is caught and becomes a coverage line.
fn quiet_panics() {
    std::panic::set_hook(Box::new(|info| {
        if std::thread::current().name() == Some("main") {
            let at = info.location().map(|l| format!(" at {}:{}", l.file(), l.line())).unwrap_or_default();
            output::error(&format!("internal error{at}; please report this line"));
        }
    }));
}
