//! Arrow columns to cells, one leaf after the other.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::{Array, RecordBatch, StructArray};
use arrow_schema::{DataType, TimeUnit};

use super::dictionary::{self, Dictionaries};
use crate::base::{Batch, Cell, ROW_SCOPE, Scope};
use crate::format::rows::whole;
use crate::format::{blob, dynamic_name};

/// Fills batches and knows the fields.
#[derive(Default)]
pub(in crate::format) struct Filler {
    /// Names of the fields, in the order of the columns.
    pub fields: Vec<String>,
    index: HashMap<String, u32>,
    text: String,
    /// What is known of the dictionaries of the current row group.
    pub dictionaries: Dictionaries,
    /// Bytes of the batch that are no cells yet.
    pub repeated: usize,
}

/// Where the elements of an array belong.
pub(super) struct At {
    pub rows: Arc<Vec<u32>>,
    pub scopes: Arc<Vec<u32>>,
}

impl Filler {
    /// Writes all values of `rows` into `batch`, a newline behind each. `false`: they take more than `most` bytes, and
    /// the batch is of no use (except that what is in it is true).
    pub fn fill(&mut self, batch: &mut Batch, rows: &RecordBatch, most: usize) -> bool {
        self.repeated = 0;
        let n = rows.num_rows() as u32;
        // Only where structs are about is there more to say than the row.
        let nested = rows.columns().iter().any(|c| holds_struct(c.data_type()));
        let scopes: Vec<u32> = if nested {
            batch.scopes.extend((0..n).map(|_| Scope { parent: None }));
            (0..n).collect()
        } else {
            vec![ROW_SCOPE; n as usize]
        };
        let at = At { rows: Arc::new((0..n).collect()), scopes: Arc::new(scopes) };
        let schema = rows.schema();
        rows.columns().iter().zip(schema.fields()).all(|(c, f)| self.column(batch, c.as_ref(), &name(f.name()), &at, most))
    }

    fn field(&mut self, path: &str) -> u32 {
        if let Some(i) = self.index.get(path) {
            return *i;
        }
        let i = self.fields.len() as u32;
        self.fields.push(path.to_owned());
        self.index.insert(path.to_owned(), i);
        i
    }

    fn column(&mut self, batch: &mut Batch, c: &dyn Array, path: &str, at: &At, most: usize) -> bool {
        match c.data_type() {
            DataType::Struct(_) => {
                let s = c.as_struct();
                let first = batch.scopes.len() as u32;
                batch.scopes.extend(at.scopes.iter().map(|p| Scope { parent: (*p != ROW_SCOPE).then_some(*p) }));
                let own: Vec<u32> = (first..batch.scopes.len() as u32).collect();
                self.members(batch, s, path, &At { rows: at.rows.clone(), scopes: Arc::new(own) }, most)
            }
            DataType::List(_) => {
                let l = c.as_list::<i32>();
                self.elements(batch, l.values().as_ref(), path, at, most, |i| {
                    (!l.is_null(i)).then(|| (l.value_offsets()[i] as usize, l.value_offsets()[i + 1] as usize))
                })
            }
            DataType::LargeList(_) => {
                let l = c.as_list::<i64>();
                self.elements(batch, l.values().as_ref(), path, at, most, |i| {
                    (!l.is_null(i)).then(|| (l.value_offsets()[i] as usize, l.value_offsets()[i + 1] as usize))
                })
            }
            DataType::Map(..) => {
                let m = c.as_map();
                self.elements(batch, m.entries(), path, at, most, |i| {
                    (!m.is_null(i)).then(|| (m.value_offsets()[i] as usize, m.value_offsets()[i + 1] as usize))
                })
            }
            _ => self.leaf(batch, c, path, at, most),
        }
    }

    fn members(&mut self, batch: &mut Batch, s: &StructArray, path: &str, at: &At, most: usize) -> bool {
        let names = s.fields();
        s.columns().iter().zip(names).all(|(c, f)| {
            let path = format!("{path}.{}", name(f.name()));
            self.column(batch, c.as_ref(), &path, at, most)
        })
    }

    /// The elements of lists: those of list `i` are `range(i)` of `values`. Structs among them are scopes of their own.
    fn elements(
        &mut self,
        batch: &mut Batch,
        values: &dyn Array,
        path: &str,
        at: &At,
        most: usize,
        range: impl Fn(usize) -> Option<(usize, usize)>,
    ) -> bool {
        let (mut rows, mut scopes) = (Vec::new(), Vec::new());
        let (mut from, mut until) = (usize::MAX, 0);
        let ranges: Vec<_> = (0..at.rows.len()).map(range).collect();
        for (a, b) in ranges.iter().flatten().filter(|(a, b)| a < b) {
            (from, until) = (from.min(*a), until.max(*b));
        }
        if from >= until {
            return true;
        }
        // Elements between the ranges belong to nobody; they get the row before and are null in practice.
        rows.resize(until - from, 0);
        scopes.resize(until - from, ROW_SCOPE);
        for (i, r) in ranges.iter().enumerate() {
            if let Some((a, b)) = r {
                rows[a - from..b - from].fill(at.rows[i]);
                scopes[a - from..b - from].fill(at.scopes[i]);
            }
        }
        let values = values.slice(from, until - from);
        let path = format!("{path}[]");
        if let DataType::Struct(_) = values.data_type() {
            let first = batch.scopes.len() as u32;
            batch.scopes.extend(rows.iter().map(|_| Scope { parent: None }));
            let own: Vec<u32> = (first..batch.scopes.len() as u32).collect();
            return self.members(batch, values.as_struct(), &path, &At { rows: Arc::new(rows), scopes: Arc::new(own) }, most);
        }
        self.column(batch, values.as_ref(), &path, &At { rows: Arc::new(rows), scopes: Arc::new(scopes) }, most)
    }

