//! Whose is each identifier? Numbers for all people at once, so that a question about millions of them needs arrays and no map.
//!
//! The identifiers of all segments are numbered through: those of the first by their ordinals, then those of the second, and so
//! on. A person's number is that of the first of their identifiers. How it is stored whose each is, `rows` tells; what a run changes of it,
//! `renumber`.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::ops::Range;

use rusqlite::Connection;

use super::counted;
use super::error::IndexError;
use super::lives::{self, Home, Lives};
use super::postings::{self, Dictionary, NumberHasher, Segment};
use super::reader::{Reader, blob};
use super::rows::{self, decode, encode};
use super::standing::Standings;
use crate::base::NOTHING;
use crate::identity::{ConsumerId, IdHash};

const TABLES: &str = include_str!("whose.sql");

pub(super) const BROKEN: IndexError = IndexError::Damaged("who is whose breaks off");

/// The condition that object `o` is current.
pub(super) const CURRENT: &str = "o.published = 1 AND o.ended_run IS NULL";

/// Whose an identifier is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// A weak identifier, which names nobody.
    Nobody,
    /// Shared by several people: nobody's in particular.
    Several,
    /// The person of this number, who has no other identifier.
    Alone(u32),
    /// The person of this number, who has others.
    Linked(u32),
}

/// No number of a person.
pub(super) const NO_PERSON: u32 = u32::MAX;

pub(super) const LINKED: u32 = 1 << 31;
pub(super) const SEVERAL: u32 = u32::MAX;
pub(super) const NOBODY: u32 = u32::MAX - 1;
/// Numbers stay below.
const LIMIT: u32 = LINKED - 2;

/// The numbers of all identifiers and people.
#[derive(Debug, Default)]
pub struct Numbering {
    /// Segments, with the number of their first identifier.
    starts: Vec<(i64, u32)>,
    whose: Vec<u32>,
    /// Those that are shared, ascending.
    shared: Vec<u32>,
    lives: Lives,
}

impl Numbering {
    /// How many numbers there are.
    pub fn len(&self) -> usize {
        self.whose.len()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.whose.is_empty()
    }

    /// Whose the identifier of this number is; nobody's for one that is none.
    #[inline]
    pub fn whose(&self, number: u32) -> Whose {
        match self.whose.get(number as usize).copied().unwrap_or(NOBODY) {
            SEVERAL => Whose::Several,
            NOBODY => Whose::Nobody,
            w if w & LINKED != 0 => Whose::Linked(w & !LINKED),
            w => Whose::Alone(w),
        }
    }

    /// The person whom the identifier of this number names; [`NO_PERSON`] where it names nobody or several.
    #[inline]
    pub(super) fn person(&self, number: u32) -> u32 {
        person(self.whose.get(number as usize).copied().unwrap_or(NOBODY))
    }

    /// The numbers of identifiers that several people share, ascending.
    pub fn shared(&self) -> &[u32] {
        &self.shared
    }

    /// The number of a person's home in [`Numbering::homes`].
    #[inline]
    pub fn lives(&self, person: u32) -> u32 {
        self.lives.0.get(person as usize).copied().unwrap_or(NOTHING)
    }

    /// Where people live, each home once; the first is none.
    pub fn homes(&self) -> &[Home] {
        &self.lives.1
    }

    /// The number of the first identifier of a segment.
    pub(super) fn start(&self, segment: i64) -> Result<u32, IndexError> {
        self.starts.iter().find(|s| s.0 == segment).map(|s| s.1).ok_or(BROKEN)
    }

    /// The numbers of a segment's identifiers.
    pub(super) fn numbers(&self, segment: i64) -> Result<Range<u32>, IndexError> {
        let at = self.starts.iter().position(|s| s.0 == segment).ok_or(BROKEN)?;
        Ok(self.starts[at].1..self.starts.get(at + 1).map_or(self.whose.len() as u32, |s| s.1))
    }

