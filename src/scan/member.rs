//! One object, with all its members, from its bytes to settled hits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use rayon::prelude::*;

use super::counts::Counts;
use super::names::shown;
use super::path_columns;
use super::slots::{Slots, classify, hand_over};
use super::window::{MemberName, MemberSummary, Sink, Spool};
use crate::base::{Batch, Error, Hint, Input, Issue, MemoryInput, Object, PeekInput, ReadAt, Reason, Result};
use crate::classify::Tally;
use crate::container::{Archive, Content};
use crate::identity::Kernel;
use crate::{container, format};

/// Limits for reading members.
#[derive(Clone, Debug, Default)]
pub struct MemberOptions {
    /// Limits on compressed streams.
    pub container: container::Limits,
    /// Limits on formats.
    pub format: format::Limits,
    /// Report candidates of any confidence.
    pub all: bool,
}

/// How an object ended, its members among it.
#[derive(Debug, Default)]
pub struct MemberEnd {
    /// The format that read it, or the kind of archive that it is; `None` if nothing did.
    pub kind: Option<&'static str>,
    /// Decompressed bytes that were classified.
    pub decoded: u64,
    /// Records read.
    pub records: u64,
    /// What was not read, in order, with the path of the member as it may be shown.
    pub issues: Vec<(Option<String>, Issue)>,
    /// Nothing could be read at all.
    pub unread: bool,
}

/// Reads an object to its end: peels containers, opens archives, recognises formats, classifies, settles. Findings go
/// to `sink`; what could not be read is in the answer. Never fails as a whole; a decoder that panics costs its member.
pub fn read_member(
    input: Result<Box<dyn Input>>,
    object: &Object,
    hint: &Hint,
    kernel: &Kernel,
    options: &MemberOptions,
    slots: &mut Slots,
    sink: &mut dyn Sink,
) -> MemberEnd {
    let limits = options.container.for_object(object.size);
    let mut walk = Walk { kernel, options, limits, hint, slots, sink, members: 0, end: MemberEnd::default() };
    let name = object.uri.rsplit('/').next().unwrap_or(&object.uri);
    walk.member(input, name, None, 0);
    if !hint.partitions.is_empty() && !walk.sink.counts_only() {
        let member = MemberName { number: walk.members, path: None };
        if walk.sink.batches_only() {
            walk.sink.batch(&member, &path_columns::batch(&hint.partitions));
        } else {
            path_columns::read(kernel, &hint.partitions, member, options.all, &mut walk.slots.names, walk.sink);
        }
    }
    let mut end = walk.end;
    end.unread = !end.issues.is_empty() && end.decoded == 0;
    end
}

/// The way through one object and the members in it.
struct Walk<'a> {
    kernel: &'a Kernel,
    options: &'a MemberOptions,
    limits: container::Limits,
    hint: &'a Hint,
    slots: &'a mut Slots,
    sink: &'a mut dyn Sink,
    /// How many members were opened.
    members: u32,
    end: MemberEnd,
}

/// What cannot be held in more issues than these is summed up.
const MOST_ISSUES: usize = 10_000;

