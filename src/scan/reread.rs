//! Reads values again from the places that an index names, for somebody who asked to see them; and draws at random from
//! what lies beside these places.
//!
//! Nothing is looked for and nothing is written. PRIVACY: gives raw values, each a [`Secret`].

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use super::look::each_listed_near;
use super::member::{MemberOptions, guarded, read_member};
use super::names::shown;
use super::near::Near;
use super::slots::Slots;
use super::window::{MemberName, Sink, Window};
use crate::base::{At, Batch, Cell, Place, PlaceKind, Random, Reason, Secret};
use crate::classify::{Classifiers, Scratch};
use crate::identity::{Hasher, Kernel};
use crate::index::{PlaceList, tidy_ranges};
use crate::source::Source;

/// Bytes around a value in running text, and of a line that is drawn.
const AROUND: usize = 40;
const LINE: usize = 400;
/// Values of one field in one record that are shown at most: a list may have any number.
const SAME_FIELD: usize = 3;

/// What is wanted of an object.
#[derive(Debug, Default)]
pub struct Reread {
    /// The version that the places are of: another one is not read.
    pub version: String,
    /// Where.
    pub places: Vec<Place>,
    /// What is drawn beside.
    pub draw: Draw,
}

/// A random choice of values.
#[derive(Debug, Default)]
pub struct Draw {
    /// How many.
    pub count: usize,
    /// Repeats the choice.
    pub seed: u64,
    /// What is not drawn.
    pub taken: Taken,
}

/// Places of an object at which something was found.
#[derive(Debug, Default)]
pub struct Taken {
    rows: HashMap<(Option<String>, String), Vec<(u64, u64)>>,
    bytes: HashMap<Option<String>, Vec<(u64, u64)>>,
    fields: HashSet<(Option<String>, String)>,
}

impl Taken {
    /// Adds places of a field.
    pub fn add(&mut self, member: Option<&str>, field: &str, places: &PlaceList) {
        let member = member.map(str::to_owned);
        let all = match places {
            PlaceList::Rows(_) => self.rows.entry((member, field.to_owned())).or_default(),
            // Bytes are those of the member, whatever field they stand in.
            PlaceList::Bytes(_) | PlaceList::Document(_) => self.bytes.entry(member).or_default(),
        };
        all.extend_from_slice(places.ranges());
    }

    /// Leaves out all of a field.
    pub fn add_field(&mut self, member: Option<&str>, field: &str) {
        self.fields.insert((member.map(str::to_owned), field.to_owned()));
    }

    fn tidy(&mut self) {
        self.rows.values_mut().chain(self.bytes.values_mut()).for_each(|r| tidy_ranges(r, true));
    }
}

/// Whether one of ranges that are ordered and apart meets `[start, end)`.
fn meets(ranges: Option<&Vec<(u64, u64)>>, start: u64, end: u64) -> bool {
    ranges.is_some_and(|r| r.get(r.partition_point(|r| r.1 <= start)).is_some_and(|r| r.0 < end))
}

/// A value with a little of what stands around it.
#[derive(Clone, Debug)]
pub struct Value {
    /// Where.
    pub place: Place,
    /// The value; of a record the whole field.
    pub value: Secret,
    /// Others of the same field in the same record.
    pub more: Vec<Secret>,
    /// Before it and after it in its line, in running text.
    pub around: (Secret, Secret),
}

impl Value {
    /// Alone.
    pub fn new(place: Place, value: Secret) -> Value {
        Value { place, value, more: Vec::new(), around: (Secret::new([]), Secret::new([])) }
    }
}

/// What was read of an object.
#[derive(Debug, Default)]
pub struct Values {
    /// In the order of the places; `None`: not found there.
    pub values: Vec<Option<Value>>,
    /// What was drawn.
    pub drawn: Vec<Value>,
    /// Why not all of it could be read.
    pub problem: Option<Reason>,
}

