//! Escapes in running text: the text is made anew where it has any, and remembers where its bytes come from.

use super::places;
use super::plain::{Change, first, next};
use crate::base::{Batch, Origin};

/// Resolves what is percent-encoded, an entity or the space of a form. Line breaks stay where they are.
pub(super) fn resolve(batch: &mut Batch, changes: &mut Vec<Change>) {
    changes.clear();
    let core = batch.core.clone();
    if batch.bytes.get(core.clone()).is_none_or(|b| first(b, 0).is_none()) {
        return;
    }
    // None of them across the core's border: the neighbouring batch has the other half.
    for part in [0..core.start, core.start..core.end, core.end..batch.bytes.len()] {
        let mut at = part.start;
        while let Some(c) = next(&batch.bytes, at, part.end) {
            at = c.at + c.len;
            changes.push(c);
        }
    }
    if changes.is_empty() {
        return;
    }
    let from = batch.offset + core.start as u64;
    places::note(batch);
    let mut made = Vec::with_capacity(batch.bytes.len());
    let mut origins: Vec<Origin> = Vec::with_capacity(batch.origins.len() + 2 * changes.len());
    let moved = |at: usize| at - changes.iter().take_while(|c| c.at + c.len <= at).map(|c| c.len - c.with.len_utf8()).sum::<usize>();
    let core = moved(core.start)..moved(core.end);
    let mut at = 0;
    for c in changes.iter() {
        keep(batch, at, c.at, &mut made, &mut origins);
        at = c.at + c.len;
        let range = batch.member_range(None, c.at as u32, at as u32);
        let mut utf8 = [0; 4];
        origins.push(Origin { at: made.len() as u32, start: range.start, end: range.end });
        made.extend_from_slice(c.with.encode_utf8(&mut utf8).as_bytes());
    }
    keep(batch, at, batch.bytes.len(), &mut made, &mut origins);
    batch.bytes = made;
    batch.origins = origins;
    batch.core = core;
    // The core begins where it did, so that those of successive batches still follow one another.
    batch.offset = from - batch.core.start as u64;
}

/// Takes bytes over with their origins.
fn keep(batch: &Batch, from: usize, to: usize, made: &mut Vec<u8>, origins: &mut Vec<Origin>) {
    if from >= to {
        return;
    }
    let moved = made.len();
    let first = batch.origins.partition_point(|o| o.at as usize <= from).saturating_sub(1);
    for (i, o) in batch.origins.iter().enumerate().skip(first).take_while(|(_, o)| (o.at as usize) < to) {
        let until = batch.origins.get(i + 1).map_or(to, |o| (o.at as usize).min(to));
        let at = (o.at as usize).max(from);
        if at < until {
            let range = batch.member_range(None, at as u32, until as u32);
            origins.push(Origin { at: (moved + at - from) as u32, start: range.start, end: range.end });
        }
    }
    made.extend_from_slice(&batch.bytes[from..to]);
}
