//! Everybody who is affected, one by one: made only where somebody asked for a list.

use std::collections::BTreeSet;

use super::combination::Residences;
use super::people::People;
use super::{Person, Question};
use crate::base::NOTHING;
use crate::identity::{ConsumerId, IdHash};
use crate::index::{ByNumber, IndexError, Owner};
use crate::law::{Elements, Fits};

impl People<'_> {
    /// One line a person, ordered by id.
    pub fn list(&self, q: &Question<'_>) -> Result<Vec<Person>, IndexError> {
        // PERF: the set of an element is found by its name, which is not done for each person.
        let known: Vec<(&String, Elements)> = self.elements.iter().map(|e| (e, Elements::of(e))).collect();
        let words = |set: Elements| known.iter().filter(|e| set.meets(e.1)).map(|e| e.0.clone()).collect::<BTreeSet<_>>();
        let fits = |f: Fits| match f {
            Fits::Certain => "certain",
            Fits::Likely => "likely",
            Fits::Upper => "upper",
        };
        let (mut out, mut names) = (Vec::new(), self.reader.identifiers_by_number()?);
        for (person, &c) in (0u32..).zip(&self.exposed).filter(|p| *p.1 != NOTHING) {
            let Some((consumer, _)) = self.consumer(person, &mut names)? else { continue };
            let exposed = self.combinations.get(c);
            let residence = Residences::of(&self.home(person));
            let state = residence.primary.as_ref().map(|s| s.0.clone());
            let rules = q.law.rules_of(state.as_deref().unwrap_or(""));
            let legal = exposed.legal();
            let datasets = self.datasets.as_ref().map(|(sets, known)| known.get(sets[person as usize]).clone()).unwrap_or_default();
            out.push(Person {
                consumer,
                state_basis: residence.primary.as_ref().map(|s| s.2),
                state_confidence: residence.primary.as_ref().map_or(0.0, |s| f64::from(s.1) / 100.0),
                other_states: residence.others,
                elements: words(exposed.named.certain),
                possible: words(exposed.named.possible.without(exposed.named.certain)),
                certain: exposed.certain,
                rules: rules.filter_map(|r| r.fits(&legal, q.assumed).map(|f| (r.id.clone(), fits(f)))).collect(),
                datasets: datasets.into_iter().filter_map(|d| self.dataset_names.get(d as usize).cloned()).collect(),
                identifiers: if q.identifiers { self.identifiers(person, &mut names)? } else { Vec::new() },
                state,
            });
        }
        out.sort_by_key(|p| p.consumer);
        Ok(out)
    }

    /// A person's id, and whether they have others beside this identifier.
    fn consumer(&self, person: u32, names: &mut ByNumber<'_>) -> Result<Option<(ConsumerId, Option<IdHash>)>, IndexError> {
        let id = names.get(person)?;
        Ok(match self.reader.owner_of(id)? {
            Some(Owner::Alone(c)) => Some((c, Some(id))),
            Some(Owner::Linked(c)) => Some((c, None)),
            Some(Owner::Several) => None,
            // Exposed in a version that did not count at the moment of the answer.
            None => self.reader.on_its_own(id)?.map(|c| (c, Some(id))),
        })
    }

    fn identifiers(&self, person: u32, names: &mut ByNumber<'_>) -> Result<Vec<IdHash>, IndexError> {
        let (mut alone, mut linked) = (BTreeSet::new(), BTreeSet::new());
        for member in self.joined.get(&person).map_or(&[person][..], Vec::as_slice) {
            match self.consumer(*member, names)? {
                Some((_, Some(id))) => _ = alone.insert(id),
                Some((c, None)) => _ = linked.insert(c),
                None => {}
            }
        }
        let mut out: Vec<IdHash> = alone.into_iter().collect();
        for c in linked {
            out.extend(self.reader.identifiers(c)?.into_iter().map(|i| i.0));
        }
        Ok(out)
    }
}