/// Reads objects again by the keyed hashes of their uris. `want` says what is wanted of one, just before it is read; `each` gets what
/// was there, or why nothing was: `changed_during_read` for another version than the one wanted. An object that is not listed comes
/// to neither. Gives the folders and prefixes that could not be listed.
pub fn reread(
    sources: &[Arc<dyn Source>],
    objects: &HashSet<[u8; 16]>,
    hasher: &Hasher,
    classifiers: &Arc<Classifiers>,
    want: &mut dyn FnMut(&[u8; 16]) -> Option<Reread>,
    each: &mut dyn FnMut(&[u8; 16], std::result::Result<Values, Reason>),
) -> Vec<(String, Reason)> {
    reread_near(sources, objects, None, hasher, classifiers, want, each)
}

/// The same; with `near` without a listing of all, and within a budget. Sources behind the one that held the last of the objects are not
/// listed then.
pub fn reread_near(
    sources: &[Arc<dyn Source>],
    objects: &HashSet<[u8; 16]>,
    near: Option<&Near>,
    hasher: &Hasher,
    classifiers: &Arc<Classifiers>,
    want: &mut dyn FnMut(&[u8; 16]) -> Option<Reread>,
    each: &mut dyn FnMut(&[u8; 16], std::result::Result<Values, Reason>),
) -> Vec<(String, Reason)> {
    let kernel = Kernel::new(classifiers.clone(), None);
    let mut slots = Slots::new(&kernel, None);
    let (starts, mut budget) = (near.map(|n| n.starts.as_slice()), near.map(Near::budget));
    let (_, failures) = each_listed_near(sources, hasher, Some(objects), starts, &mut |source, object, hint, hash| {
        let Some(mut wanted) = want(&hash) else { return };
        if object.version != wanted.version {
            return each(&hash, Err(Reason::Changed));
        }
        if let Some(refused) = budget.as_mut().and_then(|b| b.refuses(source, object)) {
            return each(&hash, Err(refused));
        }
        wanted.draw.taken.tidy();
        let mut sink = Again::new(&kernel, &wanted);
        let end = guarded(|| read_member(source.open(object), object, hint, &kernel, &MemberOptions::default(), &mut slots, &mut sink));
        let reasons = || end.issues.iter().map(|(_, i)| i.reason);
        // What was read may be of either version.
        if end.unread || reasons().any(|r| r == Reason::Changed) {
            let changed = reasons().find(|r| *r == Reason::Changed);
            return each(&hash, Err(changed.or(reasons().next()).unwrap_or(Reason::NotFound)));
        }
        each(&hash, Ok(Values { problem: reasons().next(), ..sink.end() }));
    });
    let mut scratch = Scratch::new(classifiers);
    failures.into_iter().map(|(uri, reason)| (shown(&kernel, &mut scratch, &uri), reason)).collect()
}

/// The rows wanted of a field: which places they are.
type Rows = BTreeMap<u64, Vec<usize>>;

/// Keeps what stands at the places that are wanted.
struct Again<'a> {
    kernel: &'a Kernel,
    scratch: Scratch,
    wanted: &'a Reread,
    rows: HashMap<(Option<String>, String), Rows>,
    /// By member: first byte, end, place.
    bytes: HashMap<Option<String>, Vec<(u64, u64, usize)>>,
    values: Vec<Option<Value>>,
    /// Field names of the member as shown.
    member: Option<u32>,
    fields: Vec<String>,
    random: Random,
    /// Values that could have been drawn so far.
    candidates: u64,
    drawn: Vec<Value>,
}

