//! Places as bytes: sorted half-open ranges, delta-coded varints (LEB128).

use super::IndexError;

/// The number of rows, of [`PlaceList::kind`].
pub(super) const ROWS: i64 = 0;

/// The places of one posting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlaceList {
    /// Rows of a table.
    Rows(Vec<(u64, u64)>),
    /// Byte ranges in the decompressed member.
    Bytes(Vec<(u64, u64)>),
    /// Byte ranges inside row 0, the only one, of a single document.
    Document(Vec<(u64, u64)>),
}

impl PlaceList {
    /// The number that the index stores for the kind.
    pub fn kind(&self) -> i64 {
        match self {
            PlaceList::Rows(_) => ROWS,
            PlaceList::Bytes(_) => 1,
            PlaceList::Document(_) => 2,
        }
    }

    /// Adds a range, whatever they count.
    pub fn push(&mut self, range: (u64, u64)) {
        match self {
            PlaceList::Rows(r) | PlaceList::Bytes(r) | PlaceList::Document(r) => r.push(range),
        }
    }

    /// The ranges, whatever they count.
    pub fn ranges(&self) -> &[(u64, u64)] {
        match self {
            PlaceList::Rows(r) | PlaceList::Bytes(r) | PlaceList::Document(r) => r,
        }
    }

    /// The same, ordered, overlaps joined.
    #[must_use]
    pub(super) fn tidied(mut self) -> PlaceList {
        match &mut self {
            PlaceList::Rows(r) => tidy(r, true),
            PlaceList::Bytes(b) | PlaceList::Document(b) => tidy(b, false),
        }
        self
    }

    /// The list of this kind.
    pub fn from_kind(kind: i64, ranges: Vec<(u64, u64)>) -> Result<PlaceList, IndexError> {
        match kind {
            0 => Ok(PlaceList::Rows(ranges)),
            1 => Ok(PlaceList::Bytes(ranges)),
            2 => Ok(PlaceList::Document(ranges)),
            _ => Err(IndexError::Damaged("unknown kind of place")),
        }
    }
}

/// Encodes half-open ranges ordered by start that do not overlap: gap to the end of the one before, then length, each
/// as a varint.
pub fn encode_ranges(ranges: &[(u64, u64)], out: &mut Vec<u8>) {
    let mut at = 0;
    for &(start, end) in ranges {
        debug_assert!(start >= at && end >= start, "ranges must be ordered");
        varint(start - at, out);
        varint(end - start, out);
        at = end;
    }
}

/// Decodes what [`encode_ranges`] wrote. An error for bytes it cannot have written; never panics.
pub fn decode_ranges(mut bytes: &[u8]) -> Result<Vec<(u64, u64)>, IndexError> {
    let mut out = Vec::new();
    let mut at = 0;
    while !bytes.is_empty() {
        at = next_range(&mut bytes, at, &mut out)?;
    }
    Ok(out)
}

/// Takes `count` ranges from the front of `bytes`.
pub(super) fn read_ranges(bytes: &mut &[u8], count: u64) -> Result<Vec<(u64, u64)>, IndexError> {
    let mut out = Vec::new();
    let mut at = 0;
    for _ in 0..count {
        at = next_range(bytes, at, &mut out)?;
    }
    Ok(out)
}

fn next_range(bytes: &mut &[u8], at: u64, out: &mut Vec<(u64, u64)>) -> Result<u64, IndexError> {
    const BROKEN: IndexError = IndexError::Damaged("a list of places breaks off");
    let start = at.checked_add(read_varint(bytes).ok_or(BROKEN)?).ok_or(BROKEN)?;
    let end = start.checked_add(read_varint(bytes).ok_or(BROKEN)?).ok_or(BROKEN)?;
    out.push((start, end));
    Ok(end)
}

/// Appends a number as LEB128.
pub(super) fn varint(mut n: u64, out: &mut Vec<u8>) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

/// Takes a LEB128 number from the front of `bytes`; `None` if there is none.
pub(super) fn read_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut n = 0u64;
    for shift in (0..64).step_by(7) {
        let (&b, rest) = bytes.split_first()?;
        *bytes = rest;
        let part = u64::from(b & 0x7f);
        if part << shift >> shift != part {
            return None;
        }
        n |= part << shift;
        if b & 0x80 == 0 {
            return Some(n);
        }
    }
    None
}

/// Sorts ranges and joins those that overlap; rows that touch are joined as well, byte ranges that touch stay apart.
pub fn tidy(ranges: &mut Vec<(u64, u64)>, join_touching: bool) {
    ranges.sort_unstable();
    let mut kept = 0;
    for i in 0..ranges.len() {
        let (start, end) = ranges[i];
        if kept > 0 {
            let last = &mut ranges[kept - 1];
            if start < last.1 || (join_touching && start == last.1) {
                last.1 = last.1.max(end);
                continue;
            }
        }
        ranges[kept] = (start, end);
        kept += 1;
    }
    ranges.truncate(kept);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ranges_survive_the_round_trip(mut raw in proptest::collection::vec((0u64..1 << 40, 1u64..1000), 0..200), rows in any::<bool>()) {
            let mut ranges: Vec<(u64, u64)> = raw.drain(..).map(|(s, l)| (s, s + l)).collect();
            let covered: std::collections::BTreeSet<u64> = ranges.iter().map(|r| r.0).collect();
            tidy(&mut ranges, rows);
            prop_assert!(ranges.windows(2).all(|w| w[0].1 <= w[1].0));
            for start in covered {
                prop_assert!(ranges.iter().any(|r| r.0 <= start && start < r.1));
            }
            let mut bytes = Vec::new();
            encode_ranges(&ranges, &mut bytes);
            prop_assert_eq!(decode_ranges(&bytes).unwrap(), ranges);
        }

        #[test]
        fn hostile_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = decode_ranges(&bytes);
        }
    }

    #[test]
    fn a_row_costs_two_bytes() {
        let mut out = Vec::new();
        encode_ranges(&[(17, 18), (19, 20)], &mut out);
        assert_eq!(out, [17, 1, 1, 1]);
        assert!(decode_ranges(&[0x80]).is_err());
        assert!(decode_ranges(&[0xff; 10]).is_err());
    }

    #[test]
    fn touching_rows_join_and_touching_bytes_do_not() {
        let mut r = vec![(3, 4), (1, 2), (2, 3)];
        tidy(&mut r, true);
        assert_eq!(r, [(1, 4)]);
        let mut b = vec![(3, 4), (1, 2), (2, 3), (1, 2)];
        tidy(&mut b, false);
        assert_eq!(b, [(1, 2), (2, 3), (3, 4)]);
    }
}
