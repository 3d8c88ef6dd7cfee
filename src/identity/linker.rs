//! What stands together in a record: which identifiers it proves to be one person's, and whose its other values are.
//!
//! A link scope is a table row, or a JSON object with its ancestors up to the nearest array element. Where two sibling
//! subtrees hold strong identifiers (sender, recipient) they link neither to each other nor upwards. A scope with two
//! different values of one strong class links nothing. Identifiers in running text never link; what stands on one line
//! with them counts as *possibly* theirs.

use std::collections::HashMap;

use super::groups::{Certainty, Groups};
use super::kernel::{Hit, Kernel};
use super::key::IdHash;
use super::keys::is_key_class;
use super::partition::{Class, KEYS, strength_rank};
use super::refile::{Filed, refile};
use crate::base::{PROSE_SCOPE, ROW_SCOPE};
use crate::classify::Classifiers;
use crate::law::{Clue, Residence};

/// One sighting under one identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Index into the hits that were given.
    pub hit: u32,
    /// The identifier that it is filed under.
    pub id: IdHash,
    /// How sure that is.
    pub certainty: Certainty,
}

/// What the linker found in a window of hits.
#[derive(Debug, Default)]
pub struct Linked {
    /// Sightings that have an owner. A hit may be filed under several identifiers; hits that are missing here are
    /// nobody's (*unattributed*).
    pub anchors: Vec<Anchor>,
    /// Links, each relation once, by the first record that proves it.
    pub groups: Groups,
    /// Weak identifiers and the strong one that they stand with.
    pub weak: Vec<(IdHash, IdHash)>,
    /// What the record says about the residence of the person named by the anchor.
    pub residences: Vec<(IdHash, Residence)>,
}

/// `Row::scope` of running text in a record.
const PROSE: u64 = u64::MAX - 1;

/// A hit with the link scope it stands in, by numbers that are unique in the member.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// What the hit's record is: the row of a table or JSON value, the line of a text.
    pub record: u64,
    /// The scope's number in the member; `u64::MAX` for the row itself.
    pub scope: u64,
}

impl Row {
    /// The link place of a hit of plain text or of a batch whose scopes are numbered by `number`.
    pub fn of(hit: &Hit, text: bool, number: impl Fn(u32) -> u64) -> Row {
        let scope = match hit.scope {
            ROW_SCOPE => u64::MAX,
            PROSE_SCOPE => PROSE,
            own => number(own),
        };
        Row { record: if text { hit.line } else { hit.row }, scope }
    }
}

/// Links hits that have been settled (weak candidates dropped, overlaps resolved).
pub struct Linker<'a> {
    classifiers: &'a Classifiers,
    /// Whether the member is running text, in which nothing links.
    text: bool,
}

impl<'a> Linker<'a> {
    /// A linker for a member; `text` says that it is running text.
    pub fn new(classifiers: &'a Classifiers, text: bool) -> Linker<'a> {
        Linker { classifiers, text }
    }

    /// Links the hits; `rows` is parallel to them, `parent` gives the scope that holds a scope (`None`: a root).
    pub fn link(&self, hits: &[Hit], rows: &[Row], parent: &dyn Fn(u64) -> Option<u64>) -> Linked {
        let classes = self.classifiers;
        let ranks = vec![UNKNOWN; classes.len()];
        let mut work = Work { classifiers: classes, hits, rows, ranks, strong: Vec::new(), filed: Vec::new(), out: Linked::default() };
        work.out.anchors.reserve(hits.len());
        let place = |i: u32| (rows[i as usize].record, hits[i as usize].span.0);
        let mut order: Vec<u32> = (0..hits.len() as u32).collect();
        // Column-major batches bring a record's values far apart.
        if !order.is_sorted_by_key(|i| place(*i)) {
            order.sort_by_cached_key(|i| place(*i));
        }
        for record in order.chunk_by(|a, b| rows[*a as usize].record == rows[*b as usize].record) {
            work.record(record, self.text, parent);
        }
        let Work { mut out, filed, .. } = work;
        let class = |class: u16| match class {
            key if is_key_class(classes.len(), key) => Class { name: KEYS, element: "" },
            class => Class { name: &classes.get(class).id, element: &classes.get(class).element },
        };
        refile(&mut out, &filed, class);
        out
    }
}

/// Not looked up yet, and no strong identifier: places in the order of anchors are smaller.
const UNKNOWN: u8 = u8::MAX;
const NOT_STRONG: u8 = u8::MAX - 1;
/// Keys come last: what stands in a row is filed under what names its person everywhere.
const KEY: u8 = u8::MAX - 2;

/// A window on its way.
struct Work<'w> {
    classifiers: &'w Classifiers,
    hits: &'w [Hit],
    rows: &'w [Row],
    /// PERF: by classifier, the place of its identifiers in the order of anchors.
    ranks: Vec<u8>,
    /// Those of the cluster at hand: place in the order, class, hash.
    strong: Vec<(u8, u16, IdHash)>,
    /// Parallel to the groups.
    filed: Vec<Filed>,
    out: Linked,
}

