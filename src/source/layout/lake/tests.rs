use std::collections::HashMap;
use std::io::Write;

use bytes::Bytes;

use super::super::{Layout, file_name, recognise_under};
use super::avro::{Value, records};
use crate::base::{Object, Role};

pub(super) fn layout(root: &str, files: &[(&str, &[u8])]) -> Layout {
    let object =
        |(u, c): &(&str, &[u8])| Object { uri: (*u).to_owned(), version: "1".into(), size: c.len() as u64, modified: None, until: None };
    let objects: Vec<Object> = files.iter().map(object).collect();
    let by_uri: HashMap<&str, &[u8]> = files.iter().copied().collect();
    recognise_under(root, &objects, &mut |o| Ok(Bytes::copy_from_slice(by_uri[o.uri.as_str()])))
}

/// `name dataset role` of each file, and the issues.
pub(super) fn seen(root: &str, files: &[(&str, &[u8])]) -> (Vec<String>, Vec<String>) {
    let l = layout(root, files);
    let hints = l.hints.iter().zip(files).map(|(h, (uri, _))| format!("{} {} {}", file_name(uri), h.dataset, h.role.code()));
    (hints.collect(), l.issues.iter().map(|(u, i)| format!("{}: {}", file_name(u), i.detail)).collect())
}

#[test]
fn hudi_tables() {
    let replace: &[u8] = br#"{"partitionToReplaceFileIds":{"p":["g3"]},"operationType":"CLUSTER"}"#;
    let files: Vec<(&str, &[u8])> = vec![
        ("/d/t/.hoodie/hoodie.properties", b""),
        ("/d/t/.hoodie/20261102000000000.commit", b"{}"),
        ("/d/t/.hoodie/20261103000000000.replacecommit", replace),
        ("/d/t/.hoodie/20261104000000000.commit.requested", b""),
        ("/d/t/p/.hoodie_partition_metadata", b""),
        ("/d/t/p/g1_0-1-2_20261101000000000.parquet", b""),
        ("/d/t/p/g1_0-1-2_20261102000000000.parquet", b""),
        ("/d/t/p/g1_0-1-2_20261104000000000.parquet", b""),
        ("/d/t/p/g2_0-1-2_20251101000000000.parquet", b""),
        ("/d/t/p/g3_0-1-2_20261102000000000.parquet", b""),
        ("/d/t/p/.g1_20261102000000000.log.1_0-1-2", b""),
    ];
    let (roles, issues) = seen("/d", &files);
    let role = |i: usize| roles[i].rsplit(' ').next().unwrap();
    assert!((0..5).all(|i| role(i) == "bookkeeping"), "{roles:?}");
    assert_eq!((5..11).map(role).collect::<Vec<_>>(), ["history", "data", "history", "data", "history", "data"]);
    assert!(roles.iter().all(|r| r.contains(" t ")) && issues.is_empty());
}

fn long(out: &mut Vec<u8>, n: i64) {
    let mut z = ((n << 1) ^ (n >> 63)) as u64;
    while z >= 0x80 {
        out.push(z as u8 | 0x80);
        z >>= 7;
    }
    out.push(z as u8);
}

fn text(out: &mut Vec<u8>, s: &[u8]) {
    long(out, s.len() as i64);
    out.extend_from_slice(s);
}

fn container(schema: &str, codec: &str, count: i64, block: &[u8]) -> Vec<u8> {
    let mut out = b"Obj\x01".to_vec();
    long(&mut out, 2);
    text(&mut out, b"avro.schema");
    text(&mut out, schema.as_bytes());
    text(&mut out, b"avro.codec");
    text(&mut out, codec.as_bytes());
    long(&mut out, 0);
    out.extend_from_slice(&[7; 16]);
    let block = match codec {
        "deflate" => {
            let mut e = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
            e.write_all(block).unwrap();
            e.finish().unwrap()
        }
        _ => block.to_vec(),
    };
    long(&mut out, count);
    text(&mut out, &block);
    out.extend_from_slice(&[7; 16]);
    out
}

const LIST: &str = r#"{"type":"record","name":"manifest_file","fields":[{"name":"manifest_path","type":"string"},{"name":"manifest_length","type":"long"},
    {"name":"partitions","type":["null",{"type":"array","items":{"type":"record","name":"r508","fields":[{"name":"contains_null","type":"boolean"}]}}]}]}"#;
const MANIFEST: &str = r#"{"type":"record","name":"manifest_entry","fields":[{"name":"status","type":"int"},{"name":"snapshot_id","type":["null","long"]},
    {"name":"data_file","type":{"type":"record","name":"r2","fields":[{"name":"file_path","type":"string"},{"name":"x","type":{"type":"fixed","name":"f","size":3}},
    {"name":"bounds","type":["null",{"type":"map","values":"bytes"}]},{"name":"again","type":["null","f"]}]}}]}"#;

