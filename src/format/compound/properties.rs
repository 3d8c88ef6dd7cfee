//! The properties of a message's storages ([MS-OXMSG] 2.1, 2.4).

use super::file::{Compound, Entry, Kind};
use crate::base::Result;

pub(super) const PROPERTIES: &str = "__properties_version1.0";

/// Whether a compound file is a message.
pub(super) fn matches(file: &Compound) -> bool {
    file.children(0).any(|(_, e)| e.name == PROPERTIES || e.name.starts_with("__substg1.0_") || e.name == "__nameid_version1.0")
}

/// A property in a stream of its own.
pub(super) struct Property {
    pub id: u16,
    pub kind: u16,
    pub entry: usize,
}

/// Those of a storage.
pub(super) fn properties(file: &Compound, storage: usize) -> Vec<Property> {
    let property = |(entry, e): (usize, &Entry)| {
        let tag = e.name.strip_prefix("__substg1.0_")?.get(..8)?;
        let tag = u32::from_str_radix(tag, 16).ok()?;
        (e.kind == Kind::Stream).then_some(Property { id: (tag >> 16) as u16, kind: tag as u16, entry })
    };
    file.children(storage).filter_map(property).collect()
}

/// A number that lies beside the streams.
///
/// # Errors
/// What reading the file says.
pub(super) fn number(file: &Compound, storage: usize, id: u16) -> Result<Option<u64>> {
    let Some(i) = file.find(storage, PROPERTIES) else { return Ok(None) };
    let all = file.stream(i).read(0, 1 << 20)?;
    // Headers of 32 bytes, of 24 within messages, of 8 for recipients and attachments.
    let skip = if all.len() % 16 == 8 { 8 } else { 0 };
    let word = |b: &[u8]| u64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]);
    Ok(all[skip..].chunks_exact(16).find(|p| p[2..4] == id.to_le_bytes()).map(|p| word(&p[8..16])))
}
