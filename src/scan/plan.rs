//! What a run has to read: everything that is listed, less what the index knows; what is wanted first stands first.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::allow::AllowList;
use super::names::{Neighbours, shown};
use super::progress::Counters;
use super::run::{ScanError, Summary};
use crate::base::{Error, Hint, Issue, Object, Result, Role, Timestamp, whole};
use crate::classify::{Classifiers, Scratch};
use crate::identity::{Allowed, Kernel};
use crate::index::{Known, Listed, Note, Writer};
use crate::source::{Charge, ListingFailure, Shelf, Source, layout};

/// An object to read.
pub(super) struct Job {
    pub listed: Listed,
    pub hint: Hint,
    pub source: Arc<dyn Source>,
    /// What is allowed in it.
    pub allowed: Option<Arc<dyn Allowed>>,
    /// Trouble that the layout around it tells of.
    pub issues: Vec<Issue>,
    /// It is read before those that are not.
    pub first: bool,
    /// Why it is not read at all.
    pub refused: Option<Error>,
    /// What reading it is charged with, where that is known and somebody pays.
    pub charge: Option<Charge>,
}

/// What is read before everything else.
#[derive(Clone)]
pub struct First {
    /// Whether an object is among it.
    pub is: Arc<dyn Fn(&Listed) -> bool + Send + Sync>,
    /// Whether nothing is read at all if no listed object is among it.
    pub or_nothing: bool,
}

impl std::fmt::Debug for First {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("First").field("or_nothing", &self.or_nothing).finish_non_exhaustive()
    }
}

/// Where a listing of the index at `index` waits that did not come to its end: its name and `.listing`. Of an index that a link leads to,
/// beside the index.
// PRIVACY: whoever forgets a person by one name of the index deletes what was listed by another.
pub fn shelf_of(index: &Path) -> PathBuf {
    let mut name = std::fs::canonicalize(index).unwrap_or_else(|_| index.to_owned()).into_os_string();
    name.push(".listing");
    PathBuf::from(name)
}

/// What a plan goes by.
#[derive(Clone, Copy)]
pub(super) struct Wish<'a> {
    /// The index beside which an unfinished listing is kept; `None`: nothing is kept.
    pub index: Option<&'a Path>,
    /// Everything is read, changed or not.
    pub full: bool,
    /// What does not count although it is found.
    pub allow: &'a AllowList,
    /// What is read first.
    pub first: Option<&'a First>,
}

/// Lists all sources, notes what is unchanged and what is gone, and gives what is left to read, in the order of listing.
pub(super) fn plan(
    sources: &[Arc<dyn Source>],
    wish: Wish<'_>,
    writer: &mut Writer,
    kernel: &Kernel,
    counters: &Counters,
    summary: &mut Summary,
) -> Result<Vec<Job>, ScanError> {
    let mut listing = List { wish, known: writer.known()?, seen: HashSet::new(), ended: Vec::new(), jobs: Vec::new() };
    let sealed = || Arc::new(writer.hasher().beside());
    let shelf = wish.index.map(|index| Arc::new(Shelf::open(&shelf_of(index), sealed(), wish.full)));
    summary.listed_nothing = !sources.is_empty();
    for source in sources {
        if let Some(shelf) = &shelf {
            source.resume(shelf);
        }
        listing.source(source, writer, kernel, counters, summary)?;
    }
    if let Some(shelf) = shelf {
        summary.resumed = shelf.resumed();
        shelf.end();
    }
    summary.totals.listed = listing.seen.len() as u64;
    summary.totals.gone = writer.end_gone(&listing.seen, &|uri, there| listing.ended.iter().any(|e| e.shows(uri, there)))?;
    Ok(listing.jobs)
}

/// Whether a control file, the same as before, says otherwise now: what it names has come, or has gone.
fn tells_more(known: &Known, job: &Job) -> bool {
    job.hint.role == Role::Bookkeeping && known.incomplete == job.issues.is_empty()
}

