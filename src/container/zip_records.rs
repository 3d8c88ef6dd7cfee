//! Reading zip's records: numbers, places of marks, and the lengths that stand behind a member.

use std::sync::Arc;

use memchr::memmem;

use crate::base::{ReadAt, Result};

/// Before the lengths that come behind a member.
const BEHIND: &[u8] = b"PK\x07\x08";
/// How much is searched at a time.
const PIECE: u64 = 1 << 20;

pub(super) fn u16_at(b: &[u8], at: usize) -> u16 {
    b.get(at..at + 2).map_or(0, |b| u16::from_le_bytes([b[0], b[1]]))
}

pub(super) fn u32_at(b: &[u8], at: usize) -> u32 {
    b.get(at..at + 4).map_or(0, |b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
}

pub(super) fn u64_at(b: &[u8], at: usize) -> u64 {
    u64::from(u32_at(b, at)) | u64::from(u32_at(b, at + 4)) << 32
}

/// The first place from `from` on where `what` stands.
pub(super) fn find(data: &Arc<dyn ReadAt>, mut from: u64, what: &[u8]) -> Result<Option<u64>> {
    let len = data.len();
    while from < len {
        let piece = data.read_at(from, (len - from).min(PIECE) as usize)?;
        if let Some(i) = memmem::find(&piece, what) {
            return Ok(Some(from + i as u64));
        }
        if from + piece.len() as u64 >= len {
            return Ok(None);
        }
        from += piece.len() as u64 - (what.len() as u64 - 1);
    }
    Ok(None)
}

/// Check sum and both lengths of a member whose data begin at `body`, from what stands behind them, before `end`: with a mark or
/// without, lengths of 4 bytes or of 8. `None` where nothing there fits.
pub(super) fn lengths_behind(data: &Arc<dyn ReadAt>, body: u64, end: u64) -> Result<Option<(u32, u64, u64)>> {
    for (mark, wide) in [(4, 4), (4, 8), (0, 4), (0, 8)] {
        let n = mark + 4 + 2 * wide;
        let Some(at) = end.checked_sub(n as u64).filter(|at| *at >= body) else { continue };
        let d = data.read_at(at, n)?;
        let length = |i: usize| if wide == 8 { u64_at(&d, i) } else { u64::from(u32_at(&d, i)) };
        if length(mark + 4) == at - body && (mark == 0 || d.starts_with(BEHIND)) {
            return Ok(Some((u32_at(&d, mark), length(mark + 4), length(mark + 4 + wide))));
        }
    }
    Ok(None)
}
