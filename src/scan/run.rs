//! One run over all sources, from the listing to the published index.

use std::cell::LazyCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use crossbeam_channel::Receiver;

use super::allow::AllowList;
use super::cost::{self, Cost, Due, Spend};
use super::keys;
use super::member::{Counted, MemberOptions, guarded, read_member};
use super::names::shown;
use super::outbox::{Message, Outbox, outbox};
use super::plan::{First, Job, Wish, plan};
use super::progress::Counters;
use super::sightings::{Sightings, published};
use super::slots::Slots;
use crate::base::{Error, Input};
use crate::classify::{Classifiers, Scratch};
use crate::identity::keys::KeyOptions;
use crate::identity::{Kernel, Key};
use crate::index::{IndexError, Missing, Piece, Reader, RunTotals, Writer};
use crate::source::{ListingFailure, Resumed, Source};

/// What a run needs to know.
#[derive(Clone, Debug)]
pub struct ScanOptions {
    /// The index file.
    pub index: PathBuf,
    /// Read everything again, changed or not.
    pub full: bool,
    /// Wait for another run on the same index to end, instead of refusing.
    pub wait: bool,
    /// Threads that read and classify, at least 1.
    pub threads: usize,
    /// What does not count although it is found.
    pub allow: AllowList,
    /// Limits for members.
    pub member: MemberOptions,
    /// Key columns.
    pub keys: KeyOptions,
    /// What is read before everything else; `None`: all in the order of listing.
    pub first: Option<First>,
    /// What it may cost.
    pub spend: Spend,
    /// Sources that were asked for besides and could not be opened.
    pub unreached: Vec<ListingFailure>,
}

/// What a run did.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Its number.
    pub run: i64,
    /// Totals.
    pub totals: RunTotals,
    /// Objects that are still incomplete from an earlier run and were not read again.
    pub incomplete_before: u64,
    /// Folders and prefixes that could not be listed.
    pub listing_failures: u64,
    /// Whether no source could be listed, not even in part.
    pub listed_nothing: bool,
    /// What the index lacks after it, of earlier runs and other sources too.
    pub missing: Missing,
    /// Consumers in all current objects.
    pub consumers: u64,
    /// Per classifier id: sightings and consumers in all current objects.
    pub classifiers: BTreeMap<String, (u64, u64)>,
    /// Findings in all current objects that somebody allows; they are in no other number.
    pub allowed: u64,
    /// Values in all current objects that are masked, cut, hashed, replaced or encrypted; in no other number either.
    pub protected: u64,
    /// Objects read a second time because key columns of theirs became known, or ceased to be some.
    pub read_for_keys: u64,
    /// Requests for pages of listings that are paid for.
    pub paid_lists: u64,
    /// The same for single objects.
    pub paid_looks: u64,
    /// What of the listing was taken from a run that had not ended.
    pub resumed: Resumed,
    /// What was due after the run and could not be done, by source, as it may be shown. Nothing of the run is lost.
    pub undone: Vec<(String, Error)>,
    /// What of it was paid for: pages listed, objects read.
    pub cost: Cost,
    /// What that cost, by the list prices, in dollars.
    pub usd: f64,
    /// What it would have cost, where that was too much: nothing that costs anything was read.
    pub over_budget: Option<Due>,
    /// Whether it was stopped before its end.
    pub stopped: bool,
    /// Objects listed that were to be read first, and of those that were not reached uri and dataset, as shown.
    pub first: (u64, Vec<(String, String)>),
    /// Wall time.
    pub seconds: f64,
}

impl Summary {
    /// Whether everything that was listed has been read, and nothing was left undone.
    pub fn is_complete(&self) -> bool {
        let t = &self.totals;
        !self.stopped && self.undone.is_empty() && t.partial + t.unread + self.incomplete_before + self.listing_failures == 0
    }
}

/// Why there is no result. What had been published stays.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// The index refused.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// Threads could not be started.
    #[error("worker threads could not be started")]
    Threads,
    /// A thread that reads and classifies came to no good end.
    #[error(
        "internal error: a worker thread failed; the next run goes on from what was published. Please report what kind of data it read"
    )]
    Worker,
}

