//! What lies in a zip archive where no directory names anything: members by the headers before them, and bytes that are no
//! record at all.

use super::STRAY;
use super::gaps::behind_zeros;
use super::zip_records::{BEHIND, CENTRAL, END, END64, Entry, LOCAL, LOCATOR64, find, lengths_behind, u16_at, u32_at};
use crate::base::{ReadAt, Result};

/// Every mark that a record begins with.
const MARKS: &[&[u8]] = &[LOCAL, CENTRAL, END, END64, LOCATOR64, BEHIND];

/// Bytes that are given as they lie there.
pub(super) struct Piece {
    pub name: String,
    pub from: u64,
    pub to: u64,
}

impl Piece {
    /// A comment, if there is one: of the archive, or of the member of this name.
    pub fn comment(of: &str, from: u64, to: u64) -> Option<Piece> {
        let name = if of.is_empty() { "(comment)".to_owned() } else { format!("{of} (comment)") };
        (from < to).then_some(Piece { name, from, to })
    }
}

pub(super) enum Found {
    Member(Entry),
    Bytes(Piece),
}

/// The next thing in `[at, end)`; moves `at` behind it. Never stands still.
pub(super) fn next(data: &dyn ReadAt, at: &mut u64, end: u64) -> Result<Option<Found>> {
    while let Some(here) = behind_zeros(data, *at, end)? {
        let h = data.read_at(here, (end - here).min(46) as usize)?;
        let field = |at: usize| u64::from(u16_at(&h, at));
        // How long a record is that says nothing more, and the part of it that is a comment.
        let (len, comment) = match h.get(..4).unwrap_or_default() {
            LOCAL if h.get(4).is_none_or(|version| *version < 100) => (30 + field(26) + field(28), 0),
            CENTRAL => (46 + field(28) + field(30) + field(32), field(32)),
            END => (22 + field(20), field(20)),
            END64 => (56, 0),
            LOCATOR64 => (20, 0),
            BEHIND => (16, 0),
            _ => (0, 0),
        };
        let behind = here + len;
        if len > 0 && behind > end && end == data.len() {
            // The archive was cut off here.
            break;
        }
        if len == 0 || behind > end {
            *at = find(data, here + 1, end, MARKS)?.unwrap_or(end);
            return Ok(Some(Found::Bytes(Piece { name: STRAY.to_owned(), from: here, to: *at })));
        }
        *at = behind;
        if h.starts_with(LOCAL) {
            let entry = member(data, here, at, end)?;
            return Ok(Some(Found::Member(entry)));
        }
        if let Some(piece) = Piece::comment("", behind - comment, behind) {
            return Ok(Some(Found::Bytes(piece)));
        }
    }
    *at = end;
    Ok(None)
}

/// The member whose header lies at `header` and ends at `at`, which is moved behind its data.
fn member(data: &dyn ReadAt, header: u64, at: &mut u64, end: u64) -> Result<Entry> {
    let (body, h) = (*at, data.read_at(header, (*at - header) as usize)?);
    let (n, flags) = (usize::from(u16_at(&h, 26)), u16_at(&h, 6));
    let mut entry = Entry {
        name: h[30..30 + n].to_vec(),
        utf8: flags & 0x800 != 0,
        flags,
        method: u16_at(&h, 8),
        crc: u32_at(&h, 14),
        packed: u64::from(u32_at(&h, 18)),
        size: u64::from(u32_at(&h, 22)),
        header,
    };
    entry.extras(&h[30 + n..]);
    entry.header = header;
    if flags & 8 != 0 && entry.packed == 0 {
        // The lengths come behind the data: up to the next header at most.
        let next = find(data, body, end, &[LOCAL, CENTRAL])?.unwrap_or(end);
        let told = lengths_behind(data, body, next)?;
        (entry.crc, entry.packed, entry.size) = told.unwrap_or((0, next - body, u64::MAX));
        *at = next;
    } else {
        let behind = body.saturating_add(entry.packed);
        *at = behind.saturating_add(entry.lengths(data, behind)?).min(end);
    }
    Ok(entry)
}
