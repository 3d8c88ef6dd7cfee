//! What a format reader yields and the classifiers read.

use std::ops::Range;

use super::column::Column;

/// `Cell::scope` of a value that belongs to its row alone (every cell of a table).
pub const ROW_SCOPE: u32 = u32::MAX;

/// `Cell::scope` of a value that is running text, though it lies in a record (the body of a mail): nothing in it links.
pub const PROSE_SCOPE: u32 = u32::MAX - 1;

/// One contiguous piece of a member, with the boundaries of its values.
///
/// A reader fills the same batch again and again. `fields` only grows within a member, so that an index into it stays
/// true; everything else is new each time. Matches never cross a cell.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// The bytes. Escapes inside a cell are resolved in place (it can only shrink); what is left over behind it is
    /// filled with newlines.
    pub bytes: Vec<u8>,
    /// Offset of `bytes[0]` in the decompressed member. Meaningless for formats whose places are rows only.
    pub offset: u64,
    /// Only matches that start in here count; the rest is context that the neighbouring batch reports.
    pub core: Range<usize>,
    /// The values, ordered by `start`, not overlapping, none of them empty. No cells: the whole is plain text.
    pub cells: Vec<Cell>,
    /// Field names by index: a column's name, a JSON path (`items[].sku`, a dot in a name is `\.`).
    pub fields: Vec<String>,
    /// Fields whose values are bytes in base64: the format says so.
    pub base64_fields: Vec<u32>,
    /// Row number of `Cell::row == 0`, counted from 0 in the member.
    pub first_row: u64,
    /// Records that end in this batch.
    pub records: u64,
    /// 1-based number of the line on which `bytes[0]` lies (plain text only).
    pub first_line: u64,
    /// How a place in this member is written down.
    pub places: PlaceKind,
    /// JSON objects and list elements met in this batch, in order of opening; the first `carried` are those left open
    /// by the batch before, in the order of its `open`.
    pub scopes: Vec<Scope>,
    /// How many of `scopes` were opened by an earlier batch.
    pub carried: usize,
    /// Indexes into `scopes` of those that go on in the next batch, outermost first.
    pub open: Vec<u32>,
    /// Where the bytes come from, where they are not the member's own (another encoding, markup taken off): ordered by
    /// `at`, the first at 0. Empty: `bytes[i]` is byte `offset + i` of the member.
    pub origins: Vec<Origin>,
    /// Columns whose values repeat (tables with dictionaries). Until [`Batch::spread`] makes cells of them they are no part of
    /// `bytes` and `cells`; behind it they stay, so that a row may be asked for a value that became no cell.
    pub columns: Vec<Column>,
    /// Field and number of values that are not empty and became no cells, since it is known that nothing is found in them. A
    /// share of a field's values counts them.
    pub left_out: Vec<(u32, u64)>,
    /// The bytes that these would have taken.
    pub left_out_bytes: u64,
}

/// A run of [`Batch::bytes`], up to the next one's beginning, and the member's bytes that it was made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// First byte in `Batch::bytes`.
    pub at: u32,
    /// First byte in the member.
    pub start: u64,
    /// One past the last byte in the member.
    pub end: u64,
}

/// How a place is written down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PlaceKind {
    /// Byte ranges in the decompressed member: text, logs.
    #[default]
    Bytes,
    /// Row numbers: tables, JSON Lines.
    Rows,
    /// A row number and the value's byte range: one JSON document.
    RowsAndBytes,
}

/// One value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// First byte in `Batch::bytes`.
    pub start: u32,
    /// One past the last byte, after escapes were resolved.
    pub end: u32,
    /// One past the last byte before escapes were resolved; equal to `end` if there were none.
    pub raw_end: u32,
    /// Index into `Batch::fields`.
    pub field: u32,
    /// Row, counted from `Batch::first_row`.
    pub row: u32,
    /// Index into `Batch::scopes`, or [`ROW_SCOPE`], or [`PROSE_SCOPE`].
    pub scope: u32,
}

/// A JSON object, or a struct inside a list: what its values hold together may be about one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The object that holds this one, as an index into the same `scopes`; `None` for a record's root and for an
    /// element of an array, which is no part of what surrounds it.
    pub parent: Option<u32>,
}

