//! The same people written in every format: found in all of them, in the right places.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use serde_json::Value;

use crate::generate::{SEED, people as invented};
use crate::support::Bench;

/// Who is planted: what every format can hold.
struct Planted {
    name: String,
    email: String,
    ssn: String,
    phone: String,
}

fn people() -> Vec<Planted> {
    let customers = invented::people(SEED, 60);
    let mut seen = BTreeSet::new();
    let mut out: Vec<Planted> = Vec::new();
    for p in customers.iter().filter(|p| seen.insert(p.ssn.clone()) && seen.insert(p.phone_as(0))).take(25) {
        out.push(Planted { name: p.name(), email: p.email.clone(), ssn: p.ssn.clone(), phone: p.phone_as(0) });
    }
    out
}

const COLUMNS: [&str; 4] = ["name", "email", "ssn", "phone"];

impl Planted {
    fn values(&self) -> [&str; 4] {
        [&self.name, &self.email, &self.ssn, &self.phone]
    }
}

fn lines(people: &[Planted], each: impl Fn(usize, &Planted) -> String) -> String {
    people.iter().enumerate().map(|(i, p)| each(i, p)).collect()
}

fn csv(people: &[Planted]) -> String {
    format!("id,{}\n{}", COLUMNS.join(","), lines(people, |i, p| format!("{i},{}\n", p.values().join(","))))
}

fn prose(people: &[Planted]) -> String {
    lines(people, |_, p| format!("Caf\u{e9} note: please write to {}, telephone {}, social security number {}.\n", p.email, p.phone, p.ssn))
}

/// A zip archive of stored members.
fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, data) in members {
        let mut crc = flate2::Crc::new();
        crc.update(data);
        let n = (data.len() as u32).to_le_bytes();
        let meta =
            [&[20, 0, 0, 8, 0, 0, 0, 0, 0, 0][..], &crc.sum().to_le_bytes(), &n, &n, &(name.len() as u16).to_le_bytes(), &[0, 0]].concat();
        let at = (out.len() as u32).to_le_bytes();
        out.extend([b"PK\x03\x04", &meta[..], name.as_bytes(), data].concat());
        directory.extend([b"PK\x01\x02\x14\0", &meta[..], &[0; 10], &at, name.as_bytes()].concat());
    }
    let n = (members.len() as u16).to_le_bytes();
    let sizes = [(directory.len() as u32).to_le_bytes(), (out.len() as u32).to_le_bytes()].concat();
    [&out[..], &directory, b"PK\x05\x06\0\0\0\0", &n, &n, &sizes, &[0, 0]].concat()
}

fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, data) in members {
        let mut h = vec![0u8; 512];
        h[..name.len()].copy_from_slice(name.as_bytes());
        h[124..135].copy_from_slice(format!("{:011o}", data.len()).as_bytes());
        h[148..156].fill(b' ');
        h[156] = b'0';
        let sum: u32 = h.iter().map(|b| u32::from(*b)).sum();
        h[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        out.extend([&h[..], data, &vec![0; data.len().wrapping_neg() % 512]].concat());
    }
    out.extend([0; 1024]);
    out
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut e = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    e.write_all(data).unwrap();
    e.finish().unwrap()
}

fn zlib(data: &[u8]) -> Vec<u8> {
    let mut e = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    e.write_all(data).unwrap();
    e.finish().unwrap()
}

fn batch(people: &[Planted]) -> RecordBatch {
    let id: ArrayRef = Arc::new(Int64Array::from_iter_values(0..people.len() as i64));
    let mut columns = vec![("id", id)];
    for (i, name) in COLUMNS.iter().enumerate() {
        columns.push((name, Arc::new(StringArray::from_iter_values(people.iter().map(|p| p.values()[i]))) as ArrayRef));
    }
    RecordBatch::try_from_iter(columns).unwrap()
}

fn parquet(people: &[Planted]) -> Vec<u8> {
    let b = batch(people);
    let mut w = ::parquet::arrow::ArrowWriter::try_new(Vec::new(), b.schema(), None).unwrap();
    w.write(&b).unwrap();
    w.into_inner().unwrap()
}

fn orc(people: &[Planted]) -> Vec<u8> {
    let (b, mut out) = (batch(people), Vec::new());
    let mut w = orc_rust::ArrowWriterBuilder::new(&mut out, b.schema()).try_build().unwrap();
    w.write(&b).unwrap();
    w.close().unwrap();
    out
}

