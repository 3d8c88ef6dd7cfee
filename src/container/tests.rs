#[path = "archives_tests.rs"]
pub(super) mod archives;
#[path = "strays_tests.rs"]
mod strays;

use std::io::Write;

use super::*;
use crate::base::MemoryInput;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

fn gz(data: &[u8]) -> Vec<u8> {
    let mut e = GzEncoder::new(Vec::new(), Compression::new(6));
    e.write_all(data).unwrap();
    e.finish().unwrap()
}

fn zst(data: &[u8]) -> Vec<u8> {
    ::zstd::encode_all(data, 1).unwrap()
}

fn bz2(data: &[u8]) -> Vec<u8> {
    let mut e = ::bzip2::write::BzEncoder::new(Vec::new(), ::bzip2::Compression::fast());
    e.write_all(data).unwrap();
    e.finish().unwrap()
}

fn xz(data: &[u8]) -> Vec<u8> {
    let mut e = liblzma::write::XzEncoder::new(Vec::new(), 1);
    e.write_all(data).unwrap();
    e.finish().unwrap()
}

fn lzma(data: &[u8]) -> Vec<u8> {
    let options = liblzma::stream::LzmaOptions::new_preset(1).unwrap();
    let stream = liblzma::stream::Stream::new_lzma_encoder(&options).unwrap();
    let mut e = liblzma::write::XzEncoder::new_stream(Vec::new(), stream);
    e.write_all(data).unwrap();
    e.finish().unwrap()
}

fn lz4(data: &[u8], linked: bool) -> Vec<u8> {
    use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};
    let mode = if linked { BlockMode::Linked } else { BlockMode::Independent };
    let info = FrameInfo::new().block_mode(mode).block_size(BlockSize::Max64KB).block_checksums(linked).content_checksum(true);
    let mut e = FrameEncoder::with_frame_info(info, Vec::new());
    e.write_all(data).unwrap();
    e.finish().unwrap()
}

fn sz(data: &[u8]) -> Vec<u8> {
    let mut e = snap::write::FrameEncoder::new(Vec::new());
    e.write_all(data).unwrap();
    e.into_inner().unwrap()
}

/// As Hadoop writes it: blocks of 256 KiB, each in chunks of 100,000 bytes.
fn hadoop(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for block in data.chunks(256 << 10) {
        out.extend_from_slice(&(block.len() as u32).to_be_bytes());
        for chunk in block.chunks(100_000) {
            let packed = snap::raw::Encoder::new().compress_vec(chunk).unwrap();
            out.extend_from_slice(&(packed.len() as u32).to_be_bytes());
            out.extend_from_slice(&packed);
        }
    }
    out
}

fn sample() -> Vec<u8> {
    (0..40_000u32).flat_map(|i| format!("line {} {}\n", i, i.wrapping_mul(2_654_435_761)).into_bytes()).collect()
}

/// Everything that can be read, and what ended it.
fn drain(data: Vec<u8>, chunk: usize, limits: &Limits) -> (Vec<u8>, Vec<&'static str>, Option<Reason>) {
    let mut o = match open(Box::new(MemoryInput::with_chunk(data, chunk)), 0, limits) {
        Ok(o) => o,
        Err(e) => return (Vec::new(), Vec::new(), Some(e.reason)),
    };
    let mut all = Vec::new();
    let Content::Plain(input) = &mut o.content else { panic!("an archive") };
    loop {
        match input.next_chunk() {
            Ok(c) if c.is_empty() => {
                assert!(input.next_chunk().unwrap().is_empty(), "the end stays");
                return (all, o.layers, None);
            }
            Ok(c) => all.extend_from_slice(&c),
            Err(e) => return (all, o.layers, Some(e.reason)),
        }
    }
}

