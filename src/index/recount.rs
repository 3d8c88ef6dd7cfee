//! How many people are there after a run? What it touched is counted as it was and as it is; nobody else is looked at.
//!
//! Touched is whoever objects speak of that began or ceased to count, whoever became another person, and all identifiers of these people.
//! Of each is read what objects said when the run began and what they say now: the one is taken off the counts, the other added. All of
//! that is known only while the run is at work: it is told by what the writer holds, not by the file. A run that was killed has left
//! nothing of it, nor the counts that it would change, so that the next one counts everybody.

use std::collections::{BTreeSet, HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension};

use super::answers::{ConsumerCounts, Owner};
use super::consumers::{Moved, Settled};
use super::counted;
use super::distinct::same_fields;
use super::error::IndexError;
use super::lives::Hearing;
use super::packed::Cursor;
use super::postings::{self, Finder, Shapes, Word};
use super::region::most_searched;
use super::standing::{members_next, standing_next};
use super::whose;
use crate::base::{ByNumber, Combinations, NOTHING};
use crate::identity::{Certainty, ConsumerId, IdHash};

/// Everybody is counted where more than one identifier in so many was touched, or as many postings would be looked at: to look one up takes
/// as long as to count so many.
const FEW: u64 = if cfg!(test) { 4 } else { 256 };

/// What was known when a run began.
pub(super) struct Before {
    /// The segments by number, in order.
    segments: Vec<i64>,
    /// The newest object: whichever comes behind it did not count.
    last: i64,
    counts: ConsumerCounts,
}

impl Before {
    /// Reads it; `None` where something is not settled, or not counted.
    pub fn read(conn: &Connection) -> Result<Option<Before>, IndexError> {
        let counts = match counted::load(conn) {
            Ok(Some(counts)) if whose::is_stored(conn)? => counts,
            Ok(_) | Err(IndexError::Damaged(_)) => return Ok(None),
            Err(e) => return Err(e),
        };
        let last = conn.query_row("SELECT coalesce(max(id), 0) FROM object", [], |r| r.get(0))?;
        Ok(Some(Before { segments: postings::segments(conn)?.iter().map(|s| s.id).collect(), last, counts }))
    }
}

/// What a run changed.
pub(super) struct Change {
    /// The segments before it by number, in order.
    pub segments: Vec<i64>,
    /// The identifiers of people of whom something else is said, or who are others, ordered.
    pub touched: Vec<IdHash>,
    /// How many people there are now; `None`: they are to be counted.
    pub counts: Option<ConsumerCounts>,
}

impl Change {
    /// Works it out, after people were settled and before segments of earlier runs are merged: what objects said that are no more is
    /// known until then. `None`: too much has changed, or what is needed is not there: all is to be worked out.
    pub fn of(conn: &Connection, before: Before, settled: &Settled) -> Result<Option<Change>, IndexError> {
        match Touched::of(conn, before, settled) {
            // What is derived can be derived again.
            Err(IndexError::Damaged(_)) => Ok(None),
            other => other,
        }
    }
}

