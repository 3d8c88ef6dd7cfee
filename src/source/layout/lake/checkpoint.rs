//! Actions of a Delta log, as its commits hold them in JSON and its checkpoints in Parquet.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, DataType};
use parquet::file::reader::{FileReader, SerializedFileReader};
use serde_json::Value;

use crate::base::pages::Ranges;
use crate::base::{Error, Input, MemoryInput, Reason, Result};

/// What a line of a commit, or a row of a checkpoint, does.
pub(super) enum Action {
    /// A file counts from now on. Its path is percent-encoded here and in the next one.
    Add(String),
    /// It does no longer.
    Remove(String),
    /// The table's columns, as JSON.
    Schema(String),
    /// More actions lie in this file of the log's folder `_sidecars`.
    Sidecar(String),
}

/// Where they stand: the leaf of each, and what is made of its text.
const LEAVES: &[(&str, &str, fn(String) -> Action)] = &[
    ("add", "path", Action::Add),
    ("remove", "path", Action::Remove),
    ("metaData", "schemaString", Action::Schema),
    ("sidecar", "path", Action::Sidecar),
];

/// The most bytes of pages that the decoder may hold.
const PAGES: u64 = 64 << 20;
/// The most bytes of all files of a checkpoint, and what each of them counts at least.
const FETCHED: u64 = 1 << 30;
const LEAST: u64 = 64 << 10;
/// The most bytes of their texts, and the most texts.
const TEXTS: usize = 256 << 20;
const MOST: usize = 4_000_000;
/// The most rows of all columns together: most of them hold nothing, and take no room.
const ROWS: usize = 100_000_000;
/// How many values are decoded at a time.
const PIECE: usize = 1024;

/// The actions of lines of JSON, and how many lines are none.
pub(super) fn of_lines(content: &[u8]) -> (Vec<Action>, usize) {
    let mut out = Vec::new();
    let broken = each_line(content, &mut |action| {
        out.extend(actions(&action));
    });
    (out, broken)
}

/// What a line does.
fn actions(line: &Value) -> impl Iterator<Item = Action> {
    LEAVES.iter().filter_map(|(what, leaf, make)| Some(make(line[what][leaf].as_str()?.to_owned())))
}

/// Calls `each` with all lines, and gives how many are no JSON.
fn each_line(content: &[u8], each: &mut dyn FnMut(Value)) -> usize {
    let mut broken = 0;
    for line in content.split(|b| *b == b'\n').filter(|l| !l.trim_ascii().is_empty()) {
        match serde_json::from_slice::<Value>(line) {
            Ok(action) => each(action),
            Err(_) => broken += 1,
        }
    }
    broken
}

fn corrupt() -> Error {
    Error::new(Reason::Corrupt, "a checkpoint of the table's log is not what it should be")
}

/// How a file of a checkpoint is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// JSON, an action a line.
    Lines,
    /// Parquet, an action a row.
    Rows,
    /// The same, beside the checkpoint's own file, which names it.
    Beside,
}

/// What the files of one checkpoint hold together, and what it took to read them.
#[derive(Default)]
pub(super) struct Checkpoint {
    /// Not in the order of their rows.
    pub actions: Vec<Action>,
    protocol: bool,
    /// Whether it says that it is of the second version of checkpoints.
    second: bool,
    fetched: u64,
    texts: usize,
    rows: usize,
}

impl Checkpoint {
    /// Takes notice that a file of so many bytes is to be read.
    ///
    /// # Errors
    /// `memory_limit` where all of them together are too much.
    pub fn fetches(&mut self, bytes: u64) -> Result<()> {
        self.fetched = self.fetched.saturating_add(bytes.max(LEAST));
        if self.fetched > FETCHED { Err(too_much()) } else { Ok(()) }
    }

    /// Adds what a file holds.
    ///
    /// # Errors
    /// `corrupt` where it cannot be decoded as a whole, `memory_limit` where all files together ask for too much.
    pub fn read(&mut self, content: Bytes, kind: Kind) -> Result<()> {
        if kind == Kind::Lines {
            let broken = each_line(&content, &mut |action| {
                self.protocol |= action["protocol"].is_object();
                self.second |= action["checkpointMetadata"].is_object();
                self.actions.extend(actions(&action));
            });
            return if broken == 0 { self.bounded() } else { Err(corrupt()) };
        }
        // Foreign code over foreign bytes; its messages may quote data.
        catch_unwind(AssertUnwindSafe(|| self.read_rows(content, kind)))
            .unwrap_or_else(|_| Err(Error::new(Reason::DecoderFailed, "the Parquet decoder failed on a checkpoint")))
    }

