//! Everybody in current objects, by facts of the asker's own: small numbers such as those of tenants or categories.
//!
//! Nobody is a record of their own: a person is a number, and what is said of them the number of a set that they share with others.

use std::collections::{BTreeSet, HashMap};

use crate::base::{Combinations, NOTHING};
use crate::identity::Certainty;
use crate::index::{IndexError, Numbering, ObjectRow, Reader, Said, Whose};

/// A list of people in an object.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub object: &'a ObjectRow,
    /// The classifier's number.
    pub classifier: i64,
    /// Whether it is their own identifier.
    pub own: bool,
}

/// People with a certain sighting, and the facts that are true of each.
pub(super) struct Crowd<'r> {
    pub numbering: &'r Numbering,
    of: Vec<u32>,
    sets: Combinations<BTreeSet<u32>>,
}

impl<'r> Crowd<'r> {
    /// Goes through all people of these objects; `facts` says what being on a list means.
    pub fn gather(
        reader: &'r Reader,
        objects: &[ObjectRow],
        facts: &mut dyn FnMut(Seen<'_>, &mut Vec<u32>),
    ) -> Result<Crowd<'r>, IndexError> {
        let numbering = reader.numbering()?;
        let mut out = Crowd { numbering, of: vec![NOTHING; numbering.len()], sets: Combinations::new() };
        let mut here = Vec::new();
        // PERF: what one list says is one step for each person, however many facts it is.
        let mut steps: HashMap<Vec<u32>, usize> = HashMap::new();
        each_list(reader, objects, &mut |seen, people| {
            here.clear();
            facts(seen, &mut here);
            if here.is_empty() {
                return;
            }
            let next = steps.len();
            let step = match steps.get(&here) {
                Some(step) => *step,
                None => *steps.entry(here.clone()).or_insert(next),
            };
            for person in people {
                let at = &mut out.of[person as usize];
                *at = out.sets.step(*at, step, |s| s.extend(&here));
            }
        })?;
        Ok(out)
    }

    /// The facts of a person.
    pub fn facts(&self, person: u32) -> &BTreeSet<u32> {
        self.sets.get(self.of.get(person as usize).copied().unwrap_or(NOTHING))
    }

    /// The sets that there are, by number, and how many people have each; the first is that of nobody.
    pub fn sets(&self) -> Vec<(&BTreeSet<u32>, u64)> {
        let mut n = vec![0u64; self.sets.len()];
        self.of.iter().for_each(|s| n[*s as usize] += 1);
        let mut out: Vec<_> = self.sets.all().iter().zip(n).collect();
        out[0].1 = 0;
        out
    }

    /// People with the number of their set.
    pub fn people(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        (0..).zip(self.of.iter().copied()).filter(|p| p.1 != NOTHING)
    }

    /// The set of a number.
    pub fn set(&self, number: u32) -> &BTreeSet<u32> {
        self.sets.get(number)
    }
}

/// Calls `each` with all certain lists of objects and the people in them; somebody may come twice.
pub(super) fn each_list(
    reader: &Reader,
    objects: &[ObjectRow],
    each: &mut dyn FnMut(Seen<'_>, &mut dyn Iterator<Item = u32>),
) -> Result<(), IndexError> {
    let numbering = reader.numbering()?;
    for object in objects {
        reader.people_of_object(object.id, &mut |list| {
            if let Said::Sightings { classifier, certainty } = list.said
                && certainty <= Certainty::Record as i64
            {
                let mut people = list.who.iter().filter_map(|n| match numbering.whose(n) {
                    Whose::Alone(p) | Whose::Linked(p) => Some(p),
                    _ => None,
                });
                each(Seen { object, classifier, own: certainty == Certainty::Own as i64 }, &mut people);
            }
        })?;
    }
    Ok(())
}