/// Adds all identifiers of the people of these; ordered.
pub(super) fn with_theirs(conn: &Connection, ids: &mut Vec<IdHash>) -> Result<(), IndexError> {
    let (mut cursor, mut consumers) = (Cursor::default(), Vec::new());
    ids.sort_unstable();
    ids.dedup();
    for id in ids.iter() {
        if let Some(Owner::Linked(consumer)) = standing_next(conn, &mut cursor, *id)? {
            consumers.push(consumer);
        }
    }
    consumers.sort_unstable();
    consumers.dedup();
    let mut cursor = Cursor::default();
    for consumer in consumers {
        members_next(conn, &mut cursor, consumer, &mut |member| ids.push(member))?;
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(())
}

/// Which objects are current, as far as it was asked.
#[derive(Default)]
pub(super) struct Clocks(HashMap<i64, Option<bool>>);

impl Clocks {
    /// Whether an object is current, or an earlier version; `None`: it is no more, or not yet.
    pub fn of(&mut self, conn: &Connection, object: i64) -> Result<Option<bool>, IndexError> {
        if let Some(known) = self.0.get(&object) {
            return Ok(*known);
        }
        let sql = "SELECT ended_run IS NULL FROM object WHERE id = ?1 AND published = 1";
        let is = conn.prepare_cached(sql)?.query_row([object], |r| r.get(0)).optional()?;
        self.0.insert(object, is);
        Ok(is)
    }
}

/// People as they were, or as they are.
#[derive(Default)]
struct Side {
    linked: HashMap<ConsumerId, usize>,
    /// What is said of each: a combination of facts, and a home.
    people: Vec<(u32, u32)>,
}

impl Side {
    /// The person whom an identifier names, by what is stored of it; each identifier is asked about once.
    fn person(&mut self, owner: Option<Owner>, is_strong: bool) -> Option<usize> {
        let next = self.people.len();
        let person = match owner {
            Some(Owner::Several) => return None,
            Some(Owner::Linked(consumer)) => *self.linked.entry(consumer).or_insert(next),
            _ if is_strong => next,
            _ => return None,
        };
        if person == next {
            self.people.push((NOTHING, NOTHING));
        }
        Some(person)
    }
}

/// A sighting of somebody: dataset, field, classifier.
type Fact = (i64, i64, i64);

/// The people whom a run touched.
struct Touched<'c> {
    conn: &'c Connection,
    /// Objects that began or ceased to count.
    objects: HashSet<i64>,
    last: i64,
    clocks: Clocks,
    /// Of fields of one name in several members, the first stands for all.
    same: HashMap<i64, i64>,
    /// By number of a shape, the number of its fact; `None`: it does not count.
    shapes: ByNumber<u64, Option<usize>>,
    facts: Vec<Fact>,
    numbers: HashMap<Fact, usize>,
    sets: Combinations<BTreeSet<usize>>,
    homes: Hearing,
    /// People as they were, and as they are.
    sides: [Side; 2],
}

impl<'c> Touched<'c> {
    fn of(conn: &'c Connection, before: Before, settled: &Settled) -> Result<Option<Change>, IndexError> {
        let Before { segments, last, mut counts } = before;
        let there = postings::segments(conn)?;
        let (most, all) = (most_searched(conn)?, there.iter().map(|s| u64::from(s.identifiers())).sum::<u64>());
        if segments.iter().any(|s| there.iter().all(|t| t.id != *s)) {
            return Ok(None);
        }
        let Some(mut ids) = postings::spoken_of(conn, &Shapes::default(), &settled.objects, most)? else { return Ok(None) };
        ids.extend(settled.moved.ids());
        with_theirs(conn, &mut ids)?;
        if ids.len() as u64 > most {
            return Ok(None);
        }
        let mut touched = Touched {
            conn,
            objects: settled.objects.iter().copied().collect(),
            last,
            clocks: Clocks::default(),
            same: if ids.is_empty() { HashMap::new() } else { same_fields(conn)? },
            shapes: ByNumber::default(),
            facts: Vec::new(),
            numbers: HashMap::new(),
            sets: Combinations::new(),
            homes: Hearing::default(),
            sides: Default::default(),
        };
        let before: HashSet<i64> = segments.iter().copied().collect();
        let few = ids.len() as u64 <= all / FEW;
        let counted = few && touched.listen(&ids, &before, &settled.moved)? && touched.apply(&mut counts).is_some();
        Ok(Some(Change { segments, touched: ids, counts: counted.then_some(counts) }))
    }

