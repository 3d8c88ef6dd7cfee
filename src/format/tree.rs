//! What readers of nested values share that make their values themselves (Ion, BSON): paths, scopes and cells as for JSON.
//!
//! A record may be larger than a batch: the objects that are open where a batch ends go on in the next.

use std::ops::Range;

use super::feed::{char_boundary, sync_fields};
use super::json::paths::{Paths, ROOT};
use super::rows;
use crate::base::{Batch, Origin, PlaceKind, ROW_SCOPE, Scope};

/// An open object or array.
struct Frame {
    array: bool,
    /// Its parts belong to nobody in common, and `Item` among them is no part of a path.
    wrapper: bool,
    node: u32,
    /// The path of the value that comes next.
    child: u32,
    /// Where in the node's children the next key is looked for first.
    guess: u32,
    /// The scope of directly held values, in the current batch.
    scope: u32,
    /// Whether it opened that scope itself.
    own: bool,
}

/// Writes the values of nested records into batches.
pub(super) struct Tree {
    paths: Paths,
    stack: Vec<Frame>,
    root: u32,
    /// Whether the outermost objects hold the images of a DynamoDB item.
    pub wrapped: bool,
    /// Whether the bytes that values come from are told.
    pub places: PlaceKind,
    depth: usize,
    value_bytes: usize,
    row: u64,
    offset: u64,
    /// Whether the last cell is a key whose value comes next.
    keyed: bool,
}

impl Tree {
    /// `depth`: how many objects and arrays may lie in one another; `value_bytes`: where longer values are cut.
    pub fn new(depth: usize, value_bytes: usize) -> Tree {
        let (depth, value_bytes) = (depth.max(1), value_bytes.max(16));
        let places = PlaceKind::Rows;
        let (paths, stack) = (Paths::new(), Vec::new());
        Tree { paths, stack, root: ROOT, wrapped: false, places, depth, value_bytes, row: 0, offset: 0, keyed: false }
    }

    /// Empties the batch for what comes from `row` on, and brings in the objects that are open.
    pub fn begin(&mut self, batch: &mut Batch) {
        batch.clear();
        batch.places = self.places;
        batch.first_line = 1;
        batch.first_row = self.row;
        batch.offset = self.offset;
        let (mut last, mut above) = (ROW_SCOPE, None);
        for f in &mut self.stack {
            if f.own {
                batch.scopes.push(Scope { parent: parent(above, last) });
                last = (batch.scopes.len() - 1) as u32;
            }
            f.scope = last;
            above = Some((f.array, f.wrapper));
        }
        batch.carried = batch.scopes.len();
    }

    /// Completes the batch, in which `records` ended.
    pub fn finish(&mut self, batch: &mut Batch, records: u64) {
        batch.core = 0..batch.bytes.len();
        batch.records = records;
        batch.open.extend(self.stack.iter().filter(|f| f.own).map(|f| f.scope));
        self.offset += batch.bytes.len() as u64;
        sync_fields(batch, &self.paths.fields);
    }

    /// What comes next belongs to the next record.
    pub fn next_row(&mut self) {
        self.row += 1;
    }

    /// How many records a batch may hold: what follows a document has places of another kind.
    pub fn most_records(&self) -> u64 {
        if self.places == PlaceKind::Rows { u64::from(u32::MAX) } else { 1 }
    }

    /// A value begins. One behind a document is a record: there is nothing but comments in the batch then.
    fn value_begins(&mut self, batch: &mut Batch) {
        if self.places != PlaceKind::Rows && self.row > 0 && self.stack.is_empty() {
            (self.places, batch.places) = (PlaceKind::Rows, PlaceKind::Rows);
            batch.origins.clear();
        }
    }

    /// The paths of the records to come begin with `name`.
    pub fn rooted(&mut self, name: &str) {
        self.root = self.paths.root(name);
    }