    /// The files beside it that it names.
    pub fn sidecars(&self) -> impl Iterator<Item = &str> {
        self.actions.iter().filter_map(|a| if let Action::Sidecar(path) = a { Some(path.as_str()) } else { None })
    }

    /// Every checkpoint holds the table's columns and protocol, even of a table without files, and one of the second version says
    /// that it is one. Who takes less for a checkpoint takes all files for stale.
    ///
    /// # Errors
    /// `corrupt` where something of that is missing.
    pub fn tells_of_its_table(&self, second: bool) -> Result<()> {
        let columns = self.actions.iter().any(|a| matches!(a, Action::Schema(_)));
        if columns && self.protocol && (self.second || !second) { Ok(()) } else { Err(corrupt()) }
    }

    fn bounded(&self) -> Result<()> {
        if self.texts > TEXTS || self.actions.len() > MOST || self.rows > ROWS { Err(too_much()) } else { Ok(()) }
    }

    fn read_rows(&mut self, content: Bytes, kind: Kind) -> Result<()> {
        let data = MemoryInput::new(content).random_access().ok_or_else(corrupt)?;
        let (ranges, _) = Ranges::open(data).map_err(|e| if e.reason.retryable() { e } else { corrupt() })?;
        ranges.plan(LEAVES.len());
        let failed = || ranges.failure().filter(|e| e.reason == Reason::MemoryLimit).unwrap_or_else(corrupt);
        let file = SerializedFileReader::new(ranges.clone()).map_err(|_| failed())?;
        let schema = file.metadata().file_metadata().schema_descr();
        let adds = schema.columns().iter().any(|c| c.path().parts() == ["add", "path"]);
        for g in 0..file.num_row_groups() {
            let group = file.get_row_group(g).map_err(|_| failed())?;
            let columns = group.metadata().columns();
            let starts = columns.iter().filter_map(|c| u64::try_from(c.dictionary_page_offset().unwrap_or(c.data_page_offset())).ok());
            ranges.start_group(starts.collect(), PAGES);
            for (i, column) in columns.iter().enumerate() {
                let parts = column.column_path().parts();
                let is = |what: &str, leaf: &str| parts == [what, leaf];
                let leaf = LEAVES.iter().find(|(what, leaf, _)| is(what, leaf));
                let (protocol, second) = (is("protocol", "minReaderVersion"), is("checkpointMetadata", "version"));
                if leaf.is_none() && !protocol && !second {
                    continue;
                }
                let reader = group.get_column_reader(i).map_err(|_| failed())?;
                let seen = match (reader, leaf) {
                    (ColumnReader::ByteArrayColumnReader(r), Some((.., make))) => self.column(r, &mut |kept, t: ByteArray| {
                        kept.texts += t.len();
                        kept.actions.push(make(t.as_utf8().map_err(|_| corrupt())?.to_owned()));
                        Ok(())
                    }),
                    (ColumnReader::Int32ColumnReader(r), None) => self.column(r, &mut |kept, _| {
                        kept.protocol |= protocol;
                        kept.second |= second;
                        Ok(())
                    }),
                    (ColumnReader::Int64ColumnReader(r), None) => self.column(r, &mut |kept, _| {
                        kept.protocol |= protocol;
                        kept.second |= second;
                        Ok(())
                    }),
                    _ => return Err(corrupt()),
                };
                let seen = seen.map_err(|e| e.unwrap_or_else(failed))?;
                if i64::try_from(seen) != Ok(group.metadata().num_rows()) {
                    return Err(corrupt());
                }
            }
        }
        // A file that can name none says nothing of those that count.
        if adds || kind == Kind::Rows && self.sidecars().next().is_some() { Ok(()) } else { Err(corrupt()) }
    }

    /// Calls `each` with all values of a column that are there, and gives the number of its rows; the error is `None` where it is the
    /// decoder's.
    fn column<T: DataType>(
        &mut self,
        mut reader: ColumnReaderImpl<T>,
        each: &mut dyn FnMut(&mut Checkpoint, T::T) -> Result<()>,
    ) -> std::result::Result<usize, Option<Error>> {
        let mut seen = 0;
        loop {
            let (mut levels, mut values) = (Vec::with_capacity(PIECE), Vec::with_capacity(PIECE));
            let (rows, ..) = reader.read_records(PIECE, Some(&mut levels), None, &mut values).map_err(|_| None)?;
            for v in values {
                each(self, v)?;
            }
            seen += rows;
            self.rows += rows;
            self.bounded()?;
            if rows == 0 {
                return Ok(seen);
            }
        }
    }
}

fn too_much() -> Error {
    Error::new(Reason::MemoryLimit, "a checkpoint of the table's log that names more than is held")
}
