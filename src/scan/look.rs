//! Looks for identifiers where they were, or everywhere, by reading again: the proof that they are gone.
//!
//! Nothing is written. Only hashes are compared; a value that is met leaves no trace but its place.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::member::{MemberOptions, guarded, read_member};
use super::names::shown;
use super::plan::small;
use super::slots::Slots;
use super::window::{Sink, Window};
use crate::base::{Hint, Object, PlaceKind, Reason, Timestamp};
use crate::classify::{Classifiers, Scratch};
use crate::identity::keys::ActiveKeys;
use crate::identity::{Hasher, IdHash, Kernel, NO_FIELD};
use crate::source::Source;

/// What to look for, and where.
pub struct Wanted {
    /// Hashes of identifiers.
    pub identifiers: HashSet<IdHash>,
    /// Keyed hashes of the uris to read; `None`: everything that the sources list.
    pub objects: Option<HashSet<[u8; 16]>>,
    /// The key columns: what stands in another is no key.
    pub keys: Arc<ActiveKeys>,
}

/// One object that was looked at.
#[derive(Clone, Debug)]
pub struct Looked {
    /// Keyed hash of its uri.
    pub uri_hash: [u8; 16],
    /// Its uri as it may be shown.
    pub uri: String,
    /// Its dataset.
    pub dataset: String,
    /// The version that was read.
    pub version: String,
    /// When that was written, as the storage says.
    pub modified: Option<Timestamp>,
    /// What was met.
    pub spots: Vec<Spot>,
    /// What could not be read of it: reason, detail.
    pub unread: Vec<(Reason, String)>,
}

/// An identifier that is still there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// Path inside an archive.
    pub member: Option<String>,
    /// The field; `None` in running text.
    pub field: Option<String>,
    /// The classifier, or the name of the key.
    pub classifier: String,
    /// How often.
    pub count: u64,
    /// Rows, half-open; `None` in running text.
    pub rows: Option<Vec<(u64, u64)>>,
    /// Bytes of the decompressed member, half-open; `None` in a table.
    pub bytes: Option<Vec<(u64, u64)>>,
}

/// The outcome of a look.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// Objects read, by uri.
    pub objects: Vec<Looked>,
    /// Objects that the sources listed.
    pub listed: u64,
    /// Folders and prefixes that could not be listed: as shown, and why.
    pub failures: Vec<(String, Reason)>,
}

/// Reads what is wanted again.
pub fn look(sources: &[Arc<dyn Source>], wanted: &Wanted, hasher: &Arc<Hasher>, classifiers: &Arc<Classifiers>, threads: usize) -> Look {
    let kernel = Kernel::new(classifiers.clone(), Some(hasher.clone())).with_keys(wanted.keys.clone(), false);
    let mut scratch = Scratch::new(classifiers);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.max(1)).build().ok().filter(|_| threads > 1).map(Arc::new);
    let mut slots = Slots::new(&kernel, pool);
    let mut out = Look::default();
    let (listed, failures) = each_listed(sources, hasher, wanted.objects.as_ref(), &mut |source, object, hint, hash| {
        let mut sink = Seen { wanted: &wanted.identifiers, kernel: &kernel, found: BTreeMap::new(), members: HashMap::new() };
        let end = guarded(|| read_member(source.open(object), object, hint, &kernel, &MemberOptions::default(), &mut slots, &mut sink));
        let mut spots = sink.spots();
        for s in &mut spots {
            s.field = s.field.as_ref().map(|f| shown(&kernel, &mut scratch, f));
        }
        out.objects.push(Looked {
            uri_hash: hash,
            uri: shown(&kernel, &mut scratch, &object.uri),
            dataset: shown(&kernel, &mut scratch, &hint.dataset),
            version: object.version.clone(),
            modified: object.modified,
            spots,
            unread: end.issues.into_iter().map(|(_, i)| (i.reason, i.detail)).collect(),
        });
    });
    out.listed = listed;
    out.failures = failures.into_iter().map(|(uri, reason)| (shown(&kernel, &mut scratch, &uri), reason)).collect();
    out.objects.sort_by(|a, b| (&a.uri, a.uri_hash).cmp(&(&b.uri, b.uri_hash)));
    out
}

