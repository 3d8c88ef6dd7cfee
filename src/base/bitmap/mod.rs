//! Bytes to bitmaps: 64 bytes become one word for each byte or class that is asked for. Bit `i` of word `n` speaks of
//! byte `64 n + i`.
//!
//! Only this folder has `unsafe` in it. Each function has two forms: AVX2, chosen at run time, and a portable
//! one that handles eight bytes at a time in a `u64`; a test holds them to a third, naive one. The vectors given are
//! made as long as they have to be and overwritten: reused from call to call they are neither allocated nor zeroed.

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

#[cfg(target_arch = "x86_64")]
mod avx2;
mod portable;
#[cfg(test)]
mod tests;

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

/// Where one of several sets of three-byte beginnings may stand, in eight buckets. Bucket `k` allows byte `b` at position `i`
/// if bit `k` of `tables[i].0[b & 15] & tables[i].1[b >> 4]` is set. Bit `i` of `out[n]` says that one of the buckets allows
/// the bytes from `64 n + i` on. Before the end, where bytes are missing, all are allowed; bits behind the last byte are 0.
pub fn beginnings(bytes: &[u8], tables: &[([u8; 16], [u8; 16]); 3], out: &mut Vec<u64>) {
    out.resize(bytes.len().div_ceil(BLOCK), 0);
    // Whole blocks with two bytes behind them; what is left is copied into one that has room for them.
    let whole = bytes.len().saturating_sub(2) / BLOCK;
    let (head, rest) = out.split_at_mut(whole);
    beginnings_of(bytes, tables, head);
    for (n, mask) in rest.iter_mut().enumerate() {
        let from = (whole + n) * BLOCK;
        let left = &bytes[from..bytes.len().min(from + BLOCK + 2)];
        let mut block = [0; BLOCK + 2];
        block[..left.len()].copy_from_slice(left);
        beginnings_of(&block, tables, std::slice::from_mut(mask));
        let here = left.len().min(BLOCK);
        let sure = left.len().saturating_sub(2).min(here);
        let bits = |n: usize| if n == 64 { u64::MAX } else { (1 << n) - 1 };
        *mask = (*mask & bits(sure)) | (bits(here) & !bits(sure));
    }
}

/// The same for as many blocks as `out` has; two more bytes follow the last one.
fn beginnings_of(bytes: &[u8], tables: &[([u8; 16], [u8; 16]); 3], out: &mut [u64]) {
    assert!(out.is_empty() || bytes.len() >= out.len() * BLOCK + 2);
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        return unsafe { avx2::beginnings(bytes, tables, out) };
    }
    portable::beginnings(bytes, tables, out);
}

/// Each byte by a table: `out[i]` is `table[bytes[i]]`. All bytes from 128 on must have the same value there.
pub fn translate(bytes: &[u8], table: &[u8; 256], out: &mut Vec<u8>) {
    debug_assert!(table[128..].iter().all(|v| *v == table[128]), "bytes beyond ASCII are one");
    out.resize(bytes.len(), 0);
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        return unsafe { avx2::translate(bytes, table, out) };
    }
    portable::translate(bytes, table, out);
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

/// The positions of the bits that are set: `base + 64 n + i` for bit `i` of `words[n]`, in order.
pub fn positions(words: &[u64], base: u32, out: &mut Vec<u32>) {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("bmi1") && is_x86_feature_detected!("popcnt") {
        // SAFETY: the processor has AVX2, BMI1 and POPCNT.
        return unsafe { avx2::positions(words, base, out) };
    }
    portable::positions(words, base, out);
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

/// Lets a single word be masked like an array of words.
trait Words {
    fn iter_mut(&mut self) -> std::slice::IterMut<'_, u64>;
}

impl Words for u64 {
    fn iter_mut(&mut self) -> std::slice::IterMut<'_, u64> {
        std::slice::from_mut(self).iter_mut()
    }
}