    /// What is open ends here.
    pub fn close_all(&mut self) {
        self.stack.clear();
        self.keyed = false;
    }

    /// Path and scope of the value that comes next.
    fn place(&self) -> (u32, u32) {
        self.stack.last().map_or((self.root, ROW_SCOPE), |f| (f.child, f.scope))
    }

    /// Opens an object or an array; `false` where they are nested too deeply.
    #[must_use]
    pub fn open(&mut self, batch: &mut Batch, array: bool) -> bool {
        if self.stack.len() >= self.depth {
            return false;
        }
        self.value_begins(batch);
        let (node, held) = self.place();
        let keyed = std::mem::take(&mut self.keyed);
        let above = self.stack.last().map(|f| (f.array, f.wrapper));
        let scope = if array {
            held
        } else {
            batch.scopes.push(Scope { parent: parent(above, held) });
            let own = (batch.scopes.len() - 1) as u32;
            if keyed && let Some(key) = batch.cells.last_mut() {
                // A key that is data is about the object under it.
                key.scope = own;
            }
            own
        };
        let child = if array { self.paths.element(node) } else { node };
        let wrapper = self.wrapped && above.is_none() && !array;
        self.stack.push(Frame { array, wrapper, node, child, guess: 0, scope, own: !array });
        true
    }

    /// Closes what was opened last.
    pub fn close(&mut self) {
        self.keyed = false;
        self.stack.pop();
    }

    /// How much is open.
    pub fn depth(&self) -> usize {
        self.stack.len()
    }

    /// Takes the key of the value that comes next. One that is data itself is given as a value.
    pub fn key(&mut self, batch: &mut Batch, key: &[u8], from: Range<u64>) {
        let Some(f) = self.stack.last_mut().filter(|f| !f.array) else { return };
        if f.wrapper && key == b"Item" {
            f.child = f.node;
            return;
        }
        let (child, collapsed) = self.paths.child(f.node, key, &mut f.guess);
        f.child = child;
        self.keyed = false;
        if collapsed {
            self.value(batch, key, from);
            self.keyed = true;
        }
    }

    /// Gives a value that was made of the member's bytes `from`.
    pub fn value(&mut self, batch: &mut Batch, text: &[u8], from: Range<u64>) {
        self.value_begins(batch);
        let (node, scope) = self.place();
        if !text.is_empty() {
            let field = self.paths.field(node);
            self.give(batch, field, scope, text, from);
        }
    }

    /// Gives text that belongs to no field.
    pub fn raw(&mut self, batch: &mut Batch, text: &[u8], from: Range<u64>) {
        if !text.is_empty() {
            let field = self.paths.raw_field();
            self.give(batch, field, ROW_SCOPE, text, from);
        }
    }

    fn give(&mut self, batch: &mut Batch, field: u32, scope: u32, mut text: &[u8], from: Range<u64>) {
        self.keyed = false;
        let row = (self.row - batch.first_row) as u32;
        let exact = from.end - from.start == text.len() as u64;
        let mut start = from.start;
        while !text.is_empty() {
            // A very long text comes in pieces that end with a word.
            let n = match text.len() {
                n if n <= self.value_bytes => n,
                _ => {
                    let most = char_boundary(text, self.value_bytes).max(1);
                    memchr::memrchr3(b' ', b'\n', b'\t', &text[..most]).map_or(most, |n| n + 1)
                }
            };
            let at = batch.bytes.len() as u32;
            rows::cell(batch, field, row, scope, &text[..n]);
            if self.places != PlaceKind::Rows {
                let end = if exact { start + n as u64 } else { from.end };
                batch.origins.push(Origin { at, start, end });
                // What stands between two values comes from nowhere.
                batch.origins.push(Origin { at: at + n as u32, start: end, end });
                if exact {
                    start = end;
                }
            }
            text = &text[n..];
        }
    }
}

