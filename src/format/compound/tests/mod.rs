//! Office documents of before 2007, as a small writer in these tests and LibreOffice make them.

use std::io::{Cursor, Write};
use std::path::Path;

use super::*;
use crate::base::{Hint, MemoryInput, PlaceKind};

mod damage;
mod slides;
mod workbook;

struct Read {
    kind: &'static str,
    /// Field and text of every cell; of every batch where there are none.
    values: Vec<(String, String)>,
    /// Bytes of the file that every character of plain text was made of.
    places: Vec<(usize, u64, u64)>,
    parts: Vec<(String, Vec<u8>)>,
    issues: Vec<Reason>,
    records: u64,
}

fn read(data: &[u8]) -> Result<Read> {
    let limits = Limits { batch_bytes: 300, overlap: 20, ..Limits::default() };
    let input = PeekInput::new(Box::new(MemoryInput::new(data.to_vec())));
    let mut r = crate::format::open(input, "x", &Hint::default(), &limits)?;
    let mut out = Read { kind: r.kind(), values: Vec::new(), places: Vec::new(), parts: Vec::new(), issues: Vec::new(), records: 0 };
    let (mut b, mut text) = (Batch::default(), Vec::new());
    loop {
        while r.next_batch(&mut b)? {
            for c in &b.cells {
                out.values.push((b.fields[c.field as usize].clone(), String::from_utf8_lossy(b.value(c)).into_owned()));
            }
            if b.cells.is_empty() && b.places == PlaceKind::Bytes {
                for i in b.core.clone() {
                    let p = b.member_range(None, i as u32, i as u32 + 1);
                    out.places.push((text.len(), p.start, p.end));
                    text.push(b.bytes[i]);
                }
            }
            out.records += b.records;
            out.parts.extend(r.take_parts().into_iter().map(|p| (p.name, p.data.to_vec())));
            out.issues.extend(r.take_issues().into_iter().map(|i| i.reason));
        }
        out.issues.extend(r.take_issues().into_iter().map(|i| i.reason));
        match r.take_behind() {
            Some(behind) => r = behind,
            None => break,
        }
    }
    if !text.is_empty() {
        out.values.push((String::new(), String::from_utf8_lossy(&text).into_owned()));
    }
    Ok(out)
}

impl Read {
    fn text(&self) -> &str {
        self.values.last().map_or("", |v| &v.1)
    }

    fn of(&self, field: &str) -> Vec<&str> {
        self.values.iter().filter(|v| v.0 == field).map(|v| v.1.as_str()).collect()
    }

    /// The file's bytes of a piece of the text.
    fn place(&self, what: &str) -> (usize, usize) {
        let at = self.text().find(what).unwrap_or_else(|| panic!("{what} is not in {}", self.text()));
        (self.places[at].1 as usize, self.places[at + what.len() - 1].2 as usize)
    }
}

fn file(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/office").join(name)).unwrap()
}

