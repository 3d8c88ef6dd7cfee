use super::*;

/// Everything in an archive and in the archives in it: paths and bytes, and what could not be read.
pub(in crate::container) fn all(
    data: &[u8],
    limits: &Limits,
    depth: u32,
    found: &mut Vec<(String, Vec<u8>)>,
    lost: &mut Vec<(String, Reason)>,
) {
    walk(Box::new(MemoryInput::with_chunk(data.to_vec(), 700)), "", limits, depth, found, lost);
}

fn walk(
    input: Box<dyn Input>,
    path: &str,
    limits: &Limits,
    depth: u32,
    found: &mut Vec<(String, Vec<u8>)>,
    lost: &mut Vec<(String, Reason)>,
) {
    let o = match open(input, depth, limits) {
        Ok(o) => o,
        Err(e) => return lost.push((path.to_owned(), e.reason)),
    };
    let depth = depth + o.layers.len() as u32;
    let mut archive = match o.content {
        Content::Plain(mut input) => {
            let mut bytes = Vec::new();
            loop {
                match input.next_chunk() {
                    Ok(c) if c.is_empty() => break,
                    Ok(c) => bytes.extend_from_slice(&c),
                    Err(e) => {
                        lost.push((path.to_owned(), e.reason));
                        break;
                    }
                }
            }
            return found.push((path.to_owned(), bytes));
        }
        Content::Archive(a) => a,
        Content::Document(_, a) => {
            found.push((format!("{path}[whole]"), Vec::new()));
            a
        }
    };
    loop {
        match archive.next_member() {
            Ok(Some(m)) => {
                let m = Member { name: if m.cells_are_read { m.name + "[beside]" } else { m.name }, ..m };
                let path = if path.is_empty() { m.name } else { format!("{path}/{}", m.name) };
                match m.content {
                    Ok(c) => walk(c, &path, limits, depth, found, lost),
                    Err(e) => lost.push((path, e.reason)),
                }
            }
            Ok(None) => return,
            Err(e) => return lost.push((path.to_owned(), e.reason)),
        }
    }
}

pub(super) fn crc(data: &[u8]) -> u32 {
    let mut c = flate2::Crc::new();
    c.update(data);
    c.sum()
}

pub(super) fn deflated(data: &[u8]) -> Vec<u8> {
    let mut e = flate2::write::DeflateEncoder::new(Vec::new(), Compression::new(6));
    e.write_all(data).unwrap();
    e.finish().unwrap()
}

/// A zip archive of names, methods (8 + 1000: sizes behind the data) and contents.
pub(in crate::container) fn zip(members: &[(&str, u16, &[u8])]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, method, data) in members {
        let (streamed, method) = (*method >= 1000, method % 1000);
        let packed = match method {
            0 => data.to_vec(),
            8 => deflated(data),
            12 => bz2(data),
            93 => zst(data),
            95 => xz(data),
            _ => b"unknown".to_vec(),
        };
        let flags: u16 = if streamed { 8 } else { 0 } | if method == 99 { 1 } else { 0 };
        let sizes = [crc(data), packed.len() as u32, data.len() as u32].map(u32::to_le_bytes).concat();
        let at = out.len() as u32;
        let head = |sizes: &[u8]| [&20u16.to_le_bytes()[..], &flags.to_le_bytes(), &method.to_le_bytes(), &[0; 4], sizes].concat();
        let names = [(name.len() as u16).to_le_bytes(), [0, 0]].concat();
        out.extend([b"PK\x03\x04", &head(if streamed { &[0; 12] } else { &sizes })[..], &names, name.as_bytes(), &packed].concat());
        if streamed {
            out.extend([b"PK\x07\x08", &sizes[..]].concat());
        }
        directory.extend([b"PK\x01\x02\x14\0", &head(&sizes)[..], &names, &[0; 10], &at.to_le_bytes(), name.as_bytes()].concat());
    }
    let n = (members.len() as u16).to_le_bytes();
    let end = [(directory.len() as u32).to_le_bytes(), (out.len() as u32).to_le_bytes()].concat();
    [&out[..], &directory, b"PK\x05\x06\0\0\0\0", &n, &n, &end, &[0, 0]].concat()
}

