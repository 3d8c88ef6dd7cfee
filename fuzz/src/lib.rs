//! What every reader promises, checked on whatever comes: the fuzzer's inputs, and the damaged files of the tests.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Once;

use piimap::base::{
    Batch, Dialect, Error, Hint, Input, MemoryInput, PROSE_SCOPE, PeekInput, PlaceKind, ROW_SCOPE, Reason, Result, SpillLimits,
};
use piimap::container::{self, Archive, Content};
use piimap::format::{self, Part, Reader};

/// Limits under which a few hundred bytes already cut every value and every window.
pub fn tiny() -> format::Limits {
    format::Limits {
        batch_bytes: 48,
        value_bytes: 48,
        overlap: 8,
        quoted_bytes: 40,
        spill: SpillLimits { memory: 1 << 20, disk: 0 },
        page_bytes: 1 << 20,
        json_depth: 16,
    }
}

/// The usual limits, but nothing goes to a disk.
fn usual() -> format::Limits {
    format::Limits { spill: SpillLimits { memory: 32 << 20, disk: 0 }, ..format::Limits::default() }
}

/// The dialect of a warehouse's unloads: no quotes, a backslash before special bytes.
pub fn unload() -> Hint {
    let dialect = Dialect { delimiter: b'|', quote: None, double_quote: false, escape: Some(b'\\'), header: Some(false) };
    Hint { dialect: Some(dialect), columns: Some(["a".to_owned(), "b".to_owned()].into()), ..Hint::default() }
}

/// What one reading came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Batches of all members.
    pub batches: u64,
    /// What was wrong, or not read.
    pub reasons: u64,
}

/// Reads `data` with all that lies in it to the end, with the usual limits and with [`tiny`] ones, in large and in small
/// chunks. Gives what came of the usual ones.
pub fn read(data: &[u8], name: &str, hint: &Hint) -> Outcome {
    let outcome = read_with(data, name, hint, usual(), 64 << 10);
    read_with(data, name, hint, tiny(), 7);
    outcome
}

/// Reads `data` with all that lies in it to the end, under the usual limits.
pub fn read_once(data: &[u8], name: &str, hint: &Hint) -> Outcome {
    read_with(data, name, hint, usual(), 64 << 10)
}

fn read_with(data: &[u8], name: &str, hint: &Hint, format: format::Limits, chunk: usize) -> Outcome {
    let mut container = container::Limits::default();
    (container.member_bytes, container.members, container.spill) = (Some(4 << 20), 200, format.spill);
    let mut walk =
        Walk { hint, format, container: container.for_object(data.len() as u64), stored: data.len() as u64, outcome: Outcome::default() };
    walk.member(Ok(Box::new(MemoryInput::with_chunk(data.to_vec(), chunk))), name, 0);
    walk.outcome
}

struct Walk<'a> {
    hint: &'a Hint,
    format: format::Limits,
    container: container::Limits,
    stored: u64,
    outcome: Outcome,
}

impl Walk<'_> {
    fn member(&mut self, input: Result<Box<dyn Input>>, name: &str, depth: u32) {
        if let Err(e) = self.inner(input, name, depth) {
            assert_ne!(e.reason, Reason::Interrupted);
            self.outcome.reasons += 1;
        }
    }

    fn inner(&mut self, input: Result<Box<dyn Input>>, name: &str, depth: u32) -> Result<()> {
        let input = input?;
        let opened = foreign(|| container::open_named(input, name, depth, &self.container))?;
        let inside = depth + opened.layers.len() as u32;
        assert!(inside <= self.container.depth, "the limit of layers holds");
        match opened.content {
            Content::Plain(input) => self.read(input, name, inside),
            Content::Archive(archive) => self.archive(archive, inside),
            Content::Document(whole, parts) => {
                if self.read(whole, name, inside).is_err() {
                    self.outcome.reasons += 1;
                }
                self.archive(parts, inside)
            }
        }
    }

    fn archive(&mut self, mut archive: Box<dyn Archive>, depth: u32) -> Result<()> {
        while let Some(m) = foreign(|| archive.next_member())? {
            if m.cells_are_read {
                let beside = m.content.and_then(|c| foreign(|| format::beside_cells(PeekInput::new(c), &self.format)));
                if beside.and_then(|r| self.drain(r, depth)).is_err() {
                    self.outcome.reasons += 1;
                }
                continue;
            }
            let file = m.name.rsplit('/').next().unwrap_or_default().to_owned();
            self.member(m.content, &file, depth);
        }
        Ok(())
    }

    fn parts(&mut self, parts: Vec<Part>, depth: u32) {
        for p in parts {
            self.member(Ok(Box::new(MemoryInput::new(p.data))), &p.name, depth + 1);
        }
    }

    fn read(&mut self, input: PeekInput, name: &str, depth: u32) -> Result<()> {
        let reader = foreign(|| format::open(input, name, self.hint, &self.format))?;
        self.drain(reader, depth)
    }

    /// Reads to the end, and then what the reader leaves behind.
    fn drain(&mut self, mut reader: Box<dyn Reader>, depth: u32) -> Result<()> {
        let mut ended = self.drain_one(reader.as_mut(), depth);
        while let Some(behind) = reader.take_behind() {
            reader = behind;
            ended = ended.and(self.drain_one(reader.as_mut(), depth));
        }
        ended
    }

    fn drain_one(&mut self, reader: &mut dyn Reader, depth: u32) -> Result<()> {
        let kind = reader.kind();
        // A column of equal values, an empty cell, a run of blanks takes no room there: what bounds them is another thing.
        let packed = depth > 0 || matches!(kind, "parquet" | "orc" | "spreadsheet" | "xls" | "pdf" | "sqlite" | "avro" | "pgdump");
        // Each table of these counts its own rows.
        let tables = matches!(kind, "sql" | "pgdump" | "sqlite" | "spreadsheet" | "xls" | "bson");
        let most = 100 + 4 * self.stored;
        let (mut batch, mut core_end, mut row, mut fields, mut open, mut batches) = (Batch::default(), 0, 0, 0, 0, 0u64);
        let ended = loop {
            match foreign(|| reader.next_batch(&mut batch)) {
                Ok(true) => {}
                Ok(false) => break Ok(()),
                Err(e) => break Err(e),
            }
            batches += 1;
            self.outcome.batches += 1;
            assert!(packed || batches <= most, "the reader of {kind} does not come to an end");
            batch.spread_all();
            check(&batch, kind);
            if !batch.bytes.is_empty() {
                assert!(batch.offset + batch.core.start as u64 >= core_end, "cores follow one another");
                core_end = batch.offset + batch.core.end as u64;
            }
            assert!(tables || batch.first_row >= row, "rows do not go back: {kind}");
            row = batch.first_row;
            assert!(batch.fields.len() >= fields, "field names stay");
            fields = batch.fields.len();
            assert_eq!(batch.carried, open, "scopes go on");
            open = batch.open.len();
            self.outcome.reasons += reader.take_issues().len() as u64;
            let parts = reader.take_parts();
            self.parts(parts, depth);
            if batches > 200_000 {
                return Ok(());
            }
        };
        self.outcome.reasons += reader.take_issues().len() as u64;
        let parts = reader.take_parts();
        self.parts(parts, depth);
        assert!(matches!(foreign(|| reader.next_batch(&mut batch)), Ok(false)), "nothing follows the end of {kind}");
        ended
    }
}

