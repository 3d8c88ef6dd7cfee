//! Bytes to bitmaps: 64 bytes become one word for each byte or class that is asked for. Bit `i` of word `n` speaks of
//! byte `64 n + i`.
//!
//! This is the only module with `unsafe` in it. Each function has two forms: AVX2, chosen at run time, and a portable
//! one that handles eight bytes at a time in a `u64`; a test holds them to a third, naive one. The vectors given are
//! made as long as they have to be and overwritten: reused from call to call they are neither allocated nor zeroed.

/// Bytes that one word of a bitmap stands for.
pub const BLOCK: usize = 64;

/// For each needle a bitmap of where it stands: bit `i` of `out[n][k]` says that byte `64 n + i` is `needles[k]`.
/// Bits behind the last byte are 0.
pub fn eq_masks<const N: usize>(bytes: &[u8], needles: [u8; N], out: &mut Vec<[u64; N]>) {
    out.resize(bytes.len().div_ceil(BLOCK), [0; N]);
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        return unsafe { avx2::eq_masks(bytes, needles, out) };
    }
    portable::eq_masks(bytes, needles, out);
}

/// One bitmap of where any of the needles stands. Bits behind the last byte are 0.
pub fn any_mask<const N: usize>(bytes: &[u8], needles: [u8; N], out: &mut Vec<u64>) {
    out.resize(bytes.len().div_ceil(BLOCK), 0);
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        return unsafe { avx2::any_mask(bytes, needles, out) };
    }
    portable::any_mask(bytes, needles, out);
}

/// Bitmaps of classes of bytes: byte `b` is of class `k` if bit `k` of `lo[b & 15] & hi[b >> 4]` is set. Bit `i` of
/// `out[n][k]` says that byte `64 n + i` is of class `k`, for the first `N` (at most 8) classes. Bits behind the last byte
/// are 0, whatever the tables say of a byte 0.
pub fn class_masks<const N: usize>(bytes: &[u8], lo: &[u8; 16], hi: &[u8; 16], out: &mut Vec<[u64; N]>) {
    const { assert!(N <= 8, "a byte has 8 class bits") };
    out.resize(bytes.len().div_ceil(BLOCK), [0; N]);
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        return unsafe { avx2::class_masks(bytes, lo, hi, out) };
    }
    portable::class_masks(bytes, lo, hi, out);
}

/// Like [`class_masks`], with a set of classes for each bitmap: bit `i` of `out[n][k]` says that byte `64 n + i` is of
/// one of the classes whose bits are set in `groups[k]`.
pub fn group_masks<const N: usize>(bytes: &[u8], lo: &[u8; 16], hi: &[u8; 16], groups: [u8; N], out: &mut Vec<[u64; N]>) {
    out.resize(bytes.len().div_ceil(BLOCK), [0; N]);
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        return unsafe { avx2::group_masks(bytes, lo, hi, groups, out) };
    }
    portable::group_masks(bytes, lo, hi, groups, out);
}

/// Tables for [`class_masks`]. Class `k` holds the bytes whose high half is one of `classes[k].0` and whose low half is
/// one of `classes[k].1` (16-bit sets: bit `h` for the half `h`). For example digits: `(1 << 3, 0x03ff)`.
pub const fn class_tables(classes: &[(u16, u16)]) -> ([u8; 16], [u8; 16]) {
    assert!(classes.len() <= 8, "a byte has 8 class bits");
    let (mut lo, mut hi) = ([0; 16], [0; 16]);
    let mut k = 0;
    while k < classes.len() {
        let mut half = 0;
        while half < 16 {
            hi[half] |= ((classes[k].0 >> half & 1) as u8) << k;
            lo[half] |= ((classes[k].1 >> half & 1) as u8) << k;
            half += 1;
        }
        k += 1;
    }
    (lo, hi)
}

/// Bit `i` of the result: whether an odd number of the bits `0..=i` is set. Of quotes it makes what lies between them,
/// with the opening quote and without the closing one.
#[inline]
pub const fn prefix_xor(mut bits: u64) -> u64 {
    bits ^= bits << 1;
    bits ^= bits << 2;
    bits ^= bits << 4;
    bits ^= bits << 8;
    bits ^= bits << 16;
    bits ^ (bits << 32)
}

/// The whole blocks, and the rest filled up with zeros, with the bits of it that count.
fn split(bytes: &[u8]) -> (&[[u8; BLOCK]], Option<([u8; BLOCK], u64)>) {
    let (blocks, rest) = bytes.as_chunks::<BLOCK>();
    let tail = (!rest.is_empty()).then(|| {
        let mut tail = [0; BLOCK];
        tail[..rest.len()].copy_from_slice(rest);
        (tail, (1 << rest.len()) - 1)
    });
    (blocks, tail)
}

/// The same loop for all of them: a function of one block, over all blocks and the tail.
macro_rules! each_block {
    ($bytes:expr, $out:expr, |$block:ident| $masks:expr) => {{
        let (blocks, tail) = split($bytes);
        for ($block, out) in blocks.iter().zip($out.iter_mut()) {
            *out = $masks;
        }
        if let Some((block, keep)) = tail
            && let Some(out) = $out.last_mut()
        {
            let $block = &block;
            *out = $masks;
            out.iter_mut().for_each(|m| *m &= keep);
        }
    }};
}

