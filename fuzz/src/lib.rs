//! What every reader promises, checked on whatever the fuzzer comes up with.

use piimap::base::{Batch, Dialect, Hint, MemoryInput, ROW_SCOPE, Reason};
use piimap::{container, format};

/// Limits under which a few hundred bytes already cut every value and every window.
pub fn tiny() -> format::Limits {
    format::Limits {
        batch_bytes: 48,
        value_bytes: 48,
        overlap: 8,
        quoted_bytes: 40,
        whole_parquet_bytes: 1 << 20,
        page_bytes: 1 << 20,
        json_depth: 16,
    }
}

/// The dialect of a warehouse's unloads: no quotes, a backslash before special bytes.
pub fn unload() -> Hint {
    let dialect = Dialect { delimiter: b'|', quote: None, double_quote: false, escape: Some(b'\\'), header: Some(false) };
    Hint { dialect: Some(dialect), columns: Some(vec!["a".into(), "b".into()]), ..Hint::default() }
}

/// Reads `data` to its end, with the usual limits and with [`tiny`] ones, in large and in small chunks.
pub fn read(data: &[u8], name: &str, hint: &Hint) {
    read_with(data, name, hint, &format::Limits::default(), 64 << 10);
    read_with(data, name, hint, &tiny(), 7);
}

fn read_with(data: &[u8], name: &str, hint: &Hint, limits: &format::Limits, chunk: usize) {
    let bombs = container::Limits { member_bytes: Some(1 << 20), ..container::Limits::default() };
    let input = Box::new(MemoryInput::with_chunk(data.to_vec(), chunk));
    let Ok(opened) = container::open(input, &bombs) else { return };
    let compressed = !opened.layers.is_empty();
    let Ok(mut reader) = format::open(opened.input, name, hint, limits) else { return };
    let text = reader.kind() == "text";
    let parquet = reader.kind() == "parquet";
    let (mut batch, mut core_end, mut row, mut fields, mut open, mut batches) = (Batch::default(), 0, 0, 0, 0, 0u64);
    let most = if compressed { 1 << 21 } else { 100 + 4 * data.len() as u64 };
    loop {
        match reader.next_batch(&mut batch) {
            Ok(true) => {}
            Ok(false) => break,
            Err(e) => {
                assert_ne!(e.reason, Reason::Interrupted);
                break;
            }
        }
        batches += 1;
        // A column of equal values takes no room in a Parquet file: there the rows are bounded by its footer alone.
        assert!(parquet || batches <= most, "the reader does not come to an end");
        if batches > most {
            return;
        }
        batch.spread_all();
        check(&batch, text);
        if !batch.bytes.is_empty() {
            assert!(batch.offset + batch.core.start as u64 >= core_end, "cores follow one another");
            core_end = batch.offset + batch.core.end as u64;
        }
        assert!(batch.first_row >= row, "rows do not go back");
        row = batch.first_row;
        assert!(batch.fields.len() >= fields, "field names stay");
        fields = batch.fields.len();
        assert_eq!(batch.carried, open, "scopes go on");
        open = batch.open.len();
        reader.take_issues();
    }
    assert!(matches!(reader.next_batch(&mut batch), Ok(false)), "nothing follows the end");
}

/// What holds for every batch.
fn check(b: &Batch, text: bool) {
    assert!(b.core.start <= b.core.end && b.core.end <= b.bytes.len(), "the core lies in the bytes");
    assert!(!b.cells.is_empty() || text || b.bytes.is_empty(), "no cells mean plain text");
    let mut end = 0;
    for c in &b.cells {
        assert!(c.start >= end, "cells are ordered and do not overlap");
        assert!(c.start < c.end && c.end <= c.raw_end && c.raw_end as usize <= b.bytes.len(), "cells lie in the bytes");
        assert!((c.field as usize) < b.fields.len(), "every field has a name");
        assert!(c.scope == ROW_SCOPE || (c.scope as usize) < b.scopes.len(), "every scope is there");
        end = c.raw_end;
    }
    assert!(b.carried <= b.scopes.len());
    assert!(b.scopes.iter().enumerate().all(|(i, s)| s.parent.is_none_or(|p| (p as usize) < i)), "parents come first");
    assert!(b.open.windows(2).all(|w| w[0] < w[1]) && b.open.iter().all(|s| (*s as usize) < b.scopes.len()));
}

/// Reads `data` through its container to the end: chunks until an empty one or an error, then nothing more.
pub fn unpack(data: &[u8], chunk: usize) {
    let limits = container::Limits { member_bytes: Some(4 << 20), ..container::Limits::default() };
    let Ok(mut opened) = container::open(Box::new(MemoryInput::with_chunk(data.to_vec(), chunk)), &limits) else { return };
    use piimap::base::Input;
    let mut decoded = 0;
    loop {
        match opened.input.next_chunk() {
            Ok(c) if c.is_empty() => break,
            Ok(c) => decoded += c.len() as u64,
            Err(_) => break,
        }
        assert!(opened.layers.is_empty() || decoded <= 4 << 20, "the limit holds");
    }
    assert!(opened.input.next_chunk().is_ok_and(|c| c.is_empty()), "the end stays the end");
}
