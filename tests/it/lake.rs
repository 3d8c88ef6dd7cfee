//! Tables that are folders: what their newest state names is current, the rest history.

use serde_json::Value;

use crate::support::{Bench, bench};

fn roles(b: &Bench, value: &str) -> Vec<(String, String)> {
    let found = b.json(&["find", value]);
    let one = |p: &Value| {
        let name = p["uri"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        (name, p["role"].as_str().unwrap().to_owned())
    };
    let mut all: Vec<_> = found["places"].as_array().unwrap().iter().map(one).collect();
    all.sort();
    all.dedup();
    all
}

fn pair(name: &str, role: &str) -> (String, String) {
    (name.to_owned(), role.to_owned())
}

#[test]
fn what_a_delta_table_removed_is_history() {
    let b = Bench::new();
    let file = |name: &str, email: &str| b.write(&format!("lake/people/{name}"), format!("email,city\n{email},Salem\n{email},Dover\n"));
    file("a.csv", "ada.winter@example.com");
    file("b.csv", "ben.summer@example.com");
    let log = |n: u32, text: &str| b.write(&format!("lake/people/_delta_log/{n:020}.json"), text);
    log(
        0,
        "{\"metaData\":{\"schemaString\":\"{\\\"fields\\\":[{\\\"name\\\":\\\"email\\\",\\\"type\\\":\\\"string\\\"}]}\"}}\n{\"add\":{\"path\":\"a.csv\"}}\n{\"add\":{\"path\":\"b.csv\"}}\n",
    );
    assert_eq!(b.scan("lake", &[]).0, Some(0));
    assert_eq!(roles(&b, "ben.summer@example.com"), [pair("b.csv", "data")]);

    // She is deleted: the file is written anew, the old one stays until somebody vacuums.
    file("c.csv", "ada.winter@example.com");
    log(1, "{\"remove\":{\"path\":\"b.csv\"}}\n{\"remove\":{\"path\":\"a.csv\"}}\n{\"add\":{\"path\":\"c.csv\"}}\n");
    assert_eq!(b.scan("lake", &[]).0, Some(0));
    assert_eq!(roles(&b, "ben.summer@example.com"), [pair("b.csv", "history")]);
    assert_eq!(roles(&b, "ada.winter@example.com"), [pair("a.csv", "history"), pair("c.csv", "data")]);
    let map = b.json(&["map"]);
    let datasets = map["datasets"].as_array().unwrap();
    assert_eq!(datasets.len(), 1, "{datasets:?}");
    let d = &datasets[0];
    assert_eq!((d["name"].as_str(), d["kind"].as_str(), d["history"]["objects"].as_u64()), (Some("people"), Some("delta-table"), Some(2)));
    let email = d["fields"].as_array().unwrap().iter().find(|f| f["name"] == "email").unwrap();
    assert_eq!(email["source_type"], "string");
}

/// A table of delta-rs: three appends, one of them deleted, a checkpoint, the commits before it cleaned away, one more append.
#[test]
fn a_checkpoint_tells_what_is_live() {
    let b = Bench::new();
    bench::copy(&bench::repository().join("tests/data/delta/people"), &b.path("lake/people"));
    let (status, scan) = b.scan("lake", &[]);
    assert_eq!((status, b.run(&["coverage"]).status), (Some(0), Some(0)), "{scan}");
    let role = |who: &str| {
        let mut all = roles(&b, &format!("{who}.walker1@example.com"));
        all.retain(|(name, _)| name.starts_with("part-"));
        assert_eq!(all.len(), 1, "{who}: {all:?}");
        all.remove(0).1
    };
    assert_eq!(["ada", "ben", "cora", "dan"].map(role), ["data", "history", "data", "data"]);
}

#[test]
fn what_a_hudi_table_wrote_anew_is_history() {
    let b = Bench::new();
    for (instant, email) in [("20261101000000000", "ada.winter@example.com"), ("20261102000000000", "ben.summer@example.com")] {
        b.write(&format!("lake/t/.hoodie/{instant}.commit"), "{}");
        b.write(&format!("lake/t/p/g1_0-1-2_{instant}.parquet"), format!("email,city\n{email},Salem\n{email},Dover\n"));
    }
    assert_eq!(b.scan("lake", &[]).0, Some(0));
    assert_eq!(roles(&b, "ada.winter@example.com"), [pair("g1_0-1-2_20261101000000000.parquet", "history")]);
    assert_eq!(roles(&b, "ben.summer@example.com"), [pair("g1_0-1-2_20261102000000000.parquet", "data")]);
}

/// An Avro file without compression: its schema and one block of records.
fn avro(schema: &str, count: u8, block: &[u8]) -> Vec<u8> {
    let text = |t: &[u8]| {
        let z = t.len() * 2;
        [vec![z as u8 | 0x80, (z >> 7) as u8], t.to_vec()].concat()
    };
    let head = [b"Obj\x01\x04".to_vec(), text(b"avro.schema"), text(schema.as_bytes()), text(b"avro.codec"), text(b"null"), vec![0]];
    [head.concat(), vec![7; 16], vec![count * 2], text(block), vec![7; 16]].concat()
}

#[test]
fn what_an_iceberg_table_deleted_is_history() {
    let b = Bench::new();
    let file =
        |name: &str, email: &str| b.write(&format!("lake/people/data/{name}"), format!("email,city\n{email},Salem\n{email},Dover\n"));
    file("a.csv", "ada.winter@example.com");
    file("b.csv", "ben.summer@example.com");
    let list = r#"{"type":"record","name":"manifest_file","fields":[{"name":"manifest_path","type":"string"}]}"#;
    let entry = r#"{"type":"record","name":"manifest_entry","fields":[{"name":"status","type":"int"},{"name":"data_file","type":
        {"type":"record","name":"r2","fields":[{"name":"file_path","type":"string"}]}}]}"#;
    let text = |t: &str| [vec![t.len() as u8 * 2], t.as_bytes().to_vec()].concat();
    let snapshot = |n: u8, files: &[(u8, &str)]| {
        let entries: Vec<u8> =
            files.iter().flat_map(|(status, f)| [vec![status * 2], text(&format!("s3://w/people/data/{f}"))].concat()).collect();
        b.write(&format!("lake/people/metadata/m{n}.avro"), avro(entry, files.len() as u8, &entries));
        b.write(&format!("lake/people/metadata/snap-{n}.avro"), avro(list, 1, &text(&format!("s3://w/people/metadata/m{n}.avro"))));
        let state = serde_json::json!({
            "location": "s3://w/people", "current-snapshot-id": n, "current-schema-id": 0,
            "schemas": [{"schema-id": 0, "fields": [{"name": "email", "type": "string"}]}],
            "snapshots": [{"snapshot-id": n, "manifest-list": format!("s3://w/people/metadata/snap-{n}.avro")}],
        });
        b.write(&format!("lake/people/metadata/v{n}.metadata.json"), state.to_string());
    };
    snapshot(1, &[(1, "a.csv"), (1, "b.csv")]);
    assert_eq!(b.scan("lake", &[]).0, Some(0));
    assert_eq!(roles(&b, "ben.summer@example.com"), [pair("b.csv", "data")]);

    // He is deleted: his file is no part of the next snapshot, and stays until somebody expires the old one.
    file("c.csv", "ada.winter@example.com");
    snapshot(2, &[(2, "a.csv"), (2, "b.csv"), (1, "c.csv")]);
    assert_eq!(b.scan("lake", &[]).0, Some(0));
    assert_eq!(roles(&b, "ben.summer@example.com"), [pair("b.csv", "history")]);
    assert_eq!(roles(&b, "ada.winter@example.com"), [pair("a.csv", "history"), pair("c.csv", "data")]);
    let d = &b.json(&["map"])["datasets"][0];
    assert_eq!((d["kind"].as_str(), d["history"]["objects"].as_u64()), (Some("iceberg-table"), Some(2)), "{d}");
}
