//! Columns that a writer has stored as dictionaries, read as such: each value once a row group.

use std::borrow::Cow;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef, PrimitiveArray};
use arrow_schema::{DataType, Field, Fields, Schema};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::basic::{ConvertedType, Encoding, EncodingMask, Type};
use parquet::file::metadata::ColumnChunkMetaData;

use super::cells::At;
use crate::base::{Column, Dictionary, NO_ENTRY};
use crate::format::blob;

/// A dictionary pays where each of its values stands in so many rows.
const REPEATED: usize = 4;

/// Whether all data pages of a column chunk refer to its dictionary. The decoder also reads others as a dictionary, but makes
/// one anew for each batch, which costs more than it saves.
fn is_whole(chunk: &ColumnChunkMetaData) -> bool {
    let only = |m: &EncodingMask, allowed: &[Encoding], one_of: &[Encoding]| {
        m.encodings().all(|e| allowed.contains(&e) || one_of.contains(&e)) && one_of.iter().any(|e| m.is_set(*e))
    };
    let whole = match chunk.page_encoding_stats_mask() {
        Some(pages) => only(pages, &[], &[Encoding::RLE_DICTIONARY, Encoding::PLAIN_DICTIONARY]),
        // Old writers say of the whole chunk what is in it; levels have the first two.
        None => only(chunk.encodings_mask(), &[Encoding::RLE, bit_packed()], &[Encoding::PLAIN_DICTIONARY]),
    };
    chunk.column_type() == Type::BYTE_ARRAY && chunk.dictionary_page_offset().is_some() && whole
}

#[expect(deprecated, reason = "old files have it")]
fn bit_packed() -> Encoding {
    Encoding::BIT_PACKED
}

/// The type of each leaf as a dictionary's where `whole` says so; `leaf` counts them.
fn dictionaries(t: &DataType, leaf: &mut usize, whole: &dyn Fn(usize, &DataType) -> Option<DataType>) -> DataType {
    let mut field = |f: &Arc<Field>| Arc::new(f.as_ref().clone().with_data_type(dictionaries(f.data_type(), leaf, whole)));
    match t {
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(field).collect::<Fields>()),
        DataType::List(f) => DataType::List(field(f)),
        DataType::LargeList(f) => DataType::LargeList(field(f)),
        DataType::Map(f, sorted) => DataType::Map(field(f), *sorted),
        t => {
            *leaf += 1;
            whole(*leaf - 1, t).unwrap_or_else(|| t.clone())
        }
    }
}

/// How the decoder is to give the columns of the current row group.
#[derive(Default)]
pub(super) struct Layout {
    /// By leaf: read as a dictionary.
    whole: Vec<bool>,
    /// What says so to the decoder; `None`: nothing is.
    metadata: Option<ArrowReaderMetadata>,
}

impl Layout {
    /// A row group begins.
    pub fn start(&mut self, base: &ArrowReaderMetadata, group: usize) {
        let whole: Vec<bool> = base.metadata().row_group(group).columns().iter().map(is_whole).collect();
        if whole == self.whole {
            return;
        }
        self.metadata = if whole.contains(&true) { Layout::make(base, &whole) } else { None };
        self.whole = whole;
    }

    fn make(base: &ArrowReaderMetadata, whole: &[bool]) -> Option<ArrowReaderMetadata> {
        let schema = base.parquet_schema();
        let of = |leaf: usize, t: &DataType| {
            if !*whole.get(leaf)? {
                return None;
            }
            // What the decoder makes of a dictionary's bytes depends on this alone, whatever the logical type is.
            let text = schema.columns().get(leaf)?.converted_type() == ConvertedType::UTF8;
            let value = match t {
                DataType::Utf8View | DataType::Utf8 if text => DataType::Utf8,
                DataType::BinaryView | DataType::Binary if !text => DataType::Binary,
                _ => return None,
            };
            Some(DataType::Dictionary(Box::new(DataType::Int32), Box::new(value)))
        };
        let mut leaves = 0;
        let fields = base.schema().fields().iter();
        let fields: Fields =
            fields.map(|f| Arc::new(f.as_ref().clone().with_data_type(dictionaries(f.data_type(), &mut leaves, &of)))).collect();
        if leaves != schema.num_columns() {
            return None;
        }
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true).with_schema(Arc::new(Schema::new(fields)));
        ArrowReaderMetadata::try_new(base.metadata().clone(), options).ok()
    }

    /// What the decoder is told.
    pub fn metadata(&self, base: &ArrowReaderMetadata) -> ArrowReaderMetadata {
        self.metadata.as_ref().unwrap_or(base).clone()
    }
}

