//! Room for several batches of one member, so that they can be classified at the same time.

use std::sync::Arc;

use crate::base::{Batch, Match};
use crate::classify::{Scratch, Tally};
use crate::identity::keys::KeyCells;
use crate::identity::{Hit, Kernel, Named};

/// Room for batches that are classified at the same time; reused from member to member.
pub struct Slots {
    pub(super) slots: Vec<Slot>,
    /// For names of members and values in paths.
    pub(super) names: Scratch,
    pub(super) pool: Option<Arc<rayon::ThreadPool>>,
}

/// One of them.
pub(super) struct Slot {
    pub batch: Batch,
    scratch: Scratch,
    pub matches: Vec<Match>,
    pub hits: Vec<Hit>,
    pub tally: Tally,
    named: Named,
    pub keys: KeyCells,
}

impl Slots {
    /// With a pool, as many batches at a time as it has threads; without, one, on the calling thread.
    pub fn new(kernel: &Kernel, pool: Option<Arc<rayon::ThreadPool>>) -> Slots {
        let many = pool.as_ref().map_or(1, |p| p.current_num_threads().max(1));
        let slot = || Slot {
            batch: Batch::default(),
            scratch: Scratch::new(kernel.classifiers()),
            matches: Vec::new(),
            hits: Vec::new(),
            tally: Tally::default(),
            named: Named::default(),
            keys: KeyCells::default(),
        };
        Slots { slots: (0..many).map(|_| slot()).collect(), names: Scratch::new(kernel.classifiers()), pool }
    }

    /// Another member follows.
    pub(super) fn reset(&mut self, kernel: &Kernel, dataset: &str, all: bool) {
        for s in &mut self.slots {
            s.batch.reset();
            s.named.clear();
            s.scratch.reset();
            s.scratch.give_all(all);
            kernel.reset_keys(&mut s.keys, dataset);
        }
    }
}

/// Finds what is in a batch. `places`: what is found is wanted with its places, not only its number.
pub(super) fn classify(kernel: &Kernel, slot: &mut Slot, places: bool) {
    slot.hits.clear();
    slot.tally.clear();
    kernel.spread(&mut slot.scratch, &mut slot.batch, &mut slot.named, &mut slot.keys);
    if places {
        kernel.process(&mut slot.scratch, &slot.batch, &mut slot.matches, &mut slot.tally, &mut slot.named, &mut slot.hits);
        kernel.process_keys(&mut slot.keys, &slot.batch, &mut slot.hits);
    } else {
        kernel.find(&mut slot.scratch, &slot.batch, &mut slot.matches, &mut slot.tally);
    }
}

/// Moves what the reader filled into a slot; both keep all field names, so that indexes stay true in either.
pub(super) fn hand_over(from: &mut Batch, to: &mut Batch) {
    std::mem::swap(&mut from.bytes, &mut to.bytes);
    std::mem::swap(&mut from.cells, &mut to.cells);
    std::mem::swap(&mut from.scopes, &mut to.scopes);
    std::mem::swap(&mut from.open, &mut to.open);
    to.fields.extend(from.fields.iter().skip(to.fields.len()).cloned());
    to.offset = from.offset;
    to.core = from.core.clone();
    to.first_row = from.first_row;
    to.records = from.records;
    to.first_line = from.first_line;
    to.places = from.places;
    to.carried = from.carried;
    std::mem::swap(&mut from.origins, &mut to.origins);
    std::mem::swap(&mut from.columns, &mut to.columns);
    to.left_out.clear();
    to.left_out_bytes = 0;
}
