//! Columns that came as dictionaries: cells are made of what may hold something, the rest is only counted.

use super::kernel::{Kernel, Named, covered};
use super::keys::KeyCells;
use crate::base::Batch;
use crate::classify::{FIRST_CELLS, Scratch};

impl Kernel {
    /// Makes cells of the columns of a batch ([`Batch::spread`]), before it is classified: what is found in it then, and what
    /// is counted, is the same as if every value were a cell.
    ///
    /// Each entry of a dictionary is classified once by each thread. Values of the others become no cells, except that of a column in which
    /// anything was found the first are always there: what is tried on the others of a batch depends on them.
    pub fn spread(&self, scratch: &mut Scratch, batch: &mut Batch, named: &mut Named, keys: &mut KeyCells) {
        let columns = std::mem::take(&mut batch.columns);
        for column in &columns {
            let field = column.field;
            if keys.wants(&batch.fields, field) {
                batch.spread(column, usize::MAX, &[]);
                continue;
            }
            let element = named.of(self.classifiers(), &batch.fields, field);
            let protected = |value: &[u8]| element.is_some_and(|(_, said)| covered(value, said).is_some());
            let held = self.classifiers().may_hold(scratch, &mut batch.fields, column, protected);
            let first = if held.is_empty() { 0 } else { FIRST_CELLS };
            batch.spread(column, first, held);
        }
        batch.columns = columns;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::base::{Cell, Column, Dictionary, Match, NO_ENTRY, ROW_SCOPE};
    use crate::classify::{Classifiers, Tally};
    use crate::identity::keys::{ActiveKeys, Namespace};
    use crate::identity::{Hasher, Hit, Key};

    const FIELDS: [&str; 8] = ["kind", "ssn", "note", "phone", "country", "card_masked", "customer_id", "n"];
    const VALUES: [&str; 22] = [
        "click",
        "page_view",
        "US",
        "DE",
        "(212) 555-0134",
        "030 901820",
        "jo@example.com",
        "457-55-5462",
        "000-12-3456",
        "call jo@example.com",
        "4111111111111111",
        "************1111",
        "123456782",
        "123456783",
        "Maria Schmidt",
        "x",
        "",
        "10.1.2.3",
        "C-1001",
        "1987-04-11",
        "536221843",
        "94105",
    ];

    /// A batch of which every field is a dictionary of all values.
    fn batch(columns: &[Vec<usize>]) -> Batch {
        let dictionary = Arc::new(Dictionary::new(VALUES.iter().map(|v| v.as_bytes())));
        let rows = Arc::new((0..columns[0].len() as u32).collect::<Vec<_>>());
        let scopes = Arc::new(vec![ROW_SCOPE; rows.len()]);
        let entry = |v: &usize| if *v < VALUES.len() { *v as u32 } else { NO_ENTRY };
        let column = |(field, c): (u32, &Vec<usize>)| {
            Column::new(field, dictionary.clone(), c.iter().map(entry).collect(), rows.clone(), scopes.clone())
        };
        let mut b =
            Batch { fields: FIELDS.map(str::to_owned).to_vec(), columns: (0u32..).zip(columns).map(column).collect(), ..Batch::default() };
        // A column that is no dictionary.
        b.fields.push("plain".to_owned());
        for row in 0..columns[0].len() as u32 {
            let start = b.bytes.len() as u32;
            b.bytes.extend_from_slice(b"ann.lee@example.org");
            let end = b.bytes.len() as u32;
            b.cells.push(Cell { start, end, raw_end: end, field: FIELDS.len() as u32, row, scope: ROW_SCOPE });
            b.bytes.push(b'\n');
        }
        b.core = 0..b.bytes.len();
        b
    }

    /// What a hit says, but for its position in the batch.
    fn said(h: &Hit, b: &Batch) -> (u32, u64, u64, u16, u8, u32, u16, String) {
        let cell = &b.cells[h.m.cell as usize];
        let inside = h.span.0 - b.offset - u64::from(cell.start);
        let rest = format!("{:?} {:?} {}", h.id, h.clue, h.span.1 - h.span.0);
        (h.field, h.row, inside, h.m.classifier, h.m.pattern, h.m.confidence.to_bits(), h.m.evidence.0, rest)
    }

    fn kernel() -> Kernel {
        let c = Classifiers::builtin();
        let mut keys = ActiveKeys::new(c.len());
        keys.add("crm", "customer_id", Namespace { class: "key.customer".into(), space: "s".into() });
        Kernel::new(c, Some(Arc::new(Hasher::new(&Key::from_hex(&"07".repeat(32)).unwrap())))).with_keys(Arc::new(keys), true)
    }

    /// Hits of two batches of a member, its tally, and what is kept of its keys.
    fn found(kernel: &Kernel, batches: [Batch; 2], spread: bool) -> (Vec<impl Ord + std::fmt::Debug + use<>>, Tally, String, u64) {
        let (mut scratch, mut tally, mut named, mut keys) =
            (Scratch::new(kernel.classifiers()), Tally::default(), Named::default(), KeyCells::default());
        kernel.reset_keys(&mut keys, "crm");
        let (mut out, mut kept, mut bytes): (Vec<_>, _, _) = (Vec::new(), String::new(), 0);
        for mut b in batches {
            if spread {
                kernel.spread(&mut scratch, &mut b, &mut named, &mut keys);
            } else {
                b.spread_all();
            }
            let (mut matches, mut hits): (Vec<Match>, Vec<Hit>) = (Vec::new(), Vec::new());
            kernel.process(&mut scratch, &b, &mut matches, &mut tally, &mut named, &mut hits);
            kernel.process_keys(&mut keys, &b, &mut hits);
            kept += &format!("{:?} {:?}", keys.counts, keys.cells);
            out.extend(hits.iter().map(|h| said(h, &b)));
            bytes += b.core.len() as u64 + b.left_out_bytes;
        }
        out.sort();
        (out, tally, kept, bytes)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn left_out_cells_change_nothing(
            rows in 1usize..400,
            seeds in prop::collection::vec((any::<u32>(), 1usize..=VALUES.len() + 3), FIELDS.len()),
        ) {
            let columns = |salt: u32| -> Vec<Vec<usize>> {
                let column = |(seed, few): &(u32, usize)| {
                    let mut x = u64::from(seed ^ salt) | 1;
                    let mut next = || { x ^= x << 13; x ^= x >> 7; x ^= x << 17; x as usize };
                    (0..rows).map(|_| (next() / 7 % few + *seed as usize) % (VALUES.len() + 3)).collect()
                };
                seeds.iter().map(column).collect()
            };
            let kernel = kernel();
            let make = || {
                let first = batch(&columns(0));
                let second = Batch { offset: 1 << 30, first_row: rows as u64, ..batch(&columns(77)) };
                [first, second]
            };
            let (want, got) = (found(&kernel, make(), false), found(&kernel, make(), true));
            prop_assert!(!want.0.is_empty());
            prop_assert_eq!(&want.0, &got.0);
            prop_assert_eq!(want.1, got.1);
            prop_assert_eq!((want.2, want.3), (got.2, got.3));
        }
    }

    #[test]
    fn what_holds_nothing_becomes_no_cell() {
        let kernel = kernel();
        let clicks: Vec<usize> = (0..500).map(|i| i % 2).collect();
        let dictionary = |values: &[&str]| Arc::new(Dictionary::new(values.iter().map(|v| v.as_bytes())));
        for (field, values, want) in [
            ("kind", &["click", "page_view"][..], 0),
            ("mail", &["click", "jo@example.com"], 64 + (500 - 64) / 2),
            ("mail", &["jo@example.com", "ann@example.com"], 500),
            // A key column is wanted whole.
            ("customer_id", &["c1", "c2"], 500),
            ("ssn", &["***-**-1234", "unknown"], 64 + (500 - 64) / 2),
        ] {
            let rows = Arc::new((0..500).collect::<Vec<u32>>());
            let entries = clicks.iter().map(|v| *v as u32).collect();
            let column = Column::new(0, dictionary(values), entries, rows, Arc::new(vec![ROW_SCOPE; 500]));
            let mut b = Batch { fields: vec![field.to_owned()], columns: vec![column], ..Batch::default() };
            let mut keys = KeyCells::default();
            kernel.reset_keys(&mut keys, "crm");
            kernel.spread(&mut Scratch::new(kernel.classifiers()), &mut b, &mut Named::default(), &mut keys);
            assert_eq!(b.cells.len(), want, "{field} {values:?}");
            assert_eq!(b.cells.len() as u64 + b.left_out.iter().map(|l| l.1).sum::<u64>(), 500);
        }
    }
}
