//! The people of an object, and where they live.

use std::collections::{HashMap, HashSet};

use super::answers::Owner;
use super::entries::Entry;
use super::error::IndexError;
use super::postings::{self, Identified, Says};
use super::reader::Reader;
use super::standing;
use crate::identity::IdHash;

impl Reader {
    /// Calls `each` with identifier, whom it names (`None` for weak ones), classifier number, certainty and count of all sightings of an
    /// object that have an owner.
    pub fn people_of_object(&self, object: i64, mut each: impl FnMut(IdHash, Option<Owner>, i64, i64, u64)) -> Result<(), IndexError> {
        let (mut last, mut failed): (Option<(IdHash, Option<Owner>)>, _) = (None, Ok(()));
        postings::of_object(&self.conn, &self.shapes, object, &mut |who, says, count| {
            let Says::Sightings(s) = says else { return };
            if failed.is_err() || !self.counts_in(s.field, s.classifier) {
                return;
            }
            let owner = match last {
                Some((id, owner)) if id == who.hash => owner,
                _ => self.owner_of_identified(who).unwrap_or_else(|e| {
                    failed = Err(e);
                    None
                }),
            };
            last = Some((who.hash, owner));
            each(who.hash, owner, s.classifier, s.certainty, count);
        })?;
        failed
    }

    /// [`Reader::owner_of`] for an identifier that a segment lists.
    fn owner_of_identified(&self, who: &Identified) -> Result<Option<Owner>, IndexError> {
        if self.scope.is_some() || !who.is_strong() {
            return self.owner_of(who.hash);
        }
        Ok(Some(self.standing(who.hash)?.unwrap_or(Owner::Alone(who.consumer))))
    }

    /// Whom an identifier names that is linked or shared.
    pub(super) fn standing(&self, id: IdHash) -> Result<Option<Owner>, IndexError> {
        standing::standing_next(&self.conn, &mut self.standings.borrow_mut(), id)
    }

    /// What records (or only current ones) say about the residence of an identifier's person: state, confidence 0..1 and what
    /// it rests on, surest first.
    pub fn residences(&self, id: IdHash, current_only: bool) -> Result<Vec<StoredResidence>, IndexError> {
        let mut best = Best::default();
        for (_, entry) in self.entries(id, current_only)? {
            if let Entry::Residence(state, percent, basis) = entry {
                best.add(state, percent, basis);
            }
        }
        Ok(best.sorted())
    }

    /// The same for many at once: all objects are gone through. Who has none is left out.
    pub fn residences_of(&self, wanted: &HashSet<IdHash>, current_only: bool) -> Result<HashMap<IdHash, Vec<StoredResidence>>, IndexError> {
        let filter = if current_only { self.counts() } else { "o.published = 1" };
        let mut q = self.conn.prepare(&format!("SELECT o.id FROM object o WHERE {filter}"))?;
        let mut best: HashMap<IdHash, Best> = HashMap::new();
        for object in q.query_map([], |r| r.get(0))? {
            postings::residences_of_object(&self.conn, object?, &mut |id, state, percent, basis| {
                if wanted.contains(&id) {
                    best.entry(id).or_default().add(state, percent, basis);
                }
            })?;
        }
        Ok(best.into_iter().map(|(id, b)| (id, b.sorted())).collect())
    }
}

/// A state (USPS code), how sure it is (0..1), and what it rests on.
pub type StoredResidence = (String, f64, &'static str);

/// The surest word about each state.
#[derive(Default)]
struct Best(Vec<([u8; 2], u8, &'static str)>);

impl Best {
    fn add(&mut self, state: [u8; 2], percent: u8, basis: &'static str) {
        match self.0.iter_mut().find(|b| b.0 == state) {
            Some(b) if percent > b.1 => (b.1, b.2) = (percent, basis),
            Some(_) => {}
            None => self.0.push((state, percent, basis)),
        }
    }

    fn sorted(mut self) -> Vec<StoredResidence> {
        self.0.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        let named = |(s, p, basis): ([u8; 2], u8, _)| (String::from_utf8_lossy(&s).into_owned(), f64::from(p) / 100.0, basis);
        self.0.into_iter().map(named).collect()
    }
}
