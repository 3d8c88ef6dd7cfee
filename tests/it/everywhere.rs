//! The same people written in every format: found in all of them, in the right places.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::support::office;
use crate::support::written::*;
use crate::support::{Bench, bench};

/// Where somebody is expected in a file.
enum Want {
    /// In row `i` of this field.
    Row(&'static str),
    /// At the bytes of the address, in this encoding, in these bytes.
    Bytes(Vec<u8>, fn(&str) -> Vec<u8>),
    /// On page `i`.
    Page,
    /// In row 0 of this field of a member of its own, `i.eml`.
    Mail(&'static str),
}

/// `PIIMAP_KEEP_WRITTEN=DIR` leaves the files in a folder, for other programs to be asked what is in them.
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
    let array = format!("[{}]", json.trim_end().replace('\n', ","));
    let utf16_be = [vec![0xfe, 0xff], table.encode_utf16().flat_map(u16::to_be_bytes).collect()].concat();
    let utf32 = [vec![0xff, 0xfe, 0, 0], table.chars().flat_map(|c| (c as u32).to_le_bytes()).collect()].concat();
    // A table whose last column is no UTF-8.
    let noted = table.lines().enumerate().map(|(i, l)| format!("{l},{}\n", if i == 0 { "note" } else { "Caf\u{e9} au lait" }));
    let latin_table: Vec<u8> = noted.collect::<String>().chars().map(|c| c as u8).collect();
    let (fixed_text, widths) = fixed(&people);
    let paragraphs = |tag: &str| lines(&people, |_, p| format!("<{tag}>Write to {}, number {}</{tag}>", p.email, p.ssn));
    let odt = open_content(&format!("<office:text>{}</office:text>", paragraphs("text:p")));
    let slides = format!("<p:sld>{}</p:sld>", paragraphs("a:t"));
    let xml = format!("<?xml version=\"1.0\"?>\n<people>{}</people>", paragraphs("person"));
    let mails: Vec<(String, String)> = people.iter().enumerate().map(|(i, p)| (format!("{i}.eml"), mail(i, p))).collect();
    let borrowed: Vec<(&str, &[u8])> = mails.iter().map(|(n, m)| (n.as_str(), m.as_bytes())).collect();
    let inner7 = sevenz(&[("people.csv", table.as_bytes())]);
    // File, content, member, place.
    let mut files: Vec<(&str, Vec<u8>, Option<&str>, Want)> = vec![
        ("a.csv", table.clone().into_bytes(), None, Want::Row("email")),
        ("a.jsonl", json.into_bytes(), None, Want::Row("email")),
        ("tabs.txt", table.replace(',', "\t").into_bytes(), None, Want::Row("email")),
        ("utf16.csv", utf16(&table), None, Want::Row("email")),
        ("utf16be.csv", utf16_be, None, Want::Row("email")),
        ("utf32.csv", utf32, None, Want::Row("email")),
        ("latin.csv", latin_table, None, Want::Row("email")),
        ("a.fixed", fixed_text.into_bytes(), None, Want::Row("email")),
        ("array.json", array.into_bytes(), None, Want::Row("email")),
        ("dynamodb.json", dynamodb(&people).into_bytes(), None, Want::Row("contact.email")),
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
        ("a.xlsb", xlsb(&people), None, Want::Row("Staff.email")),
        ("a.xls", xls(&people), None, Want::Row("Staff.email")),
        ("a.ods", ods(&people), None, Want::Row("Staff.email")),
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
        ("a.odt", open_document("text", &odt), Some("content.xml"), Want::Bytes(odt.into_bytes(), plain)),
        (
            "a.pptx",
            zip(&[("[Content_Types].xml", b"<Types/>"), ("ppt/slides/slide1.xml", slides.as_bytes())]),
            Some("ppt/slides/slide1.xml"),
            Want::Bytes(slides.into_bytes(), plain),
        ),
        (
            "a.epub",
            zip(&[("mimetype", b"application/epub+zip"), ("OEBPS/one.xhtml", html.as_bytes())]),
            Some("OEBPS/one.xhtml"),
            Want::Bytes(html.clone().into_bytes(), plain),
        ),
        ("a.xml", xml.clone().into_bytes(), None, Want::Bytes(xml.into_bytes(), plain)),
        ("list.eml", mail_with_table(&people).into_bytes(), Some("people.csv"), Want::Row("email")),
        ("mails.zip", zip(&borrowed), None, Want::Mail("to.address")),
        ("a.html", html.clone().into_bytes(), None, Want::Bytes(html.into_bytes(), plain)),
        ("a.rtf", rtf.clone().into_bytes(), None, Want::Bytes(rtf.into_bytes(), plain)),
        ("a.txt", text.clone().into_bytes(), None, Want::Bytes(text.clone().into_bytes(), plain)),
        ("utf16.txt", utf16(&text), None, Want::Bytes(utf16(&text), utf16)),
        ("latin.txt", latin.clone(), None, Want::Bytes(latin, plain)),
        ("a.pdf", pdf(&people), None, Want::Page),
        ("a.doc", office::doc(&people), None, Want::Bytes(office::doc(&people), plain)),
        ("a.ppt", office::ppt(&people), None, Want::Bytes(office::ppt(&people), utf16)),
        ("a.msg", office::msg(&people, &table), Some("people.csv"), Want::Row("email")),
        ("a.dump", office::pgdump(&people), None, Want::Row("people.email")),
        ("a.7z", inner7, Some("people.csv"), Want::Row("email")),
    ];
    let packed: Vec<(String, Vec<u8>)> = packings(table.as_bytes()).into_iter().map(|(end, d)| (format!("packed.csv.{end}"), d)).collect();
    // Written by 7-Zip: nothing here writes Deflate64.
    let of_repository = |name: &str| std::fs::read(bench::repository().join("tests/data/zip").join(name)).unwrap();
    for member in ["deflate64.csv", "lzma.csv", "lzma-unmarked.csv", "ppmd.csv", "xz.csv"] {
        files.push(("methods.zip", of_repository("methods.zip"), Some(member), Want::Row("email")));
    }
    files.push(("deflate64.7z", of_repository("deflate64.7z"), Some("deflate64.csv"), Want::Row("email")));
    files.extend(packed.iter().map(|(name, data)| (name.as_str(), data.clone(), None, Want::Row("email"))));
    let b = Bench::new();
    b.write("piimap.toml", format!("[[table]]\nuri = \"**/a.fixed\"\nfixed_width = \"{widths}\"\n"));
    for (name, content, ..) in &files {
        b.write(&format!("in/{name}"), content);
    }
    if let Some(dir) = std::env::var_os("PIIMAP_KEEP_WRITTEN") {
        bench::copy(&b.path("in"), std::path::Path::new(&dir));
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
        let mails = matches!(want, Want::Mail(_));
        let mine: Vec<&&Value> = places.iter().filter(|p| ends(p, name) && (mails || p["member"].as_str() == *member)).collect();
        let mut seen = BTreeSet::new();
        for p in &mine {
            let Some(&i) = p["consumer"].as_str().and_then(|c| who.get(c)) else { continue };
            let right = match want {
                Want::Row(field) => p["field"] == *field && p["rows"] == json!([[i, i + 1]]),
                Want::Page => p["field"].is_null() && p["rows"] == json!([[i, i + 1]]),
                Want::Mail(field) => p["field"] == *field && p["rows"] == json!([[0, 1]]) && p["member"] == format!("{i}.eml").as_str(),
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
    let many = wrong.len();
    wrong.truncate(30);
    assert!(wrong.is_empty(), "{many} wrong:\n{}", wrong.join("\n"));

    // Recipients of one message are people of their own.
    let of_message = places.iter().filter(|p| ends(p, "a.msg") && p["member"].is_null() && p["field"] == "recipient.address");
    assert_eq!(of_message.filter_map(|p| p["consumer"].as_str()).collect::<BTreeSet<_>>().len(), people.len());

    // A mail links nobody to its sender.
    let desk = b.json(&["find", "desk@harborlight.example"]);
    assert_eq!(desk["identifiers"].as_array().unwrap().len(), 1, "{desk}");
}
