//! Forms of records: what stands between their values.
//!
//! Records of one kind differ in their values alone. A form is learned from a record that was walked over; a record that
//! has the same bytes between its values has its values at the same paths and in the same scopes, so nothing else of it
//! needs to be looked at. What does not fit is taken back and walked over.

use super::paths::Paths;
use super::walk::{Signs, string_end, word_end};
use crate::base::{Batch, Cell, ROW_SCOPE, Scope};

/// Forms that are kept.
const FORMS: usize = 16;
/// Values of a record that has a form.
const VALUES: usize = 1024;
/// Bytes of a record that has a form.
const RECORD_BYTES: usize = 64 << 10;
/// Records after which it is asked whether most of them had a form.
const TRIAL: u32 = 64;
/// Records with a form that pay for learning another one, once there are many.
const PRICE: u32 = 16;
/// Forms that may be learned anew after a pause.
const ANEW: u32 = 4;
/// Bytes that are compared at once.
const WORD: usize = 16;

/// A value and what stands before it.
struct Step {
    /// The first bytes of what stands before it, and all ones where they count.
    words: [u128; 2],
    masks: [u128; 2],
    /// All of it.
    text: Box<[u8]>,
    value: Option<Place>,
}

/// Where a value belongs.
#[derive(Clone, Copy)]
struct Place {
    node: u32,
    /// Known once the node had a value.
    field: Option<u32>,
    /// Counted from the record's first, or [`ROW_SCOPE`].
    scope: u32,
}

struct Form {
    /// The last one has no value.
    steps: Vec<Step>,
    /// Parents of the scopes, counted from the record's first.
    scopes: Vec<Option<u32>>,
    /// How many steps it has in common with each form.
    shared: [usize; FORMS],
}

/// A value met on a walk: where it stands and belongs.
struct Seen {
    start: usize,
    end: usize,
    node: u32,
    scope: u32,
}

/// The forms of a member's records.
pub(super) struct Forms {
    forms: Vec<Form>,
    /// The form of the last record.
    last: usize,
    /// Which one goes when there are too many.
    oldest: usize,
    /// Values of the record that is learned from.
    seen: Vec<Seen>,
    learning: bool,
    /// Records that were looked up, and those of them that had no form, since it was last asked whether it pays.
    tried: u32,
    missed: u32,
    /// Records that are still to be walked over without looking; how many it was the last time.
    pause: u32,
    last_pause: u32,
    /// What may be spent on learning: `PRICE` a form.
    credit: u32,
}

/// What takes the values of a record.
pub(super) struct Taker<'a> {
    pub batch: &'a mut Batch,
    /// Counted from the batch's first.
    pub row: u32,
    pub paths: &'a mut Paths,
    /// Cells whose escapes are to be resolved.
    pub fixes: &'a mut Vec<u32>,
}

impl Step {
    fn new(text: &[u8], value: Option<Place>) -> Step {
        let (mut bytes, mut masks) = ([0; 2 * WORD], [0; 2 * WORD]);
        for (i, b) in text.iter().take(2 * WORD).enumerate() {
            (bytes[i], masks[i]) = (*b, 0xff);
        }
        let words = |b: &[u8; 2 * WORD]| [0, 1].map(|i| u128::from_le_bytes(b.as_chunks::<WORD>().0[i]));
        Step { words: words(&bytes), masks: words(&masks), text: text.into(), value }
    }

    /// Whether its text stands at `at`. No, where the bytes end soon.
    #[inline(always)]
    fn is_at(&self, bytes: &[u8], at: usize) -> bool {
        let Some(found) = bytes.get(at..).and_then(|b| b.first_chunk::<{ 2 * WORD }>()) else { return false };
        let [a, b] = [0, 1].map(|i| (u128::from_le_bytes(found.as_chunks::<WORD>().0[i]) ^ self.words[i]) & self.masks[i]);
        (a | b) == 0 && (self.text.len() <= 2 * WORD || bytes[at..].starts_with(&self.text))
    }
}

impl Forms {
    pub fn new() -> Forms {
        Forms {
            forms: Vec::new(),
            last: 0,
            oldest: 0,
            seen: Vec::new(),
            learning: false,
            tried: 0,
            missed: 0,
            pause: 0,
            last_pause: 0,
            credit: FORMS as u32 * PRICE,
        }
    }

    /// Whether the record that begins now should be looked up. Where every record has another form it does not pay, and
    /// it is asked ever more seldom.
    #[inline]
    pub fn wanted(&mut self) -> bool {
        self.learning = false;
        if self.pause > 0 {
            self.pause -= 1;
            return false;
        }
        self.tried += 1;
        if self.tried > TRIAL {
            if 2 * self.missed > self.tried {
                self.last_pause = (2 * self.last_pause).clamp(4 * TRIAL, 1 << 16);
                self.pause = self.last_pause;
                self.credit = ANEW * PRICE;
            } else {
                self.last_pause = 0;
            }
            (self.tried, self.missed) = (0, 0);
        }
        true
    }

    /// How many forms were learned.
    #[cfg(test)]
    pub fn known(&self) -> usize {
        self.forms.len()
    }

