//! One member from its bytes to settled hits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use rayon::prelude::*;

use super::counts::Counts;
use super::window::{Sink, Spool};
use crate::base::{Batch, Error, Hint, Input, Issue, Match, Object, ReadAt, Reason, Result};
use crate::classify::{ColumnType, Scratch, Tally};
use crate::identity::{Hit, Kernel};
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

/// Room for batches that are classified at the same time; reused from member to member.
pub struct Slots {
    slots: Vec<Slot>,
    pool: Option<Arc<rayon::ThreadPool>>,
}

struct Slot {
    batch: Batch,
    scratch: Scratch,
    matches: Vec<Match>,
    hits: Vec<Hit>,
    tally: Tally,
}

impl Slots {
    /// With a pool, as many batches at a time as it has threads; without, one, on the calling thread.
    pub fn new(kernel: &Kernel, pool: Option<Arc<rayon::ThreadPool>>) -> Slots {
        let many = pool.as_ref().map_or(1, |p| p.current_num_threads().max(1));
        let slot = || Slot {
            batch: Batch::default(),
            scratch: Scratch::new(kernel.classifiers()),
            matches: Vec::new(),
            hits: Vec::new(),
            tally: Tally::default(),
        };
        Slots { slots: (0..many).map(|_| slot()).collect(), pool }
    }
}

/// How a member ended.
#[derive(Debug, Default)]
pub struct MemberEnd {
    /// The format that read it; `None` if none did.
    pub kind: Option<&'static str>,
    /// Decompressed bytes that were classified.
    pub decoded: u64,
    /// Records read.
    pub records: u64,
    /// What was not read, in order.
    pub issues: Vec<Issue>,
    /// Nothing could be read at all.
    pub unread: bool,
    /// Types of the columns.
    pub columns: Vec<ColumnType>,
    /// Field names.
    pub fields: Vec<String>,
}

/// Reads a member to its end: peels containers, recognises the format, classifies, settles. Findings go to `sink`;
/// what could not be read is in the answer. Never fails as a whole.
pub fn read_member(
    input: Result<Box<dyn Input>>,
    object: &Object,
    hint: &Hint,
    kernel: &Kernel,
    options: &MemberOptions,
    slots: &mut Slots,
    sink: &mut dyn Sink,
) -> MemberEnd {
    let mut end = MemberEnd::default();
    let name = object.uri.rsplit('/').next().unwrap_or(&object.uri);
    let opened =
        input.and_then(|i| container::open(i, &options.container)).and_then(|o| format::open(o.input, name, hint, &options.format));
    match opened {
        Ok(mut reader) => {
            end.kind = Some(reader.kind());
            if let Err(e) = read(reader.as_mut(), kernel, options, slots, sink, &mut end) {
                end.issues.push(Issue { reason: e.reason, detail: e.detail });
            }
        }
        Err(e) => end.issues.push(Issue { reason: e.reason, detail: e.detail }),
    }
    end.unread = !end.issues.is_empty() && end.decoded == 0;
    end
}

fn read(
    reader: &mut dyn format::Reader,
    kernel: &Kernel,
    options: &MemberOptions,
    slots: &mut Slots,
    sink: &mut dyn Sink,
    end: &mut MemberEnd,
) -> Result<()> {
    let mut spool = Spool::new(options.all);
    let mut counts = sink.counts_only().then(|| Counts::new(options.all));
    let places = counts.is_none();
    let mut tally = Tally::default();
    let mut main = Batch::default();
    main.reset();
    for s in &mut slots.slots {
        s.batch.reset();
        s.scratch.reset();
        s.scratch.give_all(options.all);
    }
    let mut outcome = Ok(true);
    let mut text = true;
    while matches!(outcome, Ok(true)) {
        let mut filled = 0;
        while filled < slots.slots.len() {
            outcome = reader.next_batch(&mut main);
            if !matches!(outcome, Ok(true)) {
                break;
            }
            hand_over(&mut main, &mut slots.slots[filled].batch);
            filled += 1;
        }
        let busy = &mut slots.slots[..filled];
        match &slots.pool {
            Some(pool) if filled > 1 => pool.install(|| busy.par_iter_mut().for_each(|s| classify(kernel, s, places))),
            _ => busy.iter_mut().for_each(|s| classify(kernel, s, places)),
        }
        for slot in busy {
            end.decoded += slot.batch.core.len() as u64;
            end.records += slot.batch.records;
            text &= slot.batch.cells.is_empty();
            tally.merge(&slot.tally);
            if let Some(counts) = &mut counts {
                counts.add(kernel.classifiers(), &slot.batch, &slot.matches);
                if counts.is_full() {
                    counts.settle(kernel.classifiers(), &tally, &slot.batch.fields);
                }
                continue;
            }
            spool.add(&slot.batch, &slot.hits);
            if spool.is_full() {
                spool.settle(kernel, &tally, &slot.batch, text, false, sink);
            }
        }
        end.issues.append(&mut reader.take_issues());
    }
    match &mut counts {
        Some(counts) => {
            counts.settle(kernel.classifiers(), &tally, &main.fields);
            counts.totals().for_each(|(c, times)| sink.counted(c, times));
        }
        None => spool.settle(kernel, &tally, &main, text, true, sink),
    }
    end.columns = tally.settle(kernel.classifiers(), &main.fields).columns();
    end.fields = std::mem::take(&mut main.fields);
    outcome.map(drop)
}

/// `places`: what is found is wanted with its places, not only its number.
fn classify(kernel: &Kernel, slot: &mut Slot, places: bool) {
    slot.hits.clear();
    slot.tally.clear();
    if places {
        kernel.process(&mut slot.scratch, &slot.batch, &mut slot.matches, &mut slot.tally, &mut slot.hits);
    } else {
        kernel.find(&mut slot.scratch, &slot.batch, &mut slot.matches, &mut slot.tally);
    }
}

/// Moves what the reader filled into a slot; both keep all field names, so that indexes stay true in either.
fn hand_over(from: &mut Batch, to: &mut Batch) {
    std::mem::swap(&mut from.bytes, &mut to.bytes);
    std::mem::swap(&mut from.cells, &mut to.cells);
    std::mem::swap(&mut from.scopes, &mut to.scopes);
    std::mem::swap(&mut from.open, &mut to.open);
    to.fields.extend(from.fields.iter().skip(to.fields.len()).cloned());
    to.offset = from.offset;
    to.core = from.core.clone();
    to.first_row = from.first_row;
    to.records = from.records;
    to.first_line = from.first_line;
    to.places = from.places;
    to.carried = from.carried;
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
        MemberEnd { issues: vec![Issue { reason: e.reason, detail: e.detail }], unread: true, ..MemberEnd::default() }
    })
}