#[test]
fn streams_are_unpacked_whatever_the_chunks() {
    let s = sample();
    let skippable = [&[0x52, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3][..], &zst(&s)].concat();
    let cases: Vec<(&str, Vec<u8>, Vec<u8>, Vec<&str>)> = vec![
        ("plain", s.clone(), s.clone(), vec![]),
        ("empty", vec![], vec![], vec![]),
        ("gzip", gz(&s), s.clone(), vec!["gzip"]),
        ("gzip of nothing", gz(b""), vec![], vec!["gzip"]),
        ("members", [gz(&s), gz(b""), gz(b"tail")].concat(), [&s[..], b"tail"].concat(), vec!["gzip"]),
        ("zero padding", [gz(&s), vec![0; 1000]].concat(), s.clone(), vec!["gzip"]),
        ("zstd", zst(&s), s.clone(), vec!["zstd"]),
        ("frames", [zst(&s), zst(b""), zst(b"tail")].concat(), [&s[..], b"tail"].concat(), vec!["zstd"]),
        ("skippable", skippable, s.clone(), vec!["zstd"]),
        ("nested", gz(&zst(&gz(&s))), s.clone(), vec!["gzip", "zstd", "gzip"]),
        ("bzip2", bz2(&s), s.clone(), vec!["bzip2"]),
        ("bzip2 of nothing", bz2(b""), vec![], vec!["bzip2"]),
        ("streams", [bz2(&s), bz2(b"tail")].concat(), [&s[..], b"tail"].concat(), vec!["bzip2"]),
        ("xz", xz(&s), s.clone(), vec!["xz"]),
        ("xz streams", [xz(&s), xz(b"tail")].concat(), [&s[..], b"tail"].concat(), vec!["xz"]),
        ("lzma", lzma(&s), s.clone(), vec!["lzma"]),
        ("lz4", lz4(&s, true), s.clone(), vec!["lz4"]),
        ("lz4 frames", [lz4(&s, false), lz4(b"tail", true)].concat(), [&s[..], b"tail"].concat(), vec!["lz4"]),
        ("snappy", sz(&s), s.clone(), vec!["snappy"]),
        ("hadoop", hadoop(&s), s.clone(), vec!["hadoop-snappy"]),
    ];
    for (name, data, want, layers) in cases {
        for chunk in [1, 7, 4096, 1 << 20] {
            let (got, l, e) = drain(data.clone(), chunk, &Limits::default());
            assert!(got == want, "{name} in chunks of {chunk}: {} bytes instead of {}", got.len(), want.len());
            assert_eq!((l, e), (layers.clone(), None), "{name}");
        }
    }
}

#[test]
fn broken_streams_give_their_good_part_first() {
    let s = sample();
    let cut = |v: Vec<u8>| v[..v.len() / 2].to_vec();
    let flip = |mut v: Vec<u8>| {
        let n = v.len() - 6;
        v[n] ^= 0x55;
        v
    };
    let cases: Vec<(&str, Vec<u8>, Reason, usize)> = vec![
        ("gzip cut", cut(gz(&s)), Reason::Truncated, s.len() / 4),
        ("zstd cut", cut(zst(&s)), Reason::Truncated, s.len() / 4),
        ("gzip checksum", flip(gz(&s)), Reason::Corrupt, s.len()),
        ("garbage after gzip", [gz(&s), b"garbage".to_vec()].concat(), Reason::Corrupt, s.len()),
        ("garbage after padding", [gz(&s), b"\0\0\x1f\x8b".to_vec()].concat(), Reason::Corrupt, s.len()),
        ("garbage after zstd", [zst(&s), b"garbage".to_vec()].concat(), Reason::Corrupt, s.len()),
        ("gzip header cut", gz(&s)[..7].to_vec(), Reason::Truncated, 0),
        ("second member cut", [gz(&s), gz(&s)[..9].to_vec()].concat(), Reason::Truncated, s.len()),
        ("bzip2 cut", cut(bz2(&s)), Reason::Truncated, 0),
        ("xz cut", cut(xz(&s)), Reason::Truncated, s.len() / 4),
        ("lzma cut", cut(lzma(&s)), Reason::Truncated, s.len() / 4),
        ("lz4 cut", cut(lz4(&s, true)), Reason::Truncated, s.len() / 4),
        ("snappy cut", cut(sz(&s)), Reason::Truncated, s.len() / 4),
        ("hadoop cut", cut(hadoop(&s)), Reason::Truncated, s.len() / 4),
        ("garbage after bzip2", [bz2(&s), b"garbage".to_vec()].concat(), Reason::Corrupt, s.len()),
        ("window too large", vec![0x28, 0xb5, 0x2f, 0xfd, 0, 0xa8, 1, 0, 0], Reason::MemoryLimit, 0),
    ];
    for (name, data, reason, at_least) in cases {
        for chunk in [1, 1 << 20] {
            let (got, _, e) = drain(data.clone(), chunk, &Limits::default());
            assert_eq!(e, Some(reason), "{name}");
            assert!(got.len() >= at_least && s.starts_with(&got[..got.len().min(s.len())]), "{name}: {} bytes", got.len());
        }
    }
}