/// What holds for every batch.
fn check(b: &Batch, kind: &str) {
    assert!(b.core.start <= b.core.end && b.core.end <= b.bytes.len(), "the core lies in the bytes");
    let mut end = 0;
    for c in &b.cells {
        assert!(c.start >= end, "cells are ordered and do not overlap: {kind}");
        assert!(c.start < c.end && c.end <= c.raw_end && c.raw_end as usize <= b.bytes.len(), "cells lie in the bytes");
        assert!((c.field as usize) < b.fields.len(), "every field has a name");
        assert!(matches!(c.scope, ROW_SCOPE | PROSE_SCOPE) || (c.scope as usize) < b.scopes.len(), "every scope is there");
        end = c.raw_end;
        let (from, to) = (b.member_range(Some(c), c.start, c.end).start, b.member_range(Some(c), c.start, c.end).end);
        assert!(b.places != PlaceKind::Bytes || from <= to, "places are in order: {kind}");
    }
    assert!(b.carried <= b.scopes.len());
    assert!(b.scopes.iter().enumerate().all(|(i, s)| s.parent.is_none_or(|p| (p as usize) < i)), "parents come first");
    assert!(b.open.windows(2).all(|w| w[0] < w[1]) && b.open.iter().all(|s| (*s as usize) < b.scopes.len()));
}

thread_local! {
    /// The file in which it panicked.
    static FILE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Runs a reader as the program does, which survives the panic of a library; a panic of our own code goes on.
fn foreign<T>(f: impl FnOnce() -> Result<T>) -> Result<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let file = info.location().map(|l| l.file().to_owned()).unwrap_or_default();
            // Readers survive what panics in libraries, on threads of their own too, and so in the standard library below them. What
            // they do not survive comes out below, wherever it was.
            let foreign = file.contains("/registry/src/") || file.starts_with("/rustc/");
            FILE.set(file);
            if !foreign {
                before(info);
            }
        }));
    });
    let done = catch_unwind(AssertUnwindSafe(f));
    match done {
        Ok(r) => r,
        Err(_) if FILE.with_borrow(|f| f.contains("/registry/src/")) => Err(Error::new(Reason::DecoderFailed, "a library panicked")),
        Err(ours) => resume_unwind(ours),
    }
}

/// Reads `data` through its compression to the end: chunks until an empty one or an error, then nothing more.
pub fn unpack(data: &[u8], chunk: usize) {
    let mut limits = container::Limits::default();
    limits.member_bytes = Some(4 << 20);
    let input = Box::new(MemoryInput::with_chunk(data.to_vec(), chunk));
    let Ok(opened) = foreign(|| container::open(input, 0, &limits)) else { return };
    let Content::Plain(mut input) = opened.content else { return };
    let mut decoded = 0;
    loop {
        match foreign(|| input.next_chunk()) {
            Ok(c) if c.is_empty() => break,
            Ok(c) => decoded += c.len() as u64,
            Err(_) => break,
        }
        assert!(opened.layers.is_empty() || decoded <= 4 << 20, "the limit holds");
    }
    assert!(foreign(|| input.next_chunk()).is_ok_and(|c| c.is_empty()), "the end stays the end");
}
