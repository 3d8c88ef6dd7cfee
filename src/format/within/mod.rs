//! Values inside values: JSON in a cell, percent encoding, HTML entities, base64, bytes in hexadecimal, blanks and hyphens of typography,
//! whole numbers written as others.
//!
//! Stands behind every reader and looks at each batch once. What a value holds is found one level deep, and its place stays that
//! of the value around it: the record, the field (which goes on with the path where JSON lies in it) and the bytes. A value that
//! holds nothing costs a look at its first bytes.
//!
//! JSON is read where it lies, its values taking the place of the one around them. Escapes shrink in place. Text in base64 is
//! added behind the batch's other values, since what it is written in may be a finding itself (a token).

mod names;
mod places;
mod plain;
mod signs;
mod split;
mod text;
mod whole;

use std::collections::HashMap;
use std::sync::Arc;

use super::Reader;
use super::feed::sync_fields;
use super::json::escape::unescape;
use super::json::paths::Paths;
use crate::base::{Batch, Cell, Column, Dictionary, Issue, PROSE_SCOPE, PlaceKind, ROW_SCOPE, Result, Scope};
use names::Names;
use split::{Found, NOWHERE};

/// The shortest JSON that holds a value: `["a"]`.
const SHORTEST: usize = 5;

/// A value that somebody types or copies, as it would be read in data: with plain blanks and hyphens.
///
/// PRIVACY: the caller overwrites it.
pub fn as_read(value: &[u8]) -> Vec<u8> {
    signs::with_plain_signs(value)
}

/// The reader with what lies in its values.
pub(super) fn wrap(reader: Box<dyn Reader>) -> Box<dyn Reader> {
    Box::new(Within {
        reader,
        names: None,
        paths: Paths::new(),
        found: Found::default(),
        changes: Vec::new(),
        candidates: Vec::new(),
        scopes: Vec::new(),
        dictionaries: HashMap::new(),
        shift: 0,
    })
}

struct Within {
    reader: Box<dyn Reader>,
    /// Once a field lies within another.
    names: Option<Names>,
    paths: Paths,
    /// Working space.
    found: Found,
    changes: Vec<plain::Change>,
    candidates: Vec<u32>,
    scopes: Vec<u32>,
    /// By field: what is known of its last dictionary.
    dictionaries: HashMap<u32, Known>,
    /// Bytes that were added to the batches so far: they move what follows.
    shift: u64,
}

/// What is known of a dictionary. PRIVACY: as long as the reader keeps that itself, until the field has another.
#[derive(Default)]
struct Known {
    id: u64,
    /// An entry of it may hold other values.
    opens: bool,
    /// The same with plain signs and numbers, where an entry has others.
    plain: Option<Arc<Dictionary>>,
}

impl Known {
    fn of(dictionary: &Dictionary) -> Known {
        // PERF: names, paths and words look like base64; each entry is tried once, instead of each row.
        let mut text = Vec::new();
        let mut rich = |v: &[u8]| {
            text.clear();
            may_be_json(v) || plain::may_be_packed(v) && plain::unpack(v, false, &mut text) || plain::has_escape(v)
        };
        let entries = || (0..dictionary.len() as u32).map(|e| dictionary.get(e));
        let opens = entries().any(&mut rich);
        let signs = !opens && entries().any(|v| whole::may_shorten(v) || plain::next(v, 0, v.len()).is_some());
        let plain = signs.then(|| {
            let plain: Vec<Vec<u8>> = entries().map(|v| whole::shortened(signs::with_plain_signs(v))).collect();
            Arc::new(Dictionary::new(plain.iter().map(Vec::as_slice)))
        });
        Known { id: dictionary.id(), opens, plain }
    }
}

impl Reader for Within {
    fn kind(&self) -> &'static str {
        self.reader.kind()
    }

    fn next_batch(&mut self, batch: &mut Batch) -> Result<bool> {
        let mut shown = Vec::new();
        if let Some(names) = &mut self.names {
            shown = std::mem::replace(&mut batch.fields, std::mem::take(&mut names.own));
        }
        let more = self.reader.next_batch(batch);
        if let Some(names) = &mut self.names {
            names.own = std::mem::replace(&mut batch.fields, shown);
            names.grow();
            if !names.same {
                batch.base64_fields.iter_mut().for_each(|f| *f = names.map[*f as usize]);
                batch.cells.iter_mut().for_each(|c| c.field = names.map[c.field as usize]);
                batch.columns.iter_mut().for_each(|c| c.field = names.map[c.field as usize]);
            }
            sync_fields(batch, &names.all);
        }
        if !more? {
            return Ok(false);
        }
        self.columns(batch);
        if !batch.columns.is_empty() && batch.cells.is_empty() {
            batch.offset += self.shift;
        } else if batch.cells.is_empty() {
            text::resolve(batch, &mut self.changes);
        } else {
            self.cells(batch);
        }
        Ok(true)
    }

    fn take_issues(&mut self) -> Vec<Issue> {
        self.reader.take_issues()
    }

    fn take_parts(&mut self) -> Vec<super::Part> {
        self.reader.take_parts()
    }

    fn take_behind(&mut self) -> Option<Box<dyn Reader>> {
        self.reader.take_behind().map(wrap)
    }
}