impl<'a> Again<'a> {
    fn new(kernel: &'a Kernel, wanted: &'a Reread) -> Again<'a> {
        let (mut rows, mut bytes): (HashMap<_, Rows>, HashMap<_, Vec<_>>) = (HashMap::new(), HashMap::new());
        for (i, p) in wanted.places.iter().enumerate() {
            match p.at {
                At::Row(row) => rows.entry((p.member.clone(), p.field.clone())).or_default().entry(row).or_default().push(i),
                At::Bytes(start, end) => bytes.entry(p.member.clone()).or_default().push((start, end, i)),
            }
        }
        bytes.values_mut().for_each(|b| b.sort_unstable());
        Again {
            kernel,
            scratch: Scratch::new(kernel.classifiers()),
            wanted,
            rows,
            bytes,
            values: vec![None; wanted.places.len()],
            member: None,
            fields: Vec::new(),
            random: Random::new(wanted.draw.seed),
            candidates: 0,
            drawn: Vec::new(),
        }
    }

    fn end(self) -> Values {
        Values { values: self.values, drawn: self.drawn, problem: None }
    }

    fn at_rows(&mut self, member: &MemberName, batch: &Batch) {
        let wanted: Vec<Option<&Rows>> = self.fields.iter().map(|f| self.rows.get(&(member.path.clone(), f.clone()))).collect();
        if wanted.iter().all(Option::is_none) {
            return;
        }
        for c in &batch.cells {
            let row = batch.first_row + u64::from(c.row);
            let Some(places) = wanted.get(c.field as usize).copied().flatten().and_then(|r| r.get(&row)) else { continue };
            for &i in places {
                let value = Secret::new(batch.value(c));
                match &mut self.values[i] {
                    None => self.values[i] = Some(Value::new(self.wanted.places[i].clone(), value)),
                    Some(v) if v.more.len() + 1 < SAME_FIELD => v.more.push(value),
                    Some(_) => {}
                }
            }
        }
    }

    fn at_bytes(&mut self, member: &MemberName, batch: &Batch) {
        let Some(wanted) = self.bytes.get(&member.path) else { return };
        let span = match (batch.origins.first(), batch.origins.last()) {
            (Some(first), Some(last)) => first.start..last.end,
            _ => batch.offset..batch.offset + batch.bytes.len() as u64,
        };
        let from = wanted.partition_point(|w| w.0 < span.start);
        for &(start, end, i) in wanted[from..].iter().take_while(|w| w.0 < span.end) {
            let Some(range) = batch.local_range(start, end).filter(|r| batch.core.contains(&r.start)) else { continue };
            if self.values[i].is_none() {
                let value = Value::new(self.wanted.places[i].clone(), Secret::new(&batch.bytes[range.clone()]));
                self.values[i] = Some(Value { around: around(batch, &range), ..value });
            }
        }
    }

    /// Every value in which nothing was found has the same chance.
    fn draw(&mut self, member: &MemberName, batch: &Batch) {
        let wanted = self.wanted;
        let taken = &wanted.draw.taken;
        if batch.cells.is_empty() {
            if taken.fields.contains(&(member.path.clone(), String::new())) {
                return;
            }
            for line in lines(batch) {
                let bytes = batch.member_range(None, line.start as u32, line.end as u32);
                if !meets(taken.bytes.get(&member.path), bytes.start, bytes.end) {
                    let place = |_: &Self| (String::new(), At::Bytes(bytes.start, bytes.end));
                    self.offer(member, &batch.bytes[line], place);
                }
            }
            return;
        }
        let fields: Vec<Option<Option<&Vec<(u64, u64)>>>> = self
            .fields
            .iter()
            .map(|f| {
                let key = (member.path.clone(), f.clone());
                (!taken.fields.contains(&key)).then(|| taken.rows.get(&key))
            })
            .collect();
        for c in &batch.cells {
            let Some(rows) = fields.get(c.field as usize).copied().flatten() else { continue };
            let (row, at) = (batch.first_row + u64::from(c.row), place_of(batch, c));
            let found = match at {
                At::Row(_) => meets(rows, row, row + 1),
                At::Bytes(start, end) => meets(taken.bytes.get(&member.path), start, end),
            };
            if !found {
                self.offer(member, batch.value(c), |s| (s.fields.get(c.field as usize).cloned().unwrap_or_default(), at));
            }
        }
    }

    fn offer(&mut self, member: &MemberName, value: &[u8], place: impl FnOnce(&Self) -> (String, At)) {
        if !value.iter().any(|b| b.is_ascii_alphanumeric() || *b >= 0x80) {
            return;
        }
        self.candidates += 1;
        let slot = match self.drawn.len() < self.wanted.draw.count {
            true => self.drawn.len(),
            false => self.random.below(self.candidates) as usize,
        };
        if slot >= self.wanted.draw.count {
            return;
        }
        let (field, at) = place(self);
        let value = Value::new(Place { member: member.path.clone(), field, at }, Secret::new(value));
        match self.drawn.get_mut(slot) {
            Some(old) => *old = value,
            None => self.drawn.push(value),
        }
    }
}