/// Lists sources and calls `each` with every object whose keyed hash is wanted (`None`: all), once, with what lies around it: that says
/// how it is read. Gives how many are listed and what could not be listed.
pub(super) fn each_listed(
    sources: &[Arc<dyn Source>],
    hasher: &Hasher,
    wanted: Option<&HashSet<[u8; 16]>>,
    each: &mut dyn FnMut(&dyn Source, &Object, &Hint, [u8; 16]),
) -> (u64, Vec<(String, Reason)>) {
    each_listed_near(sources, hasher, wanted, None, each)
}

/// The same; with `near` what lies there alone, and no further source once all that is wanted was met.
pub(super) fn each_listed_near(
    sources: &[Arc<dyn Source>],
    hasher: &Hasher,
    wanted: Option<&HashSet<[u8; 16]>>,
    near: Option<&[(String, usize)]>,
    each: &mut dyn FnMut(&dyn Source, &Object, &Hint, [u8; 16]),
) -> (u64, Vec<(String, Reason)>) {
    let (mut listed, mut failures, mut seen) = (0, Vec::new(), HashSet::new());
    for source in sources {
        if near.is_some() && wanted.is_some_and(|w| w.is_subset(&seen)) {
            break;
        }
        let mut objects: Vec<Object> = Vec::new();
        let failed = match near {
            None => source.list(&mut |o| objects.push(o)),
            Some(starts) => source.list_near(starts, &mut |o| objects.push(o)),
        };
        failures.extend(failed.into_iter().map(|f| (f.uri, f.error.reason)));
        if near.is_some() {
            objects.sort_unstable_by(|a, b| (&a.uri, &a.version).cmp(&(&b.uri, &b.version)));
            objects.dedup_by(|a, b| a.uri == b.uri);
        }
        let layout = source.layout(&objects, &mut |o| small(source.as_ref(), o));
        for (object, hint) in objects.iter().zip(&layout.hints) {
            let hash = hasher.name(&object.uri);
            listed += 1;
            if wanted.is_none_or(|w| w.contains(&hash)) && seen.insert(hash) {
                each(source.as_ref(), object, hint, hash);
            }
        }
    }
    (listed, failures)
}

/// Keeps the places of what is wanted.
struct Seen<'a> {
    wanted: &'a HashSet<IdHash>,
    kernel: &'a Kernel,
    /// By member, field, classifier, and whether they are rows: the places of a member's first record may be bytes alone.
    found: BTreeMap<(u32, u32, u16, bool), Vec<(u64, u64)>>,
    /// Paths and field names of members.
    members: HashMap<u32, (Option<String>, Vec<String>)>,
}

impl Sink for Seen<'_> {
    fn window(&mut self, w: &Window<'_>) {
        for h in w.hits.iter().filter(|h| h.id.is_some_and(|id| self.wanted.contains(&id))) {
            let (_, fields) = self.members.entry(w.member.number).or_insert_with(|| (w.member.path.clone(), Vec::new()));
            fields.extend(w.fields.iter().skip(fields.len()).cloned());
            let rows = w.places == PlaceKind::Rows;
            let places = self.found.entry((w.member.number, h.field, h.m.classifier, rows)).or_default();
            places.push(if rows { (h.row, h.row + 1) } else { h.bytes });
        }
    }
}

impl Seen<'_> {
    fn spots(&self) -> Vec<Spot> {
        let spot = |((member, field, class, rows), places): (&(u32, u32, u16, bool), &Vec<(u64, u64)>)| {
            let (path, fields) = &self.members[member];
            let mut ranges = places.clone();
            let count = ranges.len() as u64;
            ranges.sort_unstable();
            ranges.dedup();
            Spot {
                member: path.clone(),
                field: (*field != NO_FIELD).then(|| fields.get(*field as usize).cloned().unwrap_or_default()),
                classifier: self.kernel.class_name(*class).to_owned(),
                count,
                rows: rows.then(|| ranges.clone()),
                bytes: (!rows).then_some(ranges),
            }
        };
        self.found.iter().map(spot).collect()
    }
}