/// Avro with a nested record, as its specification writes it down, in two blocks.
fn avro(people: &[Planted]) -> Vec<u8> {
    let long = |n: i64| {
        let (mut z, mut out) = (((n << 1) ^ (n >> 63)) as u64, Vec::new());
        while z >= 0x80 {
            out.push(z as u8 | 0x80);
            z >>= 7;
        }
        out.push(z as u8);
        out
    };
    let text = |t: &str| [long(t.len() as i64), t.as_bytes().to_vec()].concat();
    let field = |n: &str| format!("{{\"name\":\"{n}\",\"type\":[\"null\",\"string\"]}}");
    let contact =
        format!("{{\"type\":\"record\",\"name\":\"contact\",\"fields\":[{},{},{}]}}", field("email"), field("ssn"), field("phone"));
    let schema =
        format!("{{\"type\":\"record\",\"name\":\"r\",\"fields\":[{},{{\"name\":\"contact\",\"type\":{contact}}}]}}", field("name"));
    let sync = [7u8; 16];
    let mut out =
        [b"Obj\x01".to_vec(), long(2), text("avro.schema"), text(&schema), text("avro.codec"), text("deflate"), long(0), sync.to_vec()]
            .concat();
    for block in people.chunks(people.len().div_ceil(2)) {
        let data: Vec<u8> =
            block.iter().flat_map(|p| p.values().iter().flat_map(|v| [long(1), text(v)].concat()).collect::<Vec<u8>>()).collect();
        let mut e = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        e.write_all(&data).unwrap();
        let packed = e.finish().unwrap();
        out.extend([long(block.len() as i64), long(packed.len() as i64), packed, sync.to_vec()].concat());
    }
    out
}

/// BSON: the address within a document of its own.
fn bson(people: &[Planted]) -> Vec<u8> {
    let document = |elements: Vec<u8>| [&(elements.len() as u32 + 5).to_le_bytes()[..], &elements, &[0]].concat();
    let text = |n: &str, t: &str| [b"\x02", n.as_bytes(), b"\0", &(t.len() as u32 + 1).to_le_bytes(), t.as_bytes(), b"\0"].concat();
    let person = |p: &Planted| {
        let contact: Vec<u8> = COLUMNS.iter().zip(p.values()).skip(1).flat_map(|(n, v)| text(n, v)).collect();
        document([text("name", &p.name), b"\x03contact\0".to_vec(), document(contact)].concat())
    };
    people.iter().flat_map(person).collect()
}

/// Binary Ion: structs whose names are symbols 10 and on.
fn ion(people: &[Planted]) -> Vec<u8> {
    let number = |n: usize| if n < 128 { vec![n as u8 | 0x80] } else { vec![(n >> 7) as u8, n as u8 & 0x7f | 0x80] };
    let value = |kind: u8, body: Vec<u8>| match body.len() {
        n @ 0..14 => [vec![kind << 4 | n as u8], body].concat(),
        n => [vec![kind << 4 | 14], number(n), body].concat(),
    };
    let text = |t: &str| value(8, t.as_bytes().to_vec());
    let symbols = value(11, COLUMNS.iter().flat_map(|c| text(c)).collect());
    let table = value(14, [vec![0x81, 0x83], value(13, [vec![0x87], symbols].concat())].concat());
    let field = |(i, v): (usize, &str)| [number(10 + i), text(v)].concat();
    let person = |p: &Planted| value(13, p.values().into_iter().enumerate().flat_map(field).collect());
    [b"\xe0\x01\0\xea".to_vec(), table, people.iter().flat_map(person).collect()].concat()
}

fn sqlite(people: &[Planted]) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.db");
    let db = rusqlite::Connection::open(&path).unwrap();
    db.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE other (a); INSERT INTO other VALUES ('x'); CREATE TABLE people (id INTEGER PRIMARY KEY, name, email, ssn, phone)").unwrap();
    for (i, p) in people.iter().enumerate() {
        let [a, b, c, d] = p.values();
        db.execute("INSERT INTO people VALUES (?1, ?2, ?3, ?4, ?5)", rusqlite::params![i as i64, a, b, c, d]).unwrap();
    }
    db.close().unwrap();
    std::fs::read(path).unwrap()
}

