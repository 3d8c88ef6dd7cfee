//! Exports as they lie in real buckets: several of one instance, leftovers beside a manifest, values in paths.

use serde_json::{Value, json};

use crate::support::{Bench, bench};

fn dataset<'a>(map: &'a Value, name: &str) -> &'a Value {
    let all = map["datasets"].as_array().unwrap();
    let found = all.iter().find(|d| d["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {:?}", all.iter().map(|d| &d["name"]).collect::<Vec<_>>()))
}

/// A second export of the same instance, a day later, under its own name.
fn export_again(b: &Bench) {
    let (old, new) = ("harborlight-support-2026-11-03", "harborlight-support-2026-11-04");
    let from = bench::repository().join("samples/rds").join(old);
    bench::copy(&from, &b.path(&format!("data/{new}")));
    for name in ["export_info_@.json", "export_tables_info_@_from_1_to_4.json"] {
        let text = std::fs::read_to_string(b.path(&format!("data/{new}/{}", name.replace('@', old)))).unwrap();
        std::fs::remove_file(b.path(&format!("data/{new}/{}", name.replace('@', old)))).unwrap();
        let text = text
            .replace(old, new)
            .replace("2026-11-03T", "2026-11-04T")
            .replace("snapshot:harborlight-support", "snapshot:rds:harborlight-support-2026-11-04-00-05");
        b.write(&format!("data/{new}/{}", name.replace('@', new)), text);
    }
}

#[test]
fn a_newer_export_makes_history_of_the_older() {
    let b = Bench::new();
    bench::copy(&bench::repository().join("samples/rds"), &b.path("data"));
    assert_eq!(b.scan("data", &[]).0, Some(3), "the export warns of a table");
    let table = "harborlight-support/support.public.accounts";
    let map = b.json(&["map"]);
    let d = dataset(&map, table);
    assert_eq!(
        (&d["kind"], &d["data_as_of"], &d["history"]["objects"]),
        (&json!("rds-export"), &json!("2026-11-03T00:05:11.000Z"), &json!(0))
    );
    let email = d["fields"].as_array().unwrap().iter().find(|f| f["name"] == "email").unwrap();
    assert_eq!(email["source_type"], "character varying");
    let first = b.json(&["find", "maren.holloway@example.com"]);
    assert!(first["places"].as_array().unwrap().iter().all(|p| p["current"] == true && p["role"] == "data"));

    export_again(&b);
    let (_, scan) = b.scan("data", &[]);
    assert_eq!(
        scan["objects"]["unchanged"].as_u64().unwrap(),
        scan["objects"]["listed"].as_u64().unwrap() / 2,
        "the older is not read again"
    );
    let map = b.json(&["map"]);
    let d = dataset(&map, table);
    assert_eq!(map["datasets"].as_array().unwrap().len(), 3, "one dataset for each table, and none for manifests");
    assert_eq!((&d["data_as_of"], &d["objects"], &d["history"]["objects"]), (&json!("2026-11-04T00:05:11.000Z"), &json!(4), &json!(2)));
    let found = b.json(&["find", "maren.holloway@example.com"]);
    for p in found["places"].as_array().unwrap() {
        let old = p["uri"].as_str().unwrap().contains("2026-11-03");
        assert_eq!((p["current"].as_bool(), p["role"].as_str()), (Some(!old), Some(if old { "history" } else { "data" })), "{p}");
        assert_eq!(p["stored"], true);
    }
    assert_eq!(found["consumers"], first["consumers"]);

    // What is old is called stale, by the age that is asked for.
    let ages = |args: &[&str]| dataset(&b.json(&[&["map"], args].concat()), table)["stale"].clone();
    let old = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() > 1_793_800_000;
    assert_eq!(ages(&[]), json!(old));
    assert_eq!(ages(&["--stale-after", "36500d"]), json!(false));
    assert_eq!(b.run(&["map", "--stale-after", "soon"]).status, Some(2));
}

#[test]
fn leftovers_of_an_unload_and_values_in_its_paths_are_found() {
    let b = Bench::new();
    b.write("u/orders_0000_part_00", "1|ada.winter@example.com\n2|ben.summer@example.com\n");
    b.write("u/orders_0001_part_00", "9|cleo.autumn@example.com\n");
    let manifest = json!({"entries": [{"url": "s3://elsewhere/u/orders_0000_part_00", "meta": {"content_length": 50}}],
        "schema": {"elements": [{"name": "id", "type": {"base": "integer"}}, {"name": "contact", "type": {"base": "character varying", "max_length": 80}}]}});
    b.write("u/orders_manifest", manifest.to_string());
    let at = "email=dora.spring%40example.com";
    b.write(&format!("u/by_person/state=CA/{at}/0000_part_00.csv"), "item,price,state\nscarf,12,CA\nhat,20,CA\n");
    let (status, scan) = b.scan("u", &[]);
    assert_eq!(status, Some(0), "{scan}");
    let map = b.json(&["map"]);
    let d = dataset(&map, "u/orders");
    assert_eq!((&d["kind"], &d["objects"], &d["history"]["objects"]), (&json!("redshift-unload"), &json!(2), &json!(1)));
    let contact = d["fields"].as_array().unwrap().iter().find(|f| f["name"] == "contact").expect("named by the manifest");
    assert_eq!(contact["source_type"], "character varying(80)");
    assert_eq!(map["bookkeeping"]["objects"], 1);

    let d = dataset(&map, "u/by_person");
    let fields: Vec<&Value> = d["fields"].as_array().unwrap().iter().map(|f| &f["name"]).collect();
    assert_eq!(fields, [&json!("email"), &json!("state")]);
    let found = b.json(&["find", "dora.spring@example.com"]);
    let place = &found["places"][0];
    assert_eq!((&place["field"], &place["rows"], &place["classifier"]), (&json!("email"), &json!([[0, 1]]), &json!("generic.email")));
    // What a manifest misses may come later, and go again.
    std::fs::rename(b.path("u/orders_0000_part_00"), b.path("away")).unwrap();
    assert_eq!(b.scan("u", &[]).0, Some(3));
    assert_eq!(b.run(&["coverage", "--format", "json"]).lines()[0]["reason"], "export_incomplete");
    assert_eq!(b.scan("u", &[]).1["objects"]["unchanged"], 3);
    std::fs::rename(b.path("away"), b.path("u/orders_0000_part_00")).unwrap();
    assert_eq!(b.scan("u", &[]).0, Some(0));
    for args in [&["map"][..], &["map", "--format", "json"], &["coverage"], &["breach", "--object", "**", "--format", "json"]] {
        let done = b.run(args);
        assert!(!(done.stdout + &done.stderr).contains("dora.spring"), "{args:?}");
    }
    for file in b.index_files() {
        let bytes = std::fs::read(file).unwrap();
        assert!(!bytes.windows(11).any(|w| w == b"dora.spring"), "the value stands in the index");
    }
}
