//! Check sums of what an object says: one number per object version, whatever the order in which its rows were written.

/// The sum over an object's rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Digest(u64);

impl Digest {
    /// As the column `object.digest`.
    pub fn stored(self) -> i64 {
        self.0 as i64
    }

    /// Adds a block of links: its row and data.
    pub fn links(&mut self, row: i64, data: &[u8]) {
        self.add(b'l', &[&row.to_le_bytes(), data]);
    }

    /// Adds sightings that are nobody's: field, classifier, kind of place, count.
    pub fn unattributed(&mut self, numbers: [i64; 4], places: &[u8]) {
        self.add(b'u', &[&numbers.map(i64::to_le_bytes).concat(), places]);
    }

    fn add(&mut self, kind: u8, parts: &[&[u8]]) {
        let mut h = blake3::Hasher::new();
        h.update(&[kind]);
        for p in parts {
            h.update(p);
        }
        let mut first = [0; 8];
        first.copy_from_slice(&h.finalize().as_bytes()[..8]);
        self.0 = self.0.wrapping_add(u64::from_le_bytes(first));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_counts_and_their_order_does_not() {
        let sum = |rows: &[(i64, u8)]| {
            let mut d = Digest::default();
            rows.iter().for_each(|(id, record)| d.links(*id, &[*record]));
            d
        };
        assert_eq!(sum(&[(1, 1), (2, 1)]), sum(&[(2, 1), (1, 1)]));
        assert_ne!(sum(&[(1, 1), (2, 1)]), sum(&[(1, 1), (2, 2)]));
        assert_ne!(sum(&[(1, 1), (1, 1)]), sum(&[(1, 1)]));
        let (mut a, mut b) = (Digest::default(), Digest::default());
        a.links(1, &[3]);
        b.unattributed([1, 2, 0, 1], &[3]);
        assert_ne!(a, b);
    }
}