    /// Goes through all that is said of these identifiers, ordered, all of each person; `false`: that is too much.
    fn listen(&mut self, ids: &[IdHash], before: &HashSet<i64>, moved: &Moved) -> Result<bool, IndexError> {
        let all: i64 = self.conn.query_row("SELECT coalesce(sum(postings), 0) FROM segment", [], |r| r.get(0))?;
        let (most, mut heard) = (all as u64 / FEW, 0);
        let (conn, mut finder, mut cursor, mut places) = (self.conn, Finder::new(self.conn)?, Cursor::default(), Vec::new());
        for id in ids {
            places.clear();
            finder.places(*id, &mut |segment, ordinal, who| places.push((*segment, ordinal, who.is_strong())))?;
            let now = standing_next(conn, &mut cursor, *id)?;
            let was_strong = places.iter().any(|(segment, _, strong)| *strong && before.contains(&segment.id));
            let is_strong = places.iter().any(|p| p.2);
            let people = [self.sides[0].person(moved.before(*id, now), was_strong), self.sides[1].person(now, is_strong)];
            // PERF: what is nobody's in particular stands in any number of records.
            if people == [None, None] {
                continue;
            }
            for (segment, ordinal, _) in &places {
                postings::words(conn, segment, *ordinal, &mut |object, word| {
                    heard += 1;
                    self.hear(people, object, word)
                })?;
            }
            if heard > most {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Takes what an object says of who was and who is this person.
    fn hear(&mut self, people: [Option<usize>; 2], object: i64, word: Word) -> Result<(), IndexError> {
        let clocks = self.clocks(object)?;
        let fact = match word {
            Word::Sightings(shape) => self.fact(shape)?,
            Word::Residence(_) => None,
        };
        for ((side, person), clock) in self.sides.iter_mut().zip(people).zip(clocks) {
            let (Some(person), Some(is_current)) = (person, clock) else { continue };
            let (set, home) = &mut side.people[person];
            match word {
                Word::Residence(saying) => *home = self.homes.hear(*home, is_current, saying),
                Word::Sightings(_) if is_current => {
                    let known = fact.map(|fact| self.sets.step(*set, fact, |s| _ = s.insert(fact)));
                    *set = known.unwrap_or(*set);
                }
                Word::Sightings(_) => {}
            }
        }
        Ok(())
    }

    /// Whether an object was current, and whether it is; `None`: it says nothing.
    fn clocks(&mut self, object: i64) -> Result<[Option<bool>; 2], IndexError> {
        let is = self.clocks.of(self.conn, object)?;
        Ok(match object {
            new if new > self.last => [None, is],
            // When all was settled it counted, or it would not have ceased to.
            ended if self.objects.contains(&ended) => [Some(true), is],
            _ => [is, is],
        })
    }

    /// The number of what sightings of this shape say of somebody.
    fn fact(&mut self, shape: u64) -> Result<Option<usize>, IndexError> {
        if let Some(known) = self.shapes.get(&shape) {
            return Ok(*known);
        }
        let sql =
            "SELECT f.dataset_id, s.field_id, s.classifier_id, s.certainty FROM shape s JOIN field f ON f.id = s.field_id WHERE s.id = ?1";
        let row = self.conn.prepare_cached(sql)?.query_row([shape as i64], |r| Ok(((r.get(0)?, r.get(1)?, r.get(2)?), r.get(3)?)));
        let fact = row.optional()?.filter(|(_, certainty): &(Fact, i64)| *certainty <= Certainty::Record as i64);
        let number = fact.map(|((dataset, field, classifier), _)| {
            let fact = (dataset, self.same.get(&field).copied().unwrap_or(field), classifier);
            *self.numbers.entry(fact).or_insert_with(|| {
                self.facts.push(fact);
                self.facts.len() - 1
            })
        });
        self.shapes.insert(shape, number);
        Ok(number)
    }

    /// Takes off who was, and adds who is; `None`: the counts cannot have been of these people.
    fn apply(&self, counts: &mut ConsumerCounts) -> Option<()> {
        let mut changes: HashMap<(u32, u32), i64> = HashMap::new();
        for (side, one) in self.sides.iter().zip([-1, 1]) {
            side.people.iter().for_each(|said| *changes.entry(*said).or_default() += one);
        }
        let add = |to: &mut u64, n| {
            *to = to.checked_add_signed(n)?;
            Some(())
        };
        for ((set, home), n) in changes.into_iter().filter(|c| c.0.0 != NOTHING && c.1 != 0) {
            let facts = || self.sets.get(set).iter().map(|f| self.facts[*f]);
            let place = self.homes.homes().get(home as usize)?.place();
            add(&mut counts.all, n)?;
            for dataset in facts().map(|f| f.0).collect::<BTreeSet<_>>() {
                add(counts.by_dataset.entry(dataset).or_default(), n)?;
                let states = counts.lives.entry(dataset).or_default();
                let at = states.binary_search_by_key(&place, |s| s.0).unwrap_or_else(|at| {
                    states.insert(at, (place, 0));
                    at
                });
                add(&mut states[at].1, n)?;
            }
            for field in facts().map(|f| f.1).collect::<BTreeSet<_>>() {
                add(counts.by_field.entry(field).or_default(), n)?;
            }
            for classifier in facts().map(|f| f.2).collect::<BTreeSet<_>>() {
                add(counts.by_classifier.entry(classifier).or_default(), n)?;
            }
        }
        counts.leave_out_zeros();
        Some(())
    }
}
