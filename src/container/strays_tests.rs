//! What lies behind an end and between members: it is given, and what cannot be given is told.

use super::archives::{block, deflated, header, own, read, tar, zip};
use super::*;

/// What is found and lost under the usual limits.
fn usual(data: &[u8]) -> (Vec<(String, Vec<u8>)>, Vec<(String, Reason)>) {
    read(data, &Limits::default())
}

const CORRUPT: &[(&str, Reason)] = &[("", Reason::Corrupt)];

fn told(lost: &[(&str, Reason)]) -> Vec<(String, Reason)> {
    lost.iter().map(|(n, r)| ((*n).to_owned(), *r)).collect()
}

#[test]
fn the_end_of_a_tar_is_where_nothing_follows() {
    let (one, two) = (tar(&[("a", b"1")]), tar(&[("b", b"2"), ("c", b"3")]));
    let all = own(&[("a", b"1"), ("b", b"2"), ("c", b"3")]);
    let zeros = |n: usize| vec![0u8; n];
    let bare = block(b'0', "a", b"1");
    let text = b"ssn 219-09-9999";
    for (name, data, found, lost) in [
        ("concatenated", [&one[..], &two].concat(), all.clone(), &[][..]),
        ("concatenated and packed", [gz(&one), gz(&two)].concat(), all.clone(), &[]),
        ("concatenated, then packed", gz(&[&one[..], &two].concat()), all.clone(), &[]),
        ("much padding between", [&one[..], &zeros(20 * 512), &two, &zeros(7 * 512)].concat(), all.clone(), &[]),
        ("padding that is no block", [&one[..], &zeros(300)].concat(), own(&[("a", b"1")]), &[]),
        ("no end", bare.clone(), own(&[("a", b"1")]), &[]),
        ("half an end", [&bare[..], &zeros(512)].concat(), own(&[("a", b"1")]), &[]),
        ("a lone block of zeros", [&bare[..], &zeros(512), &two].concat(), all.clone(), CORRUPT),
        ("text behind", [&one[..], text].concat(), own(&[("a", b"1"), (STRAY, text)]), CORRUPT),
        ("much text behind", [&one[..], &text.repeat(9000)].concat(), own(&[("a", b"1"), (STRAY, &text.repeat(9000))]), CORRUPT),
        ("a gzip behind", [&one[..], &gz(text)].concat(), own(&[("a", b"1"), (STRAY, text)]), CORRUPT),
        (
            "a damaged header",
            [&bare[..], &header("x", b'0', 0, false), &two].concat(),
            own(&[("a", b"1"), (STRAY, &header("x", b'0', 0, false)), ("b", b"2"), ("c", b"3")]),
            CORRUPT,
        ),
        ("a folder with content", [&block(b'0', "d/", b"in"), &two[..]].concat(), own(&[("d/", b"in"), ("b", b"2"), ("c", b"3")]), &[]),
        ("a device with content", [&block(b'3', "dev", b"in"), &two[..]].concat(), own(&[("dev", b"in"), ("b", b"2"), ("c", b"3")]), &[]),
        ("a link without content", [&header("l", b'1', 900, true), &two[..]].concat(), own(&[("b", b"2"), ("c", b"3")]), &[]),
        (
            "a link with content",
            [&block(b'1', "l", &[b'x'; 512]), &two[..]].concat(),
            own(&[(STRAY, &[b'x'; 512]), ("b", b"2"), ("c", b"3")]),
            CORRUPT,
        ),
        ("a header cut off", [&bare[..], b"name"].concat(), own(&[("a", b"1")]), &[("", Reason::Truncated)]),
    ] {
        assert_eq!(usual(&data), (found, told(lost)), "{name}");
    }
}

