//! With AVX2: 64 bytes in two registers.
//!
//! PERF: loops, no closures: the standard library's `map` is compiled without AVX2, and what it calls is then not inlined
//! (measured: 400 MB/s for 13,000).

use std::arch::x86_64::*;

use super::{BLOCK, Words, portable, split};

#[inline]
#[target_feature(enable = "avx2")]
fn load(block: &[u8; BLOCK]) -> (__m256i, __m256i) {
    let at = block.as_ptr().cast::<__m256i>();
    // SAFETY: both halves lie inside the 64 bytes, and these loads need no alignment.
    unsafe { (_mm256_loadu_si256(at), _mm256_loadu_si256(at.add(1))) }
}

/// The upper bits of 64 bytes.
#[inline]
#[target_feature(enable = "avx2")]
fn upper_bits(a: __m256i, b: __m256i) -> u64 {
    u64::from(_mm256_movemask_epi8(a) as u32) | (u64::from(_mm256_movemask_epi8(b) as u32) << 32)
}

/// The same byte everywhere.
#[inline]
#[target_feature(enable = "avx2")]
fn all<const N: usize>(bytes: [u8; N]) -> [__m256i; N] {
    let mut out = [_mm256_setzero_si256(); N];
    for (v, b) in out.iter_mut().zip(bytes) {
        *v = _mm256_set1_epi8(b as i8);
    }
    out
}

#[inline]
#[target_feature(enable = "avx2")]
fn table(t: &[u8; 16]) -> __m256i {
    let t = u128::from_le_bytes(*t);
    _mm256_broadcastsi128_si256(_mm_set_epi64x((t >> 64) as i64, t as i64))
}

/// Eight class bits for each of 32 bytes.
#[inline]
#[target_feature(enable = "avx2")]
fn classes(v: __m256i, lo: __m256i, hi: __m256i) -> __m256i {
    let half = _mm256_set1_epi8(15);
    let (low, high) = (_mm256_and_si256(v, half), _mm256_and_si256(_mm256_srli_epi16::<4>(v), half));
    _mm256_and_si256(_mm256_shuffle_epi8(lo, low), _mm256_shuffle_epi8(hi, high))
}

/// The 32 bytes from `at` on.
#[inline]
#[target_feature(enable = "avx2")]
fn load_at(bytes: &[u8], at: usize) -> __m256i {
    let half: &[u8; 32] = bytes[at..at + 32].try_into().expect("32 bytes are 32 bytes");
    // SAFETY: the load needs no alignment, and 32 bytes are there.
    unsafe { _mm256_loadu_si256(half.as_ptr().cast::<__m256i>()) }
}

#[target_feature(enable = "avx2")]
pub fn beginnings(bytes: &[u8], tables: &[([u8; 16], [u8; 16]); 3], out: &mut [u64]) {
    let tables = [
        (table(&tables[0].0), table(&tables[0].1)),
        (table(&tables[1].0), table(&tables[1].1)),
        (table(&tables[2].0), table(&tables[2].1)),
    ];
    let zero = _mm256_setzero_si256();
    for (n, mask) in out.iter_mut().enumerate() {
        let mut halves = [zero; 2];
        for (h, half) in halves.iter_mut().enumerate() {
            let mut all = _mm256_set1_epi8(-1);
            for (k, &(lo, hi)) in tables.iter().enumerate() {
                all = _mm256_and_si256(all, classes(load_at(bytes, n * BLOCK + 32 * h + k), lo, hi));
            }
            *half = all;
        }
        *mask = !upper_bits(_mm256_cmpeq_epi8(halves[0], zero), _mm256_cmpeq_epi8(halves[1], zero));
    }
}

