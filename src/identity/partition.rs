//! All links to consumers: which identifiers are one person's.
//!
//! Union-find over the groups that records prove, after identifiers that are *shared* have been taken out. What is
//! shared is decided on all links together, so that the result does not depend on the order in which objects were read.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::key::{ById, IdHash};

/// Classifiers whose value one person has one of, and no two people have in common, strongest first. The order is
/// also that of anchors: the first identifier of a record is the one its other values are filed under.
const ONE_PER_PERSON: &[&str] = &["us.ssn", "us.itin", "us.mbi", "gb.nino", "gb.nhs", "ca.sin"];

/// Strong classifiers of which a person may have several, strongest first; any other comes after them.
const SEVERAL: &[&str] = &[
    "us.passport",
    "us.driver_license",
    "generic.medical_record_number",
    "generic.email",
    "generic.phone",
    "generic.payment_card",
    "generic.iban",
];

/// How many different values of a class that a person may have several of (e-mail addresses, cards) one identifier may
/// join before it is taken for shared: a support address, a company's telephone.
const HANDFUL: usize = 5;

/// How the names of all keys begin.
pub(super) const KEYS: &str = "key.";

/// The place of a strong classifier in the order of anchors; lower is stronger.
pub fn strength_rank(classifier: &str) -> usize {
    ONE_PER_PERSON.iter().chain(SEVERAL).position(|c| *c == classifier).unwrap_or(ONE_PER_PERSON.len() + SEVERAL.len())
}

/// How many different values of the class an identifier of another class may join. Two people share a telephone or an
/// address, and must not become one consumer over it: with two different social security numbers it is shared.
fn limit(of: Class<'_>, joins: Class<'_>) -> usize {
    // A household's telephone stands in the rows of two customers; one customer who registered twice is known by more than that.
    let household = of.element == "phone" && joins.name.starts_with(KEYS);
    if joins.one_per_person() || household { 1 } else { HANDFUL }
}

/// What is known of a class of identifiers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Class<'a> {
    /// The classifier's id, or a key's name.
    pub name: &'a str,
    /// Its data element.
    pub element: &'a str,
}

impl Class<'_> {
    /// Whether one person has one of it and no two have it in common: a national number, whatever the country.
    fn one_per_person(self) -> bool {
        ONE_PER_PERSON.contains(&self.name) || matches!(self.element, "ssn" | "itin_tax_id" | "other_gov_id" | "state_id")
    }
}

/// Identifiers grouped into consumers.
#[derive(Debug, Default)]
pub struct Partition {
    ids: ById<u32>,
    hashes: Vec<IdHash>,
    classes: Vec<u16>,
    /// Members of all groups, one after the other: a vector a group would cost several times as much.
    members: Vec<u32>,
    /// Where each group ends in `members`.
    ends: Vec<u32>,
}

impl Partition {
    /// An empty one.
    pub fn new() -> Partition {
        Partition::default()
    }

    /// Adds one proven link: identifiers that stand in one record, each with its classifier as any stable number.
    pub fn add(&mut self, members: &[(u16, IdHash)]) {
        for &(class, hash) in members {
            let ordinal = *self.ids.entry(hash).or_insert_with(|| {
                self.hashes.push(hash);
                self.classes.push(class);
                (self.hashes.len() - 1) as u32
            });
            self.members.push(ordinal);
        }
        self.ends.push(self.members.len() as u32);
    }