impl Within {
    /// Makes cells of columns whose dictionaries hold more than plain values.
    fn columns(&mut self, batch: &mut Batch) {
        for column in std::mem::take(&mut batch.columns) {
            let known = self.dictionaries.entry(column.field).or_default();
            if known.id != column.dictionary.id() {
                *known = Known::of(&column.dictionary);
            }
            match &known.plain {
                _ if known.opens => batch.spread(&column, usize::MAX, &[]),
                Some(plain) => {
                    let Column { field, entries, rows, scopes, .. } = column;
                    batch.columns.push(Column::new(field, plain.clone(), entries, rows, scopes));
                }
                None => batch.columns.push(column),
            }
        }
    }

    fn cells(&mut self, batch: &mut Batch) {
        if self.shift > 0 && batch.places != PlaceKind::Rows {
            places::note(batch);
        }
        let own = batch.bytes.len();
        batch.offset += self.shift;
        self.candidates.clear();
        let Batch { bytes, cells, core, base64_fields, .. } = &mut *batch;
        for (i, c) in cells.iter_mut().enumerate() {
            let value = &mut bytes[c.start as usize..c.end as usize];
            if may_open(value) || base64_fields.contains(&c.field) {
                self.candidates.push(i as u32);
            } else if whole::may_shorten(value)
                && c.scope != PROSE_SCOPE
                && core.start <= c.start as usize
                && c.raw_end as usize <= core.end
                && let Some(n) = whole::shorten(value)
            {
                value[n..].fill(b'\n');
                c.end = c.start + n as u32;
            }
        }
        if !self.candidates.is_empty() {
            self.open(batch);
        }
        self.escapes(batch);
        self.shift += (batch.bytes.len() - own) as u64;
    }

    /// Looks into the candidates.
    fn open(&mut self, batch: &mut Batch) {
        let cells = std::mem::take(&mut batch.cells);
        let mut kept = Vec::new();
        // Cells behind the reader's own.
        let mut added: Vec<Cell> = Vec::new();
        // Spans that are no longer told by their cells, and the member's bytes of each.
        let mut pinned = Vec::new();
        let mut from = 0;
        let core = batch.core.clone();
        let whole = |c: &Cell| core.start <= c.start as usize && c.raw_end as usize <= core.end;
        let open_end = core.end == batch.bytes.len();
        places::seal(batch);
        let mut candidates = std::mem::take(&mut self.candidates);
        for i in candidates.drain(..).map(|i| i as usize) {
            let cell = cells[i];
            if !whole(&cell) {
                continue;
            }
            let (start, end) = (cell.start as usize, cell.end as usize);
            let behind = match batch.bytes[start] {
                b'{' | b'[' => Some(0),
                _ if batch.bytes[end - 1] == b'}' => plain::json_behind(&batch.bytes[start..end]),
                _ => None,
            };
            if let Some(behind) = behind {
                let outer = Cell { start: (start + behind) as u32, ..cell };
                if self.split(batch, &outer) {
                    kept.extend_from_slice(&cells[from..i]);
                    from = i + 1;
                    let before = batch.bytes[start..start + behind].trim_ascii_end().len();
                    if before > 0 {
                        let end = (start + before) as u32;
                        kept.push(Cell { end, raw_end: end, ..cell });
                    }
                    if batch.places != PlaceKind::Rows && cell.raw_end != cell.end {
                        pinned.push((cell.start, cell.raw_end, batch.member_range(Some(&cell), cell.start, cell.end)));
                    }
                    self.take(batch, &outer, &mut kept);
                }
            } else if open_end {
                let value = &batch.bytes[start..end];
                let told = batch.base64_fields.contains(&cell.field);
                let mut text = Vec::new();
                if !(told || plain::may_be_packed(value)) || !plain::unpack(value, told, &mut text) {
                    continue;
                }
                if told {
                    // What it is written in is no value of its own.
                    kept.extend_from_slice(&cells[from..i]);
                    from = i + 1;
                }
                let range = batch.member_range(Some(&cell), cell.start, cell.end);
                if batch.bytes.last() != Some(&b'\n') {
                    batch.bytes.push(b'\n');
                }
                let at = batch.bytes.len() as u32;
                batch.bytes.append(&mut text);
                let end = batch.bytes.len() as u32;
                batch.bytes.push(b'\n');
                let outer = Cell { start: at, end, raw_end: end, ..cell };
                if batch.places != PlaceKind::Rows {
                    pinned.push((at, end, range));
                }
                if matches!(batch.bytes[at as usize], b'{' | b'[') && self.split(batch, &outer) {
                    self.take(batch, &outer, &mut added);
                } else {
                    added.push(outer);
                }
            }
        }
        self.candidates = candidates;
        if from == 0 {
            batch.cells = cells;
        } else {
            kept.extend_from_slice(&cells[from..]);
            batch.cells = kept;
        }
        if !added.is_empty() {
            batch.cells.append(&mut added);
            batch.core.end = batch.bytes.len();
        }
        if !pinned.is_empty() {
            places::pin(batch, &pinned);
        }
        if let Some(names) = &self.names {
            sync_fields(batch, &names.all);
        }
    }

