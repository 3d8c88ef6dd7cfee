//! Settled hits to what the index stores.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::BuildHasherDefault;

use super::member::MemberEnd;
use super::window::{MemberName, MemberSummary, Sink, Window, is_test};
use crate::base::{ByNumber, Evidence, PlaceKind};
use crate::classify::Classifiers;
use crate::classify::protection::Protection;
use crate::identity::keys::{ColumnSample, is_key_class};
use crate::identity::{AsIs, Certainty, Hit, IdHash, Kernel, Linker, NO_FIELD, Row};
use crate::index::{FieldCount, Piece, PieceField, PlaceList, Posting, Published, Single, StateCount, Unattributed};

/// Counts of one field and classifier.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Count {
    pub sightings: u64,
    pub tests: u64,
    pub confidence: f32,
    /// Values of the field that are not empty; 0 in running text.
    pub cells: u64,
}

/// Turns the windows of one object into pieces.
pub(super) struct Sightings<'a> {
    classifiers: &'a Classifiers,
    /// Takes finished pieces and the number of sightings.
    give: &'a mut dyn FnMut(Piece, u64),
    /// By field (as in pieces) and classifier, in order.
    pub counts: BTreeMap<(u32, u16), Count>,
    /// What does not count as found, by field, classifier and state.
    pub states: BTreeMap<(u32, u16, &'static str), State>,
    /// Samples of columns that may be keys, by field (as in pieces).
    pub keys: Vec<(u32, ColumnSample)>,
    /// Members that are being read: the number of their running text and of each of their fields.
    open: HashMap<u32, Vec<u32>>,
    /// How many fields all members have so far.
    fields: u32,
    /// Makes a name showable.
    shown: &'a mut dyn FnMut(&str) -> String,
}

/// Values in a state, of so many in their field.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct State {
    pub count: u64,
    pub cells: u64,
}

/// The state of a hit that does not count as found.
fn state_of(h: &Hit) -> Option<&'static str> {
    if h.m.evidence.has(Evidence::PROTECTED) {
        Protection::ALL.get(usize::from(h.m.pattern)).map(|p| p.name())
    } else {
        h.m.evidence.has(Evidence::ALLOWED).then_some("allowed")
    }
}

impl<'a> Sightings<'a> {
    pub fn new(kernel: &'a Kernel, shown: &'a mut dyn FnMut(&str) -> String, give: &'a mut dyn FnMut(Piece, u64)) -> Sightings<'a> {
        Sightings {
            classifiers: kernel.classifiers(),
            give,
            counts: BTreeMap::new(),
            states: BTreeMap::new(),
            keys: Vec::new(),
            open: HashMap::new(),
            fields: 0,
            shown,
        }
    }

    /// The numbers of a member's running text and of its fields, and those of them that are new, with their names.
    fn number(&mut self, member: &MemberName, names: &[String]) -> (Vec<u32>, Vec<PieceField>) {
        let numbers = self.open.entry(member.number).or_default();
        let mut new = Vec::new();
        let all = std::iter::once("").chain(names.iter().map(String::as_str));
        for name in all.skip(numbers.len()) {
            numbers.push(self.fields);
            self.fields += 1;
            new.push(PieceField { member: member.path.clone(), name: (self.shown)(name) });
        }
        (numbers.clone(), new)
    }
}

fn field_number(numbers: &[u32], field: u32) -> u32 {
    numbers[if field == NO_FIELD { 0 } else { field as usize + 1 }]
}

/// What sightings of one posting share: identifier, field, classifier, certainty.
type Key = (IdHash, u32, u16, u8);

impl Sink for Sightings<'_> {
    fn window(&mut self, w: &Window<'_>) {
        let (numbers, fields) = self.number(w.member, w.fields);
        let piece_field = |field: u32| field_number(&numbers, field);
        let mut aside = 0;
        let classifiers = self.classifiers.len();
        // PERF: a window has few fields and classifiers and many hits.
        let mut counts: ByNumber<u64, Count> = ByNumber::default();
        for h in w.hits {
            if is_key_class(classifiers, h.m.classifier) {
                aside += 1;
                continue;
            }
            if let Some(state) = state_of(h) {
                self.states.entry((piece_field(h.field), h.m.classifier, state)).or_default().count += 1;
                aside += 1;
                continue;
            }
            let c = counts.entry(u64::from(piece_field(h.field)) << 16 | u64::from(h.m.classifier)).or_default();
            c.sightings += 1;
            c.tests += u64::from(is_test(h));
            c.confidence = c.confidence.max(h.m.confidence);
        }
        for (key, n) in counts {
            let c = self.counts.entry(((key >> 16) as u32, key as u16)).or_default();
            (c.sightings, c.tests, c.confidence) = (c.sightings + n.sightings, c.tests + n.tests, c.confidence.max(n.confidence));
        }
        let (hits, rows) = without_allowed(w);
        let linked = Linker::new(self.classifiers, w.text).link(&hits, &rows, w.parent);

        let mut owned = vec![false; hits.len()];
        let mut protected: BTreeSet<(IdHash, u16, u8, bool)> = BTreeSet::new();
        let mut piece = Piece { fields, ..Piece::default() };
        let rows_alone = w.places == PlaceKind::Rows;
        piece.singles.reserve(if rows_alone { linked.anchors.len() } else { 0 });
        let mut known: HashMap<Key, u32, BuildHasherDefault<AsIs>> = HashMap::default();
        for a in &linked.anchors {
            let h = &hits[a.hit as usize];
            // A published test value is nobody's, whoever stands beside it.
            if is_test(h) {
                continue;
            }
            owned[a.hit as usize] = true;
            if h.m.evidence.has(Evidence::PROTECTED) {
                protected.insert((a.id, h.m.classifier, h.m.pattern, a.certainty == Certainty::Record));
                continue;
            }
            let (id, field, classifier, certainty) = (a.id, piece_field(h.field), h.m.classifier, a.certainty);
            if rows_alone {
                piece.singles.push(Single { id, field, classifier, certainty, row: h.row });
                continue;
            }
            let (at, next) = (place(w.places, h), piece.postings.len() as u32);
            match piece.postings.get_mut(*known.entry((id, field, classifier, certainty as u8)).or_insert(next) as usize) {
                Some(p) => {
                    p.count += 1;
                    p.places.push(at);
                }
                None => piece.postings.push(Posting { id, field, classifier, certainty, count: 1, places: list(w.places, vec![at]) }),
            }
        }
        let mut loose: BTreeMap<(u32, u16), Vec<(u64, u64)>> = BTreeMap::new();
        piece.protected = protected.into_iter().collect();
        let nobodys = hits.iter().zip(&owned).filter(|(h, owned)| !**owned && !h.m.evidence.has(Evidence::PROTECTED));
        for h in nobodys.map(|(h, _)| h) {
            loose.entry((piece_field(h.field), h.m.classifier)).or_default().push(place(w.places, h));
        }
        piece.unattributed = loose
            .into_iter()
            .map(|((field, classifier), p)| Unattributed { field, classifier, count: p.len() as u64, places: list(w.places, p) })
            .collect();

        piece.groups = linked.groups;
        piece.weak = linked.weak;
        piece.weak.sort_unstable();
        piece.weak.dedup();
        piece.residences = linked.residences;
        (self.give)(piece, w.hits.len() as u64 - aside);
    }

