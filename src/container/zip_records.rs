//! Reading zip's records: numbers, the end of the archive, names, and the lengths that stand behind a member.

use memchr::memmem;

use super::gaps::search;
use crate::base::{ReadAt, Result};

pub(super) const LOCAL: &[u8] = b"PK\x03\x04";
pub(super) const CENTRAL: &[u8] = b"PK\x01\x02";
pub(super) const END: &[u8] = b"PK\x05\x06";
pub(super) const END64: &[u8] = b"PK\x06\x06";
pub(super) const LOCATOR64: &[u8] = b"PK\x06\x07";
/// Before the lengths that come behind a member.
pub(super) const BEHIND: &[u8] = b"PK\x07\x08";
/// How these lengths may stand: so many bytes of a mark, and of each length.
const WAYS: [(usize, usize); 4] = [(4, 4), (4, 8), (0, 4), (0, 8)];

pub(super) fn u16_at(b: &[u8], at: usize) -> u16 {
    b.get(at..at + 2).map_or(0, |b| u16::from_le_bytes([b[0], b[1]]))
}

pub(super) fn u32_at(b: &[u8], at: usize) -> u32 {
    b.get(at..at + 4).map_or(0, |b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
}

pub(super) fn u64_at(b: &[u8], at: usize) -> u64 {
    u64::from(u32_at(b, at)) | u64::from(u32_at(b, at + 4)) << 32
}

/// The first place of `[from, end)` where one of these marks stands.
pub(super) fn find(data: &dyn ReadAt, from: u64, end: u64, marks: &[&[u8]]) -> Result<Option<u64>> {
    let here = |rest: &[u8]| marks.iter().any(|m| rest.starts_with(m));
    search(data, from, end, 3, |piece| memmem::find_iter(piece, b"PK").find(|i| here(&piece[*i..])))
}

/// Where the directory lies, and what stands behind it.
pub(super) struct Ends {
    pub start: u64,
    pub end: u64,
    /// How many bytes were put in front of the archive after it was written (a self-extracting program).
    pub shift: u64,
    /// What ends the archive, each with its place.
    pub records: Vec<(u64, u64)>,
    /// Where the archive's comment lies.
    pub comment: (u64, u64),
}

/// The end of the archive; `None` where there is none, or no directory before it.
pub(super) fn ends(data: &dyn ReadAt) -> Result<Option<Ends>> {
    let len = data.len();
    let tail_at = len.saturating_sub(22 + 65_535);
    let tail = data.read_at(tail_at, (len - tail_at) as usize)?;
    let fits = |at: &usize| tail.len() - at >= 22 && usize::from(u16_at(&tail, at + 20)) <= tail.len() - at - 22;
    let Some(at) = memmem::rfind_iter(&tail, END).find(fits) else { return Ok(None) };
    let (mut end, mut told, mut size) = (tail_at + at as u64, u64::from(u32_at(&tail, at + 16)), u64::from(u32_at(&tail, at + 12)));
    let comment = (end + 22, end + 22 + u64::from(u16_at(&tail, at + 20)));
    let mut records = vec![(end, comment.1)];
    if at >= 20 && tail[at - 20..].starts_with(LOCATOR64) {
        let locator = end - 20;
        // The place does not count what was put in front: then the record stands where it is always written.
        for at64 in [u64_at(&tail, at - 20 + 8), locator.saturating_sub(56)] {
            if let Ok(r) = data.read_at(at64, 56)
                && r.starts_with(END64)
            {
                (end, told, size) = (at64, u64_at(&r, 48), u64_at(&r, 40));
                records.extend([(locator, locator + 20), (at64, at64 + 56)]);
                break;
            }
        }
    }
    let Some(start) = end.checked_sub(size) else { return Ok(None) };
    let found = size == 0 || data.read_at(start, 4).is_ok_and(|b| &b[..] == CENTRAL);
    Ok(found.then(|| Ends { start, end, shift: start.saturating_sub(told), records, comment }))
}

/// A member, by the directory or by the header before it.
pub(super) struct Entry {
    pub name: Vec<u8>,
    pub utf8: bool,
    pub flags: u16,
    pub method: u16,
    pub crc: u32,
    pub packed: u64,
    /// All ones: unknown.
    pub size: u64,
    /// Where its local header lies.
    pub header: u64,
}

impl Entry {
    /// Long sizes of zip64, and the name in UTF-8.
    pub fn extras(&mut self, mut x: &[u8]) {
        while x.len() >= 4 {
            let (id, n) = (u16_at(x, 0), usize::from(u16_at(x, 2)));
            let Some(v) = x.get(4..4 + n) else { return };
            match id {
                1 => {
                    let mut at = 0;
                    for field in [&mut self.size, &mut self.packed, &mut self.header] {
                        if *field == u64::from(u32::MAX) && at + 8 <= v.len() {
                            *field = u64_at(v, at);
                            at += 8;
                        }
                    }
                }
                0x7075 if n > 5 => {
                    self.name = v[5..].to_vec();
                    self.utf8 = true;
                }
                _ => {}
            }
            x = &x[4 + n..];
        }
    }

    /// A member's name: UTF-8, or what the bytes look like.
    pub fn shown_name(&self) -> String {
        let name = match std::str::from_utf8(&self.name) {
            Ok(s) => s.to_owned(),
            Err(_) if self.utf8 => String::from_utf8_lossy(&self.name).into_owned(),
            Err(_) => {
                let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
                detector.feed(&self.name, true);
                let encoding = detector.guess(None, chardetng::Utf8Detection::Deny);
                encoding.decode_without_bom_handling(&self.name).0.into_owned()
            }
        };
        name.replace('\\', "/")
    }

    /// How many bytes behind the member's data, which end at `at`, say how long these are.
    pub fn lengths(&self, data: &dyn ReadAt, at: u64) -> Result<u64> {
        let left = data.len().saturating_sub(at).min(24);
        let d = data.read_at(at, left as usize)?;
        // Some writers set the flag in the member's own header alone.
        if self.flags & 8 == 0 && !d.starts_with(BEHIND) {
            return Ok(0);
        }
        let fits = |&(mark, wide): &(usize, usize)| {
            let (_, packed, size) = lengths(&d, mark, wide);
            (mark == 0 || d.starts_with(BEHIND)) && (packed, size) == (self.packed, self.size)
        };
        let bare = if d.starts_with(BEHIND) { 16 } else { 0 };
        Ok(WAYS.iter().find(|w| fits(w)).map_or(bare, |(mark, wide)| (mark + 4 + 2 * wide) as u64).min(left))
    }
}

fn lengths(d: &[u8], mark: usize, wide: usize) -> (u32, u64, u64) {
    let length = |i: usize| if wide == 8 { u64_at(d, i) } else { u64::from(u32_at(d, i)) };
    (u32_at(d, mark), length(mark + 4), length(mark + 4 + wide))
}

/// Check sum and both lengths of a member whose data begin at `body`, from what stands behind them, before `end`: with a mark or
/// without, lengths of 4 bytes or of 8. `None` where nothing there fits.
pub(super) fn lengths_behind(data: &dyn ReadAt, body: u64, end: u64) -> Result<Option<(u32, u64, u64)>> {
    for (mark, wide) in WAYS {
        let n = mark + 4 + 2 * wide;
        let Some(at) = end.checked_sub(n as u64).filter(|at| *at >= body) else { continue };
        let d = data.read_at(at, n)?;
        let told = lengths(&d, mark, wide);
        if told.1 == at - body && (mark == 0 || d.starts_with(BEHIND)) {
            return Ok(Some(told));
        }
    }
    Ok(None)
}
