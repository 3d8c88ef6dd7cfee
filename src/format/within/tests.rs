use proptest::prelude::*;

use crate::base::{Batch, Hint, PlaceKind, ROW_SCOPE};
use crate::format::tests::{input, read};
use crate::format::{Limits, open};

/// All values as `row field=value`.
fn values(data: &str, name: &str) -> Vec<String> {
    let got = read(data.as_bytes(), name, 1000, &Hint::default(), &Limits::default()).unwrap();
    assert_eq!(got.3, None);
    got.1.iter().map(|(row, field, v)| format!("{row} {field}={}", String::from_utf8_lossy(v))).collect()
}

#[test]
fn cells_of_tables_are_looked_into() {
    let csv = "id,payload,note\n\
        1,\"{\"\"user\"\":{\"\"email\"\":\"\"jane@x.com\"\"},\"\"n\"\":[{\"\"m\"\":\"\"1\"\"},{\"\"m\"\":\"\"2\"\"}]}\",plain\n\
        2,x,jane%40x.com\n\
        3,\"INFO got {\"\"k\"\":\"\"a\\\"\"b\"\"}\",O&#39;Neil\n\
        4,amFuZS5yb2VAZXhhbXBsZS5jb20=,{}\n\
        5,eyJlbWFpbCI6ImphbmVAeC5jb20iLCJsIjpbInkiXX0=,\"{not,json}\"\n";
    assert_eq!(
        values(csv, "t.csv"),
        [
            "0 id=1",
            "0 payload.user.email=jane@x.com",
            "0 payload.n[].m=1",
            "0 payload.n[].m=2",
            "0 note=plain",
            "1 id=2",
            "1 payload=x",
            "1 note=jane@x.com",
            "2 id=3",
            "2 payload=INFO got",
            "2 payload.k=a\"b",
            "2 note=O'Neil",
            "3 id=4",
            "3 payload=amFuZS5yb2VAZXhhbXBsZS5jb20=",
            "3 note={}",
            "4 id=5",
            "4 payload=eyJlbWFpbCI6ImphbmVAeC5jb20iLCJsIjpbInkiXX0=",
            "4 note={not,json}",
            // What is decoded stands behind the rest of its batch.
            "3 payload=jane.roe@example.com",
            "4 payload.email=jane@x.com",
            "4 payload.l[]=y",
        ]
    );
    let lines = "{\"a\":\"{\\\"b\\\":{\\\"c\\\":\\\"d\\\"}}\"}\n{\"new\":\"x\",\"a\":\"[\\\"y\\\"]\"}\n";
    assert_eq!(values(lines, "t.jsonl"), ["0 a.b.c=d", "1 new=x", "1 a[]=y"]);
}

#[test]
fn binary_attributes_of_dynamodb_are_text_however_short() {
    let item = r#"{"Item":{"id":{"N":"1"},"b":{"B":"NTM2LTIyLTg3MTE="},"l":{"BS":["SvxyZ2VuIFJv3ywgckB4LmRl","jwH+E3ecANTiGwyq"]},"z":{"B":"H4sIAAAAAAACAzM1NtM1MtK1MDc0AgBXLQjbCwAAAA=="},"s":{"S":"NTM2LTIyLTg3MTE="}}}"#;
    let want =
        ["0 id=1", "0 l[]=jwH+E3ecANTiGwyq", "0 s=NTM2LTIyLTg3MTE=", "0 b=536-22-8711", "0 l[]=Jürgen Roß, r@x.de", "0 z=536-22-8712"];
    assert_eq!(values(item, "x.json"), want);
}

#[test]
fn bytes_in_hexadecimal_and_packed_ones_are_text() {
    let hex = |v: &[u8]| v.iter().fold("\\x".to_owned(), |h, b| format!("{h}{b:02x}"));
    let csv = format!(
        "id,payload\n1,{}\n2,{}\n3,{}\n4,\\xyz\n",
        hex(b"Stra\xdfe 5, ann@x.com"),
        hex(b"536-22-8711"),
        hex(&[0x9c, 0, 0xd4, 0xe2, 1, 0xfe, 7])
    );
    let got = values(&csv, "t.csv");
    assert_eq!(got.len(), 10, "{got:?}");
    assert_eq!(got[8..], ["0 payload=Straße 5, ann@x.com", "1 payload=536-22-8711"]);
    // A subscription of CloudWatch's logs.
    let event = r#"{"awslogs":{"data":"H4sIAAAAAAACA6tWyi/PSy1SslJQMlTSUVDKBbES8/Ic0qv08ovSlWoBa9PfYiEAAAA="}}"#;
    assert_eq!(values(event, "x.json")[1..], ["0 awslogs.data.owner=1", "0 awslogs.data.m=ann@gz.org"]);
}

