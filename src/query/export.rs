//! What other tools are told: each object with what was found in it, and numbers to watch.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use roaring::RoaringBitmap;

use super::verdicts::{Verdicts, Word};
use crate::base::Timestamp;
use crate::identity::{Certainty, ConsumerId, IdHash};
use crate::index::{IndexError, ObjectFinding, ObjectRow, Owner, PlaceList, Reader, tidy_ranges};

/// A current object with what was found in it.
#[derive(Clone, Debug)]
pub struct ExportedObject {
    /// The uri as shown.
    pub uri: String,
    /// Keyed hash of the true uri where another is shown.
    pub sealed: Option<[u8; 16]>,
    /// Which version.
    pub version: String,
    /// Stored bytes.
    pub size: u64,
    /// Last modification.
    pub modified: Option<Timestamp>,
    /// Its dataset.
    pub dataset: String,
    /// The format that read it, or the kind of archive that it is; `None` if nothing did.
    pub format: Option<String>,
    /// `read`, `partial` or `unread`.
    pub status: String,
    /// Codes of the reasons why it was not read completely.
    pub reasons: Vec<String>,
    /// Start of the first run that saw it.
    pub first_seen: Timestamp,
    /// Start of the newest.
    pub last_seen: Timestamp,
    /// Ordered by member, field, classifier.
    pub findings: Vec<ExportedFinding>,
}

/// What a field of an object, or of a member of it, holds of one kind.
#[derive(Clone, Debug)]
pub struct ExportedFinding {
    /// Path in the archives that hold it; `None`: the object itself.
    pub member: Option<String>,
    /// The field; `""` is running text.
    pub field: String,
    /// The classifier.
    pub classifier: String,
    /// The data element of law that it finds.
    pub element: String,
    /// Sightings.
    pub count: u64,
    /// The highest confidence.
    pub confidence: f64,
    /// The first places; `None` where none is known, as of values in paths.
    pub places: Option<PlaceList>,
    /// Whether there are places beyond them.
    pub more: bool,
    /// What somebody said of it.
    pub verdict: Option<Word>,
}

impl ExportedFinding {
    /// Whether it counts: nobody said that it is wrong or of nobody.
    pub fn counts(&self) -> bool {
        self.verdict.is_none_or(Word::counts)
    }
}

/// All current objects, clean and unread ones among them, ordered by uri; of each finding about `limit` places at most.
///
/// One object at a time is held with its places.
pub fn exported<'a>(
    reader: &'a Reader,
    verdicts: &'a Verdicts,
    limit: usize,
) -> Result<impl Iterator<Item = Result<ExportedObject, IndexError>> + 'a, IndexError> {
    Ok(reader.objects(true)?.into_iter().map(move |o| object(reader, verdicts, limit, o)))
}

fn object(reader: &Reader, verdicts: &Verdicts, limit: usize, o: ObjectRow) -> Result<ExportedObject, IndexError> {
    let facts = reader.facts_of_object(o.id)?;
    let findings = reader.findings_of_object(o.id)?;
    let mut places: HashMap<(i64, i64), First> = HashMap::new();
    if limit > 0 && !findings.is_empty() {
        reader.places_in(o.id, |field, classifier, list| {
            places.entry((field, classifier)).or_insert_with(|| First::of(list)).add(list, limit);
        })?;
    }
    let finding = |f: ObjectFinding| {
        let first = places.remove(&(f.field, f.classifier)).map(|p| p.end(limit));
        let (places, more) = match first {
            Some((list, more)) => (Some(list), more),
            None => (None, false),
        };
        ExportedFinding {
            verdict: verdicts.on(&o.dataset, &f.field_name, &f.id).map(|v| v.word),
            member: f.member,
            field: f.field_name,
            classifier: f.id,
            element: f.element,
            count: f.count,
            confidence: f.confidence,
            places,
            more,
        }
    };
    let findings = findings.into_iter().map(finding).collect();
    Ok(ExportedObject {
        uri: o.uri,
        sealed: facts.sealed,
        version: o.version,
        size: o.size,
        modified: o.modified.map(Timestamp),
        dataset: o.dataset,
        format: facts.format,
        status: o.status,
        reasons: facts.reasons,
        first_seen: Timestamp(o.first_seen),
        last_seen: Timestamp(o.last_seen),
        findings,
    })
}