    fn groups(&self) -> impl Iterator<Item = &[u32]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| &self.members[start as usize..end as usize])
    }

    /// The consumers of two or more identifiers, each sorted by hash (the first names the consumer), and the shared
    /// identifiers, sorted. `name` tells of a classifier number what it is. The links are gone then: there may be millions.
    pub fn solve<'n>(self, name: impl Fn(u16) -> Class<'n>) -> (Vec<Vec<IdHash>>, Vec<IdHash>) {
        self.solve_where(name, &HashSet::new())
    }

    /// The same where `several` are known to be shared, by more links than these.
    pub fn solve_where<'n>(mut self, name: impl Fn(u16) -> Class<'n>, several: &HashSet<IdHash>) -> (Vec<Vec<IdHash>>, Vec<IdHash>) {
        // PERF: of all links there are; what is not needed any more goes before more is asked for.
        self.ids = ById::default();
        let shared = self.shared(name, several);
        // In the order of hashes the root of a set is its smallest, sets come in the order of theirs, and members of a set, too.
        let mut order: Vec<(u128, u32)> = (0u32..).zip(&self.hashes).map(|(i, h)| (u128::from_be_bytes(h.0), i)).collect();
        (self.hashes, self.classes) = (Vec::new(), Vec::new());
        order.sort_unstable();
        let mut ranks = vec![0u32; order.len()];
        (0u32..).zip(&order).for_each(|(rank, o)| ranks[o.1 as usize] = rank);
        let mut parent: Vec<u32> = (0..order.len() as u32).collect();
        for group in self.groups() {
            let mut proven = group.iter().copied().filter(|i| !shared[*i as usize]).map(|i| ranks[i as usize]);
            if let Some(first) = proven.next() {
                for other in proven {
                    let (a, b) = (root(&mut parent, first), root(&mut parent, other));
                    parent[a.max(b) as usize] = a.min(b);
                }
            }
        }
        (self.members, self.ends) = (Vec::new(), Vec::new());
        drop(ranks);
        let mut sizes = vec![0u32; parent.len()];
        for i in 0..parent.len() {
            // Whoever is smaller points to its root already.
            parent[i] = parent[parent[i] as usize];
            sizes[parent[i] as usize] += 1;
        }
        let mut consumers: Vec<Vec<IdHash>> = Vec::new();
        for (i, (hash, _)) in (0u32..).zip(&order) {
            let hash = IdHash(hash.to_be_bytes());
            let root = parent[i as usize];
            let size = sizes[root as usize];
            if root == i && size > 1 {
                let mut set = Vec::with_capacity(size as usize);
                set.push(hash);
                // From here on the size of a set is its number.
                sizes[i as usize] = consumers.len() as u32;
                consumers.push(set);
            } else if root != i {
                consumers[size as usize].push(hash);
            }
            debug_assert!(root <= i);
        }
        let shared = order.iter().filter(|o| shared[o.1 as usize]).map(|o| IdHash(o.0.to_be_bytes())).collect();
        (consumers, shared)
    }

    /// All identifiers for which these links are enough to be shared; more links do not change that.
    pub(super) fn all_shared<'n>(&self, name: impl Fn(u16) -> Class<'n>) -> HashSet<IdHash> {
        self.hashes.iter().zip(self.shared(name, &HashSet::new())).filter(|s| s.1).map(|s| *s.0).collect()
    }

    /// Whether these links are enough for an identifier to be shared; more links do not change that.
    pub fn is_shared<'n>(&self, id: IdHash, name: impl Fn(u16) -> Class<'n>) -> bool {
        self.ids.get(&id).is_some_and(|i| self.shared(name, &HashSet::new())[*i as usize])
    }

    /// Which identifiers join more values of a class than one person has, or are known to.
    fn shared<'n>(&self, name: impl Fn(u16) -> Class<'n>, several: &HashSet<IdHash>) -> Vec<bool> {
        // PERF: there are few classes; a table of them is asked for each pair of each link.
        let known: Vec<u16> = self.classes.iter().copied().collect::<BTreeSet<u16>>().into_iter().collect();
        let limits: Vec<usize> = known.iter().flat_map(|a| known.iter().map(|b| limit(name(*a), name(*b)))).collect();
        let number = |class: u16| known.partition_point(|k| *k < class);
        let classes: Vec<usize> = self.classes.iter().map(|c| number(*c)).collect();
        let mut shared: Vec<bool> = self.hashes.iter().map(|h| !several.is_empty() && several.contains(h)).collect();
        // Most identifiers have few neighbours, so that the first three of them need no vector.
        let mut few = vec![[u32::MAX; 3]; self.hashes.len()];
        let mut many: HashMap<u32, Vec<u32>> = HashMap::new();
        for group in self.groups() {
            for &a in group {
                for &b in group {
                    let class = classes[b as usize];
                    if class == classes[a as usize] || shared[a as usize] {
                        continue;
                    }
                    let first = &mut few[a as usize];
                    if first.contains(&b) || many.get(&a).is_some_and(|m| m.contains(&b)) {
                        continue;
                    }
                    match first.iter_mut().find(|n| **n == u32::MAX) {
                        Some(free) => *free = b,
                        None => many.entry(a).or_default().push(b),
                    }
                    let seen = first.iter().filter(|n| **n != u32::MAX).chain(many.get(&a).into_iter().flatten());
                    if seen.filter(|n| classes[**n as usize] == class).count() > limits[classes[a as usize] * known.len() + class] {
                        shared[a as usize] = true;
                        many.remove(&a);
                    }
                }
            }
        }
        shared
    }
}

