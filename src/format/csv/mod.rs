//! Delimited text: RFC 4180 and its relatives, the unloading dialects of warehouses, ragged and broken files.
//!
//! One pass over the buffer finds the fields: [`Walk`] those about which nothing is odd, 64 bytes at a time, [`Scan`]
//! the others. A field that needs its escapes resolved is remembered and resolved in place when the batch is complete, so
//! that a record that turns out to be cut off can be taken back first.
//!
//! A quote that is not closed costs its own record alone: after `quoted_bytes`, or where the closing quote of a field
//! with newlines is followed by neither delimiter nor newline, it is taken for an ordinary byte.
//!
//! What stands before the table (a title, comments, `sep=;`) is given as running text; rows count from behind the header.

mod blocks;
mod field;
mod header;
mod sniff;
#[cfg(test)]
mod tests;
mod walk;

pub(super) use header::{header, header_behind_title, leads};
pub(super) use sniff::{Found, Record, recognise};

use super::feed::{Feed, Issues, before_escape, cut_piece, sync_fields};
use super::{Limits, Reader, safe_name};
use crate::base::{Batch, Cell, Dialect, Issue, PeekInput, PlaceKind, ROW_SCOPE, Reason, Result};
use blocks::Blocks;
use field::{End, Scan, Shape};
use walk::Walk;

/// Columns beyond this one share a name and a number: a line of a million commas is no table.
const MOST_COLUMNS: usize = 16_384;

/// Reads delimited text.
pub(super) struct Csv {
    feed: Feed,
    limits: Limits,
    dialect: Dialect,
    padded: bool,
    returns: bool,
    /// Bytes before the table that were not given yet.
    lead: usize,
    /// Bytes that the next batch starts with.
    carry: Vec<u8>,
    /// Offset of `carry[0]` in the member.
    offset: u64,
    /// Names by column; grown as rows turn out to be longer.
    names: Vec<String>,
    /// How many of them a catalogue or a manifest has told.
    told: usize,
    /// Whether rows with more or fewer fields than these are read without names; those of this batch.
    strict: bool,
    uneven: Vec<u32>,
    /// How many records a manifest counts.
    records: Option<u64>,
    /// Whether the next record names the columns.
    header: bool,
    /// Number of the next record, or of the one that goes on.
    row: u64,
    /// Column of the next field: not 0 where a record goes on from an earlier batch.
    column: usize,
    /// How much of `carry` is context of a field that goes on; `None` at the start of a field.
    inside: Option<usize>,
    issues: Issues,
    /// Bytes that were searched in vain for a closing quote, so that hostile files cannot make it quadratic.
    wasted: u64,
    /// Cells of this batch whose escapes are to be resolved.
    fixes: Vec<(u32, Shape)>,
    /// The fast way; `None` where the dialect has none.
    blocks: Option<Blocks>,
}

/// What a parse of the buffer came to.
enum Stop {
    /// The buffer is used up to here.
    At(usize),
    /// One field fills the buffer from its start and goes on.
    InField,
    /// A single record fills the buffer, more bytes are needed.
    More,
}

impl Csv {
    /// `columns` names the columns where there is no header.
    pub fn new(input: PeekInput, found: &Found, columns: Option<&[String]>, limits: &Limits) -> Csv {
        let Found { dialect, lead, padded, returns, strict } = *found;
        let told = columns.map_or(0, |c| c.len().min(MOST_COLUMNS - usize::from(strict)));
        Csv {
            feed: Feed::new(input),
            limits: limits.clone(),
            carry: Vec::new(),
            offset: 0,
            // Behind those that were told, the field without a name.
            names: columns.unwrap_or_default()[..told].iter().cloned().chain(strict.then(String::new)).collect(),
            told,
            strict,
            uneven: Vec::new(),
            records: None,
            header: dialect.header == Some(true),
            // PERF: a quote behind a blank is odd to the fast way, which would begin anew at each field.
            blocks: Blocks::new(&dialect).filter(|_| !padded),
            dialect,
            padded,
            returns,
            lead,
            row: 0,
            column: 0,
            inside: None,
            issues: Issues::default(),
            wasted: 0,
            fixes: Vec::new(),
        }
    }

    /// Compares the rows with the number that a manifest says; it counts headers, too.
    pub fn counted(mut self, records: Option<u64>) -> Csv {
        self.records = records;
        self
    }

    /// The longest record part that is held at once.
    fn most(&self) -> usize {
        2 * self.limits.batch_bytes.max(self.limits.quoted_bytes).max(self.limits.value_bytes)
    }

    fn field_index(&mut self, column: usize) -> u32 {
        if column >= MOST_COLUMNS && self.names.len() <= MOST_COLUMNS {
            self.too_many();
        }
        let column = column.min(MOST_COLUMNS);
        while self.names.len() <= column {
            self.names.push(format!("col{}", self.names.len() + 1));
        }
        column as u32
    }

