//! Where bytes come from that no longer lie where the member has them.

use std::ops::Range;

use crate::base::{Batch, Origin};

/// Notes where the batch's bytes come from, if that is only told by its offset: which may then change.
pub(super) fn note(batch: &mut Batch) {
    if batch.origins.is_empty() {
        let (start, end) = (batch.offset, batch.offset + batch.bytes.len() as u64);
        batch.origins.push(Origin { at: 0, start, end });
    }
}

/// Ends the last run, if there are any, where the bytes end now: more may be added behind it.
pub(super) fn seal(batch: &mut Batch) {
    if let Some(end) = batch.origins.last().map(|o| o.end) {
        batch.origins.push(Origin { at: batch.bytes.len() as u32, start: end, end });
    }
}

/// Notes that bytes `[start, end)` of the batch were all made of the member's bytes given with them; ordered by start.
pub(super) fn pin(batch: &mut Batch, spans: &[(u32, u32, Range<u64>)]) {
    let mut made = Vec::with_capacity(batch.origins.len() + 3 * spans.len());
    let len = batch.bytes.len() as u32;
    let mut at = 0;
    for (start, end, range) in spans {
        between(batch, at, *start, &mut made);
        // Two runs, neither of them in proportion: wherever a match lies in them, all of the range is meant.
        made.push(Origin { at: *start, start: range.start, end: range.end });
        if end.saturating_sub(*start) > 1 {
            made.push(Origin { at: end - 1, start: range.start, end: range.end });
        }
        at = *end;
    }
    between(batch, at, len, &mut made);
    batch.origins = made;
}

/// The origins of `[from, to)` as they were.
fn between(batch: &Batch, from: u32, to: u32, made: &mut Vec<Origin>) {
    if from >= to {
        return;
    }
    if batch.origins.is_empty() {
        made.push(Origin { at: from, start: batch.offset + u64::from(from), end: batch.offset + u64::from(to) });
        return;
    }
    let first = batch.origins.partition_point(|o| o.at <= from).saturating_sub(1);
    for (i, o) in batch.origins.iter().enumerate().skip(first).take_while(|(_, o)| o.at < to) {
        let until = batch.origins.get(i + 1).map_or(to, |o| o.at.min(to));
        let at = o.at.max(from);
        if at < until {
            let range = batch.member_range(None, at, until);
            made.push(Origin { at, start: range.start, end: range.end });
        }
    }
}
