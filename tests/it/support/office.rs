//! The same people in the documents of old office programs, in PostgreSQL's own dumps and in brotli, written as their specifications have
//! it, without the readers' help.

use std::io::{Cursor, Write};
use std::path::Path;

use super::written::{COLUMNS, Planted, lines, prose, utf16};

/// A compound file of these streams; storages are made for their paths. Of large sectors: between small ones tables lie every 64 KiB.
pub fn compound(streams: &[(&str, &[u8])]) -> Vec<u8> {
    let mut c = cfb::CompoundFile::create_with_version(cfb::Version::V4, Cursor::new(Vec::new())).unwrap();
    for (name, data) in streams {
        c.create_storage_all(Path::new(name).parent().unwrap()).unwrap();
        c.create_stream(name).unwrap().write_all(data).unwrap();
    }
    c.flush().unwrap();
    c.into_inner().into_inner()
}

/// A Word document of 1997 ([MS-DOC] 2.5, 2.8.35): a text in two pieces of one byte a character.
pub fn doc(people: &[Planted]) -> Vec<u8> {
    // Nobody's name has letters that Latin-1 has not.
    let text: Vec<u8> = prose(people).replace('\n', "\r").chars().map(|c| u8::try_from(c).unwrap()).collect();
    let half = text[..text.len() / 2].iter().rposition(|b| *b == b'\r').unwrap() + 1;
    let piece = |at: usize| [&[0, 0][..], &((at as u32 * 2) | 0x4000_0000).to_le_bytes(), &[0, 0]].concat();
    let ends = [0, half as u32, text.len() as u32].map(u32::to_le_bytes).concat();
    let plc = [ends, piece(1024), piece(1024 + half)].concat();
    let clx = [&[2][..], &(plc.len() as u32).to_le_bytes(), &plc].concat();
    let mut main = vec![0; 1024];
    for (at, bytes) in [
        (0, &[0xec, 0xa5, 0xc1, 0][..]),
        (11, &[2]),
        (32, &[14]),
        (62, &[22]),
        (76, &(text.len() as u32).to_le_bytes()),
        (152, &[93]),
        (422, &(clx.len() as u32).to_le_bytes()),
    ] {
        main[at..at + bytes.len()].copy_from_slice(bytes);
    }
    main.extend_from_slice(&text);
    compound(&[("/WordDocument", &main), ("/1Table", &clx)])
}

/// Slides of 1997 ([MS-PPT] 2.3.1): a text of two bytes a character for everybody.
pub fn ppt(people: &[Planted]) -> Vec<u8> {
    let record = |head: u16, kind: u16, body: &[u8]| {
        [&head.to_le_bytes()[..], &kind.to_le_bytes(), &(body.len() as u32).to_le_bytes(), body].concat()
    };
    let atoms: Vec<u8> =
        people.iter().flat_map(|p| record(0, 0x0fa0, &utf16(&format!("Write to {}, number {}", p.email, p.ssn)))).collect();
    let user = record(0, 0x0ff6, &[20, 0, 0, 0, 0x5f, 0xc0, 0x91, 0xe3, 0, 0, 0, 0]);
    compound(&[("/PowerPoint Document", &record(15, 0x03e8, &atoms)), ("/Current User", &user)])
}

/// A message of Outlook ([MS-OXMSG]) to everybody; a table is attached.
pub fn msg(people: &[Planted], table: &str) -> Vec<u8> {
    let mut streams: Vec<(String, Vec<u8>)> = vec![
        ("/__properties_version1.0".into(), vec![0; 32]),
        ("/__substg1.0_0037001F".into(), utf16("The list")),
        ("/__substg1.0_1000001F".into(), utf16("The list is attached.")),
        ("/__attach_version1.0_#00000000/__substg1.0_3707001F".into(), utf16("people.csv")),
        ("/__attach_version1.0_#00000000/__substg1.0_37010102".into(), table.as_bytes().to_vec()),
    ];
    for (i, p) in people.iter().enumerate() {
        streams.push((format!("/__recip_version1.0_#{i:08X}/__substg1.0_3001001F"), utf16(&p.name)));
        streams.push((format!("/__recip_version1.0_#{i:08X}/__substg1.0_39FE001F"), utf16(&p.email)));
    }
    compound(&streams.iter().map(|(n, d)| (n.as_str(), &d[..])).collect::<Vec<_>>())
}

/// A dump of `pg_dump -Fc`, version 1.14: compressed, in pieces.
pub fn pgdump(people: &[Planted]) -> Vec<u8> {
    let number = |n: i64| [&[u8::from(n < 0)][..], &(n.unsigned_abs() as u32).to_le_bytes()].concat();
    let text = |t: &str| [number(t.len() as i64), t.as_bytes().to_vec()].concat();
    let columns = COLUMNS.join(", ");
    let mut out = [b"PGDMP\x01\x0e\0\x04\x08\x01".to_vec(), number(-1)].concat();
    (0..7).for_each(|_| out.extend(number(11)));
    out.extend([text("shop"), text("15.1"), text("15.1"), number(1)].concat());
    let texts = |all: &[&str]| all.iter().flat_map(|t| text(t)).collect::<Vec<u8>>();
    out.extend([number(7), number(1), texts(&["0", "0", "people", "TABLE DATA"]), number(3)].concat());
    out.extend(texts(&["", "", &format!("COPY public.people ({columns}) FROM stdin;\n"), "public", "", "", "harbor", "false"]));
    out.extend([number(-1), vec![1], vec![0; 8]].concat());
    let data = lines(people, |_, p| format!("{}\n", p.values().join("\t"))) + "\\.\n\n\n";
    out.extend([vec![1], number(7)].concat());
    for piece in super::written::zlib(data.as_bytes()).chunks(4096) {
        out.extend([number(piece.len() as i64), piece.to_vec()].concat());
    }
    [out, number(0)].concat()
}

/// A stream of brotli.
pub fn brotli(data: &[u8]) -> Vec<u8> {
    let mut w = brotli::CompressorWriter::new(Vec::new(), 4096, 5, 20);
    w.write_all(data).unwrap();
    w.into_inner()
}