/// Runs: lists `sources`, reads what is new or changed, writes the index at `options.index`.
///
/// `stop` may be set at any time: objects in hand are finished and published, the rest is left to the next run.
pub fn run(
    sources: &[Arc<dyn Source>],
    options: &ScanOptions,
    key: &Key,
    classifiers: &Arc<Classifiers>,
    counters: &Counters,
    stop: &AtomicBool,
) -> Result<Summary, ScanError> {
    let started = Instant::now();
    let mut writer = Writer::open_when(&options.index, key, &mut |_| {
        counters.waiting.store(options.wait, Ordering::Relaxed);
        options.wait && !stop.load(Ordering::Relaxed)
    })?;
    counters.waiting.store(false, Ordering::Relaxed);
    let kernel = Kernel::new(classifiers.clone(), Some(writer.hasher().clone()));
    let names: Vec<String> = sources.iter().map(|s| shown(&kernel, &mut Scratch::new(classifiers), &s.uri())).collect();
    let run = writer.begin_run(classifiers, &names)?;
    let active = Arc::new(options.keys.activate(&writer.decided_keys()?, classifiers.len()));
    writer.set_keys(active.clone(), classifiers.len())?;
    let kernel = kernel.with_keys(active, options.keys.discover);
    let mut summary = Summary { run, ..Summary::default() };

    // They are no sources of the run: where there never was anything, nothing has to be read again to prove that somebody is gone.
    for f in &options.unreached {
        let uri = shown(&kernel, &mut Scratch::new(classifiers), &f.uri);
        writer.listing_failed(&f.uri, &uri, f.error.reason, &f.error.detail)?;
        summary.listing_failures += 1;
    }
    let wish = Wish { index: Some(&options.index), full: options.full, allow: &options.allow, first: options.first.as_ref() };
    let mut jobs = plan(sources, wish, &mut writer, &kernel, counters, &mut summary)?;
    writer.listed(&summary.totals)?;
    counters.asking.store(true, Ordering::Relaxed);
    cost::settle(&mut jobs, &options.spend, &mut writer, &mut summary)?;
    counters.asking.store(false, Ordering::Relaxed);
    let refused: HashSet<String> = jobs.iter().filter(|j| j.refused.is_some()).map(|j| j.listed.object.uri.clone()).collect();
    let (first, rest): (Vec<Job>, Vec<Job>) = jobs.into_iter().partition(|j| j.first);
    counters.first_to_read.store(first.len() as u64, Ordering::Relaxed);
    let allowed = first.iter().chain(&rest).filter(|j| j.refused.is_none());
    counters.bytes_to_read.store(allowed.map(|j| j.listed.object.size).sum(), Ordering::Relaxed);
    counters.to_read.store((first.len() + rest.len()) as u64, Ordering::Relaxed);
    summary.first.0 = counters.first.load(Ordering::Relaxed);
    if options.first.as_ref().is_some_and(|f| f.or_nothing) && summary.first.0 == 0 {
        stop.store(true, Ordering::Relaxed);
    }
    if !first.is_empty() {
        read_all(&first, options, &kernel, &mut writer, counters, stop, &mut summary)?;
        // Whoever asks meanwhile sees all of it.
        writer.commit()?;
    }
    counters.first_read.store(!summary.stopped, Ordering::Relaxed);
    read_all(&rest, options, &kernel, &mut writer, counters, stop, &mut summary)?;

    if !summary.stopped {
        let mut read = |mut jobs: Vec<Job>, kernel: &Kernel, writer: &mut Writer, again: &mut Summary| {
            counters.asking.store(true, Ordering::Relaxed);
            let left = cost::settle_again(&mut jobs, &refused, &options.spend, writer, again);
            counters.asking.store(false, Ordering::Relaxed);
            left?;
            Counters::add(&counters.to_read, jobs.len() as u64);
            Counters::add(&counters.bytes_to_read, jobs.iter().map(|j| j.listed.object.size).sum());
            read_all(&jobs, options, kernel, writer, counters, stop, again)
        };
        keys::settle(sources, (&options.keys, &options.allow), kernel, &mut writer, &mut summary, &mut read)?;
    }

    counters.settling.store(true, Ordering::Relaxed);
    if summary.stopped {
        writer.stop_run(&summary.totals)?;
    } else {
        writer.finish_run(&summary.totals)?;
    }
    let hasher = writer.hasher().clone();
    drop(writer);
    if !summary.stopped {
        // PERF: asked for by few sources.
        let known = LazyCell::new(|| Reader::open(&options.index).and_then(|r| r.objects_read()).ok());
        let again = |uri: &str| known.as_ref().is_none_or(|all| all.get(&hasher.name(uri)).is_some_and(|k| k.retry));
        for (source, name) in sources.iter().zip(&names) {
            if let Err(e) = source.ended(&again) {
                summary.undone.push((name.clone(), e));
            }
        }
    }
    totals_of_index(options, &mut summary)?;
    summary.seconds = started.elapsed().as_secs_f64();
    Ok(summary)
}

