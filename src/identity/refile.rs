//! What several people share is no place to file the rest of a record under.
//!
//! Which identifiers are shared is decided on all links together, when all has been read; under which identifier of a record its
//! other values are filed, when the record is read. What the links of one window prove to be shared (the clinic's address in the
//! rows of its patients, the telephone of a household) is shared for good, so that these records are filed under their next
//! identifier at once, and the shared one is a value of theirs like any other.

use std::collections::HashSet;
use std::ops::Range;

use super::groups::{Certainty, Groups};
use super::key::IdHash;
use super::linker::{Anchor, Linked};
use super::partition::{Class, Partition};

/// Where in [`Linked`] the record of a group was filed, half-open.
#[derive(Clone, Debug)]
pub(super) struct Filed {
    pub anchors: Range<usize>,
    pub weak: Range<usize>,
    pub residences: Range<usize>,
}

/// Files the records anew whose first identifier is shared; `filed` is parallel to the groups, of which each relation is kept once.
pub(super) fn refile<'n>(linked: &mut Linked, filed: &[Filed], class: impl Fn(u16) -> Class<'n>) {
    let once = linked.groups.once();
    let all = std::mem::replace(&mut linked.groups, once);
    let shared = shared(&linked.groups, class);
    if shared.is_empty() {
        return;
    }
    for (group, filed) in all.iter().zip(filed) {
        let is_shared = |id: IdHash| shared.contains(&id);
        let mut own = group.members.iter().map(|m| m.1).filter(|id| !is_shared(*id));
        let (Some(before), Some(now)) = (group.members.first().map(|m| m.1), own.next()) else { continue };
        if !group.members.iter().any(|m| is_shared(m.1)) {
            continue;
        }
        let mut values = Vec::new();
        for a in &mut linked.anchors[filed.anchors.clone()] {
            match a.certainty {
                Certainty::Record if a.id == before => a.id = now,
                Certainty::Own if is_shared(a.id) => values.push(Anchor { hit: a.hit, id: now, certainty: Certainty::Record }),
                _ => {}
            }
        }
        linked.anchors.extend(values);
        linked.weak[filed.weak.clone()].iter_mut().for_each(|w| w.1 = now);
        linked.residences[filed.residences.clone()].iter_mut().for_each(|r| r.0 = now);
    }
}

/// The identifiers that these groups prove to be shared.
fn shared<'n>(groups: &Groups, class: impl Fn(u16) -> Class<'n>) -> HashSet<IdHash> {
    let repeats = Repeats::of(groups);
    if !repeats.any {
        return HashSet::new();
    }
    let mut partition = Partition::new();
    groups.iter().filter(|g| g.members.iter().any(|m| repeats.may(&m.1))).for_each(|g| partition.add(g.members));
    partition.all_shared(class)
}

/// Which identifiers may stand in several groups, a few that do not among them.
///
/// PERF: of millions of rows, most identifiers stand in one relation alone; this takes a bit or two of each, where a map would take
/// more than all else that is done with them.
struct Repeats {
    again: Vec<u64>,
    /// Whether there is one.
    any: bool,
}

impl Repeats {
    fn of(groups: &Groups) -> Repeats {
        let words = groups.iter().map(|g| g.members.len()).sum::<usize>().div_ceil(4).next_power_of_two();
        let (mut once, mut all) = (vec![0u64; words], Repeats { again: vec![0; words], any: false });
        for (_, id) in groups.iter().flat_map(|g| g.members) {
            let (word, bit) = all.place(id);
            let again = once[word] & bit;
            once[word] |= bit;
            all.again[word] |= again;
            all.any |= again != 0;
        }
        all
    }

    /// The word and the bit of an identifier: its hash under a key, which nobody chooses.
    fn place(&self, id: &IdHash) -> (usize, u64) {
        let n = id.0.first_chunk().map_or(0, |b| u64::from_le_bytes(*b));
        ((n >> 6) as usize & (self.again.len() - 1), 1 << (n % 64))
    }

    fn may(&self, id: &IdHash) -> bool {
        let (word, bit) = self.place(id);
        self.again[word] & bit != 0
    }
}
