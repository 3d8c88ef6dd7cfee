//! The fast classifiers and the naive ones find the same in any text, whole and as a cell.
#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use piimap::base::{Batch, Cell, ROW_SCOPE};
use piimap::classify::{Classifiers, Scratch};

static ALL: LazyLock<Arc<Classifiers>> = LazyLock::new(Classifiers::builtin);

fuzz_target!(|data: &[u8]| {
    if data.is_empty() || data.len() > 300 {
        return;
    }
    let text = Batch { bytes: data.to_vec(), core: 0..data.len(), first_line: 1, ..Batch::default() };
    let mut batches = vec![text.clone()];
    for name in ["note", "ssn", "phone", "zip"] {
        let end = data.len() as u32;
        let cell = Cell { start: 0, end, raw_end: end, field: 0, row: 0, scope: ROW_SCOPE };
        batches.push(Batch { cells: vec![cell], fields: vec![name.to_owned()], ..text.clone() });
    }
    let mut scratch = Scratch::new(&ALL);
    for batch in &batches {
        scratch.reset();
        let (mut fast, mut slow) = (Vec::new(), Vec::new());
        ALL.scan(&mut scratch, batch, &mut fast);
        ALL.scan_naive(batch, &mut slow);
        assert_eq!(fast, slow);
        assert!(fast.iter().all(|m| m.start < m.end && m.end as usize <= data.len()));
    }
});
