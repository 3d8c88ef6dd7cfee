//! Memory of ranges that was read and let go, for the next ones: new memory costs the system's time for every page of it.

use std::sync::Mutex;

use bytes::BytesMut;

/// Ranges whose memory is kept, in use or not: of the usual 8 MiB, 128 MiB stay at most.
const KEPT: usize = 16;
/// What is smaller or larger is not kept.
const SIZES: std::ops::RangeInclusive<usize> = 1 << 20..=8 << 20;

static SPARE: Mutex<Vec<BytesMut>> = Mutex::new(Vec::new());

/// An empty buffer with room for `bytes`.
pub(super) fn take(bytes: usize) -> BytesMut {
    if SIZES.contains(&bytes) {
        let mut spare = SPARE.lock().unwrap_or_else(|e| e.into_inner());
        // What somebody still holds cannot be had back.
        if let Some(at) = spare.iter_mut().position(|b| b.try_reclaim(bytes)) {
            return spare.swap_remove(at);
        }
    }
    BytesMut::with_capacity(bytes)
}

/// The other end of a buffer whose bytes were split off: its memory comes back when these are let go.
pub(super) fn keep(rest: BytesMut, bytes: usize) {
    if SIZES.contains(&bytes) {
        let mut spare = SPARE.lock().unwrap_or_else(|e| e.into_inner());
        if spare.len() >= KEPT {
            spare.remove(0);
        }
        spare.push(rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_used_again_once_nobody_holds_it() {
        // Others take buffers at the same time: a size of this test's own.
        let n = (1 << 20) + 4321;
        let fill = |byte: u8| {
            let mut b = take(n);
            assert!(b.is_empty() && b.capacity() >= n);
            b.resize(n, byte);
            let bytes = b.split().freeze();
            keep(b, n);
            bytes
        };
        let first = fill(1);
        let part = first.slice(7..9);
        let second = fill(2);
        drop(first);
        let third = fill(3);
        assert!(part == [1, 1][..] && second.iter().all(|b| *b == 2) && third.iter().all(|b| *b == 3));
        for _ in 0..100 {
            drop(fill(4));
        }
        assert!(part == [1, 1][..], "what is held stays as it is");
        assert!(SPARE.lock().unwrap().len() <= KEPT);
        assert_eq!(take(10).capacity(), 10);
    }
}