fn manifest_list(path: &str) -> Vec<u8> {
    let mut b = Vec::new();
    text(&mut b, path.as_bytes());
    long(&mut b, 10);
    b.push(2);
    // One block of one element, with its length in bytes.
    long(&mut b, -1);
    long(&mut b, 1);
    b.push(1);
    long(&mut b, 0);
    container(LIST, "deflate", 1, &b)
}

fn manifest(files: &[(i64, &str)]) -> Vec<u8> {
    let mut b = Vec::new();
    for (status, path) in files {
        long(&mut b, *status);
        b.push(0);
        text(&mut b, path.as_bytes());
        b.extend_from_slice(b"xyz");
        b.push(2);
        long(&mut b, 1);
        text(&mut b, b"jane@x.com");
        text(&mut b, b"v");
        long(&mut b, 0);
        b.push(2);
        b.extend_from_slice(b"abc");
    }
    container(MANIFEST, "null", files.len() as i64, &b)
}

#[test]
fn iceberg_tables() {
    let table = |id: i64, list: &str| {
        format!(
            r#"{{"location":"s3://old/t","current-snapshot-id":{id},"current-schema-id":1,"schemas":[{{"schema-id":1,"fields":[{{"name":"email","type":"string"}}]}}],
            "snapshots":[{{"snapshot-id":5,"manifest-list":"{list}"}}]}}"#
        )
        .into_bytes()
    };
    let (old, new) = (table(4, "s3://old/t/metadata/none.avro"), table(5, "s3://old/t/metadata/snap-5.avro"));
    let list = manifest_list("s3://old/t/metadata/m0.avro");
    let entries = manifest(&[(1, "s3://old/t/data/a.parquet"), (0, "s3://old/t/data/d=1/b.parquet"), (2, "s3://old/t/data/gone.parquet")]);
    let mut files: Vec<(&str, &[u8])> = vec![
        ("s3://b/w/t/metadata/00001-x.metadata.json", &old),
        ("s3://b/w/t/metadata/00002-y.metadata.json", &new),
        ("s3://b/w/t/metadata/snap-5.avro", &list),
        ("s3://b/w/t/metadata/m0.avro", &entries),
        ("s3://b/w/t/data/a.parquet", b""),
        ("s3://b/w/t/data/d=1/b.parquet", b""),
        ("s3://b/w/t/data/gone.parquet", b""),
    ];
    let (roles, issues) = seen("s3://b/w", &files);
    assert!(roles[..4].iter().all(|r| r.ends_with(" t bookkeeping")), "{roles:?}");
    assert_eq!(roles[4..], ["a.parquet t data", "b.parquet t data", "gone.parquet t history"]);
    assert!(issues.is_empty(), "{issues:?}");
    let l = layout("s3://b/w", &files);
    assert_eq!((l.datasets["t"].kind, l.datasets["t"].types.clone()), ("iceberg-table", vec![("email".into(), "string".into())]));

    // A manifest that is not here: what is live is not known, nothing is called stale, and that is said.
    let kept = files.remove(3);
    let (roles, issues) = seen("s3://b/w", &files);
    assert!(roles[3..].iter().all(|r| r.ends_with(" data")), "{roles:?}");
    assert!(issues.len() == 1 && issues[0].contains("is not here"), "{issues:?}");
    let cut = &kept.1[..kept.1.len() - 20];
    files.push((kept.0, cut));
    assert!(seen("s3://b/w", &files).1[0].contains("not the Avro"));
    // The hint names an older state.
    files.push(("s3://b/w/t/metadata/version-hint.text", b"1"));
    assert!(seen("s3://b/w", &files).1[0].contains("current snapshot"));
}

#[test]
fn damaged_avro_is_an_error() {
    let whole = manifest(&[(1, "a"), (0, "b")]);
    let read = |data: &[u8]| {
        let mut out = Vec::new();
        records(data, &["status", "data_file.file_path"], &mut |r| out.push((r[0].number(), r[1].text()))).map(|()| out)
    };
    assert_eq!(read(&whole).unwrap(), [(Some(1), Some("a".to_owned())), (Some(0), Some("b".to_owned()))]);
    assert_eq!(Value::None.text(), None);
    for n in 0..whole.len() {
        let _ = read(&whole[..n]);
        let mut bad = whole.clone();
        for b in [0, 0x7f, 0xff] {
            bad[n] = b;
            let _ = read(&bad);
        }
    }
}

#[test]
fn a_folder_called_so_is_no_table() {
    let files: &[(&str, &[u8])] = &[("/d/x/_delta_log/notes.txt", b""), ("/d/x/metadata/a.json", b""), ("/d/y/hoodie/1.commit", b"")];
    let l = layout("/d", files);
    assert!(l.hints.iter().all(|h| h.role == Role::Data) && l.datasets.is_empty());
}
