//! What is to be known of an ORC file before its decoder sees it, and the bytes as that wants them.

use std::sync::Arc;

use bytes::{Buf, Bytes};
use orc_rust::reader::ChunkReader;

use super::{Error, ReadAt, Reason, Result};

/// A file that a decoder may be given: its types have been looked at.
#[derive(Clone)]
pub struct Looked(Arc<dyn ReadAt>);

impl ChunkReader for Looked {
    type T = bytes::buf::Reader<Bytes>;

    fn len(&self) -> u64 {
        self.0.len()
    }

    fn get_read(&self, from: u64) -> std::io::Result<Self::T> {
        let n = self.0.len().saturating_sub(from).min(8 << 20);
        Ok(self.0.read_at(from, n as usize).map_err(std::io::Error::other)?.reader())
    }

    fn get_bytes(&self, from: u64, len: u64) -> std::io::Result<Bytes> {
        let len = usize::try_from(len).map_err(|_| std::io::ErrorKind::InvalidInput)?;
        self.0.read_at(from, len).map_err(std::io::Error::other)
    }
}

fn varint(m: &mut &[u8]) -> Option<u64> {
    let mut n = 0;
    for shift in (0..64).step_by(7) {
        let (b, rest) = m.split_first()?;
        *m = rest;
        n |= u64::from(b & 0x7f) << shift;
        if b & 0x80 == 0 {
            return Some(n);
        }
    }
    None
}

/// The next field of a protobuf message: its number, and its bytes or its value.
fn field<'a>(message: &mut &'a [u8]) -> Option<(u64, &'a [u8], u64)> {
    let key = varint(message)?;
    let (bytes, value) = match key & 7 {
        0 => (0, varint(message)?),
        1 => (8, 0),
        5 => (4, 0),
        2 => (usize::try_from(varint(message)?).ok()?, 0),
        _ => return None,
    };
    let (own, rest) = message.split_at_checked(bytes)?;
    *message = rest;
    Some((key >> 3, own, value))
}

/// The kind of a type that has named columns.
pub const STRUCT: u64 = 12;

/// What the decoder does not tell of a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Footer {
    /// Whether it speaks of encrypted columns.
    pub encrypted: bool,
    /// The kind of its first type, which all others are part of.
    pub root: Option<u64>,
    /// Whether each type is part of one before it, and of one alone, and none lies too deep.
    is_tree: bool,
}

/// All fields of a message; `None` if it is none.
fn fields(mut message: &[u8]) -> Option<Vec<(u64, &[u8], u64)>> {
    let mut out = Vec::new();
    while !message.is_empty() {
        out.push(field(&mut message)?);
    }
    Some(out)
}

/// Types within types, at most.
const MOST_DEPTH: u32 = 200;

/// Whether types are a tree, the first its root: of each its parts.
fn is_tree(types: &[Vec<u64>]) -> bool {
    let mut depths = vec![0; types.len()];
    types.iter().enumerate().all(|(n, parts)| {
        let depth = depths[n] + 1;
        parts.iter().all(|part| {
            let slot = usize::try_from(*part).ok().filter(|p| *p > n).and_then(|p| depths.get_mut(p));
            slot.is_some_and(|slot| depth <= MOST_DEPTH && std::mem::replace(slot, depth) == 0)
        })
    })
}

/// The kind of a type and the numbers of its parts (fields 1 and 2; the latter packed or one by one).
fn parts(message: &[u8]) -> Option<(u64, Vec<u64>)> {
    let (mut kind, mut parts) = (0, Vec::new());
    for (number, own, value) in fields(message)? {
        match number {
            1 => kind = value,
            2 if own.is_empty() => parts.push(value),
            2 => {
                let mut own = own;
                while !own.is_empty() {
                    parts.push(varint(&mut own)?);
                }
            }
            _ => {}
        }
    }
    Some((kind, parts))
}

/// Looks at an ORC file: what a decoder is to be made of, and what none tells of it.
///
/// # Errors
/// `corrupt` for a footer that cannot be read, or whose types a decoder would follow until there is no room left, which ends the program.
pub fn look_at(data: Arc<dyn ReadAt>) -> Result<(Looked, Footer)> {
    let footer = read(&data).ok_or_else(|| Error::new(Reason::Corrupt, "broken ORC data"))?;
    if !footer.is_tree {
        return Err(Error::new(Reason::Corrupt, "an ORC file whose types are part of one another, or nested too deeply"));
    }
    Ok((Looked(data), footer))
}

