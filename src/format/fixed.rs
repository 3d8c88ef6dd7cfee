//! Text whose fields have fixed widths, counted in characters and told from outside: nothing in it says where one ends.
//!
//! A record is a line. Where the first records have the whole width, they all do, and a newline within a value is known from one
//! that ends a record; else the file was trimmed.

use memchr::memchr;

use super::feed::{Feed, Issues, sync_fields};
use super::{Limits, Reader};
use crate::base::{Batch, Cell, Issue, PeekInput, PlaceKind, ROW_SCOPE, Reason, Result};

/// Reads lines of fields.
pub(super) struct Fixed {
    feed: Feed,
    batch_bytes: usize,
    widths: Vec<usize>,
    /// All of them together, in characters.
    total: usize,
    /// The longest field that is given in one piece.
    most: usize,
    names: Vec<String>,
    carry: Vec<u8>,
    offset: u64,
    row: u64,
    /// Whether records have the whole width, newlines in them or not; found out from the first.
    untrimmed: Option<bool>,
    /// Within a line that goes on beyond its last field.
    beyond: bool,
    issues: Issues,
}

/// How much is held until one record was seen.
const MOST_UNKNOWN: usize = 16 << 20;

/// Where `n` characters from `from` on end; `None`: beyond these bytes.
fn characters(bytes: &[u8], from: usize, n: usize) -> Option<usize> {
    let mut at = from;
    for _ in 0..n {
        bytes.get(at)?;
        at += 1;
        // What goes on a character of UTF-8: three bytes at most.
        at += bytes[at..].iter().take(3).take_while(|b| **b & 0xc0 == 0x80).count();
    }
    Some(at)
}

/// Whether a record may end at `at`.
fn ends(bytes: &[u8], at: usize, over: bool) -> bool {
    match (bytes.get(at), bytes.get(at + 1)) {
        (None, _) => over,
        (Some(b'\r'), next) => next.is_none_or(|b| *b == b'\n'),
        (Some(b), _) => *b == b'\n',
    }
}

impl Fixed {
    /// `names` of the columns, as many as there are widths; further ones are numbered.
    pub fn new(input: PeekInput, widths: &[u32], names: Option<&[String]>, limits: &Limits) -> Fixed {
        let given = names.unwrap_or_default();
        let name = |i: usize| given.get(i).cloned().unwrap_or_else(|| format!("col{}", i + 1));
        let widths: Vec<usize> = widths.iter().map(|w| *w as usize).collect();
        Fixed {
            feed: Feed::new(input),
            batch_bytes: limits.batch_bytes.max(64),
            total: widths.iter().sum(),
            most: limits.value_bytes.max(64),
            // Behind the last one there may be more than the widths tell of.
            names: (0..=widths.len()).map(name).collect(),
            widths,
            carry: Vec::new(),
            offset: 0,
            row: 0,
            untrimmed: None,
            beyond: false,
            issues: Issues::default(),
        }
    }

    fn cell(batch: &mut Batch, start: usize, end: usize, field: usize, row: u32) {
        let value = &batch.bytes[start..end];
        let start = start + (value.len() - value.trim_ascii_start().len());
        let end = start + batch.bytes[start..end].trim_ascii_end().len();
        if start < end {
            let (start, end) = (start as u32, end as u32);
            batch.cells.push(Cell { start, end, raw_end: end, field: field as u32, row, scope: ROW_SCOPE });
        }
    }

    /// Whether the first records all have the whole width: three that do so by chance are not to be expected. `None`: not one
    /// of them is here.
    fn is_untrimmed(&self, bytes: &[u8], over: bool) -> Option<bool> {
        let (mut at, mut records, mut lines) = (0, 0, 0);
        while at < bytes.len() && records < 3 {
            let end = match characters(bytes, at, self.total) {
                Some(end) if ends(bytes, end, over) => end,
                Some(end) if end < bytes.len() => return Some(false),
                _ if over || records == 0 && bytes.len() > MOST_UNKNOWN => return Some(false),
                _ => break,
            };
            lines += usize::from(memchr(b'\n', &bytes[at..end]).is_none());
            records += 1;
            at = memchr(b'\n', &bytes[end..]).map_or(bytes.len(), |n| end + n + 1);
        }
        (records > 0).then_some(records == 3 || 2 * lines > records)
    }