    fn leaf(&mut self, batch: &mut Batch, c: &dyn Array, path: &str, at: &At, most: usize) -> bool {
        let field = self.field(path);
        macro_rules! bytes {
            ($a:expr, $v:ident => $e:expr) => {{
                let a = $a;
                self.each(batch, c, field, at, most, |i, out, _| {
                    let $v = a.value(i);
                    out.extend_from_slice($e);
                })
            }};
        }
        macro_rules! shown {
            ($t:ty, $v:ident, $w:ident => $e:expr) => {{
                let a = c.as_primitive::<$t>();
                self.each(batch, c, field, at, most, |i, out, $w| {
                    let $v = a.value(i);
                    $w.clear();
                    $e;
                    out.extend_from_slice($w.as_bytes());
                })
            }};
        }
        match c.data_type() {
            DataType::Utf8View => bytes!(c.as_string_view(), v => v.as_bytes()),
            DataType::Utf8 => bytes!(c.as_string::<i32>(), v => v.as_bytes()),
            DataType::LargeUtf8 => bytes!(c.as_string::<i64>(), v => v.as_bytes()),
            DataType::BinaryView => bytes!(c.as_binary_view(), v => &blob::text(v)),
            DataType::Binary => bytes!(c.as_binary::<i32>(), v => &blob::text(v)),
            DataType::LargeBinary => bytes!(c.as_binary::<i64>(), v => &blob::text(v)),
            DataType::FixedSizeBinary(_) => bytes!(c.as_fixed_size_binary(), v => &blob::text(v)),
            DataType::Dictionary(..) => self.repeating(batch, c, field, at, most),
            DataType::Int8 => shown!(Int8Type, v, w => number(w, v)),
            DataType::Int16 => shown!(Int16Type, v, w => number(w, v)),
            DataType::Int32 => shown!(Int32Type, v, w => number(w, v)),
            DataType::Int64 => shown!(Int64Type, v, w => number(w, v)),
            DataType::UInt8 => shown!(UInt8Type, v, w => number(w, v)),
            DataType::UInt16 => shown!(UInt16Type, v, w => number(w, v)),
            DataType::UInt32 => shown!(UInt32Type, v, w => number(w, v)),
            DataType::UInt64 => shown!(UInt64Type, v, w => number(w, v)),
            DataType::Decimal32(p, s) => shown!(Decimal32Type, v, w => w.push_str(&Decimal32Type::format_decimal(v, *p, *s))),
            DataType::Decimal64(p, s) => shown!(Decimal64Type, v, w => w.push_str(&Decimal64Type::format_decimal(v, *p, *s))),
            DataType::Decimal128(p, s) => shown!(Decimal128Type, v, w => w.push_str(&Decimal128Type::format_decimal(v, *p, *s))),
            DataType::Decimal256(p, s) => shown!(Decimal256Type, v, w => w.push_str(&Decimal256Type::format_decimal(v, *p, *s))),
            DataType::Date32 => shown!(Date32Type, v, w => date(w, i64::from(v))),
            DataType::Date64 => shown!(Date64Type, v, w => date(w, v.div_euclid(86_400_000))),
            DataType::Timestamp(TimeUnit::Second, _) => shown!(TimestampSecondType, v, w => moment(w, v, 0)),
            DataType::Timestamp(TimeUnit::Millisecond, _) => {
                shown!(TimestampMillisecondType, v, w => moment(w, v.div_euclid(1000), v.rem_euclid(1000) as u32 * 1_000_000))
            }
            DataType::Timestamp(TimeUnit::Microsecond, _) => {
                shown!(TimestampMicrosecondType, v, w => moment(w, v.div_euclid(1_000_000), v.rem_euclid(1_000_000) as u32 * 1000))
            }
            DataType::Timestamp(TimeUnit::Nanosecond, _) => {
                shown!(TimestampNanosecondType, v, w => moment(w, v.div_euclid(1_000_000_000), v.rem_euclid(1_000_000_000) as u32))
            }
            // Identifiers stored as floating numbers are whole: a column of them has a gap.
            DataType::Float64 => {
                let a = c.as_primitive::<Float64Type>();
                let degrees = names_degrees(path);
                self.each(batch, c, field, at, most, |i, out, w| {
                    w.clear();
                    match whole(a.value(i)) {
                        Some(v) => number(w, v),
                        None if degrees && a.value(i).abs() <= 180.0 => number(w, a.value(i)),
                        None => {}
                    }
                    out.extend_from_slice(w.as_bytes());
                })
            }
            // Booleans, small floats, intervals, times of day: nothing that names anybody.
            _ => true,
        }
    }

