//! The spool of one member: candidates wait until enough of their column is known, then are settled.
//!
//! A member's hits are settled together when it ends. A member with very many is settled in windows, each with the
//! evidence of all cells up to its end; records that are still open wait for the next one.

use super::keys::Sampler;
use crate::base::{Batch, Evidence, PlaceKind, REPORTED_FROM, ROW_SCOPE};
use crate::classify::{Classifiers, ColumnType, Scratch, Settled, Tally, overlap};
use crate::identity::keys::{ColumnSample, KeyCells, is_key_class};
use crate::identity::{Hit, Kernel, Named, Row};

/// Hits held before a window is settled: about 20 MB, and as much again while it is linked.
const WINDOW_HITS: usize = 1 << 17;

/// Scopes held before a window is settled.
const WINDOW_SCOPES: usize = 1 << 20;

/// Settled hits of a member.
pub struct Window<'a> {
    /// Reported findings (from [`REPORTED_FROM`] up, or all if asked), ordered by position, without overlaps; then the cells of
    /// key columns.
    pub hits: &'a [Hit],
    /// Parallel to `hits`: what they may be linked by.
    pub rows: &'a [Row],
    /// The scope that holds a scope.
    pub parent: &'a dyn Fn(u64) -> Option<u64>,
    /// Field names of the member so far.
    pub fields: &'a [String],
    /// How places are written down.
    pub places: PlaceKind,
    /// Whether the member is running text.
    pub text: bool,
    /// The member.
    pub member: &'a MemberName,
}

/// Which member of an object something belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemberName {
    /// Its number in the object, in order of opening, from 0.
    pub number: u32,
    /// Its path in the archives and documents that hold it, as it may be shown; `None` for the object itself.
    pub path: Option<String>,
}

/// What is known of a member when it has been read.
#[derive(Debug, Default)]
pub struct MemberSummary {
    /// Which it is.
    pub member: MemberName,
    /// Types of the columns.
    pub columns: Vec<ColumnType>,
    /// What they rest on.
    pub settled: Settled,
    /// By field, the values that are not empty.
    pub cells: Vec<u64>,
    /// Field names.
    pub fields: Vec<String>,
    /// Samples of the columns that may be keys, by field.
    pub keys: Vec<(u32, ColumnSample)>,
}

/// Takes a member's windows in order. Windows of a member and of those that lie in it (a mail and its attachments) may
/// come mixed.
pub trait Sink {
    /// One window.
    fn window(&mut self, window: &Window<'_>);

    /// A member has been read.
    fn member(&mut self, _summary: MemberSummary) {}

    /// Whether it wants no windows, but to be told at the end of each member how often a classifier's values are in it.
    fn counts_only(&self) -> bool {
        false
    }

    /// Whether it wants what is read and nothing that is found: [`Sink::batch`] instead of windows.
    fn batches_only(&self) -> bool {
        false
    }

    /// A piece of a member, all its values as cells.
    ///
    /// PRIVACY: raw values.
    fn batch(&mut self, _member: &MemberName, _batch: &Batch) {}

    /// What a member holds, if only that is wanted.
    fn counted(&mut self, _classifier: u16, _times: u64) {}
}

/// See the module.
#[derive(Default)]
pub(super) struct Spool {
    hits: Vec<Hit>,
    rows: Vec<Row>,
    /// Parent of scope `first_scope + i`; `u64::MAX` for a root.
    parents: Vec<u64>,
    first_scope: u64,
    /// Numbers of the scopes that the last batch left open, outermost first.
    open: Vec<u64>,
    claims: Vec<overlap::Claim>,
    keep: Vec<bool>,
    keys: Sampler,
    /// Report candidates of any confidence.
    all: bool,
    member: MemberName,
}

impl Spool {
    /// An empty spool; `all` reports candidates of any confidence.
    pub fn new(all: bool, member: MemberName) -> Spool {
        Spool { all, member, ..Spool::default() }
    }

