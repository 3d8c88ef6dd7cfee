//! Everybody who is affected, one by one: made only where somebody asked for a list.

use std::collections::{BTreeSet, HashMap};

use super::combination::Residences;
use super::people::People;
use super::{Person, Question};
use crate::base::NOTHING;
use crate::identity::{Certainty, ConsumerId, IdHash};
use crate::index::{ByNumber, IndexError, Owner, Said, Whose};
use crate::law::{Elements, Fits};
use crate::query::crowd::Bits;

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
        let (most, behind) = q.part.unwrap_or((usize::MAX, 0));
        let some = match q.part {
            None => HashMap::new(),
            Some(_) => self.datasets_of(q, (0u32..).zip(&self.exposed).filter(|p| *p.1 != NOTHING).skip(behind).take(most).map(|p| p.0))?,
        };
        for (person, &c) in (0u32..).zip(&self.exposed).filter(|p| *p.1 != NOTHING).skip(behind).take(most) {
            let Some((consumer, _)) = self.consumer(person, &mut names)? else { continue };
            let exposed = self.combinations.get(c);
            let residence = Residences::of(&self.home(person));
            let state = residence.primary.as_ref().map(|s| s.0.clone());
            let rules = q.law.rules_of(state.as_deref().unwrap_or(""));
            let legal = exposed.legal();
            let datasets = match &self.datasets {
                Some((sets, known)) => known.get(sets[person as usize]).clone(),
                None => some.get(&person).cloned().unwrap_or_default(),
            };
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

    /// The datasets of some people, by going through everybody once more: of millions the sets of all would be too many.
    fn datasets_of(&self, q: &Question<'_>, people: impl Iterator<Item = u32>) -> Result<HashMap<u32, BTreeSet<u32>>, IndexError> {
        let (mut wanted, mut counts_as) = (Bits::new(self.numbering.len()), HashMap::new());
        for person in people {
            for member in self.joined.get(&person).map_or(&[person][..], Vec::as_slice) {
                wanted.add(*member);
                counts_as.insert(*member, person);
            }
        }
        let number: HashMap<&str, u32> = self.dataset_names.iter().map(String::as_str).zip(0..).collect();
        let mut out: HashMap<u32, BTreeSet<u32>> = HashMap::new();
        for o in q.exposed.iter().map(|e| &e.object) {
            let Some(dataset) = number.get(o.dataset.as_str()) else { continue };
            self.reader.people_of_object(o.id, &mut |list| {
                if !matches!(list.said, Said::Sightings { certainty, .. } if certainty <= Certainty::Possible as i64) {
                    return;
                }
                for n in list.who.iter() {
                    if let Whose::Alone(p) | Whose::Linked(p) = self.numbering.whose(n)
                        && wanted.has(p)
                    {
                        out.entry(counts_as[&p]).or_default().insert(*dataset);
                    }
                }
            })?;
        }
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