/// `None` if it cannot be read. Fields by the ORC specification: 4 are types, 10 is encryption.
fn read(data: &Arc<dyn ReadAt>) -> Option<Footer> {
    let len = data.len();
    let n = u64::from(*data.read_at(len - 1, 1).ok()?.first()?);
    let postscript = data.read_at(len.checked_sub(1 + n)?, n as usize).ok()?;
    let (mut footer_len, mut compression) = (0, 0);
    for (number, _, value) in fields(&postscript)? {
        match number {
            1 => footer_len = value,
            2 => compression = value,
            _ => {}
        }
    }
    let footer = data.read_at((len - 1 - n).checked_sub(footer_len)?, usize::try_from(footer_len).ok()?).ok()?;
    let mut plain = Vec::new();
    if compression == 0 {
        plain.extend_from_slice(&footer);
    } else {
        let mut rest = &footer[..];
        while rest.len() >= 3 {
            let head = u32::from_le_bytes([rest[0], rest[1], rest[2], 0]);
            let (chunk, after) = rest[3..].split_at_checked((head >> 1) as usize)?;
            rest = after;
            let most = 16 << 20;
            match (head & 1, compression) {
                (1, _) => plain.extend_from_slice(chunk),
                (_, 1) => {
                    let inflate = flate2::read::DeflateDecoder::new(chunk);
                    std::io::Read::read_to_end(&mut std::io::Read::take(inflate, most), &mut plain).ok()?;
                }
                (_, 2) if snap::raw::decompress_len(chunk).ok()? as u64 > most => return None,
                (_, 2) => plain.extend(snap::raw::Decoder::new().decompress_vec(chunk).ok()?),
                (_, 3) => plain.extend(lzokay_native::decompress_all(chunk, None).ok()?),
                // No block of LZ4 grows by more than that.
                (_, 4) => plain.extend(lz4_flex::block::decompress(chunk, chunk.len().saturating_mul(255).min(4 << 20)).ok()?),
                (_, 5) => {
                    let zstd = zstd::stream::read::Decoder::new(chunk).ok()?;
                    std::io::Read::read_to_end(&mut std::io::Read::take(zstd, most), &mut plain).ok()?;
                }
                _ => return None,
            }
            if plain.len() as u64 > most {
                return None;
            }
        }
    }
    let (mut told, mut types) = (Footer::default(), Vec::new());
    for (number, own, _) in fields(&plain)? {
        match number {
            4 => {
                let (kind, parts) = parts(own)?;
                told.root.get_or_insert(kind);
                types.push(parts);
            }
            10 => told.encrypted = true,
            _ => {}
        }
    }
    told.is_tree = is_tree(&types);
    Some(told)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Input, MemoryInput};

    #[test]
    fn footers_tell_of_roots_and_encryption() {
        let of = |encrypted, root| Some(Footer { encrypted, root, is_tree: true });
        let cases = [
            ("orc/alltypes.none.orc", of(false, Some(STRUCT))),
            ("orc/alltypes.lz4.orc", of(false, Some(STRUCT))),
            ("orc/alltypes.zstd.orc", of(false, Some(STRUCT))),
            ("orc/alltypes.lzo.orc", of(false, Some(STRUCT))),
            ("orc_encrypted/sample1.orc", of(true, Some(STRUCT))),
            ("orc/TestOrcFile.testTimestamp.orc", of(false, Some(9))),
            ("orc/TestOrcFile.testWithoutCompressionBlockSize.orc", of(false, Some(4))),
        ];
        for (name, want) in cases {
            let path = format!("{}/tests/data/formats/{name}", env!("CARGO_MANIFEST_DIR"));
            let input = MemoryInput::new(std::fs::read(path).unwrap());
            assert_eq!(read(&input.random_access().unwrap()), want, "{name}");
        }
    }
    #[test]
    fn types_are_a_tree() {
        let chain = |n: u64| (0..n).map(|i| if i + 1 < n { vec![i + 1] } else { vec![] }).collect::<Vec<_>>();
        for (types, want) in [
            (vec![], true),
            (vec![vec![1, 2], vec![], vec![3], vec![]], true),
            (vec![vec![0]], false),
            (vec![vec![1], vec![2], vec![1]], false),
            (vec![vec![1, 1], vec![]], false),
            (vec![vec![1, 2], vec![3], vec![3], vec![]], false),
            (vec![vec![1]], false),
            (chain(150), true),
            (chain(100_000), false),
        ] {
            assert_eq!(is_tree(&types), want, "{:?}", &types[..types.len().min(4)]);
        }
    }
}
