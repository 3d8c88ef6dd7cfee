//! How many distinct consumers stand behind lists of ordinals: sets are joined as ordinals, and translated to consumers once.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use roaring::RoaringTreemap;
use rusqlite::Connection;

use super::answers::ConsumerCounts;
use super::error::IndexError;
use super::lives::Home;
use super::ordinals::{Sets, TOGETHER};
use super::postings::{self, Room, Says, Shape, Together};
use super::reader::Reader;
use super::whose::{NO_PERSON, Numbering};
use crate::identity::Certainty;

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

/// Shapes by number as they are counted; those that do not count have the certainty of a weak one.
type Counted = HashMap<u64, Shape>;

/// Stored lists that one thread goes through at a time.
enum Stored {
    /// Of single objects: segment, row.
    Objects(Vec<(i64, Vec<u8>)>),
    /// Of all of a segment: segment, shape, row.
    Joint(Vec<(i64, u64, Vec<u8>)>),
}

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
        match self.by_lists(true) {
            // Lists of all objects are derived: where they are damaged, those of each object are read.
            Err(IndexError::Damaged(_)) => self.by_lists(false),
            other => other,
        }
    }

    /// The same; `of_all`: by lists of all objects of a segment where there are some.
    fn by_lists(&self, of_all: bool) -> Result<ConsumerCounts, IndexError> {
        // PERF: dataset by dataset, so that the sets of one are held and not those of all.
        let sql = format!("SELECT o.id, o.dataset_id FROM object o WHERE {} ORDER BY o.dataset_id, o.id", self.objects);
        let mut q = self.conn.prepare(&sql)?;
        let mut objects: Vec<(i64, i64)> = q.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?.collect::<Result<_, _>>()?;
        let (shapes, of_dataset) = self.shapes()?;
        let counting: RoaringTreemap = objects.iter().map(|o| o.0 as u64).collect();
        let together = match of_all {
            true => Together::read(self.conn, &|object| counting.contains(object as u64))?,
            false => Together::default(),
        };
        let datasets: BTreeSet<i64> = objects.iter().map(|o| o.1).collect();
        if !together.segments().is_empty() {
            // Of the others, those that stand elsewhere, too.
            let mut elsewhere = RoaringTreemap::new();
            for s in postings::segments(self.conn)?.iter().filter(|s| !together.segments().contains(&s.id)) {
                elsewhere.extend(postings::rows_of(self.conn, s.id)?.iter().map(|row| row.1 as u64));
            }
            objects.retain(|o| elsewhere.contains(o.0 as u64));
        }
        let (mut objects, mut tally) = (&objects[..], Tally::new(self.numbering));
        for dataset in datasets {
            let (here, rest) = objects.split_at(objects.partition_point(|o| o.1 <= dataset));
            objects = rest;
            let own = of_dataset.get(&dataset).map_or(&[][..], |o| &o[..]);
            tally.dataset(dataset, self.sets(here, own, &shapes, &together)?)?;
        }
        tally.out.leave_out_zeros();
        Ok(tally.out)
    }

    /// All shapes, and by dataset the numbers of those that count. Of fields of one name in several members, the first stands for all.
    fn shapes(&self) -> Result<(Counted, HashMap<i64, Vec<u64>>), IndexError> {
        let same = same_fields(self.conn)?;
        let sql = "SELECT s.id, s.field_id, s.classifier_id, s.certainty, s.kind, f.dataset_id FROM shape s LEFT JOIN field f ON f.id = s.field_id";
        let mut q = self.conn.prepare(sql)?;
        let (mut rows, mut out, mut of_dataset) = (q.query([])?, Counted::new(), HashMap::<i64, Vec<u64>>::new());
        while let Some(r) = rows.next()? {
            let (field, classifier, certainty): (i64, i64, i64) = (r.get(1)?, r.get(2)?, r.get(3)?);
            let certainty = if (self.counts_in)(field, classifier) { certainty } else { Certainty::Weak as i64 };
            let field = same.get(&field).copied().unwrap_or(field);
            let number = r.get::<_, i64>(0)? as u64;
            if let Some(dataset) = r.get::<_, Option<i64>>(5)?.filter(|_| certainty <= Certainty::Record as i64) {
                of_dataset.entry(dataset).or_default().push(number);
            }
            out.insert(number, Shape { field, classifier, certainty, kind: r.get(4)? });
        }
        Ok((out, of_dataset))
    }

    /// The sets of a dataset: what these objects say, in segments whose lists are not put together, and what lists of these shapes say
    /// in the others.
    fn sets(&self, objects: &[(i64, i64)], of_dataset: &[u64], shapes: &Counted, together: &Together) -> Result<Sets, IndexError> {
        // Where the next rows are: the object, and the last row of it that was taken. A large object is cut.
        let (mut left, mut at) = (objects.iter().map(|o| o.0), None);
        let mut joint = together.segments().iter().flat_map(|s| of_dataset.iter().map(|shape| (*s, *shape)));
        let mut at_joint = None;
        let mut next = || {
            let (mut some, mut bytes) = (Vec::new(), 0);
            while bytes < AT_ONCE {
                let Some((list, after)) = at_joint.or_else(|| joint.next().map(|list| (list, i64::MIN))) else { break };
                let from = some.len();
                at_joint = together.rows(self.conn, list, after, AT_ONCE - bytes, &mut some)?.map(|last| (list, last));
                bytes += some[from..].iter().map(|(_, _, row)| row.len()).sum::<usize>();
            }
            if !some.is_empty() {
                return Ok(Some(Stored::Joint(some)));
            }
            let (mut some, mut bytes) = (Vec::new(), 0);
            while bytes < AT_ONCE {
                let Some((object, after)) = at.or_else(|| left.next().map(|o| (o, i64::MIN))) else { break };
                let from = some.len();
                at =
                    postings::stored(self.conn, together.segments(), object, after, AT_ONCE - bytes, &mut some)?.map(|last| (object, last));
                bytes += some[from..].iter().map(|(_, row): &(i64, Vec<u8>)| row.len()).sum::<usize>();
            }
            Ok((!some.is_empty()).then_some(Stored::Objects(some)))
        };
        // Each thread fills sets of its own, and gives them to those of all before they are large.
        let (numbering, pool, all_sets) = (self.numbering, Mutex::new(Vec::new()), Mutex::new(Sets::default()));
        let held = || pool.lock().unwrap_or_else(PoisonError::into_inner);
        let shape_of = |n| shapes.get(&n).copied().ok_or(NO_SHAPE);
        let make = |some: Stored| -> Result<(), IndexError> {
            let (mut sets, mut room): (Sets, Room) = held().pop().unwrap_or_default();
            match some {
                Stored::Joint(rows) => {
                    for (segment, shape, row) in rows {
                        let (all, s) = (numbering.numbers(segment)?.len(), shape_of(shape)?);
                        together.each(segment, shape, &row, &mut |who| {
                            if !who.is_empty() {
                                sets.of((s.field, s.classifier), segment, all).add(who);
                            }
                        })?;
                    }
                }
                Stored::Objects(rows) => {
                    for (segment, row) in rows {
                        let all = numbering.numbers(segment)?.len();
                        postings::each_list(postings::unseal(&row)?, &mut |n| shape_of(n), &mut room, &mut |says, who, _| {
                            if let Says::Sightings(s) = says
                                && s.certainty <= Certainty::Record as i64
                            {
                                sets.of((s.field, s.classifier), segment, all).add(who);
                            }
                            Ok(())
                        })?;
                    }
                }
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
    /// What nobody is counted for is not told: it is the same whether somebody ever was.
    pub(super) fn leave_out_zeros(&mut self) {
        [&mut self.by_field, &mut self.by_dataset, &mut self.by_classifier].into_iter().for_each(|list| list.retain(|_, n| *n > 0));
        self.lives.values_mut().for_each(|states| states.retain(|s| s.1 > 0));
        self.lives.retain(|_, states| !states.is_empty());
    }

    /// Ends a dataset: where its people live is what was counted by home, which begins anew.
    fn close(&mut self, dataset: i64, numbering: &Numbering, by_home: &mut [u64]) {
        let mut by_state: BTreeMap<Option<[u8; 2]>, u64> = BTreeMap::new();
        for (home, n) in by_home.iter_mut().enumerate().filter(|h| *h.1 > 0) {
            *by_state.entry(numbering.homes().get(home).and_then(Home::place)).or_default() += std::mem::take(n);
        }
        if !by_state.is_empty() {
            self.lives.insert(dataset, by_state.into_iter().collect());
        }
    }
}

/// Fields that lie in members, and the first of the same name in the same dataset, for which all of them are counted.
pub(super) fn same_fields(conn: &Connection) -> Result<HashMap<i64, i64>, IndexError> {
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