    /// The person whom an identifier names, by its ordinal among these; [`NO_PERSON`] where there is none, or several.
    #[inline]
    pub(super) fn person_in(&self, numbers: &Range<u32>, ordinal: u32) -> u32 {
        numbers.start.checked_add(ordinal).filter(|n| *n < numbers.end).map_or(NO_PERSON, |n| self.person(n))
    }

    /// Everybody in a segment of their own.
    fn identity(conn: &Connection) -> Result<Numbering, IndexError> {
        let (starts, next) = starts(&postings::segments(conn)?)?;
        Ok(Numbering { starts, whose: (0..next).collect(), ..Numbering::default() })
    }

    /// Works it out: `standing` gives the identifiers that are not simply a person of their own, in the order of their hashes; `counts` is
    /// the condition that object `o` is current.
    fn work_out(
        conn: &Connection,
        counts: &str,
        standing: &mut dyn FnMut() -> Result<Option<(IdHash, Option<ConsumerId>)>, IndexError>,
    ) -> Result<Numbering, IndexError> {
        let mut out = Numbering::identity(conn)?;
        let mut people = People::default();
        let mut segments: Vec<(u32, Dictionary<'_>)> = Vec::new();
        for (id, start) in &out.starts {
            segments.push((*start, Dictionary::open(conn, *id)?));
        }
        let mut next = standing()?;
        while let Some(hash) = segments.iter().filter_map(|s| s.1.at()).map(|w| w.hash).min() {
            while next.is_some_and(|s| s.0 < hash) {
                next = standing()?;
            }
            // PERF: of millions, most are listed by one segment alone and linked with nobody.
            if next.is_none_or(|s| s.0 > hash) {
                let after = |s: &(u32, Dictionary<'_>)| s.1.at().map(|w| w.hash).filter(|h| *h != hash);
                let until = segments.iter().filter_map(after).chain(next.map(|s| s.0)).min();
                let mut here = segments.iter_mut().filter(|s| s.1.at().is_some_and(|w| w.hash == hash));
                if let (Some((start, alone)), None) = (here.next(), here.next()) {
                    alone.run_until(until, &mut |ordinal, strong| {
                        if !strong && let Some(whose) = start.checked_add(ordinal).and_then(|own| out.whose.get_mut(own as usize)) {
                            *whose = NOBODY;
                        }
                    })?;
                    continue;
                }
            }
            let stands = next.filter(|s| s.0 == hash).map(|s| s.1);
            let is_here = |d: &Dictionary<'_>| d.at().is_some_and(|w| w.hash == hash);
            let strong = stands.is_some() || segments.iter().filter_map(|s| s.1.at()).any(|w| w.hash == hash && w.is_strong());
            let mut one = people.of(stands, strong);
            for (start, d) in &mut segments {
                if !is_here(d) {
                    continue;
                }
                let own = start.checked_add(d.ordinal()).ok_or(BROKEN)?;
                *out.whose.get_mut(own as usize).ok_or(BROKEN)? = one(own);
                d.step()?;
            }
        }
        drop(segments);
        out.find_shared();
        out.lives = lives::work_out(conn, counts, &out)?;
        Ok(out)
    }

    /// Whether another says the same; how it numbers homes does not matter.
    fn is_same(&self, other: &Numbering) -> bool {
        let (ours, theirs) = (self.lives.0.iter(), other.lives.0.iter());
        let same_homes = || ours.zip(theirs).all(|(a, b)| self.homes().get(*a as usize) == other.homes().get(*b as usize));
        self.starts == other.starts && self.whose == other.whose && self.shared == other.shared && same_homes()
    }

    fn find_shared(&mut self) {
        self.shared = (0..).zip(&self.whose).filter(|w| *w.1 == SEVERAL).map(|w| w.0).collect();
    }

    fn load(conn: &Connection) -> Result<Option<Numbering>, IndexError> {
        // What a run has published and not yet settled is not in it.
        if !conn.query_row("SELECT count(*) = 0 FROM unsettled", [], |r| r.get::<_, bool>(0))? || !is_stored(conn)? {
            return Ok(None);
        }
        let mut out = Numbering::stored(conn)?;
        out.lives = lives::load(conn, out.len())?;
        Ok(Some(out))
    }

    /// Whose each is as it is written, without where they live.
    pub(super) fn stored(conn: &Connection) -> Result<Numbering, IndexError> {
        let mut out = Numbering::identity(conn)?;
        let mut q = conn.prepare("SELECT first, data FROM whose WHERE segment_id = ?1 ORDER BY first")?;
        for at in 0..out.starts.len() {
            let (segment, start) = out.starts[at];
            let end = out.starts.get(at + 1).map_or(out.whose.len(), |s| s.1 as usize);
            let mut rows = q.query([segment])?;
            while let Some(r) = rows.next()? {
                rows::each(r.get(0)?, blob(r, 1)?, &mut |ordinal, code| {
                    let own = start.checked_add(ordinal).filter(|n| (*n as usize) < end).ok_or(BROKEN)?;
                    out.whose[own as usize] = decode(code, own, out.whose.len()).ok_or(BROKEN)?;
                    if code == 1 {
                        out.shared.push(own);
                    }
                    Ok(())
                })?;
            }
        }
        Ok(out)
    }
}

/// The person who is told by what stands for an identifier; [`NO_PERSON`] where that is nobody, or several.
#[inline]
pub(super) fn person(whose: u32) -> u32 {
    match whose {
        SEVERAL | NOBODY => NO_PERSON,
        w => w & !LINKED,
    }
}

/// Segments with the number of their first identifier each, and the number behind the last of all.
pub(super) fn starts(segments: &[Segment]) -> Result<(Vec<(i64, u32)>, u32), IndexError> {
    let (mut starts, mut next) = (Vec::with_capacity(segments.len()), 0u32);
    for s in segments {
        starts.push((s.id, next));
        let too_many = IndexError::Damaged("more identifiers than can be numbered");
        next = next.checked_add(s.identifiers()).filter(|n| *n < LIMIT).ok_or(too_many)?;
    }
    Ok((starts, next))
}

/// Consumers of several identifiers by number, as they come up.
#[derive(Default)]
pub(super) struct People(HashMap<u64, u32, BuildHasherDefault<NumberHasher>>);

impl People {
    /// Whose an identifier is, at each of its numbers in turn, ascending. `stands`: what is stored of it; identifiers come in the order of
    /// their hashes.
    pub fn of(&mut self, stands: Option<Option<ConsumerId>>, strong: bool) -> impl FnMut(u32) -> u32 {
        let mut first = None;
        move |own| match stands {
            _ if !strong => NOBODY,
            Some(None) => SEVERAL,
            Some(Some(consumer)) => LINKED | *self.0.entry(u64::from_le_bytes(consumer.0)).or_insert(own),
            None => *first.get_or_insert(own),
        }
    }
}

/// Creates the table where it is missing.
pub(super) fn tables(conn: &Connection) -> Result<(), IndexError> {
    conn.execute_batch(TABLES)?;
    counted::tables(conn)
}

/// What was worked out holds no more. It stays until it is written anew: most of it may hold again.
pub(super) fn outdated(conn: &Connection) -> Result<(), IndexError> {
    conn.prepare_cached("DELETE FROM whose WHERE segment_id = 0")?.execute([])?;
    counted::outdated(conn)
}

/// The same, and nothing of it stays.
pub(super) fn clear(conn: &Connection) -> Result<(), IndexError> {
    conn.execute_batch("DELETE FROM whose; DELETE FROM lives")?;
    counted::outdated(conn)
}

/// Whether it is there.
pub(super) fn is_stored(conn: &Connection) -> Result<bool, IndexError> {
    Ok(conn.query_row("SELECT count(*) > 0 FROM whose WHERE segment_id = 0", [], |r| r.get(0))?)
}

/// Says that all is there.
pub(super) fn complete(conn: &Connection) -> Result<(), IndexError> {
    conn.execute("INSERT INTO whose VALUES (0, 0, ?1)", [postings::seal(&[])])?;
    Ok(())
}

/// Writes it if it is outdated; gives what was worked out for that.
pub(super) fn store(conn: &Connection) -> Result<Option<Numbering>, IndexError> {
    if is_stored(conn)? {
        return Ok(None);
    }
    clear(conn)?;
    let numbering = now(conn)?;
    for (segment, start) in &numbering.starts {
        let numbers = numbering.numbers(*segment)?;
        let told = numbers.map(|own| (own - start, encode(numbering.whose[own as usize], own)));
        rows::write(conn, *segment, told)?;
    }
    lives::store(conn, &numbering.lives)?;
    complete(conn)?;
    Ok(Some(numbering))
}

/// As it is stored, or worked out.
pub(super) fn known(conn: &Connection) -> Result<Numbering, IndexError> {
    match Numbering::load(conn) {
        Ok(Some(stored)) => Ok(stored),
        // What is derived can be derived again.
        Ok(None) | Err(IndexError::Damaged(_)) => now(conn),
        Err(e) => Err(e),
    }
}

/// Works out who is whose by the table of standings.
fn now(conn: &Connection) -> Result<Numbering, IndexError> {
    let mut standings = Standings::new(conn);
    Numbering::work_out(conn, CURRENT, &mut || Ok(standings.step()?.map(|(id, owner)| (id, owner.consumer()))))
}

/// Identifiers by number; cheap where these ascend.
pub struct ByNumber<'r>(Vec<(u32, postings::Names<'r>)>);