/// Lets a single word be masked like an array of words.
trait Words {
    fn iter_mut(&mut self) -> std::slice::IterMut<'_, u64>;
}

impl Words for u64 {
    fn iter_mut(&mut self) -> std::slice::IterMut<'_, u64> {
        std::slice::from_mut(self).iter_mut()
    }
}

// PERF: loops, no closures: the standard library's `map` is compiled without AVX2, and what it calls is then not inlined
// (measured: 400 MB/s for 15,000).
#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::*;

    use super::{BLOCK, Words, split};

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
}

mod portable {
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
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that look like anything: xorshift, with runs of the bytes that are searched for.
    fn bytes(seed: u64, len: usize) -> Vec<u8> {
        let mut s = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut next = || {
            s ^= s << 13;
            s ^= s >> 7;
            s ^= s << 17;
            s
        };
        (0..len).map(|_| if next() % 3 == 0 { b"\",\n\\\0\xff\x80"[(next() % 7) as usize] } else { (next() >> 32) as u8 }).collect()
    }

    /// The definition: one byte at a time.
    fn naive<const N: usize>(bytes: &[u8], is: impl Fn(usize, u8) -> bool) -> Vec<[u64; N]> {
        let mut out = vec![[0; N]; bytes.len().div_ceil(BLOCK)];
        for (i, b) in bytes.iter().enumerate() {
            (0..N).filter(|k| is(*k, *b)).for_each(|k| out[i / BLOCK][k] |= 1 << (i % BLOCK));
        }
        out
    }

    const NEEDLES: [u8; 7] = *b"\",\n\\\0\xff\x80";
    /// Digits, letters, blanks, what is above ASCII, and a class that holds byte 0.
    const CLASSES: &[(u16, u16)] =
        &[(1 << 3, 0x3ff), (0b1010_0000, 0x7ff), (0b0101_0000, 0xfffe), (1, 0x2600), (0xff00, 0xffff), (1, 1), (4, 4), (0x8001, 0x8001)];

    /// All lengths of tails, at all alignments, in vectors that held something else before.
    #[test]
    fn the_fast_the_portable_and_the_naive_form_agree() {
        let (lo, hi) = class_tables(CLASSES);
        let of = |b: u8| lo[usize::from(b & 15)] & hi[usize::from(b >> 4)];
        let groups = [3, 0x80, 0xff, 0x14, 0];
        let (mut eq, mut any, mut class, mut group) = (vec![[7; 7]; 3], vec![7; 9], vec![[7; 8]; 1], Vec::new());
        for seed in 0..300usize {
            let all = bytes(seed as u64, seed + 200);
            let data = &all[seed % 67..];
            let data = &data[..data.len() - seed % 71];
            eq_masks(data, NEEDLES, &mut eq);
            let want = naive::<7>(data, |k, b| b == NEEDLES[k]);
            assert_eq!(eq, want);
            portable::eq_masks(data, NEEDLES, &mut eq);
            assert_eq!(eq, want);

            any_mask(data, NEEDLES, &mut any);
            let want: Vec<u64> = want.iter().map(|m| m.iter().fold(0, |a, b| a | b)).collect();
            assert_eq!(any, want);
            portable::any_mask(data, NEEDLES, &mut any);
            assert_eq!(any, want);

            class_masks(data, &lo, &hi, &mut class);
            let want = naive::<8>(data, |k, b| of(b) >> k & 1 == 1);
            assert_eq!(class, want);
            portable::class_masks(data, &lo, &hi, &mut class);
            assert_eq!(class, want);

            group_masks(data, &lo, &hi, groups, &mut group);
            let want = naive::<5>(data, |k, b| of(b) & groups[k] != 0);
            assert_eq!(group, want);
            portable::group_masks(data, &lo, &hi, groups, &mut group);
            assert_eq!(group, want);
        }
    }

    #[test]
    fn every_byte_is_of_its_classes() {
        let all: Vec<u8> = (0..=255).collect();
        let (lo, hi) = class_tables(&[(1 << 3, 0x3ff), (1 << 4 | 1 << 6, 0xfffe), (1 << 5 | 1 << 7, 0x07ff)]);
        let mut masks = Vec::new();
        class_masks::<3>(&all, &lo, &hi, &mut masks);
        for b in all {
            let bit = |k: usize| masks[usize::from(b) / 64][k] >> (b % 64) & 1 == 1;
            assert_eq!(bit(0), b.is_ascii_digit(), "{b}");
            assert_eq!(bit(1) || bit(2), b.is_ascii_alphabetic(), "{b}");
        }
    }

    #[test]
    fn borders_become_regions() {
        // bits, what lies between them
        let cases: &[(u64, u64)] = &[
            (0, 0),
            (0b10010, 0b01110),
            (0b1111, 0b0101),
            (1, !0),
            (1 << 63, 1 << 63),
            (1 | 1 << 63, !0 >> 1),
            (0b110 << 40, 0b010 << 40),
        ];
        for (bits, want) in cases {
            assert_eq!(prefix_xor(*bits), *want, "{bits:#b}");
        }
    }
}
