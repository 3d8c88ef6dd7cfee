//! Columns of a batch whose values repeat: each value once, and which row has which.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::batch::{Batch, Cell};

/// [`Column::entries`] of an element without a value.
pub const NO_ENTRY: u32 = u32::MAX;

/// The distinct values of a column in a piece of a member.
///
/// PRIVACY: it holds values, as a batch does, and goes when the batches that refer to it are filled anew.
pub struct Dictionary {
    id: u64,
    bytes: Vec<u8>,
    /// Where each value begins, and the last ends.
    bounds: Vec<u32>,
    /// How long each is: asked for every row.
    lengths: Vec<u32>,
}

impl Dictionary {
    /// Of these values, which have less than 4 GiB together.
    pub fn new<'a>(values: impl Iterator<Item = &'a [u8]>) -> Dictionary {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let (mut bytes, mut bounds, mut lengths) = (Vec::new(), vec![0], Vec::new());
        for v in values {
            bytes.extend_from_slice(v);
            bounds.push(bytes.len() as u32);
            lengths.push(v.len() as u32);
        }
        Dictionary { id: NEXT.fetch_add(1, Ordering::Relaxed), bytes, bounds, lengths }
    }

    /// Its number: no other dictionary of the process has or had it, so that what is known of its entries can be kept under
    /// it without a value.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// How many entries it has.
    pub fn len(&self) -> usize {
        self.bounds.len() - 1
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// An entry's value; empty where there is no such entry.
    pub fn get(&self, entry: u32) -> &[u8] {
        match self.bounds.get(entry as usize..).unwrap_or_default() {
            [start, end, ..] => &self.bytes[*start as usize..*end as usize],
            _ => &[],
        }
    }
}

/// PRIVACY: no value.
impl std::fmt::Debug for Dictionary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Dictionary({} entries)", self.len())
    }
}

/// A column that came as a dictionary. Its values are no cells of the batch until [`Batch::spread`] makes cells of them.
#[derive(Clone, Debug)]
pub struct Column {
    /// Index into `Batch::fields`.
    pub field: u32,
    /// The values.
    pub dictionary: Arc<Dictionary>,
    /// What each element has: an entry of the dictionary, or [`NO_ENTRY`].
    pub entries: Vec<u32>,
    /// `Cell::row` of each element.
    pub rows: Arc<Vec<u32>>,
    /// `Cell::scope` of each element.
    pub scopes: Arc<Vec<u32>>,
    /// Elements whose value is not empty.
    pub values: u64,
    /// The bytes that cells of all these would take, with what separates them.
    pub bytes: u64,
}

impl Column {
    /// With the values counted.
    pub fn new(field: u32, dictionary: Arc<Dictionary>, entries: Vec<u32>, rows: Arc<Vec<u32>>, scopes: Arc<Vec<u32>>) -> Column {
        let (mut values, mut bytes) = (0, 0);
        for e in &entries {
            let n = dictionary.lengths.get(*e as usize).copied().unwrap_or(0);
            values += u64::from(n > 0);
            bytes += u64::from(n);
        }
        Column { field, dictionary, entries, rows, scopes, values, bytes: bytes + values }
    }
}

impl Batch {
    /// Makes cells of a column: of its first `first` values and of all whose entry `keep` names. The others are counted in
    /// `left_out`.
    ///
    /// A column is spread once. What comes of it with all of them kept is what a reader without dictionaries would have given,
    /// except that its cells stand behind those of the other columns.
    pub fn spread(&mut self, c: &Column, first: usize, keep: &[bool]) {
        if first == 0 && !keep.contains(&true) {
            self.left_out.push((c.field, c.values));
            self.left_out_bytes += c.bytes;
            return;
        }
        let (mut made, mut left, mut left_bytes) = (0, 0, 0);
        for ((&entry, &row), &scope) in c.entries.iter().zip(c.rows.iter()).zip(c.scopes.iter()) {
            let value = c.dictionary.get(entry);
            if value.is_empty() {
                continue;
            }
            if made >= first && !keep.get(entry as usize).is_some_and(|k| *k) {
                left += 1;
                left_bytes += value.len() as u64 + 1;
                continue;
            }
            made += 1;
            let start = self.bytes.len() as u32;
            self.bytes.extend_from_slice(value);
            let end = self.bytes.len() as u32;
            self.bytes.push(b'\n');
            self.cells.push(Cell { start, end, raw_end: end, field: c.field, row, scope });
        }
        if left > 0 {
            self.left_out.push((c.field, left));
            self.left_out_bytes += left_bytes;
        }
        self.core.end = self.bytes.len();
    }

    /// Makes cells of all values of all columns: for readers of batches that know nothing of dictionaries.
    pub fn spread_all(&mut self) {
        for column in std::mem::take(&mut self.columns) {
            self.spread(&column, usize::MAX, &[]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ROW_SCOPE;

    fn batch() -> Batch {
        let dictionary = Arc::new(Dictionary::new([&b"ab"[..], b"", b"cde"].into_iter()));
        let entries = vec![0, 2, NO_ENTRY, 1, 0, 7, 2];
        let rows = Arc::new((10..17).collect::<Vec<u32>>());
        let column = Column::new(3, dictionary, entries, rows, Arc::new(vec![ROW_SCOPE; 7]));
        Batch { bytes: b"x\n".to_vec(), core: 0..2, columns: vec![column], ..Batch::default() }
    }

    #[test]
    fn entries_have_their_values() {
        let d = Dictionary::new([&b"ab"[..], b"", b"cde"].into_iter());
        assert_eq!([0, 1, 2, 3, NO_ENTRY].map(|e| d.get(e).to_vec()), [&b"ab"[..], b"", b"cde", b"", b""]);
        assert_ne!(d.id(), Dictionary::new(std::iter::empty()).id());
    }

    #[test]
    fn values_become_cells_or_are_counted() {
        let c = &batch().columns[0];
        assert_eq!((c.values, c.bytes), (4, 14));
        for (first, keep, rows, text, left, left_bytes) in [
            (usize::MAX, vec![], vec![10, 11, 14, 16], "x\nab\ncde\nab\ncde\n", vec![], 0),
            (0, vec![false; 3], vec![], "x\n", vec![(3, 4)], 14),
            (0, vec![], vec![], "x\n", vec![(3, 4)], 14),
            (0, vec![true, false, false], vec![10, 14], "x\nab\nab\n", vec![(3, 2)], 8),
            (1, vec![false, false, true], vec![10, 11, 16], "x\nab\ncde\ncde\n", vec![(3, 1)], 3),
            (3, vec![], vec![10, 11, 14], "x\nab\ncde\nab\n", vec![(3, 1)], 4),
        ] {
            let mut b = batch();
            let column = b.columns[0].clone();
            b.spread(&column, first, &keep);
            assert_eq!(b.cells.iter().map(|c| c.row).collect::<Vec<_>>(), rows, "{first} {keep:?}");
            assert_eq!((String::from_utf8_lossy(&b.bytes).as_ref(), b.core.clone()), (text, 0..text.len()));
            assert_eq!((b.left_out, b.left_out_bytes), (left, left_bytes));
            assert!(b.cells.iter().all(|c| c.field == 3 && c.raw_end == c.end && c.end > c.start));
        }
    }
}