#[target_feature(enable = "avx2")]
pub fn translate(bytes: &[u8], values: &[u8; 256], out: &mut [u8]) {
    let high = _mm256_set1_epi8(values[128] as i8);
    let (rows, _) = values[..128].as_chunks::<16>();
    let mut tables = [high; 8];
    for (t, row) in tables.iter_mut().zip(rows) {
        *t = table(row);
    }
    // What is in another row than that of the table gets its upper bit set, for which the shuffle gives 0.
    let others = _mm256_set1_epi8(0x70);
    let (blocks, tail) = bytes.as_chunks::<32>();
    let (outs, out_tail) = out.as_chunks_mut::<32>();
    for (block, out) in blocks.iter().zip(outs) {
        let v = load_at(block, 0);
        let mut all = _mm256_and_si256(high, _mm256_cmpgt_epi8(_mm256_setzero_si256(), v));
        for (n, t) in tables.iter().enumerate() {
            let here = _mm256_adds_epu8(_mm256_xor_si256(v, _mm256_set1_epi8((n << 4) as i8)), others);
            all = _mm256_or_si256(all, _mm256_shuffle_epi8(*t, here));
        }
        // SAFETY: the store needs no alignment, and 32 bytes are there.
        unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast::<__m256i>(), all) }
    }
    portable::translate(tail, values, out_tail);
}

#[target_feature(enable = "avx2")]
pub fn eq_masks<const N: usize>(bytes: &[u8], needles: [u8; N], out: &mut [[u64; N]]) {
    let needles = all(needles);
    each_block!(bytes, out, |block| {
        let (a, b) = load(block);
        let mut masks = [0; N];
        for (m, n) in masks.iter_mut().zip(needles) {
            *m = upper_bits(_mm256_cmpeq_epi8(a, n), _mm256_cmpeq_epi8(b, n));
        }
        masks
    });
}

#[target_feature(enable = "avx2")]
pub fn any_mask<const N: usize>(bytes: &[u8], needles: [u8; N], out: &mut [u64]) {
    let needles = all(needles);
    each_block!(bytes, out, |block| {
        let (a, b) = load(block);
        let (mut any_a, mut any_b) = (_mm256_setzero_si256(), _mm256_setzero_si256());
        for n in needles {
            any_a = _mm256_or_si256(any_a, _mm256_cmpeq_epi8(a, n));
            any_b = _mm256_or_si256(any_b, _mm256_cmpeq_epi8(b, n));
        }
        upper_bits(any_a, any_b)
    });
}

#[target_feature(enable = "avx2")]
pub fn class_masks<const N: usize>(bytes: &[u8], lo: &[u8; 16], hi: &[u8; 16], out: &mut [[u64; N]]) {
    let (lo, hi) = (table(lo), table(hi));
    each_block!(bytes, out, |block| {
        let (a, b) = load(block);
        let (a, b) = (classes(a, lo, hi), classes(b, lo, hi));
        let mut masks = [0; N];
        for (k, m) in masks.iter_mut().enumerate() {
            // Bit k becomes the upper bit of its byte. What comes over from the byte below stays under it.
            let shift = _mm_cvtsi32_si128(7 - k as i32);
            *m = upper_bits(_mm256_sll_epi16(a, shift), _mm256_sll_epi16(b, shift));
        }
        masks
    });
}

#[target_feature(enable = "avx2")]
pub fn group_masks<const N: usize>(bytes: &[u8], lo: &[u8; 16], hi: &[u8; 16], groups: [u8; N], out: &mut [[u64; N]]) {
    let (lo, hi) = (table(lo), table(hi));
    let groups = all(groups);
    let zero = _mm256_setzero_si256();
    each_block!(bytes, out, |block| {
        let (a, b) = load(block);
        let (a, b) = (classes(a, lo, hi), classes(b, lo, hi));
        let mut masks = [0; N];
        for (m, g) in masks.iter_mut().zip(groups) {
            let (a, b) = (_mm256_and_si256(a, g), _mm256_and_si256(b, g));
            *m = !upper_bits(_mm256_cmpeq_epi8(a, zero), _mm256_cmpeq_epi8(b, zero));
        }
        masks
    });
}

/// The portable form, compiled to the instructions for the lowest bit and the number of bits.
#[target_feature(enable = "avx2,bmi1,popcnt")]
pub fn positions(words: &[u64], base: u32, out: &mut Vec<u32>) {
    portable::positions(words, base, out);
}
