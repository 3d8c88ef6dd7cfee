//! Plain text and logs: the bytes as they are, in overlapping windows.

use memchr::{memchr_iter, memrchr};

use super::feed::{Feed, char_boundary};
use super::{Limits, Reader};
use crate::base::{Batch, Issue, PeekInput, PlaceKind, Result};

/// Reads text in windows of about `batch_bytes` that overlap: what starts in a window's core is its own, what lies
/// around is context.
pub(super) struct Text {
    feed: Feed,
    limits: Limits,
    /// Bytes that the next window starts with; the first `context` of them were in the last window's core.
    carry: Vec<u8>,
    context: usize,
    /// Offset of `carry[0]` in the member.
    offset: u64,
    /// 1-based line of `carry[0]`.
    line: u64,
}

impl Text {
    pub fn new(input: PeekInput, limits: &Limits) -> Text {
        Text { feed: Feed::new(input), limits: limits.clone(), carry: Vec::new(), context: 0, offset: 0, line: 1 }
    }
}

/// Where the core of a window ends: behind the last newline that has enough context after it, else anywhere.
fn cut(bytes: &[u8], from: usize, overlap: usize) -> usize {
    let latest = (bytes.len() - overlap.min((bytes.len() - from) / 2)).max(from + 1);
    let earliest = from + (latest - from) / 2;
    match memrchr(b'\n', &bytes[earliest..latest]) {
        Some(i) => earliest + i + 1,
        None => char_boundary(bytes, latest).max(from + 1),
    }
}

impl Reader for Text {
    fn kind(&self) -> &'static str {
        "text"
    }

    fn next_batch(&mut self, batch: &mut Batch) -> Result<bool> {
        batch.clear();
        batch.fields.clear();
        batch.places = PlaceKind::Bytes;
        batch.offset = self.offset;
        batch.first_row = 0;
        batch.first_line = self.line;
        batch.bytes.append(&mut self.carry);
        let overlap = self.limits.overlap;
        self.feed.fill(&mut batch.bytes, self.context + self.limits.batch_bytes.max(2) + overlap);
        if batch.bytes.len() == self.context {
            // Only what was already given is left.
            batch.bytes.clear();
            self.context = 0;
            return self.feed.end();
        }
        let bytes = &batch.bytes;
        let core_end = if self.feed.over() { bytes.len() } else { cut(bytes, self.context, overlap) };
        batch.core = self.context..core_end;
        let keep = if self.feed.over() { core_end } else { char_boundary(bytes, core_end.saturating_sub(overlap)) };
        self.carry.extend_from_slice(&bytes[keep..]);
        self.context = core_end - keep;
        self.offset += keep as u64;
        self.line += memchr_iter(b'\n', &bytes[..keep]).count() as u64;
        Ok(true)
    }

    fn take_issues(&mut self) -> Vec<Issue> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::MemoryInput;
    use proptest::prelude::*;

    fn check(data: &[u8], chunk: usize, limits: &Limits) {
        let input = PeekInput::new(Box::new(MemoryInput::with_chunk(data.to_vec(), chunk)));
        let mut r = Text::new(input, limits);
        let mut b = Batch::default();
        let mut at = 0;
        while r.next_batch(&mut b).unwrap() {
            let o = b.offset as usize;
            assert_eq!(&b.bytes[..], &data[o..o + b.bytes.len()], "the bytes are the member's");
            assert_eq!(o + b.core.start, at, "cores follow one another");
            assert!(b.core.start < b.core.end && b.core.end <= b.bytes.len());
            assert_eq!(b.first_line, 1 + data[..o].iter().filter(|b| **b == b'\n').count() as u64);
            assert!(b.bytes.len() <= limits.batch_bytes.max(2) + 2 * limits.overlap + 8);
            let (before, after) = (b.core.start, b.bytes.len() - b.core.end);
            assert!(o == 0 || before + 3 >= limits.overlap.min(o + before), "context before: {before}");
            assert!(o + b.bytes.len() == data.len() || after >= limits.overlap.min(limits.batch_bytes / 4), "context after: {after}");
            at += b.core.len();
        }
        assert_eq!(at, data.len(), "every byte is in one core");
        assert!(!r.next_batch(&mut b).unwrap());
    }

    proptest! {
        #[test]
        fn cores_cover_every_byte_once(
            data in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'a'), Just(0xc3), Just(0xa9), any::<u8>()], 0..600),
            chunk in 1usize..64, batch_bytes in 1usize..100, overlap in 0usize..40,
        ) {
            check(&data, chunk, &Limits { batch_bytes, overlap, ..Limits::default() });
        }
    }

    #[test]
    fn windows_end_behind_newlines_where_they_can() {
        let text = "0123456789\n".repeat(100);
        let limits = Limits { batch_bytes: 100, overlap: 10, ..Limits::default() };
        let mut r = Text::new(PeekInput::new(Box::new(MemoryInput::new(text.into_bytes()))), &limits);
        let mut b = Batch::default();
        while r.next_batch(&mut b).unwrap() {
            assert_eq!(b.bytes[b.core.end - 1], b'\n');
        }
    }
}
