//! What all readers are held to, on good, cut and damaged data.

use proptest::prelude::*;

use super::*;
use crate::base::MemoryInput;

/// One value: row, field, bytes.
pub(super) type Value = (u64, String, Vec<u8>);

/// Reads everything and checks what every batch promises.
pub(super) fn read(
    data: &[u8],
    name: &str,
    chunk: usize,
    hint: &Hint,
    limits: &Limits,
) -> Result<(&'static str, Vec<Value>, Vec<Issue>, Option<Reason>)> {
    let input = PeekInput::new(Box::new(MemoryInput::with_chunk(data.to_vec(), chunk)));
    let mut r = open(input, name, hint, limits)?;
    let mut b = Batch::default();
    let (mut values, mut issues, mut at, mut open_before, mut batches) = (Vec::new(), Vec::new(), 0, 0, 0);
    let failed = loop {
        match r.next_batch(&mut b) {
            Ok(true) => {}
            Ok(false) => break None,
            Err(e) => break Some(e.reason),
        }
        batches += 1;
        assert!(batches < 100 + 4 * data.len(), "the reader does not come to an end");
        b.spread_all();
        assert!(b.core.start <= b.core.end && b.core.end <= b.bytes.len());
        if !b.bytes.is_empty() {
            assert!(b.offset + b.core.start as u64 >= at, "cores follow one another");
            at = b.offset + b.core.end as u64;
        }
        assert!(b.cells.windows(2).all(|w| w[0].raw_end <= w[1].start), "cells lie in order");
        for c in &b.cells {
            assert!(c.start < c.end && c.end <= c.raw_end && c.raw_end as usize <= b.bytes.len());
            assert!(c.scope >= crate::base::PROSE_SCOPE || (c.scope as usize) < b.scopes.len());
            if (c.start as usize) < b.core.end && c.end as usize > b.core.start {
                let piece = (c.start as usize).max(b.core.start)..(c.end as usize).min(b.core.end);
                values.push((b.first_row + u64::from(c.row), b.fields[c.field as usize].clone(), b.bytes[piece].to_vec()));
            }
        }
        if b.cells.is_empty() && !b.bytes.is_empty() {
            values.push((0, "text".into(), b.bytes[b.core.clone()].to_vec()));
        }
        assert_eq!(b.carried, open_before, "scopes go on");
        open_before = b.open.len();
        assert!(b.scopes.iter().enumerate().all(|(i, s)| s.parent.is_none_or(|p| (p as usize) < i)));
        issues.extend(r.take_issues());
    };
    assert!(!r.next_batch(&mut b).unwrap_or(true), "nothing follows the end");
    issues.extend(r.take_issues());
    Ok((r.kind(), values, issues, failed))
}

/// Reads with both readers to the end and holds each batch of one to that of the other.
pub(super) fn same_batches(fast: &mut dyn Reader, plain: &mut dyn Reader) {
    let (mut a, mut b) = (Batch::default(), Batch::default());
    loop {
        let (more, wanted) = (fast.next_batch(&mut a), plain.next_batch(&mut b));
        assert_eq!(format!("{a:?}"), format!("{b:?}"));
        let issues = |r: &mut dyn Reader| r.take_issues().into_iter().map(|i| (i.reason, i.detail)).collect::<Vec<_>>();
        assert_eq!(issues(fast), issues(plain));
        match (more, wanted) {
            (Ok(true), Ok(true)) => {}
            (Ok(false), Ok(false)) => return,
            (a, b) => return assert_eq!(a.map_err(|e| e.reason), b.map_err(|e| e.reason)),
        }
    }
}

/// An input of `data` in chunks.
pub(super) fn input(data: &[u8], chunk: usize) -> PeekInput {
    PeekInput::new(Box::new(MemoryInput::with_chunk(data.to_vec(), chunk)))
}

fn kind(data: &[u8], name: &str) -> std::result::Result<&'static str, Reason> {
    read(data, name, 1000, &Hint::default(), &Limits::default()).map(|r| r.0).map_err(|e| e.reason)
}