impl Walk<'_> {
    fn issue(&mut self, path: Option<&str>, e: Error) {
        let last = Error::new(e.reason, "and more members like that");
        match self.end.issues.len() {
            0..MOST_ISSUES => self.end.issues.push((path.map(str::to_owned), Issue { reason: e.reason, detail: e.detail })),
            MOST_ISSUES => self.end.issues.push((None, Issue { reason: last.reason, detail: last.detail })),
            _ => {}
        }
    }

    /// Reads a member and all that lies in it. `name` is its own name, `path` the shown way to it, `depth` how many
    /// containers lie around it.
    fn member(&mut self, input: Result<Box<dyn Input>>, name: &str, path: Option<&str>, depth: u32) {
        let outcome = catch(|| self.inner(input, name, path, depth));
        if let Err(e) = outcome {
            self.issue(path, e);
        }
    }

    fn inner(&mut self, input: Result<Box<dyn Input>>, name: &str, path: Option<&str>, depth: u32) -> Result<()> {
        let opened = container::open_named(input?, name, depth, &self.limits)?;
        let depth = depth + opened.layers.len() as u32;
        match opened.content {
            Content::Plain(input) => self.format(input, name, path, depth),
            Content::Archive(archive) => self.archive(archive, path, depth),
            Content::Document(whole, mut parts) => {
                let before = self.end.records;
                if let Err(e) = catch(|| self.format(whole, name, path, depth)) {
                    self.issue(path, e);
                }
                if self.end.records == before {
                    // Texts without their rows and columns are better than nothing.
                    parts.give_all();
                }
                self.archive(parts, path, depth)
            }
        }
    }

    fn archive(&mut self, mut archive: Box<dyn Archive>, path: Option<&str>, depth: u32) -> Result<()> {
        self.end.kind.get_or_insert(archive.kind());
        while let Some(m) = archive.next_member()? {
            if m.cells_are_read {
                let path = self.below(path, &m.name);
                let beside = |content| format::beside_cells(PeekInput::new(content), &self.options.format);
                if let Err(e) = catch(|| m.content.and_then(beside).and_then(|r| self.readers(r, Some(&path), depth))) {
                    self.issue(Some(&path), e);
                }
            } else {
                self.part(m.content, &m.name, path, depth);
            }
        }
        Ok(())
    }

    /// The way to a file in an archive or a document.
    fn below(&mut self, above: Option<&str>, name: &str) -> String {
        // PRIVACY: a path is shown in answers; names of people in it are replaced.
        let own = shown(self.kernel, &mut self.slots.names, name);
        above.map_or(own.clone(), |a| format!("{a}/{own}"))
    }

    /// A file in an archive or a document.
    fn part(&mut self, content: Result<Box<dyn Input>>, name: &str, above: Option<&str>, depth: u32) {
        let path = self.below(above, name);
        let file = name.rsplit('/').next().unwrap_or(name);
        self.member(content, file, Some(&path), depth);
    }

    /// Reads what no container holds any more.
    fn format(&mut self, input: PeekInput, name: &str, path: Option<&str>, depth: u32) -> Result<()> {
        let reader = format::open(input, name, self.hint, &self.options.format)?;
        self.end.kind.get_or_insert(reader.kind());
        self.readers(reader, path, depth)
    }

    /// Reads with a reader, and with what it leaves behind.
    fn readers(&mut self, mut reader: Box<dyn format::Reader>, path: Option<&str>, depth: u32) -> Result<()> {
        let mut read = self.reader(reader.as_mut(), path, depth);
        while let Some(behind) = reader.take_behind() {
            reader = behind;
            if let Err(e) = std::mem::replace(&mut read, self.reader(reader.as_mut(), path, depth)) {
                self.issue(path, e);
            }
        }
        read
    }

    fn reader(&mut self, reader: &mut dyn format::Reader, path: Option<&str>, depth: u32) -> Result<()> {
        let member = MemberName { number: self.members, path: path.map(str::to_owned) };
        self.members += 1;
        let read = if self.sink.batches_only() { self.hand_on(reader, &member, depth) } else { self.read(reader, member, depth) };
        for i in reader.take_issues() {
            self.issue(path, Error::new(i.reason, i.detail));
        }
        read
    }

    /// Reads without looking for anything.
    fn hand_on(&mut self, reader: &mut dyn format::Reader, member: &MemberName, depth: u32) -> Result<()> {
        let mut batch = Batch::default();
        batch.reset();
        loop {
            let more = catch(|| reader.next_batch(&mut batch));
            if matches!(more, Ok(true)) {
                batch.spread_all();
                self.end.decoded += batch.core.len() as u64;
                self.sink.batch(member, &batch);
            }
            for p in reader.take_parts() {
                self.part(Ok(Box::new(MemoryInput::new(p.data))), &p.name, member.path.as_deref(), depth + 1);
            }
            for i in reader.take_issues() {
                self.issue(member.path.as_deref(), Error::new(i.reason, i.detail));
            }
            if !more? {
                return Ok(());
            }
        }
    }

    fn read(&mut self, reader: &mut dyn format::Reader, member: MemberName, depth: u32) -> Result<()> {
        let (kernel, all) = (self.kernel, self.options.all);
        let mut spool = Spool::new(all, member.clone());
        let mut counts = self.sink.counts_only().then(|| Counts::new(all));
        let places = counts.is_none();
        let mut tally = Tally::default();
        let mut main = Batch::default();
        main.reset();
        self.slots.reset(kernel, &self.hint.dataset, all);
        let mut outcome = Ok(true);
        let mut text = true;
        while matches!(outcome, Ok(true)) {
            let (mut filled, mut parts) = (0, Vec::new());
            while filled < self.slots.slots.len() && parts.is_empty() {
                outcome = catch(|| reader.next_batch(&mut main));
                if !matches!(outcome, Ok(true)) {
                    break;
                }
                hand_over(&mut main, &mut self.slots.slots[filled].batch);
                filled += 1;
                parts.append(&mut reader.take_parts());
            }
            let busy = &mut self.slots.slots[..filled];
            match &self.slots.pool {
                Some(pool) if filled > 1 => pool.install(|| busy.par_iter_mut().for_each(|s| classify(kernel, s, places))),
                _ => busy.iter_mut().for_each(|s| classify(kernel, s, places)),
            }
            for slot in busy {
                self.end.decoded += slot.batch.core.len() as u64 + slot.batch.left_out_bytes;
                self.end.records += slot.batch.records;
                text &= slot.batch.cells.is_empty();
                tally.merge(&slot.tally);
                if let Some(counts) = &mut counts {
                    counts.add(kernel.classifiers(), &slot.batch, &slot.matches);
                    if counts.is_full() {
                        counts.settle(kernel.classifiers(), &tally, &slot.batch.fields);
                    }
                    continue;
                }
                spool.add(&slot.batch, &slot.hits, &slot.keys);
                if spool.is_full() {
                    spool.settle(kernel, &tally, &slot.batch, text, false, self.sink);
                }
            }
            for i in reader.take_issues() {
                self.issue(member.path.as_deref(), Error::new(i.reason, i.detail));
            }
            parts.append(&mut reader.take_parts());
            if !parts.is_empty() {
                for p in parts {
                    self.part(Ok(Box::new(MemoryInput::new(p.data))), &p.name, member.path.as_deref(), depth + 1);
                }
                // The slots have seen other members meanwhile.
                self.slots.reset(kernel, &self.hint.dataset, all);
            }
        }
        match &mut counts {
            Some(counts) => {
                counts.settle(kernel.classifiers(), &tally, &main.fields);
                counts.totals().for_each(|(c, times)| self.sink.counted(c, times));
            }
            None => spool.settle(kernel, &tally, &main, text, true, self.sink),
        }
        let settled = tally.settle(kernel.classifiers(), &main.fields);
        let cells = (0..main.fields.len() as u32).map(|f| tally.cells(f)).collect();
        let (columns, fields) = (settled.columns(), std::mem::take(&mut main.fields));
        self.sink.member(MemberSummary { member, columns, settled, cells, fields, keys: spool.keys() });
        outcome.map(drop)
    }
}

