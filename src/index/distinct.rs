//! How many distinct consumers stand behind lists of ordinals: sets are joined as ordinals, and translated to consumers once.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;

use super::answers::ConsumerCounts;
use super::error::IndexError;
use super::lives::Home;
use super::postings::{self, Room, Says, Shape};
use super::reader::Reader;
use super::whose::{NO_PERSON, Numbering};
use crate::identity::Certainty;

/// So many people are looked up at once.
const TOGETHER: usize = 1024;

/// Bytes of lists that one thread goes through at a time.
const AT_ONCE: usize = if cfg!(test) { 8 } else { 1 << 20 };

/// Bytes that the sets of one thread may have.
const HEAVY: usize = if cfg!(test) { 64 } else { 32 << 20 };

const NO_SHAPE: IndexError = IndexError::Damaged("a posting has a shape that is not there");

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

/// Ordinals of a segment: as they come while they are few, as bits once these take no more room.
struct Ordinals {
    few: Vec<u32>,
    /// How many `few` may be before those that came twice are looked for.
    limit: usize,
    bits: Vec<u64>,
    /// How many the segment has.
    all: usize,
}

/// Ordinals of which nobody asks whether they came twice.
const FEW: usize = if cfg!(test) { 4 } else { 4096 };

impl Ordinals {
    /// None, of so many.
    fn new(all: usize) -> Ordinals {
        Ordinals { few: Vec::new(), limit: FEW, bits: Vec::new(), all }
    }

    /// Adds some; those that the segment does not have are nobody's.
    fn add(&mut self, ordinals: &[u32]) {
        if !self.bits.is_empty() {
            return self.set(ordinals);
        }
        self.few.extend_from_slice(ordinals);
        if self.few.len() > self.limit {
            self.tidy();
            self.limit = FEW.max(2 * self.few.len());
        }
        if self.few.len() > self.all / 32 {
            self.bits = vec![0; self.all / 64 + 1];
            let few = std::mem::take(&mut self.few);
            self.set(&few);
        }
    }

    fn set(&mut self, ordinals: &[u32]) {
        for o in ordinals {
            if let Some(word) = self.bits.get_mut(*o as usize / 64) {
                *word |= 1 << (o % 64);
            }
        }
    }

    fn join(&mut self, mut other: Ordinals) {
        if self.bits.is_empty() {
            std::mem::swap(self, &mut other);
        }
        self.bits.iter_mut().zip(&other.bits).for_each(|(word, theirs)| *word |= theirs);
        self.add(&other.few);
    }

    fn tidy(&mut self) {
        self.few.sort_unstable();
        self.few.dedup();
    }

    /// Calls `each` with all of them, ascending, many at a time.
    fn each(mut self, each: &mut dyn FnMut(&[u32])) {
        self.tidy();
        self.few.chunks(TOGETHER).for_each(&mut *each);
        let mut some = self.few;
        some.clear();
        for (base, mut word) in (0u32..).step_by(64).zip(self.bits) {
            while word != 0 {
                some.push(base + word.trailing_zeros());
                word &= word - 1;
            }
            if some.len() >= TOGETHER {
                each(&some);
                some.clear();
            }
        }
        each(&some);
    }
}

/// The sets of one dataset, by field and classifier, in each segment.
#[derive(Default)]
struct Sets(BTreeMap<(i64, i64), Vec<(i64, Ordinals)>>);

impl Sets {
    /// The set of a key in a segment that has so many identifiers.
    fn of(&mut self, key: (i64, i64), segment: i64, all: usize) -> &mut Ordinals {
        let of_key = self.0.entry(key).or_default();
        let at = of_key.iter().position(|k| k.0 == segment).unwrap_or(of_key.len());
        if at == of_key.len() {
            of_key.push((segment, Ordinals::new(all)));
        }
        &mut of_key[at].1
    }

    /// How many bytes its ordinals take.
    fn weight(&self) -> usize {
        let own = size_of::<(i64, Ordinals)>();
        self.0.values().flatten().map(|(_, o)| own + 8 * o.bits.len() + 4 * o.few.capacity()).sum()
    }