/// The first places of a finding, whatever the order in which they come; memory is bounded by the limit.
struct First {
    kind: i64,
    ranges: Vec<(u64, u64)>,
    more: bool,
}

impl First {
    fn of(list: &PlaceList) -> First {
        First { kind: list.kind(), ranges: Vec::new(), more: false }
    }

    fn add(&mut self, list: &PlaceList, limit: usize) {
        // A field of several objects is always of one kind within one of them.
        if list.kind() == self.kind {
            self.ranges.extend_from_slice(list.ranges());
            if self.ranges.len() > 8 * limit {
                self.cut(limit);
            }
        }
    }

    fn cut(&mut self, limit: usize) {
        tidy_ranges(&mut self.ranges, self.kind == 0);
        self.more |= self.ranges.len() > limit;
        self.ranges.truncate(limit);
    }

    fn end(mut self, limit: usize) -> (PlaceList, bool) {
        self.cut(limit);
        let list = match self.kind {
            0 => PlaceList::Rows(self.ranges),
            1 => PlaceList::Bytes(self.ranges),
            _ => PlaceList::Document(self.ranges),
        };
        (list, self.more)
    }
}

/// Numbers that the map does not have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Numbers {
    /// Current objects by dataset and status (`read`, `partial`, `unread`), bookkeeping among them.
    pub objects: BTreeMap<(String, String), u64>,
    /// Distinct consumers with a certain sighting, by dataset and classifier.
    pub consumers: BTreeMap<(String, String), u64>,
}

/// Counts objects and consumers of the current state.
pub fn numbers(reader: &Reader) -> Result<Numbers, IndexError> {
    let (classes, datasets) = (reader.classifiers()?, reader.datasets()?);
    // Keys of other tables lead to people as well; they are no finding.
    let found: HashSet<(&str, i64)> =
        reader.field_classifiers()?.into_iter().filter_map(|(d, _, c)| Some((datasets.get(&d)?.as_str(), c))).collect();
    let mut out = Numbers::default();
    let mut owners: HashMap<_, Option<u32>> = HashMap::new();
    let mut ordinals: HashMap<ConsumerId, u32> = HashMap::new();
    let mut sets: BTreeMap<(String, i64), RoaringBitmap> = BTreeMap::new();
    for o in reader.objects(true)? {
        let mut here: BTreeSet<(i64, IdHash)> = BTreeSet::new();
        reader.postings_of_object(o.id, |id, classifier, certainty, _| {
            if certainty <= Certainty::Record as i64 && found.contains(&(o.dataset.as_str(), classifier)) {
                here.insert((classifier, id));
            }
        })?;
        for (classifier, id) in here {
            let who = match owners.get(&id) {
                Some(who) => *who,
                None => {
                    let next = ordinals.len() as u32;
                    let who = reader.owner_of(id)?.and_then(Owner::consumer).map(|c| *ordinals.entry(c).or_insert(next));
                    owners.insert(id, who);
                    who
                }
            };
            if let Some(who) = who {
                sets.entry((o.dataset.clone(), classifier)).or_default().insert(who);
            }
        }
        *out.objects.entry((o.dataset, o.status)).or_default() += 1;
    }
    for ((dataset, classifier), set) in sets {
        let Some((id, _)) = classes.get(&classifier) else {
            return Err(IndexError::Damaged("a posting names an unknown classifier"));
        };
        out.consumers.insert((dataset, id.clone()), set.len());
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_places_are_kept_in_any_order() {
        let mut first = First::of(&PlaceList::Rows(vec![]));
        for row in (0..1000).rev() {
            first.add(&PlaceList::Rows(vec![(row * 2, row * 2 + 1)]), 3);
        }
        assert_eq!(first.end(3), (PlaceList::Rows(vec![(0, 1), (2, 3), (4, 5)]), true));
        let mut few = First::of(&PlaceList::Bytes(vec![]));
        few.add(&PlaceList::Bytes(vec![(7, 9), (9, 11)]), 3);
        few.add(&PlaceList::Bytes(vec![(7, 9)]), 3);
        assert_eq!(few.end(3), (PlaceList::Bytes(vec![(7, 9), (9, 11)]), false));
    }
}
