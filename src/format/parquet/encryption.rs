//! Which columns of a Parquet file with a plaintext footer are encrypted.
//!
//! The decoder passes over what the footer says about it, and would take the encrypted pages for broken ones. So the
//! footer (Thrift's compact protocol) is walked once more, for two fields of its column chunks and nothing else.

use std::collections::BTreeSet;

/// How deep structs and lists of a footer lie in one another at most; a real one takes six.
const DEPTH: u32 = 32;

/// What a type's number in the compact protocol stands for.
const STOP: u8 = 0;
const TRUE: u8 = 1;
const FALSE: u8 = 2;
const BYTE: u8 = 3;
const I16: u8 = 4;
const I32: u8 = 5;
const I64: u8 = 6;
const DOUBLE: u8 = 7;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const SET: u8 = 10;
const MAP: u8 = 11;
const STRUCT: u8 = 12;
const UUID: u8 = 13;

/// `FileMetaData.row_groups`, `RowGroup.columns`, `ColumnChunk.crypto_metadata`, `ColumnChunk.encrypted_column_metadata`.
const ROW_GROUPS: i16 = 4;
const COLUMNS: i16 = 1;
const CRYPTO: [i16; 2] = [8, 9];

/// The indexes of the leaf columns that are encrypted in any row group. `footer` is the serialised `FileMetaData`;
/// where it breaks off, what stands before that counts.
pub(super) fn encrypted_columns(footer: &[u8]) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut walk = Walk { bytes: footer };
    // A footer that is not Thrift is the decoder's to complain about.
    let _ = walk.file(&mut found);
    found
}

/// A cursor over Thrift; `None`: the bytes break off or are none.
struct Walk<'a> {
    bytes: &'a [u8],
}

impl Walk<'_> {
    fn file(&mut self, found: &mut BTreeSet<usize>) -> Option<()> {
        self.fields(|walk, id, kind| {
            if id != ROW_GROUPS || kind != LIST {
                return walk.skip(kind, DEPTH);
            }
            walk.structs(|walk, _| {
                walk.fields(|walk, id, kind| {
                    if id != COLUMNS || kind != LIST {
                        return walk.skip(kind, DEPTH);
                    }
                    walk.structs(|walk, column| {
                        walk.fields(|walk, id, kind| {
                            if CRYPTO.contains(&id) {
                                found.insert(column);
                            }
                            walk.skip(kind, DEPTH)
                        })
                    })
                })
            })
        })
    }

    /// Calls `each` with number and type of every field of a struct; it has to read the field's value.
    fn fields(&mut self, mut each: impl FnMut(&mut Self, i16, u8) -> Option<()>) -> Option<()> {
        let mut id = 0i16;
        loop {
            let head = self.byte()?;
            let kind = head & 0x0f;
            if kind == STOP {
                return Some(());
            }
            id = match head >> 4 {
                0 => {
                    let n = self.varint()?;
                    i16::try_from((n >> 1) as i64 ^ -((n & 1) as i64)).ok()?
                }
                delta => id.checked_add(i16::from(delta))?,
            };
            each(self, id, kind)?;
        }
    }

    /// Calls `each` with the index of every element of a list of structs.
    fn structs(&mut self, mut each: impl FnMut(&mut Self, usize) -> Option<()>) -> Option<()> {
        let (kind, n) = self.list()?;
        if kind != STRUCT {
            return self.elements(kind, n, DEPTH);
        }
        // Every element takes a byte at least, so that a false count ends soon.
        (0..n).try_for_each(|i| each(self, i as usize))
    }

    fn list(&mut self) -> Option<(u8, u64)> {
        let head = self.byte()?;
        let n = if head >> 4 == 15 { self.varint()? } else { u64::from(head >> 4) };
        Some((head & 0x0f, n))
    }

    /// Passes over `n` elements of a list.
    fn elements(&mut self, kind: u8, n: u64, depth: u32) -> Option<()> {
        match kind {
            // In a list a truth value takes a byte of its own.
            TRUE | FALSE | BYTE => self.pass(n),
            DOUBLE => self.pass(n.checked_mul(8)?),
            _ => (0..n).try_for_each(|_| self.skip(kind, depth)),
        }
    }

    /// Passes over a value.
    fn skip(&mut self, kind: u8, depth: u32) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        match kind {
            TRUE | FALSE => Some(()),
            BYTE => self.pass(1),
            I16 | I32 | I64 => self.varint().map(drop),
            DOUBLE => self.pass(8),
            UUID => self.pass(16),
            BINARY => {
                let n = self.varint()?;
                self.pass(n)
            }
            LIST | SET => {
                let (kind, n) = self.list()?;
                self.elements(kind, n, depth)
            }
            MAP => {
                let n = self.varint()?;
                if n == 0 {
                    return Some(());
                }
                let kinds = self.byte()?;
                (0..n).try_for_each(|_| {
                    self.elements(kinds >> 4, 1, depth)?;
                    self.elements(kinds & 0x0f, 1, depth)
                })
            }
            STRUCT => self.fields(|walk, _, kind| walk.skip(kind, depth)),
            _ => None,
        }
    }

    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(*first)
    }

    fn pass(&mut self, n: u64) -> Option<()> {
        self.bytes = self.bytes.get(usize::try_from(n).ok()?..)?;
        Some(())
    }

    fn varint(&mut self) -> Option<u64> {
        let mut n = 0u64;
        for shift in (0..64).step_by(7) {
            let b = self.byte()?;
            n |= u64::from(b & 0x7f) << shift;
            if b & 0x80 == 0 {
                return Some(n);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A footer with one row group of these column chunks.
    fn footer(columns: &[&[u8]]) -> Vec<u8> {
        // version: i32 = 1; row_groups: list of one struct; columns: list of structs.
        let mut f = vec![0x15, 0x02, 0x39, 0x1c, 0x19, (columns.len() as u8) << 4 | STRUCT];
        columns.iter().for_each(|c| f.extend_from_slice(c));
        f.extend_from_slice(&[0, 0]);
        f
    }

    #[test]
    fn encrypted_columns_are_found() {
        let plain: &[u8] = &[0x26, 0x08, 0]; // file_offset: i64 = 4
        let footer_key: &[u8] = &[0x26, 0x08, 0x6c, 0x1c, 0, 0, 0]; // crypto_metadata: union of an empty struct
        let own_key: &[u8] = &[0x26, 0x08, 0x78, 2, b'x', b'y', 0]; // encrypted_column_metadata: binary
        let cases: &[(&[&[u8]], &[usize])] =
            &[(&[plain, plain], &[]), (&[plain, footer_key], &[1]), (&[own_key, plain, footer_key], &[0, 2]), (&[], &[])];
        for (columns, want) in cases {
            assert_eq!(encrypted_columns(&footer(columns)).into_iter().collect::<Vec<_>>(), *want);
        }
        let whole = footer(&[own_key, plain]);
        assert_eq!(encrypted_columns(&whole[..whole.len() - 4]).len(), 1, "what stands before the break counts");
    }

    #[test]
    fn nesting_without_end_ends() {
        // A struct in a struct in a struct.
        assert!(encrypted_columns(&vec![0x1c; 1 << 20]).is_empty());
        // A list of 2^63 lists of nothing.
        assert!(encrypted_columns(&[0x19, 0xf9, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]).is_empty());
    }

    proptest! {
        #[test]
        fn any_bytes_are_walked(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            encrypted_columns(&bytes);
        }
    }
}