/// Standard input has no version; everything else is known by its own.
fn is_unchanged(known: &Known, listed: &Listed, kernel: &Kernel) -> bool {
    let same = known.classifier_set.strip_prefix(kernel.classifiers().fingerprint()).is_some_and(|rules| same_rules(rules, &listed.rules));
    was_read(known, &listed.object, kernel.classifiers()) && same && *known.keys == *kernel.keys().fingerprint(&listed.dataset)
}

/// What stands before the part of the rules that a catalogue has told.
const TOLD: char = '~';

/// Whether an object was read by the same rules. What a catalogue has told once is not forgotten where the object is listed without it.
fn same_rules(known: &str, now: &str) -> bool {
    if now.contains(TOLD) { known == now } else { known.split(TOLD).next() == Some(now) }
}

/// Whether an object was read at this version by these classifiers. Rules and key columns may ask for more.
pub(super) fn was_read(known: &Known, object: &Object, classifiers: &Classifiers) -> bool {
    *known.version == *object.version && known.classifier_set.starts_with(classifiers.fingerprint()) && !known.retry && object.uri != "-"
}

/// A listing that came to its end.
struct Ended {
    source: Arc<dyn Source>,
    /// What of it is unknown.
    failures: Vec<ListingFailure>,
}

impl Ended {
    /// Whether it would have shown an object with this URI that was there at this time, if it still were.
    fn shows(&self, uri: &str, there: Timestamp) -> bool {
        // An inventory knows nothing of what came after it.
        let judged = self.source.as_of().is_none_or(|t| there <= t);
        judged && self.source.covers(uri) && !self.failures.iter().any(|f| f.hides(uri))
    }
}

/// Whether the index knows a version that came after the one that is listed.
fn is_newer(known: &Known, listed: &Object) -> bool {
    *known.version != *listed.version && known.modified.zip(listed.modified).is_some_and(|(known, listed)| known > listed)
}

struct List<'a> {
    wish: Wish<'a>,
    /// What the index knows.
    known: HashMap<[u8; 16], Known>,
    /// Hashes of the uris listed.
    seen: HashSet<[u8; 16]>,
    /// What they show and is not among `seen` is gone.
    ended: Vec<Ended>,
    /// What is to be read. PERF: nothing stays of what is unchanged; there may be millions of it.
    jobs: Vec<Job>,
}