    /// Takes the hits and keys of the next batch.
    pub fn add(&mut self, batch: &Batch, hits: &[Hit], keys: &KeyCells) {
        self.keys.add(keys);
        let text = batch.cells.is_empty();
        let next = self.first_scope + self.parents.len() as u64;
        let (carried, open) = (batch.carried as u64, std::mem::take(&mut self.open));
        let number = |local: u32| {
            let local = u64::from(local);
            if local < carried { open.get(local as usize).copied().unwrap_or(u64::MAX) } else { next + local - carried }
        };
        self.parents.extend(batch.scopes[batch.carried..].iter().map(|s| s.parent.map_or(u64::MAX, number)));
        self.rows.extend(hits.iter().map(|h| Row::of(h, text, number)));
        self.hits.extend_from_slice(hits);
        self.open = batch.open.iter().map(|&s| number(s)).collect();
    }

    /// Whether enough has come together to settle a part of it.
    pub fn is_full(&self) -> bool {
        self.hits.len() >= WINDOW_HITS || self.parents.len() >= WINDOW_SCOPES
    }

    /// Settles what is complete (at the end: everything) and hands it on.
    pub fn settle(&mut self, kernel: &Kernel, tally: &Tally, batch: &Batch, text: bool, end: bool, sink: &mut dyn Sink) {
        let settled = tally.settle(kernel.classifiers(), &batch.fields);
        let mut hits = std::mem::take(&mut self.hits);
        let mut rows = std::mem::take(&mut self.rows);
        if !end && !self.open.is_empty() {
            self.keep_open(&mut hits, &mut rows);
        }
        for h in &mut hits {
            h.m.confidence = settled.confidence((h.field != crate::identity::NO_FIELD).then_some(h.field), &h.m);
        }
        self.keep_reported(kernel.classifiers(), &mut hits, &mut rows);
        self.keys.note(kernel.classifiers(), &hits, end);
        let (parents, first) = (&self.parents, self.first_scope);
        let parent = |scope: u64| parent_of(parents, first, scope);
        let (fields, places, member) = (&batch.fields, batch.places, &self.member);
        sink.window(&Window { hits: &hits, rows: &rows, parent: &parent, fields, places, text, member });
        if self.hits.is_empty() {
            // PERF: room of megabytes is not given back and asked for again.
            hits.clear();
            rows.clear();
            (self.hits, self.rows) = (hits, rows);
        }
        self.forget_scopes();
    }

    /// Takes the hits out whose record goes on; they wait for the next window.
    fn keep_open(&mut self, hits: &mut Vec<Hit>, rows: &mut Vec<Row>) {
        let mut ready = (Vec::with_capacity(hits.len()), Vec::with_capacity(rows.len()));
        for (hit, row) in hits.drain(..).zip(rows.drain(..)) {
            let wait = root_is_open(&self.parents, self.first_scope, &self.open, row.scope);
            let to = if wait { (&mut self.hits, &mut self.rows) } else { (&mut ready.0, &mut ready.1) };
            to.0.push(hit);
            to.1.push(row);
        }
        if self.hits.len() > WINDOW_HITS / 2 {
            // One object with this many values is no person; waiting for its end would cost unbounded memory.
            ready.0.append(&mut self.hits);
            ready.1.append(&mut self.rows);
        }
        (*hits, *rows) = ready;
    }

    /// The samples of columns that may be keys.
    pub fn keys(self) -> Vec<(u32, ColumnSample)> {
        self.keys.finish()
    }

    /// Drops candidates and the losers of overlaps; what is left stands in the order of positions, keys behind all else.
    fn keep_reported(&mut self, classifiers: &Classifiers, hits: &mut Vec<Hit>, rows: &mut Vec<Row>) {
        let least = if self.all { f32::MIN } else { REPORTED_FROM };
        let mut keys = (Vec::new(), Vec::new());
        let mut kept = 0;
        for i in 0..hits.len() {
            if is_key_class(classifiers.len(), hits[i].m.classifier) {
                keys.0.push(hits[i]);
                keys.1.push(rows[i]);
            } else if hits[i].m.confidence >= least {
                (hits[kept], rows[kept]) = (hits[i], rows[i]);
                kept += 1;
            }
        }
        hits.truncate(kept);
        rows.truncate(kept);
        if !hits.is_sorted_by_key(|h| h.span) {
            let mut order: Vec<u32> = (0..hits.len() as u32).collect();
            order.sort_by_key(|&i| hits[i as usize].span);
            *rows = order.iter().map(|&i| rows[i as usize]).collect();
            *hits = order.iter().map(|&i| hits[i as usize]).collect();
        }
        self.claims.clear();
        self.claims.extend(hits.iter().map(|h| overlap::Claim {
            start: h.span.0,
            end: h.span.1,
            confidence: h.m.confidence,
            classifier: h.m.classifier,
            evidence: h.m.evidence,
        }));
        self.keep.clear();
        overlap::keep_best(classifiers, &self.claims, &mut self.keep);
        let mut keep = self.keep.iter();
        hits.retain(|_| keep.next().is_none_or(|k| *k));
        let mut keep = self.keep.iter();
        rows.retain(|_| keep.next().is_none_or(|k| *k));
        hits.append(&mut keys.0);
        rows.append(&mut keys.1);
    }

