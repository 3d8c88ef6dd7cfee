//! How deep the columns of a Parquet file lie in one another, by its footer: decoders follow them on the stack, and one that has no
//! end ends the program.

use super::thrift::{I32, LIST, Walk};

/// `FileMetaData.schema`, `SchemaElement.num_children`.
const SCHEMA: i16 = 2;
const CHILDREN: i16 = 5;

/// Groups within groups, at most.
const MOST_DEPTH: usize = 200;

/// Whether a serialised `FileMetaData` has groups that lie deeper than any data does. A footer that is not Thrift is the decoder's
/// to complain about.
pub(super) fn is_too_deep(footer: &[u8]) -> bool {
    let mut deep = false;
    let _ = Walk::new(footer).fields(|walk, id, kind| {
        if id != SCHEMA || kind != LIST {
            return walk.pass_over(kind);
        }
        // Of each group around the next element, how many children are still to come. Elements come in the order of a walk.
        let mut open: Vec<i64> = Vec::new();
        walk.structs(|walk, _| {
            let mut children = 0;
            walk.fields(|walk, id, kind| {
                if id != CHILDREN || kind != I32 {
                    return walk.pass_over(kind);
                }
                children = walk.integer()?;
                Some(())
            })?;
            while open.last() == Some(&0) {
                open.pop();
            }
            if let Some(left) = open.last_mut() {
                *left -= 1;
            }
            if children > 0 {
                open.push(children);
            }
            deep |= open.len() > MOST_DEPTH;
            (!deep).then_some(())
        })
    });
    deep
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::pages::thrift::STRUCT;

    /// A footer whose schema has elements of so many children.
    fn footer(children: &[u32]) -> Vec<u8> {
        let varint = |mut n: u32, out: &mut Vec<u8>| {
            while n > 127 {
                out.push(n as u8 | 0x80);
                n >>= 7;
            }
            out.push(n as u8);
        };
        // version: i32 = 1; schema: list of structs.
        let mut f = vec![0x15, 0x02, 0x19, 0xf0 | STRUCT];
        varint(children.len() as u32, &mut f);
        for n in children {
            // name, num_children.
            f.extend_from_slice(&[0x48, 1, b'a', 0x15]);
            varint(n * 2, &mut f);
            f.push(0);
        }
        f.push(0);
        f
    }

    #[test]
    fn groups_without_end_are_told() {
        let chain = |n: usize| [vec![1; n], vec![0]].concat();
        for (children, want) in [
            (vec![], false),
            (vec![2, 0, 0], false),
            (chain(150), false),
            (chain(100_000), true),
            // Many groups side by side are not deep.
            ([vec![5_000], [1, 0].repeat(5_000)].concat(), false),
            // Nor are counts that no element follows.
            (vec![1 << 20], false),
        ] {
            assert_eq!(is_too_deep(&footer(&children)), want, "{:?}", &children[..children.len().min(5)]);
        }
        assert!(!is_too_deep(&[0x19, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x0f]), "a list that is not there");
    }
}