impl List<'_> {
    fn source(
        &mut self,
        source: &Arc<dyn Source>,
        writer: &mut Writer,
        kernel: &Kernel,
        counters: &Counters,
        summary: &mut Summary,
    ) -> Result<(), ScanError> {
        let mut scratch = Scratch::new(kernel.classifiers());
        let mut objects = Vec::new();
        let failures = source.list(&mut |o| {
            Counters::add(&counters.listed, 1);
            objects.push(o);
        });
        summary.listing_failures += failures.iter().filter(|f| !f.error.reason.is_by_choice()).count() as u64;
        for f in &failures {
            writer.listing_failed(&f.uri, &shown(kernel, &mut scratch, &f.uri), f.error.reason, &f.error.detail)?;
        }
        summary.listed_nothing &= objects.is_empty() && failures.iter().any(|f| f.is_of_all(source.as_ref()));
        self.ended.push(Ended { source: source.clone(), failures: failures.into_iter().filter(|f| f.hides(&f.uri)).collect() });
        let asked = source.asked(objects.len() as u64);
        if objects.iter().any(|o| source.charge(o).is_some()) || (asked.single > 0 && source.is_priced()) {
            summary.paid_lists += asked.pages;
            summary.paid_looks += asked.single;
        }
        for store in source.stores() {
            // PRIVACY: tags are free text, names of buckets may be a person's.
            let facts = store.facts.into_iter().map(|f| (f.name, f.value.map(|v| shown(kernel, &mut scratch, &v)))).collect::<Vec<_>>();
            writer.store(&shown(kernel, &mut scratch, &store.uri), &facts)?;
        }
        let as_of = source.as_of();
        let layout = source.layout(&objects, &mut |o| small(source.as_ref(), o));
        let mut issues: HashMap<String, Vec<Issue>> = HashMap::new();
        for (uri, issue) in layout.issues {
            issues.entry(uri).or_default().push(issue);
        }
        for (name, facts) in &layout.datasets {
            let types = facts.types.iter().map(|(column, ty)| (shown(kernel, &mut scratch, column), ty.clone()));
            let types: Vec<_> = types.collect();
            writer.describe(&shown(kernel, &mut scratch, name), facts.kind, &types)?;
        }
        let mut neighbours = Neighbours::default();
        // The dataset of the object before, as laid out and as shown.
        let mut before = (String::new(), shown(kernel, &mut scratch, ""));
        for (object, mut hint) in objects.into_iter().zip(layout.hints) {
            // Two sources may overlap; an object is read once.
            let name = writer.hasher().name(&object.uri);
            if !self.seen.insert(name) {
                continue;
            }
            if before.0 != hint.dataset {
                before.1 = shown(kernel, &mut scratch, &hint.dataset);
                before.0 = std::mem::take(&mut hint.dataset);
            }
            hint.dataset.clone_from(&before.1);
            writer.surround(&object.uri, &Note { role: hint.role, as_of: hint.as_of })?;
            let (allowed, mut rules) = self.wish.allow.of_object(&object.uri, &hint.dataset);
            if let Some(told) = &hint.told {
                // Under the key: a short hash of few names could be guessed without.
                let hash = writer.hasher().name(&format!("{:032x}", u128::from_be_bytes(*told)));
                rules += &format!("{TOLD}{:02x}{:02x}{:02x}{:02x}", hash[0], hash[1], hash[2], hash[3]);
            }
            // PERF: of what is unchanged the name is shown nowhere.
            let mut name_shown = |uri: &str| neighbours.shown(kernel, &mut scratch, uri);
            let asked = self.wish.first.map(|_| name_shown(&object.uri));
            let listed = Listed { shown: asked.clone().unwrap_or_default(), dataset: hint.dataset.clone(), rules, object };
            let issues = issues.remove(&listed.object.uri).unwrap_or_default();
            let first = self.wish.first.is_some_and(|f| (f.is)(&listed));
            Counters::add(&counters.first, u64::from(first));
            let mut job = Job { listed, hint, source: source.clone(), allowed, issues, first, refused: None, charge: None };
            match self.known.get(&name) {
                // An inventory shows what has been overwritten since: the index has the newer one, which is not there to be seen.
                Some(k) if as_of.is_some() && is_newer(k, &job.listed.object) => {
                    summary.totals.unchanged += 1;
                    summary.incomplete_before += u64::from(k.incomplete);
                }
                Some(k) if !self.wish.full && is_unchanged(k, &job.listed, kernel) && !tells_more(k, &job) => {
                    writer.unchanged(k);
                    writer.ended(k, job.listed.object.until)?;
                    summary.totals.unchanged += 1;
                    summary.incomplete_before += u64::from(k.incomplete);
                }
                _ => {
                    job.listed.shown = asked.unwrap_or_else(|| name_shown(&job.listed.object.uri));
                    self.jobs.push(job);
                }
            }
        }
        Ok(())
    }
}

/// The whole of a small object.
pub(super) fn small(source: &dyn Source, object: &Object) -> Result<bytes::Bytes> {
    Ok(whole(&mut *source.open(object)?, layout::CONTROL_LIMIT, "a control file")?.into())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn an_index_has_one_listing_by_whatever_name() {
        let dir = tempfile::tempdir().unwrap();
        let [real, link] = ["real.db", "link.db"].map(|name| dir.path().join(name));
        std::fs::write(&real, "").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        assert_eq!(shelf_of(&link), shelf_of(&real));
        assert!(shelf_of(&link).ends_with("real.db.listing"));
        assert_eq!(shelf_of(&dir.path().join("new.db")), dir.path().join("new.db.listing"));
    }
}
