//! What stands together in a record: which identifiers it proves to be one person's, and whose its other values are.
//!
//! A link scope is a table row, or a JSON object with its ancestors up to the nearest array element. Where two sibling
//! subtrees hold strong identifiers (sender, recipient) they link neither to each other nor upwards. A scope with two
//! different values of one strong class links nothing. Identifiers in running text never link; what stands on one line
//! with them counts as *possibly* theirs.

use std::collections::HashMap;

use super::kernel::{Hit, Kernel, StateClue};
use super::key::IdHash;
use super::keys::is_key_class;
use super::partition::strength_rank;
use crate::base::{PROSE_SCOPE, ROW_SCOPE};
use crate::classify::Classifiers;
use crate::law::Residence;

/// How sure it is that a sighting is about the person named by its anchor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Certainty {
    /// The sighting is the identifier itself.
    Own = 0,
    /// It stands in a record that the identifier names.
    Record = 1,
    /// It stands with several people's identifiers, or with one in running text.
    Possible = 2,
    /// The sighting is a weak identifier: it can be looked up but makes nobody a consumer.
    Weak = 3,
}

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

/// Identifiers that one record holds together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The row that proves it.
    pub row: u64,
    /// At least two strong identifiers with their classifiers, ordered.
    pub members: Vec<(u16, IdHash)>,
}

/// What the linker found in a window of hits.
#[derive(Debug, Default)]
pub struct Linked {
    /// Sightings that have an owner. A hit may be filed under several identifiers; hits that are missing here are
    /// nobody's (*unattributed*).
    pub anchors: Vec<Anchor>,
    /// Links.
    pub groups: Vec<Group>,
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
        let mut out = Linked::default();
        let mut order: Vec<u32> = (0..hits.len() as u32).collect();
        // Column-major batches bring a record's values far apart.
        order.sort_by_key(|&i| (rows[i as usize].record, hits[i as usize].span.0));
        let mut at = 0;
        while at < order.len() {
            let record = rows[order[at] as usize].record;
            let end = at + order[at..].iter().take_while(|&&i| rows[i as usize].record == record).count();
            self.record(hits, rows, &order[at..end], parent, &mut out);
            at = end;
        }
        out
    }

    fn record(&self, hits: &[Hit], rows: &[Row], members: &[u32], parent: &dyn Fn(u64) -> Option<u64>, out: &mut Linked) {
        if members.iter().all(|&i| rows[i as usize].scope == u64::MAX) {
            return self.cluster(hits, members, false, out);
        }
        let (prose, members): (Vec<u32>, Vec<u32>) = members.iter().partition(|&&i| rows[i as usize].scope == PROSE);
        Linker { text: true, ..*self }.cluster(hits, &prose, false, out);
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
            let strong = |c: &Vec<u32>| c.iter().any(|&i| self.strong(&hits[i as usize]).is_some());
            let apart = below.iter().filter(|c| strong(&c.0)).count() > 1;
            let mut several = apart;
            for (child, mixed) in below.drain(..) {
                if apart && strong(&child) {
                    self.cluster(hits, &child, mixed, out);
                } else {
                    several |= mixed;
                    cluster.extend(child);
                }
            }
            match parent(scope).filter(|_| scope != u64::MAX) {
                Some(p) => children.entry(p).or_default().push((cluster, several)),
                None => self.cluster(hits, &cluster, several, out),
            }
        }
    }

    fn strong(&self, hit: &Hit) -> Option<(u16, IdHash)> {
        hit.id.filter(|_| Kernel::is_strong(self.classifiers, hit)).map(|id| (hit.m.classifier, id))
    }

    /// Keys come last: what stands in a row is filed under what names its person everywhere.
    fn rank(&self, class: u16) -> usize {
        if is_key_class(self.classifiers.len(), class) { usize::MAX } else { strength_rank(&self.classifiers.get(class).id) }
    }

    /// Files the hits of one link scope. `several`: people in its subtrees were kept apart, so that what is left may be about
    /// any of them, and a key alone (the buyer's number beside a recipient's address) does not say whose it is.
    fn cluster(&self, hits: &[Hit], members: &[u32], several: bool, out: &mut Linked) {
        let mut strong: Vec<(u16, IdHash)> = members.iter().filter_map(|&i| self.strong(&hits[i as usize])).collect();
        strong.sort_unstable_by_key(|(c, id)| (self.rank(*c), *c, *id));
        strong.dedup();
        let ambiguous = strong.windows(2).any(|w| w[0].0 == w[1].0);
        let only_keys = strong.first().is_some_and(|s| is_key_class(self.classifiers.len(), s.0));
        let sure = !(ambiguous || self.text || several && only_keys);
        let anchor = strong.first().map(|s| s.1);
        for &i in members {
            let hit = &hits[i as usize];
            let file = |id, certainty| Anchor { hit: i, id, certainty };
            match (self.strong(hit), hit.id, anchor) {
                (Some((_, id)), ..) => out.anchors.push(file(id, Certainty::Own)),
                (None, weak, Some(anchor)) if sure => {
                    out.anchors.push(file(anchor, Certainty::Record));
                    out.weak.extend(weak.map(|w| (w, anchor)));
                    out.anchors.extend(weak.map(|w| file(w, Certainty::Weak)));
                }
                (None, weak, _) => {
                    out.anchors.extend(strong.iter().take(POSSIBLE_LIMIT).map(|s| file(s.1, Certainty::Possible)));
                    out.anchors.extend(weak.map(|w| file(w, Certainty::Weak)));
                }
            }
        }
        if let (true, Some(anchor)) = (sure, anchor) {
            out.residences.extend(residence(hits, members).map(|r| (anchor, r)));
            if strong.len() > 1 {
                let row = members.iter().map(|&i| hits[i as usize].row).min().unwrap_or(0);
                out.groups.push(Group { row, members: strong });
            }
        }
    }
}

