//! Without special instructions: eight bytes in a word.

use super::{BLOCK, Words, split};

const ONES: u64 = 0x0101_0101_0101_0101;
const LOW7: u64 = 0x7f7f_7f7f_7f7f_7f7f;

/// Eight bytes of a block, the first one lowest.
fn word(block: &[u8; BLOCK], i: usize) -> u64 {
    u64::from_le_bytes(block.as_chunks::<8>().0[i])
}

/// 1 in each byte that is 0, else 0.
fn zeros(w: u64) -> u64 {
    !(((w & LOW7) + LOW7) | w | LOW7) >> 7
}

/// The lowest bits of eight bytes, side by side.
fn gather(bits: u64) -> u64 {
    bits.wrapping_mul(0x0102_0408_1020_4080) >> 56
}

/// The 8 class bits of eight bytes.
fn classes(block: &[u8; BLOCK], i: usize, lo: &[u8; 16], hi: &[u8; 16]) -> u64 {
    u64::from_le_bytes(block.as_chunks::<8>().0[i].map(|b| lo[usize::from(b & 15)] & hi[usize::from(b >> 4)]))
}

pub fn beginnings(bytes: &[u8], tables: &[([u8; 16], [u8; 16]); 3], out: &mut [u64]) {
    for (mask, at) in out.iter_mut().zip((0..).step_by(BLOCK)) {
        *mask = 0;
        for i in 0..BLOCK {
            let allowed = (0..3).fold(u8::MAX, |all, k| {
                let b = bytes[at + i + k];
                all & tables[k].0[usize::from(b & 15)] & tables[k].1[usize::from(b >> 4)]
            });
            *mask |= u64::from(allowed != 0) << i;
        }
    }
}

pub fn translate(bytes: &[u8], table: &[u8; 256], out: &mut [u8]) {
    out.iter_mut().zip(bytes).for_each(|(o, b)| *o = table[usize::from(*b)]);
}

pub fn eq_masks<const N: usize>(bytes: &[u8], needles: [u8; N], out: &mut [[u64; N]]) {
    each_block!(bytes, out, |block| needles
        .map(|n| (0..8).fold(0, |m, i| { m | gather(zeros(word(block, i) ^ (u64::from(n) * ONES))) << (8 * i) })));
}

pub fn any_mask<const N: usize>(bytes: &[u8], needles: [u8; N], out: &mut [u64]) {
    each_block!(bytes, out, |block| (0..8).fold(0, |m, i| {
        let w = word(block, i);
        m | gather(needles.iter().fold(0, |any, n| any | zeros(w ^ (u64::from(*n) * ONES)))) << (8 * i)
    }));
}

pub fn class_masks<const N: usize>(bytes: &[u8], lo: &[u8; 16], hi: &[u8; 16], out: &mut [[u64; N]]) {
    each_block!(bytes, out, |block| {
        let mut masks = [0; N];
        for i in 0..8 {
            let c = classes(block, i, lo, hi);
            masks.iter_mut().enumerate().for_each(|(k, m)| *m |= gather(c >> k & ONES) << (8 * i));
        }
        masks
    });
}

pub fn group_masks<const N: usize>(bytes: &[u8], lo: &[u8; 16], hi: &[u8; 16], groups: [u8; N], out: &mut [[u64; N]]) {
    each_block!(bytes, out, |block| {
        let mut masks = [0; N];
        for i in 0..8 {
            let c = classes(block, i, lo, hi);
            let hits = groups.map(|g| zeros(c & (u64::from(g) * ONES)) ^ ONES);
            masks.iter_mut().zip(hits).for_each(|(m, h)| *m |= gather(h) << (8 * i));
        }
        masks
    });
}

/// Writes eight positions for each word and counts only those that are true: most words have no more, and no branch asks
/// for it.
// PERF: inlined, so that it is compiled again with the instructions of its caller.
#[inline(always)]
pub fn positions(words: &[u64], base: u32, out: &mut Vec<u32>) {
    let most = words.iter().map(|w| w.count_ones() as usize).sum::<usize>();
    out.resize(most + 8, 0);
    let (mut n, mut at) = (0, base);
    for &word in words {
        let mut bits = word;
        if let Some(first) = out.get_mut(n..n + 8) {
            for p in first {
                *p = at.wrapping_add(bits.trailing_zeros());
                bits &= bits.wrapping_sub(1);
            }
        }
        let all = n + word.count_ones() as usize;
        if bits != 0 {
            for p in &mut out[n + 8..all] {
                *p = at + bits.trailing_zeros();
                bits &= bits - 1;
            }
        }
        n = all;
        at = at.wrapping_add(BLOCK as u32);
    }
    out.truncate(most);
}
