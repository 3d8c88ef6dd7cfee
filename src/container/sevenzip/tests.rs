use sevenz_rust2::encoder_options::{Bzip2Options, DeflateOptions, DeltaOptions, Lzma2Options, LzmaOptions, PpmdOptions};
use sevenz_rust2::{ArchiveEntry, ArchiveWriter, EncoderConfiguration, EncoderMethod, SourceReader};

use super::super::tests::archives::{all, zip};
use super::*;

fn text(n: usize) -> Vec<u8> {
    (0..n).flat_map(|i| format!("{i},maren.holloway{}@example.com,457-55-{:04}\n", i % 97, i * 7 % 10_000).into_bytes()).collect()
}

/// An archive of files, each packed alone, or all together.
fn archive(methods: Vec<EncoderConfiguration>, together: bool, files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut w = ArchiveWriter::new(std::io::Cursor::new(Vec::new())).unwrap();
    w.set_content_methods(methods);
    if together {
        let entries = files.iter().map(|f| ArchiveEntry::new_file(f.0)).collect();
        let readers: Vec<SourceReader<&[u8]>> = files.iter().map(|f| (&f.1[..]).into()).collect();
        w.push_archive_entries(entries, readers).unwrap();
    } else {
        for (name, data) in files {
            w.push_archive_entry(ArchiveEntry::new_file(name), Some(&data[..])).unwrap();
        }
    }
    w.push_archive_entry::<&[u8]>(ArchiveEntry::new_directory("folder"), None).unwrap();
    w.push_archive_entry::<&[u8]>(ArchiveEntry::new_file("empty.txt"), None).unwrap();
    w.finish().unwrap().into_inner()
}

fn read(data: &[u8], limits: &Limits) -> (Vec<(String, Vec<u8>)>, Vec<(String, Reason)>) {
    let (mut found, mut lost) = (Vec::new(), Vec::new());
    all(data, limits, 0, &mut found, &mut lost);
    (found, lost)
}

fn files() -> Vec<(&'static str, Vec<u8>)> {
    vec![("a.csv", text(9_000)), ("folder/b.txt", b"maren.holloway@example.com".to_vec()), ("größe/c.bin", vec![0; 3_000])]
}

#[test]
fn every_method_gives_the_files_back() {
    let methods: Vec<(&str, Vec<EncoderConfiguration>)> = vec![
        ("copy", vec![EncoderMethod::COPY.into()]),
        ("lzma", vec![LzmaOptions::from_level(4).into()]),
        ("lzma2", vec![Lzma2Options::from_level(4).into()]),
        ("x86 before lzma2", vec![Lzma2Options::from_level(1).into(), EncoderMethod::BCJ_X86_FILTER.into()]),
        ("arm before lzma2", vec![Lzma2Options::from_level(1).into(), EncoderMethod::BCJ_ARM_FILTER.into()]),
        ("delta before lzma2", vec![Lzma2Options::from_level(1).into(), DeltaOptions::from_distance(4).into()]),
        ("bzip2", vec![Bzip2Options::from_level(3).into()]),
        ("deflate", vec![DeflateOptions::from_level(6).into()]),
        ("ppmd", vec![PpmdOptions::from_level(5).into()]),
    ];
    for (name, methods) in methods {
        for together in [false, true] {
            let data = archive(methods.clone(), together, &files());
            let (found, lost) = read(&data, &Limits::default());
            assert_eq!(lost, [], "{name}");
            let mut want: Vec<(String, Vec<u8>)> = files().into_iter().map(|(n, d)| (n.to_owned(), d)).collect();
            want.push(("empty.txt".to_owned(), Vec::new()));
            assert!(found == want, "{name}, {together}: {:?}", found.iter().map(|f| (&f.0, f.1.len())).collect::<Vec<_>>());
        }
    }
}

#[test]
fn a_file_that_nobody_reads_is_passed_over() {
    let data = archive(vec![Lzma2Options::from_level(1).into()], true, &files());
    let Content::Archive(mut a) = open(PeekInput::new(Box::new(MemoryInput::new(data))), &Limits::default()).unwrap() else { panic!() };
    let first = a.next_member().unwrap().unwrap();
    let mut second = a.next_member().unwrap().unwrap().content.unwrap();
    assert_eq!(&second.next_chunk().unwrap()[..], b"maren.holloway@example.com");
    assert!(first.content.unwrap().next_chunk().is_err(), "it has lost its turn, and says so");
}