    fn too_many(&mut self) {
        self.issues.add(Reason::MemoryLimit, "columns beyond the first 16,384, read as one without their names", self.row);
    }

    /// Finds the fields in the buffer. Does not change its bytes.
    fn parse(&mut self, batch: &mut Batch, over: bool) -> Stop {
        let len = batch.bytes.len();
        let (mut pos, mut record) = (0, 0);
        let mut mid = self.inside.take();
        if mid.is_none() && self.offset == 0 && batch.bytes.starts_with(b"\xef\xbb\xbf") {
            (pos, record) = (3, 3);
        }
        if let Some(b) = &mut self.blocks {
            b.forget();
        }
        loop {
            let searched = self.wasted > 8 * self.limits.quoted_bytes as u64 + 2 * self.offset;
            let budget = if searched { 256 } else { self.limits.quoted_bytes };
            if mid.is_none() && !self.header {
                (pos, record) = self.walk(batch, pos, record, budget);
            }
            if pos == len && mid.is_none() && !(over && self.column > 0) {
                // Between two records, or behind a delimiter at the end of the buffer: the next field is to come.
                if self.column > 0 && record > 0 {
                    return self.take_back(batch, record);
                }
                return Stop::At(pos);
            }
            let scan = Scan { bytes: &batch.bytes, dialect: &self.dialect, padded: self.padded, over, quoted_bytes: budget };
            let start = pos;
            let found = match mid.take() {
                Some(context) => scan.rest(start, context),
                None => scan.field(start),
            };
            if let Some((what, cost)) = found.trouble {
                self.issues.add(Reason::Malformed, what, self.offset + start as u64);
                self.wasted += cost as u64;
            }
            if found.end == End::Open {
                if record > 0 {
                    return self.take_back(batch, record);
                }
                if len < self.most() {
                    return Stop::More;
                }
                return if start > 0 { Stop::At(start) } else { Stop::InField };
            }
            if found.value.start < found.value.end {
                if found.shape != Shape::Plain {
                    self.fixes.push((batch.cells.len() as u32, found.shape));
                }
                let field = if self.column < self.names.len() { self.column as u32 } else { self.field_index(self.column) };
                batch.cells.push(Cell {
                    start: found.value.start as u32,
                    end: found.value.end as u32,
                    raw_end: found.value.end as u32,
                    field,
                    row: (self.row - batch.first_row) as u32,
                    scope: ROW_SCOPE,
                });
            }
            pos = found.next;
            if found.end == End::Delimiter {
                self.column += 1;
                continue;
            }
            // An empty line is no record.
            if self.column > 0 || found.value.start < found.value.end || found.shape != Shape::Plain {
                if self.header {
                    self.take_header(batch);
                } else {
                    if self.strict && self.column + 1 != self.told {
                        self.uneven.push((self.row - batch.first_row) as u32);
                    }
                    self.row += 1;
                    batch.records += 1;
                }
            }
            self.column = 0;
            record = pos;
        }
    }

    /// Takes the fast way from `pos`, in the record that began at `record`; where it ends, and in which record.
    fn walk(&mut self, batch: &mut Batch, pos: usize, record: usize, longest: usize) -> (usize, usize) {
        let Some(blocks) = &mut self.blocks else { return (pos, record) };
        let row = (self.row - batch.first_row) as u32;
        let mut walk = Walk {
            bytes: &batch.bytes,
            cells: &mut batch.cells,
            fixes: &mut self.fixes,
            quote: self.dialect.quote,
            columns: self.names.len(),
            width: self.strict.then_some(self.told),
            uneven: &mut self.uneven,
            longest,
            pos,
            record,
            column: self.column,
            row,
        };
        walk.run(blocks);
        let rows = u64::from(walk.row - row);
        (self.column, self.row) = (walk.column, self.row + rows);
        batch.records += rows;
        (walk.pos, walk.record)
    }

    /// Takes back what was read of the record that began at `record`: it starts the next batch.
    fn take_back(&mut self, batch: &mut Batch, record: usize) -> Stop {
        let cells = batch.cells.partition_point(|c| (c.start as usize) < record);
        batch.cells.truncate(cells);
        self.fixes.truncate(self.fixes.partition_point(|f| (f.0 as usize) < cells));
        self.column = 0;
        Stop::At(record)
    }

    /// Brings bytes up to `want`. The rest of the reader knows one end of a line.
    fn fill(&mut self, bytes: &mut Vec<u8>, want: usize) {
        let held = bytes.len();
        self.feed.fill(bytes, want);
        if self.returns {
            sniff::break_lines(&mut bytes[held..]);
        }
    }

