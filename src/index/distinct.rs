//! How many distinct consumers stand behind lists of ordinals: sets are joined as ordinals, and translated to consumers once.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

use roaring::RoaringBitmap;
use rusqlite::Connection;

use super::answers::ConsumerCounts;
use super::error::IndexError;
use super::lives::Home;
use super::postings::{self, ObjectList, Says, Shapes};
use super::reader::Reader;
use super::whose::{NO_PERSON, Numbering};
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

    /// The sets by key, each with the number of the first identifier of its segment.
    fn by_key(self, numbering: &Numbering) -> Result<BTreeMap<K, Vec<(u32, RoaringBitmap)>>, IndexError>
    where
        K: Ord,
    {
        let mut out: BTreeMap<K, Vec<(u32, RoaringBitmap)>> = BTreeMap::new();
        for (segment, sets) in self.by_segment {
            let start = numbering.start(segment)?;
            sets.into_iter().for_each(|(key, set)| out.entry(key).or_default().push((start, set)));
        }
        Ok(out)
    }
}

/// So many people are looked up at once.
const TOGETHER: usize = 1024;

/// People who were counted, as bits.
struct Marks {
    bits: Vec<u64>,
    /// Words that are to be cleared before the next count.
    marked: Vec<usize>,
}

impl Marks {
    fn new(people: usize) -> Marks {
        Marks { bits: vec![0; people / 64 + 1], marked: Vec::new() }
    }

    /// Whether somebody was not marked before.
    fn mark(&mut self, person: u32) -> bool {
        let (word, bit) = (person as usize / 64, 1 << (person % 64));
        let new = self.bits[word] & bit == 0;
        self.bits[word] |= bit;
        new
    }

    /// The same, to be forgotten by [`Marks::clear`].
    fn mark_for_now(&mut self, person: u32) -> bool {
        let word = person as usize / 64;
        if self.bits[word] == 0 {
            self.marked.push(word);
        }
        self.mark(person)
    }

    fn clear(&mut self) {
        self.marked.drain(..).for_each(|word| self.bits[word] = 0);
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

/// What is counted: lists of the objects `o` that fit the condition, less what does not count.
pub(super) struct Counting<'c> {
    pub conn: &'c Connection,
    pub shapes: &'c Shapes,
    pub objects: &'c str,
    pub numbering: &'c Numbering,
    /// Whether the sightings of this field and classifier count.
    pub counts_in: &'c dyn Fn(i64, i64) -> bool,
}

impl Counting<'_> {
    /// Goes through all people.
    pub fn work_out(&self) -> Result<ConsumerCounts, IndexError> {
        let sql = format!("SELECT o.id, o.dataset_id FROM object o WHERE {}", self.objects);
        let mut q = self.conn.prepare(&sql)?;
        let objects: Vec<(i64, i64)> = q.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?.collect::<Result<_, _>>()?;
        let same = same_fields(self.conn)?;
        // PERF: an object's lists go to one set each.
        let mut sets: Distinct<(i64, i64, i64)> = Distinct::new();
        for (object, dataset) in objects {
            for (segment, lists) in postings::lists_of(self.conn, self.shapes, object)? {
                for list in &lists {
                    if let Says::Sightings(s) = list.says
                        && s.certainty <= Certainty::Record as i64
                        && (self.counts_in)(s.field, s.classifier)
                    {
                        let field = same.get(&s.field).copied().unwrap_or(s.field);
                        sets.add(segment, list, (dataset, field, s.classifier));
                    }
                }
            }
        }
        self.count(sets)
    }