/// Runs what may run foreign code over foreign bytes.
fn catch<T>(f: impl FnOnce() -> Result<T>) -> Result<T> {
    let failed = "a decoder failed; please report the kind of file, not its content";
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).unwrap_or_else(|_| Err(Error::new(Reason::DecoderFailed, failed)))
}

/// Counts the bytes that are fetched, for the progress line.
pub(super) struct Counted {
    inner: Box<dyn Input>,
    bytes: Arc<AtomicU64>,
}

impl Counted {
    pub fn wrap(inner: Box<dyn Input>, bytes: &Arc<AtomicU64>) -> Box<dyn Input> {
        Box::new(Counted { inner, bytes: bytes.clone() })
    }
}

impl Input for Counted {
    fn next_chunk(&mut self) -> Result<Bytes> {
        let chunk = self.inner.next_chunk()?;
        self.bytes.fetch_add(chunk.len() as u64, Ordering::Relaxed);
        Ok(chunk)
    }

    fn len(&self) -> Option<u64> {
        self.inner.len()
    }

    fn random_access(&self) -> Option<Arc<dyn ReadAt>> {
        self.inner.random_access()
    }
}

/// A decoder that panics costs its object alone.
pub(super) fn guarded(read: impl FnOnce() -> MemberEnd) -> MemberEnd {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(read)).unwrap_or_else(|_| {
        let e = Error::new(Reason::DecoderFailed, "a decoder failed; please report the kind of file, not its content");
        MemberEnd { issues: vec![(None, Issue { reason: e.reason, detail: e.detail })], unread: true, ..MemberEnd::default() }
    })
}
