//! The same people in every format, written here as the formats' specifications have it, without the readers' help.

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};

use crate::generate::{SEED, people as invented};

/// Who is planted: what every format can hold.
pub struct Planted {
    pub name: String,
    pub email: String,
    pub ssn: String,
    pub phone: String,
}

/// A thousand people, no two with the same number, telephone or address.
pub fn people() -> Vec<Planted> {
    let mut seen = BTreeSet::new();
    let mut fresh = |p: &&invented::Person| [p.ssn.clone(), p.phone_as(0), p.email.clone()].into_iter().all(|v| seen.insert(v));
    let customers = invented::people(SEED, 6_000);
    let new = |p: &invented::Person| Planted { name: p.name(), email: p.email.clone(), ssn: p.ssn.clone(), phone: p.phone_as(0) };
    let out: Vec<Planted> = customers.iter().filter(|p| fresh(p)).take(1_000).map(new).collect();
    assert_eq!(out.len(), 1_000, "too few people differ");
    out
}

pub const COLUMNS: [&str; 4] = ["name", "email", "ssn", "phone"];

impl Planted {
    pub fn values(&self) -> [&str; 4] {
        [&self.name, &self.email, &self.ssn, &self.phone]
    }
}

pub fn lines(people: &[Planted], each: impl Fn(usize, &Planted) -> String) -> String {
    people.iter().enumerate().map(|(i, p)| each(i, p)).collect()
}

pub fn csv(people: &[Planted]) -> String {
    format!("id,{}\n{}", COLUMNS.join(","), lines(people, |i, p| format!("{i},{}\n", p.values().join(","))))
}

pub fn prose(people: &[Planted]) -> String {
    lines(people, |_, p| format!("Caf\u{e9} note: please write to {}, telephone {}, social security number {}.\n", p.email, p.phone, p.ssn))
}

/// A zip archive of stored members.
pub fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
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

pub fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
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

pub fn gzip(data: &[u8]) -> Vec<u8> {
    let mut e = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    e.write_all(data).unwrap();
    e.finish().unwrap()
}

pub fn zlib(data: &[u8]) -> Vec<u8> {
    let mut e = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    e.write_all(data).unwrap();
    e.finish().unwrap()
}

pub fn batch(people: &[Planted]) -> RecordBatch {
    let id: ArrayRef = Arc::new(Int64Array::from_iter_values(0..people.len() as i64));
    let mut columns = vec![("id", id)];
    for (i, name) in COLUMNS.iter().enumerate() {
        columns.push((name, Arc::new(StringArray::from_iter_values(people.iter().map(|p| p.values()[i]))) as ArrayRef));
    }
    RecordBatch::try_from_iter(columns).unwrap()
}

pub fn parquet(people: &[Planted]) -> Vec<u8> {
    let b = batch(people);
    let mut w = ::parquet::arrow::ArrowWriter::try_new(Vec::new(), b.schema(), None).unwrap();
    w.write(&b).unwrap();
    w.into_inner().unwrap()
}

pub fn orc(people: &[Planted]) -> Vec<u8> {
    let (b, mut out) = (batch(people), Vec::new());
    let mut w = orc_rust::ArrowWriterBuilder::new(&mut out, b.schema()).try_build().unwrap();
    w.write(&b).unwrap();
    w.close().unwrap();
    out
}

/// Avro with a nested record, as its specification writes it down, in two blocks.
pub fn avro(people: &[Planted]) -> Vec<u8> {
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
pub fn bson(people: &[Planted]) -> Vec<u8> {
    let document = |elements: Vec<u8>| [&(elements.len() as u32 + 5).to_le_bytes()[..], &elements, &[0]].concat();
    let text = |n: &str, t: &str| [b"\x02", n.as_bytes(), b"\0", &(t.len() as u32 + 1).to_le_bytes(), t.as_bytes(), b"\0"].concat();
    let person = |p: &Planted| {
        let contact: Vec<u8> = COLUMNS.iter().zip(p.values()).skip(1).flat_map(|(n, v)| text(n, v)).collect();
        document([text("name", &p.name), b"\x03contact\0".to_vec(), document(contact)].concat())
    };
    people.iter().flat_map(person).collect()
}

/// Binary Ion: structs whose names are symbols 10 and on.
pub fn ion(people: &[Planted]) -> Vec<u8> {
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

pub fn sqlite(people: &[Planted]) -> Vec<u8> {
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

pub fn xlsx(people: &[Planted]) -> Vec<u8> {
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
                "<Types xmlns=\"{ns}/package/2006/content-types\"><Default Extension=\"xml\" ContentType=\"application/xml\"/><Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Override PartName=\"/xl/workbook.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml\"/><Override PartName=\"/xl/worksheets/sheet1.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml\"/></Types>"
            )
            .as_bytes(),
        ),
        ("_rels/.rels", rels("officeDocument", "xl/workbook.xml").as_bytes()),
        ("xl/workbook.xml", workbook.as_bytes()),
        ("xl/_rels/workbook.xml.rels", rels("worksheet", "worksheets/sheet1.xml").as_bytes()),
        ("xl/worksheets/sheet1.xml", format!("<worksheet xmlns=\"{main}\"><sheetData>{rows}</sheetData></worksheet>").as_bytes()),
    ])
}