    /// Whether the cell is JSON; its values are in `found` then.
    fn split(&mut self, batch: &Batch, cell: &Cell) -> bool {
        let names = self.names.get_or_insert_with(|| Names::new(&batch.fields));
        let node = names.root(cell.field, &mut self.paths);
        split::split(&batch.bytes, cell.start as usize, cell.end as usize, node, &mut self.paths, &mut self.found)
    }

    /// Makes cells of what was found in `outer`.
    fn take(&mut self, batch: &mut Batch, outer: &Cell, to: &mut Vec<Cell>) {
        self.scopes.clear();
        for o in &self.found.objects {
            let scope = match o.parent.and_then(|p| Some((*self.scopes.get(p as usize)?, self.found.objects.get(p as usize)?.children))) {
                _ if o.element => None,
                None => match outer.scope {
                    ROW_SCOPE => Some(ROW_SCOPE),
                    PROSE_SCOPE => None,
                    own => Some(own),
                },
                // Several objects in a row's value may be about several people; one is about whom the row is about.
                Some((ROW_SCOPE, 1)) => Some(ROW_SCOPE),
                Some((ROW_SCOPE, _)) => None,
                Some((own, _)) => Some(own),
            };
            if scope == Some(ROW_SCOPE) {
                self.scopes.push(ROW_SCOPE);
            } else {
                self.scopes.push(batch.scopes.len() as u32);
                batch.scopes.push(Scope { parent: scope });
            }
        }
        let Some(names) = &mut self.names else { return };
        for v in &self.found.values {
            let scope = if v.object == NOWHERE { outer.scope } else { self.scopes.get(v.object as usize).copied().unwrap_or(outer.scope) };
            let field = names.field(v.node, &mut self.paths);
            let (start, raw_end) = (v.start as u32, v.end as u32);
            let mut end = v.end;
            if v.escapes {
                end = unescape(&mut batch.bytes, v.start..v.end, v.start);
                batch.bytes[end..v.end].fill(b'\n');
            }
            to.push(Cell { start, end: end as u32, raw_end, field, row: outer.row, scope });
        }
    }

    /// Resolves escapes in the values that have any.
    fn escapes(&mut self, batch: &mut Batch) {
        let (mut at, mut i) = (batch.core.start, 0);
        while let Some(found) = plain::first(&batch.bytes, at) {
            at = found;
            i += batch.cells[i..].partition_point(|c| c.end as usize <= at);
            let Some(c) = batch.cells.get_mut(i) else { return };
            let (start, end) = (c.start as usize, c.end as usize);
            if start > at {
                at = start;
                continue;
            }
            at = end;
            if start < batch.core.start || c.raw_end as usize > batch.core.end {
                continue;
            }
            let shorter = start + plain::resolve(&mut batch.bytes[start..end], &mut self.changes);
            batch.bytes[shorter..end].fill(b'\n');
            c.end = shorter as u32;
        }
    }
}

/// Whether a value may be JSON, base64 or hexadecimal: a look at its ends.
#[inline]
fn may_open(value: &[u8]) -> bool {
    may_be_json(value) || plain::may_be_packed(value)
}

#[inline]
fn may_be_json(value: &[u8]) -> bool {
    let (Some(first), Some(last)) = (value.first(), value.last()) else { return false };
    value.len() >= SHORTEST && (matches!(first, b'{' | b'[') || *last == b'}')
}

#[cfg(test)]
mod tests;