impl Sink for Again<'_> {
    fn window(&mut self, _: &Window<'_>) {}

    fn batches_only(&self) -> bool {
        true
    }

    fn batch(&mut self, member: &MemberName, batch: &Batch) {
        if self.member.replace(member.number) != Some(member.number) {
            self.fields.clear();
        }
        for name in batch.fields.iter().skip(self.fields.len()) {
            self.fields.push(shown(self.kernel, &mut self.scratch, name));
        }
        self.at_rows(member, batch);
        self.at_bytes(member, batch);
        if self.wanted.draw.count > 0 {
            self.draw(member, batch);
        }
    }
}

/// The place of a whole value, as an index writes it.
fn place_of(batch: &Batch, c: &Cell) -> At {
    match batch.places {
        PlaceKind::Rows => At::Row(batch.first_row + u64::from(c.row)),
        PlaceKind::Bytes | PlaceKind::RowsAndBytes => {
            let bytes = batch.member_range(Some(c), c.start, c.end);
            At::Bytes(bytes.start, bytes.end)
        }
    }
}

/// What stands before and after a value in its line, or in its cell.
fn around(batch: &Batch, value: &Range<usize>) -> (Secret, Secret) {
    let bounds = batch.cell_at(value.start).map_or(0..batch.bytes.len(), |i| batch.cells[i].start as usize..batch.cells[i].end as usize);
    let before = &batch.bytes[value.start.saturating_sub(AROUND).max(bounds.start)..value.start];
    let after = &batch.bytes[value.end.min(bounds.end)..(value.end + AROUND).min(bounds.end)];
    let before = before.rsplit(|b| *b == b'\n').next().unwrap_or_default();
    let after = after.split(|b| *b == b'\n').next().unwrap_or_default();
    (Secret::new(before), Secret::new(after))
}

/// The lines of running text that begin in the core of a batch; long ones in pieces.
fn lines(batch: &Batch) -> Vec<Range<usize>> {
    let (mut out, bytes) = (Vec::new(), &batch.bytes);
    let begins = |at: usize| if at == 0 { batch.offset == 0 } else { bytes[at - 1] == b'\n' };
    let mut at = batch.core.start;
    if !begins(at) {
        at = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |i| at + i + 1);
    }
    while at < batch.core.end {
        let end = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |i| at + i);
        out.extend((at..end).step_by(LINE).map(|from| from..(from + LINE).min(end)));
        at = end + 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_begin_in_the_core() {
        let text = |bytes: &str, core: Range<usize>, offset: u64| {
            let b = Batch { bytes: bytes.as_bytes().to_vec(), core, offset, ..Batch::default() };
            lines(&b).into_iter().map(|l| String::from_utf8_lossy(&b.bytes[l]).into_owned()).collect::<Vec<_>>()
        };
        assert_eq!(text("one\ntwo\n\nthree", 0..15, 0), ["one", "two", "three"]);
        // The next batch has the beginning of a line that another has begun, and one that goes on behind its core.
        assert_eq!(text("one\ntwo\nthree\n", 2..9, 50), ["two", "three"]);
        assert_eq!(text("one\ntwo", 0..7, 50), ["two"]);
        assert_eq!(text(&"x".repeat(900), 0..900, 0).iter().map(String::len).collect::<Vec<_>>(), [400, 400, 100]);
    }

    #[test]
    fn what_was_found_is_not_drawn() {
        let mut taken = Taken::default();
        taken.add(None, "email", &PlaceList::Rows(vec![(9, 11), (3, 4)]));
        taken.add(None, "", &PlaceList::Bytes(vec![(100, 120)]));
        taken.tidy();
        let rows = taken.rows.get(&(None, "email".to_owned()));
        let hit: Vec<u64> = (0..13).filter(|r| meets(rows, *r, r + 1)).collect();
        assert_eq!(hit, [3, 9, 10]);
        let bytes = taken.bytes.get(&None);
        assert_eq!([(0, 100), (0, 101), (119, 130), (120, 130)].map(|(s, e)| meets(bytes, s, e)), [false, true, true, false]);
        assert!(!meets(None, 0, 10));
    }
}
