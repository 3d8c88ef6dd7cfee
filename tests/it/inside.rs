//! Values inside values, and logs whose lines have fields: what `find` says of their places.

use serde_json::{Value, json};

use crate::support::Bench;
use crate::support::written::zip;

/// `(field, rows, bytes)` of each place, by field.
fn places(b: &Bench, value: &str) -> Vec<(String, Value, Value)> {
    let found = b.json(&["find", value]);
    let places = found["places"].as_array().unwrap().iter();
    let mut out: Vec<_> = places
        .filter(|p| p["classifier"] == "generic.email")
        .map(|p| (p["field"].as_str().unwrap_or("").to_owned(), p["rows"].clone(), p["bytes"].clone()))
        .collect();
    out.sort_by(|a, b| a.0.cmp(&b.0));
    out
}

#[test]
fn what_lies_in_a_cell_is_found_at_the_cell() {
    let b = Bench::new();
    let table = [
        "id,payload,note,blob",
        r#"1,"{""user"":{""email"":""ada.winter@example.com"",""ssn"":""457-55-5462""}}",,"#,
        "2,,https://example.com/u?email=ben.summer%40example.com&x=1,",
        "3,,,Y2FybGEuc3ByaW5nQGV4YW1wbGUuY29tLCBhcyBhc2tlZA==",
        "4,,dora.fall&#64;example.com,",
        "5,,mailto:emil%2Ework@example.com?subject=x,",
    ];
    b.write("data/t.csv", table.join("\n") + "\n");
    assert_eq!(b.scan("data", &[]).0, Some(0));
    for (value, field, row) in [
        ("ada.winter@example.com", "payload.user.email", 0),
        ("ben.summer@example.com", "note", 1),
        ("carla.spring@example.com", "blob", 2),
        ("dora.fall@example.com", "note", 3),
        ("emil.work@example.com", "note", 4),
    ] {
        let got = places(&b, value);
        assert_eq!(got.len(), 1, "{value}: {got:?}");
        assert_eq!((got[0].0.as_str(), &got[0].1), (field, &json!([[row, row + 1]])), "{value}");
    }
    // What the object holds together is about one person: the number is hers.
    let found = b.json(&["find", "ada.winter@example.com"]);
    let ssn = found["places"].as_array().unwrap().iter().find(|p| p["classifier"] == "us.ssn").expect("the number of the same object");
    assert_eq!(ssn["field"], "payload.user.ssn");
}

#[test]
fn running_text_tells_the_bytes_as_they_are_written() {
    let b = Bench::new();
    let text = "worker took /u?email=ada.winter%40example.com&x=1 from the queue\nand is done\n".repeat(3);
    let line = text.len() / 3;
    b.write("data/app.log", &text);
    assert_eq!(b.scan("data", &[]).0, Some(0));
    let at = text.find("ada").unwrap();
    let want: Vec<[usize; 2]> = (0..3).map(|i| [at + i * line, at + i * line + "ada.winter%40example.com".len()]).collect();
    assert_eq!(places(&b, "ada.winter@example.com"), [(String::new(), Value::Null, json!(want))]);
}

#[test]
fn logs_have_fields() {
    let b = Bench::new();
    let line = |path: &str| format!("10.0.0.7 - - [03/Nov/2026:22:15:00 +0000] \"GET {path} HTTP/1.1\" 200 512 \"-\" \"curl/8\"\n");
    let log =
        line("/") + &line("/u?email=ada.winter%40example.com") + "and then ben.summer@example.com broke it\n" + &line("/x").repeat(20);
    b.write("data/access.log", &log);
    let task = "data/exports/web/0b54c3f6-9a55-4d1c-8f0e-d0a1b2c3d4e5/stream/000000.gz";
    let event = "2026-11-03T22:15:00.000Z INFO {\"user\":{\"email\":\"carla.spring@example.com\"}}\n";
    b.write(task, event.repeat(2));
    let envelope = json!({"messageType": "DATA_MESSAGE", "logGroup": "/app", "logStream": "s", "logEvents":
        [{"id": "1", "timestamp": 1, "message": "{\"actor\":\"dora.fall@example.com\"}"}, {"id": "2", "timestamp": 2, "message": "plain emil.work@example.com"}]});
    b.write("data/firehose/one.json", format!("{envelope}{envelope}"));
    assert_eq!(b.scan("data", &[]).0, Some(0));
    let at = log.find("/u?").unwrap();
    let request = log[..at].rfind('"').unwrap() + 1;
    // The value's own cell, since an escape in it was resolved: the whole of the request.
    let end = at + log[at..].find('"').unwrap();
    assert_eq!(places(&b, "ada.winter@example.com"), [("request".to_owned(), Value::Null, json!([[request, end]]))]);
    let at = log.find("ben").unwrap();
    assert_eq!(places(&b, "ben.summer@example.com"), [(String::new(), Value::Null, json!([[at, at + 22]]))]);
    assert_eq!(places(&b, "carla.spring@example.com")[0].0, "message.user.email");
    assert_eq!(places(&b, "dora.fall@example.com")[0].0, "logEvents[].message.actor");
    assert_eq!(places(&b, "emil.work@example.com")[0].0, "logEvents[].message");
}