/// The scope around one that is opened in what `above` tells: an array and a wrapper hold nothing together.
fn parent(above: Option<(bool, bool)>, held: u32) -> Option<u32> {
    let (array, wrapper) = above?;
    (!array && !wrapper && held != ROW_SCOPE).then_some(held)
}

/// A decimal number as people write it: no exponent where there are not too many zeros. `digits` are those of the coefficient.
pub(super) fn decimal(negative: bool, digits: &str, exponent: i64) -> String {
    const MOST: i64 = 60;
    let sign = if negative { "-" } else { "" };
    let digits = match digits.trim_start_matches('0') {
        "" => "0",
        d => d,
    };
    match exponent {
        0 => format!("{sign}{digits}"),
        1..=MOST if digits == "0" => format!("{sign}0"),
        1..=MOST => format!("{sign}{digits}{:0>1$}", "", exponent as usize),
        _ if (-MOST..0).contains(&exponent) => {
            let fraction = -exponent as usize;
            let digits = format!("{digits:0>0$}", fraction + 1);
            let (whole, fraction) = digits.split_at(digits.len() - fraction);
            format!("{sign}{whole}.{fraction}")
        }
        _ => format!("{sign}{digits}e{exponent}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_lose_their_exponents() {
        let cases: &[(bool, &str, i64, &str)] = &[
            (false, "103", 0, "103"),
            (false, "6", 2, "600"),
            (false, "12025550147", 0, "12025550147"),
            (false, "12025550147", -10, "1.2025550147"),
            (true, "5", -3, "-0.005"),
            (false, "0", 7, "0"),
            (false, "000", -2, "0.00"),
            (false, "1", 400, "1e400"),
            (false, "1", i64::MIN, "1e-9223372036854775808"),
        ];
        for (negative, digits, exponent, want) in cases {
            assert_eq!(decimal(*negative, digits, *exponent), *want);
        }
    }

    #[test]
    fn a_key_that_is_data_belongs_to_the_object_under_it() {
        let (mut t, mut b) = (Tree::new(8, 100), Batch::default());
        t.begin(&mut b);
        assert!(t.open(&mut b, true) && t.open(&mut b, false));
        t.key(&mut b, b"a@x.com", 0..0);
        assert!(t.open(&mut b, false));
        t.key(&mut b, b"n", 0..0);
        t.value(&mut b, b"1", 0..0);
        t.close();
        t.key(&mut b, b"b@x.com", 0..0);
        t.close();
        assert!(t.open(&mut b, false));
        let scopes: Vec<u32> = b.cells.iter().map(|c| c.scope).collect();
        assert_eq!(scopes, [1, 1, 0]);
    }

    #[test]
    fn records_that_are_larger_than_a_batch_keep_their_scopes() {
        let (mut t, mut b) = (Tree::new(8, 100), Batch::default());
        t.begin(&mut b);
        assert!(t.open(&mut b, false));
        t.key(&mut b, b"a", 0..0);
        t.value(&mut b, b"x", 0..0);
        t.key(&mut b, b"l", 0..0);
        assert!(t.open(&mut b, true) && t.open(&mut b, false));
        t.finish(&mut b, 0);
        assert_eq!((b.open.clone(), b.scopes.len()), (vec![0, 1], 2));
        t.begin(&mut b);
        t.key(&mut b, b"e", 0..0);
        t.value(&mut b, b"y", 0..0);
        t.close();
        t.close();
        t.key(&mut b, b"z", 0..0);
        t.value(&mut b, b"w", 0..0);
        t.finish(&mut b, 0);
        assert_eq!((b.carried, b.scopes.clone()), (2, vec![Scope { parent: None }, Scope { parent: None }]));
        let cells: Vec<(&str, u32)> = b.cells.iter().map(|c| (b.fields[c.field as usize].as_str(), c.scope)).collect();
        assert_eq!(cells, [("l[].e", 1), ("z", 0)]);
    }
}
