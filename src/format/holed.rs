//! Text with zeros in it: read as it is, and told.

use super::{Part, Reader};
use crate::base::{Batch, Issue, Reason, Result};

/// Reads what another reader reads, and says once that there are zeros.
pub(super) struct Holed {
    reader: Box<dyn Reader>,
    told: bool,
}

impl Holed {
    pub fn new(reader: Box<dyn Reader>) -> Holed {
        Holed { reader, told: false }
    }
}

impl Reader for Holed {
    fn kind(&self) -> &'static str {
        self.reader.kind()
    }

    fn next_batch(&mut self, batch: &mut Batch) -> Result<bool> {
        self.reader.next_batch(batch)
    }

    fn take_issues(&mut self) -> Vec<Issue> {
        let mut issues = self.reader.take_issues();
        if !std::mem::replace(&mut self.told, true) {
            issues.push(Issue { reason: Reason::Malformed, detail: "a text with zero bytes in it, read as it is".to_owned() });
        }
        issues
    }

    fn take_parts(&mut self) -> Vec<Part> {
        self.reader.take_parts()
    }

    fn take_behind(&mut self) -> Option<Box<dyn Reader>> {
        self.reader.take_behind()
    }
}
