//! Combinations that people have, each once: a person is the number of one, and what is learned of them leads to the next.

use std::collections::HashMap;
use std::hash::Hash;

/// Combinations up to which the way from one to the next is remembered. Of more there are only where people have little in common.
const REMEMBERED: usize = 1 << 12;

/// Who is no one yet: the number of no combination.
pub const NOTHING: u32 = 0;

/// All combinations that anybody has, by number from 1 on.
#[derive(Debug)]
pub struct Combinations<C> {
    all: Vec<C>,
    numbers: HashMap<C, u32>,
    /// By fact and combination, where the fact leads to; `NOTHING`: not known yet.
    next: Vec<Vec<u32>>,
}

impl<C: Clone + Default + Eq + Hash> Default for Combinations<C> {
    fn default() -> Combinations<C> {
        Combinations::new()
    }
}

impl<C: Clone + Default + Eq + Hash> Combinations<C> {
    /// None.
    pub fn new() -> Combinations<C> {
        Combinations { all: vec![C::default()], numbers: HashMap::new(), next: Vec::new() }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.all.len() <= 1
    }

    /// All of them by number; the first is none.
    pub fn all(&self) -> &[C] {
        &self.all
    }

    /// How many there are, with the one that is none.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// The combination of a number.
    pub fn get(&self, number: u32) -> &C {
        &self.all[number as usize]
    }

    /// The number of a combination.
    pub fn number(&mut self, c: C) -> u32 {
        if let Some(n) = self.numbers.get(&c) {
            return *n;
        }
        let n = self.all.len() as u32;
        self.all.push(c.clone());
        self.numbers.insert(c, n);
        n
    }

    /// Where a fact leads to that `learn` adds to a combination. Facts are small numbers, the caller's.
    #[inline]
    pub fn step(&mut self, from: u32, fact: usize, learn: impl FnOnce(&mut C)) -> u32 {
        match self.next.get(fact).and_then(|n| n.get(from as usize)) {
            Some(&to) if to != NOTHING => to,
            _ => self.find(from, fact, learn),
        }
    }

    #[cold]
    fn find(&mut self, from: u32, fact: usize, learn: impl FnOnce(&mut C)) -> u32 {
        let mut c = self.get(from).clone();
        learn(&mut c);
        let to = self.number(c);
        if (from as usize) < REMEMBERED {
            if self.next.len() <= fact {
                self.next.resize_with(fact + 1, Vec::new);
            }
            let next = &mut self.next[fact];
            if next.len() <= from as usize {
                next.resize(from as usize + 1, NOTHING);
            }
            next[from as usize] = to;
        }
        to
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_same_facts_lead_to_the_same_combination() {
        let mut all: Combinations<BTreeSet<usize>> = Combinations::new();
        let mut seen = BTreeSet::new();
        // More combinations than are remembered; any order of facts gives one number.
        for set in 1u32..1 << 14 {
            let facts: Vec<usize> = (0..14).filter(|f| set >> f & 1 == 1).collect();
            let walk = |all: &mut Combinations<BTreeSet<usize>>, facts: &mut dyn Iterator<Item = usize>| {
                facts.fold(NOTHING, |at, f| all.step(at, f, |c| _ = c.insert(f)))
            };
            let up = walk(&mut all, &mut facts.iter().copied());
            let down = walk(&mut all, &mut facts.iter().rev().chain(&facts).copied());
            assert_eq!((up, all.get(up).iter().copied().collect::<Vec<_>>()), (down, facts));
            seen.insert(up);
        }
        assert_eq!((seen.len(), all.len()), ((1 << 14) - 1, 1 << 14));
        assert!(!seen.contains(&NOTHING));
    }
}