pub(super) fn header(name: &str, kind: u8, size: usize, sum: bool) -> Vec<u8> {
    let mut h = vec![0u8; 512];
    h[..name.len()].copy_from_slice(name.as_bytes());
    h[100..107].copy_from_slice(b"0000644");
    h[124..135].copy_from_slice(format!("{size:011o}").as_bytes());
    h[148..156].fill(b' ');
    h[156] = kind;
    h[257..263].copy_from_slice(b"ustar\0");
    let total: u32 = h.iter().map(|b| u32::from(*b)).sum();
    h[148..155].copy_from_slice(format!("{:06o}\0", total + u32::from(!sum)).as_bytes());
    h
}

pub(super) fn block(kind: u8, name: &str, data: &[u8]) -> Vec<u8> {
    [header(name, kind, data.len(), true), data.to_vec(), vec![0; data.len().wrapping_neg() % 512]].concat()
}

/// A tar archive.
pub(super) fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out: Vec<u8> = members.iter().flat_map(|(n, d)| block(b'0', n, d)).collect();
    out.extend([0; 1024]);
    out
}

pub(super) fn read(data: &[u8], limits: &Limits) -> (Vec<(String, Vec<u8>)>, Vec<(String, Reason)>) {
    let (mut found, mut lost) = (Vec::new(), Vec::new());
    all(data, limits, 0, &mut found, &mut lost);
    (found, lost)
}

pub(super) fn own(found: &[(&str, &[u8])]) -> Vec<(String, Vec<u8>)> {
    found.iter().map(|(n, d)| ((*n).to_owned(), d.to_vec())).collect()
}