#[test]
fn whole_numbers_are_read_as_such_in_cells_alone() {
    let csv = "ssn,zip,price,note\n536228711.0,94110.0,12345.00,4711.0\n5.36228711E8,94110.5,99.90,costs 123456.0\n457555462.00,,,\n";
    let want = [
        "0 ssn=536228711",
        "0 zip=94110",
        "0 price=12345.00",
        "0 note=4711.0",
        "1 ssn=536228711",
        "1 zip=94110.5",
        "1 price=99.90",
        "1 note=costs 123456.0",
        "2 ssn=457555462",
    ];
    assert_eq!(values(csv, "t.csv"), want);
    assert_eq!(values("{\"a\":536228711.0,\"b\":\"536228711.0\"}\n", "t.jsonl"), ["0 a=536228711", "0 b=536228711"]);
    assert_eq!(values("in all 536228711.0 of them", "t.txt"), ["0 text=in all 536228711.0 of them"]);
    // The place is that of the value as it is written.
    let doc = b"{\"a\":{\"ssn\":536228711.0}}";
    let mut r = open(input(doc, 1000), "t.json", &Hint::default(), &Limits::default()).unwrap();
    let mut b = Batch::default();
    assert!(r.next_batch(&mut b).unwrap());
    assert_eq!((b.places, b.member_range(Some(&b.cells[0]), b.cells[0].start, b.cells[0].end)), (PlaceKind::RowsAndBytes, 12..23));
}

#[test]
fn fields_keep_their_numbers_when_the_reader_finds_more() {
    // Small batches: the names of later ones come after those that lie within.
    let data: String = (0..200).map(|i| format!("{{\"f{i}\":\"v{i}\",\"p\":\"{{\\\"k{}\\\":\\\"w\\\"}}\"}}\n", i % 7)).collect();
    let limits = Limits { batch_bytes: 256, ..Limits::default() };
    let got = read(data.as_bytes(), "t.jsonl", 64, &Hint::default(), &limits).unwrap().1;
    let want: Vec<(u64, String, Vec<u8>)> = (0..200u64)
        .flat_map(|i| [(i, format!("f{i}"), format!("v{i}").into_bytes()), (i, format!("p.k{}", i % 7), b"w".to_vec())])
        .collect();
    assert_eq!(got, want);
}

