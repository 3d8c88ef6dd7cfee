//! Everybody in current objects, by facts of the asker's own: small numbers such as those of tenants or categories.
//!
//! Nobody is a record of their own: a person is a number, what is said of them bits of a mask, and people of the same mask share a set.

use std::collections::{BTreeSet, HashMap};

use crate::base::{ByNumber, NOTHING};
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

/// People as bits.
pub(super) struct Bits(Vec<u64>);

impl Bits {
    /// Nobody of so many.
    pub fn new(people: usize) -> Bits {
        Bits(vec![0; people / 64 + 1])
    }

    /// Adds a person; whether they were not there before.
    pub fn add(&mut self, person: u32) -> bool {
        let (word, bit) = (&mut self.0[person as usize / 64], 1 << (person % 64));
        let new = *word & bit == 0;
        *word |= bit;
        new
    }

    /// Whether a person is there.
    pub fn has(&self, person: u32) -> bool {
        self.0[person as usize / 64] >> (person % 64) & 1 == 1
    }

    /// How many are in both.
    pub fn both(&self, other: &Bits) -> u64 {
        self.0.iter().zip(&other.0).map(|(a, b)| u64::from((a & b).count_ones())).sum()
    }

    /// Takes a person out.
    pub fn remove(&mut self, person: u32) {
        self.0[person as usize / 64] &= !(1 << (person % 64));
    }

    /// One after the other.
    pub fn each(&self) -> impl Iterator<Item = u32> + '_ {
        (0..)
            .zip(&self.0)
            .filter(|w| *w.1 != 0)
            .flat_map(|(at, word): (u32, &u64)| (0..64).filter(move |b| word >> b & 1 == 1).map(move |b| at * 64 + b))
    }
}

/// Bytes that masks of all people may take; while they grow, the old ones are there as well.
const MOST_BYTES: usize = 1 << 30;

/// A mask of facts for each person: a bit a fact, in the order in which facts were first met.
struct Masks {
    people: usize,
    /// Words of a mask.
    words: usize,
    of: Vec<u64>,
    bits: HashMap<u32, usize>,
    facts: Vec<u32>,
    /// Bytes that they may take; one word each they always do.
    most: usize,
    /// There were more facts than there is room for: the masks are not to be used.
    full: bool,
}

impl Masks {
    fn new(people: usize, most: usize) -> Masks {
        Masks { people, words: 1, of: vec![0; people], bits: HashMap::new(), facts: Vec::new(), most, full: false }
    }

    /// The facts as words of a mask that are not empty, with their position.
    fn mask(&mut self, facts: &[u32]) -> Vec<(usize, u64)> {
        if self.full {
            return Vec::new();
        }
        let mut out: Vec<(usize, u64)> = Vec::with_capacity(1);
        for fact in facts {
            let bit = *self.bits.entry(*fact).or_insert_with(|| {
                self.facts.push(*fact);
                self.facts.len() - 1
            });
            match out.iter_mut().find(|w| w.0 == bit / 64) {
                Some(word) => word.1 |= 1 << (bit % 64),
                None => out.push((bit / 64, 1 << (bit % 64))),
            }
        }
        let words = self.facts.len().div_ceil(64).max(1);
        if words > self.words {
            if self.people.saturating_mul(words + self.words).saturating_mul(8) > self.most {
                (self.full, self.of) = (true, Vec::new());
                return Vec::new();
            }
            let mut wider = vec![0; self.people * words];
            for (new, old) in wider.chunks_exact_mut(words).zip(self.of.chunks_exact(self.words)) {
                new[..self.words].copy_from_slice(old);
            }
            (self.of, self.words) = (wider, words);
        }
        out
    }

    fn learn(&mut self, person: u32, mask: &[(usize, u64)]) {
        let at = person as usize * self.words;
        for (word, bits) in mask {
            self.of[at + word] |= bits;
        }
    }

    /// By person the number of their set, and the sets; the first is that of nobody.
    fn sets(self) -> (Vec<u32>, Vec<BTreeSet<u32>>) {
        let (mut of, mut sets) = (Vec::with_capacity(self.people), vec![BTreeSet::new()]);
        let mut numbers: ByNumber<&[u64], u32> = ByNumber::default();
        // PERF: a mask of one word is looked up as a number.
        let mut short: ByNumber<u64, u32> = ByNumber::default();
        let set = |mask: &[u64]| -> BTreeSet<u32> {
            let is = |bit: &usize| mask[bit / 64] >> (bit % 64) & 1 == 1;
            (0..self.facts.len()).filter(is).map(|bit| self.facts[bit]).collect()
        };
        for mask in self.of.chunks_exact(self.words) {
            let next = sets.len() as u32;
            let number = match mask {
                [0] => NOTHING,
                [one] => *short.entry(*one).or_insert(next),
                _ if mask.iter().all(|w| *w == 0) => NOTHING,
                _ => *numbers.entry(mask).or_insert(next),
            };
            if number == next {
                sets.push(set(mask));
            }
            of.push(number);
        }
        (of, sets)
    }
}