/// An old workbook: the records of [MS-XLS] in a compound file, the table at its corner.
pub fn xls(people: &[Planted]) -> Vec<u8> {
    let record = |kind: u16, data: &[u8]| [&kind.to_le_bytes()[..], &(data.len() as u16).to_le_bytes(), data].concat();
    let begin = |what: u16| record(0x0809, &[&0x0600u16.to_le_bytes()[..], &what.to_le_bytes(), &[0; 12]].concat());
    let label = |row: usize, column: usize, t: &str| {
        let head = [row as u16, column as u16, 0, t.len() as u16].map(u16::to_le_bytes).concat();
        record(0x0204, &[&head[..], &[0], t.as_bytes()].concat())
    };
    let globals = begin(5);
    let sheet_at = (globals.len() + 4 + 13 + 4) as u32;
    let named = record(0x0085, &[&sheet_at.to_le_bytes()[..], &[0, 0, 5, 0], b"Staff"].concat());
    let corners = [&[0; 4][..], &(people.len() as u32 + 1).to_le_bytes(), &[0, 0, 4, 0, 0, 0]].concat();
    let mut stream = [globals, named, record(0x000a, &[]), begin(0x10), record(0x0200, &corners)].concat();
    let rows = [COLUMNS].into_iter().chain(people.iter().map(Planted::values));
    stream.extend(rows.enumerate().flat_map(|(r, row)| (0..4).flat_map(|c| label(r, c, row[c])).collect::<Vec<u8>>()));
    stream.extend(record(0x000a, &[]));
    let mut file = cfb::CompoundFile::create_with_version(cfb::Version::V3, std::io::Cursor::new(Vec::new())).unwrap();
    file.create_stream("Workbook").unwrap().write_all(&stream).unwrap();
    file.into_inner().into_inner()
}

/// A binary workbook: the records of [MS-XLSB].
pub fn xlsb(people: &[Planted]) -> Vec<u8> {
    let number = |n: usize| if n < 128 { vec![n as u8] } else { vec![n as u8 | 0x80, (n >> 7) as u8] };
    let record = |kind: usize, data: &[u8]| [number(kind), number(data.len()), data.to_vec()].concat();
    let text = |t: &str| [(t.len() as u32).to_le_bytes().to_vec(), utf16(t)].concat();
    let sheet = record(156, &[vec![0, 0, 0, 0, 1, 0, 0, 0], text("rId1"), text("Staff")].concat());
    let book = [record(131, &[]), record(143, &[]), sheet, record(144, &[]), record(157, &[0; 26]), record(132, &[])].concat();
    let corners: Vec<u8> = [0, people.len() as u32, 0, 3].into_iter().flat_map(u32::to_le_bytes).collect();
    let row = |(r, row): (usize, [&str; 4])| {
        let cell = |c: usize| record(6, &[(c as u32).to_le_bytes().to_vec(), vec![0; 4], text(row[c])].concat());
        [vec![record(0, &[&(r as u32).to_le_bytes()[..], &[0; 13]].concat())], (0..4).map(cell).collect()].concat().concat()
    };
    let rows: Vec<u8> = [COLUMNS].into_iter().chain(people.iter().map(Planted::values)).enumerate().flat_map(row).collect();
    let sheet = [record(129, &[]), record(148, &corners), record(145, &[]), rows, record(146, &[]), record(130, &[])].concat();
    let relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet";
    let rels = format!(
        "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" Type=\"{relation}\" Target=\"worksheets/sheet1.bin\"/></Relationships>"
    );
    zip(&[
        ("[Content_Types].xml", b"<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"/>"),
        ("xl/workbook.bin", &book),
        ("xl/_rels/workbook.bin.rels", rels.as_bytes()),
        ("xl/worksheets/sheet1.bin", &sheet),
    ])
}

const OASIS: &str = "urn:oasis:names:tc:opendocument:xmlns";

/// OpenDocument: what its content is, and the content.
pub fn open_document(kind: &str, content: &str) -> Vec<u8> {
    let kind = format!("application/vnd.oasis.opendocument.{kind}");
    let manifest = format!(
        "<manifest:manifest xmlns:manifest=\"{OASIS}:manifest:1.0\"><manifest:file-entry manifest:full-path=\"/\" manifest:media-type=\"{kind}\"/><manifest:file-entry manifest:full-path=\"content.xml\" manifest:media-type=\"text/xml\"/></manifest:manifest>"
    );
    zip(&[("mimetype", kind.as_bytes()), ("content.xml", content.as_bytes()), ("META-INF/manifest.xml", manifest.as_bytes())])
}

/// The content of an OpenDocument file.
pub fn open_content(body: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><office:document-content xmlns:office=\"{OASIS}:office:1.0\" xmlns:table=\"{OASIS}:table:1.0\" xmlns:text=\"{OASIS}:text:1.0\"><office:body>{body}</office:body></office:document-content>"
    )
}