    /// Adds all of another.
    fn join(&mut self, other: Sets) {
        for (key, of_key) in other.0 {
            for (segment, theirs) in of_key {
                self.of(key, segment, theirs.all).join(theirs);
            }
        }
    }
}

/// Shapes by number as they are counted; those that do not count have the certainty of a weak one.
type Counted = HashMap<u64, Shape>;

/// What is counted: lists of the objects `o` that fit the condition, less what does not count.
pub(super) struct Counting<'c> {
    pub conn: &'c Connection,
    pub objects: &'c str,
    pub numbering: &'c Numbering,
    /// Whether the sightings of this field and classifier count.
    pub counts_in: &'c dyn Fn(i64, i64) -> bool,
}

impl Counting<'_> {
    /// Goes through all people.
    pub fn work_out(&self) -> Result<ConsumerCounts, IndexError> {
        // PERF: dataset by dataset, so that the sets of one are held and not those of all.
        let sql = format!("SELECT o.id, o.dataset_id FROM object o WHERE {} ORDER BY o.dataset_id, o.id", self.objects);
        let mut q = self.conn.prepare(&sql)?;
        let objects: Vec<(i64, i64)> = q.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?.collect::<Result<_, _>>()?;
        let (shapes, mut tally) = (self.shapes()?, Tally::new(self.numbering));
        for of_dataset in objects.chunk_by(|a, b| a.1 == b.1) {
            tally.dataset(of_dataset[0].1, self.sets(of_dataset, &shapes)?)?;
        }
        Ok(tally.out)
    }

    /// All shapes. Of fields of one name in several members, the first stands for all.
    fn shapes(&self) -> Result<Counted, IndexError> {
        let same = same_fields(self.conn)?;
        let mut q = self.conn.prepare("SELECT id, field_id, classifier_id, certainty, kind FROM shape")?;
        let (mut rows, mut out) = (q.query([])?, Counted::new());
        while let Some(r) = rows.next()? {
            let (field, classifier, certainty): (i64, i64, i64) = (r.get(1)?, r.get(2)?, r.get(3)?);
            let certainty = if (self.counts_in)(field, classifier) { certainty } else { Certainty::Weak as i64 };
            let field = same.get(&field).copied().unwrap_or(field);
            out.insert(r.get::<_, i64>(0)? as u64, Shape { field, classifier, certainty, kind: r.get(4)? });
        }
        Ok(out)
    }

    /// The sets of a dataset's objects.
    fn sets(&self, objects: &[(i64, i64)], shapes: &Counted) -> Result<Sets, IndexError> {
        // Where the next rows are: the object, and the last row of it that was taken. A large object is cut.
        let (mut left, mut at) = (objects.iter().map(|o| o.0), None);
        let mut next = || {
            let (mut some, mut bytes) = (Vec::new(), 0);
            while bytes < AT_ONCE {
                let Some((object, after)) = at.or_else(|| left.next().map(|o| (o, i64::MIN))) else { break };
                let from = some.len();
                at = postings::stored(self.conn, object, after, AT_ONCE - bytes, &mut some)?.map(|last| (object, last));
                bytes += some[from..].iter().map(|(_, row): &(i64, Vec<u8>)| row.len()).sum::<usize>();
            }
            Ok((!some.is_empty()).then_some(some))
        };
        // Each thread fills sets of its own, and gives them to those of all before they are large.
        let (numbering, pool, all_sets) = (self.numbering, Mutex::new(Vec::new()), Mutex::new(Sets::default()));
        let held = || pool.lock().unwrap_or_else(PoisonError::into_inner);
        let make = |some: Vec<(i64, Vec<u8>)>| -> Result<(), IndexError> {
            let (mut sets, mut room) = held().pop().unwrap_or_default();
            for (segment, row) in some {
                let all = numbering.numbers(segment)?.len();
                let mut shape = |n| shapes.get(&n).copied().ok_or(NO_SHAPE);
                postings::each_list(postings::unseal(&row)?, &mut shape, &mut room, &mut |says, who, _| {
                    if let Says::Sightings(s) = says
                        && s.certainty <= Certainty::Record as i64
                    {
                        Sets::of(&mut sets, (s.field, s.classifier), segment, all).add(who);
                    }
                    Ok(())
                })?;
            }
            if sets.weight() > HEAVY {
                all_sets.lock().unwrap_or_else(PoisonError::into_inner).join(std::mem::take(&mut sets));
            }
            held().push((sets, room));
            Ok(())
        };
        postings::in_order(&mut next, &make, &mut |made| made)?;
        let filled: Vec<(Sets, Room)> = std::mem::take(&mut held());
        let mut out = all_sets.into_inner().unwrap_or_else(PoisonError::into_inner);
        filled.into_iter().for_each(|f| out.join(f.0));
        Ok(out)
    }
}

