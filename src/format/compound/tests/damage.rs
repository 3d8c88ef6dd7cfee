//! Damage to office documents of before 2007: what ends early or contradicts itself says so.

use super::slides::record;
use super::*;

/// Where the entry of this name stands in the directory.
fn entry(data: &[u8], name: &str) -> usize {
    memmem::find_iter(data, &utf16(name)).find(|at| at.is_multiple_of(128)).unwrap()
}

fn set(data: &mut [u8], at: usize, with: u32) {
    data[at..at + 4].copy_from_slice(&with.to_le_bytes());
}

#[test]
fn pieces_without_text_are_none() {
    let r = read(&pieces(&[("one ", false), ("", true), ("", false), ("two", true)])).unwrap();
    assert!(r.text().starts_with("one two\n") && r.issues.is_empty(), "{:?}", r.text());
}

#[test]
fn a_table_of_pieces_that_is_cut_is_not_read() {
    let mut data = pieces(&[("of maren@example.com", false)]);
    let at = memmem::find(&data, &[1, 3, 0, 9, 9, 9, 2]).unwrap() + 7;
    data[at] += 12;
    let r = read(&data).unwrap();
    assert_eq!((r.kind, &r.issues[..]), ("doc", &[Reason::Corrupt][..]));
    assert!(r.text().contains("of maren@example.com"));
}

#[test]
fn characters_lie_over_the_ends_of_sectors() {
    let doc = pieces(&[(&format!("{}\u{1f41e} end", "x".repeat((8192 - 2 - 1024) / 2)), true)]);
    let mut from = cfb::CompoundFile::open(Cursor::new(doc)).unwrap();
    let mut stream = |name: &str| {
        let mut out = Vec::new();
        std::io::Read::read_to_end(&mut from.open_stream(name).unwrap(), &mut out).unwrap();
        out
    };
    let (main, table) = (stream("/WordDocument"), stream("/1Table"));
    let mut c = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    let mut s = c.create_stream("/WordDocument").unwrap();
    s.write_all(&main[..8192]).unwrap();
    s.flush().unwrap();
    drop(s);
    c.create_stream("/Other").unwrap().write_all(&[0; 9000]).unwrap();
    let mut s = c.open_stream("/WordDocument").unwrap();
    std::io::Seek::seek(&mut s, std::io::SeekFrom::End(0)).unwrap();
    s.write_all(&main[8192..]).unwrap();
    s.flush().unwrap();
    drop(s);
    c.create_stream("/1Table").unwrap().write_all(&table).unwrap();
    c.flush().unwrap();
    let r = read(&c.into_inner().into_inner()).unwrap();
    assert!(r.text().contains("xx\u{1f41e} end") && !r.text().contains('\u{fffd}') && r.issues.is_empty());
}

#[test]
fn a_damaged_directory_is_said_whatever_the_file_is() {
    let other = compound(&[("/\u{1}CompObj", b"mark")]);
    for (mut data, name) in [
        (pieces(&[("text", false)]), "WordDocument"),
        (file("slides.ppt"), "PowerPoint Document"),
        (written(&message()), "__properties_version1.0"),
        (other, "\u{1}CompObj"),
    ] {
        let good = read(&data).unwrap();
        assert_eq!(good.issues, [], "{name}");
        // A stream of the directory that has none behind it.
        let first = u32::from_le_bytes(data[48..52].try_into().unwrap()) as usize;
        let entries = (first + 1) << data[30];
        let at = (1..32).map(|i| entries + i * 128).find(|at| data[at + 66] == 2 && data[at + 72..at + 76] == [0xff; 4]).unwrap();
        set(&mut data, at + 72, 9999);
        let r = read(&data).unwrap();
        assert_eq!((r.kind, &r.issues[..]), (good.kind, &[Reason::Corrupt][..]), "{name}");
        assert_eq!((r.values.len(), r.parts.len()), (good.values.len(), good.parts.len()), "{name}");
    }
}

#[test]
fn objects_that_end_early_or_have_two_streams_of_a_name_say_so() {
    let mut c = cfb::CompoundFile::open(Cursor::new(pieces(&[("text", false)]))).unwrap();
    c.create_storage_all("/ObjectPool/_1").unwrap();
    for name in ["Contents", "CONTENTx"] {
        c.create_stream(format!("/ObjectPool/_1/{name}")).unwrap().write_all(&b"of maren@example.com".repeat(300)).unwrap();
    }
    c.flush().unwrap();
    let good = c.into_inner().into_inner();
    assert_eq!(read(&good).unwrap().issues, []);
    let mut bad = good.clone();
    let at = entry(&bad, "Contents");
    set(&mut bad, at + 120, 500_000);
    let r = read(&bad).unwrap();
    assert_eq!((r.parts.len(), &r.issues[..]), (1, &[Reason::Truncated][..]));
    let mut bad = good;
    let at = entry(&bad, "CONTENTx");
    bad[at + 14] = b'S';
    let r = read(&bad).unwrap();
    assert_eq!((r.parts.len(), &r.issues[..]), (0, &[Reason::Corrupt][..]));
}

#[test]
fn slides_that_end_between_records_say_so() {
    let text = record(0, 0x0fa8, b"of maren@example.com");
    let open = |end: &[u8]| read(&compound(&[("/PowerPoint Document", &[&text[..], end].concat())])).unwrap();
    assert_eq!((open(b"").issues, open(&[0; 5]).issues), (vec![], vec![]));
    let r = open(&[0, 0, 0xa8, 0x0f, 9]);
    assert!(r.text().starts_with("of maren@example.com\n") && r.issues == [Reason::Truncated]);
    let mut data = compound(&[("/PowerPoint Document", &text.repeat(200))]);
    let at = entry(&data, "PowerPoint Document");
    set(&mut data, at + 120, 500_000);
    assert!(read(&data).unwrap().issues.contains(&Reason::Truncated));
}

#[test]
fn rich_text_is_read_where_the_plain_body_says_nothing() {
    let mut all = message();
    all.retain(|(n, _)| !n.contains("_1000001E") && !n.contains("_10130102"));
    let rtf = b"{\\rtf1 Write to dave@example.com.}";
    let head = [&(rtf.len() as u32 + 12).to_le_bytes()[..], &(rtf.len() as u32).to_le_bytes(), b"MELA", &[0; 4]].concat();
    all.push(("/__substg1.0_10090102".into(), [&head[..], rtf].concat()));
    for (body, want) in [("\r\n", true), ("Write to dave@example.com.", false)] {
        let mut all = all.clone();
        all.push(("/__substg1.0_1000001F".into(), utf16(body)));
        let r = read(&written(&all)).unwrap();
        assert_eq!((r.parts.iter().any(|p| p.0 == "body.rtf"), &r.issues[..]), (want, &[][..]));
    }
}