#[test]
fn bombs_are_stopped() {
    let zeros = vec![0u8; 64 << 20];
    for bomb in [gz(&zeros), zst(&zeros), bz2(&zeros), xz(&zeros)] {
        let limits = Limits { ratio: 500, ..Limits::default() };
        let (got, _, e) = drain(bomb.clone(), 4096, &limits);
        assert_eq!(e, Some(Reason::ExpansionLimit));
        assert!(got.len() < 18 << 20, "stopped after {} bytes", got.len());
        let limits = Limits { member_bytes: Some(1 << 20), ..Limits::default() };
        let (got, _, e) = drain(bomb, 4096, &limits);
        assert_eq!(e, Some(Reason::ExpansionLimit));
        assert!(got.len() <= 1 << 20);
    }
}

/// An input that goes on for ever with the same gzip member: what a self-reproducing archive looks like from inside.
struct Endless(Bytes);

impl Input for Endless {
    fn next_chunk(&mut self) -> Result<Bytes> {
        Ok(self.0.clone())
    }
}

#[test]
fn nothing_follows_a_limit() {
    // Cut off in the same piece in which it grows too much (where a decoder gives anything of it): one thing is told, then the end.
    let data = vec![0; 50_000];
    for (packed, want) in [(gz(&data), Some(Reason::ExpansionLimit)), (bz2(&data), None), (zst(&data), None), (xz(&data), None)] {
        let limits = Limits { member_bytes: Some(1_000), ..Limits::default() };
        let cut = packed[..packed.len() - 3].to_vec();
        let Content::Plain(mut input) = open(Box::new(MemoryInput::with_chunk(cut, 1000)), 0, &limits).unwrap().content else { panic!() };
        let mut told = Vec::new();
        for _ in 0..4 {
            match input.next_chunk() {
                Ok(c) if c.is_empty() => {}
                Ok(c) => assert!(c.len() <= 1_000),
                Err(e) => told.push(e.reason),
            }
        }
        assert!(told.len() == 1 && want.is_none_or(|w| told[0] == w), "{told:?}");
    }
}

#[test]
fn endless_and_deep_nesting_is_stopped() {
    let mut deep = b"x".to_vec();
    for _ in 0..11 {
        deep = gz(&deep);
    }
    assert_eq!(drain(deep.clone(), 64, &Limits::default()).2, Some(Reason::NestingLimit));
    assert_eq!(drain(deep.clone(), 64, &Limits { depth: 11, ..Limits::default() }).0, b"x");
    let e = open(Box::new(Endless(deep.into())), 0, &Limits::default());
    assert_eq!(e.err().map(|e| e.reason), Some(Reason::NestingLimit));
}

#[test]
fn random_access_is_kept_where_nothing_was_compressed() {
    let plain = |data: Vec<u8>| match open(Box::new(MemoryInput::new(data)), 0, &Limits::default()).unwrap().content {
        Content::Plain(input) => input,
        _ => panic!("an archive"),
    };
    assert_eq!(&plain(b"plain".to_vec()).random_access().unwrap().read_at(1, 3).unwrap()[..], b"lai");
    assert!(plain(gz(b"plain")).random_access().is_none());
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_a_decoder_panic(mut data: Vec<u8>, flips in proptest::collection::vec((0usize..4000, 0u8..=255), 0..6), kind in 0usize..10) {
        data = [&data[..], &sample()[..3000]].concat();
        data = match kind {
            0 => zst(&data),
            1 => gz(&data),
            2 => bz2(&data),
            3 => xz(&data),
            4 => lzma(&data),
            5 => lz4(&data, true),
            6 => sz(&data),
            7 => hadoop(&data),
            8 => archives::zip(&[("a/b.csv", 8, &data), ("c", 0, b"x")]),
            _ => archives::tar(&[("a/b.csv", &data), ("c", b"x")]),
        };
        for (at, x) in flips {
            let n = data.len();
            data[at % n] ^= x;
        }
        archives::all(&data, &Limits::default(), 0, &mut Vec::new(), &mut Vec::new());
    }
}