#[test]
fn what_breaks_behind_the_end_of_a_tar_is_given_up_to_there() {
    let data = [tar(&[("a", b"1")]), b"text".to_vec()].concat();
    let mut packed = gz(&data);
    let n = packed.len();
    packed[n - 6] ^= 1;
    assert_eq!(usual(&packed), (own(&[("a", b"1"), (STRAY, b"text")]), told(CORRUPT)), "the check sum of gzip is wrong");
    // Nobody reads the stray bytes: the members behind them come all the same.
    let data = [tar(&[("a", b"1")]), vec![b'x'; 200_000usize.next_multiple_of(512)], tar(&[("b", b"2")])].concat();
    let Content::Archive(mut a) = open(Box::new(MemoryInput::with_chunk(data, 999)), 0, &Limits::default()).unwrap().content else {
        panic!("no archive")
    };
    let names = std::iter::from_fn(|| a.next_member().ok().flatten()).map(|m| m.name);
    assert_eq!(names.collect::<Vec<_>>(), ["a", STRAY, "b"]);
    // Sizes that lie, and members without end.
    let mut huge = header("h", b'0', 0, true);
    huge[124..136].copy_from_slice(&[0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    huge[148..156].fill(b' ');
    let sum: u32 = huge.iter().map(|b| u32::from(*b)).sum();
    huge[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    assert_eq!(usual(&huge).1, told(&[("h", Reason::Truncated)]));
    let many = [&vec![b'x'; 512][..], &block(b'0', "e", b"")].concat().repeat(1000);
    let limits = Limits { members: 100, ..Limits::default() };
    let (found, lost) = read(&[tar(&[("a", b"1")]), many].concat(), &limits);
    assert_eq!((found.len(), lost), (100, told(&[("", Reason::ExpansionLimit)])));
}

/// Where a part stands.
fn place(data: &[u8], what: &[u8]) -> usize {
    memchr::memmem::find(data, what).unwrap()
}

/// The archive with comments of itself and of its first member.
fn commented(mut data: Vec<u8>, own: &[u8], member: &[u8]) -> Vec<u8> {
    let (central, end) = (place(&data, b"PK\x01\x02"), data.len() - 22);
    data[end + 20..].copy_from_slice(&(own.len() as u16).to_le_bytes());
    data.extend_from_slice(own);
    let size = u32::from_le_bytes(data[end + 12..end + 16].try_into().unwrap()) + member.len() as u32;
    data[end + 12..end + 16].copy_from_slice(&size.to_le_bytes());
    data[central + 32..central + 34].copy_from_slice(&(member.len() as u16).to_le_bytes());
    let behind = central + 46 + usize::from(data[central + 28]);
    data.splice(behind..behind, member.iter().copied());
    data
}

/// The archive without its first member's entry in the directory; the member itself stays.
fn unnamed(mut data: Vec<u8>) -> Vec<u8> {
    let (central, end) = (place(&data, b"PK\x01\x02"), data.len() - 22);
    let n = 46 + usize::from(data[central + 28]);
    let size = u32::from_le_bytes(data[end + 12..end + 16].try_into().unwrap()) - n as u32;
    data[end + 12..end + 16].copy_from_slice(&size.to_le_bytes());
    data.drain(central..central + n);
    data
}

#[test]
fn what_the_directory_of_a_zip_does_not_name_is_found_and_told() {
    let (one, two) = (zip(&[("a", 8, b"1"), ("s", 1008, b"streamed")]), zip(&[("b", 0, b"2"), ("c", 12, b"3")]));
    let both = own(&[("b", b"2"), ("c", b"3"), ("a", b"1"), ("s", b"streamed")]);
    let text = b"ssn 219-09-9999";
    let with = |piece: &[u8]| own(&[("b", b"2"), ("c", b"3"), (STRAY, piece)]);
    let central = place(&two, b"PK\x01\x02");
    let broken = {
        let mut data = two.clone();
        let second = central + 1 + place(&data[central + 1..], b"PK\x01\x02");
        data[second] = b'X';
        data
    };
    let cut = two[..central].to_vec();
    let shifted = |n: usize, by: &[u8]| {
        // Padding between the members and the directory: only the end knows of it.
        let mut data = [&two[..n], by, &two[n..]].concat();
        let end = data.len() - 22;
        data[end + 16..end + 20].copy_from_slice(&((central + by.len()) as u32).to_le_bytes());
        data
    };
    for (name, data, found, lost) in [
        ("concatenated", [&one[..], &two].concat(), both.clone(), CORRUPT),
        ("the second cut off", [&two[..], &one[..place(&one, b"PK\x01\x02") + 9]].concat(), both.clone(), CORRUPT),
        ("an empty one behind", [&two[..], &zip(&[])].concat(), own(&[("b", b"2"), ("c", b"3")]), CORRUPT),
        ("text behind", [&two[..], text].concat(), with(text), CORRUPT),
        ("zeros behind", [&two[..], &[0; 5000]].concat(), own(&[("b", b"2"), ("c", b"3")]), &[]),
        ("text behind zeros", [&two[..], &[0; 5000], text].concat(), with(text), CORRUPT),
        ("a gzip behind", [&two[..], &gz(text)].concat(), with(text), CORRUPT),
        // It looks like a zip archive itself, cut off in its first header.
        (
            "in front",
            [&b"PK\x03\x04\x14\0 not a header"[..], &two].concat(),
            own(&[("b", b"2"), ("c", b"3")]),
            &[(STRAY, Reason::Truncated), ("", Reason::Corrupt)],
        ),
        ("between members and directory", shifted(central, text), with(text), CORRUPT),
        ("zeros there", shifted(central, &[0; 4096]), own(&[("b", b"2"), ("c", b"3")]), &[]),
        ("an entry taken out", unnamed(two.clone()), own(&[("c", b"3"), ("b", b"2")]), CORRUPT),
        ("an entry broken", broken, own(&[("b", b"2"), ("c", b"3")]), CORRUPT),
        ("no directory, text behind", [&cut[..], text].concat(), with(text), &[("", Reason::Truncated)]),
        (
            "comments",
            commented(two.clone(), b"of all", b"of b"),
            own(&[("(comment)", b"of all"), ("b", b"2"), ("b (comment)", b"of b"), ("c", b"3")]),
            &[],
        ),
        (
            "comments of an archive in front",
            [commented(one.clone(), b"old", b""), two.clone()].concat(),
            [both.clone(), own(&[("(comment)", b"old")])].concat(),
            CORRUPT,
        ),
    ] {
        let (mut got, mut want) = (usual(&data), (found, told(lost)));
        if name.starts_with("an entry broken") {
            // Its remains are given as they are.
            got.0.retain(|f| f.0 != STRAY);
        }
        if name == "an entry taken out" || name == "comments of an archive in front" {
            got.0.sort();
            want.0.sort();
        }
        assert_eq!(got, want, "{name}");
    }
    // The lengths behind a member may have no mark, or be those of zip64.
    for lengths in [&[&crc(b"1")[..], &[1, 0, 0, 0, 1, 0, 0, 0]].concat(), &[b"PK\x07\x08", &crc(b"1")[..], &one8(), &one8()].concat()] {
        let mut data = zip(&[("a", 1000, b"1")]);
        let (from, to) = (place(&data, b"PK\x07\x08"), place(&data, b"PK\x01\x02"));
        data.splice(from..to, lengths.iter().copied());
        let end = data.len() - 22;
        data[end + 16..end + 20].copy_from_slice(&((from + lengths.len()) as u32).to_le_bytes());
        assert_eq!(usual(&data), (own(&[("a", b"1")]), vec![]));
    }
}

fn one8() -> [u8; 8] {
    1u64.to_le_bytes()
}

fn crc(data: &[u8]) -> [u8; 4] {
    super::archives::crc(data).to_le_bytes()
}

#[test]
fn what_follows_a_stream_within_its_member_is_told() {
    let packed = deflated(b"1");
    let mut data = zip(&[("a", 77, b"")]);
    // A method that nobody knows holds `unknown`: it becomes a stream of deflate with more behind it.
    let hidden = [&packed[..], b"hidden"].concat();
    let at = place(&data, b"unknown");
    data.splice(at..at + 7, hidden.iter().copied());
    let (n, central) = (hidden.len() as u32, place(&data, b"PK\x01\x02"));
    for head in [4, central + 6] {
        data[head + 4..head + 6].copy_from_slice(&[8, 0]);
        data[head + 10..head + 14].copy_from_slice(&crc(b"1"));
        data[head + 14..head + 22].copy_from_slice(&[n.to_le_bytes(), [1, 0, 0, 0]].concat());
    }
    assert_eq!(usual(&data), (own(&[("a", b"1")]), told(&[("a", Reason::Corrupt)])));
    let (s, zeros) = (lzma(b"text"), [0; 100]);
    assert_eq!(usual(&[&s[..], b"more"].concat()), (own(&[("", b"text")]), told(CORRUPT)));
    assert_eq!(usual(&[&s[..], &zeros].concat()), (own(&[("", b"text")]), vec![]));
    for (name, packed) in [("gzip", gz(b"text")), ("zstd", zst(b"text")), ("bzip2", bz2(b"text")), ("xz", xz(b"text"))] {
        assert_eq!(usual(&[&packed[..], b"more"].concat()).1.len(), 1, "{name}");
    }
    for (name, packed) in [("lz4", lz4(b"text", true)), ("snappy", sz(b"text")), ("hadoop", hadoop(&b"text".repeat(99)))] {
        assert_eq!(usual(&[&packed[..], b"more"].concat()).1.len(), 1, "{name}");
    }
}

#[test]
fn what_the_directory_of_a_7z_does_not_name_is_given_and_told() {
    let data = std::fs::read(format!("{}/tests/data/zip/deflate64.7z", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let (found, lost) = usual(&data);
    assert_eq!((found.len(), lost), (1, vec![]));
    let with = |name: &str, more: &[u8]| [&found[..], &own(&[(name, more)])].concat();
    assert_eq!(usual(&[&data[..], b"text behind"].concat()), (with(STRAY, b"text behind"), told(CORRUPT)));
    assert_eq!(usual(&[&data[..], &[0; 999]].concat()), (found.clone(), vec![]));
    let twice = [&found[..], &own(&[(&format!("{STRAY}/{}", found[0].0), &found[0].1)])].concat();
    assert_eq!(usual(&[&data[..], &data].concat()), (twice, told(CORRUPT)));
}

#[test]
fn hostile_zips_come_to_an_end() {
    let limits = Limits { members: 5000, ..Limits::default() };
    // Headers without end, with lengths that come behind them, and nothing behind.
    let streamed = [&b"PK\x03\x04\x14\0\x08\0\0\0"[..], &[0; 16], &[1, 0, 0, 0], b"x"].concat();
    let marks = b"PK\x03\x04PK\x01\x02PK\x05\x06PK\x06\x06PK\x06\x07PK\x07\x08".to_vec();
    for many in [streamed.repeat(200_000), marks.repeat(200_000), [&marks[..], b"x"].concat().repeat(100_000)] {
        let (found, lost) = read(&many, &limits);
        assert!(found.len() <= 5000 && !lost.is_empty());
        let (_, lost) = read(&[&many[..], &zip(&[("a", 0, b"1")])].concat(), &limits);
        assert!(!lost.is_empty());
    }
    // Lengths, places and sizes that lie: every number of every record is each of these once.
    let good = commented([zip(&[("a", 1008, b"1")]), zip(&[("b", 8, b"2")])].concat(), b"of all", b"");
    for at in 0..good.len() - 8 {
        for lie in [&[0xff; 1][..], &[0xff; 2], &[0xff; 4], &[0xff; 8], &[0; 4], &[1, 0, 0, 0x80]] {
            let mut data = good.clone();
            data[at..at + lie.len()].copy_from_slice(lie);
            let (found, lost) = usual(&data);
            assert!(!found.is_empty() || !lost.is_empty(), "{at}");
        }
    }
}

proptest::proptest! {
    /// Whatever is put together: what stands there in plain text is found somewhere, or something is told.
    #[test]
    fn nothing_is_lost_in_silence(kinds in proptest::collection::vec(0usize..7, 1..7), cuts in proptest::collection::vec(0usize..9000, 0..2)) {
        let mut data = tar(&[("first", b"<<0>>")]);
        if kinds[0] % 2 == 0 {
            data = zip(&[("first", 0, b"<<0>>")]);
        }
        for (i, kind) in kinds.iter().enumerate() {
            let text = format!("<<{}>>", i + 1).into_bytes();
            data.extend(match kind {
                0 | 1 => zip(&[("m", if *kind == 0 { 0 } else { 1008 }, &text)]),
                2 => tar(&[("m", &text)]),
                3 => block(b'0', "m", &text),
                4 => vec![0; 512 * (i + 1)],
                5 => text,
                _ => commented(zip(&[("m", 0, b"")]), &text, &text),
            });
        }
        for cut in cuts {
            let n = data.len();
            data.drain(cut % n..(cut % n + 7).min(n));
        }
        let (found, lost) = usual(&data);
        for i in 0..=kinds.len() {
            let what = format!("<<{i}>>").into_bytes();
            if memchr::memmem::find(&data, &what).is_some() && lost.is_empty() {
                let seen = found.iter().any(|f| memchr::memmem::find(&f.1, &what).is_some());
                proptest::prop_assert!(seen, "{} of {:?}", i, kinds);
            }
        }
    }
}
