//! Settled hits to what the index stores.

use std::collections::{BTreeMap, HashMap};

use super::window::{Sink, Window, is_test};
use crate::base::PlaceKind;
use crate::classify::Classifiers;
use crate::identity::{Certainty, Hit, IdHash, Kernel, Linker, NO_FIELD};
use crate::index::{Piece, PlaceList, Posting, Unattributed, WriteLink};

/// Field index in the index's pieces: 0 is running text, a member's field `i` is `i + 1`.
pub(super) fn piece_field(field: u32) -> u32 {
    if field == NO_FIELD { 0 } else { field + 1 }
}

/// Counts of one field and classifier.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Count {
    pub sightings: u64,
    pub tests: u64,
    pub confidence: f32,
}

/// Turns the windows of one object into pieces.
pub(super) struct Sightings<'a> {
    classifiers: &'a Classifiers,
    /// Takes finished pieces, the member's field names (the receiver fills them in) and the number of sightings.
    give: &'a mut dyn FnMut(Piece, &[String], u64),
    /// By field (as in pieces) and classifier, in order.
    pub counts: BTreeMap<(u32, u16), Count>,
}

impl<'a> Sightings<'a> {
    pub fn new(kernel: &'a Kernel, give: &'a mut dyn FnMut(Piece, &[String], u64)) -> Sightings<'a> {
        Sightings { classifiers: kernel.classifiers(), give, counts: BTreeMap::new() }
    }
}

/// Sightings that share everything but their place.
type Key = (IdHash, u32, u16, Certainty);

impl Sink for Sightings<'_> {
    fn window(&mut self, w: &Window<'_>) {
        for h in w.hits {
            let c = self.counts.entry((piece_field(h.field), h.m.classifier)).or_default();
            c.sightings += 1;
            c.tests += u64::from(is_test(h));
            c.confidence = c.confidence.max(h.m.confidence);
        }
        let linked = Linker::new(self.classifiers, w.text).link(w.hits, w.rows, w.parent);

        let mut owned = vec![false; w.hits.len()];
        let mut sightings: Vec<(Key, (u64, u64))> = Vec::with_capacity(linked.anchors.len());
        for a in &linked.anchors {
            let h = &w.hits[a.hit as usize];
            owned[a.hit as usize] = true;
            sightings.push(((a.id, piece_field(h.field), h.m.classifier, a.certainty), place(w.places, h)));
        }
        sightings.sort_unstable();
        let mut piece = Piece::default();
        for group in sightings.chunk_by(|a, b| a.0 == b.0) {
            let (id, field, classifier, certainty) = group[0].0;
            let places = list(w.places, group.iter().map(|g| g.1).collect());
            piece.postings.push(Posting { id, field, classifier, certainty, count: group.len() as u64, places });
        }

        let mut loose: BTreeMap<(u32, u16), Vec<(u64, u64)>> = BTreeMap::new();
        for h in w.hits.iter().zip(&owned).filter(|(_, owned)| !**owned).map(|(h, _)| h) {
            loose.entry((piece_field(h.field), h.m.classifier)).or_default().push(place(w.places, h));
        }
        piece.unattributed = loose
            .into_iter()
            .map(|((field, classifier), p)| Unattributed { field, classifier, count: p.len() as u64, places: list(w.places, p) })
            .collect();

        // A relation that many rows repeat is proven by the first.
        let mut links: HashMap<Vec<(u16, IdHash)>, u64> = HashMap::new();
        for g in linked.groups {
            let first = links.entry(g.members).or_insert(g.row);
            *first = (*first).min(g.row);
        }
        piece.links = links.into_iter().map(|(members, row)| WriteLink { row, members }).collect();
        piece.links.sort_unstable_by(|a, b| (a.row, &a.members).cmp(&(b.row, &b.members)));
        piece.weak = linked.weak;
        piece.weak.sort_unstable();
        piece.weak.dedup();
        piece.residences = linked.residences;
        (self.give)(piece, w.fields, w.hits.len() as u64);
    }
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