#[test]
fn formats_are_recognised() {
    let cases: &[(&[u8], &str, std::result::Result<&str, Reason>)] = &[
        (b"", "x.csv", Ok("text")),
        (b"id,name\n1,Ann\n2,Bob\n", "x.csv", Ok("csv")),
        (b"id\tname\n1\tAnn\n", "x.tsv", Ok("tsv")),
        (b"{\"a\":1}\n{\"a\":2}\n", "x", Ok("jsonl")),
        (b"{\"a\":1}{\"a\":2}", "x", Ok("jsonl")),
        (b"{\"a\":1}\n", "x.jsonl", Ok("jsonl")),
        (b"{\n \"a\": 1\n}\n", "x", Ok("json")),
        (b"[{\"a\":1},{\"a\":2}]", "x", Ok("json")),
        (b"{\"a\":1}\n{broken\n{\"a\":2}\n", "x", Ok("jsonl")),
        (b"{broken\n{\"a\":1}\n{\"a\":2}\n", "x", Ok("jsonl")),
        (br#"{"Item":{"Id":{"N":"1"}}}"#, "x", Ok("dynamodb-json")),
        (b"[section]\nkey = value\n", "x.ini", Ok("text")),
        (b"[2026-01-01] INFO, a, b\n[2026-01-02] INFO, a, b\n", "x.log", Ok("text")),
        (b"use a::{b, c};\nuse d::{e, f};\n", "x.rs", Ok("text")),
        (b"BZip is a word, Bob.\n", "x", Ok("text")),
        (b"caf\xe9 au lait\n", "x", Ok("text")),
        (b"7z\xbc\xaf\x27\x1c\0\x04", "x.csv", Err(Reason::UnsupportedFormat)),
        (b"Obj\x01\x02\x03", "x", Err(Reason::Truncated)),
        (b"ORC....", "x", Ok("text")),
        (b"ORC\0\0\0\0\0\0", "x", Err(Reason::Truncated)),
        (b"<!DOCTYPE html><p>x</p>", "x", Ok("html")),
        (b"<?xml version=\"1.0\"?><a>x</a>", "x", Ok("xml")),
        (b"{\\rtf1 x}", "x", Ok("rtf")),
        (b"From: a@example.com\nTo: b@example.com\nSubject: x\n\nbody\n", "x", Ok("mail")),
        (b"CREATE TABLE a (b int);\nINSERT INTO a VALUES (1);\n", "x", Ok("sql")),
        (b"\0\x01\x02\x03", "x", Err(Reason::UnsupportedFormat)),
        (b"\xff\xfea\0b\0", "x", Ok("text")),
        (b"a\0b\0c\0d\0e\0f\0", "x", Ok("text")),
        (b"a\x00,\x00b\x00\n\x001\x00,\x002\x00\n\x003\x00,\x004\x00\n\x00", "x.csv", Ok("csv")),
        (b"PARE....PARE", "x", Err(Reason::Encrypted)),
        (b"PAR1....", "x", Err(Reason::Truncated)),
    ];
    for (data, name, want) in cases {
        assert_eq!(kind(data, name), *want, "{name}: {}", String::from_utf8_lossy(data));
    }
}

#[test]
fn a_form_feed_behind_a_long_document_does_not_hold_it_up() {
    for end in ["\x0c", "\n\x0c\n"] {
        let data = format!("{{\"email\": \"ann@x.org\", \"a\": \"{}\"}}{end}", "x".repeat(300 << 10));
        let (format, values, ..) = read(data.as_bytes(), "x.json", 4096, &Hint::default(), &Limits::default()).unwrap();
        assert_eq!((&format[..4], &values[0].2[..]), ("json", &b"ann@x.org"[..]), "{end:?}");
    }
}

#[test]
fn functions_of_sql_do_not_grow_without_end() {
    let calls = 12;
    let nested = "replace(".repeat(calls) + "'aaaaaaaaaa'" + &",'a','aaaaaaaaaa')".repeat(calls);
    let deep = "(".repeat(300) + "'ann@x.org'" + &")".repeat(300);
    let data = format!("CREATE TABLE t (a text, b text);\nINSERT INTO t VALUES ({nested},{deep});\n");
    let (format, values, ..) = read(data.as_bytes(), "x.sql", 4096, &Hint::default(), &Limits::default()).unwrap();
    assert_eq!(format, "sql");
    assert!(values.iter().map(|v| v.2.len()).sum::<usize>() < 4096);
    assert!(values.iter().any(|v| v.2 == b"ann@x.org"), "{values:?}");
}

#[test]
fn text_with_zeros_is_text() {
    let log = "2026-11-03 INFO user ann@x.org logged in\n".repeat(100);
    let holed = log.replacen("INFO", "IN\0\0\0\0\0\0\0\0\0\0", 1);
    let (format, values, issues, failed) = read(holed.as_bytes(), "x.log", 1000, &Hint::default(), &Limits::default()).unwrap();
    assert_eq!((format, issues.len(), failed), ("text", 1, None));
    assert_eq!(values.iter().map(|v| v.2.len()).sum::<usize>(), holed.len(), "all of it is read");
    let (format, values, issues, _) =
        read(b"id,name,email\n1,Ann\0,ann@x.org\n2,Bob,bob@x.org\n", "x.csv", 9, &Hint::default(), &Limits::default()).unwrap();
    assert_eq!((format, values.len(), values[1].1.as_str(), issues.len()), ("csv", 6, "name", 1));
    // What is no text stays out: other control characters, too many zeros.
    let padded = b"ann\0\0\0\0\0\0\0\0\0\0\0\0\0".repeat(50);
    for data in [&padded[..], b"\x02text\0 and more of it, all letters\n", b"text\0\0\0\0\0\0\0\0"] {
        assert_eq!(kind(data, "x"), Err(Reason::UnsupportedFormat), "{}", String::from_utf8_lossy(data));
    }
}

/// A stream that breaks after its bytes, for this reason.
pub(super) struct Broken(pub MemoryInput, pub Reason);

impl crate::base::Input for Broken {
    fn next_chunk(&mut self) -> Result<bytes::Bytes> {
        let c = self.0.next_chunk()?;
        if c.is_empty() { Err(Error::new(self.1, "cut")) } else { Ok(c) }
    }
}

#[test]
fn what_lies_before_a_failure_is_given() {
    for (name, data) in [("x.csv", "id,name\n1,Ann\n2,Bo"), ("x.jsonl", "{\"a\":\"Ann\"}\n{\"a\":\"Bo"), ("x.txt", "Ann and Bo")] {
        let input = PeekInput::new(Box::new(Broken(MemoryInput::new(data.as_bytes().to_vec()), Reason::Truncated)));
        let mut r = open(input, name, &Hint::default(), &Limits::default()).unwrap();
        let mut b = Batch::default();
        let mut all = Vec::new();
        let e = loop {
            match r.next_batch(&mut b) {
                Ok(true) => all.extend_from_slice(&b.bytes),
                Ok(false) => panic!("{name}: the failure was lost"),
                Err(e) => break e,
            }
        };
        assert_eq!(e.reason, Reason::Truncated);
        for want in ["Ann", "Bo"] {
            assert!(memchr::memmem::find(&all, want.as_bytes()).is_some(), "{name}: {want}");
        }
    }
}

const SEEDS: &[(&str, &str)] = &[
    ("a.csv", "id,name,note\n1,Ann,\"x, \"\"y\"\"\nz\"\n2,Bob,\n3,Cy,w\n"),
    ("a", "1|A\\|nn|x\n2|B\\\\ob|y\\\nz\n"),
    ("a.json", "[{\"a\":\"x\\u00e9\",\"b\":[1,{\"c\":null}]},{\"a\":\"\\\"\",\"b\":{}}]"),
    ("a.jsonl", "{\"a\":1}\n{\"a\":{\"b\":[[{\"x@y.z\":\"v\"}]]}}\n[1,2]\n\"s\"\n"),
    ("a", "{\"Item\":{\"a\":{\"S\":\"x\"},\"m\":{\"M\":{\"l\":{\"L\":[{\"N\":\"1\"},{\"M\":{\"q\":{\"SS\":[\"a\"]}}}]}}}}}\n"),
    ("a.txt", "plain text, with commas; and more\nlines\n"),
    (
        "a.sql",
        "CREATE TABLE `a` (\n `b` int,\n c text\n);\nINSERT INTO `a` VALUES (1,'x\\'y'),(2,E'z''');\nCOPY a (b) FROM stdin;\n1\tx\n\\.\n-- end\n",
    ),
    (
        "a.mbox",
        "From x Mon\nFrom: A <a@example.com>\nTo: b@example.org\nContent-Type: multipart/mixed; boundary=q\n\n--q\n\ntext\n--q--\n\n",
    ),
    ("a.html", "<html><p class=\"x\">Jane &amp; <b>Roe</b><!-- c --><script>x</script><a href='mailto:a@b.example'>m</a>"),
    ("a.xml", "<?xml version=\"1.0\"?><a b=\"c\"><d>e&#228;</d><![CDATA[f]]></a>"),
    ("a.rtf", "{\\rtf1 a\\'fc \\u228?b\\par {\\*\\x y}}"),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]
    #[test]
    fn damaged_data_is_read_to_the_end(
        seed in 0..SEEDS.len(), repeat in 1usize..6, chunk in 1usize..64, batch_bytes in 1usize..200, small in 1usize..80, overlap in 0usize..20,
        edits in proptest::collection::vec((0usize..1000, prop_oneof![Just(b'"'), Just(b'\\'), Just(b'\n'), Just(b'{'), Just(b']'), Just(b','), any::<u8>()]), 0..8),
    ) {
        let (name, text) = SEEDS[seed];
        let mut data = text.repeat(repeat).into_bytes();
        for (at, b) in edits {
            let n = data.len();
            data[at % n] = b;
        }
        let limits = Limits { batch_bytes, value_bytes: small, quoted_bytes: small, overlap, json_depth: 8, ..Limits::default() };
        let _ = read(&data, name, chunk, &Hint::default(), &limits);
    }
}
