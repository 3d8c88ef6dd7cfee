use std::io::Write;
use std::path::Path;

use super::*;
use crate::base::Hint;
use crate::format::Limits;
use crate::format::tests::read;

fn file(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/pgdump").join(name)).unwrap()
}

/// Cells of tables; what stands in definitions; reasons.
type Found = (Vec<(u64, String, String)>, String, Vec<Reason>);

fn values(data: &[u8], batch_bytes: usize) -> Found {
    let limits = Limits { batch_bytes, ..Limits::default() };
    let (kind, values, issues, failed) = read(data, "x", 7, &Hint::default(), &limits).unwrap();
    assert_eq!(kind, "pgdump");
    let (text, cells): (Vec<_>, Vec<_>) = values.into_iter().partition(|v| v.1 == "statements");
    let reasons = issues.iter().map(|i| i.reason).chain(failed).collect();
    let string = |v: Vec<u8>| String::from_utf8(v).unwrap();
    let text = text.into_iter().map(|v| string(v.2)).collect::<Vec<_>>().join("\n");
    (cells.into_iter().map(|(row, field, v)| (row, field, string(v))).collect(), text, reasons)
}

#[test]
fn a_dump_of_version_15_is_read_table_by_table() {
    let data = file("people.dump");
    let cell = |row: u64, field: &str, v: &str| (row, field.to_owned(), v.to_owned());
    let want = [
        cell(0, "Calls.call_id", "1"),
        cell(0, "Calls.phone", "212-555-0187"),
        cell(0, "Calls.Asked by", "tomas.lind@example.org"),
        cell(1, "Calls.call_id", "2"),
        cell(1, "Calls.phone", "212-555-0188"),
        cell(1, "Calls.Asked by", "ilse.berg@example.org"),
        cell(0, "people.id", "1"),
        cell(0, "people.name", "Maren Holloway"),
        cell(0, "people.email", "maren.holloway@example.com"),
        cell(0, "people.ssn", "219-09-9999"),
        cell(0, "people.note", "two\nlines\tand a tab"),
        cell(1, "people.id", "2"),
        cell(1, "people.name", "Zoë Müller"),
        cell(1, "people.email", "zoe.mueller@example.com"),
        cell(1, "people.note", "back\\slash"),
        cell(2, "people.id", "3"),
        cell(2, "people.name", "Жанна Петрова"),
        cell(2, "people.email", "zhanna.petrova@example.net"),
    ];
    for batch_bytes in [1, 100, 1 << 20] {
        let (mut cells, text, reasons) = values(&data, batch_bytes);
        cells.sort_by_key(|c| c.1.split('.').next().map(str::to_owned));
        assert_eq!((cells, reasons), (want.to_vec(), vec![]));
        assert!(text.contains("'Questions to table.owner@harborlight.example'") && text.contains("/* don't */"), "{text}");
    }
    let mut r =
        crate::format::open(PeekInput::new(Box::new(crate::base::MemoryInput::new(data))), "x", &Hint::default(), &Limits::default());
    let (r, mut b, mut parts) = (r.as_mut().unwrap(), Batch::default(), Vec::new());
    while r.next_batch(&mut b).unwrap() {
        parts.extend(r.take_parts().into_iter().map(|p| (p.name, p.data.to_vec())));
    }
    assert_eq!(parts, [("large-object-40001".to_owned(), b"A letter to olga.sorensen@example.com of the pier.".to_vec())]);
}

fn number(n: i64) -> Vec<u8> {
    [&[u8::from(n < 0)][..], &(n.unsigned_abs() as u32).to_le_bytes()].concat()
}

fn text(t: Option<&str>) -> Vec<u8> {
    t.map_or(number(-1), |t| [number(t.len() as i64), t.as_bytes().to_vec()].concat())
}

fn pack(packing: u8, data: &[u8]) -> Vec<u8> {
    match packing {
        0 => data.to_vec(),
        1 => {
            let mut e = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
            e.write_all(data).unwrap();
            e.finish().unwrap()
        }
        2 => {
            let mut e = lz4_flex::frame::FrameEncoder::new(Vec::new());
            e.write_all(data).unwrap();
            e.finish().unwrap()
        }
        _ => zstd::encode_all(data, 3).unwrap(),
    }
}

/// A block of data in small pieces.
fn block(kind: u8, id: i64, data: &[u8]) -> Vec<u8> {
    let pieces: Vec<u8> = data.chunks(50).flat_map(|p| [number(p.len() as i64), p.to_vec()].concat()).collect();
    [vec![kind], number(id), pieces, number(0)].concat()
}

fn head(minor: u8, packing: u8, entries: i64) -> Vec<u8> {
    let mut out = [MAGIC, &[1, minor, 0, 4, 8, 1]].concat();
    out.extend(if minor >= 15 { vec![packing] } else { number(if packing == 0 { 0 } else { -1 }) });
    (0..7).for_each(|_| out.extend(number(11)));
    out.extend([text(Some("shop")), text(Some("15.1")), text(None), number(entries)].concat());
    out
}