fn root(parent: &mut [u32], mut i: u32) -> u32 {
    while parent[i as usize] != i {
        parent[i as usize] = parent[parent[i as usize] as usize];
        i = parent[i as usize];
    }
    i
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLASSES: &[(&str, &str)] = &[
        ("us.ssn", "ssn"),
        ("generic.email", "email"),
        ("generic.phone", "phone"),
        ("key.customer", "unique_identifier"),
        ("fi.hetu", "other_gov_id"),
    ];

    fn id(class: u16, n: u8) -> (u16, IdHash) {
        let mut h = [n; 16];
        h[15] = class as u8;
        (class, IdHash(h))
    }

    fn solve(groups: &[Vec<(u16, IdHash)>]) -> (Vec<Vec<IdHash>>, Vec<IdHash>) {
        let mut p = Partition::new();
        groups.iter().for_each(|g| p.add(g));
        p.solve(|c| Class { name: CLASSES[c as usize].0, element: CLASSES[c as usize].1 })
    }

    #[test]
    fn chains_of_records_make_one_consumer() {
        let (c, shared) = solve(&[vec![id(0, 1), id(1, 1)], vec![id(0, 1), id(1, 2)], vec![id(1, 2), id(2, 9)], vec![id(1, 7), id(2, 8)]]);
        assert_eq!(c.iter().map(Vec::len).collect::<Vec<_>>(), [4, 2]);
        assert!(shared.is_empty());
    }

    #[test]
    fn a_support_address_joins_nobody() {
        let groups: Vec<_> = (1..=6).map(|n| vec![id(2, n), id(1, 99)]).collect();
        assert_eq!(solve(&groups[..5]).0.len(), 1, "a handful of phones is one person");
        let (c, shared) = solve(&groups);
        assert!(c.is_empty());
        assert_eq!(shared, [id(1, 99).1]);
    }

    #[test]
    fn a_telephone_of_two_people_joins_neither() {
        let (c, shared) = solve(&[vec![id(0, 1), id(1, 1), id(2, 5)], vec![id(0, 2), id(1, 2), id(2, 5)]]);
        assert_eq!(shared, [id(2, 5).1]);
        assert_eq!(c.len(), 2, "each keeps the address beside the number");
    }

    #[test]
    fn a_telephone_of_two_customers_joins_neither() {
        let (c, shared) = solve(&[vec![id(3, 1), id(1, 1), id(2, 5)], vec![id(3, 2), id(1, 2), id(2, 5)]]);
        assert_eq!((c.len(), shared), (2, vec![id(2, 5).1]));
        // An address of two customer numbers is one person's who registered twice.
        let (c, shared) = solve(&[vec![id(3, 1), id(1, 1)], vec![id(3, 2), id(1, 1)]]);
        assert_eq!((c.len(), shared), (1, vec![]));
        // National numbers of all countries are one a person.
        let (c, shared) = solve(&[vec![id(4, 1), id(1, 1)], vec![id(4, 2), id(1, 1)]]);
        assert_eq!((c.len(), shared), (0, vec![id(1, 1).1]));
    }

    proptest::proptest! {
        #[test]
        fn the_order_of_records_does_not_matter(
            mut groups in proptest::collection::vec(proptest::collection::vec((0u16..5, 0u8..12), 1..4), 0..40),
            seed in proptest::prelude::any::<u64>(),
        ) {
            let build = |g: &[Vec<(u16, u8)>]| solve(&g.iter().map(|g| g.iter().map(|&(c, n)| id(c, n)).collect()).collect::<Vec<_>>());
            let before = build(&groups);
            let mut s = seed;
            for i in (1..groups.len()).rev() {
                s = s.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                groups.swap(i, (s >> 33) as usize % (i + 1));
            }
            proptest::prop_assert_eq!(before, build(&groups));
        }
    }
}