    /// A column that was read as a dictionary.
    fn repeating(&mut self, batch: &mut Batch, c: &dyn Array, field: u32, at: &At, most: usize) -> bool {
        let Some(c) = c.as_dictionary_opt::<Int32Type>() else { return true };
        if let Some(dictionary) = self.dictionaries.of(field, c.values(), c.len()) {
            let column = dictionary::column(field, dictionary, c.keys(), at);
            let bytes = usize::try_from(column.bytes).unwrap_or(usize::MAX);
            if batch.bytes.len().saturating_add(self.repeated).saturating_add(bytes) > most {
                return false;
            }
            self.repeated += bytes;
            batch.columns.push(column);
            return true;
        }
        let values = c.values();
        let (text, binary) = (values.as_string_opt::<i32>(), values.as_binary_opt::<i32>());
        let keys = c.keys();
        self.each(batch, keys, field, at, most, |i, out, _| {
            let Some(key) = usize::try_from(keys.value(i)).ok().filter(|k| *k < values.len()) else { return };
            match (text, binary) {
                (Some(v), _) => out.extend_from_slice(v.value(key).as_bytes()),
                (_, Some(v)) => out.extend_from_slice(&blob::text(v.value(key))),
                _ => {}
            }
        })
    }

    /// Writes every value that is not null or empty.
    fn each(
        &mut self,
        batch: &mut Batch,
        c: &dyn Array,
        field: u32,
        at: &At,
        most: usize,
        mut write: impl FnMut(usize, &mut Vec<u8>, &mut String),
    ) -> bool {
        let nulls = c.logical_nulls();
        for i in 0..c.len() {
            if nulls.as_ref().is_some_and(|n| n.is_null(i)) {
                continue;
            }
            let start = batch.bytes.len();
            write(i, &mut batch.bytes, &mut self.text);
            let end = batch.bytes.len();
            if end + self.repeated > most {
                batch.bytes.truncate(start);
                return false;
            }
            if end > start {
                batch.bytes.push(b'\n');
                let (start, end) = (start as u32, end as u32);
                batch.cells.push(Cell { start, end, raw_end: end, field, row: at.rows[i], scope: at.scopes[i] });
            }
        }
        true
    }
}

/// A column's name as part of a path. PRIVACY: one that is rather a value becomes `*`.
fn name(name: &str) -> String {
    if dynamic_name(name.as_bytes()) || name.contains(char::is_control) { "*".to_owned() } else { name.replace('.', "\\.") }
}

/// Whether a field's last name is that of a latitude or a longitude: fractions of other numbers name nobody.
fn names_degrees(path: &str) -> bool {
    const WORDS: &[&str] = &[
        "lat",
        "lon",
        "lng",
        "long",
        "latlng",
        "latlon",
        "latitude",
        "longitude",
        "coordinate",
        "coordinates",
        "geo",
        "geolocation",
        "gps",
    ];
    let last = path.rsplit('.').next().unwrap_or_default();
    let ends = last.char_indices().zip(last.chars().skip(1)).filter(|((_, a), b)| a.is_lowercase() && b.is_uppercase());
    let mut from = 0;
    let mut parts: Vec<&str> = ends.map(|((i, a), _)| &last[std::mem::replace(&mut from, i + a.len_utf8())..from]).collect();
    parts.push(&last[from..]);
    let words = parts.iter().flat_map(|p| p.split(|c: char| !c.is_alphabetic()));
    words.into_iter().any(|word| WORDS.iter().any(|w| word.eq_ignore_ascii_case(w)))
}

fn holds_struct(t: &DataType) -> bool {
    match t {
        DataType::Struct(_) | DataType::Map(..) => true,
        DataType::List(f) | DataType::LargeList(f) => holds_struct(f.data_type()),
        _ => false,
    }
}

fn number(w: &mut String, v: impl std::fmt::Display) {
    // Writing to a string cannot fail.
    let _ = write!(w, "{v}");
}

fn date(w: &mut String, days: i64) {
    if let Some(t) = days.checked_mul(86_400).and_then(|s| chrono::DateTime::from_timestamp(s, 0)) {
        let _ = write!(w, "{}", t.format("%Y-%m-%d"));
    }
}

fn moment(w: &mut String, seconds: i64, nanos: u32) {
    if let Some(t) = chrono::DateTime::from_timestamp(seconds, nanos) {
        let _ = write!(w, "{}", t.format("%Y-%m-%dT%H:%M:%S%.fZ"));
    }
}