/// Counts by field, dataset, classifier and in all, each person of a set looked at once.
struct Tally<'n> {
    numbering: &'n Numbering,
    out: ConsumerCounts,
    all: Marks,
    in_dataset: Marks,
    in_field: Marks,
    of_class: HashMap<i64, Marks>,
    /// By home, the people of the dataset at hand.
    here: Vec<u64>,
}

impl<'n> Tally<'n> {
    fn new(numbering: &'n Numbering) -> Tally<'n> {
        let marks = || Marks::new(numbering.len());
        let here = vec![0u64; numbering.homes().len().max(1)];
        Tally {
            numbering,
            out: ConsumerCounts::default(),
            all: marks(),
            in_dataset: marks(),
            in_field: marks(),
            of_class: HashMap::new(),
            here,
        }
    }

    /// Counts a dataset, which comes once.
    fn dataset(&mut self, dataset: i64, sets: Sets) -> Result<(), IndexError> {
        let Tally { numbering, out, all, in_dataset, in_field, of_class, here } = self;
        let (mut who, mut fresh) = (Vec::with_capacity(TOGETHER + 64), Vec::with_capacity(TOGETHER + 64));
        let mut at = i64::MIN;
        for ((field, classifier), mut of_key) in sets.0 {
            if at != field {
                in_field.clear();
            }
            at = field;
            let class = of_class.entry(classifier).or_insert_with(|| Marks::new(numbering.len()));
            let (mut fields, mut datasets, mut classes) = (0, 0, 0);
            of_key.sort_unstable_by_key(|k| k.0);
            for (segment, ordinals) in of_key {
                let numbers = numbering.numbers(segment)?;
                ordinals.each(&mut |some| {
                    // PERF: the memory is asked for many at a time, whose places are known: it is far away, and one by one each would be
                    // waited for.
                    who.clear();
                    who.extend(some.iter().map(|o| numbering.person_in(&numbers, *o)).filter(|p| *p != NO_PERSON));
                    fresh.clear();
                    // PERF: what is marked for now is counted and cleared; a set for each field would be filled at random.
                    for person in who.iter().copied() {
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
                });
            }
            *out.by_field.entry(field).or_default() += fields;
            *out.by_dataset.entry(dataset).or_default() += datasets;
            *out.by_classifier.entry(classifier).or_default() += classes;
        }
        in_field.clear();
        in_dataset.clear();
        out.close(dataset, numbering, here);
        Ok(())
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
        Counting { conn: &self.conn, objects: self.counts(), numbering, counts_in: &counts_in }.work_out()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// However many come at a time, from however many threads, and however often one comes, each is there once, in order.
        #[test]
        fn ordinals_are_a_set(
            lists in proptest::collection::vec(proptest::collection::vec(0u32..3_000, 0..40), 0..60),
            all in 0u32..3_000,
            threads in 1usize..4,
        ) {
            let (mut sets, mut wanted) = (Vec::new(), BTreeSet::new());
            sets.resize_with(threads, Sets::default);
            for (n, list) in lists.iter().enumerate() {
                sets[n % threads].of((1, 2), 3, all as usize).add(list);
                wanted.extend(list.iter().copied().filter(|o| *o < all));
            }
            let mut joined = Sets::default();
            sets.into_iter().for_each(|s| joined.join(s));
            let mut found = Vec::new();
            let ordinals = joined.0.into_values().flatten().map(|k| k.1);
            ordinals.for_each(|o| o.each(&mut |some| found.extend(some.iter().copied().filter(|o| *o < all))));
            prop_assert_eq!(found, wanted.into_iter().collect::<Vec<_>>());
        }
    }
}