/// People with a certain sighting, and the facts that are true of each.
pub(super) struct Crowd<'r> {
    pub numbering: &'r Numbering,
    of: Vec<u32>,
    sets: Vec<BTreeSet<u32>>,
}

impl<'r> Crowd<'r> {
    /// Goes through all people of these objects; `facts` says what being on a list means.
    pub fn gather(
        reader: &'r Reader,
        objects: &[ObjectRow],
        facts: &mut dyn FnMut(Seen<'_>, &mut Vec<u32>),
    ) -> Result<Crowd<'r>, IndexError> {
        let numbering = reader.numbering()?;
        let mut masks = Masks::new(numbering.len(), MOST_BYTES);
        let mut here = Vec::new();
        each_list(reader, objects, &mut |seen, people| {
            here.clear();
            facts(seen, &mut here);
            let mask = masks.mask(&here);
            if !mask.is_empty() {
                people.iter().for_each(|person| masks.learn(*person, &mask));
            }
        })?;
        if masks.full {
            return Err(IndexError::TooMany { people: masks.people as u64, facts: masks.facts.len() as u64 });
        }
        let (of, sets) = masks.sets();
        Ok(Crowd { numbering, of, sets })
    }

    /// The facts of a person.
    pub fn facts(&self, person: u32) -> &BTreeSet<u32> {
        self.set(self.of.get(person as usize).copied().unwrap_or(NOTHING))
    }

    /// The sets that there are, by number, and how many people have each; the first is that of nobody.
    pub fn sets(&self) -> Vec<(&BTreeSet<u32>, u64)> {
        let mut n = vec![0u64; self.sets.len()];
        self.of.iter().for_each(|s| n[*s as usize] += 1);
        n[0] = 0;
        self.sets.iter().zip(n).collect()
    }

    /// People with the number of their set.
    pub fn people(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        (0..).zip(self.of.iter().copied()).filter(|p| p.1 != NOTHING)
    }

    /// The set of a number.
    pub fn set(&self, number: u32) -> &BTreeSet<u32> {
        &self.sets[number as usize]
    }
}

/// Calls `each` with all certain lists of objects and the people in them; somebody may come twice.
pub(super) fn each_list(reader: &Reader, objects: &[ObjectRow], each: &mut dyn FnMut(Seen<'_>, &[u32])) -> Result<(), IndexError> {
    let numbering = reader.numbering()?;
    let mut people = Vec::new();
    for object in objects {
        reader.people_of_object(object.id, &mut |list| {
            if let Said::Sightings { classifier, certainty } = list.said
                && certainty <= Certainty::Record as i64
            {
                people.clear();
                people.extend(list.who.iter().filter_map(|n| match numbering.whose(n) {
                    Whose::Alone(p) | Whose::Linked(p) => Some(p),
                    _ => None,
                }));
                each(Seen { object, classifier, own: certainty == Certainty::Own as i64 }, &people);
            }
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_sets() {
        let (mut a, mut b) = (Bits::new(200), Bits::new(200));
        assert_eq!([0, 63, 64, 199, 199].map(|p| a.add(p)), [true, true, true, true, false]);
        [63, 100, 199].into_iter().for_each(|p| _ = b.add(p));
        assert_eq!((a.both(&b), a.each().collect::<Vec<_>>()), (2, vec![0, 63, 64, 199]));
        assert!(b.has(100) && !a.has(100));
        b.remove(100);
        assert_eq!(b.each().collect::<Vec<_>>(), [63, 199]);
    }

    #[test]
    fn masks_have_an_end() {
        let mut masks = Masks::new(1000, 40_000);
        let fits = |masks: &mut Masks, n: u32| (0..n).all(|fact| !masks.mask(&[fact]).is_empty());
        // Two words beside three are 40 000 bytes.
        assert!(fits(&mut masks, 192) && !masks.full && masks.of.len() == 3000);
        assert!(!fits(&mut masks, 193) && masks.full && masks.of.is_empty());
        assert!(masks.mask(&[0]).is_empty());
    }

    /// Masks of one word and of several, which grow while people are met, against sets.
    #[test]
    fn masks_are_sets() {
        for most in [5u32, 64, 65, 300] {
            let mut masks = Masks::new(500, usize::MAX);
            let mut want: Vec<BTreeSet<u32>> = vec![BTreeSet::new(); 500];
            for step in 0..2_000u32 {
                // The last people are in no list.
                let (person, fact) = (step.wrapping_mul(2_654_435_761) >> 8, step * step % (step % most + 1));
                let (person, facts) = (person % 490, [fact * 7, most * 7]);
                let facts = &facts[..1 + usize::from(step % 11 == 0)];
                let mask = masks.mask(facts);
                masks.learn(person, &mask);
                want[person as usize].extend(facts);
            }
            let (of, sets) = masks.sets();
            assert!(of.iter().zip(&want).all(|(n, set)| sets[*n as usize] == *set), "{most}");
            assert_eq!(sets.len(), want.iter().collect::<BTreeSet<_>>().len(), "{most}: a set for each mask");
            assert!(of[490..].iter().all(|n| *n == NOTHING));
        }
    }
}