/// The dictionaries of the current row group.
#[derive(Default)]
pub(in crate::format) struct Dictionaries {
    /// Rows of the row group.
    rows: usize,
    /// By field: the decoder's dictionary, and ours if it pays.
    ///
    /// The decoder's is held, not its address: an address is used again, for other values, once it is free.
    by_field: Vec<Option<(ArrayRef, Option<Arc<Dictionary>>)>>,
}

impl Dictionaries {
    /// A row group of so many rows begins. PRIVACY: the values of the one before go.
    pub fn start(&mut self, rows: u64) {
        self.rows = usize::try_from(rows).unwrap_or(usize::MAX);
        self.by_field.clear();
    }

    /// The dictionary of these values, if it pays where a batch has `elements` of the column.
    pub fn of(&mut self, field: u32, values: &ArrayRef, elements: usize) -> Option<Arc<Dictionary>> {
        let i = field as usize;
        if self.by_field.len() <= i {
            self.by_field.resize_with(i + 1, || None);
        }
        if let Some((known, ours)) = &self.by_field[i]
            && known.to_data().ptr_eq(&values.to_data())
        {
            return ours.clone();
        }
        let pays = values.len().saturating_mul(REPEATED) <= self.rows.max(elements);
        let ours = if pays { copy(values).map(Arc::new) } else { None };
        self.by_field[i] = Some((values.clone(), ours.clone()));
        ours
    }
}

fn copy(values: &ArrayRef) -> Option<Dictionary> {
    let present = |i: &usize| !values.is_null(*i);
    if let Some(a) = values.as_string_opt::<i32>() {
        Some(Dictionary::new((0..a.len()).map(|i| Some(i).filter(present).map_or(&b""[..], |i| a.value(i).as_bytes()))))
    } else {
        let a = values.as_binary_opt::<i32>()?;
        let texts: Vec<_> = (0..a.len()).map(|i| if present(&i) { blob::text(a.value(i)) } else { Cow::Borrowed(&b""[..]) }).collect();
        Some(Dictionary::new(texts.iter().map(|t| &t[..])))
    }
}

/// A column of keys into a dictionary.
pub(super) fn column(field: u32, dictionary: Arc<Dictionary>, keys: &PrimitiveArray<Int32Type>, at: &At) -> Column {
    // No dictionary has so many entries that a number below zero were one.
    let mut entries: Vec<u32> = keys.values().iter().map(|k| *k as u32).collect();
    if let Some(nulls) = keys.nulls().filter(|n| n.null_count() > 0) {
        // PERF: most of 64 elements have a value, and nothing is to be done for them.
        for (n, valid) in nulls.inner().bit_chunks().iter_padded().enumerate() {
            let mut missing = !valid;
            while let Some(e) = (missing != 0).then(|| entries.get_mut(n * 64 + missing.trailing_zeros() as usize)).flatten() {
                *e = NO_ENTRY;
                missing &= missing - 1;
            }
        }
    }
    Column::new(field, dictionary, entries, at.rows.clone(), at.scopes.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_without_a_value_have_no_entry() {
        let dictionary = Arc::new(Dictionary::new([&b"a"[..], b"bc"].into_iter()));
        for (offset, n) in [(0, 200), (3, 130), (64, 64), (70, 1), (0, 0)] {
            let keys: PrimitiveArray<Int32Type> = (0..200).map(|i| (i % 7 != 0 && !(60..66).contains(&i)).then_some(i % 2)).collect();
            let keys = keys.slice(offset, n);
            let at = At { rows: Arc::new((0..n as u32).collect()), scopes: Arc::new(vec![0; n]) };
            let column = column(1, dictionary.clone(), &keys, &at);
            let want: Vec<u32> = keys.iter().map(|k| k.map_or(NO_ENTRY, |k| k as u32)).collect();
            assert_eq!(column.entries, want, "{offset} {n}");
            assert_eq!(column.values, want.iter().filter(|e| **e != NO_ENTRY).count() as u64);
        }
    }
}