    /// Reads the records in the buffer; where what is left of it begins.
    fn parse(&mut self, batch: &mut Batch, over: bool) -> usize {
        let (mut at, len) = (0, batch.bytes.len());
        let untrimmed = match self.untrimmed {
            Some(u) => u,
            None => match self.is_untrimmed(&batch.bytes, over) {
                Some(u) => *self.untrimmed.insert(u),
                None => return at,
            },
        };
        while at < len {
            let row = (self.row - batch.first_row) as u32;
            if self.beyond {
                at = self.rest(batch, at, row, over);
                if self.beyond {
                    return at;
                }
                continue;
            }
            let newline = memchr(b'\n', &batch.bytes[at..]).map(|n| at + n);
            if newline == Some(at) && !untrimmed {
                // An empty line is no record.
                at += 1;
                continue;
            }
            // A line that has not even as many bytes as a record has characters.
            if let Some(n) = newline.filter(|n| !untrimmed && n - at < self.total) {
                self.fields(batch, at, n, row);
                at = n + 1;
                self.count(batch);
                continue;
            }
            let full = characters(&batch.bytes, at, self.total);
            // The record may go on behind these bytes.
            let cut = full.is_none_or(|f| f + 1 >= len);
            if !over && cut && (untrimmed || newline.is_none()) {
                return at;
            }
            // A newline before the whole width: one within a value, or the end of a line that was trimmed.
            let (line, next) = match (full.filter(|f| ends(&batch.bytes, *f, over)), newline) {
                (Some(f), n) if untrimmed || n.is_none_or(|n| n >= f) => {
                    let newline = memchr(b'\n', &batch.bytes[f..]).map_or(len, |n| f + n + 1);
                    (f, newline)
                }
                (_, Some(n)) if full.is_none_or(|f| f > n) => (n, n + 1),
                _ => match full {
                    Some(f) => {
                        self.issues.add(
                            Reason::Malformed,
                            "a line that is longer than its fields, its rest read as text",
                            self.offset + at as u64,
                        );
                        self.beyond = true;
                        (f, f)
                    }
                    None => (len, len),
                },
            };
            self.fields(batch, at, line, row);
            at = next;
            if !self.beyond {
                self.count(batch);
            }
        }
        at
    }

    /// Gives the fields of the record `at..end`.
    fn fields(&mut self, batch: &mut Batch, at: usize, end: usize, row: u32) {
        let mut from = at;
        for i in 0..self.widths.len() {
            let to = characters(&batch.bytes[..end], from, self.widths[i]).unwrap_or(end);
            Fixed::cell(batch, from, to, i, row);
            from = to;
        }
    }

    fn count(&mut self, batch: &mut Batch) {
        self.row += 1;
        batch.records += 1;
    }

    /// Gives what stands behind the last field.
    fn rest(&mut self, batch: &mut Batch, at: usize, row: u32, over: bool) -> usize {
        let field = self.widths.len();
        let newline = memchr(b'\n', &batch.bytes[at..]).map(|n| at + n);
        let len = batch.bytes.len();
        let (end, next) = match newline {
            Some(n) => (n, n + 1),
            None if over => (len, len),
            None if len - at < self.most => return at,
            None => {
                let most = super::feed::char_boundary(&batch.bytes, len - 4).max(at + 1);
                let cut = memchr::memrchr(b' ', &batch.bytes[at..most]).map_or(most, |n| at + n + 1);
                Fixed::cell(batch, at, cut, field, row);
                return cut;
            }
        };
        Fixed::cell(batch, at, end, field, row);
        self.beyond = false;
        self.count(batch);
        next
    }
}