    /// Reads the record that begins at `at` if it has a known form: where it ends. Otherwise nothing is changed.
    pub fn follow(&mut self, bytes: &[u8], mut at: usize, signs: &mut Signs, to: Taker<'_>) -> Option<usize> {
        let Taker { batch, row, paths, fixes } = to;
        let (cells, fixed) = (batch.cells.len(), fixes.len());
        let first_scope = batch.scopes.len() as u32;
        let mut form = self.last;
        let mut i = 0;
        let end = loop {
            let known = self.forms.get_mut(form)?;
            let step = &mut known.steps[i];
            if !step.is_at(bytes, at) {
                match self.other(form, i, bytes, at) {
                    Some(other) => form = other,
                    None => break None,
                }
                continue;
            }
            at += step.text.len();
            let Some(place) = &mut step.value else { break Some(at) };
            let Some(b) = bytes.get(at) else { break None };
            let (start, end, next, escapes) = match b {
                b'"' => match string_end(bytes, signs, at + 1) {
                    Some((end, escapes)) => (at + 1, end, end + 1, escapes),
                    None => break None,
                },
                b'-' | b'0'..=b'9' => match signs.number_end(bytes, at) {
                    Some(end) => (at, end, end, false),
                    None => break None,
                },
                _ => match word_end(bytes, at) {
                    Some(end) => (end, end, end, false),
                    None => break None,
                },
            };
            if start < end {
                let field = match place.field {
                    Some(f) => f,
                    None => *place.field.insert(paths.field(place.node)),
                };
                if escapes {
                    fixes.push(batch.cells.len() as u32);
                }
                let scope = if place.scope == ROW_SCOPE { ROW_SCOPE } else { first_scope + place.scope };
                batch.cells.push(Cell { start: start as u32, end: end as u32, raw_end: end as u32, field, row, scope });
            }
            at = next;
            i += 1;
        };
        if end.is_some() {
            self.last = form;
            self.credit = (self.credit + 1).min(FORMS as u32 * PRICE);
            batch.scopes.extend(self.forms[form].scopes.iter().map(|p| Scope { parent: p.map(|p| first_scope + p) }));
        } else {
            batch.cells.truncate(cells);
            fixes.truncate(fixed);
        }
        end
    }

    /// A form that begins as `form` does, up to the step `i`, and goes on as the bytes at `at` do.
    #[cold]
    fn other(&self, form: usize, i: usize, bytes: &[u8], at: usize) -> Option<usize> {
        let shared = &self.forms[form].shared;
        (0..self.forms.len()).find(|f| *f != form && shared[*f] >= i && self.forms[*f].steps[i].is_at(bytes, at))
    }

    /// The record that begins now has no form: it may be learned from.
    pub fn missed(&mut self) {
        self.missed += 1;
        if let Some(left) = self.credit.checked_sub(PRICE) {
            self.credit = left;
            self.seen.clear();
            self.learning = true;
        }
    }

    /// Whether a record is learned from.
    #[inline]
    pub fn is_learning(&self) -> bool {
        self.learning
    }

    /// A value was met.
    pub fn see(&mut self, start: usize, end: usize, node: u32, scope: u32) {
        self.learning &= self.seen.len() < VALUES;
        self.seen.push(Seen { start, end, node, scope });
    }

    /// The record is none to learn from.
    pub fn forget(&mut self) {
        self.learning = false;
    }

    /// The record `start..end` is complete; its scopes are those from `first_scope` on.
    pub fn learned(&mut self, bytes: &[u8], start: usize, end: usize, first_scope: usize, batch: &Batch) {
        self.learning = false;
        if end - start > RECORD_BYTES {
            return;
        }
        let rel = |scope: u32| if scope == ROW_SCOPE { ROW_SCOPE } else { scope - first_scope as u32 };
        let mut at = start;
        let mut steps = Vec::with_capacity(self.seen.len() + 1);
        for s in &self.seen {
            let place = Place { node: s.node, field: None, scope: rel(s.scope) };
            steps.push(Step::new(&bytes[at..s.start], Some(place)));
            at = s.end;
        }
        steps.push(Step::new(&bytes[at..end], None));
        let scopes = batch.scopes[first_scope..].iter().map(|s| s.parent.map(rel)).collect();
        let slot = if self.forms.len() < FORMS { self.forms.len() } else { self.oldest };
        let mut form = Form { steps, scopes, shared: [0; FORMS] };
        for (i, f) in self.forms.iter().enumerate() {
            form.shared[i] =
                form.steps.iter().zip(&f.steps).take_while(|(a, b)| a.text == b.text && a.value.is_some() == b.value.is_some()).count();
            if form.shared[i] == form.steps.len() {
                // It is known: the record stands too close to the end of the buffer.
                self.credit += PRICE;
                return;
            }
        }
        for (i, f) in self.forms.iter_mut().enumerate() {
            f.shared[slot] = form.shared[i];
        }
        self.last = slot;
        if slot == self.forms.len() {
            self.forms.push(form);
        } else {
            self.forms[slot] = form;
            self.oldest = (slot + 1) % FORMS;
        }
    }
}
