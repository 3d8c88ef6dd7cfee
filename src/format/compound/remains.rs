//! What a document's own structure leaves: titles and authors, deleted texts, embedded things. Runs of characters of it, as
//! they lie.

use std::ops::Range;
use std::sync::Arc;

use crate::base::{ReadAt, Result};
use crate::format::transform::runs::Runs;
use crate::format::transform::{Made, Source, Transform};

/// Bytes looked at together; twice as many where a run goes on, up to the limit.
const WINDOW: u64 = 64 << 10;
const MOST_WINDOW: u64 = 4 << 20;

/// Finds runs in parts of a file.
pub(super) struct Remains {
    data: Arc<dyn ReadAt>,
    ranges: std::vec::IntoIter<Range<u64>>,
    now: Range<u64>,
    window: u64,
    runs: Runs,
}

impl Remains {
    pub fn new(data: Arc<dyn ReadAt>, ranges: Vec<Range<u64>>) -> Remains {
        Remains { data, ranges: ranges.into_iter(), now: 0..0, window: WINDOW, runs: Runs }
    }
}

impl Source for Remains {
    fn more(&mut self, out: &mut Made) -> Result<bool> {
        if self.now.is_empty() {
            let Some(next) = self.ranges.next() else { return Ok(false) };
            (self.now, self.window) = (next, WINDOW);
            return Ok(true);
        }
        let n = (self.now.end - self.now.start).min(self.window);
        let bytes = self.data.read_at(self.now.start, n as usize)?;
        let last = n == self.now.end - self.now.start || n >= MOST_WINDOW;
        let used = self.runs.push(&bytes, self.now.start, last, out) as u64;
        self.window = if used == 0 { self.window * 2 } else { WINDOW };
        self.now.start += used;
        Ok(true)
    }
}
