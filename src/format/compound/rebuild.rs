//! A storage as a compound file of its own: a message within a message, an object within a document.

use std::io::{Cursor, Write};
use std::ops::Range;

use super::file::{Compound, Entry, Kind};
use crate::base::{Error, Reason, Result};
use crate::format::feed::Issues;

/// Storages and streams that are taken over, at most.
const MOST_ENTRIES: usize = 1 << 16;
/// How deep they may lie in one another.
const MOST_DEPTH: usize = 100;

/// Everything in a storage as a file, and whether a stream in it ends early; streams of at most `most` bytes together.
///
/// # Errors
/// `memory_limit` where they are larger, `nesting_limit`, `corrupt` for names that no file can have or that stand there twice, and
/// what reading says.
pub(super) fn storage(from: &Compound, storage: usize, most: u64) -> Result<(Vec<u8>, bool)> {
    let broken = |_| Error::new(Reason::Corrupt, "a storage that is none");
    let mut to = cfb::CompoundFile::create_with_version(cfb::Version::V3, Cursor::new(Vec::new())).map_err(broken)?;
    let (mut size, mut count, mut cut) = (0u64, 0, false);
    let mut waiting = vec![(storage, String::new(), 0)];
    while let Some((at, path, depth)) = waiting.pop() {
        for (i, e) in from.children(at) {
            let name = format!("{path}/{}", e.name);
            count += 1;
            if depth >= MOST_DEPTH || count > MOST_ENTRIES {
                return Err(Error::new(Reason::NestingLimit, "storages too deep in one another"));
            }
            match e.kind {
                Kind::Storage => {
                    to.create_storage(&name).map_err(broken)?;
                    waiting.push((i, name, depth + 1));
                }
                Kind::Stream => {
                    let stream = from.stream(i);
                    size += stream.len;
                    cut |= stream.cut;
                    if size > most {
                        return Err(Error::new(Reason::MemoryLimit, "a storage that is too large to be held"));
                    }
                    let bytes = stream.read(0, most)?;
                    to.create_new_stream(&name).and_then(|mut s| s.write_all(&bytes).and_then(|()| s.flush())).map_err(broken)?;
                }
            }
        }
    }
    to.flush().map_err(broken)?;
    Ok((to.into_inner().into_inner(), cut))
}

/// The bytes of the file that all streams in a storage take.
pub(super) fn covered(from: &Compound, storage: usize) -> Vec<Range<u64>> {
    let (mut out, mut waiting, mut count) = (Vec::new(), vec![storage], 0);
    while let Some(at) = waiting.pop() {
        for (i, e) in from.children(at) {
            count += 1;
            if count > MOST_ENTRIES {
                return out;
            }
            match e.kind {
                Kind::Storage => waiting.push(i),
                Kind::Stream => out.extend(from.covered(i)),
            }
        }
    }
    out
}

/// Those of the storages that become members of their own; adds the bytes of the file that they take to `places`. They may share
/// them, but not for ever.
pub(super) fn apart(from: &Compound, storages: Vec<usize>, places: &mut Vec<Range<u64>>, issues: &mut Issues) -> Vec<usize> {
    let (mut out, mut taken) = (Vec::new(), 0);
    for storage in storages {
        let there = covered(from, storage);
        taken += there.iter().map(|r| r.end - r.start).sum::<u64>();
        if taken > 2 * from.len() {
            issues.add(Reason::Corrupt, "objects of a document that lie in one another", storage as u64);
            break;
        }
        places.extend(there);
        out.push(storage);
    }
    out
}

/// Storages of objects within a Word document.
pub(super) fn pool(file: &Compound) -> Vec<usize> {
    let storage = |e: &Entry| e.kind == Kind::Storage;
    let pool = file.children(0).find(|(_, e)| storage(e) && e.name.eq_ignore_ascii_case("ObjectPool"));
    pool.map_or(Vec::new(), |(pool, _)| file.children(pool).filter(|(_, e)| storage(e)).map(|(i, _)| i).collect())
}