    /// Counts by field, dataset, classifier and in all, each person of a set looked at once.
    fn count(&self, sets: Distinct<(i64, i64, i64)>) -> Result<ConsumerCounts, IndexError> {
        let numbering = self.numbering;
        let people = numbering.len();
        let mut out = ConsumerCounts::default();
        let (mut all, mut in_dataset, mut in_field) = (Marks::new(people), Marks::new(people), Marks::new(people));
        let mut of_class: HashMap<i64, Marks> = HashMap::new();
        let (mut who, mut fresh) = (Vec::with_capacity(TOGETHER), Vec::with_capacity(TOGETHER));
        // By home, the people of the dataset at hand.
        let mut here = vec![0u64; numbering.homes().len().max(1)];
        let mut at = (i64::MIN, i64::MIN);
        for ((dataset, field, classifier), sets) in sets.by_key(numbering)? {
            if at.0 != dataset {
                in_dataset.clear();
                out.close(at.0, numbering, &mut here);
            }
            if at != (dataset, field) {
                in_field.clear();
            }
            at = (dataset, field);
            let class = of_class.entry(classifier).or_insert_with(|| Marks::new(people));
            let (mut fields, mut datasets, mut classes) = (0, 0, 0);
            let mut numbers = sets.into_iter().flat_map(|(start, set)| set.into_iter().map(move |o| start.saturating_add(o)));
            loop {
                // PERF: the memory is asked for many at a time, whose places are known: it is far away, and one by one each would be
                // waited for.
                who.clear();
                who.extend(numbers.by_ref().take(TOGETHER).map(|n| numbering.person(n)));
                if who.is_empty() {
                    break;
                }
                fresh.clear();
                // PERF: what is marked for now is counted and cleared; a set for each field would be filled at random.
                for person in who.iter().copied().filter(|p| *p != NO_PERSON) {
                    if in_field.mark_for_now(person) {
                        fields += 1;
                        if in_dataset.mark_for_now(person) {
                            datasets += 1;
                            fresh.push(person);
                        }
                    }
                    if class.mark(person) {
                        classes += 1;
                        out.all += u64::from(all.mark(person));
                    }
                }
                fresh.iter().for_each(|p| here[numbering.lives(*p) as usize] += 1);
            }
            *out.by_field.entry(field).or_default() += fields;
            *out.by_dataset.entry(dataset).or_default() += datasets;
            *out.by_classifier.entry(classifier).or_default() += classes;
        }
        out.close(at.0, numbering, &mut here);
        Ok(out)
    }
}

impl ConsumerCounts {
    /// Ends a dataset: where its people live is what was counted by home, which begins anew.
    fn close(&mut self, dataset: i64, numbering: &Numbering, by_home: &mut [u64]) {
        let mut by_state: BTreeMap<Option<[u8; 2]>, u64> = BTreeMap::new();
        for (home, n) in by_home.iter_mut().enumerate().filter(|h| *h.1 > 0) {
            *by_state.entry(numbering.homes().get(home).and_then(Home::state)).or_default() += std::mem::take(n);
        }
        if !by_state.is_empty() {
            self.lives.insert(dataset, by_state.into_iter().collect());
        }
    }
}

/// Fields that lie in members, and the first of the same name in the same dataset, for which all of them are counted.
fn same_fields(conn: &Connection) -> Result<HashMap<i64, i64>, IndexError> {
    let sql = "SELECT id, first FROM (SELECT id, min(id) OVER (PARTITION BY dataset_id, name) AS first FROM field) WHERE id <> first";
    Ok(conn.prepare(sql)?.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?.collect::<Result<_, _>>()?)
}

impl Reader {
    /// Distinct consumers with a certain sighting in current objects: per dataset and field, per dataset, per classifier, and in all; and
    /// where those of a dataset live. Read where the end of a run has counted them, counted anew where not.
    pub fn consumer_counts(&self) -> Result<ConsumerCounts, IndexError> {
        self.stored_counts()?.map_or_else(|| self.count_consumers(), Ok)
    }

    /// The same by going through all people, whatever is stored.
    pub fn count_consumers(&self) -> Result<ConsumerCounts, IndexError> {
        let counts_in = |field, classifier| self.counts_in(field, classifier);
        let numbering = self.numbering()?;
        Counting { conn: &self.conn, shapes: &self.shapes, objects: self.counts(), numbering, counts_in: &counts_in }.work_out()
    }
}