    /// Turns the record just read into the columns' names.
    fn take_header(&mut self, batch: &mut Batch) {
        self.header = false;
        let known = std::mem::take(&mut self.names);
        if self.column >= MOST_COLUMNS {
            self.too_many();
        }
        self.names = (0..=self.column.min(MOST_COLUMNS)).map(|i| format!("col{}", i + 1)).collect();
        for (i, c) in batch.cells.iter().enumerate() {
            let mut value = batch.value(c).to_vec();
            if let Some((_, shape)) = self.fixes.iter().find(|f| f.0 as usize == i) {
                let n = field::resolve(&mut value, &self.dialect, *shape);
                value.truncate(n);
            }
            if let Some(name) = safe_name(&value) {
                self.names[c.field as usize] = name;
            }
        }
        // What a catalogue calls a column is its name; the header names those that it does not know.
        self.names.iter_mut().zip(known.into_iter().take(self.told)).for_each(|(name, known)| *name = known);
        // Nothing but empty lines stands before it.
        batch.cells.clear();
        self.fixes.clear();
    }

    /// Takes the names from the cells of rows in which nobody can say what is what.
    fn unname(&mut self, batch: &mut Batch) {
        for row in &self.uneven {
            let what = "ambiguous rows, of more or fewer fields than there are columns, read without names";
            self.issues.add(Reason::Malformed, what, batch.first_row + u64::from(*row));
        }
        if self.uneven.is_empty() {
            return;
        }
        let uneven = |c: &&mut Cell| self.uneven.binary_search(&c.row).is_ok();
        batch.cells.iter_mut().filter(uneven).for_each(|c| c.field = self.told as u32);
        self.uneven.clear();
    }

    /// Resolves what is to be resolved in the cells that stay.
    fn resolve(&mut self, batch: &mut Batch) {
        let mut emptied = false;
        for (i, shape) in self.fixes.drain(..) {
            let c = &mut batch.cells[i as usize];
            let value = &mut batch.bytes[c.start as usize..c.raw_end as usize];
            let n = field::resolve(value, &self.dialect, shape);
            value[n..].fill(b'\n');
            c.end = c.start + n as u32;
            emptied |= n == 0;
        }
        if emptied {
            batch.cells.retain(|c| c.start < c.end);
        }
    }
}

impl Reader for Csv {
    fn kind(&self) -> &'static str {
        if self.dialect.delimiter == b'\t' { "tsv" } else { "csv" }
    }

    fn next_batch(&mut self, batch: &mut Batch) -> Result<bool> {
        batch.clear();
        batch.places = PlaceKind::Rows;
        batch.first_line = 1;
        batch.offset = self.offset;
        batch.first_row = self.row;
        batch.bytes.append(&mut self.carry);
        let lead = std::mem::take(&mut self.lead);
        if lead > 0 {
            batch.places = PlaceKind::Bytes;
            self.fill(&mut batch.bytes, lead);
            batch.core = 0..batch.bytes.len();
            self.offset = lead as u64;
            return Ok(true);
        }
        if batch.bytes.capacity() == 0 {
            batch.bytes.reserve(self.limits.batch_bytes);
        }
        let (column, inside) = (self.column, self.inside);
        let mut want = self.limits.batch_bytes.max(16);
        let stop = loop {
            self.fill(&mut batch.bytes, want);
            match self.parse(batch, self.feed.over()) {
                Stop::More => {
                    // The same record again, with more bytes behind it.
                    (self.column, self.inside) = (column, inside);
                    batch.cells.clear();
                    self.fixes.clear();
                    want = (2 * batch.bytes.len()).max(want).min(self.most());
                }
                stop => break stop,
            }
        };
        let (start, len) = (inside.unwrap_or(0), batch.bytes.len());
        batch.core = start..len;
        match stop {
            Stop::At(end) => {
                self.carry.extend_from_slice(&batch.bytes[end..]);
                batch.bytes.truncate(end);
                batch.core.end = end.max(start);
                self.offset += end as u64;
                if self.header && self.column > 0 {
                    // A first record of megabytes names no columns.
                    self.header = false;
                }
            }
            _ => {
                self.header = false;
                let (mut keep, mut cut) = cut_piece(&batch.bytes, start, self.limits.overlap);
                if let Some(escape) = self.dialect.escape {
                    cut = before_escape(&batch.bytes, cut, start + 1, escape);
                    keep = before_escape(&batch.bytes, keep.min(cut), 0, escape);
                }
                let field = self.field_index(self.column);
                batch.cells.push(Cell { start: 0, end: len as u32, raw_end: len as u32, field, row: 0, scope: ROW_SCOPE });
                batch.core.end = cut;
                self.carry.extend_from_slice(&batch.bytes[keep..]);
                self.inside = Some(cut - keep);
                self.offset += keep as u64;
            }
        }
        self.unname(batch);
        self.resolve(batch);
        sync_fields(batch, &self.names);
        let read = !batch.bytes.is_empty();
        let more = self.feed.give(batch, read)?;
        if let Some(n) = self.records.take_if(|_| !more)
            && ![self.row, self.row + u64::from(self.dialect.header == Some(true))].contains(&n)
        {
            self.issues.add(Reason::ExportIncomplete, "not as many records as the manifest says", self.row);
        }
        Ok(more)
    }

    fn take_issues(&mut self) -> Vec<Issue> {
        self.issues.take()
    }
}