fn entry(minor: u8, id: i64, tag: &str, definition: &str, copy: Option<&str>) -> Vec<u8> {
    let mut out = [number(id), number(1), text(Some("0")), text(Some("0")), text(Some(tag)), text(Some("TABLE DATA"))].concat();
    let mut add = |b: Vec<u8>| out.extend(b);
    if minor >= 11 {
        add(number(3));
    }
    add([text(Some(definition)), text(Some("")), text(copy), text(Some("public")), text(None)].concat());
    if minor >= 14 {
        add(text(Some("heap")));
    }
    if minor >= 16 {
        add(number(0));
    }
    add([text(Some("harbor")), text(Some("false")), text(Some("7")), text(None)].concat());
    add([vec![if tag == "f" { 3 } else { 2 }], vec![0; 8]].concat());
    out
}

fn dump(minor: u8, packing: u8) -> Vec<u8> {
    let rows: String = (0..200).map(|i| format!("{i}\tperson{i}@example.com\n")).collect();
    let inserts = "INSERT INTO public.b VALUES (7, 'seven@example.com');\n";
    [
        head(minor, packing, 3),
        entry(minor, 1, "f", "CREATE FUNCTION f() $$ don't ( $$;\n", None),
        entry(minor, 2, "a", "", Some("COPY public.a (id, email) FROM stdin;\n")),
        entry(minor, 3, "b", "", None),
        block(1, 2, &pack(packing, format!("{rows}\\.\n\n\n").as_bytes())),
        [vec![3], number(4), block(0, 55, &pack(packing, b"an object"))[1..].to_vec(), number(0)].concat(),
        block(1, 3, &pack(packing, inserts.as_bytes())),
    ]
    .concat()
}

#[test]
fn every_version_and_packing_gives_the_same() {
    for minor in 10..=16 {
        for packing in 0..4 {
            if minor < 15 && packing > 1 {
                continue;
            }
            let (cells, text, reasons) = values(&dump(minor, packing), 1000);
            assert_eq!(reasons, [], "{minor} {packing}");
            assert_eq!(cells.len(), 402, "{minor} {packing}");
            assert_eq!(cells[399], (199, "a.email".to_owned(), "person199@example.com".to_owned()));
            assert_eq!(cells[401], (0, "b.col2".to_owned(), "seven@example.com".to_owned()));
            assert!(text.contains("don't (") && text.contains("shop"));
        }
    }
}

#[test]
fn damage_costs_its_table() {
    for packing in [1, 2, 3] {
        let good = dump(15, packing);
        // In the middle of the first table's compressed data.
        let mut bad = good.clone();
        let at = memchr::memmem::find(&good, &[&[1][..], &number(2)].concat()).unwrap() + 6 + 5 + 30;
        bad[at..at + 12].fill(0xff);
        let (cells, _, reasons) = values(&bad, 1000);
        assert_eq!(reasons, [Reason::Corrupt], "{packing}");
        assert_eq!(cells.last().unwrap().2, "seven@example.com", "{packing}");
    }
    let good = dump(16, 1);
    for cut in 0..good.len() - 1 {
        let limits = Limits::default();
        match read(&good[..cut], "x", 7, &Hint::default(), &limits) {
            Ok((kind, _, issues, failed)) => {
                let whole = issues.is_empty() && failed.is_none();
                assert!(!whole || kind != "pgdump", "{cut}");
            }
            Err(e) => assert!(cut < 20, "{cut}: {e}"),
        }
    }
    let mut other = good.clone();
    other[6] = 40;
    assert_eq!(values(&other, 1000).2, [Reason::UnsupportedFormat]);
}

#[test]
fn definitions_of_tables_name_the_columns_of_inserts() {
    let open = |definition: &str| {
        let made = entry(15, 5, "f", definition, None);
        let at = memchr::memmem::find(&made, &text(Some("TABLE DATA"))).unwrap();
        let made = [&made[..at], &text(Some("TABLE")), &made[at + 15..]].concat();
        let inserts = b"INSERT INTO public.b VALUES (7, 'seven@example.com');\n";
        values(&[head(15, 0, 2), made, entry(15, 3, "b", "", None), block(1, 3, inserts)].concat(), 1000)
    };
    let (cells, text, reasons) =
        open("CREATE TABLE public.b (\n    id integer,\n    email text DEFAULT 'a;b'\n);\n\nALTER TABLE ONLY public.b;\n");
    assert_eq!(reasons, []);
    assert_eq!(cells.iter().map(|c| c.1.as_str()).collect::<Vec<_>>(), ["b.id", "b.email"]);
    assert!(text.contains("'a;b'") && text.contains("-- ALTER TABLE"), "{text}");
    // A quote that does not end takes no data with it.
    let (cells, _, reasons) = open("CREATE TABLE public.b (id integer DEFAULT 'x);\n");
    assert_eq!((cells.len(), reasons), (2, vec![]));
}

#[test]
fn objects_that_grow_too_much_together_end() {
    let one = pack(3, &vec![0; 7 << 20]);
    let objects: Vec<u8> = (1..6).flat_map(|id| block(0, id, &one)[1..].to_vec()).collect();
    let data = [head(15, 3, 0), vec![3], number(4), objects, number(0)].concat();
    assert_eq!(values(&data, 1000).2, [Reason::ExpansionLimit]);
}
