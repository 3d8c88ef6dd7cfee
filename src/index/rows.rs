//! Whose each identifier is, as it is stored.
//!
//! Most identifiers are a person of their own in one segment and are told by nothing; of the others the table `whose` holds, per segment in
//! the order of ordinals, `varint(distance to the ordinal before)` and
//!
//! | number | means |
//! |---|---|
//! | 0 | nobody's: a weak identifier |
//! | 1 | shared by several people |
//! | 2 + (zigzag(number of the person - own number) * 2 + linked) | that person's; linked: who has others |

use rusqlite::{Connection, OptionalExtension, params};

use super::error::IndexError;
use super::places::{read_varint, varint};
use super::postings;
use super::whose::{BROKEN, LINKED, NOBODY, SEVERAL};

/// Bytes of a row; with its check sum it fills a page.
const ROW: usize = if cfg!(test) { 24 } else { 8_000 };

/// What is stored of a person of their own, in one segment: nothing.
pub(super) const OWN: u64 = 2;

/// Whether that is said of the first identifier of a person, whose number is the person's.
pub(super) fn is_first(code: u64) -> bool {
    code | 1 == OWN | 1
}

/// How it is stored whose the identifier of a number is.
pub(super) fn encode(whose: u32, own: u32) -> u64 {
    match whose {
        NOBODY => 0,
        SEVERAL => 1,
        w => {
            let distance = i64::from(w & !LINKED) - i64::from(own);
            2 + ((((distance << 1) ^ (distance >> 63)) as u64) << 1 | u64::from(w & LINKED != 0))
        }
    }
}

pub(super) fn decode(code: u64, own: u32, len: usize) -> Option<u32> {
    let rest = match code {
        0 => return Some(NOBODY),
        1 => return Some(SEVERAL),
        n => n - 2,
    };
    let zigzag = rest >> 1;
    let distance = (zigzag >> 1) as i64 ^ -((zigzag & 1) as i64);
    let person = i64::from(own).checked_add(distance).filter(|p| (0..len as i64).contains(p))? as u32;
    Some(person | if rest & 1 == 1 { LINKED } else { 0 })
}

/// Writes these ordinals, ascending, and whose each is, into rows of their own.
pub(super) fn write(conn: &Connection, segment: i64, told: impl Iterator<Item = (u32, u64)>) -> Result<(), IndexError> {
    let mut insert = conn.prepare_cached("INSERT INTO whose VALUES (?1, ?2, ?3)")?;
    let (mut first, mut last, mut data) = (0, 0, Vec::with_capacity(ROW));
    for (ordinal, code) in told.filter(|t| t.1 != OWN) {
        if data.len() + 16 > ROW {
            insert.execute(params![segment, first, postings::seal(&data)])?;
            data.clear();
        }
        if data.is_empty() {
            (first, last) = (ordinal, ordinal);
        }
        varint(u64::from(ordinal - last), &mut data);
        varint(code, &mut data);
        last = ordinal;
    }
    if !data.is_empty() {
        insert.execute(params![segment, first, postings::seal(&data)])?;
    }
    Ok(())
}

/// Calls `each` with the entries of a stored row that begins with this ordinal.
pub(super) fn each(mut ordinal: u32, stored: &[u8], each: &mut dyn FnMut(u32, u64) -> Result<(), IndexError>) -> Result<(), IndexError> {
    let mut data = postings::unseal_checked(stored)?;
    while !data.is_empty() {
        let (gap, code) = (read_varint(&mut data).ok_or(BROKEN)?, read_varint(&mut data).ok_or(BROKEN)?);
        ordinal = u32::try_from(gap).ok().and_then(|g| ordinal.checked_add(g)).ok_or(BROKEN)?;
        each(ordinal, code)?;
    }
    Ok(())
}

/// Sets whose the identifiers of these ordinals are, ascending, in the rows of a segment.
pub(super) fn change(conn: &Connection, segment: i64, told: &[(u32, u64)]) -> Result<(), IndexError> {
    let mut told = told;
    while let Some((ordinal, _)) = told.first() {
        let row = |sql: &str, from: u32| -> Result<Option<(u32, Vec<u8>)>, IndexError> {
            Ok(conn.prepare_cached(sql)?.query_row(params![segment, from], |r| Ok((r.get(0)?, r.get(1)?))).optional()?)
        };
        let behind = "SELECT first, data FROM whose WHERE segment_id = ?1 AND first > ?2 ORDER BY first LIMIT 1";
        let at = "SELECT first, data FROM whose WHERE segment_id = ?1 AND first <= ?2 ORDER BY first DESC LIMIT 1";
        // What comes before all rows goes to the first.
        let held = row(at, *ordinal)?.map_or_else(|| row(behind, *ordinal), |r| Ok(Some(r)))?;
        let until = match &held {
            Some((first, _)) => row(behind, *first.max(ordinal))?.map(|r| r.0),
            None => None,
        };
        let (here, rest) = told.split_at(until.map_or(told.len(), |until| told.partition_point(|t| t.0 < until)));
        told = rest;
        let (mut before, mut after, mut new) = (Vec::new(), Vec::new(), here.iter().copied().peekable());
        if let Some((first, stored)) = &held {
            each(*first, stored, &mut |ordinal, code| {
                before.push((ordinal, code));
                after.extend(std::iter::from_fn(|| new.next_if(|n| n.0 < ordinal)));
                after.push(new.next_if(|n| n.0 == ordinal).unwrap_or((ordinal, code)));
                Ok(())
            })?;
        }
        after.extend(new);
        after.retain(|a| a.1 != OWN);
        if after != before {
            if let Some((first, _)) = &held {
                conn.prepare_cached("DELETE FROM whose WHERE segment_id = ?1 AND first = ?2")?.execute(params![segment, first])?;
            }
            // Two halves rather than a full row and a crumb.
            let bytes = held.as_ref().map_or(0, |(_, stored)| after.len() * stored.len() / before.len().max(1));
            let some = after.len().div_ceil(bytes / (ROW + 16) + 1).max(1);
            after.chunks(some).try_for_each(|some| write(conn, segment, some.iter().copied()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_come_back() {
        for (whose, own) in
            [(NOBODY, 3), (SEVERAL, 0), (5, 9), (9, 5), (LINKED | 5, 5), (LINKED | 9, 2), (LINKED, 9), (0, 9), (LINKED | 9, 9)]
        {
            assert_eq!(decode(encode(whose, own), own, 10), Some(whose), "{whose} {own}");
        }
        for code in [encode(10, 9), encode(LINKED | 11, 3), u64::MAX, u64::MAX - 1] {
            assert_eq!(decode(code, 9, 10), None, "{code}");
        }
    }
}