#[test]
fn a_workbook_that_is_none_is_read_as_text() {
    let b = Bench::new();
    let sheet = "<worksheet><sheetData><row><c t=\"inlineStr\"><is><t>ada.winter@example.com</t></is></c></row></sheetData></worksheet>";
    b.write("data/broken.xlsx", zip(&[("xl/workbook.xml", b"<workbook><sheets>"), ("xl/worksheets/sheet1.xml", sheet.as_bytes())]));
    assert_eq!(b.scan("data", &[]).0, Some(3));
    let found = b.json(&["find", "ada.winter@example.com"]);
    let at = &found["places"][0];
    let from = sheet.find("ada").unwrap();
    assert_eq!((&at["member"], &at["bytes"]), (&json!("xl/worksheets/sheet1.xml"), &json!([[from, from + 22]])));
    let lines = b.run(&["coverage", "--format", "json"]).lines();
    assert_eq!((lines.len(), &lines[0]["reason"], &lines[0]["status"]), (1, &json!("corrupt"), &json!("partial")), "{lines:?}");
}

#[test]
fn what_a_workbook_shows_in_no_cell_is_found_once() {
    let b = Bench::new();
    let office = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/office");
    for name in ["staff.xls", "staff.xlsx", "staff.ods"] {
        b.write(&format!("data/{name}"), std::fs::read(office.join(name)).unwrap());
    }
    let (status, scan) = b.scan("data", &[]);
    assert_eq!(status, Some(0), "{scan}");
    let in_sheets = |v: &str| {
        let found = b.json(&["find", v]);
        let places = found["places"].as_array().unwrap_or_else(|| panic!("{v}: {found}")).clone();
        let mut at: Vec<(String, String, bool)> = places
            .iter()
            .filter(|p| p["classifier"] == "generic.email")
            .map(|p| {
                let file = p["uri"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
                (file, p["member"].as_str().unwrap_or("").to_owned(), p["rows"].is_null())
            })
            .collect();
        at.sort();
        at
    };
    let place = |file: &str, member: &str, bytes| (file.to_owned(), member.to_owned(), bytes);
    // A cell's value is the row's, and nobody's else.
    assert_eq!(
        in_sheets("person7@example.com"),
        [place("staff.ods", "", false), place("staff.xls", "", false), place("staff.xlsx", "", false)]
    );
    // A comment.
    let comment = [place("staff.ods", "content.xml", true), place("staff.xls", "", true), place("staff.xlsx", "xl/comments1.xml", true)];
    assert_eq!(in_sheets("ilse.berg@example.org"), comment);
    // A link.
    let link = [
        place("staff.ods", "content.xml", true),
        place("staff.xls", "", true),
        place("staff.xlsx", "xl/worksheets/_rels/sheet1.xml.rels", true),
    ];
    assert_eq!(in_sheets("pier.desk@harborlight.example"), link);
    // What is printed above the page.
    let header =
        [place("staff.ods", "styles.xml", true), place("staff.xls", "", true), place("staff.xlsx", "xl/worksheets/sheet1.xml", true)];
    assert_eq!(in_sheets("header.desk@harborlight.example"), header);
    let again = b.json(&["verify", "ilse.berg@example.org"]);
    let states: Vec<&Value> = again["objects"].as_array().unwrap().iter().map(|o| &o["state"]).collect();
    assert_eq!(states, ["remains"; 3], "such places are read again: {again}");
}

#[test]
fn sheets_that_their_reader_does_not_know_are_read_as_text() {
    let b = Bench::new();
    // The prefix of a name space is anybody's choice; the reader of sheets knows one.
    let content = "<?xml version=\"1.0\"?><office:document-content xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\" \
        xmlns:tb=\"urn:oasis:names:tc:opendocument:xmlns:table:1.0\" xmlns:text=\"urn:oasis:names:tc:opendocument:xmlns:text:1.0\">\
        <office:body><office:spreadsheet><tb:table tb:name=\"S\"><tb:table-row><tb:table-cell office:value-type=\"string\">\
        <text:p>ada.winter@example.com</text:p></tb:table-cell></tb:table-row></tb:table></office:spreadsheet></office:body></office:document-content>";
    let kind = b"application/vnd.oasis.opendocument.spreadsheet";
    b.write("data/prefix.ods", zip(&[("mimetype", &kind[..]), ("content.xml", content.as_bytes())]));
    let sheet = |mail: &str| {
        format!(
            "<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData>\
             <row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>mail</t></is></c><c r=\"B1\"><v>77</v></c>\
             <c r=\"C1\" t=\"inlineStr\"><is><t>{mail}</t></is></c></row></sheetData></worksheet>"
        )
    };
    let book = "<workbook xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" \
        xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"><sheets><sheet name=\"One\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>";
    let relations = "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" \
        Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet\" Target=\"worksheets/sheet1.xml\"/></Relationships>";
    let members = [
        ("xl/workbook.xml", book.to_owned()),
        ("xl/_rels/workbook.xml.rels", relations.to_owned()),
        ("xl/worksheets/sheet1.xml", sheet("ben.summer@example.com")),
        ("xl/worksheets/sheet9.xml", sheet("cora.walker@example.com")),
    ];
    let members: Vec<(&str, &[u8])> = members.iter().map(|(n, t)| (*n, t.as_bytes())).collect();
    b.write("data/unnamed.xlsx", zip(&members));
    let (_, scan) = b.scan("data", &[]);
    for (who, member) in [
        ("ada.winter", json!("content.xml")),
        ("ben.summer", json!("xl/worksheets/sheet1.xml")),
        ("cora.walker", json!("xl/worksheets/sheet9.xml")),
    ] {
        let found = b.json(&["find", &format!("{who}@example.com")]);
        let at: Vec<&Value> = found["places"].as_array().unwrap_or_else(|| panic!("{who}: {scan}")).iter().map(|p| &p["member"]).collect();
        assert_eq!(at, [&member], "{who}");
    }
}

#[test]
fn items_of_dynamodb_are_people_however_long_the_first_one_is() {
    let b = Bench::new();
    let item = |i: usize| match i {
        0 => json!({"Item": {"d": {"S": "x".repeat(200_000)}, "email": {"S": "b0@bg.org"}, "ssn": {"S": "536-22-8711"}}}),
        i => json!({"Item": {"email": {"S": format!("b{i}@bg.org")}, "ssn": {"S": format!("536-22-871{}", i + 1)}}}),
    };
    let lines: String = (0..4).map(|i| format!("{}\n", item(i))).collect();
    b.write("export/d.json", lines);
    let (_, done) = b.scan("export", &[]);
    assert_eq!(done["consumers"], 4, "{done}");
    let found = b.json(&["find", "b2@bg.org"]);
    let places: Vec<_> = found["places"].as_array().unwrap().iter().map(|p| (p["field"].clone(), p["rows"].clone())).collect();
    assert_eq!(places.len(), 2, "{found}");
    assert!(places.contains(&(json!("email"), json!([[2, 3]]))) && places.contains(&(json!("ssn"), json!([[2, 3]]))), "{found}");

    // What a command writes, and a stream.
    let b = Bench::new();
    let people = |i: usize| json!({"email": {"S": format!("s{i}@sc.org")}, "ssn": {"S": format!("457-55-546{i}")}});
    b.write("out/scan.json", json!({"Items": [people(1), people(2)], "Count": 2}).to_string());
    b.write("out/stream.jsonl", format!("{}\n", json!({"eventID": "1", "dynamodb": {"Keys": {"id": {"N": "1"}}, "NewImage": people(3)}})));
    assert_eq!(b.scan("out", &[]).1["consumers"], 3);
}

#[test]
fn lines_with_a_long_first_record_have_their_rows() {
    let b = Bench::new();
    let line = |i: usize| format!("{{\"d\":\"{}\",\"email\":\"r{i}@bg.org\"}}\n", "x".repeat(if i == 0 { 200_000 } else { 1 }));
    b.write("in/d.json", (0..4).map(line).collect::<String>());
    b.scan("in", &[]);
    for i in 0..4 {
        let found = b.json(&["find", &format!("r{i}@bg.org")]);
        assert_eq!(found["places"][0]["rows"], json!([[i, i + 1]]), "{found}");
    }
}
