//! A range of keys that is listed, and what waits of it.

use std::collections::{BTreeMap, VecDeque};

use super::super::shelf::Part;
use super::entry::Entry;

/// Keys from one, which is not among them, to another, which is.
#[derive(Default)]
pub(super) struct Range {
    pub to: Option<String>,
    /// The last key that was seen; `None` before the first page.
    pub at: Option<String>,
    pub token: Option<String>,
    pub busy: bool,
    pub done: bool,
    /// How often it was cut, which is when its turn to be cut comes again.
    pub cuts: u32,
    /// Nothing more can lie between its keys.
    pub whole: bool,
    pub found: VecDeque<Batch>,
    /// The key up to which its entries are kept; `None`: none yet.
    pub kept: Option<String>,
    /// Entries of the last key that was seen, of which there may be more: they are not kept yet.
    pub tail: Vec<Entry>,
}

/// A stretch of keys all of whose entries are known, as [`Part::add`] takes it.
pub(super) struct Sure {
    pub from: String,
    pub to: Option<String>,
    pub entries: Vec<Entry>,
}

impl Range {
    /// What is sure with a page that ends with `last`. `from`: the key behind which the range begins.
    pub fn sure(&mut self, from: &str, page: &[Entry], last: &str, repeats: bool) -> Option<Sure> {
        let mut entries = std::mem::take(&mut self.tail);
        entries.extend_from_slice(page);
        let to = if self.done {
            self.to.clone()
        } else if repeats {
            self.tail = entries.split_off(entries.partition_point(|e| *e.key < *last));
            Some(entries.last()?.key.clone())
        } else {
            Some(last.to_owned())
        };
        let from = std::mem::replace(&mut self.kept, to.clone()).unwrap_or_else(|| from.to_owned());
        Some(Sure { from, to, entries })
    }
}

pub(super) enum Batch {
    Held(Vec<Entry>, usize),
    Spilled(u64, usize),
    /// Listed by a run before.
    Kept((u64, u32)),
}

/// All keys in ranges, by the key behind which each begins: what a run before has listed, and between that what is to be listed.
pub(super) fn ranges(kept: Option<&Part>) -> BTreeMap<String, Range> {
    let mut out: BTreeMap<String, Range> = BTreeMap::new();
    // The key behind which the rest begins; `None`: nothing is left.
    let mut rest = Some(String::new());
    for s in kept.iter().flat_map(|k| &k.stretches) {
        let batch = Batch::Kept(s.at);
        match out.last_entry().filter(|e| e.get().done && e.get().to.as_ref() == Some(&s.from)) {
            Some(mut before) => {
                before.get_mut().found.push_back(batch);
                before.get_mut().to.clone_from(&s.to);
            }
            None => {
                if let Some(from) = rest.take().filter(|from| *from < s.from) {
                    out.insert(from, Range { to: Some(s.from.clone()), ..Range::default() });
                }
                out.insert(s.from.clone(), Range { to: s.to.clone(), done: true, found: [batch].into(), ..Range::default() });
            }
        }
        rest.clone_from(&s.to);
    }
    if let Some(from) = rest {
        out.insert(from, Range::default());
    }
    out
}