fn utf16(t: &str) -> Vec<u8> {
    t.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// A compound file of these streams; storages are made for their paths.
fn compound(streams: &[(&str, &[u8])]) -> Vec<u8> {
    let mut c = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    for (name, data) in streams {
        c.create_storage_all(Path::new(name).parent().unwrap()).unwrap();
        c.create_stream(name).unwrap().write_all(data).unwrap();
    }
    c.flush().unwrap();
    c.into_inner().into_inner()
}

#[test]
fn a_word_document_is_read_in_the_order_of_its_stories() {
    let data = file("staff.doc");
    let r = read(&data).unwrap();
    assert_eq!((r.kind, &r.issues[..]), ("doc", &[][..]));
    let order = [
        "Maren Holloway, maren.holloway@example.com, social security number 219-09-9999.\n",
        "Zoë Müller — “the café” — wrote from zoe.mueller@example.com.",
        "Жанна Петрова is at zhanna.petrova@example.net, telephone 212-555-0187.",
        "Name\tEmail\t\nTomas Lind\ttomas.lind@example.org\t\n",
        "Write to the desk of the pier.\n",
        "HYPERLINK \"mailto:pier.desk@harborlight.example\"",
        "ulrich.mueller@example.org",
        "header.desk@harborlight.example",
        "ilse.berg@example.org",
    ];
    let at: Vec<usize> = order.iter().map(|o| r.text().find(o).unwrap_or_else(|| panic!("{o} is not in {}", r.text()))).collect();
    assert!(at.is_sorted(), "{at:?} in {}", r.text());
    assert!(r.text().contains("Odile Brandt"), "the author, who stands in another stream");
    for what in ["maren.holloway@example.com", "zhanna.petrova@example.net", "Жанна Петрова", "ulrich.mueller@example.org"] {
        let (start, end) = r.place(what);
        assert!(data[start..end] == utf16(what) || &data[start..end] == what.as_bytes(), "{what} at {start}..{end}");
    }
}

/// A Word document of pieces: text, whether of two bytes a character. They lie in the file in the opposite order.
fn pieces(all: &[(&str, bool)]) -> Vec<u8> {
    let (mut main, mut cps, mut pcds, mut cp) = (vec![0; 1024], vec![0u32], Vec::new(), 0);
    let mut places = Vec::new();
    for (text, wide) in all.iter().rev() {
        places.push(main.len() as u32);
        main.extend(if *wide { utf16(text) } else { encoding_rs::WINDOWS_1252.encode(text).0.into_owned() });
        main.resize(main.len().next_multiple_of(2), 0);
    }
    for ((text, wide), at) in all.iter().zip(places.iter().rev()) {
        cp += text.encode_utf16().count() as u32;
        cps.push(cp);
        let fc = if *wide { *at } else { (at * 2) | 0x4000_0000 };
        pcds.extend([&[0, 0][..], &fc.to_le_bytes(), &[0, 0]].concat());
    }
    let plc: Vec<u8> = cps.iter().flat_map(|c| c.to_le_bytes()).chain(pcds).collect();
    // A change of properties in front of the table.
    let clx = [&[1, 3, 0, 9, 9, 9, 2][..], &(plc.len() as u32).to_le_bytes(), &plc].concat();
    let mut set = |at: usize, bytes: &[u8]| main[at..at + bytes.len()].copy_from_slice(bytes);
    set(0, &[0xec, 0xa5, 0xc1, 0]);
    set(11, &[2]);
    set(32, &[14, 0]);
    set(62, &[22, 0]);
    set(152, &[93, 0]);
    set(418, &[0, 0, 0, 0]);
    set(422, &(clx.len() as u32).to_le_bytes());
    main.resize(main.len().max(5000), 0);
    compound(&[("/WordDocument", &main), ("/1Table", &clx)])
}

#[test]
fn pieces_of_both_kinds_come_in_their_order_with_their_places() {
    let field = "see \x13 HYPERLINK \"mailto:a@example.com\" \x14the desk\x15 now\r";
    let data =
        pieces(&[("First caf\u{e9}, \u{2019}tis ", false), ("second Жанна 🐞 ", true), (field, false), ("one\x07two\x07\x07end", true)]);
    let r = read(&data).unwrap();
    let want = "First café, ’tis second Жанна 🐞 see the desk now\n HYPERLINK \"mailto:a@example.com\" \none\ttwo\t\nend\n";
    assert!(r.text().starts_with(want), "{:?}", r.text());
    assert!(r.issues.is_empty());
    let (start, end) = r.place("Жанна 🐞");
    assert_eq!(data[start..end], utf16("Жанна 🐞"));
    let (start, end) = r.place("a@example.com");
    assert_eq!(&data[start..end], b"a@example.com");
    // Over the border of two pieces that lie the other way round the first stands for all.
    let (start, end) = (r.places[r.text().find("tis").unwrap()].1, r.places[r.text().find("second").unwrap()].2);
    assert!(start > end, "pieces lie in the opposite order");
}

#[test]
fn broken_and_encrypted_documents_say_so_and_keep_what_can_be_read() {
    let good = pieces(&[("write to maren@example.com today", false)]);
    let find = |what: &[u8]| memmem::find(&good, what).unwrap();
    let fib = find(&[0xec, 0xa5, 0xc1, 0]);
    // No table of pieces; no header at all: runs of characters.
    for (at, with) in [(fib + 422, 0), (fib, 0)] {
        let mut bad = good.clone();
        bad[at] = with;
        let r = read(&bad).unwrap();
        assert_eq!((r.kind, &r.issues[..]), ("doc", &[Reason::Corrupt][..]));
        assert!(r.text().contains("write to maren@example.com today"), "{:?}", r.text());
    }
    // A piece beyond the end.
    let pcd = find(&(0x4000_0000u32 | 2048).to_le_bytes());
    let mut bad = good.clone();
    bad[pcd + 2] = 0xff;
    let r = read(&bad).unwrap();
    assert_eq!(r.issues, [Reason::Truncated]);
    assert!(r.text().contains("maren@example.com"));
    // Pieces that take the same bytes a thousand times.
    let many: Vec<(&str, bool)> = vec![("maren@example.com ", false); 2000];
    let mut bomb = pieces(&many);
    for i in 0..bomb.len() - 4 {
        let word = u32::from_le_bytes(bomb[i..i + 4].try_into().unwrap());
        if word & 0xff00_0000 == 0x4000_0000 && bomb[i - 2..i] == [0, 0] && bomb[i + 4..i + 6] == [0, 0] {
            bomb[i..i + 4].copy_from_slice(&0x4000_0000u32.to_le_bytes());
        }
    }
    let r = read(&bomb).unwrap();
    assert!(r.text().len() < 4 * bomb.len(), "{} of {}", r.text().len(), bomb.len());
    // A password.
    let mut sealed = good.clone();
    sealed[fib + 11] |= 1;
    let r = read(&sealed).unwrap();
    assert_eq!((r.kind, &r.issues[..]), ("doc", &[Reason::Encrypted][..]));
    assert!(!r.text().contains("maren"));
    // No directory.
    let r = read(&[&good[..512], &[0xfd; 3000], &b"maren@example.com and more"[..]].concat()).unwrap();
    assert_eq!((r.kind, &r.issues[..]), ("compound", &[Reason::Corrupt][..]));
    assert!(r.text().contains("maren@example.com and more"));
    // Something else.
    let r = read(&compound(&[("/Contents", &b"of maren@example.com".repeat(300))])).unwrap();
    assert_eq!((r.kind, &r.issues[..]), ("compound", &[Reason::UnsupportedFormat][..]));
    assert!(r.text().contains("of maren@example.com"));
    // A workbook that is none.
    let r = read(&compound(&[("/Workbook", &b"of maren@example.com".repeat(300))])).unwrap();
    assert!(r.text().contains("of maren@example.com") && r.issues.len() == 1, "{:?}", r.issues);
}

#[test]
fn objects_in_a_document_are_members() {
    let doc = pieces(&[("text", false)]);
    let mut c = cfb::CompoundFile::open(Cursor::new(doc)).unwrap();
    c.create_storage_all("/ObjectPool/_1").unwrap();
    c.create_stream("/ObjectPool/_1/Contents").unwrap().write_all(&b"of maren@example.com".repeat(10)).unwrap();
    c.flush().unwrap();
    let r = read(&c.into_inner().into_inner()).unwrap();
    assert!(!r.text().contains("maren"), "it is read there");
    assert_eq!((r.parts.len(), r.parts[0].0.as_str(), &r.issues[..]), (1, "object-1", &[][..]));
    let inner = read(&r.parts[0].1).unwrap();
    assert!(inner.text().contains("of maren@example.com"));
}

#[test]
fn files_packed_into_objects_are_members() {
    let inner = b"a,b\n1,maren@example.com\n";
    let text = |t: &str| [t.as_bytes(), b"\0"].concat();
    let path = text("C:\\tmp\\list.csv");
    let body = [&[2, 0][..], &text("list.csv"), &path, &[0, 0, 3, 0], &(path.len() as u32).to_le_bytes(), &path].concat();
    let body = [body, (inner.len() as u32).to_le_bytes().to_vec(), inner.to_vec()].concat();
    let native = [(body.len() as u32).to_le_bytes().to_vec(), body].concat();
    let r = read(&compound(&[("/\u{1}Ole10Native", &native), ("/\u{3}EPRINT", b"picture")])).unwrap();
    assert_eq!((r.kind, &r.parts[..], &r.issues[..]), ("compound", &[("list.csv".to_owned(), inner.to_vec())][..], &[][..]));
    for cut in 0..native.len() {
        let r = read(&compound(&[("/\u{1}Ole10Native", &native[..cut])])).unwrap();
        assert!(r.parts.is_empty() && (cut == 0 || r.issues == [Reason::UnsupportedFormat]), "{cut}: {:?}", r.issues);
    }
    let r = read(&compound(&[("/Package", b"PK\x03\x04 and so on")])).unwrap();
    assert_eq!(r.parts, [("object-1".to_owned(), b"PK\x03\x04 and so on".to_vec())]);
    // Nothing else in it, and macros.
    assert!(read(&compound(&[("/\u{1}CompObj", b"mark")])).unwrap().issues.is_empty());
    assert!(read(&compound(&[("/VBA/_VBA_PROJECT", b"mark"), ("/VBA/dir", b"mark")])).unwrap().issues.is_empty());
}

/// Properties beside the streams: tag, value.
fn numbers(header: usize, all: &[(u32, u64)]) -> Vec<u8> {
    let one = |(tag, value): &(u32, u64)| [&tag.to_le_bytes()[..], &[6, 0, 0, 0], &value.to_le_bytes()].concat();
    [vec![0; header], all.iter().flat_map(one).collect()].concat()
}

fn message() -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<(String, Vec<u8>)> = vec![("/__properties_version1.0".into(), numbers(32, &[(0x3ffd_0003, 1251)]))];
    let mut wide = |path: &str, text: &str| all.push((path.to_owned(), utf16(text)));
    wide("/__substg1.0_0037001F", "Greetings to olga@example.com");
    wide("/__substg1.0_0070001F", "Greetings to olga@example.com");
    wide("/__substg1.0_0042001F", "Maren Holloway");
    wide("/__substg1.0_0065001F", "/O=HARBORLIGHT/CN=MAREN");
    wide("/__substg1.0_5D02001F", "maren@example.com");
    wide("/__substg1.0_0C1A001F", "Maren Holloway");
    wide("/__substg1.0_0C1F001F", "maren@example.com");
    wide("/__substg1.0_8005001F", "a property of its own");
    for (i, (name, address)) in [("Tomas", "tomas@example.org"), ("Ilse", "ilse@example.org")].iter().enumerate() {
        wide(&format!("/__recip_version1.0_#0000000{i}/__substg1.0_3001001F"), name);
        wide(&format!("/__recip_version1.0_#0000000{i}/__substg1.0_39FE001F"), address);
    }
    wide("/__attach_version1.0_#00000000/__substg1.0_3707001F", "list.csv");
    wide("/__attach_version1.0_#00000001/__substg1.0_3001001F", "inner");
    wide("/__attach_version1.0_#00000001/__substg1.0_3701000D/__substg1.0_0037001F", "A message in it");
    for (i, kind) in [(0, 1), (1, 2)] {
        all.push((format!("/__recip_version1.0_#0000000{i}/__properties_version1.0"), numbers(8, &[(0x0c15_0003, kind)])));
    }
    all.push(("/__substg1.0_1000001E".into(), encoding_rs::WINDOWS_1251.encode("Привет, pavel@example.net").0.into_owned()));
    all.push(("/__substg1.0_10130102".into(), b"<html><body>hello <b>dave@example.com</b></body></html>".to_vec()));
    all.push(("/__substg1.0_300B0102".into(), b"\0\x01SMTP:SEARCH@EXAMPLE.COM\0".to_vec()));
    all.push(("/__attach_version1.0_#00000000/__substg1.0_37010102".into(), b"id,name\n1,Tomas\n".to_vec()));
    all.push(("/__attach_version1.0_#00000001/__substg1.0_3701000D/__properties_version1.0".into(), numbers(24, &[])));
    all
}