fn read_all(
    jobs: &[Job],
    options: &ScanOptions,
    kernel: &Kernel,
    writer: &mut Writer,
    counters: &Counters,
    stop: &AtomicBool,
    summary: &mut Summary,
) -> Result<(), ScanError> {
    let threads = options.threads.max(1);
    let pool = if threads > 1 {
        Some(Arc::new(rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(|_| ScanError::Threads)?))
    } else {
        None
    };
    let (out, receive) = outbox();
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let mut reached = vec![false; jobs.len()];
    std::thread::scope(|scope| {
        for _ in 0..threads.min(jobs.len()) {
            let (mut out, pool, next, failed) = (out.clone(), pool.clone(), &next, &failed);
            let work = move || {
                let mut slots = Slots::new(kernel, pool);
                let mut scratch = Scratch::new(kernel.classifiers());
                while !stop.load(Ordering::Relaxed) {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(i) else { return };
                    if !read_job(i, job, &options.member, kernel, &mut slots, &mut scratch, counters, &mut out) {
                        return;
                    }
                }
            };
            scope.spawn(move || {
                if catch_unwind(AssertUnwindSafe(work)).is_err() {
                    failed.store(true, Ordering::Relaxed);
                    // The others take no object more.
                    next.store(jobs.len(), Ordering::Relaxed);
                }
            });
        }
        drop(out);
        let outcome = write_all(jobs, &receive, &options.spend, writer, &mut reached, summary);
        // An index that fails must not leave workers waiting for room in the channel.
        drop(receive);
        outcome
    })?;
    if failed.load(Ordering::Relaxed) {
        return Err(ScanError::Worker);
    }
    for (job, _) in jobs.iter().zip(&reached).filter(|(_, reached)| !**reached) {
        writer.unreached(&job.listed)?;
        if job.first {
            summary.first.1.push((job.listed.shown.clone(), job.listed.dataset.clone()));
        }
        summary.stopped = true;
        summary.totals.unread += 1;
    }
    Ok(())
}

/// Reads one object and sends what was found. `false`: nobody listens any more.
#[expect(clippy::too_many_arguments, reason = "a worker's whole surroundings, used here alone")]
fn read_job(
    i: usize,
    job: &Job,
    options: &MemberOptions,
    kernel: &Kernel,
    slots: &mut Slots,
    scratch: &mut Scratch,
    counters: &Counters,
    out: &mut Outbox,
) -> bool {
    out.begin(i, job.listed.object.size);
    let mut shown = |name: &str| shown(kernel, scratch, name);
    let mut give = |piece: Piece, found: u64| {
        Counters::add(&counters.sightings, found);
        out.piece(i, piece);
    };
    let own = kernel.allowing(job.allowed.clone());
    let mut sink = Sightings::new(kernel, &mut shown, &mut give);
    let mut end = guarded(|| {
        let opened = job.refused.clone().map_or_else(|| job.source.open(&job.listed.object), Err);
        let input: crate::base::Result<Box<dyn Input>> = opened.map(|inner| Counted::wrap(inner, &counters.bytes));
        read_member(input, &job.listed.object, &job.hint, &own, options, slots, &mut sink)
    });
    let counts = (std::mem::take(&mut sink.counts), std::mem::take(&mut sink.states));
    let keys = std::mem::take(&mut sink.keys);
    drop(sink);
    end.issues.extend(job.issues.iter().map(|i| (None, i.clone())));
    let published = published(end, counts, keys);
    Counters::add(&counters.done, 1);
    Counters::add(&counters.incomplete, u64::from(!published.coverage.is_empty()));
    out.end(i, published);
    out.is_heard()
}

fn write_all(
    jobs: &[Job],
    receive: &Receiver<Vec<Message>>,
    spend: &Spend,
    writer: &mut Writer,
    reached: &mut [bool],
    summary: &mut Summary,
) -> Result<(), ScanError> {
    let mut open = HashMap::new();
    for message in receive.iter().flatten() {
        match message {
            Message::Begin(i) => {
                open.insert(i, writer.begin_object(&jobs[i].listed)?);
            }
            Message::Piece(i, piece) => {
                if let Some(&object) = open.get(&i) {
                    writer.piece(object, *piece)?;
                }
            }
            Message::End(i, end) => {
                if let Some(object) = open.remove(&i) {
                    reached[i] = true;
                    let t = &mut summary.totals;
                    *match (end.unread, end.coverage.is_empty()) {
                        (true, _) => &mut t.unread,
                        (false, true) => &mut t.read,
                        (false, false) => &mut t.partial,
                    } += 1;
                    t.stored += jobs[i].listed.object.size;
                    t.decoded += end.decoded;
                    t.records += end.records;
                    t.sightings += end.summaries.iter().map(|s| s.sightings).sum::<u64>();
                    writer.publish(object, &end)?;
                    cost::book(&jobs[i], spend, writer, summary)?;
                }
            }
        }
    }
    // A worker that died left its object half written: it was never there.
    for object in open.into_values() {
        writer.abandon(object)?;
    }
    Ok(())
}

fn totals_of_index(options: &ScanOptions, summary: &mut Summary) -> Result<(), ScanError> {
    let reader = Reader::open(&options.index)?;
    let classes = reader.classifiers()?;
    let counts = reader.consumer_counts()?;
    summary.consumers = counts.all;
    summary.missing = reader.missing()?;
    for s in reader.field_states()? {
        *if s.state == "allowed" { &mut summary.allowed } else { &mut summary.protected } += s.count;
    }
    for s in reader.field_summaries()? {
        if let Some((name, _)) = classes.get(&s.classifier) {
            let consumers = counts.by_classifier.get(&s.classifier).copied().unwrap_or(0);
            summary.classifiers.entry(name.clone()).or_insert((0, consumers)).0 += s.sightings;
        }
    }
    Ok(())
}