fn xlsx(people: &[Planted]) -> Vec<u8> {
    let row = |n: usize, cells: &[&str]| {
        let cells: String = cells
            .iter()
            .enumerate()
            .map(|(i, c)| format!("<c r=\"{}{n}\" t=\"inlineStr\"><is><t>{c}</t></is></c>", char::from(b'B' + i as u8)))
            .collect();
        format!("<row r=\"{n}\">{cells}</row>")
    };
    // The table begins in B3; a title would stand above it.
    let rows = row(3, &COLUMNS) + &lines(people, |i, p| row(i + 4, &p.values()));
    let ns = "http://schemas.openxmlformats.org";
    let main = format!("{ns}/spreadsheetml/2006/main");
    let workbook = format!(
        "<workbook xmlns=\"{main}\" xmlns:r=\"{ns}/officeDocument/2006/relationships\"><sheets><sheet name=\"Staff\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"
    );
    let rels = |kind: &str, target: &str| {
        format!(
            "<Relationships xmlns=\"{ns}/package/2006/relationships\"><Relationship Id=\"rId1\" Type=\"{ns}/officeDocument/2006/relationships/{kind}\" Target=\"{target}\"/></Relationships>"
        )
    };
    zip(&[
        (
            "[Content_Types].xml",
            format!(
                "<Types xmlns=\"{ns}/package/2006/content-types\"><Default Extension=\"xml\" ContentType=\"application/xml\"/></Types>"
            )
            .as_bytes(),
        ),
        ("_rels/.rels", rels("officeDocument", "xl/workbook.xml").as_bytes()),
        ("xl/workbook.xml", workbook.as_bytes()),
        ("xl/_rels/workbook.xml.rels", rels("worksheet", "worksheets/sheet1.xml").as_bytes()),
        ("xl/worksheets/sheet1.xml", format!("<worksheet xmlns=\"{main}\"><sheetData>{rows}</sheetData></worksheet>").as_bytes()),
    ])
}

/// The main part of a Word document; every address is split over two runs, as spelling marks do.
fn word(people: &[Planted]) -> String {
    let p = |t: &str| format!("<w:p><w:r><w:t>{}</w:t></w:r><w:r><w:t>{}</w:t></w:r></w:p>", &t[..t.len() / 2], &t[t.len() / 2..]);
    let body = lines(people, |_, x| p(&format!("Write to {} today", x.email)) + &p(&format!("social security number {}", x.ssn)));
    format!(
        "<?xml version=\"1.0\"?><w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"><w:body>{body}</w:body></w:document>"
    )
}

/// A page for everybody.
fn pdf(people: &[Planted]) -> Vec<u8> {
    let mut out =
        b"%PDF-1.4\n1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj\n3 0 obj <</Type/Font/Subtype/Type1/BaseFont/Helvetica>> endobj\n"
            .to_vec();
    let mut kids = String::new();
    for (i, p) in people.iter().enumerate() {
        let (page, content) = (10 + 2 * i, 11 + 2 * i);
        kids += &format!("{page} 0 R ");
        let (a, b) = p.email.split_at(4);
        let text = format!("BT /F 12 Tf 72 700 Td (Write to ) Tj [({a}) 3 ({b})] TJ 0 -14 Td (social security number {}) Tj ET", p.ssn);
        let packed = zlib(text.as_bytes());
        out.extend(format!("{page} 0 obj <</Type/Page/Parent 2 0 R/Contents {content} 0 R>> endobj\n{content} 0 obj <</Filter/FlateDecode/Length {}>>\nstream\n", packed.len()).into_bytes());
        out.extend([&packed[..], b"\nendstream endobj\n"].concat());
    }
    out.extend(
        format!("2 0 obj <</Type/Pages/Resources<</Font<</F 3 0 R>>>>/Kids[{kids}]>> endobj\ntrailer <</Root 1 0 R>>\n").into_bytes(),
    );
    out
}