fn written(all: &[(String, Vec<u8>)]) -> Vec<u8> {
    compound(&all.iter().map(|(n, d)| (n.as_str(), &d[..])).collect::<Vec<_>>())
}

#[test]
fn a_message_is_a_record_as_a_mail_is() {
    let r = read(&written(&message())).unwrap();
    assert_eq!((r.kind, r.records, &r.issues[..]), ("msg", 1, &[][..]));
    assert_eq!(r.of("subject"), ["Greetings to olga@example.com"]);
    assert_eq!(r.of("topic"), Vec::<&str>::new(), "the same text");
    assert_eq!((r.of("from.name"), r.of("from.address")), (vec!["Maren Holloway"], vec!["/O=HARBORLIGHT/CN=MAREN", "maren@example.com"]));
    assert_eq!((r.of("to.name"), r.of("to.address")), (vec!["Tomas"], vec!["tomas@example.org"]));
    assert_eq!(r.of("cc.address"), ["ilse@example.org"]);
    assert_eq!(r.of("body"), ["Привет, pavel@example.net"]);
    assert_eq!(r.of("property.8005"), ["a property of its own"]);
    assert_eq!(r.of("property.300b"), ["SMTP:SEARCH@EXAMPLE.COM"]);
    let parts: Vec<&str> = r.parts.iter().map(|p| p.0.as_str()).collect();
    assert_eq!(parts, ["body.html", "list.csv", "inner.msg"]);
    assert_eq!(r.parts[1].1, b"id,name\n1,Tomas\n");
    let inner = read(&r.parts[2].1).unwrap();
    assert_eq!((inner.kind, inner.of("subject")), ("msg", vec!["A message in it"]));
}