impl Batch {
    /// Empties the batch for the next piece of the same member; field names stay.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.cells.clear();
        self.scopes.clear();
        self.open.clear();
        self.origins.clear();
        self.columns.clear();
        self.left_out.clear();
        self.left_out_bytes = 0;
        self.carried = 0;
        self.records = 0;
        self.core = 0..0;
    }

    /// Empties the batch for another member.
    pub fn reset(&mut self) {
        self.clear();
        self.fields.clear();
        self.base64_fields.clear();
        self.offset = 0;
        self.first_row = 0;
        self.first_line = 1;
        self.places = PlaceKind::default();
    }

    /// The bytes of a cell.
    pub fn value(&self, cell: &Cell) -> &[u8] {
        &self.bytes[cell.start as usize..cell.end as usize]
    }

    /// The cell that holds the byte at `at`, as an index.
    pub fn cell_at(&self, at: usize) -> Option<usize> {
        let i = self.cells.partition_point(|c| c.start as usize <= at).checked_sub(1)?;
        (at < self.cells[i].end as usize).then_some(i)
    }

    /// The index of the field `name`, added if it is new. Linear in the number of fields: readers with many keep a map.
    pub fn field(&mut self, name: &str) -> u32 {
        match self.fields.iter().position(|f| f == name) {
            Some(i) => i as u32,
            None => {
                self.fields.push(name.to_owned());
                (self.fields.len() - 1) as u32
            }
        }
    }

    /// The member's byte range of a match `[start, end)` in this batch. Where escapes were resolved in its cell the
    /// range is the whole value as it is written.
    pub fn member_range(&self, cell: Option<&Cell>, start: u32, end: u32) -> Range<u64> {
        if !self.origins.is_empty() {
            let first = self.origin_of(start);
            // Where escapes were resolved in a cell its whole value is meant.
            let end = cell.filter(|c| c.raw_end != c.end).map_or(end, |c| c.raw_end);
            let last = self.origin_of(end.max(start + 1) - 1);
            // What follows may lie before: then the first byte stands for all.
            return first.0..last.1.max(first.1);
        }
        match cell {
            Some(c) if c.raw_end != c.end => self.offset + u64::from(c.start)..self.offset + u64::from(c.raw_end),
            _ => self.offset + u64::from(start)..self.offset + u64::from(end),
        }
    }

    /// Where the member's bytes `[start, end)` stand in this batch, as far as it has them: the reverse of
    /// [`Batch::member_range`]. `None`: they do not begin here.
    pub fn local_range(&self, start: u64, end: u64) -> Option<Range<usize>> {
        let (from, to) = if self.origins.is_empty() {
            (start.checked_sub(self.offset)? as usize, end.saturating_sub(self.offset) as usize)
        } else {
            let from = self.made_of(start)?.start;
            (from, self.made_of(end.max(start + 1) - 1).map_or(self.bytes.len(), |r| r.end))
        };
        // Behind a value whose escapes were resolved there is nothing that belongs to it.
        let to = self.cell_at(from).map_or(to, |i| to.min(self.cells[i].end as usize)).min(self.bytes.len());
        (from < to).then_some(from..to)
    }

    /// Our bytes that were made of a byte of the member.
    fn made_of(&self, byte: u64) -> Option<Range<usize>> {
        let i = self.origins.iter().position(|o| o.start <= byte && byte < o.end)?;
        let o = self.origins[i];
        let until = self.origins.get(i + 1).map_or(self.bytes.len() as u64, |o| u64::from(o.at));
        let (own, theirs) = (until.saturating_sub(u64::from(o.at)), o.end - o.start);
        Some(match [1, 2, 4].into_iter().find(|k| own > 0 && theirs == own * k) {
            Some(k) => {
                let at = u64::from(o.at) + (byte - o.start) / k;
                at as usize..at as usize + 1
            }
            None => o.at as usize..until as usize,
        })
    }

    /// The member's bytes that the byte at `at` was made of: exact where a run has one, two or four bytes for each of
    /// ours, else those of the whole run.
    fn origin_of(&self, at: u32) -> (u64, u64) {
        let i = self.origins.partition_point(|o| o.at <= at).saturating_sub(1);
        let Some(o) = self.origins.get(i) else { return (0, 0) };
        let until = self.origins.get(i + 1).map_or(self.bytes.len() as u64, |o| u64::from(o.at));
        let (own, theirs) = (until.saturating_sub(u64::from(o.at)), o.end.saturating_sub(o.start));
        let d = u64::from(at.saturating_sub(o.at));
        match [1, 2, 4].into_iter().find(|k| own > 0 && theirs == own * k) {
            Some(k) => (o.start + d * k, o.start + (d + 1) * k),
            None => (o.start, o.end),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_go_back_to_the_bytes_they_came_from() {
        // "AB" in UTF-16, then an entity of six bytes for one character of two, then plain "cd".
        let origins = [(0, 10, 14), (2, 14, 20), (4, 20, 22)].map(|(at, start, end)| Origin { at, start, end }).to_vec();
        let b = Batch { bytes: "ABécd".as_bytes().to_vec(), origins, offset: 7, ..Batch::default() };
        for (start, end, want) in [(0, 2, 10..14), (1, 2, 12..14), (1, 4, 12..20), (2, 4, 14..20), (3, 6, 14..22), (5, 6, 21..22)] {
            assert_eq!(b.member_range(None, start, end), want, "{start}..{end}");
        }
        // And come from there again: whole characters and runs.
        for (start, end, want) in [(10, 14, Some(0..2)), (12, 14, Some(1..2)), (14, 20, Some(2..4)), (14, 22, Some(2..6)), (22, 24, None)] {
            assert_eq!(b.local_range(start, end), want, "{start}..{end}");
        }
        let cell = Cell { start: 2, end: 4, raw_end: 5, field: 0, row: 0, scope: ROW_SCOPE };
        let b = Batch { bytes: b"{\"ab\n}".to_vec(), offset: 100, cells: vec![cell], ..Batch::default() };
        assert_eq!(b.member_range(Some(&cell), 2, 4), 102..105);
        assert_eq!(b.local_range(102, 105), Some(2..4));
        assert_eq!((b.local_range(99, 105), b.local_range(107, 109), b.local_range(104, 200)), (None, None, Some(4..6)));
    }

    #[test]
    fn cells_are_found_by_position() {
        let cell = |start, end| Cell { start, end, raw_end: end, field: 0, row: 0, scope: ROW_SCOPE };
        let b = Batch { bytes: b"ab,cd,,e".to_vec(), cells: vec![cell(0, 2), cell(3, 5), cell(7, 8)], ..Batch::default() };
        let found: Vec<_> = (0..8).map(|at| b.cell_at(at)).collect();
        assert_eq!(found, [Some(0), Some(0), None, Some(1), Some(1), None, None, Some(2)]);
    }
}
