//! How many distinct consumers stand behind lists of ordinals: sets are joined as ordinals, and translated to consumers once.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

use roaring::RoaringBitmap;

use super::answers::ConsumerCounts;
use super::error::IndexError;
use super::postings::{self, ObjectList, Says};
use super::reader::Reader;
use super::whose::Whose;
use crate::identity::Certainty;

/// Sets of people by key.
pub(super) struct Distinct<K> {
    by_segment: BTreeMap<i64, HashMap<K, RoaringBitmap>>,
}

impl<K: Hash + Eq + Copy> Distinct<K> {
    /// No sets.
    pub fn new() -> Distinct<K> {
        Distinct { by_segment: BTreeMap::new() }
    }

    /// Adds those whom a list of the segment names to the set of a key.
    pub fn add(&mut self, segment: i64, list: &ObjectList, key: K) {
        let who = set_of(list.who.iter().map(|w| w.0));
        *self.by_segment.entry(segment).or_default().entry(key).or_default() |= who;
    }

    /// Joins sets: each goes to all keys that `to` gives for its own.
    pub fn joined<L: Hash + Eq + Copy>(self, to: impl Fn(K) -> [L; 4]) -> Distinct<L> {
        let mut out = Distinct::new();
        for (segment, sets) in self.by_segment {
            let joined: &mut HashMap<L, RoaringBitmap> = out.by_segment.entry(segment).or_default();
            for (key, set) in sets {
                for key in to(key) {
                    *joined.entry(key).or_default() |= &set;
                }
            }
        }
        out
    }

    /// The number of consumers by key. Who is nobody in particular does not count.
    pub fn count(self, reader: &Reader) -> Result<HashMap<K, u64>, IndexError> {
        let numbering = reader.numbering()?;
        let mut by_key: HashMap<K, Vec<(u32, RoaringBitmap)>> = HashMap::new();
        for (segment, sets) in self.by_segment {
            let start = numbering.start(segment)?;
            sets.into_iter().for_each(|(key, set)| by_key.entry(key).or_default().push((start, set)));
        }
        let mut marks: Vec<u64> = vec![0; numbering.len() / 64 + 1];
        let mut marked: Vec<usize> = Vec::new();
        let mut out = HashMap::with_capacity(by_key.len());
        for (key, sets) in by_key {
            let mut n = 0;
            for number in sets.into_iter().flat_map(|(start, set)| set.into_iter().map(move |o| start.saturating_add(o))) {
                let (Whose::Alone(person) | Whose::Linked(person)) = numbering.whose(number) else { continue };
                let (word, bit) = (person as usize / 64, 1 << (person % 64));
                // PERF: what is marked is counted and unmarked at once; a set for each key would be filled at random.
                if marks[word] & bit == 0 {
                    marks[word] |= bit;
                    marked.push(word);
                    n += 1;
                }
            }
            marked.drain(..).for_each(|word| marks[word] = 0);
            out.insert(key, n);
        }
        Ok(out)
    }
}

/// The set of numbers that ascend; one may come twice.
///
/// PERF: a set that grows at its end looks each time for what it ends with, so that dense ones are made of bits.
fn set_of(numbers: impl DoubleEndedIterator<Item = u32> + ExactSizeIterator + Clone) -> RoaringBitmap {
    let (Some(first), Some(last)) = (numbers.clone().next(), numbers.clone().next_back()) else { return RoaringBitmap::new() };
    let base = first & !7;
    let bytes = (last - base) as usize / 8 + 1;
    if bytes > 8 * numbers.len() {
        return numbers.collect();
    }
    let mut bits = vec![0u8; bytes];
    numbers.map(|n| n - base).for_each(|n| bits[n as usize / 8] |= 1 << (n % 8));
    RoaringBitmap::from_lsb0_bytes(base, &bits)
}

/// What consumers are counted for.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Counted {
    Field(i64),
    Dataset(i64),
    Classifier(i64),
    All,
}

impl Reader {
    /// Distinct consumers with a certain sighting in current objects: per dataset and field, per dataset, per classifier, and in all.
    pub fn consumer_counts(&self) -> Result<ConsumerCounts, IndexError> {
        let sql = format!("SELECT o.id, o.dataset_id FROM object o WHERE {}", self.counts());
        let mut q = self.conn.prepare(&sql)?;
        let objects: Vec<(i64, i64)> = q.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?.collect::<Result<_, _>>()?;
        let same = self.same_fields()?;
        // PERF: an object's lists go to one set each; what these are counted for is many times less.
        let mut sets: Distinct<(i64, i64, i64)> = Distinct::new();
        for (object, dataset) in objects {
            for (segment, lists) in postings::lists_of(&self.conn, &self.shapes, object)? {
                for list in &lists {
                    if let Says::Sightings(s) = list.says
                        && s.certainty <= Certainty::Record as i64
                        && self.counts_in(s.field, s.classifier)
                    {
                        let field = same.get(&s.field).copied().unwrap_or(s.field);
                        sets.add(segment, list, (field, dataset, s.classifier));
                    }
                }
            }
        }
        let mut out = ConsumerCounts::default();
        let counted = |(field, dataset, classifier)| {
            [Counted::Field(field), Counted::Dataset(dataset), Counted::Classifier(classifier), Counted::All]
        };
        for (key, n) in sets.joined(counted).count(self)? {
            match key {
                Counted::Field(id) => drop(out.by_field.insert(id, n)),
                Counted::Dataset(id) => drop(out.by_dataset.insert(id, n)),
                Counted::Classifier(id) => drop(out.by_classifier.insert(id, n)),
                Counted::All => out.all = n,
            }
        }
        Ok(out)
    }
}
