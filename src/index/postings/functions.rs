//! Blocks for people who ask in SQL: pure functions from a stored block to rows as JSON.

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::{Connection, Error, Result};

use super::items::{Items, ONE, SIGHTINGS, number};
use super::{DICTIONARY, Identified, dictionary_row, unseal};
use crate::index::IndexError;
use crate::index::places::read_ranges;

/// Registers them: `identifiers_json(block)`, `identifier_at(block, ordinal)`, `consumer_at(block, ordinal)` (NULL for a weak one),
/// `dictionary_row(segment, ordinal)` and `postings_json(block, first, base)`, sightings alone.
pub(in crate::index) fn register(conn: &Connection) -> Result<()> {
    let pure = FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_UTF8;
    conn.create_scalar_function("identifiers_json", 1, pure, |c| {
        let (list, _) = unseal(block(c)?).map_err(failed)?.as_chunks::<{ Identified::BYTES }>();
        let row = |i: Identified| serde_json::json!({ "hash": hex(&i.hash.0), "class": i.class, "consumer": hex(&i.consumer.0) });
        Ok(serde_json::Value::Array(list.iter().map(Identified::decode).map(row).collect()).to_string())
    })?;
    conn.create_scalar_function("identifier_at", 2, pure, |c| Ok(at(c)?.hash.0.to_vec()))?;
    conn.create_scalar_function("consumer_at", 2, pure, |c| {
        let who = at(c)?;
        Ok(who.is_strong().then(|| who.consumer.0.to_vec()))
    })?;
    conn.create_scalar_function("dictionary_row", 2, pure, |c| Ok(dictionary_row(c.get::<i64>(0)?, c.get::<i64>(1)? / DICTIONARY as i64)))?;
    conn.create_scalar_function("postings_json", 3, pure, |c| {
        postings_json(unseal(block(c)?).map_err(failed)?, c.get(1)?, c.get(2)?).map_err(failed)
    })
}

fn block<'a>(c: &'a Context<'_>) -> Result<&'a [u8]> {
    c.get_raw(0).as_blob().map_err(|e| Error::UserFunctionError(e.into()))
}

fn failed(e: IndexError) -> Error {
    Error::UserFunctionError(e.to_string().into())
}

fn at(c: &Context<'_>) -> Result<Identified> {
    let (list, _) = unseal(block(c)?).map_err(failed)?.as_chunks::<{ Identified::BYTES }>();
    let at = usize::try_from(c.get::<i64>(1)?).unwrap_or(usize::MAX) % DICTIONARY;
    list.get(at).map(Identified::decode).ok_or_else(|| failed(IndexError::Damaged("an identifier is not listed")))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// `[{"ordinal":0,"object":3,"shape":7,"count":2,"ranges":[[3,4]]}]`.
fn postings_json(mut data: &[u8], first: i64, base: i64) -> std::result::Result<String, IndexError> {
    let (mut out, mut ordinal) = (Vec::new(), first);
    while !data.is_empty() {
        let length = number(&mut data)? as usize;
        let (items, rest) = data.split_at_checked(length).ok_or(IndexError::Damaged("a block of postings breaks off"))?;
        for item in Items::new(items, base) {
            let (object, tag, mut body) = item?;
            if tag != ONE && tag != SIGHTINGS {
                continue;
            }
            let shape = number(&mut body)?;
            let (count, ranges) = if tag == ONE {
                let row = number(&mut body)?;
                (1, vec![(row, row + 1)])
            } else {
                let (count, n) = (number(&mut body)?, number(&mut body)?);
                (count, read_ranges(&mut body, n)?)
            };
            let ranges: Vec<[u64; 2]> = ranges.into_iter().map(|(s, e)| [s, e]).collect();
            out.push(serde_json::json!({ "ordinal": ordinal, "object": object, "shape": shape, "count": count, "ranges": ranges }));
        }
        (data, ordinal) = (rest, ordinal + 1);
    }
    Ok(serde_json::Value::Array(out).to_string())
}
