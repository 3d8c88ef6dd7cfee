//! What the linker finds and the index takes: how sure it is, and identifiers that records hold together.

use super::key::IdHash;
use crate::base::ByNumber;

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

/// Identifiers that one record holds together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group<'g> {
    /// The row that proves it.
    pub row: u64,
    /// At least two strong identifiers with their classifiers, ordered.
    pub members: &'g [(u16, IdHash)],
}

/// Groups, one after the other. PERF: nearly each record has one, and none needs room of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Groups {
    /// Of each group, the row and where its members end.
    rows: Vec<(u64, u32)>,
    members: Vec<(u16, IdHash)>,
}

impl Groups {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Adds one.
    pub fn push(&mut self, row: u64, members: impl Iterator<Item = (u16, IdHash)>) {
        self.members.extend(members);
        self.rows.push((row, self.members.len() as u32));
    }

    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = Group<'_>> {
        let starts = std::iter::once(0).chain(self.rows.iter().map(|r| r.1));
        starts.zip(&self.rows).map(|(start, (row, end))| Group { row: *row, members: &self.members[start as usize..*end as usize] })
    }

    /// The same without those whose members an earlier one has: a relation that many rows repeat is proven by the first.
    #[must_use]
    pub fn once(&self) -> Groups {
        let mut out = Groups { rows: Vec::with_capacity(self.rows.len()), members: Vec::with_capacity(self.members.len()) };
        let mut seen: ByNumber<u64, u32> = ByNumber::default();
        for g in self.iter() {
            let number = |sum: u64, (class, id): &(u16, IdHash)| {
                let first = id.0.first_chunk::<8>().map_or(0, |b| u64::from_le_bytes(*b));
                sum.rotate_left(23) ^ first ^ u64::from(*class)
            };
            let earlier = seen.entry(g.members.iter().fold(0, number)).or_insert(out.rows.len() as u32);
            // Two numbers that meet by chance are two groups.
            if out.get(*earlier as usize).is_none_or(|e| e.members != g.members) {
                out.push(g.row, g.members.iter().copied());
            }
        }
        out
    }

    /// The group of this number.
    pub fn get(&self, n: usize) -> Option<Group<'_>> {
        let (row, end) = *self.rows.get(n)?;
        let start = n.checked_sub(1).map_or(0, |before| self.rows[before].1);
        Some(Group { row, members: &self.members[start as usize..end as usize] })
    }

    /// Takes members out; a group of fewer than two that are left goes.
    pub fn retain(&mut self, mut keep: impl FnMut(IdHash) -> bool) {
        let mut out = Groups::default();
        for g in self.iter() {
            let kept: Vec<(u16, IdHash)> = g.members.iter().copied().filter(|m| keep(m.1)).collect();
            if kept.len() > 1 {
                out.push(g.row, kept.into_iter());
            }
        }
        *self = out;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_told_once() {
        let id = |n: u8| IdHash([n; 16]);
        let mut groups = Groups::default();
        let all: [(u64, &[u8]); 5] = [(1, &[1, 2]), (2, &[1, 3]), (3, &[1, 2]), (4, &[2, 1, 3]), (5, &[1, 3])];
        all.iter().for_each(|(row, members)| groups.push(*row, members.iter().map(|m| (7, id(*m)))));
        let told = |g: &Groups| g.iter().map(|g| (g.row, g.members.iter().map(|m| m.1.0[0]).collect::<Vec<_>>())).collect::<Vec<_>>();
        let once = groups.once();
        assert_eq!(told(&once), [(1, vec![1, 2]), (2, vec![1, 3]), (4, vec![2, 1, 3])]);
        assert_eq!((once.len(), once.get(2).map(|g| g.row), once.get(3)), (3, Some(4), None));
        groups.retain(|m| m != id(3));
        assert_eq!(told(&groups), [(1, vec![1, 2]), (3, vec![1, 2]), (4, vec![2, 1])]);
    }
}