    /// Keeps only the scopes that are still open: nobody can ask for the others once their hits are settled.
    fn forget_scopes(&mut self) {
        if self.hits.is_empty() && self.open.is_empty() {
            self.first_scope += self.parents.len() as u64;
            self.parents.clear();
        } else if let Some(&outermost) = self.open.first() {
            let gone =
                (outermost.min(self.rows.iter().map(|r| r.scope).min().unwrap_or(u64::MAX)).saturating_sub(self.first_scope)) as usize;
            self.parents.drain(..gone.min(self.parents.len()));
            self.first_scope += gone as u64;
        }
    }
}

fn parent_of(parents: &[u64], first: u64, scope: u64) -> Option<u64> {
    let i = usize::try_from(scope.checked_sub(first)?).ok()?;
    parents.get(i).copied().filter(|p| *p != u64::MAX)
}

fn root_is_open(parents: &[u64], first: u64, open: &[u64], scope: u64) -> bool {
    if open.is_empty() || scope == u64::MAX {
        return false;
    }
    let mut at = scope;
    while let Some(p) = parent_of(parents, first, at) {
        at = p;
    }
    open.contains(&at)
}

/// Classifies one text by itself, as `piimap classify --cases` does: settled hits, ordered by position.
pub fn classify_text(kernel: &Kernel, scratch: &mut Scratch, text: &[u8], all: bool) -> Vec<Hit> {
    struct Keep(Vec<Hit>);
    impl Sink for Keep {
        fn window(&mut self, w: &Window<'_>) {
            self.0.extend_from_slice(w.hits);
        }
    }
    let batch = Batch { bytes: text.to_vec(), core: 0..text.len(), first_line: 1, ..Batch::default() };
    let (mut matches, mut hits, mut tally) = (Vec::new(), Vec::new(), Tally::default());
    scratch.reset();
    scratch.give_all(all);
    kernel.process(scratch, &batch, &mut matches, &mut tally, &mut Named::default(), &mut hits);
    let mut spool = Spool::new(all, MemberName::default());
    spool.add(&batch, &hits, &KeyCells::default());
    let mut keep = Keep(Vec::new());
    spool.settle(kernel, &tally, &batch, true, true, &mut keep);
    keep.0.retain(|h| all || h.m.confidence >= REPORTED_FROM);
    keep.0
}

/// The same, and of a text that is nothing but one value all that it can be ([`Classifiers::alone`]): what was found otherwise
/// comes first.
pub fn classify_case(kernel: &Kernel, scratch: &mut Scratch, text: &[u8], all: bool) -> Vec<Hit> {
    let mut hits = classify_text(kernel, scratch, text, all);
    for m in kernel.classifiers().alone(text) {
        let span = (u64::from(m.start), u64::from(m.end));
        match hits.iter_mut().find(|h| h.m.classifier == m.classifier && h.span.0 < span.1 && span.0 < h.span.1) {
            // A candidate that `all` shows: it is as sure as that.
            Some(h) if h.span == span => h.m.confidence = h.m.confidence.max(m.confidence),
            Some(_) => {}
            None => {
                let (line, bytes, row) = (1, span, 0);
                hits.push(Hit { m, span, bytes, row, line, field: crate::identity::NO_FIELD, scope: ROW_SCOPE, id: None, clue: None });
            }
        }
    }
    hits
}

/// Whether a hit is a published test value or a filler.
pub(super) fn is_test(hit: &Hit) -> bool {
    hit.m.evidence.has(Evidence::TEST_VALUE)
}