impl ByNumber<'_> {
    /// The identifier of a number; an error for one that is none.
    pub fn get(&mut self, number: u32) -> Result<IdHash, IndexError> {
        let (start, names) = self.0.iter_mut().rfind(|s| s.0 <= number).ok_or(BROKEN)?;
        Ok(names.get(number - *start)?.hash)
    }
}

impl Reader {
    /// Whose all identifiers are; worked out at most once.
    pub fn numbering(&self) -> Result<&Numbering, IndexError> {
        if let Some(n) = self.numbering.get() {
            return Ok(n);
        }
        let found = match self.then() {
            Some(scope) => {
                let mut then = scope.standings().into_iter();
                Numbering::work_out(&self.conn, self.counts(), &mut || Ok(then.next()))?
            }
            None => known(&self.conn)?,
        };
        Ok(self.numbering.get_or_init(|| found))
    }

    /// Names of identifiers by number.
    pub fn identifiers_by_number(&self) -> Result<ByNumber<'_>, IndexError> {
        let starts = &self.numbering()?.starts;
        Ok(ByNumber(starts.iter().map(|(id, start)| (*start, postings::Names::new(&self.conn, *id))).collect()))
    }

    /// Whose an identifier is, by its hash; `None` for one that no segment lists.
    pub fn whose(&self, id: IdHash) -> Result<Option<Whose>, IndexError> {
        let numbering = self.numbering()?;
        for s in postings::segments(&self.conn)? {
            if let Some(ordinal) = postings::ordinal(&self.conn, &s, id)? {
                return Ok(Some(numbering.whose(numbering.start(s.id)? + ordinal)));
            }
        }
        Ok(None)
    }

    /// Whether what is stored of [`Reader::numbering`] is what the segments and standings say.
    pub(super) fn numbering_holds(&self) -> Result<bool, IndexError> {
        Ok(Numbering::load(&self.conn)?.is_none_or(|stored| now(&self.conn).is_ok_and(|n| n.is_same(&stored))))
    }
}