fn mail(i: usize, p: &Planted) -> String {
    format!(
        "From: Desk <desk@harborlight.example>\nTo: {} <{}>\nSubject: case {i}\nDate: Sat, 7 Nov 2026 10:00:00 +0000\n\nYour number on file is {}.\n\n",
        p.name, p.email, p.phone
    )
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Where somebody is expected in a file.
enum Want {
    /// In row `i` of this field.
    Row(&'static str),
    /// At the bytes of the address, in this encoding, in these bytes.
    Bytes(Vec<u8>, fn(&str) -> Vec<u8>),
    /// On page `i`.
    Page,
}

#[test]
fn everybody_is_found_in_every_format() {
    let people = people();
    let plain: fn(&str) -> Vec<u8> = |t| t.as_bytes().to_vec();
    let (table, text) = (csv(&people), prose(&people));
    let latin: Vec<u8> = text.chars().map(|c| c as u8).collect();
    let word = word(&people);
    let inner = zip(&[("deep/people.csv", table.as_bytes()), ("people.parquet", &parquet(&people))]);
    let html = format!("<html><body>{}</body></html>", lines(&people, |_, p| format!("<p>Write to <b>{}</b>, ssn {}</p>", p.email, p.ssn)));
    let rtf =
        format!("{{\\rtf1\\ansi {}}}", lines(&people, |_, p| format!("Write to {}\\par social security number {}\\par ", p.email, p.ssn)));
    let columns = COLUMNS.join(", ");
    let copy = lines(&people, |_, p| format!("{}\n", p.values().join("\t")));
    let postgres = format!("-- PostgreSQL database dump\n\nCOPY public.people ({columns}) FROM stdin;\n{copy}\\.\n");
    let quoted = |p: &Planted| p.values().map(|v| format!("'{}'", v.replace('\'', "\\'"))).join(",");
    let rows: Vec<String> = people.iter().map(|p| format!("({})", quoted(p))).collect();
    let mysql = format!(
        "-- MySQL dump 10\nCREATE TABLE `people` (\n `name` text,\n `email` text,\n `ssn` text,\n `phone` text\n);\nINSERT INTO `people` VALUES {};\n",
        rows.join(",")
    );
    let mut bz = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    bz.write_all(table.as_bytes()).unwrap();
    let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 1);
    xz.write_all(table.as_bytes()).unwrap();
    let json = lines(&people, |_, p| {
        format!("{{\"name\":\"{}\",\"email\":\"{}\",\"ssn\":\"{}\",\"phone\":\"{}\"}}\n", p.name, p.email, p.ssn, p.phone)
    });
    let ion_text = lines(&people, |_, p| {
        format!("{{name:\"{}\", email:'{}', ssn:\"{}\", phone:'''{}'''}} // next\n", p.name, p.email, p.ssn, p.phone)
    });
    let cards = lines(&people, |_, p| {
        let (a, b) = p.email.split_at(3);
        format!("BEGIN:VCARD\r\nFN:{}\r\nEMAIL;TYPE=home:{a}\r\n {b}\r\nTEL:{}\r\nX-SSN:{}\r\nEND:VCARD\r\n", p.name, p.phone, p.ssn)
    });
    // File, content, member, place.
    let files: Vec<(&str, Vec<u8>, Option<&str>, Want)> = vec![
        ("a.csv", table.clone().into_bytes(), None, Want::Row("email")),
        ("a.jsonl", json.into_bytes(), None, Want::Row("email")),
        ("a.csv.bz2", bz.finish().unwrap(), None, Want::Row("email")),
        ("a.csv.xz", xz.finish().unwrap(), None, Want::Row("email")),
        ("utf16.csv", utf16(&table), None, Want::Row("email")),
        ("a.parquet", parquet(&people), None, Want::Row("email")),
        ("a.parquet.gz", gzip(&parquet(&people)), None, Want::Row("email")),
        ("a.orc", orc(&people), None, Want::Row("email")),
        ("a.avro", avro(&people), None, Want::Row("contact.email")),
        ("a.bson", bson(&people), None, Want::Row("contact.email")),
        ("a.10n", ion(&people), None, Want::Row("email")),
        ("a.ion", ion_text.into_bytes(), None, Want::Row("email")),
        (
            "a.vcf",
            cards.clone().into_bytes(),
            None,
            Want::Bytes(cards.into_bytes(), |t| format!("{}\r\n {}", &t[..3], &t[3..]).into_bytes()),
        ),
        ("a.sqlite", sqlite(&people), None, Want::Row("people.email")),
        ("a.xlsx", xlsx(&people), None, Want::Row("Staff.email")),
        ("postgres.sql", postgres.into_bytes(), None, Want::Row("people.email")),
        ("mysql.sql", mysql.into_bytes(), None, Want::Row("people.email")),
        (
            "a.mbox",
            lines(&people, |i, p| format!("From desk Sat Nov  7 10:00:00 2026\n{}", mail(i, p))).into_bytes(),
            None,
            Want::Row("to.address"),
        ),
        ("deep.tgz", gzip(&tar(&[("x/y.zip", &inner), ("z.txt", b"nothing")])), Some("x/y.zip/deep/people.csv"), Want::Row("email")),
        ("deep2.tgz", gzip(&tar(&[("x/y.zip", &inner)])), Some("x/y.zip/people.parquet"), Want::Row("email")),
        (
            "a.docx",
            zip(&[("[Content_Types].xml", b"<Types/>"), ("word/document.xml", word.as_bytes())]),
            Some("word/document.xml"),
            Want::Bytes(word.clone().into_bytes(), |t| {
                let sentence = format!("Write to {t} today");
                let half = sentence.len() / 2 - "Write to ".len();
                format!("{}</w:t></w:r><w:r><w:t>{}", &t[..half], &t[half..]).into_bytes()
            }),
        ),
        ("a.html", html.clone().into_bytes(), None, Want::Bytes(html.into_bytes(), plain)),
        ("a.rtf", rtf.clone().into_bytes(), None, Want::Bytes(rtf.into_bytes(), plain)),
        ("a.txt", text.clone().into_bytes(), None, Want::Bytes(text.clone().into_bytes(), plain)),
        ("utf16.txt", utf16(&text), None, Want::Bytes(utf16(&text), utf16)),
        ("latin.txt", latin.clone(), None, Want::Bytes(latin, plain)),
        ("a.pdf", pdf(&people), None, Want::Page),
    ];
    let b = Bench::new();
    for (name, content, ..) in &files {
        b.write(&format!("in/{name}"), content);
    }
    let (status, scan) = b.scan("in", &[]);
    let coverage = b.run(&["coverage", "--format", "json"]).stdout;
    assert_eq!((status, coverage.as_str()), (Some(0), ""), "{scan}");

    let mut asked = vec!["find"];
    asked.extend(people.iter().map(|p| p.email.as_str()));
    let found = b.json(&asked);
    assert_eq!(found["consumers"].as_array().unwrap().len(), people.len(), "everybody is one consumer, by all files together");
    let places: Vec<&Value> = found["places"].as_array().unwrap().iter().filter(|p| p["classifier"] == "generic.email").collect();
    // Who is who, by the row of the plain table.
    let ends = |p: &Value, name: &str| p["uri"].as_str().unwrap().ends_with(&format!("/{name}"));
    let row = |p: &Value| p["rows"][0][0].as_u64().map(|r| r as usize);
    let who: BTreeMap<&str, usize> =
        places.iter().filter(|p| ends(p, "a.csv")).map(|p| (p["consumer"].as_str().unwrap(), row(p).unwrap())).collect();
    assert_eq!(who.len(), people.len());
    let mut wrong = Vec::new();
    for (name, _, member, want) in &files {
        let mine: Vec<&&Value> = places.iter().filter(|p| ends(p, name) && p["member"].as_str() == *member).collect();
        let mut seen = BTreeSet::new();
        for p in &mine {
            let Some(&i) = p["consumer"].as_str().and_then(|c| who.get(c)) else { continue };
            let right = match want {
                Want::Row(field) => p["field"] == *field && p["rows"] == serde_json::json!([[i, i + 1]]),
                Want::Page => p["field"].is_null() && p["rows"] == serde_json::json!([[i, i + 1]]),
                Want::Bytes(all, encode) => {
                    let at = |k: usize| p["bytes"][0][k].as_u64().unwrap() as usize;
                    p["count"] == 1 && all.get(at(0)..at(1)) == Some(&encode(&people[i].email)[..])
                }
            };
            if right {
                seen.insert(i);
            } else {
                wrong.push(format!("{name}: person {i} at {p}"));
            }
        }
        if seen.len() != people.len() {
            wrong.push(format!("{name}: {} of {} people, {} places", seen.len(), people.len(), mine.len()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    // A mail links nobody to its sender.
    let desk = b.json(&["find", "desk@harborlight.example"]);
    assert_eq!(desk["identifiers"].as_array().unwrap().len(), 1, "{desk}");
}