/// A line with more identifiers than this is a list of people: its other values are possibly anybody's, and filing them
/// under everybody would grow with the square of the line.
const POSSIBLE_LIMIT: usize = 8;

/// The residence that a cluster's values name; nothing where it names two different ones of a kind (two addresses).
fn residence(hits: &[Hit], members: &[u32]) -> Option<Residence> {
    let (mut zip, mut name) = (None, None);
    for &i in members {
        let (slot, state) = match hits[i as usize].state {
            Some(StateClue::Zip(s)) => (&mut zip, s),
            Some(StateClue::Name(s)) => (&mut name, s),
            None => continue,
        };
        if slot.is_some_and(|seen| seen != state) {
            return None;
        }
        *slot = Some(state);
    }
    Residence::weigh(zip, name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Evidence, Match, NO_CELL};
    use crate::classify::Identity;

    /// A hit: classifier, row, scope, the person's number in the place of a value.
    fn hit(c: &Classifiers, id: &str, row: u64, scope: u64, value: u8, at: u64) -> (Hit, Row) {
        let classifier = match id {
            "key" => c.len() as u16,
            _ => c.index_of(id).unwrap_or_else(|| panic!("no classifier {id}")),
        };
        let m = Match { start: 0, end: 1, cell: NO_CELL, classifier, pattern: 0, confidence: 0.9, evidence: Evidence::default() };
        let named = id == "key" || c.get(classifier).identity != Identity::None;
        let mut hash = [classifier as u8; 16];
        hash[0] = value;
        let hit = Hit {
            m,
            span: (at, at + 1),
            bytes: (at, at + 1),
            row,
            line: row,
            field: 0,
            scope: 0,
            id: named.then_some(IdHash(hash)),
            state: None,
        };
        (hit, Row { record: row, scope })
    }

    fn link(c: &Classifiers, text: bool, hits: &[(&str, u64, u64, u8)], parents: &[(u64, u64)]) -> Linked {
        let made: Vec<_> = hits.iter().enumerate().map(|(i, h)| hit(c, h.0, h.1, h.2, h.3, i as u64)).collect();
        let (hits, rows): (Vec<Hit>, Vec<Row>) = made.into_iter().unzip();
        Linker::new(c, text).link(&hits, &rows, &|s| parents.iter().find(|p| p.0 == s).map(|p| p.1))
    }

    const ROW: u64 = u64::MAX;

    fn certainty(l: &Linked, hit: u32) -> Vec<Certainty> {
        l.anchors.iter().filter(|a| a.hit == hit).map(|a| a.certainty).collect()
    }

    #[test]
    fn a_row_links_its_identifiers_and_owns_its_values() {
        let c = Classifiers::builtin();
        let l = link(&c, false, &[("generic.person_name", 3, ROW, 0), ("generic.email", 3, ROW, 1), ("us.ssn", 3, ROW, 1)], &[]);
        assert_eq!(l.groups.len(), 1);
        assert_eq!((l.groups[0].row, l.groups[0].members.len()), (3, 2));
        assert_eq!(c.get(l.groups[0].members[0].0).id, "us.ssn", "the strongest identifier comes first");
        assert_eq!(certainty(&l, 0), [Certainty::Record]);
        assert_eq!(l.anchors.iter().find(|a| a.hit == 0).unwrap().id, l.groups[0].members[0].1);
    }

    #[test]
    fn two_values_of_a_strong_class_link_nothing() {
        let c = Classifiers::builtin();
        let l = link(
            &c,
            false,
            &[("us.ssn", 0, ROW, 1), ("us.ssn", 0, ROW, 2), ("generic.email", 0, ROW, 1), ("generic.person_name", 0, ROW, 0)],
            &[],
        );
        assert!(l.groups.is_empty());
        assert_eq!(certainty(&l, 3), [Certainty::Possible; 3]);
        // The same value twice is one value.
        let l = link(&c, false, &[("generic.email", 0, ROW, 1), ("generic.email", 0, ROW, 1), ("us.ssn", 0, ROW, 1)], &[]);
        assert_eq!(l.groups.len(), 1);
    }

    #[test]
    fn running_text_links_nothing_but_may_belong_to_its_line() {
        let c = Classifiers::builtin();
        let l = link(
            &c,
            true,
            &[("generic.person_name", 5, ROW, 0), ("us.ssn", 5, ROW, 1), ("generic.email", 5, ROW, 1), ("generic.person_name", 6, ROW, 0)],
            &[],
        );
        assert!(l.groups.is_empty());
        assert_eq!(certainty(&l, 0), [Certainty::Possible; 2]);
        assert_eq!(certainty(&l, 3), []);
    }

    #[test]
    fn nested_objects_link_upwards_unless_siblings_disagree() {
        let c = Classifiers::builtin();
        // {order: {customer: {email}}, phone}: scopes 10 (root) > 11 > 12.
        let parents = [(11, 10), (12, 11), (13, 10)];
        let l = link(&c, false, &[("generic.email", 0, 12, 1), ("generic.phone", 0, 10, 1)], &parents);
        assert_eq!(l.groups.len(), 1);
        // {sender: {email}, recipient: {email}, phone}: nothing links upwards.
        let l = link(
            &c,
            false,
            &[
                ("generic.email", 0, 11, 1),
                ("us.ssn", 0, 11, 1),
                ("generic.email", 0, 13, 2),
                ("generic.phone", 0, 10, 3),
                ("generic.person_name", 0, 10, 0),
            ],
            &parents,
        );
        assert_eq!(l.groups.len(), 1, "the sender's own values link, nothing else: {:?}", l.groups);
        assert_eq!(l.groups[0].members.len(), 2);
        assert_eq!(l.anchors.iter().find(|a| a.hit == 4).unwrap().id.0[0], 3, "the name stands with the phone");
        // Running text within a record links nothing, and nothing links to it.
        let prose = PROSE;
        let l = link(&c, false, &[("generic.email", 0, prose, 1), ("us.ssn", 0, prose, 1), ("generic.phone", 0, 10, 1)], &parents);
        assert!(l.groups.is_empty() && l.anchors.len() == 3, "{l:?}");
        // An element of an array is a root of its own.
        let l = link(&c, false, &[("generic.email", 0, 10, 1), ("us.ssn", 0, 14, 1)], &parents);
        assert!(l.groups.is_empty());
    }

    #[test]
    fn a_key_names_whose_a_row_is() {
        let c = Classifiers::builtin();
        let l = link(&c, false, &[("generic.person_name", 3, ROW, 0), ("key", 3, ROW, 1)], &[]);
        assert_eq!(certainty(&l, 0), [Certainty::Record]);
        let l = link(&c, false, &[("key", 3, ROW, 1), ("generic.email", 3, ROW, 1)], &[]);
        assert_eq!(l.groups[0].members.iter().map(|m| m.0).collect::<Vec<_>>(), [c.index_of("generic.email").unwrap(), c.len() as u16]);
        // Two keys of one kind in a record: which of them the rest is about is not known.
        let l = link(&c, false, &[("key", 3, ROW, 1), ("key", 3, ROW, 2), ("generic.email", 3, ROW, 1)], &[]);
        assert!(l.groups.is_empty());
        // {customer_id, buyer: {email}, gift: {email}, ship_to: {name}}: the address may be the recipient's.
        let parents = [(11, 10), (12, 10), (13, 10)];
        let hits = [("key", 0, 10, 1), ("generic.email", 0, 11, 1), ("generic.email", 0, 12, 2), ("generic.person_name", 0, 13, 0)];
        let l = link(&c, false, &hits, &parents);
        assert!(l.groups.is_empty());
        assert_eq!(certainty(&l, 3), [Certainty::Possible]);
        let l = link(&c, false, &[hits[0], hits[3]], &parents);
        assert_eq!(certainty(&l, 1), [Certainty::Record]);
    }

    #[test]
    fn weak_identifiers_point_to_the_strong_one_beside_them() {
        let c = Classifiers::builtin();
        let l = link(&c, false, &[("generic.username", 0, ROW, 1), ("generic.email", 0, ROW, 1), ("generic.username", 1, ROW, 2)], &[]);
        assert_eq!(l.weak.len(), 1);
        assert_eq!(certainty(&l, 0), [Certainty::Record, Certainty::Weak]);
        assert_eq!(certainty(&l, 2), [Certainty::Weak]);
        assert!(l.groups.is_empty());
    }
}
