//! Which columns of a Parquet file with a plaintext footer are encrypted.
//!
//! The decoder passes over what the footer says about it, and would take the encrypted pages for broken ones. So the
//! footer (Thrift's compact protocol) is walked once more, for two fields of its column chunks and nothing else.

use std::collections::BTreeSet;

use crate::base::pages::thrift::{LIST, Walk};

/// `FileMetaData.row_groups`, `RowGroup.columns`, `ColumnChunk.crypto_metadata`, `ColumnChunk.encrypted_column_metadata`.
const ROW_GROUPS: i16 = 4;
const COLUMNS: i16 = 1;
const CRYPTO: [i16; 2] = [8, 9];

/// The indexes of the leaf columns that are encrypted in any row group. `footer` is the serialised `FileMetaData`;
/// where it breaks off, what stands before that counts.
pub(super) fn encrypted_columns(footer: &[u8]) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    // A footer that is not Thrift is the decoder's to complain about.
    let _ = file(&mut Walk::new(footer), &mut found);
    found
}

fn file(walk: &mut Walk<'_>, found: &mut BTreeSet<usize>) -> Option<()> {
    walk.fields(|walk, id, kind| {
        if id != ROW_GROUPS || kind != LIST {
            return walk.pass_over(kind);
        }
        walk.structs(|walk, _| {
            walk.fields(|walk, id, kind| {
                if id != COLUMNS || kind != LIST {
                    return walk.pass_over(kind);
                }
                walk.structs(|walk, column| {
                    walk.fields(|walk, id, kind| {
                        if CRYPTO.contains(&id) {
                            found.insert(column);
                        }
                        walk.pass_over(kind)
                    })
                })
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::pages::thrift::STRUCT;
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