#[test]
fn members_come_with_their_paths() {
    let s = sample();
    let long = "d/".repeat(80) + "x.csv";
    let inner = zip(&[("deep/a.csv", 8, &s), ("b.txt", 0, b"stored"), ("deep/", 0, b"")]);
    let pax = [block(b'x', "h", format!("{} path={long}\n", long.len() + 10).as_bytes()), block(b'0', "short", b"p")].concat();
    let cases: Vec<(&str, Vec<u8>, Vec<(String, Vec<u8>)>)> = vec![
        ("zip", inner.clone(), own(&[("deep/a.csv", &s), ("b.txt", b"stored")])),
        ("methods", zip(&[("a", 12, &s), ("b", 93, &s), ("c", 95, &s)]), own(&[("a", &s), ("b", &s), ("c", &s)])),
        ("streamed", zip(&[("a", 1008, &s), ("b", 0, b"x")]), own(&[("a", &s), ("b", b"x")])),
        ("empty", zip(&[]), vec![]),
        ("tar", tar(&[("a.csv", &s), ("./e", b""), ("b", b"x")]), own(&[("a.csv", &s), ("e", b""), ("b", b"x")])),
        ("tar.gz", gz(&tar(&[("a.csv", &s)])), own(&[("a.csv", &s)])),
        ("no end", tar(&[("a.csv", &s)])[..512 + s.len().next_multiple_of(512)].to_vec(), own(&[("a.csv", &s)])),
        ("pax", pax, vec![(long.clone(), b"p".to_vec())]),
        ("gnu", [block(b'L', "@", long.as_bytes()), block(b'0', "short", b"g")].concat(), vec![(long, b"g".to_vec())]),
        ("links", [block(b'5', "d/", b""), header("l", b'2', 0, true), block(b'0', "f", b"1")].concat(), own(&[("f", b"1")])),
        (
            "zip in tar in gzip",
            gz(&tar(&[("in/z.zip", &inner), ("c.csv.gz", &gz(b"c"))])),
            own(&[("in/z.zip/deep/a.csv", &s), ("in/z.zip/b.txt", b"stored"), ("c.csv.gz", b"c")]),
        ),
        (
            "sheet",
            zip(&[
                ("xl/workbook.xml", 0, br#"<sheet r:id="1"/>"#),
                ("xl/_rels/workbook.xml.rels", 0, br#"<Relationship Id="1" Target="worksheets/sheet1.xml"/>"#),
                ("xl/worksheets/sheet1.xml", 0, b"s"),
                ("xl/worksheets/sheet2.xml", 0, b"nobody's"),
                ("xl/sharedStrings.xml", 0, b"t"),
                ("xl/theme/theme1.xml", 0, b"colours"),
                ("xl/theme/notes.csv", 0, b"n"),
            ]),
            own(&[
                ("[whole]", b""),
                ("xl/workbook.xml", br#"<sheet r:id="1"/>"#),
                ("xl/_rels/workbook.xml.rels", br#"<Relationship Id="1" Target="worksheets/sheet1.xml"/>"#),
                ("xl/worksheets/sheet1.xml[beside]", b"s"),
                ("xl/worksheets/sheet2.xml", b"nobody's"),
                ("xl/theme/notes.csv", b"n"),
            ]),
        ),
        // Pictures are passed over in office documents alone.
        (
            "document",
            zip(&[("mimetype", 0, b"application/epub+zip"), ("p", 0, b"GIF89a..")]),
            own(&[("mimetype", b"application/epub+zip")]),
        ),
        ("no document", zip(&[("mimetype", 0, b"data set"), ("p", 0, b"GIF89a..")]), own(&[("mimetype", b"data set"), ("p", b"GIF89a..")])),
    ];
    for (name, data, want) in cases {
        assert_eq!(read(&data, &Limits::default()), (want, vec![]), "{name}");
    }
}

#[test]
fn parts_of_a_workbook_that_nobody_reads_are_without_its_looks() {
    let data = zip(&[
        ("[Content_Types].xml", 0, b"<Types/>"),
        ("xl/workbook.bin", 0, b"book"),
        ("xl/theme/theme1.xml", 0, b"<a:latin typeface=\"Times New Roman\"/>"),
        ("xl/styles.xml", 0, b"<font/>"),
        ("docProps/core.xml", 0, b"<creator/>"),
    ]);
    let Content::Document(_, mut parts) = open(Box::new(MemoryInput::new(data)), 0, &Limits::default()).unwrap().content else {
        panic!("no document");
    };
    parts.give_all();
    let names = std::iter::from_fn(|| parts.next_member().unwrap()).map(|m| m.name);
    assert_eq!(names.collect::<Vec<_>>(), ["[Content_Types].xml", "docProps/core.xml"]);
}

#[test]
fn a_bad_member_costs_itself() {
    let s = sample();
    let good = zip(&[("a", 8, &s), ("b", 0, b"xyz"), ("c", 0, b"good")]);
    let mut flipped = good.clone();
    let at = memchr::memmem::find(&flipped, b"xyz").unwrap();
    flipped[at] = b'!';
    let (found, lost) = read(&flipped, &Limits::default());
    assert_eq!(found.len(), 3);
    assert_eq!(lost, [("b".to_owned(), Reason::Corrupt)]);

    let (found, lost) = read(&zip(&[("a", 99, b""), ("b", 77, b""), ("c", 0, b"x")]), &Limits::default());
    assert_eq!(found, own(&[("c", b"x")]));
    assert_eq!(lost, [("a".to_owned(), Reason::Encrypted), ("b".to_owned(), Reason::UnsupportedFormat)]);

    // Cut before its directory: what is there is found by its headers.
    let cut = &good[..good.len() - 60];
    let (found, lost) = read(cut, &Limits::default());
    assert_eq!(found, own(&[("a", &s), ("b", b"xyz"), ("c", b"good")]));
    assert_eq!(lost, [(String::new(), Reason::Truncated)]);

    let t = tar(&[("a", b"1"), ("b", &s)]);
    let (found, lost) = read(&t[..3000], &Limits::default());
    assert_eq!(found[0], ("a".to_owned(), b"1".to_vec()));
    assert!(s.starts_with(&found[1].1) && found[1].1.len() == 3000 - 1536);
    assert_eq!(lost, [("b".to_owned(), Reason::Truncated)]);
    let broken = [block(b'0', "a", b"1"), header("b", b'0', 3, false)].concat();
    assert_eq!(read(&broken, &Limits::default()).1, [(String::new(), Reason::Corrupt)]);
}

#[test]
fn methods_of_zip_that_few_write() {
    let data = |name: &str| std::fs::read(format!("{}/tests/data/zip/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let (zip_file, seven) = (data("methods.zip"), data("deflate64.7z"));
    let (found, lost) = read(&zip_file, &Limits::default());
    assert_eq!(lost, []);
    let names: Vec<&str> = found.iter().map(|f| f.0.as_str()).collect();
    assert_eq!(names, ["deflate64.csv", "lzma-unmarked.csv", "lzma.csv", "ppmd.csv", "xz.csv"]);
    assert!(found.iter().all(|f| f.1 == found[0].1 && f.1.len() == 72_858 && f.1.starts_with(b"id,name,email,ssn,phone\n0,")));
    assert_eq!(read(&seven, &Limits::default()), (vec![("deflate64.csv".to_owned(), found[0].1.clone())], vec![]));

    // The directory is lost.
    let (by_headers, lost) = read(&zip_file[..zip_file.len() - 22], &Limits::default());
    assert_eq!((by_headers, lost), (found.clone(), vec![(String::new(), Reason::Truncated)]));

    // Damage costs its own member.
    let limits = Limits::default();
    for at in (0..zip_file.len()).step_by(4999).chain(0..30) {
        for data in [zip_file[..at].to_vec(), [&zip_file[..at], &[zip_file[at] ^ 0x41], &zip_file[at + 1..]].concat()] {
            let (given, lost) = read(&data, &limits);
            assert!(given.len() + lost.len() > 0, "{at}");
            let whole = given.iter().filter(|g| found.contains(g)).count();
            assert!(at < 6 || whole >= 4 || data.len() < zip_file.len() || !lost.is_empty(), "{at}: {whole}, {lost:?}");
        }
    }

    // Guards hold for them as for others.
    let (_, lost) = read(&zip_file, &Limits { member_bytes: Some(10_000), ..Limits::default() });
    assert!(lost.len() == 5 && lost.iter().all(|l| l.1 == Reason::ExpansionLimit), "{lost:?}");
    let mut greedy = zip_file.clone();
    let at = memchr::memmem::find(&greedy, b"lzma.csv").unwrap() + 8;
    assert_eq!(greedy[at + 2..at + 4], [5, 0], "the properties of LZMA");
    greedy[at + 5..at + 9].fill(0xff);
    assert_eq!(read(&greedy, &limits).1, [("lzma.csv".to_owned(), Reason::MemoryLimit)]);
}

/// Members that were written behind a pipe, without a directory: the lengths stand behind the data, with a mark or without, and
/// with 4 or 8 bytes.
#[test]
fn lengths_behind_the_data_count() {
    let text: Vec<u8> = (0..2000).flat_map(|n| format!("{n},jane{}@x.com\n", n * 7919 % 1000).into_bytes()).collect();
    let mut e = ppmd_rust::Ppmd8Encoder::new(Vec::new(), 6, 1 << 20, ppmd_rust::RestoreMethod::Restart).unwrap();
    e.write_all(&text).unwrap();
    // Without a mark of its end: what follows would be decoded as text.
    let ppmd = [vec![5, 0], e.finish(false).unwrap()].concat();
    let deflated = deflated(&text);
    for (method, packed) in [(98u16, &ppmd), (8, &deflated), (0, &text)] {
        for (mark, wide) in [(true, false), (true, true), (false, false), (false, true)] {
            let member = |name: &str, sum: u32| {
                let head = [&b"PK\x03\x04\x14\0\x08\0"[..], &method.to_le_bytes(), &[0; 16], &[1, 0, 0, 0], name.as_bytes()].concat();
                let length = |n: usize| (n as u64).to_le_bytes()[..if wide { 8 } else { 4 }].to_vec();
                let tail = [if mark { b"PK\x07\x08".to_vec() } else { vec![] }, sum.to_le_bytes().to_vec()].concat();
                [head, packed.clone(), tail, length(packed.len()), length(text.len())].concat()
            };
            let (good, bad) = (crc(&text), crc(&text) ^ 1);
            let data = [member("a", good), member("b", bad), member("c", good)].concat();
            let (found, lost) = read(&data, &Limits::default());
            assert_eq!(found, own(&[("a", &text), ("b", &text), ("c", &text)]), "{method} {mark} {wide}");
            assert_eq!(lost, [("b".to_owned(), Reason::Corrupt), (String::new(), Reason::Truncated)], "{method} {mark} {wide}");
        }
    }
    // Cut within the data: no length is known, and the member is not taken for a whole one.
    let head = [&b"PK\x03\x04\x14\0\x08\0\x62\0"[..], &[0; 16], &[1, 0, 0, 0], b"a"].concat();
    let (found, lost) = read(&[&head[..], &ppmd[..ppmd.len() / 2]].concat(), &Limits::default());
    assert!(text.starts_with(&found[0].1) && found[0].1.len() > ppmd.len() / 2);
    assert_eq!(lost, [("a".to_owned(), Reason::Truncated), (String::new(), Reason::Truncated)]);
}

#[test]
fn methods_of_zip_that_nobody_writes_are_called_by_their_names() {
    let Content::Archive(mut a) =
        open(Box::new(MemoryInput::new(zip(&[("a", 6, b""), ("b", 96, b""), ("c", 77, b"")]))), 0, &Limits::default()).unwrap().content
    else {
        panic!()
    };
    let mut why = || a.next_member().unwrap().unwrap().content.err().unwrap().detail;
    assert_eq!(why(), "zip compression method 6 (Implode, of 1989)");
    assert_eq!(why(), "zip compression method 96 (JPEG: a picture)");
    assert_eq!(why(), "zip compression method 77");
}

#[test]
fn archives_have_limits() {
    let many = zip(&[("a", 0, b"1"), ("b", 0, b"2"), ("c", 0, b"3")]);
    let (found, lost) = read(&many, &Limits { members: 2, ..Limits::default() });
    assert_eq!((found.len(), lost), (2, vec![(String::new(), Reason::ExpansionLimit)]));
    // Each layer may be innocent; all of them together are not.
    let zeros = vec![b'a'; 4 << 20];
    let nested = zip(&[("a", 8, &zip(&[("x", 8, &zeros), ("y", 8, &zeros)])), ("b", 8, &zip(&[("x", 8, &zeros)]))]);
    let limits = Limits { total_after: 5 << 20, ratio: 100, ..Limits::default() }.for_object(nested.len() as u64);
    let (_, lost) = read(&nested, &limits);
    assert!(lost.iter().any(|(_, r)| *r == Reason::ExpansionLimit), "{lost:?}");
    let mut deep = b"x".to_vec();
    for _ in 0..11 {
        deep = zip(&[("z", 0, &deep)]);
    }
    assert_eq!(read(&deep, &Limits::default()).1, [("z/".repeat(10).trim_end_matches('/').to_owned(), Reason::NestingLimit)]);
}