impl Work<'_> {
    fn record(&mut self, members: &[u32], text: bool, parent: &dyn Fn(u64) -> Option<u64>) {
        let rows = self.rows;
        if members.iter().all(|&i| rows[i as usize].scope == u64::MAX) {
            return self.cluster(members, text, false);
        }
        let (prose, members): (Vec<u32>, Vec<u32>) = members.iter().partition(|&&i| rows[i as usize].scope == PROSE);
        self.cluster(&prose, true, false);
        let members = &members;
        // Scopes are numbered in order of opening, so that children come before their parents when walked backwards.
        let mut own: HashMap<u64, Vec<u32>> = HashMap::new();
        for &i in members {
            let scope = rows[i as usize].scope;
            own.entry(scope).or_default().push(i);
            let mut above = scope;
            while above != u64::MAX
                && let Some(p) = parent(above)
            {
                own.entry(p).or_default();
                above = p;
            }
        }
        let mut scopes: Vec<u64> = own.keys().copied().collect();
        scopes.sort_unstable_by(|a, b| b.cmp(a));
        let mut children: HashMap<u64, Vec<(Vec<u32>, bool)>> = HashMap::new();
        for scope in scopes {
            let mut cluster = own.remove(&scope).unwrap_or_default();
            let mut below = children.remove(&scope).unwrap_or_default();
            let mut strong = |c: &Vec<u32>| c.iter().any(|&i| self.strong(i).is_some());
            let holds: Vec<bool> = below.iter().map(|c| strong(&c.0)).collect();
            let apart = holds.iter().filter(|h| **h).count() > 1;
            let mut several = apart;
            for ((child, mixed), strong) in below.drain(..).zip(holds) {
                if apart && strong {
                    self.cluster(&child, text, mixed);
                } else {
                    several |= mixed;
                    cluster.extend(child);
                }
            }
            match parent(scope).filter(|_| scope != u64::MAX) {
                Some(p) => children.entry(p).or_default().push((cluster, several)),
                None => self.cluster(&cluster, text, several),
            }
        }
    }

    /// A hit that names a person for sure: its place in the order of anchors, class, hash.
    fn strong(&mut self, i: u32) -> Option<(u8, u16, IdHash)> {
        let hit = &self.hits[i as usize];
        let (id, class) = (hit.id?, hit.m.classifier);
        let rank = match self.ranks.get_mut(usize::from(class)) {
            None => KEY,
            Some(rank) => {
                if *rank == UNKNOWN {
                    let strong = Kernel::is_strong(self.classifiers, hit);
                    *rank = if strong { strength_rank(&self.classifiers.get(class).id) as u8 } else { NOT_STRONG };
                }
                *rank
            }
        };
        (rank != NOT_STRONG).then_some((rank, class, id))
    }

    /// Files the hits of one link scope. `several`: people in its subtrees were kept apart, so that what is left may be about
    /// any of them, and a key alone (the buyer's number beside a recipient's address) does not say whose it is.
    fn cluster(&mut self, members: &[u32], text: bool, several: bool) {
        let mut strong = std::mem::take(&mut self.strong);
        strong.clear();
        strong.extend(members.iter().filter_map(|&i| self.strong(i)));
        strong.sort_unstable();
        strong.dedup();
        let ambiguous = strong.windows(2).any(|w| w[0].1 == w[1].1);
        let only_keys = strong.first().is_some_and(|s| s.0 == KEY);
        let sure = !(ambiguous || text || several && only_keys);
        let anchor = strong.first().map(|s| s.2);
        let (anchors, weak) = (self.out.anchors.len(), self.out.weak.len());
        for &i in members {
            let weak = self.hits[i as usize].id;
            let out = &mut self.out;
            let file = |id, certainty| Anchor { hit: i, id, certainty };
            match (weak.is_some() && strong_of(&self.ranks, &self.hits[i as usize]), weak, anchor) {
                (true, Some(id), _) => out.anchors.push(file(id, Certainty::Own)),
                (_, weak, Some(anchor)) if sure => {
                    out.anchors.push(file(anchor, Certainty::Record));
                    out.weak.extend(weak.map(|w| (w, anchor)));
                    out.anchors.extend(weak.map(|w| file(w, Certainty::Weak)));
                }
                (_, weak, _) => {
                    out.anchors.extend(strong.iter().take(POSSIBLE_LIMIT).map(|s| file(s.2, Certainty::Possible)));
                    out.anchors.extend(weak.map(|w| file(w, Certainty::Weak)));
                }
            }
        }
        if let (true, Some(anchor)) = (sure, anchor) {
            let residences = self.out.residences.len();
            let clues: Vec<Clue> = members.iter().filter_map(|&i| self.hits[i as usize].clue).collect();
            Residence::weigh(&clues, &mut |r| self.out.residences.push((anchor, r)));
            if strong.len() > 1 {
                let out = &self.out;
                let residences = residences..out.residences.len();
                self.filed.push(Filed { anchors: anchors..out.anchors.len(), weak: weak..out.weak.len(), residences });
                let row = members.iter().map(|&i| self.hits[i as usize].row).min().unwrap_or(0);
                self.out.groups.push(row, strong.iter().map(|s| (s.1, s.2)));
            }
        }
        self.strong = strong;
    }
}

/// Whether a hit with an identifier whose class was looked up is a strong one.
fn strong_of(ranks: &[u8], hit: &Hit) -> bool {
    ranks.get(usize::from(hit.m.classifier)).is_none_or(|rank| *rank != NOT_STRONG)
}

/// A line with more identifiers than this is a list of people: its other values are possibly anybody's, and filing them
/// under everybody would grow with the square of the line.
const POSSIBLE_LIMIT: usize = 8;

#[cfg(test)]
#[path = "linker_tests.rs"]
mod tests;