pub fn ods(people: &[Planted]) -> Vec<u8> {
    let cell = |v: &str| format!("<table:table-cell office:value-type=\"string\"><text:p>{v}</text:p></table:table-cell>");
    let row = |values: [&str; 4]| format!("<table:table-row>{}</table:table-row>", values.map(cell).concat());
    let rows = row(COLUMNS) + &lines(people, |_, p| row(p.values()));
    let table = format!("<office:spreadsheet><table:table table:name=\"Staff\">{rows}</table:table></office:spreadsheet>");
    open_document("spreadsheet", &open_content(&table))
}

/// A DynamoDB export, the address within a map.
pub fn dynamodb(people: &[Planted]) -> String {
    lines(people, |_, p| {
        let typed = |n: usize| format!("\"{}\":{{\"S\":\"{}\"}}", COLUMNS[n], p.values()[n]);
        format!("{{\"Item\":{{{},\"contact\":{{\"M\":{{{},{},{}}}}}}}}}\n", typed(0), typed(1), typed(2), typed(3))
    })
}

/// Columns of fixed widths, with the specification of them.
pub fn fixed(people: &[Planted]) -> (String, &'static str) {
    let line = |p: &Planted| format!("{:<40}{:<60}{:<11}{:<20}\n", p.name, p.email, p.ssn, p.phone);
    (lines(people, |_, p| line(p)), "name:40,email:60,ssn:11,phone:20")
}

/// A mail with the table attached.
pub fn mail_with_table(people: &[Planted]) -> String {
    use base64::Engine;
    let packed = base64::engine::general_purpose::STANDARD.encode(csv(people));
    let wrapped: Vec<&str> = (0..packed.len()).step_by(76).map(|i| &packed[i..packed.len().min(i + 76)]).collect();
    format!(
        "From: Desk <desk@harborlight.example>\nSubject: the list\nDate: Sat, 7 Nov 2026 10:00:00 +0000\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"cut\"\n\n--cut\nContent-Type: text/plain\n\nhere it is\n--cut\nContent-Type: text/csv; name=\"people.csv\"\nContent-Disposition: attachment; filename=\"people.csv\"\nContent-Transfer-Encoding: base64\n\n{}\n--cut--\n",
        wrapped.join("\n")
    )
}

/// The same bytes in every packing that has a library here: what its file's name ends in, and its bytes.
pub fn packings(data: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut bz = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    bz.write_all(data).unwrap();
    let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 1);
    xz.write_all(data).unwrap();
    let mut lz4 = lz4_flex::frame::FrameEncoder::new(Vec::new());
    lz4.write_all(data).unwrap();
    let mut snappy = snap::write::FrameEncoder::new(Vec::new());
    snappy.write_all(data).unwrap();
    let block = snap::raw::Encoder::new().compress_vec(data).unwrap();
    let hadoop = [&(data.len() as u32).to_be_bytes()[..], &(block.len() as u32).to_be_bytes(), &block].concat();
    vec![
        ("gz", gzip(data)),
        ("bz2", bz.finish().unwrap()),
        ("xz", xz.finish().unwrap()),
        ("zst", zstd::encode_all(data, 1).unwrap()),
        ("lz4", lz4.finish().unwrap()),
        ("sz", snappy.into_inner().unwrap()),
        ("snappy", hadoop),
        ("br", super::office::brotli(data)),
    ]
}

/// The main part of a Word document; every address is split over two runs, as spelling marks do.
pub fn word(people: &[Planted]) -> String {
    let p = |t: &str| format!("<w:p><w:r><w:t>{}</w:t></w:r><w:r><w:t>{}</w:t></w:r></w:p>", &t[..t.len() / 2], &t[t.len() / 2..]);
    let body = lines(people, |_, x| p(&format!("Write to {} today", x.email)) + &p(&format!("social security number {}", x.ssn)));
    format!(
        "<?xml version=\"1.0\"?><w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"><w:body>{body}</w:body></w:document>"
    )
}

/// A page for everybody.
pub fn pdf(people: &[Planted]) -> Vec<u8> {
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
        format!(
            "2 0 obj <</Type/Pages/Resources<</Font<</F 3 0 R>>>>/Kids[{kids}]>> endobj\ntrailer <</Root 1 0 R>>\nstartxref\n0\n%%EOF\n"
        )
        .into_bytes(),
    );
    out
}

pub fn mail(i: usize, p: &Planted) -> String {
    format!(
        "From: Desk <desk@harborlight.example>\nTo: {} <{}>\nSubject: case {i}\nDate: Sat, 7 Nov 2026 10:00:00 +0000\n\nYour number on file is {}.\n\n",
        p.name, p.email, p.phone
    )
}

pub fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

pub fn sevenz(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut w = sevenz_rust2::ArchiveWriter::new(std::io::Cursor::new(Vec::new())).unwrap();
    for (name, data) in members {
        w.push_archive_entry(sevenz_rust2::ArchiveEntry::new_file(name), Some(*data)).unwrap();
    }
    w.finish().unwrap().into_inner()
}