impl Reader for Fixed {
    fn kind(&self) -> &'static str {
        "fixed-width"
    }

    fn next_batch(&mut self, batch: &mut Batch) -> Result<bool> {
        batch.clear();
        batch.places = PlaceKind::Rows;
        batch.first_line = 1;
        batch.offset = self.offset;
        batch.first_row = self.row;
        batch.bytes.append(&mut self.carry);
        // What is left of the last batch is less than a record, or than a piece of what lies beyond one.
        let want = self.batch_bytes.max(2 * batch.bytes.len());
        self.feed.fill(&mut batch.bytes, want);
        let skip = if self.offset == 0 && batch.bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        batch.bytes.drain(..skip);
        (batch.offset, self.offset) = (batch.offset + skip as u64, self.offset + skip as u64);
        let read = !batch.bytes.is_empty();
        let end = self.parse(batch, self.feed.over());
        self.carry.extend_from_slice(&batch.bytes[end..]);
        batch.bytes.truncate(end);
        batch.core = 0..end;
        self.offset += end as u64;
        sync_fields(batch, &self.names);
        self.feed.give(batch, read)
    }

    fn take_issues(&mut self) -> Vec<Issue> {
        self.issues.take()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::base::Hint;
    use crate::format::tests::read;

    fn hint(widths: &[u32]) -> Hint {
        Hint { widths: Some(widths.into()), columns: Some(["id".to_owned(), "name".to_owned()].into()), ..Hint::default() }
    }

    fn values(text: &str, chunk: usize, limits: &Limits) -> (String, Vec<Reason>) {
        let (kind, v, i, e) = read(text.as_bytes(), "part_00", chunk, &hint(&[3, 6, 4]), limits).unwrap();
        assert_eq!((kind, e), ("fixed-width", None));
        let values = v.iter().map(|(r, f, v)| format!("{r}.{f}={} ", String::from_utf8_lossy(v))).collect();
        (values, i.iter().map(|i| i.reason).collect())
    }

    #[test]
    fn lines_are_cut_at_their_widths() {
        let cases: &[(&str, &str, bool)] = &[
            ("1  Ann   Oslo\n2  Bob   Rome\n", "0.id=1 0.name=Ann 0.col3=Oslo 1.id=1 1.name=Bob 1.col3=Rome ", false),
            ("1  A b   Oslo\r\n2        Rome", "0.id=1 0.name=A b 0.col3=Oslo 1.id=2 1.col3=Rome ", false),
            ("1  \u{e9}\u{1f600}n   Oslo\n", "0.id=1 0.name=\u{e9}\u{1f600}n 0.col3=Oslo ", false),
            // A newline within a value, and lines that were trimmed.
            (
                "1  Ann   Oslo\n2  B\nb   Rome\n3  Eve   Bern\n",
                "0.id=1 0.name=Ann 0.col3=Oslo 1.id=2 1.name=B\nb 1.col3=Rome 2.id=3 2.name=Eve 2.col3=Bern ",
                false,
            ),
            (
                "1  A\nn   Oslo\n2  B\nb   Rome\n3  E\ne   Bern\n",
                "0.id=1 0.name=A\nn 0.col3=Oslo 1.id=2 1.name=B\nb 1.col3=Rome 2.id=3 2.name=E\ne 2.col3=Bern ",
                false,
            ),
            ("1  Ann\n2  Bob\n3  Eve   Bern\n", "0.id=1 0.name=Ann 1.id=2 1.name=Bob 2.id=3 2.name=Eve 2.col3=Bern ", false),
            (
                "1  Ann   Oslo and more\n2  Bob   Rome\n",
                "0.id=1 0.name=Ann 0.col3=Oslo 0.col4=and more 1.id=2 1.name=Bob 1.col3=Rome ",
                true,
            ),
            ("\u{feff}1  Ann   Oslo\n\n", "0.id=1 0.name=Ann 0.col3=Oslo ", false),
        ];
        for (text, want, trouble) in cases {
            let want = want.replace("1.id=1 1.name=Bob", "1.id=2 1.name=Bob");
            for chunk in [1, 5, 1000] {
                let (v, issues) = values(text, chunk, &Limits::default());
                assert_eq!((v, !issues.is_empty()), (want.clone(), *trouble), "{text:?}");
            }
        }
    }

    #[test]
    fn records_may_be_longer_than_a_batch() {
        let limits = Limits { batch_bytes: 64, ..Limits::default() };
        let plain = format!("{:3}{:90}\n", 1, "Eve");
        let broken = format!("{:3}{:45}\n{:44}\n", 1, "Ann", "Oslo");
        let text = plain + &broken.repeat(3);
        let (_, v, ..) = read(text.as_bytes(), "part_00", 7, &hint(&[3, 90]), &limits).unwrap();
        assert_eq!(v.iter().map(|v| v.0).collect::<Vec<_>>(), [0, 0, 1, 1, 2, 2, 3, 3]);
        assert!(v[3].2.starts_with(b"Ann") && v[3].2.ends_with(b"\nOslo"));
        // Lines that are much shorter than they might be.
        let lines = "1  Ann\n\n".repeat(1000);
        let (_, v, ..) = read(lines.as_bytes(), "part_00", 1000, &hint(&[3, 1 << 20]), &Limits::default()).unwrap();
        assert_eq!((v.len(), v[1999].0), (2000, 999));
    }

    proptest! {
        #[test]
        fn no_byte_is_lost(text in "[a-c0-9 \u{e9}\n]{0,300}", chunk in 1usize..40) {
            let limits = Limits { batch_bytes: 64, value_bytes: 64, ..Limits::default() };
            let (v, _) = values(&format!("x{text}"), chunk, &limits);
            let solid = |t: &str| t.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            let given: String = v.split(' ').filter_map(|v| v.split_once('=').map(|v| v.1).or(Some(v))).collect();
            prop_assert_eq!(solid(&given), solid(&format!("x{text}")));
        }
    }
}