#[test]
fn archives_lie_in_one_another() {
    let inner = archive(vec![Lzma2Options::from_level(1).into()], false, &files());
    let outer = zip(&[("in.7z", 8, &inner)]);
    let (found, lost) = read(&outer, &Limits::default());
    assert_eq!((found.len(), lost), (4, vec![]));
    assert!(found[0].0 == "in.7z/a.csv" && found[0].1 == text(9_000));
    let (found, lost) = read(&outer, &Limits { depth: 1, ..Limits::default() });
    assert_eq!((found.len(), lost), (0, vec![("in.7z".to_owned(), Reason::NestingLimit)]));
}

#[test]
fn bombs_and_crowds_are_stopped() {
    let bomb = archive(vec![Lzma2Options::from_level(1).into()], false, &[("zeros", vec![0; 40 << 20])]);
    let limits = Limits { ratio_after: 1 << 20, ..Limits::default() };
    let (_, lost) = read(&bomb, &limits);
    assert_eq!(lost, [("zeros".to_owned(), Reason::ExpansionLimit)]);
    let (found, lost) = read(&archive(vec![EncoderMethod::COPY.into()], false, &files()), &Limits { members: 2, ..Limits::default() });
    assert_eq!((found.len(), lost), (2, vec![(String::new(), Reason::ExpansionLimit)]));
}

/// What the archive says of its own directory, replaced.
fn with_directory(at: u64, size: u64) -> Vec<u8> {
    let mut data = archive(vec![EncoderMethod::COPY.into()], false, &files());
    data[12..20].copy_from_slice(&at.to_le_bytes());
    data[20..28].copy_from_slice(&size.to_le_bytes());
    data
}

#[test]
fn what_lies_has_a_reason_and_costs_no_memory() {
    let methods = |dictionary: u32| {
        let mut o = LzmaOptions::from_level(1);
        o.set_dictionary_size(dictionary);
        archive(vec![o.into()], false, &files()[1..2])
    };
    for (what, data, want) in [
        ("only magic", MAGIC.to_vec(), Reason::Truncated),
        ("far away", with_directory(1 << 40, 100), Reason::Truncated),
        ("at the end of numbers", with_directory(u64::MAX, 100), Reason::Corrupt),
        ("a huge one", with_directory(0, 1 << 50), Reason::MemoryLimit),
        ("data instead", with_directory(0, 1000), Reason::Corrupt),
        ("cut off", archive(vec![EncoderMethod::COPY.into()], false, &files())[..5000].to_vec(), Reason::Truncated),
    ] {
        let (found, lost) = read(&data, &Limits::default());
        assert_eq!((found.len(), lost), (0, vec![(String::new(), want)]), "{what}");
    }
    // A dictionary of 4 GiB: the properties stand in a directory that is not packed, where it is small.
    let mut data = methods(1 << 20);
    if let Some(at) = memchr::memmem::rfind(&data, &[0x23, 3, 1, 1, 5]) {
        data[at + 6..at + 10].fill(0xff);
        let (_, lost) = read(&data, &Limits::default());
        assert_eq!(lost.first().map(|l| l.1), Some(Reason::MemoryLimit));
    }
}

#[test]
fn damage_costs_its_folder_alone() {
    let data = archive(vec![Lzma2Options::from_level(1).into()], false, &files());
    let mut hurt = data.clone();
    hurt[32 + 5_000..32 + 5_010].fill(0x55);
    let (found, lost) = read(&hurt, &Limits::default());
    assert_eq!(lost, [("a.csv".to_owned(), Reason::Corrupt)]);
    assert_eq!(found.iter().map(|f| f.0.as_str()).collect::<Vec<_>>(), ["a.csv", "folder/b.txt", "größe/c.bin", "empty.txt"]);
    assert_eq!(found[0].1[..1_000], text(9_000)[..1_000], "what comes before the damage is given");
    // Any single byte: an answer, whatever it is.
    let small = archive(vec![PpmdOptions::from_level(1).into()], true, &files()[1..]);
    for at in 0..small.len() {
        let mut hurt = small.clone();
        hurt[at] ^= 0x41;
        let (found, lost) = read(&hurt, &Limits::default());
        assert!(found.len() + lost.len() > 0, "byte {at}");
    }
}
