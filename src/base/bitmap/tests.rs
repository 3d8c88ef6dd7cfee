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
fn beginnings_are_found_in_all_forms() {
    let tables = [class_tables(CLASSES), class_tables(&CLASSES[2..]), class_tables(&CLASSES[1..])];
    let mut out = vec![9; 5];
    for len in 0..200 {
        let data = bytes(len as u64 + 7, len);
        beginnings(&data, &tables, &mut out);
        let allowed = |i: usize| {
            let one = |k: usize| data.get(i + k).map_or(u8::MAX, |b| tables[k].0[usize::from(b & 15)] & tables[k].1[usize::from(b >> 4)]);
            one(0) & one(1) & one(2)
        };
        let want = |n: usize| {
            let bit = |i: &usize| n * 64 + i + 2 >= len || allowed(n * 64 + i) != 0;
            (0..64).filter(|i| n * 64 + i < len).filter(bit).fold(0u64, |m, i| m | 1 << i)
        };
        let wanted: Vec<_> = (0..len.div_ceil(64)).map(want).collect();
        assert_eq!(out, wanted, "{len}");
        if len > 66 {
            let mut slow = vec![0; (len - 2) / 64];
            portable::beginnings(&data, &tables, &mut slow);
            assert_eq!(slow[..], out[..slow.len()]);
        }
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
    let cases: &[(u64, u64)] =
        &[(0, 0), (0b10010, 0b01110), (0b1111, 0b0101), (1, !0), (1 << 63, 1 << 63), (1 | 1 << 63, !0 >> 1), (0b110 << 40, 0b010 << 40)];
    for (bits, want) in cases {
        assert_eq!(prefix_xor(*bits), *want, "{bits:#b}");
    }
}

#[test]
fn positions_are_those_of_the_bits() {
    let mut out = vec![1; 100];
    for seed in 0..200u64 {
        let words: Vec<u64> = (0..seed % 5)
            .map(|i| [0, !0, 1 << 63, 0xff << 20, seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) << i][((seed + i) % 5) as usize])
            .collect();
        let want: Vec<u32> = (0..words.len() * 64).filter(|i| words[i / 64] >> (i % 64) & 1 == 1).map(|i| 1000 + i as u32).collect();
        positions(&words, 1000, &mut out);
        assert_eq!(out, want);
        portable::positions(&words, 1000, &mut out);
        assert_eq!(out, want);
    }
}

#[test]
fn bytes_are_translated_in_all_forms() {
    let table: [u8; 256] = std::array::from_fn(|b| if b < 128 { (b as u8).wrapping_mul(37) ^ 5 } else { 9 });
    let all: Vec<u8> = (0..=u8::MAX).chain(bytes(7, 4000)).collect();
    let mut out = vec![1; 9];
    for (from, len) in (0..40).flat_map(|from| [0, 1, 31, 32, 33, 64, 100 + from, 3000].map(|len| (from, len))) {
        let part = &all[from..from + len];
        let want: Vec<u8> = part.iter().map(|b| table[usize::from(*b)]).collect();
        translate(part, &table, &mut out);
        assert_eq!(out, want, "{from} {len}");
        let mut plain = vec![0; len];
        portable::translate(part, &table, &mut plain);
        assert_eq!(plain, want, "{from} {len}");
    }
}