    fn member(&mut self, summary: MemberSummary) {
        let Some(numbers) = self.open.remove(&summary.member.number) else { return };
        // The numbers of one member ascend.
        let (Some(first), Some(last)) = (numbers.first(), numbers.last()) else { return };
        for ((field, _, _), state) in self.states.range_mut((*first, 0, "")..(*last + 1, 0, "")) {
            if let Ok(i) = numbers.binary_search(field) {
                state.cells = i.checked_sub(1).and_then(|f| summary.cells.get(f)).copied().unwrap_or(0);
            }
        }
        self.keys.extend(summary.keys.into_iter().filter_map(|(field, sample)| Some((*numbers.get(field as usize + 1)?, sample))));
        for c in &summary.columns {
            let field = numbers.get(c.field as usize + 1);
            if let Some(count) = field.and_then(|f| self.counts.get_mut(&(*f, c.classifier))) {
                count.cells = c.cells;
            }
        }
    }
}

/// The hits that may belong to somebody, with their rows.
fn without_allowed<'w>(w: &Window<'w>) -> (Cow<'w, [Hit]>, Cow<'w, [Row]>) {
    let is_allowed = |h: &Hit| h.m.evidence.has(Evidence::ALLOWED);
    if !w.hits.iter().any(is_allowed) {
        return (Cow::Borrowed(w.hits), Cow::Borrowed(w.rows));
    }
    let kept = w.hits.iter().zip(w.rows).filter(|(h, _)| !is_allowed(h));
    let (hits, rows) = kept.map(|(h, r)| (*h, *r)).unzip();
    (Cow::Owned(hits), Cow::Owned(rows))
}

fn place(kind: PlaceKind, hit: &Hit) -> (u64, u64) {
    match kind {
        PlaceKind::Rows => (hit.row, hit.row + 1),
        PlaceKind::Bytes | PlaceKind::RowsAndBytes => hit.bytes,
    }
}

fn list(kind: PlaceKind, ranges: Vec<(u64, u64)>) -> PlaceList {
    match kind {
        PlaceKind::Rows => PlaceList::Rows(ranges),
        PlaceKind::Bytes => PlaceList::Bytes(ranges),
        PlaceKind::RowsAndBytes => PlaceList::Document(ranges),
    }
}

/// What is published of an object that was read to its end.
pub(super) fn published(
    end: MemberEnd,
    (counts, states): (BTreeMap<(u32, u16), Count>, BTreeMap<(u32, u16, &'static str), State>),
    keys: Vec<(u32, ColumnSample)>,
) -> Published {
    let summaries = counts
        .into_iter()
        .map(|((field, classifier), c)| FieldCount {
            field,
            classifier,
            sightings: c.sightings,
            test_values: c.tests,
            cells: c.cells,
            confidence: c.confidence,
        })
        .collect();
    let states =
        states.into_iter().map(|((field, classifier, state), s)| StateCount { field, classifier, state, count: s.count, cells: s.cells });
    let states = states.collect();
    Published {
        states,
        unread: end.unread,
        kind: end.kind,
        decoded: end.decoded,
        records: end.records,
        summaries,
        keys,
        coverage: end.issues.into_iter().map(|(member, i)| (member, i.reason, i.detail)).collect(),
    }
}