#[test]
fn one_object_is_about_its_row_and_several_are_not() {
    let scopes = |json: &str| {
        let csv = format!("id,p\n1,\"{}\"\n", json.replace('"', "\"\""));
        let mut r = open(input(csv.as_bytes(), 1000), "t.csv", &Hint::default(), &Limits::default()).unwrap();
        let mut b = Batch::default();
        assert!(r.next_batch(&mut b).unwrap());
        b.cells.iter().skip(1).map(|c| (c.scope != ROW_SCOPE).then(|| (c.scope, b.scopes[c.scope as usize].parent))).collect::<Vec<_>>()
    };
    assert_eq!(scopes(r#"{"user":{"a":"1","b":{"c":"2"}}}"#), [None, None]);
    assert_eq!(
        scopes(r#"{"x":"0","from":{"a":"1"},"to":{"a":"2","d":{"e":"3"}}}"#),
        [None, Some((0, None)), Some((1, None)), Some((2, Some(1)))]
    );
    assert_eq!(scopes(r#"[{"a":"1"},{"a":"2"}]"#), [Some((0, None)), Some((1, None))]);
}

/// The bytes of the member that each value was made of.
fn places(data: &[u8], name: &str, limits: &Limits) -> Vec<(String, String)> {
    let mut r = open(input(data, 50), name, &Hint::default(), limits).unwrap();
    let (mut b, mut out) = (Batch::default(), Vec::new());
    while r.next_batch(&mut b).unwrap() {
        for c in &b.cells {
            let range = b.member_range(Some(c), c.start, c.end);
            let raw = &data[range.start as usize..range.end as usize];
            out.push((String::from_utf8_lossy(b.value(c)).into_owned(), String::from_utf8_lossy(raw).into_owned()));
        }
    }
    out
}

#[test]
fn bytes_are_those_of_the_value_around() {
    let inner = r#"{\"b\":\"c\",\"d\":\"e\"}"#;
    let signs = "457\u{2011}é\u{a0}55";
    let data = format!(r#"{{"a":"{inner}", "e":"jane%40x.com", "t":"amFuZS5yb2VAZXhhbXBsZS5jb20=", "s":"{signs}", "z":"end"}}"#);
    let got = places(data.as_bytes(), "t.json", &Limits::default());
    let want = [
        ("c", inner),
        ("e", inner),
        ("jane@x.com", "jane%40x.com"),
        ("amFuZS5yb2VAZXhhbXBsZS5jb20=", "amFuZS5yb2VAZXhhbXBsZS5jb20="),
        ("457-é 55", signs),
        ("end", "end"),
        ("jane.roe@example.com", "amFuZS5yb2VAZXhhbXBsZS5jb20="),
    ];
    assert_eq!(got, want.map(|(a, b)| (a.to_owned(), b.to_owned())));
    // Batches behind one to which something was added still know their places.
    let many: String = (0..50).map(|i| format!(r#""t{i}":"amFuZS5yb2VAZXhhbXBsZS5jb20=","w{i}":"v{i}","#)).collect();
    let data = format!(r#"{{{many}"z":"end"}}"#);
    let small = Limits { batch_bytes: 200, ..Limits::default() };
    for (value, raw) in places(data.as_bytes(), "t.json", &small) {
        assert_eq!(raw, if value == "jane.roe@example.com" { "amFuZS5yb2VAZXhhbXBsZS5jb20=" } else { &value });
    }
}

#[test]
fn text_knows_where_its_escapes_stood() {
    let line = "10.0.0.7 GET /p?email=jane%40example.com&n=J%C3%BCrgen+Holm &#64; end\n";
    let data = line.repeat(40);
    let limits = Limits { batch_bytes: 300, overlap: 80, ..Limits::default() };
    let mut r = open(input(data.as_bytes(), 100), "a.log", &Hint::default(), &limits).unwrap();
    let (mut b, mut found, mut at) = (Batch::default(), Vec::new(), 0);
    while r.next_batch(&mut b).unwrap() {
        assert_eq!(b.places, PlaceKind::Bytes);
        assert!(b.offset + b.core.start as u64 >= at);
        at = b.offset + b.core.end as u64;
        for (i, _) in b.bytes.windows(4).enumerate().filter(|(i, w)| *w == b"jane" && b.core.contains(i)) {
            let value = "jane@example.com&n=Jürgen Holm @".len();
            let range = b.member_range(None, i as u32, (i + value) as u32);
            found.push(range.start);
            assert_eq!(&b.bytes[i..i + value], "jane@example.com&n=Jürgen Holm @".as_bytes());
            assert_eq!(&data[range.start as usize..range.end as usize], "jane%40example.com&n=J%C3%BCrgen+Holm &#64;");
            let end = b.member_range(None, (i + value + 1) as u32, (i + value + 4) as u32);
            assert_eq!(&data[end.start as usize..end.end as usize], "end");
        }
    }
    let want: Vec<u64> = (0..40).map(|i| (i * line.len() + line.find("jane").unwrap()) as u64).collect();
    assert_eq!(found, want);
}

proptest! {
    #[test]
    fn any_table_is_read(cells in proptest::collection::vec(r#"[{}\[\]":,a1%40&#;+= ü]{0,40}|[A-Za-z0-9+/]{20,32}=?"#, 1..20), batch_bytes in 64usize..300) {
        let quoted: Vec<String> = cells.iter().map(|c| format!("x,\"{}\"\n", c.replace('"', "\"\""))).collect();
        let limits = Limits { batch_bytes, ..Limits::default() };
        for (name, data) in [("t.csv", quoted.concat()), ("t.log", cells.concat()), ("t.jsonl", cells.iter().map(|c| format!("{}\n", serde_json::json!({"a": c}))).collect())] {
            let _ = read(data.as_bytes(), name, 33, &Hint::default(), &limits);
        }
    }
}