#[test]
fn a_body_of_rich_text_alone_is_expanded() {
    let mut all = message();
    all.retain(|(n, _)| !n.contains("_1000001E") && !n.contains("_10130102"));
    let rtf = b"{\\rtf1\\ansi Write to \\b dave@example.com\\b0 .}";
    let head = |kind: &[u8; 4], sum: u32| {
        [&(rtf.len() as u32 + 12).to_le_bytes()[..], &(rtf.len() as u32).to_le_bytes(), kind, &sum.to_le_bytes()].concat()
    };
    all.push(("/__substg1.0_10090102".into(), [&head(b"MELA", 0)[..], rtf].concat()));
    let r = read(&written(&all)).unwrap();
    assert_eq!(r.parts[0], ("body.rtf".to_owned(), rtf.to_vec()));
    assert!(read(&r.parts[0].1).unwrap().text().starts_with("Write to dave@example.com"));
    all.last_mut().unwrap().1[8] = b'x';
    let r = read(&written(&all)).unwrap();
    assert_eq!(r.issues, [Reason::Corrupt]);
}

#[test]
fn what_was_deleted_from_a_message_is_read_too() {
    let mut data = written(&message());
    let free = [b"left behind: deleted@example.com".to_vec(), vec![0; 480]].concat();
    data.extend(free);
    let r = read(&data).unwrap();
    assert_eq!(r.of("remains").concat().matches("deleted@example.com").count(), 1);
    // A contact is one person.
    let mut all = message();
    all.push(("/__substg1.0_001A001F".into(), utf16("IPM.Contact")));
    all.push(("/__substg1.0_3A1C001F".into(), utf16("+1 212 555 0187")));
    assert_eq!(read(&written(&all)).unwrap().of("mobile-phone"), ["+1 212 555 0187"]);
}

#[test]
fn damaged_documents_end() {
    for good in [file("staff.doc"), file("slides.ppt"), written(&message())] {
        let mut random = crate::base::Random::new(5);
        for _ in 0..300 {
            let mut bad = good.clone();
            for _ in 0..1 + random.below(8) {
                let at = random.below(bad.len() as u64) as usize;
                bad[at] = random.number() as u8;
            }
            bad.truncate(bad.len() - if random.below(4) == 0 { random.below(bad.len() as u64) as usize } else { 0 });
            if let Ok(r) = read(&bad) {
                let made: usize = r.values.iter().map(|v| v.1.len()).sum();
                assert!(made < 12 * bad.len(), "{made} of {}", bad.len());
            }
        }
    }
}
